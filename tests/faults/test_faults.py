"""Whatever a venue does, and whenever: a book is the venue's own book at its version, or it cannot be read.

`tox -e faults` meets every pair of fault and state some times, `tox -e faults-full` at least 200 times in more than 2,000
examples for each venue. An example is a drawn market and one kind of fault, which strikes in every state it can, in a
drawn order, now and then together with a fault of another kind. Both print what was met.
"""

import os
from random import Random

import msgspec
import pytest
from arb_core.registry import Registry
from arb_sim.faults import FaultKind
from arb_sim.kernel.venue import VenueKernel
from arb_sim.simulation import simulate
from arb_sim.world import World
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .ledger import Ledger
from .mishaps import CASES, MISHAPS, Case, Mishap, Moment
from .play import Setting, play

FULL = bool(os.environ.get("ARB_FULL"))
EXAMPLES_EACH = 210 if FULL else 3
"""Examples of each kind of fault: each of them strikes once in every state."""
MET = 200 if FULL else 2
UPDATES = 100_000 if FULL else 500
EXAMPLES = 2_000 if FULL else 50

COMPANIONS = tuple(
    mishap
    for mishap in MISHAPS
    if mishap.kind
    in {
        FaultKind.DROP,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.DELAY,
        FaultKind.MALFORMED,
        FaultKind.TRUNCATED,
        FaultKind.FREEZE,
        FaultKind.CLOCK_SKEW,
        FaultKind.SERVER_ERROR,
        FaultKind.RATE_LIMITED,
    }
)


DEEP = 1100
"""Levels a side: more than any snapshot holds, so that a book has a horizon. Slow, so one kind of fault has to do."""

LEVELS = (12, 12, 40, 40, 130)
LEVELS_OF_STALE = (*LEVELS, DEEP) if FULL else (130, DEEP, DEEP)
"""The few examples of the short form meet a horizon all the same."""

LASTING = {FaultKind.HALF_OPEN, FaultKind.BANNED, FaultKind.RATE_LIMITED}
"""Minutes until these are over: the market moves slowly meanwhile, or most of the run would be spent on it."""


def drawn(mishap: Mishap, moments: list[Moment]) -> st.SearchStrategy[Setting]:
    """Draw a market, delays and the order of what happens."""
    return st.builds(
        Setting,
        seed=st.integers(0, 2**32 - 1),
        order=st.permutations(moments).map(tuple),
        latency_ms=st.integers(1, 80),
        steps_per_s=st.sampled_from((1.0, 2.0) if mishap.kind in LASTING else (2.0, 2.0, 4.0, 10.0)),
        levels=st.sampled_from(LEVELS_OF_STALE if mishap.kind is FaultKind.STALE_SNAPSHOT else LEVELS),
        symbols=st.sampled_from((("BTC/USDT",),) * 4 + (("BTC/USDT", "LINK/USDT"),)),
        companions=st.tuples(*[st.sampled_from((None,) * len(COMPANIONS) + COMPANIONS)] * len(moments)),
    )


def misbehave(mishap: Mishap, ledger: Ledger, registry: Registry) -> None:
    """Play the examples of one kind of fault."""
    moments = ledger.possible(mishap)
    if not moments:
        return

    # Not shrunk: the minutes of venue time in which a lost book does not come back would be played hundreds of times, and
    # the setting that is printed repeats the run as it is.
    @settings(
        max_examples=EXAMPLES_EACH,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(setting=drawn(mishap, moments))
    def example(setting: Setting) -> None:
        play(setting, mishap, ledger, registry)

    example()


@pytest.mark.faults
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_book_is_the_venues_own_or_unreadable(case: Case, registry: Registry) -> None:
    settings = msgspec.convert(case.settings, registry.card(case.exchange).settings)
    made = simulate([case.exchange], World(), registry=registry, settings={case.exchange: settings})
    venue = made[case.exchange]
    assert isinstance(venue, VenueKernel)
    ledger = Ledger(case, venue.impossible)
    for mishap in MISHAPS:
        misbehave(mishap, ledger, registry)
    print(f"\n{ledger.report()}")
    if ledger.elsewhere:
        print(f"  struck in another state: {dict(ledger.elsewhere.most_common(8))}")

    assert ledger.fewest()[0] >= MET, ledger.fewest()
    assert ledger.examples >= EXAMPLES
    assert ledger.updates >= UPDATES
    assert ledger.compared >= UPDATES
    assert ledger.bounded or not case.by_rest or case.kept


def test_a_play_is_repeated_by_its_seed(registry: Registry) -> None:
    def told(seed: int) -> tuple[int, int, list[int]]:
        ledger = Ledger(CASES[0], {})
        rng = Random(seed)
        moments = ledger.possible(MISHAPS[0])
        setting = Setting(seed, tuple(moments), rng.randint(1, 80), 5.0, 12, ("BTC/USDT",), (None,) * len(moments))
        play(setting, MISHAPS[0], ledger, registry)
        return ledger.updates, ledger.levels, ledger.recovered_ns[MISHAPS[0].name]

    assert told(7) == told(7) != told(8)
