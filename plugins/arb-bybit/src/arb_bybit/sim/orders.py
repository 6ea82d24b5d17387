"""Orders on the wire: how clients write them, how Bybit shows and refuses them. Pure.

Entered by the desk, which takes orders, and by the channels, which tell of them.

Source: https://bybit-exchange.github.io/docs/v5/order/create-order, its neighbours, and
https://bybit-exchange.github.io/docs/v5/enum
"""

import re
from decimal import Decimal, localcontext
from typing import Any

import msgspec
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import End, Fill, Force, Kind, Order, Refused, SelfTrade, Status, Why

from arb_bybit.sim.market_data import RATIO, named
from arb_bybit.sim.spelling import Declined, invalid, plain, price, quote, size

__all__ = [
    "BASE",
    "QUOTE",
    "Amendment",
    "Cancellation",
    "Cancellations",
    "Placement",
    "decimal",
    "declined",
    "executed",
    "forced",
    "labelled",
    "prevented",
    "shown",
    "told",
    "wrong",
]

LINK_ID = re.compile(r"[0-9A-Za-z_-]{1,36}")
"""What a client may call an order."""

NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
"""How prices and amounts are written."""

FORCES = {"GTC": Force.GTC, "IOC": Force.IOC, "PostOnly": Force.POST_ONLY, "FOK": Force.FOK}
FORCE_NAMES = {force: name for name, force in FORCES.items()}

BASE, QUOTE = "baseCoin", "quoteCoin"
"""What the quantity of a market order counts."""

PREVENTIONS = {
    "None": SelfTrade.ALLOWED,
    "CancelTaker": SelfTrade.CANCEL_TAKER,
    "CancelMaker": SelfTrade.CANCEL_MAKER,
    "CancelBoth": SelfTrade.CANCEL_BOTH,
}
PREVENTION_NAMES = {prevention: name for name, prevention in PREVENTIONS.items()}

ENDS = {
    End.FILLED: ("UNKNOWN", "EC_NoError"),
    End.CLIENT: ("CancelByUser", "EC_PerCancelRequest"),
    End.COUNTDOWN: ("CancelByDCP", "EC_PerCancelRequest"),
    End.CHANGED: ("CancelByUser", "EC_PerCancelRequest"),
    End.IOC: ("UNKNOWN", "EC_NoImmediateQtyToFill"),
    End.FOK: ("UNKNOWN", "EC_CancelForNoFullFill"),
    End.POST_ONLY: ("UNKNOWN", "EC_PostOnlyWillTakeLiquidity"),
    End.NO_LIQUIDITY: ("UNKNOWN", "EC_NoImmediateQtyToFill"),
    End.SELF_TRADE: ("CancelBySmp", "EC_BySelfMatch"),
    End.VENUE: ("CancelByAdmin", "EC_NoError"),
}
"""Why an order ended -> its `cancelType` and `rejectReason`."""

SAYINGS = {
    Why.HALTED: (170151, "This trading pair is not open yet."),
    Why.PRICE_STEP: (170134, "Order price decimal too long."),
    Why.SIZE_STEP: (170137, "Order volume decimal too long"),
    # There is no smallest size any more: what is too small is worth too little.
    Why.SIZE_TOO_SMALL: (170140, "Order value exceeded lower limit"),
    Why.SIZE_TOO_LARGE: (170135, "Order quantity exceeded the upper limit."),
    Why.NOTIONAL_TOO_SMALL: (170140, "Order value exceeded lower limit"),
    Why.NOTIONAL_TOO_LARGE: (170124, "Order amount too large."),
    Why.FUNDS: (170131, "Balance insufficient"),
    Why.CLIENT_ID: (170141, "Duplicate clientOrderId"),
    Why.WOULD_TAKE: (170218, "The post-only order is rejected due to invalid price."),
    Why.NOT_FILLABLE: (170130, "The order cannot be filled at once."),
    Why.NO_LIQUIDITY: (170130, "There is nothing to trade with."),
    Why.TOO_MANY_ORDERS: (170810, "Cannot exceed maximum of 500 active orders."),
    Why.NOT_FOUND: (170213, "Order does not exist."),
    Why.NO_CHANGE: (10001, "The order remains unchanged as the parameters entered match the existing ones."),
}
"""Why -> code and message. The codes are documented, the messages in part."""


