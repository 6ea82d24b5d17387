"""What is installed beside this: entry points, read distribution by distribution, none of them loaded.

Entered by `registry`, and by whoever shows or proves what others have installed. Nothing that a stranger's file holds
hides what the others have.
"""

import re
from collections.abc import Iterable
from typing import Any, cast

import importlib_metadata
import msgspec

from arb_core import hookspecs

__all__ = ["COMMANDS", "ID", "PLUGINS", "SPECS", "Found", "canonical", "discover"]

PLUGINS = hookspecs.PROJECT
SPECS = "arb.specs"
COMMANDS = "arb.commands"
"""Entry-point groups: what implements hooks, what adds hooks, what adds commands."""

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""What an id may look like; `-` becomes `_` in the names of environment variables."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An installed entry point, not yet loaded. `fault` = its distribution's list of entry points is unreadable."""

    name: str
    group: str
    value: str
    distribution: str
    version: str | None
    fault: str | None = None

    @property
    def owner(self) -> str:
        """Name the distribution with its version, for messages."""
        return self.distribution if self.version is None else f"{self.distribution} {self.version}"


def canonical(distribution: str) -> str:
    """Return the one spelling of a distribution's name: `Arb.Mexc` and `arb_mexc` are `arb-mexc`."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def discover(group: str) -> dict[str, list[Found]]:
    """Return the entry points of a group by name, each with every distribution that owns it. Loads nothing.

    Distributions are read one by one: one whose list is unreadable does not hide the others.
    """
    by_name: dict[str, list[Found]] = {}
    seen: set[str] = set()
    distributions: Iterable[Any] = cast("Any", importlib_metadata).distributions()
    for distribution in distributions:
        for found in _entries_of(distribution, group):
            # The same distribution may lie twice on sys.path; the first one is what an import would find.
            key = f"{canonical(found.distribution)}:{found.name}"
            if key not in seen:
                seen.add(key)
                by_name.setdefault(found.name, []).append(found)
    return dict(sorted(by_name.items()))


def _entries_of(distribution: Any, group: str) -> Iterable[Found]:
    try:
        entries = list(distribution.entry_points.select(group=group))
    except Exception as error:  # noqa: BLE001 (whatever a stranger's file makes the parser do)
        text = distribution.read_text("entry_points.txt") or ""
        if f"[{group}]" in text:
            name, version = _identity(distribution)
            fault = f"its entry_points.txt is unreadable: {error}"
            yield Found(name=name, group=group, value="", distribution=name, version=version, fault=fault)
        return
    if entries:
        name, version = _identity(distribution)
        for entry in entries:
            yield Found(name=entry.name, group=group, value=entry.value, distribution=name, version=version)


def _identity(distribution: Any) -> tuple[str, str | None]:
    """Return name and version; a folder without METADATA goes by the folder's name."""
    try:
        return distribution.name, distribution.version
    except Exception:  # noqa: BLE001 (as above; the name is only for messages)
        return str(distribution.locate_file("")) or "unknown", None
