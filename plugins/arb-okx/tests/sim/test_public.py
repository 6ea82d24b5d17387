"""The simulated OKX speaks as the documented and recorded one does. Nothing of our client takes part here."""

import json
from itertools import pairwise
from zlib import crc32

import pytest
from arb_okx.sim import OkxVenue
from arb_okx.sim.books import checksum
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults, Impossible
from arb_sim.kernel.history import History
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Close
from arb_sim.world import Pace, World

PAIR = "BTC-USDT"
SECOND = 1_000_000_000
HOUR_MS = 3_600_000


def before(venue=OkxVenue, *, steps_per_s=50, socket="public"):
    world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=steps_per_s, volatility=5e-4))
    client = DirectClient(venue(SimulationContext(world=world, faults=Faults())), f"/ws/v5/{socket}")
    assert client.refused is None
    return client


@pytest.fixture
def client():
    """Before a venue with a lively market."""
    return before()


def read(client, path, **params):
    answer = client.get(f"/api/v5/{path}", **params)
    told = json.loads(answer.body)
    assert (answer.status, told["code"], told["msg"]) == (200, "0", ""), answer.body
    return told["data"]


def say(client, **frame):
    return [json.loads(told) for told in client.say(json.dumps(frame)) if isinstance(told, str)]


def follow(client, channel, pair=PAIR, **more):
    return say(client, op="subscribe", args=[{"channel": channel, "instId": pair}], **more)


def pushes(client, channel):
    told = [json.loads(text) for text in client.texts if text.startswith("{")]
    return [each for each in told if "data" in each and each["arg"]["channel"] == channel]


# REST


