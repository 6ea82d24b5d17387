"""The signature: the documentation's examples, and that what is signed is what is sent."""

import hmac
import json
from importlib.resources import files

import pytest
from arb_binance.sign import Signer
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials
from hypothesis import given
from hypothesis import strategies as st

VECTORS = json.loads((files("arb_binance") / "samples" / "signatures.json").read_text("utf-8"))
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
NOW_NS = 1_499_827_319_559_000_000
ORDER = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"


def signer(key: str = KEY, secret: str = SECRET) -> Signer:
    return Signer(Credentials(api_key=key, api_secret=secret))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_text_gets_the_published_signature(vector):
    by = signer(vector["key"], vector["secret"])
    assert by.signature(vector["signed_text"].encode()) == vector["expected"]["params"]["signature"]
    ready = by(RestRequest(method=vector["method"], path=vector["path"]), NOW_NS)
    assert ready.headers == vector["expected"]["headers"]
    assert (vector["query"] or "") + (vector["body"] or "") == vector["signed_text"]


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (f"symbol=LTCBTC&{ORDER}", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            f"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&{ORDER}",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
    ids=["ascii", "encoded first"],
)
def test_worked_example(query, signature):
    ready = signer()(RestRequest(method="POST", path="/api/v3/order", query=query), NOW_NS)
    assert ready.query == f"{query}&recvWindow=5000&timestamp=1499827319559&signature={signature}"
    assert ready.headers == {"X-MBX-APIKEY": KEY}
    assert ready.body == b""


def test_worked_example_of_the_websocket_api():
    order = {
        "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01000000",
        "price": "52000.00", "recvWindow": 100,
    }  # fmt: skip
    assert signer().parameters(order, 1_645_423_376_532_000_000) == order | {
        "apiKey": KEY,
        "timestamp": 1645423376532,
        "signature": "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    }


def test_request_without_parameters_gets_time_and_window():
    ready = signer()(RestRequest(method="GET", path="/api/v3/account"), NOW_NS)
    text, _, signature = ready.query.partition("&signature=")
    assert text == "recvWindow=5000&timestamp=1499827319559"
    assert signature == signer().signature(text.encode())


def test_values_of_the_websocket_api_are_signed_as_they_read():
    signed = signer().parameters({"symbol": "币安人生USDT"}, NOW_NS)
    text = f"apiKey={KEY}&symbol=币安人生USDT&timestamp=1499827319559"
    assert signed["signature"] == hmac.digest(SECRET.encode(), text.encode(), "sha256").hex()


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
