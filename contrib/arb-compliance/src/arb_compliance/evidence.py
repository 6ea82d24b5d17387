"""What stands behind the wire structs of a plugin: for each declared capability its weakest message's best sample.

A plugin and its simulated venue may share one mistake and agree for ever. Only something from outside tells: a
recording, the venue's own documentation, or an exchange with somebody else's client. A capability is as good as the
message of it that has the least: a book is deltas and snapshots, trading is orders, fills and balances.
"""

from collections.abc import Iterable

from arb_core.errors import ArbError
from arb_core.structs.book import SnapshotSource
from arb_core.structs.card import Capability

from arb_compliance.expect import CaseFailed, NotProved
from arb_compliance.result import Evidence, Grade
from arb_compliance.samples import Sample
from arb_compliance.subject import Subject

__all__ = ["SHOWN_BY", "evidence_of", "shown_by", "shows"]

SHOWN_BY: dict[Capability, tuple[str, ...]] = {
    Capability.BOOK: ("delta",),
    Capability.DEPTH: ("snapshot",),
    Capability.QUOTE: ("quote",),
    Capability.TRADES: ("trade",),
    Capability.KLINES: ("kline",),
    Capability.RECENT_TRADES: ("get_recent_trades",),
    Capability.REST_KLINES: ("get_klines",),
    Capability.BOOK_TICKERS: ("get_book_tickers",),
    Capability.TRADING: (
        "get_exchange_info",
        "get_balances",
        "place_order",
        "cancel_order",
        "get_order",
        "get_open_orders",
        "get_fills",
        "error",
    ),
    Capability.MODIFY_ORDER: ("modify_order",),
    Capability.CANCEL_ALL: ("cancel_all_orders",),
    Capability.COUNTDOWN_CANCEL: ("arm_countdown",),
    Capability.ORDER_HISTORY: ("get_order_history",),
    Capability.ORDERS_STREAM: ("order",),
    Capability.FILLS_STREAM: ("fill",),
    Capability.BALANCES_STREAM: ("balance",),
}
"""Capabilities with messages of their own, and what a sample must show of each: a call of the sink, a method of the
contract that reads an answer, or an error. The other capabilities are words within an order."""

_BEST_FIRST = (Grade.RECORDED, Grade.DOCUMENTED, Grade.FOREIGN, Grade.OWN)


def shown_by(subject: Subject, capability: Capability) -> tuple[str, ...]:
    """Return what samples must show of a capability; nothing for one without messages of its own."""
    needed = SHOWN_BY.get(capability, ())
    if capability is Capability.BOOK:
        from_stream = subject.dialect().book_rule.snapshot is SnapshotSource.STREAM
        return (*needed, "snapshot" if from_stream else "get_orderbook")
    return needed


def shows(sample: Sample) -> set[str]:
    """Return what a sample shows."""
    if sample.error is not None:
        return {"error"}
    told = {str(said.get("call")) for said in sample.says or ()}
    return told if sample.call is None else {*told, sample.call.method}


def evidence_of(subject: Subject) -> list[Evidence]:
    """Return the evidence of every declared capability that has messages of its own; none for a broken plugin."""
    try:
        needed = {
            capability: shown_by(subject, capability)
            for capability in sorted(subject.card.capabilities & SHOWN_BY.keys())
        }
        found: list[Sample] = list(subject.samples)
    except NotProved:
        found = []
        needed = dict.fromkeys(sorted(subject.card.capabilities & SHOWN_BY.keys()), ("",))
    except (ArbError, CaseFailed, ValueError):
        return []
    return [_weakest(capability, messages, found) for capability, messages in needed.items()]


def _grade(sample: Sample, found: list[Sample]) -> Grade:
    """Return what a sample is worth, that of its likeness where it has one."""
    like = [other.grade for other in found if other.name == sample.like]
    return min((sample.grade, *like), key=_BEST_FIRST.index)


def _weakest(capability: Capability, messages: Iterable[str], found: list[Sample]) -> Evidence:
    grades: list[Grade] = []
    names: dict[str, None] = {}
    for message in messages:
        of = [sample for sample in found if message in shows(sample)]
        grades.append(min((_grade(sample, found) for sample in of), key=_BEST_FIRST.index, default=Grade.OWN))
        names.update(dict.fromkeys(sample.name for sample in of))
    return Evidence(capability=capability, grade=max(grades, key=_BEST_FIRST.index), samples=tuple(names))
