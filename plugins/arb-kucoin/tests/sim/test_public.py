"""The simulated KuCoin speaks as the documented and recorded one does. Nothing of our client takes part here."""

import json
from importlib.resources import files
from itertools import pairwise

import pytest
from arb_kucoin.sim import KucoinVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults, Impossible
from arb_sim.kernel.market import Status
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.venue import Close
from arb_sim.world import Pace, World
from msgspec.structs import replace

SAMPLES = files("arb_kucoin") / "samples"
PAIR = "BTC-USDT"
SECOND = 1_000_000_000


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def lively(traders):
    """Before a market that moves, on a connection that follows nothing yet."""
    return traders(50).connect()


def book_of(client):
    """The whole book as REST shows it, sequence and sides as numbers."""
    told = client.fetch("GET", "/api/v3/market/orderbook/level2", {"symbol": PAIR})
    return int(told["sequence"]), *(
        {float(price): float(size) for price, size in told[side]} for side in ("bids", "asks")
    )


# REST


@pytest.mark.parametrize(
    ("name", "path", "params"),
    [
        ("rest_timestamp", "/api/v1/timestamp", {}),
        ("rest_symbols", "/api/v2/symbols", {}),
        ("rest_symbol", "/api/v2/symbols/BTC-USDT", {}),
        ("rest_currencies", "/api/v3/currencies", {}),
        ("rest_level2_20", "/api/v1/market/orderbook/level2_20", {"symbol": PAIR}),
        ("rest_level2_20", "/api/v1/market/orderbook/level2_100", {"symbol": PAIR}),
        ("rest_all_tickers", "/api/v1/market/allTickers", {}),
        ("rest_histories", "/api/v1/market/histories", {"symbol": PAIR}),
        ("rest_candles", "/api/v1/market/candles", {"symbol": PAIR, "type": "1min"}),
    ],
)
def test_answer_is_like_the_documented_one(trader, name, path, params):
    answer = trader.get(path, **params)
    assert answer.status == 200
    assert not unlike(sample(name), json.loads(answer.body))


def unlike(expected, shown):
    """What differs; where a sample has null nobody knows the kind."""
    return [text for text in differences(expected, shown) if ": expected null like" not in text]


def test_whole_book_needs_a_key_and_is_like_the_recorded_one(trader):
    path = "/api/v3/market/orderbook/level2"
    assert trader.get(path, symbol=PAIR).status == 400
    answer = trader.call("GET", path, {"symbol": PAIR})
    assert not differences(sample("recorded_orderbook"), json.loads(answer.body))
    assert len(json.loads(answer.body)["data"]["bids"]) > 100


def test_part_of_a_book_shows_the_best_levels(trader):
    shown = trader.look("/api/v1/market/orderbook/level2_20", symbol=PAIR)
    assert len(shown["bids"]) == len(shown["asks"]) == 20
    assert shown["sequence"] == str(trader.venue.by_pair[PAIR].book.version)
    prices = [[float(price) for price, _ in shown[side]] for side in ("bids", "asks")]
    assert prices == [sorted(prices[0], reverse=True), sorted(prices[1])]


def test_candles_come_newest_first_with_the_close_before_the_high(trader):
    rows = trader.look("/api/v1/market/candles", symbol=PAIR, type="1min")
    starts = [int(row[0]) for row in rows]
    assert starts == sorted(starts, reverse=True)
    for start, opened, close, high, low, _, _ in rows:
        assert int(start) % 60 == 0
        assert float(low) <= min(float(opened), float(close)) <= max(float(opened), float(close)) <= float(high)
    assert all(newer[1] == older[2] for newer, older in pairwise(rows))
    first, last = starts[9], starts[5]
    some = trader.look("/api/v1/market/candles", symbol=PAIR, type="1min", startAt=first, endAt=last)
    assert [int(row[0]) for row in some] == starts[6:10]


