"""Sees to it that a venue is compared with our books whenever that is due, and closed until it has been.

Entered by the trading session, one for each venue.
"""

import asyncio

from arb_core.engine.trading.alarms import Listeners, TradingAlarm
from arb_core.engine.trading.desk import Desk
from arb_core.engine.trading.reconcile import Reconciler, VenueReport
from arb_core.interfaces.context import Clock

__all__ = ["Keeper"]

_FIRST_PAUSE_NS = 1_000_000_000
_LONGEST_PAUSE_NS = 30_000_000_000
_KEPT = 100
"""Findings of a venue that are remembered; the journal has all of them."""


class Keeper:
    """Keeps one venue and our books together. `keep` is its task."""

    def __init__(self, desk: Desk, reconciler: Reconciler, listeners: Listeners, clock: Clock) -> None:
        self.agreed = asyncio.Event()
        """The venue has been compared since the start."""
        self.found: VenueReport | None = None
        """What all comparisons brought together, with the trouble of the last; None before the first."""
        self._desk = desk
        self._reconciler = reconciler
        self._listeners = listeners
        self._clock = clock
        self._due = asyncio.Event()
        self._due.set()
        self._asked: list[asyncio.Future[VenueReport]] = []

    def again(self, reason: str) -> None:
        """Close the venue until it has been compared once more."""
        self._desk.unreconciled = reason
        self._due.set()

    async def report(self) -> VenueReport:
        """Compare now; return what that brought, also where it failed."""
        future: asyncio.Future[VenueReport] = asyncio.get_running_loop().create_future()
        self._asked.append(future)
        self.again("asked for")
        return await future

    async def keep(self) -> None:
        """Compare whenever it is due, as often as it takes."""
        pause_ns = _FIRST_PAUSE_NS
        while True:
            await self._due.wait()
            self._due.clear()
            asked, self._asked = self._asked, []
            report = await self._compare()
            self.found = _joined(self.found, report)
            for future in asked:
                if not future.done():
                    future.set_result(report)
            if report.trouble is not None:
                await self._clock.sleep(pause_ns)
                pause_ns = min(2 * pause_ns, _LONGEST_PAUSE_NS)
                self._due.set()
                continue
            pause_ns = _FIRST_PAUSE_NS
            self.agreed.set()
            if not self._due.is_set():
                self._desk.unreconciled = None

    async def _compare(self) -> VenueReport:
        venue = self._desk.venue
        try:
            return await self._reconciler.compare(self._desk)
        except Exception as error:  # noqa: BLE001 (whatever a venue's code raises: it is tried again)
            trouble = f"{type(error).__name__}: {error}"
        self._desk.unreconciled = trouble
        detail = f"{venue} could not be compared, nothing new goes there: {trouble}"
        self._listeners.alarm(TradingAlarm(name="reconcile_failed", venue=venue, detail=detail))
        return VenueReport(venue=venue, trouble=trouble)


def _joined(found: VenueReport | None, report: VenueReport) -> VenueReport:
    if found is None:
        return report
    return VenueReport(
        venue=report.venue,
        canceled=(*found.canceled, *report.canceled)[-_KEPT:],
        drifts=(*found.drifts, *report.drifts)[-_KEPT:],
        trouble=report.trouble,
    )
