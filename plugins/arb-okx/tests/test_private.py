"""An account by request: what leaves, byte for byte, and what is made of the documentation's answers."""

import json
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest
from arb_core import errors
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.card import Capability, Endpoint
from arb_core.structs.market import Asset, Pair, Side, Symbol
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    LiquidityRole,
    Order,
    OrderAck,
    OrderId,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from arb_core.testing import CREDENTIALS
from arb_okx import card, parse
from arb_okx.private import Private

MS = 1_000_000
SECOND = 1_000_000_000
NOW_MS = 1_700_000_000_123
BTC = Symbol("BTC", "USDT")
OURS = ClientOrderId("a00000000000000001")
SPOT = "instType=SPOT&instId=BTC-USDT"


def limit(**fields: Any) -> OrderRequest:
    """Return a limit order to buy, with some fields changed."""
    order = {
        "symbol": BTC,
        "side": Side.BUY,
        "client_order_id": OURS,
        "quantity": Decimal("0.0010"),
        "price": Decimal("6.5E+4"),
    }
    return OrderRequest(**(order | fields))


def market(**fields: Any) -> OrderRequest:
    """Return a market order to buy, with some fields changed."""
    return limit(**({"type": OrderType.MARKET, "quantity": None, "price": None} | fields))


def data(*rows: Any, code: str = "0") -> bytes:
    """Make an answer of some rows."""
    return msgspec.json.encode({"code": code, "msg": "", "data": rows})


def taken(**fields: Any) -> dict[str, Any]:
    """Make what an answer says of one order."""
    return {"clOrdId": "", "ordId": "1", "ts": "1", "sCode": "0", "sMsg": ""} | fields


# What leaves


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (limit(), {"side": "buy", "ordType": "limit", "sz": "0.001", "px": "65000"}),
        (limit(side=Side.SELL), {"side": "sell", "ordType": "limit", "sz": "0.001", "px": "65000"}),
        (limit(time_in_force=TimeInForce.IOC), {"side": "buy", "ordType": "ioc", "sz": "0.001", "px": "65000"}),
        (limit(time_in_force=TimeInForce.FOK), {"side": "buy", "ordType": "fok", "sz": "0.001", "px": "65000"}),
        (limit(time_in_force=TimeInForce.POST_ONLY), {"side": "buy", "ordType": "post_only", "sz": "0.001", "px": "65000"}),
        (limit(price=Decimal("1E-8")), {"side": "buy", "ordType": "limit", "sz": "0.001", "px": "0.00000001"}),
        (market(quote_quantity=Decimal("10.50")), {"side": "buy", "ordType": "market", "sz": "10.5", "tgtCcy": "quote_ccy", "banAmend": True}),
        (market(quantity=Decimal(2)), {"side": "buy", "ordType": "market", "sz": "2", "tgtCcy": "base_ccy", "banAmend": True}),
        (market(side=Side.SELL, quantity=Decimal(2)), {"side": "sell", "ordType": "market", "sz": "2", "tgtCcy": "base_ccy", "banAmend": True}),
        (market(side=Side.SELL, quote_quantity=Decimal(9)), {"side": "sell", "ordType": "market", "sz": "9", "tgtCcy": "quote_ccy", "banAmend": True}),
        (market(quantity=Decimal(2), time_in_force=TimeInForce.IOC), {"side": "buy", "ordType": "market", "sz": "2", "tgtCcy": "base_ccy", "banAmend": True}),
    ],
)  # fmt: skip
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, words):
    wire.answers = [(200, sample("rest_place.json"))]
    ack = await private.place_order(order)
    ((method, path, query, body),) = left()
    assert (method, path, query) == ("POST", "/api/v5/trade/order", "")
    assert json.loads(body) == {"instId": "BTC-USDT", "tdMode": "cash", "clOrdId": OURS} | words
    assert ack == OrderAck(order_id=OrderId("312269865356374016"))


async def test_trade_mode_is_that_of_the_settings(account_context, wire, sample):
    account_context.settings = card.Settings(trade_mode="cross")
    wire.answers = [(200, sample("rest_place.json"))]
    await Private(cast("Any", account_context), CREDENTIALS).place_order(limit())
    assert json.loads(wire.sent[0].body)["tdMode"] == "cross"


