"""How much of a cycle pays: three books walked together, then rounded to what can be ordered. Pure.

What one leg brings is all that the next one can pay, so the three sizes hang together: `walk` takes the levels of all
three as long as the next bit of money still comes back as more, `fit` rounds to the lots, and `total` says what sizes
cost and bring. What rounding leaves over between two legs counts for nothing.

Numbers are float64. They are trusted to one part in 10^12; a profit smaller than that is none.
"""

from collections.abc import Sequence
from math import ceil, floor, inf, isnan, nan
from typing import NamedTuple

from arb_core.structs.book import Level
from arb_core.structs.market import Side

from arb_triangular.cycles import Cycle, Turn

__all__ = ["DOUBT", "Money", "Walk", "fit", "total", "walk"]

DOUBT = 1e-12
"""Relative error that float64 arithmetic over a few levels stays below, with room to spare."""

Sizes = tuple[float, float, float]
"""One for each leg, in its base."""

_UNKNOWN: Sizes = (nan, nan, nan)


class Walk(NamedTuple):
    """How far the books pay. Sizes of NaN = a venue gives none."""

    sizes: Sizes
    used_up: bool
    """Every level given of one book was taken: with more levels it might have gone on."""


class Money(NamedTuple):
    """What sizes cost and bring, in the money of the cycle, after fees."""

    paid: float
    earned: float
    averages: Sizes
    prices: Sizes
    """The worst level that each leg takes."""


class _Front:
    """Where a walk stands in one book."""

    __slots__ = ("_at", "_levels", "left", "price", "size")

    def __init__(self, levels: Sequence[Level]) -> None:
        self._levels = levels
        self._at = -1
        self.size = 0.0
        """Taken so far."""
        self._advance()

    def _advance(self) -> None:
        self._at += 1
        self.price, self.left = (nan, 0.0) if self.used_up else self._levels[self._at]

    @property
    def used_up(self) -> bool:
        return self._at == len(self._levels)

    def take(self, size: float) -> None:
        self.size += size
        self.left -= size
        if self.left <= DOUBT * self._levels[self._at][1]:
            self._advance()


def walk(cycle: Cycle, levels: Sequence[Sequence[Level]], max_notional: float = inf) -> Walk:
    """Take levels of all three books, best first, while the next bit of money still comes back as more.

    `levels` are those that each turn takes. `max_notional` bounds what the first leg pays.
    """
    fronts = [_Front(side) for side in levels]
    paid = 0.0
    while cycle.cleared(cycle.level, [front.price for front in fronts]):
        if any(isnan(front.left) for front in fronts):
            return Walk(_UNKNOWN, used_up=False)
        moved = _moved(cycle.turns, [front.price for front in fronts])
        there = min(front.left / base for front, base in zip(fronts, moved, strict=True))
        room = max_notional - paid
        for turn, front, base in zip(cycle.turns, fronts, moved, strict=True):
            room = min(room, (turn.max_size - front.size) / base)
        money = max(min(there, room), 0.0)
        paid += money
        for front, base in zip(fronts, moved, strict=True):
            front.take(money * base)
        if room <= there:
            break
    one, two, three = (front.size for front in fronts)
    return Walk((one, two, three), any(front.used_up for front in fronts))


def _moved(turns: Sequence[Turn], prices: Sequence[float]) -> list[float]:
    """Return how much base of each leg one unit of the money moves."""
    moved: list[float] = []
    held = 1.0
    for turn, price in zip(turns, prices, strict=True):
        if turn.side is Side.BUY:
            held /= price
            moved.append(held)
        else:
            moved.append(held)
            held *= price
        held *= turn.keep
    return moved


def fit(cycle: Cycle, levels: Sequence[Sequence[Level]], sizes: Sizes) -> Sizes:
    """Round sizes above 0 to the lots of their instruments.

    Down from the first leg on, each as far as the one before it pays for; then back from the last one, where less is
    enough for what comes after. So nothing is bought that the next leg has no use for, but what its own lot forces.
    A size that rounds to nothing is left as it is, and nothing goes back: the check `filters` then names its lot.
    """
    turns = cycle.turns
    fitted: list[float] = []
    whole = True
    held = inf
    for turn, side, size in zip(turns, levels, sizes, strict=True):
        able = held if turn.side is Side.SELL else _base_for(side, held)
        wanted = min(size, able)
        rounded = _down(wanted, turn.lot)
        whole = whole and rounded > 0.0
        fitted.append(rounded or wanted)
        held = _brings(turn, side, fitted[-1])
    for place in (1, 0) if whole else ():
        turn, side = turns[place], levels[place]
        wanted = _pays(turns[place + 1], levels[place + 1], fitted[place + 1]) / turn.keep
        enough = wanted if turn.side is Side.BUY else _base_for(side, wanted)
        fitted[place] = min(fitted[place], _up(enough, turn.lot))
    return fitted[0], fitted[1], fitted[2]


def total(cycle: Cycle, levels: Sequence[Sequence[Level]], sizes: Sizes) -> Money:
    """Say what sizes above 0 cost and bring, walking as many levels as each needs."""
    turns = cycle.turns
    walked = [_gross(side, size) for side, size in zip(levels, sizes, strict=True)]
    one, two, three = (gross / size for (gross, _), size in zip(walked, sizes, strict=True))
    return Money(
        _pays(turns[0], levels[0], sizes[0]),
        _brings(turns[-1], levels[-1], sizes[-1]),
        (one, two, three),
        (walked[0][1], walked[1][1], walked[2][1]),
    )


def _pays(turn: Turn, levels: Sequence[Level], size: float) -> float:
    """Return what a size takes of the asset that the leg spends."""
    return _gross(levels, size)[0] if turn.side is Side.BUY else size


def _brings(turn: Turn, levels: Sequence[Level], size: float) -> float:
    """Return what a size brings of the asset that the leg is paid in, its fee taken."""
    return turn.keep * (size if turn.side is Side.BUY else _gross(levels, size)[0])


def _gross(levels: Sequence[Level], size: float) -> tuple[float, float]:
    """Return what a size comes to in quote, and the worst level it takes."""
    gross, worst, rest = 0.0, nan, size
    for price, there in levels:
        worst = price
        if rest <= there * (1 + DOUBT):
            return gross + rest * price, worst
        gross += there * price
        rest -= there
    return gross, worst


def _base_for(levels: Sequence[Level], quote: float) -> float:
    """Return the size that comes to an amount of quote, all that is there at most."""
    size = 0.0
    for price, there in levels:
        if quote <= price * there:
            return size + quote / price
        size += there
        quote -= price * there
    return size


def _down(size: float, lot: tuple[int, int] | None) -> float:
    if lot is None:
        return size
    step, parts = lot
    return floor(size * parts / step * (1 + DOUBT)) * step / parts


def _up(size: float, lot: tuple[int, int] | None) -> float:
    if lot is None:
        return size
    step, parts = lot
    return ceil(size * parts / step * (1 - DOUBT)) * step / parts
