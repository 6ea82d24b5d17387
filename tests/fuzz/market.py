"""Made markets: books that live on by seeded chance, as texts, before any venue has spelled them.

Entered by the venues' rooms, which write such a life as their frames, and by the tests, which let it go on for millions of
messages. Prices stand on a ladder of ticks and are texts from the start, so that one change costs a few microseconds.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from random import Random
from typing import Literal, NamedTuple

__all__ = ["Change", "Ids", "Made", "Row", "json_rows"]

Row = tuple[str, str]
"""Price and size as they are printed."""

Ids = Literal["range", "chain", "count", "none"]
"""How a venue numbers its messages: from..to, by the id before, by one, not at all."""

TICKS = 400
"""On the ladder of a market."""
_MARGIN = 100
"""From its ends, which the middle does not come nearer to."""
_SIZES = 4096

_LONG = ("0000000000000000001", "00000000000000000000")
"""Digits after which a float64 is the same, and the text is another."""


class Change(NamedTuple):
    """What changed, or the whole book; ids as far as the venue has them."""

    bids: list[Row]
    asks: list[Row]
    previous_id: int
    first_id: int
    last_id: int
    ms: int


def json_rows(rows: Sequence[Row]) -> str:
    """Write a side as most venues do."""
    return "[" + ",".join([f'["{price}","{size}"]' for price, size in rows]) + "]"


@cache
def _ladder(lowest: Decimal, tick: Decimal) -> list[str]:
    return [f"{lowest + tick * step:f}" for step in range(TICKS)]


@cache
def _sizes(decimals: int) -> list[str]:
    rng = Random(f"sizes {decimals}")
    return [f"{rng.randint(1, 10 ** rng.randint(2, 11)) / 10**decimals:.{decimals}f}" for _ in range(_SIZES)]


class Made:
    """One market. `kept` = levels a side that the venue maintains: it is silent of those that others push out.

    `near` = ticks from the middle within which levels stand; `plain` = each number is printed as venues do.
    """

    def __init__(
        self,
        rng: Random,
        ids: Ids,
        *,
        lowest: str,
        tick: str,
        size_decimals: int,
        last_id: int,
        kept: int | None = None,
        near: int = 20,
        plain: bool = False,
    ) -> None:
        self._rng = rng
        self._ids = ids
        self._kept = kept
        self._near = near
        self._plain = plain
        self.prices = _ladder(Decimal(lowest), Decimal(tick))
        self._sizes = _sizes(size_decimals)
        self._middle = TICKS // 2
        """The highest tick at which a bid may stand."""
        self.bids = {self._middle - step: self._size() for step in range(near)}
        self.asks = {self._middle + 1 + step: self._size() for step in range(near)}
        self._odd: dict[tuple[int, int], tuple[str, Row]] = {}
        """Of bids and asks that were printed in another way the size, and the row as it was printed."""
        self._cut()
        self.last_id = last_id
        self.ms = 1_736_411_507_002

    def whole(self) -> Change:
        """Return the book as it stands, best first: to be told, so that it is printed plainly again."""
        self._odd.clear()
        prices = self.prices
        bids = [(prices[at], self.bids[at]) for at in sorted(self.bids, reverse=True)]
        asks = [(prices[at], self.asks[at]) for at in sorted(self.asks)]
        return Change(bids, asks, -1, self.last_id, self.last_id, self.ms)

    def best(self, depth: int) -> tuple[list[Row], list[Row]]:
        """Return the best levels of either side, best first."""
        bids, asks = sorted(self.bids, reverse=True)[:depth], sorted(self.asks)[:depth]
        return [(self.prices[at], self.bids[at]) for at in bids], [(self.prices[at], self.asks[at]) for at in asks]

    def best_as_printed(self, depth: int) -> tuple[list[Row], list[Row]]:
        """Return the same, each as it was told last."""
        bids, asks = sorted(self.bids, reverse=True)[:depth], sorted(self.asks)[:depth]
        return [self._told(0, at) for at in bids], [self._told(1, at) for at in asks]

    def _told(self, side: int, at: int) -> Row:
        size = (self.asks if side else self.bids)[at]
        of, row = self._odd.get((side, at), ("", ("", "")))
        return row if of is size else (self.prices[at], size)

    def begin_anew(self) -> None:
        """Let the venue count from the beginning again, as after maintenance."""
        self.last_id = self._rng.randint(0, 1000)

    def skip(self) -> None:
        """Let one message be lost: the ids go on without it."""
        self._advance()

    def step(self, most: int = 5) -> Change:
        """Let the market move, and return what changed."""
        rng = self._rng
        random = rng.random
        changed: tuple[dict[int, str], dict[int, str]] = ({}, {})
        if random() < 0.15:
            self._move(1 + int(random() * 3), changed)
        middle, sizes, near = self._middle, self._sizes, self._near
        for _ in range(1 + int(random() * random() * most)):
            away = random()
            offset = int(away * away * near)
            index = int(random() * 2)
            side, at = (self.asks, middle + 1 + offset) if index else (self.bids, middle - offset)
            if random() < 0.3 and at in side and len(side) > 12:
                del side[at]
                changed[index][at] = "0"
            else:
                changed[index][at] = side[at] = sizes[int(random() * _SIZES)]
        if self._kept is not None:
            self._cut()
        previous = self.last_id
        first = self._advance()
        prices = self.prices
        rows = [[(prices[at], size) for at, size in side.items()] for side in changed]
        if not self._plain and random() < 0.02:
            self._respell(rows, changed)
        return Change(rows[0], rows[1], previous, first, self.last_id, self.ms)

    def _size(self) -> str:
        return self._sizes[int(self._rng.random() * _SIZES)]

    def _advance(self) -> int:
        """Take the ids of the next message; return its first one."""
        self.ms += 20
        first = self.last_id + 1
        if self._ids == "count":
            self.last_id += 1
        elif self._ids == "range":
            self.last_id += 1 + int(self._rng.random() * 4)
        elif self._ids == "chain":
            self.last_id += 1 + int(self._rng.random() * 40)
        return first

    def _move(self, ticks: int, changed: tuple[dict[int, str], dict[int, str]]) -> None:
        """Let the price go: what it meets is eaten, what it leaves behind too far is withdrawn."""
        up = self._rng.random() < 0.5
        if not _MARGIN < self._middle < TICKS - _MARGIN:
            up = self._middle <= _MARGIN
        for _ in range(ticks):
            if up:
                self._middle += 1
                eaten, far = self._middle, self._middle - self._near - 5
                sides = ((self.asks, changed[1], eaten), (self.bids, changed[0], far))
                new, at = self.asks, self._middle + self._near
            else:
                eaten, far = self._middle, self._middle + self._near + 5
                sides = ((self.bids, changed[0], eaten), (self.asks, changed[1], far))
                self._middle -= 1
                new, at = self.bids, self._middle - self._near + 1
            for side, told, tick in sides:
                if side.pop(tick, None) is not None:
                    told[tick] = "0"
            (changed[1] if up else changed[0])[at] = new[at] = self._size()

    def _cut(self) -> None:
        if self._kept is None:
            return
        for side, worst in ((self.bids, min), (self.asks, max)):
            while len(side) > self._kept:
                del side[worst(side)]

    def _respell(self, rows: Sequence[list[Row]], changed: tuple[dict[int, str], dict[int, str]]) -> None:
        """Print one number in another way: longer than float64 tells, with zeros behind, or with an exponent."""
        rng = self._rng
        sides = [side for side in rows if side]
        if not sides:
            return
        side = rng.choice(sides)
        index = rng.randrange(len(side))
        price, size = side[index]
        if rng.random() < 0.5:
            side[index] = (_other_text(rng, price), size)
        else:
            side[index] = (price, _other_text(rng, size))
        which = 0 if side is rows[0] else 1
        at = list(changed[which])[index]
        self._odd[which, at] = changed[which][at], side[index]


def _other_text(rng: Random, text: str) -> str:
    point = text if "." in text else f"{text}.0"
    return rng.choice((point + rng.choice(_LONG), f"{point}00", f"{text}e0", f"{text}E+0", f"{Decimal(text):e}"))
