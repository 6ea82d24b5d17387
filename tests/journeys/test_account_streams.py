"""An account that is listened to, of each exchange before its simulated venue: what is heard, and when nothing is.

`tests/journeys/test_accounts.py` says what the requests mean; here is what happens to the streams beside them, and to a
request whose answer is lost.
"""

import asyncio
import logging
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from random import Random

import aiohttp
import msgspec
import pytest
from arb_core.errors import OutcomeUnknown, RateLimitError
from arb_core.interfaces.account import AccountListener
from arb_core.registry import Registry
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.stream.events import Closed, Malformed, Rotated, TicketEnded, TopicRefused
from arb_core.structs.account import Credentials
from arb_core.structs.market import Asset, Side, Symbol
from arb_core.structs.order import ClientOrderId, OrderRequest, OrderStatus, TimeInForce
from arb_core.venue import open_exchange
from arb_sim.child import serving
from arb_sim.faults import Fault, FaultKind
from arb_sim.inspection import AccountState
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World

SECOND = 1_000_000_000
HOUR_S = 3600
LINK = Symbol("LINK", "USDT")
EXCHANGES = ("mexc", "gateio", "binance")
TICKETS = ("mexc",)
"""Those whose private sockets are opened by a token with a life of its own."""
PATIENCE_S = 30
"""Never waited for where things work."""

every = pytest.mark.parametrize("exchange", EXCHANGES)


class Ear(AccountListener):
    """Notes what it is told, in order."""

    def __init__(self):
        self.told = []
        self.news = asyncio.Event()

    def _tell(self, what, thing):
        self.told.append((what, thing))
        self.news.set()

    def on_order(self, venue, order):
        self._tell("order", order)

    def on_fill(self, venue, fill):
        self._tell("fill", fill)

    def on_balance(self, venue, balance):
        self._tell("balance", balance)

    def on_listening(self, venue):
        self._tell("listening", venue)

    def on_deaf(self, venue, reason):
        self._tell("deaf", reason)

    def of(self, kind):
        return [thing for what, thing in self.told if what == kind]

    @property
    def states(self):
        return [what for what, _ in self.told if what in {"listening", "deaf"}]


class Stage:
    """An account that is open on virtual time, before a market that stands still."""

    def __init__(self, kernel, venue, clock, key):
        self.kernel = kernel
        self.venue = venue
        self.private = venue.private
        self.clock = clock
        self.key = key
        self.ear = Ear()
        self.events = []
        venue.on_event(self.events.append)
        self.market = kernel.by_symbol["LINK/USDT"]
        self._ids = count(1)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def fault(self, kind, **fault):
        self.kernel.faults.arm(Fault(kind=kind, **fault))

    async def run(self, seconds):
        await self.clock.sleep(round(seconds * SECOND))

    async def listening(self):
        self.venue.account.listen(self.ear)
        await self.run(2)
        assert self.ear.states == ["listening"]

    def request(self, **wanted):
        """An order: by default one that rests below the market."""
        side, tick = self.market.book.bids, self.market.listing.tick
        defaults = {
            "symbol": LINK,
            "side": Side.BUY,
            "quantity": Decimal(2),
            "price": side.best * tick * Decimal("0.9") // tick * tick,
            "client_order_id": ClientOrderId(f"t{next(self._ids):017d}"),
        }
        return OrderRequest(**{**defaults, **wanted})

    def taking(self):
        """An order that is filled at once."""
        book, tick = self.market.book, self.market.listing.tick
        return self.request(price=book.asks.best * tick, time_in_force=TimeInForce.IOC)


class ShortLived(Registry):
    """Installed plugins, whose venues are said to end a connection after an hour."""

    def card(self, name):
        card = super().card(name)
        stream = msgspec.structs.replace(card.stream, lifetime_ns=HOUR_S * SECOND)
        return msgspec.structs.replace(card, stream=stream)


