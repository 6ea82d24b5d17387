"""One venue's orders of ours: sends them, hears of them, and follows each until every fill and fee is known.

What the private stream tells and what the venue answers go the same way, `hear`, in any order and any number of times:
the facts grow, the ledger moves by the difference, the journal keeps it, listeners are told. A stream that is down
costs patience, not knowledge: orders are asked for instead.

An order that the stream names by its venue id alone may be one whose answer has not arrived: such messages wait until
its id is known. Orders of others pass by untouched.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from arb_core.engine.hops import Hops
from arb_core.engine.ids import IntentId, decode
from arb_core.engine.ledger import Ledger, Need, need_of
from arb_core.engine.money import minus
from arb_core.engine.orders import (
    Acked,
    Doubted,
    Filled,
    OrderEvent,
    Reported,
    Sent,
    TrackedOrder,
    Unsent,
    apply,
    event_of,
    moves,
)
from arb_core.engine.trade import OrderPlan, OrderState
from arb_core.engine.trading.alarms import Listeners, TradingAlarm
from arb_core.engine.trading.crew import Crew
from arb_core.engine.trading.lanes import Lanes
from arb_core.engine.trading.latches import Latches
from arb_core.engine.trading.search import Search
from arb_core.engine.trading.settings import TradingSettings
from arb_core.engine.trading.stamps import Stamps
from arb_core.engine.trading.ticket import Ticket
from arb_core.engine.trading.waiting import pause
from arb_core.errors import (
    AuthenticationFailed,
    InsufficientBalance,
    InvalidSymbol,
    JournalUnavailable,
    RateLimitError,
    TradingDisabled,
)
from arb_core.interfaces.account import Account, AccountListener
from arb_core.interfaces.context import Clock
from arb_core.runtime.tasks import within
from arb_core.structs.account import Balance
from arb_core.structs.market import Pair, Side, Symbol, VenueName
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Desk"]

_NOTHING = Decimal(0)

_CLOSED_NS = 300_000_000_000
"""How long a symbol rests whose orders a venue refuses: by then its list of instruments has been read anew."""

_KEPT = 1_000
"""Orders whose trade has ended that are still recognised, and messages that wait for their order's id."""