def test_trades_are_the_last_hundred_and_count_nanoseconds(trader):
    rows = trader.look("/api/v1/market/histories", symbol=PAIR)
    assert len(rows) == 100
    assert all(isinstance(row["time"], int) and row["time"] > 10**18 for row in rows)
    assert [int(row["sequence"]) for row in rows] == sorted(int(row["sequence"]) for row in rows)


def test_statistics_and_best_prices_are_of_one_market(trader):
    stats = trader.look("/api/v1/market/stats", symbol=PAIR)
    top = trader.look("/api/v1/market/orderbook/level1", symbol=PAIR)
    row = next(row for row in trader.look("/api/v1/market/allTickers")["ticker"] if row["symbol"] == PAIR)
    assert (stats["buy"], stats["sell"]) == (top["bestBid"], top["bestAsk"]) == (row["buy"], row["sell"])
    assert (stats["last"], row["bestBidSize"]) == (top["price"], top["bestBidSize"])


def test_small_questions_are_answered(trader):
    assert trader.look("/api/v1/status") == {"status": "open", "msg": ""}
    assert trader.look("/api/v1/markets") == ["USDS"]
    assert trader.look("/api/v3/currencies/BTC")["currency"] == "BTC"
    assert trader.look("/api/v2/symbols", market="BTC") == []
    assert trader.look("/api/v1/contracts/active") == []


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/api/v1/market/orderbook/level2_20", {"symbol": "NO-SUCH"}, 200, "400100"),
        ("/api/v1/market/orderbook/level2_20", {}, 200, "400100"),
        ("/api/v1/market/candles", {"symbol": PAIR, "type": "1min", "startAt": "yesterday"}, 200, "400100"),
        ("/api/v1/market/candles", {"symbol": PAIR, "type": "2min"}, 200, "400100"),
        ("/api/v1/market/candles", {"symbol": PAIR}, 200, "400100"),
        ("/api/v1/market/candles", {"symbol": PAIR, "type": "1min", "startAt": 20, "endAt": 10}, 200, "400100"),
        ("/api/v3/currencies/NOSUCH", {}, 200, "400100"),
        ("/api/v1/nothing", {}, 404, "404000"),
        ("/elsewhere", {}, 404, "404000"),
        ("/api/v1/hf/orders/sync", {}, 400, "400001"),
    ],
)
def test_bad_requests_are_refused(trader, path, params, status, code):
    answer = trader.get(path, **params)
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)


def test_other_methods_are_refused(trader):
    answer = trader.ask("DELETE", "/api/v1/timestamp")
    assert (answer.status, json.loads(answer.body)["code"]) == (405, "405000")


def test_halted_symbol_is_listed_as_such(trader):
    trader.venue.by_pair[PAIR].set_status(Status.HALTED)
    assert trader.look(f"/api/v2/symbols/{PAIR}")["enableTrading"] is False


# Tokens and connections


@pytest.mark.parametrize("private", [False, True])
def test_token_is_handed_out_as_documented(trader, private):
    name = f"bullet-{'private' if private else 'public'}"
    path = f"/api/v1/{name}"
    answer = trader.call("POST", path) if private else trader.ask("POST", path)
    assert not differences(sample(f"rest_{name.replace('-', '_')}"), json.loads(answer.body))


def test_sockets_are_on_the_host_that_was_asked(trader):
    answer = trader.ask("POST", "/api/v1/bullet-public", headers={"host": "127.0.0.1:9"})
    (server,) = json.loads(answer.body)["data"]["instanceServers"]
    assert server["endpoint"] == "ws://127.0.0.1:9/"


def test_connection_is_greeted_by_the_name_it_chose(trader):
    client = trader.connect(conn=7)
    (welcome,) = client.told
    assert welcome["id"] == "c7"
    assert not differences(sample("recorded_welcome"), welcome, added=["pingInterval", "pingTimeout"])


