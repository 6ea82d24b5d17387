"""A plugin before its own simulated venue, in memory and on virtual time; everything that passes is seen.

Entered by the cases that need a venue. One integer makes the market, the faults and the delays, so that a failure can
be repeated.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from random import Random
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import msgspec
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.limits import Allowances
from arb_core.runtime.stream.events import VenueEvent
from arb_core.runtime.transport import Connection, Listener, TransportStats
from arb_core.structs.account import Credentials
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.card import ExchangeSettings, Hosts, StreamLimits
from arb_core.structs.market import Symbol, VenueName
from arb_core.venue import Venue
from arb_sim.assets import asset
from arb_sim.faults import REQUESTS, Fault, FaultKind, FaultScript, Fired
from arb_sim.kernel.book import Units
from arb_sim.kernel.market import Market
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import keys, simulate
from arb_sim.world import Habits, Pace, Quirk, World

from arb_compliance.expect import fail
from arb_compliance.oracle import Oracle
from arb_compliance.subject import Subject

__all__ = ["Said", "Seen", "Stage", "TappedTransport", "around_ten", "urls_of"]

E = TypeVar("E", bound=VenueEvent)

SECOND = 1_000_000_000
MS = 1_000_000

_OF_NO_PAIR = REQUESTS | {FaultKind.CLOCK_SKEW, FaultKind.DISCONNECT, FaultKind.HALF_OPEN, FaultKind.TICKET_EXPIRED}

LIVE_WITHIN_S = 30.0
"""Venue time within which books that nothing disturbs must be LIVE."""

PATIENCE_S = 900.0
"""Venue time within which any fault must be over: bans of minutes, refused subscriptions that are asked for again."""


class Said(NamedTuple):
    """What a client said on a socket, and when; None = a ping of the protocol. Connections count from 1."""

    at_ns: int
    connection: int
    frame: str | bytes | None


class Seen:
    """What went over the wire, both ways."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, RestRequest]] = []
        self.answers: list[tuple[RestRequest, RestAnswer]] = []
        self.urls: list[str] = []
        self.sent: list[str | bytes] = []
        self.said: list[Said] = []
        self.frames: list[bytes] = []


class _TappedConnection:
    """A connection that tells what is sent."""

    def __init__(self, inner: Connection, seen: Seen, clock: LoopClock) -> None:
        self._inner = inner
        self._seen = seen
        self._clock = clock
        self._number = len(seen.urls)
        self.close = inner.close
        self.abort = inner.abort

    def send(self, frame: str | bytes) -> None:
        self._seen.sent.append(frame)
        self._seen.said.append(Said(self._clock.monotonic_ns(), self._number, frame))
        self._inner.send(frame)

    def ping(self) -> None:
        self._seen.said.append(Said(self._clock.monotonic_ns(), self._number, None))
        self._inner.ping()


class _TappedListener:
    """A listener that tells what arrives."""

    def __init__(self, inner: Listener, seen: Seen) -> None:
        self._inner = inner
        self._seen = seen
        self.on_alive = inner.on_alive
        self.on_closed = inner.on_closed

    def on_frame(self, frame: memoryview) -> None:
        self._seen.frames.append(bytes(frame))
        self._inner.on_frame(frame)


class TappedTransport:
    """Another transport, and a record of all that passes."""

    def __init__(self, inner: MemoryTransport, clock: LoopClock) -> None:
        self.seen = Seen()
        self.unheard: frozenset[str] = frozenset()
        """Headers of answers that do not reach the plugin; what is seen keeps them."""
        self._inner = inner
        self._clock = clock

    @property
    def stats(self) -> TransportStats:
        """As the transport behind it."""
        return self._inner.stats

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        """Hand on, and remember."""
        self.seen.requests.append((base_url, request))
        answer = await self._inner.request(base_url, request, timeout_ns)
        self.seen.answers.append((request, answer))
        if self.unheard:
            heard = {name: value for name, value in answer.headers.items() if name not in self.unheard}
            return msgspec.structs.replace(answer, headers=heard)
        return answer

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        """Hand on, and remember."""
        self.seen.urls.append(url)
        connection = await self._inner.connect(url, headers, _TappedListener(listener, self.seen), timeout_ns)
        return _TappedConnection(connection, self.seen, self._clock)

    def wake(self) -> None:
        """Look again at when the venue has something to do, after a case changed it with its own hands."""
        self._inner.wake()

    async def close(self) -> None:
        """Hand on."""
        await self._inner.close()


class _World(World):
    """A world whose books have as many levels a side as a case wants."""

    def __init__(self, levels: int | None, **more: Any) -> None:
        self._levels = levels
        super().__init__(**more)

    def join(self, habits: Habits) -> dict[str, Market]:
        if self._levels is not None:
            habits = msgspec.structs.replace(habits, levels=self._levels)
        return super().join(habits)


