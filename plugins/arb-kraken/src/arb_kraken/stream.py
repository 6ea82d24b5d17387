"""Kraken's public socket: JSON, one channel a frame. Entered by the core, frame by frame.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and its neighbours. Books have no sequence ids: a checksum of
the best levels, as they are printed, is the only test that nothing was lost. A frame is decoded once, as the data of
its channel; only one that is nothing of the kind (acknowledgement, refusal, pong, heartbeat) is read a second time.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any
from zlib import crc32

import msgspec
from arb_core.errors import InvalidSymbol
from arb_core.interfaces.context import ExchangeContext, Markets
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import (
    NO_ID,
    BookRule,
    Checksum,
    LaterTexts,
    Printed,
    PrintedLevel,
    Recovery,
    SequenceRule,
    SnapshotSource,
    Spelling,
)
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Instrument, Pair, Side
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import Levels

from arb_kraken import wire
from arb_kraken.card import CARD, CHECKED_DEPTH, ID, INTERVALS, Settings
from arb_kraken.parse import SIDES, best, exact_texts, nanoseconds, texts

__all__ = ["PublicStream", "ping", "read_control", "request", "tell_control"]

_INTERVALS = {minutes: interval for interval, minutes in INTERVALS.items()}
_UPDATE = WireLayout(
    form="json",
    ids=SequenceRule.NONE,
    equal=((("channel",), ("book",)), (("type",), ("update",))),
    symbol=("data", 0, "symbol"),
    bids=("data", 0, "bids"),
    asks=("data", 0, "asks"),
    level=("price", "qty"),
    bare=True,
    checksum=("data", 0, "checksum"),
    time_iso=("data", 0, "timestamp"),
    optional=(("data", 0, "timestamp"),),
)
_ALREADY = "already subscribed"
"""What is said to who asks for what he has, in lower case."""

_BIDS, _ASKS = attrgetter("bids"), attrgetter("asks")

_messages = msgspec.json.Decoder(wire.Message)
_printed = msgspec.json.Decoder(wire.OnPrintedBook)
_control = msgspec.json.Decoder(wire.Control)


def _sum(bids: Sequence[PrintedLevel], asks: Sequence[PrintedLevel]) -> int:
    """Sum up a book: asks from low to high, then bids from high to low, without points and zeros in front."""
    numbers = [text for side in (asks, bids) for level in side for text in level]
    digits = [text if text[0] != "0" else text.replace(".", "").lstrip("0") for text in numbers]
    return crc32("".join(digits).replace(".", "").encode())


class PublicStream(StreamDialect):
    """Books, quotes, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        settings = context.settings if isinstance(context.settings, Settings) else Settings()
        self._depth = settings.depth
        self._decimals = _Decimals(context.markets)

    @property
    def book_rule(self) -> BookRule:
        # "Book checksum (v2)": a snapshot first; after each message both sides are cut to the depth, for a level that
        # others push out is not mentioned again; a sum that differs = subscribe anew.
        return BookRule(
            ids=SequenceRule.NONE,
            snapshot=SnapshotSource.STREAM,
            recover=Recovery.RESUBSCRIBE,
            kept_depth=self._depth,
            cut_each_update=True,
            resets=True,
            checksum=Checksum(
                name="CRC32",
                depth=CHECKED_DEPTH,
                of=_sum,
                spelling=Spelling(order="asks first", points=False, places=self._decimals.known),
            ),
        )

    @property
    def layouts(self) -> Sequence[WireLayout]:
        return (_UPDATE,)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        params = self._subject(topic)
        return _name(params["channel"], topic.pair, params.get("interval"))

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        (topic,) = topics  # the card allows one
        return request("subscribe", request_id, self._subject(topic))

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        (topic,) = topics
        return request("unsubscribe", request_id, self._subject(topic))

    def ping(self, now_ns: int) -> str:
        return ping()

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            control = read_control(frame)
            if not tell_control(control, out):
                if control.channel in _CHANNELS:
                    raise error from None
                out.ignored(control.channel or control.method or "a frame without channel or method")
            return
        if isinstance(message, wire.OnBook):
            _tell_book(message, self._decimals, frame, out)
        else:
            _TELL[type(message)](message.data, out)

    def _subject(self, topic: Topic) -> dict[str, Any]:
        """Return what a subscription names. Raises ValueError for what Kraken does not have."""
        pair = topic.pair
        match topic.feed:
            case Feed.BOOK if pair:
                # Its end has to repeat the depth.
                return {"channel": "book", "symbol": [pair], "depth": self._depth}
            case Feed.QUOTE if pair:
                return {"channel": "ticker", "symbol": [pair], "event_trigger": "bbo"}
            case Feed.TRADES if pair:
                return {"channel": "trade", "symbol": [pair], "snapshot": False}
            case Feed.KLINES if pair and topic.interval in INTERVALS:
                return {"channel": "ohlc", "symbol": [pair], "interval": INTERVALS[topic.interval], "snapshot": False}
            case _:
                raise ValueError(f"{ID} has no public feed {topic}")


def request(method: str, request_id: int, params: dict[str, Any]) -> str:
    """Write a request of either socket."""
    return msgspec.json.encode({"method": method, "params": params, "req_id": request_id}).decode()


def _name(channel: str, symbol: str | None, interval: int | None) -> str:
    """Name a subscription as its answer does."""
    return " ".join(str(part) for part in (channel, symbol, interval) if part is not None)


def ping(request_id: int | None = None) -> str:
    """Write the ping of either socket; one with a number is acknowledged as well."""
    return '{"method":"ping"}' if request_id is None else f'{{"method":"ping","req_id":{request_id}}}'


