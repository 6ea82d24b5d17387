"""Joins the venues' books to strategies, verdicts and listeners: all that happens from a changed book to a judgement.

A venue calls `on_book` and `on_lost`; everything through the verdict happens inside that call, without a queue, a task
or an await. Strategies, instruments and fees are handed in; nothing here looks up a plugin or does I/O.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from math import isnan

import msgspec

from arb_core.engine.episodes import Episode, EpisodeKey, Episodes, OpportunityCounts, episode_key
from arb_core.engine.hops import Hops
from arb_core.engine.identity import PriceWatch
from arb_core.engine.opportunity import Policy, judge
from arb_core.engine.view import EngineView
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.strategy import Strategy
from arb_core.structs.book import BookFault
from arb_core.structs.market import Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Verdict

__all__ = ["Alarm", "AlarmListener", "DetectionSession", "EpisodeListener", "OpportunityListener"]

_LOG = logging.getLogger(__name__)

_SAMPLE_NS = 1_000_000_000
"""How often, for each book, the prices of two venues are compared for the identity of an asset and hops are timed."""

_BPS = 10_000


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something a user must hear of, once for each time it begins.

    `name` is `structural_premium` (an edge that stays open: it never closes, so nobody can earn it) or
    `strategy_failed` (a strategy raised and was taken out; the others go on).
    """

    name: str
    strategy: str
    symbol: Symbol | None
    venues: tuple[VenueName, ...]
    detail: str


OpportunityListener = Callable[[Opportunity, Verdict], None]
EpisodeListener = Callable[[Episode], None]
AlarmListener = Callable[[Alarm], None]


class _Runner:
    """One strategy at work."""

    __slots__ = ("name", "on_book", "on_book_lost", "strategy", "symbols")

    def __init__(self, name: str, strategy: Strategy, market: EngineView) -> None:
        self.name = name
        self.strategy = strategy
        self.symbols = frozenset(strategy.start(market).symbols)
        self.on_book = strategy.on_book
        self.on_book_lost = strategy.on_book_lost


class _Slot:
    """What one book sets off."""

    __slots__ = ("next_sample_ns", "open", "others", "runners", "watches")

    def __init__(self, others: list[LiveBook], watches: list[PriceWatch], runners: list[_Runner]) -> None:
        self.others = others
        self.watches = watches
        """Over this book and each of the others."""
        self.runners = runners
        self.open: dict[EpisodeKey, Episode] = {}
        self.next_sample_ns = -1


