"""What the simulated Binance tells of an account over the WebSocket API, and what may be asked there, is as documented."""

import json
from decimal import Decimal
from importlib.resources import files

import pytest
from arb_binance.sim import BinanceVenue
from arb_sim.faults import Fault, FaultKind
from arb_sim.likeness import differences
from arb_sim.venue import Close, Ping

SAMPLES = files("arb_binance") / "samples"
PAIR = "BTCUSDT"
MARKET = {"type": "MARKET", "timeInForce": None, "price": None}
DAY_S = 86_400


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def frames(trader, kind):
    trader.wait(0)
    told = [json.loads(text) for text in trader.texts if '"event":' in text]
    return [frame for frame in told if frame["event"]["e"] == kind]


def street(trader, price, size):
    """Somebody else takes so much at a price."""
    market = trader.venue.by_pair[PAIR]
    scale, now_ns = market.listing, trader.venue.timeline.now_ns
    market.trade(round(price / scale.tick), round(size / scale.lot), now_ns, taker_buys=False)


# The way to it


def test_subscription_is_answered_like_the_documented_one(trader):
    answer = trader.follow()
    assert differences(sample("ws_user_data_ack"), answer) == []
    assert (answer["id"], answer["status"], answer["result"]) == (1, 200, {"subscriptionId": 0})
    (refused,) = trader.request(
        "userDataStream.subscribe.signature",
        {"apiKey": trader.key.api_key, "timestamp": trader.venue.now_ms, "signature": "x"},
    )
    assert differences(sample("ws_user_data_refused"), refused, added=["rateLimits"]) == []
    assert refused["error"] == {"code": -1022, "msg": "Signature for this request is not valid."}


def test_window_is_part_of_what_is_signed(trader):
    assert trader.over_socket("userDataStream.subscribe.signature", recvWindow=100)["status"] == 200


def test_one_account_is_followed_once_on_a_connection(trader):
    trader.follow()
    again = trader.follow()
    assert (again["status"], again["error"]["code"]) == (400, -2035)
    assert trader.request("session.subscriptions")[0]["result"] == [{"subscriptionId": 0}]
    assert trader.request("userDataStream.unsubscribe", {"subscriptionId": 7})[0]["error"]["code"] == -2036
    assert trader.request("userDataStream.unsubscribe")[0]["result"] == {}
    trader.place()
    assert trader.events("executionReport") == []
    assert trader.follow()["result"] == {"subscriptionId": 1}
    trader.place()
    assert [frame["subscriptionId"] for frame in frames(trader, "executionReport")] == [1]


def test_session_is_told_of_and_cannot_be_logged_on_with_such_a_key(trader):
    (status,) = trader.request("session.status")
    assert set(status["result"]) == {
        "apiKey",
        "authorizedSince",
        "connectedSince",
        "returnRateLimits",
        "serverTime",
        "userDataStream",
    }
    assert status["result"]["userDataStream"] is False
    trader.follow()
    assert trader.request("session.logout")[0]["result"]["userDataStream"] is True
    assert trader.over_socket("session.logon")["status"] == 400
    assert trader.request("userDataStream.subscribe")[0]["status"] == 401


@pytest.mark.parametrize("method", ["userDataStream.start", "userDataStream.ping", "userDataStream.stop", "nothing"])
def test_method_that_is_gone_or_never_was_is_refused(trader, method):
    (answer,) = trader.request(method)
    assert (answer["status"], answer["error"]["code"]) == (400, -1020)


@pytest.mark.parametrize("frame", ["{", "[]", '{"id":1}', '{"id":1,"method":"ping","params":[]}'])
def test_nonsense_is_invalid(trader, frame):
    (answer,) = trader.say(frame)
    told = json.loads(str(answer))
    assert (told["id"], told["status"], told["error"]["code"]) == (None, 400, -1135)


