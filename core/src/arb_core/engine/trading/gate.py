"""Judges account and moment for every executable sighting: what costs nothing is asked first.

An edge is seen at every update while it stays open, and most of the time one thing stands in its way for long: a latch,
a trade under way, a venue that is not reconciled. Each of these is one comparison and one `Admission` that was made
before; only what passes them all is sized, in float64, and only what is large enough then is made exact and asked of
`risk.admit`. Nothing here grows with the number of symbols. Entered by the trading session alone.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from arb_core.engine.ledger import Ledger
from arb_core.engine.legs import LegPolicy
from arb_core.engine.risk import Admission, Limits, Proposal, Reason, admit, lets_through, loss_reached
from arb_core.engine.trading.desk import Desk
from arb_core.engine.trading.lanes import Lanes
from arb_core.engine.trading.latches import Latches
from arb_core.engine.trading.settings import TradingSettings
from arb_core.engine.trading.sizing import Sizing
from arb_core.interfaces.context import Clock
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Plan

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Gate"]


class Gate:
    """Says yes or no, and counts the noes by their first reason."""

    def __init__(
        self,
        *,
        desks: Mapping[VenueName, Desk],
        lanes: Lanes,
        ledger: Ledger,
        latches: Latches,
        limits: Limits,
        policy: LegPolicy,
        settings: TradingSettings,
        journal: "Journal",
        clock: Clock,
        open_trades: Callable[[], int],
    ) -> None:
        self._desks = desks
        self._lanes = lanes
        self._sizing = Sizing(lanes, ledger, limits)
        self._ledger = ledger
        self._latches = latches
        self._limits = limits
        self._policy = policy
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._open_trades = open_trades
        self._made: dict[tuple[str, str], Admission] = {}
        self.stopping = False
        self.unread: str | None = None
        """Why the latch in the journal cannot be read now; None while it can."""
        self.refused: dict[str, int] = {}
        self.admitted = 0

    def judge(self, opportunity: Opportunity) -> tuple[Admission, Proposal | None]:
        """Judge an opportunity whose verdict is executable; a proposal is returned where it is admitted."""
        refusal = self.closed() or self._in_the_way(opportunity)
        if refusal is not None:
            return self._no(refusal), None
        size = self._sizing.room(opportunity)
        if isinstance(size, Reason):
            return self._no(Admission(admitted=False, reasons=(size,))), None
        proposal = self._sizing.proposal(opportunity, size)
        if isinstance(proposal, Reason):
            return self._no(Admission(admitted=False, reasons=(proposal,))), None
        admission = admit(
            proposal,
            limits=self._limits,
            state=self._latches.state,
            funds=self._ledger,
            open_trades=self._open_trades(),
            in_doubt=(),  # asked before, by `_in_the_way`
            now_ns=self._clock.now_ns(),
        )
        if not admission.admitted:
            return self._no(admission), None
        self.admitted += 1
        return admission, proposal

    def closed(self) -> Admission | None:
        """Return why nothing at all may begin now; also asked after an intent's commit."""
        state = self._latches.state
        if state.kill is not None:
            return self._refusal("kill", state.kill.reason)
        if loss_reached(state, self._clock.now_ns()):
            return self._refusal("daily_loss", "the limit was reached today")
        if self.stopping:
            return self._refusal("stopping", "trading is being stopped")
        fault = self._journal.fault or self.unread
        return None if fault is None else self._refusal("journal", fault)

    def _in_the_way(self, opportunity: Opportunity) -> Admission | None:
        """Return what speaks against these legs now, without arithmetic on money."""
        limits = self._limits
        if self._open_trades() >= limits.max_open_trades:
            return self._refusal("open_trades", f"{limits.max_open_trades} are open")
        if not opportunity.edge_bps <= limits.max_edge_bps:
            return self._refusal("absurd", f"an edge above {limits.max_edge_bps:.1f} bp")
        now_ns = self._clock.now_ns()
        for leg in opportunity.legs:
            name = self._venue_refuses(leg.venue, now_ns)
            if name is not None:
                return self._refusal(name, leg.venue)
        for leg in opportunity.legs:
            name = self._place_refuses(leg.venue, leg.symbol, now_ns)
            if name is not None:
                return self._refusal(name, f"{leg.symbol} on {leg.venue}")
        return self._unlimited(opportunity)

    def _venue_refuses(self, venue: VenueName, now_ns: int) -> str | None:
        desk = self._desks.get(venue)
        if desk is None:
            return "account"
        if desk.unreconciled is not None:
            return "reconciling"
        if not (self._settings.trade_deaf or desk.listening):
            return "deaf"
        if not desk.armed:
            return "countdown"
        breaker = self._latches.state.breakers.get(venue)
        return None if lets_through(breaker, self._limits, now_ns) else "breaker"

    def _place_refuses(self, venue: VenueName, symbol: Symbol, now_ns: int) -> str | None:
        if symbol in self._desks[venue].in_doubt:
            return "in_doubt"
        if self._lanes.lane(venue, symbol).under_way:
            return "under_way"
        cooling = self._latches.state.cooling
        return "cooldown" if cooling and cooling.get(str(symbol), 0) > now_ns else None

    def _unlimited(self, opportunity: Opportunity) -> Admission | None:
        """Return which limit nobody set: without it nothing is traded."""
        first = opportunity.legs[0]
        in_base = opportunity.plan is Plan.IN_TURN and first.side is Side.SELL
        money = Asset(first.symbol.base if in_base else first.symbol.quote)
        if money not in self._limits.max_daily_loss:
            return self._refusal("daily_loss", f"no max_daily_loss is set for {money}")
        if money not in self._limits.max_notional:
            return self._refusal("notional", f"no max_notional is set for {money}")
        for name, caps in (("hedge_loss", self._policy.hedge_loss), ("unwind_loss", self._policy.unwind_loss)):
            if money not in caps:
                return self._refusal("leg_loss", f"no {name} is set for {money}")
        return None

    def _refusal(self, name: str, detail: str) -> Admission:
        """Return an admission that was made before: details are few, and hold no number that changes."""
        made = self._made.get((name, detail))
        if made is None:
            if len(self._made) > 10_000:
                self._made.clear()
            made = self._made[name, detail] = Admission(admitted=False, reasons=(Reason(name, detail),))
        return made

    def _no(self, admission: Admission) -> Admission:
        name = admission.reasons[0].name
        self.refused[name] = self.refused.get(name, 0) + 1
        return admission