class Desk(AccountListener):
    """Everything of ours on one venue. The only one who changes a ticket."""

    def __init__(
        self,
        account: Account,
        *,
        ledger: Ledger,
        lanes: Lanes,
        latches: Latches,
        journal: "Journal",
        listeners: Listeners,
        settings: TradingSettings,
        clock: Clock,
        stamps: Stamps,
        tasks: Crew,
        changed: Callable[[VenueName, str], None],
        late: Callable[[IntentId], None],
        hops: Hops,
    ) -> None:
        """Call `changed` whenever the venue has to be compared with our books again, with the reason.

        Call `late` where an order turns out to have done something else than was counted when its trade ended.
        """
        self.account = account
        self.venue = account.venue
        self.unreconciled: str | None = "not compared with the venue yet"
        """Why nothing new may go there; None while our books and the venue's agree."""
        self.in_doubt: dict[Symbol, frozenset[ClientOrderId]] = {}
        """The orders whose fate is unknown, by symbol: nothing else is sent there."""
        self.armed = True
        """Whether the countdown that was asked for runs; also where none was."""
        self.sends = 0
        """Orders ever handed in: whoever compares balances looks whether one left meanwhile."""
        self.idle = asyncio.Event()
        self.idle.set()
        self._ledger = ledger
        self._lanes = lanes
        self._latches = latches
        self._journal = journal
        self._listeners = listeners
        self._settings = settings
        self._clock = clock
        self._stamps = stamps
        self._tasks = tasks
        self._changed = changed
        self._late = late
        self._hops = hops
        self._search = Search(account, clock, self.hear, self._is_known)
        self._tickets: dict[ClientOrderId, Ticket] = {}
        self._by_order_id: dict[tuple[Pair, OrderId], Ticket] = {}
        self._under_way: set[ClientOrderId] = set()
        self._ended: deque[Ticket] = deque()
        self._early: deque[tuple[Pair, OrderId, OrderEvent]] = deque(maxlen=_KEPT)
        self._recalled: dict[ClientOrderId, list[OrderEvent]] = {}

    @property
    def listening(self) -> bool:
        """Whether what happens to our orders is heard."""
        return self.account.listening

    def under_way(self) -> list[TrackedOrder]:
        """Return every order that is not settled."""
        return [self._tickets[id_].order for id_ in sorted(self._under_way)]

    def ticket(self, client_order_id: ClientOrderId) -> Ticket | None:
        """Return an order of a trade that is open, or ended not long ago."""
        return self._tickets.get(client_order_id)

    # -- what trades ask for

    def send(self, plan: OrderPlan) -> Ticket:
        """Send an order that is in the journal, and follow it; its funds come out of what its trade was promised."""
        ticket = self._open(TrackedOrder.planned(plan))
        self._ledger.lend(plan.intent, plan.client_order_id, self._need(plan))
        self.sends += 1
        ticket.followed = True
        self._tasks.spawn(self._carry(ticket), f"arb-{self.venue}-{ticket.id}")
        return ticket

    def withhold(self, plan: OrderPlan, reason: str) -> Ticket:
        """Note that an order that is in the journal was never sent."""
        ticket = self._open(TrackedOrder.planned(plan))
        self.hear(ticket, Unsent(reason))
        return ticket

    def adopt(self, order: TrackedOrder) -> Ticket:
        """Take over an order that an earlier process left behind. Whatever it may have become is found out."""
        ticket = self._open(order)
        if order.settled:
            self._settle(ticket)
            return ticket
        self._ledger.hold(ticket.id, [self._need(order.plan)])
        if not order.amount_known:
            self.hear(ticket, Doubted(self._stamps.now_ns(), "we were not there to hear what became of it"))
        self._follow_up(ticket)
        return ticket

    def fee(self, symbol: Symbol) -> Decimal:
        """Return what a taker pays, as a fraction: where nobody has said it, the base rate of the venue's card."""
        lane = self._lanes.lane(self.venue, symbol)
        return self.account.card.fees.taker if lane.rate is None else lane.fee

    def close(self, ticket: Ticket) -> None:
        """Let go of an order whose trade has ended; it is recognised for a while, should it be heard of again."""
        ticket.closed = True
        self._ended.append(ticket)
        if len(self._ended) > _KEPT:
            old = self._ended.popleft()
            self._tickets.pop(old.id, None)
            if old.pair is not None and old.order.order_id is not None:
                self._by_order_id.pop((old.pair, old.order.order_id), None)

    def ask_all(self) -> None:
        """Have every order that is not settled asked for at once."""
        for client_order_id in self._under_way:
            self._tickets[client_order_id].ask()

    # -- what the account tells

    def on_order(self, venue: VenueName, order: Order) -> None:
        self._take(order.client_order_id, order.pair, order.order_id, Reported(order))

    def on_fill(self, venue: VenueName, fill: Fill) -> None:
        self._take(fill.client_order_id, fill.pair, fill.order_id, Filled(fill))

    def on_balance(self, venue: VenueName, balance: Balance) -> None:
        self._ledger.report(self.venue, balance)

    def on_listening(self, venue: VenueName) -> None:
        self.ask_all()
        self._changed(self.venue, "its private stream stands again")

    def on_deaf(self, venue: VenueName, reason: str) -> None:
        self.ask_all()
        self._listeners.alarm(TradingAlarm(name="deaf", venue=self.venue, detail=f"{self.venue}: {reason}"))

    # -- hearing

    def hear(self, ticket: Ticket, event: OrderEvent) -> bool:
        """Add what an event tells; return whether it was news."""
        former = ticket.order
        order = apply(former, event)
        if order == former:
            return False
        ticket.order = order
        if order.fills != former.fills:
            self._book(ticket, former)
        self._journal.order(order, self._clock.now_ns())
        self._count_doubt(order)
        if ticket.closed:
            self._heard_late(ticket, former)
        elif order.settled:
            self._settle(ticket)
        else:
            ticket.settled.clear()
            self._under_way.add(ticket.id)
            self.idle.clear()
            if former.settled:
                self._follow_up(ticket)
        ticket.news.set()
        self._listeners.order(order)
        if order.order_id != former.order_id:
            self._index(ticket)
        return True

    def _take(self, client_order_id: ClientOrderId | None, pair: Pair, order_id: OrderId, event: OrderEvent) -> None:
        """Hear a message of the stream; a mistake of ours in it must not end the stream, nor the market beside it."""
        try:
            self._hear_of(client_order_id, pair, order_id, event)
        except Exception as error:  # noqa: BLE001 (it is told, and nothing new is begun)
            self._tasks.defect(f"arb-{self.venue}-stream", error)

    def _hear_of(self, client_order_id: ClientOrderId | None, pair: Pair, order_id: OrderId, event: OrderEvent) -> None:
        ticket = None if client_order_id is None else self._tickets.get(client_order_id)
        ticket = ticket or self._by_order_id.get((pair, order_id))
        if ticket is not None:
            self.hear(ticket, event)
        elif client_order_id is None:
            self._early.append((pair, order_id, event))
        elif decode(client_order_id, self._journal.owner) is not None:
            waiting = self._recalled.setdefault(client_order_id, [])
            waiting.append(event)
            if len(waiting) == 1:
                self._tasks.spawn(self._recall(client_order_id), f"arb-{self.venue}-recall")

    async def _recall(self, client_order_id: ClientOrderId) -> None:
        """Find an order of an earlier time in the journal, and let it hear what came for it."""
        try:
            order = await self._journal.tracked(client_order_id)
        except JournalUnavailable:
            order = None
        events = self._recalled.pop(client_order_id)
        ticket = self._tickets.get(client_order_id)
        if ticket is None and order is not None:
            ticket = self._open(order)
            self._settle(ticket)
            self.close(ticket)
        if ticket is None:
            detail = f"{self.venue} tells of {client_order_id}, which is ours but not in the journal"
            self._listeners.alarm(TradingAlarm(name="orphan", venue=self.venue, detail=detail))
            self._changed(self.venue, detail)
            return
        for event in events:
            self.hear(ticket, event)

    def _book(self, ticket: Ticket, former: TrackedOrder) -> None:
        """Move the ledger by what the fills say now and did not before."""
        order, plan = ticket.order, ticket.order.plan
        before, after = moves(former), moves(order)
        moved = {
            asset: minus(after.get(asset, _NOTHING), before.get(asset, _NOTHING)) for asset in before.keys() | after
        }
        trade = None if ticket.closed else ticket.intent
        self._ledger.move(self.venue, moved, order=ticket.id, trade=trade)
        for trade_id, fill in order.fills.items():
            if plan.side is Side.BUY and fill.fee and fill.fee > 0 and fill.fee_asset is not None:
                self._lanes.learn(self.venue, plan.symbol, fill.fee_asset)
            if trade_id not in former.fills:
                self._listeners.fill(plan, fill)

    def _count_doubt(self, order: TrackedOrder) -> None:
        plan = order.plan
        doubtful = self.in_doubt.get(plan.symbol, frozenset())
        id_ = plan.client_order_id
        if order.state is OrderState.IN_DOUBT:
            if id_ not in doubtful:
                self.in_doubt[plan.symbol] = doubtful | {id_}
                self._alarm("in_doubt", order, f"nobody knows whether {id_} stands: {'; '.join(order.reasons)}")
        elif id_ in doubtful:
            self.in_doubt[plan.symbol] = doubtful - {id_}
            if not self.in_doubt[plan.symbol]:
                del self.in_doubt[plan.symbol]

    def _heard_late(self, ticket: Ticket, former: TrackedOrder) -> None:
        """An order whose trade has been counted is heard of again: what it did since is told, and compared.

        A fill that comes once more in other words (without our id, with another moment) is no news.
        """
        order = ticket.order
        if order.filled == former.filled and moves(order) == moves(former):
            return
        id_ = order.plan.client_order_id
        detail = f"{id_} filled {order.filled:f}, {former.filled:f} were counted when its trade ended"
        if order.filled == former.filled:
            detail = f"{id_} is told with other fills or fees than were counted when its trade ended"
        self._journal.note("late_fill", detail, self._clock.now_ns(), intent=order.plan.intent)
        self._alarm("late_fill", order, detail)
        self._late(order.plan.intent)
        self._changed(self.venue, detail)

    # -- one order's way

    async def _carry(self, ticket: Ticket) -> None:
        try:
            await self._place(ticket)
            await self._follow(ticket)
        finally:
            ticket.followed = False

    async def _place(self, ticket: Ticket) -> None:
        """Hand the order to the venue, once. Whatever comes back that is no plain answer is a doubt."""
        request = ticket.order.plan.request()
        answers: list[OrderAck] = []

        async def place() -> None:
            answers.append(await self.account.private.place_order(request))

        self.hear(ticket, Sent(self._stamps.now_ns()))
        sent_ns = self._clock.monotonic_ns()
        self._hops.send.add(sent_ns - ticket.opened_ns)
        event: OrderEvent
        try:
            await within(self._clock, self._settings.place_timeout_ns, place())
        except Exception as error:  # noqa: BLE001 (whatever a venue's code raises: the order may stand)
            event = event_of(error, self._clock.now_ns())
            why = f"{type(error).__name__}: {error}"
            self._heed(error, ticket.order.plan.symbol)
        else:
            why = f"no answer within {self._settings.place_timeout_ns / 1e9:g} s"
            event = Acked(answers[0]) if answers else Doubted(self._clock.now_ns(), why)
        ticket.unknown_ns = self._clock.monotonic_ns()
        self.hear(ticket, event)
        if isinstance(event, Acked):
            self._hops.ack.add(ticket.unknown_ns - sent_ns)
            self._latches.worked(self.venue)
        else:
            self._latches.failed(self.venue, why)

    def _heed(self, error: Exception, symbol: Symbol) -> None:
        """Take from a refusal what it says of more than this order: another one would only lose another leg."""
        match error:
            case AuthenticationFailed():
                self._latches.kill(f"{self.venue} refuses our key, see to it and lift this: {error}")
            case TradingDisabled():
                self._latches.rest(symbol, _CLOSED_NS)
            case InsufficientBalance():
                self._changed(self.venue, f"an order was refused for lack of funds that should be there: {error}")
            case _:
                pass

    def _follow_up(self, ticket: Ticket) -> None:
        """Follow an order that nobody follows."""
        if not ticket.followed:
            ticket.followed = True
            self._tasks.spawn(self._again(ticket), f"arb-{self.venue}-{ticket.id}")

    async def _again(self, ticket: Ticket) -> None:
        try:
            await self._follow(ticket)
        finally:
            ticket.followed = False

    async def _follow(self, ticket: Ticket) -> None:
        """Wait for the stream, then ask, until the order is settled."""
        clock, settings = self._clock, self._settings
        wait_ns = settings.settle_wait_ns if self.listening and ticket.order.stands else 0
        pause_ns = settings.poll_ns
        alarm_ns = clock.monotonic_ns() + settings.alarm_after_ns
        while True:
            until_ns = clock.monotonic_ns() + wait_ns
            while not (ticket.settled.is_set() or ticket.asked) and (left_ns := until_ns - clock.monotonic_ns()) > 0:
                await pause(clock, ticket.news, left_ns)
            if ticket.settled.is_set():
                return
            ticket.asked = False
            wait_ns = await self._ask(ticket, pause_ns)
            pause_ns = min(2 * pause_ns, settings.longest_poll_ns)
            if clock.monotonic_ns() >= alarm_ns:
                alarm_ns = clock.monotonic_ns() + settings.alarm_after_ns
                self._alarm("unsettled", ticket.order, f"{ticket.id} is {ticket.order.state}, its end is not known")

    async def _ask(self, ticket: Ticket, pause_ns: int) -> int:
        """Ask once; return how long to wait before the next time, ns."""
        try:
            await self._search.ask(ticket)
            if ticket.order.state in {OrderState.OPEN, OrderState.PARTIALLY_FILLED}:
                await self._search.cancel(ticket)
                return self._settings.poll_ns
        except Exception as error:  # noqa: BLE001 (whatever a venue's code raises: it is asked again)
            self._latches.failed(self.venue, f"{type(error).__name__}: {error}")
            if isinstance(error, RateLimitError) and error.retry_after_ns:
                return max(pause_ns, error.retry_after_ns)
        until_proof_ns = self._search.from_ns(ticket) - self._clock.monotonic_ns()
        return min(pause_ns, until_proof_ns) if until_proof_ns > 0 else pause_ns

    # -- keeping

    def _need(self, plan: OrderPlan) -> Need:
        return need_of(plan.venue, plan.symbol, plan.side, plan.quantity, plan.price, fee=self.fee(plan.symbol))

    def _open(self, order: TrackedOrder) -> Ticket:
        try:
            pair = self.account.markets.pair(order.plan.symbol)
        except InvalidSymbol:
            pair = None
        ticket = Ticket(order, pair, self._clock.monotonic_ns())
        self._tickets[ticket.id] = ticket
        self._under_way.add(ticket.id)
        self.idle.clear()
        self._index(ticket)
        return ticket

    def _settle(self, ticket: Ticket) -> None:
        self._ledger.give_back(ticket.id, ticket.intent)
        self._under_way.discard(ticket.id)
        if not self._under_way:
            self.idle.set()
        ticket.settled.set()

    def _index(self, ticket: Ticket) -> None:
        """Find it by the venue's id from now on, and let it hear what came for that id before."""
        pair, order_id = ticket.pair, ticket.order.order_id
        if pair is None or order_id is None:
            return
        self._by_order_id[pair, order_id] = ticket
        early = [event for kept, id_, event in self._early if (kept, id_) == (pair, order_id)]
        if early:
            rest = [entry for entry in self._early if entry[:2] != (pair, order_id)]
            self._early.clear()
            self._early.extend(rest)
            for event in early:
                self.hear(ticket, event)

    def _is_known(self, fill: Fill) -> bool:
        return (fill.pair, fill.order_id) in self._by_order_id

    def _alarm(self, name: str, order: TrackedOrder, detail: str) -> None:
        plan = order.plan
        told = f"{detail} ({plan.symbol} on {plan.venue})"
        self._listeners.alarm(
            TradingAlarm(name=name, venue=plan.venue, symbol=plan.symbol, intent=plan.intent, detail=told)
        )
