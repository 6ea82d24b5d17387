"""A share of the topics, and the connection that carries them: opened again when it ends, replaced before it must."""

import asyncio
from collections.abc import Iterable
from functools import partial
from random import Random
from typing import Protocol

from arb_core.errors import ArbError, RateLimitError
from arb_core.interfaces.context import TimerHandle
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.stream.backoff import Backoff
from arb_core.runtime.stream.events import (
    Closed,
    OpenFailed,
    Rotated,
    RotationBegan,
    TopicRefused,
)
from arb_core.runtime.stream.handover import Handover
from arb_core.runtime.stream.link import Link
from arb_core.runtime.stream.surroundings import Surroundings
from arb_core.runtime.stream.tickets import give_back, keep
from arb_core.runtime.tasks import TaskOwner
from arb_core.runtime.transport import TransportError
from arb_core.structs.book import BookFault, BookState, SnapshotSource
from arb_core.structs.market import Pair
from arb_core.structs.stream import Feed, StreamTicket, Topic

__all__ = ["Harbour", "Shard"]

_SECOND = 1_000_000_000

STEADY_NS = 5 * _SECOND
"""A connection that lived this long was a good one: the back-off begins anew."""
REFUSED_RETRY_NS = 60 * _SECOND
"""A refused topic is asked for again after this long, for as long as someone wants it."""
POLL_NS = 50_000_000
"""How often a hand-over looks whether it is complete."""
LINGER_NS = 2 * _SECOND
"""What each connection tells once (trades, orders, fills) may still be on its way on the old one for this long."""
QUIET_JOIN_NS = 10 * _SECOND
"""A book that says nothing for this long on either connection has joined: whatever was on its way has arrived."""
OVERLAP_NS = 5 * _SECOND
"""How long the new connection's messages are still compared with what the old one brought."""
CLOSE_NS = 1 * _SECOND
"""How long a closing handshake may take before the connection is cut."""
MARGIN_NS = 600 * _SECOND
"""A rotation begins at most this long before the venue would end the connection."""


_TOLD_ONCE = frozenset({Feed.TRADES, Feed.ORDERS, Feed.FILLS, Feed.BALANCES})


class Harbour(Protocol):
    """What a shard asks of its session."""

    around: Surroundings
    tasks: TaskOwner
    random: Random

    def next_serial(self) -> int:
        """Number a connection."""
        ...

    def address(self, url: str) -> str:
        """Return the URL to connect to, for one of the venue's own."""
        ...

    async def admit(self) -> None:
        """Wait until the venue bears one more attempt to connect."""
        ...