class Placement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new order as a client writes it."""

    category: str = ""
    symbol: str = ""
    side: str = ""
    order_type: str = ""
    qty: str = ""
    price: str | None = None
    time_in_force: str | None = None
    order_link_id: str | None = None
    market_unit: str | None = None
    is_leverage: int = 0
    order_filter: str | None = None
    smp_type: str | None = None


class Amendment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A change. `qty` is the whole amount, what is filled already included."""

    category: str = ""
    symbol: str = ""
    order_id: str | None = None
    order_link_id: str | None = None
    qty: str | None = None
    price: str | None = None


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The end of one order; of two ids `orderId` counts."""

    category: str = ""
    symbol: str = ""
    order_id: str | None = None
    order_link_id: str | None = None
    order_filter: str | None = None


class Cancellations(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The end of every open order: of a symbol, of a base asset, or of all."""

    category: str = ""
    symbol: str | None = None
    base_coin: str | None = None
    order_filter: str | None = None


def wrong(name: str) -> Declined:
    """Refuse an order for the value of one parameter."""
    return Declined(170130, f"Data sent for parameter '{name}' is not valid.")


def labelled(text: str | None) -> str | None:
    """Check what a client calls its order.

    Raises:
        Declined: it may not be called so.
    """
    if text is None or text == "":
        return None
    if not LINK_ID.fullmatch(text):
        raise invalid("params error: orderLinkId invalid")
    return text


def forced(kind: Kind, name: str | None) -> Force:
    """Read a time in force. A market order is IOC, whatever it asks for.

    Raises:
        Declined: there is none of that name.
    """
    force = FORCES.get(name or "GTC")
    if force is None:
        raise Declined(170117, "Invalid timeInForce.")
    return Force.IOC if kind is Kind.MARKET else force


def prevented(name: str | None) -> SelfTrade:
    """Read who gives way when an account would trade with itself.

    Raises:
        Declined: there is no such rule.
    """
    found = PREVENTIONS.get(name or "None")
    if found is None:
        raise wrong("smpType")
    return found


def decimal(name: str, text: str | None) -> Decimal:
    """Read a price or an amount.

    Raises:
        Declined: it is no positive number.
    """
    if not text:
        raise Declined(170105, f"Parameter '{name}' was empty.")
    if not NUMBER.fullmatch(text) or not (value := Decimal(text)):
        raise wrong(name)
    return value


def declined(refused: Refused, *, buys: bool = True, kind: Kind = Kind.LIMIT) -> Declined:
    """Say in Bybit's words why a request about orders is refused."""
    market, order, why = refused.market, refused.order, refused.why
    if why is Why.PRICE_BAND and market is not None:
        last = market.last_price * market.listing.tick
        if buys:
            return Declined(170193, f"Buy order price cannot be higher than {plain(last * (1 + RATIO))}.")
        return Declined(170194, f"Sell order price cannot be lower than {plain(last * (1 - RATIO))}.")
    if why is Why.ENDED:
        if order is not None and order.status is Status.FILLED:
            return Declined(170139, "Order has been filled.")
        return Declined(170142, "Order has been cancelled")
    if why is Why.SIZE_STEP and kind is Kind.MARKET:
        return Declined(170148, "Market order quantity has too many decimals.")
    return Declined(*SAYINGS[why])


def status(order: Order) -> str:
    """Say where an order stands: one that ended early is another thing with fills than without."""
    match order.status:
        case Status.OPEN:
            return "PartiallyFilled" if order.filled else "New"
        case Status.FILLED:
            return "Filled"
        case Status.ENDED:
            return "PartiallyFilledCanceled" if order.filled else "Cancelled"


def amount(order: Order) -> str:
    """Print what was wanted: base, or quote where a market order counts that."""
    return quote(order.market, order.budget) if order.budget is not None else size(order.market, order.size or 0)


def left(order: Order) -> tuple[str, str]:
    """Print what is still wanted, in base and in quote: nothing once it has ended."""
    if not order.is_open:
        return "0", "0"
    if order.budget is not None:
        return "0", quote(order.market, order.budget - order.spent)
    return size(order.market, order.left), quote(order.market, order.left * (order.price or 0))


