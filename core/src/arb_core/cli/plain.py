"""Output without rich: JSON lines for programs, aligned columns for people."""

import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import cast

import click
import msgspec

from arb_core.structs.market import Symbol

__all__ = ["columns", "emit", "note", "spelled"]


def emit(line: object) -> None:
    """Write one JSON object as a line of stdout. NaN becomes null, `Decimal` a string."""
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Write a line of progress to stderr."""
    click.echo(text, err=True)


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an aligned table; the last column is left ragged."""
    table = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def spelled(struct: msgspec.Struct) -> dict[str, object]:
    """Return a struct as JSON says it: symbols as texts, enums by their names."""
    fields: dict[str, object] = msgspec.structs.asdict(struct)
    return {name: _word(value) for name, value in fields.items()}


def _word(value: object) -> object:
    if isinstance(value, Symbol):
        return str(value)
    if isinstance(value, tuple):
        return [_word(part) for part in cast("tuple[object, ...]", value)]
    return value.name if isinstance(value, IntEnum) else value
