"""Orders and money on the simulated Binance are as documented. Nothing of our client takes part here."""

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

SAMPLES = files("arb_binance") / "samples"
PAIR = "BTCUSDT"
DAY_S = 86_400
QUOTE_QUANTITY = ["origQuoteOrderQty"]
"""A field that the page of answers has and most examples lack."""


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def street(trader, price, size, *, taker_buys=False):
    """Somebody else takes so much at a price."""
    market = trader.venue.by_pair[PAIR]
    scale, now_ns = market.listing, trader.venue.timeline.now_ns
    market.trade(round(price / scale.tick), round(size / scale.lot), now_ns, taker_buys=taker_buys)


def balances(trader):
    rows = trader.fetch("GET", "account")["balances"]
    return {row["asset"]: (Decimal(row["free"]), Decimal(row["locked"])) for row in rows}


def query(trader, order):
    return trader.fetch("GET", "order", symbol=order["symbol"], orderId=order["orderId"])


# Shapes


def test_answers_about_orders_are_like_the_documented_ones(trader):
    assert differences(sample("rest_new_order_ack"), trader.place(newOrderRespType="ACK")) == []
    _, (ask, _) = trader.best()
    taken = trader.place(price=ask, quantity="0.0002")
    assert differences(sample("rest_new_order"), taken, added=QUOTE_QUANTITY) == []
    result = trader.place(newOrderRespType="RESULT")
    assert differences(sample("rest_new_order"), result, absent=["fills"], added=QUOTE_QUANTITY) == []
    assert differences(sample("rest_query_order"), query(trader, result)) == []
    assert differences(sample("rest_open_orders"), trader.fetch("GET", "openOrders")) == []
    assert differences(sample("rest_open_orders"), trader.fetch("GET", "allOrders", symbol=PAIR)) == []
    cancelled = trader.fetch("DELETE", "order", symbol=PAIR, orderId=result["orderId"])
    assert differences(sample("rest_cancel_order"), cancelled, added=QUOTE_QUANTITY) == []
    row, *_ = trader.fetch("DELETE", "openOrders", symbol=PAIR)
    # The page: the same objects as of one cancellation. The example has shown orders as a query does.
    assert differences(sample("rest_cancel_order"), row, added=QUOTE_QUANTITY) == []


def test_answers_about_money_are_like_the_documented_ones(trader):
    _, (ask, _) = trader.best()
    trader.place(price=ask, quantity="0.0002")
    assert differences(sample("rest_account"), trader.fetch("GET", "account")) == []
    assert differences(sample("rest_commission"), trader.fetch("GET", "account/commission", symbol=PAIR)) == []
    assert differences(sample("rest_my_trades"), trader.fetch("GET", "myTrades", symbol=PAIR)) == []
    rows = {row["coin"]: row for row in trader.fetch("GET", "/sapi/v1/capital/config/getall")}
    (token, coin) = sample("rest_capital_config")
    # The example's amount is written without decimals.
    assert differences(token | {"free": "0.00000000"}, rows["LINK"]) == []
    assert differences(coin | {"free": "0.00000000"}, rows["BTC"], added=["estimatedArrivalTime"]) == []
    assert rows["LINK"]["networkList"][0]["contractAddress"].startswith("0x")


# Placing


def test_limit_order_rests_and_holds_its_money(trader):
    free, locked = balances(trader)["USDT"]
    order = trader.place(newClientOrderId="mine-1")
    assert (order["status"], order["type"], order["timeInForce"], order["side"]) == ("NEW", "LIMIT", "GTC", "BUY")
    assert (order["origQty"], order["executedQty"], order["price"]) == ("0.01000000", "0.00000000", "80000.00000000")
    assert (order["clientOrderId"], order["fills"], order["orderListId"]) == ("mine-1", [], -1)
    assert order["selfTradePreventionMode"] == "EXPIRE_MAKER"
    assert balances(trader)["USDT"] == (free - 800, locked + 800)
    depth = json.loads(trader.get("/api/v3/depth", symbol=PAIR, limit=5000).body)
    assert ["80000.00000000", "0.01000000"] in depth["bids"]


