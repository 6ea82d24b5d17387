"""A run for a person's eyes: each failure with frame, expectation and cure; then the verdict and what to do next."""

from collections.abc import Iterable, Mapping
from io import StringIO

from arb_compliance.case import Case, Tier
from arb_compliance.report.document import Report
from arb_compliance.result import Grade, Result, State, Verdict

__all__ = ["show_failure", "show_verdict"]


def show_failure(case: Case, result: Result) -> str:
    """Return what an author needs to mend one case."""
    failure = result.failure
    rows: list[tuple[str, str | None]] = [("purpose", case.purpose)]
    if failure is not None:
        rows += [
            ("what", failure.message),
            ("frame", failure.frame),
            ("expected", failure.expected or case.expect),
            ("found", failure.found),
            ("fix", failure.fix or case.when_fails),
        ]
    rows.append(("source", case.source))
    text = "\n".join(f"  {name:9}{_indented(words)}" for name, words in rows if words)
    return f"FAILED {case.id} {case.name}\n{text}"


def show_verdict(report: Report, cases: Mapping[str, Case]) -> str:
    """Return the end of a run: counts by tier, what is not proved, the verdict, the next case."""
    out = StringIO()
    for tier in Tier:
        of = [result for result in report.results if result.tier is tier]
        if of:
            print(f"  {tier.value:12}{_counts(of)}", file=out)
    for result in report.results:
        if result.state in {State.NOT_PROVED, State.WAIVED}:
            print(f"  {result.state.value.replace('_', ' ')} {result.case}: {result.why}", file=out)
        for warning in result.warnings:
            print(f"  warning {result.case}: {warning}", file=out)
    own = [one.capability for one in report.evidence if one.grade is Grade.OWN]
    if own:
        print(f"  no evidence from outside: {', '.join(own)}", file=out)
    verdict = report.verdict.value
    if not report.whole:
        verdict = f"{'failed' if report.verdict is Verdict.FAILED else 'passed'}, of the cases that were run"
    print(f"{report.exchange} {report.plugin.version}: {verdict} in {report.seconds:.0f} s", file=out)
    if report.verdict is Verdict.FAILED:
        first = next((result for result in report.results if result.state is State.FAILED), None)
        if first is not None:
            case = cases[first.case]
            print(
                f"next: turn {case.id} green ({case.name}): arb compliance run {report.exchange} --case {case.id}",
                file=out,
            )
    return out.getvalue()


def _counts(results: Iterable[Result]) -> str:
    counts: dict[str, int] = {}
    for result in results:
        name = result.state.value.replace("_", " ")
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def _indented(words: str) -> str:
    return words.replace("\n", "\n" + " " * 11)
