"""Whether the account and the moment allow a trade: limits, latches and what was lost today.

A verdict judges the market, `admit` judges us. It is pure: limits are settings, `RiskState` is plain data that the
journal keeps (so that a restart lifts nothing), funds and open trades are handed in. Every reason that speaks against
a trade is named, not only the first. The functions below `admit` are the only ways in which the state changes; each
returns a new one, which the caller commits before it acts on it.

Limits by asset have no default: what nobody stated a limit for is not traded.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Protocol

import msgspec

from arb_core.engine.ids import IntentId
from arb_core.engine.ledger import Need, need_of
from arb_core.engine.money import minus, plus, times
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan

__all__ = [
    "REASONS",
    "Admission",
    "Breaker",
    "Day",
    "Funds",
    "Kill",
    "Limits",
    "Proposal",
    "ProposedLeg",
    "Reason",
    "RiskState",
    "admit",
    "booked",
    "cleared",
    "cooled",
    "killed",
    "lets_through",
    "loss_reached",
    "probing",
    "rested",
    "venue_failed",
    "venue_recovered",
]

SECOND = 1_000_000_000
DAY_NS = 86_400 * SECOND

REASONS = (
    "kill",
    "daily_loss",
    "stopping",
    "journal",
    "account",
    "reconciling",
    "deaf",
    "countdown",
    "breaker",
    "in_doubt",
    "under_way",
    "cooldown",
    "open_trades",
    "absurd",
    "leg_loss",
    "size",
    "notional",
    "asset_limit",
    "venue_limit",
    "balance",
)
"""Every reason that speaks against a trade, in the order in which they are reported.

