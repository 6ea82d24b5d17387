"""What may stand in a file of the repository, and where."""

import ast
import re

# In a class of one letter each, so that this file does not contain what it looks for.
REGISTRIES = re.compile(
    r"pyp[i]\.org|pythonhoste[d]\.org|crate[s]\.io|npmj[s]\.(?:org|com)|deb(?:ian)?\.debia[n]\.org|(?:proxy|sum)\.golan[g]"
)
MACHINE = re.compile(r"(?<![\w.*/:-])/(?:root|home|Users|work|farm)/[\w.]")
SHARED = re.compile(r"\.\./share[d]")

ROOMS = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "conftest.py",
    "constraints.txt",
    "contrib",
    "core",
    "docs",
    "plugins",
    "pyproject.toml",
    "tests",
    "tox.ini",
}
TEST_ROOMS = {
    "bench",
    "chaos",
    "faults",
    "foreign",
    "fuzz",
    "house",
    "journeys",
    "mutants",
    "legacy-wire",
    "third_party",
}


def texts(ours):
    for path in ours:
        try:
            yield path, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a recording


def hits(ours, repository, pattern):
    return [
        f"{path.relative_to(repository)}:{number}: {line.strip()[:100]}"
        for path, text in texts(ours)
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_top_level_is_the_one_of_the_design(ours, repository):
    assert {path.relative_to(repository).parts[0] for path in ours} <= ROOMS


def test_tests_of_two_distributions_have_their_room(ours, repository):
    rooms = {path.relative_to(repository).parts[1] for path in ours if path.is_relative_to(repository / "tests")}
    assert rooms <= TEST_ROOMS


def test_no_file_names_a_package_registry(ours, repository):
    assert not hits(ours, repository, REGISTRIES)


def test_no_file_names_a_place_on_one_machine(ours, repository):
    assert not hits(ours, repository, MACHINE)


def test_nothing_reaches_outside_of_the_repository(ours, repository):
    assert not hits(ours, repository, SHARED)


def is_a_sleep(call):
    """`time.sleep(1)`, `asyncio.sleep(x)`, `sleep(1)`; not `sleep(0)`, which only lets others run, nor a clock's own."""
    if call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0:
        return False
    match call.func:
        case ast.Attribute(value=ast.Name(id="time" | "asyncio" | "anyio"), attr="sleep") | ast.Name(id="sleep"):
            return True
        case _:
            return False


def test_no_test_sleeps(ours, repository):
    # time belongs to a clock that the test moves; a process is waited for by reading its output
    tests = [path for path in ours if path.suffix == ".py" and "tests" in path.relative_to(repository).parts]
    assert tests
    sleeping = [
        f"{path.relative_to(repository)}:{node.lineno}"
        for path in tests
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and is_a_sleep(node)
    ]
    assert not sleeping
