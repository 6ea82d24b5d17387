"""One exchange of a raw capture: its plugin, its books, and no session. Entered by `replay`, line by line.

Recorded frames go to the plugin's dialect, recorded answers to its `decode_rest`; books are kept in step by the same
`BookSync` as in a live run. Nothing is sent and nothing is waited for: a book that wants a snapshot takes the next one
that the recording holds.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from arb_core.capture.format import Close, Frame, Header, Rest
from arb_core.capture.summary import BookSummary, Checksums
from arb_core.errors import Disconnected, NotSupported, WireError
from arb_core.interfaces.book import BookFactory
from arb_core.interfaces.context import ExchangeContext, FaultReader, Params, RestClient, Signer, TimerHandle
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.scanning import scanner_for
from arb_core.runtime.stream.sink import ConnectionSink
from arb_core.structs.book import BookFault, BookSnapshot, Level, Printed
from arb_core.structs.card import Endpoint, ExchangeCard, ExchangeSettings, RequestConfig
from arb_core.structs.market import Instrument, Pair, Symbol, VenueName

__all__ = ["Plugins", "RecordedVenue", "ReplayClock"]

T = TypeVar("T")

_OK = range(200, 300)
_TOP = 10


class Plugins(Protocol):
    """Where plugins come from: `registry.Registry`. Asked only for exchanges whose lines need decoding."""

    def card(self, name: str) -> ExchangeCard:
        """Return an exchange's facts. Raises `PluginMissing` or `PluginBroken`."""
        ...

    def public(self, name: str, context: ExchangeContext) -> PublicExchange:
        """Return its REST side."""
        ...

    def public_stream(self, name: str, context: ExchangeContext) -> StreamDialect:
        """Return its socket language."""
        ...

    def book_factory(self) -> BookFactory:
        """Return what makes order books."""
        ...


class ReplayClock:
    """Stands where the capture stands; UTC and monotonic time are the same."""

    def __init__(self) -> None:
        """Begin before every capture."""
        self.at_ns = 1

    def now_ns(self) -> int:
        """Return the time of the line that is being replayed."""
        return self.at_ns

    def monotonic_ns(self) -> int:
        """Return the same."""
        return self.at_ns

    def sleep(self, duration_ns: int) -> Awaitable[None]:
        """Refuse: nothing waits in a replay."""
        raise NotSupported("a replay does not wait")

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        """Refuse: no deadline runs in a replay."""
        raise NotSupported("a replay has no timers")


class _NoRest(RestClient):
    """A plugin may bind it, and never gets as far as a call."""

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> "_NoRest":
        return self

    async def call(
        self,
        endpoint: Endpoint,
        parse: Callable[[bytes], T],
        params: Params | None = None,
        *,
        path: Mapping[str, str] | None = None,
        body: bytes = b"",
        client_order_id: str | None = None,
        config: RequestConfig | None = None,
    ) -> T:
        raise NotSupported("a replay sends nothing")


class _Context(msgspec.Struct, frozen=True):
    """The `ExchangeContext` of a replay."""

    venue: VenueName
    clock: ReplayClock
    rest: RestClient
    settings: ExchangeSettings
    markets: MarketTable
    logger: logging.Logger


