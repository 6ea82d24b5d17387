"""Orders and money on the simulated Gate.io are as documented. Nothing of our client takes part here."""

import json
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.orders import Why
from arb_sim.likeness import differences
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SAMPLES = files("arb_gateio") / "samples"
PAIR = "BTC_USDT"
PAIRED = {"currency_pair": PAIR}
DAY_S = 86_400
STP = ["stp_id", "stp_act"]
"""Two fields that some examples of an order lack."""


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def best(trader, pair=PAIR):
    """Best bid and ask as (price, size)."""
    book = trader.fetch("GET", "/spot/order_book", {"currency_pair": pair, "limit": 1})
    return [tuple(map(Decimal, book[side][0])) for side in ("bids", "asks")]


def taking(trader, amount="0.001", **more):
    """An order that buys at once."""
    _, (ask, _) = best(trader)
    return trader.place(amount=amount, price=str(ask * 2), **more)


def balances(trader):
    return {
        row["currency"]: (Decimal(row["available"]), Decimal(row["locked"]))
        for row in trader.fetch("GET", "/spot/accounts")
    }


def street(trader, price, size, *, taker_buys=False):
    """Somebody else takes so much at a price."""
    market = trader.venue.by_pair[PAIR]
    scale, now_ns = market.listing, trader.venue.timeline.now_ns
    market.trade(round(price / scale.tick), round(size / scale.lot), now_ns, taker_buys=taker_buys)


# Shapes


def test_answers_about_orders_are_like_the_documented_ones(trader):
    placed = trader.place(text="t-abc123")
    assert differences(sample("rest_create_order_full"), placed, added=STP) == []
    result = trader.place(action_mode="RESULT")
    assert differences(sample("rest_create_order_result"), result) == []
    ack = trader.place(action_mode="ACK")
    assert differences(sample("rest_create_order_ack"), ack) == []
    path = f"/spot/orders/{placed['id']}"
    assert differences(sample("rest_get_order"), trader.fetch("GET", path, PAIRED), added=STP) == []
    changed = trader.fetch("PATCH", path, body={"currency_pair": PAIR, "amount": "0.02"})
    assert differences(sample("rest_amend_order"), changed, added=STP) == []
    listed = trader.fetch("GET", "/spot/orders", {**PAIRED, "status": "open"})
    assert differences(sample("rest_list_orders"), listed, added=STP) == []
    by_pair = trader.fetch("GET", "/spot/open_orders")
    # The example is older than most fields of an order.
    assert differences(sample("rest_open_orders"), by_pair, added=set(placed)) == []
    cancelled = trader.fetch("DELETE", path, PAIRED)
    assert differences(sample("rest_cancel_order"), cancelled, added=STP) == []
    all_of_them = trader.fetch("DELETE", "/spot/orders", PAIRED)
    assert differences(sample("rest_cancel_all_orders"), all_of_them, added=STP) == []
    assert trader.venue.inspection.open_orders() == []


def test_answers_about_money_are_like_the_documented_ones(trader):
    taking(trader)
    assert differences(sample("rest_accounts"), trader.fetch("GET", "/spot/accounts")) == []
    assert differences(sample("rest_wallet_fee"), trader.fetch("GET", "/wallet/fee")) == []
    fills = trader.fetch("GET", "/spot/my_trades", PAIRED)
    assert differences(sample("rest_my_trades"), fills, added=["currency_pair", "amend_text"]) == []
    armed = trader.fetch("POST", "/spot/countdown_cancel_all", body={"timeout": 30, "currency_pair": PAIR})
    assert differences(sample("rest_countdown_cancel_all"), armed) == []


