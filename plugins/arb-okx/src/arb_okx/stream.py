"""OKX's public socket: JSON, one channel and pair a frame. Entered by the core, frame by frame.

Source: https://www.okx.com/docs-v5/en/#overview-websocket . What a frame carries is told by its `arg`, which may come
after it: a frame is read once for what it is, and its data once more as what that channel sends.
"""

from collections.abc import Callable, Sequence
from math import nan

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import BookRule, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Side
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_okx import wire
from arb_okx.card import CARD, ID, INTERVALS, KEPT_DEPTH
from arb_okx.parse import CONFIRMED, SIDES, levels

__all__ = ["PING", "PONG", "PublicStream", "request", "request_id", "tell_control"]

_MS = 1_000_000

PING = "ping"
PONG = b"pong"
"""Bare text, not JSON and no ping of the protocol."""

_CHANNELS = {Feed.BOOK: "books", Feed.DEPTH: "books5", Feed.QUOTE: "bbo-tbt", Feed.TRADES: "trades"}
_CANDLES = "candle"
"""How their channels begin, each of which ends with OKX's name of an interval."""
_INTERVALS = {name: interval for interval, name in INTERVALS.items()}
_NOTICE_OF_CLOSING = "64008"

_messages = msgspec.json.Decoder(wire.Message)
_books = msgspec.json.Decoder(list[wire.Book], strict=False)
_quotes = msgspec.json.Decoder(list[wire.Best], strict=False)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_candles = msgspec.json.Decoder(list[wire.Candle], strict=False)

_UPDATE = WireLayout(
    form="json",
    ids=SequenceRule.CHAIN,
    equal=((("arg", "channel"), ("books",)), (("action",), ("update",))),
    symbol=("arg", "instId"),
    time_ms=("data", 0, "ts"),
    previous_id=("data", 0, "prevSeqId"),
    last_id=("data", 0, "seqId"),
    bids=("data", 0, "bids"),
    asks=("data", 0, "asks"),
    longer_levels=True,
    absent=(("event",),),
)


