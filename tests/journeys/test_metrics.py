"""Metrics as Prometheus meets them: `arb run` as a process over sockets, and its page on loopback."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

ARB = Path(sys.executable).with_name("arb")
PATIENCE_S = 90

SETTINGS = """
symbols = ["BTC/USDT", "ETH/USDT"]
[venues.mexc]
[venues.gateio]
[detection]
price_window = "1s"
[risk]
max_notional = { USDT = 500 }
max_daily_loss = { USDT = 1000 }
cooldown = "300ms"
[legs]
hedge_loss = { USDT = 5 }
unwind_loss = { USDT = 10 }
[plugins]
editable = ["arb-core", "arb-gateio", "arb-mexc", "arb-prometheus"]
[observers.prometheus]
port = 0
"""


@pytest.fixture
def venues():
    """Two simulated venues with accounts, which disagree now and then."""
    command = [ARB, "sim", "serve", "mexc", "gateio", "--json", "--symbols", "BTC/USDT,ETH/USDT", "--dislocate"]
    with subprocess.Popen(
        [*command, "--while-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        yield [json.loads(served.stdout.readline()) for _ in range(2)]
        served.communicate()


def keys(venue):
    name = venue["exchange"].upper()
    return {
        f"ARB_{name}_REST_URL": venue["rest_url"],
        f"ARB_{name}_WS_URL": venue["ws_url"],
        f"ARB_{name}_API_KEY": venue["api_key"],
        f"ARB_{name}_API_SECRET": venue["api_secret"],
    }


def samples(text):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_live_trading_is_on_the_page_and_no_secret_is(venues, tmp_path):
    (tmp_path / "arb.toml").write_text(SETTINGS)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), **keys(venues[0]), **keys(venues[1])}
    command = [ARB, "run", "--live", "--json", str(tmp_path / "arb.toml")]
    errors = tmp_path / "stderr"
    with (
        errors.open("w") as file,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=file, text=True) as running,
    ):
        watchdog = Timer(PATIENCE_S, running.kill)
        watchdog.start()
        assert running.stdout is not None
        ended = next((line for line in map(json.loads, running.stdout) if line["kind"] == "result"), None)
        assert ended is not None, errors.read_text()
        port = re.search(r"metrics on http://127\.0\.0\.1:(\d+)/metrics", errors.read_text())
        assert port, errors.read_text()
        with urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        running.send_signal(signal.SIGTERM)
        running.stdout.read()
        assert running.wait(PATIENCE_S) == 0, errors.read_text()
        watchdog.cancel()

    page = samples(text)
    assert page["arb_up", ()] == 1
    assert page["arb_trading_paper", ()] == 0
    assert page["arb_admissions_total", ()] >= 1
    assert page["arb_hop_seconds_count", (("hop", "whole"),)] >= 1
    assert page["arb_journal_commit_seconds_count", ()] >= 1
    for venue in ("mexc", "gateio"):
        assert page["arb_account_listening", (("venue", venue),)] == 1
        assert page["arb_orders_total", (("state", "sent"), ("venue", venue))] >= 1
    assert sum(value for (name, _), value in page.items() if name == "arb_trades_total") >= 1
    for venue in venues:
        assert venue["api_key"] not in text
        assert venue["api_secret"] not in text
        assert venue["api_key"] not in errors.read_text()
