"""An interpreter that has just been started and imports one plugin: what that costs, loads, does and changes.

In the process that runs cases everything is imported long before a case can look. So this one is started anew, loads
what every command loads before it asks plugins, then the plugin, and tells what it saw.

    python -m arb_compliance.newborn RESULT_FD PACKAGE ENTRY_MODULE [MODULE...]

The modules behind are imported beforehand, so that a change of them can be told from their birth.
"""

import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from time import process_time
from typing import TYPE_CHECKING, cast

import msgspec

from arb_compliance.expect import CaseFailed, fail
from arb_compliance.measure import reference_s
from arb_compliance.tampering import changed, look
from arb_compliance.watch import Deed, Watch

if TYPE_CHECKING:
    from arb_compliance.subject import Subject

__all__ = ["Newborn", "birth", "of"]

_LIMIT_S = 30.0


class Newborn(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one import."""

    import_s: float
    """CPU time of the import and the hook of the card."""
    reference_s: float
    """CPU time of the piece of work that stands for this machine's speed."""
    modules: tuple[str, ...]
    """What it loaded."""
    deeds: tuple[tuple[str, str, tuple[str, ...]], ...]
    threads: tuple[str, ...]
    changed: tuple[str, ...]
    """What belongs to others and is another thing now."""

    def done(self) -> list[Deed]:
        """Return what was done meanwhile."""
        return [Deed(*deed) for deed in self.deeds]


def of(subject: "Subject", before: Iterable[str] = ()) -> Newborn:
    """Import the plugin under test in an interpreter of its own, once for all cases that ask for the same.

    Raises:
        CaseFailed: as `birth`.
    """
    key = ("newborn", *before)
    if key not in subject.kept:
        subject.kept[key] = birth(subject.package, subject.found.value.partition(":")[0], before)
    return cast("Newborn", subject.kept[key])


def birth(package: str, entry: str, before: Iterable[str] = ()) -> Newborn:
    """Import a plugin in an interpreter of its own.

    Raises:
        CaseFailed: it does not end, or ends without a word.
    """
    read, write = os.pipe()
    command = [sys.executable, "-m", "arb_compliance.newborn", str(write), package, entry, *before]
    try:
        done = subprocess.run(  # noqa: S603 (our own module, by the running interpreter)
            command, pass_fds=(write,), capture_output=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _lost(f"the import of {entry} does not end within {_LIMIT_S:g} s", error.stderr or b"") from error
    finally:
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            said = pipe.read()
    if not said:
        raise _lost(f"the import of {entry} ended the process", done.stderr)
    return msgspec.json.decode(said, type=Newborn)


def _lost(message: str, said: bytes) -> CaseFailed:
    return fail(message, found=said.decode(errors="replace")[-2000:], fix="importing a plugin only defines things")


def main() -> None:
    """Be born, import, tell."""
    result, package, entry, *before = sys.argv[1:]
    watch = Watch()
    for name in ("arb_core.registry", "arb_core.hookspecs", *before):
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # `from a import b` names a.b, which need not be a module; what is missing the import itself tells
    speed_s = reference_s()
    known, shared = set(sys.modules), look(package)
    with watch.deeds() as deeds:
        began = process_time()
        plugin = importlib.import_module(entry)
        plugin.arb_exchange_card()
        import_s = process_time() - began
    seen = Newborn(
        import_s=import_s,
        reference_s=speed_s,
        modules=tuple(sorted(set(sys.modules) - known)),
        deeds=tuple(cast("tuple[str, str, tuple[str, ...]]", tuple(deed)) for deed in deeds),
        threads=tuple(thread.name for thread in threading.enumerate() if thread is not threading.main_thread()),
        changed=tuple(changed(shared, look(package))),
    )
    os.write(int(result), msgspec.json.encode(seen))


if __name__ == "__main__":
    main()
