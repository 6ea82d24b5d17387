"""Two venues that speak Binance's wire, in a process of their own: prepared depth frames at a pace, stamped as they are written.

    python -m bench.latency.server FRAMES SNAPSHOT LEDGER

Prints a JSON line with both ports, then reads commands from stdin, one JSON object a line, and answers each with one:
`{"rate": 10000, "seconds": 2}` sends so many messages a second, the venues in turns; `{"burst": 20, "every_ns": ..., "times":
...}` sends so many at once on each venue. Between commands each venue changes one far level now and then, so that a
client can find its place.

Blocking sockets without Nagle's delay. The pace is kept by spinning; what is due at one moment, after the machine took
the processor away, goes out in one write for each venue. A client that does not read blocks the write, and so the schedule:
how late that became is part of the answer.
"""

import base64
import hashlib
import json
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ..hose import GUID, INSTRUMENTS, exactly, framed  # noqa: TID252 (`tests` is on nobody's path)
from .ledger import VENUES, Ledger, State

FIRST_ID = 2_000_000
"""Of all ids, which have seven digits: the length of a frame does not change."""
IDLE_S = 0.005
"""Between two messages of a venue while nothing is measured."""
NOTICE_S = 0.06
"""For the client to notice that a turn begins: it looks every 20 ms."""
SPIN_NS = 300_000
"""Before a moment: less than that cannot be slept exactly."""

QUIET = '{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":{0},"u":{0},"b":[["{1}.00","1.00000"]],"a":[]}}}}'

_CLOSE, _PING, _PONG = 8, 9, 10


def _message(connection: socket.socket) -> tuple[int, bytes]:
    """Read one short masked message of a client: its opcode and what it says."""
    first, length = exactly(connection, 2)
    length &= 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", exactly(connection, 2))
    mask = exactly(connection, 4)
    return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(exactly(connection, length)))


class Venue:
    """One venue: its port, its client of the moment, and its count of messages."""

    def __init__(self, templates: list[tuple[bytes, bytes, bytes]], snapshot: dict[str, Any], start: int) -> None:
        self._templates = templates
        self._start = self._at = start
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._client: socket.socket | None = None
        self.last_id = FIRST_ID
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def rewind(self) -> int:
        """Begin the market's changes anew; return the id of the first one."""
        self._at = self._start
        return self.last_id + 1

    def take(self, count: int) -> bytes:
        """Return the next messages, as they go out."""
        parts: list[bytes] = []
        for _ in range(count):
            head, middle, tail = self._templates[self._at]
            self._at = (self._at + 1) % len(self._templates)
            self.last_id += 1
            text = b"%d" % self.last_id
            parts += (head, text, middle, text, tail)
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._client is None:
                return
            try:
                self._client.sendall(data)
            except OSError:  # the client has gone
                self._client = None

    def idle(self) -> None:
        """Change a far level: it costs a client as little as can be."""
        with self._lock:
            if self._client is None:
                return
            self.last_id += 1
            data = framed(QUIET.format(self.last_id, 59_000 + self.last_id % 7).encode())
            try:
                self._client.sendall(data)
            except OSError:
                self._client = None

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection, connection.makefile("rb") as lines:
                while line := lines.readline():
                    headers: dict[bytes, bytes] = {}
                    while header := lines.readline().strip():
                        name, _, value = header.partition(b":")
                        headers[name.lower()] = value.strip()
                    if b"sec-websocket-key" in headers:
                        self._socket(connection, headers[b"sec-websocket-key"], subscribed=b"streams=" in line)
                        return
                    with self._lock:  # so that no message passes between the count and the answer
                        body = json.dumps({"lastUpdateId": self.last_id, **self._snapshot}).encode()
                    body = body if b"/depth" in line else INSTRUMENTS
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
                        body
                    )
                    connection.sendall(head + body)
        except OSError:
            return

    def _socket(self, connection: socket.socket, key: bytes, *, subscribed: bool) -> None:
        accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        if subscribed:
            self._client = connection
        while True:
            opcode, text = _message(connection)
            if opcode == _CLOSE:
                with self._lock:
                    if self._client is connection:
                        self._client = None
                    connection.sendall(b"\x88\x00")
                return
            with self._lock:
                if opcode == _PING:
                    connection.sendall(bytes((0x80 | _PONG, len(text))) + text)
                elif b"SUBSCRIBE" in text:
                    connection.sendall(framed(json.dumps({"result": None, "id": json.loads(text)["id"]}).encode()))
                    self._client = connection


