"""The leg policy: what to do about legs that did not fill alike.

Pure. Given what every order of a trade really filled, fees taken in base included, `decide` says one of:

- WAIT: an order's amount is not final or its fate is unknown. Nothing is sent before that is known.
- DONE: everything is paired, but for dust that no venue takes as an order. What is paired stays: of 0.5 bought and 0.4
  sold, 0.4 is a good trade and only 0.1 is dealt with.
- HEDGE: complete on the venue where the fill is missing, if the whole trade then ends inside `hedge_loss`.
- UNWIND: undo on the venue where it was filled, if the whole trade then ends inside `unwind_loss`.
- STOP: neither is possible inside its cap, or the attempts are used up. A person is told what is left.

Every order is limit IOC, rounded by `rounding`, at a price that keeps the cap even if every unit costs that much
(`fixes`): the first at what the book shows, each further one of a leg at a worse price, for a market that ran away once
will again, and nothing costs as much as a leg that stays alone. After it has ended, execution asks again with its fills
added. Each asset is dealt with by itself: what is too small to order of one keeps nobody from trading another away.
Entered by execution alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from enum import StrEnum

import msgspec

from arb_core.engine.fixes import Fix, Way, fix_of, is_orderable
from arb_core.engine.money import plus, times, total
from arb_core.engine.orders import TrackedOrder, fees, moves
from arb_core.engine.trade import Intent, Outcome, Purpose, TradeResult
from arb_core.structs.market import Asset

__all__ = ["Decision", "LegPolicy", "Step", "decide", "net_moves", "result_of"]

_NOTHING = Decimal(0)
_WIDE = Context(prec=200)
_DIGITS = 12
_UNPRICED = "the loss is not known without a price of everything else that moved"
_PLACES = Decimal(1).scaleb(-_DIGITS)


class LegPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[legs]` of the settings; losses are of the whole trade, fees included, by the money that it is counted in.

    Neither has a default: without both nothing is begun in that money, and nothing that is unpaired is traded away.
    """

    hedge_loss: Mapping[Asset, Decimal] = {}
    """Most that a trade may lose by being completed."""
    unwind_loss: Mapping[Asset, Decimal] = {}
    """Most that a trade may lose by being undone."""
    max_attempts: int = 3
    """Hedges and unwinds of one leg together."""


