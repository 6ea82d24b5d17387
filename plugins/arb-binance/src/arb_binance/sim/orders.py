"""Orders on the wire: how clients write them, how Binance shows and refuses them. Pure.

Entered by `account`, which takes orders, and by `user_data`, which tells of them.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints and the page of errors.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import End, Fill, Force, Kind, NewOrder, Order, Refused, SelfTrade, Status, Why

from arb_binance.sim.filters import MOST_MARKET_SIZE, MOST_PRICE, MOST_SIZE, STP_BY_DEFAULT, STP_MODES
from arb_binance.sim.spelling import PLACES, ZERO, Declined, illegal, missing, money, quote

__all__ = [
    "EXPIRY_REASONS",
    "cancelled",
    "client_id",
    "declined",
    "execution_status",
    "force_name",
    "placed",
    "read",
    "response_type",
    "shown",
    "stp_name",
    "trade",
    "type_name",
]

CLIENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,36}")
NUMBER = re.compile(r"([0-9]{1,20})(\.[0-9]{1,20})?")
NUMBER_RULE = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"

FORCES = {"GTC": Force.GTC, "IOC": Force.IOC, "FOK": Force.FOK}

STP_NAMES = {mode: name for name, mode in STP_MODES.items()} | {SelfTrade.ALLOWED: "NONE"}

RESPONSE_TYPES = {"ACK", "RESULT", "FULL"}

EXPIRY_REASONS = {
    End.IOC: "UNFILLED_IOC_QUANTITY_EXPIRED",
    End.FOK: "UNFILLED_FOK_ORDER_EXPIRED",
    End.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    End.VENUE: "EXCHANGE_CANCELED",
}
"""Why an order expired, where there is a word for it."""

SAYINGS = {
    Why.HALTED: (-2010, "Market is closed."),
    Why.PRICE_STEP: (-1013, "Filter failure: PRICE_FILTER"),
    Why.SIZE_STEP: (-1013, "Filter failure: LOT_SIZE"),
    Why.SIZE_TOO_SMALL: (-1013, "Filter failure: LOT_SIZE"),
    Why.SIZE_TOO_LARGE: (-1013, "Filter failure: LOT_SIZE"),
    Why.NOTIONAL_TOO_SMALL: (-1013, "Filter failure: NOTIONAL"),
    Why.NOTIONAL_TOO_LARGE: (-1013, "Filter failure: NOTIONAL"),
    Why.PRICE_BAND: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Why.FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Why.CLIENT_ID: (-2010, "Duplicate order sent."),
    Why.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Why.NOT_FILLABLE: (-2010, "This order type is not possible in this trading phase."),
    Why.NO_LIQUIDITY: (-2010, "Order book liquidity is less than LOT_SIZE filter minimum quantity."),
    Why.TOO_MANY_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Why.NOT_FOUND: (-2013, "Order does not exist."),
    Why.ENDED: (-2011, "Unknown order sent."),
    Why.NO_CHANGE: (-2010, "Order amend is not supported for this symbol."),
}
"""Why -> code and text. Codes and the texts of the commonest are documented."""


def declined(refused: Refused) -> Declined:
    """Say in Binance's words why a request about orders is refused."""
    return Declined(*SAYINGS[refused.why])


# Reading


