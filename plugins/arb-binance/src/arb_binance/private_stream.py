"""Binance's private socket: a signed subscription on the WebSocket API, events in JSON. Entered by the core.

Source: https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream . Listen keys are gone since February
2026. One subscription of a connection carries orders, fills and balances together. Nothing is sent when it begins:
balances and open orders are read by REST after its acknowledgement.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_binance import card, parse, wire
from arb_binance.sign import Signer

__all__ = ["PrivateStream"]

_CHANNELS = {
    Feed.ORDERS: "executionReport",
    Feed.FILLS: "executionReport TRADE",
    Feed.BALANCES: "outboundAccountPosition",
}
_KINDS = {event.__struct_config__.tag for event in (wire.ExecutionReport, wire.AccountPosition)}

_ALREADY = -2035
"""The connection has its subscription."""

_messages = msgspec.json.Decoder(wire.AccountMessage)
_answers = msgspec.json.Decoder(wire.AccountAnswer)


class PrivateStream(StreamDialect):
    """Orders, fills and balances of one account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._signer = Signer(credentials)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=card.CARD.hosts.ws_api or card.CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is not None:
            raise ValueError(f"{card.ID} has no private feed {topic.feed} for {topic.pair}")
        return _CHANNELS[topic.feed]

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        """Ask for everything: where another feed was asked for before, the answer is that it runs already."""
        params = self._signer.parameters({}, now_ns)
        return _request("userDataStream.subscribe.signature", request_id, params)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        """Ask only what runs: to end the subscription for one feed would end it for all."""
        return _request("session.subscriptions", request_id, {})

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            _tell_other(_answers.decode(frame), error, out)
            return
        _tell(message, out)


def _request(method: str, request_id: int, params: dict[str, Any]) -> str:
    return msgspec.json.encode({"id": request_id, "method": method, "params": params}).decode()


def _tell(message: wire.AccountMessage, out: Sink) -> None:
    """Samples: `ws_execution_report_new.json`, `ws_execution_report_trade.json`, `ws_account_position.json`."""
    match message.event:
        case wire.ExecutionReport() as report:
            order = parse.pushed_order(report)
            if report.x == "TRADE":
                # Before the order: when that ends, its fills are known.
                out.fill(parse.pushed_fill(report))
            out.order(order)
        case wire.AccountPosition() as position:
            for balance in parse.pushed_balances(position):
                out.balance(balance)


def _tell_other(answer: wire.AccountAnswer, error: msgspec.ValidationError, out: Sink) -> None:
    """Samples: `ws_user_data_ack.json`, `ws_user_data_refused.json`, `ws_balance_update.json`."""
    kind = answer.e if answer.event is None else answer.event.e
    request_id = answer.id if isinstance(answer.id, int) else None
    if kind in _KINDS:
        raise error
    if kind == "eventStreamTerminated":
        out.ticket_lost(kind)
    elif kind == "serverShutdown":
        out.closing(kind)
    elif kind is not None:
        out.ignored(kind)
    elif answer.error is not None:
        if answer.error.code == _ALREADY:
            out.ack(request_id)
        else:
            out.refused(request_id, (), f"code {answer.error.code}: {answer.error.msg}")
    elif answer.status == 200:
        out.ack(request_id)
    else:
        raise error
