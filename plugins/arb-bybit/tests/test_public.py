"""REST: what is asked, and what is made of the documentation's answers."""

from decimal import Decimal
from math import isnan
from typing import Any

import msgspec
import pytest
from arb_bybit import card, parse
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Asset, AssetNetwork, Instrument, Pair, Side, Symbol, TradingStatus

BTC = Symbol("BTC", "USDT")
MS = 1_000_000


def answered(result: object) -> bytes:
    """Wrap a result as Bybit does."""
    return msgspec.json.encode({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 1})


def info(**fields: object) -> Instrument:
    """Parse a list of one pair, with some fields changed."""
    row: dict[str, object] = {
        "symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "status": "Trading",
        "lotSizeFilter": {"basePrecision": "0.000001"}, "priceFilter": {"tickSize": "0.1"},
    }  # fmt: skip
    (found,) = parse.instruments(answered({"list": [row | fields]})).values()
    return found


def test_server_time_is_exact(sample):
    assert parse.server_time(sample("rest_time.json")) == 1_688_639_403_423_213_947


def test_instrument_of_the_documentation(sample):
    assert parse.instruments(sample("rest_instruments_info.json")) == {
        BTC: Instrument(
            symbol=BTC,
            pair=Pair("BTCUSDT"),
            status=TradingStatus.TRADING,
            tick=Decimal("0.1"),
            lot=Decimal("0.000001"),
            min_quantity=Decimal("0.000011"),
            max_quantity=Decimal(83),
            min_notional=Decimal(5),
        )
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Trading", TradingStatus.TRADING),
        ("PreLaunch", TradingStatus.HALTED),
        ("Delivering", TradingStatus.HALTED),
        ("Closed", TradingStatus.HALTED),
        ("something new", TradingStatus.UNKNOWN),
    ],
)
def test_status_says_whether_orders_are_taken(status, kind):
    assert info(status=status).status is kind


def test_what_an_instrument_does_not_say_limits_nothing():
    found = info()
    assert (found.min_quantity, found.max_quantity, found.min_notional, found.maker_fee) == (0, None, 0, None)


def test_orderbook_of_the_documentation(sample):
    assert parse.orderbook(sample("rest_orderbook.json"), BTC, 1) == BookSnapshot(
        symbol=BTC,
        bids=[(65485.47, 47.081829)],
        asks=[(65557.7, 16.606555)],
        last_id=230704,
        exchange_ns=1_716_863_719_031 * MS,
        depth=1,
    )


def test_trades_come_oldest_first(sample):
    (only,) = parse.recent_trades(sample("rest_recent_trade.json"), BTC)
    assert (only.price, only.size, only.taker) == (16618.49, 0.00012, Side.BUY)
    assert (only.exchange_ns, only.trade_id) == (1_672_052_955_758 * MS, "2100000000007764263")
    rows = [
        {"execId": name, "time": ms, "side": side, "size": "1", "price": "2"}
        for name, ms, side in (("3", "12", "Sell"), ("2", "11", "other"), ("1", "11", "Buy"))
    ]
    trades = parse.recent_trades(answered({"list": rows}), BTC)
    assert [(trade.trade_id, trade.taker) for trade in trades] == [
        ("1", Side.BUY),
        ("2", Side.UNKNOWN),
        ("3", Side.SELL),
    ]


def test_klines_come_oldest_first_and_do_not_say_whether_they_are_closed(sample):
    bars = parse.klines(sample("rest_kline.json"), BTC, "1h")
    assert [bar.open_ns for bar in bars] == [moment * MS for moment in (1670601600000, 1670605200000, 1670608800000)]
    assert (bars[-1].open, bars[-1].high, bars[-1].low, bars[-1].close) == (17071.0, 17073.0, 17027.0, 17055.5)
    assert (bars[-1].volume, bars[-1].quote_volume, bars[-1].closed) == (268611.0, 15.74462667, None)


def test_best_levels_of_listed_symbols(sample, markets):
    listed = list(markets.instruments())
    (quote,) = parse.book_tickers(sample("rest_tickers.json"), listed).values()
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (20517.96, 2.0, 20527.77, 1.862172)
    assert parse.book_tickers(sample("rest_tickers.json"), []) == {}


def test_empty_side_is_nan(markets):
    row = {"symbol": "BTCUSDT", "bid1Price": "", "bid1Size": "", "ask1Price": "3", "ask1Size": "4"}
    (quote,) = parse.book_tickers(answered({"list": [row]}), markets.instruments()).values()
    assert isnan(quote.bid)
    assert isnan(quote.bid_size)
    assert (quote.ask, quote.ask_size) == (3.0, 4.0)


def test_networks_of_the_documentation(sample):
    mantle = Asset("MNT")
    assert parse.asset_networks(sample("rest_coin_info.json"))[mantle][0] == AssetNetwork(
        asset=mantle,
        network="ETH",
        deposit_open=True,
        withdraw_open=True,
        withdraw_fee=Decimal(3),
        withdraw_min=Decimal(3),
        contract="0x3c3a81e81dc49a522a592e7622a7e711c06bf354",
    )


