"""What a streaming session tells its one listener.

The events are for people, logs and counters: no book or order depends on them. Times and durations are nanoseconds.
"""

from collections.abc import Callable

import msgspec

from arb_core.structs.market import VenueName
from arb_core.structs.stream import Topic

__all__ = [
    "Closed",
    "EventListener",
    "LoginRefused",
    "Malformed",
    "OpenFailed",
    "Opened",
    "Rotated",
    "RotationBegan",
    "StreamEvent",
    "Subscribed",
    "TicketEnded",
    "TopicRefused",
    "Unanswered",
    "UnknownRefusal",
    "VenueEvent",
]


class VenueEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a venue that a person may want to know."""

    venue: VenueName


class StreamEvent(VenueEvent, frozen=True, kw_only=True):
    """Something happened on a connection. `connection` counts from 1 within a venue and is never used again."""

    connection: int


class Opened(StreamEvent, frozen=True, kw_only=True):
    """A connection stands; its subscriptions follow."""

    host: str


class OpenFailed(StreamEvent, frozen=True, kw_only=True):
    """A connection could not be opened. It is tried again after `retry_ns`, for as long as someone wants its topics."""

    reason: str
    attempt: int
    retry_ns: int


class Closed(StreamEvent, frozen=True, kw_only=True):
    """A connection ended. `planned` = we ended it, after its topics had moved on or were no longer wanted."""

    reason: str
    planned: bool
    age_ns: int


class Subscribed(StreamEvent, frozen=True, kw_only=True):
    """The venue acknowledged a topic."""

    topic: Topic


class TopicRefused(StreamEvent, frozen=True, kw_only=True):
    """The venue refused a topic, or never answered. `retry_ns` None = it was never accepted and is given up."""

    topic: Topic
    reason: str
    retry_ns: int | None


class Unanswered(StreamEvent, frozen=True, kw_only=True):
    """A subscription was neither acknowledged nor refused in time; it is asked again."""

    topics: tuple[Topic, ...]
    attempt: int


class UnknownRefusal(StreamEvent, frozen=True, kw_only=True):
    """The venue refused something without saying what. If it was a subscription, its time to answer will run out."""

    reason: str


class LoginRefused(StreamEvent, frozen=True, kw_only=True):
    """The venue refused the login frames of a connection, or did not answer them in time."""

    reason: str


class RotationBegan(StreamEvent, frozen=True, kw_only=True):
    """The connection is about to be replaced while it still works."""

    reason: str


class Rotated(StreamEvent, frozen=True, kw_only=True):
    """All topics moved to `successor`. `resynced` books could not be carried over and started anew."""

    successor: int
    took_ns: int
    resynced: int


class TicketEnded(StreamEvent, frozen=True, kw_only=True):
    """The ticket of a connection was lost or could not be renewed: the connection is replaced."""

    reason: str


class Malformed(StreamEvent, frozen=True, kw_only=True):
    """A frame was not what the venue documents. `in_a_row` counts since the last good one."""

    error: str
    in_a_row: int


EventListener = Callable[[VenueEvent], None]
"""A plain function, called at once; it must not raise."""
