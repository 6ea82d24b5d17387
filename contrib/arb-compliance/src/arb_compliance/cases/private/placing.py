"""Orders of every kind that the card claims: the venue took what was asked, and the answer says no more than that.

The market stands still, so each order's life is known beforehand.
"""

import re
from decimal import ROUND_FLOOR, Decimal

from arb_core.errors import InvalidOrder
from arb_core.structs.card import Capability
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import ClientOrderId, OrderAck, OrderRequest, OrderStatus, OrderType, TimeInForce
from arb_core.structs.wire import plain
from arb_sim.inspection import OrderState
from msgspec.structs import replace

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import BTC, FORCES, LINK, SIDES, TYPES, Desk, same_order
from arb_compliance.expect import equal, fail, true
from arb_compliance.subject import Subject

ACK_FIX = "None and UNKNOWN where the answer does not say it: zero is not unknown"


@case("PRIVATE-005", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_limit_order_rests(subject: Subject) -> None:
    """A limit order stands at the venue exactly as it was asked for.

    Steps: place orders that rest, to buy and to sell, on two symbols; ask for each.
    Expect: symbol, side, price, size, kind and our id are the request's; the query says the same; nothing is filled.
    When this fails: an order is not the one that was meant; look at sides, types and the order of parameters.
    Source: contract, `place_order`
    """
    async with Desk(subject) as desk:
        for symbol, side in ((LINK, Side.BUY), (LINK, Side.SELL), (BTC, Side.BUY), (BTC, Side.SELL)):
            order = await placed(desk, desk.request(symbol, side))
            equal(order.status, "open", f"{side.name} {symbol}: an order far from the market does not rest")


@case("PRIVATE-006", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def an_order_is_filled_bit_by_bit(subject: Subject) -> None:
    """What is filled is told in base and in total, whoever takes.

    Steps: an order takes what stands in its way and rests with what is left; others take a part of that, then all.
    Expect: PARTIALLY_FILLED, then FILLED; `filled` and `filled_quote` are the venue's at every step.
    When this fails: the engine hedges too much or too little.
    Source: contract, `Order`
    """
    async with Desk(subject) as desk:
        lot = desk.market(LINK).listing.lot
        request = desk.taking(LINK, Side.BUY, levels=2, more=1000 * lot)
        ack = await desk.private.place_order(request)
        _honest(ack, desk.truth(ack.order_id))
        for taken, status in ((Decimal(0), "open"), (400 * lot, "open"), (600 * lot, "filled")):
            if taken:
                desk.serve(ack.order_id, taken)
            true_ = desk.truth(ack.order_id)
            equal(true_.status, status, "the simulated venue did not do what the case is about")
            same_order(subject, await desk.private.get_order(LINK, order_id=ack.order_id), true_, "the query")


@case("PRIVATE-007", Tier.PRIVATE, needs=[Capability.TRADING, Capability.IOC], proof=Proof.VENUE)
async def an_ioc_order_never_rests(subject: Subject) -> None:
    """An immediate-or-cancel order takes what is there and ends.

    Steps: one that finds all, one that finds less than it wants, one that finds nothing.
    Expect: FILLED; CANCELED with what it got; CANCELED with nothing, or refused. Nothing is left open.
    When this fails: an order of a trade that is over rests in the book and is filled later, unhedged.
    Source: contract, `TimeInForce.IOC`
    """
    async with Desk(subject) as desk:
        lot = desk.market(LINK).listing.lot
        ioc = TimeInForce.IOC
        whole = await placed(desk, desk.taking(LINK, Side.BUY, levels=1, time_in_force=ioc))
        equal(whole.status, "filled", "an IOC order that finds all it wants is not filled")
        part = await placed(desk, desk.taking(LINK, Side.SELL, levels=1, more=1000 * lot, time_in_force=ioc))
        equal((part.status, bool(part.filled)), ("ended", True), "an IOC order that finds less does not end")
        await _gets_nothing(desk, desk.request(LINK, time_in_force=ioc))


@case("PRIVATE-008", Tier.PRIVATE, needs=[Capability.TRADING, Capability.FOK], proof=Proof.VENUE)
async def a_fok_order_takes_all_or_nothing(subject: Subject) -> None:
    """A fill-or-kill order is filled whole, or not at all.

    Steps: one that finds all, one that finds less than it wants.
    Expect: FILLED; CANCELED with nothing, or refused.
    When this fails: a leg is filled in part where the trade counted on all or nothing.
    Source: contract, `TimeInForce.FOK`
    """
    async with Desk(subject) as desk:
        lot = desk.market(LINK).listing.lot
        fok = TimeInForce.FOK
        whole = await placed(desk, desk.taking(LINK, Side.BUY, levels=1, time_in_force=fok))
        equal(whole.status, "filled", "a FOK order that finds all it wants is not filled")
        await _gets_nothing(desk, desk.taking(LINK, Side.SELL, levels=1, more=1000 * lot, time_in_force=fok))


@case("PRIVATE-009", Tier.PRIVATE, needs=[Capability.TRADING, Capability.POST_ONLY], proof=Proof.VENUE)
async def a_post_only_order_never_takes(subject: Subject) -> None:
    """A post-only order rests, or is refused; it never pays the taker's fee.

    Steps: one below the market, one at the best ask.
    Expect: the first is open; the second is refused, or CANCELED with nothing filled.
    When this fails: orders that were meant to make, take.
    Source: contract, `TimeInForce.POST_ONLY`
    """
    async with Desk(subject) as desk:
        post_only = TimeInForce.POST_ONLY
        rests = await placed(desk, desk.request(LINK, time_in_force=post_only))
        equal(rests.status, "open", "a post-only order below the market does not rest")
        await _gets_nothing(desk, desk.taking(LINK, Side.BUY, levels=1, time_in_force=post_only))


@case("PRIVATE-010", Tier.PRIVATE, needs=[Capability.TRADING, Capability.MARKET_ORDERS], proof=Proof.VENUE)
async def a_market_order_counts_base(subject: Subject) -> None:
    """A market order by `quantity` gives away, or takes, exactly what was asked.

    Steps: sell by `quantity`; buy by `quantity`.
    Expect: filled to the lot, at the venue's best prices; the query says so; no price is shown as its limit. Where the
        venue counts quote alone when one buys, `InvalidOrder` before anything is sent.
    When this fails: another amount is sold or bought than was meant: many venues count quote when one buys.
    Source: contract, `OrderRequest`
    """
    async with Desk(subject) as desk:
        quantity = desk.smallest(LINK, desk.best(LINK, Side.BUY))
        order = await placed(desk, desk.market_order(LINK, Side.SELL, quantity=quantity))
        equal((order.status, order.filled), ("filled", quantity), "what a market order sold is not what was asked")
        sent = len(desk.seen.requests)
        try:
            order = await placed(desk, desk.market_order(LINK, Side.BUY, quantity=quantity))
        except InvalidOrder:
            equal(len(desk.seen.requests), sent, "what the venue does not take was sent")
        else:
            equal(
                (order.status, order.filled), ("filled", quantity), "what a market order bought is not what was asked"
            )


@case("PRIVATE-036", Tier.PRIVATE, needs=[Capability.TRADING, Capability.QUOTE_QUANTITY], proof=Proof.VENUE)
async def a_market_order_counts_quote(subject: Subject) -> None:
    """A market order to buy by `quote_quantity` spends no more than that, and what it bought is told in base.

    Steps: buy for an amount of quote.
    Expect: the venue spent that much, less what buys no whole lot; `filled` counts base.
    When this fails: quote and base are taken for each other: a purchase a hundred thousand times too large or small.
    Source: contract, `OrderRequest`
    """
    async with Desk(subject) as desk:
        ask = desk.best(LINK, Side.SELL)
        budget = (desk.smallest(LINK, ask) * ask).quantize(Decimal("0.01"))
        order = await placed(desk, desk.market_order(LINK, Side.BUY, quote_quantity=budget))
        lot = desk.market(LINK).listing.lot
        true(
            budget - 2 * lot * ask <= order.spent <= budget,
            "what a market order spent is not what was asked",
            found=f"{order.spent} of {budget}",
        )


@case("PRIVATE-011", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def numbers_go_out_as_plain_decimals(subject: Subject) -> None:
    """Prices and sizes leave exactly as they are, without exponent, rounding or float.

    Steps: orders whose `Decimal`s print with exponents (5E+4, 1.2E+6), and with every digit that the symbol has.
    Expect: the text on the wire is the plain decimal; the venue has the very price and size.
    When this fails: orders are refused, or worse, rounded up beyond what was admitted.
    Source: contract, numbers: `arb_core.structs.wire.plain`
    """
    async with Desk(subject, symbols=("BTC/USDT", "LINK/USDT", "SHIB/USDT")) as desk:
        for symbol in (BTC, LINK, Symbol("SHIB", "USDT")):
            listing = desk.market(symbol).listing
            low = desk.request(symbol).price or Decimal(0)
            round_ = low.quantize(Decimal(1).scaleb(low.adjusted()), ROUND_FLOOR).normalize()
            size = desk.smallest(symbol, round_)
            for price, number in (
                (low + listing.tick, size),
                (round_, size + listing.lot),
                (low, size + 7 * listing.lot),
            ):
                request = replace(desk.request(symbol), price=price, quantity=number.normalize())
                await placed(desk, request)
                for value in (request.price, request.quantity):
                    _plain_on_the_wire(desk, request.client_order_id, value or Decimal(0))


async def placed(desk: Desk, request: OrderRequest) -> OrderState:
    """Place an order, compare answer, venue and query, and return the venue's order."""
    ack = await desk.private.place_order(request)
    order = desk.truth(ack.order_id)
    what = f"{request.side.name} {request.type.name} {request.time_in_force.name} {request.symbol}"
    sent = desk.seen.requests[-1][1]
    frame = f"{sent.method} {sent.path} {sent.query.partition('&signature')[0]} {sent.body.decode('utf-8', 'replace')}"
    asked = {
        "symbol": (order.symbol, str(request.symbol)),
        "side": (SIDES[order.side].name, request.side.name),
        "kind": (TYPES[order.kind].name, request.type.name),
        "our id": (order.client_id, desk.subject.card.client_ids.prefix + request.client_order_id),
        "quantity": (order.size if order.budget is None else None, request.quantity),
        "quote_quantity": (order.budget, request.quote_quantity),
    }
    if request.type is OrderType.LIMIT:
        asked["price"] = (order.price, request.price)
        asked["time in force"] = (FORCES[order.force].name, request.time_in_force.name)
    for name, (found, wanted) in asked.items():
        equal(found, wanted, f"{what}: {name} at the venue is not what was asked", frame=frame)
    _honest(ack, order)
    equal(desk.sent_with(request.client_order_id)[1:], [], f"{what}: it was sent more than once")
    same_order(
        desk.subject, await desk.private.get_order(request.symbol, order_id=ack.order_id), order, f"{what}, the query"
    )
    return order


def _honest(ack: OrderAck, order: OrderState) -> None:
    """An answer may say less than the truth, and nothing else."""
    equal(ack.order_id, order.id, "the answer names another order")
    if ack.filled is not None:
        equal(ack.filled, order.filled, "the answer says that another amount is filled", fix=ACK_FIX)
    if ack.status is not OrderStatus.UNKNOWN:
        right = {"filled": OrderStatus.FILLED, "ended": OrderStatus.CANCELED}.get(
            order.status, OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.OPEN
        )
        equal(ack.status.name, right.name, "the answer says that the order stands otherwise", fix=ACK_FIX)


async def _gets_nothing(desk: Desk, request: OrderRequest) -> None:
    """Place an order that must end at once, or be refused, without a fill."""
    what = f"{request.time_in_force.name} {request.symbol}"
    try:
        ack = await desk.private.place_order(request)
    except InvalidOrder:
        pass
    else:
        order = desk.truth(ack.order_id)
        _honest(ack, order)
        same_order(
            desk.subject,
            await desk.private.get_order(request.symbol, order_id=ack.order_id),
            order,
            f"{what}, the query",
        )
    for order in desk.named(request.client_order_id):
        if order.status == "open" or order.filled:
            raise fail(
                f"an order {what} should have got nothing and ended",
                expected=f"{request.time_in_force.name}, ended, 0 filled",
                found=f"{order.force}, {order.status}, {order.filled} filled",
                fix="the table of types and times in force",
            )


def _plain_on_the_wire(desk: Desk, client_order_id: ClientOrderId, value: Decimal) -> None:
    mark = client_order_id.encode()
    _, sent = next(
        row
        for row in reversed(desk.seen.requests)
        if row[1].method != "GET" and mark in row[1].query.encode() + row[1].body
    )
    text = f"{sent.query} {sent.body.decode('utf-8', 'replace')} {desk.seen.sent[-1:]}"
    if re.search(rf"(?<![0-9.]){re.escape(plain(value))}(\.?0+)?(?![0-9.eE])", text) is None:
        raise fail(
            "a number did not leave as a plain decimal",
            expected=plain(value),
            frame=text.partition("&signature")[0],
            fix="arb_core.structs.wire.plain(value)",
        )
