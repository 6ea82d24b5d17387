"""`arb run` and `arb reconcile`: what keeps them from starting, told with its cure, before any venue is asked."""

import asyncio
import gc
import json
import sys
import textwrap

import pytest
from arb_core.cli.findings import Finding
from arb_core.cli.summary import LatencySummary, Summary
from arb_core.cli.trading import Ended
from arb_core.engine.episodes import OpportunityCounts
from arb_core.provenance import Provenance
from arb_core.runtime.busy_poll import BusyPoll

CARD = """
from decimal import Decimal
from arb_core import hookimpl
from arb_core.structs.card import *

@hookimpl
def arb_exchange_card():
    return ExchangeCard(id="{name}", name="{name}", contract=1, docs="",
        hosts=Hosts(rest="https://a.example", ws_public="wss://a.example"), capabilities=frozenset(),
        fees=FeeSchedule(maker=Decimal(0), taker=Decimal("0.001")), client_ids=ClientIdRule(max_length=32, lookup="always"))
"""

ENOUGH = """
symbols = ["BTC/USDT"]
[risk]
max_notional = { USDT = 100 }
max_daily_loss = { USDT = 20 }
[legs]
hedge_loss = { USDT = 1 }
unwind_loss = { USDT = 1 }
"""

SUMMARY = Summary(
    venues=[],
    books={},
    messages=0,
    latency_ns=LatencySummary(0, 0),
    opportunities=OpportunityCounts(seen=0, executable=0, refused={}),
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user without state and keys; two exchanges are installed, one of which must never be imported."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("ARB_CONFIG", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    site = tmp_path / "site"
    site.mkdir()
    for name, source in (("acme", CARD.replace("{name}", "acme")), ("evil", "raise RuntimeError('imported')")):
        (site / f"{name}_cli_plugin.py").write_text(textwrap.dedent(source))
        info = site / f"{name}_one-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-one\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[arb]\n{name} = {name}_cli_plugin\n")
    monkeypatch.syspath_prepend(site)
    yield
    for name in ("acme", "evil"):
        sys.modules.pop(f"{name}_cli_plugin", None)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "arb.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def sound(monkeypatch):
    """Distributions whose files are as they should be."""
    monkeypatch.setattr(
        "arb_core.cli.allowed.examine", lambda name: Provenance(distribution=name, version="1.0", files=1, digest="ab")
    )


def test_without_the_extra_the_pip_line_is_told(arb, write, monkeypatch):
    monkeypatch.setattr("arb_core.engine.journal.opening.find_spec", lambda _: None)
    for options in ((), ("--live",)):
        done = arb("run", write(ENOUGH), *options)
        assert (done.code, "pip install 'arb-core[journal]'" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ENOUGH, "expected venues: a table [venues.NAME] for each"),
        ("[venues.acme]\n[paper.balances.acme]\nUSDT = 1", 'expected symbols: symbols = ["BTC/USDT"]'),
        (ENOUGH + "[venues.acme]", "add [paper.balances.acme] with lines like USDT = 10000"),
        (
            'symbols = ["BTC/USDT"]\n[venues.acme]\n[paper.balances.acme]\nUSDT = 1',
            "set risk.max_notional.USDT, risk.max_daily_loss.USDT, legs.hedge_loss.USDT, legs.unwind_loss.USDT",
        ),
    ],
)
def test_what_is_missing_for_paper_trading_is_told_in_one_line(arb, write, text, told):
    done = arb("run", write(text))
    assert (done.code, done.out, told in done.err) == (2, "", True), done.err
    assert done.err.count("\n") == 1


def test_plugin_that_is_not_allowed_is_never_imported(arb, write, sound):
    done = arb("run", write(ENOUGH + '[venues.evil]\n[plugins]\nallow = ["acme-one"]'), "--live")
    assert done.code == 2
    assert "'evil' comes with evil-one 1.0, which is not allowed: [plugins] allow does not name it" in done.err
    assert "evil_cli_plugin" not in sys.modules


def test_file_that_was_changed_is_told_before_anything_is_imported(arb, write, monkeypatch):
    monkeypatch.setattr(
        "arb_core.cli.allowed.examine",
        lambda name: Provenance(
            distribution=name, version="1.0", faults=("sign.py is not what RECORD says",) if name == "acme-one" else ()
        ),
    )
    done = arb("run", write(ENOUGH + '[venues.acme]\n[plugins]\nallow = ["acme-one"]'), "--live", "--json")
    assert done.code == 1
    assert "not live: files of acme-one: 1.0: sign.py is not what RECORD says: reinstall it" in done.err
    assert [json.loads(line)["state"] for line in done.out.splitlines()] == ["failed"]
    assert "acme_cli_plugin" not in sys.modules


