"""The private socket: the login, what is subscribed to, and what each frame says."""

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
NOW_NS = 1_611_541_000_999_000_000
ORDERS, FILLS, BALANCES = Topic(Feed.ORDERS), Topic(Feed.FILLS), Topic(Feed.BALANCES)
REFUSALS = (msgspec.MsgspecError, errors.WireError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""

OF_ORDERS = {"channel": "orders", "instType": "SPOT"}
OF_BALANCES = {"channel": "account", "extraParams": '{"updateInterval": "0"}'}


@pytest.fixture
def changed(sample, hear_account):
    """Decode the sample of an order whose one row has some fields changed."""

    def changed(**fields: Any) -> list[tuple[Any, ...]]:
        message = msgspec.json.decode(sample("ws_orders.json"))
        message["data"] = [message["data"][0] | fields]
        return hear_account(msgspec.json.encode(message))

    return changed


# What is sent


async def test_ticket_is_the_plain_address(account_stream):
    ticket = await account_stream.ticket()
    assert (ticket.url, ticket.renew_every_ns) == ("wss://ws.okx.com:8443/ws/v5/private", None)


async def test_login_comes_first_and_counts_whole_seconds(account_stream):
    (frame,) = account_stream.login(await account_stream.ticket(), NOW_NS)
    login = json.loads(frame)
    (args,) = login["args"]
    sign = account_stream._signer.signature(b"1611541000GET/users/self/verify")
    assert login["op"] == "login"
    assert args == {
        "apiKey": "marked-key-of-tests",
        "passphrase": "marked-passphrase-of-tests",
        "timestamp": "1611541000",
        "sign": sign,
    }
    assert "marked-secret" not in frame


@pytest.mark.parametrize(
    ("topic", "channel", "arg", "ends"),
    [
        (ORDERS, "orders", OF_ORDERS, "subscribe"),
        (FILLS, "orders tradeId", OF_ORDERS, "subscribe"),
        (BALANCES, "account", OF_BALANCES, "unsubscribe"),
    ],
)
def test_subscriptions(account_stream, topic, channel, arg, ends):
    assert account_stream.channel(topic) == channel
    assert json.loads(account_stream.subscribe([topic], 7, NOW_NS)) == {"id": "7", "op": "subscribe", "args": [arg]}
    # Orders and fills are one channel: to end it for one would end it for both.
    assert json.loads(account_stream.unsubscribe([topic], 8, NOW_NS)) == {"id": "8", "op": ends, "args": [arg]}


def test_ping_is_bare_text_and_there_is_no_book(account_stream, hear_account):
    assert account_stream.ping(NOW_NS) == "ping"
    assert hear_account(b"pong") == [("pong",)]
    assert account_stream.book_rule.ids is SequenceRule.NONE


@pytest.mark.parametrize(
    "topic", [Topic(Feed.BOOK, Pair("BTC-USDT")), Topic(Feed.ORDERS, Pair("BTC-USDT")), Topic(Feed.QUOTE)]
)
def test_topic_that_is_not_offered_is_refused(account_stream, topic):
    with pytest.raises(ValueError, match="okx"):
        account_stream.channel(topic)


# What comes


def test_login_is_answered(hear_account, sample):
    assert hear_account(sample("ws_login.json")) == [("reply", None, None)]


def test_login_is_refused(hear_account, sample):
    assert hear_account(sample("ws_login_error.json")) == [("refused", None, (), "code 60009: Login failed.")]
    assert hear_account(b'{"event":"login","code":"60024","msg":"Wrong passphrase"}') == [
        ("refused", None, (), "code 60024: Wrong passphrase")
    ]


def test_acknowledgement_means_its_request(hear_account, sample):
    assert hear_account(sample("ws_orders_ack.json")) == [("ack", 1512, ())]
    assert hear_account(sample("ws_account_ack.json")) == [("ack", 1512, ())]


def test_acknowledgement_without_an_id_means_its_channel(hear_account):
    frame = {"event": "subscribe", "arg": {"channel": "orders", "instType": "SPOT"}}
    assert hear_account(msgspec.json.encode(frame)) == [("ack", None, ("orders", "orders tradeId"))]


def test_one_connection_too_many_ends_the_subscription(hear_account, sample):
    assert hear_account(sample("ws_channel_conn_count.json")) == [("ignored", "channel-conn-count")]
    ((name, request_id, channels, _),) = hear_account(sample("ws_channel_conn_count_error.json"))
    assert (name, request_id, channels) == ("refused", None, ("orders", "orders tradeId"))


def test_fill_comes_before_its_order(hear_account, sample):
    assert hear_account(sample("ws_orders.json")) == [
        (
            "fill",
            Fill(
                pair=Pair("BTC-USDT"),
                trade_id="242589207",
                order_id=OrderId("452197707845865472"),
                side=Side.SELL,
                price=Decimal("31527.1"),
                quantity=Decimal("0.001"),
                fee=Decimal("0.02522168"),
                fee_asset=Asset("USDT"),
                role=LiquidityRole.MAKER,
                exchange_ns=1_654_084_353_263 * MS,
            ),
        ),
        (
            "order",
            Order(
                pair=Pair("BTC-USDT"),
                order_id=OrderId("452197707845865472"),
                side=Side.SELL,
                type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                status=OrderStatus.FILLED,
                price=Decimal("31527.1"),
                quantity=Decimal("0.001"),
                filled=Decimal("0.001"),
                created_ns=1_654_084_334_977 * MS,
                updated_ns=1_654_084_353_264 * MS,
            ),
        ),
    ]


def test_event_without_a_trade_is_no_fill(changed):
    ((name, order),) = changed(
        tradeId="",
        fillSz="0",
        fillPx="",
        fillTime="",
        state="canceled",
        accFillSz="0.0004",
        cancelSource="14",
        clOrdId="a1",
    )
    assert (name, order.status, order.filled) == ("order", OrderStatus.CANCELED, Decimal("0.0004"))
    assert (order.reason, order.client_order_id) == ("cancelSource 14", ClientOrderId("a1"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"fillFee": "0.01", "fillFeeCcy": "BTC"}, (Decimal("-0.01"), "BTC")),
        ({"fillFee": "", "fillFeeCcy": ""}, (None, None)),
    ],
)
def test_fee_of_this_fill(changed, fields, told):
    (_, fill), _ = changed(**fields)
    assert (fill.fee, fill.fee_asset) == told


