"""The signature: the venue's own examples, and that what is signed is what is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from importlib.resources import files
from itertools import pairwise
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import msgspec
from arb_core.errors import ArbError, AuthenticationFailed, ClockSkew, OutcomeUnknown
from arb_core.interfaces.context import FaultReader, RestRequest, Signer
from arb_core.runtime.context import Context
from arb_core.runtime.rest import Rest
from arb_core.structs.account import Credentials
from arb_core.structs.card import Capability
from arb_core.structs.order import OrderId
from arb_sim.kernel.access import Permission

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import LINK, Desk
from arb_compliance.expect import NotAsked, NotProved, equal, fail, true
from arb_compliance.subject import Subject

VECTORS = "signatures.json"

ODD = ("a b", "a+b", "50%", "a&b=c", "a,b", "ü€", "%2C", "a/b")
"""Texts that a query must encode once, and once only."""

AT_ONCE = 3
"""So many times both halves of a plugin ask at one moment."""


class _Expected(msgspec.Struct, frozen=True):
    headers: dict[str, str] = {}
    params: dict[str, str] = {}


class _Vector(msgspec.Struct, frozen=True):
    """A request, test keys, and the signature that it must get."""

    name: str
    method: str
    path: str
    timestamp: str
    key: str
    secret: str
    expected: _Expected
    query: str | None = None
    body: str | None = None
    passphrase: str | None = None


@case("PRIVATE-001", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.SAMPLES)
def published_requests_are_signed_as_published(subject: Subject) -> None:
    """The plugin's own signing gives the signatures that the venue's documentation prints.

    Steps: sign each request of `samples/signatures.json` with its test key at its time, by the `sign` that the plugin
        hands to the core.
    Expect: each request that the plugin would make so bears exactly the printed headers and parameters; at least one
        is of that kind.
    When this fails: every signed request is refused; look at what is signed, its order, its encoding, the unit of time.
    Source: the venue's documentation, as each vector names it
    """
    vectors = _vectors(subject)
    met: list[str] = []
    missed: list[str] = []
    for vector in vectors:
        # Each with a signer that has not signed before: some count.
        bare = signer_of(subject, _credentials(vector))(
            RestRequest(method=vector.method, path=vector.path), _nanoseconds(vector.timestamp)
        )
        sign = signer_of(subject, _credentials(vector))
        wanted, body = vector.query or "", vector.body or ""
        asked = _request(vector, without(wanted, names(bare.query)), without(body, names(bare.body.decode())))
        ready = sign(asked, _nanoseconds(vector.timestamp))
        unsigned = without(ready.query, set(vector.expected.params))
        if (unsigned, ready.body.decode()) != (wanted, body):
            sent = f"{unsigned} {ready.body.decode()}"
            missed.append(f"{vector.name}: the plugin would send {sent!r}, the example is {f'{wanted} {body}'!r}")
            continue
        met.append(vector.name)
        found = dict(parse_qsl(ready.query))
        headers = {name.lower(): value for name, value in ready.headers.items()}
        equal(
            (
                {name: found.get(name) for name in vector.expected.params},
                {name: headers.get(name.lower()) for name in vector.expected.headers},
            ),
            (vector.expected.params, vector.expected.headers),
            f"{vector.name}: it is signed otherwise (parameters, headers)",
            frame=f"{vector.method} {vector.path}?{wanted}",
            fix="what is signed, in which order and encoding, by which hash; the unit of the time stamp",
        )
    if not met:
        raise fail(
            "no example is a request as this plugin makes it, so its signature is not shown to be right",
            found="; ".join(missed),
            fix="add a vector whose parameters stand in the order in which the plugin sends them",
        )


@case("PRIVATE-030", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def odd_characters_are_signed_as_they_are_sent(subject: Subject) -> None:
    """Whatever stands in a parameter, the venue computes the same signature.

    Steps: ask for orders, and for their fills, whose ids hold spaces, percent signs, commas, ampersands and letters
        beyond ASCII.
    Expect: the venue says that there is no such order, or that no id looks so; never that the signature is wrong. It
        reads the very text. The same request at the same time is signed the same, but for a nonce, which grows.
    When this fails: the signed text and the sent text differ: encoded twice, not at all, or by another rule.
    Source: contract, `Signer`: "(request, now_ns) -> the request as it is sent. Pure"
    """
    async with Desk(subject) as desk:
        plain = OrderId("kitplain")
        with suppress(ArbError):  # there is no such order
            await desk.private.get_fills(LINK, desk.begun_ns, order_id=plain)
        _, request = desk.seen.requests[-1]
        # Else the plugin asks for all fills of the symbol, and chooses by itself.
        by_order = plain in f"{request.path}?{request.query} {request.body!r}"
        for text in ODD:
            odd = OrderId(text)
            await _signed_right(desk, text, partial(desk.private.get_order, LINK, order_id=odd))
            if by_order:
                await _signed_right(desk, text, partial(desk.private.get_fills, LINK, desk.begun_ns, order_id=odd))
        sign = signer_of(subject, desk.credentials)
        request = RestRequest(method="GET", path="/x", query="a=1&b=%20")
        now_ns = 1_700_000_000_123_456_789
        first, second = sign(request, now_ns), sign(request, now_ns)
        if second.body == first.body:
            equal((second.query, second.headers), (first.query, first.headers), "signing twice gives two signatures")
        else:
            _counted(first, second)
        later = sign(request, now_ns + 7_000_000_000)
        true(
            (later.query, later.headers) != (first.query, first.headers),
            "a request signed later is the same one: it bears no time",
        )


def _counted(first: RestRequest, second: RestRequest) -> None:
    """Require of two bodies that they differ by a number alone which the venue takes once only, and that it grew."""
    one, other = (parse_qsl(request.body.decode()) for request in (first, second))
    differing = [(mine, its) for mine, its in zip(one, other, strict=True) if mine != its]
    true(
        len(differing) == 1
        and differing[0][0][0] == differing[0][1][0]
        and all(value.isdecimal() for _, value in differing[0])
        and int(differing[0][0][1]) < int(differing[0][1][1]),
        "signing twice gives two requests, and not by a nonce that grows",
        found=differing,
    )


@case("PRIVATE-038", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def both_halves_of_an_account_count_as_one(subject: Subject) -> None:
    """A number that the venue takes once from a key grows whichever half of the plugin asks, and in one moment too.

    Steps: ask for balances and for tickets of the account's socket at one moment, again and again.
    Expect: no request is refused; what differs between two requests for the same thing at the same moment, where it is
        a number, is larger in each request than in all before.
    When this fails: each half counts for itself: when a socket is opened anew, an order is refused, or the socket.
    Source: contract, `Signer`; the venue's rule for nonces
    """
    if not subject.registry.implements(subject.exchange, "arb_private_stream"):
        raise NotAsked("only one half of the plugin signs")
    async with Desk(subject) as desk:
        context = subject.context(transport=desk.transport, clock=desk.clock)
        private = subject.registry.private(subject.exchange, context, desk.credentials)
        stream = subject.registry.private_stream(subject.exchange, context, desk.credentials)
        sent = len(desk.seen.requests)
        await asyncio.gather(private.get_balances(), private.get_balances())
        first, second = (_numbers(request) for _, request in desk.seen.requests[sent:][:2])
        counted = {name for name, number in first.items() if second.get(name, number) != number}
        if not counted:
            raise NotAsked("requests of one moment are signed alike: nothing is counted")
        for _ in range(AT_ONCE):
            try:
                await asyncio.gather(stream.ticket(), private.get_balances(), stream.ticket(), private.get_balances())
            except ArbError as error:
                raise fail(
                    "the venue refuses what the halves of the plugin ask at one moment",
                    found=error,
                    fix="one counter for all that signs with a key: keep it by `context.rest`, which both halves share",
                ) from error
        for name in sorted(counted):
            numbers = [found[name] for _, request in desk.seen.requests[sent:] if name in (found := _numbers(request))]
            true(
                all(one < other for one, other in pairwise(numbers)),
                f"{name} does not grow from request to request",
                found=numbers,
                fix="one counter for all that signs with a key: keep it by `context.rest`, which both halves share",
            )


def _numbers(request: RestRequest) -> dict[str, int]:
    """Return every parameter, field of the body and header that is a number."""
    body = request.body.decode("utf-8", "replace")
    fields = msgspec.json.decode(body, type=dict[str, Any]) if body.startswith("{") else dict(parse_qsl(body))
    named = {**dict(parse_qsl(request.query)), **fields, **request.headers}
    return {name: int(value) for name, value in named.items() if f"{value}".isascii() and f"{value}".isdecimal()}


async def _signed_right(desk: Desk, text: str, ask: Callable[[], Awaitable[object]]) -> None:
    before = len(desk.seen.requests)
    try:
        await ask()
    except (AuthenticationFailed, ClockSkew, OutcomeUnknown) as error:
        _, request = desk.seen.requests[-1]
        raise fail(
            "the venue refuses the signature of a request with odd characters",
            found=error,
            frame=f"{request.method} {request.path}?{request.query}",
            fix="sign the text byte for byte as it is sent; the core has percent-encoded it once",
        ) from error
    except ArbError:
        pass  # there is no such order
    for _, request in desk.seen.requests[before:]:
        sent = f"{request.path}?{request.query} {request.body.decode('utf-8', 'replace')}"
        true(
            text in unquote(sent),
            f"{text!r} is not what the venue reads",
            frame=sent.partition("&signature")[0],
            fix="encode nothing: the core encodes paths and queries, once",
        )


@case("PRIVATE-031", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def a_wrong_key_is_told_as_such(subject: Subject) -> None:
    """A key that is unknown, revoked or has another secret is `AuthenticationFailed`.

    Steps: ask for balances with a wrong secret and with an unknown key; place an order with a key that may only read.
    Expect: `AuthenticationFailed` each time, after one request; no order stands.
    When this fails: the engine goes on with a key that will never work, or takes it for another trouble.
    Source: contract, errors
    """
    good = Desk(subject).credentials
    wrong = msgspec.structs.replace(good, api_secret=good.api_secret[::-1])
    async with Desk(subject, credentials=wrong) as desk:
        await _refused(desk.private.get_balances, desk, "a wrong secret")
    unknown = msgspec.structs.replace(good, api_key=good.api_key[:-1] + ("0" if good.api_key[-1] != "0" else "1"))
    async with Desk(subject, credentials=unknown) as desk:
        await _refused(desk.private.get_balances, desk, "an unknown key")
    async with Desk(subject, permissions=(Permission.READ,)) as desk:
        await desk.private.get_balances()
        await _refused(
            partial(desk.private.place_order, desk.request()), desk, "an order with a key that may only read"
        )
        equal(desk.kernel.inspection.orders(), [], "an order stands although its key was refused")


async def _refused(ask: Callable[[], Awaitable[object]], desk: Desk, what: str) -> None:
    before = len(desk.seen.requests)
    try:
        await ask()
    except AuthenticationFailed:
        pass
    except ArbError as error:
        raise fail(
            f"{what} is told as {type(error).__name__}",
            expected="AuthenticationFailed",
            found=error,
            fix="the table of codes in faults.py",
        ) from error
    else:
        raise fail(f"{what} is no error", expected="AuthenticationFailed")
    asked = [request for _, request in desk.seen.requests[before:]]
    true(len(asked) == 1, f"{what}: one refusal is enough", found=asked)


def signer_of(subject: Subject, credentials: Credentials) -> Signer:
    """Return what signs the plugin's requests, as it hands it to the core."""
    context = subject.context()
    rest = _Overheard(context.rest)
    heard = Context(
        venue=context.venue,
        clock=context.clock,
        rest=cast("Rest", rest),
        settings=context.settings,
        markets=context.markets,
        logger=context.logger,
    )
    subject.registry.private(subject.exchange, heard, credentials)
    if not rest.signers:
        raise fail("the private side signs nothing", fix="context.rest.bind(faults.read, Signer(credentials))")
    return rest.signers[-1]


