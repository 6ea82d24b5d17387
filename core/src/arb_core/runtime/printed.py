"""The levels of a book as their venue printed them, and the sum over the best of them.

Entered by `booksync` alone, for venues whose checksums are made of printed numbers: `1.10` and `1.1` are one price and
two texts. A book keeps the texts of every level that it holds, for any of them may come among the best. Where a scanner
takes messages too, one book must know what either said: then the texts are where the levels are (`TextsOfBook`).
"""

from collections.abc import Sequence
from math import inf

from arb_core.interfaces.book import BookMark, OrderBook, PrintingBook
from arb_core.structs.book import BookFault, Checksum, Level, Printed, PrintedLevel

__all__ = ["PrintedBook", "TextsOfBook"]

_SPARE = 1024
"""Texts of levels that were cut off, before they are swept out."""


class PrintedBook:
    """The texts beside one `OrderBook`, which holds the numbers."""

    __slots__ = ("_ask_end", "_asks", "_bid_end", "_bids", "_latest", "_met", "_rule", "bad")

    def __init__(self, rule: Checksum) -> None:
        """Begin empty."""
        self.bad = 0
        """Checksums that the book did not meet."""
        self._met = 0
        self._rule = rule
        self._bids: dict[float, PrintedLevel] = {}
        self._asks: dict[float, PrintedLevel] = {}
        self._latest: int | None = None
        """The sum of the best levels, while nothing that it covers has changed."""
        self._bid_end = 0.0
        """Lowest price that the sum covers; 0 = any, for there were fewer levels than it may cover."""
        self._ask_end = inf

    @property
    def ok(self) -> int:
        """Checksums that the book met."""
        return self._met

    def clear(self) -> None:
        """Begin anew, before a whole book is taken."""
        self._bids.clear()
        self._asks.clear()
        self._latest = None

    def take(
        self, book: OrderBook, bids: Sequence[Level], asks: Sequence[Level], printed: Printed | None
    ) -> BookFault | None:
        """Take the texts of a message whose numbers the book has taken, and say what is wrong with the book now."""
        if printed is None or not _fits(printed, bids, asks):
            return BookFault.MALFORMED
        self._keep(bids, asks, printed)
        # Most changes of a deep book lie below the levels that count.
        if (bids and max(bids)[0] >= self._bid_end) or (asks and min(asks)[0] <= self._ask_end):
            self._latest = None
        return None if printed.checksum is None else self.judge(book, printed.checksum)

    def judge(self, book: OrderBook, checksum: int) -> BookFault | None:
        """Sum up the book as it stands, and say whether that is wrong."""
        if self._latest is None:
            self._latest = self._sum(book)
        if self._latest != checksum:
            self.bad += 1
            self._latest = None
            return BookFault.CHECKSUM
        self._met += 1
        return None

    def _keep(self, bids: Sequence[Level], asks: Sequence[Level], printed: Printed) -> None:
        for levels, texts, side in ((bids, printed.bids, self._bids), (asks, printed.asks, self._asks)):
            for (price, size), text in zip(levels, texts, strict=True):
                if size:
                    side[price] = text
                else:
                    side.pop(price, None)

    def _sum(self, book: OrderBook) -> int:
        depth = self._rule.depth
        best_bids, best_asks = book.bids(depth), book.asks(depth)
        self._bid_end = best_bids[-1][0] if len(best_bids) == depth else 0.0
        self._ask_end = best_asks[-1][0] if len(best_asks) == depth else inf
        bids = [self._bids[price] for price, _ in best_bids]
        asks = [self._asks[price] for price, _ in best_asks]
        return self._rule.of(bids, asks)

    def sweep(self, book: OrderBook) -> None:
        """Forget the texts of levels that the book holds no more."""
        for side, held, levels in zip((self._bids, self._asks), book.depth(), (book.bids, book.asks), strict=True):
            if len(side) > held + _SPARE:
                kept = {price: side[price] for price, _ in levels(0) if price in side}
                side.clear()
                side.update(kept)


class TextsOfBook(PrintedBook):
    """The same for a book that keeps its texts itself, because a scanner changes them too."""

    __slots__ = ("_book", "_mark")

    def __init__(self, rule: Checksum, book: PrintingBook, mark: BookMark) -> None:
        """Begin with a book that is summed up by a scanner, whose sums that are right the mark counts."""
        super().__init__(rule)
        self._book = book
        self._mark = mark

    @property
    def ok(self) -> int:
        return self._met + self._mark.verified

    def judge(self, book: OrderBook, checksum: int) -> BookFault | None:
        self._latest = None  # The scanner may have changed anything.
        return super().judge(book, checksum)

    def _keep(self, bids: Sequence[Level], asks: Sequence[Level], printed: Printed) -> None:
        self._book.note(list(bids), list(asks), printed)

    def _sum(self, book: OrderBook) -> int:
        return self._rule.of(*self._book.texts(self._rule.depth))


def _fits(printed: Printed, bids: Sequence[Level], asks: Sequence[Level]) -> bool:
    """Whether each level has its texts."""
    return len(printed.bids) == len(bids) and len(printed.asks) == len(asks)
