"""A venue written for these tests: its own small language, its own market, and every way to misbehave.

It talks JSON text. Client: `{"op":"sub"|"unsub"|"ping"|"login","id":n,"channels":[...]}`. Venue: `{"ack":n,"channels":[...]}`,
`{"refuse":n,"channels":[...],"why":"..."}`, `{"delta":[pair,bids,asks,first,last]}`, `{"book":[...]}`, `{"trade":[...]}`, ...
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec
from arb_core.errors import ArbError, ExchangeAPIError, ExchangeUnavailable
from arb_core.interfaces.context import Clock, RestAnswer, RestRequest
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.runtime.transport import Connection, Listener, Transport, TransportError, TransportStats
from arb_core.structs.book import NO_ID, BookRule, BookSnapshot, Level, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.card import (
    CONTRACT,
    Capability,
    ClientIdRule,
    ExchangeCard,
    FeeSchedule,
    Hosts,
    RateLimit,
    StreamLimits,
)
from arb_core.structs.market import (
    ExchangeId,
    Instrument,
    Kline,
    Pair,
    Quote,
    Side,
    Symbol,
    Trade,
    TradingStatus,
)
from arb_core.structs.stream import Feed, StreamTicket, Topic

SECOND = 1_000_000_000
MS = 1_000_000

REST_RULE = BookRule(ids=SequenceRule.RANGE, strict=True, snapshot_limit=100)
STREAM_RULE = BookRule(
    ids=SequenceRule.RANGE, strict=True, snapshot=SnapshotSource.STREAM, recover=Recovery.RESUBSCRIBE
)

PLAIN_RULE = BookRule(ids=SequenceRule.NONE, snapshot=SnapshotSource.STREAM, recover=Recovery.RESUBSCRIBE)


def card(
    claims: frozenset[Capability] = frozenset(),
    rate_limits: tuple[RateLimit, ...] = (),
    asset_networks: Literal["public", "signed", "none"] = "none",
    ws_feeds: dict[Feed, str] | None = None,
    **limits: Any,
) -> ExchangeCard:
    """Return the facts of the double; `claims` are what it can do beside market data."""
    return ExchangeCard(
        id=ExchangeId("fake"),
        name="Fake",
        contract=CONTRACT,
        docs="https://docs.fake.example",
        hosts=Hosts(rest="https://rest.fake.example", ws_public="wss://ws.fake.example/path", ws_feeds=ws_feeds or {}),
        capabilities=frozenset(
            {Capability.BOOK, Capability.QUOTE, Capability.TRADES, Capability.DEPTH, Capability.KLINES, *claims}
        ),
        depths=(5,),
        kline_intervals=("1m",),
        fees=FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
        client_ids=ClientIdRule(max_length=32, lookup="always"),
        limits=rate_limits,
        asset_networks=asset_networks,
        stream=StreamLimits(**limits),
    )


class Dialect(StreamDialect):
    """Pure, but for the ticket calls, which it counts."""

    def __init__(self, rule: BookRule = REST_RULE) -> None:
        self.rule = rule
        self.names_answers_by_id = True
        self.logins: tuple[str, ...] = ()
        self.ticket_terms: dict[str, Any] = {}
        self.own_ping = True
        self.exchange_lag_ns = 0
        """How long before its arrival a message says it was made."""
        self.ticket_error: ExchangeAPIError | None = None
        self.renew_error: ExchangeAPIError | None = None
        self.created: list[str] = []
        self.renewed: list[str] = []
        self.released: list[str] = []

    @property
    def book_rule(self) -> BookRule:
        return self.rule

    async def ticket(self) -> StreamTicket:
        if self.ticket_error is not None:
            raise self.ticket_error
        token = f"t{len(self.created) + 1}"
        self.created.append(token)
        return StreamTicket(url=f"wss://ws.fake.example/path?token={token}", token=token, **self.ticket_terms)

    async def renew(self, ticket: StreamTicket) -> StreamTicket:
        if self.renew_error is not None:
            raise self.renew_error
        self.renewed.append(str(ticket.token))
        return ticket

    async def release(self, ticket: StreamTicket) -> None:
        self.released.append(str(ticket.token))

    def login(self, ticket: StreamTicket, now_ns: int) -> Sequence[str]:
        return self.logins

    def channel(self, topic: Topic) -> str:
        if topic.feed is Feed.DEPTH and topic.depth != 5:
            raise ValueError("depth 5 only")
        return f"{topic.feed}:{topic.pair}"

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return json.dumps({"op": "sub", "id": request_id, "channels": [self.channel(topic) for topic in topics]})

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return json.dumps({"op": "unsub", "id": request_id, "channels": [self.channel(topic) for topic in topics]})

    def ping(self, now_ns: int) -> str | None:
        return '{"op":"ping"}' if self.own_ping else None

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:  # noqa: C901, PLR0912 (a table)
        said: dict[str, Any] = json.loads(bytes(frame))
        match said:
            case {"delta": [pair, bids, asks, first, last]}:
                if self.rule.ids is SequenceRule.NONE:
                    first = last = NO_ID
                out.delta(pair, _levels(bids), _levels(asks), first, last, received_ns - self.exchange_lag_ns)
            case {"book": [pair, bids, asks, last]}:
                if self.rule.ids is SequenceRule.NONE:
                    last = NO_ID
                out.snapshot(pair, _levels(bids), _levels(asks), last, received_ns - self.exchange_lag_ns)
            case {"depth": [pair, bids, asks, last]}:
                out.snapshot(pair, _levels(bids), _levels(asks), last, received_ns, 5)
            case {"quote": [pair, bid, ask]}:
                out.quote(pair, bid, 1.0, ask, 1.0, received_ns)
            case {"trade": [pair, price, size, trade_id, exchange_ns]}:
                out.trade(pair, price, size, Side.BUY, exchange_ns, trade_id)
            case {"ack": request_id, "channels": channels}:
                out.ack(request_id if self.names_answers_by_id else None, channels)
            case {"refuse": request_id, "channels": channels, "why": why}:
                out.refused(request_id if self.names_answers_by_id else None, channels, why)
            case {"reply": answer}:
                out.reply(None, answer)
            case {"closing": reason}:
                out.closing(reason)
            case {"lost": reason}:
                out.ticket_lost(reason)
            case {"pong": _}:
                out.pong()
            case _:
                out.ignored(str(said))


def _levels(levels: list[list[float]]) -> list[Level]:
    return [(float(price), float(size)) for price, size in levels]


class Market:
    """One pair's true book: a size moves at each tick, and the id counts ticks."""

    def __init__(self, pair: str) -> None:
        self.pair = pair
        self.bids = {100.0 - i: 1.0 for i in range(10)}
        self.asks = {101.0 + i: 1.0 for i in range(10)}
        self.last_id = 1000

    def tick(self) -> None:
        self.last_id += 1
        side = self.bids if self.last_id % 2 else self.asks
        price = sorted(side)[self.last_id % len(side)]
        side[price] = float(self.last_id)

    def levels(self) -> tuple[list[Level], list[Level]]:
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())


