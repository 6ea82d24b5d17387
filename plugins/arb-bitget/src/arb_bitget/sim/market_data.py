"""Market data by request: the public half of REST.

Source: https://www.bitget.com/api-doc/spot/market/Get-Symbols and its neighbours.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from arb_sim.assets import asset
from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import MONTH, WEEK, Candle, Interval
from arb_sim.kernel.market import Market, Network, Print, Status

from arb_bitget.sim.spelling import missing, quote, unknown, whole

if TYPE_CHECKING:
    from arb_bitget.sim.venue import BitgetVenue

__all__ = ["BUY_UP", "SELL_DOWN", "SOCKET_INTERVALS", "MarketData", "PublicRoute", "candle_row", "ticker", "trade_id"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MS = 1_000_000

FROM_UTC8 = -8 * HOUR
"""Days, weeks and months begin at midnight of UTC+8, but for the intervals whose name ends with `utc`."""

INTERVALS = {
    "1min": Interval(MINUTE),
    "3min": Interval(3 * MINUTE),
    "5min": Interval(5 * MINUTE),
    "15min": Interval(15 * MINUTE),
    "30min": Interval(30 * MINUTE),
    "1h": Interval(HOUR),
    "4h": Interval(4 * HOUR),
    "6h": Interval(6 * HOUR, FROM_UTC8),
    "12h": Interval(12 * HOUR, FROM_UTC8),
    "1day": Interval(DAY, FROM_UTC8),
    "3day": Interval(3 * DAY, FROM_UTC8),
    "1week": Interval(WEEK.span_ns, WEEK.offset_ns + FROM_UTC8),
    "1M": Interval(MONTH.span_ns, MONTH.offset_ns + FROM_UTC8),
    "6Hutc": Interval(6 * HOUR),
    "12Hutc": Interval(12 * HOUR),
    "1Dutc": Interval(DAY),
    "3Dutc": Interval(3 * DAY),
    "1Wutc": WEEK,
    "1Mutc": MONTH,
}

SOCKET_INTERVALS = {
    "1m": "1min",
    "3m": "3min",
    "5m": "5min",
    "15m": "15min",
    "30m": "30min",
    "1H": "1h",
    "4H": "4h",
    "6H": "6h",
    "12H": "12h",
    "1D": "1day",
    "3D": "3day",
    "1W": "1week",
    "1M": "1M",
    "6Hutc": "6Hutc",
    "12Hutc": "12Hutc",
    "1Dutc": "1Dutc",
    "3Dutc": "3Dutc",
    "1Wutc": "1Wutc",
    "1Mutc": "1Mutc",
}
"""What follows `candle` in the name of a channel -> the granularity of a request."""

BUY_UP, SELL_DOWN = Decimal("1.05"), Decimal("0.95")
"""How far from the last price an order may be, as factors of it."""

MOST_LEVELS = 150


class PublicRoute(NamedTuple):
    """What answers, and how often in a second an address may ask."""

    answer: Callable[[dict[str, str]], Any]
    per_second: int


class MarketData:
    """Everything that needs no key. Each method returns what stands in `data`."""

    def __init__(self, venue: "BitgetVenue") -> None:
        self._venue = venue
        self.networks = self._list_networks()
        """Every asset and the chains it travels on."""
        self.routes: dict[str, PublicRoute] = {
            "/api/v2/public/time": PublicRoute(self._time, 20),
            "/api/v2/spot/public/symbols": PublicRoute(self._symbols, 20),
            "/api/v2/spot/public/coins": PublicRoute(self._coins, 3),
            "/api/v2/spot/market/orderbook": PublicRoute(self._orderbook, 20),
            "/api/v2/spot/market/fills": PublicRoute(self._fills, 10),
            "/api/v2/spot/market/fills-history": PublicRoute(self._fills_history, 10),
            "/api/v2/spot/market/candles": PublicRoute(self._candles, 20),
            "/api/v2/spot/market/tickers": PublicRoute(self._tickers, 20),
            # Lists of what is not spot. A client for every kind of market asks for them at start; they are empty here.
            "/api/v2/mix/market/contracts": PublicRoute(self._nothing, 20),
            "/api/v2/margin/currencies": PublicRoute(self._nothing, 10),
        }

    def _time(self, _params: dict[str, str]) -> dict[str, str]:
        return {"serverTime": str(self._venue.now_ms)}

    def _nothing(self, _params: dict[str, str]) -> list[str]:
        return []

    def _list_networks(self) -> dict[str, tuple[Network, ...]]:
        listings = [market.listing for market in self._venue.by_pair.values()]
        quotes = {listing.symbol.quote: asset(listing.symbol.quote).networks for listing in listings}
        return quotes | {listing.symbol.base: listing.networks for listing in listings}

    def _symbols(self, params: dict[str, str]) -> list[dict[str, str]]:
        markets = [self._venue.market(params)] if params.get("symbol") else list(self._venue.by_pair.values())
        return [_instrument(market) for market in markets]

    def _coins(self, params: dict[str, str]) -> list[dict[str, Any]]:
        wanted = params.get("coin")
        if wanted and wanted not in self.networks:
            raise unknown("coin")
        return [
            _coin(number, name, networks)
            for number, (name, networks) in enumerate(self.networks.items(), 1)
            if wanted in {None, "", name}
        ]

    def _tickers(self, params: dict[str, str]) -> list[dict[str, str]]:
        markets = [self._venue.market(params)] if params.get("symbol") else list(self._venue.by_pair.values())
        stamp = str(self._venue.now_ms)
        return [_rest_ticker(market.look(), stamp) for market in markets]

    def _orderbook(self, params: dict[str, str]) -> dict[str, Any]:
        venue = self._venue
        market = venue.market(params)
        if params.get("type", "step0") != "step0":
            raise unknown("type")  # merged levels are not simulated
        snapshot = venue.snapshot(market, whole(params, "limit", MOST_LEVELS, most=MOST_LEVELS) or MOST_LEVELS)
        return {
            "asks": market.spelling.levels(snapshot.asks),
            "bids": market.spelling.levels(snapshot.bids),
            "ts": str(venue.now_ms),
        }

    def _fills(self, params: dict[str, str]) -> list[dict[str, str]]:
        market = self._venue.market(params)
        found = market.latest(whole(params, "limit", 100, most=500) or 100)
        return [{"symbol": market.pair, **self.trade(market, trade)} for trade in reversed(found)]

    def _fills_history(self, params: dict[str, str]) -> list[dict[str, str]]:
        """Show the same by time and by number, page by page."""
        market, stamp = self._venue.market(params), self._venue.stamp
        first, last, before = (whole(params, name, None) for name in ("startTime", "endTime", "idLessThan"))
        found = [
            trade
            for trade in reversed(market.latest(1000))
            if (first is None or stamp(trade.at_ns) >= first)
            and (last is None or stamp(trade.at_ns) <= last)
            and (before is None or int(trade_id(trade.number)) < before)
        ]
        most = whole(params, "limit", 500, most=1000) or 500
        return [{"symbol": market.pair, **self.trade(market, trade)} for trade in found[:most]]

    def trade(self, market: Market, trade: Print) -> dict[str, str]:
        """Show a public trade, as channels do."""
        price, size = market.spelling.level(trade.price, trade.size)
        return {
            "tradeId": trade_id(trade.number),
            "side": "buy" if trade.taker_buys else "sell",
            "price": price,
            "size": size,
            "ts": str(self._venue.stamp(trade.at_ns)),
        }

    def _candles(self, params: dict[str, str]) -> list[list[str]]:
        now_ns = self._venue.now_ns
        market = self._venue.market(params)
        if not params.get("granularity"):
            raise missing("granularity")
        interval = INTERVALS.get(params["granularity"])
        if interval is None:
            raise unknown("granularity")
        first, last = whole(params, "startTime", None), whole(params, "endTime", None)
        candles = market.candles(interval, now_ns).between(
            None if first is None else first * MS,
            None if last is None else last * MS,
            whole(params, "limit", 100, most=1000) or 100,
            now_ns,
        )
        return [candle_row(market, candle) for candle in candles]


def trade_id(number: int) -> str:
    """The id of a trade, the same for the public and for those who made it."""
    return str(1_200_000_000_000_000_000 + number)


def candle_row(market: Market, candle: Candle) -> list[str]:
    """Show a candle; volume in base, in USDT and in quote."""
    spelled = market.spelling
    volume = quote(market, candle.quote_volume)
    return [
        str(candle.start_ns // MS),
        spelled.price(candle.open),
        spelled.price(candle.high),
        spelled.price(candle.low),
        spelled.price(candle.close),
        spelled.size(candle.volume),
        _in_usdt(market, candle.quote_volume),
        volume,
    ]


def ticker(market: Market, stamp: str) -> dict[str, str]:
    """Show the 24-hour figures of a market as its channel does."""
    day, spelled = market.day, market.spelling
    bid, ask = market.book.bids.top(1), market.book.asks.top(1)
    change = f"{(market.last_price - day.open) / day.open:.5f}"
    return {
        "instId": market.pair,
        "lastPr": spelled.price(market.last_price),
        "open24h": spelled.price(day.open),
        "high24h": spelled.price(day.high),
        "low24h": spelled.price(day.low),
        "change24h": change,
        "bidPr": _top(market, bid, 0),
        "askPr": _top(market, ask, 0),
        "bidSz": _top(market, bid, 1),
        "askSz": _top(market, ask, 1),
        "baseVolume": spelled.size(day.volume),
        "quoteVolume": quote(market, day.quote_volume),
        "openUtc": spelled.price(day.open),
        "changeUtc24h": change,
        "ts": stamp,
    }


def _rest_ticker(market: Market, stamp: str) -> dict[str, str]:
    """Show them as a request does: three names differ."""
    shown = ticker(market, stamp)
    shown["symbol"] = shown.pop("instId")
    shown["open"] = shown.pop("open24h")
    shown["usdtVolume"] = _in_usdt(market, market.day.quote_volume)
    return shown


def _top(market: Market, levels: Sequence[Units], part: int) -> str:
    """Print price or size of the best level; an empty side is zero."""
    return market.spelling.level(*levels[0])[part] if levels else "0"


def _in_usdt(market: Market, quote_volume: int) -> str:
    listing = market.listing
    if listing.symbol.quote == "USDT":
        return quote(market, quote_volume)
    usd = Decimal(str(asset(listing.symbol.quote).usd))
    return f"{quote_volume * listing.tick * listing.lot * usd:.6f}"


def _instrument(market: Market) -> dict[str, str]:
    """Show a symbol. The least order is a value in USDT, whatever the quote."""
    listing = market.listing
    symbol = listing.symbol
    return {
        "symbol": listing.pair,
        "baseCoin": symbol.base,
        "quoteCoin": symbol.quote,
        "minTradeAmount": "0",  # obsolete, as is the next one
        "maxTradeAmount": "10000000000",
        "takerFeeRate": f"{listing.taker_fee:f}",
        "makerFeeRate": f"{listing.maker_fee:f}",
        "pricePrecision": str(listing.price_decimals),
        "quantityPrecision": str(listing.size_decimals),
        "quotePrecision": str(listing.price_decimals + listing.size_decimals),
        "status": "online" if market.status is Status.TRADING else "halt",
        "minTradeUSDT": "1",
        "buyLimitPriceRatio": f"{BUY_UP - 1:f}",
        "sellLimitPriceRatio": f"{1 - SELL_DOWN:f}",
        "areaSymbol": "no",
        "orderQuantity": "200",
        "openTime": "1532454360000",
        "offTime": "",
    }


def _coin(number: int, name: str, networks: tuple[Network, ...]) -> dict[str, Any]:
    return {
        "coinId": str(number),
        "coin": name,
        "transfer": "true",
        "chains": [_chain(name, network) for network in networks],
        "areaCoin": "no",
    }


def _chain(name: str, network: Network) -> dict[str, str]:
    """Show a chain; what is true or false is text."""
    usd = asset(name).usd
    return {
        "chain": network.name,
        "needTag": "false",
        "withdrawable": _told(network.withdrawals),
        "rechargeable": _told(network.deposits),
        "withdrawFee": _about(2 / usd),
        "extraWithdrawFee": "0",
        "depositConfirm": "12",
        "withdrawConfirm": "64",
        "minDepositAmount": _about(1 / usd),
        "minWithdrawAmount": _about(10 / usd),
        "browserUrl": "https://etherscan.io/tx/",
        "contractAddress": network.contract,
        "withdrawStep": "0",
        "withdrawMinScale": "8",
        "congestion": "normal",
    }


def _told(what: bool) -> str:  # noqa: FBT001 (a word for it)
    return "true" if what else "false"


def _about(value: float) -> str:
    """Print an amount with three digits."""
    return f"{float(f'{value:.3g}'):.12f}".rstrip("0").rstrip(".")
