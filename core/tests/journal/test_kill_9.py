"""A process that is killed at any moment: everything for which `intend` returned is there afterwards.

A real child writes as fast as it can, trades in flight side by side, and says of each intent that it is committed; it
is killed after a number of lines and microseconds that a seed draws, in the middle of whatever it does then. A nursery,
which has imported everything once, forks the children. The short form kills some times; `ARB_FULL=1` often.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Self

import pytest
from arb_core.engine.ids import decode
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.opening import open_journal
from arb_core.engine.trade import OrderState
from arb_core.errors import JournalError
from sqlalchemy import text

KILLS = 150 if os.environ.get("ARB_FULL") else 20

NURSERY = """
import asyncio, importlib.util, os, sys
from arb_core.engine.journal.opening import open_journal
import arb_core.engine.journal.journal

spec = importlib.util.spec_from_file_location("samples", sys.argv[1])
samples = importlib.util.module_from_spec(spec)
spec.loader.exec_module(samples)
samples = samples.Samples()

def say(*words):
    # In one piece: a word that was cut off by the kill would run into the next line.
    os.write(1, f"{' '.join(map(str, words))}\\n".encode())

async def main():
    journal = open_journal(sys.argv[2])
    say("owner", journal.owner)

    async def trades():
        while True:
            number = journal.next_intent()
            plans = [samples.plan(number, leg) for leg in (0, 1)]
            await journal.intend(samples.intent(number), plans)
            say("intended", number)
            for plan in plans:
                journal.order(samples.filled(plan), 9)
            await journal.intend_more([samples.plan(number, 0, attempt=1, client_order_id=f"hedge{number}")])
            say("hedged", number)
            journal.result(samples.result(number))
            if number % 7 == 0:
                await journal.settle()
                say("settled", number)

    await asyncio.gather(*[trades() for _ in range(4)])

for _ in sys.stdin:
    pid = os.fork()
    if not pid:
        say("pid", os.getpid())
        asyncio.run(main())
    say("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def opened_soon(place: str) -> Journal:
    """Open a journal whose writer was just killed: a server needs a moment to notice."""
    for _ in range(1000):
        try:
            return open_journal(place, threaded=False)
        except JournalError as error:
            if "another process" not in str(error):
                raise
    return open_journal(place, threaded=False)


class Nursery:
    """Forks writers of one journal."""

    def __init__(self, place: str) -> None:
        command = [sys.executable, "-c", NURSERY, str(Path(__file__).with_name("conftest.py")), place]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def killed(self, lines: int, microseconds: int = 0) -> list[str]:
        """Let a child write until it has said so many lines, kill it a little later, and return all that it said."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        print("another", file=process.stdin, flush=True)
        pid = int(process.stdout.readline().removeprefix("pid "))
        said: list[str] = []
        for _ in range(lines):
            said.append(process.stdout.readline())
            assert said[-1], "the nursery ended"
            assert not said[-1].startswith("ended"), f"it ended by itself after {said}"
        until = perf_counter() + microseconds / 1e6
        while perf_counter() < until:
            pass
        os.kill(pid, signal.SIGKILL)
        while not said[-1].startswith("ended"):  # what it said before it died is said
            said.append(process.stdout.readline())
            assert said[-1], "the nursery ended"
        assert said.pop() == f"ended {-signal.SIGKILL}\n"
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


def check(journal: Journal, said: list[str]) -> None:
    """Every intent and hedge that was told as committed is on record, and so is all that was settled."""
    lines = [line.split() for line in said]
    (owner,) = [words[1] for words in lines if words[0] == "owner"]
    assert journal.owner == owner
    told = {kind: {int(words[1]) for words in lines if words[0] == kind} for kind in ("intended", "hedged", "settled")}
    with journal._engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        intents = set(connection.execute(text("SELECT id FROM intents")).scalars())
        results = set(connection.execute(text("SELECT intent FROM results")).scalars())
        orders = connection.execute(text("SELECT intent, leg, attempt, state FROM orders")).all()
        fills = set(connection.execute(text("SELECT client_order_id FROM fills")).scalars())
    assert told["intended"] <= intents
    entries = {(order.intent, order.leg) for order in orders if order.attempt == 0}
    assert {(number, leg) for number in told["intended"] for leg in (0, 1)} <= entries
    assert {(number, 0) for number in told["hedged"]} <= {(o.intent, o.leg) for o in orders if o.attempt == 1}
    for number in told["settled"]:
        assert number in results
        assert {f"order{number}leg0", f"order{number}leg1"} <= fills
    # Records are written in their order: a trade with a hedge has its fills, one with a result its hedge.
    hedged = {order.intent for order in orders if order.attempt == 1}
    assert results <= hedged <= intents
    filled = {(o.intent, o.leg) for o in orders if o.state == OrderState.FILLED}
    assert {(number, leg) for number in hedged for leg in (0, 1)} <= filled
    assert {each.intent.id for each in journal.unfinished()} == intents - results
    assert journal.next_intent() > max(intents, default=0)


def test_everything_that_was_committed_is_there_after_every_kill(place: str, samples: Any) -> None:
    random = Random(9)
    intended = 0
    with Nursery(place) as nursery:
        for number in range(KILLS):
            lines, microseconds = random.randint(1, 60), random.randint(0, 10_000)
            said = nursery.killed(lines, microseconds)
            journal = opened_soon(place)
            try:
                check(journal, said)
            except AssertionError as error:
                error.add_note(f"kill {number}, {microseconds} us after {lines} lines")
                raise
            finally:
                journal._give_up()
            intended += sum(line.startswith("intended") for line in said)
    print(f"{KILLS} kills, {intended} intents committed, none lost")
    assert intended > KILLS


def test_a_client_order_id_is_never_used_again_after_a_kill(tmp_path: Path) -> None:
    place = str(tmp_path / "journal.db")
    with Nursery(place) as nursery:
        said = nursery.killed(40)
    journal = opened_soon(place)
    key = decode(journal.client_order_id(journal.next_intent(), 0, 0), journal.owner)
    assert key is not None
    assert key.intent > max(int(line.split()[1]) for line in said if line.startswith("intended"))
    journal._give_up()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_journal_killed_while_it_was_made_is_made_again(tmp_path: Path, moment: str) -> None:
    """The first opening makes the tables in one transaction: killed before or after, it leaves nothing of them."""
    place = tmp_path / "journal.db"
    code = f"""
import os, signal
from arb_core.engine.journal import journal as room
upgrade = room.upgrade

def killed(connection):
    if {moment!r} == "after":
        upgrade(connection)
    os.kill(os.getpid(), signal.SIGKILL)

room.upgrade = killed
room.Journal({str(place)!r})
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    journal = open_journal(str(place), threaded=False)
    assert journal.unfinished() == []
    journal._give_up()
