"""REST: what is asked, and what is made of the documentation's answers."""

from decimal import Decimal
from math import isnan

import msgspec
import pytest
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.structs.book import NO_ID, BookSnapshot
from arb_core.structs.market import AssetNetwork, Instrument, Pair, Side, Symbol, TradingStatus
from arb_gateio import card, parse

ETH = Symbol("ETH", "USDT")
MS = 1_000_000


def info(**fields: object) -> Instrument:
    """Parse a list of one pair, with some fields changed."""
    row: dict[str, object] = {
        "id": "BTC_USDT", "base": "BTC", "quote": "USDT", "precision": 2, "amount_precision": 6, "trade_status": "tradable",
    }  # fmt: skip
    (found,) = parse.instruments(msgspec.json.encode([row | fields])).values()
    return found


def test_server_time_is_in_milliseconds(sample):
    assert parse.server_time(sample("rest_time.json")) == 1_597_026_383_085 * MS


def test_instrument_of_the_documentation(sample):
    listed = parse.instruments(sample("rest_currency_pairs.json"))
    assert listed == {
        ETH: Instrument(
            symbol=ETH,
            pair=Pair("ETH_USDT"),
            status=TradingStatus.TRADING,
            tick=Decimal("0.000001"),
            lot=Decimal("0.001"),
            min_quantity=Decimal("0.001"),
            max_quantity=Decimal(10_000),
            min_notional=Decimal(1),
            max_notional=Decimal(10_000_000),
            maker_fee=Decimal("0.002"),  # "0.2" percent
            taker_fee=Decimal("0.002"),
        )
    }
    assert parse.instrument(sample("rest_currency_pair.json")) == listed


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, TradingStatus.TRADING),
        ({"trade_status": "untradable"}, TradingStatus.HALTED),
        ({"trade_status": "buyable"}, TradingStatus.BUY_ONLY),
        ({"trade_status": "sellable"}, TradingStatus.SELL_ONLY),
        ({"trade_status": "something new"}, TradingStatus.UNKNOWN),
        ({"type": "normal"}, TradingStatus.TRADING),
        ({"type": "premarket"}, TradingStatus.UNKNOWN),
    ],
)
def test_status_says_whether_orders_are_taken(fields, status):
    assert info(**fields).status is status


def test_delisting_is_announced_in_seconds():
    assert info(delisting_time=1_700_000_000).delisting_ns == 1_700_000_000_000 * MS
    assert info(delisting_time=0).delisting_ns is None
    assert info().delisting_ns is None


def test_null_empty_and_newer_fields_of_an_instrument():
    found = info(min_base_amount=None, max_base_amount="", min_quote_amount="3", up_rate="0.08", slippage="1")
    assert (found.min_quantity, found.max_quantity, found.min_notional, found.taker_fee) == (0, None, 3, None)


def test_orderbook_of_the_documentation(sample):
    assert parse.orderbook(sample("rest_order_book.json"), ETH, 100) == BookSnapshot(
        symbol=ETH,
        bids=[(1.17, 201.863), (1.16, 725.464)],
        asks=[(1.52, 1.151), (1.53, 1.218)],
        last_id=123456,
        exchange_ns=1_623_898_993_121 * MS,
        depth=100,
    )


def test_orderbook_asked_for_without_its_id():
    assert parse.orderbook(b'{"bids":[],"asks":[]}', ETH, 10).last_id == NO_ID


def test_trades_come_oldest_first(sample):
    (only,) = parse.recent_trades(sample("rest_trades.json"), ETH)
    assert (only.price, only.size, only.taker) == (0.03, 0.15, Side.BUY)
    assert (only.exchange_ns, only.trade_id) == (1_548_000_000_123_456_000, "1232893232")
    rows = [
        {"id": name, "create_time_ms": f"{ms}.5", "side": side, "amount": "1", "price": "2"}
        for name, ms, side in (("3", 12, "sell"), ("2", 11, "other"), ("1", 11, "buy"))
    ]
    trades = parse.recent_trades(msgspec.json.encode(rows), ETH)
    assert [(trade.trade_id, trade.taker) for trade in trades] == [
        ("1", Side.BUY),
        ("2", Side.UNKNOWN),
        ("3", Side.SELL),
    ]


