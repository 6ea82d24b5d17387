"""The short way of a message, with a scanner in Python in place of a native one."""

from collections.abc import Callable
from math import isnan
from typing import Any

import msgspec
import pytest
from arb_core.interfaces.context import Clock
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.scanning import hindrance, scanner_for
from arb_core.structs.book import BookFault, BookRule, BookSnapshot, BookState, Checksum, SequenceRule
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Symbol, VenueName

BTC = Symbol("BTC", "USDT")
RULE = BookRule(ids=SequenceRule.RANGE)
LAYOUT = WireLayout(
    form="json",
    ids=SequenceRule.RANGE,
    symbol=("s",),
    bids=("b",),
    asks=("a",),
    first_id=("U",),
    last_id=("u",),
)


class Said(msgspec.Struct):
    s: str
    U: int
    u: int
    b: list[tuple[float, float]] = []
    a: list[tuple[float, float]] = []
    t: int = 0


class Seat(msgspec.Struct):
    book: Any
    levels: Any
    cut: int
    on_book: Callable[[Any], None]
    on_broken: Callable[[Any, Exception], None]
    armed: tuple[int, float, float] | None = None
    last_id: int = 0
    exchange_ns: int | None = None
    received_ns: int = 0
    applied: int = 0


class Scanner:
    """What the promises of `arb_core.interfaces.book.Scanner` ask for, in the most obvious way."""

    def __init__(self):
        self.applied = 0
        self.seats: dict[str, Seat] = {}

    def add(self, pair, book, levels, *, cut, on_book, on_broken):
        seat = self.seats[pair] = Seat(book, levels, cut, on_book, on_broken)
        return seat

    def remove(self, pair):
        self.seats.pop(pair, None)

    def arm(self, pair, last_id, floor, ceiling):
        self.seats[pair].armed = last_id, floor, ceiling

    def disarm(self, pair):
        if pair in self.seats:
            self.seats[pair].armed = None

    def apply(self, frame, received_ns, monotonic_ns):
        try:
            said = msgspec.json.decode(frame, type=Said)
        except msgspec.DecodeError:
            return None
        seat = self.seats.get(said.s)
        if seat is None or seat.armed is None:
            return None
        last_id, floor, ceiling = seat.armed
        if not said.U == last_id + 1 <= said.u:
            return None
        book, levels = seat.book, seat.levels
        levels.apply(said.b, said.a)
        if seat.cut:
            levels.cut(seat.cut)
        seat.armed = said.u, floor, ceiling
        seat.applied += 1
        self.applied += 1
        try:
            if floor <= levels.bid < levels.ask <= ceiling:
                book.bid, book.bid_size, book.ask, book.ask_size = (
                    levels.bid,
                    levels.bid_size,
                    levels.ask,
                    levels.ask_size,
                )
                seat.last_id, seat.exchange_ns, seat.received_ns = said.u, said.t or None, received_ns
                book.monotonic_ns = monotonic_ns
                seat.on_book(book)
            else:
                book.scanned(said.u, said.t or None, received_ns, monotonic_ns)
        except Exception as error:  # noqa: BLE001 (whatever a listener raises)
            seat.on_broken(book, error)
        return book


class Factory:
    name = "counted"
    rank = 1

    def __init__(self):
        self.scanner = Scanner()

    def make(self):
        return SORTED.make()

    def make_scanner(self, layouts):
        assert layouts == (LAYOUT,)
        return self.scanner


class HandClock(Clock):
    def now_ns(self):
        return 7

    def monotonic_ns(self):
        return 5

    def sleep(self, duration_ns):
        raise AssertionError("nothing here waits")

    def call_at(self, monotonic_ns, callback):
        raise AssertionError("nothing here sets timers")


class Stand:
    """One venue with a scanner, and what its books say."""

    def __init__(self, rule=RULE):
        self.told = []
        self.broken = []
        self.failing = False
        self.factory = Factory()
        scanner = scanner_for(self.factory, (LAYOUT,), rule)
        assert scanner is self.factory.scanner
        self.dispatch = Dispatch(lambda listener, error: self.broken.append((listener, error)), scanner)
        self.rule = rule

    def follow(self, pair, last_id=10, depth=0):
        sync = BookSync(
            VenueName("acme"),
            BTC,
            self.rule,
            self.factory.make(),
            HandClock(),
            on_book=self.on_book,
            on_lost=lambda _, fault: self.told.append(("lost", fault)),
            need_snapshot=lambda _: None,
            need_resubscribe=lambda _: None,
        )
        self.dispatch.follow(pair, sync)
        sync.begin()
        levels = [(100.0, 1.0)], [(101.0, 1.0)]
        sync.rest_snapshot(BookSnapshot(symbol=BTC, bids=levels[0], asks=levels[1], last_id=last_id, depth=depth))
        assert sync.state is BookState.LIVE
        self.told.clear()
        return sync

    def on_book(self, sync):
        self.told.append(("book", sync.last_id, sync.bid, sync.ask))
        if self.failing:
            raise ZeroDivisionError

    def hear(self, text):
        assert self.dispatch.scan is not None
        return self.dispatch.scan(memoryview(text.encode()), 900, 800)


@pytest.fixture
def stand():
    return Stand()


