"""Keys, signatures, times and limits are judged as OKX does. Nothing of our client takes part here."""

import json

import msgspec
import pytest
from arb_okx.sim import OkxVenue
from arb_sim.faults import Faults
from arb_sim.kernel.access import Permission, keys
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Close, Keys, Request
from arb_sim.world import Pace, World

PAIR = "BTC-USDT"
SECOND = 1_000_000_000

# The worked examples of the documentation: the time and the signature of each.
SECRET = "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"
TIME_NS = 1_607_418_537_715_000_000
STAMP = "2020-12-08T09:08:57.715Z"
ORDER = '{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"b15","side":"buy","ordType":"limit","px":"2.15","sz":"2"}'
EXAMPLES = [
    ("GET", "account/balance", "", "", "PJ61e1nb2F2Qd7D8SPiaIcx2gjdELc+o0ygzre9z33k="),
    ("GET", "account/balance", "ccy=BTC", "", "ebNz0sDoc3LoFm1hqjP8LDT0fnRlDERj5C+I4ZqB4Cw="),
    ("POST", "trade/order", "", ORDER, "W/hME1Wl/zqRnmRKyGA6tz4K0jN2MVGDY33ej3EYKks="),
]
LOGIN_SECOND, LOGIN_SIGN = 1_538_054_050, "ENpPNQ8mQv8YzDMPhBsB4SrjaKK+FaEh2nozTRW6KU0="

KEY = Keys("documented0key", SECRET, "p4ssphrase")


def at(start_ns):
    world = World(seed=5, symbols=["BTC/USDT"], start_ns=start_ns, pace=Pace(steps_per_s=0))
    venue = OkxVenue(SimulationContext(world=world, faults=Faults()))
    venue.key_ring.issue(venue.account, KEY)
    return venue


def example(method, path, query, body, sign):
    headers = {
        "ok-access-key": KEY.api_key,
        "ok-access-passphrase": KEY.passphrase,
        "ok-access-timestamp": STAMP,
        "ok-access-sign": sign,
        "content-type": "application/json",
    }
    return Request(method=method, path=f"/api/v5/{path}", query=query, headers=headers, body=body.encode())


def code_of(venue, request):
    answer = venue.http(request, venue.timeline.now_ns)
    return answer.status, json.loads(answer.body)["code"]


@pytest.mark.parametrize("wanted", EXAMPLES, ids=["balance", "balance of one", "order"])
def test_documented_signature_opens_and_a_changed_request_does_not(wanted):
    venue, request = at(TIME_NS), example(*wanted)
    assert code_of(venue, request)[0] == 200
    changes = {
        "query": f"{request.query}x",
        "body": request.body + b" ",
        "headers": request.headers | {"ok-access-sign": wanted[4][:-2] + "A="},
    }
    for name, value in changes.items():
        assert code_of(venue, msgspec.structs.replace(request, **{name: value})) == (401, "50113"), name


def test_documented_login_opens(client_of):
    trader = client_of(at(LOGIN_SECOND * SECOND), key=KEY)
    answer = trader.login(timestamp=str(LOGIN_SECOND), sign=LOGIN_SIGN)
    assert answer == {"event": "login", "msg": "", "code": "0", "connId": answer["connId"]}


def test_query_is_signed_as_it_stands_on_the_wire(trader):
    assert trader.call("GET", "account/balance", {"ccy": "BTC%2CUSDT"}).status == 200
    assert trader.denied("GET", "account/balance", {"ccy": "BTC,USDT"}, sent="ccy=BTC%2CUSDT") == (401, "50113")


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("ok_access_key", "", "50103"),
        ("ok_access_passphrase", "", "50104"),
        ("ok_access_sign", "", "50106"),
        ("ok_access_timestamp", "", "50107"),
        ("ok_access_key", "no key at all", "50111"),
        ("ok_access_key", "sim00000000000000000000000000000", "50119"),
        ("ok_access_passphrase", "guessed", "50105"),
        ("ok_access_sign", "guessed", "50113"),
        ("ok_access_timestamp", "1700000000", "50112"),
        ("ok_access_timestamp", "2023-11-14T22:13:20Z", "50112"),
        ("ok_access_timestamp", "2023-11-14T22:13:20.000+00:00", "50112"),
        ("ok_access_timestamp", "2023-11-14T22:12:49.999Z", "50102"),
        ("ok_access_timestamp", "2023-11-14T22:13:50.000Z", "50102"),
        ("x_simulated_trading", "1", "50101"),
    ],
)
def test_wrong_claim_is_refused(trader, header, value, code):
    answer = trader.call("GET", "account/balance", **{header: value})
    told = json.loads(answer.body)
    assert (answer.status, told["code"]) == (401, code)
    assert set(told) == {"code", "msg"}


