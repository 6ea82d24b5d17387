"""Orders and money on the simulated KuCoin are as documented. Nothing of our client takes part here."""

import json
from decimal import Decimal
from importlib.resources import files

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.market import Status
from arb_sim.kernel.orders import Why
from arb_sim.likeness import differences
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SAMPLES = files("arb_kucoin") / "samples"
PAIR = "BTC-USDT"
PAIRED = {"symbol": PAIR}
ORDERS = "/api/v1/hf/orders"
DAY_S = 86_400


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))["data"]


def unlike(name, shown):
    """What differs; where a sample has null nobody knows the kind, and a word may be left out."""
    found = differences(sample(name), shown)
    return [text for text in found if ": expected null like" not in text and "found None" not in text]


def taking(trader, **more):
    """An order that buys at once; return how it stands."""
    _, ask = trader.best()
    return trader.query(trader.place(price=str(ask + 50), **more))


def balances(trader):
    rows = trader.fetch("GET", "/api/v1/accounts", {"type": "trade"})
    return {row["currency"]: (Decimal(row["available"]), Decimal(row["holds"])) for row in rows}


def street(trader, price, size, *, taker_buys=False):
    """Somebody else takes so much at a price."""
    market = trader.venue.by_pair[PAIR]
    scale, now_ns = market.listing, trader.venue.timeline.now_ns
    market.trade(round(Decimal(price) / scale.tick), round(Decimal(size) / scale.lot), now_ns, taker_buys=taker_buys)


def state(order):
    return order["active"], order["cancelExist"]


OPEN, FILLED, CANCELED = (True, False), (False, False), (False, True)


# Shapes


def test_answers_about_orders_are_like_the_documented_ones(trader):
    wanted = {"symbol": PAIR, "side": "buy", "type": "limit", "price": "80000", "size": "0.001", "clientOid": "a-1"}
    placed = trader.fetch("POST", ORDERS, body=wanted)
    assert not unlike("rest_place", placed | {"clientOid": "5c52e11203aa677f33e493fb"})
    synced = trader.fetch("POST", f"{ORDERS}/sync", body={**wanted, "clientOid": "b2"})
    assert not unlike("rest_place_sync", synced)
    path = f"{ORDERS}/{placed['orderId']}"
    assert not unlike("rest_get_order", trader.fetch("GET", path, PAIRED))
    assert not unlike("rest_get_client_order", trader.fetch("GET", f"{ORDERS}/client-order/a-1", PAIRED))
    assert not unlike("rest_active", trader.fetch("GET", f"{ORDERS}/active", PAIRED))
    assert not unlike("rest_active_symbols", trader.fetch("GET", f"{ORDERS}/active/symbols"))
    assert not unlike("rest_cancel_order", trader.fetch("DELETE", path, PAIRED))
    ours = trader.fetch("DELETE", f"{ORDERS}/client-order/b2", PAIRED)
    assert not unlike("rest_cancel_client_order", ours)
    assert not unlike("rest_done", trader.fetch("GET", f"{ORDERS}/done", PAIRED))
    assert not unlike("rest_cancel_all", trader.fetch("DELETE", ORDERS, PAIRED))
    assert trader.venue.inspection.open_orders() == []


def test_answers_about_money_are_like_the_documented_ones(trader):
    taking(trader)
    assert not unlike("rest_accounts", trader.fetch("GET", "/api/v1/accounts"))
    assert not unlike("rest_trade_fees", trader.fetch("GET", "/api/v1/trade-fees", {"symbols": PAIR}))
    assert not unlike("rest_fills", trader.fetch("GET", "/api/v1/hf/fills", PAIRED))


# Placing


