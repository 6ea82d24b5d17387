"""Gate.io's public socket: JSON, one channel a frame. Entered by the core, frame by frame.

Source: https://www.gate.com/docs/developers/apiv4/ws/en/ . A frame is decoded once, as the data of its channel; only
one that is nothing of the kind (acknowledgement, refusal, pong, a new channel) is read a second time, for what it is.
"""

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import BookRule, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Side
from arb_core.structs.stream import Feed, StreamTicket, Topic
from arb_core.structs.wire import Levels, quoted

from arb_gateio import wire
from arb_gateio.card import CARD, ID, INTERVALS, Settings
from arb_gateio.parse import SIDES, nanoseconds

__all__ = ["PublicStream", "ping", "read_control", "tell_control"]

_MS = 1_000_000
_SECOND = 1_000_000_000

_KEPT = {
    # Levels a side that the channel follows at each speed.
    ("order_book_update", "100ms"): 100,
    ("order_book_update", "20ms"): 20,
    ("obu", "100ms"): 400,
    ("obu", "20ms"): 50,
}
_INTERVALS = {name: interval for interval, name in INTERVALS.items()}

_messages = msgspec.json.Decoder(wire.Message, strict=False)
_control = msgspec.json.Decoder(wire.Control)
_closed = msgspec.json.Decoder(bool | None)
"""Without `strict=False`, which takes "0" for false."""
_outcome = msgspec.json.Decoder(wire.Outcome | None)


_UPDATE = WireLayout(
    form="json",
    ids=SequenceRule.RANGE,
    equal=((("channel",), ("spot.order_book_update",)),),
    time_ms=("result", "t"),
    symbol=("result", "s"),
    first_id=("result", "U"),
    last_id=("result", "u"),
    bids=("result", "b"),
    asks=("result", "a"),
    absent=(("result", "full"),),
)


