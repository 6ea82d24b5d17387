"""What leaves an engine, and when: orders are found by their client ids, which no venue changes.

Entered by the benches of trading. In memory it is watched at the seam of the transport, over loopback at aiohttp's end of
each connection.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from aiohttp.client_proto import ResponseHandler
from arb_core.interfaces.context import Clock, RestAnswer, RestRequest
from arb_sim.memory import MemoryTransport
from arb_sim.venue import SimulatedVenue

__all__ = ["TappedMemory", "Wire", "ids_in", "tap_sockets"]

ID_LENGTH = 18
"""Of a client id; some venues want a prefix before it."""
LATENCY_NS = 10_000_000
"""Of the way to a venue in memory, where time is virtual."""


class Wire:
    """What went out, and when."""

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.now_ns = now_ns
        self._writes: list[tuple[int, bytes]] = []

    def write(self, sent: bytes) -> None:
        self._writes.append((self.now_ns(), sent))

    def moments(self) -> dict[str, int]:
        """Client id -> when it went out for the first time."""
        found: dict[str, int] = {}
        for sent_ns, sent in reversed(self._writes):
            found |= dict.fromkeys(ids_in(sent.decode("latin1")), sent_ns)
        return found


def ids_in(text: str) -> list[str]:
    """Every word that may be a client id, less what the venue wants before it."""
    return [word[-ID_LENGTH:] for word in re.findall(f"[0-9a-z]{{{ID_LENGTH},}}", text)]


class TappedMemory(MemoryTransport):
    """Simulated venues in memory, with a wire before them."""

    def __init__(self, venues: Mapping[str, SimulatedVenue], clock: Clock, wire: Wire) -> None:
        super().__init__(venues, clock, latency_ns=LATENCY_NS)
        self._wire = wire

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        if request.method == "POST":
            self._wire.write(request.query.encode() + request.body)
        return await super().request(base_url, request, timeout_ns)


def tap_sockets(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    """Note what aiohttp hands to each socket; the bytes leave at the end of the loop's turn."""
    made = ResponseHandler.connection_made

    def tapped(protocol: ResponseHandler, transport: asyncio.BaseTransport) -> None:
        made(protocol, transport)
        protocol.transport = cast("asyncio.Transport", _TappedLine(transport, wire))

    monkeypatch.setattr(ResponseHandler, "connection_made", tapped)


class _TappedLine:
    """A transport of asyncio."""

    def __init__(self, inner: Any, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, sent: bytes) -> None:
        self._inner.write(sent)
        self._wire.write(bytes(sent))

    def writelines(self, parts: list[bytes]) -> None:
        self._inner.writelines(parts)
        self._wire.write(b"".join(parts))
