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
from arb_gateio import card, parse

MS = 1_000_000
SECOND = 1_000_000_000
NOW_S = 1_700_000_000
MONTH_S = card.HISTORY_KEPT_NS // SECOND
BTC = Symbol("BTC", "USDT")
OURS = ClientOrderId("a00000000000000001")
PAIR = "currency_pair=BTC_USDT"


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
        (limit(), {"type": "limit", "side": "buy", "amount": "0.001", "price": "65000", "time_in_force": "gtc"}),
        (limit(side=Side.SELL), {"type": "limit", "side": "sell", "amount": "0.001", "price": "65000", "time_in_force": "gtc"}),
        (limit(time_in_force=TimeInForce.IOC), {"type": "limit", "side": "buy", "amount": "0.001", "price": "65000", "time_in_force": "ioc"}),
        (limit(time_in_force=TimeInForce.FOK), {"type": "limit", "side": "buy", "amount": "0.001", "price": "65000", "time_in_force": "fok"}),
        (limit(time_in_force=TimeInForce.POST_ONLY), {"type": "limit", "side": "buy", "amount": "0.001", "price": "65000", "time_in_force": "poc"}),
        (limit(price=Decimal("1E-8")), {"type": "limit", "side": "buy", "amount": "0.001", "price": "0.00000001", "time_in_force": "gtc"}),
        (market(quote_quantity=Decimal("10.50")), {"type": "market", "side": "buy", "amount": "10.5", "time_in_force": "ioc"}),
        (market(side=Side.SELL, quantity=Decimal(2)), {"type": "market", "side": "sell", "amount": "2", "time_in_force": "ioc"}),
        (market(quote_quantity=Decimal(10), time_in_force=TimeInForce.FOK), {"type": "market", "side": "buy", "amount": "10", "time_in_force": "fok"}),
    ],
)  # fmt: skip
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, words):
    wire.answers = [(201, sample("rest_create_order_full.json"))]
    ack = await private.place_order(order)
    ((method, path, query, body),) = left()
    assert (method, path, query) == ("POST", "/api/v4/spot/orders", "")
    assert json.loads(body) == {"text": f"t-{OURS}", "currency_pair": "BTC_USDT"} | words
    assert ack == OrderAck(order_id=OrderId("1852454420"), status=OrderStatus.FILLED, filled=Decimal("0.001"))


@pytest.mark.parametrize(
    "order",
    [
        limit(quantity=None, quote_quantity=Decimal(10)),
        limit(side=Side.UNKNOWN),
        limit(type=OrderType.UNKNOWN),
        limit(time_in_force=TimeInForce.UNKNOWN),
        market(quantity=Decimal(1)),
        market(side=Side.SELL, quote_quantity=Decimal(1)),
        market(quote_quantity=Decimal(1), time_in_force=TimeInForce.POST_ONLY),
    ],
)
async def test_order_that_the_venue_has_no_words_for_is_not_sent(private, wire, order):
    with pytest.raises(errors.InvalidOrder, match="not sent"):
        await private.place_order(order)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("call", "sample_name", "method", "path", "query", "body"),
    [
        (lambda p: p.get_balances(), "rest_accounts", "GET", "spot/accounts", "", b""),
        (lambda p: p.get_permissions(), "rest_accounts", "GET", "spot/accounts", "", b""),
        (lambda p: p.get_trading_fees(BTC), "rest_wallet_fee", "GET", "wallet/fee", PAIR, b""),
        (lambda p: p.cancel_order(BTC, order_id="7"), "rest_cancel_order", "DELETE", "spot/orders/7", PAIR, b""),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel_order", "DELETE", f"spot/orders/t-{OURS}", PAIR, b""),
        (lambda p: p.cancel_all_orders(BTC), "rest_cancel_all_orders", "DELETE", "spot/orders", PAIR, b""),
        (lambda p: p.modify_order(BTC, "7", price=Decimal("1.50")), "rest_amend_order", "PATCH", "spot/orders/7", PAIR, b'{"price":"1.5"}'),
        (lambda p: p.modify_order(BTC, "7", quantity=Decimal(2)), "rest_amend_order", "PATCH", "spot/orders/7", PAIR, b'{"amount":"2"}'),
        (lambda p: p.get_order(BTC, order_id="7"), "rest_get_order", "GET", "spot/orders/7", PAIR, b""),
        (lambda p: p.get_order(BTC, client_order_id=OURS), "rest_get_order", "GET", f"spot/orders/t-{OURS}", PAIR, b""),
        (lambda p: p.get_open_orders(BTC), "rest_list_orders", "GET", "spot/orders", f"{PAIR}&status=open&page=1&limit=100", b""),
        (lambda p: p.get_fills(BTC, (NOW_S - 5) * SECOND), "rest_my_trades", "GET", "spot/my_trades", f"{PAIR}&from={NOW_S - 5}&page=1&limit=1000", b""),
        (lambda p: p.get_fills(BTC, 0, order_id="7"), "rest_my_trades", "GET", "spot/my_trades", f"{PAIR}&order_id=7&from={NOW_S - MONTH_S}&page=1&limit=1000", b""),
        (lambda p: p.arm_countdown(30 * SECOND), "rest_countdown_cancel_all", "POST", "spot/countdown_cancel_all", "", b'{"timeout":30}'),
        (lambda p: p.arm_countdown(5_000_000_001), "rest_countdown_cancel_all", "POST", "spot/countdown_cancel_all", "", b'{"timeout":6}'),
        (lambda p: p.arm_countdown(1), "rest_countdown_cancel_all", "POST", "spot/countdown_cancel_all", "", b'{"timeout":5}'),
        (lambda p: p.arm_countdown(0), "rest_countdown_cancel_all", "POST", "spot/countdown_cancel_all", "", b'{"timeout":0}'),
    ],
    ids=[
        "balances", "permissions", "fees", "cancel", "cancel by our id", "cancel all", "new price", "new total", "order",
        "order by our id", "open", "fills", "fills of an order", "countdown", "countdown is rounded up",
        "shortest countdown", "countdown ends",
    ],
)  # fmt: skip
async def test_request(private, *, wire, left, sample, call, sample_name, method, path, query, body):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    assert left() == [(method, f"/api/v4/{path}", query, body)]


