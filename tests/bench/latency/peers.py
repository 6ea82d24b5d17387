"""Other frameworks, each connected, fed and read as its own client does it; only the addresses are ours.

ccxt: two exchanges, `watch_order_book` in a loop for each. It may show several changes at once; each of them counts as
decided with the first book that shows it. cryptofeed: two feeds on its connection handler, a callback each. nautilus: the
WebSocket client in Rust that its adapters use, the decoder and the parser of its Binance adapter, and its book, without
message bus, data engine and cache.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from .entries import FEE, Contestant, Note, Tops, ended

__all__ = ["ccxt", "cryptofeed", "nautilus"]

KEEP, PAY = 1 - FEE, 1 + FEE
NONE = (0.0, float("inf"))


class Decider:
    """Both best prices of each venue, and the comparison."""

    def __init__(self, note: Note) -> None:
        self.tops = [NONE, NONE]
        self._note = note

    def decide(self, number: int, bid: float, ask: float, last_id: int) -> None:
        self.tops[number] = bid, ask
        other_bid, other_ask = self.tops[1 - number]
        if other_bid * KEEP > ask * PAY or bid * KEEP > other_ask * PAY:
            raise AssertionError("the two markets never cross")
        self._note(number, last_id)

    def shown(self) -> tuple[tuple[float, float], ...]:
        return tuple(self.tops)


def ccxt() -> Contestant:
    from ccxt import pro  # pyright: ignore[reportMissingImports]

    ids = {"id": "BTCUSDT", "lowercaseId": "btcusdt", "symbol": "BTC/USDT"}
    market = ids | {"base": "BTC", "quote": "USDT", "type": "spot", "spot": True}

    def exchange(port: int) -> Any:
        made = pro.binance()
        made.set_markets([made.safe_market_structure(market)])
        made.urls["api"]["ws"] = {"spot": f"ws://127.0.0.1:{port}/stream?"}
        made.urls["api"]["public"] = f"http://127.0.0.1:{port}/api/v3"
        return made

    async def watch(decider: Decider, number: int, made: Any) -> None:
        while True:
            book = await made.watch_order_book("BTC/USDT")
            decider.decide(number, book["bids"][0][0], book["asks"][0][0], book["nonce"])

    @asynccontextmanager
    async def follow(ports: tuple[int, ...], note: Note) -> AsyncIterator[Tops]:
        decider = Decider(note)
        exchanges = [exchange(port) for port in ports]
        tasks = [asyncio.ensure_future(watch(decider, number, made)) for number, made in enumerate(exchanges)]
        try:
            yield decider.shown
        finally:
            await ended(tasks)
            for made in exchanges:
                await made.close()

    return follow


def cryptofeed() -> Contestant:
    from cryptofeed import connection  # pyright: ignore[reportMissingImports]
    from cryptofeed.defines import L2_BOOK  # pyright: ignore[reportMissingImports]
    from cryptofeed.exchanges import Binance  # pyright: ignore[reportMissingImports]
    from cryptofeed.symbols import Symbols  # pyright: ignore[reportMissingImports]

    logging.getLogger("feedhandler").setLevel(logging.CRITICAL)
    Symbols.set(Binance.id, {"BTC-USDT": "BTCUSDT"}, {"instrument_type": {"BTC-USDT": "spot"}})
    opened = connection.WSAsyncConn.__init__

    def plain(self: Any, address: str, *args: Any, **settings: Any) -> None:
        """Take an address of this machine; it insists on TLS."""
        opened(self, address.replace("ws://", "wss://"), *args, **settings)
        self.address = address

    connection.WSAsyncConn.__init__ = plain

    @asynccontextmanager
    async def follow(ports: tuple[int, ...], note: Note) -> AsyncIterator[Tops]:
        decider = Decider(note)
        feeds = []
        for number, port in enumerate(ports):

            async def on_book(book: Any, _received: float, number: int = number) -> None:
                sides = book.book
                bid, ask = sides.bids.index(0)[0], sides.asks.index(0)[0]
                decider.decide(number, float(bid), float(ask), book.sequence_number)

            feed = Binance(symbols=["BTC-USDT"], channels=[L2_BOOK], callbacks={L2_BOOK: on_book}, timeout=-1)
            feed.websocket_endpoints = [connection.WebsocketEndpoint(f"ws://127.0.0.1:{port}")]
            routes = connection.Routes("/api/v3/exchangeInfo", l2book="/api/v3/depth?symbol={}&limit={}")
            feed.rest_endpoints = [connection.RestEndpoint(f"http://127.0.0.1:{port}", routes=routes)]
            feed.start(asyncio.get_running_loop())
            feeds.append(feed)
        try:
            yield decider.shown
        finally:
            for feed in feeds:
                feed.stop()
                await feed.shutdown()

    return follow


def nautilus() -> Contestant:
    import aiohttp
    import msgspec
    from nautilus_trader.adapters.binance.common.schemas.market import BinanceOrderBookMsg  # pyright: ignore[reportMissingImports]
    from nautilus_trader.core.nautilus_pyo3 import WebSocketClient, WebSocketConfig  # pyright: ignore[reportMissingImports]
    from nautilus_trader.model.book import OrderBook  # pyright: ignore[reportMissingImports]
    from nautilus_trader.model.enums import BookType  # pyright: ignore[reportMissingImports]
    from nautilus_trader.model.identifiers import InstrumentId  # pyright: ignore[reportMissingImports]

    instrument = InstrumentId.from_str("BTCUSDT.BINANCE")
    decode = msgspec.json.Decoder(BinanceOrderBookMsg).decode

    async def snapshot(port: int) -> bytes:
        """Return the whole book as if it were a message: the parser is the same."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/api/v3/depth") as answer:
            found = msgspec.json.decode(await answer.read())
        event = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 1, "u": found["lastUpdateId"]}
        data = {**event, "b": found["bids"], "a": found["asks"]}
        return msgspec.json.encode({"stream": "btcusdt@depth@100ms", "data": data})

    @asynccontextmanager
    async def follow(ports: tuple[int, ...], note: Note) -> AsyncIterator[Tops]:
        decider = Decider(note)
        clients = []
        for number, port in enumerate(ports):
            book = OrderBook(instrument, BookType.L2_MBP)
            first = decode(await snapshot(port)).data.parse_to_order_book_deltas(instrument, 0, snapshot=True)
            book.apply_deltas(first)

            def take(raw: bytes, number: int = number, book: Any = book) -> None:
                data = decode(raw).data
                book.apply_deltas(data.parse_to_order_book_deltas(instrument, 0))
                decider.decide(number, book.best_bid_price().as_double(), book.best_ask_price().as_double(), data.u)

            url = f"ws://127.0.0.1:{port}/stream?streams=btcusdt@depth@100ms"
            clients.append(await WebSocketClient.connect(WebSocketConfig(url=url, handler=take, headers=[])))
        try:
            yield decider.shown
        finally:
            for client in clients:
                await client.disconnect()

    return follow
