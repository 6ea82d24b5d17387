"""The private channels of the simulated Kraken: what is pushed about an account, and in which order."""

import json
from importlib.resources import files

import pytest
from arb_sim.likeness import differences

SAMPLES = files("arb_kraken") / "samples"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def listening(trader):
    token = trader.fetch("GetWebSocketsToken")["token"]
    answer, snapshot = trader.tell("subscribe", channel="executions", token=token)
    assert differences(sample("ws_executions_ack"), answer, added=["req_id"]) == []
    assert (snapshot["type"], snapshot["data"], snapshot["sequence"]) == ("snapshot", [], 1)
    return trader


def test_an_order_is_told_whole_and_then_by_its_ids(listening):
    txid = listening.place(cl_ord_id="mine")
    pending, new = listening.pushed("executions")
    theirs = sample("ws_executions_pending_new")["data"][0]
    assert differences(theirs, pending, absent=["order_userref"], added=["cl_ord_id"]) == []
    assert (pending["exec_type"], pending["order_status"], pending["time_in_force"]) == (
        "pending_new",
        "pending_new",
        "GTC",
    )
    assert new.keys() == {"timestamp", "order_status", "exec_type", "cl_ord_id", "order_id"}
    assert (new["order_id"], new["exec_type"]) == (txid, "new")


def test_the_end_of_a_cancelled_order_names_neither_pair_nor_side(listening):
    txid = listening.place()
    listening.fetch("CancelOrder", txid=txid)
    ended = listening.pushed("executions")[-1]
    assert differences(sample("ws_executions_canceled")["data"][0], ended) == []
    assert (ended["order_id"], ended["reason"]) == (txid, "User requested")


def test_the_last_fill_is_one_of_several_and_the_end_an_event_of_its_own(listening):
    listening.place(price="100000")
    kinds = [(each["exec_type"], each["order_status"]) for each in listening.pushed("executions")]
    assert kinds[:2] == [("pending_new", "pending_new"), ("new", "new")]
    assert set(kinds[2:-1]) == {("trade", "partially_filled")}
    assert kinds[-1] == ("filled", "filled")
    trade = listening.pushed("executions")[2]
    theirs = sample("ws_executions_trade")["data"][0]
    assert differences(theirs, trade, added=["cum_qty", "cum_cost", "avg_price"]) == []
    (known,) = {trade["exec_id"]} & set(listening.fetch("TradesHistory")["trades"])
    assert known == trade["exec_id"]


def test_messages_are_numbered_by_connection(listening):
    listening.place()
    listening.place()
    told = [json.loads(text) for text in listening.texts]
    numbers = [each["sequence"] for each in told if each.get("channel") == "executions"]
    listening.wait(0)
    assert numbers == list(range(1, len(numbers) + 1))


def test_open_orders_come_first(trader):
    txid = trader.place()
    token = trader.fetch("GetWebSocketsToken")["token"]
    _, snapshot = trader.tell("subscribe", channel="executions", token=token)
    (standing,) = snapshot["data"]
    assert (standing["order_id"], standing["symbol"], standing["order_status"]) == (txid, "BTC/USDT", "new")


def test_who_subscribes_twice_is_told_so(listening):
    token = listening.fetch("GetWebSocketsToken")["token"]
    (again,) = listening.tell("subscribe", channel="executions", token=token)
    assert (again["success"], again["error"]) == (False, "Already subscribed")


def test_the_ledger_tells_totals_and_not_what_orders_hold(trader):
    token = trader.fetch("GetWebSocketsToken")["token"]
    _, snapshot = trader.tell("subscribe", channel="balances", token=token)
    assert {row["asset"] for row in snapshot["data"]} == {"BTC", "LINK", "USDT"}
    trader.place()
    assert trader.pushed("balances") == []
    trader.place(price="100000")
    assert {row["asset"] for row in trader.pushed("balances")} == {"BTC", "USDT"}
