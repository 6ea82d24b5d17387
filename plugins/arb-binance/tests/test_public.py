"""REST: what is asked, and what is made of the documentation's and recorded answers."""

from decimal import Decimal
from math import isnan

import msgspec
import pytest
from arb_binance import card, parse
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Instrument, Pair, Side, Symbol, TradingStatus

NKN = Symbol("NKN", "USDT")
MS = 1_000_000


def info(**fields: object) -> Instrument:
    """Parse a list of one symbol, with some fields changed."""
    row: dict[str, object] = {
        "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "baseAssetPrecision": 8,
        "quotePrecision": 7, "filters": [],
    }  # fmt: skip
    (found,) = parse.instruments(msgspec.json.encode({"symbols": [row | fields]})).values()
    return found


def test_server_time(sample):
    assert parse.server_time(sample("rest_time.json")) == 1_499_827_319_559 * MS


def test_recorded_instrument(sample):
    listed = parse.instruments(sample("rest_exchange_info.json"))
    assert list(listed) == [Symbol("ETH", "BTC"), Symbol("BLZ", "ETH"), NKN]
    assert listed[NKN] == Instrument(
        symbol=NKN,
        pair=Pair("NKNUSDT"),
        status=TradingStatus.TRADING,
        tick=Decimal("0.0001"),
        lot=Decimal(1),
        min_quantity=Decimal(1),
        max_quantity=Decimal(9_000_000),
        min_notional=Decimal(10),
    )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, TradingStatus.TRADING),
        ({"status": "HALT"}, TradingStatus.HALTED),
        ({"status": "BREAK"}, TradingStatus.HALTED),
        ({"status": "END_OF_DAY"}, TradingStatus.HALTED),
        ({"status": "CANCEL_ONLY"}, TradingStatus.HALTED),
        ({"status": "SOMETHING_NEW"}, TradingStatus.UNKNOWN),
        ({"isSpotTradingAllowed": False}, TradingStatus.HALTED),
    ],
)
def test_status_says_whether_orders_are_taken(fields, status):
    assert info(**fields).status is status


def test_notional_in_its_newer_form_and_filters_nobody_knows():
    found = info(
        filters=[
            {"filterType": "NOTIONAL", "minNotional": "5.0", "applyMinToMarket": True, "maxNotional": "9000000.0"},
            {"filterType": "SOMETHING_NEW", "limit": 3},
        ]
    )
    assert (found.min_notional, found.max_notional) == (5, 9_000_000)


def test_rule_that_is_off_or_absent_leaves_the_precision():
    off = [{"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.00000000"}]
    found = info(filters=off)
    assert (found.tick, found.lot, found.max_quantity) == (Decimal("0.0000001"), Decimal("0.00000001"), None)


def test_recorded_orderbook(sample):
    book = parse.orderbook(sample("rest_depth.json"), NKN, 1000)
    assert (book.last_id, book.depth, len(book.bids), len(book.asks)) == (281916627, 1000, 5, 5)
    assert book.bids[0] == (0.00006547, 100.0)
    assert book.bids == sorted(book.bids, reverse=True)
    assert book.asks == sorted(book.asks)


def test_trades(sample):
    (only,) = parse.recent_trades(sample("rest_trades.json"), NKN)
    assert (only.price, only.size, only.taker) == (4.000001, 12.0, Side.SELL)
    assert (only.exchange_ns, only.trade_id) == (1_499_865_549_590 * MS, "28457")


def test_klines(sample):
    (bar,) = parse.klines(sample("rest_klines.json"), NKN, "1w")
    assert bar.open_ns == 1_499_040_000_000 * MS
    assert (bar.open, bar.high, bar.low, bar.close) == (0.0163479, 0.8, 0.015758, 0.015771)
    assert (bar.volume, bar.quote_volume, bar.closed) == (148976.11427815, 2434.19055334, None)


def test_book_tickers_of_listed_pairs(sample, markets):
    ((symbol, quote),) = parse.book_tickers(sample("rest_book_tickers.json"), markets.instruments()).items()
    assert symbol == Symbol("ETH", "BTC")
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (0.079467, 9.0, 100000.0, 1000.0)
    empty = b'[{"symbol":"NKNUSDT","bidPrice":"0.00000000","bidQty":"0.00000000","askPrice":"1","askQty":"2"}]'
    dead = parse.book_tickers(empty, markets.instruments())[NKN]
    assert isnan(dead.bid)
    assert isnan(dead.bid_size)


@pytest.mark.parametrize(
    "levels",
    [
        '["1_0","1"]',
        '[" 1","1"]',
        '["nan","1"]',
        '["inf","1"]',
        '["-1","1"]',
        '["0","1"]',
        '["1","-1"]',
        '["1"]',
        '["","1"]',
    ],
)
def test_malformed_level_is_refused(public, levels):
    body = f'{{"lastUpdateId":1,"bids":[{levels}],"asks":[]}}'.encode()
    with pytest.raises(WireError, match="depth"):
        public.decode_rest("/api/v3/depth", {"symbol": "NKNUSDT"}, body)


