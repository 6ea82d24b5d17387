"""What the README promises is what CI does."""

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
