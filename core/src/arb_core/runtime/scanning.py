"""The short way of a depth message: a scanner applies it to its book, and Python only hears of it.

Entered by the venue, which makes it, and by `dispatch` with every frame. A book is armed while it is LIVE and stands at
a known id; `booksync` says when, and remains the only owner of its state.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from arb_core.interfaces.book import BookFactory, OrderBook, Scanner
from arb_core.structs.book import BookRule, SequenceRule
from arb_core.structs.layout import WireLayout

if TYPE_CHECKING:
    from arb_core.runtime.booksync import BookSync

__all__ = ["Arm", "Scanning"]


class Arm:
    """What one book calls to hand its messages to the scanner, and to have them back."""

    __slots__ = ("_book", "_cut", "_index", "_pair", "_scanner")

    def __init__(self, scanner: Scanner, pair: str, index: int, book: OrderBook, cut: int) -> None:
        self._scanner = scanner
        self._pair = pair
        self._index = index
        self._book = book
        self._cut = cut

    def arm(self, last_id: int) -> None:
        """The book is LIVE and stands at `last_id`."""
        self._scanner.arm(self._pair, self._index, self._book, last_id, self._cut)

    def disarm(self) -> None:
        """The book is not LIVE."""
        self._scanner.disarm(self._pair)


class Scanning:
    """One venue's scanner and the books that it may change."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.apply: Callable[[memoryview], int] = scanner.apply
        self.books: list[BookSync | None] = []
        """By the index that `apply` returns."""
        self.latest: BookSync | None = None
        """The one that the latest frame changed."""

    @classmethod
    def of(cls, factory: BookFactory, layouts: Sequence[WireLayout], rule: BookRule) -> "Scanning | None":
        """Return one where the factory makes scanners for these layouts, and the rule can be kept by them.

        Checksums are taken over what was printed, and a feed without ids is applied on trust: both stay in Python.
        """
        if not layouts or rule.checksum is not None or rule.ids is SequenceRule.NONE:
            return None
        scanner = factory.make_scanner(layouts)
        return None if scanner is None else cls(scanner)

    def add(self, book: "BookSync", pair: str) -> None:
        """Let a book be armed whenever it is LIVE."""
        cut = (book.rule.kept_depth or 0) if book.rule.cut_each_update else 0
        if None not in self.books:
            self.books.append(None)
        index = self.books.index(None)
        self.books[index] = book
        book.armed_by(Arm(self.scanner, pair, index, book.book, cut))

    def remove(self, book: "BookSync") -> None:
        """Forget a book that is stopped. Harmless when it was never added."""
        if book in self.books:
            self.books[self.books.index(book)] = None
