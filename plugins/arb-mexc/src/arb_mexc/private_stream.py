"""MEXC's private socket: opened by a listen key, control in JSON text, events in protobuf. Entered by the core.

Source: https://www.mexc.com/api-docs/spot-v3/websocket-user-data-streams . Nothing is sent when a subscription begins:
balances and open orders are read by REST after its acknowledgement. The order of the three channels among each other
is not documented.
"""

from collections.abc import Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.market import Pair
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_mexc import card, faults, parse, wire
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from arb_mexc.sign import Signer
from arb_mexc.stream import read_push, request, tell_control

__all__ = ["PrivateStream"]

_MS = 1_000_000

_BRACE = ord("{")
_LOST = b"Invalid listen key"

_CHANNELS = {
    Feed.ORDERS: "spot@private.orders.v3.api.pb",
    Feed.FILLS: "spot@private.deals.v3.api.pb",
    Feed.BALANCES: "spot@private.account.v3.api.pb",
}

EXTEND_NS = 30 * card.MINUTE
LISTEN_KEY_NS = 60 * card.MINUTE
"""A listen key lasts so long from its creation or extension."""


class PrivateStream(StreamDialect):
    """Orders, fills and balances of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def ticket(self) -> StreamTicket:
        key = await self._rest.call(card.LISTEN_KEY, parse.listen_key)
        return StreamTicket(
            url=f"{card.CARD.hosts.ws_private}?listenKey={key}",
            token=key,
            renew_every_ns=EXTEND_NS,
            expires_ns=LISTEN_KEY_NS,
        )

    async def renew(self, ticket: StreamTicket) -> StreamTicket:
        """Extend the key. One that cannot be extended (730708) has ended: the core then opens a new connection."""
        await self._rest.call(card.LISTEN_KEY_EXTEND, parse.nothing, {"listenKey": ticket.token or ""})
        return ticket

    async def release(self, ticket: StreamTicket) -> None:
        await self._rest.call(card.LISTEN_KEY_CLOSE, parse.nothing, {"listenKey": ticket.token or ""})

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _CHANNELS[topic.feed]

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("SUBSCRIPTION", map(self.channel, topics), request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("UNSUBSCRIPTION", map(self.channel, topics), request_id)

    def ping(self, now_ns: int) -> str:
        return '{"method":"PING"}'

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        if _LOST in bytes(frame):
            # Users report a text, JSON or not.
            out.ticket_lost(_LOST.decode())
        elif frame[0] == _BRACE:
            tell_control(frame, out)
        else:
            _tell(read_push(frame), out)


def _tell(push: PushDataV3ApiWrapper, out: Sink) -> None:
    """Samples: `private_orders_limit_new`, `private_deals`, `private_account` of `pb_vectors.json`."""
    match push.WhichOneof("body"):
        case "privateOrders":
            order = msgspec.convert(push.privateOrders, wire.PushedOrder, from_attributes=True)
            out.order(parse.pushed_order(order, _pair(push), push.sendTime * _MS or None))
        case "privateDeals":
            fill = msgspec.convert(push.privateDeals, wire.PushedFill, from_attributes=True)
            out.fill(parse.pushed_fill(fill, _pair(push)))
        case "privateAccount":
            balance = msgspec.convert(push.privateAccount, wire.PushedBalance, from_attributes=True)
            out.balance(parse.pushed_balance(balance))
        case body if push.channel in _CHANNELS.values():
            raise ValueError(f"{push.channel} with body {body}")
        case _:
            out.ignored(push.channel)


def _pair(push: PushDataV3ApiWrapper) -> Pair:
    """The channels name no pair, only the wrapper does."""
    if not push.symbol:
        raise ValueError(f"{push.channel} without symbol")
    return Pair(push.symbol)
