import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, cast

import pytest
from arb_core.errors import PluginBroken, PluginMissing, SettingsError
from arb_core.installed import discover
from arb_core.registry import Registry

CARD = """
from decimal import Decimal
from arb_core import hookimpl
from arb_core.structs.card import *

def card(id, **more):
    facts = dict(id=id, name=id.title(), contract=1, docs="", hosts=Hosts(rest="https://a.example", ws_public="wss://a.example"),
        capabilities=frozenset({Capability.BOOK}), fees=FeeSchedule(maker=Decimal(0), taker=Decimal("0.001")),
        client_ids=ClientIdRule(max_length=32, lookup="always"))
    return ExchangeCard(**{**facts, **more})
"""

GOOD = """
@hookimpl
def arb_exchange_card():
    return card("{name}")
"""


class Site:
    """A folder on sys.path with distributions as pip leaves them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(self, distribution, name, source="", *, group="arb", version="1.2", value=None, prelude=CARD):
        module = f"{distribution.replace('-', '_')}_plugin"
        folder = self.path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\n{name} = {value or module}\n")
        (self.path / f"{module}.py").write_text(prelude + textwrap.dedent(source).replace("{name}", name))
        return folder


@pytest.fixture
def site(tmp_path, monkeypatch):
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def entry(registry, name):
    (found,) = [entry for entry in registry.plugins() if entry.id == name]
    return found


def test_installed_plugin_is_found_with_its_facts(site):
    site.install("acme-one", "acme", GOOD)
    registry = Registry()
    found = entry(registry, "acme")
    assert (found.state, found.distribution, found.version) == ("ok", "acme-one", "1.2")
    assert found.families == ("exchange",)
    assert registry.card("acme").name == "Acme"
    assert found in registry.exchanges()


BROKEN = {
    "import": ("raise RuntimeError('no such GPU')", "cannot be imported: RuntimeError: no such GPU"),
    "exit": ("import sys; sys.exit('licence expired')", "cannot be imported: SystemExit: licence expired"),
    "syntax": ("def (", "cannot be imported: SyntaxError"),
    "dependency": ("import no_such_module_xyz", "cannot be imported: ModuleNotFoundError: No module named"),
    "unknown-hook": (GOOD + "@hookimpl\ndef arb_teleport(): ...\n", "unknown hook 'arb_teleport'"),
    "arguments": (GOOD + "@hookimpl\ndef arb_public_exchange(context, wallet): ...\n", "wallet"),
    "contract": ("@hookimpl\ndef arb_exchange_card(): return card('{name}', contract=9)", "speaks contract 9"),
    "type": ("@hookimpl\ndef arb_exchange_card(): return {'id': '{name}'}", "returned dict, expected ExchangeCard"),
    "nothing": ("@hookimpl\ndef arb_exchange_card(): ...", "returned NoneType, expected ExchangeCard"),
    "raises": (
        "@hookimpl\ndef arb_exchange_card(): raise KeyError('host')",
        "arb_exchange_card raised KeyError: 'host'",
    ),
    "id": ("@hookimpl\ndef arb_exchange_card(): return card('other')", "its card says id 'other'"),
    "field": ("@hookimpl\ndef arb_exchange_card(): return card('{name}', limits=('fast',))", "malformed: Expected"),
    "settings": ("@hookimpl\ndef arb_exchange_card(): return card('{name}', settings=dict)", "settings"),
    "empty": ("", "implements no hook"),
    "no-card": ("@hookimpl\ndef arb_public_exchange(context): ...", "but not arb_exchange_card"),
    "Upper_Case": (GOOD, "not of the form"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_plugin_is_broken_alone(site, case):
    source, reason = BROKEN[case]
    site.install("acme-good", "acme", GOOD)
    site.install("stranger-bad", case, source)
    registry = Registry()
    bad = entry(registry, case)
    assert bad.state == "broken"
    assert bad.reason is not None
    assert reason in bad.reason
    assert (bad.distribution, bad.version) == ("stranger-bad", "1.2")
    assert bad.cure
    assert "pip install" not in bad.cure, "never advise installing a stranger's package"
    with pytest.raises(PluginBroken) as raised:
        registry.card(case)
    assert "stranger-bad 1.2" in str(raised.value)
    assert entry(registry, "acme").state == "ok"
    assert registry.card("acme").id == "acme"


def test_unmarked_hook_is_told_apart_from_no_hook(site):
    site.install("acme-one", "acme", "def arb_exchange_card(): return card('acme')")
    assert entry(Registry(), "acme").cure == "its author must mark arb_exchange_card with @hookimpl"


def test_hook_of_an_absent_tool_may_be_optional(site):
    site.install("acme-one", "acme", GOOD + "@hookimpl(optionalhook=True)\ndef arb_teleport(): ...\n")
    assert entry(Registry(), "acme").state == "ok"


def test_two_owners_of_one_id_are_both_named(site):
    site.install("acme-one", "acme", GOOD)
    site.install("acme-two", "acme", GOOD, version="7.0")
    registry = Registry()
    with pytest.raises(PluginBroken) as raised:
        registry.card("acme")
    assert "acme-one 1.2" in str(raised.value)
    assert "acme-two 7.0" in str(raised.value)
    both = [found for found in registry.plugins() if found.id == "acme"]
    assert {(found.distribution, found.state) for found in both} == {("acme-one", "broken"), ("acme-two", "broken")}


def test_one_module_cannot_own_two_ids(site):
    site.install("acme-one", "acme", GOOD)
    site.install("acme-two", "acme2", value="acme_one_plugin")
    registry = Registry()
    assert entry(registry, "acme").state == "ok"
    assert entry(registry, "acme2").state == "broken"


def test_unreadable_entry_points_do_not_hide_others(site):
    site.install("acme-one", "acme", GOOD)
    folder = site.install("acme-bad", "bad", GOOD)
    (folder / "entry_points.txt").write_text("[arb]\nthis line has no equals sign\n")
    registry = Registry()
    assert registry.card("acme").id == "acme"
    assert str(entry(registry, "acme-bad").reason).startswith("its entry_points.txt is unreadable")


def test_distribution_without_metadata_is_still_found(site):
    folder = site.install("acme-one", "acme", GOOD)
    (folder / "METADATA").unlink()
    assert Registry().card("acme").id == "acme"


def test_asking_for_one_exchange_imports_no_other(site):
    site.install("acme-one", "acme", GOOD)
    site.install("acme-two", "other", "raise AssertionError('was imported')")
    assert Registry().card("acme").id == "acme"
    assert "acme_two_plugin" not in sys.modules


def test_only_the_owner_is_asked(site):
    counting = "CALLS = []\n" + GOOD + "@hookimpl\ndef arb_public_exchange(context):\n    CALLS.append(context)\n"
    site.install("acme-one", "acme", counting)
    site.install("acme-two", "other", counting)
    registry = Registry()
    assert {entry(registry, "acme").state, entry(registry, "other").state} == {"ok"}
    with pytest.raises(PluginBroken, match="arb_public_exchange returned NoneType, expected PublicExchange"):
        registry.public("acme", cast("Any", "the context"))
    assert sys.modules["acme_one_plugin"].CALLS == ["the context"]
    assert sys.modules["acme_two_plugin"].CALLS == []


def test_wrapper_of_one_plugin_cannot_touch_another(site):
    site.install("acme-one", "acme", GOOD)
    spy = GOOD + "@hookimpl(wrapper=True)\ndef arb_public_stream(context):\n    yield\n    return 'stolen'\n"
    site.install("acme-spy", "spy", spy)
    registry = Registry()
    assert entry(registry, "spy").state == "ok"
    with pytest.raises(PluginBroken, match="does not implement arb_public_stream"):
        registry.public_stream("acme", cast("Any", None))


def test_own_errors_of_a_plugin_pass(site):
    site.install(
        "acme-one",
        "acme",
        GOOD
        + "from arb_core.errors import SettingsError\n"
        + "@hookimpl\ndef arb_public_exchange(context): raise SettingsError('no region', key='region')\n",
    )
    with pytest.raises(SettingsError, match="region: no region"):
        Registry().public("acme", cast("Any", None))


SPECS = """
from arb_core.hookspecs import hookspec

