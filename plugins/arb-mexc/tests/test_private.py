"""An account by request: what leaves, byte for byte, and what is made of the documentation's answers."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core import errors
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.card import Capability, Endpoint
from arb_core.structs.market import Asset, AssetNetwork, Pair, Side, Symbol
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
from arb_mexc import card, parse

MS = 1_000_000
NOW_MS = 1_700_000_000_123
WEEK_MS = card.HISTORY_KEPT_NS // MS
MONTH_MS = card.FILLS_KEPT_NS // MS
BTC = Symbol("BTC", "USDT")
OURS = ClientOrderId("a00000000000000001")


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
    ("order", "query"),
    [
        (limit(), "side=BUY&type=LIMIT&quantity=0.001&price=65000"),
        (limit(side=Side.SELL), "side=SELL&type=LIMIT&quantity=0.001&price=65000"),
        (limit(time_in_force=TimeInForce.IOC), "side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=0.001&price=65000"),
        (limit(time_in_force=TimeInForce.FOK), "side=BUY&type=FILL_OR_KILL&quantity=0.001&price=65000"),
        (limit(time_in_force=TimeInForce.POST_ONLY), "side=BUY&type=LIMIT_MAKER&quantity=0.001&price=65000"),
        (limit(price=Decimal("1E-8")), "side=BUY&type=LIMIT&quantity=0.001&price=0.00000001"),
        (market(quote_quantity=Decimal("10.50")), "side=BUY&type=MARKET&quoteOrderQty=10.5"),
        (market(side=Side.SELL, quantity=Decimal(2)), "side=SELL&type=MARKET&quantity=2"),
        (market(side=Side.SELL, quote_quantity=Decimal(10)), "side=SELL&type=MARKET&quoteOrderQty=10"),
        (market(quantity=Decimal(2), time_in_force=TimeInForce.IOC), "side=BUY&type=MARKET&quantity=2"),
    ],
)
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, query):
    wire.answers = [(200, sample("rest_new_order.json"))]
    ack = await private.place_order(order)
    assert left() == [("POST", "/api/v3/order", f"symbol=BTCUSDT&{query}&newClientOrderId={OURS}")]
    assert ack == OrderAck(order_id=OrderId("06a480e69e604477bfb48dddd5f0b750"))


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
    ("call", "sample_name", "method", "path", "query"),
    [
        (lambda p: p.get_balances(), "rest_account", "GET", "account", ""),
        (lambda p: p.get_permissions(), "rest_account", "GET", "account", ""),
        (lambda p: p.get_trading_fees(BTC), "rest_trade_fee", "GET", "tradeFee", "symbol=BTCUSDT"),
        (lambda p: p.cancel_order(BTC, order_id="7"), "rest_cancel_order", "DELETE", "order", "symbol=BTCUSDT&orderId=7"),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel_order", "DELETE", "order", f"symbol=BTCUSDT&origClientOrderId={OURS}"),
        (lambda p: p.cancel_all_orders(BTC), "rest_cancel_open_orders", "DELETE", "openOrders", "symbol=BTCUSDT"),
        (lambda p: p.get_order(BTC, order_id="7"), "rest_query_order", "GET", "order", "symbol=BTCUSDT&orderId=7"),
        (lambda p: p.get_order(BTC, client_order_id=OURS), "rest_query_order", "GET", "order", f"symbol=BTCUSDT&origClientOrderId={OURS}"),
        (lambda p: p.get_open_orders(BTC), "rest_open_orders", "GET", "openOrders", "symbol=BTCUSDT"),
        (lambda p: p.get_open_orders(), "rest_open_orders", "GET", "openOrders", ""),
        (lambda p: p.get_order_history(BTC, (NOW_MS - 5) * MS), "rest_all_orders", "GET", "allOrders", f"symbol=BTCUSDT&limit=1000&startTime={NOW_MS - 5}"),
        (lambda p: p.get_order_history(BTC, 0), "rest_all_orders", "GET", "allOrders", f"symbol=BTCUSDT&limit=1000&startTime={NOW_MS - WEEK_MS}"),
        (lambda p: p.get_fills(BTC, (NOW_MS - 5) * MS), "rest_my_trades", "GET", "myTrades", f"symbol=BTCUSDT&limit=100&startTime={NOW_MS - 5}"),
        (lambda p: p.get_fills(BTC, 0, order_id="7"), "rest_my_trades", "GET", "myTrades", f"symbol=BTCUSDT&limit=100&orderId=7&startTime={NOW_MS - MONTH_MS}"),
        (lambda p: p.get_asset_networks(), "rest_capital_config", "GET", "capital/config/getall", ""),
    ],
    ids=[
        "balances", "permissions", "fees", "cancel", "cancel by our id", "cancel all", "order", "order by our id", "open",
        "all open", "history", "history of old", "fills", "fills of an order", "networks",
    ],
)  # fmt: skip
async def test_request(private, *, wire, left, sample, call, sample_name, method, path, query):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    assert left() == [(method, f"/api/v3/{path}", query)]


@pytest.mark.parametrize("ids", [{}, {"order_id": OrderId("7"), "client_order_id": OURS}])
async def test_order_is_named_by_exactly_one_id(private, wire, ids):
    with pytest.raises(ValueError, match="exactly one"):
        await private.get_order(BTC, **ids)
    with pytest.raises(ValueError, match="exactly one"):
        await private.cancel_order(BTC, **ids)
    assert wire.sent == []


async def test_symbol_that_is_not_listed_is_refused_before_it_is_sent(account_context, private, wire, sample):
    account_context.markets.fill(parse.instruments(sample("rest_exchange_info.json")))
    with pytest.raises(errors.InvalidSymbol, match="BTC/USDT"):
        await private.place_order(limit())
    assert wire.sent == []


async def test_history_that_does_not_fit_into_one_answer_is_asked_for_in_halves(private, wire, sample):
    (row,) = msgspec.json.decode(sample("rest_all_orders.json"))
    older = [row | {"orderId": f"o{n}", "time": NOW_MS - 900} for n in range(600)]
    newer = [row | {"orderId": f"n{n}", "time": NOW_MS - 100} for n in range(600)]
    # the newer half is asked for first; each answer may repeat what lies on the border
    wire.answers = [(200, msgspec.json.encode(page)) for page in ((older + newer)[:1000], newer, [*older, newer[0]])]
    orders = await private.get_order_history(BTC, (NOW_MS - 1000) * MS)
    assert [order.order_id for order in orders] == [row["orderId"] for row in older + newer]
    asked = [request.query.split("&limit=1000&")[1].split("&recvWindow")[0] for request in wire.sent]
    assert asked == [
        f"startTime={NOW_MS - 1000}",
        f"startTime={NOW_MS - 500}",
        f"startTime={NOW_MS - 1000}&endTime={NOW_MS - 500}",
    ]


# What comes back


async def test_balances(private, wire, sample):
    wire.answers = [(200, sample("rest_account.json"))]
    assert await private.get_balances() == {
        "NBNTEST": Balance(asset=Asset("NBNTEST"), free=Decimal(1111078), locked=Decimal(33)),
        "MAIN": Balance(asset=Asset("MAIN"), free=Decimal(1020000), locked=Decimal(0)),
    }


def test_rights_of_the_account_are_not_those_of_the_key(sample):
    assert parse.permissions(sample("rest_account.json")) == KeyPermissions(read=True)
    closed = b'{"balances":[],"canTrade":false,"canWithdraw":false}'
    assert parse.permissions(closed) == KeyPermissions(read=True, trade=False, withdraw=False)


def test_trading_fees_are_exact(sample):
    assert parse.trading_fees(sample("rest_trade_fee.json")) == TradingFees(
        maker=Decimal("0.003"), taker=Decimal("0.003")
    )


@pytest.mark.parametrize("rate", ["1", "-1", '"NaN"', '"Infinity"', "null", '"x"'])
def test_fee_that_is_none_is_refused(rate):
    with pytest.raises((ValueError, msgspec.ValidationError)):
        parse.trading_fees(b'{"data":{"makerCommission":0,"takerCommission":%s}}' % rate.encode())


def test_order_of_the_documentation(sample):
    order = parse.order(sample("rest_query_order.json"))
    assert order == Order(
        pair=Pair("LTCBTC"),
        order_id=OrderId("1"),
        client_order_id=ClientOrderId("myOrder1"),
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        status=OrderStatus.OPEN,
        price=Decimal("0.1"),
        quantity=Decimal(1),  # spelt "Qty" there
        filled=Decimal(0),
        filled_quote=Decimal(0),
        created_ns=1_499_827_319_559 * MS,
        updated_ns=1_499_827_319_559 * MS,
    )
    assert parse.orders(sample("rest_open_orders.json")) == [order]
    assert parse.orders(sample("rest_all_orders.json")) == [order]


def queried(**fields: Any) -> Order:
    row = {"symbol": "BTCUSDT", "orderId": "C02__1", "side": "SELL", "type": "LIMIT"}
    return parse.order(msgspec.json.encode(row | fields))


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELED),
        ("PARTIALLY_CANCELED", OrderStatus.CANCELED),
        ("SOMETHING_NEW", OrderStatus.UNKNOWN),
        (None, OrderStatus.UNKNOWN),
    ],
)
def test_status(status, means):
    assert queried(status=status).status is means


def test_order_that_ended_with_fills_is_canceled_and_says_how_much():
    order = queried(
        status="PARTIALLY_CANCELED",
        origQty="2",
        executedQty="0.5",
        cummulativeQuoteQty="50",
        type="IMMEDIATE_OR_CANCEL",
    )
    assert (order.status, order.quantity, order.filled, order.filled_quote) == (
        OrderStatus.CANCELED,
        2,
        Decimal("0.5"),
        50,
    )
    assert (order.type, order.time_in_force) == (OrderType.LIMIT, TimeInForce.IOC)


def test_what_an_order_does_not_say_is_none_and_not_zero():
    order = queried(type="MARKET", price="1.2", origQty="0", executedQty="", cummulativeQuoteQty=None, clientOrderId="")
    # the price of a market order is a protection price
    assert (order.price, order.quantity, order.filled, order.filled_quote, order.client_order_id) == (None,) * 5
    assert (order.created_ns, order.updated_ns) == (None, None)
    assert (queried(type="STOP").type, queried(side="?").side) == (OrderType.UNKNOWN, Side.UNKNOWN)


def test_fill_of_the_documentation(sample):
    assert parse.fills(sample("rest_my_trades.json")) == [
        Fill(
            pair=Pair("BNBBTC"),
            trade_id="fad2af9e942049b6adbda1a271f990c6",
            order_id=OrderId("bb41e5663e124046bd9497a3f5692f39"),
            side=Side.BUY,
            price=Decimal("4.000001"),
            quantity=Decimal(12),
            fee=Decimal("10.1"),
            fee_asset=Asset("BNB"),
            role=LiquidityRole.TAKER,
            exchange_ns=1_499_865_549_590 * MS,
        )
    ]


def test_asset_networks(sample):
    assert parse.asset_networks(sample("rest_capital_config.json")) == {
        "USDT": [
            AssetNetwork(
                asset=Asset("USDT"), network="ETH", deposit_open=True, withdraw_open=False, withdraw_fee=Decimal(2),
                withdraw_min=Decimal(5), contract="0xdAC17F958D2ee523a2206206994597C13D831ec7",
            )
        ],
        "BTC": [
            AssetNetwork(
                asset=Asset("BTC"), network="BTC", deposit_open=True, withdraw_open=True, withdraw_fee=Decimal("0.0001"),
                withdraw_min=Decimal("0.001"),
            )
        ],
    }  # fmt: skip


# What goes wrong


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"code":10101,"msg":"Insufficient balance"}', errors.InsufficientBalance),
        (400, b'{"code":30004,"msg":"Insufficient position"}', errors.InsufficientBalance),
        (
            400,
            b'{"code":30002,"msg":"The minimum transaction volume cannot be less than:0.5USDT"}',
            errors.InvalidOrder,
        ),
        (400, b'{"code":30016,"msg":"trading disabled"}', errors.TradingDisabled),
        (400, b'{"code":1,"msg":"clientOrderId already exists"}', errors.DuplicateOrder),
        (400, b'{"code":700002,"msg":"Signature for this request is not valid."}', errors.AuthenticationFailed),
        (429, b'{"code":429,"msg":"Too Many Requests"}', errors.RateLimitError),
        (
            500,
            b'{"code":500,"msg":"Unknown error, please check your request or try again later."}',
            errors.OutcomeUnknown,
        ),
        (503, b"<html>bad gateway</html>", errors.OutcomeUnknown),
        (200, b'{"code":503,"msg":"service not available"}', errors.OutcomeUnknown),
        (200, b'{"code":1234567,"msg":"something new"}', errors.OutcomeUnknown),
        (200, b'{"symbol":"BTCUSDT"}', errors.OutcomeUnknown),
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
    wire.answers = [(503, b""), (200, sample("rest_query_order.json"))]
    assert (await private.get_order(BTC, order_id=OrderId("1"))).order_id == "1"
    assert len(wire.sent) == 2


@pytest.mark.parametrize("code", [-2011, -2013, 22222, 30026])
async def test_order_that_is_not_found(private, wire, code):
    wire.answers = [(400, b'{"code":%d,"msg":"Unknown order sent."}' % code)]
    with pytest.raises(errors.OrderNotFound):
        await private.cancel_order(BTC, client_order_id=OURS)
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=OURS)


async def test_nothing_to_cancel_is_no_error(private, wire):
    wire.answers = [(200, b"[]")]
    await private.cancel_all_orders(BTC)
    assert len(wire.sent) == 1


async def test_malformed_answer_is_not_shown(private, wire):
    wire.answers = [(200, b'{"balances":[{"asset":"BTC","free":"1_000","locked":"0"}]}')]
    with pytest.raises(errors.WireError) as caught:
        await private.get_balances()
    assert "1_000" not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "-1", "1e999", "", " 1", "0x1"])
def test_malformed_money_is_refused(number):
    row = {
        "symbol": "B",
        "id": "1",
        "orderId": "1",
        "price": number,
        "qty": "1",
        "time": 1,
        "isBuyer": True,
        "isMaker": True,
    }
    with pytest.raises(msgspec.ValidationError):
        parse.fills(msgspec.json.encode([row]))


async def test_no_error_shows_a_secret(private, wire):
    seen = [repr(private), repr(private._rest)]
    for status, body in ((400, b'{"code":700002,"msg":"bad"}'), (500, b"{}"), (200, b"x")):
        wire.answers = [(status, body)]
        with pytest.raises(errors.ArbError) as caught:
            await private.place_order(limit())
        seen += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), str(wire.sent)]
    assert not [text for text in seen if "marked-" in text or "signature" in text]


# The card


def test_capabilities_are_those_that_are_here():
    kinds = {
        Capability.IOC: TimeInForce.IOC, Capability.FOK: TimeInForce.FOK, Capability.POST_ONLY: TimeInForce.POST_ONLY,
    }  # fmt: skip
    for capability, time_in_force in kinds.items():
        assert ((OrderType.LIMIT, time_in_force) in card.ORDER_TYPES) is (capability in card.CARD.capabilities)
    assert Capability.MODIFY_ORDER not in card.CARD.capabilities
    assert Capability.COUNTDOWN_CANCEL not in card.CARD.capabilities


async def test_what_the_venue_has_not_says_so(private):
    with pytest.raises(errors.NotSupported):
        await private.modify_order(BTC, OrderId("1"), price=Decimal(1))
    with pytest.raises(errors.NotSupported):
        await private.arm_countdown(1)


def test_only_placing_must_not_be_repeated():
    signed = {name: value for name, value in vars(card).items() if isinstance(value, Endpoint) and value.signed}
    assert {name for name, endpoint in signed.items() if not endpoint.idempotent} == {"PLACE"}
    assert all(endpoint.cost for endpoint in signed.values())


def test_doubt_outlasts_the_receive_window():
    assert card.CARD.client_ids.history_lag_ns > card.RECEIVE_WINDOW_MS * MS
    assert card.CARD.client_ids.max_length >= len(card.CARD.client_ids.prefix + OURS)
