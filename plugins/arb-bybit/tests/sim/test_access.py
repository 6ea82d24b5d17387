"""The simulated Bybit knows who asks as the documented one does: keys, signatures, times and budgets."""

import json
from importlib.resources import files

import pytest
from arb_bybit.sim import BybitVenue
from arb_bybit.sim.spelling import Declined
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.access import Permission
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.venue import Close, Keys, Request
from arb_sim.world import World

SAMPLES = files("arb_bybit") / "samples"
VECTORS = json.loads((SAMPLES / "signatures.json").read_text("utf-8"))
MS = 1_000_000
SIGNED_AT_MS = 1_700_000_000_000
KEY = Keys("test_api_key", "test_secret", None)
WORKED = [
    (
        "GET",
        "/v5/order/realtime",
        "category=linear&symbol=BTCUSDT",
        "",
        "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7",
    ),
    (
        "POST",
        "/v5/order/cancel",
        "",
        '{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "test-order-1"}',
        "2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d69700cb2a1",
    ),
]
"""Requests of key `test_api_key` and secret `test_secret`, recomputed from the documentation's rule."""

LOGIN = "bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925"
"""The same for the login of a socket, good until then."""

BALANCE = "/account/wallet-balance"
UNIFIED = {"accountType": "UNIFIED"}


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def venue_at(at_ms, key=KEY):
    """A venue at a moment, to whose account that key belongs."""
    world = World(seed=5, symbols=["BTC/USDT", "ETH/USDT"], start_ns=at_ms * MS)
    venue = BybitVenue(SimulationContext(world=world, faults=Faults()))
    venue.key_ring.issue(venue.account, key)
    return venue


def signed(method, path, query, body, signature, *, key="test_api_key", at=str(SIGNED_AT_MS), window="5000"):
    headers = {"api-key": key, "timestamp": at, "recv-window": window, "sign": signature}
    worn = {f"x-bapi-{name}": value for name, value in headers.items() if value}
    return Request(method=method, path=path, query=query, headers=worn, body=body.encode())


def refusal(venue, request):
    """The code with which a request is refused, None = it is not."""
    try:
        venue.access.request(request, Permission.READ)
    except Declined as refused:
        return refused.code
    return None


def changed(text):
    """The text with each of its characters replaced by another of its kind, one at a time."""
    for place, was in enumerate(text):
        yield text[:place] + chr(ord(was) ^ 1) + text[place + 1 :]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_accepted(vector):
    headers = {name.lower(): value for name, value in vector["expected"]["headers"].items()}
    venue = venue_at(int(vector["timestamp"]), Keys(vector["key"], vector["secret"], None))
    request = Request(
        method=vector["method"],
        path=vector["path"],
        query=vector["query"] or "",
        headers=headers,
        body=(vector["body"] or "").encode(),
    )
    assert refusal(venue, request) is None


@pytest.mark.parametrize("example", WORKED, ids=lambda example: example[0])
def test_worked_example_is_accepted_and_any_other_byte_refused(example):
    method, path, query, body, signature = example
    venue = venue_at(SIGNED_AT_MS)
    assert refusal(venue, signed(*example)) is None
    assert refusal(venue, signed(method, path, query, body, signature.upper())) is None
    spoilt = [
        *(signed(method, path, other, body, signature) for other in changed(query)),
        *(signed(method, path, query, other, signature) for other in changed(body)),
        *(signed(method, path, query, body, other) for other in changed(signature)),
        signed(method, path, query, body, signature[:-1]),
        signed(*example, window="5001"),
        signed(*example, at=str(SIGNED_AT_MS - 1)),
    ]
    assert {refusal(venue, request) for request in spoilt} == {10004}
    assert {refusal(venue, signed(*example, key=other)) for other in changed("test_api_key")} == {10003}


def test_path_is_not_signed(trader):
    for path in (BALANCE, "/account/info"):
        assert trader.call("GET", path, UNIFIED).status == 200


def test_query_is_signed_as_it_is_sent(trader):
    params = {"category": "spot", "orderLinkId": "a%20b"}
    assert trader.fetch("GET", "/order/realtime", params)["list"] == []
    assert trader.denied("GET", "/order/realtime", params, sent="category=spot&orderLinkId=a+b") == 10004


@pytest.mark.parametrize(
    "headers", [{"api_key": ""}, {"timestamp": ""}, {"sign": ""}, {"timestamp": "now"}, {"recv_window": "long"}]
)
def test_request_that_proves_nothing_is_a_401(trader, headers):
    answer = trader.call("GET", BALANCE, UNIFIED, **headers)
    assert (answer.status, json.loads(answer.body)["retCode"]) == (401, 10003)


@pytest.mark.parametrize(
    ("headers", "code"), [({"api_key": "somebody"}, 10003), ({"sign": "0" * 64}, 10004), ({"timestamp": "1"}, 10002)]
)
def test_wrong_proof_is_refused_within_a_200(trader, headers, code):
    assert trader.denied("GET", BALANCE, UNIFIED, **headers) == code


@pytest.mark.parametrize(
    ("off_ms", "window", "fits"),
    [
        (-5000, "", True),
        (-5001, "", False),
        (-8000, "8000", True),
        (-101, "100", False),
        (999, "", True),
        (1000, "", False),
    ],
)
def test_request_may_be_as_old_as_its_window_and_a_second_early(trader, off_ms, window, fits):
    trader.wait(0.0004)  # within a millisecond
    named = {"recv_window": window} if window else {}
    told = trader.told("GET", BALANCE, UNIFIED, timestamp=str(trader.venue.now_ms + off_ms), **named)
    assert told["retCode"] == (0 if fits else 10002)
    assert fits or "recv_window" in told["retMsg"]


