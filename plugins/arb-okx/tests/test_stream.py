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
from arb_okx import card
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
BTC_USDT = Pair("BTC-USDT")
REFUSALS = (msgspec.MsgspecError, WireError, ValueError, LookupError, ArithmeticError)
"""What the contract lets a dialect raise for a malformed frame."""

DATA = (
    "recorded_candle1h.json",
    "recorded_trades.json",
    "ws_bbo_tbt.json",
    "ws_books5.json",
    "ws_books_snapshot.json",
    "ws_books_update.json",
    "ws_trades.json",
)


def book(channel: str = "books", action: str | None = "update", **fields: object) -> bytes:
    """Make a frame of the book feed."""
    row: dict[str, object] = {
        "asks": [], "bids": [["1.5", "2", "0", "1"]], "ts": "1", "checksum": 0, "prevSeqId": 2, "seqId": 3,
    }  # fmt: skip
    frame = {"arg": {"channel": channel, "instId": "BTC-USDT"}, "action": action, "data": [row | fields]}
    return msgspec.json.encode(frame)


# What is sent


@pytest.mark.parametrize(
    ("topic", "channel"),
    [
        (Topic(Feed.BOOK, BTC_USDT), "books"),
        (Topic(Feed.DEPTH, BTC_USDT, depth=5), "books5"),
        (Topic(Feed.QUOTE, BTC_USDT), "bbo-tbt"),
        (Topic(Feed.TRADES, BTC_USDT), "trades"),
        (Topic(Feed.KLINES, BTC_USDT, interval="1m"), "candle1m"),
        (Topic(Feed.KLINES, BTC_USDT, interval="1d"), "candle1Dutc"),
    ],
)
def test_requests(dialect, topic, channel):
    args = [{"channel": channel, "instId": "BTC-USDT"}]
    assert dialect().channel(topic) == f"{channel} BTC-USDT"
    assert json.loads(dialect().subscribe([topic], 7, 0)) == {"id": "7", "op": "subscribe", "args": args}
    assert json.loads(dialect().unsubscribe([topic], 7, 0)) == {"id": "7", "op": "unsubscribe", "args": args}


@pytest.mark.parametrize(
    "topic",
    [
        Topic(Feed.BOOK),
        Topic(Feed.ORDERS),
        Topic(Feed.DEPTH, BTC_USDT),
        Topic(Feed.DEPTH, BTC_USDT, depth=7),
        Topic(Feed.KLINES, BTC_USDT),
        Topic(Feed.KLINES, BTC_USDT, interval="1w"),
        Topic(Feed.KLINES, interval="1m"),
    ],
)
def test_topic_that_is_not_offered_is_refused(dialect, topic):
    with pytest.raises(ValueError, match="okx"):
        dialect().channel(topic)


def test_ping_is_bare_text(dialect):
    assert dialect().ping(0) == "ping"


async def test_ticket_is_the_plain_address(dialect):
    ticket = await dialect().ticket()
    assert ticket.url == card.CARD.hosts.ws_public
    assert set(card.CARD.hosts.ws_feeds) == {Feed.KLINES}


def test_book_rule_is_a_chain_that_begins_in_the_stream(dialect):
    rule = dialect().book_rule
    assert (rule.ids, rule.snapshot, rule.recover) == (
        SequenceRule.CHAIN,
        SnapshotSource.STREAM,
        Recovery.RESUBSCRIBE,
    )
    assert (rule.kept_depth, rule.cut_each_update, rule.checksum) == (400, False, None)


# Answers


def test_acknowledgement_repeats_id_channel_and_pair(hear, sample):
    assert hear(sample("ws_subscribe_ack.json")) == [("ack", 1512, ("books BTC-USDT",))]
    assert hear(sample("ws_unsubscribe_ack.json")) == [("ack", None, ("tickers BTC-USDT",))]


