"""Faults on purpose, of market data and of trading: seeded and counted. One script, seed and traffic give the same.

What can go wrong and how a script says it is in `script`, whose names may be imported from here. The venue's kernel
asks at the few places where something can go wrong; while nothing is armed that costs one comparison.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from random import Random
from typing import ClassVar, Protocol

from arb_sim.kernel.book import Snapshot
from arb_sim.kernel.happenings import PRIVATE_FEEDS
from arb_sim.kernel.market import Market, Status
from arb_sim.kernel.streams import Channel
from arb_sim.script import (
    ANSWERS,
    CONNECTIONS,
    MESSAGES,
    ORDERS,
    REQUESTS,
    STATES,
    SUBSCRIPTIONS,
    Fault,
    FaultKind,
    FaultScript,
    Fired,
    Impossible,
    load_script,
)
from arb_sim.timeline import Timeline
from arb_sim.venue import Close

__all__ = [
    "ANSWERS",
    "CONNECTIONS",
    "MESSAGES",
    "ORDERS",
    "REQUESTS",
    "STATES",
    "SUBSCRIPTIONS",
    "Fault",
    "FaultKind",
    "FaultScript",
    "FaultTarget",
    "Faults",
    "Fired",
    "Impossible",
    "load_script",
]

SECOND = 1_000_000_000


class FaultTarget(Protocol):
    """What faults do to a venue."""

    @property
    def timeline(self) -> Timeline:
        """Venue time."""
        ...

    impossible: ClassVar[Mapping[FaultKind, str]]
    """The kinds this venue cannot have, each with the reason."""

    def send(self, conn: int, frame: str | bytes) -> None:
        """Let a frame go."""
        ...

    def markets(self, pair: str | None) -> Iterable[Market]:
        """The markets of that name in either spelling, None = all."""
        ...

    def followers(self, pair: str | None, *, private: bool = False) -> Iterable[int]:
        """Connections that follow a pair, None = all; or those that follow an account."""
        ...

    def ticketed(self, conn: int) -> bool:
        """Whether a connection stands on a token."""
        ...

    def cut(self, conn: int, close: Close) -> None:
        """End a connection."""
        ...

    def silence(self, conn: int) -> None:
        """Neither hear nor answer a connection any more."""
        ...

    def expire_ticket(self, conn: int) -> None:
        """End the token of a connection, the venue's way."""
        ...

    def spoil_checksum(self, frame: str | bytes) -> str | bytes:
        """Return a push with a wrong checksum."""
        ...


class _Armed:
    """A fault that lies in wait for messages, requests or subscriptions."""

    __slots__ = ("fault", "left", "until_ns")

    def __init__(self, fault: Fault, until_ns: int | None) -> None:
        self.fault = fault
        self.left = fault.count
        self.until_ns = until_ns


