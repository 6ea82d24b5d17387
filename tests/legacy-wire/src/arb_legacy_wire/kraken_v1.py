"""Kraken as it spoke in the first version of its socket: numbers as texts, rows without names. Entered by replays alone.

Source: the documentation of version 1, and recordings in which every checksum fits. Today's Kraken is `arb-kraken`.
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
from arb_core.structs.market import ExchangeId, Instrument, Kline, Pair, Quote, Side, Symbol, Trade, TradingStatus
from arb_core.structs.stream import Feed, StreamTicket, Topic

__all__ = ["arb_exchange_card", "arb_public_exchange", "arb_public_stream", "checksum"]

ID = ExchangeId("kraken-v1")

_SECOND = 1_000_000_000
_SUMMED = 10
_DEPTH = 1000
"""Levels a side that the recordings subscribed to."""
_INSTRUMENTS = "/0/public/AssetPairs"
_USUAL = {"XBT": "BTC", "XDG": "DOGE"}
_OWN = {usual: own for own, usual in _USUAL.items()}
_SIDES = {"b": Side.BUY, "s": Side.SELL}

CARD = ExchangeCard(
    id=ID,
    name="Kraken, version 1 of its socket",
    contract=CONTRACT,
    docs="https://docs.kraken.com/api/docs/websocket-v1/book",
    hosts=Hosts(rest="https://api.kraken.com", ws_public="wss://ws.kraken.com"),
    capabilities=frozenset({Capability.BOOK, Capability.TRADES}),
    fees=FeeSchedule(maker=Decimal("0.0016"), taker=Decimal("0.0026")),
    client_ids=ClientIdRule(max_length=18, lookup="while_open"),
    quirks=("For replays of recordings of version 1 only: today's plugin speaks version 2.",),
)

Row = tuple[str, ...]
"""A level: price, volume, seconds, and "r" where it was sent before."""


class _AssetPair(msgspec.Struct):
    """One entry of `AssetPairs`."""

    pair_decimals: int
    lot_decimals: int
    wsname: str | None = None
    ordermin: str = "0"


class _AssetPairs(msgspec.Struct):
    """The answer that they come in."""

    result: dict[str, _AssetPair]


class _Part(msgspec.Struct):
    """A part of a book message; the two sides of one come in two parts, with the sum in the last."""

    snapshot_asks: list[Row] = msgspec.field(default=[], name="as")
    snapshot_bids: list[Row] = msgspec.field(default=[], name="bs")
    asks: list[Row] = msgspec.field(default=[], name="a")
    bids: list[Row] = msgspec.field(default=[], name="b")
    checksum: str | None = msgspec.field(default=None, name="c")


class _Event(msgspec.Struct):
    """A frame that is no data."""

    event: str
    status: str | None = None
    channel: str | None = msgspec.field(default=None, name="channelName")
    pair: str | None = None


_pairs = msgspec.json.Decoder(_AssetPairs)
_messages = msgspec.json.Decoder(list[msgspec.Raw])
_events = msgspec.json.Decoder(_Event)
_parts = msgspec.json.Decoder(_Part)
_rows = msgspec.json.Decoder(list[Row])
_texts = msgspec.json.Decoder(str)


def checksum(bids: Sequence[PrintedLevel], asks: Sequence[PrintedLevel]) -> int:
    """Sum up the best ten levels a side: asks, then bids, each price and volume without point and zeros in front."""
    texts = (text.replace(".", "").lstrip("0") for side in (asks, bids) for level in side for text in level)
    return crc32("".join(texts).encode())


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
        return Pair(f"{_OWN.get(symbol.base, symbol.base)}/{_OWN.get(symbol.quote, symbol.quote)}")

    def pair_to_symbol(self, pair: Pair) -> Symbol:
        base, _, quote = pair.partition("/")
        if not base or not quote:
            raise InvalidSymbol(f"expected a pair like XBT/USD, found {pair!r}", exchange=ID)
        return Symbol(_USUAL.get(base, base), _USUAL.get(quote, quote))

    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> RestContent | None:
        if path != _INSTRUMENTS:
            return None
        try:
            rows = _pairs.decode(body).result.values()
            listed = [self._instrument(row, Pair(row.wsname)) for row in rows if row.wsname]
        except (msgspec.MsgspecError, ValueError) as error:
            raise WireError(str(error), exchange=ID, where=path, wire=body) from error
        return {found.symbol: found for found in listed}

    def _instrument(self, row: _AssetPair, pair: Pair) -> Instrument:
        return Instrument(
            symbol=self.pair_to_symbol(pair),
            pair=pair,
            status=TradingStatus.TRADING,
            tick=Decimal(1).scaleb(-row.pair_decimals),
            lot=Decimal(1).scaleb(-row.lot_decimals),
            min_quantity=Decimal(row.ordermin),
        )


class PublicStream(StreamDialect):
    """Books with checksums, and trades."""

    @property
    def book_rule(self) -> BookRule:
        return BookRule(
            ids=SequenceRule.NONE,
            snapshot=SnapshotSource.STREAM,
            recover=Recovery.RESUBSCRIBE,
            kept_depth=_DEPTH,
            cut_each_update=True,
            checksum=Checksum(name="Kraken crc32", depth=_SUMMED, of=checksum),
        )

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        channel = {Feed.BOOK: f"book-{_DEPTH}", Feed.TRADES: "trade"}.get(topic.feed)
        if channel is None or topic.pair is None:
            raise ValueError(f"{ID} has no public feed {topic}")
        return f"{channel} {topic.pair}"

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        raise _for_replays()

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        raise _for_replays()

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        if bytes(frame[:1]) == b"{":
            _tell_event(_events.decode(frame), out)
            return
        _, *parts, channel, pair = _messages.decode(frame)
        name = _texts.decode(channel)
        if name.startswith("book-"):
            _tell_book([_parts.decode(part) for part in parts], _texts.decode(pair), out)
        elif name == "trade":
            _tell_trades([row for part in parts for row in _rows.decode(part)], _texts.decode(pair), out)
        else:
            out.ignored(name)


@hookimpl
def arb_exchange_card() -> ExchangeCard:
    """Return the facts of Kraken's version 1."""
    return CARD