def test_kline_columns_stand_in_an_odd_order(sample):
    (seven,) = parse.klines(sample("rest_candlesticks.json"), ETH, "1m")
    assert seven.open_ns == 1_539_852_480_000 * MS
    assert (seven.open, seven.high, seven.low, seven.close) == (0.0021737, 0.0021922, 0.0021724, 0.0021724)
    assert (seven.quote_volume, seven.closed) == (971519.677, True)
    assert isnan(seven.volume)
    row = ["1790274120", "11662.91", "84404", "84421.4", "84384.2", "84384.3", "0.13818", "false"]
    (eight,) = parse.klines(msgspec.json.encode([row]), ETH, "1m")
    assert (eight.open, eight.high, eight.low, eight.close) == (84384.3, 84421.4, 84384.2, 84404.0)
    assert (eight.volume, eight.quote_volume, eight.closed) == (0.13818, 11662.91, False)


def test_book_tickers_have_no_sizes(sample):
    quote = parse.book_tickers(sample("rest_tickers.json"))[Symbol("BTC3L", "USDT")]
    assert (quote.bid, quote.ask) == (2.4606821, 2.477)
    assert isnan(quote.bid_size)
    dead = parse.book_tickers(b'[{"currency_pair":"A_B","highest_bid":"","lowest_ask":null}]')[Symbol("A", "B")]
    assert isnan(dead.bid)
    assert isnan(dead.ask)


def test_asset_networks_of_the_documentation(sample):
    networks = parse.asset_networks(sample("rest_currencies.json"))
    (native, token, other) = networks[next(iter(networks))]
    assert list(networks) == ["GT"]
    assert (native.network, native.contract) == ("GT", None)
    assert other.network == "GTEVM"
    assert token == AssetNetwork(
        asset=token.asset,
        network="ETH",
        deposit_open=True,
        withdraw_open=True,
        contract="0xE66747a101bFF2dBA3697199DCcE5b743b454759",
    )


@pytest.mark.parametrize(
    ("currency", "chain", "deposit", "withdraw"),
    [
        ({}, {"deposit_disabled": True, "withdraw_disabled": False}, False, True),
        ({}, {"deposit_disabled": False, "withdraw_disabled": True}, True, False),
        ({"delisted": True}, {"deposit_disabled": False, "withdraw_disabled": False}, False, False),
        ({"withdraw_disabled": True}, {"deposit_disabled": False, "withdraw_disabled": False}, True, False),
        ({}, {}, None, None),
    ],
)
def test_transfers_are_open_unless_something_closes_them(currency, chain, deposit, withdraw):
    row = {"currency": "X", **currency, "chains": [{"name": "N", "addr": "0x1", **chain}]}
    ((network,),) = parse.asset_networks(msgspec.json.encode([row])).values()
    assert (network.deposit_open, network.withdraw_open) == (deposit, withdraw)


def test_older_currency_has_one_chain():
    row = {"currency": "GT", "chain": "GT", "deposit_disabled": False, "withdraw_disabled": True}
    ((network,),) = parse.asset_networks(msgspec.json.encode([row])).values()
    assert (network.network, network.deposit_open, network.withdraw_open) == ("GT", True, False)


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
    body = f'{{"id":1,"bids":[{levels}],"asks":[]}}'.encode()
    with pytest.raises(WireError, match="order_book"):
        public.decode_rest("/api/v4/spot/order_book", {"currency_pair": "ETH_USDT"}, body)


