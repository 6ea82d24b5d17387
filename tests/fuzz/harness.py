"""The run: spoilt frames through the real session, dialect, dispatch and books, with a reference beside them.

Only three things are not the shipped ones: the transport, which hands frames over in memory, the owner of the REST requests,
and a dialect around the plugin's that writes down what it says and raises. One episode is one integer: it chooses a market, a
moment of its life and a state of the book, spoils one frame, and afterwards lets the true feed go on.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from inspect import signature
from math import isnan
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import msgspec
from arb_core.capture.venue import ReplayClock
from arb_core.errors import WireError
from arb_core.interfaces.context import ExchangeContext, RestClient
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.registry import Registry
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.stream import StreamSession
from arb_core.runtime.stream.events import Malformed
from arb_core.runtime.stream.shard import OVERLAP_NS
from arb_core.runtime.tasks import TaskOwner
from arb_core.runtime.transport import Listener, TransportStats
from arb_core.structs.book import BookFault, BookSnapshot, BookState
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.market import Instrument, Pair, Symbol, TradingStatus, VenueName
from arb_core.structs.stream import Feed, Topic
from google.protobuf.message import DecodeError

from .market import Change
from .reference import ANY, MS, Chain, NaiveBook, Printed, Reading
from .spelling import Unreadable

__all__ = ["Disagreement", "Run", "resident_bytes", "said_by"]

TYPED = (
    msgspec.MsgspecError,
    DecodeError,
    WireError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    RecursionError,
)
"""What a dialect may raise: the classes that `StreamDialect.decode` names, and the one of a frame deeper than the stack."""

SECOND = 1_000_000_000
PATIENCE = 3
"""REST snapshots within which a book is LIVE again, unless it believes an id that a spoilt frame named."""


class Disagreement(AssertionError):
    """The plugin and the reference, or the book and the reference's, differ."""


# -- what stands in for the world ---------------------------------------------------------------------------------------


class _Connection:
    def __init__(self, venue: ModuleType, listener: Listener) -> None:
        self._venue = venue
        self._listener = listener
        self._open = True
        if hasattr(venue, "GREETING"):
            asyncio.get_running_loop().call_soon(self._hear, venue.GREETING)

    def send(self, frame: str | bytes) -> None:
        for answer in self._venue.acknowledge(frame):
            asyncio.get_running_loop().call_soon(self._hear, answer)

    def _hear(self, answer: bytes) -> None:
        if self._open:
            self._listener.on_frame(memoryview(answer))

    def ping(self) -> None:
        asyncio.get_running_loop().call_soon(self._listener.on_alive)

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if self._open:
            self._open = False
            asyncio.get_running_loop().call_soon(self._listener.on_closed, "closed by us")


class _Transport:
    """A venue that accepts every subscription and says nothing by itself."""

    def __init__(self, venue: ModuleType) -> None:
        self._venue = venue
        self.stats = TransportStats()
        self.listener: Listener | None = None

    async def request(self, base_url: str, request: object, timeout_ns: int) -> Any:
        raise AssertionError("no test asks for anything by REST through the transport")

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> _Connection:
        self.listener = listener
        return _Connection(self._venue, listener)

    async def close(self) -> None:
        """Nothing is open."""


class _Rest:
    """Answers one question: that for what opens a connection, where a venue wants to be asked."""

    def __init__(self, venue: ModuleType) -> None:
        self._venue = venue

    def bind(self, read_fault: object, sign: object = None) -> "_Rest":
        return self

    async def call(self, endpoint: object, parse: Any, *arguments: Any, **named: Any) -> Any:
        return parse(self._venue.TICKET)


