"""What Python's garbage collector is spared: all that is there once a program has warmed up.

A full collection looks at every object that can hold others. After the start those are modules, settings, instruments
and books, some hundred thousand that nobody will ever drop, and the market waits meanwhile. Frozen, they are not looked
at again. The price: what of them becomes garbage in a circle later stays until the end. That happens once, and does not
grow.
"""

import gc
from types import TracebackType
from typing import Self

from arb_core.interfaces.context import Clock, TimerHandle

__all__ = ["Freeze"]


class Freeze:
    """Freezes what is there, before messages come, and once more after a while; thaws it when the block ends.

    Most is there at first. Books and connections add little, so that the second time takes hardly any time.
    """

    __slots__ = ("_after_ns", "_clock", "_timer")

    def __init__(self, clock: Clock, after_ns: int) -> None:
        """Wait so long for the second time, on this clock."""
        self._clock = clock
        self._after_ns = after_ns
        self._timer: TimerHandle | None = None

    def __enter__(self) -> Self:
        self._freeze()
        self._timer = self._clock.call_at(self._clock.monotonic_ns() + self._after_ns, self._freeze)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        gc.unfreeze()

    def _freeze(self) -> None:
        gc.collect()  # or what is garbage already would be kept
        gc.freeze()
