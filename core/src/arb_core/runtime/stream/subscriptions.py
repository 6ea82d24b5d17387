"""Which topics of one connection are wanted, asked for, acknowledged or refused. Pure bookkeeping: no I/O, no clock.

Answers name a request by its id or topics by their channel names. One bad topic makes some venues refuse a whole
request (Gate.io), so a refused or unanswered request of several topics is asked again in smaller parts until the bad
one stands alone.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from arb_core.structs.stream import Topic

__all__ = ["ATTEMPTS", "Request", "Subscriptions", "Unsettled"]

ATTEMPTS = 3
"""How often a single topic is asked for before silence counts as a refusal."""

_PARTS = 4
"""A refused or unanswered request is asked again in so many parts: one bad topic of 200 costs 16 requests, not 200."""


class Request(msgspec.Struct, kw_only=True, eq=False):
    """One frame to send, or one sent and not yet wholly answered. `deadline_ns` is on the monotonic clock."""

    topics: list[Topic]
    subscribe: bool
    room: int
    """How many topics it may hold."""
    request_id: int = 0
    """0 until it is sent."""
    deadline_ns: int = 0


class Unsettled(msgspec.Struct, frozen=True):
    """What became of topics that were not acknowledged: asked again, or given up."""

    again: tuple[Topic, ...] = ()
    refused: tuple[Topic, ...] = ()


class Subscriptions:
    """The topics of one connection.

    `channel` spells a topic as the venue's answers do; `per_request` is the most topics in one frame.
    """

    def __init__(self, channel: Callable[[Topic], str], per_request: int) -> None:
        self._channel = channel
        self._per_request = max(1, per_request)
        self._next_id = 1
        self._by_name: dict[str, Topic] = {}
        self._attempts: dict[Topic, int] = {}
        self._waiting: deque[Request] = deque()
        self._sent: dict[int, Request] = {}
        """Unanswered requests, oldest first: all have the same time to answer, so the first is due first."""
        self._request_of: dict[Topic, Request] = {}
        """The unsettled subscribe request that holds a topic, waiting or sent."""
        self._acknowledged: set[Topic] = set()

    def __len__(self) -> int:
        """Count the topics."""
        return len(self._attempts)

    def __contains__(self, topic: Topic) -> bool:
        """Whether this connection carries the topic or asks for it."""
        return topic in self._attempts

    @property
    def topics(self) -> Iterable[Topic]:
        """Every topic that this connection carries or asks for."""
        return self._attempts.keys()

    @property
    def acknowledged(self) -> set[Topic]:
        """The topics that stand."""
        return self._acknowledged

    @property
    def settled(self) -> bool:
        """Whether every topic stands."""
        return len(self._acknowledged) == len(self._attempts)

    @property
    def has_next(self) -> bool:
        """Whether there is something to send."""
        return bool(self._waiting)

    @property
    def deadline_ns(self) -> int | None:
        """When the oldest unanswered request is due, on the monotonic clock."""
        return next((request.deadline_ns for request in self._sent.values()), None)

    def attempts(self, topic: Topic) -> int:
        """Return how often a topic was asked for."""
        return self._attempts.get(topic, 0)

    def want(self, topics: Iterable[Topic]) -> None:
        """Ask for more topics. One that is here already is left as it is."""
        fresh = [topic for topic in topics if topic not in self._attempts]
        for topic in fresh:
            self._by_name[self._channel(topic)] = topic
            self._attempts[topic] = 0
        self._enqueue(fresh, subscribe=True, room=self._per_request)

    def drop(self, topics: Iterable[Topic]) -> None:
        """Give topics up: those that were asked for are unsubscribed."""
        chosen = [topic for topic in topics if topic in self._attempts]
        self._retract(chosen)
        self.forget(chosen)

    def repeat(self, topics: Iterable[Topic]) -> None:
        """Unsubscribe and subscribe again."""
        chosen = [topic for topic in topics if topic in self._attempts]
        self._retract(chosen)
        for topic in chosen:
            self._attempts[topic] = 0
        self._enqueue(chosen, subscribe=True, room=self._per_request)

    def forget(self, topics: Iterable[Topic]) -> None:
        """Remove topics of which the venue knows nothing: there is nothing to unsubscribe."""
        for topic in topics:
            if self._attempts.pop(topic, None) is not None:
                del self._by_name[self._channel(topic)]
                self._settle(topic)
                self._acknowledged.discard(topic)

    def next_request(self, deadline_ns: int) -> Request | None:
        """Take the next frame to send, None when there is none. It counts as sent."""
        if not self._waiting:
            return None
        request = self._waiting.popleft()
        request.request_id = self._next_id
        request.deadline_ns = deadline_ns
        self._next_id += 1
        self._sent[request.request_id] = request
        if request.subscribe:
            for topic in request.topics:
                self._attempts[topic] += 1
        return request

    def acknowledge(self, request_id: int | None, channels: Sequence[str]) -> tuple[Topic, ...]:
        """Settle what an acknowledgement names; return the topics that stand since now."""
        if self._is_late(request_id):
            return ()
        request = None if request_id is None else self._sent.get(request_id)
        if request is not None and not request.subscribe:
            del self._sent[request.request_id]
            return ()
        fresh = tuple(topic for topic in self._named(request, channels) if topic in self._request_of)
        for topic in fresh:
            self._settle(topic)
        self._acknowledged.update(fresh)
        return fresh

    def refuse(self, request_id: int | None, channels: Sequence[str]) -> Unsettled:
        """Settle what a refusal names: several topics are asked again in parts, a single one is given up."""
        if self._is_late(request_id):
            return Unsettled()
        request = None if request_id is None else self._sent.get(request_id)
        if request is not None and not request.subscribe:
            # The venue cannot end what it does not carry.
            del self._sent[request.request_id]
            return Unsettled()
        named = tuple(topic for topic in self._named(request, channels) if topic in self._request_of)
        for topic in named:
            self._settle(topic)
        if len(named) > 1:
            self._ask_in_parts(named)
            return Unsettled(again=named)
        self.forget(named)
        return Unsettled(refused=named)

    def expire(self, now_ns: int) -> Unsettled:
        """Settle every request whose time is over: asked again, or given up after `ATTEMPTS` alone."""
        again: list[Topic] = []
        refused: list[Topic] = []
        for request in [request for request in self._sent.values() if request.deadline_ns <= now_ns]:
            del self._sent[request.request_id]
            topics = tuple(request.topics) if request.subscribe else ()
            for topic in topics:
                self._settle(topic)
            if len(topics) == 1 and self._attempts[topics[0]] >= ATTEMPTS:
                self.forget(topics)
                refused += topics
            else:
                self._ask_in_parts(topics)
                again += topics
        return Unsettled(again=tuple(again), refused=tuple(refused))

    def _is_late(self, request_id: int | None) -> bool:
        """Whether an answer is to a request of ours that was settled before; an id we never gave says nothing."""
        return request_id is not None and 0 < request_id < self._next_id and request_id not in self._sent

    def _named(self, request: Request | None, channels: Sequence[str]) -> list[Topic]:
        """Return the topics an answer speaks of: those that it names, else all of its request."""
        if channels:
            return [self._by_name[name] for name in channels if name in self._by_name]
        return [] if request is None else list(request.topics)

    def _enqueue(self, topics: Iterable[Topic], *, subscribe: bool, room: int) -> None:
        """Put topics into requests of at most `room`, beginning with a last request that has some left."""
        for topic in topics:
            request = self._waiting[-1] if self._waiting else None
            if (
                request is None
                or request.subscribe is not subscribe
                or request.room != room
                or len(request.topics) >= room
            ):
                request = Request(topics=[], subscribe=subscribe, room=room)
                self._waiting.append(request)
            request.topics.append(topic)
            if subscribe:
                self._request_of[topic] = request

    def _ask_in_parts(self, topics: Sequence[Topic]) -> None:
        self._enqueue(topics, subscribe=True, room=max(1, len(topics) // _PARTS))

    def _retract(self, topics: Iterable[Topic]) -> None:
        """Unsubscribe what the venue has heard of; take back what was not sent yet."""
        heard_of: list[Topic] = []
        for topic in topics:
            request = self._request_of.get(topic)
            if request is None or request.request_id:
                heard_of.append(topic)
            self._settle(topic)
            self._acknowledged.discard(topic)
        self._enqueue(heard_of, subscribe=False, room=self._per_request)

    def _settle(self, topic: Topic) -> None:
        """Take a topic out of the subscribe request that holds it, and forget a request that holds nothing more."""
        request = self._request_of.pop(topic, None)
        if request is None:
            return
        request.topics.remove(topic)
        if not request.topics:
            if request.request_id:
                # An expired request is gone already.
                self._sent.pop(request.request_id, None)
            else:
                self._waiting.remove(request)
