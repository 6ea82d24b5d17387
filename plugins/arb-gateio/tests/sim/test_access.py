"""The simulated Gate.io knows who asks as the documented one does: keys, signatures, times and budgets."""

import json
from importlib.resources import files

import pytest
from arb_gateio.sim import GateioVenue
from arb_gateio.sim.spelling import Declined
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.access import Permission
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Request
from arb_sim.world import World

VECTORS = json.loads((files("arb_gateio") / "samples" / "signatures.json").read_text("utf-8"))
SECOND = 1_000_000_000
SIGNED_AT_S = 1_541_993_715
KEY = Keys("key", "secret", None)
ORDER = (
    '{"text":"t-abc123","currency_pair":"BTC_USDT","type":"limit","account":"spot","side":"buy","amount":"0.001",'
    '"price":"65000","time_in_force":"gtc"}'
)
WORKED = [
    (
        "GET",
        "/api/v4/futures/orders",
        "contract=BTC_USD&status=finished&limit=50",
        "",
        "55f84ea195d6fe57ce62464daaa7c3c02fa9d1dde954e4c898289c9a2407a3d6fb3faf24deff16790d726b66ac9f74526668b13bd01029199cc4fcc522418b8a",
    ),
    (
        "POST",
        "/api/v4/futures/orders",
        "",
        '{"contract":"BTC_USD","type":"limit","size":100,"price":6800,"time_in_force":"gtc"}',
        "eae42da914a590ddf727473aff25fc87d50b64783941061f47a3fdb92742541fc4c2c14017581b4199a1418d54471c269c03a38d788d802e2c306c37636389f0",
    ),
    (
        "GET",
        "/api/v4/spot/accounts",
        "",
        "",
        "80c55d80cefb6bb2aa6de5fabc92732fcedd954b8bd8cf04243e90c03e1babb9ebc501ade886ab5962ea7b008243f0e7797954678a29bbaecea919b96a89b08a",
    ),
    (
        "GET",
        "/api/v4/spot/orders",
        "currency_pair=BTC_USDT&status=open",
        "",
        "93fd0852e183795350a1b58b5866854c2d30b0ffbad41303eff94206844cb4abadd3a24988d478388f37f70710a633e793e4c78607441cac1bedb60d945c2300",
    ),
    (
        "POST",
        "/api/v4/spot/orders",
        "",
        ORDER,
        "f0bd73f90d362b7ee5b002b616a204b4cbfee7d60e23837d49d24f547f31104e65cd7fde82ea95a5cd71cbf0430e7ab2c32406785c9c17741c796cb83d34b27c",
    ),
    (
        "DELETE",
        "/api/v4/spot/orders/12332324",
        "currency_pair=BTC_USDT",
        "",
        "7c93abcba47caab3c568120c27a94ecc8b4889b05f99967c30da32ed3b05b4165ba487fbe61f79ded47b2d5885db4f2c3a46e6cdd75a063a8d6f5f81fb787f00",
    ),
    (
        "GET",
        "/api/v4/spot/batch_fee",
        "currency_pairs=BTC_USDT,ETH_USDT",
        "",
        "75af004f8bd7da25350c6708f854a33133fc52f681a50d5c3cfbf293fb7313a0ee103a048705a188c25e47d0457a35da182f298209c53e3a489a35947bd5a4c7",
    ),
]
"""Requests of key `key` and secret `secret`, the first two of the documentation, the others recomputed from its rule."""


def venue_at(seconds, key=KEY):
    """A venue at a moment, to whose account that key belongs."""
    world = World(seed=5, symbols=["BTC/USDT", "ETH/USDT"], start_ns=seconds * SECOND)
    venue = GateioVenue(SimulationContext(world=world, faults=Faults()))
    venue.key_ring.issue(venue.account, key)
    return venue


def signed(method, path, query, body, signature, *, key="key", at=str(SIGNED_AT_S)):
    headers = {"key": key, "timestamp": at, "sign": signature, "content-type": "application/json"}
    return Request(method=method, path=path, query=query, headers=headers, body=body.encode())


def label(venue, request):
    """How a request is refused, None = it is not."""
    try:
        venue.access.request(request, Permission.READ)
    except Declined as refused:
        return refused.label
    return None


def changed(text):
    """The text with each of its characters replaced by another of its kind, one at a time."""
    for place, was in enumerate(text):
        other = chr(ord(was) ^ 1)
        yield text[:place] + other + text[place + 1 :]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_accepted(vector):
    headers = {name.lower(): value for name, value in vector["expected"]["headers"].items()}
    venue = venue_at(int(vector["timestamp"]), Keys(vector["key"], vector["secret"], None))
    body = (vector["body"] or "").encode()
    request = Request(
        method=vector["method"], path=vector["path"], query=vector["query"] or "", headers=headers, body=body
    )
    assert label(venue, request) is None


