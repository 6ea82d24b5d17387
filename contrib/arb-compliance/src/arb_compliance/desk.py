"""A plugin with a key, before an account in a market that stands still: what it sends, hears and is told is compared.

Entered by the cases of tiers private and limits. The venue's own books of the account (`truth` and its neighbours) are
the measure: whatever the plugin says of an order, a fill or a balance is what they say, or that nobody knows.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Self

from arb_core.interfaces.account import AccountListener
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials
from arb_core.structs.card import Capability
from arb_core.structs.market import Instrument, Side, Symbol, VenueName
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    LiquidityRole,
    Order,
    OrderId,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from arb_sim.faults import Fault, FaultKind
from arb_sim.inspection import FillState, OrderState
from arb_sim.kernel.access import Permission
from arb_sim.kernel.orders import NewOrder
from arb_sim.kernel.orders import Order as KernelOrder

from arb_compliance.expect import equal, fail, true
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

__all__ = ["BTC", "LINK", "Desk", "Heard", "execution_of", "same_fills", "same_order"]

SECOND = 1_000_000_000

BTC = Symbol("BTC", "USDT")
LINK = Symbol("LINK", "USDT")

FAR = Decimal("0.8")
"""Of the best bid: where an order rests."""

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
FORCES = {
    "gtc": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "post_only": TimeInForce.POST_ONLY,
}
TYPES = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}


class Heard(AccountListener):
    """All that the private streams told; `changed` is called at each."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.balances: list[Balance] = []
        self.listening = 0
        self.deaf: list[str] = []
        self.changed = changed

    def on_order(self, venue: VenueName, order: Order) -> None:
        self.orders.append(order)
        self.changed()

    def on_fill(self, venue: VenueName, fill: Fill) -> None:
        self.fills.append(fill)
        self.changed()

    def on_balance(self, venue: VenueName, balance: Balance) -> None:
        self.balances.append(balance)
        self.changed()

    def on_listening(self, venue: VenueName) -> None:
        self.listening += 1
        self.changed()

    def on_deaf(self, venue: VenueName, reason: str) -> None:
        self.deaf.append(reason)
        self.changed()

    def last_of(self, order_id: OrderId) -> Order | None:
        """Return the last that was told of an order."""
        return next((order for order in reversed(self.orders) if order.order_id == order_id), None)


