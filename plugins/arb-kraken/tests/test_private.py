"""An account by request: what leaves, to the last field, and what is made of the documentation's answers."""

import json
from decimal import Decimal
from typing import Any

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
from arb_kraken import card, parse

SECOND = 1_000_000_000
BTC = Symbol("BTC", "USD")
OURS = ClientOrderId("a00000000000000001")
NOW_S = 1_700_000_000
DEADLINE = "2023-11-14T22:13:25.123Z"


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
        (limit(), {"type": "buy", "ordertype": "limit", "volume": "0.001", "price": "65000", "timeinforce": "GTC"}),
        (limit(side=Side.SELL), {"type": "sell", "ordertype": "limit", "volume": "0.001", "price": "65000", "timeinforce": "GTC"}),
        (limit(time_in_force=TimeInForce.IOC), {"type": "buy", "ordertype": "limit", "volume": "0.001", "price": "65000", "timeinforce": "IOC"}),
        (limit(time_in_force=TimeInForce.FOK), {"type": "buy", "ordertype": "limit", "volume": "0.001", "price": "65000", "timeinforce": "FOK"}),
        (limit(time_in_force=TimeInForce.POST_ONLY), {"type": "buy", "ordertype": "limit", "volume": "0.001", "price": "65000", "timeinforce": "GTC", "oflags": "post"}),
        (limit(price=Decimal("1E-8")), {"type": "buy", "ordertype": "limit", "volume": "0.001", "price": "0.00000001", "timeinforce": "GTC"}),
        (market(quantity=Decimal("0.5")), {"type": "buy", "ordertype": "market", "volume": "0.5"}),
        (market(quote_quantity=Decimal("10.50")), {"type": "buy", "ordertype": "market", "volume": "10.5", "oflags": "viqc"}),
        (market(side=Side.SELL, quantity=Decimal(2), time_in_force=TimeInForce.IOC), {"type": "sell", "ordertype": "market", "volume": "2"}),
    ],
)  # fmt: skip
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, words):
    wire.answers = [(200, sample("rest_add_order.json"))]
    ack = await private.place_order(order)
    assert left() == [
        ("/0/private/AddOrder", {"pair": "XBTUSD", "cl_ord_id": OURS, "deadline": DEADLINE} | words),
    ]
    assert ack == OrderAck(order_id=OrderId("OUF4EM-FRGI2-MQMWZD"))


@pytest.mark.parametrize(
    "order",
    [
        limit(quantity=None, quote_quantity=Decimal(10)),
        limit(side=Side.UNKNOWN),
        limit(type=OrderType.UNKNOWN),
        limit(time_in_force=TimeInForce.UNKNOWN),
        market(side=Side.SELL, quote_quantity=Decimal(1)),
        market(quantity=Decimal(1), time_in_force=TimeInForce.FOK),
        market(quote_quantity=Decimal(1), time_in_force=TimeInForce.POST_ONLY),
    ],
)
async def test_order_that_the_venue_has_no_words_for_is_not_sent(private, wire, order):
    with pytest.raises(errors.InvalidOrder, match="not sent"):
        await private.place_order(order)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("call", "sample_name", "path", "form"),
    [
        (lambda p: p.get_balances(), "rest_balance_ex", "BalanceEx", {}),
        (lambda p: p.get_permissions(), "rest_get_api_key_info", "GetApiKeyInfo", {}),
        (lambda p: p.get_trading_fees(BTC), "rest_trade_volume", "TradeVolume", {"pair": "XBTUSD"}),
        (lambda p: p.cancel_order(BTC, order_id="O7"), "rest_cancel_order", "CancelOrder", {"txid": "O7"}),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel_order", "CancelOrder", {"cl_ord_id": OURS}),
        (lambda p: p.get_order(BTC, order_id="OBCMZD-JIEE7-77TH3F"), "rest_query_orders", "QueryOrders", {"txid": "OBCMZD-JIEE7-77TH3F"}),
        (lambda p: p.get_open_orders(BTC), "rest_open_orders", "OpenOrders", {}),
        (lambda p: p.get_fills(BTC, NOW_S * SECOND), "rest_trades_history", "TradesHistory", {"start": str(NOW_S - 1), "ofs": "0"}),
        (lambda p: p.arm_countdown(30 * SECOND), "rest_cancel_all_orders_after", "CancelAllOrdersAfter", {"timeout": "30"}),
        (lambda p: p.arm_countdown(30_000_000_001), "rest_cancel_all_orders_after", "CancelAllOrdersAfter", {"timeout": "31"}),
        (lambda p: p.arm_countdown(0), "rest_cancel_all_orders_after", "CancelAllOrdersAfter", {"timeout": "0"}),
    ],
    ids=[
        "balances", "permissions", "fees", "cancel", "cancel by our id", "order", "open", "fills", "countdown",
        "countdown is rounded up", "countdown ends",
    ],
)  # fmt: skip
async def test_requests(private, *, wire, left, sample, call, sample_name, path, form):
    wire.answers = [(200, sample(f"{sample_name}.json"))]
    await call(private)
    assert left() == [(f"/0/private/{path}", form)]


