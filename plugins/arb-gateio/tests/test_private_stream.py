"""The private socket: how a subscription is signed, and what each frame says."""

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
from arb_gateio.sign import Signer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
NOW_NS = 1_611_541_000_999_000_000
ORDERS, FILLS, BALANCES = Topic(Feed.ORDERS), Topic(Feed.FILLS), Topic(Feed.BALANCES)
REFUSALS = (msgspec.MsgspecError, errors.WireError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""


@pytest.fixture
def changed(sample, hear_account):
    """Decode a sample whose one row has some fields changed."""

    def changed(name: str, **fields: Any) -> Any:
        message = msgspec.json.decode(sample(name))
        message["result"] = [message["result"][0] | fields]
        ((_, told),) = hear_account(msgspec.json.encode(message))
        return told

    return changed


# What is sent


async def test_ticket_is_the_plain_address(account_stream):
    ticket = await account_stream.ticket()
    assert (ticket.url, ticket.renew_every_ns) == ("wss://api.gateio.ws/ws/v4/", None)


@pytest.mark.parametrize(
    ("topic", "channel", "payload"),
    [
        (ORDERS, "spot.orders", {"payload": ["!all"]}),
        (FILLS, "spot.usertrades", {"payload": ["!all"]}),
        (BALANCES, "spot.balances", {}),
    ],
)
def test_each_subscription_is_signed(account_stream, topic, channel, payload):
    assert account_stream.channel(topic) == channel
    credentials = account_stream._signer
    for event, frame in (
        ("subscribe", account_stream.subscribe([topic], 7, NOW_NS)),
        ("unsubscribe", account_stream.unsubscribe([topic], 7, NOW_NS)),
    ):
        signature = credentials.signature(f"channel={channel}&event={event}&time=1611541000".encode())
        auth = {"method": "api_key", "KEY": "marked-key-of-tests", "SIGN": signature}
        expected = {"time": 1611541000, "id": 7, "channel": channel, "event": event, "auth": auth}
        assert json.loads(frame) == expected | payload
        assert "marked-secret" not in frame


def test_signature_is_made_by_the_same_signer(account_stream):
    assert isinstance(account_stream._signer, Signer)
    assert json.loads(account_stream.ping(NOW_NS)) == {"time": 1611541000, "channel": "spot.ping"}
    assert account_stream.book_rule.ids is SequenceRule.NONE


@pytest.mark.parametrize(
    "topic", [Topic(Feed.BOOK, Pair("BTC_USDT")), Topic(Feed.ORDERS, Pair("BTC_USDT")), Topic(Feed.QUOTE)]
)
def test_topic_that_is_not_offered_is_refused(account_stream, topic):
    with pytest.raises(ValueError, match="gateio"):
        account_stream.channel(topic)


# What is heard


def test_acknowledgement_names_the_channel_whatever_its_payload(hear_account, sample):
    assert hear_account(sample("ws_spot_orders_subscribe_ack.json")) == [("ack", None, ["spot.orders"])]
    newer = b'{"time":1,"id":7,"channel":"spot.balances","event":"subscribe","payload":["!all"],"result":{"status":"success"}}'
    assert hear_account(newer) == [("ack", 7, ["spot.balances"])]
    assert hear_account(sample("ws_spot_pong.json")) == [("pong",)]


def test_refusal(hear_account):
    text = r'{"label":"INVALID_KEY","message":"Invalid key provided"}' + "\n"
    refusal = {
        "time": 1, "id": 7, "channel": "spot.orders", "event": "subscribe", "error": {"code": 4, "message": text},
        "result": {"status": "fail"},
    }  # fmt: skip
    assert hear_account(msgspec.json.encode(refusal)) == [("refused", 7, ["spot.orders"], f"code 4: {text}")]
    refusal |= {"error": None}
    assert hear_account(msgspec.json.encode(refusal)) == [("refused", 7, ["spot.orders"], "status fail")]


def test_new_order(hear_account, sample):
    assert hear_account(sample("ws_spot_orders_update.json")) == [
        (
            "order",
            Order(
                pair=Pair("BTC_USDT"),
                order_id=OrderId("399123456"),
                client_order_id=ClientOrderId("testtext"),
                side=Side.SELL,
                type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                status=OrderStatus.OPEN,
                price=Decimal("26253.3"),
                quantity=Decimal("0.0001"),
                filled=Decimal(0),  # its filled_amount, 812.8, is an error of the documentation
                filled_quote=Decimal(0),
                created_ns=1_694_655_225_315 * MS,
                updated_ns=1_694_655_225_315 * MS,
            ),
        )
    ]


@pytest.mark.parametrize(
    ("fields", "status", "filled"),
    [
        ({"event": "update", "left": "0.00004"}, OrderStatus.PARTIALLY_FILLED, "0.00006"),
        ({"event": "finish", "left": "0", "finish_as": "filled"}, OrderStatus.FILLED, "0.0001"),
        ({"event": "finish", "left": "0.00004", "finish_as": "cancelled"}, OrderStatus.CANCELED, "0.00006"),
        ({"event": "finish", "left": "0.0001", "finish_as": "ioc"}, OrderStatus.CANCELED, "0"),
        ({"event": "finish", "left": "0", "finish_as": "-"}, OrderStatus.FILLED, "0.0001"),
        ({"event": "something"}, OrderStatus.UNKNOWN, "0"),
    ],
)
def test_event_and_remainder_stand_for_the_status(changed, fields, status, filled):
    order = changed("ws_spot_orders_update.json", **fields)
    assert (order.status, order.filled) == (status, Decimal(filled))


def test_fill_without_fee_currency_is_paid_in_what_was_received(hear_account, sample):
    assert hear_account(sample("ws_spot_usertrades_update.json")) == [
        (
            "fill",
            Fill(
                pair=Pair("BTC_USDT"),
                trade_id="5736713",
                order_id=OrderId("30784428"),
                side=Side.SELL,
                price=Decimal(10000),
                quantity=Decimal(1),
                fee=Decimal("0.002"),
                fee_asset=Asset("USDT"),
                role=LiquidityRole.TAKER,
                exchange_ns=1_605_176_741_123_456_000,
            ),
        )
    ]


def test_balance_is_free_and_locked(hear_account, sample):
    assert hear_account(sample("ws_spot_balances_update.json")) == [
        (
            "balance",
            Balance(
                asset=Asset("USDT"),
                free=Decimal("222244.3827"),
                locked=Decimal(5),
                exchange_ns=1_667_556_323_730 * MS,
            ),
        )
    ]


def test_one_frame_may_tell_of_several(hear_account, sample):
    message = msgspec.json.decode(sample("ws_spot_orders_update.json"))
    message["result"] = [message["result"][0] | {"id": name} for name in ("1", "2", "3")]
    told = hear_account(msgspec.json.encode(message))
    assert [order.order_id for _, order in told] == ["1", "2", "3"]


def test_frame_counts_whole_or_not_at_all(hear_account, sample):
    message = msgspec.json.decode(sample("ws_spot_usertrades_update.json"))
    message["result"] = [message["result"][0], message["result"][0] | {"currency_pair": None}]
    with pytest.raises(REFUSALS):
        hear_account(msgspec.json.encode(message))


def test_other_channels_are_passed_over(hear_account, sample):
    assert hear_account(sample("ws_spot_trades_update.json")) == [("ignored", "spot.trades")]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"channel":"spot.orders","event":"update","result":{}}',
        b'{"channel":"spot.orders","event":"update","result":[{}]}',
        b'{"channel":"spot.usertrades","event":"update"}',
        b'{"channel":"spot.balances","event":"update","result":[{"currency":"BTC","available":"-1","freeze":"0"}]}',
        b'{"channel":"spot.balances","event":"update","result":[{"currency":"BTC","available":"NaN","freeze":"0"}]}',
        b'{"channel":"spot.balances","event":"update","result":[{"currency":"BTC","available":1,"freeze":"0"}]}',
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
    assert {name for name, *_ in told} <= {"ack", "refused", "pong", "ignored", "order", "fill", "balance"}