@pytest.mark.parametrize(
    "order",
    [
        limit(quantity=None, quote_quantity=Decimal(10)),
        limit(side=Side.UNKNOWN),
        limit(type=OrderType.UNKNOWN),
        limit(time_in_force=TimeInForce.UNKNOWN),
        market(quantity=Decimal(1), time_in_force=TimeInForce.POST_ONLY),
        market(quantity=Decimal(1), time_in_force=TimeInForce.FOK),
    ],
)
async def test_order_that_the_venue_has_no_words_for_is_not_sent(private, wire, order):
    with pytest.raises(errors.InvalidOrder, match="not sent"):
        await private.place_order(order)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("call", "sample_name", "method", "path", "query", "body"),
    [
        (lambda p: p.get_balances(), "rest_balance", "GET", "account/balance", "", None),
        (lambda p: p.get_permissions(), "rest_config", "GET", "account/config", "", None),
        (lambda p: p.get_trading_fees(BTC), "rest_trade_fee", "GET", "account/trade-fee", SPOT, None),
        (lambda p: p.cancel_order(BTC, order_id="7"), "rest_cancel", "POST", "trade/cancel-order", "", {"instId": "BTC-USDT", "ordId": "7"}),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel", "POST", "trade/cancel-order", "", {"instId": "BTC-USDT", "clOrdId": OURS}),
        (lambda p: p.modify_order(BTC, "7", price=Decimal("1.50")), "rest_amend", "POST", "trade/amend-order", "", {"instId": "BTC-USDT", "ordId": "7", "newPx": "1.5"}),
        (lambda p: p.modify_order(BTC, "7", quantity=Decimal(2)), "rest_amend", "POST", "trade/amend-order", "", {"instId": "BTC-USDT", "ordId": "7", "newSz": "2"}),
        (lambda p: p.get_order(BTC, order_id="7"), "rest_order", "GET", "trade/order", "instId=BTC-USDT&ordId=7", None),
        (lambda p: p.get_order(BTC, client_order_id=OURS), "rest_order", "GET", "trade/order", f"instId=BTC-USDT&clOrdId={OURS}", None),
        (lambda p: p.get_open_orders(), "rest_orders_pending", "GET", "trade/orders-pending", "instType=SPOT&limit=100", None),
        (lambda p: p.get_open_orders(BTC), "rest_orders_pending", "GET", "trade/orders-pending", f"{SPOT}&limit=100", None),
        (lambda p: p.get_fills(BTC, (NOW_MS - 5) * MS), "rest_fills", "GET", "trade/fills", f"{SPOT}&begin={NOW_MS - 5}&limit=100", None),
        (lambda p: p.get_fills(BTC, (NOW_MS - 5) * MS, order_id="7"), "rest_fills", "GET", "trade/fills", f"{SPOT}&begin={NOW_MS - 5}&ordId=7&limit=100", None),
        (lambda p: p.get_fills(BTC, 0), "rest_fills_history", "GET", "trade/fills-history", f"{SPOT}&begin={NOW_MS - card.FILLS_HISTORY_KEPT_NS // MS}&limit=100", None),
        (lambda p: p.arm_countdown(30 * SECOND), "rest_cancel_all_after", "POST", "trade/cancel-all-after", "", {"timeOut": "30"}),
        (lambda p: p.arm_countdown(10_000_000_001), "rest_cancel_all_after", "POST", "trade/cancel-all-after", "", {"timeOut": "11"}),
        (lambda p: p.arm_countdown(1), "rest_cancel_all_after", "POST", "trade/cancel-all-after", "", {"timeOut": "10"}),
        (lambda p: p.arm_countdown(999 * SECOND), "rest_cancel_all_after", "POST", "trade/cancel-all-after", "", {"timeOut": "120"}),
        (lambda p: p.arm_countdown(0), "rest_cancel_all_after", "POST", "trade/cancel-all-after", "", {"timeOut": "0"}),
    ],
    ids=[
        "balances", "permissions", "fees", "cancel", "cancel by our id", "new price", "new total", "order", "order by our id",
        "open", "open of a symbol", "fills", "fills of an order", "fills of long ago", "countdown", "countdown is rounded up",
        "shortest countdown", "longest countdown", "countdown ends",
    ],
)  # fmt: skip
async def test_request(private, *, wire, left, sample, call, sample_name, method, path, query, body):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    ((sent_method, sent_path, sent_query, sent_body),) = left()
    assert (sent_method, sent_path, sent_query) == (method, f"/api/v5/{path}", query)
    assert (json.loads(sent_body) if sent_body else None) == body


