"""Exact versions, in two lists that say the same and name no place to download from."""

import re
import subprocess

from packaging.requirements import Requirement


def lines(repository):
    return (repository / "constraints.txt").read_text("utf-8").splitlines()


def test_both_lists_are_one(repository, workspace):
    assert workspace["tool"]["uv"]["constraint-dependencies"] == lines(repository), "run `tox -e pin`"


def test_a_pin_is_a_name_and_one_version(repository):
    found = lines(repository)
    assert found, "no pins: run `tox -e pin`"
    for line in found:
        assert not re.search(r"file:|-e |://| @ ", line), line
        requirement = Requirement(line)
        assert [clause.operator for clause in requirement.specifier] == ["=="], line


def test_no_member_is_pinned(repository, members):
    assert not {Requirement(line).name for line in lines(repository)} & {member.name for member in members}


def test_every_direct_dependency_is_pinned(repository, members, workspace):
    own = set(workspace["tool"]["uv"]["sources"])
    grouped = [line for group in workspace["dependency-groups"].values() for line in group if isinstance(line, str)]
    declared = [line for member in members for line in member.project["dependencies"]]
    wanted = {Requirement(line).name for line in grouped + declared} - own
    assert not wanted - {Requirement(line).name for line in lines(repository)}, "run `tox -e pin`"


def test_no_lock_file_is_tracked(repository):
    # a lock file records the addresses that its packages came from
    names = ["*uv.lock", "*Cargo.lock", "*package-lock.json", "*poetry.lock", "*Pipfile.lock", "*yarn.lock"]
    listed = subprocess.run(["git", "ls-files", *names], cwd=repository, check=True, capture_output=True, text=True)
    assert not listed.stdout
