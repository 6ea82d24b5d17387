"""Orders on the wire: how clients write them, how Bitget shows and refuses them. Pure.

Entered by the account, which takes orders, and by the private channels, which tell of them.

Sources: https://www.bitget.com/api-doc/spot/trade/Place-Order and its neighbours;
https://www.bitget.com/api-doc/spot/websocket/private/Order-Channel
"""

import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import msgspec
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Force, Kind, NewOrder, Order, Refused, SelfTrade, Status, Why

from arb_bitget.sim.market_data import trade_id
from arb_bitget.sim.spelling import Declined, decimal, missing, price, quote, size

__all__ = ["Named", "Placement", "declined", "fill_told", "filled", "read", "shown", "shown_open", "told"]

Stamp = Callable[[int], int]
"""A moment of the timeline -> milliseconds by the venue's clock."""

CLIENT_ID = re.compile(r"[0-9A-Za-z_:#+.\-]+")
MOST_CLIENT_ID = 50

FORCES = {"gtc": Force.GTC, "ioc": Force.IOC, "fok": Force.FOK, "post_only": Force.POST_ONLY}

STP_MODES = {
    "": SelfTrade.ALLOWED,
    "none": SelfTrade.ALLOWED,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}

SAYINGS = {
    Why.HALTED: (43120, "The current trading pair is not open for trading"),
    Why.PRICE_STEP: (43028, "The price does not meet the minimum price step"),
    Why.SIZE_STEP: (40808, "Parameter verification exception size checkBDScale error"),
    Why.SIZE_TOO_SMALL: (43006, "The number of orders is lower than the minimum number of orders"),
    Why.SIZE_TOO_LARGE: (25208, "The order quantity is above the maximum"),
    Why.NOTIONAL_TOO_LARGE: (45113, "Maximum order value limit triggered"),
    Why.NOTIONAL_TOO_SMALL: (45110, "less than the minimum amount {least} USDT"),
    Why.FUNDS: (43012, "Insufficient balance"),
    Why.CLIENT_ID: (43118, "clientOrderId duplicate"),
    Why.NO_LIQUIDITY: (43042, "The market is not deep enough"),
    Why.NOT_FOUND: (43001, "The order does not exist"),
    Why.ENDED: (43001, "The order does not exist"),
}
"""Why -> code and message. Codes are documented, most messages are not."""

UNDER, OVER = (43008, "The price is lower than the limit price"), (43009, "The price is higher than the limit price")


class Placement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new order as a client writes it."""

    symbol: str = ""
    side: str = ""
    order_type: str = ""
    force: str = ""
    price: str | None = None
    size: str | None = None
    client_oid: str | None = None
    stp_mode: str = ""
    tpsl_type: str = "normal"
    receive_window: str = ""
    request_time: str = ""


class Named(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order or a symbol that something is to be done with."""

    symbol: str = ""
    order_id: str | None = None
    client_oid: str | None = None


def read(market: Market, wanted: Placement) -> NewOrder:
    """Read a new order. `size` is base, but quote for a market order that buys; `force` is of no use for those.

    Raises:
        Declined: something is missing or cannot be read.
    """
    if wanted.side not in {"buy", "sell"}:
        raise missing("side") if not wanted.side else Declined(40017, "Parameter verification failed: side")
    if wanted.order_type not in {"limit", "market"}:
        raise Declined(40017, "Parameter verification failed: orderType")
    if wanted.tpsl_type != "normal":
        raise Declined(40017, "Parameter verification failed: tpslType")  # trigger orders are not simulated
    if wanted.stp_mode not in STP_MODES:
        raise Declined(40017, "Parameter verification failed: stpMode")
    kind, buys = Kind(wanted.order_type), wanted.side == "buy"
    word = wanted.force.lower()  # ccxt shouts it, and is understood
    force = FORCES.get(word) if kind is Kind.LIMIT else Force.IOC
    if force is None:
        raise missing("force") if not wanted.force else Declined(40017, "Parameter verification failed: force")
    amount = decimal("size", wanted.size)
    in_quote = kind is Kind.MARKET and buys
    return NewOrder(
        market=market,
        buys=buys,
        kind=kind,
        force=force,
        price=decimal("price", wanted.price) if kind is Kind.LIMIT else None,
        size=None if in_quote else amount,
        budget=amount if in_quote else None,
        client_id=_named(wanted.client_oid),
        self_trade=STP_MODES[wanted.stp_mode],
        note=word or "gtc",
    )


