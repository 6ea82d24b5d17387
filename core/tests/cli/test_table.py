import io
from decimal import Decimal
from math import nan
from random import Random

import pytest
from arb_core.cli import table
from arb_core.cli.table import WIDTH, Board, Event, Footer, Row, Screen, render
from arb_core.engine.session import DetectionSession
from arb_core.engine.view import EngineView
from arb_core.interfaces.strategy import Interest, Strategy
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Instrument, Pair, Side, Symbol, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan
from rich.cells import cell_len
from rich.console import Console

SECOND = 10**9
BTC = Symbol("BTC", "USDT")


class Clock:
    def __init__(self):
        self.ns = 1_000 * SECOND

    def now_ns(self):
        return self.ns

    def monotonic_ns(self):
        return self.ns

    def sleep(self, duration_ns):
        raise AssertionError("nobody sleeps here")

    def call_at(self, monotonic_ns, callback):
        raise AssertionError("nobody waits here")


class Book:
    """A book as a strategy and the table see it."""

    def __init__(self, clock, venue, bid, ask, symbol=BTC):
        self.venue, self.symbol = VenueName(venue), symbol
        self.state, self.fault = BookState.LIVE, None
        self.last_id, self.exchange_ns = 1, None
        self._clock = clock
        self.set(bid, ask)

    def set(self, bid, ask):
        self.bid, self.ask = bid, ask
        self.bid_size = self.ask_size = 2.0
        self.received_ns = self.monotonic_ns = self._clock.ns

    def lose(self, fault):
        self.state, self.fault = BookState.SYNCING, fault
        self.bid = self.ask = self.bid_size = self.ask_size = nan

    def quote(self):
        return None

    def bids(self, limit=10):
        return [(self.bid, self.bid_size)]

    def asks(self, limit=10):
        return [(self.ask, self.ask_size)]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def market(clock):
    view = EngineView(clock)
    books = [Book(clock, "mexc", 100.0, 100.1), Book(clock, "gateio", 100.0, 100.1)]
    for book in books:
        lot = Decimal("0.001")
        view.add(book, Instrument(symbol=BTC, pair=Pair("BTCUSDT"), tick=lot, lot=lot), 0.0005)
    session = DetectionSession(view, {"spatial": Spatial()})
    board = Board(session, clock.now_ns)
    session.start()
    return session, board, books


def footer(**changes):
    facts = {
        "elapsed_s": 12.3,
        "total_s": 20,
        "messages": 1234567,
        "rate": 12345.6,
        "p50_ns": 35_000,
        "p99_ns": 1_200_000,
        "live": 5,
        "books": 6,
        "seen": 12,
        "executable": 3,
    }
    return Footer(**{**facts, **changes})


def lines(picture, width=WIDTH):
    console = Console(file=io.StringIO(), width=width, record=True, force_terminal=False)
    console.print(picture)
    return console.export_text().splitlines()


def test_every_direction_of_a_symbol_has_a_row_after_fees(market):
    _, board, _ = market
    rows = board.rows()
    assert [(row.buy, row.sell, row.verdict, row.tone) for row in rows] == [
        ("mexc", "gateio", "no edge", "quiet"),
        ("gateio", "mexc", "no edge", "quiet"),
    ]
    assert rows[0].edge_bps == pytest.approx(1e4 * (100.0 * 0.9995 / (100.1 * 1.0005) - 1))
    assert rows[0].size == 2.0


def test_open_edge_shows_its_verdict_until_it_closes(market, clock):
    session, board, (_mexc, gateio) = market
    gateio.set(101.0, 101.1)
    session.on_book(gateio)
    row = board.rows()[0]
    assert (row.buy, row.sell) == ("mexc", "gateio")
    assert row.edge_bps > 0
    assert row.verdict.startswith("refused: ")
    assert row.tone == "refused"
    gateio.set(100.0, 100.1)
    session.on_book(gateio)
    assert board.rows()[0].verdict == "no edge"


