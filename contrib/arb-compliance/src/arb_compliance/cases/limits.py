"""Tier limits: what requests cost, and what becomes of a client that the venue tells to wait.

The venue's own counters are the judge: a plugin whose card is right is never refused, at its full speed.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import count

from arb_core.errors import ArbError, OrderNotFound, RateLimitError
from arb_core.interfaces.context import RestRequest
from arb_core.structs.card import Capability, UsageHeader
from arb_core.structs.order import OrderId
from arb_sim.faults import FaultKind
from arb_sim.venue import Request

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import LINK, Desk
from arb_compliance.expect import NotAsked, equal, fail, true
from arb_compliance.subject import Subject

SECOND = 1_000_000_000
HOUR = 3600 * SECOND

Call = Callable[[], Awaitable[object]]

REFUSALS = (429, 418)

BURST = 700
"""Calls are tried whose limits so many requests overrun; the one with the smallest budget in any case."""
SHORT_BURST = 60
"""The same in the short form."""

RETRY_AFTER_S = 7
BAN_S = 90

PATIENCE_NS = SECOND // 2
"""Less than this is no waiting, whatever the venue left unsaid."""

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
                await _all_at_once(desk, name, [call] * burst)
                await desk.pass_(1)


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
        for name, call in _questions(desk, None).items():
            begun, asked = desk.clock.monotonic_ns(), len(desk.seen.answers)
            desk.arm(FaultKind.RATE_LIMITED, retry_after_s=RETRY_AFTER_S)
            await _answered(name, call)
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
        refused = [answer for _, answer in desk.seen.answers[asked:] if answer.status in REFUSALS]
        true(len(refused) <= 1, "it asked on while the venue refused", found=[answer.status for answer in refused])
        await desk.pass_(120)
        for name, question in _questions(desk, None).items():
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
        order_id = (await desk.rests())[1] if subject.claims(Capability.TRADING) else None
        for name, banned in _questions(desk, order_id).items():
            desk.arm(FaultKind.BANNED, retry_after_s=BAN_S)
            error = await _refused(name, banned)
            true(error.banned, f"{name}: the ban is told as a usual refusal", found=error)
            left_ns = error.retry_after_ns or 0
            true(left_ns >= (BAN_S - 1) * SECOND, f"{name}: the ban's time is lost", found=f"{left_ns / SECOND:g} s")
            sent = len(desk.seen.requests)
            for other, call in (_questions(desk, order_id) | _actions(desk, order_id)).items():
                held = await _refused(other, call)
                true(held.local, f"{other}: left for the venue during a ban", found=held)
            equal(len(desk.seen.requests), sent, "requests left during a ban")
            await desk.pass_(BAN_S)
            for other, call in _questions(desk, order_id).items():
                await _answered(f"{other}, after the ban", call)
            await desk.pass_(61)


@case("LIMITS-005", Tier.LIMITS, proof=Proof.VENUE)
async def the_venues_counters_are_read(subject: Subject) -> None:
    """What the venue says that was used, also by others at the same address, counts in our budgets; and costs are true.

    Steps: ask every question twice, with the counters hidden from the core, and compare what the card says with what
        the venue counted. Then a stranger at the same address asks much, and the plugin once.
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
        await desk.venue.public.get_exchange_info()
        _, request = desk.seen.requests[-1]
        for _ in range(5):
            desk.kernel.http(_as_a_stranger(request), desk.clock.now_ns())
        await desk.venue.public.get_exchange_info()
        _, answer = desk.seen.answers[-1]
        heard = 0
        for usage in counters:
            text = answer.headers.get(usage.header.lower())
            limit = next(limit for limit in card.limits if limit.name == usage.limit)
            bucket = _bucket(desk, usage.limit, request)
            if text is None or bucket is None:
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
            true(used >= 6, f"{usage.header} does not count what others at this address asked", found=used)
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
            requests = [desk.request() for _ in range(70)]
            placed = await _all_at_once(
                desk, "place_order", [partial(desk.private.place_order, request) for request in requests]
            )
            stand = [order for order in desk.kernel.inspection.open_orders() if order.symbol == str(LINK)]
            equal(len(stand), placed, "the orders that stand are not those that were acknowledged")
            true(placed > 0, "no order got through")
            await _all_at_once(
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


# What there is to ask and to do


def _questions(desk: Desk, order_id: OrderId | None) -> dict[str, Call]:
    """One question of each side that the plugin has."""
    public = desk.venue.public
    found: dict[str, Call] = {
        "ping": public.ping,
        "get_exchange_info": public.get_exchange_info,
        "get_orderbook": partial(public.get_orderbook, LINK, 20),
    }
    if desk.subject.claims(Capability.TRADING):
        found["get_balances"] = desk.private.get_balances
        if order_id is not None:
            found["get_order"] = partial(desk.private.get_order, LINK, order_id=order_id)
            found["get_open_orders"] = partial(desk.private.get_open_orders, LINK)
    return found


def _every_question(desk: Desk, order_id: OrderId | None) -> dict[str, Call]:
    """Every question that the card claims, dear and cheap."""
    public, claims = desk.venue.public, desk.subject.claims
    found = _questions(desk, order_id) | {"get_server_time": public.get_server_time}
    for depth in (100, 500, 1000, 5000):
        found[f"get_orderbook of {depth}"] = partial(public.get_orderbook, LINK, depth)
    if claims(Capability.RECENT_TRADES):
        found["get_recent_trades"] = partial(public.get_recent_trades, LINK, 50)
    if claims(Capability.REST_KLINES):
        found["get_klines"] = partial(public.get_klines, LINK, desk.subject.card.kline_intervals[0], 50)
    if claims(Capability.BOOK_TICKERS):
        found["get_book_tickers"] = public.get_book_tickers
    if claims(Capability.TRADING):
        private, since_ns = desk.private, desk.begun_ns
        found["get_trading_fees"] = partial(private.get_trading_fees, LINK)
        found["get_open_orders of all"] = private.get_open_orders
        found["get_fills"] = partial(private.get_fills, LINK, since_ns)
        found["get_fills of an order"] = partial(private.get_fills, LINK, since_ns, order_id=order_id)
        if claims(Capability.ORDER_HISTORY):
            found["get_order_history"] = partial(private.get_order_history, LINK, since_ns)
        if desk.subject.card.asset_networks == "signed":
            found["get_asset_networks"] = private.get_asset_networks
    return found


def _actions(desk: Desk, order_id: OrderId | None) -> dict[str, Call]:
    if order_id is None:
        return {}
    return {
        "place_order": partial(desk.private.place_order, desk.request()),
        "cancel_order": partial(desk.private.cancel_order, LINK, order_id=order_id),
    }


async def _priced(desk: Desk, order_id: OrderId | None) -> list[tuple[str, Call, int]]:
    """Ask each question once, and say how often it must be asked to overrun two windows of its smallest budget."""
    found: list[tuple[str, Call, int]] = []
    # What an earlier question spent must not leave its window while the next one is asked.
    windows = [limit.window_ns for limit in desk.subject.card.limits if limit.window_ns <= 60 * SECOND]
    forgotten_s = 1 + max(windows, default=0) / SECOND
    await desk.pass_(forgotten_s)
    for name, call in _every_question(desk, order_id).items():
        before = desk.venue.health().rest.budgets
        await _answered(name, call)
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


async def _all_at_once(desk: Desk, name: str, calls: Sequence[Call]) -> int:
    """Send requests together; return how many got through. The others must have been held back by ourselves."""
    asked = len(desk.seen.answers)
    results = await asyncio.gather(*(call() for call in calls), return_exceptions=True)
    refused = [(request, answer) for request, answer in desk.seen.answers[asked:] if answer.status in REFUSALS]
    if refused:
        request, answer = refused[0]
        raise fail(
            f"{name}: the venue refused {len(refused)} of {len(desk.seen.answers) - asked} requests",
            expected="none: the card's limits keep below the venue's",
            found=f"{answer.status} {answer.body.decode('utf-8', 'replace')}",
            frame=f"{request.method} {request.path}",
            fix="the limits of the card, and Endpoint(cost=...)",
        )
    passed = 0
    for result in results:
        if isinstance(result, RateLimitError) and result.local:
            continue
        if isinstance(result, BaseException) and not isinstance(result, OrderNotFound):
            raise fail(f"{name} failed among many", found=f"{type(result).__name__}: {result}") from result
        passed += 1
    return passed


async def _answered(name: str, call: Call) -> None:
    try:
        await call()
    except ArbError as error:
        raise fail(f"{name} is not answered", found=f"{type(error).__name__}: {error}") from error


async def _refused(name: str, call: Call) -> RateLimitError:
    try:
        found = await call()
    except RateLimitError as error:
        return error
    except ArbError as error:
        raise fail(
            f"{name} is refused for asking too much, and that is told as {type(error).__name__}",
            expected="RateLimitError",
            found=error,
            fix="the plugin catches nothing; faults.py names the codes",
        ) from error
    raise fail(f"{name} is refused for asking too much, and returns", expected="RateLimitError", found=found)


async def _orders_are_refused(desk: Desk) -> None:
    await desk.pass_(10)
    desk.arm(FaultKind.RATE_LIMITED, retry_after_s=RETRY_AFTER_S)
    request = desk.request()
    error = await _refused("place_order", partial(desk.private.place_order, request))
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
    held = await _refused("place_order", partial(desk.private.place_order, desk.request()))
    true(held.local, "a second order left for the venue before the time was over", found=held)
    await desk.pass_(RETRY_AFTER_S)
    await _answered("place_order, after the time", partial(desk.private.place_order, desk.request()))


# Somebody else at our address


def _as_a_stranger(request: RestRequest) -> Request:
    return Request(
        method=request.method,
        path=request.path,
        query=request.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
    )


def _spend_as_a_stranger(desk: Desk, request: RestRequest) -> None:
    """Ask until the venue refuses."""
    for _ in range(20_000):
        response = desk.kernel.http(_as_a_stranger(request), desk.clock.now_ns())
        if response is not None and response.status == 429:
            return
    raise fail("the simulated venue never refuses", frame=f"{request.method} {request.path}", fix="sim: limits")


async def _costs_agree(desk: Desk, counters: Sequence[UsageHeader]) -> None:
    """Compare what each question takes from our budgets with what the venue's counters say that it took."""
    desk.transport.unheard = frozenset(usage.header.lower() for usage in counters)
    order_id = (await desk.rests())[1] if desk.subject.claims(Capability.TRADING) else None
    limits = {limit.name: limit for limit in desk.subject.card.limits}
    backwards = Counter[str]()
    for name, call in _every_question(desk, order_id).items():
        await _answered(name, call)
        _, first = desk.seen.answers[-1]
        before = desk.venue.health().rest.budgets
        await _answered(name, call)
        request, second = desk.seen.answers[-1]
        after = desk.venue.health().rest.budgets
        for usage in counters:
            header, bucket = usage.header.lower(), _bucket(desk, usage.limit, request)
            if bucket is None or header not in first.headers or header not in second.headers:
                continue
            ours = after[bucket].spent - before[bucket].spent
            if ours == 0 and limits[usage.limit].per_endpoint:
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
