"""The comparison at the end of a demo: what agrees passes, and one digit on any side does not."""

from decimal import Decimal

import msgspec
import pytest
from arb_core.engine.ids import IntentId
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.trade import OrderPlan
from arb_core.structs.market import Asset, Pair, Side, Symbol, VenueName
from arb_core.structs.order import ClientOrderId, Fill, LiquidityRole, OrderId
from arb_sim.audit import audit
from arb_sim.inspection import AccountState, Balance, Line

BTC, USDT = Asset("BTC"), Asset("USDT")
MOVES = {BTC: Decimal("0.00999"), USDT: Decimal("-200.5")}
DIGIT = Decimal("1e-18")


def line(number: int, asset: str, amount: str, reason: str, *, order: str | None = None, locked: str = "0") -> Line:
    return Line(
        number=number,
        at_ns=0,
        asset=asset,
        free=Decimal(amount),
        locked=Decimal(locked),
        free_after=Decimal(0),
        locked_after=Decimal(0),
        reason=reason,
        order=order,
        trade=None,
    )


STATEMENT = [
    line(1, "BTC", "1", "opening"),
    line(2, "USDT", "1000", "opening"),
    line(3, "USDT", "-210", "order_placed", order="7", locked="210"),
    line(4, "USDT", "0", "trade", order="7", locked="-200.5"),
    line(5, "BTC", "0.01", "trade", order="7"),
    line(6, "BTC", "-0.00001", "fee", order="7"),
    line(7, "USDT", "9.5", "order_ended", order="7", locked="-9.5"),
]
BALANCES = {"BTC": Balance(Decimal("1.00999"), Decimal(0)), "USDT": Balance(Decimal("799.5"), Decimal(0))}


def account(**fields: object) -> AccountState:
    state = AccountState(
        exchange="mexc", account="1", at_ns=0, balances=BALANCES, orders=[], fills=[], statement=STATEMENT
    )
    return msgspec.structs.replace(state, **fields)


@pytest.fixture
def order() -> TrackedOrder:
    """The order of the statement, as our journal has it."""
    plan = OrderPlan(
        intent=IntentId(1),
        leg=0,
        attempt=0,
        client_order_id=ClientOrderId("a0000000000000001x"),
        venue=VenueName("mexc"),
        symbol=Symbol.parse("BTC/USDT"),
        side=Side.BUY,
        quantity=Decimal("0.01"),
        price=Decimal(21000),
        intended_ns=0,
    )
    fill = Fill(
        pair=Pair("BTCUSDT"),
        trade_id="1",
        order_id=OrderId("7"),
        side=Side.BUY,
        price=Decimal(20050),
        quantity=Decimal("0.01"),
        fee=Decimal("0.00001"),
        fee_asset=BTC,
        role=LiquidityRole.TAKER,
        exchange_ns=0,
    )
    return TrackedOrder(plan=plan, order_id=OrderId("7"), filled_up=True, fills={"1": fill})


def test_books_that_say_the_same_agree(order):
    books = audit([account()], [order], [MOVES])
    assert books.differences == ()
    assert [(e.asset, e.opening, e.journal, e.venue_holds) for e in books.entries] == [
        ("BTC", 1, Decimal("0.00999"), Decimal("1.00999")),
        ("USDT", 1000, Decimal("-200.5"), Decimal("799.5")),
    ]
    assert [(s.asset, s.results, s.venues) for s in books.sums] == [(a, m, m) for a, m in MOVES.items()]


def test_last_digit_of_a_balance_is_told(order):
    balances = {**BALANCES, "USDT": Balance(Decimal("799.5"), DIGIT)}
    books = audit([account(balances=balances)], [order], [MOVES])
    assert [entry.difference for entry in books.entries] == [0, DIGIT]
    assert [words.split(":")[0] for words in books.differences] == ["mexc USDT", "USDT"]


def test_last_digit_of_a_result_is_told(order):
    books = audit([account()], [order], [{**MOVES, BTC: MOVES[BTC] + DIGIT}])
    assert [words.split(":")[0] for words in books.differences] == ["BTC"]


def test_fee_that_only_the_venue_knows_is_told_of_its_order(order):
    fills = {number: msgspec.structs.replace(fill, fee=Decimal(0)) for number, fill in order.fills.items()}
    books = audit([account()], [msgspec.structs.replace(order, fills=fills)], [MOVES])
    assert [words.split(":")[0] for words in books.differences] == ["mexc order 7", "mexc BTC"]


def test_mistakes_in_two_orders_that_cancel_out_are_told(order):
    statement = [*STATEMENT, line(8, "BTC", "1", "trade", order="8"), line(9, "BTC", "-1", "trade", order="9")]
    books = audit([account(statement=statement)], [order], [MOVES])
    assert [words.split(":")[0] for words in books.differences] == ["mexc order 8", "mexc order 9"]


def test_order_and_asset_that_the_venue_does_not_know_are_told(order):
    books = audit([account(balances={}, statement=[])], [order], [])
    assert [words.split(":")[0] for words in books.differences] == ["mexc order 7", "mexc BTC", "mexc USDT"]
