"""The socket: what is sent, and what each frame says."""

import json
from math import isnan
from typing import Any

import msgspec
import pytest
from arb_binance import card
from arb_core.errors import WireError
from arb_core.structs.book import Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Pair, Side
from arb_core.structs.stream import Feed, Topic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
BTCUSDT = Pair("BTCUSDT")
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""

EVENTS = ("ws_depth_update.json", "ws_trade.json", "ws_agg_trade.json", "ws_kline.json")
NAMELESS = ("ws_book_ticker.json", "ws_depth5.json")


def depth_update(**fields: object) -> bytes:
    """Make a frame of the book feed."""
    payload: dict[str, object] = {
        "e": "depthUpdate",
        "E": 1,
        "s": "BTCUSDT",
        "U": 2,
        "u": 3,
        "b": [["1.5", "2"]],
        "a": [],
    }
    return msgspec.json.encode({"stream": "btcusdt@depth@100ms", "data": payload | fields})


# What is sent


def test_channels(dialect):
    fast, slow = dialect(), dialect(speed="1000ms", trades="aggTrade")
    assert fast.channel(Topic(Feed.BOOK, BTCUSDT)) == "btcusdt@depth@100ms"
    assert slow.channel(Topic(Feed.BOOK, BTCUSDT)) == "btcusdt@depth"
    assert fast.channel(Topic(Feed.DEPTH, BTCUSDT, depth=5)) == "btcusdt@depth5@100ms"
    assert fast.channel(Topic(Feed.QUOTE, BTCUSDT)) == "btcusdt@bookTicker"
    assert fast.channel(Topic(Feed.TRADES, BTCUSDT)) == "btcusdt@trade"
    assert slow.channel(Topic(Feed.TRADES, BTCUSDT)) == "btcusdt@aggTrade"
    assert fast.channel(Topic(Feed.KLINES, BTCUSDT, interval="1M")) == "btcusdt@kline_1M"


@pytest.mark.parametrize(
    "topic",
    [
        Topic(Feed.BOOK),
        Topic(Feed.ORDERS),
        Topic(Feed.DEPTH, BTCUSDT),
        Topic(Feed.DEPTH, BTCUSDT, depth=7),
        Topic(Feed.KLINES, BTCUSDT),
        Topic(Feed.KLINES, BTCUSDT, interval="7m"),
    ],
)
def test_topic_that_is_not_offered_is_refused(dialect, topic):
    with pytest.raises(ValueError, match="binance"):
        dialect().channel(topic)


def test_one_request_holds_many_topics(dialect):
    topics = [Topic(Feed.BOOK, BTCUSDT), Topic(Feed.QUOTE, Pair("ETHBTC"))]
    names = ["btcusdt@depth@100ms", "ethbtc@bookTicker"]
    assert json.loads(dialect().subscribe(topics, 7, 0)) == {"method": "SUBSCRIBE", "params": names, "id": 7}
    assert json.loads(dialect().unsubscribe(topics, 8, 0)) == {"method": "UNSUBSCRIBE", "params": names, "id": 8}


def test_there_is_no_ping_but_the_protocols(dialect):
    assert dialect().ping(0) is None
    assert card.CARD.stream.ping_every_ns is None


async def test_ticket_is_the_address_of_combined_streams(dialect):
    ticket = await dialect().ticket()
    assert ticket.url == card.CARD.hosts.ws_public
    assert ticket.url.endswith("/stream")


def test_book_rule(dialect):
    rule = dialect().book_rule
    assert (rule.ids, rule.strict) == (SequenceRule.RANGE, False)
    assert (rule.snapshot, rule.recover) == (SnapshotSource.REST, Recovery.REFETCH)
    assert rule.snapshot_limit in card.DEPTH_WEIGHTS


# Answers


def test_acknowledgement_is_known_by_its_id(hear, sample):
    assert hear(sample("ws_ack.json")) == [("ack", 1)]


def test_refusal_is_known_by_its_id(hear, sample):
    assert hear(sample("ws_refused.json")) == [("refused", 1, (), "code 2: Invalid request: unknown variant")]
    wrapped = b'{"id":4,"error":{"code":3,"msg":"Invalid JSON"}}'
    assert hear(wrapped) == [("refused", 4, (), "code 3: Invalid JSON")]


def test_answer_with_a_result_is_a_reply(hear):
    assert hear(b'{"result":["btcusdt@depth"],"id":5}') == [("reply", 5, ["btcusdt@depth"])]


@pytest.mark.parametrize(
    "frame",
    [b'{"e":"serverShutdown","E":1}', b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}'],
)
def test_closing_is_announced(hear, frame):
    assert hear(frame) == [("closing", "serverShutdown")]


# Data


def test_book_delta(hear, sample):
    assert hear(sample("ws_depth_update.json")) == [
        ("delta", "NKNUSDT", [(0.3467, 1776.0)], [(0.354, 0.0)], 499869993, 499869994, 1_633_998_526_374 * MS)
    ]


def test_partial_book_has_its_symbol_in_the_streams_name(hear, sample):
    assert hear(sample("ws_depth5.json")) == [
        ("snapshot", "BTCUSDT", [(0.0024, 10.0)], [(0.0026, 100.0)], 160, None, 5)
    ]