async def test_open_orders_of_all_pairs_are_asked_for_until_nothing_is_new(private, wire, left, sample):
    wire.answers = [(200, sample("rest_open_orders.json"))]
    assert [order.order_id for order in await private.get_open_orders()] == ["12332324"]
    assert [query for _, _, query, _ in left()] == ["page=1&limit=100", "page=2&limit=100"]


async def test_history_is_of_open_and_of_ended_orders_page_by_page(private, wire, left, sample):
    (row,) = msgspec.json.decode(sample("rest_list_orders.json"))
    going = row | {"id": "1", "status": "open", "left": "0.001"}
    ended = [row | {"id": f"e{n}", "create_time_ms": 1_710_488_334_073 - n} for n in range(1001)]
    # order 1 ends between the two questions
    pages = [[going], ended[:1000], [ended[1000], row | {"id": "1", "create_time_ms": 1}]]
    wire.answers = [(200, msgspec.json.encode(page)) for page in pages]
    orders = await private.get_order_history(BTC, (NOW_S - 60) * SECOND)
    assert [order.order_id for order in orders] == ["1", *reversed([row["id"] for row in ended])]
    assert orders[0].status is OrderStatus.FILLED
    assert [(path, query) for _, path, query, _ in left()] == [
        ("/api/v4/spot/orders", f"{PAIR}&status=open&page=1&limit=100"),
        ("/api/v4/spot/orders", f"{PAIR}&status=finished&from={NOW_S - 60}&page=1&limit=1000"),
        ("/api/v4/spot/orders", f"{PAIR}&status=finished&from={NOW_S - 60}&page=2&limit=1000"),
    ]


async def test_fills_of_one_moment_come_in_the_order_in_which_they_were_made(private, wire, sample):
    (row,) = msgspec.json.decode(sample("rest_my_trades.json"))
    newest_first = [row | {"id": str(n), "create_time_ms": "1548000000123.456"} for n in (13, 12, 11)]
    earlier = row | {"id": "10", "create_time_ms": "1547999999000.000"}
    wire.answers = [(200, msgspec.json.encode([*newest_first, earlier]))]
    fills = await private.get_fills(BTC, 0)
    assert [fill.trade_id for fill in fills] == ["10", "11", "12", "13"]


@pytest.mark.parametrize("ids", [{}, {"order_id": OrderId("7"), "client_order_id": OURS}])
async def test_order_is_named_by_exactly_one_id(private, wire, ids):
    with pytest.raises(ValueError, match="exactly one"):
        await private.get_order(BTC, **ids)
    with pytest.raises(ValueError, match="exactly one"):
        await private.cancel_order(BTC, **ids)
    assert wire.sent == []


