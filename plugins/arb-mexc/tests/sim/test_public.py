"""The simulated MEXC speaks as the documented and recorded one does. Nothing of our client takes part here."""

import json
from importlib.resources import files

import pytest
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from arb_mexc.sim import MexcVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults, Impossible
from arb_sim.kernel.history import History
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.venue import Close, Request
from arb_sim.world import Pace, World
from google.protobuf.json_format import MessageToDict

SAMPLES = files("arb_mexc") / "samples"
VECTORS = {vector["name"]: vector for vector in json.loads((SAMPLES / "pb_vectors.json").read_text("utf-8"))}
PAIR = "BTCUSDT"
SECOND = 1_000_000_000

DEPTH = "spot@public.aggre.depth.v3.api.pb@{}@BTCUSDT"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def client():
    """Before a venue with a lively market."""
    world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=50))
    client = DirectClient(MexcVenue(SimulationContext(world=world, faults=Faults())), "/ws")
    assert client.refused is None
    return client


def subscribe(client, *channels, **more):
    return [
        json.loads(frame) for frame in client.say(json.dumps({"method": "SUBSCRIPTION", "params": channels, **more}))
    ]


def pushes(client, channel=None):
    wrappers = [PushDataV3ApiWrapper.FromString(frame) for frame in client.binaries]
    return [wrapper for wrapper in wrappers if channel in {None, wrapper.channel}]


# REST


@pytest.mark.parametrize(
    ("name", "path", "params", "added"),
    [
        ("rest_ping", "ping", {}, []),
        ("rest_time", "time", {}, []),
        ("rest_depth", "depth", {"symbol": PAIR}, ["timestamp"]),
        ("rest_trades", "trades", {"symbol": PAIR}, []),
        ("rest_klines", "klines", {"symbol": PAIR, "interval": "1m"}, []),
        ("rest_book_tickers", "ticker/bookTicker", {}, []),
    ],
)
def test_answer_is_like_the_documented_one(client, name, path, params, added):
    answer = client.get(f"/api/v3/{path}", **params)
    assert answer.status == 200
    assert differences(sample(name), json.loads(answer.body), added=added) == []


def test_instruments_are_like_the_documented_ones(client):
    # An old example: of 2025 are the bounds of market orders, the full name and the contract's address.
    added = ["quoteAmountPrecisionMarket", "maxQuoteAmountMarket", "fullName", "contractAddress", "st"]
    shown = json.loads(client.get("/api/v3/exchangeInfo").body)
    old = sample("rest_exchange_info")
    old["symbols"][0]["status"] = "1"
    assert differences(old, shown, added=added) == []
    assert [row["symbol"] for row in shown["symbols"]] == ["BTCUSDT", "LINKUSDT"]


def test_address_of_a_token_is_published(client):
    rows = {
        row["symbol"]: row["contractAddress"] for row in json.loads(client.get("/api/v3/exchangeInfo").body)["symbols"]
    }
    assert rows["LINKUSDT"].startswith("0x")
    assert rows["BTCUSDT"] == ""


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("depth", {"symbol": "NOSUCH"}, 400, -1121),
        ("depth", {}, 400, 700004),
        ("trades", {"symbol": PAIR, "limit": "many"}, 400, 700008),
        ("aggTrades", {"symbol": PAIR, "startTime": 1}, 400, 700004),
        ("klines", {"symbol": PAIR, "interval": "1h"}, 400, -1121),  # it is 60m
        ("nothing", {}, 404, 404),
    ],
)
def test_wrong_request_is_refused_in_the_documented_envelope(client, path, params, status, code):
    answer = client.get(f"/api/v3/{path}", **params)
    body = json.loads(answer.body)
    assert (answer.status, body["code"], set(body)) == (status, code, {"code", "msg"})


def test_every_public_path_answers(client):
    for path in ("defaultSymbols", "avgPrice", "aggTrades", "ticker/24hr", "ticker/price"):
        answer = client.get(f"/api/v3/{path}", symbol=PAIR)
        assert answer.status == 200, path
        assert json.loads(answer.body)