def test_the_next_message_of_a_live_book_takes_the_short_way(stand):
    book = stand.follow("BTCUSDT")
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":13,"b":[[100.5,2]],"t":5}')
    assert stand.told == [("book", 13, 100.5, 101.0)]
    assert (book.last_id, book.bid_size, book.exchange_ns, book.received_ns, book.monotonic_ns) == (
        13,
        2.0,
        5,
        900,
        800,
    )
    assert (stand.dispatch.counts.deltas, stand.dispatch.counts.scanned, book.stats.applied) == (1, 1, 1)
    assert stand.hear('{"s":"BTCUSDT","U":14,"u":14,"a":[[101,0],[102,1]]}')
    assert (book.ask, book.exchange_ns, book.stats.received) == (102.0, None, 2)


@pytest.mark.parametrize(
    "text",
    [
        '{"s":"BTCUSDT","U":12,"u":13,"b":[[100.5,2]]}',
        '{"s":"BTCUSDT","U":9,"u":10,"b":[[100.5,2]]}',
        '{"s":"ETHUSDT","U":11,"u":13,"b":[[100.5,2]]}',
        '{"s":"BTCUSDT","U":11',
    ],
)
def test_everything_else_is_left_to_the_dialect(stand, text):
    book = stand.follow("BTCUSDT")
    assert not stand.hear(text)
    assert (stand.told, book.last_id, book.bid, stand.dispatch.counts.deltas) == ([], 10, 100.0, 0)


def test_both_ways_carry_one_book_on(stand):
    book = stand.follow("BTCUSDT")
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[99,1]]}')
    stand.dispatch.delta("BTCUSDT", [(98.0, 1.0)], [], 12, 12, None)
    assert stand.hear('{"s":"BTCUSDT","U":13,"u":13,"b":[[97,1]]}')
    assert [price for price, _ in book.bids()] == [100.0, 99.0, 98.0, 97.0]
    assert book.stats.applied == 3


def test_a_book_that_is_not_live_is_not_changed(stand):
    book = stand.follow("BTCUSDT")
    book.lose(BookFault.DISCONNECTED)
    assert not stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[99,1]]}')
    assert isnan(book.bid)
    book.begin()
    book.rest_snapshot(BookSnapshot(symbol=BTC, bids=[(90.0, 1.0)], asks=[(91.0, 1.0)], last_id=20))
    assert stand.hear('{"s":"BTCUSDT","U":21,"u":21,"b":[[90.5,1]]}')
    assert (book.bid, book.last_id) == (90.5, 21)


def test_a_message_that_crosses_the_book_makes_it_unusable(stand):
    book = stand.follow("BTCUSDT")
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[101,1]]}')
    assert stand.told == [("lost", BookFault.CROSSED)]
    assert isnan(book.bid)
    assert not stand.hear('{"s":"BTCUSDT","U":12,"u":12,"b":[[101,0]]}')


def test_levels_beyond_the_kept_depth_are_cut():
    stand = Stand(BookRule(ids=SequenceRule.RANGE, kept_depth=2, cut_each_update=True))
    book = stand.follow("BTCUSDT")
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[99,1],[98,1]]}')
    assert book.bids(0) == [(100.0, 1.0), (99.0, 1.0)]


def test_an_empty_side_is_no_flaw_where_the_snapshot_was_whole(stand):
    book = stand.follow("BTCUSDT")
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"a":[[101,0]]}') is book
    assert (book.state, book.bid, book.received_ns) == (BookState.LIVE, 100.0, 900)
    assert isnan(book.ask)
    assert stand.hear('{"s":"BTCUSDT","U":12,"u":12,"a":[[102,1]]}') is book
    assert (book.ask, book.stats.applied, len(stand.told)) == (102.0, 2, 2)


def test_a_book_whose_market_leaves_its_snapshot_is_given_up(stand):
    book = stand.follow("BTCUSDT", depth=1)
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[100,0],[99,1]]}') is book
    assert stand.told == [("lost", BookFault.EXHAUSTED)]


def test_a_book_that_is_followed_no_more_keeps_its_counts(stand):
    first, second = stand.follow("BTCUSDT"), stand.follow("ETHUSDT")
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[99,1]]}') is first
    stand.dispatch.forget("BTCUSDT")
    first.stop()
    assert stand.hear('{"s":"BTCUSDT","U":12,"u":12}') is None
    assert first.stats.applied == 1
    third = stand.follow("BTCUSDT")
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[99,1]]}') is third
    assert (third.last_id, third.stats.applied, second.last_id) == (11, 1, 10)
    assert stand.dispatch.counts.scanned == 2


def test_a_listener_that_raises_is_reported(stand):
    book = stand.follow("BTCUSDT")
    stand.failing = True
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[99,1]]}') is book
    ((listener, error),) = stand.broken
    assert (listener, type(error)) == (book, ZeroDivisionError)
    assert (book.state, book.last_id, book.bids()) == (BookState.LIVE, 11, [(100.0, 1.0), (99.0, 1.0)])


def unsummed(bids, asks):
    raise AssertionError("nothing is summed up here")


SUMMED = BookRule(ids=SequenceRule.RANGE, checksum=Checksum(name="x", depth=1, of=unsummed))


@pytest.mark.parametrize(
    ("factory", "layouts", "rule", "why"),
    [
        (SORTED, (LAYOUT,), RULE, None),
        (Factory(), (), RULE, "the plugin declares no layout"),
        (Factory(), (LAYOUT,), BookRule(ids=SequenceRule.NONE), "a feed without ids is applied on trust"),
        (Factory(), (LAYOUT,), SUMMED, "its checksums are taken over what was printed"),
    ],
)
def test_there_is_no_short_way_without_a_scanner_or_ids_or_with_sums(factory, layouts, rule, why):
    assert (scanner_for(factory, layouts, rule), hindrance(layouts, rule)) == (None, why)
    assert Dispatch(lambda *_: None).scan is None
