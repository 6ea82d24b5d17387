"""How KuCoin prints numbers, and how it says yes and no. Entered by every other room of the simulated venue."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import Refusal, json, number
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

__all__ = ["Declined", "done", "invalid", "missing", "plain", "price", "quote", "size", "text", "unlisted", "whole"]

DONE = "200000"


class Declined(Refusal):
    """A request that KuCoin refuses. What concerns orders comes with HTTP 200, what concerns the request with 4xx."""

    def __init__(self, code: int, message: str, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(json({"code": str(code), "msg": message}, status=status, headers=headers))
        self.code = code
        self.message = message


def done(data: object) -> Response:
    """Answer a request that was carried out."""
    return json({"code": DONE, "data": data})


def text(message: Mapping[str, Any]) -> str:
    """Print a message of the socket."""
    return msgspec.json.encode(message).decode()


def missing(name: str) -> Declined:
    """Refuse a request that lacks a parameter."""
    return Declined(400100, f"{name} can not be empty")


def invalid(name: str) -> Declined:
    """Refuse a request for the value of one parameter."""
    return Declined(400100, f"Parameter error: {name}")


def unlisted() -> Declined:
    """Refuse a request about a symbol that there is not."""
    return Declined(400100, "Unsupported trading pair.")


def whole(params: Mapping[str, str], name: str, default: int | None = None, *, most: int | None = None) -> int | None:
    """Read a whole number; a larger one than `most` is cut down to it."""
    try:
        return number(params.get(name), default, most=most)
    except ValueError as wrong:
        raise invalid(name) from wrong


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
