"""Judges the market: named checks over an opportunity, and how deep it reaches. Pure; knows no account.

`walk` turns two sides of depth into a size and its money; strategies call it. `judge` asks every check of
`structs.opportunity.CHECKS` in its order and answers each with pass, fail or unknown and the reason in words. Whether
the account can and may act on it is another judgement.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import combinations
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

import msgspec

from arb_core.engine.edge import Hurdle
from arb_core.engine.identity import Identity
from arb_core.engine.rounding import common_step, decimal, round_price, round_size
from arb_core.engine.turns import brings, gap, hand_overs
from arb_core.engine.view import EngineView
from arb_core.structs.book import BookState, Level
from arb_core.structs.market import Instrument, InstrumentKind, Side, TradingStatus, VenueName
from arb_core.structs.opportunity import CHECKS, Check, CheckState, Leg, Opportunity, Plan, Verdict

__all__ = ["Mute", "Policy", "Walk", "judge", "walk"]

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE


class Mute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pair of venues that the user does not want executed, for one symbol or for all."""

    venues: tuple[VenueName, VenueName]
    symbol: str | None = None
    """As printed: `LEO/USDT`; None = every symbol."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bounds of the checks. Durations are nanoseconds."""

    max_age_ns: int | None = 5 * _SECOND
    """Check `fresh`: a book that took no message for longer is stale, though its connection lives; None = no rule."""
    max_edge_bps: float = 1000.0
    """Check `absurd`: a larger edge is a fact we do not know, not a gift."""
    premium_ns: int | None = 15 * _MINUTE
    """Check `absurd`, alarm `structural_premium`: an edge that stays open for longer is a premium nobody can earn."""
    price_window_ns: int = 5 * _MINUTE
    """Check `quarantined`: where no contract proves the asset, prices must agree for so long without a break..."""
    price_tolerance_bps: float = 500.0
    """... to within this much."""
    ignore_transfers: bool = False
    """Check `transfers`: closed networks do not refuse."""
    delisting_margin_ns: int = 24 * _HOUR
    """Check `healthy`: a delisting closer than this refuses."""
    mute: tuple[Mute, ...] = ()
    """Check `healthy`: pairs of venues that the user has muted."""


class Walk(NamedTuple):
    """How much trades at a profit. `*_price` is the worst level taken; a size of NaN is not known."""

    size: float
    buy_cost: float
    """In quote money, the fee included, as is `sell_revenue`."""
    sell_revenue: float
    buy_gross: float
    """What the purchase costs before its fee: divided by `size`, its average price."""
    sell_gross: float
    buy_price: float
    sell_price: float
    used_up: bool
    """Every level given of one side was taken: with more levels it might have gone on."""


def walk(
    asks: Sequence[Level],
    bids: Sequence[Level],
    hurdle: Hurdle,
    *,
    max_size: float = inf,
    max_notional: float = inf,
) -> Walk:
    """Take asks upwards and bids downwards while `bid * keep > ask * pay`, each time the smaller of the two sizes.

    Levels are best first; `hurdle` holds the fees, with a minimum of 0. `max_notional` bounds what the purchase costs,
    its fee included. A size that the venue does not give (NaN) makes the whole size unknown.
    """
    size = buy_gross = sell_gross = 0.0
    buy_price = sell_price = nan
    pay = hurdle.pay
    i = j = 0
    ask, ask_left = asks[0] if asks else (nan, 0.0)
    bid, bid_left = bids[0] if bids else (nan, 0.0)
    while hurdle.cleared(bid, ask):
        take = min(ask_left, bid_left)
        if isnan(ask_left) or isnan(bid_left):
            return Walk(nan, nan, nan, nan, nan, ask, bid, used_up=False)
        room = min(max_size - size, (max_notional - buy_gross * pay) / (ask * pay))
        bounded = room <= take
        if bounded:
            take = max(room, 0.0)
        size += take
        buy_gross += take * ask
        sell_gross += take * bid
        buy_price, sell_price = ask, bid
        if bounded:
            break
        ask_left -= take
        bid_left -= take
        if ask_left <= 0.0:
            i += 1
            ask, ask_left = asks[i] if i < len(asks) else (nan, 0.0)
        if bid_left <= 0.0:
            j += 1
            bid, bid_left = bids[j] if j < len(bids) else (nan, 0.0)
    used_up = i == len(asks) or j == len(bids)
    return Walk(size, buy_gross * pay, sell_gross * hurdle.keep, buy_gross, sell_gross, buy_price, sell_price, used_up)


