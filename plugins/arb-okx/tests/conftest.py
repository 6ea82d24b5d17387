"""What the tests of OKX must be told of it; the fixtures made of that are those of `arb_core.testing`."""

import pytest
from arb_core.interfaces.context import RestRequest
from arb_core.testing import CREDENTIALS, NOW_NS, PASSPHRASE, Exchange
from arb_core.testing.fixtures import *
from arb_okx import card, parse, plugin
from arb_okx.sign import Signer

MADE = "2023-11-14T22:13:20.123Z"


def headers(request: RestRequest) -> dict[str, str]:
    target = f"{request.path}?{request.query}" if request.query else request.path
    text = f"{MADE}{request.method}{target}".encode() + request.body
    places = (request.method, request.path) in {("POST", card.PLACE.path), ("POST", card.MODIFY.path)}
    return {
        "OK-ACCESS-KEY": CREDENTIALS.api_key,
        "OK-ACCESS-PASSPHRASE": PASSPHRASE,
        "OK-ACCESS-TIMESTAMP": MADE,
        "OK-ACCESS-SIGN": Signer(CREDENTIALS).signature(text),
        "Content-Type": "application/json",
        **({"expTime": str(NOW_NS // 10**6 + 5000)} if places else {}),
    }


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    return Exchange(plugin=plugin, listed="rest_instruments.json", instruments=parse.instruments, headers=headers)
