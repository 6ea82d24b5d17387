"""What one book does with each message, fault and answer, one behaviour at a time; the storms are in test_booksync_faults."""

from math import inf, isnan, nan

import pytest
from arb_core.errors import BookUnavailable, ExchangeUnavailable, RateLimitError, SettingsError
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BUFFERED_DELTAS, REPEATS_NS, BookSync
from arb_core.structs.book import (
    NO_ID,
    BookFault,
    BookRule,
    BookSnapshot,
    BookState,
    Checksum,
    Recovery,
    SequenceRule,
    SnapshotSource,
)
from arb_core.structs.market import Quote, Symbol, VenueName

SECOND = 1_000_000_000
BTC = Symbol("BTC", "USDT")

BINANCE = BookRule(ids=SequenceRule.RANGE, snapshot_limit=3)
MEXC = BookRule(ids=SequenceRule.RANGE, strict=True)
OBU = BookRule(
    ids=SequenceRule.RANGE,
    strict=True,
    snapshot=SnapshotSource.STREAM,
    recover=Recovery.RESUBSCRIBE,
    kept_depth=3,
    resets=True,
)
OKX = BookRule(ids=SequenceRule.CHAIN, snapshot=SnapshotSource.STREAM, recover=Recovery.RESUBSCRIBE)
BYBIT = BookRule(
    ids=SequenceRule.CONSECUTIVE, snapshot=SnapshotSource.STREAM, recover=Recovery.RESUBSCRIBE, resets=True
)
KRAKEN = BookRule(
    ids=SequenceRule.NONE,
    snapshot=SnapshotSource.STREAM,
    recover=Recovery.RESUBSCRIBE,
    kept_depth=2,
    cut_each_update=True,
)
BITSTAMP = BookRule(ids=SequenceRule.NONE)

BIDS = [(100.0, 1.0), (99.0, 1.0), (98.0, 1.0)]
ASKS = [(101.0, 1.0), (102.0, 1.0), (103.0, 1.0)]


class HandClock(Clock):
    """Moved by hand."""

    def __init__(self):
        self.at_ns = 10 * SECOND
        self.reads = 0

    def now_ns(self):
        self.reads += 1
        return 1_700_000_000 * SECOND + self.at_ns

    def monotonic_ns(self):
        self.reads += 1
        return self.at_ns

    def sleep(self, duration_ns):
        raise AssertionError("a book never waits")

    def call_at(self, monotonic_ns, callback):
        raise AssertionError("a book sets no timers")


class Owner:
    """Writes down what the book asks for."""

    def __init__(self, rule):
        self.clock = HandClock()
        self.said = []
        self.sync = BookSync(
            VenueName("acme"),
            BTC,
            rule,
            SORTED.make(),
            self.clock,
            on_book=lambda sync: self.said.append(("book", sync.last_id)),
            on_lost=lambda _, fault: self.said.append(("lost", fault)),
            need_snapshot=lambda _: self.said.append("snapshot"),
            need_resubscribe=lambda _: self.said.append("resubscribe"),
        )

    def hear(self):
        said, self.said = self.said, []
        return said

    def answer(self, last_id, bids=BIDS, asks=ASKS, depth=0):
        self.sync.rest_snapshot(BookSnapshot(symbol=BTC, bids=bids, asks=asks, last_id=last_id, depth=depth))

    def pass_time(self, seconds):
        self.clock.at_ns += int(seconds * SECOND)
        self.sync.check(self.clock.at_ns)


def delta(sync, first, last, bids=(), asks=(), *, previous=NO_ID):
    sync.delta(list(bids), list(asks), first, last, None, previous)


def live(rule, last_id=10, **answer):
    owner = Owner(rule)
    owner.sync.begin()
    if rule.snapshot is SnapshotSource.REST:
        owner.answer(last_id, **answer)
    else:
        owner.sync.snapshot(BIDS, ASKS, last_id, None)
    assert owner.sync.state is BookState.LIVE
    owner.hear()
    return owner


def assert_unreadable(sync, fault):
    assert sync.state is BookState.SYNCING
    assert sync.fault is fault
    assert all(isnan(value) for value in (sync.bid, sync.bid_size, sync.ask, sync.ask_size))
    assert sync.quote() is None
    for read in (sync.bids, sync.asks):
        with pytest.raises(BookUnavailable, match=rf"acme BTC/USDT: the book is SYNCING \({fault}\) for \d"):
            read()


def assert_adds_up(sync):
    stats = sync.stats
    assert stats.received == stats.applied + stats.skipped + stats.refused + stats.waiting