@hookimpl
def arb_public_exchange(context: ExchangeContext) -> PublicExchange:
    """Return what reads recorded answers."""
    return Public()


@hookimpl
def arb_public_stream(context: ExchangeContext) -> StreamDialect:
    """Return what reads recorded frames."""
    return PublicStream()


def _tell_event(event: _Event, out: Sink) -> None:
    if event.event == "subscriptionStatus" and event.status == "subscribed":
        out.ack(None, (f"{event.channel} {event.pair}",))
    else:
        out.ignored(event.event)


def _tell_book(parts: Sequence[_Part], pair: str, out: Sink) -> None:
    whole = [part for part in parts if part.snapshot_asks or part.snapshot_bids]
    if whole:
        (part,) = whole
        bids, asks = part.snapshot_bids, part.snapshot_asks
        printed = Printed(bids=_said(bids), asks=_said(asks))
        out.snapshot(pair, _levels(bids), _levels(asks), NO_ID, None, printed=printed)
        return
    bids = [row for part in parts for row in part.bids]
    asks = [row for part in parts for row in part.asks]
    sums = [int(part.checksum) for part in parts if part.checksum is not None]
    printed = Printed(bids=_said(bids), asks=_said(asks), checksum=sums[-1] if sums else None)
    at_ns = max(_nanoseconds(row[2]) for row in (*bids, *asks))
    out.delta(pair, _levels(bids), _levels(asks), NO_ID, NO_ID, at_ns, printed=printed)


def _tell_trades(rows: Sequence[Row], pair: str, out: Sink) -> None:
    for price, volume, time, side, *_ in rows:
        taker = _SIDES.get(side, Side.UNKNOWN)
        out.trade(pair, float(price), float(volume), taker, _nanoseconds(time), None)


def _levels(rows: Sequence[Row]) -> list[Level]:
    return [(float(row[0]), float(row[1])) for row in rows]


def _said(rows: Sequence[Row]) -> list[PrintedLevel]:
    return [(row[0], row[1]) for row in rows]


def _nanoseconds(seconds: str) -> int:
    return int(Decimal(seconds) * _SECOND)


def _for_replays() -> NotSupported:
    return NotSupported(f"{ID} reads recordings; it asks nobody")
