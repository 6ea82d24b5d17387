"""Who keeps a venue's books: makers around a hidden price, a little late and a little off, by the habits of the venue.

A maker that leans quotes beyond everybody else, on purpose. Entered by the world alone; a venue's `sim.py` states the
habits.
"""

from collections.abc import Callable
from decimal import Decimal
from math import ceil, exp, floor
from random import Random

import msgspec
from arb_core.structs.market import Symbol

from arb_sim.kernel.book import Ladder, Units
from arb_sim.kernel.market import Market
from arb_sim.kernel.spelling import Spelling
from arb_sim.walks import Price

__all__ = ["Habits", "Maker"]

BPS = 1e-4


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue trades. Its `sim.py` states it; the world makes markets of it."""

    exchange: str
    pair: Callable[[Symbol], str]
    spelling: Callable[[int, int], Spelling]
    """(price decimals, size decimals) -> how it prints them."""
    price_digits: int = 7
    """Significant digits of a price: what the tick follows from."""
    price_places: int = 12
    """Most decimals of a price."""
    lot_usd: float = 0.1
    """About what the smallest size step is worth."""
    min_size_usd: float = 0.5
    """About what the least size of an order is worth; 0 = a lot will do."""
    min_notional: Decimal = Decimal(1)
    """In units of money; other quotes get a fitting one. 0 = the venue knows none."""
    maker_fee: Decimal
    taker_fee: Decimal
    ids_per_level: bool = False
    latency_ns: int = 20_000_000
    """How late its makers follow the price."""
    half_spread_bps: float = 0.6
    levels: int = 150
    """Levels a side, about."""


class Maker:
    """Keeps one venue's book of one symbol around the price."""

    def __init__(self, market: Market, habits: Habits, walk: Price, *, seed: int, unit: int, factor: float) -> None:
        self.market = market
        self.habits = habits
        self.walk = walk
        self.fee = float(habits.taker_fee)
        self.lean = 0
        """1 = it bids above everybody else, -1 = it asks below."""
        self.lean_by = 0.0
        self.half_spread = self._usual_half_spread = habits.half_spread_bps * BPS
        self._rng = Random(f"{seed}:{habits.exchange}:{walk.symbol}")
        self._unit = unit
        """About 50 USD, in lots."""
        self._scale = 10.0**market.listing.price_decimals * factor
        self._off = 0.0
        self._gap = max(1, floor(walk.price(0) * self._scale * 2e-5))
        self._done_ns = 0

    def relax(self) -> None:
        """Quote like everybody else again."""
        self.lean, self.lean_by, self.half_spread = 0, 0.0, self._usual_half_spread

    def _target(self) -> Units:
        """Where best bid and ask belong now."""
        if self.lean:
            price = self.walk.price(0) * self._scale * (1 + self.lean * self.lean_by)
            spread = max(1, floor(2 * price * self.half_spread))
            if self.lean > 0:
                bid = ceil(price)
                return bid, bid + spread
            ask = max(2, floor(price))
            return max(1, ask - spread), ask
        self._off = 0.9 * self._off + self._rng.gauss(0, 0.1 * BPS)
        price = self.walk.price(self.habits.latency_ns) * self._scale * (1 + self._off)
        bid = max(1, floor(price * (1 - self.half_spread)))
        return bid, max(bid + 1, ceil(price * (1 + self.half_spread)))

    def fill(self, now_ns: int) -> None:
        """Make a whole book."""
        bid, ask = self._target()
        levels, gap, rng = self.habits.levels, self._gap, self._rng
        bids, asks = {bid: self._size()}, {ask: self._size()}
        for rank in range(1, levels):
            bids[max(1, bid - rank * gap + rng.randrange(gap))] = self._size()
            asks[ask + rank * gap - rng.randrange(gap)] = self._size()
        self.market.change(list(bids.items()), list(asks.items()), now_ns)
        self._done_ns = now_ns

    def _size(self) -> int:
        return max(self.market.listing.min_size, floor(self._unit * exp(4.6 * self._rng.random())))

    def step(self, now_ns: int, changes: int) -> None:
        """Follow the price, then change something somewhere."""
        self._done_ns = now_ns
        market = self.market
        street = market.matching  # whose ladders are others after a change that ended the last order
        bid, ask = self._target()
        swept_bids = _beyond(street.bids, lambda price: price > bid)
        swept_asks = _beyond(street.asks, lambda price: price < ask)
        for price, size in (swept_bids or swept_asks)[:3]:
            market.trade(price, size, now_ns, taker_buys=not swept_bids)
        new_bids = [(price, 0) for price, _ in swept_bids]
        new_asks = [(price, 0) for price, _ in swept_asks]
        if self.lean or bid not in street.bids.sizes:
            new_bids.append((bid, self._best_size()))
        if self.lean or ask not in street.asks.sizes:
            new_asks.append((ask, self._best_size()))
        market.change(new_bids, new_asks, now_ns)
        rng = self._rng
        if not self.lean and rng.random() < 0.25:
            self._small_trade(now_ns)
        for _ in range(changes):
            buys = rng.random() < 0.5
            level = self._somewhere(street.bids if buys else street.asks, -1 if buys else 1)
            if level is None:
                continue
            if buys:
                market.change((level,), (), now_ns)
            else:
                market.change((), (level,), now_ns)
        self._trim(street.bids, street.asks, now_ns)

    def _best_size(self) -> int:
        return max(40 * self._unit, self.market.listing.min_size) if self.lean else self._size()

    def _small_trade(self, now_ns: int) -> None:
        buys = self._rng.random() < 0.5
        side = self.market.matching.asks if buys else self.market.matching.bids
        price = side.best
        if price is None:
            return
        before = side.sizes[price]
        size = floor(before * self._rng.uniform(0.05, 0.6))
        if size < self.market.listing.min_size or size >= before:
            return
        taken = self.market.trade(price, size, now_ns, taker_buys=buys)
        left = ((price, before - taken),)
        self.market.change(() if buys else left, left if buys else (), now_ns)

    def _somewhere(self, side: Ladder, away: int) -> Units | None:
        """Choose a level that is not the best: a new one, one that goes, one of another size; None = none is left."""
        if side.best is None:
            return None
        rng = self._rng
        count = len(side)
        choice = rng.random()
        if choice < 0.25 or count < 2:
            best = side.best
            reach = self.habits.levels * self._gap
            return max(1, best + away * (1 + floor(reach * rng.random() ** 2))), self._size()
        price = side.at(1 + floor((count - 1) * rng.random() ** 2))
        return price, 0 if choice < 0.5 and count > self.habits.levels // 2 else self._size()

    def _trim(self, bids: Ladder, asks: Ladder, now_ns: int) -> None:
        """Keep about as many levels as the venue has."""
        change: list[list[Units]] = [[], []]
        for found, side, away in ((change[0], bids, -1), (change[1], asks, 1)):
            worst = side.worst
            if worst is None:
                continue
            if len(side) > self.habits.levels * 1.2:
                found.append((worst, 0))
            missing = floor(self.habits.levels * 0.9) - len(side)
            # One at a time, but a sweep that took many brings many back.
            for _ in range(missing if missing > self.habits.levels * 0.2 else min(1, max(0, missing))):
                worst = max(1, worst + away * self._rng.randint(1, 2 * self._gap))
                found.append((worst, self._size()))
        if change[0] or change[1]:
            self.market.change(change[0], change[1], now_ns)

    def catch_up(self, now_ns: int) -> None:
        """Move a book that nobody watched to where it would be by now."""
        if now_ns > self._done_ns:
            self.walk.advance(now_ns)
            self.step(now_ns, 0)


def _beyond(side: Ladder, crossed: Callable[[int], bool]) -> list[Units]:
    found: list[Units] = []
    for level in side:
        if not crossed(level[0]):
            break
        found.append(level)
    return found
