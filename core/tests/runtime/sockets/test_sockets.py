"""Everything here happens on 127.0.0.1, against aiohttp's server or one that speaks raw bytes to misbehave."""

import asyncio
import base64
import contextlib
import gzip
import hashlib
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from arb_core.errors import SettingsError
from arb_core.interfaces.context import RestRequest, TimerHandle
from arb_core.runtime.address import require_safe_url
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.sockets import SocketTransport, _Socket
from arb_core.runtime.transport import Connection, TransportError

SECOND = 1_000_000_000
PATIENCE = 5 * SECOND
"""Never waited for where things work."""
IMPATIENCE = 50_000_000

LOCALHOST_PEM = Path(__file__).with_name("localhost.pem")
"""A self-signed certificate for localhost, and its key: for tests, worth nothing."""

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA

SECRET = str(0x5EC2E7)
"""Not as it is written here: a traceback shows the lines of this file too."""

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def transport() -> AsyncIterator[SocketTransport]:
    transport = SocketTransport(SystemClock(), max_answer=1 << 20, max_message=1 << 20, max_unsent=1 << 18)
    yield transport
    await transport.close()


@contextlib.asynccontextmanager
async def raw_server(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run `script` for each connection; yields `127.0.0.1:port`."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            # Cancelled by the end of the test; asyncio would log that.
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await script(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def web_server(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def head(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode()


def get(path: str = "/", query: str = "", method: str = "GET") -> RestRequest:
    return RestRequest(method=method, path=path, query=query)


def everything_said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


# ---- REST


async def test_connections_are_pooled(transport):
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"n": 1})

    async with web_server(answer) as url:
        for _ in range(100):
            await transport.request(url, get(), PATIENCE)
        assert transport.stats.opened == 1
        for _ in range(5):
            await asyncio.gather(*(transport.request(url, get(), PATIENCE) for _ in range(4)))
        stats = transport.stats
        assert stats.requests == 120
        assert stats.opened <= 4
        assert stats.reused / stats.requests > 0.95


async def test_target_headers_and_body_go_out_byte_for_byte(transport):
    seen: list[tuple[str, bytes]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await head(reader), await reader.readexactly(7)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\n{}")

    async with raw_server(script) as address:
        query = "x=%2C,+%20%c3%a9%C3%89&y=a%3Db&z=[1]&empty=&signature=AbC%2F"
        answer = await transport.request(
            f"http://{address}/prefix/",
            RestRequest(method="POST", path="/a%2Fb%2f%7E~/../c", query=query, headers={"X-Key": "k"}, body=b'{"a":1}'),
            PATIENCE,
        )
    text, body = seen[0]
    assert text.startswith(f"POST /prefix/a%2Fb%2f%7E~/../c?{query} HTTP/1.1\r\n")
    assert body == b'{"a":1}'
    names = {line.partition(":")[0].lower() for line in text.split("\r\n")[1:] if line}
    assert names == {"host", "user-agent", "accept", "accept-encoding", "x-key", "content-length"}
    assert (answer.status, answer.body, answer.headers["x-a"]) == (200, b"{}", "1, 2")


async def test_cookies_are_not_kept_and_redirects_not_followed(transport):
    async def answer(request: web.Request) -> web.Response:
        assert "Cookie" not in request.headers
        return web.Response(status=302, headers={"Set-Cookie": "a=b", "Location": "/elsewhere"})

    async with web_server(answer) as url:
        for _ in range(2):
            reply = await transport.request(url, get("/here"), PATIENCE)
            assert (reply.status, reply.headers["location"]) == (302, "/elsewhere")
    assert transport.stats.requests == 2


async def test_proxies_of_the_environment_are_not_used(transport, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="direct")

    async with web_server(answer) as url:
        assert (await transport.request(url, get(), PATIENCE)).body == b"direct"


async def test_slow_answer_times_out_and_may_have_been_carried_out(transport):
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/order":
            await asyncio.Event().wait()
        return web.Response()

    async with web_server(answer) as url:
        await transport.request(url, get(), PATIENCE)
        with pytest.raises(TransportError, match=r"127\.0\.0\.1: no whole answer within 0\.05 s") as caught:
            await transport.request(url, get("/order", f"signature={SECRET}"), IMPATIENCE)
    assert caught.value.sent


async def test_answer_that_stops_in_the_middle_times_out(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfull")
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await reader.read()

    async with raw_server(script) as address:
        await transport.request(f"http://{address}", get(), PATIENCE)
        with pytest.raises(TransportError) as caught:
            await transport.request(f"http://{address}", get(), IMPATIENCE)
    assert caught.value.sent


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"SMTP ready\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
    ids=["nothing", "in the head", "in the body", "in a chunk", "not HTTP", "not gzip"],
)
async def test_broken_answer_says_that_the_request_was_sent_and_hides_its_query(transport, reply):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(reply)

    async with raw_server(script) as address:
        with pytest.raises(TransportError) as caught:
            await transport.request(f"http://{address}", get("/order", f"signature={SECRET}"), PATIENCE)
    assert caught.value.sent
    assert SECRET not in everything_said(caught.value)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_request_cut_on_a_kept_connection_is_not_sent_again_behind_our_back(transport, method):
    heads: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        heads.append(await head(reader))

    async with raw_server(script) as address:
        await transport.request(f"http://{address}", get(), PATIENCE)
        with pytest.raises(TransportError, match="the connection was cut") as caught:
            await transport.request(f"http://{address}", get("/x", f"signature={SECRET}", method=method), PATIENCE)
    assert caught.value.sent
    assert len(heads) == 2
    assert SECRET not in everything_said(caught.value)


async def test_request_that_was_not_read_to_its_end_may_have_arrived(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.transport.abort()

    request = RestRequest(method="POST", path="/order", body=b"x" * (1 << 20))
    async with raw_server(script) as address:
        with pytest.raises(TransportError) as caught:
            await transport.request(f"http://{address}", request, PATIENCE)
    assert caught.value.sent


async def test_refused_connection_sent_nothing(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nobody comes."""

    async with raw_server(script) as address:
        pass
    with pytest.raises(TransportError, match="cannot connect") as caught:
        await transport.request(f"http://{address}", get("/", f"signature={SECRET}"), PATIENCE)
    assert not caught.value.sent
    assert SECRET not in everything_said(caught.value)


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST_PEM)
    return context


async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


async def test_certificate_that_nobody_vouches_for_is_refused(transport):
    async with raw_server(answer_once, tls=server_tls()) as address:
        with pytest.raises(TransportError, match="certificate refused: self-signed certificate") as caught:
            await transport.request(f"https://{address}", get(), PATIENCE)
        assert not caught.value.sent
        with pytest.raises(TransportError, match="certificate refused: self-signed certificate"):
            await transport.connect(f"wss://{address}", {}, Heard(), PATIENCE)


async def test_certificate_of_another_host_is_refused():
    transport = SocketTransport(SystemClock(), tls=ssl.create_default_context(cafile=str(LOCALHOST_PEM)))
    async with raw_server(answer_once, tls=server_tls()) as address:
        port = address.partition(":")[2]
        answer = await transport.request(f"https://localhost:{port}", get(), PATIENCE)
        assert answer.status == 200
        with pytest.raises(TransportError, match="certificate refused") as caught:
            await transport.request(f"https://{address}", get(), PATIENCE)
        assert not caught.value.sent
        with pytest.raises(TransportError, match="certificate refused"):
            await transport.connect(f"wss://{address}", {}, Heard(), PATIENCE)
    await transport.close()


def test_context_that_does_not_verify_is_refused():
    careless = ssl.create_default_context()
    careless.check_hostname = False
    with pytest.raises(SettingsError, match="does not verify"):
        SocketTransport(SystemClock(), tls=careless)


async def test_tls_with_somebody_who_does_not_speak_it_sent_nothing(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp\r\n")

    async with raw_server(script) as address:
        with pytest.raises(TransportError, match="cannot connect") as caught:
            await transport.request(f"https://{address}", get(), PATIENCE)
    assert not caught.value.sent


async def test_compressed_answer_is_unpacked_and_bounded(transport):
    async def answer(request: web.Request) -> web.Response:
        body = gzip.compress(b"x" * int(request.query["n"]))
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async with web_server(answer) as url:
        assert (await transport.request(url, get("/", "n=100000"), PATIENCE)).body == b"x" * 100_000
        with pytest.raises(TransportError, match="longer than 1048576 bytes") as caught:
            await transport.request(url, get("/", "n=50000000"), PATIENCE)
        assert caught.value.sent


async def test_cancelled_request_leaves_no_connection_behind_that_would_be_reused(transport):
    arrived = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/slow":
            arrived.set()
            await asyncio.Event().wait()
        return web.Response(text=request.path)

    async with web_server(answer) as url:
        task = asyncio.create_task(transport.request(url, get("/slow"), PATIENCE))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await transport.request(url, get("/quick"), PATIENCE)).body == b"/quick"
    assert transport.stats.opened == 2


async def test_closed_transport_says_so_and_may_be_closed_again(transport):
    await transport.close()
    with pytest.raises(TransportError, match="closed") as caught:
        await transport.request("http://127.0.0.1:1", get(), PATIENCE)
    assert not caught.value.sent
    with pytest.raises(TransportError, match="closed"):
        await transport.connect("ws://127.0.0.1:1", {}, Heard(), PATIENCE)
    await transport.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "https://user:sesame@example.com",
        "http://0x7f.1",
        "ftp://127.0.0.1",
        "//127.0.0.1",
        "127.0.0.1:80",
        "https://",
        "https://[::1",
        "https://host:99999",
        "",
    ],
)
async def test_url_that_could_leak_keys_is_refused(transport, url):
    with pytest.raises(SettingsError) as caught:
        await transport.request(url, get(), PATIENCE)
    assert "sesame" not in str(caught.value)
    with pytest.raises(SettingsError):
        await transport.connect(url.replace("http", "ws"), {}, Heard(), PATIENCE)


@pytest.mark.parametrize(
    "url",
    ["https://api.example.com", "http://127.0.0.1:8080/x", "http://[::1]:80", "http://localhost", "http://127.9.9.9"],
)
def test_tls_and_this_machine_are_allowed(url):
    assert require_safe_url(url, "https", "http")


# ---- WebSocket


class Heard:
    """A listener that remembers, and lets a test wait for what it hears."""

    def __init__(self, on_frame: Callable[[bytes], None] | None = None) -> None:
        self.frames: list[bytes] = []
        self.views: list[memoryview] = []
        self.alive = 0
        self.closed: list[str] = []
        self._on_frame = on_frame
        self._changed = asyncio.Event()

    def on_frame(self, frame: memoryview) -> None:
        assert not self.closed, "nothing follows on_closed"
        assert isinstance(frame, memoryview)
        self.frames.append(bytes(frame))
        self._changed.set()
        if self._on_frame is not None:
            self._on_frame(self.frames[-1])

    def on_alive(self) -> None:
        assert not self.closed
        self.alive += 1
        self._changed.set()

    def on_closed(self, reason: str) -> None:
        self.closed.append(reason)
        self._changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def end(self) -> str:
        await self.until(lambda: self.closed)
        for _ in range(3):
            await asyncio.sleep(0)
        assert len(self.closed) == 1
        return self.closed[0]


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size = len(payload)
    if size < 126:
        return first + bytes([size]) + payload
    if size < 1 << 16:
        return first + b"\x7e" + size.to_bytes(2, "big") + payload
    return first + b"\x7f" + size.to_bytes(8, "big") + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    assert second & 0x80, "a client masks"
    size = second & 0x7F
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(size)
    return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, greeting: bytes = b"") -> str:
    """Complete the handshake, the greeting in the same segment; returns the client's request."""
    text = await head(reader)
    key = next(line.partition(": ")[2] for line in text.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324 (RFC 6455)
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + base64.b64encode(digest)
        + b"\r\n\r\n"
        + greeting
    )
    return text


def sends(*pieces: bytes) -> Script:
    """Be a venue that greets with these bytes in one segment, then reads until the client goes."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer, greeting=b"".join(pieces))
        await reader.read()

    return script


async def test_text_and_binary_go_both_ways(transport):
    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if isinstance(message.data, str):
                await socket.send_str(message.data)
            else:
                await socket.send_bytes(message.data)
        return socket

    heard = Heard()
    async with web_server(echo) as url:
        connection = await transport.connect(url.replace("http", "ws") + "/ws", {}, heard, PATIENCE)
        for message in ("text é", b"\x00\xff", "", b"x" * 70_000):
            connection.send(message)
        await heard.until(lambda: len(heard.frames) == 4)
        connection.close()
        assert await heard.end() == "closed by us"
    assert heard.frames == ["text é".encode(), b"\x00\xff", b"", b"x" * 70_000]
    with pytest.raises(TransportError, match="the connection has ended: closed by us"):
        connection.send("late")
    with pytest.raises(TransportError):
        connection.ping()
    connection.close()
    connection.abort()


async def test_handshake_carries_our_headers_and_offers_no_extension(transport):
    seen: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await upgrade(reader, writer))
        await reader.read()

    async with raw_server(script) as address:
        await transport.connect(f"ws://{address}/a%2Fb?token=T%3D,x", {"X-Key": "k"}, Heard(), PATIENCE)
    assert seen[0].startswith("GET /a%2Fb?token=T%3D,x HTTP/1.1\r\n")
    assert "X-Key: k\r\n" in seen[0]
    assert "extensions" not in seen[0].lower()


async def test_greeting_in_the_segment_of_the_handshake_is_heard(transport):
    heard = Heard()
    async with raw_server(sends(frame(TEXT, b"welcome"))) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        await heard.until(lambda: heard.frames)
    assert heard.frames == [b"welcome"]


async def test_fragments_become_one_message_with_a_ping_between_them(transport):
    answered: list[tuple[int, bytes]] = []
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces = [
            frame(TEXT, b"one ", fin=False),
            frame(CONTINUATION, b"two ", fin=False),
            frame(PING, b"echo me"),
            frame(CONTINUATION, b"three"),
            frame(BINARY, b"", fin=False),
            frame(CONTINUATION, b"x" * 70_000),
            frame(TEXT, b"whole"),
        ]
        await upgrade(reader, writer, greeting=b"".join(pieces))
        answered.append(await read_frame(reader))
        gone.set()

    heard = Heard()
    async with raw_server(script) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        await heard.until(lambda: len(heard.frames) == 3)
        await gone.wait()
    assert heard.frames == [b"one two three", b"x" * 70_000, b"whole"]
    assert answered == [(PONG, b"echo me")]
    assert heard.alive == 1


async def test_message_arriving_byte_by_byte_is_one_message(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        for byte in frame(TEXT, b"slowly " * 30):
            writer.write(bytes([byte]))
            await writer.drain()
        await reader.read()

    heard = Heard()
    async with raw_server(script) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        await heard.until(lambda: heard.frames)
    assert heard.frames == [b"slowly " * 30]


async def test_answer_to_our_ping_is_a_sign_of_life(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        opcode, payload = await read_frame(reader)
        assert opcode == PING
        writer.write(frame(PONG, payload))
        await reader.read()

    heard = Heard()
    async with raw_server(script) as address:
        connection = await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        connection.ping()
        await heard.until(lambda: heard.alive)
    assert heard.frames == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ((1008).to_bytes(2, "big") + b"too many", "closed by the venue: 1008 too many"),
        ((4001).to_bytes(2, "big"), "closed by the venue: 4001"),
        (b"", "closed by the venue: 0"),
    ],
)
async def test_close_of_the_venue_is_answered_and_told_with_its_reason(transport, payload, reason):
    answers: list[tuple[int, bytes]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(frame(CLOSE, payload) + frame(TEXT, b"after the end"))
        answers.append(await read_frame(reader))

    heard = Heard()
    async with raw_server(script) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        assert await heard.end() == reason
    assert heard.frames == []
    assert [opcode for opcode, _payload in answers] == [CLOSE]
    assert answers[0][1][:2] == payload[:2] or not payload


async def test_cut_line_is_told_as_such(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(frame(TEXT, b"last") + b"\x81")
        await writer.drain()

    heard = Heard()
    async with raw_server(script) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        assert await heard.end() == "cut without a close frame"
    assert heard.frames == [b"last"]


async def test_silent_peer_is_cut_at_once_by_abort(transport):
    """Half-open: the peer neither reads nor answers, and would not answer a close frame either."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await asyncio.Event().wait()

    heard = Heard()
    async with raw_server(script) as address:
        connection = await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        connection.ping()
        connection.abort()
        assert await heard.end() == "aborted by us"


class HastyClock(SystemClock):
    """Does at once what was planned for later."""

    __slots__ = ()

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        return super().call_at(self.monotonic_ns() + 1_000_000, callback)


async def test_peer_that_does_not_answer_our_close_is_cut():
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await asyncio.Event().wait()

    heard = Heard()
    transport = SocketTransport(HastyClock())
    async with raw_server(script) as address:
        connection = await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        connection.close()
        with pytest.raises(TransportError):
            connection.send("after close")
        assert await heard.end() == "closed by us"
    await transport.close()


async def test_peer_that_does_not_read_is_cut_before_memory_fills(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await asyncio.Event().wait()

    heard = Heard()
    sent = unread = 0
    async with raw_server(script) as address:
        connection = await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        assert isinstance(connection, _Socket)
        assert connection._transport is not None
        with pytest.raises(TransportError, match="left 262144 bytes unread"):  # noqa: PT012 (which of them is not known)
            while sent < 100 << 20:
                unread = max(unread, connection._transport.underlying_transport.get_write_buffer_size())
                connection.send(b"x" * 65_536)
                sent += 65_536
        assert await heard.end() == "the venue left 262144 bytes unread"
    assert sent < 32 << 20, "the kernel's buffers hold a few MiB"
    assert 262_144 - 2 * 65_536 < unread <= 262_144, "a burst below the limit is borne"


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([frame(TEXT, b"x" * (1 << 20) + b"x")], 1009),
        ([frame(TEXT, b"x" * (1 << 19), fin=False), frame(CONTINUATION, b"x" * (1 << 19) + b"x")], 1009),
        ([frame(TEXT, b"deflated", rsv=4)], 1002),
        ([frame(CONTINUATION, b"of nothing")], 1002),
        ([frame(TEXT, b"begun", fin=False), frame(TEXT, b"another")], 1002),
        ([frame(TEXT, b"begun", fin=False), frame(BINARY, b"another", fin=False)], 1002),
        ([frame(0x3, b"reserved opcode")], 1002),
        ([frame(PING, b"x", fin=False)], 1002),
        ([frame(TEXT)[:1] + b"\x80\x00\x00\x00\x00"], 1002),
    ],
    ids=[
        "too long",
        "too long in pieces",
        "compressed",
        "continuation of nothing",
        "message in a message",
        "fragment in a message",
        "opcode",
        "fragmented ping",
        "masked",
    ],
)
async def test_breach_of_the_protocol_ends_the_connection(transport, pieces, code):
    answers: list[tuple[int, bytes]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        for piece in (*pieces, frame(TEXT, b"never heard")):
            writer.write(piece)
        answers.append(await read_frame(reader))

    heard = Heard()
    async with raw_server(script) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        await heard.end()
    assert heard.frames == []
    assert [(opcode, int.from_bytes(payload[:2], "big")) for opcode, payload in answers] == [(CLOSE, code)]


async def test_longest_allowed_message_is_heard(transport):
    heard = Heard()
    longest = b"x" * (1 << 20)
    half = 1 << 19
    pieces = [frame(TEXT, longest), frame(TEXT, longest[:half], fin=False), frame(CONTINUATION, longest[half:])]
    async with raw_server(sends(*pieces)) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        await heard.until(lambda: len(heard.frames) == 2)
    assert heard.frames == [longest, longest]


@pytest.mark.parametrize("status", ["403 Forbidden", "429 Too Many Requests", "301 Moved Permanently"])
async def test_refused_handshake_names_the_status_and_nothing_secret(transport, status):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nLocation: ws://127.0.0.1:1/\r\n\r\n".encode())

    async with raw_server(script) as address:
        with pytest.raises(TransportError, match=f"refused with HTTP {status[:3]}") as caught:
            await transport.connect(f"ws://{address}/ws?token={SECRET}", {}, Heard(), PATIENCE)
    assert SECRET not in everything_said(caught.value)


async def test_answer_that_is_no_handshake_is_an_error_without_secrets(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"SMTP ready\r\n\r\n")

    async with raw_server(script) as address:
        with pytest.raises(TransportError, match="no WebSocket") as caught:
            await transport.connect(f"ws://{address}/ws?token={SECRET}", {}, Heard(), PATIENCE)
    assert SECRET not in everything_said(caught.value)


async def test_connection_cut_during_the_handshake_is_an_error(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)

    heard = Heard()
    async with raw_server(script) as address:
        with pytest.raises(TransportError, match="cut during the WebSocket handshake"):
            await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
    assert heard.closed == [], "it never was open"


async def test_nobody_listening_is_an_error(transport):
    async with raw_server(sends()) as address:
        pass
    with pytest.raises(TransportError) as caught:
        await transport.connect(f"ws://{address}", {}, Heard(), PATIENCE)
    assert not caught.value.sent


@pytest.mark.parametrize("how", ["timeout", "cancel"])
async def test_given_up_handshake_leaves_no_socket_open(transport, how):
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):  # given up before the head had arrived
            await head(reader)
        arrived.set()
        assert await reader.read() == b""
        gone.set()

    async with raw_server(script) as address:
        wait = IMPATIENCE if how == "timeout" else PATIENCE
        task = asyncio.create_task(transport.connect(f"ws://{address}", {}, Heard(), wait))
        if how == "timeout":
            with pytest.raises(TransportError, match=r"no WebSocket within 0\.05 s"):
                await task
        else:
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with asyncio.timeout(5):
            await gone.wait()


async def test_nothing_is_heard_after_an_abort_though_more_had_arrived(transport):
    connections: list[Connection] = []
    ready = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await ready.wait()
        writer.write(frame(TEXT, b"one") + frame(TEXT, b"two"))
        await reader.read()

    heard = Heard(lambda _frame: connections[0].abort())
    async with raw_server(script) as address:
        connections.append(await transport.connect(f"ws://{address}", {}, heard, PATIENCE))
        ready.set()
        assert await heard.end() == "aborted by us"
    assert heard.frames == [b"one"]


async def test_listener_that_fails_ends_the_connection_and_is_reported(transport):
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context.get("exception")))

    def fail(_frame: bytes) -> None:
        raise LookupError("a defect")

    heard = Heard(fail)
    async with raw_server(sends(frame(TEXT, b"one"), frame(TEXT, b"two"))) as address:
        await transport.connect(f"ws://{address}", {}, heard, PATIENCE)
        assert await heard.end() == "our listener failed: LookupError"
    assert [type(error) for error in reported] == [LookupError]
    assert heard.frames == [b"one"]


async def test_closing_the_transport_ends_every_connection(transport):
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        assert (await read_frame(reader))[0] == CLOSE
        writer.write(frame(CLOSE, (1000).to_bytes(2, "big")))

    heard = [Heard() for _ in range(3)]
    async with raw_server(script) as address:
        for each in heard:
            await transport.connect(f"ws://{address}", {}, each, PATIENCE)
        await transport.close()
        assert [each.closed for each in heard] == [["closed by us"]] * 3


async def test_connection_opened_while_the_transport_closes_is_given_up(transport):
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go_on.wait()
        await upgrade(reader, writer)
        await reader.read()

    async with raw_server(script) as address:
        task = asyncio.create_task(transport.connect(f"ws://{address}", {}, Heard(), PATIENCE))
        await arrived.wait()
        await transport.close()
        go_on.set()
        with pytest.raises(TransportError, match="closed"):
            await task
