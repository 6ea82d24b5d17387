"""Cycles within one venue: what the market makes on purpose is found over the real plugins, and nothing else pays."""

import pytest
from arb_core.engine.turns import way
from arb_core.strategies.spatial import Spatial
from arb_core.structs.market import Side
from arb_core.structs.opportunity import Plan
from arb_sim.world import Dislocations
from arb_triangular.settings import Settings
from arb_triangular.strategy import Triangular

SECOND = 1_000_000_000
NET = ("BTC/USDT", "ETH/USDT", "ETH/BTC", "SOL/USDT", "SOL/BTC")
READY_S = 4
"""From the start until every book is LIVE and a price window of two seconds is over."""
LATE_NS = SECOND // 4
"""How long after the market we hear that a cycle is over."""


def found(seen):
    """What was executable: where, which way round, when."""
    return [
        (opportunity.legs[0].venue, way(opportunity.legs)[:-1], opportunity.detected_ns)
        for opportunity, verdict in seen
        if verdict.executable and opportunity.plan is Plan.IN_TURN
    ]


@pytest.mark.looptime(noop_cycles=0)
@pytest.mark.parametrize("venues", [("mexc",), ("mexc", "gateio", "binance")])
async def test_every_cycle_that_the_market_makes_is_found_and_no_other(street, venues):
    strategies = {"spatial": Spatial(), "triangular": Triangular()}
    dislocations = Dislocations(per_minute=0, cycles_per_minute=30)
    async with street(*venues, symbols=NET, strategies=strategies, dislocations=dislocations).open() as town:
        await town.pass_(READY_S)
        began_ns = town.clock.now_ns()
        seen = found(await town.pass_(90))
        ended_ns = town.clock.now_ns()
        injected = town.world.injected
    made = [one for one in injected if one.start_ns >= began_ns and one.end_ns <= ended_ns]
    assert len(made) > 8
    for one in made:
        assert any(
            (venue, path) == (one.buy, one.path) and one.start_ns <= ns <= one.end_ns for venue, path, ns in seen
        ), one
    for venue, path, ns in seen:
        assert any(
            (venue, path) == (one.buy, one.path) and one.start_ns <= ns <= one.end_ns + LATE_NS for one in injected
        ), (venue, path, ns)


@pytest.mark.looptime(noop_cycles=0)
async def test_what_is_proposed_is_there_at_the_venue(street):
    dislocations = Dislocations(per_minute=0, cycles_per_minute=30)
    town = street("binance", symbols=NET, strategies={"triangular": Triangular()}, dislocations=dislocations)
    compared = 0

    def compare(opportunity, verdict):
        nonlocal compared
        if not verdict.executable or town.clock.now_ns() > town.world.injected[-1].end_ns:
            return
        for leg in opportunity.legs:
            market = town.market("binance", str(leg.symbol))
            tick, lot = float(market.listing.tick), float(market.listing.lot)
            # We hear of three books one after the other, and each may have moved by a step since.
            if leg.side is Side.BUY:
                assert market.book.asks.best * tick < leg.price * (1 + 3e-4)
            else:
                assert market.book.bids.best * tick > leg.price * (1 - 3e-4)
            assert leg.size / lot == pytest.approx(round(leg.size / lot)), "whole lots"
        compared += 1

    town.watch.session.listen(opportunity=compare)
    async with town.open():
        await town.pass_(30)
    assert compared > 50


@pytest.mark.looptime(noop_cycles=0)
async def test_settings_bound_what_is_proposed(street):
    triangular = Triangular(Settings(min_edge_bps=12.0, max_notional=50.0))
    dislocations = Dislocations(per_minute=0, cycles_per_minute=30, edge_bps=(8.0, 30.0))
    async with street(
        "mexc", symbols=NET, strategies={"triangular": triangular}, dislocations=dislocations
    ).open() as t:
        seen = await t.pass_(60)
        small = [one for one in t.world.injected if one.edge_bps < 11.0]
        large = [one for one in t.world.injected if one.edge_bps > 13.0]
    assert small
    assert large
    paths = found(seen)
    assert paths
    for opportunity, _ in seen:
        assert opportunity.top_edge_bps > 12.0
        first = opportunity.legs[0]
        assert first.size * first.average <= 50.0 * (1 + 1e-9)
