"""The one owner of what survives a restart: kill, today's loss, breakers, rests.

What tightens takes hold at once and is written down behind it; what loosens is written down first and takes hold when
that is committed, so that no crash lifts anything that was not lifted on record.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from arb_core.engine.money import minus
from arb_core.engine.risk import (
    Kill,
    Limits,
    RiskState,
    booked,
    cleared,
    cooled,
    killed,
    loss_reached,
    probing,
    rested,
    venue_failed,
    venue_recovered,
)
from arb_core.engine.trade import TradeResult
from arb_core.engine.trading.alarms import TradingAlarm
from arb_core.engine.trading.crew import Crew
from arb_core.interfaces.context import Clock
from arb_core.structs.market import Symbol, VenueName

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Latches"]


class Latches:
    """The risk state as it holds now. `read` follows before anything is admitted."""

    def __init__(
        self,
        journal: "Journal",
        limits: Limits,
        clock: Clock,
        tasks: Crew,
        *,
        alarm: Callable[[TradingAlarm], None],
        halted: Callable[[], None],
    ) -> None:
        """Tell `alarm` of every latch that is set; `halted` is called when no new trade may begin for a longer time."""
        self.state = RiskState()
        self._journal = journal
        self._limits = limits
        self._clock = clock
        self._tasks = tasks
        self._alarm = alarm
        self._halted = halted
        self._kill_on_record: Kill | None = None

    def read(self) -> None:
        """Take what the journal holds: a restart lifts nothing."""
        self.state = self._journal.risk_state()
        self._kill_on_record = self.state.kill

    # -- kill

    def kill(self, reason: str) -> bool:
        """Set the latch now; False if it was set before."""
        if self.state.kill is not None:
            return False
        self._take(killed(self.state, reason, self._clock.now_ns()))
        self._tasks.spawn(self._put_on_record(), "arb-kill")
        self._alarm(TradingAlarm(name="kill", detail=f"nothing new is begun: {reason}"))
        self._halted()
        return True

    def look(self, on_record: Kill | None) -> None:
        """Take the latch as the journal shows it: somebody else may have set it, and only a person lifts it."""
        if on_record is not None:
            self._kill_on_record = on_record
            if self.state.kill is None:
                self._take(killed(self.state, on_record.reason, on_record.since_ns))
                self._alarm(TradingAlarm(name="kill", detail=f"nothing new is begun: {on_record.reason}"))
                self._halted()
        elif self._kill_on_record is not None:
            # It was in the journal and is there no longer: somebody lifted it. One that is not in it yet stays.
            self._kill_on_record = None
            if self.state.kill is not None:
                self.state = cleared(self.state)
                self._journal.risk(self.state)

    # -- venues and symbols

    def rest(self, symbol: Symbol, duration_ns: int) -> None:
        """Begin nothing in a symbol for a while."""
        self._take(rested(self.state, symbol, self._clock.now_ns() + duration_ns))

    def failed(self, venue: VenueName, why: str) -> None:
        """Count a failure of a venue."""
        former = self.state.breakers.get(venue)
        self._take(venue_failed(self.state, self._limits, venue, self._clock.now_ns()))
        now = self.state.breakers[venue]
        if now.opened_ns is not None and (former is None or former.opened_ns is None):
            self._alarm(TradingAlarm(name="breaker", venue=venue, detail=f"{venue} is left alone for a while: {why}"))

    def worked(self, venue: VenueName) -> None:
        """A venue did what it was asked: an open breaker closes, once that is on record."""
        breaker = self.state.breakers.get(venue)
        if breaker is not None and breaker.opened_ns is not None and breaker.probe_ns is not None:
            self._tasks.spawn(self._loosen(lambda state: venue_recovered(state, venue)), f"arb-{venue}-recovered")

    def tried(self, venues: Iterable[VenueName]) -> None:
        """An admitted trade goes to these venues: it is on trial where a breaker is open."""
        state = self.state
        for venue in venues:
            state = probing(state, venue, self._clock.now_ns())
        if state is not self.state:
            self._take(state)

    # -- results

    def ended(self, result: TradeResult, symbols: Iterable[Symbol]) -> None:
        """Book what a trade came to, let the symbols that it sent orders for rest, and write all down together."""
        self._book(result, result.pnl, symbols)

    def revised(self, former: TradeResult, result: TradeResult) -> None:
        """Put a result in the place of a former one. What it changes counts for today, on which it is learned."""
        self._book(result, minus(result.pnl, former.pnl), ())

    # -- inside

    def _book(self, result: TradeResult, amount: Decimal, symbols: Iterable[Symbol]) -> None:
        now_ns = self._clock.now_ns()
        was_reached = loss_reached(self.state, now_ns)
        state = booked(self.state, self._limits, result.money, amount, now_ns)
        for symbol in symbols:
            state = cooled(state, self._limits, symbol, now_ns)
        self.state = state
        self._journal.result(result, state)
        if loss_reached(state, now_ns) and not was_reached:
            told = f"nothing new is begun before 00:00 UTC: today came to {state.day.pnl[result.money]} {result.money}"
            self._alarm(TradingAlarm(name="daily_loss", detail=told))
            self._halted()

    def _take(self, state: RiskState) -> None:
        self.state = state
        self._journal.risk(state)

    async def _put_on_record(self) -> None:
        kill = self.state.kill
        await self._journal.settle()
        if self.state.kill is kill:
            self._kill_on_record = kill

    async def _loosen(self, change: Callable[[RiskState], RiskState]) -> None:
        while (looser := change(self.state)) != self.state:
            former = self.state
            self._journal.risk(looser)
            await self._journal.settle()
            if self.state is former:
                self.state = looser
            # Else something else changed meanwhile and wrote down a state without this change: once more.
