"""Market data by request: what is asked, and what is made of the venue's answers. The samples' meaning is in the index."""

import json
from decimal import Decimal
from math import isnan

import pytest
from arb_bitget import card, parse
from arb_core.errors import NotSupported, WireError
from arb_core.structs.book import NO_ID
from arb_core.structs.market import Symbol, TradingStatus

BTC, TRX = Symbol("BTC", "USDT"), Symbol("TRX", "USDT")


def answered(data: object) -> bytes:
    return json.dumps({"code": "00000", "msg": "success", "requestTime": 1, "data": data}).encode()


def listed(**fields: str) -> bytes:
    row = {
        "symbol": "ETHBTC",
        "baseCoin": "ETH",
        "quoteCoin": "BTC",
        "takerFeeRate": "0.001",
        "makerFeeRate": "0.001",
        "pricePrecision": "6",
        "quantityPrecision": "4",
        "status": "online",
        "minTradeUSDT": "1",
    }
    return answered([row | fields])


def test_steps_are_decimals_and_the_least_value_is_one_in_usdt():
    (of_btc,) = parse.instruments(listed()).values()
    (of_usdt,) = parse.instruments(listed(symbol="ETHUSDT", quoteCoin="USDT")).values()
    assert (of_btc.tick, of_btc.lot, of_btc.min_quantity) == (Decimal("0.000001"), Decimal("0.0001"), Decimal("0.0001"))
    assert (of_btc.min_notional, of_usdt.min_notional) == (0, 1)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("online", TradingStatus.TRADING),
        ("halt", TradingStatus.HALTED),
        ("offline", TradingStatus.HALTED),
        ("gray", TradingStatus.UNKNOWN),
        ("something new", TradingStatus.UNKNOWN),
    ],
)
def test_status_of_a_symbol(word, status):
    (found,) = parse.instruments(listed(status=word)).values()
    assert found.status is status


def test_a_day_on_which_it_is_taken_off_is_told():
    (found,) = parse.instruments(listed(offTime="1700000000000")).values()
    assert found.delisting_ns == 1_700_000_000_000_000_000
    (stays,) = parse.instruments(listed(offTime="")).values()
    assert stays.delisting_ns is None


def test_book_by_request_bears_no_number(sample):
    book = parse.orderbook(sample("rest_orderbook.json"), BTC, 5)
    assert (book.last_id, book.depth) == (NO_ID, 5)


async def test_what_is_asked_for_is_within_what_is_given(public, context, sample):
    context.rest.bodies = {
        card.DEPTH.path: sample("rest_orderbook.json"),
        card.TRADES.path: sample("rest_fills.json"),
        card.KLINES.path: sample("rest_candles.json"),
    }
    await public.get_orderbook(TRX, 1000)
    await public.get_recent_trades(TRX, 9999)
    await public.get_klines(TRX, "1d", 9999)
    asked = [params for _, params, _ in context.rest.asked]
    assert asked == [
        {"symbol": "TRXUSDT", "type": "step0", "limit": 150},
        {"symbol": "TRXUSDT", "limit": 500},
        {"symbol": "TRXUSDT", "granularity": "1Dutc", "limit": 1000},
    ]


async def test_candles_that_it_has_not_are_refused(public):
    with pytest.raises(NotSupported, match="2h"):
        await public.get_klines(TRX, "2h")


async def test_side_without_a_price_is_empty(public, context):
    row = {"symbol": "TRXUSDT", "bidPr": "0", "bidSz": "5", "askPr": "", "askSz": "", "ts": "1"}
    context.rest.bodies[card.BOOK_TICKER.path] = answered([row, {**row, "symbol": "OTHERUSDT"}])
    quotes = await public.get_book_tickers()
    assert set(quotes) == {TRX}
    assert all(isnan(side) for side in (quotes[TRX].bid, quotes[TRX].bid_size, quotes[TRX].ask, quotes[TRX].ask_size))


def test_recorded_answers_are_read_by_their_path(public, sample):
    found = public.decode_rest(card.EXCHANGE_INFO.path, {}, sample("rest_symbols.json"))
    assert set(found) == {TRX}
    book = public.decode_rest(card.DEPTH.path, {"symbol": "TRXUSDT", "limit": "5"}, sample("rest_orderbook.json"))
    assert (book.symbol, book.depth) == (TRX, 5)
    assert public.decode_rest("/api/v2/public/time", {}, b"{}") is None
    with pytest.raises(WireError):
        public.decode_rest(card.EXCHANGE_INFO.path, {}, b"[]")
