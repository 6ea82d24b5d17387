"""The samples of this plugin, and the little around it that a test needs."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, cast

import pytest
from arb_binance import card, parse
from arb_binance.public import Public
from arb_binance.stream import PublicStream
from arb_core.interfaces.context import ExchangeContext, RestAnswer
from arb_core.interfaces.stream import Sink
from arb_core.runtime.markets import MarketTable
from arb_core.structs.card import Endpoint, RequestConfig
from arb_core.structs.market import VenueName

SAMPLES = files("arb_binance") / "samples"


class Recorder:
    """A sink that writes down what it is told: name and arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in Sink.__abstractmethods__:
            raise AttributeError(name)
        return lambda *told, **named: self.calls.append((name, *told, *named.values()))


class Answers:
    """A REST client that answers each path with a body, and keeps what was asked."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, Any], RequestConfig | None]] = []

    def bind(self, read_fault: object, sign: object = None) -> "Answers":
        return self

    async def call(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], Any],
        params: Mapping[str, Any] | None = None,
        *,
        config: RequestConfig | None = None,
    ) -> Any:
        self.asked.append((endpoint.path, dict(params or {}), config))
        return parser(self.bodies[endpoint.path])


class Context:
    """What the core would hand over, without a core."""

    venue = VenueName(card.ID)
    clock = None
    logger = logging.getLogger(card.ID)

    def __init__(self, settings: card.Settings, markets: MarketTable) -> None:
        self.rest = Answers()
        self.settings = settings
        self.markets = markets


@pytest.fixture(scope="session", autouse=True)
def no_event_loop_before_the_first() -> None:
    """Python 3.11 makes one for whoever asks, which pytest-asyncio does, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    return lambda name: (SAMPLES / name).read_bytes()


@pytest.fixture
def markets(sample) -> MarketTable:
    table = MarketTable(card.ID)
    table.fill(parse.instruments(sample("rest_exchange_info.json")))
    return table


@pytest.fixture
def context(markets) -> Context:
    return Context(card.Settings(), markets)


@pytest.fixture
def public(context) -> Public:
    return Public(cast("ExchangeContext", context))


@pytest.fixture
def dialect(markets) -> Callable[..., PublicStream]:
    """Make the dialect with some settings."""
    return lambda **settings: PublicStream(cast("ExchangeContext", Context(card.Settings(**settings), markets)))


@pytest.fixture
def hear(dialect) -> Callable[[bytes], list[tuple[Any, ...]]]:
    """Decode one frame and return what the sink was told."""

    def hear(frame: bytes) -> list[tuple[Any, ...]]:
        recorder = Recorder()
        dialect().decode(memoryview(frame), 0, cast("Sink", recorder))
        return recorder.calls

    return hear


@pytest.fixture
def answer() -> Callable[[int, bytes], RestAnswer]:
    return lambda status, body: RestAnswer(status=status, headers={}, body=body, received_ns=0)
