"""A client of a simulated venue without any shell: it calls the venue and keeps what comes.

Entered by the tests of simulated venues, for which even memory and virtual time would be too much between cause and
effect.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from arb_sim.kernel.venue import VenueKernel
from arb_sim.venue import Close, Frame, Ping, Pong, Request, Response

__all__ = ["DirectClient"]

SECOND = 1_000_000_000


class DirectClient:
    """Requests, and at most one connection, number `conn`.

    `got` holds all that came over the connection, `refused` how the handshake was refused.
    """

    def __init__(self, venue: VenueKernel, url: str | None = None, *, conn: int = 1) -> None:
        self.venue = venue
        self.conn = conn
        self.got: list[Frame | Close] = []
        self.pongs = True
        """Whether it answers pings, as a client should."""
        self.refused = None if url is None else venue.opened(conn, url, venue.timeline.now_ns)

    def get(self, path: str, **params: str | int) -> Response:
        """Send a request that is answered."""
        return self.ask("GET", path, urlencode(params))

    def ask(
        self, method: str, path: str, query: str = "", *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """Send a request of any kind.

        Raises:
            TimeoutError: it is never answered.
        """
        request = Request(method=method, path=path, query=query, headers=dict(headers or {}), body=body)
        response = self.venue.http(request, self.venue.timeline.now_ns)
        if response is None:
            raise TimeoutError(path)
        return response

    def say(self, frame: Frame) -> list[Frame | Close]:
        """Send a frame, and return what comes at once."""
        return self._take(self.venue.socket(self.conn, frame, self.venue.timeline.now_ns))

    def wait(self, seconds: float) -> list[Frame | Close]:
        """Let venue time pass, event by event, and return what comes."""
        until_ns = self.venue.timeline.now_ns + round(seconds * SECOND)
        came: list[Frame | Close] = []
        while (due_ns := self.venue.next_due_ns) is not None and due_ns <= until_ns:
            fresh = self._take(self.venue.due(due_ns))
            came += fresh
            for frame in fresh:
                if isinstance(frame, Ping) and self.pongs:
                    came += self.say(Pong(frame.payload))
        return came + self._take(self.venue.due(until_ns))

    def _take(self, outputs: list[tuple[int, Frame | Close]]) -> list[Frame | Close]:
        mine = [frame for conn, frame in outputs if conn == self.conn]
        self.got += mine
        return mine

    @property
    def texts(self) -> list[str]:
        """The text messages that came."""
        return [frame for frame in self.got if isinstance(frame, str)]

    @property
    def binaries(self) -> list[bytes]:
        """The binary messages that came."""
        return [frame for frame in self.got if isinstance(frame, bytes)]

    @property
    def ended(self) -> Close | None:
        """How the venue ended the connection."""
        return next((frame for frame in self.got if isinstance(frame, Close)), None)