class _Connection:
    """One recorded connection: hands market data on and notes whose books it carries; control messages mean nothing."""

    scan = None
    """The venue takes frames the short way itself, before they come here."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.pairs: set[str] = set()
        self._dispatch = dispatch
        self.quote = dispatch.quote
        self.trade = dispatch.trade
        self.kline = dispatch.kline
        self.order = dispatch.order
        self.fill = dispatch.fill
        self.balance = dispatch.balance
        self.sink: Sink = ConnectionSink(self, self)

    def delta(  # noqa: PLR0917 (the signature of Sink)
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        first_id: int,
        last_id: int,
        exchange_ns: int | None,
        previous_id: int = -1,
        printed: Printed | None = None,
    ) -> None:
        self.pairs.add(pair)
        self._dispatch.delta(pair, bids, asks, first_id, last_id, exchange_ns, previous_id, printed)

    def snapshot(  # noqa: PLR0917 (the signature of Sink)
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        last_id: int,
        exchange_ns: int | None,
        depth: int = 0,
        printed: Printed | None = None,
    ) -> None:
        self.pairs.add(pair)
        self._dispatch.snapshot(pair, bids, asks, last_id, exchange_ns, depth, printed)

    def on_ack(self, request_id: int | None, channels: Sequence[str]) -> None:
        pass

    def on_refused(self, request_id: int | None, channels: Sequence[str], reason: str) -> None:
        pass

    def on_reply(self, request_id: int | str | None, answer: Any) -> None:
        pass

    def on_pong(self) -> None:
        pass

    def on_closing(self, reason: str) -> None:
        pass

    def on_ticket_lost(self, reason: str) -> None:
        pass

    def on_ignored(self, reason: str) -> None:
        pass


class RecordedVenue:
    """The books of one exchange as its recorded messages make them.

    Raises:
        PluginMissing: no plugin decodes this exchange.
    """

    def __init__(
        self,
        exchange: str,
        plugin: str,
        plugins: Plugins,
        clock: ReplayClock,
        *,
        on_book: Callable[[BookSync], None],
        on_lost: Callable[[BookSync, BookFault], None],
    ) -> None:
        """Make the plugin's objects; `follow` brings the books."""
        self.exchange = exchange
        self.malformed = 0
        """Frames and answers that the plugin could not read."""
        self.books: dict[Symbol, BookSync] = {}
        self.instruments: dict[Symbol, Instrument] = {}
        """What the recorded instrument lists say of the followed symbols."""
        self._clock = clock
        self._on_book = on_book
        self._on_lost = on_lost
        self._plugins = plugins
        self._markets = MarketTable(exchange)
        context = _Context(
            VenueName(exchange),
            clock,
            _NoRest(),
            plugins.card(plugin).settings(),
            self._markets,
            logging.getLogger(f"{__name__}.{exchange}"),
        )
        self._public = plugins.public(plugin, context)
        self._dialect = plugins.public_stream(plugin, context)
        self._failure: Exception | None = None
        self._factory = plugins.book_factory()
        scanner = scanner_for(self._factory, self._dialect.layouts, self._dialect.book_rule)
        self._dispatch = Dispatch(self._broken, scanner)
        self._connections: dict[tuple[int, str], _Connection] = {}
        self._pairs: dict[Symbol, Pair] = {}
        self._listed: dict[Symbol, Instrument] = {}
        self._waiting: dict[str, BookSync] = {}
        """Books that want a snapshot."""
        self._kept: dict[str, BookSnapshot] = {}
        """Snapshots that no book wanted yet."""
        self._idle: list[BookSync] = []
        """Books that want a new subscription, which here can only be waited for."""

    def follow(self, header: Header) -> list[BookSync]:
        """Add the books of a header that are not followed yet; return them."""
        added: list[BookSync] = []
        for text, name in header.followed(self.exchange).items():
            symbol = Symbol.parse(text)
            if symbol in self.books:
                continue
            pair = self._public.symbol_to_pair(symbol) if name is None else Pair(name)
            book = BookSync(
                VenueName(self.exchange),
                symbol,
                self._dialect.book_rule,
                self._factory.make(),
                self._clock,
                on_book=self._on_book,
                on_lost=self._on_lost,
                need_snapshot=self._want_snapshot,
                need_resubscribe=self._idle.append,
            )
            self._pairs[symbol] = pair
            self.books[symbol] = book
            self._dispatch.follow(pair, book)
            added.append(book)
        self._fill()
        for book in added:
            book.begin()
        return added

    def frame(self, file: int, line: Frame) -> None:
        """Decode a frame of one connection."""
        connection = self._connection(file, line.conn)
        payload = line.payload
        self._dispatch.arrived(line.ns, line.ns)
        try:
            if (scan := self._dispatch.scan) is not None and (book := scan(memoryview(payload), line.ns, line.ns)):
                connection.pairs.add(self._pairs[book.symbol])
            else:
                self._dialect.decode(memoryview(payload), line.ns, connection.sink)
        except Exception:  # noqa: BLE001 (parsers raise classes of their own, such as protobuf's DecodeError)
            self.malformed += 1
            for pair in sorted(connection.pairs):
                if (book := self._dispatch.books.get(pair)) is not None:
                    book.lose(BookFault.MALFORMED)
        self._settle()

    def close(self, file: int, line: Close) -> None:
        """End one connection: what it carried is unreadable until the recording holds a new beginning."""
        connection = self._connections.pop((file, line.conn), None)
        for pair in sorted(() if connection is None else connection.pairs):
            book = self._dispatch.books.get(pair)
            if book is None or any(pair in other.pairs for other in self._connections.values()):
                continue
            # A snapshot from before is of no use to what comes after.
            self._kept.pop(pair, None)
            book.lose(BookFault.DISCONNECTED)
            if self._waiting.pop(pair, None) is not None:
                book.rest_failed(Disconnected("the connection ended", venue=self.exchange))
            book.begin()
        self._settle()

    def rest(self, line: Rest) -> bool:
        """Decode an answer; return whether instruments changed."""
        if line.status not in _OK:
            return False
        url = urlsplit(line.url)
        try:
            content = self._public.decode_rest(url.path, dict(parse_qsl(url.query)), line.body.encode())
        except WireError:
            self.malformed += 1
            return False
        if isinstance(content, BookSnapshot):
            pair = self._pair_of(content.symbol)
            if pair in self._dispatch.books:
                self._kept[pair] = content
                self._settle()
            return False
        if content is None:
            return False
        self._listed.update(content)
        self._fill()
        return True

    def summary(self) -> dict[str, BookSummary]:
        """Return every book as it is now."""
        return {str(symbol): _summary(book) for symbol, book in self.books.items()}

    def _connection(self, file: int, conn: str) -> _Connection:
        connection = self._connections.get((file, conn))
        if connection is None:
            connection = self._connections[file, conn] = _Connection(self._dispatch)
        return connection

    def _want_snapshot(self, book: BookSync) -> None:
        self._waiting[self._pairs[book.symbol]] = book

    def _settle(self) -> None:
        """Give snapshots to the books that wait for them, and raise what a listener raised."""
        while self._idle:
            self._idle.pop().begin()
        for pair in [pair for pair in self._waiting if pair in self._kept]:
            # It may ask again at once, and then waits for the next one.
            self._waiting.pop(pair).rest_snapshot(self._kept.pop(pair))
        if self._failure is not None:
            raise self._failure

    def _broken(self, listener: object, error: Exception) -> None:
        self._failure = self._failure or error

    def _pair_of(self, symbol: Symbol) -> str:
        return self._pairs.get(symbol) or self._public.symbol_to_pair(symbol)

    def _fill(self) -> None:
        """Name the instruments: the header's own names come first, then the recorded list."""
        by_pair = {instrument.pair: instrument for instrument in self._listed.values()}
        followed = set(self._pairs.values())
        table = {symbol: listed for symbol, listed in self._listed.items() if listed.pair not in followed}
        for symbol, pair in self._pairs.items():
            listed = by_pair.get(pair)
            if listed is not None:
                self.instruments[symbol] = table[symbol] = msgspec.structs.replace(listed, symbol=symbol)
            else:
                # Enough for the plugin to spell by; the verdict is told of recorded instruments only.
                table[symbol] = Instrument(symbol=symbol, pair=pair, tick=Decimal(0), lot=Decimal(0))
        self._markets.fill(table)
        self._dispatch.relisted()


def _summary(book: BookSync) -> BookSummary:
    stats = book.stats
    return BookSummary(
        state=book.state.name,
        snapshots=stats.snapshots,
        received=stats.received,
        deltas=stats.applied,
        skipped=stats.skipped,
        gaps=stats.gaps,
        checksums=Checksums(stats.checksums_ok, stats.checksums_bad),
        bids=book.book.bids(_TOP),
        asks=book.book.asks(_TOP),
    )
