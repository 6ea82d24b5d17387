"""Who owns the tasks of a venue: every one is awaited, and the failure of one ends all, in the caller's face."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from arb_core.interfaces.context import Clock

__all__ = ["TaskOwner", "within"]


async def within(clock: Clock, limit_ns: int, work: Coroutine[Any, Any, None]) -> bool:
    """Do some work, but no longer than `limit_ns`; return whether it was done. What it raises passes through."""
    task = asyncio.ensure_future(work)
    timer = clock.call_at(clock.monotonic_ns() + limit_ns, lambda: _cancel(task))
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait((task,))
        raise
    finally:
        timer.cancel()
    if task.cancelled():
        return False
    task.result()
    return True


def _cancel(task: asyncio.Future[None]) -> None:
    task.cancel()


class TaskOwner:
    """An `asyncio.TaskGroup` whose tasks run until they are told to stop.

    Leaving the context cancels and awaits all of them. A task that fails cancels the others and the body of the
    context, which then raises that very error: a defect is never a log line beside a program that seems to work.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            # A group that ends because a task failed has cancelled the others already; once more would break off
            # what they do in their `finally`.
            if not task.cancelling():
                task.cancel()
        try:
            # The body's own error is not handed to the group: it would come back wrapped.
            await self._group.__aexit__(None, None, None)
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from None
            raise

    def try_spawn(self, work: Coroutine[Any, Any, None], name: str) -> bool:
        """Start a task that may as well be left out; return False when this owner is ending because a task failed."""
        try:
            self.spawn(work, name)
        except RuntimeError:  # what a TaskGroup says then
            work.close()
            return False
        return True

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task; it ends by itself, by `cancel`, or with the context."""
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
