"""`arb book`: one live order book."""

import asyncio
import sys
from contextlib import nullcontext, suppress
from decimal import Decimal

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from arb_core.cli.happenings import describe
from arb_core.cli.loop import run, stop_on_signals, unless
from arb_core.cli.opening import Opener, openers_for
from arb_core.cli.options import SYMBOL, config_file, seconds, standard
from arb_core.cli.plain import columns, emit, note
from arb_core.interfaces.book import LiveBook
from arb_core.registry import Registry
from arb_core.runtime.stream.events import Opened, VenueEvent
from arb_core.structs.book import BookState
from arb_core.structs.market import Symbol, VenueName
from arb_core.venue.events import MarketsLoaded

__all__ = ["command"]

_EVERY_S = 0.25


@click.command("book")
@click.argument("venue")
@click.argument("symbol", type=SYMBOL)
@seconds()
@click.option("--depth", type=click.IntRange(1, 1000), default=10, show_default=True, help="Levels a side.")
@config_file
@standard
def command(*, venue: str, symbol: Symbol, seconds: float | None, depth: int, config: str | None, as_json: bool) -> int:
    """Show one live order book.

    Ends with the first complete book, or after --seconds.
    """
    _, openers = openers_for([venue], registry=Registry(), file=config)
    opener = openers[VenueName(venue)]
    return run(_watch(opener, symbol, seconds=seconds, depth=depth, as_json=as_json))


async def _watch(opener: Opener, symbol: Symbol, *, seconds: float | None, depth: int, as_json: bool) -> int:
    with stop_on_signals() as stop:
        async with opener() as venue:
            venue.on_event(lambda event: _tell(venue.name, event))
            if await unless(stop, venue.watch_orderbook(symbol)):
                await _show(venue.orderbook(symbol), seconds or 0.0, stop, depth=depth, as_json=as_json)
                return 0
    return 1


def _tell(venue: VenueName, event: VenueEvent) -> None:
    if not isinstance(event, MarketsLoaded | Opened) and (text := describe(event)) is not None:
        note(f"{venue}: {text}")


async def _show(book: LiveBook, seconds: float, stop: asyncio.Event, *, depth: int, as_json: bool) -> None:
    """Show the book as it is, until the time is over."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds
    console = Console(file=sys.stdout)
    screen = Live(console=console, auto_refresh=False) if console.is_terminal and seconds and not as_json else None
    last_ns = -1
    with screen or nullcontext():
        while True:
            left_s = end_s - loop.time()
            over = stop.is_set() or left_s <= 0
            if as_json and book.monotonic_ns != last_ns:
                emit(_line(book, depth))
                last_ns = book.monotonic_ns
            elif screen is not None:
                screen.update(Text(_text(book, depth), no_wrap=True, overflow="crop"), refresh=True)
            elif over and not as_json:
                click.echo(_text(book, depth))
            if over:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(left_s, _EVERY_S))


def _line(book: LiveBook, depth: int) -> dict[str, object]:
    live = book.state is BookState.LIVE
    return {
        "kind": "book",
        "venue": book.venue,
        "symbol": str(book.symbol),
        "state": book.state.name,
        "fault": book.fault,
        "last_id": book.last_id,
        "exchange_ns": book.exchange_ns,
        "received_ns": book.received_ns,
        "bids": book.bids(depth) if live else [],
        "asks": book.asks(depth) if live else [],
    }


def _text(book: LiveBook, depth: int) -> str:
    """Lay out asks above bids, best prices in the middle."""
    if book.state is not BookState.LIVE:
        return f"{book.venue} {book.symbol}: {book.state.name} ({book.fault})"
    rows = [("ask", _number(price), _number(size)) for price, size in reversed(book.asks(depth))]
    rows += [("bid", _number(price), _number(size)) for price, size in book.bids(depth)]
    spread = 20_000 * (book.ask - book.bid) / (book.ask + book.bid)
    title = f"{book.venue} {book.symbol}  {book.state.name}  spread {spread:.2f} bps  id {book.last_id}"
    return f"{title}\n{columns(('', 'price', 'size'), rows)}"


def _number(value: float) -> str:
    return format(Decimal(repr(value)), "f")
