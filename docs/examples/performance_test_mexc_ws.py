"""How fast MEXC's WebSocket is read on your machine: parsing, from a frame to its verdict, what the processor bears.

    python docs/examples/performance_test_mexc_ws.py
    python docs/examples/performance_test_mexc_ws.py --seconds 5 --json
    python docs/examples/performance_test_mexc_ws.py BTC/USDT ETH/USDT --live

About 20 seconds. MEXC is simulated, in a process of its own, over real sockets and in its own protobuf; beside it is a
second venue, because a verdict needs two. `--live` asks the real exchanges instead: public data, no key. Latencies
begin when a frame was read from its socket; the way through the network is the venue's and yours. Parsing is told in
time of the processor, message by message. `tox -e bench` compares with other code.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, NamedTuple

import arb_core as arb
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.sockets import SocketTransport
from arb_core.runtime.transport import Connection, Listener
from arb_core.strategies.spatial import Spatial
from arb_mexc.stream import PublicStream
from arb_sim.child import serving

VENUES = ("mexc", "gateio")
SYMBOLS = tuple(
    arb.Symbol.parse(f"{base}/USDT") for base in ("BTC", "ETH", "SOL", "XRP", "DOGE", "LINK", "LTC", "PEPE")
)
STEPS_PER_S = 100.0
"""Of each simulated price: a busy market."""
KEPT = 20_000
"""Frames that are kept, to be parsed again and again afterwards."""
PARSE_TARGET_NS, DECISION_TARGET_NS = 1_000_000, 50_000_000

SECOND = 1_000_000_000


class Keeping:
    """The sockets of the library, and a copy of what arrives on them."""

    def __init__(self, clock: SystemClock) -> None:
        """Keep nothing yet."""
        self.inner = SocketTransport(clock)
        self.stats = self.inner.stats
        self.frames: list[bytes] = []

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        """Ask as ever."""
        return await self.inner.request(base_url, request, timeout_ns)

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        """Connect as ever, and listen too."""
        return await self.inner.connect(url, headers, _Ear(listener, self.frames), timeout_ns)

    async def close(self) -> None:
        """Close as ever."""
        await self.inner.close()


class _Ear:
    """Hears a connection for two."""

    def __init__(self, listener: Listener, frames: list[bytes]) -> None:
        self._on_frame = listener.on_frame
        self._frames = frames
        self.on_alive = listener.on_alive
        self.on_closed = listener.on_closed

    def on_frame(self, frame: memoryview) -> None:
        if len(self._frames) < KEPT:
            self._frames.append(bytes(frame))
        self._on_frame(frame)


class _Deaf:
    """A sink that hears nothing: what is left is the parsing."""

    def __getattr__(self, _name: str) -> object:
        return lambda *_, **__: None


class Line(NamedTuple):
    """A row of the table; a figure with a goal is to stay below it."""

    name: str
    value: float
    unit: str
    below: float | None = None

    @property
    def judgement(self) -> str:
        """Say whether the goal is met."""
        if self.below is None:
            return ""
        return f"< {self.below:g} {self.unit}: {'met' if self.value < self.below else 'NOT MET'}"


def parsing(frames: Sequence[bytes]) -> list[Line]:
    """Parse what was kept, as often as a second allows, every frame by itself."""
    context: Any = SimpleNamespace(settings=None)
    sink: Any = _Deaf()
    decode = PublicStream(context).decode
    views = [memoryview(frame) for frame in frames]
    took: list[int] = []
    end_ns = time.monotonic_ns() + SECOND
    while time.monotonic_ns() < end_ns:
        for view in views:
            began_ns = time.thread_time_ns()
            decode(view, 0, sink)
            took.append(time.thread_time_ns() - began_ns)
    cuts = statistics.quantiles(took, n=100)
    return [
        Line("parse a message, p50", cuts[49] / 1e6, "ms"),
        Line("parse a message, p99", cuts[98] / 1e6, "ms", PARSE_TARGET_NS / 1e6),
        Line("one core parses", len(took) / (sum(took) / SECOND), "frames/s"),
    ]


async def measure(symbols: Sequence[arb.Symbol], *, seconds: float, live: bool) -> list[Line]:
    """Watch MEXC and a second venue for a while; return what it came to."""
    clock = SystemClock()
    keeping = Keeping(clock)
    session = DetectionSession(EngineView(clock), {"spatial": Spatial()})
    async with AsyncExitStack() as stack:
        hosts: dict[str, dict[str, str]] = {}
        if not live:
            names = [str(symbol) for symbol in symbols]
            served = await stack.enter_async_context(serving(VENUES, seed=1, symbols=names, steps_per_s=STEPS_PER_S))
            hosts = {venue.exchange: {"rest_url": venue.rest_url, "ws_url": venue.ws_url} for venue in served}
        stack.push_async_callback(keeping.close)
        mexc, other = [
            await stack.enter_async_context(
                arb.open_exchange(name, transport=keeping if name == "mexc" else None, **hosts.get(name, {}))
            )
            for name in VENUES
        ]
        for venue in (mexc, other):
            await venue.load_markets()
            books = await asyncio.gather(*(venue.watch_orderbook(symbol) for symbol in symbols))
            for book in books:
                instrument = venue.markets.instrument(book.symbol)
                session.market.add(book, instrument, float(venue.fees(book.symbol).taker))
            venue.on_book(session.on_book)
            venue.on_lost(session.on_lost)
        session.start()
        keeping.frames.clear()  # the first answers are no market data
        before, began, cpu = _messages(mexc, other), time.monotonic(), time.process_time()
        await clock.sleep(round(seconds * SECOND))
        elapsed, cpu = time.monotonic() - began, time.process_time() - cpu
        messages = _messages(mexc, other) - before
        frames = list(keeping.frames)
        session.stop()
    if not messages:
        raise SystemExit("nothing arrived")
    decision = session.latency
    return [
        *parsing(frames),
        Line("from a frame to its verdict, p50", decision.quantile_ns(0.5) / 1e6, "ms"),
        Line("from a frame to its verdict, p99", decision.quantile_ns(0.99) / 1e6, "ms", DECISION_TARGET_NS / 1e6),
        Line("verdicts", decision.count, ""),
        Line("received, both venues", messages / elapsed, "frames/s"),
        Line("processor, all in all", cpu / messages * 1e6, "us a frame"),
        Line("so that one core bears about", messages / cpu, "frames/s"),
    ]


def _messages(*venues: arb.Venue) -> int:
    return sum(venue.health().messages.deltas for venue in venues)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("symbols", nargs="*", type=arb.Symbol.parse, default=SYMBOLS)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--live", action="store_true", help="the real exchanges; default: simulated ones")
    parser.add_argument("--simulated", action="store_true", help="what is done without --live, said aloud")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    lines = asyncio.run(measure(options.symbols, seconds=options.seconds, live=options.live and not options.simulated))
    books = Registry().book_factory().name
    if options.as_json:
        figures = {line.name: {"value": line.value, "unit": line.unit, "below": line.below} for line in lines}
        print(json.dumps({"books": books, "figures": figures}))
        return
    print(f"MEXC over its WebSocket, {len(options.symbols)} symbols, books: {books}")
    for line in lines:
        print(f"  {line.name:34} {line.value:12,.3f} {line.unit:11} {line.judgement}".rstrip())


if __name__ == "__main__":
    main()
