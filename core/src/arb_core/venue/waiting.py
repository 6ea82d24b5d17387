"""Who waits for a book to be LIVE or for a subscription to stand, and what they are told."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from arb_core.errors import ArbError
from arb_core.interfaces.context import Clock
from arb_core.runtime.tasks import within

__all__ = ["WATCH_TIMEOUT_NS", "Waiting", "in_time"]

K = TypeVar("K")

_SECOND = 1_000_000_000

WATCH_TIMEOUT_NS = 30 * _SECOND
"""How long `watch_*` wait for the venue, where the caller does not say."""


async def in_time(clock: Clock, limit_ns: int, work: Coroutine[Any, Any, None], late: Callable[[], ArbError]) -> None:
    """Do some work, or raise what `late` makes when it takes longer than `limit_ns`."""
    if not await within(clock, limit_ns, work):
        error = late()
        error.add_note(f"waited {limit_ns / _SECOND:g} s")
        raise error


class Waiting(Generic[K]):
    """Callers who wait, by what they wait for."""

    def __init__(self) -> None:
        self._futures: dict[K, list[asyncio.Future[None]]] = {}

    async def turn(self, key: K) -> None:
        """Wait until `key` is settled. Raises the error with which it was."""
        future = asyncio.get_running_loop().create_future()
        self._futures.setdefault(key, []).append(future)
        try:
            await future
        finally:
            futures = self._futures.get(key)
            if futures is not None and future in futures:
                futures.remove(future)
                if not futures:
                    del self._futures[key]

    def settle(self, key: K, error: Exception | None = None) -> None:
        """Wake everyone who waits for `key`."""
        for future in self._futures.pop(key, ()):
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
