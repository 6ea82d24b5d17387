"""The simulated Bybit speaks as the documented one does. Nothing of our client takes part here."""

import json
from importlib.resources import files
from itertools import pairwise

import pytest
from arb_bybit.sim import BybitVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults, Impossible
from arb_sim.kernel.history import History
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.venue import Close
from arb_sim.world import Pace, World

SAMPLES = files("arb_bybit") / "samples"
PAIR = "BTCUSDT"
OF_PAIR = {"category": "spot", "symbol": PAIR}
PUBLIC = "/v5/public/spot"
SECOND = 1_000_000_000


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def client():
    """Before a venue with a lively market."""
    world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=50, volatility=5e-4))
    client = DirectClient(BybitVenue(SimulationContext(world=world, faults=Faults())), PUBLIC)
    assert client.refused is None
    return client


def fetch(client, path, **params):
    answer = client.get(f"/v5/market/{path}", **params)
    told = json.loads(answer.body)
    assert (answer.status, told["retCode"], told["retMsg"]) == (200, 0, "OK")
    return told["result"]


def ask(client, *args, op="subscribe", **more):
    frames = client.say(json.dumps({"req_id": "7", "op": op, "args": args, **more}))
    return [json.loads(frame) for frame in frames]


def pushes(client, topic):
    messages = [json.loads(text) for text in client.texts]
    return [each for each in messages if each.get("topic") == topic]


# REST


@pytest.mark.parametrize(
    ("name", "path", "params"),
    [
        ("rest_time", "time", {}),
        ("rest_instruments_info", "instruments-info", {"category": "spot"}),
        ("rest_orderbook", "orderbook", OF_PAIR),
        ("rest_recent_trade", "recent-trade", OF_PAIR),
        ("rest_kline", "kline", {**OF_PAIR, "interval": "1"}),
        ("rest_tickers", "tickers", OF_PAIR),
    ],
)
def test_answer_is_like_the_documented_one(client, name, path, params):
    client.wait(1)
    answer = client.get(f"/v5/market/{path}", **params)
    assert answer.status == 200
    assert differences(sample(name), json.loads(answer.body)) == []
    assert not [header for header in answer.headers if "limit" in header]


def test_other_markets_are_empty(client):
    for category in ("linear", "inverse", "option"):
        shown = fetch(client, "instruments-info", category=category, limit=1000)
        assert shown == {"category": category, "list": [], "nextPageCursor": ""}
    assert [row["symbol"] for row in fetch(client, "instruments-info", category="spot")["list"]] == [PAIR, "LINKUSDT"]
    (row,) = fetch(client, "instruments-info", **OF_PAIR)["list"]
    assert row["symbol"] == PAIR


def test_book_has_one_level_by_itself_and_a_thousand_at_most(client):
    assert [len(fetch(client, "orderbook", **OF_PAIR)[side]) for side in "ba"] == [1, 1]
    shown = fetch(client, "orderbook", **OF_PAIR, limit=1000)
    prices = [[float(price) for price, _ in shown[side]] for side in "ba"]
    assert prices == [sorted(prices[0], reverse=True), sorted(prices[1])]
    assert len(prices[0]) > 100
    refused = json.loads(client.get("/v5/market/orderbook", **OF_PAIR, limit=1001).body)
    assert refused["retCode"] == 10001


def test_book_by_request_is_numbered_like_the_deepest_channel(client):
    first = fetch(client, "orderbook", **OF_PAIR)
    assert fetch(client, "orderbook", **OF_PAIR)["u"] == first["u"]
    _, begun = ask(client, f"orderbook.1000.{PAIR}")
    assert begun["data"]["u"] == first["u"]
    ask(client, f"orderbook.50.{PAIR}")
    client.wait(3)
    shown = fetch(client, "orderbook", **OF_PAIR)
    deltas = pushes(client, f"orderbook.1000.{PAIR}")
    assert shown["u"] == deltas[-1]["data"]["u"] == first["u"] + len(deltas) - 1
    assert shown["u"] != pushes(client, f"orderbook.50.{PAIR}")[-1]["data"]["u"]
    assert shown["seq"] == client.venue.by_pair[PAIR].book.version


def test_candles_come_newest_first_in_seven_columns(client):
    rows = fetch(client, "kline", **OF_PAIR, interval="1", limit=50)["list"]
    assert len(rows) == 50
    starts = [int(row[0]) for row in rows]
    assert starts == sorted(starts, reverse=True)
    for start, opened, high, low, close, volume, turnover in rows[1:]:
        assert int(start) % 60_000 == 0
        assert float(low) <= min(float(opened), float(close)) <= max(float(opened), float(close)) <= float(high)
        assert float(turnover) == pytest.approx(float(volume) * float(close), rel=0.2)
    older = fetch(client, "kline", **OF_PAIR, interval="1", start=starts[20], end=starts[10])["list"]
    assert older == rows[10:21]


