"""What `Venue.health` returns: one venue, now."""

import msgspec

from arb_core.runtime.booksync import BookStats
from arb_core.runtime.dispatch import MessageCounts
from arb_core.runtime.latency import Latency
from arb_core.runtime.rest import RestMetrics
from arb_core.runtime.stream.events import StreamHealth
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import ExchangeId, Symbol, VenueName

__all__ = ["BookHealth", "LoopHealth", "SnapshotHealth", "VenueHealth"]


class BookHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One book. `age_ns` is since its last message, None before the first."""

    symbol: Symbol
    state: BookState
    fault: BookFault | None
    age_ns: int | None
    stats: BookStats


class LoopHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How well this process keeps up. Counts run since the start."""

    lag_last_ns: int
    """How much later than planned the last beat came."""
    lag_max_ns: int
    lagging: int
    """Beats that came later than the limit."""
    late_ns: int
    """By how much the latest messages arrived later than the quickest ones did."""
    late: int
    """Beats at which that was above the limit."""
    clock_jumps: int


class SnapshotHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The line of books that wait for a REST snapshot."""

    waiting: int
    fetched: int
    failures: int


class VenueHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Socket ages, reconnects, books, latencies, limits used."""

    venue: VenueName
    exchange: ExchangeId
    instruments: int
    """0 = the list has not been fetched yet."""
    stream: StreamHealth
    books: tuple[BookHealth, ...]
    messages: MessageCounts
    latency: Latency
    """From a frame's arrival to the end of all that it set off."""
    rest: RestMetrics
    snapshots: SnapshotHealth
    loop: LoopHealth
    broken_listeners: int
