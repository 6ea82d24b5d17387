"""Samples read as in life: a frame by the dialect, an answer by the core's REST client and a method of the contract.

Entered by the cases of tier wire. Nothing of the core is replaced but the transport, which answers with the sample.
"""

import logging
from collections.abc import Awaitable, Mapping
from decimal import Decimal
from functools import cached_property, partial
from random import Random
from typing import Any, cast
from urllib.parse import parse_qsl

import msgspec
from arb_core.errors import ArbError
from arb_core.interfaces.context import RestRequest
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.context import Context
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.rest import Rest
from arb_core.runtime.transport import TransportError
from arb_core.structs.account import Credentials
from arb_core.structs.market import Instrument, Pair, Side, Symbol, TradingStatus, VenueName
from arb_core.structs.order import ClientOrderId, OrderId, OrderRequest, OrderType, TimeInForce
from arb_core.structs.stream import StreamTicket

from arb_compliance.canned import CannedTransport, Reply
from arb_compliance.expect import fail
from arb_compliance.samples import Sample
from arb_compliance.subject import Subject
from arb_compliance.told import Told, Tree, read_frame, tree

__all__ = ["LISTED", "Reader", "asked_for", "is_listed"]

LISTED = (
    ArbError,
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)
"""What a decoder may raise for a message that is not what the venue documents; protobuf's own error besides."""

CREDENTIALS = Credentials(
    api_key="kit0key0of0nobody0at0all",
    api_secret="6b69742d6b69742d",  # noqa: S106 (opens nothing)
    api_passphrase="kit",  # noqa: S106 (as above)
)

_TICKETS = ("ticket", "renew", "release")


def is_listed(error: BaseException) -> bool:
    """Return whether a decoder may raise this for a malformed message."""
    return isinstance(error, LISTED) or type(error).__module__.startswith("google.protobuf")


class Reader:
    """Reads samples, or what a case made of them."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._dialects: dict[str, StreamDialect] = {}

    @cached_property
    def markets(self) -> MarketTable:
        """The pairs that the samples speak of, as a list of instruments would name them."""
        table = MarketTable(self.subject.card.id)
        table.fill(
            {
                (symbol := Symbol.parse(text)): Instrument(
                    symbol=symbol,
                    pair=Pair(pair),
                    status=TradingStatus.TRADING,
                    tick=Decimal("1e-12"),
                    lot=Decimal("1e-12"),
                )
                for pair, text in self.subject.samples.symbols.items()
            }
        )
        return table

    def dialect(self, side: str) -> StreamDialect:
        """Return the public or private dialect, made once."""
        if side not in self._dialects:
            subject, context = self.subject, self._context(CannedTransport(_nothing, LoopClock()))
            self._dialects[side] = (
                subject.registry.public_stream(subject.exchange, context)
                if side == "public"
                else subject.registry.private_stream(subject.exchange, context, CREDENTIALS)
            )
        return self._dialects[side]

    def public(self) -> PublicExchange:
        """Return the public side, for what is pure of it."""
        return self.subject.registry.public(
            self.subject.exchange, self._context(CannedTransport(_nothing, LoopClock()))
        )

    def hear(self, side: str, frame: bytes) -> list[Tree]:
        """Return what the dialect of a side says of any frame. Raises what it raises."""
        return [tree(call) for call in read_frame(self.dialect(side), frame)]

    def sink(self) -> Sink:
        """Return a sink that forgets what it is told."""
        return cast("Sink", Told())

    def calls(self, sample: Sample, body: bytes | None = None) -> list[Tree]:
        """Return what the dialect says of a frame. Raises what it raises."""
        return self.hear(sample.frame or "public", sample.body if body is None else body)

    async def value(self, sample: Sample, body: bytes | None = None, *, status: int | None = None) -> Any:
        """Return what the sample's method of the contract returns. Raises what it raises."""
        return await self.ask(sample, body, status=status)[0]

    def ask(
        self, sample: Sample, body: bytes | None = None, *, status: int | None = None
    ) -> tuple[Awaitable[Any], CannedTransport]:
        """Return the call, to be awaited, and the transport that will know what was asked."""
        rest, call = sample.rest, sample.call
        if rest is None or call is None:
            raise fail(f"samples/index.toml: {sample.name} has no rest or no call", fix="rest = {...}, call = {...}")
        shown = Reply(
            sample.body if body is None else body, rest.status if status is None else status, dict(rest.headers)
        )

        def answer(request: RestRequest) -> Reply:
            if (request.method, request.path) == (rest.method, rest.path):
                return shown
            other = self.subject.samples.instead_of(request.method, request.path)
            if other is None:
                raise TransportError(f"{request.method} {request.path}: no sample answers it", sent=False)
            return Reply(other.body)

        transport = CannedTransport(answer, LoopClock())
        return self._method(call.method, transport)(**_arguments(call.arguments)), transport

    def _method(self, name: str, transport: CannedTransport) -> Any:
        subject, context = self.subject, self._context(transport)
        if name in _TICKETS:
            return getattr(subject.registry.private_stream(subject.exchange, context, CREDENTIALS), name)
        public = subject.registry.public(subject.exchange, context)
        if hasattr(public, name) and (name != "get_asset_networks" or subject.card.asset_networks == "public"):
            return getattr(public, name)
        return getattr(subject.registry.private(subject.exchange, context, CREDENTIALS), name)

    def _context(self, transport: CannedTransport) -> Context:
        subject, clock = self.subject, LoopClock()
        rest = Rest(
            subject.card,
            transport,
            clock,
            base_url=subject.card.hosts.rest,
            rng=Random(0),  # noqa: S311 (jitter)
        )
        return Context(
            venue=VenueName(subject.exchange),
            clock=clock,
            rest=rest,
            settings=subject.card.settings(),
            markets=self.markets,
            logger=logging.getLogger(f"arb_compliance.{subject.exchange}"),
        )


