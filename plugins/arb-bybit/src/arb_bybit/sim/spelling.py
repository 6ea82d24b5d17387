"""How Bybit prints numbers, and how it says no. Entered by every other room of the simulated venue."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote as encoded
from urllib.parse import unquote

import msgspec
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import number
from arb_sim.kernel.spelling import trimmed

__all__ = [
    "SYMBOLS",
    "Declined",
    "body",
    "invalid",
    "page",
    "plain",
    "price",
    "quote",
    "size",
    "span",
    "text",
    "whole",
]

T = TypeVar("T")

SYMBOLS = "Not supported symbols"
"""What a question about a symbol that is not listed is told; code 10001 alone says nothing."""


class Declined(Exception):
    """A request that Bybit refuses, over REST or the socket: nearly always with HTTP 200 and a code in the body."""

    def __init__(self, code: int, message: str, *, status: int = 200) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


def body(code: int, message: str, result: Any, now_ms: int) -> dict[str, Any]:
    """Put what is said into the envelope of REST."""
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms}


def text(message: Mapping[str, Any]) -> str:
    """Print a message of the socket."""
    return msgspec.json.encode(message).decode()


def invalid(message: str) -> Declined:
    """Refuse a request for a parameter; the message alone says which."""
    return Declined(10001, message)


def whole(params: Mapping[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    """Read a whole number; a larger one than `most` is cut down to it."""
    try:
        return number(params.get(name), default, most=most)
    except ValueError as wrong:
        raise invalid(f"params error: {name} invalid") from wrong


def span(params: Mapping[str, str], now_ms: int, longest_ms: int) -> tuple[int, int]:
    """Read `startTime` and `endTime`, both included. One alone, or none, means as much as may be asked for at once.

    Raises:
        Declined: they are farther apart.
    """
    first, last = whole(params, "startTime", None), whole(params, "endTime", None)
    if first is None:
        last = now_ms if last is None else last
        return last - longest_ms, last
    if last is None:
        return first, first + longest_ms
    if not 0 <= last - first <= longest_ms:
        raise invalid("The time range between startTime and endTime cannot exceed 7 days")
    return first, last


def page(rows: Sequence[T], params: Mapping[str, str], *, default: int, most: int) -> tuple[Sequence[T], str]:
    """Cut out the page that a request wants; return it and the cursor of the next one, empty at the end.

    A cursor bears percent signs of its own: clients send it back as it is or encode it once more, and both are right.
    """
    limit = whole(params, "limit", default, most=most) or default
    cursor, begin = unquote(params.get("cursor", "")), 0
    if cursor:
        found = cursor.removeprefix("page_token=").removesuffix("&")
        if not found.isdecimal():
            raise invalid("params error: cursor invalid")
        begin = int(found)
    end = begin + limit
    return rows[begin:end], encoded(f"page_token={end}&", safe="") if end < len(rows) else ""


def price(market: Market, count: int) -> str:
    """Print a price."""
    return market.spelling.price(count)


def size(market: Market, count: int) -> str:
    """Print an amount of the base asset."""
    return market.spelling.size(count)


def quote(market: Market, count: int) -> str:
    """Print an amount of the quote asset, which counts tick * lot."""
    return trimmed(count, market.listing.price_decimals + market.listing.size_decimals)


def plain(value: Decimal) -> str:
    """Print a decimal without exponent or trailing zeros."""
    found = f"{value:f}"
    return found.rstrip("0").rstrip(".") if "." in found else found
