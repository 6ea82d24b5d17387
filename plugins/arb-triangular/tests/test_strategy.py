"""From books to opportunities: both ways round, bounded by depth, lots and settings, at a cost that is bounded too."""

import gc
import sys
from collections.abc import Callable, Sequence
from math import isnan, nan
from typing import Any

import msgspec
import pytest
from arb_core.registry import Registry
from arb_core.structs.book import BookFault
from arb_core.structs.market import Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Plan
from arb_core.testing import HandBook, HandMarket
from arb_triangular.card import CARD
from arb_triangular.settings import Settings
from arb_triangular.strategy import Triangular

Make = Callable[..., Any]

MEXC = VenueName("mexc")
BTC, CROSS, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "BTC"), Symbol("ETH", "USDT")


@pytest.fixture
def triangular() -> Make:
    """Start a strategy over books; what is not a setting describes the market."""

    def start(books: Sequence[Any], **facts: Any) -> Triangular:
        settings = {name: facts.pop(name) for name in list(facts) if name in Settings.__struct_fields__}
        strategy = Triangular(Settings(**settings))
        strategy.start(HandMarket(books, **facts))
        return strategy

    return start


def one(found: Sequence[Opportunity]) -> Opportunity:
    assert len(found) == 1
    return found[0]


def path(found: Opportunity) -> list[tuple[str, str]]:
    return [(leg.side.name, str(leg.symbol)) for leg in found.legs]


def test_the_parts_are_bought_and_the_whole_is_sold_where_that_is_dear(three: Make, triangular: Make) -> None:
    found = one(triangular(three(), fee=0.0).on_book(CROSS, MEXC))
    assert path(found) == [("BUY", "BTC/USDT"), ("BUY", "ETH/BTC"), ("SELL", "ETH/USDT")]
    assert [leg.venue for leg in found.legs] == ["mexc"] * 3
    assert [leg.price for leg in found.legs] == [100.0, 0.05, 5.05]
    assert [leg.average for leg in found.legs] == pytest.approx([100.0, 0.05, 5.05])
    # Ten ETH are there to buy and to sell; they cost half a BTC.
    assert [leg.size for leg in found.legs] == pytest.approx([0.5, 10.0, 10.0])
    assert found.profit == pytest.approx(10 * 5.05 - 0.5 * 100.0)
    assert found.edge_bps == found.top_edge_bps == pytest.approx(100.0)
    assert (found.plan, found.symbol, found.detected_ns, found.strategy) == (Plan.IN_TURN, BTC, 42, "triangular")
    assert found.size == found.legs[0].size


def test_the_whole_is_bought_and_the_parts_are_sold_where_that_is_cheap(three: Make, triangular: Make) -> None:
    found = one(triangular(three(eth=(4.94, 4.95)), fee=0.0).on_book(ETH, MEXC))
    assert path(found) == [("BUY", "ETH/USDT"), ("SELL", "ETH/BTC"), ("SELL", "BTC/USDT")]
    assert [leg.price for leg in found.legs] == [4.95, 0.04999, 99.99]
    assert [leg.size for leg in found.legs] == pytest.approx([10.0, 10.0, 0.4999])
    assert found.profit == pytest.approx(0.4999 * 99.99 - 49.5)


def test_each_leg_pays_with_what_the_one_before_it_brought_after_its_fee(three: Make, triangular: Make) -> None:
    found = one(triangular(three(), fee=0.001).on_book(BTC, MEXC))
    btc, bought, sold = (leg.size for leg in found.legs)
    assert bought * 0.05 == pytest.approx(btc * 0.999)
    assert sold == pytest.approx(bought * 0.999)
    assert found.profit == pytest.approx(sold * 5.05 * 0.999 - btc * 100.0)
    assert found.edge_bps == pytest.approx(10_000 * (1.01 * 0.999**3 - 1))


@pytest.mark.parametrize("symbol", [BTC, CROSS, ETH])
def test_whichever_book_changes_the_cycle_is_looked_at(three: Make, triangular: Make, symbol: Symbol) -> None:
    assert path(one(triangular(three()).on_book(symbol, MEXC)))[0] == ("BUY", "BTC/USDT")


