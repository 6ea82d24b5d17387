"""Kraken's private socket: JSON, opened by a token that REST hands out. Entered by the core.

Source: https://docs.kraken.com/api/docs/websocket-v2/executions . One channel carries orders and fills; it begins with
the open orders. Only the first event of an order says everything, the next ones little more than its ids: what they do
not say stays unsaid, the pair as well.
"""

from collections.abc import Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_kraken import card, faults, parse, wire
from arb_kraken.sign import Signer
from arb_kraken.stream import ping, read_control, request, tell_control

__all__ = ["PrivateStream"]

_CHANNEL = "executions"
_CHANNELS = {Feed.ORDERS: _CHANNEL, Feed.FILLS: f"{_CHANNEL} trade"}

_messages = msgspec.json.Decoder(wire.AccountMessage)


class PrivateStream(StreamDialect):
    """Orders and fills of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._rest = context.rest.bind(faults.read, Signer(credentials, context.rest))
        self._token = ""
        """The newest: any that was used once is good as long as its connection stands."""

    async def ticket(self) -> StreamTicket:
        self._token = await self._rest.call(card.TOKEN, parse.token)
        return StreamTicket(url=card.CARD.hosts.ws_private or card.CARD.hosts.ws_public, token=self._token)

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _CHANNELS[topic.feed]

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        """Ask for everything: where another feed was asked for before, the answer is that it runs already."""
        params = {"channel": _CHANNEL, "snap_orders": True, "snap_trades": False, "token": self._token}
        return request("subscribe", request_id, params)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        """Only ping: to end the subscription for one feed would end it for all."""
        return ping(request_id)

    def ping(self, now_ns: int) -> str:
        return ping()

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            control = read_control(frame)
            if control.error is not None and control.error.startswith("ESession:"):
                out.ticket_lost(control.error)
            elif not tell_control(control, out):
                if control.channel == _CHANNEL:
                    raise error from None
                out.ignored(control.channel or control.method or "a frame without channel or method")
            return
        _tell(message.data, out)


def _tell(rows: list[wire.Execution], out: Sink) -> None:
    """Samples: `ws_executions_pending_new.json`, `ws_executions_trade.json`, `ws_executions_canceled.json`."""
    told = [(parse.pushed_order(row), parse.pushed_fill(row) if row.exec_type == "trade" else None) for row in rows]
    for order, fill in told:
        if fill is not None:
            # Before the order: when that ends, its fills are known.
            out.fill(fill)
        out.order(order)
