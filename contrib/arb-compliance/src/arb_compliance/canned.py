"""A transport that answers from samples: the plugin asks as in life, and what it gets is what was recorded.

For plugins with and without a simulated venue alike. Everything that was asked is kept, so that a case can look at the
very request.
"""

from collections.abc import Callable
from typing import NamedTuple

from arb_core.interfaces.context import Clock, RestAnswer, RestRequest
from arb_core.runtime.transport import Connection, Listener, TransportError, TransportStats

__all__ = ["Asked", "CannedTransport", "Reply", "Script"]


class Asked(NamedTuple):
    """One request as it left."""

    base_url: str
    request: RestRequest
    at_ns: int


class Reply(NamedTuple):
    """What an answer is made of. `None` in place of one: it never comes."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 (a NamedTuple's default, never changed)


Script = Callable[[RestRequest], Reply | None]


class CannedTransport:
    """Answers each request by a script, at once; opens no sockets."""

    def __init__(self, script: Script, clock: Clock) -> None:
        self.stats = TransportStats()
        self.asked: list[Asked] = []
        self._script = script
        self._clock = clock

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        """Take a request and give the scripted answer."""
        self.asked.append(Asked(base_url, request, self._clock.now_ns()))
        reply = self._script(request)
        if reply is None:
            await self._clock.sleep(timeout_ns)
            raise TransportError(f"{request.path}: no answer within {timeout_ns / 1e9:g} s", sent=True)
        return RestAnswer(
            status=reply.status,
            headers={name.lower(): value for name, value in reply.headers.items()},
            body=reply.body,
            received_ns=self._clock.now_ns(),
        )

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        """Refuse: samples of REST carry no sockets."""
        raise TransportError("there are no sockets here", sent=False)

    async def close(self) -> None:
        """Do nothing: nothing is open."""