async def test_symbol_that_is_not_listed_is_refused_before_it_is_sent(account_context, private, wire, sample):
    account_context.markets.fill(parse.instruments(sample("rest_currency_pairs.json")))
    with pytest.raises(errors.InvalidSymbol, match="NOSUCH/USDT"):
        await private.place_order(limit(symbol=Symbol("NOSUCH", "USDT")))
    assert wire.sent == []


# What comes back


async def test_balances(private, wire, sample):
    wire.answers = [(200, sample("rest_accounts.json"))]
    assert await private.get_balances() == {
        "ETH": Balance(asset=Asset("ETH"), free=Decimal("968.8"), locked=Decimal(0)),
    }


def test_rights_of_the_key_are_not_told(sample):
    assert parse.permissions(sample("rest_accounts.json")) == KeyPermissions(read=True)


def test_trading_fees_are_exact(sample):
    plain = sample("rest_wallet_fee.json")
    assert parse.trading_fees(plain) == TradingFees(maker=Decimal("0.002"), taker=Decimal("0.002"))
    paid_in_gt = msgspec.json.decode(plain) | {"gt_discount": True, "gt_maker_fee": "0.0015", "gt_taker_fee": "0.0016"}
    fees = parse.trading_fees(msgspec.json.encode(paid_in_gt))
    assert fees == TradingFees(maker=Decimal("0.0015"), taker=Decimal("0.0016"))


@pytest.mark.parametrize("rate", ['"1"', '"-1"', '"NaN"', '"Infinity"', '""', "null", '"x"', "0.1"])
def test_fee_that_is_none_is_refused(rate):
    with pytest.raises((ValueError, msgspec.ValidationError)):
        parse.trading_fees(b'{"maker_fee":"0","taker_fee":%s}' % rate.encode())


def test_order_of_the_documentation(sample):
    order = parse.order(sample("rest_get_order.json"))
    assert order == Order(
        pair=Pair("BTC_USDT"),
        order_id=OrderId("1852454420"),
        client_order_id=ClientOrderId("abc123"),
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        status=OrderStatus.FILLED,
        price=Decimal(65000),
        quantity=Decimal("0.001"),
        filled=Decimal("0.001"),
        filled_quote=Decimal("63.4693"),
        created_ns=1_710_488_334_073 * MS,
        updated_ns=1_710_488_334_074 * MS,
    )
    assert parse.orders(sample("rest_list_orders.json")) == [order]


def test_open_order_of_the_documentation_has_seconds_only_and_no_filled_amount(sample):
    (order,) = parse.open_orders(sample("rest_open_orders.json"))
    assert (order.pair, order.status, order.quantity, order.filled) == (
        "ETH_BTC",
        OrderStatus.PARTIALLY_FILLED,
        1,
        Decimal("0.5"),
    )
    assert (order.created_ns, order.updated_ns) == (1_548_000_000 * SECOND, 1_548_000_100 * SECOND)


def test_acknowledgement_says_as_much_as_it_says(sample):
    bare = parse.order_ack(sample("rest_create_order_ack.json"))
    assert bare == OrderAck(order_id=OrderId("12332324"))
    stopped = parse.order_ack(sample("rest_create_order_result.json"))
    assert stopped == OrderAck(order_id=OrderId("12332324"), status=OrderStatus.CANCELED, filled=Decimal("0.5"))


def queried(**fields: Any) -> Order:
    row = {"id": "1", "currency_pair": "BTC_USDT", "type": "limit", "side": "sell", "time_in_force": "gtc"}
    return parse.order(msgspec.json.encode(row | fields))