@asynccontextmanager
async def stage(exchange, *, skew_s=0, registry=None):
    registry = registry or Registry()
    clock = LoopClock()
    world = World(seed=3, symbols=["LINK/USDT"], start_ns=clock.now_ns(), pace=Pace(steps_per_s=0))
    kernel = simulate([exchange], world, registry=registry)[exchange]
    assert isinstance(kernel, VenueKernel)
    assert kernel.keys is not None
    if skew_s:
        kernel.faults.arm(Fault(kind=FaultKind.CLOCK_SKEW, skew_s=skew_s, hold_s=10 * HOUR_S))
    hosts = registry.card(exchange).hosts
    urls = [hosts.rest, hosts.ws_public, hosts.ws_private, hosts.ws_api]
    transport = MemoryTransport({url: kernel for url in urls if url}, clock, latency_ns=2_000_000)
    key = Credentials(api_key=kernel.keys.api_key, api_secret=kernel.keys.api_secret)
    async with open_exchange(
        exchange, registry=registry, clock=clock, transport=transport, credentials=key, random=Random(5)
    ) as venue:
        await venue.load_markets()
        yield Stage(kernel, venue, clock, key)
    await transport.close()


virtual = pytest.mark.looptime(noop_cycles=0)


# What is heard


@virtual
@every
async def test_everything_of_an_order_is_heard(exchange):
    async with stage(exchange) as here:
        await here.listening()
        ack = await here.private.place_order(here.taking())
        await here.run(1)
        (true,) = here.kernel.inspection.fills()
        assert [(fill.trade_id.isascii(), fill.order_id, fill.quantity) for fill in here.ear.of("fill")] == [
            (True, ack.order_id, true.size)
        ]
        assert here.ear.of("order")[-1].status is OrderStatus.FILLED
        held = here.kernel.inspection.balances()
        last = {balance.asset: balance.free for balance in here.ear.of("balance")}
        assert last == {asset: held[asset].free for asset in ("LINK", "USDT")}
        assert here.ear.states == ["listening"]