def test_distribution_without_a_record_of_its_files_is_refused(arb, write):
    done = arb(
        "run", write(ENOUGH + '[venues.acme]\n[plugins]\nallow = ["acme-one"]\neditable = ["arb-core"]'), "--live"
    )
    assert done.code == 1
    assert (
        done.err == "arb: not live: files of acme-one: 1.0: has no RECORD: reinstall it, and find out who changed it\n"
    )


@pytest.mark.parametrize("command", [("run", "--live"), ("reconcile",)])
def test_venue_without_a_key_is_refused_with_the_ways_to_give_it_one(arb, write, sound, command):
    done = arb(command[0], write(ENOUGH + '[venues.acme]\n[plugins]\nallow = ["acme-one"]'), *command[1:])
    assert done.code == 1
    assert "arb: not live: acme key: none was found: set ARB_ACME_API_KEY and ARB_ACME_API_SECRET" in done.err


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("ARB_ACME_API_KEY", "keykeykeykey1234")
    monkeypatch.setenv("ARB_ACME_API_SECRET", "hunter2hunter2")


def test_every_failed_check_is_told_and_no_key_is_shown(arb, write, sound, key, monkeypatch):
    async def check_venues(openers, symbols, clock):
        assert list(openers) == ["acme"]
        return [
            Finding(check="key withdraw", venue="acme", state="failed", detail="can: make a key that cannot"),
            Finding(check="key trade", venue="acme", state="warning", detail="unknown"),
            Finding(check="clock skew ms", venue="acme", state="failed", detail="+5000 ms"),
        ]

    monkeypatch.setattr("arb_core.cli.run.check_venues", check_venues)
    done = arb("run", write(ENOUGH + '[venues.acme]\n[plugins]\nallow = ["acme-one"]'), "--live")
    assert done.code == 1
    assert "files of acme-one: 1.0, 1 files, sha256 ab\n" in done.err
    assert "acme key trade: unknown\n" in done.err
    assert done.err.endswith(
        "arb: not live: acme key withdraw: can: make a key that cannot\narb: not live: acme clock skew ms: +5000 ms\n"
    )
    assert "keykey" not in done.err + done.out
    assert "hunter2" not in done.err + done.out


def test_limits_are_asked_for_before_any_venue(arb, write, sound, key):
    done = arb("run", write('symbols = ["BTC/USDT"]\n[venues.acme]\n[plugins]\nallow = ["acme-one"]'), "--live")
    assert (done.code, "nothing may be traded before you say what it may cost" in done.err) == (2, True)


def test_key_that_another_process_uses_is_refused(arb, write, sound, key):
    from arb_core.engine.journal.locks import KeyLock, fingerprint_of, lock_folder

    with KeyLock(lock_folder(), "acme", fingerprint_of("keykeykeykey1234")):
        done = arb("run", write(ENOUGH + '[venues.acme]\n[plugins]\nallow = ["acme-one"]'), "--live")
    assert done.code == 1
    assert "not live: acme key lock: acme: the key " in done.err
    assert "stop it, or give each process a key of its own" in done.err


@pytest.mark.parametrize(
    ("table", "options", "polls", "frozen"),
    [
        ("", (), False, True),
        ("busy_poll = true", (), True, True),
        ("busy_poll = true", ("--no-busy-poll",), False, True),
        ("freeze = false", ("--busy-poll",), True, False),
    ],
)
def test_the_loop_waits_as_settings_and_options_say(arb, write, monkeypatch, *, table, options, polls, frozen):
    pytest.importorskip("sqlalchemy", reason="the journal is an extra")
    seen = {}

    async def trading(*_args, title, **_options):
        for _ in range(3):
            await asyncio.sleep(0)
        seen.update(polls=entered, title="busy polling" in title, frozen=gc.get_freeze_count() > 0)
        return Ended(summary=SUMMARY, left=())

    entered = []

    class Poll(BusyPoll):
        def __enter__(self):
            entered.append(self)
            return super().__enter__()

    monkeypatch.setattr("arb_core.cli.loop.BusyPoll", Poll)
    monkeypatch.setattr("arb_core.cli.run.run_trading", trading)
    text = f"{ENOUGH}[venues.acme]\n[paper.balances.acme]\nUSDT = 1000\n[loop]\n{table}\n"
    done = arb("run", write(text), *options)
    assert done.code == 0, done.err
    assert (bool(seen["polls"]), seen["title"], seen["frozen"]) == (polls, polls, frozen)
    assert all(poll.turns > 1 for poll in entered)
    assert gc.get_freeze_count() == 0