def test_limit_order_rests_and_holds_its_money_with_the_fee(trader):
    before = balances(trader)
    order = trader.query(trader.place(clientOid="rests", size="0.01", remark="mine", tags="some"))
    assert state(order) == OPEN
    assert (order["inOrderBook"], order["clientOid"], order["remark"], order["tags"]) == (True, "rests", "mine", "some")
    assert (order["size"], order["funds"], order["remainSize"], order["remainFunds"]) == ("0.01", "800", "0.01", "800")
    assert (order["dealSize"], order["fee"], order["feeCurrency"]) == ("0", "0", "USDT")
    assert (order["type"], order["side"], order["timeInForce"], order["stp"]) == ("limit", "buy", "GTC", None)
    free, locked = before["USDT"]
    held = Decimal("800.8")
    assert balances(trader)["USDT"] == (free - held, locked + held)


def test_taking_order_is_filled_and_pays_its_fee_in_quote(trader):
    _, ask = trader.best()
    before = balances(trader)
    order = trader.query(trader.place(size="0.0002", price=str(ask + 50), timeInForce="IOC"))
    paid = ask * Decimal("0.0002")
    assert (*state(order), order["dealSize"], order["remainSize"]) == (*FILLED, "0.0002", "0")
    assert (Decimal(order["dealFunds"]), Decimal(order["fee"])) == (paid, paid / 1000)
    # what a better price saved remains, although the order is filled
    assert Decimal(order["remainFunds"]) == Decimal(order["funds"]) - paid == Decimal("0.01")
    after = balances(trader)
    assert after["BTC"][0] - before["BTC"][0] == Decimal("0.0002")
    assert before["USDT"][0] - after["USDT"][0] == paid + paid / 1000
    (fill,) = trader.fetch("GET", "/api/v1/hf/fills", PAIRED)["items"]
    assert (fill["orderId"], fill["feeCurrency"], fill["feeRate"]) == (order["id"], "USDT", "0.001")
    assert (Decimal(fill["fee"]), fill["liquidity"], fill["type"]) == (paid / 1000, "taker", "limit")


def test_seller_pays_in_quote_as_well(trader):
    bid, _ = trader.best()
    before = balances(trader)
    order = trader.query(trader.place(side="sell", size="0.0002", price=str(bid)))
    got = bid * Decimal("0.0002")
    assert state(order) == FILLED
    after = balances(trader)
    assert before["BTC"][0] - after["BTC"][0] == Decimal("0.0002")
    assert after["USDT"][0] - before["USDT"][0] == got - got / 1000


def test_answer_that_waits_says_what_was_filled(trader):
    _, ask = trader.best()
    size = next(size for _, size in trader.venue.by_pair[PAIR].book.asks.top(1))
    lot = trader.venue.by_pair[PAIR].listing.lot
    wanted = {"symbol": PAIR, "side": "buy", "type": "limit", "price": str(ask), "size": str(size * lot + lot)}
    told = trader.fetch("POST", f"{ORDERS}/sync", body=wanted)
    assert Decimal(told["dealSize"]) == size * lot
    assert (Decimal(told["remainSize"]), told["canceledSize"], told["status"]) == (lot, "0", "open")
    told = trader.fetch("POST", f"{ORDERS}/sync", body={**wanted, "timeInForce": "FOK"})
    assert (told["dealSize"], told["remainSize"], told["status"]) == ("0", "0", "done")
    assert Decimal(told["canceledSize"]) == size * lot + lot
    assert "clientOid" not in told


@pytest.mark.parametrize(
    ("changed", "ends"),
    [({"timeInForce": "IOC"}, CANCELED), ({"timeInForce": "FOK"}, CANCELED), ({"postOnly": True}, OPEN)],
)
def test_order_that_finds_nothing_ends_as_its_time_in_force_says(trader, changed, ends):
    order = trader.query(trader.place(**changed))
    assert state(order) == ends
    assert order["postOnly"] is ("postOnly" in changed)
    assert order["timeInForce"] == changed.get("timeInForce", "GTC")
    if ends == CANCELED:
        assert (order["cancelledSize"], order["cancelledFunds"], order["remainSize"]) == ("0.001", "80", "0")


