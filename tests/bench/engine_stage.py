"""The whole engine over simulated venues, and when each trade's verdict, commit and orders were there.

Entered by the bench of trades. Nothing of the engine is replaced.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, NamedTuple

import msgspec
from arb_core.cli.accounts import real_accounts
from arb_core.cli.opening import Opener
from arb_core.cli.watch import Watch
from arb_core.engine.journal.journal import Journal
from arb_core.engine.legs import LegPolicy
from arb_core.engine.opportunity import Policy
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Limits
from arb_core.engine.trade import Intent, OrderPlan, Purpose, TradeResult
from arb_core.engine.trading.session import Trading
from arb_core.interfaces.context import Clock
from arb_core.registry import Registry
from arb_core.runtime.tasks import TaskOwner
from arb_core.runtime.transport import Transport
from arb_core.strategies.spatial import Spatial
from arb_core.structs.account import Credentials
from arb_core.structs.book import BookState
from arb_core.structs.card import ExchangeCard
from arb_core.structs.market import Asset, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Verdict
from arb_core.venue import open_exchange

USDT = Asset("USDT")
LIMITS = Limits(
    max_notional={USDT: Decimal(100)}, max_daily_loss={USDT: Decimal(100_000)}, max_open_trades=8, breaker_failures=1000
)
"""What a trade may cost is little beside what the accounts hold, so that money never runs out."""
LEGS = LegPolicy(hedge_loss={USDT: Decimal(5)}, unwind_loss={USDT: Decimal(5)})
BOTH = 2
WINDOW_NS = 500_000_000
LOOK_NS = 50_000_000


class Roomy(Registry):
    """The installed plugins, whose venues allow a thousand times as much: the budgets are kept, and nobody waits."""

    def card(self, name: str) -> ExchangeCard:
        card = super().card(name)
        roomy = tuple(msgspec.structs.replace(limit, limit=1000 * limit.limit) for limit in card.limits)
        return msgspec.structs.replace(card, limits=roomy)


class Timed(NamedTuple):
    """A trade that ended."""

    seen_ns: int
    """When its verdict was there."""
    committed_ns: int
    """When its intent was in the journal."""
    orders: tuple[str, ...]
    """The entries that left, by client id."""

    @property
    def whole(self) -> bool:
        """Whether both legs were sent."""
        return len(self.orders) == BOTH


class Engine:
    """Venues, strategy and trading, with an account on each."""

    def __init__(
        self,
        keys: Mapping[str, Credentials],
        symbols: list[str],
        *,
        journal: Journal,
        clock: Clock,
        now_ns: Callable[[], int] = time.monotonic_ns,
        urls: Mapping[str, tuple[str, str]] | None = None,
        transport: Transport | None = None,
        wanted: int,
    ) -> None:
        """Take keys by exchange; `urls` are of REST and WebSocket, `now_ns` is the clock of the stamps."""
        self.enough = asyncio.Event()
        """So many trades are whole as are wanted."""
        self._wanted = wanted
        self.trades: dict[int, Timed] = {}
        """By intent, those that ended."""
        self._keys = keys
        self._symbols = [Symbol.parse(symbol) for symbol in symbols]
        self._journal = journal
        self.clock = clock
        self._now_ns = now_ns
        self._urls = urls or {}
        self._transport = transport
        self._seen: dict[tuple[Symbol, int], int] = {}
        self._committed: dict[int, int] = {}
        self._sent: dict[int, list[str]] = {}
        self._intend = journal.intend
        journal.intend = self._timed  # pyright: ignore[reportAttributeAccessIssue]

    async def run(self, work: Callable[["Engine"], Any]) -> Any:
        """Let it trade while `work` runs, end in order, and return what that returned."""
        registry = Roomy()
        openers: dict[VenueName, Opener] = {}
        for name, credentials in self._keys.items():
            rest_url, ws_url = self._urls.get(name, (None, None))
            openers[VenueName(name)] = partial(
                open_exchange,
                name,
                rest_url=rest_url,
                ws_url=ws_url,
                registry=registry,
                clock=self.clock,
                transport=self._transport,
                random=Random(5),
                credentials=credentials,
            )
        self.watch = Watch(
            openers,
            self._symbols,
            strategies={"spatial": Spatial()},
            policy=Policy(price_window_ns=WINDOW_NS, ignore_transfers=True),
            clock=self.clock,
            networks=False,
            accounts=real_accounts,
        )
        async with TaskOwner() as tasks:
            await self.watch.start(tasks)
            session = self.watch.session
            while not self._complete():
                await self.clock.sleep(LOOK_NS)
            self.trading = Trading(session, self.watch.accounts, self._journal, limits=LIMITS, policy=LEGS, tasks=tasks)
            session.listen(opportunity=self._see)  # before trading does
            self.trading.listen(order=self._order, result=self._result)
            await self.trading.start()
            await self.trading.reconciled()
            done = await work(self)
            self.trading.kill("the bench is over")
            left = await self.trading.stop(10**10)
            assert left == []
        return done

    def _complete(self) -> bool:
        books = [book for symbol in self._symbols for book in self.watch.session.market.books(symbol)]
        live = [book for book in books if book.state is BookState.LIVE]
        return len(live) == len(self._keys) * len(self._symbols) and len(self.watch.accounts) == len(self._keys)

    def _see(self, opportunity: Opportunity, verdict: Verdict) -> None:
        if verdict.executable:
            self._seen[opportunity.symbol, opportunity.detected_ns] = self._now_ns()

    async def _timed(self, intent: Intent, plans: Sequence[OrderPlan]) -> None:
        await self._intend(intent, plans)
        self._committed[intent.id] = self._now_ns()

    def _order(self, order: TrackedOrder) -> None:
        plan = order.plan
        if order.sent_ns is not None and plan.purpose is Purpose.ENTRY:
            ids = self._sent.setdefault(plan.intent, [])
            if plan.client_order_id not in ids:
                ids.append(plan.client_order_id)

    def _result(self, intent: Intent, result: TradeResult) -> None:
        seen_ns = self._seen[intent.symbol, intent.detected_ns]
        orders = tuple(self._sent.pop(intent.id, ()))
        timed = self.trades[intent.id] = Timed(seen_ns, self._committed.pop(intent.id), orders)
        self._wanted -= timed.whole
        if self._wanted <= 0:
            self.enough.set()