@pytest.mark.parametrize("query", ["", "?token=nonsense&connectId=me"])
def test_connection_without_a_good_token_is_told_so_and_closed(trader, query):
    client = DirectClient(trader.venue, f"/{query}")
    client.wait(0)
    (error,) = [json.loads(text) for text in client.texts]
    assert (error["type"], error["code"]) == ("error", 401)
    assert client.ended == Close(1000, "")
    assert client.say('{"id":"1","type":"ping"}') == []


def test_strange_path_is_no_socket(trader):
    client = DirectClient(trader.venue, "/somewhere?token=x")
    assert client.refused is not None
    assert client.refused.status == 404


def test_token_ends_after_a_day_and_takes_its_connection_along(trader):
    client = trader.connect()
    for _ in range(24 * 360):
        client.say('{"id":"1","type":"ping"}')
        client.wait(10)
    assert client.told[-1]["data"] == "token is expired"
    assert client.ended == Close(1000, "")


def test_ping_is_answered_with_its_id_and_microseconds(trader):
    client = trader.connect()
    (frame,) = client.say('{"id":"17","type":"ping"}')
    pong = json.loads(str(frame))
    assert not differences(sample("ws_pong"), pong)
    assert (pong["id"], pong["timestamp"]) == ("17", client.venue.now_ns // 1000)


def test_silent_client_is_cut_off_after_interval_and_timeout(trader):
    client = trader.connect()
    client.hear(f"/market/level2:{PAIR}")
    client.wait(27.9)
    assert client.ended is None
    client.wait(0.2)
    assert client.ended == Close(1000, "")


def test_client_that_pings_is_kept(trader):
    client = trader.connect()
    for _ in range(10):
        client.wait(18)
        client.say('{"id":"1","type":"ping"}')
    assert client.ended is None


def test_client_that_says_too_much_is_cut_off(trader):
    client = trader.connect()
    for _ in range(100):
        client.say('{"id":"1","type":"ping"}')
    assert client.ended is None
    client.say('{"id":"1","type":"ping"}')
    assert client.ended == Close(1008, "Too many requests")


def test_thirty_connections_a_minute_are_taken(trader):
    answers = [DirectClient(trader.venue, "/?token=x", conn=conn).refused for conn in range(1, 32)]
    assert [answer is None for answer in answers] == [True] * 30 + [False]


# Subscriptions


def test_subscription_of_several_symbols_is_acknowledged_once(trader):
    client = trader.connect()
    ack = client.hear(f"/market/level2:{PAIR},LINK-USDT")
    assert not differences(sample("recorded_ack"), ack)
    assert set(client.venue.channels()) == {
        (f"/market/level2:{name}", client.venue.by_pair[name]) for name in (PAIR, "LINK-USDT")
    }
    assert client.hear(f"/market/level2:{PAIR}", "unsubscribe")["type"] == "ack"
    assert [name for name, _ in client.venue.channels()] == ["/market/level2:LINK-USDT"]


def test_ids_may_be_numbers_and_no_answer_comes_unless_it_is_wanted(trader):
    client = trader.connect()
    (ack,) = client.say(json.dumps({"id": 5, "type": "subscribe", "topic": f"/market/match:{PAIR}", "response": True}))
    assert json.loads(str(ack)) == {"id": "5", "type": "ack"}
    assert client.say(json.dumps({"id": 6, "type": "subscribe", "topic": f"/market/level2:{PAIR}"})) == []
    assert client.say(json.dumps({"id": 6, "type": "unsubscribe", "topic": f"/market/level2:{PAIR}"})) == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("nonsense", 400),
        ('{"id":"1","type":"shout"}', 415),
        ('{"id":"1","type":"subscribe","topic":"/market/nothing:BTC-USDT"}', 404),
        ('{"id":"1","type":"subscribe","topic":"/market/level2:NO-SUCH"}', 404),
        ('{"id":"1","type":"subscribe","topic":"/market/level2:BTC-USDT,NO-SUCH"}', 404),
        ('{"id":"1","type":"subscribe","topic":"/market/candles:BTC-USDT_7min"}', 404),
        ('{"id":"1","type":"subscribe","topic":"/spotMarket/tradeOrdersV2","privateChannel":true}', 403),
        (json.dumps({"id": "1", "type": "subscribe", "topic": f"/market/level2:{','.join([PAIR] * 101)}"}), 509),
    ],
)
def test_what_cannot_be_followed_is_refused_as_a_whole(trader, frame, code):
    client = trader.connect()
    (answer,) = client.say(frame)
    error = json.loads(str(answer))
    assert not differences(sample("ws_error") | {"id": error["id"]}, error)
    assert error["code"] == code
    assert client.venue.channels() == []


