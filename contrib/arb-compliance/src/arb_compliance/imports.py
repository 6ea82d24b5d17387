"""What a package imports, and what its distribution declares."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import importlib_metadata

__all__ = ["declared", "has_room", "is_declared", "modules", "of_module", "of_package"]


def modules(package: str) -> Iterator[tuple[str, Traversable]]:
    """Yield every Python file of an installed package with its dotted name."""
    yield from _below(package, files(package))


def _below(name: str, folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and (entry / "__init__.py").is_file():
            yield from _below(f"{name}.{entry.name}", entry)
        elif entry.name.endswith(".py"):
            stem = entry.name.removesuffix(".py")
            yield (name if stem == "__init__" else f"{name}.{stem}"), entry


def of_module(name: str, source: str, *, is_package: bool = False) -> set[str]:
    """Return the dotted names that a module imports, relative ones made absolute."""
    found: set[str] = set()
    parent = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = parent.split(".")[: len(parent.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def of_package(package: str) -> dict[str, set[str]]:
    """Return top-level name -> the modules that import it, without the standard library and the package itself."""
    found: dict[str, set[str]] = {}
    for name, entry in modules(package):
        is_package = entry.name == "__init__.py"
        for imported in of_module(name, entry.read_text("utf-8"), is_package=is_package):
            top = imported.partition(".")[0]
            if top != package and top not in sys.stdlib_module_names:
                found.setdefault(top, set()).add(name)
    return found


def declared(distribution: Any) -> set[str]:
    """Return the normalised names of all distributions that one requires, extras included, and its own."""
    required: Iterable[str] = distribution.requires or ()
    names = {re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in required}
    return {_normal(name) for name in (*names, distribution.name)}


def is_declared(top: str, names: set[str]) -> bool:
    """Return whether a top-level name belongs to one of these distributions; a namespace may belong to several."""
    owners: dict[str, list[str]] = importlib_metadata.packages_distributions()  # type: ignore[assignment]
    return any(_normal(owner) in names for owner in owners.get(top, [top]))


def has_room(package: str, name: str) -> bool:
    """Return whether a package has a module or package of that name."""
    return (files(package) / f"{name}.py").is_file() or (files(package) / name / "__init__.py").is_file()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
