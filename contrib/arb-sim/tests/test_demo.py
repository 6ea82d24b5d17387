"""What the demo counts: dislocations that could be found, by the place where each one was."""

from types import SimpleNamespace
from typing import Any

import pytest
from arb_core.runtime.pulse import Beat
from arb_core.structs.market import Side, Symbol, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan, Verdict
from arb_sim.child import Injection
from arb_sim.cli.demo import Finder

SECOND = 1_000_000_000
CIRCLE = (("BTC/USDT", Side.BUY), ("ETH/BTC", Side.BUY), ("ETH/USDT", Side.SELL))
PATH = ("USDT", "BTC", "ETH")


class Scene:
    """A finder over a session that says what a test lets it say; seconds count from when everything is watched."""

    def __init__(self, *, cycles: bool = True) -> None:
        self.finder = Finder(cycles=cycles)
        self.late_ns = 0
        venue = SimpleNamespace(loop_health=lambda: SimpleNamespace(late_ns=self.late_ns))
        session = SimpleNamespace(listen=self._listen)
        watch: Any = SimpleNamespace(session=session, venues={"mexc": venue})
        self.finder.watch(watch)
        assert self.finder._ready_ns is not None
        self.ready_ns = self.finder._ready_ns = self.finder._ready_ns - 60 * SECOND

    def beat(self, *, lag: float = 0.0, late: float = 0.0) -> None:
        """It is the 57th second, and this machine was so far behind."""
        self.late_ns = round(late * SECOND)
        self.finder._keeps_up(Beat(0, round(lag * SECOND), 0))

    def _listen(self, *, opportunity) -> None:
        self.say = opportunity

    def make(self, *, begin: float = 1, end: float = 3, buy: str = "mexc", sell: str = "mexc", path=PATH) -> None:
        start_ns, end_ns = (self.ready_ns + round(at * SECOND) for at in (begin, end))
        self.finder.injected(Injection("BTC/USDT", buy, sell, start_ns, end_ns, 9.0, path))

    def see(self, legs=CIRCLE, *, at: float = 2, venues=("mexc",) * 3, plan=Plan.IN_TURN, executable=True) -> None:
        made = tuple(
            Leg(VenueName(venue), Symbol.parse(symbol), side, 1.0, 1.0, 1.0)
            for venue, (symbol, side) in zip(venues, legs, strict=True)
        )
        now_ns = self.ready_ns + round(at * SECOND)
        facts = {"edge_bps": 9.0, "size": 1.0, "profit": 1.0, "detected_ns": now_ns}
        found = Opportunity(strategy="any", symbol=made[0].symbol, legs=made, plan=plan, **facts)
        self.say(found, Verdict((), executable, None if executable else "fees"))

    def counts(self) -> tuple[int, int]:
        self.finder._ended_ns = self.ready_ns + 60 * SECOND
        counted = self.finder.counts()
        return counted.made, counted.found


async def test_cycle_is_found_on_its_venue_and_its_way_round():
    scene = Scene()
    scene.make()
    assert scene.counts() == (1, 0)
    scene.see(at=0.5)
    scene.see(at=3.5)
    scene.see(venues=("gateio",) * 3)
    scene.see(executable=False)
    scene.see((("ETH/USDT", Side.BUY), ("ETH/BTC", Side.SELL), ("BTC/USDT", Side.SELL)))
    assert scene.counts() == (1, 0)
    assert [missed.path for missed in scene.finder.missed()] == [PATH]
    scene.see()
    assert scene.counts() == (1, 1)


async def test_disagreement_of_venues_is_found_in_its_direction():
    scene = Scene()
    scene.make(sell="gateio", path=())
    both = (("BTC/USDT", Side.BUY), ("BTC/USDT", Side.SELL))
    scene.see(both, venues=("gateio", "mexc"), plan=Plan.TOGETHER)
    assert scene.counts() == (1, 0)
    scene.see(both, venues=("mexc", "gateio"), plan=Plan.TOGETHER)
    assert scene.counts() == (1, 1)


async def test_cycles_that_nobody_looks_for_do_not_count():
    scene = Scene(cycles=False)
    scene.make()
    scene.make(sell="gateio", path=())
    assert scene.counts() == (1, 0)


@pytest.mark.parametrize(("begin", "end"), [(-1, 2), (59, 61)])
async def test_what_was_not_watched_from_beginning_to_end_does_not_count(begin, end):
    scene = Scene()
    scene.make(begin=begin, end=end)
    assert scene.counts() == (0, 0)


@pytest.mark.parametrize("behind", [{"lag": 2.0}, {"late": 2.0}])
async def test_what_this_machine_was_too_busy_for_is_no_miss(behind):
    scene = Scene()
    scene.make(begin=55, end=56)
    scene.make(begin=20, end=23)
    scene.beat(lag=0.4, late=0.4)
    assert scene.counts() == (2, 0)
    scene.beat(**behind)
    assert scene.counts() == (1, 0)
    assert [behind_ns for _, behind_ns in scene.finder.excused()] == [2 * SECOND]
    scene.see(at=55.5)
    scene.see(at=21)
    assert scene.counts() == (2, 2)
    assert not scene.finder.excused()
