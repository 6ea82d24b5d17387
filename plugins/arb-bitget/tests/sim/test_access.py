"""The simulated Bitget knows who asks as the documented one does: keys, passphrases, signatures, times and budgets."""

import json
from importlib.resources import files

import pytest
from arb_bitget.sim import BitgetVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.access import Permission
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys
from arb_sim.world import World

VECTORS = json.loads((files("arb_bitget") / "samples" / "signatures.json").read_text("utf-8"))
MS = 1_000_000
ASSETS = ("GET", "/spot/account/assets")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_accepted(vector):
    world = World(seed=5, symbols=["BTC/USDT"], start_ns=int(vector["timestamp"]) * MS)
    venue = BitgetVenue(SimulationContext(world=world, faults=Faults()))
    venue.key_ring.issue(venue.account, Keys(vector["key"], vector["secret"], vector["passphrase"]))
    headers = {name.lower(): value for name, value in vector["expected"]["headers"].items()}
    body = (vector["body"] or "").encode()
    answer = DirectClient(venue).ask(vector["method"], vector["path"], vector["query"], headers=headers, body=body)
    # An order at such a price is refused for what it is, not for who sends it.
    assert json.loads(answer.body)["code"] in {"00000", "43008", "43009", "43012", "43028"}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"access_key": ""}, "40001"),
        ({"access_sign": ""}, "40002"),
        ({"access_timestamp": "", "access_sign": "x"}, "40003"),
        ({"access_timestamp": "now"}, "40005"),
        ({"access_timestamp": "1600000000000"}, "40008"),
        ({"access_timestamp": "1800000000000"}, "40008"),
        ({"access_sign": "AAAA"}, "40009"),
        ({"access_passphrase": ""}, "40011"),
        ({"access_passphrase": "another"}, "40012"),
        ({"access_key": "another"}, "40037"),
    ],
)
def test_each_part_of_the_proof_is_judged(trader, headers, code):
    assert trader.denied(*ASSETS, **headers) == (400, code)


def test_query_is_signed_as_it_reads(trader):
    trader.fetch("GET", "/spot/trade/orderInfo", {"clientOid": "a$b"})
    assert trader.fetch(*ASSETS, {"coin": "USDT"})[0]["coin"] == "USDT"


def test_permissions_and_addresses(trader):
    venue = trader.venue
    reader = Keys("reader", "secret", "pass")
    venue.key_ring.issue(venue.account, reader, permissions=frozenset({Permission.READ}))
    far = Keys("far", "secret", "pass")
    venue.key_ring.issue(venue.account, far, addresses=frozenset({"10.0.0.1"}))
    trader.key = reader
    trader.fetch(*ASSETS)
    assert trader.denied("POST", "/spot/trade/place-order", body=trader.order()) == (400, "40014")
    trader.key = far
    assert trader.denied(*ASSETS) == (400, "40018")


def test_budget_of_an_endpoint_is_an_accounts(trader):
    for _ in range(10):
        trader.fetch(*ASSETS)
    assert trader.denied(*ASSETS) == (429, "429")
    trader.fetch("GET", "/spot/trade/unfilled-orders")
    trader.wait(1)
    trader.fetch(*ASSETS)


def test_unheard_of_path(trader):
    answer = trader.get("/api/v2/nothing")
    assert (answer.status, json.loads(answer.body)["code"]) == (404, "40404")


@pytest.mark.parametrize("unit", [10**9, 10**6])
def test_login_takes_seconds_and_milliseconds(trader, unit):
    now = str(trader.venue.now_ns // unit)
    assert trader.login(timestamp=now) == [{"event": "login", "code": "0", "msg": ""}]
    assert trader.ended is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"apiKey": "another"}, "30011"),
        ({"passphrase": "another"}, "30012"),
        ({"timestamp": "now"}, "30013"),
        ({"timestamp": "1600000000"}, "30014"),
        ({"sign": "AAAA"}, "30015"),
    ],
)
def test_login_that_proves_nothing_ends_the_connection(trader, changed, code):
    (told,) = trader.login(**changed)
    assert (told["event"], told["code"]) == ("error", code)
    assert trader.ended is not None


def test_account_is_not_told_before_a_login(trader):
    (told,) = trader.hear("subscribe", {"instType": "SPOT", "channel": "orders", "instId": "default"})
    assert (told["event"], told["code"], told["arg"]["channel"]) == ("error", 30004, "orders")