def test_lists_of_orders_are_like_the_documented_ones(trader):
    order = {"text": "t-abc123", "currency_pair": PAIR, "side": "buy", "amount": "0.01", "price": "80000"}
    placed = trader.fetch("POST", "/spot/batch_orders", body=[order])
    documented = sample("rest_batch_orders")
    beyond = ["fill_price", "gt_maker_fee", "gt_taker_fee"]
    assert differences(documented, placed, added=beyond) == []
    change = {"order_id": placed[0]["id"], "currency_pair": PAIR, "amount": "0.02", "amend_text": "larger"}
    changed = trader.fetch("POST", "/spot/amend_batch_orders", body=[change])
    assert differences(sample("rest_amend_batch_orders"), changed, added=beyond) == []
    assert (changed[0]["amount"], changed[0]["amend_text"]) == ("0.02", "larger")
    cancelled = trader.fetch("POST", "/spot/cancel_batch_orders", body=[{"currency_pair": PAIR, "id": placed[0]["id"]}])
    # Its text is no text that an order can have.
    named = [item | {"text": "t-123456"} for item in sample("rest_cancel_batch_orders")]
    assert differences(named, cancelled, added=["account"]) == []
    assert differences(sample("rest_batch_fee")["BTC_USDT"], batch_fee(trader)) == []
    assert differences(sample("rest_fee_deprecated"), trader.fetch("GET", "/spot/fee", PAIRED)) == []


def batch_fee(trader):
    return trader.fetch("GET", "/spot/batch_fee", {"currency_pairs": PAIR})[PAIR]


# Placing


