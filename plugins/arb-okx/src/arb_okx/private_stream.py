"""OKX's private socket: JSON, a login first, then subscriptions. Entered by the core.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-order-channel and
https://www.okx.com/docs-v5/en/#trading-account-websocket-account-channel . Orders and fills are one channel: an event
of an order that was filled tells that fill. It begins with nothing; `account` begins with every balance.
"""

from collections.abc import Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_okx import card, parse, wire
from arb_okx.sign import Signer
from arb_okx.stream import PING, PONG, request, tell_control

__all__ = ["PrivateStream"]

_CHANNELS = {
    Feed.ORDERS: "orders",
    Feed.FILLS: "orders tradeId",
    Feed.BALANCES: "account",
}
_ORDERS = {"channel": "orders", "instType": "SPOT"}
# Without the parameter OKX repeats every balance each few seconds.
_ACCOUNT = {"channel": "account", "extraParams": '{"updateInterval": "0"}'}
_NAMES = {"orders": ("orders", "orders tradeId"), "account": ("account",)}
"""What an answer about a channel is about."""

_messages = msgspec.json.Decoder(wire.Message)
_orders = msgspec.json.Decoder(list[wire.Order], strict=False)
_accounts = msgspec.json.Decoder(list[wire.Account], strict=False)


class PrivateStream(StreamDialect):
    """Orders, fills and balances of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._signer = Signer(credentials)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=card.CARD.hosts.ws_private or card.CARD.hosts.ws_public)

    def login(self, ticket: StreamTicket, now_ns: int) -> Sequence[str]:
        frame = {"op": "login", "args": [self._signer.login(now_ns)]}
        return (msgspec.json.encode(frame).decode(),)

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _CHANNELS[topic.feed]

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        (topic,) = topics  # the card allows one
        return request("subscribe", [_ACCOUNT if topic.feed is Feed.BALANCES else _ORDERS], request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        """End balances alone: to end orders for one feed would end them for both, so they are asked for anew."""
        (topic,) = topics
        if topic.feed is Feed.BALANCES:
            return request("unsubscribe", [_ACCOUNT], request_id)
        return request("subscribe", [_ORDERS], request_id)

    def ping(self, now_ns: int) -> str:
        return PING

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        if frame == PONG:
            out.pong()
            return
        message = _messages.decode(frame)
        arg = message.arg
        if message.event is not None:
            _tell_control(message, out)
        elif arg is None:
            raise ValueError("a push without arg")
        elif arg.channel == "orders":
            _tell_orders(message, out)
        elif arg.channel == "account":
            _tell_account(message, out)
        else:
            out.ignored(arg.channel)


def _tell_control(message: wire.Message, out: Sink) -> None:
    """Sample: `ws_channel_conn_count_error.json`, of one connection too many, which ends the subscription."""
    if message.event == "channel-conn-count-error":
        out.refused(None, _NAMES.get(message.channel or "", ()), f"too many connections carry {message.channel}")
        return
    # An answer with our id means that request; one without names its channel, in other words than ours perhaps.
    named = message.arg is not None and message.id is None
    tell_control(message, _NAMES.get(message.arg.channel, ()) if named and message.arg else (), out)


def _tell_orders(message: wire.Message, out: Sink) -> None:
    """Sample: `ws_orders.json`."""
    rows = _orders.decode(message.data)
    for fill, order in [(parse.pushed_fill(row), parse.pushed_order(row)) for row in rows]:
        if fill is not None:
            # Before the order: when that ends, its fills are known.
            out.fill(fill)
        out.order(order)


def _tell_account(message: wire.Message, out: Sink) -> None:
    """Sample: `ws_account.json`."""
    accounts = _accounts.decode(message.data)
    for balance in [balance for account in accounts for balance in parse.pushed_balances(account)]:
        out.balance(balance)
