"""Puts what the engine says into notices, and hands them to observers without waiting for any of them.

    async with Observers({"prometheus": observer}, clock) as observers:
        observers.follow(session)                        # a DetectionSession
        venue.on_live(observers.on_live)
        venue.on_lost(observers.on_lost)
        observers.follow_trading(trading)

Every listener here returns at once and never raises, also while there is no observer; a notice is made only where
somebody implements its method. Made by the command line; the engine's own rooms know nothing of it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from arb_core.engine.episodes import Episode, EpisodeKey, episode_key
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Admission
from arb_core.engine.session import Alarm, DetectionSession
from arb_core.engine.trade import Intent, OrderPlan, TradeResult
from arb_core.errors import ArbError, PluginBroken
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock
from arb_core.interfaces.observer import Observer
from arb_core.runtime.mailbox import Mailbox
from arb_core.structs.book import BookFault
from arb_core.structs.figures import ObserverFigures
from arb_core.structs.market import Symbol, VenueName
from arb_core.structs.notice import (
    AdmissionNotice,
    BookNotice,
    FaultNotice,
    FillNotice,
    OpportunityNotice,
    OrderNotice,
    ResultNotice,
)
from arb_core.structs.opportunity import Opportunity, Verdict
from arb_core.structs.order import ClientOrderId, Fill
from arb_core.structs.trade import OrderState

if TYPE_CHECKING:
    from arb_core.engine.trading.alarms import TradingAlarm
    from arb_core.engine.trading.session import Trading

__all__ = ["Observers"]

_LOG = logging.getLogger(__name__)

_WAITING = 10_000
"""Notices that wait for one observer: seconds of a busy market, a few megabytes."""

_TRADES = 256
"""Trades whose orders are remembered: news of an order may come after its trade has ended."""

_PATIENCE_S = 2.0
"""How long the end waits for observers that are still busy."""

_Tell = Callable[[Any], None]


class Observers:
    """The observers of one process, from `async with` to its end.

    Raises:
        SettingsError: at the beginning, from an observer's `start`: nothing has been started then.
        PluginBroken: likewise, for whatever else `start` raised.
    """

    def __init__(
        self, observers: Mapping[str, Observer], clock: Clock, *, limit: int = _WAITING, patience_s: float = _PATIENCE_S
    ) -> None:
        """Take observers by their names, each not yet started; at most `limit` notices wait for one of them."""
        self._observers = dict(observers)
        self._clock = clock
        self._patience_s = patience_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._mailboxes = {
            name: Mailbox(name, limit=limit, stop=observer.stop, broken=self._on_broken)
            for name, observer in self._observers.items()
        }
        self._admission = self._who("admission")
        self._book = self._who("book_state")
        self._fault = self._who("fault")
        self._fill = self._who("fill")
        self._opportunity = self._who("opportunity")
        self._order = self._who("order")
        self._result = self._who("result")
        self._judged: dict[EpisodeKey, str | None] = {}
        """By open edge: what check refused it when it was told last."""
        self._admitted: dict[EpisodeKey, str | None] = {}
        """By open edge: what refused a trade on it when that was told last."""
        self._standing: dict[int, dict[ClientOrderId, OrderNotice]] = {}
        """By trade, the latest ones: what was told last of each of its orders."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        for name, observer in self._observers.items():
            try:
                observer.start()
            except Exception as error:
                await self._end()
                if isinstance(error, ArbError):
                    raise
                reason = f"start raised {type(error).__name__}: {error}"
                raise PluginBroken(reason, name=name, cure=f"see [observers.{name}]") from error
            self._mailboxes[name].open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        """Let each hear what waits for it; one that is still busy after the patience is left behind, and said."""
        mailboxes = [mailbox for mailbox in self._mailboxes.values() if mailbox.opened]
        ended = await asyncio.gather(*(asyncio.to_thread(mailbox.close, self._patience_s) for mailbox in mailboxes))
        for mailbox, has_ended in zip(mailboxes, ended, strict=True):
            if not has_ended:
                _LOG.error("%s is still busy and is left behind with %d notices", mailbox.name, mailbox.waiting)
            if mailbox.dropped:
                _LOG.warning("%s was too slow for %d notices", mailbox.name, mailbox.dropped)

    def figures(self) -> tuple[ObserverFigures, ...]:
        """Say how each observer does."""
        return tuple(
            ObserverFigures(
                name=mailbox.name,
                told=mailbox.told,
                dropped=mailbox.dropped,
                waiting=mailbox.waiting,
                unplugged=mailbox.unplugged,
            )
            for mailbox in self._mailboxes.values()
        )

    # -- detection

    def follow(self, session: DetectionSession) -> None:
        """Listen to a session; where nobody wants to hear of edges, they cost nothing."""
        session.listen(
            opportunity=self.on_opportunity if self._opportunity else None,
            episode=self.on_episode if self._opportunity or self._admission else None,
            alarm=self.on_alarm if self._fault else None,
        )

    def on_opportunity(self, opportunity: Opportunity, verdict: Verdict) -> None:
        """Tell an edge when it opens, and when what refuses it has changed; not each sighting."""
        key = episode_key(opportunity.strategy, opportunity)
        if key in self._judged and self._judged[key] == verdict.refused_by:
            return
        self._judged[key] = verdict.refused_by
        _tell(self._opportunity, OpportunityNotice(opportunity=opportunity, verdict=verdict))

    def on_episode(self, episode: Episode) -> None:
        """Forget an edge that has closed."""
        key = episode_key(episode.best.strategy, episode.best)
        self._judged.pop(key, None)
        self._admitted.pop(key, None)

    def on_alarm(self, alarm: Alarm) -> None:
        """Tell an alarm of detection."""
        places = "" if not alarm.venues else f"{' '.join(alarm.venues)}: "
        self.fault(alarm.name, f"{alarm.strategy}: {places}{alarm.detail}", symbol=alarm.symbol)

    # -- venues

    def on_live(self, book: LiveBook) -> None:
        """Tell that a book became LIVE."""
        self._tell_book(book, None)

    def on_lost(self, book: LiveBook, fault: BookFault) -> None:
        """Tell that a book stopped being LIVE."""
        self._tell_book(book, fault)

    def fault(self, name: str, detail: str, *, venue: VenueName | None = None, symbol: Symbol | None = None) -> None:
        """Tell what a person may have to know; `name` is one of a fixed set of words."""
        if self._fault:
            at_ns = self._clock.now_ns()
            _tell(self._fault, FaultNotice(name=name, detail=detail, venue=venue, symbol=symbol, at_ns=at_ns))

    # -- trading

    def follow_trading(self, trading: "Trading") -> None:
        """Listen to trading; what nobody wants to hear of is not listened to."""
        trading.listen(
            admission=self.on_admission if self._admission else None,
            order=self.on_order if self._order else None,
            fill=self.on_fill if self._fill else None,
            result=self.on_result if self._result else None,
            alarm=self.on_trading_alarm if self._fault else None,
        )

    def on_admission(self, opportunity: Opportunity, admission: Admission) -> None:
        """Tell a trade that is let through, and for each edge what refuses it when that changes; not each sighting."""
        if self._admission:
            key = episode_key(opportunity.strategy, opportunity)
            refused_by = None if admission.admitted else admission.reasons[0].name
            if refused_by is not None and self._admitted.get(key) == refused_by:
                return
            self._admitted[key] = refused_by
            reasons = tuple((reason.name, reason.detail) for reason in admission.reasons)
            notice = AdmissionNotice(
                opportunity=opportunity,
                admitted=admission.admitted,
                reasons=reasons,
                intent=admission.intent,
                at_ns=self._clock.now_ns(),
            )
            _tell(self._admission, notice)

    def on_order(self, order: TrackedOrder) -> None:
        """Tell an order whose state, or what is filled of it, has changed since it was told last."""
        if not self._order:
            return
        orders = self._orders_of(order.plan.intent)
        told = orders.get(order.plan.client_order_id)
        state = order.state
        if told is not None and told.state is state and told.filled == order.filled:
            return
        notice = _order_notice(order, state, None if told is None else told.state, self._clock.now_ns())
        orders[notice.client_order_id] = notice
        _tell(self._order, notice)

    def on_fill(self, plan: OrderPlan, fill: Fill) -> None:
        """Tell an execution."""
        if self._fill:
            _tell(self._fill, FillNotice(venue=plan.venue, symbol=plan.symbol, fill=fill))

    def on_result(self, intent: Intent, result: TradeResult) -> None:
        """Tell how a trade ended."""
        if self._result:
            _tell(self._result, _result_notice(intent, result))

    def on_trading_alarm(self, alarm: "TradingAlarm") -> None:
        """Tell an alarm of trading."""
        self.fault(alarm.name, alarm.detail, venue=alarm.venue, symbol=alarm.symbol)

    # -- inside

    def _who(self, method: str) -> tuple[_Tell, ...]:
        """Return what hands a notice to each observer that implements a method."""
        return tuple(
            _teller(self._mailboxes[name], getattr(observer, method))
            for name, observer in self._observers.items()
            if getattr(type(observer), method) is not getattr(Observer, method)
        )

    def _orders_of(self, intent: int) -> dict[ClientOrderId, OrderNotice]:
        orders = self._standing.get(intent)
        if orders is None:
            if len(self._standing) >= _TRADES:
                del self._standing[next(iter(self._standing))]
            orders = self._standing[intent] = {}
        return orders

    def _tell_book(self, book: LiveBook, fault: BookFault | None) -> None:
        if self._book:
            at_ns = self._clock.now_ns()
            notice = BookNotice(venue=book.venue, symbol=book.symbol, state=book.state, fault=fault, at_ns=at_ns)
            _tell(self._book, notice)

    def _on_broken(self, name: str, error: BaseException) -> None:
        """An observer raised, on its own thread: say so, there and to the others."""
        _LOG.error("observer %s raised and is told nothing any more", name, exc_info=error)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
                told = f"{name}: {type(error).__name__}: {error}"
                self._loop.call_soon_threadsafe(partial(self.fault, "observer_failed", told))


