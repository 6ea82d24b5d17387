"""An account by request: what leaves, byte for byte, and what is made of the documentation's answers."""

import json
from decimal import Decimal
from typing import Any

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
from arb_kucoin import card, parse

MS = 1_000_000
SECOND = 1_000_000_000
NOW_MS = 1_700_000_000_123
KEPT_MS = card.HISTORY_KEPT_NS // MS
BTC = Symbol("BTC", "USDT")
OURS = ClientOrderId("a00000000000000001")
PAIR = "symbol=BTC-USDT"
HF = "/api/v1/hf/orders"


def answer_of(data: object) -> bytes:
    return msgspec.json.encode({"code": "200000", "data": data})


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


# What leaves


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (limit(), {"type": "limit", "side": "buy", "size": "0.001", "price": "65000", "timeInForce": "GTC"}),
        (limit(side=Side.SELL), {"type": "limit", "side": "sell", "size": "0.001", "price": "65000", "timeInForce": "GTC"}),
        (limit(time_in_force=TimeInForce.IOC), {"type": "limit", "side": "buy", "size": "0.001", "price": "65000", "timeInForce": "IOC"}),
        (limit(time_in_force=TimeInForce.FOK), {"type": "limit", "side": "buy", "size": "0.001", "price": "65000", "timeInForce": "FOK"}),
        (limit(time_in_force=TimeInForce.POST_ONLY), {"type": "limit", "side": "buy", "size": "0.001", "price": "65000", "postOnly": True}),
        (limit(price=Decimal("1E-8")), {"type": "limit", "side": "buy", "size": "0.001", "price": "0.00000001", "timeInForce": "GTC"}),
        (market(quote_quantity=Decimal("10.50")), {"type": "market", "side": "buy", "funds": "10.5"}),
        (market(quantity=Decimal(2)), {"type": "market", "side": "buy", "size": "2"}),
        (market(side=Side.SELL, quantity=Decimal(2), time_in_force=TimeInForce.IOC), {"type": "market", "side": "sell", "size": "2"}),
        (market(side=Side.SELL, quote_quantity=Decimal(7)), {"type": "market", "side": "sell", "funds": "7"}),
    ],
)  # fmt: skip
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, words):
    wire.answers = [(200, sample("rest_place_sync.json"))]
    ack = await private.place_order(order)
    ((method, path, query, body),) = left()
    assert (method, path, query) == ("POST", f"{HF}/sync", "")
    assert json.loads(body) == {"clientOid": OURS, "symbol": "BTC-USDT"} | words
    assert ack == OrderAck(order_id=OrderId("67111a7cb7cbdf000703e1f6"), status=OrderStatus.OPEN, filled=Decimal(0))


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
    ("call", "sample_name", "method", "path", "query"),
    [
        (lambda p: p.get_balances(), "rest_accounts", "GET", "/api/v1/accounts", "type=trade"),
        (lambda p: p.get_permissions(), "rest_accounts", "GET", "/api/v1/accounts", "type=trade"),
        (lambda p: p.get_trading_fees(BTC), "rest_trade_fees", "GET", "/api/v1/trade-fees", "symbols=BTC-USDT"),
        (lambda p: p.cancel_order(BTC, order_id="7"), "rest_cancel_order", "DELETE", f"{HF}/7", PAIR),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel_client_order", "DELETE", f"{HF}/client-order/{OURS}", PAIR),
        (lambda p: p.cancel_all_orders(BTC), "rest_cancel_all", "DELETE", HF, PAIR),
        (lambda p: p.get_order(BTC, order_id="7"), "rest_get_order", "GET", f"{HF}/7", PAIR),
        (lambda p: p.get_order(BTC, client_order_id=OURS), "rest_get_client_order", "GET", f"{HF}/client-order/{OURS}", PAIR),
        (lambda p: p.get_open_orders(BTC), "rest_active", "GET", f"{HF}/active", PAIR),
        (lambda p: p.get_fills(BTC, (NOW_MS - 5000) * MS), "rest_fills", "GET", "/api/v1/hf/fills", f"{PAIR}&startAt={NOW_MS - 5000}&limit=100"),
        (lambda p: p.get_fills(BTC, 0), "rest_fills", "GET", "/api/v1/hf/fills", f"{PAIR}&startAt={NOW_MS - KEPT_MS}&limit=100"),
        (lambda p: p.get_fills(BTC, 0, order_id="7"), "rest_fills", "GET", "/api/v1/hf/fills", f"{PAIR}&orderId=7&limit=100"),
    ],
    ids=[
        "balances", "permissions", "fees", "cancel", "cancel by our id", "cancel all", "order", "order by our id", "open",
        "fills", "all fills", "fills of an order",
    ],
)  # fmt: skip
async def test_request(private, *, wire, left, sample, call, sample_name, method, path, query):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    assert left() == [(method, path, query, b"")]


