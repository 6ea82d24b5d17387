"""Looks now and then for what others decide: a kill in the journal, a kill file, a countdown that runs out.

Each is a loop of its own, off the way of market data and orders. Entered by the trading session.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from arb_core.engine.trading.alarms import Listeners, TradingAlarm
from arb_core.engine.trading.desk import Desk
from arb_core.engine.trading.latches import Latches
from arb_core.engine.trading.settings import TradingSettings
from arb_core.errors import JournalUnavailable
from arb_core.interfaces.context import Clock

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["keep_countdown", "watch_latch"]

_RENEWALS = 3
"""A countdown is renewed so many times within its own time: two answers may be lost."""


async def watch_latch(
    journal: "Journal",
    latches: Latches,
    settings: TradingSettings,
    clock: Clock,
    unread: Callable[[str | None], None],
) -> None:
    """Take the latch as the journal and the kill file show it; tell `unread` why it cannot be read, None if it can."""
    file = None if settings.kill_file is None else Path(settings.kill_file)
    while True:
        try:
            kill = await journal.latch()
        except JournalUnavailable as error:
            unread(f"the latch cannot be read: {error}")
        else:
            unread(None)
            latches.look(kill)
        if file is not None and file.exists():
            latches.kill(f"the file {file} is there")
        await clock.sleep(settings.latch_poll_ns)


async def keep_countdown(desk: Desk, timeout_ns: int, latches: Latches, listeners: Listeners, clock: Clock) -> None:
    """Renew a venue's countdown for as long as this runs. A failure is one of the venue, and told once."""
    told = desk.armed = False
    while True:
        try:
            await desk.account.private.arm_countdown(timeout_ns)
            told, desk.armed = False, True
        except Exception as error:  # noqa: BLE001 (whatever a venue's code raises: it is tried again)
            why = f"its countdown could not be renewed: {type(error).__name__}: {error}"
            desk.armed = False
            latches.failed(desk.venue, why)
            if not told:
                told = True
                listeners.alarm(TradingAlarm(name="countdown", venue=desk.venue, detail=f"{desk.venue}: {why}"))
        await clock.sleep(timeout_ns // _RENEWALS)
