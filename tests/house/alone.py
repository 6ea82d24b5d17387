"""Proves that each distribution works as a wheel, with only what it declares.

Entered by `tox -e alone`, or with names of distributions; by `tox -e floor` with the oldest versions that each declares
instead of the pinned ones. In the workspace everything is installed beside everything, so a
forgotten dependency, a file that the wheel lacks or an import of a neighbour is never noticed there. Here each distribution
gets a fresh environment with its wheel, the wheels of the members that it declares, and the pinned versions of the rest.
Then every module is imported, and those of its tests are run that need no further distribution; after that once more
with the extras of the distribution, for the modules and tests that need one. As many distributions at a time as there are
processors; what one says is shown when it has ended.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[2]
PINNED = ("--constraint", ROOT / "constraints.txt")

# A simulated side is used with the extra `sim` only, and generated code is reached through the modules that use it.
# Only the packages that an extra brings, named behind, may be missing; the modules that miss one are written down.
IMPORT_ALL = """
import importlib, pkgutil, sys
from pathlib import Path
package = importlib.import_module(sys.argv[1])
assert "site-packages" in package.__file__, package.__file__
names = [found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
names = [name for name in names if name.split(".")[1:2] != ["sim"] and not name.endswith("__main__")]
missing = []
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] not in sys.argv[2:]:
            raise
        missing.append(name)
Path("missing.txt").write_text("".join(f"{name}\\n" for name in missing))
print(f"{sys.argv[1]}: {len(names) + 1 - len(missing)} modules imported, {len(missing)} need an extra")
"""


@dataclass(frozen=True)
class Member:
    """One distribution of the workspace."""

    folder: Path
    name: str
    declared: dict[str, str]
    """What it depends on, extras left out: name -> the whole line."""
    optional: list[str]
    """What its extras bring, simulated sides left out, which need a member."""
    extras: dict[str, list[str]]

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")


def read_members() -> dict[str, Member]:
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]["workspace"]
    members = {}
    for file in sorted(file for glob in workspace["members"] for file in ROOT.glob(f"{glob}/pyproject.toml")):
        if str(file.parent.relative_to(ROOT)) not in workspace["exclude"]:
            project = tomllib.loads(file.read_text("utf-8"))["project"]
            declared = {bare_name(line): line for line in project["dependencies"]}
            extras = project.get("optional-dependencies", {})
            optional = [line for extra, lines in extras.items() if extra != "sim" for line in lines]
            members[project["name"]] = Member(file.parent, project["name"], declared, optional, extras)
    return members


def bare_name(requirement: str) -> str:
    """Cut `picows>=2.0; python_version > "3"` down to `picows`."""
    end = next((i for i, char in enumerate(requirement) if not (char.isalnum() or char in "-_.")), len(requirement))
    return requirement[:end]


def brought_by_extras(requirement: str, members: dict[str, Member]) -> list[str]:
    """What `arb-core[journal]` needs beyond `arb-core`."""
    name = bare_name(requirement)
    named = re.match(r"\[([^]]*)\]", requirement[len(name) :])
    extras = [] if named is None else [extra.strip() for extra in named[1].split(",")]
    return [line for extra in extras for line in members[name].extras[extra]]


def with_needs(member: Member, members: dict[str, Member]) -> set[str]:
    """The member and all members that it depends on, directly or not."""
    found = {member.name}
    for name in member.declared.keys() & members.keys():
        found |= with_needs(members[name], members)
    return found


@cache
def imports(file: Path) -> frozenset[str]:
    """The modules that a file imports, wherever in it, by name or by `import_module`, and the packages that they are in."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            names |= {str(node.args[0].value)}  # `import_module("...")`, `importorskip("...")`
    return frozenset(names | {name.split(".")[0] for name in names})


def reached(file: Path, helpers: dict[str, Path], seen: frozenset[str] = frozenset()) -> set[str]:
    """The same of a test and of every helper beside the tests that it imports."""
    names = set(imports(file))
    for name in sorted(names & helpers.keys() - seen):
        names |= reached(helpers[name], helpers, seen | {name})
    return names


