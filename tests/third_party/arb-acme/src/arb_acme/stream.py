"""Acme's public socket: topics to frames, frames to calls. Entered by the core, frame by frame."""

from collections.abc import Sequence
from typing import TypeVar
from zlib import crc32

import msgspec
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import BookRule, Checksum, Printed, PrintedLevel, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_acme import parse, text, wire
from arb_acme.card import CARD, INTERVALS, KEPT, STEPS
from arb_acme.parse import US

T = TypeVar("T", bound=msgspec.Struct)


def summed(bids: Sequence[PrintedLevel], asks: Sequence[PrintedLevel]) -> int:
    """Return the CRC32 of the best levels, bids first, as they were printed."""
    return crc32(";".join(f"{price}@{size}" for price, size in (*bids, *asks)).encode())


BOOKS = BookRule(
    ids=SequenceRule.CONSECUTIVE,
    snapshot=SnapshotSource.STREAM,
    recover=Recovery.RESUBSCRIBE,
    kept_depth=KEPT,
    resets=True,
    checksum=Checksum(name="crc32 of ten levels as printed", depth=10, of=summed),
)


class Channels(StreamDialect):
    """What both sockets of Acme have in common: how channels are joined and left, and how that is answered."""

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return text.write("join", *map(self.channel, topics), id=request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return text.write("leave", *map(self.channel, topics), id=request_id)

    def ping(self, now_ns: int) -> str:
        return text.write("ping")

    @staticmethod
    def answer(first: str, words: list[str], out: Sink) -> None:
        """Tell what is no push."""
        if first in {"joined", "left", "refused"}:
            reply = shaped(words, wire.Reply)
            channels = tuple(word for word in words if "=" not in word)
            if first == "refused":
                out.refused(reply.id, channels, reply.why)
            else:
                out.ack(reply.id, channels)
        elif first == "pong":
            out.pong()
        else:
            out.ignored(f"a message about {first!r}")


class PublicStream(Channels):
    """Books, best levels, trades and candles."""

    def __init__(self, context: ExchangeContext) -> None:
        """The dialect needs nothing of the context."""

    @property
    def book_rule(self) -> BookRule:
        return BOOKS

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=CARD.hosts.ws_public)

    def channel(self, topic: Topic) -> str:
        match topic:
            case Topic(feed=Feed.BOOK, pair=str(pair)):
                return f"book:{pair}"
            case Topic(feed=Feed.DEPTH, pair=str(pair), depth=int(depth)) if depth in CARD.depths:
                return f"depth-{depth}:{pair}"
            case Topic(feed=Feed.QUOTE, pair=str(pair)):
                return f"top:{pair}"
            case Topic(feed=Feed.TRADES, pair=str(pair)):
                return f"trades:{pair}"
            case Topic(feed=Feed.KLINES, pair=str(pair), interval=str(interval)) if interval in STEPS:
                return f"candles-{STEPS[interval]}:{pair}"
        raise ValueError(f"acme has no public feed {topic}")

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        lines = text.read(frame)
        first, words = lines[0] if lines else ("", [])
        match first:
            case "change" | "whole":
                _book(first, words, lines, out)
            case "depth":
                depth = shaped(words, wire.Depth)
                bids, asks = parse.numbers(text.levels(lines, "bid")), parse.numbers(text.levels(lines, "ask"))
                out.snapshot(depth.market, bids, asks, depth.count, depth.at * US, depth.levels)
            case "top":
                top = shaped(words, wire.Top)
                out.quote(top.market, *parse.sides(top), None if top.at is None else top.at * US)
            case "trade":
                trades = [shaped(rest, wire.Trade) for name, rest in lines if name == "trade"]
                for row in trades:
                    out.trade(row.market, row.price, row.size, parse.side(row.taker), row.at * US, row.id)
            case "candle":
                candles = [shaped(rest, wire.Candle) for name, rest in lines if name == "candle"]
                spelled = [INTERVALS[row.step] for row in candles]
                for candle, interval in zip(candles, spelled, strict=True):
                    ohlc = candle.open, candle.high, candle.low, candle.close
                    out.kline(candle.market, interval, candle.opens * US, ohlc, candle.size, candle.value, None)
            case _:
                self.answer(first, words, out)


def shaped(words: list[str], shape: type[T]) -> T:
    """Return a line as its struct. Raises ValueError or msgspec.ValidationError for another one."""
    return msgspec.convert(text.named(words), shape, strict=False)


def _book(first: str, words: list[str], lines: list[text.Line], out: Sink) -> None:
    book = shaped(words, wire.Book)
    bids, asks = text.levels(lines, "bid"), text.levels(lines, "ask")
    printed = Printed(bids=bids, asks=asks, checksum=book.sum)
    changed, offered = parse.numbers(bids), parse.numbers(asks)
    if first == "whole":
        out.snapshot(book.market, changed, offered, book.count, book.at * US, 0, printed)
    else:
        out.delta(book.market, changed, offered, book.count, book.count, book.at * US, printed=printed)
