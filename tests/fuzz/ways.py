"""Two ways to the same books: the dialect and books in Python, and whatever arb-native does of it. After each frame both say the same.

Entered by the tests that need arb-native. What is heard here goes through `arb_core.capture.venue`, the exchange of a replay, once
with each kind of books: so nothing is assumed of how a frame finds its way, and any recording can be heard as well.
"""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode

import msgspec
from arb_core.capture.format import Close, Frame, Header, Line, Rest
from arb_core.capture.venue import RecordedVenue, ReplayClock
from arb_core.interfaces.book import BookFactory
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.registry import Registry
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.card import ExchangeCard

__all__ = ["Disagreement", "Way", "Ways"]

_LIVE = BookState.LIVE
_EACH = 16
"""Frames after which the counts of all messages are compared as well, and every level of books that told nothing."""


class Disagreement(AssertionError):
    """The two ways differ."""


@cache
def _registry() -> Registry:
    return Registry()


class _Plugins:
    """The installed plugins, with chosen settings and with one kind of books."""

    def __init__(self, settings: Mapping[str, Any], factory: BookFactory) -> None:
        self._settings = settings
        self._factory = factory

    def card(self, name: str) -> ExchangeCard:
        card = _registry().card(name)
        chosen: Any = partial(card.settings, **self._settings)
        return msgspec.structs.replace(card, settings=chosen)

    def public(self, name: str, context: ExchangeContext) -> PublicExchange:
        return _registry().public(name, context)

    def public_stream(self, name: str, context: ExchangeContext) -> StreamDialect:
        return _registry().public_stream(name, context)

    def book_factory(self) -> BookFactory:
        return self._factory


class Way:
    """One of the two: the exchange, and what its books told."""

    def __init__(self, exchange: str, plugin: str, settings: Mapping[str, Any], factory: BookFactory) -> None:
        self.told: list[tuple[object, ...]] = []
        self.clock = ReplayClock()
        self.venue = RecordedVenue(
            exchange,
            plugin,
            _Plugins(settings, factory),
            self.clock,
            on_book=self._on_book,
            on_lost=self._on_lost,
        )

    @property
    def scanned(self) -> int:
        """Messages that took the short way."""
        return self.venue._dispatch.counts.scanned

    def _on_book(self, book: BookSync) -> None:
        self.told.append(
            (book.symbol, book.last_id, book.bid, book.bid_size, book.ask, book.ask_size, book.exchange_ns)
        )

    def _on_lost(self, book: BookSync, fault: BookFault) -> None:
        self.told.append((book.symbol, fault))


