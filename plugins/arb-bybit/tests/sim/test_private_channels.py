"""What the simulated Bybit tells of an account over the socket is as documented."""

import json
from decimal import Decimal
from importlib.resources import files

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.likeness import differences

SAMPLES = files("arb_bybit") / "samples"
OF_PAIR = {"category": "spot", "symbol": "BTCUSDT"}


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def best_ask(trader):
    ((price, size),) = trader.fetch("GET", "/market/orderbook", OF_PAIR)["a"]
    return Decimal(price), Decimal(size)


@pytest.fixture
def trader(traders):
    trader = traders()
    assert trader.login()["success"]
    return trader


def follow(trader, *topics):
    answer = trader.tell("subscribe", *topics, req_id="9")
    assert answer["success"], answer


def test_subscription_is_acknowledged_like_the_documented_one(trader):
    answer = trader.tell("subscribe", "order", "execution", "wallet")
    assert differences(sample("ws_private_ack"), answer) == []
    assert (answer["ret_msg"], answer["success"]) == ("", True)
    pong = trader.tell("ping", req_id="test")
    assert differences(sample("ws_private_pong"), pong) == []
    assert pong == {"req_id": "test", "op": "pong", "args": [str(trader.venue.now_ms)], "conn_id": pong["conn_id"]}


def test_order_is_told_like_a_question_shows_it(trader):
    follow(trader, "order")
    ask, _ = best_ask(trader)
    order = trader.place(qty="0.001", price=str(ask), orderLinkId="mine")
    *_, last = trader.pushed("order")
    more = {"category": "spot", "isLeverage": "0", "feeCurrency": "BTC", "closedPnl": "0"}
    assert last == order | more
    assert set(trader.frames("order")[0]) == {"id", "topic", "creationTime", "data"}
    documented = sample("ws_order_spot")["data"][0]
    assert not set(documented) - set(last)
    assert differences(documented, last, added=set(last)) == []


def test_push_of_a_fill_is_like_the_documented_one(trader):
    follow(trader, "execution.spot")
    ask, _ = best_ask(trader)
    trader.place(qty="0.001", price=str(ask), orderLinkId="mine")
    (shown,) = trader.frames("execution.spot")
    documented = sample("ws_execution_spot")["data"][0] | {"orderLinkId": "mine"}
    assert differences(documented, shown["data"][0], added=set(shown["data"][0])) == []
    assert isinstance(shown["creationTime"], int)


def test_order_is_told_of_from_its_beginning_to_its_end(trader):
    follow(trader, "order.spot")
    ask, size = best_ask(trader)
    rests = trader.place(orderLinkId="rests")
    named = {**OF_PAIR, "orderId": rests["orderId"]}
    trader.fetch("POST", "/order/amend", body={**named, "price": "81000"})
    trader.fetch("POST", "/order/cancel", body=named)
    trader.place(orderLinkId="takes", qty=str(size + 1), price=str(ask), timeInForce="IOC")
    trader.place(orderLinkId="whole", qty="0.001", price=str(ask + 50), timeInForce="FOK")
    trader.place(orderLinkId="post", price=str(ask + 50), timeInForce="PostOnly")
    told = [
        (row["orderLinkId"], row["orderStatus"], row["cancelType"], row["rejectReason"], Decimal(row["cumExecQty"]))
        for row in trader.pushed("order.spot")
    ]
    nothing = ("UNKNOWN", "EC_NoError")
    assert told == [
        ("rests", "New", *nothing, 0),
        ("rests", "New", *nothing, 0),
        ("rests", "Cancelled", "CancelByUser", "EC_PerCancelRequest", 0),
        ("takes", "New", *nothing, 0),
        ("takes", "PartiallyFilled", *nothing, size),
        ("takes", "PartiallyFilledCanceled", "UNKNOWN", "EC_NoImmediateQtyToFill", size),
        ("whole", "New", *nothing, 0),
        ("whole", "Filled", *nothing, Decimal("0.001")),
        ("post", "New", *nothing, 0),
        ("post", "Cancelled", "UNKNOWN", "EC_PostOnlyWillTakeLiquidity", 0),
    ]


def test_refused_order_is_not_told_of(trader):
    follow(trader, "order", "wallet")
    assert trader.denied("POST", "/order/create", body=trader.wanted(qty="20")) == 170131
    assert trader.pushed("order") == trader.pushed("wallet") == []


def test_fills_are_those_that_a_question_shows(trader):
    follow(trader, "execution", "execution.fast")
    ask, size = best_ask(trader)
    trader.place(qty=str(size * 2), price=str(ask + 50), timeInForce="IOC")
    pushed = trader.pushed("execution")
    listed = trader.listed("/execution/list")[::-1]
    assert len(pushed) > 1
    more = {"category": "spot", "isLeverage": "0", "marketUnit": ""}
    assert pushed == [row | more for row in listed]
    assert Decimal(pushed[-1]["leavesQty"]) == 0
    quick = trader.pushed("execution.fast")
    assert [row["execId"] for row in quick] == [row["execId"] for row in pushed]
    assert set(quick[0]) == {
        *("category", "symbol", "execId", "execPrice", "execQty", "orderId", "orderLinkId", "side", "execTime"),
        *("isMaker", "seq"),
    }


def test_balances_are_told_of_as_they_change(trader):
    total, _ = trader.venue.account.balances()["USDT"]
    follow(trader, "wallet")
    assert trader.pushed("wallet") == []
    order = trader.place()
    trader.fetch("POST", "/order/cancel", body={**OF_PAIR, "orderId": order["orderId"]})
    ask, _ = best_ask(trader)
    trader.place(qty="0.001", price=str(ask), timeInForce="IOC")
    rows = trader.pushed("wallet")
    documented = sample("ws_wallet")["data"][0]
    documented["coin"][0]["availableToWithdraw"] = ""  # as it is said today
    assert differences(documented, rows[-1]) == []
    told = [
        (coin["coin"], Decimal(coin["walletBalance"]), Decimal(coin["locked"])) for row in rows for coin in row["coin"]
    ]
    paid = ask * Decimal("0.001")
    base = trader.venue.account.balances()["BTC"][0]
    assert told == [
        ("USDT", total, 800),
        ("USDT", total, 0),
        ("USDT", total, paid),
        ("USDT", total - paid, 0),
        ("BTC", base, 0),
    ]


def test_other_categories_say_nothing(trader):
    follow(trader, "order.linear", "execution.linear")
    trader.place()
    assert trader.pushed("order.linear") == []


def test_unsubscribed_topic_is_silent(trader):
    follow(trader, "order")
    trader.place(orderLinkId="heard")
    assert trader.tell("unsubscribe", "order")["success"]
    trader.place()
    assert [row["orderLinkId"] for row in trader.pushed("order")] == ["heard"]


def test_nothing_is_told_of_another_account(trader):
    venue = trader.venue
    mine = trader.key
    trader.key = mine._replace(api_key="other", api_secret="secret")
    venue.key_ring.issue(venue.trading.accounts.open("77"), trader.key)
    other = type(trader)(venue, conn=2, key=trader.key)
    assert other.login()["success"]
    follow(other, "order", "wallet")
    trader.key = mine
    trader.place()
    assert other.pushed("order") == other.pushed("wallet") == []


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ([], "error:args is empty"),
        (["position"], "error:handler not found,topic:position"),
        (["order.spot", "order"], "error:topics of all categories and of one must not be mixed,topic:order"),
        (["wallet.spot"], "error:handler not found,topic:wallet.spot"),
        (["order", "nothing"], "error:handler not found,topic:nothing"),
    ],
)
def test_wrong_subscription_is_refused(trader, topics, message):
    answer = trader.tell("subscribe", *topics)
    assert (answer["success"], answer["ret_msg"]) == (False, message)
    trader.place()
    assert trader.pushed("order") == []


def test_faults_of_private_channels(trader):
    faults = trader.venue.faults
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert trader.tell("subscribe", "order")["success"] is False
    follow(trader, "order")
    faults.arm(Fault(kind=FaultKind.DROP, feed="orders"))
    trader.place(orderLinkId="lost")
    trader.place(orderLinkId="heard")
    assert [row["orderLinkId"] for row in trader.pushed("order")] == ["heard"]
    faults.arm(Fault(kind=FaultKind.DUPLICATE, feed="private"))
    trader.place(orderLinkId="twice")
    assert [row["orderLinkId"] for row in trader.pushed("order")] == ["heard", "twice", "twice"]
