"""The short way of a message, with a scanner in Python in place of a native one."""

from math import isnan

import msgspec
import pytest
from arb_core.interfaces.context import Clock
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.scanning import Scanning
from arb_core.structs.book import BookFault, BookRule, BookSnapshot, BookState, SequenceRule
from arb_core.structs.layout import NOT_MINE, NOT_NEXT, WireLayout
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


class Scanner:
    """What the promises of `arb_core.interfaces.book.Scanner` ask for, in the most obvious way."""

    def __init__(self):
        self.last_id = 0
        self.exchange_ns = 0
        self.armed = {}

    def arm(self, pair, index, book, last_id, cut):
        self.armed[pair] = [index, book, last_id, cut]

    def disarm(self, pair):
        self.armed.pop(pair, None)

    def apply(self, frame):
        try:
            said = msgspec.json.decode(frame, type=Said)
        except msgspec.DecodeError:
            return NOT_MINE
        if said.s not in self.armed:
            return NOT_MINE
        index, book, last_id, cut = self.armed[said.s]
        if not said.U == last_id + 1 <= said.u:
            return NOT_NEXT
        book.apply(said.b, said.a)
        if cut:
            book.cut(cut)
        self.armed[said.s][2] = self.last_id = said.u
        self.exchange_ns = said.t
        return index


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
        self.factory = Factory()
        scanning = Scanning.of(self.factory, (LAYOUT,), rule)
        assert scanning is not None
        self.scanning = scanning
        self.dispatch = Dispatch(lambda listener, error: self.broken.append((listener, error)), self.scanning)
        self.rule = rule

    def follow(self, pair, last_id=10):
        sync = BookSync(
            VenueName("acme"),
            BTC,
            self.rule,
            self.factory.make(),
            HandClock(),
            on_book=lambda sync: self.told.append(("book", sync.last_id, sync.bid, sync.ask)),
            on_lost=lambda _, fault: self.told.append(("lost", fault)),
            need_snapshot=lambda _: None,
            need_resubscribe=lambda _: None,
        )
        self.dispatch.books[pair] = sync
        self.scanning.add(sync, pair)
        sync.begin()
        sync.rest_snapshot(BookSnapshot(symbol=BTC, bids=[(100.0, 1.0)], asks=[(101.0, 1.0)], last_id=last_id))
        assert sync.state is BookState.LIVE
        self.told.clear()
        return sync

    def hear(self, text):
        frame = memoryview(text.encode())
        self.dispatch.arrived(900, 800)
        assert self.dispatch.scan is not None
        return self.dispatch.scan(frame)


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


def test_books_come_and_go_under_the_same_numbers(stand):
    first, second = stand.follow("BTCUSDT"), stand.follow("ETHUSDT")
    first.stop()
    stand.scanning.remove(first)
    assert not stand.hear('{"s":"BTCUSDT","U":11,"u":11}')
    third = stand.follow("LTCUSDT")
    assert stand.scanning.books == [third, second]
    assert stand.hear('{"s":"LTCUSDT","U":11,"u":11,"b":[[99,1]]}')
    assert (third.last_id, second.last_id) == (11, 10)


def test_a_listener_that_raises_is_reported(stand):
    book = stand.follow("BTCUSDT")
    book._on_book = lambda _: 1 / 0
    assert stand.hear('{"s":"BTCUSDT","U":11,"u":11,"b":[[99,1]]}')
    ((listener, error),) = stand.broken
    assert (listener, type(error)) == (book, ZeroDivisionError)


@pytest.mark.parametrize(
    ("factory", "layouts", "rule"),
    [
        (SORTED, (LAYOUT,), RULE),
        (Factory(), (), RULE),
        (Factory(), (LAYOUT,), BookRule(ids=SequenceRule.NONE)),
    ],
)
def test_there_is_no_short_way_without_a_scanner_or_ids(factory, layouts, rule):
    assert Scanning.of(factory, layouts, rule) is None
    assert Dispatch(lambda *_: None).scan is None
