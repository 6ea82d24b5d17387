"""`arb monitor` over simulated venues in memory, on virtual time: what goes wrong is shown, and the others run on."""

import io
import json
from functools import partial
from random import Random

import msgspec
import pytest
from arb_core.cli.monitor import run_monitor
from arb_core.cli.table import Screen
from arb_core.engine.opportunity import Policy
from arb_core.errors import InvalidSymbol
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.transport import TransportError
from arb_core.strategies.spatial import Spatial
from arb_core.structs.market import Symbol
from arb_core.venue import open_exchange
from arb_sim.faults import Fault, FaultKind, FaultScript
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Dislocations, Pace, World
from rich.console import Console

BTC = Symbol("BTC", "USDT")
VENUES = ("mexc", "gateio", "binance")

pytestmark = pytest.mark.looptime


class Cable:
    """A transport that can be unplugged from one venue."""

    def __init__(self, inner, clock):
        self.inner, self.clock = inner, clock
        self.stats = inner.stats
        self.plugged = True
        self.connections = []

    def unplug(self):
        self.plugged = False
        for connection in self.connections:
            connection.abort()
        self.connections.clear()

    async def request(self, base_url, request, timeout_ns):
        if not self.plugged:
            raise TransportError("no route to host", sent=False)
        return await self.inner.request(base_url, request, timeout_ns)

    async def connect(self, url, headers, listener, timeout_ns):
        if not self.plugged:
            raise TransportError("no route to host", sent=False)
        connection = await self.inner.connect(url, headers, listener, timeout_ns)
        self.connections.append(connection)
        return connection

    async def close(self):
        await self.inner.close()


class Stage:
    """Three venues in one market, and a monitor over them."""

    def __init__(self, *, symbols=("BTC/USDT", "ETH/USDT"), scripts=None, dislocations=None, steps_per_s=5.0):
        self.clock = LoopClock()
        registry = Registry()
        self.world = World(
            seed=7,
            symbols=symbols,
            start_ns=self.clock.now_ns(),
            pace=Pace(steps_per_s=steps_per_s),
            dislocations=dislocations,
        )
        simulated = simulate(VENUES, self.world, scripts=scripts, registry=registry)
        self.injected = []
        self.world.on_injected = self.injected.append
        self.cables, self.openers = {}, {}
        for name, venue in simulated.items():
            hosts = registry.card(name).hosts
            places = dict.fromkeys((hosts.rest, hosts.ws_public), venue)
            self.cables[name] = Cable(MemoryTransport(places, self.clock), self.clock)
            self.openers[name] = partial(
                open_exchange,
                name,
                registry=registry,
                clock=self.clock,
                transport=self.cables[name],
                random=Random(1),
            )
        self.lines = []
        self.out = io.StringIO()

    async def run(self, seconds, *, symbols=(BTC,), at=(), policy=None):
        """Watch for so long, and call each function of `at` at its second."""
        for second, function in at:
            self.clock.call_at(self.clock.monotonic_ns() + round(second * 1e9), function)
        summary = await run_monitor(
            self.openers,
            symbols,
            strategies={"spatial": Spatial()},
            policy=policy or Policy(price_window_ns=0),
            title="arb monitor",
            seconds=seconds,
            lines=self.lines.append,
            clock=self.clock,
        )
        for cable in self.cables.values():
            await cable.close()
        return summary

    def told(self, venue=None):
        return [line["text"] for line in self.lines if line["kind"] == "event" and venue in {None, line["venue"]}]


def states(summary, symbol="BTC/USDT"):
    return {name: books[symbol].state for name, books in summary.books.items()}


LIVE = dict.fromkeys(VENUES, "LIVE")


async def test_books_of_every_venue_are_live_and_the_summary_is_json():
    stage = Stage()
    summary = await stage.run(10, symbols=(BTC, Symbol("ETH", "USDT")))
    assert states(summary) == states(summary, "ETH/USDT") == LIVE
    plain = json.loads(msgspec.json.encode(summary))
    assert list(plain) == [
        "kind",
        "venues",
        "books",
        "messages",
        "latency_ns",
        "opportunities",
        "injected",
        "trades",
        "pnl",
    ]
    assert (plain["kind"], plain["venues"], plain["trades"], plain["pnl"]) == ("summary", list(VENUES), None, None)
    assert plain["messages"] > 200
    assert set(plain["books"]["mexc"]["BTC/USDT"]) == {
        "state",
        "snapshots",
        "received",
        "deltas",
        "skipped",
        "gaps",
        "checksums",
    }
    assert set(plain["opportunities"]) == {"seen", "executable", "refused"}