def test_limit_order_rests_and_holds_its_money(trader):
    before = balances(trader)
    order = trader.place(text="t-rests", amount="0.01", price="80000")
    assert (order["status"], order["finish_as"], order["left"], order["filled_amount"]) == ("open", "open", "0.01", "0")
    assert (order["text"], order["type"], order["account"], order["time_in_force"]) == (
        "t-rests",
        "limit",
        "spot",
        "gtc",
    )
    assert (order["fee"], order["fee_currency"], order["avg_deal_price"]) == ("0", "BTC", "0")
    assert order["create_time"] == str(order["create_time_ms"] // 1000)
    free, locked = before["USDT"]
    assert balances(trader)["USDT"] == (free - 800, locked + 800)
    bids = trader.fetch("GET", "/spot/order_book", {**PAIRED, "limit": 1000})["bids"]
    assert any(Decimal(price) == 80000 and Decimal(size) >= Decimal("0.01") for price, size in bids)


def test_taking_order_is_filled_at_the_prices_of_the_book(trader):
    _, (ask, _) = best(trader)
    before = balances(trader)
    order = trader.place(amount="0.001", price=str(ask * 2), time_in_force="ioc")
    paid = ask * Decimal("0.001")
    assert (order["status"], order["finish_as"], order["left"]) == ("closed", "filled", "0")
    assert Decimal(order["filled_total"]) == Decimal(order["fill_price"]) == paid
    assert Decimal(order["avg_deal_price"]) == ask
    assert (order["fee"], order["fee_currency"]) == ("0.000002", "BTC")
    after = balances(trader)
    assert after["USDT"][0] == before["USDT"][0] - paid
    assert after["BTC"][0] == before["BTC"][0] + Decimal("0.000998")


def test_seller_pays_in_quote(trader):
    (bid, _), _ = best(trader)
    before = balances(trader)
    order = trader.place(side="sell", amount="0.001", price=str(bid), time_in_force="ioc")
    earned = bid * Decimal("0.001")
    assert order["fee_currency"] == "USDT"
    assert Decimal(order["fee"]) == earned * Decimal("0.002")
    assert balances(trader)["USDT"][0] == before["USDT"][0] + earned * Decimal("0.998")


def test_remainder_of_an_ioc_order_is_cancelled_with_its_fills(trader):
    _, (ask, size) = best(trader)
    order = trader.place(amount=str(size + 1), price=str(ask), time_in_force="ioc")
    assert (order["status"], order["finish_as"]) == ("cancelled", "ioc")
    assert (Decimal(order["filled_amount"]), Decimal(order["left"])) == (size, 1)
    assert balances(trader)["USDT"][1] == 0


def test_market_buy_counts_quote_and_market_sell_base(trader):
    _, (ask, _) = best(trader)
    bought = trader.place(type="market", amount="50", price="", time_in_force="ioc")
    assert (bought["status"], bought["finish_as"], bought["amount"], bought["price"]) == ("closed", "filled", "50", "0")
    lots = Decimal(bought["filled_amount"])
    assert lots == 50 // (ask * trader.venue.by_pair[PAIR].listing.lot) * trader.venue.by_pair[PAIR].listing.lot
    assert Decimal(bought["left"]) == 50 - Decimal(bought["filled_total"]) == 50 - lots * ask
    sold = trader.place(type="market", side="sell", amount="0.001", price="", time_in_force="fok")
    assert (sold["status"], sold["filled_amount"], sold["left"]) == ("closed", "0.001", "0")


@pytest.mark.parametrize("tif", ["", "gtc", "poc"])
def test_market_order_names_ioc_or_fok(trader, tif):
    order = {"currency_pair": PAIR, "side": "buy", "type": "market", "amount": "50", "time_in_force": tif}
    body = {name: value for name, value in order.items() if value}
    assert trader.denied("POST", "/spot/orders", body=body) == (400, "INVALID_PARAM_VALUE")


def test_post_only_order_rests_or_is_refused(trader):
    (bid, _), (ask, _) = best(trader)
    assert trader.place(price=str(bid), time_in_force="poc")["status"] == "open"
    order = {**PAIRED, "side": "buy", "amount": "0.01", "price": str(ask), "time_in_force": "poc"}
    assert trader.denied("POST", "/spot/orders", body=order) == (400, "POC_FILL_IMMEDIATELY")


def test_fill_or_kill_order_is_filled_or_refused(trader):
    _, (ask, size) = best(trader)
    order = {**PAIRED, "side": "buy", "amount": str(size + 1), "price": str(ask), "time_in_force": "fok"}
    assert trader.denied("POST", "/spot/orders", body=order) == (400, "FOK_NOT_FILL")
    assert trader.place(amount=str(size), price=str(ask), time_in_force="fok")["finish_as"] == "filled"


@pytest.mark.parametrize(
    ("wrong", "label"),
    [
        ({"currency_pair": ""}, "MISSING_REQUIRED_PARAM"),
        ({"currency_pair": "NO_SUCH"}, "INVALID_CURRENCY_PAIR"),
        ({"side": "hold"}, "INVALID_PARAM_VALUE"),
        ({"type": "stop"}, "INVALID_PARAM_VALUE"),
        ({"account": "margin"}, "INVALID_PARAM_VALUE"),
        ({"time_in_force": "day"}, "INVALID_PARAM_VALUE"),
        ({"action_mode": "LOUD"}, "INVALID_PARAM_VALUE"),
        ({"stp_act": "cn"}, "INVALID_PARAM_VALUE"),
        ({"iceberg": "0.001"}, "INVALID_PARAM_VALUE"),
        ({"text": "abc"}, "INVALID_PARAM_VALUE"),
        ({"text": "t-" + "a" * 29}, "INVALID_PARAM_VALUE"),
        ({"text": "t-a b"}, "INVALID_PARAM_VALUE"),
        ({"amount": "much"}, "INVALID_PARAM_VALUE"),
        ({"amount": "-1"}, "INVALID_PARAM_VALUE"),
        ({"amount": "NaN"}, "INVALID_PARAM_VALUE"),
        ({"price": ""}, "INVALID_PARAM_VALUE"),
        ({"price": "80000.001"}, "INVALID_PRECISION"),
        ({"amount": "0.00000001"}, "INVALID_PRECISION"),
        ({"amount": "0.000001", "price": "95000"}, "AMOUNT_TOO_LITTLE"),
        ({"amount": "0.00002"}, "INVALID_PARAM_VALUE"),
        ({"amount": "100"}, "AMOUNT_TOO_MUCH"),
        ({"amount": "50"}, "BALANCE_NOT_ENOUGH"),
    ],
)
def test_wrong_order_is_refused_with_a_label(trader, wrong, label):
    order = {"currency_pair": PAIR, "side": "buy", "amount": "0.01", "price": "80000", **wrong}
    answer = trader.call("POST", "/spot/orders", body={name: value for name, value in order.items() if value})
    assert answer.status == 400
    assert json.loads(answer.body)["label"] == label
    assert trader.venue.inspection.orders() == []


def test_refusals_say_what_was_wrong_as_recorded(trader):
    def said(**order):
        wanted = {**PAIRED, "side": "buy", "amount": "0.01", "price": "80000", **order}
        return json.loads(trader.call("POST", "/spot/orders", body=wanted).body)["message"]

    assert said(text="abc") == "Invalid parameter `text` with value: abc"
    assert said(amount="0.00002") == "Your order size 1.6 USDT is too small. The minimum is 3 USDT"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"order"', b'{"amount":1}'])
def test_nonsense_is_an_invalid_body(trader, body):
    assert trader.denied("POST", "/spot/orders", body=body) == (400, "INVALID_REQUEST_BODY")


def test_body_must_be_json(trader):
    denied = trader.denied("POST", "/spot/orders", body=b"{}", content_type="text/plain")
    assert denied == (415, "INVALID_CONTENT_TYPE")


def test_halted_pair_takes_no_orders(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=1))
    order = {**PAIRED, "side": "buy", "amount": "0.01", "price": "80000"}
    assert trader.denied("POST", "/spot/orders", body=order) == (400, "TRADE_RESTRICTED")


