"""The private socket: how a connection logs in, and what each frame says."""

import contextlib
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_bitget.sign import Signer
from arb_core import errors
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, Pair, Side
from arb_core.structs.order import OrderStatus, OrderType, TimeInForce
from arb_core.structs.stream import Feed, Topic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOW_NS = 1_611_541_000_999_000_000
ORDERS, FILLS, BALANCES = Topic(Feed.ORDERS), Topic(Feed.FILLS), Topic(Feed.BALANCES)
REFUSALS = (msgspec.MsgspecError, errors.WireError, ValueError, LookupError, ArithmeticError)
"""What the contract lets a dialect raise for a malformed frame."""


@pytest.fixture
def changed(sample, hear_account):
    """Decode a sample whose one row has some fields changed; one that is None is left out."""

    def changed(name: str, **fields: Any) -> Any:
        message = msgspec.json.decode(sample(name))
        row = message["data"][0] | fields
        message["data"] = [{key: value for key, value in row.items() if value is not None}]
        ((_, told),) = hear_account(msgspec.json.encode(message))
        return told

    return changed


async def test_ticket_is_the_plain_address(account_stream):
    ticket = await account_stream.ticket()
    assert (ticket.url, ticket.renew_every_ns) == ("wss://ws.bitget.com/v2/ws/private", None)


async def test_login_is_signed_in_seconds_and_shows_no_secret(account_stream):
    (frame,) = account_stream.login(await account_stream.ticket(), NOW_NS)
    assert isinstance(account_stream._signer, Signer)
    message = json.loads(frame)
    (login,) = message["args"]
    assert (message["op"], login["timestamp"]) == ("login", "1611541000")
    assert login["sign"] == account_stream._signer.signature(b"1611541000GET/user/verify")
    assert "marked-secret" not in frame


@pytest.mark.parametrize(
    ("topic", "channel", "argument"),
    [
        (ORDERS, "orders:default", {"channel": "orders", "instId": "default"}),
        (FILLS, "fill:default", {"channel": "fill", "instId": "default"}),
        (BALANCES, "account:default", {"channel": "account", "coin": "default"}),
    ],
)
def test_each_channel_tells_of_everything(account_stream, topic, channel, argument):
    assert account_stream.channel(topic) == channel
    args = [{"instType": "SPOT"} | argument]
    assert json.loads(account_stream.subscribe([topic], 7, NOW_NS)) == {"op": "subscribe", "args": args}
    assert json.loads(account_stream.unsubscribe([topic], 7, NOW_NS)) == {"op": "unsubscribe", "args": args}


def test_topic_that_is_not_offered_is_refused(account_stream):
    for topic in (Topic(Feed.BOOK), Topic(Feed.ORDERS, Pair("BTCUSDT"))):
        with pytest.raises(ValueError, match="bitget"):
            account_stream.channel(topic)


def test_answers(hear_account, sample):
    assert hear_account(b"pong") == [("pong",)]
    assert hear_account(sample("ws_login.json")) == [("reply", None, "logged in")]
    assert hear_account(b'{"event":"login","code":0,"msg":""}') == [("reply", None, "logged in")]
    assert hear_account(sample("ws_login_error.json")) == [("refused", None, [], "code 30005: error")]
    ack = b'{"event":"subscribe","arg":{"instType":"SPOT","channel":"account","coin":"default"}}'
    assert hear_account(ack) == [("ack", None, ["account:default"])]


def test_size_of_an_order_is_the_new_size(changed):
    order = changed("ws_orders.json", size="999")
    assert (order.quantity, order.price, order.time_in_force) == (7, Decimal("0.81075"), TimeInForce.GTC)
    bought = changed("ws_orders_filled.json")
    assert (bought.type, bought.quantity, bought.price, bought.filled) == (
        OrderType.MARKET,
        None,
        None,
        Decimal("0.0003"),
    )
    sold = changed("ws_orders_filled.json", side="sell")
    assert (sold.side, sold.quantity) == (Side.SELL, 500)


def test_order_that_ended_early_is_canceled(changed):
    ended = changed("ws_orders.json", status="cancelled", accBaseVolume="1.5", clientOid="")
    assert (ended.status, ended.filled, ended.client_order_id) == (OrderStatus.CANCELED, Decimal("1.5"), None)
    assert changed("ws_orders.json", status="live", accBaseVolume="1").status is OrderStatus.PARTIALLY_FILLED
    assert changed("ws_orders.json", status="new word").status is OrderStatus.UNKNOWN


@pytest.mark.parametrize("total", ["0.000074", "-0.000074"])
def test_fee_of_a_fill_is_what_was_charged_whatever_its_sign(changed, total):
    fee = {"feeCoin": "ltc", "deduction": "no", "totalDeductionFee": "0", "totalFee": total}
    fill = changed("ws_fill.json", feeDetail=[fee])
    assert (fill.fee, fill.fee_asset) == (Decimal("0.000074"), "LTC")


def test_fee_that_is_not_told_is_unknown(changed):
    for detail in ([], [{"feeCoin": "", "totalFee": ""}], None):
        fill = changed("ws_fill.json", feeDetail=detail)
        assert (fill.fee, fill.fee_asset) == (None, None)


def test_balance_counts_all_that_is_not_free_as_locked(changed):
    assert changed("ws_account.json", coin="usdt", frozen="7", locked="0.5") == Balance(
        asset=Asset("USDT"), free=Decimal(100), locked=Decimal("7.5"), exchange_ns=1697092295506 * 1_000_000
    )


@pytest.mark.parametrize("name", ["ws_orders.json", "ws_orders_filled.json", "ws_fill.json", "ws_account.json"])
@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_frame_that_is_cut_or_changed_is_read_or_refused(hear_account, sample, name, data):
    whole = bytearray(sample(name))
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(*REFUSALS):
        hear_account(bytes(whole))