class _Overheard:
    """A REST client that keeps what it is bound to."""

    def __init__(self, inner: Any) -> None:
        self.signers: list[Signer] = []
        self._inner = inner

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> Any:
        if sign is not None:
            self.signers.append(sign)
        return self._inner.bind(read_fault, sign)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _vectors(subject: Subject) -> list[_Vector]:
    file = files(subject.package) / "samples" / VECTORS
    if not file.is_file():
        raise NotProved(f"{subject.package} has no samples/{VECTORS}")
    vectors = msgspec.json.decode(file.read_bytes(), type=list[_Vector])
    if not vectors:
        raise NotProved(f"samples/{VECTORS} is empty")
    return vectors


def _credentials(vector: _Vector) -> Credentials:
    return Credentials(api_key=vector.key, api_secret=vector.secret, api_passphrase=vector.passphrase)


def names(form: str) -> set[str]:
    """The parameters of a form, such as the plugin's signing adds by itself: time, window, nonce, signature."""
    return {part.partition("=")[0] for part in form.split("&") if part}


def without(form: str, named: set[str]) -> str:
    """A form without the parameters of these names."""
    return "&".join(part for part in form.split("&") if part.partition("=")[0] not in named)


def only(form: str, named: set[str]) -> str:
    """The parameters of these names alone."""
    return "&".join(part for part in form.split("&") if part.partition("=")[0] in named)


def _request(vector: _Vector, query: str, body: str) -> RestRequest:
    return RestRequest(method=vector.method, path=vector.path, query=query, body=body.encode())


def _nanoseconds(stamp: str) -> int:
    """Read a time in seconds, ms, us or ns: told by its length."""
    whole = int(float(stamp))
    for digits, factor in ((11, 10**9), (14, 10**6), (17, 10**3)):
        if len(str(whole)) < digits:
            return whole * factor
    return whole