Some are about the program rather than about money, and are told by `trading.gate` alone: `stopping`, `journal`,
`account` (none is open on that venue), `reconciling`, `deaf`, `countdown`; as are `under_way` (a trade of the same
symbol on the same venue), `leg_loss` (no loss cap of the leg policy is set) and `size` (less than a venue takes).
"""

_NOTHING = Decimal(0)
_ONE = Decimal(1)


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[risk]` of the settings. Money is counted in the quote asset of a trade's first leg."""

    max_notional: dict[Asset, Decimal] = {}
    """Most that one trade may be worth, by quote money."""
    max_daily_loss: dict[Asset, Decimal] = {}
    """Loss since 00:00 UTC at which trading ends for the day, by quote money."""
    max_asset: dict[Asset, Decimal] = {}
    """Most that may be held of an asset on all venues together, in its own units; an asset not named has no limit."""
    max_on_venue: dict[VenueName, dict[Asset, Decimal]] = {}
    """Most that may be held of an asset on one venue."""
    max_open_trades: int = 1
    cooldown_ns: int = 0
    """How long a symbol rests after a trade of it ended."""
    max_edge_bps: float = 500.0
    """An edge above this is an error of ours or of a venue, not a chance."""
    breaker_failures: int = 3
    """Failures of one venue within `breaker_window_ns` that open its breaker."""
    breaker_window_ns: int = 60 * SECOND
    breaker_rest_ns: int = 30 * SECOND
    """How long an open breaker lets nothing through; then one trade may try."""


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """The latch that only a person lifts."""

    reason: str
    since_ns: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What one day (UTC, counted from 1970-01-01) came to."""

    number: int = 0
    pnl: dict[Asset, Decimal] = {}
    """Realised, with fees and residues at mid, by quote money."""
    stopped: bool = False
    """The loss limit was reached; a later profit of a trade in flight does not lift it."""


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """The circuit breaker of one venue: closed, open since `opened_ns`, or half open with one trade on trial."""

    failures: tuple[int, ...] = ()
    opened_ns: int | None = None
    probe_ns: int | None = None
    """When the trade on trial began."""


_CLOSED = Breaker()


class RiskState(msgspec.Struct, frozen=True, kw_only=True):
    """What must survive a restart."""

    kill: Kill | None = None
    day: Day = Day()
    breakers: dict[VenueName, Breaker] = {}
    cooling: dict[str, int] = {}
    """By symbol: until when it rests."""


class ProposedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it would be sent: rounded, at the worst price accepted. `fee` is a fraction of the notional."""

    venue: VenueName
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal

    @property
    def need(self) -> Need:
        """What it takes at most."""
        return need_of(self.venue, self.symbol, self.side, self.quantity, self.price, fee=self.fee)

    @property
    def gain(self) -> Need:
        """What it brings at least if it is filled whole, after its fee."""
        kept = minus(_ONE, max(self.fee, _NOTHING))
        if self.side is Side.BUY:
            return Need(self.venue, Asset(self.symbol.base), times(self.quantity, kept))
        return Need(self.venue, Asset(self.symbol.quote), times(times(self.quantity, self.price), kept))


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that is asked for."""

    legs: tuple[ProposedLeg, ...]
    plan: Plan
    edge_bps: float

    @property
    def money(self) -> Asset:
        """What its profit is counted in: the quote asset of the first leg; in turn, what the first leg pays."""
        first = self.legs[0]
        return Asset(first.symbol.base if self._pays_base else first.symbol.quote)

    @property
    def notional(self) -> Decimal:
        """What the first leg is worth, in `money`."""
        first = self.legs[0]
        return first.quantity if self._pays_base else times(first.quantity, first.price)

    @property
    def _pays_base(self) -> bool:
        return self.plan is Plan.IN_TURN and self.legs[0].side is Side.SELL


class Funds(Protocol):
    """What `Ledger` knows."""

    def available(self, venue: VenueName, asset: Asset) -> Decimal:
        """Return what may still be promised."""
        ...

    def held(self, venue: VenueName, asset: Asset) -> Decimal:
        """Return what is owned on one venue."""
        ...

    def held_everywhere(self, asset: Asset) -> Decimal:
        """Return what is owned on all venues."""
        ...


class Reason(msgspec.Struct, frozen=True):
    """One of `REASONS`, with what was found."""

    name: str
    detail: str


class Admission(msgspec.Struct, frozen=True):
    """The judgement of the account and the moment."""

    admitted: bool
    reasons: tuple[Reason, ...] = ()
    intent: IntentId | None = None
    """The trade that was begun, in the moment when it is begun: its intent is not on record yet."""


def admit(
    proposal: Proposal,
    *,
    limits: Limits,
    state: RiskState,
    funds: Funds,
    open_trades: int,
    in_doubt: Collection[tuple[VenueName, Symbol]],
    now_ns: int,
) -> Admission:
    """Judge a trade. `in_doubt` names every symbol with an order whose fate is not known."""
    reasons = [
        *_latches(proposal, limits, state, now_ns),
        *_places(proposal, limits, state, in_doubt, now_ns),
        *_sizes(proposal, limits, open_trades),
        *_positions(proposal, limits, funds),
        *_balances(proposal, funds),
    ]
    return Admission(admitted=not reasons, reasons=tuple(reasons))


def killed(state: RiskState, reason: str, now_ns: int) -> RiskState:
    """Set the latch; the first reason stays."""
    if state.kill is not None:
        return state
    return msgspec.structs.replace(state, kill=Kill(reason=reason, since_ns=now_ns))


def cleared(state: RiskState) -> RiskState:
    """Lift the latch. A day's loss limit is none and stays reached."""
    return msgspec.structs.replace(state, kill=None)


def booked(state: RiskState, limits: Limits, money: Asset, amount: Decimal, now_ns: int) -> RiskState:
    """Count what a trade came to into its day, and stop the day where the limit is reached."""
    day = _today(state, now_ns)
    pnl = {**day.pnl, money: plus(day.pnl.get(money, _NOTHING), amount)}
    limit = limits.max_daily_loss.get(money)
    stopped = day.stopped or (limit is not None and plus(pnl[money], limit) <= 0)
    return msgspec.structs.replace(state, day=Day(number=day.number, pnl=pnl, stopped=stopped))


