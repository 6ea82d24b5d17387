"""The simulated Gate.io speaks as the documented and recorded one does. Nothing of our client takes part here."""

import json
from importlib.resources import files
from itertools import pairwise

import pytest
from arb_gateio.sim import GateioVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults, Impossible
from arb_sim.kernel.history import History
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.venue import Close, Ping
from arb_sim.world import Pace, World

SAMPLES = files("arb_gateio") / "samples"
PAIR = "BTC_USDT"
SECOND = 1_000_000_000

UNBOUNDED = {"absent": ["max_base_amount"], "added": ["type", "max_base_amount"]}
"""A pair with an upper bound on the base is in the examples, one without in the simulation; `type` is newer."""


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def client():
    """Before a venue with a lively market."""
    world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=50, volatility=5e-4))
    client = DirectClient(GateioVenue(SimulationContext(world=world, faults=Faults())), "/ws/v4/")
    assert client.refused is None
    return client


def ask(client, channel, *payload, event="subscribe", **more):
    frames = client.say(json.dumps({"time": 1, "channel": channel, "event": event, "payload": payload, **more}))
    return [json.loads(frame) for frame in frames]


def pushes(client, channel):
    """What was pushed on a channel; an answer names an event of its own, a push may name none."""
    messages = [json.loads(text) for text in client.texts]
    return [each for each in messages if each["channel"] == channel and each.get("event", "update") == "update"]


# REST


@pytest.mark.parametrize(
    ("name", "path", "params", "allowed"),
    [
        ("rest_time", "time", {}, {}),
        ("rest_currency_pairs", "currency_pairs", {}, UNBOUNDED),
        ("rest_currency_pair", "currency_pairs/BTC_USDT", {}, UNBOUNDED),
        ("rest_order_book", "order_book", {"currency_pair": PAIR, "with_id": "true"}, {}),
        # The example is one of a user's own trades, and of seven columns where the live rows have eight.
        (
            "rest_trades",
            "trades",
            {"currency_pair": PAIR},
            {
                "absent": ["order_id", "role", "fee", "fee_currency", "point_fee", "gt_fee", "text"],
                "added": ["currency_pair"],
            },
        ),
        (
            "rest_tickers",
            "tickers",
            {"timezone": "all"},
            {"absent": ["etf_net_value", "etf_pre_net_value", "etf_pre_timestamp", "etf_leverage"]},
        ),
        ("rest_currencies", "currencies", {}, {}),
    ],
)
def test_answer_is_like_the_documented_one(client, name, path, params, allowed):
    answer = client.get(f"/api/v4/spot/{path}", **params)
    assert answer.status == 200
    expected = sample(name)
    for pair in [expected] if isinstance(expected, dict) else expected:
        if "max_base_amount" in pair:
            pair["max_base_amount"] = None
    assert differences(expected, json.loads(answer.body), **allowed) == []


def test_candles_have_eight_columns_with_the_close_before_the_open(client):
    rows = json.loads(client.get("/api/v4/spot/candlesticks", currency_pair=PAIR, interval="1m", limit=50).body)
    assert len(rows) == 50
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)
    for start, quote, close, high, low, opened, base, closed in rows:
        assert int(start) % 60 == 0
        assert float(low) <= min(float(opened), float(close)) <= max(float(opened), float(close)) <= float(high)
        assert float(quote) == pytest.approx(float(base) * float(close), rel=0.2)
        assert closed in {"true", "false"}
    assert [row[7] for row in rows] == ["true"] * 49 + ["false"]
    assert all(before[2] == after[5] for before, after in pairwise(rows))


def test_book_bears_its_id_only_when_asked_and_has_ten_levels_by_itself(client):
    shown = json.loads(client.get("/api/v4/spot/order_book", currency_pair=PAIR).body)
    assert "id" not in shown
    assert len(shown["bids"]) == len(shown["asks"]) == 10
    prices = [[float(price) for price, _ in shown[side]] for side in ("bids", "asks")]
    assert prices == [sorted(prices[0], reverse=True), sorted(prices[1])]


