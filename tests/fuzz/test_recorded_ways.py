"""Both ways over what venues really said, or their simulations: every sample, every recording, streams with faults in them.

Needs arb-native; `tox -e native` brings it. With `ARB_SHARED_DATA` the captures there are heard, too.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from arb_compliance.samples import read
from arb_core.capture.format import Capture, Header
from arb_core.interfaces.book import BookFactory
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import BookSnapshot, BookState, SnapshotSource
from arb_core.structs.market import Symbol

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
    assert (ways.short.scanned > met["frames"] / 4) is (venue.RULES.sum is None)


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
    elif book.rule.checksum is None:
        book.snapshot(whole.bids, whole.asks, here, None)
    assert book.rule.checksum is not None or book.state is BookState.LIVE


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
    assert (scanned > 0) is (venue.RULES.sum is None)