async def test_open_orders_are_listed_then_cancelled_twenty_at_a_time(private, wire, left, sample):
    (row,) = json.loads(sample("rest_orders_pending.json"))["data"]
    wire.answers = [(200, data(*(row | {"ordId": str(n)} for n in range(23)))), (200, data(taken()))]
    await private.cancel_all_orders(BTC)
    (_, _, query, _), *batches = left()
    assert query == f"{SPOT}&limit=100"
    assert [path for _, path, _, _ in batches] == ["/api/v5/trade/cancel-batch-orders"] * 2
    asked = [json.loads(body) for _, _, _, body in batches]
    assert [len(rows) for rows in asked] == [20, 3]
    assert asked[0][0] == {"instId": "BTC-USDT", "ordId": "0"}


async def test_history_is_of_open_and_of_ended_orders_page_by_page(private, wire, left, sample):
    (row,) = json.loads(sample("rest_orders_history.json"))["data"]
    going = row | {"ordId": "1", "state": "live", "cTime": "9"}
    ended = [row | {"ordId": f"e{n}", "cTime": str(500 - n)} for n in range(101)]
    # order 1 ends between the two questions
    pages = [[going], ended[:100], [ended[100], row | {"ordId": "1", "cTime": "9"}]]
    wire.answers = [(200, data(*page)) for page in pages]
    orders = await private.get_order_history(BTC, (NOW_MS - 60) * MS)
    assert [order.order_id for order in orders] == ["1", *reversed([row["ordId"] for row in ended])]
    assert orders[0].status is OrderStatus.FILLED
    assert [(path, query) for _, path, query, _ in left()] == [
        ("/api/v5/trade/orders-pending", f"{SPOT}&limit=100"),
        ("/api/v5/trade/orders-history", f"{SPOT}&begin={NOW_MS - 60}&limit=100"),
        ("/api/v5/trade/orders-history", f"{SPOT}&begin={NOW_MS - 60}&after=e99&limit=100"),
    ]


async def test_history_reaches_as_far_back_as_it_is_kept(private, wire, left, sample):
    wire.answers = [(200, data())]
    await private.get_order_history(BTC, 0)
    assert left()[1][2] == f"{SPOT}&begin={NOW_MS - card.HISTORY_KEPT_NS // MS}&limit=100"


async def test_a_page_that_brings_nothing_new_is_the_last(private, wire, sample):
    (row,) = json.loads(sample("rest_orders_pending.json"))["data"]
    wire.answers = [(200, data(*(row | {"ordId": str(n)} for n in range(100))))]
    assert len(await private.get_open_orders()) == 100
    assert len(wire.sent) == 2


async def test_older_fills_are_asked_for_by_the_bill(private, wire, left, sample):
    (row,) = json.loads(sample("rest_fills.json"))["data"]
    rows = [row | {"billId": str(1000 - n), "tradeId": str(1000 - n)} for n in range(102)]
    # a trade with oneself: two executions under one id
    rows[101] |= {"tradeId": "900", "ordId": "other"}
    wire.answers = [(200, data(*rows[:100])), (200, data(*rows[100:]))]
    fills = await private.get_fills(BTC, 0)
    assert [fill.trade_id for fill in fills] == [row["tradeId"] for row in reversed(rows)]
    assert [query.rpartition("&limit")[0].rpartition("&")[2] for _, _, query, _ in left()][1] == "after=901"


@pytest.mark.parametrize("ids", [{}, {"order_id": OrderId("7"), "client_order_id": OURS}])
async def test_order_is_named_by_exactly_one_id(private, wire, ids):
    with pytest.raises(ValueError, match="exactly one"):
        await private.get_order(BTC, **ids)
    with pytest.raises(ValueError, match="exactly one"):
        await private.cancel_order(BTC, **ids)
    assert wire.sent == []


async def test_symbol_that_is_not_listed_is_refused_before_it_is_sent(account_context, private, wire, sample):
    account_context.markets.fill(parse.instruments(sample("rest_instruments.json")))
    with pytest.raises(errors.InvalidSymbol, match="NOSUCH/USDT"):
        await private.place_order(limit(symbol=Symbol("NOSUCH", "USDT")))
    assert wire.sent == []


# What comes back