def test_post_only_order_that_would_take_is_accepted_and_canceled(trader):
    order = taking(trader, postOnly=True)
    assert (*state(order), order["dealSize"]) == (*CANCELED, "0")
    assert trader.venue.inspection.fills() == []


def test_market_order_by_size_and_by_funds(trader):
    _, ask = trader.best()
    sold = trader.query(trader.place(type="market", side="sell", size="0.0002", price=None))
    assert (*state(sold), sold["price"], sold["dealSize"], sold["funds"]) == (*FILLED, "0", "0.0002", "0")
    bought = trader.query(trader.place(type="market", size=None, price=None, funds="50"))
    assert (*state(bought), bought["size"], bought["funds"]) == (*FILLED, "0", "50")
    assert 50 - ask * trader.venue.by_pair[PAIR].listing.lot * 2 < Decimal(bought["dealFunds"]) <= 50


def test_order_with_a_time_ends_when_it_is_over(trader):
    order_id = trader.place(timeInForce="GTT", cancelAfter=5)
    order = trader.query(order_id)
    assert (*state(order), order["timeInForce"], order["cancelAfter"]) == (*OPEN, "GTT", 5)
    trader.wait(4.9)
    assert state(trader.query(order_id)) == OPEN
    trader.wait(0.2)
    assert state(trader.query(order_id)) == CANCELED


def test_test_order_is_judged_and_never_stands(trader):
    wanted = {"symbol": PAIR, "side": "buy", "type": "limit", "price": "80000", "size": "0.001", "clientOid": "t"}
    assert set(trader.fetch("POST", f"{ORDERS}/test", body=wanted)) == {"orderId", "clientOid"}
    assert trader.denied("POST", f"{ORDERS}/test", body={**wanted, "size": "1000"})[0] == "200004"
    assert trader.venue.inspection.orders() == []


def test_orders_of_a_list_succeed_or_fail_by_themselves(trader):
    good = {"symbol": PAIR, "side": "buy", "type": "limit", "price": "80000", "size": "0.001", "clientOid": "m1"}
    bad = {**good, "clientOid": "m2", "size": "1000"}
    told = trader.fetch("POST", f"{ORDERS}/multi", body={"orderList": [good, bad]})
    assert [row["success"] for row in told] == [True, False]
    assert told[1] == {"clientOid": "m2", "success": False, "failMsg": "Balance insufficient!"}
    told = trader.fetch("POST", f"{ORDERS}/multi/sync", body={"orderList": [{**good, "clientOid": "m3"}]})
    assert (told[0]["status"], told[0]["success"]) == ("open", True)
    assert trader.denied("POST", f"{ORDERS}/multi", body={"orderList": []})[0] == "400100"


# Refusals


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"symbol": "NO-SUCH"}, "400600", "validation.createOrder.symbolNotAvailable"),
        ({"price": "80000.01"}, "600100", "Order price increment invalid."),
        ({"size": "0.00000001"}, "600100", "Order size increment invalid."),
        ({"size": "0.0000001"}, "400100", "Order size below the minimum requirement."),
        ({"price": "0.1", "size": "0.01"}, "600100", "Funds below the minimum requirement."),
        ({"side": "sell", "price": "1000"}, "400100", "price not in the given range!"),
        ({"size": "10"}, "200004", "Balance insufficient!"),
        ({"price": "1000000"}, "400370", "Max. price: 91250.00000000000000000000"),
        ({"type": "stop"}, "400100", "Parameter error: type"),
        ({"side": "both"}, "400100", "Parameter error: side"),
        ({"size": "-1"}, "400100", "Parameter error: size"),
        ({"size": "0"}, "400100", "Parameter error: size"),
        ({"price": None}, "400100", "Parameter error: price"),
        ({"funds": "10"}, "400100", "Parameter error: funds"),
        ({"type": "market", "price": None, "funds": "10"}, "400100", "Parameter error: funds"),
        ({"clientOid": "not this one"}, "400100", "Parameter error: clientOid"),
        ({"clientOid": "x" * 41}, "400100", "Parameter error: clientOid"),
        ({"timeInForce": "DAY"}, "400100", "Parameter error: timeInForce"),
        ({"timeInForce": "GTT"}, "400100", "Parameter error: cancelAfter"),
        ({"cancelAfter": 5}, "400100", "Parameter error: cancelAfter"),
        ({"timeInForce": "IOC", "postOnly": True}, "400100", "Parameter error: postOnly"),
        ({"stp": "DC"}, "400100", "Parameter error: stp"),
        ({"hidden": True}, "400100", "Parameter error: hidden"),
        ({"remark": "x" * 21}, "400100", "Parameter error: remark"),
    ],
)
def test_bad_orders_are_refused_with_the_documented_codes(trader, changed, code, message):
    assert trader.declined(**changed) == (code, message)
    assert trader.venue.inspection.orders() == []


