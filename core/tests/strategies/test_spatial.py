import gc
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isnan, nan

import msgspec
import pytest
from arb_core.registry import Registry
from arb_core.strategies.spatial import CARD, Settings, Spatial
from arb_core.structs.market import Side, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Plan
from arb_core.testing import HandBook, HandMarket
from hypothesis import given
from hypothesis import strategies as st

BTC = Symbol("BTC", "USDT")


def shown(venue: str, symbol: Symbol = BTC) -> HandBook:
    return HandBook(symbol, venue)


def spatial(
    books: Sequence[HandBook], fee: float | None = 0.001, largest: str | None = None, **settings: float
) -> Spatial:
    strategy = Spatial(Settings(**settings))
    strategy.start(HandMarket(books, fee=fee, largest={} if largest is None else {"BTC/USDT": largest}))
    return strategy


def one(found: Sequence[Opportunity]) -> Opportunity:
    assert len(found) == 1
    return found[0]


def test_buys_where_it_is_cheap_and_sells_where_it_is_dear() -> None:
    a = shown("a").put([(99.0, 1.0)], [(100.0, 2.0), (101.0, 5.0)])
    b = shown("b").put([(103.0, 1.5), (102.0, 1.0)], [(104.0, 1.0)])
    found = one(spatial([a, b]).on_book(BTC, VenueName("a")))
    buy, sell = found.legs
    assert (buy.venue, buy.side, buy.price, buy.size) == ("a", Side.BUY, 101.0, 2.5)
    assert (sell.venue, sell.side, sell.price, sell.size) == ("b", Side.SELL, 102.0, 2.5)
    assert buy.average == pytest.approx((200.0 + 50.5) / 2.5)
    assert sell.average == pytest.approx((154.5 + 102.0) / 2.5)
    cost, revenue = 250.5 * 1.001, 256.5 * 0.999
    assert found.profit == pytest.approx(revenue - cost)
    assert found.edge_bps == pytest.approx(10_000 * (revenue / cost - 1))
    assert found.top_edge_bps == pytest.approx(10_000 * (103 * 0.999 / (100 * 1.001) - 1))
    assert (found.plan, found.size, found.detected_ns, found.strategy) == (Plan.TOGETHER, 2.5, 42, "spatial")


def test_a_difference_smaller_than_both_fees_is_no_opportunity() -> None:
    a = shown("a").put([(99.0, 1.0)], [(100.0, 1.0)])
    b = shown("b").put([(100.2, 1.0)], [(104.0, 1.0)])
    assert not spatial([a, b]).on_book(BTC, VenueName("b"))
    assert spatial([a, b], fee=0.0).on_book(BTC, VenueName("b"))


def test_an_unknown_fee_counts_as_none_for_the_strategy() -> None:
    a = shown("a").put([(99.0, 1.0)], [(100.0, 1.0)])
    b = shown("b").put([(100.2, 1.0)], [(104.0, 1.0)])
    assert spatial([a, b], fee=None).on_book(BTC, VenueName("b")), "the verdict refuses it by its check `fees`"


def test_the_minimum_is_strict() -> None:
    a = shown("a").put([(0.000034, 1.0)], [(0.000035, 1.0)])
    b = shown("b").put([(0.00003507, 1.0)], [(0.000036, 1.0)])
    assert not spatial([a, b], fee=0.0, min_edge_bps=20.0).on_book(BTC, VenueName("a"))
    assert spatial([a, b], fee=0.0, min_edge_bps=19.99).on_book(BTC, VenueName("a"))


def test_a_book_that_is_not_live_has_no_edge() -> None:
    a, b = shown("a").put([(99.0, 1.0)], [(100.0, 1.0)]), shown("b")
    assert not spatial([a, b]).on_book(BTC, VenueName("a"))


def test_a_symbol_of_one_venue_only_is_of_no_interest() -> None:
    strategy = Spatial()
    interest = strategy.start(HandMarket([shown("a"), shown("b"), shown("a", Symbol("X", "USDT"))]))
    assert interest.symbols == (BTC,)
    assert not strategy.on_book(Symbol("X", "USDT"), VenueName("a"))


def test_every_pair_with_the_changed_book_is_compared_and_no_other() -> None:
    a = shown("a").put([(99.0, 1.0)], [(100.0, 1.0)])
    b = shown("b").put([(102.0, 1.0)], [(103.0, 1.0)])
    c = shown("c").put([(105.0, 1.0)], [(106.0, 1.0)])
    strategy = spatial([a, b, c])
    ways = {(found.legs[0].venue, found.legs[1].venue) for found in strategy.on_book(BTC, VenueName("b"))}
    assert ways == {("a", "b"), ("b", "c")}


