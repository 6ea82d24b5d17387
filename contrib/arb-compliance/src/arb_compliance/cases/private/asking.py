"""Every way to find an order and what it did: by its ids, among the open ones, in history, by its fills."""

from collections import Counter
from collections.abc import Sequence

from arb_core.errors import OrderNotFound
from arb_core.structs.card import Capability
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import ClientOrderId, Order, OrderId, OrderRequest, TimeInForce
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import BTC, LINK, Desk, same_fills, same_order
from arb_compliance.expect import equal, fail, true
from arb_compliance.subject import Subject

SECOND = 1_000_000_000

MANY, VERY_MANY = 130, 1100
"""More rows than some venues, and than any of them, give in one answer."""

FILLS_OF_A_MOMENT = 3

DAY_S = 86_400.0
ABSENCES = (1.5, 9.0, 100.0)
"""Days: more than one and more than a week, which are the spans of venues, and more than they keep."""


@case("PRIVATE-012", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def an_order_is_found_by_both_ids(subject: Subject) -> None:
    """The venue's id and ours find the same order; an id that there is not finds none.

    Steps: ask for an open and for an ended order by the venue's id and, as far as the card claims it, by ours; ask for
        ids that nobody gave.
    Expect: the order, with our 18 characters unchanged; `OrderNotFound` for the others.
    When this fails: an order whose answer was lost cannot be found again, or another one is taken for it.
    Source: contract, `get_order`; card, `client_ids.lookup`
    """
    async with Desk(subject) as desk:
        request, open_id = await desk.rests()
        taken = desk.taking(LINK, Side.SELL, levels=1)
        ended_id = (await desk.private.place_order(taken)).order_id
        lookup = subject.card.client_ids.lookup
        wanted = [
            (request.client_order_id, open_id, lookup != "none"),
            (taken.client_order_id, ended_id, lookup == "always"),
        ]
        for name, order_id, by_name in wanted:
            order = desk.truth(order_id)
            same_order(subject, await desk.private.get_order(LINK, order_id=order_id), order, "by the venue's id")
            if by_name:
                found = await desk.private.get_order(LINK, client_order_id=name)
                same_order(subject, found, order, "by our id")
                equal(found.client_order_id, name, "our id comes back changed", fix="strip the card's prefix")
        await not_found(desk, order_id=OrderId(_never(open_id)))
        if lookup != "none":
            await not_found(desk, client_order_id=desk.new_id())


@case("PRIVATE-013", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def open_orders_are_all_of_them(subject: Subject) -> None:
    """Every open order is listed, of one symbol or of all, and no other.

    Steps: many open orders on one symbol, a few on another, some that have ended.
    Expect: the venue's own lists, each order once.
    When this fails: an order that nobody looks after any more; look for pages that are not asked for.
    Source: contract, `get_open_orders`
    """
    async with Desk(subject) as desk:
        _, open_id = await desk.rests(BTC, Side.SELL)
        _, canceled_id = await desk.rests(BTC)
        await desk.private.cancel_order(BTC, order_id=canceled_id)
        await desk.private.place_order(desk.taking(LINK))
        _, model_id = await desk.rests()
        for _ in range(MANY):
            desk.again(model_id)
        for symbol in (BTC, LINK, None):
            same_list(desk, await desk.private.get_open_orders(symbol), symbol, f"the open orders of {symbol}")
        await desk.private.cancel_order(BTC, order_id=open_id)
        same_list(desk, await desk.private.get_open_orders(BTC), BTC, "the open orders of nothing")


@case("PRIVATE-014", Tier.PRIVATE, needs=[Capability.TRADING, Capability.ORDER_HISTORY], proof=Proof.VENUE)
async def history_lists_every_order(subject: Subject) -> None:
    """History has orders of every status since a moment, oldest first.

    Steps: orders of every end over some minutes of venue time, some open; ask since the beginning, and since a
        moment between.
    Expect: each order once with its end; none that is younger than the moment is missing; the oldest stand first.
    When this fails: an order in doubt is taken for absent, and its money for free; look at units of time and at pages.
    Source: contract, `get_order_history`
    """
    async with Desk(subject) as desk:
        lot = desk.market(LINK).listing.lot
        await desk.rests()
        canceled, order_id = await desk.rests(LINK, Side.SELL)
        await desk.private.cancel_order(canceled.symbol, order_id=order_id)
        await desk.private.place_order(desk.taking(LINK, more=100 * lot))
        for number in range(MANY if subject.short else VERY_MANY):
            again = desk.again(order_id)
            desk.kernel.trading.cancel(desk.kernel.account, again)
            if number % 20 == 0:
                await desk.pass_(0.5)
        await desk.pass_(100)
        between_ns = desk.clock.now_ns()
        await desk.pass_(5)
        late = [(await desk.rests())[1], (await desk.private.place_order(desk.taking(LINK, levels=1))).order_id]
        found = await desk.private.get_order_history(LINK, desk.begun_ns)
        same_list(desk, found, LINK, "the history", ended=True)
        times = [order.created_ns for order in found if order.created_ns is not None]
        true(times == sorted(times), "the history is not oldest first", found=times[:10])
        found = await desk.private.get_order_history(LINK, between_ns)
        missing = set(late) - {order.order_id for order in found}
        true(not missing, "orders since a moment are missing in the history since then", found=sorted(missing))


@case("PRIVATE-015", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE, limit_s=60.0)
async def fills_are_the_accounts(subject: Subject) -> None:
    """Every execution is listed once, with its own price, size and fee; also those of one order alone.

    Steps: orders that take from several levels, also from one of our own, and one that is taken from, on two symbols;
        ask for all, since a moment, and for those of one order. Then more fills than one answer holds, three of each
        moment, so that every answer ends between two of one time, and where the venue lets one trade with oneself
        between two of one id.
    Expect: the venue's own fills, fees and fee assets, none left out and none twice; oldest first.
    When this fails: profit and loss are wrong; look for totals taken for single fills, for maker and taker exchanged,
        for a next page that begins after the time or id at which the last one ended.
    Source: contract, `get_fills`
    """
    async with Desk(subject) as desk:
        bought = (await desk.private.place_order(desk.taking(LINK, levels=3))).order_id
        await desk.private.place_order(desk.taking(LINK, Side.SELL, levels=2))
        await desk.private.place_order(desk.taking(BTC, Side.BUY, levels=2))
        _, resting = await desk.rests()
        lot = desk.market(LINK).listing.lot
        if subject.claims(Capability.IOC):
            await _trade_with_oneself(desk)
        desk.serve(resting, 3 * lot)
        await desk.pass_(100)
        between_ns = desk.clock.now_ns()
        await desk.pass_(5)
        desk.serve(resting, 2 * lot)
        link = [fill for fill in desk.fills_of() if fill.symbol == str(LINK)]
        same_fills(subject, await desk.private.get_fills(LINK, desk.begun_ns), link, "the fills")
        of_order = await desk.private.get_fills(LINK, desk.begun_ns, order_id=bought)
        same_fills(subject, of_order, desk.fills_of(bought), "the fills of one order")
        late = await desk.private.get_fills(LINK, between_ns)
        missing = {(resting, 2 * lot)} - {(fill.order_id, fill.quantity) for fill in late}
        true(not missing, "a fill since a moment is missing among those since then", found=late)
    async with Desk(subject) as desk:
        await _very_many(desk)


@case("PRIVATE-040", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_long_absence_is_looked_through(subject: Subject) -> None:
    """However long ago the moment is since which is asked, what happened lately is found.

    Steps: an order is filled; ask for fills, and for the history, since a day and a half ago, since nine days, since a
        hundred.
    Expect: the order each time.
    When this fails: a venue answers for a day or a week at a time, and only the first of them is asked for; or a moment
        from before what the venue keeps is refused.
    Source: contract, `get_fills`, `get_order_history`
    """
    async with Desk(subject) as desk:
        order_id = (await desk.private.place_order(desk.taking(LINK, levels=1))).order_id
        await desk.pass_(subject.card.client_ids.history_lag_ns / SECOND)
        for days in ABSENCES:
            since_ns = desk.begun_ns - round(days * DAY_S) * SECOND
            found = {"fills": {fill.order_id for fill in await desk.private.get_fills(LINK, since_ns)}}
            if subject.claims(Capability.ORDER_HISTORY):
                history = await desk.private.get_order_history(LINK, since_ns)
                found["history"] = {order.order_id for order in history}
            for where, ids in found.items():
                true(
                    order_id in ids,
                    f"asked for all since {days:g} days ago, the {where} lacks what happened a moment ago",
                    fix="ask span by span, until the last one reaches beyond now",
                )


@case("PRIVATE-026", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def an_order_that_is_not_shown_yet_is_not_found(subject: Subject) -> None:
    """What the venue does not show is `OrderNotFound` or not in the list; never another order or another error.

    Steps: the venue forgets our ids of ended orders; its queries and its history lag behind for a while.
    Expect: `OrderNotFound` meanwhile; by the venue's own id the order is found as soon as it may be shown, and in the
        lists after the card's `history_lag_ns`.
    When this fails: a search for an order in doubt stops at an error, or finds another order.
    Source: contract, client order ids
    """
    async with Desk(subject) as desk:
        lag_s = subject.card.client_ids.history_lag_ns / SECOND
        await desk.rests()  # another order, which must not be found in its place
        desk.arm(FaultKind.CLIENT_IDS_FORGOTTEN, hold_s=3600)
        request = desk.taking(LINK, levels=1)
        order_id = (await desk.private.place_order(request)).order_id
        if subject.card.client_ids.lookup != "none":
            await not_found(desk, client_order_id=request.client_order_id)
        same_order(subject, await desk.private.get_order(LINK, order_id=order_id), desk.truth(order_id), "by its id")
        held_s = max(lag_s - 1, 1)
        desk.arm(FaultKind.LOOKUP_LAG, lag_s=held_s, hold_s=held_s)
        desk.arm(FaultKind.HISTORY_LAG, lag_s=held_s, hold_s=held_s)
        await desk.pass_(0.5)
        _, late_id = await desk.rests()
        await not_found(desk, order_id=late_id)
        await desk.pass_(lag_s)
        same_order(subject, await desk.private.get_order(LINK, order_id=late_id), desk.truth(late_id), "after the lag")
        same_fills(subject, await desk.private.get_fills(LINK, desk.begun_ns), desk.fills_of(), "after the lag")


async def _trade_with_oneself(desk: Desk) -> bool:
    """Take from an order of our own as well: both of its sides bear one trade id. Return whether the venue lets one."""
    own = desk.request(LINK, Side.SELL, price=desk.best(LINK, Side.SELL))
    own_id = (await desk.private.place_order(own)).order_id
    await desk.private.place_order(desk.taking(LINK, levels=1, time_in_force=TimeInForce.IOC))
    return bool(desk.fills_of(own_id))


async def _very_many(desk: Desk) -> None:
    """Fill three times in each of many moments. Three divides no size of a page: each ends within a moment."""
    lets_one = desk.subject.claims(Capability.IOC) and await _trade_with_oneself(desk)
    lot, moments = desk.market(LINK).listing.lot, -(-VERY_MANY // FILLS_OF_A_MOMENT)
    large_id, least = await _alone_at_the_best(desk, moments + 2)
    twin_id: OrderId | None = None
    if lets_one:
        twin_id = (await desk.private.place_order(least)).order_id
    await desk.pass_(5)
    since_ns = desk.clock.now_ns()
    for _ in range(moments):
        desk.serve(large_id, lot)
        if twin_id is None:
            desk.serve(large_id, lot)
            desk.serve(large_id, lot)
        else:
            desk.again(twin_id)
        await desk.pass_(0.02)
    await _all_of_them(desk, desk.begun_ns, "very many fills")
    await _all_of_them(desk, since_ns, "very many fills since a moment")
    # Now every page from the newest on ends at another place.
    desk.serve(large_id, lot)
    await _all_of_them(desk, desk.begun_ns, "very many fills, and one")


async def _alone_at_the_best(desk: Desk, moments: int) -> tuple[OrderId, OrderRequest]:
    """Let a large order to sell stand alone at the best price; return it, and what takes the least that may be."""
    price, lot = desk.best(LINK, Side.SELL), desk.market(LINK).listing.lot
    force = TimeInForce.IOC if desk.subject.claims(Capability.IOC) else TimeInForce.GTC
    least = desk.request(LINK, Side.BUY, price=price, time_in_force=force)
    street = desk.offered(LINK, Side.SELL)
    # The least order of some venues is more than 1000 lots.
    quantity = ((least.quantity or lot) + FILLS_OF_A_MOMENT * lot) * moments
    order_id = (await desk.private.place_order(desk.request(LINK, Side.SELL, price=price, quantity=quantity))).order_id
    await desk.private.place_order(desk.request(LINK, Side.BUY, price=price, quantity=street))
    equal(desk.truth(order_id).filled, 0, "the simulated venue did not do what the case is about")
    return order_id, least


async def _all_of_them(desk: Desk, since_ns: int, where: str) -> None:
    found = [fill for fill in await desk.private.get_fills(LINK, since_ns) if fill.exchange_ns >= since_ns]
    right = [fill for fill in desk.fills_of() if fill.symbol == str(LINK) and fill.at_ns >= since_ns]
    rows = Counter((str(fill.order_id), fill.quantity) for fill in found)
    missing = Counter((fill.order, fill.size) for fill in right) - rows
    true(
        not missing,
        f"{where}: {missing.total()} of {len(right)} are missing",
        found=sorted(missing)[:3],
        fix="ask for the next page from where the last one ended, its last moment and id included",
    )
    same_fills(desk.subject, found, right, where)
    times = [fill.exchange_ns for fill in found]
    true(times == sorted(times), f"{where} are not oldest first", found=times[:10])


async def not_found(
    desk: Desk, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
) -> None:
    """Ask for an order that the venue does not show."""
    try:
        found = await desk.private.get_order(LINK, order_id=order_id, client_order_id=client_order_id)
    except OrderNotFound:
        return
    raise fail(
        "an order that the venue does not show was found",
        expected="OrderNotFound",
        found=found,
        frame=order_id or client_order_id,
    )


def _never(order_id: str) -> str:
    """An id of the same form that nobody gave."""
    return order_id[:-3] + ("000" if not order_id.endswith("000") else "111")


def same_list(desk: Desk, found: Sequence[Order], symbol: Symbol | None, where: str, *, ended: bool = False) -> None:
    """Compare a list with the venue's open orders of a symbol, or with all of them; None = every symbol."""
    rows = {order.order_id: order for order in found}
    right = {
        order.id: order
        for order in desk.kernel.inspection.orders()
        if (ended or order.status == "open") and order.symbol == str(symbol or order.symbol)
    }
    missing, extra = sorted(set(right) - set(rows)), sorted(set(rows) - set(right))
    true(not missing, f"{where}: {len(missing)} of {len(right)} are missing", found=missing[:5], fix="pages")
    true(not extra, f"{where}: {len(extra)} do not belong there", found=extra[:5])
    for order_id, order in rows.items():
        same_order(desk.subject, order, right[order_id], where)
