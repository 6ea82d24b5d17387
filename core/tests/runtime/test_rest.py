import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from arb_core.errors import (
    AuthenticationFailed,
    ClockSkew,
    ExchangeAPIError,
    ExchangeUnavailable,
    InsufficientBalance,
    InvalidSymbol,
    OutcomeUnknown,
    RateLimitError,
    SettingsError,
    WireError,
)
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.limits import Budgets
from arb_core.runtime.rest import Rest
from arb_core.runtime.transport import Connection, Listener, Transport, TransportError, TransportStats
from arb_core.structs.card import (
    ClientIdRule,
    Endpoint,
    ExchangeCard,
    FeeSchedule,
    Hosts,
    RateLimit,
    RequestConfig,
    UsageHeader,
)
from arb_core.structs.market import ExchangeId

pytestmark = pytest.mark.looptime

MS = 1_000_000
SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND

CARD = ExchangeCard(
    id=ExchangeId("sample"),
    name="Sample",
    contract=1,
    docs="https://example.com",
    hosts=Hosts(rest="https://api.example.com", ws_public="wss://ws.example.com"),
    capabilities=frozenset(),
    fees=FeeSchedule(maker=Decimal(0), taker=Decimal("0.001")),
    client_ids=ClientIdRule(max_length=32, lookup="always"),
    limits=(RateLimit(name="ip", limit=10, window_ns=SECOND),),
    usage=(UsageHeader(header="X-Used", limit="ip", meaning="used"),),
)
DEPTH = Endpoint(path="/depth", cost={"ip": 1})
FREE = Endpoint(path="/free")
ORDER = Endpoint(method="POST", path="/order", idempotent=False, signed=True)


class Body(msgspec.Struct):
    code: int | None = None
    n: int | None = None


def number(body: bytes) -> int:
    decoded = msgspec.json.decode(body, type=Body)
    if decoded.n is None:
        raise KeyError("n")
    return decoded.n


def read_fault(answer: RestAnswer) -> ExchangeAPIError | None:
    code = msgspec.json.decode(answer.body, type=Body).code
    known = {
        -1: InsufficientBalance,
        -2: ClockSkew,
        -3: RateLimitError,
        -4: ExchangeUnavailable,
        -5: OutcomeUnknown,
        -6: ExchangeAPIError,
        -7: AuthenticationFailed,
    }
    if code is None:
        return None
    return known[code](f"text of {code}", exchange="sample", api_code=code, http_status=answer.status)


Reply = tuple[int, bytes] | tuple[int, bytes, dict[str, str]] | TransportError | Callable[[], RestAnswer]


class ScriptedTransport(Transport):
    """Answers from a list, each after `way_ns`; remembers what was sent, and when."""

    def __init__(self, clock: LoopClock, *replies: Reply, way_ns: int = 10 * MS) -> None:
        self._clock = clock
        self._stats = TransportStats()
        self.replies = list(replies)
        self.way_ns = way_ns
        self.sent: list[tuple[int, RestRequest]] = []
        self.under_way = 0
        self.most_under_way = 0

    @property
    def stats(self) -> TransportStats:
        return self._stats

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        assert base_url == "https://api.example.com"
        self._stats.requests += 1
        self._stats.reused += 1
        self.sent.append((self._clock.now_ns() - EPOCH, request))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self._clock.sleep(self.way_ns)
        finally:
            self.under_way -= 1
        reply = self.replies.pop(0) if self.replies else (200, b'{"n":1}')
        if isinstance(reply, TransportError):
            raise reply
        if callable(reply):
            return reply()
        headers = reply[2] if len(reply) == 3 else {}
        return RestAnswer(status=reply[0], headers=headers, body=reply[1], received_ns=self._clock.now_ns())

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