def loss_reached(state: RiskState, now_ns: int) -> bool:
    """Whether trading has ended for today."""
    return _today(state, now_ns).stopped


def cooled(state: RiskState, limits: Limits, symbol: Symbol, now_ns: int) -> RiskState:
    """Let a symbol rest, and forget the rests that are over."""
    cooling = {kept: until_ns for kept, until_ns in state.cooling.items() if until_ns > now_ns}
    if limits.cooldown_ns > 0:
        cooling[str(symbol)] = now_ns + limits.cooldown_ns
    return msgspec.structs.replace(state, cooling=cooling)


def rested(state: RiskState, symbol: Symbol, until_ns: int) -> RiskState:
    """Let a symbol rest until a moment, or longer where it does already."""
    until_ns = max(until_ns, state.cooling.get(str(symbol), 0))
    return msgspec.structs.replace(state, cooling={**state.cooling, str(symbol): until_ns})


def venue_failed(state: RiskState, limits: Limits, venue: VenueName, now_ns: int) -> RiskState:
    """Count a failure of a venue; enough of them, or one of the trade on trial, open its breaker."""
    breaker = state.breakers.get(venue, _CLOSED)
    if breaker.opened_ns is not None:
        return _with_breaker(state, venue, Breaker(opened_ns=now_ns))
    failures = (*(at_ns for at_ns in breaker.failures if now_ns - at_ns < limits.breaker_window_ns), now_ns)
    if len(failures) >= limits.breaker_failures:
        return _with_breaker(state, venue, Breaker(opened_ns=now_ns))
    return _with_breaker(state, venue, Breaker(failures=failures))


def venue_recovered(state: RiskState, venue: VenueName) -> RiskState:
    """Close an open breaker: the trade on trial went well. A closed one goes on counting failures by their time."""
    if state.breakers.get(venue, _CLOSED).opened_ns is None:
        return state
    return msgspec.structs.replace(state, breakers={name: b for name, b in state.breakers.items() if name != venue})


def probing(state: RiskState, venue: VenueName, now_ns: int) -> RiskState:
    """Note that an admitted trade tries a venue whose breaker is open; until it ends, or rests over, no other may."""
    breaker = state.breakers.get(venue)
    if breaker is None or breaker.opened_ns is None:
        return state
    return _with_breaker(state, venue, msgspec.structs.replace(breaker, probe_ns=now_ns))


def _latches(proposal: Proposal, limits: Limits, state: RiskState, now_ns: int) -> list[Reason]:
    reasons: list[Reason] = []
    if state.kill is not None:
        reasons.append(Reason("kill", state.kill.reason))
    if loss_reached(state, now_ns):
        reasons.append(Reason("daily_loss", "the limit was reached today"))
    elif proposal.money not in limits.max_daily_loss:
        reasons.append(Reason("daily_loss", f"no max_daily_loss is set for {proposal.money}"))
    return reasons


def _places(
    proposal: Proposal,
    limits: Limits,
    state: RiskState,
    in_doubt: Collection[tuple[VenueName, Symbol]],
    now_ns: int,
) -> list[Reason]:
    legs = proposal.legs
    reasons = [
        Reason("breaker", f"{venue} failed lately")
        for venue in sorted({leg.venue for leg in legs})
        if not lets_through(state.breakers.get(venue), limits, now_ns)
    ]
    places = sorted({(leg.venue, leg.symbol) for leg in legs})
    reasons += [
        Reason("in_doubt", f"an order in {symbol} on {venue} is not accounted for")
        for venue, symbol in places
        if (venue, symbol) in in_doubt
    ]
    reasons += [
        Reason("cooldown", f"{symbol} rests for another {(until_ns - now_ns) / SECOND:.1f} s")
        for symbol in sorted({str(leg.symbol) for leg in legs})
        if (until_ns := state.cooling.get(symbol, 0)) > now_ns
    ]
    return reasons


