"""`arb demo` as a stranger starts it: it trades over sockets, and its books are those of the venues."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from arb_core.known import FAMILIES
from arb_sim.cli import demo as room
from click.testing import CliRunner

ARB = Path(sys.executable).with_name("arb")
PATIENCE_S = 180


def demo(*options):
    command = [ARB, "demo", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    if "not counted: " in done.stderr and '"kind":"fill"' not in done.stdout:
        pytest.skip(f"too busy a machine to trade on: {done.stderr.splitlines()[-1]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def of(kind, lines):
    return [line for line in lines if line["kind"] == kind]


@pytest.mark.parametrize(
    ("options", "venues"),
    [
        (("--seconds", "12"), {"mexc", "gateio", "binance"}),
        (("--seconds", "20", "--exchanges", "all"), set(FAMILIES["exchange"])),
    ],
    ids=["three venues", "all"],
)
def test_demo_trades_and_its_books_are_those_of_the_venues(options, venues):
    lines = demo(*options)
    results, accounts, totals = (of(kind, lines) for kind in ("result", "account", "total"))
    summary = lines[-1]
    assert summary["kind"] == "summary"
    assert summary["trades"] == len(results) > 0
    assert summary["injected"]["made"] == summary["injected"]["found"]
    assert {line["venue"] for line in accounts} == venues
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


# What the demo is for is to fail where we do: each of its findings is shown to end it with exit code 1.


@pytest.fixture
def spoilt(monkeypatch):
    """Run the demo in this process, where one of its parts can be spoilt; return its exit code and what it said."""

    def run(seconds, *options, **parts):
        for name, spoil in parts.items():
            monkeypatch.setattr(room, name, spoil(getattr(room, name)))
        words = ["--exchanges", "mexc,gateio", "--seconds", str(seconds), "--seed", "9", "--json", *options]
        done = CliRunner().invoke(room.demo, words, standalone_mode=False)
        assert done.exception is None, done.exception
        return done.return_value, done.stderr, [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_dislocation_that_is_judged_too_strictly_is_missed_and_ends_the_demo_with_1(spoilt):
    def strict(policy_of):
        return lambda detection: msgspec.structs.replace(policy_of(detection), max_edge_bps=0.001)

    # However busy this machine is, none of them is excused.
    parts = {"policy_of": strict, "_READY_AFTER_NS": lambda _: 0, "_BEHIND_NS": lambda _: 10**18}
    code, said, lines = spoilt(12, "--watch-only", **parts)
    injected = lines[-1]["injected"]
    assert injected["made"] > injected["found"] == 0
    assert code == 1
    assert said.count("missed: ") == injected["made"]
    assert "run again with --seed 9" in said


def test_what_this_machine_was_too_busy_for_is_told_and_no_failure(spoilt):
    def strict(policy_of):
        return lambda detection: msgspec.structs.replace(policy_of(detection), max_edge_bps=0.001)

    parts = {"policy_of": strict, "_READY_AFTER_NS": lambda _: 0, "_BEHIND_NS": lambda _: -1}
    code, said, lines = spoilt(12, "--watch-only", **parts)
    assert code == 0
    assert lines[-1]["injected"] == {"made": 0, "found": 0}
    assert said.count("not counted: ") > 0
    assert "missed: " not in said


def test_statement_that_differs_from_the_journal_in_one_digit_ends_the_demo_with_1(spoilt):
    def forged(statements):
        async def ask(venues):
            mexc, *rest = await statements(venues)
            usdt = mexc.balances["USDT"]
            more = msgspec.structs.replace(usdt, free=usdt.free + Decimal("0.00000001"))
            return [msgspec.structs.replace(mexc, balances={**mexc.balances, "USDT": more}), *rest]

        return ask

    code, said, lines = spoilt(1, _statements=forged)
    assert code == 1
    (entry,) = [line for line in of("account", lines) if (line["venue"], line["asset"]) == ("mexc", "USDT")]
    assert Decimal(entry["difference"]) == Decimal("0.00000001")
    assert "arb: the books differ: " in said


def test_order_that_is_in_the_journal_and_not_in_the_statement_ends_the_demo_with_1(spoilt):
    def forgetful(statements):
        async def ask(venues):
            return [
                msgspec.structs.replace(state, statement=[line for line in state.statement if line.order is None])
                for state in await statements(venues)
            ]

        return ask

    code, said, lines = spoilt(8, _statements=forgetful)
    assert lines[-1]["trades"] > 0, "no trade was made: nothing was shown"
    assert code == 1
    assert "arb: the books differ: " in said
    assert "the statement nothing" in said
