"""How Binance prints numbers, and how it says no. Entered by every other room of the simulated venue."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from arb_sim.kernel.book import Units
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import DECIMALS
from arb_sim.kernel.rest import Refusal, json, number
from arb_sim.kernel.spelling import padded

__all__ = [
    "PLACES",
    "ZERO",
    "Declined",
    "best",
    "fraction",
    "illegal",
    "missing",
    "money",
    "quote",
    "signed",
    "text",
    "whole",
]

PLACES = 8
"""Decimals of every price, size and amount on the wire."""

ZERO = padded(0, PLACES)


class Declined(Refusal):
    """A request that Binance refuses, by REST or over the WebSocket API."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(json({"code": code, "msg": message}, status=status))
        self.code = code
        self.message = message


def illegal(name: str, legal: str = "^[0-9]{1,20}$") -> Declined:
    """Refuse a parameter that is not spelt as it must be; `legal` is the rule."""
    return Declined(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def missing(name: str) -> Declined:
    """Refuse a request that lacks a parameter."""
    return Declined(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def text(message: object) -> str:
    """Print a message of a socket."""
    return msgspec.json.encode(message).decode()


def whole(params: Mapping[str, str], name: str, default: int | None, *, most: int | None = None) -> int | None:
    """Read a whole number; a larger one than `most` is cut down to it."""
    try:
        return number(params.get(name), default, most=most)
    except ValueError as wrong:
        raise illegal(name) from wrong


def quote(market: Market, units: int) -> str:
    """Print an amount of quote money that counts tick * lot; what is finer than eight decimals is cut off."""
    decimals = market.listing.price_decimals + market.listing.size_decimals
    return padded(units // 10 ** max(0, decimals - PLACES) * 10 ** max(0, PLACES - decimals), PLACES)


def money(count: int) -> str:
    """Print an amount of an account, or a change of one; what is finer is cut off."""
    return ("-" if count < 0 else "") + padded(abs(count) // 10 ** (DECIMALS - PLACES), PLACES)


def fraction(value: Decimal) -> str:
    """Print a fee rate."""
    return f"{value:.{PLACES}f}"


def signed(count: int, market: Market) -> str:
    """Print a difference of prices."""
    return ("-" if count < 0 else "") + market.spelling.price(abs(count))


def best(market: Market, bids: Sequence[Units], asks: Sequence[Units]) -> tuple[str, str, str, str]:
    """Print best bid and ask; zeros where a side is empty."""
    bid, bid_size = market.spelling.level(*(bids[0] if bids else (0, 0)))
    ask, ask_size = market.spelling.level(*(asks[0] if asks else (0, 0)))
    return bid, bid_size, ask, ask_size
