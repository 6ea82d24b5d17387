"""The distributions whose code may run where keys are: those of `[plugins] allow`, whole and unchanged.

Entered by `run --live`, `reconcile` and `doctor` before any plugin is imported. arb-core itself is always allowed, and
looked at like the others.
"""

from collections.abc import Iterable

from arb_core.cli.findings import Finding
from arb_core.config import PluginSettings
from arb_core.installed import COMMANDS, PLUGINS, SPECS, canonical, discover
from arb_core.provenance import Provenance, examine

__all__ = ["allowed", "check_allowed", "check_installed"]

_SHOWN = 3
"""Files that a finding names."""


def allowed(plugins: PluginSettings) -> list[str]:
    """Return the distributions that live trading may load."""
    return list(dict.fromkeys(map(canonical, ("arb-core", *plugins.allow, *plugins.editable))))


def check_allowed(plugins: PluginSettings) -> list[Finding]:
    """Look at every distribution that live trading may load."""
    editable = set(map(canonical, plugins.editable))
    return [_judge(examine(name), strict=name not in editable) for name in allowed(plugins)]


def check_installed() -> list[Finding]:
    """Look at every distribution that has a plugin, where nobody said which are allowed."""
    owners = {
        canonical(found.distribution)
        for group in (PLUGINS, SPECS, COMMANDS)
        for owners in discover(group).values()
        for found in owners
    }
    return [_judge(examine(name), strict=False) for name in sorted({"arb-core", *owners})]


def _judge(found: Provenance, *, strict: bool) -> Finding:
    """Judge one distribution; `strict` refuses a working copy."""
    check = f"files of {found.distribution}"
    if found.faults:
        return Finding(check=check, state="failed", detail=_faults(found))
    what = f"{found.version}, {found.files} files, sha256 {found.digest}"
    if not found.editable:
        return Finding(check=check, state="ok", detail=what)
    if strict:
        cure = (
            f'install it from a wheel, or say that you trust these files: [plugins] editable = ["{found.distribution}"]'
        )
        return Finding(check=check, state="failed", detail=f"{what}: a working copy, which anything may change: {cure}")
    return Finding(check=check, state="ok", detail=f"{what}: a working copy")


def _faults(found: Provenance) -> str:
    faults: Iterable[str] = found.faults[:_SHOWN]
    more = len(found.faults) - _SHOWN
    text = "; ".join(faults) + (f"; and {more} more" if more > 0 else "")
    if found.version is None:
        return text
    return f"{found.version}: {text}: reinstall it, and find out who changed it"