def test_connection_follows_so_many_topics_and_no_more(trader):
    client = trader.connect()
    assert client.venue.rules.max_streams == 400
    client.venue.rules = replace(client.venue.rules, max_streams=1)
    assert client.hear(f"/market/match:{PAIR}")["type"] == "ack"
    assert client.hear(f"/market/ticker:{PAIR}")["code"] == 509
    assert client.hear(f"/market/match:{PAIR}")["type"] == "ack"


# Topics


def test_book_is_followed_row_by_row_without_a_gap(lively):
    assert lively.hear(f"/market/level2:{PAIR}")["type"] == "ack"
    begun, bids, asks = book_of(lively)
    lively.wait(10)
    pushes = [push["data"] for push in lively.pushed(f"/market/level2:{PAIR}")]
    assert len(pushes) > 50
    assert all(before["sequenceEnd"] + 1 == after["sequenceStart"] for before, after in pairwise(pushes))
    ignored = 0
    for push in pushes:
        rows = [(*row, side) for side in ("bids", "asks") for row in push["changes"][side]]
        numbers = sorted(int(number) for _, _, number, _ in rows)
        assert numbers == list(range(push["sequenceStart"], push["sequenceEnd"] + 1))
        for price, size, number, side in sorted(rows, key=lambda row: int(row[2])):
            if int(number) <= begun:
                continue
            if price == "0":
                ignored += 1
                continue
            (bids if side == "bids" else asks).pop(float(price), None)
            if float(size):
                (bids if side == "bids" else asks)[float(price)] = float(size)
    assert ignored  # rows that only count
    assert (bids, asks) == book_of(lively)[1:]


@pytest.mark.parametrize(
    ("name", "topic", "allowed"),
    [
        ("ws_level2", f"/market/level2:{PAIR}", {}),
        ("recorded_level2", f"/market/level2:{PAIR}", {"added": ["time"]}),
        ("ws_level1", f"/spotMarket/level1:{PAIR}", {}),
        ("ws_level2_depth5", f"/spotMarket/level2Depth5:{PAIR}", {}),
        ("ws_level2_depth50", f"/spotMarket/level2Depth50:{PAIR}", {}),
        ("ws_ticker", f"/market/ticker:{PAIR}", {"absent": ["Time"], "added": ["time"]}),
        ("recorded_ticker", f"/market/ticker:{PAIR}", {}),
        ("ws_match", f"/market/match:{PAIR}", {}),
        ("ws_candles", f"/market/candles:{PAIR}_1hour", {}),
        ("recorded_candles", f"/market/candles:{PAIR}_1min", {}),
    ],
)
def test_push_is_like_the_documented_or_recorded_one(lively, name, topic, allowed):
    lively.hear(topic)
    lively.wait(5)
    expected = sample(name)
    found = [differences(expected, push, **allowed) for push in lively.pushed(topic)]
    assert [] in found, found[:1]


