"""Simulated venues in the same process, behind the seam at which the core's sockets would stand.

Entered by tests, faults, properties and the compliance kit. On a virtual-time loop (looptime) an idle venue costs
nothing: the loop jumps to the next moment at which anything happens. The payloads are byte for byte those of the server
shell.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

from arb_core.interfaces.context import Clock, RestAnswer, RestRequest, TimerHandle
from arb_core.runtime.transport import Connection, Listener, TransportError, TransportStats

from arb_sim.venue import Close, Frame, Output, Ping, Pong, Request, SimulatedVenue

__all__ = ["MemoryTransport"]

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class MemoryTransport:
    """A `Transport` to simulated venues, by base URL: one venue may stand under several, one for each role.

    `latency_ns` is the way in one direction, for requests and frames alike. Nothing is delivered while a caller's own
    call is still running: answers come from the loop, as over a socket.
    """

    def __init__(self, venues: Mapping[str, SimulatedVenue], clock: Clock, *, latency_ns: int = 0) -> None:
        self.stats = TransportStats()
        self._venues = {_place(url): venue for url, venue in venues.items()}
        self._every = tuple(dict.fromkeys(venues.values()))
        self._clock = clock
        self._offset_ns = clock.now_ns() - clock.monotonic_ns()
        self._latency_ns = latency_ns
        self._connections: dict[int, _MemoryConnection] = {}
        self._opened = 0
        self._closed = False
        self._all_gone: asyncio.Future[None] | None = None
        self._timer: TimerHandle | None = None
        self._timer_ns: int | None = None
        self._met: set[SimulatedVenue] = set()
        self._way = _Way(clock, latency_ns)

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        venue, prefix = self._venue(base_url)
        self.stats.requests += 1
        self.stats.reused += venue in self._met
        self.stats.opened += venue not in self._met
        self._met.add(venue)
        asked = Request(
            method=request.method,
            path=prefix + request.path,
            query=request.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.body,
        )
        await self._clock.sleep(self._latency_ns)
        response = venue.http(asked, self.now_ns)
        self._rearm()
        if response is None or response.late_ns > timeout_ns - 2 * self._latency_ns:
            await self._clock.sleep(max(0, timeout_ns - self._latency_ns))
            raise TransportError(f"{request.path}: no answer within {timeout_ns / 1e9:g} s", sent=True)
        await self._clock.sleep(self._latency_ns + response.late_ns)
        return RestAnswer(
            status=response.status,
            headers=dict(response.headers),
            body=response.body,
            received_ns=self._clock.now_ns(),
        )

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        venue, path = self._venue(url)
        query = urlsplit(url).query
        await self._clock.sleep(self._latency_ns)
        self._opened += 1
        number = self._opened
        refused = venue.opened(number, f"{path}?{query}" if query else path, self.now_ns)
        self._rearm()
        if refused is not None:
            await self._clock.sleep(self._latency_ns)
            raise TransportError(f"{path}: the handshake was answered with {refused.status}", sent=True)
        connection = self._connections[number] = _MemoryConnection(self, venue, number, listener)
        await self._clock.sleep(self._latency_ns)
        return connection

    async def close(self) -> None:
        self._closed = True
        for connection in list(self._connections.values()):
            connection.abort()
        if self._connections:
            self._all_gone = asyncio.get_running_loop().create_future()
            await self._all_gone
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def now_ns(self) -> int:
        """The venues' time. It began as the clock's and does not follow when somebody sets that."""
        return self._clock.monotonic_ns() + self._offset_ns

    def _venue(self, url: str) -> tuple[SimulatedVenue, str]:
        venue = self._venues.get(_place(url))
        if venue is None:
            known = ", ".join(sorted(self._venues))
            raise TransportError(f"{_place(url)}: no such host in this simulation; there are {known}", sent=False)
        return venue, urlsplit(url).path.rstrip("/")

    # Towards the venues

    def hear(self, connection: "_MemoryConnection", frame: Frame) -> None:
        """Bring a client's frame to its venue."""
        self._way.go(partial(self._arrive, connection, frame))

    def leave(self, connection: "_MemoryConnection", reason: str) -> None:
        """Take a connection away from its venue, and tell its listener."""
        if connection.open:
            connection.open = False
            self._way.go(partial(self._forget, connection))
            asyncio.get_running_loop().call_soon(self._end, connection, reason)

    def _arrive(self, connection: "_MemoryConnection", frame: Frame) -> None:
        if connection.number in self._connections:
            self._deliver(connection.venue.socket(connection.number, frame, self.now_ns))
            self._rearm()

    def _forget(self, connection: "_MemoryConnection") -> None:
        connection.venue.closed(connection.number)
        self._rearm()

    def _end(self, connection: "_MemoryConnection", reason: str) -> None:
        if self._connections.pop(connection.number, None) is None:
            return
        connection.open = False
        if not self._connections and self._all_gone is not None and not self._all_gone.done():
            self._all_gone.set_result(None)
        connection.listener.on_closed(reason)

    # From the venues

    def wake(self) -> None:
        """Look again at when the venues have something to do: a test has changed one with its own hands."""
        self._rearm()

    def _rearm(self) -> None:
        """Set the one timer to the next moment at which any venue has something to do."""
        moments = [venue.next_due_ns for venue in self._every]
        next_ns = min((moment for moment in moments if moment is not None), default=None)
        if next_ns == self._timer_ns and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_ns = next_ns
        # What arrives after the end must not set the market going again: on virtual time it would run for days.
        if next_ns is not None and not self._closed:
            wait_ns = max(0, next_ns - self.now_ns)
            self._timer = self._clock.call_at(self._clock.monotonic_ns() + wait_ns, self._due)

    def _due(self) -> None:
        self._timer = None
        now_ns = max(self.now_ns, self._timer_ns or 0)
        for venue in self._every:
            due_ns = venue.next_due_ns
            if due_ns is not None and due_ns <= now_ns:
                self._deliver(venue.due(now_ns))
        self._rearm()

    def _deliver(self, outputs: list[Output]) -> None:
        for number, frame in outputs:
            connection = self._connections.get(number)
            if connection is not None:
                self._way.go(partial(self._receive, connection, frame))

    def _receive(self, connection: "_MemoryConnection", frame: Frame | Close) -> None:
        if not connection.open:
            return
        match frame:
            case str():
                connection.listener.on_frame(memoryview(frame.encode()))
            case bytes():
                connection.listener.on_frame(memoryview(frame))
            case Ping():
                connection.listener.on_alive()
                self.hear(connection, Pong(frame.payload))
            case Pong():
                connection.listener.on_alive()
            case Close():
                reason = "cut off" if frame.abrupt else f"closed by the venue with {frame.code} {frame.reason}".strip()
                self._end(connection, reason)


