"""KuCoin's public socket: JSON, one topic a frame. Entered by the core, frame by frame.

Source: https://www.kucoin.com/docs-new/websocket-api/base-info/introduction . A ticket says where it opens and how
often to ping; nothing may be sent before the greeting (`welcome`). A frame is decoded once, as the data of its
subject; only one that is nothing of the kind (greeting, acknowledgement, refusal, pong, a new subject) is read a second
time, for what it is.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import NO_ID, BookRule, Level, SequenceRule
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Side
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import quoted

from arb_kucoin import card, faults, parse, wire
from arb_kucoin.card import CARD, ID, INTERVALS
from arb_kucoin.parse import SIDES

__all__ = ["PublicStream", "ping", "read_control", "request", "tell_control"]

_MS = 1_000_000
_SECOND = 1_000_000_000

_DEPTHS = {f"/spotMarket/level2Depth{depth}": depth for depth in CARD.depths}
_INTERVALS = {name: interval for interval, (name, _) in INTERVALS.items()}

_UNAUTHORISED = 401
_EXPIRED = "token"
"""What an error says of a token that is not good any more: 401, or users' "token is expired"."""

_messages = msgspec.json.Decoder(wire.Message, strict=False)
_control = msgspec.json.Decoder(wire.Control)


_CHANGE = WireLayout(
    form="json",
    ids=SequenceRule.RANGE,
    equal=((("subject",), ("trade.l2update",)),),
    time_ms=("data", "time"),
    symbol=("data", "symbol"),
    first_id=("data", "sequenceStart"),
    last_id=("data", "sequenceEnd"),
    bids=("data", "changes", "bids"),
    asks=("data", "changes", "asks"),
    optional=(("data", "time"),),
    longer_levels=True,
)


