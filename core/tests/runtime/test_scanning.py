"""The short way of a message, with a scanner in Python in place of a native one."""

from collections.abc import Callable
from math import inf, isnan
from typing import Any

import msgspec
import pytest
from arb_core.interfaces.book import PrintingBook
from arb_core.interfaces.context import Clock
from arb_core.runtime.book import SORTED, SortedBook
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.scanning import hindrance, scanner_for
from arb_core.structs.book import (
    BookFault,
    BookRule,
    BookSnapshot,
    BookState,
    Checksum,
    Printed,
    Recovery,
    SequenceRule,
    SnapshotSource,
    Spelling,
)
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

SUMMED_LAYOUT = msgspec.structs.replace(LAYOUT, checksum=("sum",))


class Said(msgspec.Struct):
    s: str
    U: int
    u: int
    b: list[tuple[float, float]] = []
    a: list[tuple[float, float]] = []
    t: int = 0
    sum: int | None = None


class Seat(msgspec.Struct):
    book: Any
    levels: Any
    cut: int
    on_book: Callable[[Any], None]
    on_broken: Callable[[Any, Exception], None]
    checksum: Checksum | None = None
    armed: tuple[int, float, float] | None = None
    places: tuple[int, int] | None = None
    last_id: int = 0
    exchange_ns: int | None = None
    received_ns: int = 0
    applied: int = 0
    verified: int = 0


class Scanner:
    """What the promises of `arb_core.interfaces.book.Scanner` ask for, in the most obvious way."""

    def __init__(self):
        self.applied = 0
        self.seats: dict[str, Seat] = {}

    def add(self, pair, book, levels, *, cut, on_book, on_broken, checksum=None):
        seat = self.seats[pair] = Seat(book, levels, cut, on_book, on_broken, checksum)
        return seat

    def remove(self, pair):
        self.seats.pop(pair, None)

    def arm(self, pair, last_id, floor, ceiling, places=None):
        self.seats[pair].armed = last_id, floor, ceiling
        self.seats[pair].places = places

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
        summed = seat.checksum
        if summed is None and not said.U == last_id + 1 <= said.u:
            return None
        if summed is not None and (said.u <= last_id or said.sum is None):
            return None
        book, levels = seat.book, seat.levels
        levels.apply(said.b, said.a)
        if seat.cut:
            levels.cut(seat.cut)
        seat.armed = said.u if summed is None else last_id, floor, ceiling
        seat.applied += 1
        self.applied += 1
        unmet = None
        if summed is not None:
            places = seat.places or (1, 1)
            texts = ([(f"{p:.{places[0]}f}", f"{s:.{places[1]}f}") for p, s in side] for side in (said.b, said.a))
            levels.note(said.b, said.a, Printed(**dict(zip(("bids", "asks"), texts, strict=True))))
            met = summed.of(*levels.texts(summed.depth)) == said.sum
            seat.verified += met
            unmet = None if met else said.sum
        try:
            if unmet is None and floor <= levels.bid < levels.ask <= ceiling:
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
                book.scanned(said.u, said.t or None, received_ns, monotonic_ns, unmet)
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
        assert layouts in {(LAYOUT,), (SUMMED_LAYOUT,)}
        return self.scanner


class Printing(SortedBook, PrintingBook):
    """A book with the text of each level, in the most obvious way."""

    def __init__(self):
        super().__init__()
        self.told = {}

    def note(self, bids, asks, printed):
        for levels, texts in ((bids, printed.bids), (asks, printed.asks)):
            self.told.update({price: text for (price, _), text in zip(levels, texts, strict=True)})

    def texts(self, limit):
        bids, asks = ([self.told[price] for price, _ in side] for side in (self.bids(limit), self.asks(limit)))
        return bids, asks


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


# Books that are summed up


def total(bids, asks):
    """Of the digits behind all points, so that one zero more is another sum."""
    return sum(int(text.partition(".")[2] or 0) + len(text) for level in (*bids, *asks) for text in level)