class _Context(ExchangeContext):
    def __init__(
        self, name: str, venue: ModuleType, clock: LoopClock, settings: ExchangeSettings, markets: MarketTable
    ) -> None:
        self._parts = (VenueName(name), clock, settings, markets)
        self._rest: Any = _Rest(venue)

    @property
    def venue(self) -> VenueName:
        return self._parts[0]

    @property
    def clock(self) -> LoopClock:
        return self._parts[1]

    @property
    def rest(self) -> RestClient:
        return self._rest

    @property
    def settings(self) -> ExchangeSettings:
        return self._parts[2]

    @property
    def markets(self) -> MarketTable:
        return self._parts[3]

    @property
    def logger(self) -> logging.Logger:
        return logging.getLogger("arb_fuzz")


def _recording_sink() -> type[Sink]:
    """A sink that writes down every call and passes it on; its methods are those of the contract, whatever they are."""

    def method(name: str) -> Any:
        parameters = list(signature(getattr(Sink, name)).parameters.values())[1:]
        # Of what was printed only the sum counts, and the books show whether it was taken right.
        told = len([parameter for parameter in parameters if parameter.name != "printed"])

        def say(self: Any, *arguments: Any, **named: Any) -> None:
            rest = (named.get(p.name, p.default) for p in parameters[len(arguments) :])
            self.said.append((name, *(*arguments, *rest)[:told]))
            getattr(self.out, name)(*arguments, **named)

        return say

    return type("RecordingSink", (Sink,), {name: method(name) for name in Sink.__abstractmethods__})


_RecordingSink = _recording_sink()


class _Overheard(StreamDialect):
    """The plugin's dialect, with its words and its errors written down."""

    def __init__(self, inner: StreamDialect) -> None:
        self._inner = inner
        self._sink: Any = _RecordingSink()
        self.said: list[tuple[Any, ...]] = []
        self.raised: Exception | None = None

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        self.said = self._sink.said = []
        self._sink.out = out
        self.raised = None
        try:
            self._inner.decode(frame, received_ns, self._sink)
        except Exception as error:
            self.raised = error
            raise

    @property
    def book_rule(self) -> Any:
        return self._inner.book_rule

    async def ticket(self) -> Any:
        return await self._inner.ticket()

    def channel(self, topic: Topic) -> str:
        return self._inner.channel(topic)

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str | bytes:
        return self._inner.subscribe(topics, request_id, now_ns)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str | bytes:
        return self._inner.unsubscribe(topics, request_id, now_ns)

    def ping(self, now_ns: int) -> str | bytes | None:
        return self._inner.ping(now_ns)


def said_by(name: str, settings: dict[str, Any], frame: bytes) -> list[tuple[Any, ...]]:
    """Return what a plugin's dialect says of one frame; nothing, where it refuses it."""
    registry = Registry()
    markets = MarketTable(name)
    clock: Any = ReplayClock()
    context = _Context(name, ModuleType(name), clock, registry.card(name).settings(**settings), markets)
    sink: Any = _RecordingSink()
    sink.said, sink.out = [], Mock()
    try:
        registry.public_stream(name, context).decode(memoryview(frame), 0, sink)
    except TYPED:
        return []
    said: list[tuple[Any, ...]] = sink.said
    return said


# -- the run ------------------------------------------------------------------------------------------------------------

MARKET = {"delta", "snapshot", "quote", "trade", "kline", "order", "fill", "balance"}
_LIVE = BookState.LIVE


_LEVELS = 30
"""Levels a side of a REST answer; enough for the recorded changes to hit, and few enough for 200,000 books."""


class _Moment:
    """A book at one moment of a chain, and the deltas that follow."""

    position = 0
    body = b""
    """The REST answer, or the frame, that shows it."""

    def __init__(self, book: NaiveBook, chain: Chain, index: int) -> None:
        bids, asks = book.held() if book.rules.in_stream else book.shown()
        depth = None if book.rules.in_stream else _LEVELS
        self.bids, self.asks = bids[:depth], asks[:depth]
        self.printed = None if book.rules.sum is None else book.printed()
        self.last_id = book.last_id
        self.chain = chain
        self.index = index

    @property
    def next(self) -> list[bytes]:
        return self.chain.deltas[self.index :]

    def whole(self) -> Change:
        """The whole book as a venue prints it."""
        printed = self.printed
        if printed is None:
            sides = [[(repr(price), repr(size)) for price, size in side] for side in (self.bids, self.asks)]
            printed = Printed(sides[0], sides[1], None)
        return Change(printed.bids, printed.asks, -1, self.last_id, self.last_id, 1_736_411_507_002)


