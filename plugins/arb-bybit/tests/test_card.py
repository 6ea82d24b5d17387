"""This venue's own facts of the card, and how it spells symbols. What all cards must be: `tests/house/test_cards.py`."""

import pytest
from arb_bybit import card
from arb_core.errors import InvalidSymbol
from arb_core.structs.market import Pair, Symbol


@pytest.mark.parametrize("text", ["BTC/USDT", "1INCH/USDC", "USDC/USDT"])
def test_symbol_is_spelt_without_a_separator(public, text):
    symbol = Symbol.parse(text)
    assert public.symbol_to_pair(symbol) == symbol.base + symbol.quote


def test_listed_pairs_are_spelt_so_and_found_again(public, markets):
    for instrument in markets.instruments():
        assert public.symbol_to_pair(instrument.symbol) == instrument.pair
        assert public.pair_to_symbol(instrument.pair) == instrument.symbol


def test_pair_that_is_not_listed_is_refused(public):
    with pytest.raises(InvalidSymbol):
        public.pair_to_symbol(Pair("NOPEUSDT"))


def test_limits_of_an_account_are_of_each_endpoint_by_itself():
    assert all(limit.per_endpoint for limit in card.CARD.limits if limit.scope == "key")
    counted = {usage.limit for usage in card.CARD.usage}
    assert counted == {limit.name for limit in card.CARD.limits if limit.scope == "key"}
