"""What the tests of KuCoin must be told of it; the fixtures made of that are those of `arb_core.testing`."""

import pytest
from arb_core.interfaces.context import RestRequest
from arb_core.testing import CREDENTIALS, NOW_NS, PASSPHRASE, Exchange
from arb_core.testing.fixtures import *
from arb_kucoin import parse, plugin
from arb_kucoin.sign import Signer

MADE = str(NOW_NS // 10**6)


def headers(request: RestRequest) -> dict[str, str]:
    target = f"{request.path}?{request.query}" if request.query else request.path
    text = f"{MADE}{request.method}{target}".encode() + request.body
    signer = Signer(CREDENTIALS)
    return {
        "KC-API-KEY": CREDENTIALS.api_key,
        "KC-API-PASSPHRASE": signer.signature(PASSPHRASE.encode()),
        "KC-API-KEY-VERSION": "2",
        "KC-API-TIMESTAMP": MADE,
        "KC-API-SIGN": signer.signature(text),
        "Content-Type": "application/json",
    }


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    return Exchange(plugin=plugin, listed="rest_symbols.json", instruments=parse.instruments, headers=headers)
