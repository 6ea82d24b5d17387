"""Orders and money on the simulated OKX are as documented. Nothing of our client takes part here."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.orders import Why
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PAIR = "BTC-USDT"
HOURS = 3600


def best(trader, pair=PAIR):
    """Best bid and ask as (price, size)."""
    (book,) = json.loads(trader.get("/api/v5/market/books", instId=pair, sz=1).body)["data"]
    return [tuple(map(Decimal, book[side][0][:2])) for side in ("bids", "asks")]


def second_ask(trader):
    (book,) = json.loads(trader.get("/api/v5/market/books", instId=PAIR, sz=2).body)["data"]
    return Decimal(book["asks"][1][0])


def taking(trader, amount="0.001", **more):
    """An order that buys at once."""
    _, (ask, _) = best(trader)
    return trader.place(sz=amount, px=str(ask * Decimal("1.02") // Decimal("0.1") * Decimal("0.1")), **more)


def balances(trader):
    (shown,) = trader.fetch("GET", "account/balance")
    rows = {row["ccy"]: row for row in shown["details"]}
    for row in rows.values():
        assert Decimal(row["availBal"]) + Decimal(row["frozenBal"]) == Decimal(row["cashBal"])
    return {name: (Decimal(row["availBal"]), Decimal(row["frozenBal"])) for name, row in rows.items()}


def street(trader, price, size, *, taker_buys=False):
    """Somebody else takes so much at a price."""
    market = trader.venue.by_pair[PAIR]
    scale, now_ns = market.listing, trader.venue.timeline.now_ns
    market.trade(round(price / scale.tick), round(size / scale.lot), now_ns, taker_buys=taker_buys)


# Placing


def test_limit_order_rests_and_holds_its_money(trader):
    before = balances(trader)
    row = trader.place(clOrdId="rests1", tag="arb", sz="0.01", px="80000")
    assert (row["clOrdId"], row["tag"], row["sCode"], row["sMsg"]) == ("rests1", "arb", "0", "")
    assert row["ts"] == str(trader.now_ms)
    order = trader.order(row["ordId"])
    assert (order["state"], order["accFillSz"], order["avgPx"], order["fillSz"]) == ("live", "0", "", "0")
    assert (order["ordType"], order["px"], order["sz"], order["tgtCcy"]) == ("limit", "80000", "0.01", "")
    assert (order["clOrdId"], order["tag"], order["tdMode"], order["cancelSource"]) == ("rests1", "arb", "cash", "")
    assert (order["fee"], order["feeCcy"], order["cTime"]) == ("0", "BTC", str(trader.now_ms))
    free, frozen = before["USDT"]
    assert balances(trader)["USDT"] == (free - 800, frozen + 800)


def test_answer_says_when_it_came_and_went_in_microseconds(trader):
    told = json.loads(trader.call("POST", "trade/order", body=trader.wanted()).body)
    assert list(told) == ["code", "msg", "data", "inTime", "outTime"]
    assert int(told["inTime"]) < int(told["outTime"])
    assert int(told["inTime"]) // 1000 == trader.now_ms


def test_taking_order_is_filled_at_the_prices_of_the_book(trader):
    _, (ask, _) = best(trader)
    before = balances(trader)
    order = trader.order(taking(trader, "0.001", ordType="ioc")["ordId"])
    assert (order["state"], order["cancelSource"]) == ("filled", "")
    assert (Decimal(order["avgPx"]), Decimal(order["fillPx"])) == (ask, ask)
    assert (order["accFillSz"], order["fillSz"]) == ("0.001", "0.001")
    assert (order["fee"], order["feeCcy"]) == ("-0.000001", "BTC")
    free, _ = before["BTC"]
    assert balances(trader)["BTC"] == (free + Decimal("0.000999"), 0)
    (fill,) = trader.fetch("GET", "trade/fills", {"instId": PAIR})
    assert (fill["ordId"], fill["tradeId"], fill["execType"]) == (order["ordId"], order["tradeId"], "T")
    assert (fill["fee"], fill["feeRate"], fill["side"], fill["fillSz"]) == ("-0.000001", "-0.001", "buy", "0.001")


def test_seller_pays_its_fee_in_quote_and_a_maker_less(trader):
    (bid, _), _ = best(trader)
    sold = trader.order(trader.place(side="sell", sz="0.001", px=str(bid))["ordId"])
    assert (sold["state"], sold["feeCcy"]) == ("filled", "USDT")
    assert Decimal(sold["fee"]) == -bid * Decimal("0.001") * Decimal("0.001")
    resting = trader.place(sz="0.002", px=str(bid + Decimal("0.1")), ordType="post_only")
    street(trader, bid + Decimal("0.1"), Decimal("0.001"))
    order = trader.order(resting["ordId"])
    assert (order["state"], order["fee"]) == ("partially_filled", "-0.0000008")
    assert trader.fetch("GET", "trade/fills", {"ordId": resting["ordId"]})[0]["execType"] == "M"


@pytest.mark.parametrize(
    ("kind", "state", "source", "filled"),
    [("ioc", "canceled", "14", True), ("fok", "canceled", "13", False), ("post_only", "canceled", "31", False)],
)
def test_each_type_that_cannot_rest_is_taken_and_ends_for_its_own_reason(trader, kind, state, source, filled):
    _, (ask, size) = best(trader)
    order = trader.order(trader.place(sz=str(size + 1), px=str(ask), ordType=kind)["ordId"])
    assert (order["ordType"], order["state"], order["cancelSource"]) == (kind, state, source)
    assert order["cancelSourceReason"]
    assert Decimal(order["accFillSz"]) == (size if filled else 0)


def test_market_order_to_buy_counts_quote_unless_it_says_base(trader):
    _, (ask, _) = best(trader)
    by_money = trader.order(trader.place(ordType="market", px="", sz="50")["ordId"])
    assert (by_money["state"], by_money["sz"], by_money["tgtCcy"], by_money["px"]) == ("filled", "50", "quote_ccy", "")
    assert 49 < Decimal(by_money["accFillSz"]) * Decimal(by_money["avgPx"]) <= 50
    by_size = trader.order(trader.place(ordType="market", px="", sz="0.0001", tgtCcy="base_ccy")["ordId"])
    assert (by_size["accFillSz"], by_size["tgtCcy"]) == ("0.0001", "base_ccy")
    sold = trader.order(trader.place(ordType="market", px="", sz="0.0001", side="sell")["ordId"])
    assert (sold["accFillSz"], sold["tgtCcy"]) == ("0.0001", "base_ccy")
    worth = trader.order(trader.place(ordType="market", px="", sz="9", side="sell", tgtCcy="quote_ccy")["ordId"])
    assert Decimal(worth["accFillSz"]) * ask < 10


def test_target_of_a_limit_order_means_nothing(trader):
    order = trader.order(trader.place(tgtCcy="quote_ccy")["ordId"])
    assert (order["sz"], order["tgtCcy"]) == ("0.01", "")


def test_who_would_trade_with_itself_loses_the_order_that_rests(trader):
    (bid, _), _ = best(trader)
    inside = str(bid + Decimal("0.1"))
    resting = trader.place(sz="0.01", px=inside)
    taken = trader.place(side="sell", sz="0.001", px=inside)
    order = trader.order(resting["ordId"])
    assert (order["state"], order["cancelSource"], order["stpMode"]) == ("canceled", "32", "cancel_maker")
    assert trader.order(taken["ordId"])["state"] == "live"
    buying = trader.place(sz="0.001", px=inside, stpMode="cancel_taker")
    assert trader.order(buying["ordId"])["cancelSource"] == "32"
    assert trader.order(taken["ordId"])["state"] == "live"


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"instId": "NO-SUCH"}, 200, "51001"),
        ({"instId": ""}, 400, "50014"),
        ({"tdMode": ""}, 400, "50014"),
        ({"tdMode": "cross"}, 200, "51000"),
        ({"side": "long"}, 200, "51000"),
        ({"side": ""}, 400, "50014"),
        ({"ordType": "stop"}, 200, "51000"),
        ({"ordType": ""}, 400, "50014"),
        ({"sz": ""}, 400, "50014"),
        ({"sz": "0"}, 200, "51000"),
        ({"sz": "-1"}, 200, "51000"),
        ({"sz": "1e2"}, 200, "51000"),
        ({"px": ""}, 200, "51000"),
        ({"px": "80000.05"}, 200, "51000"),
        ({"sz": "0.000000015"}, 200, "51121"),
        ({"sz": "0.00000001"}, 200, "51020"),
        ({"sz": "100"}, 200, "51008"),
        ({"sz": "300"}, 200, "51201"),
        ({"px": "200000"}, 200, "51006"),
        ({"side": "sell", "px": "30000"}, 200, "51006"),
        ({"clOrdId": "a-b"}, 200, "51000"),
        ({"clOrdId": "a" * 33}, 200, "51000"),
        ({"tag": "a" * 17}, 200, "51000"),
        ({"stpMode": "nobody"}, 200, "51000"),
        ({"ordType": "market", "px": "", "tgtCcy": "usd"}, 200, "51000"),
    ],
)
def test_wrong_order_is_refused_with_a_code(trader, order, status, code):
    assert trader.denied("POST", "trade/order", body=trader.wanted(**order)) == (status, code)
    assert trader.venue.inspection.orders() == []


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_has_a_code(trader, why):
    trader.venue.faults.arm(Fault(kind=FaultKind.ORDER_REJECTED, why=why))
    status, code = trader.denied("POST", "trade/order", body=trader.wanted())
    assert (status, code[:2]) == (200, "51")


def test_refused_order_names_what_it_was_called_and_has_no_id(trader):
    told = json.loads(trader.call("POST", "trade/order", body=trader.wanted(sz="100", clOrdId="a1")).body)
    (row,) = told["data"]
    assert (told["code"], told["msg"]) == ("1", "All operations failed")
    assert (row["clOrdId"], row["ordId"], row["sCode"]) == ("a1", "", "51008")
    assert row["sMsg"] == "Order failed. Insufficient USDT balance in account"


def test_client_id_is_unique_among_open_orders_and_free_again_afterwards(trader):
    first = trader.place(clOrdId="mine")
    assert trader.denied("POST", "trade/order", body=trader.wanted(clOrdId="mine")) == (200, "51016")
    trader.place(clOrdId="Mine")  # case counts
    trader.fetch("POST", "trade/cancel-order", body={"instId": PAIR, "clOrdId": "mine"})
    second = trader.place(clOrdId="mine")
    (order,) = trader.fetch("GET", "trade/order", {"instId": PAIR, "clOrdId": "mine"})
    assert order["ordId"] == second["ordId"] != first["ordId"]


def test_deadline_of_an_order_is_kept(trader):
    trader.fetch("POST", "trade/order", body=trader.wanted(), exptime=str(trader.now_ms))
    late = str(trader.now_ms - 1)
    assert trader.denied("POST", "trade/order", body=trader.wanted(), exptime=late) == (200, "50036")
    assert trader.denied("POST", "trade/order", body=trader.wanted(), exptime="soon") == (200, "50036")
    assert len(trader.venue.inspection.orders()) == 1


# Lists


def test_each_order_of_a_list_succeeds_or_fails_by_itself(trader):
    several = [trader.wanted(clOrdId="a1"), trader.wanted(clOrdId="a2", sz="100"), trader.wanted(clOrdId="a3")]
    told = json.loads(trader.call("POST", "trade/batch-orders", body=several).body)
    assert (told["code"], [row["sCode"] for row in told["data"]]) == ("2", ["0", "51008", "0"])
    assert [row["clOrdId"] for row in told["data"]] == ["a1", "a2", "a3"]
    none = json.loads(trader.call("POST", "trade/batch-orders", body=several[1:2]).body)
    assert none["code"] == "1"
    names = [{"instId": PAIR, "clOrdId": name} for name in ("a1", "a2", "a3")]
    gone = json.loads(trader.call("POST", "trade/cancel-batch-orders", body=names).body)
    assert (gone["code"], [row["sCode"] for row in gone["data"]]) == ("2", ["0", "51400", "0"])
    assert trader.venue.inspection.open_orders() == []


def test_a_list_has_at_most_twenty_orders(trader):
    assert trader.denied("POST", "trade/batch-orders", body=[trader.wanted()] * 21) == (400, "51000")
    assert trader.denied("POST", "trade/cancel-batch-orders", body=[]) == (400, "50014")


# Cancelling and changing


def test_cancelled_order_gives_its_money_back_and_says_who_cancelled_it(trader):
    before = balances(trader)
    placed = trader.place(clOrdId="a1")
    (row,) = trader.fetch("POST", "trade/cancel-order", body={"instId": PAIR, "ordId": placed["ordId"]})
    assert row == {
        "clOrdId": "a1",
        "ordId": placed["ordId"],
        "sCode": "0",
        "sMsg": "",
        "ts": str(trader.now_ms),
    }
    order = trader.order(placed["ordId"])
    assert (order["state"], order["cancelSource"]) == ("canceled", "1")
    assert balances(trader) == before


def test_what_cannot_be_cancelled_is_told_why(trader):
    def cancel(**named):
        return trader.denied("POST", "trade/cancel-order", body={"instId": PAIR, **named})

    assert cancel(ordId="4711") == (200, "51400")
    assert cancel(clOrdId="nobody") == (200, "51400")
    assert cancel() == (200, "51000")
    assert cancel(ordId=taking(trader)["ordId"]) == (200, "51402")
    placed = trader.place()
    assert cancel(ordId=placed["ordId"], instId="LINK-USDT") == (200, "51400")
    # the venue's own id decides
    trader.fetch("POST", "trade/cancel-order", body={"instId": PAIR, "ordId": placed["ordId"], "clOrdId": "other"})
    assert cancel(ordId=placed["ordId"]) == (200, "51401")


def test_open_order_is_changed(trader):
    placed = trader.place(clOrdId="a1")
    change = {"instId": PAIR, "clOrdId": "a1", "newSz": "0.02", "newPx": "79000", "reqId": "b12344"}
    (row,) = trader.fetch("POST", "trade/amend-order", body=change)
    assert (row["ordId"], row["reqId"], row["sCode"]) == (placed["ordId"], "b12344", "0")
    order = trader.order(placed["ordId"])
    assert (order["sz"], order["px"], order["state"]) == ("0.02", "79000", "live")
    told = json.loads(trader.call("POST", "trade/amend-batch-orders", body=[change | {"newSz": "0.03"}]).body)
    assert told["code"] == "0"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ordId": "4711", "newSz": "1"}, "51503"),
        ({}, "51000"),
        ({"newSz": "100"}, "51502"),
        ({"newSz": "0.01", "newPx": "80000"}, "51000"),
        ({"newPx": "80000.01"}, "51000"),
        ({"newSz": "0.00000001"}, "51020"),
        ({"newSz": "0.02", "reqId": "a b"}, "51000"),
    ],
)
def test_wrong_change_is_refused_and_the_order_stays(trader, change, code):
    placed = trader.place()
    before = trader.order(placed["ordId"])
    body = {"instId": PAIR, "ordId": placed["ordId"], **change}
    assert trader.denied("POST", "trade/amend-order", body=body) == (200, code)
    assert trader.order(placed["ordId"]) == before


def test_order_that_cannot_be_changed_may_be_cancelled_instead(trader):
    placed = trader.place()
    body = {"instId": PAIR, "ordId": placed["ordId"], "newSz": "100", "cxlOnFail": True}
    assert trader.denied("POST", "trade/amend-order", body=body) == (200, "51502")
    assert trader.order(placed["ordId"])["state"] == "canceled"
    assert trader.denied("POST", "trade/amend-order", body=body) == (200, "51509")


def test_post_only_order_is_not_changed_into_one_that_takes(trader):
    _, (ask, _) = best(trader)
    placed = trader.place(ordType="post_only")
    body = {"instId": PAIR, "ordId": placed["ordId"], "newPx": str(ask)}
    assert trader.denied("POST", "trade/amend-order", body=body) == (200, "51000")
    assert trader.order(placed["ordId"])["state"] == "live"


def test_countdown_cancels_everything_unless_renewed(trader):
    placed = [trader.place(), trader.place(instId="LINK-USDT", sz="1", px="5")]
    (row,) = trader.fetch("POST", "trade/cancel-all-after", body={"timeOut": "10"})
    assert row == {"triggerTime": str(trader.now_ms + 10_000), "tag": "", "ts": str(trader.now_ms)}
    trader.wait(9)
    trader.fetch("POST", "trade/cancel-all-after", body={"timeOut": "10"})
    trader.wait(9)
    assert trader.order(placed[0]["ordId"])["state"] == "live"
    trader.wait(1)
    assert trader.venue.inspection.open_orders() == []
    assert trader.order(placed[0]["ordId"])["cancelSource"] == "20"


@pytest.mark.parametrize("timeout", ["9", "121", "-1", "soon", "", 5])
def test_countdown_is_ten_seconds_to_two_minutes_long_or_off(trader, timeout):
    assert trader.denied("POST", "trade/cancel-all-after", body={"timeOut": timeout}) == (400, "51000")
    trader.wait(1)  # it may be asked for once a second
    assert trader.fetch("POST", "trade/cancel-all-after", body={"timeOut": "0"})[0]["triggerTime"] == "0"


# Looking back


def test_order_is_found_by_either_id(trader):
    placed = trader.place(clOrdId="a1")
    assert trader.fetch("GET", "trade/order", {"instId": PAIR, "clOrdId": "a1"})[0]["ordId"] == placed["ordId"]
    assert trader.denied("GET", "trade/order", {"instId": PAIR, "ordId": "4711"}) == (200, "51603")
    assert trader.denied("GET", "trade/order", {"instId": "LINK-USDT", "clOrdId": "a1"}) == (200, "51603")
    assert trader.denied("GET", "trade/order", {"instId": PAIR}) == (400, "50014")
    assert trader.denied("GET", "trade/order", {"clOrdId": "a1"}) == (400, "50014")


def test_order_that_ended_unfilled_is_forgotten_after_two_hours(trader):
    cancelled, filled = trader.place(clOrdId="a1"), taking(trader, clOrdId="a2")
    trader.fetch("POST", "trade/cancel-order", body={"instId": PAIR, "ordId": cancelled["ordId"]})
    history = {"instType": "SPOT"}
    assert len(trader.fetch("GET", "trade/orders-history", history)) == 2
    trader.wait(2 * HOURS - 1)
    assert trader.order(cancelled["ordId"])["state"] == "canceled"
    trader.wait(1)
    assert trader.denied("GET", "trade/order", {"instId": PAIR, "clOrdId": "a1"}) == (200, "51603")
    assert trader.denied("GET", "trade/order", {"instId": PAIR, "ordId": cancelled["ordId"]}) == (200, "51603")
    for listed in ("orders-history", "orders-history-archive"):
        assert [order["ordId"] for order in trader.fetch("GET", f"trade/{listed}", history)] == [filled["ordId"]]
    trader.wait(7 * 24 * HOURS)
    assert trader.fetch("GET", "trade/orders-history", history) == []
    assert len(trader.fetch("GET", "trade/orders-history-archive", history)) == 1
    assert trader.order(filled["ordId"])["state"] == "filled"


def test_fills_are_kept_three_days_in_one_list_and_three_months_in_the_other(trader):
    taking(trader)
    spot = {"instType": "SPOT"}
    assert len(trader.fetch("GET", "trade/fills", spot)) == 1
    trader.wait(3 * 24 * HOURS + 1)
    assert trader.fetch("GET", "trade/fills", spot) == []
    assert len(trader.fetch("GET", "trade/fills-history", spot)) == 1
    assert trader.denied("GET", "trade/fills-history") == (400, "50014")


def test_lists_come_newest_first_and_are_paged_by_id(trader):
    ids = [trader.place(px=str(70_000 + number))["ordId"] for number in range(5)][::-1]

    def pending(**params):
        return [order["ordId"] for order in trader.fetch("GET", "trade/orders-pending", params)]

    assert pending(instType="SPOT") == ids
    assert pending(instId=PAIR, limit=2) == ids[:2]
    assert pending(after=ids[1]) == ids[2:]
    assert pending(before=ids[1]) == ids[:1]
    assert pending(instId="LINK-USDT") == pending(instType="SWAP") == pending(state="partially_filled") == []
    for order_id in ids:
        trader.fetch("POST", "trade/cancel-order", body={"instId": PAIR, "ordId": order_id})
    assert pending() == []

    def ended(**params):
        rows = trader.fetch("GET", "trade/orders-history", {"instType": "SPOT", **params})
        return [order["ordId"] for order in rows]

    assert ended() == ids
    assert ended(after=ids[1], limit=2) == ids[2:4]
    assert ended(state="filled") == []
    assert ended(begin=trader.now_ms + 1) == ended(end=trader.now_ms - 1) == []
    assert ended(begin=trader.now_ms, end=trader.now_ms) == ids


def test_fills_are_paged_by_bill_and_bounded_by_time(trader):
    _, (ask, size) = best(trader)
    trader.place(sz=str(size + Decimal("0.0001")), px=str(second_ask(trader)))
    fills = trader.fetch("GET", "trade/fills", {"instId": PAIR})
    bills = [int(fill["billId"]) for fill in fills]
    assert len(fills) == 2
    assert bills == sorted(bills, reverse=True)
    assert trader.fetch("GET", "trade/fills", {"after": bills[0]}) == fills[1:]
    assert trader.fetch("GET", "trade/fills", {"before": bills[1]}) == fills[:1]
    assert trader.fetch("GET", "trade/fills", {"begin": trader.now_ms + 1}) == []
    assert Decimal(fills[1]["fillPx"]) == ask


def test_fees_of_an_account_are_negative(trader):
    (fees,) = trader.fetch("GET", "account/trade-fee", {"instType": "SPOT", "instId": PAIR})
    assert (fees["maker"], fees["taker"]) == ("-0.0008", "-0.001")
    trader.venue.account.fees[PAIR] = (Decimal("-0.0001"), Decimal("0.0005"))
    (fees,) = trader.fetch("GET", "account/trade-fee", {"instType": "SPOT", "instId": PAIR})
    assert (fees["maker"], fees["taker"]) == ("0.0001", "-0.0005")
    assert trader.denied("GET", "account/trade-fee") == (400, "50014")


def test_balance_of_one_asset_and_networks_of_all(trader):
    (shown,) = trader.fetch("GET", "account/balance", {"ccy": "BTC"})
    assert [row["ccy"] for row in shown["details"]] == ["BTC"]
    rows = {row["chain"]: row for row in trader.fetch("GET", "asset/currencies")}
    assert set(rows) == {"BTC-BTC", "LINK-ETH", "USDT-ETH"}
    assert len(rows["LINK-ETH"]["ctAddr"]) == 6
    assert rows["BTC-BTC"]["ctAddr"] == ""


def test_halted_instrument_takes_no_orders(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=5))
    assert trader.denied("POST", "trade/order", body=trader.wanted()) == (200, "51022")
    trader.wait(6)
    trader.place()


def test_answer_may_be_lost_and_the_order_found(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.ANSWER_LOST))
    with pytest.raises(TimeoutError):
        trader.place(clOrdId="a1")
    assert trader.fetch("GET", "trade/order", {"instId": PAIR, "clOrdId": "a1"})[0]["state"] == "live"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]),
            st.sampled_from(["limit", "ioc", "fok", "post_only", "market"]),
            st.integers(min_value=-30, max_value=30),
            st.integers(min_value=1, max_value=2000),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_is_ordered_the_money_is_what_the_fills_say(traders, wanted):
    trader = traders()
    before = balances(trader)
    for side, kind, ticks, lots in wanted:
        (bid, _), _ = best(trader)
        px = "" if kind == "market" else str(bid + ticks * Decimal("0.1"))
        sz = str(Decimal(lots) * Decimal("0.00001"))
        trader.call("POST", "trade/order", body=trader.wanted(side=side, ordType=kind, px=px, sz=sz, tgtCcy="base_ccy"))
    moved = dict.fromkeys(before, Decimal(0))
    for fill in trader.fetch("GET", "trade/fills"):
        sign = 1 if fill["side"] == "buy" else -1
        moved["BTC"] += sign * Decimal(fill["fillSz"])
        moved["USDT"] -= sign * Decimal(fill["fillSz"]) * Decimal(fill["fillPx"])
        moved[fill["feeCcy"]] += Decimal(fill["fee"])
    after = balances(trader)
    for name, change in moved.items():
        assert sum(after[name]) == sum(before[name]) + change
    frozen = dict.fromkeys(before, Decimal(0))
    orders = trader.fetch("GET", "trade/orders-pending")
    for order in orders:
        left = Decimal(order["sz"]) - Decimal(order["accFillSz"])
        held = left * Decimal(order["px"]) if order["side"] == "buy" else left
        frozen["USDT" if order["side"] == "buy" else "BTC"] += held
    assert {name: held for name, (_, held) in after.items()} == frozen
    assert all(int(newer["ordId"]) > int(older["ordId"]) for newer, older in pairwise(orders))


def test_parameters_that_are_empty_are_as_if_they_were_left_out(trader):
    # so OKX's own client writes an order (python-okx)
    empty = dict.fromkeys(["ccy", "clOrdId", "tag", "posSide", "reduceOnly", "tgtCcy", "stpMode", "banAmend"], "")
    (row,) = trader.fetch("POST", "trade/order", body=trader.wanted() | empty)
    change = {"instId": PAIR, "ordId": row["ordId"], "clOrdId": "", "reqId": "", "newSz": "0.02", "newPx": ""}
    trader.fetch("POST", "trade/amend-order", body=change | {"cxlOnFail": ""})
    trader.fetch("POST", "trade/cancel-order", body={"instId": PAIR, "ordId": row["ordId"], "clOrdId": ""})