def _named(client_id: str | None) -> str | None:
    if not client_id:
        return None
    if len(client_id) > MOST_CLIENT_ID:
        raise Declined(40304, f"clientOid or clientOrderId cannot exceed {MOST_CLIENT_ID} characters")
    if not CLIENT_ID.fullmatch(client_id):
        raise Declined(40305, "client_oid length is not greater than 40, and cannot be Martian characters")
    return client_id


def declined(refused: Refused, new: NewOrder | None = None) -> Declined:
    """Say in Bitget's words why a request about orders is refused."""
    if refused.why is Why.PRICE_BAND:
        return Declined(*(OVER if new is not None and new.buys else UNDER))
    code, message = SAYINGS.get(refused.why, (40017, f"Parameter verification failed: {refused.why}"))
    least = "" if refused.market is None else f"{refused.market.listing.min_notional:f}"
    return Declined(code, message.format(least=least))


def status(order: Order) -> str:
    """Say where an order stands. One that ended early is cancelled, with fills or without."""
    match order.status:
        case Status.OPEN:
            return "partially_filled" if order.filled else "live"
        case Status.FILLED:
            return "filled"
        case _:
            return "cancelled"


def average(order: Order) -> str:
    """Print the average price of what is filled."""
    if not order.filled:
        return "0"
    with localcontext(prec=18):
        found = f"{Decimal(order.spent) / order.filled * order.market.listing.tick:f}"
    return found.rstrip("0").rstrip(".") if "." in found else found


def wanted(order: Order) -> str:
    """Print what was wanted: base, but quote for a market order that buys."""
    if order.budget is not None:
        return quote(order.market, order.budget)
    return size(order.market, order.size or 0)


def shown(order: Order, stamp: Stamp) -> dict[str, Any]:
    """Show an order as a query and the history do."""
    market = order.market
    return {
        "userId": order.account.uid,
        "symbol": market.pair,
        "orderId": order.id,
        "clientOid": order.client_id or order.id,
        "price": price(market, order.price or 0),
        "size": wanted(order),
        "orderType": order.kind.value,
        "side": _side(buys=order.buys),
        "status": status(order),
        "priceAvg": average(order),
        "baseVolume": size(market, order.filled),
        "quoteVolume": quote(market, order.spent),
        "enterPointSource": "API",
        "feeDetail": _fee_detail(order),
        "orderSource": "market" if order.kind is Kind.MARKET else "normal",
        "tpslType": "normal",
        "triggerPrice": None,
        "quoteCoin": str(market.listing.symbol.quote),
        "baseCoin": str(market.listing.symbol.base),
        "cancelReason": "normal_cancel" if order.status is Status.ENDED else "",
        "cTime": str(stamp(order.created_ns)),
        "uTime": str(stamp(order.updated_ns)),
    }


def _fee_detail(order: Order) -> str:
    """Print the fees: JSON within a text, with numbers that are negative."""
    if not order.filled:
        return ""
    symbol = order.market.listing.symbol
    coin = str(symbol.base if order.buys else symbol.quote)
    total = _negative(dict(order.fees).get(coin, 0))
    new = f'{{"c":0,"d":0,"deduction":false,"r":{total},"t":{total},"totalDeductionFee":0}}'
    old = f'{{"deduction":false,"feeCoinCode":"{coin}","totalDeductionFee":0,"totalFee":{total}}}'
    return f'{{"newFees":{new},"{coin}":{old}}}'


