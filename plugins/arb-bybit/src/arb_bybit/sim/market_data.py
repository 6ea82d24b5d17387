"""Market data by request: the public half of REST.

Source: https://bybit-exchange.github.io/docs/v5/market/instrument and its neighbours.
"""

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arb_core.structs.market import Symbol
from arb_sim.assets import asset
from arb_sim.kernel.candles import MONTH, WEEK, Candle, Interval
from arb_sim.kernel.market import Market, Print, Status
from arb_sim.kernel.spelling import trimmed

from arb_bybit.sim.spelling import SYMBOLS, invalid, plain, price, quote, size, whole

if TYPE_CHECKING:
    from arb_bybit.sim.venue import BybitVenue

__all__ = ["DEEPEST", "INTERVALS", "Counter", "MarketData", "most_lots", "named", "ticker"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
MS = 1_000_000

INTERVALS = {
    **{str(minutes): Interval(minutes * MINUTE) for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)},
    "D": Interval(DAY),
    "W": WEEK,
    "M": MONTH,
}

OTHERS = frozenset({"linear", "inverse", "option"})
"""Markets that are not spot. A client for every kind of market asks for them at start; there are none here."""

DEEPEST = 1000
"""The deepest channel: what a book by request is counted like."""

MOST_USD = {"Limit": 2_000_000, "Market": 1_000_000, "PostOnly": 4_000_000}
"""About what the largest order is worth."""

RATIO = Decimal("0.05")
"""How far a price may be from the last one: above it when buying, below it when selling."""

PLACES = 8
"""Decimals of an index price."""


class Counter:
    """Counts the messages of one channel of a book: each has the number after the one before it.

    What nobody follows counts too, by the versions that somebody has seen of it.
    """

    def __init__(self, first: int, version: int) -> None:
        self._told: deque[tuple[int, int]] = deque([(version, first)], maxlen=4096)

    @property
    def last(self) -> int:
        """The number of the newest message."""
        return self._told[-1][1]

    def next(self, version: int) -> int:
        """Number a message that shows a version."""
        self._told.append((version, self.last + 1))
        return self.last

    def at(self, version: int, *, followed: bool) -> int:
        """Return the number of the newest message that shows no more than a version."""
        if not followed and version > self._told[-1][0]:
            return self.next(version)
        return next((number for shown, number in reversed(self._told) if shown <= version), self._told[0][1])


