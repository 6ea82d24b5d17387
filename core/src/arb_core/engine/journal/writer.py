"""The one who commits: a thread that takes what waits and commits it together, or, on virtual time, the caller itself.

Three kinds of entries, by what a failure means:

- an intent is refused: its caller is told, and nothing is sent;
- a record of what happened is kept and tried again until it is in the database;
- an episode may be dropped when too many wait, and is counted.

An entry that no database takes (`Unrecordable`) is left out and told, whatever its kind: it would hold up all others
for ever. Entries that failed together are therefore written one by one then.

While the last commit failed, more records wait than `backlog`, or a commit does not come to an end, `fault` says so and
intents are refused before they are even queued. The writer then goes on trying by itself. It knows no database:
`commit` is handed in.
"""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from arb_core.engine.journal.records import WriterStats
from arb_core.errors import JournalUnavailable, Unrecordable
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.latency import LatencyHistogram

__all__ = ["Done", "InlineWriter", "ThreadWriter", "Writer"]

RowT = TypeVar("RowT")

Done = Callable[[JournalUnavailable | None], None]
"""Told when an entry is committed (None) or refused; called on the writer's thread."""

_TOGETHER = 256
"""Entries in one transaction: enough to share one fsync, few enough that the first does not wait for the last."""


_PATIENCE_NS = 2_000_000_000
"""A commit that takes longer is not slow but stuck, as one over a connection that died silently: whoever waits for it
does, but nobody joins them."""


class _Entry(Generic[RowT]):
    __slots__ = ("done", "kept", "rows")

    def __init__(self, rows: Sequence[RowT], done: Done | None, *, kept: bool) -> None:
        self.rows = rows
        self.done = done
        self.kept = kept


class Writer(ABC, Generic[RowT]):
    """What both writers share: the queue, the counts and what a failure does."""

    def __init__(
        self,
        commit: Callable[[Sequence[RowT]], None],
        trial: Callable[[], Sequence[RowT]],
        *,
        on_fault: Callable[[str | None], None] | None = None,
        on_loss: Callable[[Unrecordable], None] | None = None,
        backlog: int = 10_000,
        patience_ns: int = _PATIENCE_NS,
    ) -> None:
        """Commit with `commit`; `trial` makes rows that show whether it works again.

        `commit` raises `Unrecordable` where the rows themselves are at fault.
        """
        self._commit = commit
        self._trial = trial
        self._on_fault = on_fault
        self._on_loss = on_loss
        self._backlog = backlog
        self._waiting: deque[_Entry[RowT]] = deque()
        self._commits = self._rows = self._failures = self._dropped = self._lost = 0
        self._error: str | None = None
        self._patience_ns = patience_ns
        self._began_ns: int | None = None
        """When the commit that is under way began."""
        self._monotonic_ns = SystemClock().monotonic_ns  # a disk is as slow as it is, whatever time a test has
        self.latency = LatencyHistogram()
        """Of commits that worked."""

    @property
    def fault(self) -> str | None:
        """Why nothing new may be intended, None while all is well."""
        if self._error is not None:
            return self._error
        if len(self._waiting) > self._backlog:
            return f"{len(self._waiting)} records wait for the database"
        began_ns = self._began_ns  # the other thread may end the commit at any moment
        if began_ns is not None and (busy_ns := self._monotonic_ns() - began_ns) > self._patience_ns:
            return f"the database has not answered for {busy_ns / 1e9:.1f} s"
        return None

    def stats(self) -> WriterStats:
        """Return the counts."""
        return WriterStats(
            commits=self._commits,
            rows=self._rows,
            failures=self._failures,
            waiting=len(self._waiting),
            dropped=self._dropped,
            lost=self._lost,
        )

    def intend(self, rows: Sequence[RowT], done: Done) -> None:
        """Commit and tell, or refuse.

        Raises:
            JournalUnavailable: at once, while there is a fault.
        """
        if (fault := self.fault) is not None:
            raise JournalUnavailable(fault)
        self._add(_Entry(rows, done, kept=False))

    def record(self, rows: Sequence[RowT], done: Done | None = None) -> None:
        """Commit sooner or later; `done` is told when it is."""
        self._add(_Entry(rows, done, kept=True))

    def offer(self, rows: Sequence[RowT]) -> None:
        """Commit if there is room."""
        if self._error is not None or len(self._waiting) >= self._backlog // 2:
            self._dropped += 1
            return
        self._add(_Entry(rows, None, kept=False))

    @abstractmethod
    def close(self) -> int:
        """Commit what waits, if that works, and end. Returns how many entries were lost."""

    @abstractmethod
    def _add(self, entry: _Entry[RowT]) -> None:
        """Take an entry, to be committed now or soon."""

    def _write(self, entries: Sequence[_Entry[RowT]]) -> list[_Entry[RowT]]:
        """Commit entries together. Returns those that have to wait for a better moment."""
        rows = [row for entry in entries for row in entry.rows] or self._trial()
        began_ns = self._began_ns = self._monotonic_ns()
        try:
            self._commit(rows)
        except Unrecordable as error:
            return self._write_apart(entries, error)
        except Exception as error:  # noqa: BLE001 (whatever the driver raises: it is told, and nothing is sent)
            self._failures += 1
            self._say(f"{type(error).__name__}: {(str(error) or 'no reason given').splitlines()[0]}")
            return self._refuse(entries)
        finally:
            self._began_ns = None
        self.latency.add(self._monotonic_ns() - began_ns)
        self._commits += 1
        self._rows += len(rows)
        self._say(None)
        for entry in entries:
            if entry.done is not None:
                entry.done(None)
        return []

    def _write_apart(self, entries: Sequence[_Entry[RowT]], error: Unrecordable) -> list[_Entry[RowT]]:
        """Find the one that no database takes, and leave it out. Returns as `_write`."""
        if len(entries) == 1:
            (entry,) = entries
            self._lost += 1
            if entry.done is not None:
                entry.done(error)
            if self._on_loss is not None:
                self._on_loss(error)
            return []
        left: list[_Entry[RowT]] = []
        for entry in entries:
            # Behind one that has to wait, all wait: an older word on an order must not come after a newer one.
            left += self._refuse([entry]) if left else self._write([entry])
        return left

    def _refuse(self, entries: Iterable[_Entry[RowT]]) -> list[_Entry[RowT]]:
        """Tell the intents among some entries that they are not on record, drop the episodes, return the rest."""
        rest: list[_Entry[RowT]] = []
        for entry in entries:
            if entry.kept:
                rest.append(entry)
            elif entry.done is not None:
                entry.done(JournalUnavailable(self._error or "the journal cannot be written"))
            else:
                self._dropped += 1
        return rest

    def _say(self, error: str | None) -> None:
        changed = (error is None) != (self._error is None)
        self._error = error
        if changed and self._on_fault is not None:
            self._on_fault(error)


