"""The socket: what is sent, and what each frame says."""

import json
import os
from math import isnan
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.errors import WireError
from arb_core.structs.book import NO_ID, Recovery, SequenceRule, SnapshotSource
from arb_core.structs.market import Pair, Side
from arb_core.structs.stream import Feed, Topic
from arb_mexc import card
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper as Push
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
BTCUSDT = Pair("BTCUSDT")
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError)
"""What the contract lets a dialect raise for a malformed frame."""


@pytest.fixture(scope="session")
def vectors(sample) -> dict[str, bytes]:
    """The documentation's frames, by name."""
    return {vector["name"]: bytes.fromhex(vector["wire_hex"]) for vector in json.loads(sample("pb_vectors.json"))}


def depth(**fields: Any) -> bytes:
    """Make a frame of the book feed."""
    push = Push(channel="spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT", symbol="BTCUSDT", sendTime=1)
    body: dict[str, Any] = {"fromVersion": "2", "toVersion": "3", "bids": [{"price": "1.5", "quantity": "2"}]}
    push.publicAggreDepths.MergeFrom(type(push.publicAggreDepths)(**{**body, **fields}))
    return push.SerializeToString()


def ticker(**fields: Any) -> bytes:
    """Make a frame of the quote feed."""
    push = Push(channel="spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT", symbol="BTCUSDT", sendTime=1)
    push.publicAggreBookTicker.MergeFrom(type(push.publicAggreBookTicker)(**fields))
    return push.SerializeToString()


# What is sent


def test_channels(dialect):
    fast = dialect(speed="10ms")
    assert fast.channel(Topic(Feed.BOOK, BTCUSDT)) == "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"
    slow = dialect()
    assert slow.channel(Topic(Feed.BOOK, BTCUSDT)) == "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"
    assert slow.channel(Topic(Feed.DEPTH, BTCUSDT, depth=5)) == "spot@public.limit.depth.v3.api.pb@BTCUSDT@5"
    assert slow.channel(Topic(Feed.QUOTE, BTCUSDT)) == "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT"
    assert slow.channel(Topic(Feed.TRADES, BTCUSDT)) == "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"
    hour = Topic(Feed.KLINES, BTCUSDT, interval="1h")
    assert slow.channel(hour) == "spot@public.kline.v3.api.pb@BTCUSDT@Min60"


@pytest.mark.parametrize(
    "topic",
    [
        Topic(Feed.BOOK),
        Topic(Feed.ORDERS),
        Topic(Feed.DEPTH, BTCUSDT),
        Topic(Feed.DEPTH, BTCUSDT, depth=7),
        Topic(Feed.KLINES, BTCUSDT),
        Topic(Feed.KLINES, BTCUSDT, interval="2h"),
    ],
)
def test_topic_that_is_not_offered_is_refused(dialect, topic):
    with pytest.raises(ValueError, match="mexc"):
        dialect().channel(topic)


def test_requests(dialect):
    topics = [Topic(Feed.BOOK, BTCUSDT)]
    channel = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"
    assert json.loads(dialect().subscribe(topics, 7, 0)) == {"method": "SUBSCRIPTION", "params": [channel], "id": 7}
    assert json.loads(dialect().unsubscribe(topics, 8, 0)) == {"method": "UNSUBSCRIPTION", "params": [channel], "id": 8}
    assert json.loads(dialect().ping(0)) == {"method": "PING"}


async def test_ticket_is_the_plain_address(dialect):
    ticket = await dialect().ticket()
    assert ticket.url == card.CARD.hosts.ws_public


def test_book_rule(dialect):
    rule = dialect().book_rule
    assert (rule.ids, rule.strict) == (SequenceRule.RANGE, True)
    assert (rule.snapshot, rule.recover) == (SnapshotSource.REST, Recovery.REFETCH)
    assert rule.snapshot_limit <= card.MAX_DEPTH


# Answers


def test_acknowledgement_names_the_channels(hear, sample):
    assert hear(sample("ws_subscribe.json")) == [("ack", None, ["spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"])]
    assert hear(b'{"id":3,"code":0,"msg":"spot@a,spot@b"}') == [("ack", 3, ["spot@a", "spot@b"])]
    assert hear(sample("ws_unsubscribe.json"))[0][0] == "ack"


def test_refusal_has_code_0_too(hear, sample):
    assert hear(sample("ws_refused.json")) == [("refused", 1, ["spot@public.deals.v3.api@BTCUSDT"], "Blocked!")]