class MarketData:
    """Everything below `/v5/market`. What answers is the `result` of the envelope."""

    def __init__(self, venue: "BybitVenue") -> None:
        self._venue = venue
        self.counters: dict[tuple[str, int], Counter] = {}
        """(pair, depth) -> what numbers that channel."""
        self.routes: dict[str, Callable[[dict[str, str]], Any]] = {
            "time": lambda _params: {"timeSecond": str(venue.now_ns // SECOND), "timeNano": str(venue.now_ns)},
            "instruments-info": self._instruments,
            "orderbook": self._orderbook,
            "recent-trade": self._trades,
            "kline": self._kline,
            "tickers": self._tickers,
        }

    def counter(self, market: Market, depth: int) -> Counter:
        """Return what numbers the channel of that depth."""
        key = market.pair, depth
        if key not in self.counters:
            version = market.book.version
            self.counters[key] = Counter(version // depth + 2, version)  # 1 would be a restart of the service
        return self.counters[key]

    def _listed(self, params: Mapping[str, str]) -> list[Market] | None:
        """Return the markets that a list is asked for of; None = of another kind than spot."""
        category = params.get("category")
        if category in OTHERS:
            return None
        if category != "spot":
            raise invalid("Illegal category")
        if params.get("symbol"):
            return [self._one(params)]
        return [market.look() for market in self._venue.by_pair.values()]

    def _one(self, params: Mapping[str, str]) -> Market:
        """Return the market that a request names: of spot, or there is none."""
        market = self._venue.by_pair.get(params.get("symbol", ""))
        if market is None or params.get("category", "linear") != "spot":
            raise invalid(SYMBOLS)
        return market.look()

    def _instruments(self, params: dict[str, str]) -> dict[str, Any]:
        markets = self._listed(params)
        if markets is None:
            return {"category": params["category"], "list": [], "nextPageCursor": ""}
        numbers = {pair: number for number, pair in enumerate(self._venue.by_pair, 1)}
        return {"category": "spot", "list": [_instrument(market, numbers[market.pair]) for market in markets]}

    def _tickers(self, params: dict[str, str]) -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        for market in self._listed(params) or ():
            bid, ask = market.book.bids.top(1), market.book.asks.top(1)
            bid_price, bid_size = market.spelling.level(*bid[0]) if bid else ("", "")
            ask_price, ask_size = market.spelling.level(*ask[0]) if ask else ("", "")
            shown = ticker(market)
            rows.append(
                {
                    "symbol": shown.pop("symbol"),
                    "bid1Price": bid_price,
                    "bid1Size": bid_size,
                    "ask1Price": ask_price,
                    "ask1Size": ask_size,
                    **shown,
                }
            )
        return {"category": params["category"], "list": rows}

    def _orderbook(self, params: dict[str, str]) -> dict[str, Any]:
        venue, market = self._venue, self._one(params)
        limit = whole(params, "limit", 1) or 0
        if not 1 <= limit <= DEEPEST:
            raise invalid("params error: limit invalid")
        snapshot = venue.snapshot(market, limit)
        followed = any(name == f"orderbook.{DEEPEST}.{market.pair}" for name, _ in venue.channels())
        return {
            "s": market.pair,
            "b": market.spelling.levels(snapshot.bids),
            "a": market.spelling.levels(snapshot.asks),
            "ts": venue.now_ms,
            "u": self.counter(market, DEEPEST).at(snapshot.version, followed=followed),
            "seq": snapshot.version,
            "cts": venue.stamp(market.book.changed_ns),
        }

    def _trades(self, params: dict[str, str]) -> dict[str, Any]:
        market = self._one(params)
        limit = whole(params, "limit", 60) or 0
        if not 1 <= limit <= 60:
            raise invalid("params error: limit invalid")
        rows = [self._trade(market, trade) for trade in reversed(market.latest(limit))]
        return {"category": "spot", "list": rows}

    def _trade(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "execId": named(trade.number),
            "symbol": market.pair,
            "price": price(market, trade.price),
            "size": size(market, trade.size),
            "side": "Buy" if trade.taker_buys else "Sell",
            "time": str(self._venue.stamp(trade.at_ns)),
            "isBlockTrade": False,
            "isRPITrade": False,
            "seq": str(trade.number),
        }

    def _kline(self, params: dict[str, str]) -> dict[str, Any]:
        now_ns, market = self._venue.now_ns, self._one(params)
        interval = INTERVALS.get(params.get("interval", ""))
        if interval is None:
            raise invalid("Invalid period!")
        limit = whole(params, "limit", 200) or 0
        if not 1 <= limit <= 1000:
            raise invalid("params error: limit invalid")
        first, last = whole(params, "start", None), whole(params, "end", None)
        candles = market.candles(interval, now_ns).between(
            None if first is None else first * MS, None if last is None else last * MS, limit, now_ns
        )
        rows = [_bar(market, candle) for candle in reversed(candles)]
        return {"category": "spot", "symbol": market.pair, "list": rows}


def named(number: int) -> str:
    """Make the `execId` of a trade."""
    return f"229{number:016d}"


def ticker(market: Market) -> dict[str, Any]:
    """Show the 24-hour figures of a market, as request and channel have them in common."""
    day, listing = market.day, market.listing
    change = Decimal(market.last_price - day.open) / day.open
    usd = Decimal(str(asset(listing.symbol.quote).usd))
    return {
        "symbol": market.pair,
        "lastPrice": price(market, market.last_price),
        "prevPrice24h": price(market, day.open),
        "price24hPcnt": plain(change.quantize(Decimal("0.0001")) + 0),
        "highPrice24h": price(market, day.high),
        "lowPrice24h": price(market, day.low),
        "turnover24h": quote(market, day.quote_volume),
        "volume24h": size(market, day.volume),
        "usdIndexPrice": plain((market.last_price * listing.tick * usd).quantize(Decimal(1).scaleb(-PLACES))),
    }


def most_lots(market: Market, kind: str) -> int:
    """Return the largest order of a kind, in lots."""
    usd = asset(market.listing.symbol.base).usd
    return round(MOST_USD[kind] / usd) * 10**market.listing.size_decimals or 1


def _instrument(market: Market, number: int) -> dict[str, Any]:
    listing = market.listing
    symbol: Symbol = listing.symbol
    most = {kind: size(market, most_lots(market, kind)) for kind in MOST_USD}
    return {
        "symbolId": number,
        "symbol": listing.pair,
        "baseCoin": symbol.base,
        "quoteCoin": symbol.quote,
        "innovation": "0",
        "status": "Trading" if market.status is Status.TRADING else "Closed",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "symbolType": "",
        "lotSizeFilter": {
            "basePrecision": plain(listing.lot),
            "quotePrecision": plain(listing.tick * listing.lot),
            "minOrderQty": trimmed(listing.min_size, listing.size_decimals),
            "maxOrderQty": most["Limit"],
            "minOrderAmt": plain(listing.min_notional),
            "maxOrderAmt": str(MOST_USD["Limit"]),
            "maxLimitOrderQty": most["Limit"],
            "maxMarketOrderQty": most["Market"],
            "postOnlyMaxLimitOrderSize": most["PostOnly"],
        },
        "priceFilter": {"tickSize": plain(listing.tick)},
        "riskParameters": {"priceLimitRatioX": plain(RATIO), "priceLimitRatioY": plain(RATIO)},
    }


def _bar(market: Market, candle: Candle) -> list[str]:
    return [
        str(candle.start_ns // MS),
        *(price(market, each) for each in (candle.open, candle.high, candle.low, candle.close)),
        size(market, candle.volume),
        quote(market, candle.quote_volume),
    ]