@pytest.mark.parametrize("name", [7, "a-b", None])
def test_id_comes_back_as_it_was(trader, name):
    assert trader.request("ping", id=name)[0] | {"rateLimits": 0} == {
        "id": name,
        "status": 200,
        "result": {},
        "rateLimits": 0,
    }


def test_connection_says_as_much_as_it_likes_and_lives_a_day(trader):
    for _ in range(50):
        trader.request("ping")
    assert trader.ended is None
    trader.wait(DAY_S - 1)
    assert any(isinstance(frame, Ping) for frame in trader.got)
    assert trader.ended is None
    trader.wait(2)
    assert trader.ended == Close(1001, "")


# What is pushed


def test_events_are_like_the_documented_ones(trader):
    trader.follow()
    trader.place(price=trader.best()[0][0] + 1, quantity="0.01")
    new = frames(trader, "executionReport")[-1]
    assert differences(sample("ws_execution_report_new"), new) == []
    street(trader, trader.best()[0][0], Decimal("0.004"))
    trade = frames(trader, "executionReport")[-1]
    assert differences(sample("ws_execution_report_trade"), trade) == []
    trader.fetch("DELETE", "openOrders", symbol=PAIR)
    cancelled = frames(trader, "executionReport")[-1]
    documented = sample("ws_execution_report_canceled")
    documented["event"]["c"] = documented["event"]["C"] = "text"
    cancelled["event"]["c"] = cancelled["event"]["C"] = "text"  # generated ids may be numbers
    assert differences(documented, cancelled) == []
    moved = frames(trader, "outboundAccountPosition")[-1]
    assert differences(sample("ws_account_position"), moved) == []
    trader.venue.trading.deposit(trader.venue.account, "BTC", Decimal(3))
    assert differences(sample("ws_balance_update"), frames(trader, "balanceUpdate")[-1]) == []


def test_order_is_told_of_from_its_beginning_to_its_end(trader):
    trader.follow()
    (bid, _), _ = trader.best()
    rests = trader.place(price=bid + 1, newClientOrderId="rests")
    street(trader, bid + 1, Decimal("0.004"))
    trader.fetch("DELETE", "order", symbol=PAIR, orderId=rests["orderId"], newClientOrderId="away")
    _, (ask, size) = trader.best()
    trader.place(price=ask, quantity=size + 1, timeInForce="IOC", newClientOrderId="takes")
    trader.place(price=ask, quantity="0.5", timeInForce="FOK", newClientOrderId="kills")
    told = [
        (row["c"], row["C"], row["x"], row["X"], row.get("eR"), row["w"]) for row in trader.events("executionReport")
    ]
    assert told == [
        ("rests", "", "NEW", "NEW", None, True),
        ("rests", "", "TRADE", "PARTIALLY_FILLED", None, True),
        ("away", "rests", "CANCELED", "CANCELED", None, False),
        ("takes", "", "NEW", "NEW", None, True),
        ("takes", "", "TRADE", "PARTIALLY_FILLED", None, True),
        ("takes", "", "EXPIRED", "EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED", False),
        ("kills", "", "NEW", "NEW", None, True),
        ("kills", "", "EXPIRED", "EXPIRED", "UNFILLED_FOK_ORDER_EXPIRED", False),
    ]
    trade = trader.events("executionReport")[1]
    (fill,) = trader.fetch("GET", "myTrades", symbol=PAIR, orderId=rests["orderId"])
    assert (trade["l"], trade["L"], trade["n"], trade["N"], trade["t"]) == (
        fill["qty"],
        fill["price"],
        fill["commission"],
        fill["commissionAsset"],
        fill["id"],
    )
    assert (trade["z"], Decimal(trade["Z"]), trade["m"]) == (fill["qty"], (bid + 1) * Decimal("0.004"), True)
    numbers = [row["I"] for row in trader.events("executionReport")]
    assert numbers == sorted(set(numbers))