class Server:
    """Both venues, and the schedule."""

    def __init__(self, venues: list[Venue], ledger: Ledger) -> None:
        self._venues = venues
        self._ledger = ledger
        self._pause = threading.Event().wait
        """Nobody sets it: the schedule is real time, and what is sent to is another process."""

    def idle(self, stop: threading.Event) -> None:
        while not stop.wait(IDLE_S):
            for venue in self._venues:
                venue.idle()

    def turn(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do one command between two idle times."""
        ledger = self._ledger
        for number, venue in enumerate(self._venues):
            ledger.begin(number, venue.rewind())
        ledger.state = State.RUNNING
        self._pause(NOTICE_S)
        if "burst" in command:
            answer = self._bursts(command["burst"], command["every_ns"], command["times"])
        else:
            answer = self._paced(command["rate"], command["seconds"])
        for number, venue in enumerate(self._venues):
            ledger.end(number, venue.last_id)
        ledger.state = State.ENDED
        return answer

    def _paced(self, rate: float, seconds: float) -> dict[str, Any]:
        total = int(rate * seconds)
        pause_ns = 1e9 / rate
        clock = time.monotonic_ns
        sent = writes = late_ns = 0
        began_ns = clock()
        while sent < total:
            now_ns = clock()
            due = min(int((now_ns - began_ns) / pause_ns), total)
            if due <= sent:
                ahead_ns = began_ns + (sent + 1) * pause_ns - now_ns
                if ahead_ns > SPIN_NS:
                    self._pause((ahead_ns - SPIN_NS) / 1e9)
                continue
            late_ns = max(late_ns, now_ns - began_ns - int((sent + 1) * pause_ns))
            for number in range(VENUES):
                # Of the messages sent+1 ... due, every second one is this venue's.
                if count := (due + 1 - number) // VENUES - (sent + 1 - number) // VENUES:
                    self._write(number, count)
                    writes += 1
            sent = due
        return {"sent": sent, "writes": writes, "late_ns": late_ns, "took_ns": clock() - began_ns}

    def _bursts(self, size: int, every_ns: int, times: int) -> dict[str, Any]:
        began_ns = time.monotonic_ns()
        for number in range(1, times + 1):
            due_ns = began_ns + number * every_ns
            self._pause(max(0, due_ns - time.monotonic_ns() - SPIN_NS) / 1e9)
            while time.monotonic_ns() < due_ns:
                pass
            for venue in range(VENUES):
                self._write(venue, size)
        return {"sent": VENUES * size * times, "writes": VENUES * times, "late_ns": 0, "took_ns": times * every_ns}

    def _write(self, number: int, count: int) -> None:
        """Stamp messages and write them at once."""
        venue = self._venues[number]
        place = venue.last_id + 1 - self._ledger.ids(number)[0]
        data = venue.take(count)
        stamps = self._ledger.written_ns[number]
        now_ns = time.monotonic_ns()
        for at in range(place, place + count):
            stamps[at] = now_ns
        venue.write(data)


def templates(lines: list[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    """Cut each prepared message at its two ids, and put the frame's head before it."""
    found: list[tuple[bytes, bytes, bytes]] = []
    for line in lines:
        whole = line.replace(b"#", b"%d" % FIRST_ID)
        head, middle, tail = line.split(b"#")
        found.append((framed(whole)[: -len(whole)] + head, middle, tail))
    return found


def main() -> None:
    frames, snapshot, ledger = map(Path, sys.argv[1:])
    prepared = templates(frames.read_bytes().splitlines())
    book = json.loads(snapshot.read_bytes())
    venues = [Venue(prepared, book, start=number * len(prepared) // VENUES) for number in range(VENUES)]
    server = Server(venues, Ledger(ledger))
    print(json.dumps([venue.port for venue in venues]), flush=True)
    while True:
        stop = threading.Event()
        idle = threading.Thread(target=server.idle, args=(stop,), daemon=True)
        idle.start()
        line = sys.stdin.readline()
        stop.set()
        idle.join()
        if not line:
            return
        print(json.dumps(server.turn(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
