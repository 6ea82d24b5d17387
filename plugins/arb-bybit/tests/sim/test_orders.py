"""Orders and money on the simulated Bybit are as documented. Nothing of our client takes part here."""

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

SAMPLES = files("arb_bybit") / "samples"
PAIR = "BTCUSDT"
SPOT = {"category": "spot"}
OF_PAIR = {**SPOT, "symbol": PAIR}
DAY_S = 86_400
DAY_MS = DAY_S * 1000

NUMBERED = {"orderId": "1321003749386327552", "execId": "2100000000007764263"}
"""Orders and fills of spot are numbered, those of the examples named."""


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def best(trader, pair=PAIR):
    """Best bid and ask as (price, size)."""
    book = trader.fetch("GET", "/market/orderbook", {**SPOT, "symbol": pair})
    return [tuple(map(Decimal, book[side][0])) for side in "ba"]


def taking(trader, qty="0.001", **more):
    """An order that buys at once."""
    _, (ask, _) = best(trader)
    return trader.place(qty=qty, price=str(ask + 50), **more)


def wallet(trader, **more):
    (shown,) = trader.fetch("GET", "/account/wallet-balance", {"accountType": "UNIFIED", **more})["list"]
    return shown


def balances(trader):
    """What is free and locked: what is locked is part of the balance."""
    return {
        coin["coin"]: (Decimal(coin["walletBalance"]) - Decimal(coin["locked"]), Decimal(coin["locked"]))
        for coin in wallet(trader)["coin"]
    }


def cancel(trader, order):
    return trader.fetch("POST", "/order/cancel", body={**OF_PAIR, "orderId": order["orderId"]})


def street(trader, price, size, *, taker_buys=False):
    """Somebody else takes so much at a price."""
    market = trader.venue.by_pair[PAIR]
    scale, now_ns = market.listing, trader.venue.timeline.now_ns
    market.trade(round(price / scale.tick), round(size / scale.lot), now_ns, taker_buys=taker_buys)


# Shapes


def test_answers_to_actions_are_like_the_documented_ones(trader):
    placed = trader.told("POST", "/order/create", body=trader.wanted(orderLinkId="spot-test"))
    documented = sample("rest_create_order")
    documented["result"] |= {"orderId": "1321003749386327552", "orderLinkId": "spot-test"}
    assert differences(documented, placed) == []
    ids = placed["result"]
    for path, name, change in (("amend", "rest_amend_order", {"qty": "0.02"}), ("cancel", "rest_cancel_order", {})):
        documented = sample(name)
        documented["result"] |= {"orderId": "1321003749386327552", "orderLinkId": "spot-test"}
        done = trader.told("POST", f"/order/{path}", body={**OF_PAIR, "orderId": ids["orderId"], **change})
        assert differences(documented, done) == []
        assert done["result"] == ids
    trader.place(orderLinkId="1616024329462743809")
    all_of_them = trader.told("POST", "/order/cancel-all", body=OF_PAIR)
    assert differences(sample("rest_cancel_all"), all_of_them) == []
    assert trader.venue.inspection.open_orders() == []


def test_lists_are_like_the_documented_ones(trader):
    trader.place(orderLinkId="test-000005")
    taken = taking(trader, orderLinkId="test-000006")
    shown = trader.told("GET", "/order/realtime", SPOT)
    beyond = set(taken)
    documented = sample("rest_open_orders")
    documented["result"]["list"][0] |= NUMBERED | {"avgPrice": "", "cumFeeDetail": {}}
    del documented["result"]["list"][0]["execId"]
    assert differences(documented, shown, absent=["tpslMode"], added=beyond) == []
    ended = trader.told("GET", "/order/history", SPOT)
    documented = sample("rest_order_history")
    documented["result"]["list"][0] |= {"orderId": NUMBERED["orderId"], "lastPriceOnCreated": ""}
    documented["result"]["list"][0]["cumFeeDetail"] = {"BTC": "0.000001"}
    assert differences(documented, ended, absent=["tpslMode"], added=beyond) == []
    fills = trader.told("GET", "/execution/list", SPOT)
    documented = sample("rest_executions")
    documented["result"]["list"][0] |= NUMBERED | {"orderLinkId": "test", "feeCurrency": "BTC"}
    assert differences(documented, fills) == []


