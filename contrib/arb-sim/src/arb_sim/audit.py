"""Compares a client's own journal with the statements of its venues, to the last digit. Pure; entered by `arb demo`.

The two sides were written by different people from different facts: the journal out of what our client heard over the
wire, the statement by the venue's own books. What both say alike has no mistake that only one of them could make.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec
from arb_core.engine.money import minus, plus, sums
from arb_core.engine.orders import TrackedOrder, moves
from arb_core.structs.market import Asset

from arb_sim.inspection import AccountState, Line
from arb_sim.kernel.accounts import Reason

__all__ = ["Audit", "Entry", "Sum", "audit"]

_NOTHING = Decimal(0)
_OPENING = frozenset({Reason.OPENING, Reason.DEPOSIT, Reason.WITHDRAWAL})
_TRADED = frozenset({Reason.TRADE, Reason.FEE})


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="account"):
    """One asset of one venue: what it began with, what our journal says of it, and what the venue holds."""

    venue: str
    asset: str
    opening: Decimal
    journal: Decimal
    """Fills and fees of our orders."""
    venue_holds: Decimal
    difference: Decimal
    """`venue_holds - opening - journal`: 0, or somebody is wrong."""


class Sum(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="total"):
    """One asset on all venues together: what the trades' results say it came to, and how the balances changed."""

    asset: str
    results: Decimal
    venues: Decimal
    difference: Decimal


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What the comparison came to."""

    entries: tuple[Entry, ...]
    sums: tuple[Sum, ...]
    differences: tuple[str, ...]
    """Each in words; empty = both sides agree in everything."""


def audit(
    accounts: Sequence[AccountState], orders: Sequence[TrackedOrder], results: Iterable[Mapping[Asset, Decimal]]
) -> Audit:
    """Compare everything that both sides know.

    Args:
        accounts: each venue's account at the end, with every movement since it was opened.
        orders: those of our journal, with their fills.
        results: what each trade moved, as its result in the journal says.
    """
    entries: list[Entry] = []
    differences: list[str] = []
    for account in accounts:
        ours = [order for order in orders if order.plan.venue == account.exchange]
        entries += _entries(account, ours)
        differences += _orders(account, ours)
    totals = _sums(entries, results)
    differences += [
        f"{entry.venue} {entry.asset}: {entry.opening:f} and {entry.journal:+f} by our journal, "
        f"the venue holds {entry.venue_holds:f}"
        for entry in entries
        if entry.difference
    ]
    differences += [
        f"{each.asset}: {each.results:+f} by the results of our trades, {each.venues:+f} by the venues' balances"
        for each in totals
        if each.difference
    ]
    return Audit(entries=tuple(entries), sums=tuple(totals), differences=tuple(differences))


def _entries(account: AccountState, orders: Sequence[TrackedOrder]) -> list[Entry]:
    opening = _moved(line for line in account.statement if line.reason in _OPENING)
    journal = sums(moves(order) for order in orders)
    found: list[Entry] = []
    for asset in dict.fromkeys([*account.balances, *journal]):
        balance = account.balances.get(asset)
        holds = _NOTHING if balance is None else plus(balance.free, balance.locked)
        began, moved = opening.get(asset, _NOTHING), journal.get(Asset(asset), _NOTHING)
        found.append(
            Entry(
                venue=account.exchange,
                asset=asset,
                opening=began,
                journal=moved,
                venue_holds=holds,
                difference=minus(holds, plus(began, moved)) or _NOTHING,
            )
        )
    return found


def _orders(account: AccountState, orders: Sequence[TrackedOrder]) -> list[str]:
    """Compare order by order: equal sums could hide two mistakes."""
    lines: dict[str, list[Line]] = {}
    for line in account.statement:
        if line.reason in _TRADED:
            lines.setdefault(line.order or "?", []).append(line)
    theirs = {order: _moved(of) for order, of in lines.items()}
    ours: dict[str, Mapping[Asset, Decimal]] = {
        order.order_id or order.plan.client_order_id: moves(order) for order in orders if order.fills
    }
    return [
        f"{account.exchange} order {order}: our journal says {_told(ours.get(order, {}))}, "
        f"the statement {_told(theirs.get(order, {}))}"
        for order in dict.fromkeys([*theirs, *ours])
        if _whole(ours.get(order, {})) != _whole(theirs.get(order, {}))
    ]


def _sums(entries: Sequence[Entry], results: Iterable[Mapping[Asset, Decimal]]) -> list[Sum]:
    by_results = sums({str(asset): amount for asset, amount in moved.items()} for moved in results)
    by_venues = sums({entry.asset: minus(entry.venue_holds, entry.opening)} for entry in entries)
    found: list[Sum] = []
    for asset in dict.fromkeys([*by_venues, *by_results]):
        said, held = by_results.get(asset, _NOTHING), by_venues.get(asset, _NOTHING)
        found.append(Sum(asset=asset, results=said, venues=held, difference=minus(held, said) or _NOTHING))
    return found


def _moved(lines: Iterable[Line]) -> dict[str, Decimal]:
    return sums({line.asset: plus(line.free, line.locked)} for line in lines)


def _whole(amounts: Mapping[Asset, Decimal] | Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {asset: amount for asset, amount in amounts.items() if amount}


def _told(amounts: Mapping[Asset, Decimal] | Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount:+f} {asset}" for asset, amount in _whole(amounts).items()) or "nothing"
