"""Which symbols make a cycle, and where each way round begins."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from arb_core.structs.market import Side
from arb_core.testing import HandBook, HandMarket
from arb_triangular.cycles import Cycle, find, triangle

Make = Callable[..., Any]


def parts(symbols: Iterable[str], *money: str) -> list[tuple[str, ...]]:
    books = [HandBook(symbol) for symbol in symbols]
    return [(found.money, *(str(book.symbol) for book in found[1:])) for found in find(books, money or ("USDT",))]


def legs(cycle: Cycle) -> list[str]:
    return [f"{turn.side.name} {turn.book.symbol}" for turn in cycle.turns]


def test_three_assets_make_one_product_of_two() -> None:
    found = [("USDT", "ETH/USDT", "ETH/BTC", "BTC/USDT")]
    assert parts(["BTC/USDT", "ETH/BTC", "ETH/USDT"]) == found
    assert parts(["ETH/USDT", "BTC/USDT", "ETH/BTC"]) == found


def test_without_the_third_symbol_or_the_money_there_is_none() -> None:
    assert not parts(["BTC/USDT", "ETH/USDT"])
    assert not parts(["BTC/USDT", "ETH/BTC", "ETH/EUR"])
    assert not parts(["BTC/EUR", "ETH/BTC", "ETH/EUR"])


def test_a_triangle_with_two_moneys_begins_with_the_first_and_is_found_once() -> None:
    symbols = ["BTC/USDT", "ETH/BTC", "ETH/USDT"]
    assert [found[0] for found in parts(symbols, "BTC", "USDT")] == ["BTC"]
    assert [found[0] for found in parts(symbols, "EUR", "USDT", "ETH")] == ["USDT"]


def test_every_triangle_of_a_net_is_found() -> None:
    symbols = ["BTC/USDT", "ETH/USDT", "ETH/BTC", "SOL/USDT", "SOL/BTC", "SOL/ETH", "USDC/USDT", "BTC/USDC"]
    found = parts(symbols)
    assert {frozenset(three[1:]) for three in found} == {
        frozenset(["ETH/USDT", "ETH/BTC", "BTC/USDT"]),
        frozenset(["SOL/USDT", "SOL/BTC", "BTC/USDT"]),
        frozenset(["SOL/USDT", "SOL/ETH", "ETH/USDT"]),
        frozenset(["BTC/USDT", "BTC/USDC", "USDC/USDT"]),
    }
    assert len(found) == 4


def test_a_derivative_is_no_part_of_a_cycle() -> None:
    assert not parts(["BTC/USDT", "ETH/BTC", "ETH/USDT:USDT"])


def test_quotes_that_chase_each_other_are_left_alone() -> None:
    assert not parts(["BTC/USDT", "ETH/BTC", "USDT/ETH"])


def test_two_markets_between_the_same_assets_make_two_triangles() -> None:
    found = parts(["BTC/USDT", "ETH/BTC", "BTC/ETH", "ETH/USDT"])
    assert sorted(found) == [
        ("USDT", "BTC/USDT", "BTC/ETH", "ETH/USDT"),
        ("USDT", "ETH/USDT", "ETH/BTC", "BTC/USDT"),
    ]


@pytest.mark.parametrize(
    ("money", "sell_whole", "buy_whole"),
    [
        (
            "USDT",
            ["BUY BTC/USDT", "BUY ETH/BTC", "SELL ETH/USDT"],
            ["BUY ETH/USDT", "SELL ETH/BTC", "SELL BTC/USDT"],
        ),
        (
            "BTC",
            ["BUY ETH/BTC", "SELL ETH/USDT", "BUY BTC/USDT"],
            ["SELL BTC/USDT", "BUY ETH/USDT", "SELL ETH/BTC"],
        ),
        (
            "ETH",
            ["SELL ETH/USDT", "BUY BTC/USDT", "BUY ETH/BTC"],
            ["SELL ETH/BTC", "SELL BTC/USDT", "BUY ETH/USDT"],
        ),
    ],
)
def test_both_ways_round_begin_and_end_with_the_money(
    three: Make, money: str, sell_whole: list[str], buy_whole: list[str]
) -> None:
    books = three()
    (found,) = find(books, [money])
    made = triangle(found, HandMarket(books), 0.0)
    assert (legs(made.sell_whole), legs(made.buy_whole)) == (sell_whole, buy_whole)
    for cycle in (made.sell_whole, made.buy_whole):
        held = money
        for turn in cycle.turns:
            assert held == (turn.book.symbol.quote if turn.side is Side.BUY else turn.book.symbol.base)
            held = turn.book.symbol.base if turn.side is Side.BUY else turn.book.symbol.quote
        assert held == money


def test_every_leg_pays_its_own_fee(three: Make) -> None:
    books = three()
    (found,) = find(books, ["USDT"])
    market = HandMarket(books, fees={"BTC/USDT": 0.001, "ETH/BTC": 0.0005, "ETH/USDT": 0.002})
    made = triangle(found, market, 0.0)
    rate = 5.05 / (100.0 * 0.05) * 0.999 * 0.9995 * 0.998
    assert made.sell_whole.edge_bps([100.0, 0.05, 5.05]) == pytest.approx(10_000 * (rate - 1))
    assert made.sell_gate * (100.0 * 0.05) / 5.05 == pytest.approx(1 / rate)
