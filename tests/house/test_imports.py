"""What may be imported where, as far as import-linter cannot say it."""

import ast
import subprocess
import sys


def imported(path, package):
    """The modules that one file names, relative ones spelled out (`path` is a module directly inside `package`)."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(part for part in (package if level else None, module) if part)
                yield from ([base] if base != package else (f"{package}.{alias.name}" for alias in names))


def test_simulated_side_stands_apart_from_the_client(members, repository):
    # a mistake in wire.py or parse.py must not cancel itself out in the venue that the client is proved against
    for member in members:
        package = member.folder / "src" / member.package
        rooms = {package / "sim.py": member.package} | dict.fromkeys(
            (package / "sim").glob("*.py"), f"{member.package}.sim"
        )
        for sim, home in rooms.items():
            if member.folder.parent == repository / "plugins" and sim.exists():
                own = {name for name in imported(sim, home) if name.split(".")[0] == member.package}
                allowed = tuple(f"{member.package}.{room}" for room in ("card", "_proto", "sim"))
                assert not [name for name in own if not name.startswith(allowed)], sim


def test_importing_the_core_loads_nothing_heavy():
    code = "import sys, arb_core; print(arb_core.__file__, *sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert loaded[0].endswith("__init__.py")
    assert not {"aiohttp", "picows", "pluggy", "rich", "sqlalchemy"} & set(loaded)
