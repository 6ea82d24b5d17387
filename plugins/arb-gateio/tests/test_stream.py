"""The socket: what is sent, and what each frame says."""

import json
from math import isnan
from typing import Any

import msgspec
import pytest
from arb_core.errors import WireError
from arb_core.structs.book import Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Pair, Side
from arb_core.structs.stream import Feed, Topic
from arb_gateio import card
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
BTC_USDT = Pair("BTC_USDT")
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError, ArithmeticError)
"""What the contract lets a dialect raise for a malformed frame."""

DATA = (
    "recorded_candlesticks.json",
    "recorded_order_book_update.json",
    "recorded_trades.json",
    "ws_spot_book_ticker_update.json",
    "ws_spot_candlesticks_update.json",
    "ws_spot_obu_update.json",
    "ws_spot_obu_update_full.json",
    "ws_spot_order_book_update.json",
    "ws_spot_order_book_update_update.json",
    "ws_spot_trades_update.json",
)


def book_update(**fields: object) -> bytes:
    """Make a frame of the book feed."""
    result: dict[str, object] = {"t": 1, "s": "BTC_USDT", "U": 2, "u": 3, "b": [["1.5", "2"]], "a": []}
    frame = {"time": 1, "channel": "spot.order_book_update", "event": "update", "result": result | fields}
    return msgspec.json.encode(frame)


# What is sent


def test_channels(dialect):
    slow, fast = dialect(), dialect(speed="20ms")
    assert slow.channel(Topic(Feed.BOOK, BTC_USDT)) == "spot.order_book_update BTC_USDT 100ms"
    assert fast.channel(Topic(Feed.BOOK, BTC_USDT)) == "spot.order_book_update BTC_USDT 20ms"
    assert slow.channel(Topic(Feed.DEPTH, BTC_USDT, depth=5)) == "spot.order_book BTC_USDT 5 100ms"
    assert slow.channel(Topic(Feed.QUOTE, BTC_USDT)) == "spot.book_ticker BTC_USDT"
    assert slow.channel(Topic(Feed.TRADES, BTC_USDT)) == "spot.trades BTC_USDT"
    assert slow.channel(Topic(Feed.KLINES, BTC_USDT, interval="1h")) == "spot.candlesticks 1h BTC_USDT"
    obu = dialect(book="obu"), dialect(book="obu", speed="20ms")
    assert [one.channel(Topic(Feed.BOOK, BTC_USDT)) for one in obu] == [
        "spot.obu ob.BTC_USDT.400",
        "spot.obu ob.BTC_USDT.50",
    ]


@pytest.mark.parametrize(
    "topic",
    [
        Topic(Feed.BOOK),
        Topic(Feed.ORDERS),
        Topic(Feed.DEPTH, BTC_USDT),
        Topic(Feed.DEPTH, BTC_USDT, depth=7),
        Topic(Feed.KLINES, BTC_USDT),
        Topic(Feed.KLINES, BTC_USDT, interval="1w"),
    ],
)
def test_topic_that_is_not_offered_is_refused(dialect, topic):
    with pytest.raises(ValueError, match="gateio"):
        dialect().channel(topic)


def test_requests(dialect):
    topics = [Topic(Feed.BOOK, BTC_USDT)]
    request = {"time": 5, "id": 7, "channel": "spot.order_book_update", "payload": ["BTC_USDT", "100ms"]}
    now_ns = 5_999 * MS
    assert json.loads(dialect().subscribe(topics, 7, now_ns)) == {**request, "event": "subscribe"}
    assert json.loads(dialect().unsubscribe(topics, 7, now_ns)) == {**request, "event": "unsubscribe"}
    assert json.loads(dialect().ping(now_ns)) == {"time": 5, "channel": "spot.ping"}


def test_one_request_holds_one_topic(dialect):
    assert card.CARD.stream.topics_per_request == 1
    with pytest.raises(ValueError, match="too many"):
        dialect().subscribe([Topic(Feed.BOOK, BTC_USDT), Topic(Feed.QUOTE, BTC_USDT)], 7, 0)


async def test_ticket_is_the_plain_address(dialect):
    ticket = await dialect().ticket()
    assert ticket.url == card.CARD.hosts.ws_public


@pytest.mark.parametrize(("speed", "kept"), [("100ms", 100), ("20ms", 20)])
def test_book_rule_of_order_book_update(dialect, speed, kept):
    rule = dialect(speed=speed).book_rule
    assert (rule.ids, rule.strict, rule.resets) == (SequenceRule.RANGE, False, True)
    assert (rule.snapshot, rule.recover) == (SnapshotSource.REST, Recovery.REFETCH)
    assert (rule.snapshot_limit, rule.kept_depth, rule.cut_each_update) == (kept, kept, True)


