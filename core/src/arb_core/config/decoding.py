"""From plain values to structs, with an answer to every mistake: file, place, expected, found, nearest right name."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast, get_args, get_type_hints

import msgspec

from arb_core.errors import SettingsError

__all__ = ["convert", "did_you_mean", "fields_of", "from_text"]

T = TypeVar("T")

_MONEY = dict[str, Decimal]
"""A table of money: one amount for all of it would be 5 dollars and 5 bitcoins."""

_STEP = re.compile(r"\[(?P<index>\.\.\.|\d+)\]|(?P<field>[^.\[\]]+)")
"""One step of a path of msgspec: `[0]` into an array, `[...]` into a mapping (it does not say where), or a field."""


def convert(raw: Mapping[str, object], kind: type[T], source: str | None, place: tuple[str, ...]) -> T:
    """Decode plain values, and turn msgspec's answer into one that names the place, the value and the nearest name."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        steps = [match["index"] or match["field"] for match in _STEP.finditer(where.rstrip("`"))]
        path, inner, value = _follow(raw, kind, steps)
        key = ".".join([*place, *path]).replace(".[", "[")
        unknown = re.search(r"unknown field `(.*)`", text)
        if unknown is not None:
            names = fields_of(inner)
            message = f"unknown key{did_you_mean(unknown[1], names)}; expected one of {', '.join(names)}"
            raise SettingsError(message, path=source, key=f"{key}.{unknown[1]}".lstrip(".")) from error
        if inner == _MONEY and text.startswith("Expected `object`"):
            told = f"expected money by asset such as {{ USDT = {value if isinstance(value, int | float) else 5} }}"
            raise SettingsError(f"{told}, found {value!r}", path=source, key=key) from error
        raise SettingsError(_expectation(text, value), path=source, key=key) from error


def from_text(kind: type[msgspec.Struct], field: str, text: str, name: str) -> object:
    """Decode the text of a variable called `name` as one field of a struct."""
    try:
        return msgspec.convert(text, get_type_hints(kind)[field], strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_expectation(str(error), text), path=name) from error


def fields_of(kind: object) -> tuple[str, ...]:
    """Return the keys of a table."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return tuple(field.encode_name for field in msgspec.structs.fields(kind))
    return ()


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `, did you mean ...?`, or nothing where nothing is near."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else ""


def _expectation(text: str, value: object) -> str:
    """Say what was expected and what was found, in our words."""
    if text == "Invalid decimal string":
        return f"expected a number, found {value!r}"
    if not text.startswith("Expected "):
        return text
    return f"{text.partition(', got ')[0].replace('Expected', 'expected')}, found {value!r}"


def _follow(value: Any, kind: Any, steps: Iterable[str]) -> tuple[list[str], object, object]:
    """Follow msgspec's steps. Returns the place in words, and the kind and the value that stand there."""
    path: list[str] = []
    for step in steps:
        if step == "...":
            mapping, kind = cast("Mapping[str, object]", value), get_args(kind)[1]
            key = next(key for key, inner in mapping.items() if not _fits(inner, kind))
            value = mapping[key]
            path.append(key)
        elif step.isdigit():
            sequence = cast("Sequence[object]", value)
            value = sequence[int(step)]
            kind = get_args(kind)[0]
            path.append(f"[{step}]")
        else:
            value, kind = value[step], get_type_hints(kind)[step]
            path.append(step)
    return path, kind, value


def _fits(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