class Summed:
    """A venue without ids whose books are summed up."""

    def __init__(self, book=None, places=None, ids=SequenceRule.NONE):
        self.places = places
        self.heard = []
        spelling = Spelling(order="in turn", places=None if places is None else lambda _: self.places)
        rule = BookRule(
            ids=ids,
            snapshot=SnapshotSource.STREAM,
            recover=Recovery.RESUBSCRIBE,
            resets=True,
            checksum=Checksum(name="x", depth=2, of=total, spelling=spelling),
        )
        factory = Factory()
        self.scanner = factory.scanner
        scanner = scanner_for(factory, (SUMMED_LAYOUT,), rule)
        self.dispatch = Dispatch(lambda *told: self.heard.append(told), scanner)
        self.book = BookSync(
            VenueName("acme"),
            BTC,
            rule,
            book or Printing(),
            HandClock(),
            on_book=lambda book: self.heard.append((book.bid, book.ask)),
            on_lost=lambda _, fault: self.heard.append(fault),
            need_snapshot=lambda _: None,
            need_resubscribe=lambda _: self.heard.append("resubscribe"),
        )
        self.dispatch.follow("BTCUSDT", self.book)
        self.book.begin()
        self.whole()

    def whole(self):
        texts = [("100.0", "1.0")], [("101.0", "1.0")]
        printed = Printed(bids=texts[0], asks=texts[1], checksum=total(*texts))
        self.dispatch.snapshot("BTCUSDT", [(100.0, 1.0)], [(101.0, 1.0)], 20, None, 0, printed)
        assert self.book.state is BookState.LIVE
        self.heard.clear()

    def hear(self, checksum, last_id=21, bids="[[100,2]]"):
        text = f'{{"s":"BTCUSDT","U":0,"u":{last_id},"b":{bids},"sum":{checksum}}}'
        assert self.dispatch.scan is not None
        return self.dispatch.scan(memoryview(text.encode()), 900, 800)


BEST = total([("100.0", "2.0")], [("101.0", "1.0")])


def test_a_sum_that_the_scanner_meets_is_counted():
    venue = Summed()
    assert venue.hear(BEST) is venue.book
    assert (venue.heard, venue.book.last_id) == ([(100.0, 101.0)], 21)
    assert (venue.book.stats.checksums_ok, venue.book.stats.checksums_bad) == (2, 0)


def test_a_sum_that_it_does_not_meet_is_judged_in_python():
    venue = Summed()
    assert venue.hear(BEST + 1) is venue.book
    assert venue.heard == [BookFault.CHECKSUM, "resubscribe"]
    assert (venue.book.stats.checksums_ok, venue.book.stats.checksums_bad) == (1, 1)
    assert venue.hear(BEST) is None
    venue.book.begin()
    venue.whole()
    assert venue.hear(BEST) is venue.book


def test_what_the_scanner_could_not_sum_up_may_be_right():
    venue = Summed()
    venue.scanner.seats["BTCUSDT"].checksum = Checksum(name="y", depth=2, of=lambda *_: -1)
    assert venue.hear(BEST) is venue.book
    assert venue.heard == [(100.0, 101.0)]
    assert (venue.book.stats.checksums_ok, venue.book.stats.checksums_bad) == (2, 0)


def test_a_right_sum_does_not_excuse_a_crossed_book():
    venue = Summed()
    texts = [("102.0", "1.0"), ("100.0", "1.0")], [("101.0", "1.0")]
    assert venue.hear(total(*texts), bids="[[102,1]]") is venue.book
    assert venue.heard == [BookFault.CROSSED, "resubscribe"]
    assert venue.book.stats.checksums_ok == 2


