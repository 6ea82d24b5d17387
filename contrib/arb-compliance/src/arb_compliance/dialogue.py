"""Everything that a plugin's simulated venue can be made to say, by one long talk with the plugin.

Entered by the cases of tier simulation, which compare it with what the real venue is recorded to say. It is held once a
process. Nothing is judged here: what fails on the way is left out, and the sample that it would have been like fails.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

import msgspec
from arb_core.errors import ArbError, Rejected
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_core.interfaces.private import PrivateExchange
from arb_core.runtime.context import Context
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.transport import TransportError
from arb_core.structs.account import Credentials
from arb_core.structs.card import Capability
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import OrderId, TimeInForce
from arb_core.structs.stream import Feed, Topic
from arb_sim.faults import FaultKind, Impossible
from arb_sim.kernel.access import Permission
from arb_sim.kernel.market import Market
from arb_sim.venue import Keys

from arb_compliance.desk import LINK, Desk
from arb_compliance.expect import CaseFailed
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

__all__ = ["Dialogue", "dialogue"]

BTC = Symbol("BTC", "USDT")
UNLISTED = Symbol("KITNOSUCH", "USDT")
INTERVAL = "1m"
SECOND = 1_000_000_000
MINUTE_NS = 60 * SECOND
LONG_AGO_NS = 10 * 24 * 60 * MINUTE_NS
"""Farther back than a venue's list of what is new reaches, where it has another one."""


class Dialogue:
    """What was said.

    Attributes:
        answers: of REST, with what was asked.
        frames: of the sockets, each text once.
    """

    def __init__(self, answers: list[tuple[RestRequest, RestAnswer]], frames: list[bytes]) -> None:
        self.answers = answers
        self.frames = frames


async def dialogue(subject: Subject) -> Dialogue:
    """Hold the talk, or return what was said when it was held before in this process."""
    held = subject.kept.get("dialogue")
    if isinstance(held, Dialogue):
        return held
    trades = subject.claims(Capability.TRADING)
    stage = Desk(subject, seed=3) if trades else Stage(subject, seed=3, symbols=("BTC/USDT", "LINK/USDT"))
    with suppress(CaseFailed, ArbError):
        async with stage:
            await _talk(stage)
    made = Dialogue(stage.seen.answers, list(dict.fromkeys(stage.seen.frames)))
    subject.kept["dialogue"] = made
    return made


async def _talk(stage: Stage) -> None:
    ends = await _feeds(stage)
    await _questions(stage)
    if isinstance(stage, Desk):
        await _account(stage)
        await _refusals(stage)
    _street(stage)
    await stage.pass_(3)
    for end in ends:
        end()
    # One after the other: where nothing is left, the connection ends without a word.
    for symbol in stage.symbols:
        stage.venue.unwatch_orderbook(symbol)
        await stage.pass_(3)
    _arm(stage, FaultKind.SUBSCRIPTION_REFUSED, pair="LINK/USDT")
    stage.venue.follow(LINK)
    await stage.pass_(3)
    _arm(stage, FaultKind.RATE_LIMITED)
    await _try(stage.venue.public.ping())


async def _feeds(stage: Stage) -> list[Callable[[], None]]:
    """Follow everything of both symbols; return what ends it."""
    venue, card = stage.venue, stage.subject.card
    await stage.live()
    interval = INTERVAL if INTERVAL in card.kline_intervals else next(iter(card.kline_intervals), "")
    asks: dict[Capability, Callable[[], Awaitable[Callable[[], None]]]] = {
        Capability.QUOTE: lambda: venue.watch_quotes(BTC, _nothing),
        Capability.TRADES: lambda: venue.watch_trades(BTC, _nothing),
        Capability.DEPTH: lambda: venue.watch_depth(BTC, card.depths[0], _nothing),
        Capability.KLINES: lambda: venue.watch_klines(BTC, interval, _nothing),
    }
    ends: list[Callable[[], None]] = []
    for capability, ask in asks.items():
        if capability in card.capabilities:
            with suppress(ArbError):
                ends.append(await ask())
    for _ in range(3):
        _street(stage)
        await stage.pass_(1)
    await stage.pass_(60)  # pings and their answers; a candle that ends
    _street(stage)
    await stage.pass_(2)
    return ends


def _street(stage: Stage) -> None:
    """Let strangers deal on both sides of the first market, and one of them change its mind."""
    market = stage.market(BTC)
    stage.kernel.timeline.run(stage.clock.now_ns())
    for taker_buys in (True, False):
        ladder = market.look().book.asks if taker_buys else market.look().book.bids
        if ladder.best is not None:
            market.trade(ladder.best, 1, stage.kernel.timeline.now_ns, taker_buys=taker_buys)
    _withdraw(stage, market)
    stage.move(BTC)


