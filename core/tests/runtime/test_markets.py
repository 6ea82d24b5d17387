from decimal import Decimal

import pytest
from arb_core.errors import InvalidSymbol
from arb_core.runtime.markets import MarketTable
from arb_core.structs.market import Instrument, Pair, Symbol


def instrument(text: str, pair: str) -> Instrument:
    return Instrument(symbol=Symbol.parse(text), pair=Pair(pair), tick=Decimal("0.01"), lot=Decimal("0.001"))


@pytest.fixture
def table() -> MarketTable:
    table = MarketTable("gateio")
    listed = [
        instrument("BTC/USDT", "BTC_USDT"),
        instrument("BTC/USDC", "BTC_USDC"),
        instrument("ETH/USDT", "ETH_USDT"),
        instrument("ETH/BTC", "ETH_BTC"),
        instrument("DOGE/USDT", "DOGE_USDT"),
    ]
    table.fill({each.symbol: each for each in listed})
    return table


def test_both_spellings_lead_to_each_other(table):
    assert table.pair(Symbol("ETH", "BTC")) == "ETH_BTC"
    assert table.symbol(Pair("ETH_BTC")) == Symbol("ETH", "BTC")
    assert table.instrument(Symbol("ETH", "BTC")).pair == "ETH_BTC"
    assert len(list(table.instruments())) == len(table) == 5
    assert Symbol("ETH", "BTC") in table


def test_misspelt_symbol_is_answered_with_near_matches(table):
    with pytest.raises(InvalidSymbol, match=r"gateio: DOGGE/USDT is not listed; did you mean DOGE/USDT"):
        table.pair(Symbol("DOGGE", "USDT"))


def test_other_quotes_of_the_same_base_come_first(table):
    with pytest.raises(InvalidSymbol, match=r"BTC/USD is not listed; did you mean BTC/USDC or BTC/USDT"):
        table.pair(Symbol("BTC", "USD"))


def test_swapped_sides_are_recognised(table):
    with pytest.raises(InvalidSymbol, match=r"USDT/BTC is not listed; did you mean BTC/USDT\?"):
        table.pair(Symbol("USDT", "BTC"))


def test_nothing_similar_means_no_advice(table):
    with pytest.raises(InvalidSymbol, match=r"ZZZZZ/QQQQQ is not listed$"):
        table.pair(Symbol("ZZZZZ", "QQQQQ"))


def test_unknown_pair_is_answered_in_everybodys_spelling(table):
    with pytest.raises(InvalidSymbol, match=r"BTCUSDT is not listed; did you mean BTC/USDT"):
        table.symbol(Pair("BTCUSDT"))


@pytest.mark.parametrize("text", ["BTC/USDT", "btc/usdt", " btc_usdt ", "BTC_USDT"])
def test_find_takes_what_a_user_types(table, text):
    assert table.find(text) == Symbol("BTC", "USDT")


def test_find_of_another_venues_spelling_names_the_right_one(table):
    with pytest.raises(InvalidSymbol, match=r"btcusdt is not listed; did you mean BTC/USDT"):
        table.find("btcusdt")


def test_find_of_something_that_is_no_symbol_says_how_one_looks(table):
    with pytest.raises(InvalidSymbol, match="expected a symbol like BTC/USDT, found '!!'"):
        table.find("!!")


def test_table_that_was_not_filled_says_so():
    with pytest.raises(InvalidSymbol, match="mexc: BTC/USDT: the list of instruments has not been fetched yet"):
        MarketTable("mexc").pair(Symbol("BTC", "USDT"))


def test_rule_spells_a_symbol_only_before_there_is_a_list(table):
    def spell(symbol):
        return Pair(f"{symbol.base}-{symbol.quote}")

    assert MarketTable("mexc").pair(Symbol("BTC", "EUR"), spell) == "BTC-EUR"
    assert table.pair(Symbol("BTC", "USDT"), spell) == "BTC_USDT"
    with pytest.raises(InvalidSymbol, match="BTC/EUR is not listed"):
        table.pair(Symbol("BTC", "EUR"), spell)


def test_filling_again_forgets_what_was_delisted(table):
    table.fill({Symbol("ETH", "USDT"): instrument("ETH/USDT", "ETH_USDT")})
    with pytest.raises(InvalidSymbol):
        table.symbol(Pair("BTC_USDT"))
    assert len(table) == 1