def test_taking_order_is_filled_and_pays_its_fee_in_what_it_receives(trader):
    _, (ask, _) = trader.best()
    before = balances(trader)
    order = trader.place(price=ask * 2, quantity="0.0002")
    (fill,) = order["fills"]
    assert (order["status"], Decimal(order["executedQty"])) == ("FILLED", Decimal("0.0002"))
    assert Decimal(order["cummulativeQuoteQty"]) == ask * Decimal("0.0002")
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00000020", "BTC")
    after = balances(trader)
    assert after["BTC"][0] == before["BTC"][0] + Decimal("0.0001998")
    assert after["USDT"] == (before["USDT"][0] - ask * Decimal("0.0002"), 0)
    (bid, _), _ = trader.best()
    sold = trader.place(side="SELL", price=bid, quantity="0.0002")
    assert sold["fills"][0]["commissionAsset"] == "USDT"


def test_remainder_of_an_ioc_order_expires(trader):
    _, (ask, size) = trader.best()
    order = trader.place(price=ask, quantity=size + 1, timeInForce="IOC")
    assert (order["status"], Decimal(order["executedQty"])) == ("EXPIRED", size)
    assert order["expiryReason"] == "UNFILLED_IOC_QUANTITY_EXPIRED"
    assert query(trader, order)["expiryReason"] == "UNFILLED_IOC_QUANTITY_EXPIRED"
    assert balances(trader)["USDT"][1] == 0


def test_fill_or_kill_order_is_filled_or_expires_with_nothing(trader):
    _, (ask, size) = trader.best()
    order = trader.place(price=ask, quantity=size + 1, timeInForce="FOK")
    assert (order["status"], order["executedQty"], order["fills"]) == ("EXPIRED", "0.00000000", [])
    assert order["expiryReason"] == "UNFILLED_FOK_ORDER_EXPIRED"
    assert trader.place(price=ask, quantity=size, timeInForce="FOK")["status"] == "FILLED"


def test_maker_order_rests_and_is_answered_shortly_or_refused(trader):
    (bid, _), (ask, _) = trader.best()
    maker = {"type": "LIMIT_MAKER", "timeInForce": None}
    order = trader.place(price=bid, **maker)
    assert set(order) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert (query(trader, order)["status"], query(trader, order)["type"]) == ("NEW", "LIMIT_MAKER")
    refused = trader.refused_order(price=ask, **maker)
    assert refused == (-2010, "Order would immediately match and take.")
    assert len(trader.venue.inspection.orders()) == 1


MARKET = {"type": "MARKET", "timeInForce": None, "price": None}


