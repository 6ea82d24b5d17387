"""Orders and money on the simulated MEXC are as documented. Nothing of our client takes part here."""

import json
from decimal import Decimal
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.market import Status
from arb_sim.kernel.orders import Why
from arb_sim.likeness import differences

SAMPLES = files("arb_mexc") / "samples"
PAIR = "BTCUSDT"
DAY_MS = 86_400_000
LATER = ["stpMode", "cancelReason", "icebergQty", "origQuoteOrderQty"]
"""Fields of an order that are younger than some of the examples."""
TEXT = {"orderId": "C02__505979017439002624115"}
"""In the examples ids are numbers; live ones are texts."""


def sample(name: str) -> Any:
    found = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    for row in found if isinstance(found, list) else [found]:
        if isinstance(row.get("orderId"), int):
            row.update(TEXT)
        row.update(dict.fromkeys({"stopPrice", "icebergQty"} & row.keys()))  # null where there is none
    return found


def order(trader, placed):
    return trader.fetch("GET", "order", symbol=PAIR, orderId=placed["orderId"])


def balances(trader):
    rows = trader.fetch("GET", "account")["balances"]
    return {row["asset"]: (Decimal(row["free"]), Decimal(row["locked"])) for row in rows}


def truth(trader):
    return {asset: (held.free, held.locked) for asset, held in trader.venue.inspection.balances().items()}


def street(trader, price, size, *, taker_buys=False):
    """Somebody else takes so much at a price."""
    market = trader.venue.by_pair[PAIR]
    scale, now_ns = market.listing, trader.venue.timeline.now_ns
    market.trade(round(price / scale.tick), round(size / scale.lot), now_ns, taker_buys=taker_buys)


# Shapes


def test_answers_about_orders_are_like_the_documented_ones(trader):
    placed = trader.place(newClientOrderId="myOrder1")
    assert differences(sample("rest_new_order"), placed, added=["stpMode"]) == []
    single = sample("rest_query_order")
    single["origQty"] = single.pop("Qty")  # the example's slip
    assert differences(single, order(trader, placed), added=LATER) == []
    listed = trader.fetch("GET", "openOrders", symbol=PAIR)
    assert differences(sample("rest_open_orders"), listed, added=LATER) == []
    listed = trader.fetch("GET", "allOrders", symbol=PAIR)
    assert differences(sample("rest_all_orders"), listed, added=LATER) == []
    ended = trader.fetch("DELETE", "order", symbol=PAIR, orderId=placed["orderId"], newClientOrderId="cancelMyOrder1")
    assert differences(sample("rest_cancel_order"), ended) == []
    assert (ended["origClientOrderId"], ended["clientOrderId"]) == ("myOrder1", "cancelMyOrder1")
    trader.place(newClientOrderId="myOrder2")
    ended = trader.fetch("DELETE", "openOrders", symbol=f"{PAIR},LINKUSDT")
    assert differences(sample("rest_cancel_open_orders"), ended) == []
    trader.place(newClientOrderId="myOrder3")
    done = trader.fetch("DELETE", "order/all")
    assert (done["code"], done["msg"], trader.venue.inspection.open_orders()) == (200, "success", [])
    assert trader.fetch("POST", "order/test", symbol=PAIR, side="BUY", type="LIMIT", quantity=1, price=80000) == {}


def test_a_cancelled_order_without_a_name_has_none(trader):
    placed = trader.place()
    assert "origClientOrderId" not in trader.fetch("DELETE", "order", symbol=PAIR, orderId=placed["orderId"])


def test_answers_about_money_are_like_the_documented_ones(trader):
    trader.place(type="MARKET", side="SELL", price=None)
    commissions = ["makerCommission", "takerCommission", "buyerCommission", "sellerCommission"]
    assert differences(sample("rest_account"), trader.fetch("GET", "account"), added=commissions) == []
    assert differences(sample("rest_trade_fee"), trader.fetch("GET", "tradeFee", symbol=PAIR)) == []
    assert differences(sample("rest_my_trades"), trader.fetch("GET", "myTrades", symbol=PAIR)) == []
    documented = sample("rest_capital_config")
    chain = documented[0]["networkList"][0]
    chain["Name"] = chain.pop("name")  # the documentation has a capital N
    shown = trader.fetch("GET", "capital/config/getall")
    linked = next(row for row in shown if row["coin"] == "LINK")
    assert differences(documented[0], linked) == []
    assert trader.fetch("GET", "selfSymbols") == {"code": 200, "data": [PAIR, "LINKUSDT"], "msg": None}


