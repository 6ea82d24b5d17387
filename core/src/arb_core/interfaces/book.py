"""Books: the storage (`OrderBook`), and what a reader sees of one that is kept in step with a venue (`LiveBook`)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from arb_core.structs.book import BookFault, BookState, Level
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Quote, Symbol, VenueName

__all__ = ["BookFactory", "LiveBook", "OrderBook", "Scanner"]


class OrderBook(ABC):
    """Levels of one instrument, without any idea of sequence or state. One test-suite runs over every implementation.

    `bid`, `bid_size`, `ask`, `ask_size` are plain attributes, always in step with the levels, NaN where a side is
    empty: the path from frame to verdict reads them without a call.
    """

    bid: float
    bid_size: float
    ask: float
    ask_size: float

    @abstractmethod
    def replace(self, bids: list[Level], asks: list[Level]) -> None:
        """Forget everything and take these levels.

        Raises:
            ValueError: a price is not finite and above 0, or a size not finite and at least 0. The book is then
                undefined.
        """

    @abstractmethod
    def apply(self, bids: list[Level], asks: list[Level]) -> None:
        """Set absolute sizes; 0 removes; removing an unknown level is normal. Raises as `replace`."""

    @abstractmethod
    def cut(self, depth: int) -> None:
        """Forget the levels beyond the best `depth` of each side."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything."""

    @abstractmethod
    def bids(self, limit: int) -> list[Level]:
        """Return the best `limit` bids, highest first; 0 = all."""

    @abstractmethod
    def asks(self, limit: int) -> list[Level]:
        """Return the best `limit` asks, lowest first; 0 = all."""

    @abstractmethod
    def depth(self) -> tuple[int, int]:
        """Return how many bids and asks are held."""


class LiveBook(Protocol):
    """A book in step with its venue, or unreadable.

    While it is not LIVE the four best-level attributes are NaN, so that every comparison with them is false.
    """

    venue: VenueName
    symbol: Symbol
    state: BookState
    fault: BookFault | None
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    last_id: int
    exchange_ns: int | None
    received_ns: int
    monotonic_ns: int
    """When the book last took a message."""

    def quote(self) -> Quote | None:
        """Return the best levels; None while not LIVE."""
        ...

    def bids(self, limit: int = 10) -> list[Level]:
        """Return bids, best first, never more than is truly maintained. Raises `BookUnavailable` while not LIVE."""
        ...

    def asks(self, limit: int = 10) -> list[Level]:
        """Return asks, best first. Raises `BookUnavailable` while not LIVE."""
        ...


class Scanner(Protocol):
    """Takes frames of one venue from bytes to an updated book in one call.

    It judges nothing: what is not plainly the next message of an armed book it leaves to the dialect, untouched.
    """

    last_id: int
    """Id of the last message that was applied."""
    exchange_ns: int
    """When the venue made it; 0 = it does not say."""

    def arm(self, pair: str, index: int, book: OrderBook, last_id: int, cut: int) -> None:
        """From now on change `book` by the messages of `pair` that follow on `last_id`, and `apply` returns `index`.

        `cut` levels a side are kept after each of them; 0 = all. Arming again moves the id.
        """
        ...

    def disarm(self, pair: str) -> None:
        """The messages of `pair` are the dialect's. Harmless when they are already."""
        ...

    def apply(self, frame: memoryview) -> int:
        """Return the index of the book that was changed, `NOT_NEXT` or `NOT_MINE`. A frame counts whole or not at all.

        The book is then no more than changed: it may be crossed.
        """
        ...


class BookFactory(Protocol):
    """Makes order books; the highest `rank` among the installed ones wins."""

    name: str
    rank: int

    def make(self) -> OrderBook:
        """Return an empty book."""
        ...

    def make_scanner(self, layouts: Sequence[WireLayout]) -> Scanner | None:
        """Return a scanner for books of this factory; None where it makes none for such layouts.

        Raises:
            ValueError: a layout contradicts itself or lacks an id.
        """
        ...