@pytest.mark.parametrize(
    ("fields", "deposit", "withdraw"),
    [
        ({}, None, None),
        ({"chainDeposit": "0", "chainWithdraw": "1", "withdrawFee": "3"}, False, True),
        ({"chainDeposit": "2", "chainWithdraw": "2"}, None, None),
        ({"chainDeposit": "1", "chainWithdraw": "1", "withdrawFee": ""}, True, False),
    ],
)
def test_network_that_nobody_can_withdraw_by_is_closed(fields, deposit, withdraw):
    row = {"coin": "MNT", "chains": [{"chain": "ETH"} | fields]}
    ((network,),) = parse.asset_networks(answered({"rows": [row]})).values()
    assert (network.deposit_open, network.withdraw_open) == (deposit, withdraw)


@pytest.mark.parametrize(
    "levels",
    ['["1_0","1"]', '[" 1","1"]', '["nan","1"]', '["inf","1"]', '["-1","1"]', '["0","1"]', '["1","-1"]', '["1"]', '["","1"]'],
)  # fmt: skip
def test_malformed_level_is_refused(public, levels):
    body = f'{{"retCode":0,"result":{{"b":[{levels}],"a":[],"ts":1,"u":1}}}}'.encode()
    with pytest.raises(WireError, match="orderbook"):
        public.decode_rest("/v5/market/orderbook", {"symbol": "BTCUSDT"}, body)


async def test_each_method_asks_its_endpoint(public, context, sample):
    context.rest.bodies = {
        "/v5/market/time": sample("rest_time.json"),
        "/v5/market/instruments-info": sample("rest_instruments_info.json"),
        "/v5/market/orderbook": sample("rest_orderbook.json"),
        "/v5/market/recent-trade": sample("rest_recent_trade.json"),
        "/v5/market/kline": sample("rest_kline.json"),
        "/v5/market/tickers": sample("rest_tickers.json"),
    }
    await public.ping()
    await public.get_server_time()
    await public.get_exchange_info()
    book = await public.get_orderbook(BTC, 9999)
    await public.get_recent_trades(BTC, 100)
    await public.get_klines(BTC, "1h", 3)
    await public.get_book_tickers()
    assert book.depth == card.MAX_DEPTH
    of_symbol: dict[str, Any] = {"category": "spot", "symbol": "BTCUSDT"}
    assert [(path, params) for path, params, _ in context.rest.asked] == [
        ("/v5/market/time", {}),
        ("/v5/market/time", {}),
        ("/v5/market/instruments-info", {"category": "spot"}),
        ("/v5/market/orderbook", of_symbol | {"limit": 1000}),
        ("/v5/market/recent-trade", of_symbol | {"limit": 60}),
        ("/v5/market/kline", of_symbol | {"interval": "60", "limit": 3}),
        ("/v5/market/tickers", {"category": "spot"}),
    ]


async def test_best_levels_ask_for_the_symbols_where_nobody_has(public, context, markets, sample):
    markets.fill({})
    context.rest.bodies = {
        "/v5/market/instruments-info": sample("rest_instruments_info.json"),
        "/v5/market/tickers": sample("rest_tickers.json"),
    }
    assert list(await public.get_book_tickers()) == [BTC]


async def test_interval_that_is_not_offered_is_not_asked_for(public, context):
    with pytest.raises(NotSupported, match="1s"):
        await public.get_klines(BTC, "1s")
    assert not context.rest.asked


async def test_symbol_that_is_not_listed_is_not_asked_for(public, context):
    with pytest.raises(InvalidSymbol):
        await public.get_orderbook(Symbol("NOPE", "USDT"))
    assert not context.rest.asked


async def test_symbol_is_spelt_by_the_rule_before_there_is_a_list(public, context, markets, sample):
    markets.fill({})
    context.rest.bodies = {"/v5/market/orderbook": sample("rest_orderbook.json")}
    await public.get_orderbook(Symbol("ETH", "USDT"))
    assert context.rest.asked[0][1]["symbol"] == "ETHUSDT"


def test_recorded_answers_are_decoded_by_their_path(public, sample):
    params = {"category": "spot", "symbol": "BTCUSDT"}
    book = public.decode_rest("/v5/market/orderbook", params, sample("rest_orderbook.json"))
    assert isinstance(book, BookSnapshot)
    assert (book.symbol, book.last_id, book.depth) == (BTC, 230704, 1)  # what is asked for without a limit
    listed = public.decode_rest("/v5/market/instruments-info", {}, sample("rest_instruments_info.json"))
    assert isinstance(listed, dict)
    assert list(listed) == [BTC]
    assert public.decode_rest("/v5/market/recent-trade", params, sample("rest_recent_trade.json")) is None


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        ("/v5/market/orderbook", {}, b'{"result":{"b":[],"a":[],"ts":1,"u":1}}'),
        ("/v5/market/orderbook", {"symbol": "BTCUSDT", "limit": "many"}, b'{"result":{"b":[],"a":[],"ts":1,"u":1}}'),
        ("/v5/market/orderbook", {"symbol": "BTCUSDT"}, b'{"result":{"b":[],"a":[],"ts":1,"u":-1}}'),
        ("/v5/market/orderbook", {"symbol": "BTCUSDT"}, b"<html>"),
        ("/v5/market/instruments-info", {}, b'{"result":{"list":[{"symbol":"BTCUSDT"}]}}'),
    ],
)
def test_recorded_answer_that_does_not_parse_is_a_wire_error(public, path, params, body):
    with pytest.raises(WireError):
        public.decode_rest(path, params, body)
