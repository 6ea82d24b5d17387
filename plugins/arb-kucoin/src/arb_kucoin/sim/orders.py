"""Orders on the wire: how clients write them, how KuCoin shows and refuses them. Pure.

Entered by the desk, which takes orders, and by the rooms that tell of them.

Source: https://www.kucoin.com/docs-new/rest/spot-trading/orders/add-order and its neighbours.
"""

import re
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Force, Kind, Order, Refused, SelfTrade, Status, Why

from arb_kucoin.sim.spelling import Declined, invalid, plain, price, quote, size

__all__ = [
    "STP",
    "Countdown",
    "Extras",
    "Gone",
    "Placement",
    "Several",
    "cancelled",
    "cancelled_funds",
    "decimal",
    "declined",
    "forced",
    "funds",
    "gone",
    "left",
    "left_funds",
    "named",
    "shown",
    "shown_fill",
    "synced",
    "wanted",
]

CLIENT_OID = re.compile(r"[0-9A-Za-z_-]{1,40}")
NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
"""How prices and amounts are written."""

FORCES = {"GTC": Force.GTC, "GTT": Force.GTC, "IOC": Force.IOC, "FOK": Force.FOK}
FORCE_NAMES = {Force.GTC: "GTC", Force.POST_ONLY: "GTC", Force.IOC: "IOC", Force.FOK: "FOK"}

STP = {"CN": SelfTrade.CANCEL_TAKER, "CO": SelfTrade.CANCEL_MAKER, "CB": SelfTrade.CANCEL_BOTH}
"""Cancel the newest, the oldest, both."""
STP_NAMES = {act: name for name, act in STP.items()}

SAYINGS = {
    Why.HALTED: (200009, "trading of this pair is suspended"),
    Why.PRICE_STEP: (600100, "Order price increment invalid."),
    Why.SIZE_STEP: (600100, "Order size increment invalid."),
    Why.SIZE_TOO_SMALL: (400100, "Order size below the minimum requirement."),
    Why.SIZE_TOO_LARGE: (600101, "Order size above the maximum requirement."),
    Why.NOTIONAL_TOO_SMALL: (600100, "Funds below the minimum requirement."),
    Why.NOTIONAL_TOO_LARGE: (600104, "Funds above the maximum requirement."),
    Why.PRICE_BAND: (400100, "price not in the given range!"),
    Why.FUNDS: (200004, "Balance insufficient!"),
    Why.CLIENT_ID: (400100, "validation.createOrder.clientOidDuplicated"),
    Why.WOULD_TAKE: (400760, "Order would be filled at once."),
    Why.NOT_FILLABLE: (400760, "Order can not be filled completely."),
    Why.NO_LIQUIDITY: (400760, "The order book is empty."),
    Why.TOO_MANY_ORDERS: (200003, "Number of orders breached the limit"),
    Why.NOT_FOUND: (100001, "error.getOrder.orderNotExist"),
    Why.ENDED: (400100, "order_not_exist_or_not_allow_to_cancel"),
    Why.NO_CHANGE: (400100, "Parameter error: newSize"),
}
"""Why -> code and message. What KuCoin takes and ends at once is never refused, but where a fault wants it so."""


class Placement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new order as a client writes it."""

    symbol: str = ""
    side: str = ""
    type: str = "limit"
    client_oid: str | None = None
    price: str | None = None
    size: str | None = None
    funds: str | None = None
    time_in_force: str | None = None
    cancel_after: int | None = None
    post_only: bool | None = None
    hidden: bool | None = None
    iceberg: bool | None = None
    visible_size: str | None = None
    stp: str | None = None
    remark: str | None = None
    tags: str | None = None
    allow_max_time_window: int | None = None
    client_timestamp: int | None = None


class Several(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A list of new orders."""

    order_list: list[Placement]


