"""ccxt with a key of our simulated accounts: its signed requests are understood, and it reads what our plugins read.

A private half that was written from the documentation, a client that has traded on the real venues for years, and a
plugin of ours: where all three agree about orders, fills and money, a mistake would have to be made three times alike.
"""

import asyncio
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from time import time_ns
from typing import cast

import arb_core as arb
import pytest
from arb_core.structs.account import Credentials
from arb_core.structs.market import Asset, Side
from arb_core.structs.order import ClientOrderId, OrderId, OrderRequest, OrderStatus
from arb_sim.kernel.access import keys
from arb_sim.kernel.venue import VenueKernel
from arb_sim.server import Servers
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World

pytestmark = pytest.mark.foreign

SYMBOLS = ["BTC/USDT", "LINK/USDT"]
LINK = arb.Symbol("LINK", "USDT")
FAR = Decimal("0.8")
"""Of the best bid: where an order rests."""
NEAR = Decimal("1.02")
"""Of the best ask: where an order takes from more than one level."""

THEIR_NAMES = {
    "mexc": "mexc",
    "gateio": "gate",
    "binance": "binance",
    "okx": "okx",
    "bybit": "bybit",
    "kucoin": "kucoin",
    "kraken": "kraken",
    "bitget": "bitget",
}
EXCHANGES = tuple(THEIR_NAMES)

OPTIONS = {
    # Without it ccxt asks for no order of a unified account, because the venue remembers the last 500 only.
    "bybit": {"fetchOrder": {"acknowledged": True}},
}
WITHOUT_COST = {"okx"}
"""Where an order tells the average price of its fills, rounded, instead of what they cost."""
UNLISTED = {"kraken"}
"""Where some refusals have no class of their own in ccxt's table."""
CLOSED = {"bybit"}
"""Where ccxt calls an order closed that ended with a part of it filled."""
BY_NAME = {"kucoin"}
"""Where chains have an id and a name, and ours are called by the name."""
SPARSE = {"kraken"}
"""Where later messages about an order name no symbol, so that ccxt cannot follow those of one symbol."""
WITHOUT_NETWORKS = {"okx", "kraken"}
"""Where our plugin does not read the state of deposits and withdrawals."""

THEIR_STATUS = {
    OrderStatus.OPEN: "open",
    OrderStatus.PARTIALLY_FILLED: "open",
    OrderStatus.FILLED: "closed",
    OrderStatus.CANCELED: "canceled",
}

every = pytest.mark.parametrize("exchange", EXCHANGES)


def moved(urls, rest_url, ws_url):
    """Their table of addresses, with our hosts and their paths."""
    if isinstance(urls, dict):
        return {name: moved(url, rest_url, ws_url) for name, url in urls.items()}
    if isinstance(urls, str) and "://" in urls:
        scheme, _, rest = urls.partition("://")
        return (rest_url if scheme.startswith("http") else ws_url) + "".join(rest.partition("/")[1:])
    return urls


class Stage:
    """Their client and ours before one simulated account, in a market that stands still."""

    def __init__(self, venue, theirs, ours):
        self.venue = venue
        self.theirs = theirs
        self.ours = ours

    async def best(self):
        """Best bid and ask as (price, size)."""
        book = await self.ours.public.get_orderbook(LINK, 5)
        return [tuple(Decimal(str(number)) for number in side[0]) for side in (book.bids, book.asks)]

    async def rests(self, **params):
        """Let their client place an order below the market."""
        (bid, _), _ = await self.best()
        price = float(round(bid * FAR, 2))
        return await self.theirs.create_order("LINK/USDT", "limit", "buy", 2, price, params)

    async def agree(self, order_id):
        """Ask all three of an order, and return what they agree on."""
        theirs = await self.theirs.fetch_order(order_id, "LINK/USDT")
        ours = await self.ours.private.get_order(LINK, order_id=OrderId(str(order_id)))
        (true,) = [order for order in self.venue.inspection.account().orders if order.id == str(order_id)]
        assert theirs["id"] == ours.order_id == true.id
        assert theirs["side"] == ours.side.name.lower() == true.side
        # "expired" = it ended although nobody cancelled it; ours does not tell these apart
        status = theirs["status"].replace("expired", "canceled")
        if self.ours.card.id in CLOSED and 0 < true.filled < (true.size or 0) and true.end is not None:
            assert status == "closed"
            status = "canceled"
        assert status == THEIR_STATUS[ours.status]
        assert Decimal(str(theirs["filled"])) == ours.filled == true.filled
        if self.ours.card.id in WITHOUT_COST:
            assert ours.filled_quote is None
        else:
            assert ours.filled_quote == true.spent
        if true.budget is None and self.ours.card.id not in WITHOUT_COST:  # else it is what might have been spent
            assert Decimal(str(theirs["cost"])) == true.spent
        if true.price is not None:
            assert Decimal(str(theirs["price"])) == ours.price == true.price
            assert Decimal(str(theirs["amount"])) == ours.quantity == true.size
        return ours


