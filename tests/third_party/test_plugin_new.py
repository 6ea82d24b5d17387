"""`arb plugin new` on a stranger's machine: what it writes passes the tier of cards at once, and is in order."""

import json
from zipfile import ZipFile


def test_new_plugin_passes_the_tier_of_cards_and_is_told_what_comes_next(machine, wheel_of, tmp_path):
    made = machine.arb("plugin", "new", "north-sea", "--yes", "--author", "Ann Author", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "arb compliance next north-sea" in made.stdout
    folder = tmp_path / "arb-north-sea"
    machine.succeeds("ruff", "check", ".", cwd=folder)
    machine.succeeds("ruff", "format", "--check", ".", cwd=folder)
    machine.succeeds("mypy", cwd=folder)

    wheel = wheel_of(folder)
    names = set(ZipFile(wheel).namelist())
    assert {"arb_north_sea/samples/index.toml", "arb_north_sea/py.typed"} <= names
    assert "arb_north_sea-0.1.0.dist-info/licenses/LICENSE" in names

    machine.install("--no-deps", wheel)
    ran = machine.arb("compliance", "run", "north-sea", "--tier", "card", "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    *results, summary = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {result["state"] for result in results} <= {"passed", "not_asked"}
    assert [result["warnings"] for result in results if result["warnings"]] == []
    assert summary["passed"] >= 14

    told = machine.arb("compliance", "next", "north-sea", cwd=tmp_path)
    assert told.returncode == 1
    assert "NOT PROVED WIRE-" in told.stdout
    assert "docs/how-to/add-an-exchange.md" in told.stdout
