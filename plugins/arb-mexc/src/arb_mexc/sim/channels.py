"""Market data by subscription: the public half of the socket. A stream's name is its channel."""

from collections.abc import Callable, Sequence
from hashlib import md5
from typing import TYPE_CHECKING, Any

from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import MONTH, WEEK, Candle, Interval
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.sources import AllStatistics, Bars, Best, Deltas, Depth, Prints, Statistics, Top, Update
from arb_sim.kernel.streams import Stream

from arb_mexc._proto.push_pb2 import PublicBookTickerV3Api, PublicMiniTickerV3Api, PushDataV3ApiWrapper
from arb_mexc.sim.spelling import price, quote, size

if TYPE_CHECKING:
    from arb_mexc.sim.venue import MexcVenue

__all__ = ["Channels"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

INTERVALS = {
    "Min1": Interval(MINUTE),
    "Min5": Interval(5 * MINUTE),
    "Min15": Interval(15 * MINUTE),
    "Min30": Interval(30 * MINUTE),
    "Min60": Interval(HOUR),
    "Hour4": Interval(4 * HOUR),
    "Hour8": Interval(8 * HOUR),
    "Day1": Interval(DAY),
    "Week1": WEEK,
    "Month1": MONTH,
}
SPEEDS = {"10ms": 10 * MS, "100ms": 100 * MS}
ZONES = {"24H", *(f"UTC{hours:+d}" for hours in range(-10, 14))}


class Channels:
    """Everything on the socket that needs no listen key."""

    def __init__(self, venue: "MexcVenue") -> None:
        self._venue = venue
        self._markets = venue.by_pair

    def open(self, name: str) -> Stream | None:  # noqa: PLR0911 (a table of channels)
        """Make the stream of a name; None = there is no such channel or pair."""
        match name.split("@"):
            case ["spot", "public.aggre.depth.v3.api.pb", speed, pair] if speed in SPEEDS and pair in self._markets:
                return self._aggregated(name, "book", speed, Deltas(self._markets[pair]), self._push_deltas)
            case ["spot", "public.aggre.deals.v3.api.pb", speed, pair] if speed in SPEEDS and pair in self._markets:
                return self._aggregated(name, "trades", speed, Prints(self._markets[pair]), self._push_deals)
            case ["spot", "public.aggre.bookTicker.v3.api.pb", speed, pair] if (
                speed in SPEEDS and pair in self._markets
            ):
                return self._aggregated(name, "quote", speed, Best(self._markets[pair]), self._push_best)
            case ["spot", "public.limit.depth.v3.api.pb", pair, "5" | "10" | "20" as depth] if pair in self._markets:
                source = Depth(self._markets[pair], int(depth))
                return self._aggregated(name, "depth", "100ms", source, self._push_depth)
            case ["spot", "public.bookTicker.batch.v3.api.pb", pair] if pair in self._markets:
                return self._aggregated(name, "quote", "100ms", Best(self._markets[pair]), self._push_batch)
            case ["spot", "public.kline.v3.api.pb", pair, interval] if pair in self._markets and interval in INTERVALS:
                return self._kline_stream(name, self._markets[pair], interval)
            case ["spot", "public.miniTicker.v3.api.pb", pair, zone] if pair in self._markets and zone in ZONES:
                day = Statistics(self._markets[pair])
                return Stream(name, "ticker", day, 3 * SECOND, lambda market, _: [self._push_mini(name, market)])
            case ["spot", "public.miniTickers.v3.api.pb", zone] if zone in ZONES:
                every = AllStatistics(list(self._markets.values()))
                return Stream(name, "ticker", every, 3 * SECOND, lambda markets, _: [self._push_minis(name, markets)])
            case _:
                return None

    def _aggregated(self, name: str, feed: str, speed: str, source: Any, push: Callable[..., bytes]) -> Stream:
        market: Market = source.market
        kind = name.rpartition("@")[0]
        event_type = kind.removesuffix(f"@{market.pair}")
        return Stream(
            name,
            feed,
            source,
            SPEEDS[speed],
            lambda taken, now_ns: [push(self._wrapper(name, market, now_ns), market, event_type, taken)],
        )

    def _wrapper(self, name: str, market: Market, now_ns: int) -> PushDataV3ApiWrapper:
        return PushDataV3ApiWrapper(channel=name, symbol=market.pair, sendTime=now_ns // MS)

    def _push_deltas(self, wrapper: PushDataV3ApiWrapper, market: Market, event_type: str, update: Update) -> bytes:
        body = wrapper.publicAggreDepths
        _add_levels(body.asks, market, update.asks)
        _add_levels(body.bids, market, update.bids)
        body.eventType = event_type
        body.fromVersion = str(update.first)
        body.toVersion = str(update.last)
        body.lastOrderCreateTime = self._venue.stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _push_depth(self, wrapper: PushDataV3ApiWrapper, market: Market, event_type: str, top: Top) -> bytes:
        body = wrapper.publicLimitDepths
        _add_levels(body.asks, market, top.asks)
        _add_levels(body.bids, market, top.bids)
        body.eventType = event_type
        body.version = str(top.version)
        body.lastOrderCreateTime = self._venue.stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _push_deals(
        self, wrapper: PushDataV3ApiWrapper, market: Market, event_type: str, trades: Sequence[Print]
    ) -> bytes:
        body = wrapper.publicAggreDeals
        for trade in trades:
            body.deals.add(
                price=price(market, trade.price),
                quantity=size(market, trade.size),
                tradeType=1 if trade.taker_buys else 2,
                time=self._venue.stamp(trade.at_ns),
                tradeId=f"{trade.number}X0_{trade.number}X1",
            )
        body.eventType = event_type
        return wrapper.SerializeToString()

    def _push_best(self, wrapper: PushDataV3ApiWrapper, market: Market, _event_type: str, top: Top) -> bytes:
        body = wrapper.publicAggreBookTicker
        best = _best(market, top)
        body.bidPrice, body.bidQuantity, body.askPrice, body.askQuantity = best
        body.version = str(top.version)
        body.lastOrderCreateTime = self._venue.stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _push_batch(self, wrapper: PushDataV3ApiWrapper, market: Market, _event_type: str, top: Top) -> bytes:
        body = wrapper.publicBookTickerBatch
        bid, bid_size, ask, ask_size = _best(market, top)
        body.items.append(PublicBookTickerV3Api(bidPrice=bid, bidQuantity=bid_size, askPrice=ask, askQuantity=ask_size))
        body.version = str(top.version)
        body.lastOrderCreateTime = self._venue.stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _kline_stream(self, name: str, market: Market, interval: str) -> Stream:
        source = Bars(market, INTERVALS[interval], self._venue.timeline)
        symbol_id = md5(market.pair.encode(), usedforsecurity=False).hexdigest()

        def push(candle: Candle, now_ns: int) -> bytes:
            wrapper = PushDataV3ApiWrapper(
                channel=name, symbol=market.pair, symbolId=symbol_id, createTime=now_ns // MS
            )
            body = wrapper.publicSpotKline
            body.interval = interval
            body.windowStart = candle.start_ns // SECOND
            body.windowEnd = candle.end_ns // SECOND
            body.openingPrice = price(market, candle.open)
            body.closingPrice = price(market, candle.close)
            body.highestPrice = price(market, candle.high)
            body.lowestPrice = price(market, candle.low)
            body.volume = size(market, candle.volume)
            body.amount = quote(market, candle.quote_volume)
            return wrapper.SerializeToString()

        return Stream(name, "klines", source, SECOND, lambda taken, now_ns: [push(candle, now_ns) for candle in taken])

    def _mini(self, market: Market) -> PublicMiniTickerV3Api:
        day = market.day
        rate = f"{(market.last_price - day.open) / day.open:.4f}"
        high, low = price(market, day.high), price(market, day.low)
        return PublicMiniTickerV3Api(
            symbol=market.pair,
            price=price(market, market.last_price),
            rate=rate,
            zonedRate=rate,
            high=high,
            low=low,
            volume=quote(market, day.quote_volume),
            quantity=size(market, day.volume),
            lastCloseRate=rate,
            lastCloseZonedRate=rate,
            lastCloseHigh=high,
            lastCloseLow=low,
        )

    def _push_mini(self, name: str, market: Market) -> bytes:
        wrapper = self._wrapper(name, market, self._venue.now_ns)
        wrapper.publicMiniTicker.CopyFrom(self._mini(market))
        return wrapper.SerializeToString()

    def _push_minis(self, name: str, markets: Sequence[Market]) -> bytes:
        wrapper = PushDataV3ApiWrapper(channel=name, sendTime=self._venue.now_ms)
        wrapper.publicMiniTickers.items.extend(self._mini(market) for market in markets)
        return wrapper.SerializeToString()


def _add_levels(items: Any, market: Market, levels: Sequence[Units]) -> None:
    """Prices with every decimal of the tick, sizes with eight: `84270.00`, `0.00638700`."""
    spelling, add = market.spelling, items.add
    for p, s in levels:
        add(price=spelling.price(p), quantity=spelling.size(s))


def _best(market: Market, top: Top) -> tuple[str, str, str, str]:
    bid, bid_size = (price(market, top.bids[0][0]), size(market, top.bids[0][1])) if top.bids else ("", "")
    ask, ask_size = (price(market, top.asks[0][0]), size(market, top.asks[0][1])) if top.asks else ("", "")
    return bid, bid_size, ask, ask_size
