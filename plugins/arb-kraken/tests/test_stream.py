"""The socket: what is sent, what each frame says, and what a checksum is made of."""

import json
from contextlib import suppress
from decimal import Decimal
from math import isnan
from zlib import crc32

import msgspec
import pytest
from arb_core.errors import WireError
from arb_core.structs.book import NO_ID, Printed, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Instrument, Pair, Side, Symbol, TradingStatus
from arb_core.structs.stream import Feed, Topic
from arb_kraken import card
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BTC_USD = Pair("BTC/USD")
MATIC = Symbol("MATIC", "USD")
MS = 1_000_000
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError, ArithmeticError)
"""What the contract lets a dialect raise for a malformed frame."""
SUM = 2439117997
"""Of the book in the documentation: `ws_book_snapshot.json`."""


@pytest.fixture
def listed(markets):
    """MATIC/USD is listed as the documentation prints it: prices with four decimals, quantities with eight."""
    tick, lot = Decimal("0.0001"), Decimal("0.00000001")
    instrument = Instrument(symbol=MATIC, pair=Pair("MATIC/USD"), status=TradingStatus.TRADING, tick=tick, lot=lot)
    markets.fill({**{each.symbol: each for each in markets.instruments()}, MATIC: instrument})
    return markets


def book(**fields: object) -> bytes:
    """Make a frame of the book feed."""
    told: dict[str, object] = {
        "symbol": "BTC/USD",
        "bids": [{"price": 1.5, "qty": 2}],
        "asks": [],
        "checksum": 7,
        "timestamp": "2023-10-06T17:35:55.440295Z",
    }
    return msgspec.json.encode({"channel": "book", "type": "update", "data": [told | fields]})


# What is sent


def test_channels(dialect):
    public = dialect()
    assert public.channel(Topic(Feed.BOOK, BTC_USD)) == "book BTC/USD"
    assert public.channel(Topic(Feed.QUOTE, BTC_USD)) == "ticker BTC/USD"
    assert public.channel(Topic(Feed.TRADES, BTC_USD)) == "trade BTC/USD"
    assert public.channel(Topic(Feed.KLINES, BTC_USD, interval="1h")) == "ohlc BTC/USD 60"


@pytest.mark.parametrize(
    "topic",
    [
        Topic(Feed.BOOK),
        Topic(Feed.ORDERS),
        Topic(Feed.DEPTH, BTC_USD, depth=10),
        Topic(Feed.KLINES, BTC_USD),
        Topic(Feed.KLINES, BTC_USD, interval="1w"),
    ],
)
def test_topic_that_is_not_offered_is_refused(dialect, topic):
    with pytest.raises(ValueError, match="kraken"):
        dialect().channel(topic)


@pytest.mark.parametrize("method", ["subscribe", "unsubscribe"])
def test_the_end_of_a_book_repeats_its_depth(dialect, method):
    sent = getattr(dialect(depth=25), method)([Topic(Feed.BOOK, BTC_USD)], 7, 0)
    params = {"channel": "book", "symbol": ["BTC/USD"], "depth": 25}
    assert json.loads(sent) == {"method": method, "params": params, "req_id": 7}


def test_quotes_follow_the_best_prices_and_not_the_trades(dialect):
    sent = json.loads(dialect().subscribe([Topic(Feed.QUOTE, BTC_USD)], 7, 0))
    assert sent["params"] == {"channel": "ticker", "symbol": ["BTC/USD"], "event_trigger": "bbo"}


@pytest.mark.parametrize("topic", [Topic(Feed.TRADES, BTC_USD), Topic(Feed.KLINES, BTC_USD, interval="1m")])
def test_nothing_of_before_is_asked_for(dialect, topic):
    assert json.loads(dialect().subscribe([topic], 7, 0))["params"]["snapshot"] is False


def test_one_request_holds_one_topic(dialect):
    assert card.CARD.stream.topics_per_request == 1
    with pytest.raises(ValueError, match="too many"):
        dialect().subscribe([Topic(Feed.BOOK, BTC_USD), Topic(Feed.QUOTE, BTC_USD)], 7, 0)


async def test_ticket_is_the_plain_address(dialect):
    assert (await dialect().ticket()).url == card.CARD.hosts.ws_public


@pytest.mark.parametrize("depth", [10, 1000])
def test_books_are_known_by_their_checksum_alone(dialect, depth):
    rule = dialect(depth=depth).book_rule
    assert (rule.ids, rule.snapshot, rule.recover) == (SequenceRule.NONE, SnapshotSource.STREAM, Recovery.RESUBSCRIBE)
    assert (rule.kept_depth, rule.cut_each_update) == (depth, True)
    assert (rule.checksum.name, rule.checksum.depth) == ("CRC32", 10)


