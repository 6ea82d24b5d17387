"""A world in which engines die: at any await, as often as wanted, and the next one takes up what the last one left.

A crash stops every task of the engine between two of its steps, for ever: nothing that it does is heard any more. What
the journal had not committed is lost; what had left for a venue arrives there all the same. One integer draws the whole
world.
"""

import asyncio
from collections.abc import Coroutine, Generator, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from random import Random
from types import TracebackType
from typing import Any, Literal

import looptime
import msgspec
from arb_core.engine.ids import OrderKey, Owner, decode
from arb_core.engine.journal.database import Row
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.tables import METADATA, ORDERS, RESULTS, SETTINGS
from arb_core.engine.journal.writer import Done, InlineWriter
from arb_core.engine.legs import LegPolicy
from arb_core.engine.money import plus, total
from arb_core.engine.orders import TrackedOrder, moves
from arb_core.engine.risk import Limits
from arb_core.engine.trading.settings import TradingSettings
from arb_core.errors import ExchangeUnavailable
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.card import Capability, ClientIdRule
from arb_core.structs.market import Asset, Side, VenueName
from arb_core.structs.order import ClientOrderId, OrderRequest, OrderType, TimeInForce
from scripted_account import SECOND, STREAMS, Play, ScriptedVenue, Standing, let_pass, no_money
from sqlalchemy import delete, select
from trading_stage import ABC, BTC, ETH, USDT, YES, Stage, circle, circle_listing, instrument, opportunity

CALM = {
    -1: "both legs fill",
    -2: "one leg fills in part and is hedged",
    -3: "an answer is lost",
    -4: "a circle of which the second leg fills in part",
}
"""Worlds without any other trouble, with one trade; every other number draws what goes wrong."""

HOUR = 3600.0
TROUBLED = 60.0
"""Seconds of venue time during which streams, requests and books fail."""

LIMITS = Limits(
    max_notional={USDT: Decimal(1000)},
    max_daily_loss={USDT: Decimal(10_000)},
    max_open_trades=2,
    breaker_failures=1000,
)
POLICY = LegPolicy(hedge_loss={USDT: Decimal(50)}, unwind_loss={USDT: Decimal(50)}, max_attempts=4)
PATIENCE = TradingSettings(max_intent_age_ns=60 * SECOND, recover_patience_ns=5 * SECOND, latch_poll_ns=SECOND)


_LOOKUPS: tuple[Literal["always"], Literal["while_open"], Literal["none"]] = ("always", "while_open", "none")


WORTH = {ABC: Decimal(100), BTC: Decimal(50_000), ETH: Decimal(2_550)}


def received(request: OrderRequest) -> Asset:
    """Take the fee as most venues do: out of what is received."""
    return Asset(request.symbol.base if request.side is Side.BUY else request.symbol.quote)


class Mortal(Coroutine[Any, Any, Any]):
    """A coroutine that takes no further step once its life is over."""

    def __init__(self, inner: Coroutine[Any, Any, Any], life: "Life") -> None:
        self._inner = inner
        self._life = life
        self._begun = False

    def send(self, value: Any) -> Any:
        self._step()
        return self._inner.send(value)

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Any:
        self._step()
        return self._inner.throw(kind) if value is None else self._inner.throw(kind, value, trace)

    def _step(self) -> None:
        try:
            self._life.step()
        except asyncio.CancelledError:
            if not self._begun:
                self._inner.close()  # else Python would remark that it was never awaited
            raise
        self._begun = True

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise AssertionError("a task only sends and throws")


class Life:
    """One engine's time from its start to its crash, counted in steps of its tasks."""

    def __init__(self, steps: int | None) -> None:
        self.left = steps
        self.taken = 0
        self.over = asyncio.Event()

    def step(self) -> None:
        if self.over.is_set():
            raise asyncio.CancelledError
        self.taken += 1
        if self.left is not None and self.taken > self.left:
            self.over.set()
            raise asyncio.CancelledError

    def task(self, loop: asyncio.AbstractEventLoop, work: Any, **names: Any) -> "asyncio.Task[Any]":
        return asyncio.Task(Mortal(work, self), loop=loop, **names)


