"""Counts: opportunities by episode, refusals by their first reason, edges by direction.

An edge that stays open over a thousand updates is one chance, not a thousand, so it is counted as an episode: a maximal
run of consecutive evaluations above the minimum. `Episodes` follows those of strategies with their verdicts,
`EdgeTally` those of the best levels alone. Neither reads a clock; memory grows with what is open, not with what was.
"""

from fractions import Fraction

import msgspec

from arb_core.engine.edge import Hurdle, exact
from arb_core.structs.market import Side, Symbol, VenueName
from arb_core.structs.opportunity import CHECKS, Opportunity, Verdict

__all__ = ["Edge", "EdgeTally", "Episode", "EpisodeKey", "Episodes", "OpportunityCounts", "episode_key"]

EpisodeKey = tuple[str, tuple[tuple[VenueName, Symbol, Side], ...]]
"""The strategy's name in the session, and where each leg goes: what two sightings of one chance have in common."""

_ORDER = {name: place for place, name in enumerate(CHECKS)}
_LAST = len(CHECKS)


def episode_key(strategy: str, opportunity: Opportunity) -> EpisodeKey:
    """Return what makes two sightings of one strategy one episode."""
    return strategy, tuple([(leg.venue, leg.symbol, leg.side) for leg in opportunity.legs])


class OpportunityCounts(msgspec.Struct, frozen=True, kw_only=True):
    """`seen` = `executable` + the sum of `refused`, open episodes included."""

    seen: int
    executable: int
    """Episodes that were executable at least once."""
    refused: dict[str, int]
    """Every other episode once, under the first check, in their order, that ever refused it."""


class Episode:
    """One edge from when it opened to when it closed. Times are of the monotonic clock."""

    __slots__ = ("alarmed", "best", "executable", "key", "last_ns", "opened_ns", "refused_by", "sightings")

    def __init__(self, key: EpisodeKey, opportunity: Opportunity, monotonic_ns: int) -> None:
        """Begin with the first sighting."""
        self.key = key
        self.opened_ns = monotonic_ns
        self.last_ns = monotonic_ns
        self.best = opportunity
        """The sighting with the largest edge."""
        self.executable = False
        self.refused_by: str | None = None
        self.sightings = 0
        self.alarmed = False
        """Whether an alarm was raised over it already."""


class Episodes:
    """The open episodes and the totals."""

    __slots__ = ("_executable", "_refused", "_seen", "open")

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.open: dict[EpisodeKey, Episode] = {}
        self._seen = 0
        self._executable = 0
        self._refused: dict[str, int] = {}

    def see(self, key: EpisodeKey, opportunity: Opportunity, verdict: Verdict, monotonic_ns: int) -> Episode:
        """Take one sighting; opens an episode if none is open."""
        episode = self.open.get(key)
        if episode is None:
            episode = self.open[key] = Episode(key, opportunity, monotonic_ns)
            self._seen += 1
        elif opportunity.edge_bps > episode.best.edge_bps:
            episode.best = opportunity
        episode.last_ns = monotonic_ns
        episode.sightings += 1
        if verdict.executable:
            episode.executable = True
        elif _ORDER.get(verdict.refused_by or "", _LAST) < _ORDER.get(episode.refused_by or "", _LAST):
            episode.refused_by = verdict.refused_by
        return episode

    def close(self, key: EpisodeKey) -> Episode:
        """End an episode and count it.

        Raises:
            KeyError: it is not open.
        """
        episode = self.open.pop(key)
        if episode.executable:
            self._executable += 1
        elif episode.refused_by is not None:
            self._refused[episode.refused_by] = self._refused.get(episode.refused_by, 0) + 1
        return episode

    def closed(self) -> OpportunityCounts:
        """Return the totals without the open episodes, of which nobody knows yet under what they will count."""
        refused = {name: self._refused[name] for name in CHECKS if name in self._refused}
        return OpportunityCounts(seen=self._seen - len(self.open), executable=self._executable, refused=refused)

    def counts(self) -> OpportunityCounts:
        """Return the totals, counting open episodes as they stand."""
        executable = self._executable
        refused = dict(self._refused)
        for episode in self.open.values():
            if episode.executable:
                executable += 1
            elif episode.refused_by is not None:
                refused[episode.refused_by] = refused.get(episode.refused_by, 0) + 1
        ordered = {name: refused[name] for name in CHECKS if name in refused}
        return OpportunityCounts(seen=self._seen, executable=executable, refused=ordered)


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """What the best levels of one direction came to: buy on one venue, sell on another."""

    symbol: str
    buy: str
    sell: str
    evaluated: int
    events: int
    """Evaluations strictly above the minimum."""
    episodes: int
    """Maximal runs of consecutive events."""
    max_bps: float
    """The largest edge of all evaluations, events or not; the exact value, rounded once to float64."""
    max_ns: int
    """When it was first reached."""


class EdgeTally:
    """Counts one direction. Comparisons near a tie are exact, so that "first reached" does not hang on rounding."""

    __slots__ = (
        "_best_ask",
        "_best_bid",
        "_best_exact",
        "_best_ratio",
        "_buy",
        "_episodes",
        "_evaluated",
        "_events",
        "_hurdle",
        "_max_ns",
        "_running",
        "_sell",
        "_symbol",
    )

    def __init__(self, symbol: Symbol, buy: str, sell: str, hurdle: Hurdle) -> None:
        """Count buying at `buy` and selling at `sell` over the hurdle's minimum."""
        self._symbol = symbol
        self._buy = buy
        self._sell = sell
        self._hurdle = hurdle
        self._evaluated = self._events = self._episodes = 0
        self._running = False
        self._best_ratio = -1.0
        self._best_bid: float = 0.0
        self._best_ask: float = 0.0
        self._best_exact = Fraction(-1)
        self._max_ns = 0

    def evaluate(
        self, ns: int, bid: float, ask: float, bid_text: str | None = None, ask_text: str | None = None
    ) -> None:
        """Take one evaluation at a bid and an ask that are both there (finite and above 0)."""
        self._evaluated += 1
        if self._hurdle.cleared(bid, ask, bid_text, ask_text):
            self._events += 1
            if not self._running:
                self._running = True
                self._episodes += 1
        else:
            self._running = False
        # The edge grows with bid / ask. A quote that merely stands still is the commonest case, and is no new maximum.
        ratio = bid / ask
        if ratio < self._best_ratio * (1 - 1e-12) or (bid == self._best_bid and ask == self._best_ask and not bid_text):
            return
        precise = exact(bid, bid_text) / exact(ask, ask_text)
        if precise > self._best_exact:
            self._best_ratio, self._best_exact = ratio, precise
            self._best_bid, self._best_ask = bid, ask
            self._max_ns = ns

    def interrupt(self) -> None:
        """One of the two quotes is not usable now: nothing is evaluated, and a running episode ends."""
        self._running = False

    def report(self) -> Edge | None:
        """Return the counts, None if nothing was ever evaluated."""
        if not self._evaluated:
            return None
        return Edge(
            symbol=str(self._symbol),
            buy=self._buy,
            sell=self._sell,
            evaluated=self._evaluated,
            events=self._events,
            episodes=self._episodes,
            max_bps=float(self._hurdle.exact_edge_bps(self._best_exact, Fraction(1))),
            max_ns=self._max_ns,
        )
