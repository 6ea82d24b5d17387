"""What the tests ask of somebody's client, whatever it is called there. Entered by `test_sdks.py` and every module beside it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from arb_sim.venue import Keys

Level = tuple[Decimal, Decimal]


class Order(NamedTuple):
    """An order as their client tells of it; `state` is the venue's own word."""

    id: str
    side: str
    price: Decimal
    size: Decimal
    filled: Decimal
    state: str


class Refused(Exception):
    """For a client that hands out a refusal like an answer."""


def levels(side: Iterable[Sequence[Any]]) -> list[Level]:
    """Read a side of a book; what stands behind price and size is left out."""
    return [(Decimal(str(price)), Decimal(str(size))) for price, size, *_ in side]


class Sdk(ABC):
    """One official or widely used client, of LINK/USDT on a simulated venue. It blocks."""

    pair: str
    resting: str
    """The state of an order that rests with nothing filled."""
    filled: str
    canceled: str
    unsigned: str
    """What it says where the signature is not that of the request; a pattern, like the next ones."""
    unaffordable: str
    ended: str
    """What it says where an order is to be cancelled that was cancelled already."""

    @abstractmethod
    def __init__(self, url: str, keys: Keys) -> None:
        """Make it, by its public options."""

    @abstractmethod
    def book(self) -> tuple[list[Level], list[Level]]:
        """Ask for bids and asks, twenty of each."""

    @abstractmethod
    def buy(self, price: Decimal, size: Decimal) -> str:
        """Place a limit order; return its id."""

    @abstractmethod
    def order(self, order_id: str) -> Order:
        """Ask for an order."""

    @abstractmethod
    def open_orders(self) -> list[str]:
        """Ask which orders rest."""

    @abstractmethod
    def cancel(self, order_id: str) -> None:
        """Cancel an order."""

    def close(self) -> None:  # noqa: B027 (some can do no more than be forgotten)
        """Let go of its connections."""
