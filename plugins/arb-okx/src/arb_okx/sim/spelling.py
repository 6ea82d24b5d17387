"""How OKX prints numbers, and how it says no. Entered by every other room of the simulated venue."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import Refusal, json, number
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

__all__ = [
    "Declined",
    "done",
    "invalid",
    "missing",
    "page",
    "plain",
    "price",
    "quote",
    "rows",
    "size",
    "text",
    "whole",
    "within",
]

T = TypeVar("T")

SHUT_OUT = {401, 429}


class Declined(Refusal):
    """A request that OKX refuses, over REST or the socket. A client decides by the code, not by the status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        # Who is not let in is not even told that there are no data.
        body: dict[str, Any] = {"code": code, "msg": message}
        if status not in SHUT_OUT:
            body["data"] = []
        super().__init__(json(body, status=status))
        self.code = code
        self.message = message


def done(data: Sequence[Any], **more: str) -> Response:
    """Answer what was asked."""
    return json({"code": "0", "msg": "", "data": data, **more})


def text(message: Mapping[str, Any]) -> str:
    """Print a message of the socket."""
    return msgspec.json.encode(message).decode()


def invalid(name: str) -> Declined:
    """Refuse a request for the value of one parameter."""
    return Declined(400, "51000", f"Parameter {name} error")


def missing(name: str) -> Declined:
    """Refuse a request that lacks a parameter."""
    return Declined(400, "50014", f"Parameter {name} cannot be empty.")


def whole(params: Mapping[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    """Read a whole number; a larger one than `most` is cut down to it."""
    try:
        return number(params.get(name), default, most=most)
    except ValueError as wrong:
        raise invalid(name) from wrong


def page(found: Sequence[T], params: Mapping[str, str], key: Callable[[T], int], *, most: int) -> Sequence[T]:
    """Cut out the page that a request wants of what stands newest first: `after` is older, `before` is newer."""
    after, before = whole(params, "after", None), whole(params, "before", None)
    limit = whole(params, "limit", 100, most=most) or 100
    wanted = [one for one in found if (after is None or key(one) < after) and (before is None or key(one) > before)]
    return wanted[:limit]


def within(params: Mapping[str, str], stamp_ms: int) -> bool:
    """Whether a moment is within what `begin` and `end` of a request bound, in milliseconds."""
    begin, end = whole(params, "begin", None), whole(params, "end", None)
    return (begin is None or stamp_ms >= begin) and (end is None or stamp_ms <= end)


def price(market: Market, count: int) -> str:
    """Print a price."""
    return market.spelling.price(count)


def size(market: Market, count: int) -> str:
    """Print an amount of the base asset."""
    return market.spelling.size(count)


def quote(market: Market, count: int) -> str:
    """Print an amount of the quote asset, which counts tick * lot."""
    return trimmed(count, market.listing.price_decimals + market.listing.size_decimals)


def rows(market: Market, levels: Sequence[tuple[int, int]]) -> list[tuple[str, str, str, str]]:
    """Print levels of a book: price, size, a column that is always 0, and how many orders stand there."""
    return [(price, size, "0", "0" if size == "0" else "1") for price, size in market.spelling.levels(levels)]


def plain(value: Decimal) -> str:
    """Print a decimal without exponent or trailing zeros."""
    found = f"{value:f}"
    return found.rstrip("0").rstrip(".") if "." in found else found
