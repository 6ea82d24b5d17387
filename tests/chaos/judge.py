"""Compares what the venues know with what the journal says, without the engine's help.

Everything is read from the venues' own books and from the tables of the journal; money is added up with fractions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec
from arb_core.engine.ids import IntentId, OrderKey, Owner, decode
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.trade import Outcome
from arb_core.structs.market import Asset
from arb_sim.inspection import FillState, OrderState
from sqlalchemy import Connection, text

__all__ = ["Records", "VenueTruth", "judge", "records"]


class VenueTruth(NamedTuple):
    """What one venue knows of the account."""

    name: str
    prefix: str
    """Of client ids, before ours."""
    orders: list[OrderState]
    fills: list[FillState]
    before: dict[str, Decimal]
    now: dict[str, Decimal]
    smallest: dict[str, Decimal]
    """Symbol -> the notional below which nothing can be ordered, with the lot that rounding may leave."""


class Records(NamedTuple):
    """What the journal says."""

    orders: list[TrackedOrder]
    intents: set[int]
    outcomes: dict[int, tuple[str, dict[Asset, Decimal]]]


def records(connection: Connection) -> Records:
    """Read a journal."""
    orders = connection.execute(text("SELECT document FROM orders")).scalars().all()
    results = connection.execute(text("SELECT intent, outcome, moves FROM results")).all()
    return Records(
        [msgspec.json.decode(document, type=TrackedOrder) for document in orders],
        set(connection.execute(text("SELECT id FROM intents")).scalars()),
        {row.intent: (row.outcome, msgspec.json.decode(row.moves, type=dict[Asset, Decimal])) for row in results},
    )


def judge(truths: Iterable[VenueTruth], kept: Records, owner: Owner) -> Counter[str]:
    """Raise AssertionError where venue and journal disagree; return what was counted."""
    counts: Counter[str] = Counter()
    known = {(str(each.plan.venue), str(each.plan.client_order_id)): each for each in kept.orders}
    placed: dict[OrderKey, tuple[VenueTruth, OrderState]] = {}
    moved: dict[IntentId, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    naked: dict[IntentId, dict[str, Decimal]] = defaultdict(dict)
    assert kept.intents == set(kept.outcomes), f"trades without a result: {kept.intents - set(kept.outcomes)}"
    for truth in truths:
        expected = {asset: Fraction(amount) for asset, amount in truth.before.items()}
        fills: dict[str, list[FillState]] = defaultdict(list)
        for fill in truth.fills:
            fills[fill.order].append(fill)
        for order in truth.orders:
            key = decode((order.client_id or "").removeprefix(truth.prefix), owner)
            assert key is not None, f"{truth.name}: order {order.id} is not ours: {order.client_id}"
            assert key not in placed, f"{truth.name}: {order.client_id} was placed twice"
            placed[key] = truth, order
            assert order.status != "open", f"{truth.name}: {order.client_id} stands open and nobody owns it"
            ours = known.get((truth.name, str(order.client_id).removeprefix(truth.prefix)))
            assert ours is not None, f"{truth.name}: {order.client_id} is not in the journal"
            assert ours.filled == order.filled, f"{truth.name}: {order.client_id}: {ours.filled} != {order.filled}"
            assert ours.listed == order.filled, f"{truth.name}: {order.client_id}: fills missing"
            counts["orders"] += 1
            counts["fills"] += len(fills[order.id])
            base, quote = order.symbol.split("/")
            sign = 1 if order.side == "buy" else -1
            for fill in fills[order.id]:
                for asset, amount in (
                    (base, sign * Fraction(fill.size)),
                    (quote, -sign * Fraction(fill.quote)),
                    (fill.fee_asset, -Fraction(fill.fee)),
                ):
                    moved[key.intent][asset] += amount
                    expected[asset] = expected.get(asset, Fraction(0)) + amount
                naked[key.intent][base] = max(
                    naked[key.intent].get(base, Decimal(0)), truth.smallest[order.symbol] / fill.price
                )
        for asset, amount in expected.items():
            assert Fraction(truth.now.get(asset, Decimal(0))) == amount, f"{truth.name}: {asset}"
    for tracked in kept.orders:
        assert tracked.settled, f"{tracked.plan.client_order_id} is not settled: {tracked.state}"
        key = decode(tracked.plan.client_order_id, owner)
        assert key is not None
        assert key in placed or not tracked.filled, f"{tracked.plan.client_order_id} was filled, but no venue has it"
        counts["in doubt, resolved"] += tracked.doubt_ns is not None
    _check_turns(placed)
    _check_results(kept, moved, naked)
    for outcome, _ in kept.outcomes.values():
        counts[f"trades {outcome}"] += 1
    return counts


def _check_turns(placed: Mapping[OrderKey, tuple[VenueTruth, OrderState]]) -> None:
    """No new attempt reached a venue while an earlier order of its trade stood."""
    trades: dict[IntentId, list[tuple[OrderKey, OrderState]]] = defaultdict(list)
    for key, (_, order) in placed.items():
        trades[key.intent].append((key, order))
    for orders in trades.values():
        for later, order in orders:
            for earlier, other in orders:
                # attempts count by leg: across legs time alone says which was earlier
                if later.attempt and earlier != later and other.created_ns <= order.created_ns:
                    assert other.updated_ns <= order.created_ns, f"{order.client_id} while {other.client_id} stood"


def _check_results(
    kept: Records, moved: Mapping[IntentId, Mapping[str, Fraction]], naked: Mapping[IntentId, Mapping[str, Decimal]]
) -> None:
    """Each result tells what the venues moved, and what is left uncovered was told."""
    for intent, (outcome, moves) in kept.outcomes.items():
        true = moved.get(IntentId(intent), {})
        for asset in {*true, *moves}:
            told = Fraction(moves.get(Asset(asset), Decimal(0)))
            assert told == true.get(asset, Fraction(0)), f"trade {intent}: {asset}: told {told}"
        for base, dust in naked.get(IntentId(intent), {}).items():
            assert abs(true[base]) <= Fraction(dust) or outcome == Outcome.STOPPED, (
                f"trade {intent}: {float(true[base])} {base} are naked and nobody was told"
            )
