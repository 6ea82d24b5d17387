"""The simulated Bitget's orders: what it takes, how it shows them, and in which words it refuses."""

import json
from decimal import Decimal

import pytest


@pytest.fixture
def best(trader):
    """Best bid and ask of LINK as (price, size)."""

    def best():
        params = "symbol=LINKUSDT&type=step0&limit=1"
        told = json.loads(trader.ask("GET", "/api/v2/spot/market/orderbook", params).body)["data"]
        return [tuple(Decimal(text) for text in told[side][0]) for side in ("bids", "asks")]

    return best


def near(price, factor):
    return str((price * Decimal(factor)).quantize(price))


def test_order_rests_is_shown_and_is_cancelled(trader, best):
    (bid, _), _ = best()
    placed = trader.place(price=near(bid, "0.8"), clientOid="mine-1")
    assert set(placed) == {"orderId", "clientOid"}
    assert placed["clientOid"] == "mine-1"
    row = trader.shown(placed["orderId"])
    assert (row["status"], row["baseVolume"], row["priceAvg"], row["feeDetail"]) == ("live", "0", "0", "")
    (open_row,) = trader.fetch("GET", "/spot/trade/unfilled-orders", {"symbol": "LINKUSDT"})
    assert open_row["priceAvg"] == row["price"]
    assert "price" not in open_row
    assert trader.fetch("GET", "/spot/trade/history-orders") == []
    body = {"symbol": "LINKUSDT", "clientOid": "mine-1"}
    assert trader.fetch("POST", "/spot/trade/cancel-order", body=body) == placed
    assert trader.denied("POST", "/spot/trade/cancel-order", body=body) == (400, "43001")
    (row,) = trader.fetch("GET", "/spot/trade/history-orders")
    assert (row["status"], row["cancelReason"]) == ("cancelled", "normal_cancel")


def test_unknown_order_is_an_empty_list(trader):
    assert trader.fetch("GET", "/spot/trade/orderInfo", {"orderId": "4711"}) == []
    assert trader.denied("GET", "/spot/trade/orderInfo") == (400, "40019")


def test_market_order_that_buys_counts_quote(trader):
    row = trader.shown(trader.place(orderType="market", force="", price="", size="50")["orderId"])
    assert (row["status"], row["size"], row["price"]) == ("filled", "50", "0")
    assert Decimal(row["quoteVolume"]) <= 50 < Decimal(row["quoteVolume"]) + 1
    fee = json.loads(row["feeDetail"])["newFees"]
    assert fee["t"] < 0
    sold = trader.shown(trader.place(side="sell", orderType="market", price="", size="3")["orderId"])
    assert (sold["status"], sold["baseVolume"], sold["size"]) == ("filled", "3", "3")


@pytest.mark.parametrize(
    ("force", "status"), [("ioc", "cancelled"), ("fok", "cancelled"), ("post_only", "cancelled"), ("GTC", "live")]
)
def test_force_decides_what_becomes_of_an_order(trader, best, force, status):
    (bid, _), (ask, size) = best()
    price, amount = (str(ask), str(size + 3)) if force != "GTC" else (near(bid, "0.9"), "1")
    row = trader.shown(trader.place(force=force, price=price, size=amount)["orderId"])
    assert row["status"] == status
    assert Decimal(row["baseVolume"]) == (size if force == "ioc" else 0)


def test_fills_bear_their_fees_below_zero(trader, best):
    _, (ask, _) = best()
    order_id = trader.place(force="ioc", price=near(ask, "1.01"), size="100")["orderId"]
    fills = trader.fetch("GET", "/spot/trade/fills", {"symbol": "LINKUSDT", "orderId": order_id})
    assert len(fills) > 1
    assert {fill["tradeScope"] for fill in fills} == {"taker"}
    assert all(Decimal(fill["feeDetail"]["totalFee"]) < 0 for fill in fills)
    assert {fill["feeDetail"]["feeCoin"] for fill in fills} == {"LINK"}
    assert sum(Decimal(fill["size"]) for fill in fills) == Decimal(trader.shown(order_id)["baseVolume"])
    newest = max(int(fill["tradeId"]) for fill in fills)
    older = trader.fetch("GET", "/spot/trade/fills", {"symbol": "LINKUSDT", "idLessThan": newest})
    assert len(older) == len(fills) - 1


