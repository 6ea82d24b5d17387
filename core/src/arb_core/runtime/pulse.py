"""A steady beat, which notices when the process or the machine stood still.

Frames are handled as they are read, so no queue can show how far behind we are: the loop's own lag shows it.
"""

from collections.abc import Callable

import msgspec

from arb_core.interfaces.context import Clock, TimerHandle
from arb_core.runtime.clock import WallWatch

__all__ = ["Beat", "Pulse"]


class Beat(msgspec.Struct, frozen=True):
    """One beat."""

    monotonic_ns: int
    lag_ns: int
    """How much later than planned it came."""
    jump_ns: int
    """By how much the wall clock was set, or the machine slept, since the last beat; 0 = not at all."""


class Pulse:
    """Calls a plain function each `every_ns`, from `start` until `stop`."""

    def __init__(self, clock: Clock, every_ns: int, on_beat: Callable[[Beat], None]) -> None:
        self._clock = clock
        self._every_ns = every_ns
        self._on_beat = on_beat
        self._timer: TimerHandle | None = None
        self._due_ns = 0
        self._wall = WallWatch(clock.now_ns(), clock.monotonic_ns())

    def start(self) -> None:
        """Begin to beat."""
        self._plan(self._clock.monotonic_ns())

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self, now_ns: int) -> None:
        self._due_ns = now_ns + self._every_ns
        self._timer = self._clock.call_at(self._due_ns, self._beat)

    def _beat(self) -> None:
        now_ns = self._clock.monotonic_ns()
        beat = Beat(now_ns, now_ns - self._due_ns, self._wall.look(self._clock.now_ns(), now_ns))
        # Planned first: a beat that stops the pulse must find its timer.
        self._plan(now_ns)
        self._on_beat(beat)
