"""An account is told of over the socket as documented. Nothing of our client takes part here."""

import json
from decimal import Decimal

import pytest
from arb_sim.faults import Fault, FaultKind

PAIR = "BTC-USDT"


@pytest.fixture
def trader(traders):
    trader = traders()
    assert trader.login()["code"] == "0"
    return trader


def best_ask(trader):
    (book,) = json.loads(trader.get("/api/v5/market/books", instId=PAIR, sz=1).body)["data"]
    return [Decimal(number) for number in book["asks"][0][:2]]


def events(trader):
    return [row for push in trader.pushed("orders") for row in push["data"]]


def test_subscription_is_acknowledged_and_tells_how_many_follow(trader):
    ack, count = trader.follow("orders", instType="SPOT")
    assert ack == {
        "event": "subscribe",
        "arg": {"channel": "orders", "instType": "SPOT"},
        "connId": ack["connId"],
    }
    assert count == {
        "event": "channel-conn-count",
        "channel": "orders",
        "connCount": "1",
        "connId": ack["connId"],
    }
    assert trader.pushed("orders") == []


@pytest.mark.parametrize(
    ("arg", "code"),
    [({}, "60013"), ({"instType": "SHARES"}, "60013"), ({"instType": "SPOT", "instId": "NO-SUCH"}, "60018")],
)
def test_wrong_argument_is_refused(trader, arg, code):
    (refused,) = trader.follow("orders", **arg)
    assert (refused["event"], refused["code"]) == ("error", code)


def test_channel_for_few_is_refused(trader):
    assert trader.follow("fills")[0]["code"] == "64003"


def test_order_is_told_of_from_beginning_to_end(trader):
    trader.follow("orders", instType="SPOT", instId=PAIR)
    placed = trader.place(clOrdId="a1", tag="arb")
    trader.fetch("POST", "trade/amend-order", body={"instId": PAIR, "clOrdId": "a1", "newSz": "0.02", "reqId": "r1"})
    trader.fetch("POST", "trade/cancel-order", body={"instId": PAIR, "clOrdId": "a1"})
    trader.place(instId="LINK-USDT", sz="1", px="5")  # of another instrument
    told = trader.pushed("orders")
    arg = {"channel": "orders", "instType": "SPOT", "instId": PAIR, "uid": trader.venue.account.uid}
    assert [push["arg"] for push in told] == [arg] * 3
    assert all(set(push) == {"arg", "data"} and len(push["data"]) == 1 for push in told)
    live, changed, ended = events(trader)
    assert {row["ordId"] for row in (live, changed, ended)} == {placed["ordId"]}
    assert [row["state"] for row in (live, changed, ended)] == ["live", "live", "canceled"]
    assert (changed["amendResult"], changed["reqId"], changed["sz"]) == ("0", "r1", "0.02")
    assert (ended["cancelSource"], ended["accFillSz"], ended["fillSz"], ended["tradeId"]) == ("1", "0", "0", "")
    assert (live["clOrdId"], live["tag"], live["code"], live["msg"]) == ("a1", "arb", "0", "")


def test_each_fill_is_an_event_and_the_rest_of_an_ioc_another(trader):
    trader.follow("orders", instType="ANY")
    ask, size = best_ask(trader)
    trader.place(sz=str(size + 1), px=str(ask), ordType="ioc")
    live, filled, ended = events(trader)
    assert [row["state"] for row in (live, filled, ended)] == ["live", "partially_filled", "canceled"]
    assert (Decimal(filled["fillSz"]), Decimal(filled["fillPx"]), filled["execType"]) == (size, ask, "T")
    assert Decimal(filled["fillFee"]) == -size * Decimal("0.001")
    assert (filled["fillFeeCcy"], filled["fee"]) == ("BTC", filled["fillFee"])
    assert (ended["accFillSz"], ended["fillSz"], ended["tradeId"]) == (filled["accFillSz"], "0", "")
    assert ended["cancelSource"] == "14"
    (row,) = trader.fetch("GET", "trade/fills")
    assert row["tradeId"] == filled["tradeId"]


def test_post_only_order_that_would_take_is_told_of_at_its_end_alone(trader):
    trader.follow("orders", instType="SPOT")
    ask, _ = best_ask(trader)
    trader.place(px=str(ask), ordType="post_only")
    (ended,) = events(trader)
    assert (ended["state"], ended["cancelSource"]) == ("canceled", "31")


