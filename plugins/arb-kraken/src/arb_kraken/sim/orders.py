"""Orders on the wire: how clients write them, how Kraken shows and refuses them. Pure.

Entered by the account, which takes orders, and by the private channels, which tell of them.

Source: https://docs.kraken.com/api/docs/rest-api/add-order
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import End, Fill, Force, Kind, NewOrder, Order, Refused, SelfTrade, Status, Why

from arb_kraken.sim.spelling import Declined, Names, Printer, invalid, quote, seconds

__all__ = ["FORCES", "Shown", "average", "declined", "ended_as", "in_time", "read", "reason", "shown", "shown_fill"]

SECOND = 1_000_000_000

NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
"""How prices and volumes are written."""

CLIENT_ID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[!-~]{1,18}"
)
"""A UUID with or without its dashes, or up to 18 characters of free text."""

FORCES = {"GTC": Force.GTC, "IOC": Force.IOC, "FOK": Force.FOK}
SELF_TRADES = {
    "cancel-newest": SelfTrade.CANCEL_TAKER,
    "cancel-oldest": SelfTrade.CANCEL_MAKER,
    "cancel-both": SelfTrade.CANCEL_BOTH,
}
FLAGS = {"post", "fciq", "nompp", "viqc"}
"""`fcib`, a fee taken in base, is not simulated."""

ERRORS = {
    Why.HALTED: "EService:Market in cancel_only mode",
    Why.PRICE_STEP: "EOrder:Tick size check failed",
    Why.SIZE_STEP: "EGeneral:Invalid arguments:volume",
    Why.SIZE_TOO_SMALL: "EOrder:Order minimum not met",
    Why.SIZE_TOO_LARGE: "EGeneral:Invalid arguments:volume",
    Why.NOTIONAL_TOO_SMALL: "EOrder:Cost minimum not met",
    Why.NOTIONAL_TOO_LARGE: "EGeneral:Invalid arguments:volume",
    Why.PRICE_BAND: "EOrder:Invalid price",
    Why.FUNDS: "EOrder:Insufficient funds",
    Why.CLIENT_ID: "EOrder:Duplicate order",
    Why.WOULD_TAKE: "EOrder:Post only order",
    Why.NOT_FILLABLE: "EOrder:Invalid order",
    Why.NO_LIQUIDITY: "EOrder:Invalid order",
    Why.TOO_MANY_ORDERS: "EOrder:Orders limit exceeded",
    Why.NOT_FOUND: "EOrder:Unknown order",
    Why.ENDED: "EOrder:Unknown order",
    Why.NO_CHANGE: "EOrder:Invalid order",
}

REASONS = {
    End.CLIENT: "User requested",
    End.COUNTDOWN: "Cancel all orders after",
    End.IOC: "Could not be filled at once",
    End.FOK: "Could not be filled whole",
    End.NO_LIQUIDITY: "Out of liquidity",
    End.SELF_TRADE: "Self trade prevented",
    End.VENUE: "Canceled by the exchange",
}


class Shown(NamedTuple):
    """What the printing of an order needs beside it."""

    names: Names
    printer: Printer
    skew_ns: int
    """How far the venue's clock is ahead."""


def declined(refused: Refused) -> Declined:
    """Say in Kraken's words why a request about orders is refused."""
    return Declined(ERRORS[refused.why])


def read(market: Market, found: Mapping[str, str]) -> NewOrder:
    """Read an order.

    Raises:
        Declined: it is none.
    """
    kinds = {"limit": Kind.LIMIT, "market": Kind.MARKET}
    kind, side = kinds.get(found.get("ordertype", "")), found.get("type")
    if kind is None:
        raise invalid("ordertype")
    if side not in {"buy", "sell"}:
        raise invalid("type")
    flags = {flag for flag in found.get("oflags", "").split(",") if flag}
    in_quote = "viqc" in flags
    if not flags <= FLAGS or (in_quote and (kind is Kind.LIMIT or side == "sell")):
        raise invalid("oflags")
    volume = _decimal("volume", found.get("volume"))
    return NewOrder(
        market=market,
        buys=side == "buy",
        kind=kind,
        force=_force(kind, found.get("timeinforce"), post="post" in flags),
        price=_decimal("price", found.get("price")) if kind is Kind.LIMIT else None,
        size=None if in_quote else volume,
        budget=volume if in_quote else None,
        client_id=_client_id(found),
        self_trade=_self_trade(found.get("stptype")),
        note=found.get("userref", "0"),
    )


