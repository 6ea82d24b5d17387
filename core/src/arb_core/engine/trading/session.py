"""The trading session: joins verdicts, risk, journal, execution and ledger, and owns every task of them.

    trading = Trading(detection, accounts, journal, limits=..., policy=..., tasks=owner)
    trading.listen(result=..., alarm=...)
    await trading.start()          # trades found unfinished are taken up, venues compared
    ...
    left = await trading.stop(timeout_ns)

From a verdict to an admission everything happens inside the detection session's call. A trade that is admitted is a
task; it alone waits for the journal and for the venues.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from arb_core.engine.ids import IntentId
from arb_core.engine.journal.records import Counted, Unfinished
from arb_core.engine.ledger import Ledger, Need
from arb_core.engine.legs import LegPolicy
from arb_core.engine.money import plus
from arb_core.engine.orders import TrackedOrder, moves
from arb_core.engine.risk import Admission, Limits, Proposal, Reason
from arb_core.engine.session import DetectionSession
from arb_core.engine.trade import Intent, Purpose, TradeLeg, TradeResult
from arb_core.engine.trading.alarms import (
    AdmissionListener,
    FillListener,
    Listeners,
    OrderListener,
    ResultListener,
    RevisionListener,
    TradingAlarm,
    TradingAlarmListener,
)
from arb_core.engine.trading.crew import Crew
from arb_core.engine.trading.desk import Desk
from arb_core.engine.trading.execution import Execution, Trade
from arb_core.engine.trading.gate import Gate
from arb_core.engine.trading.keeper import Keeper
from arb_core.engine.trading.lanes import Lanes
from arb_core.engine.trading.latches import Latches
from arb_core.engine.trading.late import Late
from arb_core.engine.trading.reconcile import Reconciler, VenueReport
from arb_core.engine.trading.settings import TradingSettings
from arb_core.engine.trading.stamps import Stamps
from arb_core.engine.trading.status import OpenTrade, TradingStatus, open_trade
from arb_core.engine.trading.ticket import Ticket
from arb_core.engine.trading.watch import keep_countdown, watch_latch
from arb_core.errors import Unrecordable
from arb_core.interfaces.account import Account
from arb_core.runtime.tasks import TaskOwner, within
from arb_core.structs.account import Balance
from arb_core.structs.card import Capability
from arb_core.structs.market import Asset, VenueName
from arb_core.structs.opportunity import Opportunity, Plan, Verdict

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Trading"]

_LOG = logging.getLogger(__name__)

_LAST_NS = 1_000_000_000
"""What a venue is given to disarm its countdown when all time is used up."""


class Trading:
    """Trades what a detection session finds executable."""

    def __init__(
        self,
        detection: DetectionSession,
        accounts: Mapping[VenueName, Account],
        journal: "Journal",
        *,
        limits: Limits,
        policy: LegPolicy,
        tasks: TaskOwner,
        settings: TradingSettings | None = None,
    ) -> None:
        """Take everything that is needed; nothing happens before `start`. The accounts stay their owner's."""
        self.limits = limits
        self.settings = settings or TradingSettings()
        self.listeners = Listeners()
        self.ledger = Ledger()
        self._detection = detection
        self._view = detection.market
        self._clock = detection.market.clock
        self._stamps = Stamps(self._clock)
        self._journal = journal
        self._crew = Crew(tasks, self._defect)
        self._trades: dict[IntentId, Trade] = {}
        self._unlisten: list[Callable[[], None]] = []
        self._lanes = Lanes(self._view)
        self._latches = Latches(
            journal, limits, self._clock, self._crew, alarm=self.listeners.alarm, halted=self._sweep_all
        )
        self._desks = {
            name: Desk(
                account,
                ledger=self.ledger,
                lanes=self._lanes,
                latches=self._latches,
                journal=journal,
                listeners=self.listeners,
                settings=self.settings,
                clock=self._clock,
                stamps=self._stamps,
                tasks=self._crew,
                changed=self._compare_again,
                late=self._count_anew,
                hops=detection.hops,
            )
            for name, account in accounts.items()
        }
        self._gate = Gate(
            desks=self._desks,
            lanes=self._lanes,
            ledger=self.ledger,
            latches=self._latches,
            limits=limits,
            policy=policy,
            settings=self.settings,
            journal=journal,
            clock=self._clock,
            open_trades=self._trades.__len__,
        )
        self._execution = Execution(
            desks=self._desks,
            lanes=self._lanes,
            ledger=self.ledger,
            journal=journal,
            view=self._view,
            policy=policy,
            settings=self.settings,
            clock=self._clock,
            stamps=self._stamps,
            listeners=self.listeners,
            closed=self._gate.closed,
            hops=detection.hops,
        )
        self._reconciler = Reconciler(
            ledger=self.ledger, journal=journal, listeners=self.listeners, clock=self._clock, stamps=self._stamps
        )
        self._keepers = {
            name: Keeper(desk, self._reconciler, self.listeners, self._clock) for name, desk in self._desks.items()
        }
        self._late = Late(
            journal=journal,
            latches=self._latches,
            listeners=self.listeners,
            clock=self._clock,
            current=self._current,
            count=self._counted,
        )
        self._moved = asyncio.Event()
        """A trade has ended."""

    def listen(
        self,
        *,
        admission: AdmissionListener | None = None,
        order: OrderListener | None = None,
        fill: FillListener | None = None,
        result: ResultListener | None = None,
        revision: RevisionListener | None = None,
        alarm: TradingAlarmListener | None = None,
    ) -> None:
        """Add listeners: plain functions, called at once; one that raises is taken out and told."""
        self.listeners.add(admission=admission, order=order, fill=fill, result=result, revision=revision, alarm=alarm)

    # -- life

    async def start(self) -> None:
        """Take up what an earlier process left, begin to compare every venue, and listen to opportunities.

        Nothing is admitted on a venue before it has been compared. Returns at once; `reconciled` waits.
        """
        self._latches.read()
        self._journal.listen(self._journal_fault, self._journal_loss)
        unfinished = self._journal.unfinished()
        for name, desk in self._desks.items():
            self._reconciler.remember(name)
            self._unlisten.append(desk.account.listen(desk))
        for found in unfinished:
            self._take_up(found)
        for intent in self._late.left():
            self._count_anew(intent)
        for name, desk in self._desks.items():
            self._crew.spawn(self._keepers[name].keep(), f"arb-{name}-reconcile")
            timeout_ns = self.settings.countdown_ns
            if timeout_ns is not None and Capability.COUNTDOWN_CANCEL in desk.account.card.capabilities:
                self._crew.spawn(
                    keep_countdown(desk, timeout_ns, self._latches, self.listeners, self._clock),
                    f"arb-{name}-countdown",
                )
        self._crew.spawn(
            watch_latch(self._journal, self._latches, self.settings, self._clock, self._unread), "arb-latch"
        )
        self._detection.listen(opportunity=self.on_opportunity)

    async def reconciled(self) -> None:
        """Wait until every venue has been compared, however long that takes."""
        for keeper in self._keepers.values():
            await keeper.agreed.wait()

    def reports(self) -> list[VenueReport]:
        """Return what comparing each venue has brought since the start, as far as it was compared."""
        return [keeper.found for keeper in self._keepers.values() if keeper.found is not None]

    async def reconcile(self) -> list[VenueReport]:
        """Compare every venue now; nothing new goes to one meanwhile. One that fails is reported with its trouble."""
        return list(await asyncio.gather(*(keeper.report() for keeper in self._keepers.values())))

    async def finished(self) -> None:
        """Wait until no trade is open."""
        while self._trades:
            self._moved.clear()
            await self._moved.wait()

    def kill(self, reason: str) -> None:
        """Begin nothing new from now on, until a person lifts it; trades in flight finish, positions stay."""
        self._latches.kill(reason)

    async def stop(self, timeout_ns: int) -> list[OpenTrade]:
        """Begin nothing new, let trades in flight finish for so long, and return those that have not.

        Where a countdown is to be disarmed, that may take a second more.

        What is left stays unfinished in the journal: the next start takes it up.
        """
        self._gate.stopping = True
        until_ns = self._clock.monotonic_ns() + timeout_ns
        await within(self._clock, timeout_ns, self._wind_down())
        left = self.open_trades()
        await self._crew.dismiss()
        for unlisten in self._unlisten:
            unlisten()
        self._unlisten.clear()
        if self.settings.countdown_ns is not None:
            await within(self._clock, max(until_ns - self._clock.monotonic_ns(), _LAST_NS), self._disarm())
        return left

    def open_trades(self) -> list[OpenTrade]:
        """Return every trade that has not ended, oldest first."""
        return [open_trade(trade) for trade in self._trades.values()]

    def status(self) -> TradingStatus:
        """Return how trading stands."""
        closed = self._gate.closed()
        return TradingStatus(
            closed=None if closed is None else closed.reasons[0],
            risk=self._latches.state,
            open=tuple(self.open_trades()),
            admitted=self._gate.admitted,
            refused=dict(self._gate.refused),
            venues={name: desk.unreconciled for name, desk in self._desks.items()},
            in_doubt=sum(len(ids) for desk in self._desks.values() for ids in desk.in_doubt.values()),
        )

    # -- from a verdict to a trade

    def on_opportunity(self, opportunity: Opportunity, verdict: Verdict) -> None:
        """Judge account and moment, and begin the trade that is admitted."""
        if not verdict.executable:
            return
        try:
            admission, proposal = self._gate.judge(opportunity)
            if proposal is not None:
                admission = self._begin(opportunity, proposal)
        except Exception as error:  # noqa: BLE001 (a mistake of ours, which must not take the market with it)
            self._defect("arb-gate", error)
            return
        self.listeners.admission(opportunity, admission)

    def _begin(self, opportunity: Opportunity, proposal: Proposal) -> Admission:
        intent_id = self._journal.next_intent()
        sent_first = proposal.legs if proposal.plan is Plan.TOGETHER else proposal.legs[:1]
        needs: list[Need] = [leg.need for leg in sent_first]
        if not self.ledger.reserve(intent_id, needs):
            return Admission(admitted=False, reasons=(Reason("balance", "it was promised to others meanwhile"),))
        now_ns = self._stamps.now_ns()
        intent = Intent(
            id=intent_id,
            strategy=opportunity.strategy,
            symbol=opportunity.symbol,
            plan=proposal.plan,
            money=proposal.money,
            notional=proposal.notional,
            edge_bps=opportunity.edge_bps,
            created_ns=now_ns,
            detected_ns=opportunity.detected_ns,
            legs=tuple(TradeLeg(number, leg.venue, leg.symbol, leg.side) for number, leg in enumerate(proposal.legs)),
        )
        trade = Trade(intent, intent.legs, proposal.legs, self._clock.monotonic_ns(), self._newest(opportunity))
        self._open(trade)
        self._latches.tried(trade.venues)
        self._crew.spawn(self._carry_out(trade), f"arb-trade-{intent_id}")
        return Admission(admitted=True, intent=intent_id)

    def _newest(self, opportunity: Opportunity) -> int | None:
        """Return when the latest message of its books arrived: the one that set it off."""
        books = [self._view.book(leg.symbol, leg.venue) for leg in opportunity.legs]
        return max((book.monotonic_ns for book in books if book is not None), default=None)

    def _open(self, trade: Trade) -> None:
        self._trades[trade.intent.id] = trade
        for leg in trade.legs:
            self._lanes.lane(leg.venue, leg.symbol).under_way += 1

    async def _carry_out(self, trade: Trade) -> None:
        self._close(trade, await self._execution.run(trade))

    def _close(self, trade: Trade, result: TradeResult | None) -> None:
        """Count a result and give everything free that the trade held."""
        if result is not None:
            self._latches.ended(result, {order.plan.symbol for order in trade.orders if order.sent_ns is not None})
        self.ledger.release(trade.intent.id)
        for ticket in trade.tickets:
            self._desks[ticket.order.plan.venue].close(ticket)
        for leg in trade.legs:
            self._lanes.lane(leg.venue, leg.symbol).under_way -= 1
        del self._trades[trade.intent.id]
        self._moved.set()
        if result is not None:
            self._record_balances(trade)
            self.listeners.result(trade.intent, result)

    def _record_balances(self, trade: Trade) -> None:
        """Write down what should be there now, where nothing else is under way: a restart compares from here."""
        balances = self.ledger.balances()
        for venue in trade.venues:
            desk = self._desks.get(venue)
            if desk is None or not desk.idle.is_set():
                continue
            moved = {Asset(name) for leg in trade.legs for name in (leg.symbol.base, leg.symbol.quote)}
            moved |= {fill.fee_asset for order in trade.orders for fill in order.fills.values() if fill.fee_asset}
            kept: dict[Asset, Balance] = {
                asset: balance for asset, balance in balances.get(venue, {}).items() if asset in moved
            }
            self._journal.balances(venue, kept, self._stamps.now_ns())

    # -- taking up what was left

    def _take_up(self, found: Unfinished) -> None:
        """Go on with a trade that an earlier process did not finish: find its orders first."""
        trade = Trade(found.intent, _legs_of(found), (), self._clock.monotonic_ns())
        self._open(trade)
        trade.tickets = [
            self._desks[order.plan.venue].adopt(order) for order in found.orders if order.plan.venue in self._desks
        ]
        self._hold_gains(trade)
        strange = sorted({order.plan.venue for order in found.orders} - self._desks.keys())
        if strange:
            detail = f"trade {found.intent.id} has orders on {', '.join(strange)}, where no account is open"
            self.listeners.alarm(TradingAlarm(name="unsettled", intent=found.intent.id, detail=detail))
            return
        self._crew.spawn(self._go_on(trade), f"arb-trade-{found.intent.id}")

    def _hold_gains(self, trade: Trade) -> None:
        """Promise a trade again what its fills brought it so far."""
        kept: dict[tuple[VenueName, Asset], Decimal] = {}
        for order in trade.orders:
            for asset, amount in moves(order).items():
                place = order.plan.venue, asset
                kept[place] = plus(kept.get(place, Decimal(0)), amount)
        self.ledger.hold(
            trade.intent.id, [Need(venue, asset, amount) for (venue, asset), amount in kept.items() if amount > 0]
        )

    async def _go_on(self, trade: Trade) -> None:
        for venue in trade.venues:
            await self._keepers[venue].agreed.wait()
        if self.settings.finish_trades:
            self._close(trade, await self._execution.finish(trade))
        elif (result := await self._execution.account_for(trade)) is not None:
            self._close(trade, result)

    # -- what is heard late

    def _count_anew(self, intent: IntentId) -> None:
        self._crew.spawn(self._late.revise(intent), f"arb-trade-{intent}-late")

    def _current(self, order: TrackedOrder) -> TrackedOrder:
        """Return an order as its desk has it, which may be newer than what is on record."""
        desk = self._desks.get(order.plan.venue)
        ticket = None if desk is None else desk.ticket(order.plan.client_order_id)
        return order if ticket is None else ticket.order

    def _counted(self, found: Counted) -> TradeResult:
        now_ns = self._clock.monotonic_ns()
        trade = Trade(found.intent, _legs_of(found), (), now_ns)
        trade.tickets = [Ticket(order, None, now_ns) for order in found.orders]
        return self._execution.count_anew(trade, found.result)

    # -- comparing

    def _compare_again(self, venue: VenueName, reason: str) -> None:
        self._keepers[venue].again(reason)

    def _sweep_all(self) -> None:
        """Look for open orders of ours on every venue: whatever nobody cares for is cancelled."""
        for name, desk in self._desks.items():
            self._crew.spawn(self._sweep(desk), f"arb-{name}-sweep")

    async def _sweep(self, desk: Desk) -> None:
        try:
            await self._reconciler.sweep(desk)
        except Exception as error:  # noqa: BLE001 (whatever a venue's code raises: the next comparison looks again)
            self._compare_again(desk.venue, f"open orders could not be looked for: {type(error).__name__}: {error}")

    # -- what goes wrong, and the end

    async def _wind_down(self) -> None:
        self._sweep_all()
        await self.finished()

    async def _disarm(self) -> None:
        for desk in self._desks.values():
            if Capability.COUNTDOWN_CANCEL in desk.account.card.capabilities:
                try:
                    await desk.account.private.arm_countdown(0)
                except Exception as error:  # noqa: BLE001 (it then runs out, which cancels what is open: told)
                    detail = f"{desk.venue}: its countdown runs on: {type(error).__name__}: {error}"
                    self.listeners.alarm(TradingAlarm(name="countdown", venue=desk.venue, detail=detail))

    def _journal_fault(self, error: str | None) -> None:
        if error is not None:
            self.listeners.alarm(TradingAlarm(name="journal", detail=f"nothing new is begun: {error}"))

    def _journal_loss(self, error: Unrecordable) -> None:
        self._journal.note("unrecordable", str(error), self._stamps.now_ns())
        self.listeners.alarm(TradingAlarm(name="unrecordable", detail=str(error)))

    def _unread(self, why: str | None) -> None:
        self._gate.unread = why

    def _defect(self, where: str, error: Exception) -> None:
        _LOG.error("%s failed", where, exc_info=error)
        detail = f"{where} failed, which is a mistake in arb: {type(error).__name__}: {error}"
        self.listeners.alarm(TradingAlarm(name="defect", detail=detail))
        self._latches.kill(detail)


def _legs_of(found: Unfinished | Counted) -> Sequence[TradeLeg]:
    """Return where a trade was to go; one of an older journal, where its first orders went."""
    entries = (order.plan for order in found.orders if order.plan.purpose is Purpose.ENTRY)
    return found.intent.legs or sorted(TradeLeg(p.leg, p.venue, p.symbol, p.side) for p in entries)
