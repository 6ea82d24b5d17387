"""Processes of a run over sockets, and hands on each: venues, the nursery, the engines that are born there.

Entered by `sockets`. Venues and journal outlive every engine, as they do in truth.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
from arb_core.registry import Registry
from arb_sim.faults import Fault
from arb_sim.inspection import AccountState

from .judge import VenueTruth
from .serving import SYMBOLS

__all__ = ["Engine", "Nursery", "Venues"]

HERE = Path(__file__).parent
PATIENCE_S = 60.0
LOOK_S = 0.05
"""How often an engine is looked at whether it still lives."""
SMALLEST = Decimal(7)
"""USDT: more than any of the venues asks of an order, with the lot that rounding may leave."""


class _Talking:
    """A script of this room that answers lines, and ends when its stdin does."""

    def __init__(self, script: str, *arguments: str) -> None:
        command = [sys.executable, str(HERE / script), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line: dict[str, Any] = json.loads(self._process.stdout.readline())
        return line

    def ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self.read()

    def end(self) -> None:
        self._process.communicate(timeout=PATIENCE_S)


class Venues:
    """Simulated venues in a process of their own."""

    def __init__(self, seed: int, exchanges: tuple[str, ...]) -> None:
        registry = Registry()
        self._process = _Talking("serving.py", str(seed), *exchanges)
        self._lines = {line["exchange"]: line for line in (self._process.read() for _ in exchanges)}
        self._prefixes = {name: registry.card(name).client_ids.prefix for name in exchanges}
        self._before = {name: held(self._state(name)) for name in exchanges}

    def environment(self) -> dict[str, str]:
        """Return the variables that lead to them, with keys."""
        variables = {}
        for exchange, line in self._lines.items():
            name, place = exchange.upper(), f"127.0.0.1:{line['port']}"
            variables |= {
                f"ARB_{name}_REST_URL": f"http://{place}",
                f"ARB_{name}_WS_URL": f"ws://{place}",
                f"ARB_{name}_API_KEY": line["api_key"],
                f"ARB_{name}_API_SECRET": line["api_secret"],
            }
            if line["passphrase"] is not None:
                variables[f"ARB_{name}_API_PASSPHRASE"] = line["passphrase"]
        return variables

    def arm(self, exchange: str, fault: Fault) -> None:
        """Let something go wrong."""
        self._ask(exchange, "POST", "faults", msgspec.json.encode(fault))

    def faults(self) -> Iterator[tuple[str, int]]:
        """Yield how often what went wrong."""
        for exchange in self._lines:
            yield from json.loads(self._ask(exchange, "GET", "faults"))["counts"].items()

    def truths(self) -> list[VenueTruth]:
        """Return what they know."""
        smallest = dict.fromkeys(SYMBOLS, SMALLEST)
        states = {name: self._state(name) for name in self._lines}
        return [
            VenueTruth(name, self._prefixes[name], state.orders, state.fills, self._before[name], held(state), smallest)
            for name, state in states.items()
        ]

    def end(self) -> None:
        self._process.end()

    def _state(self, exchange: str) -> AccountState:
        return msgspec.json.decode(self._ask(exchange, "GET", "account"), type=AccountState)

    def _ask(self, exchange: str, method: str, page: str, body: bytes = b"") -> bytes:
        connection = HTTPConnection("127.0.0.1", self._lines[exchange]["port"], timeout=PATIENCE_S)
        try:
            connection.request(method, f"/_sim/{page}", body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, text
        return text


def held(state: AccountState) -> dict[str, Decimal]:
    """Return what there is of each asset."""
    return {asset: balance.free + balance.locked for asset, balance in state.balances.items()}


class Nursery:
    """Where engines are born; or, `exec`, started as anybody would start them."""

    def __init__(self, *, forks: bool) -> None:
        self._process = _Talking("nursery.py") if forks else None

    def engine(self, environment: Mapping[str, str], folder: Path) -> "Engine":
        """Start one."""
        lines, errors = folder / "lines", folder / "errors"
        lines.unlink(missing_ok=True)
        os.mkfifo(lines)
        ear = os.open(lines, os.O_RDONLY | os.O_NONBLOCK)  # opened first: who writes never waits for a reader
        if (nursery := self._process) is not None:
            asked = {"environment": environment, "lines": str(lines), "errors": str(errors)}
            pid = nursery.ask(asked)["pid"]
            return Engine(pid, ear, errors, lambda: nursery.ask({"ended": pid})["code"])
        with lines.open("wb") as out, errors.open("w") as err:
            arb = Path(sys.executable).with_name("arb")
            process = subprocess.Popen(
                [arb, "run", "--live", "--json"], env={**os.environ, **environment}, stdout=out, stderr=err
            )
        return Engine(process.pid, ear, errors, process.poll)

    def end(self) -> None:
        if self._process is not None:
            self._process.end()


class Engine:
    """One process of `arb run --live --json`."""

    def __init__(self, pid: int, ear: int, errors: Path, code: Callable[[], int | None]) -> None:
        """Begin to look on; `ear` is where its lines arrive, `code` tells how it ended, None while it lives."""
        self.pid = pid
        self.began_ns = time.time_ns()
        self.told: Counter[str] = Counter()
        """How many lines of each kind there were."""
        self.code: int | None = None
        self._code = code
        self._errors = errors
        self._ear: int | None = ear
        self._rest = b""
        self._ask_s = 0.0

    def wait(self, seconds: float) -> None:
        """Wait for lines, or for its end, but no longer than that."""
        assert self._ear is not None, "it was let go"
        select.select([self._ear], [], [], seconds)

    def read(self) -> list[dict[str, Any]]:
        """Return the lines that are new. What is told before it ended is read before `code` says so."""
        now_s = time.monotonic()
        if self.code is None and now_s >= self._ask_s:
            self.code, self._ask_s = self._code(), now_s + LOOK_S
        assert self._ear is not None, "it was let go"
        heard = [self._rest]
        with suppress(BlockingIOError):
            while part := os.read(self._ear, 1 << 16):
                heard.append(part)
        *whole, self._rest = b"".join(heard).split(b"\n")
        lines = [json.loads(text) for text in whole]
        self.told.update(line["kind"] for line in lines)
        return lines

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    @property
    def errors(self) -> str:
        """What it wrote to stderr."""
        return self._errors.read_text()

    def close(self) -> None:
        """Let go of its lines, and of it."""
        if self._ear is not None:
            os.close(self._ear)
            self._ear = None
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
