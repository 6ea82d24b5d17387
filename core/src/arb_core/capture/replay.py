"""Runs captures through plugins, books, strategy and verdict: the same input gives the same output, byte for byte.

One task, no session: frames go to the dialect of their exchange on a clock that the lines drive, nothing is sent, no
deadline runs. Several files are merged by time (equal times in the order of the files) into one run and one summary.

Definitions. An edge is that of `engine.edge`. It is evaluated after every line that changed a book of the symbol
(`per_instant`: lines of one time are applied together and evaluated once), for each direction with the changed book, if
both sides that it needs are there. With `max_age_ns` both books must be of that age at most, exactly so old included;
otherwise nothing is evaluated and a running episode ends.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from fractions import Fraction
from heapq import merge
from itertools import groupby
from pathlib import Path

import msgspec

from arb_core.capture.format import BookLine, Capture, Close, Frame, Line, QuoteLine, Rest
from arb_core.capture.recorded import RecordedBook
from arb_core.capture.summary import ExactLevel, Summary, WalkSummary, walk_summary
from arb_core.capture.venue import Plugins, RecordedVenue, ReplayClock
from arb_core.engine.edge import Hurdle, exact
from arb_core.engine.episodes import EdgeTally
from arb_core.engine.opportunity import Policy
from arb_core.engine.session import DetectionSession, OpportunityListener
from arb_core.engine.view import EngineView
from arb_core.errors import SettingsError
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.strategy import Interest, MarketView, Strategy
from arb_core.runtime.booksync import BookSync
from arb_core.strategies.spatial import NAME, Settings, Spatial
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Instrument, InstrumentKind, Pair, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity

__all__ = ["ProgressListener", "ReplayOptions", "replay"]

_PROGRESS_LINES = 10_000
_BPS = 10_000

ProgressListener = Callable[[int, int], None]
"""Told (lines so far, time of the line)."""


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a capture is evaluated."""

    fee_bps: Decimal = Decimal(0)
    """Taker fee of each leg, for every exchange."""
    min_edge_bps: Decimal = Decimal(0)
    """Edges strictly above this count."""
    max_age_ns: int | None = None
    """Oldest usable book; None = no staleness rule."""
    per_instant: bool = False
    exact: bool = False
    """Add exact depth walks over the books at the end."""
    plugins: dict[str, str] = {}
    """Exchange in the file -> plugin that decodes it, where the names differ."""


def replay(
    paths: Sequence[Path],
    options: ReplayOptions,
    plugins: Plugins,
    *,
    on_opportunity: OpportunityListener | None = None,
    on_progress: ProgressListener | None = None,
) -> Summary:
    """Replay captures as one run.

    `plugins` (the registry) is asked only for exchanges whose lines need decoding. `on_opportunity` is told every
    judged sighting, `on_progress` now and then how far it is.

    Raises:
        CaptureError: a file is not a capture, or a line of it is malformed.
        PluginMissing: nothing decodes an exchange of a raw capture.
        SettingsError: a fee that leaves nothing.
    """
    with ExitStack() as stack:
        captures = [stack.enter_context(Capture(path)) for path in paths]
        run = _Run(options, plugins)
        if on_opportunity is not None:
            run.session.listen(opportunity=on_opportunity)
        run.through(captures, on_progress)
        return run.summary()


class _FreshOnly(Strategy):
    """The spatial strategy under a staleness rule: what leans on a book that is too old has not been seen at all."""

    def __init__(self, strategy: Strategy, usable: Callable[[LiveBook], bool]) -> None:
        self._strategy = strategy
        self._usable = usable
        self._market: MarketView | None = None

    def start(self, market: MarketView) -> Interest:
        self._market = market
        return self._strategy.start(market)

    def on_book(self, symbol: Symbol, venue: VenueName) -> Sequence[Opportunity]:
        return [found for found in self._strategy.on_book(symbol, venue) if self._fresh(found)]

    def _fresh(self, opportunity: Opportunity) -> bool:
        if self._market is None:
            return False
        books = [self._market.book(leg.symbol, leg.venue) for leg in opportunity.legs]
        return all(book is not None and self._usable(book) for book in books)


class _Direction:
    """Buying on one book and selling on another, with what that came to."""

    __slots__ = ("buy", "sell", "tally")

    def __init__(self, buy: LiveBook, sell: LiveBook, hurdle: Hurdle) -> None:
        self.buy = buy
        self.sell = sell
        self.tally = EdgeTally(buy.symbol, buy.venue, sell.venue, hurdle)


