"""Observers: told what was decided and what became of it, after the fact and beside the way of the data."""

import logging
from typing import Protocol

import msgspec

from arb_core.interfaces.context import Clock
from arb_core.structs.figures import Figures
from arb_core.structs.notice import (
    AdmissionNotice,
    BookNotice,
    FaultNotice,
    FillNotice,
    OpportunityNotice,
    OrderNotice,
    ResultNotice,
)

__all__ = ["Observer", "ObserverContext"]


class ObserverContext(Protocol):
    """What an observer is made from."""

    @property
    def name(self) -> str:
        """Its id, as in `[observers.NAME]`."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def settings(self) -> msgspec.Struct | None:
        """An instance of the card's settings struct; None where the card names none."""
        ...

    @property
    def logger(self) -> logging.Logger:
        """Named after the observer. Nothing per notice at INFO."""
        ...

    def figures(self) -> Figures:
        """Return how the whole process is, now. May be called from any thread, at any time between start and stop.

        Costs the event loop part of a millisecond: ask every few seconds, not at each notice.

        Raises:
            FiguresUnavailable: nothing runs yet or any more, or the event loop stands still.
        """
        ...


class Observer:
    """Told by plain calls, one at a time and in order, on a thread of its own: it may block, write files, send.

    Every method is optional and does nothing here; what an observer does not implement is not even queued for it.
    One that is too slow loses notices, which are counted; one that raises is unplugged and reported. Neither delays a
    trade.
    """

    def start(self) -> None:
        """Open what is needed. Called once, on the caller's thread, before anything runs.

        Raises:
            SettingsError: it cannot work with these settings: nothing starts.
        """

    def opportunity(self, notice: OpportunityNotice) -> None:
        """An edge opened, or what refuses it changed."""

    def admission(self, notice: AdmissionNotice) -> None:
        """An executable opportunity was let through or refused by the limits of the account."""

    def order(self, notice: OrderNotice) -> None:
        """One of our orders changed."""

    def fill(self, notice: FillNotice) -> None:
        """One of our orders was filled, at least in part."""

    def result(self, notice: ResultNotice) -> None:
        """A trade ended."""

    def fault(self, notice: FaultNotice) -> None:
        """Something happened that a person may have to know."""

    def book_state(self, notice: BookNotice) -> None:
        """A book became LIVE, or stopped being so."""

    def stop(self) -> None:
        """Close what was opened. Called once, on the observer's thread, after the last notice."""