def test_bounds_limit_the_size() -> None:
    a = shown("a").put([(99.0, 1.0)], [(100.0, 10.0)])
    b = shown("b").put([(103.0, 10.0)], [(104.0, 1.0)])
    assert one(spatial([a, b], max_notional=200.2).on_book(BTC, VenueName("a"))).size == pytest.approx(2.0)
    assert one(spatial([a, b], largest="3").on_book(BTC, VenueName("a"))).size == 3.0


def test_depth_beyond_the_first_read_is_walked_too() -> None:
    a = shown("a").put([(1.0, 1.0)], [(100.0 + n / 100, 1.0) for n in range(50)])
    b = shown("b").put([(110.0, 1000.0)], [(111.0, 1.0)])
    assert one(spatial([a, b]).on_book(BTC, VenueName("a"))).size == 50.0


def test_sizes_nobody_gives_stay_unknown() -> None:
    a = shown("a").put([(99.0, nan)], [(100.0, nan)])
    b = shown("b").put([(103.0, nan)], [(104.0, nan)])
    found = one(spatial([a, b]).on_book(BTC, VenueName("a")))
    assert isnan(found.size)
    assert isnan(found.profit)
    assert found.edge_bps == found.top_edge_bps
    assert [leg.average for leg in found.legs] == [100.0, 103.0]


def blocks_of(call: Callable[[], object]) -> int:
    """Blocks of memory that 1000 calls leave behind, those of any other thread included."""
    before = sys.getallocatedblocks()
    for _ in range(1000):
        call()
    return sys.getallocatedblocks() - before


def test_without_an_edge_nothing_is_read_or_allocated() -> None:
    books = [shown(name).put([(99.0, 1.0)], [(100.0, 1.0)]) for name in "abcdef"]
    strategy = spatial(books)
    on_book, venue = strategy.on_book, books[0].venue
    on_book(BTC, venue)
    gc.disable()
    try:
        grown = min(blocks_of(lambda: on_book(BTC, venue)) for _ in range(20))
    finally:
        gc.enable()
    assert grown < 10
    assert not any(book.depths_read for book in books)
    assert on_book(BTC, venue) is on_book(BTC, venue), "the same empty tuple each time"


ticks = st.integers(9_900, 10_100)
sides = st.tuples(ticks, st.integers(1, 50)).map(lambda bid: (bid[0], bid[0] + bid[1]))


@given(tops=st.lists(sides, min_size=2, max_size=5), fee=st.integers(0, 20), minimum=st.integers(0, 30))
def test_what_is_found_is_what_exact_arithmetic_finds(tops: list[tuple[int, int]], fee: int, minimum: int) -> None:
    books = [shown(f"v{n}").put([(bid / 1e8, 3.0)], [(ask / 1e8, 2.0)]) for n, (bid, ask) in enumerate(tops)]
    f = Fraction(fee, 10_000)
    edges = {
        (f"v{b}", f"v{s}"): 10_000 * (Fraction(tops[s][0]) * (1 - f) / (Fraction(tops[b][1]) * (1 + f)) - 1)
        for b in range(len(tops))
        for s in range(len(tops))
        if b != s and 0 in {b, s}
    }
    strategy = spatial(books, fee=fee / 10_000, min_edge_bps=float(minimum))
    found = {(o.legs[0].venue, o.legs[1].venue): o for o in strategy.on_book(BTC, VenueName("v0"))}
    assert set(found) == {way for way, edge in edges.items() if edge > minimum}
    for way, opportunity in found.items():
        assert opportunity.top_edge_bps == pytest.approx(float(edges[way]), abs=1e-6)
        assert opportunity.size == 2.0


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(msgspec.ValidationError, match="min_edge"):
        msgspec.convert({"min_edge": 5}, Settings)


def test_spatial_is_found_like_any_plugin() -> None:
    registry = Registry()
    assert registry.strategy_card("spatial") == CARD
    assert isinstance(registry.strategy("spatial", Settings(min_edge_bps=3.0)), Spatial)


def test_memory_grows_with_venues_not_with_pairs_of_venues():
    """Twenty venues have 380 directions: something kept for each of them would outweigh the books."""
    books = [shown(f"venue{number}") for number in range(20)]
    strategy = Spatial()
    strategy.start(HandMarket(books))
    beside = [lane for _, lanes in strategy._lanes[BTC].values() for lane in lanes]
    assert len(beside) == 20 * 19
    assert len(set(map(id, beside))) == 20, "books that pay the same fee share what they are compared with"