class World:
    def __init__(self, *replies: Reply, card: ExchangeCard = CARD, places: int = 16, sign: bool = False) -> None:
        self.clock = LoopClock(EPOCH)
        self.transport = ScriptedTransport(self.clock, *replies)
        self.client = Rest(card, self.transport, self.clock, rng=random.Random(7), places=places)
        self.signed_at: list[int] = []
        self.rest = self.client.bind(read_fault, self._sign if sign else None)

    def _sign(self, request: RestRequest, now_ns: int) -> RestRequest:
        self.signed_at.append(now_ns - EPOCH)
        return msgspec.structs.replace(request, query=f"{request.query}&signature=hidden")

    @property
    def tries(self) -> int:
        return len(self.transport.sent)


CUT = TransportError("api.example.com: the connection was cut", sent=True)
UNREACHED = TransportError("api.example.com: cannot connect", sent=False)


async def test_query_is_encoded_once_and_places_in_the_path_are_filled():
    world = World()
    endpoint = Endpoint(path="/orders/{order_id}/fills")
    symbols = '["BTC","ETH"]'
    parameters = {"symbols": symbols, "text": "a b+c/d%20é,", "n": 5}
    assert await world.rest.call(endpoint, number, parameters, path={"order_id": "a/../b"}) == 1
    request = world.transport.sent[0][1]
    assert request.path == "/orders/a%2F..%2Fb/fills"
    assert request.query == "symbols=%5B%22BTC%22%2C%22ETH%22%5D&text=a%20b%2Bc%2Fd%2520%C3%A9%2C&n=5"
    assert (request.method, request.body, request.headers) == ("GET", b"", {})


@pytest.mark.parametrize(
    "first",
    [CUT, UNREACHED, (500, b"{}"), (503, b"<html>"), (408, b"{}"), (400, b'{"code":-4}'), (400, b'{"code":-5}')],
    ids=["cut", "unreached", "500", "503 page", "408", "unavailable by code", "unknown by code"],
)
async def test_idempotent_request_is_tried_again_when_the_venue_may_recover(first):
    world = World(first)
    assert await world.rest.call(FREE, number) == 1
    assert world.tries == 2
    assert world.client.metrics().retries == 1


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ((400, b'{"code":-1}'), InsufficientBalance),
        ((401, b'{"code":-7}'), AuthenticationFailed),
        ((400, b'{"code":-6}'), ExchangeAPIError),
        ((403, b"<html>"), ExchangeAPIError),
        ((302, b""), ExchangeAPIError),
        ((200, b'{"n":"x"}'), WireError),
        ((200, b'{"code":null}'), WireError),
        ((200, b'{"n":1'), WireError),
        ((200, b""), WireError),
        ((200, b"[" * 100_000), WireError),
    ],
)
async def test_other_failures_of_an_idempotent_request_are_final(reply, expected):
    world = World(reply)
    with pytest.raises(expected) as caught:
        await world.rest.call(FREE, number)
    assert type(caught.value) is expected
    assert world.tries == 1


@pytest.mark.parametrize(
    "error",
    [ValueError, TypeError, KeyError, IndexError, OverflowError, msgspec.ValidationError, RecursionError],
)
async def test_whatever_parse_raises_for_a_bad_answer_is_a_wire_error_that_shows_the_answer(error):
    def parse(body: bytes) -> int:
        raise error("odd")

    world = World((200, b'{"n":12345}'))
    with pytest.raises(WireError, match=r'GET /free: .*odd.*it begins .*"n":12345'):
        await world.rest.call(FREE, parse)


async def test_our_own_errors_pass_through_parse():
    def parse(body: bytes) -> int:
        raise InvalidSymbol("not listed", exchange="sample")

    with pytest.raises(InvalidSymbol):
        await World().rest.call(FREE, parse)


async def test_defect_of_parse_is_not_dressed_up_as_the_venues_fault():
    def parse(body: bytes) -> int:
        raise AttributeError("typo")

    with pytest.raises(AttributeError):
        await World().rest.call(FREE, parse)


