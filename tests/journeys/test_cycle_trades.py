"""Cycles carried out: found over the real plugins, judged, admitted and executed in turn, on a paper account."""

from contextlib import AsyncExitStack
from decimal import Decimal
from random import Random

import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.legs import LegPolicy
from arb_core.engine.money import plus
from arb_core.engine.paper.account import PaperAccount
from arb_core.engine.paper.terms import PaperTerms
from arb_core.engine.risk import Limits
from arb_core.engine.trade import Outcome
from arb_core.engine.trading.session import Trading
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.market import Asset, VenueName
from arb_core.structs.opportunity import Plan
from arb_sim.world import Dislocations
from arb_triangular.settings import Settings
from arb_triangular.strategy import Triangular

MS = 1_000_000
NET = ("BTC/USDT", "ETH/USDT", "ETH/BTC", "SOL/USDT", "SOL/BTC")
USDT = Asset("USDT")
LIMITS = Limits(max_notional={USDT: Decimal(400)}, max_daily_loss={USDT: Decimal(50)})
POLICY = LegPolicy(hedge_loss={USDT: Decimal(2)}, unwind_loss={USDT: Decimal(2)})


@pytest.fixture
def traded(street):
    """Watch one venue that disagrees with itself now and then, and trade it on paper for a while."""

    async def trade(terms, *, seconds=90):
        triangular = Triangular(Settings(min_edge_bps=4.0, max_notional=300.0))
        dislocations = Dislocations(per_minute=0, cycles_per_minute=30, edge_bps=(12.0, 25.0))
        town = street("binance", symbols=NET, strategies={"triangular": triangular}, dislocations=dislocations)
        results = []
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(town.open())
            await town.until(town.all_live)
            venue = town.watch.venues[VenueName("binance")]
            account = PaperAccount(
                venue=venue.name,
                card=venue.card,
                markets=venue.markets,
                clock=town.clock,
                balances={USDT: Decimal(1000)},
                terms=terms,
                random=Random(1),
            )
            venue.on_book((await stack.enter_async_context(account)).on_book)
            for book in venue.books.values():
                account.seen(book)
            tasks = await stack.enter_async_context(TaskOwner())
            trading = Trading(
                town.watch.session,
                {venue.name: account},
                Journal(":memory:", threaded=False),
                limits=LIMITS,
                policy=POLICY,
                tasks=tasks,
            )
            trading.listen(result=lambda intent, result: results.append((intent, result)))
            await trading.start()
            await trading.reconciled()
            await town.pass_(seconds)
            await trading.finished()
            held = {asset: one.free + one.locked for asset, one in (await account.private.get_balances()).items()}
        return results, {asset: amount for asset, amount in held.items() if amount}

    return trade


def moved(results):
    """What all trades moved together."""
    net = {}
    for _, result in results:
        for asset, amount in result.moves.items():
            net[asset] = plus(net.get(asset, Decimal(0)), amount)
    return {asset: amount for asset, amount in net.items() if amount}


@pytest.mark.looptime(noop_cycles=0)
@pytest.mark.parametrize("fee_in", ["received", "quote"])
async def test_cycles_in_turn_earn_and_account_for_every_unit(traded, fee_in):
    results, held = await traded(PaperTerms(to_venue_ns=5 * MS, from_venue_ns=5 * MS, fee_in=fee_in))
    assert len(results) > 5
    assert {intent.plan for intent, _ in results} == {Plan.IN_TURN}
    assert {intent.money for intent, _ in results} == {USDT}
    assert {result.outcome for _, result in results} == {Outcome.DONE}
    # A dislocation may end between two legs: what was bought then is sold again, inside the loss that is allowed.
    earned = [result for _, result in results if result.pnl > 0]
    assert len(earned) > 0.7 * len(results)
    assert min(result.pnl for _, result in results) > -POLICY.unwind_loss[USDT]
    assert sum(result.pnl for _, result in results) > 0
    net = moved(results)
    assert held == {asset: plus(Decimal(1000) if asset == USDT else Decimal(0), net[asset]) for asset in net}
