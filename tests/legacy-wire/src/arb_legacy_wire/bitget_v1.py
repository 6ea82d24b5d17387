"""Bitget as it spoke in 2022: API v1, books without ids, with a checksum in every message. Entered by replays alone.

Source: the documentation of that time, and recordings in which every checksum fits. Today's Bitget is `arb-bitget`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from zlib import crc32

import msgspec
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.hookspecs import hookimpl
from arb_core.interfaces.context import ExchangeContext, Markets
from arb_core.interfaces.public import PublicExchange, RestContent
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import (
    NO_ID,
    BookRule,
    BookSnapshot,
    Checksum,
    Level,
    Printed,
    PrintedLevel,
    Recovery,
    SequenceRule,
    SnapshotSource,
)
from arb_core.structs.card import CONTRACT, Capability, ClientIdRule, ExchangeCard, FeeSchedule, Hosts
from arb_core.structs.market import (
    ExchangeId,
    Instrument,
    Kline,
    Pair,
    Quote,
    Side,
    Symbol,
    Trade,
    TradingStatus,
)
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import AmountText

__all__ = ["arb_exchange_card", "arb_public_exchange", "arb_public_stream", "checksum"]

ID = ExchangeId("bitget-v1")

_MS = 1_000_000
_SUMMED = 25
_PRODUCTS = "/api/spot/v1/public/products"

CARD = ExchangeCard(
    id=ID,
    name="Bitget v1",
    contract=CONTRACT,
    docs="https://bitgetlimited.github.io/apidoc/en/spot/",
    hosts=Hosts(rest="https://api.bitget.com", ws_public="wss://ws.bitget.com/spot/v1/stream"),
    capabilities=frozenset({Capability.BOOK, Capability.TRADES}),
    fees=FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
    client_ids=ClientIdRule(max_length=40, lookup="always"),
    quirks=("For replays of recordings of 2022 only: Bitget does not speak so any more.",),
)


class _Product(msgspec.Struct):
    """One row of `GET /public/products`."""

    symbolName: str  # noqa: N815 (Bitget's names, here and below)
    baseCoin: str  # noqa: N815
    quoteCoin: str  # noqa: N815
    minTradeAmount: AmountText  # noqa: N815
    takerFeeRate: AmountText  # noqa: N815
    makerFeeRate: AmountText  # noqa: N815
    priceScale: int  # noqa: N815
    quantityScale: int  # noqa: N815
    """Decimals, as text."""
    status: str


class _Products(msgspec.Struct):
    """The answer that they come in."""

    data: list[_Product]


class _Book(msgspec.Struct):
    """`books`."""

    asks: list[PrintedLevel]
    bids: list[PrintedLevel]
    ts: str
    checksum: int


class _Arg(msgspec.Struct):
    """What a frame is about."""

    channel: str
    instId: str  # noqa: N815


class _Message(msgspec.Struct):
    """Any frame."""

    arg: _Arg
    event: str | None = None
    action: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"[]")


_products = msgspec.json.Decoder(_Products, strict=False)
_messages = msgspec.json.Decoder(_Message)
_books = msgspec.json.Decoder(list[_Book])
_trades = msgspec.json.Decoder(list[tuple[str, str, str, str]])
"""Rows of `trade`: time in milliseconds, price, size, the taker's side."""