def test_large_books_come_from_a_cache(client):
    ask(client, "spot.order_book_update", PAIR, "100ms")

    def version(limit):
        answer = client.get("/api/v4/spot/order_book", currency_pair=PAIR, limit=limit, with_id="true")
        return json.loads(answer.body)["id"]

    first = version(1000)
    client.wait(30)
    assert version(1000) == first
    assert version(100) == client.venue.by_pair[PAIR].book.version > first
    client.wait(31)
    assert version(1000) > first


def test_one_ticker_is_an_array_too_and_has_sizes(client):
    (shown,) = json.loads(client.get("/api/v4/spot/tickers", currency_pair=PAIR).body)
    assert float(shown["lowest_size"]) > 0
    assert float(shown["highest_size"]) > 0
    (other, _) = json.loads(client.get("/api/v4/spot/tickers").body)
    assert "lowest_size" not in other


def test_contract_of_a_token_is_published(client):
    shown = {row["currency"]: row for row in json.loads(client.get("/api/v4/spot/currencies").body)}
    assert set(shown) == {"BTC", "LINK", "USDT"}
    assert shown["LINK"]["chains"][0]["addr"].startswith("0x")
    assert shown["BTC"]["chains"][0]["addr"] == ""
    assert json.loads(client.get("/api/v4/spot/currencies/LINK").body) == shown["LINK"]


@pytest.mark.parametrize(
    ("path", "params", "status", "label"),
    [
        ("spot/order_book", {"currency_pair": "NO_SUCH"}, 400, "INVALID_CURRENCY_PAIR"),
        ("spot/order_book", {}, 400, "MISSING_REQUIRED_PARAM"),
        ("spot/order_book", {"currency_pair": PAIR, "limit": "all"}, 400, "INVALID_PARAM_VALUE"),
        ("spot/currency_pairs/NO_SUCH", {}, 400, "INVALID_CURRENCY_PAIR"),
        ("spot/currencies/NOSUCH", {}, 400, "INVALID_CURRENCY"),
        ("spot/candlesticks", {"currency_pair": PAIR, "interval": "2m"}, 400, "INVALID_PARAM_VALUE"),
        (
            "spot/candlesticks",
            {"currency_pair": PAIR, "interval": "1m", "from": 1, "limit": 5},
            400,
            "INVALID_PARAM_VALUE",
        ),
        ("spot/candlesticks", {"currency_pair": PAIR, "interval": "1m", "from": 1}, 400, "INVALID_PARAM_VALUE"),
        ("spot/nothing", {}, 404, "NOT_FOUND"),
        ("wallet/nothing", {}, 404, "NOT_FOUND"),
    ],
)
def test_wrong_request_is_refused_with_a_label(client, path, params, status, label):
    answer = client.get(f"/api/v4/{path}", **params)
    body = json.loads(answer.body)
    assert (answer.status, body["label"]) == (status, label)
    assert differences(sample("rest_error"), body) == []


def test_every_answer_reports_the_budget_and_429_has_no_retry_after(client):
    left = []
    for _ in range(200):
        answer = client.get("/api/v4/spot/time")
        assert answer.status == 200
        left.append(int(answer.headers["x-gate-ratelimit-requests-remain"]))
    assert left == list(range(199, -1, -1))
    refused = client.get("/api/v4/spot/time")
    assert refused.status == 429
    assert json.loads(refused.body) == {
        "label": "TOO_MANY_REQUESTS",
        "message": "Request Rate limit Exceeded (211)",
    }
    assert "retry-after" not in refused.headers
    assert refused.headers["x-gate-ratelimit-limit"] == "200"
    reset_ns = int(refused.headers["x-gate-ratelimit-reset-timestamp"]) * 1_000_000
    assert reset_ns == client.venue.timeline.start_ns + 10 * SECOND
    assert client.get("/api/v4/spot/tickers").status == 200
    client.wait(10)
    assert client.get("/api/v4/spot/time").status == 200


