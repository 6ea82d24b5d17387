"""How long a thousand books take to start within the limits of every venue, and what they cost while nothing happens.

Venues are arb-sim's, in memory and on virtual time: their windows count requests, messages and connects as the exchanges
document it, and refuse what is beyond. So the time to LIVE is what the limits dictate, and no figure of this machine.
"""

import asyncio
import gc
import io
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import NamedTuple, cast

import pytest
from arb_core.cli.show import show
from arb_core.cli.table import Board, Footer, Screen
from arb_core.cli.watch import Watch
from arb_core.engine.opportunity import Policy
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.pulse import Beat, Pulse
from arb_core.runtime.tasks import TaskOwner
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookState
from arb_core.structs.market import Symbol, VenueName
from arb_core.venue import Venue, open_exchange
from arb_sim.kernel.limits import Window
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World
from rich.console import Console

pytestmark = [pytest.mark.bench, pytest.mark.looptime(noop_cycles=0)]

FULL = os.environ.get("ARB_FULL") == "1"
SECOND = 1_000_000_000

EXCHANGES = ("mexc", "gateio", "binance", "kucoin", "bybit")
BOOKS = 1_000 if FULL else 50
"""On each venue."""
LATENCY_NS = 20_000_000
STEPS_PER_S = 0.005
FEW = 10


class Asked:
    """The memory transport; notes what was asked, and with which status it was answered."""

    def __init__(self, inner: MemoryTransport) -> None:
        self.inner = inner
        self.stats = inner.stats
        self.statuses: Counter[int] = Counter()
        self.connects = 0

    async def request(self, base_url, request, timeout_ns):
        answer = await self.inner.request(base_url, request, timeout_ns)
        self.statuses[answer.status] += 1
        return answer

    async def connect(self, url, headers, listener, timeout_ns):
        self.connects += 1
        return await self.inner.connect(url, headers, listener, timeout_ns)

    async def close(self):
        await self.inner.close()


class Started(NamedTuple):
    """How a venue came to be LIVE."""

    exchange: str
    books: int
    live_s: float
    requests: int
    connects: int
    refused: int
    """Answers other than 200, and whatever a venue's window found to be too much."""


class Paper(Screen):
    """A terminal of which only the progress is kept: how many books are LIVE, and when."""

    def __init__(self) -> None:
        super().__init__(Console(file=io.StringIO(), force_terminal=True, width=100, height=40), "arb monitor")
        self.progress: list[tuple[float, int, int]] = []
        self.last: Footer | None = None

    @property
    def every_s(self) -> float:
        """Draw less often than a terminal: minutes of virtual time pass, and each picture costs real time."""
        return 1.0

    def draw(self, board: Board, footer: Footer) -> None:
        super().draw(board, footer)
        self.last = footer
        self.progress.append((footer.elapsed_s, footer.live, footer.books))


