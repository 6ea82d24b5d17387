"""One official or widely used client of each exchange with a key of our simulated account: it reads, places, finds, cancels.

Each was written by the exchange or for it alone. What it sends is understood here, and what it is answered is what it
expects of the real venue; the module of each beside this one says its name and its words.
"""

import asyncio
import warnings
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import import_module
from time import time_ns
from typing import cast

import pytest
from arb_sim.kernel.venue import VenueKernel
from arb_sim.server import Servers
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World
from msgspec import structs

from .sdks.sdk import Sdk

pytestmark = [
    pytest.mark.foreign,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of what they use
]

LEVELS = 20
FAR = Decimal("0.8")
"""Of the best bid: where an order rests."""
SIZE = Decimal(2)
TOO_MUCH = Decimal(30_000)

SDKS = {
    "mexc": "Mexc",
    "gateio": "GateIo",
    "binance": "Binance",
    "okx": "Okx",
    "bybit": "Bybit",
    "kucoin": "KuCoin",
    "kraken": "Kraken",
    "bitget": "Bitget",
}

ask = asyncio.to_thread
every = pytest.mark.parametrize("exchange", SDKS)


class Stage:
    """Their client before a venue whose market stands still. It is asked in a thread, for it blocks."""

    def __init__(self, venue: VenueKernel, sdk: Sdk) -> None:
        self.venue = venue
        self.sdk = sdk

    def order(self):
        """Return the account's only order as the venue itself knows it."""
        (order,) = self.venue.inspection.account().orders
        return order

    def book(self):
        """Both sides of the book as the venue has them."""
        market = self.venue.by_symbol["LINK/USDT"]
        units = market.listing.tick, market.listing.lot
        return tuple(
            [(price * units[0], size * units[1]) for price, size in side.top(LEVELS)]
            for side in (market.book.bids, market.book.asks)
        )

    def far(self):
        """Return a price that nobody meets."""
        (bid, _), *_ = self.book()[0]
        return round(bid * FAR, 2)


@asynccontextmanager
async def before(exchange):
    """Let their client stand before the venue."""
    world = World(seed=11, symbols=["BTC/USDT", "LINK/USDT"], start_ns=time_ns(), pace=Pace(steps_per_s=0))
    venue = cast("VenueKernel", simulate([exchange], world)[exchange])
    with warnings.catch_warnings(action="ignore"):  # of how they are written
        client = getattr(import_module(f"{__package__}.sdks.{exchange}"), SDKS[exchange])
    async with Servers([venue]) as servers:
        sdk = await ask(client, f"http://127.0.0.1:{servers.venues[0].port}", venue.keys)
        try:
            yield Stage(venue, sdk)
        finally:
            await ask(sdk.close)


class Changed:
    """Stands between them, and puts another price into what was signed."""

    def __init__(self, venue, price):
        self._http = venue.http
        self._price = price
        self._other = price[:-1] + str((int(price[-1]) + 1) % 10)

    def __call__(self, request, now_ns):
        query = request.query.replace(self._price, self._other)
        body = request.body.replace(self._price.encode(), self._other.encode())
        assert (query, body) != (request.query, request.body)
        return self._http(structs.replace(request, query=query, body=body), now_ns)


@every
async def test_they_read_the_book(exchange):
    async with before(exchange) as here:
        assert await ask(here.sdk.book) == here.book()


@every
async def test_they_place_find_and_cancel(exchange):
    async with before(exchange) as here:
        price = here.far()
        order_id = await ask(here.sdk.buy, price, SIZE)
        placed = here.order()
        assert (placed.id, placed.side, placed.price, placed.size, placed.end) == (order_id, "buy", price, SIZE, None)
        assert await ask(here.sdk.order, order_id) == (order_id, "buy", price, SIZE, 0, here.sdk.resting)
        assert await ask(here.sdk.open_orders) == [order_id]
        await ask(here.sdk.cancel, order_id)
        assert here.order().end == "client"
        assert await ask(here.sdk.order, order_id) == (order_id, "buy", price, SIZE, 0, here.sdk.canceled)
        assert await ask(here.sdk.open_orders) == []


@every
async def test_they_see_what_was_filled(exchange):
    async with before(exchange) as here:
        (price, _), *_ = here.book()[1]
        order_id = await ask(here.sdk.buy, price, SIZE)
        assert (here.order().filled, here.order().end) == (SIZE, "filled")
        assert await ask(here.sdk.order, order_id) == (order_id, "buy", price, SIZE, SIZE, here.sdk.filled)


@every
async def test_a_changed_request_is_refused(exchange):
    async with before(exchange) as here:
        price = here.far()
        here.venue.http = Changed(here.venue, str(price))
        with pytest.raises(Exception, match=here.sdk.unsigned):
            await ask(here.sdk.buy, price, SIZE)
        assert here.venue.inspection.account().orders == []


@every
async def test_they_hear_the_venues_own_words(exchange):
    async with before(exchange) as here:
        order_id = await ask(here.sdk.buy, here.far(), SIZE)
        await ask(here.sdk.cancel, order_id)
        with pytest.raises(Exception, match=here.sdk.ended):
            await ask(here.sdk.cancel, order_id)
        with pytest.raises(Exception, match=here.sdk.unaffordable):
            await ask(here.sdk.buy, here.far(), TOO_MUCH)
        assert here.order().id == order_id