def test_answers_about_listen_keys_are_like_the_documented_ones(trader):
    created = trader.fetch("POST", "userDataStream")
    assert differences(sample("rest_listen_key_create"), created) == []
    assert len(created["listenKey"]) == len(sample("rest_listen_key_create")["listenKey"])
    assert differences(sample("rest_listen_key_extend"), trader.fetch("PUT", "userDataStream", **created)) == []
    assert trader.fetch("GET", "userDataStream") == {"listenKey": [created["listenKey"]]}
    assert differences(sample("rest_listen_key_close"), trader.fetch("DELETE", "userDataStream", **created)) == []
    assert trader.fetch("GET", "userDataStream") == {"listenKey": []}


# Life of an order


def test_order_rests_is_filled_and_is_found_by_both_ids(trader):
    bid, _ = trader.best()
    placed = trader.place(price=bid + Decimal("0.01"), newClientOrderId="a")
    assert order(trader, placed)["status"] == "NEW"
    street(trader, bid + Decimal("0.01"), Decimal("0.004"))
    shown = order(trader, placed)
    assert (shown["status"], shown["executedQty"]) == ("PARTIALLY_FILLED", "0.004")
    assert Decimal(shown["cummulativeQuoteQty"]) == (bid + Decimal("0.01")) * Decimal("0.004")
    street(trader, bid + Decimal("0.01"), Decimal(1))
    shown = trader.fetch("GET", "order", symbol=PAIR, origClientOrderId="a")
    assert (shown["orderId"], shown["status"]) == (placed["orderId"], "FILLED")
    assert trader.fetch("GET", "openOrders") == []
    fills = trader.fetch("GET", "myTrades", symbol=PAIR, orderId=placed["orderId"])
    assert [(fill["qty"], fill["isMaker"], fill["isBuyer"], fill["commission"]) for fill in fills] == [
        ("0.006", True, True, "0"),
        ("0.004", True, True, "0"),
    ]
    assert {fill["clientOrderId"] for fill in fills} == {"a"}
    assert balances(trader) == truth(trader)


@pytest.mark.parametrize(
    ("kind", "off", "status", "filled"),
    [
        ("LIMIT", 1, "FILLED", True),
        ("IMMEDIATE_OR_CANCEL", 1, "FILLED", True),
        ("IMMEDIATE_OR_CANCEL", -1, "CANCELED", False),
        ("FILL_OR_KILL", 1, "FILLED", True),
        ("FILL_OR_KILL", -1, "CANCELED", False),
        ("LIMIT_MAKER", -1, "NEW", False),
        ("LIMIT_MAKER", 1, "CANCELED", False),
    ],
)
def test_time_in_force_is_said_by_the_type(trader, kind, off, status, filled):
    _, ask = trader.best()
    shown = order(trader, trader.place(type=kind, quantity="0.0001", price=ask + off))
    assert (shown["type"], shown["status"], shown["timeInForce"]) == (kind, status, "GTC" if kind == "LIMIT" else None)
    assert (Decimal(shown["executedQty"]) > 0) is filled
    assert Decimal(shown["price"]) == ask + off  # its own, not what it was filled at


def test_rest_of_an_immediate_order_is_partially_canceled(trader):
    _, ask = trader.best()
    trader.venue.faults.arm(Fault(kind=FaultKind.PARTIAL_FILL, left=0.5))
    shown = order(trader, trader.place(type="IMMEDIATE_OR_CANCEL", quantity="0.0005", price=ask + 1))
    assert (shown["status"], shown["executedQty"]) == ("PARTIALLY_CANCELED", "0.00025")


