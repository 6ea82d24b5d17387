"""Engines that crash at any step, on simulated venues that misbehave: journal and venues agree in the end.

`tox -e chaos` plays some runs, `tox -e chaos-full` 5,000; both print what was met. A failure names its run:
`ARB_CHAOS_FIRST` begins there.
"""

import os
from collections import Counter

import pytest
from arb_core.registry import Registry

from .play import new_journal, play

FULL = bool(os.environ.get("ARB_FULL"))
EACH, TESTS = (250, 20) if FULL else (12, 1)
"""Runs of one test, and how many tests: they share the processors."""
FIRST = int(os.environ.get("ARB_CHAOS_FIRST", "0"))


@pytest.mark.chaos
@pytest.mark.parametrize("first", range(FIRST, FIRST + EACH * TESTS, EACH))
def test_journal_and_venues_agree_after_every_crash(registry: Registry, first: int) -> None:
    met: Counter[str] = Counter()
    journal = new_journal()
    try:
        for number in range(first, first + EACH):
            met += play(number, journal, registry)
    finally:
        journal._give_up()
        print("\n".join(f"{what:>32} {times:>8,}" for what, times in sorted(met.items())))
    assert met["runs"] == EACH
    assert met["crashes"] >= EACH / 2
    assert met["fills"] > 4 * EACH
    assert met["in doubt, resolved"] > EACH / 20
    assert len([what for what in met if what.startswith("fault ")]) >= 12


@pytest.mark.chaos
def test_a_run_is_repeated_by_its_number(registry: Registry) -> None:
    journal = new_journal()
    try:
        first, again, another = (play(number, journal, registry) for number in (7, 7, 8))
    finally:
        journal._give_up()
    assert first == again != another
