"""Fetches the REST snapshots that books ask for: few at a time, first come, first served, never two for one book.

A thousand books that start together wait in one line. One whose snapshot failed, or could not be joined to its stream,
waits by itself, longer each time, and then goes to the end of that line.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

from arb_core.errors import ArbError, RateLimitError
from arb_core.interfaces.context import Clock, TimerHandle
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.stream.backoff import Backoff
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.book import BookSnapshot, BookState
from arb_core.structs.market import Symbol

__all__ = ["Snapshots"]

PLACES = 8
"""Requests under way at once: enough to hide the way to the venue, few enough to leave its budgets to others."""
_BASE_NS = 200_000_000
_CAP_NS = 30_000_000_000


class Snapshots:
    """The line at one venue's order-book endpoint.

    `fetch(symbol, levels)` gets a book; `failed` is told of every failure, after which the book is asked for again.
    """

    def __init__(
        self,
        fetch: Callable[[Symbol, int], Awaitable[BookSnapshot]],
        failed: Callable[[BookSync, ArbError], None],
        *,
        clock: Clock,
        tasks: TaskOwner,
        random: Random,
        places: int = PLACES,
    ) -> None:
        self._fetch = fetch
        self._failed = failed
        self._clock = clock
        self._tasks = tasks
        self._random = random
        self._free = places
        self._line: deque[BookSync] = deque()
        self._backoffs: dict[BookSync, Backoff] = {}
        """Of books that have asked and are not LIVE since."""
        self._timers: dict[BookSync, TimerHandle] = {}
        self._not_before_ns = 0
        self.fetched = 0
        self.failures = 0

    @property
    def waiting(self) -> int:
        """Books in the line or backing off."""
        return len(self._line) + len(self._timers)

    def need(self, book: BookSync) -> None:
        """Put a book into the line; `BookSync.need_snapshot`."""
        backoff = self._backoffs.get(book)
        if backoff is None:
            self._backoffs[book] = Backoff(self._random, base_ns=_BASE_NS, cap_ns=_CAP_NS)
            self._join(book)
            return
        # The last snapshot failed or was too old; a venue that caches them gives the same one again for a while.
        due_ns = max(self._clock.monotonic_ns() + backoff.fail(), self._not_before_ns)
        self._timers[book] = self._clock.call_at(due_ns, partial(self._rejoin, book))

    def forget(self, book: BookSync) -> None:
        """A book is no longer wanted."""
        self._backoffs.pop(book, None)
        if (timer := self._timers.pop(book, None)) is not None:
            timer.cancel()
        if book in self._line:
            self._line.remove(book)

    def close(self) -> None:
        """Fetch nothing more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._line.clear()

    def _rejoin(self, book: BookSync) -> None:
        del self._timers[book]
        self._join(book)

    def _join(self, book: BookSync) -> None:
        self._line.append(book)
        if self._free and self._tasks.try_spawn(self._work(), "snapshots"):
            self._free -= 1

    async def _work(self) -> None:
        """Serve the line until it is empty."""
        try:
            while self._line:
                await self._serve(self._line.popleft())
        finally:
            self._free += 1

    async def _serve(self, book: BookSync) -> None:
        try:
            snapshot = await self._fetch(book.symbol, book.rule.snapshot_limit)
        except ArbError as error:
            limit = error if isinstance(error, RateLimitError) else None
            # One that our own bucket held back was never sent.
            self.failures += limit is None or not limit.local
            if limit is not None and limit.retry_after_ns is not None:
                self._not_before_ns = self._clock.monotonic_ns() + limit.retry_after_ns
            self._failed(book, error)
            book.rest_failed(error)
            return
        self.fetched += 1
        book.rest_snapshot(snapshot)
        if book.state is BookState.LIVE:
            self._backoffs.pop(book, None)
