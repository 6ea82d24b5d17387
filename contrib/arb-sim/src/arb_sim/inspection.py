"""A simulated account as its venue knows it, without any fault: what tests compare a client's own journal with.

In the same process `Inspection` answers; a served venue answers `GET /_sim/...`, a path that no exchange has, with the
same structs in JSON. Entered by tests, the demo and whoever wants to be sure.

    /_sim/account      everything at one moment; also alone: /_sim/balances /_sim/statement /_sim/orders
                       /_sim/open_orders /_sim/fills; `?account=` where there are several
    /_sim/faults       how often each fault happened; POST a fault of a script (JSON) to arm it
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from arb_sim.faults import Fault
from arb_sim.kernel.accounts import Account, Movement
from arb_sim.kernel.money import exact
from arb_sim.kernel.orders import Fill, Order
from arb_sim.kernel.rest import json, parameters
from arb_sim.kernel.trading import Trading
from arb_sim.venue import Request, Response

if TYPE_CHECKING:
    from arb_sim.kernel.venue import VenueKernel

__all__ = ["PREFIX", "AccountState", "Balance", "FillState", "Inspection", "Line", "OrderState"]

PREFIX = "/_sim/"


class Balance(msgspec.Struct, frozen=True):
    """What there is of an asset."""

    free: Decimal
    locked: Decimal


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of money, and what there was after it; `reason` as in `kernel.accounts.Reason`."""

    number: int
    at_ns: int
    asset: str
    free: Decimal
    locked: Decimal
    free_after: Decimal
    locked_after: Decimal
    reason: str
    order: str | None
    trade: int | None


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """An order. `size`, `filled` count base, `budget`, `spent` quote; `end` as in `kernel.orders.End`."""

    id: str
    client_id: str | None
    symbol: str
    pair: str
    side: str
    kind: str
    force: str
    price: Decimal | None
    size: Decimal | None
    budget: Decimal | None
    filled: Decimal
    spent: Decimal
    locked: Decimal
    fees: dict[str, Decimal]
    status: str
    end: str | None
    created_ns: int
    updated_ns: int


class FillState(msgspec.Struct, frozen=True, kw_only=True):
    """A fill. `fee` is what was charged of `fee_asset`; negative = a rebate."""

    trade: int
    order: str
    client_id: str | None
    symbol: str
    pair: str
    side: str
    price: Decimal
    size: Decimal
    quote: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    self_trade: bool
    at_ns: int


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """All of an account at one moment."""

    exchange: str
    account: str
    at_ns: int
    balances: dict[str, Balance]
    orders: list[OrderState]
    fills: list[FillState]
    statement: list[Line]


class Inspection:
    """The accounts of one venue; `account` is a uid, None = the one that `keys` reach."""

    def __init__(self, venue: "VenueKernel") -> None:
        self._venue = venue
        self._pages: dict[str, Callable[[str | None], object]] = {
            "account": self.account,
            "balances": self.balances,
            "statement": self.statement,
            "orders": self.orders,
            "open_orders": self.open_orders,
            "fills": self.fills,
        }

    @property
    def _trading(self) -> Trading:
        return self._venue.trading

    def _find(self, uid: str | None) -> Account:
        """Return an account.

        Raises:
            LookupError: there is none of that name.
        """
        if uid is None:
            return self._venue.account
        account = self._trading.accounts.find(uid)
        if account is None:
            raise LookupError(f"no account {uid}; there are {', '.join(each.uid for each in self._trading.accounts)}")
        return account

    def account(self, account: str | None = None) -> AccountState:
        """Return everything."""
        return AccountState(
            exchange=self._venue.habits.exchange,
            account=self._find(account).uid,
            at_ns=self._venue.timeline.now_ns,
            balances=self.balances(account),
            orders=self.orders(account),
            fills=self.fills(account),
            statement=self.statement(account),
        )

    def balances(self, account: str | None = None) -> dict[str, Balance]:
        """Return every asset that the account ever had."""
        return {asset: Balance(*held) for asset, held in self._find(account).balances().items()}

    def statement(self, account: str | None = None) -> list[Line]:
        """Return every movement since the account was opened."""
        return [_line(movement) for movement in self._find(account).statement]

    def orders(self, account: str | None = None) -> list[OrderState]:
        """Return every order, oldest first."""
        return [_order(order) for order in self._trading.register(self._find(account)).orders(None, None)]

    def open_orders(self, account: str | None = None) -> list[OrderState]:
        """Return the open ones."""
        return [order for order in self.orders(account) if order.status == "open"]

    def fills(self, account: str | None = None) -> list[FillState]:
        """Return every fill, oldest first."""
        return [_fill(fill) for fill in self._trading.register(self._find(account)).fills]

    def answer(self, request: Request) -> Response:
        """Answer a request below `PREFIX`."""
        name = request.path.removeprefix(PREFIX)
        try:
            if name == "faults":
                return self._faults(request)
            page = self._pages.get(name)
            if page is None:
                return json({"error": f"no {name}; there are {', '.join([*self._pages, 'faults'])}"}, status=404)
            return json(page(parameters(request).get("account")))
        except (LookupError, ValueError) as error:
            return json({"error": str(error)}, status=400)

    def _faults(self, request: Request) -> Response:
        faults = self._venue.faults
        if request.method == "POST":
            faults.arm(msgspec.json.decode(request.body, type=Fault))
        return json({"counts": {kind.value: times for kind, times in faults.counts.items()}})


def _line(movement: Movement) -> Line:
    return Line(
        number=movement.number,
        at_ns=movement.at_ns,
        asset=movement.asset,
        free=exact(movement.free),
        locked=exact(movement.locked),
        free_after=exact(movement.free_after),
        locked_after=exact(movement.locked_after),
        reason=movement.reason.value,
        order=movement.order,
        trade=movement.trade,
    )


def _order(order: Order) -> OrderState:
    listing = order.market.listing
    price, size = listing.price_decimals, listing.size_decimals
    return OrderState(
        id=order.id,
        client_id=order.client_id,
        symbol=str(listing.symbol),
        pair=listing.pair,
        side="buy" if order.buys else "sell",
        kind=order.kind.value,
        force=order.force.value,
        price=None if order.price is None else exact(order.price, price),
        size=None if order.size is None else exact(order.size, size),
        budget=None if order.budget is None else exact(order.budget, price + size),
        filled=exact(order.filled, size),
        spent=exact(order.spent, price + size),
        locked=exact(order.locked),
        fees={asset: exact(charged) for asset, charged in order.fees},
        status=order.status.value,
        end=None if order.end is None else order.end.value,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
    )


def _fill(fill: Fill) -> FillState:
    listing = fill.market.listing
    price, size = listing.price_decimals, listing.size_decimals
    return FillState(
        trade=fill.number,
        order=fill.order_id,
        client_id=fill.client_id,
        symbol=str(listing.symbol),
        pair=listing.pair,
        side="buy" if fill.buys else "sell",
        price=exact(fill.price, price),
        size=exact(fill.size, size),
        quote=exact(fill.quote, price + size),
        fee=exact(fill.fee),
        fee_asset=fill.fee_asset,
        maker=fill.maker,
        self_trade=fill.self_trade,
        at_ns=fill.at_ns,
    )
