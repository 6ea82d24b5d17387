"""Numbers as the references read them: by exact arithmetic on the digits, never through `float(text)` or `int(text)`.

Python's own readers take "1_000", " 1", "nan" and digits of every script; a venue prints none of these, so no reference may
take them either. What is accepted is the spelling of a JSON number.
"""

import re
from fractions import Fraction
from math import inf

__all__ = ["Unreadable", "nearest", "whole"]

_NUMBER = re.compile(r"(?P<sign>-?)(?P<whole>0|[1-9][0-9]*)(?:\.(?P<part>[0-9]+))?(?:[eE](?P<power>[+-]?[0-9]+))?")
_DIGITS = 1200
"""More than the 767 that can decide a rounding to float64; what follows only says "and a little more"."""
_FAR = 400
"""Powers of ten beyond the range of float64 on both ends."""
_LONGEST_ID = 4300
"""CPython itself converts no longer integer; no id of a venue has more than 20 digits."""


class Unreadable(Exception):
    """The venue never sends this: a dialect must refuse it."""


def nearest(text: str) -> float:
    """Return the float64 nearest to the number that the text spells; beyond the range: an infinity or 0.

    Raises:
        Unreadable: it does not spell a number.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Unreadable(f"no number: {text[:40]!r}")
    part = found["part"] or ""
    digits = (found["whole"] + part).lstrip("0")
    if not digits:
        return 0.0
    power = _small(found["power"] or "0") - len(part)
    if len(digits) > _DIGITS:
        power += len(digits) - _DIGITS - 1
        digits = digits[:_DIGITS] + "1"
    sign = -1 if found["sign"] else 1
    magnitude = power + len(digits)
    if magnitude > _FAR:
        return sign * inf
    if magnitude < -_FAR:
        return 0.0
    exact = sign * int(digits) * (Fraction(10) ** power)
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return sign * inf


def whole(text: str) -> int:
    """Return the integer that the text spells, also as "10e-1" or "1.0".

    Such spellings are read through float64: msgspec, which accepts them for an integer, does so, and no venue prints one.

    Raises:
        Unreadable: it spells no integer, or one longer than CPython converts.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Unreadable(f"no number: {text[:40]!r}")
    if found["part"] or found["power"]:
        rounded = nearest(text)
        if abs(rounded) == inf or rounded % 1:
            raise Unreadable(f"no integer: {text[:40]!r}")
        return int(rounded)
    if len(found["whole"]) > _LONGEST_ID:
        raise Unreadable(f"an integer without end: {text[:40]!r}")
    return int(text)


def _small(power: str) -> int:
    """Return an exponent, cut to what still makes a difference."""
    sign = -1 if power.startswith("-") else 1
    digits = power.lstrip("+-").lstrip("0")
    return sign * (int(digits or "0") if len(digits) < 7 else 10**7)
