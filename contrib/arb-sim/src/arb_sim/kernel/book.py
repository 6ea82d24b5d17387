"""A venue's own order book: levels in whole units, and the version that each change of them gets.

Entered by the market (which changes it) and by the sources of streams (which watch it). Prices count ticks of
10^-decimals, sizes lots, so that nothing is ever rounded.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from sortedcontainers import SortedList

__all__ = ["Book", "BookWatcher", "Ladder", "Snapshot", "Units"]

Units = tuple[int, int]
"""(price, size) in whole units."""


class Snapshot(NamedTuple):
    """A copy of a book, best levels first."""

    version: int
    bids: list[Units]
    asks: list[Units]
    at_ns: int
    """When it was copied."""

    def cut(self, limit: int) -> "Snapshot":
        """The best `limit` levels of it."""
        return self._replace(bids=self.bids[:limit], asks=self.asks[:limit])


class Ladder:
    """One side of a book, best level first.

    The keys are prices of asks and negated prices of bids, so that both sides sort the same way. Kept by a library on
    purpose: the client's books are our own code, and the venue they are compared with must not share its mistakes.
    """

    __slots__ = ("_keys", "_sign", "sizes")

    def __init__(self, *, bids: bool) -> None:
        self._sign = -1 if bids else 1
        self._keys: SortedList[int] = SortedList()
        self.sizes: dict[int, int] = {}
        """Price -> size, in no order."""

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Units]:
        """Every level, best first."""
        sign, sizes = self._sign, self.sizes
        return ((key * sign, sizes[key * sign]) for key in self._keys)

    def set(self, price: int, size: int) -> bool:
        """Give a level its size, 0 removes it; return whether anything changed."""
        before = self.sizes.get(price, 0)
        if before == size:
            return False
        if size == 0:
            del self.sizes[price]
            self._keys.remove(price * self._sign)
        else:
            self.sizes[price] = size
            if before == 0:
                self._keys.add(price * self._sign)
        return True

    @property
    def best(self) -> int | None:
        """The best price, None when empty."""
        return self._keys[0] * self._sign if self._keys else None

    @property
    def worst(self) -> int | None:
        """The price farthest from the market, None when empty."""
        return self._keys[-1] * self._sign if self._keys else None

    def at(self, index: int) -> int:
        """The price of the level at a rank, 0 = best."""
        return self._keys[index] * self._sign

    def top(self, depth: int) -> list[Units]:
        """The best `depth` levels."""
        sign, sizes = self._sign, self.sizes
        return [(key * sign, sizes[key * sign]) for key in self._keys.islice(0, depth)]


class BookWatcher(Protocol):
    """Hears of every change of one book."""

    def changed(self, bids: Sequence[Units], asks: Sequence[Units]) -> None:
        """These levels have these sizes now, 0 = gone; the book already has its new version."""
        ...


class Book:
    """Both sides and their version.

    With `ids_per_level` each changed level raises the version by one (MEXC), else each change of the book as a whole
    does (Gate.io, Binance).
    """

    __slots__ = ("_ids_per_level", "asks", "bids", "changed_ns", "version", "watchers")

    def __init__(self, *, version: int, ids_per_level: bool) -> None:
        self.bids = Ladder(bids=True)
        self.asks = Ladder(bids=False)
        self.version = version
        self.changed_ns = 0
        """When the book last changed, on the market's clock."""
        self.watchers: list[BookWatcher] = []
        self._ids_per_level = ids_per_level

    def snapshot(self, now_ns: int, limit: int | None = None) -> Snapshot:
        """Copy the best `limit` levels, None = all."""
        bids = list(self.bids) if limit is None else self.bids.top(limit)
        asks = list(self.asks) if limit is None else self.asks.top(limit)
        return Snapshot(self.version, bids, asks, now_ns)

    def change(self, bids: Sequence[Units], asks: Sequence[Units], now_ns: int) -> None:
        """Give levels their absolute sizes as one event; levels that stay as they are do not count."""
        bids = [level for level in bids if self.bids.set(*level)]
        asks = [level for level in asks if self.asks.set(*level)]
        changes = len(bids) + len(asks)
        if not changes:
            return
        self.version += changes if self._ids_per_level else 1
        self.changed_ns = now_ns
        for watcher in self.watchers:
            watcher.changed(bids, asks)
