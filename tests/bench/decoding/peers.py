"""The books of other frameworks, each entered as its own client enters it. Who is not installed does not take part.

ccxt: `client.handle_message` with the frame of its websocket. cryptofeed: `message_handler`, driven to its end, with a callback
that reads the best levels. nautilus: the decoder and the parser of its Binance adapter, then its book; message bus, data
engine and cache come on top of that in production.
"""

import importlib.util
from typing import Any

import msgspec
from aiohttp import WSMessage, WSMsgType
from arb_core.structs.book import Level

from .contest import BTC, NOW_MS, PAIR, START_ID, Contestant, Market, Take, Top


def ccxt_pro(exchange: Any, market: Market) -> Contestant:
    binary = exchange.id == "mexc"
    url = "wss://wbs-api.mexc.com/ws" if binary else "wss://stream.binance.com:9443/stream"
    client = exchange.client(url)

    def begin() -> tuple[Take, Top]:
        bids, asks = market.floats()
        snapshot = {"symbol": str(BTC), "bids": bids, "asks": asks, "nonce": START_ID, "timestamp": NOW_MS}
        book = exchange.orderbooks[str(BTC)] = exchange.order_book(snapshot)

        def take(frame: bytes) -> None:
            if binary:
                client.handle_message(WSMessage(WSMsgType.BINARY, frame, ""))
            else:
                client.handle_message(WSMessage(WSMsgType.TEXT, frame.decode(), ""))
            _ = book["bids"][0], book["asks"][0]

        def top() -> tuple[list[Level], list[Level]]:
            shown = [[(price, size) for price, size, *_ in book[side][:10]] for side in ("bids", "asks")]
            return shown[0], shown[1]

        return take, top

    return Contestant("ccxt.pro", begin)


def others(market: Market) -> list[Contestant]:
    """Return those that are installed, for Binance's frames: neither has MEXC."""
    found = {"cryptofeed": cryptofeed, "nautilus_trader": nautilus}
    return [make(market) for package, make in found.items() if importlib.util.find_spec(package)]


def cryptofeed(market: Market) -> Contestant:
    from decimal import Decimal

    from cryptofeed.defines import BID, L2_BOOK  # pyright: ignore[reportMissingImports]
    from cryptofeed.exchanges import Binance  # pyright: ignore[reportMissingImports]
    from cryptofeed.symbols import Symbols  # pyright: ignore[reportMissingImports]
    from cryptofeed.types import OrderBook  # pyright: ignore[reportMissingImports]

    Symbols.set(Binance.id, {str(BTC).replace("/", "-"): PAIR}, {"instrument_type": {"BTC-USDT": "spot"}})

    def begin() -> tuple[Take, Top]:
        async def on_book(book: Any, _received: float) -> None:
            _ = book.book.bids.index(0), book.book.asks.index(0)

        feed = Binance(symbols=["BTC-USDT"], channels=[L2_BOOK], callbacks={L2_BOOK: on_book})
        bids, asks = ({Decimal(price): Decimal(size) for price, size in side} for side in market.snapshot)
        held = feed._l2_book["BTC-USDT"] = OrderBook(Binance.id, "BTC-USDT", bids=bids, asks=asks)
        feed.last_update_id["BTC-USDT"] = START_ID
        held.delta = {BID: []}  # the first message after the snapshot is told, too

        def take(frame: bytes) -> None:
            running = feed.message_handler(frame.decode(), None, 1.0)
            try:
                running.send(None)
            except StopIteration:
                return
            raise AssertionError("it waited for something")

        def top() -> tuple[list[Level], list[Level]]:
            shown = [
                [(float(price), float(size)) for price, size in (side.index(place) for place in range(10))]
                for side in (held.book.bids, held.book.asks)
            ]
            return shown[0], shown[1]

        return take, top

    return Contestant("cryptofeed", begin)


def nautilus(market: Market) -> Contestant:
    from nautilus_trader.adapters.binance.common.schemas.market import BinanceOrderBookMsg  # pyright: ignore[reportMissingImports]
    from nautilus_trader.model.book import OrderBook  # pyright: ignore[reportMissingImports]
    from nautilus_trader.model.enums import BookType  # pyright: ignore[reportMissingImports]
    from nautilus_trader.model.identifiers import InstrumentId  # pyright: ignore[reportMissingImports]

    instrument = InstrumentId.from_str(f"{PAIR}.BINANCE")
    decode = msgspec.json.Decoder(BinanceOrderBookMsg).decode
    event = {"e": "depthUpdate", "E": NOW_MS, "s": PAIR, "U": START_ID, "u": START_ID}
    first = {"stream": "btcusdt@depth@100ms", "data": event | dict(zip("ba", market.snapshot, strict=True))}
    snapshot = decode(msgspec.json.encode(first)).data.parse_to_order_book_deltas(instrument, 0, snapshot=True)

    def begin() -> tuple[Take, Top]:
        book = OrderBook(instrument, BookType.L2_MBP)
        book.apply_deltas(snapshot)

        def take(frame: bytes) -> None:
            book.apply_deltas(decode(frame).data.parse_to_order_book_deltas(instrument, 0))
            _ = book.best_bid_price(), book.best_ask_price()

        def top() -> tuple[list[Level], list[Level]]:
            shown = [
                [(float(str(level.price)), level.size()) for level in side[:10]] for side in (book.bids(), book.asks())
            ]
            return shown[0], shown[1]

        return take, top

    return Contestant("nautilus_trader, its Python path", begin)
