"""One venue and one client on virtual time: the real plugin and core above, its simulated venue below, in memory.

The stage knows in which state a book is, brings it into any other, lets a fault strike there, and waits until the book
is right again. Entered by the play, which says what is to happen, and by the soak.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from random import Random
from types import TracebackType
from typing import Any, Self

import msgspec
from arb_core.errors import ArbError
from arb_core.registry import Registry
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.stream.events import Closed, VenueEvent
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Symbol
from arb_core.structs.stream import Feed, Topic
from arb_core.venue import open_exchange
from arb_sim.faults import CONNECTIONS, REQUESTS, SUBSCRIPTIONS, Fault, FaultKind, Fired
from arb_sim.kernel.market import Market
from arb_sim.kernel.streams import Channel
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.venue import Close
from arb_sim.world import Habits, Pace, World

from .mishaps import Case, Mishap, Moment
from .oracle import Oracle, Wrong

__all__ = ["NotRecovered", "Stage", "Unstageable"]

SECOND = 1_000_000_000
MS = 1_000_000

BROKEN = frozenset(
    {
        BookFault.GAP,
        BookFault.CHECKSUM,
        BookFault.MALFORMED,
        BookFault.CROSSED,
        BookFault.EXHAUSTED,
        BookFault.STALE,
    }
)

PATIENCE_S = 900
"""Venue time within which any fault must be over: a ban of two minutes, and several subscriptions that are ignored and
asked for again a minute later."""


class NotRecovered(AssertionError):
    """A book was not LIVE and in step in time."""


class Unstageable(Exception):
    """The state passed by before the fault could strike: to be tried again."""


class _WorldOfDepth(World):
    """A world in which every venue's books have the depth that a run wants."""

    def __init__(self, levels: int, **more: Any) -> None:
        self._levels = levels
        super().__init__(**more)

    def join(self, habits: Habits) -> dict[str, Market]:
        return super().join(msgspec.structs.replace(habits, levels=self._levels))