async def test_open_orders_of_the_account_are_asked_for_pair_by_pair(private, wire, left, sample):
    wire.answers = [
        (200, sample("rest_active_symbols.json")),
        (200, sample("rest_active_none.json")),
        (200, sample("rest_active.json")),
    ]
    assert [order.order_id for order in await private.get_open_orders()] == ["67120bbef094e200070976f6"]
    assert [(path, query) for _, path, query, _ in left()] == [
        (f"{HF}/active/symbols", ""),
        (f"{HF}/active", "symbol=ETH-USDT"),
        (f"{HF}/active", PAIR),
    ]


def test_no_open_orders_may_be_null():
    assert parse.open_orders(answer_of(None)) == []


async def test_history_is_of_open_and_of_ended_orders_page_by_page(private, wire, left, sample):
    (row,) = msgspec.json.decode(sample("rest_done.json"))["data"]["items"]
    going = row | {"id": "1", "active": True, "dealSize": "0", "createdAt": 1}
    ended = [row | {"id": f"e{n}", "createdAt": 1_729_577_515_444 - n} for n in range(101)]
    # order 1 ends between the two questions
    pages = [
        {"lastId": 77, "items": ended[:100]},
        {"lastId": 88, "items": [ended[100], row | {"id": "1", "createdAt": 1}]},
    ]
    wire.answers = [(200, answer_of(page)) for page in ([going], *pages)]
    orders = await private.get_order_history(BTC, (NOW_MS - 60) * MS)
    assert [order.order_id for order in orders] == ["1", *reversed([row["id"] for row in ended])]
    assert orders[0].status is OrderStatus.FILLED
    assert [(path, query) for _, path, query, _ in left()] == [
        (f"{HF}/active", PAIR),
        (f"{HF}/done", f"{PAIR}&startAt={NOW_MS - 60}&limit=100"),
        (f"{HF}/done", f"{PAIR}&startAt={NOW_MS - 60}&limit=100&lastId=77"),
    ]


async def test_fills_of_one_moment_come_in_the_order_in_which_they_were_made(private, wire, sample):
    (row,) = msgspec.json.decode(sample("rest_fills.json"))["data"]["items"]
    newest_first = [row | {"tradeId": n} for n in (13, 12, 11)]
    earlier = row | {"tradeId": 10, "createdAt": 1}
    wire.answers = [(200, answer_of({"items": [*newest_first, earlier], "lastId": 1}))]
    fills = await private.get_fills(BTC, 0)
    assert [fill.trade_id for fill in fills] == ["10", "11", "12", "13"]


async def test_both_executions_of_a_trade_with_oneself_are_kept(private, wire, sample):
    (row,) = msgspec.json.decode(sample("rest_fills.json"))["data"]["items"]
    wire.answers = [(200, answer_of({"items": [row | {"orderId": "b"}, row | {"orderId": "a"}], "lastId": 1}))]
    assert [fill.order_id for fill in await private.get_fills(BTC, 0)] == ["a", "b"]


@pytest.mark.parametrize("ids", [{}, {"order_id": OrderId("7"), "client_order_id": OURS}])
async def test_order_is_named_by_exactly_one_id(private, wire, ids):
    with pytest.raises(ValueError, match="exactly one"):
        await private.get_order(BTC, **ids)
    with pytest.raises(ValueError, match="exactly one"):
        await private.cancel_order(BTC, **ids)
    assert wire.sent == []