class Shard:
    """Up to `topics_per_connection` topics. `run` is its one task; everything else is a plain call."""

    def __init__(self, harbour: Harbour, url: str | None = None) -> None:
        """Begin without topics. `url` = the socket that all of them have instead of the ticket's."""
        self.url = url
        self.topics: dict[Topic, None] = {}
        self.refused: dict[Topic, str] = {}
        self.task: asyncio.Task[None] | None = None
        self._harbour = harbour
        self._around = harbour.around
        self._clock = harbour.around.clock
        self._backoff = Backoff(harbour.random)
        self._delay_ns = 0
        self._link: Link | None = None
        self._fresh: Link | None = None
        self._handover: Handover | None = None
        self._began_ns = 0
        self._wake = asyncio.Event()
        self._failure: Exception | None = None
        self._keepers: dict[Link, asyncio.Task[None]] = {}
        self._timers: dict[object, TimerHandle] = {}

    # -- what the session asks ------------------------------------------------------------------------------------

    def subscribe(self, topics: Iterable[Topic]) -> None:
        """Carry more topics."""
        chosen = list(topics)
        self.topics.update(dict.fromkeys(chosen))
        if self._handover is not None:
            # Only the new connection ever carries them.
            self._handover.joined.update(_pairs(chosen))
        link = self._fresh or self._link
        if link is not None and not link.closed:
            link.subscribe(chosen)

    def unsubscribe(self, topics: Iterable[Topic]) -> None:
        """Carry them no more."""
        chosen = list(topics)
        for topic in chosen:
            self.topics.pop(topic, None)
            self._accept(topic)
        for link in self.links:
            link.unsubscribe(chosen)

    def resubscribe(self, topic: Topic) -> None:
        """Ask for a topic anew, on the connection that feeds its book."""
        feeding = self._link
        if self._handover is not None and self._fresh is not None and topic.pair in self._handover.joined:
            feeding = self._fresh
        if feeding is not None and not feeding.closed:
            feeding.resubscribe([topic])

    def ask_again(self) -> None:
        """Ask for what was refused now, not when its time has come."""
        for topic in tuple(self.refused):
            self._cancel(topic)
            self._ask_again(topic)

    def cut(self, reason: str) -> None:
        """Replace whatever connection there is: it cannot be trusted any more."""
        for link in self.links:
            link.abort(reason)

    @property
    def links(self) -> list[Link]:
        """The open connections: one, or two during a rotation."""
        return [link for link in (self._link, self._fresh) if link is not None and not link.closed]

    def is_leaving(self, link: Link) -> bool:
        """Whether a connection is being replaced."""
        return self._fresh is not None and link is self._link

    # -- the one task ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a connection until cancelled.

        Raises:
            Exception: a defect behind the sink, where it was.
        """
        try:
            while True:
                fresh = await self._open()
                if self._link is not None and not self._link.closed:
                    await self._relieve(self._link, fresh)
                else:
                    self._link = fresh
                    fresh.subscribe(self.topics)
                await self._until_needed()
        finally:
            await self._end()

    async def _until_needed(self) -> None:
        """Return when the connection has ended or asks to be replaced."""
        while (link := self._link) is not None and not link.closed and not link.ageing:
            await self._wait()
        self._raise()

    async def _wait(self) -> None:
        self._wake.clear()
        await self._wake.wait()
        self._raise()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _open(self) -> Link:
        """Open a connection, however long it takes."""
        around = self._around
        while True:
            if self._delay_ns:
                await self._clock.sleep(self._delay_ns)
                self._delay_ns = 0
            await self._harbour.admit()
            serial = self._harbour.next_serial()
            ticket: StreamTicket | None = None
            try:
                ticket = await around.dialect.ticket()
                link = Link(serial, ticket, self._harbour.address(self.url or ticket.url), around, self)
                await link.open(self._lifetime())
            except asyncio.CancelledError:
                if ticket is not None:
                    self._give_back(serial, ticket)
                raise
            except (ArbError, TransportError) as error:
                if ticket is not None:
                    self._give_back(serial, ticket)
                self._delay_ns = self._backoff.fail()
                if isinstance(error, RateLimitError) and error.retry_after_ns is not None:
                    self._delay_ns = max(self._delay_ns, error.retry_after_ns)
                around.tally.open_failures += 1
                around.report(
                    OpenFailed(
                        venue=around.venue,
                        connection=serial,
                        reason=str(error),
                        attempt=self._backoff.failures,
                        retry_ns=self._delay_ns,
                    )
                )
                continue
            if ticket.renew_every_ns is not None or ticket.expires_ns is not None:
                keeper = keep(link, around, self._harbour.random)
                self._keepers[link] = self._harbour.tasks.spawn(keeper, f"ticket {serial}")
            return link

    def _lifetime(self) -> int | None:
        """Return after how long to replace a connection: some time early, so that not all go at once."""
        lifetime_ns = self._around.limits.lifetime_ns
        if lifetime_ns is None:
            return None
        margin_ns = min(MARGIN_NS, lifetime_ns // 10)
        return lifetime_ns - margin_ns - self._harbour.random.randrange(margin_ns + 1)

    # -- rotation -------------------------------------------------------------------------------------------------

    async def _relieve(self, old: Link, fresh: Link) -> None:
        """Move every topic from one connection to the other without losing a message; return when that has ended."""
        handover = Handover(self._around.dispatch, self._around.dialect)
        self._began_ns = self._clock.monotonic_ns()
        self._cancel("overlap")
        self._handover, self._fresh = handover, fresh
        old.route(handover.leaving)
        fresh.route(handover.arriving)
        handover.overlap(_pairs(self.topics), begins=True)
        fresh.subscribe(self.topics)
        settled_ns: int | None = None
        while True:
            await self._clock.sleep(POLL_NS)
            self._raise()
            if self._fresh is not fresh:
                return  # One of the two has ended meanwhile, and the other carries everything.
            now_ns = self._clock.monotonic_ns()
            if not fresh.subscriptions.settled:
                settled_ns = None
                continue
            settled_ns = settled_ns or now_ns
            waited_ns = now_ns - settled_ns
            if waited_ns >= LINGER_NS or not self._tells_once():
                joined = handover.joined.issuperset(_pairs(self.topics))
                if joined or waited_ns >= QUIET_JOIN_NS:
                    self._complete(old, fresh, handover)

    def _tells_once(self) -> bool:
        """Whether there are topics of which no later message makes good for a lost one."""
        return any(topic.feed in _TOLD_ONCE for topic in self.topics)

    def _complete(self, old: Link, fresh: Link, handover: Handover) -> None:
        """The new connection carries everything from now on."""
        self._link, self._fresh = fresh, None
        self._around.dispatch.arrived(self._clock.now_ns(), self._clock.monotonic_ns())
        resynced = 0
        for pair in _pairs(self.topics):
            was_joined = pair in handover.joined
            handover.joined.add(pair)
            handover.release(pair)
            book = self._book(pair)
            if book is not None and book.state is not BookState.LIVE and not was_joined:
                # It was waiting for messages that the old connection will not bring any more.
                resynced += 1
                self._lose(pair, BookFault.DISCONNECTED)
            topic = Topic(Feed.BOOK, Pair(pair))
            if topic not in fresh.subscriptions:
                # Refused there, while the old connection went on feeding it.
                self._lose(pair, BookFault.REFUSED)
                continue
            if topic not in fresh.subscriptions.acknowledged:
                continue  # The acknowledgement will begin it.
            if was_joined and self._waits_for_stream(book):
                # What it asked for anew was asked on the old connection.
                fresh.resubscribe([topic])
            else:
                # Also one that is LIVE: it may have asked the old connection for a new beginning.
                self._begin(pair)
        if not old.closed:
            old.close()
        self._end_overlap_later(fresh, handover)
        around = self._around
        around.tally.rotations += 1
        took_ns = self._clock.monotonic_ns() - self._began_ns
        around.report(
            Rotated(
                venue=around.venue, connection=old.serial, successor=fresh.serial, took_ns=took_ns, resynced=resynced
            )
        )

    def _end_overlap_later(self, link: Link, handover: Handover) -> None:
        due_ns = self._clock.monotonic_ns() + OVERLAP_NS
        self._at(due_ns, "overlap", partial(self._end_overlap, link, handover))

    def _end_overlap(self, link: Link, handover: Handover) -> None:
        """One connection remains, and what the other brought is long past: messages need not be compared any more."""
        self._timers.pop("overlap", None)
        if self._handover is handover:
            self._handover = None
        handover.overlap(_pairs(self.topics), begins=False)
        link.route(self._around.dispatch)

    def _call_off(self, old: Link, handover: Handover) -> None:
        """The new connection died before it carried everything: the old one goes on alone."""
        self._fresh = self._handover = None
        old.route(self._around.dispatch)
        self._end_overlap_later(old, handover)
        for pair in handover.joined:
            # Of one with ids every message was taken from both connections: none is missing, unless the whole book was
            # to come on the connection that died.
            if not handover.by_id or self._waits_for_stream(self._book(pair)):
                self._lose(pair, BookFault.DISCONNECTED)
                old.resubscribe([Topic(Feed.BOOK, Pair(pair))])
        for topic in [topic for topic in self.refused if topic in old.subscriptions.acknowledged]:
            # Refused to the new one, it stands on the old one all the same. A book was lost, and begins with an
            # acknowledgement.
            self._accept(topic)
            if topic.feed is Feed.BOOK and topic.pair is not None:
                self._lose(topic.pair, BookFault.DISCONNECTED)
                old.resubscribe([topic])

    # -- what a connection notices --------------------------------------------------------------------------------

    def link_acknowledged(self, link: Link, topics: tuple[Topic, ...]) -> None:
        carries = link is (self._fresh or self._link)
        for topic in topics:
            # What a leaving connection is granted says nothing of a refusal by its successor.
            if carries:
                self._accept(topic)
            if topic.feed is not Feed.BOOK or topic.pair is None:
                continue
            still_fed = link is self._fresh and self._handover is not None and topic.pair not in self._handover.joined
            if not still_fed:
                self._begin(topic.pair)

    def link_refused(self, link: Link, topics: tuple[Topic, ...], reason: str) -> None:
        around = self._around
        for topic in topics:
            self.refused[topic] = reason
            if topic.feed is Feed.BOOK and topic.pair is not None:
                self._lose(topic.pair, BookFault.REFUSED)
            self._at(self._clock.monotonic_ns() + REFUSED_RETRY_NS, topic, partial(self._ask_again, topic))
            around.report(
                TopicRefused(
                    venue=around.venue, connection=link.serial, topic=topic, reason=reason, retry_ns=REFUSED_RETRY_NS
                )
            )

    def link_ageing(self, link: Link, reason: str) -> None:
        around = self._around
        around.report(RotationBegan(venue=around.venue, connection=link.serial, reason=reason))
        self._wake.set()

    def link_malformed(self, link: Link) -> None:
        for pair in _pairs(link.subscriptions.topics):
            self._lose(pair, BookFault.MALFORMED)

    def link_failed(self, link: Link, error: Exception) -> None:
        self._failure = self._failure or error
        self._wake.set()
        link.abort(f"a defect of ours: {type(error).__name__}")

    def link_closed(self, link: Link, reason: str) -> None:
        around = self._around
        if link is self._link or link is self._fresh:
            self._left_by(link)
            if not link.planned:
                around.tally.reconnects += 1
                if link.age_ns >= STEADY_NS:
                    self._backoff.reset()
                self._delay_ns = self._backoff.fail()
            self._give_back(link.serial, link.ticket)
        if (keeper := self._keepers.pop(link, None)) is not None:
            keeper.cancel()
        around.report(
            Closed(
                venue=around.venue,
                connection=link.serial,
                reason=reason,
                planned=link.planned,
                age_ns=link.age_ns,
            )
        )
        self._wake.set()

    def _left_by(self, link: Link) -> None:
        """A connection that fed books has ended: those that nothing else feeds are lost at once."""
        old, fresh, handover = self._link, self._fresh, self._handover
        if old is not None and fresh is not None and handover is not None:
            if link is fresh:
                self._call_off(old, handover)
                return
            for pair in _pairs(link.subscriptions.topics) - handover.joined:
                self._lose(pair, BookFault.DISCONNECTED)
            self._complete(old, fresh, handover)
            return
        if handover is not None:
            self._cancel("overlap")
            self._end_overlap(link, handover)
        for pair in _pairs(self.topics):
            self._lose(pair, BookFault.DISCONNECTED)

    # -- small things ---------------------------------------------------------------------------------------------

    def _book(self, pair: str) -> BookSync | None:
        return self._around.dispatch.books.get(pair)

    @staticmethod
    def _waits_for_stream(book: BookSync | None) -> bool:
        """Whether only a whole book of the stream can make a book LIVE."""
        return book is not None and book.state is not BookState.LIVE and book.rule.snapshot is SnapshotSource.STREAM

    def _begin(self, pair: str) -> None:
        book = self._book(pair)
        if book is not None and book.fault is not BookFault.HALTED:
            book.begin()

    def _lose(self, pair: str, fault: BookFault) -> None:
        """Make a book unreadable. One that is halted stays so: who said that says when it ends."""
        book = self._book(pair)
        if book is not None and book.fault is not BookFault.HALTED:
            book.lose(fault)

    def _ask_again(self, topic: Topic) -> None:
        link = self._fresh or self._link
        if topic in self.topics and link is not None and not link.closed:
            link.subscribe([topic])

    def _accept(self, topic: Topic) -> None:
        """A topic is refused no longer, or wanted no longer."""
        self.refused.pop(topic, None)
        self._cancel(topic)

    def _at(self, due_ns: int, key: object, callback: partial[None]) -> None:
        self._cancel(key)
        self._timers[key] = self._clock.call_at(due_ns, callback)

    def _cancel(self, key: object) -> None:
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()

    def _give_back(self, serial: int, ticket: StreamTicket) -> None:
        self._harbour.tasks.try_spawn(give_back(ticket, serial, self._around), f"give back ticket {serial}")

    async def _end(self) -> None:
        """Close what is open, at most within `CLOSE_NS`."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for link in self.links:
            link.close()
        deadline_ns = self._clock.monotonic_ns() + CLOSE_NS
        timer = self._clock.call_at(deadline_ns, self._wake.set)
        while self.links and self._clock.monotonic_ns() < deadline_ns:
            self._wake.clear()
            await self._wake.wait()
        timer.cancel()
        for link in self.links:
            link.abort("the closing handshake took too long")


def _pairs(topics: Iterable[Topic]) -> set[str]:
    """Return the pairs whose books these topics feed."""
    return {topic.pair for topic in topics if topic.feed is Feed.BOOK and topic.pair is not None}
