from decimal import Decimal
from fractions import Fraction

from arb_core.engine.rounding import common_step, decimal, round_price, round_size
from arb_core.structs.market import Side
from hypothesis import given
from hypothesis import strategies as st

steps = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent), st.sampled_from([1, 2, 5, 25]), st.integers(-9, 3)
)
amounts = st.builds(lambda n, exponent: Decimal(n).scaleb(exponent), st.integers(0, 10**12), st.integers(-9, 0))


@given(size=amounts, step=steps)
def test_a_size_is_rounded_down_to_a_multiple_and_by_less_than_one_step(size: Decimal, step: Decimal) -> None:
    rounded = round_size(size, step)
    assert rounded <= size < rounded + step
    assert Fraction(rounded) % Fraction(step) == 0


@given(price=amounts, tick=steps)
def test_a_rounded_price_is_never_less_marketable(price: Decimal, tick: Decimal) -> None:
    assert price <= round_price(price, tick, Side.BUY) < price + tick
    assert price - tick < round_price(price, tick, Side.SELL) <= price


@given(lots=st.lists(steps, min_size=1, max_size=4))
def test_the_common_step_is_the_smallest_that_every_venue_takes(lots: list[Decimal]) -> None:
    step = Fraction(common_step(*lots))
    assert all(step % Fraction(lot) == 0 for lot in lots)
    largest = max(Fraction(lot) for lot in lots)
    smaller = [largest * n for n in range(1, int(step / largest))]
    assert not any(all(candidate % Fraction(lot) == 0 for lot in lots) for candidate in smaller)


def test_no_step_leaves_a_size_and_a_price_alone() -> None:
    assert common_step(Decimal(0)) == 0
    assert round_size(Decimal("1.2345"), Decimal(0)) == Decimal("1.2345")
    assert round_price(Decimal("1.2345"), Decimal(0), Side.BUY) == Decimal("1.2345")


def test_a_sum_of_float_sizes_does_not_lose_a_lot_to_rounding_errors() -> None:
    walked = 0.7 + 0.1
    assert walked < 0.8
    assert round_size(decimal(walked), Decimal("0.1")) == Decimal("0.8")
