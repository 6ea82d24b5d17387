"""The transport of the real world: aiohttp for REST, picows for WebSockets. Nothing above it touches a socket.

TLS is always verified, and plain `http` and `ws` go to this machine only. What goes out is what the caller made, byte
for byte: no cookies, no redirects (a signed request does not follow one), no header of ours beside User-Agent and what
HTTP needs, no WebSocket extension offered, and no request sent twice behind the caller's back. What comes in is
bounded: answers, messages and the bytes that a peer does not read.

Secrets: queries hold signatures and tokens, so no error here names more of a URL than its host.
"""

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from typing import cast
from weakref import WeakSet

import aiohttp
import picows
from aiohappyeyeballs import start_connection  # pyright: ignore[reportUnknownVariableType] (a bare tuple in its types)
from aiohttp.tracing import Trace
from picows.picows import WSCloseHandshake
from yarl import URL

from arb_core.errors import SettingsError
from arb_core.interfaces.context import Clock, RestAnswer, RestRequest, TimerHandle
from arb_core.runtime.address import require_safe_url
from arb_core.runtime.transport import Connection, Listener, Transport, TransportError, TransportStats

__all__ = ["SocketTransport"]

_SECOND = 1_000_000_000

_CLOSING_NS = 2 * _SECOND
"""How long a peer may take to answer our close frame before the line is cut."""

_KEEP_ALIVE_S = 25.0
"""An idle REST connection is given up after this long: before the venues do it (typically 60 s), so that no order is
sent into a connection that the other side is closing."""

_DNS_TTL_S = 60
"""Venues move between addresses (load balancers with a TTL of about a minute); aiohttp's own default is 10 s."""

_HAPPY_EYEBALLS_S = 0.25
"""RFC 8305: how long one address family may hesitate before the other is tried."""


@functools.cache
def _system_tls() -> ssl.SSLContext:
    """Return the context that trusts what the machine trusts.

    Reading the certificates stops the loop for 20 ms and more, so: once, and not while a request is waiting.
    """
    return ssl.create_default_context()