class _Run:
    """The state of one replay."""

    def __init__(self, options: ReplayOptions, plugins: Plugins) -> None:
        self._options = options
        self._plugins = plugins
        self._fee = options.fee_bps / _BPS
        try:
            self._hurdle = Hurdle(self._fee, self._fee, options.min_edge_bps)
        except ValueError as error:
            raise SettingsError(str(error), key="--fee-bps") from error
        self._clock = ReplayClock()
        self._view = EngineView(self._clock)
        strategy = _FreshOnly(Spatial(Settings(min_edge_bps=float(options.min_edge_bps))), self._usable)
        # The age of books is a matter of the option above; a second rule would only hide it.
        self.session = DetectionSession(self._view, {NAME: strategy}, Policy(max_age_ns=None))
        self._venues: dict[str, RecordedVenue] = {}
        self._followed: set[tuple[int, str]] = set()
        """Files whose symbols an exchange follows already."""
        self._recorded: dict[tuple[str, str], RecordedBook] = {}
        self._directions: dict[LiveBook, dict[LiveBook, tuple[_Direction, _Direction]]] = {}
        """For each book and each other venue's: buying here, and selling here."""
        self._changed: dict[LiveBook, None] = {}
        """Books that changed since the last evaluation, in that order."""
        self._restart = False
        self._captures: Sequence[Capture] = ()

    def through(self, captures: Sequence[Capture], on_progress: ProgressListener | None) -> None:
        """Take every line of every file."""
        self._captures = captures
        lines = merge(*(_numbered(file, capture) for file, capture in enumerate(captures)), key=lambda item: item[1].ns)
        count = 0
        for ns, together in groupby(lines, key=lambda item: item[1].ns) if self._options.per_instant else _alone(lines):
            self._clock.at_ns = max(ns, 1)
            for file, line in together:
                self._take(file, line)
                count += 1
                if on_progress is not None and count % _PROGRESS_LINES == 0:
                    on_progress(count, ns)
            self._evaluate(ns)

    def summary(self) -> Summary:
        """Return what it came to; ends the run."""
        directions = sorted(
            (way for lanes in self._directions.values() for way, _ in lanes.values()),
            key=lambda way: (way.buy.symbol, way.buy.venue, way.sell.venue),
        )
        reports = [(way, edge) for way in directions if (edge := way.tally.report()) is not None]
        return Summary(
            books={exchange: venue.summary() for exchange, venue in sorted(self._venues.items())},
            edges=[edge for _, edge in reports],
            walks=[walk for way, _ in reports if (walk := self._walk(way)) is not None] if self._options.exact else [],
            opportunities=self.session.counts(),
        )

    def _take(self, file: int, line: Line) -> None:
        if isinstance(line, Frame):
            self._venue(file, line.exchange).frame(file, line)
        elif isinstance(line, QuoteLine | BookLine):
            self._take_recorded(file, line)
        elif isinstance(line, Rest):
            venue = self._venue(file, line.exchange)
            if venue.rest(line):
                for symbol, instrument in venue.instruments.items():
                    self._view.set_instrument(VenueName(line.exchange), symbol, instrument)
                self._restart = True
        elif isinstance(line, Close):
            self._venue(file, line.exchange).close(file, line)

    def _venue(self, file: int, exchange: str) -> RecordedVenue:
        """Return a raw exchange, made when its first line comes; each file adds the symbols of its header."""
        venue = self._venues.get(exchange)
        if venue is None:
            venue = self._venues[exchange] = RecordedVenue(
                exchange,
                self._options.plugins.get(exchange, exchange),
                self._plugins,
                self._clock,
                on_book=self._on_book,
                on_lost=self._on_lost,
            )
        if (file, exchange) not in self._followed:
            self._followed.add((file, exchange))
            for book in venue.follow(self._captures[file].header):
                self._add(file, book)
        return venue

    def _take_recorded(self, file: int, line: QuoteLine | BookLine) -> None:
        book = self._recorded.get((line.exchange, line.symbol))
        if book is None:
            # The symbols of the header at once: each new book starts the strategy anew.
            for symbol in (line.symbol, *self._captures[file].header.symbols):
                if (line.exchange, symbol) not in self._recorded:
                    added = RecordedBook(VenueName(line.exchange), Symbol.parse(symbol))
                    self._recorded[line.exchange, symbol] = added
                    self._add(file, added)
            book = self._recorded[line.exchange, line.symbol]
        kind = line.market if isinstance(line, QuoteLine) else None
        if kind in _OTHER_KINDS and self._view.instrument(book.symbol, book.venue) is None:
            self._view.set_instrument(book.venue, book.symbol, _other_kind(book.symbol, InstrumentKind(kind)))
        book.take(line)
        self._changed[book] = None

    def _add(self, file: int, book: LiveBook) -> None:
        """Follow a book, and compare it with the same symbol's books of the other exchanges."""
        if self._view.book(book.symbol, book.venue) is not None:
            raise self._captures[file].error(f"{book.venue} {book.symbol} has both raw and normalised lines")
        for other in self._view.books(book.symbol):
            ways = _Direction(book, other, self._hurdle), _Direction(other, book, self._hurdle)
            self._directions.setdefault(book, {})[other] = ways
            self._directions.setdefault(other, {})[book] = (ways[1], ways[0])
        self._view.add(book, None, float(self._fee))
        self._restart = True

    def _on_book(self, book: BookSync) -> None:
        self._changed[book] = None

    def _on_lost(self, book: BookSync, fault: BookFault) -> None:
        self._changed.pop(book, None)
        for buying, selling in self._directions.get(book, {}).values():
            buying.tally.interrupt()
            selling.tally.interrupt()
        self.session.on_lost(book, fault)

    def _usable(self, book: LiveBook) -> bool:
        limit_ns = self._options.max_age_ns
        return book.state is BookState.LIVE and (limit_ns is None or self._clock.at_ns - book.monotonic_ns <= limit_ns)

    def _evaluate(self, ns: int) -> None:
        """Evaluate every direction with a book that changed, each once, and let the strategy look."""
        if not self._changed:
            return
        if self._restart:
            self._restart = False
            self.session.start()
        changed, self._changed = self._changed, {}
        done: set[LiveBook] = set()
        for book in changed:
            for other, ways in self._directions.get(book, {}).items():
                if other not in done:
                    both = self._usable(book) and self._usable(other)
                    for way in ways:
                        _evaluate(way, ns, usable=both)
            done.add(book)
        for book in changed:
            self.session.on_book(book)

    def _walk(self, way: _Direction) -> WalkSummary | None:
        """Walk the depth of two books that have both sides; a quote has no depth."""
        buy, sell = _exact_sides(way.buy), _exact_sides(way.sell)
        if buy is None or sell is None or not all((*buy, *sell)):
            return None
        symbol = str(way.buy.symbol)
        return walk_summary(symbol, way.buy.venue, way.sell.venue, fee=Fraction(self._fee), asks=buy[1], bids=sell[0])


