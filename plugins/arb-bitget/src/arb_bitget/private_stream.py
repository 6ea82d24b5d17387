"""Bitget's private socket: JSON, one login a connection. Entered by the core.

Source: https://www.bitget.com/api-doc/common/websocket-intro and
https://www.bitget.com/api-doc/spot/websocket/private/Order-Channel with its neighbours. Orders and fills of before are
not told when a subscription begins, balances are; what happens is called a snapshot, too.
"""

from collections.abc import Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_bitget import card, parse, wire
from arb_bitget.sign import Signer
from arb_bitget.stream import PING, argument, arguments, pong, read_control, tell_control

__all__ = ["PrivateStream"]

_EVERYTHING = "default"

_ARGUMENTS = {
    Feed.ORDERS: argument("orders", _EVERYTHING),
    Feed.FILLS: argument("fill", _EVERYTHING),
    Feed.BALANCES: argument("account", _EVERYTHING, "coin"),
}

_push = msgspec.json.Decoder(wire.Push)
_orders = msgspec.json.Decoder(list[wire.PushedOrder], strict=False)
_fills = msgspec.json.Decoder(list[wire.PushedFill], strict=False)
_balances = msgspec.json.Decoder(list[wire.Asset], strict=False)


class PrivateStream(StreamDialect):
    """Orders, fills and balances of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._signer = Signer(credentials)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=card.CARD.hosts.ws_private or card.CARD.hosts.ws_public)

    def login(self, ticket: StreamTicket, now_ns: int) -> Sequence[str]:
        return [arguments("login", [self._signer.login(now_ns)])]

    def channel(self, topic: Topic) -> str:
        return f"{self._argument(topic)['channel']}:{_EVERYTHING}"

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return arguments("subscribe", [self._argument(topic) for topic in topics])

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return arguments("unsubscribe", [self._argument(topic) for topic in topics])

    def ping(self, now_ns: int) -> str:
        return PING

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        if pong(frame):
            out.pong()
            return
        try:
            push = _push.decode(frame)
        except msgspec.ValidationError:
            _tell_control(read_control(frame), out)
            return
        _tell(push, out)

    @staticmethod
    def _argument(topic: Topic) -> dict[str, str]:
        if topic.feed not in _ARGUMENTS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _ARGUMENTS[topic.feed]


def _tell_control(control: wire.Control, out: Sink) -> None:
    """Samples: `ws_login.json`, `ws_login_error.json`. A refusal that names no channel is the login's."""
    if control.event == "login":
        if str(control.code or 0) == "0":
            out.reply(None, "logged in")
        else:
            out.refused(None, (), f"code {control.code}: {control.msg}")
    else:
        tell_control(control, out)


def _tell(push: wire.Push, out: Sink) -> None:
    """Samples: `ws_orders.json`, `ws_fill.json`, `ws_account.json`."""
    match push.arg.channel:
        case "orders":
            for order in [parse.pushed_order(row) for row in _orders.decode(push.data)]:
                out.order(order)
        case "fill":
            for fill in [parse.pushed_fill(row) for row in _fills.decode(push.data)]:
                out.fill(fill)
        case "account":
            for balance in [parse.pushed_balance(row) for row in _balances.decode(push.data)]:
                out.balance(balance)
        case channel:
            out.ignored(channel)
