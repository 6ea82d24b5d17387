"""Books: the storage (`OrderBook`), and what a reader sees of one that is kept in step with a venue (`LiveBook`)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from arb_core.structs.book import BookFault, BookState, Checksum, Level, Printed, PrintedLevel
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Quote, Symbol, VenueName

__all__ = ["BookFactory", "BookMark", "LiveBook", "OrderBook", "PrintingBook", "ScannedBook", "Scanner"]


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


class PrintingBook(OrderBook):
    """An order book that keeps beside its levels how they were printed, where a scanner sums it up.

    What the scanner applies, it takes as printed; whoever calls `replace` or `apply` then tells the texts by `note`.
    """

    @abstractmethod
    def note(self, bids: list[Level], asks: list[Level], printed: Printed) -> None:
        """Keep how the levels of a message were printed that the book took just now.

        Raises:
            ValueError: no scanner sums this book up.
        """

    @abstractmethod
    def texts(self, limit: int) -> tuple[list[PrintedLevel], list[PrintedLevel]]:
        """Return how the best `limit` bids and asks were printed, best first; 0 = all. Raises as `note`.

        Raises:
            KeyError: of one it was never told.
        """


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
    monotonic_ns: int
    """When the book last took a message."""

    @property
    def last_id(self) -> int:
        """Id of that message; `NO_ID` where the venue gives none."""
        ...

    @property
    def exchange_ns(self) -> int | None:
        """When the venue made it."""
        ...

    @property
    def received_ns(self) -> int:
        """When it arrived, by the clock on the wall."""
        ...

    def quote(self) -> Quote | None:
        """Return the best levels; None while not LIVE."""
        ...

    def bids(self, limit: int = 10) -> list[Level]:
        """Return bids, best first, never more than is truly maintained. Raises `BookUnavailable` while not LIVE."""
        ...

    def asks(self, limit: int = 10) -> list[Level]:
        """Return asks, best first. Raises `BookUnavailable` while not LIVE."""
        ...


class BookMark(Protocol):
    """How far a book has come: what its latest message said of itself, and how many there were."""

    last_id: int
    exchange_ns: int | None
    received_ns: int
    applied: int
    verified: int
    """Checksums that the scanner found to be those of the book."""


class ScannedBook(LiveBook, Protocol):
    """A `LiveBook` whose best levels and `monotonic_ns` a scanner writes while it is armed."""

    def scanned(
        self, last_id: int, exchange_ns: int | None, received_ns: int, monotonic_ns: int, checksum: int | None
    ) -> None:
        """Judge a message that the scanner applied and may not show by itself; what is right is shown, and told.

        `checksum` is one that the scanner did not meet, or could not sum up.
        """
        ...


B = TypeVar("B", bound=ScannedBook)


class Scanner(Protocol):
    """Takes frames of one venue from bytes to the listener of an updated book in one call.

    It decides nothing. What is not plainly the next message of an armed book it leaves to the dialect, untouched; and
    where a message leaves the best levels out of order or out of what is known, it shows nothing and calls `scanned`.
    """

    @property
    def applied(self) -> int:
        """How many messages were applied so far, of all books."""
        ...

    def add(
        self,
        pair: str,
        book: B,
        levels: OrderBook,
        *,
        cut: int,
        on_book: Callable[[B], None],
        on_broken: Callable[[B, Exception], None],
        checksum: Checksum | None = None,
    ) -> BookMark:
        """Know a book by the pair of its messages, and return its mark; it takes none before it is armed.

        A message changes `levels`, of which the best `cut` a side are kept (0 = all); then what changed is written to
        `book`, the mark moves, and `on_book` is called. `on_broken` is told what `on_book` or `scanned` raised.

        With a `checksum`, which has a spelling, a message must bear one. The book is summed up after it and shown
        where the sum is right; `levels` is then a `PrintingBook`, which keeps texts from now on.
        """
        ...

    def remove(self, pair: str) -> None:
        """Forget a book. Harmless when it is not known."""
        ...

    def arm(self, pair: str, last_id: int, floor: float, ceiling: float, places: tuple[int, int] | None = None) -> None:
        """From now on apply the messages of `pair` that follow on `last_id`. Arming again moves the id.

        Without ids (`SequenceRule.NONE`) all follow but those that bear one up to `last_id`, and those that the venue
        made before the one that the mark stands at. For a book that is summed up, `places` are the decimals with which
        prices and sizes count; None = those that are printed.

        `book` must show the best levels of `levels`. Those that a message leaves are shown at once where
        `floor <= bid < ask <= ceiling`.
        """
        ...

    def disarm(self, pair: str) -> None:
        """The messages of `pair` are the dialect's. Harmless when they are already."""
        ...

    def apply(self, frame: memoryview, received_ns: int, monotonic_ns: int) -> ScannedBook | None:
        """Return the book that took the frame; None: nothing has happened. A frame counts whole or not at all."""
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
