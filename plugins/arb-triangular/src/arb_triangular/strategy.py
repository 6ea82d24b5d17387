"""From a changed book to opportunities: the cycles through its symbol on its venue, and no others.

An update costs two products and two comparisons for each triangle of that symbol, and allocates nothing until one of
them shows an edge.
"""

from collections.abc import Sequence
from math import inf, nan

from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.strategy import Interest, MarketView, Strategy
from arb_core.structs.market import Symbol, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan

from arb_triangular.card import NAME
from arb_triangular.cycles import Cycle, Triangle, find, triangle
from arb_triangular.depth import DOUBT, Sizes, fit, total, walk
from arb_triangular.settings import Settings

__all__ = ["Triangular"]

_FIRST_LEVELS = 8
"""Levels read at first; most edges end within them, a deeper one is read again whole."""


class Triangular(Strategy):
    """Compares what one symbol trades in one step with what two others trade in two, on one venue."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings; `start` brings the market."""
        self._settings = settings or Settings()
        self._triangles: dict[Symbol, dict[VenueName, list[Triangle]]] = {}
        self._market: MarketView | None = None

    def start(self, market: MarketView) -> Interest:
        self._market = market
        self._triangles = {}
        venues: dict[VenueName, list[LiveBook]] = {}
        for symbol in market.symbols():
            for book in market.books(symbol):
                venues.setdefault(book.venue, []).append(book)
        for venue, books in venues.items():
            for parts in find(books, self._settings.money):
                found = triangle(parts, market, self._settings.min_edge_bps)
                for book in (found.whole, found.left, found.right):
                    self._triangles.setdefault(book.symbol, {}).setdefault(venue, []).append(found)
        return Interest(symbols=tuple(self._triangles))

    def on_book(self, symbol: Symbol, venue: VenueName) -> Sequence[Opportunity]:
        venues = self._triangles.get(symbol)
        if venues is None:
            return ()
        found: list[Opportunity] | None = None
        for each in venues.get(venue, ()):
            whole = each.whole
            left = each.left
            right = each.right
            # While a book is not LIVE its prices are NaN, and every comparison with them is false.
            if whole.bid > left.ask * right.ask * each.sell_gate:
                found = self._look(each.sell_whole, found)
            if left.bid * right.bid > whole.ask * each.buy_gate:
                found = self._look(each.buy_whole, found)
        return () if found is None else found

    def _look(self, cycle: Cycle, found: list[Opportunity] | None) -> list[Opportunity] | None:
        """Walk the depth of a cycle whose best levels seem to clear the hurdle; add it to what was found."""
        best = [turn.price for turn in cycle.turns]
        market = self._market
        if market is None or not cycle.cleared(cycle.hurdle, best):
            return found
        opportunity = self._opportunity(cycle, best, market.now_ns())
        if opportunity is None:
            return found
        if found is None:
            return [opportunity]
        found.append(opportunity)
        return found

    def _opportunity(self, cycle: Cycle, best: Sequence[float], now_ns: int) -> Opportunity | None:
        """Size a cycle that pays at its best levels; None where the lots leave nothing of it."""
        top_edge_bps = cycle.edge_bps(best)
        one, two, three = best
        prices: Sizes = (one, two, three)
        averages = prices
        edge_bps, profit = top_edge_bps, nan
        levels, sizes = self._walk(cycle)
        if sizes[0] > 0.0:
            sizes = fit(cycle, levels, sizes)
            paid, earned, averages, prices = total(cycle, levels, sizes)
            profit = earned - paid
            if not profit > paid * DOUBT:
                return None
            edge_bps = 10_000 * (earned / paid - 1.0)
        return Opportunity(
            strategy=NAME,
            symbol=cycle.turns[0].book.symbol,
            legs=tuple(
                [
                    Leg(turn.book.venue, turn.book.symbol, turn.side, price, size, average)
                    for turn, price, size, average in zip(cycle.turns, prices, sizes, averages, strict=True)
                ]
            ),
            plan=Plan.IN_TURN,
            edge_bps=edge_bps,
            size=sizes[0],
            profit=profit,
            detected_ns=now_ns,
            top_edge_bps=top_edge_bps,
        )

    def _walk(self, cycle: Cycle) -> tuple[list[list[tuple[float, float]]], Sizes]:
        """Walk as deep as it pays, reading the whole depth only where the first levels do not end it."""
        max_notional = inf if self._settings.max_notional is None else self._settings.max_notional
        limit = _FIRST_LEVELS
        while True:
            levels = [turn.levels(limit) for turn in cycle.turns]
            walked = walk(cycle, levels, max_notional)
            if limit == 0 or not walked.used_up:
                return levels, walked.sizes
            limit = 0
