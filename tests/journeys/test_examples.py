"""The examples of the documentation, run as a reader would, over simulated venues on real sockets."""

import json
import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def run(example: str, *options: str) -> str:
    command = [sys.executable, str(EXAMPLES / example), *options, "--simulated"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_public_exchange_demo_reads_a_book_that_moves():
    told = run("public_exchange_demo.py", "gateio", "ETH/USDT", "--changes", "6")
    quotes = [(float(bid), float(ask)) for bid, ask in re.findall(r"^  bid (\S+)  ask (\S+)$", told, re.MULTILINE)]
    assert len(quotes) == 6
    assert all(bid < ask for bid, ask in quotes)
    assert "gateio lists 1 instruments" in told
    assert re.search(r"^[1-9]\d* messages, p99 [1-9]\d* us", told, re.MULTILINE)


def test_arbitrage_monitor_finds_what_the_market_makes():
    told = run("arbitrage_monitor.py", "BTC/USDT", "ETH/USDT", "SOL/USDT", "--seconds", "14")
    assert re.search(r": buy \S+ on \w+ at \S+, sell on \w+ at \S+: \d+\.\d bps, executable", told)
    counts = re.search(r"^(\d+) edges, (\d+) of them executable", told, re.MULTILINE)
    assert counts is not None
    assert int(counts[1]) >= int(counts[2]) >= 1


def test_performance_test_prints_what_it_measured_beside_its_goals():
    told = run("performance_test_mexc_ws.py", "BTC/USDT", "ETH/USDT", "--seconds", "3")
    assert re.search(r"^MEXC over its WebSocket, 2 symbols, books: \w+", told)
    assert re.search(r"^  parse a message, p99 +\d+\.\d+ ms +< 1 ms: (met|NOT MET)$", told, re.MULTILINE)
    assert re.search(r"^  from a frame to its verdict, p99 +\d+\.\d+ ms +< 50 ms: (met|NOT MET)$", told, re.MULTILINE)


def test_performance_test_tells_other_programs():
    figures = json.loads(run("performance_test_mexc_ws.py", "BTC/USDT", "--seconds", "3", "--json"))["figures"]
    assert figures["verdicts"]["value"] >= 10
    assert 0 < figures["parse a message, p50"]["value"] <= figures["parse a message, p99"]["value"]
    assert figures["from a frame to its verdict, p99"]["below"] == 50
    assert figures["received, both venues"]["value"] > 3
