"""The venue as a whole: its habits and house rules, and which room answers what."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.limits import Window
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import Refusal, json, parameters
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Request, Response
from arb_sim.world import Habits

from arb_gateio.sim import frames
from arb_gateio.sim.channels import Channels
from arb_gateio.sim.frames import Ask
from arb_gateio.sim.market_data import OTHER_MARKETS, MarketData
from arb_gateio.sim.spelling import error, text

__all__ = ["GateioVenue"]

MS = 1_000_000
SECOND = 1_000_000_000

PREFIX = "/api/v4"


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
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "Gate.io sends no checksums",
        FaultKind.TICKET_EXPIRED: "Gate.io's sockets need no ticket",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self._windows: dict[tuple[str, str], Window] = {}
        self._market_data = MarketData(self)
        self._channels = Channels(self)

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        came_us = now_ns // 1000
        section, _, rest = request.path.removeprefix(PREFIX).lstrip("/").partition("/")
        name, _, argument = rest.partition("/")
        window = self._windows.setdefault((request.client, name), Window(200, 10 * SECOND))
        within = window.spend(1, self.timeline.now_ns)
        if within:
            response = self._route(request, section, name, argument)
        else:
            response = error(429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)")
        reset_ns = now_ns if within else window.ends_ns + self.faults.skew_ns
        headers = response.headers | {
            "x-gate-ratelimit-requests-remain": str(window.remaining),
            "x-gate-ratelimit-limit": str(window.limit),
            "x-gate-ratelimit-reset-timestamp": str(reset_ns // MS),
            "x-in-time": str(came_us),
            "x-out-time": str(came_us + 200),
        }
        return Response(status=response.status, headers=headers, body=response.body)

    def _route(self, request: Request, section: str, name: str, argument: str) -> Response:
        if OTHER_MARKETS.fullmatch(request.path):
            return json([])
        known = section == "spot" and request.path.startswith(PREFIX)
        route = self._market_data.routes.get(name) if known else None
        if route is None:
            return error(404, "NOT_FOUND", f"Not found: {request.path}")
        if request.method != "GET":
            return error(405, "METHOD_NOT_ALLOWED", f"Method {request.method} not allowed")
        try:
            return route(argument, parameters(request))
        except Refusal as refusal:
            return refusal.response

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        body = {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded (211)"}
        return json(body, status=418 if banned else 429, headers=headers)

    # WebSocket

    def welcome(self, peer: Peer) -> Response | None:
        return None if peer.path.rstrip("/") == "/ws/v4" else error(404, "NOT_FOUND", f"Not found: {peer.path}")

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        try:
            ask = frames.read(frame)
            words = frames.words(ask)
        except msgspec.DecodeError as wrong:
            self.refuse(peer, Ask(channel=""), 1, f"invalid request: {wrong}")
            return
        if ask.channel == "spot.ping":
            self.say(peer, frames.pong(self.now_ns))
        elif ask.channel not in self._channels:
            self.refuse(peer, ask, 2, f"unknown channel {ask.channel}")
        elif ask.event == "subscribe":
            self._channels.subscribe(peer, ask, words)
        elif ask.event == "unsubscribe":
            self._channels.unsubscribe(peer, ask, words)
        else:
            self.refuse(peer, ask, 2, f"unknown event {ask.event}")

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    # What the rooms use

    def market(self, params: Mapping[str, str]) -> Market:
        """Return the market that `currency_pair` names.

        Raises:
            Refusal: it names none.
        """
        pair = params.get("currency_pair")
        if not pair:
            raise Refusal(error(400, "MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pair"))
        market = self.by_pair.get(pair)
        if market is None:
            raise Refusal(error(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}"))
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
