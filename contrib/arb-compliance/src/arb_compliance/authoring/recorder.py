"""Asks a venue everything that the plugin's card claims, once, and notes what it says. Entered by `arb plugin record`.

Nothing is placed, changed or cancelled: an account is only asked and listened to.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from arb_core.errors import ArbError
from arb_core.interfaces.account import AccountListener
from arb_core.structs.card import Capability, ExchangeCard
from arb_core.structs.market import Symbol
from arb_core.venue import Venue

from arb_compliance.authoring.overhear import Asked, FrameNote, Notes
from arb_compliance.told import tree

__all__ = ["Recording", "record"]

HOUR_NS = 3_600_000_000_000
FEW = 5
"""Levels, trades and candles that are asked for."""


class Recording(msgspec.Struct, kw_only=True):
    """What came of it.

    Attributes:
        frames: one or a few of each kind.
        failed: what could not be asked, in words.
    """

    frames: list[FrameNote] = []
    failed: list[str] = []


async def record(
    venue: Venue,
    notes: Notes,
    symbol: Symbol,
    *,
    seconds: float,
    each: int,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Recording:
    """Ask and listen. `venue` is open, made with the registry whose `notes` these are.

    Args:
        venue: with an account where that shall be asked, too.
        notes: receives the answers.
        symbol: what is asked about.
        seconds: how long streams are followed.
        each: frames that are kept of each kind.
        on_progress: told what is being done.
    """
    made = Recording()
    await venue.load_markets()
    for asked, call in _questions(venue, symbol):
        on_progress(asked.method)
        before = len(notes.answers)
        try:
            with notes.asking(asked):
                read = tree(await call())
        except ArbError as error:
            made.failed.append(f"{asked.method}: {error}")
        else:
            for note in notes.answers[before:]:
                note.read = read
    on_progress(f"streams, {seconds:g} s")
    made.failed += await _follow(venue, symbol)
    await venue.clock.sleep(round(seconds * 1e9))
    made.frames = _kinds(notes.frames, venue, symbol, each)
    return made


def _questions(venue: Venue, symbol: Symbol) -> Iterator[tuple[Asked, Callable[[], Any]]]:
    card, public, text = venue.card, venue.public, str(symbol)

    def ask(on: object, method: str, **arguments: Any) -> tuple[Asked, Callable[[], Any]]:
        given = {name: symbol if value == text else value for name, value in arguments.items()}
        return Asked(method=method, arguments=arguments), lambda: getattr(on, method)(**given)

    yield ask(public, "ping")
    yield ask(public, "get_server_time")
    yield ask(public, "get_exchange_info")
    if Capability.BOOK in card.capabilities:
        yield ask(public, "get_orderbook", symbol=text, limit=FEW)
    if Capability.RECENT_TRADES in card.capabilities:
        yield ask(public, "get_recent_trades", symbol=text, limit=FEW)
    if Capability.REST_KLINES in card.capabilities and card.kline_intervals:
        yield ask(public, "get_klines", symbol=text, interval=card.kline_intervals[0], limit=FEW)
    if Capability.BOOK_TICKERS in card.capabilities:
        yield ask(public, "get_book_tickers")
    if card.asset_networks == "public":
        yield ask(public, "get_asset_networks")
    if not venue.has_account:
        return
    private, since_ns = venue.private, venue.clock.now_ns() - 24 * HOUR_NS
    yield ask(private, "get_permissions")
    yield ask(private, "get_balances")
    yield ask(private, "get_trading_fees", symbol=text)
    yield ask(private, "get_open_orders", symbol=text)
    if Capability.ORDER_HISTORY in card.capabilities:
        yield ask(private, "get_order_history", symbol=text, since_ns=since_ns)
    yield ask(private, "get_fills", symbol=text, since_ns=since_ns)
    if card.asset_networks == "signed":
        yield ask(private, "get_asset_networks")


async def _follow(venue: Venue, symbol: Symbol) -> list[str]:
    """Subscribe to every feed of the card; return what was refused."""
    card = venue.card
    await venue.connect()
    if Capability.BOOK in card.capabilities:
        venue.follow(symbol)
    if venue.has_account:
        venue.account.listen(AccountListener())
    subscriptions = [
        *([venue.watch_quotes(symbol, _ignore)] if Capability.QUOTE in card.capabilities else []),
        *([venue.watch_trades(symbol, _ignore)] if Capability.TRADES in card.capabilities else []),
        *(venue.watch_depth(symbol, depth, _ignore) for depth in _claimed(card, Capability.DEPTH, card.depths)),
        *(
            venue.watch_klines(symbol, interval, _ignore)
            for interval in _claimed(card, Capability.KLINES, card.kline_intervals)[:1]
        ),
    ]
    outcomes = await asyncio.gather(*subscriptions, return_exceptions=True)
    failed: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, ArbError):
            failed.append(str(outcome))
        elif isinstance(outcome, BaseException):
            raise outcome
    return failed


def _claimed(card: ExchangeCard, capability: Capability, values: tuple[Any, ...]) -> tuple[Any, ...]:
    return values if capability in card.capabilities else ()


def _ignore(_event: object) -> None:
    """Nobody needs it: it was noted when it was decoded."""


def _kinds(frames: list[FrameNote], venue: Venue, symbol: Symbol, each: int) -> list[FrameNote]:
    """Return the first frames of each kind: same side, same calls, same things said; of other pairs none."""
    pair = venue.markets.pair(symbol)
    seen: dict[object, int] = {}
    kept: list[FrameNote] = []
    for frame in frames:
        if any(call.get("pair", pair) != pair for call in frame.calls):
            continue
        kind = (frame.side, frozenset(_kind(call) for call in frame.calls))
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= each:
            kept.append(frame)
    return kept


def _kind(call: dict[str, Any]) -> tuple[object, ...]:
    return call["call"], call.get("depth"), call.get("interval"), call.get("status"), *sorted(call)
