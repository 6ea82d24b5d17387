"""Runs a command's coroutine on uvloop where it is installed, and lets Ctrl-C or SIGTERM end it cleanly."""

import asyncio
import contextlib
import importlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, NoReturn, TypeVar

from arb_core.config import LoopSettings
from arb_core.interfaces.context import Clock
from arb_core.runtime.busy_poll import BusyPoll
from arb_core.runtime.garbage import Freeze

__all__ = ["loop_factory", "on_kill_signal", "processors", "run", "stop_on_signals", "told", "tuned", "unless"]

T = TypeVar("T")

_TURN_S = 0.0005
"""How long the journal's or an observer's thread may compute before the event loop has its turn: what a message waits
for then. Python's own 5 ms were measured to be worse (docs/reference/performance.md)."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loop; None = asyncio's own, where uvloop is not installed (Windows)."""
    try:
        uvloop: Any = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a fresh loop."""
    sys.setswitchinterval(_TURN_S)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(main)


def processors() -> int:
    """Return how many processors this process may use."""
    may_use: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)  # not everywhere
    return os.cpu_count() or 1 if may_use is None else len(may_use(0))


def told(settings: LoopSettings) -> str:
    """Return what a title says of the loop: nothing, as long as it sleeps."""
    return "  busy polling" if settings.busy_poll else ""


@contextlib.asynccontextmanager
async def tuned(settings: LoopSettings, clock: Clock) -> AsyncGenerator[None]:
    """Keep the running loop during the block as `[loop]` says."""
    with contextlib.ExitStack() as stack:
        if settings.freeze:
            stack.enter_context(Freeze(clock, settings.duration_ns("warm_up")))
        if settings.busy_poll:
            stack.enter_context(BusyPoll())
        yield


@contextlib.contextmanager
def stop_on_signals(*, second: Callable[[int, object], NoReturn] | None = None) -> Generator[asyncio.Event]:
    """Give an event that SIGINT or SIGTERM sets, once; a second signal ends the process at once, as usual.

    Args:
        second: the handler of the second signal instead, called whatever the loop is doing; it ends the process.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)

    def first() -> None:
        stop.set()
        remove()
        if second is not None:
            for number in signals:
                before[number] = signal.signal(number, second)

    def remove() -> None:
        for number in signals:
            with contextlib.suppress(NotImplementedError, ValueError):
                loop.remove_signal_handler(number)

    before: dict[int, Any] = {}
    for number in signals:
        # Not on Windows, and not outside of the main thread: there Ctrl-C is a KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, first)
    try:
        yield stop
    finally:
        remove()
        for replaced, handler in before.items():
            signal.signal(replaced, handler)


@contextlib.contextmanager
def on_kill_signal(act: Callable[[str], object]) -> Generator[None]:
    """Call `act` with a reason at SIGUSR1, where the system has it."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        yield
        return
    # As above: not outside of the main thread, and not on the loop of a test that has no signals.
    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
        loop.add_signal_handler(signal.SIGUSR1, act, "signal SIGUSR1")
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError, ValueError):
            loop.remove_signal_handler(signal.SIGUSR1)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Do some work, unless told to stop meanwhile; return whether it was done. What it raises passes through."""
    task, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, told), return_when=asyncio.FIRST_COMPLETED)
    finally:
        done = task.done()
        task.cancel()
        told.cancel()
        await asyncio.wait((task, told))
    if done:
        task.result()
    return done
