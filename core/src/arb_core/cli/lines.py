"""What happens, as JSON objects for programs: `monitor`, `run` and `demo` with `--json`, in place of the table.

An edge when it opens and when it closes, events of venues as they come; where something is traded, every judgement of
the account as it changes, and each step of every order.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from arb_core.cli.plain import spelled
from arb_core.cli.watch import Watch
from arb_core.engine.episodes import Episode, EpisodeKey, episode_key
from arb_core.engine.ids import IntentId
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Admission
from arb_core.engine.trade import Intent, OrderPlan, TradeResult
from arb_core.interfaces.context import Clock
from arb_core.structs.market import VenueName
from arb_core.structs.opportunity import CheckState, Opportunity, Verdict
from arb_core.structs.order import ClientOrderId, Fill

if TYPE_CHECKING:
    from arb_core.engine.trading.session import Trading

__all__ = ["Lines", "write_lines", "write_trading_lines"]

Lines = Callable[[object], None]
"""Takes one JSON object."""


def write_lines(watch: Watch, clock: Clock, lines: Lines) -> None:
    """Write what happens as JSON objects: an edge when it opens and when it closes, events as they come."""
    session = watch.session

    def opened(opportunity: Opportunity, verdict: Verdict) -> None:
        episode = session.episodes.open.get(episode_key(opportunity.strategy, opportunity))
        if episode is not None and episode.sightings == 1:
            lines({"kind": "opportunity", "ns": clock.now_ns(), **_opportunity(opportunity), **_judged(verdict)})

    def closed(episode: Episode) -> None:
        facts = {
            "open_ns": episode.last_ns - episode.opened_ns,
            "sightings": episode.sightings,
            "executable": episode.executable,
            "refused_by": None if episode.executable else episode.refused_by,
        }
        lines({"kind": "episode", "ns": clock.now_ns(), **_opportunity(episode.best), **facts})

    def told(venue: VenueName | None, text: str) -> None:
        lines({"kind": "event", "ns": clock.now_ns(), "venue": venue, "text": text})

    session.listen(opportunity=opened, episode=closed)
    watch.listen(told)


def write_trading_lines(watch: Watch, trading: "Trading", clock: Clock, lines: Lines) -> None:
    """Write what trading does; alarms are events of the watch.

    `admission`, `intent`, `order`, `fill`, `result`, `revision`.
    """
    told = _TradingLines(trading, clock, lines)
    watch.session.listen(episode=told.closed)
    trading.listen(
        admission=told.admission, order=told.order, fill=told.fill, result=told.result, revision=told.revision
    )


class _TradingLines:
    """Remembers what was told, so that only what is new is: an edge is judged, and an order heard of, many times."""

    def __init__(self, trading: "Trading", clock: Clock, lines: Lines) -> None:
        self._trading = trading
        self._clock = clock
        self._lines = lines
        self._judged: dict[EpisodeKey, str | None] = {}
        """By edge that is open: the last judgement of the account, its first reason or None."""
        self._orders: dict[IntentId, dict[ClientOrderId, object]] = {}
        """By trade that is open: what was last told of each of its orders."""

    def admission(self, opportunity: Opportunity, admission: Admission) -> None:
        key = episode_key(opportunity.strategy, opportunity)
        reason = None if admission.admitted else admission.reasons[0].name
        if admission.admitted or self._judged.get(key, "") != reason:
            self._judged[key] = reason
            self._tell("admission", {**_opportunity(opportunity), **_admitted(admission)})

    def closed(self, episode: Episode) -> None:
        self._judged.pop(episode.key, None)

    def order(self, order: TrackedOrder) -> None:
        plan = order.plan
        if plan.intent not in self._orders:
            self._orders[plan.intent] = {}
            for trade in self._trading.open_trades():
                if trade.intent.id == plan.intent:
                    self._tell("intent", spelled(trade.intent))
        facts = {"state": order.state, "filled": order.filled, "order_id": order.order_id, "reasons": order.reasons}
        if self._orders[plan.intent].get(plan.client_order_id) != facts:
            self._orders[plan.intent][plan.client_order_id] = facts
            self._tell("order", {**spelled(plan), **facts})

    def fill(self, plan: OrderPlan, fill: Fill) -> None:
        of = {"intent": plan.intent, "leg": plan.leg, "venue": plan.venue, "symbol": str(plan.symbol)}
        self._tell("fill", {**spelled(fill), **of, "client_order_id": plan.client_order_id})

    def result(self, intent: Intent, result: TradeResult) -> None:
        self._orders.pop(intent.id, None)
        self._tell("result", {**spelled(result), "strategy": intent.strategy, "symbol": str(intent.symbol)})

    def revision(self, intent: Intent, former: TradeResult, result: TradeResult) -> None:
        of = {"strategy": intent.strategy, "symbol": str(intent.symbol), "former_pnl": former.pnl}
        self._tell("revision", {**spelled(result), **of})

    def _tell(self, kind: str, facts: dict[str, object]) -> None:
        self._lines({"kind": kind, "ns": self._clock.now_ns(), **facts})


def _admitted(admission: Admission) -> dict[str, object]:
    reasons = {reason.name: reason.detail for reason in admission.reasons}
    begun = {} if admission.intent is None else {"intent": admission.intent}
    return {"admitted": admission.admitted, "reasons": reasons, **begun}


def _opportunity(opportunity: Opportunity) -> dict[str, object]:
    legs = [
        {
            "venue": leg.venue,
            "symbol": str(leg.symbol),
            "side": leg.side.name,
            "price": leg.price,
            "average": leg.average,
            "size": leg.size,
        }
        for leg in opportunity.legs
    ]
    return {
        "strategy": opportunity.strategy,
        "symbol": str(opportunity.symbol),
        "edge_bps": opportunity.edge_bps,
        "size": opportunity.size,
        "profit": opportunity.profit,
        "legs": legs,
    }


def _judged(verdict: Verdict) -> dict[str, object]:
    checks = {check.name: check.detail for check in verdict.checks if check.state is not CheckState.PASS}
    return {"executable": verdict.executable, "refused_by": verdict.refused_by, "not_passed": checks}