def test_answers_about_money_are_like_the_documented_ones(trader):
    trader.place()
    asked = {"accountType": "UNIFIED", "coin": "BTC"}
    answer = trader.told("GET", "/account/wallet-balance", asked)
    documented = sample("rest_wallet_balance")
    documented["result"]["list"][0]["coin"][0]["availableToWithdraw"] = ""  # as it is said today
    assert differences(documented, answer) == []
    fees = trader.told("GET", "/account/fee-rate", OF_PAIR)
    assert differences(sample("rest_fee_rate"), fees) == []
    assert fees["result"]["list"] == [{"symbol": PAIR, "takerFeeRate": "0.001", "makerFeeRate": "0.001"}]
    assert len(trader.fetch("GET", "/account/fee-rate", SPOT)["list"]) == 2
    key = trader.told("GET", "/user/query-api")
    assert differences(sample("rest_query_api"), key) == []
    assert key["result"]["readOnly"] == 0
    assert trader.fetch("GET", "/account/info")["unifiedMarginStatus"] == 6


def test_coins_and_their_chains_are_like_the_documented_ones(trader):
    shown = trader.told("GET", "/asset/coin/query-info")
    assert differences(sample("rest_coin_info"), shown) == []
    rows = {row["coin"]: row for row in shown["result"]["rows"]}
    assert set(rows) == {"BTC", "LINK", "USDT"}
    (chain,) = rows["LINK"]["chains"]
    assert chain["contractAddress"].startswith("0x")
    assert (chain["chainDeposit"], chain["chainWithdraw"]) == ("1", "1")
    assert rows["BTC"]["chains"][0]["contractAddress"] == ""
    assert trader.fetch("GET", "/asset/coin/query-info", {"coin": "LINK"})["rows"] == [rows["LINK"]]
    assert trader.denied("GET", "/asset/coin/query-info", {"coin": "NOSUCH"}) == 10001


# Money


def test_wallet_shows_what_is_asked_for(trader):
    assert {coin["coin"] for coin in wallet(trader)["coin"]} == {"BTC", "LINK", "USDT"}
    assert [coin["coin"] for coin in wallet(trader, coin="USDT,BTC")["coin"]] == ["USDT", "BTC"]
    assert trader.denied("GET", "/account/wallet-balance", {"accountType": "SPOT"}) == 10001
    assert trader.denied("GET", "/account/wallet-balance", {"accountType": "UNIFIED", "coin": "NOSUCH"}) == 10001


# Placing


def test_answer_says_no_more_than_what_the_order_is_called(trader):
    ids = trader.fetch("POST", "/order/create", body=trader.wanted(orderLinkId="mine"))
    assert ids == {"orderId": ids["orderId"], "orderLinkId": "mine"}
    assert ids["orderId"].isdecimal()
    assert trader.fetch("POST", "/order/create", body=trader.wanted())["orderLinkId"] == ""


def test_limit_order_rests_and_holds_its_money(trader):
    before = balances(trader)
    order = trader.place(orderLinkId="rests", qty="0.01", price="80000")
    assert (order["orderStatus"], order["cancelType"], order["rejectReason"]) == ("New", "UNKNOWN", "EC_NoError")
    assert (order["qty"], order["leavesQty"], order["leavesValue"], order["cumExecQty"]) == ("0.01", "0.01", "800", "0")
    assert (order["orderLinkId"], order["orderType"], order["timeInForce"]) == ("rests", "Limit", "GTC")
    assert (order["avgPrice"], order["cumExecFee"], order["cumFeeDetail"]) == ("", "0", {})
    assert (order["createdTime"], order["updatedTime"]) == (str(trader.venue.now_ms),) * 2
    free, locked = before["USDT"]
    assert balances(trader)["USDT"] == (free - 800, locked + 800)
    bids = trader.fetch("GET", "/market/orderbook", {**OF_PAIR, "limit": 1000})["b"]
    assert any(Decimal(price) == 80000 and Decimal(size) >= Decimal("0.01") for price, size in bids)


