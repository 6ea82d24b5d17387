"""How Gate.io prints numbers, and how it says no. Entered by every other room of the simulated venue."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import Refusal, json, number
from arb_sim.kernel.spelling import padded, trimmed

__all__ = ["Declined", "invalid", "page", "plain", "price", "quote", "size", "ten", "text", "whole"]

T = TypeVar("T")


class Declined(Refusal):
    """A request that Gate.io refuses, over REST or the socket. A client decides by the label, not by the status."""

    def __init__(self, status: int, label: str, message: str) -> None:
        super().__init__(json({"label": label, "message": message}, status=status))
        self.status = status
        self.label = label
        self.message = message


def text(message: Mapping[str, Any]) -> str:
    """Print a message of the socket."""
    return msgspec.json.encode(message).decode()


def invalid(name: str, value: object) -> Declined:
    """Refuse a request for the value of one parameter."""
    return Declined(400, "INVALID_PARAM_VALUE", f"Invalid parameter `{name}` with value: {value}")


def whole(params: Mapping[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    """Read a whole number; a larger one than `most` is cut down to it."""
    try:
        return number(params.get(name), default, most=most)
    except ValueError as wrong:
        raise invalid(name, params[name]) from wrong


def page(rows: Sequence[T], params: Mapping[str, str], *, most: int) -> Sequence[T]:
    """Cut out the page that a request wants."""
    limit, number_of_page = whole(params, "limit", 100, most=most) or 100, whole(params, "page", 1) or 1
    return rows[(number_of_page - 1) * limit : number_of_page * limit]


def price(market: Market, count: int) -> str:
    """Print a price."""
    return market.spelling.price(count)


def size(market: Market, count: int) -> str:
    """Print an amount of the base asset."""
    return market.spelling.size(count)


def quote(market: Market, count: int) -> str:
    """Print an amount of the quote asset, which counts tick * lot."""
    return trimmed(count, market.listing.price_decimals + market.listing.size_decimals)


def ten(count: int, decimals: int) -> str:
    """Print with ten decimals, as public trades do."""
    return padded(count * 10 ** max(0, 10 - decimals), max(10, decimals))


def plain(value: Decimal) -> str:
    """Print a decimal without exponent or trailing zeros."""
    found = f"{value:f}"
    return found.rstrip("0").rstrip(".") if "." in found else found
