from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from arb_core.engine.fixes import FeeIn, Way, follow_on
from arb_core.engine.ids import IntentId
from arb_core.engine.legs import Decision, LegPolicy, Step, decide, net_moves, result_of
from arb_core.engine.orders import Doubted, Filled, OrderEvent, Refused, Reported, Sent, TrackedOrder, apply
from arb_core.engine.trade import Intent, OrderPlan, Outcome, Purpose
from arb_core.structs.market import Asset, Instrument, Pair, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderId, OrderStatus
from hypothesis import given
from hypothesis import strategies as st

MEXC, GATE = VenueName("mexc"), VenueName("gateio")
BTC, ETH, USDT, BNB = Asset("BTC"), Asset("ETH"), Asset("USDT"), Asset("BNB")
PAIR = Symbol("BTC", "USDT")
FEE = Decimal("0.001")
POLICY = LegPolicy(hedge_loss={USDT: Decimal("0.2")}, unwind_loss={USDT: Decimal(1)}, max_attempts=3)
MARKS = {BTC: Decimal(100), ETH: Decimal(5)}

_serial = count(1)


def order(
    leg: int,
    side: Side,
    filled: str,
    *,
    asked: str = "0.5",
    price: str = "100",
    fee_asset: Asset = USDT,
    fee: str = "0",
    symbol: Symbol = PAIR,
    purpose: Purpose = Purpose.ENTRY,
    events: tuple[OrderEvent, ...] | None = None,
) -> TrackedOrder:
    """An order that has ended, filled in one execution."""
    number = next(_serial)
    plan = OrderPlan(
        client_order_id=ClientOrderId(f"order{number}"),
        intent=IntentId(1),
        leg=leg,
        attempt=0,
        purpose=purpose,
        venue=(MEXC, GATE)[leg % 2],
        symbol=symbol,
        side=side,
        quantity=Decimal(asked),
        price=Decimal(price),
        intended_ns=0,
    )
    pair, order_id = Pair(f"{symbol.base}{symbol.quote}"), OrderId(str(number))
    end = Reported(Order(pair=pair, order_id=order_id, status=OrderStatus.CANCELED, filled=Decimal(filled)))
    found = TrackedOrder.planned(plan)
    for event in (Sent(0), end) if events is None else events:
        found = apply(found, event)
    if Decimal(filled):
        fill = Fill(
            pair=pair,
            trade_id="1",
            order_id=order_id,
            side=side,
            price=Decimal(price),
            quantity=Decimal(filled),
            fee=Decimal(fee),
            fee_asset=fee_asset,
            exchange_ns=0,
        )
        found = apply(found, Filled(fill))
    return found


def instrument(**changes: Any) -> Instrument:
    facts: dict[str, Any] = {
        "symbol": PAIR,
        "pair": Pair("BTCUSDT"),
        "tick": Decimal("0.01"),
        "lot": Decimal("0.001"),
        "min_notional": Decimal(1),
    }
    return Instrument(**{**facts, **changes})


def way(purpose: Purpose, leg: int, *levels: tuple[str, str], **changes: Any) -> Way:
    facts: dict[str, Any] = {
        "purpose": purpose,
        "leg": leg,
        "venue": (MEXC, GATE)[leg % 2],
        "symbol": PAIR,
        "levels": tuple((Decimal(price), Decimal(size)) for price, size in levels),
        "instrument": instrument(),
        "fee": FEE,
    }
    return Way(**{**facts, **changes})


def ask(orders: list[TrackedOrder], *ways: Way, policy: LegPolicy = POLICY) -> Decision:
    return decide(orders, money=USDT, ways=ways, policy=policy, marks=MARKS)


