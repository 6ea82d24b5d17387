"""The simulated MEXC knows who asks as the documented one does: keys, signatures, times and budgets."""

import hashlib
import hmac
import json
from importlib.resources import files

import pytest
from arb_mexc.sim import MexcVenue
from arb_mexc.sim.access import Access, parameters
from arb_mexc.sim.spelling import Declined
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults
from arb_sim.kernel.access import KeyRing, Permission, keys
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Request
from arb_sim.world import World

VECTORS = json.loads((files("arb_mexc") / "samples" / "signatures.json").read_text("utf-8"))
MS, SECOND = 1_000_000, 1_000_000_000
SIGNED_AT_MS = 1_644_489_390_087
KEY = Keys("mx0aBYs33eIilxBWC5", "45d0b3c26f2644f19bfb98b07741b2f5", None)
BATCH = (
    "batchOrders=%5B%7B%22symbol%22%3A%22BTCUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type%22%3A%22LIMIT%22%2C%22quantity"
    "%22%3A%220.0002%22%2C%22price%22%3A%2240000%22%2C%22newClientOrderId%22%3A%22a1%22%7D%2C%7B%22symbol%22%3A%22"
    "BTCUSDT%22%2C%22side%22%3A%22SELL%22%2C%22type%22%3A%22LIMIT%22%2C%22quantity%22%3A%220.0003%22%2C%22price%22%3A"
    "%2241000%22%2C%22newClientOrderId%22%3A%22a2%22%7D%5D&timestamp=1644489390087&recvWindow=5000"
)
WORKED = [
    (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
        "",
        "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a",
    ),
    (
        "symbol=BTCUSDT&side=BUY&type=LIMIT",
        "quantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
        "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592",
    ),
    ("timestamp=1644489390087", "", "09b4b5a40aeec864d2caa60f2e6a740b61dc423d76c5615c00fd72681f52a094"),
    ("timestamp=1644489390087&recvWindow=5000", "", "b5b203b847a18d84fcd7886409f1efef45a18662756c84d29b9a7439d909b8cd"),
    ("listenKey=abc&timestamp=1644489390087", "", "14c8e8fc2a9b66f7a81c2d2f3939ed4a921a9fb5805a3ccfbae19858e71c7469"),
    (
        "symbol=BTCUSDT%2CMXUSDT&timestamp=1644489390087",
        "",
        "777a515516f93951fb689cfd0fa7629cb458fa7dc617170f88255b3a90ce6080",
    ),
    (BATCH, "", "303f976e6e77fd374ebbe486bfd3af12483b5e9d135dc311730091b4c652d81c"),
]
"""(query, body, signature): the documentation's examples, and such as were computed by its rule with its key."""


@pytest.fixture
def door():
    """Judge a request at a time, whoever's it is."""
    ring = KeyRing()
    ring.issue(Account("1", lambda: 0), KEY)

    def judge(query, body="", *, now_ms=SIGNED_AT_MS, method="POST", **headers):
        worn = {"x-mexc-apikey": KEY.api_key, "content-type": "application/json", **headers}
        request = Request(method=method, path="/api/v3/order", query=query, headers=worn, body=body.encode())
        return Access(ring, lambda: now_ms * MS).judge(request, parameters(request), Permission.READ)

    return judge


def code(call, *asked, **named):
    with pytest.raises(Declined) as wrong:
        call(*asked, **named)
    return wrong.value.code


# Signatures


def carried(query, body, signature):
    """Put a signature behind the last parameter."""
    return (query, f"{body}&signature={signature}") if body else (f"{query}&signature={signature}", "")


@pytest.mark.parametrize(("query", "body", "signature"), WORKED)
def test_worked_example_is_accepted_and_every_change_of_one_byte_is_refused(door, query, body, signature):
    assert door(*carried(query, body, signature)).api_key == KEY.api_key
    signed = query + body
    for place in range(len(signed)):
        spoilt = signed[:place] + chr(ord(signed[place]) ^ 1) + signed[place + 1 :]
        wrong = code(door, *carried(spoilt[: len(query)], spoilt[len(query) :], signature))
        # Where the change struck a name, a time or a sign between, the venue may find fault with that first.
        assert wrong in {700002, 700003, 700004, 700005}
    for place in range(len(signature)):
        spoilt = signature[:place] + ("0" if signature[place] != "0" else "1") + signature[place + 1 :]
        assert code(door, *carried(query, body, spoilt)) == 700002


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vectors_of_the_documentation_are_accepted(door, vector):
    assert vector["key"] == KEY.api_key
    signature = vector["expected"]["params"]["signature"]
    key = door(*carried(vector["query"], vector["body"] or "", signature), now_ms=int(vector["timestamp"]))
    assert key.api_key == KEY.api_key