def test_time_is_text_in_milliseconds(client):
    assert read(client, "public/time") == [{"ts": str(client.venue.now_ns // 1_000_000)}]


def test_instruments_name_their_steps_and_no_least_notional(client):
    bitcoin, _ = read(client, "public/instruments", instType="SPOT")
    assert (bitcoin["instId"], bitcoin["baseCcy"], bitcoin["quoteCcy"]) == (PAIR, "BTC", "USDT")
    assert (bitcoin["tickSz"], bitcoin["lotSz"], bitcoin["state"]) == ("0.1", "0.00000001", "live")
    assert not [name for name in bitcoin if "notional" in name.lower()]
    assert read(client, "public/instruments", instType="SPOT", instId=PAIR) == [bitcoin]
    assert read(client, "public/instruments", instType="SWAP") == []


def test_book_has_one_level_by_itself_and_no_checksum(client):
    (book,) = read(client, "market/books", instId=PAIR)
    assert set(book) == {"asks", "bids", "ts", "seqId"}
    assert [len(book[side]) for side in ("asks", "bids")] == [1, 1]
    (book,) = read(client, "market/books", instId=PAIR, sz=20)
    assert isinstance(book["seqId"], int)
    assert {len(row) for row in book["asks"]} == {4}
    assert {row[2] for row in book["asks"]} == {"0"}
    prices = [[float(row[0]) for row in book[side]] for side in ("bids", "asks")]
    assert prices == [sorted(prices[0], reverse=True), sorted(prices[1])]


def test_full_book_has_rows_of_three_and_is_refreshed_each_second(client):
    follow(client, "books")
    (first,) = read(client, "market/books-full", instId=PAIR, sz=1000)
    assert {len(row) for row in first["asks"]} == {3}
    assert "seqId" not in first
    client.wait(0.5)
    assert read(client, "market/books-full", instId=PAIR, sz=1000) == [first]
    client.wait(0.6)
    assert read(client, "market/books-full", instId=PAIR, sz=1000) != [first]


def test_trades_come_newest_first_and_history_is_paged(client):
    trades = read(client, "market/trades", instId=PAIR, limit=50)
    numbers = [int(trade["tradeId"]) for trade in trades]
    assert numbers == sorted(numbers, reverse=True)
    assert set(trades[0]) == {"instId", "side", "sz", "px", "tradeId", "ts"}
    assert len(read(client, "market/trades", instId=PAIR)) == 100
    older = read(client, "market/history-trades", instId=PAIR, after=numbers[9], limit=5)
    assert older == trades[10:15]
    assert read(client, "market/history-trades", instId=PAIR, before=numbers[9]) == trades[:9]
    by_time = read(client, "market/history-trades", instId=PAIR, type=2, after=trades[9]["ts"], limit=5)
    assert by_time == trades[10:15]


def test_candles_have_nine_columns_newest_first(client):
    rows = read(client, "market/candles", instId=PAIR, bar="1m", limit=50)
    starts = [int(row[0]) for row in rows]
    assert len(rows) == 50
    assert starts == sorted(starts, reverse=True)
    for start, opened, high, low, close, base, quote, also_quote, ended in rows:
        assert int(start) % 60_000 == 0
        assert float(low) <= min(float(opened), float(close)) <= max(float(opened), float(close)) <= float(high)
        assert float(quote) == pytest.approx(float(base) * float(close), rel=0.2)
        assert quote == also_quote
        assert ended in {"0", "1"}
    assert [row[8] for row in rows] == ["0"] + ["1"] * 49
    assert len(read(client, "market/candles", instId=PAIR)) == 100
    assert read(client, "market/candles", instId=PAIR, after=starts[9], limit=3) == rows[10:13]
    assert read(client, "market/history-candles", instId=PAIR, before=starts[3]) == rows[:3]


@pytest.mark.parametrize(
    ("bar", "begins_at"), [("1H", 0), ("6H", 16), ("12H", 16), ("1D", 16), ("6Hutc", 0), ("12Hutc", 0), ("1Dutc", 0)]
)
def test_long_candles_begin_by_the_clock_of_hong_kong_unless_they_say_utc(client, bar, begins_at):
    rows = read(client, "market/candles", instId=PAIR, bar=bar, limit=3)
    span = int(rows[0][0]) - int(rows[1][0])
    assert (int(rows[0][0]) - begins_at * HOUR_MS) % span == 0


def test_tickers_are_of_one_or_of_all(client):
    (one,) = read(client, "market/ticker", instId=PAIR)
    assert read(client, "market/tickers", instType="SPOT")[0] == one
    assert float(one["bidPx"]) < float(one["askPx"])
    assert one["instType"] == "SPOT"


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("market/books", {"instId": "NO-SUCH"}, 200, "51001"),
        ("market/books", {}, 400, "50014"),
        ("market/books", {"instId": PAIR, "sz": "all"}, 400, "51000"),
        ("market/books", {"instId": PAIR, "sz": "401"}, 400, "51000"),
        ("market/books-full", {"instId": PAIR, "sz": "5001"}, 400, "51000"),
        ("market/candles", {"instId": PAIR, "bar": "1h"}, 400, "51000"),
        ("public/instruments", {}, 400, "50014"),
        ("public/instruments", {"instType": "SHARES"}, 400, "51000"),
        ("market/nothing", {}, 404, "404"),
        ("trade/nothing", {}, 404, "404"),
    ],
)
def test_wrong_request_is_refused_with_a_code(client, path, params, status, code):
    answer = client.get(f"/api/v5/{path}", **params)
    told = json.loads(answer.body)
    assert (answer.status, told["code"], told["data"]) == (status, code, [])
    assert told["msg"]


def test_too_many_requests_are_told_so_without_a_time_to_wait(client):
    for _ in range(10):
        read(client, "public/time")
    refused = client.get("/api/v5/public/time")
    assert (refused.status, json.loads(refused.body)["code"]) == (429, "50011")
    assert set(refused.headers) == {"content-type"}
    read(client, "market/tickers", instType="SPOT")
    client.wait(2)
    read(client, "public/time")


# Control frames


def test_each_argument_is_acknowledged_by_itself(client):
    args = [{"channel": "tickers", "instId": PAIR}, {"channel": "tickers", "instId": "LINK-USDT"}]
    first, second = say(client, id="1512", op="subscribe", args=args)
    assert first == {"id": "1512", "event": "subscribe", "arg": args[0], "connId": first["connId"]}
    assert second["arg"] == args[1]
    assert second["connId"] == first["connId"]
    (left,) = say(client, op="unsubscribe", args=args[:1])
    assert left == {"event": "unsubscribe", "arg": args[0], "connId": first["connId"]}
    client.wait(3)
    assert {push["arg"]["instId"] for push in pushes(client, "tickers")} == {"LINK-USDT"}


def test_one_wrong_argument_leaves_the_others(client):
    args = [{"channel": "trades", "instId": "NO-SUCH"}, {"channel": "trades", "instId": PAIR}]
    refused, accepted = say(client, id="7", op="subscribe", args=args)
    assert (refused["event"], refused["code"], refused["id"]) == ("error", "60018", "7")
    assert "arg" not in refused
    assert "channel:trades,instId:NO-SUCH doesn't exist" in refused["msg"]
    assert accepted["arg"] == args[1]


@pytest.mark.parametrize(
    ("socket", "channel", "code"),
    [
        ("public", "candle1m", "60018"),
        ("public", "account", "60018"),
        ("public", "nothing", "60018"),
        ("business", "books", "60018"),
        ("business", "candle1h", "60018"),
        ("public", "books-l2-tbt", "60011"),
        ("private", "orders", "60011"),
        ("private", "fills", "60011"),
    ],
)
def test_wrong_subscription_is_refused(socket, channel, code):
    (refused,) = follow(before(socket=socket), channel)
    assert (refused["event"], refused["code"]) == ("error", code)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "60012"),
        ("[]", "60012"),
        ('{"op":5}', "60012"),
        ('{"op":"nothing"}', "60012"),
        ('{"op":"subscribe","id":"a-b","args":[{"channel":"trades","instId":"BTC-USDT"}]}', "60012"),
        ('{"op":"subscribe"}', "60013"),
        ('{"op":"subscribe","args":["spot/trade:BTC-USDT"]}', "60013"),
        ('{"op":"subscribe","args":[{"instId":"BTC-USDT"}]}', "60013"),
        ('{"op":"order","id":"1","args":[{}]}', "60011"),
    ],
)
def test_nonsense_is_told_so(client, frame, code):
    (answer,) = client.say(frame)
    told = json.loads(answer)
    assert (told["event"], told["code"]) == ("error", code)