def test_trades_come_newest_first_and_sixty_at_most(client):
    everything = fetch(client, "recent-trade", **OF_PAIR)["list"]
    assert len(everything) == 60
    numbers = [int(trade["execId"]) for trade in everything]
    assert numbers == sorted(numbers, reverse=True)
    assert fetch(client, "recent-trade", **OF_PAIR, limit=5)["list"] == everything[:5]


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        ("orderbook", {"category": "spot", "symbol": "NOSUCH"}, "Not supported symbols"),
        ("orderbook", {"symbol": PAIR}, "Not supported symbols"),  # a linear contract is meant
        ("orderbook", {**OF_PAIR, "limit": "all"}, "params error: limit invalid"),
        ("kline", {"symbol": PAIR, "interval": "1"}, "Not supported symbols"),
        ("kline", {**OF_PAIR, "interval": "2"}, "Invalid period!"),
        ("recent-trade", {**OF_PAIR, "limit": 61}, "params error: limit invalid"),
        ("tickers", {"category": "spot", "symbol": "NOSUCH"}, "Not supported symbols"),
        ("instruments-info", {"category": "stocks"}, "Illegal category"),
    ],
)
def test_wrong_question_is_refused_within_a_200(client, path, params, message):
    answer = client.get(f"/v5/market/{path}", **params)
    told = json.loads(answer.body)
    assert (answer.status, told["retCode"], told["retMsg"], told["result"]) == (200, 10001, message, {})


def test_wrong_path_and_get_with_a_body_have_statuses_of_their_own(client):
    for path in ("/v5/market/nothing", "/v5/nothing", "/v3/market/time", "/"):
        assert client.get(path).status == 404
    assert client.ask("POST", "/v5/market/time").status == 404
    assert client.ask("GET", "/v5/market/time", body=b"{}").status == 403


def test_address_that_asks_too_often_is_banned_for_ten_minutes(client):
    for _ in range(600):
        assert client.get("/v5/market/time").status == 200
    refused = client.get("/v5/market/time")
    assert (refused.status, refused.body) == (403, b"access too frequent")
    assert "retry-after" not in refused.headers
    client.wait(599)
    assert client.get("/v5/market/tickers", category="spot").status == 403
    client.wait(1)
    assert client.get("/v5/market/time").status == 200


def test_budget_rolls(client):
    for _ in range(599):
        client.get("/v5/market/time")
    client.wait(4.9)
    assert client.get("/v5/market/time").status == 200
    client.wait(0.2)
    for _ in range(599):
        assert client.get("/v5/market/time").status == 200
    assert client.get("/v5/market/time").status == 403


# Control frames


def test_answers_are_like_the_documented_ones(client):
    accepted, _ = ask(client, f"orderbook.50.{PAIR}")
    assert differences(sample("ws_subscribe_ack"), accepted) == []
    assert (accepted["req_id"], accepted["success"]) == ("7", True)
    (left,) = ask(client, f"orderbook.50.{PAIR}", op="unsubscribe")
    assert (left["op"], left["ret_msg"], left["success"]) == ("unsubscribe", "unsubscribe", True)
    (pong,) = client.say('{"req_id":"1","op":"ping"}')
    assert differences(sample("ws_pong"), json.loads(pong)) == []
    assert json.loads(pong)["op"] == "ping"


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ([f"orderbook.20.{PAIR}"], f"error:handler not found,topic:orderbook.20.{PAIR}"),
        (["orderbook.50.NOSUCH"], "Invalid symbol :[orderbook.50.NOSUCH]"),
        ([f"kline.2.{PAIR}"], f"error:handler not found,topic:kline.2.{PAIR}"),
        (["nothing"], "error:handler not found,topic:nothing"),
        ([f"tickers.1.{PAIR}"], f"error:handler not found,topic:tickers.1.{PAIR}"),
        ([], "error:args is empty"),
        ([f"orderbook.50.{PAIR}"] * 11, "args size >10"),
        ([f"publicTrade.{PAIR}", "publicTrade.NOSUCH"], "Invalid symbol :[publicTrade.NOSUCH]"),
        (["x" * 21_001], "args length >21000"),
    ],
)
def test_one_wrong_topic_refuses_the_whole_request(client, topics, message):
    (refused,) = ask(client, *topics)
    assert differences(sample("ws_subscribe_refused"), refused) == []
    assert (refused["success"], refused["ret_msg"], refused["req_id"]) == (False, message, "7")
    client.wait(5)
    assert pushes(client, f"publicTrade.{PAIR}") == []