def _evaluate(way: _Direction, ns: int, *, usable: bool) -> None:
    bid, ask = way.sell.bid, way.buy.ask
    if usable and bid > 0.0 and ask > 0.0:
        way.tally.evaluate(ns, bid, ask, getattr(way.sell, "bid_text", None), getattr(way.buy, "ask_text", None))
    else:
        way.tally.interrupt()


def _exact_sides(book: LiveBook) -> tuple[list[ExactLevel], list[ExactLevel]] | None:
    """Return all bids and asks without rounding; None where the book cannot be read or has no depth."""
    if book.state is not BookState.LIVE:
        return None
    if isinstance(book, RecordedBook):
        return (book.exact_bids(), book.exact_asks()) if book.whole else None
    return _exact(book.bids(0)), _exact(book.asks(0))


def _exact(levels: Iterable[tuple[float, float]]) -> list[ExactLevel]:
    return [(exact(price), exact(size)) for price, size in levels]


_OTHER_KINDS = frozenset(kind.value for kind in InstrumentKind if kind is not InstrumentKind.SPOT)


def _other_kind(symbol: Symbol, kind: InstrumentKind) -> Instrument:
    """Return as much of an instrument as a normalised line tells: that it is not the spot market's."""
    return Instrument(symbol=symbol, pair=Pair(str(symbol)), kind=kind, tick=Decimal(0), lot=Decimal(0))


def _numbered(file: int, capture: Capture) -> Iterator[tuple[int, Line]]:
    for line in capture:
        yield file, line


def _alone(lines: Iterable[tuple[int, Line]]) -> Iterator[tuple[int, list[tuple[int, Line]]]]:
    for item in lines:
        yield item[1].ns, [item]
