"""KuCoin's private socket: the public one's language, opened by a signed ticket. Entered by the core.

Source: https://www.kucoin.com/docs-new/websocket-api/base-info/introduction . One topic carries orders and fills of
every pair, without fees; another the balances of every account, of which the trading account's count here. Nothing is
sent when a subscription begins: balances and open orders are read by REST after its acknowledgement.
"""

from collections.abc import Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_kucoin import card, faults, parse, wire
from arb_kucoin.sign import Signer
from arb_kucoin.stream import ping, read_control, request, tell_control

__all__ = ["PrivateStream"]

_ORDERS = "/spotMarket/tradeOrdersV2"

_CHANNELS = {
    Feed.ORDERS: _ORDERS,
    Feed.FILLS: f"{_ORDERS} match",
    Feed.BALANCES: "/account/balance",
}
_SUBJECTS = {message.__struct_config__.tag for message in (wire.OnOrder, wire.OnBalance)}

_messages = msgspec.json.Decoder(wire.AccountMessage)


class PrivateStream(StreamDialect):
    """Orders, fills and balances of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def ticket(self) -> StreamTicket:
        return await self._rest.call(card.BULLET_PRIVATE, parse.ticket)

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _CHANNELS[topic.feed]

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return self._request("subscribe", topics, request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        """End balances; of the topic that carries orders and fills ask again, for ending one would end the other."""
        (topic,) = topics
        return self._request("unsubscribe" if topic.feed is Feed.BALANCES else "subscribe", topics, request_id)

    def ping(self, now_ns: int) -> str:
        return ping(now_ns)

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            control = read_control(frame)
            if not tell_control(control, out):
                if control.subject in _SUBJECTS:
                    raise error from None
                out.ignored(control.subject or control.type)
            return
        _tell(message, out)

    def _request(self, kind: str, topics: Sequence[Topic], request_id: int) -> str:
        (topic,) = topics  # the card allows one
        name, _, _ = self.channel(topic).partition(" ")
        return request(kind, name, request_id, private=True)


def _tell(message: wire.AccountMessage, out: Sink) -> None:
    """Samples: `ws_order_open.json`, `ws_order_match.json`, `ws_balance.json`."""
    match message:
        case wire.OnOrder(data=row):
            order = parse.pushed_order(row)
            if row.type == "match":
                # Before the order: when that ends, its fills are known.
                out.fill(parse.pushed_fill(row))
            out.order(order)
        case wire.OnBalance(data=row):
            balance = parse.pushed_balance(row)
            if balance is None:
                out.ignored(row.relationEvent)
            else:
                out.balance(balance)
