"""Many LIVE books of many venues in one detection session, and the frames that move them.

Entered by the benches of scale, and by `weigh.py` in a process of its own. Everything from the frame to the verdict is what
runs in production: dialect or scanner, dispatch, sequence rule, book, session, strategy. Sockets are not there, and every
venue speaks Binance's JSON: how many books there are is the question, not how they are spelled.
"""

import importlib.util
from collections.abc import Callable
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

from arb_binance.stream import PublicStream
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.interfaces.book import BookFactory
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.scanning import scanner_for
from arb_core.runtime.stream.sink import ConnectionSink
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookSnapshot, BookState, Level
from arb_core.structs.market import Instrument, Pair, Symbol, TradingStatus, VenueName

__all__ = ["LEVELS", "Crowd", "Place", "factories"]

LEVELS = 100
"""Of each side."""
FEE = 0.001
STEP = Decimal("0.01")
MIDDLE = 1_000_00
"""Ticks of 0.01: every symbol costs 1000, and nothing pays."""
NEAR = 8
"""A change is that of a size among so many best levels, where markets change most."""

Take = Callable[[Any], object]


def factories() -> dict[str, BookFactory]:
    """Return what makes books here, by name: pure Python, and arb-native where it is installed."""
    found: dict[str, BookFactory] = {"pure Python": SORTED}
    if importlib.util.find_spec("arb_native") is not None:
        from arb_native.plugin import arb_book_factory  # pyright: ignore[reportMissingImports] (optional)

        found["arb-native"] = arb_book_factory()
    return found


class Place:
    """A venue: its dispatch, and what takes a frame."""

    def __init__(self, name: VenueName, factory: BookFactory) -> None:
        context: Any = SimpleNamespace(settings=None)
        control: Any = None  # no control message comes
        self.name = name
        self.dialect = PublicStream(context)
        self.factory = factory
        self.dispatch = Dispatch(_broken, scanner_for(factory, self.dialect.layouts, self.dialect.book_rule))
        self.dispatch.arrived(1, 1)
        sink = ConnectionSink(control, self.dispatch)
        decode, scan = self.dialect.decode, self.dispatch.scan
        self.take: Take = (lambda frame: decode(frame, 0, sink)) if scan is None else (lambda frame: scan(frame, 1, 1))

    def open(self, symbol: Symbol, on_book: Callable[[BookSync], None], rng: Random) -> BookSync:
        """Open a book and bring it LIVE."""
        bids: list[Level] = [((MIDDLE - step) / 100, size(rng)) for step in range(1, LEVELS + 1)]
        asks: list[Level] = [((MIDDLE + step) / 100, size(rng)) for step in range(1, LEVELS + 1)]
        # Given away, so that nobody keeps it and the book alone is weighed.
        snapshots = [BookSnapshot(symbol=symbol, bids=bids, asks=asks, last_id=1, depth=LEVELS + 1)]
        book = BookSync(
            self.name,
            symbol,
            self.dialect.book_rule,
            self.factory.make(),
            SystemClock(),
            on_book=on_book,
            on_lost=lambda *_: None,
            need_snapshot=lambda book: book.rest_snapshot(snapshots.pop()),
            need_resubscribe=lambda _: None,
        )
        pair = pair_of(symbol)
        self.dispatch.follow(pair, book)
        book.begin()
        assert book.state is BookState.LIVE
        return book


class Crowd:
    """`venues` x `symbols` books. `watch` puts a session with the spatial strategy over them."""

    def __init__(self, venues: int, symbols: int, factory: BookFactory) -> None:
        rng = Random(1)
        self.symbols = [Symbol(f"C{number}", "USDT") for number in range(symbols)]
        self.places = [Place(VenueName(f"venue{number}"), factory) for number in range(venues)]
        self.session: DetectionSession | None = None
        self._hear: Callable[[BookSync], None] = lambda _: None
        self.books = {
            (place.name, symbol): place.open(symbol, self._on_book, rng)
            for symbol in self.symbols
            for place in self.places
        }
        self._rng = rng
        self._made: dict[tuple[VenueName, Symbol], int] = {}
        """Id of the last frame made of each book."""

    def watch(self) -> DetectionSession:
        """Start a session over every book, as `arb monitor` does."""
        view = EngineView(SystemClock())
        for (_, symbol), book in self.books.items():
            pair, trading = Pair(pair_of(symbol)), TradingStatus.TRADING
            view.add(book, Instrument(symbol=symbol, pair=pair, status=trading, tick=STEP, lot=STEP), FEE)
        self.session = DetectionSession(view, {"spatial": Spatial()})
        self.session.start()
        self._hear = self.session.on_book
        return self.session

    def frames(self, count: int, symbols: list[Symbol]) -> list[tuple[Place, bytes]]:
        """Return the next changes, of any venue's book of any of these symbols."""
        rng = self._rng
        return [self._frame(rng.choice(self.places), rng.choice(symbols)) for _ in range(count)]

    def once_each(self) -> list[tuple[Place, bytes]]:
        """Return the next change of every book."""
        return [self._frame(place, symbol) for symbol in self.symbols for place in self.places]

    def check(self) -> None:
        """Make sure that every frame was taken, and that nothing was found where nothing pays."""
        for key, book in self.books.items():
            assert book.state is BookState.LIVE
            assert book.last_id == self._made.get(key, 1), f"{key} missed a frame"
        assert self.session is None or self.session.counts().seen == 0

    def _frame(self, place: Place, symbol: Symbol) -> tuple[Place, bytes]:
        rng, pair = self._rng, pair_of(symbol)
        key = place.name, symbol
        id_ = self._made[key] = self._made.get(key, 1) + 1
        bid, ask = (MIDDLE - rng.randint(1, NEAR)) / 100, (MIDDLE + rng.randint(1, NEAR)) / 100
        text = (
            f'{{"stream":"{pair.lower()}@depth@100ms","data":{{"e":"depthUpdate","E":1700000000000,"s":"{pair}","U":{id_},'
            f'"u":{id_},"b":[["{bid:.2f}","{size(rng):.5f}"]],"a":[["{ask:.2f}","{size(rng):.5f}"]]}}}}'
        )
        return place, text.encode()

    def _on_book(self, book: BookSync) -> None:
        self._hear(book)


def pair_of(symbol: Symbol) -> str:
    return symbol.base + symbol.quote


def size(rng: Random) -> float:
    return round(rng.random() * 5 + 0.001, 5)


def _broken(_listener: object, error: Exception) -> None:
    raise error
