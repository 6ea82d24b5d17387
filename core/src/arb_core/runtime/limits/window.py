"""One budget in one window, rolling or aligned with the wall clock. Pure."""

from collections import deque

import msgspec

from arb_core.structs.card import RateLimit

__all__ = ["MARGIN_NS", "Window"]

_MS = 1_000_000

MARGIN_NS = 50 * _MS
"""Requests do not travel equally fast and two wall clocks never agree: units count this much longer, on either side."""

_SLOTS = 128
"""A rolling window remembers its units in this many slots, each of which counts until the end of its last moment."""

_SAVED = 16
"""What is saved of a window is told apart in so many parts of it."""


class _Spend(msgspec.Struct):
    """Units that count until a moment. `ours` = we spent them; else the venue says that somebody did."""

    until_ns: int
    units: int
    ours: bool


class Window:
    """One budget, in one window. `share` limits what we spend; what all together spend is limited by the whole."""

    __slots__ = ("_aligned", "_limit", "_ours", "_own_limit", "_slot_ns", "_spends", "_total", "_window_ns")

    def __init__(self, limit: RateLimit, share: float = 1.0) -> None:
        """Begin unspent."""
        self._limit = limit.limit
        self._own_limit = max(1, int(limit.limit * share))
        self._window_ns = limit.window_ns
        self._aligned = limit.aligned
        self._slot_ns = max(1, limit.window_ns // _SLOTS)
        self._spends: deque[_Spend] = deque()
        self._ours = 0
        self._total = 0

    def narrow(self, share: float) -> None:
        """Spend no more than this part from now on, where that is less than before."""
        self._own_limit = min(self._own_limit, max(1, int(self._limit * share)))

    @property
    def own_limit(self) -> int:
        """Units that we may spend in a window."""
        return self._own_limit

    @property
    def window_ns(self) -> int:
        """Its length."""
        return self._window_ns

    def spent(self, now_ns: int, monotonic_ns: int) -> int:
        """Return the units that count now, ours and those the venue told us of."""
        self._forget(now_ns if self._aligned else monotonic_ns)
        return self._total

    def wait_ns(self, units: int, now_ns: int, monotonic_ns: int) -> int:
        """Return how long until so many units are free, 0 = now. More than `own_limit` units are never free."""
        clock_ns = now_ns if self._aligned else monotonic_ns
        self._forget(clock_ns)
        ours, total = self._ours + units - self._own_limit, self._total + units - self._limit
        if ours <= 0 and total <= 0:
            return 0
        for spend in self._spends:
            total -= spend.units
            if spend.ours:
                ours -= spend.units
            if ours <= 0 and total <= 0:
                return spend.until_ns - clock_ns
        return self._window_ns

    def spend(self, units: int, now_ns: int, monotonic_ns: int) -> None:
        """Count units that leave now."""
        self._add(units, self._until(now_ns, monotonic_ns), ours=True)

    def report(self, used: int, now_ns: int, monotonic_ns: int, refills_ns: int | None = None) -> None:
        """Take the venue's word for the units that were spent in its window: the difference was somebody else's.

        That counts for a whole window, or for `refills_ns`, after which the venue says that its budget refills.
        """
        others = min(used, self._limit) - self.spent(now_ns, monotonic_ns)
        if others > 0:
            until_ns = self._until(now_ns, monotonic_ns)
            if refills_ns is not None:
                until_ns = min(until_ns, (now_ns if self._aligned else monotonic_ns) + refills_ns)
            self._insert(others, until_ns)

    def until_fresh_ns(self, now_ns: int, monotonic_ns: int) -> int:
        """Return how long until whatever was spent up to now has gone."""
        return self._until(now_ns, monotonic_ns) - (now_ns if self._aligned else monotonic_ns)

    def save(self, now_ns: int, monotonic_ns: int) -> list[tuple[int, int, bool]]:
        """Return what counts, in few rows that last no shorter: (wall time until which, units, whether ours)."""
        clock_ns = now_ns if self._aligned else monotonic_ns
        self._forget(clock_ns)
        coarse_ns = self._window_ns // _SAVED
        rows: list[tuple[int, int, bool]] = []
        for spend in reversed(self._spends):  # the latest first, so that earlier ones join what lasts longer
            until_ns = spend.until_ns - clock_ns + now_ns
            if rows and rows[-1][2] is spend.ours and rows[-1][0] - until_ns < coarse_ns:
                rows[-1] = (rows[-1][0], rows[-1][1] + spend.units, spend.ours)
            else:
                rows.append((until_ns, spend.units, spend.ours))
        return rows[::-1]

    def restore(self, saved: list[tuple[int, int, bool]], now_ns: int, monotonic_ns: int) -> None:
        """Count again what another process spent."""
        clock_ns = now_ns if self._aligned else monotonic_ns
        for until_ns, units, ours in sorted(saved):
            left_ns = min(until_ns - now_ns, self._window_ns + self._slot_ns + 2 * MARGIN_NS)
            if left_ns > 0:
                self._add(units, left_ns + clock_ns, ours=ours)

    def _until(self, now_ns: int, monotonic_ns: int) -> int:
        """Return until when units that leave now count.

        In an aligned window the venue may stand a margin behind us, or ahead: units that leave just before a boundary
        may be counted after it, so they count until the end of the later window.
        """
        if self._aligned:
            return ((now_ns + MARGIN_NS) // self._window_ns + 1) * self._window_ns + MARGIN_NS
        return (monotonic_ns // self._slot_ns + 1) * self._slot_ns + self._window_ns + MARGIN_NS

    def _add(self, units: int, until_ns: int, *, ours: bool) -> None:
        spends = self._spends
        last = spends[-1] if spends else None
        # Only a wall clock that was set back makes a later spend end earlier; then it ends with the one before.
        until_ns = max(until_ns, last.until_ns) if last else until_ns
        if last and last.until_ns == until_ns and last.ours is ours:
            last.units += units
        else:
            spends.append(_Spend(until_ns, units, ours))
        self._total += units
        if ours:
            self._ours += units

    def _insert(self, units: int, until_ns: int) -> None:
        """Count somebody else's units, which may end before ours."""
        place = len(self._spends)
        while place and self._spends[place - 1].until_ns > until_ns:
            place -= 1
        if place == len(self._spends):
            self._add(units, until_ns, ours=False)
        else:
            self._spends.insert(place, _Spend(until_ns, units, ours=False))
            self._total += units

    def _forget(self, clock_ns: int) -> None:
        """Drop what no longer counts."""
        spends = self._spends
        longest_ns = self._window_ns + self._slot_ns + 2 * MARGIN_NS
        while spends and (spends[0].until_ns <= clock_ns or spends[0].until_ns > clock_ns + 2 * longest_ns):
            # The second condition: a wall clock set far back must not freeze a budget until it is there again.
            gone = spends.popleft()
            self._total -= gone.units
            if gone.ours:
                self._ours -= gone.units
