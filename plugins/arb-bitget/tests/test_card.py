"""The card, the README that repeats it, the samples and the spelling of symbols."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from arb_bitget import card, parse, plugin, private_stream, stream
from arb_core.errors import InvalidSymbol
from arb_core.structs.card import CONTRACT, Capability, Endpoint, ExchangeSettings
from arb_core.structs.market import Pair
from arb_core.structs.stream import KLINE_INTERVALS

HERE = Path(__file__).parent
SAMPLES = files("arb_bitget") / "samples"
README = (HERE.parent / "README.md").read_text("utf-8")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_card_speaks_the_contract():
    assert plugin.arb_exchange_card() is card.CARD
    assert card.CARD.contract == CONTRACT
    assert set(card.CARD.kline_intervals) <= set(KLINE_INTERVALS)


def test_every_endpoint_takes_from_limits_that_exist():
    endpoints = [value for value in vars(card).values() if isinstance(value, Endpoint)]
    assert endpoints
    assert {name for endpoint in endpoints for name in endpoint.cost} <= {limit.name for limit in card.CARD.limits}


def test_readme_says_what_the_card_says():
    works = section("What works")
    assert set(re.findall(r"^- `(\w+)`", works, re.MULTILINE)) == set(card.CARD.capabilities)
    for intervals in re.findall(r"candles of (.*)\.", works):
        assert tuple(intervals.replace("`", "").split(" ")) == card.CARD.kline_intervals
    assert re.findall(r"^- (.*)$", section("Quirks"), re.MULTILINE) == list(card.CARD.quirks)
    assert card.CARD.docs in section("Sources")


def test_readme_shows_every_setting():
    own = set(card.Settings.__struct_fields__) - set(ExchangeSettings.__struct_fields__)
    assert set(re.findall(r"^\| `(\w+)` ", section("Settings"), re.MULTILINE)) == own


def test_every_sample_has_an_origin_and_every_docstring_a_sample():
    there = {entry.name for entry in SAMPLES.iterdir()} - {"README.md"}
    origins = (SAMPLES / "README.md").read_text("utf-8")
    assert set(re.findall(r"`([\w-]+\.(?:json|txt|toml))`", origins)) == there
    docstrings = " ".join(
        function.__doc__ or ""
        for room in (parse, stream, private_stream)
        for function in vars(room).values()
        if callable(function)
    )
    named = set(re.findall(r"`(\w+\.json)`", docstrings))
    assert named
    assert named <= there


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
