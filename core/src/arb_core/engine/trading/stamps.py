"""Moments that are never the same twice: what is on record is put in order by them."""

from arb_core.interfaces.context import Clock

__all__ = ["Stamps"]


class Stamps:
    """UTC, nanoseconds, each later than the one before, also while the clock stands still or is set back."""

    __slots__ = ("_clock", "_last_ns")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_ns = 0

    def now_ns(self) -> int:
        """Return the time, or a nanosecond after the one that was returned last."""
        self._last_ns = max(self._clock.now_ns(), self._last_ns + 1)
        return self._last_ns
