"""The memory shell, on a loop whose time jumps to the next event."""

import asyncio
import json
from itertools import pairwise

import pytest
from arb_core.interfaces.context import RestRequest
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.transport import TransportError
from arb_sim.faults import Fault, FaultKind, FaultScript
from arb_sim.memory import MemoryTransport

SECOND = 1_000_000_000
MS = 1_000_000
PAIR = "BTC-USDT"

pytestmark = pytest.mark.looptime(noop_cycles=0)


class Ear:
    """Listens."""

    def __init__(self, clock):
        self.clock = clock
        self.frames = []
        self.times = []
        self.alive = 0
        self.closed = []

    def on_frame(self, frame):
        self.frames.append(bytes(frame).decode())
        self.times.append(self.clock.monotonic_ns())

    def on_alive(self):
        self.alive += 1

    def on_closed(self, reason):
        self.closed.append(reason)

    @property
    def messages(self):
        return [json.loads(frame) for frame in self.frames if frame.startswith(("{", "["))]


@pytest.fixture
def carry(toy):
    """Call it within the test: a fresh venue, a transport to it, and the clock of the test's own loop."""

    def make(*faults, latency_ns=0, **pace):
        clock = LoopClock()
        venue = toy(script=FaultScript(faults=faults), **pace)
        transport = MemoryTransport({"http://toy.test": venue, "ws://toy.test:80": venue}, clock, latency_ns=latency_ns)
        return venue, transport, clock

    return make


async def test_request_is_answered_on_venue_time(carry):
    venue, transport, clock = carry(latency_ns=25 * MS)
    answer = await transport.request("http://toy.test", RestRequest(method="GET", path="/time"), SECOND)
    assert answer.status == 200
    assert json.loads(answer.body)["now_ns"] == clock.now_ns() - 25 * MS == venue.timeline.start_ns + 25 * MS
    assert answer.received_ns == clock.now_ns()
    await transport.request("http://toy.test", RestRequest(method="GET", path="/time"), SECOND)
    assert (transport.stats.requests, transport.stats.reused, transport.stats.opened) == (2, 1, 1)


async def test_unanswered_request_times_out(carry):
    _, transport, clock = carry(Fault(kind=FaultKind.NO_ANSWER))
    with pytest.raises(TransportError, match="no answer") as caught:
        await transport.request("http://toy.test", RestRequest(method="GET", path="/time"), 3 * SECOND)
    assert caught.value.sent
    assert clock.monotonic_ns() == 3 * SECOND


@pytest.mark.parametrize(("hold_s", "comes"), [(2, True), (3, False)])
async def test_late_answer_comes_late_or_too_late(carry, hold_s, comes):
    fault = Fault(kind=FaultKind.ANSWER_LATE, path="/time", hold_s=hold_s)
    _, transport, clock = carry(fault, latency_ns=100 * MS)
    asked = transport.request("http://toy.test", RestRequest(method="GET", path="/time"), 3 * SECOND)
    if comes:
        assert (await asked).status == 200
        assert clock.monotonic_ns() == 2 * SECOND + 200 * MS
        return
    with pytest.raises(TransportError, match="no answer"):
        await asked
    assert clock.monotonic_ns() == 3 * SECOND


async def test_unknown_host_was_certainly_not_reached(carry):
    _, transport, clock = carry()
    with pytest.raises(TransportError, match="no such host") as caught:
        await transport.request("http://elsewhere.test", RestRequest(method="GET", path="/time"), SECOND)
    assert not caught.value.sent
    with pytest.raises(TransportError, match="no such host"):
        await transport.connect("ws://elsewhere.test/ws", {}, Ear(clock), SECOND)


async def test_refused_handshake_is_an_error(carry):
    _, transport, clock = carry()
    with pytest.raises(TransportError, match="404"):
        await transport.connect("ws://toy.test/nowhere", {}, Ear(clock), SECOND)


async def test_frames_arrive_late_by_the_latency_and_in_order(carry):
    venue, transport, clock = carry(latency_ns=40 * MS, steps_per_s=50)
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join book {PAIR}")
    connection.send(f"join trades {PAIR}")
    asked_ns = clock.monotonic_ns()
    await clock.sleep(5 * SECOND)
    assert ear.frames[:2] == [f"joined book {PAIR}", f"joined trades {PAIR}"]
    assert ear.times[0] == asked_ns + 80 * MS
    books = [
        (message, time) for message, time in zip(ear.messages, ear.times[2:], strict=True) if isinstance(message, dict)
    ]
    assert len(books) > 100
    for message, arrived_ns in books:
        # The loop counts microseconds.
        assert message["at"] + 40 * MS - venue.timeline.start_ns == pytest.approx(arrived_ns, abs=2000)
    assert all(after[0]["first"] == before[0]["last"] + 1 for before, after in pairwise(books))


async def test_answer_never_comes_within_the_callers_own_call(carry):
    _, transport, clock = carry()
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join book {PAIR}")
    assert ear.frames == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ear.frames == [f"joined book {PAIR}"]


