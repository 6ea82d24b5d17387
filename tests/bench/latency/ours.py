"""Ours, as `arb monitor` runs it: sockets, session, dialect, sequence rule, books, strategy, verdict."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import arb_core as arb
from arb_core.engine.opportunity import Policy
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.interfaces.book import LiveBook
from arb_core.registry import Registry
from arb_core.runtime.busy_poll import BusyPoll
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.garbage import Freeze
from arb_core.runtime.limits import Allowances
from arb_core.strategies.spatial import Settings, Spatial

from .entries import FEE, Contestant, Note, Tops

__all__ = ["arb_contestant"]

BTC = arb.Symbol("BTC", "USDT")


def arb_contestant(book: str, *, busy: bool = False, frozen: bool = True) -> Contestant:
    os.environ["ARB_BOOK"] = book
    registry = Registry()

    @asynccontextmanager
    async def follow(ports: tuple[int, ...], note: Note) -> AsyncIterator[Tops]:
        clock = SystemClock()
        detection = DetectionSession(EngineView(clock), {"spatial": Spatial(Settings())}, Policy())
        books: list[LiveBook] = []
        async with AsyncExitStack() as stack:
            for number, port in enumerate(ports):
                venue = await stack.enter_async_context(
                    arb.open_exchange(
                        "binance",
                        venue=f"venue-{number}",
                        rest_url=f"http://127.0.0.1:{port}",
                        ws_url=f"ws://127.0.0.1:{port}",
                        registry=registry,
                        allowances=Allowances(clock),  # of this turn alone: nothing is kept for the next one
                    )
                )
                venue.on_book(detection.on_book)
                venue.on_lost(detection.on_lost)
                venue.on_book(lambda book, number=number: note(number, book.last_id))
                await venue.load_markets()
                followed = venue.follow(BTC)
                detection.market.add(followed, venue.markets.instrument(BTC), FEE)
                books.append(followed)
            detection.start()
            if busy:
                stack.enter_context(BusyPoll())
            if frozen:
                stack.enter_context(Freeze(clock, 0))
            yield lambda: tuple((book.bid, book.ask) for book in books)
            assert not detection.counts().seen

    return follow
