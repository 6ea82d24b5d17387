"""Binance's public socket: JSON, combined streams. Entered by the core, frame by frame.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams . A frame is decoded once, as an
event that names its kind; only one that is nothing of the sort (best prices, a partial book, an answer) is read again.
That costs best prices about a microsecond, and books nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import BookRule, SequenceRule
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Side
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import quoted

from arb_binance import wire
from arb_binance.card import CARD, ID, INTERVALS, Settings

__all__ = ["PublicStream"]

_MS = 1_000_000

_INTERVALS = {name: interval for interval, name in INTERVALS.items()}
_PARTIAL = {f"depth{depth}": depth for depth in CARD.depths}

_combined = msgspec.json.Decoder(wire.Combined, strict=False)
_event = msgspec.json.Decoder(wire.Event, strict=False)
_other = msgspec.json.Decoder(wire.Other)
_best = msgspec.json.Decoder(wire.Best, strict=False)
_partial = msgspec.json.Decoder(wire.Partial, strict=False)


_LAYOUT = WireLayout(
    form="json",
    ids=SequenceRule.RANGE,
    texts=(("stream",),),
    equal=((("data", "e"), ("depthUpdate",)),),
    time_ms=("data", "E"),
    symbol=("data", "s"),
    first_id=("data", "U"),
    last_id=("data", "u"),
    bids=("data", "b"),
    asks=("data", "a"),
)


class PublicStream(StreamDialect):
    """Books, quotes, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        settings = context.settings if isinstance(context.settings, Settings) else Settings()
        self._speed = "@100ms" if settings.speed == "100ms" else ""
        self._trades = settings.trades

    @property
    def book_rule(self) -> BookRule:
        return BookRule(
            # "How to manage a local order book correctly": lastUpdateId within [U; u] of the first event, then ignore
            # u < local id, and U > local id + 1 means that events are missing: start again.
            ids=SequenceRule.RANGE,
            # Up to 5000 are to be had, at five times the weight: 1000 leave room for 120 books a minute.
            snapshot_limit=1000,
        )

    @property
    def layouts(self) -> Sequence[WireLayout]:
        return (_LAYOUT,)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        symbol = (topic.pair or "").lower()
        match topic.feed:
            case Feed.BOOK if symbol:
                return f"{symbol}@depth{self._speed}"
            case Feed.DEPTH if symbol and topic.depth in CARD.depths:
                return f"{symbol}@depth{topic.depth}{self._speed}"
            case Feed.QUOTE if symbol:
                return f"{symbol}@bookTicker"
            case Feed.TRADES if symbol:
                return f"{symbol}@{self._trades}"
            case Feed.KLINES if symbol and topic.interval in INTERVALS:
                return f"{symbol}@kline_{INTERVALS[topic.interval]}"
            case _:
                raise ValueError(f"{ID} has no public feed {topic}")

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return _request("SUBSCRIBE", map(self.channel, topics), request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return _request("UNSUBSCRIBE", map(self.channel, topics), request_id)

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            data = _combined.decode(frame).data
        except msgspec.ValidationError as error:
            _tell_other(frame, error, out)
            return
        _TELL[type(data)](data, out)


def _request(method: str, streams: Iterable[str], request_id: int) -> str:
    return msgspec.json.encode({"method": method, "params": list(streams), "id": request_id}).decode()


def _tell_other(frame: memoryview, error: msgspec.ValidationError, out: Sink) -> None:
    """Tell a frame that is not a combined one with an event: one that names no kind, one without wrapper, an answer."""
    other = _other.decode(frame)
    if other.stream is not None:
        _tell_named(other.stream, other.data, error, out)
    elif other.e == "serverShutdown":
        out.closing(other.e)
    elif other.e in _KINDS:
        event = _event.decode(frame)
        _TELL[type(event)](event, out)
    elif other.e is not None:
        out.ignored(other.e)
    elif other.best_size is not None:
        _tell_quote(_best.decode(frame), out)
    else:
        _tell_control(other, error, out)


def _tell_named(stream: str, data: msgspec.Raw, error: msgspec.ValidationError, out: Sink) -> None:
    """Tell a payload by its stream's name, `btcusdt@depth5@100ms`."""
    symbol, _, name = stream.partition("@")
    kind, _, _ = name.partition("@")
    if kind == "bookTicker":
        _tell_quote(_best.decode(data), out)
    elif kind in _PARTIAL:
        _tell_snapshot(symbol.upper(), _PARTIAL[kind], _partial.decode(data), out)
    elif stream == "!serverShutdown":
        out.closing("serverShutdown")
    elif kind in _STREAMS or kind.startswith("kline_"):
        raise error
    else:
        out.ignored(stream)


def _tell_control(control: wire.Other, error: msgspec.ValidationError, out: Sink) -> None:
    """Samples: `ws_ack.json`, `ws_refused.json`. Only the id says what is answered."""
    request_id = control.id if isinstance(control.id, int) else None
    if control.error is not None or control.code is not None:
        refusal = control.error or wire.Refusal(control.code, control.msg)
        out.refused(request_id, (), f"code {refusal.code}: {refusal.msg}")
    elif control.id is not None and bytes(control.result) == b"null":
        out.ack(request_id)
    elif control.id is not None and bytes(control.result):
        out.reply(control.id, msgspec.json.decode(control.result))
    else:
        raise error


def _tell_delta(book: wire.DepthUpdate, out: Sink) -> None:
    """Sample: `ws_depth_update.json`."""
    out.delta(book.s, book.b, book.a, book.U, book.u, book.E * _MS)


def _tell_snapshot(pair: str, depth: int, book: wire.Partial, out: Sink) -> None:
    """Sample: `ws_depth5.json`."""
    out.snapshot(pair, book.bids, book.asks, book.lastUpdateId, None, depth)


def _tell_quote(quote: wire.Best, out: Sink) -> None:
    """Sample: `ws_book_ticker.json`."""
    bid, bid_size = quoted(quote.b, quote.B)
    ask, ask_size = quoted(quote.a, quote.A)
    out.quote(quote.s, bid, bid_size, ask, ask_size, None, quote.u)


def _tell_trade(deal: wire.Deal, out: Sink) -> None:
    """Sample: `ws_trade.json`."""
    out.trade(deal.s, deal.p, deal.q, Side.SELL if deal.m else Side.BUY, deal.T * _MS, str(deal.t))


def _tell_agg_trade(deal: wire.AggDeal, out: Sink) -> None:
    """Sample: `ws_agg_trade.json`."""
    out.trade(deal.s, deal.p, deal.q, Side.SELL if deal.m else Side.BUY, deal.T * _MS, str(deal.a))


def _tell_kline(candle: wire.Candle, out: Sink) -> None:
    """Sample: `ws_kline.json`."""
    bar = candle.k
    interval = _INTERVALS.get(bar.i)
    if interval is None:
        out.ignored(f"candles of {bar.i}")
        return
    out.kline(candle.s, interval, bar.t * _MS, (bar.o, bar.h, bar.l, bar.c), bar.v, bar.q, bar.x)


_TELL: dict[type[msgspec.Struct], Callable[[Any, Sink], None]] = {
    wire.DepthUpdate: _tell_delta,
    wire.Deal: _tell_trade,
    wire.AggDeal: _tell_agg_trade,
    wire.Candle: _tell_kline,
}
_KINDS = {event.__struct_config__.tag for event in _TELL}
_STREAMS = {"depth", "trade", "aggTrade"}
