"""Everything of a venue that streams but books: market data by symbol, and what belongs to the account.

As plain callbacks (`watch_*`) and as async iterators.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakSet

from arb_core.errors import Disconnected, NotSupported
from arb_core.interfaces.context import Clock
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.markets import MarketTable
from arb_core.structs.account import Balance
from arb_core.structs.book import BookSnapshot
from arb_core.structs.card import Capability, ExchangeCard
from arb_core.structs.market import Kline, Quote, Symbol, Trade, VenueName
from arb_core.structs.order import Fill, Order
from arb_core.structs.stream import Feed, Topic
from arb_core.venue.account import VenueAccount
from arb_core.venue.demand import Demand
from arb_core.venue.instruments import Instruments
from arb_core.venue.updates import Updates
from arb_core.venue.waiting import WATCH_TIMEOUT_NS, in_time

__all__ = ["Feeds"]

T = TypeVar("T")

TRADES_KEPT = 1000
"""Trades, orders and fills that an async iterator keeps for a slow reader."""

_CAPABILITY = {
    Feed.DEPTH: Capability.DEPTH,
    Feed.QUOTE: Capability.QUOTE,
    Feed.TRADES: Capability.TRADES,
    Feed.KLINES: Capability.KLINES,
}


class Feeds(ABC):
    """One half of a `Venue`. The other half sets what stands here as attributes."""

    name: VenueName
    card: ExchangeCard
    clock: Clock
    markets: MarketTable
    _dispatch: Dispatch
    _demand: Demand
    _instruments: Instruments
    _trouble: str
    """Why there is no connection, as last heard."""

    def __init__(self) -> None:
        self._updates: WeakSet[Updates[Any]] = WeakSet()

    @property
    @abstractmethod
    def account(self) -> VenueAccount:
        """The account that the venue was opened with. Raises `SettingsError` without one."""

    async def watch_trades(
        self, symbol: Symbol, listener: Callable[[Trade], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every public trade; return what ends that. Returns when the subscription stands.

        A listener that raises is unplugged and reported as an event.

        Raises:
            InvalidSymbol: the venue does not list it; near matches are named.
            NotSupported: the venue has no such feed, depth or interval.
            Refused: the venue refused the subscription.
            Disconnected: the venue could not be reached within `timeout_ns`.
        """
        return await self._watch(
            symbol, Topic(Feed.TRADES), lambda pair: self._dispatch.on_trade(pair, symbol, listener), timeout_ns
        )

    async def watch_quotes(
        self, symbol: Symbol, listener: Callable[[Quote], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every best bid and ask; as `watch_trades`."""
        return await self._watch(
            symbol, Topic(Feed.QUOTE), lambda pair: self._dispatch.on_quote(pair, symbol, listener), timeout_ns
        )

    async def watch_depth(
        self,
        symbol: Symbol,
        depth: int,
        listener: Callable[[BookSnapshot], None],
        *,
        timeout_ns: int = WATCH_TIMEOUT_NS,
    ) -> Callable[[], None]:
        """Call `listener` with the best `depth` levels, whole (a depth of the card), each time; as `watch_trades`."""
        return await self._watch(
            symbol,
            Topic(Feed.DEPTH, depth=depth),
            lambda pair: self._dispatch.on_depth(pair, depth, symbol, listener),
            timeout_ns,
        )

    async def watch_klines(
        self, symbol: Symbol, interval: str, listener: Callable[[Kline], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every state of a candle (an interval of the card); as `watch_trades`."""
        return await self._watch(
            symbol,
            Topic(Feed.KLINES, interval=interval),
            lambda pair: self._dispatch.on_kline(pair, interval, symbol, listener),
            timeout_ns,
        )

    def trades(self, symbol: Symbol, *, limit: int = TRADES_KEPT) -> Updates[Trade]:
        """Iterate over public trades; a reader more than `limit` behind loses the oldest (`Updates.dropped`)."""
        return self._iterate(Updates(lambda take: self.watch_trades(symbol, take), key=None, limit=limit))

    def quotes(self, symbol: Symbol) -> Updates[Quote]:
        """Iterate over the best bid and ask, always the latest."""
        return self._iterate(Updates(lambda take: self.watch_quotes(symbol, take), key=_the_only, limit=1))

    def depths(self, symbol: Symbol, depth: int) -> Updates[BookSnapshot]:
        """Iterate over the best `depth` levels, always the latest."""
        return self._iterate(Updates(lambda take: self.watch_depth(symbol, depth, take), key=_the_only, limit=1))

    def klines(self, symbol: Symbol, interval: str, *, limit: int = TRADES_KEPT) -> Updates[Kline]:
        """Iterate over candles, the latest state of each."""
        return self._iterate(Updates(lambda take: self.watch_klines(symbol, interval, take), key=_candle, limit=limit))

    # -- what belongs to the account ------------------------------------------------------------------------------

    async def watch_orders(
        self, listener: Callable[[Order], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every change of one of the account's orders; return what ends that.

        Returns when the subscription stands: what happened before, a query tells. A change may come twice, and late. A
        listener that raises is unplugged and reported as an event.

        Raises:
            SettingsError: the venue was opened without a key.
            NotSupported: the venue has no such stream.
            Refused: the venue refused the subscription.
            Disconnected: the venue could not be reached within `timeout_ns`.
        """
        return await self.account.watch(Feed.ORDERS, lambda dispatch: dispatch.orders.add(listener), timeout_ns)

    async def watch_fills(
        self, listener: Callable[[Fill], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every execution of one of the account's orders; as `watch_orders`."""
        return await self.account.watch(Feed.FILLS, lambda dispatch: dispatch.fills.add(listener), timeout_ns)

    async def watch_balances(
        self, listener: Callable[[Balance], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` when the account's balance of an asset changes; as `watch_orders`."""
        return await self.account.watch(Feed.BALANCES, lambda dispatch: dispatch.balances.add(listener), timeout_ns)

    def orders(self, *, limit: int = TRADES_KEPT) -> Updates[Order]:
        """Iterate over changes of orders; a reader more than `limit` behind loses the oldest (`Updates.dropped`)."""
        return self._iterate(Updates(self.watch_orders, key=None, limit=limit))

    def fills(self, *, limit: int = TRADES_KEPT) -> Updates[Fill]:
        """Iterate over executions; a reader more than `limit` behind loses the oldest (`Updates.dropped`)."""
        return self._iterate(Updates(self.watch_fills, key=None, limit=limit))

    def balances(self, *, limit: int = TRADES_KEPT) -> Updates[Balance]:
        """Iterate over balances, the latest of each asset."""
        return self._iterate(Updates(self.watch_balances, key=_asset, limit=limit))

    # -- both -----------------------------------------------------------------------------------------------------

    def _iterate(self, updates: Updates[T]) -> Updates[T]:
        self._updates.add(updates)
        return updates

    def _close_updates(self) -> None:
        for updates in tuple(self._updates):
            updates.close()

    async def _watch(
        self, symbol: Symbol, feed: Topic, plug: Callable[[str], Callable[[], None]], timeout_ns: int
    ) -> Callable[[], None]:
        if _CAPABILITY[feed.feed] not in self.card.capabilities:
            raise NotSupported(f"{self.card.id} has no feed of {feed.feed}")
        ends: list[Callable[[], None]] = []

        async def begin() -> None:
            await self._instruments.known()
            pair = self.markets.pair(symbol)
            topic = Topic(feed.feed, pair, feed.depth, feed.interval)
            try:
                ends.append(self._demand.join([topic]))
            except ValueError as error:
                raise NotSupported(str(error)) from error
            ends.append(plug(pair))
            await self._demand.stands(topic)

        def end() -> None:
            while ends:
                ends.pop()()

        try:
            await in_time(self.clock, timeout_ns, begin(), lambda: Disconnected(self._trouble, venue=self.name))
        except BaseException:
            end()
            raise
        return end


def _the_only(_update: object) -> int:
    """Stand for the only key: each update replaces the one before."""
    return 0


def _candle(kline: Kline) -> int:
    return kline.open_ns


def _asset(balance: Balance) -> str:
    return balance.asset
