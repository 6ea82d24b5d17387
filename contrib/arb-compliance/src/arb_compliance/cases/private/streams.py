"""What an account is told unasked: orders, fills and balances; and whether it is told at all."""

from decimal import Decimal

import msgspec
from arb_core.structs.card import Capability
from arb_core.structs.market import Side
from arb_core.structs.order import Order, OrderId, OrderStatus
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import BTC, LINK, Desk, execution_of, same_fills, same_order
from arb_compliance.expect import NotAsked, equal, fail, true
from arb_compliance.subject import Subject

HOUR_S = 3600.0

STREAMS = (Capability.ORDERS_STREAM, Capability.FILLS_STREAM, Capability.BALANCES_STREAM)


@case("PRIVATE-023", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def the_private_streams_tell_the_account(subject: Subject) -> None:
    """What is told of orders, fills and balances is what the venue's account did.

    Steps: follow the account; orders that rest, take, are taken from and are cancelled, on two symbols, both sides.
    Expect: of each order the last that was told is its end, with what is filled in total; each fill once, with fee,
        under the id that `get_fills` shows; of each asset the last balance is the account's.
    When this fails: the engine acts on another account than it has; look for totals taken for single fills.
    Source: contract, private streams
    """
    _needs_a_stream(subject)
    async with Desk(subject) as desk:
        await desk.listen()
        await _a_busy_minute(desk)
        await _all_told(desk)


@case("PRIVATE-032", Tier.PRIVATE, needs=[Capability.TRADING, Capability.FILLS_STREAM], proof=Proof.VENUE)
async def what_is_told_twice_is_recognised(subject: Subject) -> None:
    """A push that comes twice, or after the next one, is known by its ids.

    Steps: pushes of the account are doubled, and exchanged; then one is lost.
    Expect: fills told twice bear one trade_id, so that the set of them is the account's; what is lost, `get_fills` has
        under ids of the same kind.
    When this fails: a fill is counted twice, and a position is wrong for good.
    Source: contract, `Fill.trade_id`
    """
    async with Desk(subject) as desk:
        await desk.listen()
        for kind in (FaultKind.DUPLICATE, FaultKind.REORDER):
            desk.arm(kind, feed="private", count=4)
            await desk.private.place_order(desk.taking(LINK, levels=2))
            await desk.private.place_order(desk.taking(LINK, Side.SELL, levels=2))
            await desk.pass_(2)
            desk.kernel.faults.disarm()
        once = {execution_of(fill): fill for fill in desk.heard.fills}
        same_fills(subject, once.values(), desk.fills_of(), "fills told twice, each counted once")
        desk.arm(FaultKind.DROP, feed="private", count=20)
        await desk.private.place_order(desk.taking(LINK, levels=1))
        await desk.pass_(2)
        desk.kernel.faults.disarm()
        once |= {execution_of(fill): fill for fill in await desk.private.get_fills(LINK, desk.begun_ns)}
        same_fills(subject, once.values(), desk.fills_of(), "what was told, and what was asked for after a loss")


@case("PRIVATE-024", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE, limit_s=60.0)
async def the_stream_outlives_its_ticket(subject: Subject) -> None:
    """A connection of the account stays up for hours; a ticket that ends early is replaced, and none is left behind.

    Steps: follow the account for longer than any ticket lasts; end the ticket before its time; then close.
    Expect: never deaf in the first hours; deaf and listening again after the loss; orders are heard before and after;
        at the end the venue has no ticket left of ours, if one can be given back there.
    When this fails: after an hour fills are no longer heard; look at `renew_every_ns`, `expires_ns` and `renew`.
    Source: contract, `StreamTicket`
    """
    _needs_a_stream(subject)
    async with Desk(subject) as desk:
        await desk.listen()
        rules = desk.kernel.ticket_rules
        lasting_s = 0.05 * HOUR_S if rules is None else 1.1 * rules.lifetime_ns / 1e9
        await desk.pass_(lasting_s if subject.short else max(lasting_s, 6 * HOUR_S))
        equal(desk.heard.deaf, [], "the private stream was lost while nothing went wrong")
        await _is_heard(desk, "after some hours")
        if not any(map(desk.kernel.ticketed, desk.kernel.followers(None, private=True))):
            return
        desk.arm(FaultKind.TICKET_EXPIRED)
        await desk.until(lambda: bool(desk.heard.deaf), "a lost ticket is noticed", at_most_s=120)
        await desk.until(lambda: desk.venue.account.listening, "listening again", at_most_s=300)
        await _is_heard(desk, "after a lost ticket")
    if rules is None:
        return  # the venue keeps its tickets in another way, and nobody can give one back
    left = [ticket.text for ticket in desk.kernel.tickets.of(desk.kernel.account)]
    true(
        not (left and rules.returnable),
        f"{len(left)} tickets are left behind at the venue",
        fix="StreamDialect.release",
    )


@case("PRIVATE-025", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def the_account_is_heard_again_after_a_cut(subject: Subject) -> None:
    """After a disconnect, a half-open socket and a cut right after an order, everything is subscribed anew.

    Steps: end the private connections in three ways; place an order after each.
    Expect: deafness is told, then listening; the order is heard.
    When this fails: fills go unheard until a restart; look at `login` and `subscribe`: a signature bears its own time.
    Source: contract, private streams
    """
    _needs_a_stream(subject)
    async with Desk(subject) as desk:
        await desk.listen()
        for kind in (FaultKind.DISCONNECT, FaultKind.HALF_OPEN, FaultKind.DISCONNECT_AFTER_ACK):
            lost = len(desk.heard.deaf)
            if kind is FaultKind.DISCONNECT_AFTER_ACK:
                desk.arm(kind)
                await desk.rests()
            else:
                desk.arm(kind, feed="private")
            await desk.until(lambda lost=lost: len(desk.heard.deaf) > lost, f"{kind} is noticed", at_most_s=300)  # type: ignore[misc]
            await desk.until(lambda: desk.venue.account.listening, f"listening again after {kind}", at_most_s=300)
            await _is_heard(desk, f"after {kind}")
            await desk.pass_(60)


def _needs_a_stream(subject: Subject) -> None:
    if not subject.card.capabilities.intersection(STREAMS):
        raise NotAsked("the card claims no stream of the account")


async def _a_busy_minute(desk: Desk) -> None:
    for symbol in (LINK, BTC):
        lot = desk.market(symbol).listing.lot
        _, rests = await desk.rests(symbol)
        _, canceled = await desk.rests(symbol, Side.SELL)
        await desk.private.place_order(desk.taking(symbol, Side.BUY, levels=3))
        in_part = (await desk.private.place_order(desk.taking(symbol, Side.SELL, levels=2, more=50 * lot))).order_id
        desk.serve(rests, 2 * lot)
        await desk.pass_(1)
        desk.serve(rests, lot)
        desk.serve(in_part, 50 * lot)
        await desk.private.cancel_order(symbol, order_id=canceled)
        await desk.pass_(2)


async def _all_told(desk: Desk) -> None:
    subject = desk.subject
    if subject.claims(Capability.ORDERS_STREAM):
        _orders_told(desk)
    if subject.claims(Capability.FILLS_STREAM):
        await _fills_told(desk)
    if subject.claims(Capability.BALANCES_STREAM):
        _balances_told(desk)


def _as_told(desk: Desk, order_id: OrderId) -> Order | None:
    """Return the last that was told of an order; pair and side, which never change, may have been told before."""
    told = [order for order in desk.heard.orders if order.order_id == order_id]
    if not told:
        return None
    pair = next((order.pair for order in reversed(told) if order.pair), told[-1].pair)
    side = next((order.side for order in reversed(told) if order.side is not Side.UNKNOWN), Side.UNKNOWN)
    return msgspec.structs.replace(told[-1], pair=pair, side=side)


def _orders_told(desk: Desk) -> None:
    totals: dict[OrderId, Decimal] = {}
    for told in desk.heard.orders:
        desk.truth(told.order_id)
        true(told.status is not OrderStatus.UNKNOWN, "an order was told without its status", found=told)
        if told.filled is not None:
            true(told.filled >= totals.get(told.order_id, 0), "what is filled in total went down", found=told)
            totals[told.order_id] = told.filled
    for order in desk.kernel.inspection.orders():
        last = _as_told(desk, OrderId(order.id))
        if last is None:
            raise fail("an order was never told", expected=order)
        same_order(desk.subject, last, order, "the last that was told of an order")


async def _fills_told(desk: Desk) -> None:
    same_fills(desk.subject, desk.heard.fills, desk.fills_of(), "the fills that were told")
    for symbol in (LINK, BTC):
        asked = {execution_of(fill) for fill in await desk.private.get_fills(symbol, desk.begun_ns)}
        told = {execution_of(fill) for fill in desk.heard.fills if fill.pair == desk.market(symbol).pair}
        equal(
            sorted(told),
            sorted(asked),
            f"{symbol}: the fills of the stream and of `get_fills` bear other ids",
            fix="one trade_id for one execution, wherever it is seen",
        )


def _balances_told(desk: Desk) -> None:
    last = {str(balance.asset): balance for balance in desk.heard.balances}
    for asset, right in desk.kernel.inspection.balances().items():
        told = last.get(asset)
        if told is None:
            raise fail(f"no balance of {asset} was told", expected=right)
        equal((told.free, told.locked), (right.free, right.locked), f"the last balance of {asset} (free, locked)")


async def _is_heard(desk: Desk, when: str) -> None:
    if not desk.subject.claims(Capability.ORDERS_STREAM):
        return
    _, order_id = await desk.rests()
    await desk.until(lambda: desk.heard.last_of(order_id) is not None, f"{when}: a new order is heard", at_most_s=30)
    await desk.private.cancel_order(LINK, order_id=order_id)
