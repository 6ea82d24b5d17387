"""This venue's own facts of the card, and how it spells symbols. What all cards must be: `tests/house/test_cards.py`."""

import pytest
from arb_core.errors import InvalidSymbol
from arb_core.structs.market import Pair, Symbol


@pytest.mark.parametrize("text", ["BTC/USDT", "1INCH/USDC", "BTC3S/USDT", "A-B/ETH"])
def test_symbol_and_pair_spell_each_other(public, text):
    symbol = Symbol.parse(text)
    assert public.symbol_to_pair(symbol) == f"{symbol.base}-{symbol.quote}"
    assert public.pair_to_symbol(public.symbol_to_pair(symbol)) == symbol


def test_listed_pairs_are_spelt_so(public, markets):
    for instrument in markets.instruments():
        assert public.symbol_to_pair(instrument.symbol) == instrument.pair
        assert public.pair_to_symbol(instrument.pair) == instrument.symbol


@pytest.mark.parametrize("text", ["BTCUSDT", "", "-", "BTC-", "-USDT"])
def test_pair_of_another_form_is_refused(public, text):
    with pytest.raises(InvalidSymbol, match="BTC-USDT"):
        public.pair_to_symbol(Pair(text))
