"""Everything that simulated venues share; a plugin's `sim.py` adds its exchange's wire.

The kernel owns connections, subscriptions, pushes and the places where faults strike. A `sim.py` answers requests
(`answer`), reads control frames (`heard`), turns a channel's name into a stream (`open_stream`) and knows how its venue
says no.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec

from arb_sim.faults import FaultKind, Faults
from arb_sim.kernel.book import Snapshot
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.limits import Window
from arb_sim.kernel.market import Market
from arb_sim.kernel.streams import Stream
from arb_sim.venue import LOOPBACK, Close, Frame, Output, Ping, Pong, Request, Response, SimulatedVenue
from arb_sim.world import Habits, World

__all__ = ["SimulationContext", "VenueKernel"]


class SimulationContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin's simulated venue is made from."""

    world: World
    faults: Faults
    snapshot_age_ns: int = 0
    """REST books come from a cache that is refreshed this often; 0 = always the newest."""


class VenueKernel(SimulatedVenue):
    """A venue without its wire.

    Class attributes are facts of the venue, instance attributes its state.
    """

    habits: ClassVar[Habits]
    rules: ClassVar[SocketRules]
    impossible: ClassVar[Mapping[FaultKind, str]]

    def __init__(self, context: SimulationContext) -> None:
        self.world = context.world
        self.timeline = context.world.timeline
        self.by_pair = context.world.join(self.habits)
        """The venue's markets by its own name of each."""
        self.by_symbol = {str(market.listing.symbol): market for market in self.by_pair.values()}
        self.faults = context.faults
        self._peers: dict[int, Peer] = {}
        self._streams: dict[str, Stream] = {}
        self._outbox: list[Output] = []
        self._outbox_ns: int | None = None
        self._connects: dict[str, Window] = {}
        self._snapshot_age_ns = context.snapshot_age_ns
        self._snapshots: dict[str, Snapshot] = {}
        self.faults.bind(self)

    # The shell's side

    @property
    def next_due_ns(self) -> int | None:
        return self._outbox_ns if self._outbox_ns is not None else self.timeline.next_ns

    def http(self, request: Request, now_ns: int) -> Response | None:
        self.timeline.run(now_ns)
        fault = self.faults.request(request.path, request.query)
        if fault is None:
            return self.answer(request, self.now_ns)
        if fault.kind is FaultKind.NO_ANSWER:
            return None
        if fault.kind is FaultKind.SERVER_ERROR:
            return self.unavailable(request, fault.status)
        return self.limited(request, fault.retry_after_s, banned=fault.kind is FaultKind.BANNED)

    def opened(self, conn: int, url: str, now_ns: int, client: str = LOOPBACK) -> Response | None:
        self.timeline.run(now_ns)
        rules = self.rules
        if rules.connects is not None:
            window = self._connects.setdefault(client, Window(rules.connects, rules.connects_ns))
            if not window.spend(1, now_ns):
                return self.too_many_connections(client)
        if rules.max_connections is not None:
            open_now = sum(peer.client == client for peer in self._peers.values())
            if open_now >= rules.max_connections:
                return self.too_many_connections(client)
        peer = Peer(conn, url, client, self.timeline.now_ns)
        refused = self.welcome(peer)
        if refused is None:
            self._peers[conn] = peer
            self._settle_subscriptions(peer)
            self._watch(peer)
        return refused

    def socket(self, conn: int, frame: Frame, now_ns: int) -> list[Output]:
        self.timeline.run(now_ns)
        peer = self._peers.get(conn)
        if peer is not None and not peer.silent:
            self._hear(peer, frame)
        return self._flush()

    def due(self, now_ns: int) -> list[Output]:
        self.timeline.run(now_ns)
        return self._flush()

    def closed(self, conn: int) -> None:
        peer = self._peers.pop(conn, None)
        if peer is not None:
            for stream in list(peer.streams.values()):
                stream.leave(conn)
            self.faults.forget(conn)

    def _flush(self) -> list[Output]:
        outbox, self._outbox, self._outbox_ns = self._outbox, [], None
        return outbox

    def _put(self, conn: int, frame: Frame | Close) -> None:
        if self._outbox_ns is None:
            self._outbox_ns = self.timeline.now_ns
        self._outbox.append((conn, frame))

    # What a `sim.py` supplies

    @abstractmethod
    def answer(self, request: Request, now_ns: int) -> Response:
        """Answer a request, by the venue's clock."""

    @abstractmethod
    def heard(self, peer: Peer, frame: str | bytes) -> None:
        """Take a text or binary message of a client."""

    @abstractmethod
    def open_stream(self, name: str) -> Stream | None:
        """Make the stream of a channel name; None = the venue has no such channel or symbol."""

    @abstractmethod
    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        """Say that a client asks too often: 429, or 418 when it is banned."""

    def unavailable(self, request: Request, status: int) -> Response:
        """Say that the venue has trouble of its own. Most often a proxy in front of it says so, in HTML."""
        return Response(status=status, headers={"content-type": "text/html"}, body=b"<html>%d</html>" % status)

    def too_many_connections(self, client: str) -> Response:
        """Refuse a handshake."""
        return Response(status=429)

    def welcome(self, peer: Peer) -> Response | None:
        """Take a handshake, perhaps with subscriptions in its URL; an answer refuses it."""
        return None

    def expire_ticket(self, conn: int) -> None:
        """End the token of a connection. Venues that have none list the fault as impossible."""
        raise NotImplementedError(
            f"{type(self).__module__} declares {FaultKind.TICKET_EXPIRED} possible and cannot do it"
        )

    def spoil_checksum(self, frame: str | bytes) -> str | bytes:
        """Return a push with a wrong checksum. Venues that send none list the fault as impossible."""
        raise NotImplementedError(
            f"{type(self).__module__} declares {FaultKind.BAD_CHECKSUM} possible and cannot do it"
        )

    # What a `sim.py` uses

    @property
    def now_ns(self) -> int:
        """The time by the venue's own clock, which a fault may have set wrong."""
        return self.timeline.now_ns + self.faults.skew_ns

    @property
    def now_ms(self) -> int:
        """The same in milliseconds."""
        return self.now_ns // 1_000_000

    def send(self, conn: int, frame: str | bytes) -> None:
        """Let a frame go to a connection that is still there."""
        peer = self._peers.get(conn)
        if peer is not None and not peer.silent:
            peer.idle_since_ns = self.timeline.now_ns
            self._put(conn, frame)

    def snapshot(self, market: Market, limit: int, *, cached_ns: int = 0) -> Snapshot:
        """Return the book as REST shows it: of now, from a cache, or as old as a fault wants it.

        `cached_ns` is how long the venue serves one copy for such a request.
        """
        book = market.look().book
        stale = self.faults.stale.get(market.pair)
        if stale is not None:
            self.faults.served_stale(market.pair)
            return stale.cut(limit)
        now_ns = self.timeline.now_ns
        age_ns = max(self._snapshot_age_ns, cached_ns)
        if not age_ns:
            return book.snapshot(now_ns, limit)
        cached = self._snapshots.get(market.pair)
        if cached is None or now_ns - cached.at_ns >= age_ns:
            cached = self._snapshots[market.pair] = book.snapshot(now_ns)
        return cached.cut(limit)

    def subscribe(self, peer: Peer, name: str) -> Stream | None:
        """Let a connection follow a channel; None = there is no such channel, or no room for it on this connection.

        A channel that it follows already stays as it is.
        """
        if (known := peer.streams.get(name)) is not None:
            return known
        if self.rules.max_streams is not None and len(peer.streams) >= self.rules.max_streams:
            return None
        stream = self._streams.get(name)
        if stream is None:
            stream = self.open_stream(name)
            if stream is None:
                return None
            stream.bind(self._moment, self.timeline.call_at, self.flush, self.faults.silent_until)
            self._streams[name] = stream
        stream.join(peer.conn, name)
        peer.streams[name] = stream
        self._settle_subscriptions(peer)
        return stream

    def unsubscribe(self, peer: Peer, name: str) -> bool:
        """Let a connection follow a channel no longer; return whether it did."""
        stream = peer.streams.pop(name, None)
        if stream is None:
            return False
        stream.leave(peer.conn)
        self._settle_subscriptions(peer)
        return True

    def flush(self, stream: Stream) -> None:
        """Push what a stream has gathered, before its time."""
        stream.flush(self.now_ns, self._push)

    def cut(self, conn: int, close: Close) -> None:
        """End a connection."""
        peer = self._peers.get(conn)
        if peer is None:
            return
        silent = peer.silent
        self.closed(conn)
        if not silent:
            self._put(conn, close)

    def silence(self, conn: int) -> None:
        """Neither hear nor answer a connection any more."""
        self._peers[conn].silent = True

    def markets(self, pair: str | None) -> Iterable[Market]:
        """The markets of that name in either spelling, None = all."""
        if pair is None:
            return self.by_pair.values()
        market = self.by_pair.get(pair) or self.by_symbol.get(pair)
        return () if market is None else (market,)

    def followers(self, pair: str | None) -> Iterable[int]:
        """Connections that follow a pair, None = all connections."""
        if pair is None:
            return [peer.conn for peer in self._peers.values() if not peer.silent]
        wanted = {market.pair for market in self.markets(pair)}
        return [
            peer.conn
            for peer in self._peers.values()
            if not peer.silent and any(stream.market.pair in wanted for stream in peer.streams.values())
        ]

    # Inside

    def _moment(self) -> int:
        return self.timeline.now_ns

    def _push(self, stream: Stream, frames: list[str | bytes]) -> None:
        faults = self.faults
        for conn, name in list(stream.listeners.items()):
            for frame in frames:
                shown = self.envelope(self._peers[conn], name, frame)
                if faults.restless:
                    faults.push(conn, stream, shown)
                else:
                    self.send(conn, shown)

    def envelope(self, peer: Peer, name: str, frame: str | bytes) -> str | bytes:
        """Dress a push for one connection, where connections differ."""
        return frame

    def _hear(self, peer: Peer, frame: Frame) -> None:
        now_ns = self.timeline.now_ns
        peer.heard_ns = peer.idle_since_ns = now_ns
        control = isinstance(frame, Ping | Pong)
        if (self.rules.pings_count or not control) and peer.overruns(self.rules, now_ns):
            self.cut(peer.conn, self.rules.overrun)
        elif isinstance(frame, Ping):
            self._put(peer.conn, Pong(frame.payload))
        elif isinstance(frame, Pong):
            if frame.payload == peer.ping_payload:  # one that answers no ping does not count
                peer.ponged_ns = now_ns
        else:
            self.heard(peer, frame)

    def _settle_subscriptions(self, peer: Peer) -> None:
        if peer.streams:
            peer.unsubscribed_since_ns = None
        elif peer.unsubscribed_since_ns is None:
            peer.unsubscribed_since_ns = self.timeline.now_ns

    def _watch(self, peer: Peer) -> None:
        """Ask the house rules again at their next deadline."""
        deadline_ns = peer.deadline_ns(self.rules)
        if deadline_ns is not None:
            self.timeline.call_at(max(deadline_ns, self.timeline.now_ns + 1), lambda: self._check(peer))

    def _check(self, peer: Peer) -> None:
        if self._peers.get(peer.conn) is not peer or peer.silent:
            return
        now_ns, every_ns = self.timeline.now_ns, self.rules.ping_every_ns
        close = peer.fault(self.rules, now_ns)
        if close is not None:
            self.cut(peer.conn, close)
            return
        if every_ns is not None and now_ns >= peer.pinged_ns + every_ns:
            peer.pinged_ns = now_ns
            peer.ping_payload = b"%d" % (now_ns // 1_000_000)
            self._put(peer.conn, Ping(peer.ping_payload))
        self._watch(peer)