def test_an_edge_smaller_than_three_fees_is_none(three: Make, triangular: Make) -> None:
    assert triangular(three(), fee=0.0033).on_book(BTC, MEXC)
    assert not triangular(three(), fee=0.0034).on_book(BTC, MEXC)
    fees = {"BTC/USDT": 0.0, "ETH/BTC": 0.0101, "ETH/USDT": 0.0}
    assert not triangular(three(), fees=fees).on_book(BTC, MEXC)


def test_an_unknown_fee_counts_as_none_for_the_strategy(three: Make, triangular: Make) -> None:
    found = triangular(three(), fee=0.0033, fees={"ETH/BTC": None}).on_book(BTC, MEXC)
    assert found, "the verdict refuses it by its check `fees`"


def test_the_minimum_is_strict(three: Make, triangular: Make) -> None:
    books = three(btc=(0.69, 0.7), cross=(0.04, 0.05), eth=(0.03507, 0.036))  # 0.03507 / (0.7 * 0.05): exactly 20 bp
    assert 0.7 * 0.05 != 0.035, "float64 does not say so by itself"
    assert not triangular(books, fee=0.0, min_edge_bps=20.0).on_book(BTC, MEXC)
    assert triangular(books, fee=0.0, min_edge_bps=19.99).on_book(BTC, MEXC)


def test_no_edge_at_all_is_no_edge(three: Make, triangular: Make) -> None:
    assert not triangular(three(btc=(0.69, 0.7), cross=(0.04, 0.05), eth=(0.035, 0.036)), fee=0.0).on_book(BTC, MEXC)


def test_levels_are_taken_as_long_as_the_next_bit_still_earns(triangular: Make) -> None:
    books = [
        HandBook("BTC/USDT").put([(99.0, 9.0)], [(100.0, 1.0), (100.2, 1.0), (103.0, 50.0)]),
        HandBook("ETH/BTC").put([(0.04, 9.0)], [(0.05, 1000.0)]),
        HandBook("ETH/USDT").put([(5.05, 30.0), (5.04, 300.0), (5.0, 300.0)], [(5.2, 1.0)]),
    ]
    found = one(triangular(books, fee=0.0).on_book(BTC, MEXC))
    assert [leg.size for leg in found.legs] == pytest.approx([2.0, 40.0, 40.0])
    assert [leg.price for leg in found.legs] == [100.2, 0.05, 5.04]
    assert [leg.average for leg in found.legs] == pytest.approx([100.1, 0.05, (30 * 5.05 + 10 * 5.04) / 40])
    assert found.profit == pytest.approx(30 * 5.05 + 10 * 5.04 - 200.2)
    assert found.top_edge_bps == pytest.approx(100.0)


def test_depth_beyond_the_first_read_is_walked_too(triangular: Make) -> None:
    books = [
        HandBook("BTC/USDT").put([(99.0, 9.0)], [(100.0 + n / 1000, 0.01) for n in range(50)]),
        HandBook("ETH/BTC").put([(0.04, 9.0)], [(0.05, 1000.0)]),
        HandBook("ETH/USDT").put([(5.05, 1000.0)], [(5.2, 1.0)]),
    ]
    assert one(triangular(books, fee=0.0).on_book(BTC, MEXC)).size == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("facts", "sizes"),
    [
        ({"max_notional": 20.0}, [0.2, 4.0, 4.0]),
        ({"largest": {"BTC/USDT": "0.1"}}, [0.1, 2.0, 2.0]),
        ({"largest": {"ETH/BTC": "3"}}, [0.15, 3.0, 3.0]),
        ({"largest": {"ETH/USDT": "3"}, "max_notional": 10.0}, [0.1, 2.0, 2.0]),
    ],
)
def test_bounds_limit_every_leg(three: Make, triangular: Make, facts: dict[str, Any], sizes: list[float]) -> None:
    found = one(triangular(three(), fee=0.0, **facts).on_book(BTC, MEXC))
    assert [leg.size for leg in found.legs] == pytest.approx(sizes)


