"""What a whole process says of itself when it is asked: the numbers that a dashboard shows.

Counts run since the start of the process, unless they say otherwise; durations and times are nanoseconds.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from arb_core.structs.health import VenueHealth
from arb_core.structs.market import Asset, VenueName

__all__ = [
    "BreakerState",
    "DetectionFigures",
    "Durations",
    "Figures",
    "Hop",
    "JournalFigures",
    "LimitUse",
    "ObserverFigures",
    "TradingFigures",
]


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, each time: a histogram."""

    bounds_ns: tuple[int, ...]
    """Ascending; a duration belongs to the first bound that it does not exceed."""
    counts: tuple[int, ...]
    """One for each bound, and one more for what was longer than all."""
    total_ns: int
    """All of them together, to within 7 %: it is computed from finer buckets, because adding up costs each message."""


class Hop(StrEnum):
    """A part of the way from a message to a trade."""

    DECODE = "decode"
    """A frame's arrival until its book has changed; measured once a second for each book."""
    JUDGE = "judge"
    """From there to the verdict, strategies included; measured with it."""
    DETECT = "detect"
    """Both, for every message of a LIVE book."""
    COMMIT = "commit"
    """A verdict until the intent is in the journal."""
    SEND = "send"
    """From there until an order is handed to its venue's client; hedges and unwinds too."""
    ACK = "ack"
    """An order from there to the venue's answer, its turn in the venue's budgets included."""
    WHOLE = "whole"
    """The frame that set off a trade until it is known what became of each of its first orders."""


class DetectionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Edges, each counted once however often it was seen: `seen = executable + the sum of refused + open`."""

    seen: int
    executable: int
    """Closed, and executable at least once."""
    refused: dict[str, int]
    """Closed and never executable, under the first check, in their order, that ever refused it."""
    open: int
    """Not closed yet."""


class BreakerState(StrEnum):
    """The circuit breaker of one venue."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """The rest is over, or one trade is on trial."""


class LimitUse(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a limit is used."""

    limit: str
    """As in `[risk]`: `max_daily_loss`, `max_open_trades`, `max_asset`, `max_on_venue`."""
    of: str = ""
    """What it counts: an asset, or `venue:asset`."""
    used: float
    """1 = reached; below 0 where a day has earned instead of lost."""


class TradingFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The account's side."""

    paper: bool
    closed: str | None
    """Why nothing new may begin: the name of a reason; None while it may."""
    admitted: int
    refused: dict[str, int]
    """Executable sightings, each one, by the first reason that spoke against a trade."""
    killed: bool
    """The latch is set: nothing new is traded until a person clears it."""
    day_stopped: bool
    """The daily loss was reached."""
    day_pnl: dict[Asset, Decimal]
    """Realised since 00:00 UTC, over restarts, by money."""
    open_trades: int
    in_doubt: int
    """Orders of which nobody knows whether they stand."""
    ready: dict[VenueName, bool]
    """Whether our books and the venue's agree, without which nothing new goes there."""
    breakers: dict[VenueName, BreakerState]
    limits: tuple[LimitUse, ...]


class JournalFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How the journal does."""

    working: bool
    commits: int
    rows: int
    failures: int
    waiting: int
    """Entries that are not committed yet."""
    dropped: int
    """Episodes that found the queue full."""
    commit: Durations


class ObserverFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How one observer does."""

    name: str
    told: int
    dropped: int
    """Notices that found its queue full."""
    waiting: int
    unplugged: bool
    """It raised, and is told nothing any more."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A whole process at one moment. `trading` and `journal` are None where nothing is traded."""

    at_ns: int
    venues: tuple[VenueHealth, ...]
    hops: dict[Hop, Durations]
    detection: DetectionFigures
    trading: TradingFigures | None = None
    journal: JournalFigures | None = None
    observers: tuple[ObserverFigures, ...] = ()
