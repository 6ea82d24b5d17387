"""Legs that follow each other within one venue: each is paid for by what the one before it really brought."""

from decimal import Decimal

import pytest
from arb_core.engine.trade import Outcome, Purpose
from arb_core.structs.market import Asset, Side
from scripted_account import Play, ScriptedVenue
from trading_stage import BTC, BTC_USDT, ETH_BTC, ETH_USDT, LIMITS, MEXC, USDT, Stage, circle, circle_listing

pytestmark = pytest.mark.looptime(noop_cycles=2)


class Circle(Stage):
    """One venue on which a circle closes."""

    def __init__(self, **balances: str) -> None:
        super().__init__([ScriptedVenue("mexc", circle_listing(), balances or {"USDT": "1000"})])


def in_base(stage: Circle) -> None:
    """Take fees as most venues do: out of what is received."""
    (venue,) = stage.venues
    venue.fee_asset = lambda request: Asset(request.symbol.base if request.side is Side.BUY else request.symbol.quote)


async def test_each_leg_spends_what_the_one_before_it_brought_after_its_fee() -> None:
    stage = Circle()
    in_base(stage)
    async with stage.running():
        result = await stage.trade(circle())
    assert [(plan.symbol, plan.side, plan.quantity) for plan, _ in stage.fills] == [
        (BTC_USDT, Side.BUY, Decimal("0.01")),
        (ETH_BTC, Side.BUY, Decimal("0.1998")),  # 0.00999 BTC at 0.05
        (ETH_USDT, Side.SELL, Decimal("0.1996")),
    ]
    assert result.outcome is Outcome.DONE
    assert result.moves[USDT] == stage.total(USDT) - 1000
    assert stage.alarmed() == []


async def test_one_leg_is_under_way_at_a_time() -> None:
    stage = Circle()
    stage.mexc.default = Play(answers=1.0, stream=1.0)
    async with stage.running() as trading:
        stage.see(circle())
        for sent in (1, 2, 3):
            await trading._clock.sleep(500_000_000)
            assert len(stage.mexc.placed) == sent
            await trading._clock.sleep(500_000_000)
        await trading.finished()


async def test_a_second_leg_that_fills_in_part_is_followed_by_less_and_the_rest_goes_home() -> None:
    stage = Circle()
    in_base(stage)
    stage.mexc.script = [Play(), Play(fills=Decimal("0.5"))]
    async with stage.running():
        result = await stage.trade(circle())
    last = {order.plan.client_order_id: order for order in stage.orders}
    sent = [(o.plan.leg, o.plan.purpose, o.plan.side) for o in last.values()]
    assert sent == [
        (0, Purpose.ENTRY, Side.BUY),
        (1, Purpose.ENTRY, Side.BUY),
        (2, Purpose.ENTRY, Side.SELL),
        (0, Purpose.UNWIND, Side.SELL),
    ]
    assert result.outcome is Outcome.DONE
    assert result.moves[USDT] == stage.total(USDT) - 1000
    assert abs(result.moves.get(BTC, Decimal(0))) < Decimal("0.0001")


async def test_a_first_leg_that_does_not_fill_ends_it() -> None:
    stage = Circle()
    stage.mexc.script = [Play(fills=Decimal(0))]
    async with stage.running():
        result = await stage.trade(circle())
    assert (result.outcome, len(stage.mexc.placed)) == (Outcome.NOTHING, 1)


async def test_only_the_first_leg_needs_funds_and_no_other_trade_takes_what_it_brings() -> None:
    stage = Circle()
    stage.mexc.default = Play(answers=1.0, stream=1.0)
    async with stage.running() as trading:
        stage.see(circle())
        await trading._clock.sleep(1_500_000_000)
        assert trading.ledger.held(MEXC, BTC) > 0
        assert trading.ledger.available(MEXC, BTC) == 0
        await trading.finished()
        assert trading.ledger.reserved(MEXC, BTC) == 0


async def test_the_size_is_what_the_money_pays_for_and_the_limit_allows() -> None:
    stage = Circle(USDT="100.2")
    async with stage.running():
        await stage.trade(circle())
    assert stage.fills[0][0].quantity == Decimal("0.002")
    stage = Circle(USDT="100000")
    async with stage.running():
        await stage.trade(circle(btc=1.0))
    assert stage.fills[0][0].quantity == LIMITS.max_notional[USDT] / 50000


async def test_a_kill_lets_the_circle_close() -> None:
    stage = Circle()
    stage.mexc.default = Play(answers=1.0, stream=1.0)
    async with stage.running() as trading:
        stage.see(circle())
        await trading._clock.sleep(500_000_000)
        trading.kill("by hand")
        await trading.finished()
    assert len(stage.mexc.placed) == 3
    assert stage.results[0][1].outcome is Outcome.DONE
