import pytest
from arb_sim.kernel.book import Book, Ladder
from arb_sim.kernel.history import History
from hypothesis import given
from hypothesis import strategies as st

levels = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=8)
events = st.lists(st.tuples(levels, levels), max_size=60)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5))), st.booleans())
def test_ladder_is_a_sorted_map(changes, bids):
    ladder, model = Ladder(bids=bids), {}
    for price, size in changes:
        assert ladder.set(price, size) == (model.get(price, 0) != size)
        model.pop(price, None)
        if size:
            model[price] = size
        ordered = sorted(model.items(), reverse=bids)
        assert list(ladder) == ladder.top(100) == ordered
        assert (ladder.best, ladder.worst) == ((ordered[0][0], ordered[-1][0]) if ordered else (None, None))
        assert len(ladder) == len(ordered)


@given(events)
def test_versions_count_levels_or_events(changes):
    per_level, per_event = (Book(version=100, ids_per_level=flag) for flag in (True, False))
    for bids, asks in changes:
        before = dict(per_level.bids.sizes), dict(per_level.asks.sizes)
        was = per_level.version, per_event.version
        for book in (per_level, per_event):
            book.change(bids, asks, 0)
        if before == (per_level.bids.sizes, per_level.asks.sizes) and per_level.version == was[0]:
            assert per_event.version == was[1]
        else:
            assert per_event.version == was[1] + 1
            assert per_level.version > was[0]


@given(events, st.data())
def test_history_knows_the_book_at_every_version(changes, data):
    book = Book(version=5, ids_per_level=True)
    history = History(book)
    known = {5: ({}, {})}
    for bids, asks in changes:
        book.change(bids, asks, 0)
        known[book.version] = dict(book.bids.sizes), dict(book.asks.sizes)
    assert history.oldest == 5
    assert history.since(5) == sorted(known)[1:]
    for version in data.draw(st.lists(st.sampled_from(sorted(known)), max_size=20)):
        assert history.at(version) == known[version]
        bids, asks = history.top(version, 3)
        assert bids == sorted(known[version][0].items(), reverse=True)[:3]
        assert asks == sorted(known[version][1].items())[:3]


def test_history_refuses_a_version_that_never_was():
    book = Book(version=5, ids_per_level=True)
    history = History(book)
    book.change([(1, 1), (2, 2)], [], 0)
    with pytest.raises(LookupError, match="never stood at version 6"):
        history.at(6)
    with pytest.raises(LookupError, match="older"):
        history.at(4)


def test_history_forgets_what_is_older_than_wanted():
    book = Book(version=0, ids_per_level=False)
    history = History(book, keep=600)
    for size in range(1, 5000):
        book.change([(1, size)], [], 0)
    assert history.at(4999) == ({1: 4999}, {})
    assert history.at(4400) == ({1: 4400}, {})
    with pytest.raises(LookupError, match="older"):
        history.at(1000)
    assert len(history._events) < 2000