@hookspec
def arb_teleport(where): "Go there."
"""


def test_other_distributions_add_hooks(site):
    site.install("acme-specs", "teleport", SPECS, group="arb.specs", prelude="")
    site.install("acme-one", "acme", GOOD + "@hookimpl\ndef arb_teleport(where): return where.upper()\n")
    registry = Registry()
    assert entry(registry, "acme").families == ("exchange", "teleport")
    assert registry.implements("acme", "arb_teleport")
    assert registry.ask("acme", "arb_teleport", str, where="moon") == "MOON"
    with pytest.raises(PluginBroken, match="returned str, expected int"):
        registry.ask("acme", "arb_teleport", int, where="moon")


@pytest.mark.parametrize(
    "source", ["raise RuntimeError('broken')", "", SPECS.replace("arb_teleport", "arb_strategy_card")]
)
def test_broken_added_hooks_are_told_and_stop_nobody(site, source):
    site.install("acme-specs", "teleport", source, group="arb.specs", prelude="")
    site.install("acme-one", "acme", GOOD)
    registry = Registry()
    assert registry.card("acme").id == "acme"
    assert entry(registry, "acme").state == "ok"
    assert entry(registry, "teleport").state == "broken"


def test_missing_first_party_exchange_answers_with_the_pip_line(monkeypatch):
    monkeypatch.setattr("arb_core.registry.discover", lambda _group: {})
    with pytest.raises(PluginMissing, match="pip install arb-gateio") as raised:
        Registry().card("gateio")
    assert raised.value.name == "gateio"


def test_missing_first_party_strategy_answers_with_the_pip_line(monkeypatch):
    monkeypatch.setattr("arb_core.registry.discover", lambda _group: {})
    with pytest.raises(PluginMissing, match="strategy 'triangular' is not installed; pip install arb-triangular"):
        Registry().strategy_card("triangular")
    with pytest.raises(PluginMissing, match=r"did you mean triangular \(pip install arb-triangular\)\?") as raised:
        Registry().strategy_card("triangle")
    assert "write-a-strategy.md" in str(raised.value)


def test_misspelled_exchange_answers_with_near_matches(site):
    site.install("acme-one", "acme", GOOD)
    with pytest.raises(PluginMissing, match=r"did you mean acme\?"):
        Registry().card("acmee")


def test_unknown_exchange_never_answers_with_a_strangers_package():
    with pytest.raises(PluginMissing, match="How to add one") as raised:
        Registry().card("ccxt-mexc-futures-pro")
    assert "pip install ccxt" not in str(raised.value)
    assert "pip install arb-ccxt" not in str(raised.value)


def test_strategy_is_no_exchange(site):
    site.install(
        "acme-strategy",
        "zigzag",
        """
        @hookimpl
        def arb_strategy_card(): return StrategyCard(id="zigzag", name="Zigzag", contract=1, summary="")
        @hookimpl
        def arb_strategy(settings): return object()
        """,
    )
    registry = Registry()
    assert registry.strategy_card("zigzag").name == "Zigzag"
    with pytest.raises(PluginMissing, match="is not an exchange"):
        registry.card("zigzag")
    with pytest.raises(PluginBroken, match="returned object, expected Strategy"):
        registry.strategy("zigzag", None)


OBSERVER = """
from arb_core.interfaces.observer import Observer

