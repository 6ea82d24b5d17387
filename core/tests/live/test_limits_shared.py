"""What one exchange counts together: the venues of one process, and the processes of one machine."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from arb_core.errors import RateLimitError
from arb_core.runtime.limits import Allowances, PoolState, Store
from arb_core.structs.card import Endpoint, RateLimit
from arb_core.venue.events import LimitsNotKept
from fake_account import CLAIMS, KEY
from fake_venue import REST_RULE, SECOND
from shop import BTC, Clock, Shop

pytestmark = pytest.mark.looptime(noop_cycles=2)  # 42 by default: most of the run, and nothing here needs them

PING = Endpoint(path="/ping", cost={"weight": 1})
ORDER = Endpoint(method="POST", path="/order", cost={"orders": 1}, idempotent=False, signed=True)
LIMITS = (
    RateLimit(name="weight", limit=100, window_ns=60 * SECOND),
    RateLimit(name="orders", limit=10, window_ns=60 * SECOND, scope="key"),
)


class Memory(Store):
    """What survives a process, in this one."""

    def __init__(self) -> None:
        self.pools: dict[str, PoolState] = {}
        self.writes = 0
        self.troubles: list[str] = []
        self.refusal: OSError | None = None

    def load(self) -> tuple[dict[str, list[PoolState]], list[str]]:
        return {name: [state] for name, state in self.pools.items()}, self.troubles

    def save(self, pools: dict[str, PoolState]) -> None:
        self.writes += 1
        if self.refusal is not None:
            raise self.refusal
        self.pools = pools


@asynccontextmanager
async def process(clock: Clock, store: Memory, *labels: str) -> AsyncIterator[list[Shop]]:
    """Open venues of one exchange, as one process does."""
    allowances = Allowances(clock, store, threaded=False)
    options: dict[str, Any] = {"credentials": KEY, "allowances": allowances}
    facts: dict[str, Any] = {"claims": CLAIMS, "rate_limits": LIMITS}
    shops = [Shop((BTC,), REST_RULE, {**options, "venue": label}, facts, clock=clock) for label in labels]
    async with AsyncExitStack() as stack:
        for shop in shops:
            await stack.enter_async_context(shop.venue)
        yield shops


async def call(shop: Shop, endpoint: Endpoint = PING) -> None:
    assert shop.registry.context is not None
    await shop.registry.context.rest.call(endpoint, lambda _body: None)


async def test_two_venues_of_one_exchange_spend_and_are_banned_together() -> None:
    clock = Clock()
    async with process(clock, Memory(), "fake", "fake2") as (one, two):
        one.far.answers = [(200, {})] * 10
        for _ in range(10):
            await call(one, ORDER)
        with pytest.raises(RateLimitError, match="held back"):
            await call(two, ORDER)
        one.far.answers = [(418, {"retry-after": "3600"})]
        with pytest.raises(RateLimitError) as caught:
            await call(one)
        assert caught.value.banned
        with pytest.raises(RateLimitError, match="held back") as caught:
            await call(two)
        assert caught.value.retry_after_ns == 3600 * SECOND
        assert two.venue.health().rest.budgets["scope:ip"].closed_ns == 3600 * SECOND


async def test_a_ban_outlives_a_process_however_it_ends() -> None:
    clock, store = Clock(), Memory()
    async with process(clock, store, "fake") as (first,):
        first.far.answers = [(418, {"retry-after": "3600"})]
        with pytest.raises(RateLimitError):
            await call(first)
        # Long before it is closed, for it may never be.
        await first.run(1)
        assert store.writes == 1
        survived = Memory()
        survived.pools = dict(store.pools)
    async with process(clock, survived, "fake") as (second,):
        with pytest.raises(RateLimitError, match="held back"):
            await call(second)
        await second.run(3600)
        second.far.answers = [(200, {})]
        await call(second)


async def test_what_was_spent_is_kept_when_the_venue_closes() -> None:
    clock, store = Clock(), Memory()
    async with process(clock, store, "fake") as (first,):
        first.far.answers = [(200, {})] * 10
        for _ in range(10):
            await call(first, ORDER)
    async with process(clock, store, "fake") as (second,):
        with pytest.raises(RateLimitError, match="held back"):
            await call(second, ORDER)


async def test_limits_that_cannot_be_kept_are_told_once_and_stop_nothing() -> None:
    clock, store = Clock(), Memory()
    store.refusal = OSError(28, "No space left on device")
    store.troubles = ["/state/limits/odd.json is none of ours, remove it"]
    async with process(clock, store, "fake") as (it,):
        it.far.answers = [(200, {})] * 100
        for _ in range(100):
            await call(it)
            await it.run(1)
        assert store.writes >= 5
    told = [event.reason for event in it.of(LimitsNotKept)]
    assert len(told) == 2
    assert "odd.json" in told[0]
    assert "No space left" in told[1]
