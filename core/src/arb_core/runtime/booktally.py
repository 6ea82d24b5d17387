"""What became of the messages of one book, and how often it was lost and found: counts, and nothing that acts on them.

Entered by `booksync`, which counts, and through its `stats` by whoever shows them.
"""

from collections import Counter

from arb_core.runtime.printed import PrintedBook
from arb_core.structs.book import BookFault
from arb_core.structs.health import BookStats

__all__ = ["BookTally"]


class BookTally:
    """The counts of one book since it is kept."""

    __slots__ = (
        "failed_snapshots",
        "faults",
        "old_snapshots",
        "recoveries",
        "recovery_last_ns",
        "recovery_max_ns",
        "recovery_total_ns",
        "refused",
        "resyncs",
        "skipped",
        "snapshots",
        "timeouts",
    )

    def __init__(self) -> None:
        self.skipped = self.refused = 0
        """Messages. Those that were applied the book's mark counts."""
        self.snapshots = self.old_snapshots = self.failed_snapshots = self.timeouts = 0
        self.faults: Counter[BookFault] = Counter()
        """Why the book gave itself up."""
        self.resyncs = self.recoveries = 0
        self.recovery_last_ns = self.recovery_max_ns = self.recovery_total_ns = 0

    def recovered(self, took_ns: int) -> None:
        """A book that had been LIVE is so again."""
        self.recoveries += 1
        self.recovery_last_ns = took_ns
        self.recovery_max_ns = max(self.recovery_max_ns, took_ns)
        self.recovery_total_ns += took_ns

    def stats(self, *, applied: int, waiting: int, printed: PrintedBook | None) -> BookStats:
        """Return them all, beside what was applied and what waits for a snapshot."""
        faults = self.faults
        return BookStats(
            received=applied + self.skipped + self.refused + waiting,
            applied=applied,
            skipped=self.skipped,
            refused=self.refused,
            waiting=waiting,
            snapshots=self.snapshots,
            old_snapshots=self.old_snapshots,
            failed_snapshots=self.failed_snapshots,
            gaps=faults[BookFault.GAP],
            crossed=faults[BookFault.CROSSED],
            exhausted=faults[BookFault.EXHAUSTED],
            malformed=faults[BookFault.MALFORMED],
            idle=faults[BookFault.STALE],
            timeouts=self.timeouts,
            checksums_ok=0 if printed is None else printed.ok,
            checksums_bad=0 if printed is None else printed.bad,
            resyncs=self.resyncs,
            recoveries=self.recoveries,
            recovery_last_ns=self.recovery_last_ns,
            recovery_max_ns=self.recovery_max_ns,
            recovery_total_ns=self.recovery_total_ns,
        )
