"""Whether this process keeps up with the venue, judged once a beat; nothing of it costs a message anything."""

from collections.abc import Iterable

from arb_core.runtime.booksync import BookSync
from arb_core.runtime.pulse import Beat
from arb_core.runtime.stream.events import EventListener
from arb_core.structs.health import LoopHealth
from arb_core.structs.market import VenueName
from arb_core.venue.events import ClockJumped, Lagging, Late

__all__ = ["KeepingUp"]

_SECOND = 1_000_000_000

LAG_NS = _SECOND // 4
"""A beat that comes later than this is reported."""
LATE_NS = _SECOND
"""Messages that arrive so much later than the quickest ones are reported."""
SLEPT_NS = 5 * _SECOND
"""A jump forward, or a standstill, of this length: connections may be dead and what they carried is old."""


class KeepingUp:
    """Lag of the loop, age of messages, jumps of the clock.

    The age of a message is compared with the youngest seen: the difference of the two clocks is in both, and drops out.
    Only changes count: a whole book bears the time of its last change, which in a quiet market is long ago.
    """

    def __init__(self, venue: VenueName, report: EventListener) -> None:
        self._venue = venue
        self._report = report
        self._quickest_ns: int | None = None
        self._seen_ns = 0
        self._was_late = False
        self._lag_last_ns = self._lag_max_ns = self._late_ns = 0
        self._lagging = self._late = self._jumps = 0

    def judge(self, beat: Beat, books: Iterable[BookSync]) -> bool:
        """Count and report; return whether the machine must have slept."""
        self._lag_last_ns = beat.lag_ns
        self._lag_max_ns = max(self._lag_max_ns, beat.lag_ns)
        if beat.lag_ns > LAG_NS:
            self._lagging += 1
            self._report(Lagging(venue=self._venue, lag_ns=beat.lag_ns))
        slept = beat.jump_ns >= SLEPT_NS or beat.lag_ns >= SLEPT_NS
        if beat.jump_ns:
            self._jumps += 1
            self._quickest_ns = None
            self._report(ClockJumped(venue=self._venue, jump_ns=beat.jump_ns, reconnected=slept))
        else:
            self._judge_age(beat, books)
        return slept

    def _judge_age(self, beat: Beat, books: Iterable[BookSync]) -> None:
        ages = [
            book.received_ns - book.exchange_ns
            for book in books
            if book.monotonic_ns > self._seen_ns and book.monotonic_ns > book.whole_ns and book.exchange_ns is not None
        ]
        self._seen_ns = beat.monotonic_ns
        if not ages:
            return
        quickest_ns = min(ages)
        if self._quickest_ns is None or quickest_ns < self._quickest_ns:
            self._quickest_ns = quickest_ns
        self._late_ns = max(ages) - self._quickest_ns
        is_late = self._late_ns > LATE_NS
        self._late += is_late
        if is_late and not self._was_late:
            self._report(Late(venue=self._venue, late_ns=self._late_ns))
        self._was_late = is_late

    def health(self) -> LoopHealth:
        """Say how it is."""
        return LoopHealth(
            lag_last_ns=self._lag_last_ns,
            lag_max_ns=self._lag_max_ns,
            lagging=self._lagging,
            late_ns=self._late_ns,
            late=self._late,
            clock_jumps=self._jumps,
        )
