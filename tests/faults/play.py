"""One example: a venue, its client, and one kind of fault in each of the states it can strike, in any order."""

import asyncio
from random import Random
from typing import Any, NamedTuple

import looptime
from arb_core.registry import Registry
from arb_core.structs.book import BookFault
from arb_sim.faults import CONNECTIONS, MESSAGES, REQUESTS, STATES, SUBSCRIPTIONS, FaultKind
from arb_sim.kernel.market import Status

from .ledger import Ledger
from .mishaps import Mishap, Moment
from .stage import Stage, Unstageable

__all__ = ["Setting", "play"]

ATTEMPTS = 6
"""How often a fault is tried that struck a moment too late."""

BEFOREHAND = SUBSCRIPTIONS | {FaultKind.STALE_SNAPSHOT}
"""Faults that lie in wait before the state is reached, because what they hit begins it."""


class Setting(NamedTuple):
    """What an example draws."""

    seed: int
    order: tuple[Moment, ...]
    latency_ms: int
    steps_per_s: float
    levels: int
    symbols: tuple[str, ...]
    companions: tuple[Mishap | None, ...]
    """A second fault that comes with the first, one for each of `order`."""


def play(setting: Setting, mishap: Mishap, ledger: Ledger, registry: Registry) -> None:
    """Run one example to its end, on a loop of its own whose time jumps.

    Raises:
        Wrong, NotRecovered: what must not be.
    """
    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        runner.run(_Example(setting, mishap, ledger, registry).run())


class _Example:
    def __init__(self, setting: Setting, mishap: Mishap, ledger: Ledger, registry: Registry) -> None:
        self.setting = setting
        self.mishap = mishap
        self.ledger = ledger
        self.registry = registry
        self.rng = Random(setting.seed)
        self.struck: list[tuple[Moment | None, int]] = []
        """Where and when the fault of this example happened."""
        self.companion: Mishap | None = None

    async def run(self) -> None:
        setting = self.setting
        self.stage = stage = Stage(
            self.ledger.case,
            self.registry,
            seed=setting.seed,
            levels=setting.levels,
            steps_per_s=setting.steps_per_s,
            latency_ms=setting.latency_ms,
            symbols=setting.symbols,
        )
        stage.on_fired = self.fired
        async with stage:
            moments = list(setting.order)
            unasked = moments and moments[0] is Moment.CONNECTING and self.mishap.kind not in CONNECTIONS
            if unasked:
                await self.strike_before_anything(setting.companions[0])
                moments.pop(0)
            else:
                await stage.begin()
                await stage.recover()
            for moment, companion in zip(moments, setting.companions[-len(moments) :], strict=False):
                await stage.pass_(self.rng.uniform(0, 1))
                await self.strike(moment, companion)
            await stage.pass_(1)
            await stage.recover()
        ledger = self.ledger
        ledger.examples += 1
        ledger.updates += stage.updates
        for oracle in stage.oracles.values():
            ledger.compared += oracle.compared
            ledger.levels += oracle.levels
            ledger.bounded += oracle.deepest_cut
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks outlive the venue: {left}"

    def fired(self, kind: FaultKind, moment: Moment | None) -> None:
        if kind is self.mishap.kind:
            self.struck.append((moment, self.stage.clock.monotonic_ns()))
            if moment is not None:
                self.ledger.met[self.mishap.name, moment] += 1
        elif self.companion is not None and kind is self.companion.kind and moment is not None:
            self.ledger.met[self.companion.name, moment] += 1

    async def strike_before_anything(self, companion: Mishap | None) -> None:
        """The fault is there before the client is."""
        options = self.mishap.options(self.rng)
        self.stage.arm(self.mishap, Moment.CONNECTING, options)
        self.accompany(companion, Moment.CONNECTING)
        await self.stage.begin()
        await self.aftermath(options, 0)

    async def strike(self, moment: Moment, companion: Mishap | None) -> None:
        """Let the fault happen in this state, and wait until all is well again."""
        for _ in range(ATTEMPTS):
            before = len(self.struck)
            options = self.mishap.options(self.rng)
            try:
                await self.once(moment, companion, options)
            except Unstageable:
                self.stage.kernel.faults.disarm()
                await self.stage.recover()
            found = [where for where, _ in self.struck[before:]]
            if moment in found:
                return
            for where in found or ["nowhere"]:
                self.ledger.elsewhere[f"{self.mishap.name} / {moment}", str(where)] += 1
            companion = None

    async def once(self, moment: Moment, companion: Mishap | None, options: dict[str, Any]) -> None:
        stage, kind = self.stage, self.mishap.kind
        fired = len(self.struck)
        by_rest = stage.case.by_rest and moment in {Moment.LOADING, Moment.RESYNCING}
        beforehand = kind in BEFOREHAND or (kind in REQUESTS and by_rest)
        if kind in REQUESTS and not by_rest:
            await stage.answered()
        if beforehand:
            if kind is FaultKind.STALE_SNAPSHOT:
                # Old by the time it is served: the way to the venue and back takes time, and the market moves.
                options = options | {"hold_s": options["hold_s"] + 1}
            stage.arm(self.mishap, moment, options)
        await stage.reach(moment, kind)
        if not beforehand:
            stage.arm(self.mishap, moment, options)
        self.accompany(companion, moment)
        if kind in MESSAGES:
            stage.now()
            stage.push()
            stage.done()
        asking = asyncio.ensure_future(stage.refresh()) if kind in REQUESTS and not by_rest else None
        await stage.until(lambda: len(self.struck) > fired, 60 if kind in SUBSCRIPTIONS else 10)
        await self.aftermath(options, fired)
        if asking is not None:
            await asking

    def accompany(self, companion: Mishap | None, moment: Moment) -> None:
        self.companion = companion
        if companion is not None and companion.kind is not self.mishap.kind:
            self.stage.arm(companion, moment, companion.options(self.rng))

    async def aftermath(self, options: dict[str, Any], fired: int) -> None:
        """Wait until the fault is over and the book is right; the time counts from when it struck."""
        stage = self.stage
        if self.mishap.kind is FaultKind.HALT:
            await stage.refresh()
        if self.mishap.kind in STATES:
            await stage.pass_(options["hold_s"])
        if self.mishap.kind is FaultKind.HALT:
            await self.resume()
        await stage.recover()
        stage.kernel.faults.disarm()
        if len(self.struck) > fired:
            began_ns = self.struck[fired][1]
            self.ledger.recovered_ns[self.mishap.name].append(stage.clock.monotonic_ns() - began_ns)

    async def resume(self) -> None:
        """Let the client learn that the symbol trades again, however often its question fails."""
        stage = self.stage
        while stage.market.status is not Status.TRADING:
            await stage.pass_(0.1)
        await stage.refresh()
        book = stage.client.books[stage.symbols[0]]
        while book.fault is BookFault.HALTED:
            await stage.pass_(1)
            await stage.refresh()
