"""The private socket: how its one subscription is signed, and what each frame says."""

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
NOW_NS = 1_747_385_641_636_000_000
ORDERS, FILLS, BALANCES = Topic(Feed.ORDERS), Topic(Feed.FILLS), Topic(Feed.BALANCES)
OURS = ClientOrderId("a00000000000000001")
REFUSALS = (msgspec.MsgspecError, errors.WireError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""


@pytest.fixture
def changed(sample, hear_account):
    """Decode a report that has some fields changed."""

    def changed(name: str = "ws_execution_report_new.json", **fields: Any) -> Any:
        message = msgspec.json.decode(sample(name))
        message["event"] |= fields
        return hear_account(msgspec.json.encode(message))

    return changed


# What is sent


async def test_ticket_is_the_websocket_api(account_stream):
    ticket = await account_stream.ticket()
    assert (ticket.url, ticket.renew_every_ns) == ("wss://ws-api.binance.com:443/ws-api/v3", None)


def test_one_signed_subscription_carries_every_feed(account_stream):
    signature = account_stream._signer.signature(b"apiKey=marked-key-of-tests&timestamp=1747385641636")
    for topics in ([ORDERS], [ORDERS, FILLS, BALANCES]):
        frame = account_stream.subscribe(topics, 7, NOW_NS)
        params = {"apiKey": "marked-key-of-tests", "timestamp": 1747385641636, "signature": signature}
        assert json.loads(frame) == {"id": 7, "method": "userDataStream.subscribe.signature", "params": params}
        assert "marked-secret" not in frame


def test_end_of_one_feed_does_not_end_the_others(account_stream):
    assert json.loads(account_stream.unsubscribe([FILLS], 8, NOW_NS))["method"] == "session.subscriptions"


def test_names_are_distinct(account_stream):
    assert len({account_stream.channel(topic) for topic in (ORDERS, FILLS, BALANCES)}) == 3
    assert account_stream.ping(NOW_NS) is None
    assert account_stream.book_rule.ids is SequenceRule.NONE


@pytest.mark.parametrize(
    "topic", [Topic(Feed.BOOK, Pair("BTCUSDT")), Topic(Feed.ORDERS, Pair("BTCUSDT")), Topic(Feed.QUOTE)]
)
def test_topic_that_is_not_offered_is_refused(account_stream, topic):
    with pytest.raises(ValueError, match="binance"):
        account_stream.channel(topic)


# What is heard


def test_answers(hear_account, sample):
    assert hear_account(sample("ws_user_data_ack.json")) == [("ack", 1)]
    refused = [("refused", 1, (), "code -1022: Signature for this request is not valid.")]
    assert hear_account(sample("ws_user_data_refused.json")) == refused


def test_subscription_that_runs_already_is_acknowledged(hear_account):
    assert hear_account(b'{"id":9,"status":400,"error":{"code":-2035,"msg":"no second subscription"}}') == [("ack", 9)]


def test_new_order(hear_account, sample):
    assert hear_account(sample("ws_execution_report_new.json")) == [
        (
            "order",
            Order(
                pair=Pair("ETHBTC"),
                order_id=OrderId("4293153"),
                client_order_id=OURS,
                side=Side.BUY,
                type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                status=OrderStatus.OPEN,
                price=Decimal("0.10264410"),
                quantity=Decimal(1),
                filled=Decimal(0),
                filled_quote=Decimal(0),
                created_ns=1_499_405_658_657 * MS,
                updated_ns=1_499_405_658_657 * MS,
            ),
        )
    ]


def test_trade_is_a_fill_and_then_a_change_of_its_order(hear_account, sample):
    (fill_said, fill), (order_said, order) = hear_account(sample("ws_execution_report_trade.json"))
    assert (fill_said, order_said) == ("fill", "order")
    assert fill == Fill(
        pair=Pair("ETHBTC"),
        trade_id="77517",
        order_id=OrderId("4293153"),
        client_order_id=OURS,
        side=Side.BUY,
        price=Decimal("0.102644"),
        quantity=Decimal("0.4"),
        fee=Decimal("0.0004"),
        fee_asset=Asset("ETH"),
        role=LiquidityRole.TAKER,
        exchange_ns=1_499_405_658_849 * MS,
    )
    assert (order.status, order.filled, order.filled_quote) == (
        OrderStatus.PARTIALLY_FILLED,
        Decimal("0.4"),
        Decimal("0.0410576"),
    )


def test_cancelled_order_keeps_its_own_id(hear_account, sample):
    ((_, order),) = hear_account(sample("ws_execution_report_canceled.json"))
    assert (order.client_order_id, order.status, order.filled) == (OURS, OrderStatus.CANCELED, Decimal("0.4"))


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        (
            {"x": "EXPIRED", "X": "EXPIRED", "eR": "UNFILLED_IOC_QUANTITY_EXPIRED"},
            OrderStatus.CANCELED,
            "UNFILLED_IOC_QUANTITY_EXPIRED",
        ),
        ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, OrderStatus.CANCELED, None),
        (
            {"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"},
            OrderStatus.REJECTED,
            "INSUFFICIENT_BALANCES",
        ),
        ({"x": "REPLACED", "X": "NEW"}, OrderStatus.OPEN, None),
        ({"X": "SOMETHING"}, OrderStatus.UNKNOWN, None),
    ],
)
def test_end_without_a_trade(changed, fields, status, reason):
    ((said, order),) = changed(**fields)
    assert (said, order.status, order.reason) == ("order", status, reason)


