"""Orders on the wire: how clients write them, how OKX shows and refuses them. Pure.

Entered by the desk, which takes orders, and by the channels, which tell of them.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade
"""

import re
from decimal import Decimal, localcontext
from typing import Any

import msgspec
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import End, Fill, Force, Kind, Order, Refused, SelfTrade, Status, Why

from arb_okx.sim.spelling import Declined, plain, price, quote, size

__all__ = [
    "SELF_TRADES",
    "Amendment",
    "Cancellation",
    "Placement",
    "decimal",
    "declined",
    "faulty",
    "forced",
    "named",
    "shown",
    "state",
    "told",
]

WORD = re.compile(r"[0-9A-Za-z]*")
LONGEST_NAME = 32
LONGEST_TAG = 16

NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
"""How prices and amounts are written."""

KINDS = {
    "limit": (Kind.LIMIT, Force.GTC),
    "market": (Kind.MARKET, Force.IOC),
    "post_only": (Kind.LIMIT, Force.POST_ONLY),
    "fok": (Kind.LIMIT, Force.FOK),
    "ioc": (Kind.LIMIT, Force.IOC),
}
KIND_NAMES = {pair: name for name, pair in KINDS.items()}

SELF_TRADES = {
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}
SELF_TRADE_NAMES = {act: name for name, act in SELF_TRADES.items()}

SOURCES = {
    End.FILLED: "",
    End.CLIENT: "1",
    End.COUNTDOWN: "20",
    End.CHANGED: "1",
    End.IOC: "14",
    End.FOK: "13",
    End.POST_ONLY: "31",
    End.NO_LIQUIDITY: "14",
    End.SELF_TRADE: "32",
    End.VENUE: "0",
}
"""Why an order was cancelled, as `cancelSource` says it. What a market order leaves ends it like an IOC one."""

REASONS = {
    "": "",
    "0": "Order canceled by system",
    "1": "Order canceled by user",
    "13": "Order canceled: FOK order was not entirely filled",
    "14": "Order canceled: IOC order was partially canceled due to incomplete fill",
    "20": "Cancel all after triggered",
    "31": "Post-only order would take liquidity",
    "32": "Self trade prevention",
}

SAYINGS = {
    Why.HALTED: ("51022", "Instrument trading suspended."),
    Why.PRICE_STEP: ("51000", "Parameter px error"),
    Why.SIZE_STEP: ("51121", "Order quantity must be a multiple of the lot size."),
    Why.SIZE_TOO_SMALL: ("51020", "Your order should meet or exceed the minimum order amount."),
    Why.NOTIONAL_TOO_SMALL: ("51020", "Your order should meet or exceed the minimum order amount."),
    Why.SIZE_TOO_LARGE: ("51202", "Market order amount exceeds the max amount."),
    Why.NOTIONAL_TOO_LARGE: ("51201", "Value of per market order cannot exceed 1,000,000 USDT"),
    Why.PRICE_BAND: ("51006", "Order price is not within the price limit"),
    Why.CLIENT_ID: ("51016", "Client order ID already exists."),
    Why.WOULD_TAKE: ("51000", "Parameter newPx error"),
    Why.NOT_FILLABLE: ("51008", "Order failed. FOK order cannot be filled."),
    Why.NO_LIQUIDITY: ("51022", "No liquidity."),
    Why.TOO_MANY_ORDERS: ("51005", "Your order amount exceeds the max order amount."),
    Why.NO_CHANGE: ("51000", "Parameter newSz error"),
    Why.NOT_FOUND: ("51603", "Order does not exist"),
    Why.ENDED: ("51503", "Order modification failed as the order has been filled, canceled or does not exist."),
}
"""Why -> code and message, of an order that is placed or changed. Codes are documented, some messages are not."""


class Placement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new order as a client writes it."""

    inst_id: str = ""
    td_mode: str = ""
    side: str = ""
    ord_type: str = ""
    sz: str = ""
    px: str = ""
    cl_ord_id: str = ""
    tag: str = ""
    tgt_ccy: str = ""
    stp_mode: str = ""
    ban_amend: bool | str = False


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One order to cancel; `ordId` decides when there are both."""

    inst_id: str = ""
    ord_id: str = ""
    cl_ord_id: str = ""


class Amendment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A change. `newSz` is the whole amount, what is filled already included."""

    inst_id: str = ""
    ord_id: str = ""
    cl_ord_id: str = ""
    new_sz: str = ""
    new_px: str = ""
    req_id: str = ""
    cxl_on_fail: bool | str = False


def faulty(name: str) -> Declined:
    """Refuse one order for the value of one of its parameters."""
    return Declined(200, "51000", f"Parameter {name} error")


def named(text: str, name: str = "clOrdId", longest: int = LONGEST_NAME) -> str | None:
    """Check what a client calls its order: letters and digits.

    Raises:
        Declined: it may not be called so.
    """
    if not WORD.fullmatch(text) or len(text) > longest:
        raise faulty(name)
    return text or None


def forced(name: str) -> tuple[Kind, Force]:
    """Read an order's type.

    Raises:
        Declined: there is none of that name.
    """
    if name not in KINDS:
        raise faulty("ordType")
    return KINDS[name]


def decimal(name: str, text: str) -> Decimal:
    """Read a price or an amount.

    Raises:
        Declined: it is no positive number.
    """
    if not NUMBER.fullmatch(text) or not (value := Decimal(text)):
        raise faulty(name)
    return value


def declined(refused: Refused, order: Order | None = None, *, asset: str = "") -> Declined:
    """Say in OKX's words why an order is not taken; `order` is the one that would have been changed."""
    if refused.why is Why.FUNDS:
        if order is not None:
            return Declined(200, "51502", "Order failed. Insufficient account balance.")
        return Declined(200, "51008", f"Order failed. Insufficient {asset} balance in account")
    return Declined(200, *SAYINGS[refused.why])


