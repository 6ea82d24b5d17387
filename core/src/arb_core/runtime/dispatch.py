"""Who wants what a venue says: books by pair, and listeners for everything else.

Entered by each connection's sink, which calls these methods in place of its own, by the venue when someone begins or
ends to watch, and by whoever shows counts and latencies. Nothing here waits or buffers: a message goes to its consumers
during the call, and one that nobody wants is counted and dropped.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec.structs import replace

from arb_core.interfaces.book import ScannedBook, Scanner
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.latency import LatencyHistogram
from arb_core.structs.account import Balance
from arb_core.structs.book import NO_ID, BookSnapshot, Level, Printed
from arb_core.structs.health import MessageCounts
from arb_core.structs.market import Kline, Quote, Side, Symbol, Trade
from arb_core.structs.order import Fill, Order

__all__ = ["Broken", "Dispatch", "Listeners", "Scan"]

E = TypeVar("E")
K = TypeVar("K")

Broken = Callable[[object, Exception], None]
"""Told of a listener that raised, and what."""

Scan = Callable[[memoryview, int, int], ScannedBook | None]
"""Takes a frame and both its times the short way; returns the book that took it, None = the dialect says what it is."""


class Listeners(Generic[E]):
    """Plain functions that are told the same event, one after the other.

    One that raises is unplugged and reported; the others are told none the less. Calling with none is harmless.
    """

    __slots__ = ("_broken", "_listeners")

    def __init__(self, broken: Broken) -> None:
        self._broken = broken
        self._listeners: tuple[Callable[[E], None], ...] = ()

    def add(self, listener: Callable[[E], None]) -> Callable[[], None]:
        """Tell `listener` from now on; return the function that ends it, harmless when it has ended already."""
        if listener in self._listeners:
            raise ValueError(f"{listener!r} listens already")
        self._listeners = (*self._listeners, listener)
        return lambda: self._remove(listener)

    def __call__(self, event: E) -> None:
        """Tell everybody."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 (a stranger's function: everything goes on without it)
                self._remove(listener)
                self._broken(listener, error)

    def __len__(self) -> int:
        """Count the listeners."""
        return len(self._listeners)

    def _remove(self, listener: Callable[[E], None]) -> None:
        # Equality, not identity: a bound method is a new object each time it is looked up.
        self._listeners = tuple(other for other in self._listeners if other != listener)