def test_endpoints_have_budgets_of_their_own_then_429_then_418(client):
    statuses = [client.get("/api/v3/trades", symbol=PAIR).status for _ in range(100)]
    assert statuses == [200] * 100  # 100 * 5 units
    refused = client.get("/api/v3/trades", symbol=PAIR)
    assert (refused.status, refused.headers["retry-after"]) == (429, "10")
    assert json.loads(refused.body) == {"code": 429, "msg": "Too Many Requests"}
    assert client.get("/api/v3/time").status == 200
    for _ in range(9):
        assert client.get("/api/v3/trades", symbol=PAIR).status == 429
    banned = client.get("/api/v3/trades", symbol=PAIR)
    assert (banned.status, banned.headers["retry-after"]) == (418, "120")
    assert client.get("/api/v3/time").status == 418
    client.wait(121)
    assert client.get("/api/v3/time").status == 200


def test_limits_are_per_client(client):
    for _ in range(101):
        client.get("/api/v3/trades", symbol=PAIR)
    other = Request(method="GET", path="/api/v3/trades", query=f"symbol={PAIR}", client="10.0.0.9")
    answer = client.venue.http(other, client.venue.timeline.now_ns)
    assert answer is not None
    assert answer.status == 200


# Control frames


def test_control_answers_are_like_the_documented_ones(client):
    (answer,) = subscribe(client, DEPTH.format("100ms"))
    assert differences(sample("ws_subscribe"), answer) == []
    assert (answer["id"], answer["msg"]) == (0, DEPTH.format("100ms"))
    (pong,) = client.say('{"method":"PING"}')
    assert json.loads(pong) == sample("ws_pong")
    (left,) = client.say(json.dumps({"method": "UNSUBSCRIPTION", "params": [DEPTH.format("100ms")], "id": 4}))
    assert json.loads(left) == {"id": 4, "code": 0, "msg": DEPTH.format("100ms")}


def test_refusal_bears_code_0_and_a_full_width_colon(client):
    (answer,) = subscribe(client, "spot@public.deals.v3.api@BTCUSDT", id=1)
    assert answer == sample("ws_refused")


def test_one_request_may_be_accepted_in_part(client):
    good, bad = DEPTH.format("10ms"), DEPTH.format("5ms")
    accepted, refused = subscribe(client, good, bad, id=8)
    assert accepted == {"id": 8, "code": 0, "msg": good}
    assert bad in refused["msg"]
    assert good not in refused["msg"]


def test_thirty_subscriptions_and_no_more(client):
    client.venue.rules = type(client.venue.rules)(max_streams=30)
    kinds = ["aggre.depth", "aggre.deals", "aggre.bookTicker"]
    channels = [
        f"spot@public.{kind}.v3.api.pb@{speed}@{pair}"
        for kind in kinds
        for speed in ("10ms", "100ms")
        for pair in ("BTCUSDT", "LINKUSDT")
    ]
    channels += [
        f"spot@public.kline.v3.api.pb@{pair}@{i}"
        for pair in ("BTCUSDT", "LINKUSDT")
        for i in ("Min1", "Min5", "Min15", "Min30", "Min60", "Hour4", "Hour8", "Day1", "Week1", "Month1")
    ]
    answers = [subscribe(client, channel)[0]["msg"] for channel in channels]
    assert [answer == channel for answer, channel in zip(answers, channels, strict=True)] == [True] * 30 + [False] * 2


@pytest.mark.parametrize("nonsense", ["{", "[]", '{"method":"DANCE"}', '{"method":5}', "\x00"])
def test_nonsense_is_answered_with_a_code(client, nonsense):
    (answer,) = client.say(nonsense)
    assert json.loads(answer)["code"] != 0


def test_connection_that_wants_nothing_is_closed_after_half_a_minute(client):
    client.wait(29)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1000, "")


