"""Records that hold what no database takes: told, left out or brought into range, and nothing else is held up."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.reader import JournalReader
from arb_core.engine.journal.tables import FILLS, NOTES
from arb_core.engine.journal.writer import InlineWriter, ThreadWriter, Writer
from arb_core.engine.orders import TrackedOrder
from arb_core.errors import JournalUnavailable, Unrecordable

POISON = "poison"
TOO_MUCH = 2**64


class Disk:
    """Takes everything but poison; full, when told."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.full = False

    def commit(self, rows: Sequence[str]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        if POISON in rows:
            raise Unrecordable("it is poison", table="words")
        self.written += rows


@pytest.fixture(params=[InlineWriter, ThreadWriter])
def make(request: pytest.FixtureRequest) -> Callable[..., Writer[str]]:
    return request.param  # type: ignore[no-any-return]


def test_what_no_database_takes_is_left_out_and_holds_up_nothing(make: Callable[..., Writer[str]]) -> None:
    disk, lost, told = Disk(), list[Unrecordable](), list[JournalUnavailable | None]()
    disk.full = True
    writer = make(disk.commit, lambda: ["trial"], on_loss=lost.append)
    for word in ("a", POISON, "b", POISON, "c"):
        writer.record([word])
    disk.full = False
    assert writer.close() == 0
    assert [word for word in disk.written if word != "trial"] == ["a", "b", "c"]
    assert (len(lost), writer.stats().lost, writer.stats().waiting) == (2, 2, 0)
    assert str(lost[0]) == "a record of words is not written as it was told: it is poison"
    assert told == []


def test_an_intent_that_no_database_takes_is_refused_and_the_next_one_is_not() -> None:
    disk, told = Disk(), list[JournalUnavailable | None]()
    writer = InlineWriter(disk.commit, lambda: ["trial"])
    writer.intend([POISON], told.append)
    assert isinstance(told.pop(), Unrecordable)
    assert writer.fault is None
    writer.intend(["good"], told.append)
    assert (told, disk.written) == ([None], ["good"])


def test_behind_one_that_has_to_wait_all_wait() -> None:
    disk = Disk()

    def commit(rows: Sequence[str]) -> None:
        disk.commit(rows)
        disk.full = "a" in rows  # the disk is full from then on

    disk.full = True
    writer = InlineWriter(commit, lambda: ["trial"])
    for word in ("a", POISON, "b", "c"):
        writer.record([word])
    disk.full = False
    writer.try_again()
    assert (disk.written, writer.stats().waiting) == (["a"], 3)
    disk.full = False
    writer.try_again()
    assert (disk.written, writer.stats().waiting) == (["a", "b", "c"], 0)


async def test_a_fill_of_a_moment_beyond_64_bits_is_on_record_and_told(place: str, samples: Any) -> None:
    journal = Journal(place)
    lost = list[Unrecordable]()
    journal.listen(lambda _: None, lost.append)
    plans = [samples.plan(number) for number in (1, 2, 3)]
    for number, plan in enumerate(plans, 1):
        await journal.intend(samples.intent(number), [plan])
        journal.order(_at(samples.filled(plan), (TOO_MUCH, -TOO_MUCH, 5)[number - 1]), 9)
        journal.order(_at(samples.filled(plan), (TOO_MUCH, -TOO_MUCH, 5)[number - 1]), 10)
    await journal.settle()
    await asyncio.sleep(0)
    assert journal.fault is None
    assert len(lost) == 2, "each is told once"
    assert f"fill t1 of order1leg0 happened at {TOO_MUCH} ns, says mexc" in str(lost[0])
    assert lost[0].table == "fills"
    assert [order.filled for each in journal.unfinished() for order in each.orders] == [plan.quantity for plan in plans]
    assert await journal.close() == 0
    reader = JournalReader(place)
    with reader.snapshot() as rows:
        assert [row["exchange_ns"] for row in rows(FILLS)] == [2**63 - 1, -(2**63 - 1), 5]
    reader.close()


async def test_numbers_that_no_database_takes_hold_up_no_other_record(place: str, samples: Any) -> None:
    journal = Journal(place)
    lost = list[Unrecordable]()
    journal.listen(lambda _: None, lost.append)
    for number in range(1, 9):
        await journal.intend(samples.intent(number), [])
        journal.note("good", str(number), number)
        journal.note("bad", str(number), TOO_MUCH + number)
        journal.result(samples.result(number))
    async with asyncio.timeout(30):
        await journal.settle()
    assert journal.fault is None
    assert (journal.unfinished(), len(lost), journal.stats().lost) == ([], 8, 8)
    assert {error.table for error in lost} == {"notes"}
    await journal.close()
    reader = JournalReader(place)
    with reader.snapshot() as rows:
        assert [row["text"] for row in rows(NOTES)] == [str(number) for number in range(1, 9)]
    reader.close()


async def test_an_intent_whose_numbers_no_database_takes_is_refused_alone(place: str, samples: Any) -> None:
    journal = Journal(place)
    strange = msgspec.structs.replace(samples.intent(1), created_ns=TOO_MUCH - 1)
    good = [journal.intend(samples.intent(number), [samples.plan(number)]) for number in (2, 3)]
    refused, *rest = await asyncio.gather(journal.intend(strange, []), *good, return_exceptions=True)
    assert isinstance(refused, Unrecordable)
    assert refused.table == "intents"
    assert rest == [None, None]
    assert [each.intent.id for each in journal.unfinished()] == [2, 3]
    await journal.close()


async def test_an_edge_that_is_no_number_never_blocks_the_journal(place: str, samples: Any) -> None:
    journal = Journal(place)
    episode = samples.episode()
    episode.best = msgspec.structs.replace(episode.best, edge_bps=float("nan"), size=float("inf"))
    journal.episode(episode, 1)
    journal.note("after", "it", 2)
    async with asyncio.timeout(30):
        await journal.settle()
    assert journal.fault is None
    await journal.intend(samples.intent(1), [])
    assert await journal.close() == 0


def _at(order: TrackedOrder, exchange_ns: int) -> TrackedOrder:
    fills = {id_: msgspec.structs.replace(fill, exchange_ns=exchange_ns) for id_, fill in order.fills.items()}
    return msgspec.structs.replace(order, fills=fills)