def test_order_that_comes_too_late_is_refused(trader):
    now = trader.venue.now_ms
    assert trader.place(clientTimestamp=now - 100, allowMaxTimeWindow=1000)
    assert trader.declined(clientTimestamp=now - 1001, allowMaxTimeWindow=1000)[0] == "400100"


def test_halted_market_takes_no_orders_and_still_cancels(trader):
    order_id = trader.place()
    trader.venue.by_pair[PAIR].set_status(Status.HALTED)
    assert trader.declined()[0] == "200009"
    assert trader.fetch("DELETE", f"{ORDERS}/{order_id}", PAIRED) == {"orderId": order_id}


@pytest.mark.parametrize("why", [why for why in Why if why not in {Why.NOT_FOUND, Why.ENDED, Why.NO_CHANGE}])
def test_every_reason_has_words(trader, why):
    trader.venue.faults.arm(Fault(kind=FaultKind.ORDER_REJECTED, why=why))
    code, message = trader.declined()
    assert len(code) == 6
    assert message
    assert trader.venue.inspection.orders() == []


# Client ids


def test_client_id_is_compared_with_open_orders_alone(trader):
    first = trader.place(clientOid="twice")
    assert trader.declined(clientOid="twice") == ("400100", "validation.createOrder.clientOidDuplicated")
    trader.fetch("DELETE", f"{ORDERS}/client-order/twice", PAIRED)
    second = trader.place(clientOid="twice")
    assert first != second
    assert trader.fetch("GET", f"{ORDERS}/client-order/twice", PAIRED)["id"] == second


def test_client_id_finds_its_order_after_its_end(trader):
    order = taking(trader, clientOid="found")
    assert trader.fetch("GET", f"{ORDERS}/client-order/found", PAIRED)["id"] == order["id"]


def test_order_without_a_client_id_shows_an_empty_one(trader):
    assert trader.query(trader.place(clientOid=None))["clientOid"] == ""


# Cancelling and asking


@pytest.mark.parametrize("path", ["{id}", "client-order/mine"])
def test_cancelling_returns_what_was_named(trader, path):
    order_id = trader.place(clientOid="mine")
    told = trader.fetch("DELETE", f"{ORDERS}/{path.format(id=order_id)}", PAIRED)
    assert told == ({"orderId": order_id} if path == "{id}" else {"clientOid": "mine"})
    order = trader.query(order_id)
    assert (*state(order), order["cancelledSize"], order["cancelledFunds"]) == (*CANCELED, "0.001", "80")
    assert order["inOrderBook"] is False


@pytest.mark.parametrize("path", ["{id}", "client-order/mine"])
def test_cancelling_that_waits_returns_sizes(trader, path):
    order_id = trader.place(clientOid="mine")
    told = trader.fetch("DELETE", f"{ORDERS}/sync/{path.format(id=order_id)}", PAIRED)
    assert {name: told[name] for name in ("originSize", "dealSize", "remainSize", "canceledSize", "status")} == {
        "originSize": "0.001",
        "dealSize": "0",
        "remainSize": "0",
        "canceledSize": "0.001",
        "status": "done",
    }


