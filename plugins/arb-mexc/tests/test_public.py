"""REST: what is asked, and what is made of the documentation's answers."""

from decimal import Decimal
from math import isnan

import msgspec
import pytest
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Instrument, Pair, Side, Symbol, TradingStatus
from arb_mexc import card, parse

TOMO = Symbol("TOMO3L", "USDT")
MS = 1_000_000


def info(**fields: object) -> Instrument:
    """Parse an instrument list of one row, the documentation's with some fields changed."""
    row: dict[str, object] = {
        "symbol": "BTCUSDT", "status": "1", "baseAsset": "BTC", "quoteAsset": "USDT", "baseAssetPrecision": 6,
        "quotePrecision": 2, "quoteAssetPrecision": 2, "tradeSideType": "1", "isSpotTradingAllowed": True,
    }  # fmt: skip
    (found,) = parse.instruments(msgspec.json.encode({"symbols": [row | fields]})).values()
    return found


def test_server_time(sample):
    assert parse.server_time(sample("rest_time.json")) == 1_645_539_742_000 * MS


def test_instrument_of_the_documentation(sample):
    assert parse.instruments(sample("rest_exchange_info.json")) == {
        TOMO: Instrument(
            symbol=TOMO,
            pair=Pair("TOMO3LUSDT"),
            status=TradingStatus.UNKNOWN,  # its row says isSpotTradingAllowed = false
            tick=Decimal("0.001"),
            lot=Decimal("0.01"),
            min_quantity=Decimal("0.0001"),
            min_notional=Decimal(5),
            max_notional=Decimal(5_000_000),
            maker_fee=Decimal("0.002"),
            taker_fee=Decimal("0.002"),
        )
    }


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, TradingStatus.TRADING),
        ({"status": "ENABLED"}, TradingStatus.TRADING),
        ({"status": "2"}, TradingStatus.HALTED),
        ({"status": "3"}, TradingStatus.HALTED),
        ({"status": "7"}, TradingStatus.UNKNOWN),
        ({"isSpotTradingAllowed": False}, TradingStatus.UNKNOWN),
        ({"status": "2", "isSpotTradingAllowed": False}, TradingStatus.HALTED),
        ({"tradeSideType": 2}, TradingStatus.BUY_ONLY),
        ({"tradeSideType": "3"}, TradingStatus.SELL_ONLY),
        ({"tradeSideType": "4"}, TradingStatus.HALTED),
        ({"tradeSideType": None}, TradingStatus.TRADING),
        ({"tradeSideType": "9"}, TradingStatus.UNKNOWN),
    ],
)
def test_status_says_whether_orders_are_taken(fields, status):
    assert info(**fields).status is status