class Ways:
    """Both ways of one exchange. `take` is all: it lets both hear a line, and compares."""

    def __init__(
        self, exchange: str, settings: Mapping[str, Any], native: BookFactory, *, plugin: str | None = None
    ) -> None:
        self.long, self.short = (Way(exchange, plugin or exchange, settings, factory) for factory in (SORTED, native))
        self.exchange = exchange
        self.frames = self.compared = self.levels = 0
        self._books: list[tuple[BookSync, BookSync]] = []
        self._by_name: dict[str, BookSync] = {}

    @property
    def now_ns(self) -> int:
        return self.long.clock.at_ns

    def wait(self, ns: int) -> None:
        """Let time pass."""
        for way in (self.long, self.short):
            way.clock.at_ns += ns

    def follow(self, header: Header) -> None:
        """Follow the books of a capture's header."""
        for way in (self.long, self.short):
            way.venue.follow(header)
        self._books = [(book, self.short.venue.books[symbol]) for symbol, book in self.long.venue.books.items()]
        self._by_name = {str(symbol): book for symbol, book in self.long.venue.books.items()}

    def follow_pairs(self, pairs: Mapping[str, str]) -> None:
        """Follow books by their native names."""
        native: dict[str, str | dict[str, str]] = {symbol: pair for pair, symbol in pairs.items()}
        self.follow(Header(capture=1, symbols=tuple(pairs.values()), exchanges=(self.exchange,), native=native))

    def book(self, symbol: str) -> BookSync:
        """Return the book of the long way."""
        return self._by_name[symbol]

    def take(self, line: Line, file: int = 0) -> None:
        """Let both hear a line of a capture.

        Raises:
            Disagreement: afterwards they are not the same.
        """
        for way in (self.long, self.short):
            way.clock.at_ns = max(line.ns, 1)
            match line:
                case Frame():
                    way.venue.frame(file, line)
                case Rest():
                    way.venue.rest(line)
                case Close():
                    way.venue.close(file, line)
                case _:
                    return
        self.frames += isinstance(line, Frame)
        self.compare()

    def hear(self, frame: bytes, conn: str = "1") -> None:
        """Let both hear a frame of a connection now."""
        self.take(Frame(ns=self.now_ns, exchange=self.exchange, conn=conn, base64=frame))

    def answer(self, path: str, params: Mapping[str, str], body: str) -> None:
        """Let both hear the answer to a request now."""
        url = f"https://acme.com{path}?{urlencode(params)}"
        self.take(Rest(ns=self.now_ns, exchange=self.exchange, method="GET", url=url, status=200, body=body))

    def cut(self, conn: str = "1") -> None:
        """End a connection."""
        self.take(Close(ns=self.now_ns, exchange=self.exchange, conn=conn))

    def begin_anew(self, symbol: str) -> None:
        """Lose one book as with its connection, and let it wait until it believes whatever it is told."""
        for one, other in self._books:
            if str(one.symbol) == symbol:
                for book in (one, other):
                    book.lose(BookFault.DISCONNECTED)
                    book.begin()
        self.wait(20_000_000_000)
        for pair in self._books:
            for book in pair:
                book.check(self.now_ns)
        self.compare()

    def compare(self) -> None:
        """See that all that can be known is the same on both ways.

        Raises:
            Disagreement: it is not.
        """
        self.compared += 1
        every = self.compared % _EACH == 0
        long, short = self.long, self.short
        # NaN, an empty side, is not equal to itself; as text it is.
        if long.told != short.told and repr(long.told) != repr(short.told):
            raise Disagreement(f"told {long.told} and {short.told}")
        changed = [told[0] for told in long.told]
        long.told.clear()
        short.told.clear()
        if long.venue.malformed != short.venue.malformed:
            raise Disagreement(f"malformed {long.venue.malformed} and {short.venue.malformed}")
        for one, other in self._books:
            if one.state is not other.state or one.last_id != other.last_id or one.fault is not other.fault:
                raise Disagreement(f"{_standing(one)} and {_standing(other)}")
            if every:
                self._look_again(one, other)
            elif one.symbol in changed:
                self._look(one, other)

    def _look(self, one: BookSync, other: BookSync) -> None:
        """Compare two books to the last level."""
        if one.state is _LIVE:
            ours, theirs = one.book, other.book
            bids, asks = ours.bids(0), ours.asks(0)
            self.levels += len(bids) + len(asks)
            if bids != theirs.bids(0) or asks != theirs.asks(0):
                sides = set(bids + asks) ^ set(theirs.bids(0) + theirs.asks(0))
                raise Disagreement(f"{one.symbol} holds {sorted(sides)[:6]}")
        if _best(one) != _best(other) and repr(_best(one)) != repr(_best(other)):
            raise Disagreement(f"{one.symbol} shows {_best(one)} and {_best(other)}")

    def _look_again(self, one: BookSync, other: BookSync) -> None:
        """Compare what readers see, and what was counted."""
        self._look(one, other)
        if one.state is _LIVE and (one.bids(0), one.asks(0)) != (other.bids(0), other.asks(0)):
            raise Disagreement(f"{one.symbol} shows {one.horizon} and {other.horizon}")
        if one.stats != other.stats:
            raise Disagreement(f"{one.symbol} counts {one.stats} and {other.stats}")

    def finish(self) -> None:
        """Compare the counts."""
        self.compared += _EACH - self.compared % _EACH - 1
        self.compare()


def _standing(book: BookSync) -> Iterable[object]:
    return str(book.symbol), book.state.name, book.fault, book.last_id


def _best(book: BookSync) -> tuple[object, ...]:
    best = (book.bid, book.bid_size, book.ask, book.ask_size)
    return (*best, book.exchange_ns, book.received_ns, book.monotonic_ns)
