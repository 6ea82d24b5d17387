"""How MEXC reads and shows orders and fills; every reason of a refusal in its words.

Source: https://www.mexc.com/api-docs/spot-v3/spot-account-trade
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Force, Kind, NewOrder, Order, Refused, SelfTrade, Status, Why
from arb_sim.kernel.spelling import trimmed

from arb_mexc.sim.market_data import MOST_MARKET_QUOTE, MOST_QUOTE
from arb_mexc.sim.spelling import Declined, decimal, missing, price, quote, size

__all__ = ["cancelled", "declined", "filled", "placed", "read", "shown", "trade_id", "type_of", "worth"]

Stamp = Callable[[int], int]
"""A moment of the timeline -> milliseconds by the venue's clock."""

TYPES = {
    "LIMIT": (Kind.LIMIT, Force.GTC),
    "LIMIT_ORDER": (Kind.LIMIT, Force.GTC),  # as the documentation's example of a batch has it
    "MARKET": (Kind.MARKET, Force.IOC),
    "LIMIT_MAKER": (Kind.LIMIT, Force.POST_ONLY),
    "IMMEDIATE_OR_CANCEL": (Kind.LIMIT, Force.IOC),
    "FILL_OR_KILL": (Kind.LIMIT, Force.FOK),
}
STP_MODES = {
    "": SelfTrade.ALLOWED,
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}

_CLIENT_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")

PROTECTION = 5
"""A market order bears a price so many per cent beyond the best one."""


def read(market: Market, params: Mapping[str, str]) -> NewOrder:
    """Read the parameters of a new order.

    Raises:
        Declined: one of them is missing or cannot be read.
    """
    for name in ("side", "type"):
        if not params.get(name):
            raise missing(name)
    side, kind_name = params["side"], params["type"]
    if side not in {"BUY", "SELL"}:
        raise Declined(33333, f"Param error: side {side}")
    if kind_name not in TYPES:
        raise Declined(30041, f"The order type {kind_name} is not allowed")
    client_id = params.get("newClientOrderId") or None
    if client_id is not None and not _CLIENT_ID.fullmatch(client_id):
        raise Declined(700008, "Illegal characters found in parameter 'newClientOrderId'.")
    stp_mode = params.get("stpMode", "")
    if stp_mode not in STP_MODES:
        raise Declined(33333, f"Param error: stpMode {stp_mode}")
    kind, force = TYPES[kind_name]
    buys = side == "BUY"
    amount, budget = _amounts(params, in_quote=buys and kind is Kind.MARKET, limited=kind is Kind.LIMIT)
    note = "LIMIT" if kind_name == "LIMIT_ORDER" else kind_name
    if kind is Kind.MARKET:
        note = f"{note} {_protection(market, buys=buys)}"
    return NewOrder(
        market=market,
        buys=buys,
        kind=kind,
        force=force,
        price=_limit(params) if kind is Kind.LIMIT else None,
        size=amount,
        budget=budget,
        client_id=client_id,
        self_trade=STP_MODES[stp_mode],
        note=note,
    )


def _amounts(params: Mapping[str, str], *, in_quote: bool, limited: bool) -> tuple[Decimal | None, Decimal | None]:
    """Read base and quote amount: one of them. A market order to buy that has both spends; every other counts base."""
    quantity, to_spend = params.get("quantity"), None if limited else params.get("quoteOrderQty")
    if quantity == "":
        raise Declined(10095, "quantity cannot be null")
    if quantity is None and not to_spend:
        raise missing("quantity")
    name, value = (
        ("quantity", quantity)
        if quantity is not None and not (in_quote and to_spend)
        else (
            "quoteOrderQty",
            to_spend or "",
        )
    )
    amount = decimal(name, value)
    if amount <= 0:
        raise Declined(10102, f"{name} cannot be zero or negative")
    return (amount, None) if name == "quantity" else (None, amount)


def _limit(params: Mapping[str, str]) -> Decimal:
    if not params.get("price"):
        raise missing("price")
    return decimal("price", params["price"])