def test_market_orders_take_either_amount_on_either_side(trader):
    bid, ask = trader.best()
    market = {"type": "MARKET", "price": None}
    spent = trader.place(**market, quantity=None, quoteOrderQty="20")
    shown = order(trader, spent)
    assert shown["status"] == "FILLED"
    assert 20 - Decimal(shown["cummulativeQuoteQty"]) < ask * Decimal("0.000001")
    assert shown["origQuoteOrderQty"] == "20"
    assert Decimal(shown["price"]) > ask  # a protection, not what it was filled at
    assert Decimal(shown["origQty"]) == Decimal(20 / Decimal(shown["price"])).quantize(
        Decimal("0.000001"), rounding="ROUND_FLOOR"
    )
    bought = order(trader, trader.place(**market, quantity="0.0002"))
    assert (bought["status"], bought["executedQty"], bought["origQuoteOrderQty"]) == ("FILLED", "0.0002", "0")
    sold = order(trader, trader.place(**market, side="SELL", quantity="0.0002"))
    assert (sold["status"], Decimal(sold["price"]) < bid) == ("FILLED", True)
    earned = order(trader, trader.place(**market, side="SELL", quantity=None, quoteOrderQty="20"))
    assert 20 - Decimal(earned["cummulativeQuoteQty"]) < bid * Decimal("0.000001")
    # ccxt sends a price beside the money to spend
    strayed = order(trader, trader.place(type="MARKET", price="1", quantity="1", quoteOrderQty="20"))
    assert strayed["origQuoteOrderQty"] == "20"


def test_fee_is_taken_in_quote_and_kept_ready(trader):
    before = balances(trader)
    placed = trader.place(quantity="0.01", price="80000")
    after = balances(trader)
    assert after["USDT"] == (before["USDT"][0] - Decimal("800.4"), Decimal("800.4"))
    trader.wait(1)
    trader.fetch("DELETE", "order", symbol=PAIR, orderId=placed["orderId"])
    assert balances(trader) == before
    trader.place(type="MARKET", price=None, quantity="0.001")
    paid = Decimal(0)
    for fill in trader.fetch("GET", "myTrades", symbol=PAIR):
        assert (fill["commissionAsset"], fill["isMaker"]) == ("USDT", False)
        assert Decimal(fill["commission"]) == Decimal(fill["quoteQty"]) * Decimal("0.0005")
        paid += Decimal(fill["quoteQty"]) + Decimal(fill["commission"])
    after = balances(trader)
    assert after["USDT"] == (before["USDT"][0] - paid, 0)
    assert after["BTC"][0] == before["BTC"][0] + Decimal("0.001")


def test_placement_tells_that_it_was_taken_and_no_more(trader):
    _, ask = trader.best()
    assert set(trader.place(price=ask + 1, quantity="0.0001")) == {
        "symbol",
        "orderId",
        "orderListId",
        "price",
        "origQty",
        "type",
        "side",
        "stpMode",
        "transactTime",
    }


def test_self_trade_is_prevented_as_the_order_wants(trader):
    bid, ask = trader.best()
    inside = ((bid + ask) / 2).quantize(Decimal("0.01"))
    resting = trader.place(side="SELL", price=inside, quantity="0.0001")
    taking = trader.place(price=inside, quantity="0.0001", stpMode="cancel_taker")
    assert (order(trader, taking)["status"], order(trader, resting)["status"]) == ("CANCELED", "NEW")
    trader.place(price=inside, quantity="0.0001")
    fills = trader.fetch("GET", "myTrades", symbol=PAIR)
    assert [(fill["isSelfTrade"], fill["isBuyer"]) for fill in fills] == [(True, False), (True, True)]
    assert len({fill["id"] for fill in fills}) == 1


def test_cancelled_order_is_gone_for_ever(trader):
    placed = trader.place(newClientOrderId="a")
    trader.fetch("DELETE", "order", symbol=PAIR, origClientOrderId="a")
    assert order(trader, placed)["status"] == "CANCELED"
    for ids in ({"orderId": placed["orderId"]}, {"origClientOrderId": "a"}, {"orderId": "C02__1"}):
        assert trader.denied("DELETE", "order", symbol=PAIR, **ids) == -2011
    assert trader.fetch("DELETE", "openOrders", symbol=PAIR) == []
    assert balances(trader) == truth(trader)


# Lists


