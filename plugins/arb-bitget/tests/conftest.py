"""The samples of this plugin, and the little around it that a test needs."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, cast

import pytest
from arb_bitget import card, parse
from arb_bitget.private import Private
from arb_bitget.private_stream import PrivateStream
from arb_bitget.public import Public
from arb_bitget.sign import Signer
from arb_bitget.stream import PublicStream
from arb_core.interfaces.context import Clock, ExchangeContext, RestAnswer, RestRequest, TimerHandle
from arb_core.interfaces.stream import Sink
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.rest import Rest
from arb_core.runtime.transport import Connection, Listener, Transport, TransportError, TransportStats
from arb_core.structs.account import Credentials
from arb_core.structs.card import Endpoint, RequestConfig
from arb_core.structs.market import VenueName

SAMPLES = files("arb_bitget") / "samples"
NOW_NS = 1_700_000_000_123_456_789
CREDENTIALS = Credentials(
    api_key="marked-key-of-tests", api_secret="marked-secret-of-tests", api_passphrase="marked-pass-of-tests"
)


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
    logger = logging.getLogger(card.ID)

    def __init__(self, settings: card.Settings, markets: MarketTable) -> None:
        self.clock: Clock | None = None
        self.rest: Answers | Rest = Answers()
        self.settings = settings
        self.markets = markets


class StandingClock(Clock):
    """A clock that stands still, and on which every wait is over at once."""

    def now_ns(self) -> int:
        return NOW_NS

    def monotonic_ns(self) -> int:
        return NOW_NS

    async def sleep(self, duration_ns: int) -> None:
        """Nothing to wait for."""

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        return self

    def cancel(self) -> None:
        """No timer ever runs."""


class Wire(Transport):
    """A transport that writes down each request as it leaves, and answers with what lies ready, the last for ever."""

    def __init__(self) -> None:
        self.sent: list[RestRequest] = []
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.lost = False

    @property
    def stats(self) -> TransportStats:
        return TransportStats(requests=len(self.sent))

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        self.sent.append(request)
        if self.lost:
            raise TransportError("cut while waiting for the answer", sent=True)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return RestAnswer(status=status, headers={}, body=body, received_ns=0)

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


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
    table.fill(parse.instruments(sample("rest_symbols.json")))
    return table


@pytest.fixture
def context(markets) -> Context:
    return Context(card.Settings(), markets)


@pytest.fixture
def public(context) -> Public:
    return Public(cast("ExchangeContext", context))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def account_context(wire) -> Context:
    """What an account is made from: the core's own REST client, before a wire that writes everything down."""
    context = Context(card.Settings(), MarketTable(card.ID))
    context.clock = StandingClock()
    context.rest = Rest(card.CARD, wire, context.clock)
    return context


@pytest.fixture
def left(wire) -> Callable[[], list[tuple[str, str, str, bytes]]]:
    """Return method, path, query and body of every request that left, whose signature and headers are right."""

    def left() -> list[tuple[str, str, str, bytes]]:
        for request in wire.sent:
            made = str(NOW_NS // 10**6)
            target = f"{request.path}?{request.query}" if request.query else request.path
            text = f"{made}{request.method}{target}".encode() + request.body
            assert request.headers == {
                "ACCESS-KEY": CREDENTIALS.api_key,
                "ACCESS-PASSPHRASE": CREDENTIALS.api_passphrase,
                "ACCESS-TIMESTAMP": made,
                "ACCESS-SIGN": Signer(CREDENTIALS).signature(text),
                "Content-Type": "application/json",
                "locale": "en-US",
            }
        return [(request.method, request.path, request.query, request.body) for request in wire.sent]

    return left


@pytest.fixture
def private(account_context) -> Private:
    return Private(cast("ExchangeContext", account_context), CREDENTIALS)


@pytest.fixture
def account_stream(account_context) -> PrivateStream:
    return PrivateStream(cast("ExchangeContext", account_context), CREDENTIALS)


@pytest.fixture
def hear_account(account_stream) -> Callable[[bytes], list[tuple[Any, ...]]]:
    """Decode one frame of the private socket and return what the sink was told."""

    def hear(frame: bytes) -> list[tuple[Any, ...]]:
        recorder = Recorder()
        account_stream.decode(memoryview(frame), 0, cast("Sink", recorder))
        return recorder.calls

    return hear


@pytest.fixture
def dialect(markets) -> Callable[..., PublicStream]:
    """Make the dialect with some settings."""
    return lambda **settings: PublicStream(cast("ExchangeContext", Context(card.Settings(**settings), markets)))


@pytest.fixture
def hear(dialect) -> Callable[..., list[tuple[Any, ...]]]:
    """Decode one frame with some settings and return what the sink was told."""

    def hear(frame: bytes, **settings: str) -> list[tuple[Any, ...]]:
        recorder = Recorder()
        dialect(**settings).decode(memoryview(frame), 0, cast("Sink", recorder))
        return recorder.calls

    return hear


@pytest.fixture
def answer() -> Callable[[int, bytes], RestAnswer]:
    return lambda status, body: RestAnswer(status=status, headers={}, body=body, received_ns=0)
