"""One symbol on one venue as orders go there: its filters and fee in both kinds of numbers, and who is at work in it.

Looked up for every leg of every executable sighting, so what does not change with the market is worked out once.
"""

from decimal import Decimal
from math import inf

from arb_core.engine.fixes import FeeIn
from arb_core.engine.view import EngineView
from arb_core.structs.market import Asset, Instrument, Symbol, VenueName

__all__ = ["Lane", "Lanes"]

_NOTHING = Decimal(0)


class Lane:
    """One (venue, symbol). Float64 for a first look, `Decimal` for what is ordered."""

    __slots__ = (
        "base",
        "fee",
        "instrument",
        "least_notional",
        "least_quantity",
        "most_notional",
        "most_quantity",
        "quote",
        "rate",
        "symbol",
        "under_way",
        "venue",
    )

    def __init__(self, venue: VenueName, symbol: Symbol) -> None:
        self.venue = venue
        self.symbol = symbol
        self.base, self.quote = Asset(symbol.base), Asset(symbol.quote)
        self.under_way = 0
        """Open trades with an order here."""
        self.instrument: Instrument | None = None
        self.rate: float | None = None
        """Taker fee as a fraction, as the view has it; `fee` is the same exactly."""
        self.fee = _NOTHING
        self.least_quantity = self.least_notional = 0.0
        self.most_quantity = self.most_notional = inf

    def take(self, instrument: Instrument, rate: float) -> None:
        """Take what the venue says of the symbol now."""
        self.instrument, self.rate = instrument, rate
        self.fee = Decimal(repr(rate))
        self.least_quantity = float(max(instrument.min_quantity, instrument.lot))
        self.least_notional = float(instrument.min_notional)
        self.most_quantity = inf if instrument.max_quantity is None else float(instrument.max_quantity)
        self.most_notional = inf if instrument.max_notional is None else float(instrument.max_notional)


class Lanes:
    """Every lane that a leg ever went through, made when first asked for."""

    def __init__(self, view: EngineView) -> None:
        """Read instruments and fees from the view, where they may change."""
        self._view = view
        self._lanes: dict[tuple[VenueName, Symbol], Lane] = {}
        self._fee_in: dict[VenueName, FeeIn] = {}

    def fee_in(self, venue: VenueName) -> FeeIn:
        """Return what purchases pay their fee in, as the last one did there; before that, what is safe to think."""
        return self._fee_in.get(venue, FeeIn.QUOTE)

    def learn(self, venue: VenueName, symbol: Symbol, fee_asset: Asset) -> None:
        """Take what a purchase paid its fee in."""
        paid = FeeIn.QUOTE if fee_asset == symbol.quote else FeeIn.OTHER
        self._fee_in[venue] = FeeIn.BASE if fee_asset == symbol.base else paid

    def lane(self, venue: VenueName, symbol: Symbol) -> Lane:
        """Return a lane as it is now; one without an instrument or a fee takes no order."""
        lane = self._lanes.get((venue, symbol))
        if lane is None:
            lane = self._lanes[venue, symbol] = Lane(venue, symbol)
        instrument, rate = self._view.instrument(symbol, venue), self._view.taker_fee(symbol, venue)
        if instrument is not None and rate is not None and (instrument is not lane.instrument or rate != lane.rate):
            lane.take(instrument, rate)
        return lane