@pytest.mark.parametrize(("speed", "kept"), [("100ms", 400), ("20ms", 50)])
def test_book_rule_of_obu(dialect, speed, kept):
    rule = dialect(book="obu", speed=speed).book_rule
    assert (rule.ids, rule.strict, rule.resets) == (SequenceRule.RANGE, True, True)
    assert (rule.snapshot, rule.recover) == (SnapshotSource.STREAM, Recovery.RESUBSCRIBE)
    assert (rule.kept_depth, rule.cut_each_update) == (kept, True)


# Answers


def test_acknowledgement_repeats_channel_and_payload(hear, dialect, sample):
    assert hear(sample("ws_spot_obu_subscribe_ack.json")) == [("ack", None, ["spot.obu ob.BTC_USDT.50"])]
    assert hear(sample("ws_spot_obu_unsubscribe_ack.json")) == [("ack", 1, ["spot.obu ob.BTC_USDT.50"])]
    assert dialect(book="obu", speed="20ms").channel(Topic(Feed.BOOK, BTC_USDT)) == "spot.obu ob.BTC_USDT.50"


def test_acknowledgement_of_2021_names_nothing(hear, sample):
    assert hear(sample("recorded_order_book_update_ack.json")) == [("ack", None, [])]


def test_refusal_has_an_error(hear, sample):
    assert hear(sample("ws_spot_obu_subscribe_error.json")) == [
        ("refused", 1, ["spot.obu ob.BTC_USDT.400"], "code 2: Alert sub ob.BTC_USDT.400")
    ]


def test_refusal_of_a_channel_whose_data_we_know(hear):
    frame = (
        b'{"time":1,"id":3,"channel":"spot.order_book_update","event":"subscribe","payload":["X_Y","100ms"],'
        b'"error":{"code":2,"message":"unknown currency pair: X_Y"},"result":null}'
    )
    assert hear(frame) == [("refused", 3, ["spot.order_book_update X_Y 100ms"], "code 2: unknown currency pair: X_Y")]


def test_refusal_by_its_status_alone(hear):
    frame = b'{"id":3,"channel":"spot.trades","event":"subscribe","payload":["X_Y"],"result":{"status":"fail"}}'
    assert hear(frame)[0][:3] == ("refused", 3, ["spot.trades X_Y"])


def test_pong(hear, sample):
    assert hear(sample("ws_spot_pong.json")) == [("pong",)]


# Data


def test_book_delta(hear, sample):
    assert hear(sample("recorded_order_book_update.json")) == [
        ("delta", "HAI_ETH", [(0.00010335, 0.0)], [], 2691453, 2691453, 1_619_093_547_403 * MS)
    ]


def test_full_frame_replaces_the_book_and_holds_no_removals(hear, sample):
    assert hear(sample("ws_spot_order_book_update_update.json")) == [
        ("snapshot", "BTC_USDT", [(19137.74, 0.0001)], [(19137.75, 0.6135)], 48776306, 1_606_294_781_123 * MS)
    ]


def test_obu_begins_with_a_full_frame(hear, sample):
    assert hear(sample("ws_spot_obu_update_full.json")) == [
        (
            "snapshot",
            "BTC_USDT",
            [(104027.1, 509392.0), (104027.0, 477932.0)],
            [(104027.2, 44617.0), (104027.4, 39322.0)],
            73777715168,
            1_747_054_612_673 * MS,
        )
    ]


def test_obu_goes_on_with_deltas(hear, sample):
    assert hear(sample("ws_spot_obu_update.json")) == [
        (
            "delta",
            "BTC_USDT",
            [(104024.5, 10343.0), (104014.5, 509392.0)],
            [(104027.2, 0.0), (104027.4, 0.0)],
            73777715169,
            73777715212,
            1_747_054_612_695 * MS,
        )
    ]


def test_absent_side_of_obu_is_unchanged(hear):
    frame = b'{"channel":"spot.obu","event":"update","result":{"t":1,"s":"ob.BTC_USDT.50","U":2,"u":3,"b":[["1","2"]]}}'
    assert hear(frame) == [("delta", "BTC_USDT", [(1.0, 2.0)], [], 2, 3, MS)]


def test_order_book_is_a_whole_book(hear, sample):
    ((name, pair, bids, asks, last_id, exchange_ns, depth),) = hear(sample("ws_spot_order_book_update.json"))
    assert (name, pair, last_id, exchange_ns, depth) == (
        "snapshot",
        "BTC_USDT",
        48791820,
        1_606_295_412_123 * MS,
        5,
    )
    assert (bids[0], asks[0], len(bids), len(asks)) == ((19079.55, 0.0195), (19080.24, 0.1638), 5, 5)