class Dispatch:
    """The consumers of one venue; its market-data and account methods have the signatures of `Sink`.

    `broken` is told of every function that raised: the dialect that is calling must not take a strategy's KeyError for
    a malformed frame, so nothing that a consumer raises leaves this class.
    """

    def __init__(self, broken: Broken, scanner: Scanner | None = None) -> None:
        self._broken = broken
        self._scanner = scanner
        self.scan: Scan | None = None if scanner is None else scanner.apply
        """None where there is no short way."""
        self.books: dict[str, BookSync] = {}
        """The books that someone wants, by the venue's spelling; see `follow` and `forget`."""
        self._counts = MessageCounts()
        self.latency = LatencyHistogram()
        """From a frame's arrival to the end of everything that its books set off: the verdict."""
        self.orders: Listeners[Order] = Listeners(broken)
        self.fills: Listeners[Fill] = Listeners(broken)
        self.balances: Listeners[Balance] = Listeners(broken)
        self._quotes: dict[str, tuple[Symbol, Listeners[Quote]]] = {}
        self._trades: dict[str, tuple[Symbol, Listeners[Trade]]] = {}
        self._depths: dict[tuple[str, int], tuple[Symbol, Listeners[BookSnapshot]]] = {}
        self._klines: dict[tuple[str, str], tuple[Symbol, Listeners[Kline]]] = {}
        self._received_ns = 0
        self._monotonic_ns = 0
        self._book_changed = False

    @property
    def counts(self) -> MessageCounts:
        """Messages by kind so far, whichever way they came."""
        scanned = 0 if self._scanner is None else self._scanner.applied
        return replace(self._counts, deltas=self._counts.deltas + scanned, scanned=scanned)

    # Who listens

    def follow(self, pair: str, book: BookSync) -> None:
        """Hand what is said of `pair` to a book from now on; to be called before it begins."""
        self.books[pair] = book
        if self._scanner is not None:
            book.scanned_by(self._scanner, pair, self._broken)

    def forget(self, pair: str) -> None:
        """Nobody wants the book of `pair` any more."""
        self.books.pop(pair).unscanned()

    def relisted(self) -> None:
        """The venue's list of instruments is a new one."""
        for book in self.books.values():
            book.relisted()

    def on_quote(self, pair: str, symbol: Symbol, listener: Callable[[Quote], None]) -> Callable[[], None]:
        """Tell `listener` every best bid and ask of `pair`; return the function that ends it."""
        return _plug(self._quotes, pair, symbol, listener, self._broken)

    def on_trade(self, pair: str, symbol: Symbol, listener: Callable[[Trade], None]) -> Callable[[], None]:
        """Tell `listener` every public trade of `pair`; return the function that ends it."""
        return _plug(self._trades, pair, symbol, listener, self._broken)

    def on_depth(
        self, pair: str, depth: int, symbol: Symbol, listener: Callable[[BookSnapshot], None]
    ) -> Callable[[], None]:
        """Tell `listener` the best `depth` levels of `pair`, whole, each time; return the function that ends it."""
        return _plug(self._depths, (pair, depth), symbol, listener, self._broken)

    def on_kline(
        self, pair: str, interval: str, symbol: Symbol, listener: Callable[[Kline], None]
    ) -> Callable[[], None]:
        """Tell `listener` every state of the candles of `pair`; return the function that ends it."""
        return _plug(self._klines, (pair, interval), symbol, listener, self._broken)

    # When

    def arrived(self, received_ns: int, monotonic_ns: int) -> None:
        """What follows came with a frame that arrived now. Without this, books read the clock themselves."""
        self._received_ns = received_ns
        self._monotonic_ns = monotonic_ns
        self._book_changed = False

    def decided(self, monotonic_ns: int) -> None:
        """All that the frame set off is done; its latency counts if it was about a book."""
        if self._book_changed:
            self.latency.add(monotonic_ns - self._monotonic_ns)

    # What a venue says

    def delta(  # noqa: PLR0917
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        first_id: int,
        last_id: int,
        exchange_ns: int | None,
        previous_id: int = NO_ID,
        printed: Printed | None = None,
    ) -> None:
        """Hand changes to the book of `pair`."""
        self._counts.deltas += 1
        try:
            book = self.books[pair]
        except KeyError:
            self._counts.unwanted += 1
            return
        self._book_changed = True
        try:
            book.delta(
                bids,
                asks,
                first_id,
                last_id,
                exchange_ns,
                previous_id,
                self._received_ns,
                self._monotonic_ns,
                printed,
            )
        except Exception as error:  # noqa: BLE001 (a book raises nothing by itself: it is someone who was told of it)
            self._broken(book, error)

    def snapshot(  # noqa: PLR0917
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        last_id: int,
        exchange_ns: int | None,
        depth: int = 0,
        printed: Printed | None = None,
    ) -> None:
        """Hand a whole book to the book of `pair`, or one of a DEPTH feed to those who listen to that."""
        if depth:
            self._counts.depths += 1
            listening = self._depths.get((pair, depth))
            if listening is None or not listening[1]:
                self._counts.unwanted += 1
                return
            symbol, tell = listening
            tell(
                BookSnapshot(symbol=symbol, bids=bids, asks=asks, last_id=last_id, exchange_ns=exchange_ns, depth=depth)
            )
            return
        self._counts.snapshots += 1
        book = self.books.get(pair)
        if book is None:
            self._counts.unwanted += 1
            return
        self._book_changed = True
        try:
            book.snapshot(bids, asks, last_id, exchange_ns, 0, self._received_ns, self._monotonic_ns, printed)
        except Exception as error:  # noqa: BLE001
            self._broken(book, error)

    def quote(  # noqa: PLR0917
        self,
        pair: str,
        bid: float,
        bid_size: float,
        ask: float,
        ask_size: float,
        exchange_ns: int | None,
        last_id: int = NO_ID,
    ) -> None:
        """Tell a best bid and ask."""
        self._counts.quotes += 1
        listening = self._quotes.get(pair)
        if listening is None or not listening[1]:
            self._counts.unwanted += 1
            return
        listening[1](Quote(bid, bid_size, ask, ask_size, exchange_ns, self._received_ns))

    def trade(self, pair: str, price: float, size: float, taker: Side, exchange_ns: int, trade_id: str | None) -> None:  # noqa: PLR0917
        """Tell a public trade."""
        self._counts.trades += 1
        listening = self._trades.get(pair)
        if listening is None or not listening[1]:
            self._counts.unwanted += 1
            return
        symbol, tell = listening
        tell(Trade(symbol=symbol, price=price, size=size, taker=taker, exchange_ns=exchange_ns, trade_id=trade_id))

    def kline(  # noqa: PLR0917
        self,
        pair: str,
        interval: str,
        open_ns: int,
        ohlc: tuple[float, float, float, float],
        volume: float,
        quote_volume: float | None,
        closed: bool | None,  # noqa: FBT001
    ) -> None:
        """Tell the state of a candle."""
        self._counts.klines += 1
        listening = self._klines.get((pair, interval))
        if listening is None or not listening[1]:
            self._counts.unwanted += 1
            return
        symbol, tell = listening
        first, high, low, last = ohlc
        tell(
            Kline(
                symbol=symbol,
                interval=interval,
                open_ns=open_ns,
                open=first,
                high=high,
                low=low,
                close=last,
                volume=volume,
                quote_volume=quote_volume,
                closed=closed,
            )
        )

    def order(self, order: Order) -> None:
        """Tell a change of one of our orders."""
        self._counts.orders += 1
        self._counts.unwanted += not self.orders
        self.orders(order)

    def fill(self, fill: Fill) -> None:
        """Tell an execution of one of our orders."""
        self._counts.fills += 1
        self._counts.unwanted += not self.fills
        self.fills(fill)

    def balance(self, balance: Balance) -> None:
        """Tell the new balance of one asset."""
        self._counts.balances += 1
        self._counts.unwanted += not self.balances
        self.balances(balance)


def _plug(
    listening: dict[K, tuple[Symbol, Listeners[E]]],
    key: K,
    symbol: Symbol,
    listener: Callable[[E], None],
    broken: Broken,
) -> Callable[[], None]:
    return listening.setdefault(key, (symbol, Listeners(broken)))[1].add(listener)
