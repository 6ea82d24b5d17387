"""REST: what is asked, and what is made of the documentation's answers."""

from decimal import Decimal
from math import isnan

import msgspec
import pytest
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import AssetNetwork, Instrument, Pair, Side, Symbol, TradingStatus
from arb_core.structs.stream import StreamTicket
from arb_kucoin import card, parse

BTC = Symbol("BTC", "USDT")
MS = 1_000_000
NOW_S = 1_700_000_000
BOOK = "/api/v1/market/orderbook/level2_20"


def answer_of(data: object) -> bytes:
    return msgspec.json.encode({"code": "200000", "data": data})


def info(**fields: object) -> Instrument:
    """Parse a list of one pair, with some fields changed."""
    row: dict[str, object] = {
        "symbol": "BTC-USDT", "baseCurrency": "BTC", "quoteCurrency": "USDT", "priceIncrement": "0.1",
        "baseIncrement": "0.00000001", "enableTrading": True,
    }  # fmt: skip
    (found,) = parse.instruments(answer_of([row | fields])).values()
    return found


def test_server_time_is_in_milliseconds(sample):
    assert parse.server_time(sample("rest_timestamp.json")) == 1_729_100_692_873 * MS


def test_instrument_of_the_documentation(sample):
    listed = parse.instruments(sample("rest_symbols.json"))
    assert listed == {
        BTC: Instrument(
            symbol=BTC,
            pair=Pair("BTC-USDT"),
            status=TradingStatus.TRADING,
            tick=Decimal("0.1"),
            lot=Decimal("0.00000001"),
            min_quantity=Decimal("0.00001"),
            max_quantity=Decimal(10_000_000_000),
            min_notional=Decimal("0.1"),
            maker_fee=Decimal("0.001"),
            taker_fee=Decimal("0.001"),
        )
    }
    assert parse.instrument(sample("rest_symbol.json")) == listed


@pytest.mark.parametrize(
    ("fields", "maker", "taker"),
    [
        ({"feeCategory": 1, "makerFeeCoefficient": "1.00", "takerFeeCoefficient": "1.00"}, "0.001", "0.001"),
        ({"feeCategory": 2, "makerFeeCoefficient": "0", "takerFeeCoefficient": "1.00"}, "0", "0.002"),
        ({"feeCategory": 3, "makerFeeCoefficient": "0.8", "takerFeeCoefficient": "1.2"}, "0.0024", "0.0036"),
        ({"feeCategory": 4, "makerFeeCoefficient": "1", "takerFeeCoefficient": "1"}, None, None),
        ({"feeCategory": 1}, None, None),
        ({}, None, None),
    ],
)
def test_fee_is_that_of_the_class_times_its_coefficient(fields, maker, taker):
    found = info(**fields)
    assert found.maker_fee == (None if maker is None else Decimal(maker))
    assert found.taker_fee == (None if taker is None else Decimal(taker))


def test_halted_pair_and_what_an_older_list_does_not_say():
    found = info(enableTrading=False, baseMaxSize="", quoteMinSize="3", st=True)
    assert found.status is TradingStatus.HALTED
    assert (found.min_quantity, found.max_quantity, found.min_notional) == (0, None, 0)


def test_orderbook_of_the_documentation(sample):
    assert parse.orderbook(sample("rest_level2_20.json"), BTC, 20) == BookSnapshot(
        symbol=BTC,
        bids=[(66976.4, 0.69109872), (66976.3, 0.14377)],
        asks=[(66976.5, 0.05408199), (66976.8, 0.0005)],
        last_id=14610502970,
        exchange_ns=1_729_176_273_859 * MS,
        depth=20,
    )
    one = parse.orderbook(sample("rest_level2_20.json"), BTC, 1)
    assert (len(one.bids), len(one.asks), one.depth) == (1, 1, 1)