@virtual
@every
@pytest.mark.parametrize("skew_s", [-45, 45])
async def test_streams_stand_though_the_clocks_disagree(exchange, skew_s):
    async with stage(exchange, skew_s=skew_s) as here:
        await here.listening()
        await here.private.place_order(here.request())
        await here.run(1)
        assert here.ear.of("order")
        assert here.venue.health().rest.clock_offset_ns == pytest.approx(skew_s * SECOND, abs=SECOND // 100)
        assert here.of(TopicRefused) == []


# When nothing is


@virtual
@every
async def test_a_cut_is_told_at_once_and_mended(exchange):
    async with stage(exchange) as here:
        await here.listening()
        here.fault(FaultKind.DISCONNECT, feed="private")
        await here.venue.public.ping()
        assert here.ear.states == ["listening", "deaf"]
        await here.run(5)
        assert here.ear.states == ["listening", "deaf", "listening"]
        await here.private.place_order(here.taking())
        await here.run(1)
        assert len(here.ear.of("fill")) == 1


@virtual
@every
async def test_an_order_accepted_before_a_cut_is_not_heard_of_and_that_is_said(exchange):
    async with stage(exchange) as here:
        await here.listening()
        here.fault(FaultKind.DISCONNECT_AFTER_ACK)
        request = here.taking()
        await here.private.place_order(request)
        await here.run(5)
        assert here.ear.states == ["listening", "deaf", "listening"]
        assert here.ear.of("fill") == []
        history = await here.private.get_order_history(LINK, here.clock.now_ns() - HOUR_S * SECOND)
        assert [(order.client_order_id, order.status) for order in history] == [
            (request.client_order_id, OrderStatus.FILLED)
        ]


@virtual
@every
async def test_a_line_that_is_dead_is_found_out(exchange):
    async with stage(exchange) as here:
        await here.listening()
        here.fault(FaultKind.HALF_OPEN, feed="private")
        await here.run(65)
        assert here.ear.states[:2] == ["listening", "deaf"]
        await here.run(35)
        assert here.venue.account.listening


@virtual
@every
@pytest.mark.parametrize("kind", [FaultKind.MALFORMED, FaultKind.TRUNCATED])
async def test_a_message_that_cannot_be_read_is_a_moment_of_deafness(exchange, kind):
    async with stage(exchange) as here:
        await here.listening()
        here.fault(kind, feed="private")
        await here.private.place_order(here.request())
        await here.run(2)
        assert here.of(Malformed)
        assert here.ear.states == ["listening", "deaf", "listening"]
        assert here.of(Closed) == []


@virtual
@every
async def test_what_comes_twice_or_out_of_order_is_told_as_it_came(exchange):
    async with stage(exchange) as here:
        await here.listening()
        here.fault(FaultKind.DUPLICATE, feed="private", count=2)
        for _ in range(3):
            await here.private.place_order(here.taking())
            await here.run(1)
        ids = [fill.trade_id for fill in here.ear.of("fill")]
        assert len(set(ids)) == 3
        assert here.ear.states == ["listening"]


@virtual
@every
async def test_a_refused_stream_is_asked_for_until_it_is_granted(exchange):
    async with stage(exchange) as here:
        here.fault(FaultKind.SUBSCRIPTION_REFUSED, feed="private", for_s=30, count=None)
        here.venue.account.listen(here.ear)
        await here.run(20)
        assert here.of(TopicRefused)
        assert not here.venue.account.listening
        await here.run(120)
        assert here.ear.states == ["listening"]


@virtual
@every
async def test_a_stream_that_is_never_acknowledged_is_not_relied_on(exchange):
    async with stage(exchange) as here:
        here.fault(FaultKind.SUBSCRIPTION_IGNORED, feed="private", for_s=5, count=None)
        here.venue.account.listen(here.ear)
        await here.run(9)
        assert (here.ear.told, here.venue.account.listening) == ([], False)
        await here.run(120)
        assert here.ear.states == ["listening"]


@virtual
@pytest.mark.parametrize("exchange", TICKETS)
async def test_a_ticket_that_ends_is_replaced(exchange):
    async with stage(exchange) as here:
        await here.listening()
        here.fault(FaultKind.TICKET_EXPIRED)
        await here.run(60)
        assert here.venue.account.listening
        assert here.ear.states in (["listening", "deaf", "listening"], ["listening"])
        await here.private.place_order(here.request())
        await here.run(1)
        assert here.ear.of("order")


@virtual
@every
async def test_rotations_and_renewed_tickets_pass_without_a_moment_of_deafness(exchange):
    async with stage(exchange, registry=ShortLived()) as here:
        await here.listening()
        for _ in range(24):
            await here.run(HOUR_S / 6)
            await here.private.place_order(here.request())
            await here.run(1)
        assert here.ear.states == ["listening"]
        assert len({order.order_id for order in here.ear.of("order")}) == 24
        assert len(here.of(Rotated)) >= 3
        assert here.of(TicketEnded) == []
        assert all(closed.planned for closed in here.of(Closed))


# Requests whose answer is lost


@virtual
@every
@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.ERROR_AFTER])
async def test_an_order_whose_answer_is_lost_stands_and_is_found_by_its_id(exchange, kind):
    async with stage(exchange) as here:
        here.fault(kind, method="POST")
        request = here.request()
        with pytest.raises(OutcomeUnknown) as caught:
            await here.private.place_order(request)
        assert caught.value.client_order_id == request.client_order_id
        assert len(here.kernel.inspection.orders()) == 1
        order = await here.private.get_order(LINK, client_order_id=request.client_order_id)
        assert order.status is OrderStatus.OPEN


@virtual
@every
@pytest.mark.parametrize("kind", [FaultKind.NO_ANSWER, FaultKind.SERVER_ERROR])
async def test_an_order_that_never_arrived_is_as_unknown(exchange, kind):
    async with stage(exchange) as here:
        here.fault(kind, method="POST")
        with pytest.raises(OutcomeUnknown):
            await here.private.place_order(here.request())
        assert here.kernel.inspection.orders() == []


@virtual
@every
@pytest.mark.parametrize("skew_s", [-45, 45])
async def test_an_order_refused_for_its_time_is_signed_anew_and_placed_once(exchange, skew_s):
    async with stage(exchange, skew_s=skew_s) as here:
        await here.private.place_order(here.request())
        assert len(here.kernel.inspection.orders()) == 1


