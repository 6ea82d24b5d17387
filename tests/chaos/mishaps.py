"""What goes wrong in a run, drawn from its one number."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.orders import Why

from .venues import TICKETED

__all__ = ["draw", "draw_of_streams"]

Drawn = Callable[[Random], dict[str, Any]]

PUSHES = (FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.DELAY)

WAITING: Mapping[FaultKind, Drawn] = {
    FaultKind.ANSWER_LOST: lambda _: {},
    FaultKind.ANSWER_LATE: lambda random: {"hold_s": random.choice([0.2, 2.0, 8.0])},
    FaultKind.ERROR_AFTER: lambda random: {"status": random.choice([500, 502, 503])},
    FaultKind.ORDER_REJECTED: lambda random: {"why": random.choice([Why.HALTED, Why.FUNDS, Why.PRICE_BAND])},
    FaultKind.PARTIAL_FILL: lambda random: {"left": random.choice([0.0, 0.2, 0.5, 0.9])},
    FaultKind.DISCONNECT_AFTER_ACK: lambda _: {},
    FaultKind.RATE_LIMITED: lambda _: {"retry_after_s": 1},
    FaultKind.SERVER_ERROR: lambda random: {"status": random.choice([500, 502, 503])},
    FaultKind.NO_ANSWER: lambda random: {"method": random.choice(["GET", "POST"])},
}
"""They wait for a request; after some seconds they do so no more."""

LASTING: Mapping[FaultKind, Drawn] = {
    FaultKind.HISTORY_LAG: lambda random: {"lag_s": random.choice([1.0, 4.0]), "hold_s": 6.0},
    FaultKind.LOOKUP_LAG: lambda random: {"lag_s": random.choice([0.5, 2.0]), "hold_s": 6.0},
    FaultKind.CLIENT_IDS_FORGOTTEN: lambda _: {"hold_s": 6.0},
    FaultKind.FREEZE: lambda _: {"hold_s": 2.0},
    FaultKind.HALT: lambda _: {"hold_s": 1.0},
    FaultKind.CLOCK_SKEW: lambda random: {"skew_s": random.choice([-2.0, 2.0]), "hold_s": 3.0},
    FaultKind.DISCONNECT: lambda random: {"feed": random.choice([None, "private"])},
    FaultKind.TICKET_EXPIRED: lambda _: {},
}


def draw(random: Random, exchange: str) -> Fault:
    """Return what goes wrong next at a venue."""
    what = random.random()
    if what < 0.55:
        kind = random.choice(list(WAITING))
        return Fault(kind=kind, for_s=10.0, **WAITING[kind](random))
    if what < 0.75:
        feed = random.choice(["orders", "fills", "balances", "private", None])
        return Fault(kind=random.choice(PUSHES), feed=feed, for_s=10.0, hold_s=random.choice([0.1, 3.0]))
    kind = random.choice([kind for kind in LASTING if kind is not FaultKind.TICKET_EXPIRED or exchange in TICKETED])
    return Fault(kind=kind, **LASTING[kind](random))


STREAMS: Mapping[FaultKind, Drawn] = {
    FaultKind.MALFORMED: lambda _: {"for_s": 5.0},
    FaultKind.TRUNCATED: lambda random: {"for_s": 5.0, "feed": random.choice([None, "private"])},
    FaultKind.STALE_SNAPSHOT: lambda _: {"hold_s": 2.0},
    FaultKind.HALF_OPEN: lambda random: {"feed": random.choice([None, "private"])},
    FaultKind.SUBSCRIPTION_REFUSED: lambda _: {"for_s": 5.0},
    FaultKind.SUBSCRIPTION_IGNORED: lambda _: {"for_s": 5.0},
}


def draw_of_streams(random: Random, _exchange: str) -> Fault:
    """Return what goes wrong with a connection next."""
    kind = random.choice(list(STREAMS))
    return Fault(kind=kind, **STREAMS[kind](random))
