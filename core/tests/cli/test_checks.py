"""What `arb doctor` and `arb run --live` look at, on accounts that follow a script and folders of this machine."""

import asyncio
import os
import subprocess
import sys
from decimal import Decimal

import pytest
from arb_core.cli.account_checks import check_account, judge_fee, judge_permissions
from arb_core.cli.allowed import allowed, check_allowed, check_installed
from arb_core.cli.journal_check import check_journal
from arb_core.cli.keys import KeyRing
from arb_core.cli.venue_checks import judge_skew
from arb_core.config import PluginSettings
from arb_core.engine.journal.opening import open_journal
from arb_core.errors import AuthenticationFailed, ExchangeUnavailable
from arb_core.provenance import Provenance
from arb_core.runtime.clock import LoopClock, SystemClock
from arb_core.structs.account import KeyPermissions, TradingFees
from arb_core.structs.market import Instrument, Pair, Symbol, VenueName

MEXC = VenueName("mexc")
BTC = Symbol("BTC", "USDT")
MS = 1_000_000


def states(findings):
    return {finding.check: finding.state for finding in findings}


def details(findings):
    return {finding.check: finding.detail for finding in findings}


@pytest.fixture
def venue(scripted):
    lot = Decimal("0.001")
    return scripted.ScriptedVenue(
        "mexc", [Instrument(symbol=BTC, pair=Pair("BTCUSDT"), tick=lot, lot=lot)], {"USDT": "1000.50", "BTC": 0}
    )


@pytest.mark.looptime
async def test_account_that_is_well_has_nothing_against_it(venue, account, monkeypatch):
    monkeypatch.setattr(
        account.private, "get_permissions", lambda: told(KeyPermissions(read=True, trade=True, withdraw=False))
    )
    found = await check_account(account, {BTC: None}, LoopClock())
    assert set(states(found).values()) == {"ok"}
    assert details(found) == {
        "key": "works",
        "balances": "1000.50 USDT",
        "key read": "can",
        "key trade": "can",
        "key withdraw": "cannot",
        "taker fee BTC/USDT bp": "10 bp",
        "private stream": "stands",
    }


@pytest.fixture
def account(venue, scripted):
    return scripted.ScriptedAccount(venue)


async def told(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.mark.looptime
async def test_key_that_is_wrong_ends_the_look_with_its_cure(venue, account):
    venue.faults["get_balances"] = [AuthenticationFailed("bad signature", exchange="mexc", api_code=700002)]
    (finding,) = await check_account(account, {BTC: None}, LoopClock())
    assert (finding.check, finding.state) == ("key", "failed")
    assert "mexc [700002]: bad signature; the key, its secret" in finding.detail


@pytest.mark.looptime
async def test_key_that_could_not_be_tried_is_not_called_wrong(venue, account):
    venue.faults["get_balances"] = [ExchangeUnavailable("down", exchange="mexc")]
    (finding,) = await check_account(account, {BTC: None}, LoopClock())
    assert finding.detail == "it could not be tried: mexc: down"


@pytest.mark.looptime
async def test_stream_that_does_not_stand_is_told_with_its_reason(venue, account):
    account.hears = False
    asyncio.get_running_loop().call_later(3, account.deafen, "the listen key was refused")
    found = details(await check_account(account, {}, LoopClock()))
    assert found["private stream"] == "does not stand after 15 s: the listen key was refused"
    assert account._listeners == []


@pytest.mark.looptime
async def test_stream_may_take_a_moment(venue, account):
    account.hears = False
    asyncio.get_running_loop().call_later(3, account.undeafen)
    assert states(await check_account(account, {}, LoopClock()))["private stream"] == "ok"


@pytest.mark.looptime
async def test_empty_account_is_a_warning_and_what_cannot_be_asked_is_told(venue, account, monkeypatch):
    venue.balances = {}
    down = ExchangeUnavailable("down", exchange="mexc")
    monkeypatch.setattr(account.private, "get_permissions", lambda: told(down))
    monkeypatch.setattr(account.private, "get_trading_fees", lambda _: told(down))
    found = await check_account(account, {BTC: None}, LoopClock())
    assert states(found) == {
        "key": "ok",
        "balances": "warning",
        "permissions": "failed",
        "taker fee BTC/USDT bp": "warning",
        "private stream": "ok",
    }


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        (KeyPermissions(read=True, trade=True, withdraw=False), ("ok", "ok", "ok")),
        (KeyPermissions(read=True, trade=True, withdraw=True), ("ok", "ok", "failed")),
        (KeyPermissions(read=True, trade=False, withdraw=False), ("ok", "failed", "ok")),
        (KeyPermissions(read=False, trade=True, withdraw=False), ("failed", "ok", "ok")),
        (KeyPermissions(), ("warning", "warning", "warning")),
    ],
)
def test_key_may_do_what_trading_needs_and_nothing_more(permissions, expected):
    found = judge_permissions(MEXC, permissions)
    assert tuple(finding.state for finding in found) == expected
    unknown = [finding.detail for finding in found if finding.state == "warning"]
    assert all(detail.startswith("unknown, the venue does not tell") for detail in unknown)


