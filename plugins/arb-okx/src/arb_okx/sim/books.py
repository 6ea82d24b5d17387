"""How OKX numbers its books: a chain of ids, and the checksum that was. Entered by the channels.

Each update names the id before it and its own. Ids grow by as much as has changed, so steps are irregular; a book that
does not change says so about every minute, with both ids alike; and after maintenance the next id is lower than the one
that it follows.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
"""

from collections.abc import Sequence
from zlib import crc32

from arb_sim.kernel.market import Market
from arb_sim.kernel.sources import TopDeltas, Update
from arb_sim.timeline import Timeline

__all__ = ["DEPTH", "Chain", "checksum"]

SECOND = 1_000_000_000

DEPTH = 400
"""Levels a side."""

QUIET_NS = 60 * SECOND
"""How long after the last update one comes that says that nothing has changed."""

CHECKED = 25
"""Levels a side that the checksum covers."""


class Chain(TopDeltas):
    """The changes of one book, each linked to the one before."""

    def __init__(self, market: Market, timeline: Timeline) -> None:
        super().__init__(market, DEPTH, ends_told=True)
        self.told = market.book.version
        """The id that followers stand at."""
        self._timeline = timeline
        self._told_ns = 0
        self._attached = 0

    def attach(self) -> None:
        super().attach()
        self._attached += 1
        self._tell(self.market.book.version)
        self._watch(self._attached)

    def detach(self) -> None:
        super().detach()
        self._attached += 1

    def take(self) -> Update | None:
        version = self.market.book.version
        if version < self.told:  # the ids have begun anew
            before, self._last = self._last, version
            update: Update | None = Update(before + 1, version, self._bids.take(), self._asks.take())
        else:
            update = super().take()
        if update is None and self._timeline.now_ns >= self._told_ns + QUIET_NS:
            update = Update(self.told + 1, self.told, [], [])
        if update is not None:
            self._tell(update.last)
        return update

    def _tell(self, version: int) -> None:
        self.told = version
        self._told_ns = self._timeline.now_ns

    def _watch(self, attached: int) -> None:
        """Wake when nothing was told for long enough."""
        if attached != self._attached:
            return
        now_ns = self._timeline.now_ns
        if now_ns >= self._told_ns + QUIET_NS:
            self.wake()
            self._timeline.call_at(now_ns + QUIET_NS, lambda: self._watch(attached))
        else:
            self._timeline.call_at(self._told_ns + QUIET_NS, lambda: self._watch(attached))


def checksum(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> int:
    """Return what messages bore until June 2026: of the best levels, alternating, as a signed number."""
    words: list[str] = []
    for rank in range(CHECKED):
        for side in (bids, asks):
            words += side[rank] if rank < len(side) else ()
    found = crc32(":".join(words).encode())
    return found - (1 << 32) if found >= 1 << 31 else found