def checksum(bids: Sequence[PrintedLevel], asks: Sequence[PrintedLevel]) -> int:
    """Sum up the best 25 levels a side: bid and ask in turn, a missing one left out, as a signed number of 32 bits."""
    texts: list[str] = []
    for place in range(max(len(bids), len(asks))):
        texts += [":".join(side[place]) for side in (bids, asks) if place < len(side)]
    unsigned = crc32(":".join(texts).encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


class Public(PublicExchange):
    """Reads recorded answers, and asks nothing."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets

    async def ping(self) -> None:
        raise _for_replays()

    async def get_server_time(self) -> int:
        raise _for_replays()

    async def get_exchange_info(self) -> dict[Symbol, Instrument]:
        raise _for_replays()

    async def get_orderbook(self, symbol: Symbol, limit: int = 100) -> BookSnapshot:
        raise _for_replays()

    async def get_recent_trades(self, symbol: Symbol, limit: int = 100) -> list[Trade]:
        raise _for_replays()

    async def get_klines(self, symbol: Symbol, interval: str, limit: int = 100) -> list[Kline]:
        raise _for_replays()

    async def get_book_tickers(self) -> dict[Symbol, Quote]:
        raise _for_replays()

    def symbol_to_pair(self, symbol: Symbol) -> Pair:
        return Pair(symbol.base + symbol.quote)

    def pair_to_symbol(self, pair: Pair) -> Symbol:
        if not pair:
            raise InvalidSymbol("expected a pair like BTCUSDT, found none", exchange=ID)
        return self._markets.symbol(pair)

    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> RestContent | None:
        if path != _PRODUCTS:
            return None
        try:
            return {found.symbol: found for found in map(_instrument, _products.decode(body).data)}
        except (msgspec.MsgspecError, ValueError) as error:
            raise WireError(str(error), exchange=ID, where=path, wire=body) from error


class PublicStream(StreamDialect):
    """Books with checksums, and trades."""

    @property
    def book_rule(self) -> BookRule:
        return BookRule(
            ids=SequenceRule.NONE,
            snapshot=SnapshotSource.STREAM,
            recover=Recovery.RESUBSCRIBE,
            checksum=Checksum(name="Bitget crc32", depth=_SUMMED, of=checksum),
        )

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        channel = {Feed.BOOK: "books", Feed.TRADES: "trade"}.get(topic.feed)
        if channel is None or topic.pair is None:
            raise ValueError(f"{ID} has no public feed {topic}")
        return f"{channel} {topic.pair}"

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        raise _for_replays()

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        raise _for_replays()

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        message = _messages.decode(frame)
        arg = message.arg
        if message.event == "subscribe":
            out.ack(None, (f"{arg.channel} {arg.instId}",))
        elif message.event is None and arg.channel == "books":
            _tell_books(message, out)
        elif message.action == "update" and arg.channel == "trade":
            _tell_trades(message, out)
        else:
            out.ignored(message.event or arg.channel)


@hookimpl
def arb_exchange_card() -> ExchangeCard:
    """Return the facts of Bitget as it was."""
    return CARD


@hookimpl
def arb_public_exchange(context: ExchangeContext) -> PublicExchange:
    """Return what reads recorded answers."""
    return Public(context.markets)


@hookimpl
def arb_public_stream(context: ExchangeContext) -> StreamDialect:
    """Return what reads recorded frames."""
    return PublicStream()


def _tell_books(message: _Message, out: Sink) -> None:
    pair = message.arg.instId
    for book in _books.decode(message.data):
        bids, asks = _levels(book.bids), _levels(book.asks)
        printed = Printed(bids=book.bids, asks=book.asks, checksum=book.checksum)
        moment = int(book.ts) * _MS
        if message.action == "snapshot":
            out.snapshot(pair, bids, asks, NO_ID, moment, printed=printed)
        elif message.action == "update":
            out.delta(pair, bids, asks, NO_ID, NO_ID, moment, printed=printed)
        else:
            raise ValueError(f"books with the action {message.action}")


def _tell_trades(message: _Message, out: Sink) -> None:
    sides = {"buy": Side.BUY, "sell": Side.SELL}
    for moment, price, size, side in reversed(_trades.decode(message.data)):
        taker = sides.get(side, Side.UNKNOWN)
        out.trade(message.arg.instId, float(price), float(size), taker, int(moment) * _MS, None)


def _levels(rows: Sequence[PrintedLevel]) -> list[Level]:
    return [(float(price), float(size)) for price, size in rows]


def _instrument(row: _Product) -> Instrument:
    return Instrument(
        symbol=Symbol(row.baseCoin, row.quoteCoin),
        pair=Pair(row.symbolName),  # as the socket calls it; `symbol` is that of requests, with _SPBL behind
        status=TradingStatus.TRADING if row.status == "online" else TradingStatus.HALTED,
        tick=Decimal(1).scaleb(-row.priceScale),
        lot=Decimal(1).scaleb(-row.quantityScale),
        min_quantity=Decimal(row.minTradeAmount),
        maker_fee=Decimal(row.makerFeeRate),
        taker_fee=Decimal(row.takerFeeRate),
    )


def _for_replays() -> NotSupported:
    return NotSupported(f"{ID} reads recordings; it asks nobody, for nobody speaks so any more")