def test_too_much_at_once_and_too_often_is_refused(client):
    args = [{"channel": "trades", "instId": PAIR}]
    (refused,) = say(client, op="subscribe", args=args * 1500)
    assert refused["code"] == "60012"
    for _ in range(479):
        say(client, op="subscribe", args=args)
    assert say(client, op="subscribe", args=args)[0]["event"] == "subscribe"
    assert say(client, op="subscribe", args=args)[0]["code"] == "60014"
    for _ in range(361):
        client.wait(10)
        assert "pong" in client.say("ping")
    assert say(client, op="subscribe", args=args)[0]["event"] == "subscribe"


def test_ping_and_pong_are_bare_words(client):
    assert client.say("ping") == ["pong"]


def test_silence_of_the_venue_ends_the_connection():
    client = before(steps_per_s=0)
    client.wait(29)
    client.say("ping")
    client.wait(29)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1000, "")


def test_what_is_pushed_keeps_the_connection(client):
    follow(client, "tickers")
    client.wait(120)
    assert client.ended is None


def test_three_connections_a_second(client):
    urls = ["/ws/v5/business", "/ws/v5/private", "/ws/v5/public"]
    refused = [DirectClient(client.venue, url, conn=2 + number).refused for number, url in enumerate(urls)]
    assert [answer and answer.status for answer in refused] == [None, None, 429]
    client.wait(1)
    assert DirectClient(client.venue, urls[2], conn=9).refused is None


@pytest.mark.parametrize("url", ["/ws/v5/", "/ws/v5/secret", "/ws/v3/public", "/"])
def test_other_paths_refuse_the_handshake(client, url):
    refused = DirectClient(client.venue, url, conn=2).refused
    assert refused is not None
    assert refused.status == 404


def test_upgrade_is_announced_a_minute_before(client):
    follow(client, "tickers")
    client.venue.upgrade()
    client.wait(59)
    (notice,) = [json.loads(text) for text in client.texts if "notice" in text]
    assert (notice["event"], notice["code"]) == ("notice", "64008")
    assert client.ended is None
    client.wait(1)
    assert client.ended == Close(1001, "")


# Pushes


def test_numbers_are_spelt_as_recorded(client):
    follow(client, "books")
    client.wait(5)
    levels = [row for push in pushes(client, "books") for side in ("asks", "bids") for row in push["data"][0][side]]
    texts = [text for row in levels for text in row]
    assert not [text for text in texts if "." in text and text.endswith(("0", "."))]
    assert {row[3] for row in levels if row[1] == "0"} == {"0"}
    assert {len(row) for row in levels} == {4}


def sides_of(book):
    return [{row[0]: row[1] for row in book[side]} for side in ("bids", "asks")]


def chain(pushed, history, market):
    """Follow the documented rule; compare each book with the venue's own of that id."""
    spell = market.spelling.levels
    last, sides, steps = None, [{}, {}], []
    for push in pushed:
        (data,) = push["data"]
        if push["action"] == "snapshot":
            assert data["prevSeqId"] == -1
            sides = sides_of(data)
        else:
            assert data["prevSeqId"] == last
            steps.append(data["seqId"] - last)
            for side, rows in zip(sides, sides_of(data), strict=True):
                for price, size in rows.items():
                    side.pop(price, None)
                    if size != "0":
                        side[price] = size
        last = data["seqId"]
        ranked = [
            sorted(sides[0].items(), key=lambda level: -float(level[0])),
            sorted(sides[1].items(), key=lambda level: float(level[0])),
        ]
        assert ranked == [spell(side) for side in history.top(last, 400)]
    return steps


def test_book_begins_with_a_snapshot_and_goes_on_in_a_chain(client):
    market = client.venue.by_pair[PAIR]
    history = History(market.book)
    ack, snapshot = follow(client, "books")
    assert (ack["event"], snapshot["action"]) == ("subscribe", "snapshot")
    client.wait(10)
    pushed = pushes(client, "books")
    steps = chain(pushed, history, market)
    assert len(steps) > 80
    assert len(set(steps)) > 5
    assert {push["data"][0]["checksum"] for push in pushed} == {0}
    assert all(isinstance(push["data"][0]["seqId"], int) for push in pushed)


@pytest.mark.parametrize("joins_after_s", [0.5, 0.53, 0.57])
def test_ids_are_the_same_for_all_who_follow_and_for_requests(client, joins_after_s):
    market = client.venue.by_pair[PAIR]
    history = History(market.book)
    other = DirectClient(client.venue, "/ws/v5/public", conn=2)
    follow(other, "books")
    client.wait(joins_after_s)
    follow(client, "books")
    follow(client, "books5")
    follow(client, "bbo-tbt")
    (asked,) = read(client, "market/books", instId=PAIR, sz=400)
    pushed = pushes(client, "books")
    assert asked["seqId"] == pushed[0]["data"][0]["seqId"]
    assert sides_of(asked) == sides_of(pushed[0]["data"][0])
    client.wait(5)
    chain(pushes(client, "books"), history, market)
    for channel, depth in (("books5", 5), ("bbo-tbt", 1)):
        shown = [push["data"][0] for push in pushes(client, channel)]
        assert len(shown) > 30
        for book in shown:
            assert "checksum" not in book
            expected = [market.spelling.levels(side) for side in history.top(book["seqId"], depth)]
            assert [list(side.items()) for side in sides_of(book)] == expected


def test_a_new_subscription_brings_a_new_snapshot_a_second_one_none(client):
    follow(client, "books")
    client.wait(1)
    (again,) = follow(client, "books")
    assert again["event"] == "subscribe"
    say(client, op="unsubscribe", args=[{"channel": "books", "instId": PAIR}])
    client.wait(1)
    _, snapshot = follow(client, "books")
    assert snapshot["action"] == "snapshot"
    assert [push["action"] for push in pushes(client, "books")].count("snapshot") == 2


def test_a_quiet_book_says_so_after_a_minute():
    client = before(steps_per_s=0)
    _, snapshot = follow(client, "books")
    last = snapshot["data"][0]["seqId"]
    for _ in range(13):
        client.wait(10)
        client.say("ping")
    quiet = [push["data"][0] for push in pushes(client, "books")[1:]]
    assert len(quiet) == 2
    for push in quiet:
        assert (push["asks"], push["bids"], push["prevSeqId"], push["seqId"]) == ([], [], last, last)


def test_ids_that_begin_anew_follow_the_old_ones(client):
    follow(client, "books")
    client.wait(2)
    client.venue.renumber(PAIR)
    client.wait(2)
    told = [push["data"][0] for push in pushes(client, "books")]
    assert all(after["prevSeqId"] == old["seqId"] for old, after in pairwise(told))
    (reset,) = [push for push in told[1:] if push["seqId"] < push["prevSeqId"]]
    assert told.index(reset) < len(told) - 5


def test_trades_candles_and_tickers_are_pushed(client):
    follow(client, "trades")
    follow(client, "tickers")
    business = DirectClient(client.venue, "/ws/v5/business", conn=2)
    follow(business, "candle1m")
    follow(business, "trades-all")
    client.wait(10)
    trades = [push["data"][0] for push in pushes(client, "trades")]
    assert {(trade["instId"], trade["count"]) for trade in trades} == {(PAIR, "1")}
    (ticker,) = pushes(client, "tickers")[-1]["data"]
    assert ticker["instId"] == PAIR
    business.wait(10)
    (candle,) = pushes(business, "candle1m")[-1]["data"]
    assert (len(candle), candle[8]) == (9, "0")
    assert "count" not in pushes(business, "trades-all")[-1]["data"][0]


class Older(OkxVenue):
    """As it was until June 2026."""

    checksums = True


def test_checksum_that_was_covers_25_levels_of_each_side_in_turn():
    client = before(Older)
    follow(client, "books")
    client.wait(2)
    sides = [{}, {}]
    for push in pushes(client, "books"):
        (data,) = push["data"]
        for side, rows in zip(sides, sides_of(data), strict=True):
            side.update(rows)
        bids, asks = ([(price, size) for price, size in side.items() if size != "0"] for side in sides)
        best = [sorted(bids, key=lambda level: -float(level[0])), sorted(asks, key=lambda level: float(level[0]))]
        text = ":".join(":".join(level) for pair in zip(*(side[:25] for side in best), strict=True) for level in pair)
        assert data["checksum"] % (1 << 32) == crc32(text.encode())
    assert min(push["data"][0]["checksum"] for push in pushes(client, "books")) < 0


def test_checksum_of_a_book_with_a_shorter_side_leaves_out_what_is_not_there():
    text = b"3366.1:7:3366.8:9:3366:6:3368:8:3370:4"
    assert checksum([("3366.1", "7"), ("3366", "6")], [("3366.8", "9"), ("3368", "8"), ("3370", "4")]) % (1 << 32) == (
        crc32(text)
    )


def test_faults_speak_the_venues_words(client):
    faults = client.venue.faults
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert follow(client, "trades")[0]["code"] == "60018"
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_IGNORED))
    assert follow(client, "trades") == []
    faults.arm(Fault(kind=FaultKind.RATE_LIMITED))
    answer = client.get("/api/v5/public/time")
    assert (answer.status, json.loads(answer.body)["code"]) == (429, "50011")
    faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=1))
    assert read(client, "public/instruments", instType="SPOT", instId=PAIR)[0]["state"] == "suspend"
    faults.arm(Fault(kind=FaultKind.CLOCK_SKEW, skew_s=-30, hold_s=1))
    now_ms = client.venue.timeline.now_ns // 1_000_000
    assert read(client, "public/time") == [{"ts": str(now_ms - 30_000)}]
    for kind in (FaultKind.BAD_CHECKSUM, FaultKind.TICKET_EXPIRED):
        with pytest.raises(Impossible):
            faults.arm(Fault(kind=kind))
