"""One channel of one venue: who listens, when it pushes, and how a push reads.

A stream makes each frame once, whoever listens. It costs nothing while its market is silent: it is on the timeline only
between a change and the push of that change.
"""

from collections.abc import Callable
from typing import Any, Protocol
from zlib import crc32

from arb_sim.kernel.market import Market
from arb_sim.kernel.sources import Gatherer, Source

__all__ = ["Channel", "Hold", "Push", "Render", "Stream"]

Render = Callable[[Any, int], "list[str | bytes]"]
"""(what the source took, the venue's time now) -> frames, in order."""

Push = Callable[["Channel", "list[str | bytes]"], None]
"""Delivers a stream's frames to its listeners."""

Hold = Callable[["Channel"], int]
"""Until when a stream stays silent although its market moves; a moment that has passed = it pushes."""


class Schedule(Protocol):
    """Asks to be called at a moment."""

    def __call__(self, at_ns: int, callback: Callable[[], None]) -> None:
        """Call back then."""
        ...


class Channel:
    """Something that connections follow.

    `every_ns` is the time between two pushes, 0 = at once. Pushes stand on a grid whose phase comes from the name, so
    that the streams of a venue do not all push in the same millisecond.
    """

    def __init__(self, name: str, feed: str, source: Gatherer[Any], every_ns: int, render: Render) -> None:
        self.name = name
        """As the venue spells it; unique on the venue."""
        self.feed = feed
        """Its kind, for faults: `book`, `depth`, `quote`, `trades`, `klines`, `ticker`; those of an account are
        `orders`, `fills`, `balances`, `private`."""
        self.source = source
        self.about: Market | None = None
        """The market that the next frames are about, for faults; None = no single one."""
        self.every_ns = every_ns
        self.render = render
        self.listeners: dict[int, str] = {}
        """Connection -> the name under which it asked."""
        self._phase = crc32(name.encode()) % every_ns if every_ns else 0
        self._awake = False

    def next_push_ns(self, now_ns: int) -> int:
        """The next moment of the grid, now included."""
        return now_ns + (self._phase - now_ns) % self.every_ns if self.every_ns else now_ns

    def bind(self, now: Callable[[], int], call_at: Schedule, flush: "Callable[[Channel], None]", hold: Hold) -> None:
        """Join a venue's timeline; `flush` is called when it is time to push."""

        def wake() -> None:
            if not self._awake:
                self._awake = True
                call_at(self.next_push_ns(now()), due)

        def due() -> None:
            self._awake = False
            if not self.listeners:
                return
            held_until = hold(self)
            if held_until > now():
                self._awake = True
                call_at(self.next_push_ns(held_until), due)
            else:
                flush(self)

        self.source.wake = wake

    def flush(self, now_ns: int, push: Push) -> None:
        """Push what has gathered; `now_ns` is the time by the venue's own clock."""
        taken = self.source.take()
        if taken is not None:
            push(self, self.render(taken, now_ns))

    def join(self, conn: int, name: str) -> None:
        """Add a listener."""
        if not self.listeners:
            self.source.attach()
        self.listeners[conn] = name

    def leave(self, conn: int) -> None:
        """Remove a listener."""
        if self.listeners.pop(conn, None) is not None and not self.listeners:
            self.source.detach()


class Stream(Channel):
    """A public channel: of one market, but for the few that show all of them."""

    def __init__(self, name: str, feed: str, source: Source[Any], every_ns: int, render: Render) -> None:
        super().__init__(name, feed, source, every_ns, render)
        self.about = self.market = source.market