def test_taking_order_is_filled_at_the_prices_of_the_book(trader):
    _, (ask, _) = best(trader)
    before = balances(trader)
    order = trader.place(qty="0.001", price=str(ask + 50), timeInForce="IOC")
    paid = ask * Decimal("0.001")
    assert (order["orderStatus"], order["rejectReason"], order["leavesQty"]) == ("Filled", "EC_NoError", "0")
    assert (Decimal(order["cumExecValue"]), Decimal(order["avgPrice"])) == (paid, ask)
    assert (order["cumExecFee"], order["cumFeeDetail"]) == ("0.000001", {"BTC": "0.000001"})
    after = balances(trader)
    assert after["USDT"][0] == before["USDT"][0] - paid
    assert after["BTC"][0] == before["BTC"][0] + Decimal("0.000999")


def test_seller_pays_in_quote(trader):
    (bid, _), _ = best(trader)
    before = balances(trader)
    order = trader.place(side="Sell", qty="0.001", price=str(bid), timeInForce="IOC")
    earned = bid * Decimal("0.001")
    assert {asset: Decimal(charged) for asset, charged in order["cumFeeDetail"].items()} == {"USDT": earned / 1000}
    assert balances(trader)["USDT"][0] == before["USDT"][0] + earned * Decimal("0.999")


def test_remainder_of_an_ioc_order_is_cancelled_and_leaves_nothing(trader):
    _, (ask, size) = best(trader)
    order = trader.place(qty=str(size + 1), price=str(ask), timeInForce="IOC")
    assert (order["orderStatus"], order["rejectReason"]) == ("PartiallyFilledCanceled", "EC_NoImmediateQtyToFill")
    assert (Decimal(order["cumExecQty"]), order["leavesQty"], order["leavesValue"]) == (size, "0", "0")
    nothing = trader.place(price=str(ask - 10), timeInForce="IOC")
    assert (nothing["orderStatus"], nothing["rejectReason"]) == ("Cancelled", "EC_NoImmediateQtyToFill")
    assert balances(trader)["USDT"][1] == 0


def test_market_order_counts_quote_to_buy_and_base_to_sell_unless_it_says(trader):
    _, (ask, _) = best(trader)
    lot = trader.venue.by_pair[PAIR].listing.lot
    bought = trader.place(orderType="Market", qty="50", price="")
    assert (bought["orderStatus"], bought["qty"], bought["price"], bought["marketUnit"]) == (
        "Filled",
        "50",
        "0",
        "quoteCoin",
    )
    assert (bought["orderType"], bought["timeInForce"]) == ("Market", "IOC")
    assert Decimal(bought["cumExecQty"]) == 50 // (ask * lot) * lot
    in_base = trader.place(orderType="Market", qty="0.001", price="", marketUnit="baseCoin")
    assert (in_base["orderStatus"], in_base["cumExecQty"], in_base["marketUnit"]) == ("Filled", "0.001", "baseCoin")
    sold = trader.place(orderType="Market", side="Sell", qty="0.001", price="", timeInForce="GTC")
    assert (sold["cumExecQty"], sold["timeInForce"], sold["marketUnit"]) == ("0.001", "IOC", "baseCoin")
    (bid, _), _ = best(trader)
    for_quote = trader.place(orderType="Market", side="Sell", qty="50", price="", marketUnit="quoteCoin")
    assert (for_quote["orderStatus"], for_quote["qty"]) == ("Filled", "50")
    assert 50 - bid * lot < Decimal(for_quote["cumExecValue"]) <= 50


def test_post_only_order_that_would_take_is_accepted_and_cancelled(trader):
    (bid, _), (ask, _) = best(trader)
    assert trader.place(price=str(bid), timeInForce="PostOnly")["orderStatus"] == "New"
    order = trader.place(price=str(ask), timeInForce="PostOnly")
    assert (order["orderStatus"], order["rejectReason"], order["cumExecQty"]) == (
        "Cancelled",
        "EC_PostOnlyWillTakeLiquidity",
        "0",
    )


