"""A venue that follows a script, order by order, and the account that our engine has there.

Hand-written against `Account` and `PrivateExchange` alone, so that ids, fills, delays and lies are all under control.
The venue outlives the engine: an account is what a process opens there, and a crash loses the account, never the venue.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from itertools import count
from typing import Any

import msgspec
from arb_core.errors import InsufficientBalance, NotSupported, OrderNotFound, OutcomeUnknown
from arb_core.interfaces.account import Account, AccountListener
from arb_core.interfaces.private import PrivateExchange
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.markets import MarketTable
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.card import Capability, ClientIdRule, ExchangeCard, FeeSchedule, Hosts
from arb_core.structs.market import Asset, ExchangeId, Instrument, Side, Symbol, VenueName
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    LiquidityRole,
    Order,
    OrderAck,
    OrderId,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)

SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND

STREAMS = frozenset({Capability.ORDERS_STREAM, Capability.FILLS_STREAM, Capability.BALANCES_STREAM})


async def let_pass(seconds: float) -> None:
    """Let time pass on the running loop, which is a virtual one in every test."""
    await LoopClock().sleep(round(seconds * 1_000_000_000))


@dataclass
class Play:
    """What becomes of one order. Times are seconds from the request on."""

    takes: bool = True
    """Whether the request reaches the venue's engine at all."""
    refuses: Exception | None = None
    """Answered instead of taking it."""
    arrives: float = 0.0
    """When the venue takes it."""
    answers: float | None = 0.01
    """When the acknowledgement is there; None = it is lost, and after `gives_up` the outcome is unknown."""
    gives_up: float = 1.0
    tells: bool = True
    """Whether the acknowledgement says what was filled; else it is an id alone."""
    fills: Decimal = Decimal(1)
    """Part of the quantity; above 1 is a violation."""
    parts: int = 1
    price: Decimal | None = None
    """What it is filled at; None = its limit."""
    gone_to: Decimal | None = None
    """The price at which the market is when the order arrives; a limit short of it fills nothing."""
    rests: bool = False
    """Whether what is not filled stays open until cancelled, though it was IOC."""
    stream: float | None = 0.005
    """When the private stream tells; None = never."""
    fees_told: bool = True
    """Whether the stream's fills bear their fee."""
    twice: bool = False
    """Whether the stream tells everything twice, the second time backwards."""
    named: bool = True
    """Whether the stream's messages bear our client order id."""
    shown: float = 0.0
    """When queries, history and fills show it."""


@dataclass
class Standing:
    """One order as the venue has it."""

    request: OrderRequest
    order_id: OrderId
    created: float
    shown: float
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    fills: list[Fill] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.status in {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED}


def card(name: str, **changes: Any) -> ExchangeCard:
    facts: dict[str, Any] = {
        "id": ExchangeId(name),
        "name": name,
        "contract": 1,
        "docs": "",
        "hosts": Hosts(rest="", ws_public=""),
        "capabilities": STREAMS | {Capability.TRADING, Capability.IOC, Capability.ORDER_HISTORY},
        "fees": FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
        "client_ids": ClientIdRule(max_length=32, lookup="always", history_lag_ns=5 * SECOND),
    }
    return ExchangeCard(**{**facts, **changes})


def _is_short(request: OrderRequest, market: Decimal | None) -> bool:
    if market is None or request.price is None:
        return False
    return request.price < market if request.side is Side.BUY else request.price > market


