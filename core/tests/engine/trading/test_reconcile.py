"""The venue and our books, compared at the start, on reconnect and on demand."""

from decimal import Decimal
from pathlib import Path

import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.ledger import Drift
from arb_core.engine.trade import Outcome
from arb_core.engine.trading.settings import TradingSettings
from arb_core.errors import ExchangeUnavailable
from arb_core.structs.card import Capability
from arb_core.structs.market import Side
from arb_core.structs.order import OrderId, OrderRequest
from scripted_account import SECOND, STREAMS, Play, ScriptedVenue
from trading_stage import ABC, GATE, MEXC, PAIR, USDT, Stage, instrument

pytestmark = pytest.mark.looptime(noop_cycles=2)


async def test_a_first_start_believes_what_is_there() -> None:
    stage = Stage()
    async with stage.running() as trading:
        assert trading.ledger.held(MEXC, USDT) == 10_000
        assert stage.alarmed() == []


async def test_what_changed_between_two_runs_is_told_and_believed(tmp_path: Path) -> None:
    place = str(tmp_path / "journal.db")
    stage = Stage(journal=Journal(place, threaded=False))
    async with stage.running():
        await stage.trade()
    await stage.journal.close()
    again = Stage(stage.venues, Journal(place, threaded=False))
    async with again.running():
        assert again.alarmed() == [], "what was traded is accounted for"
    await again.journal.close()
    stage.mexc.balances[USDT] += 500
    third = Stage(stage.venues, Journal(place, threaded=False))
    async with third.running() as trading:
        assert third.alarmed() == ["drift"]
        assert trading.ledger.held(MEXC, USDT) == stage.mexc.balances[USDT]
        (drift,) = [d for report in await trading.reconcile() for d in report.drifts] or [None]
        assert drift is None, "it is told once"
    await third.journal.close()


async def test_a_drift_is_a_drift_only_when_it_lasts() -> None:
    stage = Stage()
    async with stage.running() as trading:
        stage.mexc.balances[USDT] -= 7

        async def later() -> None:
            await trading._clock.sleep(2 * SECOND)
            stage.mexc.balances[USDT] += 7

        trading._crew.spawn(later(), "later")
        reports = await trading.reconcile()
    assert [report.drifts for report in reports] == [(), ()]


async def test_on_demand_every_venue_is_compared_and_the_drift_named() -> None:
    stage = Stage()
    async with stage.running() as trading:
        stage.gate.balances[ABC] -= Decimal("0.5")
        reports = await trading.reconcile()
        assert reports[0].drifts == ()
        assert reports[1].drifts == (Drift(venue=GATE, asset=ABC, expected=Decimal(10), reported=Decimal("9.5")),)
        assert stage.alarmed() == ["drift"]
        assert stage.see().admitted
        await trading.finished()


async def test_an_open_order_of_ours_that_nobody_knows_is_cancelled_and_told_and_others_are_left() -> None:
    stage = Stage()
    stranger = stage.gate.foreign(PAIR)
    id_ = stage.journal.client_order_id(stage.journal.next_intent(), 0, 0)
    request = OrderRequest(symbol=PAIR, side=Side.SELL, client_order_id=id_, quantity=Decimal(1), price=Decimal(200))
    orphan = stage.gate.take(request, Play(fills=Decimal(0), rests=True))
    async with stage.running() as trading:
        assert not orphan.open
        assert stranger.open
        assert "orphan" in stage.alarmed()
        await trading._clock.sleep(SECOND)
        (mexc, gate) = await trading.reconcile()
        assert (mexc.canceled, gate.canceled) == ((), ())


async def test_an_orphan_of_an_earlier_trade_is_cancelled_and_what_it_filled_is_on_record() -> None:
    stage = Stage()
    async with stage.running() as trading:
        await stage.trade()
        placed = stage.gate.orders[OrderId("gateio-1")]
        placed.status = placed.status.OPEN
        placed.request = OrderRequest(
            symbol=PAIR,
            side=Side.SELL,
            client_order_id=placed.request.client_order_id,
            quantity=Decimal(2),
            price=Decimal(102),
        )
        stage.gate.fill(placed, Decimal("0.5"), Decimal(102))
        (_, gate) = await trading.reconcile()
        assert gate.canceled == (placed.request.client_order_id,)
        assert {"orphan", "late_fill"} <= set(stage.alarmed())
        kept = await stage.journal.tracked(placed.request.client_order_id)
        assert kept is not None
        assert kept.filled == Decimal("1.5")
        assert trading.ledger.held(GATE, ABC) == stage.gate.balances[ABC]


async def test_a_venue_that_cannot_be_compared_stays_closed_and_is_tried_again() -> None:
    stage = Stage()
    stage.gate.faults["get_balances"] = [ExchangeUnavailable("down", exchange="gateio")] * 2
    async with stage.running(wait=False) as trading:
        await trading._clock.sleep(SECOND)
        assert trading.status().venues[GATE] == "ExchangeUnavailable: gateio: down"
        assert trading.status().venues[MEXC] is None
        assert [reason.name for reason in stage.see().reasons] == ["reconciling"]
        await trading.reconciled()
        assert stage.see().admitted
        await trading.finished()
    assert stage.alarmed() == ["reconcile_failed", "reconcile_failed"]


async def test_on_demand_a_failure_is_reported() -> None:
    stage = Stage()
    async with stage.running() as trading:
        stage.gate.faults["get_open_orders"] = [ExchangeUnavailable("down", exchange="gateio")]
        reports = await trading.reconcile()
    assert [report.trouble for report in reports] == [None, "ExchangeUnavailable: gateio: down"]


