"""The simulated Binance speaks as the documented and recorded one does. Nothing of our client takes part here."""

import json
from importlib.resources import files
from itertools import pairwise

import pytest
from arb_binance.sim import BinanceVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults, Impossible
from arb_sim.kernel.history import History
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.venue import Close, Ping
from arb_sim.world import Pace, World

SAMPLES = files("arb_binance") / "samples"
PAIR = "BTCUSDT"
SECOND = 1_000_000_000


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def venue():
    """One with a lively market."""
    world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=50))
    return BinanceVenue(SimulationContext(world=world, faults=Faults()))


@pytest.fixture
def client(venue):
    client = DirectClient(venue, "/stream")
    assert client.refused is None
    return client


def ask(client, method, *params, **more):
    return [json.loads(frame) for frame in client.say(json.dumps({"method": method, "params": params, "id": 1} | more))]


def pushes(client, stream):
    return [message for text in client.texts if (message := json.loads(text)).get("stream") == stream]


# REST


@pytest.mark.parametrize(
    ("name", "path", "params"),
    [
        ("rest_ping", "ping", {}),
        ("rest_time", "time", {}),
        ("rest_depth", "depth", {"symbol": PAIR}),
        ("rest_trades", "trades", {"symbol": PAIR}),
        ("rest_trades", "historicalTrades", {"symbol": PAIR}),
        ("rest_klines", "klines", {"symbol": PAIR, "interval": "1m"}),
        ("rest_book_tickers", "ticker/bookTicker", {}),
    ],
)
def test_answer_is_like_the_documented_one(client, name, path, params):
    answer = client.get(f"/api/v3/{path}", **params)
    assert answer.status == 200
    assert differences(sample(name), json.loads(answer.body)) == []


def test_instruments_are_like_the_recorded_ones(client):
    # Recorded in 2021: what came since, and filters that have new names.
    added = [
        "otoAllowed",
        "opoAllowed",
        "allowTrailingStop",
        "cancelReplaceAllowed",
        "amendAllowed",
        "pegInstructionsAllowed",
        "permissionSets",
        "defaultSelfTradePreventionMode",
        "allowedSelfTradePreventionModes",
    ]
    recorded, shown = sample("rest_exchange_info"), json.loads(client.get("/api/v3/exchangeInfo").body)
    filters = {each["filterType"]: each for each in shown["symbols"][0]["filters"]}
    for old in recorded["symbols"][0]["filters"]:
        if old["filterType"] in {"PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"}:
            assert differences(old, filters[old["filterType"]]) == []
    for each in (recorded, shown):
        for symbol in each["symbols"]:
            del symbol["filters"]
        recorded["symbols"][0]["permissions"] = []
    assert differences(recorded, shown, added=added) == []
    assert set(filters["NOTIONAL"]) == {
        "filterType",
        "minNotional",
        "applyMinToMarket",
        "maxNotional",
        "applyMaxToMarket",
        "avgPriceMins",
    }


def test_statistics_of_a_day_have_the_documented_fields(client):
    day = json.loads(client.get("/api/v3/ticker/24hr", symbol=PAIR).body)
    assert list(day) == [
        "symbol",
        "priceChange",
        "priceChangePercent",
        "weightedAvgPrice",
        "prevClosePrice",
        "lastPrice",
        "lastQty",
        "bidPrice",
        "bidQty",
        "askPrice",
        "askQty",
        "openPrice",
        "highPrice",
        "lowPrice",
        "volume",
        "quoteVolume",
        "openTime",
        "closeTime",
        "firstId",
        "lastId",
        "count",
    ]
    mini = json.loads(client.get("/api/v3/ticker/24hr", symbol=PAIR, type="MINI").body)
    assert mini.items() <= day.items()


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("depth", {"symbol": "NOSUCH"}, -1121),
        ("exchangeInfo", {"symbol": "NOSUCH"}, -1121),
        ("exchangeInfo", {"symbols": '["BTCUSDT","NOSUCH"]'}, -1121),
        ("exchangeInfo", {"symbols": "BTCUSDT"}, -1100),
        ("depth", {}, -1102),
        ("depth", {"symbol": PAIR, "limit": "all"}, -1100),
        ("klines", {"symbol": PAIR, "interval": "7m"}, -1120),
        ("klines", {"symbol": PAIR}, -1102),
    ],
)
def test_wrong_request_is_refused_in_the_documented_envelope(client, path, params, code):
    answer = client.get(f"/api/v3/{path}", **params)
    body = json.loads(answer.body)
    assert (answer.status, body["code"]) == (400, code)
    assert differences(sample("rest_error"), body) == []


