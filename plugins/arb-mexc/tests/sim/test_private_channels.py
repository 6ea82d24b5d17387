"""What the simulated MEXC tells of an account over the socket is as documented."""

import json
from decimal import Decimal
from importlib.resources import files

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.likeness import differences
from arb_sim.venue import Close

SAMPLES = files("arb_mexc") / "samples"
VECTORS = {vector["name"]: vector for vector in json.loads((SAMPLES / "pb_vectors.json").read_text("utf-8"))}
PAIR = "BTCUSDT"
ALL = ("orders", "deals", "account")
HOUR = 3600


def bodies(listener, name):
    return [push[name] for push in listener.pushed() if name in push]


def test_push_of_an_order_is_like_the_documented_frame(trader):
    listener = trader.listen("orders")
    trader.place(newClientOrderId="my-order-1")
    (shown,) = listener.pushed()
    assert differences(VECTORS["private_orders_limit_new"]["message"], shown) == []
    trader.place(type="MARKET", side="SELL", price=None, quantity="0.0001")
    shown = listener.pushed()[-1]
    # The example is of an order without a client id, in base.
    assert differences(VECTORS["private_orders_market_sell_filled"]["message"], shown) == []
    assert shown["privateOrders"]["status"] == 2


def test_pushes_of_fills_and_balances_are_like_the_documented_frames(trader):
    listener = trader.listen("deals", "account")
    trader.place(type="MARKET", side="SELL", price=None, quantity="0.0001")
    deal = next(push for push in listener.pushed() if "privateDeals" in push)
    assert differences(VECTORS["private_deals"]["message"], deal) == []
    moved = [push for push in listener.pushed() if "privateAccount" in push]
    for push in moved:
        assert differences(VECTORS["private_account_entrust_place"]["message"], push) == []
    assert [push["privateAccount"]["type"] for push in moved] == ["ENTRUST_PLACE", "ENTRUST", "ENTRUST", "TRADE_FEE"]


def test_order_is_told_of_from_its_beginning_to_its_end(trader):
    listener = trader.listen(*ALL)
    bid, _ = trader.best()
    price = bid + Decimal("0.01")
    placed = trader.place(price=price, newClientOrderId="a")
    market = trader.venue.by_pair[PAIR]
    market.trade(
        round(price / market.listing.tick), 4_000, trader.venue.timeline.now_ns, taker_buys=False
    )  # of 10 000 lots
    trader.fetch("DELETE", "order", symbol=PAIR, orderId=placed["orderId"])
    orders = bodies(listener, "privateOrders")
    assert {(order["id"], order["clientId"]) for order in orders} == {(placed["orderId"], "a")}
    assert [(order["status"], order["cumulativeQuantity"], order["remainQuantity"]) for order in orders] == [
        (1, "0", "0.01"),
        (3, "0.004", "0.006"),
        (5, "0.004", "0.006"),
    ]
    assert [order.get("lastDealQuantity") for order in orders] == [None, "0.004", None]
    assert Decimal(orders[1]["cumulativeAmount"]) == price * Decimal("0.004")
    assert Decimal(orders[1]["avgPrice"]) == price
    (deal,) = bodies(listener, "privateDeals")
    (fill,) = trader.fetch("GET", "myTrades", symbol=PAIR)
    assert (deal["tradeId"], deal["feeAmount"], deal["isMaker"]) == (fill["id"], fill["commission"], True)
    moved = bodies(listener, "privateAccount")
    assert [move["type"] for move in moved] == ["ENTRUST_PLACE", "ENTRUST", "ENTRUST", "ENTRUST_CANCEL"]
    held = trader.venue.inspection.balances()["USDT"]
    assert (Decimal(moved[-1]["balanceAmount"]), Decimal(moved[-1]["frozenAmount"])) == (held.free, held.locked)


def test_every_end_and_every_type_has_its_number(trader):
    listener = trader.listen("orders")
    bid, ask = trader.best()
    trader.place(type="LIMIT_MAKER", price=ask + 1, newClientOrderId="maker")
    trader.place(type="IMMEDIATE_OR_CANCEL", price=bid, newClientOrderId="ioc")
    trader.place(type="FILL_OR_KILL", price=ask + 1, quantity="0.0001", newClientOrderId="fok")
    trader.place(type="MARKET", price=None, quantity=None, quoteOrderQty="20", newClientOrderId="market")
    last = {order["clientId"]: order for order in bodies(listener, "privateOrders")}
    assert {name: (order["orderType"], order["status"]) for name, order in last.items()} == {
        "maker": (2, 4),
        "ioc": (3, 4),
        "fok": (4, 2),
        "market": (5, 2),
    }
    market = last["market"]
    assert (market["amount"], market["remainQuantity"]) == ("20", "0")
    assert Decimal(market["price"]) > ask


