"""Much at once, by chance: an account that trades while answers and pushes are lost, doubled, late and out of order.

One integer makes a run. What no single case foresees shows here: at the end everything that was told and everything
that is asked for must come to what the venue's account did.
"""

from arb_core.errors import DuplicateOrder, InvalidOrder, OrderNotFound, OutcomeUnknown, RateLimitError
from arb_core.structs.card import Capability
from arb_core.structs.market import Side
from arb_core.structs.order import OrderId, OrderRequest, TimeInForce
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.private.account import same_balances
from arb_compliance.cases.private.asking import same_list
from arb_compliance.desk import BTC, LINK, Desk, execution_of, same_fills, same_order
from arb_compliance.expect import equal, true
from arb_compliance.subject import Subject

TURNS = 40

PUSHES = (FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.DELAY, FaultKind.DISCONNECT)
ANSWERS = (FaultKind.ANSWER_LOST, FaultKind.ERROR_AFTER, FaultKind.SERVER_ERROR, FaultKind.PARTIAL_FILL)

BORNE = (OutcomeUnknown, RateLimitError, OrderNotFound, InvalidOrder)
"""What may become of a single request; what became of the account is looked at in the end."""


@case("PRIVATE-037", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE, limit_s=60.0)
async def a_wild_hour_adds_up(subject: Subject) -> None:
    """Whatever goes wrong meanwhile, in the end the account is known to the last digit.

    Steps: seeded runs of orders, cancellations and fills by others on two symbols, while pushes are lost, doubled, late
        or exchanged, connections end, and answers are lost or wrong; then quiet.
    Expect: every order bears an id that was sent, and none stands twice; fills that were told and fills that are asked
        for are, by order and trade_id, exactly the venue's; balances, open orders and each order's end are the venue's.
    When this fails: the failure names the seed's run; look at ids, at what is added up, at what is asked for twice.
    Source: contract, all of the private side
    """
    for seed in range(subject.times(6)):
        async with Desk(subject, seed=seed) as desk:
            if subject.claims(Capability.FILLS_STREAM):
                await desk.listen()
            sent = await _trade_wildly(desk)
            desk.kernel.faults.disarm()
            await desk.until(lambda desk=desk: desk.venue.account.listening, "listening again", at_most_s=300)  # type: ignore[misc]
            await desk.pass_(60)
            await _adds_up(desk, sent, f"run {seed}")


async def _trade_wildly(desk: Desk) -> list[OrderRequest]:
    rng, sent = desk.rng, list[OrderRequest]()
    for _ in range(TURNS):
        if rng.random() < 0.25:
            desk.arm(rng.choice(PUSHES), feed="private")
        if rng.random() < 0.15:
            desk.arm(rng.choice(ANSWERS))
        open_orders = desk.kernel.inspection.open_orders()
        try:
            if open_orders and rng.random() < 0.5:
                await _act_on(desk, OrderId(rng.choice(open_orders).id))
            else:
                request = _any_order(desk)
                sent.append(request)
                await desk.private.place_order(request)
        except DuplicateOrder:
            raise
        except BORNE:
            pass
        await desk.pass_(rng.uniform(0, 4))
    return sent


async def _act_on(desk: Desk, order_id: OrderId) -> None:
    """Cancel an order, or let others take a part of it."""
    order = desk.truth(order_id)
    market = desk.kernel.by_pair[order.pair]
    if desk.rng.random() < 0.5 and order.size is not None:
        left = int((order.size - order.filled) / market.listing.lot)
        desk.serve(order_id, desk.rng.randint(1, max(1, left)) * market.listing.lot)
    else:
        await desk.private.cancel_order(market.listing.symbol, order_id=order_id)


def _any_order(desk: Desk) -> OrderRequest:
    rng = desk.rng
    symbol, side = rng.choice((LINK, BTC)), rng.choice((Side.BUY, Side.SELL))
    if rng.random() < 0.5:
        return desk.request(symbol, side)
    more = rng.choice((0, 60)) * desk.market(symbol).listing.lot
    ioc = desk.subject.claims(Capability.IOC) and rng.random() < 0.5
    force = TimeInForce.IOC if ioc else TimeInForce.GTC
    return desk.taking(symbol, side, levels=rng.randint(1, 2), more=more, time_in_force=force)


async def _adds_up(desk: Desk, sent: list[OrderRequest], when: str) -> None:
    prefix = desk.subject.card.client_ids.prefix
    orders = desk.kernel.inspection.orders()
    names = [order.client_id for order in orders]
    strange = set(names) - {f"{prefix}{request.client_order_id}" for request in sent}
    true(not strange, f"{when}: orders under ids that nobody gave", found=strange)
    equal(len(names), len(set(names)), f"{when}: orders under one id")
    true(bool(desk.fills_of()), f"{when}: nothing was filled")
    known = {execution_of(fill): fill for fill in desk.heard.fills}
    for symbol in (LINK, BTC):
        known |= {execution_of(fill): fill for fill in await desk.private.get_fills(symbol, desk.begun_ns)}
        same_list(desk, await desk.private.get_open_orders(symbol), symbol, f"{when}: open orders of {symbol}")
    same_fills(desk.subject, known.values(), desk.fills_of(), f"{when}: fills told and fills asked for")
    same_balances(desk, await desk.private.get_balances(), when)
    for order in orders:
        symbol = desk.kernel.by_pair[order.pair].listing.symbol
        found = await desk.private.get_order(symbol, order_id=OrderId(order.id))
        same_order(desk.subject, found, order, f"{when}: the query")
