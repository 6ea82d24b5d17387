import asyncio
import errno
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from arb_core.capture import record
from arb_core.capture.format import Capture, CaptureWriter, Close, Frame, Header, Line, Note, Open, Rest, Sent
from arb_core.capture.record import Recorder, RecordingTransport, scrub
from arb_core.errors import CaptureError
from arb_core.interfaces.context import RestAnswer, RestRequest, TimerHandle
from arb_core.runtime.transport import Connection, Listener, Transport, TransportStats

KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"


class SteppingClock:
    """Moves by one at each look, and may be set back."""

    def __init__(self) -> None:
        self.at_ns = 100

    def now_ns(self) -> int:
        self.at_ns += 1
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns

    async def sleep(self, duration_ns: int) -> None:
        raise AssertionError("a recorder does not sleep")

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        raise AssertionError("a recorder sets no timers")


class Wire(Connection):
    """The venue's end of a connection."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.heard: list[str | bytes] = []

    def send(self, frame: str | bytes) -> None:
        self.heard.append(frame)

    def ping(self) -> None:
        self.listener.on_alive()

    def close(self) -> None:
        self.listener.on_closed("closed by us")

    def abort(self) -> None:
        self.listener.on_closed("cut by us")


class Venue(Transport):
    """Answers every request alike and greets every connection before `connect` returns."""

    def __init__(self, body: bytes = b'{"id":1}') -> None:
        self.body = body
        self.wires: list[Wire] = []
        self.closed = False

    @property
    def stats(self) -> TransportStats:
        return TransportStats(requests=7)

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        return RestAnswer(status=200, headers={}, body=self.body, received_ns=0)

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        wire = Wire(listener)
        self.wires.append(wire)
        listener.on_frame(memoryview(b"hello"))
        return wire

    async def close(self) -> None:
        self.closed = True


class Ear(Listener):
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.alive = 0
        self.ended: list[str] = []

    def on_frame(self, frame: memoryview) -> None:
        self.frames.append(bytes(frame))

    def on_alive(self) -> None:
        self.alive += 1

    def on_closed(self, reason: str) -> None:
        self.ended.append(reason)


class Studio:
    """A recorder, a venue behind it, and what the file holds in the end."""

    def __init__(self, path: Path, venue: Venue | None = None, **options: Any) -> None:
        self.path = path
        self.clock = SteppingClock()
        self.ended: list[str] = []
        header = Header(capture=1, symbols=("BTC/USDT",))
        self.recorder = Recorder(path, header, self.clock, on_ended=self.ended.append, **options)
        self.venue = venue or Venue()
        self.transport = RecordingTransport(self.venue, self.recorder, "toy")

    async def lines(self) -> list[Line]:
        await self.recorder.close()
        with Capture(self.path) as capture:
            return list(capture)


@pytest.fixture
async def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "x.jsonl.gz")


def get(query: str = "", path: str = "/depth", **more: Any) -> RestRequest:
    return RestRequest(method="GET", path=path, query=query, **more)


async def test_a_session_is_on_record_in_order(studio: Studio) -> None:
    ear = Ear()
    await studio.transport.request("https://toy", get("symbol=BTCUSDT&limit=5"), 1)
    connection = await studio.transport.connect("wss://toy/ws", {}, ear, 1)
    connection.send('{"subscribe":1}')
    studio.venue.wires[0].listener.on_frame(memoryview(b"\xff\x01"))
    connection.ping()
    connection.abort()
    assert await studio.lines() == [
        Rest(
            ns=101,
            exchange="toy",
            method="GET",
            url="https://toy/depth?symbol=BTCUSDT&limit=5",
            status=200,
            body='{"id":1}',
        ),
        Open(ns=102, exchange="toy", conn="toy-1", url="wss://toy/ws"),
        Frame(ns=103, exchange="toy", conn="toy-1", text="hello"),
        Sent(ns=104, exchange="toy", conn="toy-1", text='{"subscribe":1}'),
        Frame(ns=105, exchange="toy", conn="toy-1", base64=b"\xff\x01"),
        Close(ns=106, exchange="toy", conn="toy-1"),
    ]
    assert (ear.frames, ear.alive, ear.ended) == ([b"hello", b"\xff\x01"], 1, ["cut by us"])
    assert studio.venue.wires[0].heard == ['{"subscribe":1}']


async def test_the_end_of_a_recording_is_not_the_end_of_its_connections(studio: Studio) -> None:
    connection = await studio.transport.connect("wss://toy/ws", {}, Ear(), 1)
    await studio.recorder.close()
    connection.close()
    await studio.transport.close()
    assert studio.venue.closed
    assert [type(line) for line in await studio.lines()] == [Open, Frame]


async def test_time_never_goes_back_in_a_capture(studio: Studio) -> None:
    connection = await studio.transport.connect("wss://toy/ws", {}, Ear(), 1)
    studio.clock.at_ns = 5
    connection.send("after the clock was set back")
    times = [line.ns for line in await studio.lines()]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "request_",
    [
        get("timestamp=1&signature=abc"),
        get("apiKey=abc"),
        get(f"listenKey={KEY}"),
        get(f"x={KEY}"),
        get(path=f"/stream/{KEY}"),
        get(headers={"X-MBX-APIKEY": "abc"}),
        get(headers={"Authorization": "abc"}),
        get(body=b"{}"),
        RestRequest(method="POST", path="/bullet-public"),
    ],
)
async def test_a_request_that_may_bear_credentials_is_left_out(studio: Studio, request_: RestRequest) -> None:
    await studio.transport.request("https://toy", request_, 1)
    assert await studio.lines() == []
    assert studio.recorder.left_out == 1


async def test_what_the_client_says_with_a_ticket_is_left_out(studio: Studio) -> None:
    by_url = await studio.transport.connect(f"wss://toy/ws?listenKey={KEY}", {}, Ear(), 1)
    by_header = await studio.transport.connect("wss://toy/ws", {"X-Token": KEY}, Ear(), 1)
    for connection in (by_url, by_header):
        connection.send(f'{{"token":"{KEY}"}}')
    lines = await studio.lines()
    assert [type(line) for line in lines] == [Open, Frame, Open, Frame]
    assert KEY.encode() not in b"".join(repr(line).encode() for line in lines)
    assert studio.recorder.left_out == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"wss://toy/ws?listenKey={KEY}", "wss://toy/ws?listenKey=..."),
        (f"wss://toy/ws/{KEY}", "wss://toy/ws/..."),
        (f"wss://toy/ws?{KEY}", "wss://toy/ws?..."),
        ("wss://toy/endpoint?token=2neAiuYvAU61ZDXANAGAsiL4&connectId=7", "wss://toy/endpoint?token=...&connectId=7"),
        ("wss://user:password@toy/ws", "wss://toy/ws"),
        ("https://toy/api?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D", None),
        ("https://toy/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=100&with_id=true", None),
        ("wss://toy:9443/stream?streams=nknusdt@depth@100ms/blzeth@depth@100ms/nknusdt@bookTicker", None),
    ],
)
def test_urls_keep_what_is_public_and_nothing_else(url: str, shown: str | None) -> None:
    assert scrub(url) == (shown or url)


async def test_an_answer_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "x.jsonl", Venue(body=b"\xff"))
    assert (await studio.transport.request("https://toy", get(), 1)).body == b"\xff"
    assert await studio.lines() == []


class SlowWriter(CaptureWriter):
    """A disk that takes nothing until it is let."""

    gate: Event

    def write(self, line: Line) -> None:
        self.gate.wait()
        super().write(line)


async def test_a_disk_too_slow_ends_the_capture_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SlowWriter.gate = Event()
    monkeypatch.setattr(record, "CaptureWriter", SlowWriter)
    studio = Studio(tmp_path / "x.jsonl", queue_limit=4)
    ear = Ear()
    await studio.transport.connect("wss://toy/ws", {}, ear, 1)
    for number in range(20):
        studio.venue.wires[0].listener.on_frame(memoryview(b"%d" % number))
    assert len(ear.frames) == 21, "the market is never held up"
    assert studio.ended == ["the disk could not keep up: 4 lines were waiting"]
    SlowWriter.gate.set()
    *kept, note = await studio.lines()
    assert isinstance(note, Note)
    assert len(kept) == studio.recorder.lines
    assert note.text == (
        "ended early: the disk could not keep up: 4 lines were waiting; "
        f"{studio.recorder.dropped} further lines are not in this file"
    )
    assert studio.recorder.lines + studio.recorder.dropped == 22
    frames = [line.text for line in kept if isinstance(line, Frame)]
    assert frames == ["hello", *map(str, range(len(frames) - 1))], "whole up to its end"


class FullWriter(CaptureWriter):
    """A disk that is full."""

    def write(self, line: Line) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_full_disk_is_told_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "CaptureWriter", FullWriter)
    studio = Studio(tmp_path / "x.jsonl")
    await studio.transport.connect("wss://toy/ws", {}, Ear(), 1)
    with pytest.raises(CaptureError, match="No space left on device"):
        await studio.recorder.close()


async def test_a_full_disk_is_told_while_it_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "CaptureWriter", FullWriter)
    studio = Studio(tmp_path / "x.jsonl")
    await studio.transport.connect("wss://toy/ws", {}, Ear(), 1)
    heard = studio.venue.wires[0].listener
    async with asyncio.timeout(10):
        while not studio.ended:
            heard.on_frame(memoryview(b"more"))
            await asyncio.sleep(0)
    assert studio.ended == ["the disk refused a line: No space left on device"]
    with pytest.raises(CaptureError):
        await studio.recorder.close()


async def test_a_recording_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("precious")
    with pytest.raises(CaptureError, match="File exists"):
        Studio(tmp_path / "x.jsonl")


async def test_the_transport_behind_counts_as_before(studio: Studio) -> None:
    assert studio.transport.stats.requests == 7
    await studio.recorder.close()
    await studio.recorder.close()
