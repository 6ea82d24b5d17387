"""The market: one integer makes it, books are whole at any moment, and dislocations pay where and when they say so."""

from decimal import Decimal

import pytest
from arb_core.structs.market import Symbol
from arb_sim.kernel.spelling import Spelling
from arb_sim.world import Dislocations, Habits, Pace, Quirk, World

SECOND = 1_000_000_000


def habits(exchange, fee, **more):
    return Habits(
        exchange=exchange,
        pair=str,
        spelling=Spelling,
        maker_fee=Decimal(0),
        taker_fee=Decimal(fee),
        **{"levels": 40, **more},
    )


THREE = [
    habits("cheap", "0.0005", ids_per_level=True, latency_ns=60_000_000),
    habits("middle", "0.001", latency_ns=20_000_000, half_spread_bps=0.4),
    habits("dear", "0.002", latency_ns=90_000_000, price_digits=6),
]


def watched(world):
    markets = {each.exchange: world.join(each) for each in THREE}
    for by_pair in markets.values():
        for market in by_pair.values():
            market.watch()
    return markets


def walk(world, seconds, each_event):
    end_ns = world.timeline.start_ns + round(seconds * SECOND)
    while (next_ns := world.timeline.next_ns) is not None and next_ns <= end_ns:
        world.timeline.run(next_ns)
        each_event()


def best(market):
    tick = float(market.listing.tick)
    return market.book.bids.best * tick, market.book.asks.best * tick


def test_one_seed_makes_one_market():
    runs = []
    for seed in (3, 3, 4):
        world = World(seed=seed, symbols=["BTC/USDT", "ETH/BTC", "ETH/USDT"], dislocations=Dislocations())
        markets = watched(world)
        walk(world, 20, lambda: None)
        runs.append(
            (
                [
                    (list(m.book.bids), list(m.book.asks), m.book.version, m.prints)
                    for by in markets.values()
                    for m in by.values()
                ],
                world.injected,
            )
        )
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert runs[0][1]


