"""What is known of every venue: books, instruments, fees, assets, health.

Filled at start by whoever opened the venues; read by strategies through `MarketView` and by the verdict.
"""

from collections.abc import Iterable, Sequence

from arb_core.engine.identity import Assets
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock
from arb_core.structs.market import Instrument, Symbol, VenueName

__all__ = ["EngineView"]


class EngineView:
    """The `MarketView` of the engine. A book is added once and then read in place; nothing is copied."""

    def __init__(self, clock: Clock) -> None:
        """Begin without venues."""
        self.clock = clock
        self._books: dict[Symbol, dict[VenueName, LiveBook]] = {}
        self._instruments: dict[Symbol, dict[VenueName, Instrument]] = {}
        self._fees: dict[Symbol, dict[VenueName, float]] = {}
        self._ill: dict[VenueName, str] = {}
        self.assets = Assets()

    def add(self, book: LiveBook, instrument: Instrument | None, taker_fee: float | None) -> None:
        """Follow a book; `taker_fee` is a fraction, None where nobody knows.

        Raises:
            ValueError: this venue's book of this symbol is followed already.
        """
        venues = self._books.setdefault(book.symbol, {})
        if book.venue in venues:
            message = f"{book.venue} {book.symbol} is followed already"
            raise ValueError(message)
        venues[book.venue] = book
        if instrument is not None:
            self.set_instrument(book.venue, book.symbol, instrument)
        if taker_fee is not None:
            self._fees.setdefault(book.symbol, {})[book.venue] = taker_fee

    def set_instrument(self, venue: VenueName, symbol: Symbol, instrument: Instrument) -> None:
        """Take what a venue says of a symbol now: status and delisting change while we run."""
        self._instruments.setdefault(symbol, {})[venue] = instrument

    def set_health(self, venue: VenueName, trouble: str | None) -> None:
        """Say what is wrong with a venue, in words; None = it is well."""
        if trouble is None:
            self._ill.pop(venue, None)
        else:
            self._ill[venue] = trouble

    def all_books(self) -> Iterable[LiveBook]:
        """Return every book that is followed."""
        return (book for venues in self._books.values() for book in venues.values())

    def symbols(self) -> Sequence[Symbol]:
        """Return the symbols that are followed, in the order in which they were added."""
        return tuple(self._books)

    def books(self, symbol: Symbol) -> Sequence[LiveBook]:
        """Return the books of one symbol, in the order in which they were added."""
        return tuple(self._books.get(symbol, {}).values())

    def book(self, symbol: Symbol, venue: VenueName) -> LiveBook | None:
        """Return one book, None where it is not followed."""
        venues = self._books.get(symbol)
        return None if venues is None else venues.get(venue)

    def instrument(self, symbol: Symbol, venue: VenueName) -> Instrument | None:
        """Return what the venue says of the symbol, None where it said nothing."""
        venues = self._instruments.get(symbol)
        return None if venues is None else venues.get(venue)

    def taker_fee(self, symbol: Symbol, venue: VenueName) -> float | None:
        """Return the fraction a taker pays; None where nobody knows."""
        venues = self._fees.get(symbol)
        return None if venues is None else venues.get(venue)

    def trouble(self, venue: VenueName) -> str | None:
        """Return what is wrong with a venue, None where nothing is known to be."""
        return self._ill.get(venue)

    def now_ns(self) -> int:
        """Return the time, UTC."""
        return self.clock.now_ns()

    def monotonic_ns(self) -> int:
        """Return the time by which books age."""
        return self.clock.monotonic_ns()
