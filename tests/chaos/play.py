"""One run: simulated venues in one market, the real plugins and trading over them, faults, crashes, and a verdict.

One integer draws all of it. Everything happens in memory and on virtual time; the journal and the venues outlive each
engine, as they do in truth.
"""

import asyncio
from collections import Counter
from decimal import Decimal
from functools import partial
from random import Random
from typing import cast

import looptime
from arb_core.cli.accounts import real_accounts
from arb_core.cli.watch import Watch
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.tables import INTENTS, METADATA, SETTINGS
from arb_core.engine.legs import LegPolicy
from arb_core.engine.opportunity import Policy
from arb_core.engine.risk import Limits
from arb_core.engine.trading.alarms import TradingAlarm
from arb_core.engine.trading.session import Trading
from arb_core.engine.trading.settings import TradingSettings
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.tasks import TaskOwner
from arb_core.strategies.spatial import Spatial
from arb_core.structs.account import Credentials
from arb_core.structs.market import Asset, Symbol, VenueName
from arb_core.venue import open_exchange
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Dislocations, Pace, World
from sqlalchemy import delete, func, select

from .judge import VenueTruth, judge, records
from .life import Life, LossyWriter, Wire
from .mishaps import draw
from .venues import drawn
from .witness import Witness, seen

__all__ = ["new_journal", "play"]

SECOND = 1_000_000_000
USDT = Asset("USDT")
SYMBOLS = (("LINK/USDT",), ("LINK/USDT", "SOL/USDT"))
"""One, or two whose trades overlap."""
TROUBLED_S = 12.0
"""Venue time until nothing new goes wrong and trading winds down."""
PATIENCE_S = 1800.0
"""Venue time in which an engine must have come to an end after that."""

EARLY, LATE = (30, 130), (60, 450)
"""Steps of an engine after which it crashes: while it starts and takes up what was left, or while it trades."""

LIMITS = Limits(
    max_notional={USDT: Decimal(300)}, max_daily_loss={USDT: Decimal(10_000)}, max_open_trades=2, breaker_failures=1000
)
PATIENCE = TradingSettings(latch_poll_ns=5 * SECOND)
"""Nobody else kills here: to ask for it twice a second was a tenth of all work."""
POLICIES = tuple(
    LegPolicy(hedge_loss={USDT: Decimal(hedge)}, unwind_loss={USDT: Decimal(unwind)})
    for hedge, unwind in (("2", "3"), ("0", "0.1"))
)
"""One that mends nearly everything, and one that leaves legs naked."""


