"""Two connections carry the same topics for a while, and no consumer notices: how a rotation loses nothing.

The leaving connection goes on feeding the consumers. The arriving one joins topic by topic:

- a book with sequence ids takes each message from whichever connection brings it first. The book is told
  (`overlapping`) that both speak: it skips what is old by its id, and lets a message begin early, because two
  connections may cut the same counter at different places (MEXC). What is ahead of it waits here until the leaving
  connection has caught up;
- a book without ids moves with the first snapshot of the arriving connection;
- quotes, depths and candles are states: they move with the first message;
- trades are the union of both connections, each counted once, also where the venue gives no ids and where two equal
  trades are two trades.
"""

from collections import Counter
from collections.abc import Iterable

from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.stream.sink import MarketData
from arb_core.structs.account import Balance
from arb_core.structs.book import NO_ID, BookState, Level, Printed, SequenceRule
from arb_core.structs.market import Side
from arb_core.structs.order import Fill, Order

__all__ = ["Handover"]

_HELD = 1000
"""Messages of one book kept while the arriving connection is ahead; more means that the leaving one has stopped."""

_Delta = tuple[list[Level], list[Level], int, int, int | None, int, Printed | None]
"""bids, asks, first_id, last_id, exchange_ns, previous_id, printed"""
_TradeKey = tuple[str, str | None, float, float, Side, int]
_StateKey = tuple[str, str, str | int]


class Handover:
    """The state of one rotation. Route the old connection to `leaving` and the new one to `arriving`."""

    def __init__(self, dispatch: Dispatch, dialect: StreamDialect) -> None:
        ids = dialect.book_rule.ids
        self.dispatch = dispatch
        self.by_id = ids is not SequenceRule.NONE
        self._chained = ids is SequenceRule.CHAIN
        self.joined: set[str] = set()
        """Books that the arriving connection carries on without a hole."""
        self._moved: set[_StateKey] = set()
        self._held: dict[str, list[_Delta]] = {}
        self._seen: tuple[Counter[_TradeKey], Counter[_TradeKey]] = (Counter(), Counter())
        self.leaving: MarketData = _Side(self, arriving=False)
        self.arriving: MarketData = _Side(self, arriving=True)

    def overlap(self, pairs: Iterable[str], *, begins: bool) -> None:
        """Tell the books that two connections feed them, or no longer."""
        for pair in pairs:
            book = self.dispatch.books.get(pair)
            if book is not None:
                book.overlapping = begins and self.by_id

    def release(self, pair: str) -> None:
        """Pass on what is held of a book, hole or no hole: the sequence rule judges it."""
        for delta in self._held.pop(pair, ()):
            self.dispatch.delta(pair, *delta)

    def take_delta(self, pair: str, delta: _Delta, *, arriving: bool) -> None:
        """Pass a message on if it carries the book on, whoever brought it."""
        book = self.dispatch.books.get(pair)
        if not self.by_id or book is None or book.state is not BookState.LIVE:
            # One connection only feeds a book that starts anew, or its buffer would hold two interleaved streams.
            if (pair in self.joined) is arriving:
                self.dispatch.delta(pair, *delta)
            return
        if arriving:
            if self._is_ahead(book, delta):
                held = self._held.setdefault(pair, [])
                held.append(delta)
                if len(held) > _HELD:
                    self.release(pair)
                return
            self.joined.add(pair)
        self.dispatch.delta(pair, *delta)
        if pair in self._held:
            self._catch_up(pair, book)

    def takes_book(self, pair: str, *, arriving: bool) -> bool:
        """Whether a whole book of the BOOK feed is passed on; one with ids judges by itself what is old."""
        if arriving:
            self.joined.add(pair)
            return True
        book = self.dispatch.books.get(pair)
        return pair not in self.joined or (self.by_id and book is not None and book.state is BookState.LIVE)

    def _is_ahead(self, book: BookSync, delta: _Delta) -> bool:
        """Whether something between the book and this message is still to come on the other connection."""
        begins_after = delta[5] if self._chained else delta[2] - 1
        return begins_after > book.last_id

    def _catch_up(self, pair: str, book: BookSync) -> None:
        """Pass on held messages that now follow on."""
        held = self._held.pop(pair)
        while held and book.state is BookState.LIVE and not self._is_ahead(book, held[0]):
            self.joined.add(pair)
            self.dispatch.delta(pair, *held.pop(0))
        if held and book.state is BookState.LIVE:
            self._held[pair] = held

    def takes_state(self, key: _StateKey, *, arriving: bool) -> bool:
        """Whether a message that is a state by itself is passed on."""
        if arriving:
            self._moved.add(key)
            return True
        return key not in self._moved

    def takes_trade(self, key: _TradeKey, *, arriving: bool) -> bool:
        """Whether this connection shows a trade more often than the other one did."""
        mine, other = self._seen[arriving], self._seen[not arriving]
        mine[key] += 1
        return mine[key] > other[key]


class _Side(MarketData):
    """One of the two connections of a hand-over."""

    def __init__(self, handover: Handover, *, arriving: bool) -> None:
        self._handover = handover
        self._dispatch = handover.dispatch
        self._arriving = arriving

    @property
    def scan(self) -> None:
        """Nothing: while two connections speak, each message is judged by what the other one said."""

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
        delta = (bids, asks, first_id, last_id, exchange_ns, previous_id, printed)
        self._handover.take_delta(pair, delta, arriving=self._arriving)

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
        if depth:
            takes = self._handover.takes_state(("depth", pair, depth), arriving=self._arriving)
        else:
            takes = self._handover.takes_book(pair, arriving=self._arriving)
        if takes:
            self._dispatch.snapshot(pair, bids, asks, last_id, exchange_ns, depth, printed)

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
        if self._handover.takes_state(("quote", pair, ""), arriving=self._arriving):
            self._dispatch.quote(pair, bid, bid_size, ask, ask_size, exchange_ns, last_id)

    def trade(self, pair: str, price: float, size: float, taker: Side, exchange_ns: int, trade_id: str | None) -> None:  # noqa: PLR0917
        if self._handover.takes_trade((pair, trade_id, price, size, taker, exchange_ns), arriving=self._arriving):
            self._dispatch.trade(pair, price, size, taker, exchange_ns, trade_id)

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
        if self._handover.takes_state(("kline", pair, interval), arriving=self._arriving):
            self._dispatch.kline(pair, interval, open_ns, ohlc, volume, quote_volume, closed)

    def order(self, order: Order) -> None:
        # Private messages pass twice rather than never: the ledger knows an execution by its id.
        self._dispatch.order(order)

    def fill(self, fill: Fill) -> None:
        self._dispatch.fill(fill)

    def balance(self, balance: Balance) -> None:
        self._dispatch.balance(balance)