async def test_balances(private, wire, sample):
    wire.answers = [(200, sample("rest_balance.json"))]
    assert await private.get_balances() == {
        "USDT": Balance(
            asset=Asset("USDT"),
            free=Decimal("4834.317093622894"),
            locked=Decimal("158.573"),
            exchange_ns=1_705_449_605_015 * MS,
        ),
    }


@pytest.mark.parametrize(
    ("perm", "rights"),
    [
        ("read_only,withdraw,trade", KeyPermissions(read=True, trade=True, withdraw=True)),
        ("read_only", KeyPermissions(read=True, trade=False, withdraw=False)),
        ("", KeyPermissions(read=False, trade=False, withdraw=False)),
    ],
)
def test_rights_of_the_key(perm, rights):
    assert parse.permissions(data({"perm": perm})) == rights


def test_trading_fees_are_exact_and_below_0_where_one_pays(sample):
    assert parse.trading_fees(sample("rest_trade_fee.json")) == TradingFees(
        maker=Decimal("0.0008"), taker=Decimal("0.001")
    )
    rebate = parse.trading_fees(data({"maker": "0.00005", "taker": "-0.0002"}))
    assert rebate == TradingFees(maker=Decimal("-0.00005"), taker=Decimal("0.0002"))


@pytest.mark.parametrize("rate", ["1", "-1", "NaN", "Infinity", "", None, "x", 0.1])
def test_fee_that_is_none_is_refused(rate):
    with pytest.raises((ValueError, msgspec.ValidationError)):
        parse.trading_fees(data({"maker": "0", "taker": rate}))


def test_order_of_the_documentation_counts_quote(sample):
    order = parse.order(sample("rest_order.json"))
    assert order == Order(
        pair=Pair("BTC-USDT"),
        order_id=OrderId("680800019749904384"),
        side=Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        status=OrderStatus.FILLED,
        filled=Decimal("0.00192834"),
        created_ns=1_708_587_373_361 * MS,
        updated_ns=1_708_587_373_362 * MS,
    )
    assert parse.orders(sample("rest_orders_history.json")) == [order]


def test_open_order_of_the_documentation(sample):
    (order,) = parse.orders(sample("rest_orders_pending.json"))
    assert (order.type, order.time_in_force, order.status) == (
        OrderType.LIMIT,
        TimeInForce.POST_ONLY,
        OrderStatus.OPEN,
    )
    assert (order.price, order.quantity, order.filled) == (Decimal("13013.5"), Decimal("0.001"), 0)


def queried(**fields: Any) -> Order:
    row = {"instId": "BTC-USDT", "ordId": "1", "ordType": "limit", "side": "sell", "state": "live", "accFillSz": "0"}
    return parse.order(data(row | fields))


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("live", OrderStatus.OPEN),
        ("partially_filled", OrderStatus.PARTIALLY_FILLED),
        ("filled", OrderStatus.FILLED),
        ("canceled", OrderStatus.CANCELED),
        ("mmp_canceled", OrderStatus.CANCELED),
        ("something", OrderStatus.UNKNOWN),
    ],
)
def test_state_is_the_status(state, status):
    assert queried(state=state).status is status


@pytest.mark.parametrize(
    ("fields", "quantity"),
    [
        ({"sz": "2"}, 2),
        ({"sz": "2", "tgtCcy": "quote_ccy"}, 2),  # ignored with limit orders
        ({"sz": "2", "ordType": "ioc"}, 2),
        ({"sz": "2", "ordType": "market", "tgtCcy": "base_ccy"}, 2),
        ({"sz": "2", "ordType": "market", "tgtCcy": "quote_ccy"}, None),
        ({"sz": "2", "ordType": "market", "tgtCcy": ""}, None),
        ({"sz": "2", "ordType": "optimal_limit_ioc"}, None),
        ({"sz": ""}, None),
        ({}, None),
    ],
)
def test_quantity_is_said_where_it_counts_base(fields, quantity):
    assert queried(**fields).quantity == quantity


def test_what_an_order_does_not_say_is_none_and_not_zero():
    order = queried(ordType="market", px="", accFillSz="", clOrdId="", cTime="", uTime="")
    assert (order.price, order.quantity, order.filled, order.client_order_id) == (None,) * 4
    assert (order.created_ns, order.updated_ns, order.reason) == (None,) * 3
    assert (queried(ordType="stop").type, queried(side="?").side) == (OrderType.UNKNOWN, Side.UNKNOWN)
    assert queried(clOrdId=OURS).client_order_id == OURS


