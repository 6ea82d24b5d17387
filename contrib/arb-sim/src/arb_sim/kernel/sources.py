"""What changed in a market since the last push: one source per kind of stream.

A source sleeps until it is attached; then it wakes its stream at the first change, and the stream takes what has
gathered when its moment comes. All subscribers of one stream share one source, so each frame is made once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import islice
from math import inf
from typing import Generic, NamedTuple, TypeVar

from arb_sim.kernel.book import Ladder, Units
from arb_sim.kernel.candles import Candle, Interval
from arb_sim.kernel.market import Market, Print
from arb_sim.timeline import Timeline

__all__ = [
    "AllStatistics",
    "Bars",
    "Best",
    "Deltas",
    "Depth",
    "Gatherer",
    "Prints",
    "Source",
    "Statistics",
    "Top",
    "TopDeltas",
    "Update",
]

T = TypeVar("T")


class Update(NamedTuple):
    """Changes of a book that lead from version `first - 1` to `last`."""

    first: int
    last: int
    bids: Sequence[Units]
    asks: Sequence[Units]


class Top(NamedTuple):
    """The best levels of a book at a version."""

    version: int
    bids: list[Units]
    asks: list[Units]


class Gatherer(ABC, Generic[T]):
    """Gathers what happens, for one stream."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        """Set by the stream; harmless when it is already awake."""

    @abstractmethod
    def attach(self) -> None:
        """Begin to watch: the stream has its first subscriber."""

    @abstractmethod
    def detach(self) -> None:
        """Stop: it lost its last one."""

    @abstractmethod
    def take(self) -> T | None:
        """Return what is new since the last time, None when nothing is."""


class Source(Gatherer[T]):
    """One that watches a market."""

    def __init__(self, market: Market) -> None:
        super().__init__()
        self.market = market


class _BookSource(Source[T]):
    """A source that watches the book."""

    def attach(self) -> None:
        self.market.book.watchers.append(self)
        self.market.watch()

    def detach(self) -> None:
        self.market.book.watchers.remove(self)
        self.market.unwatch()

    def changed(self, bids: Sequence[Units], asks: Sequence[Units]) -> None:
        """Take one event of the book."""
        self.wake()


class Deltas(_BookSource[Update]):
    """Every changed level of the whole book, each with its newest size."""

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._last = 0

    def attach(self) -> None:
        super().attach()
        self._last = self.market.book.version
        self._bids.clear()
        self._asks.clear()

    def changed(self, bids: Sequence[Units], asks: Sequence[Units]) -> None:
        self._bids.update(bids)
        self._asks.update(asks)
        self.wake()

    def take(self) -> Update | None:
        version = self.market.book.version
        if version == self._last:
            return None
        update = Update(self._last + 1, version, list(self._bids.items()), list(self._asks.items()))
        self._last = version
        self._bids.clear()
        self._asks.clear()
        return update


class TopDeltas(_BookSource[Update]):
    """Changes among the best `depth` levels alone.

    A level that enters the range is sent, one that leaves the book is sent as 0. One that others push out of the range
    is sent as 0 as well when `ends_told`; else it is not mentioned again, and a follower that keeps more levels than
    the stream is wrong.

    Every level is named that was within the range at any moment since the last push and is not what it was then: a
    follower may have begun from a snapshot of that moment.
    """

    def __init__(self, market: Market, depth: int, *, ends_told: bool = False) -> None:
        super().__init__(market)
        self.depth = depth
        self._bids = _TopSide(market.book.bids, depth, sign=-1, ends_told=ends_told)
        self._asks = _TopSide(market.book.asks, depth, sign=1, ends_told=ends_told)
        self._last = 0

    def attach(self) -> None:
        super().attach()
        self._last = self.market.book.version
        self._bids.take()
        self._asks.take()

    def changed(self, bids: Sequence[Units], asks: Sequence[Units]) -> None:
        self._bids.changed(bids)
        self._asks.changed(asks)
        self.wake()

    def take(self) -> Update | None:
        version = self.market.book.version
        if version == self._last:
            return None
        update = Update(self._last + 1, version, self._bids.take(), self._asks.take())
        if not update.bids and not update.asks:
            return None  # only deeper levels changed: the next frame covers their ids too
        self._last = version
        return update


class _TopSide:
    """What happened to the best levels of one side since the last push. Ranks are compared as price * sign."""

    def __init__(self, ladder: Ladder, depth: int, *, sign: int, ends_told: bool) -> None:
        self._ladder = ladder
        self._depth = depth
        self._sign = sign
        self._ends_told = ends_told
        self._shown: dict[int, int] = {}
        self._touched: set[int] = set()
        self._narrowest = self._widest = inf
        """Where the range ended when it was narrowest and widest."""

    def changed(self, levels: Sequence[Units]) -> None:
        """Take one event of the book."""
        self._touched.update(price for price, _ in levels)
        end = self._end()
        self._narrowest = min(self._narrowest, end)
        self._widest = max(self._widest, end)

    def take(self) -> list[Units]:
        """Return what is to be told, and begin anew."""
        sign, sizes, shown, touched = self._sign, self._ladder.sizes, self._shown, self._touched
        now = dict(self._ladder.top(self._depth))
        told = [
            (price, size)
            for price, size in now.items()
            if price in touched or shown.get(price) != size or price * sign > self._narrowest
        ]
        seen = set(shown)
        seen.update(price for price in touched if price * sign <= self._widest)
        if self._ends_told:
            for price, _ in islice(self._ladder, self._depth, None):
                if price * sign > self._widest:
                    break
                seen.add(price)
        told += [(price, 0) for price in sorted(seen) if price not in (now if self._ends_told else sizes)]
        self._shown = now
        self._touched = set()
        self._narrowest = self._widest = self._end()
        return told

    def _end(self) -> float:
        """The rank of the last level in the range; infinite while there is room for more."""
        return self._ladder.at(self._depth - 1) * self._sign if len(self._ladder) >= self._depth else inf


class Depth(_BookSource[Top]):
    """The best `depth` levels whole, each time one of them changed."""

    def __init__(self, market: Market, depth: int) -> None:
        super().__init__(market)
        self.depth = depth
        self._shown: tuple[list[Units], list[Units]] | None = None

    def attach(self) -> None:
        super().attach()
        self._shown = None
        self.wake()

    def take(self) -> Top | None:
        book = self.market.book
        shown = book.bids.top(self.depth), book.asks.top(self.depth)
        if shown == self._shown:
            return None
        self._shown = shown
        return Top(book.version, *shown)


class Best(Depth):
    """The best level of each side, each time it changed."""

    def __init__(self, market: Market) -> None:
        super().__init__(market, 1)


class Prints(Source[list[Print]]):
    """The trades since the last push."""

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._fresh: list[Print] = []

    def attach(self) -> None:
        self._fresh = []
        self.market.trade_watchers.append(self)
        self.market.watch()

    def detach(self) -> None:
        self.market.trade_watchers.remove(self)
        self.market.unwatch()

    def printed(self, trade: Print) -> None:
        """Take one trade."""
        self._fresh.append(trade)
        self.wake()

    def take(self) -> list[Print] | None:
        fresh, self._fresh = self._fresh, []
        return fresh or None


class Bars(Source[list[Candle]]):
    """The candles that changed since the last push: those that ended, then the present one."""

    def __init__(self, market: Market, interval: Interval, timeline: Timeline) -> None:
        super().__init__(market)
        self.interval = interval
        self._timeline = timeline
        self._attached = 0
        self._present: Candle | None = None
        self._pushed = -1

    def attach(self) -> None:
        self._attached += 1
        self.market.trade_watchers.append(self)
        self.market.watch()
        self._present = None
        self._end_of_window(self._attached)

    def detach(self) -> None:
        self._attached += 1
        self.market.trade_watchers.remove(self)
        self.market.unwatch()

    def printed(self, trade: Print) -> None:
        """Take one trade."""
        self.wake()

    def _end_of_window(self, attached: int) -> None:
        """Show the candle when it begins and when it has ended, also without a trade."""
        if attached == self._attached:
            self.wake()
            now_ns = self._timeline.now_ns
            end_ns = self.market.candles(self.interval, now_ns).last(now_ns).end_ns
            self._timeline.call_at(end_ns, lambda: self._end_of_window(attached))

    def take(self) -> list[Candle] | None:
        now_ns = self._timeline.now_ns
        present = self.market.candles(self.interval, now_ns).last(now_ns)
        before, self._present = self._present, present
        changed = before is not present or present.count != self._pushed
        self._pushed = present.count
        if not changed:
            return None
        return [present] if before is None or before is present else [before, present]


class Statistics(Source[Market]):
    """The 24-hour figures, each time a trade or a new best level changed them."""

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._best = Best(market)

    def attach(self) -> None:
        self._best.wake = self.wake
        self._best.attach()
        self.market.trade_watchers.append(self)
        self.wake()

    def detach(self) -> None:
        self._best.detach()
        self.market.trade_watchers.remove(self)

    def printed(self, trade: Print) -> None:
        """Take one trade."""
        self.wake()

    def take(self) -> Market | None:
        self._best.take()
        return self.market


class AllStatistics(Source[list[Market]]):
    """The 24-hour figures of every market in which something was traded since the last push."""

    def __init__(self, markets: Sequence[Market]) -> None:
        super().__init__(markets[0])
        self._markets = markets
        self._shown: dict[str, int] = {}

    def attach(self) -> None:
        self._shown.clear()
        for market in self._markets:
            market.trade_watchers.append(self)
            market.watch()
        self.wake()

    def detach(self) -> None:
        for market in self._markets:
            market.trade_watchers.remove(self)
            market.unwatch()

    def printed(self, trade: Print) -> None:
        """Take one trade."""
        self.wake()

    def take(self) -> list[Market] | None:
        changed = [market for market in self._markets if self._shown.get(market.pair) != market.day.count]
        self._shown.update((market.pair, market.day.count) for market in changed)
        return changed or None
