"""The alert rules, as a table; `prometheus/arb-alerts.yml` is what `document` makes of it.

`page` wakes somebody: money may be at stake or nothing works. `ticket` waits for the morning.
"""

import msgspec

__all__ = ["ALERTS", "Alert", "document"]


class Alert(msgspec.Struct, frozen=True):
    """One rule. `after` is how long it must hold."""

    name: str
    expression: str
    after: str
    severity: str
    summary: str
    do: str


def _quantile(part: float, metric: str, matcher: str = "") -> str:
    return f"histogram_quantile({part}, sum by (instance, le) (rate({metric}_bucket{matcher}[5m])))"


ALERTS: tuple[Alert, ...] = (
    Alert(
        "ArbGone",
        'up{job="arb"} == 0',
        "1m",
        "page",
        "arb on {{ $labels.instance }} cannot be scraped",
        "See whether it runs; arb orders lists what is open. A restart takes up every trade that is unfinished.",
    ),
    Alert(
        "ArbStandsStill",
        "arb_up == 0",
        "30s",
        "page",
        "arb on {{ $labels.instance }} does not answer: its event loop stands still",
        "Look at the machine's load and the log; market data is not handled meanwhile.",
    ),
    Alert(
        "ArbKilled",
        "arb_trading_killed == 1",
        "0s",
        "page",
        "trading was killed on {{ $labels.instance }}",
        "arb pnl and arb orders say what was done; arb kill --clear --reason TEXT lifts it.",
    ),
    Alert(
        "ArbDailyLoss",
        "arb_trading_day_stopped == 1",
        "0s",
        "page",
        "the daily loss was reached on {{ $labels.instance }}",
        "Nothing new is traded before 00:00 UTC; arb trades says what lost.",
    ),
    Alert(
        "ArbDailyLossNear",
        'arb_limit_used_ratio{limit="max_daily_loss"} > 0.8',
        "0s",
        "ticket",
        "{{ $value | humanizePercentage }} of the daily loss in {{ $labels.of }} is used",
        "arb trades says what lost.",
    ),
    Alert(
        "ArbOrderInDoubt",
        "arb_orders_in_doubt > 0",
        "1m",
        "page",
        "{{ $value }} orders on {{ $labels.instance }} may or may not stand",
        "They are searched for; arb reconcile shows them. Do not send them again by hand.",
    ),
    Alert(
        "ArbTradeStopped",
        'increase(arb_trades_total{outcome="stopped"}[5m]) > 0',
        "0s",
        "page",
        "a trade on {{ $labels.instance }} ended with something left over",
        "arb trades names the trade and what is held without a counterpart.",
    ),
    Alert(
        "ArbBreakerOpen",
        'arb_breaker{state="open"} == 1',
        "2m",
        "ticket",
        "the circuit breaker of {{ $labels.venue }} is open",
        "It failed several times in a row; the log says how.",
    ),
    Alert(
        "ArbVenueNotReady",
        "arb_venue_ready == 0",
        "2m",
        "page",
        "our books and those of {{ $labels.venue }} do not agree",
        "Nothing new goes there; arb reconcile shows the difference.",
    ),
    Alert(
        "ArbAccountDeaf",
        "arb_account_listening == 0",
        "1m",
        "page",
        "what happens to the account on {{ $labels.venue }} is not heard",
        "Orders are asked for meanwhile; see the connections of the venue.",
    ),
    Alert(
        "ArbBooksDown",
        'sum by (instance, venue) (arb_books{state="syncing"}) / sum by (instance, venue) (arb_books) > 0.5',
        "2m",
        "ticket",
        "more than half of the books of {{ $labels.venue }} cannot be read",
        "arb_book_losses_total says why; arb doctor tries the way to the venue.",
    ),
    Alert(
        "ArbReconnects",
        "increase(arb_reconnects_total[10m]) > 5",
        "0s",
        "ticket",
        "{{ $labels.venue }} ({{ $labels.stream }}) was reconnected {{ $value | humanize }} times in ten minutes",
        "arb doctor tries the way to the venue.",
    ),
    Alert(
        "ArbMessagesLate",
        "arb_message_delay_seconds > 1",
        "1m",
        "ticket",
        "messages of {{ $labels.venue }} arrive {{ $value | humanizeDuration }} late",
        "The network, the venue or this machine is behind; prices are old.",
    ),
    Alert(
        "ArbEventLoopLags",
        "arb_event_loop_lag_seconds > 0.25",
        "30s",
        "ticket",
        "the event loop on {{ $labels.instance }} is {{ $value | humanizeDuration }} late",
        "Something in this process, or the machine, is too slow.",
    ),
    Alert(
        "ArbDetectionSlow",
        _quantile(0.99, "arb_hop_seconds", '{hop="detect"}') + " > 0.005",
        "5m",
        "ticket",
        "one message in a hundred takes more than 5 ms to a verdict on {{ $labels.instance }}",
        "Fewer symbols, or arb-native; the hops of the dashboard say where the time goes.",
    ),
    Alert(
        "ArbRateLimitNear",
        "arb_rate_limit_used_ratio > 0.9",
        "1m",
        "ticket",
        "limit {{ $labels.limit }} of {{ $labels.venue }} is nearly used up",
        "Requests wait. Something else uses the same address or key, or share is too small.",
    ),
    Alert(
        "ArbBanned",
        "arb_rate_limit_closed_seconds > 0",
        "1m",
        "page",
        "{{ $labels.venue }} refuses requests for another {{ $value | humanizeDuration }}",
        "Do not start a second process on the same address: going on lengthens a ban.",
    ),
    Alert(
        "ArbOutcomeUnknown",
        "increase(arb_rest_outcomes_unknown_total[10m]) > 0",
        "0s",
        "ticket",
        "a request to {{ $labels.venue }} left and its answer did not arrive",
        "What it did is found out by itself; many of them are a bad line.",
    ),
    Alert(
        "ArbClockOff",
        "abs(arb_clock_offset_seconds) > 0.5",
        "5m",
        "ticket",
        "the clocks of {{ $labels.venue }} and of this machine are {{ $value | humanizeDuration }} apart",
        "Set this machine's clock, e.g. by NTP: signed requests are refused beyond a second.",
    ),
    Alert(
        "ArbJournalFails",
        "arb_journal_working == 0",
        "0s",
        "page",
        "the journal on {{ $labels.instance }} cannot be written",
        "Nothing new is traded. Look at the disk or the database; it goes on trying.",
    ),
    Alert(
        "ArbJournalSlow",
        _quantile(0.99, "arb_journal_commit_seconds") + " > 0.2",
        "5m",
        "ticket",
        "one commit in a hundred takes more than 200 ms on {{ $labels.instance }}",
        "Trades wait for it; market data does not. Look at the disk or the database.",
    ),
    Alert(
        "ArbObserverUnplugged",
        "arb_observer_unplugged == 1",
        "0s",
        "ticket",
        "observer {{ $labels.observer }} raised and is told nothing any more",
        "The log has its traceback; it is back after a restart.",
    ),
    Alert(
        "ArbObserverSlow",
        "increase(arb_observer_dropped_total[10m]) > 0",
        "0s",
        "ticket",
        "observer {{ $labels.observer }} is too slow and loses notices",
        "What it does for each notice takes too long.",
    ),
)


def document() -> str:
    """Return the rules as Prometheus reads them: YAML."""
    lines = [
        "# Made by `python -m arb_prometheus alerts`; the job that scrapes arb is expected to be called arb.",
        "groups:",
        "  - name: arb",
        "    rules:",
    ]
    for alert in ALERTS:
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {_quoted(alert.expression)}",
            f"        for: {alert.after}",
            "        labels:",
            f"          severity: {alert.severity}",
            "        annotations:",
            f"          summary: {_quoted(alert.summary)}",
            f"          description: {_quoted(alert.do)}",
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as YAML's single quotes hold it."""
    return "'" + text.replace("'", "''") + "'"