async def test_symbol_that_is_not_listed_is_refused_before_it_is_sent(account_context, private, wire, sample):
    account_context.markets.fill(parse.instruments(sample("rest_symbols.json")))
    with pytest.raises(errors.InvalidSymbol, match="NOSUCH/USDT"):
        await private.place_order(limit(symbol=Symbol("NOSUCH", "USDT")))
    assert wire.sent == []


# What comes back


async def test_balances_are_those_of_the_trading_account(private, wire, sample):
    wire.answers = [(200, sample("rest_accounts.json"))]
    assert await private.get_balances() == {
        "USDT": Balance(asset=Asset("USDT"), free=Decimal("26.66759503"), locked=Decimal(0)),
    }


def test_rights_of_the_key_are_not_told(sample):
    assert parse.permissions(sample("rest_accounts.json")) == KeyPermissions(read=True)


def test_trading_fees_are_those_of_the_pair(sample):
    fees = parse.trading_fees(sample("rest_trade_fees.json"), Pair("BTC-USDT"))
    assert fees == TradingFees(maker=Decimal("0.001"), taker=Decimal("0.001"))
    with pytest.raises(ValueError, match="no fees of KCS-USDT"):
        parse.trading_fees(sample("rest_trade_fees.json"), Pair("KCS-USDT"))


@pytest.mark.parametrize("rate", ["1", "-1", "NaN", "Infinity", "", None, "x", 0.1])
def test_fee_that_is_none_is_refused(rate):
    with pytest.raises((ValueError, msgspec.ValidationError)):
        parse.trading_fees(answer_of([{"symbol": "A-B", "makerFeeRate": "0", "takerFeeRate": rate}]), Pair("A-B"))


def test_order_of_the_documentation(sample):
    order = parse.order(sample("rest_get_order.json"))
    assert order == Order(
        pair=Pair("BTC-USDT"),
        order_id=OrderId("6717422bd51c29000775ea03"),
        client_order_id=ClientOrderId("5c52e11203aa677f33e493fb"),
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        status=OrderStatus.FILLED,
        price=Decimal(70000),
        quantity=Decimal("0.00001"),
        filled=Decimal("0.00001"),
        filled_quote=Decimal("0.677176"),
        created_ns=1_729_577_515_444 * MS,
        updated_ns=1_729_577_515_481 * MS,
    )
    assert parse.orders(sample("rest_done.json")) == ([order], 19814995255305)


@pytest.mark.parametrize(
    ("fields", "status", "filled"),
    [
        ({"status": "open", "originSize": "2", "dealSize": "0"}, OrderStatus.OPEN, 0),
        ({"status": "open", "originSize": "2", "dealSize": "1"}, OrderStatus.PARTIALLY_FILLED, 1),
        ({"status": "done", "originSize": "2", "dealSize": "2", "canceledSize": "0"}, OrderStatus.FILLED, 2),
        ({"status": "done", "originSize": "2", "dealSize": "1", "canceledSize": "1"}, OrderStatus.CANCELED, 1),
        # counts quote
        ({"status": "done", "originSize": "0", "dealSize": "1", "canceledSize": "0"}, OrderStatus.UNKNOWN, 1),
        ({"status": "done"}, OrderStatus.UNKNOWN, None),
        ({"status": "new"}, OrderStatus.UNKNOWN, None),
        ({}, OrderStatus.UNKNOWN, None),
    ],
)
def test_acknowledgement_says_as_much_as_it_says(fields, status, filled):
    ack = parse.order_ack(answer_of({"orderId": "7"} | fields))
    assert ack == OrderAck(order_id=OrderId("7"), status=status, filled=filled)