def test_refusal_of_several_channels_for_a_new_reason(hear):
    frame = b'{"id":1,"code":0,"msg":"Not Subscribed successfully! [spot@a,spot@b]. Reason: Too many"}'
    assert hear(frame) == [("refused", 1, ["spot@a", "spot@b"], "Too many")]


def test_refusal_by_code(hear):
    assert hear(b'{"id":4,"code":1,"msg":"bad request"}') == [("refused", 4, (), "code 1: bad request")]


def test_pong(hear, sample):
    assert hear(sample("ws_pong.json")) == [("pong",)]


# Data


def test_book_delta(hear, vectors):
    assert hear(vectors["public_aggre_depths"]) == [
        (
            "delta",
            "BTCUSDT",
            [(117053.41, 1.86837271)],
            [(117145.49, 0.0)],
            43296363236,
            43296363255,
            1_754_741_322_152 * MS,
        )
    ]


def test_book_delta_with_an_empty_side(hear, vectors):
    assert hear(vectors["public_aggre_depths_empty_asks"]) == [
        ("delta", "BTCUSDT", [(92877.58, 0.0)], [], 10589632359, 10589632359, 1_736_411_507_002 * MS)
    ]


def test_limit_depth_is_a_whole_book(hear, vectors):
    assert hear(vectors["public_limit_depths"]) == [
        (
            "snapshot",
            "BTCUSDT",
            [(93179.98, 2.82651)],
            [(93180.18, 0.21976424)],
            36913565463,
            1_736_411_838_730 * MS,
            5,
        )
    ]


def test_quote_without_the_version_that_came_in_2026(hear, vectors):
    assert hear(vectors["public_aggre_book_ticker"]) == [
        ("quote", "BTCUSDT", 93387.28, 3.73485, 93387.29, 7.669875, 1_736_412_092_433 * MS, NO_ID)
    ]


def test_empty_side_of_a_quote_is_nan(hear):
    ((name, _, bid, bid_size, ask, ask_size, _, last_id),) = hear(ticker(askPrice="2", askQuantity="3", version="9"))
    assert name == "quote"
    assert isnan(bid)
    assert isnan(bid_size)
    assert (ask, ask_size, last_id) == (2.0, 3.0, 9)


def test_trades_with_and_without_id(hear, vectors):
    assert hear(vectors["public_aggre_deals"]) == [
        ("trade", "BTCUSDT", 93220.0, 0.04438243, Side.SELL, 1_736_409_765_051 * MS, None)
    ]
    assert hear(vectors["public_aggre_deals_with_trade_id"]) == [
        ("trade", "BTCUSDT", 100.1, 0.2, Side.BUY, 1_710_000_000_001 * MS, "trade-1")
    ]


def test_taker_of_a_new_kind_is_unknown(hear):
    push = Push(channel="spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT", symbol="BTCUSDT")
    push.publicAggreDeals.deals.add(price="1", quantity="2", tradeType=3, time=4)
    assert hear(push.SerializeToString()) == [("trade", "BTCUSDT", 1.0, 2.0, Side.UNKNOWN, 4 * MS, None)]


def test_kline_counts_its_window_in_seconds(hear, vectors):
    assert hear(vectors["public_spot_kline"]) == [
        (
            "kline",
            "BTCUSDT",
            "1m",
            1_754_737_920_000 * MS,
            (117317.31, 117341.0, 117317.3, 117325.26),
            3.12599854,
            366804.43,
            None,
        )
    ]


def test_kline_of_an_interval_that_nobody_asked_for_is_ignored(hear):
    push = Push(channel="spot@public.kline.v3.api.pb@BTCUSDT@Hour8", symbol="BTCUSDT")
    push.publicSpotKline.interval = "Hour8"
    assert hear(push.SerializeToString())[0][0] == "ignored"


def test_other_channels_are_ignored(hear, vectors):
    ours = {"public_aggre_", "public_limit", "public_spot_"}
    others = [frame for name, frame in vectors.items() if name[:13] not in ours and name[:12] not in ours]
    assert len(others) == 8
    for frame in others:
        assert [call[0] for call in hear(frame)] == ["ignored"]


def test_symbol_may_be_in_the_channel_alone(hear):
    push = Push.FromString(depth())
    push.ClearField("symbol")
    assert hear(push.SerializeToString())[0][1] == "BTCUSDT"


def test_unknown_fields_are_skipped(hear):
    told = hear(depth())
    assert told[0][:2] == ("delta", "BTCUSDT")
    assert hear(depth() + b"\xfa\x3f\x03new") == told  # field 1023, length-delimited


# Malformed frames


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_truncated_frame_is_refused(hear, vectors, cut):
    for frame in vectors.values():
        with pytest.raises(WireError):
            hear(frame[:-cut])


