"""Who wants which topic of one streaming session: the first subscribes, the last takes the subscription along."""

from collections import Counter
from collections.abc import Callable, Iterable

from arb_core.errors import Refused
from arb_core.runtime.stream import StreamSession
from arb_core.runtime.stream.events import Subscribed, TopicRefused, VenueEvent
from arb_core.structs.market import VenueName
from arb_core.structs.stream import Topic
from arb_core.venue.waiting import Waiting

__all__ = ["Demand", "refusal"]


class Demand:
    """Counts the users of each topic, and wakes who waits for one to stand."""

    def __init__(self, venue: VenueName, session: StreamSession, *, held: bool = False) -> None:
        """Speak for `session`. While `held`, topics are noted and asked for when `release` is called."""
        self._venue = venue
        self._session = session
        self._held = held
        self._users: Counter[Topic] = Counter()
        self._waiting: Waiting[Topic] = Waiting()

    def join(self, topics: Iterable[Topic]) -> Callable[[], None]:
        """Want topics from now on; return what ends that, harmless when called again.

        Raises:
            ValueError: the venue has no such feed, depth or interval.
        """
        chosen = tuple(topics)
        if not self._held:
            self._session.subscribe(chosen)
        self._users.update(chosen)
        left = iter((chosen,))
        return lambda: self._leave(next(left, ()))

    def release(self) -> None:
        """Ask for what was held back, and hold nothing back any more; harmless when called again."""
        if self._held:
            self._held = False
            self._session.subscribe(self._users)

    async def stands(self, topic: Topic) -> None:
        """Wait until a topic that was joined stands.

        Raises:
            Refused: the venue refused it.
        """
        if not self._session.stands(topic):
            await self._waiting.turn(topic)

    def hear(self, event: VenueEvent) -> None:
        """Take the session's events: some of them end somebody's wait."""
        if isinstance(event, Subscribed):
            self._waiting.settle(event.topic)
        elif isinstance(event, TopicRefused):
            self._waiting.settle(event.topic, refusal(event))

    def _leave(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            self._users[topic] -= 1
            if not self._users[topic]:
                del self._users[topic]
                self._session.unsubscribe([topic])


def refusal(event: TopicRefused) -> Refused:
    """Return the error for a topic that was refused."""
    topic = event.topic
    named = str(topic.feed) if topic.pair is None else f"{topic.feed} of {topic.pair}"
    return Refused(f"{named}: {event.reason}", venue=event.venue)