class Stage:
    """Within `async with`, on a loop of virtual time. The books are those of `symbols`; faults strike the first."""

    def __init__(
        self,
        case: Case,
        registry: Registry,
        *,
        seed: int,
        levels: int,
        steps_per_s: float,
        latency_ms: int,
        symbols: Sequence[str] = ("BTC/USDT",),
        remember: int | None = None,
    ) -> None:
        self.case = case
        self.rng = Random(seed)
        self.clock = LoopClock()
        world = _WorldOfDepth(levels, seed=seed, symbols=symbols, pace=Pace(steps_per_s=steps_per_s))
        card = registry.card(case.exchange)
        settings = msgspec.convert(case.settings, card.settings)
        made = simulate([case.exchange], world, registry=registry, settings={case.exchange: settings})
        venue = made[case.exchange]
        assert isinstance(venue, VenueKernel)
        self.kernel = venue
        roles = dict.fromkeys((card.hosts.rest, card.hosts.ws_public), venue)
        self.transport = MemoryTransport(roles, self.clock, latency_ns=latency_ms * MS)
        self.client = open_exchange(
            case.exchange,
            registry=registry,
            clock=self.clock,
            transport=self.transport,
            settings=settings,
            random=Random(seed + 1),
        )
        self.symbols = [Symbol.parse(text) for text in symbols]
        self.market = venue.by_symbol[symbols[0]]
        self._topic = Topic(Feed.BOOK, self.client.public.symbol_to_pair(self.symbols[0]))
        self.oracles = {
            symbol: Oracle(
                venue.by_symbol[str(symbol)],
                kept=case.kept,
                snapshot=case.snapshot,
                counted=case.counted is not None,
                nameless=case.nameless,
                remember=remember,
            )
            for symbol in self.symbols
        }
        self.updates = 0
        self.on_fired: Callable[[FaultKind, Moment | None], None] = lambda _kind, _moment: None
        self._applied: dict[Symbol, int] = {}
        self._resyncing = False
        self._without_whole = False
        self._losing = False
        self._told = asyncio.Event()
        venue.faults.on_fired = self._fired
        self._overhear()

    def _overhear(self) -> None:
        """Learn when something reached the venue and what it says; let whole books, or pushes, be lost on demand."""
        case, kernel = self.case, self.kernel
        opened, socket, send = self.kernel.opened, self.kernel.socket, self.kernel.send

        def heard_of(*args: Any, **more: Any) -> Any:
            self._told.set()
            return opened(*args, **more)

        def heard(*args: Any, **more: Any) -> Any:
            self._told.set()
            return socket(*args, **more)

        def sent(conn: int, frame: str | bytes) -> None:
            if self._without_whole and isinstance(frame, str) and case.whole in frame:
                self._without_whole = False
                return
            if case.counted is not None and isinstance(frame, str) and (told := case.counted.search(frame)):
                self._learn(told)
            if not self._losing:
                send(conn, frame)

        kernel.opened, kernel.socket, kernel.send = heard_of, heard, sent  # type: ignore[method-assign]

    def _learn(self, told: re.Match[str]) -> None:
        """Note with which id a version was told."""
        oracle = self.oracles[Symbol.parse(str(self.kernel.by_pair[told["pair"]].listing.symbol))]
        if oracle.told is not None:
            oracle.told[int(told["id"])] = int(told["version"])

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        self.client.on_book(self._on_book)
        self.client.on_lost(self._on_lost)
        self.client.on_event(self._on_event)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.__aexit__(kind, error, trace)
        await self.transport.close()

    # What is heard

    def _on_book(self, book: BookSync) -> None:
        self.updates += book.applied - self._applied.get(book.symbol, 0)
        self._applied[book.symbol] = book.applied
        if book.symbol == self.symbols[0]:
            self._resyncing = False
        self.oracles[book.symbol].look(book)
        self._told.set()

    def _on_lost(self, book: BookSync, fault: BookFault) -> None:
        if book.symbol == self.symbols[0]:
            self._resyncing = fault in BROKEN
        self.oracles[book.symbol].look(book)
        self._told.set()

    def _on_event(self, event: VenueEvent) -> None:
        if isinstance(event, Closed) and not self._links():
            self._resyncing = False
        self._told.set()

    def _fired(self, fired: Fired) -> None:
        self.on_fired(fired.kind, self.moment())
        self._told.set()

    # How things stand

    def _links(self) -> list[Any]:
        shards = self.client._session._shards
        return shards[0].links if shards else []

    def _book(self) -> BookSync | None:
        return self.client.books.get(self.symbols[0])

    def moment(self) -> Moment | None:
        """The state of the first book; None = it is halted, and no fault can make it more unreadable.

        Raises:
            Wrong: it is LIVE, and nothing could tell it that it is old.
        """
        book, links = self._book(), self._links()
        if book is None or not links:
            if book is not None and book.state is BookState.LIVE:
                raise Wrong(f"{book.symbol} is LIVE without a connection")
            return Moment.CONNECTING
        if len(links) > 1:
            return Moment.ROTATING
        if book.state is BookState.LIVE:
            return Moment.LIVE
        if book.fault is BookFault.HALTED:
            return None
        if self._resyncing:
            return Moment.RESYNCING
        return Moment.LOADING if self._topic in links[0].subscriptions.acknowledged else Moment.SUBSCRIBING

    def _listened(self) -> Channel | None:
        """The channel of the first book, where the venue pushes it to anybody."""
        streams = self.kernel._streams.values()
        return next((s for s in streams if s.feed == "book" and s.about is self.market and s.listeners), None)

    async def until(self, true: Callable[[], bool], at_most_s: float) -> bool:
        """Let venue time pass until something is true; return whether it became so."""
        limit_ns = self.clock.monotonic_ns() + round(at_most_s * SECOND)
        timer = self.clock.call_at(limit_ns, self._told.set)
        try:
            while not true():
                if self.clock.monotonic_ns() >= limit_ns:
                    return False
                self._told.clear()
                await self._told.wait()
        finally:
            timer.cancel()
        return True

    async def pass_(self, seconds: float) -> None:
        """Let venue time pass."""
        await self.clock.sleep(round(seconds * SECOND))

    # Before the fault

    async def begin(self) -> None:
        """Ask for the books, however long the venue is down."""
        await self.client.connect()
        for symbol in self.symbols:
            self.client.follow(symbol)

    def now(self) -> None:
        """Bring the venue to this very moment, and deliver what was due."""
        self.transport._deliver(self.kernel.due(self.transport.now_ns))

    def done(self) -> None:
        """Let the transport notice that the venue was changed from outside."""
        self.transport._rearm()

    def cut(self) -> None:
        """End every connection, without counting it as a fault."""
        self.now()
        for conn in list(self.kernel.followers(None)):
            self.kernel.cut(conn, Close(1006))
        self.done()

    def move(self, *, ask: bool = False) -> None:
        """Change the best level of a side, so that there is something to push."""
        ladder = self.market.book.asks if ask else self.market.book.bids
        if (best := ladder.best) is not None:
            level = [(best, ladder.sizes[best] + 1)]
            self.market.change([] if ask else level, level if ask else [], self.kernel.timeline.now_ns)

    def push(self) -> None:
        """Push a change of the first book now, before its turn."""
        stream = self._listened()
        if stream is not None:
            self.move()
            self.kernel.flush(stream)

    def break_(self) -> None:
        """Let the first book lose a message, or find one that cannot be read."""
        self.now()
        stream = self._listened()
        if stream is None:
            raise Unstageable
        # Of the other side than what comes next: that would tell it again.
        self.move(ask=True)
        if self.rng.random() < 0.5:
            self._losing = True
            self.kernel.flush(stream)
            self._losing = False
            self.push()
        else:
            for conn in stream.listeners:
                self.kernel.send(conn, "}{" if self.rng.random() < 0.5 else b"\xff" * 11)
        self.done()

    async def reach(self, moment: Moment, kind: FaultKind) -> None:
        """Bring the first book from LIVE into a state in which this kind of fault can strike.

        Raises:
            Unstageable: it passed by, as the delays were.
        """
        if moment is Moment.LIVE:
            return
        if moment is Moment.ROTATING:
            links = self._links()
            if len(links) == 1:
                links[0].retire("for the test")
        elif moment is Moment.RESYNCING:
            self.break_()
        else:
            self._without_whole = moment is Moment.LOADING and not self.case.by_rest
            self.cut()
        if kind in SUBSCRIPTIONS:
            return  # armed already; it strikes when the request comes

        if not await self.until(lambda: self._can_strike(moment, kind), PATIENCE_S):
            raise Unstageable
        if kind is FaultKind.STALE_SNAPSHOT and moment is Moment.ROTATING:
            self.break_()

    def _can_strike(self, moment: Moment, kind: FaultKind) -> bool:
        """Whether the book is in this state, and the venue where this kind of fault finds something to hit."""
        if self.moment() is not moment:
            return False
        if moment is Moment.SUBSCRIBING and kind not in REQUESTS:
            # The venue has taken the subscription, and its answer is on the way.
            return self._listened() is not None
        if moment is Moment.CONNECTING and kind in CONNECTIONS:
            # The venue has taken the connection, and its answer is on the way.
            return bool(list(self.kernel.followers(None)))
        return True

    # The fault

    def arm(self, mishap: Mishap, moment: Moment, options: dict[str, Any]) -> None:
        """Let a fault lie in wait, or happen."""
        kind = mishap.kind
        if kind in REQUESTS:
            loads = self.case.by_rest and moment in {Moment.LOADING, Moment.RESYNCING}
            options = options | {"path": self.case.books_path if loads else self.case.instruments_path}
        elif kind is not FaultKind.CLOCK_SKEW and kind not in CONNECTIONS:
            options = options | {"pair": self.market.pair}
        self.now()
        if kind in CONNECTIONS and moment is Moment.ROTATING:
            self._hit_some(kind, options)
        else:
            self.kernel.faults.arm(Fault(kind=kind, **options))
        self.done()

    def _hit_some(self, kind: FaultKind, options: dict[str, Any]) -> None:
        """One of two connections, or both: a fault in the script strikes all that follow the pair."""
        conns = sorted(self.kernel.followers(None))
        for conn in self.rng.choice((conns[:1], conns[-1:], conns)):
            self._fired(Fired(kind=kind, at_ns=self.kernel.timeline.now_ns, conn=conn))
            if kind is FaultKind.DISCONNECT:
                self.kernel.cut(conn, Close(options["code"]))
            elif kind is FaultKind.HALF_OPEN:
                self.kernel.silence(conn)
            else:
                self.kernel.expire_ticket(conn)

    async def refresh(self) -> None:
        """Ask for the instruments, as the client does from time to time. The venue may say no."""
        try:
            await self.client.load_markets()
        except ArbError:
            self._told.set()

    async def answered(self) -> None:
        """Wait until the venue answers requests again, and the next may leave: one that does not cannot be refused."""
        while True:
            try:
                await self.client.load_markets()
            except ArbError:
                await self.pass_(5)
            else:
                await self.pass_(self.case.rest_every_s)
                return

    # After the fault

    def in_step(self, versions: dict[Symbol, int]) -> bool:
        """Whether every book is LIVE and has reached a version."""
        books = self.client.books
        return all(
            symbol in books and books[symbol].state is BookState.LIVE and self._reaches(symbol, version)
            for symbol, version in versions.items()
        )

    def _reaches(self, symbol: Symbol, version: int) -> bool:
        oracle = self.oracles[symbol]
        return oracle.seen >= version or (self.case.nameless and oracle.is_current(self.client.books[symbol]))

    async def recover(self) -> None:
        """Wait until every book is LIVE, one connection carries it, and what the venue changes from then on is seen.

        Raises:
            NotRecovered: that took too long.
        """
        await self._follow()
        # A book may be LIVE, and right, on a connection that will never say anything again.
        self.now()
        self.move()
        self.done()
        await self._follow()

    async def _follow(self) -> None:
        """Wait until every book is LIVE and as new as the venue's is now."""
        versions = {symbol: oracle.version for symbol, oracle in self.oracles.items()}
        if not await self.until(lambda: self.in_step(versions) and self.moment() is Moment.LIVE, PATIENCE_S):
            states = {str(symbol): (book.state, book.fault) for symbol, book in self.client.books.items()}
            raise NotRecovered(f"after {PATIENCE_S} s of venue time: {states}; {self.client.health().stream}")
        for symbol, book in self.client.books.items():
            self.oracles[symbol].look(book)
