"""A market out of a recording, in the place of the seeded one.

Entered by `arb sim serve --capture`. The recorded books are put together once, by the plugin's own reader; what is
served is a simulated venue whose books move as those did, with versions of its own, in the recorded pace. At its end
the recording begins again. Trades are not in it: a recording need not hold them.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from math import inf
from pathlib import Path
from typing import NamedTuple

from arb_core.capture.format import BookLine, Capture, Close, Frame, QuoteLine, Rest
from arb_core.capture.venue import RecordedVenue, ReplayClock
from arb_core.errors import SettingsError
from arb_core.registry import Registry
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Symbol

from arb_sim.assets import MONEY, asset
from arb_sim.kernel.book import Units
from arb_sim.kernel.market import Listing, Market
from arb_sim.world import Habits, Pace, World

__all__ = ["RecordedWorld"]

_UNKNOWN_SIZE = "1"
"""Stands for a size that the recording does not tell."""

_DECIMALS = 12

Sides = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]


class _Moment(NamedTuple):
    """A book as it was from `ns` on."""

    ns: int
    exchange: str
    symbol: Symbol
    sides: Sides


class RecordedWorld(World):
    """The books of one capture file.

    Raises:
        CaptureError: the file cannot be read.
        PluginMissing: nobody reads what it recorded.
        SettingsError: it holds no book with two sides.
    """

    def __init__(self, path: Path, *, start_ns: int, seed: int = 0, registry: Registry | None = None) -> None:
        self._path = path
        with Capture(path) as capture:
            moments = list(_moments(capture, registry or Registry()))
        self._first: dict[tuple[str, Symbol], Sides] = {}
        begins_ns = 0
        for moment in moments:
            if (
                all(moment.sides)
                and self._first.setdefault((moment.exchange, moment.symbol), moment.sides) is moment.sides
            ):
                begins_ns = moment.ns
        if not self._first:
            raise SettingsError("the recording holds no book with two sides", path=str(path))
        self._moments = [moment for moment in moments if moment.ns >= begins_ns]
        for moment in moments:  # where every book stands when the last of them has begun
            if moment.ns <= begins_ns and all(moment.sides):
                self._first[moment.exchange, moment.symbol] = moment.sides
        self._shift_ns = start_ns - begins_ns
        self._recorded: dict[tuple[str, Symbol], Market] = {}
        symbols = list(dict.fromkeys(symbol for _, symbol in self._first))
        super().__init__(seed=seed, symbols=symbols, start_ns=start_ns, pace=Pace(steps_per_s=0))
        self._run(0)

    def join(self, habits: Habits) -> dict[str, Market]:
        books = {symbol: sides for (exchange, symbol), sides in self._first.items() if exchange == habits.exchange}
        if not books:
            held = ", ".join(sorted({exchange for exchange, _ in self._first}))
            raise SettingsError(
                f"the recording holds nothing of {habits.exchange}; it holds {held}", path=str(self._path)
            )
        return {market.pair: market for market in (self._list(habits, *book) for book in books.items())}

    def _list(self, habits: Habits, symbol: Symbol, sides: Sides) -> Market:
        all_sides = [
            sides,
            *(each.sides for each in self._moments if (each.exchange, each.symbol) == (habits.exchange, symbol)),
        ]
        listing = Listing(
            symbol=symbol,
            pair=habits.pair(symbol),
            price_decimals=_decimals(price for each in all_sides for side in each for price in side),
            size_decimals=_decimals(size for each in all_sides for side in each for size in side.values()),
            min_size=1,
            min_notional=habits.min_notional if symbol.quote in MONEY else Decimal("0.0001"),
            maker_fee=habits.maker_fee,
            taker_fee=habits.taker_fee,
            networks=asset(symbol.base).networks,
        )
        bids, asks = sides
        market = Market(
            listing,
            habits.spelling(listing.price_decimals, listing.size_decimals),
            price=_units((max(bids) + min(asks)) / 2, listing.price_decimals),
            now_ns=self.timeline.now_ns,
            seed=f"{self.seed}:{habits.exchange}:{symbol}",
            volatility=1e-4,
            ids_per_level=habits.ids_per_level,
            arouse=_leave,
            catch_up=_leave,
        )
        self._recorded[habits.exchange, symbol] = market
        self._show(market, sides)
        return market

    def _run(self, index: int) -> None:
        """Show what is due, then wait for the next moment; after the last one begin again."""
        now_ns = self.timeline.now_ns
        while index < len(self._moments) and self._moments[index].ns + self._shift_ns <= now_ns:
            moment = self._moments[index]
            market = self._recorded.get((moment.exchange, moment.symbol))
            if market is not None:
                self._show(market, moment.sides)
            index += 1
        if index < len(self._moments):
            self.timeline.call_at(self._moments[index].ns + self._shift_ns, partial(self._run, index))
        elif len(self._moments) > 1:
            self._shift_ns += self._moments[-1].ns - self._moments[0].ns + 1_000_000_000
            self.timeline.call_at(self._moments[0].ns + self._shift_ns, partial(self._run, 0))

    def _show(self, market: Market, sides: Sides) -> None:
        """Change the book into what was recorded; removals come first, so that it is never crossed."""
        changes: list[list[Units]] = []
        for side, ladder in zip(sides, (market.matching.bids, market.matching.asks), strict=True):
            price_decimals, size_decimals = market.listing.price_decimals, market.listing.size_decimals
            wanted = {_units(price, price_decimals): _units(size, size_decimals) for price, size in side.items()}
            gone = [(price, 0) for price in ladder.sizes if price not in wanted]
            changes.append(gone + [level for level in wanted.items() if ladder.sizes.get(level[0]) != level[1]])
        market.change(changes[0], changes[1], self.timeline.now_ns)


def _leave(market: Market) -> None:
    """A recorded market moves whether or not somebody watches."""


def _units(value: Decimal, decimals: int) -> int:
    return int(value.scaleb(decimals).to_integral_value())


def _decimals(values: Iterator[Decimal]) -> int:
    found = 0
    for value in values:
        exponent = value.normalize().as_tuple().exponent
        found = max(found, -exponent if isinstance(exponent, int) else 0)
    return min(found, _DECIMALS)


class _Reader:
    """Turns lines into moments."""

    def __init__(self, capture: Capture, registry: Registry) -> None:
        self._capture = capture
        self._registry = registry
        self._clock = ReplayClock()
        self._venues: dict[str, RecordedVenue] = {}
        self._changed: dict[tuple[str, Symbol], BookSync] = {}

    def moments(self) -> Iterator[_Moment]:
        for line in self._capture:
            self._clock.at_ns = line.ns
            match line:
                case BookLine():
                    yield _Moment(
                        line.ns, line.exchange, Symbol.parse(line.symbol), (_exact(line.bids), _exact(line.asks))
                    )
                case QuoteLine():
                    sides = _exact([(line.bid, line.bid_size)]), _exact([(line.ask, line.ask_size)])
                    yield _Moment(line.ns, line.exchange, Symbol.parse(line.symbol), sides)
                case Frame():
                    self._venue(line.exchange).frame(0, line)
                case Rest():
                    self._venue(line.exchange).rest(line)
                case Close():
                    self._venue(line.exchange).close(0, line)
                case _:
                    pass
            for (exchange, symbol), book in self._changed.items():
                if book.state is BookState.LIVE:
                    sides = _printed(book.book.bids(0)), _printed(book.book.asks(0))
                    yield _Moment(line.ns, exchange, symbol, sides)
            self._changed.clear()

    def _venue(self, exchange: str) -> RecordedVenue:
        venue = self._venues.get(exchange)
        if venue is None:
            venue = self._venues[exchange] = RecordedVenue(
                exchange,
                exchange,
                self._registry,
                self._clock,
                on_book=self._note(exchange),
                on_lost=_ignore,
            )
            venue.follow(self._capture.header)
        return venue

    def _note(self, exchange: str) -> Callable[[BookSync], None]:
        def note(book: BookSync) -> None:
            self._changed[exchange, book.symbol] = book

        return note


def _ignore(book: BookSync, fault: BookFault) -> None:
    """A recorded book that was lost stays as it was until it is back."""


def _moments(capture: Capture, registry: Registry) -> Iterator[_Moment]:
    return _Reader(capture, registry).moments()


def _exact(levels: Sequence[tuple[str | None, str | None]]) -> dict[Decimal, Decimal]:
    return {Decimal(price): Decimal(size or _UNKNOWN_SIZE) for price, size in levels if price is not None}


def _printed(levels: Sequence[tuple[float, float]]) -> dict[Decimal, Decimal]:
    """The shortest texts of the numbers: those that were on the wire."""
    return {Decimal(repr(price)): Decimal(repr(size)) for price, size in levels if price < inf}
