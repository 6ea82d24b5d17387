"""Everything that simulated venues share; a plugin's `sim.py` adds its exchange's wire.

The kernel owns connections, subscriptions, pushes, accounts, orders and the places where faults strike. A `sim.py`
answers requests (`answer`), reads control frames (`heard`), turns a channel's name into a stream (`open_stream`,
`open_private`), checks signatures, and knows how its venue says no.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import ClassVar

import msgspec
from arb_core.structs.card import ExchangeSettings

from arb_sim.faults import Fault, FaultKind, Faults
from arb_sim.inspection import PREFIX as INSPECTION
from arb_sim.inspection import Inspection
from arb_sim.kernel.access import KeyRing, keys
from arb_sim.kernel.accounts import Account, Reason
from arb_sim.kernel.book import Snapshot
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.funding import opening
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.limits import Window
from arb_sim.kernel.market import Market
from arb_sim.kernel.rules import TradingRules
from arb_sim.kernel.streams import Channel, Stream
from arb_sim.kernel.tickets import Ticket, TicketRules, Tickets
from arb_sim.kernel.trading import Trading
from arb_sim.venue import LOOPBACK, Close, Frame, Output, Ping, Pong, Request, Response, SimulatedVenue
from arb_sim.world import Habits, World

__all__ = ["SimulationContext", "VenueKernel"]


class SimulationContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin's simulated venue is made from."""

    world: World
    faults: Faults
    snapshot_age_ns: int = 0
    """REST books come from a cache that is refreshed this often; 0 = always the newest."""
    settings: ExchangeSettings | None = None
    """What its client is set to, for a venue whose wire is known in several forms; None = the usual form."""


