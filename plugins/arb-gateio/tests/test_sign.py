"""The signature: the documentation's examples, and that what is signed is what is sent."""

import hashlib
import hmac
import json
from importlib.resources import files
from urllib.parse import unquote

import pytest
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials
from arb_gateio.sign import Signer
from hypothesis import given
from hypothesis import strategies as st

VECTORS = json.loads((files("arb_gateio") / "samples" / "signatures.json").read_text("utf-8"))
KEY, SECRET = "key", "secret"
NOW_NS = 1_541_993_715_000_000_000
ORDER = (
    b'{"text":"t-abc123","currency_pair":"BTC_USDT","type":"limit","account":"spot","side":"buy","amount":"0.001",'
    b'"price":"65000","time_in_force":"gtc"}'
)


def signer(key: str = KEY, secret: str = SECRET) -> Signer:
    return Signer(Credentials(api_key=key, api_secret=secret))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_signed_as_published(vector):
    body = (vector["body"] or "").encode()
    request = RestRequest(method=vector["method"], path=vector["path"], query=vector["query"], body=body)
    ready = signer(vector["key"], vector["secret"])(request, int(vector["timestamp"]) * 1_000_000_000)
    assert vector["expected"]["headers"].items() <= ready.headers.items()
    assert (ready.method, ready.path, ready.query, ready.body) == (
        vector["method"],
        vector["path"],
        vector["query"],
        body,
    )
    assert ready.headers["SIGN"] == signer().signature(vector["signed_text"].encode())


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        (
            RestRequest(
                method="POST",
                path="/api/v4/futures/orders",
                body=b'{"contract":"BTC_USD","type":"limit","size":100,"price":6800,"time_in_force":"gtc"}',
            ),
            "eae42da914a590ddf727473aff25fc87d50b64783941061f47a3fdb92742541fc4c2c14017581b4199a1418d54471c269c03a38d788d802e2c306c37636389f0",
        ),
        (
            RestRequest(method="GET", path="/api/v4/spot/accounts"),
            "80c55d80cefb6bb2aa6de5fabc92732fcedd954b8bd8cf04243e90c03e1babb9ebc501ade886ab5962ea7b008243f0e7797954678a29bbaecea919b96a89b08a",
        ),
        (
            RestRequest(method="GET", path="/api/v4/spot/orders", query="currency_pair=BTC_USDT&status=open"),
            "93fd0852e183795350a1b58b5866854c2d30b0ffbad41303eff94206844cb4abadd3a24988d478388f37f70710a633e793e4c78607441cac1bedb60d945c2300",
        ),
        (
            RestRequest(method="POST", path="/api/v4/spot/orders", body=ORDER),
            "f0bd73f90d362b7ee5b002b616a204b4cbfee7d60e23837d49d24f547f31104e65cd7fde82ea95a5cd71cbf0430e7ab2c32406785c9c17741c796cb83d34b27c",
        ),
        (
            RestRequest(method="DELETE", path="/api/v4/spot/orders/12332324", query="currency_pair=BTC_USDT"),
            "7c93abcba47caab3c568120c27a94ecc8b4889b05f99967c30da32ed3b05b4165ba487fbe61f79ded47b2d5885db4f2c3a46e6cdd75a063a8d6f5f81fb787f00",
        ),
        (
            RestRequest(method="GET", path="/api/v4/spot/batch_fee", query="currency_pairs=BTC_USDT%2CETH_USDT"),
            "75af004f8bd7da25350c6708f854a33133fc52f681a50d5c3cfbf293fb7313a0ee103a048705a188c25e47d0457a35da182f298209c53e3a489a35947bd5a4c7",
        ),
    ],
    ids=["futures order", "no query", "query", "order", "delete", "comma"],
)
def test_worked_example(request_, signature):
    assert signer()(request_, NOW_NS).headers["SIGN"] == signature


def test_comma_is_sent_as_it_is_signed():
    request = RestRequest(method="GET", path="/x", query="pairs=A%2CB&other=a%20b")
    assert signer()(request, NOW_NS).query == "pairs=A,B&other=a%20b"


@pytest.mark.parametrize(
    ("event", "signature"),
    [
        (
            "subscribe",
            "833a44bb4cd083e47bc1fec22b5c12e8b98c30fc7a9f4a1e52800dcfdff9a57240d7c10f1e9553dee020011fa5d02cdc7d1155a380cc4dcbd45f8fb525e41f4b",
        ),
        (
            "unsubscribe",
            "b8ad50df87253aeaf534196bd4f55dfe1d785361e556f81e839a123e60ead097526d7fc978bda217283c1c31715076d36d57707d4f3f9adc109f5fe7fa6b3023",
        ),
    ],
)
def test_worked_example_of_the_socket(event, signature):
    auth = signer().auth("spot.orders", event, 1611541000)
    assert auth == {"method": "api_key", "KEY": KEY, "SIGN": signature}


def test_worked_example_of_the_trading_socket():
    assert signer().signature(b"api\nspot.login\n\n1681984544") == (
        "3e133322aeffb544225b263d43fc10fc8e6b9b14126a09e4c945363d60afc591c441f08c3eff1770c1331171386501f6843560f889840e87ba1f3d99a80daffa"
    )


def test_only_orders_say_until_when_they_are_meant():
    for method in ("POST", "PATCH"):
        headers = signer()(RestRequest(method=method, path="/x"), NOW_NS).headers
        assert headers["x-gate-exptime"] == str(NOW_NS // 10**6 + 5000)
    for method in ("GET", "DELETE"):
        assert "x-gate-exptime" not in signer()(RestRequest(method=method, path="/x"), NOW_NS).headers


@given(
    query=st.text("abcXYZ019=&%.", max_size=60),
    body=st.binary(max_size=60),
    now_s=st.integers(0, 10**10),
    secret=st.text(min_size=1, max_size=200),
)
def test_what_is_signed_is_what_is_sent(query, body, now_s, secret):
    request = RestRequest(method="POST", path="/x", query=query, body=body)
    ready = signer(secret=secret)(request, now_s * 1_000_000_000)
    text = f"POST\n/x\n{unquote(ready.query)}\n{hashlib.sha512(ready.body).hexdigest()}\n{ready.headers['Timestamp']}"
    assert ready.headers["SIGN"] == hmac.digest(secret.encode(), text.encode(), "sha512").hex()
    assert (unquote(ready.query), ready.body) == (unquote(query), body)
    assert ready.headers["Timestamp"] == str(now_s)


def test_signer_shows_no_secret():
    marked = signer(secret="marked-secret-of-tests")
    assert "marked" not in repr(marked)
    assert "marked" not in repr(marked(RestRequest(method="GET", path="/x"), NOW_NS))
