"""An exchange of a stranger, of a wire that no plugin of ours speaks, proved from its own wheel."""

import json
import os
from pathlib import Path

import pytest

ACME = Path(__file__).parent / "arb-acme"
FULL = bool(os.environ.get("ARB_FULL"))
"""Every example of every case: what `arb compliance run acme` does on a stranger's machine, in two minutes."""


@pytest.fixture
def lines(machine, wheel_of, tmp_path):
    machine.install(f"arb-acme[sim] @ {wheel_of(ACME).as_uri()}")
    ran = machine.arb("compliance", "run", "acme", "--json", *(() if FULL else ("--short",)), cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_exchange_of_a_stranger_is_self_consistent(lines):
    *results, summary = lines
    print(summary)
    assert (summary["kind"], summary["whole"], summary["verdict"]) == ("summary", True, "self-consistent")
    assert [result for result in results if result["state"] in {"failed", "waived"}] == []
    states = {result["case"]: result["state"] for result in results}
    # What no exchange of ours has: a book that comes with the stream, sums over what was printed, a login.
    assert {states[case] for case in ("STREAM-001", "STREAM-008", "PRIVATE-023")} == {"passed"}
    # Lines of text can be changed as well as JSON: no case of the wire is passed over.
    assert {state for case, state in states.items() if case.startswith("WIRE")} == {"passed"}
    assert sum(state == "passed" for state in states.values()) > 100


def test_workflow_of_the_stranger_is_the_templates(tmp_path):
    scaffolding = pytest.importorskip("arb_compliance.authoring.scaffold")
    pytest.importorskip("copier")
    answers = scaffolding.Answers(exchange="acme", name="Acme", separator=".", licence="MIT")
    scaffolding.scaffold(answers, tmp_path / "made", year=2026)
    for name in (".github/workflows/compliance.yml", "tests/test_compliance.py", ".gitignore"):
        assert (ACME / name).read_text() == (tmp_path / "made" / name).read_text(), (
            f"arb plugin new writes another {name}"
        )


def test_stranger_took_nothing_from_us():
    """It imports the contract, the simulation and itself."""
    import ast

    for path in (ACME / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                top, _, rest = module.partition(".")
                assert top not in {"arb_mexc", "arb_gateio", "arb_binance"}
                if top == "arb_core" and rest:
                    assert rest.split(".")[0] in {"structs", "interfaces", "errors"}, f"{path}: {module}"
