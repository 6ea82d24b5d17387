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
from arb_sim.kernel.rules import Band, FeeIn, TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.tickets import TicketRules
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

from arb_kucoin.sim import frames, limits
from arb_kucoin.sim.access import Access
from arb_kucoin.sim.account import AccountRest
from arb_kucoin.sim.bullets import Bullets
from arb_kucoin.sim.channels import Channels, topics
from arb_kucoin.sim.desk import Desk
from arb_kucoin.sim.frames import PING_EVERY_MS, PING_WITHIN_MS, Ask
from arb_kucoin.sim.limits import Budgets, Talk
from arb_kucoin.sim.market_data import LIMIT_RATE, MOST_QUOTE, OTHER_MARKETS, MarketData
from arb_kucoin.sim.private_channels import PrivateChannels
from arb_kucoin.sim.spelling import DONE, Declined, missing, text, unlisted

__all__ = ["KucoinVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND

BULLET_PUBLIC = "/api/v1/bullet-public"


class KucoinVenue(VenueKernel):
    """KuCoin spot, classic account."""

    habits = Habits(
        exchange="kucoin",
        pair=lambda symbol: f"{symbol.base}-{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, trim=True),
        price_digits=6,
        lot_usd=0.01,
        min_notional=Decimal("0.1"),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        ids_per_level=True,
        latency_ns=70 * MS,
        half_spread_bps=1.0,
    )
    rules = SocketRules(
        idle_ns=(PING_EVERY_MS + PING_WITHIN_MS) * MS,
        idle_means_client=True,
        max_streams=400,
        connects=30,
        connects_ns=60 * SECOND,
        max_connections=800,
    )
    trading_rules = TradingRules(
        client_ids=ClientIds(unique=Unique.OPEN, forgotten_after_ns=None),
        post_only_refused=False,
        fill_or_kill_refused=False,
        market_refused=False,
        fee_in=FeeIn.QUOTE,
        max_open_orders=2000,
        max_notional=MOST_QUOTE,
        max_market_notional=MOST_QUOTE,
        band=Band(buy_up=1 + LIMIT_RATE, sell_down=1 - LIMIT_RATE),
    )
    ticket_rules = TicketRules(lifetime_ns=DAY, characters=152, returnable=False)
    passphrase = True
    impossible: ClassVar[Mapping[FaultKind, str]] = {FaultKind.BAD_CHECKSUM: "KuCoin sends no checksums"}

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self.budgets = Budgets(lambda: self.timeline.now_ns)
        self.access = Access(self.key_ring, lambda: self.now_ns)
        self.desk = Desk(self)
        self.market_data = MarketData(self)
        self._bullets = Bullets(self)
        self._talk = Talk(lambda: self.timeline.now_ns)
        self._channels = Channels(self)
        self._account_rest = AccountRest(self)
        self._private_channels = PrivateChannels(self)

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        try:
            response = self._route(request)
        except Refusal as refusal:
            response = refusal.response
        return msgspec.structs.replace(response, headers=response.headers | self.budgets.report())

    def _route(self, request: Request) -> Response:
        """Find who answers: market data for everybody, an account for those who sign."""
        path, client = request.path, request.client
        if path in OTHER_MARKETS:
            return json({"code": DONE, "data": OTHER_MARKETS[path]})
        if request.method == "POST" and path == BULLET_PUBLIC:
            self.budgets.spend("public", client, 10)
            return self._bullets.shoot(request, None)
        signed, argument = self._account_rest.find(request.method, path)
        if signed is not None:
            try:
                key = self.access.request(request, signed.permission)
            except Declined:  # who cannot say who he is counts against the budget of the address
                self.budgets.spend("public", client, 1)
                raise
            self.budgets.spend(signed.pool, key.account.uid, signed.weight)
            return self._account_rest.answer(request, signed, argument, key.account)
        folder, _, name = path.rpartition("/")
        routes = self.market_data.routes
        public, argument = routes.get(path), ""
        if public is None and (public := routes.get(f"{folder}/")) is not None:
            argument = name
        self.budgets.spend("public", client, 1 if public is None else public.weight)
        if public is None and not self._account_rest.knows(path):
            raise Declined(404000, "Url Not Found", status=404)
        if public is None or request.method != "GET":
            raise Declined(405000, "Method Not Allowed", status=405)
        return public.answer(argument, parameters(request))

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        """Refuse. An overload of the venue, unlike a pool that is used up, names no time."""
        if retry_after_s is None:
            return limits.limited({}, banned=banned)
        wait = {
            "gw-ratelimit-limit": "2000",
            "gw-ratelimit-remaining": "0",
            "gw-ratelimit-reset": str(retry_after_s * 1000),
        }
        return limits.limited(wait, banned=banned)

    def bullet(self, request: Request, account: Account) -> Response:
        """Hand out a token that opens the topics of an account."""
        return self._bullets.shoot(request, account)

    # WebSocket

    def welcome(self, peer: Peer) -> Response | None:
        if peer.path.rstrip("/") not in {"", "/endpoint"}:
            return Declined(404000, "Url Not Found", status=404).response
        self._bullets.receive(peer)
        return None

    def ticket_ended(self, peer: Peer) -> Close:
        return self._bullets.end(peer)

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        if peer.ticket is None:
            return
        if not self._talk.hear(peer.conn):
            self.cut(peer.conn, Close(1008, "Too many requests"))
            return
        try:
            ask = frames.read(frame)
        except msgspec.DecodeError:
            self.say(peer, frames.error("", 400, "bad request"))
            return
        match ask.type:
            case "ping":
                self.say(peer, frames.pong(ask, self.now_ns))
            case "subscribe":
                self._subscribe(peer, ask)
            case "unsubscribe":
                for name in topics(ask):
                    self.unsubscribe(peer, name)
                if ask.response:
                    self.say(peer, frames.ack(ask))
            case _:
                self.say(peer, frames.error(ask.id, 415, "type is not supported"))

    def _subscribe(self, peer: Peer, ask: Ask) -> None:
        if ask.topic in self._private_channels:
            self._private_channels.subscribe(peer, ask)
        elif ask.topic in self._channels:
            self._channels.subscribe(peer, ask)
        else:
            self.say(peer, frames.error(ask.id, 404, f"topic {ask.topic} is not found"))

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._private_channels.open(name, account)

    def closed(self, conn: int) -> None:
        super().closed(conn)
        self._talk.forget(conn)

    # What the rooms use

    def order_id(self, number: int) -> str:
        """24 hexadecimal digits, as the database behind KuCoin makes them."""
        return f"{0x6720DA3F << 64 | number:024x}"

    def stranger_id(self, trade: int, *, maker: bool) -> str:
        """Make the id of the order that somebody unknown has brought into a trade."""
        return f"{0x6720DA00 << 64 | 2 * trade + maker:024x}"

    def market(self, name: str | None) -> Market:
        """Return the market of a name.

        Raises:
            Refusal: there is none.
        """
        if not name:
            raise missing("symbol")
        market = self.by_pair.get(name)
        if market is None:
            raise unlisted()
        return market.look()

    def named(self, params: Mapping[str, str]) -> Market:
        """Return the market that `symbol` names.

        Raises:
            Refusal: it names none.
        """
        return self.market(params.get("symbol"))

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    def say(self, peer: Peer, message: dict[str, object]) -> None:
        """Send a message to one connection."""
        self.send(peer.conn, text(message))
