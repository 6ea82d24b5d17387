"""Bitget's public socket: JSON, one channel a frame. Entered by the core, frame by frame.

Source: https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel and its neighbours. Books come in one of two
forms, and the settings say in which: with `pseq`, the number of the message before (no page of spot has it; seen live
in June 2026, github.com/JKorf/Bitget.Net pull 89), or with the documented `checksum`. A message of the other form
proves nothing by the rule at hand, and is refused.
"""

from collections.abc import Sequence
from math import nan
from zlib import crc32

import msgspec
from arb_core.interfaces.context import ExchangeContext
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
from arb_core.structs.market import Side
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import Levels
from msgspec.structs import replace

from arb_bitget import wire
from arb_bitget.card import CARD, ID, INTERVALS, Settings
from arb_bitget.parse import SIDES

__all__ = ["CHECKSUM", "PING", "PublicStream", "argument", "arguments", "pong", "read_control", "tell_control"]

_MS = 1_000_000

PING, _PONG = "ping", b"pong"
"""Bare text, no JSON."""

_SNAPSHOT, _UPDATE = "snapshot", "update"

_DEPTHS = {"books5": 5, "books15": 15}
_CANDLE = "candle"
_INTERVALS = {f"{_CANDLE}{name}": interval for interval, (_, name) in INTERVALS.items()}

_push = msgspec.json.Decoder(wire.Push)
_control = msgspec.json.Decoder(wire.Control)
_books = msgspec.json.Decoder(list[wire.Book], strict=False)
_printed_books = msgspec.json.Decoder(list[wire.PrintedBook])
_text = msgspec.json.Decoder(str)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_candles = msgspec.json.Decoder(list[wire.Candle], strict=False)


def summed(bids: Sequence[PrintedLevel], asks: Sequence[PrintedLevel]) -> int:
    """Return the CRC32 of the best levels as printed, bid and ask in turn, read as a signed number of 32 bits.

    Source: https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel (checksum)
    """
    parts: list[str] = []
    for rank in range(max(len(bids), len(asks))):
        if rank < len(bids):
            parts += bids[rank]
        if rank < len(asks):
            parts += asks[rank]
    found = crc32(":".join(parts).encode())
    return found - (1 << 32) if found >= 1 << 31 else found


CHECKSUM = Checksum(
    name="crc32 of 25 levels as printed",
    depth=25,
    of=summed,
    spelling=Spelling(order="in turn", separator=":", signed=True),
)

_CHAIN = BookRule(
    # An update names the message before; numbers grow, but not by one, and may restart with a new snapshot.
    ids=SequenceRule.CHAIN,
    snapshot=SnapshotSource.STREAM,
    recover=Recovery.RESUBSCRIBE,
    resets=True,
)
_SUMMED = BookRule(
    ids=SequenceRule.NONE,
    snapshot=SnapshotSource.STREAM,
    recover=Recovery.RESUBSCRIBE,
    resets=True,
    checksum=CHECKSUM,
)

_LAYOUT = WireLayout(
    form="json",
    ids=SequenceRule.CHAIN,
    equal=((("action",), (_UPDATE,)), (("arg", "channel"), ("books",))),
    symbol=("arg", "instId"),
    bids=("data", 0, "bids"),
    asks=("data", 0, "asks"),
    last_id=("data", 0, "seq"),
    previous_id=("data", 0, "pseq"),
    time_ms=("data", 0, "ts"),
)
_LAYOUT_SUMMED = replace(
    _LAYOUT,
    ids=SequenceRule.NONE,
    checksum=("data", 0, "checksum"),
    optional=(("data", 0, "seq"), ("data", 0, "pseq")),
)