def test_is_what_readers_are_promised():
    book: LiveBook = Owner(BINANCE).sync
    assert book.venue == "acme"
    assert book.symbol == BTC


# Becoming LIVE


def test_nothing_can_be_read_before_the_start():
    owner = Owner(BINANCE)
    assert_unreadable(owner.sync, BookFault.STARTING)
    assert owner.hear() == []


def test_begin_asks_for_one_snapshot_where_it_comes_over_rest():
    owner = Owner(BINANCE)
    owner.sync.begin()
    owner.sync.begin()
    assert owner.hear() == ["snapshot"]


def test_begin_asks_for_nothing_where_the_stream_brings_it():
    owner = Owner(OKX)
    owner.sync.begin()
    assert owner.hear() == []


def test_snapshot_joins_the_deltas_that_were_buffered():
    owner = Owner(MEXC)
    delta(owner.sync, 1, 5, [(50.0, 1.0)])
    owner.sync.begin()
    delta(owner.sync, 6, 12, [(100.0, 5.0)])
    delta(owner.sync, 13, 14, [], [(101.0, 0.0)])
    assert_unreadable(owner.sync, BookFault.STARTING)
    owner.answer(8)
    assert owner.hear() == ["snapshot", ("book", 14)]
    assert owner.sync.bids() == [(100.0, 5.0), (99.0, 1.0), (98.0, 1.0)]
    assert (owner.sync.bid, owner.sync.bid_size, owner.sync.ask, owner.sync.ask_size) == (100.0, 5.0, 102.0, 1.0)
    stats = owner.sync.stats
    assert (stats.received, stats.applied, stats.skipped, stats.refused, stats.snapshots) == (3, 2, 1, 0, 1)


@pytest.mark.parametrize("rule", [BINANCE, MEXC])
@pytest.mark.parametrize("snapshot_id", [5, 6, 7])
def test_first_delta_after_a_snapshot_may_begin_early_or_right_behind_it(rule, snapshot_id):
    owner = Owner(rule)
    owner.sync.begin()
    delta(owner.sync, 6, 8)
    owner.answer(snapshot_id)
    assert owner.sync.state is BookState.LIVE
    assert owner.sync.last_id == 8


def test_snapshot_after_which_every_delta_is_old_is_live():
    owner = Owner(MEXC)
    owner.sync.begin()
    delta(owner.sync, 1, 5)
    delta(owner.sync, 6, 9)
    owner.answer(9)
    assert owner.sync.state is BookState.LIVE
    assert owner.sync.stats.skipped == 2


def test_snapshot_older_than_the_buffer_is_asked_for_again():
    owner = Owner(MEXC)
    owner.sync.begin()
    delta(owner.sync, 12, 13)
    owner.answer(10)
    assert owner.hear() == ["snapshot", "snapshot"]
    assert_unreadable(owner.sync, BookFault.STARTING)
    owner.answer(11)
    assert owner.sync.state is BookState.LIVE
    assert owner.sync.stats.old_snapshots == 1


def test_hole_between_buffered_deltas_asks_for_a_later_snapshot():
    owner = Owner(MEXC)
    owner.sync.begin()
    delta(owner.sync, 11, 12)
    delta(owner.sync, 15, 16)
    owner.answer(10)
    assert owner.hear() == ["snapshot", "snapshot"]
    assert owner.sync.fault is BookFault.GAP
    owner.answer(15)
    assert owner.sync.last_id == 16
    assert_adds_up(owner.sync)


def test_overflowing_buffer_forces_a_later_snapshot():
    owner = Owner(MEXC)
    owner.sync.begin()
    for number in range(1, BUFFERED_DELTAS + 11):
        delta(owner.sync, number, number)
    owner.answer(5)
    assert owner.sync.state is BookState.SYNCING
    assert owner.sync.stats.waiting == BUFFERED_DELTAS
    owner.answer(10)
    assert owner.sync.last_id == BUFFERED_DELTAS + 10
    assert owner.sync.stats.refused == 10
    assert_adds_up(owner.sync)


def test_never_two_snapshots_are_asked_for_at_once():
    owner = Owner(MEXC)
    owner.sync.begin()
    owner.sync.lose(BookFault.MALFORMED)
    owner.sync.lose(BookFault.DISCONNECTED)
    owner.sync.begin()
    assert owner.hear() == ["snapshot"]


def test_snapshot_asked_for_before_a_loss_is_not_believed():
    owner = Owner(MEXC)
    owner.sync.begin()
    owner.sync.lose(BookFault.DISCONNECTED)
    owner.sync.begin()
    owner.answer(10)
    assert owner.hear() == ["snapshot", "snapshot"]
    assert_unreadable(owner.sync, BookFault.DISCONNECTED)
    owner.answer(11)
    assert owner.sync.state is BookState.LIVE


