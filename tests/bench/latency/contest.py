"""The race: one server, a process for each contestant, and turns that are taken one after the other, interleaved.

Entered by `test_latency.py`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from .client import Turn
from .entries import CARE, ENTRIES
from .ledger import Ledger

__all__ = ["Contest", "Outcome", "contest", "without_ids"]

TESTS = Path(__file__).parents[2]
Text = tuple[str, str]
"""Price and size, as they are printed."""
LATE_NS = 10_000_000
"""A server further behind its schedule than this, or a last decision further behind the last write, is a backlog."""
LAST_NS = 2_000_000
"""As is a median above this over the last tenth of the messages."""


class Outcome(msgspec.Struct, frozen=True):
    """One turn of one contestant, seen from both sides."""

    sent: int
    writes: int
    late_ns: int
    turn: Turn

    @property
    def is_whole(self) -> bool:
        """Whether everything was decided upon, however late."""
        return self.turn.decided == self.sent

    @property
    def rounded_tops(self) -> tuple[tuple[float, float], ...]:
        """Best prices in the end, in ticks: not everybody rounds like Python."""
        return tuple((round(bid, 2), round(ask, 2)) for bid, ask in self.turn.tops)

    @property
    def kept_up(self) -> bool:
        """Whether everything was decided upon, and nothing piled up: not at the server, not in the sockets, not at the client."""
        turn = self.turn
        return (
            self.is_whole
            and self.late_ns <= LATE_NS
            and turn.behind <= LATE_NS
            and turn.last_p50 is not None
            and turn.last_p50 <= LAST_NS
        )


class _Process:
    """One of ours that is spoken with by lines."""

    def __init__(self, module: str, *arguments: str, environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"bench.latency.{module}", *arguments],
            cwd=TESTS,
            env=os.environ | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe

    def say(self, line: str) -> None:
        pipe = self._pipe(self._process.stdin)
        pipe.write(f"{line}\n")
        pipe.flush()

    def hear(self) -> str:
        line = self._pipe(self._process.stdout).readline()
        assert line, f"{self._process.args} has ended"
        return line.strip()

    def end(self) -> None:
        with self._process:  # which closes the pipes
            self._pipe(self._process.stdin).close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:  # a framework whose threads stay
                self._process.kill()


class Contest:
    """Server and contestants, waiting for their turns."""

    def __init__(self, server: _Process, clients: dict[str, _Process]) -> None:
        self._server = server
        self._clients = clients
        self.names: Sequence[str] = list(clients)

    def paced(self, name: str, rate: int, seconds: float) -> Outcome:
        """Let one contestant take messages of so many a second."""
        return self._turn(name, {"rate": rate, "seconds": seconds}, burst=0)

    def bursts(self, name: str, size: int, *, every_ns: int, times: int) -> Outcome:
        """Let one contestant take bursts of so many messages on each venue at once."""
        return self._turn(name, {"burst": size, "every_ns": every_ns, "times": times}, burst=size)

    def _turn(self, name: str, command: dict[str, Any], *, burst: int) -> Outcome:
        client = self._clients[name]
        client.say(str(burst))
        assert client.hear() == "ready"
        self._server.say(json.dumps(command))
        served = json.loads(self._server.hear())
        turn = msgspec.json.decode(client.hear(), type=Turn)
        return Outcome(served["sent"], served["writes"], served["late_ns"], turn)


@contextmanager
def contest(
    folder: Path, frames: Iterable[bytes], snapshot: Sequence[Sequence[Text]], names: Sequence[str] = tuple(ENTRIES)
) -> Iterator[Contest]:
    """Start the server, with changes of a book and the book before them, and everybody who is installed."""
    bids, asks = snapshot
    (folder / "frames").write_bytes(b"\n".join(map(without_ids, frames)))
    (folder / "snapshot").write_text(json.dumps({"bids": bids, "asks": asks}))
    ledger = folder / "ledger"
    Ledger.make(ledger)
    environ = {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with ExitStack() as stack:

        def started(module: str, *arguments: str) -> _Process:
            process = _Process(module, *arguments, environ=environ)
            stack.callback(process.end)
            return process

        server = started("server", str(folder / "frames"), str(folder / "snapshot"), str(ledger))
        ports = [str(port) for port in json.loads(server.hear())]
        here = [name for name in names if (ENTRIES | CARE)[name].is_here]
        yield Contest(server, {name: started("client", name, str(ledger), *ports) for name in here})


def without_ids(frame: bytes) -> bytes:
    """Put a mark where each id stands: the server counts anew."""
    event = msgspec.json.decode(frame)
    event["data"] |= {"U": "#", "u": "#"}
    return msgspec.json.encode(event).replace(b'"#"', b"#")
