import threading
from collections.abc import Sequence
from typing import Any

import pytest
from arb_core.engine.journal.writer import InlineWriter, ThreadWriter
from arb_core.errors import JournalUnavailable


class Disk:
    """Commits into a list; full, or blocked, when told."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.full = False
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.well = threading.Event()

    def commit(self, rows: Sequence[str]) -> None:
        self.entered.set()
        assert self.gate.wait(30)
        if self.full:
            raise OSError(28, "No space left on device")
        self.written.append(list(rows))

    def hear(self, fault: str | None) -> None:
        if fault is None:
            self.well.set()

    @staticmethod
    def trial() -> list[str]:
        return ["trial"]


def inline(disk: Disk, **changes: Any) -> InlineWriter[str]:
    return InlineWriter(disk.commit, disk.trial, on_fault=disk.hear, **changes)


def threaded(disk: Disk, **changes: Any) -> ThreadWriter[str]:
    return ThreadWriter(disk.commit, disk.trial, on_fault=disk.hear, retry_s=0.01, **changes)


def test_an_intent_is_told_once_it_is_committed() -> None:
    disk, told = Disk(), list[JournalUnavailable | None]()
    writer = inline(disk)
    writer.intend(["intent"], told.append)
    assert (disk.written, told) == ([["intent"]], [None])


def test_a_full_disk_refuses_the_intent_that_met_it_and_every_one_after() -> None:
    disk, told = Disk(), list[JournalUnavailable | None]()
    disk.full = True
    writer = inline(disk)
    writer.intend(["intent"], told.append)
    assert isinstance(told[0], JournalUnavailable)
    assert "No space left" in str(told[0])
    with pytest.raises(JournalUnavailable, match="No space left"):
        writer.intend(["another"], told.append)
    assert len(told) == 1
    disk.full = False
    writer.try_again()
    assert writer.fault is None
    # what was refused is not written later: nothing was sent for it
    assert disk.written == [["trial"]]


def test_what_happened_is_kept_in_order_until_the_disk_takes_it() -> None:
    disk = Disk()
    disk.full = True
    writer = inline(disk)
    for name in "abc":
        writer.record([name])
    assert writer.stats().waiting == 3
    disk.full = False
    writer.record(["d"])
    assert disk.written == [["a", "b", "c", "d"]]
    assert writer.stats().waiting == 0


def test_what_could_not_be_written_at_the_end_is_counted() -> None:
    disk = Disk()
    disk.full = True
    writer = inline(disk)
    writer.record(["a"])
    assert writer.close() == 1


def test_entries_that_wait_are_committed_together() -> None:
    disk = Disk()
    disk.gate.clear()
    writer = threaded(disk)
    writer.record(["first"])
    assert disk.entered.wait(30)
    for number in range(5):
        writer.record([str(number)])
    disk.gate.set()
    assert writer.close() == 0
    assert disk.written == [["first"], ["0", "1", "2", "3", "4"]]


def test_the_thread_finds_out_by_itself_that_the_disk_is_back() -> None:
    disk, told = Disk(), threading.Event()
    disk.full = True
    writer = threaded(disk)
    writer.intend(["intent"], lambda _: told.set())
    assert told.wait(30)
    assert writer.fault is not None
    writer.record(["kept"])
    disk.full = False
    assert disk.well.wait(30)
    assert writer.close() == 0
    assert [row for rows in disk.written for row in rows if row != "trial"] == ["kept"]


def test_episodes_are_dropped_and_counted_before_records_are_in_the_way() -> None:
    disk = Disk()
    disk.gate.clear()
    writer = threaded(disk, backlog=4)
    writer.record(["first"])
    assert disk.entered.wait(30)
    for number in range(5):
        writer.offer([str(number)])
    assert writer.stats().dropped == 3
    disk.gate.set()
    assert writer.close() == 0
    assert disk.written == [["first"], ["0", "1"]]


def test_a_backlog_refuses_intents_and_keeps_records() -> None:
    disk, told = Disk(), list[JournalUnavailable | None]()
    disk.gate.clear()
    writer = threaded(disk, backlog=2)
    writer.record(["first"])
    assert disk.entered.wait(30)
    for number in range(3):
        writer.record([str(number)])
    with pytest.raises(JournalUnavailable, match="3 records wait"):
        writer.intend(["intent"], told.append)
    disk.gate.set()
    assert writer.close() == 0
    assert disk.written == [["first"], ["0", "1", "2"]]


def test_a_thread_that_cannot_write_ends_and_says_how_much_is_lost() -> None:
    disk = Disk()
    disk.full = True
    writer = threaded(disk)
    writer.record(["a"])
    writer.record(["b"])
    assert writer.close() == 2


def test_commits_that_worked_are_timed() -> None:
    disk = Disk()
    writer = inline(disk)
    writer.record(["a"])
    disk.full = True
    writer.record(["b"])
    assert writer.latency.count == 1


def test_a_failure_refuses_also_the_intents_that_came_meanwhile() -> None:
    disk, told, met = Disk(), list[str](), threading.Event()
    disk.gate.clear()
    writer = threaded(disk)
    writer.intend(["first"], lambda error: told.append(f"first {error}"))
    assert disk.entered.wait(30)

    def second(error: JournalUnavailable | None) -> None:
        told.append(f"second {error}")
        met.set()

    writer.intend(["second"], second)
    writer.record(["kept"])
    writer.offer(["an episode"])
    disk.full = True
    disk.gate.set()
    assert met.wait(30)
    assert [line.partition(":")[0] for line in told] == ["first OSError", "second OSError"]
    disk.full = False
    assert disk.well.wait(30)
    assert writer.close() == 0
    assert [row for rows in disk.written for row in rows if row != "trial"] == ["kept"]
    assert writer.stats().dropped == 1


def test_a_commit_that_does_not_end_lets_nobody_join_the_queue() -> None:
    disk, told = Disk(), threading.Event()
    disk.gate.clear()
    writer = threaded(disk, patience_ns=0)
    writer.intend(["stuck"], lambda _: told.set())
    assert disk.entered.wait(30)
    with pytest.raises(JournalUnavailable, match=r"has not answered for \d"):
        writer.intend(["another"], lambda _: None)
    writer.record(["kept"])
    disk.gate.set()
    assert told.wait(30)
    assert writer.close() == 0
    assert writer.fault is None
    assert [row for rows in disk.written for row in rows] == ["stuck", "kept"]
