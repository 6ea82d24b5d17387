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
    """Another venue's book, as seen from one that pays certain fees. Slots, because these are read for every update.

    Books that pay the same share it: there are as many lanes as venues and fees, not as pairs of venues.
    """

    __slots__ = ("buy_gate", "other", "sell_gate")

    def __init__(self, other: LiveBook, buy_gate: float, sell_gate: float) -> None:
        self.other = other
        self.buy_gate = buy_gate
        """What the other's bid must be of our ask, for buying here."""
        self.sell_gate = sell_gate
        """What our bid must be of the other's ask, for selling here."""


class Spatial(Strategy):
    """Compares a book that changed with the same symbol's books on every other venue."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings; `start` brings the market."""
        self._settings = settings or Settings()
        self._minimum = Decimal(repr(self._settings.min_edge_bps))
        self._lanes: dict[Symbol, dict[VenueName, tuple[LiveBook, list[_Lane]]]] = {}
        self._directions: dict[tuple[Symbol, VenueName, VenueName], _Direction] = {}
        """Symbol, where to buy and where to sell -> what is known of it; made when it first seems to pay."""
        self._hurdles: dict[tuple[Decimal, Decimal, Decimal], Hurdle] = {}
        """By fees and minimum: a venue takes the same of most symbols."""
        self._market: MarketView | None = None

    def start(self, market: MarketView) -> Interest:
        self._market = market
        self._lanes = {}
        self._directions = {}
        for symbol in market.symbols():
            books = market.books(symbol)
            if len(books) < 2:
                continue
            fees = [_fee(market.taker_fee(symbol, book.venue)) for book in books]
            beside: dict[Decimal, list[_Lane]] = {}
            for fee in fees:
                if fee not in beside:
                    beside[fee] = [self._lane(fee, *other) for other in zip(books, fees, strict=True)]
            self._lanes[symbol] = {
                book.venue: (book, [lane for lane in beside[fee] if lane.other is not book])
                for book, fee in zip(books, fees, strict=True)
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
                found = self._look(other, here, found)
            if other.bid > ask * lane.buy_gate:
                found = self._look(here, other, found)
        return () if found is None else found

    def _lane(self, fee: Decimal, other: LiveBook, other_fee: Decimal) -> _Lane:
        """Prepare what is compared at every update. An unknown fee counts 0 here; the verdict refuses it."""
        buy_here = self._hurdle(fee, other_fee, self._minimum)
        sell_here = self._hurdle(other_fee, fee, self._minimum)
        return _Lane(other, buy_here.gate, sell_here.gate)

    def _hurdle(self, buy_fee: Decimal, sell_fee: Decimal, minimum: Decimal) -> Hurdle:
        key = buy_fee, sell_fee, minimum
        hurdle = self._hurdles.get(key)
        if hurdle is None:
            hurdle = self._hurdles[key] = Hurdle(buy_fee, sell_fee, minimum)
        return hurdle

    def _direction(self, market: MarketView, buy: LiveBook, sell: LiveBook) -> _Direction:
        key = buy.symbol, buy.venue, sell.venue
        direction = self._directions.get(key)
        if direction is None:
            fees = _fee(market.taker_fee(buy.symbol, buy.venue)), _fee(market.taker_fee(sell.symbol, sell.venue))
            hurdle, level = self._hurdle(*fees, self._minimum), self._hurdle(*fees, Decimal(0))
            limits = [_max_size(market.instrument(book.symbol, book.venue)) for book in (buy, sell)]
            direction = self._directions[key] = _Direction(buy, sell, hurdle, level, min(limits))
        return direction

    def _look(self, buy: LiveBook, sell: LiveBook, found: list[Opportunity] | None) -> list[Opportunity] | None:
        """Walk the depth of a direction whose best levels seem to clear the hurdle; add it to what was found."""
        market = self._market
        if market is None:
            return found
        direction = self._direction(market, buy, sell)
        hurdle, ask, bid = direction.hurdle, buy.ask, sell.bid
        if not hurdle.cleared(bid, ask):
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
