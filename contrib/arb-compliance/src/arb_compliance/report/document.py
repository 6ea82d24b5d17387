"""The report as data: who was tested, with which kit, on what machine, and how every case ended."""

import hashlib
import platform
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import importlib_metadata
import msgspec

from arb_compliance.result import Counts, Evidence, Grade, Result, Verdict, count, verdict_of

__all__ = ["FORMAT", "Report", "Tested", "make", "read", "tested"]

FORMAT = 1


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution as it was installed."""

    distribution: str
    version: str
    sha256: str
    """Over path and bytes of every file of its package as they lay there: the same for equal sources, whether they came
    in a wheel or are installed in place for development."""
    files: int
    wheel: str | None = None
    """The SHA-256 of the wheel's file, where the installer wrote it down (PEP 610)."""
    editable: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the kit over one exchange."""

    format: int = FORMAT
    exchange: str
    verdict: Verdict
    counts: Counts
    kit: Tested
    plugin: Tested
    core: Tested
    python: str
    system: str
    ended: str
    """UTC, ISO 8601."""
    seconds: float
    evidence: tuple[Evidence, ...]
    results: tuple[Result, ...]
    whole: bool = True
    """Whether every case of the kit was asked. What was not cannot be certified."""
    short: bool = False
    """Whether each case drew one example only."""
    signature: str | None = None
    """Ed25519 over the report without this field, in base64, where a key was given: see `seal`."""


def make(
    exchange: str,
    *,
    distribution: str,
    package: str,
    results: Sequence[Result],
    evidence: Iterable[Evidence],
    seconds: float,
    cases: Collection[str],
    short: bool = False,
) -> Report:
    """Return the report of a run.

    Args:
        exchange: its id.
        distribution: that brings it.
        package: its import name.
        results: of the cases that were run.
        evidence: by capability.
        seconds: how long it took.
        cases: all ids of the kit.
        short: whether each case drew one example only.
    """
    stands = tuple(evidence)
    grades: Mapping[str, Grade] = {one.capability: one.grade for one in stands}
    counts = count(results)
    whole = {result.case for result in results} == set(cases)
    return Report(
        exchange=exchange,
        verdict=verdict_of(counts, grades, whole=whole),
        counts=counts,
        kit=tested("arb-compliance", "arb_compliance"),
        plugin=tested(distribution, package),
        core=tested("arb-core", "arb_core"),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        evidence=stands,
        results=tuple(results),
        whole=whole,
        short=short,
    )


def read(path: Path) -> Report:
    """Return a report that was written before.

    Raises:
        ValueError: it cannot be read, or is of another format.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError) as error:
        raise ValueError(f"{path}: {error}") from error
    if found.format != FORMAT:
        raise ValueError(f"{path}: a report of format {found.format}, and this kit reads {FORMAT}")
    return found


def tested(distribution: str, package: str) -> Tested:
    """Return what is installed under a name, by the bytes of its package as they lie there now: of what ran."""
    found: Any = importlib_metadata.distribution(distribution)
    origin: dict[str, Any] = msgspec.json.decode(found.read_text("direct_url.json") or "{}")
    digest, number = hashlib.sha256(), 0
    for name, file in _below(package, files(package)):
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
        number += 1
    return Tested(
        distribution=found.name,
        version=found.version,
        sha256=digest.hexdigest(),
        files=number,
        wheel=origin.get("archive_info", {}).get("hashes", {}).get("sha256"),
        editable=bool(origin.get("dir_info", {}).get("editable")),
    )


def _below(path: str, folder: Traversable) -> Iterable[tuple[str, Traversable]]:
    """Yield every file of a package with its path in it, in order, but for what the interpreter wrote itself."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _below(f"{path}/{entry.name}", entry)
        elif not entry.name.endswith(".pyc"):
            yield f"{path}/{entry.name}", entry
