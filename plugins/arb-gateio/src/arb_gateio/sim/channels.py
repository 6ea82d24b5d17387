"""Market data by subscription: the public half of the socket.

A stream's name is its channel and the words of its payload.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arb_sim.faults import FaultKind
from arb_sim.kernel.candles import Candle
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.sources import Bars, Best, Depth, Prints, Source, Statistics, Top, TopDeltas, Update
from arb_sim.kernel.streams import Stream

from arb_gateio.sim.frames import Ask
from arb_gateio.sim.market_data import INTERVALS, ticker
from arb_gateio.sim.spelling import price, quote, size, ten, text

if TYPE_CHECKING:
    from arb_gateio.sim.venue import GateioVenue

__all__ = ["Channels"]

MS = 1_000_000
SECOND = 1_000_000_000

UPDATE_DEPTHS = {"100ms": 100, "20ms": 20}
OBU_SPEEDS = {"50": 20 * MS, "400": 100 * MS}
BOOK_SPEEDS = {"100ms": 100 * MS, "1000ms": 1000 * MS}
BOOK_LEVELS = {"5", "10", "20", "50", "100"}

ONE_PAIR = {"spot.order_book", "spot.order_book_update", "spot.candlesticks"}
"""Channels whose payload is one pair and its arguments; the others take a list of pairs."""


class Channels:
    """Everything on the socket that needs no key."""

    def __init__(self, venue: "GateioVenue") -> None:
        self._venue = venue
        self._markets = venue.by_pair
        self._makers: dict[str, Callable[[str, list[str]], Stream | None]] = {
            "spot.tickers": self._tickers,
            "spot.trades": self._trades,
            "spot.trades_v2": self._trades,
            "spot.candlesticks": self._candlesticks,
            "spot.book_ticker": self._book_ticker,
            "spot.order_book_update": self._update,
            "spot.order_book": self._order_book,
            "spot.obu": self._obu,
        }

    def __contains__(self, channel: str) -> bool:
        """Whether there is such a channel."""
        return channel in self._makers

    def subscribe(self, peer: Peer, ask: Ask, words: list[str]) -> None:
        """Let a connection follow what it asks for: all of it, or nothing when one pair is wrong."""
        venue = self._venue
        names = _names(ask, words)
        if reason := self._objection(peer, ask, words):
            venue.refuse(peer, ask, 2, reason)
            return
        for name in names:
            match venue.faults.subscription(peer.conn, self._market_of(name)):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    return
                case FaultKind.SUBSCRIPTION_REFUSED:
                    venue.refuse(peer, ask, 2, f"unknown currency pair: {words[0]}")
                    return
                case _:
                    pass
        streams = [(name, venue.subscribe(peer, name)) for name in names]
        venue.accept(peer, ask)
        if ask.channel == "spot.obu":
            for name, stream in streams:
                if stream is not None:
                    self._begin_obu(peer, name, stream)

    def unsubscribe(self, peer: Peer, ask: Ask, words: list[str]) -> None:
        """Let it follow that no longer."""
        for name in _names(ask, words):
            self._venue.unsubscribe(peer, name)
        self._venue.accept(peer, ask)

    def open(self, name: str) -> Stream | None:
        """Make the stream of a name."""
        channel, _, words = name.partition(" ")
        return self._makers[channel](name, words.split(","))

    def _objection(self, peer: Peer, ask: Ask, words: list[str]) -> str | None:
        """Say why a subscription is refused."""
        names = _names(ask, words)
        if not names:
            return "invalid argument: payload is empty"
        for name in names:
            if ask.channel == "spot.obu":
                pair = name.split()[1].rpartition(".")[0]
                if any(known.startswith(f"spot.obu {pair}.") for known in peer.streams):
                    return f"Alert sub {name.split()[1]}"
            if self._market_of(name) is None:
                return f"unknown currency pair: {words[-1] if len(names) == 1 else name.split()[1]}"
            if name not in peer.streams and self.open(name) is None:
                return f"invalid argument: {name.partition(' ')[2]}"
        return None

    def _market_of(self, name: str) -> Market | None:
        parts = [part for word in name.split(" ", 1)[1].split(",") for part in word.split(".")]
        return next((self._markets[part] for part in parts if part in self._markets), None)

    # Each channel

    def _stream(
        self, name: str, feed: str, source: Source[Any], every_ns: int, show: Callable[[Any], list[dict[str, Any]]]
    ) -> Stream:
        channel = name.partition(" ")[0]

        def render(taken: Any, now_ns: int) -> list[str | bytes]:
            head = {"time": now_ns // SECOND, "time_ms": now_ns // MS, "channel": channel, "event": "update"}
            return [text(head | {"result": result}) for result in show(taken)]

        return Stream(name, feed, source, every_ns, render)

    def _tickers(self, name: str, words: list[str]) -> Stream | None:
        market = self._markets.get(words[0])
        if market is None:
            return None
        return self._stream(name, "ticker", Statistics(market), SECOND, lambda taken: [ticker(taken, [])])

    def _trades(self, name: str, words: list[str]) -> Stream | None:
        market = self._markets.get(words[0])
        if market is None:
            return None
        listing, venue = market.listing, self._venue

        def show(trade: Print) -> dict[str, Any]:
            return {
                "id": trade.number,
                "id_market": trade.number - 1_000,
                "create_time": venue.stamp(trade.at_ns) // 1000,
                "create_time_ms": venue.exact_stamp(trade.at_ns),
                "side": "buy" if trade.taker_buys else "sell",
                "currency_pair": market.pair,
                # Alone among all numbers, these two are padded to ten decimals.
                "amount": ten(trade.size, listing.size_decimals),
                "price": ten(trade.price, listing.price_decimals),
                "range": f"{trade.number - 1_000}-{trade.number - 1_000}",
            }

        return self._stream(name, "trades", Prints(market), 0, lambda taken: [show(trade) for trade in taken])

    def _candlesticks(self, name: str, words: list[str]) -> Stream | None:
        if len(words) != 2 or words[0] == "1s" or words[0] not in INTERVALS or words[1] not in self._markets:
            return None
        market, interval, venue = self._markets[words[1]], words[0], self._venue

        def show(candle: Candle) -> dict[str, Any]:
            return {
                "t": str(candle.start_ns // SECOND),
                "v": quote(market, candle.quote_volume),
                "c": price(market, candle.close),
                "h": price(market, candle.high),
                "l": price(market, candle.low),
                "o": price(market, candle.open),
                "n": f"{interval}_{market.pair}",
                "a": size(market, candle.volume),
                "w": candle.end_ns <= venue.now_ns,
            }

        source = Bars(market, INTERVALS[interval], venue.timeline)
        return self._stream(name, "klines", source, 2 * SECOND, lambda taken: [show(candle) for candle in taken])

    def _book_ticker(self, name: str, words: list[str]) -> Stream | None:
        market = self._markets.get(words[0])
        if market is None:
            return None

        def show(top: Top) -> dict[str, Any]:
            bid, bid_size = market.spelling.level(*top.bids[0]) if top.bids else ("", "")
            ask, ask_size = market.spelling.level(*top.asks[0]) if top.asks else ("", "")
            return {
                "t": self._venue.stamp(market.book.changed_ns),
                "u": top.version,
                "s": market.pair,
                "b": bid,
                "B": bid_size,
                "a": ask,
                "A": ask_size,
            }

        return self._stream(name, "quote", Best(market), 10 * MS, lambda taken: [show(taken)])

    def _update(self, name: str, words: list[str]) -> Stream | None:
        if len(words) != 2 or words[0] not in self._markets or words[1] not in UPDATE_DEPTHS:
            return None
        market, depth = self._markets[words[0]], UPDATE_DEPTHS[words[1]]

        def show(update: Update) -> dict[str, Any]:
            stamp = self._venue.stamp(market.book.changed_ns)
            return {
                "t": stamp,
                "e": "depthUpdate",
                "E": stamp // 1000,
                "s": market.pair,
                "U": update.first,
                "u": update.last,
                "l": str(depth),
                "b": market.spelling.levels(update.bids),
                "a": market.spelling.levels(update.asks),
            }

        every_ns = int(words[1].removesuffix("ms")) * MS
        return self._stream(name, "book", TopDeltas(market, depth), every_ns, lambda taken: [show(taken)])

    def _order_book(self, name: str, words: list[str]) -> Stream | None:
        match words:
            case [pair, levels, speed] if pair in self._markets and levels in BOOK_LEVELS and speed in BOOK_SPEEDS:
                market = self._markets[pair]
            case _:
                return None

        def show(top: Top) -> dict[str, Any]:
            return {
                "t": self._venue.stamp(market.book.changed_ns),
                "lastUpdateId": top.version,
                "s": market.pair,
                "l": levels,
                "bids": market.spelling.levels(top.bids),
                "asks": market.spelling.levels(top.asks),
            }

        source = Depth(market, int(levels))
        return self._stream(name, "depth", source, BOOK_SPEEDS[speed], lambda taken: [show(taken)])

    def _obu(self, name: str, words: list[str]) -> Stream | None:
        match words[0].split("."):
            case ["ob", pair, depth] if pair in self._markets and depth in OBU_SPEEDS and len(words) == 1:
                market = self._markets[pair]
            case _:
                return None

        def render(update: Update, now_ns: int) -> list[str | bytes]:
            result: dict[str, Any] = {
                "t": self._venue.stamp(market.book.changed_ns),
                "s": words[0],
                "U": update.first,
                "u": update.last,
            }
            # A side without changes is left out.
            if update.bids:
                result["b"] = market.spelling.levels(update.bids)
            if update.asks:
                result["a"] = market.spelling.levels(update.asks)
            return [text({"channel": "spot.obu", "result": result, "time_ms": now_ns // MS})]

        return Stream(name, "book", TopDeltas(market, int(depth), ends_told=True), OBU_SPEEDS[depth], render)

    def _begin_obu(self, peer: Peer, name: str, stream: Stream) -> None:
        """Send the whole book first. Who listens already gets what has gathered, so that all go on from one id."""
        venue = self._venue
        venue.flush(stream)
        market, depth = stream.market, int(name.rpartition(".")[2])
        snapshot = market.book.snapshot(venue.timeline.now_ns, depth)
        result = {
            "t": venue.stamp(market.book.changed_ns),
            "full": True,
            "s": name.split()[1],
            "u": snapshot.version,
            "b": market.spelling.levels(snapshot.bids),
            "a": market.spelling.levels(snapshot.asks),
        }
        venue.say(peer, {"channel": "spot.obu", "result": result, "time_ms": venue.now_ms})


def _names(ask: Ask, words: list[str]) -> list[str]:
    """Spell the streams of a request."""
    if ask.channel in ONE_PAIR:
        return [f"{ask.channel} {','.join(words)}"] if words else []
    return [f"{ask.channel} {word}" for word in words]
