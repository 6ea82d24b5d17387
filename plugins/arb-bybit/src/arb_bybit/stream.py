"""Bybit's public socket: JSON, one topic a frame. Entered by the core, frame by frame.

Source: https://bybit-exchange.github.io/docs/v5/ws/connect . A frame is decoded once, as a book; only one that is none
(trades, candles, an answer) is read a second time, for what it is.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import BookRule, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Side
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import Levels, quoted

from arb_bybit import wire
from arb_bybit.card import CARD, ID, INTERVALS, Settings
from arb_bybit.parse import SIDES

__all__ = ["PublicStream", "ping", "read_other", "request", "tell_answer"]

_MS = 1_000_000

_BEST = "1"
"""Levels of the topic that quotes come from; it sends nothing but whole ones."""
_ALREADY = "already subscribed"
"""What a refusal says that is none: the topic runs, and its acknowledgement was lost. Seen by users, not documented."""
_INTERVALS = {name: interval for interval, name in INTERVALS.items()}

_books = msgspec.json.Decoder(wire.OnBook, strict=False)
_deals = msgspec.json.Decoder(wire.OnDeals, strict=False)
_candles = msgspec.json.Decoder(wire.OnCandles, strict=False)
_closed = msgspec.json.Decoder(bool)
"""Without `strict=False`, which takes "0" for false."""
_other = msgspec.json.Decoder(wire.Other)


class PublicStream(StreamDialect):
    """Books, quotes, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        settings = context.settings if isinstance(context.settings, Settings) else Settings()
        self._levels = settings.levels

    @property
    def book_rule(self) -> BookRule:
        return BookRule(
            # "u" is always in sequence. The REST book bears the ids of another topic: only the first message, which is
            # the whole book, can be begun with.
            ids=SequenceRule.CONSECUTIVE,
            strict=True,
            snapshot=SnapshotSource.STREAM,
            recover=Recovery.RESUBSCRIBE,
            kept_depth=self._levels,
            # Nobody documents whether a level that others push out of the range is sent as 0: dropped here, it does no
            # harm in either case, while a level kept too long would come back as one that has gone.
            cut_each_update=True,
            # "If you receive a new snapshot message, you will have to reset your local orderbook."
            resets=True,
        )

    @property
    def layouts(self) -> Sequence[WireLayout]:
        return (
            WireLayout(
                form="json",
                ids=SequenceRule.CONSECUTIVE,
                equal=((("type",), ("delta",)),),
                time_ms=("ts",),
                symbol=("topic",),
                around_symbol=(f"orderbook.{self._levels}.", ""),
                last_id=("data", "u"),
                bids=("data", "b"),
                asks=("data", "a"),
            ),
        )

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        pair = topic.pair
        match topic.feed:
            case Feed.BOOK if pair:
                return f"orderbook.{self._levels}.{pair}"
            case Feed.QUOTE if pair:
                return f"orderbook.{_BEST}.{pair}"
            case Feed.TRADES if pair:
                return f"publicTrade.{pair}"
            case Feed.KLINES if pair and topic.interval in INTERVALS:
                return f"kline.{INTERVALS[topic.interval]}.{pair}"
            case _:
                raise ValueError(f"{ID} has no public feed {topic}")

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("subscribe", map(self.channel, topics), request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("unsubscribe", map(self.channel, topics), request_id)

    def ping(self, now_ns: int) -> str:
        return ping()

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _books.decode(frame)
        except msgspec.ValidationError as error:
            _tell_other(frame, error, out)
            return
        kind, levels, pair = message.topic.split(".", 2)
        if kind != "orderbook":
            out.ignored(message.topic)
        elif levels == _BEST:
            _tell_quote(pair, message, out)
        elif levels == str(self._levels):
            _tell_book(pair, message, out)
        else:
            out.ignored(message.topic)


def request(op: str, topics: Iterable[str], request_id: int) -> str:
    """Write a request of either socket."""
    return msgspec.json.encode({"req_id": str(request_id), "op": op, "args": list(topics)}).decode()


def ping() -> str:
    """Write the ping of either socket."""
    return '{"op":"ping"}'


def read_other(frame: memoryview) -> wire.Other:
    """Read a frame for what it is: the topic of it, or the answer."""
    return _other.decode(frame)


def tell_answer(answer: wire.Other, out: Sink) -> bool:
    """Tell an answer, and return whether it was one. Only the id says what is answered.

    Samples: `ws_subscribe_ack.json`, `ws_subscribe_refused.json`, `ws_pong.json`.
    """
    request_id = int(answer.req_id) if answer.req_id and answer.req_id.isdecimal() else None
    match answer.op:
        case "subscribe" | "unsubscribe" if answer.success is not None:
            if answer.success or _ALREADY in (answer.ret_msg or ""):
                out.ack(request_id)
            else:
                out.refused(request_id, (), answer.ret_msg or "without a reason")
        case "ping" | "pong":
            out.pong()
        case _:
            return False
    return True


def _tell_book(pair: str, message: wire.OnBook, out: Sink) -> None:
    """Samples: `ws_orderbook_snapshot.json`, `ws_orderbook_delta.json`."""
    book = message.data
    if message.type == "snapshot" or book.u == 1:
        # The service began anew: "please overwrite your local orderbook".
        out.snapshot(pair, _held(book.b), _held(book.a), book.u, message.ts * _MS)
    elif message.type == "delta":
        out.delta(pair, book.b, book.a, book.u, book.u, message.ts * _MS)
    else:
        out.ignored(f"{message.topic} of type {message.type}")


def _tell_quote(pair: str, message: wire.OnBook, out: Sink) -> None:
    """Sample: `ws_orderbook_1.json`."""
    if message.type == "delta":
        raise ValueError("the best levels come whole")
    if message.type != "snapshot":
        out.ignored(f"{message.topic} of type {message.type}")
        return
    book = message.data
    bid, bid_size = quoted(*(book.b[0] if book.b else (None, None)))
    ask, ask_size = quoted(*(book.a[0] if book.a else (None, None)))
    out.quote(pair, bid, bid_size, ask, ask_size, message.ts * _MS, book.u)


def _tell_other(frame: memoryview, error: msgspec.ValidationError, out: Sink) -> None:
    """Tell a frame that is not a book."""
    other = _other.decode(frame)
    if other.topic is None:
        if not tell_answer(other, out):
            raise error
        return
    kind = other.topic.partition(".")[0]
    if kind in _TELL:
        _TELL[kind](frame, out)
    elif kind == "orderbook":
        raise error
    else:
        out.ignored(other.topic)


def _tell_trades(frame: memoryview, out: Sink) -> None:
    """Sample: `ws_public_trade.json`."""
    for deal in _deals.decode(frame).data:
        out.trade(deal.s, deal.p, deal.v, SIDES.get(deal.S, Side.UNKNOWN), deal.T * _MS, deal.i)


def _tell_klines(frame: memoryview, out: Sink) -> None:
    """Sample: `ws_kline.json`."""
    message = _candles.decode(frame)
    _, name, pair = message.topic.split(".", 2)
    interval = _INTERVALS.get(name)
    if interval is None:
        out.ignored(f"candles of {name}")
        return
    for bar, closed in [(bar, _closed.decode(bar.confirm)) for bar in message.data]:
        ohlc = (bar.open, bar.high, bar.low, bar.close)
        out.kline(pair, interval, bar.start * _MS, ohlc, bar.volume, bar.turnover, closed)


def _held(levels: Levels) -> Levels:
    """Leave out removals: a whole book that comes as changes may have some."""
    return [level for level in levels if level[1]]


_TELL: dict[str, Callable[[memoryview, Sink], None]] = {
    "publicTrade": _tell_trades,
    "kline": _tell_klines,
}