def test_reason_is_why_it_was_cancelled():
    assert queried(cancelSource="14").reason == "cancelSource 14"
    assert queried(cancelSource="31", cancelSourceReason="post-only").reason == "post-only"
    assert queried(cancelSource="", cancelSourceReason="").reason is None


def test_fill_of_the_documentation(sample):
    wanted = Fill(
        pair=Pair("BTC-USDT"),
        trade_id="744876980",
        order_id=OrderId("680800019749904384"),
        side=Side.BUY,
        price=Decimal(51858),
        quantity=Decimal("0.00192834"),
        fee=Decimal("0.00000192834"),
        fee_asset=Asset("BTC"),
        role=LiquidityRole.TAKER,
        exchange_ns=1_708_587_373_361 * MS,
    )
    assert parse.fills(sample("rest_fills.json")) == [("680800019754098688", wanted)]
    assert parse.fills(sample("rest_fills_history.json")) == [("680800019754098688", wanted)]


FILL = {
    "instId": "BTC-USDT", "tradeId": "1", "ordId": "2", "billId": "3", "side": "sell", "fillPx": "4", "fillSz": "5", "ts": "6",
}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "fee"),
    [
        ({"fee": "-0.1", "feeCcy": "USDT"}, (Decimal("0.1"), "USDT")),
        ({"fee": "0.1", "feeCcy": "BTC"}, (Decimal("-0.1"), "BTC")),
        ({"fee": "0", "feeCcy": "BTC"}, (Decimal(0), "BTC")),
        ({"fee": "", "feeCcy": ""}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_fee_below_0_is_paid_and_above_it_is_a_rebate(fields, fee):
    ((_, fill),) = parse.fills(data(FILL | fields))
    assert (fill.fee, fill.fee_asset) == fee
    assert (fill.role, fill.exchange_ns) == (LiquidityRole.UNKNOWN, 6 * MS)


# What goes wrong


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, data(taken(ordId="", sCode="51008", sMsg="no money"), code="1"), errors.InsufficientBalance),
        (200, data(taken(ordId="", sCode="51121"), code="1"), errors.InvalidOrder),
        (200, data(taken(ordId="", sCode="51016"), code="1"), errors.DuplicateOrder),
        (200, data(taken(ordId="", sCode="51022"), code="1"), errors.TradingDisabled),
        (200, data(taken(ordId="", sCode="51008")), errors.InsufficientBalance),
        (200, data(taken(ordId="", sCode="50037"), code="1"), errors.InvalidOrder),
        (401, b'{"code":"50113","msg":"Invalid signature."}', errors.AuthenticationFailed),
        (429, b'{"code":"50011","msg":"Too Many Requests"}', errors.RateLimitError),
        (400, b'{"code":"50004","msg":"timeout, which says nothing"}', errors.OutcomeUnknown),
        (503, b'{"code":"50001","msg":"no"}', errors.OutcomeUnknown),
        (200, data(taken(ordId="", sCode="51149"), code="1"), errors.OutcomeUnknown),
        (502, b"bad gateway", errors.OutcomeUnknown),
        (200, data(taken(ordId="")), errors.OutcomeUnknown),
        (200, data(), errors.OutcomeUnknown),
        (200, data({"sCode": "0"}), errors.OutcomeUnknown),
        (200, b"<html>", errors.OutcomeUnknown),
        (400, b"<html>a proxy does not like it</html>", errors.OutcomeUnknown),
    ],
)
async def test_order_is_sent_once_whatever_the_answer(private, wire, status, body, kind):
    wire.answers = [(status, body)]
    with pytest.raises(kind) as caught:
        await private.place_order(limit())
    assert type(caught.value) is kind
    assert len(wire.sent) == 1
    if kind is errors.OutcomeUnknown:
        assert caught.value.client_order_id == OURS


async def test_order_whose_answer_is_lost_may_stand(private, wire):
    wire.lost = True
    with pytest.raises(errors.OutcomeUnknown, match="cut while waiting") as caught:
        await private.place_order(limit())
    assert (len(wire.sent), caught.value.client_order_id) == (1, OURS)


