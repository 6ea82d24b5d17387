"""What the simulated Gate.io tells of an account over the socket is as documented."""

import json
from decimal import Decimal
from importlib.resources import files

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.likeness import differences

SAMPLES = files("arb_gateio") / "samples"
PAIR = "BTC_USDT"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def best_ask(trader):
    (price, size), *_ = trader.fetch("GET", "/spot/order_book", {"currency_pair": PAIR, "limit": 1})["asks"]
    return Decimal(price), Decimal(size)


def last_frame(trader, channel):
    trader.wait(0)
    told = [json.loads(text) for text in trader.texts]
    return [each for each in told if each.get("event") == "update" and each["channel"] == channel][-1]


def test_subscription_is_acknowledged_like_the_documented_one(trader):
    answer = trader.hear("spot.orders", PAIR, "LINK_USDT")
    added = ["id", "conn_id", "trace_id", "payload"]
    assert differences(sample("ws_spot_orders_subscribe_ack"), answer, added=added) == []
    assert (answer["id"], answer["payload"], answer["result"]) == (7, [PAIR, "LINK_USDT"], {"status": "success"})


@pytest.mark.parametrize(
    ("channel", "name", "added"),
    [
        ("spot.orders", "ws_spot_orders_update", []),
        ("spot.orders_v2", "ws_spot_orders_v2_update", []),
        ("spot.usertrades", "ws_spot_usertrades_update", []),
        ("spot.usertrades_v2", "ws_spot_usertrades_v2_update", []),
        ("spot.balances", "ws_spot_balances_update", []),
    ],
)
def test_push_is_like_the_documented_frame(trader, channel, name, added):
    trader.hear(channel, "!all")
    ask, _ = best_ask(trader)
    trader.place(amount="0.001", price=str(ask), text="t-test")
    shown = last_frame(trader, channel)
    documented = sample(name)
    if "usertrades" in channel:
        documented["result"][0]["text"] = "t-test"  # of an order with a text, as in the simulation
    assert differences(documented, shown, added=added) == []


def test_order_is_told_of_from_its_beginning_to_its_end(trader):
    trader.hear("spot.orders", PAIR)
    ask, size = best_ask(trader)
    rests = trader.place(text="t-rests", price="80000")
    trader.fetch("PATCH", f"/spot/orders/{rests['id']}", body={"currency_pair": PAIR, "price": "81000"})
    trader.fetch("DELETE", f"/spot/orders/{rests['id']}", {"currency_pair": PAIR})
    takes = trader.place(text="t-takes", amount=str(size + 1), price=str(ask), time_in_force="ioc")
    whole = trader.place(text="t-whole", amount="0.001", price=str(ask * 2), time_in_force="fok")
    told = [
        (row["text"], row["event"], row["price"], row["finish_as"], Decimal(row["filled_amount"]))
        for row in trader.pushed("spot.orders")
    ]
    assert told == [
        ("t-rests", "put", "80000", "open", 0),
        ("t-rests", "update", "81000", "open", 0),
        ("t-rests", "finish", "81000", "cancelled", 0),
        ("t-takes", "put", str(ask), "open", 0),
        ("t-takes", "update", str(ask), "open", size),
        ("t-takes", "finish", str(ask), "ioc", size),
        ("t-whole", "put", str(ask * 2), "open", 0),
        ("t-whole", "finish", str(ask * 2), "filled", Decimal("0.001")),
    ]
    ids = {row["text"]: row["id"] for row in trader.pushed("spot.orders")}
    assert ids == {"t-rests": rests["id"], "t-takes": takes["id"], "t-whole": whole["id"]}
    assert {row["user"] for row in trader.pushed("spot.orders")} == {int(trader.venue.account.uid)}


def test_refused_order_is_not_told_of(trader):
    trader.hear("spot.orders", "!all")
    order = {"currency_pair": PAIR, "side": "buy", "amount": "50", "price": "80000"}
    assert trader.denied("POST", "/spot/orders", body=order) == (400, "BALANCE_NOT_ENOUGH")
    assert trader.pushed("spot.orders") == []


