"""One venue at work: plugin, REST, sockets, books and instruments, wired together and looked after.

Market data take the short way, connection -> dialect -> book -> listener, by plain calls. What stands here is beside
it: who watches what, snapshots, the beat that finds silence and lag. The halves of a venue that are not about books are
`feeds` and `instruments`.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from random import Random
from types import TracebackType
from typing import Self

from arb_core.errors import (
    ArbError,
    BookUnavailable,
    Disconnected,
    NotSupported,
    RateLimitError,
    Rejected,
    SettingsError,
)
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock
from arb_core.interfaces.private import PrivateExchange
from arb_core.registry import Registry
from arb_core.runtime.address import rebase
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.context import Context
from arb_core.runtime.dispatch import Dispatch, Listeners
from arb_core.runtime.limits import Allowances
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.pulse import Beat, Pulse
from arb_core.runtime.rest import Rest
from arb_core.runtime.scanning import hindrance, scanner_for
from arb_core.runtime.snapshots import Snapshots
from arb_core.runtime.sockets import SocketTransport
from arb_core.runtime.stream import StreamSession
from arb_core.runtime.stream.events import Closed, Malformed, OpenFailed, Subscribed, TopicRefused, VenueEvent
from arb_core.runtime.tasks import TaskOwner
from arb_core.runtime.transport import Transport
from arb_core.structs.account import Credentials, TradingFees
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.card import Capability, ExchangeCard, ExchangeSettings
from arb_core.structs.health import BookHealth, LoopHealth, MessageCounts, SnapshotHealth, StreamHealth, VenueHealth
from arb_core.structs.market import Asset, AssetNetwork, Pair, Symbol, VenueName
from arb_core.structs.stream import Feed, Topic
from arb_core.venue.account import VenueAccount
from arb_core.venue.demand import Demand, refusal
from arb_core.venue.events import (
    ClockJumped,
    Halted,
    LimitsNotKept,
    ListenerBroken,
    MarketsFailed,
    Resumed,
    SnapshotFailed,
)
from arb_core.venue.feeds import Feeds
from arb_core.venue.fees import Fees
from arb_core.venue.instruments import Instruments
from arb_core.venue.keeping_up import KeepingUp
from arb_core.venue.waiting import WATCH_TIMEOUT_NS, Waiting, in_time

__all__ = ["Venue"]

_SECOND = 1_000_000_000

BEAT_NS = _SECOND // 2
REFRESH_NS = 300 * _SECOND
"""How often the list of instruments is fetched anew: a halted market is silent on a connection that lives."""
_FREQUENT = (Subscribed, SnapshotFailed, Malformed)
"""Events that may come by the hundred: not for a log at INFO."""


class Venue(Feeds):
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
        allowances: Allowances,
        credentials: Credentials | None = None,
        refresh_ns: int = REFRESH_NS,
    ) -> None:
        super().__init__()
        self.name = name
        self.card = card
        self.settings = settings
        self.clock = clock
        self.markets = MarketTable(card.id)
        self._fees = Fees(card, settings, self.markets)
        self._log = logging.getLogger(f"arb_core.venue.{name}")
        self._random = random
        self._refresh_ns = refresh_ns
        self._owns_transport = transport is None
        self._transport = transport or SocketTransport(clock)
        base_url = rebase(card.hosts.rest, rest_url)
        self._allowances = allowances
        self._allowance_trouble: str | None = None
        self._rest = Rest(
            card,
            self._transport,
            clock,
            base_url=base_url,
            rng=random,
            budgets=allowances.budgets(card, base_url, share=settings.share, credentials=credentials),
        )
        connects = allowances.connects(card, base_url)
        context = Context(
            venue=name, clock=clock, rest=self._rest, settings=settings, markets=self.markets, logger=self._log
        )
        self.public = registry.public(card.id, context)
        self._rest.set_server_time(self.public.get_server_time)
        self._dialect = registry.public_stream(card.id, context)
        self._factory = registry.book_factory()
        scanner = scanner_for(self._factory, self._dialect.layouts, self._dialect.book_rule)
        self._dispatch = Dispatch(self._on_broken, scanner)
        self._tasks = TaskOwner()
        serials = count(1)
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
            connects=connects,
            random=random,
            serials=serials,
        )
        self._demand = Demand(name, self._session)
        self._account: VenueAccount | None = None
        if credentials is not None:
            if Capability.TRADING not in card.capabilities:
                raise NotSupported(f"{card.id} has no private side: open it without credentials")
            self._account = VenueAccount(
                venue=name,
                card=card,
                private=registry.private(card.id, context, credentials),
                dialect=registry.private_stream(card.id, context, credentials),
                markets=self.markets,
                rest=self._rest,
                transport=self._transport,
                clock=clock,
                tasks=self._tasks,
                random=random,
                ws_url=ws_url,
                connects=connects,
                serials=serials,
                report=self._tell,
                broken=self._on_broken,
                fail=self._fail,
            )
        self._snapshots = Snapshots(
            self.public.get_orderbook, self._on_snapshot_failed, clock=clock, tasks=self._tasks, random=random
        )
        self._instruments = Instruments(
            name, self.public, self.markets, clock=clock, random=random, report=self._hear, changed=self._on_markets
        )
        self._pulse = Pulse(clock, BEAT_NS, self._beat)
        self._odd = False
        self._keeping_up = KeepingUp(name, self._hear)
        self._books: dict[Symbol, BookSync] = {}
        self._on_book: tuple[Callable[[BookSync], None], ...] = ()
        self._on_lost: tuple[Callable[[BookSync, BookFault], None], ...] = ()
        self._on_live: tuple[Callable[[BookSync], None], ...] = ()
        self._on_event: Listeners[VenueEvent] = Listeners(self._on_broken)
        self._live: Waiting[BookSync] = Waiting()
        self._broken_listeners = 0
        self._trouble = "it has not been tried"

    async def __aenter__(self) -> Self:
        """Begin; sends nothing yet."""
        await self._tasks.__aenter__()
        self._take_allowance_trouble(self._allowances.recall())
        self._pulse.start()
        self._tasks.spawn(self._instruments.refresh(self._refresh_ns), f"{self.name} instruments")
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
        self._close_updates()
        for book in self._books.values():
            book.stop()
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            await self._keep_allowances()
            if self._owns_transport:
                await self._transport.close()

    # -- the account ----------------------------------------------------------------------------------------------

    @property
    def has_account(self) -> bool:
        """Whether the venue was opened with a key."""
        return self._account is not None

    @property
    def account(self) -> VenueAccount:
        """The account at work: what the engine acts through and hears from.

        Raises:
            SettingsError: the venue was opened without a key.
        """
        if self._account is None:
            raise SettingsError(f"{self.name} was opened without an API key: pass credentials", key="credentials")
        return self._account

    @property
    def private(self) -> PrivateExchange:
        """The plugin's signed REST side. Raises `SettingsError` where the venue was opened without a key."""
        return self.account.private

    async def load_fees(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, TradingFees]:
        """Ask what the account pays on these symbols, and know it from now on; return all that is known so.

        Raises:
            SettingsError: the venue was opened without a key.
            ExchangeAPIError: the venue's answer, or that there is none; what was answered before is kept.
        """
        return await self._fees.load(self.private, symbols)

    def fees(self, symbol: Symbol) -> TradingFees:
        """Return what trading costs: by the settings, else `load_fees`, else the list of instruments, else the card.

        Raises:
            InvalidSymbol: the venue does not list it, or the list was not fetched yet.
        """
        return self._fees.of(symbol)

    @property
    def tells_networks(self) -> bool:
        """Whether `get_asset_networks` can be asked: publicly, or with the key that the venue was opened with."""
        return self.card.asset_networks == "public" or (self.card.asset_networks == "signed" and self.has_account)

    async def get_asset_networks(self) -> Mapping[Asset, Sequence[AssetNetwork]]:
        """Return deposit and withdrawal state by asset, from the side that the card names.

        Raises:
            NotSupported: the venue does not publish it.
            SettingsError: it tells only who has a key, and the venue was opened without one.
            ExchangeAPIError, WireError: as every request.
        """
        if self.card.asset_networks == "signed":
            return await self.private.get_asset_networks()
        return await self.public.get_asset_networks()

    # -- instruments ----------------------------------------------------------------------------------------------

    async def load_markets(self) -> MarketTable:
        """Fetch the list of instruments, once.

        Raises:
            ExchangeAPIError: the venue's answer, or that there is none.
            WireError: the answer is not what the venue documents.
        """
        await self._instruments.fetch()
        return self.markets

    async def connect(self) -> MarketTable:
        """Fetch the list of instruments, however long the venue is down; each failure is an event.

        Raises:
            Rejected: the venue refuses the request itself: no further try would help.
        """
        await self._instruments.connect()
        return self.markets

    def _on_markets(self) -> None:
        self._dispatch.relisted()
        for book in self._books.values():
            self._heed_status(book)

    def _heed_status(self, book: BookSync) -> None:
        """Make the book of an instrument that does not trade unreadable, and bring it back when it trades again."""
        reason = self._instruments.closed(book.symbol)
        if reason is not None:
            if book.fault is not BookFault.HALTED:
                book.lose(BookFault.HALTED)
                self._hear(Halted(venue=self.name, symbol=book.symbol, reason=reason))
        elif book.fault is BookFault.HALTED:
            self._hear(Resumed(venue=self.name, symbol=book.symbol))
            # Where its subscription does not stand now, the connection begins it when it does.
            book.lose(BookFault.DISCONNECTED)
            if self._session.stands(Topic(Feed.BOOK, self.markets.pair(book.symbol))):
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
                on_live=self._book_live,
                need_snapshot=self._snapshots.need,
                need_resubscribe=self._resubscribe,
            )
            self._books[symbol] = book
            self._dispatch.follow(instrument.pair, book)
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
            await in_time(self.clock, timeout_ns, self._watch_book(symbol), lambda: self._why_not_live(symbol))
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
        self._dispatch.forget(pair)
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

    def on_live(self, listener: Callable[[BookSync], None]) -> None:
        """Call `listener` when a book becomes LIVE, before `on_book`. What it raises ends the venue, as there."""
        self._on_live = (*self._on_live, listener)

    def on_event(self, listener: Callable[[VenueEvent], None]) -> Callable[[], None]:
        """Call `listener` at every event of connections and instruments; return what ends that.

        One that raises is told nothing any more.
        """
        return self._on_event.add(listener)

    async def _watch_book(self, symbol: Symbol) -> None:
        await self._instruments.known()
        book = self.follow(symbol)
        if (reason := self._instruments.closed(symbol)) is not None:
            raise BookUnavailable(reason, venue=self.name, symbol=str(symbol))
        if book.state is not BookState.LIVE:
            await self._live.turn(book)

    def _why_not_live(self, symbol: Symbol) -> ArbError:
        if not self._session.health().connections:
            return Disconnected(f"no connection: {self._trouble}", venue=self.name)
        try:
            self.orderbook(symbol).bids(1)
        except BookUnavailable as error:
            return error
        return BookUnavailable("it went LIVE this very moment", venue=self.name, symbol=str(symbol))

    def _book_changed(self, book: BookSync) -> None:
        for listener in self._on_book:
            listener(book)

    def _book_lost(self, book: BookSync, fault: BookFault) -> None:
        for listener in self._on_lost:
            try:
                listener(book, fault)
            except Exception as error:  # noqa: BLE001 (we may be in the middle of a disconnect: the defect ends the venue)
                self._fail(error)

    def _book_live(self, book: BookSync) -> None:
        self._live.settle(book)
        for listener in self._on_live:
            listener(book)

    def _resubscribe(self, book: BookSync) -> None:
        self._session.resubscribe(Topic(Feed.BOOK, self.markets.pair(book.symbol)))

    def _on_snapshot_failed(self, book: BookSync, error: ArbError) -> None:
        if isinstance(error, RateLimitError) and error.local:
            return  # Nothing was sent: it stands in line, as hundreds do when a thousand books start.
        self._hear(SnapshotFailed(venue=self.name, symbol=book.symbol, reason=str(error)))
        if isinstance(error, Rejected):
            self._live.settle(book, error)

    # -- looking after it -----------------------------------------------------------------------------------------

    @property
    def messages(self) -> MessageCounts:
        """What came about the market so far."""
        return self._dispatch.counts

    def stream_health(self) -> StreamHealth:
        """Say how the connections are: unlike `health`, nothing that grows with the number of books."""
        return self._session.health()

    def loop_health(self) -> LoopHealth:
        """Say whether we keep up; as cheap."""
        return self._keeping_up.health()

    @property
    def depth_path(self) -> str:
        """Which way depth messages go, in words for people."""
        if self._dispatch.scan is not None:
            return f"from frame to book by the {self._factory.name} scanner"
        why = hindrance(self._dialect.layouts, self._dialect.book_rule)
        return f"decoded in Python: {why or f'{self._factory.name} books have no scanner'}"

    def health(self) -> VenueHealth:
        """Say how everything is, now. Copies the counts of every book: for a few times a minute."""
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
            account=None if self._account is None else self._account.health(),
        )

    def _beat(self, beat: Beat) -> None:
        if self._keeping_up.judge(beat, self._books.values()):
            reason = "the machine slept, or its clock was set: nothing that was known can be trusted"
            self._session.reconnect(reason)
            if self._account is not None:
                self._account.reconnect(reason)
        # Every book once a second, half of them at each beat: of thousands, all at once would hold up the next message.
        self._odd = not self._odd
        for book in tuple(self._books.values())[self._odd :: 2]:
            book.check(beat.monotonic_ns)
        if self._allowances.is_due():
            self._tasks.try_spawn(self._keep_allowances(), f"{self.name} limits")

    async def _keep_allowances(self) -> None:
        self._take_allowance_trouble(await self._allowances.save())

    def _take_allowance_trouble(self, trouble: str | None) -> None:
        """Tell what is wrong once, not every few seconds."""
        if trouble is not None and trouble != self._allowance_trouble:
            self._tell(LimitsNotKept(venue=self.name, reason=trouble))
        self._allowance_trouble = trouble

    def _hear(self, event: VenueEvent) -> None:
        """Take every event of the public side: wake who waits for it, and pass it on."""
        self._demand.hear(event)
        if isinstance(event, TopicRefused):
            book = self._dispatch.books.get(event.topic.pair or "") if event.topic.feed is Feed.BOOK else None
            if book is not None:
                self._live.settle(book, refusal(event))
        elif isinstance(event, OpenFailed | Closed | MarketsFailed):
            self._trouble = event.reason
        elif isinstance(event, ClockJumped) and self._account is not None:
            self._account.doubt_clock()
        self._tell(event)

    def _tell(self, event: VenueEvent) -> None:
        """Pass an event on, whichever side it comes from."""
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


async def _raise(error: Exception) -> None:
    raise error
