"""Market data by request: the public half of REST.

Source: https://www.okx.com/docs-v5/en/#public-data-rest-api and #order-book-trading-market-data there.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arb_sim.kernel.candles import WEEK, Candle, Interval
from arb_sim.kernel.market import Market, Print, Status
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

from arb_okx.sim.spelling import done, invalid, missing, page, plain, price, quote, rows, size, whole

if TYPE_CHECKING:
    from arb_okx.sim.venue import OkxVenue

__all__ = ["BARS", "KINDS", "MOST_LIMIT", "MOST_MARKET", "MarketData", "bar", "ticker"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_HONG_KONG = -8 * HOUR
"""Long bars begin by the clock of UTC+8, but for those that say utc."""

BARS = {
    "1m": Interval(MINUTE),
    "3m": Interval(3 * MINUTE),
    "5m": Interval(5 * MINUTE),
    "15m": Interval(15 * MINUTE),
    "30m": Interval(30 * MINUTE),
    "1H": Interval(HOUR),
    "2H": Interval(2 * HOUR),
    "4H": Interval(4 * HOUR),
    "6H": Interval(6 * HOUR, _HONG_KONG % (6 * HOUR)),
    "12H": Interval(12 * HOUR, _HONG_KONG % (12 * HOUR)),
    "1D": Interval(DAY, _HONG_KONG % DAY),
    "1W": Interval(WEEK.span_ns, WEEK.offset_ns + _HONG_KONG),
    "6Hutc": Interval(6 * HOUR),
    "12Hutc": Interval(12 * HOUR),
    "1Dutc": Interval(DAY),
    "1Wutc": WEEK,
}

KINDS = {"SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION"}
"""What instruments there are. Of all but SPOT the lists are empty here."""

MOST_LIMIT = Decimal(20_000_000)
MOST_MARKET = Decimal(1_000_000)
"""The largest orders, in quote."""

FULL_BOOK_NS = SECOND
"""How often `books-full` is refreshed."""


class MarketData:
    """Everything below `/api/v5` that needs no key."""

    def __init__(self, venue: "OkxVenue") -> None:
        self._venue = venue
        self.routes: dict[str, Callable[[dict[str, str]], Response]] = {
            "public/time": lambda _params: done([{"ts": str(venue.now_ms)}]),
            "public/instruments": self._instruments,
            "market/books": self._books,
            "market/books-full": self._books_full,
            "market/trades": self._trades,
            "market/history-trades": self._history_trades,
            "market/candles": self._candles,
            "market/history-candles": self._history_candles,
            "market/ticker": self._ticker,
            "market/tickers": self._tickers,
        }

    def _markets(self, params: dict[str, str]) -> list[Market]:
        """The markets of the kind that a request names."""
        kind = params.get("instType")
        if not kind:
            raise missing("instType")
        if kind not in KINDS:
            raise invalid("instType")
        return [market.look() for market in self._venue.by_pair.values()] if kind == "SPOT" else []

    def _instruments(self, params: dict[str, str]) -> Response:
        markets = self._markets(params)
        if markets and params.get("instId"):
            markets = [self._venue.market(params)]
        return done([_instrument(market) for market in markets])

    def _books(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        levels = whole(params, "sz", 1) or 1
        if levels > 400:
            raise invalid("sz")
        snapshot = self._venue.snapshot(market, levels)
        return done(
            [
                {
                    "asks": rows(market, snapshot.asks),
                    "bids": rows(market, snapshot.bids),
                    "ts": str(self._venue.stamp(market.book.changed_ns)),
                    "seqId": snapshot.version,
                }
            ]
        )

    def _books_full(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        levels = whole(params, "sz", 1) or 1
        if levels > 5000:
            raise invalid("sz")
        snapshot = self._venue.snapshot(market, levels, cached_ns=FULL_BOOK_NS)
        sides = {"asks": snapshot.asks, "bids": snapshot.bids}
        shown = {
            side: [(price, size, orders) for price, size, _, orders in rows(market, found)]
            for side, found in sides.items()
        }
        return done([shown | {"ts": str(self._venue.stamp(snapshot.at_ns))}])

    def _trades(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        found = market.latest(whole(params, "limit", 100, most=500) or 100)
        return done([self._trade(market, trade) for trade in reversed(found)])

    def _history_trades(self, params: dict[str, str]) -> Response:
        market = self._venue.market(params)
        found = list(reversed(market.latest(1000)))
        if params.get("type", "1") == "2":
            shown = page(found, params, lambda trade: self._venue.stamp(trade.at_ns), most=100)
        else:
            shown = page(found, params, lambda trade: trade.number, most=100)
        return done([self._trade(market, trade) for trade in shown])

    def _trade(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "instId": market.pair,
            "side": "buy" if trade.taker_buys else "sell",
            "sz": size(market, trade.size),
            "px": price(market, trade.price),
            "tradeId": str(trade.number),
            "ts": str(self._venue.stamp(trade.at_ns)),
        }

    def _candles(self, params: dict[str, str]) -> Response:
        return self._bars(params, most=300)

    def _history_candles(self, params: dict[str, str]) -> Response:
        return self._bars(params, most=100)

    def _bars(self, params: dict[str, str], *, most: int) -> Response:
        now_ns = self._venue.now_ns
        market = self._venue.market(params)
        interval = BARS.get(params.get("bar", "1m"))
        if interval is None:
            raise invalid("bar")
        found = market.candles(interval, now_ns).between(None, None, 2000, now_ns)
        found.reverse()
        shown = page(found, params, lambda candle: candle.start_ns // 1_000_000, most=most)
        return done([bar(market, candle, now_ns) for candle in shown])

    def _ticker(self, params: dict[str, str]) -> Response:
        return done([self._figures(self._venue.market(params))])

    def _tickers(self, params: dict[str, str]) -> Response:
        return done([self._figures(market) for market in self._markets(params)])

    def _figures(self, market: Market) -> dict[str, Any]:
        return ticker(market, self._venue.now_ms)


def bar(market: Market, candle: Candle, now_ns: int) -> list[str]:
    """Show a candle: its last column says whether it has ended."""
    return [
        str(candle.start_ns // 1_000_000),
        price(market, candle.open),
        price(market, candle.high),
        price(market, candle.low),
        price(market, candle.close),
        size(market, candle.volume),
        quote(market, candle.quote_volume),
        quote(market, candle.quote_volume),
        "1" if candle.end_ns <= now_ns else "0",
    ]


def ticker(market: Market, now_ms: int) -> dict[str, Any]:
    """Show the 24-hour figures of a market."""
    day = market.day
    bid, bid_size = market.spelling.level(*found[0]) if (found := market.book.bids.top(1)) else ("", "")
    ask, ask_size = market.spelling.level(*found[0]) if (found := market.book.asks.top(1)) else ("", "")
    return {
        "instType": "SPOT",
        "instId": market.pair,
        "last": price(market, market.last_price),
        "lastSz": size(market, market.last_size),
        "askPx": ask,
        "askSz": ask_size,
        "bidPx": bid,
        "bidSz": bid_size,
        "open24h": price(market, day.open),
        "high24h": price(market, day.high),
        "low24h": price(market, day.low),
        "sodUtc0": price(market, day.open),
        "sodUtc8": price(market, day.open),
        "volCcy24h": quote(market, day.quote_volume),
        "vol24h": size(market, day.volume),
        "ts": str(now_ms),
    }


def _instrument(market: Market) -> dict[str, Any]:
    listing = market.listing
    most = trimmed(listing.max_size, listing.size_decimals) if listing.max_size is not None else "9999999999"
    return {
        "alias": "",
        "auctionEndTime": "",
        "baseCcy": listing.symbol.base,
        "category": "1",
        "ctMult": "",
        "ctType": "",
        "ctVal": "",
        "ctValCcy": "",
        "expTime": "",
        "futureSettlement": False,
        "instFamily": "",
        "instId": listing.pair,
        "instType": "SPOT",
        "lever": "10",
        "listTime": "1548133413000",
        "lotSz": plain(listing.lot),
        "maxIcebergSz": "9999999999",
        "maxLmtAmt": plain(MOST_LIMIT),
        "maxLmtSz": most,
        "maxMktAmt": plain(MOST_MARKET),
        "maxMktSz": "",
        "maxStopSz": "",
        "maxTriggerSz": "9999999999",
        "maxTwapSz": "9999999999",
        "minSz": trimmed(listing.min_size, listing.size_decimals),
        "openType": "",
        "optType": "",
        "quoteCcy": listing.symbol.quote,
        "settleCcy": "",
        "state": "live" if market.status is Status.TRADING else "suspend",
        "stk": "",
        "tickSz": plain(listing.tick),
        "uly": "",
    }
