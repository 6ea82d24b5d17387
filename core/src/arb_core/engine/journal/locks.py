"""One process for one key: two of them on one account would spend the same money and mix up each other's orders.

The lock is advisory and of this machine: a file held open, which the operating system lets go of when the process ends,
however it ends. `Journal` holds a second one over itself; on PostgreSQL that one is seen by every machine.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from arb_core.engine.journal.held import Held, HeldByAnother
from arb_core.errors import KeyInUse
from arb_core.runtime.fingerprint import fingerprint_of
from arb_core.runtime.folders import state_folder

__all__ = ["KeyLock", "fingerprint_of", "lock_folder"]


def lock_folder() -> Path:
    """Return where the locks of this user lie."""
    return state_folder() / "locks"


class KeyLock:
    """Held from construction until `release`, or as a context.

    Raises:
        KeyInUse: another process, or another lock of this one, holds it.
    """

    def __init__(self, folder: Path, exchange: str, fingerprint: str) -> None:
        """Take the lock of one key of one exchange, at once or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{exchange}-{fingerprint}.lock"
        try:
            self._lock = Held(path)
        except HeldByAnother as error:
            told = f"the key {fingerprint} is in use by {error} which holds {path}"
            raise KeyInUse(told, exchange=exchange, fingerprint=fingerprint, where=str(path), pid=error.pid) from error

    def release(self) -> None:
        """Let go; harmless if done before."""
        self._lock.release()

    def __enter__(self) -> Self:
        """Hold it for a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        self.release()
