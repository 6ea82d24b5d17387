"""That the card is right: what the venue counts is no more than what we count, and less than it bears."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import count

from arb_core.interfaces.context import RestRequest
from arb_core.structs.card import Capability, UsageHeader
from arb_core.structs.order import OrderId

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.limits.calls import Call, all_at_once, answered, as_a_stranger, every_question
from arb_compliance.desk import LINK, Desk
from arb_compliance.expect import NotAsked, equal, fail, true
from arb_compliance.subject import Subject

SECOND = 1_000_000_000
HOUR = 3600 * SECOND

BURST = 700
"""Calls are tried whose limits so many requests overrun; the one with the smallest budget in any case."""
SHORT_BURST = 60
"""The same in the short form."""

COUNTS = re.compile(r"(used|remain|weight|order-?count|limit|reset)", re.IGNORECASE)
"""Names of headers that sound like counters."""


@case("LIMITS-001", Tier.LIMITS, proof=Proof.VENUE, limit_s=60.0)
async def what_the_card_allows_is_never_refused(subject: Subject) -> None:
    """At full speed, more requests than two windows bear are spread so that the venue refuses none.

    Steps: send every kind of question as fast as the card's limits let it go.
    Expect: no 429 and no 418; what would have to wait too long is refused by our own core, unsent.
    When this fails: a limit of the card is above the venue's, or an endpoint costs more than the card says.
    Source: contract, limits; the venue's own
    """
    async with Desk(subject) as desk:
        order_id = (await desk.rests())[1] if subject.claims(Capability.TRADING) else None
        calls = await _priced(desk, order_id)
        smallest = min(burst for _, _, burst in calls)
        for name, call, burst in calls:
            if burst <= max(smallest, SHORT_BURST if subject.short else BURST):
                await all_at_once(desk, name, [call] * burst)
                await desk.pass_(1)


@case("LIMITS-005", Tier.LIMITS, proof=Proof.VENUE)
async def the_venues_counters_are_read(subject: Subject) -> None:
    """What the venue says that was used, also by others at the same address, counts in our budgets; and costs are true.

    Steps: ask every question twice, with the counters hidden from the core, and compare what the card says with what
        the venue counted. Then a stranger at the same address asks much, and the plugin once; where only what a key
        asks is counted, it is another program with that key.
    Expect: no question costs more than the card says; after an answer with a counter our budget shows at least that
        much as spent.
    When this fails: a header's name, meaning or limit is wrong on the card, or a cost is.
    Source: contract, `UsageHeader`, `Endpoint.cost`
    """
    card = subject.card
    counters = [usage for usage in card.usage if usage.meaning != "reset_ms"]
    async with Desk(subject) as desk:
        await desk.venue.public.get_exchange_info()
        _, answer = desk.seen.answers[-1]
        known = {usage.header.lower() for usage in card.usage}
        unread = [name for name in answer.headers if name not in known and COUNTS.search(name)]
        if not counters:
            if unread:
                subject.warn(f"headers that sound like counters and are not on the card: {', '.join(unread)}")
            raise NotAsked("the card knows no header that counts")
        await _costs_agree(desk, counters)
        await desk.pass_(120)
        desk.transport.unheard = frozenset()
        call = _counted(desk, counters)
        await call()
        _, request = desk.seen.requests[-1]
        for _ in range(5):
            desk.kernel.http(as_a_stranger(request), desk.clock.now_ns())
        before = desk.venue.health().rest.budgets
        await call()
        _, answer = desk.seen.answers[-1]
        heard = 0
        for usage in counters:
            text = answer.headers.get(usage.header.lower())
            limit = next(limit for limit in card.limits if limit.name == usage.limit)
            bucket = _bucket(desk, usage.limit, request)
            if text is None or bucket is None:
                continue
            if _is_shared(usage, counters) and desk.venue.health().rest.budgets[bucket].spent == before[bucket].spent:
                continue
            heard += 1
            used = int(text) if usage.meaning == "used" else limit.limit - int(text)
            spent = desk.venue.health().rest.budgets[bucket].spent
            true(
                spent >= used,
                f"{usage.header} says that {used} of {usage.limit} are used, and our budget shows {spent}",
                frame=f"{usage.header}: {text}",
                fix="the header's name, its meaning and its limit on the card",
            )
            true(used >= 6, f"{usage.header} does not count what others asked", found=used)
        true(heard > 0, "no header of the card came with an answer", found=sorted(answer.headers), fix="card, usage")


@case("LIMITS-006", Tier.LIMITS, needs=[Capability.TRADING], proof=Proof.VENUE)
async def orders_keep_to_their_own_limits(subject: Subject) -> None:
    """Orders and cancellations at full speed are never refused by the venue; what is too much is not sent.

    Steps: three times, place many orders at once, then cancel those that stand.
    Expect: no 429; each order stands, or was held back by our own core within a second, unsent.
    When this fails: the limit of orders is not on the card, or placing or cancelling does not take from it.
    Source: contract, limits; the venue's own
    """
    async with Desk(subject) as desk:
        for _ in range(subject.times(3)):
            # What cancelling costs may be so much that some still stand.
            before = {order.id for order in desk.kernel.inspection.open_orders()}
            requests = [desk.request() for _ in range(70)]
            placed = await all_at_once(
                desk, "place_order", [partial(desk.private.place_order, request) for request in requests]
            )
            stand = [order for order in desk.kernel.inspection.open_orders() if order.symbol == str(LINK)]
            new = [order for order in stand if order.id not in before]
            equal(len(new), placed, "the orders that stand are not those that were acknowledged")
            true(placed > 0, "no order got through")
            await all_at_once(
                desk,
                "cancel_order",
                [partial(desk.private.cancel_order, LINK, order_id=OrderId(order.id)) for order in stand],
            )
            windows = [limit.window_ns for limit in subject.card.limits if limit.window_ns < HOUR]
            await desk.pass_(max(windows, default=SECOND) / SECOND)


@case("LIMITS-007", Tier.LIMITS, proof=Proof.VENUE)
async def connections_keep_to_their_own_limit(subject: Subject) -> None:
    """So many connections as the card allows in its window are accepted by the venue.

    Steps: see where the plugin connects; open and close that many connections from an address of its own, as fast as
        the card allows.
    Expect: every handshake is accepted.
    When this fails: after an outage the venue refuses to let the client back; look at `stream.connects`.
    Source: contract, `StreamLimits.connects`; the venue's own
    """
    rule = subject.card.stream.connects
    async with Desk(subject, symbols=("BTC/USDT",)) as desk:
        await desk.live()
        url = desk.seen.urls[0]
        path = "/" + url.partition("://")[2].partition("/")[2]
        numbers = count(10**6)
        begun_ns = now_ns = desk.clock.now_ns()
        for number in range(1000 if rule is None else 2 * rule.limit):
            if rule is not None and number and number % rule.limit == 0:
                now_ns += rule.window_ns
            conn = next(numbers)
            refused = desk.kernel.opened(conn, path, now_ns, client="10.1.2.3")
            if refused is not None:
                raise fail(
                    f"the venue refuses connection {number + 1}, {(now_ns - begun_ns) / SECOND:g} s after the first",
                    expected="no limit" if rule is None else f"{rule.limit} in {rule.window_ns / SECOND:g} s",
                    found=refused.status,
                    fix="card, stream.connects",
                )
            desk.kernel.closed(conn)


def _counted(desk: Desk, counters: Sequence[UsageHeader]) -> Call:
    """Return a question that the venue's counters count."""
    scopes = {limit.name: limit.scope for limit in desk.subject.card.limits}
    if any(scopes[usage.limit] == "ip" for usage in counters):
        return desk.venue.public.get_exchange_info
    return desk.private.get_balances


