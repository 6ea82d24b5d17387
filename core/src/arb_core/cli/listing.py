"""Records of a journal as people and programs want them: a table with totals, JSON lines, CSV, Parquet.

Entered by `orders`, `trades` and `pnl`, each of which says which records, which columns and what they add up to.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click
import msgspec

from arb_core.cli.journals import Use, journal_choice, reading
from arb_core.cli.options import SINCE, standard
from arb_core.cli.plain import emit, spelled

if TYPE_CHECKING:
    from arb_core.engine.journal.reader import JournalReader

__all__ = ["Column", "Listing", "Read", "amounts", "listing", "moment", "number"]

RecordT = TypeVar("RecordT", bound=msgspec.Struct)

Read = Callable[["JournalReader", int, int | None], Sequence[RecordT]]
"""Reads records, newest first: from a journal, since when (UTC nanoseconds), at most how many."""

_SHOWN = 50
"""Rows of a table, where `--limit` says nothing."""


class Column(msgspec.Struct, frozen=True):
    """A column of a table: its title, what it shows of a record, and whether it is a number."""

    title: str
    cell: Callable[[Any], str]
    number: bool = False


class Listing(msgspec.Struct, Generic[RecordT], frozen=True, kw_only=True):
    """One kind of record and how it is given."""

    word: str
    """What one record is called, also as `kind` of its JSON line."""
    kind: type[RecordT]
    read: Read[RecordT]
    columns: tuple[Column, ...]
    totals: Callable[[Sequence[RecordT]], Sequence[msgspec.Struct]]
    """What the records add up to; `str` of each says it in words."""


def listing(made: Listing[RecordT]) -> Callable[[Callable[..., None]], Callable[..., int]]:
    """Make a command give these records; the function that it stands on has the words of its help."""

    def of(function: Callable[..., None]) -> Callable[..., int]:
        @journal_choice
        @click.option("--since", type=SINCE, metavar="WHEN", help="A time ago (24h), or a date or time in UTC.")
        @click.option("--limit", type=click.IntRange(min=1), help=f"The newest so many; default: {_SHOWN} in a table.")
        @click.option("--csv", type=click.Path(dir_okay=False, path_type=Path), help="Write a CSV file instead.")
        @click.option(
            "--parquet", type=click.Path(dir_okay=False, path_type=Path), help="Write a Parquet file instead."
        )
        @standard
        @functools.wraps(function)
        def command(*, config: str | None, journal: str | None, use: Use | None, as_json: bool, **asked: Any) -> int:
            with reading(config, journal, use) as reader:
                return _give(made, reader, as_json=as_json, **asked)

        return command

    return of


def _give(
    made: Listing[RecordT],
    reader: "JournalReader",
    *,
    since: int | None,
    limit: int | None,
    csv: Path | None,
    parquet: Path | None,
    as_json: bool,
) -> int:
    to_files = csv is not None or parquet is not None
    # One more than a table shows tells whether there are more.
    most = limit if limit is not None or as_json or to_files else _SHOWN + 1
    records = made.read(reader, since or 0, most)
    if to_files:
        _write(made, records, csv, parquet, as_json=as_json)
    elif as_json:
        for record in records:
            emit({"kind": made.word, **spelled(record)})
        for total in made.totals(records):
            emit({"kind": "total", **msgspec.structs.asdict(total)})
    else:
        more = limit is None and len(records) > _SHOWN
        _show(made, records[:_SHOWN] if more else records, more=more)
    return 0


def _write(
    made: Listing[RecordT], records: Sequence[RecordT], csv: Path | None, parquet: Path | None, *, as_json: bool
) -> None:
    from arb_core.engine.journal.export import export_records

    if csv is not None:
        export_records(made.kind, records, csv, "csv")
    if parquet is not None:
        export_records(made.kind, records, parquet, "parquet")
    for path in (csv, parquet):
        if path is not None and as_json:
            emit({"kind": "exported", "file": str(path), "rows": len(records)})
        elif path is not None:
            click.echo(f"{path}: {len(records):,} rows")


def _show(made: Listing[RecordT], records: Sequence[RecordT], *, more: bool) -> None:
    if not records:
        click.echo(f"no {made.word} yet")
        return
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column in made.columns:
        table.add_column(column.title, justify="right" if column.number else "left", no_wrap=True)
    for record in records:
        table.add_row(*(escape(column.cell(record)) for column in made.columns))
    # As wide as it is: half a number is a wrong one, and `less -S` scrolls.
    console = Console(highlight=False)
    console.width = console.measure(table, options=console.options.update(width=10_000)).maximum
    console.print(table)
    if more:
        click.echo(f"... the newest {_SHOWN}; --limit and --since choose others")
    for total in made.totals(records):
        click.echo(str(total))


# Words that the commands share.


def moment(ns: int | None) -> str:
    """Return a time in UTC to the millisecond."""
    if ns is None:
        return "-"
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def number(value: Decimal | None) -> str:
    """Return money with every digit and no exponent."""
    return "-" if value is None else f"{value:f}"


def amounts(by_asset: Mapping[Any, Decimal] | None) -> str:
    """Return `1.5 USDT, 0.01 BTC`."""
    return ", ".join(f"{number(value)} {asset}" for asset, value in (by_asset or {}).items()) or "-"
