"""One venue at work: plugin, REST, sockets, books and instruments, wired together and looked after.

Market data take the short way, connection -> dialect -> book -> listener, by plain calls. What stands here is beside
it: who watches what, snapshots, the beat that finds silence and lag, and the list of instruments.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from arb_core.errors import (
    ArbError,
    BookUnavailable,
    Disconnected,
    NotSupported,
    Refused,
    Rejected,
    WireError,
)
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock
from arb_core.registry import Registry
from arb_core.runtime.address import rebase
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.context import Context
from arb_core.runtime.dispatch import Dispatch, Listeners
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.pulse import Beat, Pulse
from arb_core.runtime.rest import Rest
from arb_core.runtime.snapshots import Snapshots
from arb_core.runtime.sockets import SocketTransport
from arb_core.runtime.stream import StreamSession
from arb_core.runtime.stream.backoff import Backoff
from arb_core.runtime.stream.events import Closed, Malformed, OpenFailed, Subscribed, TopicRefused, VenueEvent
from arb_core.runtime.tasks import TaskOwner, within
from arb_core.runtime.transport import Transport
from arb_core.structs.book import BookFault, BookSnapshot, BookState
from arb_core.structs.card import ExchangeCard, ExchangeSettings
from arb_core.structs.market import Kline, Pair, Quote, Symbol, Trade, TradingStatus, VenueName
from arb_core.structs.stream import Feed, Topic
from arb_core.venue.events import (
    Halted,
    ListenerBroken,
    MarketsFailed,
    MarketsLoaded,
    Resumed,
    SnapshotFailed,
)
from arb_core.venue.health import BookHealth, SnapshotHealth, VenueHealth
from arb_core.venue.keeping_up import KeepingUp
from arb_core.venue.updates import Updates

__all__ = ["Venue"]

_SECOND = 1_000_000_000

WATCH_TIMEOUT_NS = 30 * _SECOND
"""How long `watch_*` wait for the venue, where the caller does not say."""
BEAT_NS = _SECOND // 2
REFRESH_NS = 300 * _SECOND
"""How often the list of instruments is fetched anew: a halted market is silent on a connection that lives."""
TRADES_KEPT = 1000
"""Trades that an async iterator keeps for a slow reader."""

_FREQUENT = (Subscribed, SnapshotFailed, Malformed)
"""Events that may come by the hundred: not for a log at INFO."""

_FEEDS = {Feed.BOOK: "book", Feed.DEPTH: "depth", Feed.QUOTE: "quote", Feed.TRADES: "trades", Feed.KLINES: "klines"}


class Venue:
    """An exchange that is open; made by `open_exchange`, used within `async with`.

    Attributes:
        name: the label in the settings.
        card: the facts of the exchange.
        settings: how it is used.
        public: the plugin's REST side.
        markets: its instruments, empty before `connect`, `load_markets` or the first `watch_*`.
    """

    def __init__(
        self,
        *,
        name: VenueName,
        card: ExchangeCard,
        settings: ExchangeSettings,
        registry: Registry,
        clock: Clock,
        transport: Transport | None,
        rest_url: str | None,
        ws_url: str | None,
        random: Random,
        refresh_ns: int = REFRESH_NS,
    ) -> None:
        self.name = name
        self.card = card
        self.settings = settings
        self.clock = clock
        self.markets = MarketTable(card.id)
        self._log = logging.getLogger(f"arb_core.venue.{name}")
        self._random = random
        self._refresh_ns = refresh_ns
        self._owns_transport = transport is None
        self._transport = transport or SocketTransport(clock)
        self._rest = Rest(
            card,
            self._transport,
            clock,
            base_url=rebase(card.hosts.rest, rest_url),
            share=settings.share,
            rng=random,
        )
        context = Context(
            venue=name, clock=clock, rest=self._rest, settings=settings, markets=self.markets, logger=self._log
        )
        self.public = registry.public(card.id, context)
        self._rest.set_server_time(self.public.get_server_time)
        self._dialect = registry.public_stream(card.id, context)
        self._factory = registry.book_factory()
        self._dispatch = Dispatch(self._on_broken)
        self._tasks = TaskOwner()
        self._session = StreamSession(
            venue=name,
            card=card,
            dialect=self._dialect,
            transport=self._transport,
            clock=clock,
            dispatch=self._dispatch,
            listener=self._hear,
            tasks=self._tasks,
            ws_url=ws_url,
            share=settings.share,
            random=random,
        )
        self._snapshots = Snapshots(
            self.public.get_orderbook, self._on_snapshot_failed, clock=clock, tasks=self._tasks, random=random
        )
        self._pulse = Pulse(clock, BEAT_NS, self._beat)
        self._keeping_up = KeepingUp(name, self._hear)
        self._books: dict[Symbol, BookSync] = {}
        self._on_book: tuple[Callable[[BookSync], None], ...] = ()
        self._on_lost: tuple[Callable[[BookSync, BookFault], None], ...] = ()
        self._on_event: Listeners[VenueEvent] = Listeners(self._on_broken)
        self._live: dict[BookSync, list[asyncio.Future[None]]] = {}
        """Who waits for a book to be LIVE."""
        self._accepted: dict[Topic, list[asyncio.Future[None]]] = {}
        """Who waits for a subscription to stand."""
        self._users: dict[Topic, int] = {}
        self._updates: WeakSet[Updates[Any]] = WeakSet()
        self._listing = asyncio.Lock()
        self._broken_listeners = 0
        self._trouble = "it has not been tried"
        """Why there is no connection, as last heard."""

    async def __aenter__(self) -> Self:
        """Begin; sends nothing yet."""
        await self._tasks.__aenter__()
        self._pulse.start()
        self._tasks.spawn(self._keep_markets(), f"{self.name} instruments")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and end every task.

        Raises:
            Exception: what a book listener raised, where one did: that ends the venue.
        """
        self._pulse.stop()
        self._snapshots.close()
        for updates in tuple(self._updates):
            updates.close()
        for book in self._books.values():
            book.stop()
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            if self._owns_transport:
                await self._transport.close()

    # -- instruments ----------------------------------------------------------------------------------------------

    async def load_markets(self) -> MarketTable:
        """Fetch the list of instruments, once.

        Raises:
            ExchangeAPIError: the venue's answer, or that there is none.
            WireError: the answer is not what the venue documents.
        """
        self.markets.fill(await self.public.get_exchange_info())
        self._hear(MarketsLoaded(venue=self.name, instruments=len(self.markets)))
        for book in self._books.values():
            self._heed_status(book)
        return self.markets

    async def connect(self) -> MarketTable:
        """Fetch the list of instruments, however long the venue is down; each failure is an event.

        Raises:
            Rejected: the venue refuses the request itself: no further try would help.
        """
        backoff = Backoff(self._random)
        while True:
            try:
                return await self.load_markets()
            except ArbError as error:
                if error.action not in {"retry", "wait"} and not isinstance(error, WireError):
                    raise
                retry_ns = backoff.fail()
                self._trouble = str(error)
                self._hear(MarketsFailed(venue=self.name, reason=str(error), retry_ns=retry_ns))
                await self.clock.sleep(retry_ns)

    async def _keep_markets(self) -> None:
        """Fetch the list anew from time to time; a failure leaves what was known."""
        while True:
            await self.clock.sleep(self._refresh_ns)
            if not len(self.markets):
                continue
            try:
                await self.load_markets()
            except ArbError as error:
                self._hear(MarketsFailed(venue=self.name, reason=str(error), retry_ns=self._refresh_ns))

    def _heed_status(self, book: BookSync) -> None:
        """Make the book of an instrument that does not trade unreadable, and bring it back when it trades again."""
        instrument = self.markets.instrument(book.symbol) if book.symbol in self.markets else None
        reason = "no longer listed" if instrument is None else "trading is halted"
        if instrument is None or instrument.status is TradingStatus.HALTED:
            if book.fault is not BookFault.HALTED:
                book.lose(BookFault.HALTED)
                self._hear(Halted(venue=self.name, symbol=book.symbol, reason=reason))
        elif book.fault is BookFault.HALTED:
            self._hear(Resumed(venue=self.name, symbol=book.symbol))
            # The shard begins it when its subscription stands again.
            book.lose(BookFault.DISCONNECTED)
            if self._session.stands(Topic(Feed.BOOK, instrument.pair)):
                book.begin()

    # -- books ----------------------------------------------------------------------------------------------------

    @property
    def books(self) -> Mapping[Symbol, BookSync]:
        """The books that are watched."""
        return self._books

    def follow(self, symbol: Symbol) -> BookSync:
        """Keep a book in step from now on, and return it without waiting; `on_book` and `on_lost` tell what it does.

        Raises:
            InvalidSymbol: the venue does not list it (near matches are named), or the list was not fetched yet.
        """
        instrument = self.markets.instrument(symbol)
        book = self._books.get(symbol)
        if book is None:
            book = BookSync(
                self.name,
                symbol,
                self._dialect.book_rule,
                self._factory.make(),
                self.clock,
                on_book=self._book_changed,
                on_lost=self._book_lost,
                need_snapshot=self._snapshots.need,
                need_resubscribe=self._resubscribe,
            )
            self._books[symbol] = self._dispatch.books[instrument.pair] = book
            self._heed_status(book)
            self._session.subscribe([Topic(Feed.BOOK, instrument.pair)])
        return book

    async def watch_orderbook(self, symbol: Symbol, *, timeout_ns: int = WATCH_TIMEOUT_NS) -> LiveBook:
        """Keep a book in step from now on; return it when it is LIVE for the first time.

        After that it reconnects and resynchronises by itself. Where this raises, the book is not watched, unless it was
        before.

        Raises:
            InvalidSymbol: the venue does not list it; near matches are named.
            Refused: the venue refused the subscription.
            BookUnavailable: it was not LIVE within `timeout_ns`; the message says why.
            Disconnected: the venue could not be reached within that time.
        """
        watched = symbol in self._books
        try:
            await self._in_time(self._watch_book(symbol), timeout_ns, lambda: self._why_not_live(symbol))
        except BaseException:
            if not watched:
                self.unwatch_orderbook(symbol)
            raise
        return self._books[symbol]

    def unwatch_orderbook(self, symbol: Symbol) -> None:
        """Keep a book no more. Harmless where it is not watched."""
        book = self._books.pop(symbol, None)
        if book is None:
            return
        pair = next(pair for pair, other in self._dispatch.books.items() if other is book)
        del self._dispatch.books[pair]
        self._session.unsubscribe([Topic(Feed.BOOK, Pair(pair))])
        self._snapshots.forget(book)
        book.stop()

    def orderbook(self, symbol: Symbol) -> LiveBook:
        """Return a book that is watched; reading it does no I/O.

        Raises:
            BookUnavailable: nobody watches it.
        """
        book = self._books.get(symbol)
        if book is None:
            raise BookUnavailable("nobody watches it; await watch_orderbook first", venue=self.name, symbol=str(symbol))
        return book

    def on_book(self, listener: Callable[[BookSync], None]) -> None:
        """Call `listener` after each message that changed a LIVE book: at once, on the way of every message.

        What it raises ends the venue and comes out of its `async with`: a defect there is never passed over.
        """
        self._on_book = (*self._on_book, listener)

    def on_lost(self, listener: Callable[[BookSync, BookFault], None]) -> None:
        """Call `listener` when a book stops being LIVE. What it raises ends the venue, as with `on_book`."""
        self._on_lost = (*self._on_lost, listener)

    def on_event(self, listener: Callable[[VenueEvent], None]) -> Callable[[], None]:
        """Call `listener` at every event of connections and instruments; return what ends that.

        One that raises is told nothing any more.
        """
        return self._on_event.add(listener)

    async def _watch_book(self, symbol: Symbol) -> None:
        await self._listed()
        book = self.follow(symbol)
        if book.fault is BookFault.HALTED:
            raise BookUnavailable("trading is halted", venue=self.name, symbol=str(symbol))
        if book.state is not BookState.LIVE:
            await _turn(self._live, book)

    def _why_not_live(self, symbol: Symbol) -> ArbError:
        if not self._session.health().connections:
            return Disconnected(f"no connection: {self._trouble}", venue=self.name)
        try:
            self.orderbook(symbol).bids(1)
        except BookUnavailable as error:
            return error
        return BookUnavailable("it went LIVE this very moment", venue=self.name, symbol=str(symbol))

    def _book_changed(self, book: BookSync) -> None:
        if self._live:
            _settle(self._live, book, None)
        for listener in self._on_book:
            listener(book)

    def _book_lost(self, book: BookSync, fault: BookFault) -> None:
        for listener in self._on_lost:
            try:
                listener(book, fault)
            except Exception as error:  # noqa: BLE001 (we may be in the middle of a disconnect: the defect ends the venue)
                self._fail(error)

    def _resubscribe(self, book: BookSync) -> None:
        self._session.resubscribe(Topic(Feed.BOOK, self.markets.pair(book.symbol)))

    def _on_snapshot_failed(self, book: BookSync, error: ArbError) -> None:
        self._hear(SnapshotFailed(venue=self.name, symbol=book.symbol, reason=str(error)))
        if isinstance(error, Rejected):
            _settle(self._live, book, error)

    # -- trades, quotes, depths, candles --------------------------------------------------------------------------

    async def watch_trades(
        self, symbol: Symbol, listener: Callable[[Trade], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every public trade; return what ends that. Returns when the subscription stands.

        Raises:
            InvalidSymbol: the venue does not list it; near matches are named.
            NotSupported: the venue has no such feed, depth or interval.
            Refused: the venue refused the subscription.
            Disconnected: the venue could not be reached within `timeout_ns`.
        """
        return await self._watch(
            symbol, Topic(Feed.TRADES), lambda pair: self._dispatch.on_trade(pair, symbol, listener), timeout_ns
        )

    async def watch_quotes(
        self, symbol: Symbol, listener: Callable[[Quote], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every best bid and ask; as `watch_trades`."""
        return await self._watch(
            symbol, Topic(Feed.QUOTE), lambda pair: self._dispatch.on_quote(pair, symbol, listener), timeout_ns
        )

    async def watch_depth(
        self,
        symbol: Symbol,
        depth: int,
        listener: Callable[[BookSnapshot], None],
        *,
        timeout_ns: int = WATCH_TIMEOUT_NS,
    ) -> Callable[[], None]:
        """Call `listener` with the best `depth` levels, whole (a depth of the card) each time; as `watch_trades`."""
        return await self._watch(
            symbol,
            Topic(Feed.DEPTH, depth=depth),
            lambda pair: self._dispatch.on_depth(pair, depth, symbol, listener),
            timeout_ns,
        )

    async def watch_klines(
        self, symbol: Symbol, interval: str, listener: Callable[[Kline], None], *, timeout_ns: int = WATCH_TIMEOUT_NS
    ) -> Callable[[], None]:
        """Call `listener` at every state of a candle; one of the card's intervals; as `watch_trades`."""
        return await self._watch(
            symbol,
            Topic(Feed.KLINES, interval=interval),
            lambda pair: self._dispatch.on_kline(pair, interval, symbol, listener),
            timeout_ns,
        )

    def trades(self, symbol: Symbol, *, limit: int = TRADES_KEPT) -> Updates[Trade]:
        """Iterate over public trades; a reader more than `limit` behind loses the oldest (`Updates.dropped`)."""
        return self._iterate(Updates(lambda take: self.watch_trades(symbol, take), key=None, limit=limit))

    def quotes(self, symbol: Symbol) -> Updates[Quote]:
        """Iterate over the best bid and ask, always the latest."""
        return self._iterate(Updates(lambda take: self.watch_quotes(symbol, take), key=_one, limit=1))

    def depths(self, symbol: Symbol, depth: int) -> Updates[BookSnapshot]:
        """Iterate over the best `depth` levels, always the latest."""
        return self._iterate(Updates(lambda take: self.watch_depth(symbol, depth, take), key=_one, limit=1))

    def klines(self, symbol: Symbol, interval: str, *, limit: int = TRADES_KEPT) -> Updates[Kline]:
        """Iterate over candles, the latest state of each."""
        return self._iterate(Updates(lambda take: self.watch_klines(symbol, interval, take), key=_candle, limit=limit))

    def _iterate(self, updates: Updates[Any]) -> Updates[Any]:
        self._updates.add(updates)
        return updates

    async def _watch(
        self, symbol: Symbol, feed: Topic, plug: Callable[[str], Callable[[], None]], timeout_ns: int
    ) -> Callable[[], None]:
        if _FEEDS[feed.feed] not in self.card.capabilities:
            raise NotSupported(f"{self.card.id} has no feed of {_FEEDS[feed.feed]}")
        ends: list[Callable[[], None]] = []

        async def begin() -> None:
            await self._listed()
            pair = self.markets.pair(symbol)
            topic = Topic(feed.feed, pair, feed.depth, feed.interval)
            try:
                self._session.subscribe([topic])
            except ValueError as error:
                raise NotSupported(str(error)) from error
            self._users[topic] = self._users.get(topic, 0) + 1
            ends.append(lambda: self._unuse(topic))
            ends.append(plug(pair))
            if not self._session.stands(topic):
                await _turn(self._accepted, topic)

        def end() -> None:
            while ends:
                ends.pop()()

        try:
            await self._in_time(begin(), timeout_ns, lambda: Disconnected(self._trouble, venue=self.name))
        except BaseException:
            end()
            raise
        return end

    def _unuse(self, topic: Topic) -> None:
        self._users[topic] -= 1
        if not self._users[topic]:
            del self._users[topic]
            self._session.unsubscribe([topic])

    # -- looking after it -----------------------------------------------------------------------------------------

    def health(self) -> VenueHealth:
        """Say how everything is, now."""
        now_ns = self.clock.monotonic_ns()
        return VenueHealth(
            venue=self.name,
            exchange=self.card.id,
            instruments=len(self.markets),
            stream=self._session.health(),
            books=tuple(
                BookHealth(
                    symbol=symbol,
                    state=book.state,
                    fault=book.fault,
                    age_ns=now_ns - book.monotonic_ns if book.monotonic_ns else None,
                    stats=book.stats,
                )
                for symbol, book in self._books.items()
            ),
            messages=self._dispatch.counts,
            latency=self._dispatch.latency.summary(),
            rest=self._rest.metrics(),
            snapshots=SnapshotHealth(
                waiting=self._snapshots.waiting, fetched=self._snapshots.fetched, failures=self._snapshots.failures
            ),
            loop=self._keeping_up.health(),
            broken_listeners=self._broken_listeners,
        )

    def _beat(self, beat: Beat) -> None:
        if self._keeping_up.judge(beat, self._books.values()):
            self._session.reconnect("the machine slept, or its clock was set: nothing that was known can be trusted")
        for book in tuple(self._books.values()):
            book.check(beat.monotonic_ns)

    def _hear(self, event: VenueEvent) -> None:
        """Take every event: wake who waits for it, and pass it on."""
        if isinstance(event, Subscribed):
            _settle(self._accepted, event.topic, None)
        elif isinstance(event, TopicRefused):
            refused = Refused(f"{event.topic.feed} of {event.topic.pair}: {event.reason}", venue=self.name)
            _settle(self._accepted, event.topic, refused)
            book = self._dispatch.books.get(event.topic.pair or "") if event.topic.feed is Feed.BOOK else None
            if book is not None:
                _settle(self._live, book, refused)
        elif isinstance(event, OpenFailed | Closed):
            self._trouble = event.reason
        self._log.log(logging.DEBUG if isinstance(event, _FREQUENT) else logging.INFO, "%s", event)
        self._on_event(event)

    def _on_broken(self, consumer: object, error: Exception) -> None:
        """A consumer raised: a book's is the engine's or the user's own logic, and its failure is the venue's."""
        if isinstance(consumer, BookSync):
            self._fail(error)
            return
        self._broken_listeners += 1
        name = getattr(consumer, "__qualname__", repr(consumer))
        self._log.error("%s raised and is told nothing any more", name, exc_info=error)
        self._on_event(ListenerBroken(venue=self.name, listener=name, error=f"{type(error).__name__}: {error}"))

    def _fail(self, error: Exception) -> None:
        self._tasks.try_spawn(_raise(error), f"{self.name} defect")

    async def _listed(self) -> None:
        async with self._listing:
            if not len(self.markets):
                await self.connect()

    async def _in_time(self, work: Coroutine[Any, Any, None], timeout_ns: int, late: Callable[[], ArbError]) -> None:
        if not await within(self.clock, timeout_ns, work):
            error = late()
            error.add_note(f"waited {timeout_ns / _SECOND:g} s")
            raise error


async def _raise(error: Exception) -> None:
    raise error


def _one(_update: object) -> int:
    """Stand for the only key: each update replaces the one before."""
    return 0


def _candle(kline: Kline) -> int:
    return kline.open_ns


async def _turn(waiting: dict[Any, list[asyncio.Future[None]]], key: object) -> None:
    """Wait until `key` is settled."""
    future = asyncio.get_running_loop().create_future()
    waiting.setdefault(key, []).append(future)
    try:
        await future
    finally:
        futures = waiting.get(key)
        if futures is not None and future in futures:
            futures.remove(future)
            if not futures:
                del waiting[key]


def _settle(waiting: dict[Any, list[asyncio.Future[None]]], key: object, error: Exception | None) -> None:
    """Wake everyone who waits for `key`."""
    for future in waiting.pop(key, ()):
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
