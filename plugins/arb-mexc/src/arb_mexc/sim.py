"""MEXC as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-mexc[sim]`. Written from MEXC's documentation
and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.

Sources: https://www.mexc.com/api-docs/spot-v3/introduction and the pages beside it;
github.com/mexcdevelop/websocket-proto. What they leave open is chosen here: trades come newest first (as recorded), the
venue sends no protocol-level pings, and a refusal always gives the one recorded reason.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from hashlib import md5
from typing import Any, ClassVar

import msgspec
from arb_core.structs.market import Symbol
from arb_sim.faults import FaultKind
from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import MONTH, WEEK, Candle, Interval
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.limits import Ban, Window
from arb_sim.kernel.market import Market, Print, Status
from arb_sim.kernel.rest import Refusal, json, number, parameters
from arb_sim.kernel.sources import AllStatistics, Bars, Best, Deltas, Depth, Prints, Statistics, Top, Update
from arb_sim.kernel.spelling import Spelling, trimmed
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

from arb_mexc._proto.push_pb2 import PublicBookTickerV3Api, PublicMiniTickerV3Api, PushDataV3ApiWrapper

__all__ = ["MexcVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

REST_INTERVALS = {
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
STREAM_INTERVALS = {
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

WEIGHTS = {
    "ping": 1,
    "time": 1,
    "defaultSymbols": 1,
    "exchangeInfo": 10,
    "depth": 1,
    "trades": 5,
    "aggTrades": 1,
    "klines": 1,
    "avgPrice": 1,
    "ticker/24hr": 1,
    "ticker/price": 1,
    "ticker/bookTicker": 1,
}
"""Units per request; endpoints do not share their budgets."""

WEIGHT_OF_ALL = {"ticker/24hr": 40, "ticker/price": 2}
"""Units when no symbol is named."""

CONTRACTS = "/api/v1/contract/detail"
"""The list of futures. A client for every kind of market asks for it at start; there are none here."""

BLOCKED = "Not Subscribed successfully! [{}].  Reason： Blocked! "  # noqa: RUF001 (the colon is full-width on the wire)


class _Control(msgspec.Struct, frozen=True):
    """A client's text frame."""

    method: str
    params: list[str] = []
    id: int = 0


