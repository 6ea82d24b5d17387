"""The Grafana dashboard, as a table of panels; `grafana/arb.json` is what `document` makes of it.

One row for each question that somebody has while it runs: is it well, is it quick, what does the market do, what is
found, what is traded, what do venues allow, is everything written down.
"""

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

import msgspec

__all__ = ["ROWS", "Panel", "Query", "document", "sketch"]


class Query(msgspec.Struct, frozen=True):
    """One PromQL expression; `$instance` is the process that is looked at."""

    expression: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel; a row is 24 wide. From `red_from` on, or below `red_below`, it is red."""

    title: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 8
    red_from: float | None = None
    red_below: float | None = None
    stacked: bool = False


_GRID = 24
"""How wide Grafana's grid is."""

_ME = '{instance=~"$instance"}'
_OVER = "[$__rate_interval]"


def _now(metric: str) -> str:
    return f"{metric}{_ME}"


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}{_ME}{_OVER}))"


def _quantile(part: float, metric: str, by: str = "") -> str:
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({part}, sum by ({labels}) (rate({metric}_bucket{_ME}{_OVER})))"


def _stat(
    title: str,
    expression: str,
    *,
    unit: str = "short",
    red_from: float | None = None,
    red_below: float | None = None,
) -> Panel:
    return Panel(
        title=title,
        queries=(Query(expression),),
        kind="stat",
        unit=unit,
        width=3,
        height=4,
        red_from=red_from,
        red_below=red_below,
    )


ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Is it well",
        (
            _stat("Answers", f"min({_now('arb_up')})", red_below=1),
            _stat("New trades may begin", f"min({_now('arb_trading_open')})", red_below=1),
            _stat("Killed", f"max({_now('arb_trading_killed')})", red_from=1),
            _stat(
                "Books LIVE",
                f'sum(arb_books{{instance=~"$instance", state="live"}}) / sum({_now("arb_books")})',
                unit="percentunit",
                red_below=1,
            ),
            _stat("Open trades", f"sum({_now('arb_open_trades')})"),
            _stat("Orders in doubt", f"sum({_now('arb_orders_in_doubt')})", red_from=1),
            _stat("Most used limit", f"max({_now('arb_limit_used_ratio')})", unit="percentunit", red_from=0.8),
            _stat("Faults in the last hour", f"sum(increase(arb_faults_total{_ME}[1h]))"),
        ),
    ),
    (
        "Is it quick",
        (
            Panel(
                title="Each hop, median and p99",
                queries=(
                    Query(_quantile(0.5, "arb_hop_seconds", "hop"), "{{hop}} p50"),
                    Query(_quantile(0.99, "arb_hop_seconds", "hop"), "{{hop}} p99"),
                ),
                unit="s",
                width=12,
            ),
            Panel(
                title="Message to verdict",
                queries=(
                    Query(
                        f'sum by (le) (increase(arb_hop_seconds_bucket{{instance=~"$instance", hop="detect"}}{_OVER}))',
                        "{{le}}",
                    ),
                ),
                kind="heatmap",
                unit="s",
                width=6,
            ),
            Panel(
                title="Lag of the event loop",
                queries=(
                    Query(_now("arb_event_loop_lag_seconds"), "last beat"),
                    Query(_now("arb_event_loop_lag_max_seconds"), "longest"),
                ),
                unit="s",
                width=6,
            ),
        ),
    ),
    (
        "What the market does",
        (
            Panel(title="Messages", queries=(Query(_rate("arb_messages_total", "venue"), "{{venue}}"),), unit="cps"),
            Panel(
                title="Books by state",
                queries=(Query(f"sum by (venue, state) ({_now('arb_books')})", "{{venue}} {{state}}"),),
            ),
            Panel(
                title="Books lost, by reason",
                queries=(Query(_rate("arb_book_losses_total", "venue, fault"), "{{venue}} {{fault}}"),),
                unit="cps",
            ),
            Panel(
                title="Reconnects and failures to connect",
                queries=(
                    Query(_rate("arb_reconnects_total", "venue, stream"), "{{venue}} {{stream}}"),
                    Query(_rate("arb_connect_failures_total", "venue, stream"), "{{venue}} {{stream}} failed"),
                ),
                unit="cps",
            ),
            Panel(
                title="Messages late by",
                queries=(Query(_now("arb_message_delay_seconds"), "{{venue}}"),),
                unit="s",
                red_from=1,
            ),
            Panel(
                title="Longest silence of a LIVE book",
                queries=(Query(_now("arb_book_silent_seconds"), "{{venue}}"),),
                unit="s",
            ),
        ),
    ),
    (
        "What is found",
        (
            Panel(
                title="Edges",
                queries=(
                    Query(f"sum(rate(arb_opportunities_seen_total{_ME}{_OVER}))", "seen"),
                    Query(f"sum(rate(arb_opportunities_executable_total{_ME}{_OVER}))", "executable"),
                ),
                unit="cps",
            ),
            Panel(
                title="Edges refused, by check",
                queries=(Query(_rate("arb_opportunities_refused_total", "check"), "{{check}}"),),
                unit="cps",
                stacked=True,
            ),
            Panel(
                title="Size of edges, median and p90, basis points",
                queries=(
                    Query(_quantile(0.5, "arb_opportunity_edge_bps", "executable"), "executable: {{executable}} p50"),
                    Query(_quantile(0.9, "arb_opportunity_edge_bps", "executable"), "executable: {{executable}} p90"),
                ),
            ),
        ),
    ),
    (
        "What is traded",
        (
            Panel(title="Realised today", queries=(Query(_now("arb_day_pnl"), "{{money}}"),)),
            Panel(title="Realised since the start", queries=(Query(_now("arb_realised_pnl"), "{{money}}"),)),
            Panel(
                title="Trades by outcome",
                queries=(Query(_rate("arb_trades_total", "outcome"), "{{outcome}}"),),
                unit="cps",
            ),
            Panel(
                title="Let through and not, by reason",
                queries=(
                    Query(f"sum(rate(arb_admissions_total{_ME}{_OVER}))", "let through"),
                    Query(_rate("arb_admission_refusals_total", "reason"), "{{reason}}"),
                ),
                unit="cps",
            ),
            Panel(
                title="Orders by state",
                queries=(Query(_rate("arb_orders_total", "venue, state"), "{{venue}} {{state}}"),),
                unit="cps",
            ),
            Panel(
                title="Fills",
                queries=(Query(_rate("arb_fills_total", "venue, side"), "{{venue}} {{side}}"),),
                unit="cps",
            ),
            Panel(
                title="Limits used",
                queries=(Query(_now("arb_limit_used_ratio"), "{{limit}} {{of}}"),),
                unit="percentunit",
                red_from=0.8,
            ),
            Panel(
                title="Breakers not closed",
                queries=(
                    Query(
                        'sum by (venue, state) (arb_breaker{instance=~"$instance", state!="closed"})',
                        "{{venue}} {{state}}",
                    ),
                ),
                red_from=1,
            ),
            Panel(
                title="Turnover per hour",
                queries=(
                    Query(f"sum by (venue, money) (increase(arb_turnover_total{_ME}[1h]))", "{{venue}} {{money}}"),
                ),
            ),
        ),
    ),
    (
        "What venues allow",
        (
            Panel(
                title="Rate limits used",
                queries=(Query(_now("arb_rate_limit_used_ratio"), "{{venue}} {{limit}}"),),
                unit="percentunit",
                red_from=0.9,
            ),
            Panel(
                title="Requests, p99 since the start",
                queries=(Query('arb_rest_seconds{instance=~"$instance", quantile="0.99"}', "{{venue}} {{endpoint}}"),),
                unit="s",
            ),
            Panel(
                title="Requests repeated, refused, without an answer",
                queries=(
                    Query(_rate("arb_rest_retries_total", "venue"), "{{venue}} repeated"),
                    Query(_rate("arb_rest_rate_limited_total", "venue"), "{{venue}} refused"),
                    Query(_rate("arb_rest_outcomes_unknown_total", "venue"), "{{venue}} unknown"),
                ),
                unit="cps",
            ),
        ),
    ),
    (
        "Is everything written down and told",
        (
            Panel(
                title="Commits of the journal, median and p99",
                queries=(
                    Query(_quantile(0.5, "arb_journal_commit_seconds"), "p50"),
                    Query(_quantile(0.99, "arb_journal_commit_seconds"), "p99"),
                ),
                unit="s",
                width=6,
            ),
            Panel(
                title="Waiting to be written, and failures",
                queries=(
                    Query(_now("arb_journal_waiting"), "waiting"),
                    Query(f"sum(increase(arb_journal_failures_total{_ME}{_OVER}))", "failures"),
                    Query(f"sum(increase(arb_journal_dropped_total{_ME}{_OVER}))", "episodes dropped"),
                ),
                width=6,
            ),
            Panel(
                title="Observers: waiting and dropped",
                queries=(
                    Query(_now("arb_observer_waiting"), "{{observer}} waiting"),
                    Query(_rate("arb_observer_dropped_total", "observer"), "{{observer}} dropped"),
                ),
                width=6,
            ),
            Panel(
                title="CPU and memory of the process",
                queries=(
                    Query(f"rate(process_cpu_seconds_total{_ME}{_OVER})", "CPU"),
                    Query(f"process_resident_memory_bytes{_ME} / 1e9", "memory, GB"),
                ),
                width=6,
            ),
        ),
    ),
)
"""Row after row: its question, and the panels that answer it."""

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def document() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "title": "arb",
        "uid": "arb",
        "tags": ["arb"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "templating": {
            "list": [
                {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
                {
                    "name": "instance",
                    "label": "Process",
                    "type": "query",
                    "datasource": _SOURCE,
                    "query": {"query": "label_values(arb_up, instance)", "refId": "instance"},
                    "definition": "label_values(arb_up, instance)",
                    "refresh": 2,
                    "includeAll": True,
                    "multi": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": list(_panels()),
    }


def sketch() -> str:
    """Return a picture of the dashboard in letters, 97 wide."""
    lines: list[str] = []
    for question, panels in ROWS:
        lines += ["", question]
        line: list[Panel] = []
        for panel in panels:
            if sum(other.width for other in line) + panel.width > _GRID:
                lines += _boxes(line)
                line = []
            line.append(panel)
        lines += _boxes(line)
    return "\n".join(lines[1:]) + "\n"


def _boxes(panels: Iterable[Panel]) -> list[str]:
    """Draw panels side by side, each with its title."""
    insides = [(panel.width * 4 - 1, wrap(panel.title, panel.width * 4 - 3)) for panel in panels]
    edge = "+" + "+".join("-" * width for width, _ in insides) + "+"
    height = max(len(title) for _, title in insides)
    rows = [
        "|" + "|".join(f" {title[row] if row < len(title) else '':<{width - 1}}" for width, title in insides) + "|"
        for row in range(height)
    ]
    return [edge, *rows, edge]


def _panels() -> Iterable[dict[str, Any]]:
    number = y = 0
    for question, panels in ROWS:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": question,
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": _GRID, "h": 1},
            "panels": [],
        }
        y += 1
        x = height = 0
        for panel in panels:
            if x + panel.width > _GRID:
                x, y = 0, y + height
            number += 1
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            x, height = x + panel.width, panel.height
        y += height


def _panel(panel: Panel) -> dict[str, Any]:
    custom: dict[str, Any] = {"stacking": {"mode": "normal"}} if panel.stacked else {}
    return {
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": _thresholds(panel), "custom": custom},
            "overrides": [],
        },
        "options": _OPTIONS[panel.kind],
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend or "__auto",
                "format": "heatmap" if panel.kind == "heatmap" else "time_series",
            }
            for place, query in enumerate(panel.queries)
        ],
    }


def _thresholds(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    return {"mode": "absolute", "steps": steps}


_OPTIONS: dict[str, dict[str, Any]] = {
    "heatmap": {"calculate": False, "yAxis": {"unit": "s"}},
    "stat": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background"},
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
}
