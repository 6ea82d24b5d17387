"""Books of normalised lines: a `quote` or `book` line is the whole book and needs no plugin. Entered by `replay`."""

from fractions import Fraction
from math import nan

from arb_core.capture.format import BookLine, QuoteLine
from arb_core.errors import BookUnavailable
from arb_core.structs.book import NO_ID, BookFault, BookState, Level
from arb_core.structs.market import Quote, Symbol, VenueName

__all__ = ["RecordedBook"]

_Text = tuple[str, str | None]


class RecordedBook:
    """A `LiveBook` that shows the last line. It is not LIVE before the first one; the texts are kept for exact sums."""

    __slots__ = (
        "_asks",
        "_bids",
        "ask",
        "ask_size",
        "ask_text",
        "bid",
        "bid_size",
        "bid_text",
        "exchange_ns",
        "fault",
        "last_id",
        "monotonic_ns",
        "received_ns",
        "state",
        "symbol",
        "venue",
        "whole",
    )

    def __init__(self, venue: VenueName, symbol: Symbol) -> None:
        """Begin without a line."""
        self.venue = venue
        self.symbol = symbol
        self.state = BookState.SYNCING
        self.fault: BookFault | None = BookFault.STARTING
        self.bid = self.bid_size = self.ask = self.ask_size = nan
        self.bid_text: str | None = None
        self.ask_text: str | None = None
        self.last_id = NO_ID
        self.exchange_ns: int | None = None
        self.received_ns = 0
        self.monotonic_ns = 0
        self.whole = False
        """Whether the line was a book; a quote has no depth to walk."""
        self._bids: tuple[_Text, ...] = ()
        self._asks: tuple[_Text, ...] = ()

    def take(self, line: QuoteLine | BookLine) -> None:
        """Show this line from now on."""
        self.state = BookState.LIVE
        self.fault = None
        self.received_ns = self.monotonic_ns = line.ns
        self.whole = isinstance(line, BookLine)
        if isinstance(line, BookLine):
            self._bids, self._asks = line.bids, line.asks
        else:
            self._bids = () if line.bid is None else ((line.bid, line.bid_size),)
            self._asks = () if line.ask is None else ((line.ask, line.ask_size),)
        self.bid_text, self.bid, self.bid_size = _best(self._bids)
        self.ask_text, self.ask, self.ask_size = _best(self._asks)

    def quote(self) -> Quote | None:
        """Return the best levels; None before the first line."""
        if self.state is not BookState.LIVE:
            return None
        return Quote(self.bid, self.bid_size, self.ask, self.ask_size, None, self.received_ns)

    def bids(self, limit: int = 10) -> list[Level]:
        """Return bids, best first. Raises `BookUnavailable` before the first line."""
        return self._levels(self._bids, limit)

    def asks(self, limit: int = 10) -> list[Level]:
        """Return asks, best first. Raises `BookUnavailable` before the first line."""
        return self._levels(self._asks, limit)

    def exact_bids(self) -> list[tuple[Fraction, Fraction]]:
        """Return every bid as it was printed; a size that is not known counts 0."""
        return [(Fraction(price), Fraction(size or 0)) for price, size in self._bids]

    def exact_asks(self) -> list[tuple[Fraction, Fraction]]:
        """Return every ask as it was printed."""
        return [(Fraction(price), Fraction(size or 0)) for price, size in self._asks]

    def _levels(self, side: tuple[_Text, ...], limit: int) -> list[Level]:
        if self.state is not BookState.LIVE:
            raise BookUnavailable("no line yet", venue=self.venue, symbol=str(self.symbol))
        return [(float(price), _size(size)) for price, size in (side[:limit] if limit else side)]


def _best(side: tuple[_Text, ...]) -> tuple[str | None, float, float]:
    if not side:
        return None, nan, nan
    price, size = side[0]
    return price, float(price), _size(size)


def _size(text: str | None) -> float:
    return nan if text is None else float(text)