@pytest.mark.parametrize("why", Why)
def test_order_may_be_refused_for_any_reason(trader, why):
    trader.venue.faults.arm(Fault(kind=FaultKind.ORDER_REJECTED, why=why))
    status, label = trader.denied(
        "POST", "/spot/orders", body={**PAIRED, "side": "buy", "amount": "0.01", "price": "80000"}
    )
    assert 400 <= status < 500
    assert label.isupper()
    assert trader.venue.inspection.orders() == []


def test_order_without_a_text_is_called_by_its_way(trader):
    assert trader.place()["text"] == "apiv4"


def test_text_may_be_used_again(trader):
    first, second = trader.place(text="t-same"), trader.place(text="t-same")
    assert first["id"] != second["id"]
    assert trader.fetch("GET", "/spot/orders/t-same", PAIRED)["id"] == first["id"]


# Asking, cancelling, changing


def test_order_is_found_by_its_id_for_ever_and_by_its_text_while_it_is_open(trader):
    order = trader.place(text="t-mine")
    by_text = trader.fetch("GET", "/spot/orders/t-mine", PAIRED)
    assert by_text == trader.fetch("GET", f"/spot/orders/{order['id']}", PAIRED) == order
    trader.fetch("DELETE", "/spot/orders/t-mine", PAIRED)
    assert trader.denied("GET", "/spot/orders/t-mine", PAIRED) == (404, "CLIENT_ID_NOT_FOUND")
    trader.wait(10 * DAY_S)
    ended = trader.fetch("GET", f"/spot/orders/{order['id']}", PAIRED)
    assert (ended["status"], ended["finish_as"]) == ("cancelled", "cancelled")


def test_query_names_the_pair_of_the_order(trader):
    order = trader.place()
    path = f"/spot/orders/{order['id']}"
    assert trader.denied("GET", path) == (400, "MISSING_REQUIRED_PARAM")
    assert trader.denied("GET", path, {"currency_pair": "LINK_USDT"}) == (404, "ORDER_NOT_FOUND")
    assert trader.denied("GET", "/spot/orders/123", PAIRED) == (404, "ORDER_NOT_FOUND")


def test_cancel_gives_the_money_back(trader):
    before = balances(trader)
    order = trader.place()
    ended = trader.fetch("DELETE", f"/spot/orders/{order['id']}", PAIRED)
    assert (ended["id"], ended["status"], ended["finish_as"], ended["left"]) == (
        order["id"],
        "cancelled",
        "cancelled",
        "0.01",
    )
    assert balances(trader) == before


def test_cancel_of_an_ended_order_says_how_it_ended(trader):
    filled, cancelled = taking(trader), trader.place()
    trader.fetch("DELETE", f"/spot/orders/{cancelled['id']}", PAIRED)
    assert trader.denied("DELETE", f"/spot/orders/{filled['id']}", PAIRED) == (400, "ORDER_CLOSED")
    assert trader.denied("DELETE", f"/spot/orders/{cancelled['id']}", PAIRED) == (400, "ORDER_CANCELLED")
    assert trader.denied("DELETE", "/spot/orders/5", PAIRED) == (404, "ORDER_NOT_FOUND")
    assert trader.denied("DELETE", "/spot/orders/t-none", PAIRED) == (404, "CLIENT_ID_NOT_FOUND")


