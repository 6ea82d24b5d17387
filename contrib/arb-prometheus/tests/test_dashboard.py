"""Dashboard and alert rules: every query asks for what exists, and the files are those that the tables make."""

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from arb_core.structs.book import BookState
from arb_core.structs.figures import BreakerState, Hop
from arb_core.structs.trade import Outcome
from arb_prometheus import alerts, dashboard
from arb_prometheus.metrics import METRICS, Kind

FOLDER = Path(__file__).parents[1]

OTHERS = {
    # Of the library's collector, and of Prometheus itself.
    "process_cpu_seconds_total": (),
    "process_resident_memory_bytes": (),
    "up": ("job",),
}

VALUES = {
    "hop": {hop.value for hop in Hop},
    "limit": {"max_daily_loss", "max_open_trades", "max_asset", "max_on_venue"},
    "outcome": {outcome.value for outcome in Outcome},
    "quantile": {"0.5", "0.9", "0.99", "1"},
    "state": {state.value for state in BreakerState} | {state.name.lower() for state in BookState},
    "job": {"arb"},
}
"""What stands in a matcher of the files, by label."""

FUNCTIONS = {"abs", "by", "histogram_quantile", "increase", "le", "max", "min", "rate", "sum"}


def metrics_of(expression: str) -> set[str]:
    """The metrics of an expression, each checked for the right suffix."""
    bare = re.sub(r"\{.*?\}|\[.*?\]|\bby \(.*?\)", "", expression)
    names = set(re.findall(r"[a-z][a-z_]+", bare)) - FUNCTIONS
    found = {_metric(name, expression) for name in names}
    assert found, expression
    return found


def _metric(name: str, expression: str) -> str:
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    if base != name and base in METRICS:
        assert METRICS[base].kind is Kind.HISTOGRAM, expression
        return base
    if name in METRICS:
        assert METRICS[name].kind is not Kind.HISTOGRAM, f"{expression}: {name} has buckets"
    else:
        assert name in OTHERS, f"{expression}: no metric {name}"
    return name


def labels_of(expression: str) -> set[str]:
    grouped = re.findall(r"\bby \((.*?)\)", expression)
    matched = re.findall(r"\{(.*?)\}", expression)
    by = {label.strip() for labels in grouped for label in labels.split(",")}
    return by | {match[0] for labels in matched for match in re.findall(r"(\w+)(=~|!=|=)", labels)}


def check(expression: str, shown: str = "") -> None:
    """Compare one expression, and the labels that a legend or a text shows, with the table."""
    names = metrics_of(expression)
    known = {"instance", "le"}.union(*(METRICS[name].labels if name in METRICS else OTHERS[name] for name in names))
    assert labels_of(expression) <= known, expression
    used = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", shown))
    assert used <= known, f"{expression}: {shown}"
    for label, value in re.findall(r'(\w+)!?="(.*?)"', expression):
        assert value in VALUES[label], f"{expression}: {label}={value}"
    # A counter is only ever looked at as it grows, and nothing else is.
    grown = set(re.findall(r"(?:rate|increase)\(([a-z_]+)", expression))
    for name in names - OTHERS.keys():
        counted = METRICS[name].kind is not Kind.GAUGE
        assert counted == bool({name, f"{name}_bucket"} & grown), expression


PANELS = [panel for _, panels in dashboard.ROWS for panel in panels]
QUERIES = [(query.expression, query.legend) for panel in PANELS for query in panel.queries]


@pytest.mark.parametrize(("expression", "legend"), QUERIES)
def test_query_of_the_dashboard_names_what_exists(expression: str, legend: str) -> None:
    check(expression, legend)
    assert 'instance=~"$instance"' in expression


@pytest.mark.parametrize("alert", alerts.ALERTS, ids=lambda alert: alert.name)
def test_alert_names_what_exists(alert: alerts.Alert) -> None:
    check(alert.expression, alert.summary)
    assert alert.severity in {"page", "ticket"}
    assert re.fullmatch(r"\d+[sm]", alert.after)


@pytest.mark.parametrize(
    "wrong",
    [
        "sum(arb_no_such_thing)",
        "rate(arb_journal_commit_seconds[5m])",
        "arb_books_bucket",
        "sum by (symbol) (arb_books)",
        'arb_books{state="alive"}',
        "arb_messages_total",
        "rate(arb_books[5m])",
    ],
)
def test_the_check_of_a_query_finds_what_is_wrong(wrong: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check(wrong)


def test_names_of_alerts_are_unique() -> None:
    names = [alert.name for alert in alerts.ALERTS]
    assert len(set(names)) == len(names)


def test_titles_are_unique_and_every_row_is_full() -> None:
    titles = [panel.title for panel in PANELS]
    assert len(set(titles)) == len(titles)
    for question, panels in dashboard.ROWS:
        assert sum(panel.width for panel in panels) % 24 == 0, question


def test_panels_do_not_overlap() -> None:
    places = [panel["gridPos"] for panel in dashboard.document()["panels"]]
    taken = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) == 23
    assert all(above["y"] <= below["y"] for above, below in pairwise(places))


@pytest.mark.parametrize(("name", "file"), [("dashboard", "grafana/arb.json"), ("alerts", "prometheus/arb-alerts.yml")])
def test_file_is_what_the_command_prints(name: str, file: str) -> None:
    ran = subprocess.run([sys.executable, "-m", "arb_prometheus", name], check=True, capture_output=True, text=True)
    path = FOLDER / file
    assert path.read_text("utf-8") == ran.stdout, f"run `python -m arb_prometheus {name} > {file}`"


def test_every_query_of_the_table_is_in_the_file_of_grafana() -> None:
    document = json.loads((FOLDER / "grafana" / "arb.json").read_text("utf-8"))
    shown = [target["expr"] for panel in document["panels"] for target in panel.get("targets", ())]
    assert shown == [expression for expression, _ in QUERIES]


def test_every_rule_of_the_table_is_in_the_file_of_prometheus() -> None:
    text = (FOLDER / "prometheus" / "arb-alerts.yml").read_text("utf-8")
    expressions = [found.replace("''", "'") for found in re.findall(r"^ +expr: '(.*)'$", text, re.MULTILINE)]
    assert expressions == [alert.expression for alert in alerts.ALERTS]


def test_another_word_is_answered_with_those_that_there_are() -> None:
    ran = subprocess.run([sys.executable, "-m", "arb_prometheus", "poem"], check=False, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "dashboard" in ran.stderr
    assert "alerts" in ran.stderr


@pytest.mark.parametrize("name", ["sketch", "metrics"])
def test_part_of_the_readme_is_what_the_command_prints(name: str) -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    part = re.search(rf"<!-- {name}: .*? -->\n(.*?)<!-- end of {name} -->", text, re.DOTALL)
    assert part
    ran = subprocess.run([sys.executable, "-m", "arb_prometheus", name], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() in part[1], f"copy what `python -m arb_prometheus {name}` prints"
