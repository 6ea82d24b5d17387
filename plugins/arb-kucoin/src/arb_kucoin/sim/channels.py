"""Market data by subscription: the public topics of the socket.

A stream's name is its topic, of one symbol.

Source: https://www.kucoin.com/docs-new/3470069w0 (orderbook - increment) and its neighbours.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from arb_sim.faults import FaultKind
from arb_sim.kernel.book import Units
from arb_sim.kernel.candles import Candle
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.market import Market, Print, Status
from arb_sim.kernel.sources import AllStatistics, Bars, Best, Deltas, Depth, Prints, Source, Statistics, Top
from arb_sim.kernel.streams import Stream

from arb_kucoin.sim import frames
from arb_kucoin.sim.frames import Ask
from arb_kucoin.sim.market_data import INTERVALS, candle_row, day_change
from arb_kucoin.sim.spelling import price, size, text

if TYPE_CHECKING:
    from arb_kucoin.sim.venue import KucoinVenue

__all__ = ["Channels", "Rows", "topics"]

MS = 1_000_000
SECOND = 1_000_000_000

MOST_SYMBOLS = 100
"""Of one subscription."""

EVERY_MARKET = "all"


class Row(NamedTuple):
    """A changed level and its number in the book's sequence. Price 0: a newer row has overtaken it."""

    number: int
    bid: bool
    price: int
    size: int


class Rows(Deltas):
    """Every change of the book with its number, in a market whose `ids_per_level` gives each of them one."""

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.rows: list[Row] = []

    def attach(self) -> None:
        super().attach()
        self.rows.clear()

    def changed(self, bids: Sequence[Units], asks: Sequence[Units]) -> None:
        number = self.market.book.version - len(bids) - len(asks)
        for bid, levels in ((True, bids), (False, asks)):
            for level in levels:
                number += 1
                self.rows.append(Row(number, bid, *level))
        super().changed(bids, asks)

    def since_last(self) -> list[Row]:
        """Return the rows since the last time, and begin anew."""
        rows, self.rows = self.rows, []
        newest = {(row.bid, row.price): row.number for row in rows}
        return [row if newest[row.bid, row.price] == row.number else Row(row.number, row.bid, 0, 0) for row in rows]


