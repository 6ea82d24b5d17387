"""Fixtures for the tests of an exchange; needs pytest.

Entered by the `conftest.py` of an exchange, with `from arb_core.testing.fixtures import *` and a fixture `exchange`
of session scope that returns an `Exchange`. Whatever differs there is a fixture of the same name.
"""

import asyncio
from collections.abc import Callable
from copy import copy
from typing import Any, cast

import pytest

from arb_core.interfaces.context import RestAnswer
from arb_core.interfaces.private import PrivateExchange
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.markets import MarketTable
from arb_core.testing.exchange import Context, Exchange, heard
from arb_core.testing.rest import Wire

__all__ = [
    "account_context",
    "account_stream",
    "answer",
    "context",
    "dialect",
    "hear",
    "hear_account",
    "left",
    "markets",
    "no_event_loop_before_the_first",
    "private",
    "public",
    "sample",
    "wire",
]

Told = list[tuple[Any, ...]]
"""Each call of a sink: its name, then the arguments."""


@pytest.fixture(scope="session", autouse=True)
def no_event_loop_before_the_first() -> None:
    """Python 3.11 makes one for whoever asks, which pytest-asyncio does, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def sample(exchange: Exchange) -> Callable[..., bytes]:
    """Read a sample by name, and where a file holds several by key."""
    return exchange.sample


@pytest.fixture
def answer() -> Callable[[int, bytes], RestAnswer]:
    """Make an answer of a status and a body."""
    return lambda status, body: RestAnswer(status=status, headers={}, body=body, received_ns=0)


# Market data


@pytest.fixture
def markets(exchange: Exchange) -> MarketTable:
    """The instruments of the sample."""
    return exchange.markets()


@pytest.fixture
def context(exchange: Exchange, markets: MarketTable) -> Context:
    """What market data is made from; its `rest` answers from `bodies` and keeps what was `asked`."""
    return exchange.context(markets)


@pytest.fixture
def public(exchange: Exchange, context: Context) -> PublicExchange:
    """Market data by request."""
    return cast("PublicExchange", exchange.plugin.arb_public_exchange(context))


@pytest.fixture
def dialect(exchange: Exchange, context: Context) -> Callable[..., StreamDialect]:
    """Make the public dialect, with some settings."""

    def make(**settings: Any) -> StreamDialect:
        own = copy(context)
        own.settings = exchange.card.settings(**settings)
        return cast("StreamDialect", exchange.plugin.arb_public_stream(own))

    return make


@pytest.fixture
def hear(dialect: Callable[..., StreamDialect]) -> Callable[..., Told]:
    """Decode one frame of the public socket, with some settings, and return what the sink was told."""

    def hear(frame: bytes, **settings: Any) -> Told:
        return heard(dialect(**settings), frame)

    return hear


# An account


@pytest.fixture
def wire(exchange: Exchange) -> Wire:
    """What requests of the account leave through."""
    return Wire(exchange.nothing)


@pytest.fixture
def account_context(exchange: Exchange, wire: Wire) -> Context:
    """What an account is made from."""
    return exchange.account_context(wire)


@pytest.fixture
def private(exchange: Exchange, account_context: Context) -> PrivateExchange:
    """An account by request."""
    return cast("PrivateExchange", exchange.plugin.arb_private_exchange(account_context, exchange.credentials))


@pytest.fixture
def left(exchange: Exchange, wire: Wire) -> Callable[[], list[tuple[str, str, str, bytes]]]:
    """Return method, path, query and body of every request that left, whose signature and headers are right."""

    def left() -> list[tuple[str, str, str, bytes]]:
        for request in wire.sent:
            assert request.headers == exchange.headers(request)
        return [(request.method, request.path, request.query, request.body) for request in wire.sent]

    return left


@pytest.fixture
def account_stream(exchange: Exchange, account_context: Context) -> StreamDialect:
    """An account by subscription."""
    return cast("StreamDialect", exchange.plugin.arb_private_stream(account_context, exchange.credentials))


@pytest.fixture
def hear_account(account_stream: StreamDialect) -> Callable[[bytes], Told]:
    """Decode one frame of the private socket and return what the sink was told."""
    return lambda frame: heard(account_stream, frame)
