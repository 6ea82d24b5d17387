"""Tier simulation: the simulated venue judges signatures as the real one does."""

from contextlib import suppress
from functools import partial
from urllib.parse import quote, unquote

import msgspec
from arb_core.errors import ArbError, AuthenticationFailed, ClockSkew, ExchangeAPIError, Rejected
from arb_core.interfaces.context import FaultReader, RestAnswer, RestRequest
from arb_core.structs.card import Capability
from arb_core.structs.order import OrderId
from arb_sim.kernel.venue import VenueKernel
from arb_sim.simulation import simulate
from arb_sim.venue import Keys, Request
from arb_sim.world import Pace, World

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.private.signing import names, only, signer_of, without
from arb_compliance.desk import LINK, Desk
from arb_compliance.expect import NotProved, fail, true
from arb_compliance.faults import asks_too_much, fault_reader
from arb_compliance.signatures import Vector, read
from arb_compliance.subject import Subject

__all__ = ["a_request_has_one_signature", "limits_are_the_cards", "signatures_are_judged_as_the_venue_does"]

ODD_ID = "a b,c/d"

SOME = 24
"""Places of a request that are changed in the short form."""


@case("SIMULATION-003", Tier.SIMULATION, needs=[Capability.TRADING], proof=Proof.VENUE)
def signatures_are_judged_as_the_venue_does(subject: Subject) -> None:
    """Requests that others signed are accepted by the simulated venue, and with one byte changed they are refused.

    Steps: give each request of `samples/signatures.json` to the simulated venue, at its time and with its key; then
        again and again with one byte of query, body or signature changed.
    Expect: no refusal of the signature for the first, and always one for the others.
    When this fails: the simulated venue checks a signature of its own invention, which the plugin's own satisfies.
    Source: the venue's documentation, as each vector names it
    """
    vectors = [vector for vector in read(subject.package) if vector.simulated]
    if not vectors:
        raise NotProved("no vector of samples/signatures.json is of a request that is simulated")
    read_fault = fault_reader(subject)
    for vector in vectors:
        venue = _venue(subject, vector)
        fault = _asked(venue, read_fault, vector, _request(vector))
        true(
            not isinstance(fault, AuthenticationFailed | ClockSkew),
            f"{vector.name}: refused by the simulated venue",
            frame=f"{vector.method} {vector.path}?{vector.query}",
            found=fault,
            fix="sim/access: what is signed, in which order, by which hash",
        )
        for what, request in _changed(vector, every=not subject.short):
            fault = _asked(venue, read_fault, vector, request)
            refused = isinstance(fault, AuthenticationFailed | ClockSkew) or type(fault) is Rejected
            if not refused or (what == "its signature" and not isinstance(fault, AuthenticationFailed)):
                raise fail(
                    f"{vector.name}: accepted with {what} changed",
                    frame=f"{request.method} {request.path}?{request.query}",
                    found=fault,
                    fix="sim/access: the signature covers every byte of query and body",
                )