class Channels:
    """Every topic that needs no key."""

    def __init__(self, venue: "KucoinVenue") -> None:
        self._venue = venue
        self._markets = venue.by_pair
        self._makers: dict[str, Callable[[str, str], Stream | None]] = {
            "/market/level2": self._level2,
            "/spotMarket/level1": self._level1,
            "/spotMarket/level2Depth5": self._depth,
            "/spotMarket/level2Depth50": self._depth,
            "/market/ticker": self._ticker,
            "/market/match": self._match,
            "/market/candles": self._candles,
            "/market/snapshot": self._snapshot,
        }

    def __contains__(self, topic: str) -> bool:
        """Whether there is such a topic."""
        return topic.partition(":")[0] in self._makers

    def subscribe(self, peer: Peer, ask: Ask) -> None:
        """Let a connection follow what it asks for: all of it, or nothing when one symbol is wrong."""
        venue, names = self._venue, topics(ask)
        if reason := self._objection(peer, names):
            venue.say(peer, frames.error(ask.id, *reason))
            return
        for name in names:
            match venue.faults.subscription(peer.conn, self._market_of(name)):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    return
                case FaultKind.SUBSCRIPTION_REFUSED:
                    venue.say(peer, frames.error(ask.id, 404, f"topic {name} is not found"))
                    return
                case _:
                    pass
        for name in names:
            venue.subscribe(peer, name)
        if ask.response:
            venue.say(peer, frames.ack(ask))

    def open(self, name: str) -> Stream | None:
        """Make the stream of a topic."""
        topic, _, word = name.partition(":")
        return self._makers[topic](name, word)

    def _objection(self, peer: Peer, names: list[str]) -> tuple[int, str] | None:
        """Say why a subscription is refused."""
        if len(names) > MOST_SYMBOLS:
            return 509, f"exceed max subscription count limitation of {MOST_SYMBOLS} per time"
        most = self._venue.rules.max_streams
        if most is not None and len(peer.streams.keys() | set(names)) > most:
            return 509, f"exceed max subscription count limitation of {most} per session"
        for name in names:
            if name not in peer.streams and self.open(name) is None:
                return 404, f"topic {name} is not found"
        return None

    def _market_of(self, name: str) -> Market | None:
        return self._markets.get(name.partition(":")[2].partition("_")[0])

    # Each topic

    def _stream(
        self,
        name: str,
        feed: str,
        source: Source[Any],
        every_ns: int,
        show: Callable[[Any], list[tuple[str, dict[str, Any]]]],
    ) -> Stream:
        """`show` turns what a source took into pairs of a subject and its data."""

        def render(taken: Any, _now_ns: int) -> list[str | bytes]:
            return [text(frames.message(name, subject, data)) for subject, data in show(taken)]

        return Stream(name, feed, source, every_ns, render)

    def _level2(self, name: str, word: str) -> Stream | None:
        market = self._markets.get(word)
        if market is None:
            return None
        source = Rows(market)

        def show(update: Any) -> list[tuple[str, dict[str, Any]]]:
            rows = source.since_last()

            def side(*, bid: bool) -> list[tuple[str, str, str]]:
                return [
                    (*market.spelling.level(row.price, row.size), str(row.number)) for row in rows if row.bid is bid
                ]

            data = {
                "changes": {"asks": side(bid=False), "bids": side(bid=True)},
                "sequenceStart": update.first,
                "sequenceEnd": update.last,
                "symbol": market.pair,
                "time": self._venue.stamp(market.book.changed_ns),
            }
            return [("trade.l2update", data)]

        return self._stream(name, "book", source, 0, show)

    def _level1(self, name: str, word: str) -> Stream | None:
        market = self._markets.get(word)
        if market is None:
            return None

        def show(top: Top) -> list[tuple[str, dict[str, Any]]]:
            flat = {
                side: market.spelling.level(*levels[0]) if levels else ()
                for side, levels in (("asks", top.asks), ("bids", top.bids))
            }
            return [("level1", {**flat, "timestamp": self._venue.stamp(market.book.changed_ns)})]

        return self._stream(name, "quote", Best(market), 10 * MS, show)

    def _depth(self, name: str, word: str) -> Stream | None:
        market = self._markets.get(word)
        if market is None:
            return None

        def show(top: Top) -> list[tuple[str, dict[str, Any]]]:
            data = {
                "asks": market.spelling.levels(top.asks),
                "bids": market.spelling.levels(top.bids),
                "timestamp": self._venue.stamp(market.book.changed_ns),
            }
            return [("level2", data)]

        levels = int(name.partition(":")[0].removeprefix("/spotMarket/level2Depth"))
        return self._stream(name, "depth", Depth(market, levels), 100 * MS, show)

    def _ticker(self, name: str, word: str) -> Stream | None:
        if word == EVERY_MARKET:
            every = AllStatistics(list(self._markets.values()))
            return self._stream(
                name,
                "ticker",
                every,
                100 * MS,
                lambda taken: [(market.pair, self._ticked(market)) for market in taken],
            )
        market = self._markets.get(word)
        if market is None:
            return None
        return self._stream(
            name, "quote", Statistics(market), 100 * MS, lambda taken: [("trade.ticker", self._ticked(taken))]
        )

    def _ticked(self, market: Market) -> dict[str, Any]:
        at_ns = max(market.book.changed_ns, market.prints[-1].at_ns)
        return {**self._venue.market_data.top(market), "time": self._venue.stamp(at_ns)}

    def _match(self, name: str, word: str) -> Stream | None:
        market = self._markets.get(word)
        if market is None:
            return None

        def show(trade: Print) -> tuple[str, dict[str, Any]]:
            data = {
                "symbol": market.pair,
                "sequence": str(trade.number),
                "side": "buy" if trade.taker_buys else "sell",
                "size": size(market, trade.size),
                "price": price(market, trade.price),
                "takerOrderId": self._venue.stranger_id(trade.number, maker=False),
                "time": str(trade.at_ns + self._venue.faults.skew_ns),
                "type": "match",
                "makerOrderId": self._venue.stranger_id(trade.number, maker=True),
                "tradeId": str(trade.number),
            }
            return "trade.l3match", data

        return self._stream(name, "trades", Prints(market), 0, lambda taken: [show(trade) for trade in taken])

    def _candles(self, name: str, word: str) -> Stream | None:
        pair, _, kind = word.partition("_")
        market, interval, venue = self._markets.get(pair), INTERVALS.get(kind), self._venue
        if market is None or interval is None:
            return None
        shown = 0

        def show(candle: Candle) -> tuple[str, dict[str, Any]]:
            nonlocal shown
            begins, shown = candle.start_ns > shown, max(shown, candle.start_ns)
            data = {"symbol": market.pair, "candles": candle_row(market, candle), "time": venue.now_ns}
            return f"trade.candles.{'add' if begins else 'update'}", data

        source = Bars(market, interval, venue.timeline)
        return self._stream(name, "klines", source, 100 * MS, lambda taken: [show(candle) for candle in taken])

    def _snapshot(self, name: str, word: str) -> Stream | None:
        market = self._markets.get(word)
        if market is None:
            return None
        return self._stream(
            name, "ticker", Statistics(market), 2 * SECOND, lambda taken: [("trade.snapshot", self._day(taken))]
        )

    def _day(self, market: Market) -> dict[str, Any]:
        """Show the 24-hour figures: numbers, here alone."""
        listing, day, top = market.listing, market.day, self._venue.market_data.top(market)
        rate, change = day_change(market)
        return {
            "sequence": str(market.book.version),
            "data": {
                "trading": market.status is Status.TRADING,
                "symbol": market.pair,
                "buy": float(top["bestBid"] or 0),
                "sell": float(top["bestAsk"] or 0),
                "sort": 100,
                "volValue": float(day.quote_volume * listing.tick * listing.lot),
                "baseCurrency": listing.symbol.base,
                "market": listing.symbol.quote,
                "quoteCurrency": listing.symbol.quote,
                "symbolCode": market.pair,
                "datetime": self._venue.now_ms,
                "high": float(day.high * listing.tick),
                "vol": float(day.volume * listing.lot),
                "low": float(day.low * listing.tick),
                "changePrice": float(change),
                "changeRate": float(rate),
                "lastTradedPrice": float(market.last_price * listing.tick),
                "board": 0,
                "mark": 0,
            },
        }


def topics(ask: Ask) -> list[str]:
    """Spell each topic of a request, by symbol."""
    topic, colon, words = ask.topic.partition(":")
    return [f"{topic}{colon}{word}" for word in words.split(",")] if colon else [topic]