def _teller(mailbox: Mailbox, call: _Tell) -> _Tell:
    return lambda notice: mailbox.put(call, notice)


def _tell(tellers: tuple[_Tell, ...], notice: object) -> None:
    for teller in tellers:
        teller(notice)


def _order_notice(order: TrackedOrder, state: OrderState, former: OrderState | None, now_ns: int) -> OrderNotice:
    plan = order.plan
    return OrderNotice(
        client_order_id=plan.client_order_id,
        order_id=order.order_id,
        intent=plan.intent,
        leg=plan.leg,
        attempt=plan.attempt,
        purpose=plan.purpose,
        venue=plan.venue,
        symbol=plan.symbol,
        side=plan.side,
        quantity=plan.quantity,
        price=plan.price,
        filled=order.filled,
        state=state,
        former=former,
        reasons=order.reasons,
        at_ns=now_ns,
    )


def _result_notice(intent: Intent, result: TradeResult) -> ResultNotice:
    return ResultNotice(
        intent=intent.id,
        strategy=intent.strategy,
        symbol=intent.symbol,
        outcome=result.outcome,
        money=result.money,
        notional=intent.notional,
        pnl=result.pnl,
        fees=result.fees,
        residue_value=result.residue_value,
        created_ns=intent.created_ns,
        ended_ns=result.ended_ns,
        detail=result.detail,
    )