def shown_open(order: Order, stamp: Stamp) -> dict[str, Any]:
    """Show an open order as the list of them does: `priceAvg` is its own price."""
    market = order.market
    return {
        "userId": order.account.uid,
        "symbol": market.pair,
        "orderId": order.id,
        "clientOid": order.client_id or order.id,
        "priceAvg": price(market, order.price or 0),
        "size": wanted(order),
        "orderType": order.kind.value,
        "side": _side(buys=order.buys),
        "status": status(order),
        "basePrice": average(order),
        "baseVolume": size(market, order.filled),
        "quoteVolume": quote(market, order.spent),
        "enterPointSource": "API",
        "orderSource": "market" if order.kind is Kind.MARKET else "normal",
        "triggerPrice": None,
        "tpslType": "normal",
        "presetTakeProfitPrice": "",
        "executeTakeProfitPrice": "",
        "presetStopLossPrice": "",
        "executeStopLossPrice": "",
        "cTime": str(stamp(order.created_ns)),
        "uTime": str(stamp(order.updated_ns)),
    }


def filled(fill: Fill, kind: str, uid: str, stamp: Stamp) -> dict[str, Any]:
    """Show a fill as a query does."""
    market = fill.market
    moment = str(stamp(fill.at_ns))
    return {
        "userId": uid,
        "symbol": market.pair,
        "orderId": fill.order_id,
        "tradeId": trade_id(fill.number),
        "orderType": kind,
        "side": _side(buys=fill.buys),
        "priceAvg": price(market, fill.price),
        "size": size(market, fill.size),
        "amount": quote(market, fill.quote),
        "feeDetail": {
            "deduction": "no",
            "feeCoin": fill.fee_asset,
            "totalDeductionFee": "",
            "totalFee": _negative(fill.fee),
        },
        "tradeScope": "maker" if fill.maker else "taker",
        "cTime": moment,
        "uTime": moment,
    }


def fill_told(fill: Fill, kind: str, stamp: Stamp) -> dict[str, Any]:
    """Show a fill as its channel does: its fee is positive there, and stands in a list."""
    told_so = filled(fill, kind, "", stamp)
    del told_so["userId"]
    fee = told_so["feeDetail"]
    told_so["feeDetail"] = [
        {
            "feeCoin": fee["feeCoin"],
            "deduction": "no",
            "totalDeductionFee": "0",
            "totalFee": printed(fill.fee),
        }
    ]
    return told_so


def told(order: Order, fill: Fill | None, stamp: Stamp) -> dict[str, Any]:
    """Show an order as its channel does; `fill` is what has just happened to it."""
    market = order.market
    worth = order.budget if order.budget is not None else (order.size or 0) * (order.price or 0)
    row: dict[str, Any] = {
        "instId": market.pair,
        "orderId": order.id,
        "clientOid": order.client_id or order.id,
        # By the page's words quote for every buy; `newSize` is what was wanted.
        "size": quote(market, worth) if order.buys else wanted(order),
        "newSize": wanted(order),
        "notional": quote(market, worth),
        "orderType": order.kind.value,
        "force": order.note,
        "side": _side(buys=order.buys),
        "accBaseVolume": size(market, order.filled),
        "priceAvg": average(order),
        "status": status(order),
        "cTime": str(stamp(order.created_ns)),
        "uTime": str(stamp(order.updated_ns)),
        "stpMode": next(name for name, mode in STP_MODES.items() if name and mode is order.self_trade),
        "feeDetail": [{"feeCoin": coin, "fee": _negative(paid)} for coin, paid in order.fees],
        "enterPointSource": "API",
    }
    if order.kind is Kind.LIMIT:
        row["price"] = price(market, order.price or 0)
    if fill is not None:
        row |= {
            "fillPrice": price(market, fill.price),
            "tradeId": trade_id(fill.number),
            "baseVolume": size(market, fill.size),
            "fillTime": str(stamp(fill.at_ns)),
            "fillFee": _negative(fill.fee),
            "fillFeeCoin": fill.fee_asset,
            "tradeScope": "M" if fill.maker else "T",
        }
    return row


def _side(*, buys: bool) -> str:
    return "buy" if buys else "sell"


def _negative(fee: int) -> str:
    """Print what was charged as Bitget does: below zero."""
    return printed(-fee) if fee else "0"
