"""What the core hands to a plugin: a clock, a REST client, the venue's settings and its markets."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec

from arb_core.errors import ExchangeAPIError
from arb_core.structs.card import Endpoint, ExchangeSettings, RequestConfig
from arb_core.structs.market import Instrument, Pair, Symbol, VenueName

__all__ = [
    "Clock",
    "ExchangeContext",
    "FaultReader",
    "Markets",
    "Params",
    "RestAnswer",
    "RestClient",
    "RestRequest",
    "Signer",
    "TimerHandle",
]

T = TypeVar("T")

Params = Mapping[str, str | int]
"""Query parameters in the order in which they are sent; the core percent-encodes them once."""


class TimerHandle(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Forget the call; harmless after it ran."""
        ...


class Clock(Protocol):
    """The only source of time. Tests and replays give their own."""

    def now_ns(self) -> int:
        """UTC, nanoseconds since the Unix epoch; may step."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back; for durations and deadlines."""
        ...

    def sleep(self, duration_ns: int) -> Awaitable[None]:
        """Wait; cancellation passes through."""
        ...

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        """Run a plain function at a moment of the monotonic clock."""
        ...


class RestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it goes out: `target` is path and query, already percent-encoded, byte for byte what is sent."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        """Leave out query, headers and body: they may be signed."""
        return f"RestRequest({self.method} {self.path})"


class RestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    received_ns: int


FaultReader = Callable[[RestAnswer], ExchangeAPIError | None]
"""A plugin's `faults.read`: the error an answer stands for, None for a success. Pure. It names the venue's code; what a
429, 418 or 5xx means for the request is the core's to say."""

Signer = Callable[[RestRequest, int], RestRequest]
"""A plugin's signature: (request, now_ns) -> the request as it is sent. Pure; called anew for each try."""


class RestClient(Protocol):
    """One venue's REST connection pool, with its budgets, time-outs and retries."""

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> "RestClient":
        """Return this client speaking with a plugin's faults and signature; pool and budgets stay shared."""
        ...

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
        """Send one request and parse its answer.

        Raises:
            ExchangeAPIError: what the venue answered, by `read_fault`; `RateLimitError`, `ExchangeUnavailable` or
                `OutcomeUnknown` by the core.
            WireError: the answer does not parse (any msgspec, Value, Type, Key or Index error of `parse`).
        """
        ...


class Markets(Protocol):
    """The instruments of one venue, once they are known."""

    def pair(self, symbol: Symbol, spell: Callable[[Symbol], Pair] | None = None) -> Pair:
        """Return the venue's spelling. Raises `InvalidSymbol` with near matches for a symbol that is not listed.

        With `spell`, the venue's rule, it answers before there is a list, too.
        """
        ...

    def symbol(self, pair: Pair) -> Symbol:
        """Return everybody's spelling. Raises `InvalidSymbol`."""
        ...

    def instrument(self, symbol: Symbol) -> Instrument:
        """Return what is known of a symbol. Raises `InvalidSymbol`."""
        ...

    def instruments(self) -> Iterable[Instrument]:
        """Return every instrument."""
        ...


class ExchangeContext(Protocol):
    """What an exchange's objects are made from."""

    @property
    def venue(self) -> VenueName:
        """The label in the settings."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def rest(self) -> RestClient:
        """REST, not yet bound to faults or a signature."""
        ...

    @property
    def settings(self) -> ExchangeSettings:
        """An instance of the card's settings struct."""
        ...

    @property
    def markets(self) -> Markets:
        """Instruments, filled from `get_exchange_info`."""
        ...

    @property
    def logger(self) -> logging.Logger:
        """Named after the venue. Nothing per message at INFO."""
        ...