async def test_every_dislocation_is_seen_and_told_once():
    stage = Stage(dislocations=Dislocations())
    summary = await stage.run(60, symbols=(BTC, Symbol("ETH", "USDT")))
    made = {(str(one.symbol), one.buy, one.sell) for one in stage.injected if one.end_ns < stage.clock.now_ns()}
    opened = [line for line in stage.lines if line["kind"] == "opportunity"]
    seen = {(line["symbol"], line["legs"][0]["venue"], line["legs"][-1]["venue"]) for line in opened}
    assert len(made) > 3
    assert made <= seen
    assert len(opened) == summary.opportunities.seen
    assert len([line for line in stage.lines if line["kind"] == "episode"]) == summary.opportunities.seen


async def test_unknown_symbol_is_refused_before_anything_is_shown():
    stage = Stage()
    with pytest.raises(InvalidSymbol, match=r"BTC/USTD is not listed; did you mean BTC/USDT"):
        await stage.run(10, symbols=(BTC, Symbol("BTC", "USTD")))


async def test_venue_that_is_down_at_the_start_joins_when_it_answers():
    stage = Stage()
    cable = stage.cables["gateio"]
    cable.plugged = False
    summary = await stage.run(90, at=[(40, partial(setattr, cable, "plugged", True))])
    assert any("no route to host" in text for text in stage.told("gateio"))
    assert states(summary) == LIVE


async def test_venue_that_never_answers_does_not_hold_the_others_up():
    stage = Stage()
    stage.cables["gateio"].plugged = False
    summary = await stage.run(20)
    assert states(summary) == {"mexc": "LIVE", "binance": "LIVE"}
    assert summary.venues == list(VENUES)


async def test_venue_that_goes_away_and_comes_back_is_live_again():
    stage = Stage()
    cable = stage.cables["binance"]
    summary = await stage.run(120, at=[(20, cable.unplug), (50, partial(setattr, cable, "plugged", True))])
    assert states(summary) == LIVE
    assert any(text.startswith("disconnected") for text in stage.told("binance"))
    assert not any(text.startswith("disconnected") for text in stage.told("mexc"))
    assert summary.books["binance"]["BTC/USDT"].snapshots >= 2


async def test_clock_that_is_set_is_told_once_and_survived():
    stage = Stage()
    summary = await stage.run(60, at=[(20, partial(stage.clock.jump, 3600 * 10**9))])
    assert [text for text in stage.told() if text.startswith("the clock was set")] == [
        "the clock was set by +3600.0 s; reconnecting"
    ]
    assert states(summary) == LIVE


async def test_subscription_that_is_never_answered_is_told_and_asked_again():
    ignored = Fault(kind=FaultKind.SUBSCRIPTION_IGNORED, count=1)
    stage = Stage(scripts={"gateio": FaultScript(faults=(ignored,))})
    summary = await stage.run(60)
    assert any("no answer to 1 subscriptions" in text for text in stage.told("gateio"))
    assert states(summary) == LIVE


async def test_subscription_that_is_refused_is_told_and_the_others_run():
    refused = Fault(kind=FaultKind.SUBSCRIPTION_REFUSED, count=None)
    stage = Stage(scripts={"gateio": FaultScript(faults=(refused,))})
    summary = await stage.run(60)
    assert any(text.startswith("refused book") for text in stage.told("gateio"))
    assert states(summary) == {"mexc": "LIVE", "gateio": "SYNCING", "binance": "LIVE"}


async def test_table_shows_a_venue_that_is_down_and_has_no_control_codes():
    stage = Stage()
    stage.cables["gateio"].plugged = False
    screen = Screen(Console(file=stage.out, width=80), "arb monitor")
    await run_monitor(
        stage.openers,
        (BTC,),
        strategies={"spatial": Spatial()},
        policy=Policy(),
        title="arb monitor",
        seconds=11,
        screen=screen,
        clock=stage.clock,
    )
    shown = stage.out.getvalue()
    assert "\x1b" not in shown
    assert "gateio: not reached: " in shown
    assert "BTC/USDT      mexc       binance" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("arb monitor  ") == 3, "every five seconds, and at the end"
    for cable in stage.cables.values():
        await cable.close()


async def test_two_hundred_symbols_on_three_venues_all_become_live():
    symbols = tuple(f"A{number}/USDT" for number in range(200))
    stage = Stage(symbols=symbols, steps_per_s=0.2)
    summary = await stage.run(60, symbols=tuple(Symbol.parse(text) for text in symbols))
    live = [book.state for books in summary.books.values() for book in books.values()]
    assert (len(live), set(live)) == (600, {"LIVE"})
