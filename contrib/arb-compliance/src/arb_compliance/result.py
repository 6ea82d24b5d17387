"""How a case ended, and what that makes of the plugin.

Plain structs: they cross the border between the process that runs a plugin and the one that judges it, and they are
what a report is made of.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from arb_compliance.case import Tier

__all__ = ["Counts", "Evidence", "Failure", "Grade", "Result", "State", "Verdict", "count", "verdict_of"]


class State(StrEnum):
    """How one case ended."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    """Failed, as a waiver of the author foresaw."""
    NOT_PROVED = "not_proved"
    """What it is proved with is missing: neither passed nor failed."""
    NOT_ASKED = "not_asked"
    """The card does not claim what it is about."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What an author needs to mend it."""

    message: str
    expected: str | None = None
    found: str | None = None
    frame: str | None = None
    """The message or request at fault, as text; bytes that are no text in hexadecimal."""
    fix: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One case of one exchange."""

    case: str
    tier: Tier
    state: State
    seconds: float
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    why: str | None = None
    """Why it was not asked, not proved or waived."""


class Grade(StrEnum):
    """Where the likeness of a wire struct comes from, best first."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    FOREIGN = "foreign"
    """An exchange with a client that is not ours."""
    OWN = "own"
    """Nothing but this plugin says so."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind the wire structs of one capability."""

    capability: str
    grade: Grade
    samples: tuple[str, ...] = ()


class Verdict(StrEnum):
    """What the results make of a plugin."""

    CERTIFIED = "certified"
    SELF_CONSISTENT = "self-consistent"
    FAILED = "failed"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Results by state; `not_asked` counts for nothing."""

    passed: int = 0
    failed: int = 0
    waived: int = 0
    not_proved: int = 0
    not_asked: int = 0


def count(results: Iterable[Result]) -> Counts:
    """Return how many cases ended how."""
    found: dict[str, int] = {}
    for result in results:
        found[result.state.value] = found.get(result.state.value, 0) + 1
    return Counts(**found)


def verdict_of(counts: Counts, evidence: Mapping[str, Grade], *, whole: bool = True) -> Verdict:
    """Return the verdict.

    Args:
        counts: of all cases that were asked.
        evidence: declared capability -> the grade of its wire structs.
        whole: whether every case of the kit is among them.
    """
    if counts.failed or not counts.passed:
        return Verdict.FAILED
    if counts.waived or counts.not_proved or not whole or Grade.OWN in evidence.values():
        return Verdict.SELF_CONSISTENT
    return Verdict.CERTIFIED
