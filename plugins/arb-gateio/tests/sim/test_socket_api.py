"""Orders over the socket of the simulated Gate.io are as documented."""

import hashlib
import hmac
import json
from decimal import Decimal
from importlib.resources import files

import pytest
from arb_gateio.sim import GateioVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Fault, FaultKind, Faults
from arb_sim.kernel.access import Permission
from arb_sim.kernel.venue import SimulationContext
from arb_sim.likeness import differences
from arb_sim.venue import Keys
from arb_sim.world import World

SAMPLES = files("arb_gateio") / "samples"
PAIR = "BTC_USDT"
ORDER = {"currency_pair": PAIR, "side": "buy", "amount": "0.01", "price": "80000", "text": "t-my-custom-id"}
SHOWN_SINCE = ["filled_amount", "avg_deal_price"]
"""Fields of an order that examples of an open one leave out."""
MISSPELT = ["x_gat_ratelimit_reset_timestamp"]
"""So some examples spell what others spell as it is meant."""
BEYOND = [*SHOWN_SINCE, "x_gate_ratelimit_reset_timestamp"]


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


class Caller:
    """Sends requests over the socket, as the documentation says."""

    def __init__(self, client, key):
        self.client = client
        self.key = key

    def request(self, channel, payload):
        frame = {"time": self.client.venue.now_ns // 10**9, "channel": channel, "event": "api", "payload": payload}
        return [json.loads(text) for text in self.client.say(json.dumps(frame))]

    def login(self, **wrong):
        now = str(self.client.venue.now_ns // 10**9)
        text = f"api\nspot.login\n\n{wrong.get('timestamp', now)}"
        sign = hmac.new(self.key.api_secret.encode(), text.encode(), hashlib.sha512).hexdigest()
        right = {"api_key": self.key.api_key, "signature": sign, "timestamp": now, "req_id": "request-1"}
        (answer,) = self.request("spot.login", right | wrong)
        return answer

    def call(self, channel, param):
        *_, answer = self.request(channel, {"req_id": "request-2", "req_param": param})
        assert answer["request_id"] == "request-2"
        return answer

    def ask(self, channel, param):
        answer = self.call(channel, param)
        assert answer["header"]["status"] == "200", answer
        return answer["data"]["result"]

    def denied(self, channel, param):
        answer = self.call(channel, param)
        return answer["header"]["status"], answer["data"]["errs"]["label"]


@pytest.fixture
def caller(trader):
    caller = Caller(trader, trader.venue.keys)
    caller.login()
    return caller


# Login


def test_worked_login_is_accepted_and_any_other_byte_refused():
    signature = "3e133322aeffb544225b263d43fc10fc8e6b9b14126a09e4c945363d60afc591c441f08c3eff1770c1331171386501f6843560f889840e87ba1f3d99a80daffa"
    world = World(seed=5, symbols=["BTC/USDT"], start_ns=1_681_984_544 * 10**9)
    venue = GateioVenue(SimulationContext(world=world, faults=Faults()))
    venue.key_ring.issue(venue.account, Keys("key", "secret", None))
    caller = Caller(DirectClient(venue, "/ws/v4/"), Keys("key", "secret", None))

    def status(**wrong):
        return caller.login(signature=signature, **wrong)["header"]["status"]

    assert status() == "200"
    for place, was in enumerate(signature):
        spoilt = signature[:place] + chr(ord(was) ^ 1) + signature[place + 1 :]
        assert caller.login(signature=spoilt)["data"]["errs"]["label"] == "INVALID_SIGNATURE"
    assert status(timestamp="1681984545") == "401"
    assert status(api_key="keY") == "401"
    assert status(req_param={}) == "401"


def test_who_signs_a_parameter_sends_its_text(trader):
    caller = Caller(trader, trader.venue.keys)
    now = str(trader.now_s)
    for sent, signed in (({}, "{}"), ({"a": 1}, '{"a": 1}')):
        text = f"api\nspot.login\n{signed}\n{now}"
        sign = hmac.new(caller.key.api_secret.encode(), text.encode(), hashlib.sha512).hexdigest()
        assert caller.login(signature=sign, req_param=sent)["header"]["status"] == "200"


def test_login_is_answered_like_the_documented_one(trader):
    caller = Caller(trader, trader.venue.keys)
    answer = caller.login()
    # The example spells one field of the header otherwise than all the others, and its uid and key are of another length.
    assert differences(sample("ws_spot_login_response"), answer, absent=["clientId"], added=["client_id"]) == []
    assert answer["data"]["result"] == {"api_key": caller.key.api_key, "uid": trader.venue.account.uid}
    refused = caller.login(api_key="nobody")
    assert differences(sample("ws_spot_login_error"), refused) == []
    assert (refused["header"]["status"], refused["data"]["errs"]["label"]) == ("401", "INVALID_KEY")
    assert caller.login(timestamp="1681984544")["data"]["errs"]["label"] == "REQUEST_EXPIRED"


def test_without_a_login_nothing_is_done(trader):
    caller = Caller(trader, trader.venue.keys)
    answer = caller.call("spot.order_place", ORDER)
    assert answer["header"]["status"] == "400"
    assert answer["data"] == {"errs": {"label": "AUTHENTICATION_FAILED", "message": "Not login"}}
    assert trader.venue.inspection.orders() == []


def test_login_is_of_one_connection(trader, caller):
    assert caller.call("spot.order_place", ORDER)["header"]["status"] == "200"
    other = Caller(type(trader)(trader.venue, conn=2), trader.venue.keys)
    assert other.denied("spot.order_place", ORDER) == ("400", "AUTHENTICATION_FAILED")


def test_key_that_may_not_trade_cannot(trader):
    key = Keys("reader", "secret", None)
    trader.venue.key_ring.issue(trader.venue.account, key, permissions=frozenset({Permission.READ}))
    caller = Caller(trader, key)
    caller.login()
    assert caller.denied("spot.order_place", ORDER) == ("403", "READ_ONLY")
    assert caller.ask("spot.order_list", {"currency_pair": PAIR, "status": "open"}) == []


# Requests


def test_order_is_acknowledged_and_then_answered(trader, caller):
    ack, answer = caller.request("spot.order_place", {"req_id": "request-2", "req_param": ORDER})
    documented = sample("ws_spot_order_place_ack")
    signature = ["api_key", "timestamp", "signature"]
    documented["data"]["result"]["req_param"] = ORDER
    assert differences(documented, ack, added=signature) == []
    assert ack["data"]["result"]["req_param"] == ORDER
    assert differences(sample("ws_spot_order_place_response"), answer, added=SHOWN_SINCE) == []
    elsewhere = sample("ws_spot_order_place_ack_2")
    elsewhere["data"]["result"] |= {"req_param": ORDER}
    assert differences(elsewhere, ack, absent=MISSPELT, added=BEYOND) == []
    assert (answer["request_id"], answer["header"]["channel"]) == ("request-2", "spot.order_place")
    (order,) = trader.venue.inspection.open_orders()
    assert (order.id, order.client_id) == (answer["data"]["result"]["id"], "t-my-custom-id")


@pytest.mark.parametrize(
    ("mode", "name"),
    [("ACK", "ws_spot_order_place_response_2"), ("RESULT", "ws_spot_order_place_response_3")],
)
def test_order_is_answered_as_shortly_as_its_client_wants(caller, mode, name):
    answer = caller.call("spot.order_place", {**ORDER, "action_mode": mode})
    assert differences(sample(name), answer, absent=MISSPELT, added=BEYOND) == []


def test_other_requests_are_answered_like_the_documented_ones(caller):
    placed = caller.ask("spot.order_place", ORDER)
    of_it = {"order_id": placed["id"], "currency_pair": PAIR}
    assert (
        differences(
            sample("ws_spot_order_status_response"),
            caller.call("spot.order_status", of_it),
            absent=MISSPELT,
            added=BEYOND,
        )
        == []
    )
    changed = caller.call("spot.order_amend", {**of_it, "price": "81000"})
    assert differences(sample("ws_spot_order_amend_response"), changed, absent=MISSPELT, added=BEYOND) == []
    assert changed["data"]["result"]["price"] == "81000"
    cancelled = caller.call("spot.order_cancel", of_it)
    assert differences(sample("ws_spot_order_cancel_response"), cancelled, absent=MISSPELT, added=BEYOND) == []
    again, third = caller.ask("spot.order_place", ORDER), caller.ask("spot.order_place", ORDER)
    several = caller.call("spot.order_cancel_ids", [{"currency_pair": PAIR, "id": again["id"]}])
    assert differences(sample("ws_spot_order_cancel_ids_response"), several) == []
    of_pair = caller.call("spot.order_cancel_cp", {"currency_pair": PAIR, "side": "buy"})
    assert differences(sample("ws_spot_order_cancel_cp_response"), of_pair, absent=MISSPELT, added=BEYOND) == []
    assert [order["id"] for order in of_pair["data"]["result"]] == [third["id"]]
    listed = caller.call("spot.order_list", {"currency_pair": PAIR, "status": "finished", "limit": 3, "page": 1})
    documented = sample("ws_spot_order_list_response")
    documented["data"]["result"][0]["text"] = "web"
    beyond = ["gt_discount", "stp_id", "stp_act"]
    assert differences(documented, listed, added=beyond) == []
    assert len(listed["data"]["result"]) == 3


def test_several_orders_may_stand_in_one_request(trader, caller):
    several = [ORDER, {**ORDER, "amount": "50"}]
    ack, answer = caller.request("spot.order_place", {"req_id": "request-2", "req_param": several})
    documented = sample("ws_spot_order_place_ack_3")
    documented["data"]["result"]["req_param"] = several
    signature = ["api_key", "timestamp", "signature"]
    assert differences(documented, ack, absent=MISSPELT, added=[*BEYOND, *signature]) == []
    done = answer["data"]["result"]
    assert [item["succeeded"] for item in done] == [True, False]
    assert done[1]["label"] == "BALANCE_NOT_ENOUGH"
    assert len(trader.venue.inspection.open_orders()) == 1


def test_unnamed_order_is_called_by_its_way(caller):
    assert caller.ask("spot.order_place", {**ORDER, "text": None})["text"] == "apiv4-ws"


@pytest.mark.parametrize(
    ("channel", "param", "status", "label"),
    [
        ("spot.order_place", {**ORDER, "amount": "50"}, "400", "BALANCE_NOT_ENOUGH"),
        ("spot.order_place", {**ORDER, "currency_pair": "NO_SUCH"}, "400", "INVALID_CURRENCY_PAIR"),
        ("spot.order_place", "order", "400", "INVALID_REQUEST_BODY"),
        ("spot.order_cancel", {"order_id": "5", "currency_pair": PAIR}, "404", "ORDER_NOT_FOUND"),
        ("spot.order_status", {"order_id": "t-none", "currency_pair": PAIR}, "404", "CLIENT_ID_NOT_FOUND"),
        ("spot.order_amend", {"order_id": "5", "currency_pair": PAIR, "price": "1"}, "404", "ORDER_NOT_FOUND"),
        ("spot.order_list", {"currency_pair": PAIR}, "400", "INVALID_PARAM_VALUE"),
    ],
)
def test_wrong_request_is_answered_with_a_label(caller, channel, param, status, label):
    assert caller.denied(channel, param) == (status, label)


def test_budget_is_ten_orders_a_second_whatever_the_market(caller):
    left = [
        caller.call("spot.order_place", {**ORDER, "action_mode": "ACK"})["header"]["x_gate_ratelimit_requests_remain"]
        for _ in range(10)
    ]
    assert left == list(range(9, -1, -1))
    link = {**ORDER, "currency_pair": "LINK_USDT", "price": "10", "amount": "1"}
    refused = caller.call("spot.order_place", link)
    absent = ["x_gate_ratelimit_requests_remain"]
    assert differences(sample("ws_spot_order_place_error"), refused, added=absent) == []
    assert (refused["header"]["status"], refused["data"]["errs"]["label"]) == ("429", "TOO_MANY_REQUESTS")


def test_orders_of_the_socket_are_told_of_like_any_other(trader, caller):
    trader.hear("spot.orders", "!all")
    asks = trader.fetch("GET", "/spot/order_book", {"currency_pair": PAIR, "limit": 1})["asks"]
    answer = caller.ask("spot.order_place", {**ORDER, "price": asks[0][0], "amount": "0.001", "time_in_force": "ioc"})
    assert (answer["status"], Decimal(answer["filled_amount"])) == ("closed", Decimal("0.001"))
    assert [row["event"] for row in trader.pushed("spot.orders")] == ["put", "finish"]


def test_faults_of_requests_befall_those_of_the_socket(trader, caller):
    faults = trader.venue.faults
    faults.arm(Fault(kind=FaultKind.ANSWER_LOST))
    (ack,) = caller.request("spot.order_place", {"req_id": "lost", "req_param": ORDER})
    assert ack["ack"] is True
    assert len(trader.venue.inspection.open_orders()) == 1
    faults.arm(Fault(kind=FaultKind.NO_ANSWER))
    assert caller.request("spot.order_cancel", {"req_id": "lost", "req_param": {}}) == []
    faults.arm(Fault(kind=FaultKind.SERVER_ERROR))
    assert caller.denied("spot.order_place", ORDER) == ("503", "INTERNAL")
    faults.arm(Fault(kind=FaultKind.ANSWER_LATE, hold_s=2))
    assert len(caller.request("spot.order_place", {"req_id": "late", "req_param": ORDER})) == 1
    assert len(trader.venue.inspection.open_orders()) == 2
    assert trader.wait(1) == []
    (late,) = trader.wait(1)
    assert json.loads(late)["request_id"] == "late"
    faults.arm(Fault(kind=FaultKind.RATE_LIMITED))
    assert caller.denied("spot.order_place", ORDER) == ("429", "TOO_MANY_REQUESTS")
