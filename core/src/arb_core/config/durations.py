"""Durations as people write them, `5s` or `250ms`, and as the engine counts them."""

import re
from typing import Annotated

import msgspec

__all__ = ["Duration", "duration_ns"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

Duration = Annotated[str, msgspec.Meta(examples=["5s", "250ms", "2m"])]
"""A text that `duration_ns` reads."""


def duration_ns(text: str) -> int:
    """Return the nanoseconds of `5s`, `250ms`, `2m`. Raises `ValueError` for a text of another form."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a duration like 5s, 250ms or 2m, found {text!r}")
    return round(float(match[1]) * _UNITS[match[2]])