def sorted_tests(
    member: Member, members: dict[str, Member], optional: set[str]
) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the test files that run with what a member requires, those that need an extra, and the others.

    Raises:
        Failed: even its outermost conftest needs a distribution that it does not declare.
    """
    installed = with_needs(member, members)
    absent = {other.package for other in members.values() if other.name not in installed}
    files = sorted((member.folder / "tests").rglob("*.py"))
    helpers = {file.stem: file for file in files if not file.name.startswith(("test_", "conftest"))}
    left_out = [file for file in files if reached(file, helpers) & absent]
    rooms = {file.parent for file in left_out if file.name == "conftest.py"}
    if member.folder / "tests" in rooms:
        raise Failed(
            f"alone: {member.name}: conftest.py imports one of {absent}; a test needs it, so none could run alone"
        )
    left_out += [file for file in files if file not in left_out and rooms & set(file.parents)]
    chosen = [file for file in files if file.name.startswith("test_") and file not in left_out]
    later = [file for file in chosen if reached(file, helpers) & optional]
    return [file for file in chosen if file not in later], later, left_out


def run_alone() -> set[Path]:
    """Return every test file that needs no more than what its distribution declares."""
    members = read_members()
    chosen = (sorted_tests(member, members, set()) for member in members.values())
    return {file for at_once, later, _ in chosen for file in (*at_once, *later)}


class Failed(Exception):
    """A command that must succeed did not."""


class Transcript:
    """Runs commands that must succeed, and keeps what they say: several distributions at once would talk confusedly."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def run(self, *command: str | Path, cwd: Path = ROOT) -> None:
        """Run a command, free of the environment that this script was started in."""
        environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        words = list(map(str, command))
        done = subprocess.run(
            words, cwd=cwd, env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.stdout:
            self.say(done.stdout.rstrip())
        if done.returncode:
            raise Failed(f"alone: failed ({done.returncode}): {' '.join(words)}")


def prove(
    member: Member, members: dict[str, Member], wheels: dict[str, Path], place: Path, shown: Transcript, *, lowest: bool
) -> None:
    """Install one member into an environment of its own, import it all, run the tests that need no more.

    Raises:
        Failed: it does not work alone.
    """
    run = shown.run
    place.mkdir()
    installed = with_needs(member, members)
    python = place / "venv" / "bin" / "python"
    run("uv", "venv", "--quiet", "--python", sys.executable, place / "venv")
    install = ("uv", "pip", "install", "--quiet", "--no-config", "--python", python)
    declared = [item for name in installed for item in members[name].declared.items()]
    needed = [line for need, line in declared if need not in members]
    needed += [each for need, line in declared if need in members for each in brought_by_extras(line, members)]
    resolution = ("--resolution", "lowest-direct") if lowest else PINNED
    run(*install, *resolution, *sorted(wheels[name] for name in installed), *needed)
    (place / "import_all.py").write_text(IMPORT_ALL, "utf-8")
    brought = {bare_name(line).replace("-", "_") for line in member.optional}
    run(python, "-W", "error", place / "import_all.py", member.package, *sorted(brought), cwd=place)
    run("uv", "pip", "check", "--quiet", "--python", python)
    # Every test has pytest, so the extra that brings it is no reason to wait for the others.
    optional = (brought | set((place / "missing.txt").read_text("utf-8").split())) - {"pytest"}

    at_once, later, left_out = sorted_tests(member, members, optional)
    shown.say(
        f"{member.name}: {len(at_once)} test files, {len(later)} need its extras, "
        f"{len(left_out)} need further distributions"
    )
    # The import mode by hand: the oldest pytest that a member declares does not read our settings.
    mode = ("--import-mode=importlib", "-p", "no:cacheprovider")
    settings = ("-c", ROOT / "pyproject.toml", "--rootdir", member.folder, "--confcutdir", ROOT, *mode)
    pytest = (python, "-m", "pytest", "-q", "--hypothesis-profile=ci", *settings)
    if at_once or later:
        run(*install, *(() if lowest else PINNED), "--group", f"{ROOT / 'pyproject.toml'}:test")
    if at_once:
        run(*pytest, *at_once, cwd=place)
    if member.optional:
        run(*install, *resolution, *sorted(wheels[name] for name in installed), *needed, *member.optional)
        run(python, "-W", "error", place / "import_all.py", member.package, cwd=place)
        run("uv", "pip", "check", "--quiet", "--python", python)
    if later:
        run(*pytest, *later, cwd=place)


def build(names: Iterable[str], members: dict[str, Member], place: Path) -> dict[str, Path]:
    """Build the wheels of members, by name."""
    for name in names:
        Transcript().run("uv", "build", "--quiet", "--wheel", "--out-dir", place, members[name].folder)
    return {name: next(place.glob(f"{members[name].package}-*.whl")) for name in names}


def size(member: Member) -> int:
    """How much there is to test, roughly."""
    return sum(file.stat().st_size for file in (member.folder / "tests").rglob("test_*.py"))


def prove_all(names: Iterable[str], members: dict[str, Member], place: Path, *, lowest: bool) -> None:
    """Prove members, the largest first, and show what each says when it has ended.

    Raises:
        Failed: one does not work alone; those that had not begun are left out.
    """
    wanted = set().union(*(with_needs(members[name], members) for name in names))
    wheels = build(sorted(wanted), members, place / "wheels")
    in_order = sorted((members[name] for name in names), key=size, reverse=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        begun_s = monotonic()
        under_way = {}
        for member in in_order:
            shown = Transcript()
            proof = pool.submit(prove, member, members, wheels, place / member.name, shown, lowest=lowest)
            under_way[proof] = member.name, shown
        for proof in as_completed(under_way):
            name, shown = under_way[proof]
            print(f"\n== {name}, after {monotonic() - begun_s:.0f} s", *shown.lines, sep="\n", flush=True)
            if proof.exception():
                pool.shutdown(wait=False, cancel_futures=True)
                proof.result()


def main() -> None:
    members = read_members()
    arguments = set(sys.argv[1:])
    names = sorted(arguments - {"--lowest"}) or list(members)
    if unknown := set(names) - members.keys():
        sys.exit(f"alone: no such distribution: {sorted(unknown)}; there are {sorted(members)}")
    with tempfile.TemporaryDirectory(prefix="arb-alone-") as folder:
        try:
            prove_all(names, members, Path(folder), lowest="--lowest" in arguments)
        except Failed as failure:
            sys.exit(str(failure))
    print(f"\n{len(names)} passed, 0 failed")


if __name__ == "__main__":
    main()
