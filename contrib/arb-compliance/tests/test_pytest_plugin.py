"""The kit within pytest: every case is an item, and nobody leaves one out without being told."""

import arb_compliance.case
import pytest
from arb_compliance import plugin
from arb_compliance.case import Case, catalogue
from arb_compliance.result import Failure, Result, State

pytest_plugins = ["pytester"]

SUITE = """
from arb_compliance.plugin import ComplianceSuite

compliance = ComplianceSuite("acmetoy")


def test_quirk():
    pass
"""
ODD = "WIRE-008"
WAIVER = f"""
[[waiver]]
case = "{ODD}"
reason = "the venue counts in seconds"
link = "https://a.example/7"
expires = 2999-01-01
"""
ALL = tuple(catalogue())


class Obedient:
    """A worker that tries nothing: which case fails stands in `fails`."""

    fails: frozenset[str] = frozenset()
    made: list[tuple[str, bool]] = []  # noqa: RUF012 (cleared by the fixture)

    def __init__(self, exchange: str, *, short: bool) -> None:
        self.made.append((exchange, short))

    def __exit__(self, *_: object) -> None: ...

    def cases(self) -> tuple[str, ...]:
        return ALL

    def run(self, case: Case) -> Result:
        failed = case.id in self.fails
        return Result(
            case=case.id,
            tier=case.tier,
            state=State.FAILED if failed else State.PASSED,
            seconds=0.0,
            failure=Failure(message="not ours", found="17", fix="try 18") if failed else None,
        )


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> type[Obedient]:
    monkeypatch.setattr(plugin, "Worker", Obedient)
    monkeypatch.setattr(Obedient, "fails", frozenset())
    Obedient.made.clear()
    return Obedient


