"""Simulated venues in a process of their own that disagree far more often than `arb sim serve` lets them.

    python market.py EXCHANGES SYMBOLS PER_MINUTE

Prints a JSON line for each venue, serves until stdin closes, and then prints when each order was read: a JSON object,
the text of the request -> monotonic nanoseconds, which all processes of a machine share. The venues' own budgets are
lifted: what is measured is not how long one waits for them.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from time import monotonic_ns, time_ns

import uvloop
from arb_sim.kernel.limits import Window
from arb_sim.kernel.venue import VenueKernel
from arb_sim.server import Servers
from arb_sim.simulation import simulate
from arb_sim.venue import Request, Response
from arb_sim.world import Dislocations, Pace, World

LASTING_S = (0.3, 0.5)
STEPS_PER_S = 5.0
"""Of each price: little else happens than what is traded."""


def unlimited(self: Window, units: int, now_ns: int) -> bool:
    """Take the place of `Window.spend`."""
    return True


def stamped(http: Callable[[Request, int], Response | None], read: dict[str, int]) -> Callable:
    """Note when a request that may be an order was read."""

    def noting(request: Request, now_ns: int) -> Response | None:
        if request.method == "POST":
            read[request.query + request.body.decode()] = monotonic_ns()
        return http(request, now_ns)

    return noting


def market(per_minute: float) -> tuple[Pace, Dislocations | None]:
    """Return how lively it is; with 0 dislocations it stands still."""
    if not per_minute:
        return Pace(steps_per_s=0), None
    dislocations = Dislocations(per_minute=per_minute, cycles_per_minute=0, lasting_s=LASTING_S, edge_bps=(15.0, 40.0))
    return Pace(steps_per_s=STEPS_PER_S), dislocations


async def serve(exchanges: list[str], symbols: list[str], per_minute: float) -> None:
    pace, dislocations = market(per_minute)
    world = World(seed=1, symbols=symbols, start_ns=time_ns(), pace=pace, dislocations=dislocations)
    venues = simulate(exchanges, world)
    read: dict[str, int] = {}
    for venue in venues.values():
        venue.http = stamped(venue.http, read)
    async with Servers(venues.values()) as servers:
        for (exchange, venue), server in zip(venues.items(), servers.venues, strict=True):
            assert isinstance(venue, VenueKernel)
            assert venue.keys is not None
            line = {"exchange": exchange, "port": server.port, "keys": venue.keys}
            print(json.dumps(line), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(read), flush=True)


def main() -> None:
    exchanges, symbols, per_minute = sys.argv[1:]
    Window.spend = unlimited
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(exchanges.split(","), symbols.split(","), float(per_minute)))


if __name__ == "__main__":
    main()
