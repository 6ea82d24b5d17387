"""What stands behind the wire structs of a plugin: for each declared capability its best sample.

A plugin and its simulated venue may share one mistake and agree for ever. Only something from outside tells: a
recording, the venue's own documentation, or an exchange with somebody else's client.
"""

from arb_core.errors import ArbError
from arb_core.structs.card import Capability

from arb_compliance.expect import CaseFailed, NotProved
from arb_compliance.result import Evidence, Grade
from arb_compliance.subject import Subject

__all__ = ["WITH_WIRE", "evidence_of"]

WITH_WIRE = frozenset(
    {
        Capability.BOOK,
        Capability.DEPTH,
        Capability.QUOTE,
        Capability.TRADES,
        Capability.KLINES,
        Capability.RECENT_TRADES,
        Capability.REST_KLINES,
        Capability.BOOK_TICKERS,
        Capability.TRADING,
        Capability.MODIFY_ORDER,
        Capability.CANCEL_ALL,
        Capability.COUNTDOWN_CANCEL,
        Capability.ORDER_HISTORY,
        Capability.ORDERS_STREAM,
        Capability.FILLS_STREAM,
        Capability.BALANCES_STREAM,
    }
)
"""Capabilities with messages of their own; the others are words within an order."""

_BEST_FIRST = (Grade.RECORDED, Grade.DOCUMENTED, Grade.FOREIGN, Grade.OWN)


def evidence_of(subject: Subject) -> list[Evidence]:
    """Return the evidence of every declared capability that has messages of its own; none for a broken plugin."""
    try:
        declared = sorted(subject.card.capabilities & WITH_WIRE)
        found = list(subject.samples)
    except NotProved:
        found = []
        declared = sorted(subject.card.capabilities & WITH_WIRE)
    except (ArbError, CaseFailed, ValueError):
        return []
    return [
        Evidence(
            capability=capability,
            grade=min((sample.grade for sample in of), key=_BEST_FIRST.index, default=Grade.OWN),
            samples=tuple(sample.name for sample in of),
        )
        for capability in declared
        for of in [[sample for sample in found if sample.capability == capability]]
    ]