class Desk(Stage):
    """Within `async with`: the instruments are known, and `private` is the plugin's, where it has one."""

    credentials: Credentials

    def __init__(
        self,
        subject: Subject,
        *,
        seed: int = 0,
        symbols: Sequence[str] = ("BTC/USDT", "LINK/USDT"),
        faults: Iterable[Fault] = (),
        credentials: Credentials | None = None,
        permissions: Iterable[Permission] | None = None,
    ) -> None:
        """As `Stage`; with `permissions` its key is one that may do these."""
        super().__init__(
            subject,
            seed=seed,
            symbols=symbols,
            faults=faults,
            steps_per_s=0,
            account=subject.claims(Capability.TRADING),
            credentials=credentials,
        )
        own = self.kernel.keys
        if own is None:
            raise fail("the simulated venue has no keys of its account", fix="VenueKernel makes them")
        if permissions is not None:
            self.kernel.key_ring.issue(self.kernel.account, own, permissions=frozenset(permissions))
        self.credentials = credentials or Credentials(
            api_key=own.api_key, api_secret=own.api_secret, api_passphrase=own.passphrase
        )
        self.heard = Heard(self._changed.set)
        self.begun_ns = self.clock.now_ns() - SECOND
        """Before anything happened."""
        self._ids = 0

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            await self.venue.load_markets()
        except BaseException as error:
            await self.__aexit__(type(error), error, None)
            raise
        return self

    @property
    def private(self) -> PrivateExchange:
        """The plugin's private side."""
        return self.venue.private

    async def listen(self) -> None:
        """Open the private streams, and wait until all are acknowledged."""
        self.venue.account.listen(self.heard)
        await self.until(lambda: self.venue.account.listening, "the private streams acknowledged", at_most_s=120)

    # The venue's side

    def arm(self, kind: FaultKind, **more: Any) -> None:
        """As `Stage.arm`, for whatever symbol unless `pair` names one."""
        super().arm(kind, **{"pair": None, **more})

    def truth(self, order_id: str) -> OrderState:
        """Return an order as the venue's account has it."""
        for order in self.kernel.inspection.orders():
            if order.id == order_id:
                return order
        raise fail("the venue knows no order of this id", found=order_id, expected=self._all_ids())

    def named(self, client_order_id: ClientOrderId) -> list[OrderState]:
        """Return the venue's orders that bear an id of ours, prefix included, oldest first."""
        name = self.subject.card.client_ids.prefix + client_order_id
        return [order for order in self.kernel.inspection.orders() if order.client_id == name]

    def fills_of(self, order_id: str | None = None) -> list[FillState]:
        """Return the venue's fills of an order, or of all."""
        return [fill for fill in self.kernel.inspection.fills() if order_id in {None, fill.order}]

    def serve(self, order_id: OrderId, quantity: Decimal) -> None:
        """Let somebody of the street take so much of an order of ours that rests."""
        self._now()
        order = self.truth(order_id)
        market = self.kernel.by_pair[order.pair]
        listing = market.listing
        if order.price is None:
            raise ValueError(f"{order_id} is a market order, which never rests")
        price, lots = int(order.price / listing.tick), int(quantity / listing.lot)
        market.trade(price, lots, self.kernel.timeline.now_ns, taker_buys=order.side == "sell")
        self.transport.wake()

    def again(self, order_id: OrderId) -> KernelOrder:
        """Place an order like another under a new id, as another program with the same key would: nothing is sent."""
        self._now()
        trading, account = self.kernel.trading, self.kernel.account
        model = trading.find(account, order_id=order_id)
        listing = model.market.listing
        new = NewOrder(
            market=model.market,
            buys=model.buys,
            kind=model.kind,
            force=model.force,
            price=None if model.price is None else model.price * listing.tick,
            size=None if model.size is None else model.size * listing.lot,
            client_id=f"{self.subject.card.client_ids.prefix}{self.new_id()}",
            note=model.note,
        )
        return trading.place(account, new)

    # Orders

    def new_id(self) -> ClientOrderId:
        """Return an id of the length that the engine gives: 18 characters, a letter first."""
        self._ids += 1
        return ClientOrderId(f"arbkit0z{self._ids:010d}")

    def instrument(self, symbol: Symbol) -> Instrument:
        """Return what the plugin said of a symbol."""
        return self.venue.markets.instrument(symbol)

    def best(self, symbol: Symbol, side: Side) -> Decimal:
        """Return the venue's best bid for BUY, best ask for SELL."""
        market = self.market(symbol).look()
        ladder = market.book.bids if side is Side.BUY else market.book.asks
        if ladder.best is None:
            raise fail("the venue's book has an empty side", found=str(symbol))
        return ladder.best * market.listing.tick

    def offered(self, symbol: Symbol, side: Side, levels: int = 1) -> Decimal:
        """Return how much stands in the best levels of that side, in base."""
        market = self.market(symbol).look()
        ladder = market.book.bids if side is Side.BUY else market.book.asks
        return sum((size for _, size in ladder.top(levels)), 0) * market.listing.lot

    def smallest(self, symbol: Symbol, price: Decimal, *, times: int = 3) -> Decimal:
        """Return a size that is well above every minimum, in whole lots."""
        listing = self.market(symbol).listing
        least = max(listing.min_size * listing.lot, listing.min_notional / price) * times
        return (least / listing.lot).to_integral_value(ROUND_CEILING) * listing.lot

    def request(
        self,
        symbol: Symbol = LINK,
        side: Side = Side.BUY,
        *,
        price: Decimal | None = None,
        quantity: Decimal | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
    ) -> OrderRequest:
        """Make a limit order: by default a small one that rests far from the market."""
        listing = self.market(symbol).listing
        if price is None:
            factor = FAR if side is Side.BUY else 1 / FAR
            price = self.best(symbol, side) * factor
        price = (price / listing.tick).to_integral_value(ROUND_FLOOR) * listing.tick
        return OrderRequest(
            symbol=symbol,
            side=side,
            client_order_id=self.new_id(),
            time_in_force=time_in_force,
            quantity=self.smallest(symbol, price) if quantity is None else quantity,
            price=price,
        )

    def taking(
        self,
        symbol: Symbol = LINK,
        side: Side = Side.BUY,
        *,
        levels: int = 2,
        more: Decimal = Decimal(0),
        time_in_force: TimeInForce = TimeInForce.GTC,
    ) -> OrderRequest:
        """Make a limit order for all that stands in some levels of the other side, and for so much more."""
        other = Side.SELL if side is Side.BUY else Side.BUY
        market = self.market(symbol).look()
        ladder = market.book.asks if side is Side.BUY else market.book.bids
        price = ladder.at(levels - 1) * market.listing.tick
        quantity = self.offered(symbol, other, levels) + more
        return self.request(symbol, side, price=price, quantity=quantity, time_in_force=time_in_force)

    def market_order(
        self, symbol: Symbol, side: Side, *, quantity: Decimal | None = None, quote_quantity: Decimal | None = None
    ) -> OrderRequest:
        """Make a market order."""
        return OrderRequest(
            symbol=symbol,
            side=side,
            client_order_id=self.new_id(),
            type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            quantity=quantity,
            quote_quantity=quote_quantity,
        )

    async def rests(self, symbol: Symbol = LINK, side: Side = Side.BUY) -> tuple[OrderRequest, OrderId]:
        """Place an order that rests, and return it with the venue's id."""
        request = self.request(symbol, side)
        ack = await self.private.place_order(request)
        return request, ack.order_id

    def sent_with(self, client_order_id: ClientOrderId) -> list[str]:
        """Return each request, and each frame, that left with an id of ours and was more than a question."""
        mark = client_order_id.encode()
        asked = [
            f"{request.method} {request.path}"
            for _, request in self.seen.requests
            if request.method != "GET" and mark in f"{request.path} {request.query} ".encode() + request.body
        ]
        frames = (frame.encode() if isinstance(frame, str) else frame for frame in self.seen.sent)
        return asked + ["a frame" for frame in frames if mark in frame]

    def _all_ids(self) -> list[str]:
        return [order.id for order in self.kernel.inspection.orders()]