def test_quote(hear, sample):
    ((name, pair, bid, bid_size, ask, ask_size, exchange_ns, _),) = hear(sample("ws_book_ticker.json"))
    payload = json.loads(sample("ws_book_ticker.json"))["data"]
    assert (name, pair, exchange_ns) == ("quote", payload["s"], None)
    assert (bid, bid_size, ask, ask_size) == tuple(float(payload[key]) for key in "bBaA")


def test_empty_side_of_a_quote_is_nan(hear):
    frame = b'{"stream":"a@bookTicker","data":{"u":2,"s":"A","b":"0.00000000","B":"0.00000000","a":"3","A":"4"}}'
    ((_, _, bid, bid_size, ask, ask_size, _, last_id),) = hear(frame)
    assert isnan(bid)
    assert isnan(bid_size)
    assert (ask, ask_size, last_id) == (3.0, 4.0, 2)


def test_trade_of_a_buyer_who_was_the_maker_is_a_sale(hear, sample):
    assert hear(sample("ws_trade.json")) == [
        ("trade", "BNBBTC", 0.001, 100.0, Side.SELL, 1_672_515_782_136 * MS, "12345")
    ]


def test_aggregated_trade(hear, sample):
    assert hear(sample("ws_agg_trade.json")) == [
        ("trade", "NKNUSDT", 0.3528, 58.0, Side.BUY, 1_633_998_523_963 * MS, "15683430")
    ]


def test_kline(hear, sample):
    prices = (0.3527, 0.3528, 0.3522, 0.3528)
    assert hear(sample("ws_kline.json")) == [
        ("kline", "NKNUSDT", "1m", 1_633_998_480_000 * MS, prices, 25877.0, 9116.046, False)
    ]


@pytest.mark.parametrize("name", EVENTS)
def test_event_without_wrapper_says_the_same(hear, sample, name):
    raw = msgspec.json.encode(json.loads(sample(name))["data"])
    assert hear(raw) == hear(sample(name))


def test_quote_without_wrapper_says_the_same(hear, sample):
    raw = msgspec.json.encode(json.loads(sample("ws_book_ticker.json"))["data"])
    assert hear(raw) == hear(sample("ws_book_ticker.json"))


def test_partial_book_without_wrapper_is_of_no_symbol(hear, sample):
    raw = msgspec.json.encode(json.loads(sample("ws_depth5.json"))["data"])
    with pytest.raises(msgspec.ValidationError):
        hear(raw)


def test_other_streams_are_ignored(hear, sample):
    assert hear(sample("ws_ticker.json")) == [("ignored", "btcusdt@ticker")]
    raw = msgspec.json.encode(json.loads(sample("ws_ticker.json"))["data"])
    assert hear(raw) == [("ignored", "24hrTicker")]


def test_unknown_fields_are_skipped(hear):
    assert hear(depth_update(new={"x": [1]})) == hear(depth_update())


# Malformed frames


@pytest.mark.parametrize(
    "price",
    ["1_0", " 1", "1 ", "nan", "inf", "-1", "0", "+1", ".5", "1.", "1,5", "0x1", "", "\uff11", "1e999", None, [], True],
)
def test_malformed_price_is_refused(hear, price):
    with pytest.raises(msgspec.ValidationError):
        hear(depth_update(a=[[price, "1"]]))


@pytest.mark.parametrize("level", [["1"], ["1", "2", "3"], {"price": "1"}, "1", None])
def test_malformed_level_is_refused(hear, level):
    with pytest.raises(msgspec.ValidationError):
        hear(depth_update(b=[level]))


@pytest.mark.parametrize(
    "fields",
    [{"u": -1}, {"U": "x"}, {"u": None}, {"s": 5}, {"E": "now"}, {"b": None}, {"b": 5}, {"e": "depth"}, {"e": None}],
)
def test_malformed_field_is_refused(hear, fields):
    with pytest.raises(msgspec.ValidationError):
        hear(depth_update(**fields))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'{"stream":"a@trade"}',
        b'{"stream":"a@trade","data":{}}',
        b'{"stream":"a@bookTicker","data":{"u":1,"s":"A"}}',
        b'{"stream":"a@depth5","data":{"lastUpdateId":1,"bids":[["1"]],"asks":[]}}',
        b'{"e":"depthUpdate","E":1,"s":"A","u":2,"b":[],"a":[]}',
        b'{"result":null,"id":null}',
    ],
    ids=[
        "empty",
        "open",
        "no fields",
        "list",
        "null",
        "no data",
        "no fields of data",
        "no prices",
        "level",
        "no U",
        "no id",
    ],
)
def test_malformed_frame_is_refused(hear, frame):
    with pytest.raises(REFUSALS):
        hear(frame)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # `hear` keeps nothing between two frames
@given(data=st.data())
def test_mutated_frame_is_refused_or_told_whole(hear, sample, data):
    frame = bytearray(sample(data.draw(st.sampled_from(EVENTS + NAMELESS))))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    told: list[tuple[Any, ...]]
    try:
        told = hear(bytes(frame))
    except REFUSALS:
        return
    assert len(told) == 1