def test_all_orders_of_a_symbol_are_cancelled_a_moment_later(trader, best):
    (bid, _), _ = best()
    assert trader.denied("POST", "/spot/trade/cancel-symbol-order", body={"symbol": "LINKUSDT"}) == (400, "22001")
    for _ in range(2):
        trader.place(price=near(bid, "0.8"))
    assert trader.fetch("POST", "/spot/trade/cancel-symbol-order", body={"symbol": "LINKUSDT"}) == {
        "symbol": "LINKUSDT"
    }
    assert len(trader.fetch("GET", "/spot/trade/unfilled-orders")) == 2
    trader.wait(0.1)
    assert trader.fetch("GET", "/spot/trade/unfilled-orders") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"symbol": ""}, "40019"),
        ({"symbol": "NOSUCH"}, "40034"),
        ({"side": ""}, "40019"),
        ({"side": "hold"}, "40017"),
        ({"orderType": "stop"}, "40017"),
        ({"force": ""}, "40019"),
        ({"force": "now"}, "40017"),
        ({"price": ""}, "40019"),
        ({"price": "1.0.0"}, "40017"),
        ({"size": "0"}, "40017"),
        ({"price": "10.000000001"}, "43028"),
        ({"size": "1.00000001"}, "40808"),
        ({"size": "0.01"}, "45110"),
        ({"price": "1000"}, "43009"),
        ({"side": "sell", "price": "1"}, "43008"),
        ({"size": "1000000"}, "43012"),
        ({"clientOid": "x" * 51}, "40304"),
        ({"clientOid": "not so"}, "40305"),
        ({"stpMode": "maybe"}, "40017"),
    ],
)
def test_order_that_cannot_be_is_refused(trader, fields, code):
    assert trader.denied("POST", "/spot/trade/place-order", body=trader.order(**fields)) == (400, code)
    assert trader.venue.inspection.account().orders == []


def test_client_id_is_taken_for_ever(trader, best):
    (bid, _), _ = best()
    price = near(bid, "0.8")
    placed = trader.place(price=price, clientOid="mine-1")
    trader.fetch("POST", "/spot/trade/cancel-order", body={"symbol": "LINKUSDT", "orderId": placed["orderId"]})
    again = trader.order(price=price, clientOid="mine-1")
    assert trader.denied("POST", "/spot/trade/place-order", body=again) == (400, "43118")


def test_order_that_comes_too_late_for_its_client_is_refused(trader, best):
    (bid, _), _ = best()
    now_ms = trader.venue.now_ms
    late = trader.order(price=near(bid, "0.8"), receiveWindow="1000", requestTime=str(now_ms - 1001))
    assert trader.denied("POST", "/spot/trade/place-order", body=late) == (400, "40008")
    trader.place(price=near(bid, "0.8"), receiveWindow="1000", requestTime=str(now_ms))


def test_money_and_fees(trader, best):
    (bid, _), _ = best()
    trader.place(price=near(bid, "0.8"), size="2")
    (usdt,) = trader.fetch("GET", "/spot/account/assets", {"coin": "USDT"})
    assert Decimal(usdt["frozen"]) == 2 * Decimal(near(bid, "0.8"))
    assert usdt["locked"] == "0"
    rate = trader.fetch("GET", "/common/trade-rate", {"symbol": "LINKUSDT", "businessType": "spot"})
    assert rate == {"makerFeeRate": "0.001", "takerFeeRate": "0.001"}
    assert trader.denied("GET", "/common/trade-rate", {"symbol": "LINKUSDT"}) == (400, "40019")
