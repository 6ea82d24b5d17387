"""Books whose venue sums up what it printed."""

from zlib import crc32

import pytest
from arb_core.interfaces.context import Clock
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import (
    BookFault,
    BookRule,
    BookState,
    Checksum,
    LaterTexts,
    Printed,
    PrintedLevel,
    Recovery,
    SequenceRule,
    SnapshotSource,
)
from arb_core.structs.market import Symbol, VenueName
from hypothesis import given
from hypothesis import strategies as st


class StillClock(Clock):
    """Stands."""

    def now_ns(self):
        return 1

    def monotonic_ns(self):
        return 1

    def sleep(self, duration_ns):
        raise AssertionError("a book never waits")

    def call_at(self, monotonic_ns, callback):
        raise AssertionError("a book sets no timers")


def kraken_sum(bids, asks):
    """Asks, then bids, price and size without dot and without leading zeros; Kraken's documentation of `book`."""
    digits = [text.replace(".", "").lstrip("0") for level in (*asks, *bids) for text in level]
    return crc32("".join(digits).encode())


def follower(of=kraken_sum, *, ids=SequenceRule.NONE, depth=10, kept=10):
    rule = BookRule(
        ids=ids,
        snapshot=SnapshotSource.STREAM,
        recover=Recovery.RESUBSCRIBE,
        kept_depth=kept,
        cut_each_update=True,
        checksum=Checksum(name="crc32", depth=depth, of=of),
    )
    heard = []
    sync = BookSync(
        VenueName("acme"),
        Symbol("MATIC", "USD"),
        rule,
        SORTED.make(),
        StillClock(),
        on_book=lambda _: heard.append("book"),
        on_lost=lambda _, fault: heard.append(fault),
        need_snapshot=lambda _: heard.append("snapshot"),
        need_resubscribe=lambda _: heard.append("resubscribe"),
    )
    sync.begin()
    return sync, heard


def levels(texts):
    return [(float(price), float(size)) for price, size in texts]


def whole(sync, bids, asks, checksum, last_id=-1):
    printed = Printed(bids=bids, asks=asks, checksum=checksum)
    sync.snapshot(levels(bids), levels(asks), last_id, None, 0, 1, 1, printed)


def change(sync, bids, asks, checksum, first=-1, *, at_ns=None):
    printed = Printed(bids=bids, asks=asks, checksum=checksum)
    sync.delta(levels(bids), levels(asks), first, first, at_ns, -1, 1, 1, printed)


def split(text):
    return [tuple(level.split("/")) for level in text.split()]


# The worked example of Kraken's documentation (sizes padded to the eight digits of the pair's precision).
ASKS = split(
    "0.5668/4410.79769741 0.5669/4655.40412487 0.5670/49844.89424998 0.5671/24306.41678000 0.5672/29783.25223475 "
    "0.5673/57234.71239278 0.5674/45065.04744000 0.5675/5912.76380354 0.5676/42514.92434778 0.5677/36304.08470220"
)
BIDS = split(
    "0.5666/4831.75496356 0.5665/6658.22734739 0.5664/18724.91513344 0.5663/11563.92544914 0.5662/14006.65365711 "
    "0.5661/17454.85679807 0.5660/18097.15470000 0.5659/33644.89175666 0.5658/148.34640000 0.5657/606.70854372"
)
SUM = 2439117997


def test_documented_sum_is_met():
    sync, heard = follower()
    whole(sync, BIDS, ASKS, SUM)
    assert heard == ["book"]
    assert sync.state is BookState.LIVE
    assert (sync.stats.checksums_ok, sync.stats.checksums_bad) == (1, 0)


@pytest.mark.parametrize(("ids", "shown"), [(SequenceRule.NONE, 2), (SequenceRule.CHAIN, 4)])
def test_without_ids_no_level_is_shown_that_the_sum_does_not_cover(ids, shown):
    """A message that is lost and changes deeper levels alone is noticed by nothing else."""
    sync, _ = follower(ids=ids, depth=2, kept=4)
    whole(sync, BIDS[:4], ASKS[:4], kraken_sum(BIDS[:2], ASKS[:2]), last_id=7)
    assert sync.bids(0) == levels(BIDS[:shown])
    assert sync.asks(3) == levels(ASKS[: min(shown, 3)])
    assert sync.book.depth() == (4, 4)


def test_without_ids_a_change_that_comes_after_a_later_one_is_told_by_the_venues_clock():
    """Each sum is true of the book that its own message left: of one level that changed twice, the sums tell nothing."""
    sync, heard = follower()
    whole(sync, BIDS, ASKS, SUM)
    earlier, later = (("0.5666", size) for size in ("1.00000000", "2.00000000"))
    sums = [kraken_sum([level, *BIDS[1:]], ASKS) for level in (earlier, later)]
    change(sync, [later], [], sums[1], at_ns=7)
    change(sync, [later], [], sums[1], at_ns=7)
    assert sync.state is BookState.LIVE
    heard.clear()
    change(sync, [earlier], [], sums[0], at_ns=6)
    assert heard == [BookFault.GAP, "resubscribe"]
    assert sync.quote() is None


def test_one_digit_that_was_printed_otherwise_makes_book_unusable():
    sync, heard = follower()
    whole(sync, BIDS, [("0.5668", "4410.7976974"), *ASKS[1:]], SUM)
    assert heard == ["resubscribe"]
    assert sync.fault is BookFault.CHECKSUM
    assert sync.stats.checksums_bad == 1


