from decimal import Decimal, localcontext
from fractions import Fraction
from math import isnan, nan, prod

import pytest
from arb_core.engine.edge import Hurdle, exact
from hypothesis import example, given
from hypothesis import strategies as st

# Up to 12 digits anywhere between 10^-12 and 10^12: more than any venue prints.
prices = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(1, 10**12), st.integers(-12, 0)
)
fees = st.integers(-5, 100).map(lambda tenths: Decimal(tenths) / 100_000)
minima = st.integers(-100, 2_000).map(lambda tenths: Decimal(tenths) / 10)


def edge(bid: Decimal | Fraction, ask: Decimal | Fraction, buy_fee: Decimal, sell_fee: Decimal) -> Fraction:
    return 10_000 * (Fraction(bid) * (1 - Fraction(sell_fee)) / (Fraction(ask) * (1 + Fraction(buy_fee))) - 1)


@given(ask=prices, ticks=st.integers(-200, 200), buy_fee=fees, sell_fee=fees, minimum=minima)
@example(ask=Decimal("0.000035"), ticks=0, buy_fee=Decimal(0), sell_fee=Decimal(0), minimum=Decimal(0))
def test_an_edge_clears_its_hurdle_exactly_when_it_is_strictly_above(
    ask: Decimal, ticks: int, buy_fee: Decimal, sell_fee: Decimal, minimum: Decimal
) -> None:
    bid = ask * (1 + Decimal(ticks) / 10_000)
    if len(bid.normalize().as_tuple().digits) > 15:
        bid = Decimal(f"{bid:.12g}")
    hurdle = Hurdle(buy_fee, sell_fee, minimum)
    above = edge(bid, ask, buy_fee, sell_fee) > Fraction(minimum)
    assert hurdle.cleared(float(bid), float(ask)) is above
    if above:
        assert float(bid) > float(ask) * hurdle.gate


@given(ask=prices, minimum=st.integers(0, 500))
def test_a_price_exactly_on_the_threshold_is_not_above_it(ask: Decimal, minimum: int) -> None:
    bid = ask * (1 + Decimal(minimum) / 10_000)
    hurdle = Hurdle(Decimal(0), Decimal(0), Decimal(minimum))
    assert not hurdle.cleared(float(bid), float(ask), str(bid), str(ask))
    with localcontext(prec=60):
        just_above = bid + Decimal("1e-30")
    assert hurdle.cleared(float(just_above), float(ask), str(just_above), str(ask))


parts = st.lists(st.integers(1, 10**6).map(lambda n: Decimal(n) / 10_000), max_size=3)


@given(bids=parts, asks=parts, ticks=st.integers(-3, 3), fee=fees, minimum=minima)
def test_products_of_prices_clear_a_hurdle_exactly_when_they_are_strictly_above(
    bids: list[Decimal], asks: list[Decimal], ticks: int, fee: Decimal, minimum: Decimal
) -> None:
    hurdle = Hurdle(Decimal(0), fee, minimum)
    # One more purchase, so that the products come near each other: at most a few ticks apart.
    with localcontext(prec=15):
        last = prod(bids, start=Decimal(1)) / prod(asks, start=Decimal(1)) * (1 + Decimal(ticks) / 10_000)
    above = edge(
        prod(map(Fraction, bids), start=Fraction(1)),
        prod(map(Fraction, [*asks, last]), start=Fraction(1)),
        Decimal(0),
        fee,
    )
    found = hurdle.cleared_by([float(price) for price in bids], [float(price) for price in [*asks, last]])
    assert found is (above > Fraction(minimum))


def test_products_that_are_equal_in_decimals_are_not_above_each_other() -> None:
    assert 1.1 * 1.1 > 1.21, "float64 alone would count it"
    assert not Hurdle(Decimal(0), Decimal(0)).cleared_by([1.1, 1.1], [1.21])
    assert Hurdle(Decimal(0), Decimal(0)).cleared_by([1.1, 1.1], [1.209999999999999])
    assert not Hurdle(Decimal(0), Decimal(0)).cleared_by([1.1, nan], [1.0])


def test_twenty_basis_points_of_whole_ticks_are_not_above_twenty() -> None:
    assert 10_000 * (0.00003507 / 0.000035 - 1) > 20, "float64 alone would count it"
    assert not Hurdle(Decimal(0), Decimal(0), Decimal(20)).cleared(0.00003507, 0.000035)


@given(bid=prices, ask=prices, buy_fee=fees, sell_fee=fees)
def test_edge_in_basis_points_agrees_with_exact_arithmetic(
    bid: Decimal, ask: Decimal, buy_fee: Decimal, sell_fee: Decimal
) -> None:
    hurdle = Hurdle(buy_fee, sell_fee)
    wanted = edge(bid, ask, buy_fee, sell_fee)
    assert hurdle.exact_edge_bps(Fraction(bid), Fraction(ask)) == wanted
    assert hurdle.edge_bps(float(bid), float(ask)) == pytest.approx(float(wanted), rel=1e-9, abs=1e-9)


def test_an_empty_side_clears_nothing() -> None:
    hurdle = Hurdle(Decimal(0), Decimal(0), Decimal(-9_999))
    assert not hurdle.cleared(nan, 1.0)
    assert not hurdle.cleared(1.0, nan)
    assert isnan(hurdle.edge_bps(nan, 1.0))


@pytest.mark.parametrize("fee", [Decimal(1), Decimal("-1.5")])
def test_a_fee_that_takes_everything_is_refused(fee: Decimal) -> None:
    with pytest.raises(ValueError, match="fees must lie between -1 and 1"):
        Hurdle(Decimal(0), fee)


@given(number=st.floats(min_value=1e-12, max_value=1e12))
def test_the_shortest_decimal_is_the_one_that_was_read(number: float) -> None:
    assert float(exact(number)) == number
    assert exact(number, "0.1") == Fraction(1, 10)