def test_failed_snapshot_is_asked_for_again_and_named():
    owner = Owner(MEXC)
    owner.sync.begin()
    owner.sync.rest_failed(TimeoutError("no answer within 10 s"))
    assert owner.hear() == ["snapshot", "snapshot"]
    with pytest.raises(BookUnavailable, match="the last snapshot failed: no answer within 10 s"):
        owner.sync.bids()
    owner.answer(10)
    assert owner.sync.stats.failed_snapshots == 1
    assert owner.sync.state is BookState.LIVE


def test_snapshot_nobody_asked_for_is_ignored():
    owner = live(MEXC)
    owner.answer(99, bids=[(1.0, 1.0)])
    owner.sync.rest_failed(TimeoutError("late"))
    assert owner.hear() == []
    assert owner.sync.last_id == 10


def test_recorded_snapshot_may_be_handed_over_while_it_is_asked_for():
    owner = Owner(MEXC)
    stored = [BookSnapshot(symbol=BTC, bids=BIDS, asks=ASKS, last_id=number) for number in (30, 3)]
    sync = BookSync(
        VenueName("acme"),
        BTC,
        MEXC,
        SORTED.make(),
        owner.clock,
        on_book=lambda _: None,
        on_lost=lambda *_: None,
        need_snapshot=lambda sync: sync.rest_snapshot(stored.pop()) if stored else None,
        need_resubscribe=lambda _: None,
    )
    delta(sync, 5, 6)
    sync.begin()
    assert sync.state is BookState.LIVE
    assert (sync.last_id, stored) == (30, [])


def test_malformed_snapshot_is_asked_for_again():
    owner = Owner(MEXC)
    owner.sync.begin()
    owner.answer(10, bids=[(nan, 1.0)])
    assert owner.hear() == ["snapshot", "snapshot"]
    assert_unreadable(owner.sync, BookFault.MALFORMED)


def test_snapshot_after_a_malformed_one_has_to_reach_as_far():
    owner = Owner(MEXC)
    owner.sync.begin()
    delta(owner.sync, 8, 12)
    owner.answer(20, bids=[(nan, 1.0)])
    owner.answer(7)
    assert owner.sync.state is BookState.SYNCING
    owner.answer(12)
    assert owner.sync.state is BookState.LIVE
    assert_adds_up(owner.sync)


def test_malformed_whole_frame_forgets_nothing_that_was_heard():
    owner = Owner(BookRule(ids=SequenceRule.RANGE, strict=True, kept_depth=3, resets=True))
    owner.sync.begin()
    delta(owner.sync, 8, 12)
    owner.sync.snapshot([(nan, 1.0)], ASKS, 20, None)
    owner.answer(30)  # asked for before the frame
    owner.answer(7)
    assert owner.sync.state is BookState.SYNCING
    owner.answer(12)
    assert owner.sync.state is BookState.LIVE
    assert_adds_up(owner.sync)


def test_crossed_snapshot_is_asked_for_again():
    owner = Owner(MEXC)
    owner.sync.begin()
    owner.answer(10, bids=[(101.0, 1.0)])
    assert owner.hear() == ["snapshot", "snapshot"]
    assert_unreadable(owner.sync, BookFault.CROSSED)


def test_snapshot_of_the_stream_may_come_before_the_acknowledgement():
    owner = Owner(OKX)
    owner.sync.snapshot(BIDS, ASKS, 10, 5)
    owner.sync.begin()
    assert owner.sync.state is BookState.LIVE
    owner.pass_time(60)
    assert owner.hear() == [("book", 10)]


def test_deltas_before_the_streams_snapshot_say_nothing():
    owner = Owner(BYBIT)
    owner.sync.begin()
    delta(owner.sync, 5, 5)
    owner.sync.snapshot(BIDS, ASKS, 7, None)
    stats = owner.sync.stats
    assert (stats.received, stats.refused, stats.waiting, owner.sync.last_id) == (1, 1, 0, 7)


def test_empty_sides_are_a_book_too():
    owner = Owner(MEXC)
    owner.sync.begin()
    owner.answer(10, bids=[], asks=[])
    assert owner.sync.state is BookState.LIVE
    assert isnan(owner.sync.bid)
    delta(owner.sync, 11, 11, [(5.0, 1.0)])
    assert owner.sync.bids() == [(5.0, 1.0)]
    assert owner.sync.asks() == []


# Staying LIVE


