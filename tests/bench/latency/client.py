"""A contestant at work, in a process of its own: what it imports, allocates and keeps is nobody else's.

    python -m bench.latency.client NAME LEDGER PORT PORT

Reads lines from stdin. At each it connects anew, says `ready` when both its books live and decisions are made, takes part in a
turn, and prints what that came to.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from .entries import CARE, ENTRIES, Contestant
from .ledger import VENUES, Ledger, State

LOOK_S = 0.02
"""How often the ledger is looked at: as rarely as to cost nobody anything."""
READY_AFTER = 20
"""Decisions on each venue."""
PATIENCE_S = 10.0
"""Until ready."""
DRAIN_NS = 1_000_000_000
"""How long decisions are waited for once everything was written. Who needs longer has lost the turn anyway."""


class Turn(msgspec.Struct, frozen=True):
    """What a turn came to, in one contestant's eyes. Nanoseconds; None where no message was decided upon."""

    decided: int
    decisions: int
    """Fewer than messages where several were decided upon at once."""
    p50: float | None
    p99: float | None
    p999: float | None
    last_p50: float | None
    """Of the last tenth."""
    behind: int
    """From the last write to the last decision."""
    took: int
    """From the first write to the last decision."""
    collecting: int
    """What a full round of the garbage collector takes afterwards, everything still open."""
    cpu: float
    """Of the whole process, for each message."""
    tops: tuple[tuple[float, float], ...]
    """Best bid and ask by venue, in the end."""
    bursts: list[int]
    """From each burst's first write to its last decision."""


class Decisions:
    """Ids and times, as a contestant notes them: the same small cost for everybody."""

    def __init__(self) -> None:
        self.ids: tuple[list[int], ...] = tuple([] for _ in range(VENUES))
        self.times: tuple[list[int], ...] = tuple([] for _ in range(VENUES))

    def note(self, venue: int, last_id: int, now_ns: Any = time.monotonic_ns) -> None:
        """A decision was made on this venue's book, with this id."""
        self.ids[venue].append(last_id)
        self.times[venue].append(now_ns())

    def reach(self, last_ids: list[int]) -> bool:
        """Whether the last message of each venue was decided upon."""
        return all(ids and ids[-1] >= last for ids, last in zip(self.ids, last_ids, strict=True))


def latencies(decisions: Decisions, ledger: Ledger) -> list[tuple[int, int]]:
    """Return when each message was written and how long its decision took. One that was skipped waits for the next one."""
    found: list[tuple[int, int]] = []
    for venue in range(VENUES):
        first, last = ledger.ids(venue)
        written_ns = ledger.written_ns[venue]
        done = first - 1
        for last_id, decided_ns in zip(decisions.ids[venue], decisions.times[venue], strict=True):
            for id_ in range(done + 1, min(last_id, last) + 1):
                written = written_ns[id_ - first]
                found.append((written, decided_ns - written))
            done = max(done, last_id)
    found.sort()
    return found


def quantile(ordered: list[int], part: float) -> float | None:
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else None


def bursts(found: list[tuple[int, int]], size: int) -> list[int]:
    """Return how long each burst took; `size` on each venue."""
    whole = VENUES * size
    parts = (found[at : at + whole] for at in range(0, len(found), whole))
    return [max(written + took for written, took in part) - part[0][0] for part in parts if len(part) == whole]


async def until(told: Callable[[], bool]) -> None:
    """Look now and then: memory of another process has no event."""
    while not told():
        again = asyncio.Event()
        asyncio.get_running_loop().call_later(LOOK_S, again.set)
        await again.wait()


async def turn(contestant: Contestant, ports: tuple[int, ...], ledger: Ledger, burst: int) -> Turn:
    decisions = Decisions()
    ledger.state = State.BEFORE
    async with contestant(ports, decisions.note) as tops:
        async with asyncio.timeout(PATIENCE_S):
            await until(lambda: min(map(len, decisions.ids)) >= READY_AFTER)
        gc.collect()
        print("ready", flush=True)
        await until(lambda: ledger.state != State.BEFORE)
        for kept in (*decisions.ids, *decisions.times):
            kept.clear()
        cpu_ns = time.process_time_ns()
        await until(lambda: ledger.state == State.ENDED)
        give_up_ns = time.monotonic_ns() + DRAIN_NS
        last_ids = [ledger.ids(venue)[1] for venue in range(VENUES)]
        await until(lambda: decisions.reach(last_ids) or time.monotonic_ns() > give_up_ns)
        cpu_ns = time.process_time_ns() - cpu_ns
        last_tops = tops()
        collecting_ns = -time.monotonic_ns()
        gc.collect()
        collecting_ns += time.monotonic_ns()
    found = latencies(decisions, ledger)
    ordered = sorted(took for _, took in found)
    last_ns = max((written + took for written, took in found), default=0)
    last_tenth = [took for _, took in found[-max(1, len(found) // 10) :]]
    return Turn(
        decided=len(found),
        decisions=sum(map(len, decisions.ids)),
        p50=quantile(ordered, 0.5),
        p99=quantile(ordered, 0.99),
        p999=quantile(ordered, 0.999),
        last_p50=median(last_tenth) if last_tenth else None,
        behind=last_ns - found[-1][0] if found else 0,
        took=last_ns - found[0][0] if found else 0,
        collecting=collecting_ns,
        cpu=cpu_ns / len(found) if found else 0.0,
        tops=last_tops,
        bursts=bursts(found, burst) if burst else [],
    )


def main() -> None:
    name, ledger_path, *ports = sys.argv[1:]
    entry = (ENTRIES | CARE)[name]
    ledger = Ledger(Path(ledger_path))
    contestant = entry.make()
    numbers = tuple(map(int, ports))
    for line in sys.stdin:
        with asyncio.Runner(loop_factory=entry.loop()) as runner:
            outcome = runner.run(turn(contestant, numbers, ledger, int(line)))
        print(msgspec.json.encode(outcome).decode(), flush=True)


if __name__ == "__main__":
    main()
