"""What is ours on every venue, and how much of it may still be promised.

Two numbers are kept for each (venue, asset): what the venue last *reported*, and what we *expect* from the last
reconciliation and every fill since. A push from the venue and the fill that caused it arrive in either order, so for a
moment one of the two is ahead; what may be spent is the smaller:

    available = min(reported free, expected - reported locked) - reserved

which is never too much. When nothing is under way the two must agree: `drifts` compares them, `reconcile` takes the
venue's word. Promises have holders: an order what it takes at most, a trade what its fills brought, so that no other
trade spends it before this one has hedged. Entered by execution; does no I/O, and all sums are exact.
"""

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal

import msgspec

from arb_core.engine.money import minus, plus, times, total
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, Side, Symbol, VenueName

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

    __slots__ = ("about", "expected", "free", "locked", "reserved")

    def __init__(self) -> None:
        self.free = _NOTHING
        self.locked = _NOTHING
        self.expected = _NOTHING
        self.reserved: dict[Hashable, Decimal] = {}
        self.about: tuple[float, float] | None = 0.0, 0.0
        """`available` and `expected` as float64, None after a change until somebody asks."""

    def available(self) -> Decimal:
        return minus(min(self.free, minus(self.expected, self.locked)), total(self.reserved.values()))

    def roughly(self) -> tuple[float, float]:
        if self.about is None:
            self.about = float(self.available()), float(self.expected)
        return self.about

    def promise(self, holder: Hashable, amount: Decimal) -> None:
        """Change a holder's promise by some amount; one of nothing is none."""
        kept = plus(self.reserved.get(holder, _NOTHING), amount)
        if kept > 0:
            self.reserved[holder] = kept
        else:
            self.reserved.pop(holder, None)
        self.about = None