def test_last_fill_of_a_market_order_in_quote_says_that_it_is_filled(trader):
    trader.follow()
    trader.place(quantity=None, quoteOrderQty="50", **MARKET)
    assert [(row["x"], row["X"]) for row in trader.events("executionReport")] == [("NEW", "NEW"), ("TRADE", "FILLED")]


def test_order_that_gave_way_to_its_own_account_is_told_of(trader):
    trader.follow()
    (bid, _), (ask, _) = trader.best()
    middle = (bid + ask) // 2
    trader.place(side="SELL", price=middle, newClientOrderId="gives-way")
    trader.place(price=middle)
    (gone,) = [row for row in trader.events("executionReport") if row["x"] == "TRADE_PREVENTION"]
    assert (gone["c"], gone["C"], gone["X"]) == ("gives-way", "", "EXPIRED_IN_MATCH")


def test_balances_are_absolute_and_of_what_changed_alone(trader):
    trader.follow()
    _, (ask, _) = trader.best()
    trader.place(price=ask, quantity="0.001")
    last = {}
    for event in trader.events("outboundAccountPosition"):
        last |= {row["a"]: (Decimal(row["f"]), Decimal(row["l"])) for row in event["B"]}
    held = trader.venue.inspection.balances()
    assert last == {name: (held[name].free, held[name].locked) for name in ("BTC", "USDT")}
    assert trader.events("balanceUpdate") == []
    trader.venue.trading.deposit(trader.venue.account, "LINK", Decimal("-1.5"))
    (event,) = trader.events("balanceUpdate")
    assert (event["a"], event["d"]) == ("LINK", "-1.50000000")


def test_refused_order_is_not_told_of(trader):
    trader.follow()
    assert trader.refused_order(quantity="50")[0] == -2010
    assert frames(trader, "executionReport") == []


def test_each_connection_hears_under_its_own_number(trader):
    other = type(trader)(trader.venue, conn=2)
    for client in (trader, other):
        client.follow()
    other.request("userDataStream.unsubscribe")
    other.follow()
    text = (
        f"symbol={PAIR}&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=80000&timestamp={trader.venue.now_ms}"
    )
    headers = {"x-mbx-apikey": trader.key.api_key}
    trader.ask("POST", "/api/v3/order", f"{text}&signature={trader.signature(text)}", headers=headers)
    outputs = trader.venue.due(trader.venue.timeline.now_ns)
    numbers = {
        conn: json.loads(str(frame))["subscriptionId"] for conn, frame in outputs if "executionReport" in str(frame)
    }
    assert numbers == {1: 0, 2: 1}


def test_nothing_is_told_of_another_account(trader):
    venue = trader.venue
    other = venue.trading.accounts.open("77")
    mine, trader.key = trader.key, trader.key._replace(api_key="other", api_secret="secret")
    venue.key_ring.issue(other, trader.key)
    trader.follow()
    trader.key = mine
    trader.place()
    assert frames(trader, "executionReport") == []


# What may be asked for


def test_requests_on_the_socket_are_those_of_rest(trader):
    order = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "80000"}
    placed = trader.over_socket("order.place", **order, newClientOrderId="mine")
    documented = sample("rest_new_order") | {"fills": []}
    assert differences(documented, placed["result"] | {"clientOrderId": "text"}, added=["origQuoteOrderQty"]) == []
    assert [row["rateLimitType"] for row in placed["rateLimits"]] == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
    assert [row["count"] for row in placed["rateLimits"][:2]] == [1, 1]

    def result(method, **params):
        answer = trader.over_socket(method, **params)
        assert answer["status"] == 200, answer
        return answer["result"]

    assert result("order.status", symbol=PAIR, origClientOrderId="mine")["status"] == "NEW"
    assert len(result("openOrders.status")) == len(result("allOrders", symbol=PAIR)) == 1
    assert result("account.status") == trader.fetch("GET", "account")
    assert result("account.commission", symbol=PAIR)["symbol"] == PAIR
    assert result("account.rateLimits.orders")[0]["count"] == 1
    assert result("myTrades", symbol=PAIR) == []
    assert result("order.test", **order) == {}
    cancelled = result("order.cancel", symbol=PAIR, orderId=placed["result"]["orderId"])
    assert (cancelled["status"], cancelled["origClientOrderId"]) == ("CANCELED", "mine")
    trader.over_socket("order.place", **order)
    assert [row["status"] for row in result("openOrders.cancelAll", symbol=PAIR)] == ["CANCELED"]
    assert result("time")["serverTime"] == trader.venue.now_ms


