"""Spatial arbitrage: the same symbol, cheaper on one venue than on another after fees, at the depth that is there.

The default strategy, and the example for others. An update costs one comparison for each other venue that lists the
symbol, and allocates nothing until one of them shows an edge.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import inf, nan
from typing import NamedTuple

import msgspec

from arb_core.engine.edge import Hurdle
from arb_core.engine.opportunity import Walk, walk
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.strategy import Interest, MarketView, Strategy
from arb_core.structs.card import CONTRACT, StrategyCard
from arb_core.structs.market import Instrument, Side, Symbol, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan

__all__ = ["CARD", "NAME", "Settings", "Spatial"]

NAME = "spatial"

_FIRST_LEVELS = 8
"""Levels read at first; most edges end within them, a deeper one is read again whole."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[strategies.spatial]`."""

    min_edge_bps: float = 0.0
    """The edge of the best levels, after fees, must be strictly above this."""
    max_notional: float | None = None
    """Most that one purchase may cost, fee included, in quote money; None = what the depth gives."""


CARD = StrategyCard(
    id=NAME,
    name="Spatial",
    contract=CONTRACT,
    summary="Buy on one venue and sell the same on another at once, where the difference exceeds both fees.",
    settings=Settings,
)


class _Direction(NamedTuple):
    """Buy on one book, sell on another."""

    buy: LiveBook
    sell: LiveBook
    hurdle: Hurdle
    """Fees and the minimum: for the best levels."""
    level: Hurdle
    """Fees alone: each further level has to earn something, however little."""
    max_size: float


class _Lane:
    """Another venue's book beside the one that changed. Slots, because these are read for every update."""

    __slots__ = ("buy_gate", "buy_here", "other", "sell_gate", "sell_here")

    def __init__(self, other: LiveBook, buy_here: _Direction, sell_here: _Direction) -> None:
        self.other = other
        self.buy_here = buy_here
        self.sell_here = sell_here
        self.buy_gate = buy_here.hurdle.gate
        self.sell_gate = sell_here.hurdle.gate


class Spatial(Strategy):
    """Compares a book that changed with the same symbol's books on every other venue."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings; `start` brings the market."""
        self._settings = settings or Settings()
        self._lanes: dict[Symbol, dict[VenueName, tuple[LiveBook, list[_Lane]]]] = {}
        self._market: MarketView | None = None

    def start(self, market: MarketView) -> Interest:
        self._market = market
        self._lanes = {}
        for symbol in market.symbols():
            books = market.books(symbol)
            if len(books) < 2:
                continue
            self._lanes[symbol] = {
                book.venue: (
                    book,
                    [
                        _Lane(other, self._direction(market, book, other), self._direction(market, other, book))
                        for other in books
                        if other is not book
                    ],
                )
                for book in books
            }
        return Interest(symbols=tuple(self._lanes))

    def on_book(self, symbol: Symbol, venue: VenueName) -> Sequence[Opportunity]:
        venues = self._lanes.get(symbol)
        if venues is None:
            return ()
        here, lanes = venues[venue]
        bid = here.bid
        ask = here.ask
        found: list[Opportunity] | None = None
        for lane in lanes:
            other = lane.other
            # While a book is not LIVE its prices are NaN, and every comparison with them is false.
            if bid > other.ask * lane.sell_gate:
                found = self._look(lane.sell_here, found)
            if other.bid > ask * lane.buy_gate:
                found = self._look(lane.buy_here, found)
        return () if found is None else found

    def _direction(self, market: MarketView, buy: LiveBook, sell: LiveBook) -> _Direction:
        """Prepare what can be known before the first update. An unknown fee counts 0 here; the verdict refuses it."""
        buy_fee = _fee(market.taker_fee(buy.symbol, buy.venue))
        sell_fee = _fee(market.taker_fee(sell.symbol, sell.venue))
        minimum = Decimal(repr(self._settings.min_edge_bps))
        limits = [_max_size(market.instrument(book.symbol, book.venue)) for book in (buy, sell)]
        return _Direction(buy, sell, Hurdle(buy_fee, sell_fee, minimum), Hurdle(buy_fee, sell_fee), min(limits))

    def _look(self, direction: _Direction, found: list[Opportunity] | None) -> list[Opportunity] | None:
        """Walk the depth of a direction whose best levels seem to clear the hurdle; add it to what was found."""
        buy, sell, hurdle = direction.buy, direction.sell, direction.hurdle
        ask, bid = buy.ask, sell.bid
        market = self._market
        if market is None or not hurdle.cleared(bid, ask):
            return found
        walked = self._walk(direction)
        known = walked.size > 0.0
        edge_bps = hurdle.edge_bps(bid, ask)
        opportunity = Opportunity(
            strategy=NAME,
            symbol=buy.symbol,
            legs=(
                Leg(
                    buy.venue,
                    buy.symbol,
                    Side.BUY,
                    walked.buy_price,
                    walked.size,
                    walked.buy_gross / walked.size if known else ask,
                ),
                Leg(
                    sell.venue,
                    sell.symbol,
                    Side.SELL,
                    walked.sell_price,
                    walked.size,
                    walked.sell_gross / walked.size if known else bid,
                ),
            ),
            plan=Plan.TOGETHER,
            edge_bps=10_000 * (walked.sell_revenue / walked.buy_cost - 1.0) if known else edge_bps,
            size=walked.size,
            profit=walked.sell_revenue - walked.buy_cost if known else nan,
            detected_ns=market.now_ns(),
            top_edge_bps=edge_bps,
        )
        if found is None:
            return [opportunity]
        found.append(opportunity)
        return found

    def _walk(self, direction: _Direction) -> Walk:
        """Walk as deep as it pays, reading the whole depth only where the first levels do not end it."""
        buy, sell = direction.buy, direction.sell
        max_notional = inf if self._settings.max_notional is None else self._settings.max_notional
        limit = _FIRST_LEVELS
        while True:
            walked = walk(
                buy.asks(limit),
                sell.bids(limit),
                direction.level,
                max_size=direction.max_size,
                max_notional=max_notional,
            )
            if limit == 0 or not walked.used_up:
                return walked
            limit = 0


def _fee(fee: float | None) -> Decimal:
    return Decimal(0) if fee is None else Decimal(repr(fee))


def _max_size(instrument: Instrument | None) -> float:
    """Return the largest order a venue takes; the verdict compares it exactly."""
    return inf if instrument is None or instrument.max_quantity is None else float(instrument.max_quantity)