# Checksums


def test_the_checksum_of_the_documentation(hear, dialect, listed, sample):
    ((call, pair, bids, asks, last_id, exchange_ns, depth, printed),) = hear(sample("ws_book_snapshot.json"))
    assert (call, pair, last_id, exchange_ns, depth) == ("snapshot", "MATIC/USD", NO_ID, None, 0)
    assert (bids[6], asks[2], asks[3]) == ((0.566, 18097.1547), (0.567, 49844.89424998), (0.5671, 24306.41678))
    assert (printed.bids[6], printed.asks[2]) == (("0.5660", "18097.15470000"), ("0.5670", "49844.89424998"))
    assert printed.asks[3] == ("0.5671", "24306.41678000")
    assert dialect().book_rule.checksum.of(printed.bids, printed.asks) == printed.checksum == SUM


def test_numbers_with_and_without_their_zeros_are_one_text(hear, listed):
    levels = '[{"price":0.5670,"qty":2.00000000},{"price":0.567,"qty":2},{"price":5.67e-1,"qty":2E0}]'
    frame = (
        f'{{"channel":"book","type":"update","data":[{{"symbol":"MATIC/USD","bids":{levels},"asks":[],"checksum":1}}]}}'
    )
    ((*_, printed),) = hear(frame.encode())
    assert printed.bids == [("0.5670", "2.00000000")] * 3


def test_a_quantity_of_more_digits_than_a_float_holds_keeps_its_text(hear, listed):
    frame = b'{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5,"qty":%b}],"asks":[],"checksum":1}]}'
    ((_, _, bids, *_, printed),) = hear(frame % b"1234567890.12345678")
    assert printed.bids == [("0.5000", "1234567890.12345678")]
    assert bids == [(0.5, 1234567890.12345678)]


def test_prices_are_summed_up_with_the_decimals_of_the_list_and_not_of_the_tick(hear, markets):
    finer = msgspec.structs.replace(markets.instrument(Symbol("BTC", "USD")), price_decimals=2)
    markets.fill({finer.symbol: finer})
    ((*_, printed),) = hear(book())
    assert printed == Printed(bids=[("1.50", "2.00000000")], asks=[], checksum=7)


def test_a_pair_that_nobody_listed_is_shown_as_it_is_printed(hear):
    ((*_, printed),) = hear(book(symbol="NEW/USD"))
    assert printed.bids == [("1.5", "2")]


@given(
    levels=st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**14)), min_size=1, max_size=10, unique_by=lambda one: one[0])
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sum_is_that_of_whole_numbers(dialect, levels):
    # A price in cents and a quantity in 10^-8 are the very digits that are summed up.
    texts = [(f"{price // 100}.{price % 100:02d}", f"{size // 10**8}.{size % 10**8:08d}") for price, size in levels]
    digits = "".join(f"{price}{size}" for price, size in levels)
    of = dialect().book_rule.checksum.of
    assert of([], texts) == crc32(digits.encode())
    assert of(texts, texts) == crc32((digits * 2).encode())


# What frames say


def test_a_change_of_the_documentation(hear, listed, sample):
    ((call, pair, bids, asks, first, last, exchange_ns, previous, printed),) = hear(sample("ws_book_update.json"))
    assert (call, pair, bids, asks) == ("delta", "MATIC/USD", [(0.5657, 1098.3947558)], [])
    assert (first, last, previous) == (NO_ID, NO_ID, NO_ID)
    assert exchange_ns == 1_696_613_755_440_295_000
    assert printed == Printed(bids=[("0.5657", "1098.39475580")], asks=[], checksum=2114181697)


def test_a_frame_of_several_books_counts_whole_or_not_at_all(hear):
    two = json.loads(book())
    two["data"].append({**two["data"][0], "bids": [{"price": -1, "qty": 1}]})
    with pytest.raises(ValueError, match=r"> 0\.0"):
        hear(json.dumps(two).encode())


def test_a_quote_is_empty_where_a_side_is(hear, sample):
    ((call, pair, bid, bid_size, ask, ask_size, exchange_ns),) = hear(sample("ws_ticker.json"))
    assert (call, pair, exchange_ns) == ("quote", "ALGO/USD", None)
    assert (bid, bid_size, ask, ask_size) == (0.10025, 740.0, 0.10036, 1361.44813783)
    row = {"symbol": "BTC/USD", "bid": 0, "bid_qty": 0, "ask": 2, "ask_qty": 3, "timestamp": "2023-10-06T17:35:55Z"}
    ((_, _, bid, bid_size, *rest),) = hear(json.dumps({"channel": "ticker", "type": "update", "data": [row]}).encode())
    assert isnan(bid) and isnan(bid_size)  # noqa: PT018
    assert rest == [2.0, 3.0, 1_696_613_755_000 * MS]


