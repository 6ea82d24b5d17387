"""One venue's REST client: what is sent when, how often, and what its failure means. Plugins enter through `call`.

A request waits its turn (`line`: by its budgets and the cap on requests under way), is signed then and not before, and
leaves through a `Transport`. What goes wrong is said by what the caller should do next:

* never sent: tried again, whatever it is;
* an idempotent request: tried again by the error's action, with full jitter, at most `RequestConfig.attempts` times;
* one that is not idempotent and may have arrived: `OutcomeUnknown` at once, whether the answer is missing, broken, a
  5xx, an error that is not a plain refusal, or met a defect of whoever reads it. It may have happened, and only asking
  tells;
* 429 and 418: the budgets are closed for everybody, and the request waits with the others as long as it may;
* our clock is off: the difference is measured and the request signed again, once. That refusal proves that nothing
  happened, also to an order, and is the only one after which an order leaves again.

Cancellation passes through and gives the place back; what became of a request that was cancelled on its way, nobody
here knows. No error holds a query, a header or a body of a request.
"""

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from typing import TypeVar
from urllib.parse import quote

import msgspec

from arb_core.errors import (
    ArbError,
    ClockSkew,
    ExchangeAPIError,
    ExchangeUnavailable,
    OutcomeUnknown,
    RateLimitError,
    Rejected,
    WireError,
)
from arb_core.interfaces.context import (
    Clock,
    FaultReader,
    Params,
    RestAnswer,
    RestClient,
    RestRequest,
    Signer,
)
from arb_core.runtime.limits import Budgets, Claim
from arb_core.runtime.line import Line
from arb_core.runtime.transport import Transport, TransportError
from arb_core.structs.card import Endpoint, ExchangeCard, RequestConfig
from arb_core.structs.health import RestMetrics

__all__ = ["Rest", "RestMetrics"]

T = TypeVar("T")

_SECOND = 1_000_000_000

_TOO_MANY_REQUESTS = 429
_BANNED = 418

_UNPARSEABLE = (
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    ArithmeticError,
    RecursionError,
)
"""What a plugin's `parse` or `read_fault` may raise for an answer that is not what the venue documents. Arithmetic: a
`Decimal` made from something that is no number."""

_DEFAULT = RequestConfig()
_ORDER = RequestConfig(max_wait_ns=_SECOND)
"""For what is not idempotent: an order that has stood in line for long was meant for another market."""


def _no_fault(_answer: RestAnswer) -> ExchangeAPIError | None:
    """Read the faults of a venue that has none of its own: the HTTP status then says it all."""
    return None


