"""The streaming session of one venue: every topic that anyone wants, on as many connections as the venue demands."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from random import Random

from arb_core.interfaces.context import Clock
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.address import rebase
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.limits import Window
from arb_core.runtime.stream.events import EventListener
from arb_core.runtime.stream.shard import Shard
from arb_core.runtime.stream.surroundings import Surroundings, Tally
from arb_core.runtime.tasks import TaskOwner
from arb_core.runtime.transport import Transport
from arb_core.structs.card import ExchangeCard
from arb_core.structs.health import RefusedTopic, StreamHealth
from arb_core.structs.market import VenueName
from arb_core.structs.stream import Topic

__all__ = ["StreamSession"]


class StreamSession:
    """Opens connections when there is something to subscribe to, and keeps them until `close`.

    Nothing here waits for the venue: `subscribe` notes what is wanted, the shards see to it, and `listener` hears what
    became of it. Market data go from the dialect to `dispatch` by plain calls.
    """

    def __init__(
        self,
        *,
        venue: VenueName,
        card: ExchangeCard,
        dialect: StreamDialect,
        transport: Transport,
        clock: Clock,
        dispatch: Dispatch,
        listener: EventListener,
        tasks: TaskOwner,
        ws_url: str | None = None,
        connects: Window | None = None,
        random: Random | None = None,
        private: bool = False,
        venue_now_ns: Callable[[], int] | None = None,
        serials: Iterator[int] | None = None,
    ) -> None:
        """Begin without a connection.

        `ws_url` replaces the hosts (see `address.rebase`), attempts to connect take from `connects` (default: the
        card's limit, for this session alone), a seeded `random` makes the jitter repeatable. `tasks` owns the task of
        each connection. A `private` session shows nothing of what it hears, and signs by `venue_now_ns` (default: our
        own clock). Sessions of one venue share `serials`, so that a number names one connection.
        """
        self.around = Surroundings(
            venue=venue,
            exchange=card.id,
            dialect=dialect,
            limits=card.stream,
            clock=clock,
            transport=transport,
            dispatch=dispatch,
            report=listener,
            tally=Tally(),
            venue_now_ns=venue_now_ns or clock.now_ns,
            private=private,
        )
        self.tasks = tasks
        self.random = random or Random()  # noqa: S311 (jitter, not a secret)
        self._ws_url = ws_url
        self._elsewhere = card.hosts.ws_feeds
        self._serials = serials or count(1)
        self._shards: list[Shard] = []
        self._shard_of: dict[Topic, Shard] = {}
        limit = card.stream.connects
        self._connects = connects or (None if limit is None else Window(limit))

    def subscribe(self, topics: Iterable[Topic]) -> None:
        """Want topics. One that is wanted already is left as it is.

        Raises:
            ValueError: the venue has no such feed, depth or interval.
        """
        fresh = [topic for topic in dict.fromkeys(topics) if topic not in self._shard_of]
        for topic in fresh:
            self.around.dialect.channel(topic)
        most = self.around.limits.topics_per_connection
        chosen: dict[Shard, list[Topic]] = {}
        for topic in fresh:
            url = self._elsewhere.get(topic.feed)
            for shard in self._shards:
                if shard.url == url and (most is None or len(shard.topics) + len(chosen.get(shard, ())) < most):
                    break
            else:
                shard = Shard(self, url)
                self._shards.append(shard)
            chosen.setdefault(shard, []).append(topic)
            self._shard_of[topic] = shard
        for shard, share in chosen.items():
            shard.subscribe(share)
            if shard.task is None:
                shard.task = self.tasks.spawn(shard.run(), f"{self.around.venue} stream")

    def unsubscribe(self, topics: Iterable[Topic]) -> None:
        """Want topics no more. A connection that carries nothing any more is closed."""
        chosen: dict[Shard, list[Topic]] = {}
        for topic in topics:
            shard = self._shard_of.pop(topic, None)
            if shard is not None:
                chosen.setdefault(shard, []).append(topic)
        for shard, share in chosen.items():
            shard.unsubscribe(share)
            if not shard.topics:
                self._shards.remove(shard)
                if shard.task is not None:
                    shard.task.cancel()

    def resubscribe(self, topic: Topic) -> None:
        """Unsubscribe and subscribe again: the stream then begins with a snapshot."""
        if (shard := self._shard_of.get(topic)) is not None:
            shard.resubscribe(topic)

    def stands(self, topic: Topic) -> bool:
        """Whether the venue has acknowledged a topic, on a connection that is open."""
        shard = self._shard_of.get(topic)
        return shard is not None and any(topic in link.subscriptions.acknowledged for link in shard.links)

    def reconnect(self, reason: str) -> None:
        """Replace every connection: none can be trusted any more, for instance after the machine slept."""
        for shard in self._shards:
            shard.cut(reason)

    def ask_again(self) -> None:
        """Ask for refused topics at once: what they were refused for may have been mended."""
        for shard in self._shards:
            shard.ask_again()

    def next_serial(self) -> int:
        """Number a connection."""
        return next(self._serials)

    def address(self, url: str) -> str:
        """Return the URL to connect to, for one of the venue's own."""
        return rebase(url, self._ws_url)

    async def admit(self) -> None:
        """Wait until the venue bears one more attempt to connect."""
        if self._connects is None:
            return
        clock = self.around.clock
        while wait_ns := self._connects.wait_ns(1, clock.now_ns(), clock.monotonic_ns()):
            await clock.sleep(wait_ns)
        self._connects.spend(1, clock.now_ns(), clock.monotonic_ns())

    def health(self) -> StreamHealth:
        """Say how it is."""
        tally = self.around.tally
        links = [(shard, link) for shard in self._shards for link in shard.links]
        return StreamHealth(
            connections=tuple(link.health(leaving=shard.is_leaving(link)) for shard, link in links),
            connecting=sum(not shard.links for shard in self._shards),
            opened=tally.opened,
            open_failures=tally.open_failures,
            reconnects=tally.reconnects,
            rotations=tally.rotations,
            messages=tally.messages + sum(link.messages for _, link in links),
            wire_errors=tally.wire_errors,
            unanswered=tally.unanswered,
            silent=tally.silent,
            refused=tuple(
                RefusedTopic(topic, reason) for shard in self._shards for topic, reason in shard.refused.items()
            ),
        )
