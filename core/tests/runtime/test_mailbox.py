"""Somebody slow, or somebody who raises, is told without delaying whoever tells."""

import logging
import threading
from typing import Any

import pytest
from arb_core.runtime.mailbox import Mailbox

PATIENCE_S = 30.0


class Reader:
    """Reads at a gate that a test opens, and remembers what happened on which thread."""

    def __init__(self, *, limit: int = 100, opened: bool = True) -> None:
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.read: list[Any] = []
        self.threads: set[str] = set()
        self.broken: list[tuple[str, BaseException]] = []
        self.mailbox = Mailbox("reader", limit=limit, stop=self.stop, broken=lambda *told: self.broken.append(told))
        if opened:
            self.gate.set()

    def take(self, notice: object) -> None:
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        self.threads.add(threading.current_thread().name)
        self.read.append(notice)

    def fail(self, notice: object) -> None:
        raise KeyError(notice)

    def stop(self) -> None:
        self.read.append("stop")


def test_notices_are_read_in_order_on_a_thread_of_their_own_and_stop_comes_last() -> None:
    reader = Reader()
    reader.mailbox.open()
    for number in range(50):
        reader.mailbox.put(reader.take, number)
    assert reader.mailbox.close(PATIENCE_S)
    assert reader.read == [*range(50), "stop"]
    assert reader.threads == {"arb-reader"}
    assert (reader.mailbox.told, reader.mailbox.dropped) == (50, 0)


def test_a_full_mailbox_drops_and_counts_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    reader = Reader(limit=3, opened=False)
    reader.mailbox.open()
    reader.mailbox.put(reader.take, "first")
    assert reader.entered.wait(PATIENCE_S)
    with caplog.at_level(logging.WARNING):
        for number in range(10):
            reader.mailbox.put(reader.take, number)
    assert (reader.mailbox.waiting, reader.mailbox.dropped) == (3, 7)
    assert len(caplog.records) == 1
    reader.gate.set()
    assert reader.mailbox.close(PATIENCE_S)
    assert reader.read == ["first", 0, 1, 2, "stop"]


def test_one_that_raises_is_ended_stopped_and_reported() -> None:
    reader = Reader()
    reader.mailbox.open()
    reader.mailbox.put(reader.take, 1)
    reader.mailbox.put(reader.fail, 2)
    reader.mailbox.put(reader.take, 3)
    assert reader.mailbox.close(PATIENCE_S)
    assert reader.read == [1, "stop"]
    assert [(name, type(error)) for name, error in reader.broken] == [("reader", KeyError)]
    assert reader.mailbox.unplugged
    told = reader.mailbox.told
    reader.mailbox.put(reader.take, 4)
    assert (reader.mailbox.told, reader.mailbox.waiting) == (told, 0)


def test_one_that_ends_the_process_ends_only_itself() -> None:
    def leave(_notice: object) -> None:
        raise SystemExit(3)

    reader = Reader()
    reader.mailbox.open()
    reader.mailbox.put(leave, None)
    assert reader.mailbox.close(PATIENCE_S)
    assert [type(error) for _, error in reader.broken] == [SystemExit]


def test_one_that_never_returns_is_left_behind() -> None:
    reader = Reader(opened=False)
    reader.mailbox.open()
    reader.mailbox.put(reader.take, 1)
    assert reader.entered.wait(PATIENCE_S)
    assert not reader.mailbox.close(0.01)
    reader.gate.set()
    assert reader.mailbox.close(PATIENCE_S)