def test_all_orders_are_cancelled_by_pair_and_side(trader):
    (bid, _), (ask, _) = best(trader)
    buys, sells = trader.place(price=str(bid - 100)), trader.place(side="sell", price=str(ask + 100))
    other = trader.place(currency_pair="LINK_USDT", amount="1", price="10")
    assert [order["id"] for order in trader.fetch("DELETE", "/spot/orders", {**PAIRED, "side": "sell"})] == [
        sells["id"]
    ]
    assert [order["id"] for order in trader.fetch("DELETE", "/spot/orders", PAIRED)] == [buys["id"]]
    assert [order["id"] for order in trader.fetch("DELETE", "/spot/orders")] == [other["id"]]
    assert trader.fetch("DELETE", "/spot/orders") == []


def test_list_of_cancellations_tells_each_fate(trader):
    order, named = trader.place(), trader.place(text="t-named")
    wanted = [{**PAIRED, "id": order["id"]}, {**PAIRED, "id": "t-named"}, {**PAIRED, "id": "5"}]
    done = trader.fetch("POST", "/spot/cancel_batch_orders", body=wanted)
    assert [(item["id"], item["text"], item["succeeded"], item["label"]) for item in done] == [
        (order["id"], "apiv4", True, None),
        (named["id"], "t-named", True, None),
        ("5", "5", False, "ORDER_NOT_FOUND"),
    ]


def test_lists_are_bounded(trader):
    order = {"text": "t-1", "currency_pair": PAIR, "side": "buy", "amount": "0.01", "price": "80000"}
    path = "/spot/batch_orders"
    assert trader.denied("POST", path, body=[]) == (400, "INVALID_REQUEST_BODY")
    assert trader.denied("POST", path, body=[order] * 11) == (400, "TOO_MANY_ORDERS")
    several = [{**order, "currency_pair": f"A{n}_USDT"} for n in range(5)]
    assert trader.denied("POST", path, body=several) == (400, "TOO_MANY_CURRENCY_PAIRS")
    assert trader.denied("POST", path, body=[order, {**order, "account": "margin"}]) == (400, "MIXED_ACCOUNT_TYPE")
    assert trader.denied("POST", path, body=[order, {**order, "text": ""}]) == (400, "MISSING_REQUIRED_PARAM")
    cancels = [{**PAIRED, "id": "1"}] * 21
    assert trader.denied("POST", "/spot/cancel_batch_orders", body=cancels) == (400, "TOO_MANY_ORDERS")
    changes = [{**PAIRED, "order_id": "1", "amount": "1"}] * 6
    assert trader.denied("POST", "/spot/amend_batch_orders", body=changes) == (400, "TOO_MANY_ORDERS")
    fees = {"currency_pairs": ",".join([PAIR] * 51)}
    assert trader.denied("GET", "/spot/batch_fee", fees) == (400, "TOO_MANY_CURRENCY_PAIRS")
    assert trader.venue.inspection.orders() == []


def test_lowered_order_keeps_its_place_and_a_raised_one_loses_it(trader):
    (bid, _), (ask, _) = best(trader)
    price = (bid + ask) / 2 // Decimal("0.1") * Decimal("0.1")  # nobody else is there
    first, second = (trader.place(amount="0.02", price=str(price)) for _ in range(2))

    def change(order, **wanted):
        return trader.fetch("PATCH", f"/spot/orders/{order['id']}", body={**PAIRED, **wanted})

    def filled():
        orders = [trader.fetch("GET", f"/spot/orders/{order['id']}", PAIRED) for order in (first, second)]
        return [order["filled_amount"] for order in orders]

    assert change(first, amount="0.01", amend_text="smaller")["amend_text"] == "smaller"
    street(trader, price, Decimal("0.005"))
    assert filled() == ["0.005", "0"]
    assert change(first, amount="0.03")["left"] == "0.025"
    street(trader, price, Decimal("0.005"))
    assert filled() == ["0.005", "0.005"]
    ended = change(first, amount="0.005")
    assert (ended["status"], ended["filled_amount"]) == ("cancelled", "0.005")


