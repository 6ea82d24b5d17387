"""What a replay comes to: the last line of `arb replay --json`, and the exact depth walks in it. Pure."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from arb_core.engine.episodes import Edge, OpportunityCounts
from arb_core.structs.book import Level

__all__ = ["BookSummary", "Checksums", "ExactLevel", "Summary", "WalkSummary", "exact_walk", "walk_summary"]

ExactLevel = tuple[Fraction, Fraction]
"""(price, size) without rounding."""

_DECIMALS = 18


class Checksums(msgspec.Struct, frozen=True):
    """How many checksums of the venue the book met; 0 where the feed has none."""

    ok: int = 0
    bad: int = 0


class BookSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One book at the end of a raw capture."""

    state: str
    """`LIVE` or `SYNCING`."""
    snapshots: int
    """Whole books applied."""
    received: int
    """Deltas of this book: applied, at or below the snapshot, refused by a gap or still waiting for a snapshot."""
    deltas: int
    """Deltas applied."""
    skipped: int
    """Deltas at or below the snapshot."""
    gaps: int
    checksums: Checksums
    bids: list[Level]
    """The ten best levels as last applied, whatever `state` says."""
    asks: list[Level]


class WalkSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How much could be traded at a profit on the books as they were at the end.

    Exact decimals, rounded half even at 18 places; money is quote, fees included.
    """

    symbol: str
    buy: str
    sell: str
    fee_bps: float
    size: str
    buy_cost: str
    sell_revenue: str
    profit: str


class Summary(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="summary"):
    """Encodes to the documented JSON object."""

    books: dict[str, dict[str, BookSummary]]
    """Exchange -> symbol; raw captures only."""
    edges: list[Edge]
    walks: list[WalkSummary]
    opportunities: OpportunityCounts


def exact_walk(
    asks: Sequence[ExactLevel], bids: Sequence[ExactLevel], fee: Fraction
) -> tuple[Fraction, Fraction, Fraction]:
    """Return (size, cost, revenue) of trading while `bid * (1 - fee) > ask * (1 + fee)`; fee is a fraction per leg.

    Levels are best first. Each time the smaller of the two remaining sizes is traded, then the side used up moves on.
    """
    pay, keep = 1 + fee, 1 - fee
    size = cost = revenue = Fraction(0)
    i = j = 0
    ask_left = asks[0][1] if asks else Fraction(0)
    bid_left = bids[0][1] if bids else Fraction(0)
    while i < len(asks) and j < len(bids) and bids[j][0] * keep > asks[i][0] * pay:
        take = min(ask_left, bid_left)
        size += take
        cost += take * asks[i][0] * pay
        revenue += take * bids[j][0] * keep
        ask_left -= take
        bid_left -= take
        if not ask_left:
            i += 1
            ask_left = asks[i][1] if i < len(asks) else Fraction(0)
        if not bid_left:
            j += 1
            bid_left = bids[j][1] if j < len(bids) else Fraction(0)
    return size, cost, revenue


def walk_summary(
    symbol: str, buy: str, sell: str, *, fee: Fraction, asks: Sequence[ExactLevel], bids: Sequence[ExactLevel]
) -> WalkSummary:
    """Walk one direction and print it."""
    size, cost, revenue = exact_walk(asks, bids, fee)
    return WalkSummary(
        symbol=symbol,
        buy=buy,
        sell=sell,
        fee_bps=float(fee * 10_000),
        size=_text(size),
        buy_cost=_text(cost),
        sell_revenue=_text(revenue),
        profit=_text(revenue - cost),
    )


def _text(number: Fraction) -> str:
    """Print half even at 18 decimals, without trailing zeros."""
    scaled = round(number * 10**_DECIMALS)  # half even, as Python rounds fractions
    whole, rest = divmod(abs(scaled), 10**_DECIMALS)
    digits = f"{whole}.{rest:0{_DECIMALS}d}".rstrip("0").rstrip(".")
    return f"-{digits}" if scaled < 0 else digits
