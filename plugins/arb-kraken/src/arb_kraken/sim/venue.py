"""The venue as a whole: its habits and house rules, and which room answers what."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import ClientIds, Unique
from arb_sim.kernel.rest import Refusal, json, parameters
from arb_sim.kernel.rules import FeeIn, TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Request, Response
from arb_sim.world import Habits

from arb_kraken.sim import frames
from arb_kraken.sim.access import Access
from arb_kraken.sim.account import AccountRest
from arb_kraken.sim.channels import Channels
from arb_kraken.sim.frames import Ask
from arb_kraken.sim.limits import Budgets
from arb_kraken.sim.market_data import MarketData
from arb_kraken.sim.private_channels import PrivateChannels
from arb_kraken.sim.spelling import Declined, Printer, names, text, txid

__all__ = ["KrakenVenue"]

MS = 1_000_000
SECOND = 1_000_000_000

PUBLIC = "/0/public/"
PRIVATE = "/0/private/"

SOCKETS = {"/v2", "/v2/"}

HEARTBEAT_NS = SECOND
"""A connection with a subscription hears something at least this often."""

CHECKSUM = re.compile(r'"checksum":(\d+)')


class KrakenVenue(VenueKernel):
    """Kraken spot: REST and the second version of the socket."""

    habits = Habits(
        exchange="kraken",
        pair=lambda symbol: f"{symbol.base}/{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, trim=True),
        price_digits=6,
        lot_usd=0.001,
        min_notional=Decimal("0.5"),
        maker_fee=Decimal("0.0025"),
        taker_fee=Decimal("0.004"),
        latency_ns=70 * MS,
        half_spread_bps=1.0,
    )
    rules = SocketRules(idle_ns=60 * SECOND, connects=150, connects_ns=600 * SECOND)
    trading_rules = TradingRules(
        client_ids=ClientIds(unique=Unique.OPEN, forgotten_after_ns=0),
        post_only_refused=True,
        fill_or_kill_refused=False,
        market_refused=False,
        fee_in=FeeIn.QUOTE,
        fee_decimals=10,
        max_open_orders_of_pair=225,
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BANNED: "Kraken answers who asks too often with an error, and documents no ban",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        symbols = {market.pair: market.listing.symbol for market in self.by_pair.values()}
        self.names = {pair: names(symbol) for pair, symbol in symbols.items()}
        self.printers = {market.pair: Printer(market.listing) for market in self.by_pair.values()}
        self.assets = sorted({asset for symbol in symbols.values() for asset in (symbol.base, symbol.quote)})
        """Every asset that the venue knows, by its usual ticker."""
        self._by_name = {name: pair for pair, called in self.names.items() for name in (called.key, called.altname)}
        self.budgets = Budgets(lambda: self.timeline.now_ns)
        self.access = Access(self.key_ring, lambda: self.now_ns, seed=f"{self.world.seed}:{self.habits.exchange}")
        self._market_data = MarketData(self)
        self._channels = Channels(self)
        self._account_rest = AccountRest(self)
        self._private_channels = PrivateChannels(self)
        self._hearts: set[int] = set()

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        try:
            return self._route(request)
        except Refusal as refusal:
            return refusal.response

    def _route(self, request: Request) -> Response:
        """Find who answers: market data for everybody, an account for those who sign."""
        if request.path.startswith(PRIVATE):
            name = request.path.removeprefix(PRIVATE)
            if name not in self._account_rest or request.method != "POST":
                raise Declined("EGeneral:Unknown method")
            return self._account_rest.answer(request, name)
        name = request.path.removeprefix(PUBLIC) if request.path.startswith(PUBLIC) else ""
        route = self._market_data.routes.get(name)
        if route is None:
            raise Declined("EGeneral:Unknown method")
        params = parameters(request)
        self.budgets.public(request.client, self._market_data.budget(name, params))
        return route(params)

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        if retry_after_s is None:
            return Declined("EAPI:Rate limit exceeded").response
        # what stands before Kraken
        return json({"error": ["EGeneral:Too many requests"]}, status=429, headers={"retry-after": str(retry_after_s)})

    # WebSocket

    def welcome(self, peer: Peer) -> Response | None:
        if peer.path not in SOCKETS:
            return Response(status=404)
        self.timeline.call_at(self.timeline.now_ns, lambda: self.say(peer, frames.status(peer.conn)))
        return None

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        try:
            ask = frames.read(frame)
        except msgspec.DecodeError:
            self.say(peer, frames.refused(Ask(method="unknown"), "Malformed request", self.now_ns))
            return
        rooms: tuple[Channels | PrivateChannels, ...] = (self._channels, self._private_channels)
        room = next((some for some in rooms if ask.params.channel in some), None)
        if ask.method == "ping":
            self.say(peer, frames.pong(ask, self.now_ns))
        elif ask.method not in {"subscribe", "unsubscribe"}:
            self.say(peer, frames.refused(ask, "Unknown method", self.now_ns))
        elif room is None:
            self.say(peer, frames.refused(ask, "Channel not found", self.now_ns))
        elif ask.method == "subscribe":
            room.subscribe(peer, ask)
            self._beat(peer)
        else:
            room.unsubscribe(peer, ask)

    def _beat(self, peer: Peer) -> None:
        """Let a connection hear a heartbeat whenever nothing else came for a second."""
        if peer.conn not in self._hearts:
            self._hearts.add(peer.conn)
            self.timeline.call_at(self.timeline.now_ns + HEARTBEAT_NS, lambda: self._heart(peer))

    def _heart(self, peer: Peer) -> None:
        if peer.conn not in self._hearts or peer.silent:
            return
        if not peer.streams:
            self._hearts.discard(peer.conn)
            return
        now_ns = self.timeline.now_ns
        if peer.idle_since_ns + HEARTBEAT_NS <= now_ns:
            self.say(peer, {"channel": "heartbeat"})
        self.timeline.call_at(peer.idle_since_ns + HEARTBEAT_NS, lambda: self._heart(peer))

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._private_channels.open(name, account)

    def envelope(self, peer: Peer, name: str, frame: str | bytes) -> str | bytes:
        return self._private_channels.numbered(peer, frame) if name in self._private_channels else frame

    def closed(self, conn: int) -> None:
        super().closed(conn)
        self._hearts.discard(conn)
        self._private_channels.forget(conn)

    def spoil_checksum(self, frame: str | bytes) -> str | bytes:
        return CHECKSUM.sub(lambda found: f'"checksum":{(int(found[1]) + 1) % 2**32}', str(frame))

    def ticketed(self, conn: int) -> bool:
        """Whether a connection has shown a token."""
        return bool(self._private_channels.tokens(conn))

    def expire_ticket(self, conn: int) -> None:
        """End the tokens of a connection before their time, and with them the connection."""
        for token in self._private_channels.tokens(conn):
            self.access.expire(token)
        self.cut(conn, self.ticket_ended(self._peers[conn]))

    # What the rooms use

    def order_id(self, number: int) -> str:
        return txid("O", number)

    def market(self, params: Mapping[str, str]) -> Market:
        """Return the market that `pair` names.

        Raises:
            Refusal: it names none.
        """
        name = params.get("pair")
        if not name:
            raise Declined("EGeneral:Invalid arguments:pair")
        if name not in self._by_name:
            raise Declined("EQuery:Unknown asset pair")
        return self.by_pair[self._by_name[name]].look()

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock."""
        return at_ns + self.faults.skew_ns

    def say(self, peer: Peer, message: dict[str, Any]) -> None:
        """Send a message to one connection."""
        self.send(peer.conn, text(message))
