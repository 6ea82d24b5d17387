"""Exchanges and cases on one page: what is proved of whom, and by what. One file of HTML that needs no other."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from arb_compliance.case import Case, Tier
from arb_compliance.report.document import Report
from arb_compliance.result import Grade, Result, State

__all__ = ["draw"]

_MARKS = {
    State.PASSED: "\N{CHECK MARK}",
    State.FAILED: "\N{MULTIPLICATION X}",
    State.WAIVED: "w",
    State.NOT_PROVED: "?",
    State.NOT_ASKED: "\N{MIDDLE DOT}",
}
_WORDS = {
    State.PASSED: "passed",
    State.FAILED: "failed: the reason stands below",
    State.WAIVED: "failed, and its author has said why and until when",
    State.NOT_PROVED: "not proved: what it is proved with is missing",
    State.NOT_ASKED: "not asked: the card does not claim it",
}
_GRADES = {
    Grade.RECORDED: "recorded from the venue",
    Grade.DOCUMENTED: "printed in the venue's documentation",
    Grade.FOREIGN: "exchanged with somebody else's client",
    Grade.OWN: "nothing but the plugin itself",
}


def draw(reports: Sequence[Report], cases: Mapping[str, Case]) -> str:
    """Return the page.

    Args:
        reports: of one run for each exchange; a later one replaces an earlier one of the same exchange.
        cases: the catalogue. A case that a report does not know (of an older kit) is shown as missing.
    """
    columns = list({report.exchange: report for report in reports}.values())
    results: dict[str, dict[str, Result]] = {
        report.exchange: {result.case: result for result in report.results} for report in columns
    }
    environment = Environment(
        loader=PackageLoader("arb_compliance", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("matrix.html").render(
        reports=columns,
        results=results,
        tiers=[(tier.value, [case for case in cases.values() if case.tier is tier]) for tier in Tier],
        marks={state.value: mark for state, mark in _MARKS.items()},
        words={state.value: words for state, words in _WORDS.items()},
        grades={grade.value: words for grade, words in _GRADES.items()},
        capabilities=sorted({one.capability for report in columns for one in report.evidence}),
        evidence={report.exchange: {one.capability: one for one in report.evidence} for report in columns},
        cases=cases,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
