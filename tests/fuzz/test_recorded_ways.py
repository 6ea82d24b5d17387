"""Both ways over what venues really said, or their simulations: every sample, every recording, streams with faults in them.

Needs arb-native; `tox -e native` brings it. With `ARB_SHARED_DATA` the captures there are heard, too.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

import pytest
from arb_compliance.samples import read
from arb_core.capture.format import Capture, Frame, Header, Rest
from arb_core.interfaces.book import BookFactory
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import BookSnapshot, BookState, Printed, SnapshotSource
from arb_core.structs.market import Symbol
from msgspec.structs import replace

from .harness import said_by
from .simulated import overhear
from .venues import VENUES
from .ways import Ways

TESTS = Path(__file__).parents[1]
SHARED = os.environ.get("ARB_SHARED_DATA")
SECONDS = 300 if os.environ.get("ARB_FULL") else 12
"""Of venue time, for each simulated venue."""

RECORDINGS = {
    "binance": (TESTS / "journeys" / "recordings" / "binance-spot.jsonl.gz", None),
    "gateio": (TESTS / "journeys" / "recordings" / "gateio-spot-v4.jsonl.gz", None),
    "bitget-v1": (TESTS / "legacy-wire" / "recordings" / "bitget-v1.jsonl.gz", "bitget-v1"),
    "kraken-v1": (TESTS / "legacy-wire" / "recordings" / "kraken-v1.jsonl.gz", "kraken-v1"),
    "okx-2022": (TESTS / "legacy-wire" / "recordings" / "okx-2022.jsonl.gz", "okx-2022"),
}
CAPTURES = {
    "binance-spot": None,
    "bitget-spot-v1": "bitget-v1",
    "gateio-spot-v4": None,
    "kraken-v1": "kraken-v1",
    "kucoin-spot": None,
    "okx-v5": "okx-2022",
}
"""Those of `ARB_SHARED_DATA` that an installed plugin decodes, and which one where its name is another."""


def hear_capture(path: Path, plugin: str | None, native: BookFactory) -> Ways:
    with Capture(path) as capture:
        (exchange,) = capture.header.exchanges
        ways = Ways(exchange, {}, native, plugin=plugin)
        ways.follow(capture.header)
        for line in capture:
            ways.take(line)
    ways.finish()
    print(
        f"\n{path.name}: {ways.frames} frames, {ways.levels} levels the same, {ways.short.scanned} took the short way"
    )
    return ways


@pytest.mark.fuzz
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_the_same_on_both_ways(name: str, native: BookFactory) -> None:
    path, plugin = RECORDINGS[name]
    ways = hear_capture(path, plugin, native)
    assert ways.frames > 50
    assert ways.levels > 1000


_PRINTED = {"ADA/XBT": 9, "ETH/CHF": 5, "OCEAN/XBT": 9, "WAVES/EUR": 6, "XMR/USD": 8}


def todays_kraken(text: str) -> bytes | None:
    """Spell a book message of the first version of Kraken's socket as one of the second; None for any other.

    A snapshot had no sum, and the one that an update leads to is that of today.
    """
    said = json.loads(text)
    if not isinstance(said, list) or not said[-2].startswith("book"):
        return None
    parts: dict[str, Any] = {key: value for part in said[1:-2] for key, value in part.items()}
    kind = "snapshot" if "as" in parts else "update"
    bids, asks = (parts.get(f"{side}s") or parts.get(side, []) for side in "ba")
    sides = [
        ",".join(f'{{"price":{price},"qty":{size.rstrip("0").rstrip(".")}}}' for price, size, *_ in side)
        for side in (bids, asks)
    ]
    checksum = parts.get("c") or crc32("".join(_digits(row) for side in (asks, bids) for row in side[:10]).encode())
    book = f'"symbol":"{said[-1].replace("XBT", "BTC")}","bids":[{sides[0]}],"asks":[{sides[1]}],"checksum":{checksum}'
    return f'{{"channel":"book","type":"{kind}","data":[{{{book}}}]}}'.encode()


def _printed_finer(body: str) -> str:
    """Let the list say with how many decimals the first version of the socket printed prices: more than REST did."""
    listed = json.loads(body)
    for pair in listed["result"].values():
        pair["pair_decimals"] = _PRINTED.get(pair.get("wsname"), pair["pair_decimals"])
    return json.dumps(listed)


def todays_bitget(text: str) -> bytes | None:
    """Its books are those of today, its other channels are not."""
    return text.encode() if '"action"' in text and '"channel":"books"' in text else None


def _digits(row: list[str]) -> str:
    return "".join(text.replace(".", "").lstrip("0") for text in row[:2])


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("path", "exchange", "settings", "spell"),
    [
        ("kraken-v1", "kraken", {"depth": 1000}, todays_kraken),
        ("bitget-v1", "bitget", {"book": "checksum"}, todays_bitget),
    ],
)
def test_recorded_sums_in_todays_words_are_met_on_both_ways(
    path: str, exchange: str, settings: dict[str, Any], spell: Callable[[str], bytes | None], native: BookFactory
) -> None:
    ways = Ways(exchange, settings, native)
    with Capture(RECORDINGS[path][0]) as capture:
        header = capture.header
        if exchange == "kraken":
            header = replace(header, native={text: text for text in header.symbols})
        ways.follow(header)
        for line in capture:
            if isinstance(line, Rest) and exchange == "kraken":
                ways.take(replace(line, body=_printed_finer(line.body)))
            elif not isinstance(line, Frame):
                ways.take(line)
            elif line.text is not None and (frame := spell(line.text)) is not None:
                ways.take(replace(line, text=None, base64=frame))
    ways.finish()
    verified = [sum(book.stats.checksums_ok for book in way.venue.books.values()) for way in (ways.long, ways.short)]
    print(f"\n{exchange}: {verified[1]} recorded sums are met, {ways.short.scanned} messages took the short way")
    assert verified[0] == verified[1] > 200
    assert all(book.stats.checksums_bad == 0 for book in ways.short.venue.books.values())
    assert ways.short.scanned > verified[1] * 0.9


@pytest.mark.fuzz
@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.skipif(SHARED is None, reason="recordings that may not be published: set ARB_SHARED_DATA")
def test_a_capture_is_the_same_on_both_ways(name: str, native: BookFactory) -> None:
    folder = Path(str(SHARED)) / "captures"
    ways = hear_capture(folder / f"{name}.jsonl.gz", CAPTURES[name], native)
    assert ways.frames > 50
    expected = json.loads((folder / f"{name}.expected.json").read_text("utf-8"))["symbols"]
    verified = 0
    for way in (ways.long, ways.short):
        for symbol, wanted in expected.items():
            book = way.venue.books[Symbol.parse(symbol)]
            assert book.stats.applied == wanted["deltas_applied"]
            assert book.stats.checksums_ok == (wanted.get("checksums") or {"verified": 0})["verified"]
            assert book.stats.checksums_bad == 0
            verified += book.stats.checksums_ok
            for side, levels in (("bids", book.bids(0)), ("asks", book.asks(0))):
                final = [(float(price), float(size)) for price, size in wanted["final"][side]]
                assert levels[: len(final)] == final
    print(f"  as expected; {verified // 2} checksums verified on either way")


@pytest.mark.fuzz
@pytest.mark.parametrize(("name", "venue", "settings"), VENUES)
def test_a_simulated_stream_is_the_same_on_both_ways(
    name: str, venue: ModuleType, settings: dict[str, Any], native: BookFactory
) -> None:
    symbols = ("BTC/USDT", "ETH/USDT")
    ways = Ways(name, settings, native)
    ways.follow(Header(capture=1, symbols=symbols, exchanges=(name,)))
    met = overhear(name, settings, symbols, ways.take, seconds=SECONDS, seed=7)
    ways.finish()
    print(f"\n{name}: {SECONDS} s, {dict(met)}, {ways.levels} levels the same, {ways.short.scanned} took the short way")
    assert ways.levels > 1000
    assert ways.short.scanned > met["frames"] / 4


def place(book: BookSync, message: tuple[Any, ...]) -> None:
    """Let a book stand right before a change, with levels far from those that it names."""
    _, _, bids, asks, first_id, _, _, previous_id = message
    here = first_id - 1 if previous_id == -1 else previous_id
    low = min((price for price, _ in (*bids, *asks)), default=2.0) / 2
    high = max((price for price, _ in (*bids, *asks)), default=2.0) * 2
    whole = BookSnapshot(symbol=book.symbol, bids=[(low, 1.0)], asks=[(high, 1.0)], last_id=here)
    book.begin()
    if book.rule.snapshot is SnapshotSource.REST:
        book.rest_snapshot(whole)
    else:
        printed = Printed(bids=[(str(low), "1.0")], asks=[(str(high), "1.0")])
        book.snapshot(whole.bids, whole.asks, here, None, printed=printed)
    assert book.state is BookState.LIVE


def samples_of(
    name: str, settings: dict[str, Any]
) -> Iterator[tuple[str, bytes, list[tuple[Any, ...]], dict[str, str]]]:
    samples = read(f"arb_{name}")
    for sample in samples.frames("public"):
        yield sample.name, sample.body, said_by(name, settings, sample.body), dict(samples.symbols)


@pytest.mark.fuzz
@pytest.mark.parametrize(("name", "venue", "settings"), VENUES)
def test_every_sample_is_the_same_on_both_ways(
    name: str, venue: ModuleType, settings: dict[str, Any], native: BookFactory
) -> None:
    frames = scanned = changes = 0
    for _, frame, said, symbols in samples_of(name, settings):
        ways = Ways(name, settings, native)
        ways.wait(1)
        deltas = [message for message in said if message[0] == "delta" and message[1] in symbols]
        ways.follow_pairs(
            {message[1]: symbols[message[1]] for message in said if message[1:2] and message[1] in symbols}
        )
        if hasattr(venue, "INSTRUMENTS"):
            path, body = venue.INSTRUMENTS
            ways.answer(path, {}, body)
        for message in deltas:
            for way in (ways.long, ways.short):
                place(
                    next(book for book in way.venue.books.values() if str(book.symbol) == symbols[message[1]]), message
                )
        for _ in range(2):
            ways.hear(frame)
        ways.finish()
        frames += 1
        changes += len(deltas)
        scanned += ways.short.scanned
    print(f"\n{name}: {frames} samples, {changes} changes of books among them, {scanned} took the short way")
    assert frames > 5
    assert changes > 0
    assert scanned > 0