def test_quote(hear, sample):
    assert hear(sample("ws_spot_book_ticker_update.json")) == [
        ("quote", "BTC_USDT", 19177.79, 0.0003341504, 19179.38, 0.09, 1_606_293_275_123 * MS, 48733182)
    ]


def test_empty_side_of_a_quote_is_nan(hear):
    frame = b'{"channel":"spot.book_ticker","event":"update","result":{"t":1,"u":2,"s":"A_B","b":"","B":"","a":"3","A":"4"}}'
    ((_, _, bid, bid_size, ask, ask_size, _, _),) = hear(frame)
    assert isnan(bid)
    assert isnan(bid_size)
    assert (ask, ask_size) == (3.0, 4.0)


@pytest.mark.parametrize("price", ["1e309", "nan", "-1", None, " 1"])
def test_malformed_quote_is_refused(hear, price):
    result = {"t": 1, "u": 2, "s": "A_B", "b": price, "B": "1", "a": "3", "A": "4"}
    with pytest.raises(msgspec.ValidationError):
        hear(msgspec.json.encode({"channel": "spot.book_ticker", "event": "update", "result": result}))


def test_depth_that_nobody_can_ask_for_is_refused(hear, sample):
    with pytest.raises(msgspec.ValidationError):
        hear(sample("ws_spot_order_book_update.json").replace(b'"l": "5"', b'"l": "0"'))


def test_trade_time_has_a_fraction_of_a_millisecond(hear, sample):
    assert hear(sample("ws_spot_trades_update.json")) == [
        ("trade", "GT_USDT", 0.4705, 16.47, Side.SELL, 1_606_292_218_213_457_800, "309143071")
    ]
    assert hear(sample("recorded_trades.json")) == [
        ("trade", "FAST_USDT", 10.42, 1.717, Side.SELL, 1_619_093_553_517_921_000, "816996516")
    ]


def test_kline(hear, sample):
    prices = (19128.1, 19128.1, 19128.1, 19128.1)
    assert hear(sample("ws_spot_candlesticks_update.json")) == [
        ("kline", "BTC_USDT", "1m", 1_606_292_580_000 * MS, prices, 3.8283, 2362.32035, True)
    ]


def test_kline_of_2021_has_no_base_volume(hear, sample):
    ((_, pair, interval, _, _, volume, quote_volume, closed),) = hear(sample("recorded_candlesticks.json"))
    assert (pair, interval, quote_volume, closed) == ("FAST_USDT", "1m", 20.54344, None)
    assert isnan(volume)


@pytest.mark.parametrize("name", ["ws_spot_tickers_update.json", "recorded_tickers.json"])
def test_other_channels_are_ignored(hear, sample, name):
    assert hear(sample(name)) == [("ignored", "spot.tickers")]


def test_unknown_fields_are_skipped(hear):
    assert hear(book_update(new={"x": [1]})) == hear(book_update())


# Malformed frames


@pytest.mark.parametrize(
    "price",
    ["1_0", " 1", "1 ", "nan", "inf", "-1", "0", "+1", ".5", "1.", "1,5", "0x1", "", "\uff11", "1e999", None, [], True],
)
def test_malformed_price_is_refused(hear, price):
    with pytest.raises(msgspec.ValidationError):
        hear(book_update(a=[[price, "1"]]))


@pytest.mark.parametrize("level", [["1"], ["1", "2", "3"], {"price": "1"}, "1", None])
def test_malformed_level_is_refused(hear, level):
    with pytest.raises(msgspec.ValidationError):
        hear(book_update(b=[level]))


@pytest.mark.parametrize("fields", [{"u": -1}, {"U": "x"}, {"u": None}, {"s": 5}, {"t": "now"}, {"b": None}])
def test_malformed_field_is_refused(hear, fields):
    with pytest.raises(msgspec.ValidationError):
        hear(book_update(**fields))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'{"channel":5}',
        b'{"channel":"spot.trades","event":"update","result":{}}',
        b'{"channel":"spot.obu","result":{"t":1,"s":"ob.BTC_USDT.50","u":3}}',
        b'{"channel":"spot.obu","result":{"t":1,"s":"BTC_USDT","U":2,"u":3}}',
    ],
    ids=["empty", "open", "no fields", "list", "null", "channel of number", "no data", "no U", "no stream name"],
)
def test_malformed_frame_is_refused(hear, frame):
    with pytest.raises(REFUSALS):
        hear(frame)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # `hear` keeps nothing between two frames
@given(data=st.data())
def test_mutated_frame_is_refused_or_told_whole(hear, sample, data):
    frame = bytearray(sample(data.draw(st.sampled_from(DATA))))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    told: list[tuple[Any, ...]]
    try:
        told = hear(bytes(frame))
    except REFUSALS:
        return
    assert len(told) == 1