@pytest.mark.parametrize(
    ("fields", "status", "filled"),
    [
        ({"status": "open", "amount": "2", "left": "2"}, OrderStatus.OPEN, 0),
        ({"status": "open", "amount": "2", "left": "1.5"}, OrderStatus.PARTIALLY_FILLED, Decimal("0.5")),
        ({"status": "closed", "amount": "2", "left": "0"}, OrderStatus.FILLED, 2),
        ({"status": "closed", "amount": "2", "left": "0.1", "finish_as": "small"}, OrderStatus.CANCELED, Decimal("1.9")),
        ({"status": "cancelled", "amount": "2", "left": "2", "finish_as": "poc"}, OrderStatus.CANCELED, 0),
        ({"status": "cancelled", "amount": "2", "left": "1.5", "finish_as": "ioc"}, OrderStatus.CANCELED, Decimal("0.5")),
        ({"status": "closed"}, OrderStatus.FILLED, None),
        ({"status": "something", "amount": "2", "left": "2"}, OrderStatus.UNKNOWN, 0),
        ({}, OrderStatus.UNKNOWN, None),
        # the market is bought: amount and left count quote
        ({"status": "closed", "type": "market", "side": "buy", "amount": "100", "left": "0.001015", "finish_as": "filled", "filled_amount": "3"}, OrderStatus.FILLED, 3),
        ({"status": "cancelled", "type": "market", "side": "buy", "amount": "100", "left": "0.0001", "finish_as": "ioc", "filled_amount": "3"}, OrderStatus.CANCELED, 3),
        ({"status": "cancelled", "type": "market", "side": "buy", "amount": "100", "left": "0", "finish_as": "ioc", "filled_amount": "3"}, OrderStatus.FILLED, 3),
        ({"status": "cancelled", "type": "market", "side": "buy", "amount": "100", "left": "100"}, OrderStatus.CANCELED, None),
    ],
)  # fmt: skip
def test_status_is_told_by_what_is_left(fields, status, filled):
    order = queried(**fields)
    assert (order.status, order.filled) == (status, filled)


def test_what_an_order_does_not_say_is_none_and_not_zero():
    order = queried(
        type="market",
        side="buy",
        amount="100",
        left="100",
        price="0",
        time_in_force="ioc",
        text="apiv4",
        filled_total="",
    )
    assert (order.price, order.quantity, order.filled, order.filled_quote, order.client_order_id) == (None,) * 5
    assert (order.type, order.time_in_force) == (OrderType.MARKET, TimeInForce.IOC)
    assert (queried(type="stop").type, queried(side="?").side) == (OrderType.UNKNOWN, Side.UNKNOWN)


@pytest.mark.parametrize(
    ("text", "ours"), [("t-a1", "a1"), ("t-", None), ("apiv4", None), ("101", None), ("-", None), (None, None)]
)
def test_only_a_text_with_our_prefix_is_an_id_of_ours(text, ours):
    assert queried(text=text).client_order_id == ours


def test_reason_is_why_it_ended_before_it_was_full():
    assert [queried(finish_as=word).reason for word in ("open", "filled", "-", None, "stp")] == [None] * 4 + ["stp"]


def test_fill_of_the_documentation(sample):
    assert parse.fills(sample("rest_my_trades.json"), Pair("ETH_BTC")) == [
        Fill(
            pair=Pair("ETH_BTC"),
            trade_id="1232893232",
            order_id=OrderId("4128442423"),
            client_order_id=ClientOrderId("test"),
            side=Side.BUY,
            price=Decimal("0.03"),
            quantity=Decimal("0.15"),
            fee=Decimal("0.0005"),
            fee_asset=Asset("ETH"),
            role=LiquidityRole.MAKER,
            exchange_ns=1_548_000_000_123_456_000,
        )
    ]


@pytest.mark.parametrize(
    ("fields", "fee"),
    [
        ({"fee": "0.1", "fee_currency": "USDT"}, (Decimal("0.1"), "USDT")),
        ({"fee": "0.1", "side": "buy"}, (Decimal("0.1"), "BTC")),
        ({"fee": "0.1", "side": "sell"}, (Decimal("0.1"), "USDT")),
        ({"fee": "0.1", "side": "?"}, (Decimal("0.1"), None)),
        ({"fee": "-0.1", "side": "sell"}, (Decimal("-0.1"), "USDT")),
        ({"fee": "0", "gt_fee": "0.2", "fee_currency": "BTC"}, (Decimal("0.2"), "GT")),
        ({"fee": "0", "gt_fee": "0", "point_fee": "0.3"}, (Decimal("0.3"), "POINT")),
        ({}, (None, None)),
    ],
)
def test_fee_is_counted_in_what_paid_it(fields, fee):
    row = {
        "id": "1",
        "create_time_ms": "1",
        "order_id": "1",
        "side": "buy",
        "role": "taker",
        "amount": "1",
        "price": "1",
    }
    (fill,) = parse.fills(msgspec.json.encode([row | fields]), Pair("BTC_USDT"))
    assert (fill.fee, fill.fee_asset) == fee


