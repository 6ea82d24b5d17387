"""What tests of plugins stand on keeps the contract that it stands in for."""

from decimal import Decimal
from typing import Any

import pytest
from arb_core.errors import BookUnavailable, OutcomeUnknown
from arb_core.interfaces.book import LiveBook
from arb_core.runtime.rest import Rest
from arb_core.structs.book import BookState
from arb_core.structs.card import CONTRACT, ClientIdRule, Endpoint, ExchangeCard, FeeSchedule, Hosts
from arb_core.structs.market import ExchangeId, Symbol, VenueName
from arb_core.testing import Answers, HandBook, HandMarket, StandingClock, Wire, heard

BTC = Symbol("BTC", "USDT")
PLACE = Endpoint(method="POST", path="/order/{id}", idempotent=False)
CARD = ExchangeCard(
    id=ExchangeId("toy"),
    name="Toy",
    contract=CONTRACT,
    docs="https://toy.example",
    hosts=Hosts(rest="https://toy.example", ws_public="wss://toy.example"),
    capabilities=frozenset(),
    fees=FeeSchedule(maker=Decimal(0), taker=Decimal(0)),
    client_ids=ClientIdRule(max_length=32, lookup="always"),
)


def test_a_book_that_is_not_live_cannot_be_read():
    book: LiveBook = HandBook("BTC/USDT")
    assert (book.state, book.quote(), book.bid < 1, book.bid > 1) == (BookState.SYNCING, None, False, False)
    with pytest.raises(BookUnavailable):
        book.bids()


def test_reads_of_a_book_are_counted():
    book = HandBook("BTC/USDT").put([(1.0, 2.0), (0.5, 9.0)], [])
    assert (book.prices_read, book.depths_read) == (0, 0)
    assert book.bid == 1.0
    assert book.bids(1) == [(1.0, 2.0)]
    assert book.bids(0) == [(1.0, 2.0), (0.5, 9.0)]
    assert (book.prices_read, book.depths_read) == (1, 2)


def test_a_market_finds_books_by_symbol_and_venue():
    here, there = HandBook("BTC/USDT"), HandBook("BTC/USDT", "okx")
    market = HandMarket([here, there], fees={"BTC/USDT": 0.002})
    assert (market.symbols(), market.books(BTC)) == ((BTC,), [here, there])
    assert market.book(BTC, VenueName("okx")) is there
    assert market.book(BTC, VenueName("kraken")) is None
    assert market.taker_fee(BTC, VenueName("okx")) == 0.002


async def test_an_answer_is_that_of_the_path_as_it_is_asked_for():
    answers = Answers()
    answers.bodies["/order/7"] = b"yes"
    assert await answers.call(PLACE, bytes.decode, {"a": 1}, path={"id": "7"}) == "yes"
    assert answers.asked == [("/order/7", {"a": 1}, None)]


async def test_a_wire_carries_what_the_core_sends_and_can_lose_the_answer():
    wire = Wire(b"ok")
    rest = Rest(CARD, wire, StandingClock())
    assert await rest.call(PLACE, bytes.decode, path={"id": "7"}) == "ok"
    assert (wire.sent[0].method, wire.sent[0].path) == ("POST", "/order/7")
    wire.lost = True
    with pytest.raises(OutcomeUnknown):
        await rest.call(PLACE, bytes.decode, path={"id": "8"})
    assert (len(wire.sent), wire.stats.requests) == (2, 2)


class Keeps:
    """A dialect that keeps what it may not keep."""

    kept = memoryview(b"")

    def decode(self, frame, received_ns, out):
        self.kept = frame
        out.ignored("kept")


def test_the_memory_of_a_frame_is_used_again():
    dialect: Any = Keeps()
    assert heard(dialect, b"frame") == [("ignored", "kept")]
    assert bytes(dialect.kept) == b"\xaa" * 5
