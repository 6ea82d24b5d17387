"""The socket: what is sent, and what each frame says."""

import json
from math import isnan

import msgspec
import pytest
from arb_bybit import card
from arb_core.errors import WireError
from arb_core.structs.book import Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Pair, Side
from arb_core.structs.stream import Feed, Topic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
BTCUSDT = Pair("BTCUSDT")
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError, ArithmeticError)
"""What the contract lets a dialect raise for a malformed frame."""

DATA = (
    "ws_kline.json",
    "ws_orderbook_1.json",
    "ws_orderbook_delta.json",
    "ws_orderbook_restart.json",
    "ws_orderbook_snapshot.json",
    "ws_public_trade.json",
)


def book(levels: int = 50, kind: str = "delta", **fields: object) -> bytes:
    """Make a frame of a book."""
    data: dict[str, object] = {"s": "BTCUSDT", "b": [["1.5", "2"]], "a": [["2.5", "0"]], "u": 3, "seq": 9}
    topic = f"orderbook.{levels}.BTCUSDT"
    return msgspec.json.encode({"topic": topic, "ts": 5, "type": kind, "data": data | fields, "cts": 4})


# What is sent


def test_channels(dialect):
    few, many = dialect(), dialect(levels=1000)
    assert few.channel(Topic(Feed.BOOK, BTCUSDT)) == "orderbook.50.BTCUSDT"
    assert many.channel(Topic(Feed.BOOK, BTCUSDT)) == "orderbook.1000.BTCUSDT"
    assert few.channel(Topic(Feed.QUOTE, BTCUSDT)) == "orderbook.1.BTCUSDT"
    assert few.channel(Topic(Feed.TRADES, BTCUSDT)) == "publicTrade.BTCUSDT"
    assert few.channel(Topic(Feed.KLINES, BTCUSDT, interval="1h")) == "kline.60.BTCUSDT"
    assert few.channel(Topic(Feed.KLINES, BTCUSDT, interval="1M")) == "kline.M.BTCUSDT"


@pytest.mark.parametrize(
    "topic",
    [
        Topic(Feed.BOOK),
        Topic(Feed.ORDERS),
        Topic(Feed.DEPTH, BTCUSDT, depth=50),
        Topic(Feed.KLINES, BTCUSDT),
        Topic(Feed.KLINES, BTCUSDT, interval="8h"),
    ],
)
def test_topic_that_is_not_offered_is_refused(dialect, topic):
    with pytest.raises(ValueError, match="bybit"):
        dialect().channel(topic)


def test_requests(dialect):
    topics = [Topic(Feed.BOOK, BTCUSDT)]
    request = {"req_id": "7", "args": ["orderbook.50.BTCUSDT"]}
    assert json.loads(dialect().subscribe(topics, 7, 0)) == {**request, "op": "subscribe"}
    assert json.loads(dialect().unsubscribe(topics, 7, 0)) == {**request, "op": "unsubscribe"}
    assert json.loads(dialect().ping(0)) == {"op": "ping"}


async def test_ticket_is_the_plain_address(dialect):
    ticket = await dialect().ticket()
    assert ticket.url == card.CARD.hosts.ws_public


@pytest.mark.parametrize("levels", [50, 200, 1000])
def test_book_rule(dialect, levels):
    rule = dialect(levels=levels).book_rule
    assert (rule.ids, rule.strict, rule.resets) == (SequenceRule.CONSECUTIVE, True, True)
    assert (rule.snapshot, rule.recover) == (SnapshotSource.STREAM, Recovery.RESUBSCRIBE)
    assert (rule.kept_depth, rule.cut_each_update) == (levels, True)
    (layout,) = dialect(levels=levels).layouts
    assert (layout.ids, layout.around_symbol) == (SequenceRule.CONSECUTIVE, (f"orderbook.{levels}.", ""))


# Answers


def test_acknowledgement_is_told_by_its_id(hear, sample):
    assert hear(sample("ws_subscribe_ack.json")) == [("ack", 10001)]


def test_refusal_says_why(hear, sample):
    assert hear(sample("ws_subscribe_refused.json")) == [
        ("refused", 10001, (), "error:handler not found,topic:orderbook.50.NOPEUSDT")
    ]


def test_topic_that_runs_already_is_acknowledged(hear, sample):
    assert hear(sample("ws_subscribe_again.json")) == [("ack", 10002)]


@pytest.mark.parametrize("name", [b"", b'"req_id":"",', b'"req_id":"mine",'])
def test_answer_without_an_id_of_ours_names_none(hear, name):
    assert hear(b'{%s"success":true,"ret_msg":"subscribe","op":"subscribe"}' % name) == [("ack", None)]


def test_pong_says_ping(hear, sample):
    assert hear(sample("ws_pong.json")) == [("pong",)]
    assert hear(b'{"op":"pong","args":["1"]}') == [("pong",)]


# Data


def test_book_begins_with_a_whole_one(hear, sample):
    bids, asks = [(16493.5, 0.006), (16493.0, 0.1)], [(16611.0, 0.029), (16612.0, 0.213)]
    assert hear(sample("ws_orderbook_snapshot.json")) == [
        ("snapshot", "BTCUSDT", bids, asks, 18521288, 1_672_304_484_978 * MS)
    ]


def test_book_goes_on_with_changes(hear, sample):
    ((name, pair, bids, asks, first_id, last_id, exchange_ns),) = hear(sample("ws_orderbook_delta.json"))
    assert (name, pair, first_id, last_id, exchange_ns) == (
        "delta",
        "BTCUSDT",
        177400507,
        177400507,
        1_687_940_967_466 * MS,
    )
    assert (bids[0], bids[-1], len(bids), len(asks)) == ((30247.2, 30.028), (30240.0, 0.0), 5, 7)


