"""What an observer costs the market: told on a thread of its own, as it is done, and told on the event loop, as it is not."""

import asyncio
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles

import pytest
import uvloop
from arb_core.runtime.mailbox import Mailbox

pytestmark = pytest.mark.bench

FRAMES_PER_S = 2_000
SECONDS = 2
ROUNDS = 3
WORK_NS = 20_000
"""What a frame costs until its verdict."""

STAMP = struct.Struct("!Q")

# In a process of its own: it must not share our interpreter's lock.
PRODUCER = f"""
import socket, struct, sys, time
sock = socket.socket(fileno=int(sys.argv[1]))
due_ns = time.monotonic_ns()
for _ in range({FRAMES_PER_S * SECONDS}):
    due_ns += {10**9 // FRAMES_PER_S}
    while (left_ns := due_ns - time.monotonic_ns()) > 0:
        time.sleep(left_ns / 1e9)
    sock.sendall(struct.pack("!Q", time.monotonic_ns()))
"""


def compute(duration_ns: int) -> None:
    until_ns = time.perf_counter_ns() + duration_ns
    while time.perf_counter_ns() < until_ns:
        pass


def cheap(_notice: object) -> None:
    compute(2_000)


def blocked(_notice: object) -> None:
    threading.Event().wait(0.02)  # as a slow disk or a far server makes one wait


def computing(_notice: object) -> None:
    compute(20_000_000)


Put = Callable[[int], None]


@contextmanager
def nobody(_call: Put) -> Iterator[Put]:
    yield lambda _notice: None


@contextmanager
def on_a_thread(call: Put) -> Iterator[Put]:
    mailbox = Mailbox("bench", limit=10_000, stop=lambda: None, broken=lambda *_: None)
    mailbox.open()
    yield lambda notice: mailbox.put(call, notice)
    assert mailbox.close(30)


@contextmanager
def on_a_thread_that_yields_sooner(call: Put) -> Iterator[Put]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        with on_a_thread(call) as put:
            yield put
    finally:
        sys.setswitchinterval(before)


@contextmanager
def on_the_loop(call: Put) -> Iterator[Put]:
    """One notice at each turn of the loop, between frames."""
    waiting = deque[int]()

    def one() -> None:
        call(waiting.popleft())
        if waiting:
            asyncio.get_running_loop().call_soon(one)

    def put(notice: int) -> None:
        waiting.append(notice)
        if len(waiting) == 1:
            asyncio.get_running_loop().call_soon(one)

    yield put


WAYS = {
    "no observer": nobody,
    "a thread of its own": on_a_thread,
    "a thread, interpreter's turns of 0.5 ms": on_a_thread_that_yields_sooner,
    "the event loop": on_the_loop,
}

OBSERVERS = {
    "2 us for each frame": (cheap, 1),
    "blocks for 20 ms, 20 times a second": (blocked, FRAMES_PER_S // 20),
    "computes for 20 ms, 20 times a second": (computing, FRAMES_PER_S // 20),
}


async def frames(ours: socket.socket, put: Put, every: int) -> list[float]:
    """Take the producer's frames; return how long each took from being sent to its verdict, microseconds."""
    loop, ended, taken = asyncio.get_running_loop(), asyncio.Event(), list[float]()

    def read() -> None:
        data = ours.recv(65_536)
        if not data:
            loop.remove_reader(ours)
            ended.set()
            return
        for (sent_ns,) in STAMP.iter_unpack(data):
            compute(WORK_NS)
            taken.append((time.monotonic_ns() - sent_ns) / 1000)
            if len(taken) % every == 0:
                put(len(taken))

    loop.add_reader(ours, read)
    await ended.wait()
    return taken


def measure(way: str, observer: str) -> tuple[float, float]:
    """Return p50 and p99 of one turn, microseconds."""
    call, every = OBSERVERS[observer]
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    command = [sys.executable, "-c", PRODUCER, str(theirs.fileno())]
    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()]), WAYS[way](call) as put:
        theirs.close()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            taken = runner.run(frames(ours, put, every))
    assert len(taken) == FRAMES_PER_S * SECONDS
    cuts = quantiles(taken, n=100)
    return cuts[49], cuts[98]


def test_an_observer_on_a_thread_does_not_hold_up_the_market(publish) -> None:
    found = defaultdict[tuple[str, str], list[tuple[float, float]]](list)
    for _ in range(ROUNDS):
        for observer in OBSERVERS:
            for way in WAYS:
                found[way, observer].append(measure(way, observer))
    lines = ["| the observer | is told on | frame to verdict, us: p50 | p99 |", "|---|---|---|---|"]
    for observer in OBSERVERS:
        for way in WAYS:
            p50, p99 = (median(values) for values in zip(*found[way, observer], strict=True))
            lines.append(f"| {observer} | {way} | {p50:,.0f} | {p99:,.0f} |")
    publish("observers", "\n".join(lines))
