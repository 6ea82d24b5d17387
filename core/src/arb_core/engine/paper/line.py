"""Lets things happen later: in the order of their moments, and of two at one moment the one posted first.

A heap of our own instead of a timer for each: the loop's timers do not promise an order among equals, and a run that
is repeated with the same seed has to be the same run.
"""

from collections.abc import Callable
from heapq import heappop, heappush

from arb_core.interfaces.context import Clock, TimerHandle

__all__ = ["Line"]


class Line:
    """Plain calls on the way. What a call raises is handed to `broken`; the calls after it still come."""

    def __init__(self, clock: Clock, broken: Callable[[Exception], None]) -> None:
        self._clock = clock
        self._broken = broken
        self._posted: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._timer: TimerHandle | None = None
        self._timer_ns = 0
        self._closed = False

    def post(self, due_ns: int, call: Callable[[], None]) -> None:
        """Call at a moment of the monotonic clock, never within this call; not at all once the line is closed."""
        if self._closed:
            return
        self._count += 1
        heappush(self._posted, (due_ns, self._count, call))
        self._arm()

    def close(self) -> None:
        """Forget everything that is on the way."""
        self._closed = True
        self._posted.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        due_ns = self._posted[0][0]
        if self._timer is not None:
            if self._timer_ns <= due_ns:
                return
            self._timer.cancel()
        self._timer_ns = due_ns
        self._timer = self._clock.call_at(due_ns, self._run)

    def _run(self) -> None:
        now_ns = self._clock.monotonic_ns()
        while self._posted and self._posted[0][0] <= now_ns:
            call = heappop(self._posted)[2]
            try:
                call()
            except Exception as error:  # noqa: BLE001 (a timer has no caller: the owner is told, and ends)
                self._broken(error)
        self._timer = None
        if self._posted:
            self._arm()
