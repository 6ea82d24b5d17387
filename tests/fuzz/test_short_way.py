"""The short way and the long way of a frame, true or spoilt: the same books, states, counts and errors in the end.

Needs arb-native; `tox -e native` brings it and gives each venue some thousands of frames, with ARB_FULL=1 350,000. A frame
that disagrees is named by the venue and one integer; `ARB_FUZZ_FIRST=<that integer>` begins there.
"""

import logging
import os
from collections import Counter
from random import Random
from types import ModuleType
from typing import Any

import pytest
from arb_core.interfaces.book import BookFactory
from arb_core.registry import Registry
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.context import Context
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.scanning import scanner_for
from arb_core.runtime.stream.sink import ConnectionSink
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Symbol, VenueName

from . import binance, gateio, mexc
from .harness import SECOND, _Rest
from .reference import Chain, NaiveBook

FRAMES = 350_000 if os.environ.get("ARB_FULL") else 5_000
FIRST = int(os.environ.get("ARB_FUZZ_FIRST", "0"))
SEED = 20_261_126

VENUES = [
    pytest.param("mexc", mexc, {}, id="mexc"),
    pytest.param("binance", binance, {}, id="binance"),
    pytest.param("gateio", gateio, {}, id="gateio"),
]


class Control:
    """A connection that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *said: self.told.append((name, *said))


class Way:
    """One plugin, one book, and one of the two ways to it."""

    def __init__(self, name: str, settings: dict[str, Any], factory: BookFactory, pair: str, symbol: str) -> None:
        registry = Registry()
        card = registry.card(name)
        clock = SystemClock()
        context = Context(
            venue=VenueName(name),
            clock=clock,
            rest=_Rest(),
            settings=card.settings(**settings),
            markets=MarketTable(name),
            logger=logging.getLogger("arb_fuzz"),
        )
        self.pair = pair
        self.dialect = registry.public_stream(name, context)
        rule = self.dialect.book_rule
        scanner = scanner_for(factory, self.dialect.layouts, rule)
        self.dispatch = Dispatch(lambda _, error: self.broken.append(error), scanner)
        self.broken: list[Exception] = []
        self.control: Any = Control()
        self.sink = ConnectionSink(self.control, self.dispatch)
        self.symbol = Symbol.parse(symbol)
        self.rule = rule
        self.factory = factory
        self.clock = clock
        self.book: BookSync | None = None

    def restart(self, bids: list[Any], asks: list[Any], last_id: int) -> None:
        """A LIVE book that stands there, as if nothing had been before."""
        if self.book is not None:
            self.dispatch.forget(self.pair)
            self.book.stop()
        self.control.told.clear()
        self.broken.clear()
        self.said: list[Any] = []
        self.book = book = BookSync(
            VenueName("acme"),
            self.symbol,
            self.rule,
            self.factory.make(),
            self.clock,
            on_book=lambda sync: self.said.append((sync.last_id, sync.bid, sync.bid_size, sync.ask, sync.ask_size)),
            on_lost=lambda _, fault: self.said.append(fault),
            need_snapshot=lambda _: self.said.append("snapshot"),
            need_resubscribe=lambda _: self.said.append("resubscribe"),
        )
        self.dispatch.follow(self.pair, book)
        book.begin()
        book.rest_snapshot(BookSnapshot(symbol=self.symbol, bids=bids, asks=asks, last_id=last_id))

    def hear(self, frame: bytes) -> None:
        """As a connection does."""
        view = memoryview(frame)
        try:
            if (scan := self.sink.scan) is None or scan(view, 2 * SECOND, SECOND) is None:
                self.dispatch.arrived(2 * SECOND, SECOND)
                self.dialect.decode(view, 2 * SECOND, self.sink)
        except Exception as error:  # noqa: BLE001 (whatever the dialect raises is to be the same on both ways)
            self.said.append((type(error), str(error)))

    def stands(self) -> tuple[Any, ...]:
        """Return all that can be known of it."""
        book = self.book
        assert book is not None
        best = repr((book.bid, book.bid_size, book.ask, book.ask_size))
        times = (book.exchange_ns, book.received_ns == 2 * SECOND, book.monotonic_ns == SECOND)
        stats = book.stats
        levels = (book.book.bids(0), book.book.asks(0)) if book.quote() is not None else ()
        counts = (stats.received, stats.applied, stats.skipped, stats.refused, stats.waiting)
        return (
            book.state,
            book.fault,
            book.last_id,
            best,
            times,
            levels,
            counts,
            self.said,
            self.control.told,
            self.broken,
        )


def moments(venue: ModuleType, rule: Any) -> list[tuple[Chain, int, list[Any], list[Any], int]]:
    """Return every point of the true feeds from which two more messages follow, and the book there."""
    found = []
    for chain in venue.chains():
        book = NaiveBook(venue.STRICT, rule.kept_depth)
        book.snapshot(chain.bids, chain.asks, chain.last_id, 10**9)
        for index, frame in enumerate(chain.deltas[:-1]):
            found.append((chain, index, *book.shown(), book.last_id))
            (message,) = venue.read_frame(frame).market
            book.delta(*message[2:6])
    return found


@pytest.mark.fuzz
@pytest.mark.parametrize(("name", "venue", "settings"), VENUES)
def test_both_ways_say_the_same(name: str, venue: ModuleType, settings: dict[str, Any]) -> None:
    native = pytest.importorskip("arb_native.plugin", reason="arb-native is not installed").arb_book_factory()
    ways = {
        pair: (Way(name, settings, SORTED, pair, symbol), Way(name, settings, native, pair, symbol))
        for pair, symbol in venue.PAIRS.items()
    }
    points = moments(venue, next(iter(ways.values()))[0].rule)
    met: Counter[str] = Counter()
    for number in range(FIRST, FIRST + FRAMES):
        rng = Random(f"{name} {SEED} {number}")
        chain, index, bids, asks, last_id = rng.choice(points)
        long, short = ways[chain.pair]
        for way in (long, short):
            way.restart(bids[:30], asks[:30], last_id)
        true, after = chain.deltas[index : index + 2]
        frame = venue.spoil(rng, true) if rng.random() < 0.9 else true
        for heard in (frame, after):
            scanned = short.dispatch.counts.scanned
            for way in (long, short):
                way.hear(heard)
            assert short.stands() == long.stands(), f"{name}, frame {number}: {heard!r}"
            met["scanned" if short.dispatch.counts.scanned > scanned else "left to the dialect"] += 1
            met["spoilt and scanned"] += heard is frame is not true and short.dispatch.counts.scanned > scanned
        met["LIVE in the end" if long.book and long.book.quote() is not None else "lost in the end"] += 1
    print(f"\n{name}: {FRAMES} frames, seed {SEED}, first {FIRST}: {dict(met)}")
    assert met["scanned"] > FRAMES / 4
    assert met["spoilt and scanned"] > FRAMES / 50
    assert met["left to the dialect"] > FRAMES / 4