class Ledger:
    """Every balance and every promise. One owner: the trading session."""

    __slots__ = ("_cells", "_held", "_of_asset")

    def __init__(self) -> None:
        """Begin with nothing; `reconcile` brings what the venues report."""
        self._cells: dict[tuple[VenueName, Asset], _Cell] = {}
        self._of_asset: dict[Asset, list[_Cell]] = {}
        self._held: dict[Hashable, dict[int, _Cell]] = {}
        """By holder: the cells where it has, or had, a promise; by their identity."""

    def available(self, venue: VenueName, asset: Asset) -> Decimal:
        """Return what may still be promised; below zero where more is promised than is left."""
        cell = self._cells.get((venue, asset))
        return _NOTHING if cell is None else cell.available()

    def about(self, venue: VenueName, asset: Asset) -> float:
        """Return `available` as float64, without arithmetic while nothing changed: for the first look at a sighting."""
        cell = self._cells.get((venue, asset))
        return 0.0 if cell is None else cell.roughly()[0]

    def about_held(self, venue: VenueName, asset: Asset) -> float:
        """Return `held`, likewise."""
        cell = self._cells.get((venue, asset))
        return 0.0 if cell is None else cell.roughly()[1]

    def about_held_everywhere(self, asset: Asset) -> float:
        """Return `held_everywhere`, likewise."""
        return sum(cell.roughly()[1] for cell in self._of_asset.get(asset, ()))

    def spendable(self, holder: Hashable, venue: VenueName, asset: Asset) -> Decimal:
        """Return what a holder may spend: its own promise, which a late report does not shake, and what is free."""
        cell = self._cells.get((venue, asset))
        if cell is None:
            return _NOTHING
        return plus(cell.reserved.get(holder, _NOTHING), max(cell.available(), _NOTHING))

    def held(self, venue: VenueName, asset: Asset) -> Decimal:
        """Return what is owned there, promised or not: by our own account, which a late report does not shake."""
        cell = self._cells.get((venue, asset))
        return _NOTHING if cell is None else cell.expected

    def held_everywhere(self, asset: Asset) -> Decimal:
        """Return what is owned of one asset on all venues."""
        return total(cell.expected for cell in self._of_asset.get(asset, ()))

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
            self._promise(holder, self._cell(need.venue, need.asset), need.amount)

    def release(self, holder: Hashable) -> None:
        """Take back every promise of a holder; harmless if it has none."""
        for cell in self._held.pop(holder, {}).values():
            cell.reserved.pop(holder, None)
            cell.about = None

    def lend(self, trade: Hashable, order: Hashable, need: Need) -> None:
        """Promise an order what it needs, as far as possible out of what is promised to its trade."""
        cell = self._cell(need.venue, need.asset)
        own = min(cell.reserved.get(trade, _NOTHING), need.amount)
        self._promise(trade, cell, minus(_NOTHING, own))
        self._promise(order, cell, need.amount)

    def give_back(self, order: Hashable, trade: Hashable) -> None:
        """Promise to its trade what an order, which has ended, did not spend."""
        for cell in self._held.pop(order, {}).values():
            left = cell.reserved.pop(order, _NOTHING)
            self._promise(trade, cell, left)

    def move(
        self, venue: VenueName, moves: Mapping[Asset, Decimal], *, order: Hashable, trade: Hashable | None
    ) -> None:
        """Book what fills moved (`orders.moves`): the caller books each difference once.

        What is paid comes out of what was promised to the order, then to its trade; what comes in is promised to the
        trade, unless that has ended (None).
        """
        for asset, amount in moves.items():
            cell = self._cell(venue, asset)
            cell.expected = plus(cell.expected, amount)
            cell.about = None
            if amount >= 0:
                if trade is not None:
                    self._promise(trade, cell, amount)
                continue
            left = minus(_NOTHING, amount)
            for holder in (order, trade):
                paid = min(cell.reserved.get(holder, _NOTHING), left)
                self._promise(holder, cell, minus(_NOTHING, paid))
                left = minus(left, paid)

    def report(self, venue: VenueName, balance: Balance) -> None:
        """Take a pushed balance, which may be ahead of our fills or behind: it is no proof of drift."""
        cell = self._cell(venue, balance.asset)
        cell.free, cell.locked, cell.about = balance.free, balance.locked, None

    def expect(self, venue: VenueName, asset: Asset, amount: Decimal) -> None:
        """Say what should be there: after a restart, what the journal accounts for."""
        cell = self._cell(venue, asset)
        cell.expected, cell.about = amount, None

    def drifts(self, venue: VenueName, balances: Mapping[Asset, Balance]) -> list[Drift]:
        """Compare a venue's whole account with what is expected there; an asset that is missing is zero.

        Means something only while no order of ours is under way there, with balances that were asked for after the
        last one was settled.
        """
        places = {asset for kept, asset in self._cells if kept == venue} | set(balances)
        found = [
            Drift(
                venue=venue,
                asset=asset,
                expected=self.held(venue, asset),
                reported=_NOTHING if (balance := balances.get(asset)) is None else plus(balance.free, balance.locked),
            )
            for asset in sorted(places)
        ]
        return [drift for drift in found if drift.difference]

    def reconcile(self, venue: VenueName, balances: Mapping[Asset, Balance]) -> list[Drift]:
        """Take a venue's whole account as the truth and return where it is not what was expected, as `drifts`."""
        drifts = self.drifts(venue, balances)
        for asset in {asset for kept, asset in self._cells if kept == venue} | set(balances):
            cell = self._cell(venue, asset)
            balance = balances.get(asset) or Balance(asset=asset, free=_NOTHING)
            cell.free, cell.locked, cell.about = balance.free, balance.locked, None
            cell.expected = plus(balance.free, balance.locked)
        return drifts

    def balances(self) -> dict[VenueName, dict[Asset, Balance]]:
        """Return what is owned as a venue would report it, for the journal."""
        found: dict[VenueName, dict[Asset, Balance]] = {}
        for (venue, asset), cell in self._cells.items():
            balance = Balance(asset=asset, free=minus(cell.expected, cell.locked), locked=cell.locked)
            found.setdefault(venue, {})[asset] = balance
        return found

    def _cell(self, venue: VenueName, asset: Asset) -> _Cell:
        cell = self._cells.get((venue, asset))
        if cell is None:
            cell = self._cells[venue, asset] = _Cell()
            self._of_asset.setdefault(asset, []).append(cell)
        return cell

    def _promise(self, holder: Hashable, cell: _Cell, amount: Decimal) -> None:
        if amount:
            cell.promise(holder, amount)
            self._held.setdefault(holder, {})[id(cell)] = cell
