"""The order book in pure Python: storage of levels, without any idea of sequence or state.

Entered by whoever makes books (`SORTED` is the factory that is always there) and by `booksync`, which alone writes.

A side is a dict price -> size and a plain list of its prices, sorted, the best one last. Measured in one process
against `sortedcontainers.SortedDict` (5 changed levels a message, thread CPU time): 2.2 times its speed over 1,000
levels a side, 1.6 times over 20,000. A change of size touches the dict alone; an insertion is a binary search and a
move of the pointers between that level and the best one, both in C, and markets change near the best; SortedDict does
the same below several Python calls. Prices of the asks are kept negated, so that their best is last, too.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from math import inf, nan

from arb_core.interfaces.book import OrderBook
from arb_core.structs.book import Level
from arb_core.structs.layout import WireLayout

__all__ = ["SORTED", "SortedBook", "SortedBookFactory"]

_BID = 1.0
_ASK = -1.0


class SortedBook(OrderBook):
    """Levels keyed by price; see `OrderBook` for the promises."""

    __slots__ = ("_ask_keys", "_ask_sizes", "_bid_keys", "_bid_sizes", "ask", "ask_size", "bid", "bid_size")

    def __init__(self) -> None:
        """Begin empty."""
        self.clear()

    def clear(self) -> None:
        self._bid_sizes: dict[float, float] = {}
        self._ask_sizes: dict[float, float] = {}
        self._bid_keys: list[float] = []
        self._ask_keys: list[float] = []
        self.bid = self.bid_size = self.ask = self.ask_size = nan

    def replace(self, bids: list[Level], asks: list[Level]) -> None:
        self._bid_sizes = _checked(bids)
        self._ask_sizes = _checked(asks)
        self._bid_keys = sorted(self._bid_sizes)
        self._ask_keys = sorted([-price for price in self._ask_sizes])
        self._read_best_bid()
        self._read_best_ask()

    def apply(self, bids: list[Level], asks: list[Level]) -> None:
        # `_read_best_*` written out: a call costs more than its work, and this runs for every message of every venue.
        if bids:
            sizes, keys = self._bid_sizes, self._bid_keys
            _merge(bids, sizes, keys, _BID)
            if keys:
                self.bid = price = keys[-1]
                self.bid_size = sizes[price]
            else:
                self.bid = self.bid_size = nan
        if asks:
            sizes, keys = self._ask_sizes, self._ask_keys
            _merge(asks, sizes, keys, _ASK)
            if keys:
                self.ask = price = -keys[-1]
                self.ask_size = sizes[price]
            else:
                self.ask = self.ask_size = nan

    def cut(self, depth: int) -> None:
        if (excess := len(self._bid_keys) - depth) > 0:
            for key in self._bid_keys[:excess]:
                del self._bid_sizes[key]
            del self._bid_keys[:excess]
            self._read_best_bid()
        if (excess := len(self._ask_keys) - depth) > 0:
            for key in self._ask_keys[:excess]:
                del self._ask_sizes[-key]
            del self._ask_keys[:excess]
            self._read_best_ask()

    def bids(self, limit: int) -> list[Level]:
        keys, sizes = self._bid_keys, self._bid_sizes
        return [(key, sizes[key]) for key in reversed(keys[-limit:])]

    def asks(self, limit: int) -> list[Level]:
        keys, sizes = self._ask_keys, self._ask_sizes
        return [(-key, sizes[-key]) for key in reversed(keys[-limit:])]

    def depth(self) -> tuple[int, int]:
        return len(self._bid_keys), len(self._ask_keys)

    def _read_best_bid(self) -> None:
        self.bid = self._bid_keys[-1] if self._bid_keys else nan
        self.bid_size = self._bid_sizes[self.bid] if self._bid_keys else nan

    def _read_best_ask(self) -> None:
        self.ask = -self._ask_keys[-1] if self._ask_keys else nan
        self.ask_size = self._ask_sizes[self.ask] if self._ask_keys else nan


def _merge(levels: list[Level], sizes: dict[float, float], keys: list[float], sign: float) -> None:
    """Set absolute sizes of one side, in order, so that the last of equal prices wins.

    A price that is held was checked when it came, so the common case pays for one comparison chain, that of the size.
    """
    for price, size in levels:
        if price in sizes:
            if 0.0 < size < inf:
                sizes[price] = size
            elif size == 0.0:
                del sizes[price]
                del keys[bisect_left(keys, sign * price)]
            else:
                raise _bad_level(price, size)
        elif 0.0 < price < inf and 0.0 < size < inf:
            sizes[price] = size
            insort(keys, sign * price)
        elif not (0.0 < price < inf and size == 0.0):
            raise _bad_level(price, size)


def _checked(levels: list[Level]) -> dict[float, float]:
    """Return a whole side; a size of 0 is no level."""
    sizes = dict(levels)
    holds_empty = False
    for price, size in levels:
        if not (0.0 < price < inf and 0.0 < size < inf):
            if not (0.0 < price < inf and size == 0.0):
                raise _bad_level(price, size)
            holds_empty = True
    return {price: size for price, size in sizes.items() if size} if holds_empty else sizes


def _bad_level(price: float, size: float) -> ValueError:
    return ValueError(
        f"a level has a finite price above 0 and a finite size of at least 0, found {size!r} at {price!r}"
    )


class SortedBookFactory:
    """Makes `SortedBook`s. Rank 0: any other installed factory is preferred, unless `ARB_BOOK=python`."""

    name = "python"
    rank = 0

    def make(self) -> OrderBook:
        """Return an empty book."""
        return SortedBook()

    def make_scanner(self, layouts: Sequence[WireLayout]) -> None:
        """Make none: the dialect decodes."""


SORTED = SortedBookFactory()