@pytest.mark.parametrize("fields", [{"fillPx": ""}, {"fillSz": None}, {"fillTime": ""}])
def test_fill_of_which_something_is_missing_is_refused(changed, fields):
    with pytest.raises(REFUSALS):
        changed(**fields)


def test_balance_is_free_and_locked(hear_account, sample):
    assert hear_account(sample("ws_account.json")) == [
        (
            "balance",
            Balance(
                asset=Asset("USDT"),
                free=Decimal("4734.371190691436"),
                locked=Decimal("158.57998"),
                exchange_ns=1_705_564_213_903 * MS,
            ),
        )
    ]


def test_one_frame_may_tell_of_several(hear_account, sample):
    message = msgspec.json.decode(sample("ws_orders.json"))
    message["data"] = [message["data"][0] | {"ordId": name, "tradeId": ""} for name in ("1", "2", "3")]
    told = hear_account(msgspec.json.encode(message))
    assert [order.order_id for _, order in told] == ["1", "2", "3"]


def test_frame_counts_whole_or_not_at_all(hear_account, sample):
    message = msgspec.json.decode(sample("ws_orders.json"))
    message["data"] = [message["data"][0], message["data"][0] | {"instId": None}]
    with pytest.raises(REFUSALS):
        hear_account(msgspec.json.encode(message))


def test_other_channels_are_passed_over(hear_account):
    frame = b'{"arg":{"channel":"balance_and_position","uid":"7"},"data":[{"balData":[]}]}'
    assert hear_account(frame) == [("ignored", "balance_and_position")]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"arg":{"channel":"orders"},"data":{}}',
        b'{"arg":{"channel":"orders"},"data":[{}]}',
        b'{"arg":{"channel":"orders"}}',
        b'{"arg":{"channel":"account"},"data":[{"details":[{"ccy":"BTC","availBal":"-1","frozenBal":"0"}]}]}',
        b'{"arg":{"channel":"account"},"data":[{"details":[{"ccy":"BTC","availBal":"NaN","frozenBal":"0"}]}]}',
        b'{"arg":{"channel":"account"},"data":[{"details":[{"ccy":"BTC","availBal":1,"frozenBal":"0"}]}]}',
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
