"""Market data by subscription: the public socket. A stream's name is its topic.

Source: https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook and its neighbours.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arb_sim.faults import FaultKind
from arb_sim.kernel.candles import Candle
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.sources import Bars, Best, Prints, Source, Statistics, Top, TopDeltas, Update
from arb_sim.kernel.streams import Stream
from arb_sim.timeline import Timeline

from arb_bybit.sim.frames import Ask, words
from arb_bybit.sim.market_data import DEEPEST, INTERVALS, named, ticker
from arb_bybit.sim.spelling import price, quote, size, text

if TYPE_CHECKING:
    from arb_bybit.sim.venue import BybitVenue

__all__ = ["MOST_CHARACTERS", "Channels"]

MS = 1_000_000
SECOND = 1_000_000_000

DEPTHS = {"50": 20 * MS, "200": 100 * MS, str(DEEPEST): 200 * MS}
"""Levels a side -> how often their changes are told."""
BEST_EVERY_NS = 10 * MS
REPEATED_NS = 3 * SECOND
"""How long a best level stays as it is before it is told again."""

MOST_TRADES = 1024
"""Of one message."""

MOST_TOPICS = 10
"""Of one request."""
MOST_CHARACTERS = 21_000
"""Of all the topics of one connection."""


class LastingBest(Best):
    """The best level of each side: each time it changed, and again when it has not for a while."""

    def __init__(self, market: Market, timeline: Timeline) -> None:
        super().__init__(market)
        self._timeline = timeline
        self._attached = 0
        self._taken = 0
        self._due = False

    def attach(self) -> None:
        self._attached += 1
        super().attach()

    def detach(self) -> None:
        self._attached += 1
        super().detach()

    def take(self) -> Top | None:
        top = super().take()
        if top is None and self._due and self._shown is not None:
            top = Top(self.market.book.version, *self._shown)
        self._due = False
        if top is not None:
            self._taken += 1
            state = self._attached, self._taken
            self._timeline.call_at(self._timeline.now_ns + REPEATED_NS, lambda: self._look(state))
        return top

    def _look(self, state: tuple[int, int]) -> None:
        if state == (self._attached, self._taken):
            self._due = True
            self.wake()


class Channels:
    """Everything on the public socket."""

    def __init__(self, venue: "BybitVenue") -> None:
        self._venue = venue
        self._makers: dict[str, Callable[[str, Market, str], Stream | None]] = {
            "orderbook": self._orderbook,
            "publicTrade": self._trades,
            "tickers": self._tickers,
            "kline": self._kline,
        }
        self._books: dict[str, Stream] = {}
        """The channels of books that somebody has followed."""

    def subscribe(self, peer: Peer, ask: Ask) -> None:
        """Let a connection follow what it asks for: all of it, or nothing when one topic is wrong."""
        venue, topics = self._venue, words(ask)
        if (reason := self._objection(peer, topics)) is not None:
            venue.refuse(peer, ask, reason)
            return
        for topic in topics:
            match venue.faults.subscription(peer.conn, self._market_of(topic)):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    return
                case FaultKind.SUBSCRIPTION_REFUSED:
                    venue.refuse(peer, ask, f"error:handler not found,topic:{topic}")
                    return
                case _:
                    pass
        for topic in topics:
            # Who listens already gets what has gathered, so that all go on from one number.
            if (known := self._books.get(topic)) is not None and known.listeners:
                venue.flush(known)
        streams = [venue.subscribe(peer, topic) for topic in topics]
        venue.accept(peer, ask)
        for stream in streams:
            if stream is not None and stream.name.startswith("orderbook."):
                self._books[stream.name] = stream
                self._begin(peer, stream)

    def unsubscribe(self, peer: Peer, ask: Ask) -> None:
        """Let it follow that no longer."""
        for topic in words(ask):
            self._venue.unsubscribe(peer, topic)
        self._venue.accept(peer, ask)

    def open(self, topic: str) -> Stream | None:
        """Make the stream of a topic."""
        kind, _, rest = topic.partition(".")
        argument, _, pair = rest.rpartition(".")
        maker, market = self._makers.get(kind), self._venue.by_pair.get(pair)
        return None if maker is None or market is None else maker(topic, market, argument)

    def _objection(self, peer: Peer, topics: list[str]) -> str | None:
        """Say why a subscription is refused."""
        if not topics:
            return "error:args is empty"
        if len(topics) > MOST_TOPICS:
            return f"args size >{MOST_TOPICS}"
        if sum(map(len, {*peer.streams, *topics})) > MOST_CHARACTERS:
            return f"args length >{MOST_CHARACTERS}"
        for topic in topics:
            if topic not in peer.streams and self.open(topic) is None:
                known = topic.partition(".")[0] in self._makers and self._market_of(topic) is None
                return f"Invalid symbol :[{topic}]" if known else f"error:handler not found,topic:{topic}"
        return None

    def _market_of(self, topic: str) -> Market | None:
        return self._venue.by_pair.get(topic.rpartition(".")[2])

    # Each channel

    def _stream(
        self, topic: str, feed: str, source: Source[Any], every_ns: int, show: Callable[[Any], list[dict[str, Any]]]
    ) -> Stream:
        def render(taken: Any, now_ns: int) -> list[str | bytes]:
            head = {"topic": topic, "ts": now_ns // MS}
            return [text(head | more) for more in show(taken)]

        return Stream(topic, feed, source, every_ns, render)

    def _orderbook(self, topic: str, market: Market, depth: str) -> Stream | None:
        if depth == "1":
            return self._best(topic, market)
        if depth not in DEPTHS:
            return None
        counter = self._venue.market_data.counter(market, int(depth))

        def show(update: Update) -> list[dict[str, Any]]:
            shown = self._book(market, update, counter.next(update.last))
            return [{"type": "delta", **shown}]

        return self._stream(topic, "book", TopDeltas(market, int(depth), ends_told=True), DEPTHS[depth], show)

    def _best(self, topic: str, market: Market) -> Stream:
        counter = self._venue.market_data.counter(market, 1)
        told: list[Any] = []

        def show(top: Top) -> list[dict[str, Any]]:
            levels = top.bids, top.asks
            number = counter.last if told == [levels] else counter.next(top.version)
            told[:] = [levels]
            return [{"type": "snapshot", **self._book(market, top, number)}]

        return self._stream(topic, "quote", LastingBest(market, self._venue.timeline), BEST_EVERY_NS, show)

    def _book(self, market: Market, shown: Top | Update, number: int) -> dict[str, Any]:
        data = {
            "s": market.pair,
            "b": market.spelling.levels(shown.bids),
            "a": market.spelling.levels(shown.asks),
            "u": number,
            "seq": market.book.version,
        }
        return {"data": data, "cts": self._venue.stamp(market.book.changed_ns)}

    def _begin(self, peer: Peer, stream: Stream) -> None:
        """Send the whole book first."""
        venue, market = self._venue, stream.market
        depth = int(stream.name.split(".")[1])
        if depth == 1 and len(stream.listeners) == 1:
            return  # the first who follows best levels is told them anyway
        snapshot = market.book.snapshot(venue.timeline.now_ns, depth)
        # Nobody may have followed it until now.
        number = venue.market_data.counter(market, depth).at(snapshot.version, followed=len(stream.listeners) > 1)
        top = Top(snapshot.version, snapshot.bids, snapshot.asks)
        head = {"topic": stream.name, "ts": venue.now_ms, "type": "snapshot"}
        venue.say(peer, head | self._book(market, top, number))

    def _trades(self, topic: str, market: Market, argument: str) -> Stream | None:
        if argument:
            return None

        def show(trades: list[Print]) -> list[dict[str, Any]]:
            rows = [self._trade(market, trade) for trade in trades]
            return [
                {"type": "snapshot", "data": rows[begin : begin + MOST_TRADES]}
                for begin in range(0, len(rows), MOST_TRADES)
            ]

        return self._stream(topic, "trades", Prints(market), 0, show)

    def _trade(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "T": self._venue.stamp(trade.at_ns),
            "s": market.pair,
            "S": "Buy" if trade.taker_buys else "Sell",
            "v": size(market, trade.size),
            "p": price(market, trade.price),
            "i": named(trade.number),
            "BT": False,
            "RPI": False,
            "seq": trade.number,
        }

    def _tickers(self, topic: str, market: Market, argument: str) -> Stream | None:
        if argument:
            return None

        def show(taken: Market) -> list[dict[str, Any]]:
            return [{"type": "snapshot", "cs": taken.last_number, "data": ticker(taken)}]

        return self._stream(topic, "ticker", Statistics(market), 50 * MS, show)

    def _kline(self, topic: str, market: Market, interval: str) -> Stream | None:
        if interval not in INTERVALS:
            return None

        def show(candle: Candle) -> dict[str, Any]:
            bar = {
                "start": candle.start_ns // MS,
                "end": candle.end_ns // MS - 1,
                "interval": interval,
                "open": price(market, candle.open),
                "close": price(market, candle.close),
                "high": price(market, candle.high),
                "low": price(market, candle.low),
                "volume": size(market, candle.volume),
                "turnover": quote(market, candle.quote_volume),
                "confirm": candle.end_ns <= self._venue.now_ns,
                "timestamp": self._venue.stamp(self._venue.timeline.now_ns),
            }
            return {"type": "snapshot", "data": [bar]}

        source = Bars(market, INTERVALS[interval], self._venue.timeline)
        return self._stream(topic, "klines", source, SECOND, lambda taken: [show(candle) for candle in taken])