def test_trades_come_oldest_first_and_no_more_than_were_asked_for():
    rows = [
        {"sequence": str(n), "price": "2", "size": "1", "side": side, "time": 1_729_177_117_877_000_000 + ns}
        for n, side, ns in ((12, "sell", 5), (11, "other", 5), (10, "buy", 0), (9, "buy", 0))
    ]
    trades = parse.recent_trades(answer_of(rows), BTC, 3)
    assert [(trade.taker, trade.exchange_ns % 10) for trade in trades] == [
        (Side.BUY, 0),
        (Side.UNKNOWN, 5),
        (Side.SELL, 5),
    ]
    assert {trade.trade_id for trade in trades} == {None}


def test_close_of_a_candle_stands_before_its_high(sample):
    oldest, *_, newest = parse.klines(sample("rest_candles.json"), BTC, "1m", 100)
    assert (oldest.open_ns, newest.open_ns) == (1_566_789_600_000 * MS, 1_566_789_720_000 * MS)
    assert (newest.open, newest.high, newest.low, newest.close) == (10411.5, 10411.5, 10396.3, 10401.9)
    assert (newest.volume, newest.quote_volume, newest.closed) == (29.11357276, 302889.301529914, None)
    assert parse.klines(sample("rest_candles.json"), BTC, "1m", 1) == [newest]


def test_book_tickers(sample):
    quote = parse.book_tickers(sample("rest_all_tickers.json"))[BTC]
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (67192.5, 0.000025, 67192.6, 1.24949204)
    dead = parse.book_tickers(answer_of({"ticker": [{"symbol": "A-B", "buy": None, "sell": ""}]}))[Symbol("A", "B")]
    assert isnan(dead.bid)
    assert isnan(dead.ask_size)


def test_asset_networks_of_the_documentation(sample):
    ((asset, networks), *_) = parse.asset_networks(sample("rest_currencies.json")).items()
    by_name = {network.network: network for network in networks}
    assert by_name["BTC"].contract is None
    assert by_name["KCC"] == AssetNetwork(
        asset=asset,
        network="KCC",
        deposit_open=True,
        withdraw_open=True,
        withdraw_fee=Decimal("0.00002"),
        withdraw_min=Decimal("0.0008"),
        contract="0xfa93c12cd345c658bc4644d1d4e1b9615952258c",
    )
    assert (by_name["BTC-Segwit"].deposit_open, by_name["BTC-Segwit"].withdraw_open) == (True, False)


def test_asset_without_networks_has_none():
    assert parse.asset_networks(answer_of([{"currency": "X", "chains": None}])) == {"X": []}


def test_ticket_says_where_how_often_to_ping_and_how_long_it_lasts():
    data = {"token": "abc", "instanceServers": [{"endpoint": "wss://ws.example/endpoint", "pingInterval": 18000}]}
    ticket = parse.ticket(answer_of(data))
    assert ticket == StreamTicket(
        url="wss://ws.example/endpoint?token=abc&connectId=arbba7816bf8f01cfea",
        token="abc",
        ping_every_ns=18_000 * MS,
        expires_ns=86_400_000 * MS,
    )
    assert "abc" not in repr(ticket)


@pytest.mark.parametrize(
    "data", [{"token": "abc", "instanceServers": []}, {"token": "", "instanceServers": [{}]}, None]
)
def test_ticket_that_leads_nowhere_is_refused(data):
    with pytest.raises(msgspec.ValidationError):
        parse.ticket(answer_of(data))


