"""The life of a connection's ticket after it was got: renewed, replaced in time, given back."""

from random import Random

from arb_core.errors import ArbError, Rejected
from arb_core.runtime.stream.backoff import Backoff
from arb_core.runtime.stream.events import TicketEnded
from arb_core.runtime.stream.link import Link
from arb_core.runtime.stream.surroundings import Surroundings
from arb_core.runtime.tasks import within
from arb_core.structs.stream import StreamTicket

__all__ = ["give_back", "keep"]

_SECOND = 1_000_000_000
RELEASE_NS = 2 * _SECOND
"""How long giving a ticket back may take; the venue ends it by itself some time later."""


async def keep(link: Link, around: Surroundings, random: Random) -> None:
    """Renew a connection's ticket for ever; ask for another connection when it cannot be renewed, or only expires."""
    clock, ticket = around.clock, link.ticket
    backoff = Backoff(random)
    valid_from_ns = clock.monotonic_ns()
    while ticket.renew_every_ns is not None:
        await clock.sleep(ticket.renew_every_ns)
        while True:
            try:
                ticket = link.ticket = await around.dialect.renew(ticket)
                break
            except ArbError as error:
                if isinstance(error, Rejected) and error.action != "retry":
                    # The venue does not know it any more: the connection may be open, but nobody speaks on it.
                    link.on_ticket_lost(f"not renewed: {error}")
                    return
                pause_ns = backoff.fail()
                if ticket.expires_ns is not None:
                    pause_ns = min(pause_ns, valid_from_ns + _early(ticket.expires_ns) - clock.monotonic_ns())
                if error.action not in {"wait", "retry"} or pause_ns <= 0:
                    reason = f"not renewed: {error}"
                    around.report(TicketEnded(venue=around.venue, connection=link.serial, reason=reason))
                    link.retire("its ticket could not be renewed")
                    return
                await clock.sleep(pause_ns)
        valid_from_ns = clock.monotonic_ns()
        backoff.reset()
    if ticket.expires_ns is not None:
        await clock.sleep(_early(ticket.expires_ns))
        link.retire("its ticket expires")


async def give_back(ticket: StreamTicket, serial: int, around: Surroundings) -> None:
    """Tell the venue that a ticket is no longer needed; a failure is only told."""
    try:
        done = await within(around.clock, RELEASE_NS, around.dialect.release(ticket))
        trouble = None if done else f"no answer within {RELEASE_NS / _SECOND:g} s"
    except ArbError as error:
        trouble = str(error)
    if trouble is not None:
        around.report(TicketEnded(venue=around.venue, connection=serial, reason=f"not given back: {trouble}"))


def _early(expires_ns: int) -> int:
    return expires_ns * 9 // 10