async def _priced(desk: Desk, order_id: OrderId | None) -> list[tuple[str, Call, int]]:
    """Ask each question once, and say how often it must be asked to overrun two windows of its smallest budget."""
    found: list[tuple[str, Call, int]] = []
    # What an earlier question spent must not leave its window while the next one is asked.
    windows = [limit.window_ns for limit in desk.subject.card.limits if limit.window_ns <= 60 * SECOND]
    forgotten_s = 1 + max(windows, default=0) / SECOND
    await desk.pass_(forgotten_s)
    for name, call in every_question(desk, order_id).items():
        before = desk.venue.health().rest.budgets
        await answered(name, call)
        after = desk.venue.health().rest.budgets
        bursts = [
            2 * use.limit // spent + 1
            for bucket, use in after.items()
            if (spent := use.spent - (before[bucket].spent if bucket in before else 0)) > 0
        ]
        true(bool(bursts), f"{name} takes from no limit of the card", fix="Endpoint(cost=...)")
        found.append((name, call, min(bursts)))
        await desk.pass_(forgotten_s)
    return found


async def _costs_agree(desk: Desk, counters: Sequence[UsageHeader]) -> None:
    """Compare what each question takes from our budgets with what the venue's counters say that it took."""
    desk.transport.unheard = frozenset(usage.header.lower() for usage in counters)
    order_id = (await desk.rests())[1] if desk.subject.claims(Capability.TRADING) else None
    limits = {limit.name: limit for limit in desk.subject.card.limits}
    backwards = Counter[str]()
    for name, call in every_question(desk, order_id).items():
        await answered(name, call)
        _, first = desk.seen.answers[-1]
        before = desk.venue.health().rest.budgets
        await answered(name, call)
        request, second = desk.seen.answers[-1]
        after = desk.venue.health().rest.budgets
        for usage in counters:
            header, bucket = usage.header.lower(), _bucket(desk, usage.limit, request)
            if bucket is None or header not in first.headers or header not in second.headers:
                continue
            ours = after[bucket].spent - before[bucket].spent
            if ours == 0 and (limits[usage.limit].per_endpoint or _is_shared(usage, counters)):
                continue
            step = int(second.headers[header]) - int(first.headers[header])
            theirs = step if usage.meaning == "used" else -step
            if theirs < 0:
                backwards[usage.header] += 1
            elif theirs > ours:
                raise fail(
                    f"{name} costs {theirs} of {usage.limit} at the venue, and {ours} by the card",
                    frame=f"{request.method} {request.path}; {usage.header}: {second.headers[header]}",
                    fix="Endpoint(cost=...)",
                )
            elif theirs < ours:
                desk.subject.warn(f"{name} costs {theirs} of {usage.limit} at the venue, and {ours} by the card")
    for header, times in backwards.items():
        # Once or twice: a window began anew.
        true(times <= 2, f"{header} counts backwards", fix="UsageHeader(meaning=...)")


def _is_shared(usage: UsageHeader, counters: Sequence[UsageHeader]) -> bool:
    """Whether a header speaks of one limit or another, by what the request took from."""
    return sum(other.header.lower() == usage.header.lower() for other in counters) > 1


def _bucket(desk: Desk, limit: str, request: RestRequest) -> str | None:
    """The name of a budget in `health`; one that each endpoint has for itself bears its path as the card writes it."""
    for bucket in desk.venue.health().rest.budgets:
        name, _, endpoint = bucket.partition(" @ ")
        if name != limit:
            continue
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(endpoint))
        if not endpoint or re.fullmatch(pattern, f"{request.method} {request.path}"):
            return bucket
    return None
