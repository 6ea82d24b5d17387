"""Whether the journal can be written, and how long a commit takes: so long each trade waits before it begins."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from arb_core.cli.findings import Finding, State
from arb_core.cli.journals import shown
from arb_core.engine.journal.opening import open_journal
from arb_core.errors import ArbError, JournalInUse
from arb_core.interfaces.context import Clock

__all__ = ["check_journal"]

_COMMITS = 20
_SLOW_MS = 50.0
"""A commit that takes longer costs more chances than it should: a disk of its own, or a nearer database, helps."""


def check_journal(place: str, clock: Clock) -> Iterable[Finding]:
    """Commit to a journal a few times; where there is none yet, to one beside its place that is removed afterwards."""
    trial = None
    if "://" not in place and not Path(place).exists():
        trial = Path(place).with_name(f".arb-doctor-{os.getpid()}.db")
    try:
        if trial is not None:
            trial.parent.mkdir(parents=True, exist_ok=True)
        spans = asyncio.run(_commit(place if trial is None else str(trial), clock))
    except JournalInUse as error:
        who = "another process" if error.pid is None else f"pid {error.pid}"
        detail = f"{shown(place)} is written by {who}, which runs: commits are not measured beside it"
        yield Finding(check="journal", state="ok", detail=detail)
        return
    except (ArbError, OSError) as error:
        yield Finding(check="journal", state="failed", detail=f"{shown(place)}: {error}")
        return
    finally:
        if trial is not None:
            for path in trial.parent.glob(f"{trial.name}*"):
                path.unlink()
    yield Finding(check="journal", state="ok", detail=f"{shown(place)} can be written")
    middle, worst = median(spans) / 1e6, max(spans) / 1e6
    state: State = "ok" if middle <= _SLOW_MS else "warning"
    detail = f"p50 {middle:.1f} ms, slowest of {len(spans)} {worst:.1f} ms"
    if state != "ok":
        detail += "; every trade waits so long: use a faster disk, or a database that is nearer"
    yield Finding(check="journal commit ms", state=state, detail=detail, value=middle)


async def _commit(place: str, clock: Clock) -> list[int]:
    journal = open_journal(place)
    try:
        spans: list[int] = []
        for _ in range(_COMMITS):
            began_ns = clock.monotonic_ns()
            await journal.settle()
            spans.append(clock.monotonic_ns() - began_ns)
        return spans
    finally:
        await journal.close()
