"""What the tests of Bitget must be told of it; the fixtures made of that are those of `arb_core.testing`."""

import pytest
from arb_bitget import parse, plugin
from arb_bitget.sign import Signer
from arb_core.interfaces.context import RestRequest
from arb_core.testing import CREDENTIALS, NOW_NS, PASSPHRASE, Exchange
from arb_core.testing.fixtures import *

MADE = str(NOW_NS // 10**6)


def headers(request: RestRequest) -> dict[str, str]:
    target = f"{request.path}?{request.query}" if request.query else request.path
    text = f"{MADE}{request.method}{target}".encode() + request.body
    return {
        "ACCESS-KEY": CREDENTIALS.api_key,
        "ACCESS-PASSPHRASE": PASSPHRASE,
        "ACCESS-TIMESTAMP": MADE,
        "ACCESS-SIGN": Signer(CREDENTIALS).signature(text),
        "Content-Type": "application/json",
        "locale": "en-US",
    }


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    return Exchange(plugin=plugin, listed="rest_symbols.json", instruments=parse.instruments, headers=headers)
