"""The venue as a whole: its habits and house rules, and which room answers what."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import ClientIds, Unique
from arb_sim.kernel.rest import Refusal, json
from arb_sim.kernel.rules import Band, FeeIn, TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.tickets import TicketRules
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

from arb_mexc.sim.access import Access, parameters
from arb_mexc.sim.account import AccountRest, Asked, Route
from arb_mexc.sim.channels import Channels
from arb_mexc.sim.limits import Limits, limited
from arb_mexc.sim.market_data import BUY_UP, MOST_MARKET_QUOTE, MOST_QUOTE, SELL_DOWN, MarketData
from arb_mexc.sim.private_channels import PrivateChannels
from arb_mexc.sim.spelling import Declined, missing, refused

__all__ = ["MexcVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
HOUR = 3_600 * SECOND

PREFIX = "/api/v3/"

WEIGHTS = {
    "ping": 1,
    "time": 1,
    "defaultSymbols": 1,
    "exchangeInfo": 10,
    "depth": 1,
    "trades": 5,
    "aggTrades": 1,
    "klines": 1,
    "avgPrice": 1,
    "ticker/24hr": 1,
    "ticker/price": 1,
    "ticker/bookTicker": 1,
}
"""Units per public request."""

WEIGHT_OF_ALL = {"ticker/24hr": 40, "ticker/price": 2}
"""Units when no symbol is named."""

CONTRACTS = "/api/v1/contract/detail"
"""The list of futures. A client for every kind of market asks for it at start; there are none here."""

BLOCKED = "Not Subscribed successfully! [{}].  Reason： Blocked! "  # noqa: RUF001 (the colon is full-width on the wire)


class _Control(msgspec.Struct, frozen=True):
    """A client's text frame."""

    method: str
    params: list[str] = []
    id: int = 0


