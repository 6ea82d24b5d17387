"""What a trade waits for its intent to be on the disk, and what everything else waits meanwhile: nothing."""

import asyncio
import threading
import time
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.trade import Intent, OrderPlan
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


async def turns(stop: asyncio.Event) -> list[float]:
    """How long each turn of the loop takes, which is what a frame would wait; milliseconds."""
    found = list[float]()
    last = time.perf_counter()
    while not stop.is_set():
        await asyncio.sleep(0)
        now = time.perf_counter()
        found.append((now - last) * 1000)
        last = now
    return found


def percentiles(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


async def test_commits_of_intents(tmp_path: Path, publish) -> None:
    journal = Journal(str(tmp_path / "journal.db"))
    await in_rounds(journal, 20, 1)
    lines = ["| trades at once | commits | p50 ms | p99 ms |", "|---|---|---|---|"]
    for at_once in (1, 8):
        before = journal.stats().commits
        p50, p99 = percentiles(await in_rounds(journal, 400 // at_once, at_once))
        commits = journal.stats().commits - before
        lines.append(f"| {at_once} | {commits} for 400 trades | {p50:.2f} | {p99:.2f} |")
        assert commits <= 400
    await journal.close()
    publish("journal commits", "\n".join(lines))


async def test_a_slow_disk_delays_only_the_trade_that_waits(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "journal.db"))
    await in_rounds(journal, 5, 1)

    async def measured() -> tuple[list[float], list[float]]:
        stop = asyncio.Event()
        turning = asyncio.create_task(turns(stop))
        waited = await in_rounds(journal, 10, 1)
        stop.set()
        return waited, await turning

    _, fast_turns = await measured()
    never = threading.Event()
    event.listen(journal._engine, "commit", lambda _: never.wait(SLOW_S))
    waited, slow_turns = await measured()
    await journal.close()
    fast_p99, slow_p99 = percentiles(fast_turns)[1], percentiles(slow_turns)[1]
    print(
        f"commits of {SLOW_S * 1000:.0f} ms: a trade waits {percentiles(waited)[0]:.0f} ms (p50); a turn of the loop "
        f"takes {slow_p99:.3f} ms (p99), {fast_p99:.3f} ms without"
    )
    assert min(waited) >= SLOW_S * 1000
    # A loop that waited for the disk would have turned twice a commit.
    assert len(slow_turns) > 100 * len(waited)
    assert slow_p99 < SLOW_S * 1000 / 10