def test_order_that_is_not_there_or_has_ended_cannot_be_cancelled(trader):
    gone = ("400100", "order_not_exist_or_not_allow_to_cancel")
    ended = taking(trader, clientOid="ended")
    for path in (ended["id"], "4711", "client-order/ended", "client-order/never", f"sync/{ended['id']}"):
        assert trader.denied("DELETE", f"{ORDERS}/{path}", PAIRED) == gone
    assert trader.denied("DELETE", f"{ORDERS}/{trader.place()}", {"symbol": "LINK-USDT"}) == gone


def test_symbol_must_be_named_and_be_the_orders(trader):
    order_id = trader.place(clientOid="mine")
    assert trader.denied("GET", f"{ORDERS}/{order_id}") == ("400100", "symbol can not be empty")
    assert trader.denied("DELETE", f"{ORDERS}/{order_id}") == ("400100", "symbol can not be empty")
    assert trader.denied("GET", f"{ORDERS}/{order_id}", {"symbol": "LINK-USDT"}) == (
        "100001",
        "error.getOrder.orderNotExist",
    )
    assert trader.denied("GET", f"{ORDERS}/4711", PAIRED) == ("100001", "error.getOrder.orderNotExist")
    assert trader.denied("GET", f"{ORDERS}/client-order/never", PAIRED) == ("100001", "error.getOrder.orderNotExist")


def test_everything_of_a_symbol_or_of_all_is_cancelled(trader):
    for symbol, price in ((PAIR, "80000"), (PAIR, "81000"), ("LINK-USDT", "10")):
        trader.place(symbol=symbol, price=price, size="1" if symbol != PAIR else "0.001")
    assert set(trader.fetch("GET", f"{ORDERS}/active/symbols")["symbols"]) == {PAIR, "LINK-USDT"}
    assert trader.fetch("DELETE", ORDERS, PAIRED) == "success"
    assert trader.fetch("GET", f"{ORDERS}/active/symbols")["symbols"] == ["LINK-USDT"]
    told = trader.fetch("DELETE", f"{ORDERS}/cancelAll")
    assert told == {"succeedSymbols": ["LINK-USDT"], "failedSymbols": []}
    assert trader.venue.inspection.open_orders() == []


def test_open_orders_are_listed_newest_first_and_by_page(trader):
    placed = [trader.place(price=str(80_000 + each)) for each in range(5)]
    assert [order["id"] for order in trader.fetch("GET", f"{ORDERS}/active", PAIRED)] == placed[::-1]
    page = trader.fetch("GET", f"{ORDERS}/active/page", {**PAIRED, "pageNum": 2, "pageSize": 2})
    assert [order["id"] for order in page["items"]] == [placed[2], placed[1]]
    assert (page["currentPage"], page["pageSize"], page["totalNum"], page["totalPage"]) == (2, 2, 5, 3)


def test_ended_orders_are_paged_by_the_last_of_the_page_before(trader):
    placed = [trader.place(price=str(80_000 + each)) for each in range(5)]
    trader.fetch("DELETE", ORDERS, PAIRED)
    standing = trader.place()
    found, last = [], 0
    while True:
        page = trader.fetch("GET", f"{ORDERS}/done", {**PAIRED, "limit": 2, "lastId": last})
        if not page["items"]:
            break
        found += [order["id"] for order in page["items"]]
        last = page["lastId"]
    assert found == placed[::-1]
    assert standing not in found
    assert trader.fetch("GET", f"{ORDERS}/done", {**PAIRED, "side": "sell"}) == {"lastId": 0, "items": []}
    assert trader.fetch("GET", f"{ORDERS}/done", {**PAIRED, "type": "market"})["items"] == []
    assert trader.denied("GET", f"{ORDERS}/done", {**PAIRED, "limit": 101})[0] == "400100"


