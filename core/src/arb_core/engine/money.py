"""Sums and products of money that lose no digit.

`Decimal` operators round to the 28 digits of the thread's context, silently: 10^11 tokens at 12 decimals times a price
already has more. These keep up to 200 and raise `decimal.Inexact` rather than round.
"""

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import TypeVar

__all__ = ["minus", "plus", "sums", "times", "total"]

KeyT = TypeVar("KeyT")

_EXACT = Context(prec=200, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])


def plus(one: Decimal, other: Decimal) -> Decimal:
    """Return the sum."""
    return _EXACT.add(one, other)


def minus(one: Decimal, other: Decimal) -> Decimal:
    """Return the difference."""
    return _EXACT.subtract(one, other)


def times(one: Decimal, other: Decimal) -> Decimal:
    """Return the product."""
    return _EXACT.multiply(one, other)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum of all, 0 of none."""
    found = Decimal(0)
    for amount in amounts:
        found = _EXACT.add(found, amount)
    return found


def sums(parts: Iterable[Mapping[KeyT, Decimal]]) -> dict[KeyT, Decimal]:
    """Return the sum of amounts by asset, or whatever they are kept by."""
    found: dict[KeyT, Decimal] = {}
    for part in parts:
        for key, amount in part.items():
            found[key] = plus(found.get(key, Decimal(0)), amount)
    return found