def judge(
    opportunity: Opportunity, market: EngineView, policy: Policy, *, monotonic_ns: int, open_ns: int = 0
) -> Verdict:
    """Ask every check, in order.

    `monotonic_ns` is now, by the clock on which books age; `open_ns` how long this edge has been open already. Of the
    two names `same_asset` (contracts or prices decide) and `quarantined` (nothing does yet) a verdict holds one.
    """
    context = _Context(opportunity, market, policy, monotonic_ns, open_ns)
    checks = tuple([check(context) for check in _CHECKS])
    refused_by = next((check.name for check in checks if _refuses(check)), None)
    return Verdict(checks, refused_by is None, refused_by)


def _refuses(check: Check) -> bool:
    """Whether a check stands in the way; unknown transfers are shown and do not refuse."""
    return check.state is CheckState.FAIL or (check.state is CheckState.UNKNOWN and check.name != "transfers")


_Known = tuple[Leg, Instrument | None]


class _Context:
    """What the checks of one opportunity share. A verdict is asked for at every update while an edge stays open."""

    __slots__ = ("across", "books", "known", "legs", "market", "monotonic_ns", "open_ns", "opportunity", "policy")

    def __init__(
        self, opportunity: Opportunity, market: EngineView, policy: Policy, monotonic_ns: int, open_ns: int
    ) -> None:
        self.opportunity = opportunity
        self.legs = legs = opportunity.legs
        self.books = [(leg, market.book(leg.symbol, leg.venue)) for leg in legs]
        self.known: list[_Known] = [(leg, market.instrument(leg.symbol, leg.venue)) for leg in legs]
        self.across: list[tuple[_Known, _Known]] = [
            (a, b) for a, b in combinations(self.known, 2) if a[0].venue != b[0].venue and _base(a[0]) == _base(b[0])
        ]
        """Every two legs that deal in one base asset on two venues."""
        self.market = market
        self.policy = policy
        self.monotonic_ns = monotonic_ns
        self.open_ns = open_ns

    def name(self, leg: Leg) -> str:
        """Name a leg so that it can be told from the others: by its venue, in turn by its symbol, too."""
        return leg.venue if self.opportunity.plan is Plan.TOGETHER else f"{leg.venue} {leg.symbol}"


_PASSED = {name: Check(name, CheckState.PASS) for name in CHECKS}
"""A check that passed without anything to say is the same object every time."""


def _worst(name: str, findings: list[tuple[CheckState, str]]) -> Check:
    """Put several answers into one: a failure before an unknown, with every reason of that kind."""
    if not findings:
        return _PASSED[name]
    for state in (CheckState.FAIL, CheckState.UNKNOWN):
        reasons = [detail for found, detail in findings if found is state]
        if reasons:
            return Check(name, state, _joined(reasons))
    details = _joined(detail for _, detail in findings if detail)
    return Check(name, CheckState.PASS, details) if details else _PASSED[name]


def _joined(reasons: Iterable[str]) -> str:
    """Say each reason once: three legs on one venue share what is wrong with it."""
    return "; ".join(dict.fromkeys(reasons))


_BUNDLE = re.compile(r"(?:1000+|1M)(?=[A-Z])")


def _base(leg: Leg) -> str:
    """Return the asset behind a base ticker: `1000SHIB` and `1MBABYDOGE` deal in SHIB and BABYDOGE."""
    ticker = leg.symbol.base
    return _BUNDLE.sub("", ticker, count=1) if ticker[0] == "1" else ticker


def _live(context: _Context) -> Check:
    for leg, book in context.books:
        if book is None:
            return Check("live", CheckState.FAIL, f"{leg.venue} {leg.symbol} is not followed")
        if book.state is not BookState.LIVE:
            return Check("live", CheckState.FAIL, f"{leg.venue} {leg.symbol}: {book.fault or 'synchronising'}")
    return _PASSED["live"]


