"""One order about one difference: of a market's base, or of its quote where the money of the trade is the base."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from arb_core.engine.fixes import FeeIn, Fix, Way, fix_of, is_orderable
from arb_core.engine.trade import Purpose
from arb_core.structs.market import Asset, Instrument, Pair, Side, Symbol, VenueName
from hypothesis import given
from hypothesis import strategies as st

PAIR = Symbol("BTC", "USDT")
BTC, USDT = Asset("BTC"), Asset("USDT")
FEE = Decimal("0.001")
LOT = Decimal("0.00001")
NOTHING = Decimal(0)


def way(*levels: tuple[str | Decimal, str | Decimal], **changes: Any) -> Way:
    facts: dict[str, Any] = {
        "purpose": Purpose.UNWIND,
        "leg": 0,
        "venue": VenueName("mexc"),
        "symbol": PAIR,
        "levels": tuple((Decimal(price), Decimal(size)) for price, size in levels),
        "instrument": Instrument(
            symbol=PAIR, pair=Pair("BTCUSDT"), tick=Decimal("0.01"), lot=LOT, min_notional=Decimal(1)
        ),
        "fee": FEE,
    }
    return Way(**{**facts, **changes})


def test_a_market_deals_with_what_it_trades_for_the_money() -> None:
    assert [way().deals_with(money) for money in (USDT, BTC, Asset("ETH"))] == [BTC, USDT, None]


def test_too_much_of_the_quote_buys_the_money_back() -> None:
    fix = fix_of(way(("50000", "1")), Decimal(500), BTC, Decimal("-0.0101"), Decimal("0.001"))
    assert isinstance(fix, Fix)
    assert (fix.side, fix.price, fix.quantity) == (Side.BUY, Decimal(50000), Decimal("0.00999"))  # 500 / 50050


def test_what_is_missing_of_the_quote_is_paid_for_with_the_money() -> None:
    fix = fix_of(way(("50000", "1")), Decimal(-500), BTC, Decimal("0.0101"), Decimal("0.001"))
    assert isinstance(fix, Fix)
    assert (fix.side, fix.price, fix.quantity) == (Side.SELL, Decimal(50000), Decimal("0.01001"))  # 0.01 / 0.999


@pytest.mark.parametrize(("fee_in", "bought"), [(FeeIn.QUOTE, "0.00999"), (FeeIn.BASE, "0.01"), (FeeIn.OTHER, "0.01")])
def test_nothing_is_kept_back_for_a_fee_that_is_not_paid_beside_the_price(fee_in: FeeIn, bought: str) -> None:
    short_of_money = way(("50000", "1"), fee_in=fee_in, available=Decimal(500))
    for residue, money in ((Decimal(500), BTC), (Decimal("-0.2"), USDT)):
        fix = fix_of(short_of_money, residue, money, Decimal(10**6), NOTHING)
        assert isinstance(fix, Fix)
        assert fix.quantity == Decimal(bought)


def test_the_loss_is_counted_in_the_money_of_the_trade() -> None:
    # 0.01 BTC became 490 USDT, which buy 0.0098 BTC less a fee.
    told = fix_of(way(("50000", "1")), Decimal(490), BTC, Decimal("-0.01"), Decimal("0.0002"))
    assert isinstance(told, str)
    assert "0.0002 may be lost" in told
    assert isinstance(fix_of(way(("50000", "1")), Decimal(490), BTC, Decimal("-0.01"), Decimal("0.0003")), Fix)


def test_what_is_too_small_to_order_is_asked_in_the_units_of_the_market() -> None:
    mark = 1 / Decimal(50000)
    assert is_orderable(way(), Decimal(2), BTC, mark)
    assert not is_orderable(way(), Decimal("0.9"), BTC, mark), "it is worth less than the smallest order"
    assert is_orderable(way(), Decimal("0.9"), BTC, None), "nobody knows"
    assert is_orderable(way(), Decimal("0.00002"), USDT, Decimal(50000))
    assert not is_orderable(way(), Decimal("0.000009"), USDT, Decimal(50000)), "it is less than a lot"


prices = st.integers(4_900_000, 5_100_000).map(lambda n: Decimal(n) / 100)
sizes = st.integers(1, 10**6).map(lambda n: Decimal(n) / 10**6)


@given(
    residue=st.integers(-(10**7), 10**7).filter(bool).map(lambda n: Decimal(n) / 1000),
    levels=st.lists(st.tuples(prices, sizes), min_size=1, max_size=5),
    fee_in=st.sampled_from(FeeIn),
    cap=st.integers(0, 1000).map(lambda n: Decimal(n) / 10**6),
)
def test_a_fix_of_the_quote_never_overdoes_it_and_keeps_the_cap(
    residue: Decimal, levels: list[tuple[Decimal, Decimal]], fee_in: FeeIn, cap: Decimal
) -> None:
    others = -residue / 50_000  # the trade came out even at 50,000
    found = fix_of(way(*sorted(levels, reverse=residue < 0), fee_in=fee_in), residue, BTC, others, cap)
    if isinstance(found, str):
        return
    assert found.side is (Side.BUY if residue > 0 else Side.SELL)
    beside = FEE if fee_in is FeeIn.QUOTE else NOTHING
    if found.side is Side.BUY:
        assert found.quantity * found.price * (1 + beside) <= residue
    else:
        assert found.quantity * found.price * (1 - FEE) <= -residue
    assert found.quantity <= sum(size for _, size in levels)
    assert found.quantity % LOT == 0
    # Traded whole at its limit, the trade loses no more than the cap.
    if found.side is Side.BUY:
        came = residue / (found.price * (1 + beside)) * (1 if beside else 1 - FEE)
    else:
        came = residue / (found.price * (1 - FEE))
    assert others + came >= -cap - Decimal("1e-20")


AMPLE = Decimal(10**6)


def ticking(tick: str) -> Instrument:
    return Instrument(symbol=PAIR, pair=Pair("BTCUSDT"), tick=Decimal(tick), lot=LOT, min_notional=Decimal(1))


@pytest.mark.parametrize(
    ("earlier", "price"), [(0, "50000"), (1, "49875"), (2, "49750"), (4, "49500"), (5, "49500"), (1000, "49500")]
)
def test_each_further_order_accepts_a_worse_price_to_an_end(earlier: int, price: str) -> None:
    fix = fix_of(way(("50000", "1")), Decimal("0.5"), USDT, AMPLE, NOTHING, earlier=earlier)
    assert isinstance(fix, Fix)
    assert (fix.side, fix.quantity, fix.price) == (Side.SELL, Decimal("0.5"), Decimal(price))


def test_a_purchase_accepts_more_and_the_cap_comes_first() -> None:
    there = way(("50000", "1"))
    fix = fix_of(there, Decimal("-0.5"), USDT, Decimal(25_000), Decimal("51.05"), earlier=2)
    assert isinstance(fix, Fix)
    assert (fix.side, fix.price) == (Side.BUY, Decimal("50052.04"))  # 25051.05 / (0.5 * 1.001), down to the tick
    free = fix_of(there, Decimal("-0.5"), USDT, AMPLE, NOTHING, earlier=2)
    assert isinstance(free, Fix)
    assert (free.price, free.quantity) == (Decimal(50_250), Decimal("0.5"))


def test_at_a_worse_price_no_more_is_bought_than_there_is_money_for() -> None:
    fix = fix_of(way(("50000", "1"), available=Decimal(500)), Decimal("-0.2"), USDT, AMPLE, NOTHING, earlier=1)
    assert isinstance(fix, Fix)
    assert fix.quantity * fix.price * (1 + FEE) <= 500
    assert fix.quantity > 0


@given(
    residue=st.integers(-(10**6), 10**6).filter(bool).map(lambda n: Decimal(n) / 10**6),
    money=st.sampled_from([USDT, BTC]),
    levels=st.lists(st.tuples(prices, sizes), min_size=1, max_size=5),
    cap=st.integers(0, 1000).map(lambda n: Decimal(n) / 10),
    terms=st.fixed_dictionaries(
        {"fee_in": st.sampled_from(FeeIn), "instrument": st.sampled_from(["0", "0.01", "0.5"]).map(ticking)}
    ),
)
def test_further_orders_ask_for_no_more_and_keep_the_cap(
    residue: Decimal, money: Asset, levels: list[tuple[Decimal, Decimal]], cap: Decimal, terms: dict[str, Any]
) -> None:
    in_btc = money == BTC
    if in_btc:
        residue, cap = residue * 50_000, cap / 50_000
    worth = residue / 50_000 if in_btc else residue * 50_000
    there = way(*sorted(levels, reverse=(residue > 0) is not in_btc), **terms)
    found = [fix_of(there, residue, money, -worth, cap, earlier=earlier) for earlier in range(4)]
    fixes = [fix for fix in found if isinstance(fix, Fix)]
    assert len(fixes) in {0, 4}, "what may be done once may be done again"
    for one, next_ in pairwise(fixes):
        assert next_.quantity <= one.quantity
        assert one.side is next_.side
        assert next_.price <= one.price if one.side is Side.SELL else next_.price >= one.price
    for fix in fixes:
        assert abs(fix.price - fixes[0].price) <= fixes[0].price / 100
        # Traded whole at its limit, the trade loses no more than the cap.
        selling, beside, of_it = fix.side is Side.SELL, terms["fee_in"] is FeeIn.QUOTE, terms["fee_in"] is FeeIn.BASE
        if in_btc:
            came = residue / fix.price * (1 / (1 - FEE) if selling else 1 / (1 + FEE) if beside else 1 - FEE)
        else:
            came = residue * fix.price * (1 - FEE if selling else 1 / (1 - FEE) if of_it else 1 + FEE)
        assert came - worth >= -cap - Decimal("1e-15")
