"""The account's socket: its token, what is sent, and what each event of an order says."""

import json
from decimal import Decimal

import msgspec
import pytest
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
from arb_core.structs.stream import Feed, Topic
from arb_kraken import card

REFUSALS = (msgspec.MsgspecError, ValueError, LookupError, ArithmeticError)
TOKEN = "1Dwc4lzSwNWOAwkMdqhssNNFhs1ed606d1WcF3XfEMw"


def event(**fields: object) -> bytes:
    """Make a frame of one event."""
    told: dict[str, object] = {
        "order_id": "O1",
        "exec_type": "trade",
        "order_status": "partially_filled",
        "timestamp": "2023-09-22T10:33:05.709950Z",
        "symbol": "BTC/USD",
        "side": "buy",
        "exec_id": "T1",
        "last_qty": 0.5,
        "last_price": 100.0,
        "liquidity_ind": "m",
        "fees": [{"asset": "USD", "qty": 0.05}],
    }
    return msgspec.json.encode({"channel": "executions", "type": "update", "data": [told | fields], "sequence": 3})


async def test_a_token_opens_the_socket_and_every_subscription(account_stream, wire, sample, left):
    wire.answers = [(200, sample("rest_get_websockets_token.json"))]
    ticket = await account_stream.ticket()
    assert (ticket.url, ticket.token) == (card.CARD.hosts.ws_private, TOKEN)
    assert TOKEN not in repr(ticket)
    assert left() == [("/0/private/GetWebSocketsToken", {})]
    sent = json.loads(account_stream.subscribe([Topic(Feed.ORDERS)], 7, 0))
    params = {"channel": "executions", "snap_orders": True, "snap_trades": False, "token": TOKEN}
    assert sent == {"method": "subscribe", "params": params, "req_id": 7}


def test_both_feeds_are_one_channel_and_have_two_names(account_stream):
    names = [account_stream.channel(Topic(feed)) for feed in (Feed.ORDERS, Feed.FILLS)]
    assert len(set(names)) == 2
    assert json.loads(account_stream.unsubscribe([Topic(Feed.FILLS)], 8, 0)) == {"method": "ping", "req_id": 8}


@pytest.mark.parametrize("topic", [Topic(Feed.BALANCES), Topic(Feed.BOOK), Topic(Feed.ORDERS, Pair("BTC/USD"))])
def test_topic_that_is_not_offered_is_refused(account_stream, topic):
    with pytest.raises(ValueError, match="kraken"):
        account_stream.channel(topic)


def test_answers(hear_account, sample):
    assert hear_account(sample("ws_executions_ack.json")) == [("ack", None, [])]
    assert hear_account(sample("ws_executions_refused.json")) == [("ticket_lost", "ESession:Invalid session")]
    assert hear_account(b'{"method":"pong","req_id":8}') == [("pong",), ("ack", 8)]
    refusal = b'{"error":"EService:Unavailable","method":"subscribe","success":false,"req_id":5}'
    assert hear_account(refusal) == [("refused", 5, [], "EService:Unavailable")]
    again = b'{"error":"Already subscribed","method":"subscribe","success":false,"req_id":6}'
    assert hear_account(again) == [("ack", 6, [])]


def test_the_first_event_says_everything(hear_account, sample):
    ((call, order),) = hear_account(sample("ws_executions_pending_new.json"))
    assert call == "order"
    assert order == Order(
        pair=Pair("BTC/USD"),
        order_id=OrderId("OK4GJX-KSTLS-7DZZO5"),
        side=Side.SELL,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        status=OrderStatus.OPEN,
        price=Decimal("26500.0"),
        quantity=Decimal("0.005"),
        filled_quote=Decimal(0),
        created_ns=1_695_378_785_709_950_000,
        updated_ns=1_695_378_785_709_950_000,
    )


def test_later_ones_say_no_more_than_they_do(hear_account):
    frame = b'{"channel":"executions","type":"update","data":[{"timestamp":"2026-01-22T06:06:19.833306Z","order_status":"new","exec_type":"new","cl_ord_id":"a00000000000000001","order_id":"O1"}],"sequence":3}'
    ((_, order),) = hear_account(frame)
    assert order == Order(
        pair=Pair(""),
        order_id=OrderId("O1"),
        client_order_id=ClientOrderId("a00000000000000001"),
        status=OrderStatus.OPEN,
        updated_ns=1_769_061_979_833_306_000,
    )


def test_a_fill_is_told_before_what_became_of_its_order(hear_account, sample):
    (call, fill), (then, order) = hear_account(sample("ws_executions_trade.json"))
    assert (call, then) == ("fill", "order")
    assert fill == Fill(
        pair=Pair("USDC/USD"),
        trade_id="T5DIUI-5N4KO-Z5BPXK",
        order_id=OrderId("O6NTZC-K6FRH-ATWBCK"),
        side=Side.SELL,
        price=Decimal("1.0002"),
        quantity=Decimal("15.44"),
        fee=Decimal("0.03"),
        fee_asset=Asset("USD"),
        role=LiquidityRole.TAKER,
        exchange_ns=1_697_464_931_325_106_000,
    )
    assert (order.status, order.type, order.filled) == (OrderStatus.FILLED, OrderType.MARKET, None)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending_new", OrderStatus.OPEN),
        ("new", OrderStatus.OPEN),
        ("partially_filled", OrderStatus.PARTIALLY_FILLED),
        ("filled", OrderStatus.FILLED),
        ("canceled", OrderStatus.CANCELED),
        ("expired", OrderStatus.CANCELED),
        ("triggered", OrderStatus.UNKNOWN),
        (None, OrderStatus.UNKNOWN),
    ],
)
def test_status(hear_account, status, expected):
    ((_, order),) = hear_account(event(exec_type="status", order_status=status))
    assert order.status is expected


def test_a_fee_in_two_assets_is_not_known(hear_account):
    two = [{"asset": "USD", "qty": 1}, {"asset": "BTC", "qty": 2}]
    assert [hear_account(event(fees=fees))[0][1].fee for fees in (two, [], None)] == [None, None, None]


def test_a_post_only_order_is_known_by_its_flag(hear_account):
    ((_, order),) = hear_account(event(exec_type="new", post_only=True, time_in_force="GTC"))
    assert order.time_in_force is TimeInForce.POST_ONLY


@pytest.mark.parametrize(
    "fields",
    [
        {"exec_id": None},
        {"last_qty": None},
        {"last_price": None},
        {"symbol": None},
        {"last_qty": -1},
        {"last_price": "NaN"},
        {"cum_qty": "Infinity"},
        {"fees": [{"asset": "USD"}]},
        {"order_id": None},
        {"timestamp": None},
    ],
    ids=str,
)
def test_a_malformed_event_is_refused(hear_account, fields):
    with pytest.raises(REFUSALS):
        hear_account(event(**fields))


def test_other_channels_are_passed_over(hear_account):
    assert hear_account(b'{"channel":"heartbeat"}') == [("ignored", "heartbeat")]
    assert hear_account(b'{"channel":"balances","type":"update","data":[],"sequence":2}') == [("ignored", "balances")]
