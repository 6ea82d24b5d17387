"""Results as tables and pictures for the page. Entered by `test_latency.py`."""

import importlib.util
from pathlib import Path
from statistics import median
from typing import Any

from .client import quantile
from .contest import Outcome
from .entries import ENTRIES
from .programme import CPU_AT, RATES, Results

__all__ = ["bursts_table", "paced_table", "pictures", "sustained_table"]

COLOURS = {
    "native": "#0b7a75",
    "native-busy": "#19c3b2",
    "arb": "#1f5fbf",
    "bare": "#7a7a7a",
    "ccxt": "#d1495b",
    "ccxt-uvloop": "#edae49",
    "cryptofeed": "#8e5ea2",
    "nautilus": "#5c4033",
}
"""Okay for eyes that do not tell red from green: lightness differs, too."""


def _us(values: list[float | None]) -> str:
    """Median and spread in microseconds; seconds and minutes have no place here."""
    known = [value / 1000 for value in values if value is not None]
    return f"{median(known):,.0f} [{min(known):,.0f}-{max(known):,.0f}]" if known else ""


def _whole(values: list[float]) -> str:
    return f"{median(values):,.0f} [{min(values):,.0f}-{max(values):,.0f}]"


def _names(results: Results) -> list[str]:
    """Return who took part, always in one order."""
    return [name for name in ENTRIES if name in results.paced]


def _rates(results: Results) -> list[int]:
    return [rate for rate in RATES if any(rate in by_rate for by_rate in results.paced.values())]


def paced_table(results: Results, part: str) -> str:
    """One percentile (`p50`, `p99`, `p999`): a row a contestant, a column a rate."""
    rates = _rates(results)
    title = {"p50": "p50", "p99": "p99", "p999": "p99.9"}[part]
    rows = [f"| {title}, us [least-most] | {' | '.join(f'{rate:,}/s' for rate in rates)} |"]
    rows.append("|---|" + "---|" * len(rates))
    for name in _names(results):
        by_rate = results.paced[name]
        cells = [_cell(by_rate.get(rate, []), part) for rate in rates]
        rows.append(f"| {ENTRIES[name].title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(outcomes: list[Outcome], part: str) -> str:
    kept = [outcome for outcome in outcomes if outcome.kept_up]
    if len(kept) * 2 <= len(outcomes):  # none was tried, or most fell behind
        return "over"
    return _us([getattr(outcome.turn, part) for outcome in kept])


def sustained_table(results: Results) -> str:
    """The highest rate, what a message costs, how many were delivered."""
    rows = [
        "| | highest rate kept up with, messages a second [least-most] | CPU a message at 5,000/s, us [least-most] |"
    ]
    rows.append("|---|---|---|")
    for name in _names(results):
        by_rate = results.paced[name]
        highest = _whole([float(rate) for rate in results.sustained[name]]) if results.sustained[name] else ""
        cpu = _us([outcome.turn.cpu for outcome in by_rate.get(CPU_AT, []) if outcome.kept_up])
        rows.append(f"| {ENTRIES[name].title} | {highest} | {cpu} |")
    return "\n".join(rows)


def _burst(outcome: Outcome, part: float) -> float | None:
    return quantile(sorted(outcome.turn.bursts), part)


def bursts_table(results: Results) -> str:
    """From a burst's first write to its last decision."""
    rows = [
        "| 20 messages on each venue at once, until the last decision | p50, us [least-most] | p99, us [least-most] |"
    ]
    rows.append("|---|---|---|")
    for name in _names(results):
        outcomes = results.bursts[name]
        cells = [_us([_burst(outcome, part) for outcome in outcomes]) for part in (0.5, 0.99)]
        rows.append(f"| {ENTRIES[name].title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def pictures(results: Results, folder: Path) -> None:
    """Draw both pictures, where matplotlib is installed; else the former ones stay."""
    if importlib.util.find_spec("matplotlib") is None:
        print("matplotlib is not installed: no pictures")
        return
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "arb",  # the same figures make the same file
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#888888",
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e4e4e4",
        "figure.facecolor": "white",
    }
    _save(_curves(results), folder / "latency.svg")
    if any(results.sustained.values()):
        _save(_bars(results), folder / "sustained.svg")


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


def _curves(results: Results) -> Any:
    """p50 and p99 over the rate; a line ends where its contestant fell behind."""
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter

    figure, panels = plt.subplots(1, 2, figsize=(11, 4.6), sharey=True)
    for panel, part, title in zip(
        panels, ("p50", "p99"), ("half of the messages (p50)", "99 of 100 (p99)"), strict=True
    ):
        for name in _names(results):
            by_rate = results.paced[name]
            points = [
                (rate, median(values) / 1000)
                for rate, outcomes in sorted(by_rate.items())
                if (values := [getattr(each.turn, part) for each in outcomes if each.kept_up])
            ]
            style = {"color": COLOURS[name], "linewidth": 2.4 if name in {"arb", "native"} else 1.5}
            panel.plot(*zip(*points, strict=True), marker="o", markersize=4, label=ENTRIES[name].title, **style)
        panel.set(xscale="log", yscale="log", xlabel="messages a second", title=title)
        panel.set_xticks(_rates(results), [f"{rate / 1000:g}k" for rate in _rates(results)])
        panel.minorticks_off()
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _time(value)))
    panels[0].set_ylabel("from the write to the decision")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncol=4, frameon=False)
    figure.subplots_adjust(bottom=0.27, wspace=0.08)
    return figure


def _time(us: float) -> str:
    return f"{us:g} µs" if us < 1000 else f"{us / 1000:g} ms"


def _bars(results: Results) -> Any:
    """The highest rate, and what a burst takes."""
    from matplotlib import pyplot as plt

    names = _names(results)[::-1]
    colours = [COLOURS[name] for name in names]
    titles = [ENTRIES[name].title for name in names]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True)
    rates = [median(results.sustained[name]) / 1000 for name in names]
    half = [median(_burst(outcome, 0.5) or 0.0 for outcome in results.bursts[name]) / 1000 for name in names]
    for panel, values, unit, title in (
        (left, rates, "k", "highest rate kept up with, messages a second"),
        (right, half, " ms", "40 messages at once, until the last decision (p50)"),
    ):
        bars = panel.barh(titles, values, color=colours, height=0.65)
        panel.bar_label(bars, [f"{value:.3g}{unit}" for value in values], padding=4, fontsize=9)
        panel.set_title(title)
        panel.grid(visible=False, axis="y")
        panel.set_xscale("log")
        panel.margins(x=0.12)
        panel.set_xticks([], [])
        panel.minorticks_off()
        panel.spines["bottom"].set_visible(False)
    figure.subplots_adjust(wspace=0.06)
    return figure