def test_market_order_counts_base_or_quote_on_either_side(trader):
    (bid, _), (ask, _) = trader.best()
    lot = trader.venue.by_pair[PAIR].listing.lot
    bought = trader.place(quantity="0.0001", **MARKET)
    assert (bought["status"], bought["price"], bought["origQty"]) == ("FILLED", "0.00000000", "0.00010000")
    spent = trader.place(quantity=None, quoteOrderQty="20", **MARKET)
    lots = 20 // (ask * lot) * lot
    assert (spent["status"], Decimal(spent["executedQty"]), spent["origQuoteOrderQty"]) == (
        "FILLED",
        lots,
        "20.00000000",
    )
    assert Decimal(spent["cummulativeQuoteQty"]) == lots * ask <= 20
    sold = trader.place(side="SELL", quantity=None, quoteOrderQty="20", **MARKET)
    assert (sold["status"], Decimal(sold["executedQty"])) == ("FILLED", 20 // (bid * lot) * lot)


def test_market_order_that_empties_the_book_expires(trader):
    market = trader.venue.by_pair[PAIR]
    rest = [price for price, _ in list(market.matching.asks)[1:]]
    market.change((), [(price, 0) for price in rest], trader.venue.timeline.now_ns)
    _, (_, size) = trader.best()
    order = trader.place(quantity=size + 1, **MARKET)
    assert (order["status"], Decimal(order["executedQty"])) == ("EXPIRED", size)
    assert order["expiryReason"] == "INSUFFICIENT_LIQUIDITY"


NOT_SENT = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."


@pytest.mark.parametrize(
    ("wrong", "code", "text"),
    [
        ({"symbol": None}, -1102, NOT_SENT.format("symbol")),
        ({"symbol": "NOSUCH"}, -1121, "Invalid symbol."),
        ({"side": None}, -1102, NOT_SENT.format("side")),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": None}, -1102, NOT_SENT.format("type")),
        ({"type": "STOP_LOSS"}, -1116, "Invalid orderType."),
        ({"timeInForce": None}, -1102, NOT_SENT.format("timeInForce")),
        ({"timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
        ({"quantity": None}, -1102, NOT_SENT.format("quantity")),
        ({"price": None}, -1102, NOT_SENT.format("price")),
        ({"quoteOrderQty": "5"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
        ({"stopPrice": "5"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({**MARKET, "timeInForce": "IOC"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({**MARKET, "price": "5"}, -1106, "Parameter 'price' sent when not required."),
        ({**MARKET, "quoteOrderQty": "5"}, -1128, "Combination of optional parameters invalid."),
        ({**MARKET, "quantity": None}, -1102, NOT_SENT.format("quantity")),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"price": "80000.000000001"}, -1111, "Parameter 'price' has too much precision."),
        ({"price": "80000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "2000000"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "0"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.010000001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "0.010000010"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "2000000000"}, -1013, "Filter failure: LOT_SIZE"),
        ({**MARKET, "quantity": "2000000"}, -1013, "Filter failure: MARKET_LOT_SIZE"),
        ({"quantity": "0.00005"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "1000"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "50"}, -2010, "Account has insufficient balance for requested action."),
        ({"newOrderRespType": "LOUD"}, -1130, "Data sent for parameter 'newOrderRespType' is not valid."),
        (
            {"selfTradePreventionMode": "NEVER"},
            -1130,
            "Data sent for parameter 'selfTradePreventionMode' is not valid.",
        ),
        ({"icebergQty": "0.001"}, -2010, "Iceberg orders are not supported for this symbol."),
    ],
)
def test_wrong_order_is_refused_with_its_code(trader, wrong, code, text):
    assert trader.refused_order(**wrong) == (code, text)
    assert trader.venue.inspection.orders() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "-1"},
        {"quantity": "much"},
        {"quantity": "1e3"},
        {"newClientOrderId": "a b"},
        {"newClientOrderId": "a" * 37},
    ],
)
def test_parameter_that_is_not_spelt_as_it_must_be_is_illegal(trader, wrong):
    code, text = trader.refused_order(**wrong)
    assert (code, text.partition(";")[0]) == (-1100, f"Illegal characters found in parameter '{next(iter(wrong))}'")


def test_halted_symbol_takes_no_orders(trader):
    trader.venue.faults.arm(Fault(kind=FaultKind.HALT, pair=PAIR, hold_s=1))
    assert trader.refused_order() == (-2010, "Market is closed.")


@pytest.mark.parametrize("why", Why)
def test_order_may_be_refused_for_any_reason(trader, why):
    trader.venue.faults.arm(Fault(kind=FaultKind.ORDER_REJECTED, why=why))
    code, text = trader.refused_order()
    assert code < -1000
    assert text
    assert trader.venue.inspection.orders() == []


def test_client_id_is_unique_among_open_orders(trader):
    first = trader.place(newClientOrderId="same")
    assert trader.refused_order(newClientOrderId="same") == (-2010, "Duplicate order sent.")
    trader.fetch("DELETE", "order", symbol=PAIR, orderId=first["orderId"])
    second = trader.place(newClientOrderId="same")
    assert trader.fetch("GET", "order", symbol=PAIR, origClientOrderId="same")["orderId"] == second["orderId"]


def test_order_without_a_client_id_gets_one_that_finds_it(trader):
    orders = [trader.place() for _ in range(3)]
    names = {order["clientOrderId"] for order in orders}
    assert len(names) == 3
    assert {len(name) for name in names} == {22}
    assert trader.fetch("GET", "order", symbol=PAIR, origClientOrderId=orders[1]["clientOrderId"]) == query(
        trader, orders[1]
    )


def test_open_orders_of_a_symbol_are_bounded(trader):
    for n in range(200):
        if n and n % 100 == 0:
            trader.wait(10)
        trader.place(quantity="0.0001")
    trader.wait(10)
    assert trader.refused_order() == (-1013, "Filter failure: MAX_NUM_ORDERS")


def test_order_may_be_tried_without_being_placed(trader):
    order = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "80000"}
    assert trader.fetch("POST", "order/test", **order) == {}
    assert trader.denied("POST", "order/test", **order | {"quantity": "50"})[0] == -2010
    assert trader.venue.inspection.orders() == []


# Asking and cancelling


def test_order_is_found_by_either_id_for_ever(trader):
    order = trader.place(newClientOrderId="mine")
    trader.fetch("DELETE", "order", symbol=PAIR, origClientOrderId="mine")
    trader.wait(60 * DAY_S)
    ended = query(trader, order)
    assert ended == trader.fetch("GET", "order", symbol=PAIR, origClientOrderId="mine")
    assert (ended["status"], ended["clientOrderId"]) == ("CANCELED", "mine")
    assert ended["updateTime"] >= ended["time"]


def test_order_that_is_not_there_is_said_so(trader):
    unknown = (-2013, "Order does not exist.")
    order = trader.place(newClientOrderId="mine")
    assert trader.denied("GET", "order", symbol=PAIR, orderId=1) == unknown
    assert trader.denied("GET", "order", symbol=PAIR, origClientOrderId="other") == unknown
    assert trader.denied("GET", "order", symbol="LINKUSDT", orderId=order["orderId"]) == unknown
    assert trader.denied("GET", "order", symbol=PAIR, orderId=order["orderId"], origClientOrderId="other")[0] == -2039
    assert trader.denied("GET", "order", symbol=PAIR)[0] == -1102
    assert trader.denied("GET", "order", symbol=PAIR, orderId="x")[0] == -1100


def test_cancellation_has_an_id_of_its_own(trader):
    before = balances(trader)
    order = trader.place(newClientOrderId="mine")
    named = trader.fetch("DELETE", "order", symbol=PAIR, orderId=order["orderId"], newClientOrderId="away")
    assert (named["origClientOrderId"], named["clientOrderId"], named["status"]) == ("mine", "away", "CANCELED")
    assert query(trader, order)["clientOrderId"] == "mine"
    assert balances(trader) == before
    other = trader.place(newClientOrderId="other")
    unnamed = trader.fetch("DELETE", "order", symbol=PAIR, orderId=other["orderId"])
    assert unnamed["origClientOrderId"] == "other"
    assert unnamed["clientOrderId"] not in {"other", ""}


def test_order_that_has_ended_cannot_be_cancelled(trader):
    order = trader.place()
    gone = {"symbol": PAIR, "orderId": order["orderId"]}
    trader.fetch("DELETE", "order", **gone)
    assert trader.denied("DELETE", "order", **gone) == (-2011, "Unknown order sent.")
    assert trader.denied("DELETE", "order", symbol=PAIR, orderId=1) == (-2011, "Unknown order sent.")
    assert trader.denied("DELETE", "openOrders", symbol=PAIR) == (-2011, "Unknown order sent.")


def test_cancellation_may_depend_on_fills(trader):
    (bid, _), _ = trader.best()
    order = trader.place(price=bid + 1)
    of_it = {"symbol": PAIR, "orderId": order["orderId"]}
    refused = (-2011, "Order was not canceled due to cancel restrictions.")
    assert trader.denied("DELETE", "order", cancelRestrictions="ONLY_PARTIALLY_FILLED", **of_it) == refused
    street(trader, bid + 1, Decimal("0.004"))
    assert trader.denied("DELETE", "order", cancelRestrictions="ONLY_NEW", **of_it) == refused
    assert query(trader, order)["status"] == "PARTIALLY_FILLED"
    ended = trader.fetch("DELETE", "order", cancelRestrictions="ONLY_PARTIALLY_FILLED", **of_it)
    assert (ended["status"], ended["executedQty"]) == ("CANCELED", "0.00400000")


def test_all_orders_of_a_symbol_are_cancelled(trader):
    orders = [trader.place()["orderId"] for _ in range(3)]
    other = trader.place(symbol="LINKUSDT", quantity="2", price="10")
    ended = trader.fetch("DELETE", "openOrders", symbol=PAIR)
    assert [(row["orderId"], row["status"]) for row in ended] == [(order, "CANCELED") for order in orders]
    assert [row["orderId"] for row in trader.fetch("GET", "openOrders")] == [other["orderId"]]


# Lists


def test_orders_are_listed_oldest_first(trader):
    orders = [trader.place() for _ in range(3)]
    ids = [order["orderId"] for order in orders]
    trader.fetch("DELETE", "order", symbol=PAIR, orderId=ids[1])

    def listed(**params):
        return [row["orderId"] for row in trader.fetch("GET", "allOrders", symbol=PAIR, **params)]

    assert [row["orderId"] for row in trader.fetch("GET", "openOrders", symbol=PAIR)] == [ids[0], ids[2]]
    assert listed() == ids
    assert listed(limit=2) == ids[1:]
    assert listed(orderId=ids[1]) == ids[1:]
    assert listed(orderId=ids[0], limit=2) == ids[:2]
    trader.wait(100)
    later = trader.place()
    begin = trader.venue.now_ms
    assert listed(startTime=begin) == [later["orderId"]]
    assert listed(endTime=begin - 1) == ids
    assert trader.denied("GET", "allOrders", symbol=PAIR, startTime=begin - 90_000_000, endTime=begin)[0] == -1127


def test_fills_are_listed_oldest_first(trader):
    (bid, _), (ask, size) = trader.best()
    maker = trader.place(price=bid + 1)
    street(trader, bid + 1, Decimal("0.004"))
    trader.wait(10)
    begin = trader.venue.now_ms
    taker = trader.place(price=ask * 2, quantity=size + 1, timeInForce="IOC")

    def listed(**params):
        return trader.fetch("GET", "myTrades", symbol=PAIR, **params)

    rows = listed()
    assert [row["orderId"] for row in rows] == [maker["orderId"], *[taker["orderId"]] * (len(rows) - 1)]
    assert [row["isMaker"] for row in rows] == [True, *[False] * (len(rows) - 1)]
    assert [(row["price"], row["qty"], row["commission"], row["id"]) for row in rows[1:]] == [
        (fill["price"], fill["qty"], fill["commission"], fill["tradeId"]) for fill in taker["fills"]
    ]
    assert len(rows) > 2
    assert listed(orderId=maker["orderId"]) == rows[:1]
    assert listed(startTime=begin) == rows[1:]
    assert listed(fromId=rows[1]["id"], limit=1) == rows[1:2]
    assert listed(limit=1) == rows[-1:]
    assert trader.denied("GET", "myTrades", symbol=PAIR, fromId=1, startTime=1)[0] == -1128
    assert trader.denied("GET", "myTrades")[0] == -1102
    public = json.loads(trader.get("/api/v3/trades", symbol=PAIR, limit=len(rows)).body)
    assert [row["id"] for row in public] == [row["id"] for row in rows]


def test_zero_balances_may_be_left_out(trader):
    trader.venue.account.holding("XRP")
    assert "XRP" in balances(trader)
    rows = trader.fetch("GET", "account", omitZeroBalances="true")["balances"]
    assert {row["asset"] for row in rows} == {"BTC", "LINK", "USDT"}


def test_commission_is_the_accounts_own(trader):
    trader.venue.account.fees[PAIR] = (Decimal("0.0004"), Decimal("0.0007"))
    shown = trader.fetch("GET", "account/commission", symbol=PAIR)["standardCommission"]
    assert (shown["maker"], shown["taker"]) == ("0.00040000", "0.00070000")
    _, (ask, _) = trader.best()
    assert trader.place(price=ask, quantity="0.0002")["fills"][0]["commission"] == "0.00000014"


def test_statement_of_the_account_adds_up(trader):
    opened = balances(trader)
    (bid, _), (ask, _) = trader.best()
    trader.place(price=bid + 1)
    street(trader, bid + 1, Decimal("0.004"))
    trader.fetch("DELETE", "openOrders", symbol=PAIR)
    trader.place(price=ask, quantity="0.0002")
    trader.place(side="SELL", quantity="0.002", **MARKET)
    fills = trader.fetch("GET", "myTrades", symbol=PAIR)
    fees = sum(Decimal(fill["commission"]) for fill in fills if fill["commissionAsset"] == "BTC")
    after = balances(trader)
    assert after["BTC"] == (opened["BTC"][0] + Decimal("0.0042") - fees - Decimal("0.002"), 0)
    statement = trader.venue.inspection.statement()
    for asset, (free, locked) in after.items():
        lines = [line for line in statement if line.asset == asset]
        assert all(
            (later.free_after, later.locked_after) == (line.free_after + later.free, line.locked_after + later.locked)
            for line, later in pairwise(lines)
        )
        assert (lines[-1].free_after, lines[-1].locked_after) == (free, locked)


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        (None, "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
    ],
)
def test_account_does_not_trade_with_itself(trader, mode, maker, taker):
    (bid, _), (ask, _) = trader.best()
    middle = (bid + ask) // 2
    resting = trader.place(side="SELL", price=middle)
    coming = trader.place(price=middle, selfTradePreventionMode=mode)
    assert (query(trader, resting)["status"], coming["status"]) == (maker, taker)
    assert trader.fetch("GET", "myTrades", symbol=PAIR) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "order", 405),
        ("POST", "account", 405),
        ("POST", "userDataStream", 404),
        ("POST", "/sapi/v1/asset/x", 404),
    ],
)
def test_what_is_not_there_is_answered_by_the_front(trader, method, path, status):
    assert trader.call(method, path).status == status


ANYTHING = st.text(max_size=40)
NUMBERS = st.sampled_from(["0.001", "80000", "95000", "1", "0", "1e999999", "-1", "٣", "0.0000000000000000001"])
WORDS = st.sampled_from(
    ["BUY", "SELL", "LIMIT", "MARKET", "LIMIT_MAKER", "GTC", "IOC", "FOK", PAIR, "LINKUSDT", "a", "ACK"]
)
FIELDS = [
    *("symbol", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price", "newClientOrderId"),
    *("orderId", "origClientOrderId", "newOrderRespType", "limit", "startTime", "endTime", "fromId", "recvWindow"),
]
CALLS = [
    *(("POST", "order"), ("POST", "order/test"), ("DELETE", "order"), ("GET", "order"), ("DELETE", "openOrders")),
    *(("GET", "openOrders"), ("GET", "allOrders"), ("GET", "myTrades"), ("GET", "account")),
]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(CALLS),
            st.dictionaries(st.sampled_from(FIELDS), ANYTHING | NUMBERS | WORDS),
            st.booleans(),
        ),
        max_size=10,
    )
)
def test_whatever_is_asked_is_answered_and_no_money_is_lost(traders, calls):
    trader = traders()
    venue = trader.venue
    totals = {asset: venue.trading.accounts.total(asset) for asset in ("BTC", "USDT", "LINK")}
    for (method, path), params, sensible in calls:
        usual = {
            "symbol": PAIR,
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "80000",
        }
        answer = trader.call(method, path, (usual if sensible else {}) | params)
        assert 200 <= answer.status < 500
        assert json.loads(answer.body) is not None
    for symbol in (PAIR, "LINKUSDT"):
        trader.call("DELETE", "openOrders", {"symbol": symbol})
    assert trader.fetch("GET", "openOrders") == []
    assert {asset: venue.trading.accounts.total(asset) for asset in totals} == totals
    assert all(locked == 0 for _, locked in venue.account.balances().values())
