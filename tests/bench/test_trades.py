"""What a trade takes of time and of the processor, from the verdict on, and how often its orders find a connection open.

The whole engine over simulated venues that disagree ten times a second: in memory on virtual time, where only our own
work is left, and over loopback against a process of venues, with a journal in memory and one on the disk.
"""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

import looptime
import pytest
import uvloop
from arb_core.engine.journal.journal import Journal
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock, SystemClock
from arb_core.structs.account import Credentials
from arb_sim.kernel.limits import Window
from arb_sim.simulation import simulate
from arb_sim.venue import SimulatedVenue
from arb_sim.world import World

from .engine_stage import Engine, Timed
from .market import market, unlimited
from .venues import served
from .wire import TappedMemory, Wire, tap_sockets

pytestmark = pytest.mark.bench

EXCHANGES = ["mexc", "gateio", "binance"]
SYMBOLS = [f"{base}/USDT" for base in ("BTC", "ETH", "SOL", "LINK", "XRP", "DOGE", "LTC")]
PER_MINUTE = 600
MEMORY = Path("/dev/shm")  # noqa: S108 (where Linux has it: files that no disk holds up)
TRADES = 200
PATIENCE_S = 300
WATCHING_S = 20
SECOND = 1_000_000_000
KEPT = 0.95
"""Least part of the requests that find a connection open."""


class Delays(NamedTuple):
    """Of all trades of a run, p50 and p99 in milliseconds from the verdict."""

    trades: int
    commit: tuple[float, float]
    """Until the intent is committed."""
    sent: tuple[float, float]
    """Until the bytes of the last order were handed to its socket."""
    read: tuple[float, float] | None
    """Until the venue had read the last order; None in memory."""


class Work(NamedTuple):
    """What a run took of the processor, in milliseconds for a trade, and how it used its connections."""

    loop_ms: float
    all_ms: float
    """With the journal's thread."""
    requests: int
    reuse: float


def cuts(values: list[int]) -> tuple[float, float]:
    found = quantiles(values, n=100)
    return found[49] / 1e6, found[98] / 1e6


def delays(trades: list[Timed], wire: dict[str, int], read: dict[str, int] | None) -> Delays:
    whole = [trade for trade in trades if trade.whole]
    assert len(whole) >= TRADES, f"{len(whole)} of {len(trades)} trades sent both orders"
    return Delays(
        trades=len(whole),
        commit=cuts([trade.committed_ns - trade.seen_ns for trade in whole]),
        sent=cuts([max(wire[order] for order in trade.orders) - trade.seen_ns for trade in whole]),
        read=None if read is None else cuts([max(read[o] for o in trade.orders) - trade.seen_ns for trade in whole]),
    )


# In memory: one process, virtual time, the clock of the stamps runs on


def in_memory(monkeypatch: pytest.MonkeyPatch) -> Delays:
    monkeypatch.setattr(Window, "spend", unlimited)
    wire = Wire(time.perf_counter_ns)
    registry = Registry()
    pace, dislocations = market(PER_MINUTE)

    async def trade() -> list[Timed]:
        clock = LoopClock()
        world = World(seed=1, symbols=SYMBOLS, start_ns=clock.now_ns(), pace=pace, dislocations=dislocations)
        urls: dict[str, SimulatedVenue] = {}
        keys: dict[str, Credentials] = {}
        for name, venue in simulate(EXCHANGES, world, registry=registry).items():
            hosts = registry.card(name).hosts
            urls |= {url: venue for url in (hosts.rest, hosts.ws_public, hosts.ws_private, hosts.ws_api) if url}
            assert venue.keys is not None
            keys[name] = Credentials(api_key=venue.keys.api_key, api_secret=venue.keys.api_secret)
        transport = TappedMemory(urls, clock, wire)
        journal = Journal(":memory:", threaded=False)
        engine = Engine(
            keys, SYMBOLS, journal=journal, clock=clock, now_ns=wire.now_ns, transport=transport, wanted=TRADES
        )
        await engine.run(lambda _: engine.enough.wait())
        await transport.close()
        await journal.close()
        return list(engine.trades.values())

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        return delays(runner.run(trade()), wire.moments(), None)


# Over loopback: the venues are a process


def over_loopback(place: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Delays, Work]:
    clock, wire = SystemClock(), Wire()
    with served(EXCHANGES, SYMBOLS, per_minute=PER_MINUTE) as venues, monkeypatch.context() as patched:
        tap_sockets(patched, wire)
        urls = {name: (f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}") for name, port in venues.ports.items()}

        async def trade() -> tuple[list[Timed], Work]:
            journal = Journal(place)
            engine = Engine(venues.keys, SYMBOLS, journal=journal, clock=clock, urls=urls, wanted=TRADES)
            work = await engine.run(worked)
            await journal.close()
            return list(engine.trades.values()), work

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            trades, work = runner.run(trade())
        return delays(trades, wire.moments(), venues.read()), work


async def worked(engine: Engine) -> Work:
    """Trade, then only watch the same market: the difference is what the trades took."""

    async def spent(part: Awaitable[object]) -> tuple[float, float, float]:
        began_s, loop_s, all_s = time.monotonic(), time.thread_time(), time.process_time()
        await part
        return time.monotonic() - began_s, time.thread_time() - loop_s, time.process_time() - all_s

    took_s, loop_s, all_s = await spent(asyncio.wait_for(engine.enough.wait(), PATIENCE_S))
    count = len(engine.trades)
    metrics = [venue.health().rest for venue in engine.watch.venues.values()]
    engine.trading.kill("what the market alone takes")
    await engine.trading.finished()
    still_s, still_loop_s, still_all_s = await spent(engine.clock.sleep(WATCHING_S * SECOND))
    part = took_s / still_s
    return Work(
        loop_ms=(loop_s - still_loop_s * part) / count * 1000,
        all_ms=(all_s - still_all_s * part) / count * 1000,
        requests=sum(each.requests for each in metrics),
        reuse=min(each.reuse_rate or 0 for each in metrics),
    )


def told(cut: tuple[float, float] | None) -> str:
    return "| |" if cut is None else f"{cut[0]:.2f} | {cut[1]:.2f} |"


def test_a_trade_from_verdict_to_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publish) -> None:
    loopback: dict[str, tuple[Delays, Work]] = {}
    if MEMORY.is_dir():
        with TemporaryDirectory(dir=MEMORY) as folder:
            loopback["loopback, journal in memory"] = over_loopback(f"{folder}/journal.db", monkeypatch)
    loopback["loopback, journal on the disk"] = over_loopback(str(tmp_path / "journal.db"), monkeypatch)
    waited = {"in memory, journal as well": in_memory(monkeypatch)} | {name: run[0] for name, run in loopback.items()}
    rows = [
        "| ms from the verdict | trades | committed: p50 | p99 | with the sockets: p50 | p99 | read by the venues: p50 | p99 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {name} | {each.trades} | {told(each.commit)} {told(each.sent)} {told(each.read)}"
        for name, each in waited.items()
    ]
    publish("trade to wire", "\n".join(rows))
    rows = [
        "| what a trade takes | the loop's thread, ms | the whole process, ms | requests | on a kept connection |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {name} | {work.loop_ms:.2f} | {work.all_ms:.2f} | {work.requests} | {work.reuse:.2%} |"
        for name, (_, work) in loopback.items()
    ]
    publish("trade cpu", "\n".join(rows))
    assert min(work.reuse for _, work in loopback.values()) > KEPT
