"""Two legs at once, as it should be and as it is not."""

from decimal import Decimal

import pytest
from arb_core.engine.legs import LegPolicy
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Limits
from arb_core.engine.trade import OrderState, Outcome, Purpose
from arb_core.structs.market import Asset
from scripted_account import Play, no_money
from trading_stage import ABC, GATE, LIMITS, MEXC, USDT, Stage, opportunity

pytestmark = pytest.mark.looptime(noop_cycles=2)


def purposes(stage: Stage) -> list[tuple[str, Purpose, int]]:
    """Where every order of the journal went, by its id."""
    found: dict[str, TrackedOrder] = {order.plan.client_order_id: order for order in stage.orders}
    return [(o.plan.venue, o.plan.purpose, o.plan.attempt) for _, o in sorted(found.items())]


async def test_two_legs_go_out_together_and_the_result_is_the_venues_own_to_the_last_digit() -> None:
    stage = Stage()
    before = {asset: stage.total(asset) for asset in (USDT, ABC)}
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.DONE
    assert result.pnl == Decimal("2.0") - Decimal("0.202")
    assert result.moves == {USDT: stage.total(USDT) - before[USDT]}
    assert stage.total(ABC) == before[ABC]
    assert [len(venue.placed) for venue in stage.venues] == [1, 1]
    assert not stage.alarms
    assert stage.journal.unfinished() == []


async def test_both_orders_leave_before_either_is_answered() -> None:
    stage = Stage()
    stage.mexc.default = stage.gate.default = Play(answers=3.0, stream=4.0)
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(10_000_000)
        assert [len(venue.placed) for venue in stage.venues] == [1, 1]
        await trading.finished()


async def test_what_is_paired_stays_and_the_rest_is_hedged_where_it_is_missing() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal("0.4"))]
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.DONE
    assert purposes(stage) == [(MEXC, Purpose.ENTRY, 0), (GATE, Purpose.ENTRY, 0), (GATE, Purpose.HEDGE, 1)]
    assert stage.total(ABC) == 20
    assert result.pnl == Decimal("1.798")


async def test_a_leg_that_is_refused_is_hedged_by_another_order_under_another_id() -> None:
    stage = Stage()
    stage.gate.script = [Play(refuses=no_money("gateio"))]
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.DONE
    assert len(set(stage.gate.placed)) == len(stage.gate.placed) == 2
    assert stage.total(ABC) == 20


async def test_a_leg_that_cannot_be_completed_inside_its_cap_is_undone() -> None:
    stage = Stage(policy=LegPolicy(hedge_loss={USDT: Decimal(0)}, unwind_loss={USDT: Decimal(1)}))
    stage.gate.script = [Play(fills=Decimal(0))]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        stage.show(gate=(99.0, 99.1))  # the orders are on their way; the edge is gone by the time that one is missing
        await trading.finished()
    _, result = stage.results[0]
    assert result.outcome is Outcome.DONE
    assert purposes(stage) == [(MEXC, Purpose.ENTRY, 0), (MEXC, Purpose.UNWIND, 1), (GATE, Purpose.ENTRY, 0)]
    assert stage.total(ABC) == 20
    assert result.pnl == Decimal("-0.20999")


async def test_a_leg_that_nothing_can_be_done_about_is_left_and_told() -> None:
    stage = Stage(policy=LegPolicy(hedge_loss={USDT: Decimal(-100)}, unwind_loss={USDT: Decimal(-100)}))
    stage.gate.script = [Play(fills=Decimal(0))]
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.STOPPED
    assert result.moves[ABC] == 1
    assert "+1 ABC is left unpaired" in result.detail
    assert stage.alarmed() == ["stopped"]
    assert result.residue_value == Decimal("99.995"), "it counts at the mid where it is held"


async def test_a_fix_waits_for_a_book_that_is_not_live_for_a_while() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal(0))]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        for book in stage.books.values():
            book.lose()
        await trading._clock.sleep(2_000_000_000)
        assert trading.open_trades()
        stage.show()
        await trading.finished()
    assert stage.results[0][1].outcome is Outcome.DONE
    assert stage.total(ABC) == 20


async def test_a_fix_does_not_wait_for_ever() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal(0))]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        for book in stage.books.values():
            book.lose()
        await trading.finished()
    assert stage.results[0][1].outcome is Outcome.STOPPED
    assert stage.alarmed() == ["stopped"]
    assert stage.results[0][1].residue_value == 100, "no book is live: what it was bought for"


async def test_attempts_run_out() -> None:
    stage = Stage()
    stage.gate.default = Play(fills=Decimal(0))
    stage.mexc.script = [Play()]
    stage.mexc.default = Play(fills=Decimal(0))
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.STOPPED
    assert len(stage.gate.placed) == 4
    assert len(stage.mexc.placed) == 4
    assert len(set(stage.gate.placed + stage.mexc.placed)) == 8


async def test_nothing_filled_is_nothing() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(fills=Decimal(0))
    async with stage.running():
        result = await stage.trade()
    assert (result.outcome, result.pnl, result.moves) == (Outcome.NOTHING, 0, {})


