"""Asking the event loop from another thread for what only its own thread may look at."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from arb_core.errors import FiguresUnavailable

__all__ = ["Asking"]

T = TypeVar("T")


class Asking(Generic[T]):
    """One question and who answers it, from `open` until `close`."""

    def __init__(self, *, patience_s: float = 2.0) -> None:
        """Wait up to `patience_s` for an answer: a loop that stands still longer is what has to be told."""
        self._patience_s = patience_s
        self._answer: Callable[[], T] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def open(self, answer: Callable[[], T]) -> None:
        """Answer from now on, on the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._answer = answer

    def close(self) -> None:
        """Answer no more."""
        self._answer = None

    def ask(self) -> T:
        """Return the answer, from any thread.

        Raises:
            FiguresUnavailable: nobody answers, or not in time.
        """
        loop = self._loop
        if loop is None or self._answer is None:
            raise FiguresUnavailable("nothing runs that could be asked")
        if threading.get_ident() == self._thread:
            return self._answer()
        future: Future[T] = Future()
        try:
            loop.call_soon_threadsafe(self._resolve, future)
        except RuntimeError as error:  # the loop is closed
            raise FiguresUnavailable("it has ended") from error
        try:
            return future.result(self._patience_s)
        except TimeoutError as error:
            future.cancel()
            raise FiguresUnavailable(f"the event loop did not answer within {self._patience_s:g} s") from error

    def _resolve(self, future: "Future[T]") -> None:
        if not future.set_running_or_notify_cancel():
            return
        answer = self._answer
        if answer is None:
            future.set_exception(FiguresUnavailable("it has ended"))
            return
        try:
            future.set_result(answer())
        except Exception as error:  # noqa: BLE001 (whoever asked hears of it)
            future.set_exception(error)
