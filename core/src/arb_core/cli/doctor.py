"""`arb doctor`: are this machine, the plugins, the journal, the keys, and the way to each venue as they should be.

It asks and measures; nothing is traded, cancelled or changed.
"""

import platform
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import click
import importlib_metadata

from arb_core.cli.allowed import allowed, check_allowed, check_installed
from arb_core.cli.checks import check_venues
from arb_core.cli.findings import Finding, failed, show
from arb_core.cli.journal_check import check_journal
from arb_core.cli.journals import place_of
from arb_core.cli.keys import KeyRing
from arb_core.cli.loop import processors, run
from arb_core.cli.opening import openers_for
from arb_core.cli.options import config_file, standard, venues
from arb_core.config import LoopSettings, Settings, load_file
from arb_core.engine.journal.opening import require
from arb_core.errors import SettingsError
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.structs.market import Symbol

__all__ = ["command"]


@click.command("doctor")
@venues(required=False)
@config_file
@standard
def command(*, venues: tuple[str, ...], config: str | None, as_json: bool) -> int:
    """Check this machine, the plugins and the way to each venue."""
    plugins = load_file(config).plugins
    chosen = bool(plugins.allow or plugins.editable)
    # Before anything is imported; and what is not allowed is not.
    files = check_allowed(plugins) if chosen else check_installed()
    registry = Registry(allow=allowed(plugins)) if chosen else Registry()
    findings = [*_machine(registry), *_plugins(registry), *files]
    working = [entry.id for entry in registry.exchanges() if entry.state == "ok"]
    names = venues or (() if config is not None else working)
    keys = KeyRing()
    settings, openers = openers_for(names, registry=registry, file=config, keys=keys)
    symbols = list(dict.fromkeys(Symbol.parse(text) for text in settings.symbols))
    findings += [_loop(settings.loop), _garbage(settings.loop), *keys.broken()]
    findings += _journal(settings, keys)
    findings += run(check_venues(openers, symbols, SystemClock()))
    show(findings, as_json=as_json)
    return 1 if failed(findings) else 0


def _machine(registry: Registry) -> Iterable[Finding]:
    yield Finding(
        check="python", state="ok", detail=f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    yield Finding(check="arb-core", state="ok", detail=importlib_metadata.version("arb-core"))
    factory = registry.book_factory()
    yield Finding(check="order book", state="ok", detail=f"{factory.name} (rank {factory.rank})")


def _loop(settings: LoopSettings) -> Finding:
    waits = "busy polling: one processor at 100 %" if settings.busy_poll else "sleeps between messages"
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError:
        cure = f"asyncio's own, {waits}" + ("" if sys.platform == "win32" else "; pip install uvloop is faster")
        return Finding(check="event loop", state="ok" if sys.platform == "win32" else "warning", detail=cure)
    if settings.busy_poll and (found := processors()) < 2:
        return Finding(check="event loop", state="warning", detail=f"{waits}, and there is only {found}")
    return Finding(check="event loop", state="ok", detail=f"uvloop {uvloop.__version__}, {waits}")


def _garbage(settings: LoopSettings) -> Finding:
    detail = f"what is there {settings.warm_up} after the start is frozen" if settings.freeze else "nothing is frozen"
    return Finding(check="garbage", state="ok", detail=detail)


def _plugins(registry: Registry) -> Iterable[Finding]:
    for entry in registry.plugins():
        if entry.state == "ok":
            yield Finding(check=f"plugin {entry.id}", state="ok", detail=f"{entry.distribution} {entry.version or '?'}")
        else:
            detail = f"{entry.distribution}: {entry.reason}; {entry.cure}"
            yield Finding(check=f"plugin {entry.id}", state="failed", detail=detail)


def _journal(settings: Settings, keys: KeyRing) -> Iterable[Finding]:
    """Look at the journal of real trading, and at the locks of the keys that were found."""
    try:
        require("journal")
    except SettingsError as error:
        yield Finding(check="journal", state="warning", detail=f"{error}, for trading")
        return
    yield from check_journal(place_of(settings.journal, "live"), SystemClock())
    exchanges = [(name, settings.venues[name].exchange or name) for name in keys.found]
    with keys.held(exchanges, elsewhere="ok") as taken:
        held_elsewhere = {finding.venue for finding in taken}
        yield from taken
        for name in keys.found:
            if name not in held_elsewhere:
                yield Finding(check="key lock", venue=name, state="ok", detail="no other process holds it")