async def test_a_venue_that_takes_its_fee_in_base_sells_what_arrives_from_the_second_time_on() -> None:
    stage = Stage()
    stage.mexc.fee_asset = lambda _: ABC
    async with stage.running():
        first = await stage.trade(opportunity(5.0))
        second = await stage.trade(opportunity(5.0))
    assert [(plan.venue, plan.quantity) for plan, _ in stage.fills] == [
        (MEXC, 5),
        (GATE, 5),
        (MEXC, 5),
        (GATE, Decimal("4.995")),
    ]
    assert first.moves[ABC] == Decimal("-0.005"), "less than anybody takes as an order"
    assert ABC not in second.moves
    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)


async def test_a_fee_in_an_asset_without_a_price_counts_as_the_published_fee() -> None:
    stage = Stage()
    stage.mexc.fee_asset = lambda _: Asset("MX")
    stage.mexc.balances[Asset("MX")] = Decimal(5)
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.DONE
    assert result.fees[Asset("MX")] == Decimal("0.001")
    assert result.moves[Asset("MX")] == Decimal("-0.001")
    assert result.residue_value == Decimal("-0.1")
    assert result.pnl == Decimal("1.798")


async def test_a_venue_that_fills_more_than_was_asked_stops_the_trade_and_is_told() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal("1.5"))]
    async with stage.running() as trading:
        result = await stage.trade()
        assert result.outcome is Outcome.STOPPED
        assert "filled 1.5 of 1" in result.detail
        assert stage.alarmed() == ["violation"]
        assert [len(venue.placed) for venue in stage.venues] == [1, 1], "nothing is sent after it"
        assert trading.ledger.held(GATE, ABC) == Decimal("8.5")


async def test_the_size_is_what_the_poorer_side_can_pay() -> None:
    stage = Stage()
    stage.gate.balances[ABC] = Decimal("0.25")
    async with stage.running():
        await stage.trade()
    assert [plan.quantity for plan, _ in stage.fills] == [Decimal("0.25"), Decimal("0.25")]
    poor = Stage()
    del poor.gate.balances[ABC]
    async with poor.running():
        assert [reason.name for reason in poor.see().reasons] == ["balance"]
    assert [len(venue.placed) for venue in poor.venues] == [0, 0], "leg 1 has its funds, and is not sent"


async def test_the_size_keeps_every_limit() -> None:
    limits = Limits(
        max_notional={USDT: Decimal(60)},
        max_daily_loss=LIMITS.max_daily_loss,
        max_on_venue={MEXC: {ABC: Decimal("10.3")}},
        max_asset={USDT: Decimal(20_020)},
    )
    stage = Stage(limits=limits)
    async with stage.running():
        await stage.trade()
    quantity = stage.fills[0][0].quantity
    assert quantity == Decimal("0.196"), "20 USDT more may be held: 0.196 * 102 * 0.999"


async def test_funds_of_a_trade_are_not_promised_twice() -> None:
    stage = Stage(
        limits=Limits(max_notional=LIMITS.max_notional, max_daily_loss=LIMITS.max_daily_loss, max_open_trades=2)
    )
    stage.mexc.default = stage.gate.default = Play(answers=1.0, stream=1.0, arrives=0.9)
    async with stage.running() as trading:
        assert stage.see(opportunity(5.0)).admitted
        again = stage.see(opportunity(5.0))
        assert [reason.name for reason in again.reasons] == ["under_way"]
        assert trading.ledger.reserved(GATE, ABC) == 5
        await trading.finished()
        assert trading.ledger.reserved(GATE, ABC) == 0
        assert trading.ledger.reserved(MEXC, USDT) == 0


async def test_nothing_begins_in_a_symbol_while_a_hedge_of_it_is_under_way() -> None:
    limits = Limits(max_notional=LIMITS.max_notional, max_daily_loss=LIMITS.max_daily_loss, max_open_trades=9)
    stage = Stage(limits=limits)
    stage.gate.script = [Play(fills=Decimal(0)), Play(answers=1.0, arrives=0.9, stream=1.0)]
    async with stage.running() as trading:
        stage.see()
        while len(stage.gate.placed) < 1:
            await trading._clock.sleep(10_000_000)
        await trading._clock.sleep(500_000_000)
        (open_trade,) = trading.open_trades()
        assert len(open_trade.orders) == 3, "the hedge is under way"
        assert [reason.name for reason in stage.see().reasons] == ["under_way"]
        assert trading.ledger.reserved(GATE, ABC) == 1
        await trading.finished()
        assert stage.see().admitted
        await trading.finished()


async def test_the_last_state_of_every_order_is_in_the_journal() -> None:
    stage = Stage()
    async with stage.running():
        await stage.trade()
    for venue in stage.venues:
        for client_order_id in venue.placed:
            kept = await stage.journal.tracked(client_order_id)
            assert kept is not None
            assert kept.state is OrderState.FILLED
            assert kept.settled
