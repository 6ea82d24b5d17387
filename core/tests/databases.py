"""Places for a journal, for every suite that keeps one: a file, or a database of a PostgreSQL server that runs.

The conftest of such a suite takes the fixtures over:

    sys.path.insert(0, ...core/tests)
    from databases import place, postgres

`tests/house/postgres.py` starts a server and runs a command beside it; without one the tests marked `postgres` skip.
"""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

__all__ = ["Postgres", "place", "postgres"]


class Postgres:
    """A server that belongs to these tests: they may stop it."""

    def __init__(self, address: str, control: str) -> None:
        self._address = address
        self._control = shlex.split(control)

    def address(self, database: str) -> str:
        """Return the address of one of its databases."""
        return self._address % database

    def create(self, database: str) -> str:
        """Make a database; return its address."""
        import psycopg

        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.address(database)

    def stop(self) -> None:
        """Lose it, as by a power cut: nobody is said goodbye to."""
        subprocess.run([*self._control, "stop"], check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Bring it back; returns when it answers."""
        subprocess.run([*self._control, "start"], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """The server that runs beside these tests."""
    address, control = os.environ.get("ARB_POSTGRES"), os.environ.get("ARB_POSTGRES_CTL")
    if address is None or control is None:
        reason = os.environ.get("ARB_NO_POSTGRES", "start one with tests/house/postgres.py")
        if os.environ.get("ARB_REQUIRE_POSTGRES"):
            pytest.fail(f"no PostgreSQL server, though one is required: {reason}")
        pytest.skip(f"no PostgreSQL server: {reason}")
    return Postgres(address, control)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a journal, on both kinds of database."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.db")
    server: Postgres = request.getfixturevalue("postgres")
    name = "".join(char if char.isalnum() else "_" for char in f"{tmp_path.parent.name}_{tmp_path.name}".lower())
    return server.create(name[-60:])
