"""Candles and day statistics of one market.

What happened before the simulation began is invented from the seed when somebody asks for it, so a venue has a past
without having lived it. Each interval's past is a walk of its own: they agree at the present, not with each other.
"""

from collections import deque
from math import floor, sqrt
from random import Random
from typing import NamedTuple

from arb_sim.kernel.book import Units

__all__ = ["MONTH", "WEEK", "Candle", "Candles", "Day", "Interval"]

SECOND = 1_000_000_000


class Interval(NamedTuple):
    """The windows of one kind of candle: each begins `offset_ns` after a multiple of `span_ns` since the epoch."""

    span_ns: int
    offset_ns: int = 0


WEEK = Interval(7 * 86_400 * SECOND, 4 * 86_400 * SECOND)
"""From Monday: the epoch was a Thursday."""

MONTH = Interval(30 * 86_400 * SECOND)
"""Stands for a calendar month, which a simulated venue does not keep."""

PAST = 1_000
"""Candles before the start: the most that any of the venues returns at once."""

KEPT = 2_000


class Candle:
    """One candle: prices in ticks, volumes in lots and in ticks * lots."""

    __slots__ = (
        "close",
        "count",
        "end_ns",
        "high",
        "low",
        "open",
        "quote_volume",
        "start_ns",
        "taker_quote",
        "taker_volume",
        "volume",
    )

    def __init__(self, start_ns: int, end_ns: int, price: int) -> None:
        self.start_ns = start_ns
        self.end_ns = end_ns
        """The first moment after it."""
        self.open = self.high = self.low = self.close = price
        self.volume = 0
        self.quote_volume = 0
        self.taker_volume = 0
        self.taker_quote = 0
        self.count = 0

    def take(self, price: int, size: int, *, taker_buys: bool) -> None:
        """Add one trade."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += size
        self.quote_volume += price * size
        self.count += 1
        if taker_buys:
            self.taker_volume += size
            self.taker_quote += price * size


class Candles:
    """The candles of one interval, oldest first, the last one unfinished."""

    def __init__(
        self, interval: Interval, price: int, now_ns: int, *, seed: str, volatility: float, lot_volume: int
    ) -> None:
        """`volatility` is the relative standard deviation of a second, `lot_volume` what trades in a second."""
        self.interval_ns, self._offset_ns = interval
        self._kept: deque[Candle] = deque(maxlen=KEPT)
        self._invent(price, now_ns, Random(seed), volatility * sqrt(self.interval_ns / SECOND), lot_volume)

    def _start_of(self, at_ns: int) -> int:
        return at_ns - (at_ns - self._offset_ns) % self.interval_ns

    def _invent(self, price: int, now_ns: int, rng: Random, step: float, lot_volume: int) -> None:
        """Walk backwards from the present, where the past has to end."""
        start = self._start_of(now_ns)
        present = Candle(start, start + self.interval_ns, price)
        past = [present]
        close = price
        volume = max(1, lot_volume * self.interval_ns // SECOND)
        for _ in range(PAST):
            start -= self.interval_ns
            opened = max(1, floor(close / (1 + rng.gauss(0, min(step, 0.2)))))
            candle = Candle(start, start + self.interval_ns, opened)
            wick = step * abs(rng.gauss(0, 0.5))
            candle.take(max(1, floor(max(opened, close) * (1 + wick))), 1, taker_buys=True)
            candle.take(max(1, floor(min(opened, close) * max(0.5, 1 - wick))), 1, taker_buys=False)
            candle.take(close, max(1, floor(volume * rng.uniform(0.3, 2.0))), taker_buys=rng.random() < 0.5)
            candle.count = max(candle.count, floor(candle.volume**0.5))
            past.append(candle)
            close = opened
        self._kept.extend(reversed(past))

    def last(self, now_ns: int) -> Candle:
        """The candle of a moment. A window without a trade opens and closes at the close before it."""
        candle = self._kept[-1]
        while candle.end_ns <= now_ns:
            # After a long silence only the newest windows matter: the deque could not hold the others.
            start = max(candle.end_ns, self._start_of(now_ns) - KEPT * self.interval_ns)
            candle = Candle(start, start + self.interval_ns, candle.close)
            self._kept.append(candle)
        return candle

    def take(self, price: int, size: int, now_ns: int, *, taker_buys: bool) -> None:
        """Add one trade."""
        candle = self.last(now_ns)
        if candle.count == 0:
            candle.open = candle.high = candle.low = price
        candle.take(price, size, taker_buys=taker_buys)

    def between(self, first_ns: int | None, last_ns: int | None, limit: int, now_ns: int) -> list[Candle]:
        """The candles that start in [first_ns, last_ns]: with a beginning the oldest `limit`, else the newest."""
        self.last(now_ns)
        found = [
            candle
            for candle in self._kept
            if (first_ns is None or candle.start_ns >= first_ns) and (last_ns is None or candle.start_ns <= last_ns)
        ]
        return found[:limit] if first_ns is not None else found[-limit:]


class Day:
    """What a 24-hour ticker shows: an invented yesterday, and everything since the start."""

    __slots__ = ("count", "first_trade", "high", "low", "open", "quote_volume", "start_ns", "volume")

    def __init__(self, price: int, now_ns: int, rng: Random, lot_volume: int) -> None:
        self.start_ns = now_ns - 86_400 * SECOND
        self.open = max(1, floor(price * (1 + rng.gauss(0, 0.02))))
        self.high = floor(max(price, self.open) * 1.01) + 1
        self.low = max(1, floor(min(price, self.open) * 0.99))
        self.volume = lot_volume * 86_400
        self.quote_volume = self.volume * ((price + self.open) // 2)
        self.count = 86_400
        self.first_trade = 1

    def take(self, price: int, size: int) -> None:
        """Add one trade."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.volume += size
        self.quote_volume += price * size
        self.count += 1

    @property
    def traded(self) -> Units:
        """(base, quote) volume in lots and ticks * lots."""
        return self.volume, self.quote_volume
