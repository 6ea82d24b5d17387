"""Results as tables and pictures for the page. Entered by `test_latency.py`."""

import importlib.util
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from .client import quantile
from .contest import Outcome
from .entries import CARE, ENTRIES
from .programme import CARE_AT, CPU_AT, RATES, Results

__all__ = ["bursts_table", "care_table", "delivered_table", "goals_table", "paced_table", "pictures", "sustained_table"]

GOAL_AT = 10_000
NATIVE, PURE, BARE, CCXT = ("native",), ("arb",), ("bare",), ("ccxt", "ccxt-uvloop")
PEERS = (*CCXT, "cryptofeed", "nautilus")

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


class _Figure(NamedTuple):
    """A figure of the best of several contestants."""

    value: float
    kept_up: bool = True


def goals_table(results: Results) -> str:
    """What was asked for, and what came of it: medians divided by medians."""

    def latency(names: tuple[str, ...], part: str) -> _Figure | None:
        """Return the least of them at this rate; of those that did not keep up only where nobody did."""
        figures: list[_Figure] = []
        for name in names:
            outcomes = results.paced[name].get(GOAL_AT, [])
            kept = [each for each in outcomes if each.kept_up]
            if values := [getattr(each.turn, part) for each in kept or outcomes if each.turn.decided]:
                figures.append(_Figure(median(values), bool(kept)))
        return min(figures, key=lambda figure: (not figure.kept_up, figure.value), default=None)

    def highest(names: tuple[str, ...]) -> _Figure | None:
        rates = [median(results.sustained[name]) for name in names if results.sustained[name]]
        return _Figure(max(rates)) if rates else None

    at = f"{GOAL_AT:,}/s"
    rows = ["| asked for | at least | measured |", "|---|---|---|"]
    for title, least, above, below in (
        (f"p99 at {at}: of ccxt.pro, by that of arb-native", 6, latency(CCXT, "p99"), latency(NATIVE, "p99")),
        ("highest rate: of arb-native, by that of the best framework", 3, highest(NATIVE), highest(PEERS)),
        ("highest rate: of pure Python, by that of the bare client", 1, highest(PURE), highest(BARE)),
        (f"p50 at {at}: of the bare client, by that of pure Python", 1, latency(BARE, "p50"), latency(PURE, "p50")),
        (f"p99 at {at}: of the bare client, by that of pure Python", 1, latency(BARE, "p99"), latency(PURE, "p99")),
    ):
        rows.append(f"| {title} | {least} | {_ratio(above, below)} |")
    return "\n".join(rows)


def _ratio(above: _Figure | None, below: _Figure | None) -> str:
    if above is None or below is None or not below.kept_up or not below.value:
        return "no answer: ours did not keep up, or somebody was not there"
    ratio = above.value / below.value
    return f"{ratio:,.1f}" if above.kept_up else f"{ratio:,.0f}, for it did not keep up"


def delivered_table(results: Results) -> str:
    """What came through of each rate, also of those that were too much, and how much of it was seen one by one."""
    rates = _rates(results)
    rows = [f"| decided a second, and how many one by one | {' | '.join(f'{rate:,}/s' for rate in rates)} |"]
    rows.append("|---|" + "---|" * len(rates))
    for name in _names(results):
        cells = [_delivered(results.paced[name].get(rate, [])) for rate in rates]
        rows.append(f"| {ENTRIES[name].title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _delivered(outcomes: list[Outcome]) -> str:
    turns = [outcome.turn for outcome in outcomes if outcome.turn.took]
    if not turns:
        return ""
    rate = median(turn.decided / turn.took * 1e9 for turn in turns)
    seen = median(min(turn.decisions / turn.decided, 1.0) for turn in turns)
    return f"{rate:,.0f}" + ("" if seen > 0.98 else f", {seen:.0%}")


def care_table(found: dict[str, list[Outcome]]) -> str:
    """Ours with and without busy polling and frozen garbage."""
    columns = "p50, us | p99, us | p99.9, us | CPU a message, us | a full round of the collector, us"
    rows = [f"| {CARE_AT:,} messages a second, arb-native | {columns} |", "|---|---|---|---|---|---|"]
    for name, outcomes in found.items():
        turns = [outcome.turn for outcome in outcomes]
        cells = [_us([getattr(turn, part) for turn in turns]) for part in ("p50", "p99", "p999", "cpu", "collecting")]
        rows.append(f"| {CARE[name].title} | {' | '.join(cells)} |")
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
    import matplotlib as mpl  # pyright: ignore[reportMissingImports]

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
    from matplotlib import pyplot as plt  # pyright: ignore[reportMissingImports]
    from matplotlib.ticker import FuncFormatter  # pyright: ignore[reportMissingImports]

    figure, panels = plt.subplots(1, 2, figsize=(10, 4.6), sharey=True)
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
            if not points:
                continue
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
    from matplotlib import pyplot as plt  # pyright: ignore[reportMissingImports]

    names = _names(results)[::-1]
    colours = [COLOURS[name] for name in names]
    titles = [ENTRIES[name].title for name in names]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    rates = [median(results.sustained[name]) for name in names]
    half = [median(_burst(outcome, 0.5) or 0.0 for outcome in results.bursts[name]) / 1000 for name in names]
    for panel, values, written, title in (
        (left, rates, lambda rate: f"{rate / 1000:.3g}k", "highest rate kept up with, messages a second"),
        (right, half, lambda us: _time(float(f"{us:.3g}")), "40 messages at once: p50 of the last decision"),
    ):
        bars = panel.barh(titles, values, color=colours, height=0.65)
        panel.bar_label(bars, [written(value) for value in values], padding=4, fontsize=9)
        panel.set_title(title, fontsize=10)
        panel.grid(visible=False)
        panel.margins(x=0.14)
        panel.set_xticks([], [])
        panel.spines["bottom"].set_visible(False)
    figure.subplots_adjust(wspace=0.06)
    return figure
