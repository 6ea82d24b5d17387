"""The private socket: how it is logged in to, and what each frame says."""

import hmac
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core import errors
from arb_core.structs.account import Balance
from arb_core.structs.book import SequenceRule
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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
NOW_NS = 1_700_000_000_123_456_789
ORDERS, FILLS, BALANCES = Topic(Feed.ORDERS), Topic(Feed.FILLS), Topic(Feed.BALANCES)
REFUSALS = (msgspec.MsgspecError, errors.WireError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""


@pytest.fixture
def changed(sample, hear_account):
    """Decode a sample whose one row has some fields changed."""

    def changed(name: str, **fields: Any) -> Any:
        message = msgspec.json.decode(sample(name))
        message["data"] = [message["data"][0] | fields]
        ((_, told),) = hear_account(msgspec.json.encode(message))
        return told

    return changed


# What is sent


async def test_ticket_is_the_plain_address(account_stream):
    ticket = await account_stream.ticket()
    assert (ticket.url, ticket.renew_every_ns) == ("wss://stream.bybit.com/v5/private", None)


async def test_login_comes_first_and_shows_no_secret(account_stream):
    ticket = await account_stream.ticket()
    (frame,) = account_stream.login(ticket, NOW_NS)
    expires = NOW_NS // MS + 10_000
    signature = hmac.digest(b"marked-secret-of-tests", f"GET/realtime{expires}".encode(), "sha256").hex()
    assert json.loads(frame) == {"op": "auth", "args": ["marked-key-of-tests", expires, signature]}
    assert "marked-secret" not in frame


@pytest.mark.parametrize(
    ("topic", "channel"), [(ORDERS, "order.spot"), (FILLS, "execution.spot"), (BALANCES, "wallet")]
)
def test_requests(account_stream, topic, channel):
    assert account_stream.channel(topic) == channel
    request = {"req_id": "7", "args": [channel]}
    assert json.loads(account_stream.subscribe([topic], 7, NOW_NS)) == request | {"op": "subscribe"}
    assert json.loads(account_stream.unsubscribe([topic], 7, NOW_NS)) == request | {"op": "unsubscribe"}
    assert json.loads(account_stream.ping(NOW_NS)) == {"op": "ping"}
    assert account_stream.book_rule.ids is SequenceRule.NONE


@pytest.mark.parametrize(
    "topic", [Topic(Feed.BOOK, Pair("BTCUSDT")), Topic(Feed.ORDERS, Pair("BTCUSDT")), Topic(Feed.QUOTE)]
)
def test_topic_that_is_not_offered_is_refused(account_stream, topic):
    with pytest.raises(ValueError, match="bybit"):
        account_stream.channel(topic)


# What is heard


def test_login_is_accepted_or_refused(hear_account, sample):
    assert hear_account(sample("ws_auth_ack.json")) == [("reply", None, "auth")]
    assert hear_account(sample("ws_auth_refused.json")) == [("refused", None, (), "Params Error")]
    assert hear_account(b'{"success":false,"op":"auth"}') == [("refused", None, (), "without a reason")]


def test_acknowledgement_is_told_by_its_id(hear_account, sample):
    assert hear_account(sample("ws_private_ack.json")) == [("ack", None)]
    ack = {"success": True, "ret_msg": "", "op": "subscribe", "conn_id": "x", "req_id": "7"}
    assert hear_account(msgspec.json.encode(ack)) == [("ack", 7)]
    assert hear_account(sample("ws_private_pong.json")) == [("pong",)]


def test_refusal_says_why(hear_account):
    refusal = {"success": False, "ret_msg": "Request not authorized", "op": "subscribe", "req_id": "7"}
    assert hear_account(msgspec.json.encode(refusal)) == [("refused", 7, (), "Request not authorized")]


def test_order(hear_account, sample):
    order = Order(
        pair=Pair("BTCUSDT"),
        order_id=OrderId("1523347543495541248"),
        client_order_id=ClientOrderId("a00000000000000001"),
        side=Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        status=OrderStatus.CANCELED,
        filled=Decimal("0.00799"),
        filled_quote=Decimal("199.75"),
        created_ns=1_746_270_400_350 * MS,
        updated_ns=1_746_270_400_353 * MS,
        reason="EC_CancelForNoFullFill",
    )
    assert hear_account(sample("ws_order_spot.json")) == [("order", order)]


def test_topic_of_all_kinds_reads_the_same(hear_account, sample):
    ((name, order),) = hear_account(sample("ws_order.json"))
    assert (name, order.status, order.filled, order.quantity) == ("order", OrderStatus.FILLED, 1, 1)
    ((name, fill),) = hear_account(sample("ws_execution.json"))
    assert (name, fill.fee, fill.fee_asset) == ("fill", Decimal("26.3725275"), "USDT")


def test_post_only_order_that_would_take_ends_with_a_reason(changed):
    order = changed(
        "ws_order_spot.json",
        orderType="Limit",
        timeInForce="PostOnly",
        orderStatus="Cancelled",
        rejectReason="EC_PostOnlyWillTakeLiquidity",
        price="25000",
        cumExecQty="0",
    )
    assert (order.type, order.time_in_force) == (OrderType.LIMIT, TimeInForce.POST_ONLY)
    assert (order.status, order.filled, order.reason) == (OrderStatus.CANCELED, 0, "EC_PostOnlyWillTakeLiquidity")


def test_order_that_a_cancel_came_too_late_for_is_filled_twice(changed):
    again = {"cancelType": "CancelByUser", "rejectReason": "EC_OrigClOrdIDDoesNotExist"}
    order = changed("ws_order_spot.json", orderStatus="Filled", **again)
    assert order.status is OrderStatus.FILLED


def test_fill(hear_account, sample):
    fill = Fill(
        pair=Pair("BTCUSDT"),
        trade_id="2100000000007764263",
        order_id=OrderId("1523347543495541248"),
        client_order_id=ClientOrderId("a00000000000000001"),
        side=Side.BUY,
        price=Decimal(25000),
        quantity=Decimal("0.00799"),
        fee=Decimal("0.00000799"),
        fee_asset=Asset("BTC"),
        role=LiquidityRole.TAKER,
        exchange_ns=1_746_270_400_353 * MS,
    )
    assert hear_account(sample("ws_execution_spot.json")) == [("fill", fill)]


def test_balances_are_those_that_changed(hear_account, sample):
    message = msgspec.json.decode(sample("ws_wallet.json"))
    (btc,) = message["data"][0]["coin"]
    message["data"][0]["coin"] = [btc, btc | {"coin": "USDT", "walletBalance": "100", "locked": "10"}]
    moment = 1_700_034_722_104 * MS
    assert hear_account(msgspec.json.encode(message)) == [
        ("balance", Balance(asset=Asset("BTC"), free=Decimal("0.00102964"), locked=Decimal(0), exchange_ns=moment)),
        ("balance", Balance(asset=Asset("USDT"), free=Decimal(90), locked=Decimal(10), exchange_ns=moment)),
    ]


def test_one_frame_may_tell_of_several(hear_account, sample):
    message = msgspec.json.decode(sample("ws_execution_spot.json"))
    message["data"] = [message["data"][0] | {"execId": name} for name in ("1", "2", "3")]
    assert [fill.trade_id for _, fill in hear_account(msgspec.json.encode(message))] == ["1", "2", "3"]


def test_frame_counts_whole_or_not_at_all(hear_account, sample):
    message = msgspec.json.decode(sample("ws_execution_spot.json"))
    message["data"] = [message["data"][0], message["data"][0] | {"execTime": None}]
    with pytest.raises(REFUSALS):
        hear_account(msgspec.json.encode(message))


@pytest.mark.parametrize("topic", ["position", "greeks", "order.linear", "execution.fast", "something new"])
def test_other_topics_are_passed_over(hear_account, topic):
    frame = msgspec.json.encode({"topic": topic, "creationTime": 1, "data": [{}]})
    assert hear_account(frame) == [("ignored", topic)]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"op":"auth"}',
        b'{"op":"subscribe"}',
        b'{"topic":"order.spot","data":{}}',
        b'{"topic":"order.spot","data":[{}]}',
        b'{"topic":"execution.spot"}',
        b'{"topic":"wallet","creationTime":1,"data":[{"coin":[{"coin":"BTC","walletBalance":"NaN"}]}]}',
        b'{"topic":"wallet","creationTime":1,"data":[{"coin":[{"coin":"BTC","walletBalance":1}]}]}',
        b'{"topic":"wallet","data":[{"coin":[]}]}',
    ],
)
def test_malformed_frame_is_refused(hear_account, frame):
    with pytest.raises(REFUSALS):
        hear_account(frame)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_told_or_refused(hear_account, frame):
    try:
        told = hear_account(frame)
    except REFUSALS:
        return
    assert {name for name, *_ in told} <= {"ack", "refused", "reply", "pong", "ignored", "order", "fill", "balance"}
