"""Journals of other versions: an older one is brought up to date with all that is in it, a newer one is refused."""

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from arb_core.engine.ids import owner_of
from arb_core.engine.journal.database import _config, connect, current_revision, url_of
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.opening import open_journal, open_reader
from arb_core.engine.journal.tables import BALANCES, DRIFTS, EPISODES, FILLS, METADATA, NOTES
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Kill
from arb_core.engine.trade import OrderState, Outcome
from arb_core.errors import JournalError
from arb_core.structs.market import Asset, VenueName
from sqlalchemy import inspect, text

FIRST = Path(__file__).with_name("first_revision.sql")
"""What the first version with a journal wrote: three trades, the last of them under way, and a row in every table."""

SEED = "5af89eaad4741327355b3f3d2b95e1a1"
"""Of its client order ids, as it was drawn then."""

HEAD = "0002"


@pytest.fixture
def first(tmp_path: Path) -> str:
    """A journal of the first revision."""
    place = tmp_path / "first.db"
    connection = sqlite3.connect(place)
    connection.executescript(FIRST.read_text("utf-8"))
    connection.close()
    return str(place)


def at(place: str, revision: str) -> None:
    """Write down another revision than the journal has."""
    engine = connect(url_of(place))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


def revision_of(place: str) -> str | None:
    engine = connect(url_of(place), read_only=True)
    with engine.connect() as connection:
        found = current_revision(connection)
    engine.dispose()
    return found


async def test_a_journal_of_the_first_revision_goes_on(first: str, samples: Any) -> None:
    journal = Journal(first)
    assert journal.owner == owner_of(bytes.fromhex(SEED))
    assert journal.next_intent() == 4
    (unfinished,) = journal.unfinished()
    assert unfinished.intent == samples.intent(3)
    assert list(unfinished.orders) == [TrackedOrder.planned(samples.plan(3, leg)) for leg in (0, 1)]
    assert journal.kill() == Kill(reason="by hand", since_ns=5)
    assert journal.expected(VenueName("mexc"))[Asset("BTC")] == Decimal("1.30") + 2 * Decimal("0.4995")
    await journal.intend(samples.intent(4), [samples.plan(4)])
    await journal.close()
    assert revision_of(first) == HEAD
    reader = open_reader(first)
    assert [(trade.intent, trade.outcome) for trade in reader.trades()] == [
        (4, None),
        (3, None),
        (2, Outcome.DONE),
        (1, Outcome.DONE),
    ]
    assert [order.state for order in reader.orders()].count(OrderState.FILLED) == 4
    tables = {table.name: len(list(reader.rows(table))) for table in (FILLS, BALANCES, DRIFTS, EPISODES, NOTES)}
    assert tables == {"fills": 4, "balances": 2, "drifts": 1, "episodes": 1, "notes": 1}
    reader.close()


def test_an_old_journal_is_read_and_its_latch_set_before_it_is_brought_up_to_date(first: str) -> None:
    reader = open_reader(first)
    assert len(reader.trades()) == 3
    assert reader.clear_kill("looked into it", 9) == 1
    reader.set_kill("again", 10)
    assert [kill.reason for kill in reader.kills()] == ["again"]
    reader.close()
    assert revision_of(first) == "0001"


@pytest.mark.parametrize("opening", [open_journal, open_reader])
async def test_a_journal_of_a_newer_version_is_refused(place: str, opening: Callable[[str], Any]) -> None:
    await Journal(place).close()
    at(place, "9999")
    with pytest.raises(
        JournalError, match=r"revision 9999, the newest that is known here is 0002: a newer arb wrote it"
    ):
        opening(place)
    assert revision_of(place) == "9999"
    at(place, HEAD)
    await Journal(place).close()


async def test_every_way_up_and_down_leads_to_the_same_tables(place: str) -> None:
    await Journal(place).close()
    engine = connect(url_of(place))

    def indexes() -> dict[str, set[str | None]]:
        with engine.connect() as connection:
            return {
                name: {index["name"] for index in inspect(connection).get_indexes(name)} for name in METADATA.tables
            }

    made = indexes()
    for way in (command.downgrade, command.upgrade):
        with engine.begin() as connection:
            way(_config(connection), "0001" if way is command.downgrade else "head")
    assert indexes() == made
    assert "ix_orders_venue_intended_ns" in made["orders"]
    engine.dispose()
