"""Orders over the socket of the simulated Bybit are as documented."""

import json
from decimal import Decimal

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.access import Permission
from arb_sim.likeness import differences
from arb_sim.venue import Close, Keys

OF_PAIR = {"category": "spot", "symbol": "BTCUSDT"}

ANSWER = {
    "reqId": "test-005",
    "retCode": 0,
    "retMsg": "OK",
    "op": "order.create",
    "data": {"orderId": "1523347543495541248", "orderLinkId": ""},
    "retExtInfo": {},
    "header": {
        "X-Bapi-Limit": "10",
        "X-Bapi-Limit-Status": "9",
        "X-Bapi-Limit-Reset-Timestamp": "1711001595208",
        "Traceid": "38b7977b430f9bd228f4b19724794dfd",
        "Timenow": "1711001595209",
    },
    "connId": "cnt5leec0hvan15eukcg-2v",
}
"""The form of https://bybit-exchange.github.io/docs/v5/websocket/trade/guideline ."""


@pytest.fixture
def caller(trader):
    """A connection that takes orders, not logged in yet."""
    return type(trader)(trader.venue, "/v5/trade", conn=5)


@pytest.fixture
def entry(caller):
    told = caller.login()
    assert (told["retCode"], told["retMsg"], told["op"]) == (0, "OK", "auth")
    return caller


def call(caller, op, body, *, name=None, made_ms=None, window="5000"):
    """Send a request, and return what is answered at once, None = nothing."""
    made = str(caller.venue.now_ms if made_ms is None else made_ms)
    frame = {"header": {"X-BAPI-TIMESTAMP": made, "X-BAPI-RECV-WINDOW": window}, "op": op, "args": [body]}
    frames = caller.say(json.dumps(frame if name is None else {**frame, "reqId": name}))
    return json.loads(str(frames[0])) if frames else None


def test_login_is_answered_otherwise_than_on_the_private_socket(caller):
    told = caller.login()
    assert told == {"retCode": 0, "retMsg": "OK", "op": "auth", "connId": told["connId"]}
    assert caller.login()["retCode"] == 20001
    assert caller.ended is None
    pong = caller.tell("ping", reqId="p")
    assert (pong["op"], pong["retCode"], pong["reqId"]) == ("pong", 0, "p")


def test_login_with_a_wrong_proof_ends_the_connection(caller):
    assert caller.login(sign="0" * 64)["retCode"] == 10004
    assert caller.ended == Close(1000, "")


def test_requests_are_answered_like_the_documented_ones(entry):
    placed = call(entry, "order.create", entry.wanted(orderLinkId="mine"), name="test-005")
    named = {**ANSWER, "data": {**ANSWER["data"], "orderLinkId": "mine"}}
    assert differences(named, placed) == []
    assert (placed["reqId"], placed["header"]["X-Bapi-Limit-Status"]) == ("test-005", "19")
    ids = placed["data"]
    changed = call(entry, "order.amend", {**OF_PAIR, "orderId": ids["orderId"], "price": "81000"}, name="2")
    assert (changed["retCode"], changed["op"], changed["data"]) == (0, "order.amend", ids)
    (order,) = entry.venue.inspection.open_orders()
    assert (order.id, order.client_id, order.price) == (ids["orderId"], "mine", Decimal(81000))
    ended = call(entry, "order.cancel", {**OF_PAIR, "orderLinkId": "mine"}, name="3")
    assert (ended["retCode"], ended["data"]) == (0, ids)
    assert entry.venue.inspection.open_orders() == []


def test_nothing_is_done_without_a_login(caller):
    assert call(caller, "order.create", caller.wanted())["retCode"] == 10003
    assert caller.venue.inspection.orders() == []


def test_key_that_may_not_trade_cannot(caller):
    caller.key = Keys("reader", "secret", None)
    caller.venue.key_ring.issue(caller.venue.account, caller.key, permissions=frozenset({Permission.READ}))
    assert caller.login()["retCode"] == 0
    assert call(caller, "order.create", caller.wanted())["retCode"] == 10005


@pytest.mark.parametrize(
    ("op", "changed", "code"),
    [
        ("order.create", {"qty": "20"}, 170131),
        ("order.create", {"symbol": "NOSUCH"}, 170121),
        ("order.cancel", {"orderId": "5"}, 170213),
        ("order.amend", {"orderId": "5"}, 170213),
        ("order.shout", {}, 10404),
    ],
)
def test_refusals_bear_the_codes_of_requests(entry, op, changed, code):
    assert call(entry, op, entry.wanted(**changed))["retCode"] == code


def test_request_bears_its_time(entry):
    now_ms = entry.venue.now_ms
    assert call(entry, "order.create", entry.wanted(), made_ms=now_ms - 5001)["retCode"] == 10002
    assert call(entry, "order.create", entry.wanted(), made_ms=now_ms - 5001, window="6000")["retCode"] == 0
    frame = {"op": "order.create", "args": [entry.wanted()]}
    assert json.loads(str(entry.say(json.dumps(frame))[0]))["retCode"] == 10001


def test_name_of_a_request_is_not_used_twice(entry):
    assert call(entry, "order.create", entry.wanted(), name="one")["retCode"] == 0
    assert call(entry, "order.create", entry.wanted(), name="one")["retCode"] == 20006
    assert call(entry, "order.create", entry.wanted(), name="a" * 37)["retCode"] == 10001


def test_budget_is_that_of_requests(trader, entry):
    for _ in range(19):
        assert call(entry, "order.create", entry.wanted())["retCode"] == 0
    trader.fetch("POST", "/order/create", body=trader.wanted())
    assert call(entry, "order.create", entry.wanted())["retCode"] == 10006


@pytest.mark.parametrize("nonsense", ["{", "[]", '{"op":5}'])
def test_nonsense_is_refused(entry, nonsense):
    assert json.loads(str(entry.say(nonsense)[0]))["retCode"] == 10001


def test_faults_of_requests_befall_these_too(entry):
    faults = entry.venue.faults
    faults.arm(Fault(kind=FaultKind.ANSWER_LOST))
    assert call(entry, "order.create", entry.wanted(orderLinkId="lost")) is None
    assert len(entry.venue.inspection.open_orders()) == 1
    faults.arm(Fault(kind=FaultKind.SERVER_ERROR, pair="BTC/USDT"))
    assert call(entry, "order.create", entry.wanted())["retCode"] == 10016
    faults.arm(Fault(kind=FaultKind.ANSWER_LATE, hold_s=2))
    assert call(entry, "order.create", entry.wanted()) is None
    entry.wait(2.1)
    assert json.loads(entry.texts[-1])["retCode"] == 0
