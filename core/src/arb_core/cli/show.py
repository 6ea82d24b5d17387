"""Keeps the table on a screen until the time is over or somebody says stop: `monitor`, `run` and `demo`."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from arb_core.cli.table import Board, Footer, Screen, Standing
from arb_core.cli.watch import Watch
from arb_core.interfaces.context import Clock
from arb_core.runtime.tasks import within

__all__ = ["show"]

_SECOND = 1_000_000_000
_RATE_NS = 3 * _SECOND
"""The message rate is that of so long."""


async def show(
    watch: Watch,
    board: Board,
    screen: Screen | None,
    *,
    clock: Clock,
    stop: asyncio.Event,
    seconds: float | None,
    standing: Callable[[], Sequence[Standing]] = tuple,
) -> None:
    """Draw until the time is over or someone says stop, and once more at the end.

    Args:
        watch: what is watched.
        board: what there is to show of it.
        screen: where; None = nowhere, somebody else tells what happens.
        clock: time.
        stop: set when someone says stop.
        seconds: how long; None = until told.
        standing: how trading stands, asked at each picture.
    """
    began_ns = clock.monotonic_ns()
    end_ns = None if seconds is None else began_ns + round(seconds * _SECOND)
    counts: deque[tuple[int, int]] = deque()

    async def told() -> None:
        await stop.wait()

    with screen or nullcontext():
        while True:
            now_ns = clock.monotonic_ns()
            over = stop.is_set() or (end_ns is not None and now_ns >= end_ns)
            # Without a terminal every picture stays: the first one would only say that everything is starting.
            if screen is not None and (over or screen.in_place or now_ns > began_ns):
                counts.append((now_ns, watch.messages))
                while len(counts) > 2 and now_ns - counts[0][0] > _RATE_NS:
                    counts.popleft()
                screen.draw(board, _footer(watch, counts, (now_ns - began_ns) / _SECOND, seconds, standing()))
            if over:
                return
            wait_ns = round((1.0 if screen is None else screen.every_s) * _SECOND)
            await within(clock, wait_ns if end_ns is None else min(wait_ns, end_ns - now_ns), told())


def _footer(
    watch: Watch,
    counts: Sequence[tuple[int, int]],
    elapsed_s: float,
    total_s: float | None,
    standing: Sequence[Standing],
) -> Footer:
    (then_ns, before), (now_ns, messages) = counts[0], counts[-1]
    latency, opportunities = watch.session.latency, watch.session.counts()
    live, books = watch.live()
    return Footer(
        elapsed_s=elapsed_s,
        total_s=total_s,
        messages=messages,
        rate=0.0 if now_ns == then_ns else (messages - before) / ((now_ns - then_ns) / _SECOND),
        p50_ns=latency.quantile_ns(0.5),
        p99_ns=latency.quantile_ns(0.99),
        live=live,
        books=books,
        seen=opportunities.seen,
        executable=opportunities.executable,
        standing=tuple(standing),
        troubles=tuple(f"{name}: {trouble}" for name, trouble in watch.troubles.items()),
    )
