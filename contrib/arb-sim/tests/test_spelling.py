from decimal import Decimal

from arb_sim.kernel.spelling import Spelling, padded, trimmed
from hypothesis import given
from hypothesis import strategies as st

counts = st.integers(0, 10**18)
decimals = st.integers(0, 12)


@given(counts, decimals)
def test_padded_prints_every_decimal(count, places):
    text = padded(count, places)
    assert Decimal(text) == Decimal(count).scaleb(-places)
    assert len(text.partition(".")[2]) == places


@given(counts, decimals)
def test_trimmed_prints_no_trailing_zero(count, places):
    text = trimmed(count, places)
    assert Decimal(text) == Decimal(count).scaleb(-places)
    assert "." not in text or not text.endswith(("0", "."))


def test_venue_may_print_more_decimals_than_the_instrument_has():
    spelling = Spelling(2, 5, shown_price=8, shown_size=8)
    assert spelling.level(9_125_478, 12) == ("91254.78000000", "0.00012000")


def test_removal_is_spelt_like_any_size():
    assert Spelling(2, 8).size(0) == "0.00000000"
    assert Spelling(2, 8, trim=True).size(0) == "0"