class PublicStream(StreamDialect):
    """Books, quotes and trades; candles, which have a socket of their own (`CARD.hosts.ws_feeds`)."""

    def __init__(self, context: ExchangeContext) -> None:
        """Nothing of the context is needed: there is one speed, and one channel of books for everybody."""

    @property
    def book_rule(self) -> BookRule:
        return BookRule(
            # "prevSeqId" is the id before; -1 with a snapshot. Equal ids say that nothing changed for a minute, a lower
            # one that maintenance has reset the count: both are links of the chain as any other.
            ids=SequenceRule.CHAIN,
            # The channel begins with the whole book, and only a new subscription brings another.
            snapshot=SnapshotSource.STREAM,
            recover=Recovery.RESUBSCRIBE,
            kept_depth=KEPT_DEPTH,
            # A level that others push out of the range is sent as 0, and comes again when it re-enters.
            cut_each_update=False,
        )

    @property
    def layouts(self) -> Sequence[WireLayout]:
        return (_UPDATE,)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        return _name(*_subject(topic))

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("subscribe", [_arg(*_subject(topic)) for topic in topics], request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("unsubscribe", [_arg(*_subject(topic)) for topic in topics], request_id)

    def ping(self, now_ns: int) -> str:
        return PING

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        if frame == PONG:
            out.pong()
            return
        message = _messages.decode(frame)
        arg = message.arg
        if message.event is not None:
            names = () if arg is None or arg.instId is None else (_name(arg.channel, arg.instId),)
            tell_control(message, names, out)
        elif arg is None:
            raise ValueError("a push without arg")
        elif (tell := _TELL.get(arg.channel)) is not None:
            tell(message, arg, out)
        elif arg.channel.startswith(_CANDLES):
            _tell_candles(message, arg, out)
        else:
            out.ignored(arg.channel)


def request(op: str, args: Sequence[dict[str, str]], request_id: int) -> str:
    """Write a request of either socket."""
    return msgspec.json.encode({"id": str(request_id), "op": op, "args": args}).decode()


def request_id(message: wire.Message) -> int | None:
    """Return our id of what a frame answers; None where it is not one of ours."""
    return int(message.id) if message.id is not None and message.id.isascii() and message.id.isdecimal() else None


def tell_control(message: wire.Message, names: Sequence[str], out: Sink) -> None:
    """Tell a frame with an `event`, about the channels with these names.

    Samples: `ws_subscribe_ack.json`, `ws_unsubscribe_ack.json`, `ws_subscribe_error.json`, `ws_login.json`,
    `ws_notice.json`.
    """
    reason = f"code {message.code}: {message.msg}"
    match message.event:
        case "subscribe" | "unsubscribe":
            out.ack(request_id(message), names)
        case "error":
            out.refused(request_id(message), names, reason)
        case "login" if message.code == "0":
            out.reply(None, None)
        case "login":
            out.refused(None, (), reason)
        case "notice" if message.code == _NOTICE_OF_CLOSING:
            out.closing(reason)
        case _:
            out.ignored(message.event or "")


def _subject(topic: Topic) -> tuple[str, str]:
    """Return channel and pair. Raises ValueError for what OKX does not have."""
    if topic.feed is Feed.KLINES:
        name = INTERVALS.get(topic.interval or "")
        channel = name and f"{_CANDLES}{name}"
    else:
        channel = _CHANNELS.get(topic.feed)
    if channel is None or topic.pair is None or (topic.feed is Feed.DEPTH and topic.depth not in CARD.depths):
        raise ValueError(f"{ID} has no public feed {topic}")
    return channel, topic.pair


def _name(channel: str, pair: str) -> str:
    """Name a subscription as its answer does: an acknowledgement repeats channel and pair."""
    return f"{channel} {pair}"


def _arg(channel: str, pair: str) -> dict[str, str]:
    return {"channel": channel, "instId": pair}


def _tell_book(message: wire.Message, arg: wire.Arg, out: Sink) -> None:
    """Samples: `ws_books_snapshot.json`, `ws_books_update.json`."""
    pair = _pair(arg)
    books = _books.decode(message.data)
    match message.action:
        case "snapshot":
            for book in books:
                out.snapshot(pair, levels(book.bids), levels(book.asks), book.seqId, book.ts * _MS)
        case "update":
            for book, previous in [(book, _previous(book)) for book in books]:
                bids, asks, last = levels(book.bids), levels(book.asks), book.seqId
                out.delta(pair, bids, asks, last, last, book.ts * _MS, previous)
        case action:
            raise ValueError(f"books with the action {action}")


def _tell_depth(message: wire.Message, arg: wire.Arg, out: Sink) -> None:
    """Sample: `ws_books5.json`."""
    pair = _pair(arg)
    (depth,) = CARD.depths
    for book in _books.decode(message.data):
        out.snapshot(pair, levels(book.bids), levels(book.asks), book.seqId, book.ts * _MS, depth)


def _tell_quote(message: wire.Message, arg: wire.Arg, out: Sink) -> None:
    """Sample: `ws_bbo_tbt.json`."""
    pair = _pair(arg)
    for best in _quotes.decode(message.data):
        bid, bid_size = _best(best.bids)
        ask, ask_size = _best(best.asks)
        out.quote(pair, bid, bid_size, ask, ask_size, best.ts * _MS, best.seqId)


def _tell_trades(message: wire.Message, arg: wire.Arg, out: Sink) -> None:
    """Sample: `ws_trades.json`."""
    pair = _pair(arg)
    for trade in _trades.decode(message.data):
        out.trade(pair, trade.px, trade.sz, SIDES.get(trade.side, Side.UNKNOWN), trade.ts * _MS, trade.tradeId)


def _tell_candles(message: wire.Message, arg: wire.Arg, out: Sink) -> None:
    """Samples: `recorded_candle1h.json`, `ws_candle1d.json`. Days by Hong Kong's clock are none of ours."""
    interval = _INTERVALS.get(arg.channel.removeprefix(_CANDLES))
    if interval is None:
        out.ignored(arg.channel)
        return
    pair = _pair(arg)
    for bar in _candles.decode(message.data):
        ohlc = bar.open, bar.high, bar.low, bar.close
        closed = CONFIRMED.get(bar.confirm or "")
        out.kline(pair, interval, bar.ts * _MS, ohlc, bar.volume, bar.quote_volume, closed)


def _pair(arg: wire.Arg) -> str:
    if not arg.instId:
        raise ValueError(f"a push of {arg.channel} without instId")
    return arg.instId


def _previous(book: wire.Book) -> int:
    if book.prevSeqId is None:
        raise ValueError("an update of books without prevSeqId")
    return book.prevSeqId


def _best(side: Sequence[wire.Level]) -> tuple[float, float]:
    """Return the one level of a side, NaN where there is none."""
    return (side[0].price, side[0].size) if side else (nan, nan)


_TELL: dict[str, Callable[[wire.Message, wire.Arg, Sink], None]] = {
    "books": _tell_book,
    "books5": _tell_depth,
    "bbo-tbt": _tell_quote,
    "trades": _tell_trades,
}