class Round(Strategy):
    """Proposes one way round three symbols, for as long as the cross is cheap."""

    def start(self, market):
        self._market = market
        return Interest(symbols=tuple(market.symbols()))

    def on_book(self, symbol, venue):
        books = [book for each in self._market.symbols() if (book := self._market.book(each, venue)) is not None]
        if books[1].ask >= 0.05:
            return ()
        legs = tuple(
            Leg(book.venue, book.symbol, side, price, size, price)
            for book, side, price, size in zip(
                books, (Side.BUY, Side.BUY, Side.SELL), (100.1, 0.04, 5.0), (0.2, 5.0, 5.0), strict=True
            )
        )
        facts = {"symbol": legs[0].symbol, "size": 0.2, "profit": 4.98, "edge_bps": 42.0, "detected_ns": 0}
        return (Opportunity(strategy="round", legs=legs, plan=Plan.IN_TURN, **facts),)


def test_way_through_several_symbols_is_shown_while_it_pays(clock):
    view = EngineView(clock)
    books = [
        Book(clock, "mexc", bid, ask, Symbol.parse(text))
        for text, bid, ask in (("BTC/USDT", 100.0, 100.1), ("ETH/BTC", 0.05, 0.051), ("ETH/USDT", 5.0, 5.01))
    ]
    for book in books:
        lot = Decimal("0.001")
        view.add(book, Instrument(symbol=book.symbol, pair=Pair("-"), tick=lot, lot=lot), 0.0005)
    session = DetectionSession(view, {"round": Round()})
    board = Board(session, clock.now_ns)
    session.start()
    session.on_book(books[1])
    assert board.rows() == [], "one venue has no other to be compared with"
    clock.ns += 2 * SECOND
    books[1].set(0.039, 0.04)
    session.on_book(books[1])
    (row,) = board.rows()
    assert (row.symbol, row.buy, row.sell) == ("USDT>BTC>ETH", "mexc", "mexc")
    assert (row.edge_bps, row.size, row.age_ns) == (42.0, 0.2, 2 * SECOND)
    assert row.verdict == "refused: healthy", "nobody says that these symbols trade"
    shown = lines(render("arb monitor", board.rows(), footer(), ()))
    assert shown[2] == "USDT>BTC>ETH  mexc       mexc          +42.00        0.2   2.0s refused: healthy"
    books[1].set(0.05, 0.051)
    session.on_book(books[1])
    assert board.rows() == []


def test_age_is_that_of_the_older_book(market, clock):
    _, board, (_mexc, gateio) = market
    clock.ns += 3 * SECOND
    gateio.set(100.0, 100.1)
    assert board.rows()[0].age_ns == 3 * SECOND


def test_book_that_is_not_live_shows_why_and_no_number(market):
    session, board, (mexc, _) = market
    mexc.lose(BookFault.GAP)
    session.on_lost(mexc, BookFault.GAP)
    row = board.rows()[0]
    assert (row.verdict, row.tone, row.age_ns) == ("mexc gap", "bad", None)
    assert row.edge_bps != row.edge_bps


def test_memory_holds_open_edges_only(market, clock):
    session, board, (_mexc, gateio) = market
    for _ in range(50):
        gateio.set(101.0, 101.1)
        session.on_book(gateio)
        gateio.set(100.0, 100.1)
        session.on_book(gateio)
    assert board._open == {}


def test_widest_rows_are_shown_where_not_all_fit(clock):
    view = EngineView(clock)
    for number in range(20):
        symbol = Symbol(f"A{number}", "USDT")
        view.add(Book(clock, "mexc", 100.0, 100.1, symbol), None, 0.0)
        view.add(Book(clock, "gateio", 100.0 + number / 10, 100.2 + number / 10, symbol), None, 0.0)
    board = Board(DetectionSession(view, {}), clock.now_ns)
    assert len(board.rows()) == 40
    assert [row.symbol for row in board.rows(3)] == ["A19/USDT", "A18/USDT", "A17/USDT"]


def test_widest_rows_are_the_same_however_many_venues_and_symbols_there_are(clock, monkeypatch):
    monkeypatch.setattr(table, "_LOOKED", 3)
    view, random = EngineView(clock), Random(1)
    books = [
        Book(clock, f"venue{venue}", 1.0, 1.0, Symbol(f"A{number}", "USDT"))
        for number in range(30)
        for venue in range(5)
    ]
    for book in books:
        view.add(book, None, random.choice([0.0, 0.001]))
    board = Board(DetectionSession(view, {}), clock.now_ns)
    for _ in range(5):
        for book in books:
            middle = random.uniform(99, 101)
            book.state, book.fault = BookState.LIVE, None
            book.set(middle - 0.1, middle + 0.1)
        for book in random.sample(books, 20):
            book.lose(BookFault.GAP)
        for _ in range(9):
            board.rows(25)
        rows = board.rows(25)  # after so many pictures every symbol was looked at
        every = [row for row in board.rows() if row.tone != "bad"]
        assert [row.edge_bps for row in rows] == sorted((row.edge_bps for row in every), reverse=True)[:25]
    assert board.count() == 30 * 5 * 4


ROWS = [
    Row("BTC/USDT", "mexc", "gateio", 12.345, 0.123456, 45_000_000, "executable", "good"),
    Row(
        "1000SHIBLONGNAME/USDT",
        "a-very-long-venue",
        "binance",
        -99999999.0,
        1e11,
        4 * SECOND,
        "refused: quarantined",
        "refused",
    ),
    Row("X/Y", "mexc", "gateio", nan, nan, None, "gateio disconnected", "bad"),
    Row("PEPE/USDT", "mexc", "gateio", 1e9, 1e-9, 10**15, "no edge", "quiet"),
    Row("币安人生/USDT", "mexc", "gateio", 1.0, 123456789.0, 0, "no edge", "quiet"),
]


@pytest.mark.parametrize("width", [80, 100, 160, 40])
def test_every_line_fits_the_terminal(width):
    picture = render(
        "arb monitor " + "x" * 200,
        ROWS,
        footer(troubles=("gateio: " + "down " * 50,)),
        [Event(0, "y" * 300)],
        width=width,
        hidden=3,
    )
    shown = lines(picture, width)
    assert max(map(cell_len, shown)) <= width
    assert len(shown) == 2 + len(ROWS) + 1 + 1 + 2 + 1 + 1


def test_columns_stay_in_place_whatever_the_values():
    shown = lines(render("t", ROWS, footer(), []))
    header, *rows = shown[1 : 2 + len(ROWS)]
    start = header.index("verdict")
    for line, row in zip(rows, ROWS, strict=True):
        wide = cell_len(line) - len(line)
        assert line[start - wide :].startswith(row.verdict[:10])


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0.0, "0"),
        (0.000587, "0.000587"),
        (419850.0, "419850"),
        (708190182.0, "708.2M"),
        (1.5e11, "150G"),
        (1e-9, "1.000e-09"),
        (3e15, "3.000e+15"),
    ],
)
def test_sizes_keep_their_magnitude(size, shown):
    row = Row("A/B", "x", "y", 1.0, size, 0, "no edge", "quiet")
    assert lines(render("t", [row], footer(), []))[2].split()[4] == shown


def test_figures_are_those_of_the_run():
    shown = "\n".join(lines(render("arb monitor", ROWS, footer(), [Event(3661 * SECOND, "gateio disconnected")])))
    assert "arb monitor  12 s of 20 s" in shown
    assert "12,346 msg/s (1,234,567)  latency p50 35us p99 1ms  books 5/6 live" in shown
    assert "opportunities: 12 seen, 3 executable" in shown
    assert "01:01:01 gateio disconnected" in shown
    assert "+12.35   0.123456   45ms executable" in shown


def test_without_a_terminal_there_are_no_control_codes(market):
    _, board, _ = market
    out = io.StringIO()
    screen = Screen(Console(file=out, width=80), "arb monitor")
    with screen:
        screen.draw(board, footer())
        screen.draw(board, footer())
    assert screen.every_s >= 2
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()
    assert out.getvalue().count("arb monitor") == 2


def test_on_a_terminal_the_table_is_redrawn_in_place_and_never_taller(market, clock):
    _, board, _ = market
    out = io.StringIO()
    console = Console(file=out, width=80, height=12, force_terminal=True, color_system=None, _environ={})
    for number in range(30):
        board.note(None, f"event {number}")
    screen = Screen(console, "arb monitor")
    with screen:
        screen.draw(board, footer())
        drawn = out.getvalue()
        screen.draw(board, footer())
        again = out.getvalue()[len(drawn) :]
    assert drawn.count("\n") < 12
    assert "\x1b[2J" not in out.getvalue(), "clearing the whole screen flickers"
    assert "\x1b[1A" in again, "the second picture goes over the first"
    assert "event 29" in again
    assert "event 20" not in again