def test_trades_come_newest_first_and_can_be_paged(client):
    everything = json.loads(client.get("/api/v4/spot/trades", currency_pair=PAIR, limit=50).body)
    numbers = [int(trade["id"]) for trade in everything]
    assert numbers == sorted(numbers, reverse=True)
    second = json.loads(client.get("/api/v4/spot/trades", currency_pair=PAIR, limit=20, page=2).body)
    assert second == everything[20:40]
    newer = json.loads(client.get("/api/v4/spot/trades", currency_pair=PAIR, last_id=numbers[5]).body)
    assert newer == everything[:5]


# Control frames


def test_answers_are_like_the_documented_ones(client):
    (accepted,) = ask(client, "spot.order_book", PAIR, "5", "100ms")
    assert differences(sample("ws_spot_obu_subscribe_ack"), accepted, added=["error"]) == []
    assert accepted["result"] == {"status": "success"}
    assert accepted["error"] is None
    (left,) = ask(client, "spot.order_book", PAIR, "5", "100ms", event="unsubscribe", id=1)
    assert differences(sample("ws_spot_obu_unsubscribe_ack"), left, added=["error"]) == []
    (pong,) = client.say('{"time":1545404023,"channel":"spot.ping"}')
    assert differences(sample("ws_spot_pong"), json.loads(pong)) == []


def test_second_depth_of_one_pair_is_an_alert(client):
    assert len(ask(client, "spot.obu", "ob.BTC_USDT.50")) == 2  # the answer, then the whole book
    (refused,) = ask(client, "spot.obu", "ob.BTC_USDT.400", id=1)
    assert differences(sample("ws_spot_obu_subscribe_error"), refused) == []
    assert refused["error"] == {"code": 2, "message": "Alert sub ob.BTC_USDT.400"}
    assert ask(client, "spot.obu", "ob.BTC_USDT.50")[0]["error"]["message"].startswith("Alert sub")


def test_one_wrong_pair_refuses_the_whole_request(client):
    (refused,) = ask(client, "spot.trades", PAIR, "NO_SUCH", id=3)
    assert (refused["id"], refused["error"]) == (3, {"code": 2, "message": "unknown currency pair: NO_SUCH"})
    client.wait(5)
    assert pushes(client, "spot.trades") == []


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("spot.order_book_update", ["BTC_USDT", "50ms"]),
        ("spot.order_book_update", ["BTC_USDT"]),
        ("spot.order_book", ["BTC_USDT", "7", "100ms"]),
        ("spot.candlesticks", ["1s", "BTC_USDT"]),
        ("spot.obu", ["ob.BTC_USDT.100"]),
        ("spot.trades", []),
        ("spot.nothing", ["BTC_USDT"]),
    ],
)
def test_wrong_subscription_is_refused(client, channel, payload):
    (refused,) = ask(client, channel, *payload)
    assert refused["error"]["code"] == 2
    assert refused["result"] == {"status": "fail"}


@pytest.mark.parametrize(
    "nonsense", ["{", "[]", '{"channel":5}', '{"time":1}', '{"channel":"spot.trades","payload":[1]}']
)
def test_nonsense_is_a_bad_body(client, nonsense):
    (answer,) = client.say(nonsense)
    assert json.loads(answer)["error"]["code"] == 1


def test_venue_pings_and_closes_on_who_does_not_answer(client):
    ask(client, "spot.tickers", PAIR)
    client.wait(100)
    assert any(isinstance(frame, Ping) for frame in client.got)
    assert client.ended is None
    client.pongs = False
    client.wait(61)
    assert client.ended == Close(1000, "")


