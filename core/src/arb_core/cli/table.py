"""The live table of `monitor` and `demo`: who sells cheap, who pays more, what is left after fees, and may it be done.

Entered a few times a second, never by a message: what is shown is read from the books and the session at that moment.
`Board` is what to show, without a terminal; `render` makes it fit one; `Screen` is a terminal or a plain file.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from heapq import nlargest
from itertools import islice
from math import inf, isnan, nan
from operator import itemgetter
from typing import Literal, NamedTuple, Self

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from arb_core.engine.edge import Hurdle
from arb_core.engine.episodes import Episode
from arb_core.engine.session import DetectionSession
from arb_core.engine.turns import way
from arb_core.interfaces.book import LiveBook
from arb_core.structs.book import BookState
from arb_core.structs.market import Side, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Plan, Verdict

__all__ = ["Board", "Event", "Footer", "Row", "Screen", "Standing", "Tone", "render"]

_BPS_LIMIT = 99_999.0
_LOOKED = 100
"""Symbols that a picture looks at anew, of more than fit on it."""
_EVENTS = 4
"""Events that stay visible."""

WIDTH = 80
"""What the table needs; a wider terminal gives the rest to the verdict."""


Tone = Literal["good", "refused", "quiet", "bad", "plain"]

_Legs = tuple[tuple[VenueName, Symbol, Side], ...]
_Direction = tuple[Symbol, LiveBook, LiveBook]
"""Where to buy, and where to sell."""


class Row(NamedTuple):
    """One direction: buy here, sell there; or a way through several symbols."""

    symbol: str
    """`BTC/USDT`; in turn, the assets: `USDT>BTC>ETH`."""
    buy: str
    sell: str
    edge_bps: float
    """After fees; NaN = one of the books is not LIVE."""
    size: float
    """In base; NaN = not known."""
    age_ns: int | None
    """Of the oldest of its books."""
    verdict: str
    tone: Tone


class Event(NamedTuple):
    """Something that happened to a venue, in words."""

    ns: int
    text: str


class Standing(NamedTuple):
    """A line on how trading stands."""

    text: str
    tone: Tone


class Footer(msgspec.Struct, frozen=True, kw_only=True):
    """How the run is doing."""

    elapsed_s: float
    total_s: float | None
    messages: int
    rate: float
    """Messages a second, over the last moments."""
    p50_ns: int
    p99_ns: int
    live: int
    books: int
    seen: int
    executable: int
    standing: tuple[Standing, ...] = ()
    """How trading stands; nothing where nothing is traded."""
    troubles: tuple[str, ...] = ()
    """Venues that are not well, with the reason."""


class Board:
    """What there is to show. Listens to a session; everything else is read when it is asked for."""

    def __init__(self, session: DetectionSession, clock_ns: Callable[[], int]) -> None:
        """Show a session; `clock_ns` is UTC, for the events."""
        self._session = session
        self._clock_ns = clock_ns
        self._open: dict[_Legs, tuple[Opportunity, Verdict]] = {}
        self._hurdles: dict[tuple[float, float], Hurdle] = {}
        self._widths: dict[Symbol, float] = {}
        """What the widest direction of a symbol left when it was last looked at."""
        self._at = -1
        self.events: deque[Event] = deque(maxlen=_EVENTS)
        session.listen(opportunity=self._see, episode=self._forget)

    def note(self, venue: VenueName | None, text: str) -> None:
        """Show an event."""
        self.events.append(Event(self._clock_ns(), text if venue is None else f"{venue}: {text}"))

    def _see(self, opportunity: Opportunity, verdict: Verdict) -> None:
        self._open[tuple([(leg.venue, leg.symbol, leg.side) for leg in opportunity.legs])] = (opportunity, verdict)

    def _forget(self, episode: Episode) -> None:
        self._open.pop(episode.key[1], None)

    def count(self) -> int:
        """Return how many rows there are to show."""
        market = self._session.market
        sizes = [len(market.books(symbol)) for symbol in market.symbols()]
        return sum(size * (size - 1) for size in sizes) + sum(True for _ in self._ways())

    def rows(self, limit: int | None = None) -> list[Row]:
        """Return every direction in the order of the symbols; the `limit` widest ones where there are more."""
        market = self._session.market
        now_ns = market.monotonic_ns()
        if limit is None or self.count() <= limit:
            shown = [
                (symbol, buy, sell)
                for symbol in market.symbols()
                for buy in market.books(symbol)
                for sell in market.books(symbol)
                if buy is not sell
            ]
            limit = None
        else:
            shown = self._widest(limit)
        rows = [self._row(*direction, now_ns) for direction in shown]
        rows += [self._way_row(*found, now_ns) for found in self._ways()]
        if limit is not None:
            rows.sort(key=lambda row: -inf if isnan(row.edge_bps) else row.edge_bps, reverse=True)
            del rows[limit:]
        return rows

    def _ways(self) -> Iterable[tuple[Opportunity, Verdict]]:
        return (found for found in self._open.values() if found[0].plan is Plan.IN_TURN)

    def _widest(self, limit: int) -> list[_Direction]:
        """Return the widest directions of all symbols, without looking at each of these for every picture.

        Symbols with an edge are looked at each time, the others in turn: a picture of a thousand books must not hold up
        their messages, and what was quiet a second ago is likely to be so still.
        """
        market = self._session.market
        symbols = market.symbols()
        for legs in islice(self._open, _LOOKED):
            self._look(legs[0][1])
        for _ in range(min(len(symbols), _LOOKED)):
            self._at = (self._at + 1) % len(symbols)
            self._look(symbols[self._at])
        found: list[tuple[float, _Direction]] = []
        for symbol in nlargest(limit, symbols, key=lambda symbol: self._widths.get(symbol, -inf)):
            if len(found) >= limit and self._widths.get(symbol, -inf) <= found[-1][0]:
                break  # and so are all that follow
            costs, gains = self._prices(symbol)
            books = market.books(symbol)
            found += [
                (gain / cost if cost and gain else -inf, (symbol, buy, sell))
                for cost, buy in zip(costs, books, strict=True)
                for gain, sell in zip(gains, books, strict=True)
                if buy is not sell
            ]
            found.sort(key=itemgetter(0), reverse=True)
            del found[limit:]
        return [direction for _, direction in found]

    def _look(self, symbol: Symbol) -> None:
        """Note what the widest direction of a symbol leaves: what is got for what is paid."""
        costs, gains = self._prices(symbol)
        pays = sorted((cost, at) for at, cost in enumerate(costs) if cost)
        gets = sorted(((gain, at) for at, gain in enumerate(gains) if gain), reverse=True)
        # The cheapest and the dearest may be one venue; then one of them is the second best.
        self._widths[symbol] = max(
            (gain / cost for cost, buy in pays[:2] for gain, sell in gets[:2] if buy != sell), default=-inf
        )

    def _prices(self, symbol: Symbol) -> tuple[list[float], list[float]]:
        """Return what buying costs and selling brings at each book's best level, after fees; 0 = it shows none."""
        market = self._session.market
        costs: list[float] = []
        gains: list[float] = []
        for book in market.books(symbol):
            fee = market.taker_fee(symbol, book.venue) or 0.0
            costs.append(0.0 if isnan(book.ask) else book.ask * (1 + fee))
            gains.append(0.0 if isnan(book.bid) else book.bid * (1 - fee))
        return costs, gains

    def _row(self, symbol: Symbol, buy: LiveBook, sell: LiveBook, now_ns: int) -> Row:
        for book in (buy, sell):
            if book.state is not BookState.LIVE:
                trouble = f"{book.venue} {book.fault or 'syncing'}"
                return Row(str(symbol), buy.venue, sell.venue, nan, nan, None, trouble, "bad")
        age_ns = max(0, now_ns - min(buy.monotonic_ns, sell.monotonic_ns))
        edge_bps = self._hurdle(symbol, buy.venue, sell.venue).edge_bps(sell.bid, buy.ask)
        size = min(buy.ask_size, sell.bid_size)
        found = self._open.get(((buy.venue, symbol, Side.BUY), (sell.venue, symbol, Side.SELL)))
        if found is None:
            verdict: tuple[str, Tone] = ("no edge", "quiet")
        else:
            size = found[0].size
            verdict = _words(found[1])
        return Row(str(symbol), buy.venue, sell.venue, edge_bps, size, age_ns, *verdict)

    def _way_row(self, opportunity: Opportunity, verdict: Verdict, now_ns: int) -> Row:
        """Show legs in turn while they pay: the assets that they pass through, where they begin and end."""
        legs = opportunity.legs
        books = [self._session.market.book(leg.symbol, leg.venue) for leg in legs]
        seen_ns = min((book.monotonic_ns for book in books if book is not None), default=now_ns)
        path = ">".join(way(legs)[:-1])
        figures = opportunity.edge_bps, opportunity.size, max(0, now_ns - seen_ns)
        return Row(path, legs[0].venue, legs[-1].venue, *figures, *_words(verdict))

    def _hurdle(self, symbol: Symbol, buy: VenueName, sell: VenueName) -> Hurdle:
        market = self._session.market
        fees = (market.taker_fee(symbol, buy) or 0.0, market.taker_fee(symbol, sell) or 0.0)
        hurdle = self._hurdles.get(fees)
        if hurdle is None:
            hurdle = self._hurdles[fees] = Hurdle(Decimal(repr(fees[0])), Decimal(repr(fees[1])))
        return hurdle


def _words(verdict: Verdict) -> tuple[str, Tone]:
    return ("executable", "good") if verdict.executable else (f"refused: {verdict.refused_by}", "refused")


_TONES = {"good": "bold green", "refused": "yellow", "quiet": "dim", "bad": "red", "plain": "cyan"}

_COLUMNS = (("symbol", 13), ("buy", 10), ("sell", 10), ("net bps", -9), ("size", -10), ("age", -6))
"""Name and width; a negative width is right-aligned. The verdict has the rest."""


def render(
    title: str, rows: Iterable[Row], footer: Footer, events: Iterable[Event], *, width: int = WIDTH, hidden: int = 0
) -> Group:
    """Lay everything out in lines of at most `width` cells. `hidden` rows did not fit."""
    header = " ".join(_fit(name, size) for name, size in _COLUMNS) + " verdict"
    lines = [_line(f"{title}  {_elapsed(footer)}", width, "bold"), _line(header, width, "bold underline")]
    lines += [_row_text(row, width) for row in rows]
    if hidden:
        lines.append(_line(f"... and {hidden} narrower ones", width, "dim"))
    lines.append(Text(""))
    lines.append(
        _line(
            f"{footer.rate:,.0f} msg/s ({footer.messages:,})  latency p50 {_time(footer.p50_ns)} "
            f"p99 {_time(footer.p99_ns)}  books {footer.live}/{footer.books} live",
            width,
            "cyan",
        )
    )
    lines.append(_line(f"opportunities: {footer.seen} seen, {footer.executable} executable", width, "cyan"))
    lines += [_line(text, width, _TONES[tone]) for text, tone in footer.standing]
    lines += [_line(trouble, width, "red") for trouble in footer.troubles]
    lines += [_line(f"{_clock(event.ns)} {event.text}", width, "dim") for event in events]
    return Group(*lines)


