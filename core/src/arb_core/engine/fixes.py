"""What one order can do about a difference, on one market: its side, size and limit. Pure.

A market deals with a residue of its base, where its quote is the money of the trade, or of its quote, where its base
is: what a cycle that begins with BTC has too much of USDT buys BTC. Entered by the leg policy (`legs`), which says
whether a difference is to be dealt with, and by whoever sizes the next leg of a trade in turn.
"""

from bisect import bisect_right
from collections.abc import Callable
from decimal import ROUND_FLOOR, Context, Decimal
from enum import StrEnum
from functools import partial

import msgspec

from arb_core.engine.money import minus, plus, times
from arb_core.engine.rounding import round_price, round_size
from arb_core.engine.trade import Purpose
from arb_core.structs.market import Asset, Instrument, Side, Symbol, VenueName

__all__ = ["FeeIn", "Fix", "Way", "fix_of", "follow_on", "is_orderable", "side_of"]

_NOTHING = Decimal(0)
_ONE = Decimal(1)
_DOWN = Context(prec=60, rounding=ROUND_FLOOR)

_GIVES_WAY = Decimal("0.0025")
"""Of the price, for each order that came before: by so much a wild market moves while an order is on its way."""
_FURTHEST = Decimal("0.01")
"""Of the price: venues refuse limits that are too far off the market, some of them from a few percent on."""
_NO_TICK = Decimal("0.000001")
"""Of the price: the step where a venue states no tick."""


class FeeIn(StrEnum):
    """What a purchase pays its fee in."""

    BASE = "base"
    """What it buys: less arrives than was filled."""
    QUOTE = "quote"
    """What it pays with: the fee has to be there beside the price."""
    OTHER = "other"
    """A third asset, such as a venue's own: price and coins are as filled."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One market where a difference could be traded away now, best price first in `levels`."""

    purpose: Purpose
    """HEDGE where the fill is missing, UNWIND where it happened."""
    leg: int
    """The leg that an order here belongs to."""
    venue: VenueName
    symbol: Symbol
    levels: tuple[tuple[Decimal, Decimal], ...]
    """(price, size in base) of the side that an order would take; empty where the book is not LIVE."""
    instrument: Instrument
    fee: Decimal
    """Taker fee as a fraction of the notional."""
    fee_in: FeeIn = FeeIn.QUOTE
    available: Decimal | None = None
    """What may be spent there: base for a sale, quote for a purchase. None = enough."""

    def deals_with(self, money: Asset) -> Asset | None:
        """Return the asset of which a residue is traded for the money of a trade here; None = this leads elsewhere."""
        base, quote = Asset(self.symbol.base), Asset(self.symbol.quote)
        if quote == money:
            return base
        return quote if base == money else None


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """The order to send: limit IOC."""

    purpose: Purpose
    leg: int
    venue: VenueName
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal


def side_of(residue: Decimal, *, of_quote: bool) -> Side:
    """Return the side that deals with a residue: what is too much of the base is sold, of the quote spent."""
    return Side.SELL if (residue > 0) is not of_quote else Side.BUY


def fix_of(way: Way, residue: Decimal, money: Asset, others: Decimal, cap: Decimal, *, earlier: int = 0) -> Fix | str:
    """Return the order that deals with a residue, or why there is none.

    Args:
        way: a market that deals with it.
        residue: gained (+) or lost (-) without a counterpart.
        money: what the trade is counted in.
        others: what everything but the residue came to, in money.
        cap: most that the whole trade may lose, even if every unit costs the limit.
        earlier: orders that were to deal with it here before. The market is not where it is seen to be: each further
            one accepts a worse price, which it pays only where there is no better one.
    """
    if not way.levels:
        return "its book is not live"
    of_quote = Asset(way.symbol.base) == money
    side = side_of(residue, of_quote=of_quote)
    looked_at = partial(_looked_at, way, side, residue, others=others, of_quote=of_quote)
    size, limit = _NOTHING, _NOTHING
    for level, there in way.levels:
        price = round_price(level, way.instrument.tick, side)
        # The limit holds for every unit of the order, so each level is asked whether all could be traded there.
        wanted, loss = looked_at(price)
        if size >= wanted or loss > cap:
            break
        size, limit = min(wanted, plus(size, there)), price
    if not size:
        _, lost = looked_at(round_price(way.levels[0][0], way.instrument.tick, side))
        return f"the trade would lose {lost:f}, {cap:f} may be lost"
    if earlier:
        limit = _given_way(way, side, limit, lambda price: looked_at(price)[1], cap, earlier=earlier)
        size = min(size, looked_at(limit)[0])
    if way.available is not None:
        size = min(size, _paid_for(side, way.available, limit, _fee_in_quote(way)))
    quantity = _orderable(way.instrument, size, limit)
    if not quantity:
        # At a worse price it may be worth less than the smallest order.
        return fix_of(way, residue, money, others, cap) if earlier else f"{size:f} is too small to order"
    return Fix(
        purpose=way.purpose,
        leg=way.leg,
        venue=way.venue,
        symbol=way.symbol,
        side=side,
        quantity=quantity,
        price=limit,
    )


