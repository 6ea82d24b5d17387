"""The house rules of a venue's sockets: pings, silence, lifetimes and how much a client may say.

Rules are data, stated by a venue's `sim.py`; the kernel asks `Peer.fault` at the moments that `Peer.deadline_ns` names.
"""

from collections import deque

import msgspec

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.streams import Channel
from arb_sim.kernel.tickets import Ticket
from arb_sim.venue import Close

__all__ = ["Peer", "SocketRules"]

SECOND = 1_000_000_000


class SocketRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue demands of a connection. None = no such rule."""

    ping_every_ns: int | None = None
    """The venue sends a protocol-level ping so often."""
    pong_within_ns: int | None = None
    """A client whose pongs stay away for so long is cut off."""
    idle_ns: int | None = None
    """A connection on which nothing was said for so long is closed."""
    idle_means_client: bool = False
    """Only what the client says keeps the connection; else what the venue pushes does as well."""
    unsubscribed_ns: int | None = None
    """A connection without a subscription is closed after so long."""
    lifetime_ns: int | None = None
    max_streams: int | None = None
    messages_per_s: int | None = None
    """What a client may send in any second."""
    pings_count: bool = False
    """Whether protocol-level pings and pongs count as messages."""
    overrun: Close = Close(1008, "Too many requests")
    """How a connection that says too much is ended."""
    connects: int | None = None
    """Attempts per client in `connects_ns`."""
    connects_ns: int = 300 * SECOND
    max_connections: int | None = None
    """Open at once per client."""


class Peer:
    """One client's connection."""

    __slots__ = (
        "account",
        "client",
        "conn",
        "heard_ns",
        "idle_since_ns",
        "opened_ns",
        "path",
        "ping_payload",
        "pinged_ns",
        "ponged_ns",
        "properties",
        "query",
        "said",
        "silent",
        "streams",
        "ticket",
        "unsubscribed_since_ns",
    )

    def __init__(self, conn: int, url: str, client: str, now_ns: int) -> None:
        self.conn = conn
        self.client = client
        self.path, _, self.query = url.partition("?")
        self.opened_ns = self.heard_ns = self.idle_since_ns = self.ponged_ns = self.pinged_ns = now_ns
        self.ping_payload: bytes | None = None
        """What a pong has to bring back."""
        self.unsubscribed_since_ns: int | None = now_ns
        self.streams: dict[str, Channel] = {}
        """What it follows, by the name it asked for."""
        self.properties: dict[str, bool] = {}
        """Settings of the connection, where a venue has such."""
        self.account: Account | None = None
        """Whose it is, where a connection as a whole is logged in."""
        self.ticket: Ticket | None = None
        """The token it stands on."""
        self.silent = False
        """Half-open: nothing passes any more."""
        self.said: deque[int] = deque()
        """When the messages of the last second came."""

    def overruns(self, rules: SocketRules, now_ns: int) -> bool:
        """Count a message and return whether it is one too many."""
        if rules.messages_per_s is None:
            return False
        said = self.said
        said.append(now_ns)
        while said[0] <= now_ns - SECOND:
            said.popleft()
        return len(said) > rules.messages_per_s

    def deadline_ns(self, rules: SocketRules) -> int | None:
        """The next moment at which some rule may have something to say."""
        moments = [moment for moment, _ in self._ends(rules)]
        if rules.ping_every_ns is not None:
            moments.append(self.pinged_ns + rules.ping_every_ns)
        return min(moments, default=None)

    def fault(self, rules: SocketRules, now_ns: int) -> Close | None:
        """Return how the venue ends this connection, None = it stays."""
        return next((close for moment, close in self._ends(rules) if moment <= now_ns), None)

    def _ends(self, rules: SocketRules) -> list[tuple[int, Close]]:
        ends: list[tuple[int, Close]] = []
        if rules.lifetime_ns is not None:
            ends.append((self.opened_ns + rules.lifetime_ns, Close(1001, "")))
        if rules.pong_within_ns is not None and self.pinged_ns > self.ponged_ns:
            ends.append((self.ponged_ns + rules.pong_within_ns, Close(1008, "Pong timeout")))
        if rules.idle_ns is not None:
            since = self.heard_ns if rules.idle_means_client else self.idle_since_ns
            ends.append((since + rules.idle_ns, Close(1000, "")))
        if rules.unsubscribed_ns is not None and self.unsubscribed_since_ns is not None:
            ends.append((self.unsubscribed_since_ns + rules.unsubscribed_ns, Close(1000, "")))
        return ends