def test_first_id_is_a_whole_book_without_removals(hear, sample):
    assert hear(sample("ws_orderbook_restart.json")) == [
        ("snapshot", "BTCUSDT", [(30247.2, 30.028)], [(30249.3, 0.892)], 1, 1_687_940_967_466 * MS)
    ]


def test_book_of_other_levels_is_passed_over(hear, dialect):
    assert hear(book(200)) == [("ignored", "orderbook.200.BTCUSDT")]
    assert dialect(levels=200).channel(Topic(Feed.BOOK, BTCUSDT)) == "orderbook.200.BTCUSDT"


def test_book_of_a_new_kind_is_passed_over(hear):
    assert hear(book(kind="new")) == [("ignored", "orderbook.50.BTCUSDT of type new")]
    assert hear(book(1, kind="new")) == [("ignored", "orderbook.1.BTCUSDT of type new")]


def test_quote(hear, sample):
    assert hear(sample("ws_orderbook_1.json")) == [
        ("quote", "BTCUSDT", 16493.5, 0.006, 16611.0, 0.029, 1_672_304_484_978 * MS, 18521288)
    ]


def test_empty_side_of_a_quote_is_nan(hear):
    ((_, _, bid, bid_size, ask, ask_size, _, _),) = hear(book(1, "snapshot", b=[], a=[["3", "4"]]))
    assert isnan(bid)
    assert isnan(bid_size)
    assert (ask, ask_size) == (3.0, 4.0)


def test_change_of_a_quote_is_refused(hear):
    with pytest.raises(ValueError, match="whole"):
        hear(book(1))


def test_trades_of_one_frame(hear, sample):
    assert hear(sample("ws_public_trade_spot.json")) == [
        ("trade", "BTCUSDT", 16578.5, 0.001, Side.SELL, 1_672_304_486_865 * MS, "2100000000007764263"),
        ("trade", "BTCUSDT", 16578.6, 0.02, Side.BUY, 1_672_304_486_866 * MS, "2100000000007764264"),
    ]


def test_trades_of_one_frame_count_together_or_not_at_all(hear, sample):
    message = msgspec.json.decode(sample("ws_public_trade_spot.json"))
    message["data"][1]["p"] = "nan"
    with pytest.raises(REFUSALS):
        hear(msgspec.json.encode(message))


def test_kline(hear, sample):
    assert hear(sample("ws_kline.json")) == [
        (
            "kline",
            "BTCUSDT",
            "5m",
            1_672_324_800_000 * MS,
            (16649.5, 16677.0, 16608.0, 16677.0),
            2.081,
            34666.4005,
            False,
        )
    ]


def test_candles_of_a_new_interval_are_passed_over(hear, sample):
    frame = sample("ws_kline.json").replace(b"kline.5.", b"kline.7.")
    assert hear(frame) == [("ignored", "candles of 7")]


@pytest.mark.parametrize("topic", ["tickers.BTCUSDT", "liquidation.BTCUSDT", "something new"])
def test_other_topics_are_ignored(hear, topic):
    assert hear(msgspec.json.encode({"topic": topic, "ts": 1, "data": {}})) == [("ignored", topic)]


def test_unknown_fields_are_skipped(hear):
    assert hear(book(new={"x": [1]})) == hear(book())


# Malformed frames


@pytest.mark.parametrize(
    "price",
    ["1_0", " 1", "1 ", "nan", "inf", "-1", "0", "+1", ".5", "1.", "1,5", "0x1", "", "\uff11", "1e999", None, [], True],
)
def test_malformed_price_is_refused(hear, price):
    with pytest.raises(msgspec.ValidationError):
        hear(book(a=[[price, "1"]]))


@pytest.mark.parametrize("level", [["1"], ["1", "2", "3"], {"price": "1"}, "1", None])
def test_malformed_level_is_refused(hear, level):
    with pytest.raises(msgspec.ValidationError):
        hear(book(b=[level]))


@pytest.mark.parametrize("fields", [{"u": -1}, {"u": None}, {"u": "x"}, {"b": None}, {"a": {}}])
def test_malformed_field_is_refused(hear, fields):
    with pytest.raises(msgspec.ValidationError):
        hear(book(**fields))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'{"topic":5}',
        b'{"op":"subscribe"}',
        b'{"topic":"orderbook.50.BTCUSDT","ts":1,"type":"delta"}',
        b'{"topic":"orderbook","ts":1,"type":"delta","data":{"b":[],"a":[],"u":1}}',
        b'{"topic":"publicTrade.BTCUSDT","data":{}}',
        b'{"topic":"publicTrade.BTCUSDT","data":[{}]}',
        b'{"topic":"kline.5.BTCUSDT","data":[{"start":1}]}',
    ],
)
def test_malformed_frame_is_refused(hear, frame):
    with pytest.raises(REFUSALS):
        hear(frame)


def test_candle_that_is_closed_says_so_in_a_truth_value(hear, sample):
    with pytest.raises(REFUSALS):
        hear(sample("ws_kline.json").replace(b'"confirm": false', b'"confirm": "0"'))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # `hear` keeps nothing between two frames
@given(data=st.data())
def test_mutated_frame_is_refused_or_told_whole(hear, sample, data):
    frame = bytearray(sample(data.draw(st.sampled_from(DATA))))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        told = hear(bytes(frame))
    except REFUSALS:
        return
    assert len(told) == 1
