"""OKX as it spoke in 2022: books without ids, with a checksum in every message. Entered by replays alone.

Source: the documentation of that time, and recordings in which every checksum fits. Today's OKX is `arb-okx`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from zlib import crc32

import msgspec
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.hookspecs import hookimpl
from arb_core.interfaces.context import ExchangeContext
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

ID = ExchangeId("okx-2022")

_MS = 1_000_000
_SUMMED = 25
_INSTRUMENTS = "/api/v5/public/instruments"

CARD = ExchangeCard(
    id=ID,
    name="OKX of 2022",
    contract=CONTRACT,
    docs="https://www.okx.com/docs-v5/en/",
    hosts=Hosts(rest="https://www.okx.com", ws_public="wss://ws.okx.com:8443/ws/v5/public"),
    capabilities=frozenset({Capability.BOOK, Capability.TRADES}),
    fees=FeeSchedule(maker=Decimal("0.0008"), taker=Decimal("0.001")),
    client_ids=ClientIdRule(max_length=32, lookup="always"),
    quirks=("For replays of recordings of 2022 only: OKX does not speak so any more.",),
)


class _Instrument(msgspec.Struct):
    """One row of `GET /public/instruments`."""

    instId: str  # noqa: N815 (OKX's names, here and below)
    baseCcy: str  # noqa: N815
    quoteCcy: str  # noqa: N815
    tickSz: AmountText  # noqa: N815
    lotSz: AmountText  # noqa: N815
    minSz: AmountText  # noqa: N815
    state: str


class _Instruments(msgspec.Struct):
    """The answer that they come in."""

    data: list[_Instrument]


class _Book(msgspec.Struct):
    """`books`: levels as `[price, size, "0", orders]`, all of them texts."""

    asks: list[tuple[str, str, str, str]]
    bids: list[tuple[str, str, str, str]]
    ts: str
    checksum: int


class _Trade(msgspec.Struct):
    """`trades`."""

    tradeId: str  # noqa: N815
    px: str
    sz: str
    side: str
    ts: str


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


_instruments = msgspec.json.Decoder(_Instruments)
_messages = msgspec.json.Decoder(_Message)
_books = msgspec.json.Decoder(list[_Book])
_trades = msgspec.json.Decoder(list[_Trade])


def checksum(bids: Sequence[PrintedLevel], asks: Sequence[PrintedLevel]) -> int:
    """Sum up the best 25 levels a side: bid and ask in turn, a missing one left out, as a signed number of 32 bits."""
    texts: list[str] = []
    for place in range(max(len(bids), len(asks))):
        texts += [":".join(side[place]) for side in (bids, asks) if place < len(side)]
    unsigned = crc32(":".join(texts).encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


class Public(PublicExchange):
    """Reads recorded answers, and asks nothing."""

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
        return Pair(f"{symbol.base}-{symbol.quote}")

    def pair_to_symbol(self, pair: Pair) -> Symbol:
        base, _, quote = pair.partition("-")
        if not base or not quote:
            raise InvalidSymbol(f"expected a pair like BTC-USDT, found {pair!r}", exchange=ID)
        return Symbol(base, quote)

    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> RestContent | None:
        if path != _INSTRUMENTS:
            return None
        try:
            return {found.symbol: found for found in map(_instrument, _instruments.decode(body).data)}
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
            checksum=Checksum(name="OKX crc32", depth=_SUMMED, of=checksum),
        )

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        channel = {Feed.BOOK: "books", Feed.TRADES: "trades"}.get(topic.feed)
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
        elif message.event is None and arg.channel == "trades":
            _tell_trades(message, out)
        else:
            out.ignored(message.event or arg.channel)


@hookimpl
def arb_exchange_card() -> ExchangeCard:
    """Return the facts of OKX as it was."""
    return CARD


@hookimpl
def arb_public_exchange(context: ExchangeContext) -> PublicExchange:
    """Return what reads recorded answers."""
    return Public()


@hookimpl
def arb_public_stream(context: ExchangeContext) -> StreamDialect:
    """Return what reads recorded frames."""
    return PublicStream()


def _tell_books(message: _Message, out: Sink) -> None:
    pair = message.arg.instId
    for book in _books.decode(message.data):
        bids, asks = _levels(book.bids), _levels(book.asks)
        printed = Printed(bids=_texts(book.bids), asks=_texts(book.asks), checksum=book.checksum)
        moment = int(book.ts) * _MS
        if message.action == "snapshot":
            out.snapshot(pair, bids, asks, NO_ID, moment, printed=printed)
        elif message.action == "update":
            out.delta(pair, bids, asks, NO_ID, NO_ID, moment, printed=printed)
        else:
            raise ValueError(f"books with the action {message.action}")


def _tell_trades(message: _Message, out: Sink) -> None:
    sides = {"buy": Side.BUY, "sell": Side.SELL}
    for trade in _trades.decode(message.data):
        taker, moment = sides.get(trade.side, Side.UNKNOWN), int(trade.ts) * _MS
        out.trade(message.arg.instId, float(trade.px), float(trade.sz), taker, moment, trade.tradeId)


def _levels(rows: Sequence[tuple[str, str, str, str]]) -> list[Level]:
    return [(float(row[0]), float(row[1])) for row in rows]


def _texts(rows: Sequence[tuple[str, str, str, str]]) -> list[PrintedLevel]:
    return [row[:2] for row in rows]


def _instrument(row: _Instrument) -> Instrument:
    return Instrument(
        symbol=Symbol(row.baseCcy, row.quoteCcy),
        pair=Pair(row.instId),
        status=TradingStatus.TRADING if row.state == "live" else TradingStatus.HALTED,
        tick=Decimal(row.tickSz),
        lot=Decimal(row.lotSz),
        min_quantity=Decimal(row.minSz),
    )


def _for_replays() -> NotSupported:
    return NotSupported(f"{ID} reads recordings; it asks nobody, for nobody speaks so any more")
