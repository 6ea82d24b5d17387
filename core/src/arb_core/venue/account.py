"""The private half of an open venue: requests that are signed, and the streams that tell what becomes of orders.

Made by `Venue` where it was opened with a key. The engine enters through `interfaces.account.Account`, library users
through `Venue.private` and `Venue.watch_orders` and its neighbours. The streams begin when somebody wants them, on
connections of their own, after the venue's clock was measured: what they sign bears the venue's time.

What a listener is told is meant to be relied on. `on_listening`: each stream that the card claims is acknowledged on a
connection that is open now, so whatever happens from here on is heard. `on_deaf`: that has ended, or a message could
not be read. A rotation keeps one acknowledged connection at every moment and tells neither. Two connections, and some
venues by themselves, may bring one event twice or late: its ids tell.
"""

import asyncio
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from arb_core.errors import ArbError, Disconnected, NotSupported, PluginBroken
from arb_core.interfaces.account import Account, AccountListener
from arb_core.interfaces.context import Clock, Markets
from arb_core.interfaces.private import PrivateExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.limits import Window
from arb_core.runtime.rest import Rest
from arb_core.runtime.stream import StreamSession
from arb_core.runtime.stream.backoff import Backoff
from arb_core.runtime.stream.events import (
    Closed,
    EventListener,
    LoginRefused,
    Malformed,
    OpenFailed,
    TopicRefused,
    VenueEvent,
)
from arb_core.runtime.tasks import TaskOwner, within
from arb_core.runtime.transport import Transport
from arb_core.structs.card import Capability, ExchangeCard
from arb_core.structs.health import AccountHealth
from arb_core.structs.market import VenueName
from arb_core.structs.stream import Feed, Topic
from arb_core.venue.demand import Demand
from arb_core.venue.events import AccountDeaf, AccountListening, ClockNotMeasured
from arb_core.venue.waiting import in_time

__all__ = ["FEEDS", "VenueAccount"]

_SECOND = 1_000_000_000

CLOCK_EVERY_NS = 600 * _SECOND
"""How often the venue's clock is measured: a quartz drifts by some 10 ms meanwhile, orders are refused from 1 s on."""
CLOCK_TRUSTED_NS = 60 * _SECOND
"""A measurement this young is not doubted because of a refusal."""

FEEDS = {
    Feed.ORDERS: Capability.ORDERS_STREAM,
    Feed.FILLS: Capability.FILLS_STREAM,
    Feed.BALANCES: Capability.BALANCES_STREAM,
}


