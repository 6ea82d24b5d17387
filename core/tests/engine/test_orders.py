from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core.engine.ids import IntentId
from arb_core.engine.orders import (
    Acked,
    Doubted,
    Filled,
    Gone,
    Look,
    OrderEvent,
    Refused,
    Reported,
    Sent,
    TrackedOrder,
    Unsent,
    absence_proved,
    apply,
    event_of,
    fees,
    looks_needed,
    moves,
    search_from_ns,
)
from arb_core.engine.trade import OrderPlan, OrderState
from arb_core.errors import (
    AuthenticationFailed,
    DuplicateOrder,
    ExchangeUnavailable,
    InsufficientBalance,
    OutcomeUnknown,
    RateLimitError,
)
from arb_core.structs.card import Capability, ClientIdRule, ExchangeCard, FeeSchedule, Hosts
from arb_core.structs.market import Asset, ExchangeId, Pair, Side, Symbol, VenueName
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderStatus
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000_000
BTC, USDT, BNB = Asset("BTC"), Asset("USDT"), Asset("BNB")
ID = OrderId("77")

PLAN = OrderPlan(
    client_order_id=ClientOrderId("akq3f90000001z027c"),
    intent=IntentId(1),
    leg=0,
    attempt=0,
    venue=VenueName("mexc"),
    symbol=Symbol("BTC", "USDT"),
    side=Side.BUY,
    quantity=Decimal(1),
    price=Decimal(100),
    intended_ns=10 * SECOND,
)


def fill(trade_id: str, quantity: str, price: str = "99.5", **changes: Any) -> Fill:
    facts: dict[str, Any] = {
        "pair": Pair("BTCUSDT"),
        "trade_id": trade_id,
        "order_id": ID,
        "side": Side.BUY,
        "price": Decimal(price),
        "quantity": Decimal(quantity),
        "fee": Decimal("0.001"),
        "fee_asset": BTC,
        "exchange_ns": 11 * SECOND,
    }
    return Fill(**{**facts, **changes})


def told(status: OrderStatus, filled: str | None = None, quote: str | None = None) -> Reported:
    amounts = [None if text is None else Decimal(text) for text in (filled, quote)]
    return Reported(Order(pair=Pair("BTCUSDT"), order_id=ID, status=status, filled=amounts[0], filled_quote=amounts[1]))


def after(*events: OrderEvent) -> TrackedOrder:
    order = TrackedOrder.planned(PLAN)
    for event in events:
        order = apply(order, event)
    return order


amounts = st.one_of(st.none(), st.integers(0, 12).map(lambda tenths: Decimal(tenths) / 10))
statuses = st.sampled_from(OrderStatus)
events = st.one_of(
    st.builds(Sent, st.integers(0, 5)),
    st.builds(lambda status, filled: Acked(OrderAck(order_id=ID, status=status, filled=filled)), statuses, amounts),
    st.builds(
        lambda status, filled, quote, reason: Reported(
            Order(pair=Pair("BTCUSDT"), order_id=ID, status=status, filled=filled, filled_quote=quote, reason=reason)
        ),
        statuses,
        amounts,
        amounts,
        st.sampled_from([None, "expired", "self trade"]),
    ),
    st.builds(
        lambda trade_id, tenths, fee: Filled(
            fill(trade_id, str(Decimal(tenths) / 10), fee=fee, fee_asset=None if fee is None else BTC)
        ),
        st.sampled_from("abc"),
        st.integers(1, 4),
        st.sampled_from([None, Decimal("0.001")]),
    ),
    st.builds(Refused, st.sampled_from(["too small", "no money"])),
    st.builds(Unsent, st.just("held back")),
    st.builds(Doubted, st.integers(0, 5), st.sampled_from(["timeout", "reset"])),
    st.builds(Gone, st.integers(0, 5)),
)


@given(told=st.lists(events, max_size=12), data=st.data())
def test_the_same_events_in_any_order_and_number_end_in_the_same_order(told: list[OrderEvent], data: Any) -> None:
    repeated = told + (data.draw(st.lists(st.sampled_from(told), max_size=6)) if told else [])
    assert after(*data.draw(st.permutations(repeated))) == after(*told)