def _fresh(context: _Context) -> Check:
    limit_ns = context.policy.max_age_ns
    if limit_ns is None:
        return _PASSED["fresh"]
    oldest_ns = context.monotonic_ns - limit_ns
    old: list[tuple[CheckState, str]] = []
    for leg, book in context.books:
        if book is None:
            old.append((CheckState.UNKNOWN, f"{leg.venue} {leg.symbol} is not followed"))
        elif book.monotonic_ns < oldest_ns:
            age_s = (context.monotonic_ns - book.monotonic_ns) / _SECOND
            detail = f"{context.name(leg)} silent for {age_s:.1f} s, allowed {limit_ns / _SECOND:g} s"
            old.append((CheckState.FAIL, detail))
    return _worst("fresh", old)


def _different_instrument(context: _Context) -> Check:
    findings: list[tuple[CheckState, str]] = []
    for leg, instrument in context.known:
        if instrument is None:
            findings.append((CheckState.UNKNOWN, f"{leg.venue} says nothing of {leg.symbol}"))
        elif instrument.kind is not InstrumentKind.SPOT:
            findings.append(
                (CheckState.FAIL, f"{leg.symbol} is a {instrument.kind} on {leg.venue}: only spot is traded")
            )
        elif leg.symbol.settle is not None:
            findings.append((CheckState.FAIL, f"{leg.symbol} on {leg.venue} is a derivative by its name"))
    for (leg, mine), (other, yours) in context.across:
        if leg.symbol.base != other.symbol.base:
            detail = f"{leg.symbol.base} on {leg.venue} is not the unit of {other.symbol.base} on {other.venue}"
            findings.append((CheckState.FAIL, detail))
        if mine is not None and yours is not None and _differ(mine, yours):
            detail = f"one unit is {_units(mine)} {leg.symbol.base} on {leg.venue}, {_units(yours)} on {other.venue}"
            findings.append((CheckState.FAIL, detail))
    return _worst("different_instrument", findings)


def _differ(a: Instrument, b: Instrument) -> bool:
    """Whether two listings count in different units."""
    same = a.contract_size == b.contract_size and a.base_multiplier == b.base_multiplier
    return not same and _units(a) != _units(b)


def _units(instrument: Instrument) -> Decimal:
    """Return how many base units one listed unit stands for."""
    return instrument.contract_size * instrument.base_multiplier


def _same_asset(context: _Context) -> Check:
    """Answer as `same_asset` where contracts or prices decide, else as `quarantined`."""
    findings: list[tuple[CheckState, str]] = []
    quarantine: list[tuple[CheckState, str]] = []
    policy, assets = context.policy, context.market.assets
    for (leg, mine), (other, yours) in context.across:
        found = assets.identity(
            leg.symbol.base,
            leg.venue,
            other.venue,
            None if mine is None else mine.base_contract,
            None if yours is None else yours.base_contract,
        )
        if found.identity is Identity.SAME:
            findings.append((CheckState.PASS, found.detail))
        elif found.identity is Identity.DIFFERENT:
            findings.append((CheckState.FAIL, f"{leg.symbol.base} on {leg.venue} and {other.venue}: {found.detail}"))
        else:
            state, detail = assets.watch(leg.symbol, leg.venue, other.venue).state(policy.price_window_ns)
            if state is CheckState.PASS:
                findings.append((state, f"{found.detail}, but {detail}"))
            else:
                quarantine.append((state, f"{leg.venue} and {other.venue}: {found.detail}; {detail}"))
    if quarantine and not any(state is CheckState.FAIL for state, _ in findings):
        return _worst("quarantined", quarantine)
    return _worst("same_asset", findings)


def _same_quote(context: _Context) -> Check:
    """USDT is not USD and not USDC: what is earned must be the money that was paid."""
    if context.opportunity.plan is Plan.IN_TURN:
        return _same_money_in_turn(context)
    first = context.legs[0]
    for leg in context.legs[1:]:
        if leg.symbol.quote != first.symbol.quote:
            detail = f"{first.symbol.quote} on {first.venue} is not {leg.symbol.quote} on {leg.venue}"
            return Check("same_quote", CheckState.FAIL, detail)
        if leg.venue != first.venue:
            found = context.market.assets.identity(first.symbol.quote, first.venue, leg.venue)
            if found.identity is Identity.DIFFERENT:
                return Check("same_quote", CheckState.FAIL, f"{first.symbol.quote}: {found.detail}")
    return _PASSED["same_quote"]


