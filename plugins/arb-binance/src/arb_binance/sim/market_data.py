"""Market data by request: the public half of REST."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from arb_core.structs.market import Symbol
from arb_sim.kernel.candles import MONTH, WEEK, Interval
from arb_sim.kernel.market import Market, Print, Status
from arb_sim.kernel.rest import json
from arb_sim.venue import Response

from arb_binance.sim.filters import (
    MOST_MARKET_SIZE,
    MOST_NOTIONAL,
    MOST_ORDERS,
    MOST_PRICE,
    MOST_SIZE,
    MULTIPLIERS,
    STP_BY_DEFAULT,
    STP_MODES,
)
from arb_binance.sim.limits import RATE_LIMITS
from arb_binance.sim.spelling import PLACES, Declined, best, illegal, missing, quote, signed, whole

if TYPE_CHECKING:
    from arb_binance.sim.venue import BinanceVenue

__all__ = ["INTERVALS", "OTHER_MARKETS", "MarketData", "weight"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OTHER_MARKETS: dict[str, object] = {
    "/fapi/v1/exchangeInfo": {"symbols": []},
    "/dapi/v1/exchangeInfo": {"symbols": []},
    "/eapi/v1/exchangeInfo": {"optionSymbols": []},
    "/sapi/v1/margin/allPairs": [],
    "/sapi/v1/margin/isolated/allPairs": [],
}
"""Lists of what is not spot. A client for every kind of market asks for them at start; they are empty here."""

INTERVALS = {
    "1s": Interval(SECOND),
    "1m": Interval(MINUTE),
    "3m": Interval(3 * MINUTE),
    "5m": Interval(5 * MINUTE),
    "15m": Interval(15 * MINUTE),
    "30m": Interval(30 * MINUTE),
    "1h": Interval(HOUR),
    "2h": Interval(2 * HOUR),
    "4h": Interval(4 * HOUR),
    "6h": Interval(6 * HOUR),
    "8h": Interval(8 * HOUR),
    "12h": Interval(12 * HOUR),
    "1d": Interval(DAY),
    "3d": Interval(3 * DAY),
    "1w": WEEK,
    "1M": MONTH,
}

WEIGHTS = {
    "ping": 1,
    "time": 1,
    "exchangeInfo": 20,
    "trades": 25,
    "historicalTrades": 25,
    "aggTrades": 4,
    "klines": 2,
    "avgPrice": 2,
}


class MarketData:
    """Everything below `/api/v3` that needs no key."""

    def __init__(self, venue: "BinanceVenue") -> None:
        self._venue = venue
        self.routes: dict[str, Callable[[dict[str, str]], Response]] = {
            "ping": lambda _: json({}),
            "time": lambda _: json({"serverTime": venue.now_ms}),
            "exchangeInfo": self._exchange_info,
            "depth": self._depth,
            "trades": self._trades,
            "historicalTrades": self._trades,
            "aggTrades": self._agg_trades,
            "klines": self._klines,
            "avgPrice": self._avg_price,
            "ticker/24hr": lambda params: self._ticker(params, self.mini if params.get("type") == "MINI" else self.day),
            "ticker/price": lambda params: self._ticker(params, _last_price),
            "ticker/bookTicker": lambda params: self._ticker(params, _book_ticker),
        }

    def _exchange_info(self, params: dict[str, str]) -> Response:
        markets = self._several(params) or list(self._venue.by_pair.values())
        return json(
            {
                "timezone": "UTC",
                "serverTime": self._venue.now_ms,
                "rateLimits": RATE_LIMITS,
                "exchangeFilters": [],
                "symbols": [
                    _instrument(market)
                    for market in markets
                    if params.get("symbolStatus", _status(market)) == _status(market)
                ],
            }
        )

    def _several(self, params: dict[str, str]) -> list[Market]:
        """The markets that a request names, none when it names none."""
        if "symbol" in params:
            return [self._venue.market(params["symbol"])]
        if "symbols" in params:
            try:
                names = msgspec.json.decode(params["symbols"], type=list[str])
            except msgspec.DecodeError as error:
                raise illegal("symbols") from error
            return [self._venue.market(name) for name in names]
        return []

    def _depth(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params.get("symbol"))
        snapshot = self._venue.snapshot(market, whole(params, "limit", 100, most=5000) or 100)
        return json(
            {
                "lastUpdateId": snapshot.version,
                "bids": market.spelling.levels(snapshot.bids),
                "asks": market.spelling.levels(snapshot.asks),
            }
        )

    def _trades(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params.get("symbol"))
        limit, first = whole(params, "limit", 500, most=1000) or 500, whole(params, "fromId", None)
        trades = market.latest(limit) if first is None else market.since(first - 1)[:limit]
        return json(
            [
                {
                    "id": trade.number,
                    "price": market.spelling.price(trade.price),
                    "qty": market.spelling.size(trade.size),
                    "quoteQty": quote(market, trade.price * trade.size),
                    "time": self._venue.stamp(trade.at_ns),
                    "isBuyerMaker": not trade.taker_buys,
                    "isBestMatch": True,
                }
                for trade in trades
            ]
        )

    def _agg_trades(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params.get("symbol"))
        limit, first = whole(params, "limit", 500, most=1000) or 500, whole(params, "fromId", None)
        begin, end = whole(params, "startTime", None), whole(params, "endTime", None)
        trades = [
            trade
            for trade in market.latest(1000)
            if (first is None or trade.number >= first)
            and (begin is None or self._venue.stamp(trade.at_ns) >= begin)
            and (end is None or self._venue.stamp(trade.at_ns) <= end)
        ]
        trades = trades[-limit:] if first is None and begin is None else trades[:limit]
        return json([self.agg_trade(market, trade) for trade in trades])

    def agg_trade(self, market: Market, trade: Print) -> dict[str, Any]:
        """Each trade stands for itself: simulated takers do not take in parts."""
        return {
            "a": trade.number,
            "p": market.spelling.price(trade.price),
            "q": market.spelling.size(trade.size),
            "f": trade.number,
            "l": trade.number,
            "T": self._venue.stamp(trade.at_ns),
            "m": not trade.taker_buys,
            "M": True,
        }

    def _klines(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params.get("symbol"))
        if not params.get("interval"):
            raise missing("interval")
        interval = INTERVALS.get(params["interval"])
        if interval is None:
            raise Declined(-1120, "Invalid interval.")
        begin, end = whole(params, "startTime", None), whole(params, "endTime", None)
        candles = market.candles(interval, self._venue.now_ns).between(
            None if begin is None else begin * MS,
            None if end is None else end * MS,
            whole(params, "limit", 500, most=1000) or 500,
            self._venue.now_ns,
        )
        return json(
            [
                [
                    candle.start_ns // MS,
                    market.spelling.price(candle.open),
                    market.spelling.price(candle.high),
                    market.spelling.price(candle.low),
                    market.spelling.price(candle.close),
                    market.spelling.size(candle.volume),
                    candle.end_ns // MS - 1,
                    quote(market, candle.quote_volume),
                    candle.count,
                    market.spelling.size(candle.taker_volume),
                    quote(market, candle.taker_quote),
                    "0",
                ]
                for candle in candles
            ]
        )

    def _avg_price(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params.get("symbol"))
        price = market.spelling.price(market.last_price)
        return json({"mins": 5, "price": price, "closeTime": self._venue.now_ms})

    def _ticker(self, params: dict[str, str], show: Callable[[Market], dict[str, Any]]) -> Response:
        named = self._several(params)
        if "symbol" in params:
            return json(show(named[0]))
        return json([show(market.look()) for market in named or self._venue.by_pair.values()])

    def mini(self, market: Market) -> dict[str, Any]:
        """Show the short statistics of a day."""
        day, price = market.day, market.spelling.price
        return {
            "symbol": market.pair,
            "openPrice": price(day.open),
            "highPrice": price(day.high),
            "lowPrice": price(day.low),
            "lastPrice": price(market.last_price),
            "volume": market.spelling.size(day.volume),
            "quoteVolume": quote(market, day.quote_volume),
            "openTime": self._venue.now_ms - DAY // MS,
            "closeTime": self._venue.now_ms,
            "firstId": market.last_number - day.count + 1,
            "lastId": market.last_number,
            "count": day.count,
        }

    def day(self, market: Market) -> dict[str, Any]:
        """Show the statistics of a day."""
        mini, top = self.mini(market), _book_ticker(market)
        return {
            "symbol": market.pair,
            "priceChange": signed(market.last_price - market.day.open, market),
            "priceChangePercent": f"{(market.last_price - market.day.open) / market.day.open * 100:.3f}",
            "weightedAvgPrice": _average(market),
            "prevClosePrice": mini["openPrice"],
            "lastPrice": mini["lastPrice"],
            "lastQty": market.spelling.size(market.last_size),
            "bidPrice": top["bidPrice"],
            "bidQty": top["bidQty"],
            "askPrice": top["askPrice"],
            "askQty": top["askQty"],
            "openPrice": mini["openPrice"],
            "highPrice": mini["highPrice"],
            "lowPrice": mini["lowPrice"],
            "volume": mini["volume"],
            "quoteVolume": mini["quoteVolume"],
            "openTime": mini["openTime"],
            "closeTime": mini["closeTime"],
            "firstId": mini["firstId"],
            "lastId": mini["lastId"],
            "count": mini["count"],
        }


def weight(name: str, params: Mapping[str, str]) -> int:
    """Return what a request for market data weighs."""
    if name == "depth":
        limit = int(params["limit"]) if params.get("limit", "").isdigit() else 100
        return next((weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if limit <= most), 250)
    if name == "ticker/24hr":
        if "symbol" in params:
            return 2
        named = params.get("symbols", "").count(",") + 1 if "symbols" in params else 101
        return next((weight for most, weight in ((20, 2), (100, 40)) if named <= most), 80)
    if name.startswith("ticker/"):
        return 2 if "symbol" in params else 4
    return WEIGHTS[name]


def _average(market: Market) -> str:
    volume = market.day.volume or 1
    return market.spelling.price(market.day.quote_volume // volume)


def _last_price(market: Market) -> dict[str, Any]:
    return {"symbol": market.pair, "price": market.spelling.price(market.last_price)}


def _book_ticker(market: Market) -> dict[str, Any]:
    shown = best(market, market.book.bids.top(1), market.book.asks.top(1))
    return {"symbol": market.pair, "bidPrice": shown[0], "bidQty": shown[1], "askPrice": shown[2], "askQty": shown[3]}


def _status(market: Market) -> str:
    return "TRADING" if market.status is Status.TRADING else "BREAK"


def _instrument(market: Market) -> dict[str, Any]:
    listing = market.listing
    symbol: Symbol = listing.symbol
    tick, lot = market.spelling.price(1), market.spelling.size(1)
    smallest = market.spelling.size(listing.min_size)
    notional = f"{listing.min_notional:.{PLACES}f}"
    return {
        "symbol": listing.pair,
        "status": _status(market),
        "baseAsset": symbol.base,
        "baseAssetPrecision": PLACES,
        "quoteAsset": symbol.quote,
        "quotePrecision": PLACES,
        "quoteAssetPrecision": PLACES,
        "baseCommissionPrecision": PLACES,
        "quoteCommissionPrecision": PLACES,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": market.spelling.price(int(MOST_PRICE / listing.tick)),
                "tickSize": tick,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": smallest,
                "maxQty": market.spelling.size(int(MOST_SIZE / listing.lot)),
                "stepSize": lot,
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": market.spelling.size(0),
                "maxQty": market.spelling.size(int(MOST_MARKET_SIZE / listing.lot)),
                "stepSize": market.spelling.size(0),
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(MULTIPLIERS[1]),
                "bidMultiplierDown": str(MULTIPLIERS[0]),
                "askMultiplierUp": str(MULTIPLIERS[1]),
                "askMultiplierDown": str(MULTIPLIERS[0]),
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": notional,
                "applyMinToMarket": True,
                "maxNotional": f"{MOST_NOTIONAL:.{PLACES}f}",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MOST_ORDERS},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": STP_BY_DEFAULT,
        "allowedSelfTradePreventionModes": list(STP_MODES),
    }
