"""Binance as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-binance[sim]`. Written from Binance's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.

Source: https://developers.binance.com/docs/binance-spot-api-docs and the pages beside it. What they leave open is
chosen here: a well-formed stream that does not exist is acknowledged and stays silent, and too many streams are an
invalid request. Times are milliseconds; the switch to microseconds is not simulated.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
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
from arb_sim.kernel.sources import (
    AllStatistics,
    Bars,
    Best,
    Deltas,
    Depth,
    Prints,
    Source,
    Statistics,
    Top,
    Update,
)
from arb_sim.kernel.spelling import Spelling, padded
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

__all__ = ["BinanceVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PREFIX = "/api/v3/"
PLACES = 8
"""Decimals of every price and size on the wire."""

OTHER_MARKETS = {"/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo", "/eapi/v1/exchangeInfo"}
"""Lists of futures and options. A client for every kind of market asks for them at start; they are empty here."""

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

WEIGHT_LIMIT = 6000
RAW_LIMIT = 61_000
RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT_LIMIT},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": RAW_LIMIT},
]
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


class _Control(msgspec.Struct, frozen=True):
    """A client's text frame."""

    method: str
    params: list[Any] = []
    id: int | str | None = None


class BinanceVenue(VenueKernel):
    """Binance spot, the public half."""

    habits = Habits(
        exchange="binance",
        pair=lambda symbol: f"{symbol.base}{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, shown_price=PLACES, shown_size=PLACES),
        price_digits=7,
        price_places=PLACES,
        lot_usd=1.0,
        min_notional=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        latency_ns=20 * MS,
        half_spread_bps=0.4,
    )
    rules = SocketRules(
        ping_every_ns=20 * SECOND,
        pong_within_ns=60 * SECOND,
        lifetime_ns=DAY,
        max_streams=1024,
        messages_per_s=5,
        pings_count=True,
        overrun=Close(1008, "Too many requests"),
        connects=300,
        connects_ns=5 * MINUTE,
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "Binance sends no checksums",
        FaultKind.TICKET_EXPIRED: "Binance's market streams need no ticket",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self._weights: dict[str, Window] = {}
        self._requests: dict[str, Window] = {}
        self._bans: dict[str, Ban] = {}
        self._by_lower = {pair.lower(): market for pair, market in self.by_pair.items()}
        self._routes: dict[str, Callable[[dict[str, str]], Response]] = {
            "ping": lambda _: json({}),
            "time": lambda _: json({"serverTime": self.now_ms}),
            "exchangeInfo": self._exchange_info,
            "depth": self._depth,
            "trades": self._trades,
            "historicalTrades": self._trades,
            "aggTrades": self._agg_trades,
            "klines": self._klines,
            "avgPrice": self._avg_price,
            "ticker/24hr": lambda params: self._ticker(
                params, self._mini if params.get("type") == "MINI" else self._day
            ),
            "ticker/price": lambda params: self._ticker(params, _last_price),
            "ticker/bookTicker": lambda params: self._ticker(params, _book_ticker),
        }

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        if request.path in OTHER_MARKETS:
            return json({"symbols": []})
        name = request.path.removeprefix(PREFIX)
        route = self._routes.get(name) if request.path.startswith(PREFIX) else None
        if route is None or request.method != "GET":
            return self.unavailable(request, 404 if route is None else 405)
        params = parameters(request)
        response = self._spend(request, _weight(name, params))
        if response is None:
            try:
                response = route(params)
            except Refusal as refusal:
                response = refusal.response
        used = self._weights[request.client].used
        return msgspec.structs.replace(response, headers=response.headers | {"x-mbx-used-weight-1m": str(used)})

    def _spend(self, request: Request, weight: int) -> Response | None:
        now_ns, client = self.timeline.now_ns, request.client
        weights = self._weights.setdefault(client, Window(WEIGHT_LIMIT, MINUTE, aligned=True))
        requests = self._requests.setdefault(client, Window(RAW_LIMIT, 5 * MINUTE, aligned=True))
        ban = self._bans.setdefault(client, Ban(patience=10, span_ns=2 * MINUTE))
        if ban.holds(now_ns):
            return self.limited(request, ban.wait_s(now_ns), banned=True)
        within = weights.spend(weight, now_ns)
        if requests.spend(1, now_ns) and within:
            ban.forgive()
            return None
        if ban.offend(now_ns):
            return self.limited(request, ban.wait_s(now_ns), banned=True)
        return self.limited(request, (requests if within else weights).wait_s(now_ns), banned=False)

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        if banned:
            until_ms = self.now_ms + (retry_after_s or 120) * 1000
            message = f"Way too much request weight used; IP banned until {until_ms}."
        else:
            message = f"Too much request weight used; current limit is {WEIGHT_LIMIT} request weight per 1 MINUTE."
        return json({"code": -1003, "msg": message}, status=418 if banned else 429, headers=headers)

    def _market(self, name: str | None) -> Market:
        if not name:
            message = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            raise Refusal(_error(-1102, message))
        market = self.by_pair.get(name)
        if market is None:
            raise Refusal(_error(-1121, "Invalid symbol."))
        return market.look()

    def _exchange_info(self, params: dict[str, str]) -> Response:
        markets = self._several(params) or list(self.by_pair.values())
        return json(
            {
                "timezone": "UTC",
                "serverTime": self.now_ms,
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
            return [self._market(params["symbol"])]
        if "symbols" in params:
            try:
                names = msgspec.json.decode(params["symbols"], type=list[str])
            except msgspec.DecodeError as error:
                raise Refusal(_illegal("symbols")) from error
            return [self._market(name) for name in names]
        return []

    def _depth(self, params: dict[str, str]) -> Response:
        market = self._market(params.get("symbol"))
        snapshot = self.snapshot(market, _whole(params, "limit", 100, most=5000) or 100)
        return json(
            {
                "lastUpdateId": snapshot.version,
                "bids": market.spelling.levels(snapshot.bids),
                "asks": market.spelling.levels(snapshot.asks),
            }
        )

    def _trades(self, params: dict[str, str]) -> Response:
        market = self._market(params.get("symbol"))
        limit, first = _whole(params, "limit", 500, most=1000) or 500, _whole(params, "fromId", None)
        trades = market.latest(limit) if first is None else market.since(first - 1)[:limit]
        return json(
            [
                {
                    "id": trade.number,
                    "price": market.spelling.price(trade.price),
                    "qty": market.spelling.size(trade.size),
                    "quoteQty": _quote(market, trade.price * trade.size),
                    "time": self._stamp(trade.at_ns),
                    "isBuyerMaker": not trade.taker_buys,
                    "isBestMatch": True,
                }
                for trade in trades
            ]
        )

    def _agg_trades(self, params: dict[str, str]) -> Response:
        market = self._market(params.get("symbol"))
        limit, first = _whole(params, "limit", 500, most=1000) or 500, _whole(params, "fromId", None)
        begin, end = _whole(params, "startTime", None), _whole(params, "endTime", None)
        trades = [
            trade
            for trade in market.latest(1000)
            if (first is None or trade.number >= first)
            and (begin is None or self._stamp(trade.at_ns) >= begin)
            and (end is None or self._stamp(trade.at_ns) <= end)
        ]
        trades = trades[-limit:] if first is None and begin is None else trades[:limit]
        return json([self._agg_trade(market, trade) for trade in trades])

    def _agg_trade(self, market: Market, trade: Print) -> dict[str, Any]:
        """Each trade stands for itself: simulated takers do not take in parts."""
        return {
            "a": trade.number,
            "p": market.spelling.price(trade.price),
            "q": market.spelling.size(trade.size),
            "f": trade.number,
            "l": trade.number,
            "T": self._stamp(trade.at_ns),
            "m": not trade.taker_buys,
            "M": True,
        }

    def _klines(self, params: dict[str, str]) -> Response:
        market = self._market(params.get("symbol"))
        if not params.get("interval"):
            message = "Mandatory parameter 'interval' was not sent, was empty/null, or malformed."
            raise Refusal(_error(-1102, message))
        interval = INTERVALS.get(params["interval"])
        if interval is None:
            raise Refusal(_error(-1120, "Invalid interval."))
        begin, end = _whole(params, "startTime", None), _whole(params, "endTime", None)
        candles = market.candles(interval, self.now_ns).between(
            None if begin is None else begin * MS,
            None if end is None else end * MS,
            _whole(params, "limit", 500, most=1000) or 500,
            self.now_ns,
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
                    _quote(market, candle.quote_volume),
                    candle.count,
                    market.spelling.size(candle.taker_volume),
                    _quote(market, candle.taker_quote),
                    "0",
                ]
                for candle in candles
            ]
        )

    def _avg_price(self, params: dict[str, str]) -> Response:
        market = self._market(params.get("symbol"))
        price = market.spelling.price(market.last_price)
        return json({"mins": 5, "price": price, "closeTime": self.now_ms})

    def _ticker(self, params: dict[str, str], show: Callable[[Market], dict[str, Any]]) -> Response:
        named = self._several(params)
        if "symbol" in params:
            return json(show(named[0]))
        return json([show(market.look()) for market in named or self.by_pair.values()])

    def _mini(self, market: Market) -> dict[str, Any]:
        day, price = market.day, market.spelling.price
        return {
            "symbol": market.pair,
            "openPrice": price(day.open),
            "highPrice": price(day.high),
            "lowPrice": price(day.low),
            "lastPrice": price(market.last_price),
            "volume": market.spelling.size(day.volume),
            "quoteVolume": _quote(market, day.quote_volume),
            "openTime": self.now_ms - DAY // MS,
            "closeTime": self.now_ms,
            "firstId": market.last_number - day.count + 1,
            "lastId": market.last_number,
            "count": day.count,
        }

    def _day(self, market: Market) -> dict[str, Any]:
        mini, best = self._mini(market), _book_ticker(market)
        return {
            "symbol": market.pair,
            "priceChange": _signed(market.last_price - market.day.open, market),
            "priceChangePercent": f"{(market.last_price - market.day.open) / market.day.open * 100:.3f}",
            "weightedAvgPrice": _average(market),
            "prevClosePrice": mini["openPrice"],
            "lastPrice": mini["lastPrice"],
            "lastQty": market.spelling.size(market.last_size),
            "bidPrice": best["bidPrice"],
            "bidQty": best["bidQty"],
            "askPrice": best["askPrice"],
            "askQty": best["askQty"],
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

    def _stamp(self, at_ns: int) -> int:
        """A moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    # WebSocket control

    def welcome(self, peer: Peer) -> Response | None:
        head, _, tail = peer.path.lstrip("/").partition("/")
        match head:
            case "ws":
                names = [name for name in tail.split("/") if name]
            case "stream" if not tail:
                peer.properties["combined"] = True
                streams = parameters(Request(method="GET", path=peer.path, query=peer.query)).get("streams", "")
                names = [name for name in streams.split("/") if name]
            case _:
                return Response(status=404)
        if len(names) > (self.rules.max_streams or 0):
            return Response(status=400)
        peer.properties.setdefault("combined", False)
        for name in names:  # a URL gets no answers: what is wrong with it stays silent
            if self.faults.subscription(peer.conn, self._market_of(name)) is None:
                self.subscribe(peer, name)
        return None

    def envelope(self, peer: Peer, name: str, frame: str | bytes) -> str | bytes:
        if not peer.properties["combined"] or isinstance(frame, bytes):
            return frame
        return f'{{"stream":"{name}","data":{frame}}}'

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        try:
            control = msgspec.json.decode(frame, type=_Control)
        except msgspec.ValidationError as error:
            self._refuse(peer, 2, f"Invalid request: {error}", None)
            return
        except msgspec.DecodeError as error:
            self._refuse(peer, 3, f"Invalid JSON: {error}", None)
            return
        match control.method:
            case "SUBSCRIBE" | "UNSUBSCRIBE":
                self._change_subscriptions(peer, control)
            case "LIST_SUBSCRIPTIONS":
                self._answer(peer, control, list(peer.streams))
            case "SET_PROPERTY":
                self._set_property(peer, control)
            case "GET_PROPERTY":
                if control.params != ["combined"]:
                    self._refuse(peer, 0, "Unknown property", control.id)
                else:
                    self._answer(peer, control, peer.properties["combined"])
            case _:
                self._refuse(peer, 2, f"Invalid request: unknown variant `{control.method}`", control.id)

    def _set_property(self, peer: Peer, control: _Control) -> None:
        match control.params:
            case ["combined", bool() as combined]:
                peer.properties["combined"] = combined
                self._answer(peer, control, None)
            case ["combined", _]:
                self._refuse(peer, 1, "Invalid value type: expected Boolean", control.id)
            case _:
                self._refuse(peer, 0, "Unknown property", control.id)

    def _change_subscriptions(self, peer: Peer, control: _Control) -> None:
        names = [name for name in control.params if isinstance(name, str)]
        if not names or len(names) != len(control.params):
            self._refuse(peer, 2, "Invalid request: request must have at least one parameter", control.id)
            return
        if control.method == "UNSUBSCRIBE":
            for name in names:
                self.unsubscribe(peer, name)
            self._answer(peer, control, None)
            return
        if len({*peer.streams, *names}) > (self.rules.max_streams or 0):
            self._refuse(peer, 2, "Invalid request: too many streams on this connection", control.id)
            return
        befell = [self.faults.subscription(peer.conn, self._market_of(name)) for name in names]
        if FaultKind.SUBSCRIPTION_IGNORED in befell:
            return
        if FaultKind.SUBSCRIPTION_REFUSED in befell:
            self._refuse(peer, 2, "Invalid request: invalid stream", control.id)
            return
        for name in names:
            self.subscribe(peer, name)  # a stream that does not exist is acknowledged like any other
        self._answer(peer, control, None)

    def _market_of(self, name: str) -> Market | None:
        return self._by_lower.get(name.partition("@")[0])

    def _answer(self, peer: Peer, control: _Control, result: object) -> None:
        self.send(peer.conn, _text({"result": result, "id": control.id}))

    def _refuse(self, peer: Peer, code: int, message: str, request_id: int | str | None) -> None:
        self.send(peer.conn, _text({"code": code, "msg": message, "id": request_id}))

    # Streams

    def open_stream(self, name: str) -> Stream | None:  # noqa: C901, PLR0911 (a table of streams)
        if name == "!miniTicker@arr":
            every = AllStatistics(list(self.by_pair.values()))
            return Stream(
                name, "ticker", every, SECOND, lambda markets, _: [_text(list(map(self._mini_event, markets)))]
            )
        market = self._market_of(name)
        if market is None:
            return None
        match name.split("@")[1:]:
            case ["depth"]:
                return self._depth_stream(name, market, SECOND)
            case ["depth", "100ms"]:
                return self._depth_stream(name, market, 100 * MS)
            case ["depth5" | "depth10" | "depth20" as kind, *speed] if speed in ([], ["100ms"]):
                every_ns = 100 * MS if speed else SECOND
                return self._stream(name, "depth", Depth(market, int(kind[5:])), every_ns, self._partial_depth)
            case ["bookTicker"]:
                return self._stream(name, "quote", Best(market), 0, self._book_ticker_event)
            case ["trade"]:
                return self._each_trade(name, market, self._trade_event)
            case ["aggTrade"]:
                return self._each_trade(name, market, self._agg_trade_event)
            case ["miniTicker"]:
                return self._stream(name, "ticker", Statistics(market), SECOND, lambda m, _: self._mini_event(m))
            case ["ticker"]:
                return self._stream(name, "ticker", Statistics(market), SECOND, lambda m, _: self._day_event(m))
            case [kind] if kind.startswith("kline_") and kind[6:] in INTERVALS:
                return self._kline_stream(name, market, kind[6:])
            case _:
                return None

    def _stream(
        self,
        name: str,
        feed: str,
        source: Source[Any],
        every_ns: int,
        show: Callable[[Market, Any], dict[str, Any]],
    ) -> Stream:
        market = source.market
        return Stream(name, feed, source, every_ns, lambda taken, _: [_text(show(market, taken))])

    def _each_trade(self, name: str, market: Market, show: Callable[[Market, Print], dict[str, Any]]) -> Stream:
        def render(trades: Sequence[Print], _now_ns: int) -> list[str | bytes]:
            return [_text(show(market, trade)) for trade in trades]

        return Stream(name, "trades", Prints(market), 0, render)

    def _depth_stream(self, name: str, market: Market, every_ns: int) -> Stream:
        def show(market: Market, update: Update) -> dict[str, Any]:
            return {
                "e": "depthUpdate",
                "E": self.now_ms,
                "s": market.pair,
                "U": update.first,
                "u": update.last,
                "b": market.spelling.levels(update.bids),
                "a": market.spelling.levels(update.asks),
            }

        return self._stream(name, "book", Deltas(market), every_ns, show)

    def _partial_depth(self, market: Market, top: Top) -> dict[str, Any]:
        return {
            "lastUpdateId": top.version,
            "bids": market.spelling.levels(top.bids),
            "asks": market.spelling.levels(top.asks),
        }

    def _book_ticker_event(self, market: Market, top: Top) -> dict[str, Any]:
        best = _best(market, top.bids, top.asks)
        return {"u": top.version, "s": market.pair, "b": best[0], "B": best[1], "a": best[2], "A": best[3]}

    def _trade_event(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "e": "trade",
            "E": self.now_ms,
            "s": market.pair,
            "t": trade.number,
            "p": market.spelling.price(trade.price),
            "q": market.spelling.size(trade.size),
            "T": self._stamp(trade.at_ns),
            "m": not trade.taker_buys,
            "M": True,
        }

    def _agg_trade_event(self, market: Market, trade: Print) -> dict[str, Any]:
        return {"e": "aggTrade", "E": self.now_ms, "s": market.pair, **self._agg_trade(market, trade)}

    def _kline_stream(self, name: str, market: Market, interval: str) -> Stream:
        price, size = market.spelling.price, market.spelling.size
        every_ns = SECOND if interval == "1s" else 2 * SECOND

        def show(candle: Candle, last_number: int) -> dict[str, Any]:
            return {
                "e": "kline",
                "E": self.now_ms,
                "s": market.pair,
                "k": {
                    "t": candle.start_ns // MS,
                    "T": candle.end_ns // MS - 1,
                    "s": market.pair,
                    "i": interval,
                    "f": last_number - candle.count + 1 if candle.count else -1,
                    "L": last_number if candle.count else -1,
                    "o": price(candle.open),
                    "c": price(candle.close),
                    "h": price(candle.high),
                    "l": price(candle.low),
                    "v": size(candle.volume),
                    "n": candle.count,
                    "x": candle.end_ns <= self.now_ns,
                    "q": _quote(market, candle.quote_volume),
                    "V": size(candle.taker_volume),
                    "Q": _quote(market, candle.taker_quote),
                    "B": "0",
                },
            }

        def render(candles: Sequence[Candle], _now_ns: int) -> list[str | bytes]:
            frames: list[str | bytes] = []
            number = market.last_number
            for candle in reversed(candles):
                frames.append(_text(show(candle, number)))
                number -= candle.count
            return frames[::-1]

        return Stream(name, "klines", Bars(market, INTERVALS[interval], self.timeline), every_ns, render)

    def _mini_event(self, market: Market) -> dict[str, Any]:
        mini = self._mini(market)
        return {
            "e": "24hrMiniTicker",
            "E": self.now_ms,
            "s": market.pair,
            "c": mini["lastPrice"],
            "o": mini["openPrice"],
            "h": mini["highPrice"],
            "l": mini["lowPrice"],
            "v": mini["volume"],
            "q": mini["quoteVolume"],
        }

    def _day_event(self, market: Market) -> dict[str, Any]:
        day = self._day(market)
        return {
            "e": "24hrTicker",
            "E": self.now_ms,
            "s": market.pair,
            "p": day["priceChange"],
            "P": day["priceChangePercent"],
            "w": day["weightedAvgPrice"],
            "x": day["prevClosePrice"],
            "c": day["lastPrice"],
            "Q": day["lastQty"],
            "b": day["bidPrice"],
            "B": day["bidQty"],
            "a": day["askPrice"],
            "A": day["askQty"],
            "o": day["openPrice"],
            "h": day["highPrice"],
            "l": day["lowPrice"],
            "v": day["volume"],
            "q": day["quoteVolume"],
            "O": day["openTime"],
            "C": day["closeTime"],
            "F": day["firstId"],
            "L": day["lastId"],
            "n": day["count"],
        }


def _weight(name: str, params: dict[str, str]) -> int:
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


def _text(message: object) -> str:
    return msgspec.json.encode(message).decode()


def _error(code: int, message: str, *, status: int = 400) -> Response:
    return json({"code": code, "msg": message}, status=status)


def _illegal(name: str) -> Response:
    return _error(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")


def _whole(params: dict[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    try:
        return number(params.get(name), default, most=most)
    except ValueError as error:
        raise Refusal(_illegal(name)) from error


def _quote(market: Market, units: int) -> str:
    """Print an amount of quote money with eight decimals, the rest cut off."""
    decimals = market.listing.price_decimals + market.listing.size_decimals
    return padded(units // 10 ** max(0, decimals - PLACES) * 10 ** max(0, PLACES - decimals), PLACES)


def _signed(count: int, market: Market) -> str:
    return ("-" if count < 0 else "") + market.spelling.price(abs(count))


def _average(market: Market) -> str:
    volume = market.day.volume or 1
    return market.spelling.price(market.day.quote_volume // volume)


def _best(market: Market, bids: Sequence[Units], asks: Sequence[Units]) -> tuple[str, str, str, str]:
    """Best bid and ask; zeros where a side is empty."""
    bid, bid_size = market.spelling.level(*(bids[0] if bids else (0, 0)))
    ask, ask_size = market.spelling.level(*(asks[0] if asks else (0, 0)))
    return bid, bid_size, ask, ask_size


def _last_price(market: Market) -> dict[str, Any]:
    return {"symbol": market.pair, "price": market.spelling.price(market.last_price)}


def _book_ticker(market: Market) -> dict[str, Any]:
    best = _best(market, market.book.bids.top(1), market.book.asks.top(1))
    return {"symbol": market.pair, "bidPrice": best[0], "bidQty": best[1], "askPrice": best[2], "askQty": best[3]}


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
                "maxPrice": market.spelling.price(10 ** (listing.price_decimals + 6)),
                "tickSize": tick,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": smallest,
                "maxQty": market.spelling.size(10 ** (listing.size_decimals + 9)),
                "stepSize": lot,
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": market.spelling.size(0),
                "maxQty": market.spelling.size(10 ** (listing.size_decimals + 6)),
                "stepSize": market.spelling.size(0),
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": "5",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5",
                "askMultiplierDown": "0.2",
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": notional,
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }
