"""Orders over the simulated OKX's socket are as documented. Nothing of our client takes part here."""

import json

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.access import Permission, keys

PAIR = "BTC-USDT"


@pytest.fixture
def trader(traders):
    trader = traders()
    assert trader.login()["code"] == "0"
    return trader


def ask(trader, operation, *args, **more):
    """Ask for something, and return the answer: none, or one."""
    told = trader.hear({"id": "7", "op": operation, "args": list(args), **more})
    return told[0] if told else None


def test_order_is_placed_changed_and_cancelled(trader):
    placed = ask(trader, "order", trader.wanted(clOrdId="a1"))
    assert list(placed) == ["id", "op", "data", "code", "msg", "inTime", "outTime"]
    assert (placed["id"], placed["op"], placed["code"], placed["msg"]) == ("7", "order", "0", "")
    (row,) = placed["data"]
    assert set(row) == {"clOrdId", "ordId", "tag", "sCode", "sMsg", "ts"}
    changed = ask(trader, "amend-order", {"instId": PAIR, "ordId": row["ordId"], "newSz": "0.02", "reqId": "r1"})
    assert (changed["code"], changed["data"][0]["reqId"]) == ("0", "r1")
    assert trader.order(row["ordId"])["sz"] == "0.02"
    cancelled = ask(trader, "cancel-order", {"instId": PAIR, "clOrdId": "a1"})
    assert cancelled["data"][0] == {
        "clOrdId": "a1",
        "ordId": row["ordId"],
        "sCode": "0",
        "sMsg": "",
        "ts": str(trader.now_ms),
    }
    assert trader.order(row["ordId"])["state"] == "canceled"


def test_several_at_once_each_by_itself(trader):
    several = [trader.wanted(clOrdId="a1"), trader.wanted(clOrdId="a2", sz="100")]
    placed = ask(trader, "batch-orders", *several)
    assert (placed["code"], [row["sCode"] for row in placed["data"]]) == ("2", ["0", "51008"])
    names = [{"instId": PAIR, "clOrdId": name} for name in ("a1", "a2")]
    changed = ask(trader, "batch-amend-orders", *(name | {"newSz": "0.02"} for name in names))
    assert [row["sCode"] for row in changed["data"]] == ["0", "51503"]
    cancelled = ask(trader, "batch-cancel-orders", *names)
    assert [row["sCode"] for row in cancelled["data"]] == ["0", "51400"]


def test_refusal_has_the_reason_within(trader):
    refused = ask(trader, "order", trader.wanted(sz="100"))
    assert (refused["code"], refused["msg"]) == ("1", "All operations failed")
    assert refused["data"][0]["sCode"] == "51008"


@pytest.mark.parametrize(
    ("operation", "args", "code"),
    [
        ("order", [], "60013"),
        ("order", [{}, {}], "60013"),
        ("order", ["sell"], "60013"),
        ("order", [{}], "50014"),
        ("batch-orders", [], "50014"),
    ],
)
def test_nonsense_is_refused_as_a_whole(trader, operation, args, code):
    refused = ask(trader, operation, *args)
    assert (refused["code"], refused["data"]) == (code, [])


def test_request_needs_an_id_and_a_login(trader, client_of):
    (refused,) = trader.hear({"op": "order", "args": [trader.wanted()]})
    assert (refused["event"], refused["code"]) == ("error", "60012")
    stranger = client_of(trader.venue, conn=2)
    refused = ask(stranger, "order", trader.wanted())
    assert (refused["event"], refused["code"]) == ("error", "60011")


def test_key_that_may_only_read_places_nothing(trader, client_of):
    key = keys("okx", 5, passphrase=True, number=1)
    trader.venue.key_ring.issue(trader.venue.account, key, permissions=frozenset({Permission.READ}))
    reader = client_of(trader.venue, conn=2, key=key)
    assert reader.login()["code"] == "0"
    assert ask(reader, "order", trader.wanted())["code"] == "50120"
    assert trader.venue.inspection.orders() == []


def test_deadline_is_kept(trader):
    assert ask(trader, "order", trader.wanted(), expTime=str(trader.now_ms - 1))["code"] == "50036"
    assert ask(trader, "order", trader.wanted(), expTime=str(trader.now_ms))["code"] == "0"


def test_faults_of_requests_befall_the_socket_too(trader):
    faults = trader.venue.faults
    faults.arm(Fault(kind=FaultKind.ANSWER_LOST))
    assert ask(trader, "order", trader.wanted(clOrdId="a1")) is None
    assert trader.fetch("GET", "trade/order", {"instId": PAIR, "clOrdId": "a1"})[0]["state"] == "live"
    faults.arm(Fault(kind=FaultKind.SERVER_ERROR, status=502))
    assert ask(trader, "order", trader.wanted())["code"] == "50001"
    faults.arm(Fault(kind=FaultKind.RATE_LIMITED))
    assert ask(trader, "order", trader.wanted())["code"] == "50011"
    faults.arm(Fault(kind=FaultKind.ANSWER_LATE, hold_s=2))
    assert ask(trader, "order", trader.wanted()) is None
    trader.wait(2)
    assert json.loads(trader.texts[-1])["code"] == "0"
