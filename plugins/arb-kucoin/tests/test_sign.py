"""The signature: the published examples, and that what is signed is what is sent."""

import hmac
import json
from base64 import b64encode
from importlib.resources import files
from urllib.parse import unquote

import pytest
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials
from arb_kucoin.sign import Signer
from hypothesis import given
from hypothesis import strategies as st

VECTORS = json.loads((files("arb_kucoin") / "samples" / "signatures.json").read_text("utf-8"))
KEY, SECRET, PASSPHRASE = "test_api_key", "test_secret", "test_passphrase"
NOW_NS = 1_700_000_000_000_999_999


def signer(key: str = KEY, secret: str = SECRET, passphrase: str | None = PASSPHRASE) -> Signer:
    return Signer(Credentials(api_key=key, api_secret=secret, api_passphrase=passphrase))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_signed_as_published(vector):
    query, body = vector["query"] or "", (vector["body"] or "").encode()
    request = RestRequest(method=vector["method"], path=vector["path"], query=query, body=body)
    sign = signer(vector["key"], vector["secret"], vector["passphrase"])
    ready = sign(request, int(vector["timestamp"]) * 1_000_000)
    assert vector["expected"]["headers"].items() <= ready.headers.items()
    assert (ready.method, ready.path, ready.query, ready.body) == (vector["method"], vector["path"], query, body)
    assert ready.headers["KC-API-SIGN"] == sign.signature(vector["signed_text"].encode())


def test_worked_example_of_a_text():
    assert signer(secret="test_api_secret").signature(b"test_plain") == "jie/gxS38wLFFaBwl/cAzFbAzlI8MIny96jSXrB+iP4="


def test_query_is_signed_as_it_reads_and_sent_encoded():
    request = RestRequest(method="GET", path="/api/v1/x", query="symbols=A-B%2CC-D")
    ready = signer()(request, NOW_NS)
    assert ready.query == "symbols=A-B%2CC-D"
    assert ready.headers["KC-API-SIGN"] == signer().signature(b"1700000000000GET/api/v1/x?symbols=A-B,C-D")


@given(
    query=st.text("abcXYZ019=&%.", max_size=60),
    body=st.binary(max_size=60),
    now_ms=st.integers(0, 10**13),
    secret=st.text(min_size=1, max_size=200),
)
def test_what_is_signed_is_what_is_sent(query, body, now_ms, secret):
    ready = signer(secret=secret)(RestRequest(method="POST", path="/x", query=query, body=body), now_ms * 1_000_000)
    target = f"/x?{unquote(ready.query)}" if ready.query else "/x"
    text = f"{ready.headers['KC-API-TIMESTAMP']}POST{target}".encode() + ready.body
    assert ready.headers["KC-API-SIGN"] == b64encode(hmac.digest(secret.encode(), text, "sha256")).decode()
    assert (ready.query, ready.body) == (query, body)
    assert ready.headers["KC-API-TIMESTAMP"] == str(now_ms)


def test_signer_shows_no_secret():
    marked = signer(secret="marked-secret-of-tests", passphrase="marked-passphrase-of-tests")
    assert "marked" not in repr(marked)
    ready = marked(RestRequest(method="GET", path="/x"), NOW_NS)
    assert "marked" not in repr(ready)
    assert not any("marked" in value for value in ready.headers.values())
