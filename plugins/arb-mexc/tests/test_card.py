"""This venue's own facts of the card, and how it spells symbols. What all cards must be: `tests/house/test_cards.py`."""

import pytest
from arb_core.errors import InvalidSymbol
from arb_core.structs.market import Pair, Symbol


@pytest.mark.parametrize("text", ["BTC/USDT", "1INCH/USDC", "币安人生/USDT"])
def test_symbol_is_spelt_by_joining(public, text):
    symbol = Symbol.parse(text)
    assert public.symbol_to_pair(symbol) == symbol.base + symbol.quote


def test_pair_is_split_by_the_instrument_list(public, markets):
    for instrument in markets.instruments():
        assert public.symbol_to_pair(instrument.symbol) == instrument.pair
        assert public.pair_to_symbol(instrument.pair) == instrument.symbol


def test_pair_that_is_not_listed_is_refused(public):
    with pytest.raises(InvalidSymbol, match="BTCUSDX"):
        public.pair_to_symbol(Pair("BTCUSDX"))
