import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from arb_core.engine.ids import IntentId, decode
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.opening import open_journal, open_reader
from arb_core.engine.journal.reader import JournalReader
from arb_core.engine.journal.tables import DRIFTS, EPISODES, FILLS, METADATA, NOTES
from arb_core.engine.ledger import Drift
from arb_core.engine.orders import Doubted, Sent, TrackedOrder, apply
from arb_core.engine.risk import Breaker, Day, Kill, RiskState
from arb_core.engine.trade import OrderState, Outcome
from arb_core.errors import JournalError, JournalUnavailable, SettingsError
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, VenueName
from sqlalchemy import event, text

MEXC = VenueName("mexc")
DAY = 86_400_000_000_000


@pytest.fixture
async def journal(place: str) -> AsyncIterator[Journal]:
    journal = Journal(place, retry_s=0.01)
    yield journal
    await journal.close()


class Gate:
    """Holds every commit of a journal until it is opened."""

    def __init__(self, journal: Journal) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        event.listen(journal._engine, "commit", self._wait)

    def _wait(self, _: object) -> None:
        self.entered.set()
        assert self.opened.wait(30)


def reading(place: str, read: Callable[[JournalReader], Any]) -> Any:
    reader = open_reader(place)
    try:
        return read(reader)
    finally:
        reader.close()


async def test_an_intent_is_in_the_database_when_the_call_returns(journal: Journal, place: str, samples: Any) -> None:
    await journal.intend(samples.intent(), [samples.plan(leg=0), samples.plan(leg=1)])
    orders = reading(place, lambda reader: reader.orders())
    assert [(order.leg, order.state) for order in orders] == [(1, OrderState.INTENDED), (0, OrderState.INTENDED)]
    assert orders[0].price == samples.plan().price


async def test_a_slow_commit_makes_only_that_trade_wait(
    journal: Journal, place: str, samples: Any, drain: Callable[[], Any]
) -> None:
    gate = Gate(journal)
    trade = asyncio.create_task(journal.intend(samples.intent(), [samples.plan()]))
    await drain()
    assert gate.entered.wait(30)
    # The disk holds the commit; the loop turns, records and episodes are taken, and nothing is sent for the trade.
    for _ in range(50):
        journal.order(samples.filled(samples.plan()), 1)
        await drain()
    assert not trade.done()
    assert reading(place, lambda reader: reader.orders()) == []
    gate.opened.set()
    await trade
    assert len(reading(place, lambda reader: reader.orders())) == 1


async def test_a_trade_that_was_cut_off_is_found_after_a_restart(place: str, samples: Any) -> None:
    journal = Journal(place)
    owner, number = journal.owner, journal.next_intent()
    plans = [samples.plan(leg=0), samples.plan(leg=1)]
    await journal.intend(samples.intent(number), plans)
    in_doubt = apply(apply(TrackedOrder.planned(plans[1]), Sent(7)), Doubted(9, "no answer"))
    filled = samples.filled(plans[0])
    journal.order(filled, 8)
    journal.order(in_doubt, 9)
    assert await journal.close() == 0
    again = Journal(place)
    (unfinished,) = again.unfinished()
    assert unfinished.intent == samples.intent(number)
    assert sorted(unfinished.orders, key=lambda order: order.plan.leg) == [filled, in_doubt]
    assert again.owner == owner
    assert again.next_intent() == number + 1
    ours = decode(again.client_order_id(number, 1, 2), owner)
    assert ours is not None
    assert (ours.intent, ours.leg, ours.attempt) == (number, 1, 2)
    again.result(samples.result(number))
    await again.settle()
    assert again.unfinished() == []
    await again.close()


async def test_writing_twice_does_no_more_than_once(journal: Journal, place: str, samples: Any) -> None:
    order = samples.filled(samples.plan())
    for _ in range(3):
        journal.order(order, 8)
        journal.result(samples.result())
    await journal.settle()
    fills = reading(place, lambda reader: list(reader.rows(FILLS)))
    assert [(fill["trade_id"], fill["price"], fill["fee"]) for fill in fills] == [
        ("t1", samples.plan().price, Decimal("0.000500"))
    ]


async def test_money_keeps_every_digit(journal: Journal, place: str, samples: Any) -> None:
    await journal.intend(samples.intent(), [samples.plan()])
    journal.result(samples.result(pnl="-0.10000000000000000000000000000000000001"))
    await journal.settle()
    (trade,) = reading(place, lambda reader: reader.trades())
    assert str(trade.notional) == "50.123456789012345678901234567890123"
    assert str(trade.pnl) == "-0.10000000000000000000000000000000000001"
    assert str(trade.residue_value) == "-1E-34"
    assert trade.fees == {"BTC": Decimal("0.0005")}