def _same_money_in_turn(context: _Context) -> Check:
    """Each leg converts; together they have to lead back, each one paid for by what the one before it brought."""
    broken = gap(context.legs)
    if broken is not None:
        return Check("same_quote", CheckState.FAIL, broken)
    for leg, after in hand_overs(context.legs):
        if leg.venue != after.venue:
            found = context.market.assets.identity(brings(leg), leg.venue, after.venue)
            if found.identity is Identity.DIFFERENT:
                return Check("same_quote", CheckState.FAIL, f"{brings(leg)}: {found.detail}")
    return _PASSED["same_quote"]


def _fees(context: _Context) -> Check:
    for leg in context.legs:
        fee = context.market.taker_fee(leg.symbol, leg.venue)
        if fee is None or not isfinite(fee):
            return Check("fees", CheckState.UNKNOWN, f"taker fee of {context.name(leg)} not known: set taker_bps")
    return _PASSED["fees"]


def _size(context: _Context) -> Check:
    for leg in context.legs:
        if isnan(leg.size):
            return Check("size", CheckState.UNKNOWN, "a venue does not give sizes")
        if leg.size <= 0.0:
            return Check("size", CheckState.FAIL, "nothing left at this price")
    return _PASSED["size"]


def _filters(context: _Context) -> Check:
    """Round every leg as it would be ordered and ask each venue's own limits.

    Together, all legs have one size, which must suit every lot. In turn each has its own, and what a leg loses by being
    rounded is missing where the next one pays.
    """
    findings: list[tuple[CheckState, str]] = []
    in_turn = context.opportunity.plan is Plan.IN_TURN
    step = common_step(*[instrument.lot for _, instrument in context.known if instrument is not None])
    ordered = planned = Decimal(1)
    for leg, instrument in context.known:
        if instrument is None:
            findings.append((CheckState.UNKNOWN, f"{leg.venue} says nothing of {leg.symbol}"))
        elif not (isfinite(leg.size) and isfinite(leg.price)):
            findings.append((CheckState.UNKNOWN, f"size of {context.name(leg)} not known"))
        else:
            wanted = decimal(leg.size)
            size = round_size(wanted * ordered / planned, instrument.lot if in_turn else step)
            trouble = _breach(leg, instrument, size, instrument.lot if in_turn else step)
            if trouble is not None:
                findings.append((CheckState.FAIL, f"{context.name(leg)}: {trouble}"))
            if in_turn and size > 0:
                ordered, planned = size, wanted
    return _worst("filters", findings)


def _breach(  # noqa: PLR0911 (one return a limit)
    leg: Leg, instrument: Instrument, size: Decimal, step: Decimal
) -> str | None:
    """Return which limit of the venue an order of a rounded size would break, None = it would be taken."""
    price = round_price(decimal(leg.price), instrument.tick, leg.side)
    notional = size * price
    if size <= 0:
        return f"size {leg.size:.8g} rounds to nothing, step {step}"
    if price <= 0:
        return f"price {leg.price:.8g} rounds to nothing, tick {instrument.tick}"
    if size < instrument.min_quantity:
        return f"quantity {size:f} below the minimum {instrument.min_quantity:f}"
    if instrument.max_quantity is not None and size > instrument.max_quantity:
        return f"quantity {size:f} above the maximum {instrument.max_quantity:f}"
    if notional < instrument.min_notional:
        return f"notional {notional:f} below the minimum {instrument.min_notional:f}"
    if instrument.max_notional is not None and notional > instrument.max_notional:
        return f"notional {notional:f} above the maximum {instrument.max_notional:f}"
    return None


def _absurd(context: _Context) -> Check:
    opportunity, policy = context.opportunity, context.policy
    edge_bps = opportunity.edge_bps
    if opportunity.top_edge_bps is not None and opportunity.top_edge_bps > edge_bps:
        edge_bps = opportunity.top_edge_bps
    if isnan(edge_bps):
        return Check("absurd", CheckState.UNKNOWN, "edge not known")
    if edge_bps > policy.max_edge_bps:
        return Check(
            "absurd", CheckState.FAIL, f"edge of {edge_bps:.0f} bp, believed up to {policy.max_edge_bps:.0f} bp"
        )
    if policy.premium_ns is not None and context.open_ns > policy.premium_ns:
        detail = f"open for {context.open_ns // _MINUTE} min: a structural premium, which does not close"
        return Check("absurd", CheckState.FAIL, detail)
    return _PASSED["absurd"]


