import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from arb_core.engine.episodes import Episode
from arb_core.engine.opportunity import Mute, Policy
from arb_core.engine.session import Alarm, DetectionSession
from arb_core.interfaces.strategy import Interest, MarketView, Strategy
from arb_core.strategies.spatial import Settings, Spatial
from arb_core.structs.book import BookFault
from arb_core.structs.market import Symbol, VenueName
from arb_core.structs.opportunity import Check, CheckState, Opportunity, Verdict

NO_EDGE = [(100.0, 5.0)], [(100.1, 5.0)]
EDGE = [(102.0, 5.0)], [(102.1, 5.0)]


class Stage:
    """Two venues, the spatial strategy, and everything that was heard."""

    def __init__(self, market: Any, policy: Policy | None = None) -> None:
        self.market = market
        self.mexc = market.list("mexc").put(*NO_EDGE)
        self.gate = market.list("gateio").put(*NO_EDGE)
        self.session = DetectionSession(market.view, {"spatial": Spatial()}, policy)
        self.heard: list[tuple[Opportunity, Verdict]] = []
        self.ended: list[Episode] = []
        self.alarms: list[Alarm] = []
        self.session.listen(
            opportunity=lambda found, verdict: self.heard.append((found, verdict)),
            episode=self.ended.append,
            alarm=self.alarms.append,
        )
        self.session.start()

    def show(self, book: Any, levels: tuple[list[tuple[float, float]], list[tuple[float, float]]]) -> None:
        book.put(*levels)
        self.session.on_book(book)


@pytest.fixture
def stage(market: Any) -> Stage:
    return Stage(market)


def test_a_verdict_is_heard_inside_the_call(stage: Stage) -> None:
    stage.show(stage.gate, EDGE)
    (found, verdict) = stage.heard[0]
    assert [leg.venue for leg in found.legs] == ["mexc", "gateio"]
    assert verdict.executable


def test_an_edge_that_stays_is_one_episode(stage: Stage) -> None:
    for _ in range(5):
        stage.show(stage.gate, EDGE)
    stage.show(stage.mexc, NO_EDGE)
    assert len(stage.heard) == 6
    assert stage.session.counts().seen == 1
    assert not stage.ended
    stage.show(stage.gate, NO_EDGE)
    assert [episode.sightings for episode in stage.ended] == [6]
    assert stage.session.counts().executable == 1
    stage.show(stage.gate, EDGE)
    assert stage.session.counts().seen == 2


def test_either_side_may_end_an_episode(stage: Stage) -> None:
    stage.show(stage.gate, EDGE)
    stage.show(stage.mexc, EDGE)
    assert len(stage.ended) == 1


def test_a_lost_book_ends_what_leans_on_it(stage: Stage) -> None:
    stage.show(stage.gate, EDGE)
    stage.mexc.lose(BookFault.GAP)
    stage.session.on_lost(stage.mexc, BookFault.GAP)
    assert len(stage.ended) == 1
    stage.show(stage.gate, EDGE)
    assert len(stage.heard) == 1, "a book that is not LIVE has no edge"


def test_an_asset_without_a_contract_leaves_quarantine_when_its_price_agreed_long_enough(
    market: Any, check_of: Callable[[Verdict, str], Check]
) -> None:
    unproved = market.instrument(base_contract=None)
    mexc, gate = market.list("mexc", instrument=unproved), market.list("gateio", instrument=unproved)
    session = DetectionSession(market.view, {"spatial": Spatial()})
    heard: list[Verdict] = []
    session.listen(opportunity=lambda _, verdict: heard.append(verdict))
    session.start()
    for _ in range(310):
        market.pass_time(1)
        session.on_book(mexc.put([(100.0, 5.0)], [(100.1, 5.0)]))
        session.on_book(gate.put([(102.0, 5.0)], [(102.1, 5.0)]))
    assert heard[0].refused_by == "quarantined"
    assert check_of(heard[0], "quarantined").state is CheckState.UNKNOWN
    assert heard[-1].executable
    session.on_book(gate.put([(8237.0 * 102, 5.0)], [(8237.0 * 103, 5.0)]))
    market.pass_time(1)
    session.on_book(gate.put([(8237.0 * 102, 5.0)], [(8237.0 * 103, 5.0)]))
    assert heard[-1].refused_by == "quarantined"
    assert check_of(heard[-1], "quarantined").state is CheckState.FAIL


def test_a_structural_premium_raises_one_alarm_and_is_refused_from_then_on(stage: Stage) -> None:
    for _ in range(20):
        stage.show(stage.mexc, NO_EDGE)
        stage.show(stage.gate, EDGE)
        stage.market.pass_time(60)
    assert [alarm.name for alarm in stage.alarms] == ["structural_premium"]
    assert stage.alarms[0].venues == ("mexc", "gateio")
    assert stage.heard[0][1].executable
    assert stage.heard[-1][1].refused_by == "absurd"
    stage.show(stage.gate, NO_EDGE)
    stage.show(stage.mexc, NO_EDGE)
    stage.show(stage.gate, EDGE)
    assert stage.heard[-1][1].executable, "once it closed, a new edge counts anew"