def test_lists_come_newest_first_and_within_their_bounds(trader):
    ids = []
    for number in range(3):
        ids.append(trader.place(newClientOrderId=f"n{number}")["orderId"])
        trader.wait(3600)
    newest_first = ids[::-1]
    assert [row["orderId"] for row in trader.fetch("GET", "openOrders", symbol=PAIR)] == newest_first
    assert [row["orderId"] for row in trader.fetch("GET", "allOrders", symbol=PAIR, limit=2)] == newest_first[:2]
    now_ms = trader.venue.now_ms
    middle = {"startTime": now_ms - 2 * 3_600_000 - 1, "endTime": now_ms - 2 * 3_600_000 + 1}
    assert [row["orderId"] for row in trader.fetch("GET", "allOrders", symbol=PAIR, **middle)] == [ids[1]]
    trader.wait(2 * 86400)
    since = {"startTime": trader.venue.now_ms - 6 * DAY_MS}
    assert trader.fetch("GET", "allOrders", symbol=PAIR) == []  # of the last 24 hours
    assert len(trader.fetch("GET", "allOrders", symbol=PAIR, **since)) == 3
    trader.wait(6 * 86400)
    since = {"startTime": trader.venue.now_ms - 9 * DAY_MS}
    assert trader.fetch("GET", "allOrders", symbol=PAIR, **since) == []  # not more than 7 days back
    assert trader.fetch("GET", "openOrders", symbol="LINKUSDT") == []


def test_at_most_a_hundred_fills_at_once(trader):
    for _ in range(102):
        trader.place(type="MARKET", price=None, quantity="0.00002")
        trader.wait(0.1)
    fills = trader.fetch("GET", "myTrades", symbol=PAIR, limit=1000)
    assert len(fills) == 100
    times = [fill["time"] for fill in fills]
    assert times == sorted(times, reverse=True)
    last = trader.fetch("GET", "myTrades", symbol=PAIR, endTime=times[-1])
    assert len({fill["id"] for fill in [*fills, *last]}) >= 102


def test_several_orders_succeed_or_fail_one_by_one(trader):
    wanted = [
        {"symbol": PAIR, "side": "BUY", "type": "LIMIT_ORDER", "quantity": "0.0002", "price": "80000"},
        {**TEXT, "symbol": PAIR, "side": "BUY", "type": "LIMIT", "quantity": "0.00001", "price": "80000"},
        {"symbol": PAIR, "side": "SELL", "type": "LIMIT", "quantity": "0.0003", "price": "99000"},
    ]
    wanted[1]["newClientOrderId"], wanted[2]["newClientOrderId"] = "123456", "a2"
    first, failed, third = trader.fetch("POST", "batchOrders", batchOrders=json.dumps(wanted))
    assert set(first) == {"symbol", "orderId", "orderListId"}
    assert failed == {
        "newClientOrderId": "123456",
        "msg": "The minimum transaction volume cannot be less than:1USDT",
        "code": 30002,
    }
    assert set(third) == {"symbol", "orderId", "orderListId", "newClientOrderId"}
    assert len(trader.venue.inspection.open_orders()) == 2
    trader.wait(1)
    for wrong in ("[]", "{", json.dumps(wanted * 7), json.dumps([wanted[0], {**wanted[0], "symbol": "LINKUSDT"}])):
        assert trader.denied("POST", "batchOrders", batchOrders=wrong) == 33333
        trader.wait(1)
    assert "%5B" in quote(json.dumps(wanted))  # the list goes percent-encoded


# Refusals


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"symbol": "NOSUCH"}, -1121),
        ({"symbol": None}, 700004),
        ({"side": None}, 700004),
        ({"side": "HOLD"}, 33333),
        ({"type": None}, 700004),
        ({"type": "STOP"}, 30041),
        ({"price": None}, 700004),
        ({"price": "a lot"}, 700008),
        ({"price": "1e5"}, 700008),
        ({"price": "0"}, 30010),
        ({"price": "80000.001"}, 30010),
        ({"price": "120000"}, 30087),
        ({"side": "SELL", "price": "70000"}, 30087),
        ({"quantity": None}, 700004),
        ({"quantity": ""}, 10095),
        ({"quantity": "0"}, 10102),
        ({"quantity": "-1"}, 10102),
        ({"quantity": "0.0000001"}, 10096),
        ({"quantity": "0.00001"}, 30002),
        ({"quantity": "0.000001"}, 30002),
        ({"quantity": "30"}, 30003),
        ({"quantity": "20"}, 10101),
        ({"side": "SELL", "quantity": "20", "price": "99000"}, 30004),
        ({"type": "MARKET", "quantity": None, "price": None}, 700004),
        ({"type": "MARKET", "quantity": "2", "price": None}, 30003),
        ({"newClientOrderId": "a" * 33}, 700008),
        ({"newClientOrderId": "ä"}, 700008),
        ({"stpMode": "cancel_me"}, 33333),
    ],
)
@pytest.mark.parametrize("path", ["order", "order/test"])
def test_order_is_refused_with_the_documented_code(trader, path, wrong, code):
    wanted = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "80000", **wrong}
    asked = {name: value for name, value in wanted.items() if value is not None}
    assert trader.denied("POST", path, **asked) == code
    assert trader.venue.inspection.orders() == []