def queried(**fields: Any) -> Order:
    row = {"id": "1", "symbol": "BTC-USDT", "type": "limit", "side": "sell", "active": False, "cancelExist": False}
    return parse.order(answer_of(row | fields))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"active": True, "size": "2", "dealSize": "0"}, OrderStatus.OPEN),
        ({"active": True, "size": "2", "dealSize": "0.5"}, OrderStatus.PARTIALLY_FILLED),
        ({"size": "2", "dealSize": "2"}, OrderStatus.FILLED),
        ({"size": "2", "dealSize": "0", "cancelExist": True}, OrderStatus.CANCELED),
        ({"size": "2", "dealSize": "1.5", "cancelExist": True}, OrderStatus.CANCELED),
        ({"size": "2", "dealSize": "2.0", "cancelExist": True}, OrderStatus.FILLED),
        # counts quote
        ({"type": "market", "size": "0", "funds": "10", "dealSize": "1"}, OrderStatus.FILLED),
        ({"type": "market", "size": "0", "funds": "10", "dealSize": "1", "cancelExist": True}, OrderStatus.CANCELED),
    ],
)
def test_status_is_told_by_two_flags(fields, status):
    assert queried(**fields).status is status


@pytest.mark.parametrize("flag", ["active", "cancelExist"])
def test_order_without_its_flags_is_refused(flag):
    with pytest.raises(msgspec.ValidationError):
        queried(**{flag: None})


@pytest.mark.parametrize(
    ("fields", "time_in_force"),
    [
        ({"timeInForce": "IOC"}, TimeInForce.IOC),
        ({"timeInForce": "GTC", "postOnly": True}, TimeInForce.POST_ONLY),
        ({"timeInForce": "GTT"}, TimeInForce.UNKNOWN),
        ({"type": "market", "timeInForce": "GTC"}, TimeInForce.IOC),
        ({}, TimeInForce.UNKNOWN),
    ],
)
def test_time_in_force(fields, time_in_force):
    assert queried(**fields).time_in_force is time_in_force


def test_what_an_order_does_not_say_is_none_and_not_zero():
    order = queried(type="market", side="buy", size="0", price="0", clientOid="", dealFunds="")
    assert (order.price, order.quantity, order.filled, order.filled_quote, order.client_order_id) == (None,) * 5
    assert (order.created_ns, order.updated_ns) == (None, None)
    assert (queried(type="stop").type, queried(side="?").side) == (OrderType.UNKNOWN, Side.UNKNOWN)


def test_fill_of_the_documentation(sample):
    assert parse.fills(sample("rest_fills.json")) == (
        [
            Fill(
                pair=Pair("BTC-USDT"),
                trade_id="11029373945659392",
                order_id=OrderId("6717422bd51c29000775ea03"),
                side=Side.BUY,
                price=Decimal("67717.6"),
                quantity=Decimal("0.00001"),
                fee=Decimal("0.000677176"),
                fee_asset=Asset("USDT"),
                role=LiquidityRole.TAKER,
                exchange_ns=1_729_577_515_473 * MS,
            )
        ],
        19814995255305,
    )


def test_fee_without_its_currency_is_of_no_asset_and_none_is_none():
    row = {"tradeId": 1, "orderId": "1", "symbol": "A-B", "side": "buy", "price": "1", "size": "1", "createdAt": 1}
    (told,), _ = parse.fills(answer_of({"items": [row | {"fee": "0.1"}], "lastId": None}))
    assert (told.fee, told.fee_asset) == (Decimal("0.1"), None)
    (silent,), _ = parse.fills(answer_of({"items": [row | {"fee": "", "feeCurrency": "B"}], "lastId": None}))
    assert (silent.fee, silent.fee_asset) == (None, None)


# What goes wrong


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"code":"200004","msg":"Balance insufficient!"}', errors.InsufficientBalance),
        (200, b'{"code":"600100","msg":"Order size increment invalid."}', errors.InvalidOrder),
        (200, b'{"code":"200009","msg":"no"}', errors.TradingDisabled),
        (200, b'{"code":"400100","msg":"validation.createOrder.clientOidDuplicated"}', errors.DuplicateOrder),
        (401, b'{"code":"400005","msg":"Invalid KC-API-SIGN"}', errors.AuthenticationFailed),
        (429, b'{"code":"429000","msg":"Too many requests"}', errors.RateLimitError),
        (500, b'{"code":"500000","msg":"no"}', errors.OutcomeUnknown),
        (200, b'{"code":"500000","msg":"no"}', errors.OutcomeUnknown),
        (502, b"bad gateway", errors.OutcomeUnknown),
        (200, b'{"code":"200000","data":{"clientOid":"a"}}', errors.OutcomeUnknown),
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


