"""Market data by request: the public half of REST."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arb_core.structs.market import Symbol
from arb_sim.assets import asset
from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import Interval
from arb_sim.kernel.market import Market, Network, Print, Status
from arb_sim.kernel.rest import json
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

from arb_gateio.sim.spelling import Declined, invalid, plain, price, quote, size, whole

if TYPE_CHECKING:
    from arb_gateio.sim.venue import GateioVenue

__all__ = ["INTERVALS", "MOST_QUOTE", "OTHER_MARKETS", "MarketData", "ticker"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OTHER_MARKETS = re.compile(r"/api/v4/(margin/currency_pairs|(futures|delivery)/[a-z]+/contracts|options/underlyings)")
"""Lists of what is not spot. A client for every kind of market asks for them at start; they are empty here."""

INTERVALS = {
    "1s": Interval(SECOND),
    "10s": Interval(10 * SECOND),
    "1m": Interval(MINUTE),
    "5m": Interval(5 * MINUTE),
    "15m": Interval(15 * MINUTE),
    "30m": Interval(30 * MINUTE),
    "1h": Interval(HOUR),
    "4h": Interval(4 * HOUR),
    "8h": Interval(8 * HOUR),
    "1d": Interval(DAY),
    "7d": Interval(7 * DAY),  # counted from the epoch, not from a Monday
    "30d": Interval(30 * DAY),
}

LARGE_SNAPSHOT = 100
CACHED_NS = MINUTE
"""REST books of more levels come from a cache that may be minutes behind (github.com/gateio/gatews issue 51)."""

MOST_QUOTE = Decimal(5_000_000)
"""The largest order, in quote."""

POINTS = 10_000
"""How many candles back Gate.io answers."""


class MarketData:
    """Everything below `/api/v4/spot` that needs no key."""

    def __init__(self, venue: "GateioVenue") -> None:
        self._venue = venue
        self.networks = self._list_networks()
        """Every asset and the chains it travels on."""
        self.routes: dict[str, Callable[[str, dict[str, str]], Response]] = {
            "time": lambda _name, _params: json({"server_time": venue.now_ms}),
            "currency_pairs": self._currency_pairs,
            "currencies": self._currencies,
            "tickers": self._tickers,
            "order_book": self._order_book,
            "trades": self._trades,
            "candlesticks": self._candlesticks,
        }

    def _list_networks(self) -> dict[str, tuple[Network, ...]]:
        listings = [market.listing for market in self._venue.by_pair.values()]
        quotes = {listing.symbol.quote: asset(listing.symbol.quote).networks for listing in listings}
        return quotes | {listing.symbol.base: listing.networks for listing in listings}

    def _currency_pairs(self, pair: str, _params: dict[str, str]) -> Response:
        if pair:
            return json(_instrument(self._venue.market({"currency_pair": pair})))
        return json([_instrument(market) for market in self._venue.by_pair.values()])

    def _currencies(self, name: str, _params: dict[str, str]) -> Response:
        if not name:
            return json([_currency(each, networks) for each, networks in self.networks.items()])
        if name not in self.networks:
            raise Declined(400, "INVALID_CURRENCY", f"Invalid currency {name}")
        return json(_currency(name, self.networks[name]))

    def _tickers(self, _argument: str, params: dict[str, str]) -> Response:
        zones = {"utc0": ["utc0"], "utc8": ["utc8"], "all": ["utc0", "utc8"]}.get(params.get("timezone", ""), [])
        if "currency_pair" not in params:
            return json([ticker(market.look(), zones) for market in self._venue.by_pair.values()])
        market = self._venue.market(params)
        bid, ask = market.book.bids.top(1), market.book.asks.top(1)
        sizes = {
            "lowest_size": size(market, ask[0][1]) if ask else "",
            "highest_size": size(market, bid[0][1]) if bid else "",
        }
        return json([ticker(market, zones) | sizes])

    def _order_book(self, _argument: str, params: dict[str, str]) -> Response:
        venue = self._venue
        market = venue.market(params)
        if params.get("interval", "0") != "0":
            raise invalid("interval", params["interval"])
        limit = whole(params, "limit", 10, most=5000) or 10
        snapshot = venue.snapshot(market, limit, cached_ns=CACHED_NS if limit > LARGE_SNAPSHOT else 0)
        shown: dict[str, Any] = {"id": snapshot.version} if params.get("with_id") == "true" else {}
        shown["current"] = venue.now_ms
        shown["update"] = venue.stamp(market.book.changed_ns)
        shown["asks"] = market.spelling.levels(snapshot.asks)
        shown["bids"] = market.spelling.levels(snapshot.bids)
        return json(shown)

    def _trades(self, _argument: str, params: dict[str, str]) -> Response:
        stamp = self._venue.stamp
        market = self._venue.market(params)
        limit, page = whole(params, "limit", 100, most=1000) or 100, whole(params, "page", 1) or 1
        after, first, last = (whole(params, name, None) for name in ("last_id", "from", "to"))
        backwards = params.get("reverse") == "true"
        found = [
            trade
            for trade in market.latest(1000)
            if (first is None or stamp(trade.at_ns) >= first * 1000)
            and (last is None or stamp(trade.at_ns) <= last * 1000)
            and (after is None or (trade.number < after if backwards else trade.number > after))
        ]
        found.reverse()
        return json([self._trade(market, trade) for trade in found[(page - 1) * limit : page * limit]])

    def _trade(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "id": str(trade.number),
            "create_time": str(self._venue.stamp(trade.at_ns) // 1000),
            "create_time_ms": self._venue.exact_stamp(trade.at_ns),
            "currency_pair": market.pair,
            "side": "buy" if trade.taker_buys else "sell",
            "amount": size(market, trade.size),
            "price": price(market, trade.price),
            "sequence_id": str(trade.number - 1_000),
        }

    def _candlesticks(self, _argument: str, params: dict[str, str]) -> Response:
        now_ns = self._venue.now_ns
        market = self._venue.market(params)
        interval = INTERVALS.get(params.get("interval", "30m"))
        if interval is None:
            raise invalid("interval", params["interval"])
        first, last = whole(params, "from", None), whole(params, "to", None)
        if (first is not None or last is not None) and "limit" in params:
            raise invalid("limit", params["limit"])
        if first is not None and now_ns - first * SECOND > POINTS * interval.span_ns:
            message = "Candlestick too long ago. Maximum 10000 points ago are allowed"
            raise Declined(400, "INVALID_PARAM_VALUE", message)
        candles = market.candles(interval, now_ns).between(
            None if first is None else first * SECOND,
            None if last is None else last * SECOND,
            whole(params, "limit", 100 if first is None else 1000, most=1000) or 100,
            now_ns,
        )
        return json(
            [
                [
                    str(candle.start_ns // SECOND),
                    quote(market, candle.quote_volume),
                    price(market, candle.close),
                    price(market, candle.high),
                    price(market, candle.low),
                    price(market, candle.open),
                    size(market, candle.volume),
                    "true" if candle.end_ns <= now_ns else "false",
                ]
                for candle in candles
            ]
        )


def ticker(market: Market, zones: Sequence[str]) -> dict[str, Any]:
    """Show the 24-hour figures of a market; `zones` are the days it tells the change of as well."""
    day = market.day
    bid, ask = market.book.bids.top(1), market.book.asks.top(1)
    change = f"{(market.last_price - day.open) / day.open * 100:.2f}"
    return {
        "currency_pair": market.pair,
        "last": price(market, market.last_price),
        "lowest_ask": _top_price(market, ask),
        "highest_bid": _top_price(market, bid),
        "change_percentage": change,
        **{f"change_{zone}": change for zone in zones},
        "base_volume": size(market, day.volume),
        "quote_volume": quote(market, day.quote_volume),
        "high_24h": price(market, day.high),
        "low_24h": price(market, day.low),
    }


def _top_price(market: Market, levels: Sequence[Units]) -> str:
    return price(market, levels[0][0]) if levels else ""


def _instrument(market: Market) -> dict[str, Any]:
    listing = market.listing
    symbol: Symbol = listing.symbol
    return {
        "id": listing.pair,
        "base": symbol.base,
        "base_name": symbol.base,
        "quote": symbol.quote,
        "quote_name": symbol.quote,
        "fee": str((listing.taker_fee * 100).normalize()),  # percent
        "min_base_amount": trimmed(listing.min_size, listing.size_decimals),
        "min_quote_amount": str(listing.min_notional),
        "max_base_amount": None,
        "max_quote_amount": plain(MOST_QUOTE),
        "amount_precision": listing.size_decimals,
        "precision": listing.price_decimals,
        "trade_status": "tradable" if market.status is Status.TRADING else "untradable",
        "sell_start": 1_516_378_650,
        "buy_start": 1_516_378_650,
        "delisting_time": 0,
        "type": "normal",
        "trade_url": f"https://www.gate.com/trade/{listing.pair}",
        "st_tag": False,
    }


def _currency(name: str, networks: tuple[Network, ...]) -> dict[str, Any]:
    def closed(which: Callable[[Network], bool]) -> bool:
        return not any(which(network) for network in networks)

    return {
        "currency": name,
        "name": name,
        "delisted": False,
        "withdraw_disabled": closed(lambda network: network.withdrawals),
        "withdraw_delayed": False,
        "deposit_disabled": closed(lambda network: network.deposits),
        "trade_disabled": False,
        "chain": networks[0].name,
        "chains": [
            {
                "name": network.name,
                "addr": network.contract,
                "withdraw_disabled": not network.withdrawals,
                "withdraw_delayed": False,
                "deposit_disabled": not network.deposits,
            }
            for network in networks
        ],
    }