@pytest.mark.parametrize("path", ["nothing", "userDataStream"])
def test_path_that_is_not_there_is_answered_by_the_front(client, path):
    answer = client.get(f"/api/v3/{path}")
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html")


def test_symbols_can_be_chosen(client):
    chosen = client.get("/api/v3/exchangeInfo", symbols='["LINKUSDT"]')
    assert [row["symbol"] for row in json.loads(chosen.body)["symbols"]] == ["LINKUSDT"]
    assert json.loads(client.get("/api/v3/exchangeInfo", symbolStatus="BREAK").body)["symbols"] == []
    assert isinstance(json.loads(client.get("/api/v3/ticker/price", symbol=PAIR).body), dict)
    assert isinstance(json.loads(client.get("/api/v3/ticker/price", symbols='["BTCUSDT"]').body), list)


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        ("ping", {}, 1),
        ("exchangeInfo", {}, 20),
        ("depth", {"symbol": PAIR}, 5),
        ("depth", {"symbol": PAIR, "limit": 101}, 25),
        ("depth", {"symbol": PAIR, "limit": 1000}, 50),
        ("depth", {"symbol": PAIR, "limit": 5000}, 250),
        ("trades", {"symbol": PAIR}, 25),
        ("klines", {"symbol": PAIR, "interval": "1m"}, 2),
        ("ticker/24hr", {}, 80),
        ("ticker/24hr", {"symbol": PAIR}, 2),
        ("ticker/bookTicker", {}, 4),
    ],
)
def test_weight_is_reported_with_every_answer(client, path, params, weight):
    assert client.get(f"/api/v3/{path}", **params).headers["x-mbx-used-weight-1m"] == str(weight)


def test_budget_refills_with_the_minute_on_the_clock_and_going_on_is_a_ban(client):
    ask(client, "SUBSCRIBE", "btcusdt@trade")
    to_the_minute = 60 - client.venue.timeline.now_ns // SECOND % 60
    client.wait(to_the_minute - 5)
    for _ in range(75):
        assert client.get("/api/v3/ticker/24hr").status == 200
    refused = client.get("/api/v3/ticker/24hr")
    assert (refused.status, refused.headers["retry-after"]) == (429, "5")
    assert json.loads(refused.body)["code"] == -1003
    client.wait(5)
    assert client.get("/api/v3/ping").headers["x-mbx-used-weight-1m"] == "1"
    for _ in range(74):
        assert client.get("/api/v3/ticker/24hr").status == 200
    statuses = [client.get("/api/v3/ticker/24hr").status for _ in range(12)]
    assert statuses == [429] * 10 + [418] * 2
    banned = client.get("/api/v3/ping")
    assert (banned.status, banned.headers["retry-after"]) == (418, "120")
    client.wait(119)
    assert client.get("/api/v3/ping").status == 418
    client.wait(1)
    assert client.get("/api/v3/ping").status == 200


# Control frames


def test_answers_are_like_the_documented_ones(client):
    assert ask(client, "SUBSCRIBE", "btcusdt@depth") == [sample("ws_ack")]
    (refused,) = ask(client, "DANCE")
    assert differences(sample("ws_refused"), refused) == []
    assert refused["code"] == 2


@pytest.mark.parametrize("request_id", [7, -1, "a-b", None])
def test_id_comes_back_as_it_was(client, request_id):
    assert ask(client, "SUBSCRIBE", "btcusdt@depth", id=request_id) == [{"result": None, "id": request_id}]


def test_subscriptions_are_listed_and_given_up(client):
    ask(client, "SUBSCRIBE", "btcusdt@depth", "linkusdt@trade")
    assert ask(client, "LIST_SUBSCRIPTIONS")[0]["result"] == ["btcusdt@depth", "linkusdt@trade"]
    assert ask(client, "UNSUBSCRIBE", "btcusdt@depth") == [{"result": None, "id": 1}]
    assert ask(client, "LIST_SUBSCRIPTIONS")[0]["result"] == ["linkusdt@trade"]


