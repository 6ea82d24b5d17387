"""`arb monitor`: spreads between venues, live. `arb demo` runs the same `run_monitor` over simulated venues."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

import click
from rich.console import Console

from arb_core.cli.loop import run, stop_on_signals, unless
from arb_core.cli.observing import Observation, observing
from arb_core.cli.opening import Opener, openers_for, policy_of
from arb_core.cli.options import DURATION, seconds, standard, symbols, venues
from arb_core.cli.plain import emit
from arb_core.cli.summary import Summary
from arb_core.cli.table import Board, Footer, Screen
from arb_core.cli.watch import Watch
from arb_core.engine.episodes import Episode, episode_key
from arb_core.engine.opportunity import Policy
from arb_core.errors import SettingsError
from arb_core.interfaces.context import Clock
from arb_core.interfaces.strategy import Strategy
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.pulse import Pulse
from arb_core.runtime.tasks import TaskOwner, within
from arb_core.structs.market import Symbol, VenueName
from arb_core.structs.opportunity import CheckState, Opportunity, Verdict

__all__ = ["command", "run_monitor"]

_SECOND = 1_000_000_000
_RATE_NS = 3 * _SECOND
"""The message rate is that of so long."""

_LOOK_NS = _SECOND // 2
"""How often the venues are asked how they are."""

Lines = Callable[[object], None]
"""Takes one JSON object."""


@click.command("monitor")
@click.argument(
    "file",
    required=False,
    type=click.Path(exists=True, dir_okay=False),
    metavar="[CONFIG.TOML]",
    envvar="ARB_CONFIG",
)
@venues(required=False)
@symbols(required=False)
@seconds()
@click.option("--min-edge-bps", type=float, help="Edges after fees strictly above this count.")
@click.option("--max-age", type=DURATION, help="A book that is older is stale, e.g. 5s.")
@standard
def command(
    *,
    file: str | None,
    venues: tuple[str, ...],
    symbols: tuple[Symbol, ...],
    seconds: float | None,
    min_edge_bps: float | None,
    max_age: int | None,
    as_json: bool,
) -> int:
    """Watch spreads between venues, live."""
    registry = Registry()
    options: dict[str, object] = {
        "symbols": [str(symbol) for symbol in symbols] or None,
        "strategies.spatial.min_edge_bps": min_edge_bps,
        "detection.max_age": None if max_age is None else f"{max_age}ns",
    }
    settings, openers = openers_for(venues, registry=registry, file=file, options=options)
    wanted = list(dict.fromkeys(Symbol.parse(text) for text in settings.symbols))
    if not openers:
        raise SettingsError("expected venues: -e NAME, or [venues.NAME] in a settings file", path=file)
    if not wanted:
        raise SettingsError("expected symbols: -s BASE/QUOTE, or symbols in a settings file", path=file)
    strategies = {name: registry.strategy(name, own) for name, own in settings.strategies.items()}

    async def watched() -> Summary:
        clock = SystemClock()
        async with observing(settings.observers, registry, clock) as observation:
            return await run_monitor(
                openers,
                wanted,
                strategies=strategies,
                policy=policy_of(settings.detection),
                title=f"arb monitor  {' '.join(openers)}",
                seconds=seconds,
                lines=emit if as_json else None,
                clock=clock,
                observation=observation,
            )

    summary = run(watched())
    emit(summary)
    if not summary.books:
        click.echo("arb: no venue could be reached", err=True)
        return 1
    return 0


async def run_monitor(
    openers: Mapping[VenueName, Opener],
    symbols: Sequence[Symbol],
    *,
    strategies: Mapping[str, Strategy],
    policy: Policy,
    title: str,
    seconds: float | None = None,
    lines: Lines | None = None,
    screen: Screen | None = None,
    clock: Clock | None = None,
    observation: Observation | None = None,
    on_start: Callable[[Watch], None] | None = None,
) -> Summary:
    """Watch until the time is over or SIGINT or SIGTERM comes; return what it came to.

    Args:
        openers: venue -> what opens it.
        symbols: what to follow.
        strategies: by name.
        policy: the bounds of the checks.
        title: first line of the table.
        seconds: how long; None = until told.
        lines: takes JSON objects (`event`, `opportunity`, `episode`) in place of a table.
        screen: where the table goes; stdout by default.
        clock: time; the machine's by default.
        observation: is given what there is to observe.
        on_start: told when the venues have answered, for example to listen to the session.

    Raises:
        InvalidSymbol: no venue lists one of the symbols; nothing has been shown.
    """
    clock = clock or SystemClock()
    with stop_on_signals() as stop:
        async with TaskOwner() as tasks:
            watch = Watch(openers, symbols, strategies=strategies, policy=policy, clock=clock)
            if observation is not None:
                observation.watch(watch)
            board = Board(watch.session, clock.now_ns)
            watch.listen(board.note)
            if lines is not None:
                _write_lines(watch, clock, lines)
            await unless(stop, watch.start(tasks))
            if on_start is not None:
                on_start(watch)
            pulse = Pulse(clock, _LOOK_NS, lambda _beat: watch.look())
            pulse.start()
            try:
                shown = None if lines is not None else screen or Screen(Console(file=sys.stdout), title)
                await _show(watch, board, shown, clock=clock, stop=stop, seconds=seconds)
            finally:
                pulse.stop()
            # Before the venues are closed: the books are to be told as they were.
            return watch.summary()


async def _show(
    watch: Watch, board: Board, screen: Screen | None, *, clock: Clock, stop: asyncio.Event, seconds: float | None
) -> None:
    """Draw until the time is over or someone says stop, and once more at the end."""
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
                screen.draw(board, _footer(watch, counts, (now_ns - began_ns) / _SECOND, seconds))
            if over:
                return
            wait_ns = round((1.0 if screen is None else screen.every_s) * _SECOND)
            await within(clock, wait_ns if end_ns is None else min(wait_ns, end_ns - now_ns), told())


def _footer(watch: Watch, counts: Sequence[tuple[int, int]], elapsed_s: float, total_s: float | None) -> Footer:
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
        troubles=tuple(f"{name}: {trouble}" for name, trouble in watch.troubles.items()),
    )


def _write_lines(watch: Watch, clock: Clock, lines: Lines) -> None:
    """Write what happens as JSON objects: an edge when it opens and when it closes, events as they come."""
    session = watch.session

    def opened(opportunity: Opportunity, verdict: Verdict) -> None:
        episode = session.episodes.open.get(episode_key(opportunity.strategy, opportunity))
        if episode is not None and episode.sightings == 1:
            lines({"kind": "opportunity", "ns": clock.now_ns(), **_opportunity(opportunity), **_judged(verdict)})

    def closed(episode: Episode) -> None:
        facts = {
            "open_ns": episode.last_ns - episode.opened_ns,
            "sightings": episode.sightings,
            "executable": episode.executable,
            "refused_by": None if episode.executable else episode.refused_by,
        }
        lines({"kind": "episode", "ns": clock.now_ns(), **_opportunity(episode.best), **facts})

    def told(venue: VenueName | None, text: str) -> None:
        lines({"kind": "event", "ns": clock.now_ns(), "venue": venue, "text": text})

    session.listen(opportunity=opened, episode=closed)
    watch.listen(told)


def _opportunity(opportunity: Opportunity) -> dict[str, object]:
    legs = [
        {
            "venue": leg.venue,
            "symbol": str(leg.symbol),
            "side": leg.side.name,
            "price": leg.price,
            "average": leg.average,
            "size": leg.size,
        }
        for leg in opportunity.legs
    ]
    return {
        "strategy": opportunity.strategy,
        "symbol": str(opportunity.symbol),
        "edge_bps": opportunity.edge_bps,
        "size": opportunity.size,
        "profit": opportunity.profit,
        "legs": legs,
    }


def _judged(verdict: Verdict) -> dict[str, object]:
    checks = {check.name: check.detail for check in verdict.checks if check.state is not CheckState.PASS}
    return {"executable": verdict.executable, "refused_by": verdict.refused_by, "not_passed": checks}
