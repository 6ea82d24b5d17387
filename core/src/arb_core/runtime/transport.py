"""The seam above aiohttp and picows: whole requests, whole messages.

`sockets` speaks to real hosts, `arb_sim.memory` to simulated venues in the same process on virtual time. Everything
above this line is the same for both.
"""

from typing import Protocol

import msgspec

from arb_core.interfaces.context import RestAnswer, RestRequest

__all__ = ["Connection", "Listener", "Transport", "TransportError", "TransportStats"]


class TransportError(Exception):
    """A request or connection failed below the exchange's own protocol.

    `sent` is False only where it is certain that nothing reached the venue (name resolution, connect, TLS): then even a
    request that is not idempotent may be tried again.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        """Say whether the request may have reached the venue."""
        super().__init__(message)
        self.sent = sent


class TransportStats(msgspec.Struct):
    """Counts of the connection pool; `reused / requests` is the reuse rate."""

    requests: int = 0
    reused: int = 0
    opened: int = 0


class Listener(Protocol):
    """Receives what a connection hears. Plain functions, called from the event loop, never awaited."""

    def on_frame(self, frame: memoryview) -> None:
        """One whole text or binary message; the memory is valid only during the call."""
        ...

    def on_alive(self) -> None:
        """A protocol-level ping or pong arrived: the connection lives, though it said nothing."""
        ...

    def on_closed(self, reason: str) -> None:
        """The connection has ended, whoever ended it; called exactly once, nothing follows."""
        ...


class Connection(Protocol):
    """One open WebSocket."""

    def send(self, frame: str | bytes) -> None:
        """Send a text (str) or binary (bytes) message. Raises `TransportError` when the connection has ended."""
        ...

    def ping(self) -> None:
        """Send a protocol-level ping; its answer is an `on_alive`."""
        ...

    def close(self) -> None:
        """Begin to close; `on_closed` follows."""
        ...

    def abort(self) -> None:
        """Cut without a closing handshake, for a peer that no longer answers; `on_closed` follows."""
        ...


class Transport(Protocol):
    """How bytes leave and arrive."""

    @property
    def stats(self) -> TransportStats:
        """Counts since the start."""
        ...

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        """Send one request to `base_url` (scheme, host, port, path prefix) and return the whole answer.

        Raises:
            TransportError: no whole answer arrived within `timeout_ns`.
        """
        ...

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        """Open a WebSocket.

        Raises:
            TransportError: it could not be opened within `timeout_ns`.
        """
        ...

    async def close(self) -> None:
        """End every connection and wait until all are gone."""
        ...
