"""One engine's life: it ends at the n-th step of its tasks, and from then on neither venue nor journal hears of it.

What the journal had not committed is lost; a request that had left arrives at its venue all the same, and nobody hears
the answer. The tasks themselves are then cancelled: whatever they still try has no way out.
"""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from types import TracebackType
from typing import Any

from arb_core.engine.journal.database import Row
from arb_core.engine.journal.writer import Done, InlineWriter
from arb_core.errors import JournalUnavailable
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_core.runtime.transport import Connection, Listener, TransportError
from arb_sim.memory import MemoryTransport

__all__ = ["Life", "LossyWriter", "Wire"]


class _Counted(Coroutine[Any, Any, Any]):
    """A coroutine whose every step its life counts."""

    def __init__(self, inner: Coroutine[Any, Any, Any], life: "Life") -> None:
        self._inner = inner
        self._life = life

    def send(self, value: Any) -> Any:
        self._life.step()
        return self._inner.send(value)

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Any:
        self._life.step()
        return self._inner.throw(kind) if value is None else self._inner.throw(kind, value, trace)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise AssertionError("a task only sends and throws")


class Life:
    """Counts steps; `over` is set at the last one."""

    def __init__(self, steps: int | None) -> None:
        self._steps = steps
        self.taken = 0
        self.over = asyncio.Event()

    @property
    def dead(self) -> bool:
        return self.over.is_set()

    def step(self) -> None:
        self.taken += 1
        if self.taken == self._steps:
            self.over.set()

    def task(self, loop: asyncio.AbstractEventLoop, work: Any, **names: Any) -> "asyncio.Task[Any]":
        """Begin a task; the loop's task factory."""
        return asyncio.Task(_Counted(work, self), loop=loop, **names)


class LossyWriter(InlineWriter[Row]):
    """Commits a moment later, whatever waits by then together: an intent soon, what happened some time.

    A crash that comes before takes it all away; one that comes just after leaves an intent on record of which nobody
    was told that it is.
    """

    def begin(self, life: Life, intent_s: float, record_s: float) -> None:
        """Say whose life it is, and how long each takes."""
        self._life = life
        self._intent_s = intent_s
        self._record_s = record_s
        self._pending: list[tuple[Sequence[Row], Done | None]] = []

    def intend(self, rows: Sequence[Row], done: Done) -> None:
        if self._life.dead:
            raise JournalUnavailable("the process has died")
        self._later(rows, done, self._intent_s)

    def record(self, rows: Sequence[Row], done: Done | None = None) -> None:
        if not self._life.dead:
            self._later(rows, done, self._record_s)

    def offer(self, rows: Sequence[Row]) -> None:
        if not self._life.dead:
            super().offer(rows)

    def _later(self, rows: Sequence[Row], done: Done | None, seconds: float) -> None:
        self._pending.append((rows, done))
        asyncio.get_running_loop().call_later(seconds, self.flush)

    def flush(self) -> None:
        """Commit what waits."""
        pending, self._pending = self._pending, []
        if not pending or self._life.dead:
            return

        def told(error: JournalUnavailable | None) -> None:
            for _, done in pending:
                if done is not None:
                    done(error)

        super().record([row for rows, _ in pending for row in rows], told)


class _Ear:
    """A listener that hears nothing once its life is over."""

    def __init__(self, inner: Listener, life: Life) -> None:
        self._inner = inner
        self._life = life

    def on_frame(self, frame: memoryview) -> None:
        if not self._life.dead:
            self._inner.on_frame(frame)

    def on_alive(self) -> None:
        if not self._life.dead:
            self._inner.on_alive()

    def on_closed(self, reason: str) -> None:
        self._inner.on_closed(reason)


class _Line:
    """One end of a socket, through which nothing goes once its life is over."""

    def __init__(self, inner: Connection, life: Life) -> None:
        self._inner = inner
        self._life = life

    def send(self, frame: str | bytes) -> None:
        if not self._life.dead:
            self._inner.send(frame)

    def ping(self) -> None:
        if not self._life.dead:
            self._inner.ping()

    def close(self) -> None:
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()


class Wire:
    """A transport for one life over the one that the venues stand behind."""

    def __init__(self, inner: MemoryTransport, life: Life) -> None:
        self.stats = inner.stats
        self._inner = inner
        self._life = life
        self._lines: list[Connection] = []
        self._loop = asyncio.get_running_loop()
        self.under_way: set[asyncio.Task[RestAnswer]] = set()
        """Requests that have left: they go on without whoever sent them."""

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        self._live()
        left = asyncio.Task(self._inner.request(base_url, request, timeout_ns), loop=self._loop)
        self.under_way.add(left)
        left.add_done_callback(self._arrived)
        answer = await asyncio.shield(left)
        self._live()
        return answer

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        self._live()
        line = _Line(await self._inner.connect(url, headers, _Ear(listener, self._life), timeout_ns), self._life)
        self._lines.append(line)
        return line

    async def close(self) -> None:
        for line in self._lines:
            line.abort()

    def _arrived(self, left: "asyncio.Task[RestAnswer]") -> None:
        self.under_way.discard(left)
        if not left.cancelled():
            left.exception()  # nobody may be left who waits for it

    def _live(self) -> None:
        if self._life.dead:
            raise TransportError("the process has died", sent=False)
