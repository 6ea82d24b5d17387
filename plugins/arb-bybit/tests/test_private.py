"""An account by request: what leaves, byte for byte, and what is made of the documentation's answers."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from arb_bybit import card, parse
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

MS = 1_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
NOW_NS = 1_700_000_000_123_456_789
NOW_MS = NOW_NS // MS
WEEK_MS = card.LONGEST_SPAN_MS
BTC = Symbol("BTC", "USDT")
OURS = ClientOrderId("a00000000000000001")
OF_BTC = "category=spot&symbol=BTCUSDT"
ROW = {"orderId": "7", "symbol": "BTCUSDT", "orderStatus": "New", "createdTime": str(NOW_MS), "updatedTime": "1"}
FILL = {
    "symbol": "BTCUSDT", "orderId": "7", "side": "Buy", "execId": "1", "execPrice": "1", "execQty": "1",
    "execTime": str(NOW_MS),
}  # fmt: skip


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


def answered(result: object) -> bytes:
    """Wrap a result as Bybit does."""
    return msgspec.json.encode({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 1})


def refused(code: int, message: str = "no") -> bytes:
    """Refuse as Bybit does."""
    return msgspec.json.encode({"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1})


def page(*rows: dict[str, Any], cursor: str = "") -> tuple[int, bytes]:
    """Answer with a page of a list."""
    return 200, answered({"list": rows, "nextPageCursor": cursor, "category": "spot"})


# What leaves


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (limit(), {"orderType": "Limit", "side": "Buy", "qty": "0.001", "price": "65000", "timeInForce": "GTC"}),
        (limit(side=Side.SELL), {"orderType": "Limit", "side": "Sell", "qty": "0.001", "price": "65000", "timeInForce": "GTC"}),
        (limit(time_in_force=TimeInForce.IOC), {"orderType": "Limit", "side": "Buy", "qty": "0.001", "price": "65000", "timeInForce": "IOC"}),
        (limit(time_in_force=TimeInForce.FOK), {"orderType": "Limit", "side": "Buy", "qty": "0.001", "price": "65000", "timeInForce": "FOK"}),
        (limit(time_in_force=TimeInForce.POST_ONLY), {"orderType": "Limit", "side": "Buy", "qty": "0.001", "price": "65000", "timeInForce": "PostOnly"}),
        (limit(price=Decimal("1E-8")), {"orderType": "Limit", "side": "Buy", "qty": "0.001", "price": "0.00000001", "timeInForce": "GTC"}),
        (market(quote_quantity=Decimal("10.50")), {"orderType": "Market", "side": "Buy", "qty": "10.5", "marketUnit": "quoteCoin", "timeInForce": "IOC"}),
        (market(quantity=Decimal(2)), {"orderType": "Market", "side": "Buy", "qty": "2", "marketUnit": "baseCoin", "timeInForce": "IOC"}),
        (market(side=Side.SELL, quantity=Decimal(2)), {"orderType": "Market", "side": "Sell", "qty": "2", "marketUnit": "baseCoin", "timeInForce": "IOC"}),
        (market(side=Side.SELL, quote_quantity=Decimal(9), time_in_force=TimeInForce.IOC), {"orderType": "Market", "side": "Sell", "qty": "9", "marketUnit": "quoteCoin", "timeInForce": "IOC"}),
    ],
)  # fmt: skip
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, words):
    wire.answers = [(200, sample("rest_create_order.json"))]
    ack = await private.place_order(order)
    ((method, path, query, body),) = left()
    assert (method, path, query) == ("POST", "/v5/order/create", "")
    assert json.loads(body) == {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": OURS} | words
    assert ack == OrderAck(order_id=OrderId("1321003749386327552"))


@pytest.mark.parametrize(
    "order",
    [
        limit(quantity=None, quote_quantity=Decimal(10)),
        limit(side=Side.UNKNOWN),
        limit(type=OrderType.UNKNOWN),
        limit(time_in_force=TimeInForce.UNKNOWN),
        market(quantity=Decimal(1), time_in_force=TimeInForce.FOK),
        market(quote_quantity=Decimal(1), time_in_force=TimeInForce.POST_ONLY),
    ],
)
async def test_order_that_the_venue_has_no_words_for_is_not_sent(private, wire, order):
    with pytest.raises(errors.InvalidOrder, match="not sent"):
        await private.place_order(order)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("call", "sample_name", "path", "query"),
    [
        (lambda p: p.get_balances(), "rest_wallet_balance", "account/wallet-balance", "accountType=UNIFIED"),
        (lambda p: p.get_permissions(), "rest_query_api", "user/query-api", ""),
        (lambda p: p.get_trading_fees(BTC), "rest_fee_rate", "account/fee-rate", OF_BTC),
        (lambda p: p.get_asset_networks(), "rest_coin_info", "asset/coin/query-info", ""),
        (lambda p: p.get_order(BTC, order_id="7"), "rest_open_orders", "order/realtime", f"{OF_BTC}&orderId=7"),
        (lambda p: p.get_order(BTC, client_order_id=OURS), "rest_open_orders", "order/realtime", f"{OF_BTC}&orderLinkId={OURS}"),
    ],
    ids=["balances", "permissions", "fees", "networks", "order", "order by our id"],
)  # fmt: skip
async def test_question(private, *, wire, left, sample, call, sample_name, path, query):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    assert left() == [("GET", f"/v5/{path}", query, b"")]


@pytest.mark.parametrize(
    ("call", "sample_name", "path", "words"),
    [
        (lambda p: p.cancel_order(BTC, order_id="7"), "rest_cancel_order", "cancel", {"orderId": "7"}),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel_order", "cancel", {"orderLinkId": OURS}),
        (lambda p: p.cancel_all_orders(BTC), "rest_cancel_all", "cancel-all", {}),
        (lambda p: p.modify_order(BTC, "7", price=Decimal("1.50")), "rest_amend_order", "amend", {"orderId": "7", "price": "1.5"}),
        (lambda p: p.modify_order(BTC, "7", quantity=Decimal(2)), "rest_amend_order", "amend", {"orderId": "7", "qty": "2"}),
    ],
    ids=["cancel", "cancel by our id", "cancel all", "new price", "new total"],
)  # fmt: skip
async def test_request(private, *, wire, left, sample, call, sample_name, path, words):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    ((method, at, query, body),) = left()
    assert (method, at, query) == ("POST", f"/v5/order/{path}", "")
    assert json.loads(body) == {"category": "spot", "symbol": "BTCUSDT"} | words


async def test_open_orders_are_asked_for_page_by_page(private, wire, left):
    wire.answers = [page(ROW, cursor="a%3D1"), page(ROW | {"orderId": "8"})]
    assert [order.order_id for order in await private.get_open_orders()] == ["7", "8"]
    assert [query for _, _, query, _ in left()] == [
        "category=spot&openOnly=0&limit=50",
        "category=spot&openOnly=0&limit=50&cursor=a%3D1",  # it leaves as it came
    ]


async def test_pages_that_bring_nothing_new_are_the_last(private, wire):
    wire.answers = [page(ROW, cursor="a")]
    assert [order.order_id for order in await private.get_open_orders(BTC)] == ["7"]
    assert len(wire.sent) == 2


async def test_order_that_has_ended_is_found_in_the_history(private, wire, left):
    wire.answers = [page(), page(ROW | {"orderStatus": "Filled"})]
    assert (await private.get_order(BTC, client_order_id=OURS)).status is OrderStatus.FILLED
    assert [(path, query) for _, path, query, _ in left()] == [
        ("/v5/order/realtime", f"{OF_BTC}&orderLinkId={OURS}"),
        ("/v5/order/history", f"{OF_BTC}&orderLinkId={OURS}"),
    ]


async def test_history_is_of_open_and_of_ended_orders_a_week_at_a_time(private, wire, left):
    since_ns = NOW_NS - 10 * DAY
    created = [str((since_ns + n * DAY) // MS) for n in (0, 1, 9)]
    going = ROW | {"orderId": "1", "createdTime": created[1]}
    wire.answers = [
        page(going),
        page(going | {"orderStatus": "Filled", "updatedTime": "2"}),  # it ended between the two questions
        page(ROW | {"orderId": "0", "createdTime": "5"}, ROW | {"orderId": "2", "createdTime": created[0]}),
        page(ROW | {"orderId": "3", "createdTime": created[2]}),
    ]
    orders = await private.get_order_history(BTC, since_ns // MS * MS)
    assert [order.order_id for order in orders] == ["2", "1", "3"]
    assert orders[1].status is OrderStatus.FILLED
    start = since_ns // MS
    asked = [(path, dict(parse_qsl(query))) for _, path, query, _ in left()]
    assert [path for path, _ in asked] == ["/v5/order/realtime"] * 2 + ["/v5/order/history"] * 2
    assert [query.get("openOnly") for _, query in asked] == ["0", "1", None, None]
    assert [(query.get("startTime"), query.get("endTime")) for _, query in asked[2:]] == [
        (str(start), str(start + WEEK_MS - 1)),
        (str(start + WEEK_MS), str(start + 2 * WEEK_MS - 1)),
    ]


async def test_fills_reach_thirty_days_back_and_are_told_once(private, wire, left):
    wire.answers = [page(FILL)]
    assert [fill.trade_id for fill in await private.get_fills(BTC, 0)] == ["1"]
    starts = [int(dict(parse_qsl(query))["startTime"]) for _, _, query, _ in left()]
    assert starts == [NOW_MS - 30 * DAY // MS + n * WEEK_MS for n in range(5)]


async def test_fills_of_one_order_are_asked_for_without_times(private, wire, left):
    wire.answers = [page(FILL, FILL | {"execId": "0", "execTime": "5"})]
    fills = await private.get_fills(BTC, 6 * MS, order_id=OrderId("7"))
    assert [fill.trade_id for fill in fills] == ["1"]
    assert left() == [("GET", "/v5/execution/list", f"{OF_BTC}&limit=100&orderId=7", b"")]


async def test_fills_of_one_moment_come_in_the_order_in_which_they_were_made(private, wire):
    newest_first = [FILL | {"execId": str(n)} for n in (13, 12, 11)]
    wire.answers = [page(*newest_first, FILL | {"execId": "10", "execTime": str(NOW_MS - 1)})]
    fills = await private.get_fills(BTC, NOW_NS - 5 * SECOND)
    assert [fill.trade_id for fill in fills] == ["10", "11", "12", "13"]


async def test_both_sides_of_a_trade_with_oneself_are_kept(private, wire):
    wire.answers = [page(FILL, FILL | {"orderId": "8", "side": "Sell"})]
    assert len(await private.get_fills(BTC, NOW_NS - 5 * SECOND)) == 2


@pytest.mark.parametrize("ids", [{}, {"order_id": OrderId("7"), "client_order_id": OURS}])
async def test_order_is_named_by_exactly_one_id(private, wire, ids):
    with pytest.raises(ValueError, match="exactly one"):
        await private.get_order(BTC, **ids)
    with pytest.raises(ValueError, match="exactly one"):
        await private.cancel_order(BTC, **ids)
    assert wire.sent == []


async def test_symbol_that_is_not_listed_is_refused_before_it_is_sent(account_context, private, wire, sample):
    account_context.markets.fill(parse.instruments(sample("rest_instruments_info.json")))
    with pytest.raises(errors.InvalidSymbol, match="NOSUCH/USDT"):
        await private.place_order(limit(symbol=Symbol("NOSUCH", "USDT")))
    assert wire.sent == []


# What comes back


@pytest.mark.parametrize(
    ("fields", "free", "locked"),
    [
        ({"walletBalance": "100.5", "locked": "10"}, "90.5", "10"),
        ({"walletBalance": "0", "locked": "0"}, "0", "0"),
        ({"walletBalance": "100", "locked": ""}, "100", "0"),
        ({"walletBalance": "", "locked": ""}, "0", "0"),
        ({"walletBalance": "-5", "locked": "0"}, "0", "0"),
        ({"walletBalance": "100", "locked": "10", "availableToWithdraw": "1", "free": "2"}, "90", "10"),
    ],
)
def test_free_is_what_is_held_less_what_orders_hold(fields, free, locked):
    body = answered({"list": [{"accountType": "UNIFIED", "coin": [{"coin": "BTC"} | fields]}]})
    expected = Balance(asset=Asset("BTC"), free=Decimal(free), locked=Decimal(locked))
    assert parse.balances(body) == {"BTC": expected}


@pytest.mark.parametrize(
    ("read_only", "permissions", "trade", "withdraw"),
    [
        (0, {"Spot": ["SpotTrade"], "Wallet": ["AccountTransfer"]}, True, False),
        (0, {"Spot": [], "Wallet": ["AccountTransfer", "Withdraw"]}, False, True),
        (0, {}, None, None),
        (1, {"Spot": ["SpotTrade"], "Wallet": ["Withdraw"]}, False, False),
    ],
)
def test_rights_of_the_key(read_only, permissions, trade, withdraw):
    body = answered({"readOnly": read_only, "permissions": permissions})
    assert parse.permissions(body) == KeyPermissions(read=True, trade=trade, withdraw=withdraw)


def test_trading_fees_are_exact(sample):
    assert parse.trading_fees(sample("rest_fee_rate.json")) == TradingFees(
        maker=Decimal("0.0001"), taker=Decimal("0.0006")
    )


@pytest.mark.parametrize("rate", ['"1"', '"-1"', '"NaN"', '"Infinity"', '""', "null", '"x"', "0.1"])
def test_fee_that_is_none_is_refused(rate):
    with pytest.raises((ValueError, msgspec.ValidationError)):
        parse.trading_fees(b'{"result":{"list":[{"makerFeeRate":"0","takerFeeRate":%s}]}}' % rate.encode())


def test_order_of_the_documentation(sample):
    ((order,), cursor) = parse.orders(sample("rest_order_history.json"))
    assert cursor == "page_token%3D39380%26"
    assert order == Order(
        pair=Pair("BTCUSDT"),
        order_id=OrderId("14bad3a1-6454-43d8-bcf2-5345896cf74d"),
        client_order_id=ClientOrderId("YLxaWKMiHU"),
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.POST_ONLY,
        status=OrderStatus.CANCELED,
        price=Decimal("26864.40"),
        quantity=Decimal("0.003"),
        filled=Decimal(0),
        filled_quote=Decimal(0),
        created_ns=1_684_476_068_369 * MS,
        updated_ns=1_684_476_068_372 * MS,
        reason="EC_PostOnlyWillTakeLiquidity",
    )


def queried(**fields: Any) -> Order:
    row = {"orderId": "1", "symbol": "BTCUSDT", "orderStatus": "New"}
    (order,), _ = parse.orders(answered({"list": [row | fields]}))
    return order


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("New", OrderStatus.OPEN),
        ("PartiallyFilled", OrderStatus.PARTIALLY_FILLED),
        ("Untriggered", OrderStatus.OPEN),
        ("Triggered", OrderStatus.OPEN),
        ("Filled", OrderStatus.FILLED),
        ("Cancelled", OrderStatus.CANCELED),
        ("PartiallyFilledCanceled", OrderStatus.CANCELED),
        ("Deactivated", OrderStatus.CANCELED),
        ("Rejected", OrderStatus.REJECTED),
        ("something new", OrderStatus.UNKNOWN),
    ],
)
def test_status(word, status):
    assert queried(orderStatus=word).status is status


@pytest.mark.parametrize(
    ("fields", "quantity"),
    [
        ({"orderType": "Limit", "side": "Buy"}, 2),
        ({"orderType": "Market", "side": "Buy", "marketUnit": "baseCoin"}, 2),
        ({"orderType": "Market", "side": "Buy", "marketUnit": "quoteCoin"}, None),
        ({"orderType": "Market", "side": "Buy", "marketUnit": ""}, None),
        ({"orderType": "Market", "side": "Buy"}, None),
        ({"orderType": "Market", "side": "Sell"}, 2),
        ({"orderType": "Market", "side": "Sell", "marketUnit": "quoteCoin"}, None),
        ({"orderType": "Market", "marketUnit": ""}, None),
        ({"orderType": "something new", "side": "Buy"}, None),
    ],
)
def test_quantity_counts_base_or_is_not_told(fields, quantity):
    assert queried(qty="2", **fields).quantity == quantity


def test_what_an_order_does_not_say_is_none_and_not_zero():
    order = queried(orderType="Market", timeInForce="IOC", price="0", cumExecQty="", cumExecValue="", orderLinkId="")
    assert (order.price, order.quantity, order.filled, order.filled_quote, order.client_order_id) == (None,) * 5
    assert (order.type, order.time_in_force) == (OrderType.MARKET, TimeInForce.IOC)
    assert (queried(orderType="stop").type, queried(side="?").side) == (OrderType.UNKNOWN, Side.UNKNOWN)


def test_reason_is_why_it_ended_or_who_ended_it():
    assert queried(rejectReason="EC_NoError", cancelType="UNKNOWN").reason is None
    assert queried(rejectReason="EC_NoError", cancelType="CancelByUser").reason == "CancelByUser"
    assert queried(rejectReason="EC_BySelfMatch", cancelType="CancelBySmp").reason == "EC_BySelfMatch"
    assert queried().reason is None


def test_fill_of_the_documentation(sample):
    ((fill,), _) = parse.fills(sample("rest_executions.json"))
    assert fill == Fill(
        pair=Pair("ETHPERP"),
        trade_id="e0cbe81d-0f18-5866-9415-cf319b5dab3b",
        order_id=OrderId("8c065341-7b52-4ca9-ac2c-37e31ac55c94"),
        side=Side.BUY,
        price=Decimal("1190.15"),
        quantity=Decimal("0.1"),
        fee=Decimal("0.071409"),
        role=LiquidityRole.TAKER,
        exchange_ns=1_672_282_722_429 * MS,
    )


@pytest.mark.parametrize(
    ("fields", "fee"),
    [
        ({"execFee": "0.1", "feeCurrency": "BTC"}, (Decimal("0.1"), "BTC")),
        ({"execFee": "-0.1", "feeCurrency": "USDT"}, (Decimal("-0.1"), "USDT")),
        ({"execFee": "0.1", "feeCurrency": ""}, (Decimal("0.1"), None)),
        ({"execFee": "", "feeCurrency": "BTC"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_fee_is_counted_in_what_paid_it(fields, fee):
    ((fill,), _) = parse.fills(answered({"list": [FILL | fields]}))
    assert (fill.fee, fill.fee_asset) == fee


@pytest.mark.parametrize(
    ("fields", "role"),
    [({"isMaker": True}, LiquidityRole.MAKER), ({"isMaker": False}, LiquidityRole.TAKER), ({}, LiquidityRole.UNKNOWN)],
)
def test_role(fields, role):
    ((fill,), _) = parse.fills(answered({"list": [FILL | fields]}))
    assert fill.role is role


# What goes wrong


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, refused(170131), errors.InsufficientBalance),
        (200, refused(170134), errors.InvalidOrder),
        (200, refused(170151), errors.TradingDisabled),
        (200, refused(170141), errors.DuplicateOrder),
        (200, refused(10004), errors.AuthenticationFailed),
        (200, refused(10006), errors.RateLimitError),
        (403, b"access too frequent", errors.RateLimitError),
        (429, b"", errors.RateLimitError),
        (200, refused(10000), errors.OutcomeUnknown),
        (200, refused(10016), errors.OutcomeUnknown),
        (200, refused(170146), errors.OutcomeUnknown),
        (502, b"bad gateway", errors.OutcomeUnknown),
        (200, answered({}), errors.OutcomeUnknown),
        (200, b"<html>", errors.OutcomeUnknown),
        (403, b"<html>not from your country</html>", errors.OutcomeUnknown),
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


async def test_question_without_answer_is_asked_again(private, wire):
    wire.answers = [(503, b""), page(ROW)]
    assert (await private.get_order(BTC, order_id=OrderId("7"))).order_id == "7"
    assert len(wire.sent) == 2


@pytest.mark.parametrize("code", [170213, 170143, 110001, 170139, 170142, 170190, 110008, 110010])
async def test_order_that_is_not_there_to_be_cancelled(private, wire, code):
    wire.answers = [(200, refused(code))]
    with pytest.raises(errors.OrderNotFound):
        await private.cancel_order(BTC, client_order_id=OURS)


async def test_order_that_neither_list_has_is_not_found(private, wire):
    wire.answers = [page()]
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=OURS)
    assert len(wire.sent) == 2


async def test_nothing_to_cancel_is_no_error_and_a_failure_is_one(private, wire):
    wire.answers = [(200, answered({"list": [], "success": "1"}))]
    await private.cancel_all_orders(BTC)
    wire.answers = [(200, answered({"list": [], "success": "0"}))]
    with pytest.raises(errors.Rejected, match="not canceled"):
        await private.cancel_all_orders(BTC)


async def test_ban_holds_everything_back(private, wire):
    wire.answers = [(403, b"access too frequent")]
    with pytest.raises(errors.RateLimitError) as caught:
        await private.get_balances()
    assert (caught.value.banned, caught.value.retry_after_ns) == (True, 600 * SECOND)
    with pytest.raises(errors.RateLimitError) as held:
        await private.get_trading_fees(BTC)
    assert held.value.local
    assert len(wire.sent) == 1


async def test_malformed_answer_is_not_shown(private, wire):
    wire.answers = [(200, answered({"list": [{"coin": [{"coin": "BTC", "walletBalance": "1_000"}]}]}))]
    with pytest.raises(errors.WireError) as caught:
        await private.get_balances()
    assert "1_000" not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "-1", "1e999", "", " 1", "0x1"])
def test_malformed_money_is_refused(number):
    with pytest.raises(msgspec.ValidationError):
        parse.fills(answered({"list": [FILL | {"execPrice": number}]}))


async def test_no_error_shows_a_secret(private, wire):
    seen = [repr(private), repr(private._rest)]
    for status, body in ((200, refused(10004, "bad")), (500, b"{}"), (200, b"x")):
        wire.answers = [(status, body)]
        with pytest.raises(errors.ArbError) as caught:
            await private.place_order(limit())
        seen += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), str(wire.sent)]
    signatures = [request.headers["X-BAPI-SIGN"] for request in wire.sent]
    assert not [text for text in seen if "marked-" in text or any(sign in text for sign in signatures)]


# The card


def test_capabilities_are_those_that_are_here():
    kinds = {
        Capability.IOC: TimeInForce.IOC, Capability.FOK: TimeInForce.FOK, Capability.POST_ONLY: TimeInForce.POST_ONLY,
    }  # fmt: skip
    for capability, time_in_force in kinds.items():
        assert ((OrderType.LIMIT, time_in_force) in card.ORDER_TYPES) is (capability in card.CARD.capabilities)
    assert {Capability.MODIFY_ORDER, Capability.QUOTE_QUANTITY} <= card.CARD.capabilities


async def test_what_the_venue_has_not_says_so(private):
    with pytest.raises(errors.NotSupported):
        await private.arm_countdown(SECOND)


def test_only_placing_and_changing_must_not_be_repeated():
    signed = {name: value for name, value in vars(card).items() if isinstance(value, Endpoint) and value.signed}
    assert {name for name, endpoint in signed.items() if not endpoint.idempotent} == {"PLACE", "MODIFY"}
    assert all(endpoint.cost for endpoint in signed.values())


def test_doubt_outlasts_the_receive_window():
    assert card.CARD.client_ids.history_lag_ns > card.RECEIVE_WINDOW_MS * MS
    assert card.CARD.client_ids.max_length >= len(OURS)
