"""The samples of this plugin, and the little around it that a test needs."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, cast

import pytest
from arb_core.interfaces.context import Clock, ExchangeContext, RestAnswer, RestRequest, TimerHandle
from arb_core.interfaces.stream import Sink
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.rest import Rest
from arb_core.runtime.transport import Connection, Listener, Transport, TransportError, TransportStats
from arb_core.structs.account import Credentials
from arb_core.structs.card import Endpoint, RequestConfig
from arb_core.structs.market import VenueName
from arb_kucoin import card, parse
from arb_kucoin.private import Private
from arb_kucoin.private_stream import PrivateStream
from arb_kucoin.public import Public
from arb_kucoin.sign import Signer
from arb_kucoin.stream import PublicStream

SAMPLES = files("arb_kucoin") / "samples"
NOW_NS = 1_700_000_000_123_456_789
CREDENTIALS = Credentials(
    api_key="marked-key-of-tests", api_secret="marked-secret-of-tests", api_passphrase="marked-passphrase-of-tests"
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
        path: Mapping[str, str] | None = None,
        config: RequestConfig | None = None,
    ) -> Any:
        target = endpoint.path.format(**(path or {}))
        self.asked.append((target, dict(params or {}), config))
        return parser(self.bodies[target])


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


class Context:
    """What the core would hand over, without a core."""

    venue = VenueName(card.ID)
    logger = logging.getLogger(card.ID)

    def __init__(self, markets: MarketTable) -> None:
        self.clock: Clock = StandingClock()
        self.rest: Answers | Rest = Answers()
        self.settings = card.CARD.settings()
        self.markets = markets


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
    return Context(markets)


@pytest.fixture
def public(context) -> Public:
    return Public(cast("ExchangeContext", context))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def account_context(wire) -> Context:
    """What an account is made from: the core's own REST client, before a wire that writes everything down."""
    context = Context(MarketTable(card.ID))
    context.rest = Rest(card.CARD, wire, context.clock)
    return context


@pytest.fixture
def left(wire) -> Callable[[], list[tuple[str, str, str, bytes]]]:
    """Return method, path, query and body of every request that left, whose signature and headers are right."""

    def left() -> list[tuple[str, str, str, bytes]]:
        for request in wire.sent:
            target = f"{request.path}?{request.query}" if request.query else request.path
            text = f"{NOW_NS // 10**6}{request.method}{target}".encode() + request.body
            signer = Signer(CREDENTIALS)
            assert request.headers == {
                "KC-API-KEY": CREDENTIALS.api_key,
                "KC-API-PASSPHRASE": signer.signature(b"marked-passphrase-of-tests"),
                "KC-API-KEY-VERSION": "2",
                "KC-API-TIMESTAMP": str(NOW_NS // 10**6),
                "KC-API-SIGN": signer.signature(text),
                "Content-Type": "application/json",
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
def dialect(context) -> PublicStream:
    return PublicStream(cast("ExchangeContext", context))


@pytest.fixture
def hear(dialect) -> Callable[[bytes], list[tuple[Any, ...]]]:
    """Decode one frame and return what the sink was told."""

    def hear(frame: bytes) -> list[tuple[Any, ...]]:
        recorder = Recorder()
        dialect.decode(memoryview(frame), 0, cast("Sink", recorder))
        return recorder.calls

    return hear


@pytest.fixture
def answer() -> Callable[[int, bytes], RestAnswer]:
    return lambda status, body: RestAnswer(status=status, headers={}, body=body, received_ns=0)
