"""What the simulated KuCoin tells of an account over the socket is as documented. Nothing of our client takes part."""

import json
from decimal import Decimal
from importlib.resources import files

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.accounts import Reason
from arb_sim.likeness import differences
from arb_sim.venue import Close

SAMPLES = files("arb_kucoin") / "samples"
PAIR = "BTC-USDT"
V1, V2, BALANCE = "/spotMarket/tradeOrders", "/spotMarket/tradeOrdersV2", "/account/balance"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def listener(trader):
    """Hears everything of the trader's account."""
    listener = trader.connect(private=True, conn=2)
    for topic in (V1, V2, BALANCE):
        assert listener.hear(topic, privateChannel=True)["type"] == "ack"
    return listener


def known(push):
    """Users of the simulation have numbers."""
    return push | {"userId": "4711"}


def events(listener, topic=V2):
    return [(push["data"]["type"], push["data"]["status"]) for push in listener.pushed(topic)]


def lots(trader, levels, side="asks"):
    market = trader.venue.by_pair[PAIR]
    return sum(size for _, size in getattr(market.book, side).top(levels)) * market.listing.lot


# Orders


def test_events_are_like_the_documented_ones(trader, listener):
    bid, _ = trader.best()
    trader.place(clientOid="5c52e11203aa677f33e493fb")
    trader.place(type="market", price=None, size="0.0001", clientOid="5c52e11203aa677f33e493fc")
    trader.place(side="sell", price=str(bid), size="0.0001", clientOid="1593487481000313")
    told = {(push["data"]["type"], push["data"]["orderType"]): push for push in listener.pushed(V2)}
    assert not differences(known(sample("ws_order_open")), told["open", "limit"])
    assert not differences(known(sample("ws_order_received")), told["received", "market"])
    # The example is older: with amounts of funds beside those of size, and another kind of trade id.
    older = differences(
        sample("ws_order_match"), told["match", "limit"], absent=["canceledFunds", "originFunds"], added=["userId"]
    )
    assert [text.split(":")[0] for text in older] == [".data.tradeId"]


def test_resting_order_is_received_opened_and_canceled(trader, listener):
    order_id = trader.place(clientOid="rests")
    listener.wait(1)
    trader.fetch("DELETE", f"/api/v1/hf/orders/{order_id}", {"symbol": PAIR})
    assert events(listener) == [("received", "new"), ("open", "open"), ("canceled", "done")]
    assert events(listener, V1) == [("open", "open"), ("canceled", "done")]
    received, opened, canceled = [push["data"] for push in listener.pushed(V2)]
    assert {"size", "filledSize", "remainSize"}.isdisjoint(received)
    assert (opened["size"], opened["remainSize"], opened["canceledSize"]) == ("0.001", "0.001", "0")
    assert (canceled["filledSize"], canceled["remainSize"], canceled["canceledSize"]) == ("0", "0", "0.001")
    for data in (received, opened, canceled):
        assert (data["orderId"], data["clientOid"], data["price"], data["originSize"]) == (
            order_id,
            "rests",
            "80000",
            "0.001",
        )
    assert canceled["ts"] - received["ts"] == 10**9
    assert canceled["orderTime"] == received["orderTime"] == received["ts"] // 10**6


def test_order_that_takes_and_then_rests_is_opened_after_its_matches(trader, listener):
    size = lots(trader, 2)
    market = trader.venue.by_pair[PAIR]
    second = market.book.asks.at(1) * market.listing.tick
    trader.place(size=str(size + Decimal("0.0001")), price=str(second))
    assert events(listener) == [("received", "new"), ("match", "match"), ("match", "match"), ("open", "open")]
    opened = listener.pushed(V2)[-1]["data"]
    assert (Decimal(opened["filledSize"]), opened["remainSize"]) == (size, "0.0001")
    matches = [push["data"] for push in listener.pushed(V2)[1:3]]
    assert sum(Decimal(data["matchSize"]) for data in matches) == size
    assert [Decimal(data["filledSize"]) for data in matches][-1] == size
    assert {data["feeType"] for data in matches} == {"takerFee"}
    fills = trader.fetch("GET", "/api/v1/hf/fills", {"symbol": PAIR})["items"]
    assert {str(fill["tradeId"]) for fill in fills} == {data["tradeId"] for data in matches}


def test_order_that_is_filled_ends_with_an_event_of_its_own(trader, listener):
    _, ask = trader.best()
    trader.place(size="0.0001", price=str(ask))
    assert events(listener) == [("received", "new"), ("match", "match"), ("filled", "done")]
    assert "matchPrice" not in listener.pushed(V2)[-1]["data"]


def test_maker_is_matched_while_it_is_open(trader, listener):
    bid, _ = trader.best()
    trader.place(price=str(bid), size="0.001")
    market = trader.venue.by_pair[PAIR]
    stands = market.book.bids.top(1)[0][1]
    price = round(bid / market.listing.tick)
    market.trade(price, stands - 1, trader.venue.timeline.now_ns, taker_buys=False)
    market.trade(price, stands, trader.venue.timeline.now_ns, taker_buys=False)
    told = events(listener)
    assert told[:2] == [("received", "new"), ("open", "open")]
    assert told[2:] == [("match", "open")] * (len(told) - 3) + [("filled", "done")]
    assert {push["data"]["liquidity"] for push in listener.pushed(V2) if "liquidity" in push["data"]} == {"maker"}


