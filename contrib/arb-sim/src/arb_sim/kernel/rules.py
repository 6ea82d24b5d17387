"""What a venue demands of orders: filters, and what an order has to lock.

Facts of a venue, stated by its `sim.py`, and the arithmetic that follows from them. Entered by trading.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum

import msgspec

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.book import Units
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import DECIMALS, amount, rate, ten, units, whole
from arb_sim.kernel.orders import ClientIds, Force, Kind, NewOrder, Order, Refused, Why

__all__ = ["Band", "FeeIn", "Funds", "TradingRules", "base_amount", "filtered", "quote_amount", "read", "walk"]

_RATE = 10**12


class FeeIn(StrEnum):
    """What a fee is taken from."""

    RECEIVED = "received"
    """Base when buying, quote when selling."""
    QUOTE = "quote"
    """A buyer locks it beside the price."""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """How far a limit price may be from the last one, as factors of it. None = no bound."""

    buy_up: Decimal | None = None
    buy_down: Decimal | None = None
    sell_up: Decimal | None = None
    sell_down: Decimal | None = None

    def holds(self, price: int, last: int, *, buys: bool) -> bool:
        """Whether a price is within it."""
        up, down = (self.buy_up, self.buy_down) if buys else (self.sell_up, self.sell_down)
        return (up is None or price <= last * up) and (down is None or price >= last * down)


class TradingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue demands of orders, beside what each listing says."""

    client_ids: ClientIds = ClientIds()
    post_only_refused: bool = True
    """A post-only order that would take is refused; else it is accepted and ended at once."""
    fill_or_kill_refused: bool = False
    """A fill-or-kill order that cannot be filled is refused; else it is accepted and ended at once."""
    market_refused: bool = False
    """A market order that finds nothing at all is refused; else it is accepted and ended at once."""
    fee_in: FeeIn = FeeIn.RECEIVED
    fee_decimals: int = 18
    """What is finer is cut off."""
    max_open_orders: int | None = None
    """Per account."""
    max_open_orders_of_pair: int | None = None
    max_notional: Decimal | None = None
    max_market_notional: Decimal | None = None
    band: Band = Band()


def base_amount(market: Market, size: int) -> int:
    """Return lots as money."""
    return size * ten(DECIMALS - market.listing.size_decimals)


def quote_amount(market: Market, quote: int) -> int:
    """Return tick * lot as money."""
    listing = market.listing
    return quote * ten(DECIMALS - listing.price_decimals - listing.size_decimals)


def read(account: Account, new: NewOrder, now_ns: int) -> Order:
    """Count an order in whole units.

    Raises:
        Refused: its price or size is not positive, or stands between two steps.
    """
    market, listing = new.market, new.market.listing
    price = units(new.price, listing.price_decimals) if new.price is not None and new.kind is Kind.LIMIT else None
    if new.kind is Kind.LIMIT and (price is None or price <= 0):
        raise Refused(Why.PRICE_STEP, market)
    size = budget = None
    if new.budget is not None:  # what it has beyond tick * lot cannot be spent
        budget = whole(new.budget, listing.price_decimals + listing.size_decimals)
        if budget <= 0:
            raise Refused(Why.NOTIONAL_TOO_SMALL, market)
    else:
        size = None if new.size is None else units(new.size, listing.size_decimals)
        if size is None or size <= 0:
            raise Refused(Why.SIZE_STEP, market)
    return Order(
        number=0,
        id="",
        account=account,
        market=market,
        client_id=new.client_id,
        buys=new.buys,
        kind=new.kind,
        force=new.force if new.kind is Kind.LIMIT or new.force is Force.FOK else Force.IOC,
        self_trade=new.self_trade,
        price=price,
        size=size,
        budget=budget,
        note=new.note,
        created_ns=now_ns,
        updated_ns=now_ns,
    )


def filtered(order: Order, rules: TradingRules) -> None:
    """Apply the filters of listing and venue. A market order is worth its size at the last price.

    Raises:
        Refused: one of them refuses.
    """
    market, listing = order.market, order.market.listing
    if order.size is not None:
        if order.size < listing.min_size:
            raise Refused(Why.SIZE_TOO_SMALL, market)
        if listing.max_size is not None and order.size > listing.max_size:
            raise Refused(Why.SIZE_TOO_LARGE, market)
    if order.price is not None and not rules.band.holds(order.price, market.last_price, buys=order.buys):
        raise Refused(Why.PRICE_BAND, market)
    worth = order.budget if order.budget is not None else (order.size or 0) * (order.price or market.last_price)
    notional = quote_amount(market, worth)
    if notional < amount(listing.min_notional):
        raise Refused(Why.NOTIONAL_TOO_SMALL, market)
    most = rules.max_notional if order.kind is Kind.LIMIT else rules.max_market_notional
    if most is not None and notional > amount(most):
        raise Refused(Why.NOTIONAL_TOO_LARGE, market)


def walk(order: Order, levels: Iterable[Units]) -> tuple[int, int, bool]:
    """Return the lots that an order would get out of levels, what they cost, and whether that is all it wants."""
    left = order.left if order.budget is None else order.budget - order.spent
    lots = cost = 0
    for price, size in levels:
        part = min(size, left if order.budget is None else left // price)
        lots += part
        cost += part * price
        left -= part if order.budget is None else part * price
        if left == 0 or part < size:
            return lots, cost, True
    return lots, cost, left == 0


class Funds:
    """What orders have to lock. `rates` = (account, market) -> (maker, taker) as fractions."""

    def __init__(self, rules: TradingRules, rates: Callable[[Account, Market], tuple[Decimal, Decimal]]) -> None:
        self._rules = rules
        self._rates = rates

    def _fee(self, order: Order) -> int:
        """The rate for which a buyer keeps money ready, counted in 10^-12."""
        if self._rules.fee_in is not FeeIn.QUOTE or not order.buys:
            return 0
        return rate(max(Decimal(0), *self._rates(order.account, order.market)))

    def _with_fee(self, order: Order, cost: int) -> int:
        return cost - (-cost * self._fee(order) // _RATE)

    def to_begin(self, order: Order, levels: Iterable[Units]) -> int:
        """What an order locks when it is placed; `levels` are those it could take."""
        if order.kind is Kind.LIMIT:
            return self.to_go_on(order)
        lots, cost, _ = walk(order, levels)
        if not order.buys:
            return base_amount(order.market, lots)
        return self._with_fee(order, quote_amount(order.market, cost if order.budget is None else order.budget))

    def to_go_on(self, order: Order) -> int:
        """What a limit order holds for what is left of it."""
        if not order.buys:
            return base_amount(order.market, order.left)
        return self._with_fee(order, quote_amount(order.market, order.left * (order.price or 0)))

    def lots_at(self, order: Order, price: int) -> int:
        """How many lots an order still wants at a price, and has the money for."""
        if not order.is_open:
            return 0
        lots = order.left if order.budget is None else (order.budget - order.spent) // price
        if order.kind is Kind.LIMIT:
            return lots
        if not order.buys:
            return min(lots, order.locked // base_amount(order.market, 1))
        return min(lots, order.locked * _RATE // (quote_amount(order.market, price) * (_RATE + self._fee(order))))
