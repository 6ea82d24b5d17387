"""The venue as a whole: its habits and house rules, and which room answers what."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import ClientIds, Unique
from arb_sim.kernel.rest import Refusal, json, parameters
from arb_sim.kernel.rules import TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Request, Response
from arb_sim.world import Habits

from arb_gateio.sim import frames
from arb_gateio.sim.access import Access
from arb_gateio.sim.account import AccountRest
from arb_gateio.sim.channels import Channels
from arb_gateio.sim.desk import Desk
from arb_gateio.sim.frames import Ask
from arb_gateio.sim.limits import Budgets
from arb_gateio.sim.market_data import MOST_QUOTE, OTHER_MARKETS, MarketData
from arb_gateio.sim.private_channels import PrivateChannels
from arb_gateio.sim.socket_api import SocketApi
from arb_gateio.sim.spelling import Declined, text

__all__ = ["GateioVenue"]

MS = 1_000_000
SECOND = 1_000_000_000

PREFIX = "/api/v4/"


class GateioVenue(VenueKernel):
    """Gate.io spot v4."""

    habits = Habits(
        exchange="gateio",
        pair=lambda symbol: f"{symbol.base}_{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, trim=True),
        price_digits=6,
        lot_usd=0.1,
        min_notional=Decimal(3),
        maker_fee=Decimal("0.002"),
        taker_fee=Decimal("0.002"),
        latency_ns=90 * MS,
        half_spread_bps=1.2,
    )
    rules = SocketRules(
        ping_every_ns=20 * SECOND,
        idle_ns=60 * SECOND,
        idle_means_client=True,
        max_connections=300,
    )
    trading_rules = TradingRules(
        # A repeated text is taken as it comes, and finds its order only while that is open.
        client_ids=ClientIds(unique=Unique.NEVER, forgotten_after_ns=0),
        post_only_refused=True,
        fill_or_kill_refused=True,
        market_refused=True,
        fee_decimals=12,
        max_notional=MOST_QUOTE,
        max_market_notional=MOST_QUOTE,
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "Gate.io sends no checksums",
        FaultKind.TICKET_EXPIRED: "Gate.io's sockets need no ticket",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self.budgets = Budgets(lambda: self.timeline.now_ns)
        self.access = Access(self.key_ring, lambda: self.now_ns)
        self.desk = Desk(self)
        self._market_data = MarketData(self)
        self._channels = Channels(self)
        self._account_rest = AccountRest(self)
        self._private_channels = PrivateChannels(self)
        self._socket_api = SocketApi(self)

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        came_us = now_ns // 1000
        try:
            response = self._route(request)
        except Refusal as refusal:
            response = refusal.response
        remaining, limit, reset_ms = self.budgets.report(self.faults.skew_ns)
        headers = response.headers | {
            "x-gate-ratelimit-requests-remain": str(remaining),
            "x-gate-ratelimit-limit": str(limit),
            "x-gate-ratelimit-reset-timestamp": str(reset_ms),
            "x-in-time": str(came_us),
            "x-out-time": str(came_us + 200),
        }
        return Response(status=response.status, headers=headers, body=response.body)

    def _route(self, request: Request) -> Response:
        """Find who answers: market data for everybody, an account for those who sign."""
        if OTHER_MARKETS.fullmatch(request.path):
            return json([])
        section, _, rest = request.path.removeprefix(PREFIX).partition("/")
        name, _, argument = rest.partition("/")
        public = self._market_data.routes.get(name) if section == "spot" else None
        path = f"{section}/{name}/" if argument else f"{section}/{name}"
        permission = self._account_rest.permission(request.method, path)
        if permission is not None:
            key = self._admit(request, permission)
            return self._account_rest.answer(request, path, unquote(argument), key.account)
        self.budgets.spend("public", f"{request.client} {name}")
        if public is None and path not in self._account_rest.paths:
            raise Declined(404, "NOT_FOUND", f"Not found: {request.path}")
        if public is None or request.method != "GET":
            raise Declined(405, "METHOD_NOT_ALLOWED", f"Method {request.method} not allowed")
        return public(argument, parameters(request))

    def _admit(self, request: Request, permission: Permission) -> ApiKey:
        """Know who asks. Who cannot say counts against the budget of the address."""
        try:
            return self.access.request(request, permission)
        except Declined:
            self.budgets.spend("public", f"{request.client} signed")
            raise

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        body = {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded (211)"}
        return json(body, status=418 if banned else 429, headers=headers)

    # WebSocket

    def welcome(self, peer: Peer) -> Response | None:
        return (
            None
            if peer.path.rstrip("/") == "/ws/v4"
            else Declined(404, "NOT_FOUND", f"Not found: {peer.path}").response
        )

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        try:
            ask = frames.read(frame)
            words = [] if ask.event == "api" else frames.words(ask)
        except msgspec.DecodeError as wrong:
            self.refuse(peer, Ask(channel=""), 1, f"invalid request: {wrong}")
            return
        channels = next((some for some in (self._channels, self._private_channels) if ask.channel in some), None)
        if ask.channel == "spot.ping":
            self.say(peer, frames.pong(self.now_ns))
        elif ask.event == "api" and ask.channel in self._socket_api:
            self._socket_api.heard(peer, ask)
        elif channels is None:
            self.refuse(peer, ask, 2, f"unknown channel {ask.channel}")
        elif ask.event == "subscribe":
            channels.subscribe(peer, ask, words)
        elif ask.event == "unsubscribe":
            channels.unsubscribe(peer, ask, words)
        else:
            self.refuse(peer, ask, 2, f"unknown event {ask.event}")

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._private_channels.open(name, account)

    def closed(self, conn: int) -> None:
        super().closed(conn)
        self._socket_api.forget(conn)

    # What the rooms use

    @property
    def currencies(self) -> Collection[str]:
        """Every asset that the venue knows."""
        return self._market_data.networks

    def market(self, params: Mapping[str, str]) -> Market:
        """Return the market that `currency_pair` names.

        Raises:
            Refusal: it names none.
        """
        pair = params.get("currency_pair")
        if not pair:
            raise Declined(400, "MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pair")
        market = self.by_pair.get(pair)
        if market is None:
            raise Declined(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
        return market.look()

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    def exact_stamp(self, at_ns: int) -> str:
        """Print it with microseconds behind the point."""
        stamp_us = (at_ns + self.faults.skew_ns) // 1000
        return f"{stamp_us // 1000}.{stamp_us % 1000:03d}"

    def say(self, peer: Peer, message: dict[str, Any]) -> None:
        """Send a message to one connection."""
        self.send(peer.conn, text(message))

    def accept(self, peer: Peer, ask: Ask) -> None:
        """Accept what a connection asked for."""
        self.say(peer, frames.accepted(peer, ask, self.now_ns))

    def refuse(self, peer: Peer, ask: Ask, code: int, message: str) -> None:
        """Refuse it."""
        self.say(peer, frames.refused(peer, ask, self.now_ns, code, message))
