"""Engines that die at any await, any number of times, in worlds where everything goes wrong: nothing is lost or doubled.

What is checked in the end stands in `crash_world.World.check`; what no venue may ever see, in `WatchedVenue.take`. The
number of a world and the steps of its lives repeat a run: `play(journal(), number, crashes)`.
"""

import os
from collections.abc import Iterator

import pytest
from arb_core.engine.journal.journal import Journal
from crash_world import CALM, journal, play
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

EXAMPLES = 5_000 if os.environ.get("ARB_FULL") else 60


@pytest.fixture(scope="module")
def kept() -> Iterator[Journal]:
    made = journal()
    yield made
    made._give_up()


@pytest.mark.parametrize("number", CALM)
def test_a_crash_at_every_single_await_of_a_trade(kept: Journal, number: int) -> None:
    (steps,) = play(kept, number, [])
    assert steps > 30
    for step in range(steps):
        lives = play(kept, number, [step])
        assert len(lives) == 2
    print(f"world {number}: {steps} crashes")


# A smaller world is another world: what failed is not made shorter.
@settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(number=st.integers(0, 2**32), crashes=st.lists(st.integers(0, 250), max_size=3))
def test_any_interleaving_and_any_crashes_leave_journal_and_venues_in_agreement(
    kept: Journal, number: int, crashes: list[int]
) -> None:
    play(kept, number, crashes)
