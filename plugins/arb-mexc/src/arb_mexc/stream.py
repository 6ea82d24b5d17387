"""MEXC's public socket: control in JSON text, data in protobuf. Entered by the core, frame by frame.

Source: https://www.mexc.com/api-docs/spot-v3/websocket-market-streams . The numbers in protobuf frames are strings:
checked and converted by the strict decoder that reads them in JSON (`arb_core.structs.wire` says why). That costs
nothing over `float()`: most of the time goes into fetching each string out of the message.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import Protocol, TypeVar, cast

import msgspec
from arb_core.errors import WireError
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import NO_ID, BookRule, SequenceRule
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Side
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import Levels, Number, SequenceId, quoted
from google.protobuf.message import DecodeError

from arb_mexc import wire
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from arb_mexc.card import CARD, ID, INTERVALS, Settings

__all__ = ["PublicStream", "read_push", "request", "tell_control"]

T = TypeVar("T")

_MS = 1_000_000
_SECOND = 1_000_000_000

_BRACE = ord("{")

_CHANNELS = {
    Feed.BOOK: "spot@public.aggre.depth.v3.api.pb@{speed}@{pair}",
    Feed.DEPTH: "spot@public.limit.depth.v3.api.pb@{pair}@{depth}",
    Feed.QUOTE: "spot@public.aggre.bookTicker.v3.api.pb@{speed}@{pair}",
    Feed.TRADES: "spot@public.aggre.deals.v3.api.pb@{speed}@{pair}",
    Feed.KLINES: "spot@public.kline.v3.api.pb@{pair}@{interval}",
}
_DEPTHS = {str(depth): depth for depth in CARD.depths}
_NAMES = {channel.split("@")[1] for channel in _CHANNELS.values()}
_INTERVALS = {name: interval for interval, (_, name) in INTERVALS.items()}
_TAKERS = {1: Side.BUY, 2: Side.SELL}

# The colon after "Reason" is full-width.
_REFUSED = re.compile(r"(?s)Not Subscribed successfully!.*?\[(?P<channels>[^]]*)]\W*(?:Reason\W+)?(?P<reason>.*?)\s*$")

_push = cast("Callable[[memoryview], PushDataV3ApiWrapper]", PushDataV3ApiWrapper.FromString)
"""The stubs know bytes only; a memoryview is taken as well."""
_control = msgspec.json.Decoder(wire.Control)
_delta = msgspec.json.Decoder(tuple[Levels, Levels, SequenceId, SequenceId], strict=False)
_snapshot = msgspec.json.Decoder(tuple[Levels, Levels, SequenceId], strict=False)
_quote = msgspec.json.Decoder(tuple[Number, Number, Number, Number, int], strict=False)
_trades = msgspec.json.Decoder(Levels, strict=False)
_kline = msgspec.json.Decoder(tuple[Number, Number, Number, Number, Number, Number], strict=False)


_LAYOUT = WireLayout(
    # PushDataV3ApiWrapper with publicAggreDepths; numbers of push.proto.
    form="protobuf",
    ids=SequenceRule.RANGE,
    symbol=(3,),
    time_ms=(6,),
    asks=(313, 1),
    bids=(313, 2),
    first_id=(313, 4),
    last_id=(313, 5),
    level=(1, 2),
    optional=((6,), (313, 1), (313, 2)),
    passed=((1,), (4,), (5,), (313, 3), (313, 6)),
)


class PublicStream(StreamDialect):
    """Books, quotes, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        settings = context.settings
        self._speed = settings.speed if isinstance(settings, Settings) else Settings().speed

    @property
    def book_rule(self) -> BookRule:
        return BookRule(
            # "How to properly maintain a local copy of the order book": fromVersion = previous toVersion + 1, else
            # start again from the snapshot with the subscription kept; lastUpdateId counts the same versions.
            ids=SequenceRule.RANGE,
            strict=True,
            # Up to 5000 are to be had; 1000 cover what can be traded and are lighter when many books restart at once.
            snapshot_limit=1000,
        )

    @property
    def layouts(self) -> Sequence[WireLayout]:
        return (_LAYOUT,)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        if topic.feed not in _CHANNELS or topic.pair is None:
            raise ValueError(f"{ID} has no public feed {topic.feed} for {topic.pair}")
        if topic.feed is Feed.DEPTH and topic.depth not in CARD.depths:
            raise ValueError(f"{ID} has depths {CARD.depths}, not {topic.depth}")
        if topic.feed is Feed.KLINES and topic.interval not in INTERVALS:
            raise ValueError(f"{ID} has no candles of {topic.interval}, only of {', '.join(INTERVALS)}")
        _, interval = INTERVALS.get(topic.interval or "", ("", ""))
        return _CHANNELS[topic.feed].format(speed=self._speed, pair=topic.pair, depth=topic.depth, interval=interval)

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("SUBSCRIPTION", map(self.channel, topics), request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return request("UNSUBSCRIPTION", map(self.channel, topics), request_id)

    def ping(self, now_ns: int) -> str:
        return '{"method":"PING"}'

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        if frame[0] == _BRACE:
            tell_control(frame, out)
            return
        push = read_push(frame)
        tell = _TELL.get(push.WhichOneof("body"), _tell_other)
        tell(push, out)


def read_push(frame: memoryview) -> PushDataV3ApiWrapper:
    """Decode a binary frame. Raises `WireError`."""
    try:
        return _push(frame)
    except DecodeError as error:
        raise WireError(str(error), exchange=ID, where="push", wire=bytes(frame)) from error


def request(method: str, channels: Iterable[str], request_id: int) -> str:
    """Write a request of either socket."""
    return msgspec.json.encode({"method": method, "params": list(channels), "id": request_id}).decode()


def tell_control(frame: memoryview, out: Sink) -> None:
    """Samples: `ws_subscribe.json`, `ws_refused.json`, `ws_pong.json`. A refusal has code 0 too: `msg` tells."""
    control = _control.decode(frame)
    text = str(control.msg)
    request_id = control.id or None  # 0 = the request had none
    if refused := _REFUSED.search(text):
        out.refused(request_id, refused["channels"].split(","), refused["reason"] or text)
    elif control.code:
        out.refused(request_id, (), f"code {control.code}: {text}")
    elif text == "PONG":
        out.pong()
    elif text.startswith("spot@"):
        out.ack(request_id, text.split(","))
    else:
        raise ValueError(f"neither an acknowledgement nor a refusal nor a pong: {text}")


def _tell_delta(push: PushDataV3ApiWrapper, out: Sink) -> None:
    """Sample: `public_aggre_depths` of `pb_vectors.json`."""
    depth = push.publicAggreDepths
    rows = _rows(depth.bids), _rows(depth.asks)
    text = f'[[{",".join(rows[0])}],[{",".join(rows[1])}],"{depth.fromVersion}","{depth.toVersion}"]'
    bids, asks, first_id, last_id = _numbers(_delta, text, 2 * (len(rows[0]) + len(rows[1])) + 2)
    out.delta(push.symbol or _pair(push, 3), bids, asks, first_id, last_id, push.sendTime * _MS or None)


def _tell_snapshot(push: PushDataV3ApiWrapper, out: Sink) -> None:
    """Sample: `public_limit_depths` of `pb_vectors.json`."""
    depth = push.publicLimitDepths
    levels = _DEPTHS[push.channel.rpartition("@")[2]]
    rows = _rows(depth.bids), _rows(depth.asks)
    text = f'[[{",".join(rows[0])}],[{",".join(rows[1])}],"{depth.version}"]'
    bids, asks, last_id = _numbers(_snapshot, text, 2 * (len(rows[0]) + len(rows[1])) + 1)
    out.snapshot(push.symbol or _pair(push, 2), bids, asks, last_id, push.sendTime * _MS or None, levels)


def _tell_quote(push: PushDataV3ApiWrapper, out: Sink) -> None:
    """Sample: `public_aggre_book_ticker` of `pb_vectors.json`.

    An empty side is absent, which proto3 shows as "", like the version before June 2026.
    """
    best = push.publicAggreBookTicker
    text = (
        f'["{best.bidPrice or 0}","{best.bidQuantity or 0}","{best.askPrice or 0}","{best.askQuantity or 0}",'
        f'"{best.version or NO_ID}"]'
    )
    bid, bid_size, ask, ask_size, last_id = _numbers(_quote, text, 5)
    bid, bid_size = quoted(bid, bid_size if best.bidQuantity else None)
    ask, ask_size = quoted(ask, ask_size if best.askQuantity else None)
    out.quote(push.symbol or _pair(push, 3), bid, bid_size, ask, ask_size, push.sendTime * _MS or None, last_id)


def _tell_trades(push: PushDataV3ApiWrapper, out: Sink) -> None:
    """Sample: `public_aggre_deals` of `pb_vectors.json`."""
    deals = push.publicAggreDeals.deals
    rows = _rows(deals)
    numbers = _numbers(_trades, f"[{','.join(rows)}]", 2 * len(rows))
    if not all(deal.time for deal in deals):
        raise ValueError("a trade without time")
    pair = push.symbol or _pair(push, 3)
    for (price, size), deal in zip(numbers, deals, strict=True):
        taker = _TAKERS.get(deal.tradeType, Side.UNKNOWN)
        out.trade(pair, price, size, taker, deal.time * _MS, deal.tradeId or None)


def _tell_kline(push: PushDataV3ApiWrapper, out: Sink) -> None:
    """Sample: `public_spot_kline` of `pb_vectors.json`. Window times are seconds."""
    bar = push.publicSpotKline
    interval = _INTERVALS.get(bar.interval)
    if interval is None:
        out.ignored(f"candles of {bar.interval}")
        return
    if not bar.windowStart:
        raise ValueError("a candle without time")
    text = (
        f'["{bar.openingPrice}","{bar.highestPrice}","{bar.lowestPrice}","{bar.closingPrice}",'
        f'"{bar.volume or 0}","{bar.amount or 0}"]'
    )
    opening, high, low, close, volume, amount = _numbers(_kline, text, 6)
    out.kline(
        push.symbol or _pair(push, 2),
        interval,
        bar.windowStart * _SECOND,
        (opening, high, low, close),
        volume if bar.volume else nan,
        amount if bar.amount else None,
        closed=None,
    )


def _tell_other(push: PushDataV3ApiWrapper, out: Sink) -> None:
    """Pass over the channels that nobody here subscribes to. One of ours with another body, or none, is malformed."""
    _, name, *_ = push.channel.split("@")
    if name in _NAMES:
        raise ValueError(f"{push.channel} with body {push.WhichOneof('body')}")
    out.ignored(push.channel)


_TELL = {
    "publicAggreDepths": _tell_delta,
    "publicLimitDepths": _tell_snapshot,
    "publicAggreBookTicker": _tell_quote,
    "publicAggreDeals": _tell_trades,
    "publicSpotKline": _tell_kline,
}


class _Priced(Protocol):
    price: str
    quantity: str


def _rows(rows: Iterable[_Priced]) -> list[str]:
    """Write levels or trades as JSON, for the decoder that checks and converts all numbers at once."""
    return [f'["{row.price}","{row.quantity}"]' for row in rows]


def _numbers(decoder: "msgspec.json.Decoder[T]", text: str, count: int) -> T:
    """Read `count` numbers, each in quotes. A quote or an escape inside one would change what the JSON says."""
    if text.count('"') != 2 * count or "\\" in text:
        raise ValueError(f"a number holds a quote or an escape: {text[:200]}")
    return decoder.decode(text)


def _pair(push: PushDataV3ApiWrapper, place: int) -> str:
    """Return the pair of a wrapper without `symbol`: the part of the channel's name at `place`."""
    return push.channel.split("@")[place]
