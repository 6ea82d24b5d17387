"""Requests that left and got no answer: never sent again, and found out by asking."""

from arb_core.errors import ArbError, OrderNotFound, OutcomeUnknown
from arb_core.structs.card import Capability
from arb_core.structs.market import Side
from arb_core.structs.order import Order, OrderRequest
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.private.asking import not_found
from arb_compliance.desk import LINK, Desk, same_order
from arb_compliance.expect import equal, fail, true
from arb_compliance.subject import Subject

SECOND = 1_000_000_000

NEVER_AGAIN = "place with Endpoint(idempotent=False), and let the core decide: the plugin catches nothing"


@case("PRIVATE-020", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def an_accepted_order_without_answer_is_in_doubt(subject: Subject) -> None:
    """The order is accepted, its answer never comes: `OutcomeUnknown`, one request, and it is found as the card says.

    Steps: lose the answer of an order that rests, and of one that is filled at once; look for each.
    Expect: `OutcomeUnknown` that names our id; one order at the venue, one request; by our id, or in open orders,
        history and fills it is found after `history_lag_ns`.
    When this fails: the order is placed twice, or forgotten.
    Source: contract, `OutcomeUnknown`; card, `client_ids`
    """
    await _in_doubt(subject, FaultKind.ANSWER_LOST, stands=True)


@case("PRIVATE-021", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def an_accepted_order_answered_with_an_error_is_in_doubt(subject: Subject) -> None:
    """The order is accepted and a proxy answers 5xx: `OutcomeUnknown` as well.

    Steps: 500, 502, 503 and 504 in place of the answer to an order that the venue took.
    Expect: as for an answer that never came.
    When this fails: an error page is taken for a refusal, and the order for absent.
    Source: contract, `OutcomeUnknown`
    """
    for status in (500, 502, 503, 504)[: subject.times(4)]:
        await _in_doubt(subject, FaultKind.ERROR_AFTER, stands=True, status=status)


@case("PRIVATE-022", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_lost_order_is_in_doubt_too(subject: Subject) -> None:
    """An order that never arrived looks like one whose answer is lost: it is in doubt, and then proved absent.

    Steps: the request is lost, or a proxy answers 5xx in the venue's place; look for it after `history_lag_ns`.
    Expect: `OutcomeUnknown`, one request; `OrderNotFound` by our id; not in open orders, history or fills.
    When this fails: a search finds what never was, or never ends.
    Source: contract, client order ids
    """
    for kind in (FaultKind.NO_ANSWER, FaultKind.SERVER_ERROR):
        await _in_doubt(subject, kind, stands=False)


async def _in_doubt(subject: Subject, kind: FaultKind, *, stands: bool, **more: int) -> None:
    async with Desk(subject) as desk:
        for request in (desk.request(), desk.taking(LINK, Side.SELL, levels=1)):
            desk.arm(kind, **more)
            await _doubted(desk, request)
            await desk.pass_(subject.card.client_ids.history_lag_ns / SECOND)
            found = await _search(desk, request, desk.begun_ns)
            orders = desk.named(request.client_order_id)
            equal(len(orders), int(stands), "the number of orders at the venue")
            if stands:
                true(
                    found is not None,
                    "the order stands, and no way that the card names finds it",
                    fix="card, client_ids",
                )
            elif found is not None:
                raise fail("an order was found that never was", found=found)
            for order in orders[: 0 if found is None else 1]:
                if found is not None:
                    same_order(subject, found, order, "what was found of an order in doubt")
                    equal(found.client_order_id, request.client_order_id, "it was found, and does not bear our id")


async def _doubted(desk: Desk, request: OrderRequest) -> None:
    try:
        ack = await desk.private.place_order(request)
    except OutcomeUnknown as error:
        equal(error.client_order_id, request.client_order_id, "the error does not name our id", fix=NEVER_AGAIN)
    except ArbError as error:
        raise fail(
            "an order without an answer has an outcome", expected="OutcomeUnknown", found=error, fix=NEVER_AGAIN
        ) from error
    else:
        raise fail("an order without an answer has an outcome", expected="OutcomeUnknown", found=ack, fix=NEVER_AGAIN)
    sent = desk.sent_with(request.client_order_id)
    true(len(sent) == 1, f"an order without an answer was sent {len(sent)} times", found=sent, fix=NEVER_AGAIN)


async def _search(desk: Desk, request: OrderRequest, since_ns: int) -> Order | None:
    """Look for an order in every place that the card names; all must agree that there is none before it counts."""
    private, rule, name = desk.private, desk.subject.card.client_ids, request.client_order_id
    found: list[Order] = []
    orders = desk.named(name)
    shown = bool(orders) and (rule.lookup == "always" or (rule.lookup == "while_open" and orders[0].status == "open"))
    if rule.lookup != "none":
        try:
            found.append(await private.get_order(LINK, client_order_id=name))
        except OrderNotFound:
            true(not shown, f"client_ids.lookup is {rule.lookup!r}, and our id does not find the order", frame=name)
        if not orders:
            await not_found(desk, client_order_id=name)
    found += [order for order in await private.get_open_orders(LINK) if order.client_order_id == name]
    if desk.subject.claims(Capability.ORDER_HISTORY):
        listed = [o for o in await private.get_order_history(LINK, since_ns) if o.client_order_id == name]
        true(len(listed) == len(orders), "the history since before it was sent, by our id", found=listed)
        found += listed
    fills = [fill for fill in await private.get_fills(LINK, since_ns) if fill.client_order_id == name]
    true(bool(orders) or not fills, "fills of an order that never was", found=fills)
    return found[0] if found else None