def test_each_message_is_told_once_and_moves_ids_and_times():
    owner = live(BINANCE)
    owner.sync.delta([(100.5, 2.0)], [], 11, 13, 77, NO_ID, 1234, 5678)
    assert owner.hear() == [("book", 13)]
    assert (owner.sync.last_id, owner.sync.exchange_ns) == (13, 77)
    assert (owner.sync.received_ns, owner.sync.monotonic_ns) == (1234, 5678)
    assert owner.sync.quote() == Quote(100.5, 2.0, 101.0, 1.0, 77, 1234)


def test_clock_is_read_only_when_the_times_are_not_given():
    owner = live(BINANCE)
    owner.clock.reads = 0
    owner.sync.delta([(100.5, 2.0)], [], 11, 11, None, NO_ID, 1234, 5678)
    assert owner.clock.reads == 0
    delta(owner.sync, 12, 12)
    assert owner.sync.monotonic_ns == owner.clock.at_ns


@pytest.mark.parametrize("rule", [BINANCE, MEXC])
def test_old_deltas_are_skipped(rule):
    owner = live(rule)
    delta(owner.sync, 11, 12)
    owner.hear()
    delta(owner.sync, 11, 12, [(1.0, 1.0)])
    delta(owner.sync, 9, 10, [(1.0, 1.0)])
    assert owner.hear() == []
    assert owner.sync.bids() == BIDS
    assert owner.sync.stats.skipped == 2


def test_overlapping_delta_is_applied_where_the_venue_allows_it():
    owner = live(BINANCE)
    delta(owner.sync, 11, 12)
    delta(owner.sync, 12, 14)
    assert owner.sync.last_id == 14


def test_overlapping_delta_is_a_gap_where_the_rule_is_strict():
    owner = live(MEXC)
    delta(owner.sync, 11, 12)
    delta(owner.sync, 12, 14)
    assert_unreadable(owner.sync, BookFault.GAP)


@pytest.mark.parametrize("rule", [BINANCE, MEXC, OBU])
def test_two_connections_may_cut_the_ids_at_different_places(rule):
    owner = live(rule)
    owner.sync.overlapping = True
    for first, last in [(11, 13), (9, 12), (13, 15), (14, 16), (16, 18)]:
        delta(owner.sync, first, last)
    assert owner.sync.last_id == 18
    owner.sync.overlapping = False
    # The one that stays was behind.
    delta(owner.sync, 17, 20)
    assert owner.sync.last_id == 20
    delta(owner.sync, 20, 21)
    assert (owner.sync.state is BookState.LIVE) is not rule.strict


@pytest.mark.parametrize("rule", [OKX, BYBIT])
def test_two_connections_may_repeat_a_chain(rule):
    owner = live(rule)
    owner.sync.overlapping = True
    for number in (11, 12, 11, 13, 12, 13, 14):
        delta(owner.sync, number, number, previous=number - 1)
    assert owner.sync.last_id == 14
    assert owner.sync.stats.skipped == 3
    owner.sync.overlapping = False
    # The one that stays was behind.
    for number in (12, 13, 14, 15):
        delta(owner.sync, number, number, previous=number - 1)
    assert owner.sync.last_id == 15


def test_chain_goes_on_from_irregular_equal_and_lower_ids():
    # The chain of OKX's documentation: a keep-alive (15, 15), then a maintenance reset (15, 3).
    owner = live(OKX)
    for previous, last in [(10, 15), (15, 15), (15, 3), (3, 5)]:
        delta(owner.sync, NO_ID, last, previous=previous)
    assert owner.sync.last_id == 5
    assert len(owner.hear()) == 4


def test_broken_chain_is_a_gap_even_if_the_id_is_one_higher():
    owner = live(OKX)
    delta(owner.sync, 11, 11, previous=9)
    assert_unreadable(owner.sync, BookFault.GAP)


def test_count_below_the_book_without_a_snapshot_is_a_gap():
    # Bybit begins again at 1 with a snapshot: a 2 after 12 means that the snapshot is missing.
    owner = live(BYBIT)
    delta(owner.sync, 11, 11)
    delta(owner.sync, 12, 12)
    delta(owner.sync, 2, 2)
    assert_unreadable(owner.sync, BookFault.GAP)


def test_snapshot_in_the_stream_restarts_the_ids():
    owner = live(BYBIT)
    owner.sync.snapshot([(50.0, 1.0)], [(51.0, 1.0)], 1, None)
    delta(owner.sync, 2, 2, [(50.5, 1.0)])
    assert owner.hear() == [("book", 1), ("book", 2)]
    assert owner.sync.bids() == [(50.5, 1.0), (50.0, 1.0)]