class Rest(RestClient):
    """One venue's requests. `bind` returns views with another plugin's faults and signature; the rest is shared."""

    def __init__(
        self,
        card: ExchangeCard,
        transport: Transport,
        clock: Clock,
        *,
        base_url: str | None = None,
        rng: random.Random | None = None,
        places: int = 16,
        budgets: Budgets | None = None,
    ) -> None:
        """Speak to `base_url` (default: the card's REST host) with at most `places` requests under way.

        `rng` makes the jitter; a seeded one repeats a run. `budgets` are shared by venues that one exchange counts
        together; default: the card's limits, for this client alone.
        """
        self._line = Line(
            card,
            transport,
            clock,
            base_url=base_url or card.hosts.rest,
            rng=rng or random.Random(),  # noqa: S311 (jitter, no secret)
            places=places,
            budgets=budgets or Budgets(card.limits, card.usage),
        )
        self._read_fault: FaultReader = _no_fault
        self._sign: Signer | None = None

    @property
    def budgets(self) -> Budgets:
        """What this venue's requests take from."""
        return self._line.budgets

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> "Rest":
        bound = copy(self)
        bound._read_fault, bound._sign = read_fault, sign  # noqa: SLF001 (our own class)
        return bound

    def set_server_time(self, fetch: Callable[[], Awaitable[int]]) -> None:
        """Name what asks the venue for its time (`PublicExchange.get_server_time`), for requests that are signed."""
        self._line.server_time = fetch

    async def sync_clock(self) -> int:
        """Measure how far the venue's clock is ahead of ours, ns, and sign by it from now on.

        Raises:
            SettingsError: nobody has named the way to ask (`set_server_time`).
            ExchangeAPIError, WireError: as `call`.
        """
        return await self._line.sync_clock()

    def venue_now_ns(self) -> int:
        """Return what the venue's clock shows now, UTC, as far as it was measured."""
        return self._line.venue_now_ns()

    def metrics(self) -> RestMetrics:
        """Return counts and latencies since the start."""
        return self._line.metrics()

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
        config = config or (_DEFAULT if endpoint.idempotent else _ORDER)
        line = self._line
        request = _request(endpoint, params, path, body)
        claim = line.claim(endpoint, config)
        synced = False
        tries = 0
        while True:
            tries += 1
            syncs = line.syncs
            try:
                return await self._try(endpoint, claim, request, parse, client_order_id=client_order_id, config=config)
            except ClockSkew as skew:
                if synced or self._sign is None or line.server_time is None:
                    raise
                synced = True
                tries -= 1
                try:
                    await line.sync_clock(unless_after=syncs)
                except ArbError as error:
                    # What became of the request is known: it was refused.
                    raise skew from error
            except (_NotSent, ExchangeAPIError) as error:
                if tries >= config.attempts or not _may_repeat(error, endpoint, config):
                    if isinstance(error, _NotSent):
                        raise self._unavailable(str(error)) from error.__cause__
                    raise
                # A refusal with a time has closed the budgets for that long: waiting in line is waiting enough.
                if not (isinstance(error, RateLimitError) and error.retry_after_ns):
                    await line.back_off(tries)
            line.retries += 1

    async def _try(
        self,
        endpoint: Endpoint,
        claim: Claim,
        request: RestRequest,
        parse: Callable[[bytes], T],
        *,
        client_order_id: str | None,
        config: RequestConfig,
    ) -> T:
        """Send once, and say what came of it. The place is given back when the answer has been heeded, not before."""
        line = self._line
        await line.enter(claim, config.max_wait_ns)
        try:
            ready = request if self._sign is None else self._sign(request, line.venue_now_ns())
            if endpoint.idempotent:
                return await self._exchange(endpoint, claim, ready, parse, config)
            try:
                return await self._exchange(endpoint, claim, ready, parse, config)
            except (_NotSent, Rejected, RateLimitError):
                raise  # nothing reached the venue, or it says that nothing happened
            except Exception as error:
                raise self._unknown(error, client_order_id) from error
        finally:
            line.leave()

    async def _exchange(
        self, endpoint: Endpoint, claim: Claim, ready: RestRequest, parse: Callable[[bytes], T], config: RequestConfig
    ) -> T:
        """Send a request that is ready, and read its answer."""
        try:
            answer = await self._line.send(claim, ready, config.timeout_ns)
        except TransportError as error:
            if not error.sent:
                raise _NotSent(str(error)) from error
            raise self._unavailable(str(error)) from error
        self._judge(endpoint, claim, answer)
        return self._parsed(endpoint, parse, answer)

    def _judge(self, endpoint: Endpoint, claim: Claim, answer: RestAnswer) -> None:
        """Raise what an answer stands for, unless it is a success."""
        line = self._line
        line.observe(claim, answer)
        status = answer.status
        try:
            fault = self._read_fault(answer)
        except _UNPARSEABLE as error:
            if status < 300:
                raise self._malformed(endpoint, answer, error) from (None if endpoint.signed else error)
            fault = None  # a proxy or a firewall answered, with a page of its own
        if fault is None and status < 300:
            return
        code = None if fault is None else fault.api_code
        text = f"{claim.endpoint}: {'no reason given' if fault is None else fault.message}"
        if status in {_TOO_MANY_REQUESTS, _BANNED} or isinstance(fault, RateLimitError):
            banned = status == _BANNED or (isinstance(fault, RateLimitError) and fault.banned)
            raise RateLimitError(
                text,
                exchange=line.card.id,
                retry_after_ns=line.refuse(claim, answer, fault, banned=banned),
                banned=banned,
                api_code=code,
                http_status=status,
            )
        if isinstance(fault, Rejected) and status < 500:
            raise fault
        if status >= 500 or status == 408 or isinstance(fault, (ExchangeUnavailable, OutcomeUnknown)):
            raise ExchangeUnavailable(text, exchange=line.card.id, api_code=code, http_status=status)
        raise fault or ExchangeAPIError(text, exchange=line.card.id, http_status=status)

    def _parsed(self, endpoint: Endpoint, parse: Callable[[bytes], T], answer: RestAnswer) -> T:
        try:
            return parse(answer.body)
        except ArbError:
            raise
        except _UNPARSEABLE as error:
            raise self._malformed(endpoint, answer, error) from (None if endpoint.signed else error)

    def _malformed(self, endpoint: Endpoint, answer: RestAnswer, error: Exception) -> WireError:
        # The answer to a signed request may hold a token (a listen key): nothing of it is shown.
        return WireError(
            type(error).__name__ if endpoint.signed else f"{type(error).__name__}: {error}",
            exchange=self._line.card.id,
            where=f"{endpoint.method} {endpoint.path}",
            wire=b"" if endpoint.signed else answer.body,
        )

    def _unavailable(self, text: str) -> ExchangeUnavailable:
        return ExchangeUnavailable(text, exchange=self._line.card.id)

    def _unknown(self, why: Exception, client_order_id: str | None) -> OutcomeUnknown:
        self._line.outcomes_unknown += 1
        answered = why if isinstance(why, ExchangeAPIError) else None
        if answered is not None:
            told = answered.message
        else:
            # A defect speaks of anything, perhaps of what was sent: its traceback stays chained, its text is not shown.
            told = str(why) if isinstance(why, ArbError) else f"the answer was not read ({type(why).__name__})"
        return OutcomeUnknown(
            f"{told}; the request may have been carried out",
            exchange=self._line.card.id,
            client_order_id=client_order_id,
            api_code=answered.api_code if answered else None,
            http_status=answered.http_status if answered else None,
        )


class _NotSent(Exception):
    """It is certain that nothing reached the venue."""


def _may_repeat(error: "_NotSent | ExchangeAPIError", endpoint: Endpoint, config: RequestConfig) -> bool:
    """Say whether the same request may leave again."""
    if isinstance(error, _NotSent):
        return True
    if not endpoint.idempotent:
        return False
    if isinstance(error, RateLimitError):
        return not error.local and (error.retry_after_ns or 0) <= config.max_wait_ns
    return error.action == "retry"


def _request(endpoint: Endpoint, params: Params | None, path: Mapping[str, str] | None, body: bytes) -> RestRequest:
    """Fill in a path's places and encode the query: the one time that anything is percent-encoded."""
    filled = endpoint.path
    if path:
        filled = filled.format_map({name: _encoded(value) for name, value in path.items()})
    query = ""
    if params:
        query = "&".join([f"{_encoded(name)}={_encoded(str(value))}" for name, value in params.items()])
    return RestRequest(method=endpoint.method, path=filled, query=query, body=body)


_is_plain = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
"""Characters that RFC 3986 (2.3) leaves as they are: nearly every text of a request, found six times as fast."""


def _encoded(text: str) -> str:
    return text if _is_plain(text) else quote(text, safe="")