def test_fills_bear_the_ids_and_fees_of_rest(trader):
    trader.hear("spot.usertrades", "!all")
    trader.hear("spot.usertrades_v2", PAIR)
    ask, size = best_ask(trader)
    trader.place(amount=str(size * 2), price=str(ask * 2), time_in_force="ioc")
    pushed = trader.pushed("spot.usertrades")
    listed = trader.fetch("GET", "/spot/my_trades", {"currency_pair": PAIR})[::-1]
    assert len(pushed) > 1
    names = ("order_id", "currency_pair", "side", "amount", "role", "price", "fee", "text", "create_time_ms")
    assert [[row[name] for name in names] for row in pushed] == [[row[name] for name in names] for row in listed]
    assert [str(row["id"]) for row in pushed] == [row["id"] for row in listed]
    newer = trader.pushed("spot.usertrades_v2")
    assert [row["id"] for row in newer] == [row["id"] for row in pushed]
    assert not any("fee" in row for row in newer)


def test_balances_are_told_of_movement_by_movement(trader):
    free = trader.venue.account.balances()["USDT"][0]
    trader.hear("spot.balances")
    order = trader.place(amount="0.01", price="80000")
    trader.fetch("DELETE", f"/spot/orders/{order['id']}", {"currency_pair": PAIR})
    ask, _ = best_ask(trader)
    trader.place(amount="0.001", price=str(ask), time_in_force="ioc")
    told = [
        (row["currency"], row["change_type"], Decimal(row["change"]), Decimal(row["freeze_change"]))
        for row in trader.pushed("spot.balances")
    ]
    paid = ask * Decimal("0.001")
    assert told == [
        ("USDT", "order-create", 0, 800),
        ("USDT", "order-update", 0, -800),
        ("USDT", "order-create", 0, paid),
        ("USDT", "order-match", -paid, -paid),
        ("BTC", "order-match", Decimal("0.001"), 0),
        ("BTC", "trade-fee-deduct", Decimal("-0.000002"), 0),
    ]
    first = trader.pushed("spot.balances")[0]
    assert (Decimal(first["total"]), Decimal(first["available"]), Decimal(first["freeze"])) == (free, free - 800, 800)
    for row in trader.pushed("spot.balances"):
        assert Decimal(row["total"]) == Decimal(row["available"]) + Decimal(row["freeze"])


def test_only_the_pairs_asked_for_are_told_of(trader):
    trader.hear("spot.orders", "LINK_USDT")
    trader.place()
    assert trader.pushed("spot.orders") == []
    trader.hear("spot.orders", PAIR)
    trader.place(text="t-heard")
    assert [row["text"] for row in trader.pushed("spot.orders")] == ["t-heard"]
    trader.hear("spot.orders", PAIR, event="unsubscribe")
    trader.place()
    assert len(trader.pushed("spot.orders")) == 1


def test_nothing_is_told_of_another_account(trader):
    venue = trader.venue
    other = venue.trading.accounts.open("77")
    venue.trading.deposit(other, "USDT", Decimal(10_000))
    mine = venue.keys
    trader.key = mine._replace(api_key="other", api_secret="secret")
    venue.key_ring.issue(other, trader.key)
    trader.hear("spot.orders", "!all")
    trader.key = mine
    trader.place()
    assert trader.pushed("spot.orders") == []


@pytest.mark.parametrize(
    ("channel", "payload", "message"),
    [
        ("spot.orders", [PAIR, "NO_SUCH"], "unknown currency pair: NO_SUCH"),
        ("spot.usertrades", [], "invalid argument: payload is empty"),
    ],
)
def test_wrong_subscription_is_refused(trader, channel, payload, message):
    answer = trader.hear(channel, *payload)
    assert (answer["error"], answer["result"]) == ({"code": 2, "message": message}, {"status": "fail"})
    trader.place()
    assert trader.pushed(channel) == []


def test_faults_of_private_channels(trader):
    faults = trader.venue.faults
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert trader.hear("spot.orders", "!all")["error"]["code"] == 3
    trader.hear("spot.orders", "!all")
    faults.arm(Fault(kind=FaultKind.DROP, feed="orders"))
    trader.place(text="t-lost")
    trader.place(text="t-heard")
    assert [row["text"] for row in trader.pushed("spot.orders")] == ["t-heard"]
    faults.arm(Fault(kind=FaultKind.DUPLICATE, feed="private"))
    trader.place(text="t-twice")
    assert [row["text"] for row in trader.pushed("spot.orders")] == ["t-heard", "t-twice", "t-twice"]
