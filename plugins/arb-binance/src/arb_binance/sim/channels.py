"""Market data by subscription: the raw and the combined streams, and what a client may say on them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.candles import Candle
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.rest import parameters
from arb_sim.kernel.sources import AllStatistics, Bars, Best, Deltas, Depth, Prints, Source, Statistics, Top, Update
from arb_sim.kernel.streams import Stream
from arb_sim.venue import Request, Response

from arb_binance.sim.market_data import INTERVALS, MarketData
from arb_binance.sim.spelling import best, quote, text

if TYPE_CHECKING:
    from arb_binance.sim.venue import BinanceVenue

__all__ = ["Channels"]

MS = 1_000_000
SECOND = 1_000_000_000


class Control(msgspec.Struct, frozen=True):
    """A client's text frame."""

    method: str
    params: list[Any] = []
    id: int | str | None = None


class Channels:
    """Everything on the sockets of market streams."""

    def __init__(self, venue: "BinanceVenue", market_data: MarketData) -> None:
        self._venue = venue
        self._market_data = market_data
        self._by_lower = {pair.lower(): market for pair, market in venue.by_pair.items()}

    def welcome(self, peer: Peer) -> Response | None:
        """Take a handshake, perhaps with streams in its URL."""
        head, _, tail = peer.path.lstrip("/").partition("/")
        match head:
            case "ws":
                names = [name for name in tail.split("/") if name]
            case "stream" if not tail:
                peer.properties["combined"] = True
                streams = parameters(Request(method="GET", path=peer.path, query=peer.query)).get("streams", "")
                names = [name for name in streams.split("/") if name]
            case _:
                return Response(status=404)
        if len(names) > (self._venue.rules.max_streams or 0):
            return Response(status=400)
        peer.properties.setdefault("combined", False)
        for name in names:  # a URL gets no answers: what is wrong with it stays silent
            if self._venue.faults.subscription(peer.conn, self._market_of(name)) is None:
                self._venue.subscribe(peer, name)
        return None

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        """Take a control frame."""
        try:
            control = msgspec.json.decode(frame, type=Control)
        except msgspec.ValidationError as error:
            self._refuse(peer, 2, f"Invalid request: {error}", None)
            return
        except msgspec.DecodeError as error:
            self._refuse(peer, 3, f"Invalid JSON: {error}", None)
            return
        match control.method:
            case "SUBSCRIBE" | "UNSUBSCRIBE":
                self._change_subscriptions(peer, control)
            case "LIST_SUBSCRIPTIONS":
                self._answer(peer, control, list(peer.streams))
            case "SET_PROPERTY":
                self._set_property(peer, control)
            case "GET_PROPERTY":
                if control.params != ["combined"]:
                    self._refuse(peer, 0, "Unknown property", control.id)
                else:
                    self._answer(peer, control, peer.properties["combined"])
            case _:
                self._refuse(peer, 2, f"Invalid request: unknown variant `{control.method}`", control.id)

    def _set_property(self, peer: Peer, control: Control) -> None:
        match control.params:
            case ["combined", bool() as combined]:
                peer.properties["combined"] = combined
                self._answer(peer, control, None)
            case ["combined", _]:
                self._refuse(peer, 1, "Invalid value type: expected Boolean", control.id)
            case _:
                self._refuse(peer, 0, "Unknown property", control.id)

    def _change_subscriptions(self, peer: Peer, control: Control) -> None:
        names = [name for name in control.params if isinstance(name, str)]
        if not names or len(names) != len(control.params):
            self._refuse(peer, 2, "Invalid request: request must have at least one parameter", control.id)
            return
        if control.method == "UNSUBSCRIBE":
            for name in names:
                self._venue.unsubscribe(peer, name)
            self._answer(peer, control, None)
            return
        if len({*peer.streams, *names}) > (self._venue.rules.max_streams or 0):
            self._refuse(peer, 2, "Invalid request: too many streams on this connection", control.id)
            return
        befell = [self._venue.faults.subscription(peer.conn, self._market_of(name)) for name in names]
        if FaultKind.SUBSCRIPTION_IGNORED in befell:
            return
        if FaultKind.SUBSCRIPTION_REFUSED in befell:
            self._refuse(peer, 2, "Invalid request: invalid stream", control.id)
            return
        for name in names:
            self._venue.subscribe(peer, name)  # a stream that does not exist is acknowledged like any other
        self._answer(peer, control, None)

    def _market_of(self, name: str) -> Market | None:
        return self._by_lower.get(name.partition("@")[0])

    def _answer(self, peer: Peer, control: Control, result: object) -> None:
        self._venue.send(peer.conn, text({"result": result, "id": control.id}))

    def _refuse(self, peer: Peer, code: int, message: str, request_id: int | str | None) -> None:
        self._venue.send(peer.conn, text({"code": code, "msg": message, "id": request_id}))

    # Streams

    def open(self, name: str) -> Stream | None:  # noqa: C901, PLR0911 (a table of streams)
        """Make the stream of a name."""
        if name == "!miniTicker@arr":
            every = AllStatistics(list(self._venue.by_pair.values()))
            return Stream(
                name, "ticker", every, SECOND, lambda markets, _: [text(list(map(self._mini_event, markets)))]
            )
        market = self._market_of(name)
        if market is None:
            return None
        match name.split("@")[1:]:
            case ["depth"]:
                return self._depth_stream(name, market, SECOND)
            case ["depth", "100ms"]:
                return self._depth_stream(name, market, 100 * MS)
            case ["depth5" | "depth10" | "depth20" as kind, *speed] if speed in ([], ["100ms"]):
                every_ns = 100 * MS if speed else SECOND
                return self._stream(name, "depth", Depth(market, int(kind[5:])), every_ns, self._partial_depth)
            case ["bookTicker"]:
                return self._stream(name, "quote", Best(market), 0, self._book_ticker_event)
            case ["trade"]:
                return self._each_trade(name, market, self._trade_event)
            case ["aggTrade"]:
                return self._each_trade(name, market, self._agg_trade_event)
            case ["miniTicker"]:
                return self._stream(name, "ticker", Statistics(market), SECOND, lambda m, _: self._mini_event(m))
            case ["ticker"]:
                return self._stream(name, "ticker", Statistics(market), SECOND, lambda m, _: self._day_event(m))
            case [kind] if kind.startswith("kline_") and kind[6:] in INTERVALS:
                return self._kline_stream(name, market, kind[6:])
            case _:
                return None

    def _stream(
        self,
        name: str,
        feed: str,
        source: Source[Any],
        every_ns: int,
        show: Callable[[Market, Any], dict[str, Any]],
    ) -> Stream:
        market = source.market
        return Stream(name, feed, source, every_ns, lambda taken, _: [text(show(market, taken))])

    def _each_trade(self, name: str, market: Market, show: Callable[[Market, Print], dict[str, Any]]) -> Stream:
        def render(trades: Sequence[Print], _now_ns: int) -> list[str | bytes]:
            return [text(show(market, trade)) for trade in trades]

        return Stream(name, "trades", Prints(market), 0, render)

    def _depth_stream(self, name: str, market: Market, every_ns: int) -> Stream:
        def show(market: Market, update: Update) -> dict[str, Any]:
            return {
                "e": "depthUpdate",
                "E": self._venue.now_ms,
                "s": market.pair,
                "U": update.first,
                "u": update.last,
                "b": market.spelling.levels(update.bids),
                "a": market.spelling.levels(update.asks),
            }

        return self._stream(name, "book", Deltas(market), every_ns, show)

    def _partial_depth(self, market: Market, top: Top) -> dict[str, Any]:
        return {
            "lastUpdateId": top.version,
            "bids": market.spelling.levels(top.bids),
            "asks": market.spelling.levels(top.asks),
        }

    def _book_ticker_event(self, market: Market, top: Top) -> dict[str, Any]:
        shown = best(market, top.bids, top.asks)
        return {"u": top.version, "s": market.pair, "b": shown[0], "B": shown[1], "a": shown[2], "A": shown[3]}

    def _trade_event(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "e": "trade",
            "E": self._venue.now_ms,
            "s": market.pair,
            "t": trade.number,
            "p": market.spelling.price(trade.price),
            "q": market.spelling.size(trade.size),
            "T": self._venue.stamp(trade.at_ns),
            "m": not trade.taker_buys,
            "M": True,
        }

    def _agg_trade_event(self, market: Market, trade: Print) -> dict[str, Any]:
        return {
            "e": "aggTrade",
            "E": self._venue.now_ms,
            "s": market.pair,
            **self._market_data.agg_trade(market, trade),
        }

    def _kline_stream(self, name: str, market: Market, interval: str) -> Stream:
        price, size = market.spelling.price, market.spelling.size
        every_ns = SECOND if interval == "1s" else 2 * SECOND

        def show(candle: Candle, last_number: int) -> dict[str, Any]:
            return {
                "e": "kline",
                "E": self._venue.now_ms,
                "s": market.pair,
                "k": {
                    "t": candle.start_ns // MS,
                    "T": candle.end_ns // MS - 1,
                    "s": market.pair,
                    "i": interval,
                    "f": last_number - candle.count + 1 if candle.count else -1,
                    "L": last_number if candle.count else -1,
                    "o": price(candle.open),
                    "c": price(candle.close),
                    "h": price(candle.high),
                    "l": price(candle.low),
                    "v": size(candle.volume),
                    "n": candle.count,
                    "x": candle.end_ns <= self._venue.now_ns,
                    "q": quote(market, candle.quote_volume),
                    "V": size(candle.taker_volume),
                    "Q": quote(market, candle.taker_quote),
                    "B": "0",
                },
            }

        def render(candles: Sequence[Candle], _now_ns: int) -> list[str | bytes]:
            frames: list[str | bytes] = []
            number = market.last_number
            for candle in reversed(candles):
                frames.append(text(show(candle, number)))
                number -= candle.count
            return frames[::-1]

        return Stream(name, "klines", Bars(market, INTERVALS[interval], self._venue.timeline), every_ns, render)

    def _mini_event(self, market: Market) -> dict[str, Any]:
        mini = self._market_data.mini(market)
        return {
            "e": "24hrMiniTicker",
            "E": self._venue.now_ms,
            "s": market.pair,
            "c": mini["lastPrice"],
            "o": mini["openPrice"],
            "h": mini["highPrice"],
            "l": mini["lowPrice"],
            "v": mini["volume"],
            "q": mini["quoteVolume"],
        }

    def _day_event(self, market: Market) -> dict[str, Any]:
        day = self._market_data.day(market)
        return {
            "e": "24hrTicker",
            "E": self._venue.now_ms,
            "s": market.pair,
            "p": day["priceChange"],
            "P": day["priceChangePercent"],
            "w": day["weightedAvgPrice"],
            "x": day["prevClosePrice"],
            "c": day["lastPrice"],
            "Q": day["lastQty"],
            "b": day["bidPrice"],
            "B": day["bidQty"],
            "a": day["askPrice"],
            "A": day["askQty"],
            "o": day["openPrice"],
            "h": day["highPrice"],
            "l": day["lowPrice"],
            "v": day["volume"],
            "q": day["quoteVolume"],
            "O": day["openTime"],
            "C": day["closeTime"],
            "F": day["firstId"],
            "L": day["lastId"],
            "n": day["count"],
        }