class Socket(Connection):
    """The venue's end of one connection."""

    def __init__(self, venue: "FakeVenue", url: str, headers: dict[str, str], listener: Listener) -> None:
        self.venue = venue
        self.url = url
        self.headers = headers
        self.listener = listener
        self.channels: set[str] = set()
        self.frames: list[tuple[int, dict[str, Any]]] = []
        self.pings = 0
        self.open = True
        self.cuts: dict[str, int] = {}
        """Last id pushed, by pair."""
        self.refuses: dict[str, str] = {}
        """What is refused on this connection alone."""
        self.latency_ns = venue.latency_ns
        self.opened_ns = venue.clock.monotonic_ns()
        self.closed_ns: int | None = None
        self.how: str | None = None
        # Timers of one moment run in any order, messages of one connection do not.
        self._going: deque[dict[str, Any]] = deque()
        self._coming: deque[bytes] = deque()

    # the client's side

    def send(self, frame: str | bytes) -> None:
        if not self.open:
            raise TransportError("ended", sent=False)
        said = json.loads(frame)
        self.frames.append((self.venue.clock.monotonic_ns(), said))
        if not self.venue.frozen:
            self._going.append(said)
            self.venue.later(self.latency_ns, lambda: self.venue.hear(self, self._going.popleft()))

    def ping(self) -> None:
        if not self.open:
            raise TransportError("ended", sent=False)
        self.pings += 1
        if not self.venue.frozen and self.venue.pongs:
            self.venue.later(self.latency_ns, self.alive)

    def close(self) -> None:
        self.how = self.how or "close"
        if self.venue.answers_close:
            self.venue.later(self.latency_ns, lambda: self.end("closed by us"))

    def abort(self) -> None:
        self.how = "abort"
        self.end("aborted by us")

    # the venue's side

    def say(self, **said: Any) -> None:
        self.raw(json.dumps(said).encode())

    def raw(self, frame: bytes) -> None:
        if not self.venue.frozen:
            self._coming.append(frame)
            self.venue.later(self.latency_ns, self.deliver)

    def deliver(self) -> None:
        frame = self._coming.popleft()
        if self.open:
            self.listener.on_frame(memoryview(frame))

    def alive(self) -> None:
        if self.open:
            self.listener.on_alive()

    def end(self, reason: str) -> None:
        if self.open:
            self.open = False
            self.closed_ns = self.venue.clock.monotonic_ns()
            self.venue.sockets.remove(self)
            self.listener.on_closed(reason)

    def asked(self, op: str) -> list[list[str]]:
        """Return the channels of each request of a kind, in order."""
        return [said["channels"] for _, said in self.frames if said["op"] == op]


