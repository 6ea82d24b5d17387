"""Overhears a plugin at work: every answer and every frame that it reads, before and after it has read them.

A registry that hands out the plugin's own objects, wrapped. Requests are noted as the plugin asked them, before they
are signed, so that neither key nor signature is ever in a note. Entered by `recorder`.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import msgspec
from arb_core.interfaces.context import (
    ExchangeContext,
    FaultReader,
    Params,
    RestAnswer,
    RestClient,
    Signer,
)
from arb_core.interfaces.private import PrivateExchange
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.registry import Registry
from arb_core.runtime.context import Context
from arb_core.structs.account import Credentials
from arb_core.structs.book import BookRule
from arb_core.structs.card import Endpoint, RequestConfig
from arb_core.structs.stream import StreamTicket, Topic

from arb_compliance.told import Told, Tree, tree

__all__ = ["AnswerNote", "Asked", "FrameNote", "Notes", "OverhearingRegistry"]

T = TypeVar("T")

Body = str | bytes


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A method of the contract that is being called, with its arguments as an index of samples spells them."""

    method: str
    arguments: dict[str, Any] = {}


class AnswerNote(msgspec.Struct, kw_only=True):
    """An answer of REST, and what was asked."""

    asked: Asked
    verb: str
    path: str
    params: dict[str, str]
    body: bytes
    status: int = 200
    error: str | None = None
    code: str | None = None
    read: Tree = None
    """What the method returned."""


class FrameNote(msgspec.Struct, frozen=True, kw_only=True):
    """A frame, and what the dialect says of it."""

    side: str
    body: bytes
    calls: tuple[dict[str, Tree], ...]


class Notes:
    """What was overheard.

    Attributes:
        answers: those of calls that were made within `asking`.
        frames: all that were decoded.
        secrets: tokens of private sockets, wherever they stand.
    """

    def __init__(self) -> None:
        self.answers: list[AnswerNote] = []
        self.frames: list[FrameNote] = []
        self.secrets: set[str] = set()
        self._asked: ContextVar[Asked | None] = ContextVar("asked", default=None)

    @contextmanager
    def asking(self, asked: Asked) -> Generator[None]:
        """Note the answers that come within the block, in this task."""
        before = self._asked.set(asked)
        try:
            yield
        finally:
            self._asked.reset(before)

    def answer(self, endpoint: Endpoint, params: Params | None, path: Mapping[str, str] | None) -> AnswerNote | None:
        """Begin the note of an answer; None = nobody is interested."""
        asked = self._asked.get()
        if asked is None:
            return None
        return AnswerNote(
            asked=asked,
            verb=endpoint.method,
            path=endpoint.path.format_map(path or {}),
            params={name: str(value) for name, value in (params or {}).items()},
            body=b"",
        )

    def ticket(self, ticket: StreamTicket) -> None:
        """Learn what of a ticket is secret."""
        query = ticket.url.partition("?")[2]
        values = [part.partition("=")[2] for part in query.split("&")]
        self.secrets.update(filter(None, (ticket.token, *values, *ticket.headers.values())))


class _Rest:
    """A REST client that lets everything pass, and notes it."""

    def __init__(self, inner: RestClient, notes: Notes) -> None:
        self._inner = inner
        self._notes = notes
        self._current: ContextVar[AnswerNote | None] = ContextVar("current", default=None)

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> "RestClient":
        bound = _Rest(self._inner, self._notes)

        def read(answer: RestAnswer) -> Any:
            error = read_fault(answer)
            note = bound._current.get()
            if note is not None and error is not None:
                note.body, note.status = answer.body, answer.status
                note.error = type(error).__name__
                note.code = None if error.api_code is None else str(error.api_code)
                self._notes.answers.append(note)
            return error

        bound._inner = self._inner.bind(read, sign)
        return bound

    async def call(
        self,
        endpoint: Endpoint,
        parse: Callable[[bytes], T],
        params: Params | None = None,
        *,
        path: Mapping[str, str] | None = None,
        body: bytes = b"",
        client_order_id: str | None = None,
        config: RequestConfig | None = None,
    ) -> T:
        note = self._notes.answer(endpoint, params, path)

        def overheard(answer: bytes) -> T:
            if note is not None:
                note.body = answer
                self._notes.answers.append(note)
            return parse(answer)

        before = self._current.set(note)
        try:
            return await self._inner.call(
                endpoint, overheard, params, path=path, body=body, client_order_id=client_order_id, config=config
            )
        finally:
            self._current.reset(before)


class _Dialect(StreamDialect):
    """A dialect that does what another does, and notes it."""

    def __init__(self, inner: StreamDialect, side: str, notes: Notes) -> None:
        self._inner = inner
        self._side = side
        self._notes = notes

    @property
    def book_rule(self) -> BookRule:
        return self._inner.book_rule

    async def ticket(self) -> StreamTicket:
        with self._notes.asking(Asked(method="ticket")):
            ticket = await self._inner.ticket()
        self._notes.ticket(ticket)
        return ticket

    async def renew(self, ticket: StreamTicket) -> StreamTicket:
        renewed = await self._inner.renew(ticket)
        self._notes.ticket(renewed)
        return renewed

    async def release(self, ticket: StreamTicket) -> None:
        await self._inner.release(ticket)

    def login(self, ticket: StreamTicket, now_ns: int) -> Sequence[str | bytes]:
        return self._inner.login(ticket, now_ns)

    def channel(self, topic: Topic) -> str:
        return self._inner.channel(topic)

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str | bytes:
        return self._inner.subscribe(topics, request_id, now_ns)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str | bytes:
        return self._inner.unsubscribe(topics, request_id, now_ns)

    def ping(self, now_ns: int) -> str | bytes | None:
        return self._inner.ping(now_ns)

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        told = Told()
        self._inner.decode(frame, received_ns, cast("Sink", told))
        said = tuple(tree(call) for call in told.calls)
        self._notes.frames.append(FrameNote(side=self._side, body=bytes(frame), calls=said))
        self._inner.decode(frame, received_ns, out)


class OverhearingRegistry(Registry):
    """The installed plugins, whose objects are overheard."""

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self._notes = notes

    def public(self, name: str, context: ExchangeContext) -> PublicExchange:
        """The plugin's own, over a client that is overheard."""
        return super().public(name, self._tapped(context))

    def private(self, name: str, context: ExchangeContext, credentials: Credentials) -> PrivateExchange:
        """Likewise."""
        return super().private(name, self._tapped(context), credentials)

    def public_stream(self, name: str, context: ExchangeContext) -> StreamDialect:
        """The plugin's own, overheard."""
        return _Dialect(super().public_stream(name, self._tapped(context)), "public", self._notes)

    def private_stream(self, name: str, context: ExchangeContext, credentials: Credentials) -> StreamDialect:
        """Likewise."""
        return _Dialect(super().private_stream(name, self._tapped(context), credentials), "private", self._notes)

    def _tapped(self, context: ExchangeContext) -> Context:
        return Context(
            venue=context.venue,
            clock=context.clock,
            rest=_Rest(context.rest, self._notes),
            settings=context.settings,
            markets=context.markets,
            logger=context.logger,
        )
