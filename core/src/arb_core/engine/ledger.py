"""What is ours on every venue, and how much of it may still be promised.

Two numbers are kept for each (venue, asset): what the venue last *reported*, and what we *expect* from the last
reconciliation and every fill since. A push from the venue and the fill that caused it arrive in either order, so for a
moment one of the two is ahead; what may be spent is the smaller:

    available = min(reported free, expected - reported locked) - reserved

which is never too much. When nothing is under way the two must agree: `reconcile` compares them, says by how much they
drifted apart and takes the venue's word. Entered by execution; does no I/O, and all sums are exact.
"""

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal

import msgspec

from arb_core.engine.money import minus, plus, times, total
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.order import Fill

__all__ = ["Drift", "Ledger", "Need", "need_of"]

_NOTHING = Decimal(0)


class Need(msgspec.Struct, frozen=True):
    """What one order takes at most."""

    venue: VenueName
    asset: Asset
    amount: Decimal


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A venue holds something else than the fills account for: a deposit, an order by hand, or a fault."""

    venue: VenueName
    asset: Asset
    expected: Decimal
    reported: Decimal

    @property
    def difference(self) -> Decimal:
        """How much more (+) or less (-) there is than expected."""
        return minus(self.reported, self.expected)


def need_of(venue: VenueName, symbol: Symbol, side: Side, quantity: Decimal, price: Decimal, *, fee: Decimal) -> Need:
    """Return what an order takes at most; `fee` is a fraction of the notional.

    A purchase takes the quote with the fee, whichever asset the venue will take it in; a sale takes the base alone,
    for its fee comes out of what it brings.
    """
    if side is Side.BUY:
        return Need(venue, Asset(symbol.quote), times(times(quantity, price), plus(Decimal(1), max(fee, _NOTHING))))
    return Need(venue, Asset(symbol.base), quantity)


class _Cell:
    """One asset on one venue."""

    __slots__ = ("expected", "free", "locked", "reserved")

    def __init__(self) -> None:
        self.free = _NOTHING
        self.locked = _NOTHING
        self.expected = _NOTHING
        self.reserved: dict[Hashable, Decimal] = {}


class Ledger:
    """Every balance and every promise. One owner: execution."""

    __slots__ = ("_cells",)

    def __init__(self) -> None:
        """Begin with nothing; `reconcile` brings what the venues report."""
        self._cells: dict[tuple[VenueName, Asset], _Cell] = {}

    def available(self, venue: VenueName, asset: Asset) -> Decimal:
        """Return what may still be promised; below zero where more is promised than is left."""
        cell = self._cells.get((venue, asset))
        if cell is None:
            return _NOTHING
        return minus(min(cell.free, minus(cell.expected, cell.locked)), total(cell.reserved.values()))

    def held(self, venue: VenueName, asset: Asset) -> Decimal:
        """Return what is owned there, promised or not: by our own account, which a late report does not shake."""
        cell = self._cells.get((venue, asset))
        return _NOTHING if cell is None else cell.expected

    def held_everywhere(self, asset: Asset) -> Decimal:
        """Return what is owned of one asset on all venues."""
        return total(cell.expected for (_, kept), cell in self._cells.items() if kept == asset)

    def reserved(self, venue: VenueName, asset: Asset) -> Decimal:
        """Return what is promised."""
        cell = self._cells.get((venue, asset))
        return _NOTHING if cell is None else total(cell.reserved.values())

    def reserve(self, holder: Hashable, needs: Iterable[Need]) -> bool:
        """Promise all that an intent needs, or nothing: False if any of it is not available.

        A holder's second promise adds to the first.
        """
        asked: dict[tuple[VenueName, Asset], Decimal] = {}
        for need in needs:
            place = need.venue, need.asset
            asked[place] = plus(asked.get(place, _NOTHING), need.amount)
        if any(self.available(*place) < amount for place, amount in asked.items()):
            return False
        self.hold(holder, [Need(*place, amount) for place, amount in asked.items()])
        return True

    def hold(self, holder: Hashable, needs: Iterable[Need]) -> None:
        """Promise what is committed already, available or not: an order found IN_DOUBT after a restart."""
        for need in needs:
            cell = self._cell(need.venue, need.asset)
            cell.reserved[holder] = plus(cell.reserved.get(holder, _NOTHING), need.amount)

    def release(self, holder: Hashable) -> None:
        """Take back every promise of a holder; harmless if it has none."""
        for cell in self._cells.values():
            cell.reserved.pop(holder, None)

    def book(self, venue: VenueName, symbol: Symbol, fill: Fill) -> None:
        """Move what a fill moved. The caller books each fill once: `orders` knows which are new."""
        base, quote = self._cell(venue, Asset(symbol.base)), self._cell(venue, Asset(symbol.quote))
        gained, paid = (base, quote) if fill.side is Side.BUY else (quote, base)
        cost = times(fill.quantity, fill.price)
        gained.expected = plus(gained.expected, fill.quantity if gained is base else cost)
        paid.expected = minus(paid.expected, fill.quantity if paid is base else cost)
        if fill.fee and fill.fee_asset is not None:
            cell = self._cell(venue, fill.fee_asset)
            cell.expected = minus(cell.expected, fill.fee)

    def report(self, venue: VenueName, balance: Balance) -> None:
        """Take a pushed balance, which may be ahead of our fills or behind: it is no proof of drift."""
        cell = self._cell(venue, balance.asset)
        cell.free, cell.locked = balance.free, balance.locked

    def reconcile(self, venue: VenueName, balances: Mapping[Asset, Balance]) -> list[Drift]:
        """Take a venue's whole account as the truth and return where it is not what was expected.

        To be called while no order of ours is under way there, with balances asked for after the last one was settled;
        an asset that is missing is zero.
        """
        drifts: list[Drift] = []
        places = {asset for kept, asset in self._cells if kept == venue} | set(balances)
        for asset in sorted(places):
            cell = self._cell(venue, asset)
            balance = balances.get(asset) or Balance(asset=asset, free=_NOTHING)
            reported = plus(balance.free, balance.locked)
            if reported != cell.expected:
                drifts.append(Drift(venue=venue, asset=asset, expected=cell.expected, reported=reported))
            cell.free, cell.locked, cell.expected = balance.free, balance.locked, reported
        return drifts

    def balances(self) -> dict[VenueName, dict[Asset, Balance]]:
        """Return what is owned as a venue would report it, for the journal."""
        found: dict[VenueName, dict[Asset, Balance]] = {}
        for (venue, asset), cell in self._cells.items():
            balance = Balance(asset=asset, free=minus(cell.expected, cell.locked), locked=cell.locked)
            found.setdefault(venue, {})[asset] = balance
        return found

    def _cell(self, venue: VenueName, asset: Asset) -> _Cell:
        return self._cells.setdefault((venue, asset), _Cell())
