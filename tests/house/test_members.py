"""Each folder under core, plugins and contrib is one distribution that can be built, found and read."""

import ast
import re
from pathlib import Path

from packaging.requirements import Requirement


def test_every_folder_is_a_distribution(folders, repository):
    # uv stops altogether at such a folder, with an answer that names neither plugin nor cure
    stray = [str(folder.relative_to(repository)) for folder in folders if not (folder / "pyproject.toml").exists()]
    assert not stray, f"folders without a pyproject.toml stop uv; finish or remove them: {stray}"


def test_folder_and_distribution_bear_one_name(members, repository):
    names = {str(member.folder.relative_to(repository)): member.name for member in members}
    expected = {path: "arb-core" if path == "core" else Path(path).name for path in names}
    assert names == expected


def test_workspace_knows_every_member(members, workspace):
    sources = workspace["tool"]["uv"]["sources"]
    # What has a path instead is never published: tests/legacy-wire.
    assert {name for name, source in sources.items() if "workspace" in source} == {member.name for member in members}


def test_fresh_clone_installs_every_member(members, workspace):
    groups = workspace["dependency-groups"]
    wanted = [
        Requirement(line)
        for group in workspace["tool"]["uv"]["default-groups"]
        for line in groups[group]
        if isinstance(line, str)
    ]
    extras = {requirement.name: requirement.extras for requirement in wanted}
    assert {member.name for member in members} <= set(extras)
    with_simulation = {member.name for member in members if "sim" in member.project.get("optional-dependencies", {})}
    assert with_simulation == {name for name, chosen in extras.items() if "sim" in chosen}


def test_layer_contracts_cover_every_member(members, workspace):
    assert set(workspace["tool"]["importlinter"]["root_packages"]) == {member.package for member in members}


def test_members_are_complete(members, repository):
    missing = [
        str(path.relative_to(repository))
        for member in members
        for path in (
            member.folder / "README.md",
            member.folder / "CHANGELOG.md",
            member.folder / "src" / member.package / "__init__.py",
            member.folder / "src" / member.package / "py.typed",
        )
        if not path.exists()
    ]
    assert not missing


def test_package_is_the_only_thing_that_a_wheel_installs(members):
    for member in members:
        packages = {path.name for path in (member.folder / "src").iterdir() if not path.name.startswith("__")}
        assert packages == {member.package}


def test_package_says_what_it_is_for(members):
    for member in members:
        source = (member.folder / "src" / member.package / "__init__.py").read_text("utf-8")
        assert ast.get_docstring(ast.parse(source)), f"{member.package} has no docstring"


def test_changelog_begins_with_the_version(members):
    for member in members:
        version = re.escape(member.project["version"])
        changelog = (member.folder / "CHANGELOG.md").read_text("utf-8")
        newest = re.search(r"^## (.+)$", changelog, re.MULTILINE)
        assert newest, f"{member.name}: no version in CHANGELOG.md"
        assert re.match(version, newest[1]), f"{member.name}: the newest entry is {newest[1]}"


def test_classifiers_name_only_what_is_proved(members):
    proved = {
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
    }
    for member in members:
        lines = member.project["classifiers"]
        claimed = {line for line in lines if line.startswith(("Operating System", "Programming Language :: Python"))}
        assert claimed == proved, f"{member.name} claims {claimed ^ proved}"
        assert "Typing :: Typed" in lines


def test_members_agree(members):
    for member in members:
        assert member.project["requires-python"] == ">=3.11"
        assert member.project["license"] == "Apache-2.0"


def test_dependency_on_a_member_names_versions(members):
    # a contract that changes must not meet a plugin of yesterday
    names = {member.name for member in members}
    for member in members:
        optional = [line for lines in member.project.get("optional-dependencies", {}).values() for line in lines]
        for requirement in map(Requirement, [*member.project["dependencies"], *optional]):
            if requirement.name in names:
                operators = {clause.operator for clause in requirement.specifier}
                assert operators == {">=", "<"}, f"{member.name}: {requirement}"
            else:
                assert requirement.specifier, f"{member.name}: {requirement} has no lower bound"


def test_plugin_owns_one_id(members, repository):
    for member in members:
        if member.folder.parent == repository / "plugins":
            owned = member.project["entry-points"]["arb"]
            assert owned == {member.name.removeprefix("arb-"): f"{member.package}.plugin"}


def test_known_names_are_those_of_the_workspace(members):
    from arb_core.known import DISTRIBUTIONS, FAMILIES
    from arb_core.registry import Registry

    # The core's own strategies are never missing, so that nobody has to be told where to get them.
    plugins = [member for member in members if member.name != "arb-core"]
    owned = {name: member.name for member in plugins for name in member.project.get("entry-points", {}).get("arb", {})}
    assert owned == DISTRIBUTIONS
    families = {entry.id: entry.families for entry in Registry().plugins()}
    assert [name for family, names in FAMILIES.items() for name in names if family not in families[name]] == []
