"""How MEXC prints numbers, and how it says no. Entered by every other room of the simulated venue."""

from decimal import Decimal

from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import Refusal, json
from arb_sim.kernel.spelling import trimmed
from arb_sim.venue import Response

__all__ = ["Declined", "decimal", "missing", "price", "quote", "refused", "signed", "size"]


class Declined(Refusal):
    """A request that MEXC refuses. A client decides by the code."""

    def __init__(self, code: int | str, message: str, *, status: int = 400) -> None:
        super().__init__(refused(code, message, status=status))
        self.code = code
        self.message = message


def refused(code: int | str, message: str, *, status: int = 400) -> Response:
    """Say no."""
    return json({"code": code, "msg": message}, status=status)


def missing(name: str) -> Declined:
    """Refuse a request for a parameter that it lacks."""
    return Declined(700004, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def decimal(name: str, value: str) -> Decimal:
    """Read a number as it may stand in a request: digits and a point."""
    if not value.replace(".", "", 1).removeprefix("-").isdigit() or not value.isascii():
        raise Declined(700008, f"Illegal characters found in parameter '{name}'.")
    return Decimal(value)


def price(market: Market, count: int) -> str:
    """Print a price. Everywhere but in depth, MEXC prints numbers without trailing zeros."""
    return trimmed(count, market.listing.price_decimals)


def size(market: Market, count: int) -> str:
    """Print an amount of the base asset."""
    return trimmed(count, market.listing.size_decimals)


def quote(market: Market, count: int) -> str:
    """Print an amount of the quote asset, which counts tick * lot."""
    return trimmed(count, market.listing.price_decimals + market.listing.size_decimals)


def signed(count: int, decimals: int) -> str:
    """Print a difference."""
    return ("-" if count < 0 else "") + trimmed(abs(count), decimals)
