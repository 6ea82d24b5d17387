"""A process of simulated venues that disagree all the time, on real sockets: what `arb sim serve` is, livelier.

Run as a script: `serving.py SEED EXCHANGE...`. Prints one line of JSON for each venue, and ends when stdin does.
"""

import asyncio
import json
import sys
from time import time_ns
from typing import cast

from arb_sim.kernel.venue import VenueKernel
from arb_sim.server import Servers
from arb_sim.simulation import simulate
from arb_sim.world import Dislocations, Pace, World

SYMBOLS: tuple[str, ...] = ("LINK/USDT", "SOL/USDT")


async def main(seed: int, exchanges: list[str]) -> None:
    """Serve until stdin ends."""
    dislocations = Dislocations(
        per_minute=600, cycles_per_minute=0, first_after_s=0.5, lasting_s=(0.4, 1.2), edge_bps=(15.0, 40.0)
    )
    world = World(seed=seed, symbols=SYMBOLS, start_ns=time_ns(), pace=Pace(steps_per_s=4), dislocations=dislocations)
    venues = cast("dict[str, VenueKernel]", simulate(exchanges, world))
    async with Servers(venues.values()) as servers:
        for (exchange, venue), server in zip(venues.items(), servers.venues, strict=True):
            assert venue.keys is not None
            print(json.dumps({"exchange": exchange, "port": server.port, **venue.keys._asdict()}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