@pytest.mark.parametrize("stream", ["nosuch@depth", "btcusdt@nonsense", "btcusdt@kline_7m", "BTCUSDT@depth", "0"])
def test_stream_that_does_not_exist_is_acknowledged_and_silent(client, stream):
    assert ask(client, "SUBSCRIBE", stream) == [{"result": None, "id": 1}]
    client.wait(5)
    assert len(client.texts) == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", 3),
        ("[]", 2),
        ('{"id":1}', 2),
        ('{"method":"SUBSCRIBE","params":[],"id":1}', 2),
        ('{"method":"SUBSCRIBE","params":[5],"id":1}', 2),
    ],
)
def test_nonsense_is_answered_with_its_code(client, frame, code):
    (answer,) = client.say(frame)
    assert json.loads(answer)["code"] == code


def test_messages_can_be_wrapped_or_bare(client):
    assert ask(client, "GET_PROPERTY", "combined")[0]["result"] is True
    assert ask(client, "SET_PROPERTY", "combined", False) == [{"result": None, "id": 1}]
    ask(client, "SUBSCRIBE", "btcusdt@trade")
    client.wait(2)
    assert json.loads(client.texts[-1])["e"] == "trade"
    assert ask(client, "SET_PROPERTY", "combined", "yes")[0]["code"] == 1
    client.wait(2)
    assert ask(client, "SET_PROPERTY", "colour", True)[0]["code"] == 0
    assert ask(client, "GET_PROPERTY", "colour")[0]["code"] == 0


@pytest.mark.parametrize(
    ("url", "combined"),
    [
        ("/ws/btcusdt@trade", False),
        ("/ws/btcusdt@trade/linkusdt@trade", False),
        ("/stream?streams=btcusdt@trade/linkusdt@trade", True),
        ("/stream?streams=btcusdt%40trade", True),
    ],
)
def test_streams_of_the_url_need_no_request(venue, url, combined):
    client = DirectClient(venue, url)
    assert client.refused is None
    client.wait(3)
    messages = [json.loads(text) for text in client.texts]
    assert messages
    assert all(("stream" in message) == combined for message in messages)


@pytest.mark.parametrize("url", ["/", "/nothing", "/stream/btcusdt@trade", "/ws-api/v2"])
def test_other_paths_refuse_the_handshake(venue, url):
    refused = DirectClient(venue, url).refused
    assert refused is not None
    assert refused.status == 404


def test_sixth_message_of_a_second_ends_the_connection(client):
    for _ in range(5):
        client.say('{"method":"LIST_SUBSCRIPTIONS","id":1}')
    assert client.ended is None
    client.say(Ping(b""))  # pings count as well
    assert client.ended == Close(1008, "Too many requests")


def test_1024_streams_and_no_more(client):
    names = [f"unknown{number}@trade" for number in range(1025)]
    assert ask(client, "SUBSCRIBE", *names)[0]["code"] == 2
    assert ask(client, "SUBSCRIBE", *names[:1024]) == [{"result": None, "id": 1}]


def test_venue_pings_every_20_s_and_waits_60_s_for_a_pong(client):
    client.wait(61)
    assert [isinstance(frame, Ping) for frame in client.got] == [True] * 3
    assert client.ended is None
    client.pongs = False
    client.wait(60)
    assert client.ended == Close(1008, "Pong timeout")


def test_connection_lives_24_hours(client):
    client.wait(24 * 3600 - 1)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1001, "")


# Streams


@pytest.mark.parametrize(
    ("name", "stream", "absent"),
    [
        ("ws_depth_update", "btcusdt@depth@100ms", []),
        ("ws_depth_update", "btcusdt@depth", []),
        ("ws_depth5", "btcusdt@depth5@100ms", []),
        ("ws_book_ticker", "btcusdt@bookTicker", []),
        ("ws_agg_trade", "btcusdt@aggTrade", []),
        ("ws_kline", "btcusdt@kline_1m", []),
        ("ws_ticker", "btcusdt@ticker", []),
        ("ws_trade", "btcusdt@trade", ["a", "b"]),  # the order ids are gone since 2023
    ],
)
def test_push_is_like_the_recorded_one(client, name, stream, absent):
    ask(client, "SUBSCRIBE", stream)
    client.wait(5)
    shown = pushes(client, stream)
    if "depth@" in stream:
        shown = [push for push in shown if push["data"]["b"] and push["data"]["a"]]
    assert shown
    assert differences(sample(name), shown[-1], absent=absent) == []


