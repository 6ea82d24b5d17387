"""A process as it might be, by hand, and the observer over it."""

import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest
from arb_core.interfaces.context import Clock
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.latency import LatencyHistogram
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.figures import (
    BreakerState,
    DetectionFigures,
    Figures,
    Hop,
    JournalFigures,
    LimitUse,
    ObserverFigures,
    TradingFigures,
)
from arb_core.structs.health import (
    AccountHealth,
    BookHealth,
    BookStats,
    BudgetUse,
    ConnectionHealth,
    Latency,
    LoopHealth,
    MessageCounts,
    RefusedTopic,
    RestMetrics,
    SnapshotHealth,
    StreamHealth,
    VenueHealth,
)
from arb_core.structs.market import Asset, ExchangeId, Pair, Symbol, VenueName
from arb_core.structs.stream import Feed, Topic
from arb_core.testing.fixtures import no_event_loop_before_the_first
from arb_prometheus.observer import HOST, Prometheus
from arb_prometheus.settings import Settings
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

MS = 1_000_000
SECOND = 1_000 * MS


def stream(**changes: Any) -> StreamHealth:
    facts: dict[str, Any] = {
        "connections": (
            ConnectionHealth(
                connection=1,
                host="ws.example",
                age_ns=SECOND,
                heard_ns=MS,
                message_ns=MS,
                round_trip_ns=MS,
                topics=2,
                acknowledged=2,
                messages=10,
                wire_errors=0,
                leaving=False,
            ),
        ),
        "connecting": 0,
        "opened": 3,
        "open_failures": 1,
        "reconnects": 2,
        "rotations": 1,
        "messages": 10,
        "wire_errors": 4,
        "unanswered": 0,
        "silent": 1,
        "refused": (RefusedTopic(Topic(Feed.BOOK, Pair("XYZUSDT")), "unknown symbol"),),
    }
    return StreamHealth(**{**facts, **changes})


def book(symbol: str, state: BookState, age_ns: int | None = None) -> BookHealth:
    fault = None if state is BookState.LIVE else BookFault.GAP
    return BookHealth(symbol=Symbol.parse(symbol), state=state, fault=fault, age_ns=age_ns, stats=BookStats())


def venue(name: str = "mexc", **changes: Any) -> VenueHealth:
    facts: dict[str, Any] = {
        "venue": VenueName(name),
        "exchange": ExchangeId(name),
        "instruments": 7,
        "stream": stream(),
        "books": (
            book("BTC/USDT", BookState.LIVE, 20 * MS),
            book("ETH/USDT", BookState.LIVE, 1500 * MS),
            book("SOL/USDT", BookState.SYNCING),
        ),
        "messages": MessageCounts(deltas=100, snapshots=3, unwanted=1),
        "latency": Latency(),
        "rest": RestMetrics(
            requests=9,
            retries=2,
            rate_limited=1,
            outcomes_unknown=0,
            under_way=0,
            waiting=3,
            reuse_rate=0.5,
            clock_offset_ns=-20 * MS,
            latency={"GET /depth": Latency(count=9, p50=MS, p90=2 * MS, p99=3 * MS, max=4 * MS)},
            budgets={
                "weight": BudgetUse(spent=30, limit=120, window_ns=SECOND),
                "scope:ip": BudgetUse(spent=0, limit=0, window_ns=0, closed_ns=5 * SECOND),
            },
        ),
        "snapshots": SnapshotHealth(waiting=0, fetched=3, failures=0),
        "loop": LoopHealth(lag_last_ns=2 * MS, lag_max_ns=300 * MS, lagging=1, late_ns=40 * MS, late=0, clock_jumps=0),
        "broken_listeners": 0,
        "account": AccountHealth(
            listening=True,
            since_ns=SECOND,
            losses=0,
            stream=stream(refused=(), reconnects=0),
            messages=MessageCounts(orders=5, fills=4),
        ),
    }
    return VenueHealth(**{**facts, **changes})


def histogram(*durations_ns: int) -> LatencyHistogram:
    made = LatencyHistogram()
    for duration_ns in durations_ns:
        made.add(duration_ns)
    return made


def whole(**changes: Any) -> Figures:
    """Every figure that there is."""
    facts: dict[str, Any] = {
        "at_ns": 1,
        "venues": (venue("mexc"), venue("gateio", account=None)),
        "hops": {hop: histogram(2_000, 3_000_000).durations() for hop in Hop},
        "detection": DetectionFigures(seen=12, executable=5, refused={"quarantined": 6}, open=1),
        "trading": TradingFigures(
            paper=False,
            closed="kill",
            admitted=4,
            refused={"kill": 8, "balance": 1},
            killed=True,
            day_stopped=False,
            day_pnl={Asset("USDT"): Decimal("-1.25")},
            open_trades=1,
            in_doubt=2,
            ready={VenueName("mexc"): True, VenueName("gateio"): False},
            breakers={VenueName("mexc"): BreakerState.CLOSED, VenueName("gateio"): BreakerState.OPEN},
            limits=(LimitUse(limit="max_daily_loss", of="USDT", used=0.025),),
        ),
        "journal": JournalFigures(
            working=True, commits=40, rows=90, failures=1, waiting=2, dropped=3, commit=histogram(4 * MS).durations()
        ),
        "observers": (ObserverFigures(name="prometheus", told=50, dropped=6, waiting=7, unplugged=False),),
    }
    return Figures(**{**facts, **changes})


class Context:
    """What the core would hand to the observer."""

    name = "prometheus"
    settings: msgspec.Struct | None = None
    logger = logging.getLogger("arb_core.observers.prometheus")

    def __init__(self) -> None:
        self.clock: Clock = SystemClock()
        self.answer: Callable[[], Figures] = whole

    def figures(self) -> Figures:
        return self.answer()


class Stage:
    """An observer, what it asks, and a reader of its page: over a socket where it serves, else without."""

    def __init__(self, settings: Settings) -> None:
        self.context = Context()
        self.observer = Prometheus(self.context, settings)

    def text(self) -> str:
        if not self.observer.port:
            return generate_latest(self.observer._registry).decode()
        with urlopen(f"http://{HOST}:{self.observer.port}/metrics", timeout=30) as answer:
            return answer.read().decode()

    def page(self) -> dict[str, Metric]:
        """Scrape, and read what came with the library's own parser."""
        return {family.name: family for family in text_string_to_metric_families(self.text())}

    def value(self, name: str, /, **labels: str) -> float:
        """Return one line of a fresh page, by the full name of its sample."""
        found = [
            sample.value
            for family in self.page().values()
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) == 1, (name, labels, found)
        return found[0]


@pytest.fixture
def serve() -> Iterator[Callable[..., Stage]]:
    """Make observers that serve until the test ends."""
    stages: list[Stage] = []

    def make(**settings: Any) -> Stage:
        stage = Stage(Settings(**{"port": 0, **settings}))
        stages.append(stage)
        stage.observer.start()
        return stage

    yield make
    for stage in stages:
        stage.observer.stop()


@pytest.fixture
def stage() -> Stage:
    """An observer that does not serve."""
    return Stage(Settings())
