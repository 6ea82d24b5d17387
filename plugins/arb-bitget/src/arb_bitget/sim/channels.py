"""Market data by subscription: the public half of the socket.

A stream's name is its channel and its pair. Sources: https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel
and its neighbours; for `pseq` github.com/JKorf/Bitget.Net pull 89 and, where it is documented, its twin
https://www.bitget.com/api-doc/uta/websocket/public/Order-Book-Channel
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import Candle
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.sources import Bars, Deltas, Depth, Prints, Source, Statistics, Top, Update
from arb_sim.kernel.streams import Stream

from arb_bitget.sim.frames import pushed
from arb_bitget.sim.market_data import INTERVALS, SOCKET_INTERVALS, candle_row, ticker
from arb_bitget.sim.spelling import text

if TYPE_CHECKING:
    from arb_bitget.sim.venue import BitgetVenue

__all__ = ["SUMMED", "BookForm", "Channels"]

MS = 1_000_000

BookForm = Literal["chain", "checksum"]
"""What a client of `books` may trust: `pseq`, the number of the message before, or a sum over the best levels."""

SUMMED = 25
"""Levels a side that the sum covers."""

DEPTHS = {"books1": (1, 60 * MS), "books5": (5, 200 * MS), "books15": (15, 200 * MS)}
"""Channel -> levels, and the time between two pushes."""

RECENT_TRADES = 50
"""How many are told to whoever begins to follow `trade`."""


class Channels:
    """Everything on the socket that needs no key."""

    def __init__(self, venue: "BitgetVenue", form: BookForm) -> None:
        self._venue = venue
        self._form = form
        self._books: dict[str, Stream] = {}

    def open(self, name: str) -> Stream | None:
        """Make the stream of a name."""
        channel, _, pair = name.partition(":")
        market = self._venue.by_pair.get(pair)
        if market is None:
            return None
        if channel in DEPTHS:
            return self._depth(name, market, *DEPTHS[channel])
        granularity = SOCKET_INTERVALS.get(channel.removeprefix("candle")) if channel.startswith("candle") else None
        if granularity is not None:
            return self._candles(name, market, granularity)
        makers = {"books": self._make_book, "trade": self._trades, "ticker": self._ticker}
        return makers[channel](name, market) if channel in makers else None

    def before(self, peer: Peer, name: str) -> None:
        """Push what has gathered in a book, so that all who follow it go on from what a newcomer is told."""
        if name in self._books and name not in peer.streams:
            self._venue.flush(self._books[name])

    def begin(self, peer: Peer, name: str, stream: Stream) -> None:
        """Tell whoever begins to follow what there is."""
        channel, market, now_ns = name.partition(":")[0], stream.market, self._venue.now_ns
        if channel == "books":
            whole = market.book.snapshot(self._venue.timeline.now_ns)
            item = self._item(market, whole.version, whole.bids, whole.asks)
            if self._form == "chain":
                item["pseq"] = 0
        elif channel in DEPTHS:
            levels = DEPTHS[channel][0]
            book = market.book
            item = self._best(market, Top(book.version, book.bids.top(levels), book.asks.top(levels)))
        elif channel == "trade":
            recent = [self._venue.shown_trade(market, trade) for trade in reversed(market.latest(RECENT_TRADES))]
            self._venue.say(peer, pushed("snapshot", name, recent, now_ns // MS))
            return
        elif channel.startswith("candle"):
            interval = INTERVALS[SOCKET_INTERVALS[channel.removeprefix("candle")]]
            row = candle_row(market, market.candles(interval, now_ns).last(now_ns))
            self._venue.say(peer, pushed("snapshot", name, [row], now_ns // MS))
            return
        else:
            item = ticker(market, str(now_ns // MS))
        self._venue.say(peer, pushed("snapshot", name, [item], now_ns // MS))

    # Each channel

    def _stream(  # noqa: PLR0917 (what a stream is made of)
        self,
        name: str,
        feed: str,
        source: Source[Any],
        every_ns: int,
        show: Callable[[Any], list[Any]],
        action: str = "snapshot",
    ) -> Stream:
        def render(taken: Any, now_ns: int) -> list[str | bytes]:
            return [text(pushed(action, name, show(taken), now_ns // MS))]

        return Stream(name, feed, source, every_ns, render)

    def _make_book(self, name: str, market: Market) -> Stream:
        def show(update: Update) -> list[Any]:
            item = self._item(market, update.last, update.bids, update.asks)
            if self._form == "chain":
                item["pseq"] = update.first - 1
            else:
                item["checksum"] = _sum(market)
            return [item]

        stream = self._books[name] = self._stream(name, "book", Deltas(market), 200 * MS, show, "update")
        return stream

    def _item(self, market: Market, seq: int, bids: Sequence[Units], asks: Sequence[Units]) -> dict[str, Any]:
        levels = market.spelling.levels
        stamp = str(self._venue.stamp(market.book.changed_ns))
        return {"asks": levels(sorted(asks)), "bids": levels(sorted(bids, reverse=True)), "seq": seq, "ts": stamp}

    def _depth(self, name: str, market: Market, levels: int, every_ns: int) -> Stream:
        feed = "quote" if levels == 1 else "depth"
        return self._stream(name, feed, Depth(market, levels), every_ns, lambda top: [self._best(market, top)])

    def _best(self, market: Market, top: Top) -> dict[str, Any]:
        """The best levels, whole: their checksum is 0."""
        return {**self._item(market, top.version, top.bids, top.asks), "checksum": 0}

    def _trades(self, name: str, market: Market) -> Stream:
        def show(prints: list[Print]) -> list[Any]:
            return [self._venue.shown_trade(market, trade) for trade in reversed(prints)]

        return self._stream(name, "trades", Prints(market), 0, show, "update")

    def _ticker(self, name: str, market: Market) -> Stream:
        source, venue = Statistics(market), self._venue
        return self._stream(name, "ticker", source, 250 * MS, lambda taken: [ticker(taken, str(venue.now_ms))])

    def _candles(self, name: str, market: Market, granularity: str) -> Stream:
        def show(candles: list[Candle]) -> list[Any]:
            return [candle_row(market, candle) for candle in candles]

        source = Bars(market, INTERVALS[granularity], self._venue.timeline)
        return self._stream(name, "klines", source, 500 * MS, show, "update")


def _sum(market: Market) -> int:
    """Sum up the best levels as they are printed, bid and ask in turn, as a signed number of 32 bits."""
    book, level = market.book, market.spelling.level
    bids, asks = book.bids.top(SUMMED), book.asks.top(SUMMED)
    parts = [":".join(level(*side[rank])) for rank in range(SUMMED) for side in (bids, asks) if rank < len(side)]
    found = crc32(":".join(parts).encode())
    return found - (1 << 32) if found >= 1 << 31 else found
