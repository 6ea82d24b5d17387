"""What is still there to be taken: the levels that a live book shows, less what our own paper fills took of them.

A paper order moves no market, so the real book goes on showing what it took. `Footprint` remembers that for a while:
an order does not fill twice against the same displayed size. When the memory of a fill ends, its price counts as filled
up again, which a quiet market may not be; a longer memory is the more cautious one.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_FLOOR, Context, Decimal
from typing import NamedTuple

from arb_core.engine.money import minus, plus, times
from arb_core.engine.rounding import decimal
from arb_core.structs.book import Level
from arb_core.structs.market import Side, Symbol

__all__ = ["Footprint", "Take", "shown", "step_of", "visible", "walk"]

_NOTHING = Decimal(0)
_DOWN = Context(prec=60, rounding=ROUND_FLOOR)

_NO_LOT = Decimal("1e-12")
"""Where an instrument has no lot, a division still has to end."""


class Take(NamedTuple):
    """What an order takes at one level."""

    price: Decimal
    quantity: Decimal


class _Side:
    """What was taken from one side of one book."""

    __slots__ = ("at_price", "fills")

    def __init__(self) -> None:
        self.fills: deque[tuple[int, Decimal, Decimal]] = deque()
        self.at_price: dict[Decimal, Decimal] = {}


class Footprint:
    """What our own fills took lately, by symbol, side and price."""

    def __init__(self, memory_ns: int) -> None:
        self._memory_ns = memory_ns
        self._sides: dict[tuple[Symbol, Side], _Side] = {}

    def take(self, symbol: Symbol, taker: Side, takes: Iterable[Take], now_ns: int) -> None:
        """Remember what an order of `taker`'s side took: a purchase takes asks."""
        side = self._sides.setdefault((symbol, taker), _Side())
        for price, quantity in takes:
            side.fills.append((now_ns, price, quantity))
            side.at_price[price] = plus(side.at_price.get(price, _NOTHING), quantity)

    def taken(self, symbol: Symbol, taker: Side, now_ns: int) -> Mapping[Decimal, Decimal]:
        """Return how much of each price is ours already; what is older than the memory is forgotten."""
        side = self._sides.get((symbol, taker))
        if side is None:
            return {}
        while side.fills and side.fills[0][0] + self._memory_ns <= now_ns:
            _, price, quantity = side.fills.popleft()
            left = minus(side.at_price[price], quantity)
            if left:
                side.at_price[price] = left
            else:
                del side.at_price[price]
        return side.at_price


def visible(levels: Iterable[Level], taken: Mapping[Decimal, Decimal], lot: Decimal) -> Iterator[Take]:
    """Yield what can be taken at each level, best first: what it shows, less what is ours already, in whole lots."""
    for price, size in levels:
        exact = decimal(price)
        left = _whole(minus(decimal(size), taken.get(exact, _NOTHING)), lot)
        if left > 0:
            yield Take(exact, left)


def shown(levels: Iterable[Level], taken: Mapping[Decimal, Decimal], lot: Decimal) -> list[Level]:
    """Return levels without what is ours already, as a book shows them; those that are used up are left out."""
    touched = {float(price) for price in taken}
    left: list[Level] = []
    for price, size in levels:
        if price not in touched:
            left.append((price, size))
        else:
            left.extend((price, float(take.quantity)) for take in visible([(price, size)], taken, lot))
    return left


def walk(
    there: Iterable[Take],
    side: Side,
    *,
    limit: Decimal | None,
    quantity: Decimal | None,
    quote: Decimal | None,
    lot: Decimal,
) -> list[Take]:
    """Return what an order takes.

    Args:
        there: what can be taken, best price first.
        side: of the order.
        limit: the worst price it accepts; None = any.
        quantity: how much base it wants at most; None = no bound.
        quote: how much quote it turns over at most; None = no bound.
        lot: the step of a size.
    """
    takes: list[Take] = []
    for price, size in there:
        if limit is not None and (price > limit if side is Side.BUY else price < limit):
            break
        most = size
        if quantity is not None:
            most = min(most, quantity)
        if quote is not None:
            most = min(most, _whole(_DOWN.divide(quote, price), step_of(lot)))
        if most <= 0:
            break
        takes.append(Take(price, most))
        if quantity is not None:
            quantity = minus(quantity, most)
        if quote is not None:
            quote = minus(quote, times(most, price))
    return takes


def step_of(lot: Decimal) -> Decimal:
    """Return the step of a size that is worked out from quote money."""
    return lot if lot > 0 else _NO_LOT


def _whole(size: Decimal, lot: Decimal) -> Decimal:
    """Round down to a multiple of the lot, exactly; a lot of 0 is none."""
    return size if lot <= 0 else times(_DOWN.divide_int(max(size, _NOTHING), lot), lot)