async def test_what_must_survive_a_restart_does(place: str) -> None:
    journal = Journal(place)
    state = RiskState(
        kill=Kill(reason="by hand", since_ns=5),
        day=Day(number=20_000, pnl={Asset("USDT"): Decimal("-12.340")}, stopped=True),
        breakers={MEXC: Breaker(opened_ns=3)},
        cooling={"BTC/USDT": 99},
    )
    journal.risk(state)
    await journal.close()
    again = Journal(place)
    assert again.risk_state() == state
    await again.close()


async def test_a_kill_from_another_process_is_seen_and_only_a_person_lifts_it(journal: Journal, place: str) -> None:
    assert journal.kill() is None
    reading(place, lambda reader: reader.set_kill("too risky", 5))
    seen = journal.kill()
    assert seen == Kill(reason="too risky", since_ns=5)
    # the engine records its state with the kill that it saw, again and again
    journal.risk(RiskState(kill=seen))
    await journal.settle()
    assert reading(place, lambda reader: reader.clear_kill("looked into it", 9)) == 1
    journal.risk(RiskState(kill=seen))
    await journal.settle()
    assert journal.kill() is None
    assert journal.risk_state() == RiskState()
    assert reading(place, lambda reader: reader.kills()) == []


async def test_a_second_writer_is_refused_until_the_first_ends(place: str) -> None:
    first = Journal(place)
    with pytest.raises(JournalError, match="written by another process"):
        Journal(place)
    await first.close()
    await Journal(place).close()


async def test_nothing_is_intended_in_a_journal_that_is_closed(place: str, samples: Any) -> None:
    journal = Journal(place)
    assert journal.fault is None
    await journal.close()
    assert journal.fault == "the journal is closed"
    with pytest.raises(JournalUnavailable, match="closed"):
        await journal.intend(samples.intent(), [])


async def test_a_trade_whose_wait_was_cancelled_harms_nobody(journal: Journal, samples: Any) -> None:
    gate = Gate(journal)
    trade = asyncio.create_task(journal.intend(samples.intent(), [samples.plan()]))
    await asyncio.get_running_loop().run_in_executor(None, gate.entered.wait, 30)
    trade.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trade
    gate.opened.set()
    await journal.settle()
    # it is there, so that reconciliation looks for it; nothing was sent
    assert [each.intent.id for each in journal.unfinished()] == [1]


async def test_a_full_disk_refuses_new_intents_and_loses_nothing(tmp_path: Path, samples: Any) -> None:
    place = str(tmp_path / "journal.db")
    journal = Journal(place, retry_s=0.01)
    told = list[str | None]()
    back = asyncio.Event()
    journal.listen(told.append)
    journal.listen(lambda fault: None if fault else back.set())
    pages = {"most": 1}

    def limit(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages['most']}")

    event.listen(journal._engine, "begin", limit)
    sent = list[int]()

    async def fill_the_disk() -> None:
        for number in range(1, 10_000):
            await journal.intend(samples.intent(number), [samples.plan(number)])
            sent.append(number)

    with pytest.raises(JournalUnavailable, match="full"):
        await fill_the_disk()
    refused = len(sent) + 1
    # Within one event: nothing is even queued any more.
    waiting = journal.stats().waiting
    with pytest.raises(JournalUnavailable, match="full"):
        await journal.intend(samples.intent(refused + 1), [])
    assert journal.stats().waiting == waiting
    for number in sent[:3]:
        journal.result(samples.result(number))
    pages["most"] = 1_000_000
    async with asyncio.timeout(30):
        await back.wait()
        await journal.settle()
    assert told[0] is not None
    assert told[-1] is None
    assert [each.intent.id for each in journal.unfinished()] == sent[3:]
    await journal.intend(samples.intent(refused), [samples.plan(refused)])
    await journal.close()


@pytest.mark.postgres
async def test_a_lost_database_refuses_new_intents_and_comes_back(postgres: Any, samples: Any) -> None:
    journal = Journal(postgres.create("lost"), retry_s=0.01)
    told = list[str | None]()
    back = asyncio.Event()
    journal.listen(told.append)
    journal.listen(lambda fault: None if fault else back.set())
    await journal.intend(samples.intent(1), [samples.plan(1)])
    postgres.stop()
    try:
        with pytest.raises(JournalUnavailable):
            await journal.intend(samples.intent(2), [samples.plan(2)])
        # Within one event: nothing is even queued any more.
        waiting = journal.stats().waiting
        with pytest.raises(JournalUnavailable):
            await journal.intend(samples.intent(3), [])
        assert journal.stats().waiting == waiting
        assert journal.fault is not None
        journal.result(samples.result(1))
        assert journal.stats().waiting == waiting + 1
    finally:
        postgres.start()
    async with asyncio.timeout(30):
        await back.wait()
        await journal.settle()
    assert told[-1] is None
    assert journal.unfinished() == []
    await journal.intend(samples.intent(4), [samples.plan(4)])
    assert [each.intent.id for each in journal.unfinished()] == [4]
    await journal.close()


