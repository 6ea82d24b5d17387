"""The process of simulated venues, from our side. Entered by the benches that trade over loopback."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from arb_core.structs.account import Credentials

from .wire import ids_in

__all__ = ["Served", "served"]


class Served:
    """What `market` has said."""

    def __init__(self, process: "subprocess.Popen[str]", count: int) -> None:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(count)]
        self.ports: dict[str, int] = {line["exchange"]: line["port"] for line in lines}
        self.keys = {
            line["exchange"]: Credentials(api_key=line["keys"][0], api_secret=line["keys"][1]) for line in lines
        }
        self._process = process

    def read(self) -> dict[str, int]:
        """End it; return when the request of each client id was read."""
        said, _ = self._process.communicate()
        found: dict[str, int] = {}
        for text, read_ns in json.loads(said).items():
            found |= {id_: min(read_ns, found.get(id_, read_ns)) for id_ in ids_in(text)}
        return found


@contextmanager
def served(exchanges: Sequence[str], symbols: Sequence[str], *, per_minute: float) -> Iterator[Served]:
    """Run them until the block ends. With 0 dislocations a minute their market stands still."""
    script = str(Path(__file__).with_name("market.py"))
    command = [sys.executable, script, ",".join(exchanges), ",".join(symbols), str(per_minute)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process, len(exchanges))
        finally:
            if process.stdin is not None:
                process.stdin.close()