class Watcher(Observer):
    def __init__(self, context): self.context = context

@hookimpl
def arb_observer_card(): return ObserverCard(id="{name}", name="Watcher", contract=1, summary="")
@hookimpl
def arb_observer(context): return ANSWER
"""


def test_observer_is_made_from_its_context(site):
    site.install("acme-watcher", "watcher", OBSERVER.replace("ANSWER", "Watcher(context)"))
    registry = Registry()
    assert registry.observer_card("watcher").name == "Watcher"
    assert entry(registry, "watcher").families == ("observer",)
    made = registry.observer("watcher", cast("Any", "the context"))
    assert cast("Any", made).context == "the context"
    with pytest.raises(PluginMissing, match="is not an exchange"):
        registry.card("watcher")


def test_observer_may_have_nothing_to_do(site):
    site.install("acme-watcher", "watcher", OBSERVER.replace("ANSWER", "None"))
    assert Registry().observer("watcher", cast("Any", None)) is None


def test_observer_of_another_type_is_broken(site):
    site.install("acme-watcher", "watcher", OBSERVER.replace("ANSWER", "object()"))
    with pytest.raises(PluginBroken, match="returned object, expected Observer"):
        Registry().observer("watcher", cast("Any", None))


def test_misspelled_observer_answers_with_near_matches(site):
    site.install("acme-watcher", "watcher", OBSERVER.replace("ANSWER", "None"))
    with pytest.raises(PluginMissing, match=r"no observer 'wacher' is known; did you mean watcher\?"):
        Registry().observer_card("wacher")


BOOK = """
from arb_core.runtime.book import SORTED