def test_change_may_stand_in_the_query_as_well_and_the_body_counts(trader):
    order = trader.place()
    query = {"currency_pair": "LINK_USDT", "account": "spot", "amount": "9"}
    changed = trader.fetch("PATCH", f"/spot/orders/{order['id']}", query, body={**PAIRED, "price": "81000"})
    assert (changed["price"], changed["amount"]) == ("81000", "0.01")
    in_query = trader.fetch("PATCH", f"/spot/orders/{order['id']}", PAIRED, body={"price": "82000"})
    assert in_query["price"] == "82000"


def test_change_that_cannot_be_is_refused_and_the_order_stands(trader):
    order = trader.place()
    path = f"/spot/orders/{order['id']}"

    def denied(**wanted):
        return trader.denied("PATCH", path, body={**PAIRED, **wanted})

    assert denied(price="80000") == (400, "NO_CHANGE")
    assert denied(price="80000.001") == (400, "INVALID_PRECISION")
    assert denied(amount="0.000001") == (400, "AMOUNT_TOO_LITTLE")
    assert denied(amount="0.00002") == (400, "INVALID_PARAM_VALUE")
    assert denied(amount="50") == (400, "BALANCE_NOT_ENOUGH")
    assert trader.fetch("GET", path, PAIRED) == order
    trader.fetch("DELETE", path, PAIRED)
    assert denied(price="81000") == (400, "ORDER_CANCELLED")


def test_changed_price_may_take(trader):
    order = trader.place()
    _, (ask, _) = best(trader)
    changed = trader.fetch("PATCH", f"/spot/orders/{order['id']}", body={**PAIRED, "price": str(ask + 1000)})
    assert (changed["status"], changed["finish_as"]) == ("closed", "filled")


def test_countdown_cancels_unless_it_is_told_again(trader):
    kept, lost = trader.place(currency_pair="LINK_USDT", amount="1", price="10"), trader.place()

    def arm(seconds, **more):
        return trader.fetch("POST", "/spot/countdown_cancel_all", body={"timeout": seconds, **more})["triggerTime"]

    assert arm(30, currency_pair=PAIR) == str(trader.venue.now_ms + 30_000)
    trader.wait(20)
    assert arm(30, currency_pair=PAIR) == str(trader.venue.now_ms + 30_000)
    trader.wait(29)
    assert len(trader.venue.inspection.open_orders()) == 2
    trader.wait(1)
    assert [order.id for order in trader.venue.inspection.open_orders()] == [kept["id"]]
    assert trader.fetch("GET", f"/spot/orders/{lost['id']}", PAIRED)["finish_as"] == "cancelled"
    arm(5)
    assert arm(0) == "0"
    trader.wait(10)
    assert len(trader.venue.inspection.open_orders()) == 1
    denied = trader.denied("POST", "/spot/countdown_cancel_all", body={"timeout": 4})
    assert denied == (400, "INVALID_PARAM_VALUE")


# Lists


def test_open_orders_come_by_pair_newest_first_and_in_pages(trader):
    orders = [trader.place(price=str(80000 + n)) for n in range(5)]
    link = trader.place(currency_pair="LINK_USDT", amount="1", price="10")
    shown = {row["currency_pair"]: row for row in trader.fetch("GET", "/spot/open_orders")}
    assert (shown[PAIR]["total"], shown["LINK_USDT"]["total"]) == (5, 1)
    assert [order["id"] for order in shown["LINK_USDT"]["orders"]] == [link["id"]]
    newest_first = [order["id"] for order in reversed(orders)]
    assert [order["id"] for order in shown[PAIR]["orders"]] == newest_first
    pages = [
        trader.fetch("GET", "/spot/orders", {**PAIRED, "status": "open", "limit": 2, "page": page})
        for page in (1, 2, 3, 4)
    ]
    assert [[order["id"] for order in page] for page in pages] == [
        newest_first[:2],
        newest_first[2:4],
        newest_first[4:],
        [],
    ]
    assert trader.denied("GET", "/spot/orders", {"status": "open"}) == (400, "MISSING_REQUIRED_PARAM")
    for bound in ("from", "to", "side"):
        denied = trader.denied("GET", "/spot/orders", {**PAIRED, "status": "open", bound: "1"})
        assert denied == (400, "INVALID_PARAM_VALUE")
    for status in ({}, {"status": "all"}):
        assert trader.denied("GET", "/spot/orders", {**PAIRED, **status}) == (400, "INVALID_PARAM_VALUE")


