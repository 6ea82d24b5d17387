"""Every metric: its kind, its labels and what it means. What is not in this table is not on the page.

No label grows with what happens: venues, symbols, assets and limits are those of the settings, everything else is one
of a fixed set of words. An order, a trade or a text of a venue is never a label.

A counter runs since the start of the process; durations are seconds, parts of a limit are ratios (1 = all of it). Money
is a float here and rounded accordingly: the exact sums are in the journal (`arb pnl`).
"""

from enum import StrEnum

import msgspec

__all__ = ["METRICS", "Kind", "Metric", "table"]


class Kind(StrEnum):
    """What Prometheus calls a type."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(msgspec.Struct, frozen=True):
    """One metric. `help` says what one line of it is."""

    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


_COUNTER, _GAUGE, _HISTOGRAM = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

METRICS: dict[str, Metric] = {
    "arb_up": Metric(_GAUGE, "1 = this page is of now; 0 = the process did not answer, and only tallies are shown"),
    # From a message to a trade.
    "arb_hop_seconds": Metric(_HISTOGRAM, "Time of each hop between a message and the end of a trade", ("hop",)),
    "arb_event_loop_lag_seconds": Metric(_GAUGE, "How much later than planned the last beat of the event loop came"),
    "arb_event_loop_lag_max_seconds": Metric(_GAUGE, "The longest such delay since the start"),
    "arb_event_loop_stalls_total": Metric(_COUNTER, "Beats that came more than a quarter of a second late"),
    # Books.
    "arb_books": Metric(_GAUGE, "Books in each state", ("venue", "state")),
    "arb_book_live": Metric(_GAUGE, "1 = the book can be read; with per_symbol", ("venue", "symbol")),
    "arb_book_silent_seconds": Metric(_GAUGE, "How long the most silent LIVE book has taken no message", ("venue",)),
    "arb_book_losses_total": Metric(_COUNTER, "Books that stopped being LIVE", ("venue", "fault")),
    "arb_instruments": Metric(_GAUGE, "Instruments that the venue lists; 0 = not known yet", ("venue",)),
    # Messages and connections.
    "arb_messages_total": Metric(_COUNTER, "Messages received", ("venue", "kind")),
    "arb_messages_unwanted_total": Metric(_COUNTER, "Of these, those that nobody had asked for", ("venue",)),
    "arb_message_delay_seconds": Metric(
        _GAUGE, "By how much the latest messages arrived later than the quickest ones did", ("venue",)
    ),
    "arb_connections": Metric(_GAUGE, "Open WebSocket connections", ("venue", "stream")),
    "arb_reconnects_total": Metric(_COUNTER, "Connections that were lost and opened anew", ("venue", "stream")),
    "arb_rotations_total": Metric(_COUNTER, "Connections that were replaced as planned", ("venue", "stream")),
    "arb_connect_failures_total": Metric(_COUNTER, "Connections that could not be opened", ("venue", "stream")),
    "arb_connections_silent_total": Metric(_COUNTER, "Connections cut because nothing arrived", ("venue", "stream")),
    "arb_wire_errors_total": Metric(_COUNTER, "Frames that were not what the venue documents", ("venue", "stream")),
    "arb_topics_refused": Metric(_GAUGE, "Subscriptions that the venue refuses", ("venue", "stream")),
    "arb_account_listening": Metric(_GAUGE, "1 = everything that happens to the account is heard", ("venue",)),
    # Requests.
    "arb_rest_requests_total": Metric(_COUNTER, "REST requests sent", ("venue",)),
    "arb_rest_retries_total": Metric(_COUNTER, "REST requests sent once more", ("venue",)),
    "arb_rest_rate_limited_total": Metric(_COUNTER, "REST requests that the venue's limits refused", ("venue",)),
    "arb_rest_outcomes_unknown_total": Metric(
        _COUNTER, "Requests that left, and whose answer did not arrive", ("venue",)
    ),
    "arb_rest_waiting": Metric(_GAUGE, "REST requests that wait for their turn", ("venue",)),
    "arb_rest_reuse_ratio": Metric(_GAUGE, "Requests on a connection that was open already", ("venue",)),
    "arb_rest_seconds": Metric(
        _GAUGE, "From a request to its whole answer, since the start", ("venue", "endpoint", "quantile")
    ),
    "arb_clock_offset_seconds": Metric(_GAUGE, "The venue's clock minus ours", ("venue",)),
    "arb_rate_limit_used_ratio": Metric(_GAUGE, "How much of a venue's rate limit is used", ("venue", "limit")),
    "arb_rate_limit_closed_seconds": Metric(
        _GAUGE, "For how long the venue's refusal still closes a limit", ("venue", "limit")
    ),
    # Opportunities.
    "arb_opportunities_seen_total": Metric(_COUNTER, "Edges, each counted once while it is open"),
    "arb_opportunities_executable_total": Metric(_COUNTER, "Edges that have closed and were executable"),
    "arb_opportunities_refused_total": Metric(
        _COUNTER, "Edges that have closed and never were, by the check that refused", ("check",)
    ),
    "arb_opportunities_open": Metric(_GAUGE, "Edges that are open now"),
    "arb_opportunity_edge_bps": Metric(
        _HISTOGRAM, "Edge after fees, basis points, when it opened or its judgement changed", ("executable",)
    ),
    # Account and moment.
    "arb_trading_open": Metric(_GAUGE, "1 = new trades may begin; 0 = kill, daily loss, journal or stop"),
    "arb_trading_paper": Metric(_GAUGE, "1 = paper trading"),
    "arb_trading_killed": Metric(_GAUGE, "1 = the latch is set, until a person clears it"),
    "arb_trading_day_stopped": Metric(_GAUGE, "1 = the daily loss was reached"),
    "arb_admissions_total": Metric(_COUNTER, "Trades that were let through"),
    "arb_admission_refusals_total": Metric(
        _COUNTER, "Executable sightings that were not, by the first reason", ("reason",)
    ),
    "arb_venue_ready": Metric(_GAUGE, "1 = our books and the venue's agree", ("venue",)),
    "arb_breaker": Metric(_GAUGE, "1 = the venue's circuit breaker is in this state", ("venue", "state")),
    "arb_limit_used_ratio": Metric(_GAUGE, "How much of a limit of [risk] is used", ("limit", "of")),
    "arb_day_pnl": Metric(_GAUGE, "Realised since 00:00 UTC, over restarts", ("money",)),
    # Trades.
    "arb_open_trades": Metric(_GAUGE, "Trades under way"),
    "arb_orders_in_doubt": Metric(_GAUGE, "Orders of which nobody knows whether they stand"),
    "arb_orders_total": Metric(_COUNTER, "Orders that came into each state", ("venue", "state")),
    "arb_fills_total": Metric(_COUNTER, "Fills", ("venue", "side")),
    "arb_turnover_total": Metric(_COUNTER, "Value of the fills", ("venue", "money")),
    "arb_trades_total": Metric(_COUNTER, "Trades that ended", ("outcome",)),
    "arb_realised_pnl": Metric(_GAUGE, "Realised by trades that ended, with fees, since the start", ("money",)),
    # Journal.
    "arb_journal_working": Metric(_GAUGE, "1 = intents can be written down"),
    "arb_journal_commit_seconds": Metric(_HISTOGRAM, "How long commits took"),
    "arb_journal_waiting": Metric(_GAUGE, "Entries that are not committed yet"),
    "arb_journal_commits_total": Metric(_COUNTER, "Commits"),
    "arb_journal_failures_total": Metric(_COUNTER, "Commits that failed"),
    "arb_journal_dropped_total": Metric(_COUNTER, "Episodes that found the queue full"),
    # Ourselves.
    "arb_faults_total": Metric(_COUNTER, "What a person may have to know, by name", ("name", "venue")),
    "arb_observer_told_total": Metric(_COUNTER, "Notices handed to an observer", ("observer",)),
    "arb_observer_dropped_total": Metric(_COUNTER, "Notices that found an observer's queue full", ("observer",)),
    "arb_observer_waiting": Metric(_GAUGE, "Notices that wait for an observer", ("observer",)),
    "arb_observer_unplugged": Metric(_GAUGE, "1 = the observer raised, and is told nothing any more", ("observer",)),
}
"""By name; in the order of the page."""


def table() -> str:
    """Return all of them as a table in Markdown."""
    lines = ["| metric | labels | one line is |", "|---|---|---|"]
    lines += [
        f"| `{name}` ({metric.kind}) | {' '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |"
        for name, metric in METRICS.items()
    ]
    return "\n".join(lines) + "\n"