class FakeVenue(Transport):
    """Market, sockets and REST of one venue; also the `Transport` that leads to it."""

    def __init__(self, clock: Clock, *, latency_ns: int = 10 * MS) -> None:
        self.clock = clock
        self.latency_ns = latency_ns
        self.skew_ns = 0
        """How far the venue's clock is ahead of ours; signed frames that differ by more than a second are refused."""
        self.down = False
        self.no_sockets = False
        """REST answers, sockets cannot be opened."""
        self.frozen = False
        """Half-open: nothing goes either way, and nobody is told."""
        self.pongs = True
        self.answers_close = True
        self.refuses: dict[str, str] = {}
        self.refuses_whole = False
        self.mute: set[str] = set()
        """Channels that are neither acknowledged nor refused."""
        self.login_answer: dict[str, Any] | None = {"reply": "welcome"}
        self.books_first = False
        """Subscribing to a book brings a snapshot first."""
        self.answers: list[tuple[int, dict[str, str]]] = []
        """Status and headers of the next answers to requests that come by the wire."""
        self.markets: dict[str, Market] = {}
        self.sockets: list[Socket] = []
        self.history: list[Socket] = []
        self.attempts: list[int] = []
        self._stats = TransportStats()
        self.closed = False

    # Transport

    @property
    def stats(self) -> TransportStats:
        return self._stats

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        if not self.answers:
            raise TransportError("REST of the double goes through FakePublic", sent=False)
        status, headers = self.answers.pop(0)
        return RestAnswer(status=status, headers=headers, body=b"{}", received_ns=self.clock.now_ns())

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        self.attempts.append(self.clock.monotonic_ns())
        await self.clock.sleep(self.latency_ns)
        if self.down or self.no_sockets:
            raise TransportError("connection refused", sent=False)
        socket = Socket(self, url, headers, listener)
        self.sockets.append(socket)
        self.history.append(socket)
        return socket

    async def close(self) -> None:
        self.closed = True

    # the venue

    def now_ns(self) -> int:
        return self.clock.now_ns() + self.skew_ns

    def later(self, delay_ns: int, do: Any) -> None:
        self.clock.call_at(self.clock.monotonic_ns() + delay_ns, do)

    def market(self, pair: str) -> Market:
        return self.markets.setdefault(pair, Market(pair))

    def hear(self, socket: Socket, said: dict[str, Any]) -> None:
        if not socket.open:
            return
        if said["op"] == "ping":
            if self.pongs:
                socket.say(pong=1)
        elif said["op"] == "login":
            if self.login_answer is not None:
                socket.say(**self.login_answer)
        elif said["op"] == "unsub":
            socket.channels -= set(said["channels"])
            socket.say(ack=said["id"], channels=said["channels"])
        else:
            self._subscribe(socket, said)

    def _subscribe(self, socket: Socket, said: dict[str, Any]) -> None:
        request_id, channels = said["id"], said["channels"]
        if abs(said.get("at", self.now_ns()) - self.now_ns()) > SECOND:
            socket.say(refuse=request_id, channels=[], why="timestamp")
            return
        if self.mute & set(channels):
            channels = [] if self.refuses_whole else [name for name in channels if name not in self.mute]
        refuses = self.refuses | socket.refuses
        bad = [name for name in channels if name in refuses]
        if bad:
            named = [] if self.refuses_whole else bad
            socket.say(refuse=request_id, channels=named, why=refuses[bad[0]])
        good = [name for name in channels if name not in bad and not (bad and self.refuses_whole)]
        if not good:
            return
        socket.channels |= set(good)
        socket.say(ack=request_id, channels=good)
        for name in good:
            feed, _, pair = name.partition(":")
            market = self.market(pair)
            socket.cuts[pair] = market.last_id
            if feed == "book" and self.books_first:
                bids, asks = market.levels()
                socket.say(book=[pair, bids, asks, market.last_id])

    def tick(self, pair: str, *, push: bool = True) -> None:
        """Move the market, and tell everyone who listens."""
        self.market(pair).tick()
        if push:
            for socket in list(self.sockets):
                self.push(socket, pair)

    def push(self, socket: Socket, pair: str) -> None:
        """Send what happened since the last push to this socket, as one delta."""
        market = self.market(pair)
        if f"book:{pair}" not in socket.channels or socket.cuts[pair] >= market.last_id:
            return
        bids, asks = market.levels()
        socket.say(delta=[pair, bids, asks, socket.cuts[pair] + 1, market.last_id])
        socket.cuts[pair] = market.last_id

    def cut_all(self, reason: str = "gone") -> None:
        for socket in list(self.sockets):
            socket.end(reason)


