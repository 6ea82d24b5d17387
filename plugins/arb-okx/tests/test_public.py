"""REST: what is asked, and what is made of the documentation's answers."""

from decimal import Decimal
from math import isnan
from typing import Any

import msgspec
import pytest
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.structs.book import NO_ID, BookSnapshot
from arb_core.structs.market import Instrument, Pair, Side, Symbol, TradingStatus
from arb_okx import card, parse

BTC = Symbol("BTC", "USDT")
MS = 1_000_000


def data(*rows: Any) -> bytes:
    """Make an answer of some rows."""
    return msgspec.json.encode({"code": "0", "msg": "", "data": rows})


def info(**fields: object) -> Instrument:
    """Parse a list of one instrument, with some fields changed."""
    row: dict[str, object] = {
        "instId": "BTC-USDT", "baseCcy": "BTC", "quoteCcy": "USDT", "tickSz": "0.1", "lotSz": "0.001", "minSz": "0.01", "state": "live",
    }  # fmt: skip
    (found,) = parse.instruments(data(row | fields)).values()
    return found


def test_server_time_is_in_milliseconds(sample):
    assert parse.server_time(sample("rest_time.json")) == 1_597_026_383_085 * MS


def test_instrument_of_the_documentation(sample):
    assert parse.instruments(sample("rest_instruments.json")) == {
        BTC: Instrument(
            symbol=BTC,
            pair=Pair("BTC-USDT"),
            status=TradingStatus.TRADING,
            tick=Decimal("0.1"),
            lot=Decimal("0.00000001"),
            min_quantity=Decimal("0.00001"),
            max_quantity=Decimal(9_999_999_999),
        )
    }


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("live", TradingStatus.TRADING),
        ("suspend", TradingStatus.HALTED),
        ("preopen", TradingStatus.HALTED),
        ("test", TradingStatus.HALTED),
        ("something new", TradingStatus.UNKNOWN),
    ],
)
def test_state_says_whether_orders_are_taken(state, status):
    assert info(state=state).status is status


def test_delisting_is_announced_in_milliseconds():
    assert info(expTime="1700000000000").delisting_ns == 1_700_000_000_000 * MS
    assert info(expTime="").delisting_ns is None


def test_instrument_without_steps_is_left_out():
    rows = [
        {"instId": f"{base}-USDT", "baseCcy": base, "quoteCcy": "USDT", "minSz": "", "state": "preopen"}
        for base in "AB"
    ]
    listed = parse.instruments(data(rows[0] | {"tickSz": "", "lotSz": ""}, rows[1] | {"tickSz": "1", "lotSz": "1"}))
    assert [symbol.base for symbol in listed] == ["B"]


def test_orderbook_of_the_documentation(sample):
    assert parse.orderbook(sample("rest_books.json"), BTC, 1) == BookSnapshot(
        symbol=BTC,
        bids=[(41006.3, 0.30178218)],
        asks=[(41006.8, 0.60038921)],
        last_id=NO_ID,
        exchange_ns=1_629_966_436_396 * MS,
        depth=1,
    )


@pytest.mark.parametrize("level", [["1.5", "2", "0", "3"], ["1.5", "2", "3"], ["1.5", "2"]])
def test_what_follows_the_size_of_a_level_is_ignored(level):
    book = parse.orderbook(data({"bids": [level], "asks": [], "ts": "1", "seqId": 7}), BTC, 5)
    assert (book.bids, book.last_id) == ([(1.5, 2.0)], 7)


def test_trades_come_oldest_first(sample):
    trades = parse.recent_trades(sample("rest_trades.json"), BTC)
    assert [(trade.trade_id, trade.price, trade.taker) for trade in trades] == [
        ("242720719", 29964.1, Side.SELL),
        ("242720720", 29963.2, Side.SELL),
    ]
    assert trades[0].exchange_ns == 1_654_161_641_568 * MS
    row = {"tradeId": "1", "px": "2", "sz": "3", "side": "?", "ts": "4"}
    assert [trade.taker for trade in parse.recent_trades(data(row, row | {"side": "buy"}), BTC)] == [
        Side.BUY,
        Side.UNKNOWN,
    ]


def test_kline_columns(sample):
    closed, going = parse.klines(sample("rest_candles.json"), BTC, "1h")
    assert (going.open, going.high, going.low, going.close) == (3.721, 3.743, 3.677, 3.708)
    assert (going.volume, going.quote_volume, going.closed) == (8422410.0, 22698348.04828491, False)
    assert (closed.open_ns, closed.interval, closed.closed) == (1_597_026_383_085 * MS, "1h", True)


def test_book_tickers_may_be_empty_on_a_side(sample):
    quote = parse.book_tickers(sample("rest_tickers.json"))[BTC]
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (51229.3, 0.28249897, 51229.4, 2.1683067)
    dead = parse.book_tickers(data({"instId": "A-B", "bidPx": "", "bidSz": "", "askPx": "2", "askSz": "3"}))[
        Symbol("A", "B")
    ]
    assert isnan(dead.bid)
    assert (dead.ask, dead.ask_size) == (2.0, 3.0)


