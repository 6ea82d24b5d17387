"""Copies a journal into files that other programs read: CSV, or Parquet with the extra `export`.

One file a table. Money stays text, with every digit the journal has: a spreadsheet or a data frame that wants a number
of its own kind converts it knowingly.
"""

import csv
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import BigInteger, Boolean, Float, Integer, Table

from arb_core.engine.journal.opening import require
from arb_core.engine.journal.reader import JournalReader
from arb_core.engine.journal.tables import METADATA, SETTINGS, ExactDecimal

__all__ = ["Format", "export"]

Format = Literal["csv", "parquet"]

_AT_ONCE = 10_000
"""Rows in one Parquet group: what is in memory at a time."""


def export(reader: JournalReader, folder: Path, form: Format) -> dict[str, int]:
    """Write every table to `folder/<table>.<form>`. Returns how many rows each has.

    Raises:
        SettingsError: the extra is not installed.
    """
    if form == "parquet":
        require("export")
    folder.mkdir(parents=True, exist_ok=True)
    copy = _to_parquet if form == "parquet" else _to_csv
    return {
        table.name: copy(table, _texts(table, reader), folder / f"{table.name}.{form}")
        for table in METADATA.sorted_tables
        if table is not SETTINGS
    }


def _texts(table: Table, reader: JournalReader) -> Iterator[dict[str, Any]]:
    exact = [column.name for column in table.columns if isinstance(column.type, ExactDecimal)]
    for row in reader.rows(table):
        for name in exact:
            row[name] = None if row[name] is None else str(row[name])
        yield row


def _to_csv(table: Table, rows: Iterator[dict[str, Any]], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in table.columns])
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _to_parquet(table: Table, rows: Iterator[dict[str, Any]], path: Path) -> int:
    # pyarrow ships no types; named ones would be unknown in every line.
    pa: Any = import_module("pyarrow")
    pq: Any = import_module("pyarrow.parquet")
    kinds: dict[type, Any] = {BigInteger: pa.int64(), Integer: pa.int64(), Float: pa.float64(), Boolean: pa.bool_()}
    schema = pa.schema(
        [pa.field(column.name, kinds.get(type(column.type), pa.string()), column.nullable) for column in table.columns]
    )
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        while some := list(islice(rows, _AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema))
            count += len(some)
    return count
