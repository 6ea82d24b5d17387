"""Market data by subscription: the public half of the socket.

A stream's name is its channel, its symbol and what else tells subscriptions apart. Books begin with a snapshot; levels
that others push out of the subscribed depth are not mentioned, and a checksum of the best ten tells who missed it.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and its neighbours.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arb_sim.faults import FaultKind
from arb_sim.kernel.candles import Candle
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.market import Market, Print, Status
from arb_sim.kernel.sources import Bars, Best, Prints, Source, Statistics, TopDeltas, Update
from arb_sim.kernel.streams import Stream

from arb_kraken.sim.frames import Ask, accepted, pushed, refused
from arb_kraken.sim.market_data import INTERVALS
from arb_kraken.sim.spelling import Printer, checksum, rfc3339, text

if TYPE_CHECKING:
    from arb_kraken.sim.venue import KrakenVenue

__all__ = ["Channels"]

MS = 1_000_000
MINUTE = 60_000_000_000

BOOK_EVERY_NS = 50 * MS
"""How often changes of a book are gathered. Kraken pushes at once; so does the simulation cost less."""

DEPTHS = (10, 25, 100, 500, 1000)

TRADES_SHOWN = 50
"""How many trades a snapshot has."""

Subject = tuple[str, dict[str, Any]]
"""A stream's name, and what its acknowledgement says beside channel and symbol."""


