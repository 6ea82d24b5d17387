"""The simulated Kraken speaks as the documented one does. Nothing of our client takes part here."""

import json
from importlib.resources import files
from zlib import crc32

import pytest
from arb_core.structs.market import Symbol
from arb_kraken.sim import KrakenVenue
from arb_kraken.sim.spelling import names, txid
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.world import Pace, World

SAMPLES = files("arb_kraken") / "samples"
PAIR = "BTC/USDT"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def client():
    """Before a venue with a lively market."""
    world = World(seed=5, symbols=["BTC/USDT", "ETH/BTC", "PEPE/USDT"], pace=Pace(steps_per_s=50, volatility=5e-4))
    client = DirectClient(KrakenVenue(SimulationContext(world=world, faults=Faults())), "/v2")
    assert client.refused is None
    client.wait(0)
    return client


def fetch(client, name, query=""):
    told = json.loads(client.ask("GET", f"/0/public/{name}", query).body)
    assert told["error"] == []
    return told["result"]


def subscribe(client, channel, *symbols, **more):
    frame = {"method": "subscribe", "params": {"channel": channel, "symbol": list(symbols), **more}, "req_id": 7}
    return [json.loads(text) for text in client.say(json.dumps(frame))]


def pushes(client, channel):
    told = [json.loads(text) for text in client.texts]
    return [each for each in told if each.get("channel") == channel]


def summed(side, decimals):
    """Sum up one side as the documentation says, from the texts of numbers."""
    return "".join(
        f"{round(level['price'] * 10 ** decimals[0])}{round(level['qty'] * 10 ** decimals[1])}" for level in side
    )


# REST


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("rest_time", "Time", ""),
        ("rest_system_status", "SystemStatus", ""),
        ("rest_asset_pairs", "AssetPairs", ""),
        ("rest_depth", "Depth", "pair=XBTUSDT&count=3"),
        ("rest_trades", "Trades", "pair=XBTUSDT"),
        ("rest_ohlc", "OHLC", "pair=XBTUSDT"),
        ("rest_ticker", "Ticker", "pair=XBTUSDT"),
    ],
)
def test_answers_look_like_the_documented_ones(client, name, path, query):
    theirs, ours = sample(name)["result"], fetch(client, path, query)
    if name not in {"rest_time", "rest_system_status"}:  # by the names of pairs, which are others
        theirs, ours = (next(iter(result.values())) for result in (theirs, ours))
    assert differences(theirs, ours, absent=["long_position_limit", "short_position_limit"]) == []


@pytest.mark.parametrize(
    ("symbol", "key", "altname", "wsname"),
    [
        ("BTC/USD", "XXBTZUSD", "XBTUSD", "XBT/USD"),
        ("ETH/BTC", "XETHXXBT", "ETHXBT", "ETH/XBT"),
        ("BTC/USDT", "XBTUSDT", "XBTUSDT", "XBT/USDT"),
        ("ADA/USD", "ADAUSD", "ADAUSD", "ADA/USD"),
        ("DOGE/EUR", "XXDGZEUR", "XDGEUR", "XDG/EUR"),
    ],
)
def test_a_pair_has_three_names(symbol, key, altname, wsname):
    assert names(Symbol.parse(symbol))[:3] == (key, altname, wsname)


def test_every_name_of_a_pair_is_understood_and_answers_bear_the_key(client):
    assert set(fetch(client, "Depth", "pair=ETHXBT")) == set(fetch(client, "Depth", "pair=XETHXXBT")) == {"XETHXXBT"}


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("Depth", "pair=NOPE", "EQuery:Unknown asset pair"),
        ("Depth", "", "EGeneral:Invalid arguments:pair"),
        ("Depth", "pair=XBTUSDT&count=x", "EGeneral:Invalid arguments:count"),
        ("OHLC", "pair=XBTUSDT&interval=2", "EGeneral:Invalid arguments:interval"),
        ("Nothing", "", "EGeneral:Unknown method"),
    ],
)
def test_refusals(client, path, query, error):
    answer = client.ask("GET", f"/0/public/{path}", query)
    assert (answer.status, json.loads(answer.body)) == (200, {"error": [error]})


def test_ids_are_of_the_documented_form_and_differ():
    made = {txid("O", number) for number in range(2000)}
    assert len(made) == 2000
    assert all(len(one) == 19 and one[0] == "O" and [len(part) for part in one.split("-")] == [6, 5, 6] for one in made)


# The socket


def test_a_connection_is_greeted(client):
    (status,) = pushes(client, "status")
    assert differences(sample("ws_status"), status) == []


