"""What a level costs from the frame to the book, for each of the eight venues: decoding, applying, and summing up.

About two minutes.
"""

import gc
import time
from collections.abc import Sequence
from random import Random
from statistics import fmean, median
from typing import Any

import msgspec
import pytest
from arb_core.interfaces.book import BookFactory
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.scanning import scanner_for
from arb_core.runtime.stream.sink import ConnectionSink
from arb_core.structs.book import BookRule, BookState, Level, Recovery, SnapshotSource
from arb_core.structs.market import VenueName

from .decoding.arb import installed, native, native_factory, ours
from .decoding.contest import BTC, MESSAGES, PAIR, Contestant, Market, Take, Top
from .decoding.wires import FIRST, SUMMED, WIRES, Summed

pytestmark = pytest.mark.bench

LEVELS = (5, 50)
TURNS = 9

PURE, NATIVE = "in Python", "with arb-native"
VERIFIED, VERIFIED_NATIVE = "in Python, sums verified", "with arb-native, sums verified"
REFERENCE = {VERIFIED: PURE, VERIFIED_NATIVE: NATIVE}
SHORT_WAY = "arb with arb-native: scanner to callback"


class Unsummed:
    """A dialect whose books begin with a REST snapshot that holds all, and are not summed up: all alike."""

    def __init__(self, dialect: StreamDialect) -> None:
        self.decode = dialect.decode
        self.book_rule: BookRule = msgspec.structs.replace(
            dialect.book_rule,
            snapshot=SnapshotSource.REST,
            recover=Recovery.REFETCH,
            kept_depth=None,
            cut_each_update=False,
            checksum=None,
        )
        self.layouts = dialect.layouts


def verified(wire: Summed, market: Market, way: str, factory: BookFactory = SORTED) -> Contestant:
    """The venue's own rule: its whole book first, and a sum with every message."""
    dialect, whole = wire.dialect(), wire.whole(market)
    control: Any = None  # no control message comes

    def broken(_listener: object, error: Exception) -> None:
        raise error

    def begin() -> tuple[Take, Top]:
        sync = BookSync(
            VenueName("bench"),
            BTC,
            dialect.book_rule,
            factory.make(),
            SystemClock(),
            on_book=lambda _: None,
            on_lost=lambda *_: None,
            need_snapshot=lambda _: None,
            need_resubscribe=lambda _: None,
        )
        dispatch = Dispatch(broken, scanner_for(factory, dialect.layouts, dialect.book_rule))
        dispatch.follow(PAIR, sync)
        sync.begin()
        dispatch.arrived(1, 1)
        sink = ConnectionSink(control, dispatch)
        dialect.decode(memoryview(whole), 0, sink)
        assert sync.state is BookState.LIVE

        def top() -> tuple[list[Level], list[Level]]:
            assert sync.state is BookState.LIVE
            assert sync.stats.applied == MESSAGES
            assert sync.stats.checksums_ok >= MESSAGES
            return sync.bids(10), sync.asks(10)

        scan: Any = dispatch.scan
        if scan is None:
            return lambda frame: dialect.decode(frame, 0, sink), top
        # A frame that it left to the dialect would be missed in the end.
        return lambda frame: scan(frame, 1, 1), top

    return Contestant(way, begin)


def entrants(market: Market) -> dict[tuple[str, str], tuple[Contestant, list[memoryview]]]:
    """Return who takes part, by venue and way, with the frames of each."""
    found = {}
    for wire in WIRES:
        dialect: Any = Unsummed(wire.dialect())
        frames = [memoryview(frame) for frame in wire.frames(market)]
        found[wire.name, PURE] = ours(dialect, market), frames
        for contestant in native(dialect, market):
            if contestant.name == SHORT_WAY:
                found[wire.name, NATIVE] = contestant, frames
    for wire in SUMMED:
        frames = [memoryview(frame) for frame in wire.frames(market)]
        found[wire.name, VERIFIED] = verified(wire, market, VERIFIED), frames
        if installed():
            found[wire.name, VERIFIED_NATIVE] = verified(wire, market, VERIFIED_NATIVE, native_factory()), frames
    return found


def measured(levels: int) -> dict[tuple[str, str], list[float]]:
    """Return microseconds a message, one figure a turn."""
    market = Market(levels)
    contestants = entrants(market)
    for key, (contestant, frames) in contestants.items():
        take, top = contestant.begin()
        for frame in frames:
            take(frame)
        assert top() == market.last, f"{key} holds another book"
    figures: dict[tuple[str, str], list[float]] = {key: [] for key in contestants}
    order = Random(2)
    for _ in range(TURNS):
        for key in order.sample(list(contestants), len(contestants)):
            contestant, frames = contestants[key]
            take, _ = contestant.begin()
            gc.collect()
            gc.freeze()
            began_ns = time.thread_time_ns()
            for frame in frames:
                take(frame)
            figures[key].append((time.thread_time_ns() - began_ns) / len(frames) / 1000)
            gc.unfreeze()
    return figures


def cells(figures: dict[tuple[str, str], list[float]], venue: str, way: str, levels: int) -> list[str]:
    """Return us a message, ns a level, and the ratio to the mean of the first three in the same turns."""
    each = figures.get((venue, way))
    if each is None:
        return ["", "", ""]
    reference = REFERENCE.get(way, way)
    thirds = [fmean(turn) for turn in zip(*(figures[first, reference] for first in FIRST), strict=True)]
    ratio = median(mine / other for mine, other in zip(each, thirds, strict=True))
    return [f"{median(each):.2f}", f"{median(each) / levels * 1000:.0f}", f"{ratio:.2f}"]


def table(by_levels: dict[int, dict[tuple[str, str], list[float]]], ways: Sequence[str]) -> str:
    """One row a venue and way."""
    columns = " | ".join(f"{levels} levels: us | ns a level | ratio" for levels in by_levels)
    rows = [f"| from a frame to a book | | {columns} |", "|---|---|" + "---|" * (3 * len(by_levels))]
    for way in ways:
        for venue in dict.fromkeys(venue for figures in by_levels.values() for venue, each in figures if each == way):
            told = [cell for levels, figures in by_levels.items() for cell in cells(figures, venue, way, levels)]
            rows.append(f"| {venue} | {way} | {' | '.join(told)} |")
    return "\n".join(rows)


def test_a_level_of_each_venue(publish):
    by_levels = {levels: measured(levels) for levels in LEVELS}
    publish("eight venues", table(by_levels, (PURE, VERIFIED, NATIVE, VERIFIED_NATIVE)))