@asynccontextmanager
async def both(exchange):
    """Their client and ours, each with a key of its own to the one account: two clients of a key race for its nonces."""
    # Here, because every environment collects this file, and only one of them has ccxt.
    import ccxt.pro  # pyright: ignore[reportMissingImports]

    world = World(seed=11, symbols=SYMBOLS, start_ns=time_ns(), pace=Pace(steps_per_s=0))
    venue = cast("VenueKernel", simulate([exchange], world)[exchange])
    assert venue.keys is not None
    second = keys(exchange, world.seed, passphrase=venue.passphrase, number=2)
    venue.key_ring.issue(venue.account, second)
    async with Servers([venue]) as servers:
        host = f"127.0.0.1:{servers.venues[0].port}"
        rest_url, ws_url = f"http://{host}", f"ws://{host}"
        theirs = getattr(ccxt.pro, THEIR_NAMES[exchange])(
            {
                "apiKey": venue.keys.api_key,
                "secret": venue.keys.api_secret,
                "password": venue.keys.passphrase,
                "enableRateLimit": False,
                "options": OPTIONS.get(exchange, {}),
            }
        )
        theirs.urls["api"] = moved(theirs.urls["api"], rest_url=rest_url, ws_url=ws_url)
        theirs.has["fetchCurrencies"] = False  # asks for much that is no spot trading
        key = Credentials(api_key=second.api_key, api_secret=second.api_secret, api_passphrase=second.passphrase)
        try:
            async with arb.open_exchange(exchange, rest_url=rest_url, ws_url=ws_url, credentials=key) as ours:
                await ours.load_markets()
                yield Stage(venue, theirs, ours)
        finally:
            await theirs.close()


@every
async def test_balances_are_the_same(exchange):
    async with both(exchange) as here:
        await here.rests()
        theirs = await here.theirs.fetch_balance()
        ours = await here.ours.private.get_balances()
        true = here.venue.inspection.account().balances
        assert set(ours) == set(true) == {"BTC", "LINK", "USDT"}
        for asset, held in true.items():
            mine = ours[Asset(asset)]
            assert (mine.free, mine.locked) == (held.free, held.locked)
            told = theirs[asset]
            assert [Decimal(str(told[name])) for name in ("free", "used", "total")] == pytest.approx(
                [held.free, held.locked, held.free + held.locked], rel=Decimal("1e-12")
            )


@pytest.mark.parametrize("exchange", [exchange for exchange in EXCHANGES if exchange not in WITHOUT_NETWORKS])
async def test_networks_of_assets_are_the_same(exchange):
    async with both(exchange) as here:
        theirs = await here.theirs.fetch_currencies()
        side = here.ours.public if here.ours.card.asset_networks == "public" else here.ours.private
        ours = await side.get_asset_networks()
        assert set(theirs) == set(ours) == {"BTC", "LINK", "USDT"}
        for asset, networks in ours.items():
            told = {
                network["name" if exchange in BY_NAME else "id"]: network
                for network in theirs[asset]["networks"].values()
            }
            assert set(told) == {network.network for network in networks}
            for network in networks:
                shown = told[network.network]
                assert (shown["deposit"], shown["withdraw"]) == (network.deposit_open, network.withdraw_open)
                if network.withdraw_fee is not None:
                    assert Decimal(str(shown["fee"])) == network.withdraw_fee


