"""JUnit XML, which every CI shows."""

from collections.abc import Mapping
from pathlib import Path

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from arb_compliance.case import Case
from arb_compliance.report.document import Report
from arb_compliance.report.text import show_failure
from arb_compliance.result import State

__all__ = ["write"]


def write(report: Report, cases: Mapping[str, Case], path: Path) -> None:
    """Write a report as one test suite; what was waived, not proved or not asked is skipped, with the reason."""
    suite = TestSuite(f"arb-compliance {report.exchange}")
    for result in report.results:
        case = cases[result.case]
        test = TestCase(f"{case.id} {case.name}", f"arb_compliance.{case.tier}", result.seconds)
        if result.state is State.FAILED:
            message = result.failure.message if result.failure is not None else "failed"
            failure = Failure(message)
            failure.text = show_failure(case, result)
            test.result = [failure]
        elif result.state is not State.PASSED:
            test.result = [Skipped(f"{result.state.value.replace('_', ' ')}: {result.why or ''}")]
        suite.add_testcase(test)
    document = JUnitXml()
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    document.write(str(path), pretty=True)