class PublicStream(StreamDialect):
    """Books, quotes, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        settings = context.settings if isinstance(context.settings, Settings) else Settings()
        self._speed = settings.speed
        self._book = settings.book
        self._kept = _KEPT[settings.book, settings.speed]

    @property
    def book_rule(self) -> BookRule:
        if self._book == "obu":
            return BookRule(
                # "Order book V2": full frame first, then U = last u + 1, else unsubscribe and subscribe again.
                ids=SequenceRule.RANGE,
                strict=True,
                snapshot=SnapshotSource.STREAM,
                recover=Recovery.RESUBSCRIBE,
                kept_depth=self._kept,
                cut_each_update=True,
                # "full: true" may come again at any time.
                resets=True,
            )
        return BookRule(
            # "How to maintain local order book": U <= id + 1 <= u for the first one, a later U > id + 1 is a gap and
            # u <= id is old; after a gap the snapshot is fetched again.
            ids=SequenceRule.RANGE,
            # As many levels as the channel follows. REST answers of more than 100 are minutes old (gatews issue 51).
            snapshot_limit=self._kept,
            kept_depth=self._kept,
            # Nobody documents whether a level that others push out of the range is sent as 0: dropped here, it does no
            # harm in either case, while a level kept too long would come back as one that has gone.
            cut_each_update=True,
            # "full: true" replaces the book and restarts the chain at its u.
            resets=True,
        )

    @property
    def layouts(self) -> Sequence[WireLayout]:
        if self._book != "obu":
            return (_UPDATE,)
        sides = (("result", "b"), ("result", "a"))
        return (
            msgspec.structs.replace(
                _UPDATE,
                equal=((("channel",), ("spot.obu",)),),
                around_symbol=("ob.", f".{self._kept}"),
                optional=sides,
            ),
        )

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        channel, payload = self._subject(topic)
        return _name(channel, payload)

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return self._request("subscribe", topics, request_id, now_ns)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return self._request("unsubscribe", topics, request_id, now_ns)

    def ping(self, now_ns: int) -> str:
        return ping(now_ns)

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        try:
            message = _messages.decode(frame)
        except msgspec.ValidationError as error:
            control = read_control(frame)
            names = [_name(control.channel, control.payload)] if control.payload else []
            if not tell_control(control, names, out):
                if control.channel in _CHANNELS:
                    raise error from None
                out.ignored(control.channel)
            return
        _TELL[type(message)](message.result, out)

    def _request(self, event: str, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        (topic,) = topics  # the card allows one
        channel, payload = self._subject(topic)
        request = {
            "time": now_ns // _SECOND,
            "id": request_id,
            "channel": channel,
            "event": event,
            "payload": payload,
        }
        return msgspec.json.encode(request).decode()

    def _subject(self, topic: Topic) -> tuple[str, list[str]]:
        """Return channel and payload. Raises ValueError for what Gate.io does not have."""
        pair = topic.pair
        match topic.feed:
            case Feed.BOOK if pair and self._book == "obu":
                return "spot.obu", [f"ob.{pair}.{self._kept}"]
            case Feed.BOOK if pair:
                return "spot.order_book_update", [pair, self._speed]
            case Feed.DEPTH if pair and topic.depth in CARD.depths:
                return "spot.order_book", [pair, str(topic.depth), "100ms"]
            case Feed.QUOTE if pair:
                return "spot.book_ticker", [pair]
            case Feed.TRADES if pair:
                return "spot.trades", [pair]
            case Feed.KLINES if pair and topic.interval in INTERVALS:
                return "spot.candlesticks", [INTERVALS[topic.interval], pair]
            case _:
                raise ValueError(f"{ID} has no public feed {topic}")


def _name(channel: str, payload: Sequence[str]) -> str:
    """Name a subscription as its answer does: an acknowledgement repeats channel and payload."""
    return f"{channel} {' '.join(payload)}"


def ping(now_ns: int) -> str:
    """Write the ping of either socket."""
    return f'{{"time":{now_ns // _SECOND},"channel":"spot.ping"}}'


def read_control(frame: memoryview) -> wire.Control:
    """Read a frame that is no data of a channel of ours."""
    return _control.decode(frame)


def tell_control(control: wire.Control, names: Sequence[str], out: Sink) -> bool:
    """Tell an answer, and return whether it was one.

    Samples: `ws_spot_obu_subscribe_ack.json`, `ws_spot_obu_subscribe_error.json`, `ws_spot_pong.json`.
    """
    request_id = control.id if isinstance(control.id, int) else None
    if control.error is not None:
        out.refused(request_id, names, f"code {control.error.code}: {control.error.message}")
    elif control.event in {"subscribe", "unsubscribe"}:
        outcome = _outcome.decode(control.result)
        if outcome is not None and outcome.status == "fail":
            out.refused(request_id, names, "status fail")
        else:
            out.ack(request_id, names)
    elif control.channel == "spot.pong":
        out.pong()
    else:
        return False
    return True


def _tell_delta(book: wire.BookUpdate, out: Sink) -> None:
    """Sample: `ws_spot_order_book_update_update.json`."""
    if book.full:
        out.snapshot(book.s, _held(book.b), _held(book.a), book.u, book.t * _MS)
    else:
        out.delta(book.s, book.b, book.a, book.U, book.u, book.t * _MS)


def _tell_obu(book: wire.Obu, out: Sink) -> None:
    """Samples: `ws_spot_obu_update_full.json`, `ws_spot_obu_update.json`."""
    _, pair, _ = book.s.split(".")
    if book.full:
        out.snapshot(pair, _held(book.b), _held(book.a), book.u, book.t * _MS)
    elif book.U is None:
        raise ValueError("an update of spot.obu without U")
    else:
        out.delta(pair, book.b, book.a, book.U, book.u, book.t * _MS)


def _tell_snapshot(book: wire.Partial, out: Sink) -> None:
    """Sample: `ws_spot_order_book_update.json`."""
    out.snapshot(book.s, book.bids, book.asks, book.lastUpdateId, book.t * _MS, book.l)


def _tell_quote(quote: wire.Best, out: Sink) -> None:
    """Sample: `ws_spot_book_ticker_update.json`."""
    bid, bid_size = quoted(quote.b, quote.B)
    ask, ask_size = quoted(quote.a, quote.A)
    out.quote(quote.s, bid, bid_size, ask, ask_size, quote.t * _MS, quote.u)


def _tell_trade(deal: wire.Deal, out: Sink) -> None:
    """Sample: `ws_spot_trades_update.json`."""
    taker = SIDES.get(deal.side, Side.UNKNOWN)
    out.trade(deal.currency_pair, deal.price, deal.amount, taker, nanoseconds(deal.create_time_ms), str(deal.id))


def _tell_kline(bar: wire.Candle, out: Sink) -> None:
    """Sample: `ws_spot_candlesticks_update.json`."""
    name, _, pair = bar.n.partition("_")
    interval = _INTERVALS.get(name)
    if interval is None:
        out.ignored(f"candles of {name}")
        return
    volume = nan if bar.a is None else bar.a
    closed = _closed.decode(bar.w)
    out.kline(pair, interval, bar.t * _SECOND, (bar.o, bar.h, bar.l, bar.c), volume, bar.v, closed)


def _held(levels: Levels) -> Levels:
    """Leave out removals: the documentation's full frame has one."""
    return [level for level in levels if level[1]]


_TELL: dict[type[msgspec.Struct], Callable[[Any, Sink], None]] = {
    wire.OnBookUpdate: _tell_delta,
    wire.OnObu: _tell_obu,
    wire.OnPartial: _tell_snapshot,
    wire.OnBest: _tell_quote,
    wire.OnDeal: _tell_trade,
    wire.OnCandle: _tell_kline,
}
_CHANNELS = {message.__struct_config__.tag for message in _TELL}
