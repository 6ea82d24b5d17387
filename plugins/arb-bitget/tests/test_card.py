"""This venue's own facts of the card, and how it spells symbols. What all cards must be: `tests/house/test_cards.py`."""

import pytest
from arb_bitget import card
from arb_core.errors import InvalidSymbol
from arb_core.structs.card import Capability
from arb_core.structs.market import Pair


def test_listed_pairs_are_spelt_so(public, markets):
    for instrument in markets.instruments():
        assert public.symbol_to_pair(instrument.symbol) == instrument.pair
        assert public.pair_to_symbol(instrument.pair) == instrument.symbol


def test_pair_that_is_not_listed_is_refused(public):
    with pytest.raises(InvalidSymbol):
        public.pair_to_symbol(Pair("NOSUCHPAIR"))


def test_what_nobody_knows_of_balances_is_not_claimed():
    assert card.CARD.unknown == {Capability.BALANCES_STREAM}
    assert Capability.BALANCES_STREAM not in card.CARD.capabilities