async def test_pings_of_the_venue_are_answered_and_heard(carry):
    _, transport, clock = carry(steps_per_s=2)
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join trades {PAIR}")
    await clock.sleep(201 * SECOND)
    assert ear.alive == 10
    assert ear.closed == []
    connection.ping()
    await clock.sleep(MS)
    assert ear.alive == 11


async def test_venue_closes(carry):
    venue, transport, clock = carry()
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    await clock.sleep(40 * SECOND)
    assert ear.closed == ["closed by the venue with 1000"]
    assert clock.monotonic_ns() == 40 * SECOND
    with pytest.raises(TransportError):
        connection.send("anything")
    connection.close()
    await clock.sleep(SECOND)
    assert len(ear.closed) == 1
    assert not venue._peers


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_client_closes(carry, how):
    venue, transport, clock = carry(steps_per_s=50)
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join book {PAIR}")
    await clock.sleep(SECOND)
    before = len(ear.frames)
    getattr(connection, how)()
    await clock.sleep(SECOND)
    assert len(ear.closed) == 1
    assert len(ear.frames) == before
    assert venue.by_pair[PAIR].watched == 0
    assert not venue._peers


async def test_half_open_connection_stays_open_until_the_client_gives_up(carry):
    venue, transport, clock = carry(Fault(kind=FaultKind.HALF_OPEN, at_s=2), steps_per_s=50)
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join book {PAIR}")
    await clock.sleep(3 * SECOND)
    before = len(ear.frames)
    connection.send(f"join trades {PAIR}")
    connection.ping()
    await clock.sleep(100 * SECOND)
    assert (len(ear.frames), ear.alive, ear.closed) == (before, 0, [])
    connection.abort()
    await clock.sleep(SECOND)
    assert ear.closed == ["aborted"]
    assert not venue._peers


async def test_market_stands_still_when_its_transport_is_closed(carry):
    venue, transport, clock = carry(latency_ns=25 * MS, steps_per_s=10)
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join book {PAIR}")
    await clock.sleep(SECOND)
    assert len(ear.messages) > 1
    await transport.close()
    await clock.sleep(SECOND)  # the venue hears of the end later than the listener
    stopped_ns = venue.timeline.now_ns
    await clock.sleep(3600 * SECOND)
    assert venue.timeline.now_ns == stopped_ns


async def test_wall_clock_that_is_set_does_not_move_the_venue(carry):
    venue, transport, clock = carry(steps_per_s=50)
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join book {PAIR}")
    await clock.sleep(SECOND)
    clock.jump(-3600 * SECOND)
    await clock.sleep(SECOND)
    clock.jump(7200 * SECOND)
    await clock.sleep(SECOND)
    assert venue.timeline.now_ns == pytest.approx(venue.timeline.start_ns + 3 * SECOND, abs=50 * MS)
    assert len(ear.messages) > 100


async def test_listener_that_raises_does_not_hold_up_the_others(carry):
    class Deaf(Ear):
        def on_frame(self, frame):
            raise RuntimeError("I do not listen")

    _, transport, clock = carry(steps_per_s=50)
    raised = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: raised.append(context["exception"]))
    ears = [Deaf(clock), Ear(clock)]
    for ear in ears:
        connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
        connection.send(f"join book {PAIR}")
    await clock.sleep(SECOND)
    assert len(ears[1].messages) > 20
    assert len(raised) == len(ears[1].frames)


async def test_idle_venue_costs_no_more_than_its_house_rules(carry):
    venue, transport, clock = carry(steps_per_s=0)
    venue.rules = type(venue.rules)()
    ear = Ear(clock)
    connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
    connection.send(f"join book {PAIR}")
    await clock.sleep(SECOND)
    calls = 0
    due = venue.due

    def counting(now_ns):
        nonlocal calls
        calls += 1
        return due(now_ns)

    venue.due = counting
    await clock.sleep(30 * 24 * 3600 * SECOND)
    assert calls == 0
    venue.by_pair[PAIR].change([(venue.by_pair[PAIR].book.bids.best, 3)], [], clock.now_ns())
    await transport.request("http://toy.test", RestRequest(method="GET", path="/time"), SECOND)
    await clock.sleep(SECOND)
    assert len(ear.messages) == 1


async def test_one_seed_gives_one_run(toy):
    runs = []
    for _ in range(2):
        venue = toy(script=FaultScript(faults=(Fault(kind=FaultKind.DROP, probability=0.1, count=None),)))
        start = LoopClock()
        transport = MemoryTransport({"ws://toy.test": venue}, start, latency_ns=7 * MS)
        ear = Ear(start)
        connection = await transport.connect("ws://toy.test/ws", {}, ear, SECOND)
        connection.send(f"join book {PAIR}")
        await start.sleep(10 * SECOND)
        runs.append((ear.frames, venue.faults.counts))
        await transport.close()
    assert runs[0] == runs[1]
    assert len(runs[0][0]) > 100