def test_best_levels_come_whole_at_most_ten_times_a_second(lively):
    lively.hear(f"/spotMarket/level2Depth5:{PAIR}")
    lively.wait(10)
    pushes = lively.pushed(f"/spotMarket/level2Depth5:{PAIR}")
    assert 20 < len(pushes) <= 101
    last = pushes[-1]["data"]
    assert len(last["bids"]) == len(last["asks"]) == 5
    top = lively.venue.by_pair[PAIR].spelling.levels(lively.venue.by_pair[PAIR].book.bids.top(5))
    assert last["bids"] == [list(level) for level in top]


def test_best_prices_are_told_flat(lively):
    lively.hear(f"/spotMarket/level1:{PAIR}")
    lively.wait(2)
    data = lively.pushed(f"/spotMarket/level1:{PAIR}")[-1]["data"]
    assert (len(data["bids"]), len(data["asks"])) == (2, 2)
    assert float(data["bids"][0]) < float(data["asks"][0])


def test_trades_of_request_and_topic_are_the_same(lively):
    lively.hear(f"/market/match:{PAIR}")
    lively.wait(5)
    told = [push["data"] for push in lively.pushed(f"/market/match:{PAIR}")]
    asked = {row["sequence"]: row for row in lively.look("/api/v1/market/histories", symbol=PAIR)}
    assert told
    for trade in told[-20:]:
        row = asked[trade["sequence"]]
        assert trade["sequence"] == trade["tradeId"]
        assert (trade["price"], trade["size"], trade["side"]) == (row["price"], row["size"], row["side"])
        assert trade["time"] == str(row["time"])


def test_candles_are_added_and_then_updated(lively):
    topic = f"/market/candles:{PAIR}_1min"
    lively.hear(topic)
    for _ in range(8):
        lively.wait(10)
        lively.say('{"id":"1","type":"ping"}')
    pushes = lively.pushed(topic)
    added = [push["data"]["candles"][0] for push in pushes if push["subject"] == "trade.candles.add"]
    assert len(added) == len(set(added)) >= 2
    assert "trade.candles.update" in {push["subject"] for push in pushes}


def test_ticker_of_all_markets_names_each_as_its_subject(lively):
    lively.hear("/market/ticker:all")
    lively.wait(5)
    assert {push["subject"] for push in lively.pushed("/market/ticker:all")} == {PAIR, "LINK-USDT"}


def test_snapshot_shows_numbers(lively):
    topic = f"/market/snapshot:{PAIR}"
    lively.hear(topic)
    lively.wait(5)
    push = lively.pushed(topic)[-1]
    assert push["subject"] == "trade.snapshot"
    assert isinstance(push["data"]["data"]["lastTradedPrice"], float)


# Faults


def test_subscription_may_be_ignored_or_refused(trader):
    client = trader.connect()
    client.venue.faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_IGNORED))
    frame = {"id": "1", "type": "subscribe", "topic": f"/market/level2:{PAIR}", "response": True}
    assert client.say(json.dumps(frame)) == []
    client.venue.faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED, pair=PAIR))
    assert client.hear(f"/market/level2:{PAIR}")["code"] == 404
    assert client.hear(f"/market/level2:{PAIR}")["type"] == "ack"


def test_public_token_may_be_lost(trader):
    client = trader.connect()
    client.venue.faults.arm(Fault(kind=FaultKind.TICKET_EXPIRED))
    client.wait(0)
    assert client.told[-1] == {"id": "", "type": "error", "code": 401, "data": "token is expired"}
    assert client.ended == Close(1000, "")


def test_checksums_cannot_be_wrong(trader):
    with pytest.raises(Impossible):
        trader.venue.faults.arm(Fault(kind=FaultKind.BAD_CHECKSUM))


def test_same_seed_makes_the_same_venue():
    def told(seed):
        world = World(seed=seed, symbols=["BTC/USDT"], pace=Pace(steps_per_s=20))
        client = DirectClient(KucoinVenue(SimulationContext(world=world, faults=Faults())))
        return client.get("/api/v1/market/orderbook/level2_100", symbol=PAIR).body

    assert told(1) == told(1) != told(2)