@virtual
@every
async def test_a_refused_order_is_not_sent_again_and_the_next_waits_its_time(exchange):
    async with stage(exchange) as here:
        here.fault(FaultKind.RATE_LIMITED, method="POST", retry_after_s=30)
        with pytest.raises(RateLimitError):
            await here.private.place_order(here.request())
        with pytest.raises(RateLimitError) as caught:
            await here.private.place_order(here.request())
        assert caught.value.local
        assert here.kernel.inspection.orders() == []


# Secrets


@virtual
@every
async def test_neither_key_nor_token_is_shown(exchange, caplog):
    caplog.set_level(logging.DEBUG)
    async with stage(exchange) as here:
        await here.listening()
        here.fault(FaultKind.MALFORMED, feed="private")
        here.fault(FaultKind.ERROR_AFTER, method="POST")
        errors = []
        for _ in range(2):
            try:
                await here.private.place_order(here.request())
            except OutcomeUnknown as error:
                errors.append(error)
        here.fault(FaultKind.DISCONNECT, feed="private")
        await here.run(5)
        assert errors
        shown = [
            *(record.getMessage() for record in caplog.records),
            *map(repr, here.events),
            *map(str, errors),
            *map(repr, here.ear.told),
            repr(here.venue),
            repr(here.venue.account),
            repr(here.venue.health()),
        ]
        tokens = [ticket.text for ticket in here.kernel.tickets.of(here.kernel.account)] if exchange in TICKETS else []
        secrets = [here.key.api_key, here.key.api_secret, *tokens]
        assert [text for text in shown for secret in secrets if secret in text] == []


# Over sockets


@every
async def test_an_account_works_over_sockets_and_agrees_with_the_venue(exchange):
    async with (
        serving([exchange], seed=11, symbols=["LINK/USDT"], steps_per_s=0) as (served,),
        aiohttp.ClientSession() as web,
    ):
        key = Credentials(api_key=served.api_key, api_secret=served.api_secret)
        async with (
            open_exchange(exchange, rest_url=served.rest_url, ws_url=served.ws_url, credentials=key) as venue,
            asyncio.timeout(PATIENCE_S),
        ):
            ear = Ear()
            await venue.load_markets()
            venue.account.listen(ear)

            async def until(holds):
                while not holds():
                    ear.news.clear()
                    await ear.news.wait()

            await until(lambda: venue.account.listening)
            book = await venue.public.get_orderbook(LINK, 5)
            bid, ask = (Decimal(str(side[0][0])) for side in (book.bids, book.asks))
            common = {"symbol": LINK, "side": Side.BUY, "quantity": Decimal(2)}
            resting = await venue.private.place_order(
                OrderRequest(
                    price=round(bid * Decimal("0.9"), 2), client_order_id=ClientOrderId("a" + "0" * 17), **common
                )
            )
            await until(lambda: resting.order_id in {order.order_id for order in ear.of("order")})
            async with web.post(
                f"{served.rest_url}/_sim/faults", data=b'{"kind":"disconnect","feed":"private"}'
            ) as cut:
                assert cut.status == 200
            await until(lambda: ear.states == ["listening", "deaf", "listening"])
            taking = await venue.private.place_order(
                OrderRequest(
                    price=ask, time_in_force=TimeInForce.IOC, client_order_id=ClientOrderId("b" + "0" * 17), **common
                )
            )
            await until(lambda: [fill.order_id for fill in ear.of("fill")] == [taking.order_id])
            await venue.private.cancel_order(LINK, order_id=resting.order_id)
            assert await venue.private.get_open_orders() == []
            async with web.get(f"{served.rest_url}/_sim/account") as answer:
                true = msgspec.json.decode(await answer.read(), type=AccountState)
            held = await venue.private.get_balances()
            assert {asset: (mine.free, mine.locked) for asset, mine in held.items()} == {
                Asset(asset): (its.free, its.locked) for asset, its in true.balances.items()
            }
            reuse = venue.health().rest.reuse_rate
            assert reuse is not None
            assert reuse > 0.6
