"""Market data by subscription: the public half of the sockets.

A stream's name is its channel and its instrument. Candles, and trades one by one, have a socket of their own.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arb_sim.kernel.candles import Candle
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.sources import Bars, Best, Depth, Prints, Source, Statistics, Top, Update
from arb_sim.kernel.streams import Stream

from arb_okx.sim.books import DEPTH, Chain, checksum
from arb_okx.sim.market_data import BARS, bar, ticker
from arb_okx.sim.spelling import price, rows, size, text

if TYPE_CHECKING:
    from arb_okx.sim.venue import OkxVenue

__all__ = ["FOR_FEW", "Channels"]

MS = 1_000_000
SECOND = 1_000_000_000

FOR_FEW = {"books-l2-tbt", "books50-l2-tbt"}
"""Channels for clients of a high tier, which ours is not."""


class Channels:
    """Everything on the sockets that needs no key."""

    def __init__(self, venue: "OkxVenue") -> None:
        self._venue = venue
        self._chains: dict[str, tuple[Stream, Chain]] = {}
        """Name -> the stream of a book that has been opened, and where its numbers come from."""
        self._makers: dict[str, dict[str, Callable[[str, Market], Stream]]] = {
            "public": {
                "books": self._books,
                "books5": self._books5,
                "bbo-tbt": self._bbo,
                "trades": self._trades,
                "tickers": self._tickers,
            },
            "business": {"trades-all": self._trades_all, **{f"candle{name}": self._candles for name in BARS}},
        }

    def serves(self, socket: str, channel: str) -> bool:
        """Whether a socket has such a channel."""
        return channel in self._makers.get(socket, ())

    def subscribe(self, peer: Peer, arg: dict[str, Any], accept: Callable[[], None]) -> None:
        """Let a connection follow a channel of an instrument that exists. A book begins with all of it."""
        venue = self._venue
        name = f"{arg['channel']} {arg['instId']}"
        fresh = name not in peer.streams
        if fresh and name in self._chains:
            # Who listens already gets what has gathered, so that all go on from one id.
            venue.flush(self._chains[name][0])
        venue.subscribe(peer, name)
        accept()
        if fresh and name in self._chains:
            venue.say(peer, self._whole(*self._chains[name]))

    def unsubscribe(self, peer: Peer, arg: dict[str, Any]) -> None:
        """Let it follow that no longer."""
        self._venue.unsubscribe(peer, f"{arg['channel']} {arg.get('instId')}")

    def open(self, name: str) -> Stream | None:
        """Make the stream of a name."""
        channel, _, pair = name.partition(" ")
        market = self._venue.by_pair.get(pair)
        make = next((makers[channel] for makers in self._makers.values() if channel in makers), None)
        return None if market is None or make is None else make(name, market)

    def renumber(self, pair: str) -> None:
        """Let the ids of a book begin anew, lower than before, as after maintenance."""
        market = self._venue.by_pair[pair]
        market.book.version //= 2
        for stream, _ in self._chains.values():
            if stream.market is market:
                stream.source.wake()

    # Each channel

    def _stream(
        self, name: str, feed: str, source: Source[Any], every_ns: int, show: Callable[[Any], list[Any]]
    ) -> Stream:
        channel, _, pair = name.partition(" ")
        arg = {"channel": channel, "instId": pair}

        def render(taken: Any, _now_ns: int) -> list[str | bytes]:
            return [text({"arg": arg, "data": [shown]}) for shown in show(taken)]

        return Stream(name, feed, source, every_ns, render)

    def _stamp(self, market: Market) -> str:
        return str(self._venue.stamp(market.book.changed_ns))

    def _books(self, name: str, market: Market) -> Stream:
        arg = {"channel": "books", "instId": market.pair}

        def render(update: Update, _now_ns: int) -> list[str | bytes]:
            shown = {
                "asks": rows(market, update.asks),
                "bids": rows(market, update.bids),
                "ts": self._stamp(market),
                "checksum": self._checksum(market),
                "prevSeqId": update.first - 1,
                "seqId": update.last,
            }
            return [text({"arg": arg, "action": "update", "data": [shown]})]

        source = Chain(market, self._venue.timeline)
        stream = Stream(name, "book", source, 100 * MS, render)
        self._chains[name] = stream, source
        return stream

    def _whole(self, stream: Stream, chain: Chain) -> dict[str, Any]:
        market = stream.market
        snapshot = market.book.snapshot(self._venue.timeline.now_ns, DEPTH)
        shown = {
            "asks": rows(market, snapshot.asks),
            "bids": rows(market, snapshot.bids),
            "ts": self._stamp(market),
            "checksum": self._checksum(market),
            "prevSeqId": -1,
            "seqId": chain.told,
        }
        return {"arg": {"channel": "books", "instId": market.pair}, "action": "snapshot", "data": [shown]}

    def _checksum(self, market: Market) -> int:
        if not self._venue.checksums:
            return 0
        bids, asks = (market.spelling.levels(side.top(DEPTH)) for side in (market.book.bids, market.book.asks))
        return checksum(bids, asks)

    def _books5(self, name: str, market: Market) -> Stream:
        def show(top: Top) -> list[dict[str, Any]]:
            return [
                {
                    "asks": rows(market, top.asks),
                    "bids": rows(market, top.bids),
                    "instId": market.pair,
                    "ts": self._stamp(market),
                    "seqId": top.version,
                }
            ]

        return self._stream(name, "depth", Depth(market, 5), 100 * MS, show)

    def _bbo(self, name: str, market: Market) -> Stream:
        def show(top: Top) -> list[dict[str, Any]]:
            return [
                {
                    "asks": rows(market, top.asks),
                    "bids": rows(market, top.bids),
                    "ts": self._stamp(market),
                    "seqId": top.version,
                }
            ]

        return self._stream(name, "quote", Best(market), 10 * MS, show)

    def _trades(self, name: str, market: Market) -> Stream:
        def show(taken: list[Print]) -> list[dict[str, Any]]:
            return [self._trade(market, trade) | {"count": "1", "seqId": market.book.version} for trade in taken]

        return self._stream(name, "trades", Prints(market), 0, show)

    def _trades_all(self, name: str, market: Market) -> Stream:
        def show(taken: list[Print]) -> list[dict[str, Any]]:
            return [self._trade(market, trade) | {"source": "0"} for trade in taken]

        return self._stream(name, "trades", Prints(market), 0, show)

    def _trade(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "instId": market.pair,
            "tradeId": str(trade.number),
            "px": price(market, trade.price),
            "sz": size(market, trade.size),
            "side": "buy" if trade.taker_buys else "sell",
            "ts": str(self._venue.stamp(trade.at_ns)),
        }

    def _tickers(self, name: str, market: Market) -> Stream:
        def show(taken: Market) -> list[dict[str, Any]]:
            return [ticker(taken, self._venue.now_ms)]

        return self._stream(name, "ticker", Statistics(market), 100 * MS, show)

    def _candles(self, name: str, market: Market) -> Stream:
        interval = BARS[name.partition(" ")[0].removeprefix("candle")]

        def show(taken: list[Candle]) -> list[list[str]]:
            return [bar(market, candle, self._venue.now_ns) for candle in taken]

        return self._stream(name, "klines", Bars(market, interval, self._venue.timeline), SECOND, show)
