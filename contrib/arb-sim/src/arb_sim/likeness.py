"""Compares what a simulated venue says with what the real one is documented or recorded to say.

Entered by the tests of a plugin's `sim.py`: a venue's simulation is worth as much as its likeness.
"""

import re
from collections.abc import Collection
from typing import Any, cast

__all__ = ["differences"]

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def differences(
    sample: object, shown: object, *, absent: Collection[str] = (), added: Collection[str] = (), place: str = ""
) -> list[str]:
    """Return where two messages differ in keys, types and the kind of text, one sentence each; values do not matter.

    `absent` are keys of the sample that the simulation leaves out, `added` such as it has beyond it: documentation lags
    behind the wire in both directions. Of a list only the first elements are compared, of a row of a table all.
    """
    where = place or "the message"
    if isinstance(sample, dict) and isinstance(shown, dict):
        return _of_maps(cast("dict[str, Any]", sample), cast("dict[str, Any]", shown), absent, added, place)
    if isinstance(sample, list) and isinstance(shown, list):
        return _of_lists(cast("list[Any]", sample), cast("list[Any]", shown), absent, added, place)
    if _kind(sample) != _kind(shown):
        return [f"{where}: expected {_kind(sample)} like {sample!r}, found {shown!r}"]
    return []


def _of_maps(
    sample: dict[str, Any], shown: dict[str, Any], absent: Collection[str], added: Collection[str], place: str
) -> list[str]:
    found = [f"{place}.{key} is missing" for key in sample if key not in shown and key not in absent]
    found += [f"{place}.{key} is more than the sample has" for key in shown if key not in sample and key not in added]
    for key in sample.keys() & shown.keys():
        found += differences(sample[key], shown[key], absent=absent, added=added, place=f"{place}.{key}")
    return sorted(found)


def _of_lists(
    sample: list[Any], shown: list[Any], absent: Collection[str], added: Collection[str], place: str
) -> list[str]:
    if not sample:
        return []
    if not shown:
        return [f"{place or 'the message'}: expected elements like {sample[0]!r}, found none"]
    if any(isinstance(element, dict | list) for element in sample):
        return differences(sample[0], shown[0], absent=absent, added=added, place=f"{place}[0]")
    if place.endswith("]") and len(sample) != len(shown):  # a row
        return [f"{place}: expected {len(sample)} columns, found {len(shown)}"]
    return [
        difference
        for column, (expected, there) in enumerate(zip(sample, shown, strict=False))
        for difference in differences(expected, there, place=f"{place}[{column}]")
    ]


def _kind(value: object) -> str:
    """Name what a value is to a reader; numbers in quotes are a kind of their own."""
    if isinstance(value, str):
        return "a number in quotes" if _NUMBER.fullmatch(value) else "text"
    names = {bool: "a truth value", int: "a whole number", float: "a number", type(None): "null"}
    return names.get(type(value), type(value).__name__)
