"""The commands as a user calls them: processes of their own, over sockets, against `arb sim serve`."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ARB = Path(sys.executable).with_name("arb")
PATIENCE_S = 60


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Two simulated venues, and the variables that lead to them; a user who has no state yet."""
    command = [ARB, "sim", "serve", "mexc", "gateio", "--json", "--symbols", "BTC/USDT,ETH/USDT"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        served = [json.loads(process.stdout.readline()) for _ in range(2)]
        variables = {**os.environ, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}
        for venue in served:
            name = venue["exchange"].upper()
            variables |= {f"ARB_{name}_REST_URL": venue["rest_url"], f"ARB_{name}_WS_URL": venue["ws_url"]}
        yield variables
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


@pytest.fixture
def arb(environment):
    def arb(*args, **more):
        command = [ARB, *map(str, args)]
        return subprocess.run(
            command, env=environment | more, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    return arb


def objects(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_symbols_are_listed_with_the_venues_that_have_them(arb):
    lines = objects(arb("symbols", "-e", "mexc", "-e", "gateio", "--common", "--json"))
    assert [(line["kind"], line["symbol"], list(line["venues"])) for line in lines] == [
        ("symbol", "BTC/USDT", ["mexc", "gateio"]),
        ("symbol", "ETH/USDT", ["mexc", "gateio"]),
    ]
    assert float(lines[0]["venues"]["mexc"]["tick"]) > 0
    assert "BTC/USDT  trading  trading" in arb("symbols", "-e", "mexc", "-e", "gateio", "--quote", "usdt").stdout


def test_venue_that_is_down_does_not_hide_what_the_others_list(arb):
    done = arb("symbols", "-e", "mexc", "-e", "gateio", ARB_GATEIO_REST_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "BTC/USDT  trading  -" in done.stdout
    assert "gateio" in done.stderr


def test_book_is_live_and_not_crossed(arb):
    done = arb("book", "mexc", "BTC/USDT", "--json", "--depth", 3)
    assert done.returncode == 0, done.stderr
    (line,) = objects(done)
    assert (line["kind"], line["venue"], line["symbol"], line["state"]) == ("book", "mexc", "BTC/USDT", "LIVE")
    assert (len(line["bids"]), len(line["asks"])) == (3, 3)
    assert line["bids"][0][0] < line["asks"][0][0]


def test_book_follows_the_venue_for_so_long(arb):
    lines = objects(arb("book", "gateio", "btc/usdt", "--json", "--seconds", 2))
    assert len({line["last_id"] for line in lines}) > 2


@pytest.mark.parametrize(
    "command", [("book", "mexc", "BTC/USTD"), ("monitor", "-e", "mexc", "-s", "BTC/USTD", "--json")]
)
def test_unknown_symbol_is_answered_with_near_matches(arb, command):
    done = arb(*command)
    assert (done.returncode, done.stderr) == (
        2,
        "arb: mexc: BTC/USTD is not listed; did you mean BTC/USDT or ETH/USDT?\n",
    )
    assert not [line for line in objects(done) if line["kind"] != "event"]


def test_doctor_finds_nothing_wrong(arb):
    done = arb("doctor", "-e", "mexc", "-e", "gateio", "--json")
    findings = objects(done)
    assert done.returncode == 0, done.stdout
    assert {"python", "event loop", "order book", "plugin mexc", "clock skew ms"} <= {
        line["check"] for line in findings
    }
    assert {line["venue"] for line in findings if line["check"] == "round trip ms"} == {"mexc", "gateio"}
    (books,) = (line["detail"].split()[0] for line in findings if line["check"] == "order book")
    path = {
        "python": "decoded in Python: python books have no scanner",
        "native": "from frame to book by the native scanner",
    }
    assert {line["detail"] for line in findings if line["check"] == "depth messages"} == {path[books]}


def test_doctor_names_the_venue_that_is_down(arb):
    done = arb("doctor", "-e", "mexc", "-e", "gateio", "--json", ARB_MEXC_REST_URL="http://127.0.0.1:1")
    (failed,) = [line for line in objects(done) if line["state"] == "failed"]
    assert (done.returncode, failed["venue"], failed["check"]) == (1, "mexc", "reachable")


def test_recording_replays_to_live_books(arb, tmp_path):
    path = tmp_path / "market.jsonl.gz"
    done = arb("record", "-e", "mexc", "-e", "gateio", "-s", "BTC/USDT", "--out", path, "--seconds", 3, "--json")
    assert done.returncode == 0, done.stderr
    (line,) = objects(done)
    assert (line["kind"], line["dropped"]) == ("recording", 0)
    (summary,) = objects(arb("replay", path, "--json"))
    assert {name: books["BTC/USDT"]["state"] for name, books in summary["books"].items()} == {
        "gateio": "LIVE",
        "mexc": "LIVE",
    }
    assert {(edge["buy"], edge["sell"]) for edge in summary["edges"]} == {("gateio", "mexc"), ("mexc", "gateio")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_monitor_that_is_told_to_stop_ends_within_two_seconds_with_its_summary(environment, number):
    command = [ARB, "monitor", "-e", "mexc", "-e", "gateio", "-s", "BTC/USDT", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        connected = 0
        while connected < 2:
            connected += json.loads(process.stdout.readline())["text"].startswith("connected")
        process.send_signal(number)
        out, _ = process.communicate(timeout=2)
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["kind"] == "summary"


def test_monitor_reads_its_settings_file(arb, tmp_path):
    path = tmp_path / "arb.toml"
    path.write_text('symbols = ["ETH/USDT"]\n[venues.mexc]\n[venues.gateio]\n[detection]\nprice_window = "1s"\n')
    done = arb("monitor", path, "--seconds", 2)
    assert done.returncode == 0, done.stderr
    *table, last = done.stdout.splitlines()
    assert any(line.startswith("ETH/USDT      mexc       gateio") for line in table)
    assert list(json.loads(last)["books"]["mexc"]) == ["ETH/USDT"]
