"""Gate.io as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-gateio[sim]`. Written from Gate.io's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.

Sources: https://www.gate.com/docs/developers/apiv4/en/ and https://www.gate.com/docs/developers/apiv4/ws/en/. What they
leave open is chosen here: `spot.order_book_update` speaks of its best levels only and does not mention one that others
push out, while `spot.obu` removes it; the venue pings every 20 s and closes a connection whose client said nothing for
a minute; the reset stamp of the limits counts milliseconds.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from hashlib import md5
from typing import Any, ClassVar

import msgspec
from arb_core.structs.market import Symbol
from arb_sim.assets import asset
from arb_sim.faults import FaultKind
from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import Candle, Interval
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.limits import Window
from arb_sim.kernel.market import Market, Network, Print, Status
from arb_sim.kernel.rest import Refusal, json, number, parameters
from arb_sim.kernel.sources import Bars, Best, Depth, Prints, Source, Statistics, Top, TopDeltas, Update
from arb_sim.kernel.spelling import Spelling, padded, trimmed
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Request, Response
from arb_sim.world import Habits

__all__ = ["GateioVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PREFIX = "/api/v4"

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
UPDATE_DEPTHS = {"100ms": 100, "20ms": 20}
OBU_SPEEDS = {"50": 20 * MS, "400": 100 * MS}
BOOK_SPEEDS = {"100ms": 100 * MS, "1000ms": 1000 * MS}
BOOK_LEVELS = {"5", "10", "20", "50", "100"}

LARGE_SNAPSHOT = 100
CACHED_NS = MINUTE
"""REST books of more levels come from a cache that may be minutes behind (github.com/gateio/gatews issue 51)."""

POINTS = 10_000
"""How many candles back Gate.io answers."""


class _Request(msgspec.Struct, frozen=True):
    """A client's text frame."""

    channel: str
    time: int | float = 0
    event: str = ""
    payload: list[str] = []
    id: int | None = None