class LossyWriter(InlineWriter[Row]):
    """Commits intents inside the call, and everything else a moment later, which a crash may take away."""

    def hold(self, seconds: float) -> None:
        self._seconds = seconds
        self._pending: list[tuple[Sequence[Row], Done | None]] = []

    def record(self, rows: Sequence[Row], done: Done | None = None) -> None:
        if not self._pending:
            asyncio.get_running_loop().call_later(self._seconds, self.flush)
        self._pending.append((rows, done))

    def intend(self, rows: Sequence[Row], done: Done) -> None:
        self.flush()
        super().intend(rows, done)

    def flush(self) -> None:
        pending, self._pending = self._pending, []
        for rows, done in pending:
            super().record(rows, done)

    def lose(self) -> None:
        self._pending = []


class WatchedVenue(ScriptedVenue):
    """A venue that watches, with its neighbours, for what no venue may ever see from us."""

    owner: Owner
    neighbours: "list[WatchedVenue]"

    def key(self, standing: Standing) -> OrderKey:
        key = decode(standing.request.client_order_id, self.owner)
        assert key is not None
        return key

    def take(self, request: OrderRequest, play: Play) -> Standing:
        key = decode(request.client_order_id, self.owner)
        assert key is not None
        assert (request.type, request.time_in_force) == (OrderType.LIMIT, TimeInForce.IOC)
        for venue in self.neighbours:
            for other in venue.orders.values():
                theirs = venue.key(other)
                if theirs.intent == key.intent and (theirs.attempt or key.attempt):
                    assert theirs.attempt <= key.attempt, f"{request.client_order_id} came after a later attempt"
                    assert not other.open, f"{request.client_order_id} was sent while an earlier order was open"
        return super().take(request, play)


