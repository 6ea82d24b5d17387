"""The strategy inside the engine: judged by the checks, counted as episodes, beside another strategy."""

from collections.abc import Callable
from typing import Any

import pytest
from arb_core.engine.episodes import Episode
from arb_core.engine.opportunity import Policy
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.interfaces.context import TimerHandle
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookFault
from arb_core.structs.opportunity import Opportunity, Verdict
from arb_core.testing import HandMarket
from arb_triangular.strategy import Triangular

Make = Callable[..., Any]

SECOND = 1_000_000_000


class StillClock:
    """Stands where the books of the tests are fresh."""

    def now_ns(self) -> int:
        return SECOND

    def monotonic_ns(self) -> int:
        return SECOND

    async def sleep(self, duration_ns: int) -> None:
        raise AssertionError("nothing in the engine sleeps")

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        raise AssertionError("nothing in the engine sets timers")


class Stage:
    """Books, both strategies, and everything that was heard."""

    def __init__(self, market: Any, policy: Policy | None = None) -> None:
        self.view = EngineView(StillClock())
        self.heard: list[tuple[Opportunity, Verdict]] = []
        self.ended: list[Episode] = []
        self.session = DetectionSession(self.view, {"spatial": Spatial(), "triangular": Triangular()}, policy)
        self.session.listen(
            opportunity=lambda found, verdict: self.heard.append((found, verdict)), episode=self.ended.append
        )
        self.join(market)

    def join(self, market: Any) -> None:
        for symbol in market.symbols():
            for book in market.books(symbol):
                self.view.add(book, market.instrument(symbol, book.venue), market.taker_fee(symbol, book.venue))
        self.session.start()

    def last(self) -> Verdict:
        return self.heard[-1][1]


def test_a_cycle_is_executable_when_nothing_is_against_it(three: Make) -> None:
    books = three()
    stage = Stage(HandMarket(books, lot="0.001"))
    stage.session.on_book(books[1])
    found, verdict = stage.heard[0]
    assert found.strategy == "triangular"
    assert verdict.executable, verdict


@pytest.mark.parametrize(
    ("facts", "check"),
    [
        ({"fees": {"ETH/BTC": None}}, "fees"),
        ({"lots": {"ETH/USDT": "11"}}, "filters"),
        ({"lots": {"BTC/USDT": "0.7"}}, "filters"),
        ({"lots": {"BTC/USDT": "0.3", "ETH/USDT": "7"}}, "filters"),  # of 10 ETH, 6 are left when 0.3 BTC were bought
    ],
)
def test_what_it_cannot_know_or_order_is_refused_by_name(three: Make, facts: dict[str, Any], check: str) -> None:
    books = three()
    stage = Stage(HandMarket(books, **facts))
    stage.session.on_book(books[1])
    assert stage.last().refused_by == check


def test_a_cycle_that_pays_far_too_well_is_absurd(three: Make) -> None:
    books = three(eth=(6.0, 6.1))
    stage = Stage(HandMarket(books))
    stage.session.on_book(books[1])
    assert stage.last().refused_by == "absurd"


def test_any_of_three_books_can_end_an_episode(three: Make) -> None:
    books = three()
    stage = Stage(HandMarket(books))
    for place, book in enumerate(books):
        stage.session.on_book(books[place - 1])
        assert len(stage.ended) == place
        held = book.bids(1), book.asks(1)
        book.put([(held[0][0][0] / 2, 1.0)], [(held[1][0][0] * 2, 1.0)])
        stage.session.on_book(book)
        assert len(stage.ended) == place + 1
        book.put(*held)
    assert stage.session.counts().seen == 3
    assert {len(episode.key[1]) for episode in stage.ended} == {3}


@pytest.mark.parametrize("lost", range(3))
def test_a_lost_book_ends_the_cycles_through_it(three: Make, lost: int) -> None:
    books = three()
    stage = Stage(HandMarket(books))
    stage.session.on_book(books[0])
    books[lost].lose()
    stage.session.on_lost(books[lost], BookFault.GAP)
    assert len(stage.ended) == 1
    for book in books:
        if book is not books[lost]:
            stage.session.on_book(book)
    assert len(stage.heard) == 1


def test_both_strategies_see_the_same_book_and_do_not_mix(three: Make) -> None:
    here, there = three(), three(venue="gateio", btc=(102.0, 102.1), eth=(5.1, 5.2))
    stage = Stage(HandMarket([*here, *there]))
    for book in (*here, *there):
        stage.session.on_book(book)
    kinds = {(found.strategy, len(found.legs)) for found, _ in stage.heard}
    assert kinds == {("spatial", 2), ("triangular", 3)}
    stage.session.stop()
    assert {episode.key[0] for episode in stage.ended} == {"spatial", "triangular"}


def test_a_venue_that_joins_later_has_its_cycles(three: Make) -> None:
    stage = Stage(HandMarket(three(eth=(5.0, 5.01))))
    late = three(venue="gateio")
    stage.join(HandMarket(late))
    stage.session.on_book(late[2])
    cycles = [found for found, _ in stage.heard if found.strategy == "triangular"]
    assert {leg.venue for found in cycles for leg in found.legs} == {"gateio"}