class _Run:
    """Venues, a journal, and what happens to them."""

    def __init__(self, number: int, journal: Journal, registry: Registry) -> None:
        self.random = Random(number)
        self.journal = journal
        self.registry = registry
        self.clock = LoopClock()
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.witness = Witness()
        self.policy = self.random.choice(POLICIES)
        self.symbols = self.random.choice(SYMBOLS)
        self.world = World(
            seed=number,
            symbols=self.symbols,
            start_ns=self.clock.now_ns(),
            pace=Pace(steps_per_s=2),
            dislocations=Dislocations(
                per_minute=60, cycles_per_minute=0, first_after_s=0.5, lasting_s=(0.8, 2.5), edge_bps=(15.0, 40.0)
            ),
        )
        self.venues = cast("dict[str, VenueKernel]", simulate(drawn(number), self.world, registry=registry))
        urls: dict[str, VenueKernel] = {}
        for name, venue in self.venues.items():
            hosts = registry.card(name).hosts
            urls |= {url: venue for url in (hosts.rest, hosts.ws_public, hosts.ws_private, hosts.ws_api) if url}
        self.transport = MemoryTransport(urls, self.clock, latency_ns=self.random.choice([1, 10, 60]) * 1_000_000)
        self.before = {name: self.held(name) for name in self.venues}

    def held(self, name: str) -> dict[str, Decimal]:
        balances = self.venues[name].inspection.balances()
        return {asset: balance.free + balance.locked for asset, balance in balances.items()}

    async def live(self, steps: int | None) -> bool:
        """Let one engine live until its crash, or until nothing is left to do; return whether it crashed."""
        loop = asyncio.get_running_loop()
        life = Life(steps)
        self._begin(life)
        wire = Wire(self.transport, life)
        loop.set_task_factory(life.task)
        work = loop.create_task(self._work(wire))
        loop.set_task_factory(life.task)
        over = asyncio.Task(life.over.wait(), loop=loop)
        trouble = asyncio.Task(self._disturb(life), loop=loop)
        try:
            done, _ = await asyncio.wait((work, over), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            assert done, f"half an hour, and still under way: {self.trading.status()}"
        finally:
            crashed = life.dead
            life.over.set()
            for task in (work, over, trouble):
                task.cancel()
            ended = await asyncio.gather(work, over, trouble, return_exceptions=True)
            await wire.close()
            loop.set_task_factory(None)
            while wire.under_way:
                await asyncio.wait(wire.under_way)
        self.counts["crashes"] += crashed
        # A dead engine's own words about its end mean nothing.
        if not crashed and isinstance(ended[0], Exception):
            raise ended[0]
        if isinstance(ended[2], Exception):
            raise ended[2]
        return crashed

    def _begin(self, life: Life) -> None:
        journal = self.journal
        journal._loop = None
        journal._listeners.clear()
        writer = LossyWriter(journal._commit, list, backlog=10_000)
        writer.begin(life, self.random.choice([0.0, 0.002, 0.02, 0.2]), self.random.choice([0.0, 0.003, 0.05, 1.0]))
        journal._writer = writer
        with journal._engine.connect() as connection:
            journal._last = connection.execute(select(func.max(INTENTS.c.id))).scalar() or 0
            self.witness.recall(records(connection).orders)

    async def _work(self, wire: Wire) -> None:
        openers = {}
        for name, venue in self.venues.items():
            assert venue.keys is not None
            openers[VenueName(name)] = partial(
                open_exchange,
                name,
                registry=self.registry,
                clock=self.clock,
                transport=wire,
                random=Random(5),
                credentials=Credentials(
                    api_key=venue.keys.api_key,
                    api_secret=venue.keys.api_secret,
                    api_passphrase=venue.keys.passphrase,
                ),
            )
        watch = Watch(
            openers,
            [Symbol.parse(symbol) for symbol in self.symbols],
            strategies={"spatial": Spatial()},
            policy=Policy(price_window_ns=SECOND, ignore_transfers=True),
            clock=self.clock,
            networks=False,
            accounts=real_accounts,
        )
        async with TaskOwner() as tasks:
            await watch.start(tasks)
            while len(watch.accounts) < len(self.venues) or len(watch.venues) < len(self.venues):
                await self.clock.sleep(SECOND // 10)
            trading = Trading(
                watch.session,
                watch.accounts,
                self.journal,
                limits=LIMITS,
                policy=self.policy,
                tasks=tasks,
                settings=PATIENCE,
            )
            self.trading = trading
            trading.listen(alarm=self._alarm, order=lambda order: self.witness.hear(seen(order)))
            await trading.start()
            await trading.reconciled()
            while self._now_s() < TROUBLED_S:
                await self.clock.sleep(SECOND // 4)
            self.world.rest()  # nobody looks at the market any more, and it is what costs most
            trading.kill("the run winds down")
            await trading.finished()
            # Until what was armed is over, and every venue is as old as any of its lists may show it.
            await self.clock.sleep(20 * SECOND)
            reports = await trading.reconcile()
            assert not [report for report in reports if report.trouble or report.drifts], reports
            assert await trading.stop(SECOND) == []
            writer = cast("LossyWriter", self.journal._writer)
            writer.flush()

    def _alarm(self, alarm: TradingAlarm) -> None:
        self.counts[f"alarm {alarm.name}"] += 1
        if alarm.name in {"defect", "violation", "listener_failed"}:
            self.wrong.append(str(alarm))  # whoever raises in a listener is only taken out

    def _now_s(self) -> float:
        return self.clock.monotonic_ns() / SECOND

    async def _disturb(self, life: Life) -> None:
        while not life.dead and self._now_s() < TROUBLED_S:
            await self.clock.sleep(round(self.random.uniform(0.2, 2.5) * SECOND))
            name = self.random.choice(list(self.venues))
            self.venues[name].faults.arm(draw(self.random, name))

    def verdict(self) -> Counter[str]:
        """Let the judge compare; return what was counted."""
        assert not self.wrong + self.witness.wrong, self.wrong + self.witness.wrong
        truths = []
        for name, venue in self.venues.items():
            markets = venue.by_symbol.values()
            truths.append(
                VenueTruth(
                    name,
                    self.registry.card(name).client_ids.prefix,
                    venue.inspection.orders(),
                    venue.inspection.fills(),
                    self.before[name],
                    self.held(name),
                    {
                        str(market.listing.symbol): market.listing.min_notional * Decimal("1.1") + Decimal(1)
                        for market in markets
                    },
                )
            )
            self.counts.update({f"fault {kind}": times for kind, times in venue.faults.counts.items()})
        with self.journal._engine.connect() as connection:
            kept = records(connection)
        self.counts += judge(truths, kept)
        self.counts.update(["runs", *(f"runs on {name}" for name in self.venues)])
        return self.counts


def new_journal(place: str = ":memory:") -> Journal:
    """Make the journal that many runs use one after the other."""
    return Journal(place, threaded=False)


def _clean(journal: Journal) -> None:
    with journal._engine.begin() as connection:
        for table in METADATA.sorted_tables:
            where = delete(table)
            connection.execute(where.where(SETTINGS.c.name != "owner") if table is SETTINGS else where)


def play(number: int, journal: Journal, registry: Registry) -> Counter[str]:
    """Play the run of a number; return what happened in it.

    Raises:
        AssertionError: venue and journal disagree in the end; the message begins with the number.
    """

    async def run() -> Counter[str]:
        _clean(journal)
        played = _Run(number, journal, registry)
        for _ in range(played.random.choice([0, 1, 1, 1, 2, 2, 3])):
            if not await played.live(played.random.randrange(*played.random.choice([EARLY, LATE]))):
                break
        else:
            await played.live(None)
        counts = played.verdict()
        await played.transport.close()
        return counts

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        try:
            return runner.run(run())
        except AssertionError as error:
            raise AssertionError(f"run {number}: {error}") from error
