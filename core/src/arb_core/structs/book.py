"""Order books: levels, snapshots, and the rule by which one venue's messages become a book.

A level is `(price, size)` in float64, parsed from the wire text with correct rounding, so that equal text is an equal
key. `BookRule` is data: a venue states facts, `runtime.booksync` acts on them.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum, IntEnum, StrEnum
from typing import Literal, cast, overload

import msgspec

from arb_core.structs.market import Symbol

__all__ = [
    "NO_ID",
    "BookFault",
    "BookRule",
    "BookSnapshot",
    "BookState",
    "Checksum",
    "LaterTexts",
    "Level",
    "Printed",
    "PrintedLevel",
    "Recovery",
    "SequenceRule",
    "SnapshotSource",
    "Spelling",
]

Level = tuple[float, float]
"""(price in quote per base, size in base); a size of 0 in a delta removes the level."""

PrintedLevel = tuple[str, str]
"""A level as the venue printed it: what its checksums are made of."""

NO_ID = -1
"""Stands for a sequence id that the feed does not carry."""


class BookState(IntEnum):
    """A book is correct (LIVE) or unusable (SYNCING); there is no third state."""

    SYNCING = 0
    LIVE = 1


class BookFault(StrEnum):
    """Why a book is not LIVE."""

    STARTING = "starting"
    GAP = "gap"
    CHECKSUM = "checksum"
    CROSSED = "crossed"
    STALE = "stale"
    DISCONNECTED = "disconnected"
    MALFORMED = "malformed"
    EXHAUSTED = "exhausted"
    """The market left the range of prices that the snapshot covered: the true best level may be one never sent."""
    HALTED = "halted"
    REFUSED = "refused"
    STOPPED = "stopped"


class SequenceRule(Enum):
    """How one delta is known to follow another."""

    RANGE = "range"
    """A delta covers ids `first..last`; the next one must cover `last + 1` (Binance, Gate.io, MEXC, KuCoin)."""
    CHAIN = "chain"
    """A delta names the id before it (OKX: `prevSeqId`)."""
    CONSECUTIVE = "consecutive"
    """Ids count up by one, a snapshot restarts the count (Bybit)."""
    NONE = "none"
    """The feed has no ids; a checksum may stand in for them (Kraken)."""


class SnapshotSource(Enum):
    """Where the first whole book comes from."""

    REST = "rest"
    STREAM = "stream"


class Recovery(Enum):
    """What brings a broken book back."""

    REFETCH = "refetch"
    """Keep the subscription, fetch a new REST snapshot."""
    RESUBSCRIBE = "resubscribe"
    """Unsubscribe and subscribe again: the stream then begins with a new snapshot."""


class Spelling(msgspec.Struct, frozen=True, kw_only=True):
    """What a checksum is a CRC32 of, for those who sum up without Python: prices and sizes of the best levels."""

    order: Literal["in turn", "asks first"]
    """Bid and ask in turn, of a side that has ended nothing; or all asks, then all bids. Best first either way."""
    separator: str = ""
    """Between two numbers."""
    points: bool = True
    """False = without points, and without zeros in front."""
    signed: bool = False
    """The 32 bits are read as a number of either sign."""
    places: Callable[[str], tuple[int, int] | None] | None = None
    """Decimals with which prices and sizes of a pair are printed, whatever its messages print: a pair -> both, or None
    while they are unknown. Without it a number counts as it was printed."""


class Checksum(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue sums up a book, so that a follower can tell whether it has the same one.

    `of` is pure: (bids, asks) of the best `depth` levels a side, best first, as printed -> the number that the venue
    sends. Only a book whose snapshot comes with the stream can have one. `spelling` says the same once more as data; a
    book whose sum cannot be said so is read in Python.
    """

    name: str
    depth: int
    of: Callable[[Sequence[PrintedLevel], Sequence[PrintedLevel]], int]
    spelling: Spelling | None = None


class LaterTexts(Sequence[PrintedLevel]):  # noqa: PLW1641 (it has no hash, as a list has none)
    """The texts of one side of a message, made when somebody sums it up: a sum that nobody verifies costs nothing.

    `make` is called once at most, perhaps long after the frame is gone: what it needs of that is copied.
    """

    __slots__ = ("_count", "_made", "_make")

    def __init__(self, count: int, make: Callable[[], Sequence[PrintedLevel]]) -> None:
        self._count = count
        self._make = make
        self._made: Sequence[PrintedLevel] | None = None

    def _texts(self) -> Sequence[PrintedLevel]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __eq__(self, other: object) -> bool:
        """Whether another sequence has the same texts."""
        return isinstance(other, Sequence) and list(self) == list(cast("Sequence[object]", other))

    def __len__(self) -> int:
        """Return how many there are, without making them."""
        return self._count

    def __iter__(self) -> Iterator[PrintedLevel]:
        """Make them, and go through them."""
        return iter(self._texts())

    @overload
    def __getitem__(self, index: int) -> PrintedLevel: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PrintedLevel]: ...
    def __getitem__(self, index: int | slice) -> PrintedLevel | Sequence[PrintedLevel]:
        """Make them, and return one or some."""
        return self._texts()[index]


class Printed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One book message as it was printed: the texts of its levels, in their order, and the sum of the book after it.

    `checksum` is None where the message bears none.
    """

    bids: Sequence[PrintedLevel]
    asks: Sequence[PrintedLevel]
    checksum: int | None = None


class BookRule(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue's book messages are put together. Every field is a fact of the venue, with its source on the card.

    `strict` says what a delta that begins at or before the book's own id means: with False it joins as long as it
    reaches past that id (sizes are absolute, so applying a part twice is harmless: Binance), with True it must begin
    exactly one after it. The first delta after a snapshot may always begin earlier.
    """

    ids: SequenceRule
    snapshot: SnapshotSource = SnapshotSource.REST
    recover: Recovery = Recovery.REFETCH
    strict: bool = False
    snapshot_limit: int = 1000
    """Levels a side to ask for. A snapshot that fills it covers no price beyond its last level."""
    kept_depth: int | None = None
    """Levels a side that the stream maintains; deeper ones are never shown. None = all that the snapshot covered."""
    cut_each_update: bool = False
    """The venue drops levels beyond `kept_depth` silently after every update, and so must we."""
    resets: bool = False
    """The stream may send a whole book at any time, which restarts the ids."""
    checksum: Checksum | None = None
    """How the venue sums up a book, None where the feed sends no checksums. With one, every message is `Printed`."""
    idle_ns: int | None = None
    """A live feed of one book is silent for at most this long; None = a quiet market may be silent for ever, and
    only the connection's own watchdog applies."""
    sync_timeout_ns: int = 10_000_000_000
    """Give up one attempt to synchronise after this long and start another."""

    @property
    def proved_depth(self) -> int | None:
        """Levels a side that a reader may be shown: those kept, and no deeper ones than what tells of a loss covers.

        Ids tell of any lost message, a checksum alone only of what changes the levels that it covers. None = all.
        """
        if self.checksum is None or self.ids is not SequenceRule.NONE:
            return self.kept_depth
        return min(self.checksum.depth, self.kept_depth or self.checksum.depth)


class BookSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A whole book at one moment: levels best first.

    `last_id` is the sequence id the book stands at (`NO_ID` where the venue gives none); `depth` the number of levels a
    side that were asked for, 0 = the venue sends all it has.
    """

    symbol: Symbol
    bids: list[Level]
    asks: list[Level]
    last_id: int = NO_ID
    exchange_ns: int | None = None
    depth: int = 0