@given(told=st.lists(events, max_size=12))
def test_filled_never_goes_back_and_what_ended_never_stands_again(told: list[OrderEvent]) -> None:
    order = after()
    for event in told:
        former, order = order, apply(order, event)
        assert order.filled >= former.filled
        if former.state.ended:
            # proof of absence, or a refusal, yields only to evidence that it stood all the same, which is a violation
            contradicted = former.state in {OrderState.ABSENT, OrderState.REJECTED}
            assert order.state.ended or (contradicted and order.stands and order.violation)


# An honest venue: some fills, one end, each told any number of times in any order, partly by stale queries.
@st.composite
def histories(draw: Any) -> tuple[list[Fill], list[OrderEvent]]:
    tenths = draw(st.lists(st.integers(1, 5), max_size=3).filter(lambda parts: sum(parts) <= 10))
    fills = [
        fill(str(number), str(Decimal(part) / 10), price, fee=Decimal(part) / 10_000, fee_asset=asset)
        for number, part in enumerate(tenths)
        for price, asset in [draw(st.sampled_from([("99.5", BTC), ("99.37", BNB), ("99.9", USDT)]))]
    ]
    total = Decimal(sum(tenths)) / 10
    end = OrderStatus.FILLED if total == PLAN.quantity else OrderStatus.CANCELED
    messages: list[OrderEvent] = [Sent(10 * SECOND), Acked(OrderAck(order_id=ID)), told(OrderStatus.OPEN, "0")]
    messages += [Filled(each) for each in fills]
    messages += [told(OrderStatus.PARTIALLY_FILLED, str(Decimal(part) / 10)) for part in tenths]
    messages += [told(end, str(total)), Doubted(11 * SECOND, "disconnected")]
    repeated = messages + draw(st.lists(st.sampled_from(messages), max_size=8))
    return fills, draw(st.permutations(repeated))


@given(history=histories())
def test_money_is_conserved_exactly_whatever_the_order_of_the_messages(
    history: tuple[list[Fill], list[OrderEvent]],
) -> None:
    fills, messages = history
    order = after(*messages)
    bought = sum((each.quantity for each in fills), Decimal(0))
    paid = sum((each.quantity * each.price for each in fills), Decimal(0))
    paid_fees = {asset: sum(each.fee or 0 for each in fills if each.fee_asset == asset) for asset in (BTC, USDT, BNB)}
    expected = {BTC: bought - paid_fees[BTC], USDT: -paid - paid_fees[USDT], BNB: -paid_fees[BNB]}
    assert {asset: amount for asset, amount in moves(order).items() if amount} == {
        asset: amount for asset, amount in expected.items() if amount
    }
    assert fees(order) == {asset: fee for asset, fee in paid_fees.items() if fee}
    assert order.state is (OrderState.FILLED if bought == PLAN.quantity else OrderState.CANCELED)
    assert order.filled == bought
    assert order.amount_known
    assert order.settled
    assert order.violation is None


@given(told=st.lists(events, max_size=12))
def test_an_order_is_the_same_after_it_was_written_down(told: list[OrderEvent]) -> None:
    order = after(*told)
    assert msgspec.json.decode(msgspec.json.encode(order), type=TrackedOrder) == order


def test_life_of_an_order_that_goes_well() -> None:
    order = after()
    seen = [order.state]
    for event in (
        Sent(10 * SECOND),
        Acked(OrderAck(order_id=ID)),
        told(OrderStatus.OPEN, "0"),
        Filled(fill("1", "0.4")),
        Filled(fill("2", "0.6")),
    ):
        order = apply(order, event)
        seen.append(order.state)
    assert [state.value for state in seen] == ["intended", "sent", "acked", "open", "partially_filled", "filled"]


def test_zero_is_not_unknown() -> None:
    assert not after(Sent(1), told(OrderStatus.CANCELED)).amount_known
    assert after(Sent(1), told(OrderStatus.CANCELED, "0")).amount_known
    assert after(Sent(1), told(OrderStatus.FILLED)).filled == PLAN.quantity


def test_an_amount_without_its_fills_is_not_settled() -> None:
    order = after(Sent(1), told(OrderStatus.FILLED, "1"), Filled(fill("1", "0.4")))
    assert (order.state, order.amount_known, order.settled) == (OrderState.FILLED, True, False)
    assert apply(order, Filled(fill("2", "0.6"))).settled


