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
from arb_sim.kernel.rest import Refusal, json, parameters
from arb_sim.kernel.rules import Band, TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

from arb_binance.sim.access import Access
from arb_binance.sim.account import CAPITAL, AccountRest
from arb_binance.sim.channels import Channels
from arb_binance.sim.filters import MOST_NOTIONAL, MOST_ORDERS, MULTIPLIERS
from arb_binance.sim.limits import Limits, too_many
from arb_binance.sim.market_data import OTHER_MARKETS, MarketData, weight
from arb_binance.sim.socket_api import PATH as WS_API
from arb_binance.sim.socket_api import SocketApi
from arb_binance.sim.spelling import PLACES, Declined, missing
from arb_binance.sim.user_data import NAME as USER_DATA
from arb_binance.sim.user_data import UserData

__all__ = ["BinanceVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

PREFIX = "/api/v3/"

_DOWN, _UP = MULTIPLIERS


class BinanceVenue(VenueKernel):
    """Binance spot."""

    habits = Habits(
        exchange="binance",
        pair=lambda symbol: f"{symbol.base}{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, shown_price=PLACES, shown_size=PLACES),
        price_digits=7,
        price_places=PLACES,
        lot_usd=1.0,
        min_notional=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        latency_ns=20 * MS,
        half_spread_bps=0.4,
    )
    rules = SocketRules(
        ping_every_ns=20 * SECOND,
        pong_within_ns=60 * SECOND,
        lifetime_ns=DAY,
        max_streams=1024,
        messages_per_s=5,
        pings_count=True,
        overrun=Close(1008, "Too many requests"),
        connects=300,
        connects_ns=5 * MINUTE,
    )
    ws_api_rules = msgspec.structs.replace(rules, max_streams=None, messages_per_s=None)
    """Requests on a socket are counted by their weight."""
    trading_rules = TradingRules(
        client_ids=ClientIds(unique=Unique.OPEN),
        post_only_refused=True,
        fee_decimals=PLACES,
        max_open_orders_of_pair=MOST_ORDERS,
        max_notional=MOST_NOTIONAL,
        band=Band(buy_up=_UP, buy_down=_DOWN, sell_up=_UP, sell_down=_DOWN),
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "Binance sends no checksums",
        FaultKind.TICKET_EXPIRED: "Binance's sockets need no ticket: listen keys are gone",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self.limits = Limits(lambda: self.timeline.now_ns, lambda: self.now_ms)
        self.access = Access(self.key_ring, lambda: self.now_ns)
        self._market_data = MarketData(self)
        self._channels = Channels(self, self._market_data)
        self.account_rest = AccountRest(self)
        self._user_data = UserData(self, self.account_rest)
        self._socket_api = SocketApi(self)

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        if request.path in OTHER_MARKETS:
            return json(OTHER_MARKETS[request.path])
        path = request.path if request.path == CAPITAL else request.path.removeprefix(PREFIX)
        if path == request.path != CAPITAL:
            return self.unavailable(request, 404)
        try:
            response = self._route(request, path)
        except Refusal as refusal:
            response = refusal.response
        used = str(self.limits.used(request.client))
        return msgspec.structs.replace(response, headers=response.headers | {"x-mbx-used-weight-1m": used})

    def _route(self, request: Request, path: str) -> Response:
        """Find who answers: market data for everybody, an account for those who sign."""
        permission = self.account_rest.permission(request.method, path)
        if permission is not None:
            self.limits.spend(request.client, self.account_rest.weight(request.method, path, parameters(request)))
            key, params = self.access.request(request, permission)
            return self.account_rest.answer(request.method, path, key.account, params)
        if path in self.account_rest.paths or (path in self._market_data.routes and request.method != "GET"):
            return self.unavailable(request, 405)
        if path not in self._market_data.routes:
            return self.unavailable(request, 404)
        return self.public(path, request.client, parameters(request))

    def public(self, path: str, client: str, params: dict[str, str]) -> Response:
        """Answer a request for market data.

        Raises:
            Refusal: it is refused.
        """
        self.limits.spend(client, weight(path, params))
        return self._market_data.routes[path](params)

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        return too_many(self.now_ms, retry_after_s, banned=banned)

    # WebSocket

    def rules_of(self, peer: Peer) -> SocketRules:
        return self.ws_api_rules if peer.path == WS_API else self.rules

    def welcome(self, peer: Peer) -> Response | None:
        return self._socket_api.welcome(peer) if peer.path == WS_API else self._channels.welcome(peer)

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        if peer.path == WS_API:
            self._socket_api.heard(peer, frame)
        else:
            self._channels.heard(peer, frame)

    def envelope(self, peer: Peer, name: str, frame: str | bytes) -> str | bytes:
        if name == USER_DATA:
            return self._socket_api.dress(peer, frame)
        if not peer.properties["combined"] or isinstance(frame, bytes):
            return frame
        return f'{{"stream":"{name}","data":{frame}}}'

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._user_data.open(account)

    def closed(self, conn: int) -> None:
        super().closed(conn)
        self._socket_api.forget(conn)

    # What the rooms use

    def market(self, name: str | None) -> Market:
        """Return the market of a symbol.

        Raises:
            Declined: there is none of that name.
        """
        if not name:
            raise missing("symbol")
        market = self.by_pair.get(name)
        if market is None:
            raise Declined(-1121, "Invalid symbol.")
        return market.look()

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS
