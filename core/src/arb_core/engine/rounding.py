"""Prices and sizes as an instrument takes them: the one place where float64 becomes an orderable `Decimal`."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm

from arb_core.structs.market import Side

__all__ = ["common_step", "decimal", "nearest_size", "round_price", "round_size"]


def decimal(number: float) -> Decimal:
    """Return a finite float64 at the 15 digits it can be trusted for: 0.1 + 0.7 is 0.8, not a lot short of it."""
    return Decimal(f"{number:.15g}")


def round_price(price: Decimal, tick: Decimal, side: Side) -> Decimal:
    """Round to the tick so that a marketable limit stays one: a purchase up, a sale down. A tick of 0 is none."""
    if tick <= 0:
        return price
    return (price / tick).to_integral_value(ROUND_CEILING if side is Side.BUY else ROUND_FLOOR) * tick


def round_size(size: Decimal, step: Decimal) -> Decimal:
    """Round down to a multiple of the step: never more than is there. A step of 0 is none."""
    return size if step <= 0 else (size / step).to_integral_value(ROUND_FLOOR) * step


def nearest_size(size: Decimal, step: Decimal) -> Decimal:
    """Round to the nearest multiple of the step, where what is missing on one side is as bad as what is too much."""
    return size if step <= 0 else (size / step).to_integral_value(ROUND_HALF_EVEN) * step


@lru_cache(maxsize=4096)
def common_step(*steps: Decimal) -> Decimal:
    """Return the smallest multiple of every step given, so that one size is orderable everywhere; 0 = none."""
    fractions = [Fraction(step) for step in steps if step > 0]
    if not fractions:
        return Decimal(0)
    # In lowest terms, lcm(a/b, c/d) = lcm(a, c) / gcd(b, d).
    numerator = lcm(*(f.numerator for f in fractions))
    denominator = gcd(*(f.denominator for f in fractions))
    return Decimal(numerator) / Decimal(denominator)