@pytest.mark.parametrize("example", WORKED, ids=lambda example: f"{example[0]} {example[1]}")
def test_worked_example_is_accepted_and_any_other_byte_refused(example):
    method, path, query, body, signature = example
    venue = venue_at(SIGNED_AT_S)
    assert label(venue, signed(*example)) is None
    spoilt = [
        *(signed(method, other, query, body, signature) for other in changed(path)),
        *(signed(method, path, other, body, signature) for other in changed(query)),
        *(signed(method, path, query, other, signature) for other in changed(body)),
        *(signed(method, path, query, body, other) for other in changed(signature)),
        signed("PUT", path, query, body, signature),
        signed(method, path, query, body, signature.upper()),
        signed(method, path, query, body, signature[:-1]),
        signed(method, path, query, body, signature, at=f"{SIGNED_AT_S}.0"),
    ]
    assert {label(venue, request) for request in spoilt} == {"INVALID_SIGNATURE"}
    assert {label(venue, signed(*example, key=other)) for other in changed("key")} == {"INVALID_KEY"}


def test_percent_encoding_is_not_signed_but_a_list_with_encoded_commas_never_matches(trader):
    path, pairs = "/spot/batch_fee", "BTC_USDT,LINK_USDT"
    assert set(trader.fetch("GET", path, {"currency_pairs": pairs})) == {"BTC_USDT", "LINK_USDT"}
    assert trader.call("GET", path, {"currency_pairs": pairs}, sent="currency_pairs=BTC%5FUSDT,LINK_USDT").status == 200
    encoded = "currency_pairs=BTC_USDT%2CLINK_USDT"
    for signed in (pairs, "BTC_USDT%2CLINK_USDT"):
        assert trader.denied("GET", path, {"currency_pairs": signed}, sent=encoded) == (401, "INVALID_SIGNATURE")


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"key": ""}, 400, "MISSING_REQUIRED_HEADER"),
        ({"timestamp": ""}, 400, "MISSING_REQUIRED_HEADER"),
        ({"sign": ""}, 400, "MISSING_REQUIRED_HEADER"),
        ({"key": "somebody"}, 401, "INVALID_KEY"),
        ({"sign": "0" * 128}, 401, "INVALID_SIGNATURE"),
        ({"timestamp": "now"}, 400, "INVALID_PARAM_VALUE"),
        ({"timestamp": "nan"}, 400, "INVALID_PARAM_VALUE"),
        ({"timestamp": "1541993715"}, 401, "REQUEST_EXPIRED"),
        ({"x_gate_exptime": "1541993715000"}, 400, "REQUEST_EXPIRED"),
    ],
)
def test_wrong_header_is_refused(trader, headers, status, expected):
    assert trader.denied("GET", "/spot/accounts", **headers) == (status, expected)


@pytest.mark.parametrize(("off_s", "fits"), [(-60, True), (-61, False), (59, True), (60, False)])
def test_clocks_may_differ_by_a_minute(trader, off_s, fits):
    answer = trader.call("GET", "/spot/accounts", timestamp=str(trader.now_s + off_s))
    assert (answer.status == 200) is fits
    assert fits or json.loads(answer.body) == {
        "label": "REQUEST_EXPIRED",
        "message": "gap between request Timestamp and server time exceeds 60",
    }


def test_time_may_be_a_fraction(trader):
    assert trader.call("GET", "/spot/accounts", timestamp=f"{trader.now_s}.25").status == 200


def test_request_in_time_for_its_own_deadline_is_accepted(trader):
    deadline_ms = trader.venue.now_ms
    assert trader.call("GET", "/spot/accounts", x_gate_exptime=str(deadline_ms)).status == 200
    trader.wait(0.001)
    assert trader.denied("GET", "/spot/accounts", x_gate_exptime=str(deadline_ms)) == (400, "REQUEST_EXPIRED")


def test_key_does_only_what_it_permits(trader):
    venue = trader.venue
    venue.key_ring.issue(venue.account, Keys("reader", "secret", None), permissions=frozenset({Permission.READ}))
    venue.key_ring.issue(venue.account, Keys("nobody", "secret", None), permissions=frozenset())
    venue.key_ring.issue(venue.account, Keys("bound", "secret", None), addresses=frozenset({"192.0.2.1"}))
    order = {"currency_pair": "BTC_USDT", "side": "buy", "amount": "0.01", "price": "80000"}
    trader.key = Keys("reader", "secret", None)
    assert trader.call("GET", "/spot/accounts").status == 200
    assert trader.denied("POST", "/spot/orders", body=order) == (403, "READ_ONLY")
    trader.key = Keys("nobody", "secret", None)
    assert trader.denied("GET", "/spot/accounts") == (403, "FORBIDDEN")
    trader.key = Keys("bound", "secret", None)
    assert trader.denied("GET", "/spot/accounts") == (403, "IP_FORBIDDEN")
    assert venue.inspection.orders() == []