async def test_an_order_by_our_id_is_looked_for_among_the_open_ones(private, wire, left, sample):
    body = sample("rest_open_orders.json").replace(b'"userref": 45326,', b'"cl_ord_id": "%s",' % OURS.encode())
    wire.answers = [(200, body)]
    found = await private.get_order(BTC, client_order_id=OURS)
    assert (found.order_id, found.client_order_id) == ("OB5VMB-B4U2U-DK2WRW", OURS)
    assert left() == [("/0/private/OpenOrders", {})]
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=ClientOrderId("a00000000000000002"))


async def test_an_order_that_the_answer_lacks_is_not_another(private, wire, sample):
    wire.answers = [(200, sample("rest_query_orders.json"))]
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, order_id=OrderId("OXXXXX-XXXXX-XXXXXX"))


async def test_nothing_cancelled_is_told(private, wire):
    wire.answers = [(200, b'{"error":[],"result":{"count":0}}')]
    with pytest.raises(errors.OrderNotFound):
        await private.cancel_order(BTC, order_id=OrderId("O7"))


async def test_history_has_open_orders_as_well_and_asks_for_page_after_page(private, wire, left, sample):
    closed = json.loads(sample("rest_closed_orders.json"))["result"]["closed"]
    model = closed["O37652-RJWRT-IMO74O"]
    pages = [
        {
            f"O{number:05d}": {**model, "descr": {**model["descr"], "pair": "XBTUSD"}, "opentm": 100 + number}
            for number in rows
        }
        for rows in (range(50), range(50, 70))
    ]
    answers = [{"error": [], "result": {"closed": page, "count": 70}} for page in pages]
    wire.answers = [(200, sample("rest_open_orders.json")), *((200, json.dumps(each).encode()) for each in answers)]
    found = await private.get_order_history(BTC, 50 * SECOND)
    assert len(found) == 72
    assert [order.created_ns for order in found] == sorted(order.created_ns for order in found)
    assert left()[1:] == [
        ("/0/private/ClosedOrders", {"start": "49", "closetime": "both", "ofs": "0"}),
        ("/0/private/ClosedOrders", {"start": "49", "closetime": "both", "ofs": "50"}),
    ]


async def test_fills_of_an_order_are_chosen_from_all_of_them(private, wire, sample):
    wire.answers = [(200, sample("rest_trades_history.json"))]
    assert len(await private.get_fills(BTC, 0, order_id=OrderId("OQCLML-BW3P3-BUCMWZ"))) == 2
    assert await private.get_fills(BTC, 0, order_id=OrderId("OTHER")) == []
    assert await private.get_fills(Symbol("ETH", "BTC"), 0) == []
    assert len(await private.get_fills(BTC, 1_688_667_780 * SECOND)) == 1


async def test_an_order_whose_answer_is_lost_is_unknown_and_not_sent_again(private, wire):
    wire.lost = True
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await private.place_order(limit())
    assert caught.value.client_order_id == OURS
    assert len(wire.sent) == 1


@pytest.mark.parametrize("text", ["EService:Deadline elapsed", "EGeneral:Internal error", "EService:Busy"])
async def test_an_error_that_proves_nothing_leaves_the_order_unknown(private, wire, text):
    wire.answers = [(200, b'{"error":["%s"]}' % text.encode())]
    with pytest.raises(errors.OutcomeUnknown):
        await private.place_order(limit())
    assert len(wire.sent) == 1


def test_what_the_card_claims_has_an_endpoint():
    signed = {value.path for value in vars(card).values() if isinstance(value, Endpoint) and value.signed}
    assert all(path.startswith("/0/private/") for path in signed)
    assert not card.PLACE.idempotent
    assert {Capability.CANCEL_ALL, Capability.MODIFY_ORDER, Capability.BALANCES_STREAM}.isdisjoint(
        card.CARD.capabilities
    )