async def test_each_method_asks_its_endpoint(public, context, sample):
    context.rest.bodies = {
        "/api/v3/ping": sample("rest_ping.json"),
        "/api/v3/time": sample("rest_time.json"),
        "/api/v3/exchangeInfo": sample("rest_exchange_info.json"),
        "/api/v3/depth": sample("rest_depth.json"),
        "/api/v3/trades": sample("rest_trades.json"),
        "/api/v3/klines": sample("rest_klines.json"),
        "/api/v3/ticker/bookTicker": sample("rest_book_tickers.json"),
    }
    await public.ping()
    await public.get_server_time()
    await public.get_exchange_info()
    book = await public.get_orderbook(NKN, 9999)
    await public.get_recent_trades(NKN, 7)
    await public.get_klines(NKN, "1h", 3)
    await public.get_book_tickers()
    assert book.depth == card.MAX_DEPTH
    assert [(path, params) for path, params, _ in context.rest.asked] == [
        ("/api/v3/ping", {}),
        ("/api/v3/time", {}),
        ("/api/v3/exchangeInfo", {}),
        ("/api/v3/depth", {"symbol": "NKNUSDT", "limit": 5000}),
        ("/api/v3/trades", {"symbol": "NKNUSDT", "limit": 7}),
        ("/api/v3/klines", {"symbol": "NKNUSDT", "interval": "1h", "limit": 3}),
        ("/api/v3/ticker/bookTicker", {}),
    ]


@pytest.mark.parametrize(
    ("limit", "weight"), [(5, 5), (100, 5), (101, 25), (500, 25), (1000, 50), (5000, 250), (9999, 250)]
)
async def test_weight_of_a_book_grows_with_its_depth(public, context, sample, limit, weight):
    context.rest.bodies = {"/api/v3/depth": sample("rest_depth.json")}
    await public.get_orderbook(NKN, limit)
    ((_, _, config),) = context.rest.asked
    assert config.cost == {"weight": weight, "raw": 1}


async def test_interval_that_is_not_offered_is_not_asked_for(public, context):
    with pytest.raises(NotSupported, match="7m"):
        await public.get_klines(NKN, "7m")
    assert not context.rest.asked


async def test_symbol_that_is_not_listed_is_not_asked_for(public, context):
    with pytest.raises(InvalidSymbol):
        await public.get_orderbook(Symbol("BTC", "USDT"))
    assert not context.rest.asked


async def test_symbol_is_spelt_by_the_rule_before_there_is_a_list(public, context, markets, sample):
    markets.fill({})
    context.rest.bodies = {"/api/v3/depth": sample("rest_depth.json")}
    await public.get_orderbook(Symbol("BTC", "USDT"))
    assert context.rest.asked[0][1]["symbol"] == "BTCUSDT"


async def test_book_tickers_need_the_list_and_fetch_it(public, context, markets, sample):
    markets.fill({})
    context.rest.bodies = {
        "/api/v3/exchangeInfo": sample("rest_exchange_info.json"),
        "/api/v3/ticker/bookTicker": sample("rest_book_tickers.json"),
    }
    await public.get_book_tickers()
    assert [path for path, _, _ in context.rest.asked] == list(context.rest.bodies)


def test_recorded_answers_are_decoded_by_their_path(public, sample):
    book = public.decode_rest("/api/v3/depth", {"symbol": "BLZETH", "limit": "1000"}, sample("rest_depth.json"))
    assert isinstance(book, BookSnapshot)
    assert (book.symbol, book.last_id, book.depth) == (Symbol("BLZ", "ETH"), 281916627, 1000)
    listed = public.decode_rest("/api/v3/exchangeInfo", {}, sample("rest_exchange_info.json"))
    assert isinstance(listed, dict)
    assert NKN in listed
    assert public.decode_rest("/api/v3/trades", {"symbol": "BLZETH"}, sample("rest_trades.json")) is None


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        ("/api/v3/depth", {}, b'{"lastUpdateId":1,"bids":[],"asks":[]}'),
        ("/api/v3/depth", {"symbol": "NKNUSDT", "limit": "many"}, b'{"lastUpdateId":1,"bids":[],"asks":[]}'),
        ("/api/v3/depth", {"symbol": "NKNUSDT"}, b'{"lastUpdateId":-1,"bids":[],"asks":[]}'),
        ("/api/v3/depth", {"symbol": "NKNUSDT"}, b"<html>"),
        ("/api/v3/exchangeInfo", {}, b'{"symbols":[{"symbol":"BTCUSDT"}]}'),
    ],
)
def test_recorded_answer_that_does_not_parse_is_a_wire_error(public, path, params, body):
    with pytest.raises(WireError):
        public.decode_rest(path, params, body)
