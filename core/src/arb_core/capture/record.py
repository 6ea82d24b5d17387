"""Records what venues say while they say it: a `Transport` around another one, and the thread that writes.

Entered by `arb record`, one `RecordingTransport` for each exchange, all sharing one `Recorder`. The event loop never
waits for the disk: lines go through a bounded queue to one thread. If the disk cannot keep up the capture ends there,
whole up to that line, with a note of how much it lacks; one with a hole would replay as a market that never was.

Secrets never reach the file. Only answers to GET requests without credentials are kept, URLs are scrubbed, and what the
client says on a connection that was opened with headers or a token is left out.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from arb_core.capture.format import CaptureWriter, Close, Frame, Header, Line, Note, Open, Rest, Sent
from arb_core.errors import CaptureError
from arb_core.interfaces.context import Clock, RestAnswer, RestRequest
from arb_core.runtime.transport import Connection, Listener, Transport, TransportStats

__all__ = ["Recorder", "RecordingTransport", "scrub"]

_LINES = 65_536
"""Lines the queue holds: some seconds of hundreds of busy books, some tens of MB."""

_PLAIN_HEADERS = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})
_SECRET_NAME = re.compile(r"sign|key|token|secret|pass|nonce|auth|ticket|session|credential", re.IGNORECASE)
_TOKEN = re.compile(r"(?=.*[0-9])[A-Za-z0-9_\-+=.%]{24,}")
"""Listen keys and tokens are long and have digits; the names of streams are cut by `@`, `/` and `,`."""

_HIDDEN = "..."


def scrub(url: str) -> str:
    """Return a URL that may be shown: user, password and whatever is named or looks like a secret are left out."""
    parts = urlsplit(url)
    path = "/".join(_HIDDEN if _looks_secret(part) else part for part in parts.path.split("/"))
    query = "&".join(_scrub_parameter(part) for part in parts.query.split("&")) if parts.query else ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{path}" + (f"?{query}" if query else "")


def _scrub_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if not equals:
        return _HIDDEN if _looks_secret(name) else name
    secret = _SECRET_NAME.search(name) or any(_looks_secret(part) for part in re.split(r"[/,@]|%2[CF]", value))
    return f"{name}={_HIDDEN}" if secret else parameter


def _looks_secret(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


class Recorder:
    """Owns the file and its thread.

    Raises:
        CaptureError: at construction, when the file cannot be made; from `close`, when the disk refused a line.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        clock: Clock,
        *,
        queue_limit: int = _LINES,
        on_ended: Callable[[str], None] | None = None,
    ) -> None:
        """Make the file and start the thread. `on_ended` is told, on the loop, why a capture ended before `close`."""
        self.lines = 0
        """Lines taken."""
        self.dropped = 0
        """Lines that came after the end: more than 0 means that the capture ended early."""
        self.left_out = 0
        """Requests and messages kept out because they bear credentials, or are no text."""
        self._clock = clock
        self._limit = queue_limit
        self._on_ended = on_ended
        self._ended: str | None = None
        self._closed = False
        self._last_ns = 0
        self._failure: OSError | None = None
        self._queue: SimpleQueue[Line | None] = SimpleQueue()
        self._writer = CaptureWriter(path, header)
        self._thread = Thread(target=self._write, name=f"capture {path.name}", daemon=True)
        self._thread.start()

    def now_ns(self) -> int:
        """Return the time for the next line: that of the clock, but never before the last line."""
        self._last_ns = max(self._last_ns, self._clock.now_ns())
        return self._last_ns

    def put(self, line: Line) -> None:
        """Take one line; never waits. Once the queue was full the capture has ended and lines are only counted.

        After `close` nothing is taken, so that the end of a recording does not read as the end of its connections.
        """
        if self._closed:
            return
        if self._ended is not None:
            self.dropped += 1
        elif self._failure is not None:
            self._end(f"the disk refused a line: {self._failure.strerror or self._failure}")
        elif self._queue.qsize() >= self._limit:
            self._end(f"the disk could not keep up: {self._limit} lines were waiting")
        else:
            self.lines += 1
            self._queue.put(line)

    async def close(self) -> None:
        """Write what waits, finish the file and wait for the thread. Called before the transports are closed."""
        if self._closed:
            return
        self._closed = True
        if self._ended is not None:
            text = f"ended early: {self._ended}; {self.dropped} further lines are not in this file"
            self._queue.put(Note(ns=self._last_ns, exchange="", text=text))
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._failure is not None:
            reason = self._failure.strerror or str(self._failure)
            raise CaptureError(f"not written whole: {reason}", path=str(self._writer.path)) from self._failure

    def _end(self, reason: str) -> None:
        self._ended = reason
        self.dropped += 1
        if self._on_ended is not None:
            self._on_ended(reason)

    def _write(self) -> None:
        """The thread: one line after the other until the None of `close`."""
        while (line := self._queue.get()) is not None:
            if self._failure is None:
                try:
                    self._writer.write(line)
                except OSError as error:
                    self._failure = error
        try:
            self._writer.close()
        except OSError as error:
            self._failure = self._failure or error