class Stage:
    """Within `async with`: `venue` is the plugin at work, `kernel` the venue it talks to.

    Every book that is LIVE is compared with the venue's at each of its updates; one that differs fails the case.

    Args:
        subject: the plugin.
        seed: makes everything.
        symbols: what the venue lists.
        faults: what goes wrong, from the start.
        steps_per_s: how often each price moves; 0 = only when a case moves it.
        latency_ms: one way.
        account: open it with the keys of the simulated account.
        credentials: open it with these instead.
        settings: the plugin's own; default: their defaults.
        limits: in place of what the card says of sockets.
        volatility: of the prices, over a second; 1e-4 is a lively market.
        epoch_s: when it begins, by every clock.
        levels: about how many a side the venue's books have; default: as many as its habits are.
        quirks: listings that are not what they seem.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        seed: int = 0,
        symbols: Sequence[str] = ("BTC/USDT",),
        faults: Iterable[Fault] = (),
        steps_per_s: float = 10.0,
        latency_ms: int = 20,
        account: bool = False,
        credentials: Credentials | None = None,
        settings: ExchangeSettings | None = None,
        limits: StreamLimits | None = None,
        volatility: float = 1e-4,
        epoch_s: int = 1_700_000_000,
        levels: int | None = None,
        quirks: Sequence[Quirk] = (),
    ) -> None:
        subject.need_venue()
        self.subject = subject
        self.rng = Random(seed)  # noqa: S311 (repeatable, not secret)
        self.clock = LoopClock(epoch_s * SECOND)
        self.symbols = [Symbol.parse(text) for text in symbols]
        pace = Pace(steps_per_s=steps_per_s, volatility=volatility)
        start_ns = epoch_s * SECOND
        self.world = _World(levels, seed=seed, symbols=symbols, start_ns=start_ns, pace=pace, quirks=quirks)
        script = FaultScript(seed=seed, faults=tuple(faults))
        settings = settings or subject.card.settings()
        made = simulate(
            [subject.exchange],
            self.world,
            scripts={subject.exchange: script},
            registry=subject.registry,
            settings={subject.exchange: settings},
        )
        venue = made[subject.exchange]
        if not isinstance(venue, VenueKernel):
            raise fail(
                "the simulated venue is none that faults can strike",
                expected="a subclass of arb_sim.kernel.venue.VenueKernel",
                found=type(venue).__mro__,
            )
        self.kernel: VenueKernel = venue
        self.transport = TappedTransport(
            MemoryTransport(dict.fromkeys(urls_of(subject.card.hosts), venue), self.clock, latency_ns=latency_ms * MS),
            self.clock,
        )
        self.credentials = credentials
        if account and credentials is None:
            own = keys(subject.exchange, seed, passphrase=venue.passphrase)
            self.credentials = Credentials(
                api_key=own.api_key, api_secret=own.api_secret, api_passphrase=own.passphrase
            )
        self.card = subject.card if limits is None else msgspec.structs.replace(subject.card, stream=limits)
        self.venue = Venue(
            name=VenueName(subject.exchange),
            card=self.card,
            settings=settings,
            registry=subject.registry,
            clock=self.clock,
            transport=self.transport,
            rest_url=None,
            ws_url=None,
            random=Random(seed + 1),  # noqa: S311 (as above)
            allowances=Allowances(self.clock),
            credentials=self.credentials,
        )
        self.oracles = {symbol: Oracle(self.market(symbol)) for symbol in self.symbols}
        self.kernel.faults.on_fired = self._on_fired
        self.events: list[VenueEvent] = []
        self.updates = 0
        self.lost: list[tuple[Symbol, BookFault]] = []
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.venue.__aenter__()
        self.venue.on_book(self._on_book)
        self.venue.on_lost(self._on_lost)
        self.venue.on_event(self._on_event)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.venue.__aexit__(kind, error, trace)
        await self.transport.close()

    @property
    def seen(self) -> Seen:
        """What went over the wire."""
        return self.transport.seen

    def market(self, symbol: Symbol | None = None) -> Market:
        """The venue's side of a symbol; the first one by default."""
        return self.kernel.by_symbol[str(symbol or self.symbols[0])]

    def book(self, symbol: Symbol | None = None) -> BookSync:
        """Our side of it."""
        return self.venue.books[symbol or self.symbols[0]]

    async def pass_(self, seconds: float) -> None:
        """Let venue time pass."""
        await self.clock.sleep(round(seconds * SECOND))

    async def until(self, true: Callable[[], bool], what: str, *, at_most_s: float = PATIENCE_S) -> None:
        """Let venue time pass until something is true; fail the case when it never becomes so."""
        limit_ns = self.clock.monotonic_ns() + round(at_most_s * SECOND)
        timer = self.clock.call_at(limit_ns, self._changed.set)
        try:
            while not true():
                if self.clock.monotonic_ns() >= limit_ns:
                    raise fail(f"{what}: not within {at_most_s:g} s of venue time", found=self.how_it_stands())
                self._changed.clear()
                await self._changed.wait()
        finally:
            timer.cancel()

    async def live(self) -> None:
        """Follow every book and wait until all are LIVE."""
        await self.venue.connect()
        for symbol in self.symbols:
            self.venue.follow(symbol)
        await self.until(self.all_live, "every book LIVE", at_most_s=LIVE_WITHIN_S)

    def arm(self, kind: FaultKind, **more: Any) -> None:
        """Let a fault lie in wait, or happen now; `more` are the fields of `Fault`. The first symbol by default."""
        if "pair" not in more and kind not in _OF_NO_PAIR:
            more["pair"] = str(self.symbols[0])
        self._now()
        self.kernel.faults.arm(Fault(kind=kind, **more))
        self.transport.wake()

    async def strike(self, kind: FaultKind, *, at_most_s: float = 60, **more: Any) -> None:
        """Arm a fault and wait until it has happened `count` times."""
        before = self.kernel.faults.counts[kind]
        self.arm(kind, **more)
        times = more.get("count", 1)
        await self.until(
            lambda: self.kernel.faults.counts[kind] >= before + times, f"{kind} happens", at_most_s=at_most_s
        )

    def move(self, symbol: Symbol | None = None) -> None:
        """Change the venue's best bid, so that there is something to tell."""
        ladder = self.market(symbol).book.bids
        if (best := ladder.best) is not None:
            self.change([(best, ladder.sizes[best] + 1)], [], symbol)

    def change(self, bids: Sequence[Units], asks: Sequence[Units], symbol: Symbol | None = None) -> None:
        """Give levels of the venue's book their sizes, as one event; the first symbol's by default."""
        self._now()
        self.market(symbol).change(bids, asks, self.kernel.timeline.now_ns)
        self.transport.wake()

    async def recover(self, *, at_most_s: float = PATIENCE_S) -> None:
        """Wait until every book is LIVE and as new as the venue's is now, and hears what changes from then on.

        A book may be LIVE, and right, on a connection that will never say anything again.
        """
        await self._catch_up(at_most_s)
        for symbol in self.venue.books:
            self.move(symbol)
        await self._catch_up(at_most_s)

    async def _catch_up(self, at_most_s: float) -> None:
        versions = {symbol: self.oracles[symbol].version for symbol in self.venue.books}

        def in_step() -> bool:
            return self.all_live() and all(
                self.oracles[symbol].seen >= wanted or self.oracles[symbol].is_current(self.venue.books[symbol])
                for symbol, wanted in versions.items()
            )

        await self.until(in_step, "every book LIVE and as new as the venue's", at_most_s=at_most_s)

    def told(self, kind: type[E], *, since: int = 0) -> list[E]:
        """Return the events of one kind, from a number of events on."""
        return [event for event in self.events[since:] if isinstance(event, kind)]

    def _now(self) -> None:
        """Bring the venue to this moment."""
        self.kernel.timeline.run(self.clock.now_ns())

    def all_live(self) -> bool:
        """Whether every book that is followed can be read."""
        books = self.venue.books
        return bool(books) and all(book.state is BookState.LIVE for book in books.values())

    def how_it_stands(self) -> str:
        """Tell the states of books and the latest events, for a failure."""
        books = {str(symbol): (book.state.name, book.fault) for symbol, book in self.venue.books.items()}
        return f"books {books}; last events {[type(event).__name__ for event in self.events[-6:]]}"

    def _on_book(self, book: BookSync) -> None:
        self.updates += 1
        self._changed.set()
        self.oracles[book.symbol].look(book)

    def _on_lost(self, book: BookSync, fault: BookFault) -> None:
        self.lost.append((book.symbol, fault))
        self._changed.set()

    def _on_fired(self, _fired: Fired) -> None:
        self._changed.set()

    def _on_event(self, event: VenueEvent) -> None:
        self.events.append(event)
        self._changed.set()


def around_ten(exchange: str) -> Quirk:
    """Let UNI/USDT cost about ten: one side of its book holds prices of one digit and of two."""
    return Quirk(exchange=exchange, symbol=Symbol("UNI", "USDT"), price_factor=9.99 / asset("UNI").usd)


def urls_of(hosts: Hosts) -> list[str]:
    """Every host that the card names: one that it does not name cannot be reached."""
    named = (hosts.rest, hosts.ws_public, hosts.ws_private, hosts.ws_api, *hosts.ws_feeds.values())
    return [url for url in named if url is not None]
