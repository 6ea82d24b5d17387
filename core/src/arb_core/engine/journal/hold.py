"""One writer for one journal. Entered by `Journal` as it opens, and on PostgreSQL with every new connection.

A file: a lock beside it, which the operating system lets go of when the process ends; and a look before each commit
whether it is still that file, for nobody finds what is written to one that was deleted or replaced. PostgreSQL: an
advisory lock of the connection that writes, seen by every machine. A server that was lost has forgotten it, so whoever
connects again asks for it again, and writes nothing if somebody else has taken the journal over meanwhile.
"""

import logging
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from arb_core.engine.journal.database import in_memory
from arb_core.engine.journal.held import Held, HeldByAnother
from arb_core.errors import JournalError, JournalInUse

__all__ = ["Hold", "hold"]

_LOG = logging.getLogger(__name__)


class Hold:
    """What keeps every other process from writing a journal."""

    def check(self) -> None:
        """Raise `JournalError` where what is written now would not be found again."""

    def release(self) -> None:
        """Let go."""


class _FileHold(Hold):
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        try:
            self._lock = Held(Path(f"{path}.lock"))
        except HeldByAnother as error:
            raise JournalInUse(f"{path} is written by {error}", pid=error.pid) from error
        except OSError as error:
            raise JournalError(f"{path} cannot be written: {error.strerror or error}") from error

    def check(self) -> None:
        try:
            found = self._path.stat()
        except OSError as error:
            raise JournalError(f"{self._path} is gone: {error.strerror or error}") from error
        file = found.st_dev, found.st_ino
        self._file = self._file or file
        if file != self._file:
            raise JournalError(f"{self._path} was replaced by another file")

    def release(self) -> None:
        self._lock.release()


def hold(engine: Engine) -> Hold:
    """Keep every other process from writing the journal behind this engine.

    Raises:
        JournalError: another process writes it, or its file cannot be written.
    """
    if engine.dialect.name == "sqlite":
        return Hold() if in_memory(engine.url) else _FileHold(Path(str(engine.url.database)).resolve())
    event.listen(engine, "connect", _lock)
    event.listen(engine, "close", _unlock)
    engine.connect().close()
    return Hold()


def _lock(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        schema, number = _name(cursor)
        (held,) = cursor.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchone()
        (fsync,) = cursor.execute("SHOW fsync").fetchone()
    connection.commit()
    if fsync == "off":
        _LOG.warning("the journal's server runs with fsync = off: what it commits may not survive a power cut")
    if not held:
        raise JournalInUse(f"the journal in {schema} is written by another process", pid=None)


def _unlock(connection: Any, _: object) -> None:
    # The server notices the end of a connection a little later than whoever ended it.
    with suppress(Exception), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def _name(cursor: Any) -> tuple[str, int]:
    """Name the schema in which the journal's tables are, and the lock over it."""
    (schema,) = cursor.execute("SELECT current_database() || '.' || current_schema()").fetchone()
    return schema, int.from_bytes(blake2b(f"arb {schema}".encode(), digest_size=8).digest(), signed=True)
