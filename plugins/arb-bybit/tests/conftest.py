"""What the tests of Bybit must be told of it; the fixtures made of that are those of `arb_core.testing`."""

import hmac

import pytest
from arb_bybit import parse, plugin
from arb_core.interfaces.context import RestRequest
from arb_core.testing import CREDENTIALS, NOW_NS, Exchange
from arb_core.testing.fixtures import *

MADE = str(NOW_NS // 10**6)


def headers(request: RestRequest) -> dict[str, str]:
    text = f"{MADE}{CREDENTIALS.api_key}5000{request.query}".encode() + request.body
    return {
        "X-BAPI-API-KEY": CREDENTIALS.api_key,
        "X-BAPI-TIMESTAMP": MADE,
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": hmac.digest(CREDENTIALS.api_secret.encode(), text, "sha256").hex(),
        "Content-Type": "application/json",
    }


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    return Exchange(
        plugin=plugin,
        listed="rest_instruments_info.json",
        instruments=parse.instruments,
        headers=headers,
        nothing=b'{"retCode":0,"result":{}}',
    )
