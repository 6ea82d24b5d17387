"""One market for all simulated venues, made from a single integer.

Each symbol has one price that nobody sees, a random walk. Every venue keeps a book around it, a little late and a
little off, with its own tick, lot, fees and depth. Now and then two venues disagree by more than their fees, on
purpose: such a dislocation is written down, so that whoever watches can be measured against it.

Entered by a venue's kernel (`join`) and by whoever starts a simulation. The walk moves only where somebody watches.
"""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import ceil, exp, floor, log10, sqrt
from random import Random

import msgspec
from arb_core.structs.market import Symbol

from arb_sim.assets import DEFAULT_SYMBOLS, MONEY, Asset, asset
from arb_sim.kernel.book import Ladder, Units
from arb_sim.kernel.market import Listing, Market, Network
from arb_sim.kernel.spelling import Spelling
from arb_sim.timeline import Timeline

__all__ = ["Dislocations", "Habits", "Injected", "Pace", "Quirk", "World"]

SECOND = 1_000_000_000
BPS = 1e-4

DEFAULT_START_NS = 1_700_000_000 * SECOND
"""Where a simulation on virtual time begins: where the core's `LoopClock` does."""

_REMEMBERED_STEPS = 100_000
"""Steps of a price that are walked one by one after a silence; a longer one is jumped over."""

_QUIET_BPS = 3.0
"""How far any direction stays below its fees while nothing is injected."""


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
    min_notional: Decimal = Decimal(1)
    """In units of money; other quotes get a fitting one."""
    maker_fee: Decimal
    taker_fee: Decimal
    ids_per_level: bool = False
    latency_ns: int = 20_000_000
    """How late its makers follow the price."""
    half_spread_bps: float = 0.6
    levels: int = 150
    """Levels a side, about."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How lively the market is. With `steps_per_s` 0 nothing moves by itself: a test moves the books."""

    steps_per_s: float = 20.0
    changes_per_step: int = 3
    """Levels that change somewhere in each book, beside what the price moves."""
    volatility: float = 1e-4
    """Relative standard deviation of the price over a second: 1e-4 is 56 % a year."""


class Dislocations(msgspec.Struct, frozen=True, kw_only=True):
    """How often two venues disagree, for how long and by how much after both takers' fees.

    An edge is never more than the two fees together, unless it could not be as much as the least of `edge_bps` then.
    """

    per_minute: float = 12.0
    first_after_s: float = 3.0
    lasting_s: tuple[float, float] = (1.5, 4.0)
    edge_bps: tuple[float, float] = (8.0, 25.0)


class Injected(msgspec.Struct, frozen=True, kw_only=True):
    """A dislocation that was made. `edge_bps` is what was left after both fees at the best levels when it began."""

    symbol: Symbol
    buy: str
    sell: str
    start_ns: int
    end_ns: int
    edge_bps: float


