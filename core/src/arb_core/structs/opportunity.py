"""What a strategy proposes, and the judgement of the market over it."""

from enum import StrEnum

import msgspec

from arb_core.structs.market import Side, Symbol, VenueName

__all__ = ["CHECKS", "Check", "CheckState", "Leg", "Opportunity", "Plan", "Verdict"]

CHECKS = (
    "live",
    "fresh",
    "different_instrument",
    "same_asset",
    "quarantined",
    "same_quote",
    "fees",
    "size",
    "filters",
    "absurd",
    "healthy",
    "transfers",
)
"""The checks of a verdict, in the order in which they are asked and reported."""


class CheckState(StrEnum):
    """UNKNOWN is not PASS: nothing is executed on it, except where a check says so."""

    PASS = "pass"  # noqa: S105 (a verdict, not a password)
    FAIL = "fail"
    UNKNOWN = "unknown"


class Plan(StrEnum):
    """How the legs are sent: at once, or each when the one before it has ended."""

    TOGETHER = "together"
    IN_TURN = "in_turn"


class Leg(msgspec.Struct, frozen=True):
    """One order of an opportunity. `price` is the worst level it walks to, `average` what the whole size costs."""

    venue: VenueName
    symbol: Symbol
    side: Side
    price: float
    size: float
    average: float


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy sees. `edge_bps` is after fees, of what the first leg pays, over the whole `size`.

    Legs that go together trade one asset; legs in turn make a circle: each pays what the one before it brought, and the
    last one brings what the first one pays.
    """

    strategy: str
    symbol: Symbol
    """Of the first leg."""
    legs: tuple[Leg, ...]
    plan: Plan
    edge_bps: float
    size: float
    """In base of the first leg; each leg has its own."""
    profit: float
    """In the money that the first leg pays, after fees."""
    detected_ns: int
    top_edge_bps: float | None = None
    """The edge at the best levels alone, before depth."""


class Check(msgspec.Struct, frozen=True):
    """One named answer of a verdict, with the reason in words."""

    name: str
    state: CheckState
    detail: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """Judges the market, never the account. `refused_by` is the first failed or unknown check, None if executable."""

    checks: tuple[Check, ...]
    executable: bool
    refused_by: str | None = None