def test_finished_orders_are_listed_by_the_time_of_their_end(trader):
    early = trader.place()
    trader.wait(10)
    filled = taking(trader)
    trader.wait(10)
    begin_s = trader.now_s
    trader.fetch("DELETE", f"/spot/orders/{early['id']}", PAIRED)
    trader.place()

    def listed(**params):
        found = trader.fetch("GET", "/spot/orders", {"status": "finished", **params})
        return [(order["id"], order["status"]) for order in found]

    assert listed(**PAIRED) == listed() == [(early["id"], "cancelled"), (filled["id"], "closed")]
    assert listed(**{"from": begin_s}) == [(early["id"], "cancelled")]
    assert listed(to=begin_s - 1) == [(filled["id"], "closed")]
    assert listed(side="sell") == []
    assert listed(limit=1, page=2) == [(filled["id"], "closed")]


def test_fills_come_newest_first_with_fee_and_role(trader):
    (bid, _), _ = best(trader)
    resting = trader.place(price=str(bid + 1), text="t-maker")
    street(trader, bid + 1, Decimal("0.004"))
    trader.wait(1)
    taken = taking(trader)
    fills = trader.fetch("GET", "/spot/my_trades", PAIRED)
    assert [(fill["order_id"], fill["role"], fill["text"]) for fill in fills] == [
        (taken["id"], "taker", "apiv4"),
        (resting["id"], "maker", "t-maker"),
    ]
    assert (fills[1]["amount"], fills[1]["fee"], fills[1]["fee_currency"]) == ("0.004", "0.000008", "BTC")
    assert Decimal(fills[1]["price"]) == bid + 1
    assert int(fills[0]["id"]) > int(fills[1]["id"])
    public = trader.fetch("GET", "/spot/trades", PAIRED)
    assert [trade["id"] for trade in public[:2]] == [fill["id"] for fill in fills]
    of_one = trader.fetch("GET", "/spot/my_trades", {**PAIRED, "order_id": resting["id"]})
    assert of_one == fills[1:]
    assert trader.denied("GET", "/spot/my_trades", {"order_id": resting["id"]}) == (400, "MISSING_REQUIRED_PARAM")


def test_fills_reach_back_seven_days_by_themselves_and_thirty_when_asked(trader):
    taking(trader)
    trader.wait(8 * DAY_S)
    assert trader.fetch("GET", "/spot/my_trades", PAIRED) == []
    assert len(trader.fetch("GET", "/spot/my_trades", {**PAIRED, "from": trader.now_s - 30 * DAY_S})) == 1
    too_far = {**PAIRED, "from": trader.now_s - 31 * DAY_S}
    assert trader.denied("GET", "/spot/my_trades", too_far) == (400, "INVALID_PARAM_VALUE")


def test_accounts_can_be_asked_for_one_currency(trader):
    (row,) = trader.fetch("GET", "/spot/accounts", {"currency": "USDT"})
    assert row["currency"] == "USDT"
    assert trader.denied("GET", "/spot/accounts", {"currency": "NOSUCH"}) == (400, "INVALID_CURRENCY")


def test_fees_are_fractions_and_those_of_the_account(trader):
    trader.venue.account.fees[PAIR] = (Decimal("0.0005"), Decimal("0.001"))
    for shown in (
        trader.fetch("GET", "/wallet/fee", PAIRED),
        trader.fetch("GET", "/spot/fee", PAIRED),
        batch_fee(trader),
    ):
        assert (shown["maker_fee"], shown["taker_fee"]) == ("0.0005", "0.001")
    assert taking(trader)["fee"] == "0.000001"


