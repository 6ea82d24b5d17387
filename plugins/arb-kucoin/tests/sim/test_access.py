"""The simulated KuCoin knows who asks as the documented one does: keys, signatures, passphrases, times and pools."""

import json

import pytest
from arb_kucoin.sim import KucoinVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults
from arb_sim.kernel.access import Permission
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Request
from arb_sim.world import World

MS = 1_000_000
SIGNED_AT_MS = 1_700_000_000_000
KEY = Keys("test_api_key", "test_secret", "test_passphrase")
PASSPHRASE = "NflEcbioji3+mKmkkA9aVOD/+/hBtQO6xdOtJaq5NX4="
ACCOUNTS = "/api/v1/accounts"
ORDERS = "/api/v1/hf/orders"

LONG_ORDER = (
    '{"clientOid":"5c52e11203aa677f33e493fb","side":"buy","symbol":"BTC-USDT","type":"limit","price":"50000",'
    '"size":"0.00001"}'
)
SHORT_ORDER = '{"clientOid":"abc-1","side":"buy","symbol":"BTC-USDT","type":"limit","price":"50000","size":"0.001"}'
WORKED = [
    ("GET", ACCOUNTS, "currency=USDT&type=trade", "", "OoA9MVn06f3EjDYXMAwJi22Nij2GRXS2pD4yH35cgpI="),
    ("GET", ACCOUNTS, "type=trade", "", "5feDs54IEcdxoM9jhCv4ZaqNwGzyAy/teOLpj4Kj8Qc="),
    ("POST", ORDERS, "", LONG_ORDER, "fBU5oGbvx5fuN3cOJlS8rQnFGyDGrZSY6n9MRNJ4ihs="),
    ("POST", ORDERS, "", SHORT_ORDER, "WCNgZSxpjkCDcEHbrgnuYB+8cJ07DtBmGLIBxuFrM8s="),
]
"""Requests of one key at one moment, made by a client that is not ours and recomputed from the rule."""


@pytest.fixture
def client():
    """Before a venue at the moment of the worked examples, to whose account their key belongs."""
    world = World(seed=5, symbols=["BTC/USDT"], start_ns=SIGNED_AT_MS * MS)
    venue = KucoinVenue(SimulationContext(world=world, faults=Faults()))
    venue.key_ring.issue(venue.account, KEY)
    return DirectClient(venue)


