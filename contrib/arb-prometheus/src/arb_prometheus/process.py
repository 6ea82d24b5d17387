"""What the figures show beside venues: hops, edges, the account, the journal, the observers. Read at a scrape."""

from arb_core.structs.figures import BreakerState, DetectionFigures, Figures, JournalFigures, TradingFigures
from arb_core.structs.opportunity import CHECKS

from arb_prometheus.samples import Samples

__all__ = ["show_process"]


def show_process(samples: Samples, figures: Figures) -> None:
    """Add every line that is not about one venue."""
    for hop, durations in figures.hops.items():
        samples.durations("arb_hop_seconds", durations, hop.value)
    _detection(samples, figures.detection)
    if figures.trading is not None:
        _trading(samples, figures.trading)
    if figures.journal is not None:
        _journal(samples, figures.journal)
    for observer in figures.observers:
        samples.add("arb_observer_told_total", observer.told, observer.name)
        samples.add("arb_observer_dropped_total", observer.dropped, observer.name)
        samples.add("arb_observer_waiting", observer.waiting, observer.name)
        samples.add("arb_observer_unplugged", observer.unplugged, observer.name)


def _detection(samples: Samples, detection: DetectionFigures) -> None:
    samples.add("arb_opportunities_seen_total", detection.seen)
    samples.add("arb_opportunities_executable_total", detection.executable)
    # All of them from the start: Prometheus sees a counter grow only from a value that it saw before.
    samples.each("arb_opportunities_refused_total", {check: detection.refused.get(check, 0) for check in CHECKS})
    samples.add("arb_opportunities_open", detection.open)


def _trading(samples: Samples, trading: TradingFigures) -> None:
    samples.add("arb_trading_open", trading.closed is None)
    samples.add("arb_trading_paper", trading.paper)
    samples.add("arb_trading_killed", trading.killed)
    samples.add("arb_trading_day_stopped", trading.day_stopped)
    samples.add("arb_admissions_total", trading.admitted)
    samples.each("arb_admission_refusals_total", trading.refused)
    samples.add("arb_open_trades", trading.open_trades)
    samples.add("arb_orders_in_doubt", trading.in_doubt)
    for venue, ready in trading.ready.items():
        samples.add("arb_venue_ready", ready, venue)
    for venue, breaker in trading.breakers.items():
        for state in BreakerState:
            samples.add("arb_breaker", state is breaker, venue, state.value)
    for use in trading.limits:
        samples.add("arb_limit_used_ratio", use.used, use.limit, use.of)
    for money, pnl in trading.day_pnl.items():
        samples.add("arb_day_pnl", float(pnl), money)


def _journal(samples: Samples, journal: JournalFigures) -> None:
    samples.add("arb_journal_working", journal.working)
    samples.durations("arb_journal_commit_seconds", journal.commit)
    samples.add("arb_journal_waiting", journal.waiting)
    samples.add("arb_journal_commits_total", journal.commits)
    samples.add("arb_journal_failures_total", journal.failures)
    samples.add("arb_journal_dropped_total", journal.dropped)
