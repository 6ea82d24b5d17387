"""The judge: a LIVE book is the venue's own book at the very version it claims, or the run ends here.

The venue's side is its kernel's book (kept by another library than ours) and the history of it; nothing of the client
is asked but what every reader of a book sees, and where its horizon lies.
"""

from math import inf

from arb_core.errors import BookUnavailable
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import BookState, Level
from arb_sim.kernel.history import History
from arb_sim.kernel.market import Market

__all__ = ["Oracle", "Wrong"]

_REMEMBERED = 65_536


class Wrong(AssertionError):
    """A book was LIVE and was not the venue's."""


class Oracle:
    """Compares one symbol's book with the venue's, level by level, exactly.

    `kept` is the number of levels a side that the feed maintains (None = all), `snapshot` the number that a whole book
    holds at most: beyond it a book may know nothing, and must say so. A `nameless` book bears no id: it must be one
    that the venue's has been, in order.
    """

    def __init__(
        self,
        market: Market,
        *,
        kept: int | None,
        snapshot: int,
        counted: bool = False,
        nameless: bool = False,
        remember: int | None = None,
    ) -> None:
        self.seen = -1
        """The version of the venue's book that ours was last found equal to; -1 before the first time."""
        self.told: dict[int, int] | None = {} if counted else None
        """Where ids count messages: id -> the version that it was told with. None = ids are versions."""
        self.compared = 0
        self.levels = 0
        self.deepest_cut = 0
        """Books whose horizon ended before the venue's book did."""
        self._market = market
        self._history = History(market.book, keep=remember)
        self._nameless = nameless
        self._kept = kept
        self._snapshot = snapshot
        self._prices = _Floats(market.listing.price_decimals)
        self._sizes = _Floats(market.listing.size_decimals)
        self._horizon_of: tuple[int, float, float] | None = None

    @property
    def version(self) -> int:
        """Where the venue's book stands now."""
        return self._market.look().book.version

    @property
    def remembered(self) -> int:
        """Objects in which the venue's past is kept: an event is a tuple with a list for each side."""
        return 3 * len(self._history._events)

    def forget(self) -> None:
        """Drop the floats that were made so far; they are made again when they are needed."""
        self._prices.clear()
        self._sizes.clear()

    def look(self, book: BookSync) -> None:
        """Judge what a reader sees at this moment.

        Raises:
            Wrong: with what differs.
        """
        if book.state is not BookState.LIVE:
            self._is_unreadable(book)
            return
        floor, ceiling = book.horizon
        if (floor > 0.0 or ceiling < inf) and self._horizon_of != (book._base_id, floor, ceiling):
            self._is_true_horizon(book, floor, ceiling)
        if self._nameless:
            self.seen = self._found(book)
        else:
            self.seen = self._version(book, book.last_id)
            if (wrong := self._difference(book, self.seen)) is not None:
                raise Wrong(wrong)
        self.compared += 1

    def is_current(self, book: BookSync) -> bool:
        """Whether a LIVE book is what the venue's is now: of a change beyond what is kept, nothing is ever told."""
        return self.seen >= self.version or self._difference(book, self.version) is None

    def _version(self, book: BookSync, id_: int) -> int:
        version = id_ if self.told is None else self.told.get(id_)
        if version is None:
            raise Wrong(f"{book.symbol} is LIVE at {id_}, which the venue has not told")
        try:
            self._history.at(version)
        except LookupError as error:
            raise Wrong(f"{book.symbol} is LIVE at a version the venue never had: {error}") from error
        return version

    def _found(self, book: BookSync) -> int:
        """Return the first version from the last one on that the book is."""
        since = self.seen if self.seen >= 0 else self._history.oldest
        for version in [since, *self._history.since(since)]:
            if self._difference(book, version) is None:
                return version
        raise Wrong(self._difference(book, self.version) or f"{book.symbol} went back to an older book")

    def _difference(self, book: BookSync, version: int) -> str | None:
        """Say in what a book is not the venue's at a version."""
        bids, asks = self._history.at(version)
        floor, ceiling = book.horizon
        best_bids = self._floats(sorted(bids.items(), reverse=True))
        best_asks = self._floats(sorted(asks.items()))
        found = self._unlike(book, "bids", book.bids(0), [level for level in best_bids if level[0] >= floor])
        found = found or self._unlike(book, "asks", book.asks(0), [level for level in best_asks if level[0] <= ceiling])
        quote = book.quote()
        if found is None and (
            quote is None or (quote.bid, quote.bid_size) != best_bids[0] or (quote.ask, quote.ask_size) != best_asks[0]
        ):
            return f"{book.symbol} at {book.last_id} quotes {quote}, the venue {best_bids[0]} {best_asks[0]}"
        return found

    def _floats(self, units: list[tuple[int, int]]) -> list[Level]:
        prices, sizes = self._prices, self._sizes
        return [(prices[price], sizes[size]) for price, size in units[: self._kept]]

    def _unlike(self, book: BookSync, side: str, ours: list[Level], theirs: list[Level]) -> str | None:
        self.levels += len(ours)
        if ours == theirs:
            return None
        found = sorted(set(ours) - set(theirs))[:3]
        missing = sorted(set(theirs) - set(ours))[:3]
        return (
            f"{book.symbol} is LIVE at {book.last_id} with {len(ours)} {side} where the venue had {len(theirs)}: "
            f"only ours {found}, only the venue's {missing}; {book.stats}"
        )

    def _is_true_horizon(self, book: BookSync, floor: float, ceiling: float) -> None:
        """A book that says how far it reaches reaches as far as the snapshot that it began with."""
        bids, asks = self._history.at(self._version(book, book._base_id))
        last_bid = self._prices[sorted(bids, reverse=True)[: self._snapshot][-1]]
        last_ask = self._prices[sorted(asks)[: self._snapshot][-1]]
        if floor not in {0.0, last_bid} or ceiling not in {inf, last_ask}:
            raise Wrong(f"{book.symbol} shows {floor}..{ceiling}; its snapshot held {last_bid}..{last_ask}")
        if (floor == 0.0 and len(bids) > self._snapshot) or (ceiling == inf and len(asks) > self._snapshot):
            raise Wrong(f"{book.symbol} shows more than its snapshot held")
        self.deepest_cut += 1
        self._horizon_of = (book._base_id, floor, ceiling)

    def _is_unreadable(self, book: BookSync) -> None:
        if book.quote() is not None:
            raise Wrong(f"{book.symbol} is {book.state.name} and quotes")
        for read in (book.bids, book.asks):
            try:
                read(1)
            except BookUnavailable:
                continue
            raise Wrong(f"{book.symbol} is {book.state.name} and shows levels")


class _Floats(dict[int, float]):
    """Whole units -> the float of the same decimal number, correctly rounded, as any wire text of it is read."""

    def __init__(self, decimals: int) -> None:
        self._exponent = f"e-{decimals}"

    def __missing__(self, units: int) -> float:
        if len(self) >= _REMEMBERED:
            self.clear()
        number = self[units] = float(f"{units}{self._exponent}")
        return number
