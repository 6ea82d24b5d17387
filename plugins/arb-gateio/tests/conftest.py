"""What the tests of Gate.io must be told of it; the fixtures made of that are those of `arb_core.testing`."""

import hashlib

import pytest
from arb_core.interfaces.context import RestRequest
from arb_core.testing import CREDENTIALS, NOW_NS, Exchange
from arb_core.testing.fixtures import *
from arb_gateio import parse, plugin
from arb_gateio.sign import Signer


def headers(request: RestRequest) -> dict[str, str]:
    body = hashlib.sha512(request.body).hexdigest()
    text = f"{request.method}\n{request.path}\n{request.query}\n{body}\n{NOW_NS // 10**9}"
    places = request.method in {"POST", "PATCH"}
    return {
        "KEY": CREDENTIALS.api_key,
        "Timestamp": str(NOW_NS // 10**9),
        "SIGN": Signer(CREDENTIALS).signature(text.encode()),
        "Content-Type": "application/json",
        "Accept": "application/json",
        **({"x-gate-exptime": str(NOW_NS // 10**6 + 5000)} if places else {}),
    }


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    return Exchange(
        plugin=plugin,
        listed="rest_currency_pairs.json",
        instruments=parse.instruments,
        headers=headers,
    )
