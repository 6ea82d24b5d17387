"""Legs that follow each other within one venue: each is paid for by what the one before it really brought."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

import msgspec
import pytest
from arb_core.engine.ledger import Need
from arb_core.engine.legs import LegPolicy
from arb_core.engine.trade import Outcome, Purpose
from arb_core.errors import ExchangeUnavailable
from arb_core.structs.market import Asset, Side
from arb_core.structs.opportunity import Leg, Opportunity
from arb_core.structs.order import OrderRequest
from scripted_account import Play, ScriptedVenue
from trading_stage import (
    BTC,
    BTC_USDT,
    ETH,
    ETH_BTC,
    ETH_USDT,
    LIMITS,
    MEXC,
    POLICY,
    USDT,
    Stage,
    circle,
    circle_listing,
)

pytestmark = pytest.mark.looptime(noop_cycles=2)

MX = Asset("MX")


class Circle(Stage):
    """One venue on which a circle closes."""

    def __init__(self, **balances: str) -> None:
        super().__init__([ScriptedVenue("mexc", circle_listing(), balances or {"USDT": "1000"})])


def in_base(stage: Circle) -> None:
    """Take fees as most venues do: out of what is received."""
    (venue,) = stage.venues
    venue.fee_asset = received


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


def received(request: OrderRequest) -> Asset:
    return Asset(request.symbol.base if request.side is Side.BUY else request.symbol.quote)


FEES: dict[str, Callable[[OrderRequest], Asset]] = {
    "received": received,
    "quote": lambda request: Asset(request.symbol.quote),
    "third": lambda _: MX,
}


def from_btc(btc: float = 0.01) -> Opportunity:
    """Sell BTC, buy ETH with what that brings, and sell it for BTC: the money is the base of the first leg."""
    eth = btc * 50000.0 / 2400.0
    legs = (
        Leg(MEXC, BTC_USDT, Side.SELL, 50000.0, btc, 50000.0),
        Leg(MEXC, ETH_USDT, Side.BUY, 2400.0, eth, 2400.0),
        Leg(MEXC, ETH_BTC, Side.SELL, 0.0499, eth, 0.0499),
    )
    return msgspec.structs.replace(circle(), symbol=BTC_USDT, legs=legs, size=btc)


class FromBtc(Circle):
    """A venue on which the circle pays that begins with BTC."""

    def __init__(self) -> None:
        super().__init__(BTC="1", MX="5")
        self.limits = msgspec.structs.replace(
            LIMITS, max_notional={BTC: Decimal(1)}, max_daily_loss={BTC: Decimal("0.1")}
        )
        self.policy = LegPolicy(hedge_loss={BTC: Decimal("0.0005")}, unwind_loss={BTC: Decimal("0.0005")})
        self.books[MEXC, BTC_USDT].put(50000.0, 50010.0)
        self.books[MEXC, ETH_USDT].put(2399.0, 2400.0)


@pytest.mark.parametrize("fees", FEES)
@pytest.mark.parametrize("seed", range(6))
async def test_of_what_a_leg_brought_the_next_one_leaves_less_than_a_lot(fees: str, seed: int) -> None:
    random = Random(seed)
    stage = Circle(USDT="5000", MX="5")
    stage.mexc.fee_asset = FEES[fees]
    async with stage.running():
        result = await stage.trade(circle(random.uniform(0.001, 0.019)))
    assert result.outcome is Outcome.DONE
    first, second, third = (plan.quantity for plan, _ in stage.fills)
    one_lot = Decimal("0.0001") * Decimal("0.05")
    assert 0 <= result.moves.get(BTC, Decimal(0)) < one_lot * (1 + stage.mexc.fee), "all but a lot of ETH was bought"
    assert 0 <= result.moves.get(ETH, Decimal(0)) < Decimal("0.0001"), "all but a lot was sold"
    assert first > 0 < second >= third


@pytest.mark.parametrize("fees", FEES)
@pytest.mark.parametrize("seed", range(6))
async def test_wherever_a_circle_stops_nothing_is_left_that_a_venue_would_take(fees: str, seed: int) -> None:
    random = Random(seed)
    for stage, found in ((Circle(USDT="5000", MX="5"), circle), (FromBtc(), from_btc)):
        stage.mexc.fee_asset = FEES[fees]
        begun = dict(stage.mexc.balances)
        stage.mexc.script = [Play(fills=Decimal(random.choice([0, 1, 25, 50, 99, 100])) / 100) for _ in range(3)]
        async with stage.running():
            result = await stage.trade(found(random.uniform(0.005, 0.019)))
        assert result.outcome is not Outcome.STOPPED, result.detail
        moved = {asset: held - begun.get(asset, 0) for asset, held in stage.mexc.balances.items()}
        assert {asset: amount for asset, amount in moved.items() if amount} == dict(result.moves)
        money = USDT if found is circle else BTC
        left = {asset: amount for asset, amount in result.moves.items() if asset not in {money, MX}}
        # ETH goes home over ETH/USDT, from 1 USDT on, or over ETH/BTC, from 0.0001 BTC on; each in lots of 0.0001.
        least = Decimal(1) / 2550 if found is circle else Decimal("0.0001") / Decimal("0.0499")
        assert abs(left.get(ETH, Decimal(0))) < least + Decimal("0.0001"), left
        assert abs(left.get(BTC, Decimal(0))) * 50000 < Decimal("1.51"), left
        assert abs(left.get(USDT, Decimal(0))) < Decimal("1.01"), left


async def test_a_circle_from_the_base_of_its_first_leg_comes_back_to_it() -> None:
    stage = FromBtc()
    async with stage.running():
        result = await stage.trade(from_btc())
    assert [(plan.symbol, plan.side) for plan, _ in stage.fills] == [
        (BTC_USDT, Side.SELL),
        (ETH_USDT, Side.BUY),
        (ETH_BTC, Side.SELL),
    ]
    assert (result.outcome, result.money) == (Outcome.DONE, BTC)
    assert result.moves[BTC] == stage.total(BTC) - 1


async def test_what_a_circle_from_the_base_brought_in_quote_buys_the_base_again() -> None:
    stage = FromBtc()
    stage.mexc.script = [Play(), Play(fills=Decimal(0))]
    async with stage.running():
        result = await stage.trade(from_btc())
    last = {order.plan.client_order_id: order for order in stage.orders}
    sent = [(o.plan.leg, o.plan.purpose, o.plan.side) for o in last.values()]
    assert sent[:2] == [(0, Purpose.ENTRY, Side.SELL), (1, Purpose.ENTRY, Side.BUY)]
    assert sent[2] == (0, Purpose.UNWIND, Side.BUY)
    assert result.outcome is Outcome.DONE
    assert abs(result.moves.get(USDT, Decimal(0))) < 1
    assert result.pnl > Decimal("-0.0005")


async def test_a_last_leg_that_the_market_runs_away_from_is_sold_all_the_same() -> None:
    stage = Circle()
    in_base(stage)
    # Whenever an order arrives the market is 20 basis points below what the book shows, far inside of `hedge_loss`.
    stage.mexc.script = [Play(), Play(), *(Play(gone_to=Decimal("2544.9")) for _ in range(4))]
    async with stage.running():
        result = await stage.trade(circle(0.01001))
    last = {order.plan.client_order_id: order for order in stage.orders}
    assert [(o.plan.leg, o.plan.purpose, o.plan.price) for o in last.values()][2:] == [
        (2, Purpose.ENTRY, Decimal(2550)),
        (2, Purpose.HEDGE, Decimal(2550)),
        (2, Purpose.HEDGE, Decimal("2543.63")),
    ]
    assert (result.outcome, stage.alarmed()) == (Outcome.DONE, [])
    assert 0 < result.moves[BTC] * 50000 < 1, "dust of the asset in the middle stays"
    assert result.moves[ETH] * 2550 < 1
    assert result.pnl > -POLICY.hedge_loss[USDT]


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


async def test_after_a_restart_what_a_trade_has_brought_so_far_is_still_its_own() -> None:
    stage = Circle()
    stage.mexc.script = [Play(), Play(answers=None, stream=None, fills=Decimal("0.5"))]
    async with stage.running() as trading:
        stage.see(circle())
        await trading._clock.sleep(500_000_000)
        assert len(stage.mexc.placed) == 2
        await trading.stop(0)
    left = stage.mexc.balances[BTC]
    assert left > 0
    stage.mexc.faults["get_order"] = [ExchangeUnavailable("down", exchange="mexc")] * 3
    async with stage.running(wait=False) as trading:
        # Before anything is known of the order in doubt, and after: nobody else may spend what its trade brought.
        for _ in range(20):
            assert trading.ledger.available(MEXC, BTC) <= 0
            assert not trading.ledger.reserve("another", [Need(MEXC, BTC, Decimal("0.00001"))])
            if not trading.open_trades():
                break
            assert trading.ledger.reserved(MEXC, BTC) >= min(left, trading.ledger.held(MEXC, BTC)) > 0
            await trading._clock.sleep(50_000_000)
        await trading.finished()
        assert trading.ledger.reserved(MEXC, BTC) == trading.ledger.reserved(MEXC, ETH) == 0
        ((_, result),) = stage.results
        assert result.outcome is Outcome.DONE
        assert result.moves[USDT] == stage.total(USDT) - 1000


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
