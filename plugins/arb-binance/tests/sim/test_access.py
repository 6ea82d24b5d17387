"""The simulated Binance knows who asks as the documented one does: keys, signatures, times and budgets."""

import json
from importlib.resources import files
from urllib.parse import unquote

import pytest
from arb_binance.sim import BinanceVenue
from arb_binance.sim.spelling import Declined
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.access import Permission
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Request
from arb_sim.world import World

VECTORS = json.loads((files("arb_binance") / "samples" / "signatures.json").read_text("utf-8"))
MS = 1_000_000
DOCUMENTED = Keys(
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    None,
)
WIDE = "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"
"""The symbol of the documentation's second example: digits of another width."""
CODES = {-1022, -1102, -1100, -1021}
"""How a request is refused of which one character is another one."""


def venue_at(milliseconds, key=DOCUMENTED):
    """A venue at a moment, to whose account that key belongs."""
    world = World(seed=5, symbols=["BTC/USDT"], start_ns=milliseconds * MS)
    venue = BinanceVenue(SimulationContext(world=world, faults=Faults()))
    venue.key_ring.issue(venue.account, key)
    return venue


def code(venue, request):
    """How a request is refused, None = it is not."""
    try:
        venue.access.request(request, Permission.TRADE)
    except Declined as refused:
        return refused.code
    return None


def changed(text):
    """The text with each of its characters replaced by another one, one at a time."""
    for place, was in enumerate(text):
        yield text[:place] + chr(ord(was) ^ 1) + text[place + 1 :]


def signed(vector, query, body):
    headers = {name.lower(): value for name, value in vector["expected"]["headers"].items()}
    return Request(method=vector["method"], path=vector["path"], query=query, headers=headers, body=body.encode())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_accepted_and_any_other_byte_refused(vector):
    venue = venue_at(int(vector["timestamp"]), Keys(vector["key"], vector["secret"], None))
    query, body = vector["query"] or "", vector["body"] or ""
    signature = vector["expected"]["params"]["signature"]
    ending = f"&signature={signature}"

    def sent(query, body, ending=ending):
        return signed(vector, query, body + ending) if body else signed(vector, query + ending, "")

    assert code(venue, sent(query, body)) is None
    assert code(venue, sent(query, body, ending.upper().replace("SIGNATURE", "signature"))) is None
    spoilt = [
        *(sent(other, body) for other in changed(query)),
        *(sent(query, other) for other in changed(body)),
        *(sent(query, body, f"&signature={other}") for other in changed(signature)),
        sent(query, body, ""),
    ]
    assert {code(venue, request) for request in spoilt} <= CODES
    assert all(code(venue, sent(query, body, f"&signature={other}")) == -1022 for other in changed(signature))


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            WIDE,
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
)
def test_worked_example_may_be_cut_between_query_and_body_anywhere(symbol, signature):
    order = f"symbol={symbol}&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    rest = "recvWindow=5000&timestamp=1499827319559"
    venue = venue_at(1_499_827_319_559)
    headers = {"x-mbx-apikey": DOCUMENTED.api_key}

    def sent(query, body):
        return Request(method="POST", path="/api/v3/order", query=query, headers=headers, body=body.encode())

    whole = f"{order}&{rest}"
    assert code(venue, sent(f"{whole}&signature={signature}", "")) is None
    assert code(venue, sent("", f"{whole}&signature={signature}")) is None
    assert code(venue, sent(f"signature={signature}&{whole}", "")) is None
    # Both are joined without anything between: the text that is signed is then another one.
    assert code(venue, sent(order, f"{rest}&signature={signature}")) == -1022
    assert code(venue, sent(f"{order}&", f"{rest}&signature={signature}")) is None
    if "%" in symbol:  # encoded first, signed then: not the other way round
        plain = whole.replace(symbol, unquote(WIDE))
        assert code(venue, sent(f"{plain}&signature={signature}", "")) == -1022