class Countdown(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel everything in so many seconds unless told again, -1 = not any more; `symbols` with commas, none = all."""

    timeout: int
    symbols: str = ""


class Extras(NamedTuple):
    """What the client wrote to its order that does not concern matching."""

    time_in_force: str | None = None
    cancel_after: int = 0
    remark: str | None = None
    tags: str | None = None


def named(client_oid: str | None) -> str | None:
    """Check what a client calls its order.

    Raises:
        Declined: it may not be called so.
    """
    if client_oid is None or client_oid == "":
        return None
    if not CLIENT_OID.fullmatch(client_oid):
        raise invalid("clientOid")
    return client_oid


def forced(placement: Placement) -> Force:
    """Read how long an order stays.

    Raises:
        Declined: its words contradict each other.
    """
    name = placement.time_in_force or "GTC"
    force = FORCES.get(name)
    if force is None or (name == "GTT") is not bool(placement.cancel_after and placement.cancel_after > 0):
        raise invalid("timeInForce" if force is None else "cancelAfter")
    if not placement.post_only:
        return force
    if force is not Force.GTC:
        raise invalid("postOnly")
    return Force.POST_ONLY


def decimal(name: str, text: str | None) -> Decimal:
    """Read a price or an amount.

    Raises:
        Declined: it is no positive number.
    """
    if not NUMBER.fullmatch(text or "") or not (value := Decimal(text or "")):
        raise invalid(name)
    return value


def declined(refused: Refused, *, buys: bool = True) -> Declined:
    """Say in KuCoin's words why a request about orders is refused."""
    market = refused.market
    if refused.why is Why.PRICE_BAND and market is not None and buys:
        highest = market.last_price * market.listing.tick
        return Declined(400370, f"Max. price: {highest:.20f}")
    return Declined(*SAYINGS[refused.why])


# How an order stands


class Gone(NamedTuple):
    """What of an order will never be filled: in base, and in quote."""

    size: int
    funds: int


def gone(order: Order) -> Gone:
    """Return what was canceled. What a filled market order did not spend is not."""
    if order.status is not Status.ENDED:
        return Gone(0, 0)
    if order.budget is not None:
        return Gone(0, order.budget - order.spent)
    return Gone(order.left, order.left * (order.price or 0))


def wanted(order: Order) -> str:
    """Print the size; that of an order by funds is not known."""
    return size(order.market, order.size or 0)


def worth(order: Order) -> int:
    """Return what it is worth: its budget, or size times price."""
    return order.budget if order.budget is not None else (order.size or 0) * (order.price or 0)


def funds(order: Order) -> str:
    """Print the same."""
    return quote(order.market, worth(order))


def left(order: Order) -> str:
    """Print what may still be filled, in base."""
    return size(order.market, order.left if order.is_open else 0)


def left_funds(order: Order) -> str:
    """Print what of its worth was neither spent nor canceled: also of a filled order, which was cheaper than feared."""
    return quote(order.market, max(0, worth(order) - order.spent - gone(order).funds))


def cancelled(order: Order) -> str:
    """Print what was canceled, in base."""
    return size(order.market, gone(order).size)


def cancelled_funds(order: Order) -> str:
    """Print the same in quote."""
    return quote(order.market, gone(order).funds)


def side(*, buys: bool) -> str:
    """Name a side."""
    return "buy" if buys else "sell"


def shown(order: Order, extras: Extras, *, created_ms: int, updated_ms: int) -> dict[str, Any]:
    """Show an order. There is no status: `active`, and of one that has ended `cancelExist`, say how it stands."""
    market = order.market
    money = str(market.listing.symbol.quote)
    return {
        "id": order.id,
        "clientOid": order.client_id or "",
        "symbol": market.pair,
        "opType": "DEAL",
        "type": order.kind.value,
        "side": side(buys=order.buys),
        "price": price(market, order.price or 0),
        "size": wanted(order),
        "funds": funds(order),
        "dealSize": size(market, order.filled),
        "dealFunds": quote(market, order.spent),
        "remainSize": left(order),
        "remainFunds": left_funds(order),
        "cancelledSize": cancelled(order),
        "cancelledFunds": cancelled_funds(order),
        "fee": printed(dict(order.fees).get(money, 0)),
        "feeCurrency": money,
        "stp": STP_NAMES.get(order.self_trade),
        "timeInForce": extras.time_in_force or FORCE_NAMES[order.force],
        "postOnly": order.force is Force.POST_ONLY,
        "hidden": False,
        "iceberg": False,
        "visibleSize": "0",
        "cancelAfter": extras.cancel_after,
        "channel": "API",
        "remark": extras.remark,
        "tags": extras.tags,
        "cancelExist": order.status is Status.ENDED,
        "tradeType": "TRADE",
        "inOrderBook": order.is_open,
        "active": order.is_open,
        "tax": "0",
        "createdAt": created_ms,
        "lastUpdatedAt": updated_ms,
    }


def synced(order: Order) -> dict[str, Any]:
    """Show how an order stands to who waited for the matching engine."""
    return {
        "originSize": wanted(order),
        "dealSize": size(order.market, order.filled),
        "remainSize": left(order),
        "canceledSize": cancelled(order),
        "status": "open" if order.is_open else "done",
    }


def shown_fill(fill: Fill, order: Order | None, *, counter: str, rate: Decimal, created_ms: int) -> dict[str, Any]:
    """Show a fill: `id` counts the fills of the venue, `tradeId` the trades of the market."""
    market = fill.market
    kind = Kind.LIMIT if order is None else order.kind
    return {
        "id": fill.serial,
        "symbol": market.pair,
        "tradeId": fill.number,
        "orderId": fill.order_id,
        "counterOrderId": counter,
        "side": side(buys=fill.buys),
        "liquidity": "maker" if fill.maker else "taker",
        "forceTaker": False,
        "price": price(market, fill.price),
        "size": size(market, fill.size),
        "funds": quote(market, fill.quote),
        "fee": printed(fill.fee),
        "feeRate": plain(rate),
        "feeCurrency": fill.fee_asset,
        "stop": "",
        "tradeType": "TRADE",
        "type": kind.value,
        "taxRate": "0",
        "tax": "0",
        "createdAt": created_ms,
    }
