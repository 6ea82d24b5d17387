"""What a further strategy costs: one update of a book, from its change to the last verdict, on three venues.

Sixty-five coins are quoted in USDT, in BTC and in ETH, so every coin is part of two cycles and BTC/USDT of sixty-six.
Prices are consistent and nothing pays: that is what almost every update finds. Two hundred symbols, and ten times fewer
beside them: an update of a coin must not cost more among many.
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

import pytest
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.interfaces.strategy import Strategy
from arb_core.runtime.clock import SystemClock
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookFault, BookState, Level
from arb_core.structs.market import Instrument, Pair, Quote, Symbol, TradingStatus, VenueName
from arb_triangular.strategy import Triangular

pytestmark = pytest.mark.bench

VENUES = ("mexc", "gateio", "binance")
FEE = 0.001
UPDATES = 20_000
TURNS = 9

Hear = Callable[[object], None]


class Book:
    """A `LiveBook` with best levels only; they are all that is read while nothing pays."""

    __slots__ = (
        "ask",
        "ask_size",
        "bid",
        "bid_size",
        "exchange_ns",
        "fault",
        "last_id",
        "middle",
        "monotonic_ns",
        "received_ns",
        "state",
        "symbol",
        "venue",
    )

    def __init__(self, venue: str, symbol: Symbol, middle: float) -> None:
        self.venue, self.symbol, self.middle = VenueName(venue), symbol, middle
        self.state, self.last_id, self.received_ns, self.monotonic_ns = BookState.LIVE, 1, 0, 0
        self.fault: BookFault | None = None
        self.exchange_ns: int | None = None
        self.bid_size = self.ask_size = 1.0
        self.bid = self.ask = middle
        self.move(0.0)

    def move(self, by: float) -> None:
        self.bid, self.ask = self.middle * (0.9999 + by), self.middle * (1.0001 + by)

    def quote(self) -> Quote | None:
        return None

    def bids(self, limit: int = 10) -> list[Level]:
        raise AssertionError("nothing pays, so no depth is read")

    asks = bids


def symbols(coins: int) -> dict[Symbol, float]:
    """Every symbol with its price: coins in USDT, BTC and ETH, and these two; 3 more than three times the coins."""
    btc, eth = 90_000.0, 3_000.0
    prices = {Symbol("BTC", "USDT"): btc, Symbol("ETH", "USDT"): eth, Symbol("ETH", "BTC"): eth / btc}
    random = Random(1)
    for number in range(coins):
        price = 10 ** random.uniform(-4, 3)
        for quote, worth in (("USDT", 1.0), ("BTC", btc), ("ETH", eth)):
            prices[Symbol(f"C{number}", quote)] = price / worth
    return prices


def stage(coins: int, strategies: Mapping[str, Strategy]) -> tuple[DetectionSession, list[Book]]:
    """A started session over all books."""
    view = EngineView(SystemClock())
    books = [Book(venue, symbol, price) for symbol, price in symbols(coins).items() for venue in VENUES]
    for book in books:
        pair, trading, step = Pair(str(book.symbol)), TradingStatus.TRADING, Decimal("0.00001")
        view.add(book, Instrument(symbol=book.symbol, pair=pair, status=trading, tick=step, lot=step), FEE)
    session = DetectionSession(view, strategies)
    session.start()
    return session, books


CONTESTANTS: dict[str, Callable[[], dict[str, Strategy]]] = {
    "spatial": lambda: {"spatial": Spatial()},
    "spatial and triangular": lambda: {"spatial": Spatial(), "triangular": Triangular()},
}


def measure(coins: int, chosen: Callable[[Book], bool]) -> dict[str, list[float]]:
    """Return microseconds an update, one figure for each turn."""
    figures: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    order = Random(2)
    stages = {name: stage(coins, make()) for name, make in CONTESTANTS.items()}
    for _ in range(TURNS):
        for name in order.sample(sorted(stages), len(stages)):
            session, books = stages[name]
            picked = [book for book in books if chosen(book)]
            random = Random(3)
            updates = [(random.choice(picked), random.uniform(-0.0002, 0.0002)) for _ in range(UPDATES)]
            hear = session.on_book
            now_ns = time.monotonic_ns()
            gc.collect()
            gc.freeze()
            began_ns = time.thread_time_ns()
            for book, by in updates:
                book.move(by)
                book.monotonic_ns = now_ns
                hear(book)
            figures[name].append((time.thread_time_ns() - began_ns) / UPDATES / 1000)
            gc.unfreeze()
            assert session.counts().seen == 0
    return figures


def row(what: str, figures: dict[str, list[float]]) -> str:
    alone, both = (figures[name] for name in CONTESTANTS)
    ratio = statistics.median(more / less for more, less in zip(both, alone, strict=True))
    told = [f"{statistics.median(each):.2f} [{min(each):.2f}-{max(each):.2f}]" for each in (alone, both)]
    return f"| {what} | {' | '.join(told)} | {ratio:.2f} |"


def test_cost_of_a_further_strategy(publish):
    many, few = symbols(65), symbols(5)
    coin, hub = Symbol("C0", "USDT"), Symbol("BTC", "USDT")
    rows = [
        "| us an update: median [least-most] | spatial | and triangular | ratio |",
        "|---|---|---|---|",
        row(f"a coin, 2 cycles, among {len(many)} symbols", measure(65, lambda book: book.symbol == coin)),
        row(f"a coin, 2 cycles, among {len(few)} symbols", measure(5, lambda book: book.symbol == coin)),
        row(f"any of {len(many)} symbols", measure(65, lambda _: True)),
        row(f"BTC/USDT, 66 cycles, among {len(many)} symbols", measure(65, lambda book: book.symbol == hub)),
    ]
    publish("strategies", "\n".join(rows))
