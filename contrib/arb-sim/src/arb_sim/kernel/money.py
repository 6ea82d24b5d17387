"""Money in whole units: every amount of every asset is an integer count of 10^-36.

Entered by accounts, orders and trading. A price of twelve decimals times a size of as many times a fee of eight still
fits, so that sums and products are plain integers and nothing is ever rounded but a fee, where the venue says how.
"""

from decimal import ROUND_FLOOR, Decimal

from arb_sim.kernel.spelling import trimmed

__all__ = ["DECIMALS", "amount", "cut", "exact", "printed", "rate", "share", "ten", "units", "whole"]

DECIMALS = 36

_RATE_DECIMALS = 12


def ten(power: int) -> int:
    """Return 10^power of a power that is not negative."""
    return int(10**power)


def amount(value: Decimal) -> int:
    """Count a decimal.

    Raises:
        ValueError: it is no number, or finer than 10^-36.
    """
    return _count(value, DECIMALS)


def exact(count: int, decimals: int = DECIMALS) -> Decimal:
    """Return `count` times 10^-decimals as a decimal, whatever its length."""
    text = trimmed(abs(count), decimals)
    return Decimal(f"-{text}" if count < 0 else text)


def printed(count: int) -> str:
    """Print an amount without trailing zeros."""
    return f"-{trimmed(-count, DECIMALS)}" if count < 0 else trimmed(count, DECIMALS)


def rate(fee: Decimal) -> int:
    """Count a fee rate in 10^-12.

    Raises:
        ValueError: it is finer than that.
    """
    return _count(fee, _RATE_DECIMALS)


def share(count: int, counted_rate: int, decimals: int) -> int:
    """Return `rate` of an amount, what is finer than 10^-decimals cut off, towards zero."""
    found = cut(abs(count * counted_rate) // ten(_RATE_DECIMALS), decimals)
    return found if counted_rate >= 0 else -found


def cut(count: int, decimals: int) -> int:
    """Cut an amount that is not negative down to so many decimals."""
    return count - count % ten(DECIMALS - decimals)


def whole(value: Decimal, decimals: int) -> int:
    """Return how many times 10^-decimals fit into a number that is not negative."""
    try:
        return amount(value) // ten(DECIMALS - decimals)
    except ValueError:  # finer than anything that is traded
        return int(value.scaleb(decimals).to_integral_value(rounding=ROUND_FLOOR)) if value.is_finite() else 0


def units(value: Decimal, decimals: int) -> int | None:
    """Return how many times 10^-decimals a number is, None when it is no whole number of times."""
    try:
        return _count(value, decimals)
    except ValueError:
        return None


def _count(value: Decimal, decimals: int) -> int:
    if not value.is_finite():
        raise ValueError(f"expected a number, found {value}")
    sign, digits, exponent = value.as_tuple()
    shift = int(exponent) + decimals
    number = int("".join(map(str, digits)))
    if shift < 0:
        number, rest = divmod(number, ten(-shift))
        if rest:
            raise ValueError(f"{value} is finer than 10^-{decimals}")
    else:
        number *= ten(shift)
    return -number if sign else number
