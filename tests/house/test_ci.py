"""What the README promises is what CI does."""

import ast
import configparser
import re

import pytest


def environments(repository):
    tox = configparser.ConfigParser(interpolation=None)
    tox.read_string((repository / "tox.ini").read_text("utf-8"))
    return tox


def test_ci_runs_the_two_commands_of_the_readme(repository):
    commands = re.findall(
        r"^pip install (?:uv|tox) && .+$", (repository / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(commands) == 2
    script = (repository / ".ci" / "run").read_text("utf-8")
    assert re.findall(r"^ *fresh \w+ '(.+)'$", script, re.MULTILINE) == commands


def test_ci_can_be_started(repository):
    script = repository / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text("utf-8").startswith("#!/usr/bin/env bash\n")


def test_a_server_that_cannot_be_had_is_a_failure_in_ci_alone(repository):
    script = (repository / ".ci" / "run").read_text("utf-8")
    required = script.index("\nexport ARB_REQUIRE_POSTGRES=1\n")
    assert required < script.index("\nfresh tox ")
    tox = environments(repository)
    assert "postgres" in tox["tox"]["env_list"].split(", ")
    assert "ARB_REQUIRE_POSTGRES" in tox["testenv:postgres"]["pass_env"].split()
    assert tox["testenv:postgres"]["commands"].startswith("python tests/house/postgres.py pytest ")
    assert "ARB_REQUIRE_POSTGRES" not in tox["testenv"]["pass_env"].split()


def marks(file):
    """The marks that a file of tests gives."""
    return {
        node.attr
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "mark"
    }


@pytest.mark.parametrize("mark", ["bench", "chaos", "faults", "foreign", "fuzz", "mutants", "postgres", "soak"])
def test_every_test_of_a_mark_is_where_its_environment_looks(ours, repository, mark):
    (command,) = (
        line
        for section in environments(repository).values()
        for line in section.get("commands", "").splitlines()
        if f"-m {mark} " in line
    )
    looked = re.search(r"\{posargs:(.+)\}$", command)
    assert looked
    rooms = [repository / room for room in looked[1].split()]
    tests = [file for file in ours if file.suffix == ".py" and "tests" in file.parts and mark in marks(file)]
    assert tests
    assert [file for file in tests if not any(file.is_relative_to(room) for room in rooms)] == []
