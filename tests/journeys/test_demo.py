"""`arb demo` as a stranger starts it: it trades over sockets, and its books are those of the venues."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

ARB = Path(sys.executable).with_name("arb")
PATIENCE_S = 90


def demo(*options):
    command = [ARB, "demo", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def of(kind, lines):
    return [line for line in lines if line["kind"] == kind]


def test_demo_trades_and_its_books_are_those_of_the_venues():
    lines = demo("--seconds", "12")
    results, accounts, totals = (of(kind, lines) for kind in ("result", "account", "total"))
    summary = lines[-1]
    assert summary["kind"] == "summary"
    assert summary["trades"] == len(results) > 0
    assert summary["injected"]["made"] == summary["injected"]["found"]
    assert {line["venue"] for line in accounts} == {"mexc", "gateio", "binance"}
    for line in accounts:
        opening, journal, held = (Decimal(line[part]) for part in ("opening", "journal", "venue_holds"))
        assert opening + journal == held
        assert line["difference"] == "0"
    moved = [line for line in totals if Decimal(line["results"])]
    assert moved
    assert all(Decimal(line["results"]) == Decimal(line["venues"]) for line in totals)
    assert sum(Decimal(line["pnl"]) for line in results) == sum(map(Decimal, summary["pnl"].values()))


def test_demo_that_only_watches_sends_nothing():
    lines = demo("--seconds", "4", "--watch-only")
    assert {line["kind"] for line in lines} <= {"event", "opportunity", "episode", "summary"}
    assert of("opportunity", lines)
    assert (lines[-1]["trades"], lines[-1]["pnl"]) == (None, None)
