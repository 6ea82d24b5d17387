"""Strategies: synchronous, without orders of their own and without a say in their own safety."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import msgspec

from arb_core.interfaces.book import LiveBook
from arb_core.structs.book import BookFault
from arb_core.structs.market import Instrument, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity
from arb_core.structs.order import Fill, Order

__all__ = ["Interest", "MarketView", "Strategy"]


class MarketView(Protocol):
    """Every venue's books, read-only. Look-ups are for `start`; keep what they return."""

    def symbols(self) -> Sequence[Symbol]:
        """Return the symbols that are followed, in the order of the settings."""
        ...

    def books(self, symbol: Symbol) -> Sequence[LiveBook]:
        """Return the books of one symbol, one per venue that lists it, in the order of the settings."""
        ...

    def book(self, symbol: Symbol, venue: VenueName) -> LiveBook | None:
        """Return one book, None where the venue does not list the symbol."""
        ...

    def instrument(self, symbol: Symbol, venue: VenueName) -> Instrument | None:
        """Return what the venue says of the symbol."""
        ...

    def taker_fee(self, symbol: Symbol, venue: VenueName) -> float | None:
        """Return the fraction a taker pays; None where nobody knows."""
        ...

    def now_ns(self) -> int:
        """Return the time, UTC."""
        ...


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy wants to hear of. `timer_ns` None = no timer."""

    symbols: tuple[Symbol, ...]
    timer_ns: int | None = None


class Strategy(ABC):
    """Turns books into opportunities. Every method returns at once; none raises for a market that is merely odd."""

    @abstractmethod
    def start(self, market: MarketView) -> Interest:
        """Take the market and say what to hear of."""

    @abstractmethod
    def on_book(self, symbol: Symbol, venue: VenueName) -> Sequence[Opportunity]:
        """A LIVE book changed. Work here grows with the venues of that symbol, never with the number of symbols."""

    def on_book_lost(self, symbol: Symbol, venue: VenueName, fault: BookFault) -> None:  # noqa: B027 (optional)
        """A book stopped being LIVE."""

    def on_order(self, venue: VenueName, order: Order) -> None:  # noqa: B027 (optional)
        """One of our orders changed."""

    def on_fill(self, venue: VenueName, fill: Fill) -> None:  # noqa: B027 (optional)
        """One of our orders was filled."""

    def on_timer(self) -> Sequence[Opportunity]:
        """`Interest.timer_ns` went by."""
        return ()

    def stop(self) -> None:  # noqa: B027 (optional)
        """Nothing more will be called."""