def _decimal(name: str, text: str | None) -> Decimal:
    if not NUMBER.fullmatch(text or "") or not (value := Decimal(text or "")):
        raise invalid(name)
    return value


def _force(kind: Kind, name: str | None, *, post: bool) -> Force:
    force = FORCES.get(name or "GTC")
    if force is None or (kind is Kind.MARKET and (name == "FOK" or post)) or (post and force is not Force.GTC):
        raise invalid("timeinforce")
    return Force.POST_ONLY if post else force


def _client_id(found: Mapping[str, str]) -> str | None:
    text = found.get("cl_ord_id")
    if text is None:
        return None
    if not CLIENT_ID.fullmatch(text) or "userref" in found:
        raise invalid("cl_ord_id")
    return text


def _self_trade(name: str | None) -> SelfTrade:
    act = SELF_TRADES.get(name or "cancel-newest")
    if act is None:
        raise invalid("stptype")
    return act


def in_time(deadline: str | None, now_ns: int) -> None:
    """Check until when an order may wait for the engine.

    Raises:
        Declined: that is not 2 to 60 seconds away.
    """
    if deadline is None:
        return
    try:
        ends_ns = int(datetime.fromisoformat(deadline).timestamp() * SECOND)
    except ValueError as wrong:
        raise invalid("deadline") from wrong
    if not now_ns + 2 * SECOND <= ends_ns <= now_ns + 60 * SECOND:
        raise invalid("deadline")


def ended_as(order: Order) -> str:
    """Name how an order that is not filled ended."""
    return "expired" if order.end is End.FOK else "canceled"


def reason(order: Order) -> str:
    """Say why an order ended."""
    return "" if order.end is None else REASONS.get(order.end, "Canceled by the exchange")


def average(order: Order, printer: Printer) -> str:
    """Print the average price of what is filled, five decimals finer than a price."""
    if not order.filled:
        return "0.00000"
    listing = order.market.listing
    value = Decimal(order.spent) / order.filled * listing.tick
    return f"{value:.{printer.price_decimals + 5}f}"


def shown(order: Order, how: Shown) -> dict[str, Any]:
    """Show an order as every list of REST does."""
    volume = quote(order.market, order.budget) if order.budget is not None else how.printer.size(order.size or 0)
    flags = ["fciq", *(["post"] if order.force is Force.POST_ONLY else []), *(["viqc"] if order.budget else [])]
    kind, side = order.kind.value, "buy" if order.buys else "sell"
    price = how.printer.price(order.price) if order.price is not None else "0"
    at = f"limit {price}" if order.price is not None else "market"
    named = {} if order.client_id is None else {"cl_ord_id": order.client_id}
    told = {
        "refid": None,
        "userref": int(order.note or 0),
        **named,
        "status": _status(order),
        "opentm": seconds(order.created_ns + how.skew_ns, 6),
        "starttm": 0,
        "expiretm": 0,
        "descr": {
            "pair": how.names.altname,
            "type": side,
            "ordertype": kind,
            "price": price,
            "price2": "0",
            "leverage": "none",
            "order": f"{side} {volume} {how.names.altname} @ {at}",
            "close": "",
        },
        "vol": volume,
        "vol_exec": how.printer.size(order.filled),
        "cost": quote(order.market, order.spent),
        "fee": printed(sum(fee for _, fee in order.fees)),
        "price": average(order, how.printer),
        "stopprice": "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": ",".join(flags),
        "timeinforce": "GTC" if order.force is Force.POST_ONLY else order.force.value.upper(),
    }
    if not order.is_open:
        told |= {"closetm": seconds(order.updated_ns + how.skew_ns, 6), "reason": reason(order) or None}
    return told


def _status(order: Order) -> str:
    if order.status is Status.ENDED:
        return ended_as(order)
    return {Status.OPEN: "open", Status.FILLED: "closed"}[order.status]


def shown_fill(fill: Fill, order: Order, how: Shown) -> dict[str, Any]:
    """Show an execution as the trade history does. Its fee is quote, and the answer does not say so."""
    return {
        "ordertxid": fill.order_id,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": how.names.key,
        "time": seconds(fill.at_ns + how.skew_ns, 6),
        "type": "buy" if fill.buys else "sell",
        "ordertype": order.kind.value,
        "price": how.printer.price(fill.price),
        "cost": quote(fill.market, fill.quote),
        "fee": printed(fill.fee),
        "vol": how.printer.size(fill.size),
        "margin": "0.00000",
        "misc": "",
        "trade_id": fill.number,
        "maker": fill.maker,
    }
