"""The report as data: who was tested, with which kit, on what machine, and how every case ended."""

import hashlib
import hmac
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import importlib_metadata
import msgspec

from arb_compliance.result import Counts, Evidence, Grade, Result, Verdict, count, verdict_of

__all__ = ["Report", "Tested", "make", "seal", "sealed_by"]

FORMAT = 1


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution as it was installed. `sha256` is over its RECORD: one changed byte in any file changes it."""

    distribution: str
    version: str
    sha256: str
    files: int


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
    signature: str | None = None
    """HMAC-SHA256 over the report without this field, where a key was given."""


def make(
    exchange: str, distribution: str, results: Sequence[Result], evidence: Iterable[Evidence], seconds: float
) -> Report:
    """Return the report of a run."""
    stands = tuple(evidence)
    grades: Mapping[str, Grade] = {one.capability: one.grade for one in stands}
    counts = count(results)
    return Report(
        exchange=exchange,
        verdict=verdict_of(counts, grades),
        counts=counts,
        kit=tested("arb-compliance"),
        plugin=tested(distribution),
        core=tested("arb-core"),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        evidence=stands,
        results=tuple(results),
    )


def tested(distribution: str) -> Tested:
    """Return what is installed under a name.

    The hash covers each file's path and bytes as they lie there now, so that it speaks of what ran, also where the
    distribution is installed in place for development.
    """
    found: Any = importlib_metadata.distribution(distribution)
    digest = hashlib.sha256()
    files = 0
    for entry in sorted(found.files or (), key=str):
        path = Path(str(entry.locate()))
        if path.suffix == ".pyc" or not path.is_file():
            continue
        digest.update(str(entry).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        files += 1
    return Tested(distribution=found.name, version=found.version, sha256=digest.hexdigest(), files=files)


def seal(report: Report, key: bytes) -> Report:
    """Return the report with a signature by a shared key."""
    return msgspec.structs.replace(report, signature=_signature(report, key))


def sealed_by(report: Report, key: bytes) -> bool:
    """Whether a report bears this key's signature and was not changed since."""
    return report.signature is not None and hmac.compare_digest(report.signature, _signature(report, key))


def _signature(report: Report, key: bytes) -> str:
    bare = msgspec.structs.replace(report, signature=None)
    return hmac.new(key, msgspec.json.encode(bare), hashlib.sha256).hexdigest()