async def test_change_whose_answer_is_lost_may_have_happened(private, wire):
    wire.lost = True
    with pytest.raises(errors.OutcomeUnknown):
        await private.modify_order(BTC, OrderId("7"), price=Decimal(1))
    assert len(wire.sent) == 1


async def test_question_without_answer_is_asked_again(private, wire, sample):
    wire.answers = [(503, b""), (200, sample("rest_order.json"))]
    assert (await private.get_order(BTC, order_id=OrderId("1"))).order_id == "680800019749904384"
    assert len(wire.sent) == 2


@pytest.mark.parametrize("code", ["51400", "51401", "51402", "51410"])
@pytest.mark.parametrize("outer", ["0", "1"])
async def test_order_that_is_not_there_to_be_cancelled(private, wire, code, outer):
    wire.answers = [(200, data(taken(sCode=code), code=outer))]
    with pytest.raises(errors.OrderNotFound):
        await private.cancel_order(BTC, client_order_id=OURS)


async def test_order_that_is_not_found(private, wire):
    wire.answers = [(200, b'{"code":"51603","msg":"Order does not exist","data":[]}')]
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=OURS)


async def test_nothing_to_cancel_is_no_error(private, wire):
    wire.answers = [(200, data())]
    await private.cancel_all_orders(BTC)
    assert len(wire.sent) == 1


@pytest.mark.parametrize("outer", ["1", "2"])
async def test_order_that_was_not_cancelled_with_the_others_is_told(private, wire, sample, outer):
    pending = (200, sample("rest_orders_pending.json"))
    ended = taken(sCode="51400", sMsg="gone")
    wire.answers = [pending, (200, data(taken(), ended, code=outer))]
    await private.cancel_all_orders(BTC)
    wire.answers = [pending, (200, data(ended, code="1"))]
    await private.cancel_all_orders(BTC)
    wire.answers = [pending, (200, data(ended, taken(sCode="50011", sMsg="slow down"), code=outer))]
    with pytest.raises(errors.RateLimitError, match="slow down"):
        await private.cancel_all_orders(BTC)


async def test_malformed_answer_is_not_shown(private, wire):
    wire.answers = [(200, data({"details": [{"ccy": "BTC", "availBal": "1_000", "frozenBal": "0"}]}))]
    with pytest.raises(errors.WireError) as caught:
        await private.get_balances()
    assert "1_000" not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "-1", "1e999", "", " 1", "0x1"])
def test_malformed_money_is_refused(number):
    with pytest.raises(msgspec.ValidationError):
        parse.fills(data(FILL | {"fillPx": number}))


async def test_no_error_shows_a_secret(private, wire):
    seen = [repr(private), repr(private._rest)]
    for status, body in ((401, b'{"code":"50113","msg":"bad"}'), (500, b"{}"), (200, b"x")):
        wire.answers = [(status, body)]
        with pytest.raises(errors.ArbError) as caught:
            await private.place_order(limit())
        seen += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), str(wire.sent)]
    signatures = [request.headers["OK-ACCESS-SIGN"] for request in wire.sent]
    assert not [text for text in seen if "marked-" in text or any(sign in text for sign in signatures)]


# The card


def test_capabilities_are_those_that_are_here():
    kinds = {
        Capability.IOC: TimeInForce.IOC, Capability.FOK: TimeInForce.FOK, Capability.POST_ONLY: TimeInForce.POST_ONLY,
    }  # fmt: skip
    for capability, time_in_force in kinds.items():
        assert ((OrderType.LIMIT, time_in_force) in card.ORDER_TYPES) is (capability in card.CARD.capabilities)
    assert {Capability.MODIFY_ORDER, Capability.COUNTDOWN_CANCEL} <= card.CARD.capabilities


async def test_what_the_venue_has_not_says_so(private):
    with pytest.raises(errors.NotSupported):
        await private.get_asset_networks()


def test_only_placing_and_changing_must_not_be_repeated():
    signed = {name: value for name, value in vars(card).items() if isinstance(value, Endpoint) and value.signed}
    assert {name for name, endpoint in signed.items() if not endpoint.idempotent} == {"PLACE", "MODIFY"}
    assert all(endpoint.cost for endpoint in signed.values())


def test_doubt_outlasts_the_receive_window():
    assert card.CARD.client_ids.history_lag_ns > card.RECEIVE_WINDOW_MS * MS
    assert card.CARD.client_ids.max_length >= len(card.CARD.client_ids.prefix + OURS)
