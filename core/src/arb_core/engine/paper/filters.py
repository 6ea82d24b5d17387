"""Refuses what a venue would refuse before an order meets its book, by the card and the list of instruments. Pure."""

from decimal import Context, Decimal

from arb_core.engine.money import times
from arb_core.errors import InvalidOrder, TradingDisabled
from arb_core.structs.card import Capability, ExchangeCard
from arb_core.structs.market import Instrument, InstrumentKind, Side, TradingStatus
from arb_core.structs.order import OrderRequest, OrderType, TimeInForce

__all__ = ["check_amounts", "check_notional", "check_order"]

_WIDE = Context(prec=200)
"""`%` of the thread's context fails where a price has more than 28 steps in it: 10^11 at 10^-18."""

_NEEDS = {
    TimeInForce.IOC: Capability.IOC,
    TimeInForce.FOK: Capability.FOK,
    TimeInForce.POST_ONLY: Capability.POST_ONLY,
}

_CLOSED_FOR = {
    TradingStatus.HALTED: (Side.BUY, Side.SELL),
    TradingStatus.BUY_ONLY: (Side.SELL,),
    TradingStatus.SELL_ONLY: (Side.BUY,),
}


def check_order(request: OrderRequest, instrument: Instrument, card: ExchangeCard) -> None:
    """Check everything about an order that needs no book and no account.

    Raises:
        TradingDisabled: the instrument does not trade, or not on this side.
        InvalidOrder: the card does not claim this kind of order, or a filter of the instrument is not kept.
    """
    if request.side in _CLOSED_FOR.get(instrument.status, ()):
        raise TradingDisabled(f"{request.symbol} is {instrument.status.name.lower()} now", exchange=card.id)
    if instrument.kind is not InstrumentKind.SPOT:
        raise _invalid(card, f"{request.symbol} is a {instrument.kind}; only spot is traded")
    _check_kind(request, card)
    _check_client_id(request, card)
    if request.type is OrderType.LIMIT:
        if request.quote_quantity is not None:
            raise _invalid(card, "a limit order counts base: give quantity instead of quote_quantity")
        check_amounts(request.price, request.quantity, instrument, card)
    elif request.quote_quantity is not None:
        check_notional(request.quote_quantity, instrument, card)
    else:
        check_amounts(None, request.quantity, instrument, card)


def check_amounts(price: Decimal | None, quantity: Decimal | None, instrument: Instrument, card: ExchangeCard) -> None:
    """Check a price and a size in base against tick, lot and bounds. Raises `InvalidOrder`."""
    if price is not None:
        if not price.is_finite() or price <= 0:
            raise _invalid(card, f"a price is above 0, found {price}")
        if instrument.tick > 0 and _WIDE.remainder(price, instrument.tick):
            raise _invalid(card, f"price {price} is no multiple of the tick {instrument.tick}")
    if quantity is not None:
        if not quantity.is_finite() or quantity <= 0:
            raise _invalid(card, f"a quantity is above 0, found {quantity}")
        if instrument.lot > 0 and _WIDE.remainder(quantity, instrument.lot):
            raise _invalid(card, f"quantity {quantity} is no multiple of the lot {instrument.lot}")
        if quantity < instrument.min_quantity:
            raise _invalid(card, f"quantity {quantity} is below the least, {instrument.min_quantity}")
        if instrument.max_quantity is not None and quantity > instrument.max_quantity:
            raise _invalid(card, f"quantity {quantity} is above the most, {instrument.max_quantity}")
        if price is not None:
            check_notional(times(price, quantity), instrument, card)


def check_notional(notional: Decimal, instrument: Instrument, card: ExchangeCard) -> None:
    """Check what an order is worth, in quote. Raises `InvalidOrder`."""
    if not notional.is_finite() or notional <= 0:
        raise _invalid(card, f"an order is worth more than 0, found {notional}")
    if notional < instrument.min_notional:
        raise _invalid(card, f"the order is worth {notional}, the least is {instrument.min_notional}")
    if instrument.max_notional is not None and notional > instrument.max_notional:
        raise _invalid(card, f"the order is worth {notional}, the most is {instrument.max_notional}")


def _check_kind(request: OrderRequest, card: ExchangeCard) -> None:
    """Check side, type and time in force against what the card claims."""
    if request.side not in {Side.BUY, Side.SELL}:
        raise _invalid(card, "an order buys or sells")
    needs: list[Capability | None] = []
    if request.type is OrderType.MARKET:
        needs.append(Capability.MARKET_ORDERS)
        if request.quote_quantity is not None:
            needs.append(Capability.QUOTE_QUANTITY)
        if request.time_in_force is TimeInForce.POST_ONLY:
            raise _invalid(card, "a market order cannot be post-only")
        if request.time_in_force is TimeInForce.FOK:
            needs.append(Capability.FOK)
    elif request.type is OrderType.LIMIT and request.time_in_force is not TimeInForce.UNKNOWN:
        needs.append(_NEEDS.get(request.time_in_force))
    else:
        raise _invalid(card, f"no order {request.type.name} {request.time_in_force.name}")
    for need in needs:
        if need is not None and need not in card.capabilities:
            raise _invalid(card, f"{card.name} takes no such order: its card does not claim {need}")


def _check_client_id(request: OrderRequest, card: ExchangeCard) -> None:
    length = len(card.client_ids.prefix) + len(request.client_order_id)
    if not request.client_order_id or length > card.client_ids.max_length:
        raise _invalid(card, f"a client order id has 1 to {card.client_ids.max_length} characters, found {length}")


def _invalid(card: ExchangeCard, message: str) -> InvalidOrder:
    return InvalidOrder(message, exchange=card.id)
