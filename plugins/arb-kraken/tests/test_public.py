"""REST: what is asked, and what is made of the documentation's answers."""

from decimal import Decimal
from math import isnan

import msgspec
import pytest
from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Instrument, Kline, Pair, Side, Symbol, Trade, TradingStatus
from arb_kraken import card, parse

BTC = Symbol("BTC", "USD")
SECOND = 1_000_000_000


def info(**fields: object) -> Instrument:
    """Parse a list of one pair, with some fields changed."""
    row: dict[str, object] = {
        "altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD", "pair_decimals": 1, "lot_decimals": 8,
        "tick_size": "0.1", "status": "online", "fees": [[0, 0.4]], "fees_maker": [[0, 0.25]],
    }  # fmt: skip
    (found,) = parse.instruments(msgspec.json.encode({"error": [], "result": {"XXBTZUSD": row | fields}})).values()
    return found


def test_server_time_is_the_middle_of_its_second(sample):
    assert parse.server_time(sample("rest_time.json")) == 1_688_669_448 * SECOND + SECOND // 2


def test_instruments_of_the_documentation(sample):
    listed = parse.instruments(sample("rest_asset_pairs.json"))
    assert set(listed) == {Symbol("ETH", "BTC"), BTC}
    assert listed[BTC] == Instrument(
        symbol=BTC,
        pair=Pair("BTC/USD"),
        status=TradingStatus.TRADING,
        tick=Decimal("0.1"),
        lot=Decimal("0.00000001"),
        min_quantity=Decimal("0.0001"),
        min_notional=Decimal("0.5"),
        maker_fee=Decimal("0.0016"),  # 0.16 percent
        taker_fee=Decimal("0.0026"),
        price_decimals=1,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("online", TradingStatus.TRADING),
        ("limit_only", TradingStatus.TRADING),
        ("post_only", TradingStatus.HALTED),
        ("cancel_only", TradingStatus.HALTED),
        ("reduce_only", TradingStatus.HALTED),
        ("something new", TradingStatus.UNKNOWN),
        (None, TradingStatus.UNKNOWN),
    ],
)
def test_status_says_whether_orders_that_take_are_accepted(status, expected):
    assert info(status=status).status is expected


def test_prices_may_be_printed_finer_than_the_tick():
    found = info(pair_decimals=2, tick_size="0.1")
    assert (found.tick, found.price_decimals) == (Decimal("0.1"), 2)
    assert info(pair_decimals=2, tick_size=None).tick == Decimal("0.01")


def test_a_pair_without_fees_for_makers_has_one_fee():
    assert info(fees_maker=None).maker_fee == info().taker_fee == Decimal("0.004")
    assert info(fees=[], fees_maker=None).taker_fee is None


def test_a_pair_that_is_not_on_the_socket_is_left_out(sample):
    body = sample("rest_asset_pairs.json").replace(b'"wsname": "ETH/XBT",', b"")
    assert set(parse.instruments(body)) == {BTC}


def test_orderbook_of_the_documentation(sample):
    assert parse.orderbook(sample("rest_depth.json"), BTC, 3) == BookSnapshot(
        symbol=BTC,
        bids=[(30297.0, 1.115), (30296.7, 2.002), (30289.8, 5.001)],
        asks=[(30384.1, 2.059), (30387.9, 1.5), (30393.7, 9.871)],
        depth=3,
    )


def test_trades_are_exact_to_the_digit_of_their_time(sample):
    first, *_ = parse.recent_trades(sample("rest_trades.json"), BTC)
    assert first == Trade(
        symbol=BTC, price=30243.4, size=0.34507674, taker=Side.BUY, exchange_ns=1688669597827736900, trade_id="61044952"
    )


def test_the_last_candle_is_going_on(sample):
    one, other = parse.klines(sample("rest_ohlc.json"), BTC, "1m", 100)
    assert (one.closed, other.closed) == (True, False)
    assert other == Kline(
        symbol=BTC, interval="1m", open_ns=1_688_671_260 * SECOND, open=30304.5, high=30304.5, low=30300.0,
        close=30300.0, volume=4.42996871, closed=False,
    )  # fmt: skip
    assert parse.klines(sample("rest_ohlc.json"), BTC, "1m", 1) == [other]


def test_best_prices_come_without_the_rounded_sizes(sample, markets):
    ((symbol, quote),) = parse.book_tickers(sample("rest_ticker.json"), parse.Names(markets)).items()
    assert (symbol, quote.bid, quote.ask) == (BTC, 30300.0, 30300.1)
    assert isnan(quote.bid_size)
    assert isnan(quote.ask_size)


@pytest.mark.parametrize("name", ["XXBTZUSD", "XBTUSD", "XBTZUSD", "XXBTUSD"])
def test_every_name_of_a_pair_is_resolved(markets, name):
    assert parse.Names(markets)(name) == "BTC/USD"


def test_a_name_that_is_not_listed_is_parted_and_one_that_is_none_stays(markets):
    names = parse.Names(markets)
    assert (names("ADAEUR"), names("NOPE")) == ("ADA/EUR", "NOPE")


async def test_what_is_asked(public, context, sample):
    context.rest.bodies = {
        card.DEPTH.path: sample("rest_depth.json"),
        card.TRADES.path: sample("rest_trades.json"),
        card.KLINES.path: sample("rest_ohlc.json"),
    }
    await public.get_orderbook(BTC, 700)
    await public.get_recent_trades(BTC, 2000)
    await public.get_klines(BTC, "1h", 5)
    assert [(path, params) for path, params, _ in context.rest.asked] == [
        (card.DEPTH.path, {"pair": "XBTUSD", "count": 500}),
        (card.TRADES.path, {"pair": "XBTUSD", "count": 1000}),
        (card.KLINES.path, {"pair": "XBTUSD", "interval": 60}),
    ]


async def test_unlisted_symbol_and_interval_are_refused_before_anything_is_sent(public, context):
    with pytest.raises(InvalidSymbol, match="did you mean BTC/USD"):
        await public.get_orderbook(Symbol("USD", "BTC"))
    with pytest.raises(NotSupported, match="1w"):
        await public.get_klines(BTC, "1w")
    assert context.rest.asked == []


@pytest.mark.parametrize("name", ["XBTUSD", "XXBTZUSD"])
def test_a_recorded_book_is_decoded_by_either_name(public, sample, name):
    found = public.decode_rest("/0/public/Depth", {"pair": name}, sample("rest_depth.json"))
    assert (found.symbol, found.depth, len(found.bids)) == (BTC, 100, 3)


def test_recorded_answers_of_other_kinds(public, sample):
    assert set(public.decode_rest("/0/public/AssetPairs", {}, sample("rest_asset_pairs.json"))) >= {BTC}
    assert public.decode_rest("/0/public/Time", {}, sample("rest_time.json")) is None


@pytest.mark.parametrize("body", [b"", b"{}", b'{"error":[],"result":{}}', b'{"error":["EService:Busy"]}'])
def test_a_recorded_book_that_is_none_is_told(public, body):
    with pytest.raises(WireError):
        public.decode_rest("/0/public/Depth", {"pair": "XBTUSD"}, body)
