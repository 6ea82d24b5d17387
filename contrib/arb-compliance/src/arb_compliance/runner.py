"""Runs cases in processes of their own and survives whatever they do.

A case that hangs is ended and reported with the place where it hung; the next one gets a new process. Entered by the
command, by the pytest plugin and by whoever counts mutants.
"""

import os
import select
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import IO, Self, cast

import msgspec

from arb_compliance.case import Case
from arb_compliance.result import Evidence, Failure, Result, State
from arb_compliance.worker import EVIDENCE, Order, Ready

__all__ = ["Worker", "run_cases"]

_START_S = 60.0
"""How long a new process may take to import the kit: two cores may be busy."""

_MEMORY = 4 << 30
"""Bytes of address space of a process."""

_PATIENCE = 3
"""After so many lost processes in a row the rest is not tried: whoever hangs at the import would do so for an hour."""

_KEPT = 20_000
"""Bytes of a process's stderr that are kept: where it hung, or why it died."""

_ready = msgspec.json.Decoder(Ready)
_SHOWN = 2000
"""Characters of that which a report bears."""

_STACK = "Timeout ("
"""How faulthandler begins."""

_result = msgspec.json.Decoder(Result)
_evidence = msgspec.json.Decoder(list[Evidence])


class Worker:
    """One process at a time in which cases of one exchange run; use it within `with`.

    Args:
        exchange: the plugin's id.
        short: each case once, where it would draw many examples.
        environ: of the processes; this one's by default.
        limit_s: wall time of every case, instead of its own.
        memory: bytes of address space of a process.
    """

    def __init__(
        self,
        exchange: str,
        *,
        short: bool = False,
        environ: Mapping[str, str] | None = None,
        limit_s: float | None = None,
        memory: int = _MEMORY,
    ) -> None:
        self._exchange = exchange
        self._short = short
        self._environ = dict(os.environ if environ is None else environ)
        self._limit_s = limit_s
        self._memory = memory
        self._child: subprocess.Popen[bytes] | None = None
        self._results = -1
        self._cases: tuple[str, ...] = ()
        self._lost_in_a_row = 0
        self._said = bytearray()
        self._listener: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, case: Case) -> Result:
        """Run one case; a process that hangs or dies is a failed case and is replaced."""
        began, limit_s = monotonic(), self._limit_s or case.limit_s
        if self._lost_in_a_row >= _PATIENCE:
            return self._lost(case, began, f"not tried: the {_PATIENCE} cases before it hung or ended the process")
        try:
            line = self._ask(case.id, limit_s)
            if line is None:
                return self._lost(case, began, f"hung: no result within {limit_s:g} s")
            if not line:
                return self._lost(case, began, "ended the whole process")
            result = _result.decode(line)
        except BrokenPipeError:
            return self._lost(case, began, "the process ended before the case began")
        except msgspec.MsgspecError:
            return self._lost(case, began, "wrote into the kit's own pipe")
        self._lost_in_a_row = 0
        return result

    def evidence(self) -> list[Evidence]:
        """Return what stands behind the plugin's wire; nothing where it cannot even be asked."""
        if self._lost_in_a_row >= _PATIENCE:
            return []
        try:
            return _evidence.decode(self._ask(EVIDENCE, self._limit_s or _START_S) or b"")
        except (BrokenPipeError, msgspec.MsgspecError):
            self._end()
            return []

    def cases(self) -> tuple[str, ...]:
        """Return the ids of the kit's cases as a process of its own knows them; none where none can be started."""
        if self._child is None:
            self._start()
        return self._cases

    def _ask(self, what: str, limit_s: float) -> bytes | None:
        if self._child is None:
            self._start()
        stdin = cast("IO[bytes]", cast("subprocess.Popen[bytes]", self._child).stdin)
        stdin.write(msgspec.json.encode(Order(what, limit_s, self._short)) + b"\n")
        stdin.flush()
        return self._read(monotonic() + limit_s)

    def _start(self) -> None:
        read, write = os.pipe()
        command = [sys.executable, "-m", "arb_compliance.worker", self._exchange, str(write), str(self._memory)]
        try:
            self._child = subprocess.Popen(  # noqa: S603 (our own module, by the running interpreter)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(write,),
                env=self._environ,
                start_new_session=True,
            )
        finally:
            os.close(write)
        self._results = read
        self._said.clear()
        stderr = cast("IO[bytes]", self._child.stderr)
        # A pipe that nobody reads would stop a plugin that floods it, and hide where it hung.
        self._listener = threading.Thread(target=self._listen, args=(stderr,), daemon=True)
        self._listener.start()
        ready = self._read(monotonic() + _START_S)
        self._cases = _ready.decode(ready).cases if ready else ()

    def _listen(self, stderr: IO[bytes]) -> None:
        while chunk := os.read(stderr.fileno(), 1000):
            self._said += chunk
            del self._said[:-_KEPT]

    def _read(self, until: float) -> bytes | None:
        """Return one line, empty when the process has ended, None when it was not there in time."""
        line = b""
        while not line.endswith(b"\n"):
            left = until - monotonic()
            if left <= 0 or not select.select([self._results], [], [], left)[0]:
                return None
            chunk = os.read(self._results, 65_536)
            if not chunk:
                return b""
            line += chunk
        return line

    def _lost(self, case: Case, began: float, message: str) -> Result:
        """Report a case whose process is of no use any more, and end that."""
        self._lost_in_a_row += 1
        self._end()
        said = self._said.decode(errors="replace").strip()
        return Result(
            case=case.id,
            tier=case.tier,
            state=State.FAILED,
            seconds=monotonic() - began,
            failure=Failure(
                message=message,
                found=_telling(said) or None,
                fix="methods of the contract return at once; nothing blocks, exits or loops without end",
            ),
        )

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(BrokenPipeError):
            cast("IO[bytes]", child.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            child.wait(0.2)
        # The whole session: what a plugin started goes with it.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if self._listener is not None:
            self._listener.join(1.0)
        cast("IO[bytes]", child.stderr).close()
        os.close(self._results)


def _telling(said: str) -> str:
    """Return what tells most of a process's last words: of faulthandler's stack the innermost calls, its first."""
    stack = said.rfind(_STACK)
    return said[-_SHOWN:] if stack < 0 else said[stack : stack + _SHOWN]


def run_cases(
    exchange: str,
    cases: Iterable[Case],
    *,
    jobs: int = 2,
    short: bool = False,
    on_result: Callable[[Result], None] | None = None,
    until: Callable[[Result], bool] | None = None,
    environ: Mapping[str, str] | None = None,
    limit_s: float | None = None,
) -> list[Result]:
    """Run cases, `jobs` at a time, and return their results in the order of the cases.

    Args:
        exchange: the plugin's id.
        cases: what to run.
        jobs: processes at once.
        short: each case once, where it would draw many examples.
        on_result: told each result as it comes, by whichever thread has it.
        until: no further case begins after a result for which this is true.
        environ: of the processes; this one's by default.
        limit_s: wall time of every case, instead of its own.
    """
    waiting = deque(cases)
    order = {case.id: number for number, case in enumerate(waiting)}
    results: list[Result] = []
    lock = threading.Lock()
    over = threading.Event()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with Worker(exchange, short=short, environ=environ, limit_s=limit_s) as worker:
                while not over.is_set():
                    with lock:
                        if not waiting:
                            return
                        case = waiting.popleft()
                    result = worker.run(case)
                    with lock:
                        results.append(result)
                        if on_result is not None:
                            on_result(result)
                    if until is not None and until(result):
                        over.set()
        except BaseException as error:  # noqa: BLE001 (told by the thread that started this one)
            errors.append(error)
            over.set()

    threads = [threading.Thread(target=work) for _ in range(max(1, min(jobs, len(waiting))))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sorted(results, key=lambda result: order[result.case])