class MexcVenue(VenueKernel):
    """MEXC spot v3, the public half."""

    habits = Habits(
        exchange="mexc",
        pair=lambda symbol: f"{symbol.base}{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, shown_size=8),
        price_digits=7,
        lot_usd=0.1,
        min_notional=Decimal(1),
        maker_fee=Decimal(0),
        taker_fee=Decimal("0.0005"),
        ids_per_level=True,
        latency_ns=60 * MS,
        half_spread_bps=0.8,
    )
    rules = SocketRules(
        idle_ns=60 * SECOND,
        unsubscribed_ns=30 * SECOND,
        lifetime_ns=DAY,
        max_streams=30,
        messages_per_s=100,
        overrun=Close(1006),
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "MEXC sends no checksums",
        FaultKind.TICKET_EXPIRED: "MEXC's public sockets need no listen key",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self._windows: dict[tuple[str, str], Window] = {}
        self._bans: dict[str, Ban] = {}
        self._routes: dict[str, Callable[[dict[str, str]], Response]] = {
            "ping": lambda _: json({}),
            "time": lambda _: json({"serverTime": self.now_ms}),
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

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        name = request.path.removeprefix("/api/v3/")
        route = self._routes.get(name)
        if route is None or not request.path.startswith("/api/v3/"):
            no_futures = json({"success": True, "code": 0, "data": []})
            return no_futures if request.path == CONTRACTS else _error(404, 404, "Not Found")
        if request.method != "GET":
            return _error(405, 405, "Method Not Allowed")
        params = parameters(request)
        refused = self._spend(request, name, params)
        if refused is not None:
            return refused
        try:
            return route(params)
        except Refusal as refusal:
            return refusal.response
        except ValueError as error:
            return _error(400, 700008, f"Illegal characters found in parameter: {error}")

    def _spend(self, request: Request, name: str, params: dict[str, str]) -> Response | None:
        now_ns, client = self.timeline.now_ns, request.client
        ban = self._bans.setdefault(client, Ban(patience=10, span_ns=2 * MINUTE))
        if ban.holds(now_ns):
            return self.limited(request, ban.wait_s(now_ns), banned=True)
        all_of_them = "symbol" not in params and "symbols" not in params
        weight = WEIGHT_OF_ALL.get(name, WEIGHTS[name]) if all_of_them else WEIGHTS[name]
        window = self._windows.setdefault((client, name), Window(500, 10 * SECOND))
        if window.spend(weight, now_ns):
            return None
        if ban.offend(now_ns):
            return self.limited(request, ban.wait_s(now_ns), banned=True)
        return self.limited(request, window.wait_s(now_ns), banned=False)

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        status = 418 if banned else 429
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        return json({"code": status, "msg": "Too Many Requests"}, status=status, headers=headers)

    def _market(self, params: dict[str, str]) -> Market:
        name = params.get("symbol")
        if not name:
            message = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            raise Refusal(_error(400, 700004, message))
        market = self.by_pair.get(name)
        if market is None:
            raise Refusal(_error(400, -1121, "Invalid symbol."))
        return market.look()

    def _default_symbols(self, _params: dict[str, str]) -> Response:
        return json({"code": 200, "data": list(self.by_pair), "msg": None})

    def _exchange_info(self, params: dict[str, str]) -> Response:
        if "symbol" in params:
            markets = [self._market(params)]
        elif "symbols" in params:
            markets = [self._market({"symbol": name}) for name in params["symbols"].split(",")]
        else:
            markets = list(self.by_pair.values())
        return json(
            {
                "timezone": "CST",
                "serverTime": self.now_ms,
                "rateLimits": [],
                "exchangeFilters": [],
                "symbols": [_instrument(market) for market in markets],
            }
        )

    def _depth(self, params: dict[str, str]) -> Response:
        market = self._market(params)
        snapshot = self.snapshot(market, number(params.get("limit"), 100, most=5000) or 100)
        return json(
            {
                "lastUpdateId": snapshot.version,
                "bids": market.spelling.levels(snapshot.bids),
                "asks": market.spelling.levels(snapshot.asks),
                "timestamp": self.now_ms,
            }
        )

    def _trades(self, params: dict[str, str]) -> Response:
        market = self._market(params)
        trades = market.latest(number(params.get("limit"), 500, most=1000) or 500)
        return json(
            [
                {
                    "id": None,
                    "price": _price(market, trade.price),
                    "qty": _size(market, trade.size),
                    "quoteQty": _quote(market, trade.price * trade.size),
                    "time": self._stamp(trade.at_ns),
                    "isBuyerMaker": not trade.taker_buys,
                    "isBestMatch": True,
                    "tradeType": "BID" if trade.taker_buys else "ASK",
                }
                for trade in reversed(trades)
            ]
        )

    def _agg_trades(self, params: dict[str, str]) -> Response:
        market = self._market(params)
        if ("startTime" in params) != ("endTime" in params):
            raise Refusal(_error(400, 700004, "startTime and endTime must be sent together"))
        first, last = number(params.get("startTime"), 0), number(params.get("endTime"), None)
        trades = [
            trade
            for trade in market.latest(1000)
            if self._stamp(trade.at_ns) >= (first or 0) and (last is None or self._stamp(trade.at_ns) <= last)
        ]
        limit = number(params.get("limit"), 500, most=1000) or 500
        return json(
            [
                {
                    "a": None,
                    "f": None,
                    "l": None,
                    "p": _price(market, trade.price),
                    "q": _size(market, trade.size),
                    "T": self._stamp(trade.at_ns),
                    "m": not trade.taker_buys,
                    "M": True,
                }
                for trade in reversed(trades[-limit:])
            ]
        )

    def _klines(self, params: dict[str, str]) -> Response:
        market = self._market(params)
        interval = REST_INTERVALS.get(params.get("interval", ""))
        if interval is None:
            raise Refusal(_error(400, -1121, "Invalid interval."))
        first, last = number(params.get("startTime"), None), number(params.get("endTime"), None)
        candles = market.candles(interval, self.now_ns).between(
            None if first is None else first * MS,
            None if last is None else last * MS,
            number(params.get("limit"), 500, most=1000) or 500,
            self.now_ns,
        )
        return json(
            [
                [
                    candle.start_ns // MS,
                    _price(market, candle.open),
                    _price(market, candle.high),
                    _price(market, candle.low),
                    _price(market, candle.close),
                    _size(market, candle.volume),
                    candle.end_ns // MS,
                    _quote(market, candle.quote_volume),
                ]
                for candle in candles
            ]
        )

    def _avg_price(self, params: dict[str, str]) -> Response:
        market = self._market(params)
        return json({"mins": 5, "price": _price(market, market.last_price)})

    def _ticker(self, params: dict[str, str], show: Callable[[Market], dict[str, Any]]) -> Response:
        if "symbol" in params:
            return json(show(self._market(params)))
        return json([show(market.look()) for market in self.by_pair.values()])

    def _price(self, market: Market) -> dict[str, Any]:
        return {"symbol": market.pair, "price": _price(market, market.last_price)}

    def _book_ticker(self, market: Market) -> dict[str, Any]:
        bid, ask = market.book.bids.top(1), market.book.asks.top(1)
        return {
            "symbol": market.pair,
            "bidPrice": _price(market, bid[0][0]) if bid else "",
            "bidQty": _size(market, bid[0][1]) if bid else "",
            "askPrice": _price(market, ask[0][0]) if ask else "",
            "askQty": _size(market, ask[0][1]) if ask else "",
        }

    def _day(self, market: Market) -> dict[str, Any]:
        day, best = market.day, self._book_ticker(market)
        opened = _price(market, day.open)
        change = market.last_price - day.open
        return {
            "symbol": market.pair,
            "priceChange": _signed(change, market.listing.price_decimals),
            "priceChangePercent": f"{change / day.open:.8f}",
            "prevClosePrice": opened,
            "lastPrice": _price(market, market.last_price),
            "bidPrice": best["bidPrice"],
            "bidQty": best["bidQty"],
            "askPrice": best["askPrice"],
            "askQty": best["askQty"],
            "openPrice": opened,
            "highPrice": _price(market, day.high),
            "lowPrice": _price(market, day.low),
            "volume": _size(market, day.volume),
            "quoteVolume": _quote(market, day.quote_volume),
            "openTime": self.now_ms - DAY // MS,
            "closeTime": self.now_ms,
            "count": None,
        }

    def _stamp(self, at_ns: int) -> int:
        """A moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    # WebSocket control

    def welcome(self, peer: Peer) -> Response | None:
        return None if peer.path == "/ws" else _error(404, 404, "Not Found")

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        try:
            control = msgspec.json.decode(frame, type=_Control)
        except msgspec.DecodeError:
            self._reply(peer, 0, "Invalid request", code=1)
            return
        match control.method.upper():
            case "PING":
                self._reply(peer, 0, "PONG")
            case "SUBSCRIPTION":
                self._subscribe(peer, control)
            case "UNSUBSCRIPTION":
                for name in control.params:
                    self.unsubscribe(peer, name)
                self._reply(peer, control.id, ",".join(control.params))
            case _:
                self._reply(peer, control.id, f"Unknown method {control.method}", code=1)

    def _subscribe(self, peer: Peer, control: _Control) -> None:
        joined: list[str] = []
        refused: list[str] = []
        for name in control.params:
            match self.faults.subscription(peer.conn, self._market_of(name)):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    pass
                case FaultKind.SUBSCRIPTION_REFUSED:
                    refused.append(name)
                case _:
                    (refused if self.subscribe(peer, name) is None else joined).append(name)
        if joined:
            self._reply(peer, control.id, ",".join(joined))
        if refused:
            self._reply(peer, control.id, BLOCKED.format(",".join(refused)))

    def _market_of(self, name: str) -> Market | None:
        return next((self.by_pair[part] for part in name.split("@") if part in self.by_pair), None)

    def _reply(self, peer: Peer, request_id: int, message: str, *, code: int = 0) -> None:
        self.send(peer.conn, msgspec.json.encode({"id": request_id, "code": code, "msg": message}).decode())

    # Channels

    def open_stream(self, name: str) -> Stream | None:  # noqa: PLR0911 (a table of channels)
        match name.split("@"):
            case ["spot", "public.aggre.depth.v3.api.pb", speed, pair] if speed in SPEEDS and pair in self.by_pair:
                return self._aggregated(name, "book", speed, Deltas(self.by_pair[pair]), self._push_deltas)
            case ["spot", "public.aggre.deals.v3.api.pb", speed, pair] if speed in SPEEDS and pair in self.by_pair:
                return self._aggregated(name, "trades", speed, Prints(self.by_pair[pair]), self._push_deals)
            case ["spot", "public.aggre.bookTicker.v3.api.pb", speed, pair] if speed in SPEEDS and pair in self.by_pair:
                return self._aggregated(name, "quote", speed, Best(self.by_pair[pair]), self._push_best)
            case ["spot", "public.limit.depth.v3.api.pb", pair, "5" | "10" | "20" as depth] if pair in self.by_pair:
                source = Depth(self.by_pair[pair], int(depth))
                return self._aggregated(name, "depth", "100ms", source, self._push_depth)
            case ["spot", "public.bookTicker.batch.v3.api.pb", pair] if pair in self.by_pair:
                return self._aggregated(name, "quote", "100ms", Best(self.by_pair[pair]), self._push_batch)
            case ["spot", "public.kline.v3.api.pb", pair, interval] if (
                pair in self.by_pair and interval in STREAM_INTERVALS
            ):
                return self._kline_stream(name, self.by_pair[pair], interval)
            case ["spot", "public.miniTicker.v3.api.pb", pair, zone] if pair in self.by_pair and zone in ZONES:
                day = Statistics(self.by_pair[pair])
                return Stream(name, "ticker", day, 3 * SECOND, lambda market, _: [self._push_mini(name, market)])
            case ["spot", "public.miniTickers.v3.api.pb", zone] if zone in ZONES:
                every = AllStatistics(list(self.by_pair.values()))
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
        body.lastOrderCreateTime = self._stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _push_depth(self, wrapper: PushDataV3ApiWrapper, market: Market, event_type: str, top: Top) -> bytes:
        body = wrapper.publicLimitDepths
        _add_levels(body.asks, market, top.asks)
        _add_levels(body.bids, market, top.bids)
        body.eventType = event_type
        body.version = str(top.version)
        body.lastOrderCreateTime = self._stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _push_deals(
        self, wrapper: PushDataV3ApiWrapper, market: Market, event_type: str, trades: Sequence[Print]
    ) -> bytes:
        body = wrapper.publicAggreDeals
        for trade in trades:
            body.deals.add(
                price=_price(market, trade.price),
                quantity=_size(market, trade.size),
                tradeType=1 if trade.taker_buys else 2,
                time=self._stamp(trade.at_ns),
                tradeId=f"{trade.number}X0_{trade.number}X1",
            )
        body.eventType = event_type
        return wrapper.SerializeToString()

    def _push_best(self, wrapper: PushDataV3ApiWrapper, market: Market, _event_type: str, top: Top) -> bytes:
        body = wrapper.publicAggreBookTicker
        best = _best(market, top)
        body.bidPrice, body.bidQuantity, body.askPrice, body.askQuantity = best
        body.version = str(top.version)
        body.lastOrderCreateTime = self._stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _push_batch(self, wrapper: PushDataV3ApiWrapper, market: Market, _event_type: str, top: Top) -> bytes:
        body = wrapper.publicBookTickerBatch
        bid, bid_size, ask, ask_size = _best(market, top)
        body.items.append(PublicBookTickerV3Api(bidPrice=bid, bidQuantity=bid_size, askPrice=ask, askQuantity=ask_size))
        body.version = str(top.version)
        body.lastOrderCreateTime = self._stamp(market.book.changed_ns)
        return wrapper.SerializeToString()

    def _kline_stream(self, name: str, market: Market, interval: str) -> Stream:
        source = Bars(market, STREAM_INTERVALS[interval], self.timeline)
        symbol_id = md5(market.pair.encode(), usedforsecurity=False).hexdigest()

        def push(candle: Candle, now_ns: int) -> bytes:
            wrapper = PushDataV3ApiWrapper(
                channel=name, symbol=market.pair, symbolId=symbol_id, createTime=now_ns // MS
            )
            body = wrapper.publicSpotKline
            body.interval = interval
            body.windowStart = candle.start_ns // SECOND
            body.windowEnd = candle.end_ns // SECOND
            body.openingPrice = _price(market, candle.open)
            body.closingPrice = _price(market, candle.close)
            body.highestPrice = _price(market, candle.high)
            body.lowestPrice = _price(market, candle.low)
            body.volume = _size(market, candle.volume)
            body.amount = _quote(market, candle.quote_volume)
            return wrapper.SerializeToString()

        return Stream(name, "klines", source, SECOND, lambda taken, now_ns: [push(candle, now_ns) for candle in taken])

    def _mini(self, market: Market) -> PublicMiniTickerV3Api:
        day = market.day
        rate = f"{(market.last_price - day.open) / day.open:.4f}"
        high, low = _price(market, day.high), _price(market, day.low)
        return PublicMiniTickerV3Api(
            symbol=market.pair,
            price=_price(market, market.last_price),
            rate=rate,
            zonedRate=rate,
            high=high,
            low=low,
            volume=_quote(market, day.quote_volume),
            quantity=_size(market, day.volume),
            lastCloseRate=rate,
            lastCloseZonedRate=rate,
            lastCloseHigh=high,
            lastCloseLow=low,
        )

    def _push_mini(self, name: str, market: Market) -> bytes:
        wrapper = self._wrapper(name, market, self.now_ns)
        wrapper.publicMiniTicker.CopyFrom(self._mini(market))
        return wrapper.SerializeToString()

    def _push_minis(self, name: str, markets: Sequence[Market]) -> bytes:
        wrapper = PushDataV3ApiWrapper(channel=name, sendTime=self.now_ms)
        wrapper.publicMiniTickers.items.extend(self._mini(market) for market in markets)
        return wrapper.SerializeToString()


def _error(status: int, code: int, message: str) -> Response:
    return json({"code": code, "msg": message}, status=status)


def _add_levels(items: Any, market: Market, levels: Sequence[Units]) -> None:
    """Prices with every decimal of the tick, sizes with eight: `84270.00`, `0.00638700`."""
    price, size, add = market.spelling.price, market.spelling.size, items.add
    for p, s in levels:
        add(price=price(p), quantity=size(s))


def _price(market: Market, price: int) -> str:
    """Everywhere but in depth, MEXC prints numbers without trailing zeros."""
    return trimmed(price, market.listing.price_decimals)


def _size(market: Market, size: int) -> str:
    return trimmed(size, market.listing.size_decimals)


def _quote(market: Market, units: int) -> str:
    return trimmed(units, market.listing.price_decimals + market.listing.size_decimals)


def _signed(count: int, decimals: int) -> str:
    return ("-" if count < 0 else "") + trimmed(abs(count), decimals)


def _best(market: Market, top: Top) -> tuple[str, str, str, str]:
    bid, bid_size = (_price(market, top.bids[0][0]), _size(market, top.bids[0][1])) if top.bids else ("", "")
    ask, ask_size = (_price(market, top.asks[0][0]), _size(market, top.asks[0][1])) if top.asks else ("", "")
    return bid, bid_size, ask, ask_size


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
        "filters": [],
        "maxQuoteAmount": "2000000",
        "makerCommission": str(listing.maker_fee),
        "takerCommission": str(listing.taker_fee),
        "quoteAmountPrecisionMarket": str(listing.min_notional),
        "maxQuoteAmountMarket": "100000",
        "fullName": symbol.base,
        "tradeSideType": "1" if market.status is Status.TRADING else "4",
        "contractAddress": next((network.contract for network in listing.networks), ""),
        "st": False,
    }
