"""One market for all simulated venues, made from a single integer.

Each symbol has one price that nobody sees (`walks`). Every venue keeps a book around it, a little late and a little
off, with its own tick, lot, fees and depth. Now and then two venues disagree by more than their fees, or three symbols
of one venue by more than theirs, on purpose: such a dislocation is written down, so that whoever watches can be
measured against it.

Entered by a venue's kernel (`join`) and by whoever starts a simulation. The walk moves only where somebody watches.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import ceil, floor, log10
from random import Random

import msgspec
from arb_core.structs.market import Symbol

from arb_sim.assets import DEFAULT_SYMBOLS, MONEY, Asset, asset
from arb_sim.kernel.market import Listing, Market, Network
from arb_sim.makers import Habits, Maker
from arb_sim.timeline import Timeline
from arb_sim.walks import Cross, Price, walks

__all__ = ["Dislocations", "Habits", "Injected", "Pace", "Quirk", "World"]

SECOND = 1_000_000_000
BPS = 1e-4

DEFAULT_START_NS = 1_700_000_000 * SECOND
"""Where a simulation on virtual time begins: where the core's `LoopClock` does."""

_QUIET_BPS = 3.0
"""How far any direction stays below its fees while nothing is injected."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How lively the market is. With `steps_per_s` 0 nothing moves by itself: a test moves the books."""

    steps_per_s: float = 20.0
    changes_per_step: int = 3
    """Levels that change somewhere in each book, beside what the price moves."""
    volatility: float = 1e-4
    """Relative standard deviation of the price over a second: 1e-4 is 56 % a year."""
    skips_after_ns: int | None = None
    """Steps that are overdue by more are left out: real time does not wait for a busy machine, and each that is made up
    for makes the next one later still. The price is where it would have been. None = every step is made."""


class Dislocations(msgspec.Struct, frozen=True, kw_only=True):
    """How often two venues disagree, or three symbols of one venue, for how long and by how much after takers' fees.

    An edge between venues is never more than the two fees together, unless it could not be as much as the least of
    `edge_bps` then; one of a cycle never so large that one of its symbols would pay between venues, unless likewise.
    """

    per_minute: float = 12.0
    cycles_per_minute: float = 6.0
    """Where three symbols hang together: ETH/BTC with BTC/USDT and ETH/USDT."""
    first_after_s: float = 3.0
    lasting_s: tuple[float, float] = (1.5, 4.0)
    edge_bps: tuple[float, float] = (8.0, 25.0)


class Injected(msgspec.Struct, frozen=True, kw_only=True):
    """A dislocation that was made. `edge_bps` is what was left after all fees at the best levels when it began."""

    symbol: Symbol
    """Of the first leg."""
    buy: str
    sell: str
    start_ns: int
    end_ns: int
    edge_bps: float
    path: tuple[str, ...] = ()
    """The assets of a cycle on one venue, which is both `buy` and `sell`: USDT, BTC, ETH, and back to USDT."""