@every
async def test_limit_order_rests_is_found_and_cancelled(exchange):
    async with both(exchange) as here:
        placed = await here.rests()
        order = await here.agree(placed["id"])
        assert (order.status, order.filled) == (OrderStatus.OPEN, 0)
        theirs = [order["id"] for order in await here.theirs.fetch_open_orders("LINK/USDT")]
        ours = [order.order_id for order in await here.ours.private.get_open_orders(LINK)]
        assert theirs == ours == [order.order_id]
        await here.theirs.cancel_order(placed["id"], "LINK/USDT")
        assert (await here.agree(placed["id"])).status is OrderStatus.CANCELED
        assert await here.theirs.fetch_open_orders("LINK/USDT") == []


@every
async def test_their_client_id_is_ours(exchange):
    async with both(exchange) as here:
        prefix = here.ours.card.client_ids.prefix
        placed = await here.rests(clientOrderId=f"{prefix}foreign00000000001")
        ours = await here.ours.private.get_order(LINK, client_order_id=ClientOrderId("foreign00000000001"))
        assert ours.order_id == placed["id"]
        (bid, _), _ = await here.best()
        mine = OrderRequest(
            symbol=LINK,
            side=Side.BUY,
            client_order_id=ClientOrderId("domestic0000000001"),
            quantity=Decimal(2),
            price=round(bid * FAR, 2),
        )
        ack = await here.ours.private.place_order(mine)
        theirs = await here.theirs.fetch_order(ack.order_id, "LINK/USDT")
        assert theirs["clientOrderId"] == f"{prefix}domestic0000000001"


@every
async def test_taking_orders_end_as_they_should(exchange):
    async with both(exchange) as here:
        _, (ask, size) = await here.best()
        placed = await here.theirs.create_order(
            "LINK/USDT", "limit", "buy", float(size + 3), float(ask), {"timeInForce": "IOC"}
        )
        order = await here.agree(placed["id"])
        assert (order.status, order.filled, order.quantity) == (OrderStatus.CANCELED, size, size + 3)
        sold = await here.theirs.create_order("LINK/USDT", "market", "sell", 3)
        order = await here.agree(sold["id"])
        assert (order.status, order.filled) == (OrderStatus.FILLED, 3)
        bought = await here.theirs.create_market_buy_order_with_cost("LINK/USDT", 50)
        order = await here.agree(bought["id"])
        assert order.status is OrderStatus.FILLED
        (true,) = [each for each in here.venue.inspection.account().orders if each.id == order.order_id]
        assert 49 < true.spent <= 50


@every
async def test_post_only_order_rests_or_is_refused(exchange):
    import ccxt  # pyright: ignore[reportMissingImports]

    async with both(exchange) as here:
        (bid, _), (ask, _) = await here.best()
        post_only = {"postOnly": True}
        rests = await here.theirs.create_order("LINK/USDT", "limit", "buy", 2, float(bid), post_only)
        assert (await here.agree(rests["id"])).status is OrderStatus.OPEN
        refused = (ccxt.ExchangeError,) if exchange in UNLISTED else (ccxt.InvalidOrder,)
        try:
            takes = await here.theirs.create_order("LINK/USDT", "limit", "buy", 2, float(ask), post_only)
        except refused:
            pass
        else:
            order = await here.agree(takes["id"])
            assert (order.status, order.filled) == (OrderStatus.CANCELED, 0)
        assert len(here.venue.inspection.account().fills) == 0


