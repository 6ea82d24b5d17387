"""What a person must hear of, and who else listens to trading.

Listeners are plain functions, called at once; one that raises is taken out and told, for an order must never be lost
because somebody who watched it failed.
"""

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from arb_core.engine.ids import IntentId
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Admission
from arb_core.engine.trade import Intent, OrderPlan, TradeResult
from arb_core.structs.market import Symbol, VenueName
from arb_core.structs.opportunity import Opportunity
from arb_core.structs.order import Fill

__all__ = [
    "ALARMS",
    "AdmissionListener",
    "FillListener",
    "Listeners",
    "OrderListener",
    "ResultListener",
    "RevisionListener",
    "TradingAlarm",
    "TradingAlarmListener",
]

_LOG = logging.getLogger(__name__)

ALARMS = (
    "breaker",
    "countdown",
    "daily_loss",
    "deaf",
    "defect",
    "drift",
    "in_doubt",
    "journal",
    "kill",
    "late_fill",
    "listener_failed",
    "orphan",
    "reconcile_failed",
    "stopped",
    "unrecordable",
    "unsettled",
    "violation",
)
"""Every name of an alarm; `docs/reference/risk.md` says what each means and what to do."""


class TradingAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something about money that a person must hear of."""

    name: str
    """One of `ALARMS`."""
    detail: str
    venue: VenueName | None = None
    symbol: Symbol | None = None
    intent: IntentId | None = None


AdmissionListener = Callable[[Opportunity, Admission], None]
OrderListener = Callable[[TrackedOrder], None]
FillListener = Callable[[OrderPlan, Fill], None]
ResultListener = Callable[[Intent, TradeResult], None]
RevisionListener = Callable[[Intent, TradeResult, TradeResult], None]
TradingAlarmListener = Callable[[TradingAlarm], None]


class Listeners:
    """Who is told what."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._admission: list[AdmissionListener] = []
        self._order: list[OrderListener] = []
        self._fill: list[FillListener] = []
        self._result: list[ResultListener] = []
        self._revision: list[RevisionListener] = []
        self._alarm: list[TradingAlarmListener] = []

    def add(
        self,
        *,
        admission: AdmissionListener | None = None,
        order: OrderListener | None = None,
        fill: FillListener | None = None,
        result: ResultListener | None = None,
        revision: RevisionListener | None = None,
        alarm: TradingAlarmListener | None = None,
    ) -> None:
        """Add listeners."""
        self._admission += [] if admission is None else [admission]
        self._order += [] if order is None else [order]
        self._fill += [] if fill is None else [fill]
        self._result += [] if result is None else [result]
        self._revision += [] if revision is None else [revision]
        self._alarm += [] if alarm is None else [alarm]

    def admission(self, opportunity: Opportunity, admission: Admission) -> None:
        """Tell how account and moment judged an executable opportunity."""
        self._tell(self._admission, opportunity, admission)

    def order(self, order: TrackedOrder) -> None:
        """Tell that more is known of an order."""
        self._tell(self._order, order)

    def fill(self, plan: OrderPlan, fill: Fill) -> None:
        """Tell of an execution, once."""
        self._tell(self._fill, plan, fill)

    def result(self, intent: Intent, result: TradeResult) -> None:
        """Tell how a trade ended."""
        self._tell(self._result, intent, result)

    def revision(self, intent: Intent, former: TradeResult, result: TradeResult) -> None:
        """Tell that a trade came to something else than was told, for one of its orders was heard of late."""
        self._tell(self._revision, intent, former, result)

    def alarm(self, alarm: TradingAlarm) -> None:
        """Tell what a person must hear of."""
        _LOG.warning("%s: %s", alarm.name, alarm.detail)
        self._tell(self._alarm, alarm)

    def _tell(self, listeners: list[Any], *words: object) -> None:
        for listener in tuple(listeners):
            try:
                listener(*words)
            except Exception as error:  # noqa: BLE001 (somebody else's code: it is taken out, with an alarm)
                listeners.remove(listener)
                _LOG.error("a listener raised and was taken out", exc_info=error)
                told = f"{getattr(listener, '__qualname__', listener)}: {type(error).__name__}: {error}"
                self.alarm(TradingAlarm(name="listener_failed", detail=told))
