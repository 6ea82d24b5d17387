"""The socket: what is sent, and what each frame says, in both forms of a book."""

import contextlib
import json
from math import isnan
from typing import Any

import msgspec
import pytest
from arb_bitget import card
from arb_bitget.stream import CHECKSUM
from arb_core.errors import WireError
from arb_core.structs.book import NO_ID, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Pair, Side
from arb_core.structs.stream import Feed, Topic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
PAIR = Pair("BTCUSDT")
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError, ArithmeticError)
"""What the contract lets a dialect raise for a malformed frame."""

DATA = (
    "ws_books_chained_snapshot.json",
    "ws_books_chained_update.json",
    "ws_books5.json",
    "ws_books1.json",
    "ws_trade_update.json",
    "ws_candle.json",
)


def book(action: str = "update", **fields: Any) -> bytes:
    """Make a frame of the book feed; a field that is None is left out."""
    item: dict[str, Any] = {"asks": [], "bids": [["1.50", "2"]], "seq": 9, "pseq": 7, "ts": "1"} | fields
    message = {
        "action": action,
        "arg": {"instType": "SPOT", "channel": "books", "instId": "BTCUSDT"},
        "data": [{name: value for name, value in item.items() if value is not None}],
        "ts": 2,
    }
    return msgspec.json.encode(message)


# What is sent


def test_channels(dialect):
    one = dialect()
    assert one.channel(Topic(Feed.BOOK, PAIR)) == "books:BTCUSDT"
    assert one.channel(Topic(Feed.DEPTH, PAIR, depth=15)) == "books15:BTCUSDT"
    assert one.channel(Topic(Feed.QUOTE, PAIR)) == "books1:BTCUSDT"
    assert one.channel(Topic(Feed.TRADES, PAIR)) == "trade:BTCUSDT"
    assert one.channel(Topic(Feed.KLINES, PAIR, interval="1h")) == "candle1H:BTCUSDT"
    assert one.channel(Topic(Feed.KLINES, PAIR, interval="1d")) == "candle1Dutc:BTCUSDT"


@pytest.mark.parametrize(
    "topic",
    [
        Topic(Feed.BOOK),
        Topic(Feed.ORDERS),
        Topic(Feed.DEPTH, PAIR),
        Topic(Feed.DEPTH, PAIR, depth=7),
        Topic(Feed.KLINES, PAIR),
        Topic(Feed.KLINES, PAIR, interval="2h"),
    ],
)
def test_topic_that_is_not_offered_is_refused(dialect, topic):
    with pytest.raises(ValueError, match="bitget"):
        dialect().channel(topic)


def test_one_request_holds_several_topics(dialect):
    topics = [Topic(Feed.BOOK, PAIR), Topic(Feed.TRADES, PAIR)]
    args = [{"instType": "SPOT", "channel": channel, "instId": "BTCUSDT"} for channel in ("books", "trade")]
    assert json.loads(dialect().subscribe(topics, 7, 0)) == {"op": "subscribe", "args": args}
    assert json.loads(dialect().unsubscribe(topics, 7, 0)) == {"op": "unsubscribe", "args": args}
    assert dialect().ping(0) == "ping"


def test_a_full_request_is_short_enough(dialect):
    most = [Topic(Feed.KLINES, Pair("1000000VERYLONGUSDT"), interval="12h")] * card.CARD.stream.topics_per_request
    assert len(dialect().subscribe(most, 1, 0)) <= 4096


# Answers


@pytest.mark.parametrize("frame", [b"pong"])
def test_pong_is_bare_text(hear, frame):
    assert hear(frame) == [("pong",)]


def test_answers_name_their_channel_and_no_request(hear, sample):
    assert hear(sample("ws_subscribe.json")) == [("ack", None, ["trade:BTCUSDT"])]
    ((call, request_id, channels, reason),) = hear(sample("ws_error.json"))
    assert (call, request_id, channels) == ("refused", None, ["books:BTCUSDX"])
    assert reason.startswith("code 30001")


def test_a_new_event_or_channel_is_ignored(hear):
    assert hear(b'{"event":"something"}') == [("ignored", "something")]
    new = b'{"action":"update","arg":{"channel":"new","instId":"X"},"data":[1]}'
    assert hear(new) == [("ignored", "new")]


# Books that name the message before


def test_rule_of_a_chain(dialect):
    rule = dialect().book_rule
    assert (rule.ids, rule.snapshot, rule.recover) == (
        SequenceRule.CHAIN,
        SnapshotSource.STREAM,
        Recovery.RESUBSCRIBE,
    )
    assert rule.checksum is None
    assert len(dialect().layouts) == 1


def test_update_names_the_one_before(hear):
    assert hear(book()) == [("delta", "BTCUSDT", [(1.5, 2.0)], [], 9, 9, MS, 7)]
    assert hear(book(checksum=5)) == hear(book())


