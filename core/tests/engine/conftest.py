"""A market without venues: books set by hand, a clock moved by hand."""

from collections.abc import Callable
from decimal import Decimal
from math import nan
from typing import Any

import pytest
from arb_core.engine.view import EngineView
from arb_core.errors import BookUnavailable
from arb_core.interfaces.context import TimerHandle
from arb_core.structs.book import BookFault, BookState, Level
from arb_core.structs.market import Instrument, Pair, Quote, Symbol, TradingStatus, VenueName
from arb_core.structs.opportunity import Check, Verdict

SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at_ns = 1_000 * SECOND

    def now_ns(self) -> int:
        return EPOCH + self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns

    async def sleep(self, duration_ns: int) -> None:
        raise AssertionError("nothing in the engine sleeps")

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        raise AssertionError("nothing in the engine sets timers")


class HandBook:
    """A `LiveBook` whose levels are set by hand."""

    def __init__(self, clock: HandClock, venue: str, symbol: Symbol) -> None:
        self._clock = clock
        self.venue = VenueName(venue)
        self.symbol = symbol
        self.last_id = 0
        self.exchange_ns: int | None = None
        self.received_ns = self.monotonic_ns = 0
        self.reads = 0
        self._bids: list[Level] = []
        self._asks: list[Level] = []
        self.lose(BookFault.STARTING)

    def put(self, bids: list[Level], asks: list[Level]) -> "HandBook":
        """Become LIVE with these levels, best first."""
        self._bids, self._asks = bids, asks
        self.state = BookState.LIVE
        self.fault = None
        self.bid, self.bid_size = bids[0] if bids else (nan, nan)
        self.ask, self.ask_size = asks[0] if asks else (nan, nan)
        self.last_id += 1
        self.received_ns = self._clock.now_ns()
        self.monotonic_ns = self._clock.monotonic_ns()
        return self

    def lose(self, fault: BookFault) -> None:
        self.state = BookState.SYNCING
        self.fault: BookFault | None = fault
        self.bid = self.bid_size = self.ask = self.ask_size = nan

    def quote(self) -> Quote | None:
        return Quote(self.bid, self.bid_size, self.ask, self.ask_size) if self.state is BookState.LIVE else None

    def bids(self, limit: int = 10) -> list[Level]:
        return self._read(self._bids, limit)

    def asks(self, limit: int = 10) -> list[Level]:
        return self._read(self._asks, limit)

    def _read(self, levels: list[Level], limit: int) -> list[Level]:
        self.reads += 1
        if self.state is not BookState.LIVE:
            raise BookUnavailable("not LIVE", venue=self.venue, symbol=str(self.symbol))
        return levels[:limit] if limit else list(levels)


class HandMarket:
    """An `EngineView` and the tools to fill it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.view = EngineView(self.clock)

    def list(
        self,
        venue: str,
        symbol: str = "ABC/USDT",
        *,
        fee: float | None = 0.001,
        instrument: Instrument | None = None,
        without_instrument: bool = False,
    ) -> HandBook:
        """Follow one symbol on one venue."""
        book = HandBook(self.clock, venue, Symbol.parse(symbol))
        self.view.add(book, None if without_instrument else instrument or self.instrument(symbol), fee)
        return book

    def instrument(self, symbol: str = "ABC/USDT", **changes: Any) -> Instrument:
        """Return an instrument that trades; with one contract, so that the asset is known."""
        facts: dict[str, Any] = {
            "symbol": Symbol.parse(symbol),
            "pair": Pair(symbol.replace("/", "")),
            "status": TradingStatus.TRADING,
            "tick": Decimal("0.01"),
            "lot": Decimal("0.001"),
            "base_contract": "0x00000000000000000000000000000000000000aa",
        }
        return Instrument(**{**facts, **changes})

    def pass_time(self, seconds: float) -> None:
        self.clock.at_ns += int(seconds * SECOND)


@pytest.fixture
def market() -> HandMarket:
    return HandMarket()


@pytest.fixture(scope="session")
def new_market() -> type[HandMarket]:
    """Make a market for each example of a property."""
    return HandMarket


@pytest.fixture
def check_of() -> Callable[[Verdict, str], Check]:
    """Find one check of a verdict by name."""

    def find(verdict: Verdict, name: str) -> Check:
        return next(check for check in verdict.checks if check.name == name)

    return find