class _Progress:
    """How far one request got: `sent` from the moment it has a connection, and nothing is certain any more."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent = False


_progress: ContextVar[_Progress] = ContextVar("progress")
"""Of the request that the running task makes."""


class _Pool(aiohttp.TCPConnector):
    """aiohttp's pool, which notes when a request gets its connection, and whether that was a kept one.

    aiohttp's own tracing tells the same, at the price of all its events: a third of what a request costs.
    """

    def __init__(self, stats: TransportStats, *, tls: ssl.SSLContext, per_host: int) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] (a bare tuple in its types)
            limit=0, limit_per_host=per_host, ttl_dns_cache=_DNS_TTL_S, keepalive_timeout=_KEEP_ALIVE_S, ssl=tls
        )
        self._arb_stats = stats
        self._arb_known: WeakSet[object] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (the name is aiohttp's)
    ) -> aiohttp.connector.Connection:
        connection = await super().connect(req, traces, timeout)
        _progress.get().sent = True
        line = connection.protocol
        if line in self._arb_known:
            self._arb_stats.reused += 1
        else:
            self._arb_stats.opened += 1
            self._arb_known.add(line)
        return connection


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Turn a cut connection into our own error.

    aiohttp would send a GET, PUT or DELETE again by itself when a kept connection is cut. Whether a request may be sent
    twice is for the endpoint to say, so that decision is taken in `runtime.rest`.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise TransportError(f"{request.url.host}: {_words(error)}", sent=True) from error


class SocketTransport(Transport):
    """One process's connections. Made anywhere, first used in a running loop, closed by its owner."""

    def __init__(
        self,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        connections_per_host: int = 64,
        max_answer: int = 64 << 20,
        max_message: int = 16 << 20,
        max_unsent: int = 1 << 20,
    ) -> None:
        """Set the bounds, in bytes.

        `max_answer` bounds a REST answer after decompression, `max_message` a WebSocket message after reassembly,
        `max_unsent` what a WebSocket peer leaves unread before it is cut off. `tls` replaces the system's certificates;
        a context that does not verify is refused.

        Raises:
            SettingsError: `tls` does not verify the peer.
        """
        if tls is not None and (tls.verify_mode is not ssl.CERT_REQUIRED or not tls.check_hostname):
            raise SettingsError("a TLS context that does not verify the peer", key="tls")
        self._clock = clock
        self._tls = tls or _system_tls()
        self._connections_per_host = connections_per_host
        self._max_answer = max_answer
        self._max_message = max_message
        self._max_unsent = max_unsent
        self._stats = TransportStats()
        self._hosts: dict[str, str] = {}
        """Base URL -> host, of those that were found safe: a handful, asked for with every request."""
        self._session: aiohttp.ClientSession | None = None
        self._attendants: dict[asyncio.Task[None], _Socket] = {}
        """Each open WebSocket has one task, which sees to its end."""
        self._closed = False

    @property
    def stats(self) -> TransportStats:
        return self._stats

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        host = self._hosts.get(base_url)
        if host is None:
            host = self._hosts[base_url] = require_safe_url(base_url, "https", "http")
        self._require_open(host)
        target = f"{base_url.rstrip('/')}{request.path}{'?' if request.query else ''}{request.query}"
        self._stats.requests += 1
        progress = _Progress()
        _progress.set(progress)
        try:
            async with (
                asyncio.timeout(timeout_ns / _SECOND),
                self._open_session().request(
                    request.method,
                    URL(target, encoded=True),
                    headers=request.headers,
                    data=request.body or None,
                    allow_redirects=False,
                    # aiohttp never sends a POST again by itself: an order is spared the way through `_send_once`.
                    middlewares=() if request.method == "POST" else None,
                ) as answer,
            ):
                body = await self._read(host, answer)
                received_ns = self._clock.now_ns()
        except TimeoutError:
            waited = f"{timeout_ns / _SECOND:g} s"
            raise TransportError(f"{host}: no whole answer within {waited}", sent=progress.sent) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The text of some of aiohttp's errors holds the whole URL; those that are OSErrors name the host alone.
            cause = error if isinstance(error, OSError) else None
            raise TransportError(f"{host}: {_words(error)}", sent=progress.sent) from cause
        return RestAnswer(status=answer.status, headers=_lower(answer.headers), body=body, received_ns=received_ns)

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        """Open a WebSocket.

        The listener may hear its first frames before this returns: a venue that greets sends its greeting together with
        the answer to the handshake. `on_closed` comes after it has returned, and never for what was never open.
        """
        host = require_safe_url(url, "wss", "ws")
        self._require_open(host)
        connection = _Socket(listener, self._clock, self._max_message, self._max_unsent)
        loop = asyncio.get_running_loop()
        line: socket.socket | None = None

        async def dial(peer: picows.WSParsedURL) -> socket.socket:
            nonlocal line
            addresses = await loop.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
            line = await start_connection(addresses, happy_eyeballs_delay=_HAPPY_EYEBALLS_S)
            return line

        try:
            async with asyncio.timeout(timeout_ns / _SECOND):
                line_end, _listener = await picows.ws_connect(  # pyright: ignore[reportUnknownMemberType] (its **kwargs bear no type)
                    lambda _request, _response: connection,
                    url,
                    ssl_context=self._tls,
                    socket_factory=dial,
                    extra_headers=headers,
                    max_frame_size=self._max_message,
                    max_redirects=0,
                    enable_auto_pong=False,
                    websocket_handshake_timeout=None,
                )
        except BaseException as error:
            # picows leaves its socket open when the wait for the handshake is cancelled.
            _hang_up(line)
            sent = line is not None
            if isinstance(error, TimeoutError):
                waited = f"{timeout_ns / _SECOND:g} s"
                raise TransportError(f"{host}: no WebSocket within {waited}", sent=sent) from None
            if isinstance(error, picows.WSError):
                raise TransportError(f"{host}: {_refusal(error)}", sent=sent) from None
            if isinstance(error, OSError):
                raise TransportError(f"{host}: {_words(error)}", sent=sent) from error
            raise
        if not connection.opened:
            raise TransportError(f"{host}: the connection was cut during the WebSocket handshake", sent=True)
        attendant = asyncio.create_task(connection.attend(line_end), name=f"WebSocket to {host}")
        self._attendants[attendant] = connection
        attendant.add_done_callback(self._attendants.pop)
        try:
            self._require_open(host)
        except TransportError:
            connection.abort()
            await attendant
            raise
        return connection

    async def close(self) -> None:
        self._closed = True
        attendants = tuple(self._attendants)
        for connection in tuple(self._attendants.values()):
            connection.close()
        try:
            await asyncio.gather(*attendants)
        finally:
            if self._session is not None:
                await self._session.close()

    def _require_open(self, host: str) -> None:
        if self._closed:
            raise TransportError(f"{host}: this transport is closed", sent=False)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=_Pool(self._stats, tls=self._tls, per_host=self._connections_per_host),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                headers={"User-Agent": "arb-core"},
                # The content type is part of what some venues sign or insist on: the plugin gives it, or nobody.
                skip_auto_headers=("Content-Type",),
                middlewares=(_send_once,),
                auto_decompress=True,
                trust_env=False,
            )
        return self._session

    async def _read(self, host: str, answer: aiohttp.ClientResponse) -> bytes:
        """Return the whole body, and no more than `max_answer` of it (a small body may decompress to a huge one)."""
        parts: list[bytes] = []
        size = 0
        async for part in answer.content.iter_any():
            size += len(part)
            if size > self._max_answer:
                answer.close()
                raise TransportError(f"{host}: the answer is longer than {self._max_answer} bytes", sent=True)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class _Socket(picows.WSListener):
    """One WebSocket: picows' listener on its inner side, a `Connection` on its outer side."""

    def __init__(self, listener: Listener, clock: Clock, max_message: int, max_unsent: int) -> None:
        self._listener = listener
        self._clock = clock
        self._max_message = max_message
        self._max_unsent = max_unsent
        self._transport: picows.WSTransport | None = None
        self._parts: bytearray | None = None
        self._why: str | None = None
        self._deaf = False
        self._deadline: TimerHandle | None = None

    @property
    def opened(self) -> bool:
        """Whether the handshake was completed."""
        return self._transport is not None

    async def attend(self, transport: picows.WSTransport) -> None:
        """Wait for the end, whoever brings it about, and tell the listener."""
        try:
            await transport.wait_disconnected()
        except picows.WSProtocolError as error:
            # Frames that picows itself refuses: it has said goodbye already.
            code, breach = error.args
            self._why = self._why or f"breach of the protocol: {code.value} {breach}"
        finally:
            self._deaf = True
            if self._deadline is not None:
                self._deadline.cancel()
        self._listener.on_closed(self._why or _peer_reason(transport))

    # The outer side.

    def send(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self._alive().send(picows.WSMsgType.TEXT, frame.encode())
        else:
            self._alive().send(picows.WSMsgType.BINARY, frame)

    def ping(self) -> None:
        self._alive().send_ping()

    def close(self) -> None:
        self._close(picows.WSCloseCode.OK, "closed by us")

    def abort(self) -> None:
        self._cut("aborted by us")

    # The inner side.

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=self._max_unsent)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if self._deaf or transport.is_close_frame_sent:
            # After a goodbye, ours or picows' own, only the answer to it counts.
            if frame.msg_type is _CLOSE:
                transport.disconnect()
            return
        kind = frame.msg_type
        if (kind is _TEXT or kind is _BINARY) and frame.fin and self._parts is None and not frame.rsv1:
            try:
                # A view of the buffer that the socket was read into: nothing is copied.
                self._listener.on_frame(frame.get_payload_as_memoryview())
            except Exception as error:  # noqa: BLE001 (see `_failed`)
                self._failed(error)
        else:
            self._on_rare_frame(transport, frame, kind)

    def pause_writing(self) -> None:
        """The peer has left `max_unsent` bytes unread: it is stuck, and waiting would only hide that."""
        self._cut(f"the venue left {self._max_unsent} bytes unread")

    def resume_writing(self) -> None:
        """Writing is never taken up again after `pause_writing`; picows warns where this is missing."""

    def _on_rare_frame(self, transport: picows.WSTransport, frame: picows.WSFrame, kind: picows.WSMsgType) -> None:
        """Control frames, fragments, and what breaks RFC 6455."""
        if kind is _PING:
            transport.send_pong(frame.get_payload_as_bytes())
            self._listener.on_alive()
        elif kind is _PONG:
            self._listener.on_alive()
        elif kind is _CLOSE:
            self._why = _peer_reason(transport)
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            self._cut_later()
        elif frame.rsv1:
            self._close(picows.WSCloseCode.PROTOCOL_ERROR, "a compressed frame, though compression was not offered")
        elif (kind is _CONTINUATION) is (self._parts is None):
            self._close(picows.WSCloseCode.PROTOCOL_ERROR, "a fragment out of its turn")
        else:
            self._on_fragment(frame)

    def _on_fragment(self, frame: picows.WSFrame) -> None:
        parts = self._parts
        if parts is None:
            parts = self._parts = bytearray()
        if len(parts) + frame.payload_size > self._max_message:
            self._close(picows.WSCloseCode.MESSAGE_TOO_BIG, f"a message longer than {self._max_message} bytes")
            return
        parts += frame.get_payload_as_memoryview()
        if frame.fin:
            self._parts = None
            try:
                self._listener.on_frame(memoryview(parts))
            except Exception as error:  # noqa: BLE001 (see `_failed`)
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Tell what the listener raised: picows would log it and go on, but the owner of the connection must know."""
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a listener failed on a WebSocket message", "exception": error}
        )
        self._cut(f"our listener failed: {type(error).__name__}")

    def _alive(self) -> picows.WSTransport:
        transport = self._transport
        if transport is None or self._deaf or transport.is_close_frame_sent or transport.is_disconnected:
            raise TransportError(f"the connection has ended: {self._why or 'cut'}", sent=False)
        return transport

    def _close(self, code: picows.WSCloseCode, why: str) -> None:
        """Say goodbye, and cut the line if the peer does not answer."""
        transport = self._transport
        if transport is None or self._deaf or transport.is_close_frame_sent or transport.is_disconnected:
            return
        self._why = why
        transport.send_close(code)
        if code is not picows.WSCloseCode.OK:
            transport.disconnect()  # who breaks the protocol is not asked to confirm it
        self._cut_later()

    def _cut_later(self) -> None:
        if self._deadline is None:
            self._deadline = self._clock.call_at(self._clock.monotonic_ns() + _CLOSING_NS, self._abort_transport)

    def _cut(self, why: str) -> None:
        self._deaf = True
        self._why = self._why or why
        self._abort_transport()

    def _abort_transport(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)


_TEXT = picows.WSMsgType.TEXT
_BINARY = picows.WSMsgType.BINARY
_CONTINUATION = picows.WSMsgType.CONTINUATION
_PING = picows.WSMsgType.PING
_PONG = picows.WSMsgType.PONG
_CLOSE = picows.WSMsgType.CLOSE


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by lower-case name; a name that came twice is joined, as RFC 9110 (5.3) reads it."""
    lower: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        lower[key] = f"{lower[key]}, {value}" if key in lower else value
    return lower


def _hang_up(line: socket.socket | None) -> None:
    """End a TCP connection under whoever holds it: they see its end and clean up."""
    if line is not None:
        # It may be gone already: then there is nothing to end.
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _words(error: BaseException) -> str:
    """Describe a failure without the URL that some texts hold."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):  # also an SSLCertVerificationError, without its text
        return _words(error.certificate_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {_words(error.os_error)}"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        why = error.strerror if isinstance(error, OSError) else None
        return f"the connection was cut: {why}" if why else "the connection was cut"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _refusal(error: picows.WSError) -> str:
    """Describe a refused handshake: by the venue's HTTP status where it gave one."""
    response = error.response if isinstance(error, picows.WSHandshakeError) else None
    if response is not None:
        return f"WebSocket refused with HTTP {int(response.status)}"
    return f"no WebSocket: {type(error).__name__}"


def _peer_reason(transport: picows.WSTransport) -> str:
    # The type stubs of picows leave out that there may have been no handshake.
    handshake = cast("WSCloseHandshake | None", transport.close_handshake)
    said = None if handshake is None else handshake.recv
    if said is None:
        return "cut without a close frame"
    return f"closed by the venue: {said.code.value}{f' {said.reason}' if said.reason else ''}"