def test_type_price_and_maker(changed):
    ((_, order),) = changed(o="LIMIT_MAKER")
    assert (order.type, order.time_in_force) == (OrderType.LIMIT, TimeInForce.POST_ONLY)
    ((_, order),) = changed(o="MARKET", p="0.00000000", q="0.00000000", Q="100")
    assert (order.type, order.price, order.quantity) == (OrderType.MARKET, None, None)
    (_, fill), _ = changed("ws_execution_report_trade.json", m=True, n="-0.1", N="BNB", S="SELL")
    assert (fill.role, fill.fee, fill.fee_asset, fill.side) == (LiquidityRole.MAKER, Decimal("-0.1"), "BNB", Side.SELL)


def test_balances_are_absolute(hear_account, sample):
    assert hear_account(sample("ws_account_position.json")) == [
        (
            "balance",
            Balance(asset=Asset("ETH"), free=Decimal(10000), locked=Decimal(0), exchange_ns=1_564_034_571_073 * MS),
        )
    ]


def test_other_events_are_passed_over(hear_account, sample):
    assert hear_account(sample("ws_balance_update.json")) == [("ignored", "balanceUpdate")]
    assert hear_account(b'{"subscriptionId":0,"event":{"e":"listStatus","E":1}}') == [("ignored", "listStatus")]


def test_end_of_the_subscription_is_a_lost_ticket(hear_account):
    ended = b'{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1728973001334}}'
    assert hear_account(ended) == [("ticket_lost", "eventStreamTerminated")]


@pytest.mark.parametrize("frame", [b'{"event":{"e":"serverShutdown","E":1}}', b'{"e":"serverShutdown","E":1}'])
def test_announced_end_is_told(hear_account, frame):
    assert hear_account(frame) == [("closing", "serverShutdown")]


@pytest.mark.parametrize(
    "fields",
    [{"i": "x"}, {"z": "NaN"}, {"q": "-1"}, {"T": None}, {"x": "TRADE"}, {"x": "TRADE", "t": 5, "l": "", "L": "1"}],
)
def test_malformed_report_is_refused_and_tells_nothing(changed, fields):
    with pytest.raises(REFUSALS):
        changed(**fields | ({"l": "", "L": ""} if fields == {"x": "TRADE"} else {}))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"id":1}',
        b'{"id":1,"status":400}',
        b'{"subscriptionId":0,"event":{}}',
        b'{"subscriptionId":0,"event":{"e":"executionReport"}}',
        b'{"subscriptionId":0,"event":{"e":"outboundAccountPosition","u":1,"B":[{"a":"BTC","f":"-1","l":"0"}]}}',
        b'{"subscriptionId":0,"event":{"e":"outboundAccountPosition","u":1,"B":[{"a":"BTC","f":1,"l":"0"}]}}',
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
    assert {name for name, *_ in told} <= {
        "ack",
        "refused",
        "ignored",
        "closing",
        "ticket_lost",
        "order",
        "fill",
        "balance",
    }