class Quirk(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a listing another thing than its name says: the traps that a monitor must not fall into."""

    exchange: str
    symbol: Symbol
    contract: str | None = None
    """Another token under the same ticker."""
    price_factor: float = 1.0
    deposits: bool = True
    withdrawals: bool = True


class _Walk:
    """The hidden price of one symbol."""

    def __init__(
        self, symbol: Symbol, price: float, *, seed: int, step_ns: int, start_ns: int, volatility: float
    ) -> None:
        rng = Random(f"{seed}:{symbol}")
        self.symbol = symbol
        self.makers: list[_Maker] = []
        self.scheduled = False
        self.dislocated_until_ns = 0
        self._rng = rng
        self._step_ns = step_ns
        self._first_ns = start_ns + rng.randrange(step_ns) if step_ns else start_ns
        self._sigma = volatility * sqrt(step_ns / SECOND)
        self._done = 0
        self._prices: deque[float] = deque([price], maxlen=64)

    def advance(self, now_ns: int) -> None:
        """Walk up to a moment."""
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
        """The price as one who is late sees it."""
        back = late_ns // self._step_ns if self._step_ns else 0
        return self._prices[max(0, len(self._prices) - 1 - back)]

    def next_ns(self, now_ns: int) -> int:
        """The moment of the next step after now."""
        if now_ns < self._first_ns:
            return self._first_ns
        return now_ns + self._step_ns - (now_ns - self._first_ns) % self._step_ns


class _Maker:
    """Keeps one venue's book of one symbol around the price."""

    def __init__(self, market: Market, habits: Habits, walk: _Walk, *, seed: int, unit: int, factor: float) -> None:
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
        bids, asks = market.book.bids, market.book.asks
        bid, ask = self._target()
        swept_bids = _beyond(bids, lambda price: price > bid)
        swept_asks = _beyond(asks, lambda price: price < ask)
        for price, size in (swept_bids or swept_asks)[:3]:
            market.trade(price, size, now_ns, taker_buys=not swept_bids)
        new_bids = [(price, 0) for price, _ in swept_bids]
        new_asks = [(price, 0) for price, _ in swept_asks]
        if self.lean or bid not in bids.sizes:
            new_bids.append((bid, self._best_size()))
        if self.lean or ask not in asks.sizes:
            new_asks.append((ask, self._best_size()))
        market.change(new_bids, new_asks, now_ns)
        rng = self._rng
        if not self.lean and rng.random() < 0.25:
            self._small_trade(now_ns)
        for _ in range(changes):
            buys = rng.random() < 0.5
            level = self._somewhere(bids if buys else asks, -1 if buys else 1)
            if buys:
                market.change((level,), (), now_ns)
            else:
                market.change((), (level,), now_ns)
        self._trim(bids, asks, now_ns)

    def _best_size(self) -> int:
        return max(40 * self._unit, self.market.listing.min_size) if self.lean else self._size()

    def _small_trade(self, now_ns: int) -> None:
        buys = self._rng.random() < 0.5
        side = self.market.book.asks if buys else self.market.book.bids
        price = side.best
        if price is None:
            return
        before = side.sizes[price]
        size = floor(before * self._rng.uniform(0.05, 0.6))
        if size < self.market.listing.min_size or size >= before:
            return
        self.market.trade(price, size, now_ns, taker_buys=buys)
        left = ((price, before - size),)
        self.market.change(() if buys else left, left if buys else (), now_ns)

    def _somewhere(self, side: Ladder, away: int) -> Units:
        """Choose a level that is not the best: a new one, one that goes, or one of another size."""
        rng = self._rng
        count = len(side)
        choice = rng.random()
        if choice < 0.25 or count < 2:
            best = side.best or 1
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


class World:
    """The market. `timeline` is the one clock of everything that joins it."""

    def __init__(
        self,
        *,
        seed: int = 0,
        symbols: Sequence[Symbol | str] = DEFAULT_SYMBOLS,
        start_ns: int = DEFAULT_START_NS,
        pace: Pace | None = None,
        dislocations: Dislocations | None = None,
        quirks: Sequence[Quirk] = (),
    ) -> None:
        self.seed = seed
        self.symbols = tuple(symbol if isinstance(symbol, Symbol) else Symbol.parse(symbol) for symbol in symbols)
        self.timeline = Timeline(start_ns)
        self.injected: list[Injected] = []
        """Every dislocation that has begun, in order."""
        self.on_injected: Callable[[Injected], None] | None = None
        self._pace = pace or Pace()
        self._quirks = {(quirk.exchange, quirk.symbol): quirk for quirk in quirks}
        self._step_ns = round(SECOND / self._pace.steps_per_s) if self._pace.steps_per_s else 0
        self._makers: dict[int, _Maker] = {}
        self._walks = {
            symbol: _Walk(
                symbol,
                asset(symbol.base).usd / asset(symbol.quote).usd,
                seed=seed,
                step_ns=self._step_ns,
                start_ns=start_ns,
                volatility=self._pace.volatility,
            )
            for symbol in self.symbols
        }
        self._rng = Random(f"{seed}:dislocations")
        self._dislocations = dislocations
        if dislocations is not None:
            self.timeline.call_at(start_ns + round(dislocations.first_after_s * SECOND), self._dislocate)

    def join(self, habits: Habits) -> dict[str, Market]:
        """Make a venue's markets, by the venue's own name of each."""
        markets = [self._open(habits, walk) for walk in self._walks.values()]
        return {market.pair: market for market in markets}

    def _open(self, habits: Habits, walk: _Walk) -> Market:
        quirk = self._quirks.get((habits.exchange, walk.symbol), Quirk(exchange=habits.exchange, symbol=walk.symbol))
        base = asset(walk.symbol.base)
        listing = _listing(habits, walk.symbol, walk.price(0) * quirk.price_factor, base, quirk)
        market = Market(
            listing,
            habits.spelling(listing.price_decimals, listing.size_decimals),
            price=round(walk.price(0) * quirk.price_factor * 10**listing.price_decimals),
            now_ns=self.timeline.now_ns,
            seed=f"{self.seed}:{habits.exchange}:{walk.symbol}",
            volatility=self._pace.volatility,
            ids_per_level=habits.ids_per_level,
            arouse=self._arouse,
            catch_up=self._catch_up,
        )
        unit = max(1, round(50 / base.usd * 10**listing.size_decimals))
        maker = _Maker(market, habits, walk, seed=self.seed, unit=unit, factor=quirk.price_factor)
        self._makers[id(market)] = maker
        walk.makers.append(maker)
        maker.fill(self.timeline.now_ns)
        return market

    def _catch_up(self, market: Market) -> None:
        if self._step_ns:
            self._makers[id(market)].catch_up(self.timeline.now_ns)

    def _arouse(self, market: Market) -> None:
        self._catch_up(market)
        self._schedule(self._makers[id(market)].walk)

    def _schedule(self, walk: _Walk) -> None:
        if self._step_ns and not walk.scheduled:
            walk.scheduled = True
            self.timeline.call_at(walk.next_ns(self.timeline.now_ns), lambda: self._step(walk))

    def _step(self, walk: _Walk) -> None:
        walk.scheduled = False
        now_ns = self.timeline.now_ns
        watched = [maker for maker in walk.makers if maker.market.watched]
        if not watched:
            return
        walk.advance(now_ns)
        for maker in watched:
            maker.step(now_ns, self._pace.changes_per_step)
        self._schedule(walk)

    # Dislocations

    def _dislocate(self) -> None:
        plan, rng, now_ns = self._dislocations, self._rng, self.timeline.now_ns
        if plan is None:
            return
        self.timeline.call_at(now_ns + round(rng.expovariate(plan.per_minute / 60) * SECOND), self._dislocate)
        lasting_ns = round(rng.uniform(*plan.lasting_s) * SECOND)
        wanted = rng.uniform(*plan.edge_bps) * BPS
        candidates = [walk for walk in self._walks.values() if self._may_dislocate(walk)]
        if not candidates:
            return
        walk = rng.choice(candidates)
        buy, sell = rng.sample(walk.makers, 2)
        walk.dislocated_until_ns = now_ns + lasting_ns + SECOND
        walk.advance(now_ns)
        # Each leans by its own fee and by a part of the edge that the fee of the other eats up: whoever heard of one
        # of them alone sees nothing that pays.
        fees = buy.fee + sell.fee
        edge = max(plan.edge_bps[0] * BPS, min(wanted, fees))
        for maker, other, lean in ((buy, sell, -1), (sell, buy, 1)):
            part = other.fee / fees if fees else 0.5
            maker.lean, maker.lean_by = lean, maker.fee + edge * part
        for maker in walk.makers:
            if not maker.lean:  # the others stand back, so that this is the only direction that pays
                farthest = max(buy.lean_by - buy.fee, sell.lean_by - sell.fee)
                maker.half_spread = max(maker.half_spread, farthest - maker.fee + _QUIET_BPS * BPS)
            maker.step(now_ns, 0)
        self._record(walk, buy, sell, now_ns + lasting_ns)
        self.timeline.call_at(now_ns + lasting_ns, lambda: self._settle(walk))

    def _may_dislocate(self, walk: _Walk) -> bool:
        return (
            len(walk.makers) > 1
            and walk.dislocated_until_ns <= self.timeline.now_ns
            and all((maker.habits.exchange, walk.symbol) not in self._quirks for maker in walk.makers)
            and all(maker.market.status == "trading" for maker in walk.makers)
        )

    def _record(self, walk: _Walk, buy: _Maker, sell: _Maker, end_ns: int) -> None:
        ask, bid = buy.market.book.asks.best, sell.market.book.bids.best
        if ask is None or bid is None:
            return
        paid = ask * float(buy.market.listing.tick) * (1 + buy.fee)
        earned = bid * float(sell.market.listing.tick) * (1 - sell.fee)
        injected = Injected(
            symbol=walk.symbol,
            buy=buy.habits.exchange,
            sell=sell.habits.exchange,
            start_ns=self.timeline.now_ns,
            end_ns=end_ns,
            edge_bps=(earned / paid - 1) / BPS,
        )
        self.injected.append(injected)
        if self.on_injected is not None:
            self.on_injected(injected)

    def _settle(self, walk: _Walk) -> None:
        walk.advance(self.timeline.now_ns)
        for maker in walk.makers:
            maker.relax()
            maker.step(self.timeline.now_ns, 0)


def _listing(habits: Habits, symbol: Symbol, price: float, base: Asset, quirk: Quirk) -> Listing:
    price_decimals = min(habits.price_places, max(0, habits.price_digits - 1 - floor(log10(price))))
    size_decimals = max(0, ceil(log10(base.usd / habits.lot_usd)))
    networks = tuple(
        Network(
            name=network.name,
            contract=network.contract if quirk.contract is None else quirk.contract,
            deposits=quirk.deposits,
            withdrawals=quirk.withdrawals,
        )
        for network in base.networks
    )
    return Listing(
        symbol=symbol,
        pair=habits.pair(symbol),
        price_decimals=price_decimals,
        size_decimals=size_decimals,
        min_size=max(1, round(0.5 / base.usd * 10**size_decimals)),
        min_notional=habits.min_notional if symbol.quote in MONEY else Decimal("0.0001"),
        maker_fee=habits.maker_fee,
        taker_fee=habits.taker_fee,
        networks=networks,
    )
