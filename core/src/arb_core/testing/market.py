"""A market without venues: books whose levels are set by hand, read through the contract.

Entered by the tests of strategies through `arb_core.testing`. Reads are counted, because a strategy promises how little
it reads while nothing pays.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import nan
from typing import Any

from arb_core.errors import BookUnavailable
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.strategy import MarketView
from arb_core.structs.book import BookFault, BookState, Level
from arb_core.structs.market import Instrument, Pair, Quote, Symbol, TradingStatus, VenueName

__all__ = ["HandBook", "HandMarket"]

_NOW_NS = 42
"""A moment that nobody mistakes for one of the machine's."""


class HandBook(LiveBook):
    """A book that becomes what it is told to be; it begins as one that is being fetched."""

    def __init__(self, symbol: str | Symbol, venue: str = "mexc") -> None:
        """Begin without levels."""
        self.symbol = symbol if isinstance(symbol, Symbol) else Symbol.parse(symbol)
        self.venue = VenueName(venue)
        self.monotonic_ns = 1_000_000_000
        self.fault: BookFault | None = None
        self.prices_read = self.depths_read = 0
        self._levels: tuple[list[Level], list[Level]] = ([], [])
        self.lose(BookFault.STARTING)

    def put(self, bids: list[Level], asks: list[Level]) -> "HandBook":
        """Become LIVE with these levels, best first."""
        self.state, self.fault, self._levels = BookState.LIVE, None, (bids, asks)
        self.bid, self.bid_size = bids[0] if bids else (nan, nan)
        self.ask, self.ask_size = asks[0] if asks else (nan, nan)
        return self

    def lose(self, fault: BookFault = BookFault.GAP) -> None:
        """Stop being LIVE."""
        self.state, self.fault, self._levels = BookState.SYNCING, fault, ([], [])
        self.bid = self.ask = self.bid_size = self.ask_size = nan

    def __getattribute__(self, name: str) -> Any:
        """Count who looks at a price."""
        if name in {"bid", "ask"}:
            self.prices_read += 1
        return super().__getattribute__(name)

    @property
    def last_id(self) -> int:
        return 0

    @property
    def exchange_ns(self) -> int | None:
        return None

    @property
    def received_ns(self) -> int:
        return self.monotonic_ns

    def quote(self) -> Quote | None:
        return Quote(self.bid, self.bid_size, self.ask, self.ask_size) if self.state is BookState.LIVE else None

    def bids(self, limit: int = 10) -> list[Level]:
        return self._read(0, limit)

    def asks(self, limit: int = 10) -> list[Level]:
        return self._read(1, limit)

    def _read(self, side: int, limit: int) -> list[Level]:
        self.depths_read += 1
        if self.state is not BookState.LIVE:
            raise BookUnavailable("not LIVE", venue=self.venue, symbol=str(self.symbol))
        return self._levels[side][: limit or None]


class HandMarket(MarketView):
    """Some books. Every instrument trades, with one lot, fee and largest order for all but those that are named."""

    def __init__(
        self,
        books: Sequence[HandBook],
        *,
        fee: float | None = 0.001,
        fees: Mapping[str, float | None] | None = None,
        lot: str = "0",
        lots: Mapping[str, str] | None = None,
        largest: Mapping[str, str] | None = None,
    ) -> None:
        """Take books, and by symbol what differs."""
        self._books = books
        self._fee, self._fees = fee, fees or {}
        self._lot, self._lots = lot, lots or {}
        self._largest = largest or {}

    def symbols(self) -> Sequence[Symbol]:
        return tuple(dict.fromkeys(book.symbol for book in self._books))

    def books(self, symbol: Symbol) -> Sequence[HandBook]:
        return [book for book in self._books if book.symbol == symbol]

    def book(self, symbol: Symbol, venue: VenueName) -> HandBook | None:
        return next((book for book in self.books(symbol) if book.venue == venue), None)

    def instrument(self, symbol: Symbol, venue: VenueName) -> Instrument | None:
        largest = self._largest.get(str(symbol))
        return Instrument(
            symbol=symbol,
            pair=Pair(str(symbol)),
            status=TradingStatus.TRADING,
            tick=Decimal("0.00000001"),
            lot=Decimal(self._lots.get(str(symbol), self._lot)),
            max_quantity=None if largest is None else Decimal(largest),
        )

    def taker_fee(self, symbol: Symbol, venue: VenueName) -> float | None:
        return self._fees.get(str(symbol), self._fee)

    def now_ns(self) -> int:
        return _NOW_NS
