"""The two kinds of database, behind one way to open, upgrade and write them.

SQLite: write-ahead log, synchronous=FULL, so that what was committed survives power loss and readers never wait.
PostgreSQL: as its server is set up; a server with `synchronous_commit = off` is told otherwise for our sessions.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, Table, create_engine, delete, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from arb_core.errors import JournalError, JournalUnavailable, SettingsError

__all__ = [
    "Forget",
    "Row",
    "connect",
    "current_revision",
    "in_memory",
    "reading",
    "refuse_newer",
    "told",
    "upgrade",
    "url_of",
    "write",
]


class Forget(NamedTuple):
    """Rows to be deleted: those below a bound, no more than `most` of them, the lowest first."""

    column: Column[int]
    below: int
    most: int


Row = tuple[Table, Mapping[str, object]] | Forget
"""One row to be written: inserted, or put in the place of the one with the same key."""

_MACOS = ("fullfsync=1", "checkpoint_fullfsync=1")
"""What fsync means elsewhere. Only macOS knows the difference."""

_WAL = 64 * 2**20
"""To how much the write-ahead log is cut back, after a reader held it open for long."""

_ALONE = {"pool_size": 1, "max_overflow": 0}
"""A writer has one connection, which holds the lock of the journal for as long as it lives."""

_CONNECTION = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Of libpq: s, and ms for the last. Else a connection that died silently is noticed after a quarter of an hour."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def url_of(place: str) -> URL:
    """Return the address of a journal: a file's name, or an address of a database.

    Raises:
        SettingsError: it is neither SQLite nor PostgreSQL.
    """
    if "://" not in place:
        return URL.create("sqlite", database=place)
    try:
        url = make_url(place)
    except ArgumentError as error:
        # The address is not shown: it may hold a password.
        raise SettingsError("not an address of a database", key="journal") from error
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsError(f"expected a file, sqlite:// or postgresql://, found {backend}://", key="journal")
    return url


def in_memory(url: URL) -> bool:
    """Whether the database lives in this process alone, for tests and simulations."""
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def connect(url: URL, *, read_only: bool = False) -> Engine:
    """Return an engine. SQLite transactions of a writer lock at once, so that none fails half-way."""
    if url.get_backend_name() != "sqlite":
        pool: dict[str, Any] = {"pool_pre_ping": True} if read_only else {"poolclass": QueuePool, **_ALONE}
        engine = create_engine(url, connect_args=_CONNECTION, **pool)
        event.listen(engine, "connect", _set_up_postgresql)
        return engine
    options: dict[str, Any] = {}
    if in_memory(url):
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _set_up_sqlite_reader if read_only else _set_up_sqlite)
    event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
    return engine


@contextmanager
def reading(engine: Engine) -> Generator[Connection]:
    """Ask a journal.

    Raises:
        JournalUnavailable: the database does not answer now.
        JournalError: it is damaged, or holds what is not understood.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise told(error, "read") from error
    except msgspec.MsgspecError as error:
        raise JournalError(f"the journal holds a record that is not understood: {error}") from error


def told(error: SQLAlchemyError, what: str) -> JournalError:
    """Return an error of the database in our words: whether waiting may help, or not; `what` is what it cannot be."""
    line = str(error).splitlines()[0]
    if isinstance(error, OperationalError | InterfaceError):
        return JournalUnavailable(f"the journal cannot be {what} now: {line}")
    return JournalError(f"the journal cannot be {what}: {line}")


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date. Raises as `refuse_newer`."""
    refuse_newer(connection)
    command.upgrade(_config(connection), "head")


def refuse_newer(connection: Connection) -> None:
    """Refuse a journal of a revision that is not known here: what its rows mean cannot be known either.

    Raises:
        JournalError: it is one.
    """
    revision = current_revision(connection)
    scripts = ScriptDirectory.from_config(_config(connection))
    if revision not in {None, *(script.revision for script in scripts.walk_revisions())}:
        newest = scripts.get_current_head()
        raise JournalError(
            f"the journal has revision {revision}, the newest that is known here is {newest}: a newer arb wrote it; "
            "upgrade arb-core, or name another place"
        )


def current_revision(connection: Connection) -> str | None:
    """Return the revision that the database stands at; None for one that is no journal."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def write(connection: Connection, rows: Iterable[Row]) -> int:
    """Write rows in their order; doing it twice does no more than once. Returns how many."""
    count = 0
    for row in rows:
        if isinstance(row, Forget):
            _forget(connection, row)
        else:
            table, values = row
            connection.execute(_statement(connection.dialect.name, table), values)
        count += 1
    return count


def _forget(connection: Connection, forget: Forget) -> None:
    column = forget.column
    bound = select(column).order_by(column).limit(1).offset(forget.most).scalar_subquery()
    # Where there are fewer rows, the bound is NULL.
    connection.execute(delete(column.table).where(column < forget.below, column < func.coalesce(bound, forget.below)))


@cache
def _statement(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the insertion that replaces; made once, for making it costs more than running it."""
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    keys = [column.name for column in table.primary_key]
    if table.name == "kills":
        # What a person cleared is not set again by an engine that has not heard of it.
        return insert.on_conflict_do_nothing(index_elements=keys)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=rest)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by the two functions below, not by sqlite3's guesses
    _set(connection, "journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", *_MACOS, f"journal_size_limit={_WAL}")


def _set_up_sqlite_reader(connection: Any, _: object) -> None:
    connection.isolation_level = None
    _set(connection, "query_only=1", "busy_timeout=5000")


def _set(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_up_postgresql(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = 'on'")
    connection.commit()


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