class GateioVenue(VenueKernel):
    """Gate.io spot v4, the public half."""

    habits = Habits(
        exchange="gateio",
        pair=lambda symbol: f"{symbol.base}_{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, trim=True),
        price_digits=6,
        lot_usd=0.1,
        min_notional=Decimal(3),
        maker_fee=Decimal("0.002"),
        taker_fee=Decimal("0.002"),
        latency_ns=90 * MS,
        half_spread_bps=1.2,
    )
    rules = SocketRules(
        ping_every_ns=20 * SECOND,
        idle_ns=60 * SECOND,
        idle_means_client=True,
        max_connections=300,
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "Gate.io sends no checksums",
        FaultKind.TICKET_EXPIRED: "Gate.io's sockets need no ticket",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self._windows: dict[tuple[str, str], Window] = {}
        self._networks = self._list_networks()
        self._routes: dict[str, Callable[[str, dict[str, str]], Response]] = {
            "time": lambda _name, _params: json({"server_time": self.now_ms}),
            "currency_pairs": self._currency_pairs,
            "currencies": self._currencies,
            "tickers": self._tickers,
            "order_book": self._order_book,
            "trades": self._trades,
            "candlesticks": self._candlesticks,
        }
        self._channels: dict[str, Callable[[str, list[str]], Stream | None]] = {
            "spot.tickers": self._tickers_stream,
            "spot.trades": self._trades_stream,
            "spot.trades_v2": self._trades_stream,
            "spot.candlesticks": self._candlesticks_stream,
            "spot.book_ticker": self._book_ticker_stream,
            "spot.order_book_update": self._update_stream,
            "spot.order_book": self._order_book_stream,
            "spot.obu": self._obu_stream,
        }

    def _list_networks(self) -> dict[str, tuple[Network, ...]]:
        listings = [market.listing for market in self.by_pair.values()]
        quotes = {listing.symbol.quote: asset(listing.symbol.quote).networks for listing in listings}
        return quotes | {listing.symbol.base: listing.networks for listing in listings}

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        came_us = now_ns // 1000
        section, _, rest = request.path.removeprefix(PREFIX).lstrip("/").partition("/")
        name, _, argument = rest.partition("/")
        window = self._windows.setdefault((request.client, name), Window(200, 10 * SECOND))
        within = window.spend(1, self.timeline.now_ns)
        if within:
            response = self._route(request, section, name, argument)
        else:
            response = _error(429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)")
        reset_ns = now_ns if within else window.ends_ns + self.faults.skew_ns
        headers = response.headers | {
            "x-gate-ratelimit-requests-remain": str(window.remaining),
            "x-gate-ratelimit-limit": str(window.limit),
            "x-gate-ratelimit-reset-timestamp": str(reset_ns // MS),
            "x-in-time": str(came_us),
            "x-out-time": str(came_us + 200),
        }
        return Response(status=response.status, headers=headers, body=response.body)

    def _route(self, request: Request, section: str, name: str, argument: str) -> Response:
        if OTHER_MARKETS.fullmatch(request.path):
            return json([])
        route = self._routes.get(name) if section == "spot" and request.path.startswith(PREFIX) else None
        if route is None:
            return _error(404, "NOT_FOUND", f"Not found: {request.path}")
        if request.method != "GET":
            return _error(405, "METHOD_NOT_ALLOWED", f"Method {request.method} not allowed")
        try:
            return route(argument, parameters(request))
        except Refusal as refusal:
            return refusal.response

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        body = {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded (211)"}
        return json(body, status=418 if banned else 429, headers=headers)

    def _market(self, params: dict[str, str]) -> Market:
        pair = params.get("currency_pair")
        if not pair:
            raise Refusal(_error(400, "MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pair"))
        market = self.by_pair.get(pair)
        if market is None:
            raise Refusal(_error(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}"))
        return market.look()

    def _currency_pairs(self, pair: str, _params: dict[str, str]) -> Response:
        if pair:
            return json(_instrument(self._market({"currency_pair": pair})))
        return json([_instrument(market) for market in self.by_pair.values()])

    def _currencies(self, name: str, _params: dict[str, str]) -> Response:
        if not name:
            return json([_currency(each, networks) for each, networks in self._networks.items()])
        if name not in self._networks:
            raise Refusal(_error(400, "INVALID_CURRENCY", f"Invalid currency {name}"))
        return json(_currency(name, self._networks[name]))

    def _tickers(self, _argument: str, params: dict[str, str]) -> Response:
        zones = {"utc0": ["utc0"], "utc8": ["utc8"], "all": ["utc0", "utc8"]}.get(params.get("timezone", ""), [])
        if "currency_pair" not in params:
            return json([_ticker(market.look(), zones) for market in self.by_pair.values()])
        market = self._market(params)
        bid, ask = market.book.bids.top(1), market.book.asks.top(1)
        sizes = {
            "lowest_size": _size(market, ask[0][1]) if ask else "",
            "highest_size": _size(market, bid[0][1]) if bid else "",
        }
        return json([_ticker(market, zones) | sizes])

    def _order_book(self, _argument: str, params: dict[str, str]) -> Response:
        market = self._market(params)
        if params.get("interval", "0") != "0":
            raise Refusal(_invalid("interval", params["interval"]))
        limit = _whole(params, "limit", 10, most=5000) or 10
        snapshot = self.snapshot(market, limit, cached_ns=CACHED_NS if limit > LARGE_SNAPSHOT else 0)
        shown: dict[str, Any] = {"id": snapshot.version} if params.get("with_id") == "true" else {}
        shown["current"] = self.now_ms
        shown["update"] = self._stamp(market.book.changed_ns)
        shown["asks"] = market.spelling.levels(snapshot.asks)
        shown["bids"] = market.spelling.levels(snapshot.bids)
        return json(shown)

    def _trades(self, _argument: str, params: dict[str, str]) -> Response:
        market = self._market(params)
        limit, page = _whole(params, "limit", 100, most=1000) or 100, _whole(params, "page", 1) or 1
        after, first, last = (_whole(params, name, None) for name in ("last_id", "from", "to"))
        backwards = params.get("reverse") == "true"
        found = [
            trade
            for trade in market.latest(1000)
            if (first is None or self._stamp(trade.at_ns) >= first * 1000)
            and (last is None or self._stamp(trade.at_ns) <= last * 1000)
            and (after is None or (trade.number < after if backwards else trade.number > after))
        ]
        found.reverse()
        return json([self._trade(market, trade) for trade in found[(page - 1) * limit : page * limit]])

    def _trade(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "id": str(trade.number),
            "create_time": str(self._stamp(trade.at_ns) // 1000),
            "create_time_ms": self._exact_stamp(trade.at_ns),
            "currency_pair": market.pair,
            "side": "buy" if trade.taker_buys else "sell",
            "amount": _size(market, trade.size),
            "price": _price(market, trade.price),
            "sequence_id": str(trade.number - 1_000),
        }

    def _candlesticks(self, _argument: str, params: dict[str, str]) -> Response:
        market = self._market(params)
        interval = INTERVALS.get(params.get("interval", "30m"))
        if interval is None:
            raise Refusal(_invalid("interval", params["interval"]))
        first, last = _whole(params, "from", None), _whole(params, "to", None)
        if (first is not None or last is not None) and "limit" in params:
            raise Refusal(_invalid("limit", params["limit"]))
        if first is not None and self.now_ns - first * SECOND > POINTS * interval.span_ns:
            message = "Candlestick too long ago. Maximum 10000 points ago are allowed"
            raise Refusal(_error(400, "INVALID_PARAM_VALUE", message))
        candles = market.candles(interval, self.now_ns).between(
            None if first is None else first * SECOND,
            None if last is None else last * SECOND,
            _whole(params, "limit", 100 if first is None else 1000, most=1000) or 100,
            self.now_ns,
        )
        return json(
            [
                [
                    str(candle.start_ns // SECOND),
                    _quote(market, candle.quote_volume),
                    _price(market, candle.close),
                    _price(market, candle.high),
                    _price(market, candle.low),
                    _price(market, candle.open),
                    _size(market, candle.volume),
                    "true" if candle.end_ns <= self.now_ns else "false",
                ]
                for candle in candles
            ]
        )

    def _stamp(self, at_ns: int) -> int:
        """A moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    def _exact_stamp(self, at_ns: int) -> str:
        """The same with microseconds behind the point."""
        stamp_us = (at_ns + self.faults.skew_ns) // 1000
        return f"{stamp_us // 1000}.{stamp_us % 1000:03d}"

    # WebSocket control

    def welcome(self, peer: Peer) -> Response | None:
        return None if peer.path.rstrip("/") == "/ws/v4" else _error(404, "NOT_FOUND", f"Not found: {peer.path}")

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        try:
            request = msgspec.json.decode(frame, type=_Request)
        except msgspec.DecodeError as error:
            self._refuse(peer, _Request(channel=""), 1, f"invalid request: {error}")
            return
        if request.channel == "spot.ping":
            self._say(peer, {"time": self._time(), "channel": "spot.pong", "event": "", "error": None, "result": None})
        elif request.channel not in self._channels:
            self._refuse(peer, request, 2, f"unknown channel {request.channel}")
        elif request.event == "subscribe":
            self._subscribe(peer, request)
        elif request.event == "unsubscribe":
            for name in _names(request):
                self.unsubscribe(peer, name)
            self._accept(peer, request)
        else:
            self._refuse(peer, request, 2, f"unknown event {request.event}")

    def _subscribe(self, peer: Peer, request: _Request) -> None:
        names = _names(request)
        if reason := self._objection(peer, request, names):
            self._refuse(peer, request, 2, reason)
            return
        for name in names:
            match self.faults.subscription(peer.conn, self._market_of(name)):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    return
                case FaultKind.SUBSCRIPTION_REFUSED:
                    self._refuse(peer, request, 2, f"unknown currency pair: {request.payload[0]}")
                    return
                case _:
                    pass
        streams = [(name, self.subscribe(peer, name)) for name in names]
        self._accept(peer, request)
        if request.channel == "spot.obu":
            for name, stream in streams:
                if stream is not None:
                    self._begin_obu(peer, name, stream)

    def _objection(self, peer: Peer, request: _Request, names: list[str]) -> str | None:
        """Say why a subscription is refused; one bad pair refuses the whole request."""
        if not names:
            return "invalid argument: payload is empty"
        for name in names:
            if request.channel == "spot.obu":
                pair = name.split()[1].rpartition(".")[0]
                if any(known.startswith(f"spot.obu {pair}.") for known in peer.streams):
                    return f"Alert sub {name.split()[1]}"
            if self._market_of(name) is None:
                return f"unknown currency pair: {request.payload[-1] if len(names) == 1 else name.split()[1]}"
            if name not in peer.streams and self._open(name) is None:
                return f"invalid argument: {name.partition(' ')[2]}"
        return None

    def _market_of(self, name: str) -> Market | None:
        parts = [part for word in name.split(" ", 1)[1].split(",") for part in word.split(".")]
        return next((self.by_pair[part] for part in parts if part in self.by_pair), None)

    def _accept(self, peer: Peer, request: _Request) -> None:
        self._say(peer, self._answer_head(peer, request) | {"error": None, "result": {"status": "success"}})

    def _refuse(self, peer: Peer, request: _Request, code: int, message: str) -> None:
        error = {"code": code, "message": message}
        self._say(peer, self._answer_head(peer, request) | {"error": error, "result": {"status": "fail"}})

    def _answer_head(self, peer: Peer, request: _Request) -> dict[str, Any]:
        mark = md5(b"connection %d" % peer.conn, usedforsecurity=False).hexdigest()[:16]
        return {
            "time": self._time(),
            "time_ms": self.now_ms,
            **({} if request.id is None else {"id": request.id}),
            "conn_id": mark,
            "trace_id": f"{self.timeline.now_ns:016x}{mark}",
            "channel": request.channel,
            "event": request.event,
            "payload": request.payload,
        }

    def _say(self, peer: Peer, message: dict[str, Any]) -> None:
        self.send(peer.conn, _text(message))

    def _time(self) -> int:
        return self.now_ns // SECOND

    # Channels. A stream's name is its channel and the words of its payload.

    def open_stream(self, name: str) -> Stream | None:
        return self._open(name)

    def _open(self, name: str) -> Stream | None:
        channel, _, words = name.partition(" ")
        return self._channels[channel](name, words.split(","))

    def _stream(
        self, name: str, feed: str, source: Source[Any], every_ns: int, show: Callable[[Any], list[dict[str, Any]]]
    ) -> Stream:
        channel = name.partition(" ")[0]

        def render(taken: Any, now_ns: int) -> list[str | bytes]:
            head = {"time": now_ns // SECOND, "time_ms": now_ns // MS, "channel": channel, "event": "update"}
            return [_text(head | {"result": result}) for result in show(taken)]

        return Stream(name, feed, source, every_ns, render)

    def _tickers_stream(self, name: str, words: list[str]) -> Stream | None:
        market = self.by_pair.get(words[0])
        if market is None:
            return None
        return self._stream(name, "ticker", Statistics(market), SECOND, lambda taken: [_ticker(taken, [])])

    def _trades_stream(self, name: str, words: list[str]) -> Stream | None:
        market = self.by_pair.get(words[0])
        if market is None:
            return None
        listing = market.listing

        def show(trade: Print) -> dict[str, Any]:
            return {
                "id": trade.number,
                "id_market": trade.number - 1_000,
                "create_time": self._stamp(trade.at_ns) // 1000,
                "create_time_ms": self._exact_stamp(trade.at_ns),
                "side": "buy" if trade.taker_buys else "sell",
                "currency_pair": market.pair,
                # Alone among all numbers, these two are padded to ten decimals.
                "amount": _ten(trade.size, listing.size_decimals),
                "price": _ten(trade.price, listing.price_decimals),
                "range": f"{trade.number - 1_000}-{trade.number - 1_000}",
            }

        return self._stream(name, "trades", Prints(market), 0, lambda taken: [show(trade) for trade in taken])

    def _candlesticks_stream(self, name: str, words: list[str]) -> Stream | None:
        if len(words) != 2 or words[0] == "1s" or words[0] not in INTERVALS or words[1] not in self.by_pair:
            return None
        market, interval = self.by_pair[words[1]], words[0]

        def show(candle: Candle) -> dict[str, Any]:
            return {
                "t": str(candle.start_ns // SECOND),
                "v": _quote(market, candle.quote_volume),
                "c": _price(market, candle.close),
                "h": _price(market, candle.high),
                "l": _price(market, candle.low),
                "o": _price(market, candle.open),
                "n": f"{interval}_{market.pair}",
                "a": _size(market, candle.volume),
                "w": candle.end_ns <= self.now_ns,
            }

        source = Bars(market, INTERVALS[interval], self.timeline)
        return self._stream(name, "klines", source, 2 * SECOND, lambda taken: [show(candle) for candle in taken])

    def _book_ticker_stream(self, name: str, words: list[str]) -> Stream | None:
        market = self.by_pair.get(words[0])
        if market is None:
            return None

        def show(top: Top) -> dict[str, Any]:
            bid, bid_size = market.spelling.level(*top.bids[0]) if top.bids else ("", "")
            ask, ask_size = market.spelling.level(*top.asks[0]) if top.asks else ("", "")
            return {
                "t": self._stamp(market.book.changed_ns),
                "u": top.version,
                "s": market.pair,
                "b": bid,
                "B": bid_size,
                "a": ask,
                "A": ask_size,
            }

        return self._stream(name, "quote", Best(market), 10 * MS, lambda taken: [show(taken)])

    def _update_stream(self, name: str, words: list[str]) -> Stream | None:
        if len(words) != 2 or words[0] not in self.by_pair or words[1] not in UPDATE_DEPTHS:
            return None
        market, depth = self.by_pair[words[0]], UPDATE_DEPTHS[words[1]]

        def show(update: Update) -> dict[str, Any]:
            stamp = self._stamp(market.book.changed_ns)
            return {
                "t": stamp,
                "e": "depthUpdate",
                "E": stamp // 1000,
                "s": market.pair,
                "U": update.first,
                "u": update.last,
                "l": str(depth),
                "b": market.spelling.levels(update.bids),
                "a": market.spelling.levels(update.asks),
            }

        every_ns = int(words[1].removesuffix("ms")) * MS
        return self._stream(name, "book", TopDeltas(market, depth), every_ns, lambda taken: [show(taken)])

    def _order_book_stream(self, name: str, words: list[str]) -> Stream | None:
        match words:
            case [pair, levels, speed] if pair in self.by_pair and levels in BOOK_LEVELS and speed in BOOK_SPEEDS:
                market = self.by_pair[pair]
            case _:
                return None

        def show(top: Top) -> dict[str, Any]:
            return {
                "t": self._stamp(market.book.changed_ns),
                "lastUpdateId": top.version,
                "s": market.pair,
                "l": levels,
                "bids": market.spelling.levels(top.bids),
                "asks": market.spelling.levels(top.asks),
            }

        source = Depth(market, int(levels))
        return self._stream(name, "depth", source, BOOK_SPEEDS[speed], lambda taken: [show(taken)])

    def _obu_stream(self, name: str, words: list[str]) -> Stream | None:
        match words[0].split("."):
            case ["ob", pair, depth] if pair in self.by_pair and depth in OBU_SPEEDS and len(words) == 1:
                market = self.by_pair[pair]
            case _:
                return None

        def render(update: Update, now_ns: int) -> list[str | bytes]:
            result: dict[str, Any] = {
                "t": self._stamp(market.book.changed_ns),
                "s": words[0],
                "U": update.first,
                "u": update.last,
            }
            # A side without changes is left out.
            if update.bids:
                result["b"] = market.spelling.levels(update.bids)
            if update.asks:
                result["a"] = market.spelling.levels(update.asks)
            return [_text({"channel": "spot.obu", "result": result, "time_ms": now_ns // MS})]

        return Stream(name, "book", TopDeltas(market, int(depth), ends_told=True), OBU_SPEEDS[depth], render)

    def _begin_obu(self, peer: Peer, name: str, stream: Stream) -> None:
        """Send the whole book first. Who listens already gets what has gathered, so that all go on from one id."""
        self.flush(stream)
        market, depth = stream.market, int(name.rpartition(".")[2])
        snapshot = market.book.snapshot(self.timeline.now_ns, depth)
        result = {
            "t": self._stamp(market.book.changed_ns),
            "full": True,
            "s": name.split()[1],
            "u": snapshot.version,
            "b": market.spelling.levels(snapshot.bids),
            "a": market.spelling.levels(snapshot.asks),
        }
        self._say(peer, {"channel": "spot.obu", "result": result, "time_ms": self.now_ms})


def _names(request: _Request) -> list[str]:
    """Spell the streams of a request: some channels take a list of pairs, others one pair with its arguments."""
    if request.channel in {"spot.order_book", "spot.order_book_update", "spot.candlesticks"}:
        return [f"{request.channel} {','.join(request.payload)}"] if request.payload else []
    return [f"{request.channel} {word}" for word in request.payload]


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _error(status: int, label: str, message: str) -> Response:
    return json({"label": label, "message": message}, status=status)


def _invalid(name: str, value: str) -> Response:
    return _error(400, "INVALID_PARAM_VALUE", f"Invalid parameter `{name}` with value: {value}")


def _whole(params: dict[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    try:
        return number(params.get(name), default, most=most)
    except ValueError as error:
        raise Refusal(_invalid(name, params[name])) from error


def _price(market: Market, price: int) -> str:
    return market.spelling.price(price)


def _size(market: Market, size: int) -> str:
    return market.spelling.size(size)


def _quote(market: Market, units: int) -> str:
    return trimmed(units, market.listing.price_decimals + market.listing.size_decimals)


def _ten(count: int, decimals: int) -> str:
    return padded(count * 10 ** max(0, 10 - decimals), max(10, decimals))


def _ticker(market: Market, zones: Sequence[str]) -> dict[str, Any]:
    day = market.day
    bid, ask = market.book.bids.top(1), market.book.asks.top(1)
    change = f"{(market.last_price - day.open) / day.open * 100:.2f}"
    return {
        "currency_pair": market.pair,
        "last": _price(market, market.last_price),
        "lowest_ask": _top_price(market, ask),
        "highest_bid": _top_price(market, bid),
        "change_percentage": change,
        **{f"change_{zone}": change for zone in zones},
        "base_volume": _size(market, day.volume),
        "quote_volume": _quote(market, day.quote_volume),
        "high_24h": _price(market, day.high),
        "low_24h": _price(market, day.low),
    }


def _top_price(market: Market, levels: Sequence[Units]) -> str:
    return _price(market, levels[0][0]) if levels else ""


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
        "max_quote_amount": "5000000",
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
