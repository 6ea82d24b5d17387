"""Bybit's private socket: JSON, a login first. Entered by the core.

Source: https://bybit-exchange.github.io/docs/v5/ws/connect . The topics are those of spot alone, for every pair at
once; balances know no such difference. Nothing is sent when a subscription begins: balances and open orders are read by
REST after its acknowledgement.
"""

from collections.abc import Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_bybit import card, parse, wire
from arb_bybit.sign import Signer
from arb_bybit.stream import ping, read_other, request, tell_answer

__all__ = ["PrivateStream"]

_CHANNELS = {
    Feed.ORDERS: "order.spot",
    Feed.FILLS: "execution.spot",
    Feed.BALANCES: "wallet",
}
_KINDS = {"order", "execution", "wallet"}

_messages = msgspec.json.Decoder(wire.AccountMessage)


class PrivateStream(StreamDialect):
    """Orders, fills and balances of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._signer = Signer(credentials)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=card.CARD.hosts.ws_private or card.CARD.hosts.ws_public)

    def login(self, ticket: StreamTicket, now_ns: int) -> Sequence[str]:
        return (self._signer.login(now_ns),)

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _CHANNELS[topic.feed]

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("subscribe", map(self.channel, topics), request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("unsubscribe", map(self.channel, topics), request_id)

    def ping(self, now_ns: int) -> str:
        return ping()

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            _tell_other(read_other(frame), error, out)
            return
        _tell(message, out)


def _tell(message: wire.AccountMessage, out: Sink) -> None:
    """Samples: `ws_order.json`, `ws_execution.json`, `ws_wallet.json`."""
    match message:
        case wire.OnOrders(data=rows) | wire.OnSpotOrders(data=rows):
            for order in [parse.pushed_order(row) for row in rows]:
                out.order(order)
        case wire.OnFills(data=rows) | wire.OnSpotFills(data=rows):
            for fill in [parse.pushed_fill(row) for row in rows]:
                out.fill(fill)
        case wire.OnWallet():
            for balance in parse.pushed_balances(message):
                out.balance(balance)


def _tell_other(other: wire.Other, error: msgspec.ValidationError, out: Sink) -> None:
    """Samples: `ws_auth_ack.json`, `ws_auth_refused.json`, `ws_private_ack.json`, `ws_private_pong.json`."""
    if other.topic is not None:
        # The topics of other kinds of contracts are told from ours by what follows the point.
        if other.topic.removesuffix(".spot") in _KINDS:
            raise error
        out.ignored(other.topic)
    elif other.op == "auth" and other.success is not None:
        if other.success:
            out.reply(None, other.op)
        else:
            out.refused(None, (), other.ret_msg or "without a reason")
    elif not tell_answer(other, out):
        raise error