def read_control(frame: memoryview) -> wire.Control:
    """Read a frame that is no data of a channel of ours."""
    return _control.decode(frame)


def tell_control(control: wire.Control, out: Sink) -> bool:
    """Tell an answer, and return whether it was one.

    Samples: `ws_subscribe_ack.json`, `ws_subscribe_error.json`, `ws_pong.json`, `ws_heartbeat.json`.
    """
    if control.method in {"subscribe", "unsubscribe"}:
        subject = control.result
        # A refusal names the symbol and not the channel: it is told by its number.
        names = [_name(subject.channel, subject.symbol, subject.interval)] if subject and subject.symbol else []
        error = control.error or ""
        if control.success or _ALREADY in error.lower():
            out.ack(control.req_id, names)
        else:
            out.refused(control.req_id, names, error or "not successful")
    elif control.method == "pong":
        out.pong()
        if control.req_id is not None:
            out.ack(control.req_id)
    elif control.error is not None:
        out.refused(control.req_id, (), control.error)
    else:
        return False
    return True


def _tell_book(message: wire.OnBook, decimals: "_Decimals", frame: memoryview, out: Sink) -> None:
    """Samples: `ws_book_snapshot.json`, `ws_book_update.json`."""
    kept = bytes(frame)
    told = [(book, None if book.timestamp is None else nanoseconds(book.timestamp)) for book in message.data]
    for place, (book, exchange_ns) in enumerate(told):
        symbol = book.symbol
        bids = [(level.price, level.qty) for level in book.bids]
        asks = [(level.price, level.qty) for level in book.asks]
        printed = Printed(
            bids=LaterTexts(len(bids), _Said(symbol, bids, decimals, kept, place, _BIDS)) if bids else [],
            asks=LaterTexts(len(asks), _Said(symbol, asks, decimals, kept, place, _ASKS)) if asks else [],
            checksum=book.checksum,
        )
        if message.type == "snapshot":
            out.snapshot(symbol, bids, asks, NO_ID, exchange_ns, 0, printed)
        else:
            out.delta(symbol, bids, asks, NO_ID, NO_ID, exchange_ns, NO_ID, printed)


class _Said(msgspec.Struct, gc=False):
    """One side of a message, kept for whoever sums it up: its levels as they count for the checksum.

    A struct, because one is made for each side of each message, and most are never called.
    """

    symbol: str
    levels: Levels
    decimals: "_Decimals"
    frame: bytes
    place: int
    side: Callable[[wire.PrintedBook], list[wire.PrintedLevel]]

    def __call__(self) -> Sequence[PrintedLevel]:
        decimals = self.decimals.of(self.symbol)
        return texts(self.levels, *decimals) or exact_texts(self._printed(), *decimals)

    def _printed(self) -> list[wire.PrintedLevel]:
        return self.side(_printed.decode(self.frame).data[self.place])


class _Decimals:
    """How many decimals prices and quantities have when they are summed up."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self._known: dict[str, tuple[Instrument, int, int]] = {}

    def known(self, symbol: str) -> tuple[int, int] | None:
        price, size = self.of(symbol)
        return None if price is None or size is None else (price, size)

    def of(self, symbol: str) -> tuple[int | None, int | None]:
        try:
            instrument = self._markets.instrument(self._markets.symbol(Pair(symbol)))
        except InvalidSymbol:  # nobody follows it
            return None, None
        known = self._known.get(symbol)
        if known is None or known[0] is not instrument:
            known = self._known[symbol] = instrument, _price_decimals(instrument), _places(instrument.lot)
        return known[1], known[2]


def _price_decimals(instrument: Instrument) -> int:
    return _places(instrument.tick) if instrument.price_decimals is None else instrument.price_decimals


def _places(step: Decimal) -> int:
    return max(0, -int(step.as_tuple().exponent))


def _tell_quotes(quotes: list[wire.Best], out: Sink) -> None:
    """Sample: `ws_ticker.json`."""
    told = [(quote, None if quote.timestamp is None else nanoseconds(quote.timestamp)) for quote in quotes]
    for quote, exchange_ns in told:
        out.quote(quote.symbol, *best(quote.bid, quote.bid_qty), *best(quote.ask, quote.ask_qty), exchange_ns)


def _tell_trades(deals: list[wire.Deal], out: Sink) -> None:
    """Sample: `ws_trade.json`."""
    told = [(deal, nanoseconds(deal.timestamp)) for deal in deals]
    for deal, exchange_ns in told:
        taker = SIDES.get(deal.side, Side.UNKNOWN)
        out.trade(deal.symbol, deal.price, deal.qty, taker, exchange_ns, str(deal.trade_id))


def _tell_klines(bars: list[wire.Candle], out: Sink) -> None:
    """Sample: `ws_ohlc.json`. Nothing says whether a candle is closed."""
    told = [(bar, nanoseconds(bar.interval_begin), _INTERVALS.get(bar.interval)) for bar in bars]
    for bar, open_ns, interval in told:
        if interval is None:
            out.ignored(f"candles of {bar.interval} minutes")
        else:
            prices = (bar.open, bar.high, bar.low, bar.close)
            out.kline(bar.symbol, interval, open_ns, prices, bar.volume, None, None)


_TELL: dict[type[msgspec.Struct], Callable[[Any, Sink], None]] = {
    wire.OnBest: _tell_quotes,
    wire.OnDeal: _tell_trades,
    wire.OnCandle: _tell_klines,
}
_CHANNELS = {wire.OnBook.__struct_config__.tag, *(message.__struct_config__.tag for message in _TELL)}
