"""What the connections of one session share, and who looks after each of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from arb_core.interfaces.context import Clock
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.stream.events import EventListener
from arb_core.runtime.transport import Transport
from arb_core.structs.card import StreamLimits
from arb_core.structs.market import VenueName
from arb_core.structs.stream import Topic

if TYPE_CHECKING:
    from arb_core.runtime.stream.link import Link

__all__ = ["LinkOwner", "Surroundings", "Tally"]


class Tally(msgspec.Struct):
    """Counts of a session since its start."""

    opened: int = 0
    open_failures: int = 0
    reconnects: int = 0
    rotations: int = 0
    messages: int = 0
    """Of connections that have ended; the open ones count their own."""
    wire_errors: int = 0
    unanswered: int = 0
    silent: int = 0


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What every connection of one session is given."""

    venue: VenueName
    exchange: str
    dialect: StreamDialect
    limits: StreamLimits
    clock: Clock
    transport: Transport
    dispatch: Dispatch
    report: EventListener
    tally: Tally
    venue_now_ns: Callable[[], int]
    """The venue's clock as far as we know it, UTC: what signed frames bear."""
    private: bool
    """What is heard belongs to an account: nothing of it is shown."""


class LinkOwner(Protocol):
    """Who acts on what a connection notices. Plain calls; after `link_closed` there is none."""

    def link_acknowledged(self, link: "Link", topics: tuple[Topic, ...]) -> None:
        """These topics stand since now."""
        ...

    def link_refused(self, link: "Link", topics: tuple[Topic, ...], reason: str) -> None:
        """These topics are refused; the connection has forgotten them."""
        ...

    def link_ageing(self, link: "Link", reason: str) -> None:
        """The connection still works and should be replaced soon."""
        ...

    def link_malformed(self, link: "Link") -> None:
        """A frame could not be read: what it would have said is missing."""
        ...

    def link_failed(self, link: "Link", error: Exception) -> None:
        """Something behind the sink raised: a defect of ours, not a fault of the venue."""
        ...

    def link_closed(self, link: "Link", reason: str) -> None:
        """The connection has ended."""
        ...
