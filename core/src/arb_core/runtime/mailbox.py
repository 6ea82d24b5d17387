"""Telling somebody slow without waiting: a bounded queue and a thread that calls.

A thread and not a turn of the event loop, because whoever is told may block: on the loop, one call of 20 ms would hold
up every message for 20 ms; on a thread it holds up none while it waits, and the interpreter takes turns while it
computes (docs/explanation/design.md has the measurement). One thread for each, so that a slow one delays no other.
"""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

__all__ = ["Mailbox"]

_LOG = logging.getLogger(__name__)

Broken = Callable[[str, BaseException], None]
"""Told, on the mailbox's thread, who raised and what."""


class Mailbox:
    """Calls plain functions one at a time, in the order in which they were put, on a thread of its own.

    Made and filled by one thread. What a function raises ends it: nothing more is called but `stop`.
    """

    def __init__(self, name: str, *, limit: int, stop: Callable[[], None], broken: Broken) -> None:
        """Keep at most `limit` calls waiting; `stop` is called last, on the thread."""
        self.name = name
        self.told = 0
        self.dropped = 0
        self.opened = False
        self.unplugged = False
        self._limit = limit
        self._stop = stop
        self._broken = broken
        self._queue: SimpleQueue[tuple[Callable[[Any], None], object] | None] = SimpleQueue()
        self._behind = False
        self._thread = threading.Thread(target=self._run, name=f"arb-{name}", daemon=True)

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return self._queue.qsize()

    def open(self) -> None:
        """Begin to call."""
        self.opened = True
        self._thread.start()

    def put(self, call: Callable[[Any], None], notice: object) -> None:
        """Have `call(notice)` called; dropped and counted where too many wait. Returns at once, never raises."""
        if self.unplugged:
            return
        waiting = self._queue.qsize()
        if waiting >= self._limit:
            self.dropped += 1
            if not self._behind:
                self._behind = True
                _LOG.warning(
                    "%s is too slow: %d notices wait, further ones are dropped and counted", self.name, waiting
                )
            return
        if self._behind and waiting < self._limit // 2:
            self._behind = False
            _LOG.warning("%s has caught up; %d notices were dropped so far", self.name, self.dropped)
        self.told += 1
        self._queue.put((call, notice))

    def close(self, patience_s: float) -> bool:
        """Call what waits, then `stop`, and end. Blocks up to `patience_s`; returns whether it ended within it."""
        self._queue.put(None)
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        get = self._queue.get
        try:
            while (item := get()) is not None:
                call, notice = item
                call(notice)
                # Not kept until the next one comes.
                del item, call, notice
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a stranger's code: everything goes on without it)
            self._unplug(error)
        try:
            self._stop()
        except (Exception, SystemExit) as error:  # noqa: BLE001 (as above)
            self._unplug(error)

    def _unplug(self, error: BaseException) -> None:
        self.unplugged = True
        while True:
            try:
                self._queue.get_nowait()
            except Empty:
                break
        self._broken(self.name, error)
