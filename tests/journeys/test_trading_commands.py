"""Trading as a user meets it: `arb run` as a process over sockets, and what the journal tells afterwards."""

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from threading import Timer

import pytest

ARB = Path(sys.executable).with_name("arb")
PATIENCE_S = 90

SETTINGS = """
symbols = ["BTC/USDT", "ETH/USDT"]
[venues.mexc]
{fee}
[venues.gateio]
{fee}
[detection]
price_window = "1s"
[risk]
max_notional = { USDT = 500 }
max_daily_loss = { USDT = 1000 }
cooldown = "300ms"
[legs]
hedge_loss = { USDT = 5 }
unwind_loss = { USDT = 10 }
[trading]
shutdown = "20s"
[paper]
latency = "5ms"
balances.mexc = { USDT = 100000, BTC = 5, ETH = 100 }
balances.gateio = { USDT = 100000, BTC = 5, ETH = 100 }
[plugins]
editable = ["arb-core", "arb-gateio", "arb-mexc"]
"""

PAPER = SETTINGS.replace("{fee}", "taker_bps = -30.0")
"""On paper a trader may be paid for trading: there is always an edge then, and nobody has to wait for one."""
LIVE = SETTINGS.replace("{fee}", "")


@pytest.fixture(scope="module")
def served():
    """Two simulated venues with accounts, which disagree now and then."""
    command = [ARB, "sim", "serve", "mexc", "gateio", "--json", "--symbols", "BTC/USDT,ETH/USDT", "--dislocate"]
    command += ["--steps-per-s", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        yield lines
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def environment(served, tmp_path):
    """The variables that lead to them, with keys, for a user without state."""
    variables = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "ARB_CONFIG": str(tmp_path / "arb.toml")}
    (tmp_path / "arb.toml").write_text(PAPER)
    for venue in served:
        name = venue["exchange"].upper()
        variables |= {
            f"ARB_{name}_REST_URL": venue["rest_url"],
            f"ARB_{name}_WS_URL": venue["ws_url"],
            f"ARB_{name}_API_KEY": venue["api_key"],
            f"ARB_{name}_API_SECRET": venue["api_secret"],
        }
    return variables