class VenueAccount(Account):
    """One account of one venue. Its tasks belong to the venue."""

    def __init__(
        self,
        *,
        venue: VenueName,
        card: ExchangeCard,
        private: PrivateExchange,
        dialect: StreamDialect,
        markets: Markets,
        rest: Rest,
        transport: Transport,
        clock: Clock,
        tasks: TaskOwner,
        random: Random,
        ws_url: str | None,
        connects: Window | None,
        serials: Iterator[int],
        report: EventListener,
        broken: Callable[[object, Exception], None],
        fail: Callable[[Exception], None],
    ) -> None:
        """Begin without a connection.

        `broken` is told of a callback that raised and was unplugged, `fail` of an `AccountListener` that raised: what
        it knows of the account is now wrong, and that ends the venue.

        Raises:
            PluginBroken: the card claims a private stream that the dialect does not have.
        """
        self.venue = venue
        self.card = card
        self.private = private
        self.markets = markets
        self.topics = tuple(Topic(feed) for feed, claim in FEEDS.items() if claim in card.capabilities)
        """What the card claims; without any, `listening` is always true and nothing is ever told."""
        for topic in self.topics:
            try:
                dialect.channel(topic)
            except ValueError as error:
                raise PluginBroken(f"its card claims a stream that it does not have: {error}", name=card.id) from error
        self.dispatch = Dispatch(broken)
        self.trouble = "it has not been tried"
        """Why there is no connection, as last heard."""
        self._rest = rest
        self._clock = clock
        self._tasks = tasks
        self._random = random
        self._report = report
        self._fail = fail
        self._session = StreamSession(
            venue=venue,
            card=card,
            dialect=dialect,
            transport=transport,
            clock=clock,
            dispatch=self.dispatch,
            listener=self._hear,
            tasks=tasks,
            ws_url=ws_url,
            connects=connects,
            random=random,
            private=True,
            venue_now_ns=rest.venue_now_ns,
            serials=serials,
        )
        self._demand = Demand(venue, self._session, held=True)
        self._listeners: tuple[AccountListener, ...] = ()
        self._told = self.listening
        self._since_ns = clock.monotonic_ns()
        self._losses = 0
        self._keeps_clock = False
        self._doubted = asyncio.Event()
        self._measured_ns: int | None = None

    @property
    def listening(self) -> bool:
        return all(self._session.stands(topic) for topic in self.topics)

    def listen(self, listener: AccountListener) -> Callable[[], None]:
        """Tell `listener` from now on, and open the streams if nobody did before; return what ends that.

        It is told when `listening` changes, not how it is now. What it raises comes out of the venue's `async with`.

        Raises:
            ValueError: it listens already.
        """
        if listener in self._listeners:
            raise ValueError(f"{listener!r} listens already")
        self._listeners = (*self._listeners, listener)
        dispatch, guarded = self.dispatch, self._guarded
        ends: list[Callable[[], None]] = [
            dispatch.orders.add(guarded(listener.on_order)),
            dispatch.fills.add(guarded(listener.on_fill)),
            dispatch.balances.add(guarded(listener.on_balance)),
            self._join(self.topics),
            lambda: self._forget(listener),
        ]

        def end() -> None:
            while ends:
                ends.pop()()

        return end

    async def watch(
        self, feed: Feed, plug: Callable[[Dispatch], Callable[[], None]], timeout_ns: int
    ) -> Callable[[], None]:
        """Want one feed: `plug` adds a listener to the dispatch; return what ends that when the subscription stands.

        Raises:
            NotSupported: the card does not claim this stream.
            Refused: the venue refused the subscription.
            Disconnected: the venue could not be reached within `timeout_ns`.
        """
        topic = Topic(feed)
        if topic not in self.topics:
            raise NotSupported(f"{self.card.id} has no stream of {feed}")
        ends: list[Callable[[], None]] = []

        def end() -> None:
            while ends:
                ends.pop()()

        try:
            ends += [self._join((topic,)), plug(self.dispatch)]
            await in_time(
                self._clock,
                timeout_ns,
                self._demand.stands(topic),
                lambda: Disconnected(self.trouble, venue=self.venue),
            )
        except BaseException:
            end()
            raise
        return end

    def doubt_clock(self) -> None:
        """Measure the venue's clock anew, now: ours was set, or the machine slept."""
        self._doubted.set()

    def reconnect(self, reason: str) -> None:
        """Replace every connection: none can be trusted any more."""
        self._session.reconnect(reason)

    def health(self) -> AccountHealth:
        """Say how it is, now."""
        return AccountHealth(
            listening=self.listening,
            since_ns=self._clock.monotonic_ns() - self._since_ns,
            losses=self._losses,
            stream=self._session.health(),
            messages=self.dispatch.counts,
        )

    def _join(self, topics: tuple[Topic, ...]) -> Callable[[], None]:
        if topics and not self._keeps_clock:
            self._keeps_clock = True
            self._tasks.spawn(self._keep_clock(), f"{self.venue} clock")
        return self._demand.join(topics)

    def _forget(self, listener: AccountListener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)

    def _guarded(self, tell: Callable[[VenueName, Any], None]) -> Callable[[Any], None]:
        """Return a callback that never raises into the stream: what `tell` raises ends the venue."""

        def told(event: Any) -> None:
            try:
                tell(self.venue, event)
            except Exception as error:  # noqa: BLE001 (we are in the middle of a frame, or of a disconnect)
                self._fail(error)

        return told

    # -- whether everything is heard ------------------------------------------------------------------------------

    def _hear(self, event: VenueEvent) -> None:
        """Take every event of the private session, and tell when `listening` has changed."""
        self._demand.hear(event)
        if isinstance(event, OpenFailed | Closed):
            self.trouble = event.reason
        elif isinstance(event, LoginRefused | TopicRefused):
            self.trouble = event.reason
            if self._is_clock_old():
                self.doubt_clock()
        self._report(event)
        if isinstance(event, Malformed) and self._told:
            # What it would have said is lost: whoever listens has to ask, and may rely on all that follows.
            self._tell(listening=False, reason=f"a message could not be read: {event.error}")
        self._tell(listening=self.listening, reason=getattr(event, "reason", "a new connection does not carry it all"))

    def _tell(self, *, listening: bool, reason: str) -> None:
        if listening is self._told:
            return
        self._told = listening
        self._since_ns = self._clock.monotonic_ns()
        self._losses += not listening
        venue = self.venue
        self._report(AccountListening(venue=venue) if listening else AccountDeaf(venue=venue, reason=reason))
        for listener in self._listeners:
            try:
                if listening:
                    listener.on_listening(venue)
                else:
                    listener.on_deaf(venue, reason)
            except Exception as error:  # noqa: BLE001 (as in `_guarded`)
                self._fail(error)

    # -- the venue's clock ----------------------------------------------------------------------------------------

    def _is_clock_old(self) -> bool:
        measured_ns = self._measured_ns
        return measured_ns is None or self._clock.monotonic_ns() - measured_ns > CLOCK_TRUSTED_NS

    async def _keep_clock(self) -> None:
        """Measure the venue's clock, let the streams begin, and go on measuring for ever."""
        backoff = Backoff(self._random)
        while True:
            self._doubted.clear()
            try:
                await self._rest.sync_clock()
            except ArbError as error:
                wait_ns = backoff.fail()
                self._report(ClockNotMeasured(venue=self.venue, reason=str(error), retry_ns=wait_ns))
            else:
                wait_ns = CLOCK_EVERY_NS
                backoff.reset()
                self._measured_ns = self._clock.monotonic_ns()
                self._session.ask_again()
            # Also where it could not be measured: it may well be right, and the venue says so when it is not.
            self._demand.release()
            await within(self._clock, wait_ns, _set(self._doubted))


async def _set(event: asyncio.Event) -> None:
    await event.wait()