def test_key_does_only_what_it_permits(trader):
    venue = trader.venue
    reads = frozenset({Permission.READ})
    venue.key_ring.issue(venue.account, Keys("reader", "secret", None), permissions=reads)
    venue.key_ring.issue(venue.account, Keys("nobody", "secret", None), permissions=frozenset())
    venue.key_ring.issue(venue.account, Keys("bound", "secret", None), addresses=frozenset({"192.0.2.1"}))
    venue.key_ring.issue(venue.account, Keys("past", "secret", None), expires_ns=venue.timeline.now_ns)
    trader.key = Keys("reader", "secret", None)
    assert trader.fetch("GET", "/user/query-api")["readOnly"] == 1
    assert trader.denied("POST", "/order/create", body=trader.wanted()) == 10005
    for name, code in (("nobody", 10005), ("bound", 10010), ("past", 33004)):
        trader.key = Keys(name, "secret", None)
        assert trader.denied("GET", BALANCE, UNIFIED) == code
    assert venue.inspection.orders() == []


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/order/create", 20),
        ("POST", "/order/amend", 10),
        ("POST", "/order/cancel", 20),
        ("POST", "/order/cancel-all", 20),
        ("GET", "/order/realtime", 50),
        ("GET", "/order/history", 50),
        ("GET", "/execution/list", 50),
    ],
)
def test_each_endpoint_has_a_budget_of_its_own_that_rolls(trader, method, path, limit):
    def ask():
        asked = {"category": "spot"}
        return trader.call(
            method, path, *((asked,) if method == "GET" else ()), body=asked if method == "POST" else None
        )

    left = []
    for number in range(limit):
        if number == limit - 1:
            trader.wait(0.5)
        answer = ask()
        assert json.loads(answer.body)["retCode"] != 10006
        assert answer.headers["x-bapi-limit-reset-timestamp"] == str(trader.venue.now_ms)
        left.append((answer.headers["x-bapi-limit"], answer.headers["x-bapi-limit-status"]))
    assert left == [(str(limit), str(n)) for n in range(limit - 1, -1, -1)]
    refused = ask()
    told = json.loads(refused.body)
    assert (refused.status, told["retCode"]) == (200, 10006)
    assert told["retMsg"].startswith("Too many visits!")
    assert "retry-after" not in refused.headers
    assert int(refused.headers["x-bapi-limit-reset-timestamp"]) == trader.venue.now_ms + 500
    assert trader.call("GET", BALANCE, UNIFIED).headers["x-bapi-limit-status"] == "49"
    trader.wait(0.5)  # the last of them still counts
    assert [json.loads(ask().body)["retCode"] == 10006 for _ in range(limit)] == [False] * (limit - 1) + [True]


def test_budgets_of_accounts_are_their_own(trader):
    other = trader.venue.trading.accounts.open("77")
    key = Keys("other", "secret", None)
    trader.venue.key_ring.issue(other, key)
    mine = trader.key
    for _ in range(20):
        trader.call("POST", "/order/create", body={})
    assert trader.denied("POST", "/order/create", body={}) == 10006
    trader.key = key
    assert trader.denied("POST", "/order/create", body={}) == 10001
    trader.key = mine
    assert trader.denied("POST", "/order/create", body={}) == 10006


# The private socket


def test_worked_login_is_accepted_and_any_other_byte_refused():
    venue = venue_at(SIGNED_AT_MS - 1)

    def login(conn, key="test_api_key", expires=SIGNED_AT_MS, sign=LOGIN):
        client = DirectClient(venue, "/v5/private", conn=conn)
        answer = json.loads(str(client.say(json.dumps({"op": "auth", "args": [key, expires, sign]}))[0]))
        return answer["success"], client.ended

    assert login(1) == (True, None)
    assert login(2, expires=str(SIGNED_AT_MS)) == (True, None)
    gone = Close(1000, "")
    for conn, other in enumerate(changed(LOGIN), 10):
        assert login(conn, sign=other) == (False, gone)
    assert login(100, key="nobody") == (False, gone)
    assert login(101, expires=SIGNED_AT_MS + 1) == (False, gone)
    assert login(102, expires="soon") == (False, gone)


def test_login_is_answered_like_the_documented_one(trader):
    answer = trader.login()
    assert differences(sample("ws_auth_ack"), answer) == []
    other = type(trader)(trader.venue, conn=2)
    refused = other.login(sign="0" * 64)
    assert differences(sample("ws_auth_refused"), refused) == []


def test_login_that_is_no_longer_good_is_refused(trader):
    assert trader.login(ahead_ms=0)["success"] is False
    assert trader.ended == Close(1000, "")


def test_login_needs_a_key_that_may_read(trader):
    trader.key = Keys("nobody", "secret", None)
    trader.venue.key_ring.issue(trader.venue.account, trader.key, permissions=frozenset())
    assert trader.login()["success"] is False


def test_nothing_is_told_without_a_login(trader):
    refused = trader.tell("subscribe", "order.spot")
    assert (refused["success"], refused["ret_msg"]) == (False, "Request not authorized")
    trader.place()
    assert trader.pushed("order.spot") == []
    assert DirectClient(trader.venue, "/v5/public/spot", conn=2).say('{"op":"auth","args":[]}') != []
