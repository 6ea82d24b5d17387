"""The private socket: its listen key, what is sent, and what each frame says."""

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
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper as Push
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
SECOND = 1_000_000_000
ORDERS, FILLS, BALANCES = Topic(Feed.ORDERS), Topic(Feed.FILLS), Topic(Feed.BALANCES)
KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
REFUSALS = (msgspec.MsgspecError, errors.WireError, DecodeError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""


@pytest.fixture(scope="session")
def vectors(sample) -> dict[str, bytes]:
    """The documentation's frames, by name."""
    return {vector["name"]: bytes.fromhex(vector["wire_hex"]) for vector in json.loads(sample("pb_vectors.json"))}


def order(**fields: Any) -> bytes:
    """Make a frame of the orders channel."""
    push = Push(channel="spot@private.orders.v3.api.pb", symbol="BTCUSDT", sendTime=2)
    body: dict[str, Any] = {"id": "C02__1", "orderType": 1, "tradeType": 2, "status": 1, "quantity": "1", "price": "2"}
    push.privateOrders.MergeFrom(type(push.privateOrders)(**{**body, **fields}))
    return push.SerializeToString()


def deal(**fields: Any) -> bytes:
    """Make a frame of the fills channel."""
    push = Push(channel="spot@private.deals.v3.api.pb", symbol="BTCUSDT")
    body: dict[str, Any] = {
        "price": "2",
        "quantity": "1",
        "tradeType": 1,
        "tradeId": "1X1",
        "orderId": "C02__1",
        "time": 3,
    }
    push.privateDeals.MergeFrom(type(push.privateDeals)(**{**body, **fields}))
    return push.SerializeToString()


def account(**fields: Any) -> bytes:
    """Make a frame of the balances channel."""
    push = Push(channel="spot@private.account.v3.api.pb")
    body: dict[str, Any] = {"vcoinName": "BTC", "balanceAmount": "1", "frozenAmount": "2", "time": 3}
    push.privateAccount.MergeFrom(type(push.privateAccount)(**{**body, **fields}))
    return push.SerializeToString()


# The listen key


async def test_listen_key_opens_a_connection_and_is_kept_alive(account_stream, wire, left, sample):
    wire.answers = [(200, sample("rest_listen_key_create.json"))]
    ticket = await account_stream.ticket()
    assert ticket.url == f"wss://wbs-api.mexc.com/ws?listenKey={KEY}"
    assert (ticket.renew_every_ns, ticket.expires_ns) == (1800 * SECOND, 3600 * SECOND)
    wire.answers = [(200, sample("rest_listen_key_extend.json"))]
    assert await account_stream.renew(ticket) == ticket
    wire.answers = [(200, sample("rest_listen_key_close.json"))]
    await account_stream.release(ticket)
    assert left() == [
        ("POST", "/api/v3/userDataStream", ""),
        ("PUT", "/api/v3/userDataStream", f"listenKey={KEY}"),
        ("DELETE", "/api/v3/userDataStream", f"listenKey={KEY}"),
    ]


async def test_listen_key_that_cannot_be_extended_is_given_up(account_stream, wire, sample):
    wire.answers = [(200, sample("rest_listen_key_create.json"))]
    ticket = await account_stream.ticket()
    wire.answers = [(400, b'{"code":730708,"msg":"listen key information error"}')]
    with pytest.raises(errors.Rejected) as caught:
        await account_stream.renew(ticket)
    # neither "wait" nor "retry": the core then takes a new key
    assert caught.value.action == "fix"
    assert len(wire.sent) == 2


@pytest.mark.parametrize("frame", [b"Invalid listen key", b'{"id":0,"code":1,"msg":"Invalid listen key"}'])
def test_listen_key_that_is_not_known_is_lost(hear_account, frame):
    assert hear_account(frame) == [("ticket_lost", "Invalid listen key")]


async def test_ticket_shows_no_key(account_stream, wire, sample):
    wire.answers = [(200, sample("rest_listen_key_create.json"))]
    assert KEY not in repr(await account_stream.ticket())


# What is sent


def test_requests(account_stream):
    topics = [ORDERS, FILLS, BALANCES]
    channels = ["spot@private.orders.v3.api.pb", "spot@private.deals.v3.api.pb", "spot@private.account.v3.api.pb"]
    assert [account_stream.channel(topic) for topic in topics] == channels
    subscribe = json.loads(account_stream.subscribe(topics, 7, 0))
    assert subscribe == {"method": "SUBSCRIPTION", "params": channels, "id": 7}
    unsubscribe = json.loads(account_stream.unsubscribe([FILLS], 8, 0))
    assert unsubscribe == {"method": "UNSUBSCRIPTION", "params": channels[1:2], "id": 8}
    assert json.loads(account_stream.ping(0)) == {"method": "PING"}
    assert account_stream.book_rule.ids is SequenceRule.NONE


@pytest.mark.parametrize(
    "topic", [Topic(Feed.BOOK, Pair("BTCUSDT")), Topic(Feed.ORDERS, Pair("BTCUSDT")), Topic(Feed.QUOTE)]
)
def test_topic_that_is_not_offered_is_refused(account_stream, topic):
    with pytest.raises(ValueError, match="mexc"):
        account_stream.channel(topic)


# What is heard


def test_answers(hear_account, sample):
    assert hear_account(b'{"id":3,"code":0,"msg":"spot@private.deals.v3.api.pb"}') == [
        ("ack", 3, ["spot@private.deals.v3.api.pb"])
    ]
    assert hear_account(sample("ws_pong.json")) == [("pong",)]
    refusal = (
        '{"id":1,"code":0,"msg":"Not Subscribed successfully! [spot@private.deals.v3.api].  Reason\uff1a Blocked! "}'
    )
    assert hear_account(refusal.encode()) == [("refused", 1, ["spot@private.deals.v3.api"], "Blocked!")]


def test_new_order(hear_account, vectors):
    assert hear_account(vectors["private_orders_limit_new"]) == [
        (
            "order",
            Order(
                pair=Pair("MXUSDT"),
                order_id=OrderId("C02__583905164440776704044"),
                client_order_id=ClientOrderId("my-order-1"),
                side=Side.BUY,
                type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                status=OrderStatus.OPEN,
                price=Decimal("2.5"),
                quantity=Decimal(10),
                filled=Decimal(0),
                filled_quote=Decimal(0),
                created_ns=1_754_996_075_502 * MS,
                updated_ns=1_754_996_075_510 * MS,
            ),
        )
    ]


def test_market_order_that_is_filled(hear_account, vectors):
    ((_, told),) = hear_account(vectors["private_orders_market_sell_filled"])
    assert (told.type, told.status, told.side) == (OrderType.MARKET, OrderStatus.FILLED, Side.SELL)
    assert (told.price, told.filled, told.filled_quote) == (None, Decimal(1), Decimal("3.6962"))
    assert told.client_order_id is None


def test_order_without_its_pair_is_malformed(hear_account, vectors):
    with pytest.raises(ValueError, match="without symbol"):
        hear_account(vectors["private_orders_market_buy_filled"])


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (0, OrderStatus.UNKNOWN),
        (1, OrderStatus.OPEN),
        (2, OrderStatus.FILLED),
        (3, OrderStatus.PARTIALLY_FILLED),
        (4, OrderStatus.CANCELED),
        (5, OrderStatus.CANCELED),
        (6, OrderStatus.UNKNOWN),
    ],
)
def test_status(hear_account, status, means):
    ((_, told),) = hear_account(order(status=status, cumulativeQuantity="0.5"))
    assert (told.status, told.filled) == (means, Decimal("0.5"))


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        (1, (OrderType.LIMIT, TimeInForce.GTC)),
        (2, (OrderType.LIMIT, TimeInForce.POST_ONLY)),
        (3, (OrderType.LIMIT, TimeInForce.IOC)),
        (4, (OrderType.LIMIT, TimeInForce.FOK)),
        (5, (OrderType.MARKET, TimeInForce.IOC)),
        (100, (OrderType.UNKNOWN, TimeInForce.UNKNOWN)),
    ],
)
def test_type(hear_account, kind, means):
    ((_, told),) = hear_account(order(orderType=kind))
    assert (told.type, told.time_in_force) == means


