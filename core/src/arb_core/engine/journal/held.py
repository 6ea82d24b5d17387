"""A lock file that says who holds it: the operating system lets go of it when the process ends, however it ends.

The number of the process stands in a file beside the lock, and counts only while the lock is held: one that a crash
left behind says nothing.
"""

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["Held", "HeldByAnother"]


class HeldByAnother(Exception):
    """Somebody else holds the lock."""

    def __init__(self, pid: int | None) -> None:
        """Name the process; None where it does not say."""
        super().__init__(f"another process{'' if pid is None else f', pid {pid},'}")
        self.pid = pid


class Held:
    """Held from construction until `release`.

    Raises:
        HeldByAnother: somebody else has it.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock at once or not at all."""
        self._lock = FileLock(path, timeout=0, thread_local=False)
        self._holder = path.with_name(f"{path.name}.pid")
        try:
            self._lock.acquire()
        except Timeout as error:
            raise HeldByAnother(_pid(self._holder)) from error
        self._holder.write_text(f"{os.getpid()}\n")

    def release(self) -> None:
        """Let go; harmless if done before."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._holder.unlink()
            self._lock.release()


def _pid(holder: Path) -> int | None:
    try:
        return int(holder.read_text())
    except (OSError, ValueError):
        return None