class MexcVenue(VenueKernel):
    """MEXC spot v3."""

    habits = Habits(
        exchange="mexc",
        pair=lambda symbol: f"{symbol.base}{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, shown_size=8),
        price_digits=7,
        lot_usd=0.1,
        min_notional=Decimal(1),
        maker_fee=Decimal(0),
        taker_fee=Decimal("0.0005"),
        ids_per_level=True,
        latency_ns=60 * MS,
        half_spread_bps=0.8,
    )
    rules = SocketRules(
        idle_ns=60 * SECOND,
        unsubscribed_ns=30 * SECOND,
        lifetime_ns=24 * HOUR,
        max_streams=30,
        messages_per_s=100,
        overrun=Close(1006),
    )
    trading_rules = TradingRules(
        client_ids=ClientIds(unique=Unique.OPEN, forgotten_after_ns=None),
        post_only_refused=False,
        fill_or_kill_refused=False,
        market_refused=True,
        fee_in=FeeIn.QUOTE,
        max_open_orders=500,
        max_notional=MOST_QUOTE,
        max_market_notional=MOST_MARKET_QUOTE,
        band=Band(buy_up=BUY_UP, sell_down=SELL_DOWN),
    )
    ticket_rules = TicketRules(lifetime_ns=HOUR, characters=64, most_per_account=60, most_connections=5)
    impossible: ClassVar[Mapping[FaultKind, str]] = {FaultKind.BAD_CHECKSUM: "MEXC sends no checksums"}

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self._limits = Limits(lambda: self.timeline.now_ns)
        self._access = Access(self.key_ring, lambda: self.now_ns)
        self._market_data = MarketData(self)
        self._channels = Channels(self)
        self._account_rest = AccountRest(self)
        self._private_channels = PrivateChannels(self)

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        try:
            return self._route(request)
        except Refusal as refusal:
            return refusal.response
        except ValueError as error:
            return refused(700008, f"Illegal characters found in parameter: {error}")

    def _route(self, request: Request) -> Response:
        """Find who answers: market data for everybody, an account for those who sign."""
        if request.path == CONTRACTS:
            return json({"success": True, "code": 0, "data": []})
        name = request.path.removeprefix(PREFIX) if request.path.startswith(PREFIX) else ""
        signed = self._account_rest.routes.get((request.method, name))
        if signed is not None:
            return self._answer_signed(request, name, signed)
        public = self._market_data.routes.get(name)
        if public is None and not any(path == name for _, path in self._account_rest.routes):
            raise Declined(404, "Not Found", status=404)
        if public is None or request.method != "GET":
            raise Declined(405, "Method Not Allowed", status=405)
        params = parameters(request)
        all_of_them = "symbol" not in params and "symbols" not in params
        weight = WEIGHT_OF_ALL.get(name, WEIGHTS[name]) if all_of_them else WEIGHTS[name]
        self._limits.address(request.client, name, weight)
        return public(params)

    def _answer_signed(self, request: Request, name: str, route: Route) -> Response:
        self._limits.address(request.client, f"{request.method} {name}", 1)
        params = parameters(request)
        key = self._access.judge(request, params, route.permission)
        named = f"{request.method} {name}"
        self._limits.account(request.client, key.account.uid, named, route.weight, route.pace)
        return route.answer(Asked(params, key))

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        return limited(retry_after_s, banned=banned)

    # WebSocket

    def welcome(self, peer: Peer) -> Response | None:
        if peer.path != "/ws":
            return refused(404, "Not Found", status=404)
        if peer.query:
            ticket = self.tickets.find(peer.query.removeprefix("listenKey="))
            if ticket is None or not self.seat(peer, ticket):
                self.timeline.call_at(self.timeline.now_ns, lambda: self._turn_away(peer))
        return None

    def _turn_away(self, peer: Peer) -> None:
        """End a connection whose listen key is no good, and say so: the handshake itself is never refused."""
        self._reply(peer, 0, "Invalid listen key", code=1)
        self.cut(peer.conn, Close(1000, ""))

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        try:
            control = msgspec.json.decode(frame, type=_Control)
        except msgspec.DecodeError:
            self._reply(peer, 0, "Invalid request", code=1)
            return
        match control.method.upper():
            case "PING":
                self._reply(peer, 0, "PONG")
            case "SUBSCRIPTION":
                self._subscribe(peer, control)
            case "UNSUBSCRIPTION":
                for name in control.params:
                    self.unsubscribe(peer, name)
                self._reply(peer, control.id, ",".join(control.params))
            case _:
                self._reply(peer, control.id, f"Unknown method {control.method}", code=1)

    def _subscribe(self, peer: Peer, control: _Control) -> None:
        joined: list[str] = []
        blocked: list[str] = []
        for name in control.params:
            match self.faults.subscription(peer.conn, self._market_of(name)):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    pass
                case FaultKind.SUBSCRIPTION_REFUSED:
                    blocked.append(name)
                case _:
                    (joined if self._follow(peer, name) else blocked).append(name)
        if joined:
            self._reply(peer, control.id, ",".join(joined))
        if blocked:
            self._reply(peer, control.id, BLOCKED.format(",".join(blocked)))

    def _follow(self, peer: Peer, name: str) -> bool:
        if name in self._private_channels:
            return peer.account is not None and self.subscribe_private(peer, name, peer.account) is not None
        return self.subscribe(peer, name) is not None

    def _market_of(self, name: str) -> Market | None:
        return next((self.by_pair[part] for part in name.split("@") if part in self.by_pair), None)

    def _reply(self, peer: Peer, request_id: int, message: str, *, code: int = 0) -> None:
        self.send(peer.conn, msgspec.json.encode({"id": request_id, "code": code, "msg": message}).decode())

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._private_channels.open(name, account)

    # What the rooms use

    def order_id(self, number: int) -> str:
        return f"C02__{500_000_000_000_000_000_000 + number}"

    def market(self, params: Mapping[str, str]) -> Market:
        """Return the market that `symbol` names.

        Raises:
            Refusal: it names none.
        """
        name = params.get("symbol")
        if not name:
            raise missing("symbol")
        market = self.by_pair.get(name)
        if market is None:
            raise Declined(-1121, "Invalid symbol.")
        return market.look()

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS
