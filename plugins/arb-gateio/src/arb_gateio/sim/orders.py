"""Orders on the wire: how clients write them, how Gate.io shows and refuses them. Pure.

Entered by the desk, which takes orders, and by the channels, which tell of them.

Source: https://www.gate.com/docs/developers/apiv4/en/#spot
"""

import re
from decimal import Decimal, localcontext
from typing import Any, Literal

import msgspec
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import End, Force, Kind, Order, Refused, SelfTrade, Status, Why

from arb_gateio.sim.spelling import Declined, invalid, plain, price, quote, size

__all__ = [
    "STP_ACTS",
    "Amendment",
    "Cancellation",
    "Placement",
    "decimal",
    "declined",
    "finish_as",
    "forced",
    "left",
    "money_fields",
    "named",
    "shown",
    "told",
]

TEXT = re.compile(r"t-[0-9A-Za-z_.-]{0,28}")
"""What a client may call an order. Other texts name the venue's own sources, such as `101` for its web site."""

NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
"""How prices and amounts are written."""

FORCES = {"gtc": Force.GTC, "ioc": Force.IOC, "poc": Force.POST_ONLY, "fok": Force.FOK}
FORCE_NAMES = {force: name for name, force in FORCES.items()}

STP_ACTS = {"cn": SelfTrade.CANCEL_TAKER, "co": SelfTrade.CANCEL_MAKER, "cb": SelfTrade.CANCEL_BOTH}
"""Cancel the newest, the oldest, both."""
STP_NAMES = {act: name for name, act in STP_ACTS.items()} | {SelfTrade.ALLOWED: "-"}

Mode = Literal["ACK", "RESULT", "FULL"]
"""How much an answer says: the ids, no fees, everything."""

ENDS = {
    End.FILLED: "filled",
    End.CLIENT: "cancelled",
    End.COUNTDOWN: "cancelled",
    End.CHANGED: "cancelled",
    End.IOC: "ioc",
    End.FOK: "fok",
    End.POST_ONLY: "poc",
    End.NO_LIQUIDITY: "ioc",
    End.SELF_TRADE: "stp",
    End.VENUE: "unknown",
}
"""Why an order ended. What a market order leaves ends it like an IOC one."""

SAYINGS = {
    Why.HALTED: (400, "TRADE_RESTRICTED", "Trading is restricted for this currency pair"),
    Why.PRICE_STEP: (400, "INVALID_PRECISION", "Invalid price precision"),
    Why.SIZE_STEP: (400, "INVALID_PRECISION", "Invalid amount precision"),
    Why.SIZE_TOO_SMALL: (400, "AMOUNT_TOO_LITTLE", "Order amount is too small"),
    Why.SIZE_TOO_LARGE: (400, "AMOUNT_TOO_MUCH", "Order amount is too large"),
    Why.NOTIONAL_TOO_LARGE: (400, "AMOUNT_TOO_MUCH", "Order amount is too large"),
    Why.PRICE_BAND: (400, "PRICE_TOO_DEVIATED", "Order price deviates too far from the market"),
    Why.FUNDS: (400, "BALANCE_NOT_ENOUGH", "Not enough balance"),
    Why.CLIENT_ID: (400, "REPEATED_CREATION", "Order already exists"),
    Why.WOULD_TAKE: (400, "POC_FILL_IMMEDIATELY", "Order would match and take immediately so its cancelled"),
    Why.NOT_FILLABLE: (400, "FOK_NOT_FILL", "Order cannot be filled completely"),
    Why.NO_LIQUIDITY: (400, "ORDER_BOOK_NOT_FOUND", "Order book is empty"),
    Why.TOO_MANY_ORDERS: (400, "TOO_MANY_ORDERS", "Too many open orders"),
    Why.NOT_FOUND: (404, "ORDER_NOT_FOUND", "Order not found"),
    Why.NO_CHANGE: (400, "NO_CHANGE", "No change"),
}
"""Why -> status, label and message. Labels are documented, most messages and statuses are not."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A new order as a client writes it."""

    currency_pair: str = ""
    side: str = ""
    amount: str = ""
    text: str | None = None
    type: str = "limit"
    account: str = "spot"
    price: str | None = None
    time_in_force: str = "gtc"
    iceberg: str = "0"
    stp_act: str | None = None
    action_mode: str = "FULL"


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """A change. `amount` is the whole amount, what is filled already included."""

    order_id: str = ""
    currency_pair: str = ""
    account: str = ""
    amount: str | None = None
    price: str | None = None
    amend_text: str | None = None
    action_mode: str = "FULL"


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a list of orders to cancel. `id` may be a text."""

    currency_pair: str = ""
    id: str = ""
    account: str = "spot"


def named(text: str | None) -> str | None:
    """Check what a client calls its order.

    Raises:
        Declined: it may not be called so.
    """
    if text is None or text == "":
        return None
    if not TEXT.fullmatch(text):
        raise invalid("text", text)
    return text


def forced(kind: Kind, name: str) -> Force:
    """Read a time in force.

    Raises:
        Declined: there is none of that name, or a market order cannot have it.
    """
    force = FORCES.get(name)
    if force is None or (kind is Kind.MARKET and force not in {Force.IOC, Force.FOK}):
        raise invalid("time_in_force", name)
    return force


def acted(mode: str) -> Mode:
    """Read how much the client wants to be told.

    Raises:
        Declined: there is no such mode.
    """
    match mode:
        case "ACK" | "RESULT" | "FULL":
            return mode
        case _:
            raise invalid("action_mode", mode)


def decimal(name: str, text: str | None) -> Decimal:
    """Read a price or an amount.

    Raises:
        Declined: it is no positive number.
    """
    if not NUMBER.fullmatch(text or "") or not (value := Decimal(text or "")):
        raise invalid(name, text or "")
    return value


def declined(refused: Refused, *, worth: Decimal | None = None) -> Declined:
    """Say in Gate.io's words why a request about orders is refused; `worth` is what the order would have been worth."""
    market, order = refused.market, refused.order
    if refused.why is Why.NOTIONAL_TOO_SMALL and market is not None:
        money, least = market.listing.symbol.quote, plain(market.listing.min_notional)
        found = "0" if worth is None else plain(worth)
        message = f"Your order size {found} {money} is too small. The minimum is {least} {money}"
        return Declined(400, "INVALID_PARAM_VALUE", message)
    if refused.why is Why.ENDED:
        if order is not None and order.status is Status.FILLED:
            return Declined(400, "ORDER_CLOSED", "Order already closed")
        return Declined(400, "ORDER_CANCELLED", "Order already cancelled")
    return Declined(*SAYINGS[refused.why])


def finish_as(order: Order) -> str:
    """Say why an order ended."""
    return "open" if order.end is None else ENDS[order.end]


def left(order: Order) -> str:
    """Print what is not filled, in the unit of the amount."""
    if order.budget is not None:
        return quote(order.market, order.budget - order.spent)
    return size(order.market, order.left)


def amount(order: Order) -> str:
    """Print what was wanted: base, but quote for a market order that buys."""
    return quote(order.market, order.budget) if order.budget is not None else size(order.market, order.size or 0)


def average(order: Order) -> str:
    """Print the average price of what is filled."""
    if not order.filled:
        return "0"
    with localcontext(prec=18):
        return plain(Decimal(order.spent) / order.filled * order.market.listing.tick)


def fee(order: Order) -> tuple[str, str]:
    """Print what was charged so far, and in which asset: the one received."""
    symbol = order.market.listing.symbol
    asset = str(symbol.base if order.buys else symbol.quote)
    return printed(dict(order.fees).get(asset, 0)), asset


def money_fields(fee_text: str) -> dict[str, Any]:
    """What is charged, as order and fill show it; nothing is paid in GT or points."""
    return {"fee": fee_text, "point_fee": "0", "gt_fee": "0"}


def head(order: Order) -> dict[str, Any]:
    """What every view of an order says of what was asked for."""
    return {
        "currency_pair": order.market.pair,
        "type": order.kind.value,
        "account": "spot",
        "side": "buy" if order.buys else "sell",
        "amount": amount(order),
        "price": price(order.market, order.price or 0),
        "time_in_force": FORCE_NAMES[order.force],
    }


def shown(
    order: Order,
    *,
    stamps: tuple[int, int],
    amend_text: str,
    stp_id: int,
    mode: Mode = "FULL",
) -> dict[str, Any]:
    """Show an order as REST and the socket API do; `stamps` are its times by the venue's clock, in milliseconds."""
    created_ms, updated_ms = stamps
    ids = {"id": order.id, "text": order.client_id or order.note}
    if mode == "ACK":
        return {**ids, "amend_text": amend_text}
    times = {
        "create_time": str(created_ms // 1000),
        "update_time": str(updated_ms // 1000),
        "create_time_ms": created_ms,
        "update_time_ms": updated_ms,
    }
    spent = quote(order.market, order.spent)
    ends = {"stp_id": stp_id, "stp_act": STP_NAMES[order.self_trade], "finish_as": finish_as(order)}
    if mode == "RESULT":
        return {
            **ids,
            **times,
            "status": status(order),
            **head(order),
            "iceberg": "0",
            "auto_borrow": False,
            "left": left(order),
            "filled_total": spent,
            "avg_deal_price": average(order),
            **ends,
        }
    charged, asset = fee(order)
    return {
        **ids,
        "amend_text": amend_text,
        **times,
        "status": status(order),
        **head(order),
        "iceberg": "0",
        "left": left(order),
        "filled_amount": size(order.market, order.filled),
        "fill_price": spent,  # the sum, in spite of its name
        "filled_total": spent,
        "avg_deal_price": average(order),
        **money_fields(charged),
        "fee_currency": asset,
        "gt_maker_fee": "0",
        "gt_taker_fee": "0",
        "gt_discount": False,
        "rebated_fee": "0",
        "rebated_fee_currency": str(order.market.listing.symbol.quote),
        **ends,
    }


def status(order: Order) -> str:
    """Say where an order stands. One that ended early is cancelled, with fills or without."""
    return {Status.OPEN: "open", Status.FILLED: "closed", Status.ENDED: "cancelled"}[order.status]


def told(
    order: Order, event: str, *, stamps: tuple[int, int], amend_text: str, stp_id: int, user: int, fees: bool
) -> dict[str, Any]:
    """Show an order as its channels do: without a status, times as text, and without fees on the newer channel."""
    created_ms, updated_ms = stamps
    charged, asset = fee(order)
    rebated_in = str(order.market.listing.symbol.quote)
    money = {"fee_currency": asset, "rebated_fee_currency": rebated_in}
    if fees:
        money |= {**money_fields(charged), "rebated_fee": "0"}
    return {
        "id": order.id,
        "text": order.client_id or order.note,
        "create_time": str(created_ms // 1000),
        "update_time": str(updated_ms // 1000),
        **head(order),
        "left": left(order),
        "filled_total": quote(order.market, order.spent),
        "filled_amount": size(order.market, order.filled),
        "avg_deal_price": average(order),
        **money,
        "create_time_ms": str(created_ms),
        "update_time_ms": str(updated_ms),
        "user": user,
        "event": event,
        "stp_id": stp_id,
        "stp_act": STP_NAMES[order.self_trade],
        "finish_as": finish_as(order),
        "biz_info": "-",
        "amend_text": amend_text,
    }