def asked_for(transport: CannedTransport, sample: Sample) -> dict[str, str] | None:
    """Return the parameters with which a sample's request was made, those of a JSON or form body too; None = never."""
    rest = sample.rest
    for asked in transport.asked:
        request = asked.request
        if rest is not None and (request.method, request.path) == (rest.method, rest.path):
            found = dict(parse_qsl(request.query, keep_blank_values=True))
            try:
                body: Any = msgspec.json.decode(request.body) if request.body else {}
            except msgspec.DecodeError:
                body = dict(parse_qsl(request.body.decode()))
            if isinstance(body, dict):
                found |= {str(name): str(value) for name, value in cast("dict[str, Any]", body).items()}
            return found
    return None


def _nothing(request: RestRequest) -> Reply:
    raise TransportError(f"{request.path}: nothing may be sent here", sent=False)


def _arguments(written: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the text of an index into what the contract's methods take."""
    return {name: _READ[name](value) if name in _READ else value for name, value in written.items()}


def _request(written: Mapping[str, Any]) -> OrderRequest:
    fields = dict(written)
    amounts = {name: Decimal(fields.pop(name)) for name in ("quantity", "quote_quantity", "price") if name in fields}
    return OrderRequest(
        symbol=Symbol.parse(fields["symbol"]),
        side=Side[fields["side"].upper()],
        client_order_id=ClientOrderId(fields["client_order_id"]),
        type=OrderType[fields.get("type", "limit").upper()],
        time_in_force=TimeInForce[fields.get("time_in_force", "gtc").upper()],
        **amounts,
    )


_READ: dict[str, Any] = {
    "symbol": Symbol.parse,
    "order_id": OrderId,
    "client_order_id": ClientOrderId,
    "price": Decimal,
    "quantity": Decimal,
    "request": _request,
    "ticket": partial(msgspec.convert, type=StreamTicket),
}
