"""Asks a venue for one order: where it stands, what it filled, and at last whether it ever stood.

An order whose answer is known is asked for by its id; one whose fate is not known is looked for in every place that the
venue has: by its client order id, among the open orders, in the history and among the fills. It counts as absent only
when all of these, each begun after the venue can neither accept it any more nor be late with showing it, lacked it
(`orders.absence_proved`). Entered by the desk, which hears what is found; whatever a request raises passes through.
"""

from collections.abc import Callable, Iterable

from arb_core.engine.orders import (
    Filled,
    Gone,
    Look,
    OrderEvent,
    Reported,
    absence_proved,
    looks_needed,
    search_from_ns,
)
from arb_core.engine.trade import OrderState
from arb_core.engine.trading.ticket import Ticket
from arb_core.errors import OrderNotFound
from arb_core.interfaces.account import Account
from arb_core.interfaces.context import Clock
from arb_core.structs.card import Capability
from arb_core.structs.order import Fill, Order, OrderId

__all__ = ["Search"]

_SECOND = 1_000_000_000

_BEFORE_NS = 300 * _SECOND
"""Lists are asked for from so long before an order was intended: the venue's clock may be behind ours."""

_STRANGERS = 1_000
"""Orders of others that are remembered as such."""


class Search:
    """One venue's orders, asked for one by one."""

    def __init__(
        self,
        account: Account,
        clock: Clock,
        hear: Callable[[Ticket, OrderEvent], bool],
        known: Callable[[Fill], bool],
    ) -> None:
        """Tell `hear` what is found, which answers whether it was news; `known` says whether a fill's order is ours."""
        self._account = account
        self._clock = clock
        self._hear = hear
        self._known = known
        self._needed = looks_needed(account.card)
        self._strangers: dict[OrderId, None] = {}

    def from_ns(self, ticket: Ticket) -> int:
        """Return when, by the monotonic clock, an empty look begins to mean something."""
        return search_from_ns(ticket.unknown_ns, self._account.card.client_ids)

    async def ask(self, ticket: Ticket) -> None:
        """Ask once in every place that can tell what is not known yet."""
        found = await self._lookup(ticket)
        if found and ticket.order.state in {OrderState.OPEN, OrderState.PARTIALLY_FILLED}:
            return
        if ticket.order.amount_known:
            if not ticket.order.settled:
                await self._fills(ticket)
            return
        if not found:
            await self._open(ticket)
            if Capability.ORDER_HISTORY in self._account.card.capabilities:
                await self._history(ticket)
        await self._fills(ticket)
        if absence_proved(ticket.missed, self._needed, self.from_ns(ticket)):
            self._hear(ticket, Gone(self._clock.now_ns()))

    async def cancel(self, ticket: Ticket) -> None:
        """Ask the venue to cancel an order that should have ended by itself; what it ended as, `ask` tells."""
        private, order = self._account.private, ticket.order
        symbol = order.plan.symbol
        try:
            if order.order_id is None:
                await private.cancel_order(symbol, client_order_id=order.plan.client_order_id)
            else:
                await private.cancel_order(symbol, order_id=order.order_id)
        except OrderNotFound:
            return  # it has ended meanwhile

    async def _lookup(self, ticket: Ticket) -> bool:
        """Ask for it by the best id there is; return whether it was found."""
        order, rule = ticket.order, self._account.card.client_ids
        begun_ns = self._clock.monotonic_ns()
        try:
            if order.order_id is not None:
                report = await self._account.private.get_order(order.plan.symbol, order_id=order.order_id)
            elif rule.lookup != "none":
                report = await self._account.private.get_order(
                    order.plan.symbol, client_order_id=order.plan.client_order_id
                )
            else:
                return False
        except OrderNotFound:
            ticket.missed[Look.LOOKUP] = begun_ns
            return False
        return self._found(ticket, Look.LOOKUP, [report])

    async def _open(self, ticket: Ticket) -> None:
        begun_ns = self._clock.monotonic_ns()
        reports = await self._account.private.get_open_orders(ticket.order.plan.symbol)
        if not self._found(ticket, Look.OPEN, self._ours(ticket, reports)):
            ticket.missed[Look.OPEN] = begun_ns

    async def _history(self, ticket: Ticket) -> None:
        plan, begun_ns = ticket.order.plan, self._clock.monotonic_ns()
        reports = await self._account.private.get_order_history(plan.symbol, plan.intended_ns - _BEFORE_NS)
        if not self._found(ticket, Look.HISTORY, self._ours(ticket, reports)):
            ticket.missed[Look.HISTORY] = begun_ns

    async def _fills(self, ticket: Ticket) -> None:
        order, begun_ns = ticket.order, self._clock.monotonic_ns()
        plan = order.plan
        fills = await self._account.private.get_fills(
            plan.symbol, plan.intended_ns - _BEFORE_NS, order_id=order.order_id
        )
        news, open_question = False, False
        for fill in fills:
            if fill.client_order_id is None and fill.order_id != ticket.order.order_id:
                open_question |= not await self._attributed(ticket, fill)
            if fill.client_order_id == plan.client_order_id or fill.order_id == ticket.order.order_id:
                news |= self._hear(ticket, Filled(fill))
        if news or open_question:
            ticket.missed.pop(Look.FILLS, None)
        else:
            ticket.missed[Look.FILLS] = begun_ns

    async def _attributed(self, ticket: Ticket, fill: Fill) -> bool:
        """Find out whose a fill is that names no client order; return whether that is known now.

        Some venues list fills with their own ids alone, and of an order in doubt we know no id of theirs.
        """
        if ticket.order.order_id is not None or fill.order_id in self._strangers or self._known(fill):
            return True
        try:
            report = await self._account.private.get_order(ticket.order.plan.symbol, order_id=fill.order_id)
        except OrderNotFound:
            return False
        if not self._found(ticket, Look.LOOKUP, self._ours(ticket, [report])):
            self._strangers[fill.order_id] = None
            if len(self._strangers) > _STRANGERS:
                self._strangers.pop(next(iter(self._strangers)))
        return True

    def _ours(self, ticket: Ticket, reports: Iterable[Order]) -> list[Order]:
        order = ticket.order
        return [
            report
            for report in reports
            if report.client_order_id == order.plan.client_order_id
            or (report.client_order_id is None and report.order_id == order.order_id)
        ]

    def _found(self, ticket: Ticket, look: Look, reports: Iterable[Order]) -> bool:
        found = False
        for report in reports:
            found = True
            ticket.missed.pop(look, None)
            self._hear(ticket, Reported(report))
        return found