@pytest.mark.postgres
async def test_a_journal_taken_over_while_the_server_was_lost_is_not_written_again(postgres: Any, samples: Any) -> None:
    place = postgres.create("taken_over")
    former = Journal(place, retry_s=0.01)
    await former.intend(samples.intent(1), [])
    postgres.stop()
    postgres.start()
    other = Journal(place)
    with pytest.raises(JournalUnavailable):
        await former.intend(samples.intent(2), [])  # its connection is found to be gone
    former.note("test", "kept", 1)
    async with asyncio.timeout(30):
        while "written by another process" not in str(former.fault):  # noqa: ASYNC110 (its words change without an event)
            await asyncio.sleep(0)
    await other.intend(samples.intent(3), [])
    assert [each.intent.id for each in other.unfinished()] == [1, 3]
    await other.close()
    async with asyncio.timeout(30):
        await former.settle()
    assert reading(place, lambda reader: [row["text"] for row in reader.rows(NOTES)]) == ["kept"]
    await former.close()


@pytest.mark.postgres
async def test_a_server_that_does_not_wait_for_its_disk_is_told_to(postgres: Any) -> None:
    import psycopg

    place = postgres.create("careless")
    with psycopg.connect(place, autocommit=True) as admin:
        admin.execute(b"ALTER DATABASE careless SET synchronous_commit = off")
    journal = Journal(place)
    with journal._engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    await journal.close()


async def test_the_inline_writer_commits_within_the_call(place: str, samples: Any) -> None:
    journal = open_journal(place, threaded=False)
    journal.order(samples.filled(samples.plan()), 1)
    assert len(reading(place, lambda reader: reader.orders())) == 1
    await journal.intend(samples.intent(), [])
    await journal.close()


async def test_each_inline_journal_in_memory_is_its_own(samples: Any) -> None:
    first, second = open_journal("sqlite://", threaded=False), open_journal("sqlite://", threaded=False)
    await first.intend(samples.intent(), [])
    assert [each.intent.id for each in first.unfinished()] == [1]
    assert second.unfinished() == []
    assert first.owner != second.owner
    await first.close()
    await second.close()


async def test_trades_days_and_the_rest_are_read_while_the_engine_writes(
    journal: Journal, place: str, samples: Any
) -> None:
    for number, pnl in ((1, "0.1"), (2, "-0.30"), (3, "7")):
        await journal.intend(samples.intent(number), [samples.plan(number)])
        if number < 3:
            journal.result(samples.result(number, pnl))
    journal.result(samples.result(3, "7", outcome=Outcome.STOPPED, ended_ns=samples.result().ended_ns + DAY))
    await journal.intend(samples.intent(4), [])
    journal.note("naked_leg", "0.1 BTC on mexc", 5, intent=IntentId(3))
    journal.balances(MEXC, {Asset("BTC"): Balance(asset=Asset("BTC"), free=Decimal("1.20"))}, 5)
    journal.drifts([Drift(venue=MEXC, asset=Asset("BTC"), expected=Decimal(1), reported=Decimal("1.2"))], 5)
    await journal.settle()
    reader = open_reader(place)
    assert [(trade.intent, trade.outcome) for trade in reader.trades(limit=2)] == [(4, None), (3, Outcome.STOPPED)]
    assert [(day.day, day.trades, str(day.pnl), day.stopped) for day in reader.pnl()] == [
        ("2023-11-15", 1, "7", 1),
        ("2023-11-14", 2, "-0.20", 0),
    ]
    assert reader.pnl()[1].fees == {"BTC": Decimal("0.0010")}
    assert [order.intent for order in reader.orders(limit=1)] == [3]
    assert [row["text"] for row in reader.rows(NOTES)] == ["0.1 BTC on mexc"]
    assert [row["reported"] for row in reader.rows(DRIFTS)] == [Decimal("1.2")]
    reader.close()


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize(
    ("sent", "doubted", "counts"),
    [(5, None, False), (20, None, True), (5, 20, False), (None, 5, False), (None, 20, True), (None, None, False)],
)
async def test_what_was_sent_after_the_balances_is_added_to_them(
    journal: Journal, samples: Any, sent: int | None, doubted: int | None, *, counts: bool, ended: bool
) -> None:
    """It was intended before: a commit takes its time, and meanwhile another trade may end and leave its balances."""
    start_ns = samples.intent().created_ns
    plan = samples.plan(intended_ns=start_ns - 1)
    moments = {
        "sent_ns": None if sent is None else start_ns + sent,
        "doubt_ns": None if doubted is None else start_ns + doubted,
    }
    order = msgspec.structs.replace(samples.filled(plan), **moments)
    await journal.intend(samples.intent(), [plan])
    journal.balances(MEXC, {Asset("BTC"): Balance(asset=Asset("BTC"), free=Decimal(1))}, start_ns + 10)
    journal.order(order, start_ns + 30)
    if ended:
        journal.result(samples.result(ended_ns=start_ns + 40))
    await journal.settle()
    bought = Decimal("0.4995") if counts else Decimal(0)
    assert journal.expected(MEXC)[Asset("BTC")] == 1 + bought