class FakePublic(PublicExchange):
    """REST of the double, without the wire."""

    def __init__(self, venue: FakeVenue, symbols: Sequence[Symbol]) -> None:
        self.venue = venue
        self.instruments = {
            symbol: Instrument(
                symbol=symbol,
                pair=self.symbol_to_pair(symbol),
                status=TradingStatus.TRADING,
                tick=Decimal("0.01"),
                lot=Decimal("0.001"),
            )
            for symbol in symbols
        }
        self.snapshots = 0
        self.under_way: dict[Symbol, int] = {}
        self.most_at_once = 0
        self.most_per_symbol = 0
        self.delay_ns = 50 * MS
        self.errors: dict[Symbol, ExchangeAPIError] = {}
        self.cached_id: int | None = None
        """A cache in front of the venue gives out the book of this id."""
        self.order: list[Symbol] = []
        self.info_calls = 0
        self.time_calls = 0
        self.info_error: ArbError | None = None

    def set_status(self, symbol: Symbol, status: TradingStatus) -> None:
        self.instruments[symbol] = msgspec.structs.replace(self.instruments[symbol], status=status)

    def _up(self) -> None:
        if self.venue.down:
            raise ExchangeUnavailable("no answer", exchange="fake")

    async def ping(self) -> None:
        self._up()

    async def get_server_time(self) -> int:
        self.time_calls += 1
        self._up()
        return self.venue.now_ns()

    async def get_exchange_info(self) -> dict[Symbol, Instrument]:
        self.info_calls += 1
        await asyncio.sleep(0)
        self._up()
        if self.info_error is not None:
            raise self.info_error
        return dict(self.instruments)

    async def get_orderbook(self, symbol: Symbol, limit: int = 100) -> BookSnapshot:
        self.snapshots += 1
        self.order.append(symbol)
        self.under_way[symbol] = self.under_way.get(symbol, 0) + 1
        self.most_at_once = max(self.most_at_once, sum(self.under_way.values()))
        self.most_per_symbol = max(self.most_per_symbol, self.under_way[symbol])
        try:
            await self.venue.clock.sleep(self.delay_ns)
            self._up()
            if symbol in self.errors:
                raise self.errors[symbol]
            market = self.venue.market(self.symbol_to_pair(symbol))
            bids, asks = market.levels()
            return BookSnapshot(symbol=symbol, bids=bids, asks=asks, last_id=self.cached_id or market.last_id)
        finally:
            self.under_way[symbol] -= 1

    async def get_recent_trades(self, symbol: Symbol, limit: int = 100) -> Sequence[Trade]:
        return ()

    async def get_klines(self, symbol: Symbol, interval: str, limit: int = 100) -> Sequence[Kline]:
        return ()

    async def get_book_tickers(self) -> Mapping[Symbol, Quote]:
        return {}

    def symbol_to_pair(self, symbol: Symbol) -> Pair:
        return Pair(symbol.base + symbol.quote)

    def pair_to_symbol(self, pair: Pair) -> Symbol:
        return next(symbol for symbol, known in self.instruments.items() if known.pair == pair)

    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> None:
        return None