def test_fill_or_kill_order_is_filled_or_cancelled_whole(trader):
    _, (ask, size) = best(trader)
    order = trader.place(qty=str(size + 1), price=str(ask), timeInForce="FOK")
    assert (order["orderStatus"], order["rejectReason"]) == ("Cancelled", "EC_CancelForNoFullFill")
    assert trader.place(qty=str(size), price=str(ask), timeInForce="FOK")["orderStatus"] == "Filled"


def test_account_does_not_trade_with_itself_when_it_says_so(trader):
    (bid, _), (ask, _) = best(trader)
    price = str((bid + ask) / 2 // Decimal("0.1") * Decimal("0.1"))
    mine = trader.place(side="Sell", price=price)
    other = trader.place(price=price, smpType="CancelTaker")
    assert (other["orderStatus"], other["cancelType"], other["rejectReason"], other["smpType"]) == (
        "Cancelled",
        "CancelBySmp",
        "EC_BySelfMatch",
        "CancelTaker",
    )
    trader.place(price=price)
    assert trader.shown(mine["orderId"])["orderStatus"] == "Filled"
    sides = [(row["side"], row["isMaker"]) for row in trader.listed("/execution/list")]
    assert sorted(sides) == [("Buy", False), ("Sell", True)]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"category": ""}, 10001),
        ({"category": "linear"}, 10001),
        ({"symbol": ""}, 170105),
        ({"symbol": "NOSUCH"}, 170121),
        ({"side": "buy"}, 170116),
        ({"orderType": "Stop"}, 170115),
        ({"timeInForce": "DAY"}, 170117),
        ({"orderFilter": "tpslOrder"}, 170130),
        ({"isLeverage": 1}, 170130),
        ({"smpType": "Both"}, 170130),
        ({"orderType": "Market", "marketUnit": "lots"}, 170130),
        ({"orderLinkId": "a b"}, 10001),
        ({"orderLinkId": "a" * 37}, 10001),
        ({"qty": 1}, 10001),
        ({"qty": ""}, 170105),
        ({"qty": "-1"}, 170130),
        ({"qty": "0"}, 170130),
        ({"qty": "NaN"}, 170130),
        ({"price": ""}, 170105),
        ({"price": "80000.01"}, 170134),
        ({"qty": "0.00000001"}, 170137),
        ({"orderType": "Market", "side": "Sell", "qty": "0.0010000001"}, 170148),
        ({"orderType": "Market", "qty": "50.00000000001"}, 170148),
        ({"qty": "0.000001"}, 170140),
        ({"qty": "0.00005"}, 170140),
        ({"orderType": "Market", "qty": "4"}, 170140),
        ({"qty": "100"}, 170135),
        ({"orderType": "Market", "side": "Sell", "qty": "15"}, 170135),
        ({"price": "100000"}, 170193),
        ({"side": "Sell"}, 170194),
        ({"qty": "20"}, 170131),
    ],
)
def test_wrong_order_is_refused_with_a_code(trader, wrong, code):
    assert trader.denied("POST", "/order/create", body=trader.wanted(**wrong)) == code
    assert trader.venue.inspection.orders() == []


@pytest.mark.parametrize("body", ["", "{", "[]", '"order"', '{"category":1}'])
def test_nonsense_is_a_wrong_parameter(trader, body):
    assert trader.denied("POST", "/order/create", body=body) == 10001


def test_errors_are_worded_as_documented(trader):
    trader.place(orderLinkId="twice")
    documented = sample("errors")
    for name, wrong in {
        "pair": {"symbol": "NOSUCH"},
        "small": {"qty": "0.00005"},
        "decimals": {"qty": "0.00000001"},
        "tick": {"price": "80000.01"},
        "balance": {"qty": "20"},
        "duplicate": {"orderLinkId": "twice"},
    }.items():
        told = trader.told("POST", "/order/create", body=trader.wanted(**wrong))
        assert (told["retCode"], told["retMsg"]) == (documented[name]["retCode"], documented[name]["retMsg"])


