"""Market data by request: the public half of REST.

Source: https://docs.kraken.com/api/docs/rest-api/get-server-time and its neighbours.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import Candle, Interval
from arb_sim.kernel.market import Market, Print, Status
from arb_sim.kernel.rest import json
from arb_sim.kernel.rest import number as whole
from arb_sim.kernel.spelling import padded
from arb_sim.venue import Response

from arb_kraken.sim.spelling import Declined, altname, asset_name, invalid, plain, result, seconds

if TYPE_CHECKING:
    from arb_kraken.sim.venue import KrakenVenue

__all__ = ["INTERVALS", "MarketData"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND

INTERVALS = {minutes: Interval(minutes * MINUTE) for minutes in (1, 5, 15, 30, 60, 240, 1440, 10_080, 21_600)}
"""By their minutes; all are counted from the epoch."""

CANDLES = 720
"""Most rows of `OHLC`."""

BY_PAIR = {"Trades", "OHLC"}
"""Calls whose budget counts by pair as well."""


class MarketData:
    """Everything below `/0/public`."""

    def __init__(self, venue: "KrakenVenue") -> None:
        self._venue = venue
        self.routes: dict[str, Callable[[dict[str, str]], Response]] = {
            "Time": self._time,
            "SystemStatus": self._system_status,
            "Assets": self._assets,
            "AssetPairs": self._asset_pairs,
            "Depth": self._depth,
            "Trades": self._trades,
            "OHLC": self._ohlc,
            "Ticker": self._ticker,
        }

    def budget(self, name: str, params: dict[str, str]) -> str:
        """Name what a request is counted by, beside its address."""
        return f"{name} {params.get('pair')}" if name in BY_PAIR else ""

    def _time(self, _params: dict[str, str]) -> Response:
        now_s = self._venue.now_ns // SECOND
        shown = f"{datetime.fromtimestamp(now_s, UTC):%a, %d %b %y %H:%M:%S} +0000"
        return json(result({"unixtime": now_s, "rfc1123": shown}))

    def _system_status(self, _params: dict[str, str]) -> Response:
        now = datetime.fromtimestamp(self._venue.now_ns // SECOND, UTC)
        return json(result({"status": "online", "timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}"}))

    def _assets(self, params: dict[str, str]) -> Response:
        wanted = {name for name in params.get("asset", "").split(",") if name}
        shown = {
            asset_name(asset): {
                "aclass": "currency",
                "altname": altname(asset),
                "decimals": 10,
                "display_decimals": 5,
                "status": "enabled",
            }
            for asset in self._venue.assets
        }
        known = {name for key, asset in shown.items() for name in (key, asset["altname"])}
        if not wanted <= known:
            raise Declined("EQuery:Unknown asset")
        return json(result({key: row for key, row in shown.items() if not wanted or {key, row["altname"]} & wanted}))

    def _asset_pairs(self, params: dict[str, str]) -> Response:
        return json(result({self._names(market).key: self._pair(market) for market in self._wanted(params)}))

    def _pair(self, market: Market) -> dict[str, Any]:
        listing, names, printer = market.listing, self._names(market), self._venue.printers[market.pair]
        schedule = {"fees": listing.taker_fee, "fees_maker": listing.maker_fee}
        return {
            "altname": names.altname,
            "wsname": names.wsname,
            "aclass_base": "currency",
            "base": names.base,
            "aclass_quote": "currency",
            "quote": names.quote,
            "lot": "unit",
            "cost_decimals": 5,
            "pair_decimals": printer.price_decimals,
            "lot_decimals": printer.size_decimals,
            "lot_multiplier": 1,
            "leverage_buy": [2, 3],
            "leverage_sell": [2, 3],
            # percent
            **{name: [[0, msgspec.Raw(plain(fee * 100).encode())]] for name, fee in schedule.items()},
            "fee_volume_currency": "ZUSD",
            "margin_call": 80,
            "margin_stop": 40,
            "ordermin": padded(listing.min_size, listing.size_decimals),
            "costmin": plain(listing.min_notional),
            "tick_size": plain(listing.tick),
            "status": "online" if market.status is Status.TRADING else "cancel_only",
        }

    def _depth(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        try:
            count = whole(params.get("count"), 100, most=500) or 100
        except ValueError as wrong:
            raise invalid("count") from wrong
        snapshot = self._venue.snapshot(market, count)
        printer, stamp = self._venue.printers[market.pair], self._venue.stamp(market.book.changed_ns) // SECOND

        def shown(levels: Iterable[Units]) -> list[list[Any]]:
            return [[printer.price(price), printer.size(size), stamp] for price, size in levels]

        return json(result({self._names(market).key: {"asks": shown(snapshot.asks), "bids": shown(snapshot.bids)}}))

    def _trades(self, params: dict[str, str]) -> Response:
        venue, market = self._venue, self._venue.market(params)
        try:
            count, since_ns = whole(params.get("count"), 1000, most=1000) or 1000, whole(params.get("since"), None)
        except ValueError as wrong:
            raise invalid("since") from wrong
        found = [trade for trade in market.latest(1000) if since_ns is None or venue.stamp(trade.at_ns) > since_ns]
        found = found[:count] if since_ns is not None else found[-count:]
        last_ns = venue.stamp(found[-1].at_ns) if found else since_ns or 0
        return json(
            result({self._names(market).key: [self._trade(market, trade) for trade in found], "last": str(last_ns)})
        )

    def _trade(self, market: Market, trade: Print) -> list[Any]:
        printer = self._venue.printers[market.pair]
        side, kind = "b" if trade.taker_buys else "s", "l"
        stamp = seconds(self._venue.stamp(trade.at_ns), 9)
        return [printer.price(trade.price), printer.size(trade.size), stamp, side, kind, "", trade.number]

    def _ohlc(self, params: dict[str, str]) -> Response:
        venue, market = self._venue, self._venue.market(params)
        try:
            interval = INTERVALS.get(whole(params.get("interval"), 1) or 0)
            since_s = whole(params.get("since"), None)
        except ValueError as wrong:
            raise invalid("interval") from wrong
        if interval is None:
            raise invalid("interval")
        found = market.candles(interval, venue.now_ns).between(None, None, CANDLES, venue.now_ns)
        rows = [self._candle(market, each) for each in found if since_s is None or each.start_ns > since_s * SECOND]
        last = found[-2].start_ns // SECOND  # the last one that has ended
        return json(result({self._names(market).key: rows, "last": last}))

    def _candle(self, market: Market, candle: Candle) -> list[Any]:
        printer = self._venue.printers[market.pair]
        prices = [printer.price(price) for price in (candle.open, candle.high, candle.low, candle.close)]
        average = candle.quote_volume // candle.volume if candle.volume else 0
        volume = printer.size(candle.volume)
        return [candle.start_ns // SECOND, *prices, printer.price(average), volume, candle.count]

    def _ticker(self, params: dict[str, str]) -> Response:
        return json(result({self._names(market).key: self._day(market) for market in self._wanted(params)}))

    def _day(self, market: Market) -> dict[str, Any]:
        printer, day = self._venue.printers[market.pair], market.look().day
        average = printer.price(day.quote_volume // day.volume)

        def best(levels: list[Units]) -> list[str]:
            price, size = levels[0] if levels else (0, 0)
            return [printer.price(price), str(size // 10**printer.size_decimals), printer.size(size)[:-5]]

        volume = printer.size(day.volume)
        return {
            "a": best(market.book.asks.top(1)),
            "b": best(market.book.bids.top(1)),
            "c": [printer.price(market.last_price), printer.size(market.last_size)],
            "v": [volume, volume],
            "p": [average, average],
            "t": [day.count, day.count],
            "l": [printer.price(day.low), printer.price(day.low)],
            "h": [printer.price(day.high), printer.price(day.high)],
            "o": printer.price(day.open),
        }

    def _wanted(self, params: dict[str, str]) -> list[Market]:
        """The markets that a request names, or all."""
        named = [name for name in params.get("pair", "").split(",") if name]
        if not named:
            return list(self._venue.by_pair.values())
        return [self._venue.market({"pair": name}) for name in named]

    def _names(self, market: Market) -> Any:
        return self._venue.names[market.pair]
