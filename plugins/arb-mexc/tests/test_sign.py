"""The signature: the documentation's examples, and that what is signed is what is sent."""

import hmac
import json
from importlib.resources import files

import pytest
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials
from arb_mexc.sign import Signer
from hypothesis import given
from hypothesis import strategies as st

VECTORS = json.loads((files("arb_mexc") / "samples" / "signatures.json").read_text("utf-8"))
KEY, SECRET = "mx0aBYs33eIilxBWC5", "45d0b3c26f2644f19bfb98b07741b2f5"
NOW_NS = 1_644_489_390_087_000_000
BATCH = (
    "batchOrders=%5B%7B%22symbol%22%3A%22BTCUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type%22%3A%22LIMIT%22%2C%22quantity"
    "%22%3A%220.0002%22%2C%22price%22%3A%2240000%22%2C%22newClientOrderId%22%3A%22a1%22%7D%2C%7B%22symbol%22%3A%22"
    "BTCUSDT%22%2C%22side%22%3A%22SELL%22%2C%22type%22%3A%22LIMIT%22%2C%22quantity%22%3A%220.0003%22%2C%22price%22%3A"
    "%2241000%22%2C%22newClientOrderId%22%3A%22a2%22%7D%5D&timestamp=1644489390087&recvWindow=5000"
)


def signer(key: str = KEY, secret: str = SECRET) -> Signer:
    return Signer(Credentials(api_key=key, api_secret=secret))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_text_gets_the_published_signature(vector):
    by = signer(vector["key"], vector["secret"])
    assert by.signature(vector["signed_text"].encode()) == vector["expected"]["params"]["signature"]
    assert (vector["query"] or "") + (vector["body"] or "") == vector["signed_text"]


def test_published_request_is_signed_as_published():
    vector = next(vector for vector in VECTORS if vector["name"] == "documentation: order, all parameters in the query")
    query, _, _ = vector["query"].partition("&recvWindow=5000&timestamp=")
    request = RestRequest(method=vector["method"], path=vector["path"], query=query)
    ready = signer(vector["key"], vector["secret"])(request, int(vector["timestamp"]) * 1_000_000)
    assert ready.query == f"{vector['signed_text']}&signature={vector['expected']['params']['signature']}"
    assert vector["expected"]["headers"].items() <= ready.headers.items()
    assert (ready.method, ready.path, ready.body) == (vector["method"], vector["path"], b"")


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        (
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
            "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a",
        ),
        (
            "symbol=BTCUSDT&side=BUY&type=LIMITquantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
            "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592",
        ),
        ("timestamp=1644489390087", "09b4b5a40aeec864d2caa60f2e6a740b61dc423d76c5615c00fd72681f52a094"),
        ("timestamp=1644489390087&recvWindow=5000", "b5b203b847a18d84fcd7886409f1efef45a18662756c84d29b9a7439d909b8cd"),
        ("listenKey=abc&timestamp=1644489390087", "14c8e8fc2a9b66f7a81c2d2f3939ed4a921a9fb5805a3ccfbae19858e71c7469"),
        (
            "symbol=BTCUSDT%2CMXUSDT&timestamp=1644489390087",
            "777a515516f93951fb689cfd0fa7629cb458fa7dc617170f88255b3a90ce6080",
        ),
        (BATCH, "303f976e6e77fd374ebbe486bfd3af12483b5e9d135dc311730091b4c652d81c"),
    ],
    ids=["order", "query and body", "time alone", "with a window", "listen key", "encoded comma", "batch"],
)
def test_worked_example(text, signature):
    assert signer().signature(text.encode()) == signature


def test_request_without_parameters_gets_time_and_window():
    ready = signer()(RestRequest(method="GET", path="/api/v3/account"), NOW_NS)
    text, _, signature = ready.query.partition("&signature=")
    assert text == "recvWindow=5000&timestamp=1644489390087"
    assert signature == signer().signature(text.encode())


def test_headers_are_those_that_mexc_asks_for():
    ready = signer()(RestRequest(method="GET", path="/api/v3/account"), NOW_NS)
    assert ready.headers == {"X-MEXC-APIKEY": KEY, "Content-Type": "application/json"}


@given(
    query=st.text("abcXYZ019=&%.", max_size=60),
    body=st.binary(max_size=60),
    now_ms=st.integers(0, 10**13),
    secret=st.text(min_size=1, max_size=100),
)
def test_what_is_signed_is_what_is_sent(query, body, now_ms, secret):
    ready = signer(secret=secret)(RestRequest(method="POST", path="/x", query=query, body=body), now_ms * 1_000_000)
    text, _, signature = ready.query.rpartition("&signature=")
    assert signature == hmac.digest(secret.encode(), text.encode() + body, "sha256").hex()
    assert text.startswith(query)
    assert text.endswith(f"timestamp={now_ms}")
    assert ready.body == body


def test_signer_shows_no_secret():
    assert SECRET not in repr(signer())
    assert SECRET not in repr(signer()(RestRequest(method="GET", path="/x"), NOW_NS))
