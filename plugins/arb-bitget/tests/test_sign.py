"""The signature: every published request, the login, and that what is signed is what is sent."""

import hmac
import json
from base64 import b64encode
from importlib.resources import files
from urllib.parse import unquote

import pytest
from arb_bitget.sign import Signer
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials
from hypothesis import given
from hypothesis import strategies as st

VECTORS = json.loads((files("arb_bitget") / "samples" / "signatures.json").read_text("utf-8"))
KEY, SECRET, PASSPHRASE = "test_api_key", "test_secret", "test_passphrase"


def signer(secret: str = SECRET) -> Signer:
    return Signer(Credentials(api_key=KEY, api_secret=secret, api_passphrase=PASSPHRASE))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_signed_as_published(vector):
    body = (vector["body"] or "").encode()
    request = RestRequest(method=vector["method"], path=vector["path"], query=vector["query"], body=body)
    ready = signer()(request, int(vector["timestamp"]) * 1_000_000)
    assert vector["expected"]["headers"].items() <= ready.headers.items()
    assert (ready.method, ready.path, ready.query, ready.body) == (
        vector["method"],
        vector["path"],
        vector["query"],
        body,
    )
    assert ready.headers["ACCESS-SIGN"] == signer().signature(vector["signed_text"].encode())


def test_login_is_signed_in_seconds():
    assert signer().login(1_538_054_050_999_000_000) == {
        "apiKey": KEY,
        "passphrase": PASSPHRASE,
        "timestamp": "1538054050",
        "sign": "ZKcxhODLTztM2iNiV/trAzhDaeE9+T9LNddmARBPvj8=",
    }


def test_query_is_signed_as_it_reads_and_sent_as_it_was():
    request = RestRequest(method="GET", path="/x", query="clientOid=a%20b%24")
    ready = signer()(request, 1_700_000_000_000_000_000)
    assert ready.query == "clientOid=a%20b%24"
    assert ready.headers["ACCESS-SIGN"] == signer().signature(b"1700000000000GET/x?clientOid=a b$")


@given(
    query=st.text("abcXYZ019=&%.", max_size=60),
    body=st.binary(max_size=60),
    now_ms=st.integers(0, 10**13),
    secret=st.text(min_size=1, max_size=200),
)
def test_what_is_signed_is_what_is_sent(query, body, now_ms, secret):
    request = RestRequest(method="POST", path="/x", query=query, body=body)
    ready = signer(secret)(request, now_ms * 1_000_000)
    target = f"/x?{unquote(query)}" if query else "/x"
    text = f"{now_ms}POST{target}".encode() + ready.body
    expected = hmac.digest(secret.encode(), text, "sha256")
    assert ready.headers["ACCESS-SIGN"] == b64encode(expected).decode()
    assert (ready.query, ready.body) == (query, body)
    assert ready.headers["ACCESS-TIMESTAMP"] == str(now_ms)


def test_signer_shows_no_secret():
    marked = signer("marked-secret-of-tests")
    assert "marked" not in repr(marked)
    assert "marked" not in repr(marked(RestRequest(method="GET", path="/x"), 1))