def test_numbers_may_be_text(hear):
    assert hear(book(seq="1343064377779269632", pseq="1343064377779269000"))[0][4:8] == (
        1343064377779269632,
        1343064377779269632,
        MS,
        1343064377779269000,
    )


def test_snapshot_holds_no_removals(hear):
    assert hear(book("snapshot", bids=[["1.5", "2"], ["1.4", "0"]], pseq=0)) == [
        ("snapshot", "BTCUSDT", [(1.5, 2.0)], [], 9, MS)
    ]


@pytest.mark.parametrize("fields", [{"pseq": None}, {"pseq": None, "checksum": 5}, {"seq": None}])
def test_a_message_that_proves_nothing_is_refused(hear, fields):
    with pytest.raises(ValueError, match="without"):
        hear(book(**fields))


# Books with checksums


def test_rule_of_a_sum(dialect):
    rule = dialect(book="checksum").book_rule
    assert (rule.ids, rule.snapshot, rule.checksum) == (SequenceRule.NONE, SnapshotSource.STREAM, CHECKSUM)
    (layout,) = dialect(book="checksum").layouts
    assert (layout.ids, layout.checksum) == (SequenceRule.NONE, ("data", 0, "checksum"))


def test_sum_of_the_documentation():
    assert CHECKSUM.of([("43231.1", "4"), ("43231", "6")], [("43232.8", "9"), ("43232.9", "8")]) == -1504501796
    assert CHECKSUM.of([("3366.1", "7")], [("3366.8", "9"), ("3368", "8"), ("3372", "8")]) == 831078360
    assert CHECKSUM.depth == 25


def test_update_bears_its_texts_and_its_sum(hear, sample):
    ((call, pair, bids, asks, first, last, at_ns, printed),) = hear(sample("ws_books_update.json"), book="checksum")
    assert (call, pair, bids, asks) == ("delta", "BTCUSDT", [(43231.0, 6.0)], [])
    assert (first, last, at_ns) == (1343064377779269632, 1343064377779269632, 1755937421470 * MS)
    assert (printed.bids, printed.asks, printed.checksum) == ([("43231", "6")], [], -1504501796)


def test_snapshot_bears_its_texts_and_no_sum(hear, sample):
    ((call, _, bids, asks, _, _, _, printed),) = hear(sample("ws_books_snapshot.json"), book="checksum")
    assert (call, bids[0], asks[0]) == ("snapshot", (43231.1, 4.0), (43232.8, 9.0))
    assert (printed.bids[0], printed.checksum) == (("43231.1", "4"), None)


@pytest.mark.parametrize("checksum", [None, 0])
def test_a_message_without_a_sum_is_refused_where_one_is_expected(hear, checksum):
    with pytest.raises(ValueError, match="book = chain"):
        hear(book(checksum=checksum), book="checksum")


@pytest.mark.parametrize("levels", [[["x", "1"]], [["1", "-1"]], [["0", "1"]], [["1e999", "1"]]])
def test_levels_that_are_no_numbers_are_refused_in_both_forms(hear, levels):
    for form in ("chain", "checksum"):
        with pytest.raises(REFUSALS):
            hear(book(bids=levels, checksum=5), book=form)


# The other channels


def test_best_levels(hear, sample):
    frame = msgspec.json.decode(sample("ws_books1.json"))
    frame["data"][0] |= {"asks": [], "seq": 4}
    ((call, pair, bid, bid_size, ask, ask_size, at_ns, last_id),) = hear(msgspec.json.encode(frame))
    assert (call, pair, bid, bid_size) == ("quote", "BTCUSDT", 21040.76, 0.0417)
    assert isnan(ask)
    assert isnan(ask_size)
    assert (at_ns, last_id) == (1656413855484 * MS, 4)


def test_depth_without_a_number(hear, sample):
    ((call, _, bids, _, last_id, _, depth),) = hear(sample("ws_books5.json"))
    assert (call, len(bids), last_id, depth) == ("snapshot", 5, NO_ID, 5)


def test_trades_of_before_are_not_told_and_new_ones_come_oldest_first(hear, sample):
    assert [call for call, *_ in hear(sample("ws_trade.json"))] == ["ignored"]
    frame = msgspec.json.decode(sample("ws_trade_update.json"))
    older = {**frame["data"][0], "tradeId": "999999999", "side": "sell"}
    frame["data"].append(older)
    told = hear(msgspec.json.encode(frame))
    assert [(call[4], call[6]) for call in told] == [(Side.SELL, "999999999"), (Side.BUY, "1000000000")]


@pytest.mark.parametrize("name", DATA)
@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_frame_that_is_cut_or_changed_is_read_or_refused(hear, sample, name, data):
    whole = bytearray(sample(name))
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] = data.draw(st.integers(0, 255))
    for form in ("chain", "checksum"):
        with contextlib.suppress(*REFUSALS):
            hear(bytes(whole), book=form)
