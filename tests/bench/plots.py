"""Pictures of what was measured: one function, one look, SVG. Entered by every bench that shows how a cost grows.

    from .plots import Series, plot

    plot(
        "book-size",  # docs/reference/book-size.svg
        title="One change of a book, by how much the book holds",
        x="levels a side",
        y="us a change",
        series=[Series("arb", [(10, 1.1), (100, 1.2)], spread=[(1.0, 1.3), (1.1, 1.4)])],
        log_x=True,
    )

Points are drawn in the order given, the median with what was least and most as a band. Equal figures give an equal file: no
date, no random ids, and letters as text in the reader's own fonts, so that a diff shows what moved. On the page:
`![what it says](book-size.svg)`. matplotlib belongs to the bench alone (`tox -e bench` brings it); without it the tables
are written, the pictures stay as they are, and `plot` returns None.
"""

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Series", "plot"]

FOLDER = Path(__file__).parents[2] / "docs" / "reference"

INK, FAINT, RULE = "#1f2937", "#6b7280", "#e5e7eb"
COLOURS = ("#2563eb", "#ea580c", "#059669", "#7c3aed", "#be123c", "#0891b2", "#a16207", "#4b5563")
"""Told apart also by who does not see red and green; further ones begin again, dashed."""
FONTS = "'DejaVu Sans', Verdana, Arial, sans-serif"
"""What the reader's machine draws the letters with: the first that it has, all about as wide."""
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "arb",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the same widths are measured everywhere
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": FAINT,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
}


class Series(msgspec.Struct, frozen=True):
    """A line: its points (x, y), and for each what was least and most."""

    name: str
    points: Sequence[tuple[float, float]]
    spread: Sequence[tuple[float, float]] = ()


def plot(
    name: str,
    *,
    title: str,
    x: str,
    y: str,
    series: Sequence[Series],
    log_x: bool = False,
    log_y: bool = False,
    goal: tuple[str, float] | None = None,
) -> Path | None:
    """Write `docs/reference/<name>.svg`. A scale that is not logarithmic begins at 0; `goal` is a named horizontal."""
    if importlib.util.find_spec("matplotlib") is None:
        print(f"no matplotlib: {name}.svg stays as it is")
        return None
    # By name: type checkers, too, run where it is and where it is not.
    mpl: Any = importlib.import_module("matplotlib")
    ticker: Any = importlib.import_module("matplotlib.ticker")
    figures: Any = importlib.import_module("matplotlib.figure")
    svg: Any = importlib.import_module("matplotlib.backends.backend_svg")

    plain = ticker.FuncFormatter(
        lambda value, _: f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"
    )
    with mpl.rc_context(STYLE):
        figure = figures.Figure(figsize=(7.6, 4.2), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
        svg.FigureCanvasSVG(figure)
        axes = figure.subplots()
        for index, each in enumerate(series):
            colour, dash = COLOURS[index % len(COLOURS)], "-" if index < len(COLOURS) else "--"
            across, up = zip(*each.points, strict=True)
            axes.plot(across, up, dash, color=colour, linewidth=2, marker="o", markersize=4.5, label=each.name)
            if each.spread:
                least, most = zip(*each.spread, strict=True)
                axes.fill_between(across, least, most, color=colour, alpha=0.12, linewidth=0)
        if goal is not None:
            said, at = goal
            axes.axhline(at, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
            axes.annotate(
                said,
                (1, at),
                xycoords=("axes fraction", "data"),
                xytext=(-2, 3),
                textcoords="offset points",
                ha="right",
                color=FAINT,
                fontsize=9,
            )
        # Ticks stand where something was measured, when these are few; else where matplotlib puts them.
        measured = sorted({across for each in series for across, _ in each.points})
        axes.set_xscale("log" if log_x else "linear")
        axes.set_yscale("log" if log_y else "linear")
        if len(measured) <= 8:
            axes.set_xticks(measured)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(plain)
            axis.set_minor_formatter(ticker.NullFormatter())
        axes.set_ylim(bottom=None if log_y else 0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.set_xlabel(x)
        # The unit stands above its scale, where it is read without turning the head.
        axes.set_title(y, loc="left", color=FAINT, fontsize=10)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        columns = 1 if max(len(each.name) for each in series) > 40 else min(len(series), 3)
        figure.legend(loc="outside lower left", ncols=columns, frameon=False, handlelength=1.6)
        path = FOLDER / f"{name}.svg"
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
    # matplotlib leaves a blank at the end of some lines, and `git diff --check` objects.
    drawn = path.read_text(encoding="utf8").replace("'DejaVu Sans'", FONTS)
    lines = [line.rstrip() for line in drawn.splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf8")
    return path
