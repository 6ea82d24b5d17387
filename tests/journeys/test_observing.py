"""An observer of the settings while `arb monitor` runs over simulated venues: what it hears, and what it is shown."""

import sys
import textwrap
from functools import partial
from random import Random

import pytest
from arb_core.cli.monitor import run_monitor
from arb_core.cli.observing import observing
from arb_core.engine.opportunity import Policy
from arb_core.errors import FiguresUnavailable
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.figures import Hop
from arb_core.structs.market import Symbol
from arb_core.venue import open_exchange
from arb_sim.faults import Fault, FaultKind, FaultScript
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Dislocations, Pace, World

BTC = Symbol("BTC", "USDT")
VENUES = ("mexc", "gateio")

pytestmark = pytest.mark.looptime

PLUGIN = """
from arb_core import hookimpl
from arb_core.interfaces.observer import Observer
from arb_core.structs.card import CONTRACT, ObserverCard


class Notebook(Observer):
    def __init__(self, context):
        self.context = context
        self.notes = []

    def opportunity(self, notice):
        self.notes.append(notice)
        self.figures = self.context.figures()

    def fault(self, notice):
        self.notes.append(notice)

    def book_state(self, notice):
        self.notes.append(notice)


MADE = []


@hookimpl
def arb_observer_card():
    return ObserverCard(id="notebook", name="Notebook", contract=CONTRACT, summary="")


@hookimpl
def arb_observer(context):
    MADE.append(Notebook(context))
    return MADE[-1]
"""


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """An installed observer; what it made."""
    (tmp_path / "notebook_plugin.py").write_text(textwrap.dedent(PLUGIN))
    info = tmp_path / "notebook-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: notebook\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[arb]\nnotebook = notebook_plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "notebook_plugin", raising=False)
    yield lambda: sys.modules["notebook_plugin"].MADE
    sys.modules.pop("notebook_plugin", None)


async def watch(seconds, settings, *, scripts=None, dislocations=None):
    clock, registry = LoopClock(), Registry()
    world = World(
        seed=7,
        symbols=("BTC/USDT",),
        start_ns=clock.now_ns(),
        pace=Pace(steps_per_s=5.0),
        dislocations=dislocations,
    )
    openers, transports = {}, []
    for name, venue in simulate(VENUES, world, scripts=scripts, registry=registry).items():
        hosts = registry.card(name).hosts
        transports.append(MemoryTransport(dict.fromkeys((hosts.rest, hosts.ws_public), venue), clock))
        openers[name] = partial(
            open_exchange, name, registry=registry, clock=clock, transport=transports[-1], random=Random(1)
        )
    async with observing(settings, registry, clock) as observation:
        with pytest.raises(FiguresUnavailable):
            observation.figures()
        summary = await run_monitor(
            openers,
            [BTC],
            strategies={"spatial": Spatial()},
            policy=Policy(price_window_ns=0),
            title="arb monitor",
            seconds=seconds,
            lines=lambda _line: None,
            clock=clock,
            observation=observation,
        )
    for transport in transports:
        await transport.close()
    return summary, observation


async def test_an_observer_hears_books_and_edges_and_is_shown_everything(notebooks):
    summary, observation = await watch(30, {"notebook": None}, dislocations=Dislocations())
    (notebook,) = notebooks()
    kinds = [type(note).__name__ for note in notebook.notes]
    live = [
        note.venue for note in notebook.notes if type(note).__name__ == "BookNotice" and note.state is BookState.LIVE
    ]
    assert sorted(live) == sorted(VENUES)
    # An edge that closes and opens again is told again; its sightings in between are not.
    assert summary.opportunities.seen <= kinds.count("OpportunityNotice") <= 4 * summary.opportunities.seen
    figures = notebook.figures
    assert {venue.venue for venue in figures.venues} == set(VENUES)
    assert sum(figures.hops[Hop.DETECT].counts) > sum(figures.hops[Hop.JUDGE].counts) > 0
    assert (figures.trading, figures.journal) == (None, None)
    (own,) = observation.observers.figures()
    assert (own.name, own.told, own.dropped) == ("notebook", len(kinds), 0)


async def test_what_goes_wrong_at_a_venue_is_a_fault(notebooks):
    script = FaultScript(faults=(Fault(kind=FaultKind.DISCONNECT, at_s=10.0),))
    await watch(20, {"notebook": None}, scripts={"mexc": script})
    (notebook,) = notebooks()
    told = [(note.name, note.venue) for note in notebook.notes if type(note).__name__ == "FaultNotice"]
    assert ("disconnected", "mexc") in told
    lost = [note for note in notebook.notes if type(note).__name__ == "BookNotice" and note.fault is not None]
    assert (lost[0].venue, lost[0].symbol, lost[0].fault) == ("mexc", BTC, BookFault.DISCONNECTED)
    assert {note.fault for note in lost[1:]} == {BookFault.STOPPED}


async def test_without_observers_nothing_is_listened_to():
    summary, observation = await watch(5, {})
    assert summary.messages > 0
    assert observation.observers.figures() == ()
