"""The private socket: what is sent, and what each frame says."""

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
)
from arb_core.structs.stream import Feed, Topic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
ORDERS, FILLS, BALANCES = Topic(Feed.ORDERS), Topic(Feed.FILLS), Topic(Feed.BALANCES)
REFUSALS = (msgspec.MsgspecError, errors.WireError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""


@pytest.fixture
def changed(sample, hear_account):
    """Decode a sample with some fields of its data changed; None takes one away."""

    def changed(name: str, **fields: Any) -> Any:
        message = msgspec.json.decode(sample(name))
        data = message["data"] | fields
        message["data"] = {key: value for key, value in data.items() if value is not None}
        return hear_account(msgspec.json.encode(message))

    return changed


# What is sent


async def test_ticket_is_signed(account_stream, wire, left, sample):
    wire.answers = [(200, sample("rest_bullet_private.json"))]
    ticket = await account_stream.ticket()
    assert left() == [("POST", "/api/v1/bullet-private", "", b"")]
    assert ticket.url.startswith("wss://ws-api-spot.kucoin.com/?token=2neAiuYvAU737TOajb2U3uT8AEZqSWYe0fBD4L")
    assert (ticket.ping_every_ns, ticket.renew_every_ns) == (18_000 * MS, None)


@pytest.mark.parametrize(
    ("topic", "channel", "name"),
    [
        (ORDERS, "/spotMarket/tradeOrdersV2", "/spotMarket/tradeOrdersV2"),
        (FILLS, "/spotMarket/tradeOrdersV2 match", "/spotMarket/tradeOrdersV2"),
        (BALANCES, "/account/balance", "/account/balance"),
    ],
)
def test_subscriptions(account_stream, topic, channel, name):
    assert account_stream.channel(topic) == channel
    request = {"id": "7", "type": "subscribe", "topic": name, "privateChannel": True, "response": True}
    assert json.loads(account_stream.subscribe([topic], 7, 0)) == request


def test_ending_orders_or_fills_does_not_end_the_other(account_stream):
    kinds = [json.loads(account_stream.unsubscribe([topic], 7, 0))["type"] for topic in (ORDERS, FILLS, BALANCES)]
    assert kinds == ["subscribe", "subscribe", "unsubscribe"]


def test_ping(account_stream):
    assert json.loads(account_stream.ping(5_999 * MS)) == {"id": "5999", "type": "ping"}
    assert account_stream.book_rule.ids is SequenceRule.NONE


@pytest.mark.parametrize(
    "topic", [Topic(Feed.BOOK, Pair("BTC-USDT")), Topic(Feed.ORDERS, Pair("BTC-USDT")), Topic(Feed.QUOTE)]
)
def test_topic_that_is_not_offered_is_refused(account_stream, topic):
    with pytest.raises(ValueError, match="kucoin"):
        account_stream.channel(topic)


# What is heard


def test_greeting_and_answers(hear_account, sample):
    assert hear_account(sample("recorded_welcome.json")) == [("reply", "NSkIrWGB1s", "welcome")]
    assert hear_account(sample("recorded_ack.json")) == [("ack", 1)]
    assert hear_account(sample("ws_pong.json")) == [("pong",)]
    assert hear_account(sample("ws_error.json")) == [("refused", 1, (), "code 415: type is not supported")]
    ((name, _),) = hear_account(b'{"id":"","type":"error","code":401,"data":"token is expired"}')
    assert name == "ticket_lost"


def test_new_order(hear_account, sample):
    assert hear_account(sample("ws_order_open.json")) == [
        (
            "order",
            Order(
                pair=Pair("BTC-USDT"),
                order_id=OrderId("6720ecd9ec71f4000747731a"),
                client_order_id=ClientOrderId("5c52e11203aa677f33e493fb"),
                side=Side.BUY,
                type=OrderType.LIMIT,
                status=OrderStatus.OPEN,
                price=Decimal(50000),
                quantity=Decimal("0.00001"),
                filled=Decimal(0),
                created_ns=1_730_211_033_305 * MS,
                updated_ns=1_730_211_033_335_000_000,
            ),
        )
    ]


def test_order_that_was_received_says_nothing_of_what_is_filled(hear_account, sample):
    ((_, order),) = hear_account(sample("ws_order_received.json"))
    assert (order.status, order.type, order.price, order.filled) == (OrderStatus.OPEN, OrderType.MARKET, None, None)
    assert order.created_ns == 1_730_206_271_588 * MS


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"type": "open", "filledSize": "0"}, OrderStatus.OPEN),
        ({"type": "open", "filledSize": "0.000005"}, OrderStatus.PARTIALLY_FILLED),
        ({"type": "update", "filledSize": "0"}, OrderStatus.OPEN),
        ({"type": "filled", "status": "done", "filledSize": "0.00001"}, OrderStatus.FILLED),
        ({"type": "filled", "status": "done", "originSize": "0", "size": "0", "filledSize": "3"}, OrderStatus.FILLED),
        ({"type": "canceled", "status": "done", "filledSize": "0.000005"}, OrderStatus.CANCELED),
        ({"type": "canceled", "status": "done", "filledSize": "0"}, OrderStatus.CANCELED),
        ({"type": "something new"}, OrderStatus.UNKNOWN),
    ],
)
def test_event_stands_for_the_status(changed, fields, status):
    ((name, order),) = changed("ws_order_open.json", **fields)
    assert (name, order.status) == ("order", status)


