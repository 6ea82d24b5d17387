"""`arb replay`: recordings through plugins, books, strategy and verdict; the same files give the same output."""

import math
from decimal import Decimal
from pathlib import Path

import click

from arb_core.capture.replay import ReplayOptions, replay
from arb_core.capture.summary import Summary
from arb_core.cli.options import DECIMAL, DURATION, standard
from arb_core.cli.plain import columns, emit, note
from arb_core.registry import Registry

__all__ = ["command"]


def _names(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for value in values:
        name, sign, plugin = value.partition("=")
        if not (name and sign and plugin):
            raise click.BadParameter(f"expected NAME=ID, found {value!r}")
        names[name] = plugin
    return names


@click.command("replay")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--fee-bps", type=DECIMAL, default="0", help="Taker fee per leg.", show_default=True)
@click.option("--min-edge-bps", type=DECIMAL, default="0", help="Edges strictly above this count.", show_default=True)
@click.option("--max-age", type=DURATION, help="Older quotes are stale, e.g. 5s; default: no such rule.")
@click.option("--per-instant", is_flag=True, help="Evaluate once per time stamp, not once per line.")
@click.option("--exact", is_flag=True, help="Add depth walks in exact decimals.")
@click.option("--as", "plugins", multiple=True, metavar="NAME=ID", callback=_names, help="Read NAME with plugin ID.")
@standard
def command(
    *,
    files: tuple[Path, ...],
    fee_bps: Decimal,
    min_edge_bps: Decimal,
    max_age: int | None,
    per_instant: bool,
    exact: bool,
    plugins: dict[str, str],
    as_json: bool,
) -> None:
    """Replay recordings and count what was there."""
    options = ReplayOptions(
        fee_bps=fee_bps,
        min_edge_bps=min_edge_bps,
        max_age_ns=max_age,
        per_instant=per_instant,
        exact=exact,
        plugins=plugins,
    )
    summary = replay(files, options, Registry(), on_progress=lambda lines, _ns: note(f"{lines:,} lines"))
    if as_json:
        emit(summary)
    else:
        click.echo(_text(summary))


def _text(summary: Summary) -> str:
    """Put a summary into tables, as far as there is something to show."""
    parts: list[str] = []
    books = [
        (exchange, symbol, book.state, str(book.snapshots), str(book.deltas), str(book.skipped), str(book.gaps))
        for exchange, symbols in summary.books.items()
        for symbol, book in symbols.items()
    ]
    if books:
        parts.append(columns(("exchange", "symbol", "state", "snapshots", "deltas", "skipped", "gaps"), books))
    edges = [
        (e.symbol, e.buy, e.sell, str(e.evaluated), str(e.events), str(e.episodes), f"{e.max_bps:+.2f}")
        for e in summary.edges
    ]
    if edges:
        parts.append(columns(("symbol", "buy", "sell", "evaluated", "events", "episodes", "max bps"), edges))
    walks = [
        (w.symbol, w.buy, w.sell, w.size, w.buy_cost, w.sell_revenue, w.profit)
        for w in summary.walks
        if not math.isclose(float(w.size), 0.0)
    ]
    if walks:
        parts.append(columns(("symbol", "buy", "sell", "size", "cost", "revenue", "profit"), walks))
    counts = summary.opportunities
    refused = ", ".join(f"{check} {count}" for check, count in counts.refused.items())
    parts.append(f"opportunities: {counts.seen} seen, {counts.executable} executable; refused: {refused or 'none'}")
    return "\n\n".join(parts)
