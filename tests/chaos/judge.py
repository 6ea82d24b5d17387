"""Compares what the venues know with what the journal says, without the engine's help.

Everything is read from the venues' own books and from the tables of the journal; money is added up with fractions.
Entered when nothing is under way any more. `test_judge` forges every breach that is condemned here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import msgspec
from arb_core.engine.ids import IntentId, OrderKey, Owner, decode, owner_of
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import RiskState
from arb_core.engine.trade import Intent, Outcome
from arb_core.structs.market import Asset
from arb_core.structs.opportunity import Plan
from arb_sim.inspection import FillState, OrderState
from sqlalchemy import Connection, text

__all__ = ["Kept", "Records", "VenueTruth", "judge", "records"]

DAY_NS = 86_400 * 1_000_000_000

ROUNDING = Fraction(1, 10**7)
"""Venues tell balances with 8 digits; the engine takes no less for a difference."""


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


class Kept(NamedTuple):
    """A trade's result as the journal has it."""

    outcome: str
    money: str
    pnl: Decimal
    moves: dict[str, Decimal]
    ended_ns: int


class Records(NamedTuple):
    """What the journal says."""

    orders: list[TrackedOrder]
    intents: dict[int, Intent]
    results: dict[int, Kept]
    balances: dict[tuple[str, str], tuple[int, Decimal]]
    """Venue and asset -> when it was written down last, and how much there was."""
    drifts: list[str]
    told: set[int]
    """Trades that a person was told of."""
    risk: RiskState
    owner: Owner


def records(connection: Connection) -> Records:
    """Read a journal."""

    def rows(query: str) -> list[tuple[str, ...]]:
        return [tuple(row) for row in connection.execute(text(query))]

    return Records(
        orders=[msgspec.json.decode(row[0], type=TrackedOrder) for row in rows("SELECT document FROM orders")],
        intents={
            int(row[0]): msgspec.json.decode(row[1], type=Intent) for row in rows("SELECT id, document FROM intents")
        },
        results={
            int(row[0]): Kept(
                row[1], row[2], Decimal(row[3]), msgspec.json.decode(row[4], type=dict[str, Decimal]), int(row[5])
            )
            for row in rows("SELECT intent, outcome, money, pnl, moves, ended_ns FROM results")
        },
        balances={
            (row[0], row[1]): (int(row[2]), Decimal(row[3]) + Decimal(row[4]))
            for row in rows("SELECT venue, asset, taken_ns, free, locked FROM balances ORDER BY taken_ns")
        },
        drifts=[" ".join(map(str, row)) for row in rows("SELECT venue, asset, expected, reported FROM drifts")],
        told={int(row[0]) for row in rows("SELECT intent FROM notes WHERE intent IS NOT NULL")},
        risk=next(
            (
                msgspec.json.decode(row[0], type=RiskState)
                for row in rows("SELECT document FROM settings WHERE name = 'risk'")
            ),
            RiskState(),
        ),
        # One that was only just made has none yet, nor any order.
        owner=owner_of(
            bytes.fromhex("".join(row[0] for row in rows("SELECT document FROM settings WHERE name = 'owner'")))
        ),
    )


