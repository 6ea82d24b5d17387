"""What a book weighs, in pure Python and with arb-native, and what the session over it weighs: each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .scale.crowd import LEVELS, factories

pytestmark = pytest.mark.bench

FULL = os.environ.get("ARB_FULL") == "1"

CROWDS = ((3, 1_000), (20, 2_000)) if FULL else ((3, 100), (20, 50))
"""Venues x symbols."""
WEIGH = Path(__file__).parent / "scale" / "weigh.py"


def weigh(venues: int, symbols: int, factory: str, by: str) -> dict[str, float]:
    command = [sys.executable, str(WEIGH), str(venues), str(symbols), factory, by]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return json.loads(said.stdout)


def kb(weight: float) -> str:
    return f"{weight / 1000:.1f}"


def test_memory_of_a_book(publish):
    rows = [
        (
            f"| books of {LEVELS} levels a side | venues x symbols | kB a book, of the system | kB, of Python | "
            "session and strategy, kB a book | all, MB | to start the session, s |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for venues, symbols in CROWDS:
        for name in factories():
            resident = weigh(venues, symbols, name, "rss")
            # Every allocation is noted down: a small crowd tells as much.
            traced = weigh(venues, min(symbols, 100), name, "tracemalloc")
            whole = venues * symbols * (resident["book"] + resident["watch"]) / 1e6
            cells = (kb(resident["book"]), kb(traced["book"]), kb(resident["watch"]), f"{whole:,.0f}")
            rows.append(f"| {name} | {venues} x {symbols:,} | {' | '.join(cells)} | {resident['start_s']:.2f} |")
    publish("scale memory", "\n".join(rows))