def test_lists_reach_a_week_back_unless_asked_for_another(trader):
    order = taking(trader, size="0.0001")
    begun = order["createdAt"]
    trader.wait(8 * DAY_S)
    for path in (f"{ORDERS}/done", "/api/v1/hf/fills"):
        assert trader.fetch("GET", path, PAIRED)["items"] == []
        assert len(trader.fetch("GET", path, {**PAIRED, "startAt": begun})["items"]) == 1
        assert trader.fetch("GET", path, {**PAIRED, "endAt": begun - 1})["items"] == []
        assert len(trader.fetch("GET", path, {**PAIRED, "endAt": begun})["items"]) == 1
        too_long = {**PAIRED, "startAt": begun, "endAt": begun + 7 * DAY_S * 1000 + 1}
        assert trader.denied("GET", path, too_long)[0] == "400100"


def test_fills_are_paged_and_found_by_order(trader):
    listing = trader.venue.by_pair[PAIR].listing
    size = sum(size for _, size in trader.venue.by_pair[PAIR].book.asks.top(3)) * listing.lot
    order = taking(trader, size=str(size))
    other = taking(trader, size="0.0001")
    fills = trader.fetch("GET", "/api/v1/hf/fills", {**PAIRED, "orderId": order["id"]})["items"]
    assert sum(Decimal(fill["size"]) for fill in fills) == size
    assert len({fill["tradeId"] for fill in fills}) == len(fills) >= 3
    page = trader.fetch("GET", "/api/v1/hf/fills", {**PAIRED, "limit": 2})
    assert page["items"][0]["orderId"] == other["id"]
    assert page["lastId"] == page["items"][-1]["id"]
    rest = trader.fetch("GET", "/api/v1/hf/fills", {**PAIRED, "lastId": page["lastId"]})["items"]
    assert [fill["id"] for fill in rest] == sorted((fill["id"] for fill in rest), reverse=True)
    assert len(rest) == len(fills) - 1
    assert trader.fetch("GET", "/api/v1/hf/fills", {**PAIRED, "side": "sell"}) == {"items": [], "lastId": 0}


def test_maker_fill_is_told_as_such(trader):
    bid, _ = trader.best()
    order_id = trader.place(price=str(bid), size="0.001")
    street(trader, bid, "1")
    assert state(trader.query(order_id)) == FILLED
    (fill,) = trader.fetch("GET", "/api/v1/hf/fills", PAIRED)["items"]
    assert (fill["liquidity"], fill["side"], fill["price"]) == ("maker", "buy", str(bid.normalize()))


def test_self_trade_is_prevented_as_wished(trader):
    bid, ask = trader.best()
    inside = str(bid + Decimal("0.1"))
    assert Decimal(inside) < ask
    resting = trader.place(side="sell", price=inside, size="0.001")
    newest = trader.query(trader.place(price=inside, size="0.001", stp="CN"))
    assert (*state(newest), newest["stp"], newest["dealSize"]) == (*CANCELED, "CN", "0")
    assert state(trader.query(resting)) == OPEN
    oldest = trader.query(trader.place(price=inside, size="0.001", stp="CO"))
    assert state(oldest) == OPEN
    assert state(trader.query(resting)) == CANCELED


def test_countdown_cancels_unless_it_is_renewed(trader):
    order_id = trader.place()
    armed = trader.fetch("POST", f"{ORDERS}/dead-cancel-all", body={"timeout": 10, "symbols": PAIR})
    assert armed["triggerTime"] - armed["currentTime"] == 10
    assert set(armed) == {"currentTime", "triggerTime"}
    trader.wait(9)
    trader.fetch("POST", f"{ORDERS}/dead-cancel-all", body={"timeout": 10, "symbols": PAIR})
    assert trader.fetch("GET", f"{ORDERS}/dead-cancel-all/query")["timeout"] == 10
    trader.wait(9)
    assert state(trader.query(order_id)) == OPEN
    trader.wait(2)
    assert state(trader.query(order_id)) == CANCELED
    trader.fetch("POST", f"{ORDERS}/dead-cancel-all", body={"timeout": -1, "symbols": PAIR})
    assert trader.fetch("GET", f"{ORDERS}/dead-cancel-all/query") is None
    assert trader.denied("POST", f"{ORDERS}/dead-cancel-all", body={"timeout": 4})[0] == "400100"


