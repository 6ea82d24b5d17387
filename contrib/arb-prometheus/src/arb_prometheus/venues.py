"""What the health of each venue shows: books, messages, connections, requests. Read at a scrape, never per message."""

from collections import Counter
from collections.abc import Iterable

import msgspec
from arb_core.structs.book import BookState
from arb_core.structs.health import BookHealth, RestMetrics, StreamHealth, VenueHealth

from arb_prometheus.samples import SECOND, Samples

__all__ = ["show_venues"]


def show_venues(samples: Samples, venues: Iterable[VenueHealth], *, per_symbol: bool) -> None:
    """Add every line that is about venues, and the event loop that all of them measure."""
    loops = [venue.loop for venue in venues]
    if loops:
        samples.add("arb_event_loop_lag_seconds", max(loop.lag_last_ns for loop in loops) / SECOND)
        samples.add("arb_event_loop_lag_max_seconds", max(loop.lag_max_ns for loop in loops) / SECOND)
        samples.add("arb_event_loop_stalls_total", max(loop.lagging for loop in loops))
    for venue in venues:
        name = venue.venue
        samples.add("arb_instruments", venue.instruments, name)
        samples.add("arb_message_delay_seconds", venue.loop.late_ns / SECOND, name)
        _books(samples, name, venue.books, per_symbol=per_symbol)
        _messages(samples, venue)
        _stream(samples, name, "public", venue.stream)
        if venue.account is not None:
            _stream(samples, name, "private", venue.account.stream)
            samples.add("arb_account_listening", venue.account.listening, name)
        _rest(samples, name, venue.rest)


def _books(samples: Samples, venue: str, books: Iterable[BookHealth], *, per_symbol: bool) -> None:
    states = Counter(book.state for book in books)
    for state in BookState:
        samples.add("arb_books", states[state], venue, state.name.lower())
    silent_ns = [book.age_ns for book in books if book.state is BookState.LIVE and book.age_ns is not None]
    if silent_ns:
        samples.add("arb_book_silent_seconds", max(silent_ns) / SECOND, venue)
    if per_symbol:
        for book in books:
            samples.add("arb_book_live", book.state is BookState.LIVE, venue, str(book.symbol))


def _messages(samples: Samples, venue: VenueHealth) -> None:
    counts: dict[str, int] = msgspec.structs.asdict(venue.messages)
    if venue.account is not None:
        for kind, count in msgspec.structs.asdict(venue.account.messages).items():
            counts[kind] += count
    unwanted = counts.pop("unwanted")
    samples.each("arb_messages_total", counts, venue.venue)
    samples.add("arb_messages_unwanted_total", unwanted, venue.venue)


def _stream(samples: Samples, venue: str, kind: str, stream: StreamHealth) -> None:
    for name, value in (
        ("arb_connections", len(stream.connections)),
        ("arb_reconnects_total", stream.reconnects),
        ("arb_rotations_total", stream.rotations),
        ("arb_connect_failures_total", stream.open_failures),
        ("arb_connections_silent_total", stream.silent),
        ("arb_wire_errors_total", stream.wire_errors),
        ("arb_topics_refused", len(stream.refused)),
    ):
        samples.add(name, value, venue, kind)


def _rest(samples: Samples, venue: str, rest: RestMetrics) -> None:
    samples.add("arb_rest_requests_total", rest.requests, venue)
    samples.add("arb_rest_retries_total", rest.retries, venue)
    samples.add("arb_rest_rate_limited_total", rest.rate_limited, venue)
    samples.add("arb_rest_outcomes_unknown_total", rest.outcomes_unknown, venue)
    samples.add("arb_rest_waiting", rest.waiting, venue)
    if rest.reuse_rate is not None:
        samples.add("arb_rest_reuse_ratio", rest.reuse_rate, venue)
    if rest.clock_offset_ns is not None:
        samples.add("arb_clock_offset_seconds", rest.clock_offset_ns / SECOND, venue)
    for endpoint, latency in rest.latency.items():
        for quantile, ns in (("0.5", latency.p50), ("0.9", latency.p90), ("0.99", latency.p99), ("1", latency.max)):
            samples.add("arb_rest_seconds", ns / SECOND, venue, endpoint, quantile)
    for limit, use in rest.budgets.items():
        if use.limit:
            samples.add("arb_rate_limit_used_ratio", use.spent / use.limit, venue, limit)
        samples.add("arb_rate_limit_closed_seconds", use.closed_ns / SECOND, venue, limit)
