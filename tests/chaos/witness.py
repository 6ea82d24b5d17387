"""Looks on while an engine trades: does a new attempt leave while an earlier order of its trade may still stand?

What an engine knew at a moment is in no journal afterwards, so somebody has to look at that moment. Entered for every
word that an engine says about an order, in the same process or read from its lines.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from arb_core.engine.orders import TrackedOrder
from arb_core.engine.trade import OrderState

__all__ = ["Seen", "Witness", "seen", "seen_in"]

ENDED = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.ABSENT})


class Seen(NamedTuple):
    """One order, as its engine says that it knows it."""

    id: str
    intent: int
    attempt: int
    state: OrderState
    sent: bool
    over: bool
    """It has ended, and how much it filled is final."""


def seen(order: TrackedOrder) -> Seen:
    """Return what an engine's own struct says."""
    plan = order.plan
    return Seen(
        plan.client_order_id, plan.intent, plan.attempt, order.state, order.sent_ns is not None, order.amount_known
    )


def seen_in(line: Mapping[str, Any]) -> Seen:
    """Return what a line of `arb run --json` says. It does not tell whether an amount is final; its end has to do."""
    state = OrderState(line["state"])
    return Seen(
        line["client_order_id"],
        line["intent"],
        line["attempt"],
        state,
        state not in {OrderState.INTENDED, OrderState.ABSENT},
        state in ENDED,
    )


class Witness:
    """Remembers every order of every trade, over the lives of several engines."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._trades: dict[int, dict[str, Seen]] = {}

    def recall(self, orders: list[TrackedOrder]) -> None:
        """Begin a life: an engine knows what is in the journal, and nothing else."""
        self._trades = {}
        for order in orders:
            self._trades.setdefault(order.plan.intent, {})[order.plan.client_order_id] = seen(order)

    def hear(self, now: Seen) -> None:
        """Take what is said of an order."""
        trade = self._trades.setdefault(now.intent, {})
        before = trade.get(now.id)
        trade[now.id] = now
        if not now.attempt or not now.sent or (before is not None and before.sent):
            return
        self.wrong += [
            f"{now.id} was sent while {other.id} was {other.state}"
            for other in trade.values()
            if other is not now and other.sent and not other.over
        ]
