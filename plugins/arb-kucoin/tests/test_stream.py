"""The socket: what is sent, and what each frame says."""

import json
from math import isnan
from typing import Any

import msgspec
import pytest
from arb_core.errors import WireError
from arb_core.structs.book import NO_ID, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Pair, Side
from arb_core.structs.stream import Feed, Topic
from arb_kucoin import card
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
BTC_USDT = Pair("BTC-USDT")
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError, ArithmeticError)
"""What the contract lets a dialect raise for a malformed frame."""

DATA = (
    "recorded_candles.json",
    "recorded_candles_add.json",
    "recorded_level2.json",
    "recorded_match.json",
    "ws_candles.json",
    "ws_level1.json",
    "ws_level2.json",
    "ws_level2_depth5.json",
    "ws_level2_depth50.json",
    "ws_level2_rows.json",
    "ws_match.json",
)


def change(asks: Any = (), bids: Any = (("1.5", "2", "3"),), **fields: object) -> bytes:
    """Make a frame of the book feed."""
    changes = {"asks": asks, "bids": bids}
    data: dict[str, object] = {
        "symbol": "BTC-USDT", "changes": changes, "sequenceStart": 2, "sequenceEnd": 3, "time": 1,
    }  # fmt: skip
    return message("trade.l2update", "/market/level2:BTC-USDT", data | fields)


def message(subject: str, topic: str, data: object) -> bytes:
    return msgspec.json.encode({"type": "message", "topic": topic, "subject": subject, "data": data})


# What is sent


def test_channels(dialect):
    assert dialect().channel(Topic(Feed.BOOK, BTC_USDT)) == "/market/level2:BTC-USDT"
    assert dialect().channel(Topic(Feed.DEPTH, BTC_USDT, depth=5)) == "/spotMarket/level2Depth5:BTC-USDT"
    assert dialect().channel(Topic(Feed.DEPTH, BTC_USDT, depth=50)) == "/spotMarket/level2Depth50:BTC-USDT"
    assert dialect().channel(Topic(Feed.QUOTE, BTC_USDT)) == "/spotMarket/level1:BTC-USDT"
    assert dialect().channel(Topic(Feed.TRADES, BTC_USDT)) == "/market/match:BTC-USDT"
    assert dialect().channel(Topic(Feed.KLINES, BTC_USDT, interval="1h")) == "/market/candles:BTC-USDT_1hour"


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
    with pytest.raises(ValueError, match="kucoin"):
        dialect().channel(topic)


def test_requests(dialect):
    topics = [Topic(Feed.BOOK, BTC_USDT)]
    request = {"id": "7", "topic": "/market/level2:BTC-USDT", "privateChannel": False, "response": True}
    assert json.loads(dialect().subscribe(topics, 7, 5)) == {**request, "type": "subscribe"}
    assert json.loads(dialect().unsubscribe(topics, 7, 5)) == {**request, "type": "unsubscribe"}
    assert json.loads(dialect().ping(5_999 * MS)) == {"id": "5999", "type": "ping"}


def test_one_request_holds_one_topic(dialect):
    assert card.CARD.stream.topics_per_request == 1
    with pytest.raises(ValueError, match="too many"):
        dialect().subscribe([Topic(Feed.BOOK, BTC_USDT), Topic(Feed.QUOTE, BTC_USDT)], 7, 0)


async def test_ticket_is_asked_for_without_a_key(dialect, context, sample):
    context.rest.bodies = {"/api/v1/bullet-public": sample("rest_bullet_public.json")}
    ticket = await dialect().ticket()
    assert ticket.url.startswith("wss://ws-api-spot.kucoin.com/?token=2neAiuYvAU61ZDXANAGA")
    assert ticket.ping_every_ns == 18_000 * MS
    assert [path for path, *_ in context.rest.asked] == ["/api/v1/bullet-public"]


def test_nothing_is_sent_before_the_greeting():
    assert card.CARD.stream.greets