def test_budget_of_orders_is_ten_a_second_for_each_market(trader):
    left = []
    for _ in range(10):
        answer = trader.call("POST", "/spot/orders", body=order_for("BTC_USDT"))
        assert answer.status == 201
        left.append((answer.headers["x-gate-ratelimit-limit"], answer.headers["x-gate-ratelimit-requests-remain"]))
    assert left == [("10", str(n)) for n in range(9, -1, -1)]
    refused = trader.call("POST", "/spot/orders", body=order_for("BTC_USDT"))
    assert (refused.status, json.loads(refused.body)) == (
        429,
        {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded (211)"},
    )
    assert "retry-after" not in refused.headers
    assert int(refused.headers["x-gate-ratelimit-reset-timestamp"]) == trader.venue.now_ms + 1000
    assert trader.call("POST", "/spot/orders", body=order_for("LINK_USDT", price="10", amount="1")).status == 201
    assert len(trader.venue.inspection.open_orders()) == 11
    trader.wait(1)
    assert trader.call("POST", "/spot/orders", body=order_for("BTC_USDT")).status == 201


def order_for(pair, *, price="80000", amount="0.001"):
    return {"currency_pair": pair, "side": "buy", "amount": amount, "price": price, "text": "t-1"}


def test_each_order_of_a_list_counts_and_those_beyond_the_budget_fail_within_a_200(trader):
    trader.place()
    done = trader.fetch("POST", "/spot/batch_orders", body=[order_for("BTC_USDT")] * 10)
    assert [item["succeeded"] for item in done] == [True] * 9 + [False]
    assert done[9] == {
        "text": "t-1",
        "succeeded": False,
        "label": "TOO_MANY_REQUESTS",
        "message": "Request Rate limit Exceeded (211)",
    }


def test_other_requests_are_counted_by_account_and_endpoint(trader):
    for _ in range(200):
        assert trader.call("GET", "/spot/accounts").status == 200
    assert trader.denied("GET", "/spot/accounts") == (429, "TOO_MANY_REQUESTS")
    assert trader.call("GET", "/wallet/fee").status == 200
    for _ in range(200):
        assert trader.call("DELETE", "/spot/orders").status == 200
    assert trader.denied("DELETE", "/spot/orders") == (429, "TOO_MANY_REQUESTS")
    stranger = DirectClient(trader.venue)
    assert stranger.get("/api/v4/spot/time").status == 200


# The socket


@pytest.mark.parametrize(
    ("event", "signature"),
    [
        (
            "subscribe",
            "833a44bb4cd083e47bc1fec22b5c12e8b98c30fc7a9f4a1e52800dcfdff9a57240d7c10f1e9553dee020011fa5d02cdc7d1155a380cc4dcbd45f8fb525e41f4b",
        ),
        (
            "unsubscribe",
            "b8ad50df87253aeaf534196bd4f55dfe1d785361e556f81e839a123e60ead097526d7fc978bda217283c1c31715076d36d57707d4f3f9adc109f5fe7fa6b3023",
        ),
    ],
)
def test_worked_subscription_is_accepted_and_any_other_byte_refused(event, signature):
    venue = venue_at(1_611_541_000)
    client = DirectClient(venue, "/ws/v4/")

    def error(sign=signature, channel="spot.orders", key="key", time=1_611_541_000):
        auth = {"method": "api_key", "KEY": key, "SIGN": sign}
        frame = {"time": time, "channel": channel, "event": event, "payload": ["!all"], "auth": auth}
        return json.loads(str(client.say(json.dumps(frame))[0]))["error"]

    def said(name, message):
        return {"code": 4, "message": f'{{"label":"{name}","message":"{message}"}}\n'}

    assert error() is None
    assert {error(other)["message"] for other in changed(signature)} == {
        said("INVALID_SIGNATURE", "Signature mismatch")["message"]
    }
    assert error(channel="spot.usertrades") == said("INVALID_SIGNATURE", "Signature mismatch")
    assert error(key="other") == said("INVALID_KEY", "Invalid key provided")
    assert error(time=1_611_541_001) == said("INVALID_SIGNATURE", "Signature mismatch")
    late = said("REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60")
    assert error(time=1_611_540_000) == late


@pytest.mark.parametrize("auth", [None, {}, {"method": "password", "KEY": "key", "SIGN": "x"}])
def test_subscription_without_a_signature_is_refused(trader, auth):
    answer = trader.hear("spot.orders", "!all", auth=auth)
    assert (answer["error"]["code"], answer["result"]) == (4, {"status": "fail"})
    assert json.loads(answer["error"]["message"])["label"] == "INVALID_CREDENTIALS"
