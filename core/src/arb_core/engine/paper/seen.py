"""A live book as an account on paper sees it: without what its own fills took.

At a venue the size that was taken is gone from the book a moment later. Here the real book goes on showing it, and an
engine that read it would take the same edge again and again, get half of it and undo the rest at a loss.
"""

from collections.abc import Callable
from decimal import Decimal
from math import nan

from arb_core.engine.paper.depth import Footprint, shown
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock
from arb_core.structs.book import BookFault, BookState, Level
from arb_core.structs.market import Quote, Side

__all__ = ["SeenBook"]


class SeenBook:
    """A `LiveBook` over another one, always in step with it: nothing is kept here."""

    __slots__ = ("_book", "_clock", "_footprint", "_lot", "symbol", "venue")

    def __init__(self, book: LiveBook, footprint: Footprint, lot: Callable[[], Decimal], clock: Clock) -> None:
        self.venue = book.venue
        self.symbol = book.symbol
        self._book = book
        self._footprint = footprint
        self._lot = lot
        self._clock = clock

    @property
    def state(self) -> BookState:
        return self._book.state

    @property
    def fault(self) -> BookFault | None:
        return self._book.fault

    @property
    def last_id(self) -> int:
        return self._book.last_id

    @property
    def exchange_ns(self) -> int | None:
        return self._book.exchange_ns

    @property
    def received_ns(self) -> int:
        return self._book.received_ns

    @property
    def monotonic_ns(self) -> int:
        return self._book.monotonic_ns

    @property
    def bid(self) -> float:
        return self._book.bid if self._is_whole(Side.SELL) else self._best(self.bids(1))[0]

    @property
    def bid_size(self) -> float:
        return self._book.bid_size if self._is_whole(Side.SELL) else self._best(self.bids(1))[1]

    @property
    def ask(self) -> float:
        return self._book.ask if self._is_whole(Side.BUY) else self._best(self.asks(1))[0]

    @property
    def ask_size(self) -> float:
        return self._book.ask_size if self._is_whole(Side.BUY) else self._best(self.asks(1))[1]

    def quote(self) -> Quote | None:
        """Return the best levels that are left; None while not LIVE."""
        if self._book.state is not BookState.LIVE:
            return None
        return Quote(self.bid, self.bid_size, self.ask, self.ask_size, self.exchange_ns, self.received_ns)

    def bids(self, limit: int = 10) -> list[Level]:
        """Return bids that are left, best first, 0 = all. Raises `BookUnavailable` while not LIVE."""
        return self._levels(Side.SELL, self._book.bids, limit)

    def asks(self, limit: int = 10) -> list[Level]:
        """Return asks that are left, best first, 0 = all. Raises `BookUnavailable` while not LIVE."""
        return self._levels(Side.BUY, self._book.asks, limit)

    def _levels(self, taker: Side, read: Callable[[int], list[Level]], limit: int) -> list[Level]:
        taken = self._footprint.taken(self.symbol, taker, self._clock.monotonic_ns())
        if not taken:
            return read(limit)
        # No more levels can be gone than there are prices at which something was taken.
        left = shown(read(limit and limit + len(taken)), taken, self._lot())
        return left[:limit] if limit else left

    def _is_whole(self, taker: Side) -> bool:
        """Whether the book's own best level is right: nothing was taken, or it is not LIVE, which NaN says."""
        return self._book.state is not BookState.LIVE or not self._footprint.taken(
            self.symbol, taker, self._clock.monotonic_ns()
        )

    @staticmethod
    def _best(levels: list[Level]) -> Level:
        return levels[0] if levels else (nan, nan)