def sign(text):
    return hmac.new(KEY.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_signature_is_lower_case_and_last(door):
    query = f"timestamp={SIGNED_AT_MS}"
    assert code(door, f"{query}&signature={sign(query).upper()}") == 700002
    assert code(door, f"signature={sign(query)}&{query}") == 700004
    assert code(door, query) == 700004
    assert code(door, f"{query}&signature=") == 700004


def test_parameters_of_query_and_body_are_joined_and_the_query_counts():
    request = Request(method="POST", path="/", query="a=1&b=x%2Cy", body=b"a=2&c=3")
    assert parameters(request) == {"a": "1", "b": "x,y", "c": "3"}


# Times


@pytest.mark.parametrize(
    ("ahead_ms", "window", "refused"),
    [
        (0, "", None),
        (999, "", None),
        (1000, "", 700003),
        (-5000, "", None),
        (-5001, "", 700003),
        (-60000, "60000", None),
        (-11, "10", 700003),
        (0, "60001", 700005),
        (0, "soon", 700005),
    ],
)
def test_time_is_judged_by_the_venues_clock(door, ahead_ms, window, refused):
    query = f"timestamp={SIGNED_AT_MS + ahead_ms}" + (f"&recvWindow={window}" if window else "")
    asked = f"{query}&signature={sign(query)}"
    if refused is None:
        assert door(asked).api_key == KEY.api_key
    else:
        assert code(door, asked) == refused


def test_wrong_clock_of_the_venue_refuses_right_requests(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.CLOCK_SKEW, skew_s=30, hold_s=10))
    right = {"timestamp": trader.venue.timeline.now_ns // MS}
    assert trader.denied("GET", "account", **right) == 700003
    assert trader.fetch("GET", "account")["canTrade"] is True  # who asks for the time first
    trader.wait(10)
    assert trader.fetch("GET", "account")["canTrade"] is True


# Keys


def test_key_is_known_and_may_do_what_it_is_for(trader):
    venue = trader.venue

    def other(number, **more):
        made = keys("mexc", 5, number=number)
        venue.key_ring.issue(venue.account, made, **more)
        return made

    assert trader.call("GET", "account", x_mexc_apikey="").status == 400
    for named, expected in (("", 400), ("short", 700001), ("wrong-signs!", 700001), ("mx0aBYs33eIilxBWC5", 10072)):
        told = json.loads(trader.call("GET", "account", x_mexc_apikey=named).body)
        assert told["code"] == expected, named
    trader.key = other(1, permissions=frozenset({Permission.READ}))
    assert trader.fetch("GET", "account")["balances"]
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "80000"}
    assert trader.denied("POST", "order", **order) == 700007
    trader.key = other(2, permissions=frozenset({Permission.TRADE}))
    assert trader.denied("GET", "account") == 700007
    trader.key = other(3, addresses=frozenset({"10.1.2.3"}))
    assert trader.denied("GET", "account") == 700006
    trader.key = other(4, expires_ns=venue.now_ns + SECOND)
    assert trader.fetch("GET", "account")
    trader.wait(1)
    answer = trader.call("GET", "account")
    assert (answer.status, json.loads(answer.body)["code"]) == (401, 402)
    assert venue.inspection.orders() == []


@pytest.mark.parametrize("kind", ["", "text/plain"])
def test_content_type_is_named_where_something_is_changed(trader, kind):
    assert json.loads(trader.call("POST", "userDataStream", content_type=kind).body)["code"] == 700013
    assert trader.call("GET", "userDataStream", content_type=kind).status == 200
    assert trader.call("POST", "userDataStream", content_type="application/x-www-form-urlencoded").status == 200


def test_signature_of_another_secret_is_refused(trader):
    trader.key = Keys(trader.key.api_key, "another", None)
    assert trader.denied("GET", "account") == 700002


def test_no_secret_is_told(trader):
    answer = trader.call("GET", "account", x_mexc_apikey=trader.key.api_secret)
    assert trader.key.api_secret not in repr(trader.venue.key_ring.find(trader.key.api_key))
    assert trader.key.api_secret.encode() not in answer.body


# Budgets


def test_placing_and_cancelling_share_twelve_requests_a_second(trader):
    placed = [trader.place()["orderId"] for _ in range(8)]
    for order_id in placed[:4]:
        trader.fetch("DELETE", "order", symbol="BTCUSDT", orderId=order_id)
    refused = trader.call("DELETE", "order", {"symbol": "BTCUSDT", "orderId": placed[4]})
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert trader.fetch("GET", "order", symbol="BTCUSDT", orderId=placed[4])["status"] == "NEW"
    trader.wait(1)
    assert trader.place()["orderId"]


def test_account_is_shown_twice_a_second(trader):
    assert [trader.call("GET", "account").status for _ in range(3)] == [200, 200, 429]


def test_endpoints_of_an_account_have_budgets_of_their_own(trader):
    assert [trader.call("GET", "tradeFee", {"symbol": "BTCUSDT"}).status for _ in range(26)] == [200] * 25 + [429]
    assert trader.call("GET", "openOrders", {"symbol": "BTCUSDT"}).status == 200


def test_budget_is_the_accounts_whatever_key_it_uses(trader):
    for _ in range(2):
        trader.fetch("GET", "account")
    made = keys("mexc", 5, number=1)
    trader.venue.key_ring.issue(trader.venue.account, made)
    trader.key = made
    assert trader.call("GET", "account").status == 429


def test_who_goes_on_after_429_is_banned_with_everything(trader):
    statuses = [trader.call("GET", "account").status for _ in range(13)]
    assert statuses == [200] * 2 + [429] * 10 + [418]
    assert trader.get("/api/v3/time").status == 418
    trader.wait(121)
    assert trader.call("GET", "account").status == 200


def test_who_guesses_keys_is_limited_by_address():
    client = DirectClient(MexcVenue(SimulationContext(world=World(seed=5, symbols=["BTC/USDT"]), faults=Faults())))
    statuses = [client.ask("GET", "/api/v3/account").status for _ in range(501)]
    assert (statuses[499], statuses[500]) == (400, 429)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_method_that_a_path_does_not_take(trader, method):
    assert trader.call(method, "order").status == 405
    assert trader.call(method, "nothing").status == 404
