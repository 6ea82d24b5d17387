"""`arb monitor`: spreads between venues, live. `arb demo` runs the same `run_monitor` over simulated venues."""

import sys
from collections.abc import Callable, Mapping, Sequence

import click
from rich.console import Console

from arb_core.cli.lines import Lines, write_lines
from arb_core.cli.loop import run, stop_on_signals, told, tuned, unless
from arb_core.cli.observing import Observation, observing
from arb_core.cli.opening import Opener, openers_for, policy_of
from arb_core.cli.options import DURATION, busy_poll, seconds, standard, symbols, venues
from arb_core.cli.plain import emit
from arb_core.cli.show import show
from arb_core.cli.summary import Summary
from arb_core.cli.table import Board, Screen
from arb_core.cli.watch import Watch
from arb_core.engine.opportunity import Policy
from arb_core.errors import SettingsError
from arb_core.interfaces.context import Clock
from arb_core.interfaces.strategy import Strategy
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.pulse import Pulse
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.market import Symbol, VenueName

__all__ = ["command", "run_monitor"]

_LOOK_NS = 500_000_000
"""How often the venues are asked how they are."""


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
@busy_poll
@standard
def command(
    *,
    file: str | None,
    venues: tuple[str, ...],
    symbols: tuple[Symbol, ...],
    seconds: float | None,
    min_edge_bps: float | None,
    max_age: int | None,
    busy_poll: bool | None,
    as_json: bool,
) -> int:
    """Watch spreads between venues, live."""
    registry = Registry()
    options: dict[str, object] = {
        "symbols": [str(symbol) for symbol in symbols] or None,
        "strategies.spatial.min_edge_bps": min_edge_bps,
        "detection.max_age": None if max_age is None else f"{max_age}ns",
        "loop.busy_poll": busy_poll,
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
        async with tuned(settings.loop, clock), observing(settings.observers, registry, clock) as observation:
            return await run_monitor(
                openers,
                wanted,
                strategies=strategies,
                policy=policy_of(settings.detection),
                title=f"arb monitor  {' '.join(openers)}{told(settings.loop)}",
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
                write_lines(watch, clock, lines)
            await unless(stop, watch.start(tasks))
            if on_start is not None:
                on_start(watch)
            pulse = Pulse(clock, _LOOK_NS, lambda _beat: watch.look())
            pulse.start()
            try:
                shown = None if lines is not None else screen or Screen(Console(file=sys.stdout), title)
                await show(watch, board, shown, clock=clock, stop=stop, seconds=seconds)
            finally:
                pulse.stop()
            # Before the venues are closed: the books are to be told as they were.
            return watch.summary()