async def test_answer_of_a_signed_request_is_not_shown():
    world = World((200, b'{"n":"listen-key-123"}'), sign=True)
    with pytest.raises(WireError) as caught:
        await world.rest.call(Endpoint(path="/key", signed=True), number)
    assert "listen-key" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_tries_are_limited_by_the_request_config():
    world = World(*[CUT] * 10)
    with pytest.raises(ExchangeUnavailable, match="the connection was cut"):
        await world.rest.call(FREE, number, config=RequestConfig(attempts=3))
    assert world.tries == 3


async def test_waits_between_tries_are_random_parts_of_a_doubling_time():
    world = World(*[CUT] * 8)
    await world.rest.call(FREE, number, config=RequestConfig(attempts=9))
    sent = [at for at, _request in world.transport.sent]
    waits = [later - earlier - world.transport.way_ns for earlier, later in pairwise(sent)]
    longest = [100 * MS << n for n in range(6)] + [5 * SECOND] * 2
    assert all(0 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len(set(waits)) == len(waits), "full jitter"
    other = World(*[CUT] * 8)
    await other.rest.call(FREE, number, config=RequestConfig(attempts=9))
    assert [at for at, _request in other.transport.sent] == sent, "one seed repeats a run"


@pytest.mark.parametrize(
    "reply",
    [
        CUT,
        (500, b"{}"),
        (504, b"<html>"),
        (200, b'{"n":'),
        (200, b"{}"),
        (400, b'{"code":-4}'),
        (400, b'{"code":-5}'),
        (400, b'{"code":-6}'),
        (403, b"<html>"),
        (500, b'{"code":-1}'),
    ],
    ids=["cut", "500", "504", "broken", "unparseable", "overload", "unknown", "unlisted code", "page", "5xx refusal"],
)
async def test_order_that_may_have_arrived_is_never_sent_twice(reply):
    world = World(reply, sign=True)
    with pytest.raises(OutcomeUnknown) as caught:
        await world.rest.call(ORDER, number, client_order_id="a1")
    assert caught.value.client_order_id == "a1"
    assert world.tries == 1
    assert world.client.metrics().outcomes_unknown == 1
    assert "signature" not in str(caught.value)


async def test_order_that_certainly_did_not_leave_is_tried_again():
    world = World(UNREACHED, UNREACHED, sign=True)
    assert await world.rest.call(ORDER, number, client_order_id="a1") == 1
    assert world.tries == 3


async def test_order_that_never_leaves_is_unavailable_not_unknown():
    world = World(*[UNREACHED] * 4, sign=True)
    with pytest.raises(ExchangeUnavailable, match="cannot connect"):
        await world.rest.call(ORDER, number, client_order_id="a1")
    assert world.tries == 4


@pytest.mark.parametrize(
    ("reply", "expected"),
    [((400, b'{"code":-1}'), InsufficientBalance), ((429, b'{"code":-3}'), RateLimitError)],
)
async def test_refused_order_did_not_happen(reply, expected):
    world = World(reply, sign=True)
    with pytest.raises(expected):
        await world.rest.call(ORDER, number, client_order_id="a1")
    assert world.tries == 1


@pytest.mark.parametrize("where", ["parse", "read_fault", "transport"])
async def test_defect_after_an_order_has_left_is_an_unknown_outcome_whose_cause_is_kept(where):
    def defect(_answer: object) -> ExchangeAPIError | None:
        raise AttributeError("typo near secret-1")

    def fail() -> RestAnswer:
        raise AssertionError("nobody expects secret-1 here")

    world = World(*([fail] if where == "transport" else []), sign=True)
    rest = world.client.bind(defect if where == "read_fault" else read_fault, world._sign)
    parse = (lambda body: defect(body) or 0) if where == "parse" else number
    with pytest.raises(OutcomeUnknown, match=r"the answer was not read \((Attribute|Assertion)Error\)") as caught:
        await rest.call(ORDER, parse, client_order_id="a1")
    assert caught.value.client_order_id == "a1"
    assert isinstance(caught.value.__cause__, AttributeError | AssertionError)
    assert "secret-1" not in str(caught.value)
    assert (world.tries, world.client.metrics().under_way) == (1, 0)


async def test_defect_before_an_order_has_left_is_told_as_it_is():
    def sign(_request: RestRequest, _now_ns: int) -> RestRequest:
        raise AttributeError("typo")

    world = World()
    with pytest.raises(AttributeError, match="typo"):
        await world.client.bind(read_fault, sign).call(ORDER, number, client_order_id="a1")
    assert (world.tries, world.client.metrics().under_way) == (0, 0)


@pytest.mark.parametrize("after_ms", [0, 5, 9])
async def test_order_cancelled_on_its_way_is_cancelled_and_nothing_else(after_ms):
    world = World(sign=True)
    task = asyncio.create_task(world.rest.call(ORDER, number, client_order_id="a1"))
    await world.clock.sleep(after_ms * MS)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await world.clock.sleep(SECOND)
    metrics = world.client.metrics()
    assert (world.tries, metrics.under_way, metrics.outcomes_unknown) == (1, 0, 0)


async def test_order_does_not_stand_in_line_until_its_market_is_gone():
    world = World(sign=True)
    order = Endpoint(method="POST", path="/order", idempotent=False, signed=True, cost={"ip": 5})
    world.client.budgets.refuse(
        world.client.budgets.claim("GET /depth", {"ip": 1}),
        {"retry-after": "3"},
        world.clock.now_ns(),
        world.clock.monotonic_ns(),
        banned=False,
    )
    with pytest.raises(RateLimitError, match="held back") as caught:
        await world.rest.call(order, number, client_order_id="a1")
    assert caught.value.local
    assert (world.tries, world.clock.now_ns()) == (0, EPOCH)
    await world.clock.sleep(2500 * MS)
    assert await world.rest.call(order, number, client_order_id="a1") == 1


async def test_order_and_cancellation_go_before_questions_that_wait():
    world = World(sign=True)
    cancel = Endpoint(method="DELETE", path="/order", signed=True, cost={"ip": 1})
    order = Endpoint(method="POST", path="/order", idempotent=False, signed=True, cost={"ip": 1})
    await world.rest.call(FREE, number, config=RequestConfig(cost={"ip": 6}))
    question = asyncio.create_task(world.rest.call(DEPTH, number, config=RequestConfig(cost={"ip": 6})))
    await world.clock.sleep(0)
    await asyncio.gather(
        world.rest.call(order, number, client_order_id="a1"), world.rest.call(cancel, number), question
    )
    assert [request.path for _at, request in world.transport.sent] == ["/free", "/order", "/order", "/depth"]
    assert world.transport.sent[2][0] < 100 * MS < SECOND <= world.transport.sent[3][0]


async def test_refusal_with_retry_after_is_waited_for_and_tried_again():
    world = World((429, b"too many", {"retry-after": "3"}))
    assert await world.rest.call(DEPTH, number) == 1
    first, second = (at for at, _request in world.transport.sent)
    assert second - first >= 3 * SECOND
    assert second - first < 3 * SECOND + 100 * MS
    assert world.client.metrics().rate_limited == 1


async def test_refusal_holds_everybody_who_takes_from_the_same_budget():
    world = World((429, b"{}", {"retry-after": "3"}))
    first = asyncio.create_task(world.rest.call(DEPTH, number))
    await world.clock.sleep(500 * MS)
    await asyncio.gather(first, *(world.rest.call(DEPTH, number) for _ in range(3)))
    assert [at // SECOND for at, _request in world.transport.sent] == [0, 3, 3, 3, 3]


async def test_refused_request_waits_before_those_who_came_later():
    world = World((429, b"{}", {"retry-after": "1"}))
    first = asyncio.create_task(world.rest.call(DEPTH, number, {"who": "first"}, config=RequestConfig(cost={"ip": 6})))
    await world.clock.sleep(world.transport.way_ns + MS)
    await asyncio.gather(first, world.rest.call(DEPTH, number, {"who": "second"}, config=RequestConfig(cost={"ip": 6})))
    assert [request.query for _at, request in world.transport.sent] == ["who=first", "who=first", "who=second"]


async def test_request_waiting_for_a_place_does_not_slip_out_behind_a_refusal():
    """The refusal is heeded before its place is given to the next."""
    world = World((429, b"{}", {"retry-after": "3"}), places=1)
    await asyncio.gather(*(world.rest.call(DEPTH, number) for _ in range(3)))
    assert [at // SECOND for at, _request in world.transport.sent] == [0, 3, 3, 3]


async def test_refusal_for_longer_than_one_may_wait_is_said_at_once():
    world = World((429, b"{}", {"retry-after": "60"}))
    with pytest.raises(RateLimitError) as caught:
        await world.rest.call(DEPTH, number)
    assert (caught.value.retry_after_ns, caught.value.local, caught.value.banned) == (60 * SECOND, False, False)
    with pytest.raises(RateLimitError, match=r"GET /depth was held back: .* 60") as held:
        await world.rest.call(DEPTH, number)
    assert held.value.local
    assert world.tries == 1


async def test_ban_closes_the_venue():
    world = World((418, b"{}", {"retry-after": "120"}))
    with pytest.raises(RateLimitError) as caught:
        await world.rest.call(DEPTH, number)
    assert caught.value.banned
    with pytest.raises(RateLimitError) as held:
        await world.rest.call(FREE, number)
    assert held.value.local
    assert world.client.metrics().budgets["scope:ip"].closed_ns > 119 * SECOND
    await world.clock.sleep(120 * SECOND)
    assert await world.rest.call(FREE, number) == 1


async def test_refusal_told_in_the_body_alone_counts_too():
    """Some venues answer HTTP 200 with a code of their own."""
    world = World((200, b'{"code":-3}'))
    assert await world.rest.call(DEPTH, number) == 1
    first, second = (at for at, _request in world.transport.sent)
    assert second - first >= SECOND, "no time was stated: a whole window"


async def test_requests_keep_to_the_budget():
    world = World()
    await asyncio.gather(*(world.rest.call(DEPTH, number) for _ in range(35)))
    sent = [at for at, _request in world.transport.sent]
    assert all(sum(1 for at in sent if begin <= at <= begin + SECOND) <= 10 for begin in sent)
    assert sent[-1] < 4 * SECOND


async def test_cost_may_depend_on_the_request():
    world = World()
    await world.rest.call(DEPTH, number, config=RequestConfig(cost={"ip": 10}))
    await world.rest.call(DEPTH, number)
    assert world.transport.sent[1][0] >= SECOND
    with pytest.raises(SettingsError, match="costs 11 units"):
        await world.rest.call(DEPTH, number, config=RequestConfig(cost={"ip": 11}))


async def test_wait_for_a_budget_is_limited():
    world = World()
    config = RequestConfig(max_wait_ns=100 * MS)
    outcomes = await asyncio.gather(
        *(world.rest.call(DEPTH, number, config=config) for _ in range(12)), return_exceptions=True
    )
    assert outcomes[:10] == [1] * 10
    for outcome in outcomes[10:]:
        assert isinstance(outcome, RateLimitError)
        assert outcome.local


async def test_wait_behind_others_is_limited_too():
    """Eleven wait for one budget of ten a second: the last would come in the second window."""
    world = World()
    budget = RequestConfig(cost={"ip": 10})
    patient = [asyncio.create_task(world.rest.call(DEPTH, number, config=budget)) for _ in range(3)]
    await world.clock.sleep(MS)
    with pytest.raises(RateLimitError) as caught:
        await world.rest.call(DEPTH, number, config=RequestConfig(cost={"ip": 10}, max_wait_ns=1500 * MS))
    assert caught.value.local
    assert world.clock.now_ns() - EPOCH == 1501 * MS
    assert await asyncio.gather(*patient) == [1, 1, 1]
    assert world.client.metrics().waiting == 0


async def test_at_most_so_many_requests_are_under_way():
    world = World(places=3)
    await asyncio.gather(*(world.rest.call(FREE, number) for _ in range(20)))
    assert world.transport.most_under_way == 3


async def test_usage_reported_by_the_venue_is_obeyed():
    world = World((200, b'{"n":1}', {"x-used": "9"}))
    await world.rest.call(DEPTH, number)
    await world.rest.call(DEPTH, number)
    await world.rest.call(DEPTH, number)
    sent = [at for at, _request in world.transport.sent]
    assert sent[1] < SECOND <= sent[2]


async def test_cancellation_passes_through_and_gives_the_place_back():
    world = World(places=1)
    under_way = asyncio.create_task(world.rest.call(FREE, number))
    in_line = asyncio.create_task(world.rest.call(FREE, number))
    last = asyncio.create_task(world.rest.call(FREE, number))
    await world.clock.sleep(5 * MS)
    for task in (in_line, under_way):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await last == 1
    metrics = world.client.metrics()
    assert (metrics.under_way, metrics.waiting, world.tries) == (0, 0, 2)


async def test_cancelled_in_the_very_turn_in_which_it_was_let_through_keeps_no_place():
    world = World(places=1)

    async def call_and_cancel_the_next() -> None:
        await world.rest.call(FREE, number)
        second.cancel()

    first = asyncio.create_task(call_and_cancel_the_next())
    await world.clock.sleep(MS)
    second = asyncio.create_task(world.rest.call(FREE, number))
    await asyncio.wait([first, second])
    assert second.cancelled()
    assert world.tries == 1
    assert await world.rest.call(FREE, number) == 1
    assert world.client.metrics().under_way == 0


async def test_failed_request_gives_its_place_back():
    world = World((400, b'{"code":-1}'), places=1)
    with pytest.raises(InsufficientBalance):
        await world.rest.call(FREE, number)
    assert await world.rest.call(FREE, number) == 1


async def test_request_is_signed_after_its_wait_and_anew_for_each_try():
    world = World(CUT, sign=True)
    await world.client.call(DEPTH, number, config=RequestConfig(cost={"ip": 10}))
    world.transport.replies.insert(0, CUT)
    await world.rest.call(DEPTH, number)
    assert world.signed_at == [at for at, _request in world.transport.sent[-2:]]
    assert world.signed_at[0] >= SECOND
    assert world.signed_at[1] > world.signed_at[0]


AHEAD = 90 * SECOND


def skewed(world: World) -> Callable[[], Awaitable[int]]:
    async def server_time() -> int:
        return await world.client.call(Endpoint(path="/time"), lambda _body: world.clock.now_ns() - 5 * MS + AHEAD)

    return server_time


async def test_clock_skew_is_measured_and_the_request_signed_again_even_an_order():
    world = World((400, b'{"code":-2}'), sign=True)
    world.client.set_server_time(skewed(world))
    assert await world.rest.call(ORDER, number, client_order_id="a1") == 1
    first, second = world.signed_at
    assert second - first - AHEAD < 100 * MS
    assert world.client.metrics().clock_offset_ns == AHEAD
    assert [request.path for _at, request in world.transport.sent] == ["/order", "/time", "/time", "/time", "/order"]


async def test_second_clock_skew_is_final():
    world = World((400, b'{"code":-2}'), *[(200, b"{}")] * 3, (400, b'{"code":-2}'), sign=True)
    world.client.set_server_time(skewed(world))
    with pytest.raises(ClockSkew):
        await world.rest.call(ORDER, number, client_order_id="a1")
    assert len(world.signed_at) == 2


async def test_measuring_the_clock_costs_no_try():
    world = World((400, b'{"code":-2}'), *[(200, b"{}")] * 3, CUT, sign=True)
    world.client.set_server_time(skewed(world))
    assert await world.rest.call(FREE, number, config=RequestConfig(attempts=2)) == 1


async def test_clock_skew_without_a_way_to_measure_it_is_final():
    world = World((400, b'{"code":-2}'), sign=True)
    with pytest.raises(ClockSkew):
        await world.rest.call(ORDER, number)
    assert world.tries == 1
    with pytest.raises(SettingsError, match="asks the venue for its time"):
        await world.client.sync_clock()


@pytest.mark.parametrize("failure", [CUT, (200, b'{"n":"x"}')], ids=["cut", "nonsense"])
async def test_order_refused_for_its_time_stays_refused_when_the_time_is_not_to_be_had(failure):
    world = World((400, b'{"code":-2}'), *[failure] * 4, sign=True)
    world.client.set_server_time(lambda: world.client.bind(read_fault).call(FREE, number))
    with pytest.raises(ClockSkew) as caught:
        await world.rest.call(ORDER, number, client_order_id="a1")
    assert isinstance(caught.value.__cause__, ExchangeUnavailable | WireError)
    assert sum(request.path == "/order" for _at, request in world.transport.sent) == 1


async def test_order_signed_anew_after_skew_may_end_in_any_way():
    world = World((400, b'{"code":-2}'), *[(200, b"{}")] * 3, CUT, sign=True)
    world.client.set_server_time(skewed(world))
    with pytest.raises(OutcomeUnknown):
        await world.rest.call(ORDER, number, client_order_id="a1")
    assert sum(request.path == "/order" for _at, request in world.transport.sent) == 2


async def test_many_skewed_requests_measure_the_clock_once():
    world = World(*[(400, b'{"code":-2}')] * 5, sign=True)
    world.client.set_server_time(skewed(world))
    assert await asyncio.gather(*(world.rest.call(FREE, number) for _ in range(5))) == [1] * 5
    assert sum(request.path == "/time" for _at, request in world.transport.sent) == 3


async def test_skewed_requests_do_not_block_the_measurement_when_all_places_are_taken():
    world = World(*[(400, b'{"code":-2}')] * 2, sign=True, places=1)
    world.client.set_server_time(skewed(world))
    assert await asyncio.gather(*(world.rest.call(FREE, number) for _ in range(2))) == [1, 1]


async def test_clock_is_measured_by_the_shortest_way():
    world = World(sign=True)
    ways = iter([800 * MS, 20 * MS, 400 * MS])

    async def server_time() -> int:
        """Ask a venue that takes all its time on the way back, so that a long way is a wrong measurement."""
        there = world.clock.now_ns() + AHEAD
        await world.clock.sleep(next(ways))
        return there

    world.client.set_server_time(server_time)
    assert await world.client.sync_clock() == AHEAD - 10 * MS


async def test_views_share_budgets_and_counts():
    world = World()
    other = world.client.bind(read_fault)
    await world.rest.call(DEPTH, number, config=RequestConfig(cost={"ip": 10}))
    await other.call(DEPTH, number)
    assert world.transport.sent[1][0] >= SECOND
    assert other.metrics().requests == world.rest.metrics().requests == 2


async def test_venues_of_one_exchange_may_share_their_budgets():
    budgets = Budgets(CARD.limits)
    clock = LoopClock(EPOCH)
    transport = ScriptedTransport(clock)
    one, two = (Rest(CARD, transport, clock, budgets=budgets).bind(read_fault) for _ in range(2))
    await one.call(DEPTH, number, config=RequestConfig(cost={"ip": 10}))
    await two.call(DEPTH, number)
    assert transport.sent[1][0] >= SECOND


async def test_metrics_tell_latency_by_endpoint_reuse_and_budgets():
    world = World()
    for _ in range(4):
        await world.rest.call(DEPTH, number)
    metrics = world.client.metrics()
    assert metrics.reuse_rate == 1.0
    assert metrics.latency["GET /depth"].count == 4
    assert metrics.latency["GET /depth"].max == 10 * MS
    assert metrics.budgets["ip"].spent == 4
    assert metrics.clock_offset_ns is None


async def test_metrics_before_the_first_request_claim_nothing():
    assert World().client.metrics().reuse_rate is None


async def test_client_without_faults_of_its_own_goes_by_the_status():
    world = World((404, b"{}"))
    with pytest.raises(ExchangeAPIError, match=r"\(HTTP 404\): GET /free: no reason given"):
        await world.client.call(FREE, number)
