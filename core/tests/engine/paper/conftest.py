"""One venue on paper: real books fed by hand, a real list of instruments, and what the account's listener heard."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from arb_core.engine.paper import PaperAccount, PaperTerms
from arb_core.engine.view import EngineView
from arb_core.interfaces.account import AccountListener
from arb_core.interfaces.context import Clock
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.markets import MarketTable
from arb_core.structs.account import Balance
from arb_core.structs.book import BookRule, Level, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.card import Capability, ClientIdRule, ExchangeCard, FeeSchedule, Hosts
from arb_core.structs.market import Asset, ExchangeId, Instrument, Pair, Side, Symbol, TradingStatus, VenueName
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderRequest, OrderType, TimeInForce

MS = 1_000_000
VENUE = VenueName("alpha")
BTC = Symbol("BTC", "USDT")

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
    """A venue `alpha` that lists BTC/USDT, with a book that is fed by hand."""

    def __init__(self, clock: Clock, **changes: Any) -> None:
        self.clock = clock
        self.instrument = INSTRUMENT
        self.market = EngineView(clock)
        self.markets = MarketTable("alpha")
        self.markets.fill({BTC: INSTRUMENT, Symbol("ETH", "USDT"): _eth()})
        self.book = BookSync(
            VENUE,
            BTC,
            RULE,
            SORTED.make(),
            clock,
            on_book=self._changed,
            on_lost=lambda *_: None,
            need_snapshot=lambda _: None,
            need_resubscribe=lambda _: None,
        )
        self.market.add(self.book, INSTRUMENT, 0.002)
        self.account = PaperAccount(
            **{
                "venue": VENUE,
                "card": CARD,
                "markets": self.markets,
                "market": self.market,
                "clock": clock,
                "balances": RICH,
                "terms": PaperTerms(),
                "random": Random(1),
                **changes,
            }
        )
        self.private = self.account.private
        self.ear = Ear(clock)
        self.account.listen(self.ear)
        self._orders = 0

    def show(self, bids: list[Level], asks: list[Level]) -> None:
        """Become LIVE with these levels, best first."""
        self.book.begin()
        self.book.snapshot(bids, asks, 1, None, 0, self.clock.now_ns(), self.clock.monotonic_ns() or 1)

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

    def _changed(self, book: BookSync) -> None:
        self.account.on_book(book)


def _eth() -> Instrument:
    return Instrument(symbol=Symbol("ETH", "USDT"), pair=Pair("ETHUSDT"), tick=Decimal("0.01"), lot=Decimal("0.001"))


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
