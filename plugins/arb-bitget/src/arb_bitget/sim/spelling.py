"""How Bitget prints numbers, and how it says yes and no. Entered by every other room of the simulated venue."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import json, number
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

__all__ = ["Declined", "decimal", "done", "missing", "price", "quote", "refused", "size", "text", "unknown", "whole"]

_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")


class Declined(Exception):
    """A request that Bitget refuses, over REST or the socket. A client decides by the code, which is text."""

    def __init__(self, code: int | str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = str(code)
        self.message = message
        self.status = status


def done(data: object, now_ms: int) -> Response:
    """Answer a request."""
    return json({"code": "00000", "msg": "success", "requestTime": now_ms, "data": data})


def refused(why: Declined, now_ms: int, headers: dict[str, str] | None = None) -> Response:
    """Refuse one, in the same shape."""
    body = {"code": why.code, "msg": why.message, "requestTime": now_ms, "data": None}
    return json(body, status=why.status, headers=headers)


def missing(name: str) -> Declined:
    """Refuse a request for a parameter that it lacks."""
    return Declined(40019, f"Parameter {name} cannot be empty")


def unknown(name: str) -> Declined:
    """Refuse a request for a value that there is not."""
    return Declined(40034, f"Parameter {name} does not exist")


def text(message: Mapping[str, Any]) -> str:
    """Print a message of the socket."""
    return msgspec.json.encode(message).decode()


def whole(params: Mapping[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    """Read a whole number; a larger one than `most` is cut down to it."""
    try:
        return number(params.get(name), default, most=most)
    except ValueError as wrong:
        raise Declined(40017, f"Parameter verification failed: {name}") from wrong


def decimal(name: str, value: str | None) -> Decimal:
    """Read a price or an amount: text, digits and a point."""
    if not value:
        raise missing(name)
    if not _NUMBER.fullmatch(value) or not (found := Decimal(value)):
        raise Declined(40017, f"Parameter verification failed: {name}")
    return found


def price(market: Market, count: int) -> str:
    """Print a price. Market data have every decimal, accounts no trailing zeros."""
    return trimmed(count, market.listing.price_decimals)


def size(market: Market, count: int) -> str:
    """Print an amount of the base asset."""
    return trimmed(count, market.listing.size_decimals)


def quote(market: Market, count: int) -> str:
    """Print an amount of the quote asset, which counts tick * lot."""
    return trimmed(count, market.listing.price_decimals + market.listing.size_decimals)
