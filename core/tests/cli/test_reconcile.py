"""`arb reconcile` over venues that follow a script: what a process left that was killed, and what happened since."""

from decimal import Decimal
from importlib import import_module
from typing import Any

import msgspec
import pytest
from arb_core.cli import reconcile as room
from arb_core.cli.reconcile import reconcile
from arb_core.engine.ids import IntentId
from arb_core.engine.journal.journal import Journal
from arb_core.engine.trade import Intent, OrderPlan, OrderState, Outcome
from arb_core.engine.trading.settings import TradingSettings
from arb_core.errors import ExchangeUnavailable
from arb_core.runtime.clock import LoopClock
from arb_core.structs.market import Side, VenueName
from arb_core.structs.opportunity import Plan

SECOND = 1_000_000_000

pytestmark = pytest.mark.looptime


class Aftermath:
    """Two venues and a journal; no engine runs."""

    def __init__(self) -> None:
        stage, scripted, opened = (
            import_module(name) for name in ("trading_stage", "scripted_account", "opened_venue")
        )
        self.stage, self.Play = stage, scripted.Play
        self.clock = LoopClock(scripted.EPOCH)
        self.scripted = stage.Stage.two([stage.instrument()])
        self.journal = Journal(":memory:", threaded=False)
        self._opened, self._account = opened.OpenedVenue, scripted.ScriptedAccount

    def openers(self) -> dict[VenueName, Any]:
        return {venue.name: self._opened(venue, self._account(venue), self.clock) for venue in self.scripted}

    async def reconcile(self, seconds: float = 60):
        return await reconcile(
            self.openers(), self.journal, TradingSettings(), self.clock, wait_ns=round(seconds * SECOND)
        )

    def plans(self, number: int = 1) -> list[OrderPlan]:
        return [
            OrderPlan(
                client_order_id=self.journal.client_order_id(IntentId(number), leg, 0),
                intent=IntentId(number),
                leg=leg,
                attempt=0,
                venue=venue.name,
                symbol=self.stage.PAIR,
                side=side,
                quantity=Decimal(1),
                price=Decimal(100),
                intended_ns=self.clock.now_ns(),
            )
            for leg, (venue, side) in enumerate(zip(self.scripted, (Side.BUY, Side.SELL), strict=True))
        ]

    async def crash(self, *plays: Any) -> list[OrderPlan]:
        """Leave a trade behind whose process was killed when its orders had left; a play of None = it never did."""
        plans = self.plans()
        intent = Intent(
            id=IntentId(1),
            strategy="spatial",
            symbol=self.stage.PAIR,
            plan=Plan.TOGETHER,
            money=self.stage.USDT,
            notional=Decimal(100),
            edge_bps=10.0,
            created_ns=self.clock.now_ns(),
            detected_ns=self.clock.now_ns(),
        )
        await self.journal.intend(intent, plans)
        for venue, plan, play in zip(self.scripted, plans, plays, strict=True):
            if play is not None:
                venue.take(plan.request(), play)
        return plans


@pytest.fixture
async def aftermath(scripted):
    """`scripted` has put its parts on the path."""
    return Aftermath()


async def test_where_nothing_happened_everything_is_accounted_for(aftermath):
    found = await aftermath.reconcile()
    assert [(report.venue, report.trouble) for report in found.venues] == [("mexc", None), ("gateio", None)]
    assert (found.orders, found.results, found.left, found.unresolved) == ((), (), (), 0)


async def test_order_of_ours_that_nobody_cares_for_is_cancelled_and_others_are_not_touched(aftermath):
    mexc = aftermath.scripted[0]
    plan = aftermath.plans(7)[0]
    ours = mexc.take(plan.request(), aftermath.Play(fills=Decimal(0), rests=True))
    theirs = mexc.foreign(aftermath.stage.PAIR)
    found = await aftermath.reconcile()
    assert found.venues[0].canceled == (plan.client_order_id,)
    assert (ours.open, theirs.open) == (False, True)
    assert found.unresolved == 0


async def test_orders_of_a_process_that_was_killed_are_found_and_its_trade_ends(aftermath):
    await aftermath.crash(aftermath.Play(), aftermath.Play())
    found = await aftermath.reconcile()
    assert [order.state for order in found.orders] == [OrderState.FILLED] * 2
    (result,) = found.results
    assert (result.intent, result.outcome) == (1, Outcome.DONE)
    assert (found.left, found.unresolved) == ((), 0)
    assert aftermath.journal.unfinished() == []


async def test_order_that_never_left_is_proved_absent(aftermath):
    await aftermath.crash(None, None)
    found = await aftermath.reconcile()
    assert [order.state for order in found.orders] == [OrderState.ABSENT] * 2
    assert [result.outcome for result in found.results] == [Outcome.NOTHING]
    assert found.unresolved == 0


async def test_what_is_not_proved_in_time_stays_unresolved(aftermath, capsys):
    await aftermath.crash(None, aftermath.Play())
    found = await aftermath.reconcile(seconds=4)
    assert [order.state for order in found.orders] == [OrderState.IN_DOUBT, OrderState.FILLED]
    (left,) = found.left
    assert left.intent.id == 1
    # balances are compared when no order is under way any more, and once more where they differ
    assert [report.trouble for report in found.venues] == ["no answer in time"] * 2
    assert found.unresolved == 3
    assert "1 orders whose end is not known, 2 venues to be compared ..." in capsys.readouterr().err


async def test_leg_without_its_counterpart_is_left_for_trading_to_mend(aftermath):
    await aftermath.crash(None, aftermath.Play())
    found = await aftermath.reconcile()
    assert [order.state for order in found.orders] == [OrderState.ABSENT, OrderState.FILLED]
    assert len(found.left) == 1
    assert [venue.placed for venue in aftermath.scripted] == [[], [aftermath.plans()[1].client_order_id]]
    assert len(aftermath.journal.unfinished()) == 1


async def test_money_that_nothing_accounts_for_is_told(aftermath):
    await aftermath.reconcile()
    aftermath.scripted[0].move("USDT", Decimal("12.5"))
    found = await aftermath.reconcile()
    (drift,) = found.venues[0].drifts
    assert (drift.asset, drift.difference) == ("USDT", Decimal("12.5"))
    assert found.unresolved == 0


async def test_venue_that_does_not_answer_is_unresolved_and_the_other_is_compared(aftermath):
    aftermath.scripted[0].faults["get_open_orders"] = [ExchangeUnavailable("down", exchange="mexc")] * 1000
    found = await aftermath.reconcile()
    mexc, gate = found.venues
    assert "down" in str(mexc.trouble)
    assert (gate.trouble, found.unresolved) == (None, 1)


async def test_people_and_programs_are_told_the_same(aftermath, capsys):
    plans = await aftermath.crash(None, aftermath.Play())
    aftermath.scripted[0].move("USDT", Decimal(5))
    found = await aftermath.reconcile()
    capsys.readouterr()
    room._say(found)
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "1 unresolved"
    assert f"order {plans[0].client_order_id} on mexc: never stood, filled 0" in said
    assert f"order {plans[1].client_order_id} on gateio: filled, filled 1" in said
    assert any(line.startswith("trade 1 is unfinished: ") for line in said)
    room._emit(found)
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["venue", "venue", "order", "order", "open", "reconciled"]
    assert lines[-1] == {"kind": "reconciled", "unresolved": 1}
