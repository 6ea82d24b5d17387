"""What happens to an account, as it is told to its client: the private channels.

Trading tells an account's listeners of each happening; an `AccountSource` gathers those of one channel, and a
`PrivateStream` pushes them, each in a frame of its own, to the connections that may hear them.
"""

from collections import deque
from collections.abc import Callable, Collection
from enum import Enum
from typing import Any

import msgspec

from arb_sim.kernel.accounts import Account, Movement
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import Fill, Order
from arb_sim.kernel.sources import Gatherer
from arb_sim.kernel.streams import Channel, Push

__all__ = ["BALANCES", "FILLS", "ORDERS", "PRIVATE_FEEDS", "AccountSource", "Happening", "PrivateStream", "What"]

PRIVATE_FEEDS = frozenset({"orders", "fills", "balances", "private"})
"""What the feeds of private channels are called, for faults; `private` = a channel of everything."""


class What(Enum):
    """What happened."""

    PLACED = 0
    FILLED = 1
    """`fill` says how; `order` is the order after it, which may be at its end."""
    ENDED = 2
    """An order is no longer open, and not because it was filled."""
    CHANGED = 3
    MOVED = 4
    """Money moved: `movements`, of one cause; `order` is the order that caused it."""
    RESTED = 5
    """An order, or what is left of it, came to rest in the book. For venues that tell it apart from `PLACED`."""


ORDERS = frozenset({What.PLACED, What.FILLED, What.ENDED, What.CHANGED})
FILLS = frozenset({What.FILLED})
BALANCES = frozenset({What.MOVED})


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one account."""

    what: What
    at_ns: int
    order: Order | None = None
    fill: Fill | None = None
    movements: tuple[Movement, ...] = ()


class AccountSource(Gatherer[Happening]):
    """Gathers what happens to an account, in order; `market` = only orders of that market."""

    def __init__(self, account: Account, whats: Collection[What], market: Market | None = None) -> None:
        super().__init__()
        self.account = account
        self.market = market
        self._whats = frozenset(whats)
        self._waiting: deque[Happening] = deque()

    def attach(self) -> None:
        self._waiting.clear()
        self.account.listeners.append(self._hear)

    def detach(self) -> None:
        self.account.listeners.remove(self._hear)

    def _hear(self, happening: Happening) -> None:
        if happening.what not in self._whats:
            return
        if self.market is not None and (happening.order is None or happening.order.market is not self.market):
            return
        self._waiting.append(happening)
        self.wake()

    def take(self) -> Happening | None:
        return self._waiting.popleft() if self._waiting else None


class PrivateStream(Channel):
    """A channel of one account. `render` turns one happening into frames, perhaps none."""

    def __init__(
        self, name: str, feed: str, source: AccountSource, render: Callable[[Happening, int], "list[str | bytes]"]
    ) -> None:
        super().__init__(name, feed, source, 0, render)
        self.account = source.account

    def flush(self, now_ns: int, push: Push) -> None:
        """Push what has gathered, one happening after the other."""
        happening: Any
        while (happening := self.source.take()) is not None:
            self.about = None if happening.order is None else happening.order.market
            push(self, self.render(happening, now_ns))
