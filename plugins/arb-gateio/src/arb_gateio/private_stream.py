"""Gate.io's private socket: JSON, each subscription signed by itself. Entered by the core.

Source: https://www.gate.com/docs/developers/apiv4/ws/en/ . The channels are those that show fees (`spot.orders_v2` and
`spot.usertrades_v2` do not), for every pair at once. Nothing is sent when a subscription begins: balances and open
orders are read by REST after its acknowledgement.
"""

from collections.abc import Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_gateio import card, parse, wire
from arb_gateio.sign import Signer
from arb_gateio.stream import ping, read_control, tell_control

__all__ = ["PrivateStream"]

_SECOND = 1_000_000_000

_CHANNELS = {
    Feed.ORDERS: "spot.orders",
    Feed.FILLS: "spot.usertrades",
    Feed.BALANCES: "spot.balances",
}
_OF_PAIRS = {"spot.orders", "spot.usertrades"}
"""The channels that take pairs; the other takes no payload."""

_messages = msgspec.json.Decoder(wire.AccountMessage)


class PrivateStream(StreamDialect):
    """Orders, fills and balances of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._signer = Signer(credentials)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=card.CARD.hosts.ws_private or card.CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _CHANNELS[topic.feed]

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return self._request("subscribe", topics, request_id, now_ns)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return self._request("unsubscribe", topics, request_id, now_ns)

    def ping(self, now_ns: int) -> str:
        return ping(now_ns)

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            control = read_control(frame)
            # An acknowledgement names the channel; its payload may be another than ours (["!all"] for none).
            if not tell_control(control, [control.channel], out):
                if control.channel in _CHANNELS.values():
                    raise error from None
                out.ignored(control.channel)
            return
        _tell(message, out)

    def _request(self, event: str, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        (topic,) = topics  # the card allows one
        channel, seconds = self.channel(topic), now_ns // _SECOND
        request = {
            "time": seconds,
            "id": request_id,
            "channel": channel,
            "event": event,
            **({"payload": ["!all"]} if channel in _OF_PAIRS else {}),
            "auth": self._signer.auth(channel, event, seconds),
        }
        return msgspec.json.encode(request).decode()


def _tell(message: wire.AccountMessage, out: Sink) -> None:
    """Samples: `ws_spot_orders_update.json`, `ws_spot_usertrades_update.json`, `ws_spot_balances_update.json`."""
    match message:
        case wire.OnOrders(result=rows):
            for order in [parse.pushed_order(row) for row in rows]:
                out.order(order)
        case wire.OnFills(result=rows):
            for fill in [parse.pushed_fill(row) for row in rows]:
                out.fill(fill)
        case wire.OnBalances(result=rows):
            for balance in [parse.pushed_balance(row) for row in rows]:
                out.balance(balance)