async def test_each_method_asks_its_endpoint(public, context, sample):
    context.rest.bodies = {
        "/api/v4/spot/time": sample("rest_time.json"),
        "/api/v4/spot/currency_pairs": sample("rest_currency_pairs.json"),
        "/api/v4/spot/order_book": sample("rest_order_book.json"),
        "/api/v4/spot/trades": sample("rest_trades.json"),
        "/api/v4/spot/candlesticks": sample("rest_candlesticks.json"),
        "/api/v4/spot/tickers": sample("rest_tickers.json"),
        "/api/v4/spot/currencies": sample("rest_currencies.json"),
    }
    await public.ping()
    await public.get_server_time()
    await public.get_exchange_info()
    book = await public.get_orderbook(ETH, 9999)
    await public.get_recent_trades(ETH, 7)
    await public.get_klines(ETH, "1h", 3)
    await public.get_book_tickers()
    await public.get_asset_networks()
    assert book.depth == card.MAX_DEPTH
    assert [(path, params) for path, params, _ in context.rest.asked] == [
        ("/api/v4/spot/time", {}),
        ("/api/v4/spot/time", {}),
        ("/api/v4/spot/currency_pairs", {}),
        ("/api/v4/spot/order_book", {"currency_pair": "ETH_USDT", "limit": 1000, "with_id": "true"}),
        ("/api/v4/spot/trades", {"currency_pair": "ETH_USDT", "limit": 7}),
        ("/api/v4/spot/candlesticks", {"currency_pair": "ETH_USDT", "interval": "1h", "limit": 3}),
        ("/api/v4/spot/tickers", {}),
        ("/api/v4/spot/currencies", {}),
    ]


async def test_interval_that_is_not_offered_is_not_asked_for(public, context):
    with pytest.raises(NotSupported, match="1w"):
        await public.get_klines(ETH, "1w")
    assert not context.rest.asked


async def test_symbol_that_is_not_listed_is_not_asked_for(public, context):
    with pytest.raises(InvalidSymbol):
        await public.get_orderbook(Symbol("BTC", "USDT"))
    assert not context.rest.asked


async def test_symbol_is_spelt_by_the_rule_before_there_is_a_list(public, context, markets, sample):
    markets.fill({})
    context.rest.bodies = {"/api/v4/spot/order_book": sample("rest_order_book.json")}
    await public.get_orderbook(Symbol("BTC", "USDT"))
    assert context.rest.asked[0][1]["currency_pair"] == "BTC_USDT"


def test_recorded_answers_are_decoded_by_their_path(public, sample):
    params = {"currency_pair": "ETH_USDT", "limit": "100", "with_id": "true"}
    book = public.decode_rest("/api/v4/spot/order_book", params, sample("rest_order_book.json"))
    assert isinstance(book, BookSnapshot)
    assert (book.symbol, book.last_id, book.depth) == (ETH, 123456, 100)
    listed = public.decode_rest("/api/v4/spot/currency_pairs", {}, sample("rest_currency_pairs.json"))
    single = public.decode_rest("/api/v4/spot/currency_pairs/ETH_USDT", {}, sample("rest_currency_pair.json"))
    assert isinstance(listed, dict)
    assert list(listed) == [ETH]
    assert single == listed
    assert public.decode_rest("/api/v4/spot/trades", params, sample("rest_trades.json")) is None


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        ("/api/v4/spot/order_book", {}, b'{"id":1,"bids":[],"asks":[]}'),
        ("/api/v4/spot/order_book", {"currency_pair": "A_B", "limit": "many"}, b'{"id":1,"bids":[],"asks":[]}'),
        ("/api/v4/spot/order_book", {"currency_pair": "A_B"}, b'{"id":-1,"bids":[],"asks":[]}'),
        ("/api/v4/spot/order_book", {"currency_pair": "A_B"}, b"<html>"),
        ("/api/v4/spot/currency_pairs", {}, b'[{"id":"BTC_USDT"}]'),
    ],
)
def test_recorded_answer_that_does_not_parse_is_a_wire_error(public, path, params, body):
    with pytest.raises(WireError):
        public.decode_rest(path, params, body)
