"""A venue without a venue: books set by hand, read through the contract, and every read of a price counted."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import nan
from typing import Any

import pytest
from arb_core.interfaces.strategy import MarketView
from arb_core.structs.book import BookFault, BookState, Level
from arb_core.structs.market import Instrument, Pair, Quote, Symbol, TradingStatus, VenueName

SECOND = 1_000_000_000


class HandBook:
    """A `LiveBook` whose levels are set by hand."""

    def __init__(self, symbol: str, venue: str = "mexc") -> None:
        self.venue = VenueName(venue)
        self.symbol = Symbol.parse(symbol)
        self.last_id = 0
        self.exchange_ns: int | None = None
        self.received_ns = self.monotonic_ns = SECOND
        self.bid_size = self.ask_size = nan
        self.prices_read = self.depths_read = 0
        self.bid = self.ask = nan
        self._levels: tuple[list[Level], list[Level]] = ([], [])
        self.state = BookState.SYNCING
        self.fault: BookFault | None = BookFault.STARTING

    def put(self, bids: list[Level], asks: list[Level]) -> "HandBook":
        """Become LIVE with these levels, best first."""
        self.state, self.fault, self._levels = BookState.LIVE, None, (bids, asks)
        self.bid, self.bid_size = bids[0] if bids else (nan, nan)
        self.ask, self.ask_size = asks[0] if asks else (nan, nan)
        return self

    def lose(self) -> None:
        """Stop being LIVE."""
        self.state, self.fault, self._levels = BookState.SYNCING, BookFault.GAP, ([], [])
        self.bid = self.ask = self.bid_size = self.ask_size = nan

    def __getattribute__(self, name: str) -> Any:
        if name in {"bid", "ask"}:
            self.prices_read += 1
        return super().__getattribute__(name)

    def quote(self) -> Quote | None:
        return None

    def bids(self, limit: int = 10) -> list[Level]:
        self.depths_read += 1
        assert self.state is BookState.LIVE
        return self._levels[0][: limit or None]

    def asks(self, limit: int = 10) -> list[Level]:
        self.depths_read += 1
        assert self.state is BookState.LIVE
        return self._levels[1][: limit or None]


class HandMarket(MarketView):
    """A `MarketView` over some books. Every instrument trades, with one lot unless `lots` names another."""

    def __init__(
        self,
        books: Sequence[HandBook],
        *,
        fee: float | None = 0.001,
        fees: dict[str, float | None] | None = None,
        lot: str = "0",
        lots: dict[str, str] | None = None,
        largest: dict[str, str] | None = None,
    ) -> None:
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
        return 42


@pytest.fixture(scope="session", autouse=True)
def no_event_loop_before_the_first() -> None:
    """Python 3.11 makes one for whoever asks, which pytest-asyncio does, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def hand_book() -> type[HandBook]:
    """What makes a book; of session scope, so that each example of a property can have its own."""
    return HandBook


@pytest.fixture(scope="session")
def hand_market() -> type[HandMarket]:
    """What makes a market of books."""
    return HandMarket


@pytest.fixture
def three() -> Callable[..., tuple[HandBook, HandBook, HandBook]]:
    """BTC/USDT, ETH/BTC and ETH/USDT with one level a side; unless told otherwise ETH/USDT is 1 % too dear."""

    def make(
        btc: tuple[float, float] = (99.99, 100.0),
        cross: tuple[float, float] = (0.04999, 0.05),
        eth: tuple[float, float] = (5.05, 5.06),
        size: float = 10.0,
        venue: str = "mexc",
    ) -> tuple[HandBook, HandBook, HandBook]:
        one, two, three = (
            HandBook(symbol, venue).put([(bid, size)], [(ask, size)])
            for symbol, (bid, ask) in (("BTC/USDT", btc), ("ETH/BTC", cross), ("ETH/USDT", eth))
        )
        return one, two, three

    return make
