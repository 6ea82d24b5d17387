"""Orders of the simulated Kraken by request: what is taken, what is refused, and how both are shown."""

import json
from importlib.resources import files

import pytest
from arb_sim.likeness import differences

SAMPLES = files("arb_kraken") / "samples"
ORDER = {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "80000"}


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))["result"]


def first(result):
    return next(iter(result.values()))


def test_an_order_looks_like_the_documented_one(trader):
    placed = trader.fetch("AddOrder", **ORDER)
    assert differences(sample("rest_add_order"), placed) == []
    assert placed["descr"]["order"] == "buy 0.01000000 XBTUSDT @ limit 80000.0"
    (txid,) = placed["txid"]
    more = {"absent": ["trades"], "added": ["timeinforce"]}
    standing = trader.fetch("OpenOrders")["open"]
    assert set(standing) == {txid}
    assert differences(first(sample("rest_open_orders")["open"]) | {"refid": None}, standing[txid], **more) == []
    trader.fetch("CancelOrder", txid=txid)
    closed = trader.fetch("ClosedOrders")
    assert closed["count"] == 1
    more["absent"].append("trigger")
    assert (
        differences(first(sample("rest_closed_orders")["closed"]) | {"refid": None}, closed["closed"][txid], **more)
        == []
    )
    assert closed["closed"][txid]["status"] == "canceled"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
        ({"ordertype": "stop"}, "EGeneral:Invalid arguments:ordertype"),
        ({"volume": "0"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "1e3"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.00000001"}, "EOrder:Order minimum not met"),
        ({"price": "1"}, "EOrder:Cost minimum not met"),
        ({"price": "80000.123"}, "EOrder:Tick size check failed"),
        ({"price": ""}, "EGeneral:Invalid arguments:price"),
        ({"volume": "100000"}, "EOrder:Insufficient funds"),
        ({"timeinforce": "GTX"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"oflags": "nope"}, "EGeneral:Invalid arguments:oflags"),
        ({"oflags": "viqc"}, "EGeneral:Invalid arguments:oflags"),
        ({"price": "100000", "oflags": "post"}, "EOrder:Post only order"),
        ({"cl_ord_id": "far too long for an id"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"cl_ord_id": "mine", "userref": "7"}, "EGeneral:Invalid arguments:cl_ord_id"),
    ],
)
def test_what_is_refused(trader, changes, error):
    assert trader.denied("AddOrder", **{**ORDER, **changes}) == error
    assert trader.fetch("OpenOrders") == {"open": {}}


@pytest.mark.parametrize("client_id", ["mine", "a" * 18, "0" * 32, "6d1b345e-2821-40e2-ad83-4ecb18a06876"])
def test_a_client_id_is_free_text_or_a_uuid_and_taken_while_its_order_is_open(trader, client_id):
    txid = trader.place(cl_ord_id=client_id)
    assert trader.fetch("OpenOrders")["open"][txid]["cl_ord_id"] == client_id
    assert trader.denied("AddOrder", **ORDER, cl_ord_id=client_id) == "EOrder:Duplicate order"
    trader.fetch("CancelOrder", cl_ord_id=client_id)
    assert trader.denied("CancelOrder", cl_ord_id=client_id) == "EOrder:Unknown order"
    trader.place(cl_ord_id=client_id)


def test_an_order_that_is_only_validated_is_none(trader):
    checked = trader.fetch("AddOrder", **ORDER, validate="true")
    assert checked == {"descr": {"order": "buy 0.01 XBTUSDT @ limit 80000"}}
    assert trader.fetch("OpenOrders") == {"open": {}}


@pytest.mark.parametrize(("force", "status"), [("IOC", "canceled"), ("FOK", "expired")])
def test_what_cannot_fill_at_once_ends(trader, force, status):
    txid = trader.place(timeinforce=force)
    ended = trader.fetch("QueryOrders", txid=txid)[txid]
    assert (ended["status"], ended["vol_exec"], ended["timeinforce"]) == (status, "0.00000000", force)


def test_a_market_order_may_count_quote(trader):
    txid = trader.place(ordertype="market", volume="100", oflags="viqc")
    filled = trader.fetch("QueryOrders", txid=txid)[txid]
    assert (filled["status"], filled["vol"], filled["descr"]["price"]) == ("closed", "100.00000", "0")
    assert 99 < float(filled["cost"]) <= 100
    assert "viqc" in filled["oflags"]


def test_fills_are_listed_with_a_fee_in_quote(trader):
    before = trader.fetch("BalanceEx")
    txid = trader.place(price="100000")
    history = trader.fetch("TradesHistory")
    fills = history["trades"].values()
    assert history["count"] == len(fills) >= 1
    assert differences(first(sample("rest_trades_history")["trades"]), first(history["trades"])) == []
    assert {fill["ordertxid"] for fill in fills} == {txid}
    after = trader.fetch("BalanceEx")
    spent = float(before["USDT"]["balance"]) - float(after["USDT"]["balance"])
    assert spent == pytest.approx(sum(float(fill["cost"]) + float(fill["fee"]) for fill in fills))
    assert float(after["XXBT"]["balance"]) - float(before["XXBT"]["balance"]) == pytest.approx(0.01)
    assert set(trader.fetch("QueryTrades", txid=",".join(history["trades"]))) == set(history["trades"])


def test_what_orders_hold_is_part_of_the_balance(trader):
    before = trader.fetch("BalanceEx")["USDT"]
    trader.place()
    held = trader.fetch("BalanceEx")["USDT"]
    assert held["balance"] == before["balance"]
    assert float(held["hold_trade"]) == pytest.approx(800 * 1.004)  # the fee beside the price
    assert trader.fetch("Balance")["USDT"] == before["balance"]


def test_an_unknown_order_is_left_out_of_an_answer_and_cannot_be_cancelled(trader):
    txid = trader.place()
    assert set(trader.fetch("QueryOrders", txid=f"{txid},OXXXXX-XXXXX-XXXXXX")) == {txid}
    assert trader.denied("CancelOrder", txid="OXXXXX-XXXXX-XXXXXX") == "EOrder:Unknown order"


def test_lists_come_in_pages_of_fifty_newest_first(trader):
    for number in range(60):
        txid = trader.place()
        trader.venue.trading.cancel_all(trader.venue.account)
        if number == 0:
            oldest = txid
        trader.wait(1)
    one, other = (trader.fetch("ClosedOrders", ofs=ofs) for ofs in (0, 50))
    assert (len(one["closed"]), len(other["closed"]), one["count"]) == (50, 10, 60)
    assert list(other["closed"])[-1] == oldest


def test_the_countdown_ends_every_order_unless_it_is_renewed(trader):
    trader.place()
    armed = trader.fetch("CancelAllOrdersAfter", timeout=10)
    assert set(armed) == {"currentTime", "triggerTime"}
    trader.wait(8)
    trader.fetch("CancelAllOrdersAfter", timeout=10)
    trader.wait(8)
    assert len(trader.fetch("OpenOrders")["open"]) == 1
    trader.wait(3)
    assert trader.fetch("OpenOrders") == {"open": {}}
    assert trader.fetch("CancelAllOrdersAfter", timeout=0)["triggerTime"] == "0"


def test_fees_are_percent(trader):
    shown = trader.fetch("TradeVolume", pair="XBTUSDT")
    assert differences(first(sample("rest_trade_volume")["fees"]), shown["fees"]["XBTUSDT"]) == []
    assert (shown["fees"]["XBTUSDT"]["fee"], shown["fees_maker"]["XBTUSDT"]["fee"]) == ("0.4000", "0.2500")