def test_wrong_sum_of_a_change_makes_book_unusable_before_anybody_sees_it():
    sync, heard = follower()
    whole(sync, BIDS, ASKS, SUM)
    heard.clear()
    change(sync, [("0.5667", "1.00000000")], [], SUM)
    assert heard == [BookFault.CHECKSUM, "resubscribe"]
    assert sync.quote() is None
    sync.begin()
    whole(sync, BIDS, ASKS, SUM)
    assert sync.state is BookState.LIVE


def test_message_without_a_sum_is_believed_and_the_next_sum_counts():
    sync, heard = follower()
    whole(sync, BIDS, ASKS, None)
    change(sync, [("0.5667", "1.00000000")], [], None)
    assert heard == ["book", "book"]
    assert sync.stats.checksums_ok == 0
    change(sync, [("0.5667", "2.0")], [], kraken_sum([("0.5667", "2.0"), *BIDS[:9]], ASKS))
    assert sync.stats.checksums_ok == 1


@pytest.mark.parametrize(
    "printed", [None, Printed(bids=[], asks=[]), Printed(bids=[("0.5667", "1.0")], asks=[("0.7", "1")])]
)
def test_levels_without_their_texts_are_malformed(printed):
    sync, heard = follower()
    whole(sync, BIDS, ASKS, SUM)
    heard.clear()
    sync.delta([(0.5667, 1.0)], [], -1, -1, None, -1, 1, 1, printed)
    assert heard == [BookFault.MALFORMED, "resubscribe"]


def test_level_that_moves_up_among_the_best_is_summed_as_it_was_printed_long_ago():
    sync, _ = follower(depth=2, kept=3)
    bids, asks = [("3", "1.0"), ("2", "1.00"), ("1", "1.000")], [("4", "1"), ("5", "1"), ("6", "1")]
    whole(sync, bids, asks, kraken_sum(bids[:2], asks[:2]))
    change(sync, [("3", "0")], [], kraken_sum(bids[1:], asks[:2]))
    assert sync.state is BookState.LIVE
    assert sync.stats.checksums_ok == 2


def test_change_below_the_summed_levels_leaves_the_sum_and_a_wrong_one_is_found():
    summed = []

    def of(bids, asks):
        summed.append((bids, asks))
        return kraken_sum(bids, asks)

    sync, heard = follower(of, depth=2, kept=10)
    right = kraken_sum(BIDS[:2], ASKS[:2])
    whole(sync, BIDS, ASKS, right)
    change(sync, [BIDS[5]], [("0.5675", "0")], right)
    change(sync, [("0.5663", "7")], [], right)
    assert (len(summed), sync.stats.checksums_ok) == (1, 3)
    change(sync, [(BIDS[1][0], "7")], [], kraken_sum([BIDS[0], (BIDS[1][0], "7")], ASKS[:2]))
    assert (len(summed), sync.stats.checksums_ok) == (2, 4)
    change(sync, [("0.5660", "1")], [], right)
    assert heard[-2:] == [BookFault.CHECKSUM, "resubscribe"]


def test_texts_that_are_made_later_are_made_once_and_only_when_summed_up():
    made: list[int] = []

    def make() -> list[PrintedLevel]:
        made.append(1)
        return [(price, size) for price, size in BIDS]

    texts = LaterTexts(len(BIDS), make)
    assert (len(texts), made) == (10, [])
    assert texts == BIDS
    assert (texts[0], texts[1:], made) == (BIDS[0], BIDS[1:], [1])


def test_texts_of_levels_that_are_gone_are_swept_out():
    sync, _ = follower(kept=2)
    bids = [("10", "1"), ("9", "1")]
    whole(sync, bids, [("11", "1")], None)
    for cents in range(1, 4000):
        change(sync, [(f"{10 + cents / 10000:.4f}", "1")], [], None)
    printed = sync._printed
    assert printed is not None
    assert len(printed._bids) > 4000
    sync.check(1)
    assert len(printed._bids) == 2


# Two digits of a price and three of a size: Kraken's sum is over digits without points and zeros in front, so that 1.0
# and 0.10, or 1 at 12 and 21 at 1, are the same to it, and such a loss goes unseen by anyone.
SIDE = st.dictionaries(
    st.integers(10, 40), st.sampled_from(["0", "1.50", "2.75", "3.00", "4.25"]), min_size=1, max_size=6
)


@given(st.lists(st.tuples(SIDE, SIDE), max_size=25), st.integers(0, 24))
def test_follower_agrees_with_an_honest_venue_and_notices_a_lost_change(changes, lost):
    """The venue here keeps texts alone; a lost change that mattered to the sum is found at once."""
    bids, asks = {50: "1.0"}, {51: "1.0"}

    def shown():
        def best(side, reverse):
            return [(str(price), side[price]) for price in sorted(side, reverse=reverse)[:5]]

        return best(bids, reverse=True), best(asks, reverse=False)

    sync, heard = follower(depth=5, kept=500)
    whole(sync, *shown(), kraken_sum(*shown()))
    believed = shown()
    for number, (lower, upper) in enumerate(changes):
        for side, sizes in ((bids, lower), (asks, {60 + price: size for price, size in upper.items()})):
            for price, size in sizes.items():
                if float(size):
                    side[price] = size
                else:
                    side.pop(price, None)
        if number == lost:
            continue
        texts = [(str(price), size) for price, size in lower.items()]
        upper_texts = [(str(60 + price), size) for price, size in upper.items()]
        change(sync, texts, upper_texts, kraken_sum(*shown()))
        if sync.state is not BookState.LIVE:
            assert number > lost
            assert heard[-2:] == [BookFault.CHECKSUM, "resubscribe"]
            return
        believed = shown()
        assert sync.bids(5) == levels(believed[0])
        assert sync.asks(5) == levels(believed[1])
