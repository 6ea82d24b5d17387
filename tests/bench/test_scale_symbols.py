"""What an update costs, from its frame to its verdict, by how many symbols are watched beside its own."""

import gc
import os
import statistics
import time
from random import Random

import pytest
from arb_core.interfaces.book import BookFactory

from .plots import Series, plot
from .scale.crowd import Crowd, factories

pytestmark = pytest.mark.bench

FULL = os.environ.get("ARB_FULL") == "1"

SYMBOLS = (10, 100, 1_000, 10_000) if FULL else (10, 100, 1_000)
"""On each of a few venues."""
VENUES = 3
MESH_SYMBOLS = (10, 2_000) if FULL else (10, 100)
"""On each of many venues: every symbol has nineteen others to be compared with."""
MESH = 20
FEW = 10
UPDATES = 5_000 if FULL else 2_000
TURNS = 5 if FULL else 3
SECOND = 1_000_000_000

PATTERNS = {
    "10 symbols busy": (True, False),
    "any symbol": (False, False),
    "any, the book's first in a second": (False, True),
}
"""Whether few symbols have all the updates; whether each turn is a second later than the one before."""

Size = tuple[int, int]


def clock(crowd: Crowd, now_ns: int) -> None:
    for place in crowd.places:
        place.dispatch.arrived(now_ns, now_ns)


def measure(crowds: dict[Size, Crowd]) -> dict[str, dict[Size, list[float]]]:
    """Return microseconds an update, one figure for each turn."""
    figures = {pattern: {size: [] for size in crowds} for pattern in PATTERNS}
    order = Random(2)
    now_ns = time.monotonic_ns()
    for crowd in crowds.values():
        clock(crowd, now_ns)
        for place, frame in crowd.once_each():
            place.take(frame)  # what is done once a second was done in this one
    # What is there now stays: the collector need not look at a million levels in every turn.
    gc.collect()
    gc.freeze()
    for pattern, (few, later) in PATTERNS.items():
        for _ in range(TURNS):
            now_ns += 2 * SECOND if later else 0
            for size in order.sample(sorted(crowds), len(crowds)):
                crowd = crowds[size]
                clock(crowd, now_ns)
                frames = crowd.frames(UPDATES, crowd.symbols[:FEW] if few else crowd.symbols)
                gc.collect()
                began_ns = time.thread_time_ns()
                for place, frame in frames:
                    place.take(frame)
                figures[pattern][size].append((time.thread_time_ns() - began_ns) / UPDATES / 1000)
    gc.unfreeze()
    for crowd in crowds.values():
        crowd.check()
    return figures


def rows(name: str, figures: dict[str, dict[Size, list[float]]]) -> list[str]:
    """One row a size; in brackets, how many times the time among the fewest symbols on as many venues."""
    lines = []
    for venues, symbols in next(iter(figures.values())):
        cells = []
        for by_size in figures.values():
            each, fewest = by_size[venues, symbols], by_size[venues, min(SYMBOLS if venues == VENUES else MESH_SYMBOLS)]
            ratio = statistics.median(mine / least for mine, least in zip(each, fewest, strict=True))
            cells.append(f"{statistics.median(each):.2f} [{min(each):.2f}-{max(each):.2f}] | {ratio:.2f}")
        lines.append(f"| {name} | {venues} x {symbols:,} | {' | '.join(cells)} |")
    return lines


def series(name: str, by_size: dict[Size, list[float]]) -> Series:
    sizes = [(VENUES, symbols) for symbols in SYMBOLS]
    return Series(
        name,
        [(size[1], statistics.median(by_size[size])) for size in sizes],
        [(min(by_size[size]), max(by_size[size])) for size in sizes],
    )


def crowds_of(factory: BookFactory) -> dict[Size, Crowd]:
    sizes = [*((VENUES, symbols) for symbols in SYMBOLS), *((MESH, symbols) for symbols in MESH_SYMBOLS)]
    crowds = {size: Crowd(*size, factory) for size in sizes}
    for crowd in crowds.values():
        crowd.watch()
    return crowds


def test_cost_of_an_update_by_the_number_of_symbols(publish):
    head = [f"{pattern}: us | times" for pattern in PATTERNS]
    table = [f"| books | venues x symbols | {' | '.join(head)} |", "|---|---|" + "---|---|" * len(PATTERNS)]
    lines = []
    for name, factory in factories().items():
        figures = measure(crowds_of(factory))
        table += rows(name, figures)
        lines += [series(f"{name}, {pattern}", figures[pattern]) for pattern in list(PATTERNS)[:2]]
    publish("scale symbols", "\n".join(table))
    plot(
        "cost-by-symbols",
        title="One update, from its frame to its verdict, by how many symbols are watched",
        x=f"symbols on each of {VENUES} venues",
        y="us an update, thread CPU time",
        series=lines,
        log_x=True,
    )