def test_halted_pair_takes_no_orders(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=1))
    assert trader.denied("POST", "/order/create", body=trader.wanted()) == 170151


@pytest.mark.parametrize("why", Why)
def test_order_may_be_refused_for_any_reason(trader, why):
    trader.venue.faults.arm(Fault(kind=FaultKind.ORDER_REJECTED, why=why))
    assert trader.denied("POST", "/order/create", body=trader.wanted()) in {10001, *range(170_000, 171_000)}
    assert trader.venue.inspection.orders() == []


def test_client_id_is_never_used_twice(trader):
    order = trader.place(orderLinkId="same")
    assert trader.denied("POST", "/order/create", body=trader.wanted(orderLinkId="same")) == 170141
    cancel(trader, order)
    assert trader.denied("POST", "/order/create", body=trader.wanted(orderLinkId="same")) == 170141
    assert len(trader.venue.inspection.orders()) == 1


# Asking


def test_order_is_found_by_either_id_open_or_not(trader):
    order = trader.place(orderLinkId="mine")
    named = {**SPOT, "orderLinkId": "mine"}
    assert trader.listed("/order/realtime", orderLinkId="mine") == [order]
    assert trader.listed("/order/history", orderLinkId="mine") == []
    cancel(trader, order)
    (ended,) = trader.fetch("GET", "/order/realtime", named)["list"]
    assert (ended["orderId"], ended["orderStatus"], ended["cancelType"]) == (
        order["orderId"],
        "Cancelled",
        "CancelByUser",
    )
    assert trader.listed("/order/history", orderLinkId="mine") == [ended]
    assert trader.listed("/order/realtime", orderId="4711") == []
    assert trader.listed("/order/realtime", orderLinkId="nobody") == []
    assert trader.listed("/order/realtime", symbol="LINKUSDT", orderId=order["orderId"]) == []


def test_order_without_fills_is_remembered_for_a_day(trader):
    filled, empty = taking(trader), trader.place()
    cancel(trader, empty)
    trader.wait(DAY_S + 1)
    assert trader.listed("/order/realtime", orderId=empty["orderId"]) == []
    assert [row["orderId"] for row in trader.listed("/order/history")] == [filled["orderId"]]
    assert trader.shown(filled["orderId"])["orderStatus"] == "Filled"


def test_forgotten_client_id_finds_nothing_that_has_ended(trader):
    order = taking(trader, orderLinkId="mine")
    trader.venue.faults.arm(Fault(kind=FaultKind.CLIENT_IDS_FORGOTTEN, hold_s=60))
    for path in ("/order/realtime", "/order/history"):
        assert trader.listed(path, orderLinkId="mine") == []
        assert len(trader.listed(path, orderId=order["orderId"])) == 1


def test_lists_show_open_orders_or_ended_ones_newest_first(trader):
    ids = []
    for number in range(6):
        ids.append(trader.place()["orderId"])
        trader.wait(0.01)
        if number % 2:
            cancel(trader, {"orderId": ids[-1]})
    other = trader.place(symbol="LINKUSDT", qty="1", price="12")
    open_ids = [ids[4], ids[2], ids[0]]
    assert [row["orderId"] for row in trader.listed("/order/realtime", symbol=PAIR)] == open_ids
    assert [row["orderId"] for row in trader.listed("/order/realtime")] == [other["orderId"], *open_ids]
    ended = [ids[5], ids[3], ids[1]]
    assert [row["orderId"] for row in trader.listed("/order/realtime", openOnly=1)] == ended
    assert [row["orderId"] for row in trader.listed("/order/history", symbol=PAIR)] == ended
    assert trader.listed("/order/history", symbol="LINKUSDT") == []
    assert len(trader.listed("/order/history", orderStatus="Cancelled")) == 3
    assert trader.listed("/order/history", orderStatus="Filled") == []


