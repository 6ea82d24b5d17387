"""`arb doctor`: is this machine, are the plugins, and is the way to each venue as they should be."""

import asyncio
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Literal

import click
import importlib_metadata
import msgspec

from arb_core.cli.loop import run
from arb_core.cli.opening import Opener, openers_for
from arb_core.cli.options import config_file, standard, venues
from arb_core.cli.plain import columns, emit
from arb_core.errors import ArbError
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.structs.market import VenueName
from arb_core.venue import Venue

__all__ = ["Finding", "command", "judge_skew"]

_SKEW_WARN_NS = 250_000_000
"""Above this, ages of quotes that the venue stamps are misleading."""
_SKEW_FAIL_NS = 1_000_000_000
"""Above this, venues begin to refuse signed requests: the narrowest windows end one second ahead of their clock."""

_SAMPLES = 3
"""Measurements of each venue; the one with the shortest way there and back is the most exact."""

_PATIENCE_S = 15.0


class Finding(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="finding"):
    """One thing that was looked at."""

    check: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    venue: str | None = None
    value: float | None = None
    """The measured figure, in the unit that the check's name ends with."""


@click.command("doctor")
@venues(required=False)
@config_file
@standard
def command(*, venues: tuple[str, ...], config: str | None, as_json: bool) -> int:
    """Check this machine, the plugins and the way to each venue."""
    registry = Registry()
    findings = [*_machine(registry), *_plugins(registry)]
    working = [entry.id for entry in registry.exchanges() if entry.state == "ok"]
    names = venues or (() if config is not None else working)
    _, openers = openers_for(names, registry=registry, file=config)
    findings += run(_venues(openers))
    for finding in findings:
        if as_json:
            emit(finding)
    if not as_json:
        rows = [(f"{f.venue} {f.check}" if f.venue else f.check, f.state, f.detail) for f in findings]
        click.echo(columns(("check", "state", "detail"), rows))
    return 1 if any(finding.state == "failed" for finding in findings) else 0


def _machine(registry: Registry) -> Iterable[Finding]:
    yield Finding(
        check="python", state="ok", detail=f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    yield Finding(check="arb-core", state="ok", detail=importlib_metadata.version("arb-core"))
    yield _loop()
    factory = registry.book_factory()
    yield Finding(check="order book", state="ok", detail=f"{factory.name} (rank {factory.rank})")


def _loop() -> Finding:
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError:
        cure = "asyncio's own" + ("" if sys.platform == "win32" else "; pip install uvloop is faster")
        return Finding(check="event loop", state="ok" if sys.platform == "win32" else "warning", detail=cure)
    return Finding(check="event loop", state="ok", detail=f"uvloop {uvloop.__version__}")


def _plugins(registry: Registry) -> Iterable[Finding]:
    for entry in registry.plugins():
        if entry.state == "ok":
            yield Finding(check=f"plugin {entry.id}", state="ok", detail=f"{entry.distribution} {entry.version or '?'}")
        else:
            detail = f"{entry.distribution}: {entry.reason}; {entry.cure}"
            yield Finding(check=f"plugin {entry.id}", state="failed", detail=detail)


async def _venues(openers: Mapping[VenueName, Opener]) -> list[Finding]:
    found = await asyncio.gather(*(_venue(name, opener) for name, opener in openers.items()))
    return [finding for findings in found for finding in findings]


async def _venue(name: VenueName, opener: Opener) -> list[Finding]:
    """Look at one venue; what goes wrong there is a finding, not an end."""
    try:
        async with asyncio.timeout(_PATIENCE_S), opener() as venue:
            return await _measure(name, venue)
    except ArbError as error:
        return [Finding(check="reachable", venue=name, state="failed", detail=str(error))]
    except TimeoutError:
        return [Finding(check="reachable", venue=name, state="failed", detail=f"no answer within {_PATIENCE_S:g} s")]


async def _measure(name: VenueName, venue: Venue) -> list[Finding]:
    clock = SystemClock()
    samples: list[tuple[int, int]] = []
    for _ in range(_SAMPLES):
        sent_ns, began_ns = clock.now_ns(), clock.monotonic_ns()
        server_ns = await venue.public.get_server_time()
        trip_ns = clock.monotonic_ns() - began_ns
        samples.append((trip_ns, server_ns - (sent_ns + trip_ns // 2)))
    trip_ns, skew_ns = min(samples)
    return [
        Finding(check="round trip ms", venue=name, state="ok", detail=f"{trip_ns / 1e6:.1f} ms", value=trip_ns / 1e6),
        judge_skew(name, skew_ns, trip_ns),
        *_limits(name, venue),
    ]


def judge_skew(venue: str, skew_ns: int, trip_ns: int) -> Finding:
    """Judge the venue's clock minus ours, known to within half the way there and back."""
    doubt_ns = trip_ns // 2
    sure_ns = max(0, abs(skew_ns) - doubt_ns)
    state: Literal["ok", "warning", "failed"] = (
        "ok" if sure_ns <= _SKEW_WARN_NS else "warning" if sure_ns <= _SKEW_FAIL_NS else "failed"
    )
    detail = f"{skew_ns / 1e6:+.0f} ms (± {doubt_ns / 1e6:.0f})"
    if state != "ok":
        detail += "; set this machine's clock, e.g. by NTP"
    return Finding(check="clock skew ms", venue=venue, state=state, detail=detail, value=skew_ns / 1e6)


def _limits(name: VenueName, venue: Venue) -> Iterable[Finding]:
    """Tell how much of each rate limit these few requests have used, as we and the venue count it."""
    for limit, use in venue.health().rest.budgets.items():
        detail = f"{use.spent} of {use.limit} in {use.window_ns / 1e9:g} s"
        if use.closed_ns:
            yield Finding(
                check=f"limit {limit}",
                venue=name,
                state="failed",
                detail=f"{detail}; the venue refuses for {use.closed_ns / 1e9:.0f} s",
            )
        else:
            yield Finding(check=f"limit {limit}", venue=name, state="ok", detail=detail)
