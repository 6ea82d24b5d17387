"""Acme: who hears a request or a frame, and whether it is signed as the documentation says."""

from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from arb_sim.faults import FaultKind
from arb_sim.kernel.access import ApiKey, Timing, same, signature, timing
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import PrivateStream
from arb_sim.kernel.market import Market
from arb_sim.kernel.rest import Refusal, parameters
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits
from msgspec.structs import replace

from arb_acme.sim.channels import BookChannel, open_account_channel, open_channel
from arb_acme.sim.desk import Desk
from arb_acme.sim.limits import Limits
from arb_acme.sim.market_data import STEPS, US, candle_line, market_line, network_lines, top_line, trade_line
from arb_acme.sim.speech import answer, heard, level_lines, line, message, problem

__all__ = ["AcmeVenue"]

SECOND = 1_000_000_000

SIGNED = frozenset({"key", "balances", "fees", "orders", "tags", "fills", "countdown"})


class AcmeVenue(VenueKernel):
    """Acme with everything that its documentation names."""

    habits = Habits(
        exchange="acme",
        pair=lambda symbol: f"{symbol.base}.{symbol.quote}".lower(),
        spelling=Spelling,
        maker_fee=Decimal("0.0008"),
        taker_fee=Decimal("0.0012"),
    )
    rules = SocketRules(
        idle_ns=60 * SECOND,
        idle_means_client=True,
        lifetime_ns=12 * 3600 * SECOND,
        max_streams=40,
        messages_per_s=10,
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {FaultKind.TICKET_EXPIRED: "Acme has no tickets: one logs in"}

    def __init__(self, context: SimulationContext) -> None:
        super().__init__(context)
        self._limits = Limits()
        self._desk = Desk(self.trading, self.by_pair)
        self._books: dict[str, BookChannel] = {}

    # Requests

    def answer(self, request: Request, now_ns: int) -> Response:
        refused, left = self._limits.address(request.client, self.timeline.now_ns)
        response = refused or self._answer(request, now_ns)
        return replace(response, headers=response.headers | {"acme-left": str(left)})

    def _answer(self, request: Request, now_ns: int) -> Response:
        if request.path.split("/")[1] in SIGNED:
            return self._signed(request, now_ns)
        try:
            return answer(self._public(request.method, request.path, parameters(request), now_ns))
        except Refusal as refusal:
            return refusal.response

    def _public(self, method: str, path: str, params: dict[str, str], now_ns: int) -> list[str]:
        match method, path:
            case "GET", "/clock":
                return [line("clock", at=now_ns // US)]
            case "GET", "/markets":
                return [market_line(market) for market in self.by_pair.values()]
            case "GET", "/assets":
                listed = {str(market.listing.symbol.base): market.listing.networks for market in self.by_pair.values()}
                return [each for asset, networks in listed.items() for each in network_lines(asset, networks)]
            case "GET", "/book":
                market = self._market(params)
                book, spelled = self.snapshot(market, _most(params, "levels", 200)), market.spelling.levels
                head = line("whole", market=market.pair, at=now_ns // US)
                return [head, *level_lines("bid", spelled(book.bids)), *level_lines("ask", spelled(book.asks))]
            case "GET", "/trades":
                market = self._market(params).look()
                return [trade_line(market, trade) for trade in market.latest(_most(params, "most", 500))]
            case "GET", "/candles":
                market, step = self._market(params).look(), params.get("step", "")
                if step not in STEPS:
                    raise Refusal(problem(400, "bad-request", "step"))
                candles = market.candles(STEPS[step], self.timeline.now_ns)
                found = candles.between(None, None, _most(params, "most", 500), self.timeline.now_ns)
                return [candle_line(market, step, candle) for candle in found]
            case "GET", "/tops":
                books = [(market, self.snapshot(market, 1)) for market in self.by_pair.values()]
                return [top_line(market, book.bids, book.asks, None) for market, book in books]
        raise Refusal(problem(404, "bad-request", "no such path"))

    def _market(self, params: dict[str, str]) -> Market:
        market = self.by_pair.get(params.get("market", ""))
        if market is None:
            raise Refusal(problem(404, "unknown-market"))
        return market

    def _signed(self, request: Request, now_ns: int) -> Response:
        target = f"{request.path}?{request.query}" if request.query else request.path
        headers = request.headers
        text = f"{request.method}\n{target}\n".encode() + request.body
        key = self._proved(headers.get("acme-key"), headers.get("acme-time"), headers.get("acme-proof"), text)
        if isinstance(key, Response):
            return key
        changes_orders = request.method != "GET" and request.path != "/countdown"
        refused = self._limits.key(key.api_key, self.timeline.now_ns, orders=changes_orders)
        return refused or self._desk.answer(request, key, now_ns)

    def _proved(self, name: str | None, time: str | None, proof: str | None, text: bytes) -> ApiKey | Response:
        """Return whose proof it is, or what is wrong with it."""
        key = self.key_ring.find(name)
        if key is None:
            return problem(401, "unknown-key")
        if time is None or not (time.isascii() and time.isdecimal()):
            return problem(401, "wrong-time")
        expected = b64encode(signature(key.api_secret, f"{time}\n".encode() + text, "sha512")).decode()
        if not same(expected, proof or ""):
            return problem(401, "wrong-proof")
        if timing(int(time) * US, self.now_ns, window_ns=5 * SECOND, ahead_ns=SECOND) is not Timing.IN_TIME:
            return problem(401, "wrong-time")
        return key

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        return problem(418, "shut-out", headers=headers) if banned else problem(429, "too-fast", headers=headers)

    # Sockets

    def welcome(self, peer: Peer) -> Response | None:
        return None if peer.path in {"/public", "/private"} else problem(404, "bad-request", "no such path")

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        said = heard(frame)
        if said is None:
            self.send(peer.conn, message([line("error", code="bad-request", why="no message")]))
            return
        first, named, channels = said
        match first:
            case "ping":
                self.send(peer.conn, message(["pong"]))
            case "login" if peer.path == "/private":
                self._login(peer, named)
            case "join":
                self._join_channels(peer, named.get("id", "0"), channels)
            case "leave":
                for name in channels:
                    self.unsubscribe(peer, name)
                self.send(peer.conn, message([line("left", id=named.get("id", "0"))]))
            case _:
                self.send(peer.conn, message([line("error", code="bad-request", why=f"what is {first}?")]))

    def _login(self, peer: Peer, named: dict[str, str]) -> None:
        key = self._proved(named.get("key"), named.get("time"), named.get("proof"), b"LOGIN\n/private")
        if isinstance(key, Response):
            self.send(peer.conn, key.body.decode())
            self.cut(peer.conn, Close(4001, "not logged in"))
            return
        peer.account = key.account
        self.send(peer.conn, message(["welcome"]))

    def _join_channels(self, peer: Peer, request_id: str, names: list[str]) -> None:
        befell = {name: self.faults.subscription(peer.conn, self._market_of(name)) for name in names}
        heard_of = [name for name in names if befell[name] is not FaultKind.SUBSCRIPTION_IGNORED]
        refused = [name for name in heard_of if befell[name] is not None or not self._joined(peer, name)]
        joined = [name for name in heard_of if name not in refused]
        if refused:
            words = (line("refused", id=request_id, why="unknown-channel"), *refused)
            self.send(peer.conn, message([" ".join(words)]))
        if joined:
            words = (line("joined", id=request_id), *(joined if joined != names else ()))
            self.send(peer.conn, message([" ".join(words)]))
        for name in joined:
            if name in self._books:
                self.send(peer.conn, self._books[name].whole(self.now_ns))

    def _joined(self, peer: Peer, name: str) -> bool:
        if peer.path == "/private":
            return peer.account is not None and self.subscribe_private(peer, name, peer.account) is not None
        if name in self._books and name not in peer.streams:
            self.flush(self._books[name].stream)  # who joins is told the book as it stands after all changes
        return self.subscribe(peer, name) is not None

    def _market_of(self, name: str) -> Market | None:
        return self.by_pair.get(name.partition(":")[2])

    def open_stream(self, name: str) -> Stream | None:
        market = self._market_of(name)
        if market is None:
            return None
        if name.startswith("book:"):
            channel = self._books[name] = BookChannel(name, market)
            return channel.stream
        return open_channel(name, market, self.timeline)

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        return open_account_channel(name, account)

    def spoil_checksum(self, frame: str | bytes) -> str | bytes:
        text = frame if isinstance(frame, str) else frame.decode()
        head, _, rest = text.partition(" sum=")
        digits, _, more = rest.partition("\n")
        return f"{head} sum={int(digits) ^ 1}\n{more}"


def _most(params: dict[str, str], name: str, most: int) -> int:
    text = params.get(name, "100")
    if not (text.isascii() and text.isdecimal()):
        raise Refusal(problem(400, "bad-request", name))
    return min(int(text), most)