def judge(truths: Iterable[VenueTruth], kept: Records) -> Counter[str]:
    """Raise AssertionError where venue and journal disagree; return what was counted."""
    counts: Counter[str] = Counter()
    known = {(str(each.plan.venue), str(each.plan.client_order_id)): each for each in kept.orders}
    placed: dict[OrderKey, tuple[TrackedOrder, OrderState]] = {}
    moved: dict[int, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    naked: dict[int, dict[str, Decimal]] = defaultdict(dict)
    unfinished = kept.intents.keys() ^ kept.results.keys()
    assert not unfinished, f"trades without a result, or results without a trade: {unfinished}"
    for truth in truths:
        expected = {asset: Fraction(amount) for asset, amount in truth.before.items()}
        fills: dict[str, list[FillState]] = defaultdict(list)
        for fill in truth.fills:
            fills[fill.order].append(fill)
        for order in truth.orders:
            key = decode((order.client_id or "").removeprefix(truth.prefix), kept.owner)
            assert key is not None, f"{truth.name}: order {order.id} is not ours: {order.client_id}"
            assert key not in placed, f"{truth.name}: {order.client_id} was placed twice"
            ours = known.get((truth.name, str(order.client_id).removeprefix(truth.prefix)))
            assert ours is not None, f"{truth.name}: {order.client_id} is not in the journal"
            placed[key] = ours, order
            _check_order(truth.name, ours, order)
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
            assert Fraction(truth.now.get(asset, Decimal(0))) == amount, f"{truth.name}: {asset} does not add up"
        _check_balances(truth, kept)
    for tracked in kept.orders:
        assert tracked.settled, f"{tracked.plan.client_order_id} is not settled: {tracked.state}"
        key = decode(tracked.plan.client_order_id, kept.owner)
        assert key is not None, f"{tracked.plan.client_order_id} in the journal is not ours"
        assert key in placed or not tracked.filled, f"{tracked.plan.client_order_id} was filled, but no venue has it"
        counts["in doubt, resolved"] += tracked.doubt_ns is not None
        counts[f"orders {tracked.plan.purpose}"] += 1
    assert not kept.drifts, f"drifts, though nobody else touches the account: {kept.drifts}"
    _check_turns(kept.intents, placed.values())
    _check_results(kept, moved, naked)
    for result in kept.results.values():
        counts[f"trades {result.outcome}"] += 1
    return counts


def _check_order(venue: str, ours: TrackedOrder, theirs: OrderState) -> None:
    """The venue's order is the one on record, has ended, and the journal knows how."""
    plan, name = ours.plan, f"{venue}: {theirs.client_id}"
    assert theirs.status != "open", f"{name} stands open and nobody owns it"
    sent = (str(plan.symbol), plan.side.name.lower(), plan.quantity, plan.price)
    had = (theirs.symbol, theirs.side, theirs.size, theirs.price)
    assert sent == had, f"{name} is another order than the one on record: {had}, not {sent}"
    assert ours.order_id in {None, theirs.id}, f"{name}: {theirs.id} is called {ours.order_id}"
    assert ours.filled == theirs.filled, f"{name}: {ours.filled} != {theirs.filled}"
    assert ours.listed == theirs.filled, f"{name}: fills missing"
    assert ours.state not in {"absent", "rejected"}, f"{name} was there, and the journal says {ours.state}"


def _check_balances(truth: VenueTruth, kept: Records) -> None:
    """What was written down last, and what was filled since, is what there is."""
    now = dict(truth.now)
    for (venue, asset), (taken_ns, amount) in kept.balances.items():
        if venue != truth.name:
            continue
        accounted = Fraction(amount)
        for order in kept.orders:
            # What no record says was sent was missed by the next process first.
            sent_ns = order.sent_ns if order.sent_ns is not None else order.doubt_ns
            if order.plan.venue == venue and sent_ns is not None and sent_ns > taken_ns:
                accounted += _moved(order, asset)
        found = Fraction(now.pop(asset, Decimal(0)))
        assert abs(found - accounted) <= ROUNDING, (
            f"{venue}: {float(accounted)} {asset} on record, {float(found)} there"
        )
    missing = [asset for asset, amount in now.items() if amount]
    assert not missing, f"{truth.name}: {missing} are not in the journal"


def _moved(order: TrackedOrder, asset: str) -> Fraction:
    moved = Fraction(0)
    for fill in order.fills.values():
        sign = 1 if order.plan.side.name == "BUY" else -1
        if asset == order.plan.symbol.base:
            moved += sign * Fraction(fill.quantity)
        if asset == order.plan.symbol.quote:
            moved -= sign * Fraction(fill.quantity) * Fraction(fill.price)
        if asset == fill.fee_asset:
            moved -= Fraction(fill.fee or 0)
    return moved


def _check_turns(intents: Mapping[int, Intent], placed: Iterable[tuple[TrackedOrder, OrderState]]) -> None:
    """Orders of a trade came to be in the order in which they were intended, each after the end of all before.

    Entries that go out together are the one exception.
    """
    trades: dict[IntentId, list[tuple[TrackedOrder, OrderState]]] = defaultdict(list)
    for ours, order in placed:
        trades[ours.plan.intent].append((ours, order))
    for intent, orders in trades.items():
        together = intents[intent].plan is Plan.TOGETHER
        turns: list[list[OrderState]] = []
        for ours, order in sorted(orders, key=lambda each: each[0].plan.intended_ns):
            if together and not ours.plan.attempt and turns:
                turns[-1].append(order)
            else:
                turns.append([order])
        for before, after in pairwise(turns):
            for order in after:
                for earlier in before:
                    assert earlier.updated_ns < order.created_ns, f"{order.client_id} while {earlier.client_id} stood"


def _check_results(
    kept: Records, moved: Mapping[int, Mapping[str, Fraction]], naked: Mapping[int, Mapping[str, Decimal]]
) -> None:
    """Each result tells what the venues moved and counts once, and what is left uncovered was told."""
    days: dict[int, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for intent, result in kept.results.items():
        true = moved.get(intent, {})
        for asset in {*true, *result.moves}:
            told = Fraction(result.moves.get(asset, Decimal(0)))
            assert told == true.get(asset, Fraction(0)), f"trade {intent}: {asset}: told {told}"
        for base, dust in naked.get(intent, {}).items():
            assert abs(true[base]) <= Fraction(dust) or result.outcome == Outcome.STOPPED, (
                f"trade {intent}: {float(true[base])} {base} are naked and nobody was told"
            )
        if result.outcome == Outcome.STOPPED:
            assert intent in kept.told, f"trade {intent} was stopped, and no note says so"
        days[result.ended_ns // DAY_NS][result.money] += Fraction(result.pnl)
    today = kept.risk.day
    for money, amount in days[today.number].items():
        counted = Fraction(today.pnl.get(Asset(money), Decimal(0)))
        assert counted == amount, f"{float(counted)} {money} count for today, the results say {float(amount)}"