def test_id_in_the_place_of_ours(hear_account):
    ((_, told),) = hear_account(order(id="", clientId="C02__505979017439002624115"))
    assert (told.order_id, told.client_order_id) == ("C02__505979017439002624115", None)
    with pytest.raises(ValueError, match="without id"):
        hear_account(order(id="", clientId="a00000000000000001"))


def test_fill(hear_account, vectors):
    assert hear_account(vectors["private_deals"]) == [
        (
            "fill",
            Fill(
                pair=Pair("MXUSDT"),
                trade_id="505979017439002624X1",
                order_id=OrderId("C02__505979017439002624115"),
                side=Side.SELL,
                price=Decimal("3.6962"),
                quantity=Decimal(1),
                fee=Decimal("0.0003998377369698171"),
                fee_asset=Asset("MX"),
                role=LiquidityRole.TAKER,
                exchange_ns=1_736_417_034_280 * MS,
            ),
        )
    ]


def test_fill_that_made_and_was_paid_for(hear_account):
    ((_, told),) = hear_account(deal(isMaker=True, feeAmount="-0.1", feeCurrency="usdt", clientOrderId="a1"))
    assert (told.role, told.fee, told.fee_asset) == (LiquidityRole.MAKER, Decimal("-0.1"), "USDT")
    assert (told.side, told.client_order_id) == (Side.BUY, "a1")
    ((_, told),) = hear_account(deal())
    assert (told.fee, told.fee_asset, told.client_order_id) == (None, None, None)


def test_balance_is_free_and_locked(hear_account, vectors):
    assert hear_account(vectors["private_account_entrust_place"]) == [
        (
            "balance",
            Balance(
                asset=Asset("USDT"),
                free=Decimal("0.006016465074677006"),
                locked=Decimal("4.4022"),
                exchange_ns=1_758_134_605_364 * MS,
            ),
        )
    ]
    ((_, told),) = hear_account(vectors["private_account"])
    assert (told.free, told.locked) == (Decimal("21.94210356004384"), 0)


def test_other_channels_are_passed_over(hear_account, vectors):
    ((name, _),) = hear_account(vectors["public_aggre_depths"])
    assert name == "ignored"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff\xff\xff",
        b"{}",
        b"{",
        Push(channel="spot@private.deals.v3.api.pb").SerializeToString(),
        order(price="1_000"),
        order(cumulativeQuantity="NaN"),
        deal(price=""),
        deal(quantity="1e999"),
        deal(feeAmount="x"),
        account(balanceAmount=""),
        account(frozenAmount="-1"),
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
        "pong",
        "ignored",
        "ticket_lost",
        "order",
        "fill",
        "balance",
    }
