"""A venue of `fake_venue` opened for use, and everything behind it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from arb_core.errors import PluginMissing
from arb_core.interfaces.book import BookFactory
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.private import PrivateExchange
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.registry import Registry
from arb_core.runtime.book import SORTED
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.stream.events import VenueEvent
from arb_core.structs.account import Credentials
from arb_core.structs.book import BookRule
from arb_core.structs.card import ExchangeCard, ExchangeSettings
from arb_core.structs.market import Symbol
from arb_core.venue import Venue, open_exchange
from fake_account import AccountDialect, FakePrivate
from fake_venue import MS, REST_RULE, SECOND, STREAM_RULE, Dialect, FakePublic, FakeVenue, card

BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")


class Clock(LoopClock):
    """A clock of a process that can be held up."""

    __slots__ = ("_held_ns",)

    def __init__(self) -> None:
        self._held_ns = 0
        super().__init__()

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self._held_ns

    def stand_still(self, duration_ns: int) -> None:
        """Let time go by without anything being done: timers run when it is over."""
        self._held_ns += duration_ns


class OneExchange(Registry):
    """A registry that holds the double alone."""

    def __init__(
        self, own: ExchangeCard, public: FakePublic, dialect: Dialect, account: tuple[FakePrivate, AccountDialect]
    ) -> None:
        super().__init__({})
        self._own = own
        self._fake_public = public
        self._fake_dialect = dialect
        self._fake_account = account
        self.context: ExchangeContext | None = None

    def card(self, name: str) -> ExchangeCard:
        if name != self._own.id:
            raise PluginMissing("not this one", name=name)
        return self._own

    def public(self, name: str, context: ExchangeContext) -> PublicExchange:
        self.context = context
        return self._fake_public

    def public_stream(self, name: str, context: ExchangeContext) -> StreamDialect:
        return self._fake_dialect

    def private(self, name: str, context: ExchangeContext, credentials: Credentials) -> PrivateExchange:
        return self._fake_account[0]

    def private_stream(self, name: str, context: ExchangeContext, credentials: Credentials) -> StreamDialect:
        return self._fake_account[1]

    def book_factory(self) -> BookFactory:
        return SORTED


class Shop:
    """A venue that is open, and everything behind it."""

    def __init__(
        self,
        symbols: Sequence[Symbol],
        rule: BookRule,
        options: dict[str, Any],
        limits: Any,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.far = FakeVenue(self.clock)
        self.far.books_first = rule is STREAM_RULE
        self.public = FakePublic(self.far, symbols)
        self.dialect = Dialect(rule)
        self.private = FakePrivate()
        self.account_dialect = AccountDialect()
        account = (self.private, self.account_dialect)
        self.registry = OneExchange(card(**limits), self.public, self.dialect, account)
        self.events: list[VenueEvent] = []
        self.venue: Venue = open_exchange(
            "fake",
            registry=self.registry,
            clock=self.clock,
            transport=self.far,
            random=Random(5),
            **{"settings": ExchangeSettings(), **options},
        )
        self.venue.on_event(self.events.append)

    async def run(self, seconds: float, *symbols: Symbol, every_ms: int = 50) -> None:
        end_ns = self.clock.monotonic_ns() + round(seconds * SECOND)
        while (left_ns := end_ns - self.clock.monotonic_ns()) > 0:
            await self.clock.sleep(min(every_ms * MS, left_ns) if symbols else left_ns)
            for symbol in symbols:
                self.far.tick(symbol.base + symbol.quote)

    def of(self, kind: type[VenueEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def equals_market(self, symbol: Symbol = BTC) -> bool:
        market = self.far.market(symbol.base + symbol.quote)
        book = self.venue.orderbook(symbol)
        return (book.last_id, book.bids(0), book.asks(0)) == (market.last_id, *market.levels())


@asynccontextmanager
async def shop(
    symbols: Sequence[Symbol] = (BTC, ETH),
    rule: BookRule = REST_RULE,
    *,
    options: dict[str, Any] | None = None,
    **limits: Any,
) -> AsyncIterator[Shop]:
    made = Shop(symbols, rule, options or {}, limits)
    async with made.venue:
        yield made
