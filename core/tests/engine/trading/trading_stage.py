"""Two venues that list one symbol, with books set by hand, and a trading session over them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from math import nan
from typing import Any

from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.writer import InlineWriter
from arb_core.engine.legs import LegPolicy
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Admission, Limits
from arb_core.engine.session import DetectionSession
from arb_core.engine.trade import Intent, OrderPlan, TradeResult
from arb_core.engine.trading.alarms import TradingAlarm
from arb_core.engine.trading.session import Trading
from arb_core.engine.trading.settings import TradingSettings
from arb_core.engine.view import EngineView
from arb_core.errors import BookUnavailable
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.book import BookFault, BookState, Level
from arb_core.structs.market import Asset, Instrument, Pair, Quote, Side, Symbol, TradingStatus, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan, Verdict
from arb_core.structs.order import Fill
from scripted_account import EPOCH, ScriptedAccount, ScriptedVenue

SECOND = 1_000_000_000
PAIR = Symbol("ABC", "USDT")
USDT, ABC = Asset("USDT"), Asset("ABC")
MEXC, GATE = VenueName("mexc"), VenueName("gateio")
BTC_USDT, ETH_BTC, ETH_USDT = Symbol("BTC", "USDT"), Symbol("ETH", "BTC"), Symbol("ETH", "USDT")
BTC, ETH = Asset("BTC"), Asset("ETH")
YES = Verdict(checks=(), executable=True)

LIMITS = Limits(max_notional={USDT: Decimal(1000)}, max_daily_loss={USDT: Decimal(100)})
POLICY = LegPolicy(hedge_loss={USDT: Decimal(5)}, unwind_loss={USDT: Decimal(10)})


def instrument(symbol: Symbol = PAIR, **changes: Any) -> Instrument:
    facts: dict[str, Any] = {
        "symbol": symbol,
        "pair": Pair(f"{symbol.base}{symbol.quote}"),
        "status": TradingStatus.TRADING,
        "tick": Decimal("0.01"),
        "lot": Decimal("0.001"),
        "min_notional": Decimal(1),
    }
    return Instrument(**{**facts, **changes})


class Book:
    """A `LiveBook` whose levels are set by hand."""

    def __init__(self, clock: LoopClock, venue: str, symbol: Symbol) -> None:
        self.venue, self.symbol = VenueName(venue), symbol
        self.last_id = self.received_ns = self.monotonic_ns = 0
        self.exchange_ns: int | None = None
        self._bids: list[Level] = []
        self._asks: list[Level] = []
        self.lose()

    def put(self, bid: float, ask: float, size: float = 5.0) -> None:
        self._bids, self._asks = [(bid, size)], [(ask, size)]
        self.state, self.fault = BookState.LIVE, None
        self.bid, self.ask, self.bid_size, self.ask_size = bid, ask, size, size

    def lose(self) -> None:
        self.state = BookState.SYNCING
        self.fault: BookFault | None = BookFault.GAP
        self.bid = self.ask = self.bid_size = self.ask_size = nan

    def quote(self) -> Quote | None:
        return None

    def bids(self, limit: int = 10) -> list[Level]:
        return self._read(self._bids)

    def asks(self, limit: int = 10) -> list[Level]:
        return self._read(self._asks)

    def _read(self, levels: list[Level]) -> list[Level]:
        if self.state is not BookState.LIVE:
            raise BookUnavailable("not LIVE", venue=self.venue, symbol=str(self.symbol))
        return levels


def opportunity(
    size: float = 1.0,
    *,
    buy: float = 100.0,
    sell: float = 102.0,
    edge_bps: float = 100.0,
    symbol: Symbol = PAIR,
    venues: tuple[VenueName, VenueName] = (MEXC, GATE),
) -> Opportunity:
    """Buy on one venue, sell on the other."""
    return Opportunity(
        strategy="spatial",
        symbol=symbol,
        legs=(
            Leg(venues[0], symbol, Side.BUY, buy, size, buy),
            Leg(venues[1], symbol, Side.SELL, sell, size, sell),
        ),
        plan=Plan.TOGETHER,
        edge_bps=edge_bps,
        size=size,
        profit=1.0,
        detected_ns=EPOCH,
    )


def circle_listing() -> list[Instrument]:
    """List what USDT -> BTC -> ETH -> USDT needs."""
    return [
        instrument(BTC_USDT, lot=Decimal("0.00001")),
        instrument(ETH_BTC, lot=Decimal("0.0001"), tick=Decimal("0.00001"), min_notional=Decimal("0.0001")),
        instrument(ETH_USDT, lot=Decimal("0.0001")),
    ]


def circle(btc: float = 0.01) -> Opportunity:
    """Go round it once, each leg at the price that its book shows."""
    eth = btc * 0.999 / 0.05
    return Opportunity(
        strategy="triangular",
        symbol=BTC_USDT,
        legs=(
            Leg(MEXC, BTC_USDT, Side.BUY, 50000.0, btc, 50000.0),
            Leg(MEXC, ETH_BTC, Side.BUY, 0.05, eth, 0.05),
            Leg(MEXC, ETH_USDT, Side.SELL, 2550.0, eth * 0.999, 2550.0),
        ),
        plan=Plan.IN_TURN,
        edge_bps=100.0,
        size=btc,
        profit=5.0,
        detected_ns=EPOCH,
    )


class Stage:
    """A world that outlives the engine: venues, journal, books."""

    def __init__(
        self,
        venues: Sequence[ScriptedVenue] | None = None,
        journal: Journal | None = None,
        *,
        symbols: Sequence[Symbol] = (PAIR,),
        limits: Limits = LIMITS,
        policy: LegPolicy = POLICY,
        settings: TradingSettings | None = None,
    ) -> None:
        listed = [instrument(symbol) for symbol in symbols]
        self.venues = list(venues or self.two(listed))
        self.mexc, self.gate = self.venues[0], self.venues[-1]
        self.journal = journal or Journal(":memory:", threaded=False)
        # One wall clock for every engine that lives in this world.
        self.clock = LoopClock(EPOCH + round(asyncio.get_running_loop().time() * SECOND))
        self.view = EngineView(self.clock)
        self.books: dict[tuple[str, Symbol], Book] = {}
        for venue in self.venues:
            for listing in venue.markets.instruments():
                book = Book(self.clock, venue.name, listing.symbol)
                self.books[venue.name, listing.symbol] = book
                self.view.add(book, listing, 0.001)
        self.limits, self.policy, self.settings = limits, policy, settings or TradingSettings()
        self.accounts: dict[VenueName, ScriptedAccount] = {}
        self.trading: Trading | None = None
        self.admissions: list[Admission] = []
        self.orders: list[TrackedOrder] = []
        self.fills: list[tuple[OrderPlan, Fill]] = []
        self.results: list[tuple[Intent, TradeResult]] = []
        self.alarms: list[TradingAlarm] = []
        self.show()

    @staticmethod
    def two(listed: Sequence[Instrument]) -> list[ScriptedVenue]:
        return [
            ScriptedVenue("mexc", listed, {"USDT": "10000", "ABC": "10"}),
            ScriptedVenue("gateio", listed, {"USDT": "10000", "ABC": "10"}),
        ]

    def show(self, *, mexc: tuple[float, float] = (99.99, 100.0), gate: tuple[float, float] = (102.0, 102.01)) -> None:
        """Set the two books of the pair, (bid, ask), and those of a circle."""
        for symbol, bid, ask in ((BTC_USDT, 49999.0, 50000.0), (ETH_BTC, 0.0499, 0.05), (ETH_USDT, 2550.0, 2551.0)):
            if (book := self.books.get((MEXC, symbol))) is not None:
                book.put(bid, ask)
        for venue, (bid, ask) in ((self.mexc, mexc), (self.gate, gate)):
            if (book := self.books.get((venue.name, PAIR))) is not None:
                book.put(bid, ask)

    @asynccontextmanager
    async def running(self, *, wait: bool = True) -> AsyncIterator[Trading]:
        """Run an engine in this world."""
        async with TaskOwner() as tasks:
            trading = self.open(tasks)
            await trading.start()
            if wait:
                await trading.reconciled()
            yield trading

    def open(self, tasks: TaskOwner) -> Trading:
        for account in self.accounts.values():
            account.drop()
        self.accounts = {venue.name: ScriptedAccount(venue) for venue in self.venues}
        self.trading = Trading(
            DetectionSession(self.view, {}),
            self.accounts,
            self.journal,
            limits=self.limits,
            policy=self.policy,
            tasks=tasks,
            settings=self.settings,
        )
        self.trading.listen(
            admission=lambda _, admission: self.admissions.append(admission),
            order=self.orders.append,
            fill=lambda plan, fill: self.fills.append((plan, fill)),
            result=lambda intent, result: self.results.append((intent, result)),
            alarm=self.alarms.append,
        )
        return self.trading

    def see(self, found: Opportunity | None = None) -> Admission:
        """Let the session see an executable opportunity; return how it judged."""
        assert self.trading is not None
        before = len(self.admissions)
        self.trading.on_opportunity(found or opportunity(), YES)
        assert len(self.admissions) == before + 1
        return self.admissions[-1]

    async def trade(self, found: Opportunity | None = None) -> TradeResult:
        """See one, and wait for its result."""
        assert self.trading is not None
        admission = self.see(found)
        assert admission.admitted, admission
        before = len(self.results)
        await self.trading.finished()
        assert len(self.results) == before + 1
        return self.results[-1][1]

    def break_disk(self) -> Callable[[], None]:
        """Let every commit fail; return what mends it and has the journal try again."""
        writer = self.journal._writer
        assert isinstance(writer, InlineWriter)
        sound = writer._commit

        def fail(_: object) -> None:
            raise OSError("disk full")

        def mend() -> None:
            writer._commit = sound
            writer.try_again()

        writer._commit = fail
        return mend

    def alarmed(self) -> list[str]:
        return [alarm.name for alarm in self.alarms]

    def total(self, asset: Asset) -> Decimal:
        """Return what all venues hold of an asset."""
        return sum((venue.balances.get(asset, Decimal(0)) for venue in self.venues), Decimal(0))