def ask(client, request, **changed):
    """Send a request (method, path, query, body, signature); a header given here replaces the right one."""
    method, path, query, body, sign = request
    headers = {
        "kc-api-key": KEY.api_key,
        "kc-api-sign": sign,
        "kc-api-timestamp": str(SIGNED_AT_MS),
        "kc-api-passphrase": PASSPHRASE,
        "kc-api-key-version": "2",
        "content-type": "application/json",
    }
    worn = {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return client.ask(method, path, query, headers=worn, body=body.encode())


def code_of(answer):
    return json.loads(answer.body)["code"]


# Signatures


@pytest.mark.parametrize("request_of_others", WORKED)
@pytest.mark.parametrize("version", ["2", "3"])
def test_requests_that_others_signed_are_accepted(client, request_of_others, version):
    answer = ask(client, request_of_others, kc_api_key_version=version)
    assert answer.status == 200
    assert code_of(answer) in {"200000", "400100"}  # some of them ask for less than the least


@pytest.mark.parametrize("request_of_others", WORKED)
def test_every_byte_is_signed(client, request_of_others):
    method, path, query, body, sign = request_of_others
    wrong = [(query, body, sign[:-2] + ("A=" if sign[-2] != "A" else "B="))]
    wrong += [(query[:n] + "~" + query[n + 1 :], body, sign) for n in range(len(query))]
    wrong += [(query, body[:n] + "~" + body[n + 1 :], sign) for n in range(len(body))]
    for changed in wrong:
        answer = ask(client, (method, path, *changed))
        assert (answer.status, code_of(answer)) == (401, "400005")


def test_query_is_signed_without_its_escapes(trader):
    signed = {"symbols": "BTC-USDT,LINK-USDT"}
    rows = trader.fetch("GET", "/api/v1/trade-fees", signed, sent="symbols=BTC-USDT%2CLINK-USDT")
    assert [row["symbol"] for row in rows] == ["BTC-USDT", "LINK-USDT"]
    assert rows == trader.fetch("GET", "/api/v1/trade-fees", signed)
    answer = trader.call("GET", "/api/v1/trade-fees", {"symbols": "BTC-USDT%2CLINK-USDT"})
    assert (answer.status, code_of(answer)) == (401, "400005")


# Keys


@pytest.mark.parametrize("name", ["kc_api_key", "kc_api_sign", "kc_api_timestamp", "kc_api_passphrase"])
def test_missing_header_is_named(trader, name):
    answer = trader.call("GET", ACCOUNTS, **{name: ""})
    assert (answer.status, code_of(answer)) == (400, "400001")


def test_strange_key_wrong_passphrase_and_wrong_secret_are_told_apart(trader):
    for header, code in (("kc_api_key", "400003"), ("kc_api_passphrase", "400004"), ("kc_api_sign", "400005")):
        answer = trader.call("GET", ACCOUNTS, **{header: "nonsense"})
        assert (answer.status, code_of(answer)) == (401, code)


def test_passphrase_of_an_old_key_is_plain(trader):
    plain = {"kc_api_key_version": "1", "kc_api_passphrase": trader.key.passphrase}
    assert trader.call("GET", ACCOUNTS, **plain).status == 200
    assert trader.call("GET", ACCOUNTS, **{**plain, "kc_api_key_version": ""}).status == 200
    assert code_of(trader.call("GET", ACCOUNTS, kc_api_passphrase=trader.key.passphrase)) == "400004"
    assert code_of(trader.call("GET", ACCOUNTS, **{**plain, "kc_api_key_version": "4"})) == "400004"


@pytest.mark.parametrize(("off_ms", "code"), [(0, "200000"), (-5000, "200000"), (-5001, "400002"), (5000, "400002")])
def test_five_seconds_of_difference_are_borne(trader, off_ms, code):
    assert code_of(trader.call("GET", ACCOUNTS, kc_api_timestamp=str(trader.venue.now_ms + off_ms))) == code


def test_time_that_is_no_number_is_refused(trader):
    answer = trader.call("GET", ACCOUNTS, kc_api_timestamp="now")
    assert (answer.status, code_of(answer)) == (400, "400002")


def test_wrong_clock_of_the_venue_is_the_measure(trader):
    right = str(trader.venue.now_ms)
    trader.venue.faults.arm(Fault(kind=FaultKind.CLOCK_SKEW, skew_s=60, hold_s=60))
    assert trader.look("/api/v1/timestamp") == int(right) + 60_000
    assert code_of(trader.call("GET", ACCOUNTS, kc_api_timestamp=right)) == "400002"
    assert trader.call("GET", ACCOUNTS).status == 200


def issue(trader, **more):
    key = Keys("another", "secret", "phrase")
    trader.venue.key_ring.issue(trader.venue.account, key, **more)
    trader.key = key
    return trader


def test_key_that_may_only_read_cannot_trade(trader):
    reader = issue(trader, permissions=frozenset({Permission.READ}))
    assert reader.call("GET", ACCOUNTS).status == 200
    answer = reader.call("DELETE", ORDERS, {"symbol": "BTC-USDT"})
    assert (answer.status, code_of(answer)) == (403, "400007")


def test_key_of_another_address_is_refused(trader):
    answer = issue(trader, addresses=frozenset({"10.0.0.1"})).call("GET", ACCOUNTS)
    assert (answer.status, code_of(answer)) == (403, "400006")


def test_key_that_has_expired_is_not_known(trader):
    assert code_of(issue(trader, expires_ns=trader.venue.now_ns).call("GET", ACCOUNTS)) == "400003"


def test_body_must_say_that_it_is_json(trader):
    answer = trader.call("POST", ORDERS, body={}, content_type="text/plain")
    assert (answer.status, code_of(answer)) == (415, "415000")
    answer = trader.call("POST", ORDERS, body=b"nonsense")
    assert (answer.status, code_of(answer)) == (400, "400000")


def test_path_that_wants_another_method_says_so(trader):
    answer = trader.call("PUT", "/api/v1/hf/orders/abc")
    assert (answer.status, code_of(answer)) == (405, "405000")


# Pools


def budget(answer):
    names = ("limit", "remaining", "reset")
    return tuple(int(answer.headers[f"gw-ratelimit-{name}"]) for name in names)


def test_answers_tell_what_is_left_and_when_it_refills(trader):
    assert budget(trader.get("/api/v1/timestamp")) == (2000, 1997, 30_000)
    trader.wait(10)
    assert budget(trader.get("/api/v1/market/allTickers")) == (2000, 1982, 20_000)
    trader.wait(20)
    assert budget(trader.get("/api/v1/timestamp")) == (2000, 1997, 30_000)


def test_pools_are_counted_by_themselves(trader):
    assert budget(trader.call("GET", ACCOUNTS)) == (2000, 1995, 30_000)
    assert budget(trader.call("GET", f"{ORDERS}/active", {"symbol": "BTC-USDT"})) == (4000, 3998, 30_000)
    assert budget(trader.call("POST", "/api/v1/bullet-private")) == (4000, 3988, 30_000)
    assert budget(trader.ask("POST", "/api/v1/bullet-public")) == (2000, 1990, 30_000)
    assert budget(trader.call("GET", ACCOUNTS)) == (2000, 1990, 30_000)


@pytest.mark.parametrize(
    ("method", "path", "weight"),
    [
        ("GET", "/api/v2/symbols", 4),
        ("GET", "/api/v1/market/orderbook/level1", 2),
        ("GET", "/api/v1/market/allTickers", 15),
        ("GET", "/api/v1/market/orderbook/level2_20", 2),
        ("GET", "/api/v1/market/histories", 3),
        ("GET", "/api/v1/market/candles", 3),
        ("GET", "/api/v1/market/stats", 15),
        ("GET", "/api/v1/status", 3),
        ("GET", "/api/v3/market/orderbook/level2", 3),
        ("POST", ORDERS, 1),
        ("POST", f"{ORDERS}/sync", 1),
        ("DELETE", f"{ORDERS}/abc", 1),
        ("DELETE", ORDERS, 2),
        ("DELETE", f"{ORDERS}/cancelAll", 30),
        ("GET", f"{ORDERS}/abc", 2),
        ("GET", f"{ORDERS}/active", 2),
        ("GET", f"{ORDERS}/done", 2),
        ("GET", "/api/v1/hf/fills", 2),
        ("GET", "/api/v1/trade-fees", 3),
        ("GET", "/api/v1/base-fee", 3),
    ],
)
def test_requests_cost_their_weight_even_when_refused(trader, method, path, weight):
    limit, left, _ = budget(trader.call(method, path))
    assert limit - left == weight


def test_who_asks_too_much_is_refused_until_the_pool_refills(trader):
    for _ in range(666):
        assert trader.get("/api/v1/timestamp").status == 200
    answer = trader.get("/api/v1/timestamp")
    assert (answer.status, code_of(answer)) == (429, "429000")
    assert budget(answer) == (2000, 0, 30_000)
    assert trader.call("GET", ACCOUNTS).status == 200  # a pool of its own
    other = Request(method="GET", path="/api/v1/timestamp", client="10.0.0.1")
    assert trader.venue.http(other, trader.venue.timeline.now_ns).status == 200
    trader.wait(30)
    assert trader.get("/api/v1/timestamp").status == 200


def test_who_cannot_say_who_he_is_spends_what_the_address_has(trader):
    assert budget(trader.call("GET", ACCOUNTS, kc_api_sign="nonsense")) == (2000, 1999, 30_000)


def test_refusal_by_a_fault_names_its_time_or_none(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=7))
    assert budget(trader.get("/api/v1/timestamp")) == (2000, 0, 7_000)
    trader.venue.faults.arm(Fault(kind=FaultKind.RATE_LIMITED))
    answer = trader.get("/api/v1/timestamp")
    assert (answer.status, code_of(answer)) == (429, "429000")
    assert not [name for name in answer.headers if name.startswith("gw-")]
    trader.venue.faults.arm(Fault(kind=FaultKind.BANNED, retry_after_s=7))
    assert trader.get("/api/v1/timestamp").status == 418