def test_whole_frame_replaces_a_book_that_began_over_rest():
    owner = Owner(BookRule(ids=SequenceRule.RANGE, strict=True, kept_depth=3, resets=True))
    owner.sync.begin()
    delta(owner.sync, 4, 5)
    owner.sync.snapshot(BIDS, ASKS, 20, None)
    delta(owner.sync, 21, 22)
    owner.answer(3)
    assert owner.sync.last_id == 22
    assert owner.hear() == ["snapshot", ("book", 20), ("book", 22)]
    assert_adds_up(owner.sync)


def test_old_snapshot_of_a_second_connection_is_ignored():
    owner = live(OKX)
    delta(owner.sync, NO_ID, 20, previous=10)
    owner.sync.snapshot([(1.0, 1.0)], [(2.0, 1.0)], 15, None)
    assert owner.sync.last_id == 20
    assert owner.sync.bid == 100.0


def test_feed_without_ids_is_applied_in_order():
    owner = Owner(KRAKEN)
    owner.sync.begin()
    owner.sync.snapshot(BIDS, ASKS, NO_ID, None)
    delta(owner.sync, NO_ID, NO_ID, [(100.5, 1.0)])
    delta(owner.sync, NO_ID, NO_ID, [(100.5, 0.0)])
    assert owner.sync.stats.applied == 2
    # 99 was pushed out by 100.5 and dropped: the venue sends no word when it comes back, so it is not shown.
    assert owner.sync.bids() == [(100.0, 1.0)]
    assert owner.sync.asks() == ASKS[:2]


def test_times_stand_in_for_ids_against_a_rest_snapshot():
    owner = Owner(BITSTAMP)
    owner.sync.begin()
    for moment in (5, 9, 12, 12):
        delta(owner.sync, NO_ID, moment)
    owner.answer(9)
    stats = owner.sync.stats
    assert (stats.received, stats.skipped, stats.applied) == (4, 2, 2)


def test_message_older_than_the_rest_snapshot_is_skipped_by_its_time():
    owner = live(BITSTAMP, last_id=9)
    delta(owner.sync, NO_ID, 8, [(100.0, 7.0)])
    delta(owner.sync, NO_ID, 12, [(99.0, 7.0)])
    assert owner.sync.bids(2) == [(100.0, 1.0), (99.0, 7.0)]
    assert (owner.sync.stats.skipped, owner.sync.stats.applied) == (1, 1)


# Faults


def test_gap_makes_the_book_unusable_and_asks_for_a_snapshot():
    owner = live(MEXC)
    delta(owner.sync, 12, 13, [(100.5, 1.0)])
    assert_unreadable(owner.sync, BookFault.GAP)
    assert owner.hear() == [("lost", BookFault.GAP), "snapshot"]
    assert_adds_up(owner.sync)


def test_delta_that_revealed_a_gap_can_still_bridge_to_the_next_snapshot():
    owner = live(MEXC)
    delta(owner.sync, 12, 13, [(100.5, 7.0)])
    assert owner.sync.stats.refused == 1
    delta(owner.sync, 14, 15)
    owner.answer(11)
    assert owner.sync.last_id == 15
    assert owner.sync.bid_size == 7.0
    stats = owner.sync.stats
    assert (stats.received, stats.applied, stats.skipped, stats.refused, stats.gaps) == (2, 2, 0, 0, 1)


def test_delta_that_revealed_a_gap_stays_refused_when_the_snapshot_holds_it():
    owner = live(MEXC)
    delta(owner.sync, 12, 13)
    delta(owner.sync, 14, 15)
    owner.answer(15)
    stats = owner.sync.stats
    assert (stats.received, stats.applied, stats.skipped, stats.refused, stats.gaps) == (2, 0, 1, 1, 1)


@pytest.mark.parametrize("rule", [OKX, BYBIT, OBU])
def test_gap_asks_once_for_a_new_subscription_where_the_stream_brings_snapshots(rule):
    owner = live(rule)
    delta(owner.sync, 13, 13, previous=12)
    delta(owner.sync, 14, 14, previous=13)
    owner.sync.lose(BookFault.MALFORMED)
    assert owner.hear() == [("lost", BookFault.GAP), "resubscribe"]
    owner.sync.begin()
    owner.sync.snapshot(BIDS, ASKS, 20, None)
    assert owner.hear() == [("book", 20)]
    assert_adds_up(owner.sync)


