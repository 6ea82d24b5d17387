"""The tasks of trading. A defect in one of them takes no other with it.

An error of a venue or of the journal is handled where it happens. What arrives here is a mistake of ours: it is told,
nothing new is begun, and trades in flight go on to their end, for half a trade is worse than a program that stops.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from arb_core.runtime.tasks import TaskOwner

__all__ = ["Crew"]


class Crew:
    """A part of a `TaskOwner`'s tasks that can be dismissed together."""

    def __init__(self, owner: TaskOwner, defect: Callable[[str, Exception], None]) -> None:
        """Tell `defect` where we failed, and with what."""
        self.defect = defect
        self._owner = owner
        self._tasks: set[asyncio.Task[None]] = set()
        self._dismissed = False

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start a task; after `dismiss`, or when the owner is ending, the work is left undone."""
        if self._dismissed:
            work.close()
            return
        guarded = self._guarded(work, name)
        try:
            task = self._owner.spawn(guarded, name)
        except RuntimeError:  # what a TaskGroup says when it is ending
            guarded.close()
            work.close()
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Cancelled before its first step, a task leaves what it was to do behind.
        task.add_done_callback(lambda _: work.close())

    async def dismiss(self) -> None:
        """Cancel every task and wait for its end; none is started after."""
        self._dismissed = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _guarded(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 (a mistake of ours, which must not take other trades with it)
            self.defect(name, error)