def test_refusal_is_told_by_the_id_of_its_request(hear, sample):
    ((name, request_id, channels, reason),) = hear(sample("ws_subscribe_error.json"))
    assert (name, request_id, channels) == ("refused", 1512, ())
    assert reason.startswith("code 60012: Invalid request")


@pytest.mark.parametrize("odd", ["a1512", "-7", "1.5", "\u0661"])
def test_id_that_is_none_of_ours_is_none(hear, odd):
    frame = {"id": odd, "event": "error", "code": "60018", "msg": "no"}
    assert hear(msgspec.json.encode(frame)) == [("refused", None, (), "code 60018: no")]


def test_pong_is_bare_text(hear, sample):
    assert hear(b"pong") == [("pong",)]
    assert sample("ws_pong.txt").strip() == b"pong"


def test_notice_of_an_upgrade_moves_the_connection(hear, sample):
    ((name, reason),) = hear(sample("ws_notice.json"))
    assert (name, reason[:10]) == ("closing", "code 64008")
    assert hear(b'{"event":"notice","code":"64999","msg":"hello"}') == [("ignored", "notice")]


# Data


def test_book_begins_with_a_snapshot(hear, sample):
    ((name, pair, bids, asks, last_id, exchange_ns),) = hear(sample("ws_books_snapshot.json"))
    assert (name, pair, last_id, exchange_ns) == ("snapshot", "BTC-USDT", 123456, 1_597_026_383_085 * MS)
    assert (bids[0], asks[0], len(bids), len(asks)) == ((8476.97, 256.0), (8476.98, 415.0), 8, 8)


def test_update_names_the_id_before_it(hear, sample):
    ((name, pair, bids, asks, first_id, last_id, exchange_ns, previous_id),) = hear(sample("ws_books_update.json"))
    assert (name, pair, exchange_ns) == ("delta", "BTC-USDT", 1_597_026_383_085 * MS)
    assert (first_id, last_id, previous_id) == (123457, 123457, 123456)
    assert (bids[-1], asks[-1]) == ((8446.0, 95.0), (8506.96, 100.0))


@pytest.mark.parametrize(("previous", "last"), [(10, 15), (15, 15), (15, 3), (3, 5)])
def test_ids_may_stand_still_and_fall(hear, previous, last):
    ((_, _, _, _, _, last_id, _, previous_id),) = hear(book(prevSeqId=previous, seqId=last, bids=[]))
    assert (previous_id, last_id) == (previous, last)


@pytest.mark.parametrize("checksum", [0, -855196043, None, "dead"])
def test_checksum_is_not_looked_at(hear, checksum):
    assert hear(book(checksum=checksum)) == hear(book())


def test_layout_names_the_places_that_are_decoded(dialect, hear, sample):
    def at(path: tuple[str | int, ...]) -> Any:
        found: Any = json.loads(sample("ws_books_update.json"))
        for step in path:
            found = found[step]
        return found

    (layout,) = dialect().layouts
    ((_, pair, bids, asks, _, last_id, exchange_ns, previous_id),) = hear(sample("ws_books_update.json"))
    assert (at(layout.symbol), int(at(layout.time_ms)) * MS) == (pair, exchange_ns)
    assert (at(layout.previous_id), at(layout.last_id)) == (previous_id, last_id)
    for path, levels in ((layout.bids, bids), (layout.asks, asks)):
        assert [(float(row[0]), float(row[1])) for row in at(path)] == levels
    assert all(at(path) in texts for path, texts in layout.equal)
    assert layout.longer_levels


def test_books5_is_whole_each_time(hear, sample):
    ((name, pair, bids, asks, last_id, exchange_ns, depth),) = hear(sample("ws_books5.json"))
    assert (name, pair, last_id, exchange_ns, depth) == (
        "snapshot",
        "BCH-USDT-SWAP",
        363996337,
        1_670_324_386_802 * MS,
        5,
    )
    assert (bids[0], asks[0], len(bids), len(asks)) == ((111.05, 57745.0), (111.06, 55154.0), 5, 5)