def _protection(market: Market, *, buys: bool) -> int:
    """The price that a market order bears: for showing only, it is filled at any."""
    best = (market.book.asks if buys else market.book.bids).best or market.last_price
    return max(1, best * (100 + (PROTECTION if buys else -PROTECTION)) // 100)


REASONS: dict[Why, tuple[int, str]] = {
    Why.HALTED: (30016, "Trading disabled"),
    Why.PRICE_STEP: (30010, "no valid trade price"),
    Why.SIZE_STEP: (10096, "amount scale is too large"),
    Why.PRICE_BAND: (30087, "Order price is out of the allowed range"),
    Why.CLIENT_ID: (30033, "The client order id already exists"),
    Why.WOULD_TAKE: (30041, "The order type is not allowed: it would match at once"),
    Why.NOT_FILLABLE: (30025, "No liquidity: the order cannot be filled completely"),
    Why.NO_LIQUIDITY: (30025, "No liquidity"),
    Why.TOO_MANY_ORDERS: (30029, "Cannot exceed the maximum order limit"),
    Why.NOT_FOUND: (-2013, "Order does not exist."),
    Why.ENDED: (-2011, "Unknown order sent"),
    Why.NO_CHANGE: (730002, "Parameter error"),
}


def declined(refused: Refused, new: NewOrder | None = None) -> Declined:
    """Say in MEXC's words why an order is refused."""
    market = refused.market
    buys = new is not None and new.buys
    if refused.why is Why.FUNDS:
        return Declined(10101, "Insufficient balance") if buys else Declined(30004, "Insufficient position")
    if market is None or refused.why in REASONS:
        return Declined(*REASONS[refused.why])
    listing = market.listing
    base, money = listing.symbol.base, listing.symbol.quote
    least, most = "The minimum transaction volume cannot be less than:", "The maximum transaction volume cannot exceed:"
    match refused.why:
        case Why.SIZE_TOO_SMALL:
            return Declined(30002, f"{least}{trimmed(listing.min_size, listing.size_decimals)}{base}")
        case Why.NOTIONAL_TOO_SMALL:
            return Declined(30002, f"{least}{listing.min_notional}{money}")
        case _:
            bound = MOST_MARKET_QUOTE if new is not None and new.kind is Kind.MARKET else MOST_QUOTE
            return Declined(30003, f"{most}{bound}{money}")


def type_of(order: Order) -> str:
    """The type as MEXC calls it."""
    return order.note.partition(" ")[0]


def worth(order: Order) -> tuple[int, int]:
    """Return price and size as MEXC shows them; a market order bears its protection, and what its money buys at it."""
    if order.kind is Kind.LIMIT:
        return order.price or 0, order.size or 0
    bears = int(order.note.partition(" ")[2])
    return bears, order.size or 0 if order.budget is None else order.budget // bears


def _status(order: Order) -> str:
    match order.status:
        case Status.OPEN:
            return "PARTIALLY_FILLED" if order.filled else "NEW"
        case Status.FILLED:
            return "FILLED"
        case _:
            return "PARTIALLY_CANCELED" if order.filled else "CANCELED"


def placed(order: Order, stamp: Stamp) -> dict[str, Any]:
    """The answer to a new order: that it was taken, and nothing of what became of it."""
    bears, lots = worth(order)
    return {
        "symbol": order.market.pair,
        "orderId": order.id,
        "orderListId": -1,
        "price": price(order.market, bears),
        "origQty": size(order.market, lots),
        "type": type_of(order),
        "side": "BUY" if order.buys else "SELL",
        "stpMode": _stp(order),
        "transactTime": stamp(order.created_ns),
    }


def shown(order: Order, stamp: Stamp) -> dict[str, Any]:
    """An order as a query shows it."""
    market = order.market
    bears, lots = worth(order)
    return {
        "symbol": market.pair,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": price(market, bears),
        "origQty": size(market, lots),
        "executedQty": size(market, order.filled),
        "cummulativeQuoteQty": quote(market, order.spent),
        "status": _status(order),
        "timeInForce": "GTC" if order.force is Force.GTC else None,
        "type": type_of(order),
        "side": "BUY" if order.buys else "SELL",
        "stopPrice": None,
        "icebergQty": None,
        "time": stamp(order.created_ns),
        "updateTime": stamp(order.updated_ns),
        "isWorking": True,
        "stpMode": _stp(order),
        "cancelReason": "",
        "origQuoteOrderQty": "0" if order.budget is None else quote(market, order.budget),
    }


def cancelled(order: Order, name: str) -> dict[str, Any]:
    """The answer to a cancellation; `name` is what its client calls the cancellation itself."""
    market = order.market
    return {
        "symbol": market.pair,
        **({} if order.client_id is None else {"origClientOrderId": order.client_id}),
        "orderId": order.id,
        "clientOrderId": name,
        "price": price(market, order.price or 0),
        "origQty": size(market, order.size or 0),
        "executedQty": size(market, order.filled),
        "cummulativeQuoteQty": quote(market, order.spent),
        "status": _status(order),
        "timeInForce": "GTC" if order.force is Force.GTC else None,
        "type": type_of(order),
        "side": "BUY" if order.buys else "SELL",
    }


def filled(fill: Fill, stamp: Stamp) -> dict[str, Any]:
    """A fill as a query shows it."""
    market = fill.market
    return {
        "symbol": market.pair,
        "id": trade_id(fill),
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": price(market, fill.price),
        "qty": size(market, fill.size),
        "quoteQty": quote(market, fill.quote),
        "commission": printed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": stamp(fill.at_ns),
        "isBuyer": fill.buys,
        "isMaker": fill.maker,
        "isBestMatch": True,
        "isSelfTrade": fill.self_trade,
        "clientOrderId": fill.client_id,
    }


def trade_id(fill: Fill) -> str:
    """The id of a fill, the same in lists and pushes."""
    return f"{500_000_000_000_000_000 + fill.number}X1"


def _stp(order: Order) -> str:
    return next(name for name, mode in STP_MODES.items() if mode is order.self_trade)