def state(order: Order) -> str:
    """Say where an order stands. One that ended early is canceled, with fills or without."""
    if order.is_open:
        return "partially_filled" if order.filled else "live"
    return "filled" if order.status is Status.FILLED else "canceled"


def amount(order: Order) -> str:
    """Print what was wanted: base, but quote for a market order in quote."""
    return quote(order.market, order.budget) if order.budget is not None else size(order.market, order.size or 0)


def average(order: Order) -> str:
    """Print the average price of what is filled."""
    if not order.filled:
        return ""
    with localcontext(prec=18):
        return plain(Decimal(order.spent) / order.filled * order.market.listing.tick)


def fee(order: Order) -> tuple[str, str]:
    """Print what was charged so far, negative, and in which asset: the one received."""
    asset = received(order)
    return printed(-dict(order.fees).get(asset, 0)), asset


def received(order: Order) -> str:
    """The asset that an order brings."""
    symbol = order.market.listing.symbol
    return str(symbol.base if order.buys else symbol.quote)


def _body(order: Order, fill: Fill | None, stamps: tuple[int, int, int]) -> dict[str, Any]:
    """What REST and the channel show alike; `fill` is the execution that the view is about."""
    created_ms, updated_ms, filled_ms = stamps
    charged, asset = fee(order)
    kind = KIND_NAMES[order.kind, order.force if order.kind is Kind.LIMIT else Force.IOC]
    target = "" if order.kind is Kind.LIMIT else "base_ccy" if order.budget is None else "quote_ccy"
    source = "" if order.end is None else SOURCES[order.end]
    return {
        "accFillSz": size(order.market, order.filled),
        "algoClOrdId": "",
        "algoId": "",
        "attachAlgoClOrdId": "",
        "attachAlgoOrds": [],
        "avgPx": average(order),
        "cTime": str(created_ms),
        "cancelSource": source,
        "category": "normal",
        "ccy": "",
        "clOrdId": order.client_id or "",
        "fee": charged,
        "feeCcy": asset,
        "fillPx": "" if fill is None else price(order.market, fill.price),
        "fillSz": "0" if fill is None else size(order.market, fill.size),
        "fillTime": "" if fill is None else str(filled_ms),
        "instId": order.market.pair,
        "instType": "SPOT",
        "isTpLimit": "false",
        "lever": "",
        "linkedAlgoOrd": {"algoId": ""},
        "ordId": order.id,
        "ordType": kind,
        "pnl": "0",
        "posSide": "",
        "px": "" if order.price is None else price(order.market, order.price),
        "pxType": "",
        "pxUsd": "",
        "pxVol": "",
        "quickMgnType": "",
        "rebate": "0",
        "rebateCcy": str(order.market.listing.symbol.quote if order.buys else order.market.listing.symbol.base),
        "reduceOnly": "false",
        "side": "buy" if order.buys else "sell",
        "slOrdPx": "",
        "slTriggerPx": "",
        "slTriggerPxType": "",
        "source": "",
        "state": state(order),
        "stpId": "",
        "stpMode": SELF_TRADE_NAMES.get(order.self_trade, ""),
        "sz": amount(order),
        "tag": order.note,
        "tdMode": "cash",
        "tgtCcy": target,
        "tpOrdPx": "",
        "tpTriggerPx": "",
        "tpTriggerPxType": "",
        "tradeId": "" if fill is None else str(fill.number),
        "tradeQuoteCcy": str(order.market.listing.symbol.quote),
        "uTime": str(updated_ms),
    }


def shown(order: Order, *, stamps: tuple[int, int, int]) -> dict[str, Any]:
    """Show an order as REST does; `stamps` are its times by the venue's clock: made, changed, last filled, in ms."""
    body = _body(order, order.last_fill, stamps)
    return body | {"cancelSourceReason": REASONS[body["cancelSource"]], "posSide": "net"}


def told(
    order: Order, fill: Fill | None, *, stamps: tuple[int, int, int], amended: tuple[str, str] = ("", "")
) -> dict[str, Any]:
    """Show an order as its channel does at one event; `amended` = what became of a change, and its client's name."""
    market = order.market
    whole = order.budget if order.budget is not None else (order.size or 0) * (order.price or market.last_price)
    result, request_id = amended
    return _body(order, fill, stamps) | {
        "amendResult": result,
        "amendSource": "1" if result else "",
        "code": "0",
        "execType": "" if fill is None else "M" if fill.maker else "T",
        "fillFee": "0" if fill is None else printed(-fill.fee),
        "fillFeeCcy": "" if fill is None else fill.fee_asset,
        "fillFwdPx": "",
        "fillIdxPx": "",
        "fillMarkPx": "",
        "fillMarkVol": "",
        "fillNotionalUsd": "" if fill is None else quote(market, fill.quote),
        "fillPnl": "0",
        "fillPxUsd": "",
        "fillPxVol": "",
        "lever": "0",
        "lastPx": price(market, market.last_price),
        "msg": "",
        "notionalUsd": quote(market, whole),
        "reqId": request_id,
    }