def test_crossed_after_a_message_is_never_shown():
    owner = live(MEXC)
    delta(owner.sync, 11, 11, [(101.0, 1.0)])
    assert_unreadable(owner.sync, BookFault.CROSSED)
    assert owner.hear() == [("lost", BookFault.CROSSED), "snapshot"]
    assert owner.sync.stats.crossed == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [([(101.0, 1.0)], BookFault.CROSSED), ([(price, 0.0) for price, _ in BIDS], BookFault.EXHAUSTED)],
)
def test_flaw_after_a_buffered_message_is_never_shown(changes, fault):
    owner = Owner(BINANCE)
    owner.sync.begin()
    delta(owner.sync, 11, 11, changes)
    owner.answer(10, depth=3)
    assert owner.hear() == ["snapshot", "snapshot"]
    assert_unreadable(owner.sync, fault)
    owner.answer(11)
    assert owner.sync.state is BookState.LIVE
    assert_adds_up(owner.sync)


def test_crossing_inside_one_message_is_no_fault():
    owner = live(MEXC)
    delta(owner.sync, 11, 11, [(101.0, 1.0)], [(101.0, 0.0)])
    assert (owner.sync.bid, owner.sync.ask) == (101.0, 102.0)


def test_snapshot_older_than_what_was_lost_is_not_believed():
    owner = live(MEXC)
    delta(owner.sync, 11, 20, [(101.0, 1.0)])
    owner.hear()
    owner.answer(15)
    assert owner.hear() == ["snapshot"]
    owner.answer(20)
    assert owner.hear() == [("book", 20)]


@pytest.mark.parametrize("level", [(nan, 1.0), (100.0, nan), (100.0, -1.0), (inf, 1.0)])
def test_malformed_levels_make_the_book_unusable(level):
    owner = live(MEXC)
    delta(owner.sync, 11, 11, [level])
    assert_unreadable(owner.sync, BookFault.MALFORMED)
    assert owner.hear() == [("lost", BookFault.MALFORMED), "snapshot"]
    owner.answer(10)
    assert owner.sync.state is BookState.SYNCING
    owner.answer(11)
    assert owner.sync.state is BookState.LIVE
    assert_adds_up(owner.sync)


def test_malformed_frame_resynchronises_whatever_it_may_have_held():
    owner = live(MEXC)
    owner.sync.lose(BookFault.MALFORMED)
    assert_unreadable(owner.sync, BookFault.MALFORMED)
    assert owner.hear() == [("lost", BookFault.MALFORMED), "snapshot"]


@pytest.mark.parametrize("fault", [BookFault.DISCONNECTED, BookFault.STALE, BookFault.HALTED, BookFault.REFUSED])
@pytest.mark.parametrize("rule", [MEXC, OKX])
def test_what_the_owner_mends_waits_for_begin(rule, fault):
    owner = live(rule)
    owner.sync.lose(fault)
    assert_unreadable(owner.sync, fault)
    owner.pass_time(3600)
    assert owner.hear() == [("lost", fault)]
    owner.sync.begin()
    if rule is MEXC:
        owner.answer(30)
    else:
        owner.sync.snapshot(BIDS, ASKS, 30, None)
    assert owner.sync.state is BookState.LIVE


@pytest.mark.parametrize("fault", [BookFault.HALTED, BookFault.REFUSED])
def test_halted_book_is_deaf_to_what_still_arrives(fault):
    owner = live(OBU)
    owner.sync.lose(fault)
    owner.sync.snapshot(BIDS, ASKS, 30, None)
    delta(owner.sync, 31, 31)
    assert_unreadable(owner.sync, fault)


def test_stopped_book_stays_stopped():
    owner = live(OBU)
    owner.sync.stop()
    owner.sync.begin()
    owner.sync.snapshot(BIDS, ASKS, 30, None)
    owner.sync.lose(BookFault.GAP)
    owner.pass_time(60)
    assert_unreadable(owner.sync, BookFault.STOPPED)
    assert owner.hear() == [("lost", BookFault.STOPPED)]


def test_loss_while_synchronising_is_not_told_twice():
    owner = live(MEXC)
    owner.sync.lose(BookFault.MALFORMED)
    owner.sync.lose(BookFault.DISCONNECTED)
    assert owner.hear() == [("lost", BookFault.MALFORMED), "snapshot"]
    assert owner.sync.stats.resyncs == 1
    assert_unreadable(owner.sync, BookFault.DISCONNECTED)


def test_venue_that_counts_anew_does_not_freeze_the_book():
    owner = live(MEXC, last_id=1_000_000)
    owner.clock.at_ns += REPEATS_NS
    delta(owner.sync, 5, 6)
    assert owner.sync.state is BookState.LIVE
    owner.clock.at_ns += 1
    delta(owner.sync, 7, 8)
    assert_unreadable(owner.sync, BookFault.GAP)
    owner.answer(7)
    assert owner.sync.last_id == 8
    assert_adds_up(owner.sync)


# Time