def test_trades_of_one_frame_come_in_order(hear, sample):
    assert hear(sample("ws_trade.json")) == [
        ("trade", "MATIC/USD", 0.5147, 6423.46326, Side.BUY, 1_695_628_116_925_533_000, "4665846"),
        ("trade", "MATIC/USD", 0.5147, 1136.19677815, Side.BUY, 1_695_628_176_925_603_000, "4665847"),
    ]


def test_candles_of_a_length_that_the_contract_lacks_are_passed_over(hear, sample):
    assert [call[0] for call in hear(sample("ws_ohlc.json"))] == ["kline", "kline"]
    frame = sample("ws_ohlc.json").replace(b'"interval":5', b'"interval":21600')
    assert [call[0] for call in hear(frame)] == ["ignored", "ignored"]


def test_answers(hear, sample):
    assert hear(sample("ws_subscribe_ack.json")) == [("ack", 1, ["book BTC/USD"])]
    assert hear(sample("ws_unsubscribe_ack.json")) == [("ack", 2, ["book BTC/USD"])]
    assert hear(sample("ws_subscribe_error.json")) == [("refused", 1, [], "Currency pair not supported XBT/USD")]
    assert hear(b'{"method":"pong","time_in":"","time_out":""}') == [("pong",)]
    assert hear(sample("ws_heartbeat.json")) == [("ignored", "heartbeat")]
    assert hear(sample("ws_status.json")) == [("ignored", "status")]


def test_what_one_has_already_stands(hear):
    frame = b'{"error":"Already subscribed","method":"subscribe","req_id":3,"success":false,"symbol":"BTC/USD"}'
    assert hear(frame) == [("ack", 3, [])]


@pytest.mark.parametrize(
    "fields",
    [
        {"bids": [{"price": "1.5", "qty": 2}]},
        {"bids": [{"price": 0, "qty": 2}]},
        {"bids": [{"price": 1, "qty": -2}]},
        {"bids": [{"price": True, "qty": 2}]},
        {"bids": [{"price": None, "qty": 2}]},
        {"bids": [{"price": {}, "qty": 2}]},
        {"bids": [{"qty": 2}]},
        {"checksum": -1},
        {"checksum": None},
        {"symbol": 7},
        {"timestamp": "2023-13-06T17:35:55.440295Z"},
        {"timestamp": "yesterday"},
        {"timestamp": "2023-10-06T17:35:55.44029५Z"},
        {"timestamp": "2023-10-06T17:35:55.440_95Z"},
        {"timestamp": "2023-10-06T17:35:55,440295Z"},
        {"timestamp": "2023-10-06T17:35:55.440295"},
        {"timestamp": "2023-10-06T17:35:55.Z"},
        {"timestamp": "2023-10-06T17:35:55.4402951234Z"},
        {"timestamp": "2023-10-06 17:35:55.440295Z"},
        {"timestamp": "2023-10-06T17:35:55Z\n"},
    ],
    ids=str,
)
def test_a_malformed_change_is_refused(hear, fields):
    with pytest.raises(REFUSALS):
        hear(book(**fields))


@pytest.mark.parametrize(
    ("stamp", "nanoseconds"),
    [("Z", 0), (".4Z", 400_000_000), (".440295Z", 440_295_000), (".440295123Z", 440_295_123)],
)
def test_a_time_is_exact_with_as_many_digits_as_there_are(hear, stamp, nanoseconds):
    ((*_, exchange_ns, _, _),) = hear(book(timestamp=f"2023-10-06T17:35:55{stamp}"))
    assert exchange_ns == 1_696_613_755 * 1_000_000_000 + nanoseconds


def test_a_number_beyond_any_is_refused(hear):
    with pytest.raises(ValueError, match="out of range"):
        hear(book().replace(b"1.5", b"1e999"))


@pytest.mark.parametrize("text", ["1e-999999999", "0e999999999", "1E-99999999999999999999"])
def test_digits_that_would_fill_the_memory_are_not_printed(hear, text):
    ((_, _, bids, *_, printed),) = hear(book(bids=[{"price": 1.5, "qty": msgspec.Raw(text.encode())}]))
    assert bids == [(1.5, 0.0)]
    assert len(printed.bids[0][1]) < 30


@given(noise=st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_crashes_nothing(hear, noise):
    with suppress(*REFUSALS):
        hear(noise)