@pytest.mark.parametrize(
    "price",
    [
        "1_0",
        " 1",
        "1 ",
        "nan",
        "inf",
        "-1",
        "0",
        "+1",
        ".5",
        "1.",
        "1,5",
        "0x1",
        "",
        "\uff11",
        "1e999",
        '1","2',
        "\\u0031",
        '1"],["2',
    ],
)
def test_malformed_price_is_refused(hear, price):
    with pytest.raises(REFUSALS):
        hear(depth(asks=[{"price": price, "quantity": "1"}]))


def test_crafted_text_cannot_add_levels(hear):
    with pytest.raises(ValueError, match="quote"):
        hear(depth(bids=[{"price": "1", "quantity": '2"],["3","4'}]))


@pytest.mark.parametrize("size", ["1E-8", "0E-10", "0.00000000", "12345678901234567890.5"])
def test_sizes_as_java_prints_them_are_read(hear, size):
    assert hear(depth(bids=[{"price": "1", "quantity": size}]))[0][2] == [(1.0, float(size))]


@pytest.mark.parametrize("version", ["", "1.5", "x", "-1", "1_0", " 1"])
def test_malformed_version_is_refused(hear, version):
    with pytest.raises(REFUSALS):
        hear(depth(toVersion=version))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"{",
        b"{}",
        b'{"id":"x","code":0,"msg":"PONG"}',
        b'{"id":1,"code":0,"msg":"hello"}',
        Push(channel="spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT", symbol="BTCUSDT").SerializeToString(),
        Push(channel="news").SerializeToString(),
        Push.FromString(depth()).publicAggreDepths.SerializeToString(),
    ],
    ids=["empty", "tag 0", "open", "no fields", "id of text", "news", "no body", "no channel", "without wrapper"],
)
def test_malformed_frame_is_refused(hear, frame):
    with pytest.raises(REFUSALS):
        hear(frame)


def test_depth_that_nobody_can_ask_for_is_refused(hear, vectors):
    push = Push.FromString(vectors["public_limit_depths"])
    push.channel = "spot@public.limit.depth.v3.api.pb@BTCUSDT@0"
    with pytest.raises(LookupError):
        hear(push.SerializeToString())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # `hear` keeps nothing between two frames
@given(data=st.data())
def test_mutated_frame_is_refused_or_told_whole(hear, vectors, data):
    frame = bytearray(data.draw(st.sampled_from(sorted(vectors.values()))))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        told = hear(bytes(frame))
    except REFUSALS:
        return
    assert told or not Push.FromString(bytes(frame)).publicAggreDeals.deals


def test_protobuf_errors_do_not_pass_the_dialect(hear):
    with pytest.raises(DecodeError):
        Push.FromString(b"\x0a\xff")
    with pytest.raises(WireError):
        hear(b"\x0a\xff")


# Recordings that may not be published


def test_recorded_frames_decode_to_the_expected_fields(hear):
    place = os.environ.get("ARB_SHARED_DATA")
    if not place:
        pytest.skip("ARB_SHARED_DATA names no folder: these recordings have no licence to be published")
    recorded = json.loads((Path(place) / "frames" / "mexc-protobuf.json").read_text("utf-8"))
    assert len(recorded) == 5
    for row in recorded:
        frame, expected = bytes.fromhex(row["hex"]), row["expected"]
        told = hear(frame)
        body = expected[row["body"]]
        time_ns = int(expected.get("sendTime", 0)) * MS
        match row["body"]:
            case "publicAggreBookTicker":
                sides = (body["bidPrice"], body["bidQuantity"], body["askPrice"], body["askQuantity"])
                assert told == [("quote", expected["symbol"], *map(float, sides), time_ns, int(body["version"]))]
            case "publicAggreDeals":
                assert [(call[2], call[3], int(call[4]), call[5], call[6]) for call in told] == [
                    (float(d["price"]), float(d["quantity"]), d["tradeType"], int(d["time"]) * MS, d["tradeId"])
                    for d in body["deals"]
                ]
            case "publicLimitDepths":
                sides = [[(float(v["price"]), float(v["quantity"])) for v in body[side]] for side in ("bids", "asks")]
                assert told == [("snapshot", expected["symbol"], *sides, int(body["version"]), time_ns, 5)]
            case "publicSpotKline":
                prices = tuple(float(body[f"{name}Price"]) for name in ("opening", "highest", "lowest", "closing"))
                assert told[0][3:5] == (int(body["windowStart"]) * 1_000_000_000, prices)
            case other:
                pytest.fail(other)
        for cut in (1, 2, 3):
            with pytest.raises(WireError):
                hear(frame[:-cut])
