"""One writer for one journal. Entered by `Journal` as it opens, and on PostgreSQL with every new connection.

A file: a lock beside it, which the operating system lets go of when the process ends. PostgreSQL: an advisory lock of
the connection that writes, seen by every machine. A server that was lost has forgotten it, so whoever connects again
asks for it again, and writes nothing if somebody else has taken the journal over meanwhile.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Engine, event

from arb_core.engine.journal.database import in_memory
from arb_core.errors import JournalError

__all__ = ["hold"]


def hold(engine: Engine) -> Callable[[], None]:
    """Keep every other process from writing the journal behind this engine. Returns what lets go.

    Raises:
        JournalError: another process writes it, or its file cannot be written.
    """
    if engine.dialect.name == "sqlite":
        if in_memory(engine.url):
            return lambda: None
        return _hold_file(Path(str(engine.url.database)).resolve())
    event.listen(engine, "connect", _lock)
    event.listen(engine, "close", _unlock)
    engine.connect().close()
    return lambda: None


def _hold_file(path: Path) -> Callable[[], None]:
    lock = FileLock(f"{path}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise JournalError(f"{path} is written by another process") from error
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror or error}") from error
    return lock.release


def _lock(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        schema, number = _name(cursor)
        (held,) = cursor.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchone()
    connection.commit()
    if not held:
        raise JournalError(f"the journal in {schema} is written by another process")


def _unlock(connection: Any, _: object) -> None:
    # The server notices the end of a connection a little later than whoever ended it.
    with suppress(Exception), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def _name(cursor: Any) -> tuple[str, int]:
    """Name the schema in which the journal's tables are, and the lock over it."""
    (schema,) = cursor.execute("SELECT current_database() || '.' || current_schema()").fetchone()
    return schema, int.from_bytes(blake2b(f"arb {schema}".encode(), digest_size=8).digest(), signed=True)