def _sizes(proposal: Proposal, limits: Limits, open_trades: int) -> list[Reason]:
    reasons: list[Reason] = []
    if open_trades >= limits.max_open_trades:
        reasons.append(Reason("open_trades", f"{open_trades} of {limits.max_open_trades} are open"))
    if not proposal.edge_bps <= limits.max_edge_bps:
        reasons.append(Reason("absurd", f"{proposal.edge_bps:.1f} bp is above {limits.max_edge_bps:.1f}"))
    most = limits.max_notional.get(proposal.money)
    if most is None:
        reasons.append(Reason("notional", f"no max_notional is set for {proposal.money}"))
    elif proposal.notional > most:
        reasons.append(Reason("notional", f"{proposal.notional} {proposal.money} is above {most}"))
    return reasons


def _positions(proposal: Proposal, limits: Limits, funds: Funds) -> list[Reason]:
    """Look at the worst case: what is bought arrives, what should pay for it or take it does not."""
    gained: dict[Asset, Decimal] = {}
    gained_on: dict[tuple[VenueName, Asset], Decimal] = {}
    for leg in proposal.legs:
        gain = leg.gain
        gained[gain.asset] = plus(gained.get(gain.asset, _NOTHING), gain.amount)
        place = gain.venue, gain.asset
        gained_on[place] = plus(gained_on.get(place, _NOTHING), gain.amount)
    reasons: list[Reason] = []
    for asset, amount in gained.items():
        most = limits.max_asset.get(asset)
        if most is not None and (held := plus(funds.held_everywhere(asset), amount)) > most:
            reasons.append(Reason("asset_limit", f"{held} {asset} would be held, {most} may"))
    for (venue, asset), amount in gained_on.items():
        most = limits.max_on_venue.get(venue, {}).get(asset)
        if most is not None and (held := plus(funds.held(venue, asset), amount)) > most:
            reasons.append(Reason("venue_limit", f"{held} {asset} would be held on {venue}, {most} may"))
    return reasons


def _balances(proposal: Proposal, funds: Funds) -> list[Reason]:
    """Ask for the funds of every leg before any is sent; only in turn may an earlier leg pay for a later one."""
    left: dict[tuple[VenueName, Asset], Decimal] = {}
    reasons: list[Reason] = []
    for leg in proposal.legs:
        need, gain = leg.need, leg.gain
        place = need.venue, need.asset
        there = left.get(place, funds.available(*place))
        if there < need.amount:
            detail = f"{need.amount} {need.asset} is needed on {need.venue}, {there} is available"
            reasons.append(Reason("balance", detail))
        left[place] = minus(there, need.amount)
        if proposal.plan is Plan.IN_TURN:
            target = gain.venue, gain.asset
            left[target] = plus(left.get(target, funds.available(*target)), gain.amount)
    return reasons


def lets_through(breaker: Breaker | None, limits: Limits, now_ns: int) -> bool:
    """Whether a trade may go to a venue: its breaker is closed, or has rested long enough for one to try."""
    if breaker is None or breaker.opened_ns is None:
        return True
    last_ns = breaker.opened_ns if breaker.probe_ns is None else breaker.probe_ns
    return now_ns - last_ns >= limits.breaker_rest_ns


def _today(state: RiskState, now_ns: int) -> Day:
    """Return the day's count; a new day begins with nothing. A clock that went back keeps the later day."""
    number = now_ns // DAY_NS
    return state.day if state.day.number >= number else Day(number=number)


def _with_breaker(state: RiskState, venue: VenueName, breaker: Breaker) -> RiskState:
    return msgspec.structs.replace(state, breakers={**state.breakers, venue: breaker})
