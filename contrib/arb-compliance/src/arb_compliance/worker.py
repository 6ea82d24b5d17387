"""The process in which a plugin is tried: it reads case ids and writes results, one JSON object a line each.

A stranger's code runs here and nowhere else. It may hang, exit, flood stdout or eat memory: whoever started this
process (`runner`) ends it and goes on with the next case in a new one. Results go over a pipe of their own, so that
nothing a plugin prints can be taken for one.

    python -m arb_compliance.worker EXCHANGE RESULTS_FD MEMORY
"""

import asyncio
import faulthandler
import inspect
import os
import resource
import sys
import traceback
import warnings
from collections.abc import Awaitable
from time import perf_counter
from typing import Any, cast

import looptime
import msgspec
from arb_core.errors import ArbError
from arb_core.runtime.book import SORTED
from arb_core.structs.card import Capability
from msgspec.structs import replace

from arb_compliance.case import Case, Proof, Tier, catalogue
from arb_compliance.evidence import evidence_of
from arb_compliance.expect import CaseFailed, NotAsked, NotProved, fail, readable
from arb_compliance.result import Failure, Result, State
from arb_compliance.subject import Subject
from arb_compliance.watch import Watch

__all__ = ["EVIDENCE", "Order", "Ready", "main", "try_case"]

EVIDENCE = "evidence"
"""In place of a case: what stands behind the plugin's wire structs."""

_EARLY = 0.9
"""After this part of its time a case that hangs is asked where."""


class Order(msgspec.Struct, frozen=True):
    """One line of stdin: which case, after how many seconds it will be ended, and whether once is enough."""

    case: str
    limit_s: float
    short: bool = False


class Ready(msgspec.Struct, frozen=True):
    """The first line of results: the kit is imported, and these are its cases, whatever others make of them."""

    cases: tuple[str, ...]


def main() -> None:
    """Try cases until stdin ends."""
    exchange, results = sys.argv[1], os.fdopen(int(sys.argv[2]), "wb", buffering=0)
    _limit_memory(int(sys.argv[3]))
    watch = Watch()
    cases = catalogue()
    results.write(msgspec.json.encode(Ready(tuple(cases))) + b"\n")
    subject = Subject(exchange, watch=watch)
    orders = msgspec.json.Decoder(Order)
    for line in sys.stdin.buffer:
        order = orders.decode(line)
        if order.case == EVIDENCE:
            results.write(msgspec.json.encode(evidence_of(subject)) + b"\n")
            continue
        faulthandler.dump_traceback_later(order.limit_s * _EARLY, exit=False)
        subject.short = order.short
        result = try_case(cases[order.case], subject)
        faulthandler.cancel_dump_traceback_later()
        results.write(msgspec.json.encode(result) + b"\n")


def _limit_memory(most: int) -> None:
    """Bound the address space: a plugin that eats memory meets a MemoryError before the machine does."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def try_case(case: Case, subject: Subject) -> Result:
    """Run one case to its end, whatever the plugin does short of killing the process."""
    began = perf_counter()
    subject.warnings.clear()
    state, failure, why = State.PASSED, None, None
    try:
        if (why := _not_asked(case, subject)) is not None:
            return Result(case=case.id, tier=case.tier, state=State.NOT_ASKED, seconds=0.0, why=why)
        if case.proof is Proof.VENUE:
            subject.need_venue()
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            if case.tier is Tier.STREAM:
                _both_ways(case, subject)
            else:
                _run(case, subject)
    except CaseFailed as error:
        state, failure = State.FAILED, error.failure
    except NotAsked as nothing:
        state, why = State.NOT_ASKED, str(nothing)
    except NotProved as missing:
        state, why = State.NOT_PROVED, str(missing)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 (a stranger's code may raise anything, SystemExit too)
        state, failure = State.FAILED, _raised(error)
    return Result(
        case=case.id,
        tier=case.tier,
        state=state,
        seconds=perf_counter() - began,
        failure=failure,
        warnings=tuple(dict.fromkeys(subject.warnings)),
        why=why,
    )


def _run(case: Case, subject: Subject) -> None:
    outcome = case.run(subject)
    if inspect.isawaitable(outcome):
        _on_virtual_time(outcome)


def _both_ways(case: Case, subject: Subject) -> None:
    """Let the dialect read every frame; then once more, with the depth messages read by a scanner if one is installed.

    What a scanner takes for the dialect, the dialect is not tried with: neither way says anything of the other.
    """
    with subject.on_books(SORTED.name):
        _run(case, subject)
    if Capability.BOOK not in case.needs or (scanned := subject.scanned()) is None:
        return
    try:
        with subject.on_books(scanned):
            _run(case, subject)
    except CaseFailed as failed:
        words = f"with depth messages read by the {scanned} scanner, by the dialect's `layouts`"
        raise CaseFailed(replace(failed.failure, message=f"{words}: {failed.failure.message}")) from failed


def _not_asked(case: Case, subject: Subject) -> str | None:
    """Return which capability the card does not declare, None where the case is to be run.

    Raises:
        NotProved: the card cannot be read; what is wrong with it, the cases of tier card say.
    """
    if case.tier is Tier.CARD:
        return None
    try:
        lacking = case.needs - subject.card.capabilities
    except ArbError as error:
        raise NotProved(f"the card cannot be read: {error}") from error
    return f"the card does not declare {', '.join(sorted(lacking))}" if lacking else None


def _on_virtual_time(work: Awaitable[Any]) -> None:
    """Run a case on a loop whose time jumps, and find what it leaves behind."""
    lost: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: lost.append(context))
        await work
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            raise fail(
                f"{len(left)} tasks outlive the venue",
                found=", ".join(sorted(task.get_name() for task in left)),
                fix="a plugin starts no tasks: sockets, timers and retries are the core's",
            )

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        try:
            runner.run(run())
        except CaseFailed as failed:
            if lost:  # the likely cause: a `sim` that raises is a venue that does not answer
                raise fail(f"{failed.failure.message}; before that, {_NOBODY}", found=_first(lost)) from failed
            raise
    if lost:
        raise fail(_NOBODY, found=_first(lost))


_NOBODY = "an error that nobody awaited"


def _first(lost: list[dict[str, Any]]) -> str:
    """Tell the first error that came to the loop, with the last lines of where."""
    error = lost[0].get("exception")
    if not isinstance(error, BaseException):
        return str(lost[0].get("message"))
    return f"{_text(error)}\n{''.join(traceback.format_tb(error.__traceback__)[-2:])}"


def _raised(error: BaseException) -> Failure:
    """Tell of an error that the case did not foresee, with the last lines of where."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    if isinstance(error, CaseFailed):
        return error.failure
    where = "".join(traceback.format_tb(error.__traceback__)[-4:])
    return Failure(message=f"raised {_text(error)}", found=readable(where))


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:500]


if __name__ == "__main__":
    main()
