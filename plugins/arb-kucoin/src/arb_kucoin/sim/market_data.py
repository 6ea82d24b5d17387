"""Market data by request: the public half of REST, and the whole book, which asks for a key.

Source: https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-all-symbols and its neighbours.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from arb_sim.assets import asset
from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import WEEK, Candle, Interval
from arb_sim.kernel.market import Market, Network, Print, Status
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

from arb_kucoin.sim.spelling import Declined, done, invalid, missing, plain, price, quote, size, whole

if TYPE_CHECKING:
    from arb_kucoin.sim.venue import KucoinVenue

__all__ = ["INTERVALS", "LIMIT_RATE", "MOST_QUOTE", "OTHER_MARKETS", "MarketData", "Route", "candle_row", "day_change"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

INTERVALS = {
    "1min": Interval(MINUTE),
    "3min": Interval(3 * MINUTE),
    "5min": Interval(5 * MINUTE),
    "15min": Interval(15 * MINUTE),
    "30min": Interval(30 * MINUTE),
    "1hour": Interval(HOUR),
    "2hour": Interval(2 * HOUR),
    "4hour": Interval(4 * HOUR),
    "6hour": Interval(6 * HOUR),
    "8hour": Interval(8 * HOUR),
    "12hour": Interval(12 * HOUR),
    "1day": Interval(DAY),
    "1week": WEEK,
}

CANDLES = 1500
TRADES = 100
"""Most rows of an answer."""

MOST_QUOTE = Decimal(99_999_999)
MOST_BASE = "10000000000"
LIMIT_RATE = Decimal("0.1")
"""The largest order in quote and in base, and how far a price may be beyond the market."""

OTHER_MARKETS: dict[str, list[object]] = {"/api/v1/contracts/active": []}
"""Lists of what is not spot. A client for every kind of market asks for them at start; they are empty here."""


class Route(NamedTuple):
    """A public request and its weight. `argument` = the path goes on, with a name."""

    answer: Callable[[str, dict[str, str]], Response]
    weight: int
    argument: bool = False


class MarketData:
    """Everything below `/api` that needs no key."""

    def __init__(self, venue: "KucoinVenue") -> None:
        self._venue = venue
        self.networks = self._list_networks()
        """Every asset and the chains it travels on."""
        self.routes: dict[str, Route] = {
            "/api/v1/timestamp": Route(self._time, 3),
            "/api/v1/status": Route(_status, 3),
            "/api/v1/symbols": Route(self._symbols, 4),
            "/api/v2/symbols": Route(self._symbols, 4),
            "/api/v2/symbols/": Route(self._symbol, 4, argument=True),
            "/api/v1/markets": Route(self._markets, 3),
            "/api/v3/currencies": Route(self._currencies, 3),
            "/api/v3/currencies/": Route(self._currency, 3, argument=True),
            "/api/v1/market/orderbook/level1": Route(self._level1, 2),
            "/api/v1/market/orderbook/level2_20": Route(self._book_of_20, 2),
            "/api/v1/market/orderbook/level2_100": Route(self._book_of_100, 2),
            "/api/v1/market/allTickers": Route(self._all_tickers, 15),
            "/api/v1/market/stats": Route(self._stats, 15),
            "/api/v1/market/histories": Route(self._histories, 3),
            "/api/v1/market/candles": Route(self._candles, 3),
        }

    def _list_networks(self) -> dict[str, tuple[Network, ...]]:
        listings = [market.listing for market in self._venue.by_pair.values()]
        quotes = {str(listing.symbol.quote): asset(listing.symbol.quote).networks for listing in listings}
        return quotes | {str(listing.symbol.base): listing.networks for listing in listings}

    # What there is

    def _time(self, _name: str, _params: dict[str, str]) -> Response:
        return done(self._venue.now_ms)

    def _book_of_20(self, _name: str, params: dict[str, str]) -> Response:
        return self.book(params, 20)

    def _book_of_100(self, _name: str, params: dict[str, str]) -> Response:
        return self.book(params, 100)

    def _symbols(self, _name: str, params: dict[str, str]) -> Response:
        wanted = params.get("market")
        rows = [_instrument(market) for market in self._venue.by_pair.values()]
        return done([row for row in rows if not wanted or row["market"] == wanted])

    def _symbol(self, name: str, _params: dict[str, str]) -> Response:
        return done(_instrument(self._venue.market(name)))

    def _markets(self, _name: str, _params: dict[str, str]) -> Response:
        return done(list(dict.fromkeys(_market_of(market) for market in self._venue.by_pair.values())))

    def _currencies(self, _name: str, _params: dict[str, str]) -> Response:
        return done([_asset(name, networks) for name, networks in self.networks.items()])

    def _currency(self, name: str, _params: dict[str, str]) -> Response:
        if name not in self.networks:
            raise Declined(400100, "The currency does not exist.")
        return done(_asset(name, self.networks[name]))

    # Books and prices

    def book(self, params: dict[str, str], levels: int | None) -> Response:
        """Answer with a book of so many levels a side, None = the whole one."""
        venue, market = self._venue, self._venue.named(params)
        snapshot = venue.snapshot(market, levels or len(market.book.bids) + len(market.book.asks))
        return done(
            {
                "time": venue.now_ms,
                "sequence": str(snapshot.version),
                "bids": market.spelling.levels(snapshot.bids),
                "asks": market.spelling.levels(snapshot.asks),
            }
        )

    def _level1(self, _name: str, params: dict[str, str]) -> Response:
        market = self._venue.named(params)
        return done({"time": self._venue.now_ms, **self.top(market)})

    def top(self, market: Market) -> dict[str, str]:
        """Show the last trade and the best levels."""
        (bid, bid_size), (ask, ask_size) = (
            _best(market, market.book.bids.top(1)),
            _best(market, market.book.asks.top(1)),
        )
        return {
            "sequence": str(market.book.version),
            "price": price(market, market.last_price),
            "size": size(market, market.last_size),
            "bestBid": bid,
            "bestBidSize": bid_size,
            "bestAsk": ask,
            "bestAskSize": ask_size,
        }

    def _all_tickers(self, _name: str, _params: dict[str, str]) -> Response:
        rows = [_ticker(market.look()) for market in self._venue.by_pair.values()]
        return done({"time": self._venue.now_ms, "ticker": rows})

    def _stats(self, _name: str, params: dict[str, str]) -> Response:
        market = self._venue.named(params)
        return done({"time": self._venue.now_ms, "symbol": market.pair, **_day(market)})

    # What was traded

    def _histories(self, _name: str, params: dict[str, str]) -> Response:
        market = self._venue.named(params)
        return done([self._trade(market, trade) for trade in market.latest(TRADES)])

    def _trade(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "sequence": str(trade.number),
            "price": price(market, trade.price),
            "size": size(market, trade.size),
            "side": "buy" if trade.taker_buys else "sell",
            "time": trade.at_ns + self._venue.faults.skew_ns,
        }

    def _candles(self, _name: str, params: dict[str, str]) -> Response:
        now_ns, market = self._venue.now_ns, self._venue.named(params)
        if not params.get("type"):
            raise missing("type")
        interval = INTERVALS.get(params["type"])
        if interval is None:
            raise invalid("type")
        first, last = whole(params, "startAt"), whole(params, "endAt")
        if first is not None and last is not None and last and last < first:
            raise invalid("endAt")
        candles = market.candles(interval, now_ns).between(
            first * SECOND if first else None, last * SECOND - 1 if last else None, CANDLES, now_ns
        )
        return done([candle_row(market, candle) for candle in reversed(candles[-CANDLES:])])


def candle_row(market: Market, candle: Candle) -> list[str]:
    """Show a candle: its start in seconds, then open and close before high and low."""
    return [
        str(candle.start_ns // SECOND),
        price(market, candle.open),
        price(market, candle.close),
        price(market, candle.high),
        price(market, candle.low),
        size(market, candle.volume),
        quote(market, candle.quote_volume),
    ]


def day_change(market: Market) -> tuple[str, str]:
    """Print the change over a day: as a fraction, and in quote."""
    day = market.day
    change = market.last_price - day.open
    sign = "-" if change < 0 else ""
    return f"{change / day.open:.4f}", sign + price(market, abs(change))


def _best(market: Market, levels: Sequence[Units]) -> tuple[str, str]:
    return market.spelling.level(*levels[0]) if levels else ("", "")


def _day(market: Market) -> dict[str, str]:
    rate, change = day_change(market)
    bid, ask, day = market.book.bids.top(1), market.book.asks.top(1), market.day
    return {
        "buy": _best(market, bid)[0],
        "sell": _best(market, ask)[0],
        "changeRate": rate,
        "changePrice": change,
        "high": price(market, day.high),
        "low": price(market, day.low),
        "vol": size(market, day.volume),
        "volValue": quote(market, day.quote_volume),
        "last": price(market, market.last_price),
        "averagePrice": price(market, (day.high + day.low) // 2),
        "takerFeeRate": plain(market.listing.taker_fee),
        "makerFeeRate": plain(market.listing.maker_fee),
        "takerCoefficient": "1",
        "makerCoefficient": "1",
    }


def _ticker(market: Market) -> dict[str, str]:
    sizes = {
        "bestBidSize": _best(market, market.book.bids.top(1))[1],
        "bestAskSize": _best(market, market.book.asks.top(1))[1],
    }
    return {"symbol": market.pair, "symbolName": market.pair, **_day(market), **sizes}


def _market_of(market: Market) -> str:
    """Name the section of the venue that lists a pair."""
    money = str(market.listing.symbol.quote)
    return {"USDT": "USDS", "USDC": "USDS"}.get(money, money)


def _instrument(market: Market) -> dict[str, Any]:
    listing = market.listing
    return {
        "symbol": listing.pair,
        "name": listing.pair,
        "baseCurrency": listing.symbol.base,
        "quoteCurrency": listing.symbol.quote,
        "feeCurrency": listing.symbol.quote,
        "market": _market_of(market),
        "baseMinSize": trimmed(listing.min_size, listing.size_decimals),
        "quoteMinSize": plain(listing.min_notional),
        "baseMaxSize": MOST_BASE,
        "quoteMaxSize": plain(MOST_QUOTE),
        "baseIncrement": plain(listing.lot),
        "quoteIncrement": plain(listing.tick * listing.lot),
        "priceIncrement": plain(listing.tick),
        "priceLimitRate": plain(LIMIT_RATE),
        "minFunds": plain(listing.min_notional),
        "isMarginEnabled": False,
        "enableTrading": market.status is Status.TRADING,
        "feeCategory": 1,
        "makerFeeCoefficient": "1.00",
        "takerFeeCoefficient": "1.00",
        "st": False,
        "callauctionIsEnabled": False,
        "callauctionPriceFloor": None,
        "callauctionPriceCeiling": None,
        "callauctionFirstStageStartTime": None,
        "callauctionSecondStageStartTime": None,
        "callauctionThirdStageStartTime": None,
        "tradingStartTime": None,
    }


def _asset(name: str, networks: tuple[Network, ...]) -> dict[str, Any]:
    return {
        "currency": name,
        "name": name,
        "fullName": name,
        "precision": 8,
        "confirms": None,
        "contractAddress": None,
        "isMarginEnabled": False,
        "isDebitEnabled": False,
        "chains": [
            {
                "chainName": network.name,
                "withdrawalMinSize": "0.001",
                "depositMinSize": "0.0002",
                "withdrawFeeRate": "0",
                "withdrawalMinFee": "0.0005",
                "isWithdrawEnabled": network.withdrawals,
                "isDepositEnabled": network.deposits,
                "confirms": 3,
                "preConfirms": 1,
                "contractAddress": network.contract,
                "withdrawPrecision": 8,
                "maxWithdraw": None,
                "maxDeposit": None,
                "needTag": False,
                "chainId": network.name.lower(),
            }
            for network in networks
        ],
    }


def _status(_name: str, _params: dict[str, str]) -> Response:
    return done({"status": "open", "msg": ""})