@pytest.mark.parametrize(
    "level",
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
def test_malformed_level_is_refused(public, level):
    body = f'{{"code":"200000","data":{{"sequence":"1","bids":[{level}],"asks":[]}}}}'.encode()
    with pytest.raises(WireError, match="level2_20"):
        public.decode_rest(BOOK, {"symbol": "BTC-USDT"}, body)


async def test_each_method_asks_its_endpoint(public, context, sample):
    context.rest.bodies = {
        "/api/v1/timestamp": sample("rest_timestamp.json"),
        "/api/v2/symbols": sample("rest_symbols.json"),
        "/api/v1/market/orderbook/level2_20": sample("rest_level2_20.json"),
        "/api/v1/market/orderbook/level2_100": sample("rest_level2_20.json"),
        "/api/v1/market/histories": sample("rest_histories.json"),
        "/api/v1/market/candles": sample("rest_candles.json"),
        "/api/v1/market/allTickers": sample("rest_all_tickers.json"),
        "/api/v3/currencies": sample("rest_currencies.json"),
    }
    await public.ping()
    await public.get_server_time()
    await public.get_exchange_info()
    small, large = await public.get_orderbook(BTC, 5), await public.get_orderbook(BTC, 9999)
    await public.get_recent_trades(BTC, 7)
    await public.get_klines(BTC, "1h", 3)
    await public.get_book_tickers()
    await public.get_asset_networks()
    assert (small.depth, large.depth) == (5, card.MAX_DEPTH)
    assert [(path, params) for path, params, _ in context.rest.asked] == [
        ("/api/v1/timestamp", {}),
        ("/api/v1/timestamp", {}),
        ("/api/v2/symbols", {}),
        ("/api/v1/market/orderbook/level2_20", {"symbol": "BTC-USDT"}),
        ("/api/v1/market/orderbook/level2_100", {"symbol": "BTC-USDT"}),
        ("/api/v1/market/histories", {"symbol": "BTC-USDT"}),
        ("/api/v1/market/candles", {"symbol": "BTC-USDT", "type": "1hour", "startAt": NOW_S - 3 * 3600}),
        ("/api/v1/market/allTickers", {}),
        ("/api/v3/currencies", {}),
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
    context.rest.bodies = {BOOK: sample("rest_level2_20.json")}
    await public.get_orderbook(Symbol("ETH", "USDT"), 20)
    assert context.rest.asked[0][1]["symbol"] == "ETH-USDT"


@pytest.mark.parametrize(
    ("path", "depth"),
    [
        ("/api/v1/market/orderbook/level2_20", 20),
        ("/api/v1/market/orderbook/level2_100", 100),
        ("/api/v2/market/orderbook/level2", 0),
        ("/api/v3/market/orderbook/level2", 0),
    ],
)
def test_recorded_books_are_decoded_by_their_path(public, sample, path, depth):
    book = public.decode_rest(path, {"symbol": "EQZ-BTC"}, sample("recorded_orderbook.json"))
    assert isinstance(book, BookSnapshot)
    assert (book.symbol, book.last_id, book.depth) == (Symbol("EQZ", "BTC"), 1619079123934, depth)
    assert book.bids[0] == (0.00002383, 20.5373)


def test_recorded_lists_are_decoded_by_their_path(public, sample):
    listed = public.decode_rest("/api/v2/symbols", {}, sample("rest_symbols.json"))
    assert isinstance(listed, dict)
    assert list(listed) == [BTC]
    assert public.decode_rest("/api/v1/symbols", {}, sample("rest_symbols.json")) == listed
    assert public.decode_rest("/api/v2/symbols/BTC-USDT", {}, sample("rest_symbol.json")) == listed
    assert public.decode_rest("/api/v1/market/histories", {}, sample("rest_histories.json")) is None


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        (BOOK, {}, b'{"code":"200000","data":{"sequence":"1","bids":[],"asks":[]}}'),
        (BOOK, {"symbol": "AB"}, b'{"code":"200000","data":{"sequence":"1","bids":[],"asks":[]}}'),
        (BOOK, {"symbol": "A-B"}, b'{"code":"200000","data":{"sequence":"-1","bids":[],"asks":[]}}'),
        (BOOK, {"symbol": "A-B"}, b'{"code":"200000","data":{"bids":[],"asks":[]}}'),
        (BOOK, {"symbol": "A-B"}, b'{"code":"400100","msg":"?"}'),
        (BOOK, {"symbol": "A-B"}, b"<html>"),
        ("/api/v2/symbols", {}, b'{"code":"200000","data":[{"symbol":"BTC-USDT"}]}'),
    ],
)
def test_recorded_answer_that_does_not_parse_is_a_wire_error(public, path, params, body):
    with pytest.raises((WireError, InvalidSymbol)):
        public.decode_rest(path, params, body)