def test_both_ways_know_how_each_level_was_printed_last():
    venue = Summed()
    assert venue.hear(total([("100.0", "2.0"), ("99.0", "1.0")], [("101.0", "1.0")]), bids="[[100,2],[99,1]]")
    texts = [("100.000", "3"), ("99.0", "1.0")], [("101.0", "1.0")]
    printed = Printed(bids=[("100.000", "3")], asks=[], checksum=total(*texts))
    venue.dispatch.delta("BTCUSDT", [(100.0, 3.0)], [], 22, 22, None, printed=printed)
    assert venue.hear(total(texts[0], [("101.0", "2.0")]) - 1, bids="[]") is venue.book
    assert venue.heard[-2:] == [BookFault.CHECKSUM, "resubscribe"]
    assert venue.book.stats.checksums_ok == 3


def test_without_ids_only_what_the_snapshot_holds_is_left_to_the_dialect():
    venue = Summed()
    assert venue.hear(BEST, 20) is None
    assert venue.hear(BEST, 25) is venue.book
    assert venue.hear(BEST, 22) is venue.book


def test_with_ids_a_book_that_is_summed_up_goes_on_from_its_own():
    venue = Summed(ids=SequenceRule.CHAIN)
    venue.dispatch.delta("BTCUSDT", [], [], 30, 30, None, 20, Printed(bids=[], asks=[]))
    assert venue.scanner.seats["BTCUSDT"].armed == (30, 0.0, inf)


def test_how_numbers_are_printed_is_asked_for_again_with_a_new_list():
    venue = Summed(places=(1, 1))
    seat = venue.scanner.seats["BTCUSDT"]
    assert seat.places == (1, 1)
    venue.places = (2, 3)
    venue.dispatch.relisted()
    assert seat.places == (2, 3)
    venue.places = None
    venue.dispatch.relisted()
    assert seat.armed is None
    venue.book.lose(BookFault.DISCONNECTED)
    venue.places = (1, 1)
    venue.dispatch.relisted()
    assert seat.armed is None


def test_a_book_that_keeps_no_texts_stays_with_the_dialect():
    venue = Summed(book=SORTED.make())
    assert venue.scanner.seats == {}
    assert venue.hear(BEST) is None
    printed = Printed(bids=[("100.0", "2.0")], asks=[], checksum=BEST)
    venue.dispatch.delta("BTCUSDT", [(100.0, 2.0)], [], 21, 21, None, printed=printed)
    assert (venue.heard, venue.book.stats.checksums_ok) == ([(100.0, 101.0)], 2)


def test_a_book_that_is_followed_no_more_keeps_its_sums():
    venue = Summed()
    assert venue.hear(BEST) is venue.book
    venue.dispatch.forget("BTCUSDT")
    assert venue.book.stats.checksums_ok == 2


def unsummed(bids, asks):
    raise AssertionError("nothing is summed up here")


SUMMED = BookRule(ids=SequenceRule.RANGE, checksum=Checksum(name="x", depth=1, of=unsummed))
SPELLED = BookRule(
    ids=SequenceRule.RANGE,
    checksum=Checksum(name="x", depth=1, of=unsummed, spelling=Spelling(order="in turn")),
)
NO_SUMS = BookRule(ids=SequenceRule.NONE)


@pytest.mark.parametrize(
    ("factory", "layouts", "rule", "why"),
    [
        (SORTED, (LAYOUT,), RULE, None),
        (Factory(), (), RULE, "the plugin declares no layout"),
        (Factory(), (LAYOUT,), NO_SUMS, "a feed without ids or checksums is applied on trust"),
        (Factory(), (LAYOUT,), SUMMED, "what its checksums are taken over is not declared"),
        (Factory(), (LAYOUT,), SPELLED, "a layout does not say where the checksum stands"),
    ],
)
def test_there_is_no_short_way_without_a_scanner_or_a_proof(factory, layouts, rule, why):
    assert (scanner_for(factory, layouts, rule), hindrance(layouts, rule)) == (None, why)
    assert Dispatch(lambda *_: None).scan is None