def _healthy(context: _Context) -> Check:
    findings: list[tuple[CheckState, str]] = []
    for leg, instrument in context.known:
        trouble = context.market.trouble(leg.venue)
        if trouble is not None:
            findings.append((CheckState.FAIL, f"{leg.venue}: {trouble}"))
        if instrument is None:
            findings.append((CheckState.UNKNOWN, f"trading status of {leg.symbol} on {leg.venue} not known"))
        else:
            _judge_listing(leg, instrument, context, findings)
    for mute in context.policy.mute:
        for a, b in combinations(context.legs, 2):
            if _muted(mute, a, b):
                findings.append((CheckState.FAIL, f"{a.venue} and {b.venue} are muted for {a.symbol}"))
    return _worst("healthy", findings)


def _judge_listing(leg: Leg, instrument: Instrument, context: _Context, findings: list[tuple[CheckState, str]]) -> None:
    """Judge what a venue says of trading in one instrument."""
    status = instrument.status
    if status is TradingStatus.TRADING and instrument.delisting_ns is None:
        return
    where = f"{leg.symbol} on {leg.venue}"
    if status is TradingStatus.UNKNOWN:
        findings.append((CheckState.UNKNOWN, f"trading status of {where} not known"))
    elif status is TradingStatus.HALTED:
        findings.append((CheckState.FAIL, f"{where} does not trade"))
    elif (status is TradingStatus.BUY_ONLY and leg.side is Side.SELL) or (
        status is TradingStatus.SELL_ONLY and leg.side is Side.BUY
    ):
        findings.append((CheckState.FAIL, f"{where} takes {'buy' if leg.side is Side.SELL else 'sell'} orders only"))
    if instrument.delisting_ns is not None:
        left_ns = instrument.delisting_ns - context.opportunity.detected_ns
        if left_ns < context.policy.delisting_margin_ns:
            when = f"in {left_ns / _HOUR:.1f} h" if left_ns > 0 else "already"
            findings.append((CheckState.FAIL, f"{where} is delisted {when}"))


def _muted(mute: Mute, a: Leg, b: Leg) -> bool:
    return {a.venue, b.venue} == set(mute.venues) and mute.symbol in {None, str(a.symbol), str(b.symbol)}


def _transfers(context: _Context) -> Check:
    """Ask whether base can go from where it is bought to where it is sold, and the money back; in turn, leg by leg."""
    findings: list[tuple[CheckState, str]] = []
    if context.opportunity.plan is Plan.IN_TURN:
        for leg, after in hand_overs(context.legs):
            if leg.venue != after.venue:
                findings.append(_moves(context, brings(leg), leg.venue, after.venue))
    else:
        for (a, _), (b, _) in context.across:
            if a.side is b.side:
                continue
            bought, sold = (a, b) if a.side is Side.BUY else (b, a)
            findings.append(_moves(context, bought.symbol.base, bought.venue, sold.venue))
            findings.append(_moves(context, sold.symbol.quote, sold.venue, bought.venue))
    check = _worst("transfers", findings) if findings else Check("transfers", CheckState.PASS, "nothing has to move")
    if check.state is CheckState.FAIL and context.policy.ignore_transfers:
        return Check("transfers", CheckState.PASS, f"ignored by the settings: {check.detail}")
    return check


def _moves(context: _Context, asset: str, source: VenueName, target: VenueName) -> tuple[CheckState, str]:
    assets = context.market.assets
    state, detail = assets.transfer(asset, source, target)
    if state is CheckState.UNKNOWN:
        return state, detail
    ages = [assets.age_ns(venue, context.opportunity.detected_ns) for venue in (source, target)]
    oldest_ns = max((age for age in ages if age is not None), default=None)
    told = "" if oldest_ns is None else f" (read {oldest_ns // _MINUTE} min ago)"
    return state, detail + told


_CHECKS: tuple[Callable[[_Context], Check], ...] = (
    _live,
    _fresh,
    _different_instrument,
    _same_asset,
    _same_quote,
    _fees,
    _size,
    _filters,
    _absurd,
    _healthy,
    _transfers,
)
"""In the order of `structs.opportunity.CHECKS`; a test holds them together."""
