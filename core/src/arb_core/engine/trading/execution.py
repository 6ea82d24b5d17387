"""One trade's life: intent on record, legs out, what did not fill alike dealt with, result on record.

    committed? -- no --> nothing was sent
    still worth it? -- no --> nothing was sent, and the journal says so
    legs together, or in turn, each from what is really held
    all settled? -> legs.decide -> HEDGE or UNWIND, on record first -> ... -> DONE or STOP

A trade waits for its own orders and for nothing else. At most one order is ever sent under one (intent, leg, attempt),
and a further attempt only after the earlier ones' ends are known with every fill and fee. Whatever cannot be finished
is left as it is, told, and written down. Entered by the trading session, which owns the tasks.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from arb_core.engine.fixes import FeeIn, Fix, follow_on
from arb_core.engine.hops import Hops
from arb_core.engine.ledger import Ledger
from arb_core.engine.legs import Decision, LegPolicy, Step, decide, result_of
from arb_core.engine.money import plus
from arb_core.engine.orders import TrackedOrder, moves
from arb_core.engine.risk import Admission, ProposedLeg
from arb_core.engine.trade import Intent, OrderPlan, TradeLeg, TradeResult
from arb_core.engine.trading.alarms import Listeners, TradingAlarm
from arb_core.engine.trading.desk import Desk
from arb_core.engine.trading.lanes import Lanes
from arb_core.engine.trading.marks import marks_of
from arb_core.engine.trading.settings import TradingSettings
from arb_core.engine.trading.stamps import Stamps
from arb_core.engine.trading.ticket import Ticket
from arb_core.engine.trading.ways import ways_of
from arb_core.engine.view import EngineView
from arb_core.errors import JournalUnavailable
from arb_core.interfaces.context import Clock
from arb_core.structs.book import BookState
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Execution", "Trade"]

_NOTHING = Decimal(0)
_LOOK_AGAIN_NS = 100_000_000
"""Pause before a market that could not be read is looked at again."""


class Trade:
    """One open trade: what was decided, and its orders so far."""

    __slots__ = ("intent", "legs", "proposed", "seen_ns", "set_off_ns", "tickets")

    def __init__(
        self,
        intent: Intent,
        legs: Sequence[TradeLeg],
        proposed: Sequence[ProposedLeg],
        monotonic_ns: int,
        set_off_ns: int | None = None,
    ) -> None:
        self.intent = intent
        self.legs = tuple(legs)
        self.proposed = tuple(proposed)
        """The entries as they were sized; empty for a trade that an earlier process began."""
        self.seen_ns = monotonic_ns
        self.set_off_ns = monotonic_ns if set_off_ns is None else set_off_ns
        """When the message arrived that set it off, by the monotonic clock."""
        self.tickets: list[Ticket] = []

    @property
    def orders(self) -> list[TrackedOrder]:
        """Every order, as it stands."""
        return [ticket.order for ticket in self.tickets]

    @property
    def venues(self) -> list[VenueName]:
        """Where it goes, each once."""
        return list(dict.fromkeys(leg.venue for leg in self.legs))


class Execution:
    """Carries trades out. Keeps nothing of them: a trade holds its own orders, a desk their facts."""

    def __init__(
        self,
        *,
        desks: Mapping[VenueName, Desk],
        lanes: Lanes,
        ledger: Ledger,
        journal: "Journal",
        view: EngineView,
        policy: LegPolicy,
        settings: TradingSettings,
        clock: Clock,
        stamps: Stamps,
        listeners: Listeners,
        closed: Callable[[], Admission | None],
        hops: Hops,
    ) -> None:
        """Ask `closed` before the first order leaves: why nothing may begin any more, None while it may."""
        self._desks = desks
        self._lanes = lanes
        self._ledger = ledger
        self._journal = journal
        self._view = view
        self._policy = policy
        self._settings = settings
        self._clock = clock
        self._stamps = stamps
        self._listeners = listeners
        self._closed = closed
        self._hops = hops

    async def run(self, trade: Trade) -> TradeResult | None:
        """Carry a new trade out; None where its intent did not get into the journal."""
        first = trade.proposed if trade.intent.plan is Plan.TOGETHER else trade.proposed[:1]
        plans = [self._entry(trade, number, leg.quantity) for number, leg in enumerate(first)]
        try:
            await self._journal.intend(trade.intent, plans)
        except JournalUnavailable:
            return None
        self._hops.commit.add(self._clock.monotonic_ns() - trade.seen_ns)
        reason = self._spoilt(trade)
        if reason is not None:
            trade.tickets = [self._desks[plan.venue].withhold(plan, reason) for plan in plans]
            return self._result(trade, stopped=False, detail=f"nothing was sent: {reason}")
        trade.tickets = [self._desks[plan.venue].send(plan) for plan in plans]
        await self._settled(trade)
        self._hops.whole.add(self._clock.monotonic_ns() - trade.set_off_ns)
        if trade.intent.plan is Plan.IN_TURN:
            await self._go_on(trade)
        return await self.finish(trade)

    async def account_for(self, trade: Trade) -> TradeResult | None:
        """Wait until every order is settled; say what a trade came to that needs nothing more, None for another."""
        await self._settled(trade)
        decision = self._decide(trade)
        if decision.step is not Step.DONE or any(order.violation for order in trade.orders):
            return None
        return self._result(trade, stopped=False, detail=decision.detail if decision.residues else "")

    def count_anew(self, trade: Trade, former: TradeResult) -> TradeResult:
        """Say what a trade that has ended came to, now that more is known of its orders; nothing more is sent."""
        violation = next((f"{o.plan.client_order_id}: {o.violation}" for o in trade.orders if o.violation), None)
        decision = self._decide(trade)
        stopped = violation is not None or decision.step is not Step.DONE
        detail = "counted anew: an order of it was heard of after it had ended"
        if stopped:
            left = ", ".join(f"{amount:+f} {asset}" for asset, amount in decision.residues.items())
            detail = f"{left} is left unpaired, {detail}" if left else detail
        result = self._result(trade, stopped=stopped, detail=detail if violation is None else f"{violation}; {detail}")
        return msgspec.structs.replace(result, ended_ns=former.ended_ns)

    async def finish(self, trade: Trade) -> TradeResult:
        """Wait until every order is settled, deal with what is unpaired, and say what the trade came to."""
        settings = self._settings
        patience_ns = settings.fix_patience_ns if trade.proposed else settings.recover_patience_ns
        patient_until_ns: int | None = None
        fruitless = 0
        while True:
            await self._settled(trade)
            violation = next((f"{o.plan.client_order_id}: {o.violation}" for o in trade.orders if o.violation), None)
            if violation is not None:
                self._alarm("violation", trade, violation)
                return self._result(trade, stopped=True, detail=violation)
            decision = self._decide(trade)
            if decision.step is Step.DONE:
                return self._result(trade, stopped=False, detail=decision.detail if decision.residues else "")
            now_ns = self._clock.monotonic_ns()
            patient_until_ns = patient_until_ns or now_ns + patience_ns
            if decision.fix is None:
                if self._blind(trade) and now_ns < patient_until_ns:
                    await self._clock.sleep(_LOOK_AGAIN_NS)
                    continue
                return self._stop(trade, decision, decision.detail)
            try:
                ticket = await self._fix(trade, decision.fix)
            except JournalUnavailable as error:
                if now_ns < patient_until_ns:
                    await self._clock.sleep(_LOOK_AGAIN_NS)
                    continue
                return self._stop(trade, decision, f"the journal takes no further order: {error}")
            patient_until_ns = None
            await ticket.settled.wait()
            if ticket.order.filled:
                fruitless = 0
            else:
                # Refused, or nothing was left at that price: the next look is better a little later.
                await self._clock.sleep(min(settings.poll_ns << fruitless, settings.longest_poll_ns))
                fruitless += 1

    # -- entries

    def _entry(self, trade: Trade, number: int, quantity: Decimal) -> OrderPlan:
        leg = trade.proposed[number]
        return OrderPlan(
            client_order_id=self._journal.client_order_id(trade.intent.id, number, 0),
            intent=trade.intent.id,
            leg=number,
            attempt=0,
            venue=leg.venue,
            symbol=leg.symbol,
            side=leg.side,
            quantity=quantity,
            price=leg.price,
            intended_ns=self._stamps.now_ns(),
        )

    def _spoilt(self, trade: Trade) -> str | None:
        """Return why orders whose intent is on record now are better not sent: the disk may have been slow."""
        closed = self._closed()
        if closed is not None:
            return f"{closed.reasons[0].name}: {closed.reasons[0].detail}"
        age_ns = self._clock.monotonic_ns() - trade.seen_ns
        if age_ns > self._settings.max_intent_age_ns:
            most = self._settings.max_intent_age_ns
            return f"its commit took {age_ns / 1e6:.0f} ms, {most / 1e6:.0f} ms may pass"
        for leg in trade.proposed:
            book = self._view.book(leg.symbol, leg.venue)
            if book is None or book.state is not BookState.LIVE:
                return f"the book of {leg.symbol} on {leg.venue} is no longer live"
            best, limit = (book.ask, float(leg.price)) if leg.side is Side.BUY else (-book.bid, -float(leg.price))
            if not best <= limit:
                return f"{leg.symbol} on {leg.venue} has moved to {abs(best):.10g}, {leg.price:f} was accepted"
        return None

    async def _go_on(self, trade: Trade) -> None:
        """Send the further legs of a trade in turn, each for what the one before it really brought."""
        for number in range(1, len(trade.proposed)):
            leg = trade.proposed[number]
            desk = self._desks[leg.venue]
            pays = Asset(leg.symbol.quote if leg.side is Side.BUY else leg.symbol.base)
            held = _NOTHING
            for order in trade.orders:
                if order.plan.venue == leg.venue:
                    held = plus(held, moves(order).get(pays, _NOTHING))
            # A fee that is taken out of what is bought, or of a third asset, needs nothing kept back.
            fee = desk.fee(leg.symbol) if self._lanes.fee_in(leg.venue) is FeeIn.QUOTE else _NOTHING
            quantity = follow_on(desk.account.markets.instrument(leg.symbol), leg.side, held, leg.price, fee=fee)
            if not quantity or any(order.violation for order in trade.orders):
                return
            plan = self._entry(trade, number, quantity)
            try:
                await self._journal.intend_more([plan])
            except JournalUnavailable:
                return  # what is held is unwound, as soon as that can be written down
            trade.tickets.append(desk.send(plan))
            await self._settled(trade)

    # -- what did not fill alike

    def _decide(self, trade: Trade) -> Decision:
        orders = trade.orders
        ways = ways_of(
            trade.intent,
            trade.legs,
            orders,
            desks=self._desks,
            lanes=self._lanes,
            ledger=self._ledger,
            view=self._view,
        )
        return decide(
            orders,
            money=trade.intent.money,
            ways=ways,
            policy=self._policy,
            marks=marks_of(orders, trade.intent.money, self._view, self._fee),
        )

    def _blind(self, trade: Trade) -> bool:
        """Whether some book of the trade cannot be read now: waiting may help."""
        books = [self._view.book(leg.symbol, leg.venue) for leg in trade.legs]
        return any(book is not None and book.state is not BookState.LIVE for book in books)

    async def _fix(self, trade: Trade, fix: Fix) -> Ticket:
        """Put a hedge or an unwind on record and send it."""
        attempt = 1 + max((order.plan.attempt for order in trade.orders if order.plan.leg == fix.leg), default=0)
        plan = OrderPlan(
            client_order_id=self._journal.client_order_id(trade.intent.id, fix.leg, attempt),
            intent=trade.intent.id,
            leg=fix.leg,
            attempt=attempt,
            purpose=fix.purpose,
            venue=fix.venue,
            symbol=fix.symbol,
            side=fix.side,
            quantity=fix.quantity,
            price=fix.price,
            intended_ns=self._stamps.now_ns(),
        )
        await self._journal.intend_more([plan])
        ticket = self._desks[plan.venue].send(plan)
        trade.tickets.append(ticket)
        return ticket

    # -- the end

    async def _settled(self, trade: Trade) -> None:
        """Wait until every order of the trade is settled; one that was may be heard of once more."""
        while waiting := [ticket for ticket in trade.tickets if not ticket.order.settled]:
            await waiting[0].settled.wait()

    def _stop(self, trade: Trade, decision: Decision, why: str) -> TradeResult:
        left = ", ".join(f"{amount:+f} {asset}" for asset, amount in decision.residues.items())
        detail = f"{left} is left unpaired: {why}"
        self._alarm("stopped", trade, f"{trade.intent.symbol}: {detail}")
        return self._result(trade, stopped=True, detail=detail)

    def _result(self, trade: Trade, *, stopped: bool, detail: str) -> TradeResult:
        orders = trade.orders
        return result_of(
            trade.intent,
            orders,
            stopped=stopped,
            marks=marks_of(orders, trade.intent.money, self._view, self._fee),
            ended_ns=self._stamps.now_ns(),
            detail=detail,
        )

    def _fee(self, venue: VenueName, symbol: Symbol) -> Decimal:
        desk = self._desks.get(venue)
        return _NOTHING if desk is None else desk.fee(symbol)

    def _alarm(self, name: str, trade: Trade, detail: str) -> None:
        self._journal.note(name, detail, self._stamps.now_ns(), intent=trade.intent.id)
        self._listeners.alarm(
            TradingAlarm(name=name, symbol=trade.intent.symbol, intent=trade.intent.id, detail=detail)
        )
