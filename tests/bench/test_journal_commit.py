"""What a trade waits for its intent to be on the disk, and what everything else waits meanwhile: nothing."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg
import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.session import DetectionSession
from arb_core.engine.trade import Intent, OrderPlan
from arb_core.engine.view import EngineView
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.latency import LatencyHistogram
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import NO_ID, BookRule, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan
from sqlalchemy import event

pytestmark = pytest.mark.bench

PAIR = Symbol("BTC", "USDT")
SLOW_S = 0.2
"""How long the slow disk takes for one commit."""


def trade(journal: Journal) -> tuple[Intent, list[OrderPlan]]:
    number, now_ns = journal.next_intent(), time.time_ns()
    intent = Intent(
        id=number,
        strategy="spatial",
        symbol=PAIR,
        plan=Plan.TOGETHER,
        money=Asset("USDT"),
        notional=Decimal(50),
        edge_bps=12.5,
        created_ns=now_ns,
        detected_ns=now_ns,
    )
    orders = [
        OrderPlan(
            client_order_id=journal.client_order_id(number, leg, 0),
            intent=number,
            leg=leg,
            attempt=0,
            venue=VenueName(("mexc", "gateio")[leg]),
            symbol=PAIR,
            side=(Side.BUY, Side.SELL)[leg],
            quantity=Decimal("0.5"),
            price=Decimal(100),
            intended_ns=now_ns,
        )
        for leg in (0, 1)
    ]
    return intent, orders


async def timed(journal: Journal) -> float:
    """Commit one trade; milliseconds."""
    began = time.perf_counter()
    await journal.intend(*trade(journal))
    return (time.perf_counter() - began) * 1000


async def in_rounds(journal: Journal, rounds: int, at_once: int) -> list[float]:
    return [waited for _ in range(rounds) for waited in await asyncio.gather(*[timed(journal) for _ in range(at_once)])]


def percentiles(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


async def commits(place: str) -> list[str]:
    """Measure a journal; the rows of its table."""
    journal = Journal(place)
    await in_rounds(journal, 20, 1)
    lines = ["| trades at once | commits | p50 ms | p99 ms |", "|---|---|---|---|"]
    for at_once in (1, 8):
        before = journal.stats().commits
        p50, p99 = percentiles(await in_rounds(journal, 400 // at_once, at_once))
        count = journal.stats().commits - before
        lines.append(f"| {at_once} | {count} for 400 trades | {p50:.2f} | {p99:.2f} |")
        assert count <= 400
    await journal.close()
    return lines


async def test_commits_of_intents_to_a_file(tmp_path: Path, publish) -> None:
    publish("journal commits", "\n".join(await commits(str(tmp_path / "journal.db"))))


async def test_commits_of_intents_to_a_server(postgres, publish) -> None:
    lines = await commits(postgres.create("bench"))
    publish("journal commits server", "\n".join([*lines, "", f"{await server(postgres)}."]))


async def server(postgres) -> str:
    """Say which server it was, and whether it waited for its disk."""
    async with await psycopg.AsyncConnection.connect(postgres.address("postgres")) as connection:
        found = await connection.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        version, fsync = await found.fetchone() or ("?", "?")
    return f"PostgreSQL {version}, fsync = {fsync}, over a socket file on the same machine"


class Market:
    """Messages that a thread hands to the loop as a socket does, each stamped as it comes, to two books and a verdict."""

    def __init__(self) -> None:
        clock = SystemClock()
        view = EngineView(clock)
        self.detection = DetectionSession(view, {"spatial": Spatial()})
        self._books = [self._book(clock, name) for name in ("mexc", "gateio")]
        for book in self._books:
            view.add(book, None, 0.001)
        self.detection.start()
        self._clock = clock
        self._count = 0

    def _book(self, clock: SystemClock, name: str) -> BookSync:
        book = BookSync(
            VenueName(name),
            PAIR,
            BookRule(ids=SequenceRule.NONE, snapshot=SnapshotSource.STREAM, recover=Recovery.RESUBSCRIBE),
            SORTED.make(),
            clock,
            on_book=self.detection.on_book,
            on_lost=lambda *_: None,
            need_snapshot=lambda _: None,
            need_resubscribe=lambda _: None,
        )
        levels = [(100.0 + rank / 100, 1.0) for rank in range(200)]
        book.begin()
        book.snapshot([(200.0 - price, size) for price, size in levels], [(p + 0.01, s) for p, s in levels], 1, None)
        return book

    async def run(self, trading: Coroutine[Any, Any, list[float]]) -> tuple[list[float], float, float]:
        """Let messages come, 1,000 a second, while something is done.

        Returns what that returned, and from a message's arrival to its verdict p50 and p99, in microseconds.
        """
        self.detection.latency = LatencyHistogram()
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def feed() -> None:
            while not stop.wait(0.001):
                loop.call_soon_threadsafe(self._take, self._clock.monotonic_ns())

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            done = await trading
        finally:
            stop.set()
            await asyncio.to_thread(thread.join)
        latency = self.detection.latency
        assert latency.count > 100
        return done, latency.quantile_ns(0.5) / 1000, latency.quantile_ns(0.99) / 1000

    def _take(self, arrived_ns: int) -> None:
        self._count += 1
        book = self._books[self._count % 2]
        size = 1.0 + self._count % 7
        book.delta([(99.99, size)], [(100.02, size)], NO_ID, NO_ID, None, NO_ID, 0, arrived_ns)


async def test_a_slow_disk_delays_only_the_trade_that_waits(tmp_path: Path, publish) -> None:
    journal, market = Journal(str(tmp_path / "journal.db")), Market()
    await in_rounds(journal, 5, 1)
    _, fast_p50, fast_p99 = await market.run(in_rounds(journal, 300, 4))
    never = threading.Event()
    event.listen(journal._engine, "commit", lambda _: never.wait(SLOW_S))
    waited, slow_p50, slow_p99 = await market.run(in_rounds(journal, 15, 4))
    await journal.close()
    publish(
        "journal slow disk",
        "\n".join(
            [
                "| commits | a trade waits, p50 ms | message to verdict, p50 us | p99 us |",
                "|---|---|---|---|",
                f"| as they are, one after the other | | {fast_p50:.0f} | {fast_p99:.0f} |",
                f"| held for {SLOW_S * 1000:.0f} ms | {percentiles(waited)[0]:.0f} | {slow_p50:.0f} | {slow_p99:.0f} |",
            ]
        ),
    )
    assert min(waited) >= SLOW_S * 1000
    assert slow_p99 < SLOW_S * 1e6 / 10
    # A thread that waits for its disk leaves the market more of the processor, not less.
    assert slow_p50 < 2 * fast_p50