class ScriptedVenue:
    """Takes orders, keeps balances. `script` says what becomes of the next ones; when it is used up, `default` does."""

    def __init__(
        self, name: str, instruments: Sequence[Instrument], balances: Mapping[str, str | Decimal], **changes: Any
    ) -> None:
        self.name = VenueName(name)
        self.card = card(name, **changes)
        self.markets = MarketTable(name)
        self.markets.fill({instrument.symbol: instrument for instrument in instruments})
        self.balances = {Asset(asset): Decimal(amount) for asset, amount in balances.items()}
        self.fee = Decimal("0.001")
        self.fee_asset: Callable[[OrderRequest], Asset] = lambda request: Asset(request.symbol.quote)
        self.default = Play()
        self.script: list[Play] = []
        self.placed: list[ClientOrderId] = []
        """Every request that ever arrived, in its order."""
        self.orders: dict[OrderId, Standing] = {}
        self.accounts: list[ScriptedAccount] = []
        self.calls: list[str] = []
        self.faults: dict[str, list[Exception]] = {}
        """By method: what its next calls raise."""
        self.countdowns: list[int] = []
        self.balances_take = 0.002
        """Seconds from the moment at which the account is read until the answer is there."""
        self.bare_fills = False
        """Whether lists of fills name orders by our id as well, or by theirs alone."""
        self._serial = count(1)
        self._trade = count(1)

    # -- what the venue does

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def now_ns(self) -> int:
        return EPOCH + round(self.now() * SECOND)

    def take(self, request: OrderRequest, play: Play) -> Standing:
        """Take an order and do with it at once what the script says."""
        self.placed.append(request.client_order_id)
        standing = Standing(request, OrderId(f"{self.name}-{next(self._serial)}"), self.now(), self.now() + play.shown)
        self.orders[standing.order_id] = standing
        assert request.quantity is not None
        lot = self.markets.instrument(request.symbol).lot
        fills = Decimal(0) if _is_short(request, play.gone_to) else play.fills
        whole = (request.quantity * fills / lot).to_integral_value(ROUND_FLOOR) * lot
        parts = min(play.parts, int(whole / lot)) or 1
        each = (whole / parts / lot).to_integral_value(ROUND_FLOOR) * lot
        for number in range(parts):
            quantity = whole - each * (parts - 1) if number == parts - 1 else each
            if quantity:
                self.fill(standing, quantity, play.gone_to or play.price or request.price or Decimal(0))
        if not (play.rests and standing.filled < request.quantity):
            self.end(standing)
        return standing

    def fill(self, standing: Standing, quantity: Decimal, price: Decimal) -> Fill:
        """Fill a part of an order and move the money."""
        request = standing.request
        asset = self.fee_asset(request)
        fee = self.fee * (quantity if asset == request.symbol.base else quantity * price)
        if asset not in {request.symbol.base, request.symbol.quote}:
            fee = self.fee
        fill = Fill(
            pair=self.markets.pair(request.symbol),
            trade_id=f"t{next(self._trade)}",
            order_id=standing.order_id,
            client_order_id=request.client_order_id,
            side=request.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_asset=asset,
            role=LiquidityRole.TAKER,
            exchange_ns=self.now_ns(),
        )
        standing.fills.append(fill)
        standing.filled += quantity
        standing.spent += quantity * price
        sign = 1 if request.side is Side.BUY else -1
        self.move(request.symbol.base, sign * quantity)
        self.move(request.symbol.quote, -sign * quantity * price)
        self.move(asset, -fee)
        assert request.quantity is not None
        standing.status = OrderStatus.FILLED if standing.filled >= request.quantity else OrderStatus.PARTIALLY_FILLED
        return fill

    def end(self, standing: Standing) -> None:
        """End an order as IOC does."""
        if standing.status is not OrderStatus.FILLED:
            standing.status = OrderStatus.CANCELED

    def move(self, asset: str, amount: Decimal) -> None:
        self.balances[Asset(asset)] = self.balances.get(Asset(asset), Decimal(0)) + amount

    def show(self, standing: Standing) -> Order:
        request = standing.request
        return Order(
            pair=self.markets.pair(request.symbol),
            order_id=standing.order_id,
            client_order_id=request.client_order_id,
            side=request.side,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.IOC,
            status=standing.status,
            price=request.price,
            quantity=request.quantity,
            filled=standing.filled,
            filled_quote=standing.spent,
            created_ns=EPOCH + round(standing.created * SECOND),
        )

    def by_client(self, id_: str) -> Standing | None:
        return next((o for o in self.orders.values() if o.request.client_order_id == id_), None)

    def foreign(self, symbol: Symbol, side: Side = Side.BUY) -> Standing:
        """Stand an order of somebody else on the account."""
        request = OrderRequest(
            symbol=symbol,
            side=side,
            client_order_id=ClientOrderId(f"byhand{next(self._serial)}"),
            quantity=Decimal(1),
            price=Decimal(1),
        )
        standing = Standing(request, OrderId(f"{self.name}-{next(self._serial)}"), self.now(), 0.0)
        self.orders[standing.order_id] = standing
        return standing

    # -- what it tells

    def tell(self, standing: Standing, play: Play) -> None:
        """Send what the private stream says of an order as it stands now."""
        bare = {} if play.named else {"client_order_id": None}
        fills = [replaced(fill, **bare, **({} if play.fees_told else {"fee": None})) for fill in standing.fills]
        order = replaced(self.show(standing), **bare)
        messages: list[Callable[[AccountListener], None]] = [
            *(lambda listener, fill=fill: listener.on_fill(self.name, fill) for fill in fills),
            lambda listener: listener.on_order(self.name, order),
            *(
                lambda listener, asset=asset: listener.on_balance(self.name, self.balance(asset))
                for asset in sorted(self.balances)
            ),
        ]
        if play.twice:
            messages += reversed(messages)
        for message in messages:
            for account in list(self.accounts):
                account.hear(message)

    def balance(self, asset: Asset) -> Balance:
        return Balance(asset=asset, free=self.balances.get(asset, Decimal(0)))


