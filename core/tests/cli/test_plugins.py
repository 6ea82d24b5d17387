import json
import subprocess
import sys

from arb_core.cli import plugins
from arb_core.installed import Found
from arb_core.registry import PluginEntry

GOOD = PluginEntry(id="acme", distribution="acme-one", version="1.2", state="ok", families=("exchange", "public"))
BAD = PluginEntry(
    id="bad", distribution="bad-one", version=None, state="broken", reason="cannot be imported", cure="uninstall it"
)


def give(monkeypatch, *entries, commands=None):
    monkeypatch.setattr(plugins, "Registry", type("Fake", (), {"plugins": lambda _: list(entries)}))
    monkeypatch.setattr(plugins, "discover", lambda _group: commands or {})


def test_broken_plugin_is_shown_with_reason_and_cure(arb, monkeypatch):
    give(monkeypatch, GOOD, BAD)
    done = arb("plugins")
    assert done.code == 0
    assert done.out.splitlines() == [
        "id    distribution  version  state   provides",
        "acme  acme-one      1.2      ok      exchange, public",
        "bad   bad-one       ?        broken",
        "",
        "bad (bad-one): cannot be imported",
        "  cure: uninstall it",
    ]


def test_json_has_one_object_a_plugin(arb, monkeypatch):
    give(monkeypatch, GOOD, BAD)
    lines = [json.loads(line) for line in arb("plugins", "--json").out.splitlines()]
    assert [(line["kind"], line["id"], line["state"], line["reason"]) for line in lines] == [
        ("plugin", "acme", "ok", None),
        ("plugin", "bad", "broken", "cannot be imported"),
    ]


def test_command_that_hides_behind_one_of_ours_is_told(arb, monkeypatch):
    found = Found(name="config", group="arb.commands", value="x:y", distribution="acme-tool", version="1")
    give(monkeypatch, commands={"config": [found]})
    assert "`arb config` is a command of arb-core" in arb("plugins").out


def test_nothing_installed_is_said(arb, monkeypatch):
    give(monkeypatch)
    assert "no plugin is installed" in arb("plugins").out


def test_listing_plugins_needs_neither_network_nor_terminal_libraries():
    code = (
        "import sys; from arb_core.cli.main import main\n"
        "try: main(['plugins', '--json'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"aiohttp", "rich", "picows", "uvloop"} & set(done.stderr.split())
