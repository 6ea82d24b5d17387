"""This venue's own facts of the card, and how it spells symbols. What all cards must be: `tests/house/test_cards.py`."""

import pytest
from arb_core.errors import InvalidSymbol
from arb_core.structs.market import Pair, Symbol
from arb_kraken import card


@pytest.mark.parametrize("text", ["BTC/USD", "1INCH/EUR", "ETH/BTC", "ADA/USDT"])
def test_symbol_and_pair_spell_each_other(public, text):
    symbol = Symbol.parse(text)
    assert public.symbol_to_pair(symbol) == text
    assert public.pair_to_symbol(Pair(text)) == symbol


def test_listed_pairs_are_spelt_so(public, markets):
    for instrument in markets.instruments():
        assert public.symbol_to_pair(instrument.symbol) == instrument.pair
        assert public.pair_to_symbol(instrument.pair) == instrument.symbol


@pytest.mark.parametrize("text", ["XBTUSD", "", "/", "BTC/", "/USD", "BTC/USD/EUR"])
def test_pair_of_another_form_is_refused(public, text):
    with pytest.raises(InvalidSymbol, match="BTC/USD"):
        public.pair_to_symbol(Pair(text))


@pytest.mark.parametrize(
    ("text", "request_name", "key"),
    [
        ("BTC/USD", "XBTUSD", "XXBTZUSD"),
        ("ETH/BTC", "ETHXBT", "XETHXXBT"),
        ("DOGE/EUR", "XDGEUR", "XXDGZEUR"),
        ("DOGE/USD", "XDGUSD", "XDGUSD"),
        ("ADA/USDT", "ADAUSDT", "ADAUSDT"),
        ("USDT/USD", "USDTUSD", "USDTZUSD"),
        ("USDC/USDT", "USDCUSDT", "USDCUSDT"),
        ("XTZ/EUR", "XTZEUR", "XTZEUR"),
        ("BTC/CHF", "XBTCHF", "XBTCHF"),
    ],
)
def test_a_pair_has_three_names(text, request_name, key):
    symbol = Symbol.parse(text)
    assert card.rest_name(symbol) == request_name
    assert {request_name, key} <= card.rest_names(symbol)
    assert card.split_rest(request_name) == card.split_rest(key) == symbol


@pytest.mark.parametrize(
    ("name", "asset"),
    [("XXBT", "BTC"), ("XBT", "BTC"), ("XXDG", "DOGE"), ("ZUSD", "USD"), ("XETH", "ETH"), ("USDT", "USDT"),
     ("XTZ", "XTZ"), ("ZRX", "ZRX"), ("ETH2.S", "ETH2.S"), ("USD.M", "USD.M"), ("X", "X")],
)  # fmt: skip
def test_an_asset_loses_the_letter_of_old(name, asset):
    assert card.asset(name) == asset


def test_a_name_that_no_quote_ends_is_refused():
    with pytest.raises(InvalidSymbol, match="XXBTZUSD"):
        card.split_rest("NOPE")
