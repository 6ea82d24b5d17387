"""Takes `demo.svg`, the picture of the README: `uv run python docs/images/picture.py`, about half a minute.

Nothing in it is drawn by hand. Three simulated exchanges serve real sockets on this machine, `arb_core.cli.monitor`
watches them through the real plugins, and rich exports what `arb_core.cli.table` shows. One symbol is a trap: on
Gate.io the ticker ONDO stands for another token, so that the picture also shows a refusal. The moment that is kept is
the last one at which something is executable and something is refused.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from io import StringIO
from pathlib import Path
from time import time_ns

from arb_core.cli.monitor import run_monitor
from arb_core.cli.opening import Opener
from arb_core.cli.table import WIDTH, Board, Footer, Screen
from arb_core.engine.opportunity import Policy
from arb_core.interfaces.context import Clock
from arb_core.registry import Registry
from arb_core.strategies.spatial import Spatial
from arb_core.structs.market import Symbol, VenueName
from arb_core.venue import open_exchange
from arb_sim.server import Servers
from arb_sim.simulation import simulate
from arb_sim.world import Dislocations, Quirk, World
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

EXCHANGES = ("mexc", "gateio", "binance")
SYMBOLS = ("BTC/USDT", "ETH/USDT", "ONDO/USDT")
TITLE = f"arb monitor  {' '.join(EXCHANGES)}  (simulated)"
SVG = Path(__file__).with_name("demo.svg")

SECOND = 1_000_000_000

# Whoever looks at the picture fetches no fonts from elsewhere.
SVG_FORMAT = re.sub(r"@font-face {{.*?}}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


class Camera(Screen):
    """A screen of 80 columns that keeps one picture."""

    def __init__(self, title: str) -> None:
        super().__init__(_paper(), title)
        self.svg: str | None = None

    @property
    def in_place(self) -> bool:
        """Draw at once, and often: any moment may be the one."""
        return True

    @property
    def every_s(self) -> float:
        """How often to look."""
        return 0.25

    def draw(self, board: Board, footer: Footer) -> None:
        """Draw, and keep what shows a good row beside a refused one."""
        self.console = _paper()
        super().draw(board, footer)
        if {"good", "refused"} <= {row.tone for row in board.rows()}:
            self.svg = self.console.export_svg(title="arb", unique_id="arb", code_format=SVG_FORMAT)


def _paper() -> Console:
    return Console(file=StringIO(), record=True, width=WIDTH, force_terminal=False)


def market(start_ns: int) -> World:
    """Return a market that disagrees now and then, with one trap."""
    trap = Quirk(exchange="gateio", symbol=Symbol.parse("ONDO/USDT"), contract=f"0x{'5a' * 20}", price_factor=1.31)
    return World(
        symbols=SYMBOLS, start_ns=start_ns, quirks=[trap], dislocations=Dislocations(per_minute=20, first_after_s=6)
    )


async def take(openers: Mapping[VenueName, Opener], seconds: float, clock: Clock | None = None) -> str:
    """Watch for so long and return the picture.

    Raises:
        RuntimeError: no moment showed both an executable row and a refused one.
    """
    camera = Camera(TITLE)
    await run_monitor(
        openers,
        [Symbol.parse(text) for text in SYMBOLS],
        strategies={"spatial": Spatial()},
        policy=Policy(price_window_ns=2 * SECOND),
        title=TITLE,
        seconds=seconds,
        screen=camera,
        clock=clock,
    )
    if camera.svg is None:
        raise RuntimeError("no moment showed both an executable row and a refused one: watch for longer")
    return camera.svg


async def main() -> None:
    """Serve, watch, write."""
    registry = Registry()
    venues = simulate(EXCHANGES, market(time_ns()), registry=registry)
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(Servers(venues.values()))
        openers: dict[VenueName, Opener] = {
            VenueName(exchange): partial(
                open_exchange,
                exchange,
                registry=registry,
                rest_url=f"http://127.0.0.1:{server.port}",
                ws_url=f"ws://127.0.0.1:{server.port}",
            )
            for exchange, server in zip(venues, servers.venues, strict=True)
        }
        SVG.write_text(await take(openers, 25), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
