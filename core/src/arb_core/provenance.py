"""Whose code may run where keys are: is an installed distribution still what its wheel brought?

Entered by `arb run --live` and `arb doctor`, before any plugin is imported; nothing here imports one. An installer
writes down the hash of every file (RECORD): what differs from it, lacks there or was put beside it has been changed.

What this cannot tell: who made the wheel, what its dependencies do, and what Python runs by itself when it starts.
"""

import csv
import hashlib
import sys
from base64 import urlsafe_b64encode
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

import importlib_metadata
import msgspec

from arb_core.known import COMMANDS, DISTRIBUTIONS

__all__ = ["Provenance", "examine", "own_bytecode"]

_HASHES = frozenset({"sha256", "sha384", "sha512"})

_CODE = frozenset({".py", ".pyc", ".so", ".pyd", ".dll", ".dylib", ".pth"})
"""What runs when it is imported, or when Python starts."""

_NOT_THE_WHEELS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""Written by the installer: they differ between machines."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What one distribution is made of."""

    distribution: str
    version: str | None = None
    editable: bool = False
    """Installed as a link to a working copy: its files may be changed at any time, and no RECORD lists them."""
    files: int = 0
    digest: str | None = None
    """SHA-256 over the names and hashes of its files, as they are now: the same wheel has the same digest anywhere."""
    faults: tuple[str, ...] = ()
    """What is not as its RECORD says; empty for a distribution that may be trusted as far as its maker is."""


def examine(name: str) -> Provenance:
    """Compare the files of an installed distribution with its RECORD. Imports nothing of it."""
    distribution: Any
    try:
        distribution = importlib_metadata.distribution(name)
        version = str(distribution.version)
    except importlib_metadata.PackageNotFoundError:
        ours = name in {"arb-core", *DISTRIBUTIONS.values(), *COMMANDS.values()}
        return Provenance(distribution=name, faults=(f"is not installed{f': pip install {name}' if ours else ''}",))
    if _is_editable(distribution):
        files = dict(_working_copy(distribution))
        return Provenance(distribution=name, version=version, editable=True, files=len(files), digest=_digest(files))
    # Read here: importlib-metadata leaves out what RECORD lists and is not there.
    listed = [_Listed(row[0], row[1], Path(distribution.locate_file(row[0]))) for row in _rows(distribution)]
    if not listed:
        return Provenance(distribution=name, version=version, faults=("has no RECORD",))
    files, faults = _compare(listed)
    faults += sorted(_beside(listed))
    return Provenance(distribution=name, version=version, files=len(files), digest=_digest(files), faults=tuple(faults))


@contextmanager
def own_bytecode() -> Generator[None]:
    """Compile sources anew in this block: bytecode beside them is in no RECORD, and Python would take it for them."""
    before = sys.pycache_prefix
    with TemporaryDirectory(prefix="arb-") as folder:
        sys.pycache_prefix = folder
        try:
            yield
        finally:
            sys.pycache_prefix = before


class _Listed(NamedTuple):
    """One line of RECORD."""

    name: str
    hash: str
    """`sha256=...`, or nothing."""
    path: Path


def _rows(distribution: Any) -> Iterable[list[str]]:
    return [row for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()) if len(row) == 3]


def _compare(listed: Iterable[_Listed]) -> tuple[dict[str, str], list[str]]:
    """Return the hashes of the files as they are, and what is wrong with them."""
    files: dict[str, str] = {}
    faults: list[str] = []
    for name, wanted, path in listed:
        if path.suffix == ".pyc" or path.name.startswith("RECORD"):
            continue
        mode, _, value = wanted.partition("=")
        if mode not in _HASHES:
            faults.append(f"{name} has no hash in RECORD")
            continue
        try:
            found = _hash(path, mode)
        except OSError as error:
            faults.append(f"{name} cannot be read: {error.strerror or error}")
            continue
        if found != value.rstrip("="):
            faults.append(f"{name} is not what RECORD says")
        if path.name not in _NOT_THE_WHEELS and ".." not in Path(name).parts:
            files[name] = found
    return files, faults


def _beside(listed: Iterable[_Listed]) -> Iterator[str]:
    """Find code in the packages of a distribution that its RECORD does not list."""
    known = {file.path.resolve() for file in listed}
    packages = {file.path.parent for file in listed if file.path.name == "__init__.py"}
    tops = {package for package in packages if package.parent not in packages}
    for top in tops:
        for path in top.rglob("*"):
            if path.suffix in _CODE and path.parent.name != "__pycache__" and path.resolve() not in known:
                yield f"{path.relative_to(top.parent).as_posix()} is not in RECORD"


def _is_editable(distribution: Any) -> bool:
    origin = distribution.origin
    return bool(getattr(getattr(origin, "dir_info", None), "editable", False))


def _working_copy(distribution: Any) -> Iterator[tuple[str, str]]:
    """Yield the sources behind the entry points of an editable distribution, with their hashes."""
    modules = {str(entry.value).partition(":")[0].partition(".")[0] for entry in distribution.entry_points}
    for module in sorted(modules):
        spec = find_spec(module)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            root = Path(place)
            for path in sorted(root.rglob("*")):
                if path.suffix in _CODE - {".pyc"}:
                    yield f"{module}/{path.relative_to(root).as_posix()}", _hash(path, "sha256")


def _hash(path: Path, mode: str) -> str:
    """Return a hash as RECORD spells it."""
    with path.open("rb") as file:
        return urlsafe_b64encode(hashlib.file_digest(file, cast("Any", mode)).digest()).decode().rstrip("=")


def _digest(files: dict[str, str]) -> str:
    lines = "".join(f"{name} {found}\n" for name, found in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