class Faults:
    """The faults of one venue. `counts` says how often each kind truly happened."""

    def __init__(self, script: FaultScript | None = None) -> None:
        self.script = script or FaultScript()
        self.counts: Counter[FaultKind] = Counter()
        self.on_fired: Callable[[Fired], None] | None = None
        self.skew_ns = 0
        """How far the venue's clock is ahead."""
        self.lags: dict[FaultKind, int] = {}
        """How far the venue's reading side is behind."""
        self.forgetful = False
        """Whether client ids of ended orders are forgotten."""
        self.stale: dict[str, Snapshot] = {}
        """Pair -> what REST shows of its book instead of the truth; the kernel's to read."""
        self.restless = False
        """Whether any message could be hit: the only thing asked on the way of every push."""
        self._rng = Random(f"faults:{self.script.seed}")
        self._waiting: list[_Armed] = []
        self._lags_end_ns: dict[FaultKind, int] = {}
        self._forgetful_until_ns = 0
        self._frozen: dict[str, int] = {}
        self._held: dict[tuple[int, str], str | bytes] = {}
        self._delayed: dict[tuple[int, str], deque[str | bytes]] = {}
        self._target: FaultTarget | None = None

    def bind(self, target: FaultTarget) -> None:
        """Begin with the script. Called once, by the venue."""
        self._target = target
        for fault in self.script.faults:
            self.arm(fault)

    @property
    def target(self) -> FaultTarget:
        """The venue these faults happen to."""
        if self._target is None:
            raise RuntimeError("faults are armed through a venue, and these were given to none yet")
        return self._target

    def arm(self, fault: Fault) -> None:
        """Let a fault happen, `at_s` from now on.

        Raises:
            Impossible: the venue cannot have it.
            LookupError: the venue does not list the pair.
        """
        target = self.target
        if (reason := target.impossible.get(fault.kind)) is not None:
            raise Impossible(f"{fault.kind}: {reason}")
        if fault.pair is not None and not list(target.markets(fault.pair)):
            raise LookupError(f"{fault.kind}: the venue does not list {fault.pair}")
        at_ns = target.timeline.now_ns + round(fault.at_s * SECOND)
        begin = self._happen if fault.kind in STATES | CONNECTIONS else self._wait
        if fault.at_s:
            target.timeline.call_at(at_ns, lambda: begin(fault, fault.count))
        else:
            begin(fault, fault.count)

    def disarm(self) -> None:
        """Forget what still lies in wait; what has begun ends by itself."""
        self._waiting.clear()
        self._settle()

    # What happens at a moment

    def _happen(self, fault: Fault, left: int | None) -> None:
        if left == 0:
            return
        match fault.kind:
            case FaultKind.FREEZE:
                self._freeze(fault)
            case FaultKind.STALE_SNAPSHOT:
                self._freeze_snapshots(fault)
            case FaultKind.HALT:
                self._halt(fault)
            case FaultKind.CLOCK_SKEW:
                self._skew(fault)
            case FaultKind.HISTORY_LAG | FaultKind.LOOKUP_LAG:
                self._lag(fault)
            case FaultKind.CLIENT_IDS_FORGOTTEN:
                self._forget_client_ids(fault)
            case _:
                self._hit_connections(fault)
        if fault.every_s is not None:
            again = None if left is None else left - 1
            next_ns = self.target.timeline.now_ns + round(fault.every_s * SECOND)
            self.target.timeline.call_at(next_ns, lambda: self._happen(fault, again))

    def _end_of(self, fault: Fault) -> int:
        return self.target.timeline.now_ns + round(fault.hold_s * SECOND)

    def _freeze(self, fault: Fault) -> None:
        for market in self.target.markets(fault.pair):
            self._frozen[market.pair] = self._end_of(fault)
            self._fire(fault.kind, None, market.pair)

    def _freeze_snapshots(self, fault: Fault) -> None:
        for market in self.target.markets(fault.pair):
            shown = self.stale[market.pair] = market.look().book.snapshot(self.target.timeline.now_ns)
            self.target.timeline.call_at(self._end_of(fault), partial(self._thaw, market.pair, shown))

    def _thaw(self, pair: str, shown: Snapshot) -> None:
        if self.stale.get(pair) is shown:
            del self.stale[pair]

    def _halt(self, fault: Fault) -> None:
        for market in self.target.markets(fault.pair):
            market.set_status(Status.HALTED)
            self.target.timeline.call_at(self._end_of(fault), partial(market.set_status, Status.TRADING))
            self._fire(fault.kind, None, market.pair)

    def _skew(self, fault: Fault) -> None:
        skew_ns = round(fault.skew_s * SECOND)
        self.skew_ns += skew_ns
        self.target.timeline.call_at(self._end_of(fault), lambda: self._unskew(skew_ns))
        self._fire(fault.kind, None, None)

    def _unskew(self, skew_ns: int) -> None:
        self.skew_ns -= skew_ns

    def _lag(self, fault: Fault) -> None:
        self.lags[fault.kind] = round(fault.lag_s * SECOND)
        self._lags_end_ns[fault.kind] = self._end_of(fault)
        self.target.timeline.call_at(self._end_of(fault), lambda: self._catch_up(fault.kind))
        self._fire(fault.kind, None, None)

    def _catch_up(self, kind: FaultKind) -> None:
        if self.target.timeline.now_ns >= self._lags_end_ns[kind]:
            self.lags.pop(kind, None)

    def _forget_client_ids(self, fault: Fault) -> None:
        self._forgetful_until_ns = max(self._forgetful_until_ns, self._end_of(fault))
        self.forgetful = True
        self.target.timeline.call_at(self._forgetful_until_ns, self._remember_client_ids)
        self._fire(fault.kind, None, None)

    def _remember_client_ids(self) -> None:
        self.forgetful = self.target.timeline.now_ns < self._forgetful_until_ns

    def _hit_connections(self, fault: Fault) -> None:
        target = self.target
        for conn in list(target.followers(fault.pair, private=fault.feed == "private")):
            if fault.kind is FaultKind.TICKET_EXPIRED and not target.ticketed(conn):
                continue
            if fault.kind is FaultKind.DISCONNECT:
                target.cut(conn, Close(fault.code, ""))
            elif fault.kind is FaultKind.HALF_OPEN:
                target.silence(conn)
            else:
                target.expire_ticket(conn)
            self._fire(fault.kind, conn, fault.pair)

    # What lies in wait

    def _wait(self, fault: Fault, _left: int | None) -> None:
        until_ns = None if fault.for_s is None else self.target.timeline.now_ns + round(fault.for_s * SECOND)
        self._waiting.append(_Armed(fault, until_ns))
        self._settle()

    def _settle(self) -> None:
        self.restless = bool(self._held or self._delayed) or any(
            armed.fault.kind in MESSAGES for armed in self._waiting
        )

    def _next(self, kinds: frozenset[FaultKind], fits: Callable[[Fault], bool]) -> Fault | None:
        """Take the first waiting fault that fits and whose chance comes up."""
        now_ns = self.target.timeline.now_ns
        for armed in list(self._waiting):
            fault = armed.fault
            if armed.until_ns is not None and now_ns > armed.until_ns:
                self._waiting.remove(armed)
                self._settle()
                continue
            if fault.kind not in kinds or not fits(fault):
                continue
            if fault.probability < 1 and self._rng.random() >= fault.probability:
                continue
            if armed.left is not None:
                armed.left -= 1
                if armed.left <= 0:
                    self._waiting.remove(armed)
                    self._settle()
            return fault
        return None

    def _fire(self, kind: FaultKind, conn: int | None, pair: str | None) -> None:
        self.counts[kind] += 1
        if self.on_fired is not None:
            self.on_fired(Fired(kind=kind, at_ns=self.target.timeline.now_ns, conn=conn, pair=pair))

    # Where the kernel asks

    def silent_until(self, channel: Channel) -> int:
        """Until when a channel is frozen; 0 = it is not."""
        return self._frozen.get(channel.about.pair, 0) if self._frozen and channel.about is not None else 0

    def served_stale(self, pair: str) -> None:
        """An old snapshot was shown."""
        self._fire(FaultKind.STALE_SNAPSHOT, None, pair)

    def request(self, method: str, path: str, query: str) -> Fault | None:
        """Return what befalls a request instead of being carried out."""
        if not self._waiting:
            return None
        return self._fired(self._next(REQUESTS, lambda fault: self._asks(fault, method, path, query)))

    def answer(self, method: str, path: str, query: str) -> Fault | None:
        """Return what befalls the answer of a request that was carried out."""
        if not self._waiting:
            return None

        def fits(fault: Fault) -> bool:
            wanted = method != "GET" if fault.path is None and fault.method is None else True
            return wanted and self._asks(fault, method, path, query)

        return self._fired(self._next(ANSWERS, fits))

    def order(self, kind: FaultKind, market: Market) -> Fault | None:
        """Return what befalls an order on its way into the book."""
        if not self._waiting:
            return None
        wanted = frozenset({kind})
        return self._fired(self._next(wanted, lambda fault: fault.pair is None or _names(market, fault.pair)), market)

    def _asks(self, fault: Fault, method: str, path: str, query: str) -> bool:
        """Whether a request is what a fault waits for."""
        return (
            (fault.path is None or fault.path in path)
            and (fault.method is None or fault.method == method)
            and (fault.pair is None or any(market.pair in query for market in self.target.markets(fault.pair)))
        )

    def _fired(self, fault: Fault | None, market: Market | None = None) -> Fault | None:
        if fault is not None:
            self._fire(fault.kind, None, fault.pair if market is None else market.pair)
        return fault

    def subscription(self, conn: int, market: Market | None) -> FaultKind | None:
        """Return what befalls a subscription."""
        if not self._waiting:
            return None
        fault = self._next(SUBSCRIPTIONS, lambda fault: fault.pair is None or _names(market, fault.pair))
        if fault is None:
            return None
        self._fire(fault.kind, conn, None if market is None else market.pair)
        return fault.kind

    def push(self, conn: int, channel: Channel, frame: str | bytes) -> None:
        """Deliver a push, or what a fault makes of it."""
        key = (conn, channel.name)
        if (behind := self._delayed.get(key)) is not None:
            behind.append(frame)
            return
        held = self._held.pop(key, None)
        if held is not None:
            self.target.send(conn, frame)
            self.target.send(conn, held)
            self._settle()
            return
        market, feed = channel.about, channel.feed
        fault = self._next(
            MESSAGES,
            lambda fault: _carries(feed, fault) and (fault.pair is None or _names(market, fault.pair)),
        )
        if fault is None:
            self.target.send(conn, frame)
            return
        self._fire(fault.kind, conn, None if market is None else market.pair)
        self._apply(fault, conn, key, frame)

    def _apply(self, fault: Fault, conn: int, key: tuple[int, str], frame: str | bytes) -> None:
        target = self.target
        match fault.kind:
            case FaultKind.DROP:
                pass
            case FaultKind.DUPLICATE:
                target.send(conn, frame)
                target.send(conn, frame)
            case FaultKind.REORDER:
                self._held[key] = frame
            case FaultKind.DELAY:
                self._delayed[key] = deque([frame])
                target.timeline.call_at(self._end_of(fault), lambda: self._release(key))
            case FaultKind.MALFORMED:
                target.send(conn, _garble(frame))
            case FaultKind.TRUNCATED:
                target.send(conn, frame[: -self._rng.randint(1, 3)])
            case _:
                target.send(conn, target.spoil_checksum(frame))
        self._settle()

    def _release(self, key: tuple[int, str]) -> None:
        for frame in self._delayed.pop(key, ()):
            self.target.send(key[0], frame)
        self._settle()

    def forget(self, conn: int) -> None:
        """A connection is gone, and with it what was held back from it."""
        for waiting in (self._held, self._delayed):
            for key in [key for key in waiting if key[0] == conn]:
                del waiting[key]
        self._settle()


def _carries(feed: str, fault: Fault) -> bool:
    if fault.feed == "private":
        return feed in PRIVATE_FEEDS
    return feed == (fault.feed or "book")


def _names(market: Market | None, pair: str) -> bool:
    return market is not None and pair in {market.pair, str(market.listing.symbol)}


def _garble(frame: str | bytes) -> str | bytes:
    """Spoil the beginning, so that no reader of JSON or protobuf can take it for a message."""
    # A brace that closes nothing; a protobuf tag longer than any number may be.
    return "}{" + frame if isinstance(frame, str) else b"\xff" * 11 + frame