def test_book_rule(dialect):
    rule = dialect().book_rule
    assert (rule.ids, rule.strict, rule.resets) == (SequenceRule.RANGE, False, False)
    assert (rule.snapshot, rule.recover) == (SnapshotSource.REST, Recovery.REFETCH)
    assert (rule.snapshot_limit, rule.kept_depth) == (card.MAX_DEPTH, None)


# Greeting and answers


def test_greeting_and_acknowledgement(hear, sample):
    assert hear(sample("recorded_welcome.json")) == [("reply", "NSkIrWGB1s", "welcome")]
    assert hear(b'{"id":"x","type":"welcome","pingInterval":18000,"pingTimeout":10000}') == [("reply", "x", "welcome")]
    assert hear(sample("recorded_ack.json")) == [
        (
            "ack",
            1,
        )
    ]
    assert hear(b'{"id":7,"type":"ack"}') == [("ack", 7)]
    assert hear(sample("ws_pong.json")) == [("pong",)]


def test_refusal_names_the_request_or_the_connection(hear, sample):
    assert hear(sample("ws_error.json")) == [("refused", 1, (), "code 415: type is not supported")]
    frame = b'{"id":"arb0123456789abcdef","type":"error","code":404,"data":"topic /market/x is not found"}'
    assert hear(frame) == [("refused", None, (), "code 404: topic /market/x is not found")]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"id":"1","type":"error","code":401,"data":"invalid token"}',
        b'{"id":"1","type":"error","code":401}',
        b'{"type":"error","code":400,"data":"token is expired"}',
    ],
)
def test_token_that_is_not_good_any_more_is_told(hear, frame):
    ((name, _),) = hear(frame)
    assert name == "ticket_lost"


# Data


def test_book_delta(hear, sample):
    assert hear(sample("ws_level2.json")) == [
        ("delta", "BTC-USDT", [], [(67993.3, 1.21427407)], 14701689783, 14701689783, 1_729_816_425_625 * MS)
    ]
    assert hear(sample("ws_level2_rows.json")) == [
        (
            "delta",
            "BTC-USDT",
            [(18891.9, 0.15688)],
            [(18906.0, 0.00331), (18907.3, 0.58751503)],
            14103844,
            14103847,
            1_663_747_970_273 * MS,
        )
    ]


def test_book_delta_of_2021_has_no_time(hear, sample):
    assert hear(sample("recorded_level2.json")) == [
        ("delta", "BCHSV-USDT", [], [(244.351, 150.0)], 1613277183875, 1613277183875, None)
    ]


def test_row_of_price_0_moves_the_sequence_alone(hear):
    assert hear(change(asks=[["0", "0", "3"]], bids=[["0", "5", "2"], ["1.5", "0", "3"]])) == [
        ("delta", "BTC-USDT", [(1.5, 0.0)], [], 2, 3, MS)
    ]


def test_depth_is_a_whole_book_of_the_pair_in_its_topic(hear, sample):
    ((name, pair, bids, asks, last_id, exchange_ns, depth),) = hear(sample("ws_level2_depth5.json"))
    assert (name, pair, last_id, exchange_ns, depth) == ("snapshot", "BTC-USDT", NO_ID, 1_729_822_226_746 * MS, 5)
    assert (bids[0], asks[0], len(bids), len(asks)) == ((67996.6, 0.37969491), (67996.7, 1.14213262), 5, 5)
    ((*_, depth),) = hear(sample("ws_level2_depth50.json"))
    assert depth == 50


def test_depth_that_nobody_can_ask_for_is_passed_over(hear):
    data: dict[str, Any] = {"asks": [], "bids": [], "timestamp": 1}
    assert hear(message("level2", "/spotMarket/level2Depth7:BTC-USDT", data)) == [
        ("ignored", "/spotMarket/level2Depth7")
    ]


