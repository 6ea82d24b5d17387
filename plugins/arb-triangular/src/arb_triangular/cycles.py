"""Which symbols make a cycle, and what each way round has to clear.

Three assets, each traded against the two others, can be written in one way: `whole = left * right`, as ETH/USDT =
ETH/BTC * BTC/USDT. Two ways lead round such a triangle: buy the parts and sell the whole, or buy the whole and sell
the parts. Three symbols whose quotes chase each other (A/B, B/C, C/A) cannot be written so and are left alone: venues
rank their quote assets, so none lists such a thing.

The fee of each leg is taken out of what the leg brings, as most venues do it. Where it comes on top of a purchase
instead, a little more is left: the square of the fee.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from math import inf, prod
from typing import NamedTuple

from arb_core.engine.edge import Hurdle
from arb_core.engine.money import times
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.strategy import MarketView
from arb_core.structs.book import Level
from arb_core.structs.market import Instrument, Side

__all__ = ["Cycle", "Parts", "Triangle", "Turn", "find", "triangle"]

_ONE = Decimal(1)


class Parts(NamedTuple):
    """Three books of one venue with `whole = left * right`, and the money that a cycle over them begins with."""

    money: str
    whole: LiveBook
    left: LiveBook
    right: LiveBook


class Turn(NamedTuple):
    """One leg of a cycle, before it has a price and a size."""

    book: LiveBook
    side: Side
    fee: Decimal
    keep: float
    """What the fee leaves of what the leg brings."""
    lot: tuple[int, int] | None
    """The step of its size as a fraction; None = there is none, or nobody knows."""
    max_size: float

    @property
    def price(self) -> float:
        """The best price that it can be had at; NaN while the book is not LIVE."""
        return self.book.ask if self.side is Side.BUY else self.book.bid

    def levels(self, limit: int) -> list[Level]:
        """Return the levels that it takes, best first; 0 = all."""
        return self.book.asks(limit) if self.side is Side.BUY else self.book.bids(limit)


class Cycle:
    """One way round a triangle: three turns, the first one paying the money, the last one bringing it."""

    __slots__ = ("_bought", "_sold", "hurdle", "level", "turns")

    def __init__(self, turns: tuple[Turn, Turn, Turn], min_edge_bps: Decimal) -> None:
        """Prepare what can be known before the first update; the minimum is in basis points."""
        self.turns = turns
        self._sold = [place for place, turn in enumerate(turns) if turn.side is Side.SELL]
        self._bought = [place for place, turn in enumerate(turns) if turn.side is Side.BUY]
        keep = _ONE
        for turn in turns:
            keep = times(keep, _ONE - turn.fee)
        self.hurdle = Hurdle(Decimal(0), _ONE - keep, min_edge_bps)
        """All fees and the minimum: for the best levels."""
        self.level = Hurdle(Decimal(0), _ONE - keep)
        """All fees alone: each further level has to earn something, however little."""

    def cleared(self, hurdle: Hurdle, prices: Sequence[float]) -> bool:
        """Whether one price for each turn, in their order, is strictly above a hurdle; False if any is NaN."""
        return hurdle.cleared_by([prices[place] for place in self._sold], [prices[place] for place in self._bought])

    def edge_bps(self, prices: Sequence[float]) -> float:
        """Return what such prices leave, in basis points of the money; NaN if any is."""
        return self.hurdle.edge_bps(
            prod([prices[place] for place in self._sold]), prod([prices[place] for place in self._bought])
        )


class Triangle:
    """Both ways round, with what the path from an update reads. Slots, because it is read for every update."""

    __slots__ = ("buy_gate", "buy_whole", "left", "right", "sell_gate", "sell_whole", "whole")

    def __init__(self, parts: Parts, sell_whole: Cycle, buy_whole: Cycle) -> None:
        self.whole, self.left, self.right = parts.whole, parts.left, parts.right
        self.sell_whole = sell_whole
        self.buy_whole = buy_whole
        self.sell_gate = sell_whole.hurdle.gate
        """`whole.bid / (left.ask * right.ask)` must exceed this ..."""
        self.buy_gate = buy_whole.hurdle.gate
        """... or `left.bid * right.bid / whole.ask` this."""


def find(books: Iterable[LiveBook], money: Sequence[str]) -> Iterator[Parts]:
    """Yield every triangle over one venue's books that holds an asset of `money`; each once, in a steady order."""
    markets: dict[frozenset[str], list[LiveBook]] = {}
    for book in books:
        symbol = book.symbol
        if symbol.settle is None and symbol.base != symbol.quote:
            markets.setdefault(frozenset((symbol.base, symbol.quote)), []).append(book)
    seen: set[frozenset[str]] = set()
    for asset in money:
        for pair, across in markets.items():
            corner = pair | {asset}
            if len(corner) != 3 or corner in seen:
                continue
            one, other = sorted(pair)
            to_one = markets.get(frozenset((asset, one)), ())
            to_other = markets.get(frozenset((asset, other)), ())
            if to_one and to_other:
                seen.add(corner)
            for three in ((a, b, c) for a in across for b in to_one for c in to_other):
                parts = _parts(asset, three)
                if parts is not None:
                    yield parts


def _parts(money: str, books: tuple[LiveBook, LiveBook, LiveBook]) -> Parts | None:
    """Say which of three books is the product of the two others; None where their quotes chase each other."""
    for whole in books:
        for left in books:
            for right in books:
                if (
                    left.symbol.base == whole.symbol.base
                    and left.symbol.quote == right.symbol.base
                    and right.symbol.quote == whole.symbol.quote
                ):
                    return Parts(money, whole, left, right)
    return None


def triangle(parts: Parts, market: MarketView, min_edge_bps: float) -> Triangle:
    """Prepare both ways round. A fee that nobody knows counts 0 here; the verdict refuses it."""
    _, whole, left, right = parts
    minimum = Decimal(repr(min_edge_bps))
    ways = (
        ((right, Side.BUY), (left, Side.BUY), (whole, Side.SELL)),
        ((whole, Side.BUY), (left, Side.SELL), (right, Side.SELL)),
    )
    sell_whole, buy_whole = (Cycle(_from_money(parts.money, way, market), minimum) for way in ways)
    return Triangle(parts, sell_whole, buy_whole)


def _from_money(money: str, way: Sequence[tuple[LiveBook, Side]], market: MarketView) -> tuple[Turn, Turn, Turn]:
    """Begin a way round with the turn that pays the money."""
    turns = [_turn(book, side, market) for book, side in way]
    pays = [turn.book.symbol.quote if turn.side is Side.BUY else turn.book.symbol.base for turn in turns]
    first = pays.index(money)
    one, two, three = turns[first:] + turns[:first]
    return one, two, three


def _turn(book: LiveBook, side: Side, market: MarketView) -> Turn:
    fee = market.taker_fee(book.symbol, book.venue)
    taken = Decimal(0) if fee is None else Decimal(repr(fee))
    instrument = market.instrument(book.symbol, book.venue)
    return Turn(book, side, taken, float(_ONE - taken), _lot(instrument), _max_size(instrument))


def _lot(instrument: Instrument | None) -> tuple[int, int] | None:
    return None if instrument is None or instrument.lot <= 0 else instrument.lot.as_integer_ratio()


def _max_size(instrument: Instrument | None) -> float:
    """Return the largest order a venue takes; the verdict compares it exactly."""
    return inf if instrument is None or instrument.max_quantity is None else float(instrument.max_quantity)