@pytest.mark.parametrize("stamp", ["2023-11-14T22:12:50.000Z", "2023-11-14T22:13:49.999Z"])
def test_thirty_seconds_are_in_time(trader, stamp):
    assert trader.call("GET", "account/balance", ok_access_timestamp=stamp).status == 200


def test_key_permits_what_it_permits(trader):
    other = keys("okx", 5, passphrase=True, number=1)
    ring, account = trader.venue.key_ring, trader.venue.account
    ring.issue(account, other, permissions=frozenset({Permission.READ}))
    trader.key = other
    assert trader.fetch("GET", "account/config")[0]["perm"] == "read_only"
    assert trader.denied("POST", "trade/order", body=trader.wanted()) == (401, "50120")
    ring.issue(account, other, addresses=frozenset({"10.0.0.1"}))
    assert trader.denied("GET", "account/balance") == (401, "50110")
    ring.issue(account, other, expires_ns=trader.venue.now_ns)
    assert trader.denied("GET", "account/balance") == (401, "50119")
    assert trader.login()["code"] == "60032"


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ({"apiKey": "?"}, "60005"),
        ({"apiKey": "sim00000000000000000000000000000"}, "60032"),
        ({"timestamp": "2023-11-14T22:13:20.000Z"}, "60004"),
        ({"timestamp": "1699999969"}, "60006"),
        ({"timestamp": "1700000000000"}, "60006"),
        ({"sign": "guessed"}, "60007"),
        ({"passphrase": "guessed"}, "60024"),
    ],
)
def test_wrong_login_is_refused_and_ends_the_connection(trader, claim, code):
    answer = trader.login(**claim)
    assert (answer["event"], answer["code"]) == ("error", code)
    assert trader.ended == Close(1000, "")


def test_nonsense_instead_of_a_login_is_refused(trader):
    (answer,) = trader.hear({"op": "login", "args": []})
    assert (answer["event"], answer["code"]) == ("error", "60013")


def test_body_must_be_json_and_say_so(trader):
    assert trader.denied("POST", "trade/order", body=trader.wanted(), content_type="text/plain") == (400, "50006")
    assert trader.denied("POST", "trade/order", body=b"{") == (400, "50002")
    assert trader.denied("POST", "trade/order", body=trader.wanted() | {"sz": 1}) == (400, "51000")
    answer = trader.call("DELETE", "trade/order")
    assert answer.status == 405


def test_orders_are_counted_by_instrument_and_both_ways_together(trader):
    trader.login()
    for number in range(60):
        body = trader.wanted(ordType="fok")
        if number % 2:
            trader.fetch("POST", "trade/order", body=body)
        else:
            assert trader.hear({"id": "1", "op": "order", "args": [body]})[0]["code"] == "0"
    answer = trader.call("POST", "trade/order", body=trader.wanted())
    assert (answer.status, json.loads(answer.body)["code"]) == (429, "50011")
    assert trader.hear({"id": "1", "op": "order", "args": [trader.wanted()]})[0]["code"] == "50011"
    trader.place(instId="LINK-USDT", sz="1", px="5")
    trader.wait(2)
    trader.place()


def test_lists_have_a_budget_of_their_own_that_counts_orders(trader):
    several = [trader.wanted(ordType="fok")] * 20
    for _ in range(15):
        trader.fetch("POST", "trade/batch-orders", body=several)
    assert trader.call("POST", "trade/batch-orders", body=several).status == 429
    trader.place()


def test_an_account_places_no_more_than_a_thousand_orders_in_two_seconds(client_of):
    symbols = ["BTC/USDT", "LINK/USDT", "ETH/USDT", "SOL/USDT"]
    world = World(seed=5, symbols=symbols, pace=Pace(steps_per_s=0))
    trader = client_of(OkxVenue(SimulationContext(world=world, faults=Faults())))
    codes = []
    for pair in trader.venue.by_pair:
        several = [trader.wanted(instId=pair, px="0.1", sz="0.00000001")] * 20  # too small, and counted all the same
        codes += [json.loads(trader.call("POST", "trade/batch-orders", body=several).body)["code"] for _ in range(15)]
    assert codes == ["1"] * 50 + ["50061"] * 10


def test_questions_are_counted_by_account(trader):
    for _ in range(5):
        trader.fetch("GET", "account/trade-fee", {"instType": "SPOT"})
    answer = trader.call("GET", "account/trade-fee", {"instType": "SPOT"})
    assert (answer.status, json.loads(answer.body)) == (429, {"code": "50011", "msg": "Too Many Requests"})
    trader.fetch("GET", "account/balance")
