"""How a venue at work is: what `Venue.health` returns, and what an observer is shown of each venue.

Counts run since the start, times are nanoseconds.
"""

import msgspec

from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import ExchangeId, Symbol, VenueName
from arb_core.structs.stream import Topic

__all__ = [
    "AccountHealth",
    "BookHealth",
    "BookStats",
    "BudgetUse",
    "ConnectionHealth",
    "Latency",
    "LoopHealth",
    "MessageCounts",
    "RefusedTopic",
    "RestMetrics",
    "SnapshotHealth",
    "StreamHealth",
    "VenueHealth",
]


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """What a histogram says, in nanoseconds: percentiles are upper edges of buckets, 0 = nothing yet."""

    count: int = 0
    p50: int = 0
    p90: int = 0
    p99: int = 0
    max: int = 0


class ConnectionHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One connection, now."""

    connection: int
    host: str
    age_ns: int
    heard_ns: int
    """Since anything at all arrived, pings and pongs included."""
    message_ns: int | None
    """Since the last message; None before the first."""
    round_trip_ns: int | None
    """Of the last ping that was answered."""
    topics: int
    acknowledged: int
    messages: int
    wire_errors: int
    leaving: bool
    """Being replaced: its successor is already open."""


class RefusedTopic(msgspec.Struct, frozen=True):
    """A topic that the venue refuses, and why."""

    topic: Topic
    reason: str


class StreamHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A whole session, now; the counts run since its start."""

    connections: tuple[ConnectionHealth, ...]
    connecting: int
    """Shards without a connection at this moment."""
    opened: int
    open_failures: int
    reconnects: int
    rotations: int
    messages: int
    wire_errors: int
    unanswered: int
    silent: int
    """Connections cut because nothing arrived for `quiet_ns`."""
    refused: tuple[RefusedTopic, ...]


class MessageCounts(msgspec.Struct, kw_only=True):
    """Messages by kind, since the start."""

    deltas: int = 0
    snapshots: int = 0
    depths: int = 0
    quotes: int = 0
    trades: int = 0
    klines: int = 0
    orders: int = 0
    fills: int = 0
    balances: int = 0
    scanned: int = 0
    """Of the deltas, those that a scanner applied."""
    unwanted: int = 0
    """Of all, those that nobody had asked for."""


class BookStats(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the messages of one book: `received = applied + skipped + refused + waiting`."""

    received: int = 0
    """Deltas that arrived."""
    applied: int = 0
    skipped: int = 0
    """At or below the id of the snapshot or of the book."""
    refused: int = 0
    """Revealed a gap, were malformed, or came when no snapshot could be joined to them."""
    waiting: int = 0
    """Buffered for a snapshot."""
    snapshots: int = 0
    """Whole books taken, from REST or the stream."""
    old_snapshots: int = 0
    """Whole books that did not reach the deltas at hand, and were asked for again."""
    failed_snapshots: int = 0
    """Requests that were sent and brought none."""
    gaps: int = 0
    crossed: int = 0
    exhausted: int = 0
    malformed: int = 0
    idle: int = 0
    timeouts: int = 0
    """Attempts to synchronise that were given up; waiting for the turn to ask for a snapshot is none."""
    checksums_ok: int = 0
    checksums_bad: int = 0
    resyncs: int = 0
    """How often the book stopped being LIVE."""
    recoveries: int = 0
    recovery_last_ns: int = 0
    """From being lost to being LIVE again."""
    recovery_max_ns: int = 0
    recovery_total_ns: int = 0


class BookHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One book. `age_ns` is since its last message, None before the first."""

    symbol: Symbol
    state: BookState
    fault: BookFault | None
    age_ns: int | None
    stats: BookStats


class BudgetUse(msgspec.Struct, frozen=True, kw_only=True):
    """One budget as `health()` shows it."""

    spent: int
    limit: int
    window_ns: int
    closed_ns: int = 0
    """For how long the venue's refusal still closes it."""


class RestMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What `health()` shows of a venue's REST side. `reuse_rate` is None before the first request."""

    requests: int
    retries: int
    rate_limited: int
    outcomes_unknown: int
    under_way: int
    waiting: int
    reuse_rate: float | None
    clock_offset_ns: int | None
    """Venue's clock minus ours, as last measured."""
    latency: dict[str, Latency]
    """By endpoint, `GET /path`: from the moment a request left until its whole answer was there."""
    budgets: dict[str, BudgetUse]


class SnapshotHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The line of books that wait for a REST snapshot."""

    waiting: int
    fetched: int
    failures: int


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


class AccountHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The private streams. `since_ns` is how long `listening` has been what it is."""

    listening: bool
    """Whether everything that happens to the account is heard."""
    since_ns: int
    losses: int
    """How often that ended."""
    stream: StreamHealth
    messages: MessageCounts


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
    account: AccountHealth | None = None
    """None where the venue was opened without a key."""