def test_unsubscribed_channel_is_silent(trader):
    trader.follow("orders", instType="SPOT")
    arg = {"channel": "orders", "instType": "SPOT"}
    (left,) = trader.hear({"op": "unsubscribe", "args": [arg]})
    assert (left["event"], left["arg"]) == ("unsubscribe", arg)
    trader.place()
    assert trader.pushed("orders") == []


def test_balances_are_told_at_the_start_at_each_change_and_every_few_seconds(trader):
    trader.follow("account")
    (first,) = trader.pushed("account")
    assert (first["eventType"], first["curPage"], first["lastPage"]) == ("snapshot", 1, True)
    assert first["arg"] == {"channel": "account", "uid": trader.venue.account.uid}
    assert [row["ccy"] for row in first["data"][0]["details"]] == ["BTC", "USDT", "LINK"]
    trader.place(sz="0.01", px="80000")
    _, change = trader.pushed("account")
    assert change["eventType"] == "event_update"
    (row,) = change["data"][0]["details"]
    assert (row["ccy"], row["frozenBal"], row["ordFrozen"]) == ("USDT", "800", "800")
    assert Decimal(row["availBal"]) + 800 == Decimal(row["cashBal"]) == Decimal(row["eq"])
    trader.wait(10)
    assert [push["eventType"] for push in trader.pushed("account")[2:]] == ["snapshot", "snapshot"]


def test_balances_come_by_event_alone_where_that_is_asked_for(trader):
    trader.follow("account", ccy="BTC", extraParams='{"updateInterval": "0"}')
    trader.wait(20)
    trader.say("ping")
    trader.place()  # holds money of another asset
    ask, _ = best_ask(trader)
    trader.place(sz="0.001", px=str(ask), ordType="ioc")
    first, *changes = trader.pushed("account")
    assert first["eventType"] == "snapshot"
    assert "extraParams" not in first["arg"]
    assert {row["ccy"] for push in changes for row in push["data"][0]["details"]} == {"BTC"}


def test_snapshots_end_with_the_subscription(trader):
    trader.follow("account")
    trader.hear({"op": "unsubscribe", "args": [{"channel": "account"}]})
    trader.wait(20)
    assert len(trader.pushed("account")) == 1


def test_cash_is_told_of_when_it_changes(trader):
    trader.follow("balance_and_position")
    trader.place()  # freezes, and leaves cash as it is
    ask, _ = best_ask(trader)
    trader.place(sz="0.001", px=str(ask), ordType="ioc")
    first, *changes = [push["data"][0] for push in trader.pushed("balance_and_position")]
    assert first["eventType"] == "snapshot"
    assert {row["ccy"] for row in first["balData"]} == {"BTC", "USDT", "LINK"}
    assert {change["eventType"] for change in changes} == {"filled"}
    assert {row["ccy"] for change in changes for row in change["balData"]} == {"BTC", "USDT"}


def test_several_connections_hear_of_one_account(trader, client_of):
    trader.follow("orders", instType="SPOT")
    other = client_of(trader.venue, conn=2)
    other.login()
    _, count = other.follow("orders", instType="SPOT")
    assert count["connCount"] == "2"
    trader.place()
    other.wait(0)
    assert [push["data"][0]["state"] for push in other.pushed("orders")] == ["live"]


def test_private_channels_follow_one_login_and_no_other(trader, client_of):
    stranger = client_of(trader.venue, conn=2)
    (refused,) = stranger.follow("orders", instType="SPOT")
    assert refused["code"] == "60011"
    public = client_of(trader.venue, "/ws/v5/public", conn=3)
    public.login()
    (refused,) = public.follow("orders", instType="SPOT")
    assert refused["code"] == "60018"


def test_private_pushes_are_lost_and_doubled_on_purpose(trader):
    trader.follow("orders", instType="SPOT")
    trader.venue.faults.arm(Fault(kind=FaultKind.DROP, feed="orders"))
    trader.place()
    trader.venue.faults.arm(Fault(kind=FaultKind.DUPLICATE, feed="orders"))
    placed = trader.place()
    assert [row["ordId"] for row in events(trader)] == [placed["ordId"]] * 2


def test_connection_is_cut_between_acknowledgement_and_fill(trader):
    trader.follow("orders", instType="SPOT")
    trader.venue.faults.arm(Fault(kind=FaultKind.DISCONNECT_AFTER_ACK))
    ask, _ = best_ask(trader)
    trader.place(sz="0.001", px=str(ask), ordType="ioc")
    trader.wait(0)
    assert trader.ended is not None
    assert trader.ended.abrupt
    assert events(trader) == []
