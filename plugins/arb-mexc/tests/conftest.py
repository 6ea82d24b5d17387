"""What the tests of MEXC must be told of it; the fixtures made of that are those of `arb_core.testing`."""

from collections.abc import Callable

import pytest
from arb_core.testing import CREDENTIALS, Exchange
from arb_core.testing.fixtures import *
from arb_mexc import parse, plugin
from arb_mexc.sign import Signer

STAMP = "recvWindow=5000&timestamp=1700000000123"


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    return Exchange(plugin=plugin, listed="rest_exchange_info.json", instruments=parse.instruments)


@pytest.fixture
def left(wire) -> Callable[[], list[tuple[str, str, str]]]:
    """Return method, path and signed text of every request that left, whose signature and headers are right."""

    def left() -> list[tuple[str, str, str]]:
        seen: list[tuple[str, str, str]] = []
        for request in wire.sent:
            text, _, signature = request.query.rpartition("&signature=")
            assert signature == Signer(CREDENTIALS).signature(text.encode())
            assert request.headers == {"X-MEXC-APIKEY": CREDENTIALS.api_key, "Content-Type": "application/json"}
            assert request.body == b""
            seen.append((request.method, request.path, text.removesuffix(STAMP).removesuffix("&")))
            assert text.endswith(STAMP)
        return seen

    return left
