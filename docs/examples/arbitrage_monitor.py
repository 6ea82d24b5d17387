"""Several exchanges, one detection session: the least code that finds spreads that are real after fees and depth.

    python docs/examples/arbitrage_monitor.py BTC/USDT ETH/USDT --seconds 30
    python docs/examples/arbitrage_monitor.py BTC/USDT ETH/USDT --seconds 10 --simulated

`arb monitor` does the same with a table, settings and venues that may be down; this is how it is put together.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack

import arb_core as arb
from arb_core.engine.opportunity import Policy
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.runtime.clock import SystemClock
from arb_core.strategies.spatial import Settings, Spatial
from arb_core.structs.opportunity import Opportunity, Verdict
from arb_sim.child import Injection, serving

EXCHANGES = ("mexc", "gateio", "binance")

SECOND = 1_000_000_000


def told(opportunity: Opportunity, verdict: Verdict) -> None:
    """Print one sighting. Called between a message and the next: whatever takes long belongs elsewhere."""
    buy, sell = opportunity.legs
    judgement = "executable" if verdict.executable else f"refused: {verdict.refused_by}"
    print(
        f"{opportunity.symbol}: buy {opportunity.size:g} on {buy.venue} at {buy.average:g}, "
        f"sell on {sell.venue} at {sell.average:g}: {opportunity.edge_bps:.1f} bps, {judgement}"
    )


def ignored(_injection: Injection) -> None:
    """The simulated market told of a disagreement that it made; `told` will find it by itself."""


async def monitor(symbols: list[arb.Symbol], *, seconds: float, simulated: bool) -> None:
    """Watch for a while, then say how many edges there were."""
    clock = SystemClock()
    # Where no contract proves that two tickers are one asset, prices have to agree for a while, by default 5 minutes.
    policy = Policy(price_window_ns=2 * SECOND) if simulated else Policy()
    session = DetectionSession(EngineView(clock), {"spatial": Spatial(Settings(min_edge_bps=1.0))}, policy)
    session.listen(opportunity=told)
    async with AsyncExitStack() as stack:
        hosts: dict[str, dict[str, str]] = {}
        if simulated:
            names = [str(symbol) for symbol in symbols]
            served = await stack.enter_async_context(serving(EXCHANGES, seed=1, symbols=names, on_injection=ignored))
            hosts = {venue.exchange: {"rest_url": venue.rest_url, "ws_url": venue.ws_url} for venue in served}
        for exchange in EXCHANGES:
            venue = await stack.enter_async_context(arb.open_exchange(exchange, **hosts.get(exchange, {})))
            await venue.load_markets()
            for symbol in symbols:
                instrument = venue.markets.instrument(symbol)
                fee = instrument.taker_fee if instrument.taker_fee is not None else venue.card.fees.taker
                session.market.add(await venue.watch_orderbook(symbol), instrument, float(fee))
            venue.on_book(session.on_book)
            venue.on_lost(session.on_lost)
        session.start()
        await clock.sleep(round(seconds * SECOND))
        session.stop()
        counts = session.counts()
        print(f"{counts.seen} edges, {counts.executable} of them executable; refused: {counts.refused or 'none'}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("symbols", nargs="+", type=arb.Symbol.parse)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--simulated", action="store_true")
    options = parser.parse_args()
    asyncio.run(monitor(options.symbols, seconds=options.seconds, simulated=options.simulated))


if __name__ == "__main__":
    main()
