"""Compares a venue with our books: at the start, when its private stream stands again, and on demand.

Open orders that are ours and that nobody cares for are cancelled and told; those of others are never touched. Balances
are compared while no order of ours is under way, and asked for a second time where they differ, for a venue shows a
fill and the money of it at different moments. What still differs is a drift: a deposit, an order by hand, or a fault.
It is told, written down, and the venue is believed.

Doing this twice does no more than doing it once, and it may be broken off anywhere. Entered by the trading session.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from arb_core.engine.ids import decode
from arb_core.engine.ledger import Drift, Ledger
from arb_core.engine.orders import Reported
from arb_core.engine.trading.alarms import Listeners, TradingAlarm
from arb_core.engine.trading.desk import Desk
from arb_core.engine.trading.stamps import Stamps
from arb_core.errors import OrderNotFound
from arb_core.interfaces.context import Clock
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, VenueName
from arb_core.structs.order import Order

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Reconciler", "VenueReport"]

_ROUNDING = Decimal("0.0000001")
"""Venues round what they book to their own digits, at most 8 of them; the ledger does not."""


class VenueReport(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing one venue brought."""

    venue: VenueName
    canceled: tuple[str, ...] = ()
    """Open orders of ours that nobody cared for, by their client order id."""
    drifts: tuple[Drift, ...] = ()
    trouble: str | None = None
    """Why it could not be compared; it is tried again."""


class Reconciler:
    """Compares venues, one at a time or several at once."""

    def __init__(
        self, *, ledger: Ledger, journal: "Journal", listeners: Listeners, clock: Clock, stamps: Stamps
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._listeners = listeners
        self._clock = clock
        self._stamps = stamps
        self._accounted: set[VenueName] = set()
        """Venues of which we know what should be there."""

    def remember(self, venue: VenueName) -> None:
        """Take what the journal accounts for, before the first comparison after a start."""
        for asset, amount in self._journal.expected(venue).items():
            self._accounted.add(venue)
            self._ledger.expect(venue, asset, amount)

    async def compare(self, desk: Desk) -> VenueReport:
        """Compare a venue; whatever its requests raise passes through, and then nothing is taken for granted."""
        canceled = await self.sweep(desk)
        balances = await self._balances(desk)
        if self._drifts(desk.venue, balances):
            await self._clock.sleep(desk.account.card.client_ids.history_lag_ns)
            balances = await self._balances(desk)
        drifts = self._drifts(desk.venue, balances)
        self._ledger.reconcile(desk.venue, balances)
        self._accounted.add(desk.venue)
        now_ns = self._stamps.now_ns()
        self._journal.balances(desk.venue, self._ledger.balances().get(desk.venue, {}), now_ns)
        self._journal.drifts(drifts, now_ns)
        for drift in drifts:
            detail = f"{drift.venue} holds {drift.reported:f} {drift.asset}, {drift.expected:f} were expected"
            self._listeners.alarm(TradingAlarm(name="drift", venue=drift.venue, detail=detail))
        return VenueReport(venue=desk.venue, canceled=tuple(canceled), drifts=tuple(drifts))

    async def sweep(self, desk: Desk) -> list[str]:
        """Cancel every open order of ours that nobody cares for; have those that somebody does asked for at once."""
        canceled: list[str] = []
        for order in await desk.account.private.get_open_orders():
            id_ = order.client_order_id
            if id_ is None or decode(id_, self._journal.owner) is None:
                continue
            ticket = desk.ticket(id_)
            if ticket is not None and not ticket.closed:
                desk.hear(ticket, Reported(order))
                ticket.ask()
                continue
            await self._cancel(desk, order)
            canceled.append(id_)
        return canceled

    async def _cancel(self, desk: Desk, order: Order) -> None:
        private, symbol = desk.account.private, desk.account.markets.symbol(order.pair)
        detail = f"{order.client_order_id} stood open on {desk.venue} though its trade has ended: it is cancelled"
        self._journal.note("orphan", detail, self._stamps.now_ns())
        self._listeners.alarm(TradingAlarm(name="orphan", venue=desk.venue, symbol=symbol, detail=detail))
        try:
            await private.cancel_order(symbol, order_id=order.order_id)
            ended = await private.get_order(symbol, order_id=order.order_id)
        except OrderNotFound:
            return  # it ended in this moment; what it filled shows as a drift
        desk.on_order(desk.venue, ended)
        if ended.filled:
            for fill in await private.get_fills(symbol, order.created_ns or 0, order_id=order.order_id):
                desk.on_fill(desk.venue, msgspec.structs.replace(fill, client_order_id=order.client_order_id))

    async def _balances(self, desk: Desk) -> Mapping[Asset, Balance]:
        """Ask for the whole account while no order of ours is under way, from before the question until the answer."""
        while True:
            await desk.idle.wait()
            sends = desk.sends
            balances = await desk.account.private.get_balances()
            if desk.idle.is_set() and desk.sends == sends:
                return balances

    def _drifts(self, venue: VenueName, balances: Mapping[Asset, Balance]) -> list[Drift]:
        if venue not in self._accounted:
            return []
        return [drift for drift in self._ledger.drifts(venue, balances) if abs(drift.difference) > _ROUNDING]
