"""The signature: the documentation's examples, nonces that grow, and until when an order is meant."""

import json
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import pytest
from arb_core.errors import SettingsError
from arb_core.interfaces.context import RestClient, RestRequest
from arb_core.structs.account import Credentials
from arb_kraken import card
from arb_kraken.sign import Signer

VECTORS: list[dict[str, Any]] = json.loads((files("arb_kraken") / "samples" / "signatures.json").read_text("utf-8"))
NOW_NS = 1_700_000_000_123_456_789
KEY = Credentials(api_key="k", api_secret="c2VjcmV0")


class Client(RestClient):
    """A client that two signers may share."""

    def bind(self, read_fault: object, sign: object = None) -> "Client":
        return self

    async def call(self, *asked: object, **named: object) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_published_requests_get_their_signatures(vector):
    signer = Signer(Credentials(api_key=vector["key"], api_secret=vector["secret"]), Client())
    found = signer.signature(vector["path"], vector["timestamp"].encode(), vector["body"].encode())
    assert found == vector["expected"]["headers"]["API-Sign"]


def test_a_nonce_counts_milliseconds_and_never_stands_still_or_goes_back():
    signer = Signer(KEY, Client())
    times = (NOW_NS, NOW_NS, NOW_NS - 10**9, NOW_NS + 10 * 10**6)
    nonces = [nonce(signer(RestRequest(method="POST", path="/0/private/Balance"), at_ns)) for at_ns in times]
    assert nonces == [1_700_000_000_123, 1_700_000_000_124, 1_700_000_000_125, 1_700_000_000_133]


def test_both_halves_of_a_venue_count_together():
    rest, other = Client(), Client()
    one, two, third = Signer(KEY, rest), Signer(KEY, rest), Signer(KEY, other)
    request = RestRequest(method="POST", path="/0/private/Balance")
    assert [nonce(signer(request, NOW_NS)) - 1_700_000_000_123 for signer in (one, two, one, third)] == [0, 1, 2, 0]


def test_an_order_says_until_when_it_is_meant_and_nothing_else_does():
    order = Signer(KEY, Client())(RestRequest(method="POST", path=card.PLACE.path, body=b"pair=XBTUSD"), NOW_NS)
    assert order.body == b"nonce=1700000000123&pair=XBTUSD&deadline=2023-11-14T22%3A13%3A25.123Z"
    other = Signer(KEY, Client())(RestRequest(method="POST", path=card.CANCEL.path, body=b"txid=O"), NOW_NS)
    assert other.body == b"nonce=1700000000123&txid=O"


def test_a_secret_that_is_not_base64_is_told_without_being_shown():
    with pytest.raises(SettingsError, match="not base64") as caught:
        Signer(Credentials(api_key="k", api_secret="not base64!"), Client())
    assert "not base64!" not in str(caught.value)
    assert caught.value.__cause__ is None


def nonce(request: RestRequest) -> int:
    return int(parse_qs(request.body.decode())["nonce"][0])
