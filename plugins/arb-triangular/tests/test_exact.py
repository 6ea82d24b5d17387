"""What is proposed against exact arithmetic: the same books, walked leg by leg in fractions, for arbitrary books.

The oracle knows nothing of the strategy's arithmetic: it takes the legs that were proposed, one after the other, and
looks what each really costs and brings.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import pytest
from arb_core.structs.book import Level
from arb_core.structs.market import Side, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity
from arb_core.testing import HandBook, HandMarket
from arb_triangular.settings import Settings
from arb_triangular.strategy import Triangular
from hypothesis import given
from hypothesis import strategies as st

Make = Callable[..., Any]

MEXC = VenueName("mexc")
SYMBOLS = ("BTC/USDT", "ETH/BTC", "ETH/USDT")
TICKS = {"BTC/USDT": (10_000, 100), "ETH/BTC": (500, 10_000), "ETH/USDT": (500, 100)}
"""Where the best prices are, in ticks, and ticks a unit: one ETH is about 0.05 BTC, or 5 USDT."""
ROUNDING = Fraction(1, 10**9)

Sides = tuple[list[Level], list[Level]]


@st.composite
def books(draw: st.DrawFn) -> dict[str, Sides]:
    """Three books near each other, so that cycles often pay, of one to four levels a side."""
    made: dict[str, Sides] = {}
    for symbol, (middle, ticks) in TICKS.items():
        bid = middle + draw(st.integers(-middle // 100, middle // 100))
        steps = st.lists(st.integers(1, max(1, middle // 500)), min_size=1, max_size=4)
        sides = []
        for sign in (-1, 1):
            away = list(accumulate(draw(steps)))
            prices = [(bid + sign * (step - (sign < 0) * away[0])) / ticks for step in away]
            sizes = draw(st.lists(st.integers(1, 5000).map(lambda n: n / 100), min_size=len(away), max_size=len(away)))
            sides.append(list(zip(prices, sizes, strict=True)))
        made[symbol] = (sides[0], sides[1])
    return made


def exact(number: float) -> Fraction:
    return Fraction(repr(number))


def ordered(size: float) -> Fraction:
    """A size as it would be ordered: float64 at the digits that it can be trusted for."""
    return Fraction(f"{size:.15g}")


def taken(levels: Sequence[Level], size: Fraction) -> tuple[Fraction, Fraction]:
    """What a size comes to in quote, and its worst price; more than is there is an error."""
    gross, rest, worst = Fraction(0), size, Fraction(0)
    for price, there in levels:
        part = min(rest, exact(there))
        gross, rest, worst = gross + part * exact(price), rest - part, exact(price)
        if not rest:
            return gross, worst
    raise AssertionError(f"{float(rest)} more than is there")


def conversions(
    found: Opportunity, shown: dict[str, Sides], fees: dict[str, Fraction]
) -> list[tuple[Fraction, Fraction, Fraction, Fraction]]:
    """For each leg: what it pays, what it brings, its average and its worst price."""
    told = []
    for leg in found.legs:
        size = ordered(leg.size)
        gross, worst = taken(shown[str(leg.symbol)][leg.side is Side.BUY], size)
        pays, brings = (gross, size) if leg.side is Side.BUY else (size, gross)
        told.append((pays, brings * (1 - fees[str(leg.symbol)]), gross / size, worst))
    return told


def through(
    legs: Sequence[tuple[Symbol, Side]], shown: dict[str, Sides], fees: dict[str, Fraction], money: Fraction
) -> Fraction | None:
    """Convert an amount through all legs, without lots; None where a book ends."""
    held = money
    for symbol, side in legs:
        brought = Fraction(0)
        for price, there in shown[str(symbol)][side is Side.BUY]:
            worth = exact(price) * exact(there)
            whole = worth if side is Side.BUY else exact(there)
            part = min(held, whole)
            brought += part / exact(price) if side is Side.BUY else part * exact(price)
            held -= part
            if not held:
                break
        if held:
            return None
        held = brought * (1 - fees[str(symbol)])
    return held


def look(shown: dict[str, Sides], fees: dict[str, int], **facts: Any) -> list[Opportunity]:
    made = [HandBook(symbol).put(*sides) for symbol, sides in shown.items()]
    settings = {name: facts.pop(name) for name in list(facts) if name in Settings.__struct_fields__}
    strategy = Triangular(Settings(**settings))
    known: dict[str, float] = {symbol: fee / 10_000 for symbol, fee in fees.items()}
    strategy.start(HandMarket(made, fees=known, **facts))
    return list(strategy.on_book(Symbol("ETH", "BTC"), MEXC))


fee_of_each = st.fixed_dictionaries({symbol: st.integers(0, 20) for symbol in SYMBOLS})
lot_of_each = st.fixed_dictionaries(
    {symbol: st.sampled_from(["0", "0.00001", "0.001", "0.005", "0.01", "0.07", "0.1", "1"]) for symbol in SYMBOLS}
)
settings = st.fixed_dictionaries(
    {
        "lots": lot_of_each,
        "money": st.sampled_from([("USDT",), ("BTC",), ("ETH",)]),
        "max_notional": st.sampled_from([None, 1.0, 25.0]),
    }
)


@given(shown=books(), fees=fee_of_each, facts=settings)
def test_the_profit_is_that_of_an_exact_walk(
    shown: dict[str, Sides], fees: dict[str, int], facts: dict[str, Any]
) -> None:
    rates = {symbol: Fraction(fee, 10_000) for symbol, fee in fees.items()}
    steps, bound = {symbol: Fraction(lot) for symbol, lot in facts["lots"].items()}, facts["max_notional"]
    for found in look(shown, fees, **facts):
        told = conversions(found, shown, rates)  # fails where a size exceeds the visible depth
        paid, earned = told[0][0], told[-1][1]
        for leg, (_, _, average, worst) in zip(found.legs, told, strict=True):
            assert exact(leg.price) == worst
            assert leg.average == pytest.approx(float(average), rel=1e-9)
            assert leg.size > 0
        for (_, brought, _, _), (pays, _, _, _) in pairwise(told):
            assert pays <= brought * (1 + ROUNDING), "no leg pays more than the one before it brought"
        assert abs(Fraction(found.profit) - (earned - paid)) <= paid * ROUNDING
        assert found.edge_bps == pytest.approx(float(10_000 * (earned / paid - 1)), abs=1e-5)
        assert found.profit > 0
        assert earned > paid, "never positive where the exact walk is not"
        assert bound is None or paid <= Fraction(bound) * (1 + ROUNDING)
        for leg in found.legs:
            size, step = ordered(leg.size), steps[str(leg.symbol)]
            assert step == 0 or size % step == 0 or size < step, "whole lots, or too small for one: `filters` refuses"


WAYS = (
    ((Symbol("BTC", "USDT"), Side.BUY), (Symbol("ETH", "BTC"), Side.BUY), (Symbol("ETH", "USDT"), Side.SELL)),
    ((Symbol("ETH", "USDT"), Side.BUY), (Symbol("ETH", "BTC"), Side.SELL), (Symbol("BTC", "USDT"), Side.SELL)),
)


@given(shown=books(), fees=fee_of_each, minimum=st.integers(0, 30))
def test_what_is_found_is_what_exact_arithmetic_finds(
    shown: dict[str, Sides], fees: dict[str, int], minimum: int
) -> None:
    rates = {symbol: Fraction(fee, 10_000) for symbol, fee in fees.items()}
    tiny = Fraction(1, 10**6)
    edges: dict[tuple[tuple[Symbol, Side], ...], Fraction] = {}
    for way in WAYS:
        earned = through(way, shown, rates, tiny)
        assert earned is not None
        edges[way] = 10_000 * (earned / tiny - 1)
    found = look(shown, fees, min_edge_bps=float(minimum))
    by_way = {tuple((leg.symbol, leg.side) for leg in each.legs): each for each in found}
    assert set(by_way) == {way for way, edge in edges.items() if edge > minimum}
    for way, each in by_way.items():
        assert each.top_edge_bps == pytest.approx(float(edges[way]), abs=1e-6)


@given(shown=books(), fees=fee_of_each)
def test_no_other_size_earns_more(shown: dict[str, Sides], fees: dict[str, int]) -> None:
    rates = {symbol: Fraction(fee, 10_000) for symbol, fee in fees.items()}
    for found in look(shown, fees):
        way = [(leg.symbol, leg.side) for leg in found.legs]
        paid = conversions(found, shown, rates)[0][0]
        for percent in (1, 10, 50, 90, 99, 101, 110, 150, 300):
            other = paid * percent / 100
            earned = through(way, shown, rates, other)
            assert earned is None or earned - other <= Fraction(found.profit) + paid * ROUNDING