@pytest.mark.parametrize(
    ("stated", "paid", "state", "detail"),
    [
        (None, "0.0005", "ok", "5 bp"),
        ("0.0005", "0.00050", "ok", "5 bp"),
        ("0.0005", "0.001", "failed", "leave venues.mexc.taker_bps out, or set it to 10"),
        ("0.002", "0.001", "warning", "10 bp, the settings say 20 bp"),
        ("0", "-0.0001", "warning", "-1 bp"),
    ],
)
def test_fee_of_the_settings_is_compared_with_the_account(stated, paid, state, detail):
    found = judge_fee(
        MEXC, BTC, None if stated is None else Decimal(stated), TradingFees(maker=Decimal(0), taker=Decimal(paid)).taker
    )
    assert (found.state, detail in found.detail) == (state, True)


@pytest.mark.parametrize(
    ("skew_ms", "trip_ms", "state"),
    [(0, 100, "ok"), (300, 10, "warning"), (-300, 200, "ok"), (-1200, 10, "failed"), (1200, 500, "warning")],
)
def test_skew_is_judged_by_what_is_sure_of_it(skew_ms, trip_ms, state):
    found = judge_skew("mexc", skew_ms * MS, trip_ms * MS)
    assert found.state == state
    assert ("NTP" in found.detail) is (state != "ok")


# The journal.


def test_journal_is_measured_without_making_one(tmp_path):
    pytest.importorskip("sqlalchemy", reason="the journal is an extra")
    place = tmp_path / "state" / "live.db"
    found = list(check_journal(str(place), SystemClock()))
    assert states(found)["journal"] == "ok"
    assert found[1].check == "journal commit ms"
    assert found[1].value is not None
    assert found[1].value > 0
    assert list(place.parent.iterdir()) == []


def test_journal_that_is_there_is_written_itself(tmp_path):
    pytest.importorskip("sqlalchemy", reason="the journal is an extra")
    place = tmp_path / "live.db"
    asyncio.run(open_journal(str(place)).close())
    assert states(check_journal(str(place), SystemClock()))["journal"] == "ok"


async def test_journal_that_an_engine_writes_is_no_failure(tmp_path):
    pytest.importorskip("sqlalchemy", reason="the journal is an extra")
    place = tmp_path / "live.db"
    journal = open_journal(str(place))
    (found,) = await asyncio.to_thread(lambda: list(check_journal(str(place), SystemClock())))
    assert found.state == "ok"
    assert f"{place} is written by pid {os.getpid()}, which runs" in found.detail
    await journal.close()


def test_journal_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    (found,) = check_journal(str(tmp_path / "file" / "live.db"), SystemClock())
    assert (found.state, "live.db" in found.detail) == ("failed", True)
    place = tmp_path / "text.db"
    place.write_text("this is no database, " * 100)
    (found,) = check_journal(str(place), SystemClock())
    assert found.state == "failed"


# Plugins.