def test_legs_that_filled_alike_are_done() -> None:
    decision = ask([order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0.5", price="101")])
    assert decision == Decision(step=Step.DONE, detail="everything is paired")
    assert ask([order(0, Side.BUY, "0"), order(1, Side.SELL, "0")]).step is Step.DONE


def test_what_is_paired_stays_and_only_the_difference_is_hedged() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0.4", price="101")]
    decision = ask(legs, way(Purpose.HEDGE, 1, ("100.90", "3")), way(Purpose.UNWIND, 0, ("99.90", "3")))
    assert decision.step is Step.HEDGE
    assert decision.residues == {BTC: Decimal("0.1")}
    fix = decision.fix
    assert fix is not None
    assert (fix.venue, fix.leg, fix.side, fix.quantity, fix.price) == (
        GATE,
        1,
        Side.SELL,
        Decimal("0.1"),
        Decimal("100.90"),
    )
    done = [*legs, order(1, Side.SELL, "0.1", asked="0.1", price="100.90", purpose=Purpose.HEDGE)]
    assert ask(done).step is Step.DONE


def test_a_leg_that_was_rejected_is_hedged_or_undone_whole() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0", events=(Sent(0), Refused("no")))]
    dear = way(Purpose.HEDGE, 1, ("99.00", "3"))
    cheap = way(Purpose.UNWIND, 0, ("99.00", "3"))
    decision = ask(legs, dear, cheap)
    assert decision.step is Step.UNWIND
    assert decision.fix is not None
    assert (decision.fix.venue, decision.fix.side, decision.fix.quantity) == (MEXC, Side.SELL, Decimal("0.5"))


def test_what_was_sold_too_much_is_bought() -> None:
    legs = [order(0, Side.BUY, "0.1"), order(1, Side.SELL, "0.5", price="101")]
    decision = ask(legs, way(Purpose.HEDGE, 0, ("100.10", "3")))
    assert decision.fix is not None
    assert (decision.fix.venue, decision.fix.side, decision.fix.quantity) == (MEXC, Side.BUY, Decimal("0.4"))


def test_a_loss_that_is_allowed_in_one_money_is_not_allowed_in_another() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    ways = way(Purpose.HEDGE, 1, ("99.9", "3")), way(Purpose.UNWIND, 0, ("99.9", "3"))
    only_btc = LegPolicy(hedge_loss={BTC: Decimal(5)}, unwind_loss={BTC: Decimal(5)})
    decision = ask(legs, *ways, policy=only_btc)
    assert decision.step is Step.STOP
    assert decision.detail == "no hedge_loss is set for USDT; no unwind_loss is set for USDT"
    to_undo = LegPolicy(hedge_loss={BTC: Decimal(5)}, unwind_loss={USDT: Decimal(5)})
    assert ask(legs, *ways, policy=to_undo).step is Step.UNWIND


def test_outside_of_both_caps_it_stops_and_says_why() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    decision = ask(legs, way(Purpose.HEDGE, 1, ("90", "3")), way(Purpose.UNWIND, 0, ("90", "3")))
    assert decision.step is Step.STOP
    assert decision.fix is None
    assert decision.residues == {BTC: Decimal("0.5")}
    assert "hedge of BTC on gateio: the trade would lose 5.0450" in decision.detail
    assert "1 may be lost" in decision.detail


def test_a_book_that_is_not_live_is_no_way() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    assert "its book is not live" in ask(legs, way(Purpose.HEDGE, 1)).detail
    assert ask(legs).detail == "no market is known where it could be traded"


def test_nothing_is_sent_while_an_order_is_in_doubt() -> None:
    doubt = order(1, Side.SELL, "0", events=(Sent(0), Doubted(1, "no answer")))
    decision = ask([order(0, Side.BUY, "0.5"), doubt], way(Purpose.HEDGE, 1, ("100.90", "3")))
    assert (decision.step, decision.fix) == (Step.WAIT, None)
    assert "in_doubt" in decision.detail


def test_fees_taken_in_base_are_part_of_what_is_held() -> None:
    legs = [
        order(0, Side.BUY, "0.5", fee="0.005", fee_asset=BTC),
        order(1, Side.SELL, "0", events=(Sent(0), Refused("no"))),
    ]
    decision = ask(legs, way(Purpose.HEDGE, 1, ("101", "3")))
    assert decision.residues == {BTC: Decimal("0.495")}
    assert decision.fix is not None
    assert decision.fix.quantity == Decimal("0.495")


def test_a_purchase_that_pays_its_fee_in_base_buys_more_than_is_missing() -> None:
    legs = [order(0, Side.BUY, "0"), order(1, Side.SELL, "0.5", price="101")]
    decision = ask(legs, way(Purpose.HEDGE, 0, ("100", "3"), fee=Decimal("0.01"), fee_in=FeeIn.BASE))
    assert decision.fix is not None
    assert decision.fix.quantity == Decimal("0.505")  # 0.5 / 0.99 rounded down to the lot
    assert decision.fix.quantity * Decimal("0.99") <= Decimal("0.5")


@pytest.mark.parametrize("residue", ["0.0005", "0.009"])
def test_dust_that_no_venue_takes_is_told_and_left(residue: str) -> None:
    legs = [order(0, Side.BUY, "0.5", fee=residue, fee_asset=BTC), order(1, Side.SELL, "0.5", price="101")]
    decision = ask(legs, way(Purpose.HEDGE, 0, ("100", "3")), way(Purpose.UNWIND, 1, ("100", "3")))
    assert decision.step is Step.DONE
    assert decision.residues == {BTC: -Decimal(residue)}


def test_attempts_come_to_an_end() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    tries = [order(1, Side.SELL, "0", purpose=Purpose.HEDGE) for _ in range(3)]
    decision = ask([*legs, *tries], way(Purpose.HEDGE, 1, ("101", "3")))
    assert decision.step is Step.STOP
    assert "3 attempts are used up" in decision.detail
    unwind = ask([*legs, *tries], way(Purpose.HEDGE, 1, ("101", "3")), way(Purpose.UNWIND, 0, ("99.9", "3")))
    assert unwind.step is Step.UNWIND


def test_a_further_attempt_accepts_a_worse_price_inside_the_cap() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    hedge = way(Purpose.HEDGE, 1, ("100.10", "3"))
    limits: list[Decimal] = []
    for _ in range(3):
        decision = ask(legs, hedge)
        assert decision.fix is not None
        limits.append(decision.fix.price)
        legs.append(order(1, Side.SELL, "0", purpose=Purpose.HEDGE))
    # A quarter of a percent further each time, but 0.5 that cost 50 may not bring less than 49.8 after its fee.
    assert limits == [Decimal("100.10"), Decimal("99.85"), Decimal("99.70")]


residues = st.integers(-(10**6), 10**6).map(lambda n: Decimal(n) / 10**5)


@given(btc=residues, eth=residues, used=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_each_asset_is_dealt_with_whatever_is_left_of_another(
    btc: Decimal, eth: Decimal, used: tuple[int, int]
) -> None:
    markets = ((0, PAIR, btc, used[0], "100"), (2, Symbol("ETH", "USDT"), eth, used[1], "5"))
    legs: list[TrackedOrder] = []
    for leg, symbol, left, attempts, _ in markets:
        side, size = Side.BUY if left > 0 else Side.SELL, str(abs(left))
        legs.append(order(leg, side, size, asked=size, symbol=symbol))
        legs += [order(leg, Side.SELL, "0", symbol=symbol, purpose=Purpose.UNWIND) for _ in range(attempts)]
    ways = [way(Purpose.UNWIND, leg, (price, "999"), symbol=symbol) for leg, symbol, _, _, price in markets]
    decision = ask(legs, *ways, policy=LegPolicy(unwind_loss={USDT: Decimal(10**6)}))
    large = [(leg, attempts) for leg, _, left, attempts, price in markets if abs(left) * Decimal(price) >= 1]
    first = next((leg for leg, attempts in large if attempts < POLICY.max_attempts), None)
    if first is not None:
        assert decision.fix is not None
        assert decision.fix.leg == first
    else:
        assert decision.step is (Step.STOP if large else Step.DONE)


def test_a_thin_book_hedges_a_part_and_the_limit_never_leaves_the_cap() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    decision = ask(legs, way(Purpose.HEDGE, 1, ("100.50", "0.2"), ("100.00", "0.1"), ("98.00", "9")))
    assert decision.fix is not None
    assert (decision.fix.quantity, decision.fix.price) == (Decimal("0.3"), Decimal("100.00"))


def test_an_order_never_takes_more_than_is_available() -> None:
    legs = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    decision = ask(legs, way(Purpose.HEDGE, 1, ("101", "9"), available=Decimal("0.2")))
    assert decision.fix is not None
    assert decision.fix.quantity == Decimal("0.2")


def test_a_fee_in_a_third_asset_counts_into_the_loss_and_is_no_residue() -> None:
    legs = [order(0, Side.BUY, "0.5", fee="0.01", fee_asset=BNB), order(1, Side.SELL, "0")]
    hedge = way(Purpose.HEDGE, 1, ("100.15", "9"))
    unknown = ask(legs, hedge)
    assert unknown.step is Step.STOP
    assert "without a price" in unknown.detail
    dear = decide(legs, money=USDT, ways=[hedge], policy=POLICY, marks={BNB: Decimal(600)})
    assert dear.step is Step.STOP
    cheap = decide(legs, money=USDT, ways=[hedge], policy=POLICY, marks={BNB: Decimal(1)})
    assert cheap.step is Step.HEDGE
    assert cheap.residues == {BTC: Decimal("0.5")}


def test_a_cycle_that_broke_off_is_brought_back_to_its_money() -> None:
    cross = Symbol("ETH", "BTC")
    legs = [
        order(0, Side.BUY, "1", asked="1"),
        order(2, Side.BUY, "12", asked="20", price="0.05", symbol=cross),
    ]
    back = way(Purpose.UNWIND, 0, ("99.9", "9"))
    out = way(Purpose.HEDGE, 4, ("4.99", "99"), symbol=Symbol("ETH", "USDT"))
    first = ask(legs, out, back)
    assert first.residues == {BTC: Decimal("0.40"), ETH: Decimal(12)}
    assert first.fix is not None
    assert (first.fix.symbol, first.fix.quantity) == (Symbol("ETH", "USDT"), Decimal(12))


amounts = st.integers(0, 500).map(lambda n: Decimal(n) / 1000)
prices = st.integers(9500, 10500).map(lambda n: Decimal(n) / 100)


@given(
    filled=st.tuples(amounts, amounts),
    paid=st.tuples(prices, prices),
    base_fee=st.booleans(),
    levels=st.lists(st.tuples(prices, st.integers(1, 300).map(lambda n: Decimal(n) / 1000)), max_size=5),
    hedge_loss=st.integers(0, 50).map(lambda n: Decimal(n) / 10),
)
def test_every_order_deals_with_the_difference_alone_and_keeps_the_cap_at_its_limit(
    filled: tuple[Decimal, Decimal],
    paid: tuple[Decimal, Decimal],
    base_fee: bool,
    levels: list[tuple[Decimal, Decimal]],
    hedge_loss: Decimal,
) -> None:
    (bought, sold), (buy_price, sell_price) = filled, paid
    fee, fee_asset = (str(bought * FEE), BTC) if base_fee else (str(bought * buy_price * FEE), USDT)
    legs = [
        order(0, Side.BUY, str(bought), price=str(buy_price), fee=fee, fee_asset=fee_asset),
        order(1, Side.SELL, str(sold), price=str(sell_price), fee=str(sold * sell_price * FEE)),
    ]
    net = net_moves(legs)
    residue = net.get(BTC, Decimal(0))
    selling = residue > 0
    best_first = tuple((str(p), str(s)) for p, s in sorted(levels, reverse=selling))
    policy = LegPolicy(hedge_loss={USDT: hedge_loss}, unwind_loss={USDT: Decimal(0)})
    decision = ask(legs, way(Purpose.HEDGE, 1 if selling else 0, *best_first), policy=policy)
    fix = decision.fix
    if fix is None:
        assert decision.step in {Step.DONE, Step.STOP}
        return
    assert decision.step is Step.HEDGE
    assert fix.side is (Side.SELL if selling else Side.BUY)
    assert fix.quantity <= abs(residue)
    assert fix.quantity <= sum(size for _, size in levels)
    assert Fraction(fix.quantity) % Fraction("0.001") == 0
    # Traded whole at its limit, the trade loses no more than the cap.
    cash = residue * fix.price * ((1 - FEE) if selling else (1 + FEE))
    assert -(net.get(USDT, Decimal(0)) + cash) <= hedge_loss


@given(held=st.integers(0, 10**6).map(lambda n: Decimal(n) / 997), price=prices)
def test_the_next_leg_spends_no_more_than_is_really_held(held: Decimal, price: Decimal) -> None:
    bought = follow_on(instrument(), Side.BUY, held, price, fee=FEE)
    assert bought * price * (1 + FEE) <= held
    assert bought == 0 or bought * price >= 1
    assert follow_on(instrument(), Side.SELL, held, price, fee=FEE) <= held


def test_the_next_leg_is_nothing_below_the_smallest_order_and_no_more_than_the_largest() -> None:
    assert follow_on(instrument(), Side.SELL, Decimal("0.005"), Decimal(100), fee=FEE) == 0
    assert follow_on(instrument(min_quantity=Decimal(1)), Side.SELL, Decimal("0.9"), Decimal(100), fee=FEE) == 0
    assert follow_on(instrument(max_quantity=Decimal(2)), Side.SELL, Decimal(9), Decimal(100), fee=FEE) == 2


INTENT = Intent(
    id=IntentId(1),
    strategy="spatial",
    symbol=PAIR,
    plan=Plan.TOGETHER,
    money=USDT,
    notional=Decimal(50),
    edge_bps=100.0,
    created_ns=0,
    detected_ns=0,
)


def test_a_result_is_money_with_every_fee_and_residues_at_mid() -> None:
    legs = [
        order(0, Side.BUY, "0.5", fee="0.0005", fee_asset=BTC),
        order(1, Side.SELL, "0.5", price="101", fee="0.002", fee_asset=BNB),
    ]
    marks = {BTC: Decimal("100.5"), BNB: Decimal(600)}
    result = result_of(INTENT, legs, stopped=False, marks=marks, ended_ns=9)
    assert result.outcome is Outcome.DONE
    assert result.moves == {USDT: Decimal("0.5"), BTC: Decimal("-0.0005"), BNB: Decimal("-0.002")}
    assert result.fees == {BTC: Decimal("0.0005"), BNB: Decimal("0.002")}
    assert result.residue_value == Decimal("-1.25025")
    assert result.pnl == Decimal("-0.75025")
    with pytest.raises(KeyError, match="BNB"):
        result_of(INTENT, legs, stopped=False, marks={BTC: Decimal(100)}, ended_ns=9)


def test_a_result_says_whether_anything_happened_or_is_left() -> None:
    nothing = [order(0, Side.BUY, "0"), order(1, Side.SELL, "0")]
    assert result_of(INTENT, nothing, stopped=False, marks={}, ended_ns=9).outcome is Outcome.NOTHING
    naked = [order(0, Side.BUY, "0.5"), order(1, Side.SELL, "0")]
    result = result_of(INTENT, naked, stopped=True, marks=MARKS, ended_ns=9, detail="a person was told")
    assert (result.outcome, result.pnl, result.detail) == (Outcome.STOPPED, 0, "a person was told")