def test_max_notional_counts_in_the_money_of_the_cycle(three: Make, triangular: Make) -> None:
    found = one(triangular(three(), fee=0.0, money=("BTC",), max_notional=0.1).on_book(BTC, MEXC))
    assert path(found)[0] == ("BUY", "ETH/BTC")
    assert found.legs[0].size * found.legs[0].average == pytest.approx(0.1)


def test_a_first_leg_that_sells_pays_its_base(three: Make, triangular: Make) -> None:
    found = one(triangular(three(), fee=0.0, money=("ETH",), max_notional=2.0).on_book(BTC, MEXC))
    assert path(found) == [("SELL", "ETH/USDT"), ("BUY", "BTC/USDT"), ("BUY", "ETH/BTC")]
    assert [leg.size for leg in found.legs] == pytest.approx([2.0, 0.101, 2.02])
    assert found.profit == pytest.approx(0.02), "in ETH"


def test_sizes_are_what_can_be_ordered(three: Make, triangular: Make) -> None:
    lots = {"BTC/USDT": "0.004", "ETH/BTC": "0.7", "ETH/USDT": "0.1"}
    found = one(triangular(three(), fee=0.0, lots=lots).on_book(BTC, MEXC))
    # 10 ETH are 9.8 in steps of 0.7. They cost 0.49 BTC, for which 0.492 have to be bought.
    assert [leg.size for leg in found.legs] == [0.492, 9.8, 9.8]
    assert found.profit == pytest.approx(9.8 * 5.05 - 49.2), "the BTC that are left over count nothing"


def test_no_more_is_bought_than_the_legs_after_it_can_use(three: Make, triangular: Make) -> None:
    lots = {"BTC/USDT": "0.001", "ETH/BTC": "0.01", "ETH/USDT": "4"}
    found = one(triangular(three(), fee=0.0, lots=lots).on_book(BTC, MEXC))
    assert [leg.size for leg in found.legs] == [0.4, 8.0, 8.0]
    assert found.edge_bps == pytest.approx(100.0)


def test_what_the_lots_eat_up_is_no_opportunity(three: Make, triangular: Make) -> None:
    lots = {"BTC/USDT": "0.3", "ETH/BTC": "0.1", "ETH/USDT": "5.5"}
    assert not triangular(three(), fee=0.0, lots=lots).on_book(BTC, MEXC), "0.3 BTC bring 5.5 ETH: 27.78 for 30 USDT"


def test_a_size_that_rounds_to_nothing_is_shown_as_it_is(three: Make, triangular: Make) -> None:
    found = one(triangular(three(), fee=0.0, lots={"ETH/USDT": "11"}).on_book(BTC, MEXC))
    assert [leg.size for leg in found.legs] == pytest.approx([0.5, 10.0, 10.0]), "the verdict says: filters"


def test_sizes_nobody_gives_stay_unknown(three: Make, triangular: Make) -> None:
    found = one(triangular(three(size=nan), fee=0.0).on_book(BTC, MEXC))
    assert all(isnan(leg.size) for leg in found.legs)
    assert isnan(found.profit)
    assert found.edge_bps == found.top_edge_bps == pytest.approx(100.0)
    assert [leg.average for leg in found.legs] == [100.0, 0.05, 5.05]


def test_an_edge_that_is_only_wanted_has_no_size(three: Make, triangular: Make) -> None:
    books = three(eth=(4.999, 5.06))
    found = one(triangular(books, fee=0.0, min_edge_bps=-5.0).on_book(BTC, MEXC))
    assert found.size == 0.0
    assert found.edge_bps == pytest.approx(-2.0)


@pytest.mark.parametrize("lost", range(3))
def test_a_book_that_is_not_live_has_no_edge(three: Make, triangular: Make, lost: int) -> None:
    books = three()
    strategy = triangular(books)
    assert strategy.on_book(BTC, MEXC)
    books[lost].lose()
    strategy.on_book_lost(books[lost].symbol, MEXC, BookFault.GAP)
    assert not any(strategy.on_book(symbol, MEXC) for symbol in (BTC, CROSS, ETH))
    books[lost].put(*([(1e-9, 1.0)], [(1e9, 1.0)]))
    assert not strategy.on_book(books[lost].symbol, MEXC)


