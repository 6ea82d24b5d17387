"""A venue that exists nowhere, to test what all venues share: JSON, a checksum in each push, tickets for accounts."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar
from zlib import crc32

import pytest
from arb_core.testing.fixtures import no_event_loop_before_the_first
from arb_sim.direct import DirectClient
from arb_sim.faults import FaultKind, Faults, FaultScript
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.candles import Candle, Interval
from arb_sim.kernel.connections import Peer, SocketRules
from arb_sim.kernel.happenings import (
    BALANCES,
    FILLS,
    ORDERS,
    PRIVATE_FEEDS,
    AccountSource,
    Happening,
    PrivateStream,
)
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Force, NewOrder, Refused
from arb_sim.kernel.rest import json as answer_json
from arb_sim.kernel.rest import parameters
from arb_sim.kernel.rules import TradingRules
from arb_sim.kernel.sources import Bars, Deltas, Depth, Prints, TopDeltas, Update
from arb_sim.kernel.spelling import Spelling
from arb_sim.kernel.streams import Stream
from arb_sim.kernel.tickets import TicketRules
from arb_sim.kernel.venue import SimulationContext, VenueKernel
from arb_sim.venue import Close, Request, Response
from arb_sim.world import Habits, Pace, World

MS = 1_000_000
SECOND = 1_000_000_000


class ToyVenue(VenueKernel):
    """Channels: `book PAIR`, `slow PAIR`, `top10 PAIR`, `depth PAIR`, `trades PAIR`, `bars PAIR`.

    With a ticket in the URL also those of the account: `orders`, `fills`, `balances`, `private`, and `orders PAIR`.
    """

    habits = Habits(
        exchange="toy",
        pair=lambda symbol: f"{symbol.base}-{symbol.quote}",
        spelling=Spelling,
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        levels=40,
    )
    rules = SocketRules(
        ping_every_ns=20 * SECOND,
        pong_within_ns=60 * SECOND,
        idle_ns=90 * SECOND,
        unsubscribed_ns=30 * SECOND,
        lifetime_ns=3600 * SECOND,
        max_streams=6,
        messages_per_s=10,
        connects=20,
        max_connections=5,
    )
    impossible: ClassVar[Mapping[FaultKind, str]] = {}
    ticket_rules = TicketRules(lifetime_ns=600 * SECOND, most_per_account=3, most_connections=2)

    def answer(self, request: Request, now_ns: int) -> Response:
        if request.path == "/time":
            return answer_json({"now_ns": now_ns})
        if request.path == "/order":
            try:
                return self._order(request.method, parameters(request))
            except Refused as refused:
                return answer_json({"why": refused.why}, status=400)
        market = self.by_pair[parameters(request)["pair"]]
        snapshot = self.snapshot(market, 1000)
        return answer_json({"id": snapshot.version, "bids": snapshot.bids, "asks": snapshot.asks})

    def _order(self, method: str, asked: dict[str, str]) -> Response:
        ids = {"order_id": asked.get("order"), "client_id": asked.get("client")}
        match method:
            case "POST":
                new = NewOrder(
                    market=self.by_pair[asked["pair"]],
                    buys=asked["side"] == "buy",
                    price=Decimal(asked["price"]),
                    size=Decimal(asked["size"]),
                    force=Force(asked.get("force", "gtc")),
                    client_id=asked.get("client"),
                )
                order = self.trading.place(self.account, new)
            case "DELETE":
                order = self.trading.cancel(self.account, self.trading.find_open(self.account, **ids))
            case _:
                order = self.trading.find(self.account, **ids)
        return answer_json({"id": order.id, "status": order.status, "filled": order.filled})

    def limited(self, request: Request, retry_after_s: int | None, *, banned: bool) -> Response:
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        return Response(status=418 if banned else 429, headers=headers)

    def welcome(self, peer: Peer) -> Response | None:
        if peer.path != "/ws":
            return Response(status=404)
        if peer.query:
            ticket = self.tickets.find(peer.query.removeprefix("ticket="))
            if ticket is None or not self.seat(peer, ticket):
                return Response(status=401)
        return None

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        verb, _, name = str(frame).partition(" ")
        market = self.by_pair.get(name.rpartition(" ")[2])
        if verb == "leave":
            self.unsubscribe(peer, name)
            self.send(peer.conn, f"left {name}")
            return
        fault = self.faults.subscription(peer.conn, market)
        if fault is FaultKind.SUBSCRIPTION_IGNORED:
            return
        refused = fault is FaultKind.SUBSCRIPTION_REFUSED or not self._follow(peer, name)
        self.send(peer.conn, f"{'refused' if refused else 'joined'} {name}")

    def _follow(self, peer: Peer, name: str) -> bool:
        if peer.account is not None and name.partition(" ")[0] in PRIVATE_FEEDS:
            return self.subscribe_private(peer, name, peer.account) is not None
        return self.subscribe(peer, name) is not None

    def open_stream(self, name: str) -> Stream | None:  # noqa: PLR0911 (a table of channels)
        kind, _, pair = name.partition(" ")
        market = self.by_pair.get(pair)
        if market is None:
            return None
        match kind:
            case "book" | "slow":
                return Stream(name, "book", Deltas(market), 10 * MS if kind == "book" else 100 * MS, self._show_update)
            case "top10":
                return Stream(name, "book", TopDeltas(market, 10), 50 * MS, self._show_update)
            case "depth":
                return Stream(name, "depth", Depth(market, 5), 100 * MS, lambda top, _: [json.dumps(top)])
            case "trades":
                return Stream(
                    name,
                    "trades",
                    Prints(market),
                    0,
                    lambda trades, _: [json.dumps([t.number, t.price]) for t in trades],
                )
            case "bars":
                bars = Bars(market, Interval(SECOND), self.timeline)
                return Stream(name, "klines", bars, 200 * MS, _show_bars)
            case _:
                return None

    def _show_update(self, update: Update, now_ns: int) -> list[str | bytes]:
        body = {"first": update.first, "last": update.last, "bids": update.bids, "asks": update.asks, "at": now_ns}
        return [json.dumps(body | {"checksum": crc32(json.dumps(body).encode())})]

    def open_private(self, name: str, account: Account) -> PrivateStream | None:
        kind, _, pair = name.partition(" ")
        source = AccountSource(account, TOLD[kind], self.by_pair.get(pair))
        return PrivateStream(name, kind, source, _show_happening)

    def ticket_ended(self, peer: Peer) -> Close:
        return Close(4001, "ticket expired")

    def spoil_checksum(self, frame: str | bytes) -> str | bytes:
        message = json.loads(frame)
        return json.dumps(message | {"checksum": message["checksum"] ^ 1})


TOLD = {"orders": ORDERS, "fills": FILLS, "balances": BALANCES, "private": ORDERS | BALANCES}


def _show_happening(happening: Happening, now_ns: int) -> list[str | bytes]:
    shown: dict[str, Any] = {"what": happening.what.name.lower(), "at": now_ns}
    if happening.order is not None:
        shown |= {"id": happening.order.id, "status": happening.order.status, "filled": happening.order.filled}
    if happening.fill is not None:
        shown |= {"trade": happening.fill.number, "size": happening.fill.size, "price": happening.fill.price}
    shown["moved"] = {moved.asset: [printed(moved.free), printed(moved.locked)] for moved in happening.movements}
    return [json.dumps(shown)]


def _show_bars(candles: list[Candle], now_ns: int) -> list[str | bytes]:
    return [json.dumps([candle.start_ns, candle.open, candle.close, candle.count]) for candle in candles]


def checksum_is_right(message: dict[str, Any]) -> bool:
    body = {name: value for name, value in message.items() if name != "checksum"}
    return crc32(json.dumps(body).encode()) == message["checksum"]


class Client(DirectClient):
    """One that reads the toy's JSON."""

    def __init__(self, venue: VenueKernel, conn: int = 1, url: str = "/ws") -> None:
        super().__init__(venue, url, conn=conn)

    @property
    def frames(self) -> list[str]:
        return self.texts

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.texts if frame.startswith(("{", "["))]


@pytest.fixture
def toy() -> Callable[..., ToyVenue]:
    def make(
        *,
        script: FaultScript | None = None,
        world: World | None = None,
        snapshot_age_ns: int = 0,
        rules: TradingRules | None = None,
        **pace: Any,
    ) -> ToyVenue:
        world = world or World(seed=7, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(**pace))
        kind = type("RuledToy", (ToyVenue,), {"trading_rules": rules or ToyVenue.trading_rules})
        return kind(SimulationContext(world=world, faults=Faults(script), snapshot_age_ns=snapshot_age_ns))

    return make


@pytest.fixture
def connect() -> Callable[..., Client]:
    return Client


@pytest.fixture
def checksum_right() -> Callable[[dict[str, Any]], bool]:
    return checksum_is_right
