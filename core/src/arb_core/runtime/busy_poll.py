"""An event loop that does not sleep: it looks for messages all the time, so that none has to wake it.

Waking a thread takes a system longer than everything from the frame to the verdict. The price is a whole core, whether
anything arrives or not; on a machine without one to spare the loop takes the time of those who feed it.
"""

import asyncio
from types import TracebackType
from typing import Self

__all__ = ["BusyPoll"]


class BusyPoll:
    """Keeps the running loop turning while the block runs.

    There is always one more call to be made, so the loop asks its sockets without waiting for them. uvloop lets go of
    the interpreter at every turn: other threads of the process go on. Not for a virtual clock, whose time goes on only
    when nothing is left to do.
    """

    __slots__ = ("_again", "_on", "turns")

    def __init__(self) -> None:
        """Enter it on the loop that is to be kept awake."""
        self.turns = 0
        """How often the loop went round."""
        self._on = False

    def __enter__(self) -> Self:
        self._again = asyncio.get_running_loop().call_soon
        self._on = True
        self._turn()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on = False

    def _turn(self) -> None:
        if self._on:
            self.turns += 1
            self._again(self._turn)
