"""Compares what a simulated venue says with what the real one is documented or recorded to say.

Entered by the tests of a plugin's `sim.py`: a venue's simulation is worth as much as its likeness.
"""

import re
from collections.abc import Collection
from typing import Any, TypeGuard

__all__ = ["differences"]

_KINDS = {"bool": "a truth value", "int": "a whole number", "float": "a number", "NoneType": "null"}

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def differences(
    sample: object, shown: object, *, absent: Collection[str] = (), added: Collection[str] = (), place: str = ""
) -> list[str]:
    """Return where two messages differ in keys, types and the kind of text, one sentence each; values do not matter.

    `absent` are keys of the sample that the simulation leaves out, `added` such as it has beyond it: documentation lags
    behind the wire in both directions. Of a list only the first elements are compared, of a row of a table all.
    """
    if _is_map(sample) and _is_map(shown):
        return _of_maps(sample, shown, absent, added, place)
    if _is_list(sample) and _is_list(shown):
        return _of_lists(sample, shown, absent, added, place)
    expected, found = _kind(sample), _kind(shown)
    return (
        [] if expected == found else [f"{place or 'the message'}: expected {expected} like {sample!r}, found {shown!r}"]
    )


def _is_map(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


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
    return _KINDS.get(type(value).__name__, type(value).__name__)
