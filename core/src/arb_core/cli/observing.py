"""Observers at work: made from the settings, told what happens, shown how everything is whenever one of them asks."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from arb_core.cli.happenings import describe
from arb_core.cli.watch import Watch
from arb_core.engine.figures import detection_figures, journal_figures, trading_figures
from arb_core.engine.observers import Observers
from arb_core.errors import FiguresUnavailable
from arb_core.interfaces.context import Clock
from arb_core.interfaces.observer import Observer, ObserverContext
from arb_core.registry import Registry
from arb_core.runtime.asking import Asking
from arb_core.runtime.stream.events import (
    Closed,
    LoginRefused,
    Malformed,
    OpenFailed,
    TicketEnded,
    TopicRefused,
    Unanswered,
    VenueEvent,
)
from arb_core.structs.figures import Figures
from arb_core.venue import Venue
from arb_core.venue.events import (
    ClockJumped,
    Halted,
    Lagging,
    Late,
    ListenerBroken,
    MarketsFailed,
    SnapshotFailed,
)

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal
    from arb_core.engine.trading.session import Trading

__all__ = ["FAULTS", "Observation", "observing"]

FAULTS: dict[type[VenueEvent], str] = {
    ClockJumped: "clock_jumped",
    Closed: "disconnected",
    Halted: "halted",
    Lagging: "lagging",
    Late: "late",
    ListenerBroken: "listener_failed",
    LoginRefused: "login_refused",
    Malformed: "malformed",
    MarketsFailed: "markets_failed",
    OpenFailed: "connect_failed",
    SnapshotFailed: "snapshot_failed",
    TicketEnded: "ticket_ended",
    TopicRefused: "topic_refused",
    Unanswered: "unanswered",
}
"""The events of a venue that are faults, and what observers know them by."""


class _Context(ObserverContext):
    """What one observer is made from."""

    def __init__(self, name: str, clock: Clock, settings: msgspec.Struct | None, asking: "Asking[Figures]") -> None:
        self._name = name
        self._clock = clock
        self._settings = settings
        self._logger = logging.getLogger(f"arb_core.observers.{name}")
        self._asking = asking

    @property
    def name(self) -> str:
        return self._name

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def settings(self) -> msgspec.Struct | None:
        return self._settings

    @property
    def logger(self) -> logging.Logger:
        return self._logger

    def figures(self) -> Figures:
        return self._asking.ask()


class Observation:
    """What is observed; a command adds to it while it starts."""

    def __init__(self, observers: Observers, clock: Clock) -> None:
        """Begin with nothing to observe."""
        self.observers = observers
        self._clock = clock
        self._watch: Watch | None = None
        self._trading: tuple[Trading, Journal, bool] | None = None

    def watch(self, watch: Watch) -> None:
        """Observe venues and detection, from before the first of them is opened."""
        self._watch = watch
        self.observers.follow(watch.session)
        watch.on_venue(self._join)

    def trade(self, trading: "Trading", journal: "Journal", *, paper: bool) -> None:
        """Observe trading, from before it starts."""
        self._trading = trading, journal, paper
        self.observers.follow_trading(trading)

    def figures(self) -> Figures:
        """Say how everything is.

        Raises:
            FiguresUnavailable: nothing has begun.
        """
        watch = self._watch
        if watch is None:
            raise FiguresUnavailable("nothing runs yet")
        now_ns = self._clock.now_ns()
        figures = Figures(
            at_ns=now_ns,
            venues=tuple(venue.health() for venue in watch.venues.values()),
            hops=watch.session.hops.durations(),
            detection=detection_figures(watch.session.episodes),
            observers=self.observers.figures(),
        )
        if self._trading is None:
            return figures
        trading, journal, paper = self._trading
        return msgspec.structs.replace(
            figures,
            trading=trading_figures(
                trading.status(), paper=paper, limits=trading.limits, funds=trading.ledger, now_ns=now_ns
            ),
            journal=journal_figures(journal),
        )

    def _join(self, venue: Venue) -> None:
        venue.on_live(self.observers.on_live)
        venue.on_lost(self.observers.on_lost)
        venue.on_event(self._hear)

    def _hear(self, event: VenueEvent) -> None:
        name = FAULTS.get(type(event))
        detail = None if name is None else describe(event)
        if name is not None and detail is not None:
            self.observers.fault(name, detail, venue=event.venue, symbol=getattr(event, "symbol", None))


@asynccontextmanager
async def observing(
    settings: Mapping[str, msgspec.Struct | None], registry: Registry, clock: Clock
) -> AsyncGenerator[Observation]:
    """Make the observers of the settings, and end them with this block.

    Args:
        settings: `[observers.NAME]` by name; without any, nothing is observed and nothing costs anything.
        registry: where they are found.
        clock: time.

    Raises:
        SettingsError: one of them cannot work with its settings.
        PluginMissing: one of them is not installed.
        PluginBroken: one of them is installed and cannot be used.
    """
    asking: Asking[Figures] = Asking()
    made: dict[str, Observer] = {}
    for name, own in settings.items():
        observer = registry.observer(name, _Context(name, clock, own, asking))
        if observer is not None:
            made[name] = observer
    async with Observers(made, clock) as observers:
        observation = Observation(observers, clock)
        asking.open(observation.figures)
        try:
            yield observation
        finally:
            asking.close()