class World(Stage):
    """Two venues, a journal, and a number that draws what happens."""

    def __init__(self, journal: Journal, number: int) -> None:
        self.random = random = Random(number)
        self.in_turn = number == -4 or (number >= 0 and random.random() < 0.3)
        names = ("mexc",) if self.in_turn else ("mexc", "gateio")
        venues = [self.draw_venue(name) for name in names]
        super().__init__(venues, journal, limits=LIMITS, policy=POLICY, settings=PATIENCE)
        self.before = {(venue.name, asset): amount for venue in venues for asset, amount in venue.balances.items()}
        for venue in venues:
            venue.owner, venue.neighbours = journal.owner, venues
            asset = random.choice(["received", "USDT", "MX"])
            venue.fee_asset = received if asset == "received" else lambda _, asset=asset: Asset(asset)
            venue.script = [self.play() for _ in range(6)] if number >= 0 else []
        half = Play(fills=Decimal("0.5"), rests=True)
        lost = Play(answers=None, stream=None)
        venues[-1].script = {-1: [Play()], -2: [half], -3: [lost], -4: [Play(), half]}.get(number, venues[-1].script)
        self.trades = 2 if number >= 0 else 1
        """How many it wants to see; a life that begins later goes on from there."""
        self.troubled = TROUBLED if number >= 0 else 0.0

    def draw_venue(self, name: str) -> WatchedVenue:
        random = self.random
        lookup: Literal["always", "while_open", "none"] = random.choice(_LOOKUPS)
        capabilities = STREAMS | {Capability.TRADING, Capability.IOC}
        if random.random() < 0.8:
            capabilities |= {Capability.ORDER_HISTORY}
        venue = WatchedVenue(
            name,
            circle_listing() if self.in_turn else [instrument()],
            {"USDT": "10000", "MX": "5"} if self.in_turn else {"USDT": "10000", "ABC": "10", "MX": "5"},
            client_ids=ClientIdRule(max_length=32, lookup=lookup, history_lag_ns=5 * SECOND),
            capabilities=capabilities,
        )
        venue.bare_fills = random.random() < 0.3
        return venue

    def play(self) -> Play:
        random = self.random
        refuses = no_money("venue") if random.random() < 0.08 else None
        takes = random.random() < 0.88
        return Play(
            takes=takes,
            refuses=refuses,
            arrives=random.choice([0.0, 0.0, 0.001, 0.5, 4.5]),
            answers=None if not takes or random.random() < 0.2 else random.choice([0.001, 0.02, 0.3, 2.0]),
            gives_up=random.choice([0.05, 1.0, 20.0]),
            tells=random.random() < 0.5,
            fills=random.choice([Decimal(0), Decimal("0.3"), Decimal("0.5"), Decimal(1), Decimal(1), Decimal(1)]),
            parts=random.choice([1, 1, 2, 3]),
            rests=random.random() < 0.15,
            stream=None if random.random() < 0.2 else random.choice([0.001, 0.01, 0.4, 3.0]),
            fees_told=random.random() < 0.7,
            twice=random.random() < 0.3,
            named=random.random() < 0.7,
            shown=random.choice([0.0, 0.0, 0.2, 4.5]),
        )

    # -- lives

    async def live(self, steps: int | None) -> int:
        """Let one engine live for so many steps, or until nothing is left to do; return how many it took."""
        loop = asyncio.get_running_loop()
        life = Life(steps)
        owner = TaskOwner()
        await owner.__aenter__()
        # Whatever the engine begins, now or later, is mortal: its own code is what begins tasks.
        loop.set_task_factory(life.task)
        trading = self.open(owner)

        async def work() -> None:
            await trading.start()
            await trading.reconciled()
            while self.begun() < self.trades:
                trading.on_opportunity(circle() if self.in_turn else opportunity(), YES)
                await let_pass(0.2)
            await trading.finished()
            await trading.reconcile()

        main = loop.create_task(work())
        disturbance = asyncio.Task(self.disturb(life), loop=loop)
        over = asyncio.Task(life.over.wait(), loop=loop)
        try:
            done, _ = await asyncio.wait((main, over), timeout=HOUR, return_when=asyncio.FIRST_COMPLETED)
            assert done, f"an hour, and still under way: {trading.status()}"
        finally:
            loop.set_task_factory(None)
            disturbance.cancel()
            over.cancel()
        writer = self.journal._writer
        assert isinstance(writer, LossyWriter)
        if life.over.is_set():
            writer.lose()
        else:
            main.result()
            assert await trading.stop(SECOND) == []
            self.check_ledger(trading)
            writer.flush()  # as closing a journal does
        life.over.set()
        for account in self.accounts.values():
            account._listeners.clear()
        with suppress(asyncio.CancelledError):
            await owner.__aexit__(None, None, None)
        return life.taken

    async def disturb(self, life: Life) -> None:
        """Make the account deaf now and then, requests fail, books unreadable."""
        random = self.random
        while not life.over.is_set() and self.mexc.now() < self.troubled:
            await let_pass(random.choice([0.01, 0.3, 2.0]))
            venue = random.choice(self.venues)
            account = self.accounts[venue.name]
            what = random.random()
            if what < 0.2:
                (account.undeafen if not account.hears else account.deafen)()
            elif what < 0.4:
                name = random.choice(["get_order", "get_fills", "get_open_orders", "get_balances", "cancel_order"])
                venue.faults.setdefault(name, []).append(ExchangeUnavailable("down", exchange=venue.name))
            elif what < 0.5:
                random.choice([book for (name, _), book in self.books.items() if name == venue.name]).lose()
            else:
                self.show()
                if not account.hears:
                    account.undeafen()
        self.show()
        for account in self.accounts.values():
            if not account.hears:
                account.undeafen()

    def begun(self) -> int:
        """How many trades sent something."""
        keys = [decode(id_, self.journal.owner) for venue in self.venues for id_ in venue.placed]
        return len({key.intent for key in keys if key is not None})

    # -- what has to hold in the end

    def check(self) -> None:
        """Compare venue and journal, order by order and unit by unit."""
        assert self.journal.unfinished() == []
        orders = self.orders_kept()
        self.check_orders({order.plan.client_order_id: order for order in orders})
        changed: dict[tuple[VenueName, Asset], Decimal] = {}
        for order in orders:
            for asset, amount in moves(order).items():
                place = order.plan.venue, asset
                changed[place] = plus(changed.get(place, Decimal(0)), amount)
        for venue in self.venues:
            for asset, amount in venue.balances.items():
                expected = plus(
                    self.before.get((venue.name, asset), Decimal(0)), changed.get((venue.name, asset), Decimal(0))
                )
                assert amount == expected, f"{venue.name} {asset}"
        self.check_results(changed)

    def check_orders(self, kept: dict[ClientOrderId, TrackedOrder]) -> None:
        """Every order is on record as the venue has it, was sent once, and stands no longer."""
        for order in kept.values():
            assert order.settled, order
        for venue in self.venues:
            assert len(venue.placed) == len(set(venue.placed)), "an order was sent twice"
            for standing in venue.orders.values():
                order = kept[standing.request.client_order_id]
                assert not standing.open, f"{order.plan.client_order_id} stands open"
                assert order.filled == standing.filled
                assert {fill.trade_id for fill in standing.fills} == set(order.fills)

    def check_results(self, changed: dict[tuple[VenueName, Asset], Decimal]) -> None:
        """The results add up to what changed, each counts once into its day, and nothing naked is kept silent."""
        results = self.results_kept()
        by_asset: dict[Asset, Decimal] = {}
        for result in results:
            for asset, amount in result["moves"].items():
                by_asset[asset] = plus(by_asset.get(asset, Decimal(0)), amount)
            for asset, worth in WORTH.items():
                naked = abs(result["moves"].get(asset, Decimal(0)))
                # Venues take orders from 1 USDT on.
                assert naked * worth < Decimal("1.2") or result["outcome"] == "stopped", f"{naked} {asset} in silence"
        for asset in {asset for _, asset in changed}:
            moved = total(amount for (_, other), amount in changed.items() if other == asset)
            assert by_asset.get(asset, Decimal(0)) == moved
        pnl = total(result["pnl"] for result in results)
        assert self.journal.risk_state().day.pnl.get(USDT, Decimal(0)) == pnl

    def check_ledger(self, trading: Any) -> None:
        for venue in self.venues:
            for asset, amount in venue.balances.items():
                assert trading.ledger.held(venue.name, asset) == amount
                assert trading.ledger.reserved(venue.name, asset) == 0
            assert not trading._desks[venue.name].in_doubt

    def orders_kept(self) -> list[TrackedOrder]:
        with self.journal._engine.connect() as connection:
            rows = connection.execute(select(ORDERS.c.document)).scalars().all()
        return [msgspec.json.decode(row, type=TrackedOrder) for row in rows]

    def results_kept(self) -> list[dict[str, Any]]:
        with self.journal._engine.connect() as connection:
            rows = connection.execute(select(RESULTS)).mappings().all()
        return [{**row, "moves": msgspec.json.decode(row["moves"], type=dict[Asset, Decimal])} for row in rows]


def clean(journal: Journal) -> None:
    """Empty a journal, as quickly as a new one cannot be made."""
    with journal._engine.begin() as connection:
        for table in METADATA.sorted_tables:
            where = delete(table)
            connection.execute(where.where(SETTINGS.c.name != "owner") if table is SETTINGS else where)
    journal._last = 0


def play(journal: Journal, number: int, crashes: Iterable[int]) -> list[int]:
    """Play one world: a life that ends at each crash, then one that may finish. Return the steps of each life."""

    async def run() -> list[int]:
        clean(journal)
        journal._loop = None
        journal._listeners.clear()
        writer = LossyWriter(journal._commit, list, backlog=10_000)
        writer.hold(Random(number).choice([0.0, 0.003, 0.05, 1.0]))
        journal._writer = writer
        world = World(journal, number)
        taken = [await world.live(steps) for steps in crashes]
        taken.append(await world.live(None))
        world.check()
        return taken

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        return runner.run(run())


def journal() -> Journal:
    return Journal(":memory:", threaded=False)