@pytest.mark.parametrize("channel", ["book", "ticker", "trade", "ohlc"])
def test_subscriptions_are_answered_symbol_by_symbol(client, channel):
    told = subscribe(client, channel, PAIR, "XBT/USDT", "ETH/BTC", snapshot=False)
    answers = [
        (each["success"], each.get("result", each).get("symbol"), each["req_id"]) for each in told if "method" in each
    ]
    assert answers == [(True, PAIR, 7), (False, "XBT/USDT", 7), (True, "ETH/BTC", 7)]
    (refusal,) = [each for each in told if each.get("success") is False]
    assert differences(sample("ws_subscribe_error"), refusal) == []


@pytest.mark.parametrize(
    ("channel", "name", "more"),
    [
        ("book", "ws_book_snapshot", {"added": ["timestamp"]}),
        ("ticker", "ws_ticker", {"added": ["timestamp", "trades"]}),
        ("trade", "ws_trade", {}),
        ("ohlc", "ws_ohlc", {"absent": ["timestamp"], "added": ["timestamp"]}),
    ],
)
def test_snapshots_look_like_the_documented_ones(client, channel, name, more):
    subscribe(client, channel, PAIR, snapshot=True)
    snapshot = pushes(client, channel)[0]
    assert snapshot["type"] == "snapshot"
    assert differences(sample(name), snapshot, **more) == []


@pytest.mark.parametrize(("symbol", "depth"), [(PAIR, 10), (PAIR, 25), ("ETH/BTC", 10), ("PEPE/USDT", 100)])
def test_who_cuts_to_the_depth_meets_every_checksum(client, symbol, depth):
    pair = next(row for row in fetch(client, "AssetPairs").values() if row["wsname"].replace("XBT", "BTC") == symbol)
    decimals = pair["pair_decimals"], pair["lot_decimals"]
    subscribe(client, "book", symbol, depth=depth)
    client.wait(20)
    bids, asks, met, lost = {}, {}, 0, 0
    for message in pushes(client, "book"):
        (told,) = message["data"]
        if message["type"] == "snapshot":
            bids, asks = {}, {}
        for side, levels, best_first in ((bids, told["bids"], -1), (asks, told["asks"], 1)):
            for level in levels:
                side[level["price"]] = level["qty"]
                if not level["qty"]:
                    del side[level["price"]]
            for price in sorted(side, key=lambda price: price * best_first)[depth:]:
                del side[price]
                lost += 1
        sides = [
            [{"price": price, "qty": side[price]} for price in sorted(side, key=lambda price: price * best_first)[:10]]
            for side, best_first in ((asks, 1), (bids, -1))
        ]
        assert crc32("".join(summed(side, decimals) for side in sides).encode()) == told["checksum"]
        met += 1
    assert met > 20
    assert lost > 0 or depth == 100


def test_pairs_priced_in_btc_are_printed_finer_than_their_tick(client):
    pair = fetch(client, "AssetPairs", "pair=ETHXBT")["XETHXXBT"]
    assert len(pair["tick_size"].partition(".")[2]) == pair["pair_decimals"] - 1


def test_the_end_of_a_book_has_to_name_its_depth(client):
    subscribe(client, "book", PAIR, depth=25)
    wrong, right = (
        json.loads(
            client.say(json.dumps({"method": "unsubscribe", "params": {"channel": "book", "symbol": [PAIR], **depth}}))[
                0
            ]
        )
        for depth in ({}, {"depth": 25})
    )
    assert (wrong["success"], right["success"]) == (False, True)


def test_heartbeats_come_while_nothing_else_does(client):
    assert pushes(client, "heartbeat") == []
    subscribe(client, "ohlc", PAIR, interval=1440, snapshot=False)
    world_rests = client.venue.by_pair[PAIR]
    world_rests.trade_watchers.clear()
    client.wait(5)
    assert 3 <= len(pushes(client, "heartbeat")) <= 5


def test_a_checksum_can_be_spoilt(client):
    client.venue.faults.arm(Fault(kind=FaultKind.BAD_CHECKSUM))
    subscribe(client, "book", PAIR)
    client.wait(1)
    assert client.venue.faults.counts[FaultKind.BAD_CHECKSUM] == 1


def test_ping_is_answered_with_its_number(client):
    (pong,) = [json.loads(text) for text in client.say('{"method":"ping","req_id":101}')]
    assert differences(sample("ws_pong"), pong) == []
    assert pong["req_id"] == 101


def test_instruments_tell_the_decimals_of_checksums(client):
    subscribe(client, "instrument")
    (message,) = pushes(client, "instrument")
    pairs = {row["symbol"]: row for row in message["data"]["pairs"]}
    listed = fetch(client, "AssetPairs", "pair=ETHXBT")["XETHXXBT"]
    assert pairs["ETH/BTC"]["price_precision"] == listed["pair_decimals"]
    assert pairs["ETH/BTC"]["qty_precision"] == listed["lot_decimals"]
