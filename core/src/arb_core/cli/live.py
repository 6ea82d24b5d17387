"""What has to be right before a key is handed out: for `run --live` and `reconcile`.

In this order: the extra, the settings as far as they need no plugin, the allowed distributions and their files; only
then are plugins imported, keys looked for and held. What is wrong is told with its cure, all of a kind at once.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import click

from arb_core.cli.allowed import allowed, check_allowed
from arb_core.cli.findings import Finding, failed
from arb_core.cli.keys import KeyRing
from arb_core.cli.opening import Opener, openers_for
from arb_core.cli.plain import emit
from arb_core.config import Settings, load_file
from arb_core.engine.journal.opening import require
from arb_core.provenance import own_bytecode
from arb_core.registry import Registry
from arb_core.structs.market import VenueName

__all__ = ["Live", "NotReady", "go_on_with", "going_live", "refuse"]


class NotReady(Exception):
    """Something speaks against going live."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"{len(findings)} findings speak against going live")
        self.findings = findings


class Live(NamedTuple):
    """What may be used now."""

    settings: Settings
    registry: Registry
    openers: Mapping[VenueName, Opener]
    """With their keys."""
    findings: Sequence[Finding]
    """What was found so far; nothing of it failed."""


@contextmanager
def going_live(file: str | None, *, options: Mapping[str, object] | None = None) -> Generator[Live]:
    """Import what is allowed, and hold the keys of every venue of the settings during the block.

    Raises:
        NotReady: a distribution, a key or a lock is not as it should be.
        SettingsError: the settings are wrong, or an extra is not installed.
    """
    require("journal")
    plugins = load_file(file).plugins
    findings = check_allowed(plugins)
    go_on_with(findings)
    with own_bytecode():
        registry, keys = Registry(allow=allowed(plugins)), KeyRing()
        settings, openers = openers_for((), registry=registry, file=file, options=options, keys=keys)
        go_on_with([*keys.broken(), *keys.missing(settings.venues)])
        exchanges = [(name, own.exchange or name) for name, own in settings.venues.items()]
        with keys.held(exchanges) as taken:
            go_on_with(taken)
            yield Live(settings, registry, openers, findings)


def refuse(refusal: NotReady, *, as_json: bool) -> int:
    """Tell each reason with its cure; return the exit code."""
    for finding in refusal.findings:
        if as_json:
            emit(finding)
        click.echo(f"arb: not live: {finding.subject}: {finding.detail}", err=True)
    return 1


def go_on_with(findings: Sequence[Finding]) -> None:
    """Raise `NotReady` where something failed."""
    if against := failed(findings):
        raise NotReady(against)
