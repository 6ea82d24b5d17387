"""Market data by request: the public half of REST."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arb_core.structs.market import Symbol
from arb_sim.kernel.candles import MONTH, WEEK, Interval
from arb_sim.kernel.market import Market, Status
from arb_sim.kernel.rest import json, number
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

from arb_mexc.sim.spelling import Declined, price, quote, signed, size

if TYPE_CHECKING:
    from arb_mexc.sim.venue import MexcVenue

__all__ = ["BUY_UP", "MOST_MARKET_QUOTE", "MOST_QUOTE", "SELL_DOWN", "MarketData"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

INTERVALS = {
    "1m": Interval(MINUTE),
    "5m": Interval(5 * MINUTE),
    "15m": Interval(15 * MINUTE),
    "30m": Interval(30 * MINUTE),
    "60m": Interval(HOUR),
    "4h": Interval(4 * HOUR),
    "1d": Interval(DAY),
    "1W": WEEK,
    "1M": MONTH,
}

MOST_QUOTE = Decimal(2_000_000)
MOST_MARKET_QUOTE = Decimal(100_000)
"""The largest orders, in quote."""

BUY_UP, SELL_DOWN = Decimal("1.2"), Decimal("0.9")
"""How far a limit price may be from the last one, as factors of it."""


class MarketData:
    """Everything below `/api/v3` that needs no key."""

    def __init__(self, venue: "MexcVenue") -> None:
        self._venue = venue
        self.routes: dict[str, Callable[[dict[str, str]], Response]] = {
            "ping": lambda _: json({}),
            "time": lambda _: json({"serverTime": venue.now_ms}),
            "defaultSymbols": self._default_symbols,
            "exchangeInfo": self._exchange_info,
            "depth": self._depth,
            "trades": self._trades,
            "aggTrades": self._agg_trades,
            "klines": self._klines,
            "avgPrice": self._avg_price,
            "ticker/24hr": lambda params: self._ticker(params, self._day),
            "ticker/price": lambda params: self._ticker(params, self._price),
            "ticker/bookTicker": lambda params: self._ticker(params, self._book_ticker),
        }

    def _default_symbols(self, _params: dict[str, str]) -> Response:
        return json({"code": 200, "data": list(self._venue.by_pair), "msg": None})

    def _exchange_info(self, params: dict[str, str]) -> Response:
        if "symbol" in params:
            markets = [self._venue.market(params)]
        elif "symbols" in params:
            markets = [self._venue.market({"symbol": name}) for name in params["symbols"].split(",")]
        else:
            markets = list(self._venue.by_pair.values())
        return json(
            {
                "timezone": "CST",
                "serverTime": self._venue.now_ms,
                "rateLimits": [],
                "exchangeFilters": [],
                "symbols": [_instrument(market) for market in markets],
            }
        )

    def _depth(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        snapshot = self._venue.snapshot(market, number(params.get("limit"), 100, most=5000) or 100)
        return json(
            {
                "lastUpdateId": snapshot.version,
                "bids": market.spelling.levels(snapshot.bids),
                "asks": market.spelling.levels(snapshot.asks),
                "timestamp": self._venue.now_ms,
            }
        )

    def _trades(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        trades = market.latest(number(params.get("limit"), 500, most=1000) or 500)
        return json(
            [
                {
                    "id": None,
                    "price": price(market, trade.price),
                    "qty": size(market, trade.size),
                    "quoteQty": quote(market, trade.price * trade.size),
                    "time": self._venue.stamp(trade.at_ns),
                    "isBuyerMaker": not trade.taker_buys,
                    "isBestMatch": True,
                    "tradeType": "BID" if trade.taker_buys else "ASK",
                }
                for trade in reversed(trades)
            ]
        )

    def _agg_trades(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        if ("startTime" in params) != ("endTime" in params):
            raise Declined(700004, "startTime and endTime must be sent together")
        first, last = number(params.get("startTime"), 0), number(params.get("endTime"), None)
        trades = [
            trade
            for trade in market.latest(1000)
            if (first or 0) <= (at_ms := self._venue.stamp(trade.at_ns)) and (last is None or at_ms <= last)
        ]
        limit = number(params.get("limit"), 500, most=1000) or 500
        return json(
            [
                {
                    "a": None,
                    "f": None,
                    "l": None,
                    "p": price(market, trade.price),
                    "q": size(market, trade.size),
                    "T": self._venue.stamp(trade.at_ns),
                    "m": not trade.taker_buys,
                    "M": True,
                }
                for trade in reversed(trades[-limit:])
            ]
        )

    def _klines(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        interval = INTERVALS.get(params.get("interval", ""))
        if interval is None:
            raise Declined(-1121, "Invalid interval.")
        first, last = number(params.get("startTime"), None), number(params.get("endTime"), None)
        candles = market.candles(interval, self._venue.now_ns).between(
            None if first is None else first * MS,
            None if last is None else last * MS,
            number(params.get("limit"), 500, most=1000) or 500,
            self._venue.now_ns,
        )
        return json(
            [
                [
                    candle.start_ns // MS,
                    price(market, candle.open),
                    price(market, candle.high),
                    price(market, candle.low),
                    price(market, candle.close),
                    size(market, candle.volume),
                    candle.end_ns // MS,
                    quote(market, candle.quote_volume),
                ]
                for candle in candles
            ]
        )

    def _avg_price(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        return json({"mins": 5, "price": price(market, market.last_price)})

    def _ticker(self, params: dict[str, str], show: Callable[[Market], dict[str, Any]]) -> Response:
        if "symbol" in params:
            return json(show(self._venue.market(params)))
        return json([show(market.look()) for market in self._venue.by_pair.values()])

    def _price(self, market: Market) -> dict[str, Any]:
        return {"symbol": market.pair, "price": price(market, market.last_price)}

    def _book_ticker(self, market: Market) -> dict[str, Any]:
        bid, ask = market.book.bids.top(1), market.book.asks.top(1)
        return {
            "symbol": market.pair,
            "bidPrice": price(market, bid[0][0]) if bid else "",
            "bidQty": size(market, bid[0][1]) if bid else "",
            "askPrice": price(market, ask[0][0]) if ask else "",
            "askQty": size(market, ask[0][1]) if ask else "",
        }

    def _day(self, market: Market) -> dict[str, Any]:
        day, best = market.day, self._book_ticker(market)
        opened = price(market, day.open)
        change = market.last_price - day.open
        return {
            "symbol": market.pair,
            "priceChange": signed(change, market.listing.price_decimals),
            "priceChangePercent": f"{change / day.open:.8f}",
            "prevClosePrice": opened,
            "lastPrice": price(market, market.last_price),
            "bidPrice": best["bidPrice"],
            "bidQty": best["bidQty"],
            "askPrice": best["askPrice"],
            "askQty": best["askQty"],
            "openPrice": opened,
            "highPrice": price(market, day.high),
            "lowPrice": price(market, day.low),
            "volume": size(market, day.volume),
            "quoteVolume": quote(market, day.quote_volume),
            "openTime": self._venue.now_ms - DAY // MS,
            "closeTime": self._venue.now_ms,
            "count": None,
        }


def _instrument(market: Market) -> dict[str, Any]:
    listing = market.listing
    symbol: Symbol = listing.symbol
    return {
        "symbol": listing.pair,
        "status": "1" if market.status is Status.TRADING else "2",
        "baseAsset": symbol.base,
        "baseAssetPrecision": listing.size_decimals,
        "quoteAsset": symbol.quote,
        "quotePrecision": listing.price_decimals,
        "quoteAssetPrecision": listing.price_decimals,
        "baseCommissionPrecision": listing.size_decimals,
        "quoteCommissionPrecision": listing.price_decimals,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "quoteAmountPrecision": str(listing.min_notional),
        "baseSizePrecision": trimmed(listing.min_size, listing.size_decimals),
        "permissions": ["SPOT"],
        "filters": [
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(BUY_UP - 1),
                "askMultiplierDown": str(1 - SELL_DOWN),
            }
        ],
        "maxQuoteAmount": str(MOST_QUOTE),
        "makerCommission": str(listing.maker_fee),
        "takerCommission": str(listing.taker_fee),
        "quoteAmountPrecisionMarket": str(listing.min_notional),
        "maxQuoteAmountMarket": str(MOST_MARKET_QUOTE),
        "fullName": symbol.base,
        "tradeSideType": "1" if market.status is Status.TRADING else "4",
        "contractAddress": next((network.contract for network in listing.networks), ""),
        "st": False,
    }