class PublicStream(StreamDialect):
    """Books, quotes, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        settings = context.settings if isinstance(context.settings, Settings) else Settings()
        self._summed = settings.book == "checksum"

    @property
    def book_rule(self) -> BookRule:
        return _SUMMED if self._summed else _CHAIN

    @property
    def layouts(self) -> Sequence[WireLayout]:
        return (_LAYOUT_SUMMED if self._summed else _LAYOUT,)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        channel, pair = _subject(topic)
        return f"{channel}:{pair}"

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return arguments("subscribe", [argument(*_subject(topic)) for topic in topics])

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return arguments("unsubscribe", [argument(*_subject(topic)) for topic in topics])

    def ping(self, now_ns: int) -> str:
        return PING

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        if pong(frame):
            out.pong()
            return
        try:
            push = _push.decode(frame)
        except msgspec.ValidationError:
            tell_control(read_control(frame), out)
            return
        channel, pair = push.arg.channel, push.arg.instId
        if pair is None:
            raise ValueError(f"a push of {channel} without instId")
        if channel == "books":
            (_tell_summed if self._summed else _tell_chained)(push, pair, out)
        elif channel == "books1":
            _tell_quote(push, pair, out)
        elif channel in _DEPTHS:
            _tell_depth(push, pair, out)
        elif channel == "trade":
            _tell_trades(push, pair, out)
        elif channel in _INTERVALS:
            _tell_candles(push, pair, out)
        else:
            out.ignored(channel)


def _subject(topic: Topic) -> tuple[str, str]:
    """Return channel and pair. Raises ValueError for what Bitget does not have."""
    pair = topic.pair
    match topic.feed:
        case Feed.BOOK if pair:
            return "books", pair
        case Feed.DEPTH if pair and topic.depth in CARD.depths:
            return f"books{topic.depth}", pair
        case Feed.QUOTE if pair:
            return "books1", pair
        case Feed.TRADES if pair:
            return "trade", pair
        case Feed.KLINES if pair and topic.interval in INTERVALS:
            return f"{_CANDLE}{INTERVALS[topic.interval][1]}", pair
        case _:
            raise ValueError(f"{ID} has no public feed {topic}")


def argument(channel: str, about: str, key: str = "instId") -> dict[str, str]:
    """Write a channel as requests and answers do."""
    return {"instType": "SPOT", "channel": channel, key: about}


def arguments(op: str, args: Sequence[dict[str, str]]) -> str:
    """Write a request of either socket. It bears no id: each channel is answered by its name."""
    return msgspec.json.encode({"op": op, "args": args}).decode()


def pong(frame: memoryview) -> bool:
    """Whether a frame answers a ping."""
    return frame.nbytes == len(_PONG) and bytes(frame) == _PONG


def read_control(frame: memoryview) -> wire.Control:
    """Read a frame that is no push."""
    return _control.decode(frame)


def tell_control(control: wire.Control, out: Sink) -> None:
    """Tell an answer: `ws_subscribe.json`, `ws_error.json`."""
    names = [_name(control.arg)] if control.arg is not None else []
    if control.event == "error":
        out.refused(None, names, f"code {control.code}: {control.msg}")
    elif control.event in {"subscribe", "unsubscribe"}:
        out.ack(None, names)
    else:
        out.ignored(control.event)


def _name(arg: wire.Arg) -> str:
    return f"{arg.channel}:{arg.instId or arg.coin}"


def _tell_chained(push: wire.Push, pair: str, out: Sink) -> None:
    """Samples: `ws_books_chained_snapshot.json`, `ws_books_chained_update.json`."""
    (book,) = _books.decode(push.data)
    if book.seq is None:
        raise ValueError("a book without seq")
    if push.action == _SNAPSHOT:
        out.snapshot(pair, _held(book.bids), _held(book.asks), book.seq, book.ts * _MS)
    elif push.action != _UPDATE:
        out.ignored(f"books that {push.action}")
    elif book.pseq is None:
        raise ValueError("an update of a book without pseq: a feed with checksums is read with book = checksum")
    else:
        out.delta(pair, book.bids, book.asks, book.seq, book.seq, book.ts * _MS, book.pseq)


def _tell_summed(push: wire.Push, pair: str, out: Sink) -> None:
    """Samples: `ws_books_snapshot.json`, `ws_books_update.json`."""
    (book,) = _books.decode(push.data)
    said = _Said(push.data)
    printed = Printed(
        bids=LaterTexts(len(book.bids), said.bids) if book.bids else [],
        asks=LaterTexts(len(book.asks), said.asks) if book.asks else [],
        checksum=book.checksum,
    )
    last_id = NO_ID if book.seq is None else book.seq
    if push.action == _SNAPSHOT:
        # What an update leads to is summed up; of a snapshot the documentation does not say so.
        out.snapshot(pair, book.bids, book.asks, last_id, book.ts * _MS, 0, replace(printed, checksum=None))
    elif push.action != _UPDATE:
        out.ignored(f"books that {push.action}")
    elif not book.checksum:
        raise ValueError("an update of a book without checksum: a feed with pseq is read with book = chain")
    else:
        out.delta(pair, book.bids, book.asks, last_id, last_id, book.ts * _MS, printed=printed)


class _Said:
    """A message of books, kept for whoever sums it up: read once more, as it was printed."""

    __slots__ = ("_book", "_data")

    def __init__(self, data: msgspec.Raw) -> None:
        self._data = data.copy()
        self._book: wire.PrintedBook | None = None

    def bids(self) -> Sequence[PrintedLevel]:
        return [(_printed(price), _printed(size)) for price, size in self._read().bids]

    def asks(self) -> Sequence[PrintedLevel]:
        return [(_printed(price), _printed(size)) for price, size in self._read().asks]

    def _read(self) -> wire.PrintedBook:
        if self._book is None:
            (self._book,) = _printed_books.decode(self._data)
        return self._book


def _printed(spelled: msgspec.Raw) -> str:
    """Return what a price or size is summed up as: a text, or a number that lost its quotes."""
    text = bytes(spelled)
    return _text.decode(text) if text.startswith(b'"') else text.decode()


def _tell_depth(push: wire.Push, pair: str, out: Sink) -> None:
    """Sample: `ws_books5.json`."""
    (book,) = _books.decode(push.data)
    last_id = NO_ID if book.seq is None else book.seq
    out.snapshot(pair, book.bids, book.asks, last_id, book.ts * _MS, _DEPTHS[push.arg.channel])


def _tell_quote(push: wire.Push, pair: str, out: Sink) -> None:
    """Sample: `ws_books1.json`."""
    (book,) = _books.decode(push.data)
    bid, bid_size = book.bids[0] if book.bids else (nan, nan)
    ask, ask_size = book.asks[0] if book.asks else (nan, nan)
    out.quote(pair, bid, bid_size, ask, ask_size, book.ts * _MS, NO_ID if book.seq is None else book.seq)


def _tell_trades(push: wire.Push, pair: str, out: Sink) -> None:
    """Sample: `ws_trade_update.json`. What a subscription begins with (`ws_trade.json`) was traded before."""
    if push.action == _SNAPSHOT:
        out.ignored("trades of before")
        return
    for row in reversed(_trades.decode(push.data)):
        out.trade(pair, row.price, row.size, SIDES.get(row.side, Side.UNKNOWN), row.ts * _MS, row.tradeId)


def _tell_candles(push: wire.Push, pair: str, out: Sink) -> None:
    """Sample: `ws_candle.json`."""
    interval = _INTERVALS[push.arg.channel]
    for row in _candles.decode(push.data):
        ohlc = (row.open, row.high, row.low, row.close)
        out.kline(pair, interval, row.open_time * _MS, ohlc, row.volume, row.quote_volume, None)


def _held(levels: Levels) -> Levels:
    """Leave out removals: a snapshot has none to speak of."""
    return [level for level in levels if level[1]]
