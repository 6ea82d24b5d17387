"""One venue on paper: real books fed by hand, a real list of instruments, and what the account's listener heard."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from arb_core.engine.legs import LegPolicy
from arb_core.engine.opportunity import Policy
from arb_core.engine.paper import PaperAccount, PaperTerms
from arb_core.engine.risk import Admission, Limits
from arb_core.engine.session import DetectionSession
from arb_core.engine.trade import TradeResult
from arb_core.engine.trading.alarms import TradingAlarm
from arb_core.engine.trading.session import Trading
from arb_core.engine.trading.settings import TradingSettings
from arb_core.engine.view import EngineView
from arb_core.interfaces.account import AccountListener
from arb_core.interfaces.context import Clock
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.tasks import TaskOwner
from arb_core.strategies.spatial import Spatial
from arb_core.structs.account import Balance
from arb_core.structs.book import BookRule, Level, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.card import Capability, ClientIdRule, ExchangeCard, FeeSchedule, Hosts
from arb_core.structs.market import Asset, ExchangeId, Instrument, Pair, Side, Symbol, TradingStatus, VenueName
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderRequest, OrderType, TimeInForce

MS = 1_000_000
VENUE = VenueName("alpha")
BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")

CARD = ExchangeCard(
    id=ExchangeId("alpha"),
    name="Alpha",
    contract=1,
    docs="https://alpha.example",
    hosts=Hosts(rest="https://alpha.example", ws_public="wss://alpha.example"),
    capabilities=frozenset(Capability),
    fees=FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.002")),
    client_ids=ClientIdRule(max_length=32, lookup="always"),
)
RULE = BookRule(
    ids=SequenceRule.NONE, snapshot=SnapshotSource.STREAM, recover=Recovery.RESUBSCRIBE, resets=True, kept_depth=50
)
INSTRUMENT = Instrument(
    symbol=BTC,
    pair=Pair("BTCUSDT"),
    status=TradingStatus.TRADING,
    tick=Decimal("0.01"),
    lot=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(1000),
    min_notional=Decimal(5),
    max_notional=Decimal(1_000_000),
    base_contract="0x00000000000000000000000000000000000000aa",
)
RICH = {Asset("BTC"): Decimal(10), Asset("USDT"): Decimal(10_000)}


class Ear(AccountListener):
    """Writes down what it hears, and when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.heard: list[tuple[int, str, Any]] = []

    def on_order(self, venue: VenueName, order: Order) -> None:
        self._hear("order", order)

    def on_fill(self, venue: VenueName, fill: Fill) -> None:
        self._hear("fill", fill)

    def on_balance(self, venue: VenueName, balance: Balance) -> None:
        self._hear("balance", balance)

    def on_listening(self, venue: VenueName) -> None:
        raise AssertionError("it listens from the start")

    def kinds(self) -> list[str]:
        return [kind for _, kind, _ in self.heard]

    def of(self, kind: str) -> list[Any]:
        return [event for _, each, event in self.heard if each == kind]

    def _hear(self, kind: str, event: object) -> None:
        self.heard.append((self._clock.monotonic_ns(), kind, event))


class Stage:
    """A venue that lists BTC/USDT, with a book that is fed by hand, and ETH/USDT without one unless `symbols` say so."""

    def __init__(
        self,
        clock: Clock,
        *,
        venue: VenueName = VENUE,
        symbols: tuple[Symbol, ...] = (BTC,),
        market: EngineView | None = None,
        **changes: Any,
    ) -> None:
        self.clock = clock
        self.instrument = INSTRUMENT
        self.market = market or EngineView(clock)
        self.markets = MarketTable(venue)
        self.markets.fill({BTC: INSTRUMENT, ETH: _eth()})
        self.on_book: Callable[[BookSync], None] = lambda _: None
        """Hears of a changed book before the account does."""
        self.account = PaperAccount(
            **{
                "venue": venue,
                "card": CARD,
                "markets": self.markets,
                "clock": clock,
                "balances": RICH,
                "terms": PaperTerms(),
                "random": Random(1),
                **changes,
            }
        )
        self.books = {symbol: self._book(venue, symbol) for symbol in symbols}
        self.book = self.books[BTC]
        self.private = self.account.private
        self.ear = Ear(clock)
        self.account.listen(self.ear)
        self._orders = 0

    def show(self, bids: list[Level], asks: list[Level], symbol: Symbol = BTC) -> None:
        """Become LIVE with these levels, best first."""
        book = self.books[symbol]
        book.begin()
        book.snapshot(bids, asks, 1, None, 0, self.clock.now_ns(), self.clock.monotonic_ns() or 1)

    def list(self, **changes: Any) -> None:
        """Change what the venue says of the instrument."""
        self.instrument = msgspec.structs.replace(self.instrument, **changes)
        self.markets.fill({BTC: self.instrument})

    def request(self, side: Side, quantity: str | None, price: str | None, **changes: Any) -> OrderRequest:
        """Return a limit IOC order, or a market order where there is no price."""
        self._orders += 1
        facts: dict[str, Any] = {
            "symbol": BTC,
            "side": side,
            "client_order_id": ClientOrderId(f"order{self._orders}"),
            "type": OrderType.LIMIT if price else OrderType.MARKET,
            "time_in_force": TimeInForce.IOC,
            "quantity": None if quantity is None else Decimal(quantity),
            "price": None if price is None else Decimal(price),
        }
        return OrderRequest(**{**facts, **changes})

    async def held(self) -> dict[str, tuple[str, str]]:
        """Return free and locked of each asset, printed."""
        balances: Mapping[Asset, Balance] = await self.private.get_balances()
        return {
            asset: (f"{each.free.normalize():f}", f"{each.locked.normalize():f}") for asset, each in balances.items()
        }

    def _book(self, venue: VenueName, symbol: Symbol) -> BookSync:
        book = BookSync(
            venue,
            symbol,
            RULE,
            SORTED.make(),
            self.clock,
            on_book=self._changed,
            on_lost=lambda *_: None,
            need_snapshot=lambda _: None,
            need_resubscribe=lambda _: None,
        )
        self.market.add(self.account.seen(book), self.markets.instrument(symbol), 0.002)
        return book

    def _changed(self, book: BookSync) -> None:
        self.on_book(book)
        self.account.on_book(book)


