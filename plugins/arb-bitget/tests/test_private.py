"""An account by request: what leaves, byte for byte, and what is made of the venue's answers."""

import json
from decimal import Decimal
from typing import Any

import pytest
from arb_bitget import card, parse
from arb_core import errors
from arb_core.structs.account import KeyPermissions, TradingFees
from arb_core.structs.card import Capability, Endpoint
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import (
    ClientOrderId,
    OrderAck,
    OrderId,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)

BTC = Symbol("BTC", "USDT")
OURS = ClientOrderId("a00000000000000001")
NOW_MS = 1_700_000_000_123
SINCE_NS = 1_690_000_000_000_000_000
TRADE = "/api/v2/spot/trade"


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


def answered(data: object) -> bytes:
    return json.dumps({"code": "00000", "msg": "success", "requestTime": 1, "data": data}).encode()


LIMIT = {"orderType": "limit", "side": "buy", "price": "65000", "size": "0.001", "force": "gtc"}


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (limit(), LIMIT),
        (limit(side=Side.SELL), LIMIT | {"side": "sell"}),
        (limit(time_in_force=TimeInForce.IOC), LIMIT | {"force": "ioc"}),
        (limit(time_in_force=TimeInForce.FOK), LIMIT | {"force": "fok"}),
        (limit(time_in_force=TimeInForce.POST_ONLY), LIMIT | {"force": "post_only"}),
        (limit(price=Decimal("1E-8")), LIMIT | {"price": "0.00000001"}),
        (market(quote_quantity=Decimal("10.50")), {"orderType": "market", "side": "buy", "size": "10.5"}),
        (market(side=Side.SELL, quantity=Decimal(2)), {"orderType": "market", "side": "sell", "size": "2"}),
    ],
)
async def test_order_in_the_words_of_the_venue(private, *, wire, left, sample, order, words):
    wire.answers = [(200, sample("rest_place_order.json"))]
    ack = await private.place_order(order)
    ((method, path, query, body),) = left()
    assert (method, path, query) == ("POST", f"{TRADE}/place-order", "")
    assert json.loads(body) == {"clientOid": OURS, "symbol": "BTCUSDT"} | words
    assert ack == OrderAck(order_id=OrderId("121211212122"), status=OrderStatus.UNKNOWN, filled=None)


@pytest.mark.parametrize(
    "order",
    [
        limit(quantity=None, quote_quantity=Decimal(10)),
        limit(side=Side.UNKNOWN),
        limit(type=OrderType.UNKNOWN),
        limit(time_in_force=TimeInForce.UNKNOWN),
        market(quantity=Decimal(1)),
        market(side=Side.SELL, quote_quantity=Decimal(1)),
        market(quote_quantity=Decimal(1), time_in_force=TimeInForce.FOK),
    ],
)
async def test_order_that_the_venue_has_no_words_for_is_not_sent(private, wire, order):
    with pytest.raises(errors.InvalidOrder, match="not sent"):
        await private.place_order(order)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("call", "name", "method", "path", "query", "body"),
    [
        (lambda p: p.get_balances(), "rest_assets", "GET", "/api/v2/spot/account/assets", "", b""),
        (lambda p: p.get_trading_fees(BTC), "rest_trade_rate", "GET", "/api/v2/common/trade-rate", "businessType=spot&symbol=BTCUSDT", b""),
        (lambda p: p.cancel_order(BTC, order_id="7"), "rest_cancel_order", "POST", f"{TRADE}/cancel-order", "", b'{"symbol":"BTCUSDT","orderId":"7"}'),
        (lambda p: p.cancel_order(BTC, client_order_id=OURS), "rest_cancel_order", "POST", f"{TRADE}/cancel-order", "", f'{{"symbol":"BTCUSDT","clientOid":"{OURS}"}}'.encode()),
        (lambda p: p.cancel_all_orders(BTC), "rest_cancel_symbol_order", "POST", f"{TRADE}/cancel-symbol-order", "", b'{"symbol":"BTCUSDT"}'),
        (lambda p: p.get_order(BTC, order_id="7"), "rest_order_info", "GET", f"{TRADE}/orderInfo", "orderId=7", b""),
        (lambda p: p.get_order(BTC, client_order_id=OURS), "rest_order_info", "GET", f"{TRADE}/orderInfo", f"clientOid={OURS}", b""),
        (lambda p: p.get_open_orders(), "rest_unfilled_orders", "GET", f"{TRADE}/unfilled-orders", "limit=100", b""),
        (lambda p: p.get_open_orders(BTC), "rest_unfilled_orders", "GET", f"{TRADE}/unfilled-orders", "limit=100&symbol=BTCUSDT", b""),
        (lambda p: p.get_fills(BTC, SINCE_NS, order_id="7"), "rest_trade_fills", "GET", f"{TRADE}/fills", "limit=100&orderId=7&startTime=1692224060123&symbol=BTCUSDT", b""),
    ],
)  # fmt: skip
async def test_request_in_the_words_of_the_venue(private, *, wire, left, sample, call, name, method, path, query, body):
    wire.answers = [(200, sample(f"{name}.json"))]
    await call(private)
    assert left() == [(method, path, query, body)]


async def test_fees_and_permissions(private, wire, sample):
    wire.answers = [(200, sample("rest_trade_rate.json")), (200, sample("rest_assets.json"))]
    assert await private.get_trading_fees(BTC) == TradingFees(maker=Decimal("0.001"), taker=Decimal("0.001"))
    assert await private.get_permissions() == KeyPermissions(read=True)


