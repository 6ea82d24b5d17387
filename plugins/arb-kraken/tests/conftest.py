"""What the tests of Kraken must be told of it; the fixtures made of that are those of `arb_core.testing`."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest
from arb_core.structs.account import Credentials
from arb_core.testing import NOW_NS, Exchange
from arb_core.testing.fixtures import *
from arb_kraken import parse, plugin

CREDENTIALS = Credentials(
    api_key="marked-key-of-tests", api_secret=base64.b64encode(b"marked-secret-of-tests").decode()
)


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    return Exchange(
        plugin=plugin,
        listed="rest_asset_pairs.json",
        instruments=parse.instruments,
        credentials=CREDENTIALS,
    )


@pytest.fixture
def left(wire) -> Callable[[], list[tuple[str, dict[str, str]]]]:
    """Return path and form of every request that left, whose nonces grow and whose signatures and headers are right."""

    def left() -> list[tuple[str, dict[str, str]]]:
        found: list[tuple[str, dict[str, str]]] = []
        for number, request in enumerate(wire.sent):
            form = dict(parse_qsl(request.body.decode(), strict_parsing=True))
            nonce = form.pop("nonce")
            assert (request.method, nonce) == ("POST", str(NOW_NS // 10**6 + number))
            digest = hashlib.sha256(nonce.encode() + request.body).digest()
            secret = base64.b64decode(CREDENTIALS.api_secret)
            sign = hmac.digest(secret, request.path.encode() + digest, "sha512")
            assert request.headers == {
                "API-Key": CREDENTIALS.api_key,
                "API-Sign": base64.b64encode(sign).decode(),
                "Content-Type": "application/x-www-form-urlencoded",
            }
            found.append((request.path, form))
        return found

    return left
