"""`arb compliance next`: the one case that an author should turn green now."""

import click
from arb_core.cli.options import standard
from arb_core.cli.plain import emit, note
from arb_core.errors import SettingsError

from arb_compliance import suite
from arb_compliance.case import Case, Tier, catalogue
from arb_compliance.report.text import show_failure
from arb_compliance.result import Result, State
from arb_compliance.runner import run_cases

__all__ = ["next_case"]

PAGE = "docs/how-to/add-an-exchange.md"
"""Goes through the tiers in their order."""

CASES = "docs/reference/compliance-cases.md"
"""Tells every case."""

_RED = frozenset({State.FAILED, State.NOT_PROVED})


@click.command("next")
@click.argument("exchange")
@standard
def next_case(*, exchange: str, as_json: bool) -> int:
    """Say which case of EXCHANGE to turn green next: the first one, tier by tier, that fails or is not proved."""
    try:
        suite.owner_of(exchange)
    except LookupError as error:
        raise SettingsError(f"{error}; pip install -e its folder, then `arb plugins` shows it") from error
    cases = catalogue()
    passed = 0
    for tier in Tier:
        results = _tried(exchange, [case for case in cases.values() if case.tier is tier])
        passed += sum(result.state is State.PASSED for result in results)
        red = next((result for result in results if result.state in _RED), None)
        if red is not None:
            _tell(cases[red.case], red, passed, as_json=as_json)
            return 1
        if not as_json:
            note(f"{tier.value}: green")
    if as_json:
        emit({"kind": "next", "case": None, "passed": passed})
    else:
        click.echo(f"every case is green; the verdict: arb compliance run {exchange}")
    return 0


def _tried(exchange: str, cases: list[Case]) -> list[Result]:
    """Try the cases of a tier in their order, each once, up to the first that is red."""
    return run_cases(exchange, cases, jobs=1, short=True, until=lambda result: result.state in _RED)


def _tell(case: Case, result: Result, passed: int, *, as_json: bool) -> None:
    if as_json:
        emit({"kind": "next", "case": case.id, "tier": case.tier, "passed": passed, "result": result, "page": PAGE})
        return
    if result.state is State.FAILED:
        click.echo(show_failure(case, result))
    else:
        click.echo(f"NOT PROVED {case.id} {case.name}\n  purpose  {case.purpose}\n  lacking  {result.why}")
    click.echo(f"  steps    {case.steps}\n  page     {CASES}; {PAGE}\n{passed} cases are green before it")
