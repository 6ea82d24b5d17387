"""Simulated time: one queue of moments that the market, the streams and the connections of all venues share.

Events run in the order of their time, whoever's call reaches them, so what a venue sends does not depend on how late
its shell woke up. Nothing here waits; an idle hour costs as much as the events in it.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

__all__ = ["Timeline"]


class Timeline:
    """A queue of calls.

    `now_ns` is the time of the event that runs, or of the last `run`; `until_ns` how far that goes.
    """

    __slots__ = ("_order", "_queue", "now_ns", "start_ns", "until_ns")

    def __init__(self, start_ns: int) -> None:
        self.start_ns = start_ns
        self.now_ns = self.until_ns = start_ns
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    @property
    def next_ns(self) -> int | None:
        """The time of the next event."""
        return self._queue[0][0] if self._queue else None

    def call_at(self, at_ns: int, callback: Callable[[], None]) -> None:
        """Run `callback` at a moment; one that has passed means now. Equal moments run in the order of asking."""
        heappush(self._queue, (max(at_ns, self.now_ns), next(self._order), callback))

    def run(self, until_ns: int) -> None:
        """Run every event up to and including a moment. A moment that has passed changes nothing."""
        queue = self._queue
        self.until_ns = max(self.until_ns, until_ns)
        while queue and queue[0][0] <= until_ns:
            at_ns, _, callback = heappop(queue)
            self.now_ns = at_ns
            callback()
        self.now_ns = max(self.now_ns, until_ns)
