"""ccxt before a simulated Bitget whose books are as documented: it verifies the checksum of each update."""

import asyncio
from time import time_ns

import pytest
from arb_bitget.card import Settings
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.venue import VenueKernel
from arb_sim.server import Servers
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World

pytestmark = pytest.mark.foreign

UPDATES = 15


async def followed(theirs):
    """Take some updates of a book."""
    for _ in range(UPDATES):
        await theirs.watch_order_book("BTC/USDT")


async def test_sums_are_what_ccxt_reckons_and_a_spoilt_one_is_found():
    # Here, because every environment collects this file, and only one of them has ccxt.
    import ccxt.pro  # pyright: ignore[reportMissingImports]

    world = World(seed=11, symbols=["BTC/USDT"], start_ns=time_ns(), pace=Pace(steps_per_s=10))
    venue = simulate(["bitget"], world, settings={"bitget": Settings(book="checksum")})["bitget"]
    assert isinstance(venue, VenueKernel)
    async with Servers([venue]) as servers:
        host = f"127.0.0.1:{servers.venues[0].port}"
        theirs = ccxt.pro.bitget({"enableRateLimit": False})
        api = theirs.urls["api"]
        theirs.urls["api"] = {
            name: f"http://{host}" if isinstance(url, str) else {role: f"ws://{host}/v2/ws/{role}" for role in url}
            for name, url in api.items()
        }
        theirs.has["fetchCurrencies"] = False
        try:
            async with asyncio.timeout(60):
                await followed(theirs)
                venue.faults.arm(Fault(kind=FaultKind.BAD_CHECKSUM))
                # It leaves the channel at once, and either error may be the first that is heard.
                with pytest.raises((ccxt.ChecksumError, ccxt.UnsubscribeError)):
                    await followed(theirs)
        finally:
            await theirs.close()
