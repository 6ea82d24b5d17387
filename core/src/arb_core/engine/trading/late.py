"""Orders that are heard of after their trade has been counted: its result is made anew, and its day with it.

What an order did is what the venue says it did, however late. The trade is not opened again: nothing is hedged long
after the market has moved on; what is left unpaired is told, and the result says so. Entered by the trading session, at
its start as well: a crash may have come between the fill and the result.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from arb_core.engine.ids import IntentId
from arb_core.engine.journal.records import Counted
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.trade import Outcome, TradeResult
from arb_core.engine.trading.alarms import Listeners, TradingAlarm
from arb_core.engine.trading.latches import Latches
from arb_core.errors import JournalUnavailable
from arb_core.interfaces.context import Clock

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Late"]

_AGAIN_NS = 1_000_000_000
"""Pause before a journal that does not answer is asked again."""

_LOOKED_BACK_NS = 7 * 86_400_000_000_000
"""Of trades that ended longer ago nobody learns anything new."""


class Late:
    """Counts trades anew, one at a time."""

    def __init__(
        self,
        *,
        journal: "Journal",
        latches: Latches,
        listeners: Listeners,
        clock: Clock,
        current: Callable[[TrackedOrder], TrackedOrder],
        count: Callable[[Counted], TradeResult],
    ) -> None:
        """Take the order as it is `current` now, and `count` what a trade came to."""
        self._journal = journal
        self._latches = latches
        self._listeners = listeners
        self._clock = clock
        self._current = current
        self._count = count
        self._one = asyncio.Lock()

    def left(self) -> list[IntentId]:
        """Return the trades to which an order was added that their results do not know."""
        return self._journal.miscounted(self._clock.now_ns() - _LOOKED_BACK_NS)

    async def revise(self, intent: IntentId) -> None:
        """Count a trade anew, and put on record what it came to if that is something else."""
        async with self._one:
            former = await self._counted(intent)
            if former is None:
                return
            orders = tuple(self._current(order) for order in former.orders)
            result = self._count(Counted(intent=former.intent, orders=orders, result=former.result))
            if (result.moves, result.fees) == (former.result.moves, former.result.fees):
                return
            self._latches.revised(former.result, result)
        if result.outcome is Outcome.STOPPED:
            detail = f"{former.intent.symbol}: {result.detail}"
            self._listeners.alarm(
                TradingAlarm(name="stopped", symbol=former.intent.symbol, intent=intent, detail=detail)
            )
        self._listeners.revision(former.intent, former.result, result)

    async def _counted(self, intent: IntentId) -> Counted | None:
        # What was counted before, maybe a moment ago, has to be on record: the difference goes into the day.
        await self._journal.settle()
        while True:
            try:
                return await self._journal.counted(intent)
            except JournalUnavailable:
                await self._clock.sleep(_AGAIN_NS)
