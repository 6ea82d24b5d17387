"""Tick to decision: from the server's write to the verdict, over loopback, against every client that is installed.

The short form asks that everybody takes part and that all hold the same books in the end; with ARB_FULL=1 it takes eight
minutes and writes the page.
"""

import os
import tempfile
from pathlib import Path

import pytest

from .decoding.contest import Market, binance_frames
from .latency.contest import contest
from .latency.programme import FULL, SHORT, run
from .latency.report import bursts_table, paced_table, pictures, sustained_table

pytestmark = pytest.mark.bench

LEVELS = 10
FOLDER = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture
def in_memory(tmp_path: Path):
    """A folder whose files cost no disk, where the system has one: the ledger is written for each message."""
    memory = Path("/dev/shm")  # noqa: S108 (the folder in it is made by tempfile)
    with tempfile.TemporaryDirectory(prefix="arb-latency-", dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_tick_to_decision(in_memory, publish):
    full = bool(os.environ.get("ARB_FULL"))
    market = Market(LEVELS)
    with contest(in_memory, binance_frames(market), market.snapshot) as race:
        results = run(race, FULL if full else SHORT)
    for by_rate in results.paced.values():
        assert by_rate, "somebody took no part"
    tables = {f"latency-{part}": paced_table(results, part) for part in ("p50", "p99", "p999")}
    tables["latency-bursts"] = bursts_table(results)
    if full:
        tables["latency-sustained"] = sustained_table(results)
        pictures(results, FOLDER)
    for name, table in tables.items():
        if full:
            publish(name, table)
        else:
            print(f"\n{table}")
