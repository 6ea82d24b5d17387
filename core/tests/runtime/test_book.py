"""One suite for every OrderBook that is installed: a native one must be told from the pure one by its speed alone."""

from math import inf, isnan, nan

import pytest
from arb_core.interfaces.book import BookFactory, OrderBook
from arb_core.registry import Registry
from arb_core.runtime.book import SORTED
from hypothesis import given
from hypothesis import strategies as st

FACTORIES: dict[str, BookFactory] = {factory.name: factory for factory in (SORTED, Registry().book_factory())}

PRICES = st.sampled_from([index / 10 for index in range(1, 40)] + [1e-12, 5e-324, 1e11, 1.7976931348623157e308])
SIZES = st.sampled_from([0.0, 0.0, 1.0, 2.5, 1e-12, 3e11, -0.0])
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=12)
STEPS = st.one_of(
    st.tuples(st.just("replace"), LEVELS, LEVELS),
    st.tuples(st.just("apply"), LEVELS, LEVELS),
    st.tuples(st.just("apply"), LEVELS, LEVELS),
    st.tuples(st.just("cut"), st.integers(0, 10)),
    st.tuples(st.just("clear")),
)


@pytest.fixture(params=sorted(FACTORIES))
def book(request) -> OrderBook:
    return FACTORIES[request.param].make()


class Model:
    """The same book, the slow and obvious way."""

    def __init__(self):
        self.sides = ({}, {})

    def run(self, step, *arguments):
        if step in {"replace", "clear"}:
            self.sides = ({}, {})
        if step in {"replace", "apply"}:
            for side, levels in zip(self.sides, arguments, strict=True):
                for price, size in levels:
                    side.pop(price, None)
                    if size:
                        side[price] = size
        if step == "cut":
            self.sides = dict(self.bids()[: arguments[0]]), dict(self.asks()[: arguments[0]])

    def bids(self):
        return sorted(self.sides[0].items(), reverse=True)

    def asks(self):
        return sorted(self.sides[1].items())


def assert_is(book: OrderBook, bids, asks):
    assert book.bids(0) == bids
    assert book.asks(0) == asks
    assert book.depth() == (len(bids), len(asks))
    for limit in (1, 2, 1000):
        assert book.bids(limit) == bids[:limit]
        assert book.asks(limit) == asks[:limit]
    for best, levels in (((book.bid, book.bid_size), bids), ((book.ask, book.ask_size), asks)):
        if levels:
            assert best == levels[0]
        else:
            assert isnan(best[0])
            assert isnan(best[1])


@pytest.mark.parametrize("name", sorted(FACTORIES))
@given(steps=st.lists(STEPS, max_size=12))
def test_is_the_same_as_two_plain_maps(name, steps):
    book, model = FACTORIES[name].make(), Model()
    assert_is(book, [], [])
    for step in steps:
        getattr(book, step[0])(*step[1:])
        model.run(*step)
        assert_is(book, model.bids(), model.asks())


def test_last_of_equal_prices_in_a_message_wins(book):
    book.apply([(1.0, 1.0), (1.0, 0.0), (1.0, 2.0)], [(2.0, 1.0), (2.0, 0.0)])
    assert_is(book, [(1.0, 2.0)], [])
    book.replace([(1.0, 1.0), (1.0, 3.0)], [(2.0, 1.0), (2.0, 0.0)])
    assert_is(book, [(1.0, 3.0)], [])


def test_removing_a_level_that_is_not_there_is_normal(book):
    book.apply([(1.0, 0.0)], [(2.0, 0.0)])
    assert_is(book, [], [])


def test_next_level_is_best_when_the_best_goes(book):
    book.replace([(3.0, 1.0), (2.0, 2.0)], [(4.0, 1.0), (5.0, 2.0)])
    book.apply([(3.0, 0.0)], [(4.0, 0.0)])
    assert (book.bid, book.bid_size, book.ask, book.ask_size) == (2.0, 2.0, 5.0, 2.0)


def test_new_size_of_the_best_level_shows(book):
    book.replace([(3.0, 1.0)], [(4.0, 1.0)])
    book.apply([(3.0, 7.0)], [(4.0, 8.0)])
    assert (book.bid_size, book.ask_size) == (7.0, 8.0)


def test_given_lists_stay_the_callers(book):
    bids, asks = [(3.0, 1.0), (2.0, 0.0)], [(4.0, 1.0)]
    book.replace(bids, asks)
    book.apply([(3.0, 0.0)], [(4.5, 1.0)])
    assert (bids, asks) == ([(3.0, 1.0), (2.0, 0.0)], [(4.0, 1.0)])
    book.bids(0).clear()
    book.asks(0).clear()
    assert_is(book, [], [(4.0, 1.0), (4.5, 1.0)])


@pytest.mark.parametrize("price", [nan, inf, -inf, 0.0, -0.0, -1.0])
@pytest.mark.parametrize("size", [1.0, 0.0])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("method", ["replace", "apply"])
def test_impossible_price_is_refused(book, method, side, price, size):
    levels = ([(1.0, 1.0), (price, size)], [])
    with pytest.raises(ValueError, match="price"):
        getattr(book, method)(levels[side], levels[1 - side])


@pytest.mark.parametrize("size", [nan, inf, -inf, -1.0])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("method", ["replace", "apply"])
def test_impossible_size_is_refused(book, method, side, held, size):
    if held:
        book.replace([(1.0, 1.0)], [(1.0, 1.0)])
    levels = ([(1.0, size)], [])
    with pytest.raises(ValueError, match="size"):
        getattr(book, method)(levels[side], levels[1 - side])


@given(levels=st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=8), as_bids=st.booleans())
@pytest.mark.parametrize("name", sorted(FACTORIES))
def test_any_floats_are_taken_or_refused_and_never_kept_wrong(name, levels, as_bids):
    book = FACTORIES[name].make()
    good = all(0.0 < price < inf and 0.0 <= size < inf for price, size in levels)
    arguments = (levels, []) if as_bids else ([], levels)
    try:
        book.apply(*arguments)
    except ValueError:
        assert not good
    else:
        assert good
        held = book.bids(0) if as_bids else book.asks(0)
        assert dict(held) == {price: size for price, size in dict(levels).items() if size}


def test_refused_book_can_be_replaced(book):
    book.replace([(3.0, 1.0)], [(4.0, 1.0)])
    with pytest.raises(ValueError, match="size"):
        book.apply([(2.0, 1.0), (3.0, nan)], [(4.0, 0.0)])
    book.replace([(1.0, 1.0)], [(2.0, 1.0)])
    assert_is(book, [(1.0, 1.0)], [(2.0, 1.0)])


def test_python_book_is_always_there():
    assert (SORTED.name, SORTED.rank) == ("python", 0)
    assert SORTED.make() is not SORTED.make()