@pytest.fixture
def site(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.mkdir("tests")
    (pytester.path / "tests" / "test_compliance.py").write_text(SUITE)
    return pytester


def test_every_case_is_an_item_and_one_says_that_all_were_run(site: pytest.Pytester, worker: type[Obedient]) -> None:
    result = site.runpytest_inprocess("-q")
    result.assert_outcomes(passed=len(ALL) + 2)
    assert result.ret == 0
    assert worker.made == [("acmetoy", True)]


def test_a_failure_shows_what_an_author_needs(
    site: pytest.Pytester, worker: type[Obedient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "fails", frozenset({ODD}))
    result = site.runpytest_inprocess("-q")
    result.assert_outcomes(passed=len(ALL) + 1, failed=1)
    result.stdout.fnmatch_lines([f"*FAILED {ODD}*", "*what*not ours", "*found*17", "*fix*try 18"])
    result.stdout.no_fnmatch_line("*Traceback*")


DROP = """
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if item.name not in {names}]
"""
MARK = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "WIRE-008":
            item.add_marker(pytest.mark.{mark})
"""
TRICKS = {
    "-k": (["-k", f"not {ODD}"], ""),
    "-k without the last item": (["-k", f"not {ODD} and not every"], ""),
    "--deselect": (["--deselect", f"tests/test_compliance.py::compliance::{ODD}"], ""),
    "a hook that drops it": ([], DROP.format(names={ODD})),
    "a hook that drops it, and the last item": ([], DROP.format(names={ODD, "every-case-was-run"})),
    "a marker that skips it": ([], MARK.format(mark="skip(reason='later')")),
    "a marker that expects its failure": ([], MARK.format(mark="xfail(strict=False)")),
}


@pytest.mark.parametrize(("arguments", "conftest"), TRICKS.values(), ids=TRICKS)
def test_a_case_that_is_left_out_fails_the_run(
    arguments: list[str],
    conftest: str,
    site: pytest.Pytester,
    worker: type[Obedient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "fails", frozenset({ODD}))
    site.makeconftest(conftest)
    result = site.runpytest_inprocess("-q", *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"arb-compliance: acmetoy*{ODD}*"])


OBEDIENT = """
from arb_compliance import plugin
from arb_compliance.case import catalogue
from arb_compliance.result import Failure, Result, State

class Obedient:
    def __init__(self, exchange, *, short): pass
    def __exit__(self, *_): pass
    def cases(self): return tuple(catalogue())
    def run(self, case):
        failure = Failure(message="not ours", found="17", fix="try 18") if case.id in {fails} else None
        state = State.PASSED if failure is None else State.FAILED
        return Result(case=case.id, tier=case.tier, state=state, seconds=0.0, failure=failure)

plugin.Worker = Obedient
"""
"""The same for processes that pytest-xdist starts."""


def test_cases_may_be_shared_out_among_workers(site: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    site.makeconftest(OBEDIENT.format(fails=set()))
    result = site.runpytest_inprocess("-q", "-n2", "--dist=load")
    result.assert_outcomes(passed=len(ALL) + 2)
    assert result.ret == 0


@pytest.mark.parametrize("trick", ["-k without the last item", "a marker that expects its failure"])
def test_a_case_that_workers_leave_out_fails_the_run(trick: str, site: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    arguments, conftest = TRICKS[trick]
    site.makeconftest(OBEDIENT.format(fails={ODD}) + conftest)
    result = site.runpytest_inprocess("-q", "-n2", "--dist=load", *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"arb-compliance: tests/test_compliance.py::compliance*{ODD}*"])


def test_a_catalogue_without_a_case_fails_the_run(site: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(arb_compliance.case._CASES, ODD)
    result = site.runpytest_inprocess("-q")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"*not run: {ODD};*"])


def test_an_overridden_case_counts_for_nothing(site: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = arb_compliance.case._CASES[ODD]
    monkeypatch.setattr(plugin._CaseItem, "runtest", lambda _item: None)
    result = site.runpytest_inprocess("-q", "-k", "compliance")
    assert ours.id == ODD
    assert result.ret == 0  # nothing was tried at all, and nobody claims that it was
    result.stdout.no_fnmatch_line("*arb-compliance*")


def test_cases_may_be_named_one_by_one(site: pytest.Pytester) -> None:
    result = site.runpytest_inprocess("-q", f"tests/test_compliance.py::compliance::{ODD}")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_other_tests_may_be_run_alone(site: pytest.Pytester) -> None:
    result = site.runpytest_inprocess("-q", "-k", "quirk")
    result.assert_outcomes(passed=1, deselected=len(ALL) + 1)
    assert result.ret == 0


def test_a_waiver_beside_the_tests_expects_the_failure(
    site: pytest.Pytester, worker: type[Obedient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "fails", frozenset({ODD}))
    (site.path / plugin.WAIVERS).write_text(WAIVER)
    result = site.runpytest_inprocess("-q")
    result.assert_outcomes(passed=len(ALL) + 1, xfailed=1)
    assert result.ret == 0


def test_a_healed_case_fails_until_its_waiver_is_gone(site: pytest.Pytester) -> None:
    (site.path / plugin.WAIVERS).write_text(WAIVER)
    result = site.runpytest_inprocess("-q")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*passes, although it is waived"])


def test_installed_exchanges_are_proved_by_name(site: pytest.Pytester, worker: type[Obedient]) -> None:
    result = site.runpytest_inprocess(
        "-q",
        "--pyargs",
        "arb_compliance.test_compliance",
        "--arb-exchange",
        "mexc",
        "--arb-exchange",
        "gateio",
        "--arb-full",
    )
    result.assert_outcomes(passed=2 * (len(ALL) + 1))
    assert worker.made == [("mexc", False), ("gateio", False)]


def test_an_exchange_must_be_named(site: pytest.Pytester) -> None:
    result = site.runpytest_inprocess("-q", "--pyargs", "arb_compliance.test_compliance")
    assert result.ret != 0
    assert "--arb-exchange ID" in f"{result.stdout}{result.stderr}"