def test_pages_follow_on_by_their_cursor_encoded_or_not(trader):
    for _ in range(3):
        for _ in range(20):
            trader.place()
        trader.wait(1)
    everything = trader.fetch("GET", "/order/realtime", {**SPOT, "limit": 50})
    assert len(everything["list"]) == 50
    assert trader.fetch("GET", "/order/realtime", {**SPOT, "limit": 999}) == everything
    shown, cursor, answers = [], "", []
    while len(answers) < 4:
        params = {**SPOT, "limit": 18, **({"cursor": cursor} if cursor else {})}
        answers.append(trader.fetch("GET", "/order/realtime", params))
        shown += answers[-1]["list"]
        cursor = answers[-1]["nextPageCursor"]
        if len(answers) == 2:
            cursor = cursor.replace("%", "%25")
    assert cursor == ""
    assert len({row["orderId"] for row in shown}) == len(shown) == 60
    assert shown[:50] == everything["list"]
    assert len(trader.listed("/order/realtime")) == 20
    assert trader.denied("GET", "/order/realtime", {**SPOT, "cursor": "nonsense"}) == 10001


def test_history_reaches_over_seven_days_at_a_time(trader):
    first = taking(trader)
    trader.wait(8 * DAY_S)
    second = taking(trader)
    now_ms = trader.venue.now_ms
    for path in ("/order/history", "/execution/list"):

        def ids(*, path=path, **params):
            return [row["orderId"] for row in trader.listed(path, **params)]

        assert ids() == [second["orderId"]]
        assert ids(startTime=now_ms - 8 * DAY_MS) == [first["orderId"]]
        assert ids(endTime=now_ms - 2 * DAY_MS) == [first["orderId"]]
        assert ids(startTime=now_ms - DAY_MS, endTime=now_ms) == [second["orderId"]]
        assert trader.denied("GET", path, {**SPOT, "startTime": now_ms - 7 * DAY_MS - 1, "endTime": now_ms}) == 10001
        assert trader.denied("GET", path, {**SPOT, "startTime": now_ms, "endTime": now_ms - 1}) == 10001


def test_fills_add_up_to_their_order(trader):
    _, (_, size) = best(trader)
    order = taking(trader, qty=str(size * 3), timeInForce="IOC")
    taking(trader)
    rows = trader.listed("/execution/list", orderId=order["orderId"])
    assert len(rows) > 1
    assert sum(Decimal(row["execQty"]) for row in rows) == Decimal(order["cumExecQty"])
    assert sum(Decimal(row["execValue"]) for row in rows) == Decimal(order["cumExecValue"])
    assert sum(Decimal(row["execFee"]) for row in rows) == Decimal(order["cumExecFee"])
    left = [Decimal(row["leavesQty"]) for row in rows]
    assert left == sorted(left)  # newest first
    for row in rows:
        assert (row["feeCurrency"], row["feeRate"], row["isMaker"], row["execType"]) == ("BTC", "0.001", False, "Trade")
        assert Decimal(row["execFee"]) == Decimal(row["execQty"]) * Decimal("0.001")
    assert len(trader.listed("/execution/list")) == len(rows) + 1
    assert trader.listed("/execution/list", symbol="LINKUSDT") == []
    assert trader.listed("/execution/list", execType="Funding") == []


def test_maker_pays_the_rate_of_makers(trader):
    trader.venue.account.fees[PAIR] = (Decimal("0.0002"), Decimal("0.001"))
    order = trader.place(price=str(best(trader)[0][0] + Decimal("0.1")), qty="0.01")
    street(trader, Decimal(order["price"]), Decimal("0.004"))
    (row,) = trader.listed("/execution/list")
    assert (row["isMaker"], row["feeRate"], row["execFee"], row["leavesQty"]) == (True, "0.0002", "0.0000008", "0.006")
    shown = trader.shown(order["orderId"])
    assert (shown["orderStatus"], shown["leavesQty"]) == ("PartiallyFilled", "0.006")
    cancel(trader, order)
    assert trader.shown(order["orderId"])["orderStatus"] == "PartiallyFilledCanceled"


# Cancelling and changing


def test_cancel_gives_the_money_back(trader):
    before = balances(trader)
    order = trader.place(orderLinkId="mine")
    assert cancel(trader, order) == {"orderId": order["orderId"], "orderLinkId": "mine"}
    assert balances(trader) == before