def test_other_paths_refuse_the_handshake(client):
    refused = DirectClient(client.venue, "/ws/v3/", conn=2).refused
    assert refused is not None
    assert refused.status == 404
    assert DirectClient(client.venue, "/ws/v4", conn=3).refused is None


# Pushes


@pytest.mark.parametrize(
    ("name", "channel", "payload", "allowed"),
    [
        ("ws_spot_trades_update", "spot.trades", [PAIR], {}),
        ("recorded_trades", "spot.trades", [PAIR], {"added": ["time_ms", "id_market", "range"]}),
        ("ws_spot_tickers_update", "spot.tickers", [PAIR], {}),
        ("recorded_tickers", "spot.tickers", [PAIR], {"added": ["time_ms"]}),
        ("ws_spot_candlesticks_update", "spot.candlesticks", ["1m", PAIR], {}),
        ("ws_spot_book_ticker_update", "spot.book_ticker", [PAIR], {}),
        ("ws_spot_order_book_update", "spot.order_book", [PAIR, "5", "100ms"], {}),
        # The example is of a frame that replaces the book.
        ("ws_spot_order_book_update_update", "spot.order_book_update", [PAIR, "100ms"], {"absent": ["full"]}),
        ("recorded_order_book_update", "spot.order_book_update", [PAIR, "20ms"], {"added": ["time_ms", "l"]}),
        ("ws_spot_obu_update", "spot.obu", ["ob.BTC_USDT.50"], {}),
    ],
)
def test_push_is_like_the_documented_frame(client, name, channel, payload, allowed):
    ask(client, channel, *payload)
    client.wait(5)
    shown = pushes(client, channel)
    if channel == "spot.obu":
        assert differences(sample("ws_spot_obu_update_full"), shown.pop(0)) == []
    if "update" in channel or channel == "spot.obu":
        shown = [push for push in shown if push["result"].get("b") and push["result"].get("a")]
    assert shown
    assert differences(sample(name), shown[-1], **allowed) == []


def test_numbers_are_spelt_as_recorded(client):
    ask(client, "spot.order_book_update", PAIR, "100ms")
    ask(client, "spot.trades", PAIR)
    client.wait(5)
    texts = [
        text
        for push in pushes(client, "spot.order_book_update")
        for side in "ab"
        for level in push["result"][side]
        for text in level
    ]
    assert "0" in texts
    assert not [text for text in texts if "." in text and text.endswith(("0", "."))]
    for push in pushes(client, "spot.trades"):
        assert {len(push["result"][name].partition(".")[2]) for name in ("amount", "price")} == {10}


def follow(client, pushed, start, depth):
    """The documented rule; levels beyond the depth of the stream are forgotten."""
    market = client.venue.by_pair[PAIR]
    version, sides = start
    states = []
    for result in pushed:
        if result["u"] <= version:
            continue
        assert result["U"] <= version + 1
        assert not states or result["U"] == version + 1
        for side, levels, best in zip(sides, (result.get("b", []), result.get("a", [])), (max, min), strict=True):
            for price, size in levels:
                side.pop(price, None)
                if size != "0":
                    side[price] = size
            while len(side) > depth:
                side.pop((min if best is max else max)(side, key=float))
        version = result["u"]
        states.append(
            (
                version,
                [
                    sorted(sides[0].items(), key=lambda level: -float(level[0])),
                    sorted(sides[1].items(), key=lambda level: float(level[0])),
                ],
            )
        )
    spell = market.spelling.levels
    return states, lambda history, at: [spell(side) for side in history.top(at, depth)]