async def test_balances_are_compared_while_no_order_is_under_way() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(answers=2.0, stream=2.0, arrives=0.001)
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(SECOND)
        await trading.reconcile()
        assert len(stage.results) == 1
    assert stage.alarmed() == []


async def test_balances_that_are_older_than_an_order_are_not_believed() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal("0.5"))]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        for book in stage.books.values():
            book.lose()
        await trading._clock.sleep(100_000_000)
        stage.gate.balances_take = 3.0
        trading._compare_again(GATE, "a test")
        await trading._clock.sleep(SECOND)
        stage.show()
        await trading.finished()  # the hedge is sent and settled while the account is being read
        await trading._clock.sleep(10 * SECOND)
        assert trading.ledger.held(GATE, ABC) == stage.gate.balances[ABC] == 9
        assert stage.alarmed() == []


async def test_after_a_reconnect_orders_in_flight_are_asked_for_and_the_venue_is_compared() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(tells=False, stream=None)
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(20_000_000)
        for account in stage.accounts.values():
            account.undeafen()
        await trading._clock.sleep(20_000_000)
        assert stage.results[0][1].outcome is Outcome.DONE
        assert stage.mexc.calls.count("get_balances") == 2


async def test_hands_off_accounts_for_orders_and_trades_nothing(tmp_path: Path) -> None:
    place = str(tmp_path / "journal.db")
    stage = Stage(journal=Journal(place, threaded=False))
    stage.gate.script = [Play(fills=Decimal("0.4"), tells=False, stream=None)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(20_000_000)
        await trading.stop(1)
    await stage.journal.close()
    looking = Stage(stage.venues, Journal(place, threaded=False), settings=TradingSettings(finish_trades=False))
    async with looking.running() as trading:
        await trading.reconcile()
        (left,) = trading.open_trades()
        assert left.why == "its legs did not fill alike"
        assert [len(venue.placed) for venue in stage.venues] == [1, 1]
    await looking.journal.close()
    finishing = Stage(stage.venues, Journal(place, threaded=False))
    async with finishing.running() as trading:
        await trading.finished()
        assert finishing.results[0][1].outcome is Outcome.DONE
        assert stage.total(ABC) == 20
    await finishing.journal.close()


async def test_a_trade_on_a_venue_that_is_gone_is_told_and_kept(tmp_path: Path) -> None:
    place = str(tmp_path / "journal.db")
    stage = Stage(journal=Journal(place, threaded=False))
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        await trading.stop(1)
    await stage.journal.close()
    again = Stage(stage.venues[:1], Journal(place, threaded=False))
    async with again.running() as trading:
        assert "unsettled" in again.alarmed()
        assert "gateio, where no account is open" in again.alarms[-1].detail
        assert len(trading.open_trades()) == 1
    assert len(again.journal.unfinished()) == 1
    await again.journal.close()


# -- the end


async def test_stop_lets_trades_finish() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(answers=0.5, stream=0.5)
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        assert await trading.stop(5 * SECOND) == []
        assert stage.results[0][1].outcome is Outcome.DONE
        assert [reason.name for reason in stage.see().reasons] == ["stopping"]
        assert not stage.accounts[MEXC]._listeners


async def test_stop_is_bounded_and_returns_what_is_left() -> None:
    stage = Stage()
    stage.gate.script = [Play(takes=False, answers=None)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        begun_ns = trading._clock.monotonic_ns()
        (left,) = await trading.stop(3 * SECOND)
        assert trading._clock.monotonic_ns() - begun_ns == 3 * SECOND
        assert left.intent.symbol == PAIR
        calls = len(stage.gate.calls)
        await trading._clock.sleep(60 * SECOND)
        assert len(stage.gate.calls) == calls, "nobody is at work any more"
    assert len(stage.journal.unfinished()) == 1


# -- countdown


def counting(seconds: int | None) -> Stage:
    listed = [instrument()]
    capabilities = STREAMS | {Capability.TRADING, Capability.IOC, Capability.COUNTDOWN_CANCEL}
    venues = [
        ScriptedVenue("mexc", listed, {"USDT": "10000", "ABC": "10"}),
        ScriptedVenue("gateio", listed, {"USDT": "10000", "ABC": "10"}, capabilities=capabilities),
    ]
    return Stage(venues, settings=TradingSettings(countdown_ns=None if seconds is None else seconds * SECOND))


async def test_a_countdown_is_renewed_where_there_is_one_and_disarmed_at_the_end() -> None:
    stage = counting(30)
    async with stage.running() as trading:
        await trading._clock.sleep(35 * SECOND)
        assert stage.gate.countdowns == [30 * SECOND] * 4
        assert stage.mexc.countdowns == []
        await trading.stop(SECOND)
        assert stage.gate.countdowns[-1] == 0


async def test_without_being_asked_for_no_countdown_is_armed() -> None:
    stage = counting(None)
    async with stage.running() as trading:
        await trading._clock.sleep(35 * SECOND)
        await trading.stop(SECOND)
    assert stage.gate.countdowns == []


async def test_a_countdown_that_is_not_renewed_closes_the_venue() -> None:
    stage = counting(30)
    down = ExchangeUnavailable("down", exchange="gateio")
    async with stage.running() as trading:
        await trading._clock.sleep(SECOND)
        stage.gate.faults["arm_countdown"] = [down]
        await trading._clock.sleep(10 * SECOND)
        assert [reason.name for reason in stage.see().reasons] == ["countdown"]
        assert stage.alarmed() == ["countdown"]
        await trading._clock.sleep(10 * SECOND)
        assert stage.see().admitted
        await trading.finished()
