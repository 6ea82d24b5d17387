"""Numbers as venues print them, for the wire structs and parsers of plugins: decoded and checked in one pass, in C.

Almost every venue prints prices and sizes as JSON strings. A decoder made with `strict=False`,

    msgspec.json.Decoder(SomeWireStruct, strict=False)

reads such a string as a correctly rounded float64, in the spelling of a JSON number and no other. Python's `float()`
would also take "1_000", " 1" and digits of other scripts. The bounds below refuse what is left: NaN, infinities,
numbers below zero. All of it together costs a quarter of a list comprehension over `float()`.
"""

import sys
from decimal import Decimal
from math import nan
from typing import Annotated, Literal

import msgspec

__all__ = [
    "AmountText",
    "Levels",
    "MaybeNumber",
    "MoneyText",
    "Number",
    "Price",
    "SequenceId",
    "SignedText",
    "Size",
    "amount",
    "plain",
    "quoted",
    "rate",
]

Price = Annotated[float, msgspec.Meta(gt=0, le=sys.float_info.max)]
"""Finite and above 0."""

Size = Annotated[float, msgspec.Meta(ge=0, le=sys.float_info.max)]
"""Finite and at least 0."""

Number = Size
"""A volume, or a price where 0 stands for "none"."""

MaybeNumber = Number | Literal[""] | None
"""A number where the venue may leave "" or null instead."""

Levels = list[tuple[Price, Size]]
"""Levels of a book, `[["price", "size"], ...]`; a venue that adds a third element to each needs a type of its own."""

SequenceId = Annotated[int, msgspec.Meta(ge=0)]
"""A sequence id of a book."""

AmountText = Annotated[str, msgspec.Meta(pattern=r"^([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)?\Z")]
"""A decimal that stays text until `Decimal(...)` takes it exactly; "" where a venue leaves a field empty."""

MoneyText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?\Z", max_length=80)]
"""A decimal of what is owned or committed, for `Decimal(...)` too: never empty, and not too large to reckon with."""

SignedText = Annotated[str, msgspec.Meta(pattern=r"^(-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?)?\Z", max_length=80)]
"""A decimal of either sign, or "": a fee, which below 0 is a rebate."""


def amount(text: str | None) -> Decimal | None:
    """Read what is owned or committed, exactly; None where the field is empty, for zero is not unknown."""
    return Decimal(text) if text else None


def plain(value: Decimal) -> str:
    """Print a decimal as venues read it: no exponent, no zeros behind the last digit that counts."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(price: MaybeNumber, size: MaybeNumber) -> tuple[float, float]:
    """Return one side of a quote, NaN where it is empty."""
    if not price:
        return nan, nan
    return price, nan if size is None or size == "" else size


def rate(value: Decimal) -> Decimal:
    """Take a fee that is a fraction of the notional; negative = a rebate. Raises ValueError for what cannot be one."""
    if not value.is_finite() or abs(value) >= 1:
        raise ValueError(f"a fee is a fraction of the notional, not {value}")
    return value
