"""CPU time as a number that means the same on every machine: how often a fixed piece of work could have been done.

A loaded machine gives a process less time, not less work for its time; a slow one is slow at the reference, too. So
every figure is CPU time of this thread, the least of several tries, over that of the reference in the same minute.
"""

import resource
import sys
from collections.abc import Callable
from time import thread_time

import msgspec

__all__ = ["reference_s", "relative", "waits"]

_MESSAGE = msgspec.json.encode(
    {
        "e": "depthUpdate",
        "s": "BTCUSDT",
        "U": 400_900_217,
        "b": [[f"{43_000.10 - step / 100:.2f}", f"{step * 0.00317:.5f}"] for step in range(20)],
        "a": [[f"{43_000.20 + step / 100:.2f}", f"{step * 0.00291:.5f}"] for step in range(20)],
    }
)
"""About a kilobyte, as a venue would send it."""

_TRIES = 7
_LEAST_S = 0.002
"""So much CPU time one try takes at least: the clock's own steps are then too small to matter."""


def _reference() -> None:
    message = msgspec.json.decode(_MESSAGE)
    {float(price): float(size) for price, size in message["b"]}
    {float(price): float(size) for price, size in message["a"]}


def reference_s() -> float:
    """Return the CPU time of the reference: reading one message of 40 levels without knowing what it is."""
    return min(_per_call(_reference) for _ in range(_TRIES))


def relative(work: Callable[[], object]) -> float:
    """Return how many references a call costs, the two measured in turn."""
    pairs = [(_per_call(work), _per_call(_reference)) for _ in range(_TRIES)]
    return min(cost for cost, _ in pairs) / min(unit for _, unit in pairs)


def waits(work: Callable[[], object]) -> int:
    """Return how often the thread gave itself up meanwhile: to a sleep, a lock, a socket, a disk.

    Being interrupted by the system does not count, so it does not matter how busy the machine is.
    """
    who = resource.RUSAGE_THREAD if sys.platform == "linux" else resource.RUSAGE_SELF
    before = resource.getrusage(who).ru_nvcsw
    work()
    return resource.getrusage(who).ru_nvcsw - before


def _per_call(work: Callable[[], object]) -> float:
    times = 1
    while True:
        began = thread_time()
        for _ in range(times):
            work()
        took = thread_time() - began
        if took >= _LEAST_S:
            return took / times
        times *= 4
