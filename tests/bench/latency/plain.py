"""What one writes without a framework: aiohttp, msgspec, `float`, SortedDict, one comparison each way. No sequence, no check."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from sortedcontainers import SortedDict

from .entries import FEE, Note, Tops, ended

__all__ = ["bare"]

KEEP, PAY = 1 - FEE, 1 + FEE


class _Event(msgspec.Struct):
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class _Frame(msgspec.Struct):
    data: _Event


@asynccontextmanager
async def bare(ports: tuple[int, ...], note: Note) -> AsyncIterator[Tops]:
    decode = msgspec.json.Decoder(_Frame).decode
    books: list[tuple[Any, Any]] = [(SortedDict(), SortedDict()) for _ in ports]

    async def follow(session: aiohttp.ClientSession, number: int, port: int) -> None:
        bids, asks = books[number]
        other_bids, other_asks = books[1 - number]
        async with session.ws_connect(f"http://127.0.0.1:{port}/ws", compress=0) as socket:
            await socket.send_str('{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}')
            await socket.receive()
            async with session.get(f"http://127.0.0.1:{port}/api/v3/depth") as answer:
                snapshot = msgspec.json.decode(await answer.read())
            for side, rows in ((bids, snapshot["bids"]), (asks, snapshot["asks"])):
                side.update((float(price), float(size)) for price, size in rows)
            async for frame in socket:
                event = decode(frame.data).data
                for side, rows in ((bids, event.b), (asks, event.a)):
                    for price_text, size_text in rows:
                        price, size = float(price_text), float(size_text)
                        if size:
                            side[price] = size
                        else:
                            side.pop(price, None)
                if not other_bids or not other_asks:
                    continue
                bid, ask = bids.peekitem(-1)[0], asks.peekitem(0)[0]
                other_bid, other_ask = other_bids.peekitem(-1)[0], other_asks.peekitem(0)[0]
                if other_bid * KEEP > ask * PAY or bid * KEEP > other_ask * PAY:
                    raise AssertionError("the two markets never cross")
                note(number, event.u)

    async with aiohttp.ClientSession() as session:
        tasks = [asyncio.ensure_future(follow(session, number, port)) for number, port in enumerate(ports)]
        try:
            yield lambda: tuple((bids.peekitem(-1)[0], asks.peekitem(0)[0]) for bids, asks in books)
        finally:
            await ended(tasks)
