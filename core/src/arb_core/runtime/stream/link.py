"""One open WebSocket of a venue: what it carries, what it still owes an answer, and whether it lives.

A connection has no task. It acts when a message arrives and when its one timer runs (`_attend`): paced subscriptions,
unanswered requests, pings, the watchdog, the end of its life. Its owner is a `Shard`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from arb_core.errors import WireError
from arb_core.interfaces.context import TimerHandle
from arb_core.interfaces.stream import Sink
from arb_core.runtime.limits import Window
from arb_core.runtime.stream.events import (
    LoginRefused,
    Malformed,
    Opened,
    Subscribed,
    TicketEnded,
    Unanswered,
    UnknownRefusal,
)
from arb_core.runtime.stream.sink import ConnectionSink, MarketData
from arb_core.runtime.stream.subscriptions import ATTEMPTS, Subscriptions, Unsettled
from arb_core.runtime.stream.surroundings import LinkOwner, Surroundings
from arb_core.runtime.stream.vitals import Vitals
from arb_core.runtime.transport import Connection, TransportError
from arb_core.structs.card import RateLimit
from arb_core.structs.health import ConnectionHealth
from arb_core.structs.stream import StreamTicket, Topic

__all__ = ["Link"]

_SECOND = 1_000_000_000
CONNECT_TIMEOUT_NS = 10 * _SECOND
MALFORMED_IN_A_ROW = 5
"""So many malformed frames without a good one between them: the connection itself is out of step and is replaced."""

_ROOM_FOR_PINGS = 1
"""Frames a second that subscriptions leave free, for pings and for the pongs that the socket sends by itself."""


class Link:
    """One connection, from its ticket to its end. Implements `transport.Listener` and `sink.Control`."""

    def __init__(self, serial: int, ticket: StreamTicket, url: str, around: Surroundings, owner: LinkOwner) -> None:
        self.serial = serial
        self.ticket = ticket
        self._url = url
        self._around = around
        self._owner = owner
        self._clock = around.clock
        self._now_ns = around.clock.now_ns
        self._monotonic_ns = around.clock.monotonic_ns
        self._decode = around.dialect.decode
        self._arrived = around.dispatch.arrived
        self._decided = around.dispatch.decided
        self._took = around.dispatch.latency.add
        self._sink = ConnectionSink(self, around.dispatch)
        limits = around.limits
        self.subscriptions = Subscriptions(around.dialect.channel, limits.topics_per_request)
        per_second = limits.messages_per_second
        self._frames = (
            None if per_second is None else Window(RateLimit(name="frames", limit=per_second, window_ns=_SECOND))
        )
        self._vitals = self._new_vitals()
        self._connection: Connection | None = None
        self._timer: TimerHandle | None = None
        self._attending = False
        # A greeting is waited for like the answer to a login; it may come while the connection is still being opened.
        self._logins = int(around.limits.greets)
        self._login_due_ns = 0
        self._opened_ns = self._clock.monotonic_ns()
        self._retire_ns: int | None = None
        self._in_a_row = 0
        self._wire_errors = 0
        self.messages = 0
        self.closed = False
        self.planned = False
        self.ageing = False
        self.failure: str | None = None
        """Why it was cut, where we cut it."""

    @property
    def host(self) -> str:
        """Where it leads: never the path or query, which may hold a token."""
        return urlsplit(self._url).netloc

    @property
    def age_ns(self) -> int:
        """How long it has been open."""
        return self._clock.monotonic_ns() - self._opened_ns

    async def open(self, retire_after_ns: int | None) -> None:
        """Connect, send the login frames, start the timer. After `retire_after_ns` it asks to be replaced.

        Raises:
            TransportError: it could not be opened, or closed at once.
        """
        connection = await self._around.transport.connect(
            self._url, dict(self.ticket.headers), self, CONNECT_TIMEOUT_NS
        )
        if self.closed:
            raise TransportError("closed as soon as it was open", sent=True)
        self._connection = connection
        now_ns = self._opened_ns = self._clock.monotonic_ns()
        self._vitals = self._new_vitals()
        if retire_after_ns is not None:
            self._retire_ns = now_ns + retire_after_ns
        around = self._around
        around.tally.opened += 1
        around.report(Opened(venue=around.venue, connection=self.serial, host=self.host))
        for frame in around.dialect.login(self.ticket, around.venue_now_ns()):
            self._logins += 1
            self._send(frame)
        self._login_due_ns = now_ns + around.limits.ack_timeout_ns
        self._attend()

    def subscribe(self, topics: Iterable[Topic]) -> None:
        """Ask for topics, paced."""
        self.subscriptions.want(topics)
        self._attend()

    def unsubscribe(self, topics: Iterable[Topic]) -> None:
        """End topics, paced."""
        self.subscriptions.drop(topics)
        self._attend()

    def resubscribe(self, topics: Iterable[Topic]) -> None:
        """End topics and ask for them again: the stream then begins with a snapshot."""
        self.subscriptions.repeat(topics)
        self._attend()

    def route(self, target: MarketData) -> None:
        """Send market data there from now on."""
        self._sink.route(target)

    def close(self) -> None:
        """Begin to close: nobody needs it any more, nor listens to its last words."""
        self.planned = True
        self._sink.scan = None
        self._decode = _unheard
        if self._connection is not None and not self.closed:
            self._connection.close()

    def abort(self, reason: str) -> None:
        """Cut it: the peer no longer answers, or not sensibly."""
        self.failure = reason
        if self._connection is not None and not self.closed:
            self._connection.abort()

    # -- what the socket hears ------------------------------------------------------------------------------------

    def on_frame(self, frame: memoryview) -> None:
        received_ns = self._now_ns()
        monotonic_ns = self._monotonic_ns()
        vitals = self._vitals
        vitals.heard_ns = vitals.message_ns = monotonic_ns
        self.messages += 1
        sink = self._sink
        try:
            if (scan := sink.scan) is not None and scan(frame, received_ns, monotonic_ns) is not None:
                self._in_a_row = 0
                self._took(self._monotonic_ns() - monotonic_ns)
                return
            self._arrived(received_ns, monotonic_ns)
            self._decode(frame, received_ns, sink)
        except Exception as error:  # noqa: BLE001 (parsers raise classes of their own, such as protobuf's DecodeError)
            self._on_bad_frame(frame, error)
        else:
            self._in_a_row = 0
            self._decided(self._monotonic_ns())

    def on_alive(self) -> None:
        self._vitals.answered(self._clock.monotonic_ns())

    def on_closed(self, reason: str) -> None:
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._around.tally.messages += self.messages
        self._owner.link_closed(self, self.failure or reason)

    def _on_bad_frame(self, frame: memoryview, error: Exception) -> None:
        if _is_ours(error.__traceback__):
            self._owner.link_failed(self, error)
            return
        around = self._around
        self._in_a_row += 1
        self._wire_errors += 1
        around.tally.wire_errors += 1
        # A validation error speaks of types and places; any other text, and the frame, may hold what is private.
        told = not around.private or isinstance(error, msgspec.ValidationError)
        fault = WireError(
            f"{type(error).__name__}: {error}" if told else type(error).__name__,
            exchange=around.exchange,
            where=f"connection {self.serial}",
            wire=b"" if around.private else bytes(frame[:200]),
        )
        around.report(Malformed(venue=around.venue, connection=self.serial, error=str(fault), in_a_row=self._in_a_row))
        self._owner.link_malformed(self)
        if self._in_a_row >= MALFORMED_IN_A_ROW:
            self.abort(f"{self._in_a_row} malformed frames in a row")

    # -- what the dialect says of this connection -----------------------------------------------------------------

    def on_ack(self, request_id: int | None, channels: Sequence[str]) -> None:
        topics = self.subscriptions.acknowledge(request_id, channels)
        if not topics:
            return
        around = self._around
        for topic in topics:
            around.report(Subscribed(venue=around.venue, connection=self.serial, topic=topic))
        self._owner.link_acknowledged(self, topics)
        self._attend()

    def on_refused(self, request_id: int | None, channels: Sequence[str], reason: str) -> None:
        if self._logins and not channels:
            self._login_failed(reason)
            return
        if request_id is None and not channels:
            around = self._around
            around.report(UnknownRefusal(venue=around.venue, connection=self.serial, reason=reason))
            return
        self._unsettled(self.subscriptions.refuse(request_id, channels), reason)
        self._attend()

    def on_reply(self, request_id: int | str | None, answer: Any) -> None:
        if self._logins:
            self._logins -= 1
            self._attend()

    def on_pong(self) -> None:
        self._vitals.answered(self._clock.monotonic_ns())

    def on_closing(self, reason: str) -> None:
        self._age(f"the venue will close it: {reason}")

    def on_ticket_lost(self, reason: str) -> None:
        around = self._around
        around.report(TicketEnded(venue=around.venue, connection=self.serial, reason=reason))
        self.abort(f"ticket lost: {reason}")

    def on_ignored(self, reason: str) -> None:
        """Nothing to do: the frame counts as a message, and that is all it is."""

    # -- what time brings -----------------------------------------------------------------------------------------

    def _attend(self) -> None:
        """Do everything that is due, then set the timer for what comes next.

        An answer may arrive while a frame is being sent (a transport in memory): its call finds this one at work.
        """
        if self._attending or self._is_over():
            return
        self._attending = True
        due_ns = self._do_what_is_due()
        self._attending = False
        # Something of it may have cut the connection.
        if self._is_over():
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(due_ns, self._attend)

    def _is_over(self) -> bool:
        return self.closed or self.failure is not None or self._connection is None

    def _do_what_is_due(self) -> int:
        """Return when the next thing is due."""
        now_ns = self._clock.monotonic_ns()
        if self._logins and now_ns >= self._login_due_ns:
            self._login_failed("no answer in time")
            return now_ns
        next_ns = [self._stay_alive(now_ns), self._settle(now_ns), self._pump(now_ns)]
        if self._logins:
            next_ns.append(self._login_due_ns)
        if self._retire_ns is not None and not self.ageing:
            if now_ns >= self._retire_ns:
                self._age("its lifetime ends")
            else:
                next_ns.append(self._retire_ns)
        return min(due for due in next_ns if due is not None)

    def _new_vitals(self) -> Vitals:
        limits = self._around.limits
        every_ns = self.ticket.ping_every_ns or limits.ping_every_ns
        return Vitals(self._clock.monotonic_ns(), limits.quiet_ns, every_ns)

    def _stay_alive(self, now_ns: int) -> int:
        """Ping as the venue wants it, probe a quiet connection, cut a silent one."""
        vitals = self._vitals
        if vitals.is_dead(now_ns):
            self._around.tally.silent += 1
            self.abort(f"nothing arrived for {self._around.limits.quiet_ns / _SECOND:g} s")
            return now_ns
        if vitals.wants_probe(now_ns):
            self._ping(now_ns, probe=True)
        elif vitals.wants_ping(now_ns):
            if wait_ns := self._wait_ns(now_ns, spare=0):
                return now_ns + wait_ns
            self._ping(now_ns, probe=False)
        return vitals.next_ns()

    def _ping(self, now_ns: int, *, probe: bool) -> None:
        """Send the venue's own ping; a probe, and a venue without one, also the protocol's."""
        frame = self._around.dialect.ping(self._around.venue_now_ns())
        self._vitals.pinged(now_ns, probe=probe)
        if frame is not None:
            self._send(frame)
        if (probe or frame is None) and self._connection is not None:
            self._give(self._connection.ping)

    def _settle(self, now_ns: int) -> int | None:
        """Ask again what was never answered."""
        due_ns = self.subscriptions.deadline_ns
        if due_ns is not None and now_ns >= due_ns:
            around = self._around
            unsettled = self.subscriptions.expire(now_ns)
            silent = unsettled.again + unsettled.refused
            around.tally.unanswered += len(silent)
            if unsettled.again:
                attempt = max(self.subscriptions.attempts(topic) for topic in unsettled.again)
                around.report(
                    Unanswered(venue=around.venue, connection=self.serial, topics=unsettled.again, attempt=attempt)
                )
            seconds = around.limits.ack_timeout_ns / _SECOND
            self._unsettled(unsettled, f"neither acknowledged nor refused within {seconds:g} s, asked {ATTEMPTS} times")
            due_ns = self.subscriptions.deadline_ns
        return due_ns

    def _pump(self, now_ns: int) -> int | None:
        """Send waiting requests as fast as the venue bears."""
        subscriptions = self.subscriptions
        around = self._around
        if self._logins:
            return None
        while subscriptions.has_next and not self._is_over():
            wait_ns = self._wait_ns(now_ns, spare=_ROOM_FOR_PINGS)
            if wait_ns:
                return now_ns + wait_ns
            request = subscriptions.next_request(now_ns + around.limits.ack_timeout_ns)
            if request is None:
                break
            frame = around.dialect.subscribe if request.subscribe else around.dialect.unsubscribe
            self._send(frame(request.topics, request.request_id, around.venue_now_ns()))
        return subscriptions.deadline_ns

    def _wait_ns(self, now_ns: int, *, spare: int) -> int:
        """Return how long until one more frame may be sent and `spare` further ones stay free."""
        if self._frames is None:
            return 0
        return self._frames.wait_ns(min(1 + spare, self._frames.own_limit), 0, now_ns)

    def _count_frame(self) -> None:
        if self._frames is not None:
            self._frames.spend(1, 0, self._clock.monotonic_ns())

    def _send(self, frame: str | bytes) -> None:
        if self._connection is not None:
            self._give(partial(self._connection.send, frame))

    def _give(self, handed: Callable[[], None]) -> None:
        self._count_frame()
        try:
            handed()
        except TransportError as error:
            # It has ended and `on_closed` is on its way; the reason found here is the better one.
            self.failure = str(error)

    def _unsettled(self, unsettled: Unsettled, reason: str) -> None:
        if unsettled.refused:
            self._owner.link_refused(self, unsettled.refused, reason)

    def _login_failed(self, reason: str) -> None:
        around = self._around
        around.report(LoginRefused(venue=around.venue, connection=self.serial, reason=reason))
        self.abort(f"login refused: {reason}")

    def _age(self, reason: str) -> None:
        if not self.ageing:
            self.ageing = True
            self._owner.link_ageing(self, reason)

    def retire(self, reason: str) -> None:
        """Ask the owner for a successor, as at the end of the lifetime."""
        self._age(reason)

    def health(self, *, leaving: bool) -> ConnectionHealth:
        """Say how it is."""
        now_ns = self._clock.monotonic_ns()
        vitals = self._vitals
        return ConnectionHealth(
            connection=self.serial,
            host=self.host,
            age_ns=now_ns - self._opened_ns,
            heard_ns=now_ns - vitals.heard_ns,
            message_ns=None if vitals.message_ns is None else now_ns - vitals.message_ns,
            round_trip_ns=vitals.round_trip_ns,
            topics=len(self.subscriptions),
            acknowledged=len(self.subscriptions.acknowledged),
            messages=self.messages,
            wire_errors=self._wire_errors,
            leaving=leaving,
        )


def _unheard(frame: memoryview, received_ns: int, out: Sink) -> None:
    """Stands in for the dialect once a connection is no longer needed."""


def _is_ours(trace: TracebackType | None) -> bool:
    """Whether an error rose from behind the sink: the first entry is our own `on_frame`, the next one the dialect's.

    A dialect decodes the whole frame before its first call of the sink, so an error from there is never the frame's.
    """
    entry = None if trace is None else trace.tb_next
    while entry is not None:
        if entry.tb_frame.f_globals.get("__name__", "").startswith("arb_core.runtime."):
            return True
        entry = entry.tb_next
    return False