def follow_on(instrument: Instrument, side: Side, held: Decimal, price: Decimal, *, fee: Decimal) -> Decimal:
    """Return the largest order that what is really held pays for: the next leg of a trade in turn; 0 = none.

    Args:
        instrument: where the next leg goes.
        side: of the next leg.
        held: base for a sale, quote for a purchase; as the fills brought it, fees taken.
        price: the limit, in quote per base.
        fee: fraction of the notional that a purchase pays beside its price: none where the fee is not in quote.
    """
    return _orderable(instrument, _paid_for(side, held, price, fee), price)


def is_orderable(way: Way, residue: Decimal, money: Asset, mark: Decimal | None) -> bool:
    """Whether a market takes an order that deals with a residue. Without a price no notional is asked.

    Args:
        way: a market that deals with it.
        residue: how much there is of it.
        money: what the trade is counted in.
        mark: what one unit of it is worth, in money; None = nobody knows: an order whose size nobody knows may be one.
    """
    if Asset(way.symbol.quote) == money:
        return bool(_orderable(way.instrument, residue.copy_abs(), mark))
    if mark is None or not mark:
        return True
    return bool(_orderable(way.instrument, times(residue.copy_abs(), mark), _DOWN.divide(_ONE, mark)))


def _paid_for(side: Side, held: Decimal, price: Decimal, fee: Decimal) -> Decimal:
    """Return how much base the funds allow, not yet rounded."""
    if side is Side.SELL:
        return max(held, _NOTHING)
    return _DOWN.divide(max(held, _NOTHING), times(price, plus(_ONE, max(fee, _NOTHING))))


def _fee_in_quote(way: Way) -> Decimal:
    return way.fee if way.fee_in is FeeIn.QUOTE else _NOTHING


def _given_way(
    way: Way, side: Side, seen: Decimal, lost: Callable[[Decimal], Decimal], cap: Decimal, *, earlier: int
) -> Decimal:
    """Return the limit of a further order: as far from the one that the book gives as it may be, inside the cap."""
    step = way.instrument.tick if way.instrument.tick > 0 else times(seen, _NO_TICK)
    reach = times(seen, min(times(_GIVES_WAY, Decimal(earlier)), _FURTHEST))

    def price(steps: int) -> Decimal:
        return plus(seen, times(step if side is Side.BUY else -step, Decimal(steps)))

    # The further, the dearer; what the book gives is inside the cap.
    steps = range(int(_DOWN.divide(reach, step)) + 1)
    return price(bisect_right(steps, cap, key=lambda number: lost(price(number))) - 1)


def _looked_at(
    way: Way, side: Side, residue: Decimal, price: Decimal, others: Decimal, *, of_quote: bool
) -> tuple[Decimal, Decimal]:
    """Return what an order at a price would have to trade, in base, and what the whole trade would lose then."""
    amount = residue.copy_abs()
    if of_quote:
        if side is Side.BUY:
            wanted = _paid_for(side, amount, price, _fee_in_quote(way))
            arrives = wanted if way.fee_in is FeeIn.QUOTE else times(wanted, minus(_ONE, way.fee))
            return wanted, minus(minus(_NOTHING, arrives), others)
        # The fee of a sale comes out of what it brings.
        wanted = _DOWN.divide(amount, times(price, minus(_ONE, way.fee)))
        return wanted, minus(wanted, others)
    # Bought with the fee taken out of it, more has to be bought than is missing.
    short = side is Side.BUY and way.fee_in is FeeIn.BASE
    wanted = _DOWN.divide(amount, minus(_ONE, way.fee)) if short else amount
    return wanted, minus(_cost(way, side, wanted, price), others)


def _cost(way: Way, side: Side, quantity: Decimal, price: Decimal) -> Decimal:
    """Return what an order takes out of the money, where that is its quote, fee included; negative for a sale."""
    notional = times(quantity, price)
    fee = times(notional, way.fee)
    if side is Side.SELL:
        return minus(fee, notional)
    return notional if way.fee_in is FeeIn.BASE else plus(notional, fee)


def _orderable(instrument: Instrument, size: Decimal, price: Decimal | None) -> Decimal:
    """Return the size as the instrument takes it; 0 below its smallest order. Without a price no notional is asked."""
    if instrument.max_quantity is not None:
        size = min(size, instrument.max_quantity)
    size = round_size(size, instrument.lot)
    if size < instrument.min_quantity:
        return _NOTHING
    return size if price is None or times(size, price) >= instrument.min_notional else _NOTHING
