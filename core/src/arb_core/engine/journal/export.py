"""Copies a journal into files that other programs read: CSV, or Parquet with the extra `export`.

Money stays text, with every digit the journal has: a spreadsheet or a data frame that wants a number of its own kind
converts it knowingly.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec
from sqlalchemy import BigInteger, Boolean, Float, Integer, Table

from arb_core.engine.journal.opening import require
from arb_core.engine.journal.reader import JournalReader, Rows
from arb_core.engine.journal.tables import METADATA, SETTINGS, ExactDecimal
from arb_core.errors import JournalError

__all__ = ["Format", "export", "export_records"]

Format = Literal["csv", "parquet"]

_AT_ONCE = 10_000
"""Rows in one Parquet group: what is in memory at a time."""


class _Column(NamedTuple):
    name: str
    kind: type
    """`int`, `float`, `bool`, or `str` for everything else."""
    nullable: bool


def export(reader: JournalReader, folder: Path, form: Format) -> dict[str, int]:
    """Write every table to `folder/<table>.<form>`, all as they were at one moment. Returns how many rows each has.

    Raises:
        SettingsError: the extra is not installed.
        JournalError: a file cannot be written.
    """
    with reader.snapshot() as rows:
        return {
            table.name: _write(
                [_Column(column.name, _kind(column.type), bool(column.nullable)) for column in table.columns],
                _texts(table, rows),
                folder / f"{table.name}.{form}",
                form,
            )
            for table in METADATA.sorted_tables
            if table is not SETTINGS
        }


def export_records(kind: type[msgspec.Struct], records: Iterable[msgspec.Struct], path: Path, form: Format) -> int:
    """Write records of one kind to a file, a column for each field. Returns how many. Raises as `export`."""
    columns = [_column(name, hint) for name, hint in get_type_hints(kind).items()]
    return _write(columns, ({c.name: _plain(getattr(r, c.name)) for c in columns} for r in records), path, form)


def _write(columns: Sequence[_Column], rows: Iterator[Mapping[str, object]], path: Path, form: Format) -> int:
    if form == "parquet":
        require("export")
    copy = _to_parquet if form == "parquet" else _to_csv
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return copy(columns, rows, path)
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror or error}") from error


def _texts(table: Table, rows: Rows) -> Iterator[dict[str, Any]]:
    exact = [column.name for column in table.columns if isinstance(column.type, ExactDecimal)]
    for row in rows(table):
        for name in exact:
            row[name] = None if row[name] is None else str(row[name])
        yield row


def _kind(column: object) -> type:
    kinds: dict[type, type] = {BigInteger: int, Integer: int, Float: float, Boolean: bool}
    return kinds.get(type(column), str)


def _column(name: str, hint: Any) -> _Column:
    kinds = set(get_args(hint)) if isinstance(hint, UnionType) else {hint}
    (kind,) = kinds - {type(None)}
    return _Column(name, kind if kind in {int, float, bool} else str, type(None) in kinds)


def _plain(value: object) -> object:
    """Return a number as it is, an enum by its name, a mapping as JSON, everything else as text."""
    if value is None or type(value) in {int, float, bool, str}:
        return value
    if isinstance(value, Enum):
        return value.name.lower()
    return msgspec.json.encode(value).decode() if isinstance(value, Mapping) else str(value)


def _to_csv(columns: Sequence[_Column], rows: Iterator[Mapping[str, object]], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in columns])
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _to_parquet(columns: Sequence[_Column], rows: Iterator[Mapping[str, object]], path: Path) -> int:
    # pyarrow ships no types; named ones would be unknown in every line.
    pa: Any = import_module("pyarrow")
    pq: Any = import_module("pyarrow.parquet")
    kinds: dict[type, Any] = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}
    schema = pa.schema([pa.field(column.name, kinds[column.kind], column.nullable) for column in columns])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        while some := list(islice(rows, _AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema))
            count += len(some)
    return count
