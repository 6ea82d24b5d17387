"""The signature: published requests, and that what is signed is what is sent."""

import hmac
import json
from importlib.resources import files

import pytest
from arb_bybit.sign import Signer
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials
from hypothesis import given
from hypothesis import strategies as st

VECTORS = json.loads((files("arb_bybit") / "samples" / "signatures.json").read_text("utf-8"))
KEY, SECRET = "test_api_key", "test_secret"
NOW_NS = 1_700_000_000_000_000_000


def signer(key: str = KEY, secret: str = SECRET) -> Signer:
    return Signer(Credentials(api_key=key, api_secret=secret))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_signed_as_published(vector):
    query, body = vector["query"] or "", (vector["body"] or "").encode()
    request = RestRequest(method=vector["method"], path=vector["path"], query=query, body=body)
    ready = signer(vector["key"], vector["secret"])(request, int(vector["timestamp"]) * 1_000_000)
    assert vector["expected"]["headers"].items() <= ready.headers.items()
    assert (ready.method, ready.path, ready.query, ready.body) == (vector["method"], vector["path"], query, body)
    signed = signer(vector["key"], vector["secret"]).signature(vector["signed_text"].encode())
    assert ready.headers["X-BAPI-SIGN"] == signed


def test_worked_example_of_the_login():
    assert signer().signature(b"GET/realtime1700000000000") == (
        "bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925"
    )


def test_login_is_good_until_a_moment_that_it_signs():
    request = json.loads(signer().login(NOW_NS))
    key, expires, sign = request["args"]
    assert (request["op"], key) == ("auth", KEY)
    assert NOW_NS // 10**6 + 1000 < expires <= NOW_NS // 10**6 + 60_000
    assert sign == signer().signature(f"GET/realtime{expires}".encode())


def test_request_without_query_and_body_is_signed_all_the_same():
    ready = signer()(RestRequest(method="GET", path="/v5/user/query-api"), NOW_NS)
    assert ready.headers["X-BAPI-SIGN"] == signer().signature(b"1700000000000test_api_key5000")


@given(
    query=st.text("abcXYZ019=&%.", max_size=60),
    body=st.binary(max_size=60),
    now_ms=st.integers(0, 10**13),
    secret=st.text(min_size=1, max_size=200),
)
def test_what_is_signed_is_what_is_sent(query, body, now_ms, secret):
    request = RestRequest(method="POST" if body else "GET", path="/x", query="" if body else query, body=body)
    ready = signer(secret=secret)(request, now_ms * 1_000_000)
    text = f"{ready.headers['X-BAPI-TIMESTAMP']}{KEY}{ready.headers['X-BAPI-RECV-WINDOW']}{ready.query}".encode()
    assert ready.headers["X-BAPI-SIGN"] == hmac.digest(secret.encode(), text + ready.body, "sha256").hex()
    assert (ready.query, ready.body) == (request.query, request.body)
    assert ready.headers["X-BAPI-TIMESTAMP"] == str(now_ms)


def test_signer_shows_no_secret():
    marked = signer(secret="marked-secret-of-tests")
    assert "marked" not in repr(marked)
    assert "marked" not in repr(marked(RestRequest(method="GET", path="/x"), NOW_NS))
    assert "marked" not in marked.login(NOW_NS)