def test_refusal_on_the_socket_is_that_of_rest(trader):
    answer = trader.over_socket("order.cancel", symbol=PAIR, orderId=1)
    assert (answer["status"], answer["error"]) == (400, {"code": -2011, "msg": "Unknown order sent."})
    (public,) = trader.request("depth", {"symbol": "NOSUCH"})
    assert public["error"]["code"] == -1121


def test_weights_are_those_of_the_address_and_may_be_left_out_of_answers(trader):
    (first,) = trader.request("ping")
    assert first["rateLimits"] == [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 3}
    ]
    assert "rateLimits" not in trader.request("ping", {"returnRateLimits": False})[0]
    quiet = type(trader)(trader.venue, "/ws-api/v3?returnRateLimits=false", conn=2)
    assert "rateLimits" not in quiet.request("ping")[0]


def test_who_asks_too_much_is_told_until_when_to_wait(trader):
    for _ in range(300):
        trader.request("exchangeInfo")
    (answer,) = trader.request("exchangeInfo")
    assert (answer["status"], answer["error"]["code"]) == (429, -1003)
    wait = answer["error"]["data"]
    assert wait["serverTime"] == trader.venue.now_ms
    assert 0 < wait["retryAfter"] - wait["serverTime"] <= 60_000
    for _ in range(20):
        (answer,) = trader.request("exchangeInfo")
    assert answer["status"] == 418
    refused = type(trader)(trader.venue, conn=3).refused
    assert refused is not None
    assert refused.status == 418


def test_faults_of_requests_befall_those_of_the_socket(trader):
    order = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "80000"}
    faults = trader.venue.faults

    def signed(**params):
        full = {"apiKey": trader.key.api_key, "timestamp": trader.venue.now_ms, **params}
        text = "&".join(f"{name}={value}" for name, value in sorted(full.items()))
        return {**full, "signature": trader.signature(text)}

    faults.arm(Fault(kind=FaultKind.ANSWER_LOST))
    assert trader.request("order.place", signed(**order)) == []
    assert len(trader.venue.inspection.open_orders()) == 1
    faults.arm(Fault(kind=FaultKind.NO_ANSWER, path="order"))
    assert trader.request("order.place", signed(**order)) == []
    assert len(trader.venue.inspection.open_orders()) == 1
    faults.arm(Fault(kind=FaultKind.SERVER_ERROR))
    (answer,) = trader.request("order.place", signed(**order))
    assert (answer["status"], answer["error"]["code"]) == (503, -1001)
    faults.arm(Fault(kind=FaultKind.ANSWER_LATE, hold_s=2))
    assert trader.request("order.place", signed(**order)) == []
    assert [json.loads(str(frame))["status"] for frame in trader.wait(2)] == [200]
    faults.arm(Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=3))
    (answer,) = trader.request("order.place", signed(**order))
    assert answer["error"]["data"]["retryAfter"] == trader.venue.now_ms + 3000
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_IGNORED))
    assert trader.request("userDataStream.subscribe.signature", signed()) == []
    faults.arm(Fault(kind=FaultKind.SUBSCRIPTION_REFUSED))
    assert trader.follow()["error"]["code"] == -1008
    trader.follow()
    faults.arm(Fault(kind=FaultKind.DROP, feed="private"))
    trader.place(newClientOrderId="lost")
    trader.place(newClientOrderId="heard")
    assert [row["c"] for row in trader.events("executionReport")] == ["heard"]
    assert isinstance(trader.venue, BinanceVenue)
