"""`arb sim serve`: one line when it answers, every role on one port, and a prompt end."""

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest

ARB = Path(sys.executable).with_name("arb")
RECORDINGS = Path(__file__).with_name("recordings")
PATIENCE_S = 60


@contextlib.contextmanager
def serving(*args, lines=1):
    """Start it, and give what it printed and the process."""
    command = [ARB, "sim", "serve", *map(str, args), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield [json.loads(process.stdout.readline()) for _ in range(lines)], process
        finally:
            if process.poll() is None:
                process.kill()


def get(url) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 (a loopback address that we print)
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_line_says_where_and_with_which_keys():
    with serving("mexc", "--symbols", "BTC/USDT, LINK/USDT", "--seed", 4) as ((line,), process):
        assert list(line) == ["exchange", "rest_url", "ws_url", "api_key", "api_secret", "passphrase", "symbols"]
        port = line["rest_url"].removeprefix("http://127.0.0.1:")
        assert line["ws_url"] == f"ws://127.0.0.1:{port}"
        assert (line["exchange"], line["passphrase"], line["symbols"]) == ("mexc", None, ["BTC/USDT", "LINK/USDT"])
        assert line["api_key"] != line["api_secret"]
        status, book = get(f"{line['rest_url']}/api/v3/depth?symbol=LINKUSDT")
        assert status == 200
        assert book["bids"]
        assert book["asks"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(2) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_within_two_seconds_in_the_middle_of_its_work(number):
    with serving("binance") as ((line,), process):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(line["ws_url"] + "/ws/btcusdt@depth@100ms") as socket,
        ):
            await socket.receive(timeout=PATIENCE_S)
            begun = time.monotonic()
            process.send_signal(number)
            assert process.wait(2) == 0
            assert time.monotonic() - begun < 2
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_several_venues_live_in_one_market():
    with serving("mexc", "gateio", "binance", "--symbols", "BTC/USDT", lines=3) as (lines, _):
        paths = {
            "mexc": "/api/v3/depth?symbol=BTCUSDT&limit=1",
            "gateio": "/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=1",
            "binance": "/api/v3/depth?symbol=BTCUSDT&limit=1",
        }
        books = [get(line["rest_url"] + paths[line["exchange"]])[1] for line in lines]
        bids = [float(book["bids"][0][0]) for book in books]
        assert max(bids) / min(bids) - 1 < 5e-4


def test_dislocations_are_told_as_they_happen():
    with serving("mexc", "binance", "--symbols", "BTC/USDT", "--dislocate", lines=3) as (lines, _):
        told = lines[2]
        assert told.keys() == {"kind", "symbol", "buy", "sell", "start_ns", "end_ns", "edge_bps", "path"}
        assert (told["kind"], told["symbol"], {told["buy"], told["sell"]}) == (
            "injected",
            "BTC/USDT",
            {"mexc", "binance"},
        )
        assert told["edge_bps"] > 7
        assert told["path"] == []


def test_cycles_of_one_venue_are_told_with_their_path():
    with serving("mexc", "--symbols", "BTC/USDT,ETH/BTC,ETH/USDT", "--dislocate", lines=2) as (lines, _):
        told = lines[1]
        assert (told["kind"], told["buy"], told["sell"]) == ("injected", "mexc", "mexc")
        assert told["path"] in (["USDT", "BTC", "ETH"], ["USDT", "ETH", "BTC"])
        assert told["edge_bps"] > 7


def test_fault_script_happens(tmp_path):
    script = tmp_path / "faults.toml"
    script.write_text('[[faults]]\nkind = "rate_limited"\nretry_after_s = 3\npath = "ping"\ncount = 2\n')
    with serving("binance", "--faults", script) as ((line,), _):
        statuses = [get(f"{line['rest_url']}/api/v3/ping")[0] for _ in range(3)]
        assert statuses == [429, 429, 200]


def test_recording_is_served(tmp_path):
    with serving("gateio", "--capture", RECORDINGS / "gateio-spot-v4.jsonl.gz") as ((line,), _):
        assert "OMG/USDT" in line["symbols"]
        _, book = get(f"{line['rest_url']}/api/v4/spot/order_book?currency_pair=OMG_USDT&limit=1")
        assert 7 < float(book["bids"][0][0]) < float(book["asks"][0][0]) < 9


@pytest.mark.parametrize(
    ("args", "script", "said"),
    [
        (["nosuch"], None, "no exchange 'nosuch' is known"),
        (["mexc", "--symbols", "BTCUSDT"], None, "--symbols: expected a symbol like BTC/USDT, found 'BTCUSDT'"),
        (["mexc"], 'faults = [{kind = "nonsense"}]', "Invalid enum value 'nonsense'"),
        (["mexc"], 'faults = [{kind = "drop", pair = "NO/SUCH"}]', "the venue does not list NO/SUCH"),
        (["mexc"], 'faults = [{kind = "bad_checksum"}]', "MEXC sends no checksums"),
    ],
)
def test_wrong_use_is_refused_in_one_line(tmp_path, args, script, said):
    if script is not None:
        path = tmp_path / "faults.toml"
        path.write_text(script)
        args = [*args, "--faults", str(path)]
    done = subprocess.run([ARB, "sim", "serve", *args], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_recording_of_another_exchange_is_refused():
    command = [ARB, "sim", "serve", "mexc", "--capture", RECORDINGS / "gateio-spot-v4.jsonl.gz"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert "holds nothing of mexc; it holds gateio" in done.stderr