def _withdraw(stage: Stage, market: Market) -> None:
    """Take a level away on either side."""
    bids, asks = market.book.bids, market.book.asks
    market.change([(bids.at(1), 0)], [(asks.at(1), 0)], stage.kernel.timeline.now_ns)


async def _questions(stage: Stage) -> None:
    """Everything public, by request."""
    public, card = stage.venue.public, stage.subject.card
    interval = INTERVAL if INTERVAL in card.kline_intervals else next(iter(card.kline_intervals), "")
    await _try(public.ping())
    await _try(public.get_server_time())
    await _try(public.get_exchange_info())
    await _try(public.get_orderbook(BTC, 5))
    await _try(public.get_recent_trades(BTC, 5))
    await _try(public.get_klines(BTC, interval, 5))
    await _try(public.get_book_tickers())
    await _try(stage.venue.get_asset_networks())
    # The core would not ask for what is not listed.
    stranger = stage.subject.registry.public(stage.subject.exchange, _context(stage))
    await _try(stranger.get_orderbook(UNLISTED, 5))


async def _account(desk: Desk) -> None:
    """Everything private, by request, while the streams listen."""
    private = desk.private
    if desk.subject.registry.implements(desk.subject.exchange, "arb_private_stream"):
        with suppress(CaseFailed):
            await desk.listen()
    await _try(private.get_balances())
    await _try(private.get_permissions())
    await _try(private.get_trading_fees(LINK))
    first = desk.request()
    await _try(private.place_order(first))
    await _try(private.get_order(LINK, client_order_id=first.client_order_id))
    await _try(private.get_open_orders(LINK))
    await _try(private.get_open_orders())
    await _try(private.place_order(desk.request(BTC, Side.SELL)))
    await _try(private.place_order(desk.taking(more=Decimal(1))))  # is filled in part, and rests
    await _try(private.place_order(desk.taking(BTC, Side.SELL, time_in_force=TimeInForce.IOC)))
    size = desk.smallest(LINK, desk.best(LINK, Side.BUY))
    await _try(private.place_order(desk.market_order(LINK, Side.SELL, quantity=size)))
    if desk.subject.claims(Capability.QUOTE_QUANTITY):
        with suppress(Exception):
            bought = await private.place_order(desk.market_order(LINK, Side.BUY, quote_quantity=Decimal(50)))
            await private.get_order(LINK, order_id=bought.order_id)
    await _try(private.get_order_history(LINK, desk.begun_ns))
    for since_ns in (desk.begun_ns, desk.begun_ns - LONG_AGO_NS):
        await _try(private.get_fills(LINK, since_ns))
    await desk.pass_(1)
    await _try(private.get_balances())
    await _try(private.cancel_order(LINK, client_order_id=first.client_order_id))
    resting = await _placed(desk)
    if resting is not None:
        if desk.subject.claims(Capability.MODIFY_ORDER):
            await _try(private.modify_order(LINK, resting, quantity=size * 2))
        await _try(private.get_order(LINK, order_id=resting))
        await _try(private.cancel_order(LINK, order_id=resting))
        await _try(private.get_order(LINK, order_id=resting))
        await _try(private.cancel_order(LINK, order_id=resting))
    await _placed(desk)
    await _try(private.cancel_all_orders(LINK))
    await _try(private.arm_countdown(MINUTE_NS))
    await _try(private.arm_countdown(0))
    await _try(private.get_order_history(LINK, desk.begun_ns))
    if desk.subject.registry.implements(desk.subject.exchange, "arb_private_stream"):
        await _tickets(desk)


async def _placed(desk: Desk) -> OrderId | None:
    with suppress(ArbError):
        return (await desk.private.place_order(desk.request())).order_id
    return None


async def _tickets(desk: Desk) -> None:
    """Take a ticket of our own, renew it and give it back."""
    dialect = desk.subject.registry.private_stream(desk.subject.exchange, _context(desk), desk.credentials)
    with suppress(ArbError):
        ticket = await dialect.ticket()
        await desk.pass_(61)
        ticket = await dialect.renew(ticket)
        await dialect.release(ticket)


