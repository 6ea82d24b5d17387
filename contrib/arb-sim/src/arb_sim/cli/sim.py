"""`arb sim serve`: simulated venues on the loopback address, for a stranger's client or a look at a venue's wire."""

import asyncio
import sys
from pathlib import Path
from time import time_ns
from typing import Any

import click
from arb_core.cli.loop import run, stop_on_signals
from arb_core.cli.options import standard
from arb_core.cli.plain import emit, note
from arb_core.errors import SettingsError

from arb_sim.assets import DEFAULT_SYMBOLS

__all__ = ["sim"]

_SKIPS_AFTER_NS = 250_000_000
"""Five steps of each price: so long this process may be kept from the processor without anybody's noticing."""


@click.group()
def sim() -> None:
    """Simulated exchanges."""


def _symbols(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


@sim.command()
@click.argument("exchanges", nargs=-1, required=True, metavar="EXCHANGE...")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 = a free one; of several, the first's.")
@click.option(
    "--symbols", callback=_symbols, default=",".join(DEFAULT_SYMBOLS), show_default=True, metavar="BASE/QUOTE,..."
)
@click.option("--seed", type=int, default=0, show_default=True, help="One integer makes the whole market.")
@click.option("--faults", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A fault script.")
@click.option("--capture", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Replay a recording.")
@click.option("--steps-per-s", type=click.FloatRange(min=0), default=20.0, show_default=True, help="Moves of a price.")
@click.option("--dislocate", is_flag=True, help="Let venues disagree now and then, and print each time as a line.")
@click.option("--while-stdin", is_flag=True, help="End when stdin closes: with the program that started this one.")
@standard
def serve(exchanges: tuple[str, ...], *, as_json: bool, **options: Any) -> None:
    """Serve venues until SIGTERM or Ctrl-C. Prints one line for each as soon as it answers.

    Several venues live in one market.
    """
    run(_serve(exchanges, as_json=as_json, **options))


async def _serve(
    exchanges: tuple[str, ...],
    *,
    as_json: bool,
    port: int,
    symbols: tuple[str, ...],
    seed: int,
    faults: Path | None,
    capture: Path | None,
    steps_per_s: float,
    dislocate: bool,
    while_stdin: bool,
) -> None:
    from arb_sim.faults import FaultScript, load_script
    from arb_sim.recording import RecordedWorld
    from arb_sim.server import Servers
    from arb_sim.simulation import keys, simulate
    from arb_sim.world import Dislocations, Injected, Pace, World

    world: World
    if capture is None:
        try:
            world = World(
                seed=seed,
                symbols=symbols,
                start_ns=time_ns(),
                pace=Pace(steps_per_s=steps_per_s, skips_after_ns=_SKIPS_AFTER_NS),
                dislocations=Dislocations() if dislocate else None,
            )
        except ValueError as error:
            raise SettingsError(str(error), key="--symbols") from error
    else:
        world = RecordedWorld(capture, start_ns=time_ns(), seed=seed)
    try:
        script = FaultScript() if faults is None else load_script(faults)
        venues = simulate(exchanges, world, scripts=dict.fromkeys(exchanges, script))
    except (ValueError, LookupError) as error:
        raise SettingsError(str(error), path=str(faults)) from error

    def tell(injected: Injected) -> None:
        emit({"kind": "injected", **_plain(injected)})

    world.on_injected = tell
    with stop_on_signals() as stop:
        if while_stdin:
            await _stop_with_stdin(stop)
        async with Servers(venues.values(), port=port) as servers:
            for (exchange, venue), server in zip(venues.items(), servers.venues, strict=True):
                host = f"127.0.0.1:{server.port}"
                line = {
                    "exchange": exchange,
                    "rest_url": f"http://{host}",
                    "ws_url": f"ws://{host}",
                    **(venue.keys or keys(exchange, seed))._asdict(),
                    "symbols": [str(symbol) for symbol in world.symbols],
                }
                if as_json:
                    emit(line)
                else:
                    click.echo(f"{exchange}: {line['rest_url']} {line['ws_url']} {' '.join(line['symbols'])}")
            if not as_json:
                note("Ctrl-C ends it.")
            await stop.wait()


async def _stop_with_stdin(stop: asyncio.Event) -> None:
    """Set `stop` when whoever holds the other end of stdin has closed it, or has died."""

    class EndOfInput(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(EndOfInput, sys.stdin)


def _plain(injected: Any) -> dict[str, Any]:
    return {
        "symbol": str(injected.symbol),
        "buy": injected.buy,
        "sell": injected.sell,
        "start_ns": injected.start_ns,
        "end_ns": injected.end_ns,
        "edge_bps": injected.edge_bps,
        "path": list(injected.path),
    }
