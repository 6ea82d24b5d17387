"""Days of venue time in one process: nothing grows, however often connections end.

`tox -e soak` is 72 hours with 10,000 disconnects of each venue; the short form in `tox -e faults` some minutes with a few
hundred. The disconnects come in the first two thirds of the time; the rest is quiet, and long enough for a venue that ends
every connection after a day to have it replaced.
"""

import asyncio
import gc
import os
from pathlib import Path

import looptime
import pytest
from arb_core.registry import Registry
from arb_sim.kernel.tickets import Ticket

from .mishaps import CASES, Case
from .stage import SECOND, Stage

FULL = bool(os.environ.get("ARB_FULL"))
HOURS = 72.0 if FULL else 0.6
DISCONNECTS = 10_000 if FULL else 200
STORMY = 0.625
"""The part of the time in which connections end: 45 of 72 hours."""

SEGMENTS = 36
WARM = 12
"""Segments before anything is measured: caches, candles and the allocator's arenas fill first."""
GROWTH_BYTES = 6_000_000
"""By least squares over the measured segments; a kilobyte kept of each disconnect would be 4 MB in the full form, which
the allocator's own noise does not reach."""
GROWTH_OBJECTS = 2_000 if FULL else 150
"""The same of objects that the collector knows: one kept of each disconnect would be 4,000, two in the short form 180."""


OBJECTS_OF_A_TICKET = 7
"""A token that nobody needs any more stays with the simulated venue to its end, in a day: itself, and what waits for that."""


class Vitals:
    """What a leak would let grow, a point a segment."""

    def __init__(self) -> None:
        self.resident: list[int] = []
        self.objects: list[int] = []
        self.tasks: list[int] = []

    def look(self, stage: Stage) -> None:
        """Take a point."""
        for market in stage.kernel.by_pair.values():
            # What the simulation and the oracle remember, up to a limit that a short run does not reach, is their own.
            market.prints.clear()
            market.spelling._prices.clear()
            market.spelling._sizes.clear()
        for oracle in stage.oracles.values():
            oracle.forget()
        gc.collect()
        self.resident.append(int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGESIZE"))
        objects = gc.get_objects()
        remembered = sum(oracle.remembered for oracle in stage.oracles.values())
        tickets = sum(isinstance(found, Ticket) for found in objects)
        self.objects.append(len(objects) - remembered - OBJECTS_OF_A_TICKET * tickets)
        self.tasks.append(len(asyncio.all_tasks()))

    @staticmethod
    def growth(points: list[int]) -> float:
        """Growth over all points after the warm-up, by the least-squares slope."""
        measured = points[WARM:]
        middle, mean = (len(measured) - 1) / 2, sum(measured) / len(measured)
        spread = sum((index - middle) ** 2 for index in range(len(measured)))
        slope = sum((index - middle) * (point - mean) for index, point in enumerate(measured)) / spread
        return slope * (len(measured) - 1)


async def live_through(case: Case, registry: Registry, vitals: Vitals) -> Stage:
    """Keep two books for `HOURS` of venue time."""
    stage = Stage(
        case,
        registry,
        seed=72,
        levels=25,
        steps_per_s=0.2 if FULL else 1,
        latency_ms=20,
        symbols=("BTC/USDT", "LINK/USDT"),
        remember=4096,
    )
    every_s = HOURS * 3600 * STORMY / DISCONNECTS
    segment_s = HOURS * 3600 / SEGMENTS
    async with stage:
        await stage.begin()
        await stage.recover()
        began_ns = stage.clock.monotonic_ns()
        cuts = 0
        for segment in range(1, SEGMENTS + 1):
            end_ns = began_ns + round(segment * segment_s * SECOND)
            while cuts < DISCONNECTS and (due_ns := began_ns + round((cuts + 1) * every_s * SECOND)) <= end_ns:
                await stage.clock.sleep(due_ns - stage.clock.monotonic_ns())
                stage.cut()
                cuts += 1
            await stage.clock.sleep(end_ns - stage.clock.monotonic_ns())
            await stage.recover()
            vitals.look(stage)
        assert cuts == DISCONNECTS
    return stage


@pytest.mark.faults
@pytest.mark.soak
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_grows_in_days_of_venue_time(case: Case, registry: Registry) -> None:
    vitals = Vitals()
    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        stage = runner.run(live_through(case, registry, vitals))
        assert not asyncio.all_tasks(runner.get_loop())
    health = stage.client.health()
    compared = sum(oracle.compared for oracle in stage.oracles.values())
    recoveries = [book.stats for book in health.books]
    resident, objects = vitals.growth(vitals.resident), vitals.growth(vitals.objects)
    print(
        f"\n{case.name}: {HOURS:g} h of venue time, {DISCONNECTS} disconnects, {health.stream.reconnects} reconnects,"
    )
    print(f"  {health.stream.rotations} rotations, {stage.updates} updates, books compared {compared} times")
    print(
        f"  to recover {sum(b.recovery_total_ns for b in recoveries) / sum(b.recoveries for b in recoveries) / 1e9:.2f} s"
        f" on average, {max(b.recovery_max_ns for b in recoveries) / 1e9:.1f} s at most"
    )
    print(
        f"  memory {vitals.resident[0] / 1e6:.1f} MB at first, {vitals.resident[-1] / 1e6:.1f} MB at last; after warm-up"
    )
    print(
        f"  {resident / 1e6:+.2f} MB, {objects:+.0f} objects of {vitals.objects[-1]}, tasks {sorted(set(vitals.tasks))}"
    )

    # One that is cut while it connects is one reconnect less.
    assert health.stream.reconnects > DISCONNECTS * 0.9
    if FULL and stage.client.card.stream.lifetime_ns is not None:
        assert health.stream.rotations >= 1
    assert objects < GROWTH_OBJECTS
    assert resident < GROWTH_BYTES
    assert max(vitals.tasks[WARM:]) <= max(vitals.tasks[:WARM])
