"""The last line of `monitor` and `demo`: what was watched, how fast, and what came of it."""

import msgspec

from arb_core.engine.episodes import OpportunityCounts
from arb_core.structs.book import BookState
from arb_core.structs.health import BookStats

__all__ = ["BookSummary", "Checksums", "Injected", "LatencySummary", "Summary", "book_summary"]


class Checksums(msgspec.Struct, frozen=True):
    """Verified and failed; 0 where the feed has none."""

    ok: int = 0
    bad: int = 0


class BookSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One book at the end of the run; the words are those of `replay`."""

    state: str
    """`LIVE` or `SYNCING`."""
    snapshots: int
    received: int
    deltas: int
    """Applied."""
    skipped: int
    """At or below the snapshot's id."""
    gaps: int
    checksums: Checksums = Checksums()


class LatencySummary(msgspec.Struct, frozen=True):
    """From the arrival of a message to the verdict over the book that it changed; nanoseconds."""

    p50: int
    p99: int


class Injected(msgspec.Struct, frozen=True):
    """Dislocations that a simulated market was told to make, and how many of them were found."""

    made: int = 0
    found: int = 0


class Summary(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="summary"):
    """What a run came to. `trades` and `pnl` are null where nothing is traded."""

    venues: list[str]
    books: dict[str, dict[str, BookSummary]]
    """Venue -> symbol -> book."""
    messages: int
    latency_ns: LatencySummary
    opportunities: OpportunityCounts
    injected: Injected = Injected()
    trades: int | None = None
    pnl: dict[str, str] | None = None


def book_summary(state: BookState, stats: BookStats) -> BookSummary:
    """Put a book's counters into the words of the summary."""
    return BookSummary(
        state=state.name,
        snapshots=stats.snapshots,
        received=stats.received,
        deltas=stats.applied,
        skipped=stats.skipped,
        gaps=stats.gaps,
        checksums=Checksums(stats.checksums_ok, stats.checksums_bad),
    )
