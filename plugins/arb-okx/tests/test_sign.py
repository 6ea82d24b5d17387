"""The signature: the documentation's examples, and that what is signed is what is sent."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from arb_core.errors import SettingsError
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials
from arb_okx import card
from arb_okx.sign import Signer
from hypothesis import given
from hypothesis import strategies as st

VECTORS = json.loads((files("arb_okx") / "samples" / "signatures.json").read_text("utf-8"))
MS = 1_000_000
NOW_NS = 1_607_418_537_715 * MS
DOCUMENTED = "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"


def signer(key: str = "key", secret: str = DOCUMENTED, phrase: str | None = "phrase") -> Signer:
    return Signer(Credentials(api_key=key, api_secret=secret, api_passphrase=phrase))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_published_request_is_signed_as_published(vector):
    body = (vector["body"] or "").encode()
    request = RestRequest(method=vector["method"], path=vector["path"], query=vector["query"] or "", body=body)
    sign = signer(vector["key"], vector["secret"], vector["passphrase"])
    ready = sign(request, int(vector["timestamp"]) * MS)
    assert vector["expected"]["headers"].items() <= ready.headers.items()
    assert (ready.method, ready.path, ready.query, ready.body) == (
        vector["method"],
        vector["path"],
        vector["query"] or "",
        body,
    )
    assert ready.headers["OK-ACCESS-SIGN"] == sign.signature(vector["signed_text"].encode())


def test_worked_example_of_the_socket():
    assert signer().login(1_538_054_050_999 * MS) == {
        "apiKey": "key",
        "passphrase": "phrase",
        "timestamp": "1538054050",
        "sign": "ENpPNQ8mQv8YzDMPhBsB4SrjaKK+FaEh2nozTRW6KU0=",
    }


def test_only_orders_say_until_when_they_are_meant():
    for endpoint in (card.PLACE, card.MODIFY):
        headers = signer()(RestRequest(method="POST", path=endpoint.path), NOW_NS).headers
        assert headers["expTime"] == str(1_607_418_537_715 + 5000)
    for method, path in (("GET", card.ORDER.path), ("POST", card.CANCEL.path), ("POST", card.COUNTDOWN.path)):
        assert "expTime" not in signer()(RestRequest(method=method, path=path), NOW_NS).headers


@pytest.mark.parametrize(
    ("now_ns", "time"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (NOW_NS + 999_999, "2020-12-08T09:08:57.715Z"),
        (1_700_000_000_000 * MS, "2023-11-14T22:13:20.000Z"),
        (1_700_000_000_007 * MS, "2023-11-14T22:13:20.007Z"),
    ],
)
def test_time_has_three_digits_behind_the_second(now_ns, time):
    assert signer()(RestRequest(method="GET", path="/x"), now_ns).headers["OK-ACCESS-TIMESTAMP"] == time


@given(
    query=st.text("abcXYZ019=&%.", max_size=60),
    body=st.binary(max_size=60),
    now_ms=st.integers(0, 10**13),
    secret=st.text(min_size=1, max_size=200),
)
def test_what_is_signed_is_what_is_sent(query, body, now_ms, secret):
    ready = signer(secret=secret)(RestRequest(method="POST", path="/x", query=query, body=body), now_ms * MS)
    time = ready.headers["OK-ACCESS-TIMESTAMP"]
    text = f"{time}POST/x{'?' if query else ''}{ready.query}".encode() + ready.body
    assert ready.headers["OK-ACCESS-SIGN"] == b64encode(hmac.digest(secret.encode(), text, "sha256")).decode()
    assert (ready.query, ready.body) == (query, body)
    assert datetime.fromisoformat(time) == datetime.fromtimestamp(now_ms // 1000, UTC).replace(
        microsecond=now_ms % 1000 * 1000
    )


@pytest.mark.parametrize("phrase", [None, ""])
def test_key_without_its_passphrase_is_refused(phrase):
    with pytest.raises(SettingsError, match="api_passphrase"):
        signer(phrase=phrase)


def test_signer_shows_no_secret():
    marked = signer(secret="marked-secret-of-tests", phrase="marked-phrase-of-tests")
    assert "marked" not in repr(marked)
    assert "marked" not in repr(marked(RestRequest(method="GET", path="/x"), NOW_NS))