@pytest.mark.parametrize(
    "levels", ['["1_0","1"]', '[" 1","1"]', '["nan","1"]', '["inf","1"]', '["-1","1"]', '["0","1"]', '["1","-1"]', '["1"]', '["","1"]']
)  # fmt: skip
def test_malformed_level_is_refused(public, levels):
    body = f'{{"code":"0","data":[{{"seqId":1,"ts":"1","bids":[{levels}],"asks":[]}}]}}'.encode()
    with pytest.raises(WireError, match="books"):
        public.decode_rest("/api/v5/market/books", {"instId": "BTC-USDT"}, body)


async def test_each_method_asks_its_endpoint(public, context, sample):
    context.rest.bodies = {
        "/api/v5/public/time": sample("rest_time.json"),
        "/api/v5/public/instruments": sample("rest_instruments.json"),
        "/api/v5/market/books": sample("rest_books.json"),
        "/api/v5/market/trades": sample("rest_trades.json"),
        "/api/v5/market/candles": sample("rest_candles.json"),
        "/api/v5/market/tickers": sample("rest_tickers.json"),
    }
    await public.ping()
    await public.get_server_time()
    await public.get_exchange_info()
    book = await public.get_orderbook(BTC, 9999)
    await public.get_recent_trades(BTC, 7)
    await public.get_recent_trades(BTC, 9999)
    await public.get_klines(BTC, "1d", 3)
    await public.get_klines(BTC, "1m", 9999)
    await public.get_book_tickers()
    assert book.depth == card.MAX_DEPTH
    assert [(path, params) for path, params, _ in context.rest.asked] == [
        ("/api/v5/public/time", {}),
        ("/api/v5/public/time", {}),
        ("/api/v5/public/instruments", {"instType": "SPOT"}),
        ("/api/v5/market/books", {"instId": "BTC-USDT", "sz": 400}),
        ("/api/v5/market/trades", {"instId": "BTC-USDT", "limit": 7}),
        ("/api/v5/market/trades", {"instId": "BTC-USDT", "limit": 500}),
        ("/api/v5/market/candles", {"instId": "BTC-USDT", "bar": "1Dutc", "limit": 3}),
        ("/api/v5/market/candles", {"instId": "BTC-USDT", "bar": "1m", "limit": 300}),
        ("/api/v5/market/tickers", {"instType": "SPOT"}),
    ]


async def test_interval_that_is_not_offered_is_not_asked_for(public, context):
    with pytest.raises(NotSupported, match="1w"):
        await public.get_klines(BTC, "1w")
    assert not context.rest.asked


async def test_symbol_that_is_not_listed_is_not_asked_for(public, context):
    with pytest.raises(InvalidSymbol):
        await public.get_orderbook(Symbol("ETH", "USDT"))
    assert not context.rest.asked


async def test_symbol_is_spelt_by_the_rule_before_there_is_a_list(public, context, markets, sample):
    markets.fill({})
    context.rest.bodies = {"/api/v5/market/books": sample("rest_books.json")}
    await public.get_orderbook(Symbol("ETH", "USDT"))
    assert context.rest.asked[0][1]["instId"] == "ETH-USDT"


def test_recorded_answers_are_decoded_by_their_path(public, sample):
    books = sample("rest_books.json")
    one = public.decode_rest("/api/v5/market/books", {"instId": "BTC-USDT"}, books)
    many = public.decode_rest("/api/v5/market/books", {"instId": "BTC-USDT", "sz": "999"}, books)
    full = public.decode_rest("/api/v5/market/books-full", {"instId": "BTC-USDT", "sz": "5000"}, books)
    assert isinstance(one, BookSnapshot)
    assert isinstance(many, BookSnapshot)
    assert isinstance(full, BookSnapshot)
    assert (one.symbol, one.depth, many.depth, full.depth) == (BTC, 1, 400, 5000)
    listed = public.decode_rest("/api/v5/public/instruments", {"instType": "SPOT"}, sample("rest_instruments.json"))
    assert isinstance(listed, dict)
    assert list(listed) == [BTC]
    assert public.decode_rest("/api/v5/public/instruments", {"instType": "SWAP"}, b"{}") is None
    assert public.decode_rest("/api/v5/market/trades", {}, sample("rest_trades.json")) is None


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        ("/api/v5/market/books", {}, data({"bids": [], "asks": [], "ts": "1"})),
        ("/api/v5/market/books", {"instId": "A-B", "sz": "many"}, data({"bids": [], "asks": [], "ts": "1"})),
        ("/api/v5/market/books", {"instId": "A-B"}, data({"bids": [], "asks": [], "ts": "1", "seqId": -1})),
        ("/api/v5/market/books", {"instId": "A-B"}, data()),
        ("/api/v5/market/books", {"instId": "A-B"}, b"<html>"),
        ("/api/v5/public/instruments", {}, data({"instId": "BTC-USDT"})),
    ],
)
def test_recorded_answer_that_does_not_parse_is_a_wire_error(public, path, params, body):
    with pytest.raises(WireError):
        public.decode_rest(path, params, body)
