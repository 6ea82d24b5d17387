"""Tick to decision: from the server's write to the verdict, over loopback, against every client that is installed.

The short form asks that everybody takes part and that all hold the same books in the end; with ARB_FULL=1 it takes eight
minutes and writes the page.
"""

import json
import os
import tempfile
from pathlib import Path

import pytest

from .decoding.contest import Market, binance_frames
from .hose import framed
from .latency.client import Decisions, bursts, latencies
from .latency.contest import contest, without_ids
from .latency.entries import CARE
from .latency.ledger import Ledger
from .latency.programme import FULL, SHORT, run, run_care
from .latency.report import (
    bursts_table,
    care_table,
    delivered_table,
    goals_table,
    paced_table,
    pictures,
    sustained_table,
)
from .latency.server import templates

pytestmark = pytest.mark.bench

IS_FULL = bool(os.environ.get("ARB_FULL"))
PROGRAMME = FULL if IS_FULL else SHORT
LEVELS = 10
FOLDER = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture
def in_memory(tmp_path: Path):
    """A folder whose files cost no disk, where the system has one: the ledger is written for each message."""
    memory = Path("/dev/shm")  # noqa: S108 (the folder in it is made by tempfile)
    with tempfile.TemporaryDirectory(prefix="arb-latency-", dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def market():
    return Market(LEVELS)


def test_tick_to_decision(in_memory, market, publish):
    with contest(in_memory, binance_frames(market), market.snapshot) as race:
        results = run(race, PROGRAMME)
    for rate in {rate for by_rate in results.paced.values() for rate in by_rate}:
        whole = [each for by_rate in results.paced.values() for each in by_rate.get(rate, ()) if each.is_whole]
        assert len({each.rounded_tops for each in whole}) <= 1, f"at {rate}/s they hold different books"
    lost = [name for name, outcomes in results.bursts.items() if not any(outcome.turn.decided for outcome in outcomes)]
    assert not lost, f"no burst was decided upon: {lost}"
    tables = {f"latency-{part}": paced_table(results, part) for part in ("p50", "p99", "p999")}
    tables |= {"latency-delivered": delivered_table(results), "latency-bursts": bursts_table(results)}
    if IS_FULL:
        tables |= {"latency-sustained": sustained_table(results), "latency-goals": goals_table(results)}
        pictures(results, FOLDER)
    tell(tables, publish)


def test_what_polling_and_frozen_garbage_do(in_memory, market, publish):
    pytest.importorskip("arb_native")
    with contest(in_memory, binance_frames(market), market.snapshot, tuple(CARE)) as race:
        found = run_care(race, PROGRAMME)
    tell({"latency-care": care_table(found)}, publish)


def test_a_message_that_was_skipped_waits_for_the_next_decision(tmp_path):
    Ledger.make(tmp_path / "ledger")
    ledger = Ledger(tmp_path / "ledger")
    for venue, (first, written_ns) in enumerate(((100, (10, 20, 30)), (500, (15, 25)))):
        ledger.begin(venue, first)
        ledger.end(venue, first + len(written_ns) - 1)
        for place, at_ns in enumerate(written_ns):
            ledger.written_ns[venue][place] = at_ns
    decisions = Decisions()
    # The last message of before, both of the first two at once, one anew that was there, then what came after the turn.
    for venue, last_id, at_ns in ((0, 99, 1), (0, 101, 24), (0, 101, 26), (1, 500, 18), (0, 103, 40)):
        decisions.note(venue, last_id, lambda at_ns=at_ns: at_ns)
    assert latencies(decisions, ledger) == [(10, 14), (15, 3), (20, 4), (30, 10)]
    assert not decisions.reach([102, 501])


def test_a_burst_ends_with_its_last_decision():
    found = [(10, 5), (11, 30), (10, 1), (12, 2), (100, 7), (100, 8), (100, 9), (100, 1), (200, 1)]
    assert bursts(found, 2) == [31, 9]  # the last one lacks a message


def test_messages_go_out_as_they_were_prepared_but_for_their_ids(market):
    frame, *_ = binance_frames(market)
    head, middle, tail = templates([without_ids(frame)])[0]
    plain = head[head.index(b"{") :] + b"2000001" + middle + b"2000002" + tail
    assert head + b"2000001" + middle + b"2000002" + tail == framed(plain)
    event, before = json.loads(plain)["data"], json.loads(frame)["data"]
    assert event == before | {"U": 2000001, "u": 2000002}


def tell(tables, publish):
    """Put the tables of the full form on the page; print those of the short one."""
    for name, table in tables.items():
        if IS_FULL:
            publish(name, table)
        else:
            print(f"\n{table}")
