import asyncio
import time

import pytest
import uvloop
from arb_core.interfaces.context import Clock
from arb_core.runtime.clock import LoopClock, SystemClock, WallWatch

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
EPOCH = 1_700_000_000 * SECOND


@pytest.mark.looptime
async def test_days_of_virtual_time_cost_nothing_and_are_exact():
    clock = LoopClock(EPOCH)
    began = clock.monotonic_ns()
    for _ in range(72):
        await clock.sleep(3600 * SECOND + 1000)
    assert clock.monotonic_ns() - began == 3 * DAY + 72_000
    assert clock.now_ns() - EPOCH == 3 * DAY + 72_000


@pytest.mark.looptime
async def test_calls_come_in_the_order_of_their_moments():
    clock = LoopClock(EPOCH)
    begin = clock.monotonic_ns()
    came: list[tuple[str, int]] = []
    for name, after in (("c", 3 * DAY), ("a", SECOND), ("b", 2 * SECOND), ("now", 0), ("past", -SECOND)):
        clock.call_at(begin + after, lambda name=name: came.append((name, clock.monotonic_ns() - begin)))
    await clock.sleep(4 * DAY)
    assert came == [("now", 0), ("past", 0), ("a", SECOND), ("b", 2 * SECOND), ("c", 3 * DAY)]


@pytest.mark.looptime
async def test_cancelled_call_never_comes_and_cancelling_late_is_harmless():
    clock = LoopClock(EPOCH)
    came: list[str] = []
    cancelled = clock.call_at(clock.monotonic_ns() + SECOND, lambda: came.append("cancelled"))
    kept = clock.call_at(clock.monotonic_ns() + SECOND, lambda: came.append("kept"))
    cancelled.cancel()
    await clock.sleep(2 * SECOND)
    kept.cancel()
    assert came == ["kept"]


@pytest.mark.looptime
async def test_call_may_cancel_itself_and_another_of_the_same_moment():
    clock = LoopClock(EPOCH)
    came: list[str] = []

    def first() -> None:
        came.append("first")
        second_timer.cancel()
        first_timer.cancel()

    due = clock.monotonic_ns() + SECOND
    first_timer = clock.call_at(due, first)
    second_timer = clock.call_at(due, lambda: came.append("second"))
    await clock.sleep(2 * SECOND)
    assert came == ["first"]


@pytest.mark.looptime
async def test_sleep_passes_cancellation_on():
    clock = LoopClock(EPOCH)
    task = asyncio.create_task(clock.sleep(DAY))
    await clock.sleep(SECOND)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.looptime
async def test_sleep_of_nothing_gives_others_a_turn():
    clock = LoopClock(EPOCH)
    came: list[str] = []
    asyncio.get_running_loop().call_soon(came.append, "other")
    await clock.sleep(0)
    assert came == ["other"]


class SlowClock(LoopClock):
    """Counts nine tenths of the loop's time: every timer of the loop comes too early for it."""

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() * 9 // 10


@pytest.mark.looptime
async def test_timer_that_comes_early_is_armed_again():
    clock = SlowClock(EPOCH)
    due = clock.monotonic_ns() + 10 * SECOND
    came: list[int] = []
    clock.call_at(due, lambda: came.append(clock.monotonic_ns()))
    await clock.sleep(11 * SECOND)
    assert clock.monotonic_ns() >= 11 * SECOND
    assert len(came) == 1
    assert due <= came[0] < due + SECOND // 1000


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_system_clock_never_comes_early(run):
    """uvloop rounds to whole milliseconds, so that 400 us from now may be at once. Twenty waits of less than 1 ms."""

    async def main() -> list[int]:
        clock: Clock = SystemClock()
        late: list[int] = []
        done = asyncio.Event()
        for _ in range(10):
            due = clock.monotonic_ns() + 400_000
            await clock.sleep(400_000)
            late.append(clock.monotonic_ns() - due)
        for _ in range(10):
            due = clock.monotonic_ns() + 400_000
            done.clear()
            clock.call_at(due, done.set)
            await done.wait()
            late.append(clock.monotonic_ns() - due)
        return late

    assert min(run(main())) >= 0


def test_system_clock_reads_the_machine():
    clock = SystemClock()
    assert (clock.now_ns, clock.monotonic_ns) == (time.time_ns, time.monotonic_ns)
    before = time.monotonic_ns()
    assert before <= clock.monotonic_ns() <= time.monotonic_ns()


@pytest.mark.looptime
async def test_jump_moves_the_wall_clock_only():
    clock = LoopClock(EPOCH)
    before = clock.monotonic_ns()
    clock.jump(-DAY)
    assert clock.now_ns() == EPOCH - DAY
    assert clock.monotonic_ns() == before


def test_wall_watch_sees_a_clock_that_was_set_forward_and_back():
    watch = WallWatch(EPOCH, 0)
    assert watch.look(EPOCH + SECOND, SECOND) == 0
    assert watch.look(EPOCH + 3602 * SECOND, 2 * SECOND) == 3600 * SECOND
    assert watch.look(EPOCH + 3603 * SECOND, 3 * SECOND) == 0, "a jump is told once"
    assert watch.look(EPOCH + 4 * SECOND, 4 * SECOND) == -3600 * SECOND


def test_wall_watch_follows_slow_correction_silently():
    watch = WallWatch(EPOCH, 0)
    wall = EPOCH
    for second in range(1, 3601):
        wall += SECOND + 500_000  # NTP slews by 500 us a second at most
        assert watch.look(wall, second * SECOND) == 0


def test_wall_watch_sees_the_sleep_of_the_machine():
    """The monotonic clock of Linux stands still while the machine is suspended."""
    watch = WallWatch(EPOCH, 0)
    assert watch.look(EPOCH + 8 * 3600 * SECOND, 5) == 8 * 3600 * SECOND - 5
