"""One exchange as a library: ask it, watch it, see how it is. No key needed.

    python docs/examples/public_exchange_demo.py mexc BTC/USDT
    python docs/examples/public_exchange_demo.py mexc BTC/USDT --simulated

With `--simulated` the exchange is one of arb-sim's, in a process of its own; everything else stays the same.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack

import arb_core as arb
from arb_sim.child import serving


async def show(exchange: str, symbol: arb.Symbol, *, changes: int, simulated: bool) -> None:
    """Print what the exchange says, then `changes` updates of its book."""
    async with AsyncExitStack() as stack:
        hosts: dict[str, str] = {}
        if simulated:
            (served,) = await stack.enter_async_context(serving([exchange], seed=1, symbols=[str(symbol)]))
            hosts = {"rest_url": served.rest_url, "ws_url": served.ws_url}
        venue = await stack.enter_async_context(arb.open_exchange(exchange, **hosts))

        # By request.
        instruments = await venue.public.get_exchange_info()
        instrument = instruments[symbol]
        print(f"{exchange} lists {len(instruments)} instruments; {symbol} moves by {instrument.tick}, {instrument.lot}")
        for trade in list(await venue.public.get_recent_trades(symbol, 5))[-3:]:
            print(f"  {trade.taker.name.lower():5} {trade.size:g} at {trade.price:g}")

        # By stream: the book connects, synchronises and mends itself. Reading it costs no I/O.
        updates = asyncio.Queue[tuple[float, float]](changes)
        await venue.watch_orderbook(symbol)
        book = venue.orderbook(symbol)
        venue.on_book(lambda changed: None if updates.full() else updates.put_nowait((changed.bid, changed.ask)))
        for _ in range(changes):
            bid, ask = await updates.get()
            print(f"  bid {bid:g}  ask {ask:g}")
        print(f"best bids: {book.bids(3)}")

        health = venue.health()
        latency = health.latency
        print(f"{latency.count} messages, p99 {latency.p99 / 1000:.0f} us from a frame to the end of what it set off")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exchange")
    parser.add_argument("symbol", type=arb.Symbol.parse)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--simulated", action="store_true")
    options = parser.parse_args()
    asyncio.run(show(options.exchange, options.symbol, changes=options.changes, simulated=options.simulated))


if __name__ == "__main__":
    main()