class Step(StrEnum):
    """What to do next."""

    WAIT = "wait"
    DONE = "done"
    HEDGE = "hedge"
    UNWIND = "unwind"
    STOP = "stop"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, why, and what is unpaired as it stands."""

    step: Step
    fix: Fix | None = None
    residues: dict[Asset, Decimal] = {}
    """Assets other than the money, gained (+) or lost (-) without a counterpart."""
    detail: str = ""


def net_moves(orders: Iterable[TrackedOrder]) -> dict[Asset, Decimal]:
    """Return what all orders of a trade moved together, exactly, without the assets that came out even."""
    net: dict[Asset, Decimal] = {}
    for order in orders:
        for asset, amount in moves(order).items():
            net[asset] = plus(net.get(asset, _NOTHING), amount)
    return {asset: amount for asset, amount in net.items() if amount}


def result_of(
    intent: Intent,
    orders: Sequence[TrackedOrder],
    *,
    stopped: bool,
    marks: Mapping[Asset, Decimal],
    ended_ns: int,
    detail: str = "",
) -> TradeResult:
    """Return what a trade came to: every fill and fee exactly, and what is left in other assets at mid.

    Args:
        intent: the trade.
        orders: all of its orders, each with an amount that is final.
        stopped: whether something is left that could not be dealt with.
        marks: mid prices in the trade's money. What they value is rounded to 12 places, every other sum is exact.
        ended_ns: when it ended.
        detail: what a person should know.

    Raises:
        KeyError: an asset that moved has no price in `marks`.
    """
    net = net_moves(orders)
    paid: dict[Asset, Decimal] = {}
    for order in orders:
        for asset, fee in fees(order).items():
            paid[asset] = plus(paid.get(asset, _NOTHING), fee)
    residue_value = _to_places(
        total(times(amount, marks[asset]) for asset, amount in net.items() if asset != intent.money)
    )
    done = Outcome.DONE if any(order.filled for order in orders) else Outcome.NOTHING
    return TradeResult(
        intent=intent.id,
        outcome=Outcome.STOPPED if stopped else done,
        money=intent.money,
        moves=net,
        fees=paid,
        residue_value=residue_value,
        pnl=plus(net.get(intent.money, _NOTHING), residue_value),
        ended_ns=ended_ns,
        detail=detail,
    )


def decide(
    orders: Sequence[TrackedOrder],
    *,
    money: Asset,
    ways: Sequence[Way],
    policy: LegPolicy,
    marks: Mapping[Asset, Decimal],
) -> Decision:
    """Decide about a trade.

    Args:
        orders: every order of the trade, entries, hedges and unwinds.
        money: what its profit is counted in.
        ways: where a difference could be traded, in order of preference within one purpose.
        policy: the loss caps.
        marks: mid prices in `money`, by which what is left in other assets counts into the loss.
    """
    waiting = [order for order in orders if not order.settled]
    if waiting:
        names = ", ".join(f"{order.plan.client_order_id} is {order.state}" for order in waiting)
        return Decision(step=Step.WAIT, detail=names)
    net = net_moves(orders)
    traded = {Asset(name) for order in orders for name in (order.plan.symbol.base, order.plan.symbol.quote)} - {money}
    residues = {asset: amount for asset, amount in sorted(net.items()) if asset in traded}
    if not residues:
        return Decision(step=Step.DONE, detail="everything is paired")
    refusals: list[str] = []
    for purpose, step, cap in (
        (Purpose.HEDGE, Step.HEDGE, policy.hedge_loss.get(money)),
        (Purpose.UNWIND, Step.UNWIND, policy.unwind_loss.get(money)),
    ):
        if cap is None:
            refusals.append(f"no {purpose}_loss is set for {money}")
            continue
        for way in ways:
            asset = way.deals_with(money)
            residue = None if asset is None else residues.get(asset)
            if way.purpose is not purpose or asset is None or residue is None:
                continue
            others = _others(net, money, asset, marks)
            used = _attempts(orders, way.leg)
            found = _UNPRICED if others is None else fix_of(way, residue, money, others, cap, earlier=used)
            if isinstance(found, Fix) and used >= policy.max_attempts:
                found = f"{used} attempts are used up"
            if isinstance(found, Fix):
                return Decision(step=step, fix=found, residues=residues, detail=f"{residue} {asset} unpaired")
            refusals.append(f"{purpose} of {asset} on {way.venue}: {found}")
    if all(_is_dust(asset, residue, money, ways, marks) for asset, residue in residues.items()):
        return Decision(step=Step.DONE, residues=residues, detail="what is left is too small to order")
    detail = "; ".join(refusals) or "no market is known where it could be traded"
    return Decision(step=Step.STOP, residues=residues, detail=detail)


def _to_places(value: Decimal) -> Decimal:
    """Round what is valued by a quotient of prices: more places would pretend to an exactness that a mid has not."""
    exponent = value.as_tuple().exponent
    return value.quantize(_PLACES, context=_WIDE) if isinstance(exponent, int) and exponent < -_DIGITS else value


def _others(
    net: Mapping[Asset, Decimal], money: Asset, residue: Asset, marks: Mapping[Asset, Decimal]
) -> Decimal | None:
    """Return what everything but one residue came to, in money; None where a price is missing."""
    found = net.get(money, _NOTHING)
    for asset, amount in net.items():
        if asset not in {money, residue}:
            if asset not in marks:
                return None
            found = plus(found, times(amount, marks[asset]))
    return found


def _attempts(orders: Iterable[TrackedOrder], leg: int) -> int:
    return sum(order.plan.leg == leg and order.plan.purpose is not Purpose.ENTRY for order in orders)


def _is_dust(asset: Asset, residue: Decimal, money: Asset, ways: Iterable[Way], marks: Mapping[Asset, Decimal]) -> bool:
    """Whether no market takes an order of that size. Where no market is known, nobody knows."""
    markets = [way for way in ways if way.deals_with(money) == asset]
    return bool(markets) and not any(is_orderable(way, residue, money, marks.get(asset)) for way in markets)