class InlineWriter(Writer[RowT]):
    """Commits inside each call: the same calls always give the same database."""

    def close(self) -> int:
        """Try once more."""
        self._waiting.extend(self._write([self._waiting.popleft() for _ in range(len(self._waiting))]))
        return len(self._waiting)

    def try_again(self) -> None:
        """Find out whether the database is back."""
        self.close()

    def _add(self, entry: _Entry[RowT]) -> None:
        self._waiting.append(entry)
        self.close()


class ThreadWriter(Writer[RowT]):
    """Commits on a thread of its own: only who awaits an intent waits for the disk."""

    def __init__(
        self,
        commit: Callable[[Sequence[RowT]], None],
        trial: Callable[[], Sequence[RowT]],
        *,
        on_fault: Callable[[str | None], None] | None = None,
        on_loss: Callable[[Unrecordable], None] | None = None,
        backlog: int = 10_000,
        patience_ns: int = _PATIENCE_NS,
        retry_s: float = 0.5,
    ) -> None:
        """Start the thread. After a failure it tries again every `retry_s` seconds."""
        super().__init__(commit, trial, on_fault=on_fault, on_loss=on_loss, backlog=backlog, patience_ns=patience_ns)
        self._retry_s = retry_s
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="arb-journal", daemon=True)
        self._thread.start()

    def close(self) -> int:
        """Let the thread commit what waits, try once more where that fails, and end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        return len(self._waiting)

    def _add(self, entry: _Entry[RowT]) -> None:
        with self._wake:
            self._waiting.append(entry)
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._error is not None and not self._closing:
                    self._wake.wait_for(lambda: self._closing, self._retry_s)
                elif not self._waiting:
                    self._wake.wait_for(lambda: self._waiting or self._closing)
                if self._closing and not self._waiting:
                    return
                entries = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER))]
            left = self._write(entries)
            with self._wake:
                if self._error is not None:
                    # Intents that came meanwhile are refused too: who waits for a disk that is full waits for nothing.
                    self._waiting = deque(self._refuse(self._waiting))
                self._waiting.extendleft(reversed(left))
                if left and self._closing:
                    return
