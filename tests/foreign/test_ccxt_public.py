"""ccxt, pointed at our simulated venues: what it makes of their wire is what our plugins make of it.

The simulated venues are written from the venues' documentation; ccxt has spoken to the real ones for years. Where it
reads the same book, trades and markets as we do, a mistake would have to be made three times in the same way.
"""

import asyncio
import re
from contextlib import asynccontextmanager

import arb_core as arb
import pytest
from arb_core.structs.market import Side
from arb_sim.child import serving

pytestmark = pytest.mark.foreign

SYMBOLS = ["BTC/USDT", "PEPE/USDT"]
BTC = arb.Symbol("BTC", "USDT")
LEVELS = 10
SAME_VERSIONS = 8
SAME_STATES = 4

THEIR_NAMES = {
    "mexc": "mexc",
    "gateio": "gate",
    "binance": "binance",
    "okx": "okx",
    "bybit": "bybit",
    "kucoin": "kucoin",
    "kraken": "kraken",
    "bitget": "bitget",
}
EXCHANGES = tuple(THEIR_NAMES)
WITHOUT_ID = {"okx", "bybit", "kraken", "bitget"}
"""Where a book that was asked for has no id, or none that ccxt reads."""
NAMED_TWICE = {"kraken"}
"""Where ccxt calls a pair as REST does, and we as the socket."""
BY_TIME = {"bybit", "kraken", "bitget"}
"""Where ccxt knows of a streamed book no version, only its time."""
OTHER_VOLUME = {"gateio"}
"""Where ccxt's volume of a streamed candle is not the one in base."""


def moved(urls, rest_url, ws_url):
    """Their table of addresses, with our hosts and their paths."""
    if isinstance(urls, dict):
        return {name: moved(url, rest_url, ws_url) for name, url in urls.items()}
    if isinstance(urls, str) and (parts := re.match(r"(https?|wss?)://[^/]+(.*)", urls)):
        return (rest_url if parts[1].startswith("http") else ws_url) + parts[2]
    return urls


@asynccontextmanager
async def both(exchange, *, steps_per_s):
    """Their client and ours before one simulated venue."""
    # Here, because every environment collects this file, and only one of them has ccxt.
    import ccxt.pro  # pyright: ignore[reportMissingImports]

    async with serving([exchange], seed=11, symbols=SYMBOLS, steps_per_s=steps_per_s) as (served,):
        theirs = getattr(ccxt.pro, THEIR_NAMES[exchange])()
        theirs.urls["api"] = moved(theirs.urls["api"], served.rest_url, served.ws_url)
        theirs.has["fetchCurrencies"] = False  # signed at some venues
        try:
            async with arb.open_exchange(exchange, rest_url=served.rest_url, ws_url=served.ws_url) as ours:
                await ours.load_markets()
                yield theirs, ours
        finally:
            await theirs.close()


def levels(side):
    return [(float(price), float(size)) for price, size, *_ in side[:LEVELS]]


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_markets_have_the_same_steps_and_bounds(exchange):
    async with both(exchange, steps_per_s=0) as (theirs, ours):
        markets = {market["symbol"]: market for market in await theirs.fetch_markets() if market["spot"]}
        assert sorted(markets) == SYMBOLS
        for instrument in ours.markets.instruments():
            market = markets[str(instrument.symbol)]
            assert exchange in NAMED_TWICE or market["id"] == instrument.pair
            assert market["precision"]["price"] == float(instrument.tick)
            assert market["precision"]["amount"] == float(instrument.lot)
            assert (market["limits"]["cost"]["min"] or 0) == float(instrument.min_notional)
            assert market["active"] is True


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_books_and_trades_by_request_are_the_same(exchange):
    async with both(exchange, steps_per_s=0) as (theirs, ours):
        their_book = await theirs.fetch_order_book("BTC/USDT", 20)
        our_book = await ours.public.get_orderbook(BTC, 20)
        if exchange not in WITHOUT_ID:
            assert their_book["nonce"] == our_book.last_id
        assert levels(their_book["bids"]) == our_book.bids[:LEVELS]
        assert levels(their_book["asks"]) == our_book.asks[:LEVELS]
        assert len(our_book.bids) == len(their_book["bids"]) == 20

        told = [
            (trade["timestamp"] * 1_000_000, trade["price"], trade["amount"], Side[trade["side"].upper()])
            for trade in await theirs.fetch_trades("BTC/USDT", limit=50)
        ]
        read = [
            (trade.exchange_ns // 1_000_000 * 1_000_000, trade.price, trade.size, trade.taker)
            for trade in await ours.public.get_recent_trades(BTC, 50)
        ]
        assert len(told) == 50
        assert sorted(told) == sorted(read)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_streamed_books_are_the_same_at_the_same_version(exchange):
    # Slower than the slowest stream, so that both are told of each step by itself.
    async with both(exchange, steps_per_s=4) as (theirs, ours):
        read = {}
        before = None

        def on_book(book):
            nonlocal before
            # ccxt calls a MEXC book by the first version of a message, everybody else by the last one.
            version = book.last_id if exchange != "mexc" else before and before + 1
            if exchange in BY_TIME:
                version = book.exchange_ns // 1_000_000
            read[version] = (book.bids(LEVELS), book.asks(LEVELS))
            before = book.last_id

        await ours.watch_orderbook(BTC)
        ours.on_book(on_book)
        told = {}
        async with asyncio.timeout(60):
            while len(told.keys() & read.keys()) < SAME_VERSIONS:
                book = await theirs.watch_order_book("BTC/USDT")
                told[book["timestamp" if exchange in BY_TIME else "nonce"]] = (
                    levels(book["bids"]),
                    levels(book["asks"]),
                )
        same = sorted(told.keys() & read.keys())
        assert {version: told[version] for version in same} == {version: read[version] for version in same}


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_streamed_candles_have_the_same_states(exchange):
    async with both(exchange, steps_per_s=2) as (theirs, ours):
        columns = 5 if exchange in OTHER_VOLUME else 6
        read = set()

        def on_candle(candle):
            ohlc = (candle.open, candle.high, candle.low, candle.close)
            read.add((candle.open_ns // 1_000_000, *ohlc, candle.volume)[:columns])

        await ours.watch_klines(BTC, "1m", on_candle)
        told = set()
        async with asyncio.timeout(60):
            while len(told & read) < SAME_STATES:
                told.update(tuple(candle[:columns]) for candle in await theirs.watch_ohlcv("BTC/USDT", "1m"))
        assert all(low <= min(first, last) <= max(first, last) <= high for _, first, high, low, last, *_ in told & read)