def test_who_plays_in_real_time_leaves_out_steps_that_are_long_overdue():
    shown = []
    for skips_ns in (None, SECOND // 2):
        world = World(seed=3, symbols=["BTC/USDT"], pace=Pace(steps_per_s=20, skips_after_ns=skips_ns))
        market = watched(world)["cheap"]["BTC/USDT"]
        world.timeline.run(world.timeline.start_ns + SECOND)
        before = market.book.version
        world.timeline.run(world.timeline.start_ns + 61 * SECOND)
        shown.append((market.book.version - before, best(market)))
    (every, (bid, ask)), (few, (late_bid, late_ask)) = shown
    assert 20 < few < every / 20, "as many as half a second holds, of a minute"
    assert late_bid == pytest.approx(bid, rel=1e-3)
    assert late_ask == pytest.approx(ask, rel=1e-3)
    assert world.timeline.next_ns <= world.timeline.now_ns + SECOND // 20


def test_books_are_never_crossed_and_keep_their_depth():
    world = World(
        seed=1, symbols=["BTC/USDT", "ETH/BTC", "SHIB/USDT"], pace=Pace(volatility=1e-3), dislocations=Dislocations()
    )
    markets = [market for by in watched(world).values() for market in by.values()]
    looked = 0

    def look():
        nonlocal looked
        looked += 1
        for market in markets:
            bids, asks = market.book.bids, market.book.asks
            assert bids.at(0) < asks.at(0)
            assert 20 <= len(bids) <= 60
            assert 20 <= len(asks) <= 60

    walk(world, 30, look)
    assert looked > 1000


def edges(markets, symbol):
    """Every direction's edge after both fees, in basis points."""
    found = {}
    for buy in THREE:
        for sell in THREE:
            if buy is not sell:
                ask = best(markets[buy.exchange][str(symbol)])[1] * (1 + float(buy.taker_fee))
                bid = best(markets[sell.exchange][str(symbol)])[0] * (1 - float(sell.taker_fee))
                found[buy.exchange, sell.exchange] = (bid / ask - 1) * 1e4
    return found


@pytest.mark.parametrize("seed", range(4))
def test_dislocations_pay_for_as_long_as_they_say_and_nothing_else_does(seed):
    world = World(seed=seed, symbols=["BTC/USDT", "LINK/USDT"], dislocations=Dislocations(per_minute=30))
    markets = watched(world)
    paid, quiet = 0, 0

    def look():
        nonlocal paid, quiet
        now_ns = world.timeline.now_ns
        for symbol in world.symbols:
            live = {
                (i.buy, i.sell): i for i in world.injected if i.symbol == symbol and i.start_ns <= now_ns < i.end_ns
            }
            for direction, edge in edges(markets, symbol).items():
                if direction in live:
                    assert edge >= 8.0 - 0.5, (direction, edge)
                    paid += 1
                else:
                    assert edge < 0, (symbol, direction, edge, now_ns)
                    quiet += 1

    walk(world, 60, look)
    assert len(world.injected) > 10
    assert paid > 500
    assert quiet > 5000


def test_venue_that_was_heard_of_alone_does_not_pay():
    """Streams tell of the two venues one after the other: until both were heard of, there is nothing to be had."""
    world = World(seed=3, symbols=["BTC/USDT"], dislocations=Dislocations(per_minute=30))
    markets = watched(world)
    before = {}
    ghosts = []

    def look():
        now = {exchange: best(by_pair["BTC/USDT"]) for exchange, by_pair in markets.items()}
        if before and len(world.injected) != before["made"]:
            injected = world.injected[-1]
            fees = {each.exchange: float(each.taker_fee) for each in THREE}
            for buy_from, sell_from in ((now, before), (before, now)):
                paid = buy_from[injected.buy][1] * (1 + fees[injected.buy])
                ghosts.append(sell_from[injected.sell][0] * (1 - fees[injected.sell]) / paid - 1)
        before.update(now, made=len(world.injected))

    walk(world, 120, look)
    assert len(ghosts) > 40
    assert max(ghosts) < 0


NET = ["BTC/USDT", "ETH/USDT", "ETH/BTC", "SOL/BTC", "SOL/USDT"]


def cycles(by_pair, fee):
    """Every way round on one venue, by the assets that it passes through, with its edge in basis points."""
    rates = {}
    for pair, (bid, ask) in by_pair.items():
        base, quote = pair.split("/")
        rates[base, quote] = bid * (1 - fee)
        rates[quote, base] = 1 / (ask * (1 + fee))
    return {
        ("USDT", one, two): (rates["USDT", one] * rates[one, two] * rates[two, "USDT"] - 1) * 1e4
        for one, two in rates
        if ("USDT", one) in rates and (two, "USDT") in rates and "USDT" not in {one, two}
    }


def all_cycles(markets):
    for each in THREE:
        shown = {pair: best(market) for pair, market in markets[each.exchange].items()}
        for path, edge in cycles(shown, float(each.taker_fee)).items():
            yield (each.exchange, path), edge


def test_cross_costs_what_its_sides_say():
    world = World(seed=5, symbols=NET, pace=Pace(volatility=1e-3))
    markets = watched(world)
    first = {pair: best(market)[0] for pair, market in markets["middle"].items()}
    looked = 0

    def look():
        nonlocal looked
        for _, edge in all_cycles(markets):
            assert edge < 0
            looked += 1

    walk(world, 30, look)
    assert looked > 5_000
    last = {pair: best(market)[0] for pair, market in markets["middle"].items()}
    assert abs(last["ETH/BTC"] / first["ETH/BTC"] - 1) > 1e-4, "it moves"
    assert last["ETH/BTC"] == pytest.approx(last["ETH/USDT"] / last["BTC/USDT"], rel=1e-3)
    assert not world.injected


def test_cross_without_its_sides_walks_by_itself():
    world = World(seed=5, symbols=["ETH/BTC", "BTC/USDT"])
    (cross, _) = world.join(THREE[1]).values()
    world.timeline.run(world.timeline.start_ns + 600 * SECOND)
    before = best(cross)[0]
    assert best(cross.look())[0] != before


@pytest.mark.parametrize("seed", range(2))
def test_cycles_pay_for_as_long_as_they_say_and_nothing_else_does(seed):
    world = World(seed=seed, symbols=NET, dislocations=Dislocations(per_minute=0, cycles_per_minute=120))
    markets = watched(world)
    paid, quiet = 0, 0

    def look():
        nonlocal paid, quiet
        now_ns = world.timeline.now_ns
        live = {(i.buy, i.path) for i in world.injected if i.start_ns <= now_ns < i.end_ns}
        for way, edge in all_cycles(markets):
            if way in live:
                assert edge >= 8.0 - 1.5, (way, edge)  # three books follow their prices, each in its own rhythm
                paid += 1
            else:
                assert edge < 0, (way, edge)
                quiet += 1
        for symbol in world.symbols:
            for direction, edge in edges(markets, symbol).items():
                assert edge < 0, (symbol, direction, edge)

    walk(world, 60, look)
    assert len(world.injected) > 10
    assert {len(injected.path) for injected in world.injected} == {3}
    assert all(injected.buy == injected.sell and injected.edge_bps >= 7.5 for injected in world.injected)
    assert {injected.path[1] == injected.symbol.base for injected in world.injected} == {True}
    assert len({injected.path for injected in world.injected}) == 4, "both ways round both triangles"
    assert paid > 300
    assert quiet > 5000


def test_cycle_of_which_one_symbol_was_heard_does_not_pay():
    """The streams of three symbols tell one after the other: the first news alone is nothing to be had."""
    world = World(seed=3, symbols=NET[:3], dislocations=Dislocations(per_minute=0, cycles_per_minute=120))
    markets = watched(world)
    before = {}
    ghosts = []

    def look():
        now = {(venue, pair): best(market) for venue, by_pair in markets.items() for pair, market in by_pair.items()}
        if before and len(world.injected) != before["made"]:
            injected = world.injected[-1]
            fee = {each.exchange: float(each.taker_fee) for each in THREE}[injected.buy]
            for heard in NET[:3]:
                shown = {pair: (now if pair == heard else before)[injected.buy, pair] for pair in NET[:3]}
                ghosts.append(cycles(shown, fee)[injected.path])
        before.update(now, made=len(world.injected))

    walk(world, 60, look)
    assert len(ghosts) > 30
    assert max(ghosts) < 0


def test_both_kinds_of_dislocations_pay_at_once():
    world = World(seed=1, symbols=NET, dislocations=Dislocations(per_minute=80, cycles_per_minute=80))
    markets = watched(world)
    seen = set()

    def look():
        now_ns = world.timeline.now_ns
        found = dict(all_cycles(markets))
        for injected in world.injected:
            if injected.start_ns <= now_ns < injected.end_ns:
                if injected.path:
                    edge = found[injected.buy, injected.path]
                else:
                    edge = edges(markets, injected.symbol)[injected.buy, injected.sell]
                assert edge >= 8.0 - 1.5, (injected, edge)
                seen.add(injected)

    walk(world, 30, look)
    assert {bool(injected.path) for injected in seen} == {True, False}
    assert len(seen) > 15


def test_dislocation_leaves_enough_to_take():
    world = World(seed=2, symbols=["BTC/USDT"], dislocations=Dislocations(per_minute=60))
    markets = watched(world)
    told = []
    world.on_injected = told.append
    walk(world, 20, lambda: None)
    assert told == world.injected
    world.timeline.run(world.injected[-1].start_ns)
    for injected in world.injected[-1:]:
        buy, sell = markets[injected.buy]["BTC/USDT"], markets[injected.sell]["BTC/USDT"]
        for market, side in ((buy, buy.book.asks), (sell, sell.book.bids)):
            notional = side.at(0) * float(market.listing.tick) * side.sizes[side.at(0)] * float(market.listing.lot)
            assert notional > 500
        assert injected.edge_bps >= 7.5


def test_without_dislocations_no_direction_ever_pays():
    world = World(seed=5, symbols=["BTC/USDT"])
    markets = watched(world)
    highest = []
    walk(world, 60, lambda: highest.append(max(edges(markets, world.symbols[0]).values())))
    assert len(highest) > 1000
    assert max(highest) < 0
    assert not world.injected


def test_market_that_nobody_watches_costs_nothing_and_is_up_to_date_when_somebody_looks():
    world = World(seed=1, symbols=["BTC/USDT"])
    (market,) = world.join(THREE[1]).values()
    before = best(market)
    assert world.timeline.next_ns is None
    world.timeline.run(world.timeline.start_ns + 3600 * SECOND)
    market.look()
    assert best(market) != before
    assert market.book.changed_ns == world.timeline.now_ns
    market.watch()
    assert world.timeline.next_ns is not None
    market.unwatch()
    world.timeline.run(world.timeline.now_ns + SECOND)
    assert world.timeline.next_ns is None


def test_still_market_moves_only_when_told():
    world = World(seed=1, symbols=["BTC/USDT"], pace=Pace(steps_per_s=0))
    (market,) = world.join(THREE[1]).values()
    market.watch()
    version = market.book.version
    world.timeline.run(world.timeline.start_ns + 3600 * SECOND)
    assert market.look().book.version == version
    market.change([(market.book.bids.at(0), 7)], [], world.timeline.now_ns)
    assert market.book.version == version + 1


def test_quirk_makes_another_thing_of_a_listing():
    symbol = Symbol("LINK", "USDT")
    quirk = Quirk(exchange="dear", symbol=symbol, contract="0xdead", price_factor=0.001, deposits=False)
    world = World(seed=1, symbols=[symbol], quirks=[quirk], dislocations=Dislocations(per_minute=600, first_after_s=0))
    cheap, dear = (world.join(each)["LINK/USDT"] for each in (THREE[0], THREE[2]))
    walk(world, 5, lambda: None)
    assert best(cheap.look())[0] / best(dear.look())[0] == pytest.approx(1000, rel=0.01)
    assert dear.listing.networks[0].contract == "0xdead"
    assert not dear.listing.networks[0].deposits
    assert cheap.listing.networks[0].contract != "0xdead"
    assert not world.injected  # an impostor's prices are no dislocation


def test_unknown_asset_gets_a_price_and_a_contract():
    world = World(seed=1, symbols=["QWERTY/USDT"])
    first, second = (world.join(each)["QWERTY/USDT"] for each in THREE[:2])
    assert first.listing.networks == second.listing.networks
    assert first.listing.networks[0].contract.startswith("0x")
    assert best(first)[0] == pytest.approx(best(second)[0], rel=1e-3)


@pytest.mark.parametrize(("least", "of_cross"), [("0", "0"), ("5", "0.0001")])
def test_least_notional_is_one_in_every_quote_or_none(least, of_cross):
    world = World(symbols=["BTC/USDT", "ETH/BTC"])
    markets = world.join(habits("one", "0.001", min_notional=Decimal(least)))
    told = {pair: market.listing.min_notional for pair, market in markets.items()}
    assert told == {"BTC/USDT": Decimal(least), "ETH/BTC": Decimal(of_cross)}


def test_least_size_is_worth_about_the_same_everywhere_or_one_lot():
    world = World(seed=3, symbols=["BTC/USDT", "PEPE/USDT"])
    for market in world.join(habits("bounded", "0.001")).values():
        assert market.listing.min_size > 1
    for market in world.join(habits("unbounded", "0.001", min_size_usd=0)).values():
        assert market.listing.min_size == 1