class RecordingTransport(Transport):
    """Another transport, with everything public that passes through it put on record.

    Wrap the transport of public sessions only: what a private one pushes cannot be told from market data here.
    """

    def __init__(self, inner: Transport, recorder: Recorder, exchange: str) -> None:
        """Record `inner` under the id of an exchange."""
        self._inner = inner
        self._recorder = recorder
        self._exchange = exchange
        self._opened = 0

    @property
    def stats(self) -> TransportStats:
        return self._inner.stats

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        answer = await self._inner.request(base_url, request, timeout_ns)
        url = f"{base_url.rstrip('/')}{request.path}" + (f"?{request.query}" if request.query else "")
        try:
            body = answer.body.decode()
        except UnicodeDecodeError:
            self._recorder.left_out += 1
            return answer
        if _is_public(request) and scrub(url) == url:
            self._recorder.put(
                Rest(
                    ns=self._recorder.now_ns(),
                    exchange=self._exchange,
                    method=request.method,
                    url=url,
                    status=answer.status,
                    body=body,
                )
            )
        else:
            self._recorder.left_out += 1
        return answer

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        self._opened += 1
        conn = f"{self._exchange}-{self._opened}"
        heard = _Heard(listener, self._recorder, self._exchange, conn)
        connection = await self._inner.connect(url, headers, heard, timeout_ns)
        shown = scrub(url)
        heard.begin(shown)
        plain = shown == url and {name.lower() for name in headers} <= _PLAIN_HEADERS
        return _Spoken(connection, self._recorder, self._exchange, conn, plain=plain)

    async def close(self) -> None:
        await self._inner.close()


def _is_public(request: RestRequest) -> bool:
    """Whether a request bears no credentials, as far as method, body and headers tell; the URL is looked at apart."""
    return request.method == "GET" and not request.body and {name.lower() for name in request.headers} <= _PLAIN_HEADERS


class _Heard(Listener):
    """Notes what a connection hears, and passes it on.

    Frames may arrive before `connect` has returned; the line that opens the connection goes before them all the same.
    """

    def __init__(self, listener: Listener, recorder: Recorder, exchange: str, conn: str) -> None:
        self._listener = listener
        self._recorder = recorder
        self._exchange = exchange
        self._conn = conn
        self._begun = False
        self._early: list[bytes] = []

    def begin(self, url: str) -> None:
        """Put the opening on record, then what came before it."""
        self._begun = True
        opened = Open(ns=self._recorder.now_ns(), exchange=self._exchange, conn=self._conn, url=url)
        self._recorder.put(opened)
        for frame in self._early:
            self._put(frame)
        self._early.clear()

    def on_frame(self, frame: memoryview) -> None:
        # The memory is valid during this call only.
        whole = bytes(frame)
        if self._begun:
            self._put(whole)
        else:
            self._early.append(whole)
        self._listener.on_frame(frame)

    def on_alive(self) -> None:
        self._listener.on_alive()

    def on_closed(self, reason: str) -> None:
        if self._begun:
            self._recorder.put(Close(ns=self._recorder.now_ns(), exchange=self._exchange, conn=self._conn))
        self._listener.on_closed(reason)

    def _put(self, frame: bytes) -> None:
        ns = self._recorder.now_ns()
        try:
            text = frame.decode()
        except UnicodeDecodeError:
            self._recorder.put(Frame(ns=ns, exchange=self._exchange, conn=self._conn, base64=frame))
        else:
            self._recorder.put(Frame(ns=ns, exchange=self._exchange, conn=self._conn, text=text))


class _Spoken(Connection):
    """Notes what a client says on a connection without credentials."""

    def __init__(self, inner: Connection, recorder: Recorder, exchange: str, conn: str, *, plain: bool) -> None:
        self._inner = inner
        self._recorder = recorder
        self._exchange = exchange
        self._conn = conn
        self._plain = plain

    def send(self, frame: str | bytes) -> None:
        self._inner.send(frame)
        if self._plain and isinstance(frame, str):
            ns = self._recorder.now_ns()
            self._recorder.put(Sent(ns=ns, exchange=self._exchange, conn=self._conn, text=frame))
        else:
            self._recorder.left_out += 1

    def ping(self) -> None:
        self._inner.ping()

    def close(self) -> None:
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()