def test_refusals_have_the_known_texts(trader):
    def text(**wrong):
        wanted = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "80000", **wrong}
        return json.loads(trader.call("POST", "order", wanted).body)["msg"]

    assert text(quantity="0.00001") == "The minimum transaction volume cannot be less than:1USDT"
    assert text(quantity="0.000001") == "The minimum transaction volume cannot be less than:0.000005BTC"
    assert text(quantity="20") == "Insufficient balance"
    assert text(side="SELL", quantity="20", price="99000") == "Insufficient position"


def test_halted_pair_and_empty_book_are_said(trader):
    market = trader.venue.by_pair[PAIR]
    market.change((), [(price, 0) for price, _ in list(market.book.asks)], trader.venue.timeline.now_ns)
    order = {"symbol": PAIR, "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    assert trader.denied("POST", "order", **order) == 30025
    market.set_status(Status.HALTED)
    assert trader.denied("POST", "order", **order) == 30016


def test_client_id_is_refused_while_its_order_is_open(trader):
    placed = trader.place(newClientOrderId="a")
    order = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "80000"}
    answer = json.loads(trader.call("POST", "order", {**order, "newClientOrderId": "a"}).body)
    assert "client order id" in answer["msg"]
    trader.fetch("DELETE", "order", symbol=PAIR, orderId=placed["orderId"])
    assert trader.place(newClientOrderId="a")["orderId"] != placed["orderId"]


def test_five_hundred_open_orders_and_no_more(trader):
    for _ in range(500):
        trader.place(quantity="0.00002")
        trader.wait(0.09)
    order = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "quantity": "0.00002", "price": "80000"}
    assert trader.denied("POST", "order", **order) == 30029


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_of_a_refusal_has_words(trader, why):
    trader.venue.faults.arm(Fault(kind=FaultKind.ORDER_REJECTED, why=why))
    order = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "80000"}
    assert isinstance(trader.denied("POST", "order", **order), int)
    assert trader.venue.faults.counts == {FaultKind.ORDER_REJECTED: 1}


@pytest.mark.parametrize(
    ("method", "path", "asked", "code"),
    [
        ("GET", "order", {"symbol": PAIR, "orderId": "C02__1"}, -2013),
        ("GET", "order", {"symbol": PAIR, "origClientOrderId": "nobody"}, -2013),
        ("GET", "order", {"symbol": PAIR}, 700004),
        ("DELETE", "order", {"symbol": PAIR}, 700004),
        ("DELETE", "order", {"orderId": "C02__1"}, 700004),
        ("DELETE", "openOrders", {}, 700004),
        ("DELETE", "openOrders", {"symbol": ",".join([PAIR] * 6)}, 33333),
        ("GET", "allOrders", {}, 700004),
        ("GET", "allOrders", {"symbol": PAIR, "limit": "many"}, 700008),
        ("GET", "myTrades", {"symbol": "NOSUCH"}, -1121),
        ("PUT", "userDataStream", {}, 700004),
        ("PUT", "userDataStream", {"listenKey": "gone"}, "730708"),
        ("DELETE", "userDataStream", {"listenKey": "gone"}, "730708"),
    ],
)
def test_request_is_refused_with_the_documented_code(trader, method, path, asked, code):
    assert trader.denied(method, path, **asked) == code


def test_order_of_another_pair_is_not_found(trader):
    placed = trader.place()
    assert trader.denied("GET", "order", symbol="LINKUSDT", orderId=placed["orderId"]) == -2013
    assert trader.denied("DELETE", "order", symbol="LINKUSDT", orderId=placed["orderId"]) == -2011
    assert trader.fetch("GET", "order", orderId=placed["orderId"])["symbol"] == PAIR