def read(market: Market, params: Mapping[str, str], *, unnamed: str) -> NewOrder:
    """Read a new order; `unnamed` is what it is called when its client does not say.

    Raises:
        Declined: it lacks something, has too much, or breaks a filter that looks at one number alone.
    """
    side, kind = _word(params, "side"), _word(params, "type")
    if side not in {"BUY", "SELL"}:
        raise Declined(-1117, "Invalid side.")
    if kind not in {"LIMIT", "MARKET", "LIMIT_MAKER"}:
        raise Declined(-1116, "Invalid orderType.")
    _only(params, kind)
    if params.get("icebergQty"):
        raise Declined(-2010, "Iceberg orders are not supported for this symbol.")
    mode = params.get("selfTradePreventionMode", STP_BY_DEFAULT)
    if mode not in STP_MODES:
        raise Declined(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
    is_market = kind == "MARKET"
    return NewOrder(
        market=market,
        buys=side == "BUY",
        kind=Kind.MARKET if is_market else Kind.LIMIT,
        force=_force(params, kind),
        price=None if is_market else _bounded(params, "price", MOST_PRICE, "PRICE_FILTER"),
        size=_size(params, is_market=is_market),
        budget=_number(params, "quoteOrderQty") if params.get("quoteOrderQty") else None,
        client_id=client_id(params, "newClientOrderId") or unnamed,
        self_trade=STP_MODES[mode],
        note=kind,
    )


def _only(params: Mapping[str, str], kind: str) -> None:
    """Refuse what a type of order has no use for."""
    unused = {
        "MARKET": ("timeInForce", "price", "stopPrice"),
        "LIMIT_MAKER": ("timeInForce", "stopPrice", "quoteOrderQty"),
    }
    for name in unused.get(kind, ("stopPrice", "quoteOrderQty")):
        if params.get(name):
            raise Declined(-1106, f"Parameter '{name}' sent when not required.")
    if params.get("quantity") and params.get("quoteOrderQty"):
        raise Declined(-1128, "Combination of optional parameters invalid.")


def _force(params: Mapping[str, str], kind: str) -> Force:
    if kind == "MARKET":
        return Force.IOC
    if kind == "LIMIT_MAKER":
        return Force.POST_ONLY
    force = FORCES.get(_word(params, "timeInForce"))
    if force is None:
        raise Declined(-1115, "Invalid timeInForce.")
    return force


def _size(params: Mapping[str, str], *, is_market: bool) -> Decimal | None:
    if is_market and params.get("quoteOrderQty"):
        return None
    size = _bounded(params, "quantity", MOST_SIZE, "LOT_SIZE")
    if is_market and size > MOST_MARKET_SIZE:
        raise Declined(-1013, "Filter failure: MARKET_LOT_SIZE")
    return size


def _word(params: Mapping[str, str], name: str) -> str:
    word = params.get(name)
    if not word:
        raise missing(name)
    return word


def _number(params: Mapping[str, str], name: str) -> Decimal:
    text = _word(params, name)
    if not NUMBER.fullmatch(text):
        raise illegal(name, NUMBER_RULE)
    if len(text.partition(".")[2].rstrip("0")) > PLACES:
        raise Declined(-1111, f"Parameter '{name}' has too much precision.")
    return Decimal(text)


def _bounded(params: Mapping[str, str], name: str, most: Decimal, filter_name: str) -> Decimal:
    value = _number(params, name)
    if value > most:
        raise Declined(-1013, f"Filter failure: {filter_name}")
    return value


def client_id(params: Mapping[str, str], name: str) -> str | None:
    """Read an id that the client gives to an order or to a cancellation.

    Raises:
        Declined: it may not be called so.
    """
    text = params.get(name)
    if not text:
        return None
    if not CLIENT_ID.fullmatch(text):
        raise illegal(name, "^[a-zA-Z0-9-_]{1,36}$")
    return text


def response_type(params: Mapping[str, str]) -> str:
    """Read how much the client wants to be told: everything by itself, but of a maker only the ids.

    Raises:
        Declined: there is no such type.
    """
    wanted = params.get("newOrderRespType") or ("ACK" if params.get("type") == "LIMIT_MAKER" else "FULL")
    if wanted not in RESPONSE_TYPES:
        raise Declined(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return wanted


# Showing. `stamp` turns a moment into the venue's milliseconds.


def type_name(order: Order) -> str:
    """The type as the client wrote it."""
    return order.note


def force_name(order: Order) -> str:
    """The time in force; orders that have none are shown with the first."""
    return order.force.name if order.force in {Force.IOC, Force.FOK} and order.kind is Kind.LIMIT else "GTC"


def stp_name(order: Order) -> str:
    """The mode of self-trade prevention."""
    return STP_NAMES[order.self_trade]


def execution_status(order: Order) -> str:
    """Where an order stands. What its client did not cancel has expired."""
    if order.status is Status.OPEN:
        return "PARTIALLY_FILLED" if order.filled else "NEW"
    if order.status is Status.FILLED:
        return "FILLED"
    return {End.CLIENT: "CANCELED", End.SELF_TRADE: "EXPIRED_IN_MATCH"}.get(order.end or End.VENUE, "EXPIRED")


def _ids(order: Order, called: str | None = None) -> dict[str, Any]:
    return {
        "symbol": order.market.pair,
        "orderId": int(order.id),
        "orderListId": -1,
        "clientOrderId": called or order.client_id,
    }


def _terms(order: Order) -> dict[str, Any]:
    """What was asked for, and how far it is done."""
    market = order.market
    wanted = order.filled if order.size is None else order.size
    return {
        "price": market.spelling.price(order.price or 0),
        "origQty": market.spelling.size(wanted),
        "executedQty": market.spelling.size(order.filled),
        "origQuoteOrderQty": quote(market, order.budget or 0),
        "cummulativeQuoteQty": quote(market, order.spent),  # so it is spelt
        "status": execution_status(order),
        "timeInForce": force_name(order),
        "type": type_name(order),
        "side": "BUY" if order.buys else "SELL",
    }


def _expiry(order: Order) -> dict[str, str]:
    reason = None if order.end is None else EXPIRY_REASONS.get(order.end)
    return {} if reason is None else {"expiryReason": reason}


def placed(order: Order, fills: Sequence[Fill], wanted: str, *, created_ms: int, updated_ms: int) -> dict[str, Any]:
    """Show an order to the client who has just placed it: ACK, RESULT or FULL."""
    ack = {**_ids(order), "transactTime": updated_ms}
    if wanted == "ACK":
        return ack
    result = {
        **ack,
        **_terms(order),
        "workingTime": created_ms,
        "selfTradePreventionMode": stp_name(order),
        **_expiry(order),
    }
    if wanted == "RESULT":
        return result
    return {
        **result,
        "fills": [
            {
                "price": fill.market.spelling.price(fill.price),
                "qty": fill.market.spelling.size(fill.size),
                "commission": money(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.number,
            }
            for fill in fills
        ],
    }


def cancelled(order: Order, cancel_id: str, *, updated_ms: int) -> dict[str, Any]:
    """Show an order to the client who has just cancelled it: `clientOrderId` is the id of the cancellation."""
    return {
        "symbol": order.market.pair,
        "origClientOrderId": order.client_id,
        **_ids(order, cancel_id),
        "transactTime": updated_ms,
        **_terms(order),
        "selfTradePreventionMode": stp_name(order),
    }


def shown(order: Order, *, created_ms: int, updated_ms: int) -> dict[str, Any]:
    """Show an order to whoever asks for it."""
    return {
        **_ids(order),
        **_terms(order),
        "stopPrice": ZERO,
        "icebergQty": ZERO,
        "time": created_ms,
        "updateTime": updated_ms,
        "isWorking": True,
        "workingTime": created_ms,
        "selfTradePreventionMode": stp_name(order),
        **_expiry(order),
    }


def trade(fill: Fill, *, at_ms: int) -> dict[str, Any]:
    """Show a fill."""
    market = fill.market
    return {
        "symbol": market.pair,
        "id": fill.number,
        "orderId": int(fill.order_id),
        "orderListId": -1,
        "price": market.spelling.price(fill.price),
        "qty": market.spelling.size(fill.size),
        "quoteQty": quote(market, fill.quote),
        "commission": money(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": at_ms,
        "isBuyer": fill.buys,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }
