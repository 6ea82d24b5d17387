"""From a socket to a verdict, flat out over loopback: messages a second of arb against a bare client of good libraries.

Both read the same prepared Binance frames from one server process, keep the book, and compare its best levels with
another venue's after every message. The bare client checks nothing: no sequence, no state, no refused price.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import arb_core as arb
import msgspec
import pytest
import uvloop
from arb_core.engine.opportunity import Policy
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.runtime.clock import SystemClock
from arb_core.strategies.spatial import Settings, Spatial
from arb_core.structs.book import BookState
from sortedcontainers import SortedDict

pytestmark = pytest.mark.bench

BTC = arb.Symbol("BTC", "USDT")
MESSAGES = 60_000
LEVELS = 5
TURNS = 5
FEE = 0.001
SILENT_FOR_S = 30.0
"""A client that has heard nothing for so long has lost the end."""

START_ID = 1_000_000
MIDDLE = 6_000_000
DEPTH = 1_000


def _price(tick: int) -> str:
    return f"{tick // 100}.{tick % 100:02}"


def _level(number: int) -> tuple[int, str, str]:
    """The side, price and size of a change: near the best levels, sizes that come and go, never crossed."""
    mixed = number * 2_654_435_761 % 2**32
    side, distance = mixed & 1, 1 + (mixed >> 1) % 60
    size = "0.00000" if mixed % 5 == 0 and distance > 3 else f"{1 + mixed % 997 / 1000:.5f}"
    return side, _price(MIDDLE + (distance if side else -distance)), size


@pytest.fixture
def port(tmp_path: Path):
    """The server's port."""
    frames = []
    for index in range(MESSAGES):
        sides: tuple[list[Any], list[Any]] = ([], [])
        for at in range(LEVELS):
            side, price, size = _level(index * LEVELS + at)
            sides[side].append((price, size))
        event = {"e": "depthUpdate", "E": 1_700_000_000_000 + index, "s": "BTCUSDT", "U": START_ID + 1 + index}
        data = {**event, "u": START_ID + 1 + index, "b": sides[0], "a": sides[1]}
        frames.append(msgspec.json.encode({"stream": "btcusdt@depth@100ms", "data": data}))
    bids = [(_price(MIDDLE - distance), "1.00000") for distance in range(1, DEPTH + 1)]
    asks = [(_price(MIDDLE + distance), "1.00000") for distance in range(1, DEPTH + 1)]
    (tmp_path / "frames").write_bytes(b"\n".join(frames))
    (tmp_path / "snapshot").write_bytes(msgspec.json.encode({"lastUpdateId": START_ID, "bids": bids, "asks": asks}))
    hose = Path(__file__).with_name("hose.py")
    command = [sys.executable, str(hose), str(tmp_path / "frames"), str(tmp_path / "snapshot")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


class _Event(msgspec.Struct):
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class _Frame(msgspec.Struct):
    data: _Event


async def bare(port: int) -> tuple[float, tuple[float, float]]:
    """aiohttp, msgspec, `float`, SortedDict, one comparison each way. Return seconds and the last best levels."""
    decode = msgspec.json.Decoder(_Frame).decode
    other_bid, other_ask = 59_000.0, 61_000.0
    keep, pay = 1 - FEE, 1 + FEE
    found = 0
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/ws") as socket:
        await socket.send_str('{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}')
        await socket.receive()
        async with session.get(f"http://127.0.0.1:{port}/api/v3/depth") as answer:
            snapshot = msgspec.json.decode(await answer.read())
        bids, asks = (
            SortedDict({float(price): float(size) for price, size in snapshot[side]}) for side in ("bids", "asks")
        )
        began = bid = ask = 0.0
        async for frame in socket:
            began = began or time.perf_counter()
            event = decode(frame.data).data
            for side, rows in ((bids, event.b), (asks, event.a)):
                for price_text, size_text in rows:
                    price, size = float(price_text), float(size_text)
                    if size:
                        side[price] = size
                    else:
                        side.pop(price, None)
            bid, ask = bids.peekitem(-1)[0], asks.peekitem(0)[0]
            if other_bid * keep > ask * pay or bid * keep > other_ask * pay:
                found += 1
            if event.u == START_ID + MESSAGES:
                break
        assert not found
        return time.perf_counter() - began, (bid, ask)


async def ours(port: int) -> tuple[float, tuple[float, float]]:
    """The whole of arb: session, dialect, sequence rule, book, strategy, verdict."""
    clock = SystemClock()
    detection = DetectionSession(EngineView(clock), {"spatial": Spatial(Settings())}, Policy())
    still = SimpleNamespace(
        venue="other",
        symbol=BTC,
        state=BookState.LIVE,
        fault=None,
        last_id=0,
        exchange_ns=None,
        bid=59_000.0,
        bid_size=1.0,
        ask=61_000.0,
        ask_size=1.0,
        received_ns=0,
        monotonic_ns=0,
    )
    ended = asyncio.Event()
    times: list[float] = []

    def heard(book: Any) -> None:
        if not times:
            times.append(time.perf_counter())
        detection.on_book(book)
        if book.last_id == START_ID + MESSAGES:
            times.append(time.perf_counter())
            ended.set()

    rest_url, ws_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
    async with arb.open_exchange("binance", rest_url=rest_url, ws_url=ws_url) as venue:
        await venue.load_markets()
        book = venue.follow(BTC)
        instrument = venue.markets.instrument(BTC)
        detection.market.add(book, instrument, FEE)
        detection.market.add(still, instrument, FEE)  # pyright: ignore[reportArgumentType]
        detection.start()
        venue.on_book(heard)
        await asyncio.wait_for(ended.wait(), SILENT_FOR_S)
        assert not detection.counts().seen
        return times[-1] - times[0], (book.bid, book.ask)


def test_socket_to_verdict(port, publish):
    clients: dict[str, Callable[[int], Coroutine[Any, Any, tuple[float, tuple[float, float]]]]] = {
        "bare: aiohttp, msgspec, float, SortedDict": bare,
        "arb: socket to verdict": ours,
    }
    rates: dict[str, list[float]] = {name: [] for name in clients}
    tops = set()
    for _ in range(TURNS):
        for name, client in clients.items():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                seconds, top = runner.run(client(port))
            rates[name].append(MESSAGES / seconds)
            tops.add(top)
    assert len(tops) == 1, "the clients hold different books"
    (bare_rates, our_rates) = rates.values()
    ratio = statistics.median(mine / theirs for mine, theirs in zip(our_rates, bare_rates, strict=True))
    rows = ["| Binance JSON, 5 levels | messages a second: median [least-most] | ratio |", "|---|---|---|"]
    for (name, each), share in zip(rates.items(), (1.0, ratio), strict=True):
        rows.append(f"| {name} | {statistics.median(each):,.0f} [{min(each):,.0f}-{max(each):,.0f}] | {share:.2f} |")
    publish("loopback", "\n".join(rows))