async def test_cancelling_everything_of_one_symbol_is_not_offered(private, wire):
    with pytest.raises(errors.NotSupported):
        await private.cancel_all_orders(BTC)
    assert wire.sent == []


# What is made of answers


def test_balances_are_totals_less_what_orders_hold(sample):
    assert parse.balances(sample("rest_balance_ex.json")) == {
        "USD": Balance(asset=Asset("USD"), free=Decimal("17185.45"), locked=Decimal("8249.76")),
        "BTC": Balance(asset=Asset("BTC"), free=Decimal("0.4012"), locked=Decimal("0.8423")),
    }


def test_a_credit_line_can_be_spent_and_earn_balances_stay_apart():
    row = {"balance": "10", "hold_trade": "1", "credit": "5", "credit_used": "2"}
    result = {"ZUSD": row, "USD.M": {"balance": "7", "hold_trade": "0"}}
    found = parse.balances(json.dumps({"error": [], "result": result}).encode())
    assert found[Asset("USD")].free == 12
    assert found[Asset("USD.M")].free == 7


def test_fees_are_percent(sample):
    fees = parse.trading_fees(sample("rest_trade_volume.json"))
    assert fees == TradingFees(maker=Decimal(0), taker=Decimal("0.001"))
    alike = sample("rest_trade_volume.json").replace(b'"fees_maker"', b'"another"')
    assert parse.trading_fees(alike).maker == Decimal("0.001")


def test_permissions(sample):
    assert parse.permissions(sample("rest_get_api_key_info.json")) == KeyPermissions(
        read=True, trade=True, withdraw=True
    )
    body = b'{"error":[],"result":{"permissions":["query-funds"]}}'
    assert parse.permissions(body) == KeyPermissions(read=True, trade=False, withdraw=False)


def test_orders_of_the_documentation(sample, markets):
    filled = parse.order(sample("rest_query_orders.json"), OrderId("OMMDB2-FSB6Z-7W3HPO"), parse.Names(markets))
    assert filled == Order(
        pair=Pair("BTC/USD"),
        order_id=OrderId("OMMDB2-FSB6Z-7W3HPO"),
        side=Side.SELL,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        status=OrderStatus.FILLED,
        quantity=Decimal("0.25"),
        filled=Decimal("0.25"),
        filled_quote=Decimal(7500),
        created_ns=1_688_592_012_231_700_000,
        updated_ns=1_688_592_012_233_500_000,
    )
    statuses = [order.status for order in parse.open_orders(sample("rest_open_orders.json"), parse.Names(markets))]
    assert statuses == [OrderStatus.PARTIALLY_FILLED, OrderStatus.OPEN]


@pytest.mark.parametrize(
    ("fields", "status", "quantity"),
    [
        ({"status": "pending"}, OrderStatus.OPEN, "1"),
        ({"status": "open", "vol_exec": "0.5"}, OrderStatus.PARTIALLY_FILLED, "1"),
        ({"status": "canceled", "vol_exec": "0.5"}, OrderStatus.CANCELED, "1"),
        ({"status": "expired"}, OrderStatus.CANCELED, "1"),
        ({"status": "canceled", "vol_exec": "1"}, OrderStatus.FILLED, "1"),
        ({"status": "closed", "oflags": "fciq,viqc", "vol": "50", "vol_exec": "0.5"}, OrderStatus.FILLED, None),
        ({"status": "something new"}, OrderStatus.UNKNOWN, "1"),
    ],
)
def test_status_of_an_order(fields, status, quantity, markets):
    descr = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "5"}
    row = {"status": "open", "descr": descr, "vol": "1", "vol_exec": "0", "cost": "0", "opentm": 1.5, "oflags": "fciq"}
    body = json.dumps({"error": [], "result": {"O1": row | fields}}).encode()
    found = parse.order(body, OrderId("O1"), parse.Names(markets))
    assert found is not None
    assert found.status is status
    assert found.quantity == (None if quantity is None else Decimal(quantity))


def test_a_fill_of_the_documentation(sample, markets):
    first, _ = parse.fills(sample("rest_trades_history.json"), parse.Names(markets))
    assert first == Fill(
        pair=Pair("BTC/USD"),
        trade_id="THVRQM-33VKH-UCI7BS",
        order_id=OrderId("OQCLML-BW3P3-BUCMWZ"),
        side=Side.BUY,
        price=Decimal(30010),
        quantity=Decimal("0.02"),
        fee=Decimal(0),
        fee_asset=Asset("USD"),
        role=LiquidityRole.MAKER,
        exchange_ns=1_688_667_796_880_200_000,
    )
