"""Async iterators over what a venue says: bounded adapters beside the main path, for readers who may be slow.

Nothing waits for the reader. States (quotes, depths, candles) are coalesced: the reader gets the latest, not each one.
Trades are kept up to a limit, and the oldest are dropped and counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["Updates"]

T = TypeVar("T")


class Updates(Generic[T]):
    """`async for update in updates`; ends when it is closed or its venue is.

    `open_` begins to listen and returns what ends it; it is called at the first step and raises what `Venue.watch_*`
    raise. Updates with the same `key` replace one another; without a key each one counts.
    """

    def __init__(
        self,
        open_: Callable[[Callable[[T], None]], Awaitable[Callable[[], None]]],
        *,
        key: Callable[[T], Hashable] | None,
        limit: int,
    ) -> None:
        self._open = open_
        self._key = key
        self._limit = limit
        self._number = 0
        self._pending: dict[Hashable, T] = {}
        self._news = asyncio.Event()
        self._end: Callable[[], None] | None = None
        self._closed = False
        self.coalesced = 0
        """Updates that a later one replaced before anybody read them."""
        self.dropped = 0
        """Updates that were lost because the reader was too slow."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._end is None and not self._closed:
            self._end = await self._open(self._take)
            if self._is_closed():
                self._end()
        while not self._pending:
            if self._is_closed():
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._pending.pop(next(iter(self._pending)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more; what is pending can still be read."""
        if not self._closed:
            self._closed = True
            if self._end is not None:
                self._end()
            self._news.set()

    def _is_closed(self) -> bool:
        return self._closed

    def _take(self, update: T) -> None:
        if self._key is None:
            self._number += 1
            key: Hashable = self._number
        else:
            key = self._key(update)
        if self._pending.pop(key, None) is not None:
            self.coalesced += 1
        elif len(self._pending) >= self._limit:
            del self._pending[next(iter(self._pending))]
            self.dropped += 1
        self._pending[key] = update
        self._news.set()
