"""What stands in for a venue's REST side: answers by path, or a wire below the core's own client.

Entered by tests through `arb_core.testing`: `Answers` where a parser is in question, `Wire` where it matters what left,
byte for byte.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from arb_core.interfaces.context import (
    Clock,
    FaultReader,
    Params,
    RestAnswer,
    RestClient,
    RestRequest,
    Signer,
    TimerHandle,
)
from arb_core.runtime.transport import Connection, Listener, Transport, TransportError, TransportStats
from arb_core.structs.card import Endpoint, RequestConfig

__all__ = ["NOW_NS", "Answers", "StandingClock", "Wire"]

T = TypeVar("T")

NOW_NS = 1_700_000_000_123_456_789
"""When tests happen, on every clock: 2023-11-14T22:13:20Z, with a different digit in each place that may be cut off."""


class Answers(RestClient):
    """A REST client that answers each path with a body, and keeps what was asked."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, Any], RequestConfig | None]] = []

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> "Answers":
        return self

    async def call(
        self,
        endpoint: Endpoint,
        parse: Callable[[bytes], T],
        params: Params | None = None,
        *,
        path: Mapping[str, str] | None = None,
        body: bytes = b"",
        client_order_id: str | None = None,
        config: RequestConfig | None = None,
    ) -> T:
        target = endpoint.path.format(**(path or {}))
        self.asked.append((target, dict(params or {}), config))
        return parse(self.bodies[target])


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

    def __init__(self, nothing: bytes = b"{}") -> None:
        """Until a test lays others ready, the answer is `nothing`."""
        self.sent: list[RestRequest] = []
        self.answers: list[tuple[int, bytes]] = [(200, nothing)]
        self.lost = False
        """Whether requests leave and their answers do not arrive."""

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
        raise NotImplementedError("a wire carries requests only; arb_sim.memory has sockets")

    async def close(self) -> None:
        """Nothing is open."""