@pytest.mark.parametrize("nonsense", ["{", "[]", '{"op":5}', '{"op":"subscribe","args":"all"}', '{"op":"shout"}'])
def test_nonsense_is_refused(client, nonsense):
    (answer,) = client.say(nonsense)
    told = json.loads(answer)
    assert told["success"] is False
    assert told["ret_msg"].startswith("error:")


def test_connection_without_pings_and_data_is_closed_after_ten_minutes(client):
    client.wait(599)
    client.say('{"op":"ping"}')
    client.wait(599)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1000, "")


def test_private_connections_may_be_cut_earlier(client):
    for url, seconds in (("/v5/private?max_active_time=30s", 30), ("/v5/trade?max_active_time=1m", 60)):
        other = DirectClient(client.venue, url, conn=seconds)
        other.wait(seconds - 1)
        assert other.ended is None
        other.wait(2)
        assert other.ended == Close(1000, "")
    for wrong in ("1s", "11m", "soon"):
        refused = DirectClient(client.venue, f"/v5/private?max_active_time={wrong}", conn=99).refused
        assert refused is not None
        assert refused.status == 400


def test_other_paths_and_too_many_connections_refuse_the_handshake(client):
    refused = DirectClient(client.venue, "/v5/public/linear", conn=2).refused
    assert refused is not None
    assert refused.status == 404
    for conn in range(3, 501):
        assert DirectClient(client.venue, PUBLIC, conn=conn).refused is None
    assert DirectClient(client.venue, PUBLIC, conn=501).refused is not None


# Pushes


@pytest.mark.parametrize(
    ("name", "topic", "allowed"),
    [
        ("ws_orderbook_delta", f"orderbook.50.{PAIR}", {}),
        ("ws_orderbook_1", f"orderbook.1.{PAIR}", {}),
        ("ws_tickers", f"tickers.{PAIR}", {}),
        ("ws_kline", f"kline.5.{PAIR}", {}),
        # An older example, of a contract: its trades have no number, and tell whether the price went up.
        ("ws_public_trade", f"publicTrade.{PAIR}", {"absent": ["L", "i"], "added": ["i", "RPI"]}),
    ],
)
def test_push_is_like_the_documented_frame(client, name, topic, allowed):
    ask(client, topic)
    client.wait(5)
    shown = pushes(client, topic)
    documented = sample(name)
    documented["data"] = (
        [
            {key: value for key, value in row.items() if key not in allowed.get("absent", [])}
            for row in documented["data"]
        ]
        if isinstance(documented["data"], list)
        else documented["data"]
    )
    if topic.startswith("orderbook.50"):
        assert differences(sample("ws_orderbook_snapshot"), shown.pop(0)) == []
        shown = [push for push in shown if push["data"]["b"] and push["data"]["a"]]
    assert shown
    assert differences(documented, shown[-1], **allowed) == []


def test_numbers_bear_no_zeros_at_their_end(client):
    ask(client, f"orderbook.50.{PAIR}")
    client.wait(5)
    texts = [
        text
        for push in pushes(client, f"orderbook.50.{PAIR}")
        for side in "ab"
        for level in push["data"][side]
        for text in level
    ]
    assert "0" in texts
    assert not [text for text in texts if "." in text and text.endswith(("0", "."))]


@pytest.mark.parametrize(("depth", "every_ms"), [(50, 20), (200, 100), (1000, 200)])
@pytest.mark.parametrize("joins_after_s", [0, 1.03])
def test_deltas_lead_by_themselves_through_the_venues_own_book(client, depth, every_ms, joins_after_s):
    history = History(client.venue.by_pair[PAIR].book)
    topic = f"orderbook.{depth}.{PAIR}"
    other = DirectClient(client.venue, PUBLIC, conn=2)
    ask(other, topic)  # who is there already must not be disturbed, nor disturb
    client.wait(joins_after_s)
    ask(client, topic)
    client.wait(5)
    first, *rest = pushes(client, topic)
    assert [each["type"] for each in (first, *rest)] == ["snapshot"] + ["delta"] * len(rest)
    assert rest[0]["data"]["u"] == first["data"]["u"] + 1
    assert all(after["data"]["u"] == before["data"]["u"] + 1 for before, after in pairwise(rest))
    assert len({push["ts"] % every_ms for push in rest}) == 1
    spell = client.venue.by_pair[PAIR].spelling.levels
    sides = [{}, {}]
    for push in (first, *rest):
        for side, changed in zip(sides, (push["data"]["b"], push["data"]["a"]), strict=True):
            for price, size in changed:
                side.pop(price, None)
                if size != "0":
                    side[price] = size
        found = [sorted(sides[0].items(), key=lambda level: -float(level[0]))]
        found.append(sorted(sides[1].items(), key=lambda level: float(level[0])))
        assert found == [spell(side) for side in history.top(push["data"]["seq"], depth)]
    assert len(rest) > 20