def test_cancel_by_two_ids_means_the_venues_own(trader):
    one, other = trader.place(orderLinkId="one"), trader.place(orderLinkId="other")
    trader.fetch("POST", "/order/cancel", body={**OF_PAIR, "orderId": one["orderId"], "orderLinkId": "other"})
    assert [order["orderId"] for order in trader.listed("/order/realtime")] == [other["orderId"]]
    trader.fetch("POST", "/order/cancel", body={**OF_PAIR, "orderLinkId": "other"})
    assert trader.listed("/order/realtime") == []


def test_cancel_of_an_ended_order_says_how_it_ended(trader):
    filled, cancelled = taking(trader), trader.place()
    cancel(trader, cancelled)
    for order_id, code in ((filled["orderId"], 170139), (cancelled["orderId"], 170142), ("5", 170213)):
        assert trader.denied("POST", "/order/cancel", body={**OF_PAIR, "orderId": order_id}) == code
        assert trader.denied("POST", "/order/amend", body={**OF_PAIR, "orderId": order_id, "qty": "1"}) == code
    assert trader.denied("POST", "/order/cancel", body={**OF_PAIR, "orderLinkId": "nobody"}) == 170213
    assert trader.denied("POST", "/order/cancel", body=OF_PAIR) == 170105
    open_one = trader.place()
    wrong = {**SPOT, "symbol": "LINKUSDT", "orderId": open_one["orderId"]}
    assert trader.denied("POST", "/order/cancel", body=wrong) == 170213


def test_all_orders_are_cancelled_of_a_symbol_a_base_or_all(trader):
    trader.place(orderLinkId="btc")
    link = {"symbol": "LINKUSDT", "qty": "1", "price": "12"}
    trader.place(**link, orderLinkId="link")

    def ended(**body):
        done = trader.fetch("POST", "/order/cancel-all", body={**SPOT, **body})
        assert done["success"] == "1"
        return [order["orderLinkId"] for order in done["list"]]

    assert ended(baseCoin="LINK") == ["link"]
    assert ended(symbol="LINKUSDT") == []
    trader.place(**link, orderLinkId="link2")
    assert ended(symbol=PAIR) == ["btc"]
    assert ended() == ["link2"]
    assert ended() == []
    assert trader.denied("POST", "/order/cancel-all", body={}) == 10001


def test_lowered_order_keeps_its_place_and_a_raised_one_loses_it(trader):
    (bid, _), (ask, _) = best(trader)
    price = (bid + ask) / 2 // Decimal("0.1") * Decimal("0.1")  # nobody else is there
    first, second = (trader.place(qty="0.02", price=str(price)) for _ in range(2))

    def change(order, **wanted):
        trader.fetch("POST", "/order/amend", body={**OF_PAIR, "orderId": order["orderId"], **wanted})
        return trader.shown(order["orderId"])

    def filled():
        return [trader.shown(order["orderId"])["cumExecQty"] for order in (first, second)]

    change(first, qty="0.01")
    street(trader, price, Decimal("0.005"))
    assert filled() == ["0.005", "0"]
    assert change(first, qty="0.03")["leavesQty"] == "0.025"
    street(trader, price, Decimal("0.005"))
    assert filled() == ["0.005", "0.005"]
    too_small = {**OF_PAIR, "orderId": first["orderId"], "qty": "0.005"}
    assert trader.denied("POST", "/order/amend", body=too_small) == 10001
    assert trader.shown(first["orderId"])["orderStatus"] == "PartiallyFilled"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({}, 10001),
        ({"price": "80000"}, 10001),
        ({"price": "80000.01"}, 170134),
        ({"qty": "0.00000001"}, 170137),
        ({"qty": "0.00005"}, 170140),
        ({"qty": "20"}, 170131),
        ({"price": "100000"}, 170193),
    ],
)
def test_wrong_change_is_refused_and_the_order_stands_as_before(trader, wrong, code):
    order = trader.place()
    body = {**OF_PAIR, "orderId": order["orderId"], **wrong}
    assert trader.denied("POST", "/order/amend", body=body) == code
    assert trader.shown(order["orderId"]) == order