def test_match_is_a_fill_without_a_fee_and_then_an_order(hear_account, sample):
    fill, (name, order) = hear_account(sample("ws_order_match.json"))
    assert fill == (
        "fill",
        Fill(
            pair=Pair("KCS-USDT"),
            trade_id="5efab07a4ee4c7000a82d6d9",
            order_id=OrderId("5efab07953bdea00089965fa"),
            client_order_id=ClientOrderId("1593487481000313"),
            side=Side.SELL,
            price=Decimal("0.96738"),
            quantity=Decimal("0.1"),
            role=LiquidityRole.TAKER,
            exchange_ns=1_593_487_482_038_606_180,
        ),
    )
    assert (name, order.status, order.filled) == ("order", OrderStatus.FILLED, Decimal("0.1"))
    assert order.created_ns == 1_593_487_482_038_606_180  # nanoseconds in older messages


def test_match_that_leaves_something_is_partly_filled(changed):
    _, (_, order) = changed("ws_order_match.json", originSize="0.3", size="0.3", remainSize="0.2")
    assert (order.status, order.quantity, order.filled) == (
        OrderStatus.PARTIALLY_FILLED,
        Decimal("0.3"),
        Decimal("0.1"),
    )
    _, (_, quote) = changed("ws_order_match.json", originSize="0", size="0")
    assert (quote.status, quote.quantity) == (OrderStatus.PARTIALLY_FILLED, None)


@pytest.mark.parametrize("field", ["matchPrice", "matchSize", "tradeId"])
def test_match_that_does_not_say_what_was_executed_is_refused(changed, field):
    with pytest.raises(ValueError, match="a match without"):
        changed("ws_order_match.json", **{field: None})


def test_balance_is_free_and_locked(hear_account, sample):
    assert hear_account(sample("ws_balance.json")) == [
        (
            "balance",
            Balance(
                asset=Asset("USDT"),
                free=Decimal("20.132773386762"),
                locked=Decimal("1.001"),
                exchange_ns=1_730_269_283_892 * MS,
            ),
        )
    ]


@pytest.mark.parametrize(
    ("event", "counts"),
    [
        ("trade.setted", True),
        ("trade.transfer", True),
        ("trade_hf.hold", True),
        ("main.deposit", False),
        ("margin.hold", False),
        ("other", False),
    ],
)
def test_only_balances_of_the_trading_account_count(changed, event, counts):
    ((name, *told),) = changed("ws_balance.json", relationEvent=event)
    assert name == ("balance" if counts else "ignored")
    assert counts or told == [event]


def test_other_topics_are_passed_over(hear_account, sample):
    assert hear_account(sample("ws_match.json")) == [("ignored", "trade.l3match")]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"type":"message","subject":"orderChange","data":{}}',
        b'{"type":"message","subject":"orderChange"}',
        b'{"type":"message","subject":"account.balance","data":{"currency":"BTC","available":"-1","hold":"0","relationEvent":"trade.hold"}}',
        b'{"type":"message","subject":"account.balance","data":{"currency":"BTC","available":"NaN","hold":"0","relationEvent":"trade.hold"}}',
        b'{"type":"message","subject":"account.balance","data":{"currency":"BTC","available":1,"hold":"0","relationEvent":"trade.hold"}}',
        b'{"type":"message","subject":"account.balance","data":{"currency":"BTC","available":"1","hold":"0"}}',
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
    known = {"ack", "refused", "reply", "pong", "ticket_lost", "ignored", "order", "fill", "balance"}
    assert {name for name, *_ in told} <= known