class Channels:
    """Everything on the socket that needs no token."""

    def __init__(self, venue: "KrakenVenue") -> None:
        self._venue = venue
        self._markets = venue.by_pair
        self._subjects: dict[str, Callable[[Ask, str], Subject | None]] = {
            "book": self._book_subject,
            "trade": self._trade_subject,
            "ticker": self._ticker_subject,
            "ohlc": self._ohlc_subject,
        }
        self._makers: dict[str, Callable[[Market, str], Stream]] = {
            "book": self._book,
            "trade": self._trade,
            "ticker": self._ticker,
            "ohlc": self._ohlc,
        }
        self._snapshots: dict[str, Callable[[Market, str], list[dict[str, Any]]]] = {
            "book": self._whole_book,
            "trade": self._latest_trades,
            "ticker": lambda market, _: [self._level_one(market)],
            "ohlc": self._candle_now,
        }

    def __contains__(self, channel: str) -> bool:
        """Whether there is such a channel."""
        return channel in self._subjects or channel == "instrument"

    def subscribe(self, peer: Peer, ask: Ask) -> None:
        """Let a connection follow what it asks for; each symbol is answered by itself."""
        if ask.params.channel == "instrument":
            self._instrument(peer, ask)
            return
        for symbol in ask.params.symbol:
            self._follow(peer, ask, symbol)

    def _follow(self, peer: Peer, ask: Ask, symbol: str) -> None:
        venue, channel, market = self._venue, ask.params.channel, self._markets.get(symbol)
        match venue.faults.subscription(peer.conn, market):
            case FaultKind.SUBSCRIPTION_IGNORED:
                return
            case FaultKind.SUBSCRIPTION_REFUSED:
                market = None
            case _:
                pass
        if market is None:
            venue.say(peer, refused(ask, f"Currency pair not supported {symbol}", venue.now_ns, symbol=symbol))
            return
        subject = self._subjects[channel](ask, symbol)
        if subject is None:
            venue.say(peer, refused(ask, "Subscription parameters not supported", venue.now_ns, symbol=symbol))
            return
        name, more = subject
        if name in peer.streams:
            venue.say(peer, refused(ask, "Already subscribed", venue.now_ns, symbol=symbol))
            return
        stream = venue.subscribe(peer, name)
        snapshot = channel != "trade" if ask.params.snapshot is None else ask.params.snapshot
        result = {"channel": channel, "symbol": symbol, **more, "snapshot": snapshot}
        venue.say(peer, accepted(ask, result, venue.now_ns))
        if snapshot and stream is not None:
            if channel in {"book", "trade"}:
                # Who listens already gets what has gathered, so that all go on from one book.
                venue.flush(stream)
            venue.say(peer, pushed(channel, "snapshot", self._snapshots[channel](market.look(), name)))

    def unsubscribe(self, peer: Peer, ask: Ask) -> None:
        """Let it follow that no longer. A book is named by its depth as well."""
        venue, channel = self._venue, ask.params.channel
        for symbol in ask.params.symbol:
            subject = self._subjects[channel](ask, symbol) if symbol in self._markets else None
            if subject is None or not venue.unsubscribe(peer, subject[0]):
                venue.say(peer, refused(ask, "Subscription Not Found", venue.now_ns, symbol=symbol))
            else:
                result = {"channel": channel, "symbol": symbol, **subject[1]}
                venue.say(peer, accepted(ask, result, venue.now_ns))

    def open(self, name: str) -> Stream | None:
        """Make the stream of a name."""
        channel, symbol, _ = name.split(" ")
        return self._makers[channel](self._markets[symbol], name)

    # What tells subscriptions apart

    def _book_subject(self, ask: Ask, symbol: str) -> Subject | None:
        depth = ask.params.depth
        return (f"book {symbol} {depth}", {"depth": depth}) if depth in DEPTHS else None

    def _trade_subject(self, _ask: Ask, symbol: str) -> Subject | None:
        return f"trade {symbol} all", {}

    def _ticker_subject(self, ask: Ask, symbol: str) -> Subject | None:
        trigger = ask.params.event_trigger
        return (f"ticker {symbol} {trigger}", {"event_trigger": trigger}) if trigger in {"trades", "bbo"} else None

    def _ohlc_subject(self, ask: Ask, symbol: str) -> Subject | None:
        interval = ask.params.interval
        return (f"ohlc {symbol} {interval}", {"interval": interval}) if interval in INTERVALS else None

    # Each channel

    def _stream(
        self, name: str, feed: str, source: Source[Any], every_ns: int, show: Callable[[Any], list[dict[str, Any]]]
    ) -> Stream:
        channel = name.partition(" ")[0]

        def render(taken: Any, now_ns: int) -> list[str | bytes]:
            message = pushed(channel, "update", show(taken))
            return [text({**message, "timestamp": rfc3339(now_ns)} if channel == "ohlc" else message)]

        return Stream(name, feed, source, every_ns, render)

    def _book(self, market: Market, name: str) -> Stream:
        printer = self._printer(market)

        def show(update: Update) -> list[dict[str, Any]]:
            bids, asks = printer.levels(list(update.bids)), printer.levels(list(update.asks))
            return [{"symbol": market.pair, "bids": bids, "asks": asks, **self._proof(market, printer)}]

        return self._stream(name, "book", TopDeltas(market, int(name.rpartition(" ")[2])), BOOK_EVERY_NS, show)

    def _whole_book(self, market: Market, name: str) -> list[dict[str, Any]]:
        printer, depth = self._printer(market), int(name.rpartition(" ")[2])
        bids, asks = (printer.levels(side.top(depth)) for side in (market.book.bids, market.book.asks))
        return [{"symbol": market.pair, "bids": bids, "asks": asks, **self._proof(market, printer)}]

    def _proof(self, market: Market, printer: Printer) -> dict[str, Any]:
        changed = rfc3339(self._venue.stamp(market.book.changed_ns))
        return {"checksum": checksum(market, printer), "timestamp": changed}

    def _trade(self, market: Market, name: str) -> Stream:
        def show(trades: list[Print]) -> list[dict[str, Any]]:
            return [self._print(market, trade) for trade in trades]

        return self._stream(name, "trades", Prints(market), 0, show)

    def _latest_trades(self, market: Market, _name: str) -> list[dict[str, Any]]:
        return [self._print(market, trade) for trade in market.latest(TRADES_SHOWN)]

    def _print(self, market: Market, trade: Print) -> dict[str, Any]:
        printer = self._printer(market)
        return {
            "symbol": market.pair,
            "side": "buy" if trade.taker_buys else "sell",
            "price": printer.numeral(trade.price),
            "qty": printer.amount(trade.size),
            "ord_type": "limit",
            "trade_id": trade.number,
            "timestamp": rfc3339(self._venue.stamp(trade.at_ns)),
        }

    def _ticker(self, market: Market, name: str) -> Stream:
        def show(_: Any) -> list[dict[str, Any]]:
            return [self._level_one(market)]

        source: Source[Any] = Best(market) if name.endswith(" bbo") else Statistics(market)
        return self._stream(name, "quote", source, 0, show)

    def _level_one(self, market: Market) -> dict[str, Any]:
        printer, day, book = self._printer(market), market.day, market.book
        (bid, bid_size), (ask, ask_size) = ((side.top(1) or [(0, 0)])[0] for side in (book.bids, book.asks))
        return {
            "symbol": market.pair,
            "bid": printer.numeral(bid),
            "bid_qty": printer.amount(bid_size),
            "ask": printer.numeral(ask),
            "ask_qty": printer.amount(ask_size),
            "last": printer.numeral(market.last_price),
            "volume": printer.amount(day.volume),
            "vwap": printer.numeral(day.quote_volume // day.volume),
            "low": printer.numeral(day.low),
            "high": printer.numeral(day.high),
            "change": float((market.last_price - day.open) * market.listing.tick),
            "change_pct": round((market.last_price - day.open) / day.open * 100, 2),
            "trades": day.count,
            "timestamp": rfc3339(self._venue.stamp(book.changed_ns)),
        }

    def _ohlc(self, market: Market, name: str) -> Stream:
        minutes = int(name.rpartition(" ")[2])
        source = Bars(market, INTERVALS[minutes], self._venue.timeline)
        return self._stream(name, "klines", source, 0, lambda bars: [self._bar(market, bar, minutes) for bar in bars])

    def _candle_now(self, market: Market, name: str) -> list[dict[str, Any]]:
        minutes, now_ns = int(name.rpartition(" ")[2]), self._venue.now_ns
        return [self._bar(market, market.candles(INTERVALS[minutes], now_ns).last(now_ns), minutes)]

    def _bar(self, market: Market, bar: Candle, minutes: int) -> dict[str, Any]:
        printer = self._printer(market)
        average = bar.quote_volume // bar.volume if bar.volume else bar.close
        return {
            "symbol": market.pair,
            "open": printer.numeral(bar.open),
            "high": printer.numeral(bar.high),
            "low": printer.numeral(bar.low),
            "close": printer.numeral(bar.close),
            "trades": bar.count,
            "volume": printer.amount(bar.volume),
            "vwap": printer.numeral(average),
            "interval_begin": rfc3339(bar.start_ns).replace("Z", "000Z"),
            "interval": minutes,
            "timestamp": rfc3339(bar.end_ns),
        }

    def _instrument(self, peer: Peer, ask: Ask) -> None:
        venue = self._venue
        venue.say(peer, accepted(ask, {"channel": "instrument", "snapshot": True}, venue.now_ns))
        assets = [
            {"id": asset, "status": "enabled", "precision": 10, "precision_display": 5, "borrowable": False}
            for asset in venue.assets
        ]
        shown = {"assets": assets, "pairs": [self._pair(market) for market in self._markets.values()]}
        venue.say(peer, {"channel": "instrument", "type": "snapshot", "data": shown})

    def _pair(self, market: Market) -> dict[str, Any]:
        listing, printer = market.listing, self._printer(market)
        return {
            "symbol": market.pair,
            "base": str(listing.symbol.base),
            "quote": str(listing.symbol.quote),
            "status": "online" if market.status is Status.TRADING else "cancel_only",
            "qty_precision": printer.size_decimals,
            "qty_increment": float(listing.lot),
            "qty_min": printer.amount(listing.min_size),
            "price_precision": printer.price_decimals,
            "price_increment": float(listing.tick),
            "cost_precision": 5,
            "cost_min": float(listing.min_notional),
            "marginable": False,
            "has_index": True,
        }

    def _printer(self, market: Market) -> Printer:
        return self._venue.printers[market.pair]