class VenueKernel(SimulatedVenue):
    """A venue without its wire.

    Class attributes are facts of the venue, instance attributes its state.
    """

    habits: ClassVar[Habits]
    rules: SocketRules
    impossible: ClassVar[Mapping[FaultKind, str]]
    trading_rules: ClassVar[TradingRules] = TradingRules()
    ticket_rules: ClassVar[TicketRules | None] = None
    """Of the tokens that private connections stand on, where a venue has such."""
    passphrase: ClassVar[bool] = False
    """Whether a key has one."""

    def __init__(self, context: SimulationContext) -> None:
        self.world = context.world
        self.timeline = context.world.timeline
        self.by_pair = context.world.join(self.habits)
        """The venue's markets by its own name of each."""
        self.by_symbol = {str(market.listing.symbol): market for market in self.by_pair.values()}
        self.faults = context.faults
        self._peers: dict[int, Peer] = {}
        self._streams: dict[str, Channel] = {}
        self._outbox: list[Output] = []
        self._outbox_ns: int | None = None
        self._connects: dict[str, Window] = {}
        self._snapshot_age_ns = context.snapshot_age_ns
        self._snapshots: dict[str, Snapshot] = {}
        self._open_accounts()
        self.faults.bind(self)

    def _open_accounts(self) -> None:
        exchange, seed = self.habits.exchange, self.world.seed
        numbers = Random(f"{seed}:{exchange}:orders")
        markets = self.by_pair.values()
        self.trading = Trading(self, self.trading_rules, markets, first_number=numbers.randrange(10**8, 10**9))
        self.account = self.trading.accounts.open(str(numbers.randrange(10**6, 10**8)))
        """The account that `keys` reach; tests may open others."""
        for asset, held in opening(markets).items():
            self.trading.deposit(self.account, asset, held, reason=Reason.OPENING)
        self.keys = keys(exchange, seed, passphrase=self.passphrase)
        self.key_ring = KeyRing()
        self.key_ring.issue(self.account, self.keys)
        self.inspection = Inspection(self)
        self._tickets = None
        if self.ticket_rules is not None:
            self._tickets = Tickets(
                self.ticket_rules, self.timeline, seed=f"{seed}:{exchange}", on_end=self._ticket_ended
            )

    # The shell's side

    @property
    def next_due_ns(self) -> int | None:
        return self._outbox_ns if self._outbox_ns is not None else self.timeline.next_ns

    def http(self, request: Request, now_ns: int) -> Response | None:
        self.timeline.run(now_ns)
        if request.path.startswith(INSPECTION):
            return self.inspection.answer(request)
        return self.serve(request, lambda: self.answer(request, self.now_ns))

    def serve(self, request: Request, answer: Callable[[], Response]) -> Response | None:
        """Carry out a request, unless a fault keeps it from that; None = it is never answered.

        A `sim.py` whose sockets take requests gives them a `Request` of the same words and comes through here, too.
        """
        words = request.method, request.path, request.query
        fault = self.faults.request(*words)
        if fault is not None:
            return self._instead(request, fault)
        response = answer()
        if response.status >= 400 or (fault := self.faults.answer(*words)) is None:
            return response
        if fault.kind is FaultKind.ANSWER_LATE:
            return msgspec.structs.replace(response, late_ns=round(fault.hold_s * 1e9))
        return self._instead(request, fault)

    def _instead(self, request: Request, fault: Fault) -> Response | None:
        """What a client hears where a fault speaks instead of the venue."""
        match fault.kind:
            case FaultKind.NO_ANSWER | FaultKind.ANSWER_LOST:
                return None
            case FaultKind.SERVER_ERROR | FaultKind.ERROR_AFTER:
                return self.unavailable(request, fault.status)
            case _:
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
            if peer.ticket is not None:
                peer.ticket.conns.discard(conn)
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

    def rules_of(self, peer: Peer) -> SocketRules:
        """Return the house rules of a connection, where they depend on its path. Those of connecting are `rules`."""
        return self.rules

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        """Make the stream of an account's channel; None = the venue has no such channel or symbol."""
        return None

    def order_id(self, number: int) -> str:
        """Make the venue's id of its order of that number."""
        return str(number)

    def ticket_ended(self, peer: Peer) -> Close:
        """How a connection ends whose token has ended."""
        return Close(1000, "")

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
        channel = self._join(peer, name, name, lambda: self.open_stream(name))
        return channel if isinstance(channel, Stream) else None

    def subscribe_private(self, peer: Peer, name: str, account: Account) -> PrivateStream | None:
        """The same for a channel of an account, which the `sim.py` knows that this connection may hear of."""
        key = f"{name} of {account.uid}"
        channel = self._join(peer, name, key, lambda: self.open_private(name, account))
        return channel if isinstance(channel, PrivateStream) else None

    def _join(self, peer: Peer, name: str, key: str, make: Callable[[], Channel | None]) -> Channel | None:
        if (known := peer.streams.get(name)) is not None:
            return known
        most = self.rules_of(peer).max_streams
        if most is not None and len(peer.streams) >= most:
            return None
        channel = self._streams.get(key)
        if channel is None:
            channel = make()
            if channel is None:
                return None
            channel.bind(self._moment, self.timeline.call_at, self.flush, self.faults.silent_until)
            self._streams[key] = channel
        channel.join(peer.conn, name)
        peer.streams[name] = channel
        self._settle_subscriptions(peer)
        return channel

    def unsubscribe(self, peer: Peer, name: str) -> bool:
        """Let a connection follow a channel no longer; return whether it did."""
        stream = peer.streams.pop(name, None)
        if stream is None:
            return False
        stream.leave(peer.conn)
        self._settle_subscriptions(peer)
        return True

    def flush(self, channel: Channel) -> None:
        """Push what a channel has gathered, before its time."""
        channel.flush(self.now_ns, self._push)

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

    def followers(self, pair: str | None, *, private: bool = False) -> Iterable[int]:
        """Connections that follow a pair, None = all connections; or those that follow an account."""
        peers = [peer for peer in self._peers.values() if not peer.silent]
        if private:
            return [peer.conn for peer in peers if _accounts(peer)]
        if pair is None:
            return [peer.conn for peer in peers]
        wanted = {market.pair for market in self.markets(pair)}
        return [
            peer.conn
            for peer in peers
            if any(channel.about is not None and channel.about.pair in wanted for channel in peer.streams.values())
        ]

    def channels(self) -> list[tuple[str, Market | None]]:
        """The channels that somebody follows, each with the market that it is about."""
        return [(name, channel.about) for name, channel in self._streams.items() if channel.listeners]

    @property
    def tickets(self) -> Tickets:
        """The tokens of private connections, of a venue that has `ticket_rules`."""
        if self._tickets is None:
            raise LookupError(f"{self.habits.exchange} has no ticket_rules")
        return self._tickets

    def seat(self, peer: Peer, ticket: Ticket) -> bool:
        """Let a connection stand on a token, and be its account's; return whether there is room."""
        if not self.tickets.seat(ticket, peer.conn):
            return False
        peer.ticket, peer.account = ticket, ticket.account
        return True

    def ticketed(self, conn: int) -> bool:
        """Whether a connection stands on a token."""
        return self._peers[conn].ticket is not None

    def expire_ticket(self, conn: int) -> None:
        """End the token of a connection before its time, and with it every connection on it."""
        ticket = self._peers[conn].ticket
        if ticket is not None:
            self.tickets.end(ticket)

    def cut_account(self, account: Account) -> int:
        """Cut every connection that hears of an account; return how many."""
        conns = [peer.conn for peer in self._peers.values() if account in _accounts(peer)]
        for conn in conns:
            self.cut(conn, Close(1006))
        return len(conns)

    # Inside

    def _ticket_ended(self, ticket: Ticket) -> None:
        for conn in sorted(ticket.conns):
            self.cut(conn, self.ticket_ended(self._peers[conn]))

    def _moment(self) -> int:
        return self.timeline.now_ns

    def _push(self, channel: Channel, frames: list[str | bytes]) -> None:
        faults = self.faults
        for conn, name in list(channel.listeners.items()):
            for frame in frames:
                shown = self.envelope(self._peers[conn], name, frame)
                if faults.restless:
                    faults.push(conn, channel, shown)
                else:
                    self.send(conn, shown)

    def envelope(self, peer: Peer, name: str, frame: str | bytes) -> str | bytes:
        """Dress a push for one connection, where connections differ."""
        return frame

    def _hear(self, peer: Peer, frame: Frame) -> None:
        now_ns = self.timeline.now_ns
        peer.heard_ns = peer.idle_since_ns = now_ns
        control = isinstance(frame, Ping | Pong)
        rules = self.rules_of(peer)
        if (rules.pings_count or not control) and peer.overruns(rules, now_ns):
            self.cut(peer.conn, rules.overrun)
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
        deadline_ns = peer.deadline_ns(self.rules_of(peer))
        if deadline_ns is not None:
            self.timeline.call_at(max(deadline_ns, self.timeline.now_ns + 1), lambda: self._check(peer))

    def _check(self, peer: Peer) -> None:
        if self._peers.get(peer.conn) is not peer or peer.silent:
            return
        rules = self.rules_of(peer)
        now_ns, every_ns = self.timeline.now_ns, rules.ping_every_ns
        close = peer.fault(rules, now_ns)
        if close is not None:
            self.cut(peer.conn, close)
            return
        if every_ns is not None and now_ns >= peer.pinged_ns + every_ns:
            peer.pinged_ns = now_ns
            peer.ping_payload = b"%d" % (now_ns // 1_000_000)
            self._put(peer.conn, Ping(peer.ping_payload))
        self._watch(peer)


def _accounts(peer: Peer) -> set[Account]:
    """The accounts that a connection hears of."""
    heard = {stream.account for stream in peer.streams.values() if isinstance(stream, PrivateStream)}
    return heard if peer.account is None else heard | {peer.account}
