"""Every no: told as what it is, so that the engine knows what to do next, and nothing has happened."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from arb_core.errors import (
    ArbError,
    ClockSkew,
    DuplicateOrder,
    ExchangeAPIError,
    InsufficientBalance,
    InvalidOrder,
    InvalidSymbol,
    NotSupported,
    OrderNotFound,
    Rejected,
    TradingDisabled,
)
from arb_core.structs.card import Capability
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import OrderRequest, OrderStatus, TimeInForce
from arb_sim.faults import FaultKind
from arb_sim.kernel.orders import Unique, Why
from msgspec.structs import replace

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import FORCES, LINK, Desk
from arb_compliance.expect import equal, fail, true
from arb_compliance.subject import Subject

SECOND = 1_000_000_000

MEANS: dict[Why, type[ExchangeAPIError]] = {
    Why.HALTED: TradingDisabled,
    Why.PRICE_STEP: InvalidOrder,
    Why.SIZE_STEP: InvalidOrder,
    Why.SIZE_TOO_SMALL: InvalidOrder,
    Why.SIZE_TOO_LARGE: InvalidOrder,
    Why.NOTIONAL_TOO_SMALL: InvalidOrder,
    Why.NOTIONAL_TOO_LARGE: InvalidOrder,
    Why.PRICE_BAND: InvalidOrder,
    Why.FUNDS: InsufficientBalance,
    Why.CLIENT_ID: DuplicateOrder,
    Why.WOULD_TAKE: InvalidOrder,
    Why.NOT_FILLABLE: InvalidOrder,
    Why.NO_LIQUIDITY: InvalidOrder,
    Why.TOO_MANY_ORDERS: Rejected,
}
"""What each reason of a venue is to the engine; a subclass will do where the row says `Rejected`."""

FORCES_OF: dict[Capability, TimeInForce] = {
    Capability.IOC: TimeInForce.IOC,
    Capability.FOK: TimeInForce.FOK,
    Capability.POST_ONLY: TimeInForce.POST_ONLY,
}


@case("PRIVATE-019", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def what_the_venue_does_not_take_is_told_as_such(subject: Subject) -> None:
    """Orders that break a rule, or the account, are refused by the class that says what to do.

    Steps: orders beyond the balance, between two ticks, between two lots, below the smallest size and notional, of a
        halted symbol, of one that is not listed.
    Expect: InsufficientBalance, InvalidOrder, TradingDisabled, InvalidSymbol, with the venue's own code; no order
        stands, no money is locked, each was sent once at most.
    When this fails: the engine repeats what can never work, or gives up what could.
    Source: contract, errors
    """
    async with Desk(subject) as desk:
        listing = desk.market(LINK).listing
        good = desk.request()
        price, size = good.price or Decimal(0), good.quantity or Decimal(0)
        many = (desk.kernel.inspection.balances()["USDT"].free * 2 / price // listing.lot) * listing.lot
        wrong: list[tuple[str, OrderRequest, type[ExchangeAPIError]]] = [
            ("more than the account has", replace(good, quantity=many), InsufficientBalance),
            ("a price between two ticks", replace(good, price=price + listing.tick / 10), InvalidOrder),
            ("a size between two lots", replace(good, quantity=size + listing.lot / 10), InvalidOrder),
            ("too small a size", replace(good, quantity=listing.lot), InvalidOrder),
            ("a symbol that is not listed", replace(good, symbol=Symbol("NOSUCH", "USDT")), InvalidSymbol),
        ]
        for what, request, kind in wrong:
            await _refused(desk, what, replace(request, client_order_id=desk.new_id()), kind)
        desk.arm(FaultKind.HALT, pair=str(LINK), hold_s=60)
        await _refused(desk, "a halted symbol", replace(good, client_order_id=desk.new_id()), TradingDisabled)


@case("PRIVATE-028", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_client_id_that_was_used_is_told_as_such(subject: Subject) -> None:
    """Where the venue refuses an id of ours that an open order bears, that is `DuplicateOrder`.

    Steps: place two orders under one id; where the venue takes both, let it refuse one for that reason.
    Expect: `DuplicateOrder`; one order of that id.
    When this fails: an order that stands already is taken for one that was refused.
    Source: contract, errors
    """
    async with Desk(subject) as desk:
        request, _ = await desk.rests()
        if desk.kernel.trading_rules.client_ids.unique is Unique.NEVER:
            desk.arm(FaultKind.ORDER_REJECTED, why=Why.CLIENT_ID)
        await _raises("the id of an open order", lambda: desk.private.place_order(request), DuplicateOrder)
        equal(len(desk.named(request.client_order_id)), 1, "the number of orders under one id")


@case("PRIVATE-029", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def every_reason_of_a_refusal_is_told(subject: Subject) -> None:
    """Whatever the venue refuses an order for, the class says what to do, and the venue's code and words are kept.

    Steps: let the venue refuse an order for each reason that it has, in its own words.
    Expect: the class of the reason; `api_code` and the message are the venue's.
    When this fails: the table of codes lacks one that the venue uses.
    Source: contract, errors; the venue's list of errors
    """
    async with Desk(subject) as desk:
        for why, kind in MEANS.items():
            if why in _impossible(desk):
                continue
            desk.arm(FaultKind.ORDER_REJECTED, why=why)
            error = await _refused(desk, f"an order refused for {why}", desk.request(), kind)
            true(error.api_code is not None, f"the venue's code for {why} is lost", found=error, fix="api_code=")
            true(bool(error.message), f"the venue's words for {why} are lost", found=repr(error))
            await desk.pass_(1)


@case("PRIVATE-033", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def what_is_not_claimed_is_not_done_otherwise(subject: Subject) -> None:
    """What the card does not claim is refused, or works; it is never done in another way.

    Steps: ask for each time in force, for a change and for a countdown that the card does not claim.
    Expect: InvalidOrder or NotSupported, and no order; what works although it is not claimed is told as a warning.
    When this fails: an order that was to end at once rests, because the plugin sends what it does not know as another.
    Source: contract, capabilities
    """
    unclaimed = frozenset(Capability) - subject.card.capabilities - subject.card.unknown
    async with Desk(subject) as desk:
        for capability, time_in_force in FORCES_OF.items():
            if capability not in subject.card.capabilities:
                await _not_otherwise(desk, capability, time_in_force)
        _, order_id = await desk.rests()
        before = desk.truth(order_id)
        if Capability.MODIFY_ORDER in unclaimed:
            price = (before.price or Decimal(0)) - 5 * desk.market(LINK).listing.tick

            async def change() -> None:
                await desk.private.modify_order(LINK, order_id, price=price)

            if await _works(change, Capability.MODIFY_ORDER):
                subject.warn("orders can be changed, and the card does not claim modify_order")
            else:
                equal(desk.truth(order_id), before, "a change that is not supported changed the order")
        if Capability.COUNTDOWN_CANCEL in unclaimed and await _works(
            lambda: desk.private.arm_countdown(60 * SECOND), Capability.COUNTDOWN_CANCEL
        ):
            subject.warn("a countdown can be armed, and the card does not claim countdown_cancel")


@case("PRIVATE-035", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_wrong_clock_is_measured_and_the_order_sent_once_more(subject: Subject) -> None:
    """An order that the venue refuses for its time is sent again by the venue's clock, and stands once.

    Steps: the venue's clock is two minutes ahead, then two minutes behind; ask for balances and place an order.
    Expect: both succeed; one order; the clock was asked for.
    When this fails: the refusal is not told as `ClockSkew`, or requests are not signed by the time that is handed in.
    Source: contract, `ClockSkew`
    """
    for skew_s in (120.0, -120.0):
        async with Desk(subject) as desk:
            desk.arm(FaultKind.CLOCK_SKEW, skew_s=skew_s, hold_s=600)
            request = desk.request()
            try:
                await desk.private.place_order(request)
                await desk.private.get_balances()
            except ArbError as error:
                raise fail(
                    f"the venue's clock is {skew_s:+g} s off, and the order is not sent again by it",
                    expected="the refusal as ClockSkew, then success",
                    found=f"{type(error).__name__}: {error}",
                    fix="the table of codes in faults.py; sign by the time that is handed to `sign`",
                ) from error
            equal(len(desk.named(request.client_order_id)), 1, "the number of orders after the clock was measured")


def _impossible(desk: Desk) -> set[Why]:
    """Reasons that this venue never gives, because it takes such an order and ends it at once."""
    rules = desk.kernel.trading_rules
    reasons = (
        (Why.WOULD_TAKE, rules.post_only_refused),
        (Why.NOT_FILLABLE, rules.fill_or_kill_refused),
        (Why.NO_LIQUIDITY, rules.market_refused),
    )
    return {why for why, refused in reasons if not refused}


async def _refused(desk: Desk, what: str, request: OrderRequest, kind: type[ExchangeAPIError]) -> ExchangeAPIError:
    inspection = desk.kernel.inspection
    before = (len(inspection.orders()), inspection.balances())
    error = await _raises(what, lambda: desk.private.place_order(request), kind)
    equal((len(inspection.orders()), inspection.balances()), before, f"{what} is refused, and something happened")
    true(len(desk.sent_with(request.client_order_id)) <= 1, f"{what} was sent more than once")
    return error


async def _raises(what: str, act: Callable[[], Awaitable[object]], kind: type[ExchangeAPIError]) -> ExchangeAPIError:
    try:
        found = await act()
    except kind as error:
        if isinstance(error, (ClockSkew, OrderNotFound)) and kind is Rejected:
            raise fail(f"{what} is told as {type(error).__name__}", expected="another class", found=error) from error
        return error
    except ArbError as error:
        raise fail(
            f"{what} is told as {type(error).__name__}",
            expected=kind.__name__,
            found=error,
            fix="the table of codes in faults.py",
        ) from error
    raise fail(f"{what} is no error", expected=kind.__name__, found=found)


async def _not_otherwise(desk: Desk, capability: Capability, time_in_force: TimeInForce) -> None:
    """Ask for a time in force that is not claimed."""
    request = desk.request(LINK, Side.BUY, time_in_force=time_in_force)

    async def place() -> None:
        ack = await desk.private.place_order(request)
        true(ack.status is not OrderStatus.REJECTED, "an order that was refused has an answer")

    works = await _works(place, capability)
    for order in desk.named(request.client_order_id):
        equal(
            FORCES[order.force].name,
            time_in_force.name,
            f"{capability} is not claimed, and an order of that kind was placed as another",
            fix="raise InvalidOrder for what the venue does not take",
        )
        if works and capability not in desk.subject.card.unknown:
            desk.subject.warn(f"orders {time_in_force.name} work, and the card does not claim {capability}")


async def _works(act: Callable[[], Awaitable[object]], capability: Capability) -> bool:
    """Whether something works that is not claimed."""
    try:
        await act()
    except (NotSupported, Rejected):
        return False
    except ArbError as error:
        raise fail(
            f"{capability} is not claimed, and asking for it is told as {type(error).__name__}",
            expected="NotSupported or a refusal",
            found=error,
        ) from error
    return True