def test_quote(hear, sample):
    assert hear(sample("ws_bbo_tbt.json")) == [
        ("quote", "BCH-USDT-SWAP", 111.05, 57745.0, 111.06, 55154.0, 1_670_324_386_802 * MS, 363996337)
    ]


def test_empty_side_of_a_quote_is_nan(hear):
    ((_, _, bid, bid_size, ask, ask_size, _, _),) = hear(book("bbo-tbt", None, bids=[], asks=[["3", "4", "0", "1"]]))
    assert isnan(bid)
    assert isnan(bid_size)
    assert (ask, ask_size) == (3.0, 4.0)


def test_trades(hear, sample):
    assert hear(sample("recorded_trades.json")) == [
        ("trade", "BTC-USDT", 30250.1, 0.00066996, Side.SELL, 1_652_459_226_753 * MS, "338476316")
    ]
    assert hear(sample("ws_trades.json")) == [
        ("trade", "BTC-USDT", 42219.9, 0.12060306, Side.BUY, 1_630_048_897_897 * MS, "130639474")
    ]


def test_candle_says_whether_it_is_closed(hear, sample):
    frame = sample("recorded_candle1h.json")
    ohlc = (103644.1, 103700.0, 103629.2, 103700.0)
    for confirm, closed in ((b'"0"', False), (b'"1"', True), (b'"2"', None)):
        assert hear(frame.replace(b'"0"]', confirm + b"]")) == [
            ("kline", "BTC-USDT-SWAP", "1h", 1_747_141_200_000 * MS, ohlc, 11316.08, 113.1608, closed)
        ]


def test_days_of_hong_kong_are_ignored_and_those_of_utc_are_not(hear, sample):
    assert hear(sample("ws_candle1d.json")) == [("ignored", "candle1D")]
    ((name, pair, interval, *_),) = hear(sample("ws_candle1d.json").replace(b"candle1D", b"candle1Dutc"))
    assert (name, pair, interval) == ("kline", "BTC-USDT", "1d")


def test_other_channels_are_ignored(hear):
    assert hear(b'{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"last":"1"}]}') == [("ignored", "tickers")]
    assert hear(b'{"event":"channel-conn-count","channel":"orders","connCount":"2"}') == [
        ("ignored", "channel-conn-count")
    ]


def test_unknown_fields_are_skipped(hear):
    assert hear(book(new={"x": [1]})) == hear(book())


# Malformed frames


@pytest.mark.parametrize(
    "price",
    ["1_0", " 1", "1 ", "nan", "inf", "-1", "0", "+1", ".5", "1.", "1,5", "0x1", "", "\uff11", "1e999", None, [], True],
)
def test_malformed_price_is_refused(hear, price):
    with pytest.raises(msgspec.ValidationError):
        hear(book(asks=[[price, "1", "0", "1"]]))


@pytest.mark.parametrize("level", [["1"], [], {"price": "1"}, "1", None])
def test_malformed_level_is_refused(hear, level):
    with pytest.raises(msgspec.ValidationError):
        hear(book(bids=[level]))


@pytest.mark.parametrize("fields", [{"seqId": -1}, {"seqId": None}, {"prevSeqId": "x"}, {"prevSeqId": None}, {"ts": "now"}, {"bids": None}])  # fmt: skip
def test_malformed_field_is_refused(hear, fields):
    with pytest.raises(REFUSALS):
        hear(book(**fields))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b"ponk",
        b'{"arg":{"channel":5}}',
        b'{"arg":{"channel":"books"},"action":"update","data":[]}',
        b'{"arg":{"channel":"trades","instId":"BTC-USDT"}}',
        b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":{}}',
        b'{"arg":{"channel":"candle1m","instId":"BTC-USDT"},"data":[["1","2","3"]]}',
        book(action=None),
        book(action="merge"),
    ],
    ids=["empty", "open", "no fields", "list", "null", "no pong", "channel of number", "no pair", "no data", "no rows", "short candle", "no action", "new action"],
)  # fmt: skip
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
