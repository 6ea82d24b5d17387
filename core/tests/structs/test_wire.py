"""Numbers on the wire: which spellings are read, and to which float."""

import sys
from decimal import Decimal
from fractions import Fraction
from math import isnan

import msgspec
import pytest
from arb_core.structs import wire
from arb_core.structs.wire import AmountText, Levels, MoneyText, Price, SequenceId, SignedText, Size, plain
from hypothesis import given
from hypothesis import strategies as st

price = msgspec.json.Decoder(Price, strict=False)
size = msgspec.json.Decoder(Size, strict=False)
levels = msgspec.json.Decoder(Levels, strict=False)
sequence_id = msgspec.json.Decoder(SequenceId, strict=False)
amount = msgspec.json.Decoder(AmountText)
money = msgspec.json.Decoder(MoneyText)
signed = msgspec.json.Decoder(SignedText)


def quoted(text: str) -> bytes:
    return msgspec.json.encode(text)


digits = st.integers(0, 10**25).map(str)
exponents = st.integers(-340, 300).map(lambda power: f"e{power}")
fractions = st.text("0123456789", min_size=1, max_size=30).map(lambda part: f".{part}")
numbers = st.tuples(digits, st.one_of(st.just(""), fractions), st.one_of(st.just(""), exponents)).map("".join)


def is_nearest(found: float, text: str) -> bool:
    """By exact arithmetic: no float lies nearer to the number that the text spells."""
    exact = Fraction(Decimal(text))
    if found == 0:
        return abs(exact) <= Fraction(5e-324) / 2
    at = Fraction(found)
    below, above = (Fraction(neighbour(found, way)) for way in (-1, 1))
    return abs(exact - at) <= min(abs(exact - below), abs(exact - above))


def neighbour(number: float, way: int) -> float:
    """Return the next float above (1) or below (-1) a positive one, without going beyond the largest."""
    bits = int.from_bytes(msgspec.msgpack.encode(number)[1:], "big") + way
    return msgspec.msgpack.decode(b"\xcb" + bits.to_bytes(8, "big"))


@given(numbers)
def test_text_is_rounded_to_the_nearest_float(text):
    try:
        found = size.decode(quoted(text))
    except msgspec.ValidationError:
        assert Fraction(Decimal(text)) > Fraction(sys.float_info.max)
    else:
        assert found == sys.float_info.max or is_nearest(found, text)


@given(numbers)
def test_number_without_quotes_is_the_same_number(text):
    assert decoded(text.encode()) == decoded(quoted(text))


def decoded(wire: bytes) -> float | None:
    try:
        return size.decode(wire)
    except msgspec.ValidationError:
        return None


@given(st.floats(min_value=5e-324, max_value=sys.float_info.max))
def test_every_float_comes_back_from_its_own_text(number):
    assert price.decode(quoted(repr(number))) == number


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1_000", " 1", "1 ", "+1", "-1", "-1e-300", ".5", "1.", "1e", "00.5", "01", "0x10", "1,5", "1.5.2",
        "nan", "NaN", "-nan", "inf", "Infinity", "-inf", "1e999", "true", "null", "None", "\uff11", "\u0661", "1\x00", "--1",
    ],
)  # fmt: skip
def test_other_spellings_are_refused(text):
    with pytest.raises(msgspec.ValidationError):
        size.decode(quoted(text))
    with pytest.raises(msgspec.ValidationError):
        levels.decode(b"[[" + quoted(text) + b',"1"]]')


@pytest.mark.parametrize("wire", [b"true", b"null", b"[]", b"{}", b"-1", b"1e999"])
def test_other_values_are_refused(wire):
    with pytest.raises(msgspec.ValidationError):
        size.decode(wire)


def test_a_size_may_be_zero_and_a_price_may_not():
    assert levels.decode(b'[["1","0.00000000"]]') == [(1.0, 0.0)]
    for nothing in (b'"0"', b'"0.000"', b"0", b'"1e-400"'):
        with pytest.raises(msgspec.ValidationError):
            price.decode(nothing)


@pytest.mark.parametrize("level", ['["1"]', '["1","2","3"]', "{}", '"1"', "null"])
def test_a_level_is_a_pair(level):
    with pytest.raises(msgspec.ValidationError):
        levels.decode(f"[{level}]".encode())


@pytest.mark.parametrize(
    ("wire", "number"), [(b"0", 0), (b'"82164153436"', 82164153436), (b"9007199254740993", 2**53 + 1)]
)
def test_sequence_ids_are_exact(wire, number):
    assert sequence_id.decode(wire) == number


@pytest.mark.parametrize("wire", [b"-1", b'"-1"', b'"1_0"', b'" 1"', b'"x"', b"1.5", b"true", b"null", b'""'])
def test_malformed_sequence_ids_are_refused(wire):
    with pytest.raises(msgspec.ValidationError):
        sequence_id.decode(wire)


@given(st.decimals(min_value=0, allow_nan=False, allow_infinity=False))
def test_amounts_stay_exact(number):
    assert Decimal(amount.decode(quoted(str(number)))) == number


@pytest.mark.parametrize("text", ["1_0", " 1", "1\n", "NaN", "Infinity", "-1", "+1", ".5", "1.", "\uff11"])
def test_malformed_amounts_are_refused(text):
    with pytest.raises(msgspec.ValidationError):
        amount.decode(quoted(text))


@pytest.mark.parametrize("text", ["0", "12.50", "0.00000001", "1E-8", "2e+05"])
def test_money_is_read_to_the_last_digit(text):
    assert Decimal(money.decode(quoted(text))) == Decimal(text)
    assert Decimal(signed.decode(quoted(f"-{text}"))) == -Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "-", "1_000", " 1", "1 ", "1.", ".5", "NaN", "Infinity", "1e100", "0x1", "1" * 81]
)
def test_money_that_is_none_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        money.decode(quoted(text))
    if text:
        with pytest.raises(msgspec.ValidationError):
            signed.decode(quoted(text))


def test_only_a_fee_may_be_negative_or_empty():
    with pytest.raises(msgspec.ValidationError):
        money.decode(quoted("-1"))
    assert signed.decode(quoted("")) == ""


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_printed_decimal_is_the_same_without_exponent_and_idle_zeros(value):
    text = plain(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


def test_empty_field_is_no_amount_and_zero_is_one():
    assert [wire.amount(text) for text in (None, "", "0", "1.50")] == [None, None, Decimal(0), Decimal("1.50")]


def test_side_of_a_quote_may_be_empty_or_of_unknown_size():
    assert wire.quoted(1.5, 2.0) == (1.5, 2.0)
    assert wire.quoted(1.5, 0.0) == (1.5, 0.0)
    for size in (None, ""):
        price, unknown = wire.quoted(1.5, size)
        assert price == 1.5
        assert isnan(unknown)
    for price in (None, "", 0.0):
        assert all(map(isnan, wire.quoted(price, 2.0)))


@pytest.mark.parametrize("text", ["0", "0.001", "-0.0002", "0.999"])
def test_fee_is_a_fraction_or_a_rebate(text):
    assert wire.rate(Decimal(text)) == Decimal(text)


@pytest.mark.parametrize("text", ["1", "-1", "NaN", "Infinity"])
def test_fee_that_takes_everything_is_none(text):
    with pytest.raises(ValueError, match="fraction of the notional"):
        wire.rate(Decimal(text))
