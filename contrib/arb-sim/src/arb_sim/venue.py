"""The seam between a simulated venue and whatever carries it: whole requests, whole frames, and time as an argument.

Entered by the shells (`memory`, `server`) and by tests that play one. A venue behind this seam does no I/O, keeps no
task and reads no clock: it is called with bytes and a time, and says which bytes go where and when it wants to be
called again.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import msgspec

__all__ = ["Close", "Frame", "Keys", "Output", "Ping", "Pong", "Request", "Response", "SimulatedVenue"]

LOOPBACK = "127.0.0.1"


class Keys(NamedTuple):
    """The credentials of a simulated account: made from the seed, good for nothing else."""

    api_key: str
    api_secret: str
    passphrase: str | None

    def __repr__(self) -> str:
        """Leave out what would be secret elsewhere: habits matter."""
        return f"Keys({self.api_key[:6]}...)"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it arrived. `path` and `query` are percent-encoded, byte for byte; header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    client: str = LOOPBACK
    """The client's address: what a venue counts limits by."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer."""

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""
    late_ns: int = 0
    """How long the shell keeps it back: the venue has done what was asked, and takes its time to say so."""


class Ping(msgspec.Struct, frozen=True):
    """A protocol-level ping, in either direction."""

    payload: bytes = b""


class Pong(msgspec.Struct, frozen=True):
    """The answer to a protocol-level ping."""

    payload: bytes = b""


class Close(msgspec.Struct, frozen=True):
    """The venue ends a connection. Code 1006 = it cuts the line without a closing handshake."""

    code: int = 1000
    reason: str = ""

    @property
    def abrupt(self) -> bool:
        """Whether the line is cut."""
        return self.code == 1006


Frame = str | bytes | Ping | Pong
"""A text message, a binary message or a protocol-level control frame."""

Output = tuple[int, Frame | Close]
"""(connection, what goes to it). Nothing follows a `Close` of the same connection."""


class SimulatedVenue(ABC):
    """One exchange, without I/O. Times never go back from call to call.

    A connection is a number that the shell chooses and never uses twice.
    """

    keys: Keys | None = None
    """What reaches its account, if it has one."""

    @property
    @abstractmethod
    def next_due_ns(self) -> int | None:
        """When `due` wants to be called; None = not before something else happens. Ask anew after every call."""

    @abstractmethod
    def http(self, request: Request, now_ns: int) -> Response | None:
        """Answer a request. None = the venue never answers it."""

    @abstractmethod
    def opened(self, conn: int, url: str, now_ns: int, client: str = LOOPBACK) -> Response | None:
        """Take a new WebSocket. `url` is path and query. An answer = the handshake is refused with it."""

    @abstractmethod
    def socket(self, conn: int, frame: Frame, now_ns: int) -> list[Output]:
        """Take one frame of a client, and return what is to be sent now, to any connection."""

    @abstractmethod
    def due(self, now_ns: int) -> list[Output]:
        """Let time pass, and return what is to be sent now."""

    @abstractmethod
    def closed(self, conn: int) -> None:
        """Forget a connection whose client is gone, or that the venue itself has closed."""