def test_newer_and_empty_fields_of_an_instrument():
    found = info(
        contractAddress="0xdAC17F958D2ee523a2206206994597C13D831ec7",
        baseSizePrecision="",
        quoteAmountPrecision="1.000000000000000000000000000000",
        maxQuoteAmount=None,
        filters=[{"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "0.2", "askMultiplierDown": "0.1"}],
        st=False,
    )
    assert found.base_contract == "0xdAC17F958D2ee523a2206206994597C13D831ec7"
    assert (found.min_quantity, found.min_notional, found.max_notional) == (0, 1, None)
    assert found.taker_fee is None
    assert info(contractAddress="").base_contract is None


def test_orderbook_of_the_documentation(sample):
    assert parse.orderbook(sample("rest_depth.json"), TOMO, 100) == BookSnapshot(
        symbol=TOMO, bids=[(15.0, 49999.0)], asks=[(14.0, 1.0)], last_id=1112416, depth=100
    )


def test_orderbook_with_its_time():
    body = b'{"lastUpdateId":1,"bids":[],"asks":[],"timestamp":1736411507002}'
    assert parse.orderbook(body, TOMO, 5).exchange_ns == 1_736_411_507_002 * MS


def test_trades_come_oldest_first(sample):
    older, newer = parse.recent_trades(sample("rest_trades.json"), TOMO)
    assert (older.taker, older.size, older.exchange_ns) == (Side.SELL, 0.09293, 1_737_623_988_876 * MS)
    assert (newer.taker, newer.size, newer.exchange_ns) == (Side.BUY, 0.04757, 1_737_623_988_881 * MS)
    assert newer.trade_id is None


def test_klines(sample):
    (bar,) = parse.klines(sample("rest_klines.json"), TOMO, "1m")
    assert bar.open_ns == 1_640_804_880_000 * MS
    assert (bar.open, bar.high, bar.low, bar.close) == (47482.36, 47482.36, 47416.57, 47436.1)
    assert (bar.volume, bar.quote_volume, bar.closed) == (3.550717, 168387.3, None)


def test_book_tickers_of_listed_pairs(sample, markets):
    assert parse.book_tickers(sample("rest_book_tickers.json"), markets.instruments()) == {}
    body = b'[{"symbol":"TOMO3LUSDT","bidPrice":"0.11001","bidQty":"115.59","askPrice":"","askQty":null}]'
    quote = parse.book_tickers(body, markets.instruments())[TOMO]
    assert (quote.bid, quote.bid_size) == (0.11001, 115.59)
    assert isnan(quote.ask)
    assert isnan(quote.ask_size)


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
def test_malformed_level_is_refused(public, context, levels):
    body = f'{{"lastUpdateId":1,"bids":[{levels}],"asks":[]}}'.encode()
    with pytest.raises(WireError, match="depth"):
        public.decode_rest("/api/v3/depth", {"symbol": "TOMO3LUSDT"}, body)


async def test_each_method_asks_its_endpoint(public, context, sample):
    context.rest.bodies = {
        "/api/v3/ping": b"{}",
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
    book = await public.get_orderbook(TOMO, 9999)
    await public.get_recent_trades(TOMO, 7)
    await public.get_klines(TOMO, "1h", 3)
    await public.get_book_tickers()
    assert book.depth == card.MAX_DEPTH
    assert [(path, params) for path, params, _ in context.rest.asked] == [
        ("/api/v3/ping", {}),
        ("/api/v3/time", {}),
        ("/api/v3/exchangeInfo", {}),
        ("/api/v3/depth", {"symbol": "TOMO3LUSDT", "limit": 5000}),
        ("/api/v3/trades", {"symbol": "TOMO3LUSDT", "limit": 7}),
        ("/api/v3/klines", {"symbol": "TOMO3LUSDT", "interval": "60m", "limit": 3}),
        ("/api/v3/ticker/bookTicker", {}),
    ]


async def test_interval_that_is_not_offered_is_not_asked_for(public, context):
    with pytest.raises(NotSupported, match="2h"):
        await public.get_klines(TOMO, "2h")
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
    book = public.decode_rest("/api/v3/depth", {"symbol": "TOMO3LUSDT", "limit": "1000"}, sample("rest_depth.json"))
    assert isinstance(book, BookSnapshot)
    assert (book.symbol, book.last_id, book.depth) == (TOMO, 1112416, 1000)
    listed = public.decode_rest("/api/v3/exchangeInfo", {}, sample("rest_exchange_info.json"))
    assert isinstance(listed, dict)
    assert list(listed) == [TOMO]
    assert public.decode_rest("/api/v3/trades", {"symbol": "TOMO3LUSDT"}, sample("rest_trades.json")) is None


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        ("/api/v3/depth", {}, b'{"lastUpdateId":1,"bids":[],"asks":[]}'),
        ("/api/v3/depth", {"symbol": "TOMO3LUSDT", "limit": "many"}, b'{"lastUpdateId":1,"bids":[],"asks":[]}'),
        ("/api/v3/depth", {"symbol": "TOMO3LUSDT"}, b'{"lastUpdateId":-1,"bids":[],"asks":[]}'),
        ("/api/v3/depth", {"symbol": "TOMO3LUSDT"}, b"<html>"),
        ("/api/v3/exchangeInfo", {}, b'{"symbols":[{"symbol":"BTCUSDT"}]}'),
    ],
)
def test_recorded_answer_that_does_not_parse_is_a_wire_error(public, path, params, body):
    with pytest.raises(WireError):
        public.decode_rest(path, params, body)