class Stage:
    """Every exchange in one world, and a watch over all of its books."""

    def __init__(self, books: int) -> None:
        self.clock = LoopClock()
        symbols = [Symbol(f"C{number}X", "USDT") for number in range(books)]
        self.world = World(seed=1, symbols=symbols, start_ns=self.clock.now_ns(), pace=Pace(steps_per_s=STEPS_PER_S))
        registry = Registry()
        self.wires: dict[str, Asked] = {}
        openers = {}
        for exchange, venue in simulate(EXCHANGES, self.world, registry=registry).items():
            hosts = registry.card(exchange).hosts
            inner = MemoryTransport(
                dict.fromkeys((hosts.rest, hosts.ws_public), venue), self.clock, latency_ns=LATENCY_NS
            )
            self.wires[exchange] = Asked(inner)
            openers[VenueName(exchange)] = partial(
                open_exchange,
                exchange,
                registry=registry,
                clock=self.clock,
                transport=self.wires[exchange],
                random=Random(5),
            )
        self.watch = Watch(
            openers, symbols, strategies={"spatial": Spatial()}, policy=Policy(), clock=self.clock, networks=False
        )
        self.live_s: dict[str, float] = {}
        self.watch.on_venue(self._follow)

    def _follow(self, venue: Venue) -> None:
        def on_live(_book: object) -> None:
            if all(book.state is BookState.LIVE for book in venue.books.values()):
                self.live_s[venue.name] = self.clock.monotonic_ns() / SECOND

        venue.on_live(on_live)

    async def until_live(self) -> None:
        while True:
            live, books = self.watch.live()
            if live == books > 0 and len(self.watch.venues) == len(EXCHANGES):
                return
            await self.clock.sleep(SECOND // 2)


class Chores(NamedTuple):
    """Seconds of the processor for each second in which nothing arrives."""

    beat: float
    """Twice: is any book silent, how late are messages, do we keep up."""
    look: float
    """Twice: how is every venue."""
    draw: float
    """Four times: the terminal's picture."""

    @classmethod
    def of(cls, watch: Watch, board: Board, paper: "Paper", now_ns: int) -> "Chores":
        """Do each of them some times, beyond what is due."""
        footer = paper.last
        assert footer is not None

        def beat() -> None:
            for venue in watch.venues.values():
                venue._beat(Beat(now_ns, 0, 0))

        with paper:
            each = [_taken(chore) for chore in (beat, watch.look, lambda: paper.draw(board, footer))]
        return cls(2 * each[0], 2 * each[1], 4 * each[2])


def _taken(chore: Callable[[], None]) -> float:
    """Return seconds of the processor, the median of some times."""
    took = []
    for _ in range(15):
        began_ns = time.thread_time_ns()
        chore()
        took.append((time.thread_time_ns() - began_ns) / SECOND)
    return statistics.median(took)


async def start(books: int, overrun: Counter[str]) -> tuple[list[Started], Paper, float, Chores]:
    """Open everything and wait until all is LIVE; return how that went, what it took, and what is done from then on."""
    overrun.clear()
    stage = Stage(books)
    paper, stop = Paper(), asyncio.Event()
    began, cpu = stage.clock.monotonic_ns(), time.process_time()
    async with TaskOwner() as tasks:
        board = Board(stage.watch.session, stage.clock.now_ns)
        pulse = Pulse(stage.clock, SECOND // 2, lambda _beat: stage.watch.look())
        pulse.start()
        shown = tasks.spawn(show(stage.watch, board, paper, clock=stage.clock, stop=stop, seconds=None), "table")
        await stage.watch.start(tasks)
        await stage.until_live()
        cpu_s = time.process_time() - cpu
        stop.set()
        await shown
        pulse.stop()
        gc.collect()
        chores = Chores.of(stage.watch, board, paper, stage.clock.monotonic_ns())
    for wire in stage.wires.values():
        await wire.close()
    started = []
    for exchange, wire in stage.wires.items():
        bad = sum(count for status, count in wire.statuses.items() if status != 200)
        took_s = stage.live_s[exchange] - began / SECOND
        started.append(Started(exchange, books, took_s, wire.statuses.total(), wire.connects, bad))
    return started, paper, cpu_s, chores


@pytest.fixture
def overrun(monkeypatch) -> Counter[str]:
    """Count what any window of any venue found to be too much, whether or not it is answered."""
    counted: Counter[str] = Counter()
    spend = Window.spend

    def counting(self: Window, units: int, now_ns: int) -> bool:
        within = spend(self, units, now_ns)
        counted["asked"] += 1
        counted["refused"] += not within
        return within

    monkeypatch.setattr(Window, "spend", counting)
    return counted


async def test_start_within_every_limit(publish, overrun):
    _, _, _, few = await start(FEW, overrun)
    started, paper, cpu_s, many = await start(BOOKS, overrun)
    asked, refused = overrun["asked"], overrun["refused"]
    books = BOOKS * len(EXCHANGES)
    rows = [
        "| venue | books | all LIVE after, s of the venue's time | requests | connections | refused |",
        "|---|---|---|---|---|---|",
        *(
            f"| {each.exchange} | {each.books:,} | {each.live_s:.1f} | {each.requests:,} | {each.connects} | {each.refused} |"
            for each in sorted(started, key=lambda each: each.live_s)
        ),
        "",
        (
            f"The venues' windows were asked {asked:,} times and refused {refused}. To start {books:,} books took"
            f" {cpu_s:.1f} s of the processor, that of the venues and of the table included."
        ),
        "",
        "The terminal on the way: " + told(paper) + ".",
    ]
    publish("scale start", "\n".join(rows))
    more = (BOOKS - FEW) * len(EXCHANGES)
    rows = [
        f"| each second | with {FEW * len(EXCHANGES):,} books, ms | with {books:,}, ms | a book more, us |",
        "|---|---|---|---|",
        *(
            f"| {what} | {less * 1e3:.2f} | {much * 1e3:.2f} | {(much - less) / more * 1e6:.2f} |"
            for what, less, much in zip(
                (
                    "twice: is any book silent, how late are messages",
                    "twice: how is every venue",
                    "four times: a picture on a terminal",
                ),
                few,
                many,
                strict=True,
            )
        ),
    ]
    publish("scale idle", "\n".join(rows))
    assert cast("int", paper.progress[-1][1]) == books, "no book is left out silently"


def told(paper: Paper) -> str:
    """Return a few moments of the progress."""
    end = paper.progress[-1][0]
    moments = [next(each for each in paper.progress if each[0] >= end * part) for part in (0.1, 0.25, 0.5, 0.75, 1.0)]
    return ", ".join(f"{live:,} of {books:,} after {elapsed:.0f} s" for elapsed, live, books in moments)