def test_query_counts_where_the_body_says_otherwise(trader):
    body = f"symbol=LINKUSDT&timestamp={trader.venue.now_ms}"
    query = "symbol=BTCUSDT"
    signature = trader.signature(query + body)
    headers = {"x-mbx-apikey": trader.key.api_key}
    answer = trader.ask(
        "DELETE", "/api/v3/openOrders", query, headers=headers, body=f"{body}&signature={signature}".encode()
    )
    assert json.loads(answer.body)["code"] == -2011  # it is another question whose orders there are none
    placed = trader.place()
    answer = trader.ask(
        "DELETE", "/api/v3/openOrders", query, headers=headers, body=f"{body}&signature={signature}".encode()
    )
    assert [row["orderId"] for row in json.loads(answer.body)] == [placed["orderId"]]


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"x_mbx_apikey": ""}, 401, (-2014, "API-key format invalid.")),
        ({"x_mbx_apikey": "no such key"}, 401, (-2014, "API-key format invalid.")),
        ({"x_mbx_apikey": "nobody"}, 401, (-2015, "Invalid API-key, IP, or permissions for action.")),
    ],
)
def test_wrong_key_is_refused(trader, headers, status, expected):
    answer = trader.call("GET", "account", **headers)
    told = json.loads(answer.body)
    assert (answer.status, told["code"], told["msg"]) == (status, *expected)


def test_what_a_signature_needs_is_mandatory(trader):
    headers = {"x-mbx-apikey": trader.key.api_key}

    def asked(query):
        answer = trader.ask("GET", "/api/v3/account", query, headers=headers)
        return answer.status, json.loads(answer.body)

    text = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
    assert asked("") == (400, {"code": -1102, "msg": text.format("timestamp")})
    assert asked(f"timestamp={trader.venue.now_ms}") == (400, {"code": -1102, "msg": text.format("signature")})
    assert asked("timestamp=now&signature=x")[1]["code"] == -1100


LATE = (-1021, "Timestamp for this request is outside of the recvWindow.")
EARLY = (-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


@pytest.mark.parametrize(
    ("off_ms", "window", "refused"),
    [
        (-5000, None, None),
        (-5001, None, LATE),
        (999, None, None),
        (1000, None, EARLY),
        (-60_000, "60000", None),
        (-60_001, "60000", LATE),
        (-10, "9.999", LATE),
        (-10, "10.001", None),
        (0, "60001", (-1131, "recvWindow must be less than 60000.")),
    ],
)
def test_request_is_as_old_as_its_window_allows_at_most(trader, off_ms, window, refused):
    params = {"timestamp": trader.venue.now_ms + off_ms} | ({} if window is None else {"recvWindow": window})
    answer = trader.call("GET", "account", params)
    told = json.loads(answer.body)
    assert (answer.status, (told.get("code"), told.get("msg"))) == (
        (200, (None, None)) if refused is None else (400, refused)
    )


@pytest.mark.parametrize("window", ["-1", "1.2345", "long", "1e3"])
def test_window_is_a_number_with_three_decimals(trader, window):
    assert trader.denied("GET", "account", recvWindow=window)[0] == -1100


def test_time_may_be_in_microseconds(trader):
    assert trader.call("GET", "account", {"timestamp": trader.venue.now_ns // 1000}).status == 200


def test_key_does_only_what_it_permits(trader):
    ring, account = trader.venue.key_ring, trader.venue.account
    ring.issue(account, Keys("reader", "secret", None), permissions=frozenset({Permission.READ}))
    ring.issue(account, Keys("bound", "secret", None), addresses=frozenset({"192.0.2.1"}))
    trader.key = Keys("reader", "secret", None)
    assert trader.call("GET", "account").status == 200
    assert trader.refused_order()[0] == -2015
    trader.key = Keys("bound", "secret", None)
    assert trader.denied("GET", "account")[0] == -2015
    assert trader.venue.inspection.orders() == []


# Budgets


@pytest.mark.parametrize(
    ("method", "path", "params", "weight"),
    [
        ("GET", "account", {}, 20),
        ("GET", "account/commission", {"symbol": "BTCUSDT"}, 20),
        ("GET", "rateLimit/order", {}, 40),
        ("GET", "openOrders", {}, 80),
        ("GET", "openOrders", {"symbol": "BTCUSDT"}, 6),
        ("GET", "allOrders", {"symbol": "BTCUSDT"}, 20),
        ("GET", "myTrades", {"symbol": "BTCUSDT"}, 20),
        ("GET", "myTrades", {"symbol": "BTCUSDT", "orderId": 1}, 5),
        ("GET", "order", {"symbol": "BTCUSDT", "orderId": 1}, 4),
        ("DELETE", "order", {"symbol": "BTCUSDT", "orderId": 1}, 1),
        ("DELETE", "openOrders", {"symbol": "BTCUSDT"}, 1),
        ("POST", "order", {}, 1),
        ("POST", "order/test", {}, 1),
    ],
)
def test_weight_is_the_documented_one(trader, method, path, params, weight):
    answer = trader.call(method, path, params)
    opening = 2  # of the socket
    assert int(answer.headers["x-mbx-used-weight-1m"]) - opening == weight


def test_orders_are_counted_until_they_are_filled(trader):
    def counts(answer):
        return [answer.headers.get(f"x-mbx-order-count-{window}") for window in ("10s", "1d")]

    rests = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    assert counts(trader.call("POST", "order", {**rests, "price": "80000"})) == ["1", "1"]
    assert counts(trader.call("POST", "order", {**rests, "price": "80000"})) == ["2", "2"]
    _, (ask, _) = trader.best()
    trader.call("POST", "order", {**rests, "price": ask})
    assert counts(trader.call("POST", "order", {**rests, "price": "80000"})) == ["3", "3"]
    assert counts(trader.call("POST", "order", {**rests, "price": "1"})) == [None, None]
    assert trader.fetch("GET", "rateLimit/order") == [
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100, "count": 3},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000, "count": 3},
    ]
    trader.wait(10)
    assert [row["count"] for row in trader.fetch("GET", "rateLimit/order")] == [0, 3]


def test_hundred_orders_in_ten_seconds_and_no_more(trader):
    for n in range(100):
        trader.place(
            symbol="BTCUSDT" if n % 2 else "LINKUSDT",
            price="80000" if n % 2 else "10",
            quantity="1" if n % 2 == 0 else "0.001",
        )
    refused = trader.call(
        "POST",
        "order",
        {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "80000",
        },
    )
    assert (refused.status, json.loads(refused.body)) == (
        429,
        {"code": -1015, "msg": "Too many new orders; current limit is 100 orders per 10 SECOND."},
    )
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    trader.wait(10)
    trader.place()


# The WebSocket API


ORDER_VECTOR = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01000000",
    "price": "52000.00",
    "recvWindow": 100,
    "timestamp": 1_645_423_376_532,
    "apiKey": DOCUMENTED.api_key,
    "signature": "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
}


