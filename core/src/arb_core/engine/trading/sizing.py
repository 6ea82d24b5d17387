"""How much of an opportunity is traded: the least of depth, funds and limits, rounded as each venue takes it.

In float64 first: most sightings that are refused are refused because there is too little of something, and that needs
no exact arithmetic. What passes is made exact and judged by `risk.admit` once more. Changes nothing.
Entered by the gate.
"""

from decimal import Decimal
from math import isfinite

from arb_core.engine.fixes import FeeIn, follow_on
from arb_core.engine.ledger import Ledger
from arb_core.engine.risk import Limits, Proposal, ProposedLeg, Reason
from arb_core.engine.rounding import common_step, decimal, nearest_size, round_price, round_size
from arb_core.engine.trading.lanes import Lane, Lanes
from arb_core.structs.market import Asset, Side, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan

__all__ = ["Sizing"]

_NEARLY = 1 - 1e-12
"""What is too small by less may be a quotient's rounding: the exact one is asked for later."""

_ONE = Decimal(1)


class Sizing:
    """Sizes opportunities for one account on each venue."""

    def __init__(self, lanes: Lanes, ledger: Ledger, limits: Limits) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._limits = limits

    def room(self, opportunity: Opportunity) -> float | Reason:
        """Return how much of the first leg may be traded, in its base, or what leaves too little of it."""
        first = opportunity.legs[0]
        if not (isfinite(first.size) and first.size > 0):
            return Reason("size", "no size is known")
        size, bound = first.size, "size"
        lanes = [self._lanes.lane(leg.venue, leg.symbol) for leg in opportunity.legs]
        for number, (leg, lane) in enumerate(zip(opportunity.legs, lanes, strict=True)):
            weight = leg.size / first.size
            for most, name in self._bounds(opportunity.plan, number, leg, lane):
                if not most >= size * weight:
                    size, bound = most / weight, name
        for leg, lane in zip(opportunity.legs, lanes, strict=True):
            quantity = size * leg.size / first.size
            if not (quantity > 0 and quantity >= lane.least_quantity * _NEARLY):
                return Reason(bound, f"{max(quantity, 0.0):.8g} {lane.base} is less than {lane.venue} takes")
            if not quantity * leg.price >= lane.least_notional * _NEARLY:
                return Reason(bound, f"{quantity * leg.price:.8g} {lane.quote} is less than {lane.venue} takes")
        return size

    def proposal(self, opportunity: Opportunity, size: float) -> Proposal | Reason:
        """Return the orders of a trade of that size, exact and rounded, or why there is none."""
        lanes = [self._lanes.lane(leg.venue, leg.symbol) for leg in opportunity.legs]
        step = common_step(*[lane.instrument.lot for lane in lanes if lane.instrument is not None])
        proposed: list[ProposedLeg] = []
        for leg, lane in zip(opportunity.legs, lanes, strict=True):
            instrument = lane.instrument
            if instrument is None:
                return Reason("size", f"{lane.venue} says nothing of {lane.symbol}")
            price = round_price(decimal(leg.price), instrument.tick, leg.side)
            wanted = decimal(size * leg.size / opportunity.legs[0].size)
            if opportunity.plan is Plan.TOGETHER:
                quantity = round_size(wanted, step)
                if leg.side is Side.BUY and self._lanes.fee_in(lane.venue) is FeeIn.BASE:
                    # What arrives is to be what the other leg sells.
                    quantity = nearest_size(quantity / (_ONE - lane.fee), instrument.lot)
            else:
                quantity = round_size(wanted, instrument.lot)
                if proposed:
                    # At most what the leg before it brings, however the venues take their fees.
                    brought = proposed[-1].gain.amount
                    quantity = min(quantity, follow_on(instrument, leg.side, brought, price, fee=lane.fee))
            if quantity <= 0 or quantity < instrument.min_quantity or quantity * price < instrument.min_notional:
                return Reason("size", f"{quantity:f} {lane.base} at {price:f} is less than {lane.venue} takes")
            proposed.append(
                ProposedLeg(
                    venue=lane.venue, symbol=lane.symbol, side=leg.side, quantity=quantity, price=price, fee=lane.fee
                )
            )
        return Proposal(legs=tuple(proposed), plan=opportunity.plan, edge_bps=opportunity.edge_bps)

    def _bounds(self, plan: Plan, number: int, leg: Leg, lane: Lane) -> list[tuple[float, str]]:
        """Return everything that bounds a leg's quantity, in its base, with the name of the reason."""
        together = plan is Plan.TOGETHER
        buys, price, rate = leg.side is Side.BUY, leg.price, max(lane.rate or 0.0, 0.0)
        # A purchase that pays its fee in base buys more than the other leg sells.
        net = 1.0 - rate if buys and together and self._lanes.fee_in(lane.venue) is FeeIn.BASE else 1.0
        bounds = [
            (leg.size * net, "size"),
            (lane.most_quantity * net, "size"),
            (lane.most_notional / price * net, "size"),
        ]
        if together or number == 0:
            if buys:
                funds = self._ledger.about(lane.venue, lane.quote)
                bounds.append((funds / (price * (1.0 + rate)) * net, "balance"))
            else:
                bounds.append((self._ledger.about(lane.venue, lane.base), "balance"))
        if number == 0:
            in_base = not (together or buys)
            most = self._limits.max_notional.get(lane.base if in_base else lane.quote)
            if most is not None:
                bounds.append(((float(most) if in_base else float(most) / price) * net, "notional"))
        gained, each = (lane.base, 1.0) if buys else (lane.quote, price)
        for left, name in self._left(gained, lane.venue):
            bounds.append((left / (each * (1.0 - rate)), name))
        return bounds

    def _left(self, asset: Asset, venue: VenueName) -> list[tuple[float, str]]:
        """Return how much more of an asset may be held."""
        found: list[tuple[float, str]] = []
        if (most := self._limits.max_asset.get(asset)) is not None:
            found.append((float(most) - self._ledger.about_held_everywhere(asset), "asset_limit"))
        if (on_venue := self._limits.max_on_venue.get(venue, {}).get(asset)) is not None:
            found.append((float(on_venue) - self._ledger.about_held(venue, asset), "venue_limit"))
        return found