@every
async def test_fills_are_the_same(exchange):
    async with both(exchange) as here:
        since_ns = here.ours.clock.now_ns() - 10**9
        _, (ask, size) = await here.best()
        await here.theirs.create_order("LINK/USDT", "limit", "buy", float(size + 3), float(round(ask * NEAR, 2)))
        await here.theirs.create_order("LINK/USDT", "market", "sell", 3)
        theirs = await here.theirs.fetch_my_trades("LINK/USDT")
        ours = await here.ours.private.get_fills(LINK, since_ns)
        assert len(ours) >= 3
        assert {
            (trade["id"], trade["order"], trade["side"], trade["price"], trade["amount"], trade["takerOrMaker"])
            for trade in theirs
        } == {
            (
                fill.trade_id,
                fill.order_id,
                fill.side.name.lower(),
                float(fill.price),
                float(fill.quantity),
                fill.role.name.lower(),
            )
            for fill in ours
        }
        assert {trade["id"]: (trade["fee"]["cost"], trade["fee"]["currency"]) for trade in theirs} == {
            fill.trade_id: (float(str(fill.fee)), fill.fee_asset) for fill in ours
        }
        # Not in order: what was filled in one millisecond has none at MEXC.
        charged = [fill.fee for fill in ours if fill.fee is not None]
        assert sorted(charged) == sorted(fill.fee for fill in here.venue.inspection.account().fills)


@every
async def test_streamed_orders_are_the_same(exchange):
    async with both(exchange) as here:
        heard, told, begun = [], [], asyncio.Event()
        await here.ours.watch_orders(heard.append)

        async def listen():
            while not told or told[-1][1] == "open":
                news = await here.theirs.watch_orders(None if exchange in SPARSE else "LINK/USDT")
                told.extend((order["id"], order["status"]) for order in news)
                begun.set()

        listening = asyncio.create_task(listen())
        async with asyncio.timeout(60):
            placed = await here.rests()
            while not begun.is_set():  # their subscription says nothing when it stands: place until it is heard
                with suppress(TimeoutError):
                    await asyncio.wait_for(begun.wait(), 0.5)
                placed = await here.rests()
            await here.theirs.cancel_order(placed["id"], "LINK/USDT")
            await listening
        assert told[-1] == (placed["id"], "canceled")
        states = list(dict.fromkeys((order.order_id, THEIR_STATUS[order.status]) for order in heard))
        assert [state for state in states if state[0] == placed["id"]] == [
            (placed["id"], "open"),
            (placed["id"], "canceled"),
        ]


@every
async def test_errors_are_the_venues_own(exchange):
    import ccxt  # pyright: ignore[reportMissingImports]

    async with both(exchange) as here:
        (bid, _), _ = await here.best()
        with pytest.raises(ccxt.InsufficientFunds):
            await here.theirs.create_order("LINK/USDT", "limit", "buy", 30_000, float(bid))
        # Its code for a cancellation stands in their table of MEXC without a class of its own.
        with pytest.raises(ccxt.BadRequest if exchange == "mexc" else ccxt.OrderNotFound):
            await here.theirs.cancel_order("4711", "LINK/USDT")
        assert here.venue.inspection.account().orders == []


@every
async def test_tampered_request_is_refused(exchange):
    import ccxt  # pyright: ignore[reportMissingImports]

    async with both(exchange) as here:
        (bid, _), _ = await here.best()
        price = str(round(bid * FAR, 2))
        other = price[:-1] + str((int(price[-1]) + 1) % 10)
        sign = here.theirs.sign

        def tampered(*asked, **named):
            signed = sign(*asked, **named)
            return {
                name: value.replace(price, other) if isinstance(value, str) else value for name, value in signed.items()
            }

        here.theirs.sign = tampered
        with pytest.raises(ccxt.ExchangeError if exchange in UNLISTED else ccxt.AuthenticationError):
            await here.theirs.create_order("LINK/USDT", "limit", "buy", 2, float(price))
        here.theirs.sign = sign
        assert here.venue.inspection.account().orders == []
        await here.theirs.create_order("LINK/USDT", "limit", "buy", 2, float(price))
        (order,) = here.venue.inspection.account().orders
        assert order.price == Decimal(price)