def average(order: Order) -> str:
    """Print the average price of what is filled; nothing before the first fill."""
    if not order.filled:
        return ""
    with localcontext(prec=18):
        return plain(Decimal(order.spent) / order.filled * order.market.listing.tick)


def received(order: Order) -> str:
    """Return the asset that an order brings, and pays its fees in."""
    symbol = order.market.listing.symbol
    return str(symbol.base if order.buys else symbol.quote)


def shown(order: Order, *, stamps: tuple[int, int]) -> dict[str, Any]:
    """Show an order as REST does; `stamps` are its times by the venue's clock, in milliseconds."""
    created_ms, updated_ms = stamps
    cancel_type, reason = ("UNKNOWN", "EC_NoError") if order.end is None else ENDS[order.end]
    leaves_qty, leaves_value = left(order)
    return {
        "orderId": order.id,
        "orderLinkId": order.client_id or "",
        "blockTradeId": "",
        "symbol": order.market.pair,
        "price": price(order.market, order.price or 0),
        "qty": amount(order),
        "side": "Buy" if order.buys else "Sell",
        "isLeverage": "",
        "positionIdx": 0,
        "orderStatus": status(order),
        "cancelType": cancel_type,
        "rejectReason": reason,
        "avgPrice": average(order),
        "leavesQty": leaves_qty,
        "leavesValue": leaves_value,
        "cumExecQty": size(order.market, order.filled),
        "cumExecValue": quote(order.market, order.spent),
        "cumExecFee": printed(dict(order.fees).get(received(order), 0)),
        "cumFeeDetail": {asset: printed(charged) for asset, charged in order.fees},
        "timeInForce": FORCE_NAMES[order.force],
        "orderType": "Market" if order.kind is Kind.MARKET else "Limit",
        "marketUnit": order.note,
        "stopOrderType": "UNKNOWN",
        "orderIv": "",
        "triggerPrice": "0",
        "takeProfit": "0",
        "stopLoss": "0",
        "tpTriggerBy": "UNKNOWN",
        "slTriggerBy": "UNKNOWN",
        "triggerDirection": 0,
        "triggerBy": "UNKNOWN",
        "lastPriceOnCreated": "",
        "reduceOnly": False,
        "closeOnTrigger": False,
        "smpType": PREVENTION_NAMES[order.self_trade],
        "smpGroup": 0,
        "smpOrderId": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "placeType": "",
        "slippageToleranceType": "UNKNOWN",
        "slippageTolerance": "",
        "extraFees": "",
        "rpiTakerAccess": False,
        "rpiMatchedQty": "0",
        "createdTime": str(created_ms),
        "updatedTime": str(updated_ms),
    }


def told(order: Order, *, stamps: tuple[int, int]) -> dict[str, Any]:
    """Show an order as its channel does."""
    return {
        "category": "spot",
        **shown(order, stamps=stamps),
        "isLeverage": "0",
        "feeCurrency": received(order),
        "closedPnl": "0",
    }


def executed(fill: Fill, order: Order, *, filled: int, rate: Decimal, stamp_ms: int) -> dict[str, Any]:
    """Show a fill as REST does. `filled` are the lots of its order that were filled after it."""
    market = fill.market
    return {
        "symbol": market.pair,
        "orderType": "Market" if order.kind is Kind.MARKET else "Limit",
        "underlyingPrice": "",
        "orderLinkId": order.client_id or "",
        "side": "Buy" if fill.buys else "Sell",
        "indexPrice": "",
        "orderId": order.id,
        "stopOrderType": "UNKNOWN",
        "leavesQty": "0" if order.size is None else size(market, order.size - filled),
        "execTime": str(stamp_ms),
        "feeCurrency": fill.fee_asset,
        "isMaker": fill.maker,
        "execFee": printed(fill.fee),
        "feeRate": plain(rate),
        "execId": named(fill.number),
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": price(market, fill.price),
        "execPrice": price(market, fill.price),
        "markIv": "",
        "orderQty": amount(order),
        "orderPrice": price(market, order.price or 0),
        "execValue": quote(market, fill.quote),
        "execType": "Trade",
        "execQty": size(market, fill.size),
        "closedSize": "",
        "extraFees": "",
        "seq": fill.number,
    }
