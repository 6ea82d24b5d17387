"""The examples of the documentation, run as a reader would, over simulated venues on real sockets."""

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
