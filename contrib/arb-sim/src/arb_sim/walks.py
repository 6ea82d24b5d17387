"""The hidden prices of a world: what every maker quotes around, and nobody sees.

A symbol has a random walk of its own, but for a cross: where both of its assets are quoted in one money, too, its price
is what these two prices say, so that no cycle pays unless somebody means it to. Entered by the world alone.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from math import exp, sqrt
from random import Random

from arb_core.structs.market import Symbol

from arb_sim.assets import MONEY, asset

__all__ = ["Cross", "Price", "Walk", "walks"]

SECOND = 1_000_000_000

_REMEMBERED_STEPS = 100_000
"""Steps of a price that are walked one by one after a silence; a longer one is jumped over."""


class Price(ABC):
    """The hidden price of one symbol. Those who quote it look at it in a rhythm of its own."""

    def __init__(self, symbol: Symbol, rng: Random, *, step_ns: int, start_ns: int) -> None:
        self.symbol = symbol
        self.scheduled = False
        self.dislocated_until_ns = 0
        self._step_ns = step_ns
        self._first_ns = start_ns + rng.randrange(step_ns) if step_ns else start_ns

    @abstractmethod
    def advance(self, now_ns: int) -> None:
        """Move up to a moment."""

    @abstractmethod
    def price(self, late_ns: int) -> float:
        """The price as one who is late sees it."""

    def next_ns(self, now_ns: int) -> int:
        """The moment of the next step after now."""
        if now_ns < self._first_ns:
            return self._first_ns
        return now_ns + self._step_ns - (now_ns - self._first_ns) % self._step_ns


class Walk(Price):
    """A random walk."""

    def __init__(self, symbol: Symbol, *, seed: int, step_ns: int, start_ns: int, volatility: float) -> None:
        rng = Random(f"{seed}:{symbol}")
        super().__init__(symbol, rng, step_ns=step_ns, start_ns=start_ns)
        self._rng = rng
        self._sigma = volatility * sqrt(step_ns / SECOND)
        self._done = 0
        self._prices: deque[float] = deque([asset(symbol.base).usd / asset(symbol.quote).usd], maxlen=64)

    def advance(self, now_ns: int) -> None:
        if not self._step_ns or now_ns < self._first_ns:
            return
        steps = (now_ns - self._first_ns) // self._step_ns + 1 - self._done
        self._done += steps
        if steps > _REMEMBERED_STEPS:
            self._prices.append(self._prices[-1] * exp(self._sigma * sqrt(steps) * self._rng.gauss(0, 1)))
            return
        price, sigma, gauss = self._prices[-1], self._sigma, self._rng.gauss
        for _ in range(steps):
            price *= exp(sigma * gauss(0, 1))
            self._prices.append(price)

    def price(self, late_ns: int) -> float:
        back = late_ns // self._step_ns if self._step_ns else 0
        return self._prices[max(0, len(self._prices) - 1 - back)]


class Cross(Price):
    """What two walks in one money make of each other: ETH/BTC is ETH/USDT over BTC/USDT."""

    def __init__(self, symbol: Symbol, base: Walk, quote: Walk, *, seed: int, step_ns: int, start_ns: int) -> None:
        super().__init__(symbol, Random(f"{seed}:{symbol}"), step_ns=step_ns, start_ns=start_ns)
        self.base = base
        """The price of its base in the money."""
        self.quote = quote
        """The price of its quote in the same money."""

    def advance(self, now_ns: int) -> None:
        self.base.advance(now_ns)
        self.quote.advance(now_ns)

    def price(self, late_ns: int) -> float:
        return self.base.price(late_ns) / self.quote.price(late_ns)


def walks(
    symbols: Sequence[Symbol], *, seed: int, step_ns: int, start_ns: int, volatility: float
) -> dict[Symbol, Walk | Cross]:
    """Return the price of every symbol, in their order."""
    own: dict[Symbol, Walk] = {}
    crosses: dict[Symbol, tuple[Symbol, Symbol]] = {}
    for symbol in symbols:
        sides = _sides(symbol, symbols)
        if sides is None:
            own[symbol] = Walk(symbol, seed=seed, step_ns=step_ns, start_ns=start_ns, volatility=volatility)
        else:
            crosses[symbol] = sides
    made: dict[Symbol, Walk | Cross] = {}
    for symbol in symbols:
        if symbol in crosses:
            base, quote = (own[side] for side in crosses[symbol])
            made[symbol] = Cross(symbol, base, quote, seed=seed, step_ns=step_ns, start_ns=start_ns)
        else:
            made[symbol] = own[symbol]
    return made


def _sides(symbol: Symbol, symbols: Sequence[Symbol]) -> tuple[Symbol, Symbol] | None:
    """Return the symbols that say a cross's price; None for a symbol that is no cross."""
    if symbol.quote in MONEY or symbol.base in MONEY:
        return None
    for money in dict.fromkeys(each.quote for each in symbols if each.quote in MONEY):
        base, quote = Symbol(symbol.base, money), Symbol(symbol.quote, money)
        if base in symbols and quote in symbols:
            return base, quote
    return None
