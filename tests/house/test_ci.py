"""What the README promises is what CI does."""

import configparser
import re


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
    tox = configparser.ConfigParser(interpolation=None)
    tox.read_string((repository / "tox.ini").read_text("utf-8"))
    assert "postgres" in tox["tox"]["env_list"].split(", ")
    assert "ARB_REQUIRE_POSTGRES" in tox["testenv:postgres"]["pass_env"].split()
    assert tox["testenv:postgres"]["commands"].startswith("python tests/house/postgres.py pytest ")
    assert "ARB_REQUIRE_POSTGRES" not in tox["testenv"]["pass_env"].split()
