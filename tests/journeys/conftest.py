"""What journeys share: a street of simulated venues, watched through the real plugins on virtual time."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import cast

import msgspec
import pytest
from arb_core.cli.watch import Watch
from arb_core.engine.opportunity import Policy
from arb_core.interfaces.strategy import Strategy
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.pulse import Pulse
from arb_core.runtime.tasks import TaskOwner
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookState
from arb_core.structs.market import Asset, AssetNetwork, Side, Symbol, VenueName
from arb_core.structs.opportunity import Check, Opportunity, Verdict
from arb_core.testing.fixtures import no_event_loop_before_the_first
from arb_core.venue import open_exchange
from arb_sim.faults import Fault
from arb_sim.kernel.market import Market
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Dislocations, Pace, Quirk, World

SECOND = 1_000_000_000

Seen = tuple[Opportunity, Verdict]


class Wire:
    """The memory transport, with a diary of what was asked of whom and when."""

    def __init__(self, inner: MemoryTransport, clock: LoopClock) -> None:
        self.inner = inner
        self._clock = clock
        self.stats = inner.stats
        self.requests: list[list] = []
        """[seconds, path, status]; status 0 = no answer yet, or none at all"""
        self.connects: list[float] = []

    async def request(self, base_url, request, timeout_ns):
        entry = [self._now(), request.path, 0]
        self.requests.append(entry)
        answer = await self.inner.request(base_url, request, timeout_ns)
        entry[2] = answer.status
        return answer

    async def connect(self, url, headers, listener, timeout_ns):
        self.connects.append(self._now())
        return await self.inner.connect(url, headers, listener, timeout_ns)

    async def close(self):
        await self.inner.close()

    def _now(self) -> float:
        return self._clock.monotonic_ns() / SECOND


class Street:
    """Venues of one world and a watch over them. Seconds are seconds of venue time."""

    def __init__(
        self,
        *exchanges: str,
        symbols: tuple[str, ...] = ("LINK/USDT",),
        quirks: tuple[Quirk, ...] = (),
        policy: Policy | None = None,
        strategy: Strategy | None = None,
        strategies: Mapping[str, Strategy] | None = None,
        steps_per_s: float = 4.0,
        dislocations: Dislocations | None = None,
        latency_ns: int = 5_000_000,
        networks: bool = True,
    ) -> None:
        registry = Registry()
        self.clock = LoopClock()
        self.exchanges = exchanges or ("mexc", "gateio")
        self.world = World(
            seed=11,
            symbols=symbols,
            start_ns=self.clock.now_ns(),
            pace=Pace(steps_per_s=steps_per_s),
            quirks=quirks,
            dislocations=dislocations,
        )
        self.simulated = cast("dict[str, VenueKernel]", simulate(self.exchanges, self.world, registry=registry))
        self.wires: dict[str, Wire] = {}
        openers = {}
        for name, venue in self.simulated.items():
            hosts = registry.card(name).hosts
            inner = MemoryTransport(
                dict.fromkeys((hosts.rest, hosts.ws_public), venue), self.clock, latency_ns=latency_ns
            )
            self.wires[name] = Wire(inner, self.clock)
            openers[VenueName(name)] = partial(
                open_exchange,
                name,
                registry=registry,
                clock=self.clock,
                transport=self.wires[name],
                random=Random(5),
            )
        self.watch = Watch(
            openers,
            [Symbol.parse(text) for text in symbols],
            strategies=strategies or {"spatial": strategy or Spatial()},
            policy=policy or Policy(price_window_ns=2 * SECOND),
            clock=self.clock,
            networks=networks,
        )
        self.seen: list[Seen] = []
        self.alarms = []
        self.told: list[str] = []
        self.watch.session.listen(opportunity=lambda *found: self.seen.append(found), alarm=self.alarms.append)
        self.watch.listen(lambda venue, text: self.told.append(text if venue is None else f"{venue}: {text}"))

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Street"]:
        """Watch from here to the end of the block."""
        pulse = Pulse(self.clock, SECOND // 2, lambda _beat: self.watch.look())
        async with TaskOwner() as tasks:
            await self.watch.start(tasks)
            pulse.start()
            try:
                yield self
            finally:
                pulse.stop()
        for wire in self.wires.values():
            await wire.close()

    async def pass_(self, seconds: float) -> list[Seen]:
        """Let time pass; return what was judged meanwhile."""
        before = len(self.seen)
        await self.clock.sleep(round(seconds * SECOND))
        return self.seen[before:]

    async def until(self, true: Callable[[], bool], *, at_most_s: float = 60, look_s: float = 0.01) -> float:
        """Let time pass until something is true, asked each `look_s`; return how many seconds that took."""
        began_ns = self.clock.monotonic_ns()
        while not true():
            assert self.clock.monotonic_ns() - began_ns < at_most_s * SECOND, "it did not become true"
            await self.clock.sleep(round(look_s * SECOND))
        return (self.clock.monotonic_ns() - began_ns) / SECOND

    def book(self, exchange: str, symbol: str = "LINK/USDT"):
        return self.watch.session.market.book(Symbol.parse(symbol), VenueName(exchange))

    def market(self, exchange: str, symbol: str = "LINK/USDT") -> Market:
        """The venue's own side of it."""
        return self.simulated[exchange].by_symbol[symbol]

    def all_live(self) -> bool:
        live, books = self.watch.live()
        return live == books > 0

    def change(self, exchange: str, bids, asks, symbol: str = "LINK/USDT") -> None:
        """Change a venue's book by hand, in whole ticks and lots, and let its transport hear that there is news."""
        self.world.timeline.run(self.wires[exchange].inner.now_ns)
        self.market(exchange, symbol).change(bids, asks, self.world.timeline.now_ns)
        self.wires[exchange].inner._rearm()

    def fault(self, exchange: str, **fault) -> None:
        self.simulated[exchange].faults.arm(Fault(**fault))

    def delay(self, exchange: str, seconds: float) -> None:
        """Let everything between a venue and us take so long from now on."""
        self.wires[exchange].inner._way._latency_ns = round(seconds * SECOND)

    def forget(self) -> None:
        """Forget what was noted so far."""
        self.seen.clear()
        self.told.clear()
        for wire in self.wires.values():
            wire.requests.clear()
            wire.connects.clear()

    def alter(self, exchange: str, symbol: str = "LINK/USDT", **fields) -> None:
        """Let a venue's listing say something that no simulated venue publishes."""
        view, key = self.watch.session.market, Symbol.parse(symbol)
        instrument = view.instrument(key, VenueName(exchange))
        assert instrument is not None
        view.set_instrument(VenueName(exchange), key, msgspec.structs.replace(instrument, **fields))

    def networks(self, exchange: str, *networks: AssetNetwork) -> None:
        """Let a venue that wants a key for it say on which networks assets travel."""
        listed: dict[Asset, list[AssetNetwork]] = {}
        for network in networks:
            listed.setdefault(network.asset, []).append(network)
        self.watch.session.market.assets.set_networks(VenueName(exchange), listed, self.clock.now_ns())

    def is_true_to_the_venue(self, exchange: str, symbol: str = "LINK/USDT", depth: int = 20) -> bool:
        """Whether our best levels are the venue's own of this moment; ask it of a market that stands still."""
        book, market = self.book(exchange, symbol), self.market(exchange, symbol)
        assert book is not None
        tick, lot = float(market.listing.tick), float(market.listing.lot)
        ours = [*book.bids(depth), *book.asks(depth)]
        theirs = [*market.book.bids.top(depth), *market.book.asks.top(depth)]
        return len(ours) == len(theirs) and all(
            abs(a - p * tick) < tick / 10 and abs(b - s * lot) < lot / 10
            for (a, b), (p, s) in zip(ours, theirs, strict=True)
        )


def check(verdict: Verdict, name: str) -> Check:
    """The answer of one check."""
    return next(check for check in verdict.checks if check.name == name)


def between(seen: list[Seen], buy: str, sell: str) -> list[Seen]:
    """What was judged of one direction."""
    return [
        (opportunity, verdict)
        for opportunity, verdict in seen
        if {leg.side: leg.venue for leg in opportunity.legs} == {Side.BUY: buy, Side.SELL: sell}
    ]


@pytest.fixture
def street() -> type[Street]:
    """Venues in memory, for a test to build as it needs them."""
    return Street


@pytest.fixture
def ask():
    """Find one check of a verdict."""
    return check


@pytest.fixture
def direction():
    """Find what was judged of one direction."""
    return between


@pytest.fixture
def live():
    return BookState.LIVE
