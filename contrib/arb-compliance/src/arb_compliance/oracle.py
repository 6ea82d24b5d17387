"""The judge of books: a LIVE book is the venue's own book at the very version that it claims, level by level.

The venue's side is its kernel's book, which another library than ours keeps, and all its past. Of ours nothing is asked
but what every reader of a book sees. Entered by `stage`, at every update of every book.
"""

from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import Level, SequenceRule
from arb_sim.kernel.book import Units
from arb_sim.kernel.history import History
from arb_sim.kernel.market import Market

from arb_compliance.expect import CaseFailed, fail

__all__ = ["Floats", "Oracle"]

REMEMBERED = 8192
"""Events of the past that a book may be compared with: minutes, where its own lag is milliseconds."""


class Floats:
    """Whole units of an instrument as the floats that correct rounding makes of the same decimal numbers."""

    def __init__(self, market: Market) -> None:
        listing = market.listing
        self._price = f"e-{listing.price_decimals}"
        self._size = f"e-{listing.size_decimals}"
        self._quote = f"e-{listing.price_decimals + listing.size_decimals}"
        self._prices: dict[int, float] = {}
        self._sizes: dict[int, float] = {}

    def price(self, ticks: int) -> float:
        """Quote per base."""
        found = self._prices.get(ticks)
        if found is None:
            found = self._prices[ticks] = float(f"{ticks}{self._price}")
        return found

    def size(self, lots: int) -> float:
        """Base."""
        found = self._sizes.get(lots)
        if found is None:
            found = self._sizes[lots] = float(f"{lots}{self._size}")
        return found

    def quote(self, units: int) -> float:
        """Quote, counted in ticks * lots."""
        return float(f"{units}{self._quote}")

    def level(self, level: Units) -> Level:
        """Price and size."""
        return self.price(level[0]), self.size(level[1])


class Oracle:
    """Compares the books of one symbol with the venue's.

    Attributes:
        seen: the version of the venue's book that ours was last found equal to; -1 before the first time.
        compared: how often it was.
    """

    def __init__(self, market: Market) -> None:
        self.seen = -1
        self.compared = 0
        self.floats = Floats(market)
        self._market = market
        self._history = History(market.book, keep=REMEMBERED)

    @property
    def version(self) -> int:
        """Where the venue's book stands now."""
        return self._market.look().book.version

    def at(self, version: int, depth: int) -> tuple[list[Level], list[Level]]:
        """Return the venue's best bids and asks at a version.

        Raises:
            LookupError: its book never stood there.
        """
        bids, asks = self._history.top(version, depth)
        return [self.floats.level(level) for level in bids], [self.floats.level(level) for level in asks]

    def where(self, bids: list[Level], asks: list[Level], *, since: int = -1) -> int | None:
        """Return the first version, from one on, at which these were the venue's best levels."""
        depth = max(len(bids), len(asks))
        return next((one for one in self._versions(since) if self.at(one, depth) == (bids, asks)), None)

    def look(self, book: BookSync) -> None:
        """Judge a LIVE book.

        Raises:
            CaseFailed: it is not the venue's.
        """
        if book.rule.ids is SequenceRule.RANGE:
            version = self._claimed(book)
            if (wrong := self._difference(book, version)) is not None:
                raise wrong
        else:
            # Ids that do not count the venue's own versions: the book must be one of those that it went through since.
            version = self._found(book)
        self.seen = version
        self.compared += 1

    def is_current(self, book: BookSync) -> bool:
        """Whether a LIVE book is what the venue's is now, whatever version it was found equal to.

        Where a feed keeps some levels only, a change of deeper ones is never told: nothing is missing then.
        """
        return self._difference(book, self.version) is None

    def _claimed(self, book: BookSync) -> int:
        try:
            self._history.at(book.last_id)
        except LookupError as error:
            raise fail(
                f"{book.symbol} is LIVE at id {book.last_id}, where the venue's book never stood",
                found=error,
                fix="the ids that `decode` and `get_orderbook` read are not those that the venue counts by",
            ) from error
        return book.last_id

    def _found(self, book: BookSync) -> int:
        for version in self._versions(self.seen):
            if self._difference(book, version) is None:
                return version
        raise self._difference(book, self.version) or fail(f"{book.symbol}: went back to an older book")

    def _versions(self, since: int) -> list[int]:
        if since < 0:
            since = self._history.oldest
        return [since, *self._history.since(since)]

    def _difference(self, book: BookSync, version: int) -> CaseFailed | None:
        bids, asks = self._history.at(version)
        floor, ceiling = book.horizon
        kept, level = book.rule.proved_depth, self.floats.level
        best_bids = map(level, sorted(bids.items(), reverse=True)[:kept])
        best_asks = map(level, sorted(asks.items())[:kept])
        return _differ(book, "bids", book.bids(0), [bid for bid in best_bids if bid[0] >= floor]) or _differ(
            book, "asks", book.asks(0), [ask for ask in best_asks if ask[0] <= ceiling]
        )


def _differ(book: BookSync, side: str, ours: list[Level], theirs: list[Level]) -> CaseFailed | None:
    if ours == theirs:
        return None
    extra = sorted(set(ours) - set(theirs))[:3]
    missing = sorted(set(theirs) - set(ours))[:3]
    return fail(
        f"{book.symbol} is LIVE at id {book.last_id} and is not the venue's book",
        expected=f"{len(theirs)} {side}; of them only the venue has {missing}",
        found=f"{len(ours)} {side}; of them only ours has {extra}; {book.stats}",
        fix="levels, sides or ids of a message are read wrongly, or `book_rule` is not the venue's",
    )