def give(monkeypatch, **faults):
    def examine(name):
        return {"editable": Provenance(distribution=name, version="1", editable=True, files=3, digest="ed")}.get(
            name, Provenance(distribution=name, version="1", files=3, digest="ab", faults=tuple(faults.get(name, ())))
        )

    monkeypatch.setattr("arb_core.cli.allowed.examine", examine)


def test_core_is_always_allowed_and_looked_at(monkeypatch):
    give(monkeypatch)
    plugins = PluginSettings(allow=("Arb_Mexc", "arb-mexc"))
    assert allowed(plugins) == ["arb-core", "arb-mexc"]
    assert [finding.detail for finding in check_allowed(plugins)] == ["1, 3 files, sha256 ab"] * 2


def test_changed_file_is_refused_with_its_name(monkeypatch):
    give(monkeypatch, acme=["a.py is not what RECORD says", "b.py", "c.py", "d.py", "e.py"])
    (found,) = [f for f in check_allowed(PluginSettings(allow=("acme",))) if f.check == "files of acme"]
    assert found.state == "failed"
    assert found.detail == (
        "1: a.py is not what RECORD says; b.py; c.py; and 2 more: reinstall it, and find out who changed it"
    )


def test_working_copy_needs_a_word_of_its_own(monkeypatch):
    give(monkeypatch)
    (found,) = [f for f in check_allowed(PluginSettings(allow=("editable",))) if f.check == "files of editable"]
    assert (found.state, '[plugins] editable = ["editable"]' in found.detail) == ("failed", True)
    (found,) = [f for f in check_allowed(PluginSettings(editable=("editable",))) if f.check == "files of editable"]
    assert (found.state, found.detail) == ("ok", "1, 3 files, sha256 ed: a working copy")


def test_without_a_list_every_plugin_is_looked_at():
    assert "files of arb-core" in states(check_installed())


# Keys.

ENVIRON = {"ARB_MEXC_API_KEY": "keykeykeykey1234", "ARB_MEXC_API_SECRET": "hunter2hunter2"}


@pytest.fixture
def keys(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    return KeyRing()


def test_venue_without_a_key_is_told_how_to_give_it_one(keys):
    assert keys(MEXC) is not None
    assert keys(VenueName("gate-2")) is None
    (missing,) = keys.missing([MEXC, VenueName("gate-2")])
    assert missing.venue == "gate-2"
    assert missing.detail.startswith("none was found: set ARB_GATE_2_API_KEY and ARB_GATE_2_API_SECRET")
    assert keys.broken() == []


def test_half_a_key_is_told_as_such(keys, monkeypatch):
    monkeypatch.delenv("ARB_MEXC_API_SECRET")
    assert keys(MEXC) is None
    (broken,) = keys.broken()
    assert "ARB_MEXC_API_SECRET: is missing" in broken.detail
    assert keys.missing([MEXC]) == []


def test_key_is_held_against_every_other_process_for_as_long_as_the_block(keys):
    pytest.importorskip("sqlalchemy", reason="the journal is an extra")
    keys(MEXC)
    code = (
        "import sys; from arb_core.cli.keys import KeyRing; sys.modules['keyring'] = None\n"
        "keys = KeyRing(); keys('mexc')\n"
        "with keys.held([('mexc', 'mexc')]) as taken: print(*(finding.detail for finding in taken))"
    )
    other = [sys.executable, "-c", code]
    with keys.held([(MEXC, "mexc"), (VenueName("no-key"), "mexc")]) as taken:
        assert taken == []
        said = subprocess.run(other, check=True, capture_output=True, text=True).stdout
        assert said.endswith("stop it, or give each process a key of its own\n")
        assert "is in use by another process" in said
        assert "keykey" not in said
        looks = code.replace("')]) as", "')], elsewhere='ok') as")
        said = subprocess.run([sys.executable, "-c", looks], check=True, capture_output=True, text=True).stdout
        assert said == f"held by pid {os.getpid()}, which runs\n"
    assert subprocess.run(other, check=True, capture_output=True, text=True).stdout == "\n"