def test_account_is_a_classic_one(trader):
    assert trader.fetch("GET", "/account/detail")["key"] == {"mode": 1}


def test_statement_of_the_account_adds_up(trader):
    opened = balances(trader)
    (bid, _), _ = best(trader)
    trader.place(price=str(bid + 1))
    street(trader, bid + 1, Decimal("0.004"))
    trader.fetch("DELETE", "/spot/orders")
    taking(trader)
    trader.place(type="market", side="sell", amount="0.002", price="", time_in_force="ioc")
    bought = Decimal("0.004") + Decimal("0.001")
    fees = sum(Decimal(fill["fee"]) for fill in trader.fetch("GET", "/spot/my_trades") if fill["fee_currency"] == "BTC")
    after = balances(trader)
    assert after["BTC"] == (opened["BTC"][0] + bought - fees - Decimal("0.002"), 0)
    statement = trader.venue.inspection.statement()
    for asset, (free, locked) in after.items():
        lines = [line for line in statement if line.asset == asset]
        assert all(
            (later.free_after, later.locked_after) == (line.free_after + later.free, line.locked_after + later.locked)
            for line, later in pairwise(lines)
        )
        assert (lines[-1].free_after, lines[-1].locked_after) == (free, locked)


def test_account_in_a_group_does_not_trade_with_itself(trader):
    trader.venue.desk.stp_groups[trader.venue.account.uid] = 3
    (bid, _), (ask, _) = best(trader)
    resting = trader.place(side="sell", price=str((bid + ask) // 2))
    newest = trader.place(price=str((bid + ask) // 2))
    assert (newest["status"], newest["finish_as"], newest["stp_act"], newest["stp_id"]) == ("cancelled", "stp", "cn", 3)
    oldest = trader.place(price=str((bid + ask) // 2), stp_act="co")
    assert oldest["status"] == "open"
    assert trader.fetch("GET", f"/spot/orders/{resting['id']}", PAIRED)["finish_as"] == "stp"


@pytest.mark.parametrize(
    ("method", "path", "status", "label"),
    [
        ("PUT", "/spot/orders", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/spot/accounts", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/spot/price_orders", 404, "NOT_FOUND"),
        ("GET", "/margin/accounts", 404, "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_refused(trader, method, path, status, label):
    assert trader.denied(method, path) == (status, label)


ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.lists(st.text(), max_size=2)
)
NUMBERS = st.sampled_from(["0.001", "80000", "95000", "1", "0", "1e999999", "-1", "٣", "0.0000000000000000001"])
WORDS = st.sampled_from(
    ["buy", "sell", "limit", "market", "gtc", "ioc", "fok", "poc", "spot", PAIR, "LINK_USDT", "t-a", "ACK"]
)
FIELDS = ["currency_pair", "side", "amount", "price", "type", "time_in_force", "text", "account", "stp_act", "order_id"]
CALLS = [
    ("POST", "/spot/orders"),
    ("PATCH", "/spot/orders/t-a"),
    ("POST", "/spot/batch_orders"),
    ("POST", "/spot/amend_batch_orders"),
    ("POST", "/spot/cancel_batch_orders"),
    ("POST", "/spot/countdown_cancel_all"),
]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(st.sampled_from(CALLS), st.dictionaries(st.sampled_from(FIELDS), ANYTHING | NUMBERS | WORDS)),
        max_size=8,
    )
)
def test_whatever_is_asked_is_answered_and_no_money_is_lost(traders, calls):
    trader = traders()
    venue = trader.venue
    totals = {asset: venue.trading.accounts.total(asset) for asset in ("BTC", "USDT", "LINK")}
    for (method, path), body in calls:
        answer = trader.call(method, path, body=[body] if "batch" in path else body)
        assert 200 <= answer.status < 500
        assert json.loads(answer.body) is not None
    for params in ({"status": "open", **PAIRED}, {"status": "finished"}):
        assert isinstance(trader.fetch("GET", "/spot/orders", params), list)
    trader.fetch("DELETE", "/spot/orders")
    assert {asset: venue.trading.accounts.total(asset) for asset in totals} == totals
    assert all(locked == 0 for _, locked in venue.account.balances().values())
