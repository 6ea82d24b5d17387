"""Legs in turn: what each one pays and brings, and whether they lead back to the money that they began with.

A leg that buys pays quote and brings base, one that sells the other way round. Legs in turn are a circle when each pays
what the one before it brought and the last one brings what the first one pays: only then is what is left over a
profit. Pure. Entered by the verdict, and by whoever shows or executes such legs.
"""

from collections.abc import Iterator, Sequence

from arb_core.structs.market import Side
from arb_core.structs.opportunity import Leg

__all__ = ["brings", "gap", "hand_overs", "pays", "way"]


def pays(leg: Leg) -> str:
    """Return the asset that a leg spends."""
    return leg.symbol.quote if leg.side is Side.BUY else leg.symbol.base


def brings(leg: Leg) -> str:
    """Return the asset that a leg is paid in."""
    return leg.symbol.base if leg.side is Side.BUY else leg.symbol.quote


def way(legs: Sequence[Leg]) -> tuple[str, ...]:
    """Return the assets that legs in turn pass through, from the one that the first pays: USDT, BTC, ETH, USDT."""
    return (pays(legs[0]), *(brings(leg) for leg in legs))


def hand_overs(legs: Sequence[Leg]) -> Iterator[tuple[Leg, Leg]]:
    """Yield every leg with the one that spends what it brought; the last one with the first."""
    return zip(legs, (*legs[1:], legs[0]), strict=True)


def gap(legs: Sequence[Leg]) -> str | None:
    """Return where legs in turn are no circle, in words; None = they are one."""
    for leg, after in hand_overs(legs):
        if brings(leg) != pays(after):
            if after is legs[0]:
                return f"begins with {pays(after)} and ends in {brings(leg)}"
            return f"{leg.symbol} brings {brings(leg)}, {after.symbol} pays {pays(after)}"
    return None