@pytest.fixture
def arb(environment):
    def arb(*args):
        command = [ARB, *map(str, args)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    return arb


class Running:
    """`arb run --json`; stdout is read line by line, stderr lies in a file, so that neither waits for the other."""

    def __init__(self, environment, errors, *options):
        self._errors = errors
        command = [ARB, "run", "--json", *options]
        with errors.open("w") as file:
            self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=file, text=True)
        self.watchdog = Timer(PATIENCE_S, self.process.kill)
        self.watchdog.start()

    @property
    def err(self):
        return self._errors.read_text()

    def until(self, true):
        """Read lines until one is as wanted; return it and all before it."""
        lines = []
        assert self.process.stdout is not None
        for text in self.process.stdout:
            lines.append(json.loads(text))
            if true(lines[-1]):
                return lines
        raise AssertionError(f"it ended: {self.err}")

    def end(self, number=signal.SIGTERM, code=0):
        """Tell it to end; return the lines that were left."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        lines = [json.loads(text) for text in self.process.stdout]
        assert self.process.wait(PATIENCE_S) == code, self.err
        return lines


@pytest.fixture
def running(environment, tmp_path_factory):
    """Start `arb run --json`; it is ended with the test."""
    started = []

    def running(*options):
        started.append(Running(environment, tmp_path_factory.mktemp("errors") / "stderr", *options))
        return started[-1]

    yield running
    for each in started:
        each.watchdog.cancel()
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def kind(name):
    return lambda line: line["kind"] == name


def alarm(name):
    return lambda line: line["kind"] == "event" and line["text"].startswith(f"{name}: ")


def objects(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def agrees_with(arb, results, summary):
    """Compare what a run told with what its journal tells."""
    *trades, total = objects(arb("trades", "--json"))
    assert {trade["intent"]: trade["pnl"] for trade in trades} == {line["intent"]: line["pnl"] for line in results}
    assert (summary["kind"], summary["trades"], summary["pnl"]) == ("summary", len(results), {"USDT": total["pnl"]})
    assert Decimal(total["pnl"]) == sum(Decimal(line["pnl"]) for line in results)
    days = [line for line in objects(arb("pnl", "--json")) if line["kind"] == "day"]
    assert sum(Decimal(day["pnl"]) for day in days) == Decimal(total["pnl"])
    *orders, _ = objects(arb("orders", "--json"))
    assert {order["intent"] for order in orders} == {trade["intent"] for trade in trades}
    assert all(order["state"] in {"filled", "canceled", "rejected", "absent"} for order in orders)


def test_journal_of_paper_trading_tells_what_the_run_told(running, arb):
    run = running()
    before = run.until(kind("result"))
    after = run.end()
    assert not [line for line in after if line["kind"] == "open"]
    agrees_with(arb, [line for line in [*before, *after] if line["kind"] == "result"], after[-1])
    assert arb("orders").stderr.startswith("paper journal: ")


def test_real_trading_from_the_checks_to_the_books(served, running, arb, environment, tmp_path):
    Path(environment["ARB_CONFIG"]).write_text(LIVE)
    run = running("--live", "-vv", "--log-json")
    before = run.until(kind("result"))
    assert "is in use by another process" in arb("reconcile").stderr
    after = run.end()
    agrees_with(arb, [line for line in [*before, *after] if line["kind"] == "result"], after[-1])
    assert arb("orders").stderr.startswith("live journal: ")
    assert "arb_core" in run.err
    assert "files of arb-mexc: " in run.err

    *venues, last = objects(arb("reconcile", "--json"))
    assert [(line["venue"], line["canceled"], line["drifts"], line["trouble"]) for line in venues] == [
        ("mexc", [], [], None),
        ("gateio", [], [], None),
    ]
    assert last == {"kind": "reconciled", "unresolved": 0}
    assert arb("reconcile").stdout.splitlines() == [
        "mexc: agrees with the journal",
        "gateio: agrees with the journal",
        "everything is accounted for",
    ]

    assert arb("export", tmp_path / "out", "--live").returncode == 0
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in [venue[part] for venue in served for part in ("api_key", "api_secret")]:
        assert secret not in json.dumps([*before, *after]) + run.err
        assert secret.encode() not in kept


def test_kill_from_another_terminal_stops_new_trades_over_a_restart(running, arb):
    run = running()
    run.until(kind("result"))
    assert objects(arb("kill", "--reason", "enough", "--json"))[0]["killed"] is True
    run.until(alarm("kill"))
    run.end(signal.SIGINT)

    again = running()
    assert again.until(kind("admission"))[-1]["reasons"] == {"kill": "enough"}
    assert arb("kill", "--clear", "--reason", "looked into it").returncode == 0
    again.until(kind("intent"))
    again.end()


def test_usr1_kills_and_the_journal_keeps_it(running, arb):
    run = running()
    run.until(kind("intent"))
    run.process.send_signal(signal.SIGUSR1)
    run.until(alarm("kill"))
    run.end()
    (latch,) = objects(arb("kill", "status", "--json"))
    assert (latch["journal"], latch["reason"]) == ("paper journal", "signal SIGUSR1")


def test_second_signal_leaves_at_once_and_the_next_start_takes_up_what_was_under_way(running, arb, environment):
    slow = PAPER.replace('latency = "5ms"', 'latency = "2s"')
    Path(environment["ARB_CONFIG"]).write_text(slow)
    run = running()
    intent = run.until(kind("intent"))[-1]["id"]
    run.process.send_signal(signal.SIGTERM)
    # the first signal closes the gate and waits for the trade
    with pytest.raises(subprocess.TimeoutExpired):
        run.process.wait(1)
    run.end(code=1)
    assert run.err.endswith("arb: left at once; what was under way is in the journal, and the next start takes it up\n")

    assert [trade["outcome"] for trade in objects(arb("trades", "--json"))[:-1]] == [None]
    Path(environment["ARB_CONFIG"]).write_text(PAPER)
    again = running()
    again.until(lambda line: line["kind"] == "result" and line["intent"] == intent)
    again.end()


def test_doctor_says_that_keys_work(arb):
    done = arb("doctor", "--config", os.devnull, "-e", "mexc", "-e", "gateio", "--json")
    found = {(line["venue"], line["check"]): line["state"] for line in objects(done)}
    for venue in ("mexc", "gateio"):
        assert found[venue, "key"] == found[venue, "balances"] == found[venue, "private stream"] == "ok"
        assert found[venue, "key lock"] == "ok"
        assert found[venue, "key withdraw"] == "warning"
    assert "sim" not in "".join(line for line in done.stdout.splitlines() if '"key"' in line)


def test_key_that_is_wrong_is_refused_with_its_cure(environment, arb):
    environment["ARB_MEXC_API_SECRET"] = "0" * 32
    Path(environment["ARB_CONFIG"]).write_text(LIVE)
    done = arb("run", "--live")
    assert done.returncode == 1
    assert "arb: not live: mexc key: " in done.stderr
    assert "the key, its secret, its permissions or its list of addresses is wrong" in done.stderr