def test_a_fill_told_again_with_its_fee_is_the_same_fill() -> None:
    without = Filled(fill("1", "1", fee=None, fee_asset=None))
    assert not after(without).settled
    for messages in ((without, Filled(fill("1", "1"))), (Filled(fill("1", "1")), without)):
        order = after(*messages)
        assert order.settled
        assert order.filled == 1
        assert fees(order) == {BTC: Decimal("0.001")}


def test_unknown_outcome_stays_in_doubt_until_something_is_heard() -> None:
    doubt = after(Sent(1), Doubted(2, "no answer"))
    assert doubt.state is OrderState.IN_DOUBT
    assert doubt.uncertain
    assert apply(doubt, told(OrderStatus.OPEN)).state is OrderState.OPEN
    assert apply(doubt, Gone(99)).state is OrderState.ABSENT


def test_an_order_that_stood_and_is_gone_has_ended_with_the_fills_that_are_known() -> None:
    order = after(Sent(1), Acked(OrderAck(order_id=ID)), Filled(fill("1", "0.4")), Gone(99))
    assert (order.state, order.filled, order.settled) == (OrderState.CANCELED, Decimal("0.4"), True)


def test_an_order_thought_absent_that_turns_up_is_believed_and_reported() -> None:
    order = after(Sent(1), Refused("no"), Filled(fill("1", "1")))
    assert order.state is OrderState.FILLED
    assert order.violation == "it stood, though the request was refused or never sent"


def test_a_venue_that_fills_too_much_is_believed_and_reported() -> None:
    order = after(Filled(fill("1", "0.7")), Filled(fill("2", "0.7")))
    assert order.filled == Decimal("1.4")
    assert order.violation == "filled 1.4 of 1"
    late = after(told(OrderStatus.CANCELED, "0"), Filled(fill("1", "0.5")))
    assert late.violation == "filled 0.5, though it ended with 0"
    assert not late.amount_known
    assert after(Filled(fill("1", "0.5", side=Side.SELL))).violation == "fill 1 is on the other side"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (InsufficientBalance("no", exchange="x"), OrderState.REJECTED),
        (AuthenticationFailed("no", exchange="x"), OrderState.REJECTED),
        (RateLimitError("wait", exchange="x", local=True), OrderState.ABSENT),
        (ExchangeUnavailable("down", exchange="x"), OrderState.ABSENT),
        (OutcomeUnknown("?", exchange="x"), OrderState.IN_DOUBT),
        (DuplicateOrder("again", exchange="x"), OrderState.IN_DOUBT),
        (RuntimeError("a fault of ours"), OrderState.IN_DOUBT),
    ],
)
def test_only_a_plain_refusal_is_taken_for_one(error: Exception, state: OrderState) -> None:
    assert after(Sent(1), event_of(error, 5)).state is state


def card(**changes: Any) -> ExchangeCard:
    facts: dict[str, Any] = {
        "id": ExchangeId("x"),
        "name": "X",
        "contract": 1,
        "docs": "",
        "hosts": Hosts(rest="", ws_public=""),
        "capabilities": frozenset({Capability.ORDER_HISTORY}),
        "fees": FeeSchedule(maker=Decimal(0), taker=Decimal(0)),
        "client_ids": ClientIdRule(max_length=32, lookup="always", history_lag_ns=5 * SECOND),
    }
    return ExchangeCard(**{**facts, **changes})


def test_every_look_that_the_venue_allows_is_needed() -> None:
    assert looks_needed(card()) == set(Look)
    silent = ClientIdRule(max_length=32, lookup="none")
    assert looks_needed(card(client_ids=silent, capabilities=frozenset())) == {Look.OPEN, Look.FILLS}


@given(begun=st.dictionaries(st.sampled_from(Look), st.integers(0, 40)))
def test_absence_needs_every_look_begun_after_the_window_and_the_lag(begun: dict[Look, int]) -> None:
    rule = ClientIdRule(max_length=32, lookup="always", receive_window_ns=5 * SECOND, history_lag_ns=3 * SECOND)
    from_ns = search_from_ns(12 * SECOND, rule)
    assert from_ns == 20 * SECOND
    missed = {look: seconds * SECOND for look, seconds in begun.items()}
    expected = set(missed) == set(Look) and min(missed.values()) >= from_ns
    assert absence_proved(missed, looks_needed(card()), from_ns) == expected
