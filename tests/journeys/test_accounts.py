"""Each exchange's own client, signed and over the wire, against its simulated venue: the contract holds for all alike.

What the client says is compared with the venue's own account, and what a card claims is tried.
"""

from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from typing import cast

import pytest
from arb_core.errors import (
    AuthenticationFailed,
    ClockSkew,
    InsufficientBalance,
    InvalidOrder,
    InvalidSymbol,
    OrderNotFound,
    RateLimitError,
    TradingDisabled,
)
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.structs.account import Credentials
from arb_core.structs.card import Capability
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import (
    ClientOrderId,
    LiquidityRole,
    OrderId,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from arb_core.venue import open_exchange
from arb_sim.faults import Fault, FaultKind
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World

pytestmark = pytest.mark.looptime(noop_cycles=0)

SECOND = 1_000_000_000
LINK, BTC = Symbol("LINK", "USDT"), Symbol("BTC", "USDT")
EXCHANGES = ("mexc", "gateio", "binance")

CAPABILITIES = {exchange: Registry().card(exchange).capabilities for exchange in EXCHANGES}


def those_with(capability):
    """The exchanges whose card claims it."""
    claim = [exchange for exchange in EXCHANGES if capability in CAPABILITIES[exchange]]
    return pytest.mark.parametrize("exchange", claim)


every = pytest.mark.parametrize("exchange", EXCHANGES)


class Stage:
    """An open exchange before its simulated venue, whose market stands still."""

    def __init__(self, venue, exchange, *, world, transport, clock, key):
        self.venue = venue
        self.key = key
        self.exchange = exchange
        self.private = exchange.private
        self.clock = clock
        self.market = venue.by_symbol["LINK/USDT"]
        self._world = world
        self._transport = transport
        self._ids = count(1)

    def best(self):
        """Best bid and ask as (price, size)."""
        tick, lot = self.market.listing.tick, self.market.listing.lot
        sides = (self.market.book.bids, self.market.book.asks)
        return [(side.best * tick, side.sizes[side.best] * lot) for side in sides]

    def request(self, **wanted):
        """An order: by default one that rests below the market."""
        (bid, _), _ = self.best()
        tick = self.market.listing.tick
        defaults = {
            "symbol": LINK,
            "side": Side.BUY,
            "quantity": None if "quote_quantity" in wanted else Decimal(2),
            "price": None if wanted.get("type") is OrderType.MARKET else bid * Decimal("0.9") // tick * tick,
            "client_order_id": ClientOrderId(f"t{next(self._ids):017d}"),
        }
        return OrderRequest(**{**defaults, **wanted})

    async def place(self, **wanted):
        """Place an order and ask what became of it."""
        request = self.request(**wanted)
        ack = await self.private.place_order(request)
        order = await self.private.get_order(request.symbol, order_id=ack.order_id)
        assert order.order_id == ack.order_id
        assert ack.filled is None or ack.filled == order.filled
        return request, order

    async def street(self, price, size, *, taker_buys=False):
        """Let somebody else take so much at a price."""
        self._world.timeline.run(self._transport.now_ns)
        listing = self.market.listing
        now_ns = self._world.timeline.now_ns
        self.market.trade(round(price / listing.tick), round(size / listing.lot), now_ns, taker_buys=taker_buys)
        self._transport._rearm()
        await self.clock.sleep(SECOND)

    def fault(self, **fault):
        self.venue.faults.arm(Fault(**fault))


@asynccontextmanager
async def stage(exchange, *, credentials=None):
    """Open an exchange with a key of its simulated account."""
    registry = Registry()
    clock = LoopClock()
    world = World(seed=3, symbols=["BTC/USDT", "LINK/USDT"], start_ns=clock.now_ns(), pace=Pace(steps_per_s=0))
    venue = cast("VenueKernel", simulate([exchange], world, registry=registry)[exchange])
    assert venue.keys is not None
    hosts = registry.card(exchange).hosts
    urls = [hosts.rest, hosts.ws_public, hosts.ws_private, hosts.ws_api]
    transport = MemoryTransport({url: venue for url in urls if url}, clock, latency_ns=2_000_000)
    right = Credentials(api_key=venue.keys.api_key, api_secret=venue.keys.api_secret)
    async with open_exchange(
        exchange, registry=registry, clock=clock, transport=transport, credentials=credentials or right
    ) as opened:
        await opened.load_markets()
        yield Stage(venue, opened, world=world, transport=transport, clock=clock, key=right)
    await transport.close()


def told_of(fill, *role):
    """A fill as the client tells of it."""
    return (fill.order_id, fill.pair, fill.side, fill.price, fill.quantity, fill.fee, fill.fee_asset, *role)


def true_of(fill, *, roles=False):
    """The same fill as the venue knows it."""
    role = (LiquidityRole.MAKER if fill.maker else LiquidityRole.TAKER,) if roles else ()
    side = Side[fill.side.upper()]
    return (fill.order, fill.pair, side, fill.price, fill.size, fill.fee, fill.fee_asset, *role)


def true_fills(here):
    return here.venue.inspection.fills()


def assert_named_after(fills, true):
    """Each has an id of its own, which the venue may spell in a way of its own."""
    assert all(str(known.trade) in fill.trade_id for fill, known in zip(fills, true, strict=True))
    assert len({fill.trade_id for fill in fills}) == len(fills)


# Money


@every
async def test_balances_are_the_venues_own(exchange):
    async with stage(exchange) as here:
        await here.place()
        shown = {asset: (held.free, held.locked) for asset, held in (await here.private.get_balances()).items()}
        true = {asset: (held.free, held.locked) for asset, held in here.venue.inspection.balances().items()}
        assert shown == true
        assert shown["USDT"][1] > 0


@every
async def test_fees_are_the_accounts_own(exchange):
    async with stage(exchange) as here:
        here.venue.account.fees[here.market.pair] = (Decimal("0.0004"), Decimal("0.0007"))
        fees = await here.private.get_trading_fees(LINK)
        assert (fees.maker, fees.taker) == (Decimal("0.0004"), Decimal("0.0007"))
        listing = here.venue.by_symbol["BTC/USDT"].listing
        fees = await here.private.get_trading_fees(BTC)
        assert (fees.maker, fees.taker) == (listing.maker_fee, listing.taker_fee)


# Every type of order


@every
async def test_limit_order_rests_and_is_found_by_either_id(exchange):
    async with stage(exchange) as here:
        request, order = await here.place()
        assert (order.status, order.filled) == (OrderStatus.OPEN, 0)
        assert (order.pair, order.side, order.type) == (here.market.pair, Side.BUY, OrderType.LIMIT)
        assert (order.price, order.quantity) == (request.price, request.quantity)
        assert order.client_order_id == request.client_order_id
        assert await here.private.get_order(LINK, client_order_id=request.client_order_id) == order
        assert await here.private.get_open_orders(LINK) == [order]
        assert await here.private.get_open_orders(BTC) == []


@every
async def test_marketable_limit_order_is_filled(exchange):
    async with stage(exchange) as here:
        for side, price in ((Side.BUY, here.best()[1][0]), (Side.SELL, here.best()[0][0])):
            request, order = await here.place(side=side, price=price, time_in_force=TimeInForce.IOC)
            assert (order.status, order.filled) == (OrderStatus.FILLED, request.quantity)
            assert order.filled_quote == request.quantity * price


@those_with(Capability.IOC)
async def test_remainder_of_an_ioc_order_is_cancelled(exchange):
    async with stage(exchange) as here:
        _, (price, size) = here.best()
        _, order = await here.place(price=price, quantity=size + 3, time_in_force=TimeInForce.IOC)
        assert (order.status, order.filled, order.quantity) == (OrderStatus.CANCELED, size, size + 3)
        assert order.time_in_force in (TimeInForce.IOC, TimeInForce.UNKNOWN)
        (price, _), _ = here.best()
        _, order = await here.place(price=price / 2 // Decimal(1), time_in_force=TimeInForce.IOC)
        assert (order.status, order.filled) == (OrderStatus.CANCELED, 0)


@those_with(Capability.FOK)
async def test_fill_or_kill_order_is_filled_or_leaves_nothing(exchange):
    async with stage(exchange) as here:
        _, (price, size) = here.best()
        _, order = await here.place(price=price, quantity=size, time_in_force=TimeInForce.FOK)
        assert (order.status, order.filled) == (OrderStatus.FILLED, size)
        _, (price, size) = here.best()
        before = here.venue.inspection.balances()
        try:  # a venue refuses it, or accepts it and ends it at once
            _, order = await here.place(price=price, quantity=size + 3, time_in_force=TimeInForce.FOK)
        except InvalidOrder:
            pass
        else:
            assert (order.status, order.filled) == (OrderStatus.CANCELED, 0)
        assert here.venue.inspection.balances() == before


@those_with(Capability.POST_ONLY)
async def test_post_only_order_rests_or_leaves_nothing(exchange):
    async with stage(exchange) as here:
        (bid, _), (ask, _) = here.best()
        _, order = await here.place(price=bid, time_in_force=TimeInForce.POST_ONLY)
        assert (order.status, order.filled) == (OrderStatus.OPEN, 0)
        before = here.venue.inspection.balances()
        try:
            _, order = await here.place(price=ask, time_in_force=TimeInForce.POST_ONLY)
        except InvalidOrder:
            pass
        else:
            assert (order.status, order.filled) == (OrderStatus.CANCELED, 0)
        assert here.venue.inspection.balances() == before


@those_with(Capability.MARKET_ORDERS)
async def test_market_order_takes_what_is_there(exchange):
    async with stage(exchange) as here:
        wanted = {"type": OrderType.MARKET, "time_in_force": TimeInForce.IOC, "quantity": Decimal(3)}
        _, order = await here.place(side=Side.SELL, **wanted)
        assert (order.status, order.filled, order.type) == (OrderStatus.FILLED, 3, OrderType.MARKET)


@those_with(Capability.QUOTE_QUANTITY)
async def test_market_order_may_count_quote(exchange):
    async with stage(exchange) as here:
        _, (ask, _) = here.best()
        wanted = {"type": OrderType.MARKET, "time_in_force": TimeInForce.IOC, "quote_quantity": Decimal(50)}
        _, order = await here.place(**wanted)
        lot = here.market.listing.lot
        assert (order.status, order.filled) == (OrderStatus.FILLED, 50 // (ask * lot) * lot)
        assert order.filled_quote == order.filled * ask


# Asking and ending


@every
async def test_cancelled_order_is_gone_from_the_open_ones(exchange):
    async with stage(exchange) as here:
        before = await here.private.get_balances()
        by_id, by_client = await here.place(), await here.place()
        await here.private.cancel_order(LINK, order_id=by_id[1].order_id)
        await here.private.cancel_order(LINK, client_order_id=by_client[0].client_order_id)
        assert await here.private.get_open_orders() == []
        for _, order in (by_id, by_client):
            ended = await here.private.get_order(LINK, order_id=order.order_id)
            assert (ended.status, ended.filled) == (OrderStatus.CANCELED, 0)
            with pytest.raises(OrderNotFound):
                await here.private.cancel_order(LINK, order_id=order.order_id)
        free = {asset: held.free for asset, held in before.items()}
        assert {asset: held.free for asset, held in (await here.private.get_balances()).items()} == free


@those_with(Capability.CANCEL_ALL)
async def test_all_orders_of_a_symbol_are_cancelled(exchange):
    async with stage(exchange) as here:
        for _ in range(3):
            await here.place()
        _, other = await here.place(symbol=BTC, quantity=Decimal("0.01"), price=Decimal(50000))
        await here.private.cancel_all_orders(LINK)
        assert [order.order_id for order in await here.private.get_open_orders()] == [other.order_id]


@every
async def test_cancelling_all_where_nothing_is_open_is_no_mistake(exchange):
    async with stage(exchange) as here:
        await here.private.cancel_all_orders(LINK)


@every
async def test_order_nobody_knows_is_not_found(exchange):
    async with stage(exchange) as here:
        with pytest.raises(OrderNotFound):
            await here.private.get_order(LINK, client_order_id=ClientOrderId("t00000000000000999"))
        with pytest.raises(OrderNotFound):
            await here.private.get_order(LINK, order_id=OrderId("4711"))
        with pytest.raises(OrderNotFound):
            await here.private.cancel_order(LINK, client_order_id=ClientOrderId("t00000000000000999"))


@those_with(Capability.MODIFY_ORDER)
async def test_changed_order_keeps_its_id_and_its_fills(exchange):
    async with stage(exchange) as here:
        request, order = await here.place()
        tick = here.market.listing.tick
        changed = await here.private.modify_order(LINK, order.order_id, price=request.price + tick)
        shown = await here.private.get_order(LINK, order_id=changed.order_id)
        assert (shown.price, shown.quantity, shown.status) == (request.price + tick, request.quantity, OrderStatus.OPEN)
        assert shown.order_id == order.order_id
        changed = await here.private.modify_order(LINK, order.order_id, quantity=Decimal(1))
        shown = await here.private.get_order(LINK, order_id=changed.order_id)
        assert (shown.price, shown.quantity) == (request.price + tick, 1)


@those_with(Capability.COUNTDOWN_CANCEL)
async def test_countdown_cancels_everything_unless_told_again(exchange):
    async with stage(exchange) as here:
        await here.place()
        await here.private.arm_countdown(10 * SECOND)
        await here.clock.sleep(8 * SECOND)
        await here.private.arm_countdown(10 * SECOND)
        await here.clock.sleep(8 * SECOND)
        assert len(await here.private.get_open_orders()) == 1
        await here.private.arm_countdown(0)
        await here.clock.sleep(20 * SECOND)
        assert len(await here.private.get_open_orders()) == 1
        await here.private.arm_countdown(10 * SECOND)
        await here.clock.sleep(11 * SECOND)
        assert await here.private.get_open_orders() == []


@those_with(Capability.ORDER_HISTORY)
async def test_history_and_fills_are_the_venues_own(exchange):
    async with stage(exchange) as here:
        since_ns = here.clock.now_ns()
        (bid, _), _ = here.best()
        _, rests = await here.place()
        await here.clock.sleep(SECOND)
        _, maker = await here.place(price=bid + here.market.listing.tick)
        await here.street(maker.price, Decimal("0.5"))
        _, taker = await here.place(price=here.best()[1][0], time_in_force=TimeInForce.IOC)
        await here.private.cancel_order(LINK, order_id=rests.order_id)
        history = {order.order_id: order for order in await here.private.get_order_history(LINK, since_ns)}
        assert history[rests.order_id].status is OrderStatus.CANCELED
        assert history[taker.order_id] == await here.private.get_order(LINK, order_id=taker.order_id)
        fills = await here.private.get_fills(LINK, since_ns)
        assert [told_of(fill, fill.role) for fill in fills] == [true_of(fill, roles=True) for fill in true_fills(here)]
        assert_named_after(fills, true_fills(here))
        assert [fill.role for fill in fills] == [LiquidityRole.MAKER, LiquidityRole.TAKER]
        assert [fill.order_id for fill in await here.private.get_fills(LINK, since_ns, order_id=maker.order_id)] == [
            maker.order_id
        ]


# What the streams tell


@every
async def test_orders_fills_and_balances_are_heard_as_they_change(exchange):
    async with stage(exchange) as here:
        orders, fills, balances = [], [], []
        for watch, heard in (
            (here.exchange.watch_orders, orders),
            (here.exchange.watch_fills, fills),
            (here.exchange.watch_balances, balances),
        ):
            await watch(heard.append)
        (bid, _), (ask, _) = here.best()
        request, maker = await here.place(price=bid + here.market.listing.tick)
        await here.street(maker.price, Decimal("0.5"))
        await here.private.cancel_order(LINK, order_id=maker.order_id)
        _, taker = await here.place(price=ask, time_in_force=TimeInForce.IOC)
        await here.clock.sleep(SECOND)

        seen = [(order.order_id, order.status, order.filled) for order in orders]
        assert list(dict.fromkeys(each for each in seen if each[0] == maker.order_id)) == [
            (maker.order_id, OrderStatus.OPEN, 0),
            (maker.order_id, OrderStatus.PARTIALLY_FILLED, Decimal("0.5")),
            (maker.order_id, OrderStatus.CANCELED, Decimal("0.5")),
        ]
        assert seen[-1] == (taker.order_id, OrderStatus.FILLED, taker.quantity)
        assert orders[0].client_order_id == request.client_order_id
        assert orders[0].pair == here.market.pair
        assert [told_of(fill) for fill in fills] == [true_of(fill) for fill in true_fills(here)]
        assert_named_after(fills, true_fills(here))
        assert fills[0].client_order_id in (None, request.client_order_id)
        last = {balance.asset: (balance.free, balance.locked) for balance in balances}
        held = here.venue.inspection.balances()
        assert last == {asset: (held[asset].free, held[asset].locked) for asset in ("LINK", "USDT")}


# What is refused


@every
@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"quantity": Decimal(10**7)}, InsufficientBalance),
        ({"price": Decimal("10.00000000001")}, InvalidOrder),
        ({"quantity": Decimal("1.00000000001")}, InvalidOrder),
        ({"quantity": Decimal("0.01")}, InvalidOrder),
        ({"symbol": Symbol("NO", "SUCH")}, InvalidSymbol),
    ],
)
async def test_wrong_order_is_refused_by_its_kind(exchange, wanted, error):
    async with stage(exchange) as here:
        if error is InsufficientBalance:  # below what the venue takes at most
            free = (await here.private.get_balances())["USDT"].free
            wanted = {"quantity": free // Decimal(10)}
        with pytest.raises(error):
            await here.private.place_order(here.request(**wanted))
        assert here.venue.inspection.orders() == []


@every
async def test_halted_symbol_takes_no_orders(exchange):
    async with stage(exchange) as here:
        here.fault(kind=FaultKind.HALT, pair="LINK/USDT", hold_s=60)
        with pytest.raises(TradingDisabled):
            await here.private.place_order(here.request())


@every
async def test_wrong_key_or_secret_is_an_authentication_that_failed(exchange):
    async with stage(exchange, credentials=Credentials(api_key="nobody", api_secret="secret")) as here:
        with pytest.raises(AuthenticationFailed):
            await here.private.get_balances()
        right = here.key
    guessed = Credentials(api_key=right.api_key, api_secret="guessed")
    async with stage(exchange, credentials=guessed) as here:
        with pytest.raises(AuthenticationFailed):
            await here.private.place_order(here.request())
        assert here.venue.inspection.orders() == []


@every
@pytest.mark.parametrize("skew_s", [-90, 90])
async def test_clock_that_is_wrong_is_noticed_and_corrected(exchange, skew_s):
    async with stage(exchange) as here:
        await here.private.get_balances()
        here.fault(kind=FaultKind.CLOCK_SKEW, skew_s=skew_s, hold_s=600)
        try:
            await here.private.get_balances()
        except ClockSkew:
            await here.private.get_balances()


@every
async def test_too_many_orders_are_held_back_or_refused_as_a_limit(exchange):
    async with stage(exchange) as here:
        here.fault(kind=FaultKind.RATE_LIMITED, method="POST", retry_after_s=1)
        with pytest.raises(RateLimitError):
            await here.private.place_order(here.request())
        await here.clock.sleep(120 * SECOND)
        await here.place()
