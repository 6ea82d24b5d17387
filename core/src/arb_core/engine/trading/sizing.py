"""How much of an opportunity is traded: the least of depth, funds and limits, rounded as each venue takes it.

In float64 first: most sightings that are refused are refused because there is too little of something, and that needs
no exact arithmetic. What passes is made exact and judged by `risk.admit` once more. Pure. Entered by the gate.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite

from arb_core.engine.ledger import Ledger
from arb_core.engine.risk import Limits, Proposal, ProposedLeg, Reason
from arb_core.engine.rounding import common_step, decimal, nearest_size, round_price, round_size
from arb_core.engine.trading.lanes import Lane
from arb_core.structs.market import Asset, Side
from arb_core.structs.opportunity import Leg, Opportunity, Plan

__all__ = ["proposal_of", "room"]

_SAFE = 1 - 1e-12
"""A quotient in float64 may be a little too large; the exact one is asked for later."""

_ONE = Decimal(1)


def room(opportunity: Opportunity, lanes: Sequence[Lane], ledger: Ledger, limits: Limits) -> float | Reason:
    """Return how much of the first leg may be traded, in its base, or what leaves too little of it."""
    first = opportunity.legs[0]
    if not (isfinite(first.size) and first.size > 0):
        return Reason("size", "no size is known")
    size, bound = first.size, "size"
    for number, (leg, lane) in enumerate(zip(opportunity.legs, lanes, strict=True)):
        weight = leg.size / first.size
        for most, name in _bounds(opportunity.plan, number, leg, lane, ledger, limits):
            if not most >= size * weight:
                size, bound = most / weight, name
    for leg, lane in zip(opportunity.legs, lanes, strict=True):
        quantity = size * leg.size / first.size
        if not (quantity > 0 and quantity >= lane.least_quantity * _SAFE):
            return Reason(bound, f"{max(quantity, 0.0):.8g} {lane.base} is less than {lane.venue} takes")
        if not quantity * leg.price >= lane.least_notional * _SAFE:
            return Reason(bound, f"{quantity * leg.price:.8g} {lane.quote} is less than {lane.venue} takes")
    return size


def proposal_of(opportunity: Opportunity, lanes: Sequence[Lane], size: float) -> Proposal | Reason:
    """Return the orders of a trade of that size, exact and rounded, or why there is none."""
    legs = opportunity.legs
    together = opportunity.plan is Plan.TOGETHER
    step = common_step(*[lane.instrument.lot for lane in lanes if lane.instrument is not None])
    proposed: list[ProposedLeg] = []
    for leg, lane in zip(legs, lanes, strict=True):
        instrument = lane.instrument
        if instrument is None:
            return Reason("size", f"{lane.venue} says nothing of {lane.symbol}")
        quantity = round_size(decimal(size * leg.size / legs[0].size), step if together else instrument.lot)
        if together and lane.fee_in_base and leg.side is Side.BUY:
            # What arrives is to be what the other leg sells.
            quantity = nearest_size(quantity / (_ONE - lane.fee), instrument.lot)
        price = round_price(decimal(leg.price), instrument.tick, leg.side)
        if quantity <= 0 or quantity < instrument.min_quantity or quantity * price < instrument.min_notional:
            return Reason("size", f"{quantity:f} {lane.base} at {price:f} is less than {lane.venue} takes")
        proposed.append(
            ProposedLeg(
                venue=lane.venue, symbol=lane.symbol, side=leg.side, quantity=quantity, price=price, fee=lane.fee
            )
        )
    return Proposal(legs=tuple(proposed), plan=opportunity.plan, edge_bps=opportunity.edge_bps)


def _bounds(  # noqa: PLR0917 (one call a leg)
    plan: Plan, number: int, leg: Leg, lane: Lane, ledger: Ledger, limits: Limits
) -> list[tuple[float, str]]:
    """Return everything that bounds a leg's quantity, in its base, with the name of the reason."""
    buys, price, rate = leg.side is Side.BUY, leg.price, lane.rate or 0.0
    # A purchase that pays its fee in base buys more than the other leg sells.
    net = 1.0 - rate if buys and lane.fee_in_base and plan is Plan.TOGETHER else 1.0
    bounds = [(leg.size * net, "size"), (lane.most_quantity * net, "size"), (lane.most_notional / price * net, "size")]
    if plan is Plan.TOGETHER or number == 0:
        if buys:
            funds = ledger.about(lane.venue, lane.quote)
            bounds.append((funds / (price * (1.0 + max(rate, 0.0))) * net * _SAFE, "balance"))
        else:
            bounds.append((ledger.about(lane.venue, lane.base), "balance"))
    if number == 0:
        in_base = plan is Plan.IN_TURN and not buys
        most = limits.max_notional.get(lane.base if in_base else lane.quote)
        if most is not None:
            bounds.append(((float(most) if in_base else float(most) / price * _SAFE) * net, "notional"))
    gained, each = (lane.base, 1.0) if buys else (lane.quote, price)
    each *= 1.0 - max(rate, 0.0)
    bounds += [(left / each * _SAFE, name) for left, name in _left(gained, lane, ledger, limits)]
    return bounds


def _left(asset: Asset, lane: Lane, ledger: Ledger, limits: Limits) -> list[tuple[float, str]]:
    """Return how much more of an asset may be held."""
    found: list[tuple[float, str]] = []
    if (most := limits.max_asset.get(asset)) is not None:
        found.append((float(most) - ledger.about_held_everywhere(asset), "asset_limit"))
    if (on_venue := limits.max_on_venue.get(lane.venue, {}).get(asset)) is not None:
        found.append((float(on_venue) - ledger.about_held(lane.venue, asset), "venue_limit"))
    return found
