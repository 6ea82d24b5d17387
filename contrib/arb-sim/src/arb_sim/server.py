"""Simulated venues on real sockets: HTTP and WebSocket on the loopback address, every role of a venue on one port.

Entered by `arb sim serve`, by `arb demo` through it, and by tests with clients that are not ours. The venues decide
everything; this room only carries. Several venues of one world share one process, so that they live in one time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from itertools import count
from time import monotonic_ns, time_ns
from typing import Self

from aiohttp import WSMsgType, web

from arb_sim.venue import LOOPBACK, Close, Frame, Output, Ping, Pong, Request, SimulatedVenue

__all__ = ["Servers", "VenueServer"]

_LOG = logging.getLogger(__name__)

_BEHIND = 100_000
"""Frames that may wait for a client that reads too slowly, before it is cut off."""

_SHUTDOWN_S = 0.5
"""How long a connection may take to end when the server stops."""

_LARGEST = 1 << 20
"""Bytes in a request or a client's message."""


class Servers:
    """Runs venues of one world and gives each of them a port.

    Use as an asynchronous context manager. The venues' time is the system's at the start, and from there on the
    monotonic clock's.
    """

    def __init__(self, venues: Iterable[SimulatedVenue], *, port: int = 0) -> None:
        """With `port` 0 the system chooses, else the first venue has this port and the others the next ones."""
        self.venues = [VenueServer(self, venue, port + n if port else 0) for n, venue in enumerate(venues)]
        self._offset_ns = time_ns() - monotonic_ns()
        self._numbers = count(1)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now_ns(self) -> int:
        """The venues' time."""
        return monotonic_ns() + self._offset_ns

    def next_number(self) -> int:
        """Number a connection."""
        return next(self._numbers)

    async def __aenter__(self) -> Self:
        for server in self.venues:
            await server.start()
        self.rearm()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await asyncio.gather(*(server.stop() for server in self.venues))

    def rearm(self) -> None:
        """Set the one timer to the next moment at which any venue has something to do. Called after every call."""
        if self._timer is not None:
            self._timer.cancel()
        moments = [server.venue.next_due_ns for server in self.venues]
        next_ns = min((moment for moment in moments if moment is not None), default=None)
        if next_ns is None:
            self._timer = None
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0, next_ns - self.now_ns) / 1e9, self._due)

    def _due(self) -> None:
        self._timer = None
        now_ns = self.now_ns
        for server in self.venues:
            due_ns = server.venue.next_due_ns
            if due_ns is not None and due_ns <= now_ns:
                server.deliver(server.venue.due(now_ns))
        self.rearm()


class VenueServer:
    """One venue's port."""

    def __init__(self, group: Servers, venue: SimulatedVenue, port: int) -> None:
        self.venue = venue
        self._group = group
        self._port = port
        self._connections: dict[int, _ServedConnection] = {}
        self._runner: web.ServerRunner | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once it does."""
        return self._port

    async def start(self) -> None:
        """Listen."""
        # No access log: it would cost more than the answers.
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Cut every connection and stop listening."""
        for connection in list(self._connections.values()):
            connection.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    def deliver(self, outputs: Iterable[Output]) -> None:
        """Hand the venue's frames to their connections."""
        for number, frame in outputs:
            connection = self._connections.get(number)
            if connection is not None:
                connection.put(frame)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        client = request.remote or LOOPBACK
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await self._serve_socket(request, client)
        path, _, query = request.raw_path.partition("?")
        asked = Request(
            method=request.method,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            client=client,
        )
        answer = self.venue.http(asked, self._group.now_ns)
        self._group.rearm()
        if answer is None:
            never: asyncio.Future[web.StreamResponse] = asyncio.get_running_loop().create_future()
            return await never  # until the client gives up
        if answer.late_ns:
            await asyncio.sleep(answer.late_ns / 1e9)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _serve_socket(self, request: web.BaseRequest, client: str) -> web.StreamResponse:
        number = self._group.next_number()
        refused = self.venue.opened(number, request.raw_path, self._group.now_ns, client)
        self._group.rearm()
        if refused is not None:
            return web.Response(status=refused.status, headers=refused.headers, body=refused.body)
        socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=_LARGEST, timeout=_SHUTDOWN_S)
        connection = self._connections[number] = _ServedConnection(request, socket)
        try:
            await socket.prepare(request)
            writer = asyncio.create_task(connection.write(), name=f"writer of connection {number}")
            try:
                await self._read(number, socket)
            finally:
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)
        except ConnectionError:
            _LOG.debug("connection %d ended before its handshake did", number)  # its client was killed
        finally:
            del self._connections[number]
            self.venue.closed(number)
            self._group.rearm()
        return socket

    async def _read(self, number: int, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            frame: Frame
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    frame = message.data
                case WSMsgType.PING:
                    frame = Ping(bytes(message.data))
                case WSMsgType.PONG:
                    frame = Pong(bytes(message.data))
                case _:
                    continue
            self.deliver(self.venue.socket(number, frame, self._group.now_ns))
            self._group.rearm()


class _ServedConnection:
    """What waits to be written to one client. Written by one task, so that frames keep their order."""

    def __init__(self, request: web.BaseRequest, socket: web.WebSocketResponse) -> None:
        self._request = request
        self._socket = socket
        self._waiting: deque[Frame | Close] = deque()
        self._filled = asyncio.Event()

    def put(self, frame: Frame | Close) -> None:
        """Queue a frame."""
        if len(self._waiting) >= _BEHIND:
            _LOG.warning("a client reads too slowly; %d frames were waiting for it", _BEHIND)
            self.cut()
            return
        self._waiting.append(frame)
        self._filled.set()

    def cut(self) -> None:
        """End the line without a closing handshake."""
        self._waiting.clear()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Write what comes, until the connection ends."""
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                while self._waiting:
                    await self._write(self._waiting.popleft())
        except ConnectionError:
            return  # the reader hears of it as well

    async def _write(self, frame: Frame | Close) -> None:
        match frame:
            case str():
                await self._socket.send_str(frame)
            case bytes():
                await self._socket.send_bytes(frame)
            case Ping():
                await self._socket.ping(frame.payload)
            case Pong():
                await self._socket.pong(frame.payload)
            case Close() if frame.abrupt:
                self.cut()
            case Close():
                await self._socket.close(code=frame.code, message=frame.reason.encode())