class Factory:
    name = "{name}"
    rank = 5
    def make(self): return SORTED.make()

@hookimpl
def arb_book_factory(): return Factory()
"""


BOOKS = ["acme-book"]
"""Of the distributions that are installed here one may make better books still."""


def test_book_factory_of_highest_rank_wins_unless_one_is_forced(site):
    pytest.importorskip("arb_core.runtime.book")
    site.install("acme-book", "acme-book", BOOK)
    assert Registry({}, allow=BOOKS).book_factory().name == "acme-book"
    assert Registry({"ARB_BOOK": "python"}, allow=BOOKS).book_factory().name == "python"
    assert Registry({"ARB_BOOK": "acme-book"}, allow=BOOKS).book_factory().name == "acme-book"
    with pytest.raises(SettingsError, match=r"ARB_BOOK: expected one of python, acme-book, found 'rust'"):
        Registry({"ARB_BOOK": "rust"}, allow=BOOKS).book_factory()


@pytest.mark.parametrize(
    "change", [("SORTED.make()", "dict()"), ("rank = 5", "rank = 'high'"), ("SORTED.make()", "1 / 0")]
)
def test_book_factory_that_makes_no_books_is_left_out(site, change):
    pytest.importorskip("arb_core.runtime.book")
    site.install("acme-book", "acme-book", BOOK.replace(*change))
    registry = Registry({}, allow=BOOKS)
    assert registry.book_factory().name == "python"
    assert entry(registry, "acme-book").state == "broken"


def test_discovery_loads_nothing(site):
    site.install("acme-one", "acme", "raise AssertionError('was imported')")
    (found,) = discover("arb")["acme"]
    assert (found.distribution, found.value) == ("acme-one", "acme_one_plugin")


def test_importing_the_core_loads_no_pluggy():
    code = "import sys, arb_core; print('pluggy' in sys.modules, 'importlib_metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


# Only what is allowed.


def test_what_is_not_allowed_is_never_imported(site):
    site.install("acme-one", "acme", GOOD)
    site.install("other-one", "other", "import sys\nsys.modules['arb_spied'] = sys" + GOOD)
    site.install("other-hooks", "otherhooks", "raise RuntimeError('imported')", group="arb.specs")
    registry = Registry({}, allow=["Acme_One"])
    assert [entry.id for entry in registry.plugins()] == ["acme"]
    assert registry.card("acme").id == "acme"
    assert registry.book_factory()
    with pytest.raises(PluginMissing, match=r"'other' comes with other-one 1\.2, which is not allowed"):
        registry.card("other")
    with pytest.raises(PluginMissing, match="no exchange 'nothing' is known"):
        registry.card("nothing")
    assert "arb_spied" not in sys.modules
    assert "other_one_plugin" not in sys.modules


def test_owner_that_is_not_allowed_does_not_stand_in_the_way_of_one_that_is(site):
    site.install("acme-one", "acme", GOOD)
    site.install("evil-twin", "acme", "raise RuntimeError('imported')")
    with pytest.raises(PluginBroken, match="two owners"):
        Registry({}).card("acme")
    assert Registry({}, allow=["acme-one"]).card("acme").id == "acme"
    assert Registry({}, allow=[]).plugins() == []
