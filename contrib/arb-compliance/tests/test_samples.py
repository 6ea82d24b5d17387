"""Samples: how their index reads, how what they say is compared, how messages are changed, what counts as evidence."""

import json
import sys
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from arb_compliance import samples
from arb_compliance.evidence import evidence_of
from arb_compliance.expect import NotProved
from arb_compliance.forms import as_document, form_of, once_each
from arb_compliance.result import Grade
from arb_compliance.samples import Call, Sample, Samples
from arb_compliance.signatures import Expected, Vector
from arb_compliance.subject import Subject
from arb_compliance.told import Told, against, leaves, more_than, tree
from arb_core.structs.account import Balance
from arb_core.structs.book import SnapshotSource
from arb_core.structs.card import Capability
from arb_core.structs.market import Asset, Pair, Side, Symbol, Trade
from arb_core.structs.order import Order, OrderId, OrderStatus

INDEX = """
[symbols]
BTCUSDT = "BTC/USDT"

[[sample]]
file = "book.json"
origin = "documented"
source = "a page"
licence = "facts"
rest = { path = "/book", params = { pair = "BTCUSDT" } }
call = { method = "get_orderbook", arguments = { symbol = "BTC/USDT" } }
[sample.gives]
last_id = 7

[[sample]]
file = "frames.json"
at = "pong"
origin = "recorded"
source = "here"
licence = "free"
frame = "public"
says = [{ call = "pong" }]
"""


def sample(body: str = "{}", **more: Any) -> Sample:
    return Sample(
        file="x.json", source="a page", licence="facts", body=body.encode(), **{"origin": "documented", **more}
    )


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """A package with samples, importable as `toy_with_samples`."""
    folder = tmp_path / "toy_with_samples" / "samples"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder / "index.toml").write_text(INDEX)
    (folder / "book.json").write_text('{"id": 7}\n')
    (folder / "frames.json").write_text('{"pong": {"op": "pong"}, "left": {}}')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    sys.modules.pop("toy_with_samples", None)


# The index


def test_index_gives_bodies_and_parts(package: Path) -> None:
    found = samples.read("toy_with_samples")
    book, pong = found
    assert (book.body, book.grade, book.name) == (b'{"id": 7}', Grade.DOCUMENTED, "book.json")
    assert (json.loads(pong.body), pong.grade, pong.name) == ({"op": "pong"}, Grade.RECORDED, "frames.json:pong")
    assert found.parts("frames.json") == {"pong", "left"}
    assert (found.answers(), found.frames("public"), found.errors()) == ([book], [pong], [])
    assert found.symbols == {"BTCUSDT": "BTC/USDT"}
    assert found.instead_of("GET", "/book") == book


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("book.json", "gone.json", "gone.json"),
        ('at = "pong"', 'at = "ping"', "ping"),
        ("licence", "license", "license"),
        ('"recorded"', '"heard"', "heard"),
    ],
)
def test_index_that_is_wrong_says_where(package: Path, old: str, new: str, told: str) -> None:
    (package / "index.toml").write_text(INDEX.replace(old, new))
    with pytest.raises(ValueError, match=told):
        samples.read("toy_with_samples")


def test_no_index_is_not_proved(package: Path) -> None:
    (package / "index.toml").unlink()
    with pytest.raises(NotProved, match=r"index\.toml"):
        samples.read("toy_with_samples")


# What is said


def test_what_nobody_says_is_left_out() -> None:
    order = Order(pair=Pair("BTCUSDT"), order_id=OrderId("1"), status=OrderStatus.OPEN, filled=Decimal(0))
    assert tree(order) == {"pair": "BTCUSDT", "order_id": "1", "status": "open", "filled": Decimal(0)}
    told = Told()
    cast("Any", told).quote("BTCUSDT", 1.5, float("nan"), 2.0, 3.0, None, -1)
    assert tree(told.calls) == [{"call": "quote", "pair": "BTCUSDT", "bid": 1.5, "ask": 2.0, "ask_size": 3.0}]
    cast("Any", told).balance(Balance(asset=Asset("BTC"), free=Decimal(1)))
    assert tree(told.calls[1]) == {"call": "balance", "asset": "BTC", "free": Decimal(1)}


def test_numbers_are_compared_as_written() -> None:
    trade = Trade(symbol=Symbol("BTC", "USDT"), price=0.1, size=2.0, taker=Side.SELL, exchange_ns=5)
    said = {"symbol": "BTC/USDT", "price": "0.10", "size": "2", "taker": "sell", "exchange_ns": 5}
    assert against(tree([trade]), [said]) == []
    assert against(tree([trade]), [said | {"price": "0.1000000000000001"}]) != []
    assert against(tree([trade]), [said | {"exchange_ns": 6}]) == ["[0].exchange_ns: expected 6, found 5"]
    assert against(tree([trade]), [said | {"trade_id": "9"}]) == ["[0].trade_id: expected '9', found nothing"]
    assert against(tree([trade]), []) == ["the message: expected 0 of them, found 1"]
    del said["taker"]
    assert against(tree([trade]), [said]) == ["[0].taker: found 'sell', which the sample does not say"]