# What goes wrong


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"label":"BALANCE_NOT_ENOUGH","message":"Not enough balance"}', errors.InsufficientBalance),
        (400, b'{"label":"INVALID_PRECISION","message":"price"}', errors.InvalidOrder),
        (400, b'{"label":"POC_FILL_IMMEDIATELY","message":"would take"}', errors.InvalidOrder),
        (400, b'{"label":"FOK_NOT_FILL","message":"no"}', errors.InvalidOrder),
        (400, b'{"label":"TRADE_RESTRICTED","message":"no"}', errors.TradingDisabled),
        (400, b'{"label":"REPEATED_CREATION","message":"no"}', errors.DuplicateOrder),
        (401, b'{"label":"INVALID_SIGNATURE","message":"Signature mismatch"}', errors.AuthenticationFailed),
        (429, b'{"label":"TOO_MANY_REQUESTS","message":"Request Rate limit Exceeded (211)"}', errors.RateLimitError),
        (500, b'{"label":"INTERNAL","message":"no"}', errors.OutcomeUnknown),
        (400, b'{"label":"SERVER_ERROR","message":"no"}', errors.OutcomeUnknown),
        (502, b"bad gateway", errors.OutcomeUnknown),
        (201, b'{"text":"t-a"}', errors.OutcomeUnknown),
        (201, b"<html>", errors.OutcomeUnknown),
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
    wire.answers = [(503, b""), (200, sample("rest_get_order.json"))]
    assert (await private.get_order(BTC, order_id=OrderId("1"))).order_id == "1852454420"
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    "label", ["ORDER_NOT_FOUND", "CLIENT_ID_NOT_FOUND", "ORDER_CLOSED", "ORDER_CANCELLED", "CANCEL_FAIL"]
)
async def test_order_that_is_not_found(private, wire, label):
    wire.answers = [(400, b'{"label":"%s","message":"no"}' % label.encode())]
    with pytest.raises(errors.OrderNotFound):
        await private.cancel_order(BTC, client_order_id=OURS)
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=OURS)


async def test_nothing_to_cancel_is_no_error(private, wire):
    wire.answers = [(200, b"[]")]
    await private.cancel_all_orders(BTC)
    assert len(wire.sent) == 1


async def test_order_that_was_not_cancelled_with_the_others_is_told(private, wire):
    ended = {"id": "1", "succeeded": False, "label": "ORDER_CLOSED", "message": "closed"}
    wire.answers = [(200, msgspec.json.encode([{"id": "0", "succeeded": True}, ended]))]
    await private.cancel_all_orders(BTC)
    wire.answers = [(200, msgspec.json.encode([ended, ended | {"label": "TOO_MANY_REQUESTS", "message": "slow down"}]))]
    with pytest.raises(errors.RateLimitError, match="slow down"):
        await private.cancel_all_orders(BTC)


async def test_malformed_answer_is_not_shown(private, wire):
    wire.answers = [(200, b'[{"currency":"BTC","available":"1_000","locked":"0"}]')]
    with pytest.raises(errors.WireError) as caught:
        await private.get_balances()
    assert "1_000" not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "-1", "1e999", "", " 1", "0x1"])
def test_malformed_money_is_refused(number):
    row = {
        "id": "1",
        "create_time_ms": "1",
        "order_id": "1",
        "side": "buy",
        "role": "taker",
        "amount": "1",
        "price": number,
    }
    with pytest.raises(msgspec.ValidationError):
        parse.fills(msgspec.json.encode([row]), Pair("BTC_USDT"))


async def test_no_error_shows_a_secret(private, wire):
    seen = [repr(private), repr(private._rest)]
    for status, body in ((400, b'{"label":"INVALID_SIGNATURE","message":"bad"}'), (500, b"{}"), (201, b"x")):
        wire.answers = [(status, body)]
        with pytest.raises(errors.ArbError) as caught:
            await private.place_order(limit())
        seen += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), str(wire.sent)]
    signatures = [request.headers["SIGN"] for request in wire.sent]
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
        await private.get_asset_networks()  # they are public


def test_only_placing_and_changing_must_not_be_repeated():
    signed = {name: value for name, value in vars(card).items() if isinstance(value, Endpoint) and value.signed}
    assert {name for name, endpoint in signed.items() if not endpoint.idempotent} == {"PLACE", "MODIFY"}
    assert all(endpoint.cost for endpoint in signed.values())


def test_doubt_outlasts_the_receive_window():
    assert card.CARD.client_ids.history_lag_ns > card.RECEIVE_WINDOW_MS * MS
    assert card.CARD.client_ids.max_length >= len(card.CARD.client_ids.prefix + OURS)