def test_private_channels_need_a_listen_key(trader):
    stranger = type(trader)(trader.venue, "/ws", conn=2)
    frame = {"method": "SUBSCRIPTION", "params": ["spot@private.orders.v3.api.pb"]}
    (answer,) = stranger.say(json.dumps(frame))
    assert "Blocked" in json.loads(answer)["msg"]


def test_one_socket_carries_public_and_private_channels(trader):
    listener = trader.listen("orders")
    listener.say('{"method":"SUBSCRIPTION","params":["spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"]}')
    trader.place()
    listener.wait(1)
    names = {name for push in listener.pushed() for name in push}
    assert {"privateOrders", "publicAggreDepths"} <= names  # the order is in the public book, too


# Listen keys


def keep_alive(listener, seconds):
    for _ in range(int(seconds // 50)):
        listener.wait(50)
        listener.say('{"method":"PING"}')


def test_bad_listen_key_is_told_and_the_connection_closed(trader):
    for query in ("listenKey=nonsense", "listenKey="):
        client = type(trader)(trader.venue, f"/ws?{query}", conn=7)
        assert client.refused is None
        client.wait(0)
        assert json.loads(client.texts[0])["msg"] == "Invalid listen key"
        assert client.ended == Close(1000, "")


def test_listen_key_lasts_an_hour_from_its_last_extension(trader):
    listener = trader.listen("orders")
    (key,) = trader.fetch("GET", "userDataStream")["listenKey"]
    keep_alive(listener, HOUR - 100)
    trader.fetch("PUT", "userDataStream", listenKey=key)
    keep_alive(listener, HOUR - 100)
    assert listener.ended is None
    keep_alive(listener, 200)
    assert listener.ended == Close(1000, "")
    assert trader.denied("PUT", "userDataStream", listenKey=key) == "730708"


def test_listen_key_that_is_extended_too_often_is_refused(trader):
    key = trader.fetch("POST", "userDataStream")["listenKey"]
    trader.fetch("PUT", "userDataStream", listenKey=key)
    assert trader.denied("PUT", "userDataStream", listenKey=key) == "730708"
    trader.wait(61)
    trader.fetch("PUT", "userDataStream", listenKey=key)


def test_closed_listen_key_takes_its_connections_along(trader):
    listener = trader.listen("orders")
    (key,) = trader.fetch("GET", "userDataStream")["listenKey"]
    trader.fetch("DELETE", "userDataStream", listenKey=key)
    listener.wait(0)
    assert listener.ended == Close(1000, "")


def test_lost_listen_key_is_a_fault(trader):
    listener = trader.listen("orders")
    trader.venue.faults.arm(Fault(kind=FaultKind.TICKET_EXPIRED))
    listener.wait(0)
    assert listener.ended == Close(1000, "")
    assert trader.fetch("GET", "userDataStream") == {"listenKey": []}
    assert trader.venue.faults.counts == {FaultKind.TICKET_EXPIRED: 1}


def test_sixty_keys_and_five_connections_each(trader):
    keys = [trader.fetch("POST", "userDataStream")["listenKey"] for _ in range(60)]
    assert len(set(keys)) == 60
    assert trader.denied("POST", "userDataStream") == "730708"
    clients = [type(trader)(trader.venue, f"/ws?listenKey={keys[0]}", conn=number) for number in range(10, 16)]
    clients[0].wait(0)
    assert [client.ended for client in clients[:5]] == [None] * 5
    answer = clients[5].venue.socket(15, '{"method":"PING"}', trader.venue.timeline.now_ns)
    assert answer == []  # it was turned away


# Faults


@pytest.mark.parametrize("feed", ["orders", "fills", "balances"])
def test_private_push_is_lost(trader, feed):
    names = {"orders": "privateOrders", "fills": "privateDeals", "balances": "privateAccount"}
    listener = trader.listen(*ALL)
    trader.venue.faults.arm(Fault(kind=FaultKind.DROP, feed=feed))
    trader.place(type="MARKET", side="SELL", price=None, quantity="0.0001")
    counted = {name: len(bodies(listener, name)) for name in names.values()}
    whole = {"privateOrders": 2, "privateDeals": 1, "privateAccount": 4}
    lost = {name: whole[name] - counted[name] for name in whole}
    assert lost.pop(names[feed]) >= 1
    assert set(lost.values()) == {0}
    assert trader.venue.faults.counts == {FaultKind.DROP: 1}


def test_connection_is_cut_between_acknowledgement_and_fill(trader):
    listener = trader.listen(*ALL)
    trader.venue.faults.arm(Fault(kind=FaultKind.DISCONNECT_AFTER_ACK))
    placed = trader.place(type="MARKET", side="SELL", price=None, quantity="0.0001")
    assert listener.pushed() == []
    assert listener.ended == Close(1006)
    assert trader.fetch("GET", "order", symbol=PAIR, orderId=placed["orderId"])["status"] == "FILLED"