def test_a_book_without_a_side_has_no_edge(three: Make, triangular: Make) -> None:
    btc, cross, eth = three()
    btc.put([(99.99, 1.0)], [])
    assert not triangular((btc, cross, eth)).on_book(ETH, MEXC)


def test_venues_are_never_mixed(three: Make, triangular: Make) -> None:
    here, there = three(eth=(5.0, 5.01)), three(venue="gateio")
    strategy = triangular([*here, *there], fee=0.0)
    assert not strategy.on_book(BTC, MEXC)
    assert {leg.venue for leg in one(strategy.on_book(BTC, VenueName("gateio"))).legs} == {"gateio"}


def test_a_venue_that_lacks_a_symbol_is_left_out(three: Make, triangular: Make) -> None:
    here, (btc, _, eth) = three(), three(venue="gateio")
    strategy = triangular([*here, btc, eth])
    assert not strategy.on_book(BTC, VenueName("gateio"))
    assert strategy.on_book(BTC, MEXC)


def test_symbols_of_no_cycle_are_of_no_interest(three: Make) -> None:
    strategy = Triangular()
    interest = strategy.start(HandMarket([HandBook("SOL/USDT"), *three()]))
    assert set(interest.symbols) == {BTC, CROSS, ETH}
    assert not strategy.on_book(Symbol("SOL", "USDT"), MEXC)


def test_started_again_it_knows_what_joined(three: Make) -> None:
    books = three()
    strategy = Triangular()
    assert not strategy.start(HandMarket(books[:2])).symbols
    strategy.start(HandMarket(books))
    assert strategy.on_book(CROSS, MEXC)


def test_without_an_edge_nothing_is_read_or_allocated(three: Make, triangular: Make) -> None:
    books = three(eth=(4.99, 5.01))
    strategy = triangular(books)
    on_book = strategy.on_book
    on_book(BTC, MEXC)
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for _ in range(1000):
            on_book(BTC, MEXC)
        grown = sys.getallocatedblocks() - before
    finally:
        gc.enable()
    assert grown < 40, "the counters of the books themselves"
    assert not any(book.depths_read for book in books)
    assert on_book(BTC, MEXC) is on_book(BTC, MEXC), "the same empty tuple each time"


@pytest.fixture
def prices_read(triangular: Make) -> Callable[[int, int], int]:
    """Count what one update of a book reads, beside `symbols` other ones, in `cycles` cycles of its own."""

    def count(symbols: int, cycles: int) -> int:
        books = [HandBook("ETH/USDT")]
        for place in range(cycles):
            books += [HandBook(f"ETH/K{place}"), HandBook(f"K{place}/USDT")]
        for place in range(0, symbols - len(books), 3):
            books += [HandBook(f"A{place}/USDT"), HandBook(f"A{place}/B{place}"), HandBook(f"B{place}/USDT")]
        strategy = triangular(books)
        for book in books:
            book.put([(1.0, 1.0)], [(1.001, 1.0)])
        strategy.on_book(ETH, MEXC)
        assert not any(book.prices_read for book in books[1 + 2 * cycles :])
        return sum(book.prices_read for book in books)

    return count


def test_an_update_costs_the_same_among_ten_symbols_and_among_a_thousand(prices_read: Make) -> None:
    among_ten, among_a_thousand = prices_read(10, 1), prices_read(1000, 1)
    assert among_ten == among_a_thousand == 6
    assert prices_read(1000, 4) == 4 * among_ten, "it grows with the cycles through its symbol, and only with them"


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(msgspec.ValidationError, match="min_edge"):
        msgspec.convert({"min_edge": 5}, Settings)
    with pytest.raises(msgspec.ValidationError, match="in capitals, like USDT, found 'usdt'"):
        msgspec.convert({"money": ["usdt"]}, Settings)
    assert msgspec.convert({"money": ["USDT", "EUR"]}, Settings).money == ("USDT", "EUR")


def test_it_is_found_by_being_installed() -> None:
    registry = Registry()
    assert registry.strategy_card("triangular") == CARD
    assert isinstance(registry.strategy("triangular", Settings(min_edge_bps=3.0)), Triangular)
