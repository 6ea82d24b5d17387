"""Time: the only room that reads clocks and sleeps. Everything else is handed one of these and asks it.

`SystemClock` for the real world; `LoopClock` follows the event loop's own time, so that on a virtual-time loop (tests
use looptime, which jumps to the next timer as soon as nothing is left to do) days of venue time cost nothing and one
seed repeats a run. `WallWatch` tells when somebody set the wall clock.

Neither clock trusts the loop to be exact: uvloop counts in milliseconds and reads its time once per turn, so a timer
may come early. A call that comes early is armed again; nothing here ever runs before its time.
"""

import asyncio
import time
from collections.abc import Callable

from arb_core.interfaces.context import Clock, TimerHandle

__all__ = ["LoopClock", "SystemClock", "WallWatch"]

_SECOND = 1_000_000_000

_FAR_NS = 24 * 3600 * _SECOND
"""uvloop refuses timers beyond its millisecond counter; a longer one is armed in steps of a day."""


class _Timer:
    """One scheduled call, armed again until its moment is really there."""

    __slots__ = ("_callback", "_clock", "_due_ns", "_handle", "_loop")

    def __init__(self, clock: Clock, due_ns: int, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._due_ns = due_ns
        self._callback: Callable[[], None] | None = callback
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle | None = None
        self._arm(due_ns - clock.monotonic_ns())

    def _arm(self, left_ns: int) -> None:
        if left_ns <= 0:
            self._handle = self._loop.call_soon(self._run)
        else:
            self._handle = self._loop.call_later(min(left_ns, _FAR_NS) / _SECOND, self._run)

    def _run(self) -> None:
        callback = self._callback
        if callback is None:
            return
        left_ns = self._due_ns - self._clock.monotonic_ns()
        if left_ns > 0:
            self._arm(left_ns)
            return
        self._callback = None
        callback()

    def cancel(self) -> None:
        self._callback = None
        if self._handle is not None:
            self._handle.cancel()


async def _sleep(clock: Clock, duration_ns: int) -> None:
    """Sleep at least this long; give the loop one turn when there is nothing to wait for."""
    due_ns = clock.monotonic_ns() + duration_ns
    left_ns = duration_ns
    while True:
        await asyncio.sleep(max(0, min(left_ns, _FAR_NS)) / _SECOND)
        left_ns = due_ns - clock.monotonic_ns()
        if left_ns <= 0:
            return


class SystemClock(Clock):
    """The machine's clocks, with their own resolution; only the waiting is the loop's."""

    __slots__ = ()

    # The functions themselves: each message reads both clocks, the second one thrice.
    now_ns = staticmethod(time.time_ns)  # pyright: ignore[reportAssignmentType] (called on an instance it is the same)
    monotonic_ns = staticmethod(time.monotonic_ns)  # pyright: ignore[reportAssignmentType] (likewise)

    async def sleep(self, duration_ns: int) -> None:
        await _sleep(self, duration_ns)

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        return _Timer(self, monotonic_ns, callback)


class LoopClock(Clock):
    """The running loop's time: `monotonic_ns` is `loop.time()`; the wall clock stood at `epoch_ns` when this was made.

    Made for a virtual-time loop. `jump` sets the wall clock, as an administrator or NTP would.
    """

    __slots__ = ("_loop", "_wall_offset_ns")

    def __init__(self, epoch_ns: int = 1_700_000_000 * _SECOND, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Begin at `epoch_ns`, UTC, on the running loop or the given one."""
        self._loop = loop or asyncio.get_running_loop()
        self._wall_offset_ns = epoch_ns - self.monotonic_ns()

    def now_ns(self) -> int:
        return self.monotonic_ns() + self._wall_offset_ns

    def monotonic_ns(self) -> int:
        return round(self._loop.time() * _SECOND)

    async def sleep(self, duration_ns: int) -> None:
        await _sleep(self, duration_ns)

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        return _Timer(self, monotonic_ns, callback)

    def jump(self, by_ns: int) -> None:
        """Set the wall clock forward, or back; the monotonic clock does not notice."""
        self._wall_offset_ns += by_ns


class WallWatch:
    """Compares the wall clock with the monotonic one, to tell a clock that was set from time that went by. Pure.

    Slow correction, as NTP does it, is followed silently; a sleep of the whole machine shows as a jump forward, because
    the monotonic clock stands still meanwhile.
    """

    __slots__ = ("_offset_ns", "_tolerance_ns")

    def __init__(self, now_ns: int, monotonic_ns: int, *, tolerance_ns: int = 250_000_000) -> None:
        """Take the clocks as they stand; a difference up to `tolerance_ns` between two looks is no jump."""
        self._offset_ns = now_ns - monotonic_ns
        self._tolerance_ns = tolerance_ns

    def look(self, now_ns: int, monotonic_ns: int) -> int:
        """Return by how many nanoseconds the wall clock was set since the last look, 0 = not at all."""
        offset_ns = now_ns - monotonic_ns
        jump_ns = offset_ns - self._offset_ns
        self._offset_ns = offset_ns
        return jump_ns if abs(jump_ns) > self._tolerance_ns else 0
