"""`run_trading` from start to end: two venues that follow a script, the real watch, strategy, engine and journal."""

import asyncio
import io
import os
import signal
from decimal import Decimal
from importlib import import_module
from typing import Any

import msgspec
import pytest
from arb_core.cli.accounts import real_accounts
from arb_core.cli.table import Screen
from arb_core.cli.terms import Terms
from arb_core.cli.trading import run_trading
from arb_core.engine.journal.journal import Journal
from arb_core.engine.opportunity import Policy
from arb_core.errors import InvalidSymbol
from arb_core.runtime.clock import LoopClock
from arb_core.strategies.spatial import Spatial
from arb_core.structs.market import Symbol, VenueName
from rich.console import Console

SECOND = 1_000_000_000

pytestmark = pytest.mark.looptime


class Town:
    """Two venues, a journal, and what a run told."""

    def __init__(self, *, silent_s: float = 0.0, **terms: Any) -> None:
        stage, scripted, opened = (
            import_module(name) for name in ("trading_stage", "scripted_account", "opened_venue")
        )
        self.stage, self.Play = stage, scripted.Play
        self.clock = LoopClock(scripted.EPOCH)
        self.scripted = stage.Stage.two([stage.instrument()])
        self.venues = [
            opened.OpenedVenue(venue, scripted.ScriptedAccount(venue), self.clock, silent_s=silent)
            for venue, silent in zip(self.scripted, (0.0, silent_s), strict=True)
        ]
        self.journal = Journal(":memory:", threaded=False)
        self.terms = Terms(limits=stage.LIMITS, legs=stage.POLICY, shutdown_ns=5 * SECOND, **terms)
        self.lines: list[Any] = []
        self.begun = asyncio.Event()
        self.trading: Any = None

    def start(self, seconds: float | None = None, *, symbols=None, screen: Screen | None = None):
        return asyncio.ensure_future(
            run_trading(
                {VenueName(venue.name): venue for venue in self.venues},
                [self.stage.PAIR] if symbols is None else symbols,
                accounts=real_accounts,
                journal=self.journal,
                terms=self.terms,
                paper=False,
                strategies={"spatial": Spatial()},
                policy=Policy(price_window_ns=2 * SECOND),
                title="arb run",
                seconds=seconds,
                lines=None if screen is not None else lambda line: self.lines.append(msgspec.to_builtins(line)),
                screen=screen,
                clock=self.clock,
                on_start=self._on_start,
            )
        )

    def _on_start(self, watch, trading):
        self.trading = trading
        self.begun.set()

    async def quiet(self, seconds: float = 4.0) -> None:
        """Let the venues agree for so long that their prices prove the asset."""
        await self.begun.wait()
        await self.trading.reconciled()
        for _ in range(round(seconds * 2)):
            self.show(100.0, 100.0)
            await self.clock.sleep(SECOND // 2)

    def show(self, mexc: float, gate: float) -> None:
        """Set both books; gateio's first, so that an edge which is over is not seen once more."""
        for venue, mid in zip(reversed(self.venues), (gate, mexc), strict=True):
            venue.put(mid - 0.01, mid + 0.01)

    def told(self, kind: str) -> list[Any]:
        return [line for line in self.lines if line["kind"] == kind]


@pytest.fixture
def town(scripted):
    """A town, for a test to build as it needs it; `scripted` has put its parts on the path."""
    return Town


async def test_edge_becomes_a_trade_a_result_and_a_summary(town):
    here = town()
    run = here.start(seconds=10)
    await here.quiet()
    here.show(100.0, 102.0)
    await here.trading.finished()
    here.show(100.0, 100.0)
    ended = await run
    assert ended.left == ()
    assert ended.summary.trades == 1
    (result,) = here.told("result")
    assert ended.summary.pnl == {"USDT": result["pnl"]}
    assert Decimal(result["pnl"]) > 0
    assert here.journal.unfinished() == []


async def test_each_step_is_told_once_and_in_order(town):
    here = town()
    run = here.start(seconds=10)
    await here.quiet()
    here.show(100.0, 102.0)
    await here.trading.finished()
    here.show(100.0, 100.0)
    await run
    kinds = [line["kind"] for line in here.lines if line["kind"] not in {"event", "opportunity", "episode"}]
    assert kinds[0] == "admission"
    assert kinds[-1] == "result"
    assert kinds.index("intent") < kinds.index("order") < kinds.index("fill")
    assert set(kinds) == {"admission", "intent", "order", "fill", "result"}
    orders = here.told("order")
    steps = [(line["client_order_id"], line["state"], line["filled"]) for line in orders]
    assert len(steps) == len(set(steps))
    assert {(line["side"], line["state"]) for line in orders} >= {("BUY", "sent"), ("SELL", "filled")}
    (intent,) = here.told("intent")
    assert {line["intent"] for line in [*orders, *here.told("fill"), *here.told("result")]} == {intent["id"]}
    assert [line["intent"] for line in here.told("admission") if line["admitted"]] == [intent["id"]]


async def test_refusal_of_the_account_is_told_once_for_each_reason(town):
    here = town()
    here.scripted[0].balances.clear()
    run = here.start(seconds=10)
    await here.quiet()
    for step in range(5):
        here.show(100.0, 102.0 + step / 100)
        await here.clock.sleep(SECOND // 10)
    here.trading.kill("enough")
    for step in range(5):
        here.show(100.0, 102.0 + step / 100)
        await here.clock.sleep(SECOND // 10)
    ended = await run
    assert [list(line["reasons"]) for line in here.told("admission")] == [["balance"], ["kill"]]
    assert (ended.summary.trades, ended.summary.pnl) == (0, {})


async def test_venue_that_answers_late_is_traded_on_when_it_does(town):
    here = town(silent_s=20.0)
    run = here.start(seconds=20)
    await here.begun.wait()
    assert set(here.trading.status().venues) == {"mexc", "gateio"}
    await here.clock.sleep(8 * SECOND)
    await here.quiet()
    here.show(100.0, 102.0)
    await here.trading.finished()
    here.show(100.0, 100.0)
    assert (await run).summary.trades == 1


async def test_alarm_is_an_event_with_its_name(town):
    here = town()
    run = here.start(seconds=3)
    await here.begun.wait()
    here.trading.kill("enough")
    await run
    assert "kill: nothing new is begun: enough" in [line["text"] for line in here.told("event")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signal_ends_it_when_trades_under_way_have_ended(town, number):
    here = town()
    here.scripted[1].default = here.Play(arrives=2.0, answers=2.5, stream=0.1)
    run = here.start()
    await here.quiet()
    here.show(100.0, 102.0)
    await here.clock.sleep(SECOND // 10)
    began_ns = here.clock.monotonic_ns()
    os.kill(os.getpid(), number)
    ended = await run
    assert ended.left == ()
    assert ended.summary.trades == 1
    assert here.clock.monotonic_ns() - began_ns < 5 * SECOND


async def test_end_waits_so_long_and_lists_what_is_still_open(town, capsys):
    here = town()
    here.scripted[1].default = here.Play(answers=None, gives_up=60.0, arrives=50.0, stream=None)
    run = here.start(seconds=10)
    await here.quiet()
    here.show(100.0, 102.0)
    ended = await run
    (left,) = ended.left
    assert left.intent.symbol == here.stage.PAIR
    assert len(left.orders) == 2
    assert "stopping: 1 trades under way, at most 5 s; once more leaves at once" in capsys.readouterr().err
    assert ended.summary.trades == 0
    assert [found.intent.id for found in here.journal.unfinished()] == [left.intent.id]


async def test_usr1_is_a_kill_that_a_restart_does_not_lift(town):
    here = town()
    run = here.start(seconds=10)
    await here.quiet()
    os.kill(os.getpid(), signal.SIGUSR1)
    await here.clock.sleep(SECOND)
    here.show(100.0, 102.0)
    await run
    assert [line["reasons"] for line in here.told("admission")] == [{"kill": "signal SIGUSR1"}]
    kill = here.journal.kill()
    assert kill is not None
    assert kill.reason == "signal SIGUSR1"


async def test_told_to_stop_while_it_starts_it_ends_without_trading(town):
    here = town(silent_s=10.0)
    run = here.start()
    await here.clock.sleep(SECOND)
    os.kill(os.getpid(), signal.SIGTERM)
    ended = await run
    assert (ended.left, ended.summary.trades) == ((), 0)
    assert here.trading is None


async def test_symbol_that_is_nowhere_is_refused_before_anything_is_traded(town):
    here = town()
    with pytest.raises(InvalidSymbol):
        await here.start(symbols=[Symbol("XYZ", "USDT")])
    assert here.trading is None


async def test_episodes_are_kept_in_the_journal(town, monkeypatch):
    here = town()
    kept = []
    monkeypatch.setattr(here.journal, "episode", lambda episode, now_ns: kept.append((episode.executable, now_ns)))
    run = here.start(seconds=10)
    await here.quiet()
    here.show(100.0, 102.0)
    await here.clock.sleep(SECOND // 10)
    here.show(100.0, 100.0)
    await run
    assert [executable for executable, _ in kept] == [True]


async def test_table_says_how_trading_stands(town):
    here = town()
    out = io.StringIO()
    screen = Screen(Console(file=out, width=120), "arb run  LIVE  mexc gateio")
    run = here.start(seconds=11, screen=screen)
    await here.quiet()
    here.show(100.0, 102.0)
    await here.trading.finished()
    here.show(100.0, 100.0)
    here.trading.kill("enough")
    await run
    last = out.getvalue().split("arb run  LIVE")[-1]
    assert "no new trades: kill: enough" in last
    assert "LIVE: 1 trades (1 done), 0 open" in last
    assert "limits used: max_open_trades 0%, max_daily_loss USDT 0%" in last
    assert "P&L: this run 8.89000 USDT; today 8.89000 USDT" in last
    assert "mexc: 15 ABC, 9499.44995 USDT" in last
    assert "kill: nothing new is begun: enough" in last
