"""What our exchanges say twice, they say alike: the card, the README that repeats it, the samples and where they come from."""

import re
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest
from arb_core.structs.card import CONTRACT, Endpoint, ExchangeSettings
from arb_core.structs.stream import KLINE_INTERVALS

PLUGINS = Path(__file__).parents[2] / "plugins"
EXCHANGES = sorted(path.parent.name for path in PLUGINS.glob("arb-*/src/*/stream.py"))

pytestmark = pytest.mark.parametrize("name", EXCHANGES)


def room(name: str, title: str) -> ModuleType:
    return import_module(f"{name}.{title}")


def section(name: str, title: str) -> str:
    readme = (PLUGINS / name.replace("_", "-") / "README.md").read_text("utf-8")
    return readme.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_card_speaks_the_contract(name):
    card = room(name, "card").CARD
    assert room(name, "plugin").arb_exchange_card() is card
    assert card.contract == CONTRACT
    assert set(card.kline_intervals) <= set(KLINE_INTERVALS)


def test_every_endpoint_takes_from_limits_that_exist(name):
    card = room(name, "card")
    endpoints = [value for value in vars(card).values() if isinstance(value, Endpoint)]
    assert endpoints
    assert {name for endpoint in endpoints for name in endpoint.cost} <= {limit.name for limit in card.CARD.limits}


def test_readme_says_what_the_card_says(name):
    card, works = room(name, "card").CARD, section(name, "What works")
    assert set(re.findall(r"^- `(\w+)`", works, re.MULTILINE)) == set(card.capabilities)
    for intervals in re.findall(r"candles of (.*)\.", works):
        assert tuple(intervals.replace("`", "").split(" ")) == card.kline_intervals
    assert re.findall(r"^- (.*)$", section(name, "Quirks"), re.MULTILINE) == list(card.quirks)
    assert card.docs in section(name, "Sources")


def test_readme_shows_every_setting(name):
    settings = getattr(room(name, "card"), "Settings", ExchangeSettings)
    own = set(settings.__struct_fields__) - set(ExchangeSettings.__struct_fields__)
    assert set(re.findall(r"^\| `(\w+)` ", section(name, "Settings"), re.MULTILINE)) == own


def test_every_sample_has_an_origin_and_every_docstring_a_sample(name):
    samples = files(name) / "samples"
    there = {entry.name for entry in samples.iterdir()} - {"README.md"}
    origins = (samples / "README.md").read_text("utf-8")
    assert set(re.findall(r"`([\w-]+\.(?:json|txt|toml))`", origins)) == there
    rooms = [room(name, title) for title in ("parse", "stream", "private_stream")]
    docstrings = " ".join(
        function.__doc__ or "" for room in rooms for function in vars(room).values() if callable(function)
    )
    named = set(re.findall(r"`(\w+\.json)`", docstrings))
    assert named
    assert named <= there