def test_zero_is_not_unknown() -> None:
    said = {"pair": "BTCUSDT", "order_id": "1"}
    order = Order(pair=Pair("BTCUSDT"), order_id=OrderId("1"), filled=Decimal(0))
    assert against(tree(order), said) != []
    assert more_than(tree(order), said) == [".filled: Decimal('0') from nowhere"]
    assert more_than(said, tree(order)) == []


def test_an_order_whose_fills_are_not_told_is_open() -> None:
    assert more_than({"status": "open"}, {"status": "partially_filled"}) == []
    assert more_than({"status": "filled"}, {"status": "partially_filled"}) != []


# Changed messages


def test_json_keeps_the_spelling_of_its_numbers() -> None:
    form = form_of(sample('{"a":1.10,"rows":[{"b":"x","c":2},{"b":"y","c":3}]}'))
    assert form is not None
    assert form.without(("rows", 0, "c")) == b'{"a":1.10,"rows":[{"b":"x"},{"b":"y","c":3}]}'
    assert form.with_value(("rows", 1, "b"), "z") == b'{"a":1.10,"rows":[{"b":"x","c":2},{"b":"z","c":3}]}'
    assert as_document(form.with_unknown())["rows"][0].keys() > {"b", "c"}
    places = [path for path, _ in once_each(form.fields())]
    assert places == [("a",), ("rows",), ("rows", 0), ("rows", 0, "b"), ("rows", 0, "c")]


def test_a_table_by_the_names_of_things_has_no_unknown_field() -> None:
    named = msgspec.structs.replace(sample('{"result":{"XBTUSD":{"a":1}}}'), maps=("result",))
    form = form_of(named)
    assert form is not None
    found = as_document(form.with_unknown())
    assert found.keys() > {"result"}
    assert found["result"].keys() == {"XBTUSD"}
    assert found["result"]["XBTUSD"].keys() > {"a"}


def test_columns_of_a_row_are_all_looked_at() -> None:
    form = form_of(sample('[["1","2"],["3","4"]]'))
    assert form is not None
    assert [path for path, _ in once_each(form.fields())] == [(0,), (0, 0), (0, 1)]


def test_text_in_no_form_cannot_be_changed() -> None:
    assert form_of(sample("pong")) is None
    assert as_document(b"pong") == "pong"


def test_leaves_have_places() -> None:
    assert leaves({"a": [1, {"b": "x"}]}) == {".a[0]": 1, ".a[1].b": "x"}


# Evidence


class Claims:
    """A plugin's card and samples, which is all that evidence is made from."""

    def __init__(self, found: list[Sample], *capabilities: Capability) -> None:
        self.card = SimpleNamespace(capabilities=frozenset(capabilities))
        self.samples = Samples(found, {})

    def dialect(self) -> Any:
        return SimpleNamespace(book_rule=SimpleNamespace(snapshot=SnapshotSource.REST))


def grades(found: list[Sample], *capabilities: Capability) -> dict[str, Grade]:
    subject = cast("Subject", Claims(found, *capabilities))
    return {evidence.capability: evidence.grade for evidence in evidence_of(subject)}


def frame(call: str, **more: Any) -> Sample:
    return sample(frame="public", says=({"call": call},), **more)


def test_a_capability_is_as_good_as_its_weakest_message() -> None:
    delta = frame("delta", origin="recorded")
    snapshot = sample(call=Call(method="get_orderbook"), origin="made")
    assert grades([delta], Capability.BOOK) == {"book": Grade.OWN}
    assert grades([delta, snapshot], Capability.BOOK) == {"book": Grade.OWN}
    better = sample(call=Call(method="get_orderbook"), origin="foreign")
    assert grades([delta, snapshot, better], Capability.BOOK) == {"book": Grade.FOREIGN}


def test_a_message_made_in_the_form_of_a_documented_one_is_as_good() -> None:
    made = frame("fill", origin="made", like="x.json:documented")
    assert grades([made], Capability.FILLS_STREAM) == {"fills_stream": Grade.OWN}
    documented = frame("order", at="documented")
    assert grades([made, documented], Capability.FILLS_STREAM) == {"fills_stream": Grade.DOCUMENTED}


def test_words_within_an_order_need_no_messages_of_their_own() -> None:
    assert grades([], Capability.IOC, Capability.QUOTE) == {"quote": Grade.OWN}


# Signatures


@pytest.mark.parametrize(
    ("stamp", "at_ns"),
    [
        ("1541993715", 1_541_993_715_000_000_000),
        ("1644489390087", 1_644_489_390_087_000_000),
        ("1644489390087123", 1_644_489_390_087_123_000),
        ("1644489390087123456", 1_644_489_390_087_123_456),
    ],
)
def test_unit_of_a_time_is_told_by_its_length(stamp: str, at_ns: int) -> None:
    vector = Vector(name="x", method="GET", path="/", timestamp=stamp, key="", secret="", expected=Expected())
    assert vector.at_ns == at_ns