def test_idle_feed_is_stale_and_needs_a_new_subscription():
    owner = live(BookRule(ids=SequenceRule.RANGE, idle_ns=3 * SECOND))
    owner.pass_time(2)
    delta(owner.sync, 11, 11)
    owner.pass_time(3)
    assert owner.sync.state is BookState.LIVE
    owner.pass_time(0.1)
    assert_unreadable(owner.sync, BookFault.STALE)
    assert owner.hear() == [("book", 11), ("lost", BookFault.STALE), "resubscribe"]


def test_quiet_market_is_not_stale_without_an_idle_rule():
    owner = live(MEXC)
    owner.pass_time(86400)
    assert owner.sync.state is BookState.LIVE


def test_snapshot_of_the_stream_that_never_comes_leads_to_a_new_subscription():
    owner = Owner(OKX)
    owner.sync.begin()
    owner.pass_time(10)
    assert owner.hear() == []
    owner.pass_time(0.1)
    owner.pass_time(60)
    assert owner.hear() == ["resubscribe"]
    owner.sync.begin()
    owner.pass_time(10.1)
    assert owner.hear() == ["resubscribe"]
    assert owner.sync.stats.timeouts == 2


def test_attempt_that_takes_too_long_starts_over_without_a_second_request():
    owner = live(MEXC, last_id=1000)
    owner.sync.lose(BookFault.MALFORMED)
    delta(owner.sync, 1010, 1011)
    owner.pass_time(10.1)
    assert owner.hear() == [("lost", BookFault.MALFORMED), "snapshot"]
    # The venue began to count anew meanwhile: the next attempt believes it.
    owner.answer(3)
    assert owner.sync.last_id == 3
    assert_adds_up(owner.sync)


def test_a_book_that_stands_in_line_for_its_snapshot_has_not_timed_out():
    owner = Owner(MEXC)
    owner.sync.begin()
    for _ in range(20):
        owner.pass_time(10.1)
    owner.sync.rest_failed(RateLimitError("the budget is spent", exchange="mexc", local=True))
    owner.pass_time(10.1)
    assert (owner.sync.stats.timeouts, owner.sync.stats.failed_snapshots) == (0, 0)
    # One that was asked, and could not help, has; what stands in line again has not once more.
    owner.sync.rest_failed(ExchangeUnavailable("no answer", exchange="mexc"))
    owner.pass_time(10.1)
    owner.pass_time(10.1)
    assert owner.sync.stats.timeouts == 1
    delta(owner.sync, 20, 20)
    owner.answer(10)
    owner.pass_time(10.1)
    assert (owner.sync.stats.old_snapshots, owner.sync.stats.timeouts) == (1, 2)


def test_time_to_recover_is_kept():
    owner = live(MEXC)
    owner.sync.lose(BookFault.MALFORMED)
    owner.clock.at_ns += 2 * SECOND
    owner.answer(11)
    owner.sync.lose(BookFault.MALFORMED)
    owner.clock.at_ns += SECOND
    owner.answer(12)
    stats = owner.sync.stats
    assert (stats.resyncs, stats.recoveries) == (2, 2)
    assert (stats.recovery_last_ns, stats.recovery_max_ns, stats.recovery_total_ns) == (SECOND, 2 * SECOND, 3 * SECOND)


def test_age_of_the_loss_is_named():
    owner = live(MEXC)
    owner.sync.lose(BookFault.DISCONNECTED)
    owner.clock.at_ns += 12_340_000_000
    with pytest.raises(BookUnavailable, match=r"SYNCING \(disconnected\) for 12.3 s"):
        owner.sync.asks()


# How far a book reaches


def test_filled_snapshot_hides_what_lies_beyond_it():
    owner = live(BINANCE, depth=3)
    delta(owner.sync, 11, 11, [(97.0, 1.0)], [(104.0, 1.0)])
    assert owner.sync.bids(0) == BIDS
    assert owner.sync.asks(0) == ASKS
    delta(owner.sync, 12, 12, [(99.5, 1.0)], [(102.5, 1.0)])
    assert owner.sync.bids(0) == [(100.0, 1.0), (99.5, 1.0), (99.0, 1.0), (98.0, 1.0)]
    assert owner.sync.asks(2) == ASKS[:2]
    assert owner.sync.horizon == (BIDS[-1][0], ASKS[-1][0])


def test_snapshot_that_is_not_filled_covers_everything():
    owner = live(BINANCE, depth=4)
    assert owner.sync.horizon == (0.0, inf)
    delta(owner.sync, 11, 11, [(97.0, 1.0)], [(104.0, 1.0)])
    assert owner.sync.bids(0) == [*BIDS, (97.0, 1.0)]
    assert owner.sync.asks(0) == [*ASKS, (104.0, 1.0)]
    delta(owner.sync, 12, 12, [(price, 0.0) for price, _ in BIDS])
    assert owner.sync.bids() == [(97.0, 1.0)]