async def test_an_order_that_the_list_lacks_is_not_there(private, wire):
    wire.answers = [(200, answered([]))]
    with pytest.raises(errors.OrderNotFound):
        await private.get_order(BTC, client_order_id=OURS)


async def test_nothing_to_cancel_is_no_failure(private, wire):
    wire.answers = [(400, b'{"code":"22001","msg":"No order to cancel","requestTime":1,"data":null}')]
    await private.cancel_all_orders(BTC)


@pytest.mark.parametrize("named", [{}, {"order_id": "7", "client_order_id": OURS}])
async def test_order_is_named_by_one_id(private, wire, named):
    with pytest.raises(ValueError, match="exactly one"):
        await private.get_order(BTC, **named)
    assert wire.sent == []


async def test_an_answer_that_is_lost_leaves_the_outcome_unknown(private, wire):
    wire.lost = True
    with pytest.raises(errors.OutcomeUnknown):
        await private.place_order(limit())
    assert len(wire.sent) == 1


async def test_a_timeout_of_theirs_leaves_the_outcome_unknown(private, wire):
    wire.answers = [(400, b'{"code":"40010","msg":"Request timed out","requestTime":1,"data":null}')]
    with pytest.raises(errors.OutcomeUnknown):
        await private.place_order(limit())


def row(order_id: int, **fields: str) -> dict[str, str]:
    order = {
        "symbol": "BTCUSDT",
        "orderId": str(order_id),
        "clientOid": f"c{order_id}",
        "priceAvg": "25000",
        "price": "25000",
        "size": "0.2",
        "orderType": "limit",
        "side": "buy",
        "status": "live",
        "baseVolume": "0",
        "quoteVolume": "0",
        "cTime": str(NOW_MS + order_id),
        "uTime": str(NOW_MS + order_id),
    }
    return order | fields


async def test_lists_are_read_page_by_page_and_each_row_once(private, wire, left):
    first, second = [row(number) for number in range(200, 100, -1)], [row(number) for number in range(101, 90, -1)]
    wire.answers = [(200, answered(first)), (200, answered(second))]
    found = await private.get_open_orders(BTC)
    assert [int(order.order_id) for order in found] == list(range(200, 90, -1))
    assert [query for _, _, query, _ in left()] == [
        "limit=100&symbol=BTCUSDT",
        "idLessThan=102&limit=100&symbol=BTCUSDT",
    ]


async def test_both_executions_of_a_trade_with_oneself_are_kept_across_pages(private, wire):
    def fill(trade_id: int, order_id: int) -> dict[str, Any]:
        return {
            "symbol": "BTCUSDT",
            "orderId": str(order_id),
            "tradeId": str(trade_id),
            "side": "buy",
            "priceAvg": "1",
            "size": "1",
            "tradeScope": "taker",
            "cTime": str(trade_id),
            "feeDetail": {"feeCoin": "BTC", "totalFee": "-0.1"},
        }

    first = [fill(number, 1) for number in range(200, 100, -1)]
    wire.answers = [(200, answered(first)), (200, answered([fill(101, 1), fill(101, 2)]))]
    found = await private.get_fills(BTC, 0)
    assert len(found) == 101
    assert {fill.order_id for fill in found if fill.trade_id == "101"} == {"1", "2"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "live"}, OrderStatus.OPEN),
        ({"status": "init"}, OrderStatus.OPEN),
        ({"status": "new"}, OrderStatus.OPEN),
        ({"status": "live", "baseVolume": "0.1"}, OrderStatus.PARTIALLY_FILLED),
        ({"status": "partially_filled", "baseVolume": "0.1"}, OrderStatus.PARTIALLY_FILLED),
        ({"status": "filled", "baseVolume": "0.2"}, OrderStatus.FILLED),
        ({"status": "cancelled", "baseVolume": "0.1"}, OrderStatus.CANCELED),
        ({"status": "something new"}, OrderStatus.UNKNOWN),
    ],
)
def test_where_an_order_stands(fields, status):
    assert parse.order(answered([row(7, **fields)])).status is status


def test_price_of_an_open_order_stands_elsewhere():
    shown = row(7, priceAvg="25000")
    del shown["price"]
    (found,) = parse.open_orders(answered([shown]))
    assert found.price == 25000
    ended = parse.order(answered([row(7, price="26000", priceAvg="25000")]))
    assert ended.price == 26000


def test_a_market_order_that_buys_has_no_quantity_and_no_price():
    found = parse.order(answered([row(7, orderType="market", size="10", price="0", baseVolume="0.1", status="filled")]))
    assert (found.type, found.quantity, found.price, found.filled) == (OrderType.MARKET, None, None, Decimal("0.1"))
    sold = parse.order(answered([row(7, orderType="market", side="sell", size="10", price="0")]))
    assert sold.quantity == 10


def test_what_is_charged_is_above_zero_and_a_rebate_below():
    shown = {
        "symbol": "BTCUSDT",
        "orderId": "1",
        "tradeId": "2",
        "side": "sell",
        "priceAvg": "1",
        "size": "1",
        "tradeScope": "maker",
        "cTime": "1",
    }
    fees = [{"feeCoin": "USDT", "totalFee": total} for total in ("-0.5", "0.1", "", "0")]
    found = parse.fills(answered([shown | {"feeDetail": fee} for fee in fees]))
    assert [fill.fee for fill in found] == [Decimal("0.5"), Decimal("-0.1"), None, 0]


def test_every_claim_has_a_call():
    endpoints = [value for value in vars(card).values() if isinstance(value, Endpoint)]
    assert all(endpoint.idempotent for endpoint in endpoints if endpoint is not card.PLACE)
    assert Capability.MODIFY_ORDER not in card.CARD.capabilities