class PublicStream(StreamDialect):
    """Books, quotes, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        self._rest = context.rest.bind(faults.read)

    @property
    def book_rule(self) -> BookRule:
        return BookRule(
            # "Level 2 market data": sequenceStart <= id + 1 and sequenceEnd > id, else the snapshot is fetched again
            # with the subscription kept. A message names each price once, with the sequence of its last change: rows
            # that the snapshot holds already say what it says.
            ids=SequenceRule.RANGE,
            # The whole book is for keys only.
            snapshot_limit=card.MAX_DEPTH,
        )

    @property
    def layouts(self) -> Sequence[WireLayout]:
        return (_CHANGE,)

    async def ticket(self) -> StreamTicket:
        return await self._rest.call(card.BULLET_PUBLIC, parse.ticket)

    def channel(self, topic: Topic) -> str:
        pair = topic.pair
        match topic.feed:
            case Feed.BOOK if pair:
                return f"/market/level2:{pair}"
            case Feed.DEPTH if pair and topic.depth in CARD.depths:
                return f"/spotMarket/level2Depth{topic.depth}:{pair}"
            case Feed.QUOTE if pair:
                return f"/spotMarket/level1:{pair}"
            case Feed.TRADES if pair:
                return f"/market/match:{pair}"
            case Feed.KLINES if pair and topic.interval in INTERVALS:
                return f"/market/candles:{pair}_{INTERVALS[topic.interval][0]}"
            case _:
                raise ValueError(f"{ID} has no public feed {topic}")

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        (topic,) = topics  # the card allows one
        return request("subscribe", self.channel(topic), request_id, private=False)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        (topic,) = topics
        return request("unsubscribe", self.channel(topic), request_id, private=False)

    def ping(self, now_ns: int) -> str:
        return ping(now_ns)

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            control = read_control(frame)
            if not tell_control(control, out):
                if control.subject in _SUBJECTS:
                    raise error from None
                out.ignored(control.subject or control.type)
            return
        _TELL[type(message)](message, out)


def request(kind: str, topic: str, request_id: int, *, private: bool) -> str:
    """Write a request of either socket."""
    words = {"id": str(request_id), "type": kind, "topic": topic, "privateChannel": private, "response": True}
    return msgspec.json.encode(words).decode()


def ping(now_ns: int) -> str:
    """Write the ping of either socket."""
    return f'{{"id":"{now_ns // _MS}","type":"ping"}}'


def read_control(frame: memoryview) -> wire.Control:
    """Read a frame that is no data of a topic of ours."""
    return _control.decode(frame)


def tell_control(control: wire.Control, out: Sink) -> bool:
    """Tell a greeting or an answer, and return whether it was one.

    Samples: `recorded_welcome.json`, `recorded_ack.json`, `ws_error.json`, `ws_pong.json`.
    """
    match control.type:
        case "welcome":
            out.reply(control.id, control.type)
        case "ack":
            out.ack(_request_id(control.id))
        case "pong":
            out.pong()
        case "error":
            reason = bytes(control.data).decode().strip('"')
            if control.code == _UNAUTHORISED or _EXPIRED in reason:
                out.ticket_lost(f"code {control.code}: {reason}")
            else:
                out.refused(_request_id(control.id), (), f"code {control.code}: {reason}")
        case _:
            return False
    return True


def _request_id(said: str | int | None) -> int | None:
    """Return the number of the request that is answered; None for an error that names the connection instead."""
    text = str(said)
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 10 else None


def _tell_delta(message: wire.OnChange, out: Sink) -> None:
    """Samples: `ws_level2.json`, `recorded_level2.json`."""
    data = message.data
    exchange_ns = None if data.time is None else data.time * _MS
    out.delta(
        data.symbol,
        _levels(data.changes.bids),
        _levels(data.changes.asks),
        data.sequenceStart,
        data.sequenceEnd,
        exchange_ns,
    )


def _tell_snapshot(message: wire.OnLevel2, out: Sink) -> None:
    """Sample: `ws_level2_depth5.json`."""
    channel, pair = _subject(message.topic)
    depth = _DEPTHS.get(channel)
    if depth is None:
        out.ignored(channel)
        return
    data = message.data
    out.snapshot(pair, data.bids, data.asks, NO_ID, data.timestamp * _MS, depth)


def _tell_quote(message: wire.OnLevel1, out: Sink) -> None:
    """Sample: `ws_level1.json`."""
    _, pair = _subject(message.topic)
    bid, bid_size = quoted(*_best(message.data.bids))
    ask, ask_size = quoted(*_best(message.data.asks))
    out.quote(pair, bid, bid_size, ask, ask_size, message.data.timestamp * _MS)


def _tell_trade(message: wire.OnDeal, out: Sink) -> None:
    """Sample: `recorded_match.json`."""
    deal = message.data
    taker = SIDES.get(deal.side, Side.UNKNOWN)
    out.trade(deal.symbol, deal.price, deal.size, taker, deal.time, deal.tradeId)


def _tell_kline(message: wire.OnCandle | wire.OnNewCandle, out: Sink) -> None:
    """Sample: `recorded_candles.json`."""
    _, subject = _subject(message.topic)
    _, _, name = subject.rpartition("_")
    interval = _INTERVALS.get(name)
    if interval is None:
        out.ignored(f"candles of {name}")
        return
    bar = message.data.candles
    out.kline(
        message.data.symbol,
        interval,
        bar.open_time * _SECOND,
        (bar.open, bar.high, bar.low, bar.close),
        bar.volume,
        bar.turnover,
        closed=None,
    )


def _subject(topic: str) -> tuple[str, str]:
    """Split a topic into what it is and what of. Raises ValueError."""
    channel, colon, subject = topic.partition(":")
    if not (colon and subject):
        raise ValueError(f"expected a topic like /market/level2:BTC-USDT, found {topic!r}")
    return channel, subject


def _levels(changes: Sequence[wire.Change]) -> list[Level]:
    """Leave out the rows that only move the sequence."""
    return [(row.price, row.size) for row in changes if row.price]


def _best(level: Sequence[float]) -> tuple[float, float]:
    """Read the one level of a side, which may be empty."""
    price, size = level or (0.0, 0.0)
    return price, size


_TELL: dict[type[msgspec.Struct], Callable[[Any, Sink], None]] = {
    wire.OnChange: _tell_delta,
    wire.OnLevel2: _tell_snapshot,
    wire.OnLevel1: _tell_quote,
    wire.OnDeal: _tell_trade,
    wire.OnCandle: _tell_kline,
    wire.OnNewCandle: _tell_kline,
}
_SUBJECTS = {message.__struct_config__.tag for message in _TELL}
