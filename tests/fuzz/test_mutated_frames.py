"""Spoilt frames: a typed error or the same book as the reference's, and nothing else.

`tox -e fuzz` gives each venue some thousands, `tox -e fuzz-full` more than a million to all of them. A frame that disagrees is named by the venue and one
integer; `ARB_FUZZ_FIRST=<that integer>` begins there.
"""

import gc
import os
from types import ModuleType
from typing import Any

import pytest
from arb_core.runtime.tasks import TaskOwner

from .harness import Disagreement, Run, resident_bytes
from .venues import VENUES

FRAMES = 112_000 if os.environ.get("ARB_FULL") else 2_000
FIRST = int(os.environ.get("ARB_FUZZ_FIRST", "0"))
SEED = 20_260_923

MOST = 20
"""Disagreements after which a run ends; before, it goes on to show whether they are of one kind."""
SEGMENTS = 20
WARM = 6
"""Segments before memory is measured: caches, pools and the allocator's arenas fill first."""
GROWTH = 6_000_000
"""Bytes by which memory may grow over the measured segments. One leaked book level of each frame would be 20 MB."""


def slope(points: list[int]) -> float:
    """Least squares: growth of each point over the one before it."""
    middle = (len(points) - 1) / 2
    mean = sum(points) / len(points)
    spread = sum((index - middle) ** 2 for index in range(len(points)))
    return sum((index - middle) * (point - mean) for index, point in enumerate(points)) / spread


@pytest.mark.fuzz
@pytest.mark.looptime
@pytest.mark.parametrize(("name", "venue", "settings"), VENUES)
async def test_a_spoilt_frame_is_refused_or_read_like_the_reference(
    name: str, venue: ModuleType, settings: dict[str, Any]
) -> None:
    resident = []
    disagreements: list[str] = []
    async with TaskOwner() as tasks:
        run = Run(name, venue, SEED, settings)
        await run.start(tasks)
        for number in range(FRAMES):
            try:
                await run.episode(FIRST + number)
            except Disagreement as error:
                disagreements.append(str(error))
                assert len(disagreements) < MOST, "\n\n".join(disagreements)
                run.begin_anew()
            if (number + 1) % (FRAMES // SEGMENTS) == 0:
                gc.collect()
                resident.append(resident_bytes())

    counts = run.counts
    measured = resident[WARM:]
    growth = slope(measured) * (len(measured) - 1)
    print(f"\n{name}: {counts['frames']} spoilt frames, seed {SEED}, first {FIRST}")
    for key in ("accepted", "refused", "control", "ignored"):
        print(f"  {key:9} {counts[key]}")
    print("  refused by", ", ".join(f"{error} {count}" for error, count in run.refusals.most_common()))
    print(f"  books compared {counts['books compared']}, equal every time")
    print(f"  resyncs {counts['resyncs']}, of these after a time-out {counts['resyncs after a time-out']}")
    print("  books", ", ".join(f"{key} {count}" for key, count in sorted(counts.items()) if key.startswith("lost:")))
    print(f"  connections replaced {counts['connections replaced']}")
    print(f"  memory {resident[0] / 1e6:.1f} MB at first, {resident[-1] / 1e6:.1f} MB at last; growth after warm-up")
    print(f"  {growth / 1e6:+.2f} MB, {growth / (FRAMES * len(measured) / SEGMENTS):+.1f} bytes a frame")

    assert not disagreements, "\n\n".join(disagreements)
    assert counts["accepted"] > FRAMES / 5, "too few accepted frames for the comparison to mean anything"
    assert counts["refused"] > FRAMES / 5, "too few refused frames for the resync to mean anything"
    assert growth < GROWTH