def test_worked_message_is_accepted_and_any_other_byte_refused():
    venue = venue_at(1_645_423_376_532)
    client = DirectClient(venue, "/ws-api/v3")

    def error(**other):
        frame = {"id": "x", "method": "order.test", "params": ORDER_VECTOR | other}
        return json.loads(str(client.say(json.dumps(frame))[0])).get("error", {}).get("code")

    # Its price is below what the filters allow here: the signature has been read before.
    assert error() in (None, -1013)
    for name in ("symbol", "side", "type", "quantity", "price", "timeInForce", "signature"):
        for other in changed(ORDER_VECTOR[name]):
            assert error(**{name: other}) == -1022
    assert error(timestamp=1_645_423_376_531) == -1022
    assert error(recvWindow=101) == -1022
    assert error(another=1) == -1022
    assert error(apiKey="nobody") == -2015


def test_text_is_signed_as_it_is_written_and_not_percent_encoded(trader):
    answer = trader.over_socket("order.status", symbol=unquote(WIDE), origClientOrderId="a")
    assert answer["error"]["code"] == -1121


def test_message_without_key_time_or_signature_is_refused(trader):
    for params, code_ in (
        ({}, -1102),
        ({"apiKey": "nobody"}, -2015),
        ({"apiKey": trader.key.api_key}, -1102),
        ({"apiKey": trader.key.api_key, "timestamp": trader.venue.now_ms}, -1102),
        ({"apiKey": trader.key.api_key, "timestamp": trader.venue.now_ms, "signature": "x"}, -1022),
        ({"apiKey": trader.key.api_key, "timestamp": trader.venue.now_ms - 6000, "signature": "x"}, -1021),
    ):
        (answer,) = trader.request("userDataStream.subscribe.signature", params)
        assert answer["error"]["code"] == code_
        assert answer["status"] == (401 if code_ == -2015 else 400)