def test_more_than_100_messages_a_second_cut_the_connection(client):
    for _ in range(100):
        client.say('{"method":"PING"}')
    assert client.ended is None
    client.say('{"method":"PING"}')
    assert client.ended == Close(1006, "")


# Pushes


CHANNELS = {
    "spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT": "public_aggre_deals_with_trade_id",
    "spot@public.kline.v3.api.pb@BTCUSDT@Min1": "public_spot_kline",
    "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT": "public_aggre_depths",
    "spot@public.limit.depth.v3.api.pb@BTCUSDT@5": "public_limit_depths",
    "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT": "public_aggre_book_ticker",
    "spot@public.bookTicker.batch.v3.api.pb@BTCUSDT": "public_book_ticker_batch",
    "spot@public.miniTicker.v3.api.pb@BTCUSDT@UTC+8": "public_mini_ticker",
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_push_is_like_the_documented_frame(client, channel):
    vector = VECTORS[CHANNELS[channel]]
    subscribe(client, channel)
    client.wait(5)
    # What came with the definitions of June 2026, after these frames were made.
    added = ["version", "lastOrderCreateTime"]
    absent = ["createTime", "symbolId"] if "Deals" in vector["body_field"] else []
    shown = [MessageToDict(push) for push in pushes(client, channel)]
    assert shown
    whole = next(
        push for push in shown if push.get("publicAggreDepths", {"asks": 1, "bids": 1}).keys() >= {"asks", "bids"}
    )
    assert differences(vector["message"], whole, added=added, absent=absent) == []
    assert whole["channel"] == channel
    for body in [value for value in whole.values() if isinstance(value, dict)]:
        assert body.get("eventType", channel).startswith("spot@public.")
        assert PAIR not in body.get("eventType", "")


@pytest.mark.parametrize("name", VECTORS)
def test_generated_definitions_write_the_documented_bytes(name):
    """What the simulation builds its frames with puts every field where the vectors have it."""
    vector = VECTORS[name]
    wrapper = PushDataV3ApiWrapper.FromString(bytes.fromhex(vector["wire_hex"]))
    assert MessageToDict(wrapper, preserving_proto_field_name=True) == vector["message"]
    assert wrapper.SerializeToString() == bytes.fromhex(vector["wire_hex"])


def test_numbers_are_spelt_as_recorded(client):
    subscribe(client, DEPTH.format("100ms"), "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT")
    client.wait(5)
    for push in pushes(client):
        for level in [*push.publicAggreDepths.bids, *push.publicAggreDepths.asks]:
            assert len(level.price.partition(".")[2]) == 2
            assert len(level.quantity.partition(".")[2]) == 8
        best = push.publicAggreBookTicker
        for text in (best.bidPrice, best.bidQuantity, best.askPrice, best.askQuantity):
            assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize("speed", ["10ms", "100ms"])
def test_deltas_follow_on_and_lead_from_the_rest_book_through_the_venues_own(client, speed):
    market = client.venue.by_pair[PAIR]
    history = History(market.book)
    subscribe(client, DEPTH.format(speed))
    client.wait(1)
    snapshot = json.loads(client.get("/api/v3/depth", symbol=PAIR, limit=5000).body)
    client.wait(10)
    version = snapshot["lastUpdateId"]
    sides = [dict(map(tuple, snapshot[side])) for side in ("bids", "asks")]
    compared = 0
    for push in pushes(client):
        body = push.publicAggreDepths
        first, last = int(body.fromVersion), int(body.toVersion)
        if last <= version:
            continue
        assert first <= version + 1
        assert compared == 0 or first == version + 1
        for side, levels in zip(sides, (body.bids, body.asks), strict=True):
            for level in levels:
                side.pop(level.price, None)
                if float(level.quantity):
                    side[level.price] = level.quantity
        version = last
        bids, asks = history.at(version)
        assert sides == [dict(market.spelling.levels(side.items())) for side in (bids, asks)]
        compared += 1
    assert compared > 50


def test_each_changed_level_counts_one_version(client):
    market = client.venue.by_pair[PAIR]
    version = market.book.version
    best_bid, best_ask = market.book.bids.at(0), market.book.asks.at(0)
    market.change([(best_bid, 7), (best_bid - 1, 8)], [(best_ask, 9)], client.venue.timeline.now_ns)
    assert market.book.version == version + 3


def test_all_streams_name_one_counter(client):
    channels = [
        DEPTH.format("10ms"),
        "spot@public.limit.depth.v3.api.pb@BTCUSDT@20",
        "spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT",
    ]
    history = History(client.venue.by_pair[PAIR].book)
    subscribe(client, *channels)
    client.wait(5)
    seen = 0
    for push in pushes(client):
        if push.HasField("publicLimitDepths"):
            body = push.publicLimitDepths
            bids, asks = history.top(int(body.version), 20)
            shown = [[(level.price, level.quantity) for level in side] for side in (body.bids, body.asks)]
        elif push.HasField("publicAggreBookTicker"):
            best = push.publicAggreBookTicker
            bids, asks = history.top(int(best.version), 1)
            assert (float(best.bidPrice), float(best.askPrice)) == (bids[0][0] / 100, asks[0][0] / 100)
            seen += 1
            continue
        else:
            continue
        assert shown == [client.venue.by_pair[PAIR].spelling.levels(side) for side in (bids, asks)]
        seen += 1
    assert seen > 50


def test_all_mini_tickers_come_in_one_frame(client):
    subscribe(client, "spot@public.miniTickers.v3.api.pb@UTC+8")
    client.wait(4)
    items = {item.symbol for push in pushes(client) for item in push.publicMiniTickers.items}
    assert items == {"BTCUSDT", "LINKUSDT"}


def test_halted_pair_shows_in_the_list_and_falls_silent(client):
    subscribe(client, DEPTH.format("10ms"))
    client.venue.faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=10))
    row = json.loads(client.get("/api/v3/exchangeInfo", symbol=PAIR).body)["symbols"][0]
    assert row["status"] == "2"
    client.wait(1)
    before = len(client.binaries)
    client.wait(5)
    assert len(client.binaries) == before
    client.wait(10)
    assert len(client.binaries) > before
    assert json.loads(client.get("/api/v3/exchangeInfo", symbol=PAIR).body)["symbols"][0]["status"] == "1"


