"""The venue's book at every version it ever had: the truth that a client's book is compared with.

Entered by tests only; a venue in use remembers no past.
"""

from bisect import bisect_right
from collections.abc import Sequence

from arb_sim.kernel.book import Book, Units

__all__ = ["History"]

_BASE_EVERY = 512
"""Events between two whole copies: the most that looking back has to run again."""

Sides = tuple[dict[int, int], dict[int, int]]


class History:
    """Remembers one book from now on.

    Raises:
        LookupError: from `at` and `top`, for a version the book never stood at while it was watched.
    """

    def __init__(self, book: Book, *, keep: int | None = None) -> None:
        """With `keep`, at least so many of the last events are remembered; older ones are forgotten."""
        self._book = book
        self._keep = keep
        self._events: list[tuple[int, Sequence[Units], Sequence[Units]]] = []
        self._versions: list[int] = []
        self._bases: list[tuple[int, Sides]] = []
        self._base_versions: list[int] = []
        self._add_base()
        self._at: tuple[int, int, Sides] | None = None
        book.watchers.append(self)

    def stop(self) -> None:
        """Remember no more."""
        self._book.watchers.remove(self)

    def _add_base(self) -> None:
        self._bases.append((len(self._events), (dict(self._book.bids.sizes), dict(self._book.asks.sizes))))
        self._base_versions.append(self._book.version)

    def changed(self, bids: Sequence[Units], asks: Sequence[Units]) -> None:
        """Take one event of the book."""
        self._events.append((self._book.version, bids, asks))
        self._versions.append(self._book.version)
        if len(self._events) - self._bases[-1][0] >= _BASE_EVERY:
            self._add_base()
            self._forget()

    def _forget(self) -> None:
        if self._keep is None:
            return
        drop = max(
            (n for n, (events, _) in enumerate(self._bases) if len(self._events) - events >= self._keep), default=0
        )
        if drop:
            events = self._bases[drop][0]
            del self._events[:events], self._versions[:events]
            self._bases = [(first - events, sides) for first, sides in self._bases[drop:]]
            del self._base_versions[:drop]
            self._at = None

    def at(self, version: int) -> Sides:
        """Return bids and asks, price -> size, as they were at a version. The maps are valid until the next call."""
        index = bisect_right(self._base_versions, version) - 1
        if index < 0:
            raise LookupError(
                f"version {version} is older than {self._base_versions[0]}, the oldest that is remembered"
            )
        position, copy = self._bases[index]
        if self._at is not None and self._at[0] <= version and self._at[1] >= position:
            reached, position, sides = self._at
        else:
            reached, sides = self._base_versions[index], (dict(copy[0]), dict(copy[1]))
        while position < len(self._events) and self._events[position][0] <= version:
            reached, bids, asks = self._events[position]
            for side, levels in zip(sides, (bids, asks), strict=True):
                for price, size in levels:
                    if size:
                        side[price] = size
                    else:
                        side.pop(price, None)
            position += 1
        self._at = (reached, position, sides)
        if reached != version:
            raise LookupError(f"the book never stood at version {version}; the one before it is {reached}")
        return sides

    @property
    def oldest(self) -> int:
        """The first version that is remembered."""
        return self._base_versions[0]

    def since(self, version: int) -> list[int]:
        """Return the versions that the book has stood at after one, as far as they are remembered."""
        return self._versions[bisect_right(self._versions, version) :]

    def top(self, version: int, depth: int) -> tuple[list[Units], list[Units]]:
        """Return the best `depth` bids and asks at a version."""
        bids, asks = self.at(version)
        return sorted(bids.items(), reverse=True)[:depth], sorted(asks.items())[:depth]