class _Way:
    """Delivers things in the order in which they set out."""

    def __init__(self, clock: Clock, latency_ns: int) -> None:
        self._clock = clock
        self._latency_ns = latency_ns
        self._under_way: deque[tuple[int, partial[None]]] = deque()
        self._awaited = False

    def go(self, arrival: "partial[None]") -> None:
        """Let something set out."""
        self._under_way.append((self._clock.monotonic_ns() + self._latency_ns, arrival))
        self._wait()

    def _wait(self) -> None:
        if self._under_way and not self._awaited:
            self._awaited = True
            self._clock.call_at(self._under_way[0][0], self._arrive)

    def _arrive(self) -> None:
        now_ns = self._clock.monotonic_ns()
        try:
            while self._under_way and self._under_way[0][0] <= now_ns:
                self._under_way.popleft()[1]()
        finally:  # a listener that raises must not hold up the others
            self._awaited = False
            self._wait()


class _MemoryConnection:
    """One end of a simulated socket."""

    def __init__(self, transport: MemoryTransport, venue: SimulatedVenue, number: int, listener: Listener) -> None:
        self.venue = venue
        self.number = number
        self.listener = listener
        self.open = True
        self._transport = transport

    def send(self, frame: str | bytes) -> None:
        if not self.open:
            raise TransportError("the connection has ended", sent=False)
        self._transport.hear(self, frame)

    def ping(self) -> None:
        if self.open:
            self._transport.hear(self, Ping())

    def close(self) -> None:
        self._transport.leave(self, "closed")

    def abort(self) -> None:
        self._transport.leave(self, "aborted")


def _place(url: str) -> str:
    """Host and port of a URL; scheme and path do not matter, for one port serves every role."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)}"