def test_quote(hear, sample):
    assert hear(sample("ws_level1.json")) == [
        ("quote", "BTC-USDT", 68145.7, 1.29267802, 68145.8, 0.51987471, 1_729_816_058_766 * MS)
    ]


def test_empty_side_of_a_quote_is_nan(hear):
    frame = message("level1", "/spotMarket/level1:A-B", {"asks": ["3", "4"], "bids": [], "timestamp": 1})
    ((_, _, bid, bid_size, ask, ask_size, _),) = hear(frame)
    assert isnan(bid)
    assert isnan(bid_size)
    assert (ask, ask_size) == (3.0, 4.0)


@pytest.mark.parametrize("bids", [["1"], ["1", "2", "3"], ["nan", "1"], ["-1", "1"], None, "1"])
def test_malformed_quote_is_refused(hear, bids):
    frame = message("level1", "/spotMarket/level1:A-B", {"asks": ["3", "4"], "bids": bids, "timestamp": 1})
    with pytest.raises(REFUSALS):
        hear(frame)


def test_trade_time_is_in_nanoseconds(hear, sample):
    assert hear(sample("ws_match.json")) == [
        ("trade", "BTC-USDT", 67523.0, 0.003, Side.BUY, 1_729_843_222_921_000_000, "11067996711960577")
    ]
    assert hear(sample("recorded_match.json")) == [
        ("trade", "BCHSV-USDT", 242.781, 0.14324938, Side.SELL, 1_619_378_336_197_407_320, "6085c0a069bc50686d66da3c")
    ]


def test_kline(hear, sample):
    prices = (67644.9, 67724.8, 67243.8, 67437.6)
    assert hear(sample("ws_candles.json")) == [
        ("kline", "BTC-USDT", "1h", 1_729_839_600_000 * MS, prices, 44.88321441, 3027558.991928447, None)
    ]
    ((_, pair, interval, *_),) = hear(sample("recorded_candles_add.json"))
    assert (pair, interval) == ("DAPPT-BTC", "1m")


def test_candles_that_nobody_can_ask_for_are_passed_over(hear, sample):
    assert hear(sample("ws_candles.json").replace(b"_1hour", b"_1week")) == [("ignored", "candles of 1week")]


@pytest.mark.parametrize("name", ["ws_ticker.json", "recorded_ticker.json"])
def test_other_topics_are_ignored(hear, sample, name):
    assert hear(sample(name)) == [("ignored", "trade.ticker")]


def test_unknown_fields_are_skipped(hear):
    assert hear(change(new={"x": [1]})) == hear(change())


# Malformed frames


@pytest.mark.parametrize(
    "price",
    ["1_0", " 1", "1 ", "nan", "inf", "-1", "+1", ".5", "1.", "1,5", "0x1", "", "\uff11", "1e999", None, [], True],
)
def test_malformed_price_is_refused(hear, price):
    with pytest.raises(msgspec.ValidationError):
        hear(change(asks=[[price, "1", "3"]]))


@pytest.mark.parametrize("level", [["1"], {"price": "1"}, "1", None])
def test_malformed_level_is_refused(hear, level):
    with pytest.raises(msgspec.ValidationError):
        hear(change(bids=[level]))


@pytest.mark.parametrize(
    "fields",
    [
        {"sequenceEnd": -1},
        {"sequenceStart": "x"},
        {"sequenceEnd": None},
        {"symbol": 5},
        {"time": "now"},
        {"changes": {}},
    ],
)
def test_malformed_field_is_refused(hear, fields):
    with pytest.raises(msgspec.ValidationError):
        hear(change(**fields))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'{"type":5}',
        b'{"type":"message","subject":"trade.l3match","data":{}}',
        b'{"type":"message","subject":"level1","data":{"asks":[],"bids":[],"timestamp":1}}',
        b'{"type":"message","topic":"level1","subject":"level1","data":{"asks":[],"bids":[],"timestamp":1}}',
    ],
    ids=["empty", "open", "no fields", "list", "null", "type of number", "no data", "no topic", "no pair"],
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