@case("SIMULATION-007", Tier.SIMULATION, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_request_has_one_signature(subject: Subject) -> None:
    """Of parameters with odd characters the simulated venue takes one spelling for the signed one, and no other.

    Steps: let the plugin ask for an order, and for its fills, whose id holds what must be encoded; sign the same
        request with its parameters as they are sent, as they read, and encoded twice; send each signature with the
        parameters as the plugin sent them.
    Expect: the signature over one of these spellings is accepted, any other one is refused.
    When this fails: the simulated venue takes whatever a client signs, so that a wrong encoding shows in life only.
    Source: the venue's documentation; where it is silent, what users report
    """
    async with Desk(subject) as desk:
        odd = OrderId(ODD_ID)
        before = len(desk.seen.requests)
        with suppress(ArbError):  # there is no such order
            await desk.private.get_order(LINK, order_id=odd)
        with suppress(ArbError):
            await desk.private.get_fills(LINK, desk.begun_ns, order_id=odd)
        judged = [_one_signature(desk, request) for _, request in desk.seen.requests[before:]]
        if True not in judged:
            raise NotProved("no question about an order bears its id in a query or a form")


def _one_signature(desk: Desk, sent: RestRequest) -> bool:
    """Sign a request over each spelling of its parameters, and see which of them the venue takes.

    Return whether it is of that kind.
    """
    read_fault, sign = fault_reader(desk.subject), signer_of(desk.subject, desk.credentials)
    now_ns = desk.clock.now_ns()
    bare = sign(RestRequest(method=sent.method, path=sent.path), now_ns)
    added = names(bare.query), names(bare.body.decode())
    query, body = without(sent.query, added[0]), without(sent.body.decode(), added[1])
    if "%" not in f"{query}{body}":
        return False
    taken: dict[str, bool] = {}
    for spell in (str, unquote, partial(quote, safe="=&")):
        asked = RestRequest(method=sent.method, path=sent.path, query=spell(query), body=spell(body).encode())
        ready = sign(asked, now_ns)
        request = Request(
            method=sent.method,
            path=sent.path,
            query="&".join(part for part in (query, only(ready.query, added[0])) if part),
            headers={name.lower(): value for name, value in ready.headers.items()},
            body="&".join(part for part in (only(ready.body.decode(), added[1]), body) if part).encode(),
        )
        fault = _answered(desk.kernel, read_fault, request, now_ns, "a request with odd characters")
        signature = f"{request.query} {request.body!r} {request.headers}"
        taken.setdefault(signature, not isinstance(fault, AuthenticationFailed | ClockSkew))
    true(
        sum(taken.values()) == 1,
        "of a request with odd characters, signed in several spellings, not one is accepted alone",
        found=taken,
        fix="sim/access: one text is signed, the query as it is sent or as it reads",
    )
    return True


@case("SIMULATION-005", Tier.SIMULATION, proof=Proof.VENUE)
def limits_are_the_cards(subject: Subject) -> None:
    """Who asks much more than the card's budgets allow is refused by the simulated venue, as the plugin understands.

    Steps: ask for the venue's time, and nothing else, twenty times as often as the smallest budget of addresses that it
        spends from allows.
    Expect: before the end, HTTP 429 or another answer which the plugin's table of errors takes for `RateLimitError`.
    When this fails: nothing in the simulation keeps a plugin from being banned in life.
    Source: the card
    """
    if not any(limit.scope == "ip" for limit in subject.card.limits):
        raise NotProved("the card knows no limit by address")
    endpoint = vars(subject.module("card") or object).get("TIME")
    world = World(seed=1, symbols=["BTC/USDT"], pace=Pace(steps_per_s=0))
    venue = _kernel(subject, world)
    sample = next((one for one in subject.samples.answers() if one.call and one.call.method == "get_server_time"), None)
    if sample is None or sample.rest is None:
        raise NotProved("no sample shows the answer to get_server_time")
    costs = {limit.name: limit.limit for limit in subject.card.limits if limit.scope == "ip"}
    spent = dict(getattr(endpoint, "cost", {})) or dict.fromkeys(costs, 1)
    allowed = min(costs[name] // cost for name, cost in spent.items() if name in costs)
    request = Request(method=sample.rest.method, path=sample.rest.path)
    read_fault = fault_reader(subject, private=False)
    for _ in range(20 * allowed):
        response = venue.http(request, world.timeline.now_ns)
        if response is not None and asks_too_much(read_fault, response):
            return
    raise fail(
        f"{20 * allowed} requests at one moment, and no refusal",
        expected=f"a refusal after about {allowed}",
        fix="sim/limits: the budgets of the venue's documentation",
    )


def _kernel(subject: Subject, world: World) -> VenueKernel:
    venue = simulate([subject.exchange], world, registry=subject.registry)[subject.exchange]
    if not isinstance(venue, VenueKernel):
        raise fail("the simulated venue is no VenueKernel", found=type(venue))
    return venue


def _venue(subject: Subject, vector: Vector) -> VenueKernel:
    """A venue at the vector's moment, that knows its key."""
    world = World(seed=1, symbols=["BTC/USDT"], start_ns=vector.at_ns, pace=Pace(steps_per_s=0))
    venue = _kernel(subject, world)
    venue.key_ring.issue(venue.account, Keys(vector.key, vector.secret, vector.passphrase))
    return venue


def _request(vector: Vector) -> Request:
    """The request as its author sent it: the documentation's parameters last, JSON for what has a body."""
    signed = "&".join(f"{name}={value}" for name, value in vector.expected.params.items())
    query = "&".join(part for part in (vector.query or "", signed) if part)
    headers = {name.lower(): value for name, value in vector.expected.headers.items()}
    return Request(
        method=vector.method,
        path=vector.path,
        query=query,
        headers={"content-type": "application/json", **headers},
        body=(vector.body or "").encode(),
    )


def _asked(venue: VenueKernel, read_fault: FaultReader, vector: Vector, request: Request) -> ExchangeAPIError | None:
    return _answered(venue, read_fault, request, vector.at_ns, vector.name)


def _answered(
    venue: VenueKernel, read_fault: FaultReader, request: Request, now_ns: int, name: str
) -> ExchangeAPIError | None:
    response = venue.http(request, now_ns)
    if response is None:
        raise fail(f"{name}: never answered")
    answer = RestAnswer(status=response.status, headers=response.headers, body=response.body, received_ns=0)
    return read_fault(answer)


def _changed(vector: Vector, *, every: bool) -> list[tuple[str, Request]]:
    """Return the request with its signature, and each byte of what is signed, changed."""
    right = _request(vector)
    found: list[tuple[str, Request]] = []
    for name, value in vector.expected.params.items():
        query = right.query.replace(f"{name}={value}", f"{name}={_other(value, len(value) - 1)}")
        found.append(("its signature", msgspec.structs.replace(right, query=query)))
    longest = max(vector.expected.headers, key=lambda name: len(vector.expected.headers[name]), default=None)
    if not found and longest is not None:
        value = vector.expected.headers[longest]
        headers = {**right.headers, longest.lower(): _other(value, len(value) - 1)}
        found.append(("its signature", msgspec.structs.replace(right, headers=headers)))
    query, body = vector.query or "", vector.body or ""
    step = 1 if every else max(1, (len(query) + len(body)) // SOME)
    for at in range(0, len(query), step):
        if query[at].isalnum():
            changed = right.query.replace(query, _other(query, at), 1)
            found.append((f"byte {at} of its query", msgspec.structs.replace(right, query=changed)))
    found.extend(
        (f"byte {at} of its body", msgspec.structs.replace(right, body=_other(body, at).encode()))
        for at in range(0, len(body), step)
        if body[at].isalnum()
    )
    return found


def _other(text: str, at: int) -> str:
    """Change one character, a digit into a digit."""
    char = text[at]
    new = ("1" if char != "1" else "2") if char.isdigit() else ("b" if char != "b" else "c")
    return f"{text[:at]}{new}{text[at + 1 :]}"