async def test_question_without_answer_is_asked_again(private, wire, sample):
    wire.answers = [(503, b""), (200, sample("rest_get_order.json"))]
    assert (await private.get_order(BTC, order_id=OrderId("1"))).order_id == "6717422bd51c29000775ea03"
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":"100001","msg":"error.getOrder.orderNotExist"}',
        b'{"code":"100004","msg":"not cancellable"}',
        b'{"code":"400100","msg":"order_not_exist_or_not_allow_to_cancel"}',
        b'{"code":"400100","msg":"order_not_exist"}',
    ],
)
async def test_order_that_is_not_found(private, wire, body):
    wire.answers = [(200, body)]
    with pytest.raises(errors.OrderNotFound):
        await private.cancel_order(BTC, client_order_id=OURS)
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=OURS)


async def test_malformed_answer_is_not_shown(private, wire):
    wire.answers = [(200, answer_of([{"currency": "BTC", "type": "trade", "available": "1_000", "holds": "0"}]))]
    with pytest.raises(errors.WireError) as caught:
        await private.get_balances()
    assert "1_000" not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "-1", "1e999", "", " 1", "0x1"])
def test_malformed_money_is_refused(number):
    row = {"tradeId": 1, "orderId": "1", "symbol": "A-B", "side": "buy", "price": number, "size": "1", "createdAt": 1}
    with pytest.raises(msgspec.ValidationError):
        parse.fills(answer_of({"items": [row], "lastId": 1}))


async def test_no_error_shows_a_secret(private, wire):
    seen = [repr(private), repr(private._rest)]
    for status, body in ((401, b'{"code":"400005","msg":"bad"}'), (500, b"{}"), (200, b"x")):
        wire.answers = [(status, body)]
        with pytest.raises(errors.ArbError) as caught:
            await private.place_order(limit())
        seen += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), str(wire.sent)]
    secrets = [request.headers[name] for request in wire.sent for name in ("KC-API-SIGN", "KC-API-PASSPHRASE")]
    assert not [text for text in seen if "marked-" in text or any(secret in text for secret in secrets)]


# The card


def test_capabilities_are_those_that_are_here():
    kinds = {
        Capability.IOC: TimeInForce.IOC, Capability.FOK: TimeInForce.FOK, Capability.POST_ONLY: TimeInForce.POST_ONLY,
    }  # fmt: skip
    for capability, time_in_force in kinds.items():
        assert ((OrderType.LIMIT, time_in_force) in card.ORDER_TYPES) is (capability in card.CARD.capabilities)
    assert not {Capability.MODIFY_ORDER, Capability.COUNTDOWN_CANCEL} & card.CARD.capabilities


async def test_what_the_plugin_has_not_says_so(private):
    with pytest.raises(errors.NotSupported):
        await private.get_asset_networks()  # they are public
    with pytest.raises(errors.NotSupported):
        await private.modify_order(BTC, OrderId("7"), price=Decimal(1))
    with pytest.raises(errors.NotSupported):
        await private.arm_countdown(SECOND)


def test_only_placing_must_not_be_repeated():
    signed = {name: value for name, value in vars(card).items() if isinstance(value, Endpoint) and value.signed}
    assert {name for name, endpoint in signed.items() if not endpoint.idempotent} == {"PLACE"}
    assert all(endpoint.cost for endpoint in signed.values())


def test_doubt_outlasts_the_receive_window():
    rule = card.CARD.client_ids
    assert rule.history_lag_ns > rule.receive_window_ns
    assert rule.max_length >= len(rule.prefix + OURS)
