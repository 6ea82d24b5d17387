"""That every no is heeded: a refusal with a time, one without, a ban."""

from functools import partial

from arb_core.errors import RateLimitError
from arb_core.interfaces.context import RestRequest
from arb_core.structs.card import Capability
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.limits.calls import actions, answered, as_a_stranger, noes, questions, refused
from arb_compliance.desk import Desk
from arb_compliance.expect import NotAsked, equal, fail, true
from arb_compliance.faults import asks_too_much, fault_reader
from arb_compliance.subject import Subject

SECOND = 1_000_000_000

RETRY_AFTER_S = 7
BAN_S = 90

PATIENCE_NS = SECOND // 2
"""Less than this is no waiting, whatever the venue left unsaid."""


@case("LIMITS-002", Tier.LIMITS, proof=Proof.VENUE)
async def a_refusal_with_a_time_is_obeyed(subject: Subject) -> None:
    """After 429 with `Retry-After`, the next request of that budget leaves when the time is over.

    Steps: refuse a question for 7 s; refuse an order for 7 s, and try another at once.
    Expect: the question is answered, after 7 s and one more try; the order is `RateLimitError` with the time, sent
        once; the other order is held back unsent; after the time it goes through.
    When this fails: requests go on into a ban, or an order leaves seconds after the moment it was meant for.
    Source: contract, `RateLimitError`
    """
    async with Desk(subject) as desk:
        for name, call in questions(desk, None).items():
            begun, asked = desk.clock.monotonic_ns(), len(desk.seen.answers)
            desk.arm(FaultKind.RATE_LIMITED, retry_after_s=RETRY_AFTER_S)
            await answered(name, call)
            statuses = [answer.status for _, answer in desk.seen.answers[asked:]]
            equal(statuses[0], 429, f"{name}: the simulated venue refused another request")
            equal(statuses.count(429), 1, f"{name}: the number of refusals", fix="let the core wait: catch nothing")
            waited_ns = desk.clock.monotonic_ns() - begun
            true(
                waited_ns >= RETRY_AFTER_S * SECOND,
                f"{name}: asked again before Retry-After was over",
                found=f"{waited_ns / SECOND:.1f} s",
            )
        if subject.claims(Capability.TRADING):
            await _orders_are_refused(desk)


@case("LIMITS-003", Tier.LIMITS, proof=Proof.VENUE)
async def a_refusal_without_a_time_is_waited_out(subject: Subject) -> None:
    """Where somebody else used up the address's budget, one refusal is enough to learn it.

    Steps: a stranger at the same address asks until the venue refuses him; the plugin asks the same. Then one refusal
        that says nothing of time.
    Expect: the plugin meets one refusal at most, waits as the venue's answer says (header, body or a whole window), and
        is answered; after a refusal without a time it does not ask again at once.
    When this fails: the client hammers at a closed door and is banned; look at units in `retry_after_ns`, at `usage`.
    Source: contract, limits; the venue's own
    """
    async with Desk(subject) as desk:
        await desk.venue.public.get_exchange_info()
        _, request = desk.seen.requests[-1]
        _spend_as_a_stranger(desk, request)
        asked = len(desk.seen.answers)
        call = desk.venue.public.get_exchange_info
        for _ in range(5):
            try:
                await call()
                break
            except RateLimitError as error:
                await desk.pass_((error.retry_after_ns or SECOND) / SECOND)
        else:
            raise fail("a question is still refused after the times that were stated were over")
        refusals = [answer.status for _, answer in noes(desk, asked)]
        true(len(refusals) <= 1, "it asked on while the venue refused", found=refusals)
        await desk.pass_(120)
        for name, question in questions(desk, None).items():
            asked = len(desk.seen.answers)
            desk.arm(FaultKind.RATE_LIMITED)
            try:
                await question()
            except RateLimitError as error:  # it would have to wait for longer than a question may
                gap_ns = error.retry_after_ns or 0
            else:
                refusal, again = desk.seen.answers[asked:][:2]
                gap_ns = again[1].received_ns - refusal[1].received_ns
            true(
                gap_ns >= PATIENCE_NS,
                f"{name}: asked again {gap_ns / SECOND:.3f} s after a refusal that named no time",
                fix="leave retry_after_ns None where the venue says nothing; it counts nanoseconds",
            )
            await desk.pass_(120)


@case("LIMITS-004", Tier.LIMITS, proof=Proof.VENUE)
async def a_ban_is_kept(subject: Subject) -> None:
    """After 418 nothing at all leaves for the venue until the ban is over.

    Steps: ban the address for 90 s; try every kind of request meanwhile; wait; try again.
    Expect: `RateLimitError` with `banned` and the time; then each request is held back unsent; afterwards all work.
    When this fails: each request that leaves lengthens the ban; bans grow to days.
    Source: contract, `RateLimitError`
    """
    async with Desk(subject) as desk:
        if FaultKind.BANNED in desk.kernel.impossible:
            raise NotAsked(f"the venue bans nobody: {desk.kernel.impossible[FaultKind.BANNED]}")
        order_id = (await desk.rests())[1] if subject.claims(Capability.TRADING) else None
        for name, banned in questions(desk, order_id).items():
            desk.arm(FaultKind.BANNED, retry_after_s=BAN_S)
            error = await refused(name, banned)
            true(error.banned, f"{name}: the ban is told as a usual refusal", found=error)
            left_ns = error.retry_after_ns or 0
            true(left_ns >= (BAN_S - 1) * SECOND, f"{name}: the ban's time is lost", found=f"{left_ns / SECOND:g} s")
            sent = len(desk.seen.requests)
            for other, call in (questions(desk, order_id) | actions(desk, order_id)).items():
                held = await refused(other, call)
                true(held.local, f"{other}: left for the venue during a ban", found=held)
            equal(len(desk.seen.requests), sent, "requests left during a ban")
            await desk.pass_(BAN_S)
            for other, call in questions(desk, order_id).items():
                await answered(f"{other}, after the ban", call)
            await desk.pass_(61)


async def _orders_are_refused(desk: Desk) -> None:
    await desk.pass_(10)
    desk.arm(FaultKind.RATE_LIMITED, retry_after_s=RETRY_AFTER_S)
    request = desk.request()
    error = await refused("place_order", partial(desk.private.place_order, request))
    true(not error.local, "the order was held back by ourselves", found=error)
    wait_ns = error.retry_after_ns or 0
    if not RETRY_AFTER_S * SECOND <= wait_ns <= (RETRY_AFTER_S + 1) * SECOND:
        raise fail(
            "the time to wait is not the one of Retry-After",
            expected=f"{RETRY_AFTER_S} s",
            found=f"{wait_ns / SECOND:g} s",
            fix="leave it to the core, which reads the header; what faults.py states counts nanoseconds",
        )
    equal(len(desk.sent_with(request.client_order_id)), 1, "how often an order was sent that was refused with 429")
    held = await refused("place_order", partial(desk.private.place_order, desk.request()))
    true(held.local, "a second order left for the venue before the time was over", found=held)
    await desk.pass_(RETRY_AFTER_S)
    await answered("place_order, after the time", partial(desk.private.place_order, desk.request()))


def _spend_as_a_stranger(desk: Desk, request: RestRequest) -> None:
    """Ask until the venue refuses."""
    read_fault = fault_reader(desk.subject, private=False)
    for _ in range(20_000):
        response = desk.kernel.http(as_a_stranger(request), desk.clock.now_ns())
        if response is not None and asks_too_much(read_fault, response):
            return
    raise fail("the simulated venue never refuses", frame=f"{request.method} {request.path}", fix="sim: limits")
