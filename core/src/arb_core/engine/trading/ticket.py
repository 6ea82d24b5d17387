"""One of our orders while somebody cares for it: its facts, who waits for it, and where it was searched for."""

import asyncio

from arb_core.engine.ids import IntentId
from arb_core.engine.orders import Look, TrackedOrder
from arb_core.structs.market import Pair
from arb_core.structs.order import ClientOrderId

__all__ = ["Ticket"]


class Ticket:
    """The one place where an order's facts are replaced by newer ones. Its desk is the only one who does that."""

    __slots__ = ("asked", "closed", "followed", "missed", "news", "opened_ns", "order", "pair", "settled", "unknown_ns")

    def __init__(self, order: TrackedOrder, pair: Pair | None, monotonic_ns: int) -> None:
        """Begin with what is known; `pair` is the venue's spelling, None for a symbol that it no longer lists."""
        self.order = order
        self.pair = pair
        self.opened_ns = monotonic_ns
        self.unknown_ns = monotonic_ns
        """When its request cannot have left any more, by the monotonic clock: the search counts from there."""
        self.missed: dict[Look, int] = {}
        """When the latest look that lacked it was begun, by the monotonic clock."""
        self.news = asyncio.Event()
        self.settled = asyncio.Event()
        self.asked = False
        """Somebody wants it to be asked for at once."""
        self.followed = False
        """A task cares for it until it is settled."""
        self.closed = False
        """Its trade has ended: whatever is heard now comes too late."""

    @property
    def id(self) -> ClientOrderId:
        """The id that we gave it."""
        return self.order.plan.client_order_id

    @property
    def intent(self) -> IntentId:
        """The trade that it belongs to."""
        return self.order.plan.intent

    def ask(self) -> None:
        """Have it asked for at once."""
        self.asked = True
        self.news.set()