async def _refusals(desk: Desk) -> None:
    """Every kind of refusal that the contract knows."""
    private, instrument = desk.private, desk.instrument(LINK)
    await _spend(desk)
    for change in (
        {"quantity": instrument.lot},
        {"price": desk.best(LINK, Side.BUY) * Decimal("0.8") + instrument.tick / 10},
        {"quantity": desk.smallest(LINK, desk.best(LINK, Side.BUY)) + instrument.lot / 10},
    ):
        await _try(private.place_order(msgspec.structs.replace(desk.request(), **cast("Any", change))))
    await _try(private.place_order(desk.taking(time_in_force=TimeInForce.POST_ONLY)))
    twice = desk.request()
    await _try(private.place_order(twice))
    await _try(private.place_order(twice))
    await _try(private.cancel_order(LINK, order_id=OrderId("1")))
    await _try(private.get_order(LINK, order_id=OrderId("1")))
    stranger = _private(desk, desk.credentials)
    await _try(stranger.place_order(msgspec.structs.replace(desk.request(), symbol=UNLISTED)))
    await _keys(desk)
    _arm(desk, FaultKind.CLOCK_SKEW, skew_s=-900.0, hold_s=2.0)
    await desk.pass_(0.1)
    await _try(stranger.get_balances())
    await desk.pass_(3)


async def _spend(desk: Desk) -> None:
    """Ask for more and more, until the account cannot pay, or the venue has no room for so large an order."""
    for side in (Side.BUY, Side.SELL):
        for times in (1_000, 30_000, 1_000_000):
            quantity = desk.smallest(LINK, desk.best(LINK, Side.BUY), times=times)
            for _ in range(4):
                try:
                    await desk.private.place_order(desk.request(LINK, side, quantity=quantity))
                except Rejected:
                    break
    await _try(desk.private.cancel_all_orders(LINK))


async def _in_vain(desk: Desk, credentials: Credentials) -> None:
    """Ask for the account's streams with a key that is no good."""
    feeds = [feed for feed, capability in _OF_ACCOUNT.items() if capability in desk.subject.card.capabilities]
    if not feeds:
        return
    dialect = desk.subject.registry.private_stream(desk.subject.exchange, _context(desk), credentials)
    with suppress(ArbError, TransportError):
        ticket = await dialect.ticket()
        connection = await desk.transport.connect(ticket.url, ticket.headers, _Deaf(), SECOND)
        for frame in dialect.login(ticket, desk.clock.now_ns()):
            connection.send(frame)
        connection.send(dialect.subscribe([Topic(feeds[0])], 1, desk.clock.now_ns()))
        await desk.pass_(2)
        connection.close()


class _Deaf:
    """A listener: what arrives is kept by the stage."""

    def on_frame(self, frame: memoryview) -> None:
        """Keep nothing."""

    def on_alive(self) -> None:
        """Do nothing."""

    def on_closed(self, reason: str) -> None:
        """Do nothing."""


_OF_ACCOUNT = {
    Feed.ORDERS: Capability.ORDERS_STREAM,
    Feed.FILLS: Capability.FILLS_STREAM,
    Feed.BALANCES: Capability.BALANCES_STREAM,
}


async def _keys(desk: Desk) -> None:
    """Ask with keys that are no good: another secret, a key of nobody, one that may only read."""
    own = desk.credentials
    wrong = msgspec.structs.replace(own, api_secret=own.api_secret[::-1])
    await _try(_private(desk, wrong).get_balances())
    await _in_vain(desk, wrong)
    await _try(_private(desk, msgspec.structs.replace(own, api_key=own.api_key[::-1])).get_balances())
    reads = Keys(f"sim{own.api_key[3:][::-1]}", own.api_secret, own.api_passphrase)
    desk.kernel.key_ring.issue(desk.kernel.account, reads, permissions=frozenset({Permission.READ}))
    private = _private(desk, msgspec.structs.replace(own, api_key=reads.api_key))
    await _try(private.place_order(desk.request()))


def _private(desk: Desk, credentials: Credentials) -> PrivateExchange:
    return desk.subject.registry.private(desk.subject.exchange, _context(desk), credentials)


def _context(stage: Stage) -> Context:
    """What a plugin is made from, before the same venue, with a list of instruments that has one too many."""
    listed = {instrument.symbol: instrument for instrument in stage.venue.markets.instruments()}
    pair = stage.venue.public.symbol_to_pair(UNLISTED)
    listed[UNLISTED] = msgspec.structs.replace(listed[BTC], symbol=UNLISTED, pair=pair)
    table = MarketTable(stage.subject.card.id)
    table.fill(listed)
    context = stage.subject.context(transport=stage.transport, clock=stage.clock)
    return msgspec.structs.replace(context, markets=table)


def _arm(stage: Stage, kind: FaultKind, **more: Any) -> None:
    with suppress(Impossible):
        stage.arm(kind, **more)


async def _try(call: Awaitable[object]) -> None:
    with suppress(Exception):
        await call


def _nothing(_update: object) -> None:
    """Hear of an update."""
