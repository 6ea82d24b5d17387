"""The same with the journal on a server: a short form of both suites, for `tox -e postgres`."""

from collections import Counter
from pathlib import Path
from typing import Protocol

import pytest
from arb_core.registry import Registry

from .play import new_journal, play
from .sockets import Stage

pytestmark = pytest.mark.postgres

IN_MEMORY, OVER_SOCKETS = 8, 3


class Server(Protocol):
    """What `databases.postgres` gives."""

    def create(self, database: str) -> str: ...


def test_journal_on_a_server_and_venues_agree_after_every_crash(registry: Registry, postgres: Server) -> None:
    met: Counter[str] = Counter()
    journal = new_journal(postgres.create("chaos_in_memory"))
    try:
        for number in range(IN_MEMORY):
            met += play(number, journal, registry)
    finally:
        journal._give_up()
    print(dict(met))
    assert met["runs"] == IN_MEMORY
    assert met["crashes"] >= IN_MEMORY / 2
    assert met["fills"] > 4 * IN_MEMORY


def test_journal_on_a_server_and_venues_agree_after_every_sigkill(tmp_path: Path, postgres: Server) -> None:
    stage = Stage(0, tmp_path, place=postgres.create("chaos_over_sockets"))
    try:
        for number in range(OVER_SOCKETS):
            stage.play(number)
        stage.end()
    finally:
        stage.close()
    print(dict(stage.counts))
    assert stage.counts["killed"] >= OVER_SOCKETS
    assert stage.counts["orders"] > 2 * OVER_SOCKETS
