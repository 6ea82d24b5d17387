"""The shape of the product: venues without a fork, light imports, and no trust in strangers' packages."""

import subprocess
import sys

import pytest
from arb_core.errors import PluginBroken, PluginMissing
from arb_core.known import DISTRIBUTIONS
from arb_core.registry import Registry


def install(folder, distribution, entry_points, **modules):
    """Make a folder look like an installed distribution."""
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[arb]\n{entry_points}\n")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder on the path, empty so far."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_package_that_claims_an_exchange_of_ours_takes_nothing_over(elsewhere):
    install(elsewhere, "arb-mexc-futures", "mexc = hijack", hijack="raise SystemExit('never to be imported')")
    registry = Registry()
    with pytest.raises(PluginBroken) as caught:
        registry.card("mexc")
    assert "arb-mexc-futures" in str(caught.value)
    assert "arb-mexc 0" in str(caught.value)
    assert caught.value.cure == "uninstall one of them"
    assert "hijack" not in sys.modules
    assert registry.card("gateio").id == "gateio"


def test_package_with_another_id_sees_nothing_of_the_exchange_it_is_named_after(elsewhere):
    source = (
        "from arb_core import hookimpl\n"
        "seen = []\n"
        "@hookimpl(wrapper=True)\n"
        "def arb_public_exchange(context):\n"
        "    seen.append(context)\n"
        "    return (yield)\n"
        "@hookimpl(wrapper=True)\n"
        "def arb_exchange_card():\n"
        "    seen.append('card')\n"
        "    return (yield)\n"
    )
    install(elsewhere, "arb-mexc-turbo", "mexcturbo = turbo", turbo=source)
    registry = Registry()
    states = {entry.id: entry.state for entry in registry.plugins()}
    assert states["mexcturbo"] == "broken"
    turbo = sys.modules["turbo"]
    turbo.seen.clear()
    assert registry.card("mexc").name == "MEXC"
    assert turbo.seen == []


@pytest.mark.parametrize("name", ["mexc-futures", "mexcfutures", "hyperliquid", "mecx"])
def test_missing_exchange_is_never_answered_with_a_strangers_package(name):
    with pytest.raises(PluginMissing) as caught:
        Registry().card(name)
    advised = {word.strip(".,?()") for word in str(caught.value).split() if word.startswith("arb-")}
    assert advised <= set(DISTRIBUTIONS.values())
    assert "add-an-exchange.md" in str(caught.value)


def test_broken_package_of_a_stranger_is_not_advised_to_be_upgraded(elsewhere):
    install(elsewhere, "arb-lagoon", "lagoon = lagoon", lagoon="raise ImportError('old')")
    (entry,) = [entry for entry in Registry().plugins() if entry.id == "lagoon"]
    assert entry.cure is not None
    assert "pip" not in entry.cure
    assert "arb-lagoon" in entry.cure


LOADED = "import sys; {}; print(*sys.modules)"


def loaded_by(code):
    ran = subprocess.run([sys.executable, "-c", LOADED.format(code)], check=True, capture_output=True, text=True)
    return set(ran.stdout.split())


def test_one_exchange_costs_no_other():
    loaded = loaded_by("from arb_core.registry import Registry; Registry().card('gateio')")
    assert "arb_gateio.card" in loaded
    # arb-sim adds a hook, so its hookspecs are loaded, and nothing else of it
    assert not {"arb_mexc", "arb_binance", "arb_gateio.sim", "arb_sim.kernel", "google", "aiohttp", "rich"} & loaded


def test_naming_the_core_costs_nothing_heavy():
    loaded = loaded_by("import arb_core; arb_core.Symbol('BTC', 'USDT')")
    assert not {"aiohttp", "picows", "pluggy", "rich", "arb_mexc", "arb_gateio", "arb_binance"} & loaded
