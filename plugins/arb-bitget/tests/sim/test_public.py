"""The simulated Bitget's market data: requests, and channels in both forms of a book."""

import json
from zlib import crc32

import pytest
from arb_sim.direct import DirectClient

PUBLIC = "/v2/ws/public"


def data(answer):
    told = json.loads(answer.body)
    assert (answer.status, told["code"], set(told)) == (200, "00000", {"code", "msg", "requestTime", "data"})
    return told["data"]


def follow(client, channel, pair="BTCUSDT", op="subscribe"):
    arg = {"instType": "SPOT", "channel": channel, "instId": pair}
    return [json.loads(text) for text in client.say(json.dumps({"op": op, "args": [arg]}))]


def told_of(client, channel):
    found = [json.loads(text) for text in client.texts if text != "pong"]
    return [each for each in found if "action" in each and each["arg"]["channel"] == channel]


class Follower:
    """A book kept as the documentation says, from texts."""

    def __init__(self):
        self.sides = {"bids": {}, "asks": {}}
        self.seq = None

    def take(self, message):
        (item,) = message["data"]
        if message["action"] == "snapshot":
            self.sides = {"bids": {}, "asks": {}}
        for name, side in self.sides.items():
            for price, size in item[name]:
                if float(size):
                    side[price] = size
                else:
                    side.pop(price, None)
        self.seq = item["seq"]
        return item

    def best(self, name):
        return sorted(self.sides[name].items(), key=lambda level: float(level[0]), reverse=name == "bids")

    @property
    def sum(self):
        bids, asks = self.best("bids")[:25], self.best("asks")[:25]
        parts = [":".join(side[rank]) for rank in range(25) for side in (bids, asks) if rank < len(side)]
        unsigned = crc32(":".join(parts).encode())
        return unsigned - 2**32 if unsigned >= 2**31 else unsigned


def test_requests_that_need_no_key(venues):
    client = DirectClient(venues())
    assert int(data(client.get("/api/v2/public/time"))["serverTime"]) == client.venue.now_ms
    symbols = {row["symbol"]: row for row in data(client.get("/api/v2/spot/public/symbols"))}
    assert set(symbols) == {"BTCUSDT", "LINKUSDT", "ETHBTC"}
    assert {row["status"] for row in symbols.values()} == {"online"}
    book = data(client.get("/api/v2/spot/market/orderbook", symbol="BTCUSDT", type="step0", limit=5))
    assert set(book) == {"asks", "bids", "ts"}
    assert (len(book["asks"]), len(book["bids"])) == (5, 5)
    fills = data(client.get("/api/v2/spot/market/fills", symbol="BTCUSDT", limit=3))
    assert [int(row["tradeId"]) for row in fills] == sorted((int(row["tradeId"]) for row in fills), reverse=True)
    candles = data(client.get("/api/v2/spot/market/candles", symbol="BTCUSDT", granularity="1min", limit=4))
    assert [int(row[0]) for row in candles] == sorted(int(row[0]) for row in candles)
    assert {len(row) for row in candles} == {8}
    assert len(data(client.get("/api/v2/spot/market/tickers"))) == 3
    (btc,) = data(client.get("/api/v2/spot/public/coins", coin="BTC"))
    assert {chain["rechargeable"] for chain in btc["chains"]} == {"true"}


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("market/orderbook", {}, "40019"),
        ("market/orderbook", {"symbol": "NOSUCH"}, "40034"),
        ("market/orderbook", {"symbol": "BTCUSDT", "type": "step1"}, "40034"),
        ("market/candles", {"symbol": "BTCUSDT"}, "40019"),
        ("market/candles", {"symbol": "BTCUSDT", "granularity": "7min"}, "40034"),
        ("market/fills", {"symbol": "BTCUSDT", "limit": "x"}, "40017"),
    ],
)
def test_request_that_cannot_be_is_refused(venues, path, params, code):
    answer = DirectClient(venues()).get(f"/api/v2/spot/{path}", **params)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, code)


def test_ping_is_bare_text_and_keeps_a_connection(venues):
    client = DirectClient(venues(), PUBLIC)
    for _ in range(5):
        assert client.say("ping") == ["pong"]
        client.wait(100)
    assert client.ended is None
    client.wait(121)
    assert client.ended is not None