def replaced(struct: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(struct, **changes)


class ScriptedAccount(Account):
    """What one process has open at the venue."""

    def __init__(self, venue: ScriptedVenue, *, listening: bool = True) -> None:
        self.at = venue
        self.venue = venue.name
        self.card = venue.card
        self.markets = venue.markets
        self.private = ScriptedPrivate(venue)
        self.hears = listening
        self._listeners: list[AccountListener] = []
        venue.accounts.append(self)

    @property
    def listening(self) -> bool:
        return self.hears

    def listen(self, listener: AccountListener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def hear(self, message: Callable[[AccountListener], None]) -> None:
        if self.hears:
            for listener in list(self._listeners):
                message(listener)

    def deafen(self, reason: str = "disconnected") -> None:
        self.hears = False
        for listener in list(self._listeners):
            listener.on_deaf(self.venue, reason)

    def undeafen(self) -> None:
        self.hears = True
        for listener in list(self._listeners):
            listener.on_listening(self.venue)

    def drop(self) -> None:
        """End as a process does that was killed: nothing is told to it any more."""
        self._listeners.clear()
        self.at.accounts.remove(self)


class ScriptedPrivate(PrivateExchange):
    """Requests to the venue; each takes a moment of virtual time."""

    def __init__(self, venue: ScriptedVenue) -> None:
        self._venue = venue

    async def _call(self, name: str, seconds: float = 0.002) -> None:
        self._venue.calls.append(name)
        faults = self._venue.faults.get(name)
        await let_pass(seconds)
        if faults:
            raise faults.pop(0)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        venue = self._venue
        play = venue.script.pop(0) if venue.script else venue.default
        venue.calls.append("place_order")
        loop = asyncio.get_running_loop()
        if play.refuses is not None:
            venue.placed.append(request.client_order_id)
            await let_pass(play.answers or play.gives_up)
            raise play.refuses
        taken: list[Standing] = []

        def take() -> None:
            if venue.by_client(request.client_order_id) is not None:
                venue.placed.append(request.client_order_id)
                return
            taken.append(venue.take(request, play))
            if play.stream is not None:
                loop.call_later(play.stream, venue.tell, taken[0], play)

        if play.takes:
            # What is on its way arrives, whatever becomes of the one who sent it.
            loop.call_later(play.arrives, take)
        await let_pass(play.gives_up if play.answers is None else max(play.answers, play.arrives))
        if play.answers is None or not taken:
            raise OutcomeUnknown("no answer", exchange=venue.card.id, client_order_id=request.client_order_id)
        if not play.tells:
            return OrderAck(order_id=taken[0].order_id)
        return OrderAck(order_id=taken[0].order_id, status=taken[0].status, filled=taken[0].filled)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        await self._call("cancel_order")
        standing = self._find(order_id, client_order_id)
        if standing is None or not standing.open:
            raise OrderNotFound("not open", exchange=self._venue.card.id)
        self._venue.end(standing)
        standing.status = OrderStatus.CANCELED

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        raise AssertionError("an engine cancels its own orders only")

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        await self._call("get_order")
        standing = self._find(order_id, client_order_id)
        lookup = self._venue.card.client_ids.lookup
        if standing is not None and order_id is None:
            assert lookup != "none", "this venue finds no order by our id"
            if lookup == "while_open" and not standing.open:
                standing = None
        if standing is None or standing.shown > self._venue.now():
            raise OrderNotFound("unknown order", exchange=self._venue.card.id)
        return self._venue.show(standing)

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        await self._call("get_open_orders")
        return [
            self._venue.show(standing)
            for standing in self._venue.orders.values()
            if standing.open and symbol in {None, standing.request.symbol}
        ]

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        await self._call("get_order_history")
        return [self._venue.show(standing) for standing in self._shown(symbol, since_ns)]

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        await self._call("get_fills")
        bare = {"client_order_id": None} if self._venue.bare_fills else {}
        return [
            replaced(fill, **bare)
            for standing in self._shown(symbol, since_ns)
            for fill in standing.fills
            if order_id in {None, standing.order_id}
        ]

    async def get_balances(self) -> dict[Asset, Balance]:
        then = {asset: self._venue.balance(asset) for asset in self._venue.balances}
        await self._call("get_balances", self._venue.balances_take)
        return then

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        return TradingFees(maker=self._venue.fee, taker=self._venue.fee)

    async def get_permissions(self) -> KeyPermissions:
        return KeyPermissions()

    async def arm_countdown(self, timeout_ns: int) -> None:
        if Capability.COUNTDOWN_CANCEL not in self._venue.card.capabilities:
            raise NotSupported("no countdown")
        await self._call("arm_countdown")
        self._venue.countdowns.append(timeout_ns)

    def _find(self, order_id: OrderId | None, client_order_id: ClientOrderId | None) -> Standing | None:
        assert (order_id is None) != (client_order_id is None), "an order is named by exactly one of its ids"
        if order_id is not None:
            return self._venue.orders.get(order_id)
        return self._venue.by_client(str(client_order_id))

    def _shown(self, symbol: Symbol, since_ns: int) -> list[Standing]:
        now = self._venue.now()
        return [
            standing
            for standing in self._venue.orders.values()
            if standing.request.symbol == symbol
            and standing.shown <= now
            and EPOCH + round(standing.created * SECOND) >= since_ns
        ]


def no_money(venue: str) -> Exception:
    return InsufficientBalance("not enough", exchange=venue)
