"""One venue's REST client: what is sent when, how often, and what its failure means. Plugins enter through `call`.

A request waits its turn (`limits`: budgets and the cap on requests under way), is signed then and not before, and
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

import asyncio
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
    SettingsError,
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
    TimerHandle,
)
from arb_core.runtime.latency import LatencyHistogram
from arb_core.runtime.limits import Budgets, Claim, Turnstile
from arb_core.runtime.transport import Transport, TransportError
from arb_core.structs.card import Endpoint, ExchangeCard, RequestConfig
from arb_core.structs.health import RestMetrics

__all__ = ["Rest", "RestMetrics"]

T = TypeVar("T")

_SECOND = 1_000_000_000

_FIRST_BACKOFF_NS = 100_000_000
_LONGEST_BACKOFF_NS = 5 * _SECOND

_CLOCK_SAMPLES = 3
"""Measurements of the venue's clock; the one with the shortest way there and back is the most exact."""

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
        self._shared = _Shared(
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
        return self._shared.budgets

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> "Rest":
        bound = copy(self)
        bound._read_fault, bound._sign = read_fault, sign  # noqa: SLF001 (our own class)
        return bound

    def set_server_time(self, fetch: Callable[[], Awaitable[int]]) -> None:
        """Name what asks the venue for its time (`PublicExchange.get_server_time`), for requests that are signed."""
        self._shared.server_time = fetch

    async def sync_clock(self) -> int:
        """Measure how far the venue's clock is ahead of ours, ns, and sign by it from now on.

        Raises:
            SettingsError: nobody has named the way to ask (`set_server_time`).
            ExchangeAPIError, WireError: as `call`.
        """
        return await self._shared.sync_clock()

    def venue_now_ns(self) -> int:
        """Return what the venue's clock shows now, UTC, as far as it was measured."""
        return self._shared.venue_now_ns()

    def metrics(self) -> RestMetrics:
        """Return counts and latencies since the start."""
        return self._shared.metrics()

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
        shared = self._shared
        request = _request(endpoint, params, path, body)
        claim = shared.claim(endpoint, config)
        synced = False
        tries = 0
        while True:
            tries += 1
            syncs = shared.syncs
            try:
                return await self._try(endpoint, claim, request, parse, client_order_id=client_order_id, config=config)
            except ClockSkew as skew:
                if synced or self._sign is None or shared.server_time is None:
                    raise
                synced = True
                tries -= 1
                try:
                    await shared.sync_clock(unless_after=syncs)
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
                    await shared.back_off(tries)
            shared.retries += 1

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
        shared = self._shared
        await shared.enter(claim, config.max_wait_ns)
        try:
            ready = request if self._sign is None else self._sign(request, shared.venue_now_ns())
            if endpoint.idempotent:
                return await self._exchange(endpoint, claim, ready, parse, config)
            try:
                return await self._exchange(endpoint, claim, ready, parse, config)
            except (_NotSent, Rejected, RateLimitError):
                raise  # nothing reached the venue, or it says that nothing happened
            except Exception as error:
                raise self._unknown(error, client_order_id) from error
        finally:
            shared.leave()

    async def _exchange(
        self, endpoint: Endpoint, claim: Claim, ready: RestRequest, parse: Callable[[bytes], T], config: RequestConfig
    ) -> T:
        """Send a request that is ready, and read its answer."""
        try:
            answer = await self._shared.send(claim, ready, config.timeout_ns)
        except TransportError as error:
            if not error.sent:
                raise _NotSent(str(error)) from error
            raise self._unavailable(str(error)) from error
        self._judge(endpoint, claim, answer)
        return self._parsed(endpoint, parse, answer)

    def _judge(self, endpoint: Endpoint, claim: Claim, answer: RestAnswer) -> None:
        """Raise what an answer stands for, unless it is a success."""
        shared = self._shared
        shared.observe(claim, answer)
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
                exchange=shared.card.id,
                retry_after_ns=shared.refuse(claim, answer, fault, banned=banned),
                banned=banned,
                api_code=code,
                http_status=status,
            )
        if isinstance(fault, Rejected) and status < 500:
            raise fault
        if status >= 500 or status == 408 or isinstance(fault, (ExchangeUnavailable, OutcomeUnknown)):
            raise ExchangeUnavailable(text, exchange=shared.card.id, api_code=code, http_status=status)
        raise fault or ExchangeAPIError(text, exchange=shared.card.id, http_status=status)

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
            exchange=self._shared.card.id,
            where=f"{endpoint.method} {endpoint.path}",
            wire=b"" if endpoint.signed else answer.body,
        )

    def _unavailable(self, text: str) -> ExchangeUnavailable:
        return ExchangeUnavailable(text, exchange=self._shared.card.id)

    def _unknown(self, why: Exception, client_order_id: str | None) -> OutcomeUnknown:
        self._shared.outcomes_unknown += 1
        answered = why if isinstance(why, ExchangeAPIError) else None
        if answered is not None:
            told = answered.message
        else:
            # A defect speaks of anything, perhaps of what was sent: its traceback stays chained, its text is not shown.
            told = str(why) if isinstance(why, ArbError) else f"the answer was not read ({type(why).__name__})"
        return OutcomeUnknown(
            f"{told}; the request may have been carried out",
            exchange=self._shared.card.id,
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


class _Shared:
    """What every view of one venue's client has in common: the line of waiting requests, the counts and the clocks."""

    def __init__(
        self,
        card: ExchangeCard,
        transport: Transport,
        clock: Clock,
        *,
        base_url: str,
        rng: random.Random,
        places: int,
        budgets: Budgets,
    ) -> None:
        self.card = card
        self.budgets = budgets
        self.server_time: Callable[[], Awaitable[int]] | None = None
        self.syncs = 0
        self.retries = 0
        self.outcomes_unknown = 0
        self._rate_limited = 0
        self._requests = 0
        self._transport = transport
        self._clock = clock
        self._base_url = base_url
        self._rng = rng
        self._turnstile = Turnstile(self.budgets, places)
        self._claims: dict[int, tuple[Endpoint, Claim]] = {}
        self._passes: dict[Claim, asyncio.Future[None]] = {}
        self._alarm: TimerHandle | None = None
        self._latency: dict[str, LatencyHistogram] = {}
        self._clock_offset_ns: int | None = None
        self._syncing = asyncio.Lock()

    # The line.

    async def enter(self, claim: Claim, max_wait_ns: int) -> None:
        """Wait until the request may leave; its place is then taken, and `leave` gives it back.

        Raises:
            RateLimitError: (local) that would take, or took, longer than `max_wait_ns`.
        """
        clock = self._clock
        now_ns, monotonic_ns = clock.now_ns(), clock.monotonic_ns()
        if self._turnstile.pass_by(claim, now_ns, monotonic_ns):
            return
        # At least so long, whoever else waits.
        wait_ns = self.budgets.wait_ns(claim, now_ns, monotonic_ns)
        if wait_ns > max_wait_ns:
            raise self._held_back(claim, wait_ns)
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._passes[claim] = passed
        self._turnstile.join(claim)
        self._admit()
        if passed.done():
            return
        too_late = clock.call_at(clock.monotonic_ns() + max_wait_ns, lambda: _open(passed))
        try:
            await passed
        except asyncio.CancelledError:
            if self._passes.pop(claim, None) is None:
                self.leave()  # it had been let through in the same turn
            else:
                self._turnstile.give_up(claim)
                self._admit()
            raise
        finally:
            too_late.cancel()
        if self._passes.pop(claim, None) is not None:
            self._turnstile.give_up(claim)
            self._admit()
            raise self._held_back(claim, self.budgets.wait_ns(claim, clock.now_ns(), clock.monotonic_ns()))

    def leave(self) -> None:
        """Give a place back."""
        self._turnstile.done()
        if self._turnstile.waiting:
            self._admit()

    def claim(self, endpoint: Endpoint, config: RequestConfig) -> Claim:
        """Return what a request takes; reckoned once for an endpoint's own cost."""
        name, urgent = f"{endpoint.method} {endpoint.path}", endpoint.signed and endpoint.method != "GET"
        if config.cost is not None:
            return self.budgets.claim(name, config.cost, urgent=urgent)
        known = self._claims.get(id(endpoint))
        if known is None:
            claim = self.budgets.claim(name, endpoint.cost, urgent=urgent)
            # The endpoint is kept with it: nothing else can then be found under its identity.
            known = self._claims[id(endpoint)] = (endpoint, claim)
        return known[1].again()

    def _admit(self) -> None:
        """Let through all that may go, and come back when the next one may."""
        clock = self._clock
        for claim in self._turnstile.admit(clock.now_ns(), clock.monotonic_ns()):
            _open(self._passes.pop(claim))
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        again_ns = self._turnstile.again_ns
        if again_ns is not None:
            self._alarm = clock.call_at(clock.monotonic_ns() + again_ns, self._admit)

    def _held_back(self, claim: Claim, wait_ns: int) -> RateLimitError:
        return RateLimitError(
            f"{claim.endpoint} was held back: its budget is used up for {wait_ns / _SECOND:.1f} s more",
            exchange=self.card.id,
            retry_after_ns=wait_ns,
            local=True,
        )

    # Sending, and what an answer teaches.

    async def send(self, claim: Claim, request: RestRequest, timeout_ns: int) -> RestAnswer:
        self._requests += 1
        begun_ns = self._clock.monotonic_ns()
        answer = await self._transport.request(self._base_url, request, timeout_ns)
        histogram = self._latency.get(claim.endpoint)
        if histogram is None:
            histogram = self._latency[claim.endpoint] = LatencyHistogram()
        histogram.add(self._clock.monotonic_ns() - begun_ns)
        return answer

    def observe(self, claim: Claim, answer: RestAnswer) -> None:
        self.budgets.observe(claim, answer.headers, self._clock.now_ns(), self._clock.monotonic_ns())

    def refuse(self, claim: Claim, answer: RestAnswer, fault: ExchangeAPIError | None, *, banned: bool) -> int:
        """Close what the request took from, for everybody, and return for how long."""
        self._rate_limited += 1
        clock = self._clock
        return self.budgets.refuse(
            claim,
            answer.headers,
            clock.now_ns(),
            clock.monotonic_ns(),
            banned=banned,
            # Some venues say it in the body, which the plugin has read.
            stated_ns=fault.retry_after_ns if isinstance(fault, RateLimitError) else None,
        )

    async def back_off(self, tries: int) -> None:
        """Wait a random part of a time that doubles with each try: "full jitter", so that clients spread out."""
        longest_ns = min(_LONGEST_BACKOFF_NS, _FIRST_BACKOFF_NS << min(tries - 1, 10))
        await self._clock.sleep(int(self._rng.uniform(0, longest_ns)))

    # The venue's clock.

    def venue_now_ns(self) -> int:
        """Return what the venue's clock shows now, as far as we know."""
        return self._clock.now_ns() + (self._clock_offset_ns or 0)

    async def sync_clock(self, unless_after: int | None = None) -> int:
        """Measure the difference; not again where it was measured since `unless_after` measurements."""
        fetch = self.server_time
        if fetch is None:
            raise SettingsError(f"{self.card.id}: nothing was set that asks the venue for its time")
        async with self._syncing:
            if unless_after is not None and self.syncs > unless_after and self._clock_offset_ns is not None:
                return self._clock_offset_ns
            best_way_ns: int | None = None
            offset_ns = 0
            for _ in range(_CLOCK_SAMPLES):
                left_ns, begun_ns = self._clock.now_ns(), self._clock.monotonic_ns()
                there_ns = await fetch()
                way_ns = self._clock.monotonic_ns() - begun_ns
                if best_way_ns is None or way_ns < best_way_ns:
                    best_way_ns = way_ns
                    offset_ns = there_ns - (left_ns + way_ns // 2)
            self._clock_offset_ns = offset_ns
            self.syncs += 1
            return offset_ns

    def metrics(self) -> RestMetrics:
        stats = self._transport.stats
        return RestMetrics(
            requests=self._requests,
            retries=self.retries,
            rate_limited=self._rate_limited,
            outcomes_unknown=self.outcomes_unknown,
            under_way=self._turnstile.under_way,
            waiting=self._turnstile.waiting,
            reuse_rate=stats.reused / stats.requests if stats.requests else None,
            clock_offset_ns=self._clock_offset_ns,
            latency={endpoint: histogram.summary() for endpoint, histogram in self._latency.items()},
            budgets=self.budgets.use(self._clock.now_ns(), self._clock.monotonic_ns()),
        )


def _open(passed: "asyncio.Future[None]") -> None:
    if not passed.done():
        passed.set_result(None)


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