@pytest.mark.parametrize(
    ("changed", "last"),
    [
        ({"timeInForce": "IOC"}, ("canceled", "done")),
        ({"timeInForce": "FOK"}, ("canceled", "done")),
        ({"postOnly": True, "price": "91300"}, ("canceled", "done")),
    ],
)
def test_order_that_ends_at_once_is_never_open(trader, listener, changed, last):
    trader.place(**changed)
    assert events(listener) == [("received", "new"), last]
    assert listener.pushed(V2)[-1]["data"]["canceledSize"] == "0.001"


def test_market_order_by_funds_counts_funds(trader, listener):
    trader.place(type="market", price=None, size=None, funds="50")
    first, *matches, last = [push["data"] for push in listener.pushed(V2)]
    assert first["originFunds"] == "50"
    assert {"originSize", "price"}.isdisjoint(first)
    assert all({"size", "remainSize"}.isdisjoint(data) for data in matches)
    spent = sum(Decimal(data["matchPrice"]) * Decimal(data["matchSize"]) for data in matches)
    assert Decimal(last["filledSize"]) == sum(Decimal(data["matchSize"]) for data in matches)
    assert (last["type"], last["canceledFunds"], Decimal(last["remainFunds"])) == ("filled", "0", 50 - spent)


# Balances


def test_balances_are_told_after_each_movement(trader, listener):
    order_id = trader.place(size="0.001")
    trader.fetch("DELETE", f"/api/v1/hf/orders/{order_id}", {"symbol": PAIR})
    held, freed = listener.pushed(BALANCE)
    assert not differences(known(sample("ws_balance")), held)
    assert (held["data"]["relationEvent"], held["data"]["holdChange"]) == ("trade.hold", "80.08")
    assert (held["data"]["availableChange"], held["data"]["hold"]) == ("-80.08", "80.08")
    assert held["data"]["relationContext"] == {"symbol": PAIR, "orderId": order_id}
    assert (freed["data"]["relationEvent"], freed["data"]["holdChange"]) == ("trade.hold", "-80.08")
    for push in (held, freed):
        assert Decimal(push["data"]["total"]) == Decimal(push["data"]["available"]) + Decimal(push["data"]["hold"])


def test_trades_settle_both_assets_and_the_fee(trader, listener):
    _, ask = trader.best()
    trader.place(size="0.0001", price=str(ask))
    settled = [push["data"] for push in listener.pushed(BALANCE) if push["data"]["relationEvent"] == "trade.setted"]
    assert [data["currency"] for data in settled] == ["USDT", "BTC", "USDT"]
    assert all(data["relationContext"]["tradeId"].isdecimal() for data in settled)
    rows = {row["currency"]: row for row in trader.fetch("GET", "/api/v1/accounts", {"type": "trade"})}
    for data in settled[1:]:
        row = rows[data["currency"]]
        assert (data["available"], data["hold"], data["total"]) == (row["available"], row["holds"], row["balance"])
        assert data["accountId"] == row["id"]


def test_money_that_comes_from_outside_is_a_transfer(trader, listener):
    trader.venue.trading.deposit(trader.venue.account, "BTC", Decimal(1), reason=Reason.DEPOSIT)
    (push,) = listener.pushed(BALANCE)
    assert (push["data"]["relationEvent"], push["data"]["relationContext"]) == ("trade.transfer", {})


# Connections


def test_other_accounts_are_not_heard_of(trader, listener):
    stranger = trader.venue.trading.accounts.open("4711")
    trader.venue.trading.deposit(stranger, "BTC", Decimal(1))
    assert listener.pushed(BALANCE) == []


@pytest.mark.parametrize("topic", [V1, V2, BALANCE, "/spotMarket/advancedOrders"])
def test_private_topics_ask_for_a_signed_token_and_the_word_private(trader, topic):
    assert trader.connect(conn=3).hear(topic, privateChannel=True)["code"] == 403
    assert trader.connect(private=True, conn=4).hear(topic)["code"] == 406


def test_public_topics_are_open_to_a_private_connection(trader, listener):
    assert listener.hear(f"/market/level2:{PAIR}")["type"] == "ack"


def test_stop_orders_are_followed_in_silence(trader, listener):
    assert listener.hear("/spotMarket/advancedOrders", privateChannel=True)["type"] == "ack"
    trader.place()
    assert listener.pushed("/spotMarket/advancedOrders") == []


def test_unsubscribed_topic_is_silent(trader, listener):
    assert listener.hear(BALANCE, "unsubscribe", privateChannel=True)["type"] == "ack"
    trader.place()
    assert listener.pushed(BALANCE) == []
    assert len(listener.pushed(V2)) == 2


def test_token_that_is_lost_ends_the_connection(trader, listener):
    trader.venue.faults.arm(Fault(kind=FaultKind.TICKET_EXPIRED, feed="private"))
    listener.wait(0)
    assert (listener.told[-1]["code"], listener.told[-1]["data"]) == (401, "token is expired")
    assert listener.ended == Close(1000, "")


def test_subscription_may_be_ignored_or_refused(trader):
    client = trader.connect(private=True)
    frame = {"id": "1", "type": "subscribe", "topic": V2, "privateChannel": True, "response": True}
    trader.venue.faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_IGNORED))
    assert client.say(json.dumps(frame)) == []
    trader.venue.faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    (answer,) = client.say(json.dumps(frame))
    assert json.loads(str(answer))["code"] == 404
