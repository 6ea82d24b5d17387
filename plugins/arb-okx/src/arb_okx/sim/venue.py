"""The venue as a whole: its habits and house rules, and which room answers what."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.access import ApiKey
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.limits import Window
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import ClientIds, Unique
from arb_sim.kernel.rest import Refusal, json, parameters
from arb_sim.kernel.rules import Band, TradingRules
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits

from arb_okx.sim import channels, frames, private_channels
from arb_okx.sim.access import Access, Login
from arb_okx.sim.account import AccountRest
from arb_okx.sim.channels import Channels
from arb_okx.sim.desk import Desk
from arb_okx.sim.frames import Ask
from arb_okx.sim.limits import Budgets
from arb_okx.sim.market_data import MOST_LIMIT, MOST_MARKET, MarketData
from arb_okx.sim.private_channels import PrivateChannels
from arb_okx.sim.socket_api import SocketApi
from arb_okx.sim.spelling import Declined, missing, text

__all__ = ["OkxVenue"]

MS = 1_000_000
SECOND = 1_000_000_000
HOUR = 3600 * SECOND

PREFIX = "/api/v5/"

SOCKETS = "/ws/v5/"
SOCKET_NAMES = {"public", "private", "business"}

FIRST_ORDER = 680_800_000_000_000_000
"""Where the ids of orders begin."""

REQUESTS_AN_HOUR = 480
"""Subscriptions, their ends and logins that one connection may ask for, however many arguments each has."""

FOR_FEW = channels.FOR_FEW | private_channels.FOR_FEW

UPGRADE_NS = 60 * SECOND
"""How long before its end a connection hears of it."""


class OkxVenue(VenueKernel):
    """OKX spot v5."""

    habits = Habits(
        exchange="okx",
        pair=lambda symbol: f"{symbol.base}-{symbol.quote}",
        spelling=lambda price, size: Spelling(price, size, trim=True),
        price_digits=6,
        lot_usd=0.001,
        min_notional=Decimal(0),
        maker_fee=Decimal("0.0008"),
        taker_fee=Decimal("0.001"),
        ids_per_level=True,
        latency_ns=40 * MS,
        half_spread_bps=0.5,
    )
    rules = SocketRules(
        idle_ns=30 * SECOND,
        connects=3,
        connects_ns=SECOND,
    )
    trading_rules = TradingRules(
        client_ids=ClientIds(unique=Unique.OPEN),
        # Each is taken, and ended at once: its end says why.
        post_only_refused=False,
        fill_or_kill_refused=False,
        market_refused=False,
        max_notional=MOST_LIMIT,
        max_market_notional=MOST_MARKET,
        band=Band(buy_up=Decimal("1.5"), sell_down=Decimal("0.5")),
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {
        FaultKind.BAD_CHECKSUM: "OKX's checksums are 0 whatever the book",
        FaultKind.TICKET_EXPIRED: "OKX's sockets need no ticket",
    }
    passphrase = True
    checksums: ClassVar[bool] = False
    """Whether books bear the checksum that they bore until June 2026; 0 stands in its place since."""

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self.budgets = Budgets(lambda: self.timeline.now_ns)
        self.access = Access(self.key_ring, lambda: self.now_ns)
        self.desk = Desk(self)
        self._keys: dict[int, ApiKey] = {}
        """Who is logged in on which connection."""
        self._asked: dict[int, Window] = {}
        self._market_data = MarketData(self)
        self._channels = Channels(self)
        self._account_rest = AccountRest(self)
        self._private_channels = PrivateChannels(self)
        self._socket_api = SocketApi(self)

    # REST

    def answer(self, request: Request, now_ns: int) -> Response:
        try:
            return self._route(request)
        except Refusal as refusal:
            return refusal.response

    def _route(self, request: Request) -> Response:
        """Find who answers: market data for everybody, an account for those who sign."""
        path = request.path.removeprefix(PREFIX)
        permission = self._account_rest.permission(request.method, path)
        if permission is not None:
            key = self.access.request(request, permission)
            return self._account_rest.answer(request, path, key)
        public = self._market_data.routes.get(path)
        if public is None and path not in self._account_rest.paths:
            raise Declined(404, "404", "Not Found")
        if public is None or request.method != "GET":
            raise Declined(405, "405", f"Request method '{request.method}' is not supported.")
        params = parameters(request)
        whose = f"{request.client} {params.get('instType', '')}" if path == "public/instruments" else request.client
        self.budgets.spend(path, whose)
        return public(params)

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        body = {"code": "50011", "msg": "Too Many Requests"}
        return json(body, status=418 if banned else 429, headers=headers)

    # WebSocket

    def welcome(self, peer: Peer) -> Response | None:
        return None if self._socket_of(peer) in SOCKET_NAMES else Declined(404, "404", "Not Found").response

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        if frame in {"ping", b"ping"}:
            self.send(peer.conn, "pong")
            return
        try:
            ask = frames.read(frame)
        except msgspec.DecodeError:
            told = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
            self.refuse(peer, Ask(op=""), "60012", f"Illegal request: {told}")
            return
        if ask.op in self._socket_api:
            self._order(peer, ask)
            return
        act = {"login": self._login, "subscribe": self._subscribe, "unsubscribe": self._unsubscribe}.get(ask.op)
        if act is None:
            self.refuse(peer, ask, "60012", f"Illegal request: {ask.op}")
        elif not self._asked.setdefault(peer.conn, Window(REQUESTS_AN_HOUR, HOUR)).spend(1, self.timeline.now_ns):
            self.refuse(peer, ask, "60014", "Requests too frequent")
        else:
            act(peer, ask)

    def _order(self, peer: Peer, ask: Ask) -> None:
        key = self._keys.get(peer.conn)
        if key is None or self._socket_of(peer) != "private":
            self.refuse(peer, ask, "60011", "Please log in")
        elif not ask.id:
            self.refuse(peer, ask, "60012", "Illegal request: id cannot be empty")
        else:
            self._socket_api.heard(peer, ask, key)

    def _login(self, peer: Peer, ask: Ask) -> None:
        try:
            (arg,) = ask.args
            key = self.access.login(msgspec.json.decode(arg, type=Login), peer.client)
        except (ValueError, msgspec.DecodeError):
            self._shut_out(peer, ask, "60013", "Invalid args")
        except Declined as wrong:
            self._shut_out(peer, ask, wrong.code, wrong.message)
        else:
            self._keys[peer.conn] = key
            peer.account = key.account
            self.say(peer, frames.logged_in(peer, ask))

    def _shut_out(self, peer: Peer, ask: Ask, code: str, message: str) -> None:
        self.refuse(peer, ask, code, message)
        self.cut(peer.conn, Close(1000, ""))

    def _subscribe(self, peer: Peer, ask: Ask) -> None:
        for arg in self._arguments(peer, ask):
            self._follow(peer, ask, arg)

    def _follow(self, peer: Peer, ask: Ask, arg: dict[str, Any]) -> None:
        """Take one argument of a subscription: each is accepted or refused by itself."""
        socket, channel, key = self._socket_of(peer), str(arg["channel"]), self._keys.get(peer.conn)
        private = self._private_channels.serves(socket, channel)
        market = self.by_pair.get(str(arg.get("instId", "")))
        if (private or channel in FOR_FEW) and key is None:
            self.refuse(peer, ask, "60011", "Please log in")
            return
        if channel in FOR_FEW:
            self.refuse(peer, ask, "64003", f"Your trading fee tier doesn't meet the requirement to access {channel}")
            return
        unknown = market is None if self._channels.serves(socket, channel) else not private
        if private and self._private_channels.objection(arg) == "instType":
            self.refuse(peer, ask, "60013", "Invalid args")
            return
        if unknown or (private and self._private_channels.objection(arg)):
            self._no_such(peer, ask, arg)
            return
        match self.faults.subscription(peer.conn, market):
            case FaultKind.SUBSCRIPTION_IGNORED:
                return
            case FaultKind.SUBSCRIPTION_REFUSED:
                self._no_such(peer, ask, arg)
                return
            case _:
                pass

        def accept() -> None:
            self.say(peer, frames.accepted(peer, ask, arg))

        if private and key is not None:
            self._private_channels.subscribe(peer, key.account, arg, accept)
        else:
            self._channels.subscribe(peer, arg, accept)

    def _no_such(self, peer: Peer, ask: Ask, arg: dict[str, Any]) -> None:
        words = ",".join(f"{name}:{value}" for name, value in arg.items() if name != "channel")
        message = (
            f"Wrong URL or channel:{arg['channel']}{',' if words else ''}{words} doesn't exist. Please use the correct "
            "URL, channel and parameters referring to API document."
        )
        self.refuse(peer, ask, "60018", message)

    def _unsubscribe(self, peer: Peer, ask: Ask) -> None:
        for arg in self._arguments(peer, ask):
            room = self._private_channels if self._socket_of(peer) == "private" else self._channels
            room.unsubscribe(peer, arg)
            self.say(peer, frames.accepted(peer, ask, arg))

    def _arguments(self, peer: Peer, ask: Ask) -> list[dict[str, Any]]:
        """Read what a subscription is about."""
        try:
            found = [msgspec.json.decode(arg, type=dict[str, str]) for arg in ask.args]
        except msgspec.DecodeError:
            found = []
        if not found or not all(arg.get("channel") for arg in found):
            self.refuse(peer, ask, "60013", "Invalid args")
            return []
        return found

    def open_stream(self, name: str) -> Stream | None:
        return self._channels.open(name)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return self._private_channels.open(name, account)

    def closed(self, conn: int) -> None:
        super().closed(conn)
        self._keys.pop(conn, None)
        self._asked.pop(conn, None)

    def _socket_of(self, peer: Peer) -> str:
        return peer.path.removeprefix(SOCKETS) if peer.path.startswith(SOCKETS) else ""

    # What happens to all

    def renumber(self, pair: str) -> None:
        """Let the ids of a book begin anew, lower than before, as after maintenance."""
        self._channels.renumber(pair)

    def upgrade(self) -> None:
        """Tell every connection that its service is about to be upgraded, and close it a minute later."""
        for peer in list(self._peers.values()):
            notice = {
                "event": "notice",
                "code": "64008",
                "msg": "The connection will soon be closed for a service upgrade. Please reconnect.",
                "connId": frames.mark(peer.conn),
            }
            self.say(peer, notice)
            self._close_later(peer)

    def _close_later(self, peer: Peer) -> None:
        self.timeline.call_at(self.timeline.now_ns + UPGRADE_NS, lambda: self.cut(peer.conn, Close(1001, "")))

    # What the rooms use

    def market(self, params: Mapping[str, str]) -> Market:
        """Return the market that `instId` names.

        Raises:
            Refusal: it names none.
        """
        pair = params.get("instId")
        if not pair:
            raise missing("instId")
        market = self.by_pair.get(pair)
        if market is None:
            raise Declined(200, "51001", "Instrument ID does not exist.")
        return market.look()

    def order_id(self, number: int) -> str:
        return str(FIRST_ORDER + number)

    def stamp(self, at_ns: int) -> int:
        """Return a moment by the venue's clock, in milliseconds."""
        return (at_ns + self.faults.skew_ns) // MS

    def connected(self, peer: Peer) -> bool:
        """Whether a connection is still there."""
        return self._peers.get(peer.conn) is peer

    def count(self, fits: Callable[[str], bool], account: Account) -> int:
        """How many connections of an account follow a channel."""
        return sum(
            key.account is account and any(fits(name) for name in self._peers[conn].streams)
            for conn, key in self._keys.items()
        )

    def say(self, peer: Peer, message: dict[str, Any]) -> None:
        """Send a message to one connection."""
        self.send(peer.conn, text(message))

    def refuse(self, peer: Peer, ask: Ask, code: str, message: str) -> None:
        """Refuse what a connection asked for."""
        self.say(peer, frames.refused(peer, ask, code, message))
