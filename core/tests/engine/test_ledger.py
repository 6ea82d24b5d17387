from decimal import Decimal
from fractions import Fraction

from arb_core.engine.ids import IntentId
from arb_core.engine.ledger import Drift, Ledger, Need, need_of
from arb_core.engine.orders import Filled, TrackedOrder, apply, moves
from arb_core.engine.trade import OrderPlan
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, Pair, Side, Symbol, VenueName
from arb_core.structs.order import ClientOrderId, Fill, OrderId
from hypothesis import given
from hypothesis import strategies as st

MEXC, GATE = VenueName("mexc"), VenueName("gateio")
BTC, USDT, BNB = Asset("BTC"), Asset("USDT"), Asset("BNB")
PAIR = Symbol("BTC", "USDT")


def opened(**amounts: str) -> Ledger:
    """Open an account on one venue."""
    ledger = Ledger()
    ledger.reconcile(
        MEXC, {Asset(name): Balance(asset=Asset(name), free=Decimal(free)) for name, free in amounts.items()}
    )
    return ledger


def fill(side: Side, quantity: Decimal, price: Decimal, fee: Decimal = Decimal(0), fee_asset: Asset = USDT) -> Fill:
    return Fill(
        pair=Pair("BTCUSDT"),
        trade_id="1",
        order_id=OrderId("1"),
        side=side,
        price=price,
        quantity=quantity,
        fee=fee,
        fee_asset=fee_asset,
        exchange_ns=0,
    )


def book(ledger: Ledger, venue: VenueName, each: Fill) -> None:
    """Book a fill of an order to which nothing was promised, and whose trade ends with it."""
    plan = OrderPlan(
        client_order_id=ClientOrderId("order"),
        intent=IntentId(1),
        leg=0,
        attempt=0,
        venue=venue,
        symbol=PAIR,
        side=each.side,
        quantity=each.quantity,
        price=each.price,
        intended_ns=0,
    )
    ledger.move(venue, moves(apply(TrackedOrder.planned(plan), Filled(each))), order="order", trade="trade")
    ledger.release("trade")


amounts = st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-6))
fills = st.builds(
    fill, st.sampled_from([Side.BUY, Side.SELL]), amounts, amounts, amounts, st.sampled_from([BTC, USDT, BNB])
)
venues = st.sampled_from([MEXC, GATE])


@given(booked=st.lists(st.tuples(venues, fills), max_size=20))
def test_what_is_held_changes_by_fills_and_fees_alone_and_exactly(booked: list[tuple[VenueName, Fill]]) -> None:
    ledger = opened(BTC="5", USDT="1000")
    for venue, each in booked:
        book(ledger, venue, each)
    signs = {Side.BUY: 1, Side.SELL: -1}
    base = sum((signs[f.side] * f.quantity for _, f in booked), Decimal(0))
    quote = sum((-signs[f.side] * f.quantity * f.price for _, f in booked), Decimal(0))
    paid = {
        asset: sum((f.fee or Decimal(0) for _, f in booked if f.fee_asset == asset), Decimal(0))
        for asset in (BTC, USDT, BNB)
    }
    assert ledger.held_everywhere(BTC) == 5 + base - paid[BTC]
    assert ledger.held_everywhere(USDT) == 1000 + quote - paid[USDT]
    assert ledger.held_everywhere(BNB) == -paid[BNB]


@given(asked=st.lists(st.tuples(st.integers(0, 4), amounts, st.booleans()), max_size=30))
def test_promises_never_exceed_what_is_there_and_come_back_whole(asked: list[tuple[int, Decimal, bool]]) -> None:
    ledger = opened(USDT="1000")
    promised: dict[int, Decimal] = {}
    for holder, amount, released in asked:
        if released:
            ledger.release(holder)
            promised.pop(holder, None)
        elif ledger.reserve(holder, [Need(MEXC, USDT, amount)]):
            promised[holder] = promised.get(holder, Decimal(0)) + amount
        else:
            assert amount > 1000 - sum(promised.values())
        assert ledger.reserved(MEXC, USDT) == sum(promised.values())
        assert ledger.available(MEXC, USDT) == 1000 - sum(promised.values()) >= 0
    for holder in range(5):
        ledger.release(holder)
    assert ledger.available(MEXC, USDT) == 1000


@given(
    order=st.permutations(["fill", "push"]), price=amounts, quantity=st.integers(1, 100).map(lambda n: Decimal(n) / 100)
)
def test_a_push_and_its_fill_are_never_both_spendable(order: list[str], price: Decimal, quantity: Decimal) -> None:
    ledger = opened(BTC="5", USDT="100000")
    cost = price * quantity
    for step in order:
        if step == "fill":
            book(ledger, MEXC, fill(Side.BUY, quantity, price))
        else:
            ledger.report(MEXC, Balance(asset=BTC, free=5 + quantity))
            ledger.report(MEXC, Balance(asset=USDT, free=100000 - cost))
        assert ledger.available(MEXC, BTC) <= 5 + quantity
        assert ledger.available(MEXC, USDT) == 100000 - cost
    assert ledger.available(MEXC, BTC) == 5 + quantity


def test_no_digit_is_lost_where_a_context_of_28_would_round() -> None:
    ledger = opened(USDT="1")
    many, price = Decimal("123456789012.123456789012"), Decimal("0.000000012345678901")
    book(ledger, MEXC, fill(Side.BUY, many, price))
    cost = Fraction(many) * Fraction(price)
    assert Fraction(ledger.held(MEXC, USDT)) == 1 - cost
    assert Fraction(need_of(MEXC, PAIR, Side.BUY, many, price, fee=Decimal(0)).amount) == cost


def test_a_pair_of_legs_is_promised_whole_or_not_at_all() -> None:
    ledger = opened(USDT="100")
    assert not ledger.reserve(1, [Need(MEXC, USDT, Decimal(60)), Need(GATE, BTC, Decimal(1))])
    assert ledger.available(MEXC, USDT) == 100
    assert not ledger.reserve(1, [Need(MEXC, USDT, Decimal(60)), Need(MEXC, USDT, Decimal(60))])
    assert ledger.reserve(
        1, [Need(MEXC, USDT, Decimal(60)), Need(MEXC, USDT, Decimal(40)), Need(GATE, BTC, Decimal(0))]
    )
    assert ledger.available(MEXC, USDT) == 0


def test_a_purchase_needs_its_fee_and_a_sale_needs_the_base() -> None:
    buy = need_of(MEXC, PAIR, Side.BUY, Decimal(2), Decimal(100), fee=Decimal("0.001"))
    assert buy == Need(MEXC, USDT, Decimal("200.200"))
    assert need_of(MEXC, PAIR, Side.SELL, Decimal(2), Decimal(100), fee=Decimal("0.001")) == Need(MEXC, BTC, Decimal(2))
    assert need_of(MEXC, PAIR, Side.BUY, Decimal(2), Decimal(100), fee=Decimal("-0.001")).amount == 200


def test_funds_of_an_order_in_doubt_stay_promised_after_a_restart() -> None:
    ledger = opened(USDT="100")
    ledger.hold("akq3f90000001z027c", [Need(MEXC, USDT, Decimal(150))])
    assert ledger.available(MEXC, USDT) == -50
    ledger.reconcile(MEXC, {USDT: Balance(asset=USDT, free=Decimal(100))})
    assert ledger.available(MEXC, USDT) == -50
    ledger.release("akq3f90000001z027c")
    assert ledger.available(MEXC, USDT) == 100


def test_what_other_orders_lock_is_not_available() -> None:
    ledger = Ledger()
    ledger.reconcile(MEXC, {USDT: Balance(asset=USDT, free=Decimal(70), locked=Decimal(30))})
    assert ledger.held(MEXC, USDT) == 100
    assert ledger.available(MEXC, USDT) == 70


def test_drift_is_told_once_and_the_venue_is_believed() -> None:
    ledger = opened(BTC="1", USDT="100")
    book(ledger, MEXC, fill(Side.SELL, Decimal("0.5"), Decimal(100)))
    told = {USDT: Balance(asset=USDT, free=Decimal("149.9"))}
    drifts = ledger.reconcile(MEXC, told)
    assert drifts == [
        Drift(venue=MEXC, asset=BTC, expected=Decimal("0.5"), reported=Decimal(0)),
        Drift(venue=MEXC, asset=USDT, expected=Decimal("150.0"), reported=Decimal("149.9")),
    ]
    assert [drift.difference for drift in drifts] == [Decimal("-0.5"), Decimal("-0.1")]
    assert ledger.reconcile(MEXC, told) == []
    assert ledger.balances()[MEXC][USDT].free == Decimal("149.9")


def test_an_asset_nobody_heard_of_is_zero() -> None:
    ledger = Ledger()
    assert ledger.available(MEXC, BTC) == ledger.held(MEXC, BTC) == ledger.reserved(MEXC, BTC) == 0
