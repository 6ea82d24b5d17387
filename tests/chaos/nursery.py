"""A process that has imported everything and gives birth to processes of `arb run --live`.

To import arb takes longer than all else that a start does, and hundreds are started here. What is born is a process
like any other: it reads its settings, opens its sockets and its journal, and is killed alone.

Run as a script; reads lines of JSON and answers each with one:

    {"environment": {...}, "lines": PATH, "errors": PATH}  ->  {"pid": 17}
    {"ended": 17}                                          ->  {"code": -9}; null while it lives
"""

import gc
import importlib
import json
import os
import sys
from typing import Any

MODULES = (
    "arb_core.cli.run",
    "arb_core.engine.journal.journal",
    "arb_core.runtime.sockets",
    "arb_core.strategies.spatial",
    "arb_binance.plugin",
    "arb_bitget.plugin",
    "arb_bybit.plugin",
    "arb_gateio.plugin",
    "arb_kraken.plugin",
    "arb_kucoin.plugin",
    "arb_mexc.plugin",
    "arb_okx.plugin",
)


def main() -> None:
    """Serve until stdin ends; whoever is left then dies as well."""
    for name in MODULES:
        importlib.import_module(name)
    gc.freeze()
    alive: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            pid, status = os.waitpid(asked["ended"], os.WNOHANG)
            alive.discard(pid)
            answer: dict[str, Any] = {"code": os.waitstatus_to_exitcode(status) if pid else None}
        else:
            pid = os.fork()
            if not pid:
                live(asked)
            alive.add(pid)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)
    for pid in alive:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def live(asked: dict[str, Any]) -> None:
    """Be `arb run --live --json`, to the end."""
    from arb_core.cli.main import main

    os.environ.update(asked["environment"])
    for number, target in ((0, os.devnull), (1, asked["lines"]), (2, asked["errors"])):
        file = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    try:
        main(["run", "--live", "--json"])
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


if __name__ == "__main__":
    main()
