"""One venue's line: which request waits and which is under way, what answers teach, and the venue's clock.

Entered by `rest` alone; every view of a venue's client stands in the same line.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

from arb_core.errors import ExchangeAPIError, RateLimitError, SettingsError
from arb_core.interfaces.context import Clock, RestAnswer, RestRequest, TimerHandle
from arb_core.runtime.latency import LatencyHistogram
from arb_core.runtime.limits import Budgets, Claim, Turnstile
from arb_core.runtime.transport import Transport
from arb_core.structs.card import Endpoint, ExchangeCard, RequestConfig
from arb_core.structs.health import RestMetrics

__all__ = ["Line"]

_SECOND = 1_000_000_000

_FIRST_BACKOFF_NS = 100_000_000
_LONGEST_BACKOFF_NS = 5 * _SECOND

_CLOCK_SAMPLES = 3
"""Measurements of the venue's clock; the one with the shortest way there and back is the most exact."""


class Line:
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