# Money


def test_balances_are_those_of_the_trading_account(trader):
    trader.place(size="0.01")
    rows = trader.fetch("GET", "/api/v1/accounts", {"type": "trade"})
    assert {row["type"] for row in rows} == {"trade"}
    for row in rows:
        assert Decimal(row["balance"]) == Decimal(row["available"]) + Decimal(row["holds"])
    (usdt,) = trader.fetch("GET", "/api/v1/accounts", {"type": "trade", "currency": "USDT"})
    assert Decimal(usdt["holds"]) == Decimal("800.8")
    older = trader.fetch("GET", "/api/v1/accounts", {"type": "trade_hf"})
    assert older == [row | {"type": "trade_hf"} for row in rows]
    assert trader.fetch("GET", "/api/v1/accounts") == rows
    assert trader.fetch("GET", "/api/v1/accounts", {"type": "main"}) == []
    assert trader.denied("GET", "/api/v1/accounts", {"type": "secret"})[0] == "400100"


def test_rates_are_told_by_symbol(trader):
    rates = {"takerFeeRate": "0.001", "makerFeeRate": "0.001"}
    assert trader.fetch("GET", "/api/v1/base-fee") == rates
    told = trader.fetch("GET", "/api/v1/trade-fees", {"symbols": "LINK-USDT"})
    assert told == [{"symbol": "LINK-USDT", **rates}]
    for names in ("", "NO-SUCH", ",".join([PAIR] * 11)):
        assert trader.denied("GET", "/api/v1/trade-fees", {"symbols": names})[0] == "400100"


def test_account_is_a_classic_one_that_trades_fast(trader):
    assert trader.fetch("GET", "/api/v1/hf/accounts/opened") is True
    assert trader.fetch("GET", "/api/ua/v1/account/mode") == {"selfAccountMode": "CLASSIC"}
    assert trader.fetch("GET", "/api/v3/margin/symbols")["items"] == []
    assert trader.fetch("GET", "/api/v1/isolated/symbols") == []


@given(
    size=st.integers(1, 400),
    side=st.sampled_from(["buy", "sell"]),
    force=st.sampled_from(["GTC", "IOC", "FOK"]),
    off=st.integers(-300, 300),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_placed_the_books_balance(traders, size, side, force, off):
    trader = traders()
    before = balances(trader)
    bid, ask = trader.best()
    price = (ask if side == "buy" else bid) + Decimal(off) / 10
    order = trader.query(trader.place(side=side, size=str(Decimal(size) / 10_000), price=str(price), timeInForce=force))
    after = balances(trader)
    deal, money, fee = (Decimal(order[name]) for name in ("dealSize", "dealFunds", "fee"))
    sign = 1 if side == "buy" else -1
    assert sum(after["BTC"]) - sum(before["BTC"]) == sign * deal
    assert sum(after["USDT"]) - sum(before["USDT"]) == -sign * money - fee
    assert deal + Decimal(order["remainSize"]) + Decimal(order["cancelledSize"]) == Decimal(order["size"])
    assert state(order) == (OPEN if Decimal(order["remainSize"]) else CANCELED if order["cancelExist"] else FILLED)
    fills = trader.fetch("GET", "/api/v1/hf/fills", PAIRED)["items"]
    assert sum((Decimal(fill["fee"]) for fill in fills), Decimal(0)) == fee
    assert sum((Decimal(fill["size"]) for fill in fills), Decimal(0)) == deal
