"""How orders and fills are compared with the venue's own: what is not said is no mistake, what is said must be right."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from arb_compliance.desk import same_fills, same_order
from arb_compliance.expect import CaseFailed
from arb_compliance.subject import Subject
from arb_core.structs.market import Asset, Pair, Side
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    LiquidityRole,
    Order,
    OrderId,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from arb_sim.inspection import FillState, OrderState
from msgspec.structs import replace

NOW = 1_700_000_000_000_000_000

TRUE_ORDER = OrderState(
    id="7", client_id="t-abc", symbol="LINK/USDT", pair="LINKUSDT", side="buy", kind="limit", force="gtc",
    price=Decimal(10), size=Decimal(3), budget=None, filled=Decimal(1), spent=Decimal(10), locked=Decimal(20),
    fees={}, status="open", end=None, created_ns=NOW, updated_ns=NOW,
)  # fmt: skip
TRUE_FILL = FillState(
    trade=5, order="7", client_id="t-abc", symbol="LINK/USDT", pair="LINKUSDT", side="buy", price=Decimal(10),
    size=Decimal(1), quote=Decimal(10), fee=Decimal("0.001"), fee_asset="LINK", maker=True, self_trade=False, at_ns=NOW,
)  # fmt: skip

LEAST = Order(
    pair=Pair("LINKUSDT"), order_id=OrderId("7"), side=Side.BUY, status=OrderStatus.PARTIALLY_FILLED, filled=Decimal(1)
)
"""All that a query must say."""
FILL = Fill(
    pair=Pair("LINKUSDT"), trade_id="5", order_id=OrderId("7"), client_order_id=ClientOrderId("abc"), side=Side.BUY,
    price=Decimal(10), quantity=Decimal(1), fee=Decimal("0.001"), fee_asset=Asset("LINK"), role=LiquidityRole.MAKER,
    exchange_ns=NOW,
)  # fmt: skip


@pytest.fixture
def subject() -> Any:
    told: list[str] = []
    card = SimpleNamespace(client_ids=SimpleNamespace(prefix="t-"))
    return cast("Subject", SimpleNamespace(card=card, warn=told.append, told=told))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"client_order_id": ClientOrderId("abc")},
        {"type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC},
        {"price": Decimal("10.0"), "quantity": Decimal(3), "filled_quote": Decimal(10)},
        {"created_ns": NOW + 999_000_000, "updated_ns": NOW},
    ],
)
def test_order_that_says_little_and_nothing_wrong_is_the_same(subject, more):
    same_order(subject, replace(LEAST, **more), TRUE_ORDER, "here")


@pytest.mark.parametrize(
    "wrong",
    [
        {"order_id": OrderId("8")},
        {"pair": Pair("LINK_USDT")},
        {"side": Side.UNKNOWN},
        {"status": OrderStatus.UNKNOWN},
        {"status": OrderStatus.OPEN},
        {"filled": None},
        {"filled": Decimal(0)},
        {"client_order_id": ClientOrderId("t-abc")},
        {"type": OrderType.MARKET},
        {"time_in_force": TimeInForce.IOC},
        {"price": Decimal(11)},
        {"quantity": Decimal(2)},
        {"filled_quote": Decimal(1)},
        {"created_ns": NOW // 1_000_000},
    ],
    ids=str,
)
def test_order_that_says_something_wrong_or_leaves_out_what_decides_is_another(subject, wrong):
    with pytest.raises(CaseFailed, match="here: "):
        same_order(subject, replace(LEAST, **wrong), TRUE_ORDER, "here")


@pytest.mark.parametrize(
    ("status", "filled", "right"),
    [
        ("open", 0, OrderStatus.OPEN),
        ("open", 1, OrderStatus.PARTIALLY_FILLED),
        ("filled", 3, OrderStatus.FILLED),
        ("ended", 0, OrderStatus.CANCELED),
        ("ended", 1, OrderStatus.CANCELED),
    ],
)
def test_status_of_the_venue_has_one_name(subject, status, filled, right):
    true = replace(TRUE_ORDER, status=status, filled=Decimal(filled))
    for told in OrderStatus:
        order = replace(LEAST, status=told, filled=Decimal(filled))
        if told is right:
            same_order(subject, order, true, "here")
        else:
            with pytest.raises(CaseFailed):
                same_order(subject, order, true, "here")


def test_fill_without_a_fee_is_told_and_no_mistake(subject):
    same_fills(subject, [replace(FILL, fee=None, fee_asset=None, role=LiquidityRole.UNKNOWN)], [TRUE_FILL], "here")
    assert subject.told == ["here: 1 of 1 fills have no fee"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": Decimal(2)},
        {"price": Decimal(9)},
        {"side": Side.SELL},
        {"fee": Decimal(1)},
        {"fee_asset": Asset("USDT")},
        {"role": LiquidityRole.TAKER},
        {"client_order_id": ClientOrderId("t-abc")},
        {"exchange_ns": NOW // 1_000_000},
    ],
    ids=str,
)
def test_fill_that_says_something_wrong_is_another(subject, wrong):
    same_fills(subject, [FILL], [TRUE_FILL], "here")
    with pytest.raises(CaseFailed, match="here: "):
        same_fills(subject, [replace(FILL, **wrong)], [TRUE_FILL], "here")


def test_fills_of_one_order_bear_ids_of_their_own(subject):
    with pytest.raises(CaseFailed, match="two fills of one order under one trade_id"):
        same_fills(subject, [FILL, FILL], [TRUE_FILL, TRUE_FILL], "here")
    same_fills(subject, [FILL, replace(FILL, trade_id="6")], [TRUE_FILL, TRUE_FILL], "here")


def test_trade_with_oneself_is_two_fills_under_one_id(subject):
    other, true = replace(FILL, order_id=OrderId("8"), side=Side.SELL), replace(TRUE_FILL, order="8", side="sell")
    same_fills(subject, [other, FILL], [TRUE_FILL, true], "here")


def test_fill_that_is_missing_or_too_much_is_found(subject):
    for found in ([], [FILL, replace(FILL, trade_id="6")]):
        with pytest.raises(CaseFailed, match="the fills are not the account's"):
            same_fills(subject, found, [TRUE_FILL], "here")