class Run:
    """One venue's session with its books. `episode` is the whole test; the counts are what it met."""

    def __init__(self, name: str, venue: ModuleType, seed: int, settings: dict[str, Any] | None = None) -> None:
        self.name = name
        self.venue = venue
        self.seed = seed
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self._settings = settings or {}
        self._broken: list[tuple[object, Exception]] = []
        self._events: list[object] = []
        self._wanted: list[BookSync] = []
        self._checked_ns = 0
        self._leaving = False
        self._true: dict[bytes, Reading] = {}
        """What the reference read in the frames of the true feed."""
        self._at: dict[str, _Moment] = {}
        """Where each market truly stands."""

    # -- before and after

    async def start(self, tasks: TaskOwner) -> None:
        registry = Registry()
        self.clock = LoopClock()
        card = registry.card(self.name)
        symbols = {pair: Symbol.parse(symbol) for pair, symbol in self.venue.PAIRS.items()}
        markets = MarketTable(self.name)
        markets.fill(
            {
                symbol: Instrument(
                    symbol=symbol,
                    pair=Pair(pair),
                    status=TradingStatus.TRADING,
                    **getattr(self.venue, "STEPS", {}).get(pair, _FINE),
                )
                for pair, symbol in symbols.items()
            }
        )
        settings = card.settings(**self._settings)
        context = _Context(self.name, self.venue, self.clock, settings, markets)
        self.public = registry.public(self.name, context)
        self.dialect = _Overheard(registry.public_stream(self.name, context))
        self.rule = self.dialect.book_rule
        # As deep as the rule lets a reader see; a rule may prove fewer levels than it keeps.
        self.shown: int | None = self.rule.proved_depth
        self.dispatch = Dispatch(lambda listener, error: self._broken.append((listener, error)))
        self.pairs = {
            pair: BookSync(
                VenueName(self.name),
                symbol,
                self.rule,
                SORTED.make(),
                self.clock,
                on_book=_nothing,
                on_lost=self._on_lost,
                need_snapshot=self._wanted.append,
                need_resubscribe=self._wanted.append,
            )
            for pair, symbol in symbols.items()
        }
        self.dispatch.books.update(self.pairs)
        self.naive = {pair: NaiveBook(self.venue.RULES, self.shown) for pair in self.pairs}
        transport = _Transport(self.venue)
        self.session = StreamSession(
            venue=VenueName(self.name),
            card=card,
            dialect=self.dialect,
            transport=transport,
            clock=self.clock,
            dispatch=self.dispatch,
            listener=self._events.append,
            tasks=tasks,
            random=Random(self.seed),
        )
        self._transport = transport
        topics = [Topic(Feed.BOOK, Pair(pair)) for pair in self.pairs]
        topics += [Topic(feed, Pair(pair)) for pair in self.pairs for feed in (Feed.QUOTE, Feed.TRADES)]
        self._topics = topics
        self.session.subscribe(topics)
        await self._settle()
        self.moments = [moment for chain in self.venue.chains() for moment in self._moments(chain)]
        for position, moment in enumerate(self.moments):
            moment.position = position
            self._at.setdefault(moment.chain.pair, moment)
        self._restart_all()

    def _restart_all(self) -> None:
        for moment in list(self._at.values()):
            self._restart(moment)

    def _on_lost(self, sync: BookSync, fault: BookFault) -> None:
        self.counts[f"lost: {fault}"] += 1

    async def _settle(self) -> None:
        """Let time go by until one connection carries everything."""
        for _ in range(1000):
            await self.clock.sleep(SECOND // 10)
            health = self.session.health()
            if len(health.connections) == 1 and all(self.session.stands(topic) for topic in self._topics):
                return
        raise Disagreement(f"the session does not settle: {self.session.health()}")

    def _moments(self, chain: Chain) -> list[_Moment]:
        """Every moment of a chain from which two more deltas follow; none of its frames may leave a doubt."""
        book = NaiveBook(self.venue.RULES, self.shown)
        if book.rules.in_stream:
            book.whole(chain.bids, chain.asks, chain.last_id, chain.printed)
        else:
            book.snapshot(chain.bids, chain.asks, chain.last_id, 10**9)
        moments = [_Moment(book, chain, 0)]
        for index, frame in enumerate(chain.deltas, 1):
            reading = self._true[frame] = self.venue.read_frame(frame)
            (message,) = reading.market
            if reading.doubts or message[:2] != ("delta", chain.pair):
                raise Disagreement(f"the reference doubts a true frame: {reading}")
            book.delta(*_of_delta(message))
            if not book.live:
                raise Disagreement(f"the reference loses the true feed: {book.why}")
            moments.append(_Moment(book, chain, index))
        return moments

    # -- one episode

    async def episode(self, number: int) -> None:
        """Spoil one frame, see that both agree on it, let the true feed go on, and bring the books back."""
        rng = Random(f"{self.name} {self.seed} {number}")
        moment = rng.choice(self.moments[:-1])
        while len(moment.next) < 3:
            moment = rng.choice(self.moments)
        whole, second, third = moment.next[:3]
        is_delta = rng.random() < 0.75
        frame = whole if is_delta else rng.choice(self.venue.others())
        spoilt = self.venue.spoil(rng, frame)
        live = rng.random() < 0.85
        bounded = rng.random() < 0.2
        self._restart(moment, bounded=bounded)
        if not live:
            self._interrupt(moment)
        try:
            self._give(spoilt)
            first, last = (second, third) if is_delta else (whole, second)
            self._give_true(first)
            if not live:
                self._join(self.moments[moment.position + (2 if is_delta else 1)], moment)
            self._give_true(last)
            self._recover(self.moments[moment.position + (3 if is_delta else 2)])
        except Disagreement as error:
            raise Disagreement(
                f"{error}\n{self.name}, seed {self.seed}, frame {number}\ntrue:   {frame!r}\nspoilt: {spoilt[:3000]!r}"
                f"\nplugin: {self.dialect.said} {self.dialect.raised!r}"
            ) from error
        for pair, at in self._at.items():
            if self.pairs[pair].last_id != at.last_id:
                # It took a spoilt frame for true, and would wait for ids that never come.
                self._restart(at)
        if self._broken:
            raise Disagreement(f"a consumer raised: {self._broken}, frame {number}")
        if self._leaving:
            # The venue was heard to announce the end of the connection: let the session move to another one.
            self._leaving = False
            self.counts["connections replaced"] += 1
            await self._settle()
            # Until then the messages of both would be compared.
            await self.clock.sleep(2 * OVERLAP_NS)
            self._restart_all()
        self._events.clear()

    def _interrupt(self, moment: _Moment) -> None:
        """Lose a book once more, so that its snapshot is on its way: what comes now is buffered."""
        pair = moment.chain.pair
        self.pairs[pair].lose(BookFault.DISCONNECTED)
        self.naive[pair].lose("disconnected")
        self.pairs[pair].begin()

    def _join(self, now: _Moment, moment: _Moment) -> None:
        """Let the snapshot arrive: one of before, to which the buffered frames are joined, or the stream's of now."""
        if self.venue.RULES.in_stream:
            self._at[now.chain.pair] = now
            self._show(now)
        if self._answer() > 1:
            self._let_wait()
        self._hasten(sync for pair, sync in self.pairs.items() if pair != moment.chain.pair)
        self._compare()

    def begin_anew(self) -> None:
        """Go on after a disagreement, with nothing left of it."""
        self._wanted.clear()
        for sync in self.pairs.values():
            sync.rest_failed(Disagreement("begin anew"))
        self._restart_all()

    def _give(self, frame: bytes) -> None:
        """Hand a spoilt frame to both."""
        reading: Reading | None = None
        why = ""
        try:
            reading = self.venue.read_frame(frame)
        except Unreadable as error:
            why = str(error)
        self.counts["frames"] += 1
        before = {pair: _storage(sync) for pair, sync in self.pairs.items()}
        malformed = self._hear(frame)
        if self.dialect.raised is not None:
            if malformed != 1:
                raise Disagreement("an error of the dialect was not reported as a malformed frame")
            if reading is not None and not reading.doubts:
                raise Disagreement(f"refused, yet it is as documented: {reading}")
            self._expect_refusal_without_trace(self.dialect.raised, before)
        elif malformed:
            raise Disagreement("an accepted frame was reported as malformed")
        elif reading is None:
            raise Disagreement(f"accepted, yet the reference refuses it: {why}")
        else:
            self._expect_same_words(reading)
            self._compare()

    def _expect_same_words(self, reading: Reading) -> None:
        """What was accepted is what the reference read."""
        said = self.dialect.said
        self._leaving = any(message[0] in {"closing", "ticket_lost"} for message in said)
        market = [message for message in said if message[0] in MARKET]
        if reading.ambiguous and not market:
            reading = Reading(doubts=reading.doubts)
        if [*map(_plain, market)] != [_plain(message[: _TOLD.get(message[0])]) for message in reading.market]:
            raise Disagreement(f"read otherwise than the reference: {reading.market}")
        reading.market = [_with_time(message, told) for message, told in zip(reading.market, market, strict=True)]
        self._compare_control([message for message in said if message[0] not in MARKET], reading)
        self.counts["accepted" if market else "control" if reading.control else "ignored"] += 1
        self._tell_reference(reading)

    def _give_true(self, frame: bytes) -> None:
        """Hand a frame of the true feed to both; nobody may refuse it."""
        if self._hear(frame):
            raise Disagreement(f"a true frame was refused: {self.dialect.raised!r}")
        self._tell_reference(self._true[frame])
        self._compare()

    def _hear(self, frame: bytes) -> int:
        """Let the connection hear a frame; return how many were reported as malformed."""
        listener = self._transport.listener
        if listener is None:
            raise Disagreement("there is no connection")
        self._events.clear()
        listener.on_frame(memoryview(frame))
        return sum(isinstance(event, Malformed) for event in self._events)

    def _tell_reference(self, reading: Reading) -> None:
        for message in reading.market:
            book = self.naive.get(message[1])
            if book is None:
                continue
            if message[0] == "delta":
                book.delta(*_of_delta(message), made_ns=message[6])
            elif message[0] == "snapshot" and not message[6]:
                book.whole(*message[2:5], *message[7:], made_ns=message[5])

    def _compare_control(self, said: list[tuple[Any, ...]], reading: Reading) -> None:
        """An acknowledgement out of nothing would leave a subscription unwatched; the other kinds harm nobody."""
        if reading.ambiguous:
            return
        for message in said:
            if message[0] in {"ack", "pong", "closing", "ticket_lost"}:
                wanted = [control for control in reading.control if control[: len(message)] == message[: len(control)]]
                if not wanted:
                    raise Disagreement(f"{message} is not what the reference read: {reading.control}")
        kinds = [[message[0] for message in each if message[0] not in _HARMLESS] for each in (said, reading.control)]
        if not reading.doubts and kinds[0] != kinds[1]:
            raise Disagreement(f"control read otherwise than the reference: {reading.control}")

    # -- books

    def _expect_refusal_without_trace(self, raised: Exception, before: dict[str, Any]) -> None:
        """A typed error, no word of the frame, every level where it was, and every book of the connection on its way back."""
        self.counts["refused"] += 1
        self.refusals[type(raised).__name__] += 1
        if not isinstance(raised, TYPED):
            raise Disagreement(f"refused with an error of no contract: {raised!r}")
        if self.dialect.said:
            raise Disagreement("a part of a refused frame was told")
        for book in self.naive.values():
            book.lose("a malformed frame")
        for pair, sync in self.pairs.items():
            if sync.state is _LIVE or sync.quote() is not None or not isnan(sync.bid) or not isnan(sync.ask):
                raise Disagreement(f"{pair} can still be read after a frame that was refused")
            if _storage(sync) != before[pair]:
                raise Disagreement(f"a refused frame changed the levels of {pair}")
            if sync not in self._wanted:
                raise Disagreement(f"{pair} does not ask for a new snapshot")

    def _compare(self) -> None:
        for pair, sync in self.pairs.items():
            naive = self.naive[pair]
            self.counts["books compared"] += 1
            if (sync.state is _LIVE) is not naive.live:
                raise Disagreement(f"{pair} is {sync.state.name} ({sync.fault}); the reference's: {naive.why}")
            if not naive.live:
                if sync.quote() is not None or not isnan(sync.bid) or not isnan(sync.ask):
                    raise Disagreement(f"{pair} is lost and shows a price")
                continue
            bids, asks = naive.shown()
            if sync.bids(0) != bids or sync.asks(0) != asks or sync.last_id != naive.last_id:
                raise Disagreement(
                    f"{pair} differs: {_first_difference(sync, bids, asks)}; ids {sync.last_id}, {naive.last_id}"
                )
            best = (*(bids[0] if bids else _NONE), *(asks[0] if asks else _NONE))
            if _plain((sync.bid, sync.bid_size, sync.ask, sync.ask_size)) != _plain(best):
                raise Disagreement(f"{pair} has other best levels than its book: {best}")

    def _restart(self, moment: _Moment, *, bounded: bool = False) -> None:
        """Begin the book of a market anew at a moment, as after a lost connection."""
        pair = moment.chain.pair
        self._at[pair] = moment
        sync = self.pairs[pair]
        sync.lose(BookFault.DISCONNECTED)
        self.naive[pair].lose("restarted")
        sync.begin()
        if self.venue.RULES.in_stream:
            self._wanted[:] = [other for other in self._wanted if other is not sync]
            self._show(moment)
            return
        # A moment may lie before what the book has seen: only after its own time-out does it believe that a count began anew.
        self._time_out(sync)
        self._limit = len(moment.bids) if bounded else 1000
        self._answer()
        if sync.state is not _LIVE:
            raise Disagreement(f"{pair} does not begin: {sync.fault}")

    def _time_out(self, sync: BookSync) -> None:
        self._checked_ns = max(self._checked_ns, self.clock.monotonic_ns()) + self.rule.sync_timeout_ns + 1
        sync.check(self._checked_ns)
        next(naive for pair, naive in self.naive.items() if self.pairs[pair] is sync).lose("time-out")

    def _answer(self) -> int:
        """Answer the REST requests that are open, through the plugin's own parser; return how often they had to be."""
        for rounds in range(1, PATIENCE + 1):
            wanted, self._wanted[:] = list(self._wanted), []
            for sync in wanted:
                pair = next(pair for pair, other in self.pairs.items() if other is sync)
                at = self._at[pair]
                if self.venue.RULES.in_stream:
                    sync.begin()
                    self._show(at)
                    continue
                if not at.body:
                    at.body = self.venue.rest_body(at.last_id, at.bids, at.asks)
                params = self.venue.rest_params(pair, self._limit)
                snapshot = self.public.decode_rest(self.venue.REST_PATH, params, at.body)
                if not isinstance(snapshot, BookSnapshot):
                    raise Disagreement(f"a REST book was read as {snapshot}")
                sync.rest_snapshot(snapshot)
                if not self.naive[pair].live:
                    self.naive[pair].snapshot(at.bids, at.asks, at.last_id, snapshot.depth)
            if not self._wanted:
                return rounds
        return PATIENCE

    def _show(self, at: _Moment) -> None:
        """Let the stream bring a whole book, as after a subscription."""
        pair = at.chain.pair
        if not at.body:
            at.body = self.venue.whole_frame(pair, at.whole())
        if self._hear(at.body):
            raise Disagreement(f"a whole book was refused: {self.dialect.raised!r}")
        self.naive[pair].whole(at.bids, at.asks, at.last_id, at.printed, made_ns=at.whole().ms * MS)
        if self.pairs[pair].state is not _LIVE:
            raise Disagreement(f"{pair} does not begin: {self.pairs[pair].fault}")

    def _let_wait(self) -> None:
        """A book that was shown an id by a spoilt frame may ask for a snapshot beyond it; the reference is less careful."""
        for pair, sync in self.pairs.items():
            if self.naive[pair].live and sync.state is not _LIVE and sync in self._wanted:
                self.naive[pair].lose("waits for a newer snapshot")

    def _hasten(self, lost: Iterable[BookSync]) -> None:
        """Let the time-outs pass of books that believe an id far ahead, which a spoilt frame named."""
        late = [sync for sync in lost if sync.state is not _LIVE and not self.venue.RULES.in_stream]
        for sync in late:
            self.counts["resyncs after a time-out"] += 1
            self._time_out(sync)
        if late:
            self._answer()

    def _recover(self, moment: _Moment) -> None:
        """Every book that was lost is LIVE again after the next snapshots, and equal."""
        self._at[moment.chain.pair] = moment
        lost = [sync for sync in self.pairs.values() if sync.state is not _LIVE]
        if not lost:
            return
        self._answer()
        self._hasten(lost)
        self.counts["resyncs"] += len(lost)
        self._compare()
        for sync in lost:
            if sync.state is not _LIVE:
                raise Disagreement(f"{sync.symbol} does not recover: {sync.fault}, {sync.stats}")


def _nothing(sync: BookSync) -> None:
    """Nobody listens to the books: they are looked at."""


def _of_delta(message: tuple[Any, ...]) -> tuple[Any, ...]:
    """Levels, ids, the id before, and what was printed."""
    return (*message[2:6], message[7], *message[8:])


def _with_time(message: tuple[Any, ...], told: tuple[Any, ...]) -> tuple[Any, ...]:
    """Where the documentation does not say what a time is, it is what the plugin took it for."""
    place = _TIME.get(message[0])
    if place is None or message[place] is not ANY:
        return message
    return (*message[:place], told[place], *message[place + 1 :])


_TIME = {"delta": 6, "snapshot": 5}
_HARMLESS = {"ignored", "reply"}

_TOLD = {"delta": 8, "snapshot": 7}
"""Values of a message that a sink is told, without what was printed."""
_NONE = (float("nan"), float("nan"))
_FINE: dict[str, Any] = {"tick": Decimal("1e-8"), "lot": Decimal("1e-8")}


def _storage(sync: BookSync) -> Any:
    return sync.book.bids(0), sync.book.asks(0)


def _plain(value: Any) -> Any:
    """Make NaN equal to itself."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return None if isinstance(value, float) and isnan(value) else value


def _first_difference(sync: BookSync, bids: list[Any], asks: list[Any]) -> Any:
    for ours, theirs in ((sync.bids(0), bids), (sync.asks(0), asks)):
        if ours != theirs:
            return sorted(set(ours) ^ set(theirs))[:4]
    return None


def resident_bytes() -> int:
    """Memory of this process that is really there."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * 4096
