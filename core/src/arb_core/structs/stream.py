"""What one can subscribe to, and the ticket that opens a connection."""

from enum import StrEnum

import msgspec

from arb_core.structs.market import Pair

__all__ = ["KLINE_INTERVALS", "Feed", "StreamTicket", "Topic"]

KLINE_INTERVALS = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
"""The contract's spelling of candle intervals; a venue need not offer all of them."""


class Feed(StrEnum):
    """A kind of stream."""

    BOOK = "book"
    """Increments of the full book, from which `BookSync` keeps one."""
    DEPTH = "depth"
    """The best levels, whole, each time."""
    QUOTE = "quote"
    TRADES = "trades"
    KLINES = "klines"
    ORDERS = "orders"
    FILLS = "fills"
    BALANCES = "balances"


class Topic(msgspec.Struct, frozen=True, cache_hash=True):
    """One subscription. `pair` is None for the private feeds; `depth` goes with DEPTH, `interval` with KLINES."""

    feed: Feed
    pair: Pair | None = None
    depth: int | None = None
    interval: str | None = None


class StreamTicket(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to open a connection: plain venues give the URL, others a token with a life of its own.

    `url` may hold a secret token: it is never logged or recorded whole. Times are on the monotonic clock.
    """

    url: str
    headers: dict[str, str] = {}
    token: str | None = None
    ping_every_ns: int | None = None
    """Overrides the card where the venue hands out its ping interval with the ticket."""
    renew_every_ns: int | None = None
    expires_ns: int | None = None
    """How long the ticket lasts from its creation or renewal."""

    def __repr__(self) -> str:
        """Name the host only: the rest may be a secret."""
        return f"StreamTicket({self.url.partition('?')[0]!r})"