def test_topic_that_is_asked_for_again_begins_anew(client):
    topic = f"orderbook.50.{PAIR}"
    ask(client, topic)
    client.wait(1.01)
    answers = ask(client, topic)
    assert answers[-1]["type"] == "snapshot"
    client.wait(1)
    numbers = [push["data"]["u"] for push in pushes(client, topic)]
    assert all(after - before in {0, 1} for before, after in pairwise(numbers))


def test_best_levels_are_repeated_when_nothing_happens(client):
    client.venue.world.rest()
    topic = f"orderbook.1.{PAIR}"
    ask(client, topic)
    client.wait(10)
    shown = pushes(client, topic)
    assert len(shown) == 4
    assert {push["data"]["u"] for push in shown} == {shown[0]["data"]["u"]}
    assert {push["type"] for push in shown} == {"snapshot"}
    assert [after["ts"] - before["ts"] for before, after in pairwise(shown)] == pytest.approx([3000] * 3, abs=10)
    market = client.venue.by_pair[PAIR]
    market.change([(market.book.bids.at(0), 7)], [], client.venue.timeline.now_ns)
    client.wait(0.01)
    after = pushes(client, topic)[-1]["data"]
    assert (after["u"], after["b"][0][1]) == (shown[0]["data"]["u"] + 1, "0.000007")


def test_trades_are_those_that_a_question_shows(client):
    ask(client, f"publicTrade.{PAIR}")
    client.wait(5)
    pushed = [trade for push in pushes(client, f"publicTrade.{PAIR}") for trade in push["data"]]
    listed = {trade["execId"]: trade for trade in fetch(client, "recent-trade", **OF_PAIR)["list"]}
    common = [trade for trade in pushed if trade["i"] in listed]
    assert len(common) > 10
    assert [trade["T"] for trade in pushed] == sorted(trade["T"] for trade in pushed)
    for trade in common:
        other = listed[trade["i"]]
        assert (trade["p"], trade["v"], trade["S"], str(trade["T"]), str(trade["seq"])) == tuple(
            other[name] for name in ("price", "size", "side", "time", "seq")
        )


def test_candle_is_confirmed_when_it_has_ended(client):
    ask(client, f"kline.1.{PAIR}")
    client.wait(130)
    bars = [push["data"][0] for push in pushes(client, f"kline.1.{PAIR}")]
    ended = [bar for bar in bars if bar["confirm"]]
    assert len(ended) >= 2
    assert all(bar["end"] == bar["start"] + 59_999 for bar in bars)
    (row, *_) = fetch(client, "kline", **OF_PAIR, interval="1", start=ended[0]["start"], end=ended[0]["start"])["list"]
    names = ("open", "high", "low", "close", "volume", "turnover")
    assert row == [str(ended[0]["start"]), *(ended[0][name] for name in names)]


def test_faults_speak_the_venues_words(client):
    faults = client.venue.faults
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    topic = f"publicTrade.{PAIR}"
    assert ask(client, topic)[0]["ret_msg"] == f"error:handler not found,topic:{topic}"
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_IGNORED))
    assert ask(client, topic) == []
    faults.arm(Fault(kind=FaultKind.RATE_LIMITED))
    assert client.get("/v5/market/time").status == 429
    faults.arm(Fault(kind=FaultKind.BANNED))
    answer = client.get("/v5/market/time")
    assert (answer.status, answer.body) == (403, b"access too frequent")
    faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=1))
    (row,) = fetch(client, "instruments-info", **OF_PAIR)["list"]
    assert row["status"] == "Closed"
    faults.arm(Fault(kind=FaultKind.CLOCK_SKEW, skew_s=-30, hold_s=1))
    assert int(fetch(client, "time")["timeNano"]) == client.venue.timeline.now_ns - 30 * SECOND
    for kind in (FaultKind.BAD_CHECKSUM, FaultKind.TICKET_EXPIRED):
        with pytest.raises(Impossible):
            faults.arm(Fault(kind=kind))


def test_old_book_bears_its_own_number(client):
    ask(client, f"orderbook.1000.{PAIR}")
    client.wait(1)
    before = fetch(client, "orderbook", **OF_PAIR, limit=50)
    client.venue.faults.arm(Fault(kind=FaultKind.STALE_SNAPSHOT, pair=PAIR, hold_s=2))
    client.wait(1.5)
    shown = fetch(client, "orderbook", **OF_PAIR, limit=50)
    assert (shown["u"], shown["seq"], shown["b"]) == (before["u"], before["seq"], before["b"])
