"""How Gate.io prints numbers, and how it says no. Entered by every other room of the simulated venue."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import Refusal, json, number
from arb_sim.kernel.spelling import padded, trimmed
from arb_sim.venue import Response

__all__ = ["error", "invalid", "plain", "price", "quote", "size", "ten", "text", "whole"]


def text(message: Mapping[str, Any]) -> str:
    """Print a message of the socket."""
    return msgspec.json.encode(message).decode()


def error(status: int, label: str, message: str) -> Response:
    """Refuse a request."""
    return json({"label": label, "message": message}, status=status)


def invalid(name: str, value: object) -> Response:
    """Refuse a request for the value of one parameter."""
    return error(400, "INVALID_PARAM_VALUE", f"Invalid parameter `{name}` with value: {value}")


def whole(params: Mapping[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    """Read a whole number; a larger one than `most` is cut down to it."""
    try:
        return number(params.get(name), default, most=most)
    except ValueError as wrong:
        raise Refusal(invalid(name, params[name])) from wrong


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