class Quirk(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a listing another thing than its name says: the traps that a monitor must not fall into."""

    exchange: str
    symbol: Symbol
    contract: str | None = None
    """Another token under the same ticker."""
    price_factor: float = 1.0
    deposits: bool = True
    withdrawals: bool = True


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
        self._makers: dict[int, Maker] = {}
        self._walks = walks(
            self.symbols, seed=seed, step_ns=self._step_ns, start_ns=start_ns, volatility=self._pace.volatility
        )
        self._quoting: dict[Symbol, list[Maker]] = {symbol: [] for symbol in self.symbols}
        self._rng = Random(f"{seed}:dislocations")
        self._cycle_rng = Random(f"{seed}:cycles")
        self._dislocations = dislocations
        if dislocations is not None:
            first_ns = start_ns + round(dislocations.first_after_s * SECOND)
            if dislocations.per_minute:
                self.timeline.call_at(first_ns, self._dislocate)
            if dislocations.cycles_per_minute and any(isinstance(walk, Cross) for walk in self._walks.values()):
                self.timeline.call_at(first_ns, self._dislocate_cycle)

    def join(self, habits: Habits) -> dict[str, Market]:
        """Make a venue's markets, by the venue's own name of each."""
        markets = [self._open(habits, walk) for walk in self._walks.values()]
        return {market.pair: market for market in markets}

    def rest(self) -> None:
        """Let nothing move by itself any more; what is dislocated now still settles."""
        self._step_ns = 0
        self._dislocations = None

    def _open(self, habits: Habits, walk: Price) -> Market:
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
        maker = Maker(market, habits, walk, seed=self.seed, unit=unit, factor=quirk.price_factor)
        self._makers[id(market)] = maker
        self._quoting[walk.symbol].append(maker)
        maker.fill(self.timeline.now_ns)
        return market

    def _catch_up(self, market: Market) -> None:
        if self._step_ns:
            self._makers[id(market)].catch_up(self.timeline.now_ns)

    def _arouse(self, market: Market) -> None:
        self._catch_up(market)
        self._schedule(self._makers[id(market)].walk)

    def _schedule(self, walk: Price) -> None:
        if self._step_ns and not walk.scheduled:
            walk.scheduled = True
            after_ns, skips_ns = self.timeline.now_ns, self._pace.skips_after_ns
            if skips_ns is not None:
                after_ns = max(after_ns, self.timeline.until_ns - skips_ns)
            self.timeline.call_at(walk.next_ns(after_ns), lambda: self._step(walk))

    def _step(self, walk: Price) -> None:
        walk.scheduled = False
        now_ns = self.timeline.now_ns
        watched = [maker for maker in self._quoting[walk.symbol] if maker.market.watched]
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
        candidates = [walk for walk in self._walks.values() if len(self._free(walk)) > 1]
        if not candidates:
            return
        walk = rng.choice(candidates)
        buy, sell = rng.sample(self._quoting[walk.symbol], 2)
        # Each leans by its own fee and by a part of the edge that the fee of the other eats up: whoever heard of one
        # of them alone sees nothing that pays.
        fees = buy.fee + sell.fee
        edge = max(plan.edge_bps[0] * BPS, min(wanted, fees))
        for maker, other, lean in ((buy, sell, -1), (sell, buy, 1)):
            part = other.fee / fees if fees else 0.5
            maker.lean, maker.lean_by = lean, maker.fee + edge * part
        self._disagree([walk], lasting_ns)
        self._record((buy, sell), lasting_ns)

    def _dislocate_cycle(self) -> None:
        """Let three symbols of one venue disagree: each leans by its own fee and by a third of the edge.

        So none of them pays by itself, neither between venues nor for whoever heard of it alone.
        """
        plan, rng, now_ns = self._dislocations, self._cycle_rng, self.timeline.now_ns
        if plan is None:
            return
        wait_ns = round(rng.expovariate(plan.cycles_per_minute / 60) * SECOND)
        self.timeline.call_at(now_ns + wait_ns, self._dislocate_cycle)
        lasting_ns = round(rng.uniform(*plan.lasting_s) * SECOND)
        wanted = rng.uniform(*plan.edge_bps) * BPS
        sells_cross = rng.random() < 0.5
        candidates = [
            three
            for cross in self._walks.values()
            if isinstance(cross, Cross)
            for three in self._on_one_venue(self._free(cross.base), self._free(cross), self._free(cross.quote))
        ]
        if not candidates:
            return
        base, cross, quote = rng.choice(candidates)
        legs = (base, cross, quote) if sells_cross else (quote, cross, base)
        others = [maker.fee for leg in legs for maker in self._quoting[leg.walk.symbol] if maker is not leg]
        edge = max(plan.edge_bps[0] * BPS, min(wanted, 3 * min(others, default=wanted)))
        buys = (True, False, False) if sells_cross else (True, True, False)
        for maker, bought in zip(legs, buys, strict=True):
            maker.lean, maker.lean_by = -1 if bought else 1, maker.fee + edge / 3
        self._disagree([leg.walk for leg in legs], lasting_ns)
        money, one, other = quote.walk.symbol.quote, base.walk.symbol.base, quote.walk.symbol.base
        self._record(legs, lasting_ns, path=(money, one, other) if sells_cross else (money, other, one))

    def _free(self, walk: Price) -> list[Maker]:
        """Return who quotes a symbol, where it may be dislocated now."""
        makers = self._quoting[walk.symbol]
        may = (
            walk.dislocated_until_ns <= self.timeline.now_ns
            and all((maker.habits.exchange, walk.symbol) not in self._quirks for maker in makers)
            and all(maker.market.status == "trading" for maker in makers)
        )
        return makers if may else []

    def _on_one_venue(self, *quoted: list[Maker]) -> list[tuple[Maker, ...]]:
        """Return the makers of several symbols by the venue that they are on, where it lists them all."""
        by_venue = [{maker.habits.exchange: maker for maker in makers} for makers in quoted]
        return [tuple(each[venue] for each in by_venue) for venue in by_venue[0] if all(venue in e for e in by_venue)]

    def _disagree(self, prices: Sequence[Price], lasting_ns: int) -> None:
        """Show what leans, let the others stand back, so that nothing else pays, and end it after a while."""
        now_ns = self.timeline.now_ns
        for walk in prices:
            walk.dislocated_until_ns = now_ns + lasting_ns + SECOND
            walk.advance(now_ns)
            makers = self._quoting[walk.symbol]
            farthest = max(maker.lean_by - maker.fee for maker in makers if maker.lean)
            for maker in makers:
                if not maker.lean:
                    maker.half_spread = max(maker.half_spread, farthest - maker.fee + _QUIET_BPS * BPS)
                maker.step(now_ns, 0)
        self.timeline.call_at(now_ns + lasting_ns, lambda: self._settle(prices))

    def _record(self, legs: Sequence[Maker], lasting_ns: int, path: tuple[str, ...] = ()) -> None:
        """Write down what legs that lean leave after their fees: those that lean down are bought, up are sold."""
        rate = 1.0
        for maker in legs:
            book, tick = maker.market.book, float(maker.market.listing.tick)
            best = book.asks.best if maker.lean < 0 else book.bids.best
            if best is None:
                return
            rate *= (1 - maker.fee) * best * tick if maker.lean > 0 else 1 / (best * tick * (1 + maker.fee))
        injected = Injected(
            symbol=legs[0].walk.symbol,
            buy=legs[0].habits.exchange,
            sell=legs[-1].habits.exchange,
            start_ns=self.timeline.now_ns,
            end_ns=self.timeline.now_ns + lasting_ns,
            edge_bps=(rate - 1) / BPS,
            path=path,
        )
        self.injected.append(injected)
        if self.on_injected is not None:
            self.on_injected(injected)

    def _settle(self, prices: Sequence[Price]) -> None:
        for walk in prices:
            walk.advance(self.timeline.now_ns)
            for maker in self._quoting[walk.symbol]:
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
        min_size=max(1, round(habits.min_size_usd / base.usd * 10**size_decimals)),
        min_notional=habits.min_notional if symbol.quote in MONEY else min(habits.min_notional, Decimal("0.0001")),
        maker_fee=habits.maker_fee,
        taker_fee=habits.taker_fee,
        networks=networks,
    )
