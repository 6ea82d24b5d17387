from decimal import Decimal
from fractions import Fraction
from math import inf, isnan, nan

import pytest
from arb_core.engine.edge import Hurdle
from arb_core.engine.opportunity import walk
from hypothesis import given
from hypothesis import strategies as st

Levels = list[tuple[int, int]]


def sides(best_first: bool) -> st.SearchStrategy[Levels]:
    return st.dictionaries(st.integers(90, 110), st.integers(1, 20), max_size=8).map(
        lambda levels: sorted(levels.items(), reverse=not best_first)
    )


def brute_force(asks: Levels, bids: Levels, pay: Fraction, keep: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Match unit by unit: the n-th cheapest unit for sale with the n-th dearest bid for, while that earns something."""
    to_buy = [price for price, size in asks for _ in range(size)]
    to_sell = [price for price, size in bids for _ in range(size)]
    matched = [(a, b) for a, b in zip(to_buy, to_sell, strict=False) if b * keep > a * pay]
    return (
        Fraction(len(matched)),
        sum((a * pay for a, _ in matched), Fraction(0)),
        sum((b * keep for _, b in matched), Fraction(0)),
    )


@given(
    asks=sides(best_first=True),
    bids=sides(best_first=False),
    buy_bps=st.integers(0, 300),
    sell_bps=st.integers(0, 300),
)
def test_walk_equals_matching_unit_by_unit(asks: Levels, bids: Levels, buy_bps: int, sell_bps: int) -> None:
    hurdle = Hurdle(Decimal(buy_bps) / 10_000, Decimal(sell_bps) / 10_000)
    pay, keep = 1 + Fraction(buy_bps, 10_000), 1 - Fraction(sell_bps, 10_000)
    size, cost, revenue = brute_force(asks, bids, pay, keep)
    walked = walk([(float(p), float(s)) for p, s in asks], [(float(p), float(s)) for p, s in bids], hurdle)
    assert walked.size == size
    assert walked.buy_cost == pytest.approx(float(cost))
    assert walked.sell_revenue == pytest.approx(float(revenue))
    if size:
        # The worst levels are those of the last unit.
        to_buy = [price for price, units in asks for _ in range(units)]
        to_sell = [price for price, units in bids for _ in range(units)]
        assert walked.buy_price == to_buy[int(size) - 1]
        assert walked.sell_price == to_sell[int(size) - 1]
    else:
        assert isnan(walked.buy_price)


@given(
    asks=sides(best_first=True),
    bids=sides(best_first=False),
    max_size=st.one_of(st.just(inf), st.floats(0.25, 30)),
    max_notional=st.one_of(st.just(inf), st.floats(10, 3000)),
)
def test_bounds_cut_the_walk_and_nothing_else(asks: Levels, bids: Levels, max_size: float, max_notional: float) -> None:
    hurdle = Hurdle(Decimal("0.001"), Decimal("0.001"))
    levels = [(float(p), float(s)) for p, s in asks], [(float(p), float(s)) for p, s in bids]
    free = walk(*levels, hurdle)
    bounded = walk(*levels, hurdle, max_size=max_size, max_notional=max_notional)
    assert bounded.size <= max_size * (1 + 1e-12)
    assert bounded.buy_cost <= max_notional * (1 + 1e-12)
    if free.size <= max_size and free.buy_cost <= max_notional:
        assert bounded.size == pytest.approx(free.size)
    else:
        at_a_bound = bounded.size == pytest.approx(max_size) or bounded.buy_cost == pytest.approx(max_notional)
        assert at_a_bound


def test_a_size_that_nobody_gives_stays_unknown() -> None:
    walked = walk([(100.0, nan)], [(101.0, 5.0)], Hurdle(Decimal(0), Decimal(0)))
    assert isnan(walked.size)
    assert isnan(walked.buy_cost)
    assert (walked.buy_price, walked.sell_price) == (100.0, 101.0)


def test_a_walk_says_whether_more_levels_might_carry_it_on() -> None:
    hurdle = Hurdle(Decimal(0), Decimal(0))
    assert walk([(100.0, 1.0)], [(101.0, 2.0), (99.0, 1.0)], hurdle).used_up
    assert not walk([(100.0, 3.0)], [(101.0, 2.0), (99.0, 1.0)], hurdle).used_up
    assert not walk([(100.0, 1.0), (102.0, 1.0)], [(101.0, 2.0)], hurdle).used_up
