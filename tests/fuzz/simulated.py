"""A simulated venue on virtual time with all its faults, and the real client before it; what passes between them goes to whoever listens.

Entered by the tests that want a venue's own stream, with subscriptions, snapshots, losses and reconnections in it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import looptime
import msgspec
from arb_core.capture.format import Frame, Line
from arb_core.capture.record import RecordingTransport
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.structs.market import Symbol
from arb_core.venue import open_exchange
from arb_sim.faults import MESSAGES, Fault, FaultKind
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World

__all__ = ["overhear"]

MS = 1_000_000
SECOND = 1_000_000_000


class _Ear:
    """Stands where a recorder does, and hands each line on at once."""

    def __init__(self, clock: LoopClock, hear: Callable[[Line], None]) -> None:
        self.left_out = 0
        self.frames = 0
        self._clock = clock
        self._hear = hear

    def now_ns(self) -> int:
        return self._clock.now_ns()

    def put(self, line: Line) -> None:
        self.frames += isinstance(line, Frame)
        self._hear(line)


def overhear(
    exchange: str,
    settings: Mapping[str, Any],
    symbols: tuple[str, ...],
    hear: Callable[[Line], None],
    *,
    seconds: float,
    seed: int,
) -> Counter[str]:
    """Let a venue run for so long, and return which faults happened, and how many frames passed."""
    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        return runner.run(_run(exchange, settings, symbols, hear, seconds=seconds, seed=seed))


async def _run(
    exchange: str,
    settings: Mapping[str, Any],
    symbols: tuple[str, ...],
    hear: Callable[[Line], None],
    *,
    seconds: float,
    seed: int,
) -> Counter[str]:
    registry = Registry()
    card = registry.card(exchange)
    chosen = msgspec.convert(settings, card.settings)
    clock = LoopClock()
    world = World(seed=seed, symbols=symbols, pace=Pace(steps_per_s=20))
    venue = simulate([exchange], world, registry=registry, settings={exchange: chosen})[exchange]
    if not isinstance(venue, VenueKernel):
        raise TypeError(f"{exchange} is simulated by other means")
    met: Counter[str] = Counter()

    def note(fired: Any) -> None:
        met[str(fired.kind)] += 1

    venue.faults.on_fired = note
    for fault in _faults():
        if fault.kind not in venue.impossible:
            venue.faults.arm(fault)
    ear: Any = _Ear(clock, hear)
    roles = dict.fromkeys((card.hosts.rest, card.hosts.ws_public), venue)
    transport = RecordingTransport(MemoryTransport(roles, clock, latency_ns=15 * MS), ear, exchange)
    client = open_exchange(
        exchange, registry=registry, clock=clock, transport=transport, settings=chosen, random=Random(seed)
    )
    async with client:
        await client.connect()
        for symbol in symbols:
            client.follow(Symbol.parse(symbol))
        await clock.sleep(round(seconds * SECOND))
    await transport.close()
    met["frames"] = ear.frames
    return met


def _faults() -> list[Fault]:
    """What goes wrong: a message now and then, the connection three times a minute."""
    messages = [Fault(kind=kind, probability=0.004, count=None) for kind in sorted(MESSAGES)]
    return [
        *messages,
        Fault(kind=FaultKind.DISCONNECT, at_s=11, every_s=19, count=None),
        Fault(kind=FaultKind.STALE_SNAPSHOT, at_s=5, every_s=13, count=None, hold_s=2),
        Fault(kind=FaultKind.FREEZE, at_s=25, every_s=61, count=None, hold_s=2),
    ]