@pytest.mark.parametrize("beyond", [[], [(97.0, 1.0)]])
@pytest.mark.parametrize("side", [0, 1])
def test_side_that_leaves_the_snapshot_is_exhausted(side, beyond):
    owner = live(BINANCE, depth=3)
    if side:
        changes = [(price, 0.0) for price, _ in ASKS] + [(204.0 - price, size) for price, size in beyond]
        delta(owner.sync, 11, 11, [], changes)
    else:
        delta(owner.sync, 11, 11, [(price, 0.0) for price, _ in BIDS] + beyond)
    assert_unreadable(owner.sync, BookFault.EXHAUSTED)
    assert owner.hear() == [("lost", BookFault.EXHAUSTED), "snapshot"]
    assert owner.sync.stats.exhausted == 1


def test_new_best_level_inside_the_spread_is_no_exhaustion():
    owner = live(BINANCE, depth=3)
    delta(owner.sync, 11, 11, [(100.5, 1.0)], [(100.6, 1.0)])
    assert (owner.sync.bid, owner.sync.ask) == (100.5, 100.6)


def test_stream_that_maintains_the_depth_also_brings_what_enters_from_beyond():
    owner = Owner(BookRule(ids=SequenceRule.RANGE, strict=True, kept_depth=3))
    owner.sync.begin()
    owner.answer(10, depth=3)
    delta(owner.sync, 11, 11, [(100.0, 0.0), (97.0, 1.0)])
    assert owner.sync.bids() == [(99.0, 1.0), (98.0, 1.0), (97.0, 1.0)]


def test_never_more_levels_than_are_kept():
    owner = live(OBU)
    delta(owner.sync, 11, 11, [(99.5, 1.0)])
    assert owner.sync.bids() == [(100.0, 1.0), (99.5, 1.0), (99.0, 1.0)]
    assert owner.sync.bids(0) == owner.sync.bids(50) == owner.sync.bids(3)
    assert owner.sync.bids(1) == [(100.0, 1.0)]


def test_levels_that_can_never_be_shown_are_dropped_in_time():
    owner = live(BINANCE, depth=3)
    for number in range(1000):
        delta(owner.sync, 11 + number, 11 + number, [(1.0 + number / 100, 1.0)], [(200.0 + number / 100, 1.0)])
    owner.pass_time(1)
    assert owner.sync.book.depth() == (3, 3)
    assert owner.sync.bids(0) == BIDS
    assert owner.sync.state is BookState.LIVE


# Rules that cannot be kept

STREAM = {"snapshot": SnapshotSource.STREAM, "recover": Recovery.RESUBSCRIBE}


def unsummed(bids, asks):
    raise AssertionError("a rule that is refused is never applied")


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (BookRule(ids=SequenceRule.NONE, checksum=Checksum(name="x", depth=10, of=unsummed)), "snapshot"),
        (
            BookRule(ids=SequenceRule.NONE, checksum=Checksum(name="x", depth=0, of=unsummed), **STREAM),
            "checksum.depth",
        ),
        (BookRule(ids=SequenceRule.CHAIN, snapshot=SnapshotSource.STREAM), "recover"),
        (BookRule(ids=SequenceRule.RANGE, kept_depth=0), "kept_depth"),
        (BookRule(ids=SequenceRule.RANGE, cut_each_update=True), "cut_each_update"),
    ],
)
def test_rule_that_would_not_be_kept_is_refused_at_the_start(rule, key):
    with pytest.raises(SettingsError, match=rf"acme: book_rule\.{key}: "):
        Owner(rule)


# Ranges that no venue sends


@pytest.mark.parametrize("rule", [BINANCE, MEXC, OBU])
def test_range_that_ends_before_it_begins_makes_book_unusable(rule):
    owner = live(rule)
    delta(owner.sync, 11, 7, [(100.0, 9.0)])
    assert_unreadable(owner.sync, BookFault.MALFORMED)
    assert owner.sync.book.bids(0) == BIDS
    assert owner.sync.last_id == 10
    assert_adds_up(owner.sync)


def test_range_that_ends_before_it_begins_never_waits_for_a_snapshot():
    owner = Owner(MEXC)
    owner.sync.begin()
    delta(owner.sync, 10**12, 10**11)
    owner.answer(10)
    assert owner.sync.state is BookState.LIVE
    assert_adds_up(owner.sync)