def _eth() -> Instrument:
    return Instrument(
        symbol=ETH,
        pair=Pair("ETHUSDT"),
        status=TradingStatus.TRADING,
        tick=Decimal("0.01"),
        lot=Decimal("0.001"),
        base_contract="0x00000000000000000000000000000000000000bb",
    )


@pytest.fixture
def stage() -> Callable[..., Any]:
    """Open a paper account on virtual time, its book showing ten BTC a side around 100."""

    @asynccontextmanager
    async def opened(epoch_ns: int = 1_700_000_000_000 * MS, **changes: Any) -> AsyncIterator[Stage]:
        stage = Stage(LoopClock(epoch_ns), **changes)
        stage.show([(99.0, 4.0), (98.0, 6.0)], [(101.0, 4.0), (102.0, 6.0)])
        async with stage.account:
            yield stage

    return opened


@pytest.fixture(scope="session")
def new_stage() -> type[Stage]:
    """Make a stage for each example of a property."""
    return Stage


@pytest.fixture(scope="session")
def card() -> ExchangeCard:
    return CARD


class Floor:
    """Two venues on paper over one market, and everything from a book's message to a result in the journal.

    BTC/USDT and ETH/USDT stand at 99/101 on both; an edge is opened by `cross`.
    """

    def __init__(self, clock: Clock, journal: Any, tasks: TaskOwner, terms: PaperTerms, settings: TradingSettings):
        self.clock = clock
        view = EngineView(clock)
        self.detection = DetectionSession(view, {"spatial": Spatial()}, Policy(ignore_transfers=True))
        names = VenueName("alpha"), VenueName("beta")
        money = {Asset("BTC"): Decimal(10), Asset("ETH"): Decimal(10), Asset("USDT"): Decimal(10_000)}
        self.alpha, self.beta = self.venues = tuple(
            Stage(clock, venue=name, symbols=(BTC, ETH), market=view, balances=money, terms=terms) for name in names
        )
        self.began = {name: dict(money) for name in names}
        for venue in self.venues:
            venue.on_book = self.detection.on_book
        self.fills: list[Fill] = []
        self.results: list[TradeResult] = []
        self.admissions: list[Admission] = []
        self.alarms: list[TradingAlarm] = []
        self.trading = Trading(
            self.detection,
            {name: venue.account for name, venue in zip(names, self.venues, strict=True)},
            journal,
            limits=Limits(
                max_notional={Asset("USDT"): Decimal(1000)},
                max_daily_loss={Asset("USDT"): Decimal(100)},
                max_open_trades=2,
            ),
            policy=LegPolicy(hedge_loss={Asset("USDT"): Decimal(5)}, unwind_loss={Asset("USDT"): Decimal(10)}),
            tasks=tasks,
            settings=settings,
        )
        self.trading.listen(
            admission=lambda _, admission: self.admissions.append(admission),
            fill=lambda _, fill: self.fills.append(fill),
            result=lambda _, result: self.results.append(result),
            alarm=self.alarms.append,
        )

    async def start(self) -> None:
        self.detection.start()
        await self.trading.start()
        await self.trading.reconciled()
        for symbol in (BTC, ETH):
            self.level(symbol)

    def level(self, symbol: Symbol) -> None:
        for venue in self.venues:
            venue.show([(99.0, 4.0)], [(101.0, 4.0)], symbol)

    def cross(self, symbol: Symbol) -> None:
        """Let the bid of beta stand far above the ask of alpha: 2 are there."""
        self.beta.show([(103.0, 2.0), (102.0, 0.5)], [(104.0, 4.0)], symbol)


@asynccontextmanager
async def opened_floor(
    clock: Clock, journal: Any, *, terms: PaperTerms | None = None, settings: TradingSettings | None = None
) -> AsyncIterator[Floor]:
    async with TaskOwner() as tasks:
        floor = Floor(clock, journal, tasks, terms or PaperTerms(), settings or TradingSettings())
        async with floor.alpha.account, floor.beta.account:
            await floor.start()
            yield floor
            await floor.trading.stop(1_000_000_000)


@pytest.fixture(scope="session")
def trading_floor() -> Any:
    """Open two paper accounts, books, detection and trading over a journal, in an `async with`."""
    return opened_floor
