"""Opens venues to look at their clocks and limits and, where there is a key, at the account. For `doctor` and `run`."""

import asyncio
from collections.abc import Mapping, Sequence

from arb_core.cli.account_checks import check_account
from arb_core.cli.findings import Finding
from arb_core.cli.opening import Opener
from arb_core.cli.venue_checks import check_venue
from arb_core.errors import ArbError
from arb_core.interfaces.context import Clock
from arb_core.runtime.tasks import within
from arb_core.structs.market import Symbol, VenueName

__all__ = ["check_venues"]

_SECOND = 1_000_000_000
_PATIENCE_NS = 45 * _SECOND
"""For all questions to one venue; each request has a shorter one of its own."""


async def check_venues(openers: Mapping[VenueName, Opener], symbols: Sequence[Symbol], clock: Clock) -> list[Finding]:
    """Look at every venue at once. What goes wrong at one of them is a finding, not an end.

    Args:
        openers: venue -> what opens it, with its key or without.
        symbols: what is going to be traded, for the fees.
        clock: time.
    """
    found = await asyncio.gather(*(_look(name, opener, symbols, clock) for name, opener in openers.items()))
    return [finding for findings in found for finding in findings]


async def _look(name: VenueName, opener: Opener, symbols: Sequence[Symbol], clock: Clock) -> list[Finding]:
    found: list[Finding] = []

    async def look() -> None:
        async with opener() as venue:
            found.extend(await check_venue(venue, clock))
            if venue.has_account:
                markets = await venue.load_markets()
                stated = venue.settings.taker_bps is not None
                listed = [symbol for symbol in symbols if symbol in markets]
                fees = {symbol: venue.fees(symbol).taker if stated else None for symbol in listed}
                found.extend(await check_account(venue.account, fees, clock))

    try:
        if not await within(clock, _PATIENCE_NS, look()):
            found.append(_unreachable(name, f"not all answers within {_PATIENCE_NS / _SECOND:g} s"))
    except ArbError as error:
        found.append(_unreachable(name, str(error)))
    return found


def _unreachable(name: VenueName, why: str) -> Finding:
    return Finding(check="reachable", venue=name, state="failed", detail=why)
