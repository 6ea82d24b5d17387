"""The venue as a whole: its habits and house rules, and which room answers what."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.limits import Window
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.orders import ClientIds, Unique
from arb_sim.kernel.rest import parameters
from arb_sim.kernel.rules import Band, TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

from arb_bitget.card import Settings
from arb_bitget.sim import frames
from arb_bitget.sim.access import Access
from arb_bitget.sim.account import AccountRest, Asked
from arb_bitget.sim.channels import BookForm, Channels
from arb_bitget.sim.frames import Arg, Ask
from arb_bitget.sim.limits import Budgets, too_many
from arb_bitget.sim.market_data import BUY_UP, SELL_DOWN, MarketData
from arb_bitget.sim.private_channels import PrivateChannels
from arb_bitget.sim.spelling import Declined, done, missing, refused, text, unknown

__all__ = ["BitgetVenue", "SummedBitgetVenue", "venue_of"]

MS = 1_000_000
SECOND = 1_000_000_000
HOUR = 3_600 * SECOND

PUBLIC, PRIVATE = "/v2/ws/public", "/v2/ws/private"

MOST_BYTES = 4096
"""Of a subscription."""

SUBSCRIPTIONS = (240, HOUR)
"""How many requests to subscribe a connection may make."""


class BitgetVenue(VenueKernel):
    """Bitget spot v2, with books whose messages name the one before."""

    book_form: ClassVar[BookForm] = "chain"

    habits = Habits(
        exchange="bitget",
        pair=lambda symbol: f"{symbol.base}{symbol.quote}",
        spelling=Spelling,
        price_digits=7,
        lot_usd=0.1,
        min_size_usd=0,
        min_notional=Decimal(1),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        latency_ns=80 * MS,
        half_spread_bps=1.0,
    )
    rules = SocketRules(
        idle_ns=120 * SECOND,
        idle_means_client=True,
        lifetime_ns=24 * HOUR,
        max_streams=1000,
        messages_per_s=10,
        overrun=Close(1008, "30007"),
        connects=300,
        connects_ns=300 * SECOND,
        max_connections=100,
    )
    trading_rules = TradingRules(
        client_ids=ClientIds(unique=Unique.EVER, forgotten_after_ns=None),
        post_only_refused=False,
        fill_or_kill_refused=False,
        market_refused=False,
        fee_decimals=16,
        band=Band(buy_up=BUY_UP, sell_down=SELL_DOWN),
    )
    passphrase = True
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "Bitget's messages of a book name the one before and bear no checksum",
        FaultKind.TICKET_EXPIRED: "Bitget's sockets need no ticket: one logs in",
    }

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        for market in self.by_pair.values():
            if market.listing.symbol.quote != "USDT":
                market.listing = msgspec.structs.replace(market.listing, min_notional=Decimal(0))
        self._budgets = Budgets(lambda: self.timeline.now_ns)
        self._access = Access(self.key_ring, lambda: self.now_ns)
        self._market_data = MarketData(self)
        self._channels = Channels(self, self.book_form)
        self._account_rest = AccountRest(self)
        self._private_channels = PrivateChannels(self)
        self._subscriptions: dict[int, Window] = {}

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        try:
            return done(self._route(request), self.now_ms)
        except Declined as wrong:
            return refused(wrong, self.now_ms)

    def _route(self, request: Request) -> Any:
        """Find who answers: market data for everybody, an account for those who sign."""
        self._budgets.address(request.client)
        public = self._market_data.routes.get(request.path)
        if public is not None and request.method == "GET":
            self._budgets.endpoint(request.path, request.client, public.per_second)
            return public.answer(parameters(request))
        route = self._account_rest.routes.get((request.method, request.path))
        if route is None:
            raise Declined(40404, "Request URL NOT FOUND", status=404)
        key = self._access.request(request, route.permission)
        self._budgets.endpoint(request.path, f"account {key.account.uid}", route.per_second)
        return route.answer(Asked(key.account, parameters(request), request.body))

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        why = Declined(429, "Too Many Requests", status=418) if banned else too_many()
        return refused(why, self.now_ms, headers)

    # WebSocket

    def welcome(self, peer: Peer) -> Response | None:
        if peer.path in {PUBLIC, PRIVATE}:
            return None
        return refused(Declined(40404, "Request URL NOT FOUND", status=404), self.now_ms)

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        if frame in {frames.PING, frames.PING.encode()}:
            self.send(peer.conn, frames.PONG)
            return
        try:
            ask = frames.read(frame)
            args = [] if ask.op == "login" else frames.read_args(ask)
        except msgspec.DecodeError:
            self.say(peer, frames.refused(30002, "illegal request"))
            return
        match ask.op:
            case "login" if peer.path == PRIVATE:
                self._login(peer, ask)
            case "subscribe" if len(frame) > MOST_BYTES or not self._may_subscribe(peer):
                self.say(peer, frames.refused(30006, "request too many"))
            case "subscribe":
                for arg in args:
                    self._subscribe(peer, arg)
            case "unsubscribe":
                for arg in args:
                    self.unsubscribe(peer, frames.name_of(arg))
                    self.say(peer, frames.accepted("unsubscribe", arg))
            case _:
                self.say(peer, frames.refused(30003, f"invalid op {ask.op}"))

    def _login(self, peer: Peer, ask: Ask) -> None:
        try:
            login = msgspec.json.decode(ask.args[0], type=frames.Login)
            key = self._access.login(login)
        except (IndexError, msgspec.DecodeError):
            self._shut_out(peer, Declined(30005, "error"))
        except Declined as wrong:
            self._shut_out(peer, wrong)
        else:
            peer.account = key.account
            self.say(peer, {"event": "login", "code": "0", "msg": ""})

    def _shut_out(self, peer: Peer, why: Declined) -> None:
        self.say(peer, {"event": "error", "code": why.code, "msg": why.message})
        self.cut(peer.conn, Close(1000, ""))

    def _may_subscribe(self, peer: Peer) -> bool:
        window = self._subscriptions.setdefault(peer.conn, Window(*SUBSCRIPTIONS))
        return window.spend(1, self.timeline.now_ns)

    def _subscribe(self, peer: Peer, arg: Arg) -> None:
        name = frames.name_of(arg)
        match self.faults.subscription(peer.conn, self.by_pair.get(arg.inst_id)):
            case FaultKind.SUBSCRIPTION_IGNORED:
                return
            case FaultKind.SUBSCRIPTION_REFUSED:
                self._unheard_of(peer, arg)
                return
            case _:
                pass
        if arg.channel in self._private_channels and peer.path == PRIVATE:
            self._subscribe_private(peer, arg, name)
        elif arg.inst_type != "SPOT" or peer.path == PRIVATE:
            self._unheard_of(peer, arg)
        else:
            known = name in peer.streams
            self._channels.before(peer, name)
            stream = self.subscribe(peer, name)
            if stream is None:
                self._unheard_of(peer, arg)
                return
            self.say(peer, frames.accepted("subscribe", arg))
            if not known:
                self._channels.begin(peer, name, stream)

    def _subscribe_private(self, peer: Peer, arg: Arg, name: str) -> None:
        if peer.account is None:
            self.say(peer, frames.refused(30004, "User needs to log in", arg))
            return
        known = name in peer.streams
        if arg.inst_type != "SPOT" or self.subscribe_private(peer, name, peer.account) is None:
            self._unheard_of(peer, arg)
            return
        self.say(peer, frames.accepted("subscribe", arg))
        if not known:
            self._private_channels.begin(peer, name, peer.account)

    def _unheard_of(self, peer: Peer, arg: Arg) -> None:
        about = f"instType:{arg.inst_type},channel:{arg.channel},instId:{arg.inst_id or arg.coin}"
        self.say(peer, frames.refused(30001, f"{about} doesn't exist", arg))

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._private_channels.open(name, account)

    def closed(self, conn: int) -> None:
        super().closed(conn)
        self._subscriptions.pop(conn, None)

    # What the rooms use

    def order_id(self, number: int) -> str:
        return str(1_100_000_000_000_000_000 + number)

    def market(self, params: Mapping[str, str]) -> Market:
        """Return the market that `symbol` names.

        Raises:
            Declined: it names none.
        """
        name = params.get("symbol")
        if not name:
            raise missing("symbol")
        market = self.by_pair.get(name)
        if market is None:
            raise unknown(name)
        return market.look()

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    def shown_trade(self, market: Market, trade: Print) -> dict[str, str]:
        """Show a public trade as channels do."""
        return self._market_data.trade(market, trade)

    def say(self, peer: Peer, message: dict[str, Any]) -> None:
        """Send a message to one connection."""
        self.send(peer.conn, text(message))


class SummedBitgetVenue(BitgetVenue):
    """The same with books as the documentation has them: a checksum in each update, and no number of the one before."""

    book_form: ClassVar[BookForm] = "checksum"
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        kind: why for kind, why in BitgetVenue.impossible.items() if kind is not FaultKind.BAD_CHECKSUM
    }

    def spoil_checksum(self, frame: str | bytes) -> str | bytes:
        message = msgspec.json.decode(frame)
        for item in message["data"]:
            if "checksum" in item:
                item["checksum"] ^= 1
        return text(message)


def venue_of(context: SimulationContext) -> BitgetVenue:
    """Make the venue whose books have the form that its client is set to."""
    settings = context.settings
    summed = isinstance(settings, Settings) and settings.book == "checksum"
    return SummedBitgetVenue(context) if summed else BitgetVenue(context)