def test_channel_is_acknowledged_or_refused_by_its_name(venues):
    client = DirectClient(venues(), PUBLIC)
    ack, snapshot = follow(client, "books")
    assert ack == {"event": "subscribe", "arg": {"instType": "SPOT", "channel": "books", "instId": "BTCUSDT"}}
    assert snapshot["action"] == "snapshot"
    (refused,) = follow(client, "books", "NOSUCH")
    assert (refused["event"], refused["code"], refused["arg"]["instId"]) == ("error", 30001, "NOSUCH")
    (left,) = follow(client, "books", op="unsubscribe")
    assert left["event"] == "unsubscribe"
    assert [json.loads(str(text))["code"] for text in client.say("{")] == [30002]
    assert [json.loads(str(text))["code"] for text in client.say('{"op":"dance"}')] == [30003]


def test_each_update_names_the_one_before_and_leads_to_the_venues_book(venues):
    venue = venues(steps_per_s=10)
    client, follower = DirectClient(venue, PUBLIC), Follower()
    follow(client, "books")
    client.wait(20)
    venue.world.rest()
    client.wait(1)
    snapshot, *updates = told_of(client, "books")
    assert follower.take(snapshot)["pseq"] == 0
    assert len(updates) > 50
    for update in updates:
        before = follower.seq
        item = follower.take(update)
        assert (update["action"], item["pseq"]) == ("update", before)
        assert "checksum" not in item
        assert item["seq"] > before
    book = venue.by_pair["BTCUSDT"].book
    assert follower.seq == book.version
    spelled = venue.by_pair["BTCUSDT"].spelling.levels
    assert follower.best("bids") == spelled(book.bids)
    assert follower.best("asks") == spelled(book.asks)


def test_who_comes_later_goes_on_from_the_same_number(venues):
    venue = venues(steps_per_s=10)
    early, late = DirectClient(venue, PUBLIC), DirectClient(venue, PUBLIC, conn=2)
    follow(early, "books")
    early.wait(2.05)
    follow(late, "books")
    late.wait(1)
    snapshot, first, *_ = told_of(late, "books")
    assert first["data"][0]["pseq"] == snapshot["data"][0]["seq"]


def test_each_update_of_the_documented_form_bears_the_sum_of_the_book_after_it(venues):
    client, follower = DirectClient(venues(summed=True, steps_per_s=10), PUBLIC), Follower()
    follow(client, "books")
    client.wait(20)
    snapshot, *updates = told_of(client, "books")
    assert not {"pseq", "checksum"} & set(follower.take(snapshot))
    assert len(updates) > 50
    for update in updates:
        item = follower.take(update)
        assert "pseq" not in item
        assert item["checksum"] == follower.sum


def test_a_spoilt_sum_is_another(venues):
    venue = venues(summed=True)
    frame = '{"action":"update","arg":{},"data":[{"checksum":-5,"seq":1}],"ts":1}'
    (item,) = json.loads(venue.spoil_checksum(frame))["data"]
    assert item["checksum"] != -5


@pytest.mark.parametrize(("channel", "levels"), [("books1", 1), ("books5", 5), ("books15", 15)])
def test_best_levels_come_whole_and_bear_no_sum(venues, channel, levels):
    client = DirectClient(venues(steps_per_s=10), PUBLIC)
    follow(client, channel)
    client.wait(3)
    told = told_of(client, channel)
    assert len(told) > 5
    for message in told:
        (item,) = message["data"]
        assert (message["action"], item["checksum"], len(item["bids"]), len(item["asks"])) == (
            "snapshot",
            0,
            levels,
            levels,
        )


def test_trades_begin_with_those_of_before(venues):
    client = DirectClient(venues(steps_per_s=20), PUBLIC)
    follow(client, "trade")
    client.wait(10)
    first, *rest = told_of(client, "trade")
    assert (first["action"], {message["action"] for message in rest}) == ("snapshot", {"update"})
    before = {row["tradeId"] for row in first["data"]}
    assert not before & {row["tradeId"] for message in rest for row in message["data"]}


def test_candles_and_tickers(venues):
    client = DirectClient(venues(steps_per_s=20), PUBLIC)
    follow(client, "candle1m")
    follow(client, "ticker")
    client.wait(5)
    assert {len(row) for message in told_of(client, "candle1m") for row in message["data"]} == {8}
    assert {message["data"][0]["instId"] for message in told_of(client, "ticker")} == {"BTCUSDT"}


def test_too_many_subscriptions_and_messages(venues):
    client = DirectClient(venues(), PUBLIC)
    for _ in range(240):
        follow(client, "trade")
        client.wait(0.11)
    assert [each["code"] for each in follow(client, "trade")] == [30006]
    client.wait(2)
    for _ in range(12):
        client.say("ping")
    assert client.ended is not None


def test_there_are_two_sockets_and_no_third(venues):
    assert DirectClient(venues(), "/v2/ws/other").refused is not None