def test_faults_speak_the_venues_words(client):
    faults = client.venue.faults
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert "Blocked" in subscribe(client, DEPTH.format("10ms"))[0]["msg"]
    faults.arm(Fault(kind=FaultKind.RATE_LIMITED))
    answer = client.get("/api/v3/time")
    assert (answer.status, json.loads(answer.body)["code"], answer.headers.get("retry-after")) == (429, 429, None)
    with pytest.raises(Impossible, match="no checksums"):
        faults.arm(Fault(kind=FaultKind.BAD_CHECKSUM))
    faults.arm(Fault(kind=FaultKind.TICKET_EXPIRED))
    assert client.ended is None  # who needs no listen key is spared
    assert faults.counts[FaultKind.TICKET_EXPIRED] == 0


@pytest.mark.parametrize("kind", [FaultKind.MALFORMED, FaultKind.TRUNCATED])
def test_broken_frame_cannot_be_read(client, kind):
    subscribe(client, DEPTH.format("10ms"))
    client.wait(1)
    client.venue.faults.arm(Fault(kind=kind, count=20))
    before = len(client.binaries)
    client.wait(3)
    unreadable = 0
    for frame in client.binaries[before:]:
        try:
            PushDataV3ApiWrapper.FromString(frame)
        except Exception:  # noqa: BLE001 (protobuf's DecodeError has no public home that is the same in all versions)
            unreadable += 1
    assert unreadable == 20 == client.venue.faults.counts[kind]
