"""An account by request: what leaves, byte for byte, and what is made of the documentation's answers."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_binance import card, parse
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

MS = 1_000_000
NOW_MS = 1_700_000_000_123
DAY_MS = 86_400_000
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
        (limit(), "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=65000"),
        (limit(side=Side.SELL), "side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.001&price=65000"),
        (limit(time_in_force=TimeInForce.IOC), "side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&price=65000"),
        (limit(time_in_force=TimeInForce.FOK), "side=BUY&type=LIMIT&timeInForce=FOK&quantity=0.001&price=65000"),
        (limit(time_in_force=TimeInForce.POST_ONLY), "side=BUY&type=LIMIT_MAKER&quantity=0.001&price=65000"),
        (limit(price=Decimal("1E-8")), "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=0.00000001"),
        (market(quote_quantity=Decimal("10.50")), "side=BUY&type=MARKET&quoteOrderQty=10.5"),
        (market(side=Side.SELL, quantity=Decimal(2)), "side=SELL&type=MARKET&quantity=2"),
        (market(side=Side.SELL, quote_quantity=Decimal(10)), "side=SELL&type=MARKET&quoteOrderQty=10"),
        (market(quantity=Decimal(2), time_in_force=TimeInForce.IOC), "side=BUY&type=MARKET&quantity=2"),
    ],
)
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, query):
    wire.answers = [(200, sample("rest_new_order.json"))]
    ack = await private.place_order(order)
    assert left() == [
        ("POST", "/api/v3/order", f"symbol=BTCUSDT&{query}&newClientOrderId={OURS}&newOrderRespType=RESULT")
    ]
    assert ack == OrderAck(order_id=OrderId("28"), status=OrderStatus.FILLED, filled=Decimal(10))


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
        (lambda p: p.get_balances(), "rest_account", "GET", "api/v3/account", ""),
        (lambda p: p.get_permissions(), "rest_account", "GET", "api/v3/account", ""),
        (lambda p: p.get_trading_fees(BTC), "rest_commission", "GET", "api/v3/account/commission", "symbol=BTCUSDT"),
        (lambda p: p.cancel_order(BTC, order_id="7"), "rest_cancel_order", "DELETE", "api/v3/order", "symbol=BTCUSDT&orderId=7"),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel_order", "DELETE", "api/v3/order", f"symbol=BTCUSDT&origClientOrderId={OURS}"),
        (lambda p: p.cancel_all_orders(BTC), "rest_cancel_open_orders", "DELETE", "api/v3/openOrders", "symbol=BTCUSDT"),
        (lambda p: p.get_order(BTC, order_id="7"), "rest_query_order", "GET", "api/v3/order", "symbol=BTCUSDT&orderId=7"),
        (lambda p: p.get_order(BTC, client_order_id=OURS), "rest_query_order", "GET", "api/v3/order", f"symbol=BTCUSDT&origClientOrderId={OURS}"),
        (lambda p: p.get_open_orders(BTC), "rest_open_orders", "GET", "api/v3/openOrders", "symbol=BTCUSDT"),
        (lambda p: p.get_open_orders(), "rest_open_orders", "GET", "api/v3/openOrders", ""),
        (lambda p: p.get_order_history(BTC, (NOW_MS - 5) * MS), "rest_open_orders", "GET", "api/v3/allOrders", f"symbol=BTCUSDT&limit=1000&startTime={NOW_MS - 5}&endTime={NOW_MS + DAY_MS - 6}"),
        (lambda p: p.get_fills(BTC, (NOW_MS - 5) * MS), "rest_my_trades", "GET", "api/v3/myTrades", f"symbol=BTCUSDT&limit=1000&startTime={NOW_MS - 5}&endTime={NOW_MS + DAY_MS - 6}"),
        (lambda p: p.get_fills(BTC, 0, order_id="7"), "rest_my_trades", "GET", "api/v3/myTrades", "symbol=BTCUSDT&limit=1000&orderId=7"),
        (lambda p: p.get_asset_networks(), "rest_capital_config", "GET", "sapi/v1/capital/config/getall", ""),
    ],
    ids=[
        "balances", "permissions", "fees", "cancel", "cancel by our id", "cancel all", "order", "order by our id", "open",
        "all open", "history", "fills", "fills of an order", "networks",
    ],
)  # fmt: skip
async def test_request(private, *, wire, left, sample, call, sample_name, method, path, query):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    assert left() == [(method, f"/{path}", query)]


async def test_dearer_questions_cost_more(private, wire, sample):
    wire.answers = [(200, sample("rest_open_orders.json"))]
    await private.get_open_orders()
    budgets = private._rest.metrics().budgets
    assert budgets["weight"].spent == 80
    wire.answers = [(200, sample("rest_my_trades.json"))]
    await private.get_fills(BTC, 0, order_id=OrderId("7"))
    assert private._rest.metrics().budgets["weight"].spent == 85


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


def spans(wire: Any) -> list[tuple[int, int]]:
    """Return the times that were asked for, ms from now."""
    queries = [dict(part.split("=") for part in request.query.split("&")) for request in wire.sent]
    return [(int(query["startTime"]) - NOW_MS, int(query["endTime"]) - NOW_MS) for query in queries]


async def test_history_is_asked_for_a_day_at_a_time_and_not_for_ever(private, wire):
    wire.answers = [(200, b"[]")]
    assert await private.get_order_history(BTC, (NOW_MS - DAY_MS - 7) * MS) == []
    assert spans(wire) == [(-DAY_MS - 7, -8), (-7, DAY_MS - 8)]
    await private.get_fills(BTC, 0)
    assert spans(wire)[2] == (-30 * DAY_MS, -29 * DAY_MS - 1)
    assert len(spans(wire)) == 2 + 31


async def test_day_that_does_not_fit_into_one_answer_is_asked_for_again_from_where_it_ended(private, wire, sample):
    (row,) = msgspec.json.decode(sample("rest_open_orders.json"))
    older = [row | {"orderId": n, "time": NOW_MS - 900} for n in range(999)]
    newer = [row | {"orderId": n, "time": NOW_MS - 100} for n in range(1000, 1005)]
    wire.answers = [(200, msgspec.json.encode(page)) for page in ([*older, newer[0]], newer)]
    orders = await private.get_order_history(BTC, (NOW_MS - 1000) * MS)
    assert [order.order_id for order in orders] == [str(row["orderId"]) for row in older + newer]
    assert spans(wire) == [(-1000, DAY_MS - 1001), (-100, DAY_MS - 101)]


async def test_fills_of_an_order_are_counted_on_by_their_ids(private, wire, left, sample):
    row = msgspec.json.decode(sample("rest_my_trades.json"))[0]
    rows = [row | {"id": n, "time": NOW_MS - 2000 + n} for n in range(1001)]
    wire.answers = [(200, msgspec.json.encode(page)) for page in (rows[:1000], rows[1000:])]
    fills = await private.get_fills(BTC, (NOW_MS - 1001) * MS, order_id=OrderId("7"))
    assert [fill.trade_id for fill in fills] == ["999", "1000"]
    assert [query for _, _, query in left()] == [
        "symbol=BTCUSDT&limit=1000&orderId=7",
        "symbol=BTCUSDT&limit=1000&orderId=7&fromId=1000",
    ]


# What comes back


async def test_balances(private, wire, sample):
    wire.answers = [(200, sample("rest_account.json"))]
    assert await private.get_balances() == {
        "BNB": Balance(asset=Asset("BNB"), free=Decimal(0), locked=Decimal(0)),
        "BTC": Balance(asset=Asset("BTC"), free=Decimal("1.3447112"), locked=Decimal("0.086")),
        "USDT": Balance(asset=Asset("USDT"), free=Decimal("1021.21"), locked=Decimal(0)),
    }


def test_rights_of_the_account_are_not_those_of_the_key(sample):
    assert parse.permissions(sample("rest_account.json")) == KeyPermissions(read=True)
    closed = b'{"balances":[],"canTrade":false,"canWithdraw":false}'
    assert parse.permissions(closed) == KeyPermissions(read=True, trade=False, withdraw=False)


def test_trading_fees_are_the_sum_of_what_the_dearer_side_pays(sample):
    assert parse.trading_fees(sample("rest_commission.json")) == TradingFees(
        maker=Decimal("0.05000280"),  # 0.0000001 + 0.0000004, 0.01 + 0.04, 0.00000112 + 0.00000118
        taker=Decimal("0.06000292"),
    )
    plain = b'{"standardCommission":{"maker":"0.001","taker":"0.00075","buyer":"0","seller":"0"}}'
    assert parse.trading_fees(plain) == TradingFees(maker=Decimal("0.001"), taker=Decimal("0.00075"))


@pytest.mark.parametrize("rate", ['"1"', '"-1"', '"NaN"', '"Infinity"', "null", '"x"', "0.1"])
def test_fee_that_is_none_is_refused(rate):
    with pytest.raises((ValueError, msgspec.ValidationError)):
        parse.trading_fees(b'{"standardCommission":{"maker":"0","taker":%s}}' % rate.encode())


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
        quantity=Decimal(1),
        filled=Decimal(0),
        filled_quote=Decimal(0),
        created_ns=1_499_827_319_559 * MS,
        updated_ns=1_499_827_319_559 * MS,
    )
    assert parse.orders(sample("rest_open_orders.json")) == [order]


def test_acknowledgement_says_as_much_as_it_says(sample):
    assert parse.order_ack(sample("rest_new_order_ack.json")) == OrderAck(order_id=OrderId("28"))
    rest = b'{"orderId":1,"status":"%s","executedQty":"0.5"}'
    for said in (b"EXPIRED", b"EXPIRED_IN_MATCH"):
        ended = OrderAck(order_id=OrderId("1"), status=OrderStatus.CANCELED, filled=Decimal("0.5"))
        assert parse.order_ack(rest % said) == ended


def queried(**fields: Any) -> Order:
    row = {"symbol": "BTCUSDT", "orderId": 1, "side": "SELL", "type": "LIMIT", "timeInForce": "GTC"}
    return parse.order(msgspec.json.encode(row | fields))


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PENDING_NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELED),
        ("EXPIRED", OrderStatus.CANCELED),
        ("EXPIRED_IN_MATCH", OrderStatus.CANCELED),
        ("REJECTED", OrderStatus.REJECTED),
        ("SOMETHING_NEW", OrderStatus.UNKNOWN),
        (None, OrderStatus.UNKNOWN),
    ],
)
def test_status(status, means):
    assert queried(status=status).status is means


@pytest.mark.parametrize(
    ("fields", "means"),
    [
        ({"timeInForce": "IOC"}, (OrderType.LIMIT, TimeInForce.IOC)),
        ({"timeInForce": "FOK"}, (OrderType.LIMIT, TimeInForce.FOK)),
        ({"type": "LIMIT_MAKER"}, (OrderType.LIMIT, TimeInForce.POST_ONLY)),
        ({"type": "MARKET"}, (OrderType.MARKET, TimeInForce.IOC)),
        ({"type": "STOP_LOSS_LIMIT"}, (OrderType.UNKNOWN, TimeInForce.UNKNOWN)),
    ],
)
def test_type(fields, means):
    order = queried(**fields)
    assert (order.type, order.time_in_force) == means


def test_order_that_ended_with_fills_is_canceled_and_says_how_much():
    order = queried(
        status="EXPIRED",
        origQty="2",
        executedQty="0.5",
        cummulativeQuoteQty="50",
        expiryReason="UNFILLED_IOC_QUANTITY_EXPIRED",
    )
    assert (order.status, order.quantity, order.filled, order.filled_quote) == (
        OrderStatus.CANCELED,
        2,
        Decimal("0.5"),
        50,
    )
    assert order.reason == "UNFILLED_IOC_QUANTITY_EXPIRED"


def test_what_an_order_does_not_say_is_none_and_not_zero():
    order = queried(
        type="MARKET", price="0.00000000", origQty="0.0", executedQty="", cummulativeQuoteQty="-1", clientOrderId=""
    )
    assert (order.price, order.quantity, order.filled, order.filled_quote, order.client_order_id) == (None,) * 5
    assert (order.created_ns, order.updated_ns) == (None, None)
    assert queried(side="?").side is Side.UNKNOWN


def test_fill_of_the_documentation(sample):
    first, second = parse.fills(sample("rest_my_trades.json"))
    assert first == Fill(
        pair=Pair("BTCUSDT"),
        trade_id="1650422481",
        order_id=OrderId("12569099453"),
        side=Side.SELL,
        price=Decimal("23416.1"),
        quantity=Decimal("0.00635"),
        fee=Decimal(0),
        fee_asset=Asset("BNB"),
        role=LiquidityRole.MAKER,
        exchange_ns=1_660_801_715_793 * MS,
    )
    assert (second.trade_id, second.quantity) == ("1650422482", Decimal("0.00212"))


def test_asset_networks(sample):
    assert parse.asset_networks(sample("rest_capital_config.json")) == {
        "USDT": [
            AssetNetwork(
                asset=Asset("USDT"), network="ETH", deposit_open=True, withdraw_open=False, withdraw_fee=Decimal(4),
                withdraw_min=Decimal(10), contract="0xdac17f958d2ee523a2206206994597c13d831ec7",
            )
        ],
        "BTC": [
            AssetNetwork(
                asset=Asset("BTC"), network="BTC", deposit_open=True, withdraw_open=True, withdraw_fee=Decimal("0.012"),
                withdraw_min=Decimal("0.024"),
            )
        ],
    }  # fmt: skip


# What goes wrong


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            b'{"code":-2010,"msg":"Account has insufficient balance for requested action."}',
            errors.InsufficientBalance,
        ),
        (400, b'{"code":-2010,"msg":"Duplicate order sent."}', errors.DuplicateOrder),
        (400, b'{"code":-2010,"msg":"Order would immediately match and take."}', errors.InvalidOrder),
        (400, b'{"code":-2010,"msg":"Market is closed."}', errors.TradingDisabled),
        (400, b'{"code":-1013,"msg":"Filter failure: LOT_SIZE"}', errors.InvalidOrder),
        (400, b'{"code":-1022,"msg":"Signature for this request is not valid."}', errors.AuthenticationFailed),
        (429, b'{"code":-1015,"msg":"Too many new orders."}', errors.RateLimitError),
        (400, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}', errors.OutcomeUnknown),
        (500, b'{"code":-1000,"msg":"An unknown error occurred."}', errors.OutcomeUnknown),
        (503, b"<html>bad gateway</html>", errors.OutcomeUnknown),
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


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":-2011,"msg":"Unknown order sent."}',
        b'{"code":-2013,"msg":"Order does not exist."}',
        b'{"code":-2026,"msg":"Order was archived."}',
    ],
)
async def test_order_that_is_not_found(private, wire, body):
    wire.answers = [(400, body)]
    with pytest.raises(errors.OrderNotFound):
        await private.cancel_order(BTC, client_order_id=OURS)
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=OURS)


async def test_nothing_to_cancel_is_no_error(private, wire):
    wire.answers = [(400, b'{"code":-2011,"msg":"Unknown order sent."}')]
    await private.cancel_all_orders(BTC)
    wire.answers = [(400, b'{"code":-2011,"msg":"The order is being changed."}')]
    with pytest.raises(errors.Rejected):
        await private.cancel_all_orders(BTC)
    assert len(wire.sent) == 2


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
    for status, body in ((400, b'{"code":-1022,"msg":"bad"}'), (500, b"{}"), (200, b"x")):
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