def _row_text(row: Row, width: int) -> Text:
    cells = (
        row.symbol,
        row.buy,
        row.sell,
        "-" if isnan(row.edge_bps) else f"{max(-_BPS_LIMIT, min(_BPS_LIMIT, row.edge_bps)):+.2f}",
        "-" if isnan(row.size) else _amount(row.size),
        "-" if row.age_ns is None else _time(row.age_ns),
    )
    text = " ".join(_fit(cell, size) for cell, (_, size) in zip(cells, _COLUMNS, strict=True))
    return _line(f"{text} {row.verdict}", width, _TONES[row.tone])


def _line(text: str, width: int, style: str) -> Text:
    """Return one line that never wraps."""
    cut = text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
    return Text(cut, style=style, no_wrap=True, overflow="crop")


def _fit(text: str, size: int) -> str:
    width = abs(size)
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - cell_len(text))
    return pad + text if size < 0 else text + pad


def _amount(size: float) -> str:
    """Return a size in at most ten characters, whatever its magnitude."""
    if size == 0 or 1e-4 <= abs(size) < 1e6:
        return f"{size:.6g}"
    for unit, letter in ((1e9, "G"), (1e6, "M")):
        if unit <= abs(size) < 1e3 * unit:
            return f"{size / unit:.4g}{letter}"
    return f"{size:.3e}"


def _time(ns: int) -> str:
    """Return a duration in at most six characters."""
    if ns < 1_000_000:
        return f"{ns / 1_000:.0f}us"
    if ns < 1_000_000_000:
        return f"{ns / 1_000_000:.0f}ms"
    if ns < 100_000_000_000:
        return f"{ns / 1e9:.1f}s"
    return f"{ns / 60e9:.0f}min"


def _clock(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%H:%M:%S")


def _elapsed(footer: Footer) -> str:
    total = "" if footer.total_s is None else f" of {footer.total_s:g} s"
    return f"{footer.elapsed_s:.0f} s{total}"


class Screen:
    """Where the table goes: redrawn in place on a terminal, else printed every few seconds without control codes."""

    def __init__(self, console: Console, title: str) -> None:
        """Draw on a console; one that is no terminal gets plain tables."""
        self.console = console
        self.title = title
        self._live: Live | None = None

    @property
    def in_place(self) -> bool:
        """Whether a picture replaces the one before."""
        return self.console.is_terminal

    @property
    def every_s(self) -> float:
        """How often to draw."""
        return 0.25 if self.console.is_terminal else 5.0

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            # Only redrawn when we say so: a table that is half old and half new never shows.
            self._live = Live(console=self.console, auto_refresh=False, vertical_overflow="crop", transient=False)
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            with contextlib.suppress(BrokenPipeError):
                self._live.stop()
            self._live = None

    def draw(self, board: Board, footer: Footer) -> None:
        """Show the board as it is now."""
        width = self.console.width
        # Title, header, blank, two lines of figures, a hidden-rows line, the cursor's line.
        below = len(footer.standing) + len(footer.troubles) + len(board.events)
        room = self.console.height - 7 - below if self._live else 40
        rows = board.rows(max(room, 1))
        hidden = max(0, board.count() - len(rows))
        picture = render(self.title, rows, footer, tuple(board.events), width=width, hidden=hidden)
        if self._live is not None:
            self._live.update(picture, refresh=True)
        else:
            self.console.print(picture)
            self.console.print()
