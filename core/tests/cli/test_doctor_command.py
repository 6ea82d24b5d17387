"""`arb doctor` as a whole, without venues that answer."""

import json
import sys

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("ARB_CONFIG", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "arb.toml"
    path.write_text('[plugins]\neditable = ["arb-core"]\n')
    return path


def findings(done):
    return {line["check"]: line for line in map(json.loads, done.out.splitlines())}


def test_machine_plugins_and_journal_are_looked_at(arb, settings):
    pytest.importorskip("sqlalchemy", reason="the journal is an extra")
    done = arb("doctor", "--config", settings, "--json")
    found = findings(done)
    assert done.code == 0, done.out
    assert {"python", "arb-core", "event loop", "order book", "plugin spatial", "files of arb-core"} <= set(found)
    assert {"journal", "journal commit ms"} <= set(found)
    assert found["journal commit ms"]["value"] > 0
    assert {line["kind"] for line in found.values()} == {"finding"}


@pytest.mark.parametrize(
    ("table", "loop", "garbage"),
    [
        ("", "sleeps between messages", "what is there 10s after the start is frozen"),
        ("busy_poll = true\nfreeze = false", "busy polling: one processor at 100 %", "nothing is frozen"),
    ],
)
def test_it_says_how_the_loop_waits(arb, settings, *, table, loop, garbage, monkeypatch):
    monkeypatch.setattr("arb_core.cli.doctor.processors", lambda: 2)
    settings.write_text(f"{settings.read_text()}[loop]\n{table}\n")
    found = findings(arb("doctor", "--config", settings, "--json"))
    assert loop in found["event loop"]["detail"]
    assert found["garbage"]["detail"] == garbage


def test_busy_polling_on_one_processor_is_a_warning(arb, settings, monkeypatch):
    pytest.importorskip("uvloop")
    monkeypatch.setattr("arb_core.cli.doctor.processors", lambda: 1)
    settings.write_text(f"{settings.read_text()}[loop]\nbusy_poll = true\n")
    found = findings(arb("doctor", "--config", settings, "--json"))
    assert found["event loop"]["state"] == "warning"


def test_what_is_not_allowed_is_not_even_imported(arb, settings):
    found = findings(arb("doctor", "--config", settings, "--json"))
    assert [name for name in found if name.startswith("plugin ")] == ["plugin spatial"]


def test_allowed_distribution_that_is_not_there_is_a_failure(arb, settings):
    settings.write_text('[plugins]\nallow = ["acme-exchange"]\neditable = ["arb-core"]\n')
    done = arb("doctor", "--config", settings)
    assert done.code == 1
    (line,) = [line for line in done.out.splitlines() if "acme-exchange" in line]
    assert line.split() == ["files", "of", "acme-exchange", "failed", "is", "not", "installed"]


def test_without_the_extra_the_pip_line_is_a_warning(arb, settings, monkeypatch):
    monkeypatch.setattr("arb_core.engine.journal.opening.find_spec", lambda _: None)
    done = arb("doctor", "--config", settings, "--json")
    journal = findings(done)["journal"]
    assert (done.code, journal["state"], "pip install 'arb-core[journal]'" in journal["detail"]) == (0, "warning", True)
