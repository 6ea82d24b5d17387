"""The pytest plugin: a plugin's own tests run the kit by two lines, and CI by one.

    # tests/test_compliance.py
    from arb_compliance.plugin import ComplianceSuite

    compliance = ComplianceSuite("mexc")

or, for whatever is installed: `pytest --pyargs arb_compliance --arb-exchange mexc`.

Each case is an item of its own kind, not a function: there is nothing to override. A run in which some cases were left
out, by `-k`, `--deselect`, a marker, a hook or a changed catalogue, fails as a whole, whatever its items say; what all
the cases are, the process that runs them tells. To try some of them, name them: `tests/test_compliance.py::compliance::
WIRE-008`, or `arb compliance run mexc --case WIRE`.
"""

import datetime as dt
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from arb_compliance.case import Case, catalogue
from arb_compliance.report.text import show_failure
from arb_compliance.result import Result, State
from arb_compliance.runner import Worker
from arb_compliance.waivers import Waiver, apply, read

__all__ = ["ComplianceSuite", "InstalledSuites"]

WAIVERS = "compliance-waivers.toml"

_COLLECTED = pytest.StashKey[list["_Cases"]]()
"""The suites of a session."""

_SHARED = pytest.StashKey["_Shared"]()

_ASKED = "arb-compliance asked"
"""What a report of a worker says beside the result of its first case: all that the suite has."""

_FAILED = "arb-compliance failed"
"""What it says where the case failed, whatever became of that."""


class ComplianceSuite:
    """Put one into a test module: it becomes an item for each case.

    Args:
        exchange: the id of the installed plugin.
        waivers: a file; default: `compliance-waivers.toml` beside the folder of the tests, if it exists.
        full: draw as many examples as the command does; by default each case runs once.
    """

    def __init__(self, exchange: str, *, waivers: Path | None = None, full: bool = False) -> None:
        self.exchange = exchange
        self.waivers = waivers
        self.full = full


class InstalledSuites:
    """Stands for every exchange that `--arb-exchange` names."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `pytest --pyargs arb_compliance`."""
    group = parser.getgroup("arb-compliance")
    group.addoption("--arb-exchange", action="append", default=[], metavar="ID", help="Prove this installed exchange.")
    group.addoption("--arb-waivers", type=Path, metavar="FILE", help=f"Waivers; default: {WAIVERS}, if it exists.")
    group.addoption("--arb-full", action="store_true", help="Draw as many examples as `arb compliance run` does.")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: Any, name: str, obj: object
) -> pytest.Collector | list[pytest.Collector] | None:
    """Turn a suite in a test module into its cases."""
    if isinstance(obj, ComplianceSuite):
        return _cases(collector, name, obj)
    if isinstance(obj, InstalledSuites):
        option = collector.config.option
        if not option.arb_exchange:
            raise pytest.UsageError("name what to prove: --arb-exchange ID")
        suites = [
            ComplianceSuite(exchange, waivers=option.arb_waivers, full=option.arb_full)
            for exchange in option.arb_exchange
        ]
        return [_cases(collector, suite.exchange, suite) for suite in suites]
    return None


class _Shared:
    """What workers of pytest-xdist have run of suites that they share out: one of them alone sees a part."""

    def __init__(self) -> None:
        self.asked: dict[str, list[str]] = {}
        """By the suite's node: every case that it has."""
        self.hidden: dict[str, list[str]] = {}
        """Cases that failed, and were not told so."""
        self._ran: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what ran, and what a suite says of itself."""
        if report.when != "call":
            return
        suite, _, name = report.nodeid.rpartition("::")
        self._ran.setdefault(suite, set()).add(name)
        for key, value in report.user_properties:
            if key == _ASKED:
                self.asked[suite] = cast("list[str]", value)
            elif key == _FAILED and not report.failed:
                self.hidden.setdefault(suite, []).append(name)

    def missing(self, suite: str) -> list[str]:
        """Return the cases of a suite that no worker ran."""
        return sorted({*self.asked[suite]} - self._ran[suite])


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the workers, where there are any."""
    config.stash[_SHARED] = shared = _Shared()
    config.pluginmanager.register(shared)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session in which cases were left out, or failed without being told so."""
    if session.exitstatus == pytest.ExitCode.OK and any(_troubles(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was left out, and how to try a part."""
    for trouble in _troubles(config):
        terminalreporter.write_line(f"arb-compliance: {trouble}", red=True)


def _troubles(config: pytest.Config) -> Iterator[str]:
    shared = config.stash[_SHARED]
    for suite in shared.asked:
        yield from _unproved(suite, shared.missing(suite))
    for suite, hidden in shared.hidden.items():
        yield _untold(suite, hidden)
    for cases in config.stash.get(_COLLECTED, ()):
        exchange = cases.suite.exchange
        yield from _unproved(exchange, cases.missing())
        hidden = [
            id_ for id_, result in cases.results.items() if result.state is State.FAILED and id_ not in cases.told
        ]
        if hidden:
            yield _untold(exchange, hidden)