# Faults


def test_order_whose_answer_is_lost_stands(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.ANSWER_LOST))
    with pytest.raises(TimeoutError):
        trader.place(orderLinkId="lost")
    assert [row["orderLinkId"] for row in trader.listed("/order/realtime")] == ["lost"]


def test_reading_side_may_lag(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.LOOKUP_LAG, lag_s=1, hold_s=2))
    trader.wait(0.1)
    ids = trader.fetch("POST", "/order/create", body=trader.wanted())
    assert trader.listed("/order/realtime", orderId=ids["orderId"]) == []
    trader.wait(1.1)
    assert len(trader.listed("/order/realtime")) == 1


# Everything together

PRICES = st.sampled_from(["90000", "91240", "91250.1", "91260", "92000"])
QUANTITIES = st.sampled_from(["0.0005", "0.003", "0.05"])
FORCES = st.sampled_from(["GTC", "IOC", "FOK", "PostOnly"])
DEEDS = st.one_of(
    st.tuples(st.just("limit"), st.sampled_from(["Buy", "Sell"]), QUANTITIES, PRICES, FORCES),
    st.tuples(st.just("market"), st.sampled_from(["Buy", "Sell"]), QUANTITIES, st.just("baseCoin"), st.just("")),
    st.tuples(st.just("market"), st.sampled_from(["Buy", "Sell"]), st.just("60"), st.just("quoteCoin"), st.just("")),
    st.tuples(st.just("cancel"), st.just(""), st.just(""), st.just(""), st.just("")),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(deeds=st.lists(DEEDS, max_size=12))
def test_wallet_lists_and_pushes_tell_one_story(traders, deeds):
    trader = traders()
    before = trader.venue.account.balances()
    assert trader.login()["success"]
    assert trader.tell("subscribe", "order", "execution", "wallet")["success"]
    for kind, side, qty, price, force in deeds:
        if kind == "cancel":
            trader.fetch("POST", "/order/cancel-all", body=OF_PAIR)
        elif kind == "market":
            trader.place(orderType="Market", side=side, qty=qty, price="", marketUnit=price)
        else:
            trader.place(side=side, qty=qty, price=price, timeInForce=force)
        trader.wait(0.2)
    orders = trader.listed("/order/realtime", limit=50) + trader.listed("/order/history", limit=50)
    last = {row["orderId"]: row for row in trader.pushed("order")}
    assert {order["orderId"] for order in orders} == set(last)
    for order in orders:
        told = last[order["orderId"]]
        assert {name: told[name] for name in order if name != "isLeverage"} == {
            name: value for name, value in order.items() if name != "isLeverage"
        }
    fills = trader.listed("/execution/list", limit=100)
    assert [row["execId"] for row in trader.pushed("execution")][::-1][:100] == [row["execId"] for row in fills]
    totals = {asset: free + locked for asset, (free, locked) in before.items()}
    for row in trader.pushed("execution"):
        sign = 1 if row["side"] == "Buy" else -1
        totals["BTC"] += sign * Decimal(row["execQty"])
        totals["USDT"] -= sign * Decimal(row["execValue"])
        totals[row["feeCurrency"]] -= Decimal(row["execFee"])
    shown = {coin["coin"]: Decimal(coin["walletBalance"]) for coin in wallet(trader)["coin"]}
    assert shown == totals
    told = {}
    for row in trader.pushed("wallet"):
        told |= {coin["coin"]: (coin["walletBalance"], coin["locked"]) for coin in row["coin"]}
    now = {coin["coin"]: (coin["walletBalance"], coin["locked"]) for coin in wallet(trader)["coin"]}
    assert {name: now[name] for name in told} == told
    locked = sum(
        (Decimal(order["leavesValue"]) for order in orders if order["side"] == "Buy" and order["leavesQty"] != "0"),
        Decimal(0),
    )
    assert Decimal(now["USDT"][1]) == locked
    stamps = [int(order["createdTime"]) for order in trader.listed("/order/history", limit=50)]
    assert all(after <= before for before, after in pairwise(stamps))
