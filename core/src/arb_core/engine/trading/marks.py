"""What an asset is worth in a trade's money, so that what is left over counts into its result.

A price that is missing must not lose a result, so there is always an answer; in this order:

1. the mid of a LIVE book of the asset in that money, on the trade's own venues first;
2. the mid of the inverse book;
3. what the trade's own orders dealt at, last by what they were willing to pay, through a third asset if need be;
4. for an asset that only a fee was paid in: what the fee would have been at the venue's published rate.

Entered by execution when a trade is decided and when it ends.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal
from math import isfinite

from arb_core.engine.money import plus, times, total
from arb_core.engine.orders import TrackedOrder, fees
from arb_core.engine.rounding import decimal
from arb_core.engine.view import EngineView
from arb_core.structs.market import Asset, Symbol, VenueName

__all__ = ["marks_of"]

_NOTHING = Decimal(0)
_ROUNDED = Context(prec=28)


def marks_of(
    orders: Sequence[TrackedOrder],
    money: Asset,
    view: EngineView,
    fee: Callable[[VenueName, Symbol], Decimal],
) -> dict[Asset, Decimal]:
    """Return a price for everything but the money that the orders of one trade deal in.

    Args:
        orders: all of the trade.
        money: what its profit is counted in.
        view: every book.
        fee: a taker's fee as a fraction, by venue and symbol.
    """
    venues = list(dict.fromkeys(order.plan.venue for order in orders))
    dealt = {order.plan.symbol for order in orders}
    assets = {Asset(name) for symbol in dealt for name in (symbol.base, symbol.quote)}
    paid = {asset for order in orders for asset in fees(order)}
    marks = {
        asset: mark
        for asset in assets | paid
        if asset != money and (mark := _mid(asset, money, view, venues)) is not None
    }
    # An asset dealt in another one: each round prices what hangs on those before, and a circle of legs ends in money.
    for _ in dealt:
        for order in orders:
            _from_order(order, money, marks)
    for asset in paid - assets - marks.keys() - {money}:
        marks[asset] = _from_fees(asset, orders, money, marks, fee)
    return marks


def _mid(asset: Asset, money: Asset, view: EngineView, venues: Iterable[VenueName]) -> Decimal | None:
    for symbol, inverse in ((Symbol(asset, money), False), (Symbol(money, asset), True)):
        books = [view.book(symbol, venue) for venue in venues]
        for book in [*books, *view.books(symbol)]:
            if book is None or not isfinite(mid := (book.bid + book.ask) / 2):
                continue
            return _ROUNDED.divide(Decimal(1), decimal(mid)) if inverse else decimal(mid)
    return None


def _from_order(order: TrackedOrder, money: Asset, marks: dict[Asset, Decimal]) -> None:
    """Price one of an order's two assets by the other, where only one is priced."""
    base, quote = Asset(order.plan.symbol.base), Asset(order.plan.symbol.quote)
    price = _price(order)
    in_money = {**marks, money: Decimal(1)}
    if base not in in_money and quote in in_money:
        marks[base] = times(price, in_money[quote])
    elif quote not in in_money and base in in_money:
        marks[quote] = _ROUNDED.divide(in_money[base], price)


def _price(order: TrackedOrder) -> Decimal:
    """Return the average that it was filled at, else its limit."""
    if not (filled := order.listed):
        return order.plan.price
    return _ROUNDED.divide(total(times(fill.quantity, fill.price) for fill in order.fills.values()), filled)


def _from_fees(
    asset: Asset,
    orders: Iterable[TrackedOrder],
    money: Asset,
    marks: dict[Asset, Decimal],
    fee: Callable[[VenueName, Symbol], Decimal],
) -> Decimal:
    """Return what one unit of an asset that fees were paid in would be worth at the published rates."""
    in_money = {**marks, money: Decimal(1)}
    amount, worth = _NOTHING, _NOTHING
    for order in orders:
        plan = order.plan
        for fill in order.fills.values():
            mark = in_money.get(Asset(plan.symbol.quote))
            if fill.fee and fill.fee_asset == asset and mark is not None:
                notional = times(times(fill.quantity, fill.price), mark)
                amount = plus(amount, fill.fee.copy_abs())
                worth = plus(worth, times(notional, fee(plan.venue, plan.symbol)))
    return _ROUNDED.divide(worth, amount) if amount else _NOTHING
