import gc
from weakref import ref

import pytest
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.garbage import Freeze

SECOND = 1_000_000_000

pytestmark = pytest.mark.looptime


class Circle:
    """What only the collector can free."""

    def __init__(self):
        self.me = self


async def test_what_is_there_is_frozen_at_once_and_what_came_since_later():
    clock = LoopClock()
    gc.unfreeze()
    with Freeze(clock, 10 * SECOND):
        first = gc.get_freeze_count()
        assert first > 1000
        held = [Circle() for _ in range(5000)]
        await clock.sleep(9 * SECOND)
        assert gc.get_freeze_count() <= first
        await clock.sleep(2 * SECOND)
        assert gc.get_freeze_count() > first + len(held)
    assert gc.get_freeze_count() == 0


async def test_garbage_is_collected_before_it_would_be_kept():
    circle = Circle()
    seen = ref(circle)
    del circle
    with Freeze(LoopClock(), SECOND):
        assert seen() is None


async def test_what_comes_later_is_collected_as_ever():
    with Freeze(LoopClock(), SECOND):
        circle = Circle()
        seen = ref(circle)
        del circle
        gc.collect()
        assert seen() is None


async def test_nothing_is_frozen_after_the_block():
    clock = LoopClock()
    with Freeze(clock, SECOND):
        pass
    await clock.sleep(2 * SECOND)
    assert gc.get_freeze_count() == 0
