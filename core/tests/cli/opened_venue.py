"""A venue that is open, as `Watch` meets it: books set by hand, and the account of a venue that follows a script."""

from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from arb_core.runtime.clock import LoopClock
from arb_core.runtime.markets import MarketTable
from arb_core.structs.account import TradingFees
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.health import BookStats, MessageCounts
from arb_core.structs.market import Symbol

stage: Any = import_module("trading_stage")


class OpenedVenue:
    """Made by an opener; `silent_s` is how long it says nothing when it is connected."""

    def __init__(self, scripted: Any, account: Any, clock: LoopClock, *, silent_s: float = 0.0) -> None:
        self.scripted = scripted
        self.name, self.card = scripted.name, scripted.card
        self.settings = ExchangeSettings()
        self.markets = MarketTable(scripted.name)
        self.account = account
        self.books: dict[Symbol, Any] = {}
        self._clock = clock
        self._silent_s = silent_s
        self._on_book: list[Any] = []
        self._on_lost: list[Any] = []

    has_account = True
    tells_networks = False

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        self.account.drop()

    def __call__(self, **_):
        """Be the opener, too."""
        return self

    async def connect(self):
        await self._clock.sleep(round(self._silent_s * 1_000_000_000))
        self.markets.fill({listed.symbol: listed for listed in self.scripted.markets.instruments()})
        return self.markets

    load_markets = connect

    async def load_fees(self, symbols):
        return None

    def fees(self, symbol):
        return TradingFees(maker=Decimal("0.001"), taker=Decimal("0.001"))

    def on_event(self, listener):
        return lambda: None

    def on_book(self, listener):
        self._on_book.append(listener)

    def on_lost(self, listener):
        self._on_lost.append(listener)

    def follow(self, symbol):
        book = self.books[symbol] = stage.Book(self._clock, self.name, symbol)
        book.stats = BookStats()
        return book

    def put(self, bid: float, ask: float, symbol: Symbol = stage.PAIR) -> None:
        """Let a message change the book."""
        book = self.books[symbol]
        book.put(bid, ask)
        book.received_ns, book.monotonic_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        for listener in self._on_book:
            listener(book)

    @property
    def messages(self):
        return MessageCounts()

    def stream_health(self):
        return SimpleNamespace(connecting=0, connections=(1,), refused=())

    def loop_health(self):
        return SimpleNamespace(late_ns=0)

    def health(self):
        return SimpleNamespace(stream=self.stream_health(), loop=self.loop_health(), messages=self.messages)
