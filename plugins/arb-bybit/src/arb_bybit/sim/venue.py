"""The venue as a whole: its habits and house rules, and which room answers what."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec
from arb_sim.assets import asset
from arb_sim.faults import FaultKind
from arb_sim.kernel.access import Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.market import Network
from arb_sim.kernel.orders import ClientIds, Unique
from arb_sim.kernel.rest import json, parameters
from arb_sim.kernel.rules import Band, TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

from arb_bybit.sim import frames
from arb_bybit.sim.access import Access
from arb_bybit.sim.account import AccountRest
from arb_bybit.sim.channels import Channels
from arb_bybit.sim.desk import Desk
from arb_bybit.sim.frames import PRIVATE, PUBLIC, TRADE, Ask
from arb_bybit.sim.limits import TOO_FREQUENT, Budgets
from arb_bybit.sim.market_data import RATIO, MarketData
from arb_bybit.sim.order_entry import OrderEntry
from arb_bybit.sim.private_channels import PrivateChannels
from arb_bybit.sim.spelling import Declined, body, text

__all__ = ["BybitVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND

PREFIX = "/v5/"
MARKET = "market/"

FIRST_ORDER = 1_800_000_000_000_000_000
"""Orders are numbered from here."""

ACTIVE = re.compile(r"(\d+)([sm])")
"""How a connection says how long it may be idle."""


class BybitVenue(VenueKernel):
    """Bybit spot v5."""

    habits = Habits(
        exchange="bybit",
        pair=lambda symbol: f"{symbol.base}{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, trim=True),
        price_digits=6,
        lot_usd=0.1,
        min_notional=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        latency_ns=35 * MS,
        half_spread_bps=0.5,
    )
    rules = SocketRules(
        idle_ns=10 * MINUTE,
        connects=500,
        connects_ns=5 * MINUTE,
        max_connections=1000,
    )
    trading_rules = TradingRules(
        client_ids=ClientIds(unique=Unique.EVER),
        post_only_refused=False,
        fee_decimals=12,
        band=Band(buy_up=1 + RATIO, sell_down=1 - RATIO),
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "Bybit sends no checksums",
        FaultKind.TICKET_EXPIRED: "Bybit's sockets need no ticket",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self.budgets = Budgets(lambda: self.timeline.now_ns)
        self.access = Access(self.key_ring, lambda: self.now_ms)
        self.desk = Desk(self)
        self.networks = self._list_networks()
        """Every asset and the chains it travels on."""
        self.market_data = MarketData(self)
        self._channels = Channels(self)
        self._account_rest = AccountRest(self)
        self._private_channels = PrivateChannels(self)
        self._order_entry = OrderEntry(self)
        self._idle: dict[int, SocketRules] = {}
        """The rules of connections that chose how long they may be idle."""

    def _list_networks(self) -> dict[str, tuple[Network, ...]]:
        listings = [market.listing for market in self.by_pair.values()]
        quotes = {str(listing.symbol.quote): asset(listing.symbol.quote).networks for listing in listings}
        return quotes | {str(listing.symbol.base): listing.networks for listing in listings}

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        if self.budgets.shuts_out(request.client):
            return self.limited(request, None, banned=True)
        path = request.path.removeprefix(PREFIX)
        permission = self._account_rest.permission(request.method, path)
        if request.method == "GET" and request.body:
            return Response(status=403, body=b"GET requests have no body")
        try:
            if permission is not None:
                return self._signed(request, path, permission)
            public = self.market_data.routes.get(path.removeprefix(MARKET))
            if public is None or request.method != "GET" or not request.path.startswith(PREFIX + MARKET):
                return Response(status=404, body=b"404 page not found")
            return self.enveloped(0, "OK", public(parameters(request)))
        except Declined as wrong:
            return self.enveloped(wrong.code, wrong.message, {}, status=wrong.status)

    def _signed(self, request: Request, path: str, permission: Permission) -> Response:
        """Answer about an account; whoever is known is told what is left of the budget."""
        key = self.access.request(request, permission)
        try:
            result, message = self._account_rest.answer(request, path, key)
            response = self.enveloped(0, message, result)
        except Declined as wrong:
            response = self.enveloped(wrong.code, wrong.message, {}, status=wrong.status)
        headers = {name.lower(): value for name, value in self.report().items()}
        return msgspec.structs.replace(response, headers=response.headers | headers)

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        if banned:
            return Response(status=403, headers={"content-type": "text/plain"} | headers, body=TOO_FREQUENT)
        return json(body(429, "Too many requests", {}, self.now_ms), status=429, headers=headers)

    # WebSocket

    def rules_of(self, peer: Peer) -> SocketRules:
        return self._idle.get(peer.conn, self.rules)

    def welcome(self, peer: Peer) -> Response | None:
        if peer.path not in {PUBLIC, PRIVATE, TRADE}:
            return Response(status=404, body=b"404 page not found")
        wanted = parse_qs(peer.query).get("max_active_time")
        if wanted is None or peer.path == PUBLIC:
            return None
        found = ACTIVE.fullmatch(wanted[-1])
        idle_ns = 0 if found is None else int(found[1]) * (SECOND if found[2] == "s" else MINUTE)
        if not 30 * SECOND <= idle_ns <= 10 * MINUTE:
            return Response(status=400, body=b"max_active_time is from 30s to 600s")
        self._idle[peer.conn] = msgspec.structs.replace(self.rules, idle_ns=idle_ns)
        return None

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        if peer.path == TRADE:
            self._order_entry.heard(peer, frame)
            return
        try:
            ask = frames.read(frame)
        except msgspec.DecodeError:
            self.refuse(peer, Ask(), "error:invalid request")
            return
        channels = self._channels if peer.path == PUBLIC else self._private_channels
        match ask.op:
            case "ping":
                self.say(peer, frames.pong(peer, ask, self.now_ns))
            case "auth" if peer.path == PRIVATE:
                self._private_channels.login(peer, ask)
            case "subscribe":
                channels.subscribe(peer, ask)
            case "unsubscribe":
                channels.unsubscribe(peer, ask)
            case _:
                self.refuse(peer, ask, f"error:invalid op:{ask.op}")

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._private_channels.open(name, account)

    def order_id(self, number: int) -> str:
        return str(FIRST_ORDER + number)

    def closed(self, conn: int) -> None:
        super().closed(conn)
        self._order_entry.forget(conn)
        self._idle.pop(conn, None)

    # What the rooms use

    def enveloped(self, code: int, message: str, result: Any, *, status: int = 200) -> Response:
        """Answer in the envelope of REST."""
        return json(body(code, message, result, self.now_ms), status=status)

    def report(self) -> dict[str, str]:
        """Say what is left of the budget that was last spent from."""
        return self.budgets.report(self.faults.skew_ns)

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    def say(self, peer: Peer, message: dict[str, Any]) -> None:
        """Send a message to one connection."""
        self.send(peer.conn, text(message))

    def accept(self, peer: Peer, ask: Ask) -> None:
        """Accept what a connection asked for."""
        self.say(peer, frames.accepted(peer, ask))

    def refuse(self, peer: Peer, ask: Ask, message: str) -> None:
        """Refuse it."""
        self.say(peer, frames.refused(peer, ask, message))

    def show_out(self, peer: Peer) -> None:
        """End a connection that could not say whose it is."""
        self.cut(peer.conn, Close(1000, ""))
