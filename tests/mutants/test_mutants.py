"""The kit kills every plugin with a mistake in it, each by the case that is there for it; no case is there for nothing.

`tox -e mutants` tries each mutant on its killer, `tox -e mutants-full` on every case. Both print the table of mutants
and the cases that kill them; with ARB_MUTANTS_TABLE=FILE it is written there.
"""

import ast
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from arb_compliance.case import Case, Tier, catalogue
from arb_compliance.result import Result, State
from arb_compliance.runner import Worker

from .mutant import Mutant, elsewhere, mistaken, mutants, place

FULL = bool(os.environ.get("ARB_FULL"))
ROOT = Path(__file__).parents[2]

LOADS = "CARD-001"
"""A mutant that cannot even be loaded proves nothing about the cases of the later tiers."""


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: f"{mutant.killer} {mutant.exchange}: {mutant.name}")
def test_a_mutant_is_killed_by_its_case(
    mutant: Mutant, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    cases = catalogue()
    killer = cases[mutant.killer]
    environ = {**os.environ, "PYTHONPATH": str(place(mutant, tmp_path)), "PYTHONDONTWRITEBYTECODE": "1"}
    with Worker(mutant.exchange, short=True, environ=environ) as worker:
        if killer.tier is not Tier.CARD:
            loads = worker.run(cases[LOADS])
            assert loads.state is State.PASSED, loads.failure
        killed = worker.run(killer)
        rest: list[Result] = []
        if FULL or killed.state is not State.FAILED:
            rest = _others(worker, killer, list(cases.values()))
    also = [result.case for result in rest if result.state is State.FAILED]
    killers = [killer.id, *also] if killed.state is State.FAILED else also
    record_property("mutant", [mutant.name, mutant.exchange, " ".join(killers)])
    assert killed.state is State.FAILED, f"{killer.id}: {killed.state} {killed.why or ''}; killed by {also or 'none'}"


def _others(worker: Worker, killer: Case, cases: list[Case]) -> list[Result]:
    """Run the other cases, those of the killer's tier first; only until one kills, where the table is not asked for."""
    found: list[Result] = []
    for case in sorted(cases, key=lambda case: case.tier is not killer.tier):
        if case.id in (killer.id, LOADS):
            continue
        found.append(worker.run(case))
        if not FULL and found[-1].state is State.FAILED:
            break
    return found


@pytest.mark.parametrize("exchange", sorted({mutant.exchange for mutant in mutants()}))
def test_every_mutant_can_still_be_made(exchange: str) -> None:
    # Whoever edits a line that a mutant names hears of it here, long before somebody tries all of them.
    for mutant in mutants():
        if mutant.exchange == exchange:
            assert mistaken(mutant)


@pytest.mark.mutants
def test_every_case_kills() -> None:
    killers = {mutant.killer for mutant in mutants()} | {entry.case for entry in elsewhere()}
    assert catalogue().keys() - killers == set()
    assert killers - catalogue().keys() == set()


@pytest.mark.mutants
def test_mutants_are_enough_and_told_apart() -> None:
    found = mutants()
    twice = [name for name, times in Counter(mutant.name for mutant in found).items() if times > 1]
    assert twice == []
    assert len(found) >= 80


@pytest.mark.mutants
def test_what_is_met_elsewhere_is_a_test() -> None:
    for entry in elsewhere():
        path, _, name = entry.test.partition("::")
        functions = {
            node.name
            for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name.partition("[")[0] in functions, entry