def test_a_muted_pair_is_counted_under_healthy(market: Any) -> None:
    stage = Stage(market, Policy(mute=(Mute(venues=(VenueName("gateio"), VenueName("mexc"))),)))
    stage.show(stage.gate, EDGE)
    assert stage.session.counts().refused == {"healthy": 1}


class Raising(Strategy):
    """Fails at the first book."""

    def start(self, market: MarketView) -> Interest:
        return Interest(symbols=tuple(market.symbols()))

    def on_book(self, symbol: Symbol, venue: VenueName) -> Sequence[Opportunity]:
        raise ZeroDivisionError("a strategy's own mistake")


def test_a_strategy_that_raises_is_taken_out_and_the_others_go_on(
    market: Any, caplog: pytest.LogCaptureFixture
) -> None:
    market.list("mexc").put(*NO_EDGE)
    gate = market.list("gateio").put(*EDGE)
    session = DetectionSession(market.view, {"raising": Raising(), "spatial": Spatial()})
    alarms: list[Alarm] = []
    session.listen(alarm=alarms.append)
    session.start()
    with caplog.at_level(logging.ERROR):
        session.on_book(gate)
        session.on_book(gate)
    assert [(alarm.name, alarm.strategy) for alarm in alarms] == [("strategy_failed", "raising")]
    assert "ZeroDivisionError" in alarms[0].detail
    assert len(caplog.records) == 1
    assert session.counts().seen == 1


def test_what_a_listener_raises_passes_through(stage: Stage) -> None:
    def fail(found: Opportunity, verdict: Verdict) -> None:
        raise RuntimeError("the listener's own mistake")

    stage.session.listen(opportunity=fail)
    with pytest.raises(RuntimeError, match="own mistake"):
        stage.show(stage.gate, EDGE)


def test_latency_counts_every_update_from_its_arrival(stage: Stage) -> None:
    stage.gate.put(*EDGE)
    stage.market.clock.at_ns += 40_000
    stage.session.on_book(stage.gate)
    assert stage.session.latency.count == 1
    assert stage.session.latency.max_ns == 40_000


def test_a_book_that_was_never_added_is_ignored(stage: Stage, new_market: Callable[[], Any]) -> None:
    stranger = new_market().list("kraken").put(*EDGE)
    stage.session.on_book(stranger)
    stage.session.on_lost(stranger, BookFault.GAP)
    assert stage.session.latency.count == 0


def test_a_venue_that_joins_later_is_compared_after_start(stage: Stage) -> None:
    stage.show(stage.gate, EDGE)
    kraken = stage.market.list("kraken").put([(103.0, 5.0)], [(103.1, 5.0)])
    stage.session.start()
    stage.session.on_book(kraken)
    assert {tuple(leg.venue for leg in found.legs) for found, _ in stage.heard[1:]} == {
        ("mexc", "kraken"),
        ("gateio", "kraken"),
    }
    stage.show(stage.gate, NO_EDGE)
    assert stage.session.counts().seen == 3
    assert [tuple(leg.venue for leg in episode.best.legs) for episode in stage.ended] == [("mexc", "gateio")]


def test_stop_closes_every_episode(stage: Stage) -> None:
    stage.show(stage.gate, EDGE)
    stage.session.stop()
    assert len(stage.ended) == 1
    assert not stage.session.episodes.open
    stage.session.on_book(stage.gate)
    assert stage.session.counts().seen == 1


def test_memory_grows_with_what_is_open_only(stage: Stage) -> None:
    for _ in range(1000):
        stage.show(stage.gate, EDGE)
        stage.show(stage.gate, NO_EDGE)
    assert stage.session.counts().seen == 1000
    assert not stage.session.episodes.open


def test_settings_reach_the_strategy(market: Any) -> None:
    mexc, gate = market.list("mexc").put(*NO_EDGE), market.list("gateio").put(*EDGE)
    session = DetectionSession(market.view, {"spatial": Spatial(Settings(min_edge_bps=300.0))})
    session.start()
    session.on_book(mexc)
    session.on_book(gate)
    assert session.counts().seen == 0


def test_hops_are_timed_once_a_second_for_each_book_and_detection_for_every_message(stage: Stage) -> None:
    for _ in range(10):
        stage.market.pass_time(0.5)
        stage.show(stage.mexc, NO_EDGE)
    hops = stage.session.hops
    assert (hops.decode.count, hops.judge.count) == (5, 5)
    assert hops.detect.count == 10