class DetectionSession:
    """Runs strategies over the books of a view and judges what they find.

    Listeners are plain functions, called at once; a slow one delays the market, so they hand on and return. What a
    listener raises passes through to the caller. A strategy that raises is taken out and reported as an alarm.
    """

    def __init__(self, market: EngineView, strategies: Mapping[str, Strategy], policy: Policy | None = None) -> None:
        """Take strategies by their names; `start` follows when the books have been added."""
        self.market = market
        self.policy = policy or Policy()
        self.episodes = Episodes()
        self.hops = Hops()
        self.latency = self.hops.detect
        """From the arrival of a book's message to the verdict over it, also where nothing was found."""
        self._strategies = dict(strategies)
        self._runners: list[_Runner] = []
        self._slots: dict[Symbol, dict[VenueName, _Slot]] = {}
        self._monotonic_ns = market.clock.monotonic_ns
        self._tolerance = self.policy.price_tolerance_bps / _BPS
        self._opportunity_listeners: list[OpportunityListener] = []
        self._episode_listeners: list[EpisodeListener] = []
        self._alarm_listeners: list[AlarmListener] = []

    def listen(
        self,
        *,
        opportunity: OpportunityListener | None = None,
        episode: EpisodeListener | None = None,
        alarm: AlarmListener | None = None,
    ) -> None:
        """Add listeners: to every judged sighting, to every episode as it closes, to every alarm."""
        if opportunity is not None:
            self._opportunity_listeners.append(opportunity)
        if episode is not None:
            self._episode_listeners.append(episode)
        if alarm is not None:
            self._alarm_listeners.append(alarm)

    def start(self) -> None:
        """Start every strategy on the books added so far. Called again after further books, it starts them anew."""
        for runner in self._runners:
            runner.strategy.stop()
        self._runners = [_Runner(name, strategy, self.market) for name, strategy in self._strategies.items()]
        former = self._slots
        self._slots = {}
        for symbol in self.market.symbols():
            books = self.market.books(symbol)
            runners = [runner for runner in self._runners if symbol in runner.symbols]
            for book in books:
                others = [other for other in books if other is not book]
                watches = [self.market.assets.watch(symbol, book.venue, other.venue) for other in others]
                slot = self._slots.setdefault(symbol, {})[book.venue] = _Slot(others, watches, runners)
                if (old := former.get(symbol, {}).get(book.venue)) is not None:
                    slot.open = old.open

    def stop(self) -> None:
        """Stop every strategy and close every episode."""
        for runner in self._runners:
            runner.strategy.stop()
        self._runners = []
        for key in list(self.episodes.open):
            self._close(key)
        self._slots = {}

    def on_book(self, sync: LiveBook) -> None:
        """A LIVE book changed: look, judge, tell. A book that was never added is ignored."""
        symbol, venue, arrived_ns = sync.symbol, sync.venue, sync.monotonic_ns
        venues = self._slots.get(symbol)
        slot = None if venues is None else venues.get(venue)
        if slot is None:
            return
        judging_since_ns = self._sample(sync, slot) if arrived_ns >= slot.next_sample_ns else 0
        for runner in slot.runners:
            try:
                found = runner.on_book(symbol, venue)
            except Exception as error:  # noqa: BLE001 (somebody else's code: it is taken out, with an alarm)
                self._take_out(runner, error)
                continue
            if found or slot.open:
                self._judge(runner.name, slot, found)
        now_ns = self._monotonic_ns()
        self.latency.add(now_ns - arrived_ns)
        if judging_since_ns:
            self.hops.judge.add(now_ns - judging_since_ns)

    def on_lost(self, sync: LiveBook, fault: BookFault) -> None:
        """A book stopped being LIVE: every edge that leans on it is over."""
        slot = self._slots.get(sync.symbol, {}).get(sync.venue)
        if slot is None:
            return
        for key in list(slot.open):
            self._close(key)
        for runner in slot.runners:
            try:
                runner.on_book_lost(sync.symbol, sync.venue, fault)
            except Exception as error:  # noqa: BLE001 (as above)
                self._take_out(runner, error)

    def on_timer(self) -> None:
        """Give every strategy its timer; the owner calls this at the shortest `Interest.timer_ns`."""
        for runner in list(self._runners):
            try:
                found = runner.strategy.on_timer()
            except Exception as error:  # noqa: BLE001 (as above)
                self._take_out(runner, error)
                continue
            now_ns = self._monotonic_ns()
            for opportunity in found:
                self._see(runner.name, opportunity, now_ns)

    def counts(self) -> OpportunityCounts:
        """Return the totals so far, for the summary."""
        return self.episodes.counts()

    def _sample(self, sync: LiveBook, slot: _Slot) -> int:
        """Do what each message would pay too dearly for; return when that was done.

        Compares this book's price with every other venue's, for the identity of the asset, and times the way so far.
        """
        now_ns = sync.monotonic_ns
        self.hops.decode.add(self._monotonic_ns() - now_ns)
        slot.next_sample_ns = now_ns + _SAMPLE_NS
        mid = sync.bid + sync.ask
        if not isnan(mid):
            for other, watch in zip(slot.others, slot.watches, strict=True):
                theirs = other.bid + other.ask
                if not isnan(theirs):
                    watch.see(now_ns, mid, theirs, self._tolerance)
        return self._monotonic_ns()

    def _judge(self, strategy: str, slot: _Slot, found: Sequence[Opportunity]) -> None:
        """Judge what a strategy found; what it no longer finds is over."""
        now_ns = self._monotonic_ns()
        renewed = [self._see(strategy, opportunity, now_ns) for opportunity in found]
        for key in [key for key in slot.open if key[0] == strategy and key not in renewed]:
            self._close(key)

    def _see(self, strategy: str, opportunity: Opportunity, now_ns: int) -> EpisodeKey:
        """Judge one sighting, count it and tell the listeners."""
        key = episode_key(strategy, opportunity)
        former = self.episodes.open.get(key)
        open_ns = 0 if former is None else now_ns - former.opened_ns
        verdict = judge(opportunity, self.market, self.policy, monotonic_ns=now_ns, open_ns=open_ns)
        episode = self.episodes.see(key, opportunity, verdict, now_ns)
        if former is None:
            for venue, symbol, _ in key[1]:
                slot = self._slots.get(symbol, {}).get(venue)
                if slot is not None:
                    slot.open[key] = episode
        for listener in self._opportunity_listeners:
            listener(opportunity, verdict)
        premium_ns = self.policy.premium_ns
        if premium_ns is not None and open_ns > premium_ns and not episode.alarmed:
            episode.alarmed = True
            self._alarm(
                Alarm(
                    name="structural_premium",
                    strategy=strategy,
                    symbol=opportunity.symbol,
                    venues=tuple(leg.venue for leg in opportunity.legs),
                    detail=f"open for {open_ns // 1_000_000_000} s, {opportunity.edge_bps:.1f} bp: it does not close",
                )
            )
        return key

    def _close(self, key: EpisodeKey) -> None:
        """End an episode wherever it is listed, and tell."""
        episode = self.episodes.close(key)
        for venue, symbol, _ in key[1]:
            slot = self._slots.get(symbol, {}).get(venue)
            if slot is not None:
                slot.open.pop(key, None)
        for listener in self._episode_listeners:
            listener(episode)

    def _take_out(self, runner: _Runner, error: Exception) -> None:
        """Go on without a strategy that raised, and say so."""
        _LOG.error("strategy %s raised and was taken out", runner.name, exc_info=error)
        self._runners = [other for other in self._runners if other is not runner]
        for venues in self._slots.values():
            for slot in venues.values():
                slot.runners = [other for other in slot.runners if other is not runner]
        for key in [key for key in self.episodes.open if key[0] == runner.name]:
            self._close(key)
        detail = f"{type(error).__name__}: {error}"
        self._alarm(Alarm(name="strategy_failed", strategy=runner.name, symbol=None, venues=(), detail=detail))

    def _alarm(self, alarm: Alarm) -> None:
        for listener in self._alarm_listeners:
            listener(alarm)