def _untold(suite: str, hidden: list[str]) -> str:
    return f"{suite}: failed, and not told so: {', '.join(hidden)}; what must fail belongs into {WAIVERS}"


def _unproved(suite: str, missing: list[str]) -> Iterator[str]:
    if missing:
        yield (
            f"{suite}: {len(missing)} cases were not run, so nothing is proved: {', '.join(missing[:10])}; "
            "to try some cases name them, or: arb compliance run EXCHANGE --case ID"
        )


def _cases(collector: Any, name: str, suite: ComplianceSuite) -> "_Cases":
    made: _Cases = cast("Any", _Cases).from_parent(collector, name=name, suite=suite)
    made.config.stash.setdefault(_COLLECTED, []).append(made)
    return made


class _Cases(pytest.Collector):
    """The cases of one exchange, tried in one worker after the other."""

    def __init__(self, *, suite: ComplianceSuite, **more: Any) -> None:
        super().__init__(**more)
        self.suite = suite
        self.results: dict[str, Result] = {}
        self.told: set[str] = set()
        """The cases whose failure pytest has reported as one."""
        self.worker: Worker | None = None

    def collect(self) -> Iterator[pytest.Item]:
        cases = catalogue()
        path = self.suite.waivers or self.path.parent.parent / WAIVERS
        waivers = read(path, cases) if self.suite.waivers is not None or path.exists() else {}
        for case in cases.values():
            yield cast("Any", _CaseItem).from_parent(self, name=case.id, case=case, waivers=waivers)
        yield cast("Any", _Whole).from_parent(self, name="every-case-was-run")

    def run(self, case: Case) -> Result:
        """Try one case; the process stays for the next one."""
        return self._working().run(case)

    def asked(self) -> list[str]:
        """Return every case of the suite; none where cases were named one by one."""
        if any(argument.startswith(f"{self.nodeid}::") for argument in self._named()):
            return []
        return sorted({*self._working().cases(), *catalogue()})

    def missing(self) -> list[str]:
        """Return the cases not run, of a suite of which some were; `_Shared` knows of one that is shared out."""
        if not self.results or is_worker(self.config):
            return []
        return [id_ for id_ in self.asked() if id_ not in self.results]

    def _named(self) -> Iterator[str]:
        """Yield the arguments of the command line that name items, as node ids."""
        for argument in self.config.args:
            path, colons, names = argument.partition("::")
            if colons:
                absolute = self.config.invocation_params.dir / path
                yield f"{os.path.relpath(absolute, self.config.rootpath)}::{names}"

    def _working(self) -> Worker:
        if self.worker is None:
            self.worker = Worker(self.suite.exchange, short=not self.suite.full)
            self.config.add_cleanup(self._end)
        return self.worker

    def _end(self) -> None:
        if self.worker is not None:
            self.worker.__exit__(None, None, None)


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of several that pytest-xdist shares the tests out to."""
    return hasattr(config, "workerinput")


class _Failed(Exception):
    """A case failed; the text is for the author."""


class _CaseItem(pytest.Item):
    parent: _Cases

    def __init__(self, *, case: Case, waivers: dict[str, Waiver], **more: Any) -> None:
        super().__init__(**more)  # pyright: ignore[reportUnknownMemberType] (pytest's own)
        self.case = case
        self.waivers = waivers

    def runtest(self) -> None:
        if is_worker(self.config) and not self.parent.results:
            self.user_properties.append((_ASKED, self.parent.asked()))
        today = dt.datetime.now(dt.UTC).date()
        result = apply(self.parent.run(self.case), self.waivers, today)
        self.parent.results[self.case.id] = result
        for warning in result.warnings:
            self.add_report_section("call", "warning", warning)
        match result.state:
            case State.FAILED:
                if is_worker(self.config):
                    self.user_properties.append((_FAILED, self.case.id))
                raise _Failed(show_failure(self.case, result))
            case State.WAIVED:
                pytest.xfail(result.why or "waived")
            case State.NOT_PROVED | State.NOT_ASKED:
                pytest.skip(f"{result.state.value.replace('_', ' ')}: {result.why}")
            case State.PASSED:
                pass

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show what the author needs, instead of our own traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, _Failed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, 0, f"{self.parent.suite.exchange} {self.case.id} {self.case.name}"


class _Whole(pytest.Item):
    """Fails where a case was left out: a suite without it proves less than it says."""

    parent: _Cases

    def runtest(self) -> None:
        missing = self.parent.missing()
        if missing:
            raise _Failed(f"not run: {', '.join(missing)}; a case that must fail for now belongs into {WAIVERS}")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, _Failed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, 0, f"{self.parent.suite.exchange} every case was run"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which failures are told as such: a marker may make an expectation of one."""
    report = yield
    if isinstance(item, _CaseItem) and report.failed:
        item.parent.told.add(item.case.id)
    return report
