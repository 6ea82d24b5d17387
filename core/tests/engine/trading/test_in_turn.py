"""Legs that follow each other within one venue: each is paid for by what the one before it really brought."""

from decimal import Decimal

import pytest
from arb_core.engine.trade import Outcome, Purpose
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan
from scripted_account import EPOCH, Play, ScriptedVenue
from trading_stage import LIMITS, USDT, Stage, instrument

pytestmark = pytest.mark.looptime(noop_cycles=2)

MEXC = VenueName("mexc")
BTC_USDT, ETH_BTC, ETH_USDT = Symbol("BTC", "USDT"), Symbol("ETH", "BTC"), Symbol("ETH", "USDT")
BTC, ETH = Asset("BTC"), Asset("ETH")


class Circle(Stage):
    """USDT -> BTC -> ETH -> USDT, each at the price that its book shows."""

    def __init__(self, **balances: str) -> None:
        listed = [
            instrument(BTC_USDT, lot=Decimal("0.00001")),
            instrument(ETH_BTC, lot=Decimal("0.0001"), tick=Decimal("0.00001"), min_notional=Decimal("0.0001")),
            instrument(ETH_USDT, lot=Decimal("0.0001")),
        ]
        super().__init__([ScriptedVenue("mexc", listed, balances or {"USDT": "1000"})])
        for symbol, bid, ask in ((BTC_USDT, 49999.0, 50000.0), (ETH_BTC, 0.0499, 0.05), (ETH_USDT, 2550.0, 2551.0)):
            self.books["mexc", symbol].put(bid, ask)

    def found(self, btc: float = 0.01) -> Opportunity:
        eth = btc * 0.999 / 0.05
        return Opportunity(
            strategy="triangular",
            symbol=BTC_USDT,
            legs=(
                Leg(MEXC, BTC_USDT, Side.BUY, 50000.0, btc, 50000.0),
                Leg(MEXC, ETH_BTC, Side.BUY, 0.05, eth, 0.05),
                Leg(MEXC, ETH_USDT, Side.SELL, 2550.0, eth * 0.999, 2550.0),
            ),
            plan=Plan.IN_TURN,
            edge_bps=100.0,
            size=btc,
            profit=5.0,
            detected_ns=EPOCH,
        )


def in_base(stage: Circle) -> None:
    """Take fees as most venues do: out of what is received."""
    (venue,) = stage.venues
    venue.fee_asset = lambda request: Asset(request.symbol.base if request.side is Side.BUY else request.symbol.quote)


async def test_each_leg_spends_what_the_one_before_it_brought_after_its_fee() -> None:
    stage = Circle()
    in_base(stage)
    async with stage.running():
        result = await stage.trade(stage.found())
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
        stage.see(stage.found())
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
        result = await stage.trade(stage.found())
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
        result = await stage.trade(stage.found())
    assert (result.outcome, len(stage.mexc.placed)) == (Outcome.NOTHING, 1)


async def test_only_the_first_leg_needs_funds_and_no_other_trade_takes_what_it_brings() -> None:
    stage = Circle()
    stage.mexc.default = Play(answers=1.0, stream=1.0)
    async with stage.running() as trading:
        stage.see(stage.found())
        await trading._clock.sleep(1_500_000_000)
        assert trading.ledger.held(MEXC, BTC) > 0
        assert trading.ledger.available(MEXC, BTC) == 0
        await trading.finished()
        assert trading.ledger.reserved(MEXC, BTC) == 0


async def test_the_size_is_what_the_money_pays_for_and_the_limit_allows() -> None:
    stage = Circle(USDT="100.2")
    async with stage.running():
        await stage.trade(stage.found())
    assert stage.fills[0][0].quantity == Decimal("0.002")
    stage = Circle(USDT="100000")
    async with stage.running():
        await stage.trade(stage.found(btc=1.0))
    assert stage.fills[0][0].quantity == LIMITS.max_notional[USDT] / 50000


async def test_a_kill_lets_the_circle_close() -> None:
    stage = Circle()
    stage.mexc.default = Play(answers=1.0, stream=1.0)
    async with stage.running() as trading:
        stage.see(stage.found())
        await trading._clock.sleep(500_000_000)
        trading.kill("by hand")
        await trading.finished()
    assert len(stage.mexc.placed) == 3
    assert stage.results[0][1].outcome is Outcome.DONE