@pytest.mark.parametrize(("speed", "depth"), [("100ms", 100), ("20ms", 20)])
@pytest.mark.parametrize("joins_after_s", [1.0, 1.03, 1.07])
def test_updates_lead_from_the_rest_book_through_the_venues_own(client, speed, depth, joins_after_s):
    history = History(client.venue.by_pair[PAIR].book)
    ask(client, "spot.order_book_update", PAIR, speed)
    client.wait(joins_after_s)
    shown = json.loads(client.get("/api/v4/spot/order_book", currency_pair=PAIR, limit=depth, with_id="true").body)
    client.wait(10)
    start = shown["id"], [dict(map(tuple, shown[side])) for side in ("bids", "asks")]
    pushed = [push["result"] for push in pushes(client, "spot.order_book_update")]
    states, truth = follow(client, pushed, start, depth)
    assert len(states) > 80
    for version, sides in states:
        assert sides == truth(history, version)


def test_obu_leads_by_itself_through_the_venues_own_book(client):
    history = History(client.venue.by_pair[PAIR].book)
    other = DirectClient(client.venue, "/ws/v4/", conn=2)
    ask(other, "spot.obu", "ob.BTC_USDT.50")  # who is there already must not be disturbed, nor disturb
    client.wait(0.51)
    ask(client, "spot.obu", "ob.BTC_USDT.50")
    client.wait(10)
    first, *rest = [push["result"] for push in pushes(client, "spot.obu")]
    assert first["full"]
    assert rest[0]["U"] == first["u"] + 1
    assert all(after["U"] == before["u"] + 1 for before, after in pairwise(rest))
    start = first["u"], [dict(map(tuple, first[side])) for side in "ba"]
    states, truth = follow(client, rest, start, 50)
    assert len(states) > 200
    for version, sides in states:
        assert sides == truth(history, version)


def test_all_streams_name_one_counter(client):
    history = History(client.venue.by_pair[PAIR].book)
    ask(client, "spot.order_book", PAIR, "20", "100ms")
    ask(client, "spot.book_ticker", PAIR)
    client.wait(5)
    spell = client.venue.by_pair[PAIR].spelling.levels
    books = [push["result"] for push in pushes(client, "spot.order_book")]
    for result in books:
        bids, asks = history.top(result["lastUpdateId"], 20)
        assert [list(map(tuple, result["bids"])), list(map(tuple, result["asks"]))] == [spell(bids), spell(asks)]
    tickers = [push["result"] for push in pushes(client, "spot.book_ticker")]
    for result in tickers:
        bids, asks = history.top(result["u"], 1)
        assert [(result["b"], result["B"]), (result["a"], result["A"])] == spell(bids) + spell(asks)
    assert len(books) > 30
    assert len(tickers) > 30


def test_each_change_of_the_book_counts_one(client):
    market = client.venue.by_pair[PAIR]
    version = market.book.version
    best_bid, best_ask = market.book.bids.at(0), market.book.asks.at(0)
    market.change([(best_bid, 7), (best_bid - 1, 8)], [(best_ask, 9)], client.venue.timeline.now_ns)
    assert market.book.version == version + 1


def test_faults_speak_the_venues_words(client):
    faults = client.venue.faults
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert ask(client, "spot.trades", PAIR)[0]["error"] == {"code": 2, "message": f"unknown currency pair: {PAIR}"}
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_IGNORED))
    assert ask(client, "spot.trades", PAIR) == []
    faults.arm(Fault(kind=FaultKind.RATE_LIMITED))
    answer = client.get("/api/v4/spot/time")
    assert (answer.status, json.loads(answer.body)["label"]) == (429, "TOO_MANY_REQUESTS")
    faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=1))
    row = json.loads(client.get(f"/api/v4/spot/currency_pairs/{PAIR}").body)
    assert row["trade_status"] == "untradable"
    faults.arm(Fault(kind=FaultKind.CLOCK_SKEW, skew_s=-30, hold_s=1))
    now_ms = client.venue.timeline.now_ns // 1_000_000
    assert json.loads(client.get("/api/v4/spot/time").body)["server_time"] == now_ms - 30_000
    for kind in (FaultKind.BAD_CHECKSUM, FaultKind.TICKET_EXPIRED):
        with pytest.raises(Impossible):
            faults.arm(Fault(kind=kind))
