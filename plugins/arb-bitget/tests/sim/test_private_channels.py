"""The simulated Bitget tells an account what happens to it: orders, fills, and balances after fills alone."""

import json
from decimal import Decimal

import pytest

EVERYTHING = {"instType": "SPOT", "channel": "orders", "instId": "default"}
FILLS = {"instType": "SPOT", "channel": "fill", "instId": "default"}
ACCOUNT = {"instType": "SPOT", "channel": "account", "coin": "default"}


@pytest.fixture
def listener(trader):
    trader.login()
    return trader


def top(trader):
    told = json.loads(trader.ask("GET", "/api/v2/spot/market/orderbook", "symbol=LINKUSDT&type=step0&limit=1").body)
    return [tuple(Decimal(text) for text in told["data"][side][0]) for side in ("bids", "asks")]


def far(trader):
    (bid, _), _ = top(trader)
    return str((bid * Decimal("0.8")).quantize(bid))


def test_nothing_of_before_is_told_of_orders_and_everything_of_balances(listener):
    listener.place(price=far(listener))
    assert listener.hear("subscribe", EVERYTHING) == [{"event": "subscribe", "arg": EVERYTHING}]
    ack, snapshot = listener.hear("subscribe", ACCOUNT)
    assert ack["event"] == "subscribe"
    assert {row["coin"] for row in snapshot["data"]} == {"BTC", "ETH", "LINK", "USDT"}


def test_each_change_of_an_order_is_told(listener):
    listener.hear("subscribe", EVERYTHING)
    placed = listener.place(price=far(listener), clientOid="mine-1")
    listener.fetch("POST", "/spot/trade/cancel-order", body={"symbol": "LINKUSDT", **placed})
    rows = listener.pushed("orders")
    assert [row["status"] for row in rows] == ["live", "cancelled"]
    assert {(row["orderId"], row["clientOid"], row["newSize"]) for row in rows} == {(placed["orderId"], "mine-1", "1")}
    assert "fillPrice" not in rows[0]


def test_each_fill_is_told_by_both_channels(listener):
    listener.hear("subscribe", EVERYTHING, FILLS)
    _, (ask, size) = top(listener)
    price = str((ask * Decimal("1.02")).quantize(ask))
    listener.place(force="ioc", price=price, size=str(size + 3))
    orders = [row for row in listener.pushed("orders") if "tradeId" in row]
    fills = listener.pushed("fill")
    assert len(fills) >= 2
    assert [row["tradeId"] for row in orders] == [row["tradeId"] for row in fills]
    assert all(Decimal(row["fillFee"]) < 0 for row in orders)
    assert all(Decimal(row["feeDetail"][0]["totalFee"]) > 0 for row in fills)
    assert (orders[-1]["status"], Decimal(orders[-1]["accBaseVolume"])) == ("filled", size + 3)


def test_size_counts_quote_for_every_buy_and_new_size_does_not(listener):
    listener.hear("subscribe", EVERYTHING)
    price = far(listener)
    listener.place(price=price, size="2")
    (row,) = listener.pushed("orders")
    assert (Decimal(row["size"]), row["newSize"]) == (2 * Decimal(price), "2")


def test_balances_are_told_after_fills_and_not_when_an_order_is_placed_or_cancelled(listener):
    listener.hear("subscribe", ACCOUNT)
    before = len(listener.pushed("account"))
    placed = listener.place(price=far(listener))
    listener.fetch("POST", "/spot/trade/cancel-order", body={"symbol": "LINKUSDT", **placed})
    assert len(listener.pushed("account")) == before
    listener.place(orderType="market", force="", price="", size="50")
    told = {row["coin"] for row in listener.pushed("account")[before:]}
    assert told == {"LINK", "USDT"}
    listener.venue.trading.deposit(listener.venue.account, "BTC", Decimal(1))
    assert listener.pushed("account")[-1]["coin"] == "BTC"


def test_one_symbol_may_be_followed_alone(listener):
    listener.hear("subscribe", EVERYTHING | {"instId": "BTCUSDT"})
    listener.place(price=far(listener))
    assert listener.pushed("orders") == []
    (refused,) = listener.hear("subscribe", EVERYTHING | {"instId": "NOSUCH"})
    assert refused["code"] == 30001
