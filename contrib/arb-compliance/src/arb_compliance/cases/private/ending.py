"""Cancelling, changing, and the venue's own end of everything that nobody looks after."""

from decimal import Decimal

from arb_core.errors import OrderNotFound, OutcomeUnknown
from arb_core.structs.card import Capability
from arb_core.structs.market import Side
from arb_core.structs.order import ClientOrderId, OrderId
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.private.placing import placed
from arb_compliance.desk import BTC, LINK, Desk, same_order
from arb_compliance.expect import equal, fail, true
from arb_compliance.subject import Subject

SECOND = 1_000_000_000


@case("PRIVATE-016", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def one_order_is_cancelled_by_either_id(subject: Subject) -> None:
    """Cancelling ends the order that was named, keeps its fills, and says when there is nothing to end.

    Steps: cancel an open order by the venue's id, one by ours, one that is filled in part; then one that has ended, and
        one that never was.
    Expect: that order ends and no other; the query shows CANCELED with what was filled; then `OrderNotFound`.
    When this fails: an order lives on that is believed dead, or another one dies.
    Source: contract, `cancel_order`
    """
    async with Desk(subject) as desk:
        _, kept = await desk.rests()
        _, by_id = await desk.rests()
        named, by_name = await desk.rests()
        _, in_part = await desk.rests(LINK, Side.SELL)
        desk.serve(in_part, 2 * desk.market(LINK).listing.lot)
        await desk.private.cancel_order(LINK, order_id=by_id)
        if subject.card.client_ids.lookup == "none":
            await desk.private.cancel_order(LINK, order_id=by_name)
        else:
            await desk.private.cancel_order(LINK, client_order_id=named.client_order_id)
        await desk.private.cancel_order(LINK, order_id=in_part)
        equal(desk.truth(kept).status, "open", "an order was cancelled that nobody named")
        for order_id in (by_id, by_name, in_part):
            order = desk.truth(order_id)
            equal(order.end, "client", "the order that was named is not cancelled")
            same_order(subject, await desk.private.get_order(LINK, order_id=order_id), order, "after the cancellation")
        await _gone(desk, order_id=by_id)
        if subject.card.client_ids.lookup != "none":
            await _gone(desk, client_order_id=desk.new_id())
        filled = (await desk.private.place_order(desk.taking(LINK, levels=1))).order_id
        await _gone(desk, order_id=filled)


@case("PRIVATE-017", Tier.PRIVATE, needs=[Capability.TRADING, Capability.CANCEL_ALL], proof=Proof.VENUE)
async def all_orders_of_one_symbol_are_cancelled(subject: Subject) -> None:
    """`cancel_all_orders` ends every open order of its symbol, and none of another.

    Steps: open orders on two symbols, on both sides; cancel all of one; cancel all once more.
    Expect: those of that symbol have ended, the others stand; where nothing is open it is no error.
    When this fails: orders of other markets die, or some live on after a kill.
    Source: contract, `cancel_all_orders`
    """
    async with Desk(subject) as desk:
        ids = [(await desk.rests(symbol, side))[1] for symbol in (LINK, BTC) for side in (Side.BUY, Side.SELL)]
        await desk.private.cancel_all_orders(LINK)
        for order_id in ids:
            order = desk.truth(order_id)
            wanted = "ended" if order.symbol == str(LINK) else "open"
            equal(order.status, wanted, f"all orders of {LINK} were to be cancelled: an order of {order.symbol}")
        await desk.private.cancel_all_orders(LINK)


@case("PRIVATE-018", Tier.PRIVATE, needs=[Capability.TRADING, Capability.MODIFY_ORDER], proof=Proof.VENUE)
async def an_order_is_changed_in_place(subject: Subject) -> None:
    """`modify_order` gives an open order another price or another total.

    Steps: change the price; change the quantity of one that is filled in part; change one that has ended; change one
        whose answer is lost.
    Expect: the venue's order has that price and that total, what is filled included; `OrderNotFound` or a refusal for
        the ended one; `OutcomeUnknown` for the lost answer, and one request.
    When this fails: the order that stands is larger than what was admitted.
    Source: contract, `modify_order`
    """
    async with Desk(subject) as desk:
        request, order_id = await desk.rests()
        listing = desk.market(LINK).listing
        price = (request.price or Decimal(0)) - 3 * listing.tick
        ack = await desk.private.modify_order(LINK, order_id, price=price)
        order = desk.truth(ack.order_id)
        equal((order.price, order.size), (price, request.quantity), "another price: (price, size) at the venue")
        desk.serve(ack.order_id, 2 * listing.lot)
        total = (request.quantity or Decimal(0)) + 5 * listing.lot
        ack = await desk.private.modify_order(LINK, ack.order_id, quantity=total)
        order = desk.truth(ack.order_id)
        equal(
            (order.price, order.size), (price, total), "another total: (price, size) at the venue", fix="the new total"
        )
        same_order(subject, await desk.private.get_order(LINK, order_id=ack.order_id), order, "after the change")
        desk.arm(FaultKind.ANSWER_LOST)
        before = len(desk.seen.requests)
        try:
            await desk.private.modify_order(LINK, ack.order_id, price=price - listing.tick)
        except OutcomeUnknown:
            sent = [request for _, request in desk.seen.requests[before:] if request.method != "GET"]
            true(len(sent) == 1, "a change whose answer is lost was sent again", found=sent, fix="idempotent=False")
        else:
            raise fail(
                "a change whose answer was lost is said to have an outcome",
                expected="OutcomeUnknown",
                fix="Endpoint(idempotent=False)",
            )


@case("PRIVATE-027", Tier.PRIVATE, needs=[Capability.TRADING, Capability.COUNTDOWN_CANCEL], proof=Proof.VENUE)
async def a_countdown_cancels_what_nobody_looks_after(subject: Subject) -> None:
    """`arm_countdown` lets the venue cancel all orders after that time, unless it is armed again or disarmed.

    Steps: arm 20 s; after 15 s arm again; wait 15 s; wait until it runs out. Place, arm and disarm; wait.
    Expect: the order stands while the countdown is renewed, has ended 20 to 25 s after the last time, and stands when
        it was disarmed.
    When this fails: a dead program's orders live on, or a living one's are cancelled; look at the unit.
    Source: contract, `arm_countdown`
    """
    async with Desk(subject) as desk:
        _, order_id = await desk.rests()
        _, other_id = await desk.rests(BTC, Side.SELL)
        for _ in range(2):
            await desk.private.arm_countdown(20 * SECOND)
            await desk.pass_(15)
            equal(desk.truth(order_id).status, "open", "an order was cancelled before the countdown of 20 s ran out")
        await desk.pass_(10)
        for gone in (order_id, other_id):
            equal(desk.truth(gone).end, "countdown", "no order was cancelled 5 s after the countdown ran out")
        _, order_id = await desk.rests()
        await desk.private.arm_countdown(20 * SECOND)
        await desk.private.arm_countdown(0)
        await desk.pass_(60)
        equal(desk.truth(order_id).status, "open", "a countdown that was disarmed cancelled an order")


@case("PRIVATE-034", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_cancellation_without_answer_is_asked_again(subject: Subject) -> None:
    """A cancellation may be repeated: sent twice it does no more than once.

    Steps: the answer to a cancellation is lost; then one meets a 503.
    Expect: the order has ended each time; the caller hears of success or that the order has ended already.
    When this fails: an order in doubt stays open because one packet was lost.
    Source: contract, `Endpoint.idempotent`
    """
    async with Desk(subject) as desk:
        for kind in (FaultKind.ANSWER_LOST, FaultKind.SERVER_ERROR):
            _, order_id = await desk.rests()
            desk.arm(kind, method="DELETE" if kind is FaultKind.ANSWER_LOST else None)
            try:
                await desk.private.cancel_order(LINK, order_id=order_id)
            except OrderNotFound:
                pass
            except OutcomeUnknown as error:
                raise fail(
                    "a cancellation that may be repeated was not", found=error, fix="Endpoint(idempotent=True)"
                ) from error
            equal(desk.truth(order_id).status, "ended", f"a cancellation after {kind} did not end the order")
        await placed(desk, desk.request())


async def _gone(desk: Desk, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None) -> None:
    try:
        await desk.private.cancel_order(LINK, order_id=order_id, client_order_id=client_order_id)
    except OrderNotFound:
        return
    raise fail(
        "cancelling an order that has ended, or never was, is no error",
        expected="OrderNotFound",
        frame=order_id or client_order_id,
        fix="the table of codes in faults.py",
    )
