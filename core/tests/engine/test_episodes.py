from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

import pytest
from arb_core.engine.edge import Hurdle
from arb_core.engine.episodes import EdgeTally, Episodes, episode_key
from arb_core.structs.market import Side, Symbol, VenueName
from arb_core.structs.opportunity import CHECKS, Leg, Opportunity, Plan, Verdict
from hypothesis import given
from hypothesis import strategies as st

BTC = Symbol("BTC", "USDT")


def opportunity(edge_bps: float = 5.0) -> Opportunity:
    legs = (
        Leg(VenueName("mexc"), BTC, Side.BUY, 100.0, 1.0, 100.0),
        Leg(VenueName("gateio"), BTC, Side.SELL, 101.0, 1.0, 101.0),
    )
    return Opportunity(
        strategy="spatial",
        symbol=BTC,
        legs=legs,
        plan=Plan.TOGETHER,
        edge_bps=edge_bps,
        size=1.0,
        profit=1.0,
        detected_ns=0,
    )


KEY = episode_key("spatial", opportunity())

# One evaluation: None = no edge, "" = executable, else the name of the check that refused.
evaluations = st.lists(st.one_of(st.none(), st.just(""), st.sampled_from(CHECKS)), max_size=60)


def naive(stream: list[str | None]) -> tuple[int, int, Counter[str]]:
    """Cut the stream into maximal runs of edges and look at each run as a whole."""
    runs = [list(run) for above, run in groupby(stream, key=lambda found: found is not None) if above]
    executable = [run for run in runs if "" in run]
    refused = Counter(min((c for c in run if c), key=CHECKS.index) for run in runs if "" not in run)
    return len(runs), len(executable), refused


@given(stream=evaluations)
def test_counts_equal_those_of_whole_runs_at_every_moment(stream: list[str | None]) -> None:
    episodes = Episodes()
    for moment, refused_by in enumerate(stream):
        if refused_by is None:
            if KEY in episodes.open:
                episodes.close(KEY)
        else:
            episodes.see(KEY, opportunity(), Verdict((), not refused_by, refused_by or None), moment)
        counts = episodes.counts()
        assert (counts.seen, counts.executable, Counter(counts.refused)) == naive(stream[: moment + 1])
        assert counts.seen == counts.executable + sum(counts.refused.values())


@given(stream=evaluations)
def test_counts_of_closed_episodes_only_grow(stream: list[str | None]) -> None:
    episodes = Episodes()
    before = episodes.closed()
    for moment, refused_by in enumerate(stream):
        if refused_by is None:
            if KEY in episodes.open:
                episodes.close(KEY)
        else:
            episodes.see(KEY, opportunity(), Verdict((), not refused_by, refused_by or None), moment)
        closed = episodes.closed()
        assert closed.seen == closed.executable + sum(closed.refused.values())
        assert closed.seen + len(episodes.open) == episodes.counts().seen
        assert closed.executable >= before.executable
        assert all(closed.refused.get(name, 0) >= count for name, count in before.refused.items())
        before = closed


def test_an_episode_keeps_its_best_sighting_and_its_times() -> None:
    episodes = Episodes()
    verdict = Verdict((), executable=True)
    for moment, edge_bps in enumerate([5.0, 9.0, 7.0]):
        episodes.see(KEY, opportunity(edge_bps), verdict, moment)
    episode = episodes.close(KEY)
    assert (episode.opened_ns, episode.last_ns, episode.sightings) == (0, 2, 3)
    assert episode.best.edge_bps == 9.0
    with pytest.raises(KeyError):
        episodes.close(KEY)


# Few prices, so that ties and equal ratios (2/4 = 1/2) are common; None = a quote is not usable.
quotes = st.lists(st.one_of(st.none(), st.tuples(st.integers(1, 6), st.integers(1, 6))), min_size=1, max_size=60)
fee_bps = st.integers(0, 30)


@given(stream=quotes, fee=fee_bps, minimum=st.sampled_from([Decimal(0), Decimal(5), Decimal(-2500)]))
def test_edge_statistics_equal_their_definition(
    stream: list[tuple[int, int] | None], fee: int, minimum: Decimal
) -> None:
    f = Fraction(fee, 10_000)
    tally = EdgeTally(BTC, "a", "b", Hurdle(Decimal(fee) / 10_000, Decimal(fee) / 10_000, minimum))
    edges: list[Fraction | None] = []
    for ns, quote in enumerate(stream):
        if quote is None:
            tally.interrupt()
            edges.append(None)
        else:
            bid, ask = (Decimal(side) / 1000 for side in quote)
            tally.evaluate(ns, float(bid), float(ask))
            edges.append(10_000 * (Fraction(bid) * (1 - f) / (Fraction(ask) * (1 + f)) - 1))
    known = [edge for edge in edges if edge is not None]
    report = tally.report()
    if not known:
        assert report is None
        return
    above = [edge is not None and edge > Fraction(minimum) for edge in edges]
    assert report is not None
    assert report.evaluated == len(known)
    assert report.events == sum(above)
    assert report.episodes == sum(1 for over, _ in groupby(above) if over)
    assert report.max_bps == float(max(known))
    assert report.max_ns == edges.index(max(known)), "first reached, ties decided exactly"


def test_texts_settle_what_float64_cannot() -> None:
    tally = EdgeTally(BTC, "a", "b", Hurdle(Decimal(0), Decimal(0)))
    tally.evaluate(1, 0.1, 0.1, "0.1", "0.1")
    tally.evaluate(2, 0.1, 0.1, "0.10000000000000000001", "0.1")
    report = tally.report()
    assert report is not None
    assert (report.events, report.max_ns) == (1, 2)