def same_order(subject: Subject, found: Order, true_: OrderState, where: str) -> None:
    """Compare what the plugin says of an order with the venue's own.

    What decides about money (side, status, filled) must be said; the rest must be right where it is said.
    """
    prefix = subject.card.client_ids.prefix
    equal(found.order_id, true_.id, f"{where}: another order")
    equal(found.pair, true_.pair, f"{where}: the pair is not the order's")
    equal(found.side.name, SIDES[true_.side].name, f"{where}: the side is not the order's")
    equal(found.status.name, _status(true_).name, f"{where}: the status is not the order's", frame=found)
    equal(
        found.filled,
        true_.filled,
        f"{where}: what is filled is not the order's",
        frame=found,
        fix="cumulative, in base; None where the venue does not say it, never 0",
    )
    if found.client_order_id is not None and true_.client_id is not None:
        equal(
            prefix + found.client_order_id,
            true_.client_id,
            f"{where}: the client order id is not ours",
            fix="strip the card's prefix, and nothing else",
        )
    said = {
        "type": (found.type.name, TYPES[true_.kind].name, found.type is not OrderType.UNKNOWN),
        "price": (found.price, true_.price, found.price is not None),
        "quantity": (found.quantity, true_.size, found.quantity is not None and true_.size is not None),
        "filled_quote": (found.filled_quote, true_.spent, found.filled_quote is not None),
    }
    if true_.kind == "limit":
        known = found.time_in_force is not TimeInForce.UNKNOWN
        said["time_in_force"] = (found.time_in_force.name, FORCES[true_.force].name, known)
    for name, (value, expected, is_said) in said.items():
        if is_said:
            equal(value, expected, f"{where}: {name} is not the order's", frame=found)
    for name, at_ns in (("created_ns", true_.created_ns), ("updated_ns", true_.updated_ns)):
        moment = getattr(found, name)
        if moment is not None:
            true(
                abs(moment - at_ns) < 2 * SECOND,
                f"{where}: {name} is not when it was",
                found=f"{moment}, and it was {at_ns}",
                fix="nanoseconds since 1970; look at the unit of the venue's field",
            )


def execution_of(fill: Fill) -> tuple[OrderId, str]:
    """Return what tells an execution from every other: a trade with oneself is two under one trade_id."""
    return fill.order_id, fill.trade_id


def same_fills(subject: Subject, found: Iterable[Fill], true_: Iterable[FillState], where: str) -> None:
    """Compare executions, each once, whatever their order; a fee may be unknown, never wrong."""
    rows = list(found)
    ids = [execution_of(fill) for fill in rows]
    true(len(ids) == len(set(ids)), f"{where}: two fills of one order under one trade_id", found=ids)
    expected = sorted(true_, key=_of_truth)
    rows.sort(key=lambda fill: (fill.order_id, fill.side.name, fill.price, fill.quantity, fill.exchange_ns))
    equal(
        [(fill.order_id, fill.pair, fill.side.name, fill.price, fill.quantity) for fill in rows],
        [(fill.order, fill.pair, SIDES[fill.side].name, fill.price, fill.size) for fill in expected],
        f"{where}: the fills are not the account's",
        fix="one `Fill` an execution, with its own quantity: not the order's total so far",
    )
    prefix = subject.card.client_ids.prefix
    for fill, right in zip(rows, expected, strict=True):
        if fill.client_order_id is not None and right.client_id is not None:
            equal(prefix + fill.client_order_id, right.client_id, f"{where}: the client order id is not ours")
        if fill.role is not LiquidityRole.UNKNOWN:
            equal(
                fill.role.name, "MAKER" if right.maker else "TAKER", f"{where}: the role is not the fill's", frame=fill
            )
        true(
            abs(fill.exchange_ns - right.at_ns) < 2 * SECOND,
            f"{where}: exchange_ns is not when it was",
            found=f"{fill.exchange_ns}, and it was {right.at_ns}",
        )
    charged = [(fill.order_id, fill.fee, fill.fee_asset) for fill in rows if fill.fee is not None]
    if len(charged) < len(rows):
        subject.warn(f"{where}: {len(rows) - len(charged)} of {len(rows)} fills have no fee")
        return
    equal(
        sorted((order, fee, str(asset)) for order, fee, asset in charged),
        sorted((fill.order, fill.fee, fill.fee_asset) for fill in expected),
        f"{where}: the fees are not the account's",
        fix="what was charged and in which asset; fees in base are taken from what was bought",
    )


def _status(order: OrderState) -> OrderStatus:
    if order.status == "open":
        return OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.OPEN
    return OrderStatus.FILLED if order.status == "filled" else OrderStatus.CANCELED


def _of_truth(fill: FillState) -> tuple[str, str, Decimal, Decimal, int]:
    return fill.order, SIDES[fill.side].name, fill.price, fill.size, fill.at_ns
