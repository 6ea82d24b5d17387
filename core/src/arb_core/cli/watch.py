"""Keeps venues open and their books in one detection session, for as long as `monitor` or `demo` runs.

A venue that cannot be reached is tried again while the others run, and joins them when it answers. Nothing here does
anything per message: books call the session directly.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext

from arb_core.cli.happenings import describe
from arb_core.cli.opening import Opener
from arb_core.cli.summary import LatencySummary, Summary, book_summary
from arb_core.engine.opportunity import Policy
from arb_core.engine.session import Alarm, DetectionSession
from arb_core.engine.view import EngineView
from arb_core.errors import ArbError, InvalidSymbol
from arb_core.interfaces.account import Account
from arb_core.interfaces.context import Clock
from arb_core.interfaces.strategy import Strategy
from arb_core.runtime.stream.events import VenueEvent
from arb_core.runtime.tasks import TaskOwner, within
from arb_core.structs.book import BookState
from arb_core.structs.health import LoopHealth, StreamHealth
from arb_core.structs.market import Symbol, VenueName
from arb_core.venue import Venue
from arb_core.venue.events import ClockJumped, Lagging, MarketsFailed, MarketsLoaded

__all__ = ["Accounts", "Watch"]

_LOG = logging.getLogger(__name__)

EventText = Callable[[VenueName | None, str], None]
"""Takes the venue, None = all, and what happened."""

Accounts = Callable[[Venue], AbstractAsyncContextManager[Account | None]]
"""Opens the account of a venue that is open."""

_SECOND = 1_000_000_000

_FIRST_ANSWER_NS = 15 * _SECOND
"""How long the start waits for venues that say nothing at all, before it goes on with those that answered."""

_NETWORKS_EVERY_NS = 600 * _SECOND
"""How often deposit and withdrawal state is read anew, where a venue publishes it."""

_SAID_ALONE = 5
"""A venue that lacks more symbols than this says so in one line."""

_LATE_NS = _SECOND
"""A venue whose messages arrive so much later than they used to is not healthy."""


class Watch:
    """Venues, their books, and the session over them.

    Args:
        openers: venue -> what makes it.
        symbols: what to follow; each venue follows those that it lists.
        strategies: by name.
        policy: the bounds of the checks.
        clock: time.
        networks: read deposit and withdrawal state, where a venue publishes it.
        accounts: opens an account on each venue, before anything is asked of it; None = nothing is traded.
    """

    def __init__(
        self,
        openers: Mapping[VenueName, Opener],
        symbols: Sequence[Symbol],
        *,
        strategies: Mapping[str, Strategy],
        policy: Policy,
        clock: Clock,
        networks: bool = True,
        accounts: Accounts | None = None,
    ) -> None:
        self.session = DetectionSession(EngineView(clock), strategies, policy)
        self.venues: dict[VenueName, Venue] = {}
        """Those that have answered."""
        self.accounts: dict[VenueName, Account] = {}
        """Of every venue, also of those that have not answered."""
        self.troubles: dict[VenueName, str] = dict.fromkeys(openers, "connecting")
        """What is wrong with a venue now, in words; a venue that is well is not in it."""
        self.messages = 0
        """Of all venues, as of the last `look`."""
        self._openers = openers
        self._symbols = symbols
        self._clock = clock
        self._networks = networks
        self._open_account = accounts or _no_account
        self._listeners: list[EventText] = []
        self._venue_listeners: list[Callable[[Venue], None]] = []
        self._tried = {name: asyncio.Event() for name in openers}
        self._unlisted: dict[VenueName, dict[Symbol, None]] = {}
        """Of each venue that has answered, the symbols that it does not list."""
        self._process_told_ns = clock.monotonic_ns() - _SECOND
        self.session.listen(alarm=self._alarm)

    def listen(self, listener: EventText) -> None:
        """Tell `listener` in words what happens to venues."""
        self._listeners.append(listener)

    def on_venue(self, listener: Callable[[Venue], None]) -> None:
        """Tell `listener` of each venue when it is opened, before anything is asked of it."""
        self._venue_listeners.append(listener)

    def note(self, venue: VenueName | None, text: str) -> None:
        """Tell that something happened to a venue, or to all of them."""
        _LOG.info("%s%s", "" if venue is None else f"{venue}: ", text)
        for listener in self._listeners:
            listener(venue, text)

    # From start to end

    async def start(self, tasks: TaskOwner) -> None:
        """Open every venue and follow the books. Returns when each venue has answered, or failed to for the first time.

        Raises:
            InvalidSymbol: a symbol that no venue lists, of those that answered.
            ArbError: a venue that no further try would open.
        """
        for name in self._openers:
            tasks.spawn(self._keep(name), f"{name} keeper")
        await within(self._clock, _FIRST_ANSWER_NS, self._all_tried())
        self._refuse_unknown()

    async def _all_tried(self) -> None:
        for tried in self._tried.values():
            await tried.wait()

    def _refuse_unknown(self) -> None:
        """Refuse a symbol that is nowhere, before anything is shown; one that only some venues list is said.

        To find what was probably meant takes long where a venue lists thousands: asked for few symbols only.
        """
        for symbol in self._symbols:
            if self.venues and all(symbol in self._unlisted[name] for name in self.venues):
                refusals = [_refusal(venue, symbol) for venue in self.venues.values()]
                raise max(refusals, key=lambda refusal: "did you mean" in str(refusal))
        for name, venue in self.venues.items():
            unlisted = list(self._unlisted[name])
            if len(unlisted) > _SAID_ALONE:
                first = ", ".join(str(symbol) for symbol in unlisted[:_SAID_ALONE])
                self.note(name, f"{len(unlisted)} of {len(self._symbols)} symbols are not listed: {first}, ...")
            else:
                for symbol in unlisted:
                    self.note(name, str(_refusal(venue, symbol)))

    async def _keep(self, name: VenueName) -> None:
        """Hold one venue open until this task is cancelled."""
        async with AsyncExitStack() as stack:
            venue = await stack.enter_async_context(self._openers[name]())
            venue.on_event(lambda event: self._hear(name, event))
            # Before an account: what fills orders on paper hears of a book after the strategies have.
            venue.on_book(self.session.on_book)
            venue.on_lost(self.session.on_lost)
            account = await stack.enter_async_context(self._open_account(venue))
            if account is not None:
                self.accounts[name] = account
            for listener in self._venue_listeners:
                listener(venue)
            await venue.connect()
            await self._load_fees(venue)
            self._attach(venue)
            self._tried[name].set()
            if self._networks and venue.tells_networks:
                await self._keep_networks(venue)
            else:
                await asyncio.Event().wait()

    async def _load_fees(self, venue: Venue) -> None:
        """Ask what the account pays, where there is one; a failure leaves the published rates."""
        if not venue.has_account:
            return
        try:
            await venue.load_fees(symbol for symbol in self._symbols if symbol in venue.markets)
        except ArbError as error:
            self.note(venue.name, f"the account's fees could not be read, the published ones are used: {error}")

    def _attach(self, venue: Venue) -> None:
        """Follow what the venue lists of our symbols."""
        account = self.accounts.get(venue.name)
        unlisted: dict[Symbol, None] = {}
        self._unlisted[venue.name] = unlisted
        for symbol in self._symbols:
            if symbol not in venue.markets:
                unlisted[symbol] = None
                continue
            instrument = venue.markets.instrument(symbol)
            book = venue.follow(symbol) if account is None else account.seen(venue.follow(symbol))
            self.session.market.add(book, instrument, float(venue.fees(symbol).taker))
        self.venues[venue.name] = venue
        self.troubles.pop(venue.name, None)
        self.session.start()

    async def _keep_networks(self, venue: Venue) -> None:
        """Read anew which networks are open; a failure leaves what was known, and its age grows."""
        while True:
            try:
                networks = await venue.get_asset_networks()
                self.session.market.assets.set_networks(venue.name, networks, self._clock.now_ns())
            except ArbError as error:
                self.note(venue.name, f"deposit and withdrawal state could not be read: {error}")
            await self._clock.sleep(_NETWORKS_EVERY_NS)

    # Meanwhile

    def look(self) -> None:
        """See how every venue is, twice a second: nothing here may grow with the number of books."""
        self.messages = 0
        for name, venue in self.venues.items():
            counts = venue.messages
            self.messages += counts.deltas + counts.snapshots + counts.depths + counts.quotes
            trouble = _trouble(venue.stream_health(), venue.loop_health())
            self.session.market.set_health(name, trouble)
            if trouble is None:
                self.troubles.pop(name, None)
            else:
                self.troubles[name] = trouble

    def live(self) -> tuple[int, int]:
        """Return how many books are LIVE, and how many there are."""
        states = [book.state is BookState.LIVE for book in self.session.market.all_books()]
        return sum(states), len(states)

    def _hear(self, name: VenueName, event: VenueEvent) -> None:
        if isinstance(event, MarketsFailed):
            if name not in self.venues:
                self.troubles[name] = "not reached: " + event.reason.removeprefix(f"{name}: ")
            self._tried[name].set()
        elif isinstance(event, MarketsLoaded) and name in self.venues:
            self._take_instruments(self.venues[name])
        text = describe(event)
        if text is None:
            return
        if isinstance(event, ClockJumped | Lagging):
            # Every venue of this process notices; once is enough.
            now_ns = self._clock.monotonic_ns()
            if now_ns - self._process_told_ns < _SECOND:
                return
            self._process_told_ns = now_ns
            self.note(None, text)
        else:
            self.note(name, text)

    def _take_instruments(self, venue: Venue) -> None:
        """Status and delisting change while we run."""
        for symbol in self._symbols:
            if symbol in venue.markets and self.session.market.book(symbol, venue.name) is not None:
                self.session.market.set_instrument(venue.name, symbol, venue.markets.instrument(symbol))

    def _alarm(self, alarm: Alarm) -> None:
        self.note(None, f"alarm {alarm.name}: {alarm.symbol or alarm.strategy}: {alarm.detail}")

    def summary(self) -> Summary:
        """Return what the run came to; ends the session, not the venues."""
        self.look()
        self.session.stop()
        latency = self.session.latency
        return Summary(
            venues=list(self._openers),
            books={
                name: {str(symbol): book_summary(book.state, book.stats) for symbol, book in venue.books.items()}
                for name, venue in self.venues.items()
            },
            messages=self.messages,
            latency_ns=LatencySummary(latency.quantile_ns(0.5), latency.quantile_ns(0.99)),
            opportunities=self.session.counts(),
        )


def _refusal(venue: Venue, symbol: Symbol) -> InvalidSymbol:
    """Return why a venue does not follow a symbol, and what was probably meant."""
    try:
        venue.markets.instrument(symbol)
    except InvalidSymbol as refusal:
        return refusal
    return InvalidSymbol(f"{symbol} was not listed", exchange=venue.card.id)


def _no_account(_venue: Venue) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def _trouble(stream: StreamHealth, loop: LoopHealth) -> str | None:
    """Return what is wrong with a venue now, in words."""
    if stream.connecting:
        return "disconnected" if not stream.connections else f"{stream.connecting} connections down"
    if stream.refused:
        first = stream.refused[0]
        return f"{len(stream.refused)} subscriptions refused, {first.topic.pair}: {first.reason}"
    if loop.late_ns > _LATE_NS:
        return f"messages arrive {loop.late_ns / _SECOND:.1f} s late"
    return None
