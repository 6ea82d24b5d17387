"""The two kinds of database, behind one way to open, upgrade and write them.

SQLite: write-ahead log, synchronous=FULL, so that what was committed survives power loss and readers never wait.
PostgreSQL: as its server is set up; a server with `synchronous_commit = off` is told otherwise for our sessions.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from arb_core.errors import SettingsError

__all__ = ["Row", "connect", "current_revision", "in_memory", "upgrade", "url_of", "write"]

Row = tuple[Table, Mapping[str, object]]
"""One row to be written: inserted, or put in the place of the one with the same key."""

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
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
    return engine


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date."""
    command.upgrade(_config(connection), "head")


def current_revision(connection: Connection) -> str | None:
    """Return the revision that the database stands at; None for one that is no journal."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def write(connection: Connection, rows: Iterable[Row]) -> int:
    """Write rows in their order; doing it twice does no more than once. Returns how many."""
    count = 0
    for table, values in rows:
        connection.execute(_statement(connection.dialect.name, table), values)
        count += 1
    return count


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
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
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