async def test_an_episode_is_kept_as_it_was_at_its_best(journal: Journal, place: str, samples: Any) -> None:
    episode = samples.episode()
    journal.episode(episode, 99)
    journal.episode(episode, 99)
    await journal.settle()
    rows = reading(place, lambda reader: list(reader.rows(EPISODES)))
    assert len(rows) == 2
    assert (rows[0]["open_ns"], rows[0]["best_edge_bps"], rows[0]["refused_by"]) == (25, 12.5, "size")
    assert rows[0]["legs"] == '[["mexc", "BTC/USDT", "buy"], ["gateio", "BTC/USDT", "sell"]]'


def test_migrations_lead_to_the_tables_that_the_code_uses(place: str) -> None:
    journal = open_journal(place, threaded=False)
    with journal._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    journal._give_up()


def test_sqlite_is_told_to_survive_power_loss(tmp_path: Path) -> None:
    journal = open_journal(str(tmp_path / "journal.db"), threaded=False)
    with journal._engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    journal._give_up()


def test_there_is_no_reading_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        open_reader(str(tmp_path / "none.db"))
    (tmp_path / "other.db").touch()
    with pytest.raises(JournalError, match="holds no journal"):
        open_reader(str(tmp_path / "other.db"))
    (tmp_path / "text.db").write_text("this is no database, " * 100)
    with pytest.raises(JournalError, match="cannot be read"):
        open_reader(str(tmp_path / "text.db"))
    with pytest.raises(JournalError, match="cannot be opened"):
        open_journal(str(tmp_path / "text.db"))


def test_an_address_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match="found mysql://") as refusal:
        open_journal("mysql://user:marked-password@host/name")
    assert "marked-password" not in str(refusal.value)
    with pytest.raises(SettingsError, match="not an address") as refusal:
        open_journal("://marked-password@")
    assert "marked-password" not in str(refusal.value)


async def test_old_episodes_are_forgotten_a_few_at_a_time_and_nothing_else_is(place: str, samples: Any) -> None:
    journal = Journal(place, keep_episodes_ns=1000)
    await journal.intend(samples.intent(1), [samples.plan(1)])
    journal.note("test", "old", 1)
    for moment in range(1, 3001):
        journal.episode(samples.episode(), moment)
        if not moment % 500:
            await journal.settle()
    kept = reading(place, lambda reader: [row["closed_ns"] for row in reader.rows(EPISODES)])
    assert kept == list(range(2000, 3001))
    assert reading(place, lambda reader: len(list(reader.rows(NOTES)))) == 1
    assert reading(place, lambda reader: len(reader.trades())) == 1
    for moment in range(9501, 10_001):
        journal.episode(samples.episode(), moment)
    await journal.settle()
    # 1001 are too old by now, and a thousand go at once: no commit is slow because of what piled up.
    assert reading(place, lambda reader: len(list(reader.rows(EPISODES)))) == 501
    assert journal.stats().dropped == 0
    await journal.close()


async def test_episodes_that_find_the_queue_full_are_dropped_and_counted_and_trades_are_not(
    tmp_path: Path, samples: Any
) -> None:
    place = str(tmp_path / "journal.db")
    journal = Journal(place, backlog=100)
    gate = Gate(journal)
    journal.note("test", "first", 1)
    assert gate.entered.wait(30)
    for moment in range(1, 1001):
        journal.episode(samples.episode(), moment)
    for number in range(1, 11):
        journal.order(samples.filled(samples.plan(number)), 1)
    assert journal.fault is None
    assert journal.stats().dropped == 950
    gate.opened.set()
    await journal.settle()
    assert reading(place, lambda reader: len(list(reader.rows(EPISODES)))) == 50
    assert reading(place, lambda reader: len(reader.orders())) == 10
    await journal.close()
