"""A server that is never the bottleneck: Binance's wire as far as one book needs it, then prepared frames, flat out.

    python hose.py FRAMES_FILE SNAPSHOT_FILE

Prints its port. Blocking sockets and a thread for each connection: `sendall` waits for a reader that is slower.
"""

import base64
import hashlib
import json
import socket
import struct
import sys
import threading
from pathlib import Path

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

SYMBOL = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAssetPrecision": 8,
    "quotePrecision": 8,
    "quoteAsset": "USDT",
    "isSpotTradingAllowed": True,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.0", "stepSize": "0.00001"},
        {"filterType": "NOTIONAL", "minNotional": "5.0", "applyMinToMarket": True, "avgPriceMins": 5},
    ],
}
INSTRUMENTS = json.dumps({"timezone": "UTC", "serverTime": 1, "rateLimits": [], "symbols": [SYMBOL]}).encode()


def exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise ConnectionError
        found += part
    return found


def message(connection: socket.socket) -> bytes:
    """Read one short masked message of a client."""
    length = exactly(connection, 2)[1] & 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", exactly(connection, 2))
    mask = exactly(connection, 4)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(exactly(connection, length)))


def framed(payload: bytes) -> bytes:
    size = len(payload)
    return (bytes((0x81, size)) if size < 126 else struct.pack(">BBH", 0x81, 126, size)) + payload


class Hose:
    def __init__(self, frames: list[bytes], snapshot: bytes) -> None:
        self.stream = b"".join(map(framed, frames))
        self.snapshot = snapshot
        self.fetched = threading.Event()

    def serve(self, connection: socket.socket) -> None:
        """Answer requests; a connection that becomes a socket gets all frames once its client has the snapshot."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as lines:
            while line := lines.readline():
                headers = {}
                while header := lines.readline().strip():
                    name, _, value = header.partition(b":")
                    headers[name.lower()] = value.strip()
                if b"sec-websocket-key" in headers:
                    self.socket(connection, headers[b"sec-websocket-key"])
                    return
                depth = b"/depth" in line
                body = self.snapshot if depth else INSTRUMENTS
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                    + body
                )
                if depth:
                    self.fetched.set()

    def socket(self, connection: socket.socket, key: bytes) -> None:
        accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        asked = json.loads(message(connection))
        self.fetched.clear()
        connection.sendall(framed(json.dumps({"result": None, "id": asked["id"]}).encode()))
        self.fetched.wait()
        connection.sendall(self.stream)
        while connection.recv(4096):  # until the client has gone
            pass


def main() -> None:
    frames = Path(sys.argv[1]).read_bytes().splitlines()
    hose = Hose(frames, Path(sys.argv[2]).read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=hose.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