def test_numbers_have_eight_decimals(client):
    ask(client, "SUBSCRIBE", "btcusdt@depth@100ms", "btcusdt@trade")
    client.wait(3)
    for push in pushes(client, "btcusdt@depth@100ms"):
        for text in (text for side in "ab" for level in push["data"][side] for text in level):
            assert len(text.partition(".")[2]) == 8
    for push in pushes(client, "btcusdt@trade"):
        assert {len(push["data"][name].partition(".")[2]) for name in "pq"} == {8}


def test_candle_that_ended_is_final(client):
    ask(client, "SUBSCRIBE", "btcusdt@kline_1s")
    client.wait(6)
    candles = [push["data"]["k"] for push in pushes(client, "btcusdt@kline_1s")]
    final = {candle["t"]: candle for candle in candles if candle["x"]}
    assert len(final) >= 4
    rows = {row[0]: row for row in json.loads(client.get("/api/v3/klines", symbol=PAIR, interval="1s").body)}
    for start, candle in final.items():
        row = rows[start]
        assert [candle[name] for name in "ohlcv"] == row[1:6]
        assert (candle["T"], candle["q"], candle["n"], candle["V"], candle["Q"]) == tuple(row[6:11])


@pytest.mark.parametrize("stream", ["btcusdt@depth@100ms", "btcusdt@depth"])
def test_updates_lead_from_the_rest_book_through_the_venues_own(client, stream):
    market = client.venue.by_pair[PAIR]
    history = History(market.book)
    ask(client, "SUBSCRIBE", stream)
    client.wait(1.5)
    snapshot = json.loads(client.get("/api/v3/depth", symbol=PAIR, limit=5000).body)
    client.wait(20)
    updates = [push["data"] for push in pushes(client, stream)]
    assert all(after["U"] == before["u"] + 1 for before, after in pairwise(updates))
    version, compared = snapshot["lastUpdateId"], 0
    sides = [dict(map(tuple, snapshot[side])) for side in ("bids", "asks")]
    for update in updates:
        if update["u"] <= version:
            continue
        assert update["U"] <= version + 1
        for side, levels in zip(sides, (update["b"], update["a"]), strict=True):
            for price, size in levels:
                side.pop(price, None)
                if float(size):
                    side[price] = size
        version = update["u"]
        assert sides == [dict(market.spelling.levels(side.items())) for side in history.at(version)]
        compared += 1
    assert compared >= 19


def test_all_streams_name_one_counter(client):
    history = History(client.venue.by_pair[PAIR].book)
    ask(client, "SUBSCRIBE", "btcusdt@depth20@100ms", "btcusdt@bookTicker")
    client.wait(5)
    spell = client.venue.by_pair[PAIR].spelling.levels
    books = [push["data"] for push in pushes(client, "btcusdt@depth20@100ms")]
    for book in books:
        bids, asks = history.top(book["lastUpdateId"], 20)
        assert [list(map(tuple, book["bids"])), list(map(tuple, book["asks"]))] == [spell(bids), spell(asks)]
    tickers = [push["data"] for push in pushes(client, "btcusdt@bookTicker")]
    for ticker in tickers:
        bids, asks = history.top(ticker["u"], 1)
        assert [(ticker["b"], ticker["B"]), (ticker["a"], ticker["A"])] == spell(bids) + spell(asks)
    assert len(books) > 30
    assert len(tickers) > 30


def test_all_mini_tickers_come_in_one_array(client):
    ask(client, "SUBSCRIBE", "!miniTicker@arr")
    client.wait(3)
    (first, *_) = pushes(client, "!miniTicker@arr")
    assert {each["s"] for each in first["data"]} == {"BTCUSDT", "LINKUSDT"}
    assert {each["e"] for each in first["data"]} == {"24hrMiniTicker"}


def test_faults_speak_the_venues_words(client):
    faults = client.venue.faults
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert ask(client, "SUBSCRIBE", "btcusdt@depth")[0]["code"] == 2
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_IGNORED))
    assert ask(client, "SUBSCRIBE", "btcusdt@depth") == []
    faults.arm(Fault(kind=FaultKind.BANNED, retry_after_s=180))
    answer = client.get("/api/v3/ping")
    assert (answer.status, answer.headers["retry-after"], json.loads(answer.body)["code"]) == (418, "180", -1003)
    faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=1))
    assert json.loads(client.get("/api/v3/exchangeInfo", symbol=PAIR).body)["symbols"][0]["status"] == "BREAK"
    for kind in (FaultKind.BAD_CHECKSUM, FaultKind.TICKET_EXPIRED):
        with pytest.raises(Impossible):
            faults.arm(Fault(kind=kind))
